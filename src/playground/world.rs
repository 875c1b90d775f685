//! The people, guilds, channels and permissions of the embedded Discord.
//!
//! Plain data and pure functions. Invariant: ids are stable from run to run, and the two guilds
//! of the default world belong to different shards when there are two.

mod access;

pub use access::{Overwrite, OverwriteKind};

/// Permission bits as in Discord's documentation.
pub mod permissions {
    #![expect(missing_docs, reason = "the names are Discord's own")]
    pub const BAN_MEMBERS: u64 = 1 << 2;
    pub const ADMINISTRATOR: u64 = 1 << 3;
    pub const MANAGE_GUILD: u64 = 1 << 5;
    pub const ADD_REACTIONS: u64 = 1 << 6;
    pub const VIEW_AUDIT_LOG: u64 = 1 << 7;
    pub const VIEW_CHANNEL: u64 = 1 << 10;
    pub const SEND_MESSAGES: u64 = 1 << 11;
    pub const SEND_TTS_MESSAGES: u64 = 1 << 12;
    pub const MANAGE_MESSAGES: u64 = 1 << 13;
    pub const EMBED_LINKS: u64 = 1 << 14;
    pub const ATTACH_FILES: u64 = 1 << 15;
    pub const READ_MESSAGE_HISTORY: u64 = 1 << 16;
    pub const MENTION_EVERYONE: u64 = 1 << 17;
    pub const USE_EXTERNAL_EMOJIS: u64 = 1 << 18;
    pub const CONNECT: u64 = 1 << 20;
    pub const CHANGE_NICKNAME: u64 = 1 << 26;
    pub const USE_APPLICATION_COMMANDS: u64 = 1 << 31;
    pub const MANAGE_EVENTS: u64 = 1 << 33;
    pub const MANAGE_THREADS: u64 = 1 << 34;
    pub const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
    pub const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;
    pub const CREATE_EVENTS: u64 = 1 << 44;
    /// Everything there is.
    pub const ALL: u64 = (1 << 53) - 1;
    /// What everyone may in a new guild.
    pub const EVERYONE: u64 = ADD_REACTIONS
        | VIEW_CHANNEL
        | SEND_MESSAGES
        | EMBED_LINKS
        | ATTACH_FILES
        | READ_MESSAGE_HISTORY
        | USE_EXTERNAL_EMOJIS
        | CONNECT
        | CHANGE_NICKNAME
        | USE_APPLICATION_COMMANDS
        | SEND_MESSAGES_IN_THREADS
        | CREATE_PUBLIC_THREADS;
    /// What the bot was invited with, besides that.
    pub const BOT: u64 =
        MANAGE_MESSAGES | MENTION_EVERYONE | MANAGE_EVENTS | MANAGE_THREADS | CREATE_EVENTS;
}

use chrono::{DateTime, Utc};
use permissions as p;

/// The application and, as with every new application, also its bot user.
pub const APPLICATION_ID: u64 = 262_144_000_000 << 22;
const FIRST_GUILD: u64 = 262_144_000_100;
const FIRST_PERSON: u64 = 188_743_680_000;
/// People in a world of many guilds, unless one guild alone has more.
const CROWD_MAX: usize = 100_000;
/// The members of one guild begin so many people after those of the guild before it.
const CROWD_STRIDE: usize = 7_919;
/// Ids that belong to one guild (channels, roles) are this far apart from the next guild's.
const GUILD_STRIDE: u64 = 1_000;

/// Somebody with a Discord account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Snowflake.
    pub id: u64,
    /// Unique name in lower case.
    pub username: String,
    /// The name shown.
    pub global_name: String,
    /// Language of the client, such as `en-US`.
    pub locale: String,
}

/// What kind of channel: "Channels Resource", *Channel Types*.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelKind {
    /// Messages, and threads.
    #[default]
    Text,
    /// Voice, with a text chat and without threads.
    Voice,
    /// As `Voice`, with an audience.
    Stage,
}

impl ChannelKind {
    /// The kind that has this number of Discord's.
    pub(super) fn of(number: u64) -> Option<Self> {
        let all = [Self::Text, Self::Voice, Self::Stage];
        all.into_iter().find(|kind| kind.number() == number)
    }

    /// Discord's number for it.
    pub(super) fn number(self) -> u64 {
        match self {
            Self::Text => 0,
            Self::Voice => 2,
            Self::Stage => 13,
        }
    }
}

/// A channel of a guild, or a thread in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Snowflake.
    pub id: u64,
    /// Of a thread: `Text`.
    pub kind: ChannelKind,
    /// Name without `#`.
    pub name: String,
    /// What is allowed and denied here, other than in the guild; a thread has none of its own.
    pub overwrites: Vec<Overwrite>,
    /// What it is besides if it is a thread.
    pub thread: Option<Thread>,
}

