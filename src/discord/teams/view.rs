//! The pages of the teams, and what the card shows of them.
//!
//! Pure. Invariant: rendered from one snapshot; all that a button needs to know is in its id.

use std::fmt::Write as _;

use twilight_model::channel::message::component::{ButtonStyle, Component, SelectMenuOption};
use twilight_util::builder::embed::{EmbedBuilder, EmbedFieldBuilder};

use super::{DRAFT, PAGE, words};
use crate::discord::card::{EMBED_TITLE_MAX_CHARS, FIELD_MAX_CHARS};
use crate::discord::missing::needs;
use crate::discord::reply::{
    CHOICE_MAX_CHARS, LABEL_MAX_CHARS, Message, button, label, menu, option,
};
use crate::discord::text::{escape, name_or_id, truncate};
use crate::domain::balance::{
    Balanced, Bond, Figures, Problem, Proposal, Seat, Team, Unbalanced, figures,
};
use crate::domain::ids::{SessionId, UserId};
use crate::domain::queue::Entry;
use crate::domain::role::Role;
use crate::domain::teams::{self, Ask, Crowd, Draft, Known, Wishes, roles_on};
use crate::store::queue::SessionView;
use crate::store::teams::TeamsView;

/// Everything that proposals can be made of, with the words for it in custom ids.
const ASKS: [(&str, Ask); 4] = [
    ("accepted", ask_for(Wishes::Accepted, Crowd::Accepted)),
    ("offered", ask_for(Wishes::Offered, Crowd::Accepted)),
    ("accepted-all", ask_for(Wishes::Accepted, Crowd::Everybody)),
    ("offered-all", ask_for(Wishes::Offered, Crowd::Everybody)),
];

const fn ask_for(wishes: Wishes, crowd: Crowd) -> Ask {
    Ask { wishes, crowd }
}

/// Reads what proposals are to be made of from a custom id.
pub(super) fn ask(word: Option<&str>) -> Ask {
    let known = ASKS.iter().find(|(known, _)| Some(*known) == word);
    known.map_or_else(Ask::default, |(_, ask)| *ask)
}

fn ask_word(ask: Ask) -> &'static str {
    let known = ASKS.iter().find(|(_, known)| *known == ask);
    known.map_or("accepted", |(word, _)| *word)
}

/// What a line-up's number begins with in a custom id.
pub(super) const LINE_UP: &str = "l";

/// The id of the button that makes `seats`, a line-up of the candidates of `problem`, the teams:
/// `teams-use:SESSION:ASK:lLINEUP:FINGERPRINT`. `None` if it does not fit.
pub(super) fn use_id(
    session: SessionId,
    ask: Ask,
    problem: &Problem,
    seats: &[Seat],
) -> Option<String> {
    let (ask, number) = (ask_word(ask), teams::encode(problem, seats)?);
    let mark = teams::fingerprint(problem);
    Some(format!(
        "teams-use:{session}:{ask}:{LINE_UP}{number:x}:{mark:016x}"
    ))
}

/// The line-up in a custom id, if the candidates are still those that it was made of.
pub(super) fn line_up(problem: &Problem, number: &str, mark: &str) -> Option<Vec<Seat>> {
    let is_same = u64::from_str_radix(mark, 16) == Ok(teams::fingerprint(problem));
    let number = u128::from_str_radix(number, 16).ok()?;
    is_same.then(|| teams::decode(problem, number)).flatten()
}

/// What told one line-up from another in the custom ids of earlier versions.
pub(super) fn fingerprint(seats: &[Seat]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for seat in seats {
        let seat = [
            seat.user.0.cast_unsigned(),
            seat.team as u64,
            seat.role as u64,
        ];
        for part in seat {
            hash = (hash ^ part).wrapping_mul(0x0100_0000_01b3).rotate_left(29);
        }
    }
    format!("{hash:016x}")
}

