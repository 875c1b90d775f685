//! Why a session's card, thread or event cannot be shown, in words.
//!
//! Pure. Invariant: each says what happened, then what to do; a permission is blamed only where it is
//! known to be missing.

use super::card::join_words;
use super::text::escape;
use crate::domain::extras::Extra;
use crate::domain::ids::ChannelId;
use crate::domain::obstacle::{Obstacle, Right};

const TIMED_OUT: &str = "I am timed out in its server";

/// That a session's card cannot be posted in a channel that somebody has chosen.
pub(super) fn cannot_post_card(channel: ChannelId, obstacle: &Obstacle) -> String {
    format!(
        "⚠️ I cannot show the card in <#{channel}>: {}",
        not_here(obstacle)
    )
}

/// That a message that looks for players cannot be posted in a channel that somebody has chosen.
pub(super) fn cannot_post_call(channel: ChannelId, obstacle: &Obstacle) -> String {
    format!("⚠️ I cannot post in <#{channel}>: {}", not_here(obstacle))
}

fn not_here(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::TimedOut => {
            "I am timed out in this server. Try again once the time-out is over, or \
                               ask somebody who can end it."
                .to_owned()
        }
        Obstacle::Lacking(rights) => format!(
            "I lack {}. Ask somebody who manages the channel to allow me that, or choose another one.",
            names(rights)
        ),
        Obstacle::ChannelGone => "the channel has been deleted. Choose another one.".to_owned(),
        obstacle => format!("{}. Choose another channel.", refused(obstacle)),
    }
}

/// That a session's card cannot be shown.
pub(super) fn card_hidden(title: &str, channel: ChannelId, obstacle: &Obstacle) -> String {
    let (why, remedy) = match obstacle {
        Obstacle::Removed => (
            "I am not in its server any more".to_owned(),
            "Once I am invited back, it is brought up to date",
        ),
        Obstacle::TimedOut => (
            TIMED_OUT.to_owned(),
            "Once the time-out is over, or somebody has ended it, it is brought up to date",
        ),
        Obstacle::Lacking(rights) => (
            format!("I lack {} in <#{channel}>", names(rights)),
            "Ask somebody who manages the channel to allow me that, and it is brought up to date; or \
             take it to another channel with `/session move`",
        ),
        Obstacle::Locked => (
            format!("the thread <#{channel}> is archived and locked"),
            "Ask somebody who manages threads to open it, or take the card to another channel with \
             `/session move`",
        ),
        Obstacle::ChannelGone => (
            "its channel has been deleted".to_owned(),
            "Take it to another channel with `/session move`",
        ),
        obstacle => (
            format!("{} in <#{channel}>", refused(obstacle)),
            "I go on trying; or take it to another channel with `/session move`",
        ),
    };
    format!(
        "⚠️ I cannot show the card of **{}**: {why}. {remedy}. Everything else goes on, and \
         `/session show` shows the card to you alone.",
        escape(title)
    )
}

/// That a session's thread or event cannot be made or changed. `may_pass`: it is tried again.
pub(super) fn no_extra(title: &str, extra: Extra, obstacle: &Obstacle, may_pass: bool) -> String {
    let (what, option, place) = match extra {
        Extra::Thread => ("thread", "thread", "in its channel"),
        Extra::Event => ("event", "event", "in the server"),
    };
    let why = match obstacle {
        Obstacle::Removed => "I am not in its server any more".to_owned(),
        Obstacle::TimedOut => TIMED_OUT.to_owned(),
        Obstacle::Lacking(rights) => format!("I lack {} {place}", names(rights)),
        Obstacle::Locked => "it is locked, and I may not open it".to_owned(),
        Obstacle::NoThreads => {
            "its card is in a channel of a kind that has no threads of its own".to_owned()
        }
        Obstacle::TooManyThreads => {
            "the server has as many active threads as Discord allows".to_owned()
        }
        Obstacle::TooManyEvents => {
            "the server has 100 scheduled events, which is as many as Discord allows".to_owned()
        }
        obstacle => refused(obstacle),
    };
    let remedy = match obstacle {
        Obstacle::NoThreads => format!(
            "To have one, take the card to a text channel with `/session move`, then use \
             `/session edit` with `{option}: Yes`"
        ),
        Obstacle::TooManyEvents if may_pass => {
            "It appears by itself once one of them is over or removed".to_owned()
        }
        Obstacle::Lacking(_) if may_pass => {
            "Once somebody has allowed me that, I go on by myself".to_owned()
        }
        Obstacle::TimedOut if may_pass => {
            "Once the time-out is over, or somebody has ended it, I go on by myself".to_owned()
        }
        _ if may_pass => "I go on by myself once that has changed".to_owned(),
        _ => format!("To try again, use `/session edit` with `{option}: Yes`"),
    };
    format!(
        "⚠️ I could not make or change the {what} of **{}**: {why}. {remedy}. The session itself goes on \
         without it.",
        escape(title)
    )
}

/// What is known where nothing is known to be missing.
fn refused(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Other(code) => format!("Discord refuses it (its code {code})"),
        _ => "Discord does not let me".to_owned(),
    }
}

fn names(rights: &[Right]) -> String {
    let names: Vec<_> = rights
        .iter()
        .map(|right| format!("*{}*", name(*right)))
        .collect();
    join_words(&names)
}

/// A permission by the name that Discord shows.
pub(super) fn name(right: Right) -> &'static str {
    match right {
        Right::ViewChannel => "View Channel",
        Right::Connect => "Connect",
        Right::SendMessages => "Send Messages",
        Right::SendMessagesInThreads => "Send Messages in Threads",
        Right::EmbedLinks => "Embed Links",
        Right::CreatePublicThreads => "Create Public Threads",
        Right::ManageThreads => "Manage Threads",
        Right::CreateEvents => "Create Events",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_blamed() {
        let lacking = Obstacle::Lacking(vec![Right::ViewChannel, Right::EmbedLinks]);
        let said = card_hidden("Cup", ChannelId(5), &lacking);
        assert!(
            said.contains("I lack *View Channel* and *Embed Links* in <#5>"),
            "{said}"
        );
        for extra in [Extra::Thread, Extra::Event] {
            let said = no_extra("Cup", extra, &Obstacle::Forbidden, true);
            assert!(!said.contains("Create") && !said.contains("lack"), "{said}");
        }
        let said = no_extra("Cup", Extra::Event, &Obstacle::TooManyEvents, true);
        assert!(said.contains("100 scheduled events"), "{said}");
        let said = no_extra("Cup", Extra::Thread, &Obstacle::NoThreads, false);
        assert!(said.contains("no threads of its own"), "{said}");
    }
}
