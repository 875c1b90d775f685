//! `/profile show`: one's own profile in full, or what others may see of somebody.
//!
//! May touch: the store and the domain. Invariant: of others no zone, no reminder and no second
//! account is shown.

use chrono::{DateTime, Utc};
use twilight_interactions::command::ResolvedUser;
use twilight_model::channel::message::Embed;
use twilight_util::builder::embed::{EmbedBuilder, EmbedFieldBuilder};

use super::super::account::summary;
use super::super::click::{Click, person_of};
use super::super::feature::{Context, Fault};
use super::super::reply::{Message, Reply};
use super::super::text::{escape, name_or_id};
use super::NOTHING_HELD;
use crate::domain::account::primary;
use crate::domain::ids::UserId;
use crate::domain::profile::{Profile, Reminder};
use crate::domain::rank::season_days;
use crate::domain::zone;
use crate::store::profile::{PersonView, ViewPerson};

const IN_A_SERVER: &str = "Here I only show your own profile. To see somebody else's, use the command \
                           in a server that you share with them.";
/// Characters of a person's name in a title, before escaping.
const NAME_MAX_CHARS: usize = 64;

/// Shows a person all that is theirs.
pub(super) async fn own(context: &Context, click: &Click) -> Result<Reply, Fault> {
    Ok(match context.query(ViewPerson(click.person.id)).await? {
        Some(person) => Reply::Say(Message::embed(in_full(&person, click.at))),
        None => Reply::text(NOTHING_HELD),
    })
}

/// Shows what others may see of `user`.
pub(super) async fn other(
    context: &Context,
    click: &Click,
    user: &ResolvedUser,
) -> Result<Reply, Fault> {
    let id = UserId(user.resolved.id.get().cast_signed());
    if id == click.person.id {
        return own(context, click).await;
    }
    if click.guild.is_none() {
        return Ok(Reply::text(IN_A_SERVER));
    }
    let name = escape(&name_or_id(&person_of(&user.resolved), NAME_MAX_CHARS));
    if user.member.is_none() {
        return Ok(Reply::text(format!("**{name}** is not in this server.")));
    }
    Ok(match context.query(ViewPerson(id)).await? {
        Some(person) => Reply::Say(Message::embed(in_short(&person, click.at))),
        None => Reply::text(format!("**{name}** has no profile yet.")),
    })
}

/// What a profile says, line by line, with the present time where its owner lives.
pub(super) fn lines(profile: &Profile, now: DateTime<Utc>) -> String {
    let zone = profile.zone.map(|zone| escape(&zone::label(zone, now)));
    format!(
        "**Time zone:** {}\n{}\n**Reminder:** {}",
        zone.unwrap_or_else(|| "not set".into()),
        roles(profile),
        reminder(profile.reminder)
    )
}

/// A reminder in words.
pub(super) fn reminder(reminder: Reminder) -> &'static str {
    match reminder {
        Reminder::None => "No reminder",
        Reminder::QuarterHour => "15 minutes before",
        Reminder::Hour => "1 hour before",
        Reminder::Day => "1 day before",
    }
}

fn roles(profile: &Profile) -> String {
    match profile.roles.is_empty() {
        true => "**Roles:** no preference".into(),
        false => format!("**Roles:** {}", profile.roles),
    }
}

pub(super) fn in_full(person: &PersonView, now: DateTime<Utc>) -> Embed {
    let mut text = lines(&person.profile, now) + &missed(person.missed);
    let mut ranks = person
        .accounts
        .iter()
        .flat_map(|account| account.ranks.values());
    if person.accounts.is_empty() {
        text += "\n\n`/account add` adds a Battle.net account, with which you can join sessions.";
    } else if ranks.any(|rank| rank.is_stale(now)) {
        text += &format!(
            "\n\n⌛ A stale rank was declared more than a season ({} days) ago: `/account edit` renews it.",
            season_days()
        );
    }
    let embed = EmbedBuilder::new().title(title(person)).description(text);
    let accounts = person.accounts.iter().zip(1..);
    accounts
        .fold(embed, |embed, (account, nth)| {
            let name = format!("Account {nth}");
            embed.field(EmbedFieldBuilder::new(name, summary(account, now)))
        })
        .build()
}

/// How often somebody was not there; nothing if they always were.
fn missed(sessions: u32) -> String {
    match sessions {
        0 => String::new(),
        1 => "\n**Missed:** 1 session in which you had a place".into(),
        many => format!("\n**Missed:** {many} sessions in which you had a place"),
    }
}

pub(super) fn in_short(person: &PersonView, now: DateTime<Utc>) -> Embed {
    let account = primary(&person.accounts);
    let account = account.map_or_else(|| "no account yet".into(), |it| summary(it, now));
    let text = format!("{}\n\n{account}", roles(&person.profile));
    EmbedBuilder::new()
        .title(title(person))
        .description(text)
        .build()
}

fn title(person: &PersonView) -> String {
    escape(&name_or_id(&person.profile.person, NAME_MAX_CHARS))
}
