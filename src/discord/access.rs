//! Who sees what: whether a person can view the channel that a session belongs to, what they may do
//! there, and whether they are in its server at all. Every feature asks here.
//!
//! May touch: Discord's HTTP API, to read. Invariant: what cannot be learnt is not allowed; no
//! question takes longer than [`ANSWER_WITHIN_MS`] or more than [`THREADS_ASKED_MAX`] + 3 requests.
//!
//! An interaction says what its member may do in its own channel and which roles they have, so that
//! most questions need no request. The others are answered from the server's roles and channels,
//! which are asked for once a minute.

mod asking;
mod bot;
mod cache;
mod chosen;
mod departure;
mod gate;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use twilight_model::guild::Permissions;
use twilight_model::id::Id;
use twilight_util::permission_calculator::PermissionCalculator;

use super::click::Click;
use super::rest::{ChannelAccess, GuildRoles, MemberRoles, Rest, RestError, code};
use crate::domain::ids::{ChannelId, GuildId, UserId};
use cache::Cache;

pub use asking::{NO_THREAD, allowed_extras, cannot_post, may_start_thread};
pub use bot::{Asset, bot_rights, posting_obstacle};
pub use chosen::split_by_membership;
pub use departure::{drop_departed, drop_departed_at_start, drop_if_departed, drop_one};
pub use gate::{Rule, admit, retain_seen, rule, sees};

/// How long an answer of Discord's counts, in seconds.
pub const FRESH_S: i64 = 60;
/// How long it counts that Discord gave no answer, or knew no such member, in seconds.
const FAILURE_KEPT_S: i64 = 5;
/// How long a thread's channel is known, in seconds: a thread never moves.
const THREAD_KEPT_S: i64 = 3_600;
/// Servers whose roles and channels are kept.
const GUILDS_MAX: usize = 256;
/// Members who are kept, over all servers.
const MEMBERS_MAX: usize = 8_192;
/// Threads whose channel is kept, over all servers.
const THREADS_MAX: usize = 8_192;
/// Threads that one question asks Discord about; what is in others is hidden until the next one.
pub const THREADS_ASKED_MAX: usize = 10;
/// How long a question may take, in milliseconds: an autocompletion has three seconds for all.
pub const ANSWER_WITHIN_MS: u64 = 1_500;

/// Whether somebody is in a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// They are.
    In,
    /// They have left, were removed or banned.
    Gone,
    /// Discord did not say.
    Unknown,
}

/// What Discord said about a server.
#[derive(Debug)]
struct Guild {
    roles: GuildRoles,
    channels: HashMap<ChannelId, ChannelAccess>,
}

/// What Discord said about a member; `None`: they are none.
type Member = Option<Arc<MemberRoles>>;

/// What Discord said about permissions lately. Cheap to clone.
#[derive(Clone)]
pub struct Access(Arc<Mutex<Known>>);

struct Known {
    /// `None`: Discord gave no answer.
    guilds: Cache<GuildId, Option<Arc<Guild>>>,
    members: Cache<(GuildId, UserId), Option<Member>>,
    /// The channels that threads are in; `None`: Discord gave no answer, or the thread is private.
    threads: Cache<ChannelId, Option<ChannelId>>,
}

impl Default for Access {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Known {
            guilds: Cache::new(GUILDS_MAX),
            members: Cache::new(MEMBERS_MAX),
            threads: Cache::new(THREADS_MAX),
        })))
    }
}

impl Access {
    /// Whether the person who clicked can view this channel of a server.
    pub async fn views(
        &self,
        rest: &Rest,
        click: &Click,
        guild: GuildId,
        channel: ChannelId,
    ) -> bool {
        let viewed = self.viewed(rest, click, guild, [channel]).await;
        viewed.contains(&channel)
    }

