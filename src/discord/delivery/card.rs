//! A session's card, posted and kept true.
//!
//! May touch: [`Rest`](super::super::rest::Rest) and the store. Invariant: a card that was deleted comes
//! back while its session is on; where no embeds are shown, it says the most important in words.

use super::super::card;
use super::super::feature::Context;
use super::super::reply::Message;
use super::super::rest::{RestError, Shown, code};
use super::refusal::report_card;
use super::{Delivered, Trouble, reopened};
use crate::domain::ids::{MessageId, SessionId};
use crate::domain::obstacle::{Obstacle, Right};
use crate::domain::session::Session;
use crate::store::outbox::parking::{Cause, Parking};
use crate::store::outbox::{CardAt, Due};
use crate::store::queue::{SessionView, ViewSession};
use crate::store::session::{CardState, CardStateOf};

/// What of a snowflake stands behind the time at which it was made, in bits.
const SNOWFLAKE_TIME_BITS: u32 = 22;

pub(super) async fn deliver(
    context: &Context,
    due: &Due,
    id: SessionId,
) -> Result<Delivered, Trouble> {
    let Some(view) = context.store.query(ViewSession(id)).await? else {
        return Ok(Delivered::Done(None));
    };
    let state = context.store.query(CardStateOf(id)).await?;
    // It stays as it is, also once a clock that is wrong was set right.
    let at = context.clock.likely_now();
    let now = Now {
        context,
        view: &view,
        state: &state,
        words: card::in_words(&view, at),
        card: card::render(&view, at),
    };
    now.deliver(due).await
}

/// A card at one delivery.
struct Now<'a> {
    context: &'a Context,
    view: &'a SessionView,
    state: &'a CardState,
    /// What it says without an embed.
    words: Message,
    card: Message,
}

impl Now<'_> {
    async fn deliver(&self, due: &Due) -> Result<Delivered, Trouble> {
        // Where embeds were dropped the last time the words come along, so that nothing is missing
        // meanwhile if they are again.
        let with_words = self.state.trouble == Some(lacks_embeds());
        let message = match with_words {
            true => Message {
                text: self.words.text.clone(),
                ..self.card.clone()
            },
            false => self.card.clone(),
        };
        let session = &self.view.session;
        let (shown, card) = match session.card {
            None => {
                let posted = self.post(&message).await?;
                (posted, Some(self.at(Some(posted.id))))
            }
            Some(id) => match self.edit(id, &message).await {
                Ok(shown) => (shown, None),
                // Somebody deleted it. What is still on gets a new one; what is over is left in peace.
                Err(error) if error.code() == Some(code::UNKNOWN_MESSAGE) => {
                    if !session.status.is_alive() {
                        return Ok(Delivered::Done(Some(self.at(None))));
                    }
                    let posted = self.post(&message).await?;
                    (posted, Some(self.at(Some(posted.id))))
                }
                // Nothing but an embed, and that was dropped.
                Err(error) if error.code() == Some(code::EMPTY_MESSAGE) => {
                    let lacks_embeds = true;
                    (Shown { id, lacks_embeds }, None)
                }
                Err(error) => return Err(error.into()),
            },
        };
        if shown.lacks_embeds {
            if !with_words {
                report_card(self.context, session.id, lacks_embeds()).await?;
                // The words come with the next try, which is soon: an edit of its own, at its own time.
                if card.is_some() || self.state.trouble.is_some() {
                    self.edit(shown.id, &self.words).await?;
                }
            }
            let parking = Parking {
                guild: due.destination.guild,
                channel: Some(session.channel),
                cause: Cause::Embeds,
            };
            let reason = "Embed Links is missing".to_owned();
            return Ok(Delivered::Parked(parking, reason, card));
        }
        // If the words came along they go with another edit, which the end of the parking owes.
        Ok(Delivered::Done(card))
    }

    async fn edit(&self, id: MessageId, message: &Message) -> Result<Shown, RestError> {
        let (rest, channel) = (&self.context.rest, self.view.session.channel);
        let edited = rest.edit(channel, id, message).await;
        if reopened(self.context, channel, edited.as_ref().err()).await? {
            return rest.edit(channel, id, message).await;
        }
        edited
    }

    async fn post(&self, message: &Message) -> Result<Shown, RestError> {
        let session = &self.view.session;
        let row = row_of(session, self.state.moves);
        let nonce = self.context.nonces.for_row(&row);
        let rest = &self.context.rest;
        match rest.post(session.channel, message, &nonce).await {
            Err(error) if error.code() == Some(code::EMPTY_MESSAGE) => {
                let posted = rest.post(session.channel, &self.words, &nonce).await?;
                Ok(Shown {
                    lacks_embeds: true,
                    ..posted
                })
            }
            posted => posted,
        }
    }

    fn at(&self, message: Option<MessageId>) -> CardAt {
        CardAt {
            session: self.view.session.id,
            channel: self.view.session.channel,
            message,
        }
    }
}

fn lacks_embeds() -> Obstacle {
    Obstacle::Lacking(vec![Right::EmbedLinks])
}

/// What the nonce under which a card is posted once is made of. A card that replaces a deleted one, or one
/// in another channel, is another message: so it has which one was replaced, and the number of moves.
fn row_of(session: &Session, moves: u32) -> String {
    let replaced = session.card.map_or(0, |card| card.0);
    match moves {
        0 => format!("c{}.{replaced:x}", session.id),
        moves => format!(
            "c{}.{moves}.{:x}",
            session.id,
            replaced >> SNOWFLAKE_TIME_BITS
        ),
    }
}
