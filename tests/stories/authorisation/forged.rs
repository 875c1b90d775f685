//! Ids that no client offers: people, accounts, channels and roles of elsewhere or of nobody, in every menu, button
//! and option that takes one. Discord resolves what it knows, member of the server or not ("Receiving and
//! Responding", *Resolved Data Structure*), and a changed client sends what it likes.

use overwatch_bot::playground::{self, APPLICATION_ID};
use serde_json::{Value, json};

use super::{
    ACCEPTED, CAPTAIN, CO_ORGANISER, DECIDED, Life, ORGANISER, PEOPLE, QUEUED, SESSION, STRANGER,
    Stage, account,
};
use crate::scene::{id, number, on, planned};
use crate::world::{Answer, World, story, story_in};

/// An id that Discord has not given.
const NOBODY: &str = "987654321098765432";

/// A menu or button that takes somebody, by whom it is used, its arguments, and what is chosen. `{x}` is
/// the forged id.
type Place = (&'static str, usize, &'static str, &'static [&'static str]);

const PLACES: [Place; 19] = [
    ("manage-share", ORGANISER, "{s}:w0", &["{co}", "{x}"]),
    ("manage-player", ORGANISER, "{s}:w0", &["{x}"]),
    ("manage-account", ORGANISER, "{s}:{x}:w0", &["{a}"]),
    ("manage-account", ORGANISER, "{s}:{q}:w0", &["{x}"]),
    ("manage-accept", ORGANISER, "{s}:{x}:{a}:support:w0", &[]),
    ("manage-accept", ORGANISER, "{s}:{q}:{x}:support:w0", &[]),
    (
        "manage-anyway-sure",
        ORGANISER,
        "{s}:{x}:{a}:support:w0",
        &[],
    ),
    (
        "manage-anyway-sure",
        ORGANISER,
        "{s}:{q}:{b}:support:w0",
        &[],
    ),
    ("manage-reject", ORGANISER, "{s}:{x}:w0", &[]),
    ("manage-back", ORGANISER, "{s}:{x}:w0", &[]),
    ("manage-swap", ORGANISER, "{s}:{p}:w0", &["{x}"]),
    ("manage-swap", ORGANISER, "{s}:{x}:w0", &["{p}"]),
    ("teams-players", ORGANISER, "{s}", &["{p}", "{x}"]),
    ("teams-move", ORGANISER, "{s}:{x}:blue", &[]),
    ("teams-tie", ORGANISER, "{s}:together", &["{p}", "{x}"]),
    ("teams-tie", ORGANISER, "{s}:apart", &["{x}", "{x}"]),
    ("teams-untie", ORGANISER, "{s}", &["{p}-{x}"]),
    ("teams-captains", ORGANISER, "{s}", &["{x}", "{p}"]),
    ("teams-choose", CAPTAIN, "{s}", &["{x}"]),
];

