//! Two teams: the proposals, changes by hand, pairs, the draft, and what the card shows of them.

use overwatch_bot::playground;
use serde_json::{Value, json};

use crate::scene::{account, card_reads, id, ids, let_settle, number, on, planned};
use crate::world::{Answer, Person, World, story, story_in, text_of};

/// Who plays what in a scrim of ten: the person, their rank and their role.
pub(crate) const TEN: [(usize, &str, &str); 10] = [
    (3, "d3", "tank"),
    (4, "d2", "tank"),
    (5, "g1", "damage"),
    (6, "p3", "damage"),
    (7, "m5", "damage"),
    (8, "e1", "damage"),
    (9, "d5", "support"),
    (10, "g4", "support"),
    (11, "p1", "support"),
    (12, "e3", "support"),
];

fn crowd() -> playground::World {
    playground::World::with_people(14)
}

/// The organiser's dashboard of the session on this card.
async fn dashboard(organiser: &Person<'_>, card: &Value) -> Answer {
    organiser.press(card, &on(card, "manage")).await
}

/// Somebody joins with a rank and is accepted.
async fn plays(organiser: &Person<'_>, card: &Value, player: &Person<'_>, rank: &str, role: &str) {
    let tag = format!("Player#{}", &player.user[..6]);
    account(player, json!({"battletag": tag, role: rank})).await;
    let form = player.press(card, &on(card, "join")).await;
    player.submit(&form, json!({"roles": [role]})).await;
    let desk = dashboard(organiser, card).await;
    let menus = ids(desk.message());
    let menu = menus
        .iter()
        .find(|id| id.starts_with("manage-player:") && !id.ends_with(":in"))
        .expect("a menu of those who wait");
    let view = organiser
        .choose(desk.message(), menu, &[&player.user])
        .await;
    let ids = ids(view.message());
    let accept = ids
        .iter()
        .find(|id| id.starts_with("manage-accept:") && id.contains(&format!(":{role}:")))
        .unwrap_or_else(|| panic!("no {role} among {ids:?}"));
    organiser
        .press(view.message(), accept)
        .await
        .says("is in as");
}

/// A scrim of two teams in which these play, and its card.
pub(crate) async fn scrim(world: &World, people: &[(usize, &str, &str)]) -> Value {
    scrim_of(&world.person(2), people).await
}

/// A scrim of two teams in their organiser's channel, and its card.
pub(crate) async fn scrim_of(organiser: &Person<'_>, people: &[(usize, &str, &str)]) -> Value {
    let card = planned(organiser, json!({"teams": 2})).await;
    for (person, rank, role) in people {
        let channel = organiser.channel.clone().expect("a channel");
        let player = organiser.world().person(*person).in_channel(channel);
        plays(organiser, &card, &player, rank, role).await;
    }
    card
}

/// Opens the page with the proposals.
pub(crate) async fn proposals(organiser: &Person<'_>, card: &Value) -> Answer {
    let desk = dashboard(organiser, card).await;
    press(organiser, &desk, "teams:").await
}

/// Presses the first button that begins like this.
pub(crate) async fn press(person: &Person<'_>, on: &Answer, begins: &str) -> Answer {
    person.press(on.message(), &id(on.message(), begins)).await
}