/// The proposals, with what can be done with them.
pub(super) fn proposals(
    teams: &TeamsView,
    problem: &Problem,
    balanced: &Result<Balanced, Unbalanced>,
    ask: Ask,
    said: &str,
) -> Message {
    let (view, session) = (&teams.view, teams.view.session.id);
    let waiting = teams::counted(&view.door(), &teams.known);
    let (mut fields, mut uses) = (Vec::new(), Vec::new());
    let mut about = match balanced {
        Err(why) => words::unbalanced(*why, ask.crowd),
        Ok(balanced) => {
            for (at, proposal) in balanced.proposals.iter().enumerate() {
                let name = format!("Proposal {}", at + 1);
                fields.push((name, proposed(view, proposal, ask.crowd)));
                let id = use_id(session, ask, problem, &proposal.seats);
                let label = format!("Use {}", at + 1);
                uses.extend(id.map(|id| button(id, &label, ButtonStyle::Success)));
            }
            format!(
                "The best of {} line-ups: all of them were covered.",
                thousands(balanced.covered)
            )
        }
    };
    if ask.crowd == Crowd::Everybody {
        about = format!("{about}\n{}", words::everybody(waiting.left_out));
    }
    let mut message = page("Teams: proposals", view, said, (about, fields));
    if !uses.is_empty() {
        message = message.row(uses);
    }
    let somebody_waits = !waiting.entries.is_empty() || ask.crowd == Crowd::Everybody;
    let mut others = vec![other_wishes(session, ask)];
    others.extend(somebody_waits.then(|| other_crowd(session, ask)));
    let hand = format!("teams-hand:{session}");
    others.push(button(hand, "By hand", ButtonStyle::Secondary));
    others.extend([to_pairs(view), back(view)]);
    message.row(others)
}

/// A line-up that is proposed: its teams, who comes in and sits out by it, and its figures.
fn proposed(view: &SessionView, proposal: &Proposal, crowd: Crowd) -> String {
    let seats = &proposal.seats;
    let mut lines: Vec<_> = Team::BOTH.map(|team| line(view, seats, team)).into();
    if crowd == Crowd::Everybody {
        let sits_out = |entry: &&Entry| seats.iter().all(|seat| seat.user != entry.person.id);
        let accepted = view.queue.accepted().map(|(entry, _)| entry);
        let asked = view.queue.asked().map(|(entry, _)| entry);
        let users = |entry: &Entry| entry.person.id;
        let out: Vec<_> = accepted.filter(sits_out).map(users).collect();
        let asked: Vec<_> = asked.filter(sits_out).map(users).collect();
        lines.extend(words::sit_out(&out, &asked));
    }
    let mode = view.session.plan.mode;
    lines.push(words::figures(&proposal.figures, mode, &view.queue, true));
    lines.join("\n")
}

/// The button that has roles move, or stay.
fn other_wishes(session: SessionId, ask: Ask) -> Component {
    let (wishes, label) = match ask.wishes {
        Wishes::Accepted => (Wishes::Offered, "Let roles move"),
        Wishes::Offered => (Wishes::Accepted, "Roles as accepted"),
    };
    let id = format!("{PAGE}:{session}:{}", ask_word(Ask { wishes, ..ask }));
    button(id, label, ButtonStyle::Secondary)
}

/// The button that has those who wait counted, or not.
fn other_crowd(session: SessionId, ask: Ask) -> Component {
    let (crowd, label) = match ask.crowd {
        Crowd::Accepted => (Crowd::Everybody, "Count those who wait too"),
        Crowd::Everybody => (Crowd::Accepted, "Only who is in"),
    };
    let id = format!("{PAGE}:{session}:{}", ask_word(Ask { crowd, ..ask }));
    button(id, label, ButtonStyle::Secondary)
}

/// Who is kept together or apart, and who could pick.
pub(super) fn pairs(teams: &TeamsView, said: &str) -> Message {
    let (view, session) = (&teams.view, teams.view.session.id);
    let tied: Vec<_> = view
        .teams
        .pairs
        .iter()
        .map(|pair| {
            let word = match pair.bond {
                Bond::Together => "together with",
                Bond::Apart => "apart from",
            };
            format!("<@{}> {word} <@{}>", pair.one, pair.other)
        })
        .collect();
    let about = if tied.is_empty() {
        "Nobody is kept together or apart yet. The proposals keep to what you choose here."
            .to_owned()
    } else {
        tied.join("\n")
    };
    let mut message = page("Teams: pairs and captains", view, said, (about, Vec::new()));
    let options = players(view, None);
    if options.len() >= 2 {
        let choose = |id: String, text: &str| [menu(id, text, options.clone(), (2, 2))];
        message = message
            .row(choose(
                format!("teams-tie:{session}:together"),
                "Keep two together…",
            ))
            .row(choose(
                format!("teams-tie:{session}:apart"),
                "Keep two apart…",
            ))
            .row(choose(
                format!("teams-captains:{session}"),
                "Two captains who pick the teams…",
            ));
    }
    if !view.teams.pairs.is_empty() {
        let untie = view.teams.pairs.iter().map(|pair| {
            let (one, other) = (name_of(view, pair.one), name_of(view, pair.other));
            option(
                format!("{}-{}", pair.one, pair.other),
                &format!("{one} – {other}"),
                false,
            )
        });
        let id = format!("teams-untie:{session}");
        message = message.row([menu(id, "Take a wish back…", untie.collect(), (1, 1))]);
    }
    message.row([proposals_button(view), back(view)])
}

