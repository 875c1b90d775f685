//! Every card ends true: whatever kept the bot from showing it, and whatever happened to its session
//! meanwhile, it is true soon after the next click in its server, and within ten minutes without one.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use overwatch_bot::domain::ids::{GuildId, SessionId, UserId};
use overwatch_bot::domain::session::Actor;
use overwatch_bot::playground::APPLICATION_ID;
use overwatch_bot::store::outbox::parking::ParkedGuilds;
use overwatch_bot::store::session::CancelSession;
use serde_json::{Value, json};

use crate::scene::{number, planned};
use crate::world::{PATIENCE, Person, World, require_within, story, text_of};

const VIEW_CHANNEL: u64 = 1 << 10;
const EMBED_LINKS: u64 = 1 << 14;
const MANAGE_THREADS: u64 = 1 << 34;
/// The longest that a card takes without anybody doing anything.
const INTERVAL_MIN: i64 = 10;

/// A card is true so soon after the next click in its server.
const TRUE_WITHIN: Duration = Duration::from_secs(10);

/// What keeps the bot from showing a card.
#[derive(Clone, Copy, Debug)]
enum Obstacle {
    Permission,
    Kick,
    Thread,
    Hidden,
}

/// What happens to the session meanwhile.
#[derive(Clone, Copy, Debug)]
enum Change {
    Start,
    End,
    Cancellation,
}

/// What has the card tried again.
#[derive(Clone, Copy, Debug)]
enum Retry {
    Click,
    Interval,
}

impl Obstacle {
    /// Puts the obstacle in the way of what is in `channel`, or takes it away.
    async fn set(self, world: &World, channel: &str, on: bool) {
        match self {
            Self::Permission => deny(world, channel, EMBED_LINKS, on).await,
            Self::Hidden => deny(world, channel, VIEW_CHANNEL, on).await,
            Self::Kick => {
                let path = format!("guilds/{}/bot", world.server());
                world.post(&path, json!({"present": !on})).await;
            }
            Self::Thread => {
                deny(world, &world.channel(), MANAGE_THREADS, on).await;
                let set = json!({"archived": on, "locked": on});
                world.post(&format!("threads/{channel}"), set).await;
            }
        }
    }
}

impl Change {
    /// Makes it happen. Returns what the card is to say.
    async fn make(self, world: &World, card: &Value) -> &'static str {
        match self {
            Self::Start => {
                world.at("2026-11-27T19:00:00Z");
                "Under way"
            }
            Self::End => {
                world.at("2026-11-27T21:00:00Z");
                "Over"
            }
            Self::Cancellation => {
                // Nobody can use a command where the bot is not.
                let number = number(card).expect("a card").parse();
                let cancel = CancelSession {
                    session: SessionId(number.expect("a number")),
                    actor: organiser(world),
                    reason: None,
                    at: world.clock.now(),
                };
                let store = world.app.as_ref().expect("it runs").store();
                let cancelled = store.execute_job(cancel).await.expect("an answer");
                cancelled.expect("it is ahead");
                "Cancelled"
            }
        }
    }
}

pub(crate) fn organiser(world: &World) -> Actor {
    Actor {
        user: UserId(world.person(0).user.parse().expect("an id")),
        guild: GuildId(world.server().parse().expect("an id")),
        manages_events: true,
        administrator: true,
    }
}

async fn deny(world: &World, channel: &str, bits: u64, on: bool) {
    let denied = if on { bits } else { 0 }.to_string();
    let overwrite = json!({
        "id": APPLICATION_ID.to_string(), "type": "member", "allow": "0", "deny": denied,
    });
    world
        .post(&format!("channels/{channel}/overwrites"), overwrite)
        .await;
}

/// Waits until something is parked, or nothing any more.
pub(crate) async fn is_parked(world: &World, is: bool) {
    let store = world.app.as_ref().expect("it runs").store();
    let waiting = async {
        while store
            .query(ParkedGuilds)
            .await
            .expect("an answer")
            .is_empty()
            == is
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let parked = tokio::time::timeout(PATIENCE, waiting).await;
    parked.unwrap_or_else(|_| panic!("parked is not {is}"));
}

/// A session whose card is in a place that the obstacle can be put into.
async fn card_for<'w>(world: &'w World, obstacle: Obstacle) -> (Person<'w>, Value) {
    let organiser = world.person(0);
    let place = match obstacle {
        Obstacle::Thread => {
            let plan = json!({"title": "League", "thread": "yes", "when": "2026-11-29 20:00"});
            let league = planned(&organiser, plan).await;
            crate::thread::thread_is(world, &league, |_| true).await;
            organiser.in_channel(league["id"].as_str().expect("an id").to_owned())
        }
        _ => organiser,
    };
    let card = planned(&place, json!({"title": "Cup"})).await;
    (place, card)
}

