//! `/session edit`: by options, or by a form when there are none.
//!
//! May touch: the store. Invariant: what is left out, or left as the form showed it, stays as it
//! is, also if somebody else has changed it since (`clash.rs`).

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use twilight_model::channel::message::component::TextInputStyle;
use twilight_model::guild::Permissions;

use super::super::access::allowed_extras;
use super::super::admission::label;
use super::super::click::{Click, Pressed, Submitted};
use super::super::feature::{Context, Fault};
use super::super::reply::{Message, Modal, Reply, field, text_input};
use super::super::text::{escape, long_time};
use super::clash;
use super::definition::{self, Clear, Edit, Entrance, Teams};
use super::options::{self, DESCRIPTION, LENGTH, Sentence, TITLE};
use super::pick::{Purpose, find, id, managed};
use super::share::share;
use super::words::{IN_A_SERVER, length, limits, refused, told};
use crate::domain::extras::Extras;
use crate::domain::ids::SessionId;
use crate::domain::session::form::Shown;
use crate::domain::session::{Actor, Change, Plan, Session, SessionRefusal, scale};
use crate::store::session::{EditSession, Edited, SaveSessionForm, ZoneOf};

/// Opens the form for the session of its id, which other features' buttons may lead to.
pub const ASK: &str = "edit-ask";
/// The form, sent: `session:what it showed`.
pub(super) const SAVE: &str = "edit";

const WHEN: &str = "when";
/// Characters of a time in a form.
const WHEN_MAX_CHARS: usize = 100;

/// The form with what is decided about `session` now.
pub fn edit_modal(session: &Session) -> Modal {
    let plan = &session.plan;
    let nameless = plan.mode.label();
    let title = if plan.title == nameless {
        ""
    } else {
        &plan.title
    };
    let when = text_input(
        WHEN,
        TextInputStyle::Short,
        true,
        WHEN_MAX_CHARS,
        "fri 8pm, tomorrow 20:30, 2026-12-25 19:30",
        Some(&filled_in(plan.at, plan.zone)),
    );
    let zone = format!(
        "fri 8pm, tomorrow 20:30 and the like, in {}",
        plan.zone.name()
    );
    let mut fields = options::fields(title, nameless, &plan.description, plan.length_minutes);
    fields.insert(1, field("When", Some(&zone), when));
    Modal {
        id: format!("{SAVE}:{}:{}", session.id, Shown::of(plan)),
        title: "Edit the session".into(),
        fields,
    }
}

pub(super) async fn run(
    ctx: &Context,
    click: &Click,
    actor: &Actor,
    options: &Edit,
) -> Result<Reply, Fault> {
    let session = match find(ctx, click, actor, Purpose::Manage, &options.session).await? {
        Ok(session) => session,
        Err(sentence) => return Ok(Reply::text(sentence)),
    };
    if !session.status.is_alive() {
        return Ok(not_any_more(&session));
    }
    if options.is_bare() {
        return Ok(Reply::Ask(edit_modal(&session)));
    }
    let home = ctx.query(ZoneOf(actor.user)).await?;
    let change = match options.change(&session.plan, home, click.at) {
        Ok(change) => change,
        Err(sentence) => return Ok(Reply::text(sentence)),
    };
    let mut said = Vec::new();
    if options.changes_plan() {
        let wanted = definition::extras(options.thread, options.event);
        let (extras, refused) = may_have(ctx, click, &session, wanted).await;
        said.push(edit(ctx, click, actor, session.id, (change, extras)).await?);
        said.extend(refused.into_iter().map(str::to_owned));
    }
    if let Some(user) = &options.co_organiser {
        said.push(share(ctx, click, actor, session.id, user).await?);
    }
    Ok(Reply::text(said.join("\n")))
}

pub(super) async fn ask(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let Some(actor) = click.actor() else {
        return Ok(Reply::text(IN_A_SERVER));
    };
    Ok(match managed(&ctx, &actor, id(&pressed.args)).await? {
        Ok(session) if session.status.is_alive() => Reply::Ask(edit_modal(&session)),
        Ok(session) => not_any_more(&session),
        Err(sentence) => Reply::text(sentence),
    })
}

