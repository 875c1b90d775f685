//! `run`: connects to Discord and runs the bot until it is told to stop.

use tokio::signal::unix::{SignalKind, signal};

use super::Failed;
use crate::app::{App, Settings, StartError};
use crate::clock::Clock;
use crate::config::{Config, Shards, check_bot_token};
use crate::discord::gateway::Ending;
use crate::jobs::upkeep::Upkeep;
use crate::secret::Secret;

/// A shorter token for metrics could be guessed, in bytes.
const HTTP_TOKEN_MIN_BYTES: usize = 16;

pub(super) async fn run(config: Config) -> Result<(), Failed> {
    let settings = settings(config.clone())?;
    let stopped = stop_signal()?;
    tokio::pin!(stopped);
    tokio::select! {
        checked = super::backup::check_first_start(&config, &settings.database) => checked?,
        () = &mut stopped => return Ok(()),
    }
    let app = match App::start_unless(settings, Clock::system(), &mut stopped).await {
        Ok(app) => app,
        Err(StartError::Stopped) => {
            tracing::info!("stopped before it had started");
            return Ok(());
        }
        Err(error) => return Err(Failed::to_start(&error)),
    };
    let ready = async {
        app.ready().await;
        tracing::info!("ready");
        std::future::pending::<()>().await;
    };
    let failed = tokio::select! {
        () = ready => None,
        ending = app.ended() => Some(failure_of(&ending)),
        () = app.file_taken_away() => Some(Failed::Other(format!(
            "the database's file was deleted, moved or replaced while the bot ran, and nothing was written \
             since; {}; `overwatch-bot restore` brings it back",
            app.rescue().await
        ))),
        () = &mut stopped => None,
    };
    tracing::info!("stopping");
    app.stop().await;
    failed.map_or(Ok(()), Err)
}

/// What Discord's ending of the connection for good means for the operator.
fn failure_of(ending: &Ending) -> Failed {
    match ending {
        // As at the start: another one does not help.
        Ending::TokenRefused => Failed::Settings(StartError::TokenRefused.to_string()),
        Ending::Other => Failed::Other(
            "Discord has ended the connection for good; the log says why (too few SHARDS, for one)"
                .into(),
        ),
    }
}

/// Returns at Ctrl-C and at SIGTERM.
pub(super) fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

fn settings(config: Config) -> Result<Settings, Failed> {
    let database = super::database::place(&config)?;
    let shards = config.shards.unwrap_or(Shards::Auto);
    let unreachable = over_http(&config, shards);
    let token = config.bot_token.ok_or_else(|| {
        Failed::Settings(
            "BOT_TOKEN is not set; put the bot's token from Discord's developer portal into the \
             environment or into .env, or try `overwatch-bot playground`, which needs none"
                .into(),
        )
    })?;
    check_bot_token(&token).map_err(|wrong| Failed::Settings(format!("BOT_TOKEN {wrong}")))?;
    unreachable?;
    let http_token = http_token(config.http_token)?;
    if database.file().is_some() {
        disk_remembers()?;
    }
    let backups = super::backup::settings(&config.backup);
    Ok(Settings {
        token,
        api: config.discord_api_url,
        shards,
        public_key: config.discord_public_key,
        clock_confirmed: super::clock::day(config.clock_confirmed.as_deref())?,
        upkeep: Upkeep::new(config.retention_days, config.db_size_warn_mb),
        http: config.http_addr,
        http_token,
        database,
        backups,
    })
}

/// The token for metrics, if it is long enough not to be guessed.
fn http_token(token: Option<Secret>) -> Result<Option<Secret>, Failed> {
    match &token {
        Some(token) if token.reveal().len() < HTTP_TOKEN_MIN_BYTES => {
            Err(Failed::Settings(format!(
                "HTTP_TOKEN is shorter than {HTTP_TOKEN_MIN_BYTES} characters; use a random one"
            )))
        }
        _ => Ok(token),
    }
}

/// A Heroku dyno forgets its disk whenever it is moved, so a file there is no place for data.
fn disk_remembers() -> Result<(), Failed> {
    if std::env::var_os("DYNO").is_some_and(|value| !value.is_empty()) {
        return Err(Failed::Settings(
            "this is a Heroku dyno, whose disk is forgotten at every restart, so SQLite would lose \
             everything; add Heroku Postgres, which sets DATABASE_URL"
                .into(),
        ));
    }
    Ok(())
}

/// Refuses what could never be reached: interactions over HTTP without an address, and nothing else.
fn over_http(config: &Config, shards: Shards) -> Result<(), Failed> {
    let refuse = |sentence: &str| Err(Failed::Settings(sentence.into()));
    match (config.discord_public_key, config.http_addr) {
        (Some(_), None) => refuse(
            "DISCORD_PUBLIC_KEY is set and HTTP_ADDR is not; interactions over HTTP need an address \
             such as HTTP_ADDR=0.0.0.0:8080",
        ),
        (None, _) if shards == Shards::None => refuse(
            "SHARDS is none and DISCORD_PUBLIC_KEY is not set; without either no click would ever \
             reach the bot",
        ),
        _ => Ok(()),
    }
}
