//! Sessions edited and cancelled, by those who may and by those who may not.

use serde_json::{Value, json};

use overwatch_bot::domain::ids::{GuildId, InteractionId, SessionId, UserId};
use overwatch_bot::domain::profile;
use overwatch_bot::domain::queue::form::Offered;
use overwatch_bot::domain::session::Actor;
use overwatch_bot::store::queue::JoinQueue;

use super::{ZONE, created, id, listed};
use crate::scene::let_settle;
use crate::world::{Person, World, story, text_of};

/// Lets somebody join as the card's button would.
async fn join(world: &World, person: &Person<'_>, session: &str) {
    let number = |text: &str| text.parse::<i64>().expect("a number");
    let user = UserId(number(&person.user));
    let guild = world.get("world").await["guilds"][0]["id"].clone();
    let join = JoinQueue {
        session: SessionId(number(session)),
        actor: Actor {
            user,
            guild: GuildId(number(guild.as_str().expect("an id"))),
            manages_events: false,
            administrator: false,
        },
        nick: None,
        person: profile::Person {
            id: user,
            name: "Somebody".into(),
        },
        offered: Offered::default(),
        shown: None,
        at: world.clock.now(),
    };
    let store = world.app.as_ref().expect("the bot runs").store();
    let interaction = InteractionId(number(&person.user));
    let joined = store
        .execute(interaction, join)
        .await
        .expect("the store answers");
    joined.expect("they may join");
}

#[tokio::test]
async fn whoever_is_in_the_queue_hears_that_it_moved_and_why_it_is_cancelled() {
    story(async |world| {
        let session = created(&world.person(2), "Friday night").await;
        let freya = world.person(4);
        let account = json!({"battletag": "Freya#1234"});
        freya.command("account add", account).await.says("Freya");
        join(world, &freya, &session).await;
        let person = world.person(2);
        let moved = json!({"session": session, "when": "sat 8pm", "timezone": ZONE});
        let moved = person.command("session edit", moved).await;
        moved.says("The one other person in its queue is told");
        let_settle(world);
        let notice = freya.in_private().reads("has moved from").await;
        assert!(text_of(&notice).contains("<t:1795892400:F>"), "{notice}");
        world.restart().await;
        let person = world.person(2);
        let cancel = json!({"session": session, "reason": "Ill\n@everyone"});
        let form = person.command("session cancel", cancel).await;
        person.submit(&form, json!({})).await.says("is told");
        let freya = world.person(4).in_private();
        let notice = text_of(&freya.reads("does not take place").await);
        assert!(notice.contains("> Ill\n> @\u{200b}everyone"), "{notice}");
        assert!(notice.contains("**Friday night**"), "{notice}");
    })
    .await;
}

#[tokio::test]
async fn a_limit_by_distance_is_taken_once_the_organisers_ranks_are_known() {
    story(async |world| {
        let person = world.person(2);
        let session = created(&person, "Friday night").await;
        let near = json!({"session": session, "distance": 5});
        let refused = person.command("session edit", near.clone()).await;
        refused.says("Role queue: Support").says("/account add");
        let ranks =
            json!({"battletag": "Aiko#1234", "tank": "g3", "damage": "g3", "support": "g1"});
        person.command("account add", ranks).await.says("Aiko");
        let taken = person.command("session edit", near).await;
        taken.says("within 5 divisions of the organiser");
    })
    .await;
}

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
        let when = json!({"session": session, "when": "sat 9pm"});
        let when = person.complete("session edit", when, "when").await;
        assert_eq!(when[0].0, "Sat 28 Nov 2026, 21:00 CET — in 6 days");
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
