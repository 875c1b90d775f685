//! Accounts, on a real file.

use chrono::TimeDelta;

use super::*;
use crate::store::tests::{Scene, now, person, rank, tag};

const ANA: i64 = 11;
const BOB: i64 = 12;

fn add(user: i64, battletag: &str) -> AddAccount {
    AddAccount {
        person: person(user),
        battletag: tag(battletag),
        ranks: Vec::new(),
        at: now(),
    }
}

fn edit(account: Option<&str>) -> EditAccount {
    EditAccount {
        user: UserId(ANA),
        account: account.map(Choice::parse),
        battletag: None,
        ranks: Vec::new(),
        at: now(),
    }
}

fn remove(account: AccountId) -> RemoveAccount {
    RemoveAccount {
        user: UserId(ANA),
        account: Choice::Id(account),
        at: now(),
    }
}

async fn battletags(scene: &Scene) -> Vec<(String, bool)> {
    let accounts = scene.ask(AccountsOf(UserId(ANA))).await.into_iter();
    accounts
        .map(|account| (account.battletag, account.primary))
        .collect()
}

#[tokio::test]
async fn the_first_account_is_the_primary_one_until_another_is_chosen() {
    let scene = Scene::open().await;
    scene.account(ANA, "Ana#1234").await;
    let second = scene.account(ANA, "Zoë#5555").await;
    let expected = [
        ("Ana#1234".to_owned(), true),
        ("Zoë#5555".to_owned(), false),
    ];
    assert_eq!(battletags(&scene).await, expected);
    let make = MakePrimary {
        user: UserId(ANA),
        account: Choice::Id(second),
        at: now(),
    };
    assert!(scene.run(make).await.expect("theirs").primary);
    let expected = [
        ("Zoë#5555".to_owned(), true),
        ("Ana#1234".to_owned(), false),
    ];
    assert_eq!(battletags(&scene).await, expected);
}

#[tokio::test]
async fn eleventh_account_is_refused() {
    let scene = Scene::open().await;
    for number in 0..ACCOUNTS_MAX {
        scene.account(ANA, &format!("Ana#{}", 1000 + number)).await;
    }
    let refused = scene.run(add(ANA, "Ana#9999")).await;
    assert_eq!(refused, Err(AccountRefusal::TooMany));
    // Somebody else's accounts don't count.
    scene.account(BOB, "Ana#9999").await;
}

#[tokio::test]
async fn the_same_battletag_in_another_case_is_refused() {
    let scene = Scene::open().await;
    scene.account(ANA, "Zoë#5555").await;
    let duplicate = AccountRefusal::Duplicate("Zoë#5555".into());
    assert_eq!(
        scene.run(add(ANA, "ZOË#5555")).await,
        Err(duplicate.clone())
    );
    scene.account(ANA, "Ana#1234").await;
    let rename = |battletag: &str| EditAccount {
        battletag: Some(tag(battletag)),
        ..edit(Some("ana#1234"))
    };
    assert_eq!(scene.run(rename("zoë#5555")).await, Err(duplicate));
    let renamed = scene.run(rename("ANA#1234")).await.expect("its own name");
    assert_eq!(renamed.battletag, "ANA#1234");
}

#[tokio::test]
async fn the_same_click_twice_adds_one_account() {
    let scene = Scene::open().await;
    let first = scene.click(500, add(ANA, "Ana#1234")).await;
    let again = scene.click(500, add(ANA, "Ana#1234")).await;
    assert!(first.is_ok());
    assert_eq!(first, again);
    assert_eq!(battletags(&scene).await.len(), 1);
}

