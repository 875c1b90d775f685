//! People of a story: what they do, and what they then see.

use std::time::Duration;

use serde_json::{Value, json};

use super::{PATIENCE, World};

/// Somebody who does things, at a place.
#[derive(Clone)]
pub(crate) struct Person<'w> {
    world: &'w World,
    /// Their id.
    pub(crate) user: String,
    /// Where they are; `None`: in direct messages with the bot.
    pub(crate) channel: Option<String>,
    /// What is odd about the events of what they do, by JSON pointers; null: nothing.
    odd: Value,
}

impl<'w> Person<'w> {
    /// Somebody who is in a channel.
    pub(super) fn new(world: &'w World, user: String, channel: String) -> Self {
        Self {
            world,
            user,
            channel: Some(channel),
            odd: Value::Null,
        }
    }
}

impl Person<'_> {
    /// The same person, with odd values in what Discord tells of them, by JSON pointers.
    pub(crate) fn with_odd(&self, odd: Value) -> Self {
        Self {
            odd,
            ..self.clone()
        }
    }

    /// Where they are.
    pub(crate) fn world(&self) -> &World {
        self.world
    }

    /// The same person in another channel.
    pub(crate) fn in_channel(&self, channel: String) -> Self {
        Self {
            channel: Some(channel),
            ..self.clone()
        }
    }

    /// The same person in direct messages with the bot.
    pub(crate) fn in_private(&self) -> Self {
        Self {
            channel: None,
            ..self.clone()
        }
    }

    /// Sends a command, `"session create"`, with its options.
    pub(crate) async fn command(&self, command: &str, options: Value) -> Answer {
        self.interact("command", self.named(command, options)).await
    }

    /// Sends a command that their client would not let them send.
    pub(crate) async fn forge_command(&self, command: &str, options: Value) -> Answer {
        let mut body = self.named(command, options);
        body["forge"] = true.into();
        self.interact("command", body).await
    }

    /// The choices (name, value) while typing the option `focused`.
    pub(crate) async fn complete(
        &self,
        command: &str,
        options: Value,
        focused: &str,
    ) -> Vec<(String, String)> {
        let mut body = self.named(command, options);
        body["focused"] = focused.into();
        let answer = self.interact("autocomplete", body).await;
        let choices = answer.0["choices"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        choices
            .iter()
            .map(|choice| (text(&choice["name"]), text(&choice["value"])))
            .collect()
    }

    /// Presses the button with this id on a message.
    pub(crate) async fn press(&self, message: &Value, custom_id: &str) -> Answer {
        self.choose(message, custom_id, &[]).await
    }

    /// Chooses from the menu with this id on a message.
    pub(crate) async fn choose(&self, message: &Value, custom_id: &str, values: &[&str]) -> Answer {
        let body = json!({"message": message["id"], "custom_id": custom_id, "values": values});
        self.interact("component", body).await
    }

    /// Presses what cannot be pressed: any id, on any message.
    pub(crate) async fn forge(&self, message: &Value, custom_id: &str, values: &[&str]) -> Answer {
        let body = json!({
            "message": message["id"], "custom_id": custom_id, "values": values, "forge": true
        });
        self.interact("component", body).await
    }

    /// Chooses channels from a menu that is not there.
    pub(crate) async fn forge_channels(
        &self,
        message: &Value,
        custom_id: &str,
        channels: &[&str],
    ) -> Answer {
        const CHANNEL_SELECT: u64 = 8;
        let body = json!({
            "message": message["id"], "custom_id": custom_id, "values": channels, "forge": true,
            "component_type": CHANNEL_SELECT,
        });
        self.interact("component", body).await
    }

    /// Chooses people from a menu that is not there.
    pub(crate) async fn forge_people(
        &self,
        message: &Value,
        custom_id: &str,
        people: &[&str],
    ) -> Answer {
        const USER_SELECT: u64 = 5;
        let body = json!({
            "message": message["id"], "custom_id": custom_id, "values": people, "forge": true,
            "component_type": USER_SELECT,
        });
        self.interact("component", body).await
    }

    /// Sends the modal that they are looking at.
    pub(crate) async fn submit(&self, modal: &Answer, values: Value) -> Answer {
        let body = json!({"custom_id": modal.0["modal"]["custom_id"], "values": values});
        self.interact("modal", body).await
    }

    /// Sends a modal that was never opened.
    pub(crate) async fn forge_modal(&self, custom_id: &str, values: Value) -> Answer {
        let body = json!({"custom_id": custom_id, "values": values, "forge": true});
        self.interact("modal", body).await
    }

    /// What they see in their channel, or in the direct messages with the bot.
    pub(crate) async fn messages(&self) -> Vec<Value> {
        let path = match &self.channel {
            Some(channel) => format!("channels/{channel}/messages?user={}", self.user),
            None => format!("users/{}/dms", self.user),
        };
        self.world.get(&path).await["messages"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    /// Waits until they see a message, of everybody's or their own, of which this holds.
    pub(crate) async fn sees(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let looking = async {
            loop {
                let found = self.messages().await.into_iter().rfind(&holds);
                if let Some(found) = found {
                    return found;
                }
                // Long polls would need the channel of a conversation that is not there yet.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, looking).await {
            Ok(found) => found,
            Err(_) => panic!("never seen: {what}; instead: {:#?}", self.messages().await),
        }
    }

    /// Waits until they see a message with this text in it.
    pub(crate) async fn reads(&self, text: &str) -> Value {
        self.sees(text, |message| text_of(message).contains(text))
            .await
    }

    fn named(&self, command: &str, options: Value) -> Value {
        let mut words = command.split(' ');
        json!({"name": words.next(), "subcommand": words.next(), "options": options})
    }

    async fn interact(&self, kind: &str, mut body: Value) -> Answer {
        self.world.logged.type_in(&body["options"]);
        self.world.logged.type_in(&body["values"]);
        body["user"] = self.user.clone().into();
        body["kind"] = kind.into();
        body["wait"] = "settled".into();
        body["odd"] = self.odd.clone();
        if let Some(channel) = &self.channel {
            body["channel"] = channel.clone().into();
        }
        Answer(self.world.post("interactions", body).await)
    }
}

/// How the bot answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer(pub(crate) Value);

impl Answer {
    /// `message`, `update`, `modal`, `choices` or `failed`.
    pub(crate) fn outcome(&self) -> &str {
        self.0["outcome"].as_str().unwrap_or_default()
    }

    /// The message.
    pub(crate) fn message(&self) -> &Value {
        &self.0["message"]
    }

    /// All text that can be read in it, of messages and of modals.
    pub(crate) fn text(&self) -> String {
        format!(
            "{}{}",
            text_of(&self.0["message"]),
            text_of(&self.0["modal"])
        )
    }

    /// The interaction's id, for [`World::redeliver`].
    pub(crate) fn id(&self) -> &str {
        self.0["id"].as_str().unwrap_or_default()
    }

    /// The answer, if this can be read in it.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(
            self.text().contains(text),
            "{text:?} is not in {:#}",
            self.0
        );
        self
    }

    /// Waits until this can be read in it: a commit on a slow disk is first told as in doubt.
    pub(crate) async fn comes_to_say(&self, world: &World, text: &str) {
        let path = format!("interactions/{}", self.id());
        let reading = async {
            let mut now = self.clone();
            while !now.text().contains(text) {
                tokio::time::sleep(Duration::from_millis(20)).await;
                now = Self(world.get(&path).await);
            }
        };
        let read = tokio::time::timeout(PATIENCE, reading).await;
        read.unwrap_or_else(|_| panic!("never said: {text:?}; at first {:#}", self.0));
    }
}

/// All text of a message or modal that a person can read, line by line.
pub(crate) fn text_of(message: &Value) -> String {
    const READ: [&str; 9] = [
        "content",
        "title",
        "description",
        "name",
        "value",
        "text",
        "label",
        "placeholder",
        "filename",
    ];
    let mut text = String::new();
    let mut gather = vec![message];
    while let Some(value) = gather.pop() {
        match value {
            Value::Array(values) => gather.extend(values.iter().rev()),
            Value::Object(fields) => {
                for (key, value) in fields {
                    match value {
                        Value::String(read) if READ.contains(&key.as_str()) => {
                            text.push_str(read);
                            text.push('\n');
                        }
                        // Who somebody is is not what a message says.
                        Value::Object(_)
                            if ["author", "interaction_metadata"].contains(&key.as_str()) => {}
                        value => gather.push(value),
                    }
                }
            }
            _ => {}
        }
    }
    text
}
