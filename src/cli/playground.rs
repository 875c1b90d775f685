//! `playground`: a small Discord on this machine, the real bot connected to it, and a web page; or
//! without the bot, for one that is started otherwise, such as in a container.

use std::net::{Ipv4Addr, SocketAddr};

use super::Failed;
use crate::app::{App, Settings};
use crate::clock::Clock;
use crate::config::{Config, Shards};
use crate::jobs::upkeep::Upkeep;
use crate::playground::{self, Discord, World};
use crate::store::backup;

/// Where the playground keeps its database if nobody says otherwise.
const DB_PATH: &str = "data/playground.db";
/// The token with which the bot comes to the embedded Discord. No secret.
const TOKEN: &str = "playground";
/// Shards that the embedded Discord recommends. Twilight's queue would start a second one five
/// seconds after the first.
const SHARDS: u32 = 1;

#[derive(Debug, clap::Args)]
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

    /// Only the small Discord, to which a bot started elsewhere on this machine can connect
    #[arg(long)]
    discord_only: bool,
}

pub(super) async fn run(config: Config, arguments: Arguments) -> Result<(), Failed> {
    let stopped = super::run::stop_signal()?;
    let clock = Clock::system();
    let discord = open(arguments.playground_port, clock.clone()).await?;
    if arguments.discord_only {
        println!(
            "A small Discord is open: {url}  (Ctrl-C closes it)\n\
             For a bot: BOT_TOKEN={TOKEN} DISCORD_API_URL={url} overwatch-bot run",
            url = discord.url()
        );
        stopped.await;
    } else {
        let app = App::start(settings(config, &discord), clock).await?;
        app.ready().await;
        println!(
            "The playground is open: {}  (Ctrl-C closes it)",
            discord.url()
        );
        stopped.await;
        app.stop().await;
    }
    discord.stop().await;
    Ok(())
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

fn settings(config: Config, discord: &Discord) -> Settings {
    let db_path = config.db_path.unwrap_or_else(|| DB_PATH.into());
    // Apart from the backups of the real bot, and only before migrations.
    let mut backups = backup::Settings::in_folder(db_path.with_extension("backups"));
    backups.litestream = config.backup.litestream;
    Settings {
        token: TOKEN.parse().expect("any text is taken"),
        api: Some(discord.url().parse().expect("a plain address")),
        shards: Shards::Auto,
        public_key: None,
        upkeep: Upkeep::new(config.retention_days, config.db_size_warn_mb),
        http: config.http_addr,
        database: db_path.into(),
        backups,
    }
}
