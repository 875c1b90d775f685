//! Clicks of which nobody knows whether they were committed: looked into until the database tells.
//!
//! May touch: the store. Invariant: a command is never run again for this unless its receipt shows that it was
//! committed, so that what people did meanwhile stands.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use twilight_model::application::interaction::Interaction;

use super::super::click::Click;
use super::super::feature::Fault;
use super::super::reply::Reply;
use super::{ANSWER_WITHIN_S, Dispatcher, flatten};
use crate::store::HasReceipt;

/// What is said until it is known.
pub(super) const UNKNOWN: &str = "⏳ My database broke off while saving this, so I don't know yet whether it is \
                                  saved. I'm checking, and will say so here. Please don't try again until then; if I \
                                  have said nothing in 15 minutes, look first whether it is there.";
const NOT_SAVED: &str = "⚠️ This was not saved. Please try again.";
/// The database is asked this often, in milliseconds.
const ASK_EVERY_MS: u64 = 1_000;
/// A commit that was on its way may still come to be this long after the click, in seconds: the server ends a
/// transaction that it hears nothing of after ten.
const SURE_AFTER_S: u64 = 20;
/// Answers are edited until this long after the click, in seconds: an interaction's token lives for 15 minutes
/// ("Receiving and Responding", *Followup Messages*).
const SETTLE_WITHIN_S: u64 = 14 * 60;

/// The command that an outcome leaves in doubt.
pub(super) fn of(outcome: &Result<Reply, Fault>) -> Option<&'static str> {
    match outcome {
        Err(Fault::InDoubt(command)) => Some(command),
        _ => None,
    }
}

impl Dispatcher {
    /// Finds out whether a command `in_doubt` was committed, and says so in the place of the answer.
    pub(super) async fn settle(
        &self,
        click: &Click,
        in_doubt: Option<(&'static str, Interaction)>,
        begun: Instant,
    ) {
        let Some((command, interaction)) = in_doubt else {
            return;
        };
        let (receipt, age) = (
            HasReceipt {
                interaction: click.id,
                command,
            },
            || begun.elapsed().as_secs(),
        );
        while age() < SETTLE_WITHIN_S {
            tokio::time::sleep(Duration::from_millis(ASK_EVERY_MS)).await;
            // Before the question, so that what it does not see was not on its way any more.
            let is_sure = age() >= SURE_AFTER_S;
            match self.context.store.query(receipt).await {
                Ok(true) => {
                    tracing::info!(interaction = %click.id, command, "command was committed");
                    let reply = self.answer_again(click, interaction).await;
                    return self.answer_late(click, reply).await;
                }
                Ok(false) if is_sure => {
                    tracing::info!(interaction = %click.id, command, "command was not committed");
                    return self.answer_late(click, Reply::text(NOT_SAVED)).await;
                }
                Ok(false) | Err(_) => {}
            }
        }
        tracing::warn!(interaction = %click.id, command, "commit outcome still unknown; its answer stays so");
    }

    /// The answer of a click whose command finds its receipt.
    async fn answer_again(&self, click: &Click, interaction: Interaction) -> Reply {
        let Some((_, handling)) = self.route(click, interaction) else {
            return Reply::text(super::STALE);
        };
        let handling = AssertUnwindSafe(handling).catch_unwind();
        let within = Duration::from_secs(ANSWER_WITHIN_S);
        let outcome = flatten(tokio::time::timeout(within, handling).await);
        self.shown(click, outcome)
    }
}
