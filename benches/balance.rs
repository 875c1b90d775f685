//! How long the search for two fair teams takes, and how many line-ups a second it covers.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use overwatch_bot::domain::balance::{Candidate, Format, Problem, balance, score};
use overwatch_bot::domain::ids::UserId;
use overwatch_bot::domain::mode::Mode;
use overwatch_bot::domain::rank::{Rank, Tier};
use overwatch_bot::domain::role::{Role, Roles};

/// Candidates when some have to sit out.
const MANY: usize = 18;

criterion_group!(benches, full_teams, some_sit_out, hard_evenings);
criterion_main!(benches);

/// As many players as places, in every preset.
fn full_teams(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("full teams");
    for mode in Mode::all() {
        let players = Format::of(mode).places();
        for wishes in Wishes::ALL {
            let problem = problem(mode, players, wishes);
            measure(&mut group, mode, &format!("{players} {wishes:?}"), &problem);
        }
    }
    group.finish();
}

/// More candidates than places.
fn some_sit_out(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("some sit out");
    group.sample_size(10);
    for mode in Mode::all() {
        for wishes in Wishes::ALL {
            let problem = problem(mode, MANY, wishes);
            measure(&mut group, mode, &format!("{MANY} {wishes:?}"), &problem);
        }
    }
    group.finish();
}

/// What makes a search hard, with players who would play anything and with some who sit out.
fn hard_evenings(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hard evenings");
    group.sample_size(10);
    for mode in Mode::all() {
        for players in [Format::of(mode).places(), MANY] {
            for twist in Twist::ALL {
                let mut problem = problem(mode, players, Wishes::Any);
                twist.apply(&mut problem.candidates);
                measure(&mut group, mode, &format!("{players} {twist:?}"), &problem);
            }
        }
    }
    group.finish();
}

fn measure(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    mode: Mode,
    what: &str,
    problem: &Problem,
) {
    let covered = balance(problem).expect("there are enough players").covered;
    group.throughput(Throughput::Elements(covered));
    let id = BenchmarkId::new(mode.id(), what);
    group.bench_function(id, |bencher| bencher.iter(|| balance(black_box(problem))));
}

/// What an evening can have that makes a search hard.
#[derive(Clone, Copy, Debug)]
enum Twist {
    /// One who has to play is so strong that no two teams are nearly even.
    Outlier,
    /// Points are such that the teams of one who has to play are never quite even.
    Odd,
    /// Everybody has a role that they would not play.
    Narrow,
    /// Some played more lately than others.
    Games,
    /// All are worth the same.
    Identical,
}

impl Twist {
    const ALL: [Self; 5] = [
        Self::Outlier,
        Self::Odd,
        Self::Narrow,
        Self::Games,
        Self::Identical,
    ];

    fn apply(self, candidates: &mut [Candidate]) {
        let mut next = numbers();
        for (at, candidate) in candidates.iter_mut().enumerate() {
            let others = u32::from(at > 0);
            match self {
                Self::Outlier => {
                    let points = |score: u16| if at == 0 { 675 } else { 100 + score / 8 };
                    candidate.scores = candidate.scores.map(points);
                    candidate.games = others;
                }
                Self::Odd => {
                    let odd = if at == 0 { 5 } else { 0 };
                    candidate.scores = candidate.scores.map(|score| score / 10 * 10 + odd);
                    candidate.games = others;
                }
                Self::Narrow => {
                    let without = next(candidate.fits.iter().count());
                    let kept = candidate.fits.iter().enumerate();
                    let kept = kept.filter(|(role, _)| *role != without);
                    candidate.fits = kept.map(|(_, role)| role).collect();
                    candidate.prefers = candidate.fits;
                }
                Self::Games => candidate.games = u32::try_from(next(4)).expect("few"),
                Self::Identical => candidate.scores = [300; 4],
            }
        }
    }
}

/// What players would play.
#[derive(Clone, Copy, Debug)]
enum Wishes {
    /// Each what they were accepted as, and everything else if need be.
    One,
    /// Some of the roles.
    Some,
    /// Anything.
    Any,
}

impl Wishes {
    const ALL: [Self; 3] = [Self::One, Self::Some, Self::Any];
}

/// A made-up evening, the same every time.
fn problem(mode: Mode, players: usize, wishes: Wishes) -> Problem {
    let mut next = numbers();
    let roles: Vec<_> = mode.roles().iter().collect();
    let candidate = |at: usize| {
        let scores = Role::ALL.map(|_| points(mode, next(45)));
        let one_ladder = roles
            .iter()
            .all(|role| mode.ladder(*role) == mode.ladder(roles[0]));
        let some = |roles: &[Role], without: usize| -> Roles {
            let kept = roles.iter().enumerate().filter(|(at, _)| *at != without);
            kept.map(|(_, role)| *role).collect()
        };
        let all = roles.iter().copied().collect();
        let prefers = match wishes {
            Wishes::One => [roles[at % roles.len()]].into_iter().collect(),
            Wishes::Some => some(&roles, next(roles.len())),
            Wishes::Any => all,
        };
        Candidate {
            user: UserId(i64::try_from(at).expect("a few")),
            scores: if one_ladder { [scores[0]; 4] } else { scores },
            fits: all,
            prefers,
            games: 0,
        }
    };
    Problem {
        format: Format::of(mode),
        candidates: (0..players).map(candidate).collect(),
        pairs: Vec::new(),
    }
}

/// Points of the rank so many divisions above the lowest one; the highest, if there is none.
fn points(mode: Mode, above: usize) -> u16 {
    let scale = mode.ladder(Role::Damage).scale();
    let tiers: Vec<_> = Tier::all(scale).collect();
    let tier = tiers[(above / 5).min(tiers.len() - 1)];
    let division = u8::try_from(5 - above % 5).expect("at most 5");
    score(Rank::new(scale, tier.word(), division).expect("a rank"))
}

/// Numbers below whatever is asked for, the same every time.
fn numbers() -> impl FnMut(usize) -> usize {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).expect("31 bits") % below
    }
}
