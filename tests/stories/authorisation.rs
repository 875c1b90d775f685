//! Who may do what: every command, button and form, by whom it is used, and where the session is in
//! its life. The routes come from the bot's own tables, so that a new one fails here until it has a row.

mod forged;
mod scene;
mod table;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use overwatch_bot::discord::{FEATURES, definitions};
use overwatch_bot::playground;
use serde_json::{Value, json};
use twilight_model::application::command::CommandOptionType;

use crate::ground::Editor;
use crate::world::{Answer, Person, World, story_in};
use scene::{account, asked_by_form, four_more, proposed, scene};
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

/// A query of everything that people decide, one text a row. What jobs write is not in it: messages,
/// threads, events, and what is to be delivered.
const DECIDED: &str = "
    SELECT concat_ws('|', 'user', discord_id, preferred_roles, timezone, reminder_minutes) FROM users
    UNION ALL
    SELECT concat_ws('|', 'account', id, discord_id, account_name, is_primary) FROM user_accounts
    UNION ALL
    SELECT concat_ws('|', 'rank', account_id, ladder, tier, division) FROM account_ranks
    UNION ALL
    SELECT concat_ws('|', 'session', id, creator_id, channel_id, game_mode, teams, title, description,
        scheduled_time, length_minutes, status, cancel_reason, admission) FROM sessions
    UNION ALL
    SELECT concat_ws('|', 'queue', id, user_id, preferred_roles, is_streaming, note, rejected_by,
        checked_in_for) FROM session_queue
    UNION ALL
    SELECT concat_ws('|', 'offered', queue_id, account_id) FROM session_queue_accounts
    UNION ALL
    SELECT concat_ws('|', 'participant', id, user_id, account_id, role, selected_by, team)
        FROM session_participants
    UNION ALL
    SELECT concat_ws('|', 'offer', queue_id, role, until, state) FROM place_offers
    UNION ALL
    SELECT concat_ws('|', 'organiser', session_id, user_id) FROM session_co_organisers
    UNION ALL
    SELECT concat_ws('|', 'log', session_id, actor_id, action, subject_id) FROM session_log
    UNION ALL
    SELECT concat_ws('|', 'call', id, channel_id) FROM session_calls
    UNION ALL
    SELECT concat_ws('|', 'thread', session_id, wanted) FROM session_threads
    UNION ALL
    SELECT concat_ws('|', 'event', session_id, wanted) FROM session_events
    UNION ALL
    SELECT concat_ws('|', 'teams', session_id, published, blue_captain, red_captain) FROM session_teams
    UNION ALL
    SELECT concat_ws('|', 'pair', session_id, one_id, other_id, bond) FROM session_pairs
    UNION ALL
    SELECT concat_ws('|', 'refusal', session_id, user_id) FROM refusals
    ORDER BY 1";

/// What stands for ids in the arguments of a row that a person uses.
fn filled(world: &World, person: &Person<'_>, text: &str) -> String {
    let position = (0..PEOPLE).find(|n| world.person(*n).user == person.user);
    let own = account(position.expect("somebody of this world"));
    let words = [
        ("{form}", person.user.clone()),
        ("{own}", format!("Player#{own}")),
        ("{s}", SESSION.to_string()),
        ("{q}", world.person(QUEUED).user),
        ("{p}", world.person(ACCEPTED).user),
        ("{a}", account(QUEUED).to_string()),
        ("{b}", account(ACCEPTED).to_string()),
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
async fn uses(world: &World, person: &Person<'_>, row: &Row, proposal: &str) -> Answer {
    let fill = |text: &str| filled(world, person, text).replace("{proposal}", proposal);
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
            match name {
                "manage-call-in" | "manage-move-to" => {
                    person.forge_channels(&nowhere, &id, &values).await
                }
                _ => person.forge(&nowhere, &id, &values).await,
            }
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
    const SENTENCES: [(char, &str); 25] = [
        // Said above how the session stands.
        ('+', "no more; the message goes"),
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

/// A world in which the scene is set as often as it was changed.
struct Stage<'w> {
    world: &'w World,
    editor: Editor,
    scene: String,
    /// Statements that make the teams of the scene full.
    full: String,
    /// The arguments of the button that uses a proposal for them.
    proposal: String,
    /// What [`DECIDED`] gives of the scene.
    decided: Vec<String>,
}

impl<'w> Stage<'w> {
    async fn new(world: &'w World, life: Life) -> Self {
        let mut editor = world.ground.editor().await;
        let asked = asked_by_form(world, &mut editor).await;
        let full = four_more(world);
        let proposal = proposed(world, &mut editor, &full).await;
        let mut stage = Self {
            world,
            editor,
            scene: scene(world, life) + &asked,
            full,
            proposal,
            decided: Vec::new(),
        };
        stage.editor.change(&stage.scene).await;
        stage.decided = stage.editor.texts(DECIDED).await;
        stage
    }

    /// Uses a row's route in the scene, and sets the scene again if that has changed it. Returns the
    /// answer, and the rows that are new or gone.
    async fn uses(&self, column: usize, row: &Row) -> (Answer, Vec<String>) {
        let is_of_full = row.args == "{proposal}";
        if is_of_full {
            self.editor.change(&self.full).await;
        }
        let decided = match is_of_full {
            true => &self.editor.texts(DECIDED).await,
            false => &self.decided,
        };
        let proposal = &self.proposal;
        let answer = uses(self.world, &person(self.world, column), row, proposal).await;
        let now = self.editor.texts(DECIDED).await;
        if is_of_full || now != *decided {
            self.editor.change(&self.scene).await;
        }
        let differs = |here: &[String], there: &[String]| {
            let here = here.iter().filter(|one| !there.contains(one));
            here.cloned().collect::<Vec<_>>()
        };
        let mut changed = differs(&now, decided);
        changed.extend(differs(decided, &now));
        (answer, changed)
    }

    /// The letter of a cell, and what was said and done.
    async fn cell(&self, column: usize, row: &Row) -> (char, String) {
        let (answer, changed) = self.uses(column, row).await;
        let class = class(&answer);
        // Who has left is taken out, whatever they try.
        if changed.is_empty() || class == 'g' {
            return (class, answer.text());
        }
        // It may have been a job's work. The same once more in the scene tells.
        let (answer, changed) = self.uses(column, row).await;
        match (changed.is_empty(), class) {
            (true, class) => (class, answer.text()),
            (false, '+') => ('*', answer.text()),
            (false, _) => ('!', format!("refused, and changes {changed:?}")),
        }
    }
}

/// Goes through all rows and columns while the session is in one part of its life.
async fn matrix(life: Life) {
    story_in(
        playground::World::with_people(PEOPLE + 4),
        1,
        async |world| {
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
            let stage = Stage::new(world, life).await;
            let mut wrong = String::new();
            for row in ROWS {
                let (mut found, mut said) = (String::new(), String::new());
                for (column, letter) in life.expected(row).chars().enumerate() {
                    let (class, text) = stage.cell(column, row).await;
                    found.push(class);
                    if class != letter {
                        let text: String = text.chars().take(160).collect();
                        let _ =
                            writeln!(said, "    {}: {class}, not {letter}: {text:?}", WHO[column]);
                    }
                }
                if !said.is_empty() {
                    let _ = write!(wrong, "{} is {found:?}\n{said}", row.route);
                }
            }
            assert!(wrong.is_empty(), "\n{wrong}");
        },
    )
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
