//! Who may do what: every command, button and form, by whom it is used, and where the session is in
//! its life. The routes come from the bot's own tables, so that a new one fails here until it has a row.

mod table;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use overwatch_bot::discord::{FEATURES, definitions};
use overwatch_bot::playground;
use serde_json::{Value, json};
use twilight_model::application::command::CommandOptionType;

use crate::ground;
use crate::world::{Answer, Person, World, story_in};
use table::{ROWS, Row};

/// The session; other sessions that are made meanwhile come after it.
const SESSION: i64 = 700_007;
/// Positions of people in the world.
const ADMINISTRATOR: usize = 0;
const MANAGER: usize = 1;
const ORGANISER: usize = 2;
const CO_ORGANISER: usize = 3;
const MEMBER: usize = 4;
const QUEUED: usize = 5;
const ACCEPTED: usize = 6;
const CAPTAIN: usize = 7;
const OTHER_CAPTAIN: usize = 8;
const STRANGER: usize = 10;
const LEFT: usize = 11;
const BANNED: usize = 12;
const HIDDEN: usize = 13;
const PEOPLE: usize = 14;

/// Who uses a route, in the order of the letters of a row.
const WHO: [&str; 14] = [
    "organiser",
    "co-organiser",
    "manager of events",
    "administrator",
    "member",
    "queued",
    "accepted",
    "captain",
    "stranger",
    "in another server",
    "in direct messages",
    "left",
    "banned",
    "channel hidden",
];

/// The person for a column, where they are.
fn person(world: &World, column: usize) -> Person<'_> {
    let second = playground::World::default().guilds[0].channels[1].id;
    match column {
        0 => world.person(ORGANISER),
        1 => world.person(CO_ORGANISER),
        2 => world.person(MANAGER),
        3 => world.person(ADMINISTRATOR),
        4 => world.person(MEMBER),
        5 => world.person(QUEUED),
        6 => world.person(ACCEPTED),
        7 => world.person(CAPTAIN),
        8 => world.person(STRANGER),
        9 => world.person(ACCEPTED).in_channel(world.other_channel()),
        10 => world.person(ACCEPTED).in_private(),
        11 => world.person(LEFT).in_private(),
        12 => world.person(BANNED).in_private(),
        _ => world.person(HIDDEN).in_channel(second.to_string()),
    }
}

/// Where the session is in its life.
#[derive(Clone, Copy)]
enum Life {
    Open,
    Started,
    Over,
}

impl Life {
    /// Its status, and its start from now, in minutes.
    fn status(self) -> (&'static str, i64) {
        match self {
            Self::Open => ("OPEN", 10),
            Self::Started => ("STARTED", -10),
            Self::Over => ("COMPLETED", -180),
        }
    }

    fn expected(self, row: &Row) -> &'static str {
        match self {
            Self::Open => row.open,
            Self::Started => row.started,
            Self::Over => row.over,
        }
    }
}

