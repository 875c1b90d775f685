//! The people's side without the way over HTTP: for whoever does thousands of clicks a second in
//! the same process and wants to measure the bot, not the way to its Discord.
//!
//! May touch: the state. Invariant: what is done here is checked as under `/client`.

use super::{Discord, Traffic, client, objects};
use serde_json::Value;

impl Discord {
    /// A click, in the words of `POST /client/interactions`; the answer, as it is given there.
    ///
    /// # Errors
    /// A sentence about a click that no client would let through.
    pub async fn interact(&self, click: &Value) -> Result<Value, String> {
        let answer = client::ask(&self.hub, click).await;
        answer.map_err(|mistake| mistake.0)
    }

    /// The newest message of a channel that this person sees and of which this holds.
    pub fn find_message(
        &self,
        channel: u64,
        person: u64,
        holds: impl Fn(&Value) -> bool,
    ) -> Option<Value> {
        let state = self.hub.state();
        let messages = state.messages.of(channel).rev();
        let mut seen = messages.filter(|one| one.only_for.is_none_or(|only| only == person));
        let found = seen.find(|message| holds(&message.json))?;
        Some(found.json.clone())
    }

    /// As [`Discord::find_message`], once there is one.
    pub async fn wait_for_message(
        &self,
        channel: u64,
        person: u64,
        holds: impl Fn(&Value) -> bool,
    ) -> Value {
        let mut changed = self.hub.state().changed.subscribe();
        loop {
            if let Some(found) = self.find_message(channel, person, &holds) {
                return found;
            }
            if changed.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Somebody has read a message that only they see, and closes it.
    pub fn dismiss(&self, message: &Value) {
        let id = |field: &str| objects::read_id(&message[field]);
        if let (Some(channel), Some(message)) = (id("channel_id"), id("id")) {
            let mut state = self.hub.state();
            let own = state.messages.get(channel, message);
            if own.is_some_and(|own| own.only_for.is_some()) {
                state.messages.remove(channel, message);
            }
        }
    }

    /// Whether rate limits are kept; they are from the start.
    pub fn keep_limits(&self, kept: bool) {
        self.hub.state().faults.unlimited = !kept;
    }

    /// What has gone over the sockets so far.
    pub fn traffic(&self) -> Traffic {
        self.hub.traffic.read()
    }
}
