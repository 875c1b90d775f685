//! Several processes on one PostgreSQL: the real program, three times; what one of them loses, the
//! others do. On a file there is one process, and nothing of this to tell.

mod budgets;
mod pooled;
mod takeover;

use std::cell::Cell;
use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::future::join_all;
use overwatch_bot::app::App;
use serde_json::{Value, json};

use crate::ground::Ground;
use crate::postgres::Server;
use crate::scene::{account, card_reads, id, ids, joined, on, planned};
use crate::world::{Answer, Person, TOKEN, World, story_of_many, story_over_http, text_of};

/// What does not happen within this has not happened, in seconds.
const PATIENCE_S: u64 = 90;
/// Shards in these stories. The first server is on the first of them.
const SHARDS: u32 = 4;

/// The program, running against the story's Discord and on its database.
struct Process(Child);

impl Process {
    fn start(world: &World) -> Self {
        Self::with(world, "auto")
    }

    /// Told which shards are its own.
    fn with(world: &World, shards: &str) -> Self {
        let (name, value) = world.ground.variable();
        let number = std::fs::read_dir(world.folder.path()).map_or(0, Iterator::count);
        let log = File::create(world.folder.path().join(format!("{number}.log")));
        let child = Command::new(env!("CARGO_BIN_EXE_overwatch-bot"))
            .env_clear()
            .env("BOT_TOKEN", TOKEN)
            .env("DISCORD_API_URL", world.discord.url())
            .env(name, value)
            .env("SHARDS", shards)
            .current_dir(world.folder.path())
            .stderr(log.map_or_else(|_| Stdio::null(), Stdio::from))
            .spawn()
            .expect("the program starts");
        Self(child)
    }

    fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status();
        assert!(sent.expect("kill").success());
    }

    /// The process as the database knows it: the beginning of its name.
    fn name(&self) -> String {
        format!("{:x}.%", self.0.id())
    }

    /// Ends it as an operator does, and waits for it.
    async fn stop(mut self) {
        self.signal("-TERM");
        until("it has ended", async || {
            self.0.try_wait().expect("it was started").is_some()
        })
        .await;
    }

    /// Ends it as a power cut would.
    fn kill(mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it is gone");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Looks again and again until something is so.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let patience = Duration::from_secs(PATIENCE_S);
    let seen = tokio::time::timeout(patience, looking).await;
    assert!(seen.is_ok(), "never so: {what}");
}

/// Waits until so many processes run all shards, evenly, and each is connected.
async fn shared_by(world: &World, processes: i64) {
    let each = i64::from(SHARDS);
    until("the shards are shared out", async || {
        let count = async |query: &str| world.ground.number(query).await;
        let holders = count("SELECT count(DISTINCT process) FROM shard_holders").await;
        let held = count("SELECT count(*) FROM shard_holders").await;
        let most = "SELECT coalesce(max(n), 0) FROM \
                    (SELECT count(*) AS n FROM shard_holders GROUP BY process) AS held";
        let even = count(most).await <= each.div_euclid(processes) + 1;
        holders == processes && held == each && even && connected(world).await == each
    })
    .await;
}

async fn connected(world: &World) -> i64 {
    let gateway = world.get("gateway").await;
    let sessions = gateway["sessions"].as_array().cloned().unwrap_or_default();
    let up = sessions
        .iter()
        .filter(|session| session["connected"] == true);
    let shards: std::collections::BTreeSet<_> =
        up.map(|session| session["shard"][0].as_u64()).collect();
    i64::try_from(shards.len()).expect("a few")
}

/// Three processes; the first one does the chores and runs the first server's shard.
async fn three(world: &World) -> Vec<Process> {
    let first = Process::start(world);
    shared_by(world, 1).await;
    leads(world, &first).await;
    let others = [Process::start(world), Process::start(world)];
    shared_by(world, 3).await;
    [first].into_iter().chain(others).collect()
}

/// Waits until this process does the chores.
async fn leads(world: &World, process: &Process) {
    let query = format!(
        "SELECT count(*) FROM leases WHERE process LIKE '{}'",
        process.name()
    );
    until("it does the chores", async || {
        world.ground.number(&query).await == 1
    })
    .await;
}

/// Plans a session in two hours; its card.
async fn plan(world: &World, title: &str) -> Value {
    let organiser = world.person(0);
    let session = json!({"mode": "5v5", "when": "in 2 hours", "timezone": "UTC", "title": title});
    organiser
        .command("session create", session)
        .await
        .says("is planned");
    let card = |message: &Value| message["flags"] != 64 && text_of(message).contains(title);
    organiser.sees("the card", card).await
}

/// Joins, again and again until it is acknowledged.
async fn join(person: &Person<'_>, card: &Value, battletag: &str) {
    let add = async || {
        person
            .command("account add", json!({"battletag": battletag}))
            .await
    };
    until("the account is there", async || {
        add()
            .await
            .text()
            .contains(battletag.split('#').next().unwrap_or_default())
    })
    .await;
    until("they are in the queue", async || {
        let form = person.press(card, &on(card, "join")).await;
        if form.outcome() != "modal" {
            return false;
        }
        let answer = person.submit(&form, json!({"roles": ["tank"]})).await;
        answer.text().contains("queue")
    })
    .await;
}

