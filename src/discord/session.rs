//! `/session`: planning, finding, changing and cancelling sessions.
//!
//! May touch: the store's sessions, the card's rendering. Invariant: all that a flow needs to go
//! on is in its custom ids, so that a restart in the middle of it loses nothing; whether somebody
//! may do what a custom id says is decided by the command, never by the id.
//!
//! ```text
//! definition  what Discord is told             complete  what is proposed while typing
//! options     what was typed → values          words     values → what people read
//! pick        a session from a list            list      /session list, show
//! create      /session create                  guided    /session plan: the same without typing
//! edit        /session edit, and its form      cancel    /session cancel, asking first
//! history     /session history                 share     the option co-organiser
//! reopen      /session reopen, and its buttons
//! relocate    /session move, and the card posted again
//! ```

mod cancel;
mod clash;
mod complete;
mod create;
mod definition;
mod edit;
mod guided;
mod history;
mod list;
mod options;
mod pick;
mod relocate;
mod reopen;
mod share;
mod words;

use twilight_interactions::command::{CommandModel as _, CreateCommand as _};
use twilight_model::application::interaction::application_command::CommandData;

use super::click::Click;
use super::feature::{Command, Context, Fault, Feature, Route};
use super::reply::Reply;
use definition::SessionCommand;

pub use cancel::{ASK as CANCEL_ASK, cancel_question};
pub use edit::{ASK as EDIT_ASK, edit_modal};
pub use history::PAGE as HISTORY;
pub use options::{DESCRIPTION, LENGTH, TITLE};
pub use relocate::move_card;
pub use reopen::{not_yet_button, reopen_button};
pub use words::{IN_A_SERVER, length, limits, refused, status};

/// The feature's table.
pub const FEATURE: Feature = Feature {
    commands: &[Command {
        name: SessionCommand::NAME,
        define: || SessionCommand::create_command().into(),
        run: |ctx, click, data| Box::pin(run(ctx, click, data)),
        complete: Some(|ctx, click, data| Box::pin(complete::complete(ctx, click, data))),
    }],
    components: &[
        Route {
            name: list::PAGE,
            run: |ctx, click, pressed| Box::pin(list::turn(ctx, click, pressed)),
        },
        Route {
            name: history::PAGE,
            run: |ctx, click, pressed| Box::pin(history::turn(ctx, click, pressed)),
        },
        Route {
            name: edit::ASK,
            run: |ctx, click, pressed| Box::pin(edit::ask(ctx, click, pressed)),
        },
        Route {
            name: clash::MINE,
            run: |ctx, click, pressed| Box::pin(clash::mine(ctx, click, pressed)),
        },
        Route {
            name: clash::THEIRS,
            run: |_, _, _| Box::pin(clash::theirs()),
        },
        Route {
            name: cancel::ASK,
            run: |ctx, click, pressed| Box::pin(cancel::ask(ctx, click, pressed)),
        },
        Route {
            name: cancel::SURE,
            run: |ctx, click, pressed| Box::pin(cancel::sure(ctx, click, pressed)),
        },
        Route {
            name: cancel::WHY,
            run: |ctx, click, pressed| Box::pin(cancel::why(ctx, click, pressed)),
        },
        Route {
            name: cancel::KEEP,
            run: |_, _, _| Box::pin(cancel::keep()),
        },
        Route {
            name: relocate::AGAIN,
            run: |ctx, click, pressed| Box::pin(relocate::again(ctx, click, pressed)),
        },
        Route {
            name: reopen::ROUTE,
            run: |ctx, click, pressed| Box::pin(reopen::pressed(ctx, click, pressed)),
        },
        Route {
            name: guided::STEP,
            run: |ctx, click, pressed| Box::pin(guided::step(ctx, click, pressed)),
        },
        Route {
            name: guided::ZONE,
            run: |ctx, click, pressed| Box::pin(guided::zone(ctx, click, pressed)),
        },
        Route {
            name: guided::FORM,
            run: |ctx, click, pressed| Box::pin(guided::form(ctx, click, pressed)),
        },
        Route {
            name: guided::MAKE,
            run: |ctx, click, pressed| Box::pin(guided::make(ctx, click, pressed)),
        },
    ],
    modals: &[
        Route {
            name: edit::SAVE,
            run: |ctx, click, sent| Box::pin(edit::save(ctx, click, sent)),
        },
        Route {
            name: cancel::SAID_WHY,
            run: |ctx, click, sent| Box::pin(cancel::said_why(ctx, click, sent)),
        },
        Route {
            name: guided::NAMED_ZONE,
            run: |ctx, click, sent| Box::pin(guided::named_zone(ctx, click, sent)),
        },
        Route {
            name: guided::TYPED_TIME,
            run: |ctx, click, sent| Box::pin(guided::typed_time(ctx, click, sent)),
        },
        Route {
            name: guided::DETAILED,
            run: |ctx, click, sent| Box::pin(guided::detailed(ctx, click, sent)),
        },
    ],
};

async fn run(ctx: Context, click: Click, data: CommandData) -> Result<Reply, Fault> {
    let Some(actor) = click.actor() else {
        return Ok(Reply::text(IN_A_SERVER));
    };
    let command = SessionCommand::from_interaction(data.into())
        .map_err(|error| Fault::unparsed("/session", &error))?;
    match command {
        SessionCommand::Create(options) => create::run(&ctx, &click, &actor, &options).await,
        SessionCommand::Plan(_) => guided::begin(&ctx, &click).await,
        SessionCommand::List(_) => list::list(&ctx, &click, &actor).await,
        SessionCommand::Show(options) => list::show(&ctx, &click, &actor, &options.session).await,
        SessionCommand::Edit(options) => edit::run(&ctx, &click, &actor, &options).await,
        SessionCommand::Cancel(options) => cancel::run(&ctx, &click, &actor, &options).await,
        SessionCommand::Reopen(options) => {
            reopen::run(&ctx, &click, &actor, &options.session).await
        }
        SessionCommand::Move(options) => relocate::run(&ctx, &click, &actor, &options).await,
        SessionCommand::History(options) => {
            history::run(&ctx, &click, &actor, &options.session).await
        }
    }
}