pub(super) async fn save(ctx: Context, click: Click, sent: Submitted) -> Result<Reply, Fault> {
    let Some(actor) = click.actor() else {
        return Ok(Reply::text(IN_A_SERVER));
    };
    let (session, shown) = sent.args.split_once(':').unwrap_or((&sent.args, ""));
    let shown = Shown::parse(shown);
    let session = match managed(&ctx, &actor, id(session)).await? {
        Ok(session) => session,
        Err(sentence) => return Ok(Reply::text(sentence)),
    };
    // A form that was opened by an earlier version tells nothing; it is as if it were opened now.
    let seen = shown.unwrap_or_else(|| Shown::of(&session.plan));
    let (at, doubt) = match moved(&sent, &seen, click.at) {
        Ok(at) => (at, String::new()),
        // The rest is saved all the same: nobody likes to type a description twice.
        Err(sentence) => (None, format!("\n⚠️ The start has not changed: {sentence}")),
    };
    let change = match written(&sent) {
        Ok(change) => Change { at, ..change },
        Err(sentence) => return Ok(Reply::text(sentence)),
    };
    let edit = EditSession {
        session: session.id,
        actor,
        change,
        extras: Extras::default(),
        at: click.at,
    };
    let save = SaveSessionForm { edit, shown: seen };
    Ok(match ctx.execute(&click, save).await? {
        Ok(done) => Reply::Say(clash::saved(&click, &done, &doubt)),
        Err(refusal) => Reply::text(refused(&refusal) + &doubt),
    })
}

/// What of `wanted` the person may have the bot make beside the session's card; a sentence for what not.
async fn may_have(
    ctx: &Context,
    click: &Click,
    session: &Session,
    wanted: Extras,
) -> (Extras, Vec<&'static str>) {
    if wanted.each().all(|(_, on)| !on) {
        return (wanted, Vec::new());
    }
    let (guild, channel) = (session.guild, session.channel);
    let permissions = ctx.access.permissions(&ctx.rest, click, guild, channel);
    allowed_extras(wanted, permissions.await.unwrap_or(Permissions::empty()))
}

/// Changes the session, and says what came of it.
async fn edit(
    ctx: &Context,
    click: &Click,
    actor: &Actor,
    session: SessionId,
    (change, extras): (Change, Extras),
) -> Result<String, Fault> {
    let edit = EditSession {
        session,
        actor: *actor,
        change,
        extras,
        at: click.at,
    };
    Ok(match ctx.execute(click, edit).await? {
        Ok(done) => edited(&done),
        Err(refusal) => refused(&refusal),
    })
}

impl Edit {
    fn is_bare(&self) -> bool {
        !self.changes_plan() && self.co_organiser.is_none()
    }

    /// Whether anything of the plan is to be different.
    fn changes_plan(&self) -> bool {
        let texts = [
            &self.when,
            &self.length,
            &self.title,
            &self.description,
            &self.lowest,
            &self.highest,
            &self.timezone,
        ];
        texts.iter().any(|text| text.is_some())
            || self.mode.is_some()
            || self.teams.is_some()
            || self.distance.is_some()
            || self.admission.is_some()
            || self.check_in.is_some()
            || self.clear.is_some()
            || self.thread.is_some()
            || self.event.is_some()
    }

    /// The change that is asked for by somebody who lives in `home`.
    fn change(
        &self,
        plan: &Plan,
        home: Option<Tz>,
        now: DateTime<Utc>,
    ) -> Result<Change, Sentence> {
        let mode = self.mode.map(|mode| mode.0);
        let scale = scale(mode.unwrap_or(plan.mode));
        let zone = options::zone(self.timezone.as_deref(), now)?;
        let reader = zone.or(home).unwrap_or(plan.zone);
        let at = match &self.when {
            Some(when) => Some(options::when_on(when, reader, plan.at, now)?.at),
            None => None,
        };
        let clears = |what| (self.clear == Some(what)).then(String::new);
        let title = self.title.as_deref().map(options::title).transpose()?;
        let description = self.description.as_deref().map(options::description);
        let length = self.length.as_deref();
        Ok(Change {
            mode,
            teams: self.teams.map(Teams::count),
            at,
            zone,
            length_minutes: length
                .map(|typed| options::length(Some(typed)))
                .transpose()?,
            title: title.or(clears(Clear::Title)),
            description: description.transpose()?.or(clears(Clear::Description)),
            without_limits: self.clear == Some(Clear::Limits),
            lowest: options::tier(scale, self.lowest.as_deref())?,
            highest: options::tier(scale, self.highest.as_deref())?,
            distance: options::distance(self.distance),
            admission: self.admission.map(Entrance::admission),
            check_in_minutes: options::check_in(self.check_in),
        })
    }
}

