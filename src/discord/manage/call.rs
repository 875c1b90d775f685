//! The dashboard's page for looking for players in other channels.
//!
//! May touch: the store and, to say at once whether it worked, [`delivery`]. Invariant: nothing is
//! posted where the person who asks could not write themselves.

use twilight_model::channel::message::component::{ButtonStyle, Component};
use twilight_model::guild::Permissions;
use twilight_util::builder::embed::EmbedBuilder;

use super::{Desk, STALE, view};
use crate::discord::click::{ChosenChannel, Click, Pressed};
use crate::discord::delivery::{self, Posting};
use crate::discord::feature::{Context, Fault};
use crate::discord::missing::needs;
use crate::discord::reply::{Message, Reply, button, channel_menu};
use crate::discord::rest::code;
use crate::domain::call::{CALLS_MAX, CallRefusal, Looking, looking};
use crate::domain::ids::{CallId, ChannelId};
use crate::domain::session::Status;
use crate::store::call::{Call, CallsOf, CloseCall, PostCall};
use crate::store::queue::SessionView;

/// `manage-call:SESSION:PLACE`: the page.
pub(super) const PAGE: &str = "manage-call";
/// `manage-call-in:SESSION:PLACE`: looks in the channel that was chosen.
pub(super) const POST: &str = "manage-call-in";
/// `manage-call-end:SESSION:CALL:PLACE`: looks no more.
pub(super) const CLOSE: &str = "manage-call-end";

/// A permission, and the name that Discord shows for it.
type Named = (Permissions, &'static str);

/// What is needed to see a channel.
const VIEW: Named = (Permissions::VIEW_CHANNEL, "View Channel");
/// What is needed to write in one.
const SEND: Named = (Permissions::SEND_MESSAGES, "Send Messages");
/// What is needed to write in a thread.
const SEND_IN_THREADS: Named = (
    Permissions::SEND_MESSAGES_IN_THREADS,
    "Send Messages in Threads",
);

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
    if let Some(sentence) = barred(channel) {
        return show(&desk, &sentence).await;
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
            cannot_post(channel, code)
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

/// Why nothing is posted in a channel, as far as that can be seen before.
fn barred(channel: &ChosenChannel) -> Option<String> {
    let id = channel.id;
    if !lacking(channel, channel.permissions).is_empty() {
        return Some(format!(
            "⚠️ You may not write in <#{id}> yourself, so I don't post there for you. Choose \
             another channel."
        ));
    }
    let lacking = lacking(channel, channel.app_permissions?);
    (!lacking.is_empty()).then(|| allow_me(id, &lacking.join(", ")))
}

fn lacking(channel: &ChosenChannel, permissions: Permissions) -> Vec<String> {
    if permissions.contains(Permissions::ADMINISTRATOR) {
        return Vec::new();
    }
    let needed = [
        VIEW,
        if channel.thread {
            SEND_IN_THREADS
        } else {
            SEND
        },
    ];
    let lacking = needed
        .iter()
        .filter(|(permission, _)| !permissions.contains(*permission));
    lacking.map(|(_, name)| format!("**{name}**")).collect()
}

/// Why Discord did not take a message.
fn cannot_post(channel: ChannelId, why: u64) -> String {
    match why {
        code::MISSING_ACCESS => allow_me(channel, "**View Channel**"),
        code::MISSING_PERMISSIONS => allow_me(channel, "**Send Messages**"),
        code::UNKNOWN_CHANNEL => "⚠️ That channel is gone. Choose another one.".to_owned(),
        code => format!(
            "⚠️ Discord does not let me post in <#{channel}> (its code {code}). Choose another \
             channel."
        ),
    }
}

fn allow_me(channel: ChannelId, lacking: &str) -> String {
    format!(
        "⚠️ I cannot post in <#{channel}>: I lack {lacking}. Ask somebody who manages the channel to \
         allow me that, or choose another one."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lacking_in_a_channel_is_said_and_whose_it_is() {
        let all = VIEW.0 | SEND.0;
        let channel = |permissions, app_permissions| ChosenChannel {
            id: ChannelId(5),
            thread: false,
            permissions,
            app_permissions,
        };
        assert_eq!(barred(&channel(all, Some(all))), None);
        assert_eq!(barred(&channel(Permissions::ADMINISTRATOR, None)), None);
        let theirs = barred(&channel(Permissions::VIEW_CHANNEL, Some(all)));
        assert!(theirs.is_some_and(|said| said.contains("You may not write")));
        let ours = barred(&channel(all, Some(Permissions::VIEW_CHANNEL)));
        assert!(ours.is_some_and(|said| said.contains("I lack **Send Messages**")));
    }

    #[test]
    fn in_a_thread_another_permission_lets_people_write() {
        let thread = |permissions| ChosenChannel {
            id: ChannelId(5),
            thread: true,
            permissions,
            app_permissions: Some(permissions),
        };
        assert!(barred(&thread(VIEW.0 | SEND.0)).is_some());
        assert_eq!(barred(&thread(VIEW.0 | SEND_IN_THREADS.0)), None);
    }
}
