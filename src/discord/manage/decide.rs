//! Decisions about one player: accept, also beyond a limit; turn down, also with a reason; take
//! back; swap.
//!
//! May touch: the store. Invariant: what goes beyond a limit is asked first, and says so in the
//! question, on the dashboard and in the history.

use twilight_model::channel::message::component::{ButtonStyle, TextInputStyle};

use super::place::Place;
use super::{Desk, STALE, about, user_id, view};
use crate::discord::click::{Click, Pressed, Submitted};
use crate::discord::feature::{Context, Fault};
use crate::discord::reply::{Message, Modal, Reply, button, field, text_input};
use crate::domain::ids::{AccountId, UserId};
use crate::domain::log::Beyond;
use crate::domain::manage::accept_beyond;
use crate::domain::role::Role;
use crate::domain::session::REASON_MAX_CHARS;
use crate::domain::text::{Lines, clean};
use crate::store::queue::{
    AcceptAnyway, AcceptPlayer, RejectPlayer, SwapPlayers, Swapped, TakeBack,
};

/// `manage-accept:SESSION:USER:ACCOUNT:ROLE:PLACE`: accepts.
pub(super) const ACCEPT: &str = "manage-accept";
/// The same arguments: asks whether to accept beyond a limit.
pub(super) const ANYWAY: &str = "manage-anyway";
/// The same arguments: accepts beyond a limit.
pub(super) const ANYWAY_SURE: &str = "manage-anyway-sure";
/// `manage-reject:SESSION:USER:PLACE`: turns down.
pub(super) const REJECT: &str = "manage-reject";
/// The same arguments: the form for the reason; and the form, sent.
pub(super) const REJECT_WHY: &str = "manage-reject-why";
/// `manage-back:SESSION:USER:PLACE`: takes back.
pub(super) const TAKE_BACK: &str = "manage-back";
/// `manage-swap:SESSION:USER:PLACE`: swaps with whoever was chosen.
pub(super) const SWAP: &str = "manage-swap";

const REASON: &str = "reason";

/// Who is to be accepted, and as what.
struct Choice {
    player: UserId,
    account: AccountId,
    role: Role,
}

impl Choice {
    /// What `SESSION:USER:ACCOUNT:ROLE:PLACE` says.
    fn parse(args: &str) -> Option<Self> {
        let args: Vec<_> = args.split(':').collect();
        Some(Self {
            player: args.get(1).and_then(|word| user_id(word))?,
            account: AccountId(args.get(2)?.parse().ok()?),
            role: Role::parse(args.get(3)?)?,
        })
    }

    fn command(&self, desk: &Desk<'_>) -> AcceptPlayer {
        AcceptPlayer {
            session: desk.session,
            actor: desk.actor,
            player: self.player,
            role: self.role,
            account: self.account,
            at: desk.click.at,
        }
    }
}

