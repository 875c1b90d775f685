//! One player, with what can be decided about them.
//!
//! Pure. Invariant: what can be pressed is possible at the moment of rendering; the command judges
//! it anew.

use chrono::{DateTime, Utc};
use twilight_model::channel::message::component::{ButtonStyle, Component};
use twilight_util::builder::embed::{EmbedBuilder, EmbedFieldBuilder};

use super::super::place::Place;
use super::super::words;
use super::{name, title};
use crate::discord::card::{FIELD_MAX_CHARS, STREAM_MARK, fitting, rank};
use crate::discord::reply::{Message, button, disabled, menu, option};
use crate::discord::text::{escape, relative_time, truncate};
use crate::domain::account::Account;
use crate::domain::ids::{AccountId, UserId};
use crate::domain::ladder::Ladder;
use crate::domain::manage::{ManageRefusal, accept};
use crate::domain::queue::{Entry, Standing};
use crate::domain::role::Role;
use crate::domain::session::Session;
use crate::store::queue::SessionView;

/// One player, with what can be decided about them. `chosen` is the account that they would play
/// on; one that fits is chosen if it is `None`.
pub(in crate::discord::manage) fn player(
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
) -> Result<(), ManageRefusal> {
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
