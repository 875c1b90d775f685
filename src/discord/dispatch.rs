//! From an interaction to its answer, in time: routes, deadline, error boundary.
//!
//! May touch: twilight's models and the features' tables. Invariant: every interaction is
//! acknowledged once, within Discord's three seconds: by its answer, by "thinking…" that is
//! edited later, or by a clear "busy".

mod doubt;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use serde_json::Value;
use tokio::sync::{Semaphore, oneshot};
use tokio_util::task::TaskTracker;
use twilight_model::application::interaction::{Interaction, InteractionData, InteractionType};
use twilight_model::channel::message::MessageFlags;
use twilight_model::http::interaction::{
    InteractionResponse, InteractionResponseData, InteractionResponseType,
};

use super::access;
use super::click::{Click, Pressed, Submitted};
use super::feature::{Context, Fault, Feature, Handling, Route};
use super::leftovers::Leftovers;
use super::reply::{Message, Reply};
use super::rest::{RestError, code};
use super::shared_token::SharedToken;
use super::unreadable::{Outline, Remains, unknown_component};
use crate::domain::ids::GuildId;
use crate::metrics::{Asked, Outcome as Ended};
use crate::secret::Secret;

/// Interactions that are being answered at once; more are answered "busy".
pub const HANDLERS_MAX: usize = 512;
/// "Busy" answers under way at once; beyond, Discord itself tells that the bot did not respond.
const BUSY_ANSWERS_MAX: usize = 64;
/// An answer that is not there after this long is announced by "thinking…", in milliseconds.
pub const ACK_AFTER_MS: u64 = 2_000;
/// At a stop, answers in the making are waited for this long, in milliseconds.
pub const DRAIN_WITHIN_MS: u64 = 1_200;
/// An answer that is not there after this long has failed, in seconds.
pub const ANSWER_WITHIN_S: u64 = 60;

/// How the first answer to an interaction reaches Discord.
pub(super) enum Way {
    /// By a request to its callback.
    Callback,
    /// In the response to the request by which it came.
    Response(oneshot::Sender<First>),
}

/// The first answer to an interaction that came by a request.
#[derive(Debug)]
pub(super) enum First {
    /// It is this, and to be the response.
    Response(Box<InteractionResponse>),
    /// It was given to the callback after all.
    Given,
}

/// Hands interactions to the features. Cheap to clone.
#[derive(Clone)]
pub struct Dispatcher {
    context: Context,
    features: &'static [&'static Feature],
    handlers: Arc<Semaphore>,
    busy: Arc<Semaphore>,
    tasks: TaskTracker,
    leftovers: Leftovers,
    shared_token: SharedToken,
}