/// The lines of a team on a message, `🔵 Blue` or `🔴 Red`.
fn team(message: &Value, heading: &str) -> String {
    let fields = message["embeds"][0]["fields"].as_array().expect("fields");
    let field = fields.iter().find(|field| {
        let name = field["name"].as_str().unwrap_or_default();
        name.starts_with(heading)
    });
    let field = field.unwrap_or_else(|| panic!("no {heading} in {message:#}"));
    field["value"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_proposal_is_used_published_changed_by_hand_and_stays_true_when_somebody_leaves() {
    story_in(crowd(), 1, async |world| {
        let card = scrim(world, &TEN).await;
        let organiser = world.person(2);
        let page = proposals(&organiser, &card).await;
        page.says("Proposal 1")
            .says("Proposal 3")
            .says("113,400 line-ups")
            .says("Blue is stronger");
        let used = press(&organiser, &page, "teams-use:").await;
        used.says("only organisers see them")
            .says("Only organisers see these teams");
        let shown = card_reads(&organiser, &card, "Nobody: the line-up is complete").await;
        assert!(!text_of(&shown).contains("🔵"), "not published yet");

        let by_hand = press(&organiser, &used, "teams-set:").await;
        by_hand.says("on the card");
        let shown = card_reads(&organiser, &card, "🔵 Blue").await;
        let (blue, red) = (team(&shown, "🔵"), team(&shown, "🔴"));
        assert_eq!((blue.lines().count(), red.lines().count()), (5, 5));

        let tanks = [world.person(3).user, world.person(4).user];
        let menu = id(by_hand.message(), "teams-players:");
        let tanks = [tanks[0].as_str(), tanks[1].as_str()];
        let swapped = organiser.choose(by_hand.message(), &menu, &tanks).await;
        swapped.says("have changed places").says("points");
        let other = team(swapped.message(), "🔵");
        assert_ne!(blue.lines().next(), other.lines().next(), "another tank");
        card_reads(&organiser, &card, other.lines().next().expect("a tank")).await;

        let leaver = world.person(3);
        leaver
            .press(&card, &on(&card, "leave"))
            .await
            .says("given up your place as Tank");
        let shown = card_reads(&organiser, &card, "*Needs 1 tank*").await;
        assert!(!text_of(&shown).contains(&leaver.user), "{shown:#}");
        let fair = team(&shown, "How fair");
        assert_eq!(fair, "Told once no place is empty.", "a team has a gap");
        let stale = organiser
            .forge(page.message(), &id(page.message(), "teams-use:"), &[])
            .await;
        stale.says("Players have come or gone").says("in so far: 9");
        let everything = world.person(5).command("profile export", json!({})).await;
        assert_ne!(everything.outcome(), "failed");
    })
    .await;
}

#[tokio::test]
async fn a_proposal_of_players_whose_ranks_have_changed_is_made_anew() {
    story_in(crowd(), 1, async |world| {
        let card = scrim(world, &TEN).await;
        let organiser = world.person(2);
        let page = proposals(&organiser, &card).await;
        let player = world.person(5);
        let tag = format!("Player#{}", &player.user[..6]);
        let edit = json!({"account": tag, "damage": "b5"});
        player.command("account edit", edit).await.says("Bronze 5");
        let stale = press(&organiser, &page, "teams-use:").await;
        stale.says("or changed their ranks").says("Proposal 1");
        let used = press(&organiser, &stale, "teams-use:").await;
        used.says("These are the teams");
    })
    .await;
}

#[tokio::test]
async fn teams_of_those_who_wait_too_say_who_comes_in_and_who_sits_out_and_all_are_told() {
    story_in(crowd(), 1, async |world| {
        // One tank is far from the other; one who waits is not.
        let mut people = TEN;
        people[1].1 = "b5";
        let card = scrim(world, &people).await;
        let (leaves, comes) = (world.person(4).user, world.person(13).user);
        let waits = world.person(13);
        account(&waits, json!({"battletag": "Newa#1111", "tank": "d2"})).await;
        let form = waits.press(&card, &on(&card, "join")).await;
        waits.submit(&form, json!({"roles": ["tank"]})).await;
        let page = proposals(&world.person(2), &card).await;
        assert!(!page.text().contains("🆕"), "they are not counted");
        let session = number(&card).expect("a number");
        let everybody = format!("teams:{session}:accepted-all");
        let page = world.person(2).press(page.message(), &everybody).await;
        page.says(&format!("<@{comes}>🆕"))
            .says(&format!("🪑 Sits out: <@{leaves}>."))
            .says("all of them are told");
        world.restart().await;

        let organiser = world.person(2);
        let take = id(page.message(), "teams-use:");
        world
            .person(4)
            .forge(page.message(), &take, &[])
            .await
            .says("Only the organiser");
        let used = organiser.press(page.message(), &take).await;
        used.says("one player has come in and one waits again")
            .says(&format!("Tank · <@{comes}>"));
        let shown = card_reads(&organiser, &card, "line-up is complete").await;
        assert!(text_of(&shown).contains("Waiting (1)"), "{shown:#}");
        let told = |index| world.person(index).in_private();
        told(13).reads("You are in").await;
        let_settle(world);
        told(4).reads("waiting in the queue").await;
        let history = json!({"session": session});
        let history = organiser.command("session history", history).await;
        history
            .says("made the teams")
            .says(&format!("accepted <@{comes}> as Tank"))
            .says(&format!("took back the place of <@{leaves}> as Tank"));
        // The same button again finds everybody where it wants them.
        let again = organiser.forge(page.message(), &take, &[]).await;
        again.says("These are the teams");
        assert!(!again.text().contains("they are told"));
        world.person(13).press(&card, &on(&card, "leave")).await;
        organiser
            .forge(page.message(), &take, &[])
            .await
            .says("Players have come or gone");
    })
    .await;
}

#[tokio::test]
async fn a_swap_on_the_dashboard_carries_the_seat_on_the_team_along() {
    story(async |world| {
        let card = scrim(world, &[(3, "d3", "tank"), (5, "g1", "damage")]).await;
        let session = number(&card).expect("a number");
        let organiser = world.person(2);
        let (first, second) = (world.person(3), world.person(4));
        let to_blue = format!("teams-move:{session}:{}:blue", first.user);
        let page = organiser.forge(&card, &to_blue, &[]).await;
        press(&organiser, &page, "teams-set:")
            .await
            .says("on the card");
        card_reads(&organiser, &card, &format!("Tank · <@{}>", first.user)).await;

        account(&second, json!({"battletag": "Kwame#1111", "tank": "p3"})).await;
        let form = second.press(&card, &on(&card, "join")).await;
        second.submit(&form, json!({"roles": ["tank"]})).await;
        let desk = dashboard(&organiser, &card).await;
        let menu = format!("manage-player:{session}:w0");
        let view = organiser
            .choose(desk.message(), &menu, &[&second.user])
            .await;
        let menu = id(view.message(), "manage-swap:");
        let done = organiser
            .choose(view.message(), &menu, &[&first.user])
            .await;
        done.says("is in as Tank in the place of");
        let seat = format!("Tank · <@{}>", second.user);
        let shown = card_reads(&organiser, &card, &seat).await;
        assert!(team(&shown, "🔵").contains(&seat), "{shown:#}");
        assert!(!team(&shown, "On no team").contains(&second.user));
    })
    .await;
}

#[tokio::test]
async fn pairs_are_kept_together_and_apart() {
    story_in(crowd(), 1, async |world| {
        let card = scrim(world, &TEN).await;
        let organiser = world.person(2);
        let page = proposals(&organiser, &card).await;
        let pairs = press(&organiser, &page, "teams-pairs:").await;
        pairs.says("Nobody is kept together or apart yet");
        let chosen = [world.person(5).user, world.person(9).user];
        let chosen = [chosen[0].as_str(), chosen[1].as_str()];
        let session = number(&card).expect("a number");
        let menu = format!("teams-tie:{session}:together");
        let tied = organiser.choose(pairs.message(), &menu, &chosen).await;
        tied.says("are kept together").says("together with");
        let page = press(&organiser, &tied, "teams:").await;
        let fields = page.message()["embeds"][0]["fields"]
            .as_array()
            .expect("fields")
            .clone();
        for field in &fields {
            let lines = field["value"].as_str().expect("text").lines();
            let with = |user: &str| lines.clone().position(|line| line.contains(user));
            assert_eq!(with(chosen[0]), with(chosen[1]), "{field:#}");
        }

        let pairs = press(&organiser, &page, "teams-pairs:").await;
        let menu = format!("teams-tie:{session}:apart");
        let apart = organiser.choose(pairs.message(), &menu, &chosen).await;
        apart.says("apart from");
        // Three who cannot be had together: two apart, and a third with both.
        let third = world.person(3).user;
        let menu = format!("teams-tie:{session}:together");
        let with = |one| [chosen[one], third.as_str()];
        let pairs = organiser.choose(apart.message(), &menu, &with(0)).await;
        let pairs = organiser.choose(pairs.message(), &menu, &with(1)).await;
        let none = press(&organiser, &pairs, "teams:").await;
        none.says("No two teams keep everybody together and apart");
        let pairs = press(&organiser, &none, "teams-pairs:").await;
        let mut both = chosen.map(|user| user.parse::<i64>().expect("an id"));
        both.sort_unstable();
        let pair = format!("{}-{}", both[0], both[1]);
        let menu = id(pairs.message(), "teams-untie:");
        let untied = organiser.choose(pairs.message(), &menu, &[&pair]).await;
        untied.says("That wish is taken back");
        press(&organiser, &untied, "teams:")
            .await
            .says("Proposal 1");
    })
    .await;
}

#[tokio::test]
async fn captains_pick_as_a_snake_across_a_restart() {
    story(async |world| {
        let people = [
            (3, "d3", "tank"),
            (4, "d2", "tank"),
            (5, "g1", "damage"),
            (6, "p3", "damage"),
            (7, "m5", "support"),
        ];
        let card = scrim(world, &people).await;
        let page = proposals(&world.person(2), &card).await;
        page.says("Two teams take 10 players; in so far: 5");
        let pairs = press(&world.person(2), &page, "teams-pairs:").await;
        let captains = [world.person(3).user, world.person(4).user];
        let captains = [captains[0].as_str(), captains[1].as_str()];
        let menu = id(pairs.message(), "teams-captains:");
        let named = world
            .person(2)
            .choose(pairs.message(), &menu, &captains)
            .await;
        named.says("pick now").says("🧢");
        named.says("Told once no place is empty");
        let card = card_reads(&world.person(2), &card, "🔵 Blue").await;

        let (blue, red) = (world.person(3), world.person(4));
        let choosing = format!("teams-choose:{}", number(&card).expect("a number"));
        red.press(&card, &on(&card, "teams-draft"))
            .await
            .says("turn, for Blue");
        red.forge(&card, &choosing, &[&world.person(5).user])
            .await
            .says("not your turn");
        let turn = blue.press(&card, &on(&card, "teams-draft")).await;
        turn.says("It is your turn");
        let picked = blue
            .choose(turn.message(), &choosing, &[&world.person(5).user])
            .await;
        picked.says("You picked").says("turn, for Red");
        world.restart().await;

        let (organiser, blue, red) = (world.person(2), world.person(3), world.person(4));
        blue.forge(picked.message(), &choosing, &[&world.person(6).user])
            .await
            .says("not your turn");
        let turn = red.press(&card, &on(&card, "teams-draft")).await;
        let again = red
            .choose(turn.message(), &choosing, &[&world.person(6).user])
            .await;
        again.says("It is your turn");
        red.forge(again.message(), &choosing, &[&world.person(5).user])
            .await
            .says("is on a team already");
        let done = red
            .choose(again.message(), &choosing, &[&world.person(7).user])
            .await;
        done.says("Everybody is picked");
        let shown = card_reads(&organiser, &card, "Support · ").await;
        assert!(
            team(&shown, "🔴").contains(&world.person(7).user),
            "{shown:#}"
        );
        assert!(team(&shown, "🔵").contains("🧢"), "{shown:#}");
        let gone = |message: &Value| {
            message["id"] == card["id"]
                && !ids(message).iter().any(|id| id.starts_with("teams-draft:"))
        };
        organiser.sees("nothing left to pick", gone).await;
    })
    .await;
}

#[tokio::test]
async fn a_captain_who_deletes_everything_lets_the_draft_rest_and_leaves_no_name() {
    story(async |world| {
        let people = [(3, "d3", "tank"), (4, "d2", "tank"), (5, "g1", "damage")];
        let card = scrim(world, &people).await;
        let organiser = world.person(2);
        let page = proposals(&organiser, &card).await;
        let pairs = press(&organiser, &page, "teams-pairs:").await;
        let captains = [world.person(3).user, world.person(4).user];
        let captains = [captains[0].as_str(), captains[1].as_str()];
        let menu = id(pairs.message(), "teams-captains:");
        organiser
            .choose(pairs.message(), &menu, &captains)
            .await
            .says("pick now");
        card_reads(&organiser, &card, "🔵 Blue").await;
        let red = world.person(4);
        let asked = red.command("profile delete", json!({})).await;
        red.press(asked.message(), "profile-delete:").await;
        let shown = card_reads(&organiser, &card, "*Needs 1 tank, 2 damage and 2 supports*").await;
        assert!(!text_of(&shown).contains(&red.user), "{shown:#}");
        let draft = format!("teams-draft:{}", number(&card).expect("a number"));
        let rests = world.person(3).forge(&card, &draft, &[]).await;
        rests.says("No captains pick");
        let by_hand = format!(
            "teams-move:{}:{}:red",
            number(&card).expect("a number"),
            world.person(5).user
        );
        organiser
            .forge(&card, &by_hand, &[])
            .await
            .says("plays for Red now");
    })
    .await;
}

#[tokio::test]
async fn teams_are_the_organisers_and_forged_ids_get_nowhere() {
    story(async |world| {
        let card = scrim(world, &[(3, "d3", "tank"), (5, "g1", "damage")]).await;
        let session = number(&card).expect("a number");
        let (organiser, player) = (world.person(2), world.person(3));
        let elsewhere = world.person(1).in_channel(world.other_channel());
        let (private, old) = (organiser.in_private(), json!({"id": "1"}));
        let user = &player.user;
        let forged = [
            format!("teams:{session}"),
            format!("teams-use:{session}:accepted:0:0"),
            format!("teams-hand:{session}"),
            format!("teams-players:{session}"),
            format!("teams-move:{session}:{user}:blue"),
            format!("teams-set:{session}:clear"),
            format!("teams-pairs:{session}"),
        ];
        for id in &forged {
            player.forge(&old, id, &[]).await.says("Only the organiser");
            elsewhere
                .forge(&old, id, &[])
                .await
                .says("not here any more");
            private
                .forge(&old, id, &[])
                .await
                .says("belong to a server");
        }
        for route in [
            "use", "move", "set", "tie", "untie", "captains", "players", "choose",
        ] {
            let id = format!("teams-{route}:{session}:x:y:z");
            let answer = organiser.forge(&old, &id, &["x"]).await;
            assert_ne!(answer.outcome(), "failed", "{id}");
        }
        organiser
            .forge(&old, "teams:abc", &[])
            .await
            .says("not here any more");
        let publish = format!("teams-set:{session}:publish");
        organiser
            .forge(&old, &publish, &[])
            .await
            .says("There are no teams yet");
        let moved = organiser.forge(&old, &forged[4], &[]).await;
        moved
            .says("plays for Blue now")
            .says("*Needs 2 damage and 2 supports*");
        // Who manages events may too.
        let manager = world.person(1);
        manager
            .forge(&old, &forged[5], &[])
            .await
            .says("There are no teams any more");
        planned(&organiser, json!({"title": "One team"})).await;
        let one_team = |message: &Value| {
            let text = text_of(message);
            number(message).is_some() && message["flags"] != 64 && text.contains("One team")
        };
        let one_team = organiser.sees("the other card", one_team).await;
        let desk = dashboard(&organiser, &one_team).await;
        assert!(
            !ids(desk.message())
                .iter()
                .any(|id| id.starts_with("teams:"))
        );
        let page = format!("teams:{}", number(&one_team).expect("a number"));
        organiser
            .forge(&old, &page, &[])
            .await
            .says("This session is for one team");
    })
    .await;
}

#[tokio::test]
async fn teams_that_were_taken_off_the_card_are_hidden_from_a_page_opened_before() {
    story(async |world| {
        let card = scrim(world, &TEN[..3]).await;
        let (organiser, blue, onlooker) = (world.person(2), world.person(3), world.person(6));
        let page = proposals(&organiser, &card).await;
        let pairs = press(&organiser, &page, "teams-pairs:").await;
        let captains = [blue.user.as_str(), &world.person(4).user];
        let menu = id(pairs.message(), "teams-captains:");
        let named = organiser.choose(pairs.message(), &menu, &captains).await;
        let card = card_reads(&organiser, &card, "🔵 Blue").await;
        let opened = onlooker.press(&card, &on(&card, "teams-draft")).await;
        opened.says("🔵 Blue").says(&blue.user);
        press(&organiser, &named, "teams-set:")
            .await
            .says("not on the card");
        let refreshed = press(&onlooker, &opened, "teams-draft:").await;
        refreshed.says("Only organisers see the teams");
        assert!(!refreshed.text().contains(&blue.user), "{:#}", refreshed.0);
        // Captains pick all the same, which shows the teams to nobody else.
        let turn = blue.forge(&card, &on(&card, "teams-draft"), &[]).await;
        turn.says("It is your turn");
        let choosing = format!("teams-choose:{}", number(&card).expect("a number"));
        let picked = [world.person(5).user];
        let picked = blue.choose(turn.message(), &choosing, &[&picked[0]]).await;
        picked.says("You picked");
        let refreshed = press(&onlooker, &refreshed, "teams-draft:").await;
        refreshed.says("Only organisers see the teams");
    })
    .await;
}