/// Statements that make everything as it was: a scrim with a check-in that is open, a draft in which the
/// first captain picks, an offer, a message that looks for players.
fn scene(world: &World, life: Life) -> String {
    let user = |position: usize| world.person(position).user;
    let (status, minutes) = life.status();
    let now = world.clock.now().timestamp();
    let start = now + minutes * 60;
    let (server, channel) = (world.server(), world.channel());
    let mut sql = "DELETE FROM outbox; DELETE FROM sessions; DELETE FROM users;\n".to_owned();
    let known = [
        ADMINISTRATOR,
        MANAGER,
        ORGANISER,
        CO_ORGANISER,
        MEMBER,
        QUEUED,
        ACCEPTED,
        CAPTAIN,
        OTHER_CAPTAIN,
        LEFT,
        BANNED,
        HIDDEN,
    ];
    for position in known {
        let (user, account) = (user(position), 700_100 + position);
        let _ = writeln!(
            sql,
            "INSERT INTO users (discord_id, username, timezone, created_at)
             VALUES ({user}, 'P{position}', 'Europe/Berlin', 0);
             INSERT INTO user_accounts (id, discord_id, account_name, account_key, is_primary, created_at)
             VALUES ({account}, {user}, 'Player#{account}', 'player#{account}', 1, 0);"
        );
    }
    let _ = writeln!(
        sql,
        "INSERT INTO sessions (id, creator_id, guild_id, channel_id, game_mode, teams, title,
             scheduled_time, length_minutes, timezone, status, created_at, check_in_minutes,
             check_in_opened_for)
         VALUES ({SESSION}, {}, {server}, {channel}, '5v5', 2, 'Cup', {start}, 120, 'Europe/Berlin',
             '{status}', 0, 15, {start});
         INSERT INTO session_co_organisers VALUES ({SESSION}, {}, 0);
         INSERT INTO session_calls (id, session_id, channel_id, message_id, created_at)
         VALUES (700005, {SESSION}, {channel}, 1, 0);",
        user(ORGANISER),
        user(CO_ORGANISER),
    );
    let places = [
        (QUEUED, None),
        (ACCEPTED, Some(("damage", "NULL"))),
        (CAPTAIN, Some(("tank", "1"))),
        (OTHER_CAPTAIN, Some(("tank", "2"))),
        (LEFT, Some(("damage", "NULL"))),
        (BANNED, Some(("support", "NULL"))),
        (HIDDEN, Some(("support", "NULL"))),
    ];
    for (position, place) in places {
        let (user, entry, account) = (user(position), 700_200 + position, 700_100 + position);
        let _ = writeln!(
            sql,
            "INSERT INTO session_queue (id, session_id, user_id, preferred_roles, joined_at)
             VALUES ({entry}, {SESSION}, {user}, '[\"support\"]', {position});
             INSERT INTO session_queue_accounts VALUES ({entry}, {account});"
        );
        if let Some((role, team)) = place {
            let _ = writeln!(
                sql,
                "INSERT INTO session_participants
                     (id, session_id, user_id, account_id, role, selected_at, team)
                 VALUES ({entry}, {SESSION}, {user}, {account}, '{role}', {position}, {team});"
            );
        }
    }
    let _ = writeln!(
        sql,
        "INSERT INTO place_offers VALUES ({}, 'support', 0, {}, 'open');
         INSERT INTO session_teams VALUES ({SESSION}, 1, {}, {});",
        700_200 + QUEUED,
        now + 3_600,
        user(CAPTAIN),
        user(OTHER_CAPTAIN),
    );
    sql
}

/// What stands for ids in the arguments of a row.
fn filled(world: &World, text: &str) -> String {
    let words = [
        ("{s}", SESSION.to_string()),
        ("{q}", world.person(QUEUED).user),
        ("{p}", world.person(ACCEPTED).user),
        ("{a}", (700_100 + QUEUED).to_string()),
        ("{b}", (700_100 + ACCEPTED).to_string()),
        ("{c}", world.person(CAPTAIN).user),
        ("{d}", world.person(OTHER_CAPTAIN).user),
        ("{t}", (world.clock.now().timestamp() + 86_400).to_string()),
        (
            "{e}",
            playground::World::default().guilds[0].channels[2]
                .id
                .to_string(),
        ),
    ];
    let replace = |text: String, (word, id): &(&str, String)| text.replace(word, id);
    words.iter().fold(text.to_owned(), replace)
}

/// Uses a row's route.
async fn uses(world: &World, person: &Person<'_>, row: &Row) -> Answer {
    let fill = |text: &str| filled(world, text);
    let (kind, name) = row.route.split_once(' ').expect("a kind and a name");
    match kind {
        "command" => {
            let options = serde_json::from_str(&fill(row.args)).expect("JSON");
            person.forge_command(name, options).await
        }
        "button" => {
            let values: Vec<_> = row.values.iter().map(|one| fill(one)).collect();
            let values: Vec<_> = values.iter().map(String::as_str).collect();
            let nowhere = json!({"id": "1"});
            let id = format!("{name}:{}", fill(row.args));
            person.forge(&nowhere, &id, &values).await
        }
        _ => {
            let fields: Value = match row.values {
                [] => json!({}),
                [fields, ..] => serde_json::from_str(&fill(fields)).expect("JSON"),
            };
            let id = format!("{name}:{}", fill(row.args));
            person.forge_modal(&id, fields).await
        }
    }
}