/// What a thread is besides a channel. It was started from the message whose id it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// The channel that it is in.
    pub parent: u64,
    /// Who started it.
    pub owner: u64,
    /// It is out of sight until somebody writes in it.
    pub archived: bool,
    /// Only those who manage threads can bring it back.
    pub locked: bool,
    /// Minutes of silence after which Discord archives it.
    pub archive_after_minutes: u64,
    /// When it was started, archived or brought back.
    pub changed_at: DateTime<Utc>,
    /// When something last happened in it that keeps it from being archived.
    pub active_at: DateTime<Utc>,
    /// Who is in it.
    pub members: Vec<u64>,
}

/// A role of a guild.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Snowflake; the guild's own id for `@everyone`.
    pub id: u64,
    /// Name.
    pub name: String,
    /// Permission bits.
    pub permissions: u64,
    /// It belongs to the bot and cannot be given to people.
    pub managed: bool,
}

/// A person's membership in a guild.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The person's id.
    pub person: u64,
    /// Name in this guild, if another than the global one.
    pub nick: Option<String>,
    /// Ids of roles besides `@everyone`.
    pub roles: Vec<u64>,
    /// Until when they are timed out.
    pub timed_out_until: Option<DateTime<Utc>>,
}

impl Member {
    /// The membership of somebody who has just joined.
    pub(super) fn new(person: u64) -> Self {
        Self {
            person,
            nick: None,
            roles: Vec::new(),
            timed_out_until: None,
        }
    }
}

/// A guild ("server").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guild {
    /// Snowflake.
    pub id: u64,
    /// Name.
    pub name: String,
    /// The person who owns it and may do everything.
    pub owner: u64,
    /// Channels in their order, and the threads that were started in them.
    pub channels: Vec<Channel>,
    /// Roles, `@everyone` first.
    pub roles: Vec<Role>,
    /// Who is in it, in the order of their ids; the bot always is and isn't listed.
    pub members: Vec<Member>,
    /// Who was banned from it.
    pub banned: Vec<u64>,
    /// Until when the bot is timed out.
    pub bot_timed_out_until: Option<DateTime<Utc>>,
}

/// All there is at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct World {
    /// Guilds in their order.
    pub guilds: Vec<Guild>,
    /// People in their order: the first owns the guilds, the second has the role *Organisers*
    /// (Manage Events), the last of the default ten is in the first guild only.
    pub people: Vec<Person>,
}

impl Default for World {
    fn default() -> Self {
        Self::with_people(NAMES.len())
    }
}

const NAMES: [&str; 10] = [
    "Mira", "Jonas", "Aiko", "Tomás", "Freya", "Kwame", "Ines", "Sándor", "Linh", "Noor",
];

impl World {
    /// The two guilds with `count` people (at least the default ten), for crowds.
    pub fn with_people(count: usize) -> Self {
        let people: Vec<Person> = (0..count.max(NAMES.len())).map(person).collect();
        let only_in_first = people[NAMES.len() - 1].id;
        let first = guild(
            0,
            "Overwatch Friends",
            &["general", "sessions", "scrims"],
            &people,
        );
        let mut second = guild(
            1,
            "Payload Pushers",
            &["lobby", "looking-for-group"],
            &people,
        );
        second
            .members
            .retain(|member| member.person != only_in_first);
        Self {
            guilds: vec![first, second],
            people,
        }
    }

    /// A guild of each of these numbers of members, with people who are in several of them. Their
    /// first member owns a guild, the second is an organiser.
    pub fn with_guilds(sizes: &[usize]) -> Self {
        let largest = sizes.iter().copied().max().unwrap_or(0);
        let count = (sizes.len() * 2).clamp(NAMES.len(), CROWD_MAX).max(largest);
        let people: Vec<Person> = (0..count).map(person).collect();
        let guild = |(position, size): (usize, &usize)| {
            let size = (*size).max(1);
            let first = position * CROWD_STRIDE % (count - size + 1);
            let members = &people[first..first + size];
            let name = format!("Community {position}");
            guild(position as u64, &name, &["sessions", "general"], members)
        };
        let guilds = sizes.iter().enumerate().map(guild).collect();
        Self { guilds, people }
    }

    /// The guild of this id. Guilds of the worlds made here are found by their position.
    pub fn guild(&self, id: u64) -> Option<&Guild> {
        let found = self.guess(id).filter(|guild| guild.id == id);
        found.or_else(|| self.guilds.iter().find(|guild| guild.id == id))
    }

    /// The guild of this id, to be changed.
    pub(super) fn guild_mut(&mut self, id: u64) -> Option<&mut Guild> {
        self.guilds.iter_mut().find(|guild| guild.id == id)
    }

    /// The guild that has this channel, and the channel.
    pub fn channel(&self, id: u64) -> Option<(&Guild, &Channel)> {
        let of = |guild: &'_ Guild| guild.channels.iter().position(|channel| channel.id == id);
        let guess = self.guess(id).filter(|guild| of(guild).is_some());
        let guild = guess.or_else(|| self.guilds.iter().find(|guild| of(guild).is_some()))?;
        Some((guild, &guild.channels[of(guild)?]))
    }