async fn ends_true(obstacle: Obstacle, change: Change, retry: Retry) {
    story(async |world| {
        world.provokes_refusals(30, "a card is kept from being shown");
        let (place, card) = card_for(world, obstacle).await;
        let channel = place.channel.clone().expect("a channel");
        if let Change::End = change {
            world.at("2026-11-27T19:00:00Z");
            crate::scene::card_reads(&place, &card, "Under way").await;
        }
        obstacle.set(world, &channel, true).await;
        let says = change.make(world, &card).await;
        is_parked(world, true).await;
        obstacle.set(world, &channel, false).await;
        let begun = Instant::now();
        match retry {
            // The time stands still: the click alone does it.
            Retry::Click => {
                let elsewhere = world.person(4).in_channel(world.channel_at(2));
                let answer = elsewhere.command("session list", json!({})).await;
                assert_eq!(answer.outcome(), "message");
            }
            Retry::Interval => world.clock.advance(TimeDelta::minutes(INTERVAL_MIN)),
        }
        let is_whole = |message: &Value| {
            message["id"] == card["id"]
                && message["content"] == ""
                && text_of(message).contains(says)
        };
        place.sees("the card as it is", is_whole).await;
        let took = begun.elapsed();
        eprintln!("{obstacle:?}, {change:?}, {retry:?}: {took:?}");
        if let Retry::Click = retry {
            require_within(took, TRUE_WITHIN);
        }
        is_parked(world, false).await;
    })
    .await;
}

async fn all_end_true(obstacle: Obstacle) {
    for change in [Change::Start, Change::End, Change::Cancellation] {
        for retry in [Retry::Click, Retry::Interval] {
            ends_true(obstacle, change, retry).await;
        }
    }
}

#[tokio::test]
async fn card_ends_true_once_a_permission_is_given_back() {
    all_end_true(Obstacle::Permission).await;
}

#[tokio::test]
async fn card_ends_true_once_the_bot_is_invited_back() {
    all_end_true(Obstacle::Kick).await;
}

#[tokio::test]
async fn card_ends_true_once_its_thread_is_reopened() {
    all_end_true(Obstacle::Thread).await;
}

#[tokio::test]
async fn card_ends_true_once_its_channel_is_shown_again() {
    all_end_true(Obstacle::Hidden).await;
}

/// A message that is to go, in a channel that the bot does not see at that moment.
#[tokio::test]
async fn old_card_goes_once_its_channel_is_shown_again() {
    for retry in [Retry::Click, Retry::Interval] {
        story(async |world| {
            world.provokes_refusals(30, "the old card is kept from being taken away");
            let organiser = world.person(0);
            let card = planned(&organiser, json!({"title": "Cup"})).await;
            deny(world, &world.channel(), VIEW_CHANNEL, true).await;
            let to = json!({"session": "Cup", "channel": world.channel_at(1)});
            let moved = organiser.command("session move", to).await;
            moved.says("appears in");
            is_parked(world, true).await;
            let store = world.app.as_ref().expect("it runs").store();
            let guild = organiser_guild(world);
            assert_eq!(store.query(ParkedGuilds).await.expect("an answer"), [guild]);
            deny(world, &world.channel(), VIEW_CHANNEL, false).await;
            match retry {
                Retry::Click => {
                    let elsewhere = world.person(4).in_channel(world.channel_at(2));
                    elsewhere.command("session list", json!({})).await;
                }
                Retry::Interval => world.clock.advance(TimeDelta::minutes(INTERVAL_MIN)),
            }
            is_parked(world, false).await;
            let left = organiser.messages().await;
            assert!(left.iter().all(|message| message["id"] != card["id"]));
        })
        .await;
    }
}

fn organiser_guild(world: &World) -> GuildId {
    organiser(world).guild
}
