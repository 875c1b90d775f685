//! What Discord refuses for a while is not sent meanwhile, and nothing of it is lost: neither an answer
//! to a click nor a card.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::health::ready_once;
use crate::scene::{joined, on, planned};
use crate::world::{PATIENCE, World, story, story_before_the_start, text_of};

/// Invalid requests (401, 403, 429 but those of scope `shared`) that a story may end with. Discord bans
/// an address at 10,000 in ten minutes; a story is a minute of a few people.
pub(crate) const INVALID_MAX: u64 = 6;

const CALLBACK: &str = "/interactions/{interaction_id}/{interaction_token}/callback";
const POST: &str = "/channels/{channel_id}/messages";

impl World {
    /// Refuses a bot that came back before a 429 was over, or was refused more often than it may.
    pub(crate) async fn keeps_limits(&self) {
        let limits = self.get("limits").await;
        assert_eq!(
            limits["breaches_made"], 0,
            "the bot came back too early: {limits:#}"
        );
        let invalid = limits["invalid"]["all"].as_u64().expect("a number");
        assert!(
            invalid <= self.invalid_max,
            "too many invalid requests: {limits:#}"
        );
    }

    /// The story provokes so many refusals on purpose, for this reason.
    pub(crate) fn provokes_refusals(&mut self, more: u64, reason: &str) {
        assert!(!reason.is_empty(), "there is a reason");
        self.invalid_max += more;
    }

    /// What the requests to this route were answered with, from the nth on.
    async fn answers(&self, method: &str, route: &str, from: usize) -> Vec<u64> {
        let requests = self.requests().await;
        let here = requests
            .iter()
            .filter(|request| request["method"] == method && request["route"] == route);
        let statuses = here.filter_map(|request| request["status"].as_u64());
        statuses.skip(from).collect()
    }
}

/// All kinds of 429.
fn kinds() -> Vec<Value> {
    let mut kinds = Vec::new();
    for limit in ["user", "shared", "global"] {
        for bucket in [true, false] {
            kinds.push(json!({"limit": limit, "bucket": bucket, "retry_after": 0.4}));
        }
    }
    kinds.push(json!({"limit": "cloudflare", "retry_after": 1.0}));
    kinds
}

async fn refuse(world: &World, method: &str, route: &str, kind: &Value) {
    let mut fault = kind.clone();
    fault["method"] = method.into();
    fault["route"] = route.into();
    world.post("faults/requests", fault).await;
}

#[tokio::test]
async fn refused_answer_is_given_after_its_wait_whatever_the_kind() {
    story(async |world| {
        world.provokes_refusals(7, "one of each kind");
        let person = world.person(2);
        for kind in kinds() {
            let before = world.count("POST", "/interactions").await;
            refuse(world, "POST", CALLBACK, &kind).await;
            let answer = person.command("profile show", json!({})).await;
            answer.says("profile");
            let answers = world.answers("POST", CALLBACK, before).await;
            assert_eq!(answers, [429, 204], "{kind}");
        }
    })
    .await;
}

#[tokio::test]
async fn answer_that_cannot_come_in_time_is_given_up_once() {
    story(async |world| {
        let person = world.person(2);
        let long = json!({"limit": "user", "retry_after": 30});
        refuse(world, "POST", CALLBACK, &long).await;
        let command = person.command("profile show", json!({}));
        let time = async {
            while world.count("POST", "/interactions").await == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            world.clock.advance(TimeDelta::seconds(4));
        };
        let (answer, ()) = tokio::join!(command, time);
        assert_eq!(answer.outcome(), "failed");
        // It was about that click alone, whose bucket it names.
        person
            .command("profile show", json!({}))
            .await
            .says("profile");
        assert_eq!(world.answers("POST", CALLBACK, 0).await, [429, 204]);
    })
    .await;
}

