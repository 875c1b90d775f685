//! What the organiser sees: the queue in pages, and one player at a time.
//!
//! Pure. Invariant: rendered from one snapshot; all that a button needs to know is in its id.

use chrono::{DateTime, Utc};
use twilight_model::channel::message::component::{ButtonStyle, Component, SelectMenuOption};
use twilight_util::builder::embed::{EmbedBuilder, EmbedFieldBuilder, EmbedFooterBuilder};

use super::place::{PAGE_MAX, Place, Tab, pages};
use super::words;
use crate::discord::card::{
    EMBED_TITLE_MAX_CHARS, FIELD_MAX_CHARS, STREAM_MARK, accepted_line, fitting, needs, offered,
    rank, state,
};
use crate::discord::reply::{CHOICE_MAX_CHARS, Message, button, disabled, menu, option};
use crate::discord::session::{CANCEL_ASK, EDIT_ASK};
use crate::discord::teams;
use crate::discord::text::{escape, relative_time, truncate};
use crate::domain::account::Account;
use crate::domain::ids::{AccountId, UserId};
use crate::domain::ladder::Ladder;
use crate::domain::manage::accept;
use crate::domain::queue::{Entry, Standing};
use crate::domain::role::Role;
use crate::domain::session::{Session, Status};
use crate::domain::text::{Lines, clean};
use crate::store::queue::SessionView;

/// Characters of the list on one page: with all else it stays within an embed's limit.
const LIST_MAX_CHARS: usize = 3_600;

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
        .map(|(entry, in_place)| accepted_line(session, entry, in_place, now))
        .collect();
    let mut embed = EmbedBuilder::new()
        .title(title("Manage: ", &session.plan.title))
        .description(list(session, &page, place, now))
        .field(EmbedFieldBuilder::new("State", state(session.status)).inline())
        .field(EmbedFieldBuilder::new("Missing", needs(&view.queue.missing(session))).inline());
    if !accepted.is_empty() {
        let lines = fitting(accepted.len(), accepted.iter().cloned(), FIELD_MAX_CHARS);
        embed = embed.field(EmbedFieldBuilder::new(
            format!("In ({})", accepted.len()),
            lines,
        ));
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
    } else {
        message
    }
}

/// One player, with what can be decided about them. `chosen` is the account that they would play
/// on; one that fits is chosen if it is `None`.
pub(super) fn player(
    view: &SessionView,
    entry: &Entry,
    chosen: Option<AccountId>,
    place: Place,
    said: &str,
    now: DateTime<Utc>,
) -> Message {
    let session = &view.session;
    let account = chosen_account(view, entry, chosen);
    let mut embed = EmbedBuilder::new()
        .title(title("", &name(entry)))
        .description(format!("<@{}>", entry.person.id))
        .field(EmbedFieldBuilder::new("Stands", standing(entry)).inline())
        .field(EmbedFieldBuilder::new("Would play", would_play(entry)).inline())
        .field(EmbedFieldBuilder::new(
            "Accounts",
            accounts(session, entry, now),
        ));
    if !entry.note.is_empty() {
        let note = truncate(&escape(&entry.note), FIELD_MAX_CHARS);
        embed = embed.field(EmbedFieldBuilder::new("Note", note));
    }
    let obstacles = obstacles(view, entry, account);
    if entry.is_waiting() && !obstacles.is_empty() {
        embed = embed.field(EmbedFieldBuilder::new("Not possible", obstacles));
    }
    let mut message = Message::embed(embed.build());
    said.clone_into(&mut message.text);
    if session.status.is_alive() {
        message = decisions(message, view, entry, account, place);
    }
    let back = format!("manage:{}:{place}", session.id);
    message.row([button(back, "Back to the queue", ButtonStyle::Secondary)])
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
        offered,
        streams.to_owned(),
        tags.join(", "),
        note,
    ];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
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
        .row(closing(session, place))
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
    buttons
}

/// Buttons that change the session itself.
fn closing(session: &Session, place: Place) -> Vec<Component> {
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
    let teams = (session.plan.teams == 2).then(|| {
        button(
            format!("{}:{id}", teams::PAGE),
            "Teams",
            ButtonStyle::Secondary,
        )
    });
    open.into_iter()
        .chain([edit])
        .chain(teams)
        .chain([cancel])
        .collect()
}

/// The options of a menu of people; the first [`PAGE_MAX`] of them.
fn people(session: &Session, entries: &[&Entry], now: DateTime<Utc>) -> Vec<SelectMenuOption> {
    let one = |entry: &&Entry| {
        let mut one = option(entry.person.id.to_string(), &name(entry), false);
        let about = match entry.standing() {
            Standing::Accepted(role) => role.to_string(),
            _ => offered(session.plan.mode, entry, now),
        };
        one.description = Some(truncate(&about, CHOICE_MAX_CHARS)).filter(|text| !text.is_empty());
        one
    };
    entries.iter().take(PAGE_MAX).map(one).collect()
}

/// A name that shows in a menu, where nothing is formatted.
fn name(entry: &Entry) -> String {
    let shown = clean(&entry.person.name, CHOICE_MAX_CHARS, Lines::OneLine).unwrap_or_default();
    if shown.is_empty() {
        entry.person.id.to_string()
    } else {
        shown
    }
}

/// An embed's title of our own words and somebody's.
fn title(ours: &str, theirs: &str) -> String {
    truncate(&format!("{ours}{}", escape(theirs)), EMBED_TITLE_MAX_CHARS)
}

