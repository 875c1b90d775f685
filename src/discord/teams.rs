//! Two teams: proposals of the balance, changes by hand, pairs, and the draft by two captains.
//!
//! May touch: the store and twilight's models. Invariant: nothing is remembered between two clicks
//! but what is in the custom ids; a proposal is used only if it is still what was shown.

mod hand;
mod search_queue;
mod view;
mod words;

use std::sync::Arc;

use super::click::{Click, Pressed};
use super::feature::{Context, Fault, Feature, Route};
use super::queue::target;
use super::reply::{Message, Reply};
use super::session::refused;
use crate::domain::balance::{Bond, Problem, Seat, Team};
use crate::domain::ids::{SessionId, UserId};
use crate::domain::session::{Actor, SessionRefusal};
use crate::domain::teams::{self, Ask, Change, Crowd, TeamsRefusal};
use crate::store::teams::{
    ArrangeTeams, PickPlayer, TakeTeams, TeamsArranged, TeamsView, TiePair, ViewTeams,
};

use search_queue::{Found, SEARCHES, SearchRefusal};
pub use view::on_card;

/// The route of the page with the proposals; its id goes on with the session.
pub const PAGE: &str = "teams";
/// The route by which captains pick; its id goes on with the session.
pub const DRAFT: &str = "teams-draft";

/// The feature's table.
pub const FEATURE: Feature = Feature {
    commands: &[],
    components: &[
        Route {
            name: PAGE,
            run: |ctx, click, it| Box::pin(page(ctx, click, it)),
        },
        Route {
            name: "teams-use",
            run: |ctx, click, it| Box::pin(use_proposal(ctx, click, it)),
        },
        Route {
            name: "teams-hand",
            run: |ctx, click, it| Box::pin(hand::page(ctx, click, it)),
        },
        Route {
            name: "teams-players",
            run: |ctx, click, it| Box::pin(hand::chosen(ctx, click, it)),
        },
        Route {
            name: "teams-move",
            run: |ctx, click, it| Box::pin(hand::moved(ctx, click, it)),
        },
        Route {
            name: "teams-set",
            run: |ctx, click, it| Box::pin(set(ctx, click, it)),
        },
        Route {
            name: "teams-pairs",
            run: |ctx, click, it| Box::pin(pairs(ctx, click, it)),
        },
        Route {
            name: "teams-tie",
            run: |ctx, click, it| Box::pin(tie(ctx, click, it)),
        },
        Route {
            name: "teams-untie",
            run: |ctx, click, it| Box::pin(untie(ctx, click, it)),
        },
        Route {
            name: "teams-captains",
            run: |ctx, click, it| Box::pin(captains(ctx, click, it)),
        },
        Route {
            name: DRAFT,
            run: |ctx, click, it| Box::pin(draft(ctx, click, it)),
        },
        Route {
            name: "teams-choose",
            run: |ctx, click, it| Box::pin(choose(ctx, click, it)),
        },
    ],
    modals: &[],
};

/// `teams:SESSION[:ASK]`: the proposals.
async fn page(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let ask = view::ask(pressed.args.split(':').nth(1));
    match Desk::of(&context, &click, &pressed.args) {
        Ok(desk) => desk.proposals(ask, "").await,
        Err(reply) => Ok(reply),
    }
}

