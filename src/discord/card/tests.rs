use chrono::TimeDelta;
use proptest::prelude::*;
use twilight_model::channel::message::component::ActionRow;

use super::*;
use crate::domain::ids::UserId;
use crate::domain::ladder::Ladder as L;
use crate::domain::queue::Queue;
use crate::domain::queue::fixtures::{account, entry, placed, queue, rejected, session, start};
use crate::domain::rank::season_days;
use crate::domain::teams::Teams;
use Role::{Damage, Flex, Support, Tank};

fn view(session: Session, queue: Queue) -> SessionView {
    SessionView {
        session,
        organiser: None,
        measure: None,
        queue,
        teams: Teams::default(),
        planned: None,
    }
}

/// Everything that stands on the card, line by line.
fn text(view: &SessionView) -> String {
    let embed = embed(view, start());
    let fields = embed
        .fields
        .iter()
        .flat_map(|field| [field.name.as_str(), field.value.as_str()]);
    let rest = [embed.title.as_deref(), embed.description.as_deref()];
    let footer = embed.footer.as_ref().map(|footer| footer.text.as_str());
    let all: Vec<_> = rest
        .into_iter()
        .flatten()
        .chain(fields)
        .chain(footer)
        .collect();
    all.join("\n")
}

fn ids(view: &SessionView) -> Vec<String> {
    let message = render(view, start());
    let rows = message.rows.into_iter().filter_map(|row| match row {
        Component::ActionRow(ActionRow { components, .. }) => Some(components),
        _ => None,
    });
    rows.flatten()
        .filter_map(|component| match component {
            Component::Button(button) => button.custom_id,
            _ => None,
        })
        .collect()
}

