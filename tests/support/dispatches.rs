//! What gateway events carry: the schema of the OpenAPI document where it has one, otherwise a table of
//! the documented fields.
//!
//! Touches nothing. Invariant: each table names its page of Discord's documentation, and an event that
//! has none is a violation.

use serde_json::{Map, Value, json};

/// A field of a table, whether it must be there, and the schema of its value.
type Field = (&'static str, bool, Value);

/// The schema of the data of an event, if the event is known.
pub(super) fn schema(event: &str) -> Option<Value> {
    let known = match event {
        "READY" => ready(),
        "RESUMED" => json!({"type": "object"}),
        "INTERACTION_CREATE" => interaction(),
        "GUILD_CREATE" => guild_create(),
        "GUILD_DELETE" => unavailable_guild(),
        "GUILD_MEMBER_REMOVE" => table([
            ("guild_id", true, snowflake()),
            ("user", true, named("UserResponse")),
        ]),
        "GUILD_MEMBER_UPDATE" | "GUILD_MEMBER_ADD" => member_of_guild(),
        "GUILD_BAN_ADD" | "GUILD_BAN_REMOVE" => table([
            ("guild_id", true, snowflake()),
            ("user", true, named("UserResponse")),
        ]),
        "GUILD_MEMBERS_CHUNK" => members_chunk(),
        "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE" => table([
            ("guild_id", true, snowflake()),
            ("role", true, named("GuildRoleResponse")),
        ]),
        "MESSAGE_CREATE" | "MESSAGE_UPDATE" => message(),
        "MESSAGE_DELETE" => table([
            ("id", true, snowflake()),
            ("channel_id", true, snowflake()),
            ("guild_id", false, snowflake()),
        ]),
        "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "CHANNEL_DELETE" => named("GuildChannelResponse"),
        "THREAD_CREATE" => both(
            named("ThreadResponse"),
            table([("newly_created", false, json!({"type": "boolean"}))]),
        ),
        "THREAD_UPDATE" => named("ThreadResponse"),
        "THREAD_DELETE" => table([
            ("id", true, snowflake()),
            ("guild_id", true, snowflake()),
            ("parent_id", true, snowflake()),
            ("type", true, integer()),
        ]),
        "THREAD_MEMBERS_UPDATE" => thread_members(),
        "THREAD_MEMBER_UPDATE" => both(
            named("ThreadMemberResponse"),
            table([("guild_id", true, snowflake())]),
        ),
        "GUILD_SCHEDULED_EVENT_CREATE"
        | "GUILD_SCHEDULED_EVENT_UPDATE"
        | "GUILD_SCHEDULED_EVENT_DELETE" => named("ExternalScheduledEventResponse"),
        _ => return None,
    };
    Some(known)
}

/// "Gateway Events", section "Ready": Ready Event Fields.
fn ready() -> Value {
    let application = table([("id", true, snowflake()), ("flags", true, integer())]);
    table([
        ("v", true, json!({"const": 10})),
        ("user", true, named("UserPIIResponse")),
        ("guilds", true, list(unavailable_guild())),
        ("session_id", true, text()),
        (
            "resume_gateway_url",
            true,
            json!({"type": "string", "pattern": "^wss?://"}),
        ),
        (
            "shard",
            false,
            json!({"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}),
        ),
        ("application", true, application),
    ])
}

/// "Guild Resource", section "Unavailable Guild Object".
fn unavailable_guild() -> Value {
    table([
        ("id", true, snowflake()),
        ("unavailable", false, json!({"type": "boolean"})),
    ])
}

/// "Gateway Events", section "Guild Create": a guild with extra fields. `GET /guilds/{guild_id}` is
/// documented by a schema of its own.
fn guild_create() -> Value {
    let guild = table([
        ("id", true, snowflake()),
        ("name", true, text()),
        ("owner_id", true, snowflake()),
        ("preferred_locale", true, text()),
        ("features", true, list(text())),
        ("roles", true, list(named("GuildRoleResponse"))),
        ("emojis", true, list(json!({"type": "object"}))),
        ("joined_at", true, text()),
        ("large", true, json!({"type": "boolean"})),
        ("unavailable", false, json!({"type": "boolean"})),
        ("member_count", true, integer()),
        ("voice_states", true, list(json!({"type": "object"}))),
        ("members", true, list(named("GuildMemberResponse"))),
        ("channels", true, list(named("GuildChannelResponse"))),
        ("threads", true, list(named("ThreadResponse"))),
        ("presences", true, list(json!({"type": "object"}))),
        ("stage_instances", true, list(json!({"type": "object"}))),
        (
            "guild_scheduled_events",
            true,
            list(named("ExternalScheduledEventResponse")),
        ),
        ("soundboard_sounds", true, list(json!({"type": "object"}))),
    ]);
    json!({"anyOf": [guild, both(unavailable_guild(), table([("unavailable", true, json!({"const": true}))]))]})
}

/// "Gateway Events", sections "Guild Member Add" and "Guild Member Update": a member, and where.
fn member_of_guild() -> Value {
    both(
        named("GuildMemberResponse"),
        table([("guild_id", true, snowflake())]),
    )
}

/// "Gateway Events", section "Guild Members Chunk".
fn members_chunk() -> Value {
    table([
        ("guild_id", true, snowflake()),
        ("members", true, list(named("GuildMemberResponse"))),
        ("chunk_index", true, integer()),
        ("chunk_count", true, integer()),
        ("not_found", false, list(snowflake())),
        ("presences", false, list(json!({"type": "object"}))),
        ("nonce", false, text()),
    ])
}

/// "Gateway Events", section "Thread Members Update".
fn thread_members() -> Value {
    table([
        ("id", true, snowflake()),
        ("guild_id", true, snowflake()),
        ("member_count", true, integer()),
        ("added_members", false, list(named("ThreadMemberResponse"))),
        ("removed_member_ids", false, list(snowflake())),
    ])
}

/// "Gateway Events", section "Message Create": a message with extra fields.
fn message() -> Value {
    let extra = table([
        ("guild_id", false, snowflake()),
        ("member", false, partial_member()),
        ("channel_type", false, integer()),
    ]);
    both(named("MessageResponse"), extra)
}

/// "Receiving and Responding", section "Interaction Object": Interaction Structure; of the types that
/// are sent over the gateway, all of which have `data`, `channel`, `channel_id` and `locale`.
fn interaction() -> Value {
    let guild = table([
        ("id", true, snowflake()),
        ("locale", true, text()),
        ("features", true, list(text())),
    ]);
    let channel = table([("id", true, snowflake()), ("type", true, integer())]);
    let permissions = table([("permissions", true, digits())]);
    let common = table([
        ("id", true, snowflake()),
        ("application_id", true, snowflake()),
        ("type", true, json!({"enum": [2, 3, 4, 5]})),
        ("data", true, json!({"type": "object"})),
        ("guild", false, guild),
        ("guild_id", false, snowflake()),
        ("channel", true, channel),
        ("channel_id", true, snowflake()),
        (
            "member",
            false,
            both(named("GuildMemberResponse"), permissions),
        ),
        ("user", false, named("UserResponse")),
        ("token", true, text()),
        ("version", true, json!({"const": 1})),
        ("message", false, named("MessageResponse")),
        ("app_permissions", true, digits()),
        ("locale", true, text()),
        ("guild_locale", false, text()),
        ("entitlements", true, list(json!({"type": "object"}))),
        (
            "authorizing_integration_owners",
            true,
            json!({"type": "object", "additionalProperties": snowflake()}),
        ),
        ("context", false, json!({"enum": [0, 1, 2]})),
        ("attachment_size_limit", true, integer()),
    ]);
    let of = |kinds: Value, data: Value| {
        json!({
            "if": {"properties": {"type": {"enum": kinds}}},
            "then": {"properties": {"data": data}},
        })
    };
    json!({"allOf": [
        common,
        // `member` in a guild, `user` in direct messages.
        {"oneOf": [{"required": ["member", "guild", "guild_id"]}, {"required": ["user"]}]},
        of(json!([2, 4]), command_data()),
        of(json!([3]), component_data()),
        of(json!([5]), modal_data()),
    ]})
}

/// "Receiving and Responding": Application Command Data Structure.
fn command_data() -> Value {
    table([
        ("id", true, snowflake()),
        ("name", true, text()),
        ("type", true, json!({"enum": [1, 2, 3, 4]})),
        ("resolved", false, resolved()),
        (
            "options",
            false,
            list(table([("name", true, text()), ("type", true, integer())])),
        ),
        ("guild_id", false, snowflake()),
        ("target_id", false, snowflake()),
    ])
}

/// "Receiving and Responding": Message Component Data Structure; "Component Reference": the interaction
/// responses of buttons and selects.
fn component_data() -> Value {
    table([
        ("custom_id", true, text()),
        ("component_type", true, integer()),
        ("id", false, integer()),
        ("values", false, list(text())),
        ("resolved", false, resolved()),
    ])
}

/// "Receiving and Responding": Modal Submit Data Structure; "Component Reference", section "Label":
/// Label Interaction Response Structure.
fn modal_data() -> Value {
    let label = both(
        table([
            ("type", true, json!({"const": 18})),
            ("id", true, integer()),
        ]),
        table([("component", true, submitted())]),
    );
    let row = table([
        ("type", true, json!({"const": 1})),
        ("id", true, integer()),
        ("components", true, list(submitted())),
    ]);
    let text_display = table([
        ("type", true, json!({"const": 10})),
        ("id", true, integer()),
    ]);
    table([
        ("custom_id", true, text()),
        (
            "components",
            true,
            list(json!({"oneOf": [label, row, text_display]})),
        ),
        ("resolved", false, resolved()),
    ])
}

fn submitted() -> Value {
    let common = table([
        ("type", true, integer()),
        ("id", true, integer()),
        ("custom_id", true, text()),
        (
            "value",
            false,
            json!({"type": ["string", "boolean", "null"]}),
        ),
        ("values", false, list(text())),
    ]);
    both(
        common,
        json!({"oneOf": [{"required": ["value"]}, {"required": ["values"]}]}),
    )
}

/// "Receiving and Responding": Resolved Data Structure. Members lack `user`, `deaf` and `mute`;
/// channels have `id`, `name`, `type` and `permissions`.
fn resolved() -> Value {
    let map = |of: Value| json!({"type": "object", "additionalProperties": of});
    let channel = table([
        ("id", true, snowflake()),
        ("name", true, text()),
        ("type", true, integer()),
        ("permissions", true, digits()),
    ]);
    let member = both(partial_member(), table([("permissions", true, digits())]));
    table([
        ("users", false, map(named("UserResponse"))),
        ("members", false, map(member)),
        ("roles", false, map(named("GuildRoleResponse"))),
        ("channels", false, map(channel)),
        ("messages", false, map(json!({"type": "object"}))),
        (
            "attachments",
            false,
            map(named("MessageAttachmentResponse")),
        ),
    ])
}

/// "Guild Resource", section "Guild Member Object", without the user.
fn partial_member() -> Value {
    let stamp = json!({"type": ["string", "null"]});
    table([
        ("nick", true, json!({"type": ["string", "null"]})),
        ("avatar", true, json!({"type": ["string", "null"]})),
        ("roles", true, list(snowflake())),
        ("joined_at", true, stamp.clone()),
        ("premium_since", true, stamp.clone()),
        ("flags", true, integer()),
        ("pending", true, json!({"type": "boolean"})),
        ("communication_disabled_until", true, stamp),
    ])
}

fn table<const N: usize>(fields: [Field; N]) -> Value {
    let required: Vec<_> = fields.iter().filter(|it| it.1).map(|it| it.0).collect();
    let properties: Map<String, Value> = fields
        .iter()
        .map(|(name, _, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    json!({"type": "object", "required": required, "properties": properties})
}

fn named(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn both(one: Value, other: Value) -> Value {
    json!({"allOf": [one, other]})
}

fn list(of: Value) -> Value {
    json!({"type": "array", "items": of})
}

fn snowflake() -> Value {
    named("SnowflakeType")
}

fn integer() -> Value {
    json!({"type": "integer"})
}

fn text() -> Value {
    json!({"type": "string"})
}

/// A number as text, such as permissions are.
fn digits() -> Value {
    json!({"type": "string", "pattern": "^[0-9]+$"})
}
