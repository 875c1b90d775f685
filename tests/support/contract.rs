//! The contract: what the bot sent, against Discord's own OpenAPI 3.1 document.
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

/// An operation, and whether its body is multipart.
type Key = (String, bool);

/// Discord's document with the schemas compiled so far.
pub(crate) struct Contract {
    document: Value,
    compiled: Mutex<HashMap<Key, Option<Arc<Validator>>>>,
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
    /// Checks every entry of the log of `GET /client/requests`.
    pub(crate) fn validate(&self, log: &[Value]) -> Vec<Violation> {
        log.iter().flat_map(|entry| self.check(entry)).collect()
    }

    fn check(&self, entry: &Value) -> Vec<Violation> {
        let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        let (method, route) = (text("method"), text("route"));
        let operation = format!("{method} {route}");
        let violation = |problem: String| Violation {
            n: entry["n"].as_u64().unwrap_or(0),
            operation: operation.clone(),
            problem,
        };
        let known = &self.document["paths"][&route][method.to_lowercase()];
        if !known.is_object() {
            return vec![violation("the document has no such operation".to_owned())];
        }
        let (body, multipart) = (&entry["body"], entry["multipart"] == true);
        let wanted = &known["requestBody"];
        if body.is_null() {
            let missing = wanted["required"] == true;
            return missing
                .then(|| violation("the body is missing".to_owned()))
                .into_iter()
                .collect();
        }
        match self.validator(&operation, wanted, multipart) {
            Some(validator) => validator
                .iter_errors(body)
                .map(|error| violation(format!("at {}: {error}", error.instance_path())))
                .collect(),
            None => vec![violation("a body of this type is not expected".to_owned())],
        }
    }

    /// The validator of an operation's body, compiled when it is first wanted.
    fn validator(
        &self,
        operation: &str,
        wanted: &Value,
        multipart: bool,
    ) -> Option<Arc<Validator>> {
        let mut compiled = self
            .compiled
            .lock()
            .expect("no test panics while it compiles");
        let key = (operation.to_owned(), multipart);
        let entry = compiled.entry(key).or_insert_with(|| {
            let kind = if multipart {
                "multipart/form-data"
            } else {
                "application/json"
            };
            let schema = wanted["content"][kind].get("schema")?;
            let schema = self.prune(schema);
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

fn path() -> PathBuf {
    match std::env::var_os("DISCORD_OPENAPI") {
        Some(path) => path.into(),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/discord/openapi.json"),
    }
}

/// The document is stricter than Discord in two places, both of which its own libraries use.
fn relax(document: &mut Value) {
    let Value::Object(schemas) = &mut document["components"]["schemas"] else {
        return;
    };
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