#[tokio::test]
async fn refused_card_is_posted_after_its_wait_whatever_the_kind() {
    story(async |world| {
        world.provokes_refusals(7, "one of each kind");
        let organiser = world.person(0);
        for (n, kind) in kinds().into_iter().enumerate() {
            let before = world.answers("POST", POST, 0).await.len();
            refuse(world, "POST", POST, &kind).await;
            let title = format!("Session {n}");
            planned(&organiser, json!({"title": title})).await;
            let answers = world.answers("POST", POST, before).await;
            assert_eq!(answers, [429, 200], "{kind}");
        }
    })
    .await;
}

#[tokio::test]
async fn global_limit_holds_everything_but_answers_and_is_told() {
    story(async |world| {
        let (organiser, player) = (world.person(0), world.person(2));
        let card = planned(&organiser, json!({})).await;
        let global = json!({"limit": "global", "retry_after": 3});
        refuse(world, "PATCH", "/channels", &global).await;
        joined(&player, &card, "Player#1234", &["tank"]).await;
        let parts = ready_once(world, |parts| parts["discord"]["ok"] == false).await;
        assert_eq!(parts["ok"], true, "a restart would only make it worse");
        let says = parts["discord"]["says"].as_str().unwrap_or_default();
        assert!(says.contains("the limit over all requests"), "{says}");
        player
            .press(&card, &on(&card, "streaming"))
            .await
            .says("you stream");
        let shown =
            |message: &Value| message["id"] == card["id"] && text_of(message).contains("📺");
        organiser.sees("the card as it is", shown).await;
        ready_once(world, |parts| parts["discord"]["ok"] == true).await;
    })
    .await;
}

#[tokio::test]
async fn answer_whose_reply_was_lost_is_not_done_twice() {
    story(async |world| {
        let (organiser, player) = (world.person(0), world.person(2));
        let card = planned(&organiser, json!({})).await;
        joined(&player, &card, "Player#1234", &["tank"]).await;
        let faults = [
            json!({"status": 502, "after": true}),
            json!({"tear": true, "after": true}),
            json!({"status": 502}),
            json!({"tear": true}),
        ];
        // Each press turns it on or off; one that is done twice would leave it as it was.
        for (fault, says) in faults
            .iter()
            .zip(["you stream", "you don't stream"].iter().cycle())
        {
            refuse(world, "POST", CALLBACK, fault).await;
            let before = world.count("POST", "/interactions").await;
            let answer = player.press(&card, &on(&card, "streaming")).await;
            answer.says(says);
            let again = async {
                while world.count("POST", "/interactions").await < before + 2 {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            let again = tokio::time::timeout(PATIENCE, again).await;
            again.expect("it is sent again");
        }
    })
    .await;
}

#[tokio::test]
async fn start_waits_for_discord_and_readyz_says_so() {
    story_before_the_start(1, async |world| {
        for (method, route) in [
            ("GET", "/applications/@me"),
            ("PUT", "/applications/{application_id}/commands"),
            ("GET", "/gateway/bot"),
        ] {
            let down = json!({"status": 503, "times": 1});
            refuse(world, method, route, &down).await;
        }
        let torn = json!({"tear": true});
        refuse(world, "GET", "/gateway/bot", &torn).await;
        let free = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = free.local_addr().expect("its address");
        drop(free);
        let settings = overwatch_bot::app::Settings {
            http: Some(address),
            ..world.settings()
        };
        let waits = async {
            loop {
                let answer = reqwest::get(format!("http://{address}/readyz")).await;
                if let Ok(answer) = answer {
                    let status = answer.status().as_u16();
                    let parts: Value = answer.json().await.expect("JSON");
                    let says = parts["discord"]["says"].as_str().unwrap_or_default();
                    if says.contains("the start waits for Discord") {
                        return status;
                    }
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let (app, status) = tokio::join!(world.start_with(settings), waits);
        assert_eq!(status, 503);
        app.ready().await;
        world.app = Some(app);
        let parts = ready_once(world, |parts| parts["ok"] == true).await;
        assert_eq!(parts["discord"]["ok"], true);
        assert_eq!(world.answers("GET", "/gateway/bot", 0).await.len(), 3);
    })
    .await;
}
