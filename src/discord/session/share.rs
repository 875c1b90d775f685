//! The option `co-organiser` of `/session create` and `/session edit`.
//!
//! May touch: the store. Invariant: it adds a member of the server and takes nobody out; the dashboard does
//! both.

use twilight_interactions::command::ResolvedUser;

use super::super::access::split_by_membership;
use super::super::click::{ChosenPerson, Click, human};
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
    let is_member = user.member.is_some();
    let chosen = vec![ChosenPerson { person, is_member }];
    let (people, _) = split_by_membership(ctx, actor.guild, chosen, click.at).await;
    if people.is_empty() {
        return Ok(format!(
            "⚠️ <@{id}> cannot manage it: only members of this server can lead a session."
        ));
    }
    let command = SetCoOrganisers {
        session,
        actor: *actor,
        people,
        keep: true,
        at: click.at,
    };
    Ok(match ctx.execute(click, command).await? {
        Ok(done) if done.added.is_empty() => format!("<@{id}> leads it already."),
        Ok(_) => format!("✅ <@{id}> can now manage it too."),
        Err(refusal) => format!("⚠️ {}", refused(&refusal)),
    })
}
