//! Whose turn it is: servers take turns, and within a server its channels and people.
//!
//! Pure. Invariant: nothing is left out; only the order changes.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use crate::store::outbox::{Due, Owed};

/// Servers, channels and people whose last turn is remembered, each.
const SERVED_MAX: usize = 4_096;

/// Who had their last turn when.
#[derive(Debug, Default)]
pub(super) struct Turns {
    taken: u64,
    servers: HashMap<i64, u64>,
    lanes: HashMap<Lane, u64>,
}

/// What waits for one another: what goes to one channel, or to one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Lane {
    Channel(i64),
    Person(i64),
}

fn lane(due: &Due) -> Lane {
    match &due.owed {
        Owed::Message { to, .. } => Lane::Person(to.0),
        Owed::Retraction { channel, .. } | Owed::PromptEnd { channel, .. } => {
            Lane::Channel(channel.0)
        }
        _ => Lane::Channel(due.destination.channel.map_or(0, |channel| channel.0)),
    }
}

/// The server, or what belongs to none by itself.
fn server(due: &Due) -> i64 {
    let (Lane::Channel(id) | Lane::Person(id)) = lane(due);
    due.destination.guild.map_or(id, |guild| guild.0)
}

impl Turns {
    /// Puts what is due, oldest first, into the order of turns: one of each server, then the next one
    /// of each; who had a turn last comes last. In a server it goes by channel and person likewise.
    pub(super) fn in_turn(&self, mut due: Vec<Due>) -> Vec<Due> {
        let last = |due: &Due| self.lanes.get(&lane(due)).copied().unwrap_or(0);
        in_rounds(&mut due, lane, last);
        let last = |due: &Due| self.servers.get(&server(due)).copied().unwrap_or(0);
        in_rounds(&mut due, server, last);
        due
    }

    /// Returns the rows of each server beyond its first `most` in the order of turns; beyond fewer, and at
    /// least one, if otherwise more than `all` were left of all servers together.
    pub(super) fn beyond(&self, due: Vec<Due>, most: usize, all: usize) -> Vec<i64> {
        let servers = due.iter().map(server).collect::<HashSet<_>>().len();
        let most = most.min(all / servers.max(1)).max(1);
        let mut seen: HashMap<i64, usize> = HashMap::new();
        let is_beyond = |due: &Due| {
            let seen = seen.entry(server(due)).or_default();
            *seen += 1;
            *seen > most
        };
        let mut due = self.in_turn(due);
        due.retain(is_beyond);
        due.into_iter().map(|due| due.id).collect()
    }

    /// Somebody takes a turn.
    pub(super) fn take(&mut self, due: &Due) {
        self.taken += 1;
        remember(&mut self.servers, server(due), self.taken);
        remember(&mut self.lanes, lane(due), self.taken);
    }
}

fn remember<K: Hash + Eq>(last: &mut HashMap<K, u64>, key: K, turn: u64) {
    if last.len() >= SERVED_MAX && !last.contains_key(&key) {
        // All are equal again.
        last.clear();
    }
    last.insert(key, turn);
}

/// Sorts into rounds: the first one of each group, by `last`, then the second one of each, and so on.
fn in_rounds<K: Hash + Eq>(
    due: &mut Vec<Due>,
    group: impl Fn(&Due) -> K,
    last: impl Fn(&Due) -> u64,
) {
    let mut rounds: HashMap<K, usize> = HashMap::new();
    let numbered = due.drain(..).map(|due| {
        let round = rounds.entry(group(&due)).or_default();
        *round += 1;
        ((*round, last(&due)), due)
    });
    let mut numbered: Vec<_> = numbered.collect();
    // It is stable: among equals the oldest comes first.
    numbered.sort_by_key(|(turn, _)| *turn);
    due.extend(numbered.into_iter().map(|(_, due)| due));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{ChannelId, GuildId, SessionId};
    use crate::store::outbox::Destination;

    fn card(id: i64, guild: i64, channel: i64) -> Due {
        Due {
            id,
            generation: 1,
            attempts: 0,
            owed: Owed::Card(SessionId(id)),
            destination: Destination {
                guild: Some(GuildId(guild)),
                session: None,
                channel: Some(ChannelId(channel)),
                message: None,
            },
        }
    }

    fn ids(due: &[Due]) -> Vec<i64> {
        due.iter().map(|due| due.id).collect()
    }

    #[test]
    fn servers_take_turns_and_within_them_channels() {
        let due = vec![
            card(1, 1, 11),
            card(2, 1, 11),
            card(3, 1, 11),
            card(4, 1, 12),
            card(5, 2, 21),
            card(6, 2, 21),
        ];
        let order = Turns::default().in_turn(due);
        assert_eq!(ids(&order), [1, 5, 4, 6, 2, 3]);
    }

    #[test]
    fn whoever_had_the_last_turn_comes_last() {
        let mut turns = Turns::default();
        turns.take(&card(9, 1, 11));
        let due = vec![card(1, 1, 11), card(2, 1, 12), card(3, 2, 21)];
        assert_eq!(ids(&turns.in_turn(due)), [3, 2, 1]);
    }

    #[test]
    fn beyond_what_a_server_may_have_is_what_comes_last_in_it() {
        let due = vec![
            card(1, 1, 11),
            card(2, 1, 11),
            card(3, 1, 11),
            card(4, 1, 12),
            card(5, 2, 21),
        ];
        let turns = Turns::default();
        assert_eq!(turns.beyond(due.clone(), 2, 9), [2, 3]);
        assert_eq!(turns.beyond(due.clone(), 2, 2), [4, 2, 3]);
        assert_eq!(turns.beyond(due, 2, 1), [4, 2, 3], "one stays of each");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut turns = Turns::default();
        for id in 0..=i64::try_from(SERVED_MAX).expect("a small number") {
            turns.take(&card(id, id, id));
        }
        assert!(turns.servers.len() <= SERVED_MAX && turns.lanes.len() <= SERVED_MAX);
    }
}
