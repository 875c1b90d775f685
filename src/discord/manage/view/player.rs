//! One player, with what can be decided about them.
//!
//! Pure. Invariant: what can be pressed is possible at the moment of rendering; the command judges
//! it anew.

use chrono::{DateTime, Utc};
use twilight_model::channel::message::component::{ButtonStyle, Component, SelectMenuOption};
use twilight_util::builder::embed::{EmbedBuilder, EmbedFieldBuilder};

use super::super::place::{PAGE_MAX, Place};
use super::super::{decide, words};
use super::{missed, name, title};
use crate::discord::card::{FIELD_MAX_CHARS, STREAM_MARK, fitting, rank};
use crate::discord::reply::{CHOICE_MAX_CHARS, Message, button, disabled, label, menu, option};
use crate::discord::text::{escape, relative_time, truncate};
use crate::domain::account::Account;
use crate::domain::ids::{AccountId, UserId};
use crate::domain::ladder::Ladder;
use crate::domain::manage::{ManageRefusal, accept, overridable};
use crate::domain::queue::{Entry, Standing};
use crate::domain::role::Role;
use crate::domain::session::{Actor, Session};
use crate::domain::wide::{self, Wide};
use crate::store::queue::SessionView;

/// A player as somebody at the dashboard sees them.
pub(in crate::discord::manage) struct Shown<'v> {
    pub(in crate::discord::manage) view: &'v SessionView,
    pub(in crate::discord::manage) entry: &'v Entry,
    pub(in crate::discord::manage) actor: &'v Actor,
    pub(in crate::discord::manage) place: Place,
}

impl Shown<'_> {
    /// The player, with what can be decided about them. `chosen` is the account that they would
    /// play on; one that fits is chosen if it is `None`. `said` is what has just happened.
    pub(in crate::discord::manage) fn player(
        &self,
        chosen: Option<AccountId>,
        said: &str,
        now: DateTime<Utc>,
    ) -> Message {
        let (view, entry) = (self.view, self.entry);
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
        if entry.is_waiting() {
            let fields = [
                ("Not possible", obstacles(view, entry, account)),
                ("Wide group", widening(view, account)),
            ];
            for (name, text) in fields.into_iter().filter(|(_, text)| !text.is_empty()) {
                embed = embed.field(EmbedFieldBuilder::new(name, text));
            }
        }
        let mut message = Message::embed(embed.build());
        said.clone_into(&mut message.text);
        let mut last = Vec::new();
        if session.status.is_alive() {
            message = self.choices(message, account);
            last = self.decisions();
        }
        let back = format!("manage:{}:{}", session.id, self.place);
        last.push(button(back, "Back to the queue", ButtonStyle::Secondary));
        message.row(last)
    }

    /// The rows of what somebody can be accepted as, and swapped with.
    fn choices(&self, mut message: Message, account: Option<&Account>) -> Message {
        if let (true, Some(account)) = (self.entry.is_waiting(), account) {
            if self.entry.accounts.len() > 1 {
                message = message.row([self.account_menu(account.id)]);
            }
            message = message.row(self.accepting(account.id));
            let anyway = self.anyway(account.id);
            if !anyway.is_empty() {
                message = message.row(anyway);
            }
        }
        match self.swapping() {
            options if options.is_empty() => message,
            options => {
                let id = self.id(decide::SWAP);
                message.row([menu(id, "Swap with…", options, (1, 1))])
            }
        }
    }

    /// The buttons that take somebody out, or let them wait again.
    fn decisions(&self) -> Vec<Component> {
        let one = |route, label| button(self.id(route), label, ButtonStyle::Danger);
        match self.entry.standing() {
            Standing::Accepted(_) => vec![one(decide::TAKE_BACK, "Take the place back")],
            Standing::Rejected => vec![one(decide::TAKE_BACK, "Let them wait again")],
            Standing::Waiting => vec![
                one(decide::REJECT, "Turn down"),
                one(decide::REJECT_WHY, "Turn down and say why…"),
            ],
        }
    }

    /// A button for every role, of which those can be pressed that are possible.
    fn accepting(&self, account: AccountId) -> Vec<Component> {
        let mode = self.view.session.plan.mode;
        let one = |role: Role| {
            let style = if mode.played(self.entry.roles).contains(role) {
                ButtonStyle::Success
            } else {
                ButtonStyle::Secondary
            };
            let id = self.accept_id(decide::ACCEPT, account, role);
            let one = button(id, &format!("Accept as {role}"), style);
            match possible(self.view, self.entry.person.id, role, account) {
                Ok(()) => one,
                Err(_) => disabled(one),
            }
        };
        mode.roles().iter().map(one).collect()
    }

    /// A button for every role that whoever looks may accept them for in spite of a limit.
    fn anyway(&self, account: AccountId) -> Vec<Component> {
        let (session, queue) = (&self.view.session, &self.view.queue);
        let one = |role: Role| {
            let refusal = possible(self.view, self.entry.person.id, role, account).err()?;
            overridable(session, queue, &refusal, self.actor)?;
            let id = self.accept_id(decide::ANYWAY, account, role);
            let label = format!("Accept as {role} anyway…");
            Some(button(id, &label, ButtonStyle::Secondary))
        };
        let roles = session.plan.mode.roles();
        roles.iter().filter_map(one).collect()
    }

    fn account_menu(&self, chosen: AccountId) -> Component {
        let one = |account: &Account| {
            let default = account.id == chosen;
            option(account.id.to_string(), &account.battletag, default)
        };
        let options = self.entry.accounts.iter().map(one).collect();
        menu(
            self.id("manage-account"),
            "Account to play on",
            options,
            (1, 1),
        )
    }

    /// Whom they can be swapped with, those who are in first; as many as a menu has options.
    fn swapping(&self) -> Vec<SelectMenuOption> {
        let queue = &self.view.queue;
        let mine = self.entry.standing();
        let accepted = queue.accepted().filter_map(|(other, place)| {
            let about = match mine {
                Standing::Waiting => format!("{}: would wait instead", place.role),
                Standing::Accepted(role) if role != place.role => {
                    format!("{}: they would exchange roles", place.role)
                }
                _ => return None,
            };
            Some((other, about))
        });
        let is_in = matches!(mine, Standing::Accepted(_));
        let waiting = queue.waiting().filter(|_| is_in);
        let waiting = waiting.map(|other| (other, "waits: would get the place".to_owned()));
        let one = |(other, about): (&Entry, String)| {
            let mut one = option(other.person.id.to_string(), &name(other), false);
            one.description = Some(label(&about, CHOICE_MAX_CHARS));
            one
        };
        accepted.chain(waiting).take(PAGE_MAX).map(one).collect()
    }

    /// `ROUTE:SESSION:USER:PLACE`.
    fn id(&self, route: &str) -> String {
        let (session, user) = (self.view.session.id, self.entry.person.id);
        format!("{route}:{session}:{user}:{}", self.place)
    }

    /// `ROUTE:SESSION:USER:ACCOUNT:ROLE:PLACE`.
    fn accept_id(&self, route: &str, account: AccountId, role: Role) -> String {
        let (session, user) = (self.view.session.id, self.entry.person.id);
        let (role, place) = (role.as_str(), self.place);
        format!("{route}:{session}:{user}:{account}:{role}:{place}")
    }
}

