//! The card of a session: one message that tells the truth about it.
//!
//! Pure. Invariant: rendered from one snapshot, within Discord's limits however many are in and
//! whatever they typed.

use chrono::{DateTime, Utc};
use twilight_model::channel::message::Embed;
use twilight_model::channel::message::component::{ButtonStyle, Component};
use twilight_util::builder::embed::{EmbedBuilder, EmbedFieldBuilder, EmbedFooterBuilder};

mod plain;

use super::reply::{Message, button};
use super::session::{length, limits};
use super::teams;
use super::text::{escape, long_time, relative_time, truncate, units};
use super::{admission, check_in, missing};
use crate::domain::admission::Admission;
use crate::domain::ladder::Ladder;
use crate::domain::mode::Mode;
use crate::domain::queue::{Entry, Place};
use crate::domain::rank::DeclaredRank;
use crate::domain::role::{Role, Roles};
use crate::domain::session::{Session, Status};
use crate::domain::teams::{Draft, draft};
use crate::domain::text::{Lines, clean};
use crate::store::queue::SessionView;

pub use plain::in_words;

/// Characters of all of an embed's texts together.
pub const EMBED_MAX_CHARS: usize = 6_000;
/// Characters of an embed's title and of a field's name.
pub const EMBED_TITLE_MAX_CHARS: usize = 256;
/// Characters of a field's value.
pub const FIELD_MAX_CHARS: usize = 1_024;
/// Characters of the description on the card: all of it, unless most of them had to be escaped.
const DESCRIPTION_SHOWN_MAX_CHARS: usize = 2_400;
/// Characters of the reason for cancelling on the card.
const REASON_SHOWN_MAX_CHARS: usize = 900;
/// Characters of "… and 2000 more".
const MORE_MAX_CHARS: usize = 24;
/// Marks a rank that was declared more than a season ago.
pub const STALE_MARK: &str = "⌛";
/// Marks somebody who streams.
pub const STREAM_MARK: &str = "📺";
/// Marks somebody who has said that they are there.
const HERE_MARK: &str = "☑️";
/// What the marks mean.
const LEGEND: [&str; 3] = ["📺 streams", "☑️ is there", "⌛ declared over a season ago"];
const LEGEND_SEPARATOR: &str = " · ";

/// The card as of `now`.
pub fn render(view: &SessionView, now: DateTime<Utc>) -> Message {
    let message = Message::embed(embed(view, now));
    let message = match buttons(view) {
        buttons if buttons.is_empty() => message,
        buttons => message.row(buttons),
    };
    // What those who are in, or are asked, are to answer: here too, since not everybody takes
    // direct messages.
    let mut answers: Vec<_> = check_in::on_card(view, now).into_iter().collect();
    answers.extend(admission::on_card(view));
    if answers.is_empty() {
        message
    } else {
        message.row(answers)
    }
}

/// What stands on the card as of `now`.
pub fn embed(view: &SessionView, now: DateTime<Utc>) -> Embed {
    let session = &view.session;
    let mut card = Card::new(session);
    card.field("When", &when(session), false);
    card.field("Mode", &mode(session), true);
    card.field("State", state(session.status), true);
    way_in(&mut card, session);
    if let Some(check_in) = check_in::line(view, now) {
        card.field("Check-in", &check_in, false);
    }
    if let Some(limits) = limits(&session.plan.limits) {
        card.field("Ranks", &limits, true);
    }
    card.field("Organiser", &organisers(session), true);
    if let Some(reason) = &session.cancel_reason {
        card.list("Why", 1, [escape(reason)], REASON_SHOWN_MAX_CHARS);
    }
    line_up(&mut card, view, now);
    if session.status.is_alive() {
        card.field("Missing", &missing::brief(view), false);
        card.describe(&session.plan.description);
        let count = view.queue.waiting().count();
        let waiting = view
            .queue
            .waiting()
            .map(|entry| waiting_line(session, entry, now));
        card.list(
            &format!("Waiting ({count})"),
            count,
            waiting,
            FIELD_MAX_CHARS,
        );
    } else {
        card.describe(&session.plan.description);
    }
    card.finish()
}

