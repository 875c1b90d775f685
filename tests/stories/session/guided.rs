//! `/session plan`: a session without typing.

use serde_json::json;

use super::{ZONE, id, listed};
use crate::world::story;

#[tokio::test]
async fn a_newcomer_is_guided_to_a_session_through_restarts_at_every_step() {
    story(async |world| {
        let mut answer = world.person(2).command("session plan", json!({})).await;
        answer.says("Where do you live");
        for (menu, value, said) in [
            ("plan-zone:", ZONE, "What do you want to play?"),
            ("plan:", "6v6/2", "On which day?"),
            ("plan:6v6/2", "2026-11-27", "at what time?"),
            (
                "plan:6v6/2/2026-11-27",
                "1795806000",
                "Fri 27 Nov 2026, 20:00 CET — in 5 days",
            ),
        ] {
            world.restart().await;
            let person = world.person(2);
            answer = person.choose(answer.message(), menu, &[value]).await;
            answer.says(said);
            assert_eq!(answer.outcome(), "update");
        }
        world.restart().await;
        let person = world.person(2);
        let details = id(answer.message(), "plan-form:details");
        let form = person.press(answer.message(), &details).await;
        world.restart().await;
        let person = world.person(2);
        let values = json!({"title": "Scrim", "length": ["90"], "lowest": ["gold"]});
        let done = person.submit(&form, values).await;
        done.says("**Scrim**")
            .says("two teams, 1 h 30 min, Gold and up");
        world.person(3).reads("Scrim").await;
    })
    .await;
}

#[tokio::test]
async fn the_guide_goes_back_takes_typed_times_and_offers_what_a_doubtful_one_may_mean() {
    story(async |world| {
        let person = world.person(2);
        let profile = json!({"timezone": ZONE});
        person.command("profile edit", profile).await;
        let start = person.command("session plan", json!({})).await;
        let day = person.choose(start.message(), "plan:", &["5v5/1"]).await;
        let type_time = id(day.message(), "plan-form:time");
        let form = person.press(day.message(), &type_time).await;
        let doubt = person
            .submit(&form, json!({"when": "2027-03-28 02:30"}))
            .await;
        doubt.says("does not exist").says("03:30 CEST");
        let ready = person
            .choose(doubt.message(), "plan:5v5/1", &["1806197400"])
            .await;
        ready.says("Sun 28 Mar 2027, 03:30 CEST");
        let back = id(ready.message(), "plan:5v5/1/2027-03-28");
        let time = person.press(ready.message(), &back).await;
        time.says("at what time?");
        let type_time = id(time.message(), "plan-form:time");
        let form = person.press(time.message(), &type_time).await;
        let nonsense = person.submit(&form, json!({"when": "whenever"})).await;
        nonsense.says("don't understand").says("at what time?");
    })
    .await;
}

#[tokio::test]
async fn a_guide_left_lying_about_does_not_plan_the_past_nor_twice() {
    let _ = story(async |world| {
        let person = world.person(2);
        person
            .command("profile edit", json!({"timezone": ZONE}))
            .await;
        let start = person.command("session plan", json!({})).await;
        let make = "plan-make:5v5/1/1795806000";
        for _ in 0..2 {
            let made = person.forge(start.message(), make, &[]).await;
            made.says("is planned");
        }
        assert_eq!(listed(&person).await, 1);
        for forged in [
            "plan-make:",
            "plan-make:5v5/1/1",
            "plan-make:x/y/z",
            "plan-make:5v5/1",
        ] {
            person.forge(start.message(), forged, &[]).await;
        }
        world.at("2026-11-28T12:00:00Z");
        let late = person.forge(start.message(), make, &[]).await;
        late.says("has passed").says("On which day?");
    })
    .await;
}
