//! Requests that go to a simulation in place of sockets.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use twilight_http::request::Request;

use super::RestError;
use super::answer::Answer;

/// A request to Discord.
#[derive(Clone, Debug)]
pub struct Carried {
    /// Its method, in capitals.
    pub method: String,
    /// Its path below the API's version, with its query.
    pub path: String,
    /// Its body, empty for a form.
    pub body: Vec<u8>,
}

/// Status, headers and body; `None` if nothing is heard.
pub type Heard = Option<(u16, Vec<(String, String)>, Vec<u8>)>;
/// An answer on its way.
pub type Carry = Pin<Box<dyn Future<Output = Heard> + Send>>;
/// Answers requests.
pub type Carrier = Arc<dyn Fn(Carried) -> Carry + Send + Sync>;

pub(super) async fn exchange(carrier: &Carrier, request: &Request) -> Result<Answer, RestError> {
    let carried = Carried {
        method: request.method().name().to_owned(),
        path: request.path().to_owned(),
        body: request.body().unwrap_or_default().to_vec(),
    };
    let unheard = || RestError::Unknown("nothing was heard".into());
    let (status, pairs, body) = carrier(carried).await.ok_or_else(unheard)?;
    let status = StatusCode::from_u16(status).map_err(|_| unheard())?;
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::try_from(name).map_err(|_| unheard())?;
        headers.insert(name, HeaderValue::try_from(value).map_err(|_| unheard())?);
    }
    Ok(Answer {
        status,
        headers,
        body,
    })
}
