//! What everybody acts in: a scrim with a check-in that is open, and what stands in the arguments of buttons.

use serde_json::json;

use super::{
    ACCEPTED, ADMINISTRATOR, BANNED, CAPTAIN, CO_ORGANISER, HIDDEN, LEFT, Life, MANAGER, MEMBER,
    ORGANISER, OTHER_CAPTAIN, PEOPLE, QUEUED, SESSION,
};
use crate::ground::Editor;
use crate::scene::{id, ids};
use crate::world::World;

/// Statements that make everything as it was: a scrim with a check-in that is open, a draft in which the
/// first captain picks, two who are kept together, an offer, a message that looks for players.
pub(super) fn scene(world: &World, life: Life) -> String {
    let user = |position: usize| world.person(position).user;
    let (status, minutes) = life.status();
    let now = world.clock.now().timestamp();
    let start = now + minutes * 60;
    let (server, channel) = (world.server(), world.channel());
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
    let users = known.map(|n| format!("({}, 'P{n}', 'Europe/Berlin', 0)", user(n)));
    let accounts = known.map(|n| {
        let (user, account) = (user(n), account(n));
        format!("({account}, {user}, 'Player#{account}', 'player#{account}', 1, 0)")
    });
    let queued = [
        QUEUED,
        ACCEPTED,
        CAPTAIN,
        OTHER_CAPTAIN,
        LEFT,
        BANNED,
        HIDDEN,
    ];
    let entries = queued.map(|n| {
        let (user, entry) = (user(n), entry(n));
        format!("({entry}, {SESSION}, {user}, '[\"support\"]', {n})")
    });
    let offered = queued.map(|n| format!("({}, {})", entry(n), account(n)));
    let spots = [
        (ACCEPTED, "damage", "NULL"),
        (CAPTAIN, "tank", "1"),
        (OTHER_CAPTAIN, "tank", "2"),
        (LEFT, "damage", "NULL"),
        (BANNED, "support", "NULL"),
        (HIDDEN, "support", "NULL"),
    ];
    let spots = spots.map(|(n, role, team)| {
        let (user, entry, account) = (user(n), entry(n), account(n));
        format!("({entry}, {SESSION}, {user}, {account}, '{role}', {n}, {team})")
    });
    format!(
        "DELETE FROM outbox;
         DELETE FROM sessions;
         DELETE FROM users;
         INSERT INTO users (discord_id, username, timezone, created_at) VALUES {};
         INSERT INTO user_accounts
             (id, discord_id, account_name, account_key, is_primary, created_at) VALUES {};
         INSERT INTO sessions (id, creator_id, guild_id, channel_id, game_mode, teams, title,
             scheduled_time, length_minutes, timezone, status, created_at, check_in_minutes,
             check_in_opened_for)
         VALUES ({SESSION}, {}, {server}, {channel}, '5v5', 2, 'Cup', {start}, 120, 'Europe/Berlin',
             '{status}', 0, 15, {start});
         INSERT INTO session_co_organisers VALUES ({SESSION}, {}, 0);
         INSERT INTO session_calls (id, session_id, channel_id, message_id, created_at)
         VALUES (700005, {SESSION}, {channel}, 1, 0);
         INSERT INTO session_queue (id, session_id, user_id, preferred_roles, joined_at) VALUES {};
         INSERT INTO session_queue_accounts VALUES {};
         INSERT INTO session_participants
             (id, session_id, user_id, account_id, role, selected_at, team) VALUES {};
         INSERT INTO place_offers VALUES ({}, 'support', 0, {}, 'open');
         INSERT INTO session_teams VALUES ({SESSION}, 1, {}, {});
         INSERT INTO session_pairs (session_id, one_id, other_id, bond)
         VALUES ({SESSION}, {}, {}, 'together');",
        users.join(", "),
        accounts.join(", "),
        user(ORGANISER),
        user(CO_ORGANISER),
        entries.join(", "),
        offered.join(", "),
        spots.join(", "),
        entry(QUEUED),
        now + 3_600,
        user(CAPTAIN),
        user(OTHER_CAPTAIN),
        user(ACCEPTED),
        user(CAPTAIN),
    )
}

/// The account of the person at a position.
pub(super) fn account(position: usize) -> usize {
    700_100 + position
}

/// The queue entry of the person at a position.
pub(super) fn entry(position: usize) -> usize {
    700_200 + position
}

/// Makes the organiser disagree with a manager about the title. Returns statements by which everybody is
/// asked the same about the session of the scene, by a form that has the number of their user.
pub(super) async fn asked_by_form(world: &World, editor: &mut Editor) -> String {
    editor.change(&scene(world, Life::Open)).await;
    let (organiser, nowhere) = (world.person(ORGANISER), json!({"id": "1"}));
    let ask = format!("edit-ask:{SESSION}");
    let form = organiser.forge(&nowhere, &ask, &[]).await;
    let theirs = json!({"session": SESSION.to_string(), "title": "Cup of July"});
    let manager = world.person(MANAGER);
    let done = manager.command("session edit", theirs).await;
    done.says("Cup of July");
    let asked = organiser
        .submit(&form, json!({"title": "Cup of May"}))
        .await;
    let mine = id(asked.message(), "edit-mine:");
    let form = mine.split(':').nth(2).expect("the form's number");
    let copies = (0..PEOPLE).map(|n| {
        let user = world.person(n).user;
        format!(
            "DELETE FROM receipts WHERE interaction_id = {user};
             INSERT INTO receipts (interaction_id, command, answer, created_at)
             SELECT {user}, command,
                 replace(replace(answer, '{}', '{user}'), 'Cup of July', 'Cup'), created_at
             FROM receipts WHERE interaction_id = {form};",
            organiser.user
        )
    });
    copies.collect()
}

/// Statements that make the teams of the scene full.
pub(super) fn four_more(world: &World) -> String {
    let roles = ["damage", "damage", "support", "support"];
    let more = roles.iter().zip(PEOPLE..);
    let make = more.map(|(role, n)| {
        let (user, account, entry) = (world.person(n).user, account(n), entry(n));
        format!(
            "INSERT INTO users (discord_id, username, timezone, created_at)
             VALUES ({user}, 'P{n}', 'Europe/Berlin', 0);
             INSERT INTO user_accounts
                 (id, discord_id, account_name, account_key, is_primary, created_at)
             VALUES ({account}, {user}, 'Player#{account}', 'player#{account}', 1, 0);
             INSERT INTO session_queue (id, session_id, user_id, preferred_roles, joined_at)
             VALUES ({entry}, {SESSION}, {user}, '[\"{role}\"]', {n});
             INSERT INTO session_queue_accounts VALUES ({entry}, {account});
             INSERT INTO session_participants
                 (id, session_id, user_id, account_id, role, selected_at)
             VALUES ({entry}, {SESSION}, {user}, {account}, '{role}', {n});"
        )
    });
    make.collect()
}

/// The arguments of the button that uses the first proposal of teams that are full.
pub(super) async fn proposed(world: &World, editor: &mut Editor, full: &str) -> String {
    editor.change(&(scene(world, Life::Open) + full)).await;
    let nowhere = json!({"id": "1"});
    let organiser = world.person(ORGANISER);
    let teams = format!("teams:{SESSION}");
    let page = organiser.forge(&nowhere, &teams, &[]).await;
    let ids = ids(page.message());
    let mut found = ids.iter().filter_map(|id| id.strip_prefix("teams-use:"));
    found.next().expect("a proposal").to_owned()
}
