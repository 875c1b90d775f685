//! What happens, one step after the other.
//!
//! May touch: everything in the simulation. Invariant: a *life* is the time of one process: it ends with
//! an orderly stop, or with the power going in the middle of something; what the disk has kept is where
//! the next one begins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;

use super::Outcome;
use super::bot::{Bot, database};
use super::check::{self, Acknowledged};
use super::clicks::Clicks;
use super::discord::{CHANNELS, Discord, Mood};
use super::disk::{Chance, Disk, Fault, FaultKind, Keep};
use super::people::{Given, Heard, PEOPLE, People};
use super::restored;
use super::times::{self, Doubtful};
use crate::clock::Clock;
use crate::store::sqlite::lockstep;

/// Receipts are sure to be there for this long, in minutes.
const RECEIPTS_SURE_MIN: i64 = 40;
/// Time passes in so many hops at most.
const HOPS_MAX: u32 = 200;
/// The shortest hop, in milliseconds.
const HOP_MIN_MS: u64 = 50;
/// SQLite is asked for its opinion after so many steps.
const SOUND_EVERY: u32 = 25;
/// In the end everything is well for so long, in minutes: longer than the longest wait for a retry.
const WELL_MIN: u64 = 40;
/// What has not become true by then is looked at again so often, after so many milliseconds each time.
const LOOKS_AGAIN_MAX: u32 = 6;
const LOOK_AGAIN_AFTER_MS: u64 = 5_000;
/// How long a disk fails that fails for long, in milliseconds.
const LONG_FAILURE_MS: u64 = 60 * 60_000;
/// Discord takes the answer to a click for so long, in milliseconds, and a little more.
const ANSWERED_WITHIN_MS: u64 = 3_300;
/// A process' files are closed within this.
const CLOSED_WITHIN: Duration = Duration::from_secs(30);
/// The first moment, in Unix seconds.
const START_S: i64 = 1_790_000_000;

/// How a life ended.
enum End {
    Stopped,
    /// The power went before this operation of the disk.
    Crashed(usize),
    Failed(String),
}