/// What is put in the place of somebody who can be chosen.
fn forged_ids(world: &World) -> [(&'static str, String); 8] {
    [
        ("somebody of another server", world.person(STRANGER).user),
        ("nobody", NOBODY.into()),
        ("the bot", APPLICATION_ID.to_string()),
        ("zero", "0".into()),
        ("a negative number", "-5".into()),
        ("too large a number", u64::MAX.to_string()),
        ("no number", "@everyone".into()),
        ("nothing", String::new()),
    ]
}

async fn use_forged(world: &World, place: &Place, forged: &str) -> Answer {
    let (route, who, args, values) = place;
    let user = |position: usize| world.person(position).user;
    let words = [
        ("{s}", SESSION.to_string()),
        ("{x}", forged.to_owned()),
        ("{q}", user(QUEUED)),
        ("{p}", user(ACCEPTED)),
        ("{co}", user(CO_ORGANISER)),
        ("{a}", account(QUEUED).to_string()),
        ("{b}", account(ACCEPTED).to_string()),
    ];
    let fill = |text: &str| {
        words
            .iter()
            .fold(text.to_owned(), |text, (word, id)| text.replace(word, id))
    };
    let values: Vec<String> = values.iter().map(|value| fill(value)).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let (person, nowhere) = (world.person(*who), json!({"id": "1"}));
    let id = format!("{route}:{}", fill(args));
    match *route {
        "manage-share" => person.forge_people(&nowhere, &id, &values).await,
        _ => person.forge(&nowhere, &id, &values).await,
    }
}

#[tokio::test]
async fn forged_people_and_accounts_change_nothing() {
    let people = playground::World::with_people(PEOPLE + 4);
    story_in(people, 1, async |world| {
        world.post("faults/limits", json!({"enabled": false})).await;
        let stranger = format!(
            "guilds/{}/members/{}",
            world.server(),
            world.person(STRANGER).user
        );
        world.delete(&stranger).await;
        let stage = Stage::new(world, Life::Open).await;
        let mut wrong = Vec::new();
        for place in &PLACES {
            for (what, forged) in forged_ids(world) {
                let answer = use_forged(world, place, &forged).await;
                let now = stage.editor.texts(DECIDED).await;
                if answer.outcome() == "failed" || now != stage.decided {
                    let new: Vec<_> = now
                        .iter()
                        .filter(|one| !stage.decided.contains(one))
                        .collect();
                    wrong.push(format!("{place:?}, {what}: {new:?} {}", answer.text()));
                    stage.editor.change(&stage.scene).await;
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    })
    .await;
}

#[tokio::test]
async fn forged_channels_change_nothing() {
    let people = playground::World::with_people(PEOPLE + 4);
    story_in(people, 1, async |world| {
        world.post("faults/limits", json!({"enabled": false})).await;
        let stage = Stage::new(world, Life::Open).await;
        let channels = [
            world.other_channel(),
            NOBODY.to_owned(),
            world.server(),
            "0".to_owned(),
            u64::MAX.to_string(),
            "no number".to_owned(),
        ];
        let nowhere = json!({"id": "1"});
        for channel in &channels {
            // Discord may say with a channel what the bot may do there; that is not where it is.
            let mut organiser = world.person(ORGANISER);
            if *channel == world.other_channel() {
                let place = format!("/data/resolved/channels/{channel}/app_permissions");
                organiser = organiser.with_odd(json!({place: u64::MAX.to_string()}));
            }
            for route in ["manage-move-to", "manage-call-in"] {
                let id = format!("{route}:{SESSION}:w0");
                let answer = organiser.forge_channels(&nowhere, &id, &[channel]).await;
                assert_ne!(answer.outcome(), "failed", "{route} {channel}");
            }
            let options = json!({"session": SESSION.to_string(), "channel": channel});
            organiser.forge_command("session move", options).await;
            let now = stage.editor.texts(DECIDED).await;
            assert_eq!(now, stage.decided, "{channel}");
        }
        let elsewhere = world.person(ORGANISER).in_channel(world.other_channel());
        assert_eq!(elsewhere.messages().await, Vec::<Value>::new());
    })
    .await;
}

#[tokio::test]
async fn co_organisers_are_members_of_the_server() {
    story(async |world| {
        let (organiser, outsider) = (world.person(0), world.person(3));
        world.leaves(&outsider).await;
        let refused = "only members of this server can lead a session";
        let options = json!({
            "mode": "5v5", "when": "2026-11-27 20:00", "timezone": "Europe/Berlin", "title": "Scrim",
            "co-organiser": outsider.user,
        });
        organiser.command("session create", options).await.says("is planned").says(refused);
        let is_card = |message: &Value| message["flags"] != 64 && number(message).is_some();
        let card = organiser.sees("the card", is_card).await;
        let edit = json!({"session": "Scrim", "co-organiser": outsider.user});
        organiser.command("session edit", edit).await.says(refused);
        let share = format!("manage-share:{}:w0", number(&card).expect("a card"));
        let member = world.person(4).user;
        let people = [&*member, &*outsider.user];
        let shared = organiser.forge_people(&card, &share, &people).await;
        shared.says(&format!("<@{member}> can now manage")).says("Only members of this server");
        let others = format!("SELECT count(*) FROM session_co_organisers WHERE user_id <> {member}");
        assert_eq!(world.ground.number(&others).await, 0);
        // Nothing is kept of who was not taken.
        let known = format!("SELECT count(*) FROM users WHERE discord_id = {}", outsider.user);
        assert_eq!(world.ground.number(&known).await, 0);
        world.comes_back(&outsider).await;
        let shared = organiser.forge_people(&card, &share, &people).await;
        shared.says(&format!("<@{}> can now manage", outsider.user));
    })
    .await;
}

#[tokio::test]
async fn co_organiser_who_has_left_stays_until_taken_out() {
    story(async |world| {
        let (organiser, helper) = (world.person(0), world.person(3));
        let card = planned(&organiser, json!({"co-organiser": helper.user})).await;
        world.leaves(&helper).await;
        let desk = organiser.press(&card, &on(&card, "manage")).await;
        let page = organiser
            .press(desk.message(), &id(desk.message(), "manage-organisers:"))
            .await;
        let menu = id(page.message(), "manage-share:");
        let both = [&*helper.user, &*world.person(4).user];
        organiser
            .forge_people(page.message(), &menu, &both)
            .await
            .says("can now manage");
        let lead = "SELECT count(*) FROM session_co_organisers";
        assert_eq!(world.ground.number(lead).await, 2);
        organiser
            .choose(page.message(), &menu, &[])
            .await
            .says("no longer manage");
        assert_eq!(world.ground.number(lead).await, 0);
    })
    .await;
}

#[tokio::test]
async fn who_is_not_known_to_be_a_member_does_not_lead() {
    story(async |world| {
        let (organiser, outsider) = (world.person(0), world.person(3));
        world.leaves(&outsider).await;
        let card = planned(&organiser, json!({})).await;
        let route = "/guilds/{guild_id}/members/{user_id}";
        world
            .post(
                "faults/requests",
                json!({"route": route, "status": 500, "times": 9}),
            )
            .await;
        let share = format!("manage-share:{}:w0", number(&card).expect("a card"));
        let shared = organiser
            .forge_people(&card, &share, &[&outsider.user])
            .await;
        shared.says("Only members of this server");
        let lead = "SELECT count(*) FROM session_co_organisers";
        assert_eq!(world.ground.number(lead).await, 0);
    })
    .await;
}
