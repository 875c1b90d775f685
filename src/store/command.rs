//! What a command and a question are, and what they see of a database.
//!
//! May touch: nothing. Invariant: a command knows no engine; it may be run more than once (an
//! engine retries what it could not serialise), so it keeps nothing but its answer.

use std::sync::Arc;
use std::time::Instant;
use std::{fmt, panic};

use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::oneshot;

use super::counted::{COMMANDS, Counted};
use super::process::{self, Lease};
use super::sql::{DbError, Row, Sql, Value, sql, values};
use crate::domain::ids::InteractionId;
use crate::metrics::Metrics;

/// Reads of a database, all of one snapshot.
pub trait Read {
    /// All rows that `statement` gives.
    ///
    /// # Errors
    /// [`DbError::Statement`] if the engine fails.
    fn query(&mut self, statement: Sql, values: &[Value]) -> Result<Vec<Row>, DbError>;

    /// The first row, if there is one.
    ///
    /// # Errors
    /// As [`Read::query`].
    fn query_one(&mut self, statement: Sql, values: &[Value]) -> Result<Option<Row>, DbError> {
        Ok(self.query(statement, values)?.into_iter().next())
    }
}

/// Reads and writes, all of one transaction.
pub trait Transaction: Read {
    /// Runs `statement`; the number of rows it changed.
    ///
    /// # Errors
    /// [`DbError::Statement`] if the engine fails.
    fn execute(&mut self, statement: Sql, values: &[Value]) -> Result<usize, DbError>;
}

/// Why a command ended without an answer.
#[derive(Debug)]
pub enum Stop<R> {
    /// It is not allowed; the reason is for the person who asked.
    Refused(R),
    /// A fault.
    Broken(DbError),
}

impl<R> From<DbError> for Stop<R> {
    fn from(error: DbError) -> Self {
        Self::Broken(error)
    }
}

/// Something to be changed: a plain value that can be printed and compared.
pub trait Command: fmt::Debug + Send + Sync + 'static {
    /// The command's name in logs, metrics and receipts; unique.
    const NAME: &'static str;
    /// What is known once it is done: everything that rendering needs.
    type Answer: Serialize + DeserializeOwned + Send + 'static;
    /// Why it may not be done.
    type Refusal: Send + 'static;

    /// Load, decide (in `domain`), save.
    ///
    /// # Errors
    /// [`Stop`]; whatever was changed before is rolled back.
    fn run(&self, tx: &mut dyn Transaction) -> Result<Self::Answer, Stop<Self::Refusal>>;
}

/// Something to be known.
pub trait Question: fmt::Debug + Send + 'static {
    /// What is known.
    type Answer: Send + 'static;

    /// Reads the answer from one snapshot.
    ///
    /// # Errors
    /// [`DbError`] on a fault.
    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError>;
}

/// A command on its way, whatever its type: what the writer sees of it.
pub trait Job: Send {
    /// The command's name.
    fn name(&self) -> &'static str;
    /// Runs the command and keeps its outcome. `true` if its changes are to be kept.
    fn run(&mut self, tx: &mut dyn Transaction) -> bool;
    /// The fault that its last run ended with; `None` if it ended well or was refused.
    fn fault(&self) -> Option<&DbError>;
    /// Whether its answer is remembered with its changes: run once more after a COMMIT of which
    /// nobody knows, it changes nothing and gives the same answer.
    fn is_remembered(&self) -> bool;
    /// When it was sent.
    fn since(&self) -> Instant;
    /// Sends the outcome to whoever waits, or `error` in its place: the changes are not kept.
    fn finish(self: Box<Self>, error: Option<DbError>);
}

/// A command's outcome, as its sender gets it.
pub(super) type Outcome<C> =
    Result<Result<<C as Command>::Answer, <C as Command>::Refusal>, DbError>;
/// The way back to a command's sender.
pub(super) type Reply<C> = oneshot::Sender<Outcome<C>>;

/// A command, the interaction it came by, and the way back.
pub(super) struct Pending<C: Command> {
    command: C,
    interaction: Option<InteractionId>,
    lease: Option<Arc<Lease>>,
    reply: Reply<C>,
    metrics: Metrics,
    outcome: Option<Outcome<C>>,
    since: Instant,
}

impl<C: Command> Pending<C> {
    pub(super) fn new(
        command: C,
        interaction: Option<InteractionId>,
        lease: Option<Arc<Lease>>,
        reply: Reply<C>,
        metrics: Metrics,
    ) -> Self {
        Self {
            command,
            interaction,
            lease,
            reply,
            metrics,
            outcome: None,
            since: Instant::now(),
        }
    }
}

impl<C: Command> Job for Pending<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn run(&mut self, tx: &mut dyn Transaction) -> bool {
        let mut tx = Counted::new(tx, COMMANDS, &self.metrics);
        let run = panic::AssertUnwindSafe(|| {
            if let Some(lease) = &self.lease
                && !process::is_held(&mut tx, lease)?
            {
                return Err(DbError::NotHeld(lease.name).into());
            }
            once(&self.command, self.interaction, &mut tx)
        });
        let outcome = match panic::catch_unwind(run) {
            Ok(Ok(answer)) => Ok(Ok(answer)),
            Ok(Err(Stop::Refused(refusal))) => Ok(Err(refusal)),
            Ok(Err(Stop::Broken(error))) => Err(error),
            Err(_) => Err(DbError::Panicked(C::NAME)),
        };
        let keep = matches!(outcome, Ok(Ok(_)));
        self.outcome = Some(outcome);
        keep
    }

    fn fault(&self) -> Option<&DbError> {
        self.outcome.as_ref()?.as_ref().err()
    }

    fn is_remembered(&self) -> bool {
        self.interaction.is_some()
    }

    fn since(&self) -> Instant {
        self.since
    }

    fn finish(self: Box<Self>, error: Option<DbError>) {
        let outcome = match error {
            Some(error) => Err(error),
            None => self.outcome.unwrap_or(Err(DbError::Closed)),
        };
        // Who asked may have gone; the command was run all the same.
        let _ = self.reply.send(outcome);
    }
}

/// Runs the command unless its interaction has a receipt, whose answer it gives again.
fn once<C: Command>(
    command: &C,
    interaction: Option<InteractionId>,
    tx: &mut dyn Transaction,
) -> Result<C::Answer, Stop<C::Refusal>> {
    let Some(interaction) = interaction else {
        return command.run(tx);
    };
    let receipt = tx.query_one(sql!("receipt/find"), values![interaction, C::NAME])?;
    if let Some(receipt) = receipt {
        return Ok(receipt.json("answer")?);
    }
    let answer = command.run(tx)?;
    let text = super::sql::json(&answer);
    let at = interaction.created_at();
    tx.execute(
        sql!("receipt/keep"),
        &[interaction.into(), C::NAME.into(), text, at.into()],
    )?;
    Ok(answer)
}

/// Whether a command that came by an interaction was committed.
#[derive(Clone, Copy, Debug)]
pub struct HasReceipt {
    /// The interaction.
    pub interaction: InteractionId,
    /// The command's name.
    pub command: &'static str,
}

impl Question for HasReceipt {
    type Answer = bool;

    fn ask(&self, db: &mut dyn Read) -> Result<bool, DbError> {
        let receipt = values![self.interaction, self.command];
        Ok(db.query_one(sql!("receipt/find"), receipt)?.is_some())
    }
}
