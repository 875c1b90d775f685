//! The option `co-organiser` of `/session create` and `/session edit`.
//!
//! May touch: the store. Invariant: it adds somebody and takes nobody out; the dashboard does both.

use twilight_interactions::command::ResolvedUser;

use super::super::click::{Click, human};
use super::super::feature::{Context, Fault};
use super::words::refused;
use crate::domain::ids::SessionId;
use crate::domain::session::Actor;
use crate::store::session::SetCoOrganisers;

/// Makes `user` a co-organiser of the session, and says what came of it.
pub(super) async fn share(
    ctx: &Context,
    click: &Click,
    actor: &Actor,
    session: SessionId,
    user: &ResolvedUser,
) -> Result<String, Fault> {
    let Some(person) = human(&user.resolved) else {
        return Ok("⚠️ A bot cannot lead a session.".into());
    };
    let id = person.id;
    let command = SetCoOrganisers {
        session,
        actor: *actor,
        people: vec![person],
        keep: true,
        at: click.at,
    };
    Ok(match ctx.execute(click, command).await? {
        Ok(done) if done.added.is_empty() => format!("<@{id}> leads it already."),
        Ok(_) => format!("✅ <@{id}> can now manage it too."),
        Err(refusal) => format!("⚠️ {}", refused(&refusal)),
    })
}
