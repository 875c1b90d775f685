//! Picking a session: proposals while typing, and what was picked or typed.
//!
//! May touch: the store. Invariant: nobody needs to know a number; sessions of other servers are
//! never found.

use chrono_tz::Tz;

use super::super::feature::{Context, Fault};
use super::super::reply::CHOICE_MAX_CHARS;
use super::super::text::truncate;
use super::super::words::quoted;
use super::options::Sentence;
use super::words::refused;
use crate::domain::ids::SessionId;
use crate::domain::session::{Actor, Session, SessionRefusal};
use crate::store::session::{FindSession, ListSessions, Listed, Listing};

/// What a session is picked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To look at it: everybody in its server may.
    Look,
    /// To change or cancel it.
    Manage,
}

impl Purpose {
    fn allows(self, session: &Session, actor: &Actor) -> Result<(), SessionRefusal> {
        match self {
            Self::Look => session.seen_by(actor),
            Self::Manage => session.managed_by(actor),
        }
    }
}

/// What fits `typed`, soonest first: labels, and the values that stand for the sessions.
pub(super) fn choices<'l>(
    listing: &'l Listing,
    actor: &'l Actor,
    purpose: Purpose,
    typed: &str,
) -> impl Iterator<Item = (String, String)> + 'l {
    let typed = typed.to_lowercase();
    let words: Vec<String> = typed.split_whitespace().map(str::to_owned).collect();
    listing
        .sessions
        .iter()
        .filter(move |listed| purpose.allows(&listed.session, actor).is_ok())
        .map(|listed| {
            let zone = listing.zone.unwrap_or(listed.session.plan.zone);
            (label(listed, zone), listed.session.id.to_string())
        })
        .filter(move |(label, _)| {
            let label = label.to_lowercase();
            words.iter().all(|word| label.contains(word))
        })
}

/// The session that was picked from the list, or whose title was typed; or a sentence.
pub(super) async fn find(
    ctx: &Context,
    actor: &Actor,
    purpose: Purpose,
    typed: &str,
) -> Result<Result<Session, Sentence>, Fault> {
    let listing = ctx
        .query(ListSessions {
            guild: actor.guild,
            viewer: actor.user,
        })
        .await?;
    let id = typed.trim().parse().ok().map(SessionId);
    let found = match among(&listing.sessions, actor, purpose, typed, id) {
        Some(found) => found,
        None => match id {
            Some(id) => match ctx.query(FindSession(id)).await? {
                Some(session) => Ok(session),
                None => Err(refused(&SessionRefusal::Unknown)),
            },
            None => Err(format!(
                "There is no session called {} here. Pick one from the list that opens while \
                 typing, or see `/session list`.",
                quoted(typed)
            )),
        },
    };
    Ok(
        found.and_then(|session| match purpose.allows(&session, actor) {
            Ok(()) => Ok(session),
            Err(refusal) => Err(refused(&refusal)),
        }),
    )
}

/// The session of this number, by its route's arguments; `None` inside if there is none that
/// `actor` may manage, and then the sentence.
pub(super) async fn managed(
    ctx: &Context,
    actor: &Actor,
    id: Option<SessionId>,
) -> Result<Result<Session, Sentence>, Fault> {
    let session = match id {
        Some(id) => ctx.query(FindSession(id)).await?,
        None => None,
    };
    let managed = session
        .ok_or(SessionRefusal::Unknown)
        .and_then(|session| session.managed_by(actor).map(|()| session));
    Ok(managed.map_err(|refusal| refused(&refusal)))
}

/// The number in a route's arguments.
pub(super) fn id(args: &str) -> Option<SessionId> {
    args.parse().ok().map(SessionId)
}

/// The one of `listed` that is meant; `None` if none is.
fn among(
    listed: &[Listed],
    actor: &Actor,
    purpose: Purpose,
    typed: &str,
    id: Option<SessionId>,
) -> Option<Result<Session, Sentence>> {
    let mut sessions = listed.iter().map(|listed| &listed.session);
    if let Some(session) = sessions.clone().find(|session| Some(session.id) == id) {
        return Some(Ok(session.clone()));
    }
    let title = typed.trim().to_lowercase();
    let called = |session: &&Session| session.plan.title.to_lowercase() == title;
    let (allowed, others): (Vec<_>, Vec<_>) = sessions
        .by_ref()
        .filter(called)
        .partition(|session| purpose.allows(session, actor).is_ok());
    match (&allowed[..], &others[..]) {
        ([], []) => None,
        ([session], _) | ([], [session]) => Some(Ok((*session).clone())),
        _ => Some(Err(format!(
            "Several sessions here are called {}. Pick one from the list that opens while typing.",
            quoted(typed)
        ))),
    }
}

/// "Fri 27 Nov, 20:00 — Title (5v5, 3/5)", the title shortened if need be.
fn label(listed: &Listed, zone: Tz) -> String {
    let plan = &listed.session.plan;
    let at = plan.at.with_timezone(&zone).format("%a %-d %b, %H:%M");
    let (mode, accepted, places) = (plan.mode.id(), listed.accepted, plan.places());
    let (before, after) = (
        format!("{at} — "),
        format!(" ({mode}, {accepted}/{places})"),
    );
    let taken = before.chars().count() + after.chars().count();
    let title = truncate(&plan.title, CHOICE_MAX_CHARS.saturating_sub(taken));
    before + &title + &after
}
