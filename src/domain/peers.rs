//! Several processes on one database: which of them live, and who runs which shard.
//!
//! Pure. Invariant: nobody's clock is compared with another's: that a process lives is told by its
//! beats, which whoever watches counts against a clock of their own that is never set.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// What a process had that ended without a word, another one has within this, in milliseconds.
pub const TAKEOVER_WITHIN_MS: u64 = 15_000;
/// A process whose beats have not risen for this long is given up, in milliseconds.
pub const SILENT_AFTER_MS: u64 = 8_000;
/// Who has not looked for this long has not seen others beat either, and begins anew, in
/// milliseconds.
pub const LOOK_AGAIN_WITHIN_MS: u64 = 5_000;

/// What one process has seen of the others.
#[derive(Debug, Default)]
pub struct Watch {
    looked: Option<Duration>,
    seen: HashMap<String, (i64, Duration)>,
}

impl Watch {
    /// Looks at the present beats, by process, `now` on a clock that never jumps; who is to be given
    /// up, and at which beat they were.
    pub fn look(&mut self, now: Duration, beats: &[(String, i64)]) -> Vec<(String, i64)> {
        let ms = Duration::from_millis;
        if self
            .looked
            .is_some_and(|last| now - last > ms(LOOK_AGAIN_WITHIN_MS))
        {
            self.seen.clear();
        }
        self.looked = Some(now);
        self.seen
            .retain(|id, _| beats.iter().any(|(other, _)| other == id));
        let mut silent = Vec::new();
        for (id, beat) in beats {
            let (last, since) = self.seen.entry(id.clone()).or_insert((*beat, now));
            if *last != *beat {
                (*last, *since) = (*beat, now);
            } else if now - *since > ms(SILENT_AFTER_MS) {
                silent.push((id.clone(), *beat));
            }
        }
        silent
    }
}

/// What a process is to do about its share of the shards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Take these, which nobody runs.
    Take(Vec<u32>),
    /// Let go of this one for somebody who has too few.
    Give(u32),
    /// Nothing.
    Rest,
}

/// The next step of the process `me` towards an even share of `total` shards. `order` is all that
/// take a share, the same for everybody; `holders` is who runs which shard.
///
/// Shards are given one at a time: only while each of them is run by somebody.
pub fn step(total: u32, order: &[String], me: &str, holders: &BTreeMap<u32, String>) -> Step {
    let Some(place) = order.iter().position(|id| id == me) else {
        return Step::Rest;
    };
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let (each, left) = (total / count(order.len()), total % count(order.len()));
    let mine = each + u32::from(count(place) < left);
    let held: Vec<u32> = holders
        .iter()
        .filter(|(_, id)| *id == me)
        .map(|(shard, _)| *shard)
        .collect();
    let free = (0..total).filter(|shard| !holders.contains_key(shard));
    let room = mine.saturating_sub(count(held.len())) as usize;
    let taken: Vec<u32> = free.clone().take(room).collect();
    if !taken.is_empty() {
        return Step::Take(taken);
    }
    match held.last() {
        Some(last) if count(held.len()) > mine && free.count() == 0 => Step::Give(*last),
        _ => Step::Rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beats(all: &[(&str, i64)]) -> Vec<(String, i64)> {
        all.iter()
            .map(|(id, beat)| ((*id).to_owned(), *beat))
            .collect()
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn who_is_silent_is_given_up_and_who_beats_is_not() {
        let mut watch = Watch::default();
        for second in (0..=8).step_by(2) {
            let beat = i64::try_from(second).expect("a small number");
            assert_eq!(watch.look(at(second), &beats(&[("a", beat), ("b", 7)])), []);
        }
        assert_eq!(
            watch.look(at(10), &beats(&[("a", 10), ("b", 7)])),
            beats(&[("b", 7)])
        );
        assert_eq!(
            watch.look(at(12), &beats(&[("a", 12), ("b", 8)])),
            [],
            "it woke up in time"
        );
    }

    #[test]
    fn who_slept_himself_gives_nobody_up() {
        let mut watch = Watch::default();
        watch.look(at(0), &beats(&[("a", 1)]));
        assert_eq!(watch.look(at(3_600), &beats(&[("a", 1)])), []);
        assert_eq!(watch.look(at(3_604), &beats(&[("a", 2)])), []);
    }

    /// Lets every process do its steps until all rest; how many shards changed hands.
    fn settle(total: u32, order: &[String], holders: &mut BTreeMap<u32, String>) -> usize {
        holders.retain(|_, id| order.contains(id));
        let mut moves = 0;
        loop {
            let mut rested = true;
            for me in order {
                match step(total, order, me, holders) {
                    Step::Take(shards) => {
                        holders.extend(shards.into_iter().map(|n| (n, me.clone())))
                    }
                    Step::Give(shard) => {
                        holders.remove(&shard);
                        moves += 1;
                    }
                    Step::Rest => continue,
                }
                rested = false;
            }
            if rested {
                return moves;
            }
        }
    }

    fn shares(order: &[String], holders: &BTreeMap<u32, String>) -> Vec<usize> {
        let of = |me: &String| holders.values().filter(|id| *id == me).count();
        order.iter().map(of).collect()
    }

    #[test]
    fn shards_are_shared_evenly_whoever_comes_and_goes() {
        for total in [1, 2, 3, 16, 64, 67] {
            let mut holders = BTreeMap::new();
            let names: Vec<String> = (0..7).map(|n| format!("p{n}")).collect();
            for range in [0..1, 0..2, 0..5, 1..5, 3..7, 6..7] {
                let order = &names[range];
                settle(total, order, &mut holders);
                assert_eq!(holders.len(), total as usize, "each is run");
                let shares = shares(order, &holders);
                let (least, most) = (shares.iter().min(), shares.iter().max());
                assert!(
                    most.copied() <= least.map(|least| least + 1),
                    "{total}: {shares:?}"
                );
            }
        }
    }

    #[test]
    fn no_more_shards_move_than_must_when_somebody_comes() {
        let names: Vec<String> = (0..4).map(|n| format!("p{n}")).collect();
        let mut holders = BTreeMap::new();
        settle(12, &names[..3], &mut holders);
        assert_eq!(settle(12, &names, &mut holders), 3);
    }

    #[test]
    fn who_is_not_among_them_takes_nothing() {
        assert_eq!(
            step(4, &["a".to_owned()], "b", &BTreeMap::new()),
            Step::Rest
        );
        assert_eq!(step(4, &[], "b", &BTreeMap::new()), Step::Rest);
    }
}
