//! The dashboard's page for looking for players in other channels.
//!
//! May touch: the store and, to say at once whether it worked, [`delivery`]. Invariant: nothing is
//! posted where the person who asks could not write themselves.

use twilight_model::channel::message::component::{ButtonStyle, Component};
use twilight_util::builder::embed::EmbedBuilder;

use super::{Desk, STALE, view};
use crate::discord::access::{Asset, cannot_post, posting_obstacle};
use crate::discord::click::{Click, Pressed};
use crate::discord::delivery::{self, Posting};
use crate::discord::feature::{Context, Fault};
use crate::discord::missing::needs;
use crate::discord::obstacle::cannot_post_call;
use crate::discord::reply::{Message, Reply, button, channel_menu};
use crate::discord::rest::code;
use crate::domain::call::{CALLS_MAX, CallRefusal, Looking, looking};
use crate::domain::ids::{CallId, ChannelId};
use crate::domain::obstacle::{Obstacle, Right};
use crate::domain::session::Status;
use crate::store::call::{Call, CallsOf, CloseCall, PostCall};
use crate::store::queue::SessionView;

/// `manage-call:SESSION:PLACE`: the page.
pub(super) const PAGE: &str = "manage-call";
/// `manage-call-in:SESSION:PLACE`: looks in the channel that was chosen.
pub(super) const POST: &str = "manage-call-in";
/// `manage-call-end:SESSION:CALL:PLACE`: looks no more.
pub(super) const CLOSE: &str = "manage-call-end";

pub(super) async fn page(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    match Desk::at(&ctx, &click, &pressed.args, 1) {
        Ok(desk) => show(&desk, "").await,
        Err(reply) => Ok(reply),
    }
}

