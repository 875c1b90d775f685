//! Reading a request: query, JSON, and multipart with its files.
//!
//! Invariant: a handler sees the same JSON, whichever of the two ways it came.

use super::{
    super::{messages::Upload, objects::ATTACHMENT_MAX_BYTES, rules::Problems},
    errors::{self, Refusal},
};
use axum::{
    body::Body,
    extract::{FromRequest, Multipart, Request},
    http::{Method, header},
};
use serde_json::Value;
use std::collections::HashMap;

/// Largest request body, in bytes.
pub(in crate::playground) const BODY_MAX_BYTES: usize = 26 * 1024 * 1024;

/// A request as the handlers see it.
#[derive(Debug)]
pub(in crate::playground) struct Call {
    pub(in crate::playground) method: Method,
    /// Below `/api/v10`.
    pub(in crate::playground) path: String,
    /// The `Authorization` header.
    pub(in crate::playground) authorization: String,
    pub(in crate::playground) query: HashMap<String, String>,
    /// What stands for the `{…}` of the route, by name.
    pub(in crate::playground) params: HashMap<&'static str, String>,
    pub(in crate::playground) body: Value,
    pub(in crate::playground) files: Vec<Upload>,
    pub(in crate::playground) multipart: bool,
}

impl Call {
    /// Reads everything from the wire; a body that cannot be read leaves the rest readable.
    pub(super) async fn read(request: Request, path: String) -> (Self, Result<(), Refusal>) {
        let (parts, body) = request.into_parts();
        let header = |name| {
            let value = parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let mut call = Self {
            method: parts.method.clone(),
            path,
            authorization: header(header::AUTHORIZATION),
            query: query(parts.uri.query().unwrap_or_default()),
            params: HashMap::new(),
            body: Value::Null,
            files: Vec::new(),
            multipart: header(header::CONTENT_TYPE).starts_with("multipart/form-data"),
        };
        let content_type = header(header::CONTENT_TYPE);
        let read = if call.multipart {
            call.read_multipart(Request::from_parts(parts, body)).await
        } else {
            call.read_json(body, &content_type).await
        };
        let read = read.and_then(|()| call.check_kind());
        (call, read)
    }

    /// Refuses a body that is no object where one belongs: everywhere but in a list of commands.
    fn check_kind(&self) -> Result<(), Refusal> {
        let mut problems = Problems::default();
        if self.method != Method::PUT {
            problems.object("", &self.body);
        }
        Refusal::check(problems)
    }

    /// A snowflake of the path; unreadable ones are 0, which nothing has.
    pub(super) fn id(&self, name: &str) -> u64 {
        self.params
            .get(name)
            .and_then(|value| value.parse().ok())
            .unwrap_or(0)
    }

    /// Whether a flag of the query is set.
    pub(super) fn asks(&self, name: &str) -> bool {
        self.query
            .get(name)
            .is_some_and(|value| value == "true" || value == "1")
    }

    async fn read_json(&mut self, body: Body, content_type: &str) -> Result<(), Refusal> {
        let bytes = axum::body::to_bytes(body, BODY_MAX_BYTES).await;
        let bytes = bytes.map_err(|_| errors::INVALID_JSON)?;
        if !bytes.is_empty() {
            check_content_type(content_type)?;
            self.body = serde_json::from_slice(&bytes).map_err(|_| errors::INVALID_JSON)?;
        }
        Ok(())
    }

    async fn read_multipart(&mut self, request: Request) -> Result<(), Refusal> {
        let bad = |_| errors::INVALID_JSON;
        let form = Multipart::from_request(request, &()).await;
        let mut form = form.map_err(|_| errors::INVALID_JSON)?;
        while let Some(field) = form.next_field().await.map_err(bad)? {
            let name = field.name().unwrap_or_default().to_owned();
            if name == "payload_json" {
                let bytes = field.bytes().await.map_err(bad)?;
                self.body = serde_json::from_slice(&bytes).map_err(|_| errors::INVALID_JSON)?;
            } else if let Some(number) = file_number(&name) {
                let filename = field.file_name().unwrap_or("unknown").to_owned();
                let content_type = field.content_type().map(str::to_owned);
                let bytes = field.bytes().await.map_err(bad)?.to_vec();
                if bytes.len() as u64 > ATTACHMENT_MAX_BYTES {
                    return Err(errors::TOO_LARGE);
                }
                let description = None;
                self.files.push(Upload {
                    number,
                    filename,
                    content_type,
                    description,
                    bytes,
                });
            }
        }
        Ok(())
    }

    /// Takes the files, with the names and descriptions that `attachments` gives them.
    pub(super) fn take_files(&mut self, message: &str) -> Vec<Upload> {
        let mut files = std::mem::take(&mut self.files);
        let described = self
            .body
            .pointer(message)
            .and_then(|body| body["attachments"].as_array());
        for described in described.into_iter().flatten() {
            let number = super::super::objects::read_id(&described["id"]);
            let file = files.iter_mut().find(|file| Some(file.number) == number);
            let Some(file) = file else { continue };
            if let Some(name) = described["filename"].as_str() {
                file.filename = name.to_owned();
            }
            file.description = described["description"].as_str().map(str::to_owned);
        }
        files
    }
}

/// "API Reference", section "Content Type": a body that says nothing of its type is refused.
fn check_content_type(content_type: &str) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    if !content_type.starts_with("application/json") {
        let message = "Expected \"Content-Type\" header to be one of {\"application/json\"}.";
        problems.add("", "CONTENT_TYPE_INVALID", message);
    }
    Refusal::check(problems)
}

/// The `n` of `files[n]`.
fn file_number(name: &str) -> Option<u64> {
    name.strip_prefix("files[")?.strip_suffix(']')?.parse().ok()
}

fn query(text: &str) -> HashMap<String, String> {
    // What bots put into a query here is numbers and booleans, so nothing needs decoding.
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
