//! Picking a session: proposals while typing, and what was picked or typed.
//!
//! May touch: the store. Invariant: nobody needs to know a number; sessions of other servers, and of
//! channels that are hidden from whoever looks, are never found.

use chrono_tz::Tz;

use super::super::access::{retain_seen, sees};
use super::super::click::Click;
use super::super::feature::{Context, Fault};
use super::super::reply::CHOICE_MAX_CHARS;
use super::super::text::{plain, truncate, without_separators};
use super::super::words::quoted;
use super::options::Sentence;
use super::words::refused;
use crate::domain::ids::SessionId;
use crate::domain::session::{Actor, Session, SessionRefusal, Status};
use crate::store::session::{FindSession, ListOver, ListSessions, Listed, Listing};

/// What a session is picked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To look at it: everybody in its server may.
    Look,
    /// To change or cancel it.
    Manage,
    /// To see what was done about it: it may be over.
    Review,
    /// To take back that it was cancelled or started.
    TakeBack,
}

impl Purpose {
    fn allows(self, session: &Session, actor: &Actor) -> Result<(), SessionRefusal> {
        match self {
            Self::Look => session.seen_by(actor),
            Self::Manage | Self::Review | Self::TakeBack => session.managed_by(actor),
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
            let label = without_separators(label).to_lowercase();
            words.iter().all(|word| label.contains(word))
        })
}

/// The sessions that can be picked for a purpose: what is on, and for a review what is over after
/// it.
pub(super) async fn listing(
    ctx: &Context,
    click: &Click,
    actor: &Actor,
    purpose: Purpose,
) -> Result<Listing, Fault> {
    let (guild, viewer) = (actor.guild, actor.user);
    let mut listing = ctx.query(ListSessions { guild, viewer }).await?;
    if matches!(purpose, Purpose::Review | Purpose::TakeBack) {
        let over = ctx.query(ListOver { guild, viewer }).await?;
        listing.sessions.extend(over.sessions);
    }
    if purpose == Purpose::TakeBack {
        let can_be = |status| matches!(status, Status::Cancelled | Status::Started);
        let now = ctx.clock.now();
        let ahead = |session: &Session| session.status == Status::Started || session.plan.at > now;
        listing
            .sessions
            .retain(|one| can_be(one.session.status) && ahead(&one.session));
    }
    retain_seen(ctx, click, &mut listing.sessions, |one| &one.session).await;
    Ok(listing)
}

