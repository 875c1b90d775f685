//! Places that are offered: the buttons of whoever is asked, and of an organiser who has one
//! offered; and how the ways of coming in are called.
//!
//! May touch: the store and twilight's models. Invariant: a button says of which session it is and
//! nothing else; whether there is an offer, and for whom, is what the database says.

use twilight_model::channel::message::component::{ButtonStyle, Component};

use super::click::{Click, Pressed};
use super::feature::{Context, Fault, Feature, Route};
use super::prompt;
use super::queue::session_id;
use super::reply::{Message, Reply, button};
use super::session::refused;
use crate::domain::admission::Admission;
use crate::domain::ids::SessionId;
use crate::domain::prompt::PromptEnd;
use crate::domain::session::SessionRefusal;
use crate::store::queue::{AnswerOffer, OfferRefusal, SessionView};

/// Takes the place that is offered: `offer-yes:SESSION`.
const TAKE: &str = "offer-yes";
/// Turns it down: `offer-no:SESSION`.
const DECLINE: &str = "offer-no";

/// The feature's table.
pub const FEATURE: Feature = Feature {
    commands: &[],
    components: &[
        Route {
            name: TAKE,
            run: |ctx, click, it| Box::pin(answer(ctx, click, it, true)),
        },
        Route {
            name: DECLINE,
            run: |ctx, click, it| Box::pin(answer(ctx, click, it, false)),
        },
    ],
    modals: &[],
};

/// A way of coming in, in a few words.
pub fn label(admission: Admission) -> &'static str {
    match admission {
        Admission::Organiser => "The organiser picks",
        Admission::FirstCome => "First come, first served",
        Admission::Balanced => "All at once, when the teams are full",
    }
}

/// The buttons with which an offer of a place in `session` is answered.
pub(super) fn buttons(session: SessionId) -> Vec<Component> {
    vec![
        button(format!("{TAKE}:{session}"), "I play", ButtonStyle::Success),
        button(
            format!("{DECLINE}:{session}"),
            "Not this time",
            ButtonStyle::Secondary,
        ),
    ]
}

/// The same on the session's card, as long as anybody is asked who may not have got the message.
pub(super) fn on_card(view: &SessionView) -> Vec<Component> {
    let asked = view.session.status.is_alive() && view.queue.asked().next().is_some();
    let id = view.session.id;
    if asked { buttons(id) } else { Vec::new() }
}

async fn answer(
    context: Context,
    click: Click,
    pressed: Pressed,
    take: bool,
) -> Result<Reply, Fault> {
    let Some(session) = session_id(&pressed.args) else {
        return Ok(Reply::text(refused(&SessionRefusal::Unknown)));
    };
    let command = AnswerOffer {
        session,
        user: click.person.id,
        take,
        at: click.at,
    };
    let said = match context.execute(&click, command).await? {
        Ok(answered) => {
            let end = if take {
                PromptEnd::Placed(answered.role)
            } else {
                PromptEnd::Declined
            };
            prompt::ended(&answered.session.plan.title, end)
        }
        Err(refusal) => outdated(&refusal),
    };
    // In direct messages the offer itself changes, so that its buttons are gone; elsewhere
    // others may press them, who were not asked.
    Ok(if click.guild.is_none() {
        Reply::Update(Message::text(said))
    } else {
        Reply::text(said)
    })
}

/// Why an offer cannot be answered any more.
fn outdated(refusal: &OfferRefusal) -> String {
    match refusal {
        OfferRefusal::Session(SessionRefusal::Unknown) => {
            "That session is gone. `/session list` in the server shows what is on.".into()
        }
        OfferRefusal::Session(refusal) => refused(refusal),
        OfferRefusal::NotAsked => "There is no place that is kept for you in this session at the \
                                   moment. While its queue is open, *Join* on its card gets you \
                                   into it."
            .into(),
        OfferRefusal::Accepted(role) => {
            format!("You are in already, as {role}. *Leave* on the session's card gives it up.")
        }
        OfferRefusal::Declined => "You had turned this place down, and others were asked. While \
                                   the queue is open, *Join* on the session's card says that you \
                                   want to be asked again."
            .into(),
        OfferRefusal::TooLate => "That was a little too late: others were asked meanwhile. You \
                                  still wait in the queue; while it is open, *Join* on the \
                                  session's card says that you want to be asked again."
            .into(),
        OfferRefusal::NoAccount => "None of the accounts that you offered fits this session any \
                                    more. While its queue is open, *Join* on its card lets you \
                                    choose others."
            .into(),
    }
}