/// Who leads it: "@Ana with @Bo and @Cy".
pub fn organisers(session: &Session) -> String {
    let organiser = session.organiser.map(|user| format!("<@{user}>"));
    let organiser = organiser.unwrap_or_else(|| "*has left*".to_owned());
    let helpers = session.co_organisers.iter();
    let helpers: Vec<_> = helpers.map(|user| format!("<@{user}>")).collect();
    if helpers.is_empty() {
        organiser
    } else {
        format!("{organiser} with {}", join_words(&helpers))
    }
}

/// Words as a list: "a, b and c".
pub fn join_words(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// A status in words.
pub fn state(status: Status) -> &'static str {
    match status {
        Status::Open => "🟢 Open: press *Join*",
        Status::Closed => "🔒 The queue is closed",
        Status::Started => "▶️ Under way",
        Status::Completed => "🏁 Over",
        Status::Cancelled => "❌ Cancelled",
    }
}

/// A declared rank in words, marked if it is stale.
pub fn rank(declared: &DeclaredRank, now: DateTime<Utc>) -> String {
    if declared.is_stale(now) {
        format!("{} {STALE_MARK}", declared.rank)
    } else {
        declared.rank.to_string()
    }
}

/// The roles that somebody offers, each with their best rank for it: "Tank Diamond 3, Support";
/// or, where all roles have one ladder, "Tank, Support · Diamond 3".
pub fn offered(mode: Mode, entry: &Entry, now: DateTime<Utc>) -> String {
    let best = |ladder: Ladder| {
        let ranks = entry
            .accounts
            .iter()
            .filter_map(|account| account.ranks.get(&ladder));
        ranks.max_by_key(|declared| declared.rank)
    };
    if let Some(ladder) = only_ladder(mode) {
        let ranked = best(ladder).map(|declared| format!(" · {}", rank(declared, now)));
        return format!("{}{}", roles(entry.roles), ranked.unwrap_or_default());
    }
    let with_rank = |role: Role| {
        let declared = mode
            .roles()
            .contains(role)
            .then(|| best(mode.ladder(role)))
            .flatten();
        match declared {
            Some(declared) => format!("{role} {}", rank(declared, now)),
            None => role.to_string(),
        }
    };
    let parts: Vec<_> = entry.roles.iter().map(with_rank).collect();
    parts.join(", ")
}

/// Who was accepted, with role and rank, as one line.
pub fn accepted_line(
    session: &Session,
    entry: &Entry,
    place: &Place,
    now: DateTime<Utc>,
) -> String {
    let (player, role) = (entry.person.id, place.role);
    format!("<@{player}> · {role}{}", played(session, entry, place, now))
}

/// The rank that somebody plays with in a place, and whether they stream: " · Diamond 3 📺".
fn played(session: &Session, entry: &Entry, place: &Place, now: DateTime<Utc>) -> String {
    let ladder = session.plan.mode.ladder(place.role);
    let account = entry
        .accounts
        .iter()
        .find(|account| Some(account.id) == place.account);
    let declared = account.and_then(|account| account.ranks.get(&ladder));
    let rank = declared.map(|declared| format!(" · {}", rank(declared, now)));
    rank.unwrap_or_default() + &here(entry) + &streams(entry)
}

fn here(entry: &Entry) -> String {
    if entry.checked_in {
        format!(" {HERE_MARK}")
    } else {
        String::new()
    }
}

fn waiting_line(session: &Session, entry: &Entry, now: DateTime<Utc>) -> String {
    let offered = offered(session.plan.mode, entry, now);
    format!("<@{}> · {offered}{}", entry.person.id, streams(entry))
}

fn streams(entry: &Entry) -> String {
    if entry.streaming {
        format!(" {STREAM_MARK}")
    } else {
        String::new()
    }
}

fn roles(roles: Roles) -> String {
    if roles.len() == Role::ALL.len() {
        "anything".to_owned()
    } else {
        roles.to_string()
    }
}

fn only_ladder(mode: Mode) -> Option<Ladder> {
    let mut ladders = mode.roles().iter().map(|role| mode.ladder(role));
    let first = ladders.next()?;
    ladders.all(|ladder| ladder == first).then_some(first)
}

fn when(session: &Session) -> String {
    let plan = &session.plan;
    format!(
        "{} ({})\n{}, until <t:{}:t>",
        long_time(plan.at),
        relative_time(plan.at),
        length(plan.length_minutes),
        plan.ends_at().timestamp()
    )
}

