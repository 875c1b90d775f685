//! Whether those whom somebody chose are in their server: a client can send any id in place of a choice. (What a
//! channel takes is asked in `bot.rs`, of the server's own channels.)
//!
//! May touch: Discord's HTTP API, to read. Invariant: who is not known to be in the server is not among its
//! members.

use chrono::{DateTime, Utc};
use futures_util::future::join_all;

use super::Membership;
use crate::discord::click::ChosenPerson;
use crate::discord::feature::Context;
use crate::discord::reply::OPTIONS_MAX;
use crate::domain::ids::GuildId;
use crate::domain::profile::Person;

/// Those of whom Discord says that they are in a server, and the others. Asks about at most [`OPTIONS_MAX`]
/// people of whom it was not said with the choice.
pub async fn split_by_membership(
    ctx: &Context,
    guild: GuildId,
    chosen: Vec<ChosenPerson>,
    now: DateTime<Utc>,
) -> (Vec<Person>, Vec<Person>) {
    let asked = chosen.into_iter().take(OPTIONS_MAX).map(async |one| {
        let is_member = one.is_member || {
            let membership = ctx.access.membership(&ctx.rest, guild, one.person.id, now);
            membership.await == Membership::In
        };
        (one.person, is_member)
    });
    let known = join_all(asked).await;
    let (members, others): (Vec<_>, Vec<_>) = known.into_iter().partition(|(_, is_in)| *is_in);
    let people = |known: Vec<(Person, bool)>| known.into_iter().map(|(person, _)| person).collect();
    (people(members), people(others))
}
