//! Discord has gone on: a picture of a new kind, a component of a new type, data of a new shape.

use std::collections::HashSet;

use chrono::TimeDelta;
use serde_json::json;

use crate::world::{Answer, World, story, story_over_http};

/// A hash as no version of Discord has sent it yet.
const PICTURE: &str = "v2:9f3c/round";

/// The code that an apology names.
fn code(answer: &Answer) -> String {
    let text = answer.text();
    let code = text.split('`').nth(1).expect("a code");
    assert_eq!(code.len(), "XXXXX-XXXXX".len(), "{text}");
    code.to_owned()
}

/// Somebody with a picture of a new kind, in their profile and in the server, does things.
async fn picture(world: &World) {
    let picture = json!({
        "/member/user/avatar": PICTURE, "/member/avatar": PICTURE,
        "/member/user/brand_new": {"shiny": [1]}, "/brand_new": "field",
    });
    let ana = world.person(2).with_odd(picture);
    let zone = json!({"timezone": "Europe/Berlin"});
    ana.command("profile edit", zone)
        .await
        .says("Europe/Berlin");
    let offered = ana
        .complete("account add", json!({"tank": "dia"}), "tank")
        .await;
    assert!(
        offered.iter().any(|(name, _)| name == "Diamond 3"),
        "{offered:?}"
    );
    let form = ana.command("profile edit", json!({})).await;
    let sent = ana.submit(&form, json!({"zone": "Europe/Paris"})).await;
    sent.says("Europe/Paris");
    let nobody = ana.forge(&json!({"id": "1"}), "no-such-route:1", &[]).await;
    nobody.says("earlier version");
}

#[tokio::test]
async fn picture_of_a_new_kind_is_in_nobodys_way() {
    story(async |world| picture(world).await).await;
}

#[tokio::test]
async fn picture_of_a_new_kind_is_in_nobodys_way_over_http() {
    story_over_http(async |world| picture(world).await).await;
}

/// Somebody sends what nothing can be made of, and is told so.
async fn nonsense(world: &World) {
    let id = json!({"/data/id": "not a number"});
    let odd = world.person(2).with_odd(id);
    let first = odd.command("profile show", json!({})).await;
    first.says("don't know yet");
    let second = odd.command("profile show", json!({})).await;
    assert_ne!(code(&first), code(&second));
    let nowhere = world.person(2).with_odd(json!({"/channel": null}));
    nowhere
        .command("profile show", json!({}))
        .await
        .says("don't know yet");
    let typing = odd
        .complete("account add", json!({"tank": "dia"}), "tank")
        .await;
    assert_eq!(typing, []);
}

#[tokio::test]
async fn click_that_cannot_be_read_is_answered_with_a_code_of_its_own() {
    story(async |world| nonsense(world).await).await;
}

#[tokio::test]
async fn click_that_cannot_be_read_is_answered_over_http() {
    story_over_http(async |world| nonsense(world).await).await;
}

#[tokio::test]
async fn form_with_a_component_of_a_new_type_saves_nothing() {
    story(async |world| {
        let ana = world.person(2);
        let chosen = json!({"timezone": "Europe/Berlin", "roles": "Tank"});
        ana.command("profile edit", chosen).await.says("Tank");
        let form = ana.command("profile edit", json!({})).await;
        let group = json!({"type": 21, "id": 9, "custom_id": "roles", "value": "support"});
        let odd = ana.with_odd(json!({"/data/components/1/component": group}));
        let sent = odd.submit(&form, json!({"zone": "Europe/Paris"})).await;
        sent.says("don't know yet").says("nothing was changed");
        let shown = ana.command("profile show", json!({})).await;
        shown.says("Europe/Berlin").says("Tank");
    })
    .await;
}

#[tokio::test]
async fn two_faults_never_share_a_code() {
    story(async |world| {
        world
            .ground
            .change("ALTER TABLE users RENAME TO lost")
            .await;
        let edit = json!({"timezone": "Europe/Berlin"});
        let mut codes = Vec::new();
        for _ in 0..3 {
            let answer = world.person(2).command("profile edit", edit.clone()).await;
            codes.push(code(answer.says("Sorry, something went wrong on my side")));
            // Ids of interactions that are four milliseconds apart have the same last 24 bits.
            world.clock.advance(TimeDelta::milliseconds(4));
        }
        world
            .ground
            .change("ALTER TABLE lost RENAME TO users")
            .await;
        let different: HashSet<_> = codes.iter().collect();
        assert_eq!(different.len(), 3, "{codes:?}");
    })
    .await;
}