/// A whole simulation.
pub(super) struct World {
    chance: Chance,
    clock: Clock,
    discord: Discord,
    people: People,
    clicks: Clicks,
    /// By how much the clock is wrong.
    wrong: Option<TimeDelta>,
    folder: tempfile::TempDir,
    acknowledged: Vec<Acknowledged>,
    /// Commands of which nobody knows whether they were done.
    unknown: Vec<Given>,
    verified: BTreeSet<String>,
    steps: u32,
    crashes: u32,
    drawn: BTreeMap<&'static str, usize>,
    /// What was seen not to hold in the middle of a step.
    failure: Option<String>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let start = DateTime::from_timestamp(START_S, 0).expect("a time");
        let clock = Clock::manual(start);
        Self {
            chance: Chance::new(seed),
            discord: Discord::new(seed, clock.clone()),
            people: People::new(seed),
            clicks: Clicks::new(seed),
            wrong: None,
            clock,
            folder: folder(),
            acknowledged: Vec::new(),
            unknown: Vec::new(),
            verified: BTreeSet::new(),
            steps: 0,
            crashes: 0,
            drawn: BTreeMap::new(),
            failure: None,
        }
    }

    /// Lives until `steps` steps are done.
    pub(super) fn run(mut self, steps: u32) -> Outcome {
        lockstep::torture::turn_on();
        let failure = loop {
            let disk = Arc::new(Disk::attach(self.folder.path()).expect("its folder is there"));
            let power = Arc::clone(&disk);
            self.discord.ask_for_power(move || power.has_power());
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .expect("a runtime");
            let end = runtime.block_on(self.live(&disk, steps));
            drop(runtime);
            self.discord.ask_for_power(|| true);
            self.wait_until_closed();
            match end {
                End::Failed(failure) => break Some(format!("step {}: {failure}", self.steps)),
                End::Stopped if self.steps >= steps => break None,
                End::Stopped => {}
                End::Crashed(at) => {
                    self.crashes += 1;
                    self.draw("loss of power");
                    let keep = match self.chance.below(4) {
                        0 => Keep::All,
                        1 => Keep::Flushed,
                        _ => Keep::Some(self.chance.next()),
                    };
                    let (image, _) = disk.image(at, keep);
                    // Without power nothing could be removed from the former folder.
                    drop(disk);
                    self.folder = folder();
                    image.write_to(self.folder.path()).expect("there is room");
                }
            }
        };
        let mut drawn = self.drawn;
        drawn.insert("click acknowledged as done", self.clicks.done());
        drawn.insert("click answered otherwise", self.clicks.refused());
        let requests = {
            let state = self.discord.state();
            drawn.extend(&state.drawn);
            state.requests
        };
        Outcome {
            steps: self.steps,
            crashes: self.crashes,
            commands: self.acknowledged.len(),
            requests,
            drawn: drawn
                .into_iter()
                .map(|(kind, times)| (kind.into(), times))
                .collect(),
            fingerprint: self.discord.fingerprint(),
            failure,
        }
    }

    /// One process, from its start to its end.
    async fn live(&mut self, disk: &Disk, steps: u32) -> End {
        self.discord.state().begin_life();
        let bot = match Bot::start(self.folder.path(), &self.clock, &self.discord).await {
            Ok(bot) => bot,
            Err(error) => return End::Failed(error),
        };
        let mut crash = None;
        while self.steps < steps {
            self.steps += 1;
            match self.chance.below(100) {
                0..=2 if crash.is_none() => {
                    let at = disk.operations() + self.chance.below(120);
                    disk.cut_power_at(at);
                    crash = Some(at);
                }
                3 | 4 => {
                    self.draw("orderly restart");
                    bot.stop().await;
                    return match disk.has_power() {
                        true => End::Stopped,
                        false => End::Crashed(crash.unwrap_or_default()),
                    };
                }
                5..=8 if crash.is_none() => self.break_disk(disk),
                9..=16 => self.change_mood(),
                17..=24 => self.deliver_again(&bot).await,
                25..=27 => self.back_up(&bot, disk).await,
                28..=29 => self.set_clock(),
                30..=35 if self.wrong.is_some() => self.set_clock(),
                36 if crash.is_none() && self.chance.below(4) == 0 => {
                    self.fail_for_long(&bot, disk).await;
                }
                37..=58 => self.click(&bot, disk).await,
                _ => self.act(&bot).await,
            }
            if let Err(failure) = self.pass_and_watch(&bot, disk).await {
                return End::Failed(failure);
            }
            if !disk.has_power() {
                return End::Crashed(crash.unwrap_or_default());
            }
            if let Err(failure) = self.check(&bot).await {
                return End::Failed(failure);
            }
        }
        self.end(bot, disk, crash).await
    }

    /// Lets everything become well, and looks whether it has.
    async fn end(&mut self, bot: Bot, disk: &Disk, crash: Option<usize>) -> End {
        disk.heal();
        if self.wrong.is_some() {
            self.set_clock();
        }
        {
            let mut state = self.discord.state();
            state.mood = Mood::default();
            state.forbidden.clear();
            state.archived.clear();
            state.closed.clear();
            state.gone.clear();
        }
        self.pass(WELL_MIN * 60_000).await;
        if !disk.has_power() {
            return End::Crashed(crash.unwrap_or_default());
        }
        let folder = self.folder.path();
        let sessions = &self.people.sessions;
        let mut held = check::converged(folder, &bot, &self.discord, sessions).await;
        // Something may have fallen due at this very moment, such as a check-in.
        for _ in 0..LOOKS_AGAIN_MAX {
            if held.is_err() {
                self.pass(LOOK_AGAIN_AFTER_MS).await;
                held = check::converged(folder, &bot, &self.discord, sessions).await;
            }
        }
        if held.is_ok() {
            held = check::sound(folder, &bot, sessions).await;
        }
        bot.stop().await;
        match held {
            Ok(()) => End::Stopped,
            Err(failure) => End::Failed(format!("in the end: {failure}")),
        }
    }

    /// Some people give a command each, at the same moment.
    async fn act(&mut self, bot: &Bot) {
        let count = 1 + self.chance.below(3);
        let (now, really) = (self.clock.now(), self.discord.state().now());
        let mut given: Vec<Given> = (0..count).map(|_| self.people.act(now, really)).collect();
        // Of what nobody knows, people try some once more.
        if !self.unknown.is_empty() && self.chance.below(2) == 0 {
            let index = self.chance.below(self.unknown.len());
            given.push(self.unknown.swap_remove(index));
        }
        let heard = join_all(given.iter().map(|one| one.deliver(bot.store()))).await;
        let (count, mut failed) = (given.len(), 0);
        for (given, heard) in given.into_iter().zip(heard) {
            match heard {
                Heard::Answer(answer) => {
                    self.people.note(&given, &answer);
                    self.acknowledged.push(Acknowledged { given, answer });
                }
                Heard::Refused => {}
                Heard::Failed(_) => {
                    failed += 1;
                    self.unknown.push(given);
                }
            }
        }
        if failed == count {
            self.draw("step whose commands all failed");
            if bot.store().commits().trouble().is_none() {
                self.failure
                    .get_or_insert("all commands fail, and the bot is ready".into());
            }
        }
    }

    /// Some people click at the same moment, and wait for their answers.
    async fn click(&mut self, bot: &Bot, disk: &Disk) {
        let count = 1 + self.chance.below(3);
        for _ in 0..count {
            self.clicks.click(bot, &self.discord, &mut self.people);
        }
        if disk.has_power() {
            self.pass(ANSWERED_WITHIN_MS).await;
        }
    }

    async fn deliver_again(&mut self, bot: &Bot) {
        if self.chance.below(2) == 0 {
            let since = self.receipts_since();
            match self.clicks.again(self.folder.path(), bot, since).await {
                Ok(true) => self.draw("click delivered again"),
                Ok(false) => {}
                Err(failure) => {
                    self.failure.get_or_insert(failure);
                }
            }
            return;
        }
        let kept = self.kept().len();
        let first = self.acknowledged.len() - kept;
        if kept == 0 {
            return;
        }
        let one = self.acknowledged[first + self.chance.below(kept)].clone();
        self.draw("command delivered again");
        if let Err(failure) = check::again(self.folder.path(), bot, &one).await {
            self.failure.get_or_insert(failure);
        }
    }

    async fn back_up(&mut self, bot: &Bot, disk: &Disk) {
        if !disk.has_power() {
            return;
        }
        let folder = self.folder.path();
        match restored::a_backup_is_a_state_that_was(folder, bot, || disk.has_power()).await {
            Ok(true) => self.draw("backup restored"),
            Ok(false) => self.draw("backup that failed"),
            Err(failure) => {
                self.failure.get_or_insert(failure);
            }
        }
    }

    fn draw(&mut self, what: &'static str) {
        *self.drawn.entry(what).or_default() += 1;
    }

    /// The commands whose receipts must be there.
    fn kept(&self) -> Vec<&Acknowledged> {
        let since = self.receipts_since();
        let is_kept = |one: &&Acknowledged| one.given.interaction.created_at() > since;
        let kept = self.acknowledged.iter().rev().take_while(is_kept);
        kept.collect()
    }

    /// Interactions that were made since then have their receipts.
    fn receipts_since(&self) -> DateTime<Utc> {
        self.discord.state().now() - TimeDelta::minutes(RECEIPTS_SURE_MIN)
    }

    async fn check(&mut self, bot: &Bot) -> Result<(), String> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        check::always(self.folder.path(), &self.kept())?;
        let since = self.receipts_since();
        let (folder, people) = (self.folder.path(), &mut self.people);
        self.clicks.check(folder, &self.discord, people, since)?;
        check::made_once(&self.discord)?;
        check::backups_are_whole(self.folder.path(), &mut self.verified)?;
        if self.steps.is_multiple_of(SOUND_EVERY) {
            check::sound(self.folder.path(), bot, &self.people.sessions).await?;
        }
        Ok(())
    }

    /// The disk fails for some operations.
    fn break_disk(&mut self, disk: &Disk) {
        let (kind, what) = match self.chance.below(2) {
            0 => (FaultKind::NoSpace, "full disk"),
            _ => (FaultKind::Io, "failing disk"),
        };
        self.draw(what);
        disk.plan(Fault {
            from: disk.operations() + self.chance.below(20),
            count: Some(1 + self.chance.below(12)),
            kind,
        });
    }

    /// The disk fails for an hour, with deliveries under way.
    async fn fail_for_long(&mut self, bot: &Bot, disk: &Disk) {
        self.act(bot).await;
        let ms = self.chance.below(300) as u64;
        self.pass(ms).await;
        let kind = match self.chance.below(2) {
            0 => FaultKind::NoSpace,
            _ => FaultKind::Io,
        };
        self.draw("disk that fails for an hour");
        disk.plan(Fault {
            from: disk.operations(),
            count: None,
            kind,
        });
        self.pass(LONG_FAILURE_MS).await;
        // Each minute the time is noted, while the clock is trusted.
        if self.wrong.is_none() && bot.store().commits().trouble().is_none() {
            self.failure
                .get_or_insert("nothing is written for an hour, and the bot is ready".into());
        }
        disk.heal();
    }

    /// Sets the clock wrong, or right again.
    fn set_clock(&mut self) {
        let by = match self.wrong.take() {
            Some(by) => {
                self.draw("clock set right");
                -by
            }
            None => {
                self.draw("clock set wrong");
                *self.wrong.insert(times::set_by(&mut self.chance))
            }
        };
        self.clock.jump(by);
    }

    fn change_mood(&mut self) {
        let user = 1 + i64::try_from(self.chance.below(PEOPLE as usize)).unwrap_or(0);
        let channel = CHANNELS[self.chance.below(CHANNELS.len())];
        let kind = self.chance.below(9);
        let mut state = self.discord.state();
        match kind {
            0..=2 => state.mood = Mood::default(),
            3 => state.mood.limits = 250,
            4 => state.mood.outages = 300,
            5 => {
                state.mood.lost = 100;
                state.mood.torn = 150;
            }
            6 => toggle(&mut state.forbidden, channel),
            7 => toggle(&mut state.archived, channel),
            _ => match user % 2 {
                0 => toggle(&mut state.closed, user),
                _ => toggle(&mut state.gone, user),
            },
        }
    }

    /// How long it takes until the next step, in milliseconds.
    fn how_long(&mut self) -> u64 {
        let most = match self.chance.below(40) {
            0..=24 => 2_000,
            25..=34 => 30_000,
            35..=38 => 20 * 60_000,
            _ => 3 * 60 * 60_000,
        };
        self.chance.below(most) as u64
    }

    /// Lets some time pass. While the clock is wrong, looks that nothing happens that goes by it.
    async fn pass_and_watch(&mut self, bot: &Bot, disk: &Disk) -> Result<(), String> {
        let file = database(self.folder.path());
        let before = match self.wrong {
            Some(_) if disk.has_power() => Some(Doubtful::read(&file)?),
            _ => None,
        };
        let ms = self.how_long();
        self.pass(ms).await;
        let Some(before) = before.filter(|_| disk.has_power()) else {
            return Ok(());
        };
        if bot.context.clock.is_trusted() {
            return Err(format!(
                "the clock is wrong by {:?} and trusted",
                self.wrong
            ));
        }
        match before.happened(&Doubtful::read(&file)?) {
            Some(what) => Err(format!("while the clock was not trusted {what}")),
            None => Ok(()),
        }
    }

    /// Lets time pass, for the bot and for Discord.
    async fn pass(&self, ms: u64) {
        let hop = (ms / u64::from(HOPS_MAX)).max(HOP_MIN_MS);
        let mut left = ms;
        while left > 0 {
            let hop = hop.min(left);
            left -= hop;
            tokio::time::sleep(Duration::from_millis(hop)).await;
            self.clock
                .advance(TimeDelta::milliseconds(hop.cast_signed()));
        }
    }

    /// A connection that is dropped is closed by its own thread.
    fn wait_until_closed(&self) {
        let deadline = Instant::now() + CLOSED_WITHIN;
        let is_open = || {
            let Ok(descriptors) = std::fs::read_dir("/proc/self/fd") else {
                return false;
            };
            let targets =
                descriptors.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
            targets
                .into_iter()
                .any(|target| target.starts_with(self.folder.path()))
        };
        while is_open() && Instant::now() < deadline {
            std::thread::yield_now();
        }
    }
}

fn toggle(set: &mut BTreeSet<i64>, id: i64) {
    if !set.remove(&id) {
        set.insert(id);
    }
}

/// An empty folder, in memory where there is such a place, unless `TMPDIR` says where.
pub(super) fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let made = match memory.is_dir() && std::env::var_os("TMPDIR").is_none() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    };
    made.expect("a temporary folder can be made")
}
