//! Who may do what where: roles, channel overwrites, time-outs, and who is in a guild at all.
//!
//! Pure data and functions, after Discord's page "Permissions". Invariant: a permission that the
//! page calls implicitly denied is not held.

use super::{APPLICATION_ID, Channel, ChannelKind, Guild, Member, Role, permissions as p};
use chrono::{DateTime, Utc};

/// What a channel allows and denies a role or a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overwrite {
    /// The role's or the member's id; the guild's own for `@everyone`.
    pub id: u64,
    /// Whose id it is.
    pub kind: OverwriteKind,
    /// Permission bits given here.
    pub allow: u64,
    /// Permission bits taken here.
    pub deny: u64,
}

/// Whom an overwrite is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverwriteKind {
    /// A role.
    Role,
    /// One member.
    Member,
}

impl OverwriteKind {
    /// Discord's number for it.
    pub(in crate::playground) fn number(self) -> u64 {
        match self {
            Self::Role => 0,
            Self::Member => 1,
        }
    }
}

impl Guild {
    /// The bot's membership: the role of its own name, and no other.
    pub(in crate::playground) fn bot(&self) -> Member {
        let own = self.roles.iter().filter(|role| role.managed);
        Member {
            roles: own.map(|role| role.id).collect(),
            timed_out_until: self.bot_timed_out_until,
            ..Member::new(APPLICATION_ID)
        }
    }

    /// What this member may do in the guild, by ownership, roles and time-out.
    ///
    /// "Permissions", *Permission Overwrites*: `compute_base_permissions`.
    pub fn permissions(&self, member: &Member, now: DateTime<Utc>) -> u64 {
        if self.owner == member.person {
            return p::ALL;
        }
        let held = |role: &&Role| role.id == self.id || member.roles.contains(&role.id);
        let roles = self.roles.iter().filter(held);
        let bits = roles.fold(0, |bits, role| bits | role.permissions);
        if bits & p::ADMINISTRATOR != 0 {
            return p::ALL;
        }
        member.after_time_out(bits, now)
    }

    /// What this member may do in a channel, given what they may do in the guild. A thread is
    /// judged by the channel that it is in ("Permissions", *Inherited Permissions (Threads)*).
    ///
    /// "Permissions", *Permission Overwrites*: `compute_overwrites`; *Implicit Permissions*.
    pub fn permissions_in(
        &self,
        channel: &Channel,
        member: &Member,
        base: u64,
        now: DateTime<Utc>,
    ) -> u64 {
        if base & p::ADMINISTRATOR != 0 {
            return p::ALL;
        }
        let parent = channel.thread.as_ref().map(|thread| thread.parent);
        let parent = parent.and_then(|id| self.channels.iter().find(|one| one.id == id));
        let overwrites = &parent.unwrap_or(channel).overwrites;
        let of = |id: u64, kind| {
            let mut all = overwrites.iter();
            all.find(move |one| one.id == id && one.kind == kind)
        };
        let mut bits = base;
        if let Some(everyone) = of(self.id, OverwriteKind::Role) {
            bits = bits & !everyone.deny | everyone.allow;
        }
        let roles = member.roles.iter();
        let roles = roles.filter_map(|role| of(*role, OverwriteKind::Role));
        let (allow, deny) = roles.fold((0, 0), |(allow, deny), one| {
            (allow | one.allow, deny | one.deny)
        });
        bits = bits & !deny | allow;
        if let Some(own) = of(member.person, OverwriteKind::Member) {
            bits = bits & !own.deny | own.allow;
        }
        if bits & p::VIEW_CHANNEL == 0 {
            return 0;
        }
        // A channel for voice is seen without *Connect*, and that is all.
        if channel.kind != ChannelKind::Text && bits & p::CONNECT == 0 {
            bits &= p::VIEW_CHANNEL;
        }
        if channel.thread.is_none() && bits & p::SEND_MESSAGES == 0 {
            bits &=
                !(p::MENTION_EVERYONE | p::SEND_TTS_MESSAGES | p::ATTACH_FILES | p::EMBED_LINKS);
        }
        member.after_time_out(bits, now)
    }

