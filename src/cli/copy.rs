//! `copy`: all that is remembered from one database into another one: to PostgreSQL, and back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

use super::database::place_at;
use super::{Failed, say};
use crate::clock::Clock;
use crate::config::Config;
use crate::secret::Secret;
use crate::store::Place;
use crate::store::copy::{self, CopyError, How, Progress};
use crate::store::sqlite::Checkpoints;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where from: sqlite:FILE, or postgres://USER@HOST/NAME; its password comes from DB_PASSWORD, or
    /// stands in the URL in COPY_FROM
    #[arg(long, env = "COPY_FROM", hide_env_values = true, value_name = "URL")]
    from: Secret,

    /// Where to: an empty database, or a file that is not there yet
    #[arg(long, env = "COPY_TO", hide_env_values = true, value_name = "URL")]
    to: Secret,

    /// Copy nothing; tell whether both hold the same
    #[arg(long)]
    compare: bool,
}

pub(super) async fn run(config: Config, arguments: Arguments) -> Result<(), Failed> {
    let place = |name: &str, url: &Secret| {
        let place = place_at(url.reveal(), &config);
        place.map_err(|wrong| Failed::Settings(format!("--{name} cannot be used: {wrong}")))
    };
    let from = place("from", &arguments.from)?;
    let to = place("to", &arguments.to)?;
    let stopped = super::run::stop_signal()?;
    let stop = Arc::new(AtomicBool::new(false));
    let told = stop.clone();
    let compare = arguments.compare;
    let work = tokio::task::spawn_blocking(move || match compare {
        true => compare_both(&from, &to, &told),
        false => copy_all(&config, &from, &to, &told),
    });
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => return done?,
        () = stopped => stop.store(true, Ordering::Relaxed),
    }
    // It ends at the next row, and says so.
    work.await?
}

fn copy_all(config: &Config, from: &Place, to: &Place, stop: &AtomicBool) -> Result<(), Failed> {
    let how = How {
        backups: &config.backup.backup_dir,
        now: Clock::system().now(),
        checkpoints: Checkpoints::with(config.backup.litestream),
        runtime: tokio::runtime::Handle::current(),
    };
    let bar = Bar::default();
    let copied = copy::copy(from, to, &how, &mut |progress| bar.tell(progress, stop));
    bar.0.finish_and_clear();
    let copied = copied.map_err(told)?;
    for one in &copied {
        say(format_args!("  {:<28} {}", one.table, one.sum));
    }
    let rows: u64 = copied.iter().map(|one| one.sum.rows).sum();
    let tables = copied.len();
    say(format_args!(
        "{from} → {to}: {rows} rows in {tables} tables, read back and the same"
    ));
    Ok(())
}

fn compare_both(from: &Place, to: &Place, stop: &AtomicBool) -> Result<(), Failed> {
    let bar = Bar::default();
    let compared = copy::compare(from, to, &mut |progress| bar.tell(progress, stop));
    bar.0.finish_and_clear();
    let compared = compared.map_err(told)?;
    for one in &compared {
        match one.from == one.to {
            true => say(format_args!("  {:<28} {}", one.table, one.from)),
            false => say(format_args!(
                "≠ {:<28} {} there; {} here",
                one.table, one.from, one.to
            )),
        }
    }
    match compared.iter().filter(|one| one.from != one.to).count() {
        0 => Ok(()),
        tables => Err(Failed::Other(format!(
            "{tables} of {} tables differ between {from} and {to}",
            compared.len()
        ))),
    }
}

fn told(error: CopyError) -> Failed {
    Failed::Other(error.to_string())
}

/// How far it is, where somebody looks at a terminal.
struct Bar(ProgressBar);

impl Default for Bar {
    fn default() -> Self {
        Self(ProgressBar::new(0).with_style(style()))
    }
}

impl Bar {
    fn tell(&self, progress: Progress, stop: &AtomicBool) -> bool {
        let what = match progress.copying {
            true => "copying",
            false => "comparing",
        };
        self.0.set_message(what);
        self.0.set_length(progress.all);
        self.0.set_position(progress.done);
        !stop.load(Ordering::Relaxed)
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{msg} {wide_bar} {human_pos} of {human_len} rows, {elapsed}")
        .expect("a test makes this style")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_progress_bar_can_be_drawn() {
        super::style();
    }
}
