//! Messages: stored as the JSON that Discord would show, with who may see them.
//!
//! Pure data. Invariant: an ephemeral message is seen by one person and by nobody else, and no
//! channel keeps more than [`MESSAGES_MAX`].

use super::{
    objects::{self, id},
    parts,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Messages kept in one channel; ephemeral ones go first.
const MESSAGES_MAX: usize = 5_000;
/// Nonces kept over all.
const NONCES_MAX: usize = 10_000;
/// Uploaded files kept over all.
const FILES_MAX: usize = 200;

/// Message flags.
pub(super) const EPHEMERAL: u64 = 1 << 6;
pub(super) const LOADING: u64 = 1 << 7;
pub(super) const COMPONENTS_V2: u64 = 1 << 15;
/// What a bot may set: suppress embeds, suppress notifications, components of version 2.
const SETTABLE: u64 = 1 << 2 | 1 << 12 | COMPONENTS_V2;

/// A file that came with a request.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    /// The `n` of `files[n]`.
    pub(super) number: u64,
    pub(super) filename: String,
    pub(super) content_type: Option<String>,
    pub(super) description: Option<String>,
    pub(super) bytes: Vec<u8>,
}

/// A message as it is kept.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) json: Value,
    /// The only person who sees it.
    pub(super) only_for: Option<u64>,
}

/// All messages and files.
#[derive(Debug, Default)]
pub(super) struct Messages {
    channels: HashMap<u64, BTreeMap<u64, Message>>,
    files: BTreeMap<u64, Upload>,
    /// Channel and message of the latest nonces, whatever their channel.
    nonces: HashMap<String, (u64, u64)>,
    /// The same nonces, the oldest first.
    nonces_in_order: VecDeque<String>,
}

impl Messages {
    /// Remembers under which nonce a message was posted.
    pub(super) fn keep_nonce(&mut self, nonce: &Value, channel: u64, message: u64) {
        let nonce = nonce.to_string();
        self.nonces.insert(nonce.clone(), (channel, message));
        self.nonces_in_order.push_back(nonce);
        if self.nonces_in_order.len() > NONCES_MAX
            && let Some(oldest) = self.nonces_in_order.pop_front()
        {
            self.nonces.remove(&oldest);
        }
    }

    /// The message that was posted last under a nonce, if it is still there.
    pub(super) fn of_nonce(&self, nonce: &Value) -> Option<&Message> {
        let (channel, message) = self.nonces.get(&nonce.to_string())?;
        self.get(*channel, *message)
    }

    pub(super) fn insert(&mut self, channel: u64, message: u64, value: Message) {
        let messages = self.channels.entry(channel).or_default();
        messages.insert(message, value);
        if messages.len() > MESSAGES_MAX {
            let fleeting = messages.iter().find(|(_, one)| one.only_for.is_some());
            let gone = fleeting
                .or_else(|| messages.first_key_value())
                .map(|(id, _)| *id);
            gone.and_then(|gone| messages.remove(&gone));
        }
    }

    pub(super) fn get(&self, channel: u64, message: u64) -> Option<&Message> {
        self.channels.get(&channel)?.get(&message)
    }

    pub(super) fn get_mut(&mut self, channel: u64, message: u64) -> Option<&mut Message> {
        self.channels.get_mut(&channel)?.get_mut(&message)
    }

    pub(super) fn remove(&mut self, channel: u64, message: u64) -> Option<Message> {
        self.channels.get_mut(&channel)?.remove(&message)
    }

    /// The messages of a channel, oldest first.
    pub(super) fn of(&self, channel: u64) -> impl DoubleEndedIterator<Item = &Message> {
        self.channels
            .get(&channel)
            .into_iter()
            .flat_map(BTreeMap::values)
    }

    pub(super) fn keep_file(&mut self, id: u64, file: Upload) {
        self.files.insert(id, file);
        if self.files.len() > FILES_MAX {
            self.files.pop_first();
        }
    }

    pub(super) fn file(&self, id: u64) -> Option<&Upload> {
        self.files.get(&id)
    }
}

/// Makes a message of what a bot sent. `flags` are those that Discord adds (ephemeral, loading).
pub(super) fn compose(
    body: &Value,
    message: u64,
    channel: u64,
    flags: u64,
    attachments: Vec<Value>,
    now: DateTime<Utc>,
) -> Value {
    let wanted = body["flags"].as_u64().unwrap_or(0) & SETTABLE;
    let mut value = json!({
        "id": id(message), "channel_id": id(channel), "type": 0, "author": objects::bot_user(),
        "content": "", "timestamp": objects::timestamp(now), "edited_timestamp": null,
        "tts": false, "pinned": false, "mention_everyone": false, "mention_roles": [],
        "mentions": [], "attachments": attachments, "embeds": [], "components": [],
        "flags": wanted | flags,
    });
    if !body["nonce"].is_null() {
        value["nonce"] = body["nonce"].clone();
    }
    take_parts(&mut value, body);
    value
}

