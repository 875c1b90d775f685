//! The words about sessions.
//!
//! Pure. Invariant: a refusal says what is in the way and the way out; what people typed is
//! escaped.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::super::text::{escape, long_time, relative_time};
use super::super::words::quoted;
use crate::domain::session::{
    ALIVE_PER_GUILD_MAX, ALIVE_PER_ORGANISER_MAX, CO_ORGANISERS_MAX, MADE_PER_HOUR_MAX, RankLimits,
    Session, SessionRefusal, Status,
};
use crate::domain::when::{When, WhenError, distance};

/// The answer to whoever asks for sessions in direct messages.
pub const IN_A_SERVER: &str = "Sessions belong to a server, so this only works there: go to one of its channels and try again.";

/// The word for a status.
pub fn status(status: Status) -> &'static str {
    match status {
        Status::Open => "open",
        Status::Closed => "queue closed",
        Status::Started => "started",
        Status::Completed => "completed",
        Status::Cancelled => "cancelled",
    }
}

/// Why something may not be done with a session, and the way out.
pub fn refused(refusal: &SessionRefusal) -> String {
    match refusal {
        SessionRefusal::Unknown => {
            "That session is not here any more. `/session list` shows what is on.".into()
        }
        SessionRefusal::NotYours => "Only the organiser of this session and their co-organisers \
                                     can do that, or somebody who may manage events in this server."
            .into(),
        SessionRefusal::NotACoOrganisers => "Who else leads this session is the organiser's to \
                                             say: ask them."
            .into(),
        SessionRefusal::TooManyCoOrganisers => {
            format!(
                "A session can have {CO_ORGANISERS_MAX} co-organisers. Take somebody out first."
            )
        }
        SessionRefusal::Not(Status::Cancelled) => {
            "This session has been cancelled, so that nothing about it can change any more. As long \
             as its start is ahead, its organisers can take that back with `/session reopen`."
                .into()
        }
        SessionRefusal::Not(Status::Completed) => {
            "This session is over, so that nothing about it can change any more.".into()
        }
        SessionRefusal::Not(_) => "This session has started already. Its title, description, \
                                   length and limits can still be changed, and it can be cancelled."
            .into(),
        SessionRefusal::NothingToTakeBack => "This session is neither cancelled nor under way, so \
                                              that there is nothing to take back."
            .into(),
        SessionRefusal::Begun(at) => format!(
            "That cannot be taken back any more: the session was to start at {} ({}). `/session \
             create` plans another.",
            long_time(*at),
            relative_time(*at)
        ),
        SessionRefusal::TooManyOfTheirs => format!(
            "Its organiser has {ALIVE_PER_ORGANISER_MAX} other sessions ahead of them in this server, \
             which is as many as one person can have. One has to be over or cancelled first."
        ),
        SessionRefusal::Past => "The start has to be in the future.".into(),
        SessionRefusal::TooManyOfYours => format!(
            "You have {ALIVE_PER_ORGANISER_MAX} sessions ahead of you in this server, which is as \
             many as one person can have. Cancel one, or wait until one is over."
        ),
        SessionRefusal::TooOften(until) => format!(
            "You have made {MADE_PER_HOUR_MAX} sessions in this server within an hour, which is as \
             many as one person can. You can make the next one {}.",
            relative_time(*until)
        ),
        SessionRefusal::TooManyHere => format!(
            "This server has {ALIVE_PER_GUILD_MAX} sessions ahead of it, which is as many as there \
             can be. One has to be over or cancelled first."
        ),
        SessionRefusal::PlayersAccepted => "The mode cannot change while players are \
                                            accepted, and teams can only become more. Take \
                                            their places back first, or cancel this session \
                                            and create another."
            .into(),
        SessionRefusal::LimitsCrossed => {
            "The lowest tier is above the highest, so that nobody could play. Swap the two.".into()
        }
        SessionRefusal::OtherScale(tier) => format!(
            "{tier} is not a tier of this mode. Pick one from the list that opens while typing.",
            tier = tier.label()
        ),
        SessionRefusal::OrganiserUndeclared(ladders) => {
            let ladders: Vec<_> = ladders.iter().map(|ladder| ladder.label()).collect();
            format!(
                "A limit by distance is measured from the organiser's rank, and the organiser's \
                 primary account has none yet for: {}. Declare it with `/account add` or \
                 `/account edit`, or limit the tiers instead (`lowest`, `highest`).",
                ladders.join(", ")
            )
        }
    }
}

