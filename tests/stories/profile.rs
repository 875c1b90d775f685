//! Profiles: set by options or by a form, shown, exported, deleted.

use serde_json::{Value, json};

use crate::world::{Answer, Person, story};

async fn settle_in(person: &Person<'_>) {
    let options = json!({"timezone": "Europe/Berlin", "roles": "Tank, Damage", "reminder": "60"});
    person.command("profile edit", options).await.says("Saved");
    let options = json!({"battletag": "Freya#1234", "tank": "d3"});
    person.command("account add", options).await.says("Added");
}

async fn shown(person: &Person<'_>) -> Answer {
    person.command("profile show", json!({})).await
}

#[tokio::test]
async fn a_profile_is_set_by_options_and_what_is_left_out_stays() {
    story(async |world| {
        let freya = world.person(4);
        shown(&freya).await.says("I hold nothing of you");
        let options = json!({"timezone": "Europe/Berlin", "roles": "dps tank", "reminder": "60"});
        let saved = freya.command("profile edit", options).await;
        saved
            .says("Europe/Berlin — 13")
            .says("CET")
            .says("Tank, Damage");
        saved.says("1 hour before").says("/account add");
        let options = json!({"reminder": "none"});
        freya
            .command("profile edit", options)
            .await
            .says("No reminder");
        shown(&freya)
            .await
            .says("Europe/Berlin")
            .says("Tank, Damage");
        let options = json!({"roles": "none"});
        freya
            .command("profile edit", options)
            .await
            .says("no preference");
    })
    .await;
}

#[tokio::test]
async fn a_profile_is_set_by_a_form_that_survives_a_restart_and_shows_what_is_set() {
    story(async |world| {
        let form = world.person(4).command("profile edit", json!({})).await;
        assert_eq!(form.outcome(), "modal", "{form:?}");
        world.restart().await;
        let freya = world.person(4);
        let values =
            json!({"zone": "Europe/Berlin", "roles": ["tank", "flex"], "reminder": ["1440"]});
        let saved = freya.submit(&form, values).await;
        saved
            .says("Europe/Berlin")
            .says("Tank, Flex")
            .says("1 day before");
        // Sent again as it opens, the form changes nothing; emptied, it takes the zone away.
        let form = freya.command("profile edit", json!({})).await;
        let saved = freya.submit(&form, json!({})).await;
        saved
            .says("Europe/Berlin")
            .says("Tank, Flex")
            .says("1 day before");
        let form = freya.command("profile edit", json!({})).await;
        let saved = freya.submit(&form, json!({"zone": "", "roles": []})).await;
        saved
            .says("not set")
            .says("no preference")
            .says("1 day before");
    })
    .await;
}

#[tokio::test]
async fn a_zone_that_is_not_clear_is_picked_and_nothing_else_is_lost() {
    story(async |world| {
        let freya = world.person(4);
        let options = json!({"timezone": "usa", "roles": "support", "reminder": "1440"});
        let question = freya.command("profile edit", options).await;
        question.says("Which one is yours?");
        let id = "profile-zone:support:1440";
        world.restart().await;
        let freya = world.person(4);
        let picked = freya
            .choose(question.message(), id, &["America/Denver"])
            .await;
        assert_eq!(picked.outcome(), "update");
        picked
            .says("America/")
            .says("Denver")
            .says("Support")
            .says("1 day before");
        let forged = freya
            .forge(question.message(), "profile-zone:x:y", &["Nowhere"])
            .await;
        forged.says("I know no time zone");
    })
    .await;
}

#[tokio::test]
async fn impossible_zones_and_roles_are_refused_in_a_sentence() {
    story(async |world| {
        let freya = world.person(4);
        let long = "Berlin".repeat(600);
        let bad = [
            "Mars/Olympus",
            "+99",
            "<@&1> @everyone **x**",
            "\u{7}\u{202e}zzz",
            &long,
        ];
        for zone in bad {
            let said = freya
                .command("profile edit", json!({"timezone": zone}))
                .await;
            said.says("I know no time zone").says("Berlin");
            let text = said.text();
            assert!(
                !text.contains("@everyone") && !text.contains("<@&"),
                "{text}"
            );
            assert!(!text.contains("**x") && text.len() < 500, "{text}");
        }
        let said = freya
            .command("profile edit", json!({"roles": "tank @everyone"}))
            .await;
        said.says("I know no role “everyone”");
        shown(&freya).await.says("I hold nothing of you");
    })
    .await;
}

#[tokio::test]
async fn zones_and_roles_are_completed_with_the_time_there() {
    story(async |world| {
        let freya = world.person(4);
        let offered = async |option: &str, typed: &str| {
            let options = json!({option: typed});
            freya.complete("profile edit", options, option).await
        };
        let zones = offered("timezone", "new york").await;
        let expected = (
            "America/New_York — 07:00 EST".into(),
            "America/New_York".into(),
        );
        assert_eq!(zones[0], expected);
        assert_eq!(offered("timezone", "zzzz").await, []);
        assert_eq!(offered("roles", "").await.len(), 9);
        assert_eq!(offered("roles", "heal").await[0].0, "Support");
    })
    .await;
}

