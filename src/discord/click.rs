//! One interaction, as far as the features want to know it.
//!
//! May touch: twilight's models. Invariant: everything in it was vouched for by Discord; nothing
//! of it is what a person typed.

use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use tokio::time::Instant;
use twilight_model::application::interaction::message_component::MessageComponentInteractionData;
use twilight_model::application::interaction::modal::ModalInteractionComponent;
use twilight_model::application::interaction::{Interaction, InteractionType};
use twilight_model::channel::message::MessageFlags;
use twilight_model::guild::{PartialMember, Permissions};
use twilight_model::id::Id;
use twilight_model::user::User;

use super::incident;
use super::rest::MemberRoles;
use super::unreadable::Outline;
use crate::domain::ids::{ChannelId, GuildId, InteractionId, UserId};
use crate::domain::profile::Person;
use crate::domain::session::Actor;
use crate::domain::text::{Lines, clean};
use crate::secret::Secret;

/// Who did something, where, and how to answer.
#[derive(Clone, Debug)]
pub struct Click {
    /// Its id.
    pub id: InteractionId,
    /// What answers are signed with, for 15 minutes.
    pub token: Secret,
    /// What kind of interaction it is.
    pub kind: InteractionType,
    /// Who, by the name that they have everywhere.
    pub person: Person,
    /// The name that they have in this server, if it is another one. It is shown in no other.
    pub nick: Option<String>,
    /// In which server; `None` in direct messages.
    pub guild: Option<GuildId>,
    /// In which channel.
    pub channel: ChannelId,
    /// Whether they may manage every session of the server.
    pub manages_events: bool,
    /// Whether they are an administrator of the server.
    pub administrator: bool,
    /// What they may do in the channel and in the server; nothing in direct messages.
    pub permissions: Permissions,
    /// Their roles; `None` in direct messages.
    pub member: Option<Arc<MemberRoles>>,
    /// The channel that `channel` is in, if it is a thread.
    pub parent: Option<ChannelId>,
    /// What the bot may do in the channel.
    pub app_permissions: Permissions,
    /// Whether the component is on a message that only this person sees.
    pub on_ephemeral: bool,
    /// When it came in.
    pub at: DateTime<Utc>,
    /// The same by the machine's monotonic time, for the deadline of its acknowledgement.
    pub arrived: Instant,
    /// The code of what went wrong with it, once anything has.
    incident: Arc<OnceLock<String>>,
}

impl Click {
    /// What is to be known of `interaction`; `None` if it has no author or no channel, as only
    /// Discord's own pings do.
    pub fn of(interaction: &Interaction, at: DateTime<Utc>) -> Option<Self> {
        let author = interaction.author()?;
        let member = interaction.member.as_ref();
        let permissions = member
            .and_then(|member| member.permissions)
            .unwrap_or(Permissions::empty());
        let nick = member.and_then(|member| member.nick.as_deref());
        let channel = interaction.channel.as_ref()?;
        let parent = channel.parent_id.filter(|_| channel.kind.is_thread());
        let message = interaction.message.as_ref();
        let flags = message
            .and_then(|message| message.flags)
            .unwrap_or(MessageFlags::empty());
        Some(Self {
            id: InteractionId(interaction.id.get().cast_signed()),
            token: Secret::new(&interaction.token),
            kind: interaction.kind,
            person: person_of(author),
            nick: nick.map(cleaned).filter(|nick| !nick.is_empty()),
            guild: interaction
                .guild_id
                .map(|id| GuildId(id.get().cast_signed())),
            channel: ChannelId(channel.id.get().cast_signed()),
            manages_events: permissions
                .intersects(Permissions::ADMINISTRATOR | Permissions::MANAGE_EVENTS),
            administrator: permissions.contains(Permissions::ADMINISTRATOR),
            permissions,
            member: member.map(|member| Arc::new(roles(member))),
            parent: parent.map(|id| ChannelId(id.get().cast_signed())),
            app_permissions: interaction.app_permissions.unwrap_or(Permissions::empty()),
            on_ephemeral: flags.contains(MessageFlags::EPHEMERAL),
            at,
            arrived: Instant::now(),
            incident: Arc::default(),
        })
    }

    /// A click of which no more is known than how to answer it.
    pub(super) fn outlined(outline: &Outline, at: DateTime<Utc>) -> Self {
        Self {
            id: InteractionId(outline.id.cast_signed()),
            token: outline.token.clone(),
            kind: outline.kind.unwrap_or(InteractionType::ApplicationCommand),
            person: Person {
                id: UserId(0),
                name: String::new(),
            },
            nick: None,
            guild: None,
            channel: ChannelId(0),
            manages_events: false,
            administrator: false,
            permissions: Permissions::empty(),
            member: None,
            parent: None,
            app_permissions: Permissions::empty(),
            on_ephemeral: false,
            at,
            arrived: Instant::now(),
            incident: Arc::default(),
        }
    }

    /// Who acts, in which server; `None` in direct messages.
    pub fn actor(&self) -> Option<Actor> {
        let user = self.person.id;
        self.guild.map(|guild| Actor {
            user,
            guild,
            manages_events: self.manages_events,
            administrator: self.administrator,
        })
    }

    /// Whether Discord says by this click that the person can view a channel: it is the one they
    /// clicked in, or the thread that they clicked in is in it.
    pub fn vouches_for(&self, channel: ChannelId) -> bool {
        let here = self.channel == channel || self.parent == Some(channel);
        here && self.permissions.contains(Permissions::VIEW_CHANNEL)
    }

