//! What the organiser sees: the queue in pages, and (`player`) one player at a time.
//!
//! Pure. Invariant: rendered from one snapshot; all that a button needs to know is in its id.

mod player;

use chrono::{DateTime, Utc};
use twilight_model::channel::message::component::{ButtonStyle, Component, SelectMenuOption};
use twilight_util::builder::embed::{EmbedBuilder, EmbedFieldBuilder, EmbedFooterBuilder};

use super::place::{PAGE_MAX, Place, Tab, pages};
use super::{call, event, organisers, relocate, start, words};
use crate::discord::card::{
    EMBED_TITLE_MAX_CHARS, FIELD_MAX_CHARS, STREAM_MARK, accepted_line, fitting, offered,
    organisers as led_by, state,
};
use crate::discord::missing;
use crate::discord::reply::{CHOICE_MAX_CHARS, Message, button, label, menu, option};
use crate::discord::session::{CANCEL_ASK, EDIT_ASK, HISTORY, not_yet_button, reopen_button};
use crate::discord::short;
use crate::discord::teams;
use crate::discord::text::{escape, name_or_id, relative_time, truncate};
use crate::domain::admission::Admission;
use crate::domain::queue::{Entry, Standing};
use crate::domain::session::{Session, Status};
use crate::store::queue::SessionView;
pub(super) use player::{Shown, obstacle};

/// Characters of the list on one page: with all else it stays within an embed's limit.
const LIST_MAX_CHARS: usize = 3_600;

/// Marks a place for which a limit was overridden.
const OVERRIDE_MARK: &str = " · ⚠️ override";

/// The dashboard: the session, who is in, and one page of who waits or was turned down. `said` is
/// what has just happened.
pub(super) fn overview(
    view: &SessionView,
    place: Place,
    said: &str,
    now: DateTime<Utc>,
) -> Message {
    let session = &view.session;
    let listed = listed(view, place.tab);
    let place = place.within(listed.len());
    let page: Vec<_> = page_of(&listed, place);
    let accepted: Vec<_> = view
        .queue
        .accepted()
        .map(|(entry, in_place)| {
            let line = accepted_line(session, entry, in_place, now);
            if in_place.overridden {
                line + OVERRIDE_MARK
            } else {
                line
            }
        })
        .collect();
    let mut embed = EmbedBuilder::new()
        .title(title("Manage: ", &session.plan.title))
        .description(list(session, &page, place, now))
        .field(EmbedFieldBuilder::new("State", state(session.status)).inline())
        .field(EmbedFieldBuilder::new("Led by", led_by(session)).inline())
        .field(EmbedFieldBuilder::new("Missing", missing::full(view)));
    if let Some(outside) = missing::outside(view) {
        embed = embed.field(EmbedFieldBuilder::new("Outside the limits", outside));
    }
    if !accepted.is_empty() {
        let lines = fitting(accepted.len(), accepted.iter().cloned(), FIELD_MAX_CHARS);
        embed = embed.field(EmbedFieldBuilder::new(
            format!("In ({})", accepted.len()),
            lines,
        ));
    }
    if let Some(wide) = player::wide_group(view, None) {
        let text = format!("⚠️ {}.", words::wide_group(&wide));
        embed = embed.field(EmbedFieldBuilder::new("Wide group", text));
    }
    let count = pages(listed.len());
    if count > 1 {
        let footer = format!("Page {} of {count}", place.page + 1);
        embed = embed.footer(EmbedFooterBuilder::new(footer));
    }
    let mut message = Message::embed(embed.build());
    said.clone_into(&mut message.text);
    if session.status.is_alive() {
        controls(message, view, &page, place, now)
    } else if session.status == Status::Cancelled && session.plan.at > now {
        message.row([reopen_button(session.id)])
    } else {
        message
    }
}

/// The people of a list, in the order of joining.
fn listed(view: &SessionView, tab: Tab) -> Vec<&Entry> {
    match tab {
        Tab::Waiting => view.queue.waiting().collect(),
        Tab::Rejected => view.queue.rejected().collect(),
    }
}

