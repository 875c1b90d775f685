//! Tries again what Discord refused: at a start, and where people are active.
//!
//! May touch: the store. Invariant: however many clicks there are, parked deliveries are asked for once
//! every [`LOOK_EVERY_MS`], one for each cause is tried in each place, and no more than the allowances of
//! their server and of all give: each one that fails is one of the invalid requests of which Discord takes
//! 10,000 in ten minutes, of all processes together. Servers take turns.

use std::collections::{HashMap, HashSet, VecDeque};
use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::trouble::FailureLog;
use crate::discord::feature::Context;
use crate::discord::rest::{Processes, share};
use crate::domain::ids::GuildId;
use crate::store::outbox::parking::{ParkedGuilds, TRIES_A_TURN_MAX, WakeParked};
use crate::store::{Failure, Store};

/// How often parked deliveries are asked for while people are active, in milliseconds.
const LOOK_EVERY_MS: u64 = 3_000;
/// Deliveries that are tried at once because people are active, over all servers, of all processes
/// together.
const TRIES_AT_ONCE_MAX: usize = 60;
/// One more may be tried after this long, in milliseconds, of all processes together.
const TRY_EVERY_MS: u64 = 1_000;
/// The same for one server, in each process, since mostly one process hears the clicks of a server. At this
/// rate something is tried within ten seconds of any click, also in a busy server.
const SERVER_TRIES_AT_ONCE_MAX: usize = 18;
const SERVER_TRY_EVERY_MS: u64 = 4_000;
/// Deliveries of one server that one look has tried.
const SERVER_TRIES_A_LOOK: u32 = TRIES_A_TURN_MAX;
/// The wait after the store itself failed, in milliseconds.
const TROUBLE_WAIT_MS: u64 = 500;

/// Has something tried in every server: what kept the bot out may have passed while nobody ran. Of several
/// processes one does so, whichever does the chores.
pub(super) async fn wake_all(context: Context, stop: CancellationToken) {
    let wake_all = async {
        let guilds = parked_guilds(&context).await;
        wake(&context, guilds.into_iter().collect()).await
    };
    tokio::select! {
        () = stop.cancelled() => {}
        _ = wake_all => {}
    }
}

/// Runs until `stop`.
pub(super) async fn run(context: Context, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = retry(&context) => {}
    }
}

async fn retry(context: &Context) {
    let mut turns = Turns::new(Instant::now(), context.rest.processes());
    loop {
        let active = match turns.is_empty() {
            true => context.activity.wait().await,
            false => context.activity.take(),
        };
        turns.add(&active);
        let parked = parked_guilds(context).await;
        let servers = turns.take(&parked, Instant::now());
        let woken = wake(context, servers.clone()).await;
        turns.spend(&servers, &woken);
        tokio::time::sleep(Duration::from_millis(LOOK_EVERY_MS)).await;
    }
}

/// The servers in which something is parked.
async fn parked_guilds(context: &Context) -> HashSet<GuildId> {
    let failures = FailureLog::default();
    loop {
        match context.store.query(ParkedGuilds).await {
            Ok(parked) => return parked.into_iter().collect(),
            Err(error) => trouble(&failures, &context.store, &error).await,
        }
    }
}

/// Has some of what is parked in these servers tried. Returns how many deliveries of each.
async fn wake(context: &Context, guilds: Vec<GuildId>) -> Vec<usize> {
    if guilds.is_empty() {
        return Vec::new();
    }
    let failures = FailureLog::default();
    let mut wake = WakeParked {
        guilds,
        each_max: SERVER_TRIES_A_LOOK,
        now: context.clock.now(),
    };
    loop {
        match context.store.execute_job(wake.clone()).await {
            Ok(Ok(woken)) => return woken,
            Err(error) => trouble(&failures, &context.store, &error).await,
        }
        wake.now = context.clock.now();
    }
}

async fn trouble(failures: &FailureLog, store: &Store, error: &Failure) {
    failures.warn(store, error, "failed to wake parked deliveries");
    tokio::time::sleep(Duration::from_millis(TROUBLE_WAIT_MS)).await;
}

/// In which servers something is tried next.
struct Turns {
    processes: Processes,
    all: Allowance,
    /// Of the servers in which something was tried lately.
    servers: HashMap<GuildId, Allowance>,
    /// Servers in which people were active, in the order of their turns, with the looks that each still
    /// gets: what was under way at the first one may be parked by the second.
    waiting: VecDeque<(GuildId, u32)>,
}