fn standing(entry: &Entry) -> String {
    let stands = match entry.standing() {
        Standing::Waiting => format!("waits since {}", relative_time(entry.joined_at)),
        Standing::Accepted(role) => format!("is in as {role}"),
        Standing::Rejected => "was turned down".to_owned(),
    };
    if entry.streaming {
        format!("{stands} · {STREAM_MARK} streams")
    } else {
        stands
    }
}

fn would_play(entry: &Entry) -> String {
    match entry.roles.to_string() {
        roles if roles.is_empty() => "—".to_owned(),
        roles => roles,
    }
}

/// Each account with its ranks on the ladders of the mode.
fn accounts(session: &Session, entry: &Entry, now: DateTime<Utc>) -> String {
    if entry.accounts.is_empty() {
        return "none any more: they can press *Join* again with another".to_owned();
    }
    let mode = session.plan.mode;
    let mut ladders: Vec<Ladder> = mode.roles().iter().map(|role| mode.ladder(role)).collect();
    ladders.dedup();
    let line = |account: &Account| {
        let ranks: Vec<_> = ladders
            .iter()
            .filter_map(|ladder| {
                let declared = account.ranks.get(ladder)?;
                Some(format!("{ladder} {}", rank(declared, now)))
            })
            .collect();
        let ranks = match ranks.as_slice() {
            [] => "no rank declared".to_owned(),
            ranks => ranks.join(", "),
        };
        format!("**{}** · {ranks}", escape(&account.battletag))
    };
    let lines = entry.accounts.iter().map(line);
    fitting(entry.accounts.len(), lines, FIELD_MAX_CHARS)
}

/// The account that is chosen, or the first with which one of the roles offered is possible.
fn chosen_account<'e>(
    view: &SessionView,
    entry: &'e Entry,
    chosen: Option<AccountId>,
) -> Option<&'e Account> {
    let chosen = entry
        .accounts
        .iter()
        .find(|account| Some(account.id) == chosen);
    let fits = |account: &&Account| {
        let mut roles = entry.roles.iter();
        roles.any(|role| possible(view, entry.person.id, role, account.id).is_ok())
    };
    chosen
        .or_else(|| entry.accounts.iter().find(fits))
        .or(entry.accounts.first())
}

fn possible(
    view: &SessionView,
    user: UserId,
    role: Role,
    account: AccountId,
) -> Result<(), crate::domain::manage::ManageRefusal> {
    let measure = view.measure.as_ref();
    accept(&view.session, &view.queue, user, role, account, measure)
}

/// Why roles are not possible on the account, one line for each.
fn obstacles(view: &SessionView, entry: &Entry, account: Option<&Account>) -> String {
    let Some(account) = account else {
        return String::new();
    };
    let roles = view.session.plan.mode.roles();
    let lines: Vec<_> = roles
        .iter()
        .filter_map(|role| {
            let refusal = possible(view, entry.person.id, role, account.id).err()?;
            Some(format!("{role}: {}", words::obstacle(&refusal)))
        })
        .collect();
    fitting(lines.len(), lines.iter().cloned(), FIELD_MAX_CHARS)
}

/// What can be decided about a player.
fn decisions(
    message: Message,
    view: &SessionView,
    entry: &Entry,
    account: Option<&Account>,
    place: Place,
) -> Message {
    let (id, user) = (view.session.id, entry.person.id);
    let back = |label: &str| {
        let id = format!("manage-back:{id}:{user}:{place}");
        button(id, label, ButtonStyle::Danger)
    };
    match entry.standing() {
        Standing::Accepted(_) => message.row([back("Take the place back")]),
        Standing::Rejected => message.row([back("Let them wait again")]),
        Standing::Waiting => {
            let mut buttons: Vec<_> = match account {
                None => Vec::new(),
                Some(account) => accepting(view, entry, account.id, place),
            };
            let reject = format!("manage-reject:{id}:{user}:{place}");
            buttons.push(button(reject, "Turn down", ButtonStyle::Danger));
            match account {
                Some(account) if entry.accounts.len() > 1 => message
                    .row([account_menu(view, entry, account.id, place)])
                    .row(buttons),
                _ => message.row(buttons),
            }
        }
    }
}

/// A button for every role, of which those can be pressed that are possible.
fn accepting(
    view: &SessionView,
    entry: &Entry,
    account: AccountId,
    place: Place,
) -> Vec<Component> {
    let (id, user) = (view.session.id, entry.person.id);
    let one = |role: Role| {
        let style = if entry.roles.contains(role) {
            ButtonStyle::Success
        } else {
            ButtonStyle::Secondary
        };
        let id = format!(
            "manage-accept:{id}:{user}:{account}:{}:{place}",
            role.as_str()
        );
        let one = button(id, &format!("Accept as {role}"), style);
        match possible(view, user, role, account) {
            Ok(()) => one,
            Err(_) => disabled(one),
        }
    };
    view.session.plan.mode.roles().iter().map(one).collect()
}

fn account_menu(view: &SessionView, entry: &Entry, chosen: AccountId, place: Place) -> Component {
    let options: Vec<_> = entry
        .accounts
        .iter()
        .map(|account| {
            let default = account.id == chosen;
            option(account.id.to_string(), &account.battletag, default)
        })
        .collect();
    let id = format!(
        "manage-account:{}:{}:{place}",
        view.session.id, entry.person.id
    );
    menu(id, "Account to play on", options, (1, 1))
}