/// The session that was picked from the list, or whose title was typed; or a sentence.
pub(super) async fn find(
    ctx: &Context,
    click: &Click,
    actor: &Actor,
    purpose: Purpose,
    typed: &str,
) -> Result<Result<Session, Sentence>, Fault> {
    let listing = listing(ctx, click, actor, purpose).await?;
    let id = typed.trim().parse().ok().map(SessionId);
    let found = match among(&listing, actor, purpose, typed, id) {
        Some(found) => found,
        None => match id {
            Some(id) => match ctx.query(FindSession(id)).await? {
                Some(session) if seen(ctx, click, actor, &session).await => Ok(session),
                _ => Err(refused(&SessionRefusal::Unknown)),
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

/// Whether a session is of the actor's server and visible to them.
pub(super) async fn seen(ctx: &Context, click: &Click, actor: &Actor, session: &Session) -> bool {
    session.seen_by(actor).is_ok() && sees(ctx, click, session).await
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
    listing: &Listing,
    actor: &Actor,
    purpose: Purpose,
    typed: &str,
    id: Option<SessionId>,
) -> Option<Result<Session, Sentence>> {
    let listed = &listing.sessions;
    if let Some(found) = listed.iter().find(|listed| Some(listed.session.id) == id) {
        return Some(Ok(found.session.clone()));
    }
    let wanted = without_separators(typed.trim()).to_lowercase();
    let sessions = || listed.iter().map(|listed| &listed.session);
    let title = |session: &Session| session.plan.title.to_lowercase();
    // Discord sends the label of a choice in place of its value at times.
    let labelled = |one: &&Listed| {
        let zone = listing.zone.unwrap_or(one.session.plan.zone);
        let label = without_separators(&label(one, zone)).to_lowercase();
        without_count(&label) == without_count(&wanted)
    };
    let labelled = listed.iter().filter(labelled).map(|one| &one.session);
    let mut meant: Vec<_> = labelled.collect();
    if meant.is_empty() {
        meant = sessions()
            .filter(|session| title(session) == wanted)
            .collect();
    }
    if meant.is_empty() && !wanted.is_empty() && id.is_none() {
        // Part of a title is as good, as long as it is part of one only, and is not the number of a
        // session that is gone.
        meant = sessions()
            .filter(|session| title(session).contains(&wanted))
            .collect();
    }
    let (allowed, others): (Vec<_>, Vec<_>) = meant
        .into_iter()
        .partition(|session| purpose.allows(session, actor).is_ok());
    match (&allowed[..], &others[..]) {
        ([], []) => None,
        ([session], _) | ([], [session]) => Some(Ok((*session).clone())),
        _ => Some(Err(format!(
            "Several sessions here go by {}. Pick one from the list that opens while typing.",
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
    let title = truncate(&plain(&plan.title), CHOICE_MAX_CHARS.saturating_sub(taken));
    before + &title + &after
}

/// A label without mode and numbers, which change while people join.
fn without_count(label: &str) -> &str {
    label.rsplit_once(" (").map_or(label, |(before, _)| before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{ChannelId, GuildId, UserId};
    use crate::domain::mode::Mode;
    use crate::domain::session::{Plan, RankLimits};

    const BERLIN: Tz = Tz::Europe__Berlin;

    fn listed(id: i64, organiser: i64, title: &str) -> Listed {
        let plan = Plan {
            mode: Mode::parse("5v5").unwrap(),
            teams: 1,
            at: "2026-11-27T19:00:00Z".parse().unwrap(),
            zone: Tz::UTC,
            length_minutes: 120,
            title: title.into(),
            description: String::new(),
            limits: RankLimits::default(),
            admission: crate::domain::admission::Admission::Organiser,
            check_in_minutes: 0,
        };
        let session = Session {
            id: SessionId(id),
            organiser: Some(UserId(organiser)),
            co_organisers: Vec::new(),
            guild: GuildId(7),
            channel: ChannelId(8),
            card: None,
            created_at: plan.at,
            plan,
            status: Status::Open,
            cancel_reason: None,
        };
        Listed {
            session,
            accepted: 3,
            waiting: 0,
        }
    }

    fn ana() -> Actor {
        Actor {
            user: UserId(1),
            guild: GuildId(7),
            manages_events: false,
            administrator: false,
        }
    }

    fn found(typed: &str) -> Option<Result<i64, Sentence>> {
        let sessions = [
            listed(1, 1, "Scrim"),
            listed(2, 2, "Scrim"),
            listed(3, 2, "Cup"),
            listed(4, 1, "Late"),
            listed(5, 1, "late"),
            listed(6, 1, "Season 2027"),
        ];
        let id = typed.parse().ok().map(SessionId);
        let listing = Listing {
            zone: Some(BERLIN),
            sessions: sessions.to_vec(),
        };
        let found = among(&listing, &ana(), Purpose::Manage, typed, id)?;
        Some(found.map(|session| session.id.0))
    }

    #[test]
    fn a_label_says_when_in_the_readers_zone_and_how_full_it_is() {
        let label = |title: &str| label(&listed(1, 1, title), BERLIN);
        assert_eq!(label("Scrim"), "Fri 27 Nov, 20:00 — Scrim (5v5, 3/5)");
        let long = label(&"x".repeat(100));
        assert_eq!(long.chars().count(), CHOICE_MAX_CHARS);
        assert!(long.ends_with("… (5v5, 3/5)"), "{long}");
    }

    #[test]
    fn a_typed_title_means_the_session_that_one_may_manage() {
        assert_eq!(found("scrim "), Some(Ok(1)));
        assert_eq!(found("Cup"), Some(Ok(3)));
        assert!(found("late").is_some_and(|found| found.is_err()));
        assert_eq!(found("2"), Some(Ok(2)));
        assert_eq!(found("season"), Some(Ok(6)));
        assert_eq!(found("2027"), None, "the number of a session that is gone");
        assert_eq!(found("Other"), None);
        assert_eq!(found("Fri 27 Nov, 20:00 — Scrim (5v5, 3/5)"), Some(Ok(1)));
        assert_eq!(found("Fri 27 Nov, 20:00 — Cup (5v5, 4/5)"), Some(Ok(3)));
    }

    #[test]
    fn proposals_are_those_that_one_may_manage_and_that_fit() {
        let listing = Listing {
            zone: Some(BERLIN),
            sessions: vec![
                listed(1, 1, "Scrim"),
                listed(2, 2, "Scrim"),
                listed(3, 1, "Cup"),
            ],
        };
        let ids = |purpose, typed: &str| -> Vec<String> {
            let ana = ana();
            choices(&listing, &ana, purpose, typed)
                .map(|(_, id)| id)
                .collect()
        };
        assert_eq!(ids(Purpose::Manage, ""), ["1", "3"]);
        assert_eq!(ids(Purpose::Look, "20:00 scr"), ["1", "2"]);
        assert_eq!(ids(Purpose::Manage, "cup fri"), ["3"]);
    }
}
