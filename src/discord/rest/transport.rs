//! Sends requests, and sees every status that comes back.
//!
//! May touch: sockets, by reqwest. twilight-http makes the requests ([`TryIntoRequest`]) and sends
//! none: in 0.18 its own future answers a 429 by the same request at once, for ever without its rate
//! limiter, and with it learns nothing from answers without `X-RateLimit-Scope`, which Discord sends
//! with 429s only. Invariant: whatever [`Limiter`] holds back is not sent; a request that waits for a
//! limit takes no place from those that need not; the token is never shown.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Certificate, Method, StatusCode, redirect};
use tokio::sync::{Notify, OwnedMutexGuard, Semaphore, SemaphorePermit, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twilight_http::request::{Request, TryIntoRequest};

use super::answer::{self, Answer, Body};
use super::limiter::{Class, Cover, Ended, Gate, LimitChange, Limiter, Pass, Route};
use super::{REQUESTS_IN_FLIGHT_MAX, RestError};
use crate::clock::Clock;
use crate::config::ApiUrl;
use crate::metrics::{Metrics, Refusal};
use crate::secret::Secret;
use crate::status::{Hold, Status};

/// A request that takes longer than this has failed, in seconds.
const REQUEST_TIMEOUT_S: u64 = 10;
/// Answers of 429 to one request after which it is given up, however long it could still wait.
const REFUSALS_MAX: u32 = 8;
/// Routes in whose queue somebody may wait before those where nobody does are dropped.
const QUEUES_MAX: usize = 1_024;
const API_VERSION: u8 = 10;
/// As Discord wants it: `DiscordBot ($url, $versionNumber)` and what else there is to say. The address
/// is that of the library which makes the requests.
const USER_AGENT: &str = concat!(
    "DiscordBot (https://github.com/twilight-rs/twilight, 0.18) overwatch-bot/",
    env!("CARGO_PKG_VERSION")
);

/// The one way to Discord's HTTP API. Cheap to clone; all clones know the same limits.
#[derive(Clone)]
pub struct Transport(Arc<Inner>);

struct Inner {
    web: reqwest::Client,
    base: String,
    authorization: HeaderValue,
    limiter: Mutex<Limiter>,
    /// Rings when a request has ended, so that another one may go.
    ended: Notify,
    /// Who waits for a bucket is let through in the order of coming.
    queues: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// Acknowledgements have places apart from the others.
    acknowledging: Semaphore,
    in_flight: Semaphore,
    metrics: Metrics,
    status: Status,
    processes: Processes,
    /// Discord has refused the token.
    token_refused: CancellationToken,
    /// The clock that is compared with Discord's.
    clock: Option<Clock>,
    #[cfg(feature = "torture")]
    carrier: Option<super::carrier::Carrier>,
}

/// The client of every request to Discord. It knows of no limits.
///
/// # Errors
/// [`RestError`] if TLS cannot be set up.
pub(crate) fn web_client() -> Result<reqwest::Client, RestError> {
    // TLS needs one provider of cryptography; installed already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let impossible = |error: &dyn std::fmt::Display| RestError::Unknown(error.to_string());
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
    let roots = roots.iter().map(|root| Certificate::from_der(root));
    let roots: Result<Vec<_>, _> = roots.collect();
    reqwest::Client::builder()
        // Compiled in, so that an image without any works.
        .tls_certs_only(roots.map_err(|error| impossible(&error))?)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .user_agent(USER_AGENT)
        .timeout(Duration::from_secs(REQUEST_TIMEOUT_S))
        .build()
        .map_err(|error| impossible(&error))
}

/// The address that the paths of all requests follow.
pub(crate) fn address_of(api: Option<&ApiUrl>) -> String {
    let (scheme, host) = match api {
        Some(api) if api.plain_http => ("http", api.authority.as_str()),
        Some(api) => ("https", api.authority.as_str()),
        None => ("https", "discord.com"),
    };
    format!("{scheme}://{host}/api/v{API_VERSION}/")
}

/// How many processes share Discord's budgets, because they use one token.
pub type Processes = watch::Receiver<NonZeroUsize>;

impl Transport {
    /// Connects to nothing yet. What holds requests back is told to `status` and counted in `metrics`;
    /// what Discord takes of all is divided by the number of `processes`.
    ///
    /// # Errors
    /// [`RestError`] if the token cannot be sent at all, or TLS cannot be set up.
    pub fn new(
        token: &Secret,
        api: Option<&ApiUrl>,
        status: Status,
        metrics: Metrics,
        processes: Processes,
    ) -> Result<Self, RestError> {
        let impossible = |error: &dyn std::fmt::Display| RestError::Unknown(error.to_string());
        let web = web_client()?;
        let header = Secret::new(format!("Bot {}", token.reveal()));
        let mut authorization =
            HeaderValue::from_str(header.reveal()).map_err(|error| impossible(&error))?;
        authorization.set_sensitive(true);
        Ok(Self(Arc::new(Inner {
            web,
            base: address_of(api),
            authorization,
            limiter: Mutex::default(),
            ended: Notify::new(),
            queues: Mutex::default(),
            acknowledging: Semaphore::new(REQUESTS_IN_FLIGHT_MAX),
            in_flight: Semaphore::new(REQUESTS_IN_FLIGHT_MAX),
            metrics,
            status,
            processes,
            token_refused: CancellationToken::new(),
            clock: None,
            #[cfg(feature = "torture")]
            carrier: None,
        })))
    }

    /// The same, whose requests go to `carrier` in place of sockets. To be called before it is cloned.
    #[cfg(feature = "torture")]
    #[must_use]
    pub fn carried_by(mut self, carrier: super::carrier::Carrier) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.carrier = Some(carrier);
        }
        self
    }

    /// The same, which compares `clock` with the date of every answer. To be called before it is cloned.
    #[must_use]
    pub fn comparing(mut self, clock: Clock) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.clock = Some(clock);
        }
        self
    }

    /// Sends a request, and again after each 429, as long as none holds beyond `deadline`.
    ///
    /// # Errors
    /// [`RestError`]; [`RestError::Limited`] at once if a limit is known to hold beyond `deadline`.
    pub(super) async fn send(
        &self,
        request: impl TryIntoRequest,
        deadline: Instant,
    ) -> Result<Body, RestError> {
        let request = prepare(request)?;
        self.send_prepared(&request, deadline).await
    }

    /// As [`Transport::send`], with a request that can be sent again.
    pub(super) async fn send_prepared(
        &self,
        request: &Request,
        deadline: Instant,
    ) -> Result<Body, RestError> {
        let route = route_of(request);
        for _ in 0..REFUSALS_MAX {
            let sent = self.pass(&route, deadline).await?;
            let answer = self.exchange(request).await?;
            let ended = answer::ended(&answer, route.is_authorized);
            sent.settle(&ended);
            if !matches!(ended, Ended::Limited { .. }) {
                return answer::result(answer);
            }
        }
        let retry_after = self.0.limiter().wait(Instant::now(), &route);
        Err(RestError::Limited { retry_after })
    }

    /// Returns once Discord has refused the token.
    pub(super) async fn token_refused(&self) {
        self.0.token_refused.cancelled().await;
    }

    /// How many processes share Discord's budgets.
    pub(super) fn processes(&self) -> Processes {
        self.0.processes.clone()
    }

    /// For how long a request like this would have to wait if it were made now.
    pub(super) fn wait(&self, request: impl TryIntoRequest) -> Duration {
        match prepare(request) {
            Ok(request) => self.0.limiter().wait(Instant::now(), &route_of(&request)),
            Err(_) => Duration::ZERO,
        }
    }

    /// Returns once a request to this route may be sent, with a place for it.
    async fn pass(&self, route: &Route, deadline: Instant) -> Result<Sent<'_>, RestError> {
        let places = match route.class {
            Class::Callback => &self.0.acknowledging,
            Class::Answer | Class::Other => &self.0.in_flight,
        };
        let _turn = match route.class {
            Class::Callback => None,
            _ => Some(self.queue(route, deadline).await?),
        };
        loop {
            let ended = self.0.ended.notified();
            tokio::pin!(ended);
            // From now on nothing that ends is missed.
            ended.as_mut().enable();
            let (now, gate) = {
                let now = Instant::now();
                (now, self.0.limiter().look(now, route))
            };
            match gate {
                Gate::Open => {
                    let place = match route.class {
                        // Afterwards Discord would take it no longer.
                        Class::Callback => tokio::time::timeout_at(deadline, places.acquire())
                            .await
                            .map_err(|_| {
                                let retry_after = Duration::ZERO;
                                RestError::Limited { retry_after }
                            })?,
                        Class::Answer | Class::Other => places.acquire().await,
                    };
                    let place = place.expect("it is never closed");
                    // Waiting for the place took a while.
                    let taken = self.0.limiter().take(Instant::now(), route);
                    let Some((pass, change)) = taken else {
                        continue;
                    };
                    self.0.tell(change);
                    return Ok(Sent {
                        inner: &self.0,
                        route: route.clone(),
                        pass: Some(pass),
                        _place: place,
                    });
                }
                Gate::Until(at) if at > deadline => {
                    let retry_after = at - now;
                    return Err(RestError::Limited { retry_after });
                }
                Gate::Until(at) => tokio::time::sleep_until(at).await,
                Gate::AfterAnswer => {
                    if tokio::time::timeout_at(deadline, ended).await.is_err() {
                        let retry_after = Duration::ZERO;
                        return Err(RestError::Limited { retry_after });
                    }
                }
                Gate::Spent(until) => {
                    let retry_after = until - now;
                    return Err(RestError::Limited { retry_after });
                }
                Gate::TokenRefused => return Err(token_refused()),
            }
        }
    }

    /// Waits until whoever came before to the same bucket has been let through.
    async fn queue(
        &self,
        route: &Route,
        deadline: Instant,
    ) -> Result<OwnedMutexGuard<()>, RestError> {
        let queue = {
            let mut queues = self.0.queues.lock().unwrap_or_else(PoisonError::into_inner);
            if queues.len() >= QUEUES_MAX {
                queues.retain(|_, queue| Arc::strong_count(queue) > 1);
            }
            let key = format!("{}:{}", route.name, route.major);
            Arc::clone(queues.entry(key).or_default())
        };
        match tokio::time::timeout_at(deadline, queue.lock_owned()).await {
            Ok(turn) => Ok(turn),
            Err(_) => {
                let retry_after = self.0.limiter().wait(Instant::now(), route);
                Err(RestError::Limited { retry_after })
            }
        }
    }

    /// One request and its answer, whatever that is.
    async fn exchange(&self, request: &Request) -> Result<Answer, RestError> {
        let sent = self.0.clock.as_ref().map(Clock::elapsed);
        #[cfg(feature = "torture")]
        if let Some(carrier) = &self.0.carrier {
            let answer = super::carrier::exchange(carrier, request).await?;
            self.compare_clock(sent, &answer.headers);
            return Ok(answer);
        }
        let method = Method::from_bytes(request.method().name().as_bytes())
            .map_err(|error| RestError::Unknown(error.to_string()))?;
        let url = format!("{}{}", self.0.base, request.path());
        let mut sending = self.0.web.request(method, url);
        if request.use_authorization_token() {
            sending = sending.header(AUTHORIZATION, self.0.authorization.clone());
        }
        if let Some(headers) = request.headers() {
            sending = sending.headers(headers.clone());
        }
        sending = match (request.form(), request.body()) {
            (Some(form), _) => sending
                .header(CONTENT_TYPE, form.content_type())
                .body(form.clone().build()),
            (None, Some(json)) => sending
                .header(CONTENT_TYPE, "application/json")
                .body(json.to_vec()),
            // An empty body has a length too, which Discord wants to be told.
            (None, None) if request.method().name() != "GET" => sending.body(Vec::new()),
            (None, None) => sending,
        };
        let lost = |error: reqwest::Error| RestError::Unknown(causes(&error.without_url()));
        let response = sending.send().await.map_err(lost)?;
        let (status, headers) = (response.status(), response.headers().clone());
        self.compare_clock(sent, &headers);
        let body = response.bytes().await.map_err(lost)?.to_vec();
        Ok(Answer {
            status,
            headers,
            body,
        })
    }

    /// Compares the clock with the date of an answer to a request that was `sent` then.
    fn compare_clock(&self, sent: Option<Duration>, headers: &HeaderMap) {
        if let (Some(clock), Some(sent), Some(date)) = (&self.0.clock, sent, answer::date(headers))
        {
            clock.heard(sent, date);
        }
    }
}

