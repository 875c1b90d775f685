//! `export`: a server's sessions, past and present, as CSV or JSON.
//!
//! May touch: the database, read-only, and the file that is asked for. Invariant: ids are text in JSON, since
//! as numbers they would lose digits in most programs; no cell of the CSV is a formula; a database is never
//! written over.

mod target;

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, Utc};

use super::Failed;
use crate::config::Config;
use crate::domain::ids::{GuildId, SessionId};
use crate::domain::text::{Lines, clean};
use crate::store::Database;
use crate::store::history::{HistoryOf, PastSession, Player};
use target::Target;

/// Sessions that are read at once.
const PAGE: u32 = 500;
/// The version of what is written, in JSON and in every row of the CSV. It rises when something is renamed,
/// removed or told in another way, and not when something is added. 1 had ids as numbers.
const VERSION: u32 = 2;
/// What cells that spreadsheets calculate begin with, also as full-width and small characters.
const FORMULA_STARTS: [char; 13] = [
    '=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫', '−',
];
/// The columns of the CSV: one row for every player, or one without a player.
const COLUMNS: [&str; 15] = [
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
    "export_version",
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
    /// One object: its version, the server, and the sessions with their players
    Json,
}

pub(super) async fn run(config: Config, arguments: Arguments) -> Result<(), Failed> {
    let database = Database::read(&super::database::place(&config)?).await;
    let database = database.map_err(|error| Failed::to_open(&error))?;
    let guild = GuildId(arguments.guild);
    let target = Target::open(arguments.out.as_deref())?;
    let mut sink = Sink::new(arguments.format, guild, BufWriter::new(target))?;
    let mut page = HistoryOf {
        guild,
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
    sink.finish()?.keep()?;
    eprintln!("{count} sessions");
    Ok(())
}

enum Sink<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Json { out: W, first: bool },
}

impl<W: Write> Sink<BufWriter<W>> {
    fn new(format: Format, guild: GuildId, mut out: BufWriter<W>) -> Result<Self, Failed> {
        Ok(match format {
            Format::Csv => {
                let mut csv = csv::Writer::from_writer(out);
                csv.write_record(COLUMNS)?;
                Self::Csv(Box::new(csv))
            }
            Format::Json => {
                let guild = guild.to_string();
                write!(
                    out,
                    "{{\n\"format\": \"overwatch-bot history\",\n\"version\": {VERSION},\n\"guild_id\": \"{guild}\",\n\"sessions\": ["
                )?;
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
                write!(out, "{comma}\n{}", serde_json::to_string(&object(session))?)?;
            }
        }
        Ok(())
    }

    /// What was written to, with all of it.
    fn finish(self) -> Result<W, Failed> {
        let out = match self {
            Self::Csv(csv) => csv.into_inner().map_err(|error| error.into_error())?,
            Self::Json { mut out, .. } => {
                writeln!(out, "\n]\n}}")?;
                out
            }
        };
        Ok(out.into_inner().map_err(|error| error.into_error())?)
    }
}

/// A session as it is in JSON.
fn object(session: &PastSession) -> serde_json::Value {
    let player = |player: &Player| {
        serde_json::json!({
            "user_id": player.user.map(|id| id.to_string()),
            "role": player.role,
            "ladder": player.ladder,
            "tier": player.tier,
            "division": player.division,
            "declared_at": player.declared_at.map(iso),
        })
    };
    serde_json::json!({
        "id": session.id.to_string(),
        "status": session.status,
        "mode": session.mode,
        "teams": session.teams,
        "start": iso(session.start),
        "length_minutes": session.length_minutes,
        "title": session.title,
        "organiser_id": session.organiser.map(|id| id.to_string()),
        "players": session.players.iter().map(player).collect::<Vec<_>>(),
    })
}

fn row(session: &PastSession, player: Option<&Player>) -> [String; 15] {
    let text = |value: Option<&str>| harmless(value.unwrap_or_default());
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
        harmless(&session.status),
        harmless(&session.mode),
        session.teams.to_string(),
        iso(session.start),
        session.length_minutes.to_string(),
        text(session.title.as_deref()),
        shown(organiser.map(|id| id as &dyn std::fmt::Display)),
        shown(user.map(|id| id as &dyn std::fmt::Display)),
        text(player.map(|player| player.role.as_str())),
        text(player.and_then(|player| player.ladder.as_deref())),
        text(player.and_then(|player| player.tier.as_deref())),
        shown(division.map(|division| division as &dyn std::fmt::Display)),
        declared.map(iso).unwrap_or_default(),
        VERSION.to_string(),
    ]
}

fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What begins like a formula would be one in a spreadsheet; people choose their titles, and an old file may
/// hold anything. Some spreadsheets take full-width signs for the others, leave out blanks before them, and split
/// rows at semicolons. What cannot be seen is left out first, lest it hide such a sign.
fn harmless(text: &str) -> String {
    let text = clean(text, usize::MAX, Lines::OneLine).unwrap_or_default();
    let mut cell = String::with_capacity(text.len());
    let mut at_start = true;
    for char in text.chars() {
        if at_start && FORMULA_STARTS.contains(&char) {
            cell.push('\'');
        }
        at_start = char == ';' || at_start && char.is_whitespace();
        cell.push(char);
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_never_a_formula() {
        assert_eq!(harmless("=1+1"), "'=1+1");
        for start in FORMULA_STARTS {
            for before in [
                "",
                " ",
                "\u{a0}\u{3000}",
                "\t",
                "\r",
                "\n\n",
                "\u{200b}",
                "\u{feff} \u{202e}",
            ] {
                assert_eq!(
                    harmless(&format!("{before}{start}1+1")),
                    format!("'{start}1+1")
                );
            }
            assert_eq!(
                harmless(&format!("a; {start}1+1")),
                format!("a; '{start}1+1")
            );
        }
        assert_eq!(harmless("Scrim = fun - or @home"), "Scrim = fun - or @home");
        assert_eq!(
            harmless("می\u{200C}خواهم 👨\u{200D}👩\u{200D}👧"),
            "می\u{200C}خواهم 👨\u{200D}👩\u{200D}👧"
        );
        assert_eq!(harmless(""), "");
    }

    #[test]
    fn a_cell_is_one_line_without_what_cannot_be_seen() {
        assert_eq!(harmless("a\r\nb\tc\u{2028}d\u{202E}e"), "a b c de");
    }
}
