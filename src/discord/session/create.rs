//! `/session create`, and how a plan becomes a session by whatever way.
//!
//! May touch: the store. Invariant: a session is only made where its card can be shown, and where whoever
//! makes it may write themselves.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::super::access::{Asset, allowed_extras, cannot_post, posting_obstacle};
use super::super::click::{ChosenChannel, Click};
use super::super::feature::{Context, Fault};
use super::super::obstacle::cannot_post_card;
use super::super::reply::Reply;
use super::definition::{self, Create, Entrance, Teams};
use super::options::{self, Sentence};
use super::share::share;
use super::words::{length, limits, named, refused};
use crate::domain::admission::Admission;
use crate::domain::extras::Extras;
use crate::domain::session::{Actor, CHECK_IN_DEFAULT_MINUTES, Plan, RankLimits, Session, scale};
use crate::store::session::{CreateSession, Created, ZoneOf};

pub(super) async fn run(
    ctx: &Context,
    click: &Click,
    actor: &Actor,
    options: &Create,
) -> Result<Reply, Fault> {
    let home = ctx.query(ZoneOf(actor.user)).await?;
    Ok(match plan(options, home, click.at) {
        Ok(plan) => match make(ctx, click, actor, plan, options.extras()).await? {
            Ok(session) => {
                let mut said = created(&session);
                let (_, refused) = allowed_extras(options.extras(), click.permissions);
                for sentence in refused {
                    said += "\n";
                    said += sentence;
                }
                if let Some(user) = &options.co_organiser {
                    said += "\n";
                    said += &share(ctx, click, actor, session.id, user).await?;
                }
                Reply::text(said)
            }
            Err(sentence) => Reply::text(sentence),
        },
        Err(sentence) => Reply::text(sentence),
    })
}

/// Makes a session of `plan`, with its card in the channel of `click`; or says why not.
pub(super) async fn make(
    ctx: &Context,
    click: &Click,
    actor: &Actor,
    plan: Plan,
    extras: Extras,
) -> Result<Result<Session, Sentence>, Fault> {
    let thread = click.parent.is_some();
    let sentence = cannot_post(click.channel, thread, click.permissions);
    if let Some(sentence) = sentence {
        return Ok(Err(sentence));
    }
    let here = ChosenChannel {
        id: click.channel,
        thread,
        permissions: click.permissions,
        app_permissions: Some(click.app_permissions),
    };
    let card = Asset::Card { is_new: true };
    if let Some(obstacle) = posting_obstacle(&ctx.rest, actor.guild, &here, card, click.at).await {
        return Ok(Err(cannot_post_card(click.channel, &obstacle)));
    }
    let (extras, _) = allowed_extras(extras, click.permissions);
    let create = CreateSession {
        person: click.person.clone(),
        guild: actor.guild,
        channel: click.channel,
        plan,
        extras,
        at: click.at,
    };
    let made = ctx.execute(click, create).await?;
    Ok(made
        .map(|Created { session }| session)
        .map_err(|refusal| refused(&refusal)))
}

impl Create {
    fn extras(&self) -> Extras {
        definition::extras(self.thread, self.event)
    }
}

/// That a session is there.
pub(super) fn created(session: &Session) -> String {
    let plan = &session.plan;
    let teams = if plan.teams == 2 { ", two teams" } else { "" };
    let limits = limits(&plan.limits).map_or(String::new(), |limits| format!(", {limits}"));
    format!(
        "✅ {} is planned: {}{teams}, {}{limits}. Its card appears in this channel in a moment.",
        named(session),
        plan.mode.label(),
        length(plan.length_minutes),
    )
}

/// The plan that was typed by somebody who lives in `home`.
fn plan(options: &Create, home: Option<Tz>, now: DateTime<Utc>) -> Result<Plan, Sentence> {
    let mode = options.mode.0;
    let scale = scale(mode);
    let zone = options::zone(options.timezone.as_deref(), now)?.or(home);
    let when = options::when(&options.when, zone, now)?;
    let title = options::title(options.title.as_deref().unwrap_or_default())?;
    Ok(Plan {
        mode,
        teams: options.teams.map_or(1, Teams::count),
        at: when.at,
        zone: when.zone,
        length_minutes: options::length(options.length.as_deref())?,
        title: if title.is_empty() {
            mode.label().to_owned()
        } else {
            title
        },
        description: options::description(options.description.as_deref().unwrap_or_default())?,
        limits: RankLimits {
            lowest: options::tier(scale, options.lowest.as_deref())?,
            highest: options::tier(scale, options.highest.as_deref())?,
            distance: options::distance(options.distance),
        },
        admission: options
            .admission
            .map_or_else(Admission::default, Entrance::admission),
        check_in_minutes: options::check_in(options.check_in).unwrap_or(CHECK_IN_DEFAULT_MINUTES),
    })
}