    /// Takes somebody in who was not in yet, and gives their membership.
    pub(in crate::playground) fn admit(&mut self, person: u64) -> &mut Member {
        let at = match self.members.binary_search_by_key(&person, |one| one.person) {
            Ok(at) => at,
            Err(at) => {
                self.members.insert(at, Member::new(person));
                at
            }
        };
        &mut self.members[at]
    }

    /// Takes somebody out, of the threads too; whether they were in.
    pub(in crate::playground) fn remove(&mut self, person: u64) -> bool {
        let before = self.members.len();
        self.members.retain(|one| one.person != person);
        for channel in &mut self.channels {
            if let Some(thread) = &mut channel.thread {
                thread.members.retain(|one| *one != person);
            }
        }
        self.members.len() < before
    }
}

impl Member {
    /// What of these permissions is left while a time-out lasts ("Permissions", *Permissions for
    /// Timed Out Members*).
    fn after_time_out(&self, bits: u64, now: DateTime<Utc>) -> u64 {
        if self.timed_out_until.is_some_and(|until| until > now) {
            return bits & (p::VIEW_CHANNEL | p::READ_MESSAGE_HISTORY);
        }
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Thread, World};
    use super::*;
    use chrono::TimeDelta;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn overwrite(id: u64, kind: OverwriteKind, allow: u64, deny: u64) -> Overwrite {
        Overwrite {
            id,
            kind,
            allow,
            deny,
        }
    }

    /// What the member at this position may do in the first channel with these overwrites.
    fn bits(world: &World, position: usize, overwrites: Vec<Overwrite>) -> u64 {
        let guild = &world.guilds[0];
        let member = &guild.members[position];
        let channel = Channel {
            overwrites,
            ..guild.channels[0].clone()
        };
        let base = guild.permissions(member, NOW);
        guild.permissions_in(&channel, member, base, NOW)
    }

    #[test]
    fn permissions_follow_ownership_and_roles() {
        let world = World::default();
        let guild = &world.guilds[0];
        let bits = |n: usize| guild.permissions(&guild.members[n], NOW);
        assert_eq!(bits(0), p::ALL);
        assert_ne!(bits(1) & p::MANAGE_EVENTS, 0);
        assert_eq!(bits(2), p::EVERYONE);
        let bot = guild.permissions(&guild.bot(), NOW);
        assert_eq!(bot, p::EVERYONE | p::BOT);
    }

    #[test]
    fn overwrites_count_in_the_documented_order() {
        use OverwriteKind as Kind;
        let world = World::default();
        let (everyone, organisers) = (world.guilds[0].id, world.guilds[0].roles[1].id);
        let person = world.people[1].id;
        let hidden = overwrite(everyone, Kind::Role, 0, p::VIEW_CHANNEL);
        assert_eq!(bits(&world, 2, vec![hidden]), 0);
        assert_eq!(bits(&world, 0, vec![hidden]), p::ALL, "the owner");
        let for_role = overwrite(organisers, Kind::Role, p::VIEW_CHANNEL, 0);
        let shown = bits(&world, 1, vec![for_role, hidden]);
        assert_ne!(
            shown & p::VIEW_CHANNEL,
            0,
            "a role's allow beats @everyone's deny"
        );
        let not_for_them = overwrite(person, Kind::Member, 0, p::VIEW_CHANNEL);
        assert_eq!(bits(&world, 1, vec![not_for_them, for_role, hidden]), 0);
        // A role of this id is no member of this id.
        let other = overwrite(person, Kind::Role, 0, p::VIEW_CHANNEL);
        assert_ne!(bits(&world, 1, vec![other]), 0);
    }