    /// Which of these channels of a server the person who clicked can view.
    pub async fn viewed(
        &self,
        rest: &Rest,
        click: &Click,
        guild: GuildId,
        channels: impl IntoIterator<Item = ChannelId>,
    ) -> HashSet<ChannelId> {
        let mut asked: HashSet<ChannelId> = channels.into_iter().collect();
        let here = click.guild == Some(guild);
        if here && click.administrator {
            return asked;
        }
        let known = |channel: &ChannelId| here && click.vouches_for(*channel);
        let mut viewed: HashSet<_> = asked.iter().copied().filter(known).collect();
        asked.retain(|channel| !viewed.contains(channel));
        if !asked.is_empty() {
            let rights = self.rights(rest, click, guild, &asked).await;
            let views =
                |(_, bits): &(ChannelId, Permissions)| bits.contains(Permissions::VIEW_CHANNEL);
            viewed.extend(rights.into_iter().filter(views).map(|(channel, _)| channel));
        }
        viewed
    }

    /// What the person who clicked may do in this channel of a server, and in the server; `None` if
    /// Discord does not say.
    pub async fn permissions(
        &self,
        rest: &Rest,
        click: &Click,
        guild: GuildId,
        channel: ChannelId,
    ) -> Option<Permissions> {
        if click.guild == Some(guild) && click.channel == channel {
            return Some(click.permissions);
        }
        let rights = self.rights(rest, click, guild, &[channel].into()).await;
        rights.into_iter().next().map(|(_, bits)| bits)
    }