#[tokio::test]
async fn others_see_roles_and_ranks_and_nothing_else() {
    story(async |world| {
        let (freya, kwame) = (world.person(4), world.person(5));
        settle_in(&freya).await;
        let second = json!({"battletag": "Secret#1234"});
        freya.command("account add", second).await.says("Added");
        let ask = json!({"user": freya.user});
        let seen = kwame.command("profile show", ask.clone()).await;
        seen.says("Tank, Damage")
            .says("Freya\\#1234")
            .says("Diamond 3");
        for hidden in ["Berlin", "Secret", "1 hour before"] {
            assert!(!seen.text().contains(hidden), "{}", seen.text());
        }
        let ask_back = json!({"user": kwame.user});
        let nothing = freya.command("profile show", ask_back).await;
        nothing.says("has no profile yet");
        freya
            .command("profile show", ask)
            .await
            .says("Secret")
            .says("Berlin");
    })
    .await;
}

#[tokio::test]
async fn people_of_another_server_are_not_shown() {
    story(async |world| {
        // Noor is in the first server only.
        let noor = world.person(9);
        settle_in(&noor).await;
        let there = world.person(4).in_channel(world.other_channel());
        let said = there
            .command("profile show", json!({"user": noor.user}))
            .await;
        assert!(!said.text().contains("Diamond"), "{}", said.text());
    })
    .await;
}

#[tokio::test]
async fn everything_works_in_direct_messages() {
    story(async |world| {
        let freya = world.person(4).in_private();
        settle_in(&freya).await;
        shown(&freya).await.says("Europe/Berlin").says("Diamond 3");
        shown(&world.person(4)).await.says("Europe/Berlin");
        let file = freya.command("profile export", json!({})).await;
        file.says("overwatch-profile.json");
        let asked = freya.command("profile delete", json!({})).await;
        freya
            .press(asked.message(), "profile-delete:")
            .await
            .says("deleted");
    })
    .await;
}

#[tokio::test]
async fn a_profile_is_deleted_only_after_a_yes_and_only_once() {
    story(async |world| {
        settle_in(&world.person(4)).await;
        let freya = world.person(4);
        let asked = freya.command("profile delete", json!({})).await;
        asked.says("Freya\\#1234").says("cannot be undone");
        let kept = freya.press(asked.message(), "profile-keep:").await;
        kept.says("Nothing was deleted");
        shown(&freya).await.says("Diamond 3");
        let asked = freya.command("profile delete", json!({})).await;
        world.restart().await;
        let freya = world.person(4);
        let gone = freya.press(asked.message(), "profile-delete:").await;
        assert_eq!(gone.outcome(), "update");
        gone.says("is deleted");
        shown(&freya).await.says("I hold nothing of you");
        // Delivered once more, the old yes deletes nothing that was made since.
        settle_in(&freya).await;
        world.redeliver(&gone).await;
        shown(&freya).await.says("Diamond 3");
    })
    .await;
}

#[tokio::test]
async fn deleting_nothing_is_answered_kindly() {
    story(async |world| {
        let freya = world.person(4);
        let said = freya.command("profile delete", json!({})).await;
        said.says("I hold nothing of you");
        let said = freya.forge(said.message(), "profile-delete:", &[]).await;
        said.says("I hold nothing of you");
    })
    .await;
}

#[tokio::test]
async fn the_export_is_a_file_for_the_person_alone() {
    story(async |world| {
        let freya = world.person(4);
        freya
            .command("profile export", json!({}))
            .await
            .says("I hold nothing of you");
        settle_in(&freya).await;
        let answer = freya.command("profile export", json!({})).await;
        let message = answer.message();
        assert_eq!(message["flags"].as_u64().map(|flags| flags & 64), Some(64));
        let file = &message["attachments"][0];
        assert_eq!(file["filename"], "overwatch-profile.json");
        let url = file["url"].as_str().expect("an address");
        let text = reqwest::get(url).await.expect("the file").text().await;
        let text = text.expect("text");
        assert!(text.starts_with("{\n  \""), "pretty: {text}");
        let document: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(document["profile"]["discord_id"], freya.user.as_str());
        assert_eq!(document["profile"]["time_zone"], "Europe/Berlin");
        assert_eq!(document["profile"]["created_at"], "2026-11-22T12:00:00Z");
        let account = &document["accounts"][0];
        assert_eq!(account["battletag"], "Freya#1234");
        assert_eq!(account["ranks"][0]["rank"], "Diamond 3");
        assert_eq!(account["ranks"][0]["declared_at"], "2026-11-22T12:00:00Z");
        assert_eq!(document["organised_sessions"], json!([]));
    })
    .await;
}