/// `teams-use:SESSION:ASK:lLINEUP:FINGERPRINT`: a proposal becomes the teams; its line-up stands in the
/// id, and a fingerprint of the players that it was made of. On pages of earlier versions
/// `teams-use:SESSION:ASK:NUMBER:FINGERPRINT`: which of the proposals, and a fingerprint of it.
async fn use_proposal(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let desk = match Desk::of(&context, &click, &pressed.args) {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let args: Vec<_> = pressed.args.split(':').collect();
    let ask = view::ask(args.get(1).copied());
    let teams = match desk.view().await? {
        Ok(teams) => teams,
        Err(reply) => return Ok(reply),
    };
    let (which, mark) = (args.get(2), args.get(3));
    let (which, mark) = (which.copied().unwrap_or_default(), mark.copied());
    let problem = problem(&teams, ask);
    let seats = match which.strip_prefix(view::LINE_UP) {
        Some(number) => view::line_up(&problem, number, mark.unwrap_or_default()),
        None => match desk.search(&teams, problem).await? {
            Ok(found) => shown_before(&found, which, mark),
            Err(reply) => return Ok(reply),
        },
    };
    let Some(seats) = seats else {
        return desk.proposals(ask, CHANGED).await;
    };
    if ask.crowd == Crowd::Everybody {
        return desk.take(ask, seats).await;
    }
    match desk.arrange(Change::Use(seats)).await? {
        Ok(done) if done.published => desk.by_hand(PUBLISHED).await,
        Ok(_) => desk.by_hand(NOT_PUBLISHED).await,
        Err(refusal) => desk.refused(&refusal).await,
    }
}

/// `teams-set:SESSION:publish|hide|clear`.
async fn set(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let desk = match Desk::of(&context, &click, &pressed.args) {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let (change, said) = match pressed.args.split(':').nth(1) {
        Some("publish") => (Change::Publish(true), "📣 The teams are on the card."),
        Some("hide") => (
            Change::Publish(false),
            "The teams are not on the card any more.",
        ),
        Some("clear") => {
            let cleared = desk.arrange(Change::Clear).await?;
            return match cleared {
                Ok(_) => {
                    desk.proposals(Ask::default(), "There are no teams any more.")
                        .await
                }
                Err(refusal) => desk.refused(&refusal).await,
            };
        }
        _ => return desk.by_hand("").await,
    };
    match desk.arrange(change).await? {
        Ok(_) => desk.by_hand(said).await,
        Err(refusal) => desk.refused(&refusal).await,
    }
}

/// `teams-pairs:SESSION`: who is kept together or apart, and the captains.
async fn pairs(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    match Desk::of(&context, &click, &pressed.args) {
        Ok(desk) => desk.pairs("").await,
        Err(reply) => Ok(reply),
    }
}

/// `teams-tie:SESSION:together|apart`: the two that were chosen.
async fn tie(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let desk = match Desk::of(&context, &click, &pressed.args) {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let bond = match pressed.args.split(':').nth(1) {
        Some("together") => Bond::Together,
        Some("apart") => Bond::Apart,
        _ => return desk.pairs("").await,
    };
    let Some(pair) = two(&pressed.values) else {
        return desk.pairs("Please choose two players.").await;
    };
    let said = match bond {
        Bond::Together => format!("<@{}> and <@{}> are kept together.", pair.0, pair.1),
        Bond::Apart => format!("<@{}> and <@{}> are kept apart.", pair.0, pair.1),
    };
    desk.tie(pair, Some(bond), &said).await
}

/// `teams-untie:SESSION`: the pair that was chosen, as `ONE-OTHER`.
async fn untie(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let desk = match Desk::of(&context, &click, &pressed.args) {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let chosen = pressed
        .values
        .first()
        .and_then(|value| value.split_once('-'));
    let pair = chosen.and_then(|(one, other)| user_id(one).zip(user_id(other)));
    match pair {
        Some(pair) => desk.tie(pair, None, "That wish is taken back.").await,
        None => desk.pairs("").await,
    }
}

/// `teams-captains:SESSION`: the two that were chosen pick the teams.
async fn captains(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let desk = match Desk::of(&context, &click, &pressed.args) {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let Some((blue, red)) = two(&pressed.values) else {
        return desk.pairs("Please choose two captains.").await;
    };
    match desk.arrange(Change::Draft([blue, red])).await? {
        Ok(_) => {
            let said = format!(
                "🧢 <@{blue}> and <@{red}> pick now, with the button *Pick* on the card. {} begins.",
                words::team(Team::Blue)
            );
            desk.by_hand(&said).await
        }
        Err(refusal) => desk.refused(&refusal).await,
    }
}

/// `teams-draft:SESSION`: whom the captain whose turn it is can pick; for others, whose turn it is.
async fn draft(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    match Desk::of(&context, &click, &pressed.args) {
        Ok(desk) => desk.draft("").await,
        Err(reply) => Ok(reply),
    }
}

/// `teams-choose:SESSION`: the player whom a captain chose.
async fn choose(context: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let desk = match Desk::of(&context, &click, &pressed.args) {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let Some(player) = pressed.values.first().and_then(|value| user_id(value)) else {
        return desk.draft("").await;
    };
    let command = PickPlayer {
        session: desk.session,
        actor: desk.actor,
        player,
        at: click.at,
    };
    match context.execute(&click, command).await? {
        Ok(()) => desk.draft(&format!("✅ You picked <@{player}>.")).await,
        Err(TeamsRefusal::Session(refusal)) => Ok(Reply::text(refused(&refusal))),
        Err(refusal) => {
            desk.draft(&format!("⚠️ {}", words::refusal(&refusal)))
                .await
        }
    }
}

const CHANGED: &str = "⚠️ Players have come or gone, or changed their ranks, since that was shown; these are the proposals now.";
const BUSY: &str = "⏳ Teams are being searched for in many ways at the moment. Please try again in a few seconds.";
const NOT_PUBLISHED: &str =
    "✅ These are the teams; only organisers see them until you publish them.";
const PUBLISHED: &str = "✅ These are the teams now, also on the card.";

/// What the balance is asked about a session.
fn problem(teams: &TeamsView, ask: Ask) -> Problem {
    let view = &teams.view;
    teams::problem(&view.door(), &view.teams, &teams.known, ask)
}

/// The line-up of one of the proposals, if it is still what a page of an earlier version showed.
fn shown_before(found: &Found, number: &str, mark: Option<&str>) -> Option<Vec<Seat>> {
    let number: usize = number.parse().ok()?;
    let seats = &found.as_ref().ok()?.proposals.get(number)?.seats;
    (mark? == view::fingerprint(seats)).then(|| seats.clone())
}

/// Two different people among what was chosen.
fn two(values: &[String]) -> Option<(UserId, UserId)> {
    match values {
        [one, other] => user_id(one).zip(user_id(other)),
        _ => None,
    }
}

fn user_id(word: &str) -> Option<UserId> {
    word.parse().ok().filter(|id| *id > 0).map(UserId)
}

/// Somebody at the teams of a session.
struct Desk<'a> {
    context: &'a Context,
    click: &'a Click,
    session: SessionId,
    actor: Actor,
}

impl<'a> Desk<'a> {
    fn of(context: &'a Context, click: &'a Click, args: &str) -> Result<Self, Reply> {
        let (session, actor) = target(click, args)?;
        Ok(Self {
            context,
            click,
            session,
            actor,
        })
    }

    async fn proposals(&self, ask: Ask, said: &str) -> Result<Reply, Fault> {
        let teams = match self.view().await? {
            Ok(teams) => teams,
            Err(reply) => return Ok(reply),
        };
        let problem = problem(&teams, ask);
        let found = match self.search(&teams, problem.clone()).await? {
            Ok(found) => found,
            Err(reply) => return Ok(reply),
        };
        let message = view::proposals(&teams, &problem, &found, ask, said);
        Ok(Reply::Update(message))
    }

    /// The best teams; the reply, if too many search at present.
    async fn search(
        &self,
        teams: &TeamsView,
        problem: Problem,
    ) -> Result<Result<Arc<Found>, Reply>, Fault> {
        let guild = teams.view.session.guild;
        match SEARCHES.search(guild, self.session, problem).await {
            Ok(found) => Ok(Ok(found)),
            Err(SearchRefusal::Busy) => Ok(Err(Reply::text(BUSY))),
            Err(SearchRefusal::Broken) => {
                Err(Fault::Broken("the search for teams panicked".into()))
            }
        }
    }

    async fn by_hand(&self, said: &str) -> Result<Reply, Fault> {
        self.shown(|teams| hand::view(teams, None, said)).await
    }

    async fn pairs(&self, said: &str) -> Result<Reply, Fault> {
        self.shown(|teams| view::pairs(teams, said)).await
    }

    async fn shown(&self, render: impl FnOnce(&TeamsView) -> Message) -> Result<Reply, Fault> {
        Ok(match self.view().await? {
            Ok(teams) => Reply::Update(render(&teams)),
            Err(reply) => reply,
        })
    }

    /// What a captain sees, and everybody else.
    async fn draft(&self, said: &str) -> Result<Reply, Fault> {
        let teams = match self.found().await? {
            Ok(teams) => teams,
            Err(reply) => return Ok(reply),
        };
        let (user, view) = (self.actor.user, &teams.view);
        let manages = view.session.managed_by(&self.actor).is_ok();
        let message = if manages || view.teams.seen_by(user) {
            view::draft(view, user, said)
        } else {
            view::hidden_draft(view)
        };
        Ok(if self.click.on_ephemeral {
            Reply::Update(message)
        } else {
            Reply::Say(message)
        })
    }

    async fn tie(
        &self,
        pair: (UserId, UserId),
        bond: Option<Bond>,
        said: &str,
    ) -> Result<Reply, Fault> {
        let command = TiePair {
            session: self.session,
            actor: self.actor,
            pair,
            bond,
            at: self.click.at,
        };
        match self.context.execute(self.click, command).await? {
            Ok(()) => self.pairs(said).await,
            Err(TeamsRefusal::Session(refusal)) => Ok(Reply::text(refused(&refusal))),
            Err(refusal) => {
                let said = format!("⚠️ {}", words::refusal(&refusal));
                self.pairs(&said).await
            }
        }
    }

    async fn arrange(&self, change: Change) -> Result<Result<TeamsArranged, TeamsRefusal>, Fault> {
        let command = ArrangeTeams {
            session: self.session,
            actor: self.actor,
            change,
            at: self.click.at,
        };
        self.context.execute(self.click, command).await
    }

    /// Teams of those who wait, too.
    async fn take(&self, ask: Ask, seats: Vec<Seat>) -> Result<Reply, Fault> {
        let command = TakeTeams {
            session: self.session,
            actor: self.actor,
            seats,
            at: self.click.at,
        };
        match self.context.execute(self.click, command).await? {
            Ok(done) => self.by_hand(&words::taken(&done)).await,
            Err(refusal @ (TeamsRefusal::Changed | TeamsRefusal::Session(_))) => {
                self.refused(&refusal).await
            }
            Err(refusal) => {
                let said = format!("⚠️ {}", words::refusal(&refusal));
                self.proposals(ask, &said).await
            }
        }
    }

    /// How things stand, with what was in the way.
    async fn refused(&self, refusal: &TeamsRefusal) -> Result<Reply, Fault> {
        let said = format!("⚠️ {}", words::refusal(refusal));
        match refusal {
            TeamsRefusal::Session(_) | TeamsRefusal::OneTeam => Ok(Reply::text(said)),
            TeamsRefusal::Changed => self.proposals(Ask::default(), CHANGED).await,
            _ => self.by_hand(&said).await,
        }
    }

    /// The session and its teams as they are now; the reply, if they are not theirs to arrange.
    async fn view(&self) -> Result<Result<TeamsView, Reply>, Fault> {
        let teams = match self.found().await? {
            Ok(teams) => teams,
            Err(reply) => return Ok(Err(reply)),
        };
        let session = &teams.view.session;
        if let Err(refusal) = session.managed_by(&self.actor) {
            return Ok(Err(Reply::text(refused(&refusal))));
        }
        Ok(match teams::possible(session) {
            Ok(()) => Ok(teams),
            Err(refusal) => Err(Reply::text(words::refusal(&refusal))),
        })
    }

    /// The same for somebody who only has to see the session.
    async fn found(&self) -> Result<Result<TeamsView, Reply>, Fault> {
        let question = ViewTeams {
            session: self.session,
            now: self.click.at,
        };
        let teams = self.context.query(question).await?;
        let seen = teams.filter(|teams| teams.view.session.seen_by(&self.actor).is_ok());
        Ok(seen.ok_or_else(|| Reply::text(refused(&SessionRefusal::Unknown))))
    }
}

#[cfg(test)]
mod tests;
