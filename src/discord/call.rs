//! The message that looks for players: what is missing, and a button to join.
//!
//! Pure. Invariant: it says what the card says, and mentions nobody.

use twilight_model::channel::message::component::ButtonStyle;

use super::missing::needs;
use super::reply::{Message, button};
use super::session::limits;
use super::text::{escape, long_time, relative_time};
use crate::domain::call::{Looking, looking};
use crate::domain::session::{Session, Status};
use crate::store::queue::SessionView;

/// The message as it is to be now.
pub fn render(view: &SessionView) -> Message {
    let session = &view.session;
    let title = escape(&session.plan.title);
    match looking(&view.door()) {
        Looking::For(missing) => {
            let text = format!("🔎 **{title}**: {}\n{}", needs(&missing), about(session));
            let join = format!("join:{}", session.id);
            Message::text(text).row([button(join, "Join", ButtonStyle::Success)])
        }
        Looking::Complete => Message::text(format!(
            "✅ **{title}** has everybody it needs.\n{}",
            about(session)
        )),
        Looking::Not(status) => Message::text(match status {
            Status::Cancelled => format!("❌ **{title}** does not take place."),
            Status::Completed => format!("🏁 **{title}** is over."),
            Status::Started => format!("▶️ **{title}** is under way."),
            Status::Open | Status::Closed => {
                format!("🔒 The queue of **{title}** is closed.\n{}", about(session))
            }
        }),
    }
}

fn about(session: &Session) -> String {
    let plan = &session.plan;
    let limits = limits(&plan.limits).map_or(String::new(), |limits| format!(" · {limits}"));
    format!(
        "{} ({}) · {}{limits}",
        long_time(plan.at),
        relative_time(plan.at),
        plan.mode
    )
}
