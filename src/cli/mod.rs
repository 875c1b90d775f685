//! The command line: one file a subcommand.
//!
//! May touch: everything; only here a real clock is made. Invariant: exit code 0 is success, 1 a
//! failure that is told in a sentence, 2 a setting that is missing or malformed.

mod backup;
mod check;
mod clock;
mod copy;
mod core_dump;
mod database;
mod export;
mod log;
mod migrate;
mod optimize;
mod playground;
mod restore;
mod run;
mod simulate;
#[cfg(feature = "torture")]
mod torture;

use std::ffi::OsString;
use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::app::StartError;
use crate::config::{Config, LogConfig, SECRET_SETTINGS, known_secrets, seen_by_everybody};
use crate::secret::Redactor;
use crate::store::OpenError;

/// The exit code for failures that a restart cannot fix.
const EXIT_SETTINGS: u8 = 2;

/// A Discord bot with which Overwatch communities schedule sessions, fill queues and keep their
/// data safe.
///
/// Settings come from the command line, the environment, or a file named .env in the present
/// folder, in this order; secrets only from the latter two. `playground` has settings of its own.
#[derive(Debug, clap::Parser)]
#[command(version, about, max_term_width = 100, after_help = secrets_help())]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    config: Config,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Connect to Discord and run the bot; the default
    Run,
    /// Back the database up, also beside a running bot
    Backup(backup::Arguments),
    /// Put a backup in the place of the database; what is there is set aside
    Restore(restore::Arguments),
    /// Bring the database up to date, or adopt that of an existing installation, without starting
    /// the bot
    Migrate,
    /// Try the bot without a token: a small Discord on this machine, and a web page to use it with
    #[command(disable_help_flag = true)]
    Playground(Misplaced),
    /// Check the settings, clock, disk, database, backups, permissions and object store
    Check(check::Arguments),
    /// Confirm that the machine's clock is right, where the bot doubts it
    Clock(clock::Arguments),
    /// Write a server's sessions, past and present, as CSV or JSON
    Export(export::Arguments),
    /// Copy everything from one database into another, empty one: to PostgreSQL, and back
    Copy(copy::Arguments),
    /// Make the database file as small as it can be; the bot must be stopped
    Optimize,
    /// Measure what one process carries: shards, communities and clicks of a small Discord on this
    /// machine; no database in use is touched
    Simulate(simulate::Arguments),
}

/// What follows a `playground` that is not the first word.
#[derive(Debug, clap::Args)]
struct Misplaced {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    _words: Vec<OsString>,
}

/// What a subcommand can come to.
pub(crate) enum Failed {
    /// A setting is missing or malformed.
    Settings(String),
    /// Anything else.
    Other(String),
}

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Other(error.to_string())
    }
}

impl Failed {
    /// Of a database that was not opened, as [`Failed::to_start`].
    fn to_open(error: &OpenError) -> Self {
        match error.is_setting() {
            true => Self::Settings(error.to_string()),
            false => Self::Other(error.to_string()),
        }
    }

    /// Of a bot that did not start. A setting that is wrong is told apart: a restart would not help.
    fn to_start(error: &StartError) -> Self {
        match error {
            StartError::TokenRefused => Self::Settings(error.to_string()),
            StartError::Database(error) => Self::to_open(error),
            _ => Self::Other(error.to_string()),
        }
    }
}

/// Parses the arguments and does what they say.
pub fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    core_dump::switch_off(&words);
    if let Some(sentence) = seen_by_everybody(words.iter().skip(1).filter_map(|word| word.to_str()))
    {
        return complain(&Failed::Settings(sentence));
    }
    #[cfg(feature = "torture")]
    if let Some(code) = torture::main(&words) {
        return code;
    }
    match playground::arguments_in(&words) {
        None => run_with_settings(),
        Some(words) => match playground::Arguments::try_parse_from(words) {
            Ok(arguments) => run_to_end(&arguments.log.clone(), playground::run(arguments)),
            Err(error) => refuse(&error),
        },
    }
}