pub(super) async fn post(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let desk = match Desk::at(&ctx, &click, &pressed.args, 1) {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let Some(channel) = pressed.channels.first() else {
        return desk.overview(STALE).await;
    };
    if let Some(sentence) = cannot_post(channel.id, channel.thread, channel.permissions) {
        return show(&desk, &format!("⚠️ {sentence}")).await;
    }
    let (rest, guild) = (&ctx.rest, desk.actor.guild);
    let obstacle = posting_obstacle(rest, guild, channel, Asset::Call, click.at).await;
    if let Some(obstacle) = obstacle {
        return show(&desk, &cannot_post_call(channel.id, &obstacle)).await;
    }
    let command = PostCall {
        session: desk.session,
        actor: desk.actor,
        channel: channel.id,
        at: click.at,
    };
    match ctx.execute(&click, command).await? {
        Ok(call) => {
            let said = begin(&desk, call).await?;
            show(&desk, &said).await
        }
        Err(refusal) => call_refused(&desk, &refusal).await,
    }
}

pub(super) async fn close(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let desk = match Desk::at(&ctx, &click, &pressed.args, 2) {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let call = pressed.args.split(':').nth(1);
    let Some(call) = call.and_then(|word| word.parse().ok()).map(CallId) else {
        return desk.overview(STALE).await;
    };
    match end(&desk, call).await? {
        Ok(call) => {
            let said = format!("I look in <#{}> no more; the message goes.", call.channel);
            show(&desk, &said).await
        }
        Err(refusal) => call_refused(&desk, &refusal).await,
    }
}

/// Posts a message at once, and says what came of it. If Discord refuses it for good, it is as if
/// nobody had asked.
async fn begin(desk: &Desk<'_>, call: Call) -> Result<String, Fault> {
    let channel = call.channel;
    if call.message.is_some() {
        return Ok(format!("I am looking in <#{channel}> already."));
    }
    Ok(match delivery::post_call(desk.context, call.id).await {
        Posting::Posted => format!("🔎 I am looking in <#{channel}>."),
        Posting::Refused(code) => {
            // Whoever closed it meanwhile has done the same.
            let _ = end(desk, call.id).await?;
            refused(channel, code)
        }
        Posting::Later => {
            format!("🔎 Discord is slow to take the message for <#{channel}>; I go on trying.")
        }
    })
}

async fn end(desk: &Desk<'_>, call: CallId) -> Result<Result<Call, CallRefusal>, Fault> {
    let command = CloseCall {
        call,
        actor: desk.actor,
        at: desk.click.at,
    };
    desk.context.execute(desk.click, command).await
}

async fn show(desk: &Desk<'_>, said: &str) -> Result<Reply, Fault> {
    let seen = match desk.view().await? {
        Ok(seen) => seen,
        Err(reply) => return Ok(reply),
    };
    let calls = desk.context.query(CallsOf(desk.session)).await?;
    Ok(Reply::Update(message(desk, &seen, &calls, said)))
}

fn message(desk: &Desk<'_>, seen: &SessionView, calls: &[Call], said: &str) -> Message {
    let session = &seen.session;
    let (state, open) = match looking(&seen.door()) {
        Looking::For(missing) => (format!("{}.", needs(&missing)), true),
        Looking::Complete => ("Nobody is missing.".to_owned(), false),
        Looking::Not(status) => (not(status), false),
    };
    let lines = (1..).zip(calls).map(|(number, call)| {
        let (guild, channel) = (session.guild, call.channel);
        let link = call.message.map_or(String::new(), |message| {
            format!(" · [message](https://discord.com/channels/{guild}/{channel}/{message})")
        });
        format!("\n{number}. <#{channel}>{link}")
    });
    let text = format!(
        "{state}\nChoose a channel, and I post there what is missing, with a button to join. I keep \
         it true, and it mentions nobody. Only who can see <#{}> can join.{}",
        session.channel,
        lines.collect::<String>()
    );
    let embed = EmbedBuilder::new()
        .title(view::title("Find players: ", &session.plan.title))
        .description(text);
    let mut message = Message::embed(embed.build());
    said.clone_into(&mut message.text);
    if open && calls.len() < CALLS_MAX {
        let id = format!("{POST}:{}:{}", session.id, desk.place);
        message = message.row([channel_menu(id, "Look for players in…")]);
    }
    let ends = (1..).zip(calls).map(|(number, call): (u32, _)| {
        let id = format!("{CLOSE}:{}:{}:{}", session.id, call.id, desk.place);
        button(
            id,
            &format!("Stop looking in {number}"),
            ButtonStyle::Danger,
        )
    });
    let ends: Vec<Component> = ends.collect();
    if !ends.is_empty() {
        message = message.row(ends);
    }
    let back = format!("manage:{}:{}", session.id, desk.place);
    message.row([button(back, "Back to the queue", ButtonStyle::Secondary)])
}

async fn call_refused(desk: &Desk<'_>, refusal: &CallRefusal) -> Result<Reply, Fault> {
    let said = match refusal {
        CallRefusal::Session(refusal) => return desk.session_refused(refusal).await,
        CallRefusal::Not(status) => not(*status),
        CallRefusal::Complete => "Nobody is missing, so there is nobody to look for.".to_owned(),
        CallRefusal::TooMany => format!(
            "I look in {CALLS_MAX} channels already, which is as many as there can be. Stop looking \
             in one of them first."
        ),
        CallRefusal::Gone => "I look there no more.".to_owned(),
    };
    show(desk, &format!("⚠️ {said}")).await
}

fn not(status: Status) -> String {
    match status {
        Status::Open | Status::Closed => {
            "The queue is closed, so that nobody could join. Open it first.".to_owned()
        }
        _ => "Nobody can join this session any more.".to_owned(),
    }
}

/// Why Discord did not take a message.
fn refused(channel: ChannelId, why: u64) -> String {
    let obstacle = match why {
        code::MISSING_ACCESS => Obstacle::Lacking(vec![Right::ViewChannel]),
        code::MISSING_PERMISSIONS => Obstacle::Lacking(vec![Right::SendMessages]),
        code::UNKNOWN_CHANNEL => Obstacle::ChannelGone,
        code => Obstacle::Other(code),
    };
    cannot_post_call(channel, &obstacle)
}
