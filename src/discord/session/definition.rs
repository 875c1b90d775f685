//! What Discord is told about `/session`, and what it sends back, as types.
//!
//! Pure. Invariant: the choices of modes are those of the data, so that a new mode needs no code.

use twilight_interactions::command::internal::{
    CommandOptionData, CreateOptionBuilder, CreateOptionData,
};
use twilight_interactions::command::{
    CommandModel, CommandOption, CreateCommand, CreateOption, ResolvedUser,
};
use twilight_interactions::error::ParseOptionErrorType;
use twilight_model::application::command::{
    CommandOption as Definition, CommandOptionChoice, CommandOptionChoiceValue, CommandOptionType,
};
use twilight_model::application::interaction::application_command::CommandOptionValue;
use twilight_model::application::interaction::{InteractionChannel, InteractionDataResolved};

use crate::domain::admission::Admission;
use crate::domain::extras::Extras;
use crate::domain::mode::Mode;

/// `/session` with its subcommands.
#[derive(CommandModel, CreateCommand)]
#[command(
    name = "session",
    desc = "Plan, find, change and cancel sessions",
    contexts = "guild",
    integration_types = "guild_install"
)]
pub(super) enum SessionCommand {
    #[command(name = "create")]
    Create(Box<Create>),
    #[command(name = "plan")]
    Plan(Guide),
    #[command(name = "list")]
    List(List),
    #[command(name = "show")]
    Show(Show),
    #[command(name = "edit")]
    Edit(Box<Edit>),
    #[command(name = "cancel")]
    Cancel(Cancel),
    #[command(name = "reopen")]
    Reopen(Reopen),
    #[command(name = "move")]
    Move(Box<Move>),
    #[command(name = "history")]
    History(History),
}

#[derive(CommandModel, CreateCommand)]
#[command(
    name = "create",
    desc = "Create a session; its card appears in this channel"
)]
pub(super) struct Create {
    /// What is played
    pub(super) mode: ModeChoice,
    /// When it starts: fri 8pm, tomorrow 20:30, in 2 hours, 2026-12-25 19:30
    #[command(autocomplete = true)]
    pub(super) when: String,
    /// One team, or two for a scrim (one if left out)
    pub(super) teams: Option<Teams>,
    /// How long it takes: 2h, 90, 1:30 (2 hours if left out)
    pub(super) length: Option<String>,
    /// Its name (the mode's if left out)
    pub(super) title: Option<String>,
    /// What else people should know
    pub(super) description: Option<String>,
    /// The lowest tier that may play, on the ladder that the role uses
    #[command(autocomplete = true)]
    pub(super) lowest: Option<String>,
    /// The highest tier that may play, on the ladder that the role uses
    #[command(autocomplete = true)]
    pub(super) highest: Option<String>,
    /// The greatest distance from your own rank, in divisions
    #[command(min_value = 1, max_value = 40)]
    pub(super) distance: Option<i64>,
    /// Who gets the places (you pick, if left out)
    pub(super) admission: Option<Entrance>,
    /// Minutes before the start in which players say that they are there; 0: none (15 if left out)
    #[command(min_value = 0, max_value = 120)]
    pub(super) check_in: Option<i64>,
    /// The zone in which you mean the time (your profile's if left out)
    #[command(autocomplete = true)]
    pub(super) timezone: Option<String>,
    /// A thread at its card for those who play (none if left out)
    pub(super) thread: Option<Wish>,
    /// An event of this server that follows it (none if left out)
    pub(super) event: Option<Wish>,
    /// Somebody who can manage it as you can; the dashboard adds more
    #[command(rename = "co-organiser")]
    pub(super) co_organiser: Option<ResolvedUser>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "plan", desc = "Create a session step by step, without typing")]
pub(super) struct Guide {}

#[derive(CommandModel, CreateCommand)]
#[command(name = "list", desc = "What is to come and under way in this server")]
pub(super) struct List {}

