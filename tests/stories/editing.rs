//! Forms that are open while somebody else changes the same, times without a date, and labels that
//! Discord sends in place of values.

use std::collections::BTreeSet;

use overwatch_bot::discord::definitions;
use serde_json::{Value, json};

use crate::scene::{account, card_reads, id, joined, number, on, planned};
use crate::world::{Person, story, text_of};

const BERLIN: &str = "Europe/Berlin";

/// Opens the form about a session.
async fn form(person: &Person<'_>, session: &str) -> crate::world::Answer {
    let form = person
        .command("session edit", json!({"session": session}))
        .await;
    assert_eq!(form.outcome(), "modal");
    form
}

#[tokio::test]
async fn two_open_forms_do_not_undo_each_other() {
    story(async |world| {
        let (ana, manager) = (world.person(2), world.person(1));
        let card = planned(&ana, json!({"title": "Friday", "description": "Bring tea"})).await;
        let session = number(&card).expect("a number");
        let anas = form(&ana, &session).await;
        let managers = form(&manager, &session).await;
        let title = json!({"title": "Friday cup", "length": "180"});
        manager.submit(&managers, title).await.says("Friday cup");
        let when = json!({"session": session, "when": "2026-11-28 19:00", "timezone": BERLIN});
        manager.command("session edit", when).await.says("starts");
        let said = ana
            .submit(&anas, json!({"description": "Bring cake"}))
            .await;
        said.says("has another description");
        assert!(!said.text().contains("starts"), "{}", said.text());
        let card = card_reads(&ana, &card, "Bring cake").await;
        let text = text_of(&card);
        // Saturday, 19:00 in Berlin.
        for kept in ["Friday cup", "<t:1795888800", "3 h"] {
            assert!(text.contains(kept), "{kept} is not in {text}");
        }
        let unchanged = form(&ana, &session).await;
        let said = ana.submit(&unchanged, json!({})).await;
        said.says("is different from before");
    })
    .await;
}

#[tokio::test]
async fn field_that_both_changed_is_asked_about_and_survives_a_restart() {
    story(async |world| {
        let (ana, manager) = (world.person(2), world.person(1));
        let card = planned(&ana, json!({"title": "Friday", "description": "Bring tea"})).await;
        let session = number(&card).expect("a number");
        let anas = form(&ana, &session).await;
        let theirs = json!({"session": session, "title": "Their title", "description": "Same"});
        manager
            .command("session edit", theirs)
            .await
            .says("Their title");
        let mine = json!({"title": "My title", "description": "Same", "length": "90"});
        let asked = ana.submit(&anas, mine).await;
        asked
            .says("takes 1 h 30 min")
            .says("yours: “My title”; now: “Their title”");
        assert!(
            !asked.text().contains("**Description**"),
            "{}",
            asked.text()
        );
        card_reads(&ana, &card, "Their title").await;
        let (question, button) = (asked.message().clone(), id(asked.message(), "edit-mine:"));
        world.restart().await;
        let (ana, bo) = (world.person(2), world.person(3));
        bo.forge(&question, &button, &[]).await.says("too long ago");
        ana.press(&question, &button)
            .await
            .says("was called **Their title**");
        card_reads(&ana, &card, "My title").await;
        // Once more changed since the question: it is asked again.
        let later = json!({"session": session, "title": "Later"});
        world
            .person(1)
            .command("session edit", later)
            .await
            .says("Later");
        let again = ana.press(&question, &button).await;
        again.says("yours: “My title”; now: “Later”");
        let keep = id(again.message(), "edit-theirs:");
        ana.press(again.message(), &keep)
            .await
            .says("stays as it is");
        card_reads(&ana, &card, "Later").await;
    })
    .await;
}

#[tokio::test]
async fn what_was_typed_is_not_kept_for_ever() {
    story(async |world| {
        let ana = world.person(2);
        let card = planned(&ana, json!({"title": "Friday"})).await;
        let session = number(&card).expect("a number");
        for button in [
            format!("edit-mine:{session}:12:title"),
            "edit-mine:x:y".into(),
        ] {
            let answer = ana.forge(&json!({"id": "1"}), &button, &[]).await;
            assert_eq!(answer.outcome(), "message");
        }
        let gone = format!("edit-mine:{session}:12:title");
        let answer = ana.forge(&json!({"id": "1"}), &gone, &[]).await;
        answer.says("too long ago");
    })
    .await;
}

