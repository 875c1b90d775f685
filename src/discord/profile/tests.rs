//! What is shown of profiles, at its longest.

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::domain::account::Account;
use crate::domain::ids::{AccountId, UserId};
use crate::domain::ladder::Ladder;
use crate::domain::profile::{Person, Profile};
use crate::domain::rank::{DeclaredRank, Tier};
use crate::domain::role::{Role, Roles};
use crate::store::profile::PersonView;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("a time")
}

fn account(number: i64) -> Account {
    let ranks = Ladder::ALL.map(|ladder| {
        let tiers = Tier::all(ladder.scale());
        let longest = tiers.max_by_key(|tier| tier.label().len());
        let declared = DeclaredRank {
            rank: longest.expect("a tier").lowest(),
            declared_at: now() - TimeDelta::days(500),
        };
        (ladder, declared)
    });
    Account {
        id: AccountId(number),
        // Twelve letters, each with the marks that a BattleTag allows.
        battletag: format!("{}#1234567890{number:06}", "a\u{301}\u{301}".repeat(12)),
        primary: number == 0,
        ranks: ranks.into_iter().collect(),
        created_at: now(),
    }
}

fn longest() -> PersonView {
    PersonView {
        missed: u32::MAX,
        profile: Profile {
            person: Person {
                id: UserId(1),
                name: "*".repeat(300),
            },
            roles: Roles::from_iter(Role::ALL),
            zone: "America/Argentina/ComodRivadavia".parse().ok(),
            reminder: Reminder::QuarterHour,
            created_at: now(),
        },
        accounts: (0..10).map(account).collect(),
    }
}

#[test]
fn ten_accounts_with_every_rank_fit_one_embed() {
    let embed = show::in_full(&longest(), now());
    let count = |text: &str| text.chars().count();
    let title = count(embed.title.as_deref().unwrap_or_default());
    let text = count(embed.description.as_deref().unwrap_or_default());
    assert!(title <= 256 && text <= 4_096, "{title} {text}");
    assert_eq!(embed.fields.len(), 10);
    let fields = embed.fields.iter().map(|field| {
        assert!(count(&field.value) <= 1_024, "{}", field.value);
        count(&field.name) + count(&field.value)
    });
    let total = title + text + fields.sum::<usize>();
    assert!(total <= 6_000, "{total}");
}

#[test]
fn of_others_one_sees_no_zone_no_reminder_and_no_second_account() {
    let embed = show::in_short(&longest(), now());
    let shown = serde_json::to_string(&embed).expect("JSON");
    assert!(shown.contains("1234567890000000"), "the primary account");
    assert!(!shown.contains("1234567890000001"), "the second one");
    assert!(
        !shown.contains("America") && !shown.contains("15 minutes"),
        "{shown}"
    );
}

#[test]
fn what_goes_fits_a_message_however_much_it_is() {
    let stake = Stake {
        title: "*".repeat(100),
        at: now(),
    };
    let holdings = Holdings {
        battletags: longest()
            .accounts
            .into_iter()
            .map(|it| it.battletag)
            .collect(),
        organised: vec![stake.clone(); 25],
        joined: vec![stake; 300],
        played: 5_000,
    };
    let text = what_goes(&holdings);
    assert!(
        text.contains("and 20 more") && text.contains("and 295 more"),
        "{text}"
    );
    assert!(text.ends_with("all of it first."), "{text}");
    assert!(text.chars().count() <= 3_500, "{}", text.chars().count());
}
