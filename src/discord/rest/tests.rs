//! Every kind of 429 against every kind of request, over sockets: the embedded Discord counts what
//! comes, and whether it comes too early.

use serde_json::{Value, json};

use super::*;
use crate::clock::Clock;
use crate::discord::unreadable::Outline;
use crate::playground::{self, Discord};
use crate::status::Hold;

const BOT: &str = "MTAwMDAwMDAwMDAwMDAwMDAw.GzzzzZ.token-of-a-test";
const CALLBACK: &str = "/interactions/{interaction_id}/{interaction_token}/callback";
const ANSWER: &str = "/webhooks/{webhook_id}/{webhook_token}/messages/@original";
const EDIT: &str = "/channels/{channel_id}/messages/{message_id}";
const ROUTES: [&str; 3] = [CALLBACK, ANSWER, EDIT];

/// All kinds of 429: what to plan, and for how many seconds it holds.
fn kinds() -> [(Value, f64); 7] {
    let planned =
        |limit: &str, bucket: bool| json!({"limit": limit, "bucket": bucket, "retry_after": 0.4});
    [
        (planned("user", true), 0.4),
        (planned("user", false), 0.4),
        (planned("shared", true), 0.4),
        (planned("shared", false), 0.4),
        (planned("global", true), 0.4),
        (planned("global", false), 0.4),
        // Its header has whole seconds.
        (planned("cloudflare", false), 1.0),
    ]
}

struct Scene {
    discord: Discord,
    rest: Rest,
    status: Status,
    metrics: Metrics,
    channel: u64,
    web: reqwest::Client,
}

impl Scene {
    async fn open() -> Self {
        let world = playground::World::default();
        let channel = world.guilds[0].channels[0].id;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let discord = Discord::start(playground::Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            token: BOT.into(),
            clock: Clock::manual("2026-11-22T12:00:00Z".parse().expect("a time")),
            shards: 1,
            world,
        });
        let discord = discord.await.expect("a free port");
        let token = BOT.parse().expect("a token");
        let api = discord.url().parse().expect("an address");
        let (status, metrics) = (Status::default(), Metrics::default());
        let transport =
            Transport::new(&token, Some(&api), status.clone(), metrics.clone(), alone());
        let rest = Rest::through(transport.expect("a transport")).await;
        Self {
            rest: rest.expect("it lets us in"),
            discord,
            status,
            metrics,
            channel,
            web: reqwest::Client::new(),
        }
    }

    async fn plan(&self, route: &str, fault: &Value) {
        let mut fault = fault.clone();
        fault["route"] = route.into();
        let url = format!("{}/client/faults/requests", self.discord.url());
        let request = self
            .web
            .post(url)
            .header(playground::KEY_HEADER, self.discord.key())
            .header("content-type", "application/json");
        let sent = request.body(fault.to_string()).send().await;
        assert!(sent.expect("the embedded Discord").status().is_success());
    }

    async fn get(&self, path: &str) -> Value {
        let url = format!("{}/client/{path}", self.discord.url());
        let request = self.web.get(url);
        let request = request.header(playground::KEY_HEADER, self.discord.key());
        let answer = request.send().await;
        let text = answer.expect("the embedded Discord").text().await;
        serde_json::from_str(&text.expect("text")).expect("JSON")
    }

    /// What the requests to this route were answered with.
    async fn statuses(&self, route: &str) -> Vec<u64> {
        let log = self.get("requests").await;
        let requests = log["requests"].as_array().cloned().unwrap_or_default();
        let here = requests.iter().filter(|request| request["route"] == route);
        here.filter_map(|request| request["status"].as_u64())
            .collect()
    }

    /// One request to this route. That nothing of what it is about is there is an answer, too.
    async fn request(&self, rest: &Rest, route: &str, n: u64) -> Result<(), RestError> {
        let click = click(n);
        match route {
            CALLBACK => {
                let response = InteractionResponse {
                    kind: twilight_model::http::interaction::InteractionResponseType::Pong,
                    data: None,
                };
                rest.acknowledge(&click, &response).await
            }
            ANSWER => rest.edit_answer(&click, &Message::text("x")).await,
            _ => {
                let channel = ChannelId(self.channel.cast_signed());
                let id = MessageId(n.cast_signed());
                rest.edit(channel, id, &Message::text("x")).await.map(drop)
            }
        }
    }
}

fn click(n: u64) -> Click {
    let outline = Outline {
        id: n,
        token: Secret::new(format!("token{n}")),
        kind: None,
    };
    Click::outlined(&outline, chrono::DateTime::UNIX_EPOCH)
}

fn limited(sent: &Result<(), RestError>) -> Option<Duration> {
    match sent {
        Err(RestError::Limited { retry_after }) => Some(*retry_after),
        _ => None,
    }
}

#[tokio::test]
async fn each_429_is_waited_out_and_followed_by_one_request() {
    for route in ROUTES {
        for (kind, holds_s) in kinds() {
            let scene = Scene::open().await;
            scene.plan(route, &kind).await;
            let begun = Instant::now();
            let sent = scene.request(&scene.rest, route, 1).await;
            assert_eq!(limited(&sent), None, "{route} {kind}");
            assert!(
                begun.elapsed().as_secs_f64() >= holds_s,
                "{route} {kind}: {:?}",
                begun.elapsed()
            );
            let statuses = scene.statuses(route).await;
            let is_one_more = matches!(statuses.as_slice(), [429, 401 | 404]);
            assert!(is_one_more, "{route} {kind}: {statuses:?}");
            let limits = scene.get("limits").await;
            assert_eq!(limits["breaches_made"], 0, "{route} {kind}: {limits}");
        }
    }
}