fn mode(session: &Session) -> String {
    let teams = if session.plan.teams == 1 {
        "one team"
    } else {
        "two teams"
    };
    format!("{}, {teams}", session.plan.mode)
}

/// How people get their places, unless the organiser picks, as people expect.
fn way_in(card: &mut Card, session: &Session) {
    if session.plan.admission != Admission::Organiser && session.status.is_alive() {
        card.field("Places", admission::label(session.plan.admission), true);
    }
}

/// Who is in: a field for each role where roles are fixed, else one for all.
fn line_up(card: &mut Card, view: &SessionView, now: DateTime<Utc>) {
    if view.teams.shown() {
        for (name, value) in teams::on_card(view) {
            card.list(&name, 1, [value], FIELD_MAX_CHARS);
        }
        return;
    }
    let (session, mode) = (&view.session, view.session.plan.mode);
    let places = mode.places(session.plan.teams);
    let taken = view.queue.roles().len();
    // Roles that the mode does not have: only sessions of an older bot can hold them.
    let others = |role: Role| !mode.roles().contains(role);
    if mode.asks_roles() {
        for role in mode.roles().iter() {
            let slots = mode.slots(role);
            let teams = u32::from(session.plan.teams);
            let count = view.queue.roles().iter().filter(|is| **is == role).count();
            let name = if slots.min == slots.max {
                format!("{role} {count}/{}", u32::from(slots.max) * teams)
            } else {
                format!("{role} {count}")
            };
            in_role(card, view, &name, Some(role), |is| is == role, now);
        }
        if view.queue.roles().into_iter().any(others) {
            in_role(card, view, "Also in", None, others, now);
        }
    } else {
        in_role(
            card,
            view,
            &format!("Players {taken}/{places}"),
            None,
            |_| true,
            now,
        );
    }
}

/// A field of those whose role is `wanted`; their lines do not repeat the role that the field is of.
fn in_role(
    card: &mut Card,
    view: &SessionView,
    name: &str,
    of: Option<Role>,
    wanted: impl Fn(Role) -> bool,
    now: DateTime<Utc>,
) {
    let session = &view.session;
    let present = view
        .queue
        .accepted()
        .filter(|(_, place)| wanted(place.role))
        .map(|(entry, place)| match of {
            Some(_) => {
                let player = entry.person.id;
                format!("<@{player}>{}", played(session, entry, place, now))
            }
            None => accepted_line(session, entry, place, now),
        });
    let forgotten = view.queue.forgotten.iter().filter(|role| wanted(**role));
    let forgotten = forgotten.map(|role| match of {
        Some(_) => "*somebody who has left*".to_owned(),
        None => format!("*somebody who has left* · {role}"),
    });
    let lines: Vec<_> = present.chain(forgotten).collect();
    let asks_roles = session.plan.mode.asks_roles();
    // Two teams of one role are four players: half of a field's limit is plenty for them.
    let max = if asks_roles {
        FIELD_MAX_CHARS / 2
    } else {
        FIELD_MAX_CHARS
    };
    if lines.is_empty() {
        card.field(name, "—", asks_roles);
    } else {
        card.list(name, lines.len(), lines, max);
    }
}

fn buttons(view: &SessionView) -> Vec<Component> {
    let session = &view.session;
    let id = session.id;
    let join = button(format!("join:{id}"), "Join", ButtonStyle::Success);
    let others = [
        button(format!("leave:{id}"), "Leave", ButtonStyle::Secondary),
        button(
            format!("streaming:{id}"),
            "Streaming",
            ButtonStyle::Secondary,
        ),
        button(format!("manage:{id}"), "Manage", ButtonStyle::Secondary),
    ];
    let picking = draft(session, &view.queue, &view.teams);
    let pick = matches!(picking, Some(Draft::Turn(_))).then(|| {
        button(
            format!("{}:{id}", teams::DRAFT),
            "Pick",
            ButtonStyle::Primary,
        )
    });
    match session.status {
        Status::Open => std::iter::once(join).chain(others).chain(pick).collect(),
        Status::Closed | Status::Started => others.into_iter().chain(pick).collect(),
        Status::Completed | Status::Cancelled => Vec::new(),
    }
}