#[derive(CommandModel, CreateCommand)]
#[command(name = "show", desc = "Show a session to you alone")]
pub(super) struct Show {
    /// Which one: pick it from the list
    #[command(autocomplete = true)]
    pub(super) session: String,
}

#[derive(CommandModel, CreateCommand)]
#[command(
    name = "edit",
    desc = "Change a session; with nothing but the session a form opens"
)]
pub(super) struct Edit {
    /// Which one: pick it from the list
    #[command(autocomplete = true)]
    pub(super) session: String,
    /// When it starts: fri 8pm, tomorrow 20:30, in 2 hours, 2026-12-25 19:30
    #[command(autocomplete = true)]
    pub(super) when: Option<String>,
    /// How long it takes: 2h, 90, 1:30
    pub(super) length: Option<String>,
    /// Its name
    pub(super) title: Option<String>,
    /// What else people should know
    pub(super) description: Option<String>,
    /// What is played; only while nobody is accepted
    pub(super) mode: Option<ModeChoice>,
    /// One team, or two for a scrim; one instead of two only while nobody is accepted
    pub(super) teams: Option<Teams>,
    /// The lowest tier that may play, on the ladder that the role uses
    #[command(autocomplete = true)]
    pub(super) lowest: Option<String>,
    /// The highest tier that may play, on the ladder that the role uses
    #[command(autocomplete = true)]
    pub(super) highest: Option<String>,
    /// The greatest distance from the organiser's rank, in divisions
    #[command(min_value = 1, max_value = 40)]
    pub(super) distance: Option<i64>,
    /// The zone in which you mean the time (your profile's if left out)
    #[command(autocomplete = true)]
    pub(super) timezone: Option<String>,
    /// Who gets the places
    pub(super) admission: Option<Entrance>,
    /// Minutes before the start in which players say that they are there; 0: none
    #[command(min_value = 0, max_value = 120)]
    pub(super) check_in: Option<i64>,
    /// What is to be taken away
    pub(super) clear: Option<Clear>,
    /// A thread at its card for those who play
    pub(super) thread: Option<Wish>,
    /// An event of this server that follows it
    pub(super) event: Option<Wish>,
    /// Somebody who can manage it as you can; the dashboard adds more
    #[command(rename = "co-organiser")]
    pub(super) co_organiser: Option<ResolvedUser>,
}

#[derive(CommandModel, CreateCommand)]
#[command(
    name = "cancel",
    desc = "Cancel a session; I ask first, and tell those in its queue"
)]
pub(super) struct Cancel {
    /// Which one: pick it from the list
    #[command(autocomplete = true)]
    pub(super) session: String,
    /// Why, for those in its queue
    pub(super) reason: Option<String>,
}

#[derive(CommandModel, CreateCommand)]
#[command(
    name = "reopen",
    desc = "Take back that a session was cancelled, or started before its time"
)]
pub(super) struct Reopen {
    /// Which one: pick it from the list
    #[command(autocomplete = true)]
    pub(super) session: String,
}

#[derive(CommandModel, CreateCommand)]
#[command(
    name = "move",
    desc = "Take a session's card to another channel; its thread stays where it is"
)]
pub(super) struct Move {
    /// Which one: pick it from the list
    #[command(autocomplete = true)]
    pub(super) session: String,
    /// Where the card is to be
    #[command(channel_types = "guild_text guild_announcement public_thread")]
    pub(super) channel: InteractionChannel,
}

/// Whether something is wanted.
#[derive(Clone, Copy, PartialEq, Eq, CommandOption, CreateOption)]
pub(super) enum Wish {
    #[option(name = "Yes", value = "yes")]
    Yes,
    #[option(name = "No", value = "no")]
    No,
}

/// What is wanted beside the card.
pub(super) fn extras(thread: Option<Wish>, event: Option<Wish>) -> Extras {
    let wanted = |wish| wish == Wish::Yes;
    Extras {
        thread: thread.map(wanted),
        event: event.map(wanted),
    }
}