impl Dispatcher {
    /// A dispatcher to `features`.
    pub fn new(context: Context, features: &'static [&'static Feature]) -> Self {
        Self {
            leftovers: Leftovers::start(context.clone()),
            shared_token: SharedToken::default(),
            context,
            features,
            handlers: Arc::new(Semaphore::new(HANDLERS_MAX)),
            busy: Arc::new(Semaphore::new(BUSY_ANSWERS_MAX)),
            tasks: TaskTracker::new(),
        }
    }

    /// Answers `interaction` in a task of its own. Never waits.
    pub fn dispatch(&self, interaction: Interaction) {
        self.dispatch_by(interaction, Way::Callback);
    }

    /// As [`Dispatcher::dispatch`], with the first answer going this way. It goes nowhere if too
    /// many are being answered.
    pub(super) fn dispatch_by(&self, interaction: Interaction, way: Way) {
        let now = self.context.clock.now();
        if let Some(click) = Click::of(&interaction, now) {
            self.admit(click, Ok(interaction), way);
        } else if interaction.kind != InteractionType::Ping {
            let outline = Outline {
                id: interaction.id.get(),
                token: Secret::new(interaction.token),
                kind: Some(interaction.kind),
            };
            let who = Fault::Unreadable("member, user or channel".into());
            self.admit(Click::outlined(&outline, now), Err(who), way);
        }
    }

    /// As [`Dispatcher::dispatch_by`] for an interaction that could not be read: it is answered without
    /// what is not understood, or with a sentence. Whether it is an interaction at all.
    pub(super) fn dispatch_unread(&self, event: &Value, way: Way) -> bool {
        let now = self.context.clock.now();
        let remains = Remains::of(event);
        let fields = remains.fields;
        let Some(outline) = remains.outline else {
            tracing::warn!(fields, "ignored an interaction without id or token");
            return false;
        };
        let interaction = remains.interaction;
        match interaction.and_then(|it| Some((Click::of(&it, now)?, it))) {
            Some((click, interaction)) => {
                tracing::warn!(interaction = %click.id, fields, "left out fields that are not understood");
                self.admit(click, Ok(*interaction), way);
            }
            None => {
                let click = Click::outlined(&outline, now);
                self.admit(click, Err(Fault::Unreadable(fields)), way);
            }
        }
        true
    }

    /// The bot is in these servers.
    pub(super) fn is_in(&self, guilds: impl IntoIterator<Item = GuildId>) {
        self.leftovers.saw(guilds);
    }

    /// Answers in a task of its own, if there is place for one.
    fn admit(&self, click: Click, what: Result<Interaction, Fault>, way: Way) {
        self.shared_token.delivered(click.id);
        self.leftovers.saw(click.guild);
        let dispatcher = self.clone();
        if let Ok(place) = self.handlers.clone().try_acquire_owned() {
            self.tasks.spawn(async move {
                let guild = click.guild;
                match what {
                    Ok(interaction) => dispatcher.answer(click, interaction, way).await,
                    Err(fault) => dispatcher.apologise(&click, fault, way).await,
                }
                if let Some(guild) = guild {
                    dispatcher.context.activity.notice(guild);
                }
                drop(place);
            });
        } else if let Ok(place) = self.busy.clone().try_acquire_owned() {
            self.tasks.spawn(async move {
                dispatcher.apologise(&click, Fault::Busy, way).await;
                drop(place);
            });
        } else {
            tracing::warn!(interaction = %click.id, "too many clicks; this one is not answered");
        }
    }

    /// Waits until everything that was dispatched is answered, or [`DRAIN_WITHIN_MS`] are over. What
    /// is not answered then was not acknowledged either.
    pub async fn drain(&self) {
        self.leftovers.stop();
        self.tasks.close();
        let within = Duration::from_millis(DRAIN_WITHIN_MS);
        if tokio::time::timeout(within, self.tasks.wait())
            .await
            .is_err()
        {
            let left = self.tasks.len();
            tracing::warn!(left, "stopping without waiting any longer for answers");
        }
    }

    async fn answer(&self, click: Click, interaction: Interaction, way: Way) {
        let begun = Instant::now();
        let kind = kind_of(&click);
        // Only on a server a commit can be in doubt.
        let again = self.context.store.is_shared().then(|| interaction.clone());
        let Some((name, handling)) = self.route(&click, interaction) else {
            let stale = Reply::text(STALE);
            self.acknowledge(&click, response(&click, stale), way).await;
            let name = "unknown";
            return self.count(Asked { kind, name }, Ended::Unknown, begun);
        };
        let asked = Asked { kind, name };
        let handling = tokio::time::timeout(
            Duration::from_secs(ANSWER_WITHIN_S),
            AssertUnwindSafe(handling).catch_unwind(),
        );
        tokio::pin!(handling);
        let in_time = Duration::from_millis(ACK_AFTER_MS);
        if let Ok(outcome) = tokio::time::timeout(in_time, &mut handling).await {
            let outcome = flatten(outcome);
            let (ended, in_doubt) = (ended(&outcome, Ended::Answered), doubt::of(&outcome));
            let reply = self.shown(&click, outcome);
            self.acknowledge(&click, response(&click, reply), way).await;
            self.count(asked, ended, begun);
            return self.settle(&click, in_doubt.zip(again), begun).await;
        }
        if click.kind == InteractionType::ApplicationCommandAutocomplete {
            // What was typed has changed by now.
            let nothing = response(&click, Reply::Choices(Vec::new()));
            self.acknowledge(&click, nothing, way).await;
            return self.count(asked, Ended::Late, begun);
        }
        // By the callback in any case: once that is through there is something to be edited.
        self.call_back(&click, &thinking(&click)).await;
        if let Way::Response(sender) = way {
            // Who asked may have gone; it is said all the same.
            let _ = sender.send(First::Given);
        }
        let outcome = flatten(handling.await);
        self.count(asked, ended(&outcome, Ended::Late), begun);
        let in_doubt = doubt::of(&outcome);
        let reply = self.shown(&click, outcome);
        self.answer_late(&click, reply).await;
        self.settle(&click, in_doubt.zip(again), begun).await;
    }

    /// Answers a click that no feature gets to see.
    async fn apologise(&self, click: &Click, fault: Fault, way: Way) {
        let begun = Instant::now();
        let outcome = Err(fault);
        let ended = ended(&outcome, Ended::Answered);
        let reply = self.shown(click, outcome);
        self.acknowledge(click, response(click, reply), way).await;
        let (kind, name) = (kind_of(click), "not_looked_at");
        self.count(Asked { kind, name }, ended, begun);
    }

    fn count(&self, asked: Asked, ended: Ended, begun: Instant) {
        self.context
            .metrics()
            .answered(asked, ended, begun.elapsed());
    }

    /// The name in a feature's table, and the answer in the making; `None` if nothing answers to
    /// this.
    fn route(&self, click: &Click, interaction: Interaction) -> Option<(&'static str, Handling)> {
        let context = self.context.clone();
        let click = click.clone();
        match interaction.data? {
            InteractionData::ApplicationCommand(data) => {
                let command = self.commands().find(|command| command.name == data.name)?;
                let run = match click.kind {
                    InteractionType::ApplicationCommandAutocomplete => command.complete?,
                    _ => command.run,
                };
                Some((command.name, run(context, click, *data)))
            }
            InteractionData::MessageComponent(data) => {
                let routes = self.features.iter().flat_map(|feature| feature.components);
                let (route, args) = find(routes, &data.custom_id)?;
                let pressed = Pressed::new(args.clone(), *data);
                Some((route.name, gated(route, context, click, args, pressed)))
            }
            InteractionData::ModalSubmit(data) => {
                let routes = self.features.iter().flat_map(|feature| feature.modals);
                let (route, args) = find(routes, &data.custom_id)?;
                if let Some(path) = unknown_component(&data.components) {
                    let unknown = Fault::Unreadable(format!("data.{path}"));
                    return Some((route.name, Box::pin(async { Err(unknown) })));
                }
                let submitted = Submitted::new(args.clone(), data.components);
                Some((route.name, gated(route, context, click, args, submitted)))
            }
            _ => None,
        }
    }

    fn commands(&self) -> impl Iterator<Item = &'static super::feature::Command> {
        self.features.iter().flat_map(|feature| feature.commands)
    }

    /// The error boundary: a fault is logged here, once, and becomes an apology with a code.
    fn shown(&self, click: &Click, outcome: Result<Reply, Fault>) -> Reply {
        let fault = match outcome {
            Ok(reply) => return reply,
            Err(fault) => fault,
        };
        if click.kind == InteractionType::ApplicationCommandAutocomplete {
            tracing::warn!(interaction = %click.id, %fault, "nothing to offer");
            return Reply::Choices(Vec::new());
        }
        match fault {
            Fault::Busy => {
                tracing::warn!(interaction = %click.id, "busy");
                Reply::text(BUSY)
            }
            // The log says so once a minute, not once for each click.
            Fault::Broken(error) if self.context.store.commits().failure().is_some() => {
                tracing::debug!(interaction = %click.id, error, "a click failed");
                Reply::text(AWAY)
            }
            Fault::Away(error) => {
                if self.context.store.commits().failure().is_some() {
                    tracing::debug!(interaction = %click.id, error, "the database is away");
                } else {
                    tracing::warn!(interaction = %click.id, error, "the database is away");
                }
                Reply::text(AWAY)
            }
            Fault::InDoubt(command) => {
                tracing::warn!(interaction = %click.id, command, "commit outcome unknown");
                Reply::text(doubt::UNKNOWN)
            }
            Fault::Unreadable(fields) => {
                let incident = click.incident();
                tracing::error!(interaction = %click.id, incident, fields, "an interaction was not understood");
                Reply::text(format!(
                    "⚠️ Discord sent something with this that I don't know yet, so nothing was changed. \
                     Try it another way, for instance with a slash command; if it stays, tell whoever \
                     runs this bot the code `{incident}`."
                ))
            }
            Fault::Broken(error) => {
                let incident = click.incident();
                tracing::error!(interaction = %click.id, user = %click.person.id, incident, error, "a click failed");
                Reply::text(format!(
                    "⚠️ Sorry, something went wrong on my side, and nothing was changed. Please try \
                     again; if it stays, tell whoever runs this bot the code `{incident}`."
                ))
            }
        }
    }

    /// Gives the first answer. A file cannot be in a response, and nor can anything if the request
    /// was given up: both go to the callback.
    async fn acknowledge(&self, click: &Click, response: InteractionResponse, way: Way) {
        let sender = match way {
            Way::Callback => return self.call_back(click, &response).await,
            Way::Response(sender) => sender,
        };
        let data = response.data.as_ref();
        if data.is_some_and(|data| data.attachments.is_some()) {
            self.call_back(click, &response).await;
            let _ = sender.send(First::Given);
        } else if let Err(First::Response(response)) =
            sender.send(First::Response(Box::new(response)))
        {
            self.call_back(click, &response).await;
        }
    }

    async fn call_back(&self, click: &Click, response: &InteractionResponse) {
        let sent = self.context.rest.acknowledge(click, response).await;
        match sent {
            Ok(()) => {}
            // Delivered twice, or to two: somebody has answered.
            Err(error) if matches!(error.code(), Some(code::ALREADY_ACKNOWLEDGED)) => {
                self.shared_token
                    .acknowledged_before(&self.context, click)
                    .await;
            }
            Err(error) if matches!(error.code(), Some(code::UNKNOWN_INTERACTION)) => {
                tracing::warn!(interaction = %click.id, "was answered too late");
            }
            Err(error) => self.unanswered(click, &error),
        }
    }

    /// Replaces "thinking…".
    async fn answer_late(&self, click: &Click, reply: Reply) {
        let rest = &self.context.rest;
        let sent = match reply {
            Reply::Update(message) => rest.edit_answer(click, &message).await,
            // "Thinking" of an update shows nothing that could be replaced.
            Reply::Say(message) if updates(click) => rest.follow_up(click, &message).await,
            Reply::Say(message) => rest.edit_answer(click, &message).await,
            Reply::Ask(_) if updates(click) => rest.follow_up(click, &Message::text(SLOW)).await,
            Reply::Ask(_) => rest.edit_answer(click, &Message::text(SLOW)).await,
            Reply::Choices(_) => Ok(()),
        };
        if let Err(error) = sent {
            self.unanswered(click, &error);
        }
    }

    fn unanswered(&self, click: &Click, error: &RestError) {
        tracing::error!(interaction = %click.id, incident = click.incident(), %error, "an answer was not delivered");
    }
}

