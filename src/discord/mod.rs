//! Discord: shards, dispatch, and one file a feature with its definition, parsing and words.
//!
//! May touch: the store, the domain, twilight. Invariant: words for people are here and nowhere
//! else; what people typed is escaped before it is shown.
//!
//! ```text
//! gateway, inline → dispatch → profile, account, session, queue, manage, teams → reply → rest
//!                                           card, call, notice → delivery (for the outbox)
//! ```

pub mod access;
pub mod account;
pub mod activity;
pub mod admission;
pub mod call;
pub mod card;
pub mod check_in;
pub mod click;
pub mod delivery;
pub mod dispatch;
pub mod feature;
pub mod gateway;
mod identify;
mod incident;
pub mod inline;
mod leftovers;
pub mod manage;
pub mod missing;
pub mod nonce;
pub mod notice;
mod obstacle;
pub mod options;
pub mod profile;
pub mod prompt;
pub mod queue;
pub mod reply;
pub mod rest;
pub mod session;
mod share;
mod shared_token;
pub mod short;
pub mod teams;
pub mod text;
mod unreadable;
pub mod words;

use feature::Feature;

/// Every feature: the wiring of the bot.
pub const FEATURES: &[&Feature] = &[
    &profile::FEATURE,
    &account::FEATURE,
    &session::FEATURE,
    &queue::FEATURE,
    &admission::FEATURE,
    &check_in::FEATURE,
    &short::FEATURE,
    &manage::FEATURE,
    &teams::FEATURE,
];

/// What Discord is told about the bot's commands.
pub fn definitions() -> Vec<twilight_model::application::command::Command> {
    let commands = FEATURES.iter().flat_map(|feature| feature.commands);
    commands.map(|command| (command.define)()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use twilight_model::application::command::{Command, CommandOption, CommandOptionType};

    use super::*;

    /// Characters of a command's name, Discord's limit.
    const NAME_MAX_CHARS: usize = 32;
    /// Characters of a command's description, Discord's limit.
    const DESCRIPTION_MAX_CHARS: usize = 100;
    /// Characters of a command with all that belongs to it, Discord's limit.
    const COMMAND_MAX_CHARS: usize = 8_000;

    fn unique<'a>(names: impl Iterator<Item = &'a str>) -> usize {
        let mut seen = BTreeSet::new();
        names
            .inspect(|name| assert!(seen.insert(name.to_string()), "{name} is there twice"))
            .count()
    }

    #[test]
    fn no_two_features_answer_to_the_same_name() {
        let commands = FEATURES.iter().flat_map(|feature| feature.commands);
        let components = FEATURES.iter().flat_map(|feature| feature.components);
        let modals = FEATURES.iter().flat_map(|feature| feature.modals);
        assert!(unique(commands.map(|command| command.name)) > 0);
        assert!(unique(components.map(|route| route.name)) > 0);
        assert!(unique(modals.map(|route| route.name)) > 0);
    }

    #[test]
    fn a_command_is_defined_under_the_name_it_is_routed_by() {
        for command in FEATURES.iter().flat_map(|feature| feature.commands) {
            assert_eq!((command.define)().name, command.name);
        }
    }

    #[test]
    fn routes_leave_room_for_what_they_carry() {
        let components = FEATURES.iter().flat_map(|feature| feature.components);
        let modals = FEATURES.iter().flat_map(|feature| feature.modals);
        for name in components
            .map(|route| route.name)
            .chain(modals.map(|route| route.name))
        {
            assert!(!name.contains(':') && name.len() <= 24, "{name}");
        }
    }

    #[test]
    fn definitions_keep_discords_rules() {
        for command in definitions() {
            let mut chars = 0;
            check(&command.name, &command.description, &mut chars);
            check_options(&command, &command.options, &mut chars);
            assert!(chars <= COMMAND_MAX_CHARS, "{}: {chars}", command.name);
        }
    }

    fn check(name: &str, description: &str, chars: &mut usize) {
        let allowed = |char: char| {
            char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-' || char == '_'
        };
        assert!(
            !name.is_empty() && name.len() <= NAME_MAX_CHARS && name.chars().all(allowed),
            "{name}"
        );
        let length = description.chars().count();
        assert!(
            (1..=DESCRIPTION_MAX_CHARS).contains(&length),
            "{name}: {length}"
        );
        *chars += name.len() + length;
    }

    fn check_options(command: &Command, options: &[CommandOption], chars: &mut usize) {
        assert!(options.len() <= reply::OPTIONS_MAX, "{}", command.name);
        unique(options.iter().map(|option| option.name.as_str()));
        let required: Vec<_> = options
            .iter()
            .map(|option| option.required == Some(true))
            .collect();
        assert!(
            required.is_sorted_by(|a, b| a >= b),
            "{}: required options come first",
            command.name
        );
        for option in options {
            check(&option.name, &option.description, chars);
            let choices = option.choices.iter().flatten().count();
            assert!(choices <= reply::CHOICES_MAX, "{}", option.name);
            assert!(
                choices == 0 || option.autocomplete != Some(true),
                "{}",
                option.name
            );
            if matches!(
                option.kind,
                CommandOptionType::SubCommand | CommandOptionType::SubCommandGroup
            ) {
                check_options(
                    command,
                    option.options.as_deref().unwrap_or_default(),
                    chars,
                );
            }
        }
    }
}
