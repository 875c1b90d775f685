//! `/session history`: what was done about a session, by whom, on whom.
//!
//! May touch: the store. Invariant: only those see it who may manage the session; people stand in
//! it as mentions that notify nobody.

use twilight_model::channel::message::component::ButtonStyle;
use twilight_util::builder::embed::{EmbedBuilder, EmbedFooterBuilder};

use super::super::card::{EMBED_TITLE_MAX_CHARS, join_words};
use super::super::click::{Click, Pressed};
use super::super::feature::{Context, Fault};
use super::super::reply::{Message, Reply, button};
use super::super::text::{escape, truncate};
use super::pick::{Purpose, find, id, managed};
use super::reopen::reopen_button;
use super::words::IN_A_SERVER;
use crate::domain::extras::Extra;
use crate::domain::ids::UserId;
use crate::domain::log::{Action, Aspect, Beyond, Capacity, Record, TeamsDeed, Whom};
use crate::domain::session::{Actor, Session, Status};
use crate::store::log::{LogPage, ViewLog};

/// `history:SESSION:PAGE[:PLACE]`: turns the page; with a place of the dashboard there is a way
/// back to it.
pub const PAGE: &str = "history";
/// Records on one page.
const PER_PAGE: u32 = 10;
/// Characters of one record: with all of a page it stays within an embed's description.
const RECORD_MAX_CHARS: usize = 400;

pub(super) async fn run(
    ctx: &Context,
    click: &Click,
    actor: &Actor,
    typed: &str,
) -> Result<Reply, Fault> {
    let session = match find(ctx, click, actor, Purpose::Review, typed).await? {
        Ok(session) => session,
        Err(sentence) => return Ok(Reply::text(sentence)),
    };
    Ok(Reply::Say(page(ctx, &session, 0, None).await?))
}

pub(super) async fn turn(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let Some(actor) = click.actor() else {
        return Ok(Reply::text(IN_A_SERVER));
    };
    let mut args = pressed.args.split(':');
    let session = args.next().and_then(id);
    let number = args.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    let place = args.next();
    let session = match managed(&ctx, &actor, session).await? {
        Ok(session) => session,
        Err(sentence) => return Ok(Reply::text(sentence)),
    };
    Ok(Reply::Update(page(&ctx, &session, number, place).await?))
}

/// Page `number`, counted from 0, or the last one if there are fewer.
async fn page(
    ctx: &Context,
    session: &Session,
    number: u32,
    place: Option<&str>,
) -> Result<Message, Fault> {
    let view = ViewLog {
        session: session.id,
        per_page: PER_PAGE,
        page: number,
    };
    Ok(message(session, &ctx.query(view).await?, place))
}

fn message(session: &Session, log: &LogPage, place: Option<&str>) -> Message {
    let records = log.records.iter().map(line);
    let records: Vec<_> = records
        .map(|line| truncate(&line, RECORD_MAX_CHARS))
        .collect();
    let text = if records.is_empty() {
        "Nothing is on record yet.".to_owned()
    } else {
        records.join("\n")
    };
    let title = format!("History: {}", escape(&session.plan.title));
    let mut embed = EmbedBuilder::new()
        .title(truncate(&title, EMBED_TITLE_MAX_CHARS))
        .description(text);
    if log.pages > 1 {
        let footer = format!("Page {} of {}", log.page + 1, log.pages);
        embed = embed.footer(EmbedFooterBuilder::new(footer));
    }
    let message = Message::embed(embed.build());
    match buttons(session, log, place) {
        buttons if buttons.is_empty() => message,
        buttons => message.row(buttons),
    }
}

fn buttons(
    session: &Session,
    log: &LogPage,
    place: Option<&str>,
) -> Vec<twilight_model::channel::message::Component> {
    let id = session.id;
    let suffix = place.map_or(String::new(), |place| format!(":{place}"));
    let turn = |to: u32, label| {
        let id = format!("{PAGE}:{id}:{to}{suffix}");
        button(id, label, ButtonStyle::Secondary)
    };
    let mut buttons = Vec::new();
    if log.page > 0 {
        buttons.push(turn(log.page - 1, "◀ Later"));
    }
    if log.page + 1 < log.pages {
        buttons.push(turn(log.page + 1, "Earlier ▶"));
    }
    if session.status == Status::Cancelled {
        buttons.push(reopen_button(id));
    }
    if let Some(place) = place {
        let back = format!("manage:{id}:{place}");
        buttons.push(button(back, "Back to the queue", ButtonStyle::Secondary));
    }
    buttons
}

/// "27 November 2026 20:00 @Ana (administrator) accepted @Bo as Tank · ⚠️ override".
fn line(record: &Record) -> String {
    let by = record.by.map_or("*the bot*".to_owned(), named);
    let mut line = format!(
        "<t:{}:f> {by}{} {}",
        record.at.timestamp(),
        capacity(record.capacity),
        what(record)
    );
    if record.overridden {
        line.push_str(" · ⚠️ **override**");
    }
    if !record.reason.is_empty() {
        line = format!("{line}: “{}”", escape(&record.reason).replace('\n', " "));
    }
    line
}