/// Why a time cannot be taken, and what can.
pub(super) fn not_a_time(error: &WhenError, typed: &str, zone: Tz, now: DateTime<Utc>) -> String {
    let shown = |at: DateTime<Utc>| format!("{} ({})", When { at, zone }, distance(at, now));
    match error {
        WhenError::Empty | WhenError::NotUnderstood => format!(
            "I don't understand {} as a time. Try `fri 8pm`, `tomorrow 20:30`, `in 2 hours` or \
             `2026-12-25 19:30`.",
            quoted(typed)
        ),
        WhenError::NoTime => format!(
            "{} is a day; at what time? For instance `fri 8pm`.",
            quoted(typed)
        ),
        WhenError::Past { at } => format!("{} is in the past.", shown(*at)),
        WhenError::TooFar { at, max_days } => format!(
            "{} is too far ahead: a session can be planned {max_days} days ahead at most.",
            shown(*at)
        ),
        WhenError::Skipped { before, after } => format!(
            "{} does not exist in {zone}: the clocks are put forward over it. {}",
            quoted(typed),
            offered(&[*before, *after], zone, now)
        ),
        WhenError::Twice { first, second } => format!(
            "{} comes twice in {zone}: the clocks are put back over it. {}",
            quoted(typed),
            offered(&[*first, *second], zone, now)
        ),
        WhenError::Several { at } => format!(
            "{} can mean several times. {}",
            quoted(typed),
            offered(at, zone, now)
        ),
    }
}

/// The moments that a doubtful time may mean.
pub(super) fn meant(error: &WhenError) -> Vec<DateTime<Utc>> {
    match error {
        WhenError::Skipped { before, after } => vec![*before, *after],
        WhenError::Twice { first, second } => vec![*first, *second],
        WhenError::Several { at } => at.clone(),
        _ => Vec::new(),
    }
}

fn offered(moments: &[DateTime<Utc>], zone: Tz, now: DateTime<Utc>) -> String {
    let lines: Vec<_> = moments
        .iter()
        .map(|at| {
            let shown = When { at: *at, zone }.describe(now);
            format!("\n• `<t:{}>` is {shown}", at.timestamp())
        })
        .collect();
    format!(
        "Pick one of these, or type it as it stands:{}",
        lines.concat()
    )
}

/// Rank limits; `None` if everybody may play.
pub fn limits(limits: &RankLimits) -> Option<String> {
    let tiers = match (limits.lowest, limits.highest) {
        (Some(lowest), Some(highest)) if lowest == highest => {
            Some(format!("{} only", lowest.label()))
        }
        (Some(lowest), Some(highest)) => Some(format!("{} to {}", lowest.label(), highest.label())),
        (Some(lowest), None) => Some(format!("{} and up", lowest.label())),
        (None, Some(highest)) => Some(format!("up to {}", highest.label())),
        (None, None) => None,
    };
    let distance = limits.distance.map(|distance| {
        let divisions = counted(distance, "division");
        format!("within {divisions} of the organiser")
    });
    let all: Vec<_> = tiers.into_iter().chain(distance).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// How long something takes: "2 h", "1 h 30 min", "45 min".
pub fn length(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// A session by its name, and when it is, for every reader in their own zone.
pub(super) fn named(session: &Session) -> String {
    let plan = &session.plan;
    format!(
        "**{}** on {} ({})",
        escape(&plan.title),
        long_time(plan.at),
        relative_time(plan.at)
    )
}

/// "1 player", "3 players".
pub(super) fn counted(count: u32, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// That people are told; empty if there is nobody.
pub(super) fn told(count: u32) -> String {
    match count {
        0 => String::new(),
        1 => " The one other person in its queue is told by direct message.".into(),
        count => format!(" The {count} others in its queue are told by direct message."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ladder::Scale;
    use crate::domain::rank::Tier;

    #[test]
    fn limits_are_said_in_words() {
        let tier = |word| Tier::parse(Scale::Competitive, word);
        let said = |lowest, highest, distance| {
            limits(&RankLimits {
                lowest,
                highest,
                distance,
            })
        };
        assert_eq!(said(None, None, None), None);
        assert_eq!(
            said(tier("gold"), tier("diamond"), Some(1)).as_deref(),
            Some("Gold to Diamond, within 1 division of the organiser")
        );
        assert_eq!(
            said(tier("gold"), tier("gold"), None).as_deref(),
            Some("Gold only")
        );
    }

    #[test]
    fn a_skipped_time_comes_with_its_neighbours_ready_to_type() {
        let now = "2026-11-22T12:00:00Z".parse().expect("a time");
        let zone = Tz::Europe__Berlin;
        let typed = "2027-03-28 02:30";
        let error = crate::domain::when::parse(typed, zone, now).expect_err("skipped");
        let said = not_a_time(&error, typed, zone, now);
        for at in meant(&error) {
            assert!(
                said.contains(&format!("`<t:{}>`", at.timestamp())),
                "{said}"
            );
        }
        assert!(
            said.contains("01:30 CET") && said.contains("03:30 CEST"),
            "{said}"
        );
    }
}