fn page_of<'v>(listed: &[&'v Entry], place: Place) -> Vec<&'v Entry> {
    let from = place.page * PAGE_MAX;
    listed.iter().skip(from).take(PAGE_MAX).copied().collect()
}

fn list(session: &Session, page: &[&Entry], place: Place, now: DateTime<Utc>) -> String {
    if page.is_empty() {
        return match place.tab {
            Tab::Waiting => "Nobody is waiting.".to_owned(),
            Tab::Rejected => "Nobody was turned down.".to_owned(),
        };
    }
    let heading = match place.tab {
        Tab::Waiting => "**Waiting**",
        Tab::Rejected => "**Turned down**",
    };
    // The fewer there are on the page, the more is said of each.
    let each = (LIST_MAX_CHARS - heading.len()) / page.len() - 1;
    let lines = page
        .iter()
        .map(|entry| truncate(&line(session, entry, now), each));
    let lines: Vec<_> = std::iter::once(heading.to_owned()).chain(lines).collect();
    lines.join("\n")
}

fn line(session: &Session, entry: &Entry, now: DateTime<Utc>) -> String {
    let offered = offered(session.plan.mode, entry, now);
    let tags: Vec<_> = entry
        .accounts
        .iter()
        .map(|account| escape(&account.battletag))
        .collect();
    let streams = if entry.streaming { STREAM_MARK } else { "" };
    let note = match entry.note.as_str() {
        "" => String::new(),
        note => format!("“{}”", escape(note)),
    };
    let parts = [
        format!("<@{}>", entry.person.id),
        relative_time(entry.joined_at),
        offered,
        missed(entry),
        streams.to_owned(),
        tags.join(", "),
        note,
    ];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}

/// How often somebody was not there; nothing if they always were.
fn missed(entry: &Entry) -> String {
    match entry.missed {
        0 => String::new(),
        1 => "🚷 missed once".to_owned(),
        many => format!("🚷 missed {many} times"),
    }
}

fn controls(
    mut message: Message,
    view: &SessionView,
    page: &[&Entry],
    place: Place,
    now: DateTime<Utc>,
) -> Message {
    let session = &view.session;
    let id = session.id;
    let accepted: Vec<_> = view.queue.accepted().map(|(entry, _)| entry).collect();
    if !accepted.is_empty() {
        let options = people(session, &accepted, now);
        let id = format!("manage-player:{id}:{place}:in");
        message = message.row([menu(id, "Who is in…", options, (1, 1))]);
    }
    if !page.is_empty() {
        let options = people(session, page, now);
        let placeholder = match place.tab {
            Tab::Waiting => "Who waits: accept, or turn down…",
            Tab::Rejected => "Who was turned down…",
        };
        let id = format!("manage-player:{id}:{place}");
        message = message.row([menu(id, placeholder, options, (1, 1))]);
    }
    message
        .row(turning(view, place))
        .row(closing(view, place, now))
        .row(pages_of(session, place))
}

/// Buttons that turn pages and lists.
fn turning(view: &SessionView, place: Place) -> Vec<Component> {
    let id = view.session.id;
    let to = |place: Place, label: &str| {
        button(
            format!("manage:{id}:{place}"),
            label,
            ButtonStyle::Secondary,
        )
    };
    let waiting = view.queue.waiting().count();
    let rejected = view.queue.rejected().count();
    let (count, other, label) = match place.tab {
        Tab::Waiting => (waiting, Tab::Rejected, format!("Turned down ({rejected})")),
        Tab::Rejected => (rejected, Tab::Waiting, format!("Waiting ({waiting})")),
    };
    let mut buttons = Vec::new();
    if place.page > 0 {
        buttons.push(to(place.at(place.page - 1), "◀ Earlier"));
    }
    if place.page + 1 < pages(count) {
        buttons.push(to(place.at(place.page + 1), "Later ▶"));
    }
    buttons.push(to(Place::first(other), &label));
    buttons.push(to(place, "Refresh"));
    buttons.extend(short::on_dashboard(view).or_else(|| offering(view, place)));
    buttons
}