    /// Whether somebody is in a server.
    pub async fn membership(
        &self,
        rest: &Rest,
        guild: GuildId,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Membership {
        match within(self.member(rest, guild, user, now)).await.flatten() {
            Some(Some(_)) => Membership::In,
            Some(None) => Membership::Gone,
            None => Membership::Unknown,
        }
    }

    /// Has Discord asked anew whether somebody is in a server.
    pub fn forget_member(&self, guild: GuildId, user: UserId) {
        self.known().members.remove(&(guild, user));
    }

    /// What the person who clicked may do in each of these channels, as far as Discord says.
    async fn rights(
        &self,
        rest: &Rest,
        click: &Click,
        guild: GuildId,
        channels: &HashSet<ChannelId>,
    ) -> Vec<(ChannelId, Permissions)> {
        let asked = async {
            let (facts, member) = tokio::join!(self.guild(rest, guild, click.at), async {
                match &click.member {
                    Some(member) if click.guild == Some(guild) => Some(Arc::clone(member)),
                    _ => self.member(rest, guild, click.person.id, click.at).await?,
                }
            });
            let (facts, member) = (facts?, member?);
            let listed = |channel: &ChannelId| facts.channels.contains_key(channel);
            let (plain, threads): (Vec<_>, Vec<_>) = channels.iter().copied().partition(listed);
            let mut parents = self.parents(rest, &threads, click.at).await;
            parents.extend(plain.into_iter().map(|channel| (channel, channel)));
            let user = click.person.id;
            let right = |(channel, parent): (ChannelId, ChannelId)| {
                let place = facts.channels.get(&parent)?;
                Some((
                    channel,
                    facts.permissions(guild, user, &member, place, click.at),
                ))
            };
            Some(parents.into_iter().filter_map(right).collect::<Vec<_>>())
        };
        within(asked).await.flatten().unwrap_or_default()
    }

    /// The channels that these threads are in, as far as Discord says.
    async fn parents(
        &self,
        rest: &Rest,
        threads: &[ChannelId],
        now: DateTime<Utc>,
    ) -> Vec<(ChannelId, ChannelId)> {
        let mut parents = Vec::new();
        let mut unknown = Vec::new();
        for thread in threads {
            match self.known().threads.get(thread, now) {
                Some(parent) => parents.extend(parent.map(|parent| (*thread, parent))),
                None => unknown.push(*thread),
            }
        }
        unknown.truncate(THREADS_ASKED_MAX);
        let ask = |thread: ChannelId| async move { (thread, rest.channel_access(thread).await) };
        for (thread, answer) in join_all(unknown.into_iter().map(ask)).await {
            // Who is in a private thread is not asked: it is hidden from everywhere else.
            let public = |channel: &ChannelAccess| {
                use twilight_model::channel::ChannelType as Kind;
                matches!(channel.kind, Kind::PublicThread | Kind::AnnouncementThread)
            };
            let parent = match &answer {
                Ok(channel) if public(channel) => channel.parent_id,
                _ => None,
            };
            let parent = parent.map(|id| ChannelId(id.get().cast_signed()));
            let kept = match &answer {
                Ok(_) => THREAD_KEPT_S,
                Err(error) => failure_kept_s(error),
            };
            self.known().threads.insert(thread, parent, now, kept);
            parents.extend(parent.map(|parent| (thread, parent)));
        }
        parents
    }

    async fn guild(&self, rest: &Rest, guild: GuildId, now: DateTime<Utc>) -> Option<Arc<Guild>> {
        if let Some(known) = self.known().guilds.get(&guild, now) {
            return known;
        }
        let answer = tokio::try_join!(rest.guild_roles(guild), rest.guild_channels(guild));
        let (found, kept) = match answer {
            Ok((roles, channels)) => (Some(Arc::new(Guild { roles, channels })), FRESH_S),
            Err(error) => {
                tracing::warn!(%guild, %error, "permissions are unknown");
                (None, failure_kept_s(&error))
            }
        };
        self.known().guilds.insert(guild, found.clone(), now, kept);
        found
    }

    /// A member; `None` if Discord does not say, `None` inside if they are none.
    async fn member(
        &self,
        rest: &Rest,
        guild: GuildId,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Option<Member> {
        if let Some(known) = self.known().members.get(&(guild, user), now) {
            return known;
        }
        let (found, kept) = match rest.member_roles(guild, user).await {
            Ok(member) => (Some(Some(Arc::new(member))), FRESH_S),
            // They may be back at any moment, and would lose their place by this.
            Err(error) if is_gone(&error) => (Some(None), FAILURE_KEPT_S),
            Err(error) => {
                tracing::warn!(%guild, %error, "a membership is unknown");
                (None, failure_kept_s(&error))
            }
        };
        let mut known = self.known();
        known
            .members
            .insert((guild, user), found.clone(), now, kept);
        found
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guild {
    /// What a member may do in a channel; of the server's own permissions those that make events.
    fn permissions(
        &self,
        guild: GuildId,
        user: UserId,
        member: &MemberRoles,
        channel: &ChannelAccess,
        now: DateTime<Utc>,
    ) -> Permissions {
        let all = &self.roles.roles;
        let everyone = all
            .iter()
            .find(|role| role.id.get() == guild.0.cast_unsigned());
        let everyone = everyone.map_or(Permissions::empty(), |role| role.permissions);
        let held = all.iter().filter(|role| member.roles.contains(&role.id));
        let held: Vec<_> = held.map(|role| (role.id, role.permissions)).collect();
        let (guild, user) = (
            Id::new(guild.0.cast_unsigned()),
            Id::new(user.0.cast_unsigned()),
        );
        let calculator =
            PermissionCalculator::new(guild, user, everyone, &held).owner_id(self.roles.owner_id);
        let root = calculator.root();
        if root.contains(Permissions::ADMINISTRATOR) {
            return Permissions::all();
        }
        let mut bits = calculator.in_channel(channel.kind, &channel.permission_overwrites);
        if !bits.contains(Permissions::VIEW_CHANNEL) {
            return Permissions::empty();
        }
        bits |= root & (Permissions::CREATE_EVENTS | Permissions::MANAGE_EVENTS);
        if member
            .communication_disabled_until
            .is_some_and(|until| until > now)
        {
            bits &= Permissions::VIEW_CHANNEL | Permissions::READ_MESSAGE_HISTORY;
        }
        bits
    }
}

/// Whether Discord says that there is no such member.
fn is_gone(error: &RestError) -> bool {
    matches!(
        error.code(),
        Some(code::UNKNOWN_MEMBER | code::UNKNOWN_USER)
    )
}

/// How long it counts that Discord refused, in seconds: what may pass is asked again soon.
fn failure_kept_s(error: &RestError) -> i64 {
    if error.is_passing() {
        FAILURE_KEPT_S
    } else {
        FRESH_S
    }
}

/// The answer, unless it takes too long.
async fn within<T>(answer: impl Future<Output = T>) -> Option<T> {
    let within = Duration::from_millis(ANSWER_WITHIN_MS);
    tokio::time::timeout(within, answer).await.ok()
}