/// So many people join at the same time; `after` happens when the first of them are in.
async fn crowd(
    world: &World,
    card: &Value,
    people: std::ops::Range<usize>,
    after: impl AsyncFnOnce(),
) {
    let half = people.len() / 2;
    let done = Cell::new(0);
    let joining = people.map(|who| {
        let (done, person) = (&done, world.person(who));
        async move {
            join(&person, card, &format!("Player{who}#1234")).await;
            done.set(done.get() + 1);
        }
    });
    let event = async {
        until("half of them are in", async || done.get() >= half).await;
        after().await;
    };
    tokio::join!(join_all(joining), event);
}

/// Everybody who was told that they are in is in, once, and the card says so.
async fn all_are_in(world: &World, card: &Value, count: usize) {
    let places = "SELECT count(*) FROM session_queue";
    assert_eq!(
        world.ground.number(places).await,
        i64::try_from(count).expect("a few")
    );
    card_reads(&world.person(0), card, &format!("Waiting ({count})")).await;
}

/// Lets the session on this card start, and waits until the clock has seen it.
async fn falls_due(world: &World) {
    let due = "UPDATE sessions SET scheduled_time = scheduled_time - 7200 - 60";
    world.ground.change(due).await;
    let started = "SELECT count(*) FROM sessions WHERE status = 'STARTED'";
    until("the session has started", async || {
        world.ground.number(started).await == 1
    })
    .await;
}

#[tokio::test]
async fn when_one_of_three_is_killed_nothing_that_was_answered_is_lost_and_all_goes_on() {
    story_of_many(SHARDS, async |world| killed_in_a_crowd(world).await).await;
}

/// One of three is killed while a crowd joins.
async fn killed_in_a_crowd(world: &World) {
    let mut bots = three(world).await;
    let known = world.get("gateway").await["sessions"]
        .as_array()
        .map_or(0, Vec::len);
    assert_eq!(
        known, SHARDS as usize,
        "shards changed hands by being resumed"
    );
    let card = plan(world, "Crash test").await;
    let first = bots.remove(0);
    crowd(world, &card, 1..9, async || first.kill()).await;
    all_are_in(world, &card, 8).await;
    shared_by(world, 2).await;
    falls_due(world).await;
    let free = "SELECT count(*) FROM outbox WHERE claimed_by IS NOT NULL \
                    AND claimed_by NOT IN (SELECT id FROM processes)";
    assert_eq!(world.ground.number(free).await, 0);
}

#[tokio::test]
async fn when_the_database_is_killed_people_are_told_and_all_goes_on_when_it_is_back() {
    let Some(server) = Server::own() else { return };
    story_of_many(SHARDS, async |world| {
        world.ground = Ground::with_schema_on(&server).await;
        let _first = Process::start(world);
        shared_by(world, 1).await;
        let _second = Process::start(world);
        shared_by(world, 2).await;
        let card = plan(world, "Crash test").await;
        let somebody = world.person(9);
        crowd(world, &card, 1..7, async || {
            server.kill();
            // What serves a connection may outlive the server by a moment, and still save.
            loop {
                let roles = json!({"roles": "Tank"});
                let told = somebody.command("profile edit", roles).await;
                assert_eq!(told.outcome(), "message", "{told:?}");
                if told.text().contains("try again") {
                    break;
                }
                told.says("Saved");
            }
            server.start_after_kill();
        })
        .await;
        all_are_in(world, &card, 6).await;
        shared_by(world, 2).await;
        falls_due(world).await;
    })
    .await;
}

#[tokio::test]
async fn a_process_that_was_asleep_does_nothing_a_second_time() {
    story_of_many(SHARDS, async |world| {
        let sleeper = Process::start(world);
        shared_by(world, 1).await;
        leads(world, &sleeper).await;
        let player = world.person(3);
        player
            .command("profile edit", json!({"reminder": "60"}))
            .await
            .says("1 hour");
        let card = plan(world, "Nap").await;
        join(&player, &card, "Sleepy#1234").await;

        let other = Process::start(world);
        shared_by(world, 2).await;
        sleeper.signal("-STOP");
        leads(world, &other).await;
        // Nobody is reminded of what was near already when they joined.
        let soon = "UPDATE session_queue SET joined_at = joined_at - 86400; \
                    UPDATE sessions SET scheduled_time = scheduled_time - 7200 + 900, \
                    remind_at = remind_at - 7200 + 900";
        world.ground.change(soon).await;
        let reminded = |message: &Value| text_of(message).contains("Nap");
        player.in_private().sees("a reminder", reminded).await;
        shared_by(world, 1).await;

        sleeper.signal("-CONT");
        // It learns that it was given up, joins anew, and takes its share again.
        shared_by(world, 2).await;
        leads(world, &other).await;
        let due = "UPDATE sessions SET scheduled_time = scheduled_time - 3600";
        world.ground.change(due).await;
        card_reads(&player, &card, "Under way").await;
        let reminders = player
            .in_private()
            .messages()
            .await
            .into_iter()
            .filter(reminded)
            .count();
        assert_eq!(reminders, 1);
    })
    .await;
}