#[tokio::test]
async fn accounts_of_other_people_are_out_of_reach() {
    let scene = Scene::open().await;
    scene.account(ANA, "Ana#1234").await;
    let others = scene.account(BOB, "Bob#1234").await;
    let unknown = AccountRefusal::Unknown;
    assert_eq!(scene.run(remove(others)).await, Err(unknown.clone()));
    let number = others.to_string();
    for named in [number.as_str(), "Bob#1234", "bob"] {
        assert_eq!(scene.run(edit(Some(named))).await, Err(unknown.clone()));
    }
    let make = MakePrimary {
        user: UserId(ANA),
        account: Choice::Id(others),
        at: now(),
    };
    assert_eq!(scene.run(make).await, Err(unknown));
}

#[tokio::test]
async fn the_same_rank_again_renews_its_date_and_unranked_takes_it_away() {
    let scene = Scene::open().await;
    scene.account(ANA, "Ana#1234").await;
    let later = now() + TimeDelta::days(100);
    let declare = |text: &str| EditAccount {
        ranks: vec![rank(Ladder::Tank, text)],
        at: later,
        ..edit(None)
    };
    let edited = scene.run(declare("diamond 3")).await.expect("theirs");
    assert_eq!(edited.ranks[&Ladder::Tank].declared_at, later);
    let edited = scene.run(declare("unranked")).await.expect("theirs");
    assert!(edited.ranks.is_empty());
}

#[tokio::test]
async fn an_edit_refreshes_the_cards_of_what_is_on_and_of_nothing_else() {
    let scene = Scene::open().await;
    let account = scene.account(ANA, "Ana#1234").await;
    scene.account(BOB, "Bob#1234").await;
    let waiting = scene.session(BOB, "OPEN").await;
    scene.waits(waiting, ANA, &[account]).await;
    let led = scene.session(ANA, "CLOSED").await;
    let over = scene.session(BOB, "COMPLETED").await;
    scene.waits(over, ANA, &[account]).await;
    scene.session(BOB, "OPEN").await;
    scene.run(edit(None)).await.expect("theirs");
    assert_eq!(scene.owed_cards().await, [waiting, led]);
}

#[tokio::test]
async fn an_account_that_is_needed_in_a_session_stays() {
    let scene = Scene::open().await;
    let first = scene.account(ANA, "Ana#1234").await;
    let second = scene.account(ANA, "Zoë#5555").await;
    scene.account(BOB, "Bob#1234").await;
    let session = scene.session(BOB, "OPEN").await;
    scene.waits(session, ANA, &[first]).await;
    let refused = scene.run(remove(first)).await;
    let Err(AccountRefusal::InUse {
        battletag, title, ..
    }) = refused
    else {
        panic!("it is the only one offered: {refused:?}");
    };
    assert_eq!((battletag.as_str(), title.as_str()), ("Ana#1234", "Friday"));
    // Offered beside another one, it may go; played on, it may not.
    let another = scene.session(BOB, "STARTED").await;
    scene.waits(another, ANA, &[first, second]).await;
    scene.plays(another, ANA, second, BOB).await;
    assert!(matches!(
        scene.run(remove(second)).await,
        Err(AccountRefusal::InUse { .. })
    ));
    let third = scene.account(ANA, "Ana#7777").await;
    scene.run(remove(third)).await.expect("it is in no session");
}

#[tokio::test]
async fn an_account_goes_when_its_sessions_are_over_and_the_oldest_left_becomes_primary() {
    let scene = Scene::open().await;
    let first = scene.account(ANA, "Ana#1234").await;
    let second = scene.account(ANA, "Zoë#5555").await;
    scene.account(ANA, "Ana#7777").await;
    scene.account(BOB, "Bob#1234").await;
    let over = scene.session(BOB, "COMPLETED").await;
    scene.waits(over, ANA, &[first]).await;
    scene.plays(over, ANA, first, BOB).await;
    let removed = scene.run(remove(first)).await.expect("nothing is on");
    assert_eq!(removed.account.battletag, "Ana#1234");
    assert_eq!(removed.heir.map(|heir| heir.id), Some(second));
    let kept = scene
        .read("SELECT account_id FROM session_participants")
        .await;
    assert_eq!(
        kept[0].get::<Option<i64>>("account_id").expect("a number"),
        None
    );
}
