//! `simulate`: what one process carries: shards, communities, clicks; and what that costs.
//!
//! May touch: the embedded Discord in this process, the bot in another one, a folder of its own
//! beside the database, and a schema of its own on a server. Invariant: no database in use is touched;
//! what is made is removed.

mod bot;
mod crowd;
mod ground;
mod people;
mod report;
mod usage;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Failed, say};
use crate::clock::Clock;
use crate::config::{Config, DB_PATH, ServerConfig};
use crate::playground::{self, Discord, World};
use crate::secret::Secret;
pub(in crate::cli) use bot::AS_BOT;
use bot::{Bot, Orders};
use crowd::Crowd;
use ground::{Ground, Watch};
use people::{Budget, Town};
use report::{Moment, Report, Run, Stage};
use usage::{Counted, Usage};

/// Cards that are still owed from settling in are waited for so long, in seconds.
const CALM_WITHIN_S: u64 = 60;
/// How often it is looked whether they are, in milliseconds.
const CALM_LOOK_MS: u64 = 50;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The numbers of shards, one run each
    #[arg(
        long,
        value_name = "NUMBERS",
        value_delimiter = ',',
        default_value = "1,16,64,256",
        value_parser = clap::value_parser!(u32).range(1..=1024)
    )]
    shard_counts: Vec<u32>,

    /// Communities on each shard; Discord allows 2,500 at most
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 1_000,
        value_parser = clap::value_parser!(u32).range(1..=2_500)
    )]
    guilds: u32,

    /// For how long people click in each run
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 20,
        value_parser = clap::value_parser!(u32).range(1..=86_400)
    )]
    seconds: u32,

    /// How often they click in each run, instead of for how long
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    clicks: Option<u64>,

    /// How many people click at once, each as soon as they have their answer
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 64,
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    in_flight: u32,

    /// Which crowd; the same one has the same communities with the same wishes
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,

    /// The database: sqlite, a new file beside DB_PATH; or postgres://USER@HOST:PORT/NAME with its password in
    /// DB_PASSWORD, an empty one, in a schema of its own that goes afterwards. Given more than once, each in turn
    #[arg(long, value_name = "URL", default_value = "sqlite")]
    database: Vec<Secret>,

    /// Without Discord's rate limits, so that cards are edited as fast as the bot can
    #[arg(long)]
    no_limits: bool,

    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,

    /// Be the bot of a simulation; started by the simulation itself
    #[arg(long, hide = true)]
    as_bot: bool,
}

pub(super) async fn run(config: Config, arguments: Arguments) -> Result<(), Failed> {
    if arguments.as_bot {
        return bot::serve(&config).await;
    }
    let stopped = super::run::stop_signal()?;
    let database = config.db_path.as_deref().unwrap_or(Path::new(DB_PATH));
    let database = super::database::path_in(database).map_err(Failed::Settings)?;
    let folder = Folder::beside(&database)?;
    let mut grounds = Vec::new();
    for wanted in &arguments.database {
        grounds.push(Ground::of(wanted, &config).await?);
    }
    let simulated = async {
        let mut stages = Vec::new();
        for shards in &arguments.shard_counts {
            for ground in &grounds {
                let (folder, server) = (&folder.0, &config.server);
                let there = There {
                    ground,
                    folder,
                    server,
                };
                stages.push(stage(&arguments, *shards, &there).await?);
            }
        }
        Ok::<_, Failed>(stages)
    };
    let stages = tokio::select! {
        stages = simulated => stages,
        () = stopped => Err(Failed::Other("interrupted; nothing is left behind".into())),
    };
    for ground in grounds {
        ground.end().await;
    }
    let stages = stages?;
    let report = Report {
        seed: arguments.seed,
        in_flight: arguments.in_flight as usize,
        processors: processors()?,
        optimised: !cfg!(debug_assertions),
        limits: !arguments.no_limits,
        stages,
    };
    match arguments.json {
        true => say(format_args!("{}", serde_json::to_string_pretty(&report)?)),
        false => say(format_args!("{}", report.table())),
    }
    Ok(())
}

/// A folder of this process, beside the database, so that the disk is the one that counts. Goes with
/// this value.
struct Folder(PathBuf);