    /// The guild to which this id, or that of one of its channels, would belong.
    fn guess(&self, id: u64) -> Option<&Guild> {
        let position = (id >> 22).checked_sub(FIRST_GUILD)? / (GUILD_STRIDE + 1);
        self.guilds.get(usize::try_from(position).ok()?)
    }

    /// The thread of this id.
    pub(super) fn thread_mut(&mut self, id: u64) -> Option<(&mut Channel, u64)> {
        self.guilds.iter_mut().find_map(|guild| {
            let mut threads = guild.channels.iter_mut();
            let thread = threads.find(|one| one.id == id && one.thread.is_some())?;
            Some((thread, guild.id))
        })
    }

    /// The person of this id. People of [`World::with_people`] are found by their position.
    pub fn person(&self, id: u64) -> Option<&Person> {
        let position = (id >> 22)
            .checked_sub(FIRST_PERSON)
            .and_then(|n| usize::try_from(n).ok());
        let guess = position.and_then(|position| self.people.get(position));
        guess
            .filter(|person| person.id == id)
            .or_else(|| self.people.iter().find(|person| person.id == id))
    }
}

impl Guild {
    /// The membership of this person. Where the members stand in the order of their ids, as they do
    /// in the worlds made here, it is found at once.
    pub fn member(&self, person: u64) -> Option<&Member> {
        let sorted = self.members.binary_search_by_key(&person, |one| one.person);
        match sorted {
            Ok(at) => self.members.get(at),
            Err(_) => self.members.iter().find(|member| member.person == person),
        }
    }
}

fn person(position: usize) -> Person {
    let name = match NAMES.get(position) {
        Some(name) => (*name).to_owned(),
        None => format!("Player {position}"),
    };
    let ascii = name.to_lowercase().replace('á', "a").replace(' ', "_");
    Person {
        id: (FIRST_PERSON + position as u64) << 22,
        username: ascii,
        global_name: name,
        locale: "en-US".to_owned(),
    }
}

fn guild(position: u64, name: &str, channels: &[&str], people: &[Person]) -> Guild {
    // The odd stride offset puts consecutive guilds on different shards of two.
    let base = FIRST_GUILD + position * (GUILD_STRIDE + 1);
    let (id, organisers, bot) = (base << 22, (base + 500) << 22, (base + 501) << 22);
    let channel = |(n, name): (u64, &&str)| Channel {
        id: (base + 1 + n) << 22,
        kind: ChannelKind::Text,
        name: (**name).to_owned(),
        overwrites: Vec::new(),
        thread: None,
    };
    let member = |(n, person): (usize, &Person)| Member {
        roles: if n == 1 { vec![organisers] } else { Vec::new() },
        ..Member::new(person.id)
    };
    let role = |id, name: &str, permissions, managed| Role {
        id,
        name: name.to_owned(),
        permissions,
        managed,
    };
    Guild {
        id,
        name: name.to_owned(),
        owner: people[0].id,
        channels: (0..).zip(channels).map(channel).collect(),
        roles: vec![
            role(id, "@everyone", p::EVERYONE, false),
            role(
                organisers,
                "Organisers",
                p::MANAGE_EVENTS | p::CREATE_EVENTS,
                false,
            ),
            // As with every bot that is invited with permissions: a role of its own name.
            role(bot, "overwatch-bot", p::EVERYONE | p::BOT, true),
        ],
        members: people.iter().enumerate().map(member).collect(),
        banned: Vec::new(),
        bot_timed_out_until: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_guilds_are_on_different_shards_of_two() {
        let world = World::default();
        let shards: Vec<u64> = world
            .guilds
            .iter()
            .map(|guild| (guild.id >> 22) % 2)
            .collect();
        assert_eq!(shards, [0, 1]);
    }

    #[test]
    fn many_guilds_are_of_the_sizes_wanted_and_spread_over_the_shards() {
        let sizes: Vec<usize> = (0..64).map(|n| 1 + n % 9).collect();
        let world = World::with_guilds(&sizes);
        let of = |guild: &Guild| guild.members.len();
        assert_eq!(world.guilds.iter().map(of).collect::<Vec<_>>(), sizes);
        for shard in 0..16 {
            let on = |guild: &&Guild| (guild.id >> 22) % 16 == shard;
            assert_eq!(world.guilds.iter().filter(on).count(), 4);
        }
        for guild in &world.guilds {
            assert_eq!(world.guild(guild.id), Some(guild));
            for channel in &guild.channels {
                assert_eq!(world.channel(channel.id), Some((guild, channel)));
            }
            for member in &guild.members {
                assert!(world.person(member.person).is_some());
                assert_eq!(guild.member(member.person), Some(member));
            }
        }
        assert_eq!(world.guild(1), None);
        assert_eq!(world.channel(world.guilds[0].id), None);
    }

    #[test]
    fn one_person_is_in_one_guild_only() {
        let world = World::with_people(200);
        let person = &world.people[9];
        assert!(world.guilds[0].member(person.id).is_some());
        assert!(world.guilds[1].member(person.id).is_none());
        assert_eq!(world.guilds[0].members.len(), 200);
        assert_eq!(world.person(world.people[150].id), Some(&world.people[150]));
    }
}
