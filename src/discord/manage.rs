//! The organiser's private dashboard: one message that only they see, and that changes under
//! their hands.
//!
//! May touch: the store and twilight's models. Invariant: nothing is remembered between two
//! clicks but what is in the custom ids; every answer shows what is true now.

mod call;
mod decide;
mod event;
mod organisers;
mod place;
mod relocate;
mod start;
mod view;
mod words;

use super::access;
use super::click::{Click, Pressed};
use super::feature::{Context, Fault, Feature, Route};
use super::queue::target;
use super::reply::Reply;
use super::session::refused;
use crate::domain::ids::{AccountId, SessionId, UserId};
use crate::domain::manage::ManageRefusal;
use crate::domain::session::{Actor, SessionRefusal};
use crate::store::queue::{OfferPlace, Offered, SessionView, ViewSession};
use crate::store::session::SetOpen;
use place::Place;

/// The feature's table.
pub const FEATURE: Feature = Feature {
    commands: &[],
    components: &[
        Route {
            name: "manage",
            run: |ctx, click, it| Box::pin(manage(ctx, click, it)),
        },
        Route {
            name: "manage-player",
            run: |ctx, click, it| Box::pin(player(ctx, click, it)),
        },
        Route {
            name: "manage-account",
            run: |ctx, click, it| Box::pin(account(ctx, click, it)),
        },
        Route {
            name: decide::ACCEPT,
            run: |ctx, click, it| Box::pin(decide::accept(ctx, click, it)),
        },
        Route {
            name: decide::ANYWAY,
            run: |ctx, click, it| Box::pin(decide::anyway(ctx, click, it)),
        },
        Route {
            name: decide::ANYWAY_SURE,
            run: |ctx, click, it| Box::pin(decide::anyway_sure(ctx, click, it)),
        },
        Route {
            name: decide::REJECT_WHY,
            run: |ctx, click, it| Box::pin(decide::reject_why(ctx, click, it)),
        },
        Route {
            name: decide::SWAP,
            run: |ctx, click, it| Box::pin(decide::swap(ctx, click, it)),
        },
        Route {
            name: decide::REJECT,
            run: |ctx, click, it| Box::pin(decide::reject(ctx, click, it)),
        },
        Route {
            name: decide::TAKE_BACK,
            run: |ctx, click, it| Box::pin(decide::take_back(ctx, click, it)),
        },
        Route {
            name: "manage-offer",
            run: |ctx, click, it| Box::pin(offer(ctx, click, it)),
        },
        Route {
            name: "manage-queue",
            run: |ctx, click, it| Box::pin(set_open(ctx, click, it)),
        },
        Route {
            name: organisers::PAGE,
            run: |ctx, click, it| Box::pin(organisers::page(ctx, click, it)),
        },
        Route {
            name: organisers::SHARE,
            run: |ctx, click, it| Box::pin(organisers::share(ctx, click, it)),
        },
        Route {
            name: call::PAGE,
            run: |ctx, click, it| Box::pin(call::page(ctx, click, it)),
        },
        Route {
            name: call::POST,
            run: |ctx, click, it| Box::pin(call::post(ctx, click, it)),
        },
        Route {
            name: call::CLOSE,
            run: |ctx, click, it| Box::pin(call::close(ctx, click, it)),
        },
        Route {
            name: event::ADD,
            run: |ctx, click, it| Box::pin(event::add(ctx, click, it)),
        },
        Route {
            name: relocate::PAGE,
            run: |ctx, click, it| Box::pin(relocate::page(ctx, click, it)),
        },
        Route {
            name: relocate::TO,
            run: |ctx, click, it| Box::pin(relocate::chosen(ctx, click, it)),
        },
        Route {
            name: start::ASK,
            run: |ctx, click, it| Box::pin(start::ask(ctx, click, it)),
        },
        Route {
            name: start::SURE,
            run: |ctx, click, it| Box::pin(start::sure(ctx, click, it)),
        },
    ],
    modals: &[Route {
        name: decide::REJECT_WHY,
        run: |ctx, click, it| Box::pin(decide::reject_said(ctx, click, it)),
    }],
};

/// `manage:SESSION[:PLACE]`: the dashboard.
async fn manage(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let place = Place::parse(pressed.args.split(':').nth(1));
    let desk = Desk::of(&context, &click, &pressed.args, place);
    match desk {
        Ok(desk) => {
            let said = desk.drop_departed().await?;
            desk.overview(&said).await
        }
        Err(reply) => Ok(reply),
    }
}

/// `manage-player:SESSION:PLACE`: one player, chosen from a menu.
async fn player(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let place = Place::parse(pressed.args.split(':').nth(1));
    let user = pressed.values.first().and_then(|value| user_id(value));
    match (Desk::of(&context, &click, &pressed.args, place), user) {
        (Ok(desk), Some(user)) => desk.player(user, None, "").await,
        (Ok(desk), None) => desk.overview("").await,
        (Err(reply), _) => Ok(reply),
    }
}

/// `manage-account:SESSION:USER:PLACE`: one player on the account chosen from a menu.
async fn account(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let args: Vec<_> = pressed.args.split(':').collect();
    let place = Place::parse(args.get(2).copied());
    let user = args.get(1).and_then(|word| user_id(word));
    let chosen = pressed.values.first();
    let chosen = chosen.and_then(|value| value.parse().ok()).map(AccountId);
    match (Desk::of(&context, &click, &pressed.args, place), user) {
        (Ok(desk), Some(user)) => desk.player(user, chosen, "").await,
        (Ok(desk), None) => desk.overview("").await,
        (Err(reply), _) => Ok(reply),
    }
}

