use twilight_model::channel::message::Embed;
use twilight_model::channel::message::component::Component;

use super::place::{PAGE_MAX, Place, Tab, pages};
use super::view;
use crate::discord::card::{EMBED_MAX_CHARS, EMBED_TITLE_MAX_CHARS, FIELD_MAX_CHARS};
use crate::discord::reply::Message;
use crate::domain::ids::{AccountId, SessionId, UserId};
use crate::domain::ladder::Ladder;
use crate::domain::mode::Mode;
use crate::domain::queue::Entry;
use crate::domain::queue::fixtures::{account, entry, placed, queue, rejected, session, start};
use crate::domain::role::Role;
use crate::domain::session::Actor;
use crate::domain::teams::Teams;
use crate::store::queue::SessionView;

/// Characters of an embed's description.
const DESCRIPTION_MAX_CHARS: usize = 4_096;

/// Somebody with ten accounts, ranks on all of them, and a note of nothing but markup.
fn verbose(user: i64) -> Entry {
    let mut entry = entry(i64::MAX - user, &Role::ALL);
    let ranks = Ladder::ALL.map(|ladder| match ladder.scale() {
        crate::domain::ladder::Scale::Competitive => (ladder, "grandmaster 3"),
        crate::domain::ladder::Scale::Stadium => (ladder, "all-star 3"),
    });
    entry.accounts = (0..10).map(|n| account(i64::MAX - n, &ranks)).collect();
    entry.note = "<".repeat(200);
    entry.person.name = "@".repeat(32);
    entry.streaming = true;
    entry
}

/// A session of the worst names, with this many who wait, are in, and were turned down.
fn crowd(mode: &str, waiting: i64, accepted: i64, turned_down: i64) -> SessionView {
    let mut session = session(mode);
    session.id = SessionId(i64::MAX);
    session.plan.title = "<".repeat(100);
    let role = session.plan.mode.roles().iter().next().unwrap();
    let people = (0..waiting + accepted + turned_down).map(|n| {
        if n < waiting {
            verbose(n)
        } else if n < waiting + accepted {
            placed(verbose(n), role)
        } else {
            rejected(verbose(n))
        }
    });
    SessionView {
        session,
        organiser: None,
        measure: None,
        queue: queue(people.collect::<Vec<_>>()),
        teams: Teams::default(),
        planned: None,
    }
}

fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

fn check_embed(embed: &Embed) {
    let title = length(embed.title.as_deref().unwrap_or_default());
    let description = length(embed.description.as_deref().unwrap_or_default());
    let footer = embed
        .footer
        .as_ref()
        .map_or(0, |footer| length(&footer.text));
    assert!((1..=EMBED_TITLE_MAX_CHARS).contains(&title));
    assert!((1..=DESCRIPTION_MAX_CHARS).contains(&description));
    let mut total = title + description + footer;
    for field in &embed.fields {
        assert!((1..=FIELD_MAX_CHARS).contains(&length(&field.value)));
        total += length(&field.name) + length(&field.value);
    }
    assert!(total <= EMBED_MAX_CHARS, "{total}");
}

/// Holds a message to Discord's limits; its custom ids.
fn check(message: &Message) -> Vec<String> {
    message.embeds.iter().for_each(check_embed);
    assert!(message.rows.len() <= 5);
    let mut ids = Vec::new();
    for row in &message.rows {
        let Component::ActionRow(row) = row else {
            panic!("{row:?}")
        };
        assert!((1..=5).contains(&row.components.len()));
        for component in &row.components {
            match component {
                Component::Button(button) => ids.push(button.custom_id.clone().unwrap()),
                Component::SelectMenu(menu) => {
                    let options = menu.options.as_ref().unwrap();
                    assert!((1..=25).contains(&options.len()));
                    ids.push(menu.custom_id.clone());
                }
                other => panic!("{other:?}"),
            }
        }
    }
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    assert!(ids.iter().all(|id| length(id) <= 100), "{ids:?}");
    ids
}

#[test]
fn every_page_of_a_crowd_keeps_to_discords_limits() {
    for mode in Mode::all() {
        let view = crowd(mode.id(), 200, 40, 130);
        for (tab, count) in [(Tab::Waiting, 200), (Tab::Rejected, 130)] {
            for page in [0, 1, pages(count) - 1, 9_999] {
                let place = Place { tab, page };
                check(&view::overview(&view, place, "", start()));
            }
        }
    }
}

#[test]
fn every_player_keeps_to_discords_limits() {
    for mode in Mode::all() {
        let view = crowd(mode.id(), 1, 1, 1);
        for entry in &view.queue.entries {
            let place = Place::parse(Some("w80"));
            let chosen = Some(AccountId(i64::MAX - 9));
            let ids = {
                let actor = &Actor {
                    user: UserId(1),
                    guild: crate::domain::ids::GuildId(10),
                    manages_events: true,
                    administrator: true,
                };
                let view = &view;
                let shown = view::Shown {
                    view,
                    entry,
                    actor,
                    place,
                };
                check(&shown.player(chosen, "", start()))
            };
            let longest = ids.iter().map(|id| length(id)).max();
            assert!(longest > Some(20), "{ids:?}");
        }
    }
}

#[test]
fn turning_pages_shows_everybody_once() {
    let view = crowd("5v5", 60, 0, 0);
    let mut seen = Vec::new();
    for page in 0..pages(60) {
        let place = Place::first(Tab::Waiting).at(page);
        let message = view::overview(&view, place, "", start());
        for row in &message.rows {
            let Component::ActionRow(row) = row else {
                continue;
            };
            for component in &row.components {
                if let Component::SelectMenu(menu) = component {
                    let options = menu.options.iter().flatten();
                    seen.extend(options.map(|option| option.value.parse().map(UserId).unwrap()));
                }
            }
        }
    }
    let everybody: Vec<_> = view
        .queue
        .entries
        .iter()
        .map(|entry| entry.person.id)
        .collect();
    assert_eq!(seen, everybody);
    assert!(seen.len() > 2 * PAGE_MAX);
}
