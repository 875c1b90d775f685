//! Teams changed by hand: two players swapped, one moved, with the figures as they are then.
//!
//! May touch: the store and twilight's models. Invariant: what is shown after a change is what was
//! saved.

use twilight_model::channel::message::component::ButtonStyle;

use super::{Desk, user_id, view as pages, words};
use crate::discord::click::{Click, Pressed};
use crate::discord::feature::{Context, Fault};
use crate::discord::reply::{Message, Reply, button, menu};
use crate::domain::balance::Team;
use crate::domain::ids::UserId;
use crate::domain::teams::Change;
use crate::store::teams::TeamsView;

/// `teams-hand:SESSION`: the teams, to be changed by hand.
pub(super) async fn page(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    match Desk::of(&context, &click, &pressed.args) {
        Ok(desk) => desk.by_hand("").await,
        Err(reply) => Ok(reply),
    }
}

/// `teams-players:SESSION`: two that are swapped, or one that is to be moved.
pub(super) async fn chosen(
    context: Context,
    click: Click,
    pressed: Pressed,
) -> Result<Reply, Fault> {
    let desk = match Desk::of(&context, &click, &pressed.args) {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let chosen: Vec<_> = pressed
        .values
        .iter()
        .filter_map(|value| user_id(value))
        .collect();
    match chosen.as_slice() {
        [one, other] => match desk.arrange(Change::Swap(*one, *other)).await? {
            Ok(_) => {
                let said = format!("🔄 <@{one}> and <@{other}> have changed places.");
                desk.by_hand(&said).await
            }
            Err(refusal) => desk.refused(&refusal).await,
        },
        [one] => desk.shown(|teams| view(teams, Some(*one), "")).await,
        _ => desk.by_hand("").await,
    }
}

/// `teams-move:SESSION:USER:blue|red|off`.
pub(super) async fn moved(
    context: Context,
    click: Click,
    pressed: Pressed,
) -> Result<Reply, Fault> {
    let desk = match Desk::of(&context, &click, &pressed.args) {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let args: Vec<_> = pressed.args.split(':').collect();
    let user = args.get(1).and_then(|word| user_id(word));
    let team = match args.get(2) {
        Some(&"blue") => Some(Some(Team::Blue)),
        Some(&"red") => Some(Some(Team::Red)),
        Some(&"off") => Some(None),
        _ => None,
    };
    let (Some(user), Some(team)) = (user, team) else {
        return desk.by_hand("").await;
    };
    match desk.arrange(Change::Move(user, team)).await? {
        Ok(_) => {
            let said = match team {
                Some(team) => format!("<@{user}> plays for {} now.", words::team(team)),
                None => format!("<@{user}> is on no team now."),
            };
            desk.by_hand(&said).await
        }
        Err(refusal) => desk.refused(&refusal).await,
    }
}

/// The teams with their figures, and what can be done with them; with one player chosen, where they
/// can go.
pub(super) fn view(teams: &TeamsView, chosen: Option<UserId>, said: &str) -> Message {
    let session = teams.view.session.id;
    let mut message = pages::page("Teams", &teams.view, said, pages::current(&teams.view));
    let options = pages::players(&teams.view, chosen);
    if !options.is_empty() {
        let id = format!("teams-players:{session}");
        let placeholder = "Two players to swap, or one to move…";
        message = message.row([menu(id, placeholder, options, (1, 2))]);
    }
    if let Some(user) = chosen {
        let to = |word: &str, label: &str| {
            let id = format!("teams-move:{session}:{user}:{word}");
            button(id, label, ButtonStyle::Primary)
        };
        message = message.row([
            to("blue", "To Blue"),
            to("red", "To Red"),
            to("off", "Off the teams"),
        ]);
    }
    message.row(pages::steps(&teams.view))
}
