//! What strangers write, everywhere it is shown: titles, names, notes, reasons and descriptions that would mention,
//! link, format or deceive. Every request of every story is held to the same at its end (`support/spoken.rs`).

use overwatch_bot::domain::text::{LINES_MAX, visible};
use overwatch_bot::playground;
use serde_json::{Value, json};

use crate::scene::{account, card_reads, id, joined, number, on, planned};
use crate::teams::press;
use crate::thread::thread_is;
use crate::world::{Answer, Person, World, story, story_in, text_of};

/// Of all that is neutralised, something of each kind; within the 100 characters of a title.
const TYPED: &str = "\u{202E}Cup\u{2066} @everyone <@&1> [x](https://evil.io) discord.gg/a <t:1> </x:1> **b** z\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{200B}\u{E0041}";
/// The same in a name of Discord's, which has room for 32 characters.
const NAME: &str = "\u{202E}*Zoe* @here <@&5> x.gg/a\u{200B}\u{2067}";
/// What nothing of is left to see.
const UNSEEN: &str = "\u{200B}\u{3164}\u{2800}\u{FE0F}\u{202E}\u{E0041}\u{301}";

/// What would mention or link wherever it stands, and what would mean something where markdown is read.
const ANYWHERE: [&str; 5] = ["@everyone", "@here", "evil.io", "discord.gg", "x.gg"];
const IN_MARKDOWN: [&str; 4] = ["<@&", "[x](", "<t:1>", "</x"];

/// A world in which some people's names are hostile too.
fn named() -> playground::World {
    let mut world = playground::World::default();
    for person in [2, 4] {
        world.people[person].global_name = NAME.to_owned();
    }
    world
}

#[track_caller]
fn is_harmless(text: &str) {
    is_harmless_name(text);
    for meant in IN_MARKDOWN {
        assert!(!text.contains(meant), "{meant:?} is in {text}");
    }
}

/// The same where no markdown is read.
#[track_caller]
fn is_harmless_name(text: &str) {
    let seen = text.replace('\u{200B}', "");
    assert_eq!(visible(&seen), seen);
    for meant in ANYWHERE {
        assert!(!text.contains(meant), "{meant:?} is in {text}");
    }
}

/// The cards, pages and messages of a session whose texts are all hostile.
async fn everything_shown(world: &World, organiser: &Person<'_>, player: &Person<'_>) {
    let options = json!({"title": TYPED, "description": format!("{TYPED}\n# big\n-# small"), "thread": "yes", "event": "yes"});
    let card = planned(organiser, options).await;
    let thread = thread_is(world, &card, |_| true).await;
    let guild = world
        .shows("the event", |guild| {
            guild["events"]
                .as_array()
                .is_some_and(|all| !all.is_empty())
        })
        .await;
    for name in [&thread["name"], &guild["events"][0]["name"]] {
        let name = name.as_str().expect("a name");
        is_harmless_name(name);
        assert!(
            !name.contains('\\') && name.starts_with("Cup @\u{200B}everyone <@\u{200B}&1> [x]"),
            "{name}"
        );
    }
    is_harmless(
        guild["events"][0]["description"]
            .as_str()
            .expect("text")
            .split("Sign up")
            .next()
            .expect("ours follows"),
    );

    account(player, json!({"battletag": "Kwame#1111"})).await;
    let form = player.press(&card, &on(&card, "join")).await;
    let joined = player
        .submit(&form, json!({"roles": ["tank"], "note": TYPED}))
        .await;
    let desk = organiser.press(&card, &on(&card, "manage")).await;
    let organisers = press(organiser, &desk, "manage-organisers:").await;
    let desk = press(organiser, &organisers, "manage:").await;
    let menu = id(desk.message(), "manage-player:");
    let view = organiser
        .choose(desk.message(), &menu, &[&player.user])
        .await;
    view.says("Cup @\u{200B}everyone");
    let mut pages: Vec<Answer> = vec![joined, organisers, view];
    let session = json!({"session": number(&card).expect("a number")});
    for (command, options) in [
        ("session list", json!({})),
        ("session show", session.clone()),
        ("session history", session.clone()),
        ("profile show", json!({"user": player.user})),
        ("profile show", json!({})),
    ] {
        pages.push(organiser.command(command, options).await);
    }
    let edited = json!({"session": number(&card), "title": format!("{TYPED}2")});
    pages.push(organiser.command("session edit", edited).await);
    pages.push(
        organiser
            .command("session show", json!({"session": TYPED}))
            .await,
    );
    pages.push(
        organiser
            .command("account add", json!({"battletag": TYPED, "tank": TYPED}))
            .await,
    );
    for page in &pages {
        is_harmless(&page.text());
    }
    is_harmless(&text_of(&card_reads(player, &card, "everyone").await));
    let choices = organiser
        .complete("session show", json!({"session": "cup"}), "session")
        .await;
    assert_eq!(choices.len(), 1);
    is_harmless_name(&choices[0].0);
    assert!(!choices[0].0.contains('\\'), "{choices:?}");
    // What was shown is understood, also where it comes back as it was shown.
    let again = organiser
        .command("session show", json!({"session": choices[0].0}))
        .await;
    again.says("Cup @\u{200B}everyone");

    turned_down(organiser, &pages[2], player).await;
    let other = world.person(5);
    crate::scene::joined(&other, &card, "Hana#1111", &["tank"]).await;
    cancelled(organiser, &session, &other).await;
}

