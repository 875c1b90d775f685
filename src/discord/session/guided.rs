//! `/session plan`: a session without typing. Mode → day → time → details.
//!
//! May touch: the store. Invariant: the way so far is a [`Path`] in the custom ids of one message
//! that only its reader sees; a path that makes no sense leads back to the beginning.

mod pages;
mod path;

use chrono_tz::Tz;

use super::super::click::{Click, Pressed, Submitted};
use super::super::feature::{Context, Fault};
use super::super::reply::{Message, Modal, Reply};
use super::create;
use super::options::{self, DESCRIPTION, LENGTH, TITLE};
use super::words::{IN_A_SERVER, meant, not_a_time};
use crate::domain::admission::Admission;
use crate::domain::extras::Extras;
use crate::domain::profile::Changes;
use crate::domain::session::{
    CHECK_IN_DEFAULT_MINUTES, LENGTH_DEFAULT_MINUTES, Plan, RankLimits, scale,
};
use crate::domain::{when, zone as zones};
use crate::store::profile::EditProfile;
use crate::store::session::ZoneOf;
use pages::Page;
use path::{Path, Ready};

/// Goes to the page of its path, or to the one that is chosen from it.
pub(super) const STEP: &str = "plan";
/// Takes the zone that was chosen.
pub(super) const ZONE: &str = "plan-zone";
/// Opens the form of its kind.
pub(super) const FORM: &str = "plan-form";
/// Makes the session as it is.
pub(super) const MAKE: &str = "plan-make";
/// The form that names a zone, sent.
pub(super) const NAMED_ZONE: &str = "plan-zone-named";
/// The form with another time, sent.
pub(super) const TYPED_TIME: &str = "plan-time-typed";
/// The form with the details, sent.
pub(super) const DETAILED: &str = "plan-detailed";

pub(super) async fn begin(ctx: &Context, click: &Click) -> Result<Reply, Fault> {
    Ok(Reply::Say(page(ctx, click, &Path::Start, None).await?))
}

pub(super) async fn step(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let path = match pressed.values.first() {
        Some(chosen) => Path::parse(&pressed.args).with(chosen),
        None => Path::parse(&pressed.args),
    };
    Ok(Reply::Update(page(&ctx, &click, &path, None).await?))
}

pub(super) async fn zone(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let path = Path::parse(&pressed.args);
    let chosen = pressed.values.first().and_then(|name| zones::parse(name));
    match chosen {
        Some(zone) => live_in(&ctx, &click, &path, zone).await,
        None => Ok(Reply::Update(page(&ctx, &click, &path, None).await?)),
    }
}

pub(super) async fn named_zone(
    ctx: Context,
    click: Click,
    sent: Submitted,
) -> Result<Reply, Fault> {
    let path = Path::parse(&sent.args);
    let typed = sent.text(pages::ZONE_FIELD);
    match options::zone(Some(typed), click.at) {
        Ok(Some(zone)) => live_in(&ctx, &click, &path, zone).await,
        _ => Ok(Reply::Update(pages::zones(&path, typed, click.at))),
    }
}

/// Opens the form that its id names: `zone:PATH`, `time:PATH`, `details:PATH`.
pub(super) async fn form(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let (kind, path) = pressed.args.split_once(':').unwrap_or_default();
    let path = Path::parse(path);
    let zone = home(&ctx, &click).await?;
    let form: Option<Modal> = match (kind, &path, zone) {
        ("zone", _, _) => Some(pages::zone_form(&path)),
        ("time", Path::Game(_) | Path::Day(..), Some(zone)) => Some(pages::time_form(&path, zone)),
        ("details", Path::Ready(ready), Some(_)) => Some(pages::details_form(ready)),
        _ => None,
    };
    Ok(match form {
        Some(form) => Reply::Ask(form),
        None => Reply::Update(page(&ctx, &click, &path, None).await?),
    })
}

pub(super) async fn typed_time(
    ctx: Context,
    click: Click,
    sent: Submitted,
) -> Result<Reply, Fault> {
    let path = Path::parse(&sent.args);
    let (Some(zone), Some(game)) = (home(&ctx, &click).await?, path.game()) else {
        return Ok(Reply::Update(page(&ctx, &click, &path, None).await?));
    };
    let typed = sent.text(pages::WHEN_FIELD);
    let read = match path.day(zone) {
        Some(day) => when::parse_on(typed, zone, day, click.at),
        None => when::parse(typed, zone, click.at),
    };
    Ok(Reply::Update(match read {
        Ok(when) => {
            let ready = Path::Ready(Ready {
                game,
                at: when.at,
                admission: Admission::default(),
            });
            page(&ctx, &click, &ready, None).await?
        }
        Err(error) => {
            let note = not_a_time(&error, typed, zone, click.at);
            let moments = meant(&error);
            if moments.is_empty() {
                page(&ctx, &click, &path, Some(&note)).await?
            } else {
                pages::doubtful(&path, game, &moments, zone, &note, click.at)
            }
        }
    }))
}