/// Applies an edit: what is absent stays, what is null or empty goes.
pub(super) fn revise(message: &mut Value, body: &Value, new: Vec<Value>, now: DateTime<Utc>) {
    take_parts(message, body);
    let mut flags = message["flags"].as_u64().unwrap_or(0) & !LOADING;
    if let Some(wanted) = body["flags"].as_u64() {
        // Components of version 2 cannot be taken back.
        flags = flags & !(SETTABLE & !COMPONENTS_V2) | wanted & SETTABLE;
    }
    message["flags"] = json!(flags);
    let mut attachments = message["attachments"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if let Some(kept) = body.get("attachments") {
        let kept: Vec<&Value> = kept.as_array().into_iter().flatten().collect();
        attachments.retain(|old| {
            kept.iter()
                .any(|one| objects::read_id(&one["id"]) == objects::read_id(&old["id"]))
        });
    }
    attachments.extend(new);
    message["attachments"] = Value::Array(attachments);
    message["edited_timestamp"] = json!(objects::timestamp(now));
}

/// Whether nothing of this message would be visible.
pub(super) fn is_empty(message: &Value) -> bool {
    let none = |field: &str| message[field].as_array().is_none_or(Vec::is_empty);
    message["content"]
        .as_str()
        .is_none_or(|text| text.trim().is_empty())
        && ["embeds", "components", "attachments", "sticker_ids"]
            .into_iter()
            .all(none)
        && message["poll"].is_null()
}

/// The people whom a message pings, after `allowed_mentions` had its say.
pub(super) fn pinged(body: &Value) -> (Vec<u64>, Vec<u64>, bool) {
    let content = body["content"].as_str().unwrap_or_default();
    let allowed = &body["allowed_mentions"];
    let parses = |what: &str| {
        allowed.is_null()
            || allowed["parse"]
                .as_array()
                .is_some_and(|list| list.iter().any(|one| one == what))
    };
    let listed = |what: &str, id: u64| {
        allowed[what]
            .as_array()
            .is_some_and(|list| list.iter().any(|one| objects::read_id(one) == Some(id)))
    };
    let keep = |what: &str, ids: Vec<u64>| -> Vec<u64> {
        let all = parses(what);
        ids.into_iter()
            .filter(|id| all || listed(what, *id))
            .collect()
    };
    let mut people = marked(content, "<@");
    people.extend(marked(content, "<@!"));
    let everyone =
        parses("everyone") && (content.contains("@everyone") || content.contains("@here"));
    (
        keep("users", people),
        keep("roles", marked(content, "<@&")),
        everyone,
    )
}

/// The ids between `open` and `>`.
fn marked(content: &str, open: &str) -> Vec<u64> {
    let mut ids: Vec<u64> = content
        .split(open)
        .skip(1)
        .filter_map(|rest| rest.split_once('>')?.0.parse().ok())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn take_parts(message: &mut Value, body: &Value) {
    if let Some(content) = body.get("content") {
        message["content"] = json!(content.as_str().unwrap_or_default());
    }
    if let Some(embeds) = body.get("embeds") {
        message["embeds"] = embeds
            .as_array()
            .into_iter()
            .flatten()
            .map(parts::embed)
            .collect();
    }
    if let Some(components) = body.get("components") {
        message["components"] = parts::components(components);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_allowed_mentions_ping() {
        let content = "<@1> <@!2> <@&3> @everyone";
        assert_eq!(
            pinged(&json!({"content": content})),
            (vec![1, 2], vec![3], true)
        );
        let none = json!({"content": content, "allowed_mentions": {"parse": []}});
        assert_eq!(pinged(&none), (vec![], vec![], false));
        let one = json!({"content": content, "allowed_mentions": {"users": ["2"]}});
        assert_eq!(pinged(&one), (vec![2], vec![], false));
    }

    #[test]
    fn an_edit_keeps_what_it_does_not_name() {
        let now = DateTime::UNIX_EPOCH;
        let body = json!({"content": "a", "embeds": [{"title": "t"}]});
        let mut message = compose(&body, 1, 2, 0, vec![json!({"id": "9"})], now);
        revise(&mut message, &json!({"content": "b"}), vec![], now);
        assert_eq!(message["content"], "b");
        assert_eq!(message["embeds"][0], json!({"title": "t", "type": "rich"}));
        assert_eq!(message["attachments"][0]["id"], "9");
        revise(
            &mut message,
            &json!({"content": null, "embeds": [], "attachments": []}),
            vec![],
            now,
        );
        assert!(is_empty(&message));
    }
}
