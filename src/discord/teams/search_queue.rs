//! Searches for teams, off the tasks that serve everybody: in what order, and how many at once.
//!
//! May touch: the balance. Invariant: of a server one search runs at a time, and servers take turns, so
//! that no server's searches hold up another's by more than one search; equal searches are made once.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::domain::balance::{Balanced, Problem, Unbalanced, balance};
use crate::domain::ids::{GuildId, SessionId};

/// Maximum number of concurrent searches. One search may use a full core for a second and about
/// 100 MB.
const SEARCHES_MAX: usize = 2;
/// Searches that may wait, of one session, of one server and of all.
const WAITING_PER_SESSION_MAX: usize = 4;
const WAITING_PER_SERVER_MAX: usize = 16;
const WAITING_MAX: usize = 256;
/// Results that are kept for whoever asks the same again.
const RESULTS_MAX: usize = 32;

/// What a search finds.
pub(super) type Found = Result<Balanced, Unbalanced>;

/// Why a search was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SearchRefusal {
    /// As many wait already as may, of this session or of all.
    Busy,
    /// It panicked.
    Broken,
}

/// The searches of this process, whose cores and memory they share.
pub(super) static SEARCHES: LazyLock<SearchQueue> = LazyLock::new(|| SearchQueue::new(balance));

/// Searches that run and wait. Cheap to clone.
#[derive(Clone)]
pub(super) struct SearchQueue(Arc<Inner>);

struct Inner {
    search: Box<dyn Fn(&Problem) -> Found + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: Vec<Search>,
    waiting: VecDeque<Search>,
    /// The latest results, the oldest first.
    results: VecDeque<(Arc<Problem>, Arc<Found>)>,
    /// When each server that waits had its last turn.
    turns: HashMap<GuildId, u64>,
    turns_taken: u64,
}

#[derive(Clone)]
struct Search {
    guild: GuildId,
    session: SessionId,
    problem: Arc<Problem>,
    done: Arc<watch::Sender<Option<Arc<Found>>>>,
}

