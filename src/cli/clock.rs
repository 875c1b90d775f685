//! `clock confirm`: tells the running bot that the machine's clock is right.

use chrono::{NaiveDate, SecondsFormat};

use super::{Failed, say};
use crate::clock::Clock;
use crate::config::Config;
use crate::store;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Copy, Debug, clap::Subcommand)]
enum What {
    /// Trust what the clock shows now: sessions start and end again, people are reminded, and what is old is
    /// deleted. The running bot sees it within seconds, one that is started within ten minutes at its start
    Confirm,
}

pub(super) async fn run(config: Config, arguments: Arguments) -> Result<(), Failed> {
    let place = super::database::place(&config)?;
    let now = Clock::system().now();
    match arguments.what {
        What::Confirm => {
            let confirmed = store::confirm_time(&place, now).await;
            confirmed.map_err(|error| Failed::to_open(&error))?;
            let now = now.to_rfc3339_opts(SecondsFormat::Secs, true);
            say(format_args!(
                "{now} is confirmed; the bot goes on by this clock within seconds"
            ));
            Ok(())
        }
    }
}

/// The day in CLOCK_CONFIRMED; `None` if it is empty or not set.
pub(super) fn day(text: Option<&str>) -> Result<Option<NaiveDate>, Failed> {
    let text = text.filter(|text| !text.is_empty());
    let day = text.map(str::parse::<NaiveDate>).transpose();
    day.map_err(|_| {
        Failed::Settings(
            "CLOCK_CONFIRMED is no day such as 2026-11-28; give the one that the clock shows"
                .into(),
        )
    })
}
