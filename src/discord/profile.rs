//! `/profile`: what a person tells about themselves, and what they can have back or forgotten.
//!
//! May touch: the store and the domain. Invariant: of others one sees their name, roles and
//! primary account only, and only where one shares a server with them.

mod edit;
mod export;
mod show;

use twilight_interactions::command::{
    CommandInputData, CommandModel, CommandOption, CreateCommand, CreateOption, ResolvedUser,
};
use twilight_model::application::command::Command as Definition;
use twilight_model::application::interaction::application_command::CommandData;
use twilight_model::channel::message::component::ButtonStyle;
use twilight_util::builder::embed::EmbedBuilder;

use super::click::{Click, Pressed};
use super::feature::{Command, Context, Fault, Feature, Route};
use super::reply::{Message, Reply, button};
use super::text::{escape, long_time, truncate};
use crate::domain::profile::Reminder;
use crate::store::profile::{DeleteProfile, Deleted, Holdings, Stake, WhatIsHeld};

/// The feature's table.
pub const FEATURE: Feature = Feature {
    commands: &[Command {
        name: "profile",
        define,
        run: |context, click, data| Box::pin(run(context, click, data)),
        complete: Some(|_, click, data| Box::pin(async move { Ok(edit::complete(&click, &data)) })),
    }],
    components: &[
        Route {
            name: edit::PICK_ZONE,
            run: |context, click, pressed| Box::pin(edit::pick_zone(context, click, pressed)),
        },
        Route {
            name: DELETE,
            run: |context, click, pressed| Box::pin(delete(context, click, pressed)),
        },
        Route {
            name: KEEP,
            run: |_, _, _| Box::pin(async { Ok(Reply::Update(Message::text(KEPT))) }),
        },
    ],
    modals: &[Route {
        name: edit::FORM,
        run: |context, click, sent| Box::pin(edit::submit(context, click, sent)),
    }],
};

const DELETE: &str = "profile-delete";
const KEEP: &str = "profile-keep";
const KEPT: &str = "Nothing was deleted.";
/// Sessions that are listed by name before a profile is deleted.
const STAKES_SHOWN_MAX: usize = 5;
/// Characters of their titles.
const STAKE_TITLE_MAX_CHARS: usize = 50;

/// What is said when nothing is held of the person who asks.
const NOTHING_HELD: &str = "I hold nothing of you. `/profile edit` sets your time zone and roles, \
                            `/account add` adds your Battle.net account.";
/// Why sessions are cancelled whose organiser is forgotten; those who were queued read it.
const ORGANISER_GONE: &str = "The organiser has deleted their profile.";

#[derive(CommandModel, CreateCommand)]
#[command(
    name = "profile",
    desc = "Your time zone, roles and reminders, and all that I hold of you",
    contexts = "guild bot_dm"
)]
#[expect(
    clippy::large_enum_variant,
    reason = "made by the derive, one at a time, and gone with the answer"
)]
enum ProfileCommand {
    #[command(name = "edit")]
    Edit(Edit),
    #[command(name = "show")]
    Show(Show),
    #[command(name = "delete")]
    Delete(Delete),
    #[command(name = "export")]
    Export(Export),
}

#[derive(CommandModel, CreateCommand)]
#[command(
    name = "edit",
    desc = "Set your time zone, roles and reminders; without any option a form opens"
)]
struct Edit {
    /// Where you live: a city, a country, an abbreviation such as CET, or an offset such as +2
    #[command(autocomplete = true)]
    timezone: Option<String>,
    /// What you like to play: Tank, Damage, Support, or Flex for anything
    #[command(autocomplete = true)]
    roles: Option<String>,
    /// How long before a session I send you a reminder
    reminder: Option<ReminderOption>,
}

/// [`Reminder`], as an option's choices.
#[derive(Clone, Copy, CommandOption, CreateOption)]
enum ReminderOption {
    #[option(name = "No reminder", value = "none")]
    None,
    #[option(name = "15 minutes before", value = "15")]
    QuarterHour,
    #[option(name = "1 hour before", value = "60")]
    Hour,
    #[option(name = "1 day before", value = "1440")]
    Day,
}

impl From<ReminderOption> for Reminder {
    fn from(option: ReminderOption) -> Self {
        match option {
            ReminderOption::None => Self::None,
            ReminderOption::QuarterHour => Self::QuarterHour,
            ReminderOption::Hour => Self::Hour,
            ReminderOption::Day => Self::Day,
        }
    }
}

#[derive(CommandModel, CreateCommand)]
#[command(
    name = "show",
    desc = "Show your profile with all accounts, or the roles and ranks of somebody else"
)]
struct Show {
    /// Whose; yours if left out
    user: Option<ResolvedUser>,
}

#[derive(CommandModel, CreateCommand)]
#[command(
    name = "delete",
    desc = "Delete all that I hold of you; I tell you what goes and ask first"
)]
struct Delete {}

#[derive(CommandModel, CreateCommand)]
#[command(
    name = "export",
    desc = "Get all that I hold of you as a JSON file, for you alone"
)]
struct Export {}

