//! Saying that one is there: the button on the card and in direct messages, and what the card says.
//!
//! May touch: the store and twilight's models. Invariant: a button says of which session it is and
//! nothing else.

use chrono::{DateTime, Utc};
use twilight_model::channel::message::component::{ButtonStyle, Component};

use super::click::{Click, Pressed};
use super::feature::{Context, Fault, Feature, Route};
use super::prompt;
use super::queue::session_id;
use super::reply::{Message, Reply, button};
use super::session::refused;
use super::text::{escape, relative_time};
use crate::domain::check_in::{self, CheckInRefusal};
use crate::domain::ids::SessionId;
use crate::domain::prompt::PromptEnd;
use crate::domain::session::SessionRefusal;
use crate::store::queue::{CheckIn, SessionView};

/// Says that one is there: `check-in:SESSION`.
const HERE: &str = "check-in";

/// The feature's table.
pub const FEATURE: Feature = Feature {
    commands: &[],
    components: &[Route {
        name: HERE,
        run: |ctx, click, it| Box::pin(here(ctx, click, it)),
    }],
    modals: &[],
};

/// The button with which people say that they are there.
pub(super) fn here_button(session: SessionId) -> Component {
    button(
        format!("{HERE}:{session}"),
        "I'm there",
        ButtonStyle::Success,
    )
}

/// The card's button as of `now`, as long as there is anybody who may press it.
pub(super) fn on_card(view: &SessionView, now: DateTime<Utc>) -> Option<Component> {
    let session = &view.session;
    let late = check_in::wants_late(session, &view.queue.entries);
    (check_in::is_open(session, now) || late).then(|| here_button(session.id))
}

/// What the card says about it as of `now`; `None` if the session has no check-in to come.
pub(super) fn line(view: &SessionView, now: DateTime<Utc>) -> Option<String> {
    let session = &view.session;
    let opens = session.plan.check_in_at()?;
    if check_in::is_open(session, now) {
        let (mut all, mut missing) = (0, 0);
        for (entry, _) in view.queue.accepted() {
            all += 1;
            missing += usize::from(check_in::is_missing(session, entry));
        }
        let there = all - missing;
        return Some(format!(
            "{there} of {all} are there: press *I'm there* before the start"
        ));
    }
    let ahead = session.status.is_ahead();
    ahead.then(|| {
        format!(
            "{}: who has not said by the start that they are there, loses their place",
            relative_time(opens)
        )
    })
}

async fn here(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let Some(session) = session_id(&pressed.args) else {
        return Ok(Reply::text(refused(&SessionRefusal::Unknown)));
    };
    let command = CheckIn {
        session,
        user: click.person.id,
        at: click.at,
    };
    let done = match context.execute(&click, command).await? {
        Ok(done) => done,
        Err(refusal) => return Ok(Reply::text(in_the_way(&refusal))),
    };
    let title = &done.session.plan.title;
    let said = match (done.role, done.late) {
        (Some(role), false) => prompt::ended(title, PromptEnd::Present(role)),
        (Some(role), true) => {
            let title = escape(title);
            format!("☑️ Better late than never: you play {role} in **{title}**.")
        }
        (None, _) => prompt::ended(title, PromptEnd::TooLate),
    };
    // In direct messages the question itself changes, so that its button is gone; elsewhere others
    // may press it.
    Ok(if click.guild.is_none() {
        Reply::Update(Message::text(said))
    } else {
        Reply::text(said)
    })
}

fn in_the_way(refusal: &CheckInRefusal) -> String {
    match refusal {
        CheckInRefusal::Session(refusal) => refused(refusal),
        CheckInRefusal::None => "This session has no check-in: just come.".into(),
        CheckInRefusal::NotYet(opens) => format!(
            "That is a little early: the check-in opens {}. I tell you then.",
            relative_time(*opens)
        ),
        CheckInRefusal::NotIn => {
            "You are not in this session's queue; *Join* on its card gets you in.".into()
        }
        CheckInRefusal::Waiting => "You have no place in this session yet, so there is nothing to \
                                    say. I ask you when one is free for you."
            .into(),
        CheckInRefusal::Rejected => {
            "The organiser has not accepted you for this session, so you need not be there.".into()
        }
    }
}