    /// Incident code that links what the person is told to the log. Whatever goes wrong with one
    /// delivery of a click has one code, and no other has the same.
    pub fn incident(&self) -> &str {
        self.incident.get_or_init(incident::new_code)
    }
}

fn roles(member: &PartialMember) -> MemberRoles {
    let until = member.communication_disabled_until;
    MemberRoles {
        roles: member.roles.clone(),
        communication_disabled_until: until
            .and_then(|until| DateTime::from_timestamp(until.as_secs(), 0)),
    }
}

/// A component that was pressed, or chosen from.
#[derive(Clone, Debug, Default)]
pub struct Pressed {
    /// What stands behind the route in its id: `42` of `join:42`.
    pub args: String,
    /// What was chosen, in a menu.
    pub values: Vec<String>,
    /// The people among it, in a menu of people, without bots.
    pub people: Vec<ChosenPerson>,
    /// How many bots are among it, in a menu of people.
    pub bots: usize,
    /// The channels among it, in a menu of channels.
    pub channels: Vec<ChosenChannel>,
}

/// Somebody who was chosen from a menu of people. A client can send any id in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenPerson {
    /// Who it is.
    pub person: Person,
    /// Whether Discord says with the choice that they are in the server.
    pub is_member: bool,
}

/// A channel that was chosen from a menu of channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenChannel {
    /// Its id.
    pub id: ChannelId,
    /// Whether it is a thread.
    pub thread: bool,
    /// What the person who chose it may do there.
    pub permissions: Permissions,
    /// What the bot may do there, if it is where the click was made.
    pub app_permissions: Option<Permissions>,
}

impl Pressed {
    /// How many of the chosen ids Discord knows nobody by, in a menu of people.
    pub fn unknown(&self) -> usize {
        let known = self.people.len() + self.bots;
        self.values.len().saturating_sub(known)
    }

    pub(super) fn new(args: String, data: MessageComponentInteractionData) -> Self {
        let Some(resolved) = data.resolved else {
            return Self {
                args,
                values: data.values,
                ..Self::default()
            };
        };
        // Discord lists what was chosen in no particular order; the values have theirs.
        let chosen = |value: &String| value.parse::<u64>().ok().and_then(Id::new_checked);
        let users = data.values.iter().filter_map(chosen);
        let users: Vec<&User> = users.filter_map(|id| resolved.users.get(&id)).collect();
        let people = users.iter().filter_map(|user| {
            Some(ChosenPerson {
                person: human(user)?,
                is_member: resolved.members.contains_key(&user.id),
            })
        });
        let channels = data.values.iter().filter_map(|value| {
            let id = value.parse::<u64>().ok().and_then(Id::new_checked)?;
            let channel = resolved.channels.get(&id)?;
            Some(ChosenChannel {
                id: ChannelId(id.get().cast_signed()),
                thread: channel.kind.is_thread(),
                permissions: channel.permissions,
                // Whether the channel is of this server is not said with it, so the server is asked.
                app_permissions: None,
            })
        });
        Self {
            args,
            people: people.collect(),
            bots: users.iter().filter(|user| user.bot).count(),
            channels: channels.collect(),
            values: data.values.clone(),
        }
    }
}

/// Somebody by the name that they have everywhere; `None` for a bot.
pub(super) fn human(user: &User) -> Option<Person> {
    (!user.bot).then(|| person_of(user))
}

/// Somebody by the name that they have everywhere, with nothing in it that cannot be seen.
pub(super) fn person_of(user: &User) -> Person {
    let names = [user.global_name.as_deref(), Some(&*user.name)];
    let mut names = names.into_iter().flatten().map(cleaned);
    Person {
        id: UserId(user.id.get().cast_signed()),
        name: names.find(|name| !name.is_empty()).unwrap_or_default(),
    }
}

/// A name of Discord's on one line, without what cannot be seen.
fn cleaned(name: &str) -> String {
    clean(name, usize::MAX, Lines::OneLine).unwrap_or_default()
}

/// A modal that was sent.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// What stands behind the route in its id.
    pub args: String,
    fields: HashMap<String, Vec<String>>,
}

impl Submitted {
    pub(super) fn new(args: String, components: Vec<ModalInteractionComponent>) -> Self {
        let mut fields = HashMap::new();
        for component in components {
            gather(component, &mut fields);
        }
        Self { args, fields }
    }

    /// What was typed in a field; empty if nothing was.
    pub fn text(&self, field: &str) -> &str {
        self.fields
            .get(field)
            .and_then(|values| values.first())
            .map_or("", String::as_str)
    }

    /// What was chosen in a field.
    pub fn values(&self, field: &str) -> &[String] {
        self.fields.get(field).map_or(&[], Vec::as_slice)
    }
}

fn gather(component: ModalInteractionComponent, fields: &mut HashMap<String, Vec<String>>) {
    match component {
        ModalInteractionComponent::Label(label) => gather(*label.component, fields),
        ModalInteractionComponent::ActionRow(row) => {
            row.components
                .into_iter()
                .for_each(|component| gather(component, fields));
        }
        ModalInteractionComponent::TextInput(input) => {
            fields.insert(input.custom_id, vec![input.value]);
        }
        ModalInteractionComponent::StringSelect(select) => {
            fields.insert(select.custom_id, select.values);
        }
        _ => {}
    }
}
