//! Sessions: planned in words, found, and everything that people do wrong with that. Beside it:
//! planned without typing (`guided`), edited and cancelled (`change`).

mod change;
mod guided;

use serde_json::{Value, json};

use crate::world::{Answer, Person, story, text_of};

const ZONE: &str = "Europe/Berlin";

/// Options for a session on Friday evening, in Berlin, with others besides.
fn friday(others: &Value) -> Value {
    let mut options = json!({"mode": "5v5", "when": "fri 8pm", "timezone": ZONE});
    let all = options.as_object_mut().expect("an object");
    for (name, value) in others.as_object().expect("an object") {
        all.insert(name.clone(), value.clone());
    }
    options
}

async fn create(person: &Person<'_>, others: Value) -> Answer {
    person.command("session create", friday(&others)).await
}

/// A session of this title, whose card is there; the value that stands for it in lists.
async fn created(person: &Person<'_>, title: &str) -> String {
    let answer = create(person, json!({"title": title})).await;
    answer.says("is planned");
    let shows = |message: &Value| message["flags"] != 64 && text_of(message).contains(title);
    person.sees("the card", shows).await;
    picked(person, "show", title).await
}

/// What stands for the session of this title in the list of a subcommand.
async fn picked(person: &Person<'_>, subcommand: &str, title: &str) -> String {
    let command = format!("session {subcommand}");
    let choices = person
        .complete(&command, json!({"session": title}), "session")
        .await;
    match &choices[..] {
        [(_, value)] => value.clone(),
        other => panic!("not one session called {title:?}: {other:?}"),
    }
}

/// The id of the component on a message that begins like this.
fn id(message: &Value, begins: &str) -> String {
    let mut ids = vec![message];
    while let Some(value) = ids.pop() {
        if let Some(id) = value["custom_id"].as_str()
            && id.starts_with(begins)
        {
            return id.to_owned();
        }
        match value {
            Value::Array(values) => ids.extend(values.iter().rev()),
            Value::Object(fields) => ids.extend(fields.values()),
            _ => {}
        }
    }
    panic!("nothing begins with {begins:?} in {message:#}")
}

/// How many sessions the list shows on its first page.
async fn listed(person: &Person<'_>) -> usize {
    let list = person.command("session list", json!({})).await;
    list.text().matches("players").count()
}

