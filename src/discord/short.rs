//! Playing with fewer than planned: what is possible, as buttons that do it.
//!
//! May touch: the store and twilight's models. Invariant: what is offered is worked out anew with
//! each look and each press; who may press is decided by the command.

use twilight_model::channel::message::component::{ButtonStyle, Component};

use super::click::{Click, Pressed};
use super::feature::{Context, Fault, Feature, Route};
use super::queue::session_id;
use super::reply::{Message, Reply, button};
use super::session::refused;
use super::text::escape;
use crate::domain::ids::SessionId;
use crate::domain::mode::Mode;
use crate::domain::session::{Actor, Session, SessionRefusal};
use crate::domain::short;
use crate::store::outbox::ShortWay;
use crate::store::queue::{PlayShort, SessionView, ShortRefusal, ViewSession};
use crate::store::session::FindSession;

/// Shows what is possible: `short:SESSION`.
const LOOK: &str = "short";
/// Plays it so: `short-play:SESSION:MODE:TEAMS`.
const PLAY: &str = "short-play";

/// The feature's table.
pub const FEATURE: Feature = Feature {
    commands: &[],
    components: &[
        Route {
            name: LOOK,
            run: |ctx, click, it| Box::pin(look(ctx, click, it)),
        },
        Route {
            name: PLAY,
            run: |ctx, click, it| Box::pin(play(ctx, click, it)),
        },
    ],
    modals: &[],
};

/// The dashboard's button, as long as anything is possible with those who are there.
pub(super) fn on_dashboard(view: &SessionView) -> Option<Component> {
    let (session, queue) = (&view.session, &view.queue);
    let started = session.status == crate::domain::session::Status::Started;
    (started && !short::ways(session, queue).is_empty()).then(|| {
        let id = format!("{LOOK}:{}", session.id);
        button(id, "Play with fewer…", ButtonStyle::Primary)
    })
}

/// What could be played, as buttons.
pub(super) fn buttons(session: SessionId, ways: &[ShortWay]) -> Vec<Component> {
    let one = |way: &ShortWay| {
        let id = format!("{PLAY}:{session}:{}:{}", way.mode.id(), way.teams);
        button(id, &name(way), ButtonStyle::Primary)
    };
    ways.iter().map(one).collect()
}

/// "5v5 Role Queue, one team, 2 sit out".
fn name(way: &ShortWay) -> String {
    let teams = if way.teams == 2 {
        "two teams"
    } else {
        "one team"
    };
    let out = match way.out {
        0 => String::new(),
        1 => ", 1 sits out".to_owned(),
        out => format!(", {out} sit out"),
    };
    format!("{}, {teams}{out}", way.mode.label())
}

async fn look(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let (session, actor) = match target(&context, &click, &pressed.args).await? {
        Ok(target) => target,
        Err(reply) => return Ok(reply),
    };
    if let Err(refusal) = session.managed_by(&actor) {
        return Ok(Reply::text(refused(&refusal)));
    }
    Ok(Reply::Say(possible(&context, session.id, "").await?))
}

async fn play(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let (session, actor) = match target(&context, &click, &pressed.args).await? {
        Ok(target) => target,
        Err(reply) => return Ok(reply),
    };
    let mut words = pressed.args.split(':').skip(1);
    let mode = words.next().and_then(Mode::parse);
    let teams = words.next().and_then(|teams| teams.parse().ok());
    let (Some(mode), Some(teams)) = (mode, teams) else {
        return Ok(Reply::text(refused(&SessionRefusal::Unknown)));
    };
    let command = PlayShort {
        session: session.id,
        actor,
        mode,
        teams,
        at: click.at,
    };
    Ok(match context.execute(&click, command).await? {
        Ok(done) => {
            let way = ShortWay {
                mode,
                teams,
                out: u32::try_from(done.out).unwrap_or(u32::MAX),
            };
            let title = escape(&done.session.plan.title);
            let said = format!(
                "✅ **{title}** is now {}. Its card shows who plays what.",
                name(&way)
            );
            Reply::Update(Message::text(said))
        }
        Err(ShortRefusal::Session(refusal)) => Reply::text(refused(&refusal)),
        Err(ShortRefusal::NotPossible) => {
            let said = "⚠️ That is not possible any more: somebody has come or gone meanwhile.\n";
            Reply::Update(possible(&context, session.id, said).await?)
        }
    })
}

/// What is possible now.
async fn possible(context: &Context, session: SessionId, said: &str) -> Result<Message, Fault> {
    let Some(view) = context.query(ViewSession(session)).await? else {
        return Ok(Message::text(refused(&SessionRefusal::Unknown)));
    };
    let ways: Vec<_> = short::ways(&view.session, &view.queue)
        .into_iter()
        .map(|way| ShortWay {
            mode: way.mode,
            teams: way.teams,
            out: u32::try_from(way.out.len()).unwrap_or(u32::MAX),
        })
        .collect();
    if ways.is_empty() {
        let nothing = "There is nothing else to play with those who are there.";
        return Ok(Message::text(format!("{said}{nothing}")));
    }
    let question = "With those who are there you could play this instead. Who sits out waits in the \
                    queue; whoever got their place last does.";
    Ok(Message::text(format!("{said}{question}")).row(buttons(session, &ways)))
}

/// Which session is meant, and who means it: in direct messages, somebody of its server.
async fn target(
    context: &Context,
    click: &Click,
    args: &str,
) -> Result<Result<(Session, Actor), Reply>, Fault> {
    let unknown = || Reply::text(refused(&SessionRefusal::Unknown));
    let Some(id) = session_id(args) else {
        return Ok(Err(unknown()));
    };
    let Some(session) = context.query(FindSession(id)).await? else {
        return Ok(Err(unknown()));
    };
    let actor = click.actor().unwrap_or(Actor {
        user: click.person.id,
        guild: session.guild,
        manages_events: false,
        administrator: false,
    });
    Ok(Ok((session, actor)))
}