async fn turned_down(organiser: &Person<'_>, view: &Answer, player: &Person<'_>) {
    let form = press(organiser, view, "manage-reject-why:").await;
    let done = organiser
        .submit(&form, json!({"reason": format!("{TYPED}\n> quoted")}))
        .await;
    done.says("was turned down");
    let told = player.in_private().reads("not in the line-up").await;
    is_harmless(&text_of(&told));
}

async fn cancelled(organiser: &Person<'_>, session: &Value, player: &Person<'_>) {
    let mut options = session.clone();
    options["reason"] = TYPED.into();
    let form = organiser.command("session cancel", options).await;
    let title = form.0["modal"]["title"].as_str().expect("a form");
    is_harmless_name(title);
    assert!(title.ends_with("…”?") && !title.contains('\\'), "{title}");
    let done = organiser.submit(&form, json!({"reason": TYPED})).await;
    done.says("is cancelled");
    is_harmless(&done.text());
    let told = player.in_private().reads("does not take place").await;
    is_harmless(&text_of(&told));
    let history = organiser.command("session history", session.clone()).await;
    history.says("Cup @\u{200B}everyone");
    is_harmless(&history.text());
    let card = player.reads("Why").await;
    is_harmless(&text_of(&card));
}

#[tokio::test]
async fn what_strangers_write_means_nothing_anywhere() {
    story_in(named(), 1, async |world| {
        everything_shown(world, &world.person(2), &world.person(4)).await;
    })
    .await;
}

#[tokio::test]
async fn name_of_discord_s_is_shown_without_what_deceives() {
    story_in(named(), 1, async |world| {
        let card = planned(&world.person(0), json!({})).await;
        joined(&world.person(4), &card, "Zoe#1111", &["tank"]).await;
        let desk = world.person(0).press(&card, &on(&card, "manage")).await;
        desk.says("*Zoe* @\u{200B}here <@\u{200B}&5> x.\u{200B}gg/a");
        is_harmless(&desk.text());
        let profile = world.person(4).command("profile show", json!({})).await;
        let title = profile.message()["embeds"][0]["title"]
            .as_str()
            .expect("a title");
        assert_eq!(
            title,
            "\\*Zoe\\* @\u{200B}here \\<\u{200B}@\u{200B}&5\\> x.\u{200B}gg/a"
        );
    })
    .await;
}

#[tokio::test]
async fn text_of_nothing_that_can_be_seen_counts_as_none() {
    story(async |world| {
        let organiser = world.person(0);
        let options = json!({"title": UNSEEN, "description": UNSEEN});
        let card = planned(&organiser, options).await;
        assert!(
            text_of(&card).starts_with("5v5") || text_of(&card).contains("\n5v5"),
            "{card:#}"
        );
        let player = world.person(4);
        let said = player
            .command(
                "account add",
                json!({"battletag": format!("{UNSEEN}#1234")}),
            )
            .await;
        said.says("too short (0)");
        account(&player, json!({"battletag": "Freya#1111"})).await;
        let form = player.press(&card, &on(&card, "join")).await;
        player
            .submit(&form, json!({"roles": ["tank"], "note": UNSEEN}))
            .await
            .says("in the queue");
        let notes = "SELECT count(*) FROM session_queue WHERE note IS NOT NULL AND note <> ''";
        assert_eq!(world.ground.number(notes).await, 0);
        let desk = organiser.press(&card, &on(&card, "manage")).await;
        let menu = id(desk.message(), "manage-player:");
        let view = organiser
            .choose(desk.message(), &menu, &[&player.user])
            .await;
        let form = press(&organiser, &view, "manage-reject-why:").await;
        organiser
            .submit(&form, json!({"reason": UNSEEN}))
            .await
            .says("was turned down");
        let told = player.in_private().reads("not in the line-up").await;
        assert!(!text_of(&told).contains("\n>"), "{told:#}");
        let cancel = json!({"session": number(&card), "reason": UNSEEN});
        let question = organiser.command("session cancel", cancel).await;
        press(&organiser, &question, "cancel-sure:").await;
        let reasons =
            "SELECT count(*) FROM sessions WHERE cancel_reason IS NOT NULL AND cancel_reason <> ''";
        assert_eq!(world.ground.number(reasons).await, 0);
    })
    .await;
}

/// What was stored by an earlier version, which knew fewer of these characters, is shown harmlessly too.
#[tokio::test]
async fn text_that_was_stored_as_it_was_typed_is_shown_without_what_deceives() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Cup"})).await;
        let stored = TYPED.replace('\'', "");
        let change = format!("UPDATE sessions SET title = '{stored}', description = '{stored}'; UPDATE users SET username = '{stored}';");
        world.ground.change(&change).await;
        let lines = "a\n".repeat(400);
        let change = format!("UPDATE sessions SET description = description || '{lines}';");
        world.ground.change(&change).await;
        let shown = organiser.command("session show", json!({"session": number(&card)})).await;
        shown.says("Cup @\u{200B}everyone");
        is_harmless(&shown.text());
        let description = &shown.message()["embeds"][0]["description"];
        let lines = description.as_str().expect("text").lines().count();
        assert_eq!(lines, LINES_MAX, "{description}");
        let profile = organiser.command("profile show", json!({})).await;
        is_harmless(&profile.text());
        let listed = organiser.command("session list", json!({})).await;
        is_harmless(&listed.text());
    })
    .await;
}