#[tokio::test]
async fn a_429_that_holds_too_long_is_the_last_request_to_what_it_covers() {
    for route in ROUTES {
        for (kind, _) in kinds() {
            let scene = Scene::open().await;
            let long = json!({"limit": kind["limit"], "bucket": kind["bucket"], "retry_after": 60});
            scene.plan(route, &long).await;
            for _ in 0..3 {
                let sent = scene.request(&scene.rest, route, 1).await;
                let wait = limited(&sent).expect("it is given up");
                assert!(wait > Duration::from_secs(50), "{route} {kind}: {wait:?}");
            }
            assert_eq!(scene.statuses(route).await, [429], "{route} {kind}");
            // What it does not cover goes on.
            let covers_everything = kind["limit"] == "cloudflare";
            let sent = scene.request(&scene.rest, CALLBACK, 2).await;
            let is_callback_held = covers_everything
                || route == CALLBACK && (kind["limit"] == "global" || kind["bucket"] == false);
            assert_eq!(limited(&sent).is_some(), is_callback_held, "{route} {kind}");
            let sent = scene.rest.gateway().await.map(drop);
            let is_held = covers_everything || kind["limit"] == "global";
            assert_eq!(limited(&sent).is_some(), is_held, "{route} {kind}");
            assert_eq!(scene.get("limits").await["breaches_made"], 0);
            let hold = scene.status.held_by_discord(Instant::now());
            assert_eq!(hold.is_some(), is_held, "{route} {kind}");
        }
    }
}

#[tokio::test]
async fn invalid_requests_end_long_before_discord_would_ban_the_address() {
    let scene = Scene::open().await;
    let forbidden = json!({"status": 403, "times": 100_000});
    scene.plan("/webhooks", &forbidden).await;
    scene.plan("/interactions", &forbidden).await;
    let most = limiter::INVALID_MAX - limiter::INVALID_RESERVED;
    for (route, most) in [(ANSWER, most), (CALLBACK, limiter::INVALID_RESERVED)] {
        let mut n = 0;
        while limited(&scene.request(&scene.rest, route, 1).await).is_none() {
            n += 1;
            assert!(n <= most, "{route}");
        }
        assert_eq!(scene.statuses(route).await.len(), most, "{route}");
    }
    let everything_else = scene.rest.gateway().await.map(drop);
    assert!(limited(&everything_else).is_some());
    let invalid = &scene.get("limits").await["invalid"]["all"];
    assert_eq!(*invalid, limiter::INVALID_MAX);
    let (hold, _) = scene.status.held_by_discord(Instant::now()).expect("told");
    assert_eq!(hold, Hold::BudgetSpent);
    let told = scene.metrics.text(&crate::metrics::Snapshot::default());
    let counted = r#"overwatch_bot_discord_refusals_total{kind="forbidden"} 1000"#;
    assert!(told.contains(counted), "{told}");
}

#[tokio::test]
async fn refused_token_is_sent_once() {
    let scene = Scene::open().await;
    scene.plan("/gateway/bot", &json!({"status": 401})).await;
    for _ in 0..3 {
        let sent = scene.rest.gateway().await.map(drop);
        assert!(
            matches!(sent, Err(RestError::Refused { status: 401, .. })),
            "{sent:?}"
        );
    }
    assert_eq!(scene.statuses("/gateway/bot").await, [401]);
    let acknowledged = scene.request(&scene.rest, CALLBACK, 1).await;
    assert_eq!(limited(&acknowledged), None);
    assert_eq!(scene.statuses(CALLBACK).await.len(), 1);
    let (hold, _) = scene.status.held_by_discord(Instant::now()).expect("told");
    assert_eq!(hold, Hold::TokenRefused);
}

#[tokio::test]
async fn acknowledgement_is_sent_again_after_an_outage_until_its_time_is_over() {
    for fault in [json!({"status": 502}), json!({"tear": true})] {
        let scene = Scene::open().await;
        scene.plan("/interactions", &fault).await;
        scene.plan("/interactions", &fault).await;
        let sent = scene.request(&scene.rest, CALLBACK, 1).await;
        assert_eq!(
            sent.expect_err("nobody clicked").code(),
            Some(code::UNKNOWN_INTERACTION)
        );
        assert_eq!(scene.statuses(CALLBACK).await.len(), 3, "{fault}");
    }
    let scene = Scene::open().await;
    let down = json!({"status": 503, "times": 1_000});
    scene.plan("/interactions", &down).await;
    let begun = Instant::now();
    let sent = scene.request(&scene.rest, CALLBACK, 1).await;
    assert!(sent.expect_err("it is down").is_passing());
    assert!(begun.elapsed() < Duration::from_millis(ACKNOWLEDGE_WITHIN_MS + 500));
    let tries = scene.statuses(CALLBACK).await.len();
    assert!((4..=8).contains(&tries), "{tries}");
}

#[tokio::test]
async fn later_answer_is_tried_a_few_times() {
    let scene = Scene::open().await;
    let down = json!({"status": 503, "times": 2});
    scene.plan("/webhooks", &down).await;
    let sent = scene.request(&scene.rest, ANSWER, 1).await;
    let error = sent.expect_err("nobody clicked");
    assert!(!error.is_outage(), "{error}");
    assert_eq!(scene.statuses(ANSWER).await, [503, 503, 401]);
}