/// The count of processes for a limit that is not divided among them.
const ALONE: NonZeroUsize = NonZeroUsize::MIN;
/// Looks that activity in a server causes.
const LOOKS: u32 = 2;

impl Turns {
    fn new(now: Instant, processes: Processes) -> Self {
        let count = *processes.borrow();
        let all = Allowance::new(TRIES_AT_ONCE_MAX, TRY_EVERY_MS, now, count);
        Self {
            processes,
            all,
            servers: HashMap::new(),
            waiting: VecDeque::new(),
        }
    }

    fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Has servers wait for their turn.
    fn add(&mut self, active: &HashSet<GuildId>) {
        let mut new = active.clone();
        for (server, looks) in &mut self.waiting {
            if new.remove(server) {
                *looks = LOOKS;
            }
        }
        self.waiting
            .extend(new.into_iter().map(|server| (server, LOOKS)));
    }

    /// Takes the servers whose turn it is now. Those in which nothing is parked lose a look; those that
    /// have no allowance left wait on.
    fn take(&mut self, parked: &HashSet<GuildId>, now: Instant) -> Vec<GuildId> {
        let processes = *self.processes.borrow();
        self.servers.retain(|_, one| !one.is_whole(now, ALONE));
        let mut left = self.all.left(now, processes);
        let mut taken = Vec::new();
        let mut again = VecDeque::new();
        let mut held = VecDeque::new();
        while let Some((server, looks)) = self.waiting.pop_front() {
            let of_server = self.servers.get_mut(&server);
            let may = of_server.is_none_or(|one| one.left(now, ALONE) > 0);
            if !parked.contains(&server) {
                again.extend((looks > 1).then_some((server, looks - 1)));
            } else if left > 0 && may {
                left -= i64::from(SERVER_TRIES_A_LOOK);
                taken.push(server);
                again.extend((looks > 1).then_some((server, looks - 1)));
            } else {
                held.push_back((server, looks));
            }
        }
        // Who has had a turn comes after who waits for one.
        held.append(&mut again);
        self.waiting = held;
        for server in &taken {
            let fresh = || {
                let (whole, every_ms) = (SERVER_TRIES_AT_ONCE_MAX, SERVER_TRY_EVERY_MS);
                Allowance::new(whole, every_ms, now, ALONE)
            };
            self.servers.entry(*server).or_insert_with(fresh);
        }
        taken
    }

    /// Takes away what was tried in each of these servers.
    fn spend(&mut self, servers: &[GuildId], tried: &[usize]) {
        for (server, tried) in servers.iter().zip(tried) {
            self.all.spend(*tried);
            if let Some(one) = self.servers.get_mut(server) {
                one.spend(*tried);
            }
        }
    }
}

/// How many parked deliveries may be tried because people are active, by one of the processes. It grows
/// back with time.
struct Allowance {
    /// What all processes together may try at once.
    whole: usize,
    /// After how long they may try one more.
    every: Duration,
    /// Below zero after more was tried than was left.
    left: i64,
    since: Instant,
}

impl Allowance {
    fn new(whole: usize, every_ms: u64, now: Instant, processes: NonZeroUsize) -> Self {
        let of_one = share(whole, processes);
        Self {
            whole,
            every: Duration::from_millis(every_ms),
            left: i64::try_from(of_one).unwrap_or(i64::MAX),
            since: now,
        }
    }

    /// How many may be tried now.
    fn left(&mut self, now: Instant, processes: NonZeroUsize) -> i64 {
        let count = u32::try_from(processes.get()).unwrap_or(u32::MAX);
        let every = self.every * count;
        let grown = (now - self.since).as_millis() / every.as_millis();
        let grown = u32::try_from(grown).unwrap_or(u32::MAX);
        let max = i64::try_from(share(self.whole, processes)).unwrap_or(i64::MAX);
        self.left = self.left.saturating_add(i64::from(grown)).min(max);
        self.since += every * grown;
        self.left
    }

    fn is_whole(&mut self, now: Instant, processes: NonZeroUsize) -> bool {
        let max = i64::try_from(share(self.whole, processes)).unwrap_or(i64::MAX);
        self.left(now, processes) >= max
    }