#[tokio::test]
async fn a_session_planned_in_words_gets_one_card_however_often_it_is_delivered() {
    story(async |world| {
        let person = world.person(2);
        let answer = create(&person, json!({"title": "Friday night"})).await;
        // 20:00 in Berlin.
        answer
            .says("**Friday night**")
            .says("<t:1795806000:F>")
            .says("2 h");
        world.redeliver(&answer).await;
        let visitor = world.person(3);
        visitor.reads("Friday night").await;
        assert_eq!(listed(&visitor).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_time_is_shown_as_it_is_understood_while_it_is_typed() {
    story(async |world| {
        let person = world.person(2);
        let complete = async |typed: &str, zone: Option<&str>| {
            let options = json!({"when": typed, "timezone": zone});
            let mut options = options;
            if zone.is_none() {
                options
                    .as_object_mut()
                    .expect("an object")
                    .remove("timezone");
            }
            person.complete("session create", options, "when").await
        };
        let choices = complete("fri 8pm", Some(ZONE)).await;
        assert_eq!(choices[0].0, "Fri 27 Nov 2026, 20:00 CET — in 5 days");
        let twice = complete("2027-10-31 02:30", Some(ZONE)).await;
        assert!(
            twice[0].0.contains("CEST") && twice[1].0.contains("CET"),
            "{twice:?}"
        );
        let nowhere = complete("fri 8pm", None).await;
        assert!(nowhere[0].0.contains("/profile edit"), "{nowhere:?}");
        let anywhere = complete("in 2 hours", None).await;
        assert!(anywhere[0].0.contains("14:00 UTC"), "{anywhere:?}");
    })
    .await;
}

#[tokio::test]
async fn tiers_and_zones_are_proposed_as_the_mode_and_the_typing_want_them() {
    story(async |world| {
        let person = world.person(2);
        let tiers = json!({"mode": "Stadium", "lowest": "ro"});
        let tiers = person.complete("session create", tiers, "lowest").await;
        assert_eq!(
            tiers,
            [
                ("Rookie".to_owned(), "rookie".to_owned()),
                ("Pro".into(), "pro".into())
            ]
        );
        let zones = json!({"timezone": "berl"});
        let zones = person.complete("session create", zones, "timezone").await;
        assert_eq!(zones[0].1, ZONE);
    })
    .await;
}

#[tokio::test]
async fn without_a_zone_only_what_means_the_same_everywhere_is_taken() {
    story(async |world| {
        let person = world.person(2);
        let when = async |when: &str| {
            person
                .command("session create", json!({"mode": "5v5", "when": when}))
                .await
        };
        when("fri 8pm").await.says("/profile edit").says("timezone");
        when("in 2 hours").await.says("is planned");
        when("<t:1795806000>").await.says("is planned");
    })
    .await;
}

#[tokio::test]
async fn impossible_times_are_refused_with_what_is_possible() {
    story(async |world| {
        let person = world.person(2);
        for (when, said) in [
            ("2027-03-28 02:30", "01:30 CET"),
            ("2027-03-28 02:30", "03:30 CEST"),
            ("2027-10-31 02:30", "comes twice"),
            ("today 8am", "in the past"),
            ("2020-01-01 20:00", "in the past"),
            ("2028-06-01 20:00", ") is too far ahead"),
            ("friday", "at what time?"),
            ("2026-02-31 20:00", "don't understand"),
            ("25:00", "don't understand"),
            ("\u{7}**@everyone**", "don't understand"),
        ] {
            let answer = create(&person, json!({"when": when})).await;
            answer.says(said);
            assert!(!answer.text().contains("@everyone"), "{}", answer.text());
        }
        create(&person, json!({"timezone": "Atlantis"}))
            .await
            .says("don't know which time zone");
        assert_eq!(listed(&person).await, 0);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_one_sentence() {
    story(async |world| {
        let person = world.person(2);
        for (others, said) in [
            (
                json!({"description": "x".repeat(4_000)}),
                "3000 characters too long",
            ),
            (json!({"title": "x".repeat(101)}), "1 character too long"),
            (json!({"length": "13h"}), "15 min to 12 h"),
            (json!({"lowest": "wood"}), "not a tier"),
            (json!({"mode": "Stadium", "lowest": "diamond"}), "Rookie"),
            (
                json!({"lowest": "master", "highest": "gold"}),
                "Swap the two",
            ),
            (
                json!({"distance": 5}),
                "Role queue: Tank, Role queue: Damage",
            ),
        ] {
            create(&person, others).await.says(said);
        }
        assert_eq!(listed(&person).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_title_formats_nothing_and_mentions_nobody() {
    story(async |world| {
        let person = world.person(2);
        let title = "**@everyone**\u{202e} <@1>\u{0} [x](https://evil.example)\nsecond";
        create(&person, json!({"title": title}))
            .await
            .says("is planned");
        let list = person.command("session list", json!({})).await;
        for text in [list.text(), text_of(&person.reads("second").await)] {
            for evil in [
                "@everyone",
                "<@1>",
                "](https://evil",
                "\u{202e}",
                "\nsecond",
            ] {
                assert!(!text.contains(evil), "{evil:?} in {text}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn where_the_bot_may_not_write_it_says_what_it_lacks() {
    story(async |world| {
        let denied = 1_u64 << 11;
        let fault = json!({"channel": world.channel(), "denied": denied.to_string()});
        world.post("faults/access", fault).await;
        let answer = create(&world.person(2), json!({})).await;
        answer
            .says("I lack *Send Messages*")
            .says("choose another one");
    })
    .await;
}

#[tokio::test]
async fn in_direct_messages_the_way_to_a_server_is_told() {
    story(async |world| {
        let user = world.person(2).user;
        let command = json!({
            "user": user, "kind": "command", "name": "session", "subcommand": "list",
            "options": {}, "wait": "settled", "forge": true
        });
        let answer = Answer(world.post("interactions", command).await);
        answer.says("belong to a server");
        let private = world.person(2).in_private();
        let pressed = private
            .forge(&json!({"id": "1"}), "cancel-sure:1", &[])
            .await;
        pressed.says("belong to a server");
    })
    .await;
}

#[tokio::test]
async fn the_list_has_pages_and_leads_to_the_cards() {
    story(async |world| {
        let person = world.person(2);
        person
            .command("session list", json!({}))
            .await
            .says("/session plan");
        for number in 1..=6 {
            let when = format!("in {number} days");
            create(
                &person,
                json!({"title": format!("Night {number}"), "when": when}),
            )
            .await
            .says("is planned");
        }
        person.reads("Night 1").await;
        let first = person.command("session list", json!({})).await;
        first
            .says("Night 5")
            .says("Page 1 of 2")
            .says("0/5 players");
        let later = id(first.message(), "sessions:1");
        let second = person.press(first.message(), &later).await;
        second.says("Night 6").says("Page 2 of 2");
        assert_eq!(second.outcome(), "update");
        let beyond = person.forge(first.message(), "sessions:99999", &[]).await;
        beyond.says("Page 2 of 2");
    })
    .await;
}

#[tokio::test]
async fn a_session_is_found_by_its_title_and_not_by_that_of_another_server() {
    story(async |world| {
        let person = world.person(2);
        let session = created(&person, "Friday night").await;
        let show = async |person: &Person<'_>, typed: &str| {
            person
                .command("session show", json!({"session": typed}))
                .await
        };
        show(&person, "friday NIGHT").await.says("Friday night");
        show(&person, "night").await.says("Friday night");
        show(&person, "Saturday").await.says("no session called");
        let elsewhere = world.person(2).in_channel(world.other_channel());
        show(&elsewhere, &session).await.says("not here any more");
        let choices = json!({"session": ""});
        let choices = elsewhere.complete("session show", choices, "session").await;
        assert_eq!(choices, []);
    })
    .await;
}