fn named(whom: Whom) -> String {
    match whom {
        Whom::User(UserId(id)) => format!("<@{id}>"),
        Whom::Forgotten => "*somebody who has left*".to_owned(),
    }
}

fn capacity(capacity: Capacity) -> &'static str {
    match capacity {
        Capacity::Organiser | Capacity::Itself => "",
        Capacity::CoOrganiser => " (co-organiser)",
        Capacity::Manager => " (manages events)",
        Capacity::Administrator => " (administrator)",
        Capacity::Player => " (player)",
    }
}

fn what(record: &Record) -> String {
    let whom = |whom: Option<Whom>| whom.map_or("nobody".to_owned(), named);
    let (subject, other) = (whom(record.subject), whom(record.other));
    match &record.action {
        Action::Created => "planned it".to_owned(),
        Action::Edited { what, moved } => {
            let what: Vec<_> = what.iter().map(|aspect| aspect_word(*aspect)).collect();
            let moved = moved.map(|(from, to)| {
                let (from, to) = (from.timestamp(), to.timestamp());
                format!(" (<t:{from}:f> → <t:{to}:f>)")
            });
            format!("changed {}{}", join_words(&what), moved.unwrap_or_default())
        }
        Action::Switched { extra, on } => switched(*extra, *on).to_owned(),
        Action::Opened => "opened the queue".to_owned(),
        Action::Closed => "closed the queue".to_owned(),
        Action::Started { planned, .. } => {
            format!("started it, planned for <t:{}:f>", planned.timestamp())
        }
        Action::StartTakenBack => "took the start back".to_owned(),
        Action::Cancelled { .. } => "cancelled it".to_owned(),
        Action::Reopened => "let it take place after all".to_owned(),
        Action::Accepted { role, beyond } => {
            let beyond = match beyond {
                None => "",
                Some(Beyond::Rank) => ", outside the rank limit",
                Some(Beyond::Cap) => ", beyond the cap on the role",
            };
            format!("accepted {subject} as {role}{beyond}")
        }
        Action::Offered { role } => format!("offered {subject} a place as {role}"),
        Action::Rejected => format!("turned {subject} down"),
        Action::TakenBack { role: Some(role) } => {
            format!("took back the place of {subject} as {role}")
        }
        Action::TakenBack { role: None } => format!("let {subject} wait again"),
        Action::Replaced { role } => format!("gave {subject} the place of {other} as {role}"),
        Action::Exchanged {
            role,
            other: other_role,
        } => format!("put {subject} on {role} and {other} on {other_role}"),
        Action::CoOrganiserAdded => format!("made {subject} a co-organiser"),
        Action::CoOrganiserRemoved => format!("took {subject} out of the co-organisers"),
        Action::Teams { what } => teams_deed(*what, &subject, &other),
        Action::CallPosted { channel } => format!("looked for players in <#{channel}>"),
        Action::CallClosed { channel } => format!("stopped looking in <#{channel}>"),
        Action::CardMoved { channel } => format!("took the card to <#{channel}>"),
    }
}

fn switched(extra: Extra, on: bool) -> &'static str {
    match (extra, on) {
        (Extra::Thread, true) => "asked for a thread",
        (Extra::Thread, false) => "did away with the thread",
        (Extra::Event, true) => "asked for an event",
        (Extra::Event, false) => "did away with the event",
    }
}

fn teams_deed(what: TeamsDeed, subject: &str, other: &str) -> String {
    match what {
        TeamsDeed::Made => "made the teams".to_owned(),
        TeamsDeed::Misplaced => {
            format!("gave {subject} a role on the teams for which no rank of theirs fits")
        }
        TeamsDeed::Swapped => format!("swapped {subject} and {other} on the teams"),
        TeamsDeed::Moved => format!("moved {subject} on the teams"),
        TeamsDeed::Published => "published the teams".to_owned(),
        TeamsDeed::Hidden => "took the teams off the card".to_owned(),
        TeamsDeed::Cleared => "took the teams back".to_owned(),
        TeamsDeed::Drafted => format!("let {subject} and {other} pick the teams"),
        TeamsDeed::Picked => format!("picked {subject}"),
        TeamsDeed::Tied => format!("said whether {subject} and {other} play together"),
    }
}

fn aspect_word(aspect: Aspect) -> String {
    match aspect {
        Aspect::Mode => "the mode",
        Aspect::Teams => "the teams",
        Aspect::Start => "the start",
        Aspect::Zone => "the time zone",
        Aspect::Length => "the length",
        Aspect::Title => "the title",
        Aspect::Description => "the description",
        Aspect::Limits => "the rank limits",
        Aspect::Admission => "who gets the places",
        Aspect::CheckIn => "the check-in",
    }
    .to_owned()
}