/// What a form says, but for the start.
fn written(sent: &Submitted) -> Result<Change, Sentence> {
    Ok(Change {
        title: Some(options::title(sent.text(TITLE))?),
        description: Some(options::description(sent.text(DESCRIPTION))?),
        length_minutes: options::chosen_length(sent.values(LENGTH)),
        ..Change::default()
    })
}

/// The start that a form says, if it is another than it showed.
fn moved(
    sent: &Submitted,
    shown: &Shown,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, Sentence> {
    let typed = sent.text(WHEN);
    if filled_in(shown.at, shown.zone) == typed.trim() {
        return Ok(None);
    }
    options::when_on(typed, shown.zone, shown.at, now).map(|when| Some(when.at))
}

/// A time as it can be typed.
fn filled_in(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}

fn not_any_more(session: &Session) -> Reply {
    let refusal = SessionRefusal::Not(session.status);
    Reply::Say(Message::text(refused(&refusal)))
}

/// What is different beside the card.
fn extras(extras: &Extras) -> impl Iterator<Item = &'static str> {
    let thread = extras.thread.map(|wanted| match wanted {
        true => "gets a thread at its card",
        false => "has no thread any more",
    });
    let event = extras.event.map(|wanted| match wanted {
        true => "gets an event in this server",
        false => "has no event any more",
    });
    thread.into_iter().chain(event)
}

/// Whether nothing is different.
pub(super) fn is_quiet(done: &Edited) -> bool {
    done.before == done.session.plan && done.extras.is_none()
}

/// What is different now.
pub(super) fn edited(done: &Edited) -> String {
    let (before, now) = (&done.before, &done.session.plan);
    let title = escape(&now.title);
    if is_quiet(done) {
        return format!("Nothing about **{title}** is different from before.");
    }
    let mut lines = Vec::new();
    if before.at != now.at {
        lines.push(format!(
            "starts {} instead of {}",
            long_time(now.at),
            long_time(before.at)
        ));
    }
    if before.mode != now.mode {
        lines.push(format!("is {}", now.mode.label()));
    }
    if before.teams != now.teams {
        let teams = if now.teams == 2 {
            "two teams"
        } else {
            "one team"
        };
        lines.push(format!("is for {teams}"));
    }
    if before.length_minutes != now.length_minutes {
        lines.push(format!("takes {}", length(now.length_minutes)));
    }
    if before.title != now.title {
        lines.push(format!("was called **{}**", escape(&before.title)));
    }
    if before.description != now.description {
        lines.push(match now.description.as_str() {
            "" => "has no description any more".into(),
            _ => "has another description".into(),
        });
    }
    if before.limits != now.limits {
        lines.push(match limits(&now.limits) {
            Some(limits) => format!("is limited by rank: {limits}"),
            None => "is open to every rank".into(),
        });
    }
    if before.admission != now.admission {
        lines.push(format!("has another way in: {}", label(now.admission)));
    }
    if before.check_in_minutes != now.check_in_minutes {
        lines.push(match now.check_in_minutes {
            0 => "has no check-in".into(),
            minutes => format!("has its check-in {} before the start", length(minutes)),
        });
    }
    if before.zone != now.zone {
        lines.push(format!("is planned in {}", now.zone.name()));
    }
    lines.extend(extras(&done.extras).map(str::to_owned));
    format!("✅ **{title}** {}.{}", lines.join("; "), told(done.told))
}