const STALE: &str = "This belongs to an earlier version of me and does nothing any more. \
                     `/session list` shows what is on.";
const AWAY: &str = "⏳ My database does not answer at the moment. Please try again in a minute.";
const BUSY: &str = "⏳ A lot is going on right now, and this was not done. Please try again in a \
                    few seconds.";
const SLOW: &str = "That took me too long to open a form. Please press the button once more.";

fn find<'r, T: 'static>(
    mut routes: impl Iterator<Item = &'r Route<T>>,
    id: &str,
) -> Option<(&'r Route<T>, String)> {
    let (name, args) = id.split_once(':').unwrap_or((id, ""));
    routes
        .find(|route| route.name == name)
        .map(|route| (route, args.to_owned()))
}

/// The answer of a route, or of the gate before it.
fn gated<T: Send + 'static>(
    route: &'static Route<T>,
    context: Context,
    click: Click,
    args: String,
    it: T,
) -> Handling {
    Box::pin(async move {
        match access::admit(&context, &click, access::rule(route.name), &args).await? {
            Ok(()) => (route.run)(context, click, it).await,
            Err(reply) => Ok(reply),
        }
    })
}

/// What a handler came to, unless it panicked, unless it took too long.
type Outcome = Result<std::thread::Result<Result<Reply, Fault>>, tokio::time::error::Elapsed>;