impl SearchQueue {
    fn new(search: impl Fn(&Problem) -> Found + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            search: Box::new(search),
            state: Mutex::default(),
        }))
    }

    /// Searches for teams of a session, when it is its server's turn.
    ///
    /// # Errors
    /// [`SearchRefusal`].
    pub(super) async fn search(
        &self,
        guild: GuildId,
        session: SessionId,
        problem: Problem,
    ) -> Result<Arc<Found>, SearchRefusal> {
        let mut done = {
            let mut state = self.state();
            if let Some(found) = state.result(&problem) {
                return Ok(found);
            }
            match state.same(session, &problem) {
                Some(done) => done,
                None => state.enqueue(guild, session, problem)?,
            }
        };
        self.start();
        let found = done.wait_for(Option::is_some).await;
        let found = found.ok().and_then(|found| found.clone());
        found.ok_or(SearchRefusal::Broken)
    }

    /// Starts as many searches as may run. Nothing is locked meanwhile: a runtime that shuts down
    /// drops what it is given at once.
    fn start(&self) {
        while let Some(search) = self.take_next() {
            let running = Running {
                queue: self.clone(),
                search,
                found: None,
            };
            tokio::task::spawn_blocking(move || running.run());
        }
    }

    fn take_next(&self) -> Option<Search> {
        let mut state = self.state();
        let search = state.next()?;
        state.running.push(search.clone());
        Some(search)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What a panic could leave behind is a search more or less.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A search that runs; it makes way for the next one, even if it panics.
struct Running {
    queue: SearchQueue,
    search: Search,
    found: Option<Arc<Found>>,
}

impl Running {
    fn run(mut self) {
        let found = (self.queue.0.search)(&self.search.problem);
        self.found = Some(Arc::new(found));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        let others = |search: &Search| !Arc::ptr_eq(&search.done, &self.search.done);
        state.running.retain(others);
        if let Some(found) = self.found.take() {
            state.keep(&self.search.problem, &found);
            // Nobody may be waiting any more.
            self.search.done.send_replace(Some(found));
        }
        drop(state);
        self.queue.start();
    }
}

impl State {
    fn result(&self, problem: &Problem) -> Option<Arc<Found>> {
        let mut results = self.results.iter();
        let same = results.find(|(known, _)| **known == *problem);
        same.map(|(_, found)| Arc::clone(found))
    }

    fn keep(&mut self, problem: &Arc<Problem>, found: &Arc<Found>) {
        if self.results.len() == RESULTS_MAX {
            self.results.pop_front();
        }
        let result = (Arc::clone(problem), Arc::clone(found));
        self.results.push_back(result);
    }

    /// The end of the same search, if it runs or waits.
    fn same(
        &self,
        session: SessionId,
        problem: &Problem,
    ) -> Option<watch::Receiver<Option<Arc<Found>>>> {
        let mut all = self.running.iter().chain(&self.waiting);
        let same = |search: &&Search| search.session == session && *search.problem == *problem;
        all.find(same).map(|search| search.done.subscribe())
    }

    fn enqueue(
        &mut self,
        guild: GuildId,
        session: SessionId,
        problem: Problem,
    ) -> Result<watch::Receiver<Option<Arc<Found>>>, SearchRefusal> {
        let of_session = self
            .waiting
            .iter()
            .filter(|search| search.session == session);
        let of_server = self.waiting.iter().filter(|search| search.guild == guild);
        if self.waiting.len() >= WAITING_MAX
            || of_session.count() >= WAITING_PER_SESSION_MAX
            || of_server.count() >= WAITING_PER_SERVER_MAX
        {
            return Err(SearchRefusal::Busy);
        }
        let (done, ended) = watch::channel(None);
        self.waiting.push_back(Search {
            guild,
            session,
            problem: Arc::new(problem),
            done: Arc::new(done),
        });
        Ok(ended)
    }

    /// Takes out the search that is to run now: of the servers of which none runs, that of the one
    /// whose last turn is the longest ago.
    fn next(&mut self) -> Option<Search> {
        if self.running.len() >= SEARCHES_MAX {
            return None;
        }
        let runs = |guild: GuildId| self.running.iter().any(|search| search.guild == guild);
        let last_turn = |guild: GuildId| self.turns.get(&guild).copied().unwrap_or_default();
        let waiting = self.waiting.iter().enumerate();
        let free = waiting.filter(|(_, search)| !runs(search.guild));
        let (at, _) = free.min_by_key(|(at, search)| (last_turn(search.guild), *at))?;
        let search = self.waiting.remove(at)?;
        self.turns_taken += 1;
        self.turns.insert(search.guild, self.turns_taken);
        let waiting = &self.waiting;
        let (turns, guild) = (&mut self.turns, search.guild);
        turns.retain(|one, _| *one == guild || waiting.iter().any(|search| search.guild == *one));
        Some(search)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Condvar, mpsc};
    use std::time::Duration;

    use tokio::task::JoinHandle;

    use super::*;
    use crate::domain::balance::{Candidate, Format};
    use crate::domain::ids::UserId;
    use crate::domain::mode::Mode;
    use crate::domain::role::Roles;

    /// How long a test waits for what has to come.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// A problem that tells who asks.
    fn problem(mark: i64) -> Problem {
        Problem {
            format: Format::of(Mode::parse("5v5").expect("a mode")),
            candidates: vec![Candidate {
                user: UserId(mark),
                scores: [0; 4],
                fits: Roles::default(),
                prefers: Roles::default(),
                games: 0,
            }],
            pairs: Vec::new(),
        }
    }

    /// A queue whose searches say that they have begun, and end when they are told to, in that order.
    struct Stage {
        queue: SearchQueue,
        begun: mpsc::Receiver<i64>,
        /// How many may end.
        ends: Arc<(Mutex<usize>, Condvar)>,
    }

    impl Stage {
        fn new() -> Self {
            let (says, begun) = mpsc::channel();
            let says = Mutex::new((0, says));
            let ends = Arc::new((Mutex::new(0), Condvar::new()));
            let told = Arc::clone(&ends);
            let queue = SearchQueue::new(move |problem| {
                let mark = problem.candidates[0].user.0;
                let place = {
                    let mut says = says.lock().expect("whole");
                    says.1.send(mark).expect("a listener");
                    says.0 += 1;
                    says.0
                };
                let (ends, changed) = &*told;
                let ends = ends.lock().expect("whole");
                let waited = changed.wait_timeout_while(ends, PATIENCE, |ends| *ends < place);
                let (ends, timeout) = waited.expect("whole");
                drop(ends);
                assert!(!timeout.timed_out(), "it is told to end");
                let (players, places) = (1, usize::try_from(mark).expect("a small number"));
                Err(Unbalanced::TooFew { players, places })
            });
            Self { queue, begun, ends }
        }

        fn ask(
            &self,
            guild: i64,
            session: i64,
            mark: i64,
        ) -> JoinHandle<Result<Arc<Found>, SearchRefusal>> {
            let queue = self.queue.clone();
            let (guild, session) = (GuildId(guild), SessionId(session));
            tokio::spawn(async move { queue.search(guild, session, problem(mark)).await })
        }

        /// Whose search begins next.
        async fn begins(&self) -> i64 {
            let looking = async {
                loop {
                    if let Ok(mark) = self.begun.try_recv() {
                        return mark;
                    }
                    tokio::task::yield_now().await;
                }
            };
            let in_time = tokio::time::timeout(PATIENCE, looking).await;
            in_time.expect("a search begins")
        }

        fn end_one(&self) {
            let (ends, changed) = &*self.ends;
            *ends.lock().expect("whole") += 1;
            changed.notify_all();
        }

        /// Waits until so many wait.
        async fn wait_for(&self, waiting: usize) {
            self.wait_until(|state| state.waiting.len() == waiting)
                .await;
        }

        async fn wait_until(&self, holds: impl Fn(&State) -> bool) {
            let looking = async {
                while !holds(&self.queue.state()) {
                    tokio::task::yield_now().await;
                }
            };
            let in_time = tokio::time::timeout(PATIENCE, looking).await;
            in_time.expect("it comes to that");
        }
    }

    #[tokio::test]
    async fn equal_searches_are_made_once() {
        let stage = Stage::new();
        let asked: Vec<_> = (0..600).map(|_| stage.ask(1, 1, 7)).collect();
        assert_eq!(stage.begins().await, 7);
        stage.end_one();
        for one in asked {
            let found = one.await.expect("it ends").expect("it is found");
            let expected = Unbalanced::TooFew {
                players: 1,
                places: 7,
            };
            assert_eq!(*found, Err(expected));
        }
        // Nor is it made again.
        stage.ask(1, 1, 7).await.expect("it ends").expect("kept");
        assert!(stage.begun.try_recv().is_err(), "nothing else has begun");
    }

    #[tokio::test]
    async fn servers_take_turns_and_one_of_each_runs() {
        let stage = Stage::new();
        let mut asked: Vec<_> = (10..20)
            .map(|session| stage.ask(1, session, session))
            .collect();
        stage.wait_for(9).await;
        assert_eq!(stage.begins().await, 10);
        assert!(stage.begun.try_recv().is_err(), "one at a time of a server");
        // Others begin at once, beside it.
        asked.push(stage.ask(2, 20, 20));
        assert_eq!(stage.begins().await, 20);
        asked.push(stage.ask(3, 30, 30));
        asked.push(stage.ask(2, 21, 21));
        stage.wait_for(11).await;
        for left in (0..asked.len()).rev() {
            stage.end_one();
            stage
                .wait_until(|state| state.running.len() + state.waiting.len() == left)
                .await;
        }
        let order: Vec<_> = stage.begun.try_iter().collect();
        let turn = |mark| order.iter().position(|one| *one == mark).expect("it ran");
        assert!(turn(30) <= 1, "a stranger waits for one search: {order:?}");
        assert!(turn(21) <= 3, "servers take turns: {order:?}");
        for one in asked {
            one.await.expect("it ends").expect("it is found");
        }
    }

    #[tokio::test]
    async fn a_session_with_many_searches_waiting_is_refused_more() {
        let stage = Stage::new();
        let running = stage.ask(1, 1, 1);
        assert_eq!(stage.begins().await, 1);
        let waiting: Vec<_> = (2..6).map(|mark| stage.ask(1, 1, mark)).collect();
        stage.wait_for(WAITING_PER_SESSION_MAX).await;
        let refused = stage.ask(1, 1, 9).await.expect("it ends");
        assert_eq!(refused, Err(SearchRefusal::Busy));
        for one in std::iter::once(running).chain(waiting) {
            stage.end_one();
            one.await.expect("it ends").expect("it is found");
        }
    }

    #[tokio::test]
    async fn a_search_that_panics_makes_way_for_the_next_one() {
        let queue = SearchQueue::new(|problem| {
            assert_ne!(problem.candidates[0].user.0, 1, "it breaks");
            Err(Unbalanced::Pairs)
        });
        let ask = |mark| queue.search(GuildId(1), SessionId(1), problem(mark));
        assert_eq!(ask(1).await, Err(SearchRefusal::Broken));
        assert_eq!(*ask(2).await.expect("found"), Err(Unbalanced::Pairs));
    }
}
