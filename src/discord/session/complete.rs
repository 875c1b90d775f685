//! What is proposed while somebody types an option of `/session`.
//!
//! May touch: the store, to read. Invariant: a proposal's value is taken when it is sent, and
//! means what its label said.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use twilight_model::application::interaction::application_command::CommandData;

use super::super::click::Click;
use super::super::feature::{Context, Fault};
use super::super::options::Given;
use super::super::reply::{CHOICE_MAX_CHARS, Reply};
use super::super::text::truncate;
use super::options::NO_ZONE;
use super::pick::{self, Purpose};
use crate::domain::ladder::Scale;
use crate::domain::mode::Mode;
use crate::domain::rank::Tier;
use crate::domain::session::{Actor, Session, scale};
use crate::domain::{when, zone};
use crate::store::session::ZoneOf;

pub(super) async fn complete(
    ctx: Context,
    click: Click,
    data: CommandData,
) -> Result<Reply, Fault> {
    let given = Given::of(&data);
    let (Some(actor), Some((option, typed))) = (click.actor(), given.focused()) else {
        return Ok(Reply::Choices(Vec::new()));
    };
    match option {
        "session" => sessions(&ctx, &click, &actor, &given, typed).await,
        "when" => times(&ctx, &click, &actor, &given, typed).await,
        "timezone" => Ok(zones(typed, click.at)),
        "lowest" | "highest" => Ok(tiers(scale_of(&ctx, &click, &actor, &given).await?, typed)),
        _ => Ok(Reply::Choices(Vec::new())),
    }
}

/// The scale of the mode that is named, or that the picked session has.
async fn scale_of(
    ctx: &Context,
    click: &Click,
    actor: &Actor,
    given: &Given<'_>,
) -> Result<Scale, Fault> {
    if let Some(mode) = given.text("mode").and_then(Mode::parse) {
        return Ok(scale(mode));
    }
    let picked = picked(ctx, click, actor, given).await?;
    Ok(picked.map_or(Scale::Competitive, |session| session.plan.scale()))
}

/// The session that was picked already, in a subcommand that asks for one.
async fn picked(
    ctx: &Context,
    click: &Click,
    actor: &Actor,
    given: &Given<'_>,
) -> Result<Option<Session>, Fault> {
    match given.text("session") {
        Some(typed) => Ok(pick::find(ctx, click, actor, Purpose::Look, typed)
            .await?
            .ok()),
        None => Ok(None),
    }
}

async fn sessions(
    ctx: &Context,
    click: &Click,
    actor: &Actor,
    given: &Given<'_>,
    typed: &str,
) -> Result<Reply, Fault> {
    let purpose = match given.subcommand {
        "show" => Purpose::Look,
        "history" => Purpose::Review,
        "reopen" => Purpose::TakeBack,
        _ => Purpose::Manage,
    };
    let listing = pick::listing(ctx, click, actor, purpose).await?;
    let choices = pick::choices(&listing, actor, purpose, typed);
    Ok(Reply::choices(choices))
}

async fn times(
    ctx: &Context,
    click: &Click,
    actor: &Actor,
    given: &Given<'_>,
    typed: &str,
) -> Result<Reply, Fault> {
    let now = click.at;
    let named = given.text("timezone").and_then(zone::named);
    let home = ctx.query(ZoneOf(actor.user)).await?;
    let plan = picked(ctx, click, actor, given)
        .await?
        .map(|found| found.plan);
    let zone = named.or(home).or(plan.as_ref().map(|plan| plan.zone));
    Ok(match (zone, plan) {
        (Some(zone), Some(plan)) => proposals(when::complete_on(typed, zone, plan.at, now)),
        (Some(zone), None) => proposals(when::complete(typed, zone, now)),
        (None, _) => match when::parse_anywhere(typed, now) {
            Some(Ok(_)) => proposals(when::complete(typed, Tz::UTC, now)),
            _ => no_zone(typed),
        },
    })
}

fn proposals(proposals: Vec<when::Suggestion>) -> Reply {
    Reply::choices(
        proposals
            .into_iter()
            .map(|proposal| (proposal.label, proposal.value)),
    )
}

/// The way out for somebody whose zone is not known, as the only choice; picking it sends what
/// they have typed.
fn no_zone(typed: &str) -> Reply {
    let value = match typed.trim() {
        "" => "?".to_owned(),
        typed => truncate(typed, CHOICE_MAX_CHARS),
    };
    Reply::choices([(NO_ZONE.to_owned(), value)])
}

fn zones(typed: &str, now: DateTime<Utc>) -> Reply {
    let zones = zone::search(typed, now);
    Reply::choices(
        zones
            .into_iter()
            .map(|found| (found.label, found.zone.name().to_owned())),
    )
}

fn tiers(scale: Scale, typed: &str) -> Reply {
    let typed = typed.trim().to_lowercase();
    let meant = Tier::parse(scale, &typed);
    let fits = |tier: &Tier| tier.label().to_lowercase().contains(&typed) || meant == Some(*tier);
    let tiers = Tier::all(scale).filter(fits);
    Reply::choices(tiers.map(|tier| (tier.label().to_owned(), tier.word().to_owned())))
}