#[tokio::test]
async fn three_are_updated_one_by_one_under_clicks_and_none_is_lost() {
    story_of_many(SHARDS, async |world| {
        let old = three(world).await;
        let done = Cell::new(false);
        let update = async {
            let mut new = Vec::new();
            for process in old {
                new.push(Process::start(world));
                shared_by(world, 4).await;
                process.stop().await;
                shared_by(world, 3).await;
            }
            done.set(true);
            new
        };
        let clickers = [world.person(1), world.person(2)];
        let elsewhere = world.person(3).in_channel(world.other_channel());
        let clickers = clickers.into_iter().chain([elsewhere]);
        let clicking = clickers.map(|person| go_on(person, &done));
        let (new, answers) = tokio::join!(update, join_all(clicking));
        for answer in answers.iter().flatten() {
            answer.says("Saved");
        }
        drop(new);
    })
    .await;
}

#[tokio::test]
async fn two_that_are_told_their_shards_run_those_and_resume_them() {
    story_of_many(SHARDS, async |world| {
        let all_connected = async || connected(world).await == i64::from(SHARDS);
        let lower = Process::with(world, "0-1/4");
        let _upper = Process::with(world, "2-3/4");
        until("each runs its own", all_connected).await;
        let card = plan(world, "By hand").await;
        join(&world.person(1), &card, "First#1234").await;
        lower.stop().await;
        assert_eq!(connected(world).await, 2, "nobody takes what is not theirs");
        let _lower = Process::with(world, "0-1/4");
        until("they are back", all_connected).await;
        join(&world.person(2), &card, "Second#1234").await;
        all_are_in(world, &card, 2).await;
        let known = world.get("gateway").await["sessions"].clone();
        let known = known.as_array().map_or(0, Vec::len);
        assert_eq!(known, SHARDS as usize, "resumed, not begun anew");
    })
    .await;
}

/// Changes their profile again and again, until it is enough.
async fn go_on(person: Person<'_>, done: &Cell<bool>) -> Vec<Answer> {
    let mut answers = Vec::new();
    while !done.get() {
        let roles = ["Tank", "Support"][answers.len() % 2];
        answers.push(
            person
                .command("profile edit", json!({"roles": roles}))
                .await,
        );
    }
    answers
}

/// The custom id with which the organiser accepts a player as a tank.
async fn accepting(organiser: &Person<'_>, card: &Value, player: &Person<'_>) -> (Value, String) {
    let desk = organiser.press(card, &on(card, "manage")).await;
    let menus = ids(desk.message());
    let menu = menus
        .iter()
        .find(|id| id.starts_with("manage-player:") && !id.ends_with(":in"));
    let menu = menu.expect("a menu of people");
    let view = organiser
        .choose(desk.message(), menu, &[&player.user])
        .await;
    (view.message().clone(), id(view.message(), "manage-accept:"))
}

#[tokio::test]
async fn two_processes_that_answer_for_one_session_keep_its_caps_and_answer_once() {
    story_over_http(async |world| {
        if world.ground.place().file().is_none() {
            caps_are_kept(world).await;
        }
    })
    .await;
}

/// Two processes answer for one session, in turns.
async fn caps_are_kept(world: &World) {
    let second = App::start(world.settings(), world.clock.clone())
        .await
        .expect("it starts");
    let urls = [world.app.as_ref(), Some(&second)].map(|app| {
        let address = app.and_then(App::http).expect("an address");
        format!("http://{address}/interactions")
    });
    world.post("endpoint", json!({"urls": urls})).await;

    let organiser = world.person(0);
    let card = planned(&organiser, json!({})).await;
    let mut presses = Vec::new();
    for who in 2..8 {
        let player = world.person(who);
        joined(&player, &card, &format!("Tank{who}#1234"), &["tank"]).await;
        presses.push(accepting(&organiser, &card, &player).await);
    }
    let accepted = presses
        .iter()
        .map(async |(view, id)| organiser.forge(view, id, &[]).await);
    let answers = join_all(accepted).await;
    let in_it = answers
        .iter()
        .filter(|answer| answer.text().contains("is in as Tank"));
    assert_eq!(in_it.count(), 1, "{answers:#?}");
    let tanks = "SELECT count(*) FROM session_participants WHERE role = 'tank'";
    assert_eq!(world.ground.number(tanks).await, 1);

    // The next delivery is the other process' turn.
    let player = world.person(8);
    account(&player, json!({"battletag": "Twice#1234"})).await;
    let form = player.press(&card, &on(&card, "join")).await;
    let answer = player.submit(&form, json!({"roles": ["support"]})).await;
    world.redeliver(&answer).await;
    let path = format!("/interactions/{}/", answer.id());
    let requests = world.requests().await;
    let given = requests.iter().filter(|request| {
        request["path"]
            .as_str()
            .is_some_and(|other| other.starts_with(&path))
    });
    let bodies: Vec<_> = given.map(|request| &request["body"]).collect();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0], bodies[1], "the same answer from both");
    second.stop().await;
}
