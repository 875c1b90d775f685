//! Sessions edited and cancelled, by those who may and by those who may not.

use serde_json::{Value, json};

use super::{ZONE, created, id, listed};
use crate::world::story;

#[tokio::test]
async fn an_edit_by_options_says_what_is_different() {
    story(async |world| {
        let person = world.person(2);
        let session = created(&person, "Friday night").await;
        let edit = async |options: Value| {
            let mut options = options;
            options["session"] = json!(session);
            world.person(2).command("session edit", options).await
        };
        edit(json!({"when": "sat 9pm", "timezone": ZONE, "lowest": "gold", "teams": 2}))
            .await
            .says("two teams")
            .says("Gold and up");
        edit(json!({"clear": "limits"}))
            .await
            .says("open to every rank");
        edit(json!({"title": "Saturday"}))
            .await
            .says("**Saturday**");
        edit(json!({"title": "Saturday"}))
            .await
            .says("different from before");
        edit(json!({"when": "2026-11-20 20:00"}))
            .await
            .says("in the past");
        edit(json!({"description": "x".repeat(4_000)}))
            .await
            .says("too long");
        person.reads("Saturday").await;
    })
    .await;
}

#[tokio::test]
async fn an_edit_by_form_keeps_the_rest_when_the_time_is_wrong() {
    story(async |world| {
        let person = world.person(2);
        let session = created(&person, "Friday night").await;
        let form = person
            .command("session edit", json!({"session": session}))
            .await;
        assert_eq!(form.outcome(), "modal");
        world.restart().await;
        let person = world.person(2);
        person
            .submit(&form, json!({"title": "Late night"}))
            .await
            .says("**Late night** was called");
        let form = person
            .command("session edit", json!({"session": session}))
            .await;
        let values = json!({"title": "Later night", "when": "2020-01-01 10:00"});
        let answer = person.submit(&form, values).await;
        answer
            .says("Later night")
            .says("start has not changed")
            .says("in the past");
        let form = person
            .command("session edit", json!({"session": session}))
            .await;
        let moved = person.submit(&form, json!({"when": "sun 8pm"})).await;
        moved.says("instead of <t:1795806000:F>");
    })
    .await;
}

#[tokio::test]
async fn others_cannot_change_a_session_but_those_who_manage_events_can() {
    story(async |world| {
        let session = created(&world.person(2), "Friday night").await;
        let stranger = world.person(3);
        let choices = stranger.complete("session edit", json!({"session": ""}), "session");
        assert_eq!(choices.await, []);
        let title = json!({"session": session, "title": "Mine"});
        stranger
            .command("session edit", title.clone())
            .await
            .says("Only the organiser");
        let cancel = json!({"session": session});
        stranger
            .command("session cancel", cancel)
            .await
            .says("Only the organiser");
        let message = json!({"id": "1"});
        for forged in ["cancel-sure", "cancel-why", "cancel-ask", "edit-ask"] {
            let forged = format!("{forged}:{session}");
            let answer = stranger.forge(&message, &forged, &[]).await;
            answer.says("Only the organiser");
        }
        let form = format!("edit:{session}:0");
        let values = json!({"title": "Mine", "when": "fri 8pm"});
        let answer = stranger.forge_modal(&form, values).await;
        answer.says("Only the organiser");
        let elsewhere = world.person(1).in_channel(world.other_channel());
        for forged in [
            "cancel-sure:1",
            "edit-ask:1",
            "cancel-sure:x",
            "cancel-sure:",
        ] {
            elsewhere
                .forge(&message, forged, &[])
                .await
                .says("not here any more");
        }
        world
            .person(1)
            .command("session edit", title)
            .await
            .says("**Mine**");
    })
    .await;
}

#[tokio::test]
async fn cancelling_asks_first_and_a_stale_question_does_nothing() {
    story(async |world| {
        let session = created(&world.person(2), "Friday night").await;
        let pick = json!({"session": session});
        let person = world.person(2);
        let question = person.command("session cancel", pick.clone()).await;
        question.says("Cancel **Friday night**");
        let keep = id(question.message(), "cancel-keep");
        person
            .press(question.message(), &keep)
            .await
            .says("Nothing was cancelled");
        assert_eq!(listed(&person).await, 1);

        let question = person.command("session cancel", pick.clone()).await;
        world.restart().await;
        let person = world.person(2);
        let sure = id(question.message(), "cancel-sure");
        let answer = person.press(question.message(), &sure).await;
        answer.says("is cancelled");
        world.redeliver(&answer).await;
        let stale = person.forge(question.message(), &sure, &[]).await;
        stale.says("has been cancelled");
        person
            .command("session cancel", pick.clone())
            .await
            .says("has been cancelled");
        person
            .command("session edit", pick)
            .await
            .says("has been cancelled");
        assert_eq!(listed(&person).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_reason_can_be_changed_before_it_is_sent() {
    story(async |world| {
        let person = world.person(2);
        let session = created(&person, "Friday night").await;
        let because = json!({"session": session, "reason": "Ill"});
        let form = person.command("session cancel", because).await;
        assert_eq!(form.outcome(), "modal");
        assert_eq!(listed(&person).await, 1);
        let too_long = json!({"session": session, "reason": "x".repeat(301)});
        person
            .command("session cancel", too_long)
            .await
            .says("too long");
        let answer = person.submit(&form, json!({"reason": "Ill, sorry"})).await;
        answer.says("is cancelled");
        assert_eq!(listed(&person).await, 0);
    })
    .await;
}