pub(super) async fn accept(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let desk = match Desk::at(&ctx, &click, &pressed.args, 4) {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let Some(choice) = Choice::parse(&pressed.args) else {
        return desk.overview(STALE).await;
    };
    let player = choice.player;
    match ctx.execute(&click, choice.command(&desk)).await? {
        Ok(done) => {
            let said = format!("✅ <@{player}> is in as {}.", done.role);
            desk.overview(&said).await
        }
        Err(refusal) => desk.refused(&refusal, player, Some(choice.account)).await,
    }
}

pub(super) async fn anyway(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let desk = match Desk::at(&ctx, &click, &pressed.args, 4) {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let Some(choice) = Choice::parse(&pressed.args) else {
        return desk.overview(STALE).await;
    };
    let seen = match desk.view().await? {
        Ok(seen) => seen,
        Err(reply) => return Ok(reply),
    };
    let Choice {
        player,
        account,
        role,
    } = choice;
    let measure = seen.measure.as_ref();
    let wanted = (player, role, account);
    match accept_beyond(&seen.session, &seen.queue, wanted, measure, &desk.actor) {
        Ok(beyond) => {
            let why = view::obstacle(&seen, player, role, account);
            let args = format!(
                "{}:{player}:{account}:{}:{}",
                desk.session,
                role.as_str(),
                desk.place
            );
            let back = format!("manage-account:{}:{player}:{}", desk.session, desk.place);
            Ok(Reply::Update(question(&choice, beyond, &why, &args, back)))
        }
        Err(refusal) => desk.refused(&refusal, player, Some(account)).await,
    }
}

pub(super) async fn anyway_sure(
    ctx: Context,
    click: Click,
    pressed: Pressed,
) -> Result<Reply, Fault> {
    let desk = match Desk::at(&ctx, &click, &pressed.args, 4) {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let Some(choice) = Choice::parse(&pressed.args) else {
        return desk.overview(STALE).await;
    };
    let player = choice.player;
    let command = AcceptAnyway(choice.command(&desk));
    match ctx.execute(&click, command).await? {
        Ok(done) => {
            let marked = match done.beyond {
                Some(_) => " That overrides a limit, and is marked as such.",
                None => "",
            };
            let role = done.accepted.role;
            let said = format!("✅ <@{player}> is in as {role}.{marked}");
            desk.overview(&said).await
        }
        Err(refusal) => desk.refused(&refusal, player, Some(choice.account)).await,
    }
}

/// Whether to accept somebody beyond a limit.
fn question(
    choice: &Choice,
    beyond: Option<Beyond>,
    why: &str,
    args: &str,
    back: String,
) -> Message {
    let Choice { player, role, .. } = choice;
    let (label, text) = match beyond {
        Some(Beyond::Rank) => (
            "Accept anyway — outside the rank limit",
            format!("⚠️ Accept <@{player}> as {role} anyway? {why}."),
        ),
        Some(Beyond::Cap) => (
            "Accept anyway — beyond the role's cap",
            format!(
                "⚠️ Accept <@{player}> as {role} anyway? The mode has no room for another {role}: \
                 with them the line-up is not the game's any more until somebody changes roles."
            ),
        ),
        None => (
            "Accept",
            format!("Nothing is in the way any more. Accept <@{player}> as {role}?"),
        ),
    };
    let marked = match beyond {
        Some(_) => " It is an override, and will be marked as one here and in the history.",
        None => "",
    };
    Message::text(format!("{text}{marked}")).row([
        button(format!("{ANYWAY_SURE}:{args}"), label, ButtonStyle::Danger),
        button(back, "Back", ButtonStyle::Secondary),
    ])
}

pub(super) async fn reject(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let (desk, player) = match about(&ctx, &click, &pressed.args) {
        Ok(about) => about,
        Err(reply) => return Ok(reply),
    };
    turn_down(&desk, player, String::new()).await
}

pub(super) async fn reject_why(
    ctx: Context,
    click: Click,
    pressed: Pressed,
) -> Result<Reply, Fault> {
    let (desk, player) = match about(&ctx, &click, &pressed.args) {
        Ok(about) => about,
        Err(reply) => return Ok(reply),
    };
    let view = match desk.view().await? {
        Ok(view) => view,
        Err(reply) => return Ok(reply),
    };
    let Some(player) = player else {
        return desk.overview(STALE).await;
    };
    if !view.session.status.is_alive() || view.queue.entry(player).is_none() {
        return desk.player(player, None, "").await;
    }
    Ok(Reply::Ask(reason_form(&desk, player, desk.place)))
}

pub(super) async fn reject_said(
    ctx: Context,
    click: Click,
    sent: Submitted,
) -> Result<Reply, Fault> {
    let (desk, player) = match about(&ctx, &click, &sent.args) {
        Ok(about) => about,
        Err(reply) => return Ok(reply),
    };
    match clean(sent.text(REASON), REASON_MAX_CHARS, Lines::Many) {
        Ok(reason) => turn_down(&desk, player, reason).await,
        Err(_) => Ok(Reply::text(format!(
            "⚠️ A reason has {REASON_MAX_CHARS} characters at most. Nobody was turned down."
        ))),
    }
}

fn reason_form(desk: &Desk<'_>, player: UserId, place: Place) -> Modal {
    let input = text_input(
        REASON,
        TextInputStyle::Paragraph,
        false,
        REASON_MAX_CHARS,
        "For them to read",
        None,
    );
    Modal {
        id: format!("{REJECT_WHY}:{}:{player}:{place}", desk.session),
        title: "Turn down".into(),
        fields: vec![field(
            "Why? They are told in a direct message.",
            None,
            input,
        )],
    }
}

async fn turn_down(
    desk: &Desk<'_>,
    player: Option<UserId>,
    reason: String,
) -> Result<Reply, Fault> {
    let Some(player) = player else {
        return desk.overview(STALE).await;
    };
    let command = RejectPlayer {
        session: desk.session,
        actor: desk.actor,
        player,
        reason,
        at: desk.click.at,
    };
    match desk.context.execute(desk.click, command).await? {
        Ok(_) => {
            let said = format!("<@{player}> was turned down. *Turned down* below has them.");
            desk.overview(&said).await
        }
        Err(refusal) => desk.refused(&refusal, player, None).await,
    }
}

pub(super) async fn take_back(
    ctx: Context,
    click: Click,
    pressed: Pressed,
) -> Result<Reply, Fault> {
    let (desk, player) = match about(&ctx, &click, &pressed.args) {
        Ok(about) => about,
        Err(reply) => return Ok(reply),
    };
    let Some(player) = player else {
        return desk.overview(STALE).await;
    };
    let command = TakeBack {
        session: desk.session,
        actor: desk.actor,
        player,
        at: click.at,
    };
    match ctx.execute(&click, command).await? {
        Ok(done) => {
            let said = match done.role {
                Some(role) => format!("<@{player}> waits again; their place as {role} is free."),
                None => format!("<@{player}> waits in the queue again."),
            };
            desk.overview(&said).await
        }
        Err(refusal) => desk.refused(&refusal, player, None).await,
    }
}

pub(super) async fn swap(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let (desk, one) = match about(&ctx, &click, &pressed.args) {
        Ok(about) => about,
        Err(reply) => return Ok(reply),
    };
    let other = pressed.values.first().and_then(|value| user_id(value));
    let (Some(one), Some(other)) = (one, other) else {
        return desk.overview(STALE).await;
    };
    let command = SwapPlayers {
        session: desk.session,
        actor: desk.actor,
        one,
        other,
        at: click.at,
    };
    match ctx.execute(&click, command).await? {
        Ok(done) => desk.overview(&swapped(&done)).await,
        Err((about, refusal)) => desk.refused(&refusal, about, None).await,
    }
}

fn swapped(done: &Swapped) -> String {
    match done {
        Swapped::Replaced {
            comes,
            role,
            leaves,
        } => format!("🔁 <@{comes}> is in as {role} in the place of <@{leaves}>, who waits."),
        Swapped::Exchanged([(one, role), (other, other_role)]) => {
            format!("🔁 <@{one}> plays {role} now, and <@{other}> {other_role}.")
        }
    }
}