/// Why a role is not possible for somebody on an account, in a few words; empty if it is.
pub(in crate::discord::manage) fn obstacle(
    view: &SessionView,
    user: UserId,
    role: Role,
    account: AccountId,
) -> String {
    let refusal = possible(view, user, role, account).err();
    refusal.map_or(String::new(), |refusal| words::obstacle(&refusal))
}

/// Whether those who are in are a wide group, with one more who would play `with` this rank.
pub(super) fn wide_group(
    view: &SessionView,
    with: Option<crate::domain::rank::Rank>,
) -> Option<Wide> {
    if !wide::is_stack(&view.session) {
        return None;
    }
    let ranks = view.queue.accepted();
    let ranks = ranks.filter_map(|(entry, place)| wide::rank_in(&view.session, entry, place));
    let ranks: Vec<_> = ranks.chain(with).collect();
    wide::wide(&ranks)
}

/// As what somebody would make the group wide that is not yet; empty if as nothing.
fn widening(view: &SessionView, account: Option<&Account>) -> String {
    let Some(account) = account.filter(|_| wide_group(view, None).is_none()) else {
        return String::new();
    };
    let mode = view.session.plan.mode;
    let mut ladders: Vec<Ladder> = mode.roles().iter().map(|role| mode.ladder(role)).collect();
    ladders.dedup();
    let line = |ladder: &Ladder| {
        let wide = wide_group(view, Some(account.rank(*ladder)?))?;
        Some(format!("⚠️ {ladder}: {}", words::wide_group(&wide)))
    };
    let lines: Vec<_> = ladders.iter().filter_map(line).collect();
    lines.join("\n")
}

fn standing(entry: &Entry) -> String {
    let stands = match (entry.standing(), entry.asked_for()) {
        (_, Some(role)) => format!("is asked whether they play {role}"),
        (Standing::Waiting, _) => format!("waits, joined {}", relative_time(entry.joined_at)),
        (Standing::Accepted(role), _) => format!("is in as {role}"),
        (Standing::Rejected, _) => "was turned down".to_owned(),
    };
    let missed = missed(entry);
    let stands = if missed.is_empty() {
        stands
    } else {
        format!("{stands} · {missed}")
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
        let mut roles = view.session.plan.mode.played(entry.roles).iter();
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