    /// Takes away what was tried.
    fn spend(&mut self, tried: usize) {
        self.left -= i64::try_from(tried).unwrap_or(i64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::*;

    const TEN_MINUTES_OF_LOOKS: u64 = 200;

    /// Servers in which every look finds something to try.
    struct Scene {
        turns: Turns,
        parked: HashSet<GuildId>,
        start: Instant,
        tried: HashMap<GuildId, Vec<u64>>,
        /// There is little to try but in this server.
        few_but_in: Option<GuildId>,
    }

    impl Scene {
        /// One of `count` processes.
        fn of(servers: i64, count: usize) -> Self {
            let start = Instant::now();
            let count = NonZeroUsize::new(count).expect("at least one");
            let processes = watch::Sender::new(count).subscribe();
            Self {
                turns: Turns::new(start, processes),
                parked: (1..=servers).map(GuildId).collect(),
                start,
                tried: HashMap::new(),
                few_but_in: None,
            }
        }

        /// One look, with activity in these servers.
        fn look(&mut self, look: u64, active: impl IntoIterator<Item = i64>) {
            let now = self.start + Duration::from_millis(LOOK_EVERY_MS * look);
            self.turns.add(&active.into_iter().map(GuildId).collect());
            let taken = self.turns.take(&self.parked, now);
            let tries: Vec<_> = taken.iter().map(|server| self.at_a_look(*server)).collect();
            self.turns.spend(&taken, &tries);
            for server in taken {
                self.tried.entry(server).or_default().push(look);
            }
        }

        fn tries(&self, server: i64) -> usize {
            let looks = self.tried.get(&GuildId(server)).map_or(0, Vec::len);
            looks * self.at_a_look(GuildId(server))
        }

        /// How many deliveries a look finds to try there.
        fn at_a_look(&self, server: GuildId) -> usize {
            let few = self.few_but_in.is_some_and(|many| many != server);
            if few { 2 } else { SERVER_TRIES_A_LOOK as usize }
        }
    }

    #[test]
    fn tries_for_active_people_are_few_in_ten_minutes_of_all_processes_together() {
        for count in 1..=4 {
            let mut scene = Scene::of(50, count);
            for look in 0..TEN_MINUTES_OF_LOOKS {
                scene.look(look, 1..=50);
            }
            let all: usize = (1..=50).map(|server| scene.tries(server)).sum();
            assert!((600..=720).contains(&(all * count)), "{all} of {count}");
            let each = (1..=50).map(|server| scene.tries(server));
            let most = each.clone().max().expect("fifty");
            assert!(each.min() >= most.checked_sub(6), "in turn");
        }
    }

    #[test]
    fn server_with_hundreds_of_parked_rows_leaves_the_others_their_turns() {
        let mut scene = Scene::of(40, 1);
        scene.few_but_in = Some(GuildId(1));
        for look in 0..TEN_MINUTES_OF_LOOKS {
            // Somebody clicks without end in the first, and now and then somebody in another one.
            let other = (look % 5 == 0).then_some(2 + i64::try_from(look / 5).expect("small"));
            scene.look(look, std::iter::once(1).chain(other));
        }
        for server in 2..=40 {
            let active = u64::try_from(5 * (server - 2)).expect("small");
            let looks = &scene.tried[&GuildId(server)];
            assert_eq!(looks.first(), Some(&active), "at once, in server {server}");
        }
        let first = scene.tries(1);
        assert!((155..=175).contains(&first), "{first}");
    }

    #[test]
    fn in_a_busy_server_something_is_tried_within_ten_seconds_of_any_click() {
        for processes in [1, 4] {
            let mut scene = Scene::of(1, processes);
            scene.few_but_in = Some(GuildId(2));
            for look in 0..TEN_MINUTES_OF_LOOKS {
                scene.look(look, [1]);
            }
            let looks = &scene.tried[&GuildId(1)];
            let longest = looks.windows(2).map(|two| two[1] - two[0]).max();
            // Two places are tried at each look.
            let longest_s = longest.expect("many") * LOOK_EVERY_MS / 1_000;
            assert!(
                longest_s < 10,
                "{longest_s} s between tries, {processes} processes"
            );
            let last = looks.last().expect("many");
            assert!(TEN_MINUTES_OF_LOOKS - last <= 3, "to the end");
        }
    }

    #[test]
    fn activity_gets_a_second_look_and_no_third() {
        let mut scene = Scene::of(1, 1);
        scene.look(0, [1]);
        scene.look(1, []);
        assert_eq!(scene.tried[&GuildId(1)], [0, 1]);
        assert!(scene.turns.is_empty());
        // What is parked between the two looks is seen by the second.
        scene.parked.clear();
        scene.look(2, [1]);
        scene.parked.insert(GuildId(1));
        scene.look(3, []);
        assert_eq!(scene.tried[&GuildId(1)], [0, 1, 3]);
    }
}