impl Inner {
    fn limiter(&self) -> MutexGuard<'_, Limiter> {
        // Counts are never left half changed.
        let mut limiter = self.limiter.lock().unwrap_or_else(PoisonError::into_inner);
        limiter.share_among(*self.processes.borrow());
        limiter
    }

    /// Tells, once, what holds all requests, and that it does no longer.
    fn tell(&self, change: Option<LimitChange>) {
        let Some(change) = change else { return };
        let (hold, wait) = match change {
            LimitChange::GlobalLimit(wait) => (Hold::GlobalLimit, wait),
            LimitChange::AddressBlocked(wait) => (Hold::AddressBlocked, wait),
            LimitChange::BudgetSpent(wait) => (Hold::BudgetSpent, wait),
            LimitChange::TokenRefused(wait) => {
                self.token_refused.cancel();
                (Hold::TokenRefused, wait)
            }
            LimitChange::Resumed => {
                self.status.discord_holds(None);
                return tracing::info!("requests to Discord resumed");
            }
        };
        self.status
            .discord_holds(Some((hold, Instant::now() + wait)));
        let for_s = wait.as_secs_f64();
        tracing::warn!(reason = %hold, for_s, "requests to Discord suspended");
    }
}

/// A request that is on its way. One that is dropped counts as lost.
struct Sent<'t> {
    inner: &'t Inner,
    route: Route,
    pass: Option<Pass>,
    _place: SemaphorePermit<'t>,
}