    #[test]
    fn what_depends_on_another_permission_goes_with_it() {
        let world = World::default();
        let silent = overwrite(world.guilds[0].id, OverwriteKind::Role, 0, p::SEND_MESSAGES);
        let left = bits(&world, 2, vec![silent]);
        assert_eq!(left & (p::ATTACH_FILES | p::EMBED_LINKS), 0);
        assert_ne!(left & p::SEND_MESSAGES_IN_THREADS, 0);
    }

    #[test]
    fn a_thread_is_judged_by_its_channel() {
        let mut world = World::default();
        let guild = &mut world.guilds[0];
        let (parent, everyone) = (guild.channels[0].id, guild.id);
        guild.channels[0].overwrites =
            vec![overwrite(everyone, OverwriteKind::Role, 0, p::VIEW_CHANNEL)];
        let thread = Channel {
            id: 1,
            kind: ChannelKind::Text,
            name: "thread".to_owned(),
            overwrites: Vec::new(),
            thread: Some(Thread {
                parent,
                owner: APPLICATION_ID,
                archived: false,
                locked: false,
                archive_after_minutes: 60,
                changed_at: NOW,
                active_at: NOW,
                members: vec![guild.members[2].person],
            }),
        };
        let member = &guild.members[2];
        let base = guild.permissions(member, NOW);
        assert_eq!(guild.permissions_in(&thread, member, base, NOW), 0);
    }

    #[test]
    fn without_connect_a_channel_for_voice_is_seen_and_no_more() {
        let mut world = World::default();
        let everyone = world.guilds[0].id;
        let deny = overwrite(everyone, OverwriteKind::Role, 0, p::CONNECT);
        assert_ne!(bits(&world, 2, vec![deny]) & p::SEND_MESSAGES, 0);
        for kind in [ChannelKind::Voice, ChannelKind::Stage] {
            world.guilds[0].channels[0].kind = kind;
            assert_eq!(bits(&world, 2, vec![deny]), p::VIEW_CHANNEL);
            assert_ne!(bits(&world, 2, Vec::new()) & p::SEND_MESSAGES, 0);
        }
    }

    #[test]
    fn a_time_out_of_the_bot_ends_by_itself() {
        let mut world = World::default();
        let guild = &mut world.guilds[0];
        guild.bot_timed_out_until = Some(NOW + TimeDelta::minutes(1));
        let looking = p::VIEW_CHANNEL | p::READ_MESSAGE_HISTORY;
        assert_eq!(guild.permissions(&guild.bot(), NOW), looking);
        let later = NOW + TimeDelta::minutes(1);
        assert_eq!(guild.permissions(&guild.bot(), later), p::EVERYONE | p::BOT);
    }

    #[test]
    fn a_time_out_leaves_looking_and_nothing_else() {
        let mut world = World::default();
        world.guilds[0].members[2].timed_out_until = Some(NOW + TimeDelta::minutes(1));
        let looking = p::VIEW_CHANNEL | p::READ_MESSAGE_HISTORY;
        assert_eq!(bits(&world, 2, Vec::new()), looking);
        let guild = &world.guilds[0];
        let later = NOW + TimeDelta::minutes(1);
        assert_eq!(guild.permissions(&guild.members[2], later), p::EVERYONE);
        world.guilds[0].members[0].timed_out_until = Some(later);
        assert_eq!(bits(&world, 0, Vec::new()), p::ALL, "owners are exempt");
    }

    #[test]
    fn who_leaves_is_gone_and_who_comes_back_has_no_roles() {
        let mut world = World::default();
        let guild = &mut world.guilds[0];
        let person = guild.members[1].person;
        assert!(guild.remove(person));
        assert!(!guild.remove(person));
        assert!(guild.member(person).is_none());
        assert!(guild.admit(person).roles.is_empty());
        assert_eq!(guild.members[1].person, person, "members stay in order");
    }
}
