//! What a person gave to a slash command, by the names of its options.
//!
//! May touch: twilight's models. Invariant: what is not there, or of another kind than expected,
//! is simply not given.

use twilight_model::application::interaction::application_command::{
    CommandData, CommandDataOption, CommandOptionValue,
};

/// The options of one use of a command.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The subcommand; empty if the command has none.
    pub subcommand: &'a str,
    options: &'a [CommandDataOption],
}

impl<'a> Given<'a> {
    /// What was given with `data`; subcommands in groups are not looked for.
    pub fn of(data: &'a CommandData) -> Self {
        let subcommand = data.options.iter().find_map(|option| match &option.value {
            CommandOptionValue::SubCommand(options) => Some((option.name.as_str(), options)),
            _ => None,
        });
        let (subcommand, options) = subcommand.unwrap_or(("", &data.options));
        Self {
            subcommand,
            options,
        }
    }

    /// The text of the option `name`.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        let option = self.options.iter().find(|option| option.name == name)?;
        match &option.value {
            CommandOptionValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// What is being typed: the option's name, and its text so far.
    pub fn focused(&self) -> Option<(&'a str, &'a str)> {
        self.options.iter().find_map(|option| match &option.value {
            CommandOptionValue::Focused(text, _) => Some((option.name.as_str(), text.as_str())),
            _ => None,
        })
    }
}