/// `manage-offer:SESSION:PLACE`: a free place is offered to whoever fits best.
async fn offer(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let place = Place::parse(pressed.args.split(':').nth(1));
    let desk = match Desk::of(&context, &click, &pressed.args, place) {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let command = OfferPlace {
        session: desk.session,
        actor: desk.actor,
        at: click.at,
    };
    match context.execute(&click, command).await? {
        Ok(Offered {
            to: Some((user, role)),
        }) => {
            let said = format!(
                "🎟️ I ask <@{user}> whether they play {role}, and the next one if they don't."
            );
            desk.overview(&said).await
        }
        Ok(Offered { to: None }) => desk.overview("Nobody who waits fits a free place.").await,
        Err(refusal) => desk.session_refused(&refusal).await,
    }
}

/// `manage-queue:SESSION:open|close:PLACE`.
async fn set_open(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let args: Vec<_> = pressed.args.split(':').collect();
    let desk = Desk::of(
        &context,
        &click,
        &pressed.args,
        Place::parse(args.get(2).copied()),
    );
    let desk = match desk {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let open = match args.get(1) {
        Some(&"open") => true,
        Some(&"close") => false,
        _ => return desk.overview(STALE).await,
    };
    let command = SetOpen {
        session: desk.session,
        actor: desk.actor,
        open,
        at: click.at,
    };
    match context.execute(&click, command).await? {
        Ok(_) if open => desk.overview("🟢 The queue is open.").await,
        Ok(_) => {
            desk.overview("🔒 The queue is closed. Who is in it stays in it.")
                .await
        }
        Err(refusal) => desk.session_refused(&refusal).await,
    }
}

const STALE: &str = "That button is from an earlier version of me; here is how things stand.";

/// Somebody at the dashboard of a session.
struct Desk<'a> {
    context: &'a Context,
    click: &'a Click,
    session: SessionId,
    actor: Actor,
    place: Place,
}

impl<'a> Desk<'a> {
    fn of(context: &'a Context, click: &'a Click, args: &str, place: Place) -> Result<Self, Reply> {
        let (session, actor) = target(click, args)?;
        Ok(Self {
            context,
            click,
            session,
            actor,
            place,
        })
    }

    /// The desk of a click whose place in the dashboard is the argument numbered `place`.
    fn at(context: &'a Context, click: &'a Click, args: &str, place: usize) -> Result<Self, Reply> {
        let place = Place::parse(args.split(':').nth(place));
        Self::of(context, click, args, place)
    }

    /// The dashboard, with what has just happened.
    async fn overview(&self, said: &str) -> Result<Reply, Fault> {
        Ok(match self.view().await? {
            Ok(view) => Reply::Update(view::overview(&view, self.place, said, self.click.at)),
            Err(reply) => reply,
        })
    }

    /// Takes those out who have left the server, and says who they were. Nobody is asked about for
    /// whom the session is not theirs to manage.
    async fn drop_departed(&self) -> Result<String, Fault> {
        let Ok(view) = self.view().await? else {
            return Ok(String::new());
        };
        let departed = access::drop_departed(self.context, &view, self.click.at).await?;
        Ok(words::departed(&departed))
    }

    /// One player; the dashboard, if they have left.
    async fn player(
        &self,
        user: UserId,
        chosen: Option<AccountId>,
        said: &str,
    ) -> Result<Reply, Fault> {
        let view = match self.view().await? {
            Ok(view) => view,
            Err(reply) => return Ok(reply),
        };
        let at = self.click.at;
        Ok(Reply::Update(match view.queue.entry(user) {
            Some(entry) => {
                let shown = view::Shown {
                    view: &view,
                    entry,
                    actor: &self.actor,
                    place: self.place,
                };
                shown.player(chosen, said, at)
            }
            None => {
                let said = words::refusal(&ManageRefusal::NotIn, user);
                view::overview(&view, self.place, &said, at)
            }
        }))
    }

    /// How things stand, with what stood in the way of a decision about `player`.
    async fn refused(
        &self,
        refusal: &ManageRefusal,
        player: UserId,
        account: Option<AccountId>,
    ) -> Result<Reply, Fault> {
        if let ManageRefusal::Session(refusal) = refusal {
            return self.session_refused(refusal).await;
        }
        let said = format!("⚠️ {}", words::refusal(refusal, player));
        self.player(player, account, &said).await
    }

    async fn session_refused(&self, refusal: &SessionRefusal) -> Result<Reply, Fault> {
        let said = format!("⚠️ {}", refused(refusal));
        match refusal {
            SessionRefusal::Not(_) => self.overview(&said).await,
            _ => Ok(Reply::text(said)),
        }
    }

    /// The session as it is now; the reply, if it is not theirs to manage.
    async fn view(&self) -> Result<Result<SessionView, Reply>, Fault> {
        let view = self.context.query(ViewSession(self.session)).await?;
        let Some(view) = view else {
            return Ok(Err(Reply::text(refused(&SessionRefusal::Unknown))));
        };
        Ok(match view.session.managed_by(&self.actor) {
            Ok(()) => Ok(view),
            Err(refusal) => Err(Reply::text(refused(&refusal))),
        })
    }
}

/// The dashboard, and whom `SESSION:USER:PLACE` is about.
fn about<'a>(
    context: &'a Context,
    click: &'a Click,
    args: &str,
) -> Result<(Desk<'a>, Option<UserId>), Reply> {
    let words: Vec<_> = args.split(':').collect();
    let place = Place::parse(words.get(2).copied());
    let desk = Desk::of(context, click, args, place)?;
    Ok((desk, words.get(1).and_then(|word| user_id(word))))
}

fn user_id(word: &str) -> Option<UserId> {
    word.parse().ok().filter(|id| *id > 0).map(UserId)
}

#[cfg(test)]
mod tests;