impl Sent<'_> {
    fn settle(mut self, ended: &Ended) {
        let refusal = match ended {
            Ended::Limited { cover, .. } => Some(match cover {
                Cover::User => Refusal::User,
                Cover::Shared => Refusal::Shared,
                Cover::Global => Refusal::Global,
                Cover::Address => Refusal::Address,
            }),
            Ended::TokenRefused => Some(Refusal::Unauthorized),
            Ended::Forbidden(_) => Some(Refusal::Forbidden),
            Ended::Answered(_) | Ended::Lost => None,
        };
        if let Some(refusal) = refusal {
            self.inner.metrics.refused_by_discord(refusal);
        }
        if let Ended::Limited {
            cover: cover @ (Cover::User | Cover::Shared),
            retry_after,
            ..
        } = ended
        {
            let (route, retry_after_s) = (&self.route.name, retry_after.as_secs_f64());
            tracing::info!(route, ?cover, retry_after_s, "rate limited");
        }
        self.finish(ended);
    }

    fn finish(&mut self, ended: &Ended) {
        let Some(pass) = self.pass.take() else { return };
        let settled = self
            .inner
            .limiter()
            .settle(Instant::now(), &self.route, &pass, ended);
        self.inner.tell(settled);
        self.inner.ended.notify_waiters();
    }
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        self.finish(&Ended::Lost);
    }
}

/// The request that a typed one is.
pub(super) fn prepare(request: impl TryIntoRequest) -> Result<Request, RestError> {
    request
        .try_into_request()
        .map_err(|error| RestError::Unknown(causes(&error)))
}

fn route_of(request: &Request) -> Route {
    let is_authorized = request.use_authorization_token();
    Route::of(request.method().name(), request.path(), is_authorized)
}

/// An error and what is behind it, in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn token_refused() -> RestError {
    RestError::Refused {
        status: StatusCode::UNAUTHORIZED.as_u16(),
        code: 0,
        message: "the token was refused before".into(),
    }
}
