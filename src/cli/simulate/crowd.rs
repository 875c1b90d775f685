//! Synthetic communities: how large they are, and what their people wish to do.
//!
//! Pure. Invariant: the same seed makes the same crowd with the same wishes; only who is first
//! depends on the machine.

/// Members of the smallest community.
const SIZE_MIN: f64 = 5.0;
/// Members that are counted of the largest communities.
const SIZE_MAX: f64 = 100_000.0;
/// The exponent of the power law: of communities that are ten times as large there are a tenth and
/// a little less.
const SIZE_EXPONENT: f64 = 1.1;
/// Members of a community who use the bot, at most.
const PLAYERS_MAX: usize = 40;
/// Communities in which something is on, at most: the largest ones. The others are there, and silent.
const ACTIVE_MAX: usize = 1_024;

/// Random numbers that are the same wherever they are asked for (SplitMix64).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The numbers of `stream` among those of `seed`.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut mixed = Self(seed ^ stream.rotate_left(32));
        Self(mixed.next())
    }

    /// Any number.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to `bound` - 1; `bound` is at least 1.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// One of `all`, which has something in it.
    pub(super) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = self.below(all.len() as u64);
        &all[usize::try_from(at).expect("less than a length")]
    }

    /// A number above 0 and up to 1.
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }
}

/// The communities of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Crowd {
    /// How many members each has.
    sizes: Vec<u64>,
    /// Where those stand in it in which something is on, largest first.
    pub(super) active: Vec<usize>,
    /// The members of the active ones up to and with each.
    up_to: Vec<u64>,
}

impl Crowd {
    /// So many communities, at least one.
    pub(super) fn new(seed: u64, guilds: usize) -> Self {
        let mut random = Random::new(seed, 0);
        let sizes: Vec<u64> = (0..guilds.max(1)).map(|_| size(&mut random)).collect();
        let mut active: Vec<usize> = (0..sizes.len()).collect();
        active.sort_by_key(|at| std::cmp::Reverse(sizes[*at]));
        active.truncate(ACTIVE_MAX);
        let mut members = 0;
        let up_to = active.iter().map(|at| {
            members += sizes[*at];
            members
        });
        let up_to = up_to.collect();
        Self {
            sizes,
            active,
            up_to,
        }
    }

    /// How many of each community's members are there for the embedded Discord.
    pub(super) fn players(&self) -> Vec<usize> {
        let players =
            |size: &u64| usize::try_from(*size).map_or(PLAYERS_MAX, |n| n.min(PLAYERS_MAX));
        self.sizes.iter().map(players).collect()
    }

    /// Where in [`Crowd::active`] somebody does something: the more members, the more often.
    pub(super) fn somewhere(&self, random: &mut Random) -> usize {
        let members = self.up_to.last().copied().unwrap_or(1);
        let one = random.below(members);
        self.up_to.partition_point(|up_to| *up_to <= one)
    }
}

fn size(random: &mut Random) -> u64 {
    (SIZE_MIN * random.unit().powf(-1.0 / SIZE_EXPONENT)).min(SIZE_MAX) as u64
}

/// What somebody wishes to do; each takes one click or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Look what is on.
    List,
    /// Pick a session from what is offered while typing, and look at it.
    Show,
    /// Join what is on, by a form.
    Join,
    /// Leave it.
    Leave,
    /// Say that they stream it.
    Stream,
    /// Accept somebody, or take that back.
    Manage,
    /// Plan a session.
    Create,
    /// Look at one's profile.
    Profile,
    /// Declare another rank.
    Rank,
}

/// Of a hundred wishes, so many are this. An assumption: people look more than they do, and a
/// session is joined by many and planned by one.
const WISHES: [(Wish, u64); 9] = [
    (Wish::List, 22),
    (Wish::Show, 10),
    (Wish::Join, 26),
    (Wish::Leave, 12),
    (Wish::Stream, 4),
    (Wish::Manage, 12),
    (Wish::Create, 4),
    (Wish::Profile, 5),
    (Wish::Rank, 5),
];

impl Wish {
    /// The next one.
    pub(super) fn any(random: &mut Random) -> Self {
        let mut at = random.below(WISHES.iter().map(|(_, share)| share).sum());
        for (wish, share) in WISHES {
            match at.checked_sub(share) {
                None => return wish,
                Some(rest) => at = rest,
            }
        }
        Self::List
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_crowd_and_another_one_another() {
        assert_eq!(Crowd::new(7, 500), Crowd::new(7, 500));
        assert_ne!(Crowd::new(7, 500), Crowd::new(8, 500));
    }

    #[test]
    fn sizes_follow_a_power_law() {
        let crowd = Crowd::new(1, 100_000);
        let above = |size: u64| crowd.sizes.iter().filter(|one| **one >= size).count();
        assert_eq!(above(5), 100_000);
        // A tenth to the power of 1.1 of them is ten times as large, whatever one begins with.
        for size in [10, 20, 50] {
            let share = above(size * 10) as f64 / above(size) as f64;
            assert!((0.06..0.11).contains(&share), "{size}: {share}");
        }
        assert_eq!(crowd.active.len(), ACTIVE_MAX);
        assert!(
            crowd
                .players()
                .iter()
                .all(|players| (5..=40).contains(players))
        );
    }

    #[test]
    fn more_happens_where_more_are() {
        let crowd = Crowd::new(3, 200);
        let mut random = Random::new(3, 1);
        let mut clicks = vec![0_u64; crowd.active.len()];
        for _ in 0..20_000 {
            clicks[crowd.somewhere(&mut random)] += 1;
        }
        assert!(clicks[0] > clicks[20] && clicks[20] > clicks[150]);
    }

    #[test]
    fn every_wish_is_made_as_often_as_it_is_assumed_to_be() {
        assert_eq!(WISHES.iter().map(|(_, share)| share).sum::<u64>(), 100);
        let mut random = Random::new(5, 1);
        let wishes: Vec<_> = (0..10_000).map(|_| Wish::any(&mut random)).collect();
        for (wish, share) in WISHES {
            let made = wishes.iter().filter(|one| **one == wish).count() as u64;
            assert!(made.abs_diff(share * 100) < 150, "{wish:?}: {made}");
        }
    }
}