/// Does what the arguments say, with the settings of the bot.
fn run_with_settings() -> ExitCode {
    // A .env that is not there is no mistake; one that cannot be read is.
    if let Err(error) = dotenvy::dotenv()
        && !error.not_found()
    {
        return complain(&Failed::Settings(env_file_complaint(&error)));
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    run_to_end(&arguments.config.log.clone(), async {
        match arguments.command.unwrap_or(Command::Run) {
            Command::Run => run::run(arguments.config).await,
            Command::Backup(own) => backup::run(arguments.config, own).await,
            Command::Restore(own) => restore::run(arguments.config, own).await,
            Command::Migrate => migrate::run(arguments.config).await,
            Command::Check(own) => check::run(arguments.config, own).await,
            Command::Clock(own) => clock::run(arguments.config, own).await,
            Command::Export(own) => export::run(arguments.config, own).await,
            Command::Optimize => optimize::run(arguments.config).await,
            Command::Copy(own) => copy::run(arguments.config, own).await,
            Command::Simulate(own) => simulate::run(arguments.config, own).await,
            Command::Playground(_) => Err(Failed::Settings(playground::MISPLACED.into())),
        }
    })
}

/// Sets up what every subcommand needs, and runs it.
fn run_to_end(log: &LogConfig, work: impl Future<Output = Result<(), Failed>>) -> ExitCode {
    log::begin(log);
    install_crypto();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error.into()),
    };
    let done = runtime.block_on(work);
    // What is left is a backup that was interrupted at most; the next one sweeps up after it.
    runtime.shutdown_background();
    done.map_or_else(|failed| complain(&failed), |()| ExitCode::SUCCESS)
}

/// Says which line of the file is wrong and not what is in it: it may be the token.
fn env_file_complaint(error: &dotenvy::Error) -> String {
    match error {
        dotenvy::Error::LineParse(_, at) => format!(
            "the file .env cannot be read: a line is not NAME=value (around its character {at})"
        ),
        dotenvy::Error::Io(error) => format!("the file .env cannot be read: {error}"),
        _ => "the file .env cannot be read".into(),
    }
}

/// TLS needs one provider of cryptography, chosen once.
fn install_crypto() {
    // Installed already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Help and version go out as they are; a malformed setting becomes one sentence.
fn refuse(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // Nobody reads: nothing to do about it.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        _ => {
            let text = error.to_string();
            let sentence = text
                .lines()
                .next()
                .unwrap_or_default()
                .trim_start_matches("error: ");
            complain(&Failed::Settings(format!(
                "{sentence}; --help shows every setting"
            )))
        }
    }
}

/// Prints a line. That nobody reads on, as behind `| head`, is no failure.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Says why in a line, which may have the text of any error in it.
fn complain(failed: &Failed) -> ExitCode {
    let (sentence, code) = match failed {
        Failed::Settings(sentence) => (sentence, ExitCode::from(EXIT_SETTINGS)),
        Failed::Other(sentence) => (sentence, ExitCode::FAILURE),
    };
    let redactor = Redactor::new(known_secrets());
    eprintln!("overwatch-bot: {}", redactor.redact(sentence));
    code
}

/// The settings that are no options.
fn secrets_help() -> String {
    let mut help = "Secrets, from the environment or .env only, since all users of a machine can read command \
                    lines:"
        .to_owned();
    for setting in SECRET_SETTINGS {
        help += &format!("\n  {}\n          {}\n", setting.name, setting.help);
    }
    help
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    const README: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
        playground::Arguments::command().debug_assert();
    }

    #[test]
    fn the_readme_names_every_setting_and_every_subcommand() {
        let command = Arguments::command();
        let subcommands: Vec<_> = command.get_subcommands().collect();
        let settings = subcommands
            .iter()
            .flat_map(|command| command.get_arguments());
        let playgrounds = playground::Arguments::command();
        let settings = settings.chain(playgrounds.get_arguments());
        let options = command.get_arguments().chain(settings);
        let options = options.filter_map(|setting| setting.get_env()?.to_str());
        for name in options.chain(SECRET_SETTINGS.map(|setting| setting.name)) {
            // The three of a family share a line.
            let family = name
                .strip_prefix("BACKUP_KEEP_")
                .map(|which| format!("_{which}`"));
            let named = README.contains(&format!("`{name}`"));
            assert!(
                named || family.is_some_and(|which| README.contains(&which)),
                "{name}"
            );
        }
        for name in subcommands.iter().map(|command| command.get_name()) {
            assert!(README.contains(&format!("| `{name}`")), "{name}");
        }
    }
}