fn colour(status: Status) -> u32 {
    match status {
        Status::Open => 0x3b_a5_5d,
        Status::Closed => 0xfa_a6_1a,
        Status::Started => 0x58_65_f2,
        Status::Completed => 0x74_7f_8d,
        Status::Cancelled => 0xed_42_45,
    }
}

/// An embed in the making that never grows beyond [`EMBED_MAX_CHARS`].
struct Card {
    embed: EmbedBuilder,
    left: usize,
    /// The parts of the legend that are needed.
    marked: Vec<&'static str>,
}

impl Card {
    fn new(session: &Session) -> Self {
        let legend = LEGEND.join(LEGEND_SEPARATOR);
        let mut card = Self {
            embed: EmbedBuilder::new().color(colour(session.status)),
            left: EMBED_MAX_CHARS - units(&legend),
            marked: Vec::new(),
        };
        let title = card.take(&escape(&session.plan.title), EMBED_TITLE_MAX_CHARS);
        card.embed = card.embed.title(title);
        card
    }

    fn describe(&mut self, description: &str) {
        // An earlier version kept any number of lines.
        let text = clean(description, usize::MAX, Lines::Many).unwrap_or_default();
        let text = self.take(&escape(&text), DESCRIPTION_SHOWN_MAX_CHARS);
        if !text.is_empty() {
            self.change(|embed| embed.description(text));
        }
    }

    /// A field of our own words.
    fn field(&mut self, name: &str, value: &str, inline: bool) {
        if self.left < units(name) + MORE_MAX_CHARS {
            return;
        }
        let name = self.take(name, EMBED_TITLE_MAX_CHARS);
        let value = self.take(value, FIELD_MAX_CHARS);
        let field = EmbedFieldBuilder::new(name, value);
        let field = if inline { field.inline() } else { field };
        self.change(|embed| embed.field(field));
    }

    /// A field of `count` lines, of which as many are shown as `max_chars` and the embed hold.
    fn list(
        &mut self,
        name: &str,
        count: usize,
        lines: impl IntoIterator<Item = String>,
        max_chars: usize,
    ) {
        let room = self.left.saturating_sub(units(name));
        let text = fitting(count, lines, max_chars.min(room));
        if !text.is_empty() {
            for meaning in LEGEND {
                let mark = meaning.split(' ').next().unwrap_or_default();
                if text.contains(mark) && !self.marked.contains(&meaning) {
                    self.marked.push(meaning);
                }
            }
            self.field(name, &text, false);
        }
    }

    fn finish(self) -> Embed {
        if self.marked.is_empty() {
            return self.embed.build();
        }
        let footer = EmbedFooterBuilder::new(self.marked.join(LEGEND_SEPARATOR));
        self.embed.footer(footer).build()
    }

    fn change(&mut self, change: impl FnOnce(EmbedBuilder) -> EmbedBuilder) {
        let embed = std::mem::take(&mut self.embed);
        self.embed = change(embed);
    }

    /// The beginning of `text` that there is room for.
    fn take(&mut self, text: &str, max_chars: usize) -> String {
        let max_chars = max_chars.min(self.left);
        if max_chars == 0 {
            return String::new();
        }
        let text = truncate(text, max_chars);
        self.left -= units(&text);
        text
    }
}

/// As many of the `count` lines as fit into `max_chars`, and how many more there are. Counted in
/// UTF-16 units, of which there are never fewer than characters.
pub fn fitting(count: usize, lines: impl IntoIterator<Item = String>, max_chars: usize) -> String {
    let (mut text, mut used) = (String::new(), 0);
    for (at, line) in lines.into_iter().enumerate() {
        let left = count.saturating_sub(at + 1);
        let reserved = if left == 0 { 0 } else { MORE_MAX_CHARS };
        let length = units(&line) + 1;
        if used + length + reserved > max_chars {
            // A single line that is too long is better shown in part than not at all.
            let rest = if at == 0 && count == 1 {
                truncate(&line, max_chars)
            } else {
                format!("… and {} more", count - at)
            };
            if units(&rest) + used <= max_chars {
                text.push_str(&rest);
            }
            break;
        }
        text.push_str(&line);
        text.push('\n');
        used += length;
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests;