/// What somebody sees of the draft from whom the teams are hidden.
pub(super) fn hidden_draft(view: &SessionView) -> Message {
    let nothing = (
        "Only organisers see the teams at the moment.".to_owned(),
        Vec::new(),
    );
    page("Draft", view, "", nothing).row([refresh_draft(view.session.id)])
}

fn refresh_draft(session: SessionId) -> Component {
    button(
        format!("{DRAFT}:{session}"),
        "Refresh",
        ButtonStyle::Secondary,
    )
}

/// Whom a captain can pick, or whose turn it is.
pub(super) fn draft(view: &SessionView, viewer: UserId, said: &str) -> Message {
    let session = view.session.id;
    let state = teams::draft(&view.session, &view.queue, &view.teams);
    let captains = view.teams.captains;
    let (turn, text) = match (state, captains) {
        (Some(Draft::Turn(team)), Some(captains)) if view.session.status.is_alive() => {
            let captain = captains[team.index()];
            let turn = (captain == viewer).then_some(team);
            let text = match turn {
                Some(_) => format!("It is your turn: pick for {}.", words::team(team)),
                None => format!("It is <@{captain}>'s turn, for {}.", words::team(team)),
            };
            (turn, text)
        }
        (Some(Draft::Rests), _) => (None, RESTS.to_owned()),
        (Some(_), _) => (None, "Everybody is picked.".to_owned()),
        (None, _) => (None, "No captains pick at the moment.".to_owned()),
    };
    let said = [said, &text].into_iter().filter(|part| !part.is_empty());
    let said = said.collect::<Vec<_>>().join("\n");
    let mut message = page("Draft", view, &said, current(view));
    if let Some(team) = turn {
        let left = teams::pickable(&view.session, &view.queue, &view.teams, team);
        let options = left
            .iter()
            .map(|(entry, place)| seat_option(entry, place.role, None, false));
        let id = format!("teams-choose:{session}");
        message = message.row([menu(id, "Your pick…", options.collect(), (1, 1))]);
    }
    message.row([refresh_draft(session)])
}

const RESTS: &str = "A captain is not there any more, so the draft rests. The organiser names captains \
                     anew, or finishes the teams by hand.";

/// A page: what it is about, and fields.
pub(super) fn page(
    title: &str,
    view: &SessionView,
    said: &str,
    (about, fields): (String, Vec<(String, String)>),
) -> Message {
    let title = format!("{title}: {}", escape(&view.session.plan.title));
    let mut embed = EmbedBuilder::new()
        .title(truncate(&title, EMBED_TITLE_MAX_CHARS))
        .description(about);
    for (name, value) in fields {
        embed = embed.field(EmbedFieldBuilder::new(
            name,
            truncate(&value, FIELD_MAX_CHARS),
        ));
    }
    let mut message = Message::embed(embed.build());
    said.clone_into(&mut message.text);
    message
}

/// The teams as they are: what is to be said of them, and a field for each.
pub(super) fn current(view: &SessionView) -> (String, Vec<(String, String)>) {
    let fields = on_card(view);
    if view.teams.members.is_empty() {
        return ("There are no teams yet.".to_owned(), fields);
    }
    let seen = if view.teams.published {
        "Everybody sees these teams on the card."
    } else {
        "Only organisers see these teams."
    };
    (seen.to_owned(), fields)
}

/// What the card shows of the teams: names and values of fields; none if there are no teams.
pub fn on_card(view: &SessionView) -> Vec<(String, String)> {
    if view.teams.members.is_empty() {
        return Vec::new();
    }
    let seats = view.teams.seats(&view.queue);
    let now = figures_of(view, &seats);
    let mode = view.session.plan.mode;
    let mut fields: Vec<_> = Team::BOTH
        .into_iter()
        .map(|team| {
            let points = now.strength[team.index()];
            let name = format!("{} · {points} points", words::heading(team));
            (name, members(view, &seats, team))
        })
        .collect();
    let full = |team: Team| mode.missing(1, &roles_on(&seats, team)).is_none();
    let complete = Team::BOTH.into_iter().all(full);
    fields.push((
        "How fair".to_owned(),
        words::figures(&now, mode, &view.queue, complete),
    ));
    let left = view.teams.left_over(&view.queue);
    if !left.is_empty() {
        let left = left
            .iter()
            .map(|(entry, place)| format!("<@{}> · {}", entry.person.id, place.role));
        fields.push((
            "On no team yet".to_owned(),
            left.collect::<Vec<_>>().join("\n"),
        ));
    }
    fields
}

