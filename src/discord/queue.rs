//! The queue's buttons on a session's card: Join, Leave, Streaming, and Refresh on older cards.
//!
//! May touch: the store and twilight's models. Invariant: what is pressed is a session's number
//! and nothing else; whether it may be done is decided by the command, where it is done.

mod form;
mod words;

use twilight_model::channel::message::component::ButtonStyle;

use super::click::{Click, Pressed, Submitted};
use super::feature::{Context, Fault, Feature, Route};
use super::reply::{Message, Reply, button};
use super::session::{IN_A_SERVER, refused};
use super::text::{escape, relative_time};
use crate::domain::admission::Admission;
use crate::domain::ids::SessionId;
use crate::domain::queue::form::{Offered, Shown};
use crate::domain::queue::{self, NewcomerRefusal, QueueRefusal};
use crate::domain::session::{Actor, SessionRefusal};
use crate::store::queue::{
    JoinAsNewcomer, JoinDesk, JoinQueue, Joined, LeaveQueue, PrepareJoin, RefreshCard,
    ToggleStreaming,
};
use form::{Draft, Introduction};

/// The feature's table.
pub const FEATURE: Feature = Feature {
    commands: &[],
    components: &[
        Route {
            name: "join",
            run: |ctx, click, it| Box::pin(join(ctx, click, it)),
        },
        Route {
            name: "newcomer",
            run: |ctx, click, it| Box::pin(try_again(ctx, click, it)),
        },
        Route {
            name: "leave",
            run: |ctx, click, it| Box::pin(leave(ctx, click, it)),
        },
        Route {
            name: "streaming",
            run: |ctx, click, it| Box::pin(streaming(ctx, click, it)),
        },
        Route {
            name: "refresh",
            run: |ctx, click, it| Box::pin(refresh(ctx, click, it)),
        },
    ],
    modals: &[
        Route {
            name: "join",
            run: |ctx, click, it| Box::pin(join_sent(ctx, click, it)),
        },
        Route {
            name: "newcomer",
            run: |ctx, click, it| Box::pin(newcomer_sent(ctx, click, it)),
        },
    ],
};

