//! A form that was sent after somebody else had changed the same: what is asked, and what is answered.
//!
//! May touch: the store. Invariant: what was typed is in the receipt of the form, so that the question
//! outlives a restart; what is decided is judged by what the question showed.

use twilight_model::channel::message::component::ButtonStyle;

use super::super::click::{Click, Pressed};
use super::super::feature::{Context, Fault};
use super::super::reply::{Message, Reply, button};
use super::super::text::{escape, long_time, truncate};
use super::edit::{edited, is_quiet};
use super::pick::id;
use super::words::{IN_A_SERVER, length, refused};
use crate::domain::extras::Extras;
use crate::domain::ids::{InteractionId, SessionId};
use crate::domain::session::SessionRefusal;
use crate::domain::session::form::{Clash, Field, Shown};
use crate::store::session::{EditSession, FormSaved, FormSavedBy, SaveSessionForm};

/// Writes one field as it was typed: `session:interaction of the form:field`.
pub(super) const MINE: &str = "edit-mine";
/// Leaves everything as others made it.
pub(super) const THEIRS: &str = "edit-theirs";

/// Characters of a text that is shown in the question.
const QUOTED_MAX_CHARS: usize = 200;

/// What came of a form; with a question where somebody else changed the same.
pub(super) fn saved(click: &Click, done: &FormSaved, doubt: &str) -> Message {
    let clashes = &done.clashes.fields;
    let said = match is_quiet(&done.edited) && !clashes.is_empty() {
        true => String::new(),
        false => edited(&done.edited) + "\n",
    };
    if clashes.is_empty() {
        return Message::text(format!("{}{doubt}", said.trim_end()));
    }
    let lines: Vec<_> = clashes.iter().map(line).collect();
    let text = format!(
        "{said}⚠️ While your form was open, somebody else changed the same. It is as they made it:\n{}\n\
         Which do you want?{doubt}",
        lines.join("\n")
    );
    let (session, form) = (done.edited.session.id, click.id);
    let mine = clashes.iter().map(|clash| {
        let field = clash.field().as_str();
        let id = format!("{MINE}:{session}:{form}:{field}");
        button(id, &format!("Use my {field}"), ButtonStyle::Primary)
    });
    let theirs = button(
        format!("{THEIRS}:{session}"),
        "Keep it as it is",
        ButtonStyle::Secondary,
    );
    Message::text(text).row(mine.chain([theirs]).collect::<Vec<_>>())
}

pub(super) async fn mine(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let Some(actor) = click.actor() else {
        return Ok(Reply::text(IN_A_SERVER));
    };
    let Some((session, form, field)) = parts(&pressed.args) else {
        return Ok(Reply::text(refused(&SessionRefusal::Unknown)));
    };
    let asked = ctx.query(FormSavedBy(form)).await?;
    let asked = asked.filter(|form| form.clashes.by == actor.user);
    let asked = asked.filter(|form| form.edited.session.id == session);
    let clash = asked.as_ref().and_then(|form| {
        let mut fields = form.clashes.fields.iter();
        Some((fields.find(|clash| clash.field() == field)?, form))
    });
    let Some((clash, form)) = clash else {
        return Ok(Reply::text(TOO_LATE));
    };
    let save = SaveSessionForm {
        edit: EditSession {
            session,
            actor,
            change: clash.yours(),
            extras: Extras::default(),
            at: click.at,
        },
        shown: Shown::of(&form.edited.session.plan),
    };
    Ok(match ctx.execute(&click, save).await? {
        Ok(done) => Reply::Say(saved(&click, &done, "")),
        Err(refusal) => Reply::text(refused(&refusal)),
    })
}

pub(super) async fn theirs() -> Result<Reply, Fault> {
    Ok(Reply::Update(Message::text("It stays as it is.")))
}

const TOO_LATE: &str = "That was too long ago: what you had typed is not kept any more. `/session edit` opens \
                        the form again.";

fn parts(args: &str) -> Option<(SessionId, InteractionId, Field)> {
    let mut parts = args.split(':');
    let session = id(parts.next()?)?;
    let form = parts.next()?.parse().ok().map(InteractionId)?;
    Some((session, form, Field::parse(parts.next()?)?))
}

fn line(clash: &Clash) -> String {
    let (what, yours, theirs) = match clash {
        Clash::At { yours, theirs } => ("Start", long_time(*yours), long_time(*theirs)),
        Clash::Length { yours, theirs } => ("Length", length(*yours), length(*theirs)),
        Clash::Title { yours, theirs } => ("Title", quote(yours), quote(theirs)),
        Clash::Description { yours, theirs } => ("Description", quote(yours), quote(theirs)),
    };
    format!("• **{what}** — yours: {yours}; now: {theirs}")
}

fn quote(text: &str) -> String {
    match text {
        "" => "*(empty)*".into(),
        text => format!("“{}”", escape(&truncate(text, QUOTED_MAX_CHARS))),
    }
}