/// The figures of seats that are taken, as everybody sees them.
fn figures_of(view: &SessionView, seats: &[Seat]) -> Figures {
    let (door, known) = (view.door(), Known::default());
    let problem = teams::problem(&door, &view.teams, &known, Ask::default());
    figures(&problem, seats)
}

/// Who is on a team, by role, and what is missing.
fn members(view: &SessionView, seats: &[Seat], team: Team) -> String {
    let mut text = String::new();
    let mut on: Vec<_> = seats.iter().filter(|seat| seat.team == team).collect();
    on.sort_by_key(|seat| seat.role);
    let captain = view.teams.captains.map(|captains| captains[team.index()]);
    for seat in on {
        let mark = if captain == Some(seat.user) {
            " 🧢"
        } else {
            ""
        };
        let _ = writeln!(text, "{} · <@{}>{mark}", seat.role, seat.user);
    }
    let missing = view.session.plan.mode.missing(1, &roles_on(seats, team));
    if !missing.is_none() {
        let _ = writeln!(text, "*{}*", needs(&missing));
    }
    text
}

/// A team of a proposal in one line; who would come in is marked.
fn line(view: &SessionView, seats: &[Seat], team: Team) -> String {
    let waits = |user| view.queue.entry(user).is_some_and(Entry::is_waiting);
    let mut on: Vec<_> = seats.iter().filter(|seat| seat.team == team).collect();
    on.sort_by_key(|seat| seat.role);
    let parts = on.iter().map(|seat| {
        let mark = if waits(seat.user) { words::NEW } else { "" };
        format!("{} <@{}>{mark}", short(seat.role), seat.user)
    });
    format!(
        "{} · {}",
        words::heading(team),
        parts.collect::<Vec<_>>().join(" ")
    )
}

fn short(role: Role) -> &'static str {
    match role {
        Role::Tank => "🛡️",
        Role::Damage => "⚔️",
        Role::Support => "➕",
        Role::Flex => "🔁",
    }
}

/// The options of a menu of everybody who has a place.
pub(super) fn players(view: &SessionView, chosen: Option<UserId>) -> Vec<SelectMenuOption> {
    let accepted = view.queue.accepted();
    accepted
        .map(|(entry, place)| {
            let team = view.teams.of(entry.person.id);
            seat_option(entry, place.role, team, chosen == Some(entry.person.id))
        })
        .collect()
}

fn seat_option(entry: &Entry, role: Role, team: Option<Team>, chosen: bool) -> SelectMenuOption {
    let mut one = option(entry.person.id.to_string(), &name(entry), chosen);
    let team = team.map(|team| format!("{} · ", words::team(team)));
    let about = format!("{}{role}", team.unwrap_or_default());
    one.description = Some(label(&about, CHOICE_MAX_CHARS));
    one
}

fn name(entry: &Entry) -> String {
    name_or_id(&entry.person, LABEL_MAX_CHARS)
}

fn name_of(view: &SessionView, user: UserId) -> String {
    // Two names and what is between them have to fit one option.
    let name = view
        .queue
        .entry(user)
        .map_or_else(|| user.to_string(), name);
    truncate(&name, CHOICE_MAX_CHARS / 2 - 2)
}

/// Buttons below teams that there are, or are not yet.
pub(super) fn steps(view: &SessionView) -> Vec<Component> {
    let session = view.session.id;
    let set = |word: &str, label: &str, style| {
        button(format!("teams-set:{session}:{word}"), label, style)
    };
    let mut buttons = vec![proposals_button(view)];
    if !view.teams.members.is_empty() {
        buttons.push(if view.teams.published {
            set("hide", "Take off the card", ButtonStyle::Secondary)
        } else {
            set("publish", "Publish", ButtonStyle::Success)
        });
        buttons.push(set("clear", "No teams", ButtonStyle::Danger));
    }
    buttons.extend([to_pairs(view), back(view)]);
    buttons
}

fn proposals_button(view: &SessionView) -> Component {
    let id = format!("{PAGE}:{}", view.session.id);
    button(id, "Proposals", ButtonStyle::Primary)
}

fn to_pairs(view: &SessionView) -> Component {
    let id = format!("teams-pairs:{}", view.session.id);
    button(id, "Pairs and captains", ButtonStyle::Secondary)
}

fn back(view: &SessionView) -> Component {
    let id = format!("manage:{}", view.session.id);
    button(id, "Back to the queue", ButtonStyle::Secondary)
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