impl Folder {
    fn beside(database: &Path) -> Result<Self, Failed> {
        let name = format!("simulate.{}", std::process::id());
        let folder = database.parent().unwrap_or(Path::new("")).join(name);
        std::fs::create_dir_all(&folder)
            .map_err(|error| Failed::Other(format!("{}: {error}", folder.display())))?;
        Ok(Self(std::path::absolute(folder)?))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "a simulation leaves this folder behind");
        }
    }
}

/// Where a bot's database is made.
struct There<'t> {
    ground: &'t Ground,
    /// The folder of this simulation.
    folder: &'t Path,
    /// How a server is spoken to.
    server: &'t ServerConfig,
}

fn processors() -> Result<usize, Failed> {
    Ok(std::thread::available_parallelism()?.get())
}

/// One run: connect, settle in, click, look what it took.
async fn stage(arguments: &Arguments, shards: u32, there: &There<'_>) -> Result<Stage, Failed> {
    let seed = arguments.seed;
    let crowd = Crowd::new(seed, (shards * arguments.guilds) as usize);
    let without_guilds = idle(shards, there).await?;
    let world = World::with_guilds(&crowd.players());
    let places = people::places(&world, &crowd);
    let (discord, bot, ready) = connect(world, shards, there).await?;
    let memory_ready_bytes = Usage::of(bot.process())?.memory_bytes;

    let watch = there.ground.watch().await?;
    let town = Town::new(&discord, &crowd, places);
    discord.keep_limits(false);
    town.settle(seed).await.map_err(Failed::Other)?;
    calm(&bot).await?;
    discord.keep_limits(!arguments.no_limits);

    let seconds = Duration::from_secs(arguments.seconds.into());
    let time = arguments.clicks.is_none().then_some(seconds);
    let before = moment(&bot, &discord, &watch).await?;
    let budget = Budget::new(arguments.clicks, time);
    let begun = Instant::now();
    let (clicked, mistakes) = town.live(&budget, arguments.in_flight as usize, seed).await;
    let took = begun.elapsed();
    let after = moment(&bot, &discord, &watch).await?;
    bot.stop().await?;
    discord.stop().await;
    Ok(Stage::of(&Run {
        engine: there.ground.engine(),
        shards,
        guilds: (shards * arguments.guilds) as usize,
        active_guilds: crowd.active.len(),
        processors: processors()?,
        ready,
        memory_ready_bytes,
        memory_without_guilds_bytes: without_guilds,
        before,
        after,
        took,
        clicked,
        mistakes,
    }))
}

/// The memory of a bot with so many shards and one guild in all.
async fn idle(shards: u32, there: &There<'_>) -> Result<u64, Failed> {
    let (discord, bot, _) = connect(World::with_guilds(&[1]), shards, there).await?;
    let used = Usage::of(bot.process())?;
    bot.stop().await?;
    discord.stop().await;
    Ok(used.memory_bytes)
}

/// An embedded Discord with this world, and a bot with a new database connected to it; how long
/// that took it.
async fn connect(
    world: World,
    shards: u32,
    there: &There<'_>,
) -> Result<(Discord, Bot, Duration), Failed> {
    std::fs::remove_dir_all(there.folder)?;
    std::fs::create_dir_all(there.folder)?;
    let kept = there.ground.renew(there.folder).await?;
    let discord = Discord::start(playground::Settings {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        token: bot::TOKEN.into(),
        clock: Clock::system(),
        shards,
        world,
    })
    .await?;
    let begun = Instant::now();
    let orders = Orders {
        discord: discord.url(),
        shards,
        kept,
        folder: there.folder.to_owned(),
    };
    let bot = Bot::start(&orders, there.server).await?;
    Ok((discord, bot, begun.elapsed()))
}

/// Waits until what was owed from settling in is delivered.
async fn calm(bot: &Bot) -> Result<(), Failed> {
    let until = Instant::now() + Duration::from_secs(CALM_WITHIN_S);
    while Counted::read(&bot.metrics().await?).owed > 0.0 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(CALM_LOOK_MS)).await;
    }
    Ok(())
}

async fn moment(bot: &Bot, discord: &Discord, watch: &Option<Watch>) -> Result<Moment, Failed> {
    let served = match watch {
        Some(watch) => Some(watch.look().await?),
        None => None,
    };
    Ok(Moment {
        served,
        counted: Counted::read(&bot.metrics().await?),
        bot: Usage::of(bot.process())?,
        discord: Usage::of(std::process::id())?,
        traffic: discord.traffic(),
        machine: usage::machine()?,
    })
}