#[tokio::test]
async fn time_without_a_date_keeps_the_sessions_date() {
    story(async |world| {
        let ana = world.person(2);
        ana.command("profile edit", json!({"timezone": BERLIN}))
            .await
            .says("Saved");
        let card = planned(&ana, json!({"title": "Friday"})).await;
        let session = number(&card).expect("a number");
        let typed = json!({"session": session, "when": "21:30"});
        let offered = ana.complete("session edit", typed.clone(), "when").await;
        assert_eq!(offered[0].0, "Fri 27 Nov 2026, 21:30 CET — in 5 days");
        let said = ana.command("session edit", typed).await;
        // Friday, 21:30 and 20:00 in Berlin.
        said.says("starts <t:1795811400:F> instead of <t:1795806000:F>");
        let form = form(&ana, &session).await;
        let said = ana.submit(&form, json!({"when": "10pm"})).await;
        said.says("starts <t:1795813200:F>");
        let said = ana
            .command(
                "session edit",
                json!({"session": session, "when": "tomorrow 21:30"}),
            )
            .await;
        said.says("starts <t:1795465800:F>");
    })
    .await;
}

#[tokio::test]
async fn time_typed_on_a_days_page_is_of_that_day() {
    story(async |world| {
        let ana = world.person(2);
        ana.command("profile edit", json!({"timezone": BERLIN}))
            .await
            .says("Saved");
        let start = ana.command("session plan", json!({})).await;
        let day = ana.choose(start.message(), "plan:", &["5v5/1"]).await;
        let times = ana
            .choose(day.message(), "plan:5v5/1", &["2026-11-27"])
            .await;
        let type_time = id(times.message(), "plan-form:time");
        let form = ana.press(times.message(), &type_time).await;
        let ready = ana.submit(&form, json!({"when": "21:30"})).await;
        ready.says("Fri 27 Nov 2026, 21:30 CET");
    })
    .await;
}

#[tokio::test]
async fn profile_form_writes_only_what_was_changed_in_it() {
    story(async |world| {
        let ana = world.person(2);
        let before = json!({"timezone": BERLIN, "roles": "Tank"});
        ana.command("profile edit", before).await.says("Tank");
        let form = ana.command("profile edit", json!({})).await;
        let elsewhere = json!({"timezone": "Asia/Tokyo"});
        ana.command("profile edit", elsewhere).await.says("Tokyo");
        let said = ana.submit(&form, json!({"roles": ["support"]})).await;
        said.says("Asia/Tokyo").says("Support");
    })
    .await;
}

#[tokio::test]
async fn offer_form_writes_only_what_was_changed_in_it() {
    story(async |world| {
        let (ana, bo) = (world.person(2), world.person(3));
        let card = planned(&ana, json!({"title": "Friday"})).await;
        joined(&bo, &card, "Freya#1234", &["tank"])
            .await
            .says("in the queue");
        account(&bo, json!({"battletag": "Freya#4321"})).await;
        let phone = bo.press(&card, &on(&card, "join")).await;
        let laptop = bo.press(&card, &on(&card, "join")).await;
        let said = bo
            .submit(&laptop, json!({"note": "Late", "roles": ["support"]}))
            .await;
        said.says("Support");
        // The form on the phone shows Tank and no note; only the accounts are changed there.
        let all = phone.0["modal"]["components"].clone();
        let options = all[1]["component"]["options"].as_array().expect("accounts");
        let both: Vec<_> = options
            .iter()
            .map(|option| option["value"].clone())
            .collect();
        assert_eq!(both.len(), 2);
        let form = phone.0["modal"]["custom_id"].as_str().expect("an id");
        let sent = json!({"roles": ["tank"], "accounts": both, "note": ""});
        bo.forge_modal(form, sent).await.says("Support");
        let shown = bo.press(&card, &on(&card, "join")).await;
        assert!(shown.0.to_string().contains("Late"), "{:#}", shown.0);
    })
    .await;
}

/// The options with autocomplete, as `command subcommand option`.
fn completed() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for command in definitions() {
        for sub in &command.options {
            for option in sub.options.iter().flatten() {
                if option.autocomplete == Some(true) {
                    all.insert(format!("{} {} {}", command.name, sub.name, option.name));
                }
            }
        }
    }
    all
}

