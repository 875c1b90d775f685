//! Discord's HTTP API for commands of one server, of which this bot has none of its own.
//!
//! May touch: twilight-http, for making requests. Invariant: only names are read.

use serde::Deserialize;
use twilight_model::id::Id;

use super::{Rest, RestError};
use crate::domain::ids::GuildId;

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl Rest {
    /// The names of the bot's commands that are in this server only.
    ///
    /// # Errors
    /// [`RestError`]; 50001 if the bot may have no commands there.
    pub async fn guild_commands(&self, guild: GuildId) -> Result<Vec<String>, RestError> {
        let interaction = self.inner.builder.interaction(self.inner.application);
        let guild = Id::new(guild.0.cast_unsigned());
        let commands: Vec<Named> = self.fetch(interaction.guild_commands(guild)).await?;
        Ok(commands.into_iter().map(|command| command.name).collect())
    }

    /// Removes all commands that are in this server only.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn remove_guild_commands(&self, guild: GuildId) -> Result<(), RestError> {
        let interaction = self.inner.builder.interaction(self.inner.application);
        let guild = Id::new(guild.0.cast_unsigned());
        self.send(interaction.set_guild_commands(guild, &[]))
            .await?;
        Ok(())
    }
}