/// Opens the form for joining, or joins at once where there is nothing to ask.
async fn join(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let desk = match desk(&context, &click, &pressed.args).await? {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    if desk.accounts.is_empty() {
        return Ok(Reply::Ask(Draft::of(&desk).form(&desk.session)));
    }
    if !form::asks_nothing(&desk) {
        return Ok(Reply::Ask(form::join(&desk)));
    }
    let nothing = Offered::default();
    send_offer(&context, &click, desk.session.id, nothing, None).await
}

/// Opens a newcomer's form again, with what they had typed.
async fn try_again(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let (session, draft) = Draft::from_button(&pressed.args);
    Ok(match desk(&context, &click, session).await? {
        Ok(desk) if desk.accounts.is_empty() => Reply::Ask(draft.form(&desk.session)),
        Ok(desk) => Reply::Ask(form::join(&desk)),
        Err(reply) => reply,
    })
}

async fn join_sent(context: Context, click: Click, sent: Submitted) -> Result<Reply, Fault> {
    let Some(session) = session_id(&sent.args) else {
        return Ok(Reply::text(refused(&SessionRefusal::Unknown)));
    };
    match form::read_offer(&sent) {
        Ok(offered) => {
            let shown = Shown::parse(&sent.args);
            send_offer(&context, &click, session, offered, shown).await
        }
        Err(wrong) => Ok(again(&wrong, format!("join:{session}"))),
    }
}

async fn newcomer_sent(context: Context, click: Click, sent: Submitted) -> Result<Reply, Fault> {
    let desk = match desk(&context, &click, &sent.args).await? {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let draft = Draft::read(&sent);
    let retry = draft.button_id(desk.session.id);
    match draft.understand(desk.session.plan.mode, click.at) {
        Ok(introduction) => introduce(&context, &click, &desk, introduction, retry).await,
        Err(wrong) => Ok(again(&wrong.join("\n"), retry)),
    }
}

async fn leave(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let (session, actor) = match target(&click, &pressed.args) {
        Ok(target) => target,
        Err(reply) => return Ok(reply),
    };
    let at = click.at;
    let command = LeaveQueue { session, actor, at };
    let left = match context.execute(&click, command).await? {
        Ok(left) => left,
        Err(refusal) => return in_the_way(&context, &click, session, &refusal).await,
    };
    let title = escape(&left.session.plan.title);
    Ok(Reply::text(match left.role {
        Some(role) => format!("You have left **{title}** and given up your place as {role}."),
        None => format!("You have left the queue of **{title}**."),
    }))
}

async fn streaming(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let (session, actor) = match target(&click, &pressed.args) {
        Ok(target) => target,
        Err(reply) => return Ok(reply),
    };
    let at = click.at;
    let command = ToggleStreaming { session, actor, at };
    Ok(match context.execute(&click, command).await? {
        Ok(now) if now.streaming => Reply::text(
            "📺 Noted: you stream this session, and the card says so. *Streaming* once more takes \
             it back.",
        ),
        Ok(_) => Reply::text("Noted: you don't stream this session."),
        Err(refusal) => return in_the_way(&context, &click, session, &refusal).await,
    })
}

async fn refresh(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let (session, actor) = match target(&click, &pressed.args) {
        Ok(target) => target,
        Err(reply) => return Ok(reply),
    };
    let at = click.at;
    let command = RefreshCard { session, actor, at };
    Ok(match context.execute(&click, command).await? {
        Ok(_) => Reply::text(
            "🔄 The card is being brought up to date. It also does so by itself whenever something \
             changes.",
        ),
        Err(refusal) => Reply::text(words::queue(&refusal)),
    })
}

/// What is known of the session and the person; the reply, if they cannot join at all.
async fn desk(
    context: &Context,
    click: &Click,
    args: &str,
) -> Result<Result<JoinDesk, Reply>, Fault> {
    let (session, actor) = match target(click, args) {
        Ok(target) => target,
        Err(reply) => return Ok(Err(reply)),
    };
    let user = actor.user;
    let desk = context.query(PrepareJoin { session, user }).await?;
    let Some(desk) = desk.filter(|desk| desk.session.seen_by(&actor).is_ok()) else {
        return Ok(Err(Reply::text(refused(&SessionRefusal::Unknown))));
    };
    let may_join = queue::may_join(&desk.session, desk.entry.as_ref(), desk.entries);
    let may_join = match may_join {
        Ok(()) if desk.turned_down => Err(QueueRefusal::Rejected),
        may_join => may_join,
    };
    match may_join {
        Ok(()) => Ok(Ok(desk)),
        Err(refusal) => Ok(Err(in_the_way(context, click, session, &refusal).await?)),
    }
}

async fn send_offer(
    context: &Context,
    click: &Click,
    session: SessionId,
    offered: Offered,
    shown: Option<Shown>,
) -> Result<Reply, Fault> {
    let Some(actor) = click.actor() else {
        return Ok(Reply::text(IN_A_SERVER));
    };
    let command = JoinQueue {
        session,
        actor,
        person: click.person.clone(),
        nick: click.nick.clone(),
        offered,
        shown,
        at: click.at,
    };
    match context.execute(click, command).await? {
        Ok(joined) => Ok(welcome(&joined)),
        Err(refusal @ (QueueRefusal::Rank(_) | QueueRefusal::NoAccount | QueueRefusal::NoRole)) => {
            Ok(again(&words::queue(&refusal), format!("join:{session}")))
        }
        Err(refusal) => in_the_way(context, click, session, &refusal).await,
    }
}

async fn introduce(
    context: &Context,
    click: &Click,
    desk: &JoinDesk,
    introduction: Introduction,
    retry: String,
) -> Result<Reply, Fault> {
    let Some(actor) = click.actor() else {
        return Ok(Reply::text(IN_A_SERVER));
    };
    let command = JoinAsNewcomer {
        session: desk.session.id,
        actor,
        person: click.person.clone(),
        nick: click.nick.clone(),
        battletag: introduction.battletag,
        ranks: introduction.ranks,
        roles: introduction.roles,
        zone: introduction.zone,
        note: introduction.note,
        at: click.at,
    };
    match context.execute(click, command).await? {
        Ok(joined) => Ok(welcome(&joined)),
        Err(NewcomerRefusal::Queue(refusal @ QueueRefusal::Session(_))) => {
            in_the_way(context, click, desk.session.id, &refusal).await
        }
        Err(refusal) => Ok(again(&words::newcomer(&refusal), retry)),
    }
}

fn welcome(joined: &Joined) -> Reply {
    let plan = &joined.session.plan;
    let (title, at) = (escape(&plan.title), relative_time(plan.at));
    if let Some(role) = joined.place {
        return Reply::text(format!(
            "✅ You are in: **{title}** as {role}. It starts {at}. *Leave* gives up your place."
        ));
    }
    let roles = if plan.mode.asks_roles() {
        format!(" as {}", joined.roles)
    } else {
        String::new()
    };
    Reply::text(if joined.again {
        format!("✅ Changed: you are in the queue of **{title}**{roles}. It starts {at}.")
    } else {
        format!(
            "✅ You are in the queue of **{title}**{roles}. It starts {at}; {}. *Join* changes \
             what you offer and leaves the organiser a note, *Leave* takes you out.",
            what_follows(plan.admission)
        )
    })
}

/// What somebody who waits may expect.
fn what_follows(admission: Admission) -> &'static str {
    match admission {
        Admission::Organiser => "the organiser chooses who plays, and I tell you",
        Admission::FirstCome => {
            "all places that you could take are taken, and I ask you when one is free"
        }
        Admission::Balanced => "as soon as enough people wait for full teams, I tell you",
    }
}

/// What is in the way. The card of a session that is over is brought up to date: it should not
/// have had this button any more.
async fn in_the_way(
    context: &Context,
    click: &Click,
    session: SessionId,
    refusal: &QueueRefusal,
) -> Result<Reply, Fault> {
    let stale = matches!(refusal, QueueRefusal::Session(SessionRefusal::Not(_)));
    if let (true, Some(actor)) = (stale, click.actor()) {
        let at = click.at;
        // Whether or not it is refused, the answer is the same.
        let _ = context
            .execute(click, RefreshCard { session, actor, at })
            .await?;
    }
    Ok(Reply::text(words::queue(refusal)))
}

/// What is wrong, with a button that opens the form again.
fn again(wrong: &str, retry: String) -> Reply {
    let retry = button(retry, "Try again", ButtonStyle::Primary);
    Reply::Say(Message::text(format!("⚠️ {wrong}")).row([retry]))
}

/// Which session is meant, and who means it; else the reply.
pub(super) fn target(click: &Click, args: &str) -> Result<(SessionId, Actor), Reply> {
    let actor = click.actor().ok_or_else(|| Reply::text(IN_A_SERVER))?;
    let session = session_id(args).ok_or_else(|| Reply::text(refused(&SessionRefusal::Unknown)))?;
    Ok((session, actor))
}

/// The session's number at the beginning of a custom id's arguments.
pub(super) fn session_id(args: &str) -> Option<SessionId> {
    let number = args.split(':').next()?;
    number.parse().ok().filter(|id| *id > 0).map(SessionId)
}
