//! `export`: a server's sessions, past and present, as CSV or JSON.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, Utc};

use super::Failed;
use crate::config::Config;
use crate::domain::ids::{GuildId, SessionId};
use crate::store::Database;
use crate::store::history::{HistoryOf, PastSession, Player};

/// Sessions that are read at once.
const PAGE: u32 = 500;
/// The columns of the CSV: one row for every player, or one without a player.
const COLUMNS: [&str; 14] = [
    "session_id",
    "status",
    "mode",
    "teams",
    "start",
    "length_minutes",
    "title",
    "organiser_id",
    "player_id",
    "role",
    "ladder",
    "tier",
    "division",
    "declared_at",
];

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How it is written
    #[arg(long, value_name = "FORMAT")]
    format: Format,

    /// The server's id; in Discord, with developer mode on, "Copy Server ID" on its name
    #[arg(long, value_name = "ID")]
    guild: i64,

    /// Where to; standard output if not given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// One row for every player of every session; opens in any spreadsheet
    Csv,
    /// One array of sessions with their players
    Json,
}

pub(super) async fn run(config: Config, arguments: Arguments) -> Result<(), Failed> {
    let database = Database::read(&super::database::place(&config)?).await?;
    let out: Box<dyn Write> = match &arguments.out {
        Some(path) => Box::new(File::create(path).map_err(|error| {
            Failed::Other(format!("{} cannot be written: {error}", path.display()))
        })?),
        None => Box::new(io::stdout().lock()),
    };
    let mut sink = Sink::new(arguments.format, BufWriter::new(out))?;
    let mut page = HistoryOf {
        guild: GuildId(arguments.guild),
        after: SessionId(0),
        max: PAGE,
    };
    let mut count = 0_usize;
    loop {
        let sessions = database.query(page).await?;
        let Some(last) = sessions.last() else { break };
        page.after = last.id;
        count += sessions.len();
        for session in &sessions {
            sink.write(session)?;
        }
    }
    sink.finish()?;
    eprintln!("{count} sessions");
    Ok(())
}

enum Sink<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Json { out: W, first: bool },
}

impl<W: Write> Sink<W> {
    fn new(format: Format, mut out: W) -> Result<Self, Failed> {
        Ok(match format {
            Format::Csv => {
                let mut csv = csv::Writer::from_writer(out);
                csv.write_record(COLUMNS)?;
                Self::Csv(Box::new(csv))
            }
            Format::Json => {
                write!(out, "[")?;
                Self::Json { out, first: true }
            }
        })
    }

    fn write(&mut self, session: &PastSession) -> Result<(), Failed> {
        match self {
            Self::Csv(csv) if session.players.is_empty() => csv.write_record(row(session, None))?,
            Self::Csv(csv) => {
                for player in &session.players {
                    csv.write_record(row(session, Some(player)))?;
                }
            }
            Self::Json { out, first } => {
                let comma = if std::mem::take(first) { "" } else { "," };
                write!(out, "{comma}\n{}", serde_json::to_string(session)?)?;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Failed> {
        match self {
            Self::Csv(mut csv) => csv.flush()?,
            Self::Json { mut out, .. } => {
                writeln!(out, "\n]")?;
                out.flush()?;
            }
        }
        Ok(())
    }
}

fn row(session: &PastSession, player: Option<&Player>) -> [String; 14] {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let shown = |value: Option<&dyn std::fmt::Display>| match value {
        Some(value) => value.to_string(),
        None => String::new(),
    };
    let organiser = session.organiser.as_ref();
    let user = player.and_then(|player| player.user.as_ref());
    let division = player.and_then(|player| player.division.as_ref());
    let declared = player.and_then(|player| player.declared_at);
    [
        session.id.to_string(),
        session.status.clone(),
        session.mode.clone(),
        session.teams.to_string(),
        iso(session.start),
        session.length_minutes.to_string(),
        harmless(&text(session.title.as_deref())),
        shown(organiser.map(|id| id as &dyn std::fmt::Display)),
        shown(user.map(|id| id as &dyn std::fmt::Display)),
        text(player.map(|player| player.role.as_str())),
        text(player.and_then(|player| player.ladder.as_deref())),
        text(player.and_then(|player| player.tier.as_deref())),
        shown(division.map(|division| division as &dyn std::fmt::Display)),
        declared.map(iso).unwrap_or_default(),
    ]
}

fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What begins like a formula would be one in a spreadsheet; people choose their titles.
fn harmless(title: &str) -> String {
    match title.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{title}"),
        false => title.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_never_a_formula() {
        assert_eq!(harmless("=1+1"), "'=1+1");
        assert_eq!(harmless("Scrim = fun"), "Scrim = fun");
    }
}