fn define() -> Definition {
    ProfileCommand::create_command().into()
}

async fn run(context: Context, click: Click, data: CommandData) -> Result<Reply, Fault> {
    let input = CommandInputData {
        options: data.options,
        resolved: data.resolved.map(std::borrow::Cow::Owned),
    };
    let command = ProfileCommand::from_interaction(input)
        .map_err(|error| Fault::unparsed("/profile", &error))?;
    match command {
        ProfileCommand::Edit(edit) => edit::run(&context, &click, edit).await,
        ProfileCommand::Show(Show { user: None }) => show::own(&context, &click).await,
        ProfileCommand::Show(Show { user: Some(user) }) => {
            show::other(&context, &click, &user).await
        }
        ProfileCommand::Delete(Delete {}) => ask_to_delete(&context, &click).await,
        ProfileCommand::Export(Export {}) => export::run(&context, &click).await,
    }
}

async fn ask_to_delete(context: &Context, click: &Click) -> Result<Reply, Fault> {
    let Some(holdings) = context.query(WhatIsHeld(click.person.id)).await? else {
        return Ok(Reply::text(NOTHING_HELD));
    };
    let buttons = [
        button(
            format!("{DELETE}:"),
            "Delete everything",
            ButtonStyle::Danger,
        ),
        button(format!("{KEEP}:"), "Keep it", ButtonStyle::Secondary),
    ];
    let question = EmbedBuilder::new()
        .description(what_goes(&holdings))
        .build();
    Ok(Reply::Say(Message::embed(question).row(buttons)))
}

/// Whoever sees the question is the one it was asked: it is theirs alone, and names nobody.
async fn delete(context: Context, click: Click, _: Pressed) -> Result<Reply, Fault> {
    let delete = DeleteProfile {
        user: click.person.id,
        reason: ORGANISER_GONE.into(),
        at: click.at,
    };
    let said = match context.execute(&click, delete).await? {
        Ok(deleted) => gone(&deleted),
        Err(_) => NOTHING_HELD.into(),
    };
    Ok(Reply::Update(Message::text(said)))
}

fn what_goes(holdings: &Holdings) -> String {
    let mut lines = vec![
        "**Delete all that I hold of you?** This cannot be undone, and then is gone:".to_owned(),
        "- your profile: name, time zone, roles, reminders".to_owned(),
    ];
    if !holdings.battletags.is_empty() {
        let tags: Vec<_> = holdings.battletags.iter().map(|tag| escape(tag)).collect();
        lines.push(format!(
            "- your accounts and their ranks: {}",
            tags.join(", ")
        ));
    }
    if !holdings.organised.is_empty() {
        lines.push("- the sessions ahead that you organise: they are cancelled, and whoever is queued is told".into());
        lines.extend(stakes(&holdings.organised));
    }
    if !holdings.joined.is_empty() {
        lines.push("- your places in these sessions, and your notes there".into());
        lines.extend(stakes(&holdings.joined));
    }
    if holdings.played > 0 {
        lines.push(format!(
            "In {} your place stays, without your name, so that the others' history is whole.",
            match holdings.played {
                1 => "the session that you played".to_owned(),
                played => format!("the {played} sessions that you played"),
            }
        ));
    }
    lines.push(
        "-# Backups of my database keep it until newer ones replace them. `/profile export` gives you \
         all of it first."
            .into(),
    );
    lines.join("\n")
}

/// The first few of `stakes`, and how many more there are.
fn stakes(stakes: &[Stake]) -> impl Iterator<Item = String> {
    let shown = stakes.iter().take(STAKES_SHOWN_MAX);
    let more = stakes.len().saturating_sub(STAKES_SHOWN_MAX);
    shown
        .map(|stake| {
            let title = escape(&truncate(&stake.title, STAKE_TITLE_MAX_CHARS));
            format!("  - **{title}**, {}", long_time(stake.at))
        })
        .chain((more > 0).then(|| format!("  - and {more} more")))
}

fn gone(deleted: &Deleted) -> String {
    let mut said = "🗑️ All that I held of you is deleted.".to_owned();
    if deleted.cancelled > 0 {
        said += &format!(" Cancelled sessions: {}.", deleted.cancelled);
    }
    if deleted.left > 0 {
        said += &format!(" Sessions you left: {}.", deleted.left);
    }
    if deleted.refused > 0 {
        said += "\n-# You were turned down in a session that is not over. Until it is, I keep that, with \
                 your id and nothing else, so that joining it anew does not undo it.";
    }
    if deleted.taken_back > 0 {
        said += "\n-# Your place in a session that is not over was taken back. Until it is over, I keep \
                 that, with your id and the role, so that joining it anew does not undo it.";
    }
    said + "\n-# My answers of the last hour, which keep a double click from counting twice, go \
            within the hour. Cards in your servers lose your name, and sessions that you planned their \
            title and description, as I get to them.\n-# Backups of my database keep what they hold until \
            newer ones replace them. If my operator ever restores one from before now, delete your profile \
            again."
}

#[cfg(test)]
mod tests;
