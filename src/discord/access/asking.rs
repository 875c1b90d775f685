//! What a member may have the bot do for them: no more than they may do in the channel themselves.
//!
//! Pure. Invariant: what is refused is named, with who could do it.

use twilight_model::guild::Permissions;

use super::bot::{Asset, missing};
use crate::discord::obstacle::name;
use crate::domain::extras::Extras;
use crate::domain::ids::ChannelId;
use crate::domain::obstacle::Right;

/// Either of these lets a member make events.
const MAKE_EVENTS: Permissions = Permissions::CREATE_EVENTS.union(Permissions::MANAGE_EVENTS);

/// Why the bot shows no card for a member with these permissions in a channel, or in a thread; `None`
/// if it may.
pub fn cannot_post(channel: ChannelId, thread: bool, permissions: Permissions) -> Option<String> {
    let mut needed = Asset::Call.needs(thread);
    needed.insert(0, Right::ViewChannel);
    let lacking = missing(permissions, needed).first().copied()?;
    let name = name(lacking);
    Some(format!(
        "You may not write in <#{channel}> yourself (you lack **{name}**), so I don't show a \
         session there for you. Choose a channel in which you may write."
    ))
}

/// Whether the bot starts a thread for a member with these permissions in its channel.
pub fn may_start_thread(permissions: Permissions) -> bool {
    permissions.intersects(Permissions::CREATE_PUBLIC_THREADS | Permissions::ADMINISTRATOR)
}

/// Takes out of what is wanted beside a card what a member with these permissions may not make
/// themselves; a sentence for each.
pub fn allowed_extras(wanted: Extras, permissions: Permissions) -> (Extras, Vec<&'static str>) {
    let mut allowed = wanted;
    let mut refused = Vec::new();
    let may = |needed: Permissions| permissions.intersects(needed | Permissions::ADMINISTRATOR);
    if wanted.thread == Some(true) && !may_start_thread(permissions) {
        allowed.thread = None;
        refused.push(NO_THREAD);
    }
    if wanted.event == Some(true) && !may(MAKE_EVENTS) {
        allowed.event = None;
        refused.push(NO_EVENT);
    }
    (allowed, refused)
}

/// What is said where a thread is not started for a member.
pub const NO_THREAD: &str = "⚠️ There is no thread: you lack **Create Public Threads** in this channel. \
                         Whoever has it and manages the session can add one with `/session edit`.";
const NO_EVENT: &str = "⚠️ There is no event: you lack **Create Events** in this server. Whoever has \
                        that, or **Manage Events**, and manages the session can press *Add an event* \
                        under *Manage* on its card.";

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: Extras = Extras {
        thread: Some(true),
        event: Some(true),
    };

    #[test]
    fn nothing_is_made_for_who_may_not_make_it() {
        let (allowed, refused) = allowed_extras(BOTH, Permissions::SEND_MESSAGES);
        assert!(allowed.is_none());
        assert_eq!(refused, [NO_THREAD, NO_EVENT]);
        for enough in [Permissions::CREATE_EVENTS, Permissions::MANAGE_EVENTS] {
            let (allowed, refused) = allowed_extras(BOTH, enough);
            assert_eq!((allowed.thread, allowed.event), (None, Some(true)));
            assert_eq!(refused, [NO_THREAD]);
        }
        let (allowed, refused) = allowed_extras(BOTH, Permissions::ADMINISTRATOR);
        assert_eq!((allowed, refused.len()), (BOTH, 0));
    }

    #[test]
    fn doing_away_with_something_takes_no_permission() {
        let off = Extras {
            thread: Some(false),
            event: Some(false),
        };
        assert_eq!(allowed_extras(off, Permissions::empty()), (off, Vec::new()));
    }

    #[test]
    fn a_card_is_shown_where_the_member_may_write() {
        let channel = ChannelId(5);
        let send = Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES;
        assert_eq!(cannot_post(channel, false, send), None);
        let said = cannot_post(channel, true, send).expect("another permission");
        assert!(said.contains("Send Messages in Threads"), "{said}");
        let hidden = cannot_post(channel, false, Permissions::SEND_MESSAGES);
        assert!(hidden.is_some_and(|said| said.contains("View Channel")));
        let all = Permissions::ADMINISTRATOR;
        assert_eq!(cannot_post(channel, true, all), None);
    }
}