/// What is said with this option as Discord should send it, and with its label in its place.
async fn labelled(person: &Person<'_>, command: &str, given: Value, option: &str, typed: &str) {
    let mut typing = given.clone();
    typing[option] = typed.into();
    let offered = person.complete(command, typing, option).await;
    let (label, value) = offered
        .first()
        .unwrap_or_else(|| panic!("{command} {option}"));
    let mut said = Vec::new();
    for sent in [value, label] {
        let mut options = given.clone();
        options[option] = sent.clone().into();
        let answer = person.command(command, options).await;
        said.push((answer.outcome().to_owned(), answer.text()));
    }
    // Asked for twice, an edit says that nothing is different: it was understood alike.
    let alike = said[0] == said[1]
        || said[1].1.contains("different from before")
        || said[0].1.contains("Added") && said[1].1.contains("already");
    assert!(
        alike,
        "{command} {option}: {label:?} in place of {value:?}: {said:?}"
    );
    let text = &said[1].1;
    let refused = ["I don't", "I know no", "no such", "There is no", "not a"];
    let refused = refused.iter().find(|words| text.contains(**words));
    assert_eq!(refused, None, "{command} {option}: {text}");
}

#[tokio::test]
async fn label_in_place_of_a_value_is_understood_for_every_option() {
    story(async |world| {
        let ana = world.person(2);
        ana.command("profile edit", json!({"timezone": BERLIN})).await.says("Saved");
        let ranks = json!({"battletag": "Ana#1234", "tank": "gold 3", "damage": "gold 3", "support": "gold 3"});
        ana.command("account add", ranks).await.says("Added");
        let card = planned(&ana, json!({"title": "Friday night"})).await;
        let session = number(&card).expect("a number");
        let mut tried = BTreeSet::new();
        let mut label = async |command: &str, given: Value, option: &str, typed: &str| {
            labelled(&ana, command, given, option, typed).await;
            tried.insert(format!("{command} {option}"));
        };
        let here = json!({"session": session});
        for command in ["show", "edit", "cancel", "history"] {
            label(&format!("session {command}"), json!({}), "session", "friday").await;
        }
        // Its card is in this channel already, which is said of the session that was picked.
        let to = json!({"channel": world.channel()});
        label("session move", to, "session", "friday").await;
        label("session edit", here.clone(), "when", "sat 8pm").await;
        label("session edit", json!({"session": session, "when": "sat 9pm"}), "timezone", "paris").await;
        label("session edit", here.clone(), "lowest", "gold").await;
        label("session edit", here.clone(), "highest", "diamond").await;
        label("profile edit", json!({}), "timezone", "london").await;
        label("profile edit", json!({}), "roles", "fill").await;
        label("profile edit", json!({}), "roles", "no pref").await;
        label("account edit", json!({"tank": "gold 2"}), "account", "ana").await;
        label("account primary", json!({}), "account", "ana").await;
        for ladder in ["tank", "damage", "support", "open", "stadium-tank", "stadium-damage", "stadium-support"] {
            label("account edit", json!({}), ladder, "2").await;
            let tag = format!("{}#1234", ladder.replace('-', ""));
            label("account add", json!({"battletag": tag}), ladder, "2").await;
        }
        let create = json!({"mode": "5v5", "when": "2026-12-01 20:00"});
        let at = |option: &str| {
            let mut create = create.clone();
            create["title"] = option.into();
            create
        };
        // The same plan again is the same session, so that both are answered alike.
        label("session create", at("a"), "when", "thu 8pm").await;
        label("session create", at("b"), "timezone", "new york").await;
        label("session create", at("c"), "lowest", "gold").await;
        label("session create", at("d"), "highest", "diamond").await;
        ana.command("session edit", here.clone()).await;
        let cancel = id(ana.command("session cancel", here.clone()).await.message(), "cancel-sure:");
        let question = ana.command("session cancel", here).await;
        ana.press(question.message(), &cancel).await.says("cancelled");
        let reopened = ana.complete("session reopen", json!({"session": "friday"}), "session").await;
        let label = json!({"session": reopened[0].0});
        ana.command("session reopen", label).await.says("Friday night");
        tried.insert("session reopen session".into());
        let accounts = ana.complete("account remove", json!({"account": "ana"}), "account").await;
        let label = json!({"account": accounts[0].0});
        ana.command("account remove", label).await.says("Removed");
        tried.insert("account remove account".into());
        assert_eq!(completed(), tried);
    })
    .await;
}

#[tokio::test]
async fn hint_to_set_a_zone_is_no_time() {
    story(async |world| {
        let bo = world.person(3);
        let typing = json!({"mode": "5v5", "when": "fri 8pm"});
        let hint = bo.complete("session create", typing, "when").await;
        let sent = json!({"mode": "5v5", "when": hint[0].0});
        bo.command("session create", sent)
            .await
            .says("set your time zone with /profile edit");
    })
    .await;
}
