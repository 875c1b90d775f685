//! `playground`: a small Discord on this machine, the real bot connected to it, and a web page; or
//! without the bot, for one that is started otherwise, such as in a container.
//!
//! May touch: its own database file, loopback sockets. Invariant: no setting of the bot and no `.env`
//! is read here, so that nothing of a real bot is ever opened.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use super::{Failed, say};
use crate::app::{App, Settings, StartError};
use crate::clock::Clock;
use crate::config::{LogConfig, Shards};
use crate::jobs::upkeep::Upkeep;
use crate::playground::{self, Discord, World};
use crate::secret::Secret;
use crate::store::sqlite::owner::Owner;
use crate::store::{Place, backup};

/// Where the playground keeps its database if nobody says otherwise.
const DB_PATH: &str = "data/playground.db";
/// The token with which the bot comes to the embedded Discord. No secret.
const TOKEN: &str = "playground";
/// Shards that the embedded Discord recommends. Twilight's queue would start a second one five
/// seconds after the first.
const SHARDS: u32 = 1;
/// How long sessions are kept, in days.
const RETENTION_DAYS: u32 = 30;
/// From which size on the database is warned of, in megabytes.
const WARN_MB: u32 = 100;

/// What is said where `playground` comes after settings of the bot.
pub(super) const MISPLACED: &str = "`playground` reads none of the bot's settings; write it first, as in \
     `overwatch-bot playground`, and `overwatch-bot playground --help` shows what it takes";

/// Try the bot without a token: a small Discord on this machine, and a web page to use it with.
///
/// It has settings of its own, from the command line or the environment. Those of the bot, and a file
/// named .env, are not read, and of all databases only its own is opened.
#[derive(Debug, clap::Parser)]
#[command(name = "overwatch-bot playground", version, max_term_width = 100)]
pub(super) struct Arguments {
    /// The port of the web page, on this machine only; 0 takes any that is free
    #[arg(
        long,
        env = "PLAYGROUND_PORT",
        hide_env_values = true,
        value_name = "PORT",
        default_value_t = 8765
    )]
    playground_port: u16,

    /// The playground's own database file, which is made if it is not there
    #[arg(
        long,
        env = "PLAYGROUND_DB_PATH",
        hide_env_values = true,
        value_name = "FILE",
        default_value = DB_PATH
    )]
    db_path: PathBuf,

    /// Only the small Discord, to which a bot started elsewhere on this machine can connect
    #[arg(long)]
    discord_only: bool,

    /// What is logged
    #[command(flatten)]
    pub(super) log: LogConfig,
}

/// The words for [`Arguments`] if these are of the playground.
pub(super) fn arguments_in(words: &[OsString]) -> Option<Vec<OsString>> {
    let is = |at: usize, word: &str| words.get(at).is_some_and(|found| found == word);
    if is(1, "playground") {
        let own = words.iter().enumerate().filter(|(at, _)| *at != 1);
        return Some(own.map(|(_, word)| word.clone()).collect());
    }
    (is(1, "help") && is(2, "playground")).then(|| vec![words[0].clone(), "--help".into()])
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failed> {
    let stopped = super::run::stop_signal()?;
    tokio::pin!(stopped);
    let clock = Clock::system();
    let place = place(&arguments)?;
    let discord = tokio::select! {
        opened = open(arguments.playground_port, clock.clone()) => opened?,
        () = &mut stopped => return Ok(()),
    };
    if arguments.discord_only {
        say(format_args!(
            "A small Discord is open: {page}  (Ctrl-C closes it)\n\
             For a bot, with a database of its own: BOT_TOKEN={TOKEN} DISCORD_API_URL={url} DB_PATH=data/try.db \
             overwatch-bot run",
            page = discord.page_url(),
            url = discord.url()
        ));
        stopped.await;
    } else {
        match App::start_unless(settings(place, &discord), clock, &mut stopped).await {
            Ok(app) => {
                tokio::select! {
                    () = async {
                        app.ready().await;
                        let url = discord.page_url();
                        say(format_args!("The playground is open: {url}  (Ctrl-C closes it)"));
                        std::future::pending().await
                    } => {}
                    () = &mut stopped => {}
                }
                app.stop().await;
            }
            Err(StartError::Stopped) => {}
            Err(error) => return Err(Failed::to_start(&error)),
        }
    }
    discord.stop().await;
    Ok(())
}

/// The playground's database, if it is its own; nothing is opened before this is known.
fn place(arguments: &Arguments) -> Result<Place, Failed> {
    let path = super::database::path_in(&arguments.db_path).map_err(Failed::Settings)?;
    // Earlier versions did not mark the file that they made there.
    let adopts_unmarked = path == Path::new(DB_PATH);
    if !arguments.discord_only {
        let checked = Owner::Playground { adopts_unmarked }.check(&path);
        checked.map_err(|error| Failed::Settings(error.to_string()))?;
    }
    Ok(Place::Playground {
        path,
        adopts_unmarked,
    })
}

async fn open(port: u16, clock: Clock) -> Result<Discord, Failed> {
    let settings = playground::Settings {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        token: TOKEN.into(),
        clock,
        shards: SHARDS,
        world: World::default(),
    };
    Discord::start(settings).await.map_err(|error| {
        Failed::Other(format!(
            "port {port} cannot be used: {error}; another one can be chosen with --playground-port"
        ))
    })
}

fn settings(place: Place, discord: &Discord) -> Settings {
    let path = place.file().unwrap_or(Path::new(DB_PATH));
    // Only before migrations, and apart from those of a real bot.
    let backups = backup::Settings::in_folder(path.with_extension("backups"));
    Settings {
        token: Secret::new(TOKEN),
        api: Some(discord.url().parse().expect("a plain address")),
        shards: Shards::Auto,
        public_key: None,
        clock_confirmed: None,
        upkeep: Upkeep::new(RETENTION_DAYS, WARN_MB),
        http: None,
        http_token: None,
        database: place,
        backups,
    }
}
