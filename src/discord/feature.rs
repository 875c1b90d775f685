//! What a feature gives to the dispatcher: its commands, buttons and modals, as a table.
//!
//! May touch: twilight's models. Invariant: a route's name is everything before the first `:` of
//! a custom id, and belongs to one feature; what follows is the feature's own.

use std::future::Future;
use std::pin::Pin;

use twilight_interactions::error::{ParseError, ParseOptionErrorType};
use twilight_model::application::command::Command as Definition;
use twilight_model::application::interaction::application_command::CommandData;

use super::access::Access;
use super::activity::Activity;
use super::click::{Click, Pressed, Submitted};
use super::nonce::Nonces;
use super::reply::Reply;
use super::rest::Rest;
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::status::Status;
use crate::store::{self, DbError, Failure, Store};

/// A feature's table.
pub struct Feature {
    /// Its slash commands.
    pub commands: &'static [Command],
    /// Its buttons and menus.
    pub components: &'static [Route<Pressed>],
    /// Its modals.
    pub modals: &'static [Route<Submitted>],
}

/// A slash command.
pub struct Command {
    /// Its name.
    pub name: &'static str,
    /// How Discord is told of it.
    pub define: fn() -> Definition,
    /// Runs it.
    pub run: Handler<CommandData>,
    /// Completes what is being typed.
    pub complete: Option<Handler<CommandData>>,
}

/// What a custom id leads to.
pub struct Route<T> {
    /// Everything before the first `:` of the id.
    pub name: &'static str,
    /// Answers it.
    pub run: Handler<T>,
}

/// Answers one kind of interaction. In a table: `|ctx, click, it| Box::pin(run(ctx, click, it))`.
pub type Handler<T> = fn(Context, Click, T) -> Handling;
/// An answer in the making.
pub type Handling = Pin<Box<dyn Future<Output = Result<Reply, Fault>> + Send>>;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Too much is going on; trying again is safe.
    #[error("busy")]
    Busy,
    /// The database is away for the moment; trying again is safe.
    #[error("{0}")]
    Away(String),
    /// Whether the command of this name was committed is not known; trying again is not safe.
    #[error("it is not known whether {0} was committed")]
    InDoubt(&'static str),
    /// What Discord sent has something in it that this version does not know, in this field.
    #[error("{0} is not understood")]
    Unreadable(String),
    /// Something is broken. It is logged at the dispatcher and shown as an apology.
    #[error("{0}")]
    Broken(String),
}

impl Fault {
    /// A slash command's options are not as they were defined. What was given in one is not told: somebody has
    /// typed it.
    pub fn unparsed(command: &str, error: &ParseError) -> Self {
        let ParseError::Option(wrong) = error else {
            return Self::Broken(format!("{command}: {error}"));
        };
        let field = &wrong.field;
        Self::Broken(match &wrong.kind {
            ParseOptionErrorType::InvalidChoice(_) => {
                format!("{command}: option {field} holds none of its choices")
            }
            _ => format!("{command}: {error}"),
        })
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Busy => Self::Busy,
            Failure::Away(error) => Self::Away(error.to_string()),
            Failure::InDoubt(command) => Self::InDoubt(command),
            Failure::Broken(error) => error.into(),
        }
    }
}

impl From<DbError> for Fault {
    fn from(error: DbError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// What handlers work with. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// What is remembered.
    pub store: Store,
    /// What time it is.
    pub clock: Clock,
    /// The way to Discord.
    pub rest: Rest,
    /// How the running parts are.
    pub status: Status,
    /// Who sees what.
    pub access: Access,
    /// In which servers people are active.
    pub activity: Activity,
    /// Under which nonces messages are posted.
    pub nonces: Nonces,
}

impl Context {
    /// Runs a command that came by `click`; delivered twice, it is done once.
    ///
    /// # Errors
    /// [`Fault`]; a refusal is an answer, inside.
    pub async fn execute<C: store::Command>(
        &self,
        click: &Click,
        command: C,
    ) -> Result<Result<C::Answer, C::Refusal>, Fault> {
        Ok(self.store.execute(click.id, command).await?)
    }

    /// Where what happens is counted.
    pub fn metrics(&self) -> &Metrics {
        self.store.metrics()
    }

    /// Answers a question.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn query<Q: store::Question>(&self, question: Q) -> Result<Q::Answer, Fault> {
        Ok(self.store.query(question).await?)
    }
}
