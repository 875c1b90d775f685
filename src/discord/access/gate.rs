//! The gate before buttons and forms: whether whoever pressed may do anything at all with the
//! session that is meant.
//!
//! May touch: the store, to read and to let go of who has left. Invariant: a hidden session answers
//! as one that does not exist; whether something may be done to a visible one is decided by the
//! command, as ever.

use super::super::click::Click;
use super::super::feature::{Context, Fault};
use super::super::queue::session_id;
use super::super::reply::Reply;
use super::super::session::refused;
use super::{Membership, drop_one};
use crate::domain::session::{Session, SessionRefusal};
use crate::store::session::FindSession;

/// What a button or a form requires of whoever uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Nothing: it is not about a session, or its handler shows only what is visible.
    Free,
    /// Nothing: it only gives up what is one's own.
    GivesUp,
    /// To be in the server of the session that its arguments begin with.
    Member,
    /// To view the channel of the session that its arguments begin with, or to lead it.
    Views,
}

/// Routes that are not about one session.
const FREE: &[&str] = &[
    "sessions",
    "cancel-keep",
    "plan",
    "plan-zone",
    "plan-form",
    "plan-make",
    "plan-zone-named",
    "plan-time-typed",
    "plan-detailed",
    "profile-form",
    "profile-zone",
    "profile-delete",
    "profile-keep",
];
/// Routes that give up what is one's own.
const GIVES_UP: &[&str] = &["leave", "offer-no"];
/// Routes about one's own place, which one keeps if the channel is hidden.
const MEMBER: &[&str] = &["check-in", "streaming"];

/// What the route of this name requires: [`Rule::Views`], unless it is named here.
pub fn rule(route: &str) -> Rule {
    if FREE.contains(&route) {
        Rule::Free
    } else if GIVES_UP.contains(&route) {
        Rule::GivesUp
    } else if MEMBER.contains(&route) {
        Rule::Member
    } else {
        Rule::Views
    }
}

/// Whether a click may reach the handler of a route with this rule; the reply if not.
///
/// # Errors
/// [`Fault`].
pub async fn admit(
    ctx: &Context,
    click: &Click,
    rule: Rule,
    args: &str,
) -> Result<Result<(), Reply>, Fault> {
    if matches!(rule, Rule::Free | Rule::GivesUp) {
        return Ok(Ok(()));
    }
    let Some(session) = session_id(args) else {
        return Ok(Ok(()));
    };
    let Some(session) = ctx.query(FindSession(session)).await? else {
        return Ok(Ok(()));
    };
    if click.guild.is_none() {
        let user = click.person.id;
        let membership = ctx
            .access
            .membership(&ctx.rest, session.guild, user, click.at);
        match membership.await {
            Membership::In => {}
            Membership::Gone => {
                drop_one(ctx, session.id, user, click.at).await?;
                return Ok(Err(Reply::text(GONE)));
            }
            Membership::Unknown => return Ok(Err(Reply::text(UNSURE))),
        }
    } else if click.guild != Some(session.guild) {
        return Ok(Err(hidden()));
    }
    let seen = rule == Rule::Member || sees(ctx, click, &session).await;
    Ok(if seen { Ok(()) } else { Err(hidden()) })
}

/// Whether the person who clicked is the organiser or a co-organiser.
fn leads(click: &Click, session: &Session) -> bool {
    let user = click.person.id;
    session.organiser == Some(user) || session.co_organisers.contains(&user)
}

/// Whether the person who clicked leads a session or can view its channel.
pub async fn sees(ctx: &Context, click: &Click, session: &Session) -> bool {
    let (guild, channel) = (session.guild, session.channel);
    leads(click, session) || ctx.access.views(&ctx.rest, click, guild, channel).await
}

/// Keeps of these sessions of the click's server those that [`sees`] holds of. `session` gives the
/// session of one of them.
pub async fn retain_seen<T>(
    ctx: &Context,
    click: &Click,
    sessions: &mut Vec<T>,
    session: impl Fn(&T) -> &Session,
) {
    let Some(guild) = click.guild else {
        return sessions.clear();
    };
    let others = sessions.iter().map(&session);
    let others = others.filter(|one| one.guild == guild && !leads(click, one));
    let channels: Vec<_> = others.map(|one| one.channel).collect();
    let viewed = ctx.access.viewed(&ctx.rest, click, guild, channels).await;
    sessions.retain(|one| {
        let session = session(one);
        leads(click, session) || viewed.contains(&session.channel)
    });
}

/// A hidden session is none.
fn hidden() -> Reply {
    Reply::text(refused(&SessionRefusal::Unknown))
}

const GONE: &str = "You are not in that session's server any more, so this does nothing. If you \
                    come back, *Join* on its card gets you in again.";
const UNSURE: &str = "⏳ Discord does not tell me at the moment whether you are still in that \
                      session's server. Please try again in a minute.";