/// A panic and a timeout are faults like others.
fn flatten(outcome: Outcome) -> Result<Reply, Fault> {
    match outcome {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Fault::Broken("the handler panicked".into())),
        Err(_) => Err(Fault::Broken(format!(
            "no answer within {ANSWER_WITHIN_S} s"
        ))),
    }
}

/// How it ended: with a fault, or else like `well`.
fn ended(outcome: &Result<Reply, Fault>, well: Ended) -> Ended {
    match outcome {
        Ok(_) => well,
        Err(Fault::Busy | Fault::Away(_) | Fault::InDoubt(_)) => Ended::Busy,
        Err(Fault::Unreadable(_)) => Ended::Unreadable,
        Err(Fault::Broken(_)) => Ended::Failed,
    }
}

fn kind_of(click: &Click) -> &'static str {
    match click.kind {
        InteractionType::ApplicationCommand => "command",
        InteractionType::ApplicationCommandAutocomplete => "autocomplete",
        InteractionType::MessageComponent => "component",
        InteractionType::ModalSubmit => "modal",
        _ => "other",
    }
}

/// Whether a late answer to this click changes the message that it was on: a message that only
/// this person sees. The card is everybody's and only changed by the outbox.
fn updates(click: &Click) -> bool {
    click.on_ephemeral
}

fn thinking(click: &Click) -> InteractionResponse {
    if updates(click) {
        return InteractionResponse {
            kind: InteractionResponseType::DeferredUpdateMessage,
            data: None,
        };
    }
    InteractionResponse {
        kind: InteractionResponseType::DeferredChannelMessageWithSource,
        data: Some(InteractionResponseData {
            flags: Some(MessageFlags::EPHEMERAL),
            ..InteractionResponseData::default()
        }),
    }
}

fn response(click: &Click, reply: Reply) -> InteractionResponse {
    let (kind, data) = match reply {
        Reply::Update(message) if updates(click) => (
            InteractionResponseType::UpdateMessage,
            message.into_data(None),
        ),
        Reply::Say(message) | Reply::Update(message) => (
            InteractionResponseType::ChannelMessageWithSource,
            message.into_data(Some(MessageFlags::EPHEMERAL)),
        ),
        Reply::Ask(modal) => (InteractionResponseType::Modal, modal.into_data()),
        Reply::Choices(choices) => (
            InteractionResponseType::ApplicationCommandAutocompleteResult,
            InteractionResponseData {
                choices: Some(choices),
                ..InteractionResponseData::default()
            },
        ),
    };
    InteractionResponse {
        kind,
        data: Some(data),
    }
}
