//! The contract: what the bot sent and what it was told, against Discord's own OpenAPI 3.1 document.
//!
//! May touch: the document, found at `$DISCORD_OPENAPI` or at `../shared/discord/openapi.json`
//! beside the package. Invariant: a request that the document doesn't know is a violation, and an
//! absent document is said plainly and fails nothing.
//!
//! ```ignore
//! let log = client.get("/client/requests").json()["requests"];
//! if let Some(contract) = contract::load() {
//!     assert_eq!(contract.validate(&log), []);
//! }
//! ```

#[path = "dispatches.rs"]
mod dispatches;

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    path::PathBuf,
    sync::{Arc, LazyLock, Mutex},
};

const HOW_TO_GET_IT: &str = "Discord's OpenAPI document is absent, so nothing is checked against \
    it. It is specs/openapi.json of the public repository discord/discord-api-spec: put it \
    anywhere and name the file in DISCORD_OPENAPI.";

/// The name by which an operation's schema refers to the others.
const SCHEMAS: &str = "#/components/schemas/";

/// A request that breaks the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The number in the log of requests.
    pub(crate) n: u64,
    /// Such as `POST /channels/{channel_id}/messages`.
    pub(crate) operation: String,
    /// What is wrong and where in the body.
    pub(crate) problem: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "request {} ({}): {}",
            self.n, self.operation, self.problem
        )
    }
}

/// Discord's document with the schemas compiled so far, by what they are for.
pub(crate) struct Contract {
    document: Value,
    compiled: Mutex<HashMap<String, Option<Arc<Validator>>>>,
}

/// The contract of this process, read once; `None`, with a word about it, where it is absent.
pub(crate) fn load() -> Option<&'static Contract> {
    static CONTRACT: LazyLock<Option<Contract>> = LazyLock::new(|| {
        let path = path();
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("{}: {HOW_TO_GET_IT}", path.display());
            return None;
        };
        let mut document: Value =
            serde_json::from_str(&text).expect("Discord's OpenAPI document is JSON");
        relax(&mut document);
        Some(Contract {
            document,
            compiled: Mutex::default(),
        })
    });
    CONTRACT.as_ref()
}

impl Contract {
    /// Checks every entry of the log of `GET /client/requests`, and the responses in it.
    pub(crate) fn validate(&self, log: &[Value]) -> Vec<Violation> {
        let check = |entry| {
            let mut found = self.check(entry);
            found.extend(self.check_response(entry));
            found
        };
        log.iter().flat_map(check).collect()
    }

    /// Checks every event of `GET /client/dispatches` that Discord's documentation describes.
    pub(crate) fn validate_dispatches(&self, events: &[Value]) -> Vec<Violation> {
        events
            .iter()
            .flat_map(|event| self.check_dispatch(event))
            .collect()
    }

    fn check(&self, entry: &Value) -> Vec<Violation> {
        let operation = operation(entry);
        let violation = |problem: &str| vec![violation(entry, &operation, problem.to_owned())];
        let Some(known) = self.operation(entry) else {
            return violation("the document has no such operation");
        };
        let (body, multipart) = (&entry["body"], entry["multipart"] == true);
        let wanted = &known["requestBody"];
        if body.is_null() {
            return match wanted["required"] == true {
                true => violation("the body is missing"),
                false => Vec::new(),
            };
        }
        let kind = if multipart {
            "multipart/form-data"
        } else {
            "application/json"
        };
        let schema = wanted["content"][kind].get("schema");
        match self.validator(&format!("{operation} {kind}"), schema) {
            Some(validator) => problems(&validator, body)
                .map(|problem| self::violation(entry, &operation, problem))
                .collect(),
            None => violation("a body of this type is not expected"),
        }
    }

    /// Checks the body that was answered with, if it was kept. What a server, or a proxy before it,
    /// says when it is at its end (5xx, a page of HTML) is in no document.
    fn check_response(&self, entry: &Value) -> Vec<Violation> {
        let status = entry["status"].as_u64().unwrap_or(0);
        let (Some(body), Some(known)) = (entry.get("response"), self.operation(entry)) else {
            return Vec::new();
        };
        if status >= 500 || (status == 429 && body.is_string()) {
            return Vec::new();
        }
        let operation = format!("{} → {status}", operation(entry));
        let documented = &known["responses"];
        let wanted = [status.to_string(), format!("{}XX", status / 100)];
        let wanted = wanted.iter().find_map(|status| documented.get(status));
        let violation = |problem: &str| vec![violation(entry, &operation, problem.to_owned())];
        let Some(wanted) = wanted.map(|wanted| self.resolve(wanted)) else {
            return violation("the document has no such response");
        };
        let Some(schema) = wanted["content"]["application/json"].get("schema") else {
            return match body {
                Value::Null => Vec::new(),
                _ => violation("the response has a body where none is documented"),
            };
        };
        match self.validator(&operation, Some(schema)) {
            Some(validator) => problems(&validator, body)
                .map(|problem| self::violation(entry, &operation, problem))
                .collect(),
            None => Vec::new(),
        }
    }