/// A button that has a free place offered to whoever fits best; elsewhere than where the organiser
/// picks that happens by itself.
fn offering(view: &SessionView, place: Place) -> Option<Component> {
    let by_hand = view.session.plan.admission == Admission::Organiser;
    let id = format!("manage-offer:{}:{place}", view.session.id);
    (by_hand && !view.door().offers(1).is_empty())
        .then(|| button(id, "Offer a place", ButtonStyle::Primary))
}

/// Buttons that change the session itself; five at most.
fn closing(view: &SessionView, place: Place, now: DateTime<Utc>) -> Vec<Component> {
    let session = &view.session;
    let id = session.id;
    let edit = button(format!("{EDIT_ASK}:{id}"), "Edit", ButtonStyle::Secondary);
    let cancel = button(
        format!("{CANCEL_ASK}:{id}"),
        "Cancel session",
        ButtonStyle::Danger,
    );
    let open = match session.status {
        Status::Open => Some(("close", "Close the queue")),
        Status::Closed => Some(("open", "Open the queue")),
        _ => None,
    };
    let open = open.map(|(word, label)| {
        let id = format!("manage-queue:{id}:{word}:{place}");
        button(id, label, ButtonStyle::Primary)
    });
    let start = session.status.is_ahead().then(|| {
        let id = format!("{}:{id}:{place}", start::ASK);
        button(id, "Start now", ButtonStyle::Secondary)
    });
    let early = view.planned.is_some_and(|planned| planned > now);
    let start = start.or_else(|| early.then(|| not_yet_button(id)));
    let relocate = button(
        format!("{}:{id}:{place}", relocate::PAGE),
        "Move the card",
        ButtonStyle::Secondary,
    );
    let buttons = open.into_iter().chain([edit, relocate]).chain(start);
    buttons.chain([cancel]).collect()
}

/// Buttons that lead to the dashboard's other pages; five at most.
fn pages_of(session: &Session, place: Place) -> Vec<Component> {
    let id = session.id;
    let page = |id: String, label| button(id, label, ButtonStyle::Secondary);
    let teams = (session.plan.teams == 2).then(|| page(format!("{}:{id}", teams::PAGE), "Teams"));
    let others = [
        page(format!("{}:{id}:{place}", call::PAGE), "Find players"),
        page(format!("{}:{id}:{place}", organisers::PAGE), "Organisers"),
        page(format!("{HISTORY}:{id}:0:{place}"), "History"),
    ];
    let ahead = session.status.is_ahead();
    let event = ahead.then(|| page(format!("{}:{id}:{place}", event::ADD), "Add an event"));
    teams.into_iter().chain(others).chain(event).collect()
}

/// The options of a menu of people; the first [`PAGE_MAX`] of them.
fn people(session: &Session, entries: &[&Entry], now: DateTime<Utc>) -> Vec<SelectMenuOption> {
    let one = |entry: &&Entry| {
        let mut one = option(entry.person.id.to_string(), &name(entry), false);
        let about = match entry.standing() {
            Standing::Accepted(role) => role.to_string(),
            _ => offered(session.plan.mode, entry, now),
        };
        one.description = Some(label(&about, CHOICE_MAX_CHARS)).filter(|text| !text.is_empty());
        one
    };
    entries.iter().take(PAGE_MAX).map(one).collect()
}

/// A name that shows in a menu, where nothing is formatted.
fn name(entry: &Entry) -> String {
    name_or_id(&entry.person, CHOICE_MAX_CHARS)
}

/// An embed's title of our own words and somebody's.
pub(super) fn title(ours: &str, theirs: &str) -> String {
    truncate(&format!("{ours}{}", escape(theirs)), EMBED_TITLE_MAX_CHARS)
}
