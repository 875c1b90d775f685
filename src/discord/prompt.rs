//! What a message says that had asked somebody something, once it needs no answer any more.
//!
//! Pure. Invariant: it says what became of it, and what can still be done; it has no buttons.

use super::text::escape;
use crate::domain::prompt::PromptEnd;
use crate::domain::session::Status;

/// The words for the end of a prompt about the session called `title`.
pub fn ended(title: &str, end: PromptEnd) -> String {
    let title = escape(title);
    match end {
        PromptEnd::Placed(role) => format!(
            "✅ You are in: **{title}** as {role}. If that does not suit you any more, press *Leave* on \
             its card."
        ),
        PromptEnd::Declined => format!(
            "Noted: you don't take the place in **{title}**, and I ask the next one. You still wait \
             in its queue; while it is open, *Join* on its card says that you want to be asked again."
        ),
        PromptEnd::Lapsed => format!(
            "⌛ The time to take the place in **{title}** is over, and others are asked. You still \
             wait in its queue; while it is open, *Join* on its card says that you want to be asked \
             again."
        ),
        PromptEnd::Replaced => format!(
            "🕑 The time to take the place in **{title}** has changed: please answer my newer message."
        ),
        PromptEnd::Withdrawn => {
            format!("What I asked you about **{title}** does not concern you any more.")
        }
        PromptEnd::Present(role) => {
            format!("☑️ Noted: you are there for **{title}**, as {role}.")
        }
        PromptEnd::TooLate => format!(
            "You were missed at the start of **{title}**, and your place is somebody else's, or they \
             are being asked. I ask you when one is free."
        ),
        PromptEnd::CheckInOver => format!("**{title}** has started, so its check-in is over."),
        PromptEnd::Moved => format!(
            "🕑 **{title}** has moved. I ask you again shortly before its new start whether you are \
             there."
        ),
        PromptEnd::Complete => {
            format!("✅ Nobody is missing in **{title}** any more. Its card shows who plays what.")
        }
        PromptEnd::Over(Status::Cancelled) => format!("❌ **{title}** does not take place."),
        PromptEnd::Over(_) => format!("🏁 **{title}** is over."),
    }
}