    fn check_dispatch(&self, event: &Value) -> Vec<Violation> {
        let name = event["t"].as_str().unwrap_or_default();
        let Some(schema) = dispatches::schema(name) else {
            return vec![Violation {
                n: event["s"].as_u64().unwrap_or(0),
                operation: name.to_owned(),
                problem: "there is no table for this event".to_owned(),
            }];
        };
        let validator = self.validator(name, Some(&schema));
        let found = validator.iter().flat_map(|it| problems(it, &event["d"]));
        found
            .map(|problem| Violation {
                n: event["s"].as_u64().unwrap_or(0),
                operation: name.to_owned(),
                problem,
            })
            .collect()
    }

    fn operation(&self, entry: &Value) -> Option<&Value> {
        let text = |field: &str| entry[field].as_str().unwrap_or_default();
        let known = &self.document["paths"][text("route")][text("method").to_lowercase()];
        known.is_object().then_some(known)
    }

    /// What a `$ref` points to, or the value itself.
    fn resolve<'v>(&'v self, value: &'v Value) -> &'v Value {
        let reference = value["$ref"].as_str().and_then(|it| it.strip_prefix('#'));
        reference
            .and_then(|pointer| self.document.pointer(pointer))
            .unwrap_or(value)
    }

    /// The validator of a schema, compiled when it is first wanted.
    fn validator(&self, name: &str, schema: Option<&Value>) -> Option<Arc<Validator>> {
        let mut compiled = self
            .compiled
            .lock()
            .expect("no test panics while it compiles");
        let entry = compiled.entry(name.to_owned()).or_insert_with(|| {
            let schema = self.prune(schema?);
            let validator = jsonschema::options()
                .with_draft(Draft::Draft202012)
                .build(&schema)
                .expect("Discord's schemas compile");
            Some(Arc::new(validator))
        });
        entry.clone()
    }

    /// A schema that stands alone: with the schemas it refers to, and only those, because the
    /// whole document takes long to compile.
    fn prune(&self, schema: &Value) -> Value {
        let all = &self.document["components"]["schemas"];
        let (mut wanted, mut found) = (references(schema), BTreeSet::new());
        while let Some(name) = wanted.pop_first() {
            wanted.extend(
                references(&all[&name])
                    .into_iter()
                    .filter(|one| !found.contains(one)),
            );
            found.insert(name);
        }
        let kept: Map<String, Value> = found
            .into_iter()
            .map(|name| (name.clone(), all[&name].clone()))
            .collect();
        json!({"allOf": [schema], "components": {"schemas": kept}})
    }
}

fn operation(entry: &Value) -> String {
    let text = |field: &str| entry[field].as_str().unwrap_or_default();
    format!("{} {}", text("method"), text("route"))
}

fn violation(entry: &Value, operation: &str, problem: String) -> Violation {
    Violation {
        n: entry["n"].as_u64().unwrap_or(0),
        operation: operation.to_owned(),
        problem,
    }
}

/// What is wrong with a value, and where: of a choice of schemas, what is wrong by the one that fits best.
fn problems<'v>(validator: &'v Validator, value: &'v Value) -> impl Iterator<Item = String> + 'v {
    let told =
        |error: jsonschema::ValidationError<'v>| format!("at {}: {error}", error.instance_path());
    validator.iter_errors(value).map(told)
}

fn path() -> PathBuf {
    match std::env::var_os("DISCORD_OPENAPI") {
        Some(path) => path.into(),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/discord/openapi.json"),
    }
}

/// The document is stricter than Discord in some places: two in what libraries send, and two in how
/// errors look. A nested error has a word for its code ("API Reference", section "Error Messages"),
/// and a 429 has a code only sometimes ("Rate Limits", section "Exceeding A Rate Limit").
fn relax(document: &mut Value) {
    let Value::Object(schemas) = &mut document["components"]["schemas"] else {
        return;
    };
    let text = json!({"type": "string"});
    schemas["InnerErrors"]["properties"]["_errors"]["items"] = json!({
        "type": "object", "required": ["code", "message"],
        "properties": {"code": text, "message": text},
    });
    schemas["RatelimitedResponse"]["allOf"][0] = json!({
        "type": "object", "required": ["message"],
        "properties": {"code": {"type": "integer"}, "message": text},
    });
    for (name, schema) in schemas {
        let Some(Value::Object(properties)) = schema.get_mut("properties") else {
            continue;
        };
        if let Some(permissions) = properties.get_mut("default_member_permissions") {
            *permissions = json!({"anyOf": [permissions.take(), {"type": "string"}]});
        }
        if name == "MessageAttachmentRequest"
            && let Some(id) = properties.get_mut("id")
        {
            *id = json!({"anyOf": [id.take(), {"type": "integer", "minimum": 0}]});
        }
    }
}

/// The names of the schemas that this one refers to.
fn references(schema: &Value) -> BTreeSet<String> {
    match schema {
        Value::Object(fields) => {
            let own = fields.get("$ref").and_then(Value::as_str);
            let own = own.and_then(|reference| reference.strip_prefix(SCHEMAS));
            let inner = fields.values().flat_map(references);
            own.map(str::to_owned).into_iter().chain(inner).collect()
        }
        Value::Array(list) => list.iter().flat_map(references).collect(),
        _ => BTreeSet::new(),
    }
}