pub(super) async fn make(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let path = Path::parse(&pressed.args);
    let details = Details::default();
    finish(&ctx, &click, &path, details).await
}

pub(super) async fn detailed(ctx: Context, click: Click, sent: Submitted) -> Result<Reply, Fault> {
    let path = Path::parse(&sent.args);
    match Details::of(&sent, &path) {
        Ok(details) => finish(&ctx, &click, &path, details).await,
        Err(note) => Ok(Reply::Update(page(&ctx, &click, &path, Some(&note)).await?)),
    }
}

/// What a session has beyond mode, teams and time.
struct Details {
    title: String,
    description: String,
    length_minutes: u32,
    limits: RankLimits,
}

impl Default for Details {
    fn default() -> Self {
        Self {
            title: String::new(),
            description: String::new(),
            length_minutes: LENGTH_DEFAULT_MINUTES,
            limits: RankLimits::default(),
        }
    }
}

impl Details {
    fn of(sent: &Submitted, path: &Path) -> Result<Self, options::Sentence> {
        let tier = |field| {
            let chosen = sent.values(field).first().map(String::as_str);
            match path.game() {
                Some(game) => options::tier(scale(game.mode), chosen),
                None => Ok(None),
            }
        };
        Ok(Self {
            title: options::title(sent.text(TITLE))?,
            description: options::description(sent.text(DESCRIPTION))?,
            length_minutes: options::chosen_length(sent.values(LENGTH))
                .unwrap_or(LENGTH_DEFAULT_MINUTES),
            limits: RankLimits {
                lowest: tier(pages::LOWEST_FIELD)?,
                highest: tier(pages::HIGHEST_FIELD)?,
                distance: None,
            },
        })
    }
}

/// Makes the session; or says why not, on the page where that can be put right.
async fn finish(
    ctx: &Context,
    click: &Click,
    path: &Path,
    details: Details,
) -> Result<Reply, Fault> {
    let Some(actor) = click.actor() else {
        return Ok(Reply::text(IN_A_SERVER));
    };
    let (Path::Ready(ready), Some(zone)) = (path, home(ctx, click).await?) else {
        return Ok(Reply::Update(page(ctx, click, path, None).await?));
    };
    if !ready.is_ahead(click.at) {
        let note = "That time has passed meanwhile. Choose another.";
        return Ok(Reply::Update(page(ctx, click, path, Some(note)).await?));
    }
    let mode = ready.game.mode;
    let plan = Plan {
        mode,
        teams: ready.game.teams,
        at: ready.at,
        zone,
        length_minutes: details.length_minutes,
        title: match details.title {
            title if title.is_empty() => mode.label().to_owned(),
            title => title,
        },
        description: details.description,
        limits: details.limits,
        admission: ready.admission,
        check_in_minutes: CHECK_IN_DEFAULT_MINUTES,
    };
    Ok(
        match create::make(ctx, click, &actor, plan, Extras::default()).await? {
            Ok(session) => Reply::Update(Message::text(create::created(&session))),
            Err(note) => Reply::Update(page(ctx, click, path, Some(&note)).await?),
        },
    )
}

/// Remembers where somebody lives, and goes on.
async fn live_in(ctx: &Context, click: &Click, path: &Path, zone: Tz) -> Result<Reply, Fault> {
    let learn = EditProfile {
        person: click.person.clone(),
        changes: Changes {
            zone: Some(Some(zone)),
            ..Changes::default()
        },
        at: click.at,
    };
    let Ok(_) = ctx.execute(click, learn).await?;
    let note = format!(
        "I remember that you live in {}; `/profile edit` changes it.",
        zones::label(zone, click.at)
    );
    let shown = Page::of(path, zone, click.at);
    Ok(Reply::Update(shown.message(Some(&note))))
}

/// The page of a path; the question for the zone as long as that is not known.
async fn page(
    ctx: &Context,
    click: &Click,
    path: &Path,
    note: Option<&str>,
) -> Result<Message, Fault> {
    Ok(match home(ctx, click).await? {
        Some(zone) => Page::of(path, zone, click.at).message(note),
        None => pages::zones(path, "", click.at),
    })
}

async fn home(ctx: &Context, click: &Click) -> Result<Option<Tz>, Fault> {
    ctx.query(ZoneOf(click.person.id)).await
}