#[test]
fn the_card_says_who_is_in_who_waits_and_what_is_missing() {
    let mut tank = entry(2, &[Tank]);
    tank.accounts = vec![account(2, &[(L::Tank, "diamond 3")])];
    tank.streaming = true;
    let mut damage = entry(3, &[Damage, Support]);
    damage.accounts = vec![account(3, &[(L::Damage, "gold 1")])];
    let people = [placed(tank, Tank), damage, rejected(entry(4, &[Support]))];
    let text = text(&view(session("5v5"), queue(people)));
    for part in [
        "Friday scrim",
        "<t:1795086400:F>",
        "Tank 1/1\n<@2> · Diamond 3 📺",
        "Damage 0/2\n—",
        "Needs 2 damage and 2 supports",
        "Waiting (1)\n<@3> · Damage Gold 1, Support",
        "<@1>",
        "📺 streams",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(
        !text.contains("<@4>"),
        "who was turned down is not shown\n{text}"
    );
}

#[test]
fn open_queue_has_one_list_and_one_rank() {
    let mut player = entry(2, &[Flex]);
    player.accounts = vec![account(2, &[(L::OpenQueue, "master 2")])];
    let people = [
        placed(player.clone(), Flex),
        Entry {
            person: entry(3, &[]).person,
            ..player
        },
    ];
    let text = text(&view(session("6v6"), queue(people)));
    assert!(
        text.contains("Players 1/6\n<@2> · Flex · Master 2"),
        "{text}"
    );
    assert!(text.contains("<@3> · Flex · Master 2"), "{text}");
    assert!(text.contains("Needs 5 players"), "{text}");
}

#[test]
fn a_rank_of_last_season_is_marked() {
    let mut player = entry(2, &[Tank]);
    player.accounts = vec![account(2, &[(L::Tank, "diamond 3")])];
    let view = view(session("5v5"), queue([player]));
    let later = start() + TimeDelta::days(i64::from(season_days()) + 1);
    let embed = embed(&view, later);
    let waiting = embed.fields.last().unwrap();
    assert!(waiting.value.contains("Diamond 3 ⌛"), "{}", waiting.value);
    assert!(embed.footer.unwrap().text.contains('⌛'));
}

#[test]
fn buttons_follow_the_sessions_life() {
    let mut view = view(session("5v5"), queue([]));
    assert_eq!(ids(&view), ["join:7", "leave:7", "streaming:7", "manage:7"]);
    for status in [Status::Closed, Status::Started] {
        view.session.status = status;
        assert_eq!(ids(&view), ["leave:7", "streaming:7", "manage:7"]);
    }
    for status in [Status::Completed, Status::Cancelled] {
        view.session.status = status;
        assert!(ids(&view).is_empty());
    }
}

#[test]
fn a_place_in_a_role_that_the_mode_does_not_have_is_still_shown() {
    let view = view(session("5v5"), queue([placed(entry(2, &[Flex]), Flex)]));
    assert!(text(&view).contains("Also in\n<@2> · Flex"));
}

#[test]
fn lists_end_with_how_many_more_there_are() {
    let lines = || (0..10).map(|n| format!("line {n}"));
    assert_eq!(fitting(10, lines(), 1_000).lines().count(), 10);
    let short = fitting(10, lines(), 50);
    assert_eq!(short, "line 0\nline 1\nline 2\n… and 7 more");
    assert_eq!(
        fitting(1, ["x".repeat(50)], 10),
        format!("{}…", "x".repeat(9))
    );
}

/// Text as bad as it can be: everything in it has to be escaped.
fn worst(max: usize) -> impl Strategy<Value = String> {
    prop_oneof![
        Just("<".repeat(max)),
        Just("@:".repeat(max / 2)),
        Just("🎮".repeat(max)),
        proptest::collection::vec(any::<char>(), 1..=max)
            .prop_map(|chars| chars.into_iter().collect()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_card_keeps_to_discords_limits(
        mode in proptest::sample::select(Mode::all().map(Mode::id).collect::<Vec<_>>()),
        title in worst(100),
        description in worst(1_000),
        reason in proptest::option::of(worst(300)),
        teams in 1_u8..=2,
        status in proptest::sample::select(Status::ALL.to_vec()),
        waiting in prop_oneof![0_usize..30, Just(2_000)],
        accepted in prop_oneof![0_usize..15, Just(100)],
        distance in proptest::option::of(0_u32..100),
    ) {
        let mut session = session(mode);
        session.plan.title = title;
        session.plan.description = description;
        session.plan.teams = teams;
        session.plan.limits.distance = distance;
        session.cancel_reason = reason;
        session.status = status;
        let roles: Vec<_> = session.plan.mode.roles().iter().collect();
        let ranks: Vec<_> = roles.iter().map(|role| session.plan.mode.ladder(*role)).collect();
        let highest = if mode == "Stadium" { "all-star 3" } else { "grandmaster 3" };
        let person = |n: usize| {
            let mut entry = entry(i64::MAX - i64::try_from(n).unwrap(), &roles);
            let ranks: Vec<_> = ranks.iter().map(|ladder| (*ladder, highest)).collect();
            entry.accounts = vec![account(1, &ranks)];
            entry.streaming = true;
            if n < accepted { placed(entry, roles[n % roles.len()]) } else { entry }
        };
        let people: Vec<_> = (0..waiting + accepted).map(person).collect();
        let late = start() + TimeDelta::days(1_000);
        let embed = embed(&view(session, queue(people)), late);
        let length = |text: &str| text.encode_utf16().count();
        let mut total = 0;
        let title = length(embed.title.as_deref().unwrap_or_default());
        prop_assert!((1..=EMBED_TITLE_MAX_CHARS).contains(&title));
        total += title + length(embed.description.as_deref().unwrap_or_default());
        total += embed.footer.as_ref().map_or(0, |footer| length(&footer.text));
        for field in &embed.fields {
            let (name, value) = (length(&field.name), length(&field.value));
            prop_assert!((1..=EMBED_TITLE_MAX_CHARS).contains(&name));
            prop_assert!((1..=FIELD_MAX_CHARS).contains(&value), "{}: {value}", field.name);
            total += name + value;
        }
        prop_assert!(embed.fields.len() <= 25);
        prop_assert!(total <= EMBED_MAX_CHARS, "{total}");
    }
}

#[test]
fn two_thousand_who_wait_are_counted_if_not_all_shown() {
    let people: Vec<_> = (2..2_002).map(|n| entry(n, &[Tank])).collect();
    let view = view(session("5v5"), queue(people));
    let text = text(&view);
    assert!(text.contains("Waiting (2000)"), "{text}");
    let shown = text.matches(" · Tank").count();
    assert!(shown > 20, "{text}");
    assert!(
        text.contains(&format!("… and {} more", 2_000 - shown)),
        "{text}"
    );
    assert!(view.queue.entry(UserId(2)).is_some());
}
