//! Discord's error answers. Invariant: status, code and words are Discord's own.

use super::super::rules::Problems;
use serde_json::{Value, json};

/// A refused request.
#[derive(Clone, Debug)]
pub(in crate::playground) struct Refusal {
    pub(in crate::playground) status: u16,
    code: u64,
    message: &'static str,
    errors: Option<Value>,
}

macro_rules! refusals {
    ($($name:ident = $status:literal, $code:literal, $message:literal;)*) => {
        $(pub(in crate::playground) const $name: Refusal =
            Refusal { status: $status, code: $code, message: $message, errors: None };)*
    };
}

refusals! {
    NOT_FOUND = 404, 0, "404: Not Found";
    METHOD_NOT_ALLOWED = 405, 0, "405: Method Not Allowed";
    UNAUTHORIZED = 401, 0, "401: Unauthorized";
    UNKNOWN_APPLICATION = 404, 10002, "Unknown Application";
    UNKNOWN_CHANNEL = 404, 10003, "Unknown Channel";
    UNKNOWN_GUILD = 404, 10004, "Unknown Guild";
    UNKNOWN_MEMBER = 404, 10007, "Unknown Member";
    UNKNOWN_MESSAGE = 404, 10008, "Unknown Message";
    UNKNOWN_USER = 404, 10013, "Unknown User";
    UNKNOWN_WEBHOOK = 404, 10015, "Unknown Webhook";
    UNKNOWN_EVENT = 404, 10070, "Unknown Guild Scheduled Event";
    TOO_MANY_EVENTS = 400, 30038, "Maximum number of guild scheduled events reached (100)";
    WRONG_CHANNEL_TYPE = 400, 50024, "Cannot execute action on this channel type";
    THREAD_ARCHIVED = 400, 50083, "Thread is archived";
    THREAD_EXISTS = 400, 160004, "A thread has already been created for this message";
    EVENT_FINISHED = 400, 180000, "Cannot update a finished event";
    TOO_LARGE = 413, 40005, "Request entity too large. Try sending something smaller in size";
    UNKNOWN_INTERACTION = 404, 10062, "Unknown interaction";
    ALREADY_ACKNOWLEDGED = 400, 40060, "Interaction has already been acknowledged.";
    MISSING_ACCESS = 403, 50001, "Missing Access";
    EMPTY_MESSAGE = 400, 50006, "Cannot send an empty message";
    CANNOT_DM = 403, 50007, "Cannot send messages to this user";
    NO_MUTUAL_GUILD = 403, 50278, "Cannot send messages to this user";
    MISSING_PERMISSIONS = 403, 50013, "Missing Permissions";
    INVALID_TOKEN = 401, 50027, "Invalid Webhook Token";
    INVALID_JSON = 400, 50109, "The request body contains invalid JSON.";
}

impl Refusal {
    /// `50035 Invalid Form Body` with what is wrong where.
    pub(in crate::playground) fn invalid(errors: Value) -> Self {
        Self {
            status: 400,
            code: 50035,
            message: "Invalid Form Body",
            errors: Some(errors),
        }
    }

    /// Passes if there are no problems.
    pub(in crate::playground) fn check(problems: Problems) -> Result<(), Self> {
        problems
            .into_errors()
            .map_or(Ok(()), |errors| Err(Self::invalid(errors)))
    }

    /// The body of the answer.
    pub(in crate::playground) fn body(&self) -> Value {
        let mut body = json!({"message": self.message, "code": self.code});
        if let Some(errors) = &self.errors {
            body["errors"] = errors.clone();
        }
        body
    }
}