#[derive(CommandModel, CreateCommand)]
#[command(
    name = "history",
    desc = "Who did what about a session: for its organisers, and who may manage events"
)]
pub(super) struct History {
    /// Which one: pick it from the list; also one that is over
    #[command(autocomplete = true)]
    pub(super) session: String,
}

/// How many teams.
#[derive(Clone, Copy, CommandOption, CreateOption)]
pub(super) enum Teams {
    #[option(name = "One team", value = 1)]
    One,
    #[option(name = "Two teams (scrim)", value = 2)]
    Two,
}

impl Teams {
    pub(super) fn count(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

/// How people get their places.
#[derive(Clone, Copy, CommandOption, CreateOption)]
pub(super) enum Entrance {
    #[option(name = "The organiser picks", value = "organiser")]
    Organiser,
    #[option(name = "First come, first served, by role", value = "first_come")]
    FirstCome,
    #[option(
        name = "All at once, when enough wait for full teams",
        value = "balanced"
    )]
    Balanced,
}

impl Entrance {
    pub(super) fn admission(self) -> Admission {
        match self {
            Self::Organiser => Admission::Organiser,
            Self::FirstCome => Admission::FirstCome,
            Self::Balanced => Admission::Balanced,
        }
    }
}

/// What an edit can take away.
#[derive(Clone, Copy, PartialEq, Eq, CommandOption, CreateOption)]
pub(super) enum Clear {
    #[option(name = "All rank limits", value = "limits")]
    Limits,
    #[option(name = "The description", value = "description")]
    Description,
    #[option(name = "The title (the mode's name instead)", value = "title")]
    Title,
}

/// One of the modes of the data.
#[derive(Clone, Copy)]
pub(super) struct ModeChoice(pub(super) Mode);

impl CreateOption for ModeChoice {
    fn create_option(data: CreateOptionData) -> Definition {
        let choice = |mode: Mode| CommandOptionChoice {
            name: mode.label().to_owned(),
            name_localizations: None,
            value: CommandOptionChoiceValue::String(mode.id().to_owned()),
        };
        CreateOptionBuilder::new(data, CommandOptionType::String)
            .choices(Mode::all().map(choice).collect())
            .build()
    }
}

impl CommandOption for ModeChoice {
    fn from_option(
        value: CommandOptionValue,
        data: CommandOptionData,
        resolved: Option<&InteractionDataResolved>,
    ) -> Result<Self, ParseOptionErrorType> {
        let id = String::from_option(value, data, resolved)?;
        Mode::parse(&id)
            .map(Self)
            .ok_or(ParseOptionErrorType::InvalidChoice(id))
    }
}

#[cfg(test)]
mod tests {
    use twilight_model::application::command::CommandOptionValue as Limit;

    use super::*;
    use crate::domain::session::{CHECK_IN_MAX_MINUTES, DISTANCE_MAX_DIVISIONS};

    fn option<'a>(options: &'a [Definition], name: &str) -> &'a Definition {
        let found = options.iter().find(|option| option.name == name);
        found.expect("an option of this name")
    }

    #[test]
    fn every_mode_can_be_chosen_and_the_widest_distance_is_the_domains() {
        let command = SessionCommand::create_command();
        for name in ["create", "edit"] {
            let options = option(&command.options, name).options.as_deref();
            let options = options.expect("a subcommand's options");
            let modes = option(options, "mode").choices.as_ref().expect("choices");
            assert_eq!(modes.len(), Mode::all().len());
            let max = Some(Limit::Integer(DISTANCE_MAX_DIVISIONS.into()));
            assert_eq!(option(options, "distance").max_value, max);
            let longest = Some(Limit::Integer(CHECK_IN_MAX_MINUTES.into()));
            assert_eq!(option(options, "check_in").max_value, longest);
        }
    }
}