/// The class of an answer, as a letter of a row. What no sentence refuses is allowed.
fn class(answer: &Answer) -> char {
    const SENTENCES: [(char, &str); 24] = [
        ('n', "is not here any more"),
        ('n', "That session is gone"),
        ('o', "Only the organiser"),
        ('o', "is the organiser's to say"),
        ('s', "Sessions belong to a server"),
        ('g', "not in that session's server any more"),
        ('e', "This session is over"),
        ('e', "Nobody can join this session any more"),
        ('e', "has started already"),
        ('e', "is under way already"),
        ('e', "cannot be taken back any more"),
        ('e', "neither cancelled nor under way"),
        ('e', "is neither cancelled"),
        ('-', "You are not in this session's queue"),
        ('-', "You are in already"),
        ('-', "You have no place in this session"),
        ('-', "no place that is kept for you"),
        ('-', "That is not your turn"),
        ('-', "It is not your turn"),
        ('-', "not your turn"),
        ('-', "The organiser has not accepted you"),
        ('-', "There is no session called"),
        ('-', "I hold nothing of you"),
        ('-', "You may not write"),
    ];
    if answer.outcome() == "failed" {
        return '!';
    }
    let text = answer.text();
    let mut found = SENTENCES.iter().filter(|(_, said)| text.contains(said));
    found.next().map_or('+', |(class, _)| *class)
}

/// Goes through all rows and columns while the session is in one part of its life.
async fn matrix(life: Life) {
    if ground::on_postgres() {
        return eprintln!("skipped: rights are decided above the store");
    }
    story_in(playground::World::with_people(PEOPLE), 1, async |world| {
        world.post("faults/limits", json!({"enabled": false})).await;
        let server = world.server();
        let (left, banned) = (world.person(LEFT).user, world.person(BANNED).user);
        world
            .delete(&format!("guilds/{server}/members/{left}"))
            .await;
        world
            .post(&format!("guilds/{server}/bans/{banned}"), json!({}))
            .await;
        world.hide(&world.channel(), &world.person(HIDDEN)).await;
        let scene = scene(world, life);
        let (mut wrong, mut untouched) = (String::new(), false);
        for row in ROWS {
            let (mut found, mut said) = (String::new(), String::new());
            for (column, letter) in life.expected(row).chars().enumerate() {
                if !untouched {
                    world.ground.change(&scene).await;
                }
                let answer = uses(world, &person(world, column), row).await;
                let class = class(&answer);
                found.push(class);
                // What is refused has changed nothing, but that who has left is taken out.
                untouched = !matches!(class, '+' | 'g');
                if class != letter {
                    let text: String = answer.text().chars().take(160).collect();
                    let _ = writeln!(said, "    {}: {class}, not {letter}: {text:?}", WHO[column]);
                }
            }
            if !said.is_empty() {
                let _ = write!(wrong, "{} is {found:?}\n{said}", row.route);
            }
        }
        assert!(wrong.is_empty(), "\n{wrong}");
    })
    .await;
}

#[tokio::test]
async fn everyone_does_what_they_may_with_a_session_that_is_open() {
    matrix(Life::Open).await;
}

#[tokio::test]
async fn everyone_does_what_they_may_with_a_session_that_has_started() {
    matrix(Life::Started).await;
}

#[tokio::test]
async fn everyone_does_what_they_may_with_a_session_that_is_over() {
    matrix(Life::Over).await;
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let mut routes = BTreeSet::new();
    for command in definitions() {
        let subcommands = command.options.iter();
        let subcommands = subcommands.filter(|one| one.kind == CommandOptionType::SubCommand);
        let named = subcommands.map(|one| format!("command {} {}", command.name, one.name));
        let count = routes.len();
        routes.extend(named);
        assert!(routes.len() > count, "{} has no subcommands", command.name);
    }
    for feature in FEATURES {
        let buttons = feature.components.iter().map(|route| route.name);
        routes.extend(buttons.map(|name| format!("button {name}")));
        let forms = feature.modals.iter().map(|route| route.name);
        routes.extend(forms.map(|name| format!("form {name}")));
    }
    let rows: BTreeSet<String> = ROWS.iter().map(|row| row.route.to_owned()).collect();
    let without: Vec<_> = routes.symmetric_difference(&rows).collect();
    assert!(without.is_empty(), "either no row or no route: {without:?}");
    for row in ROWS {
        for letters in [row.open, row.started, row.over] {
            assert_eq!(letters.chars().count(), WHO.len(), "{}", row.route);
        }
    }
}
