//! What people do: their wishes, click by click, in the embedded Discord.
//!
//! May touch: the embedded Discord's side for people. Invariant: nobody clicks what a client would
//! not show; whoever finds that a card has changed looks at it anew.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::crowd::{Crowd, Random, Wish};
use crate::playground::{Discord, World};

/// People in a community who join before anything is measured.
const SETTLERS: usize = 6;
/// Who settles in does so with so many others at once.
const SETTLING_AT_ONCE: usize = 64;
/// A card that is not there after this long will not come, in seconds.
const CARD_WITHIN_S: u64 = 60;

/// One click and how it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clicked {
    /// What it was, in a word.
    pub(super) what: &'static str,
    /// From delivered to answered, in microseconds; `None` if it was not answered in time.
    pub(super) took_us: Option<u64>,
}

/// When enough has been done.
#[derive(Debug)]
pub(super) struct Budget {
    clicks: AtomicU64,
    until: Option<Instant>,
}

impl Budget {
    /// So many clicks, or so long; without either there is no end.
    pub(super) fn new(clicks: Option<u64>, time: Option<Duration>) -> Self {
        Self {
            clicks: AtomicU64::new(clicks.unwrap_or(u64::MAX)),
            until: time.map(|time| Instant::now() + time),
        }
    }

    /// Takes a click of it, if there is one left.
    fn take(&self) -> bool {
        if self.until.is_some_and(|until| Instant::now() >= until) {
            return false;
        }
        let one_less = |left: u64| left.checked_sub(1);
        let taken = self
            .clicks
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        taken.is_ok()
    }
}

/// The communities in which something is on.
pub(super) struct Town<'d> {
    discord: &'d Discord,
    crowd: &'d Crowd,
    places: Vec<Place>,
}

/// A community's channel.
#[derive(Debug)]
pub(super) struct Place {
    channel: u64,
    people: Vec<u64>,
    /// The card that they click.
    card: Mutex<Option<Card>>,
}

#[derive(Clone, Debug)]
struct Card {
    message: Value,
    session: String,
}

/// The places of the active communities of a world that is made for `crowd`.
pub(super) fn places(world: &World, crowd: &Crowd) -> Vec<Place> {
    let place = |at: &usize| {
        let guild = &world.guilds[*at];
        Place {
            channel: guild.channels[0].id,
            people: guild.members.iter().map(|member| member.person).collect(),
            card: Mutex::default(),
        }
    };
    crowd.active.iter().map(place).collect()
}

impl<'d> Town<'d> {
    pub(super) fn new(discord: &'d Discord, crowd: &'d Crowd, places: Vec<Place>) -> Self {
        Self {
            discord,
            crowd,
            places,
        }
    }

    /// In every place a session is planned, its card appears, and the first join.
    ///
    /// # Errors
    /// A sentence, if a card does not come.
    pub(super) async fn settle(&self, seed: u64) -> Result<(), String> {
        let endless = Budget::new(None, None);
        let plans = stream::iter(&self.places).enumerate();
        let plans = plans.map(|(at, place)| {
            let mut visitor = Visitor::new(self, &endless, seed, at as u64);
            async move { visitor.create(place, place.people[0]).await }
        });
        plans
            .buffer_unordered(SETTLING_AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        for place in &self.places {
            let card = self
                .discord
                .wait_for_message(place.channel, place.people[0], is_card);
            let within = Duration::from_secs(CARD_WITHIN_S);
            if tokio::time::timeout(within, card).await.is_err() {
                return Err("a session was planned, and its card did not appear".to_owned());
            }
        }
        let joins = stream::iter(&self.places).enumerate();
        let joins = joins.map(|(at, place)| {
            let mut visitor = Visitor::new(self, &endless, seed, at as u64);
            async move {
                for person in place.people.iter().take(SETTLERS) {
                    visitor.join(place, *person).await;
                }
            }
        });
        joins
            .buffer_unordered(SETTLING_AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        Ok(())
    }

    /// Whatever `in_flight` people wish, one thing after another, until the budget is used up: the
    /// clicks, and how many were none because a client did not let them through.
    pub(super) async fn live(
        &self,
        budget: &Budget,
        in_flight: usize,
        seed: u64,
    ) -> (Vec<Clicked>, u64) {
        let visitors = (1..=in_flight).map(|stream| async move {
            let mut visitor = Visitor::new(self, budget, seed, stream as u64);
            while visitor.goes_on {
                visitor.visit().await;
            }
            (visitor.clicked, visitor.mistakes)
        });
        let all = futures_util::future::join_all(visitors).await;
        let mistakes = all.iter().map(|(_, mistakes)| mistakes).sum();
        (
            all.into_iter().flat_map(|(clicked, _)| clicked).collect(),
            mistakes,
        )
    }
}

/// Somebody, or rather one after another.
struct Visitor<'t> {
    town: &'t Town<'t>,
    budget: &'t Budget,
    random: Random,
    clicked: Vec<Clicked>,
    mistakes: u64,
    goes_on: bool,
}

impl<'t> Visitor<'t> {
    fn new(town: &'t Town<'t>, budget: &'t Budget, seed: u64, stream: u64) -> Self {
        Self {
            town,
            budget,
            random: Random::new(seed, stream),
            clicked: Vec::new(),
            mistakes: 0,
            goes_on: true,
        }
    }

    async fn visit(&mut self) {
        let wish = Wish::any(&mut self.random);
        let place = &self.town.places[self.town.crowd.somewhere(&mut self.random)];
        let person = *self.random.pick(&place.people);
        match wish {
            Wish::List => {
                self.command(place, person, "list", "session list", json!({}))
                    .await
            }
            Wish::Show => self.show(place, person).await,
            Wish::Join => self.join(place, person).await,
            Wish::Leave => self.press_and_close(place, person, "leave").await,
            Wish::Stream => self.press_and_close(place, person, "streaming").await,
            Wish::Manage => self.manage(place).await,
            Wish::Create => self.plan(place, person).await,
            Wish::Profile => {
                self.command(place, person, "profile", "profile show", json!({}))
                    .await;
            }
            Wish::Rank => {
                let division = 1 + self.random.below(5);
                let options = json!({"tank": format!("diamond {division}")});
                self.command(place, person, "rank", "account edit", options)
                    .await;
            }
        }
    }

    /// Types until the session is offered, and looks at it.
    async fn show(&mut self, place: &Place, person: u64) {
        let mut offered = Value::Null;
        for typed in ["", "pl"] {
            let options = json!({"session": typed});
            offered = self
                .complete(place, person, "session show", options, "session")
                .await;
        }
        let first = offered["choices"][0]["value"].clone();
        if first.is_string() {
            let options = json!({"session": first});
            self.command(place, person, "show", "session show", options)
                .await;
        }
    }

    /// Types when it is to be, and plans it.
    async fn plan(&mut self, place: &Place, person: u64) {
        for typed in ["in", "in 3", "in 3 hours"] {
            let options = json!({"mode": "5v5", "when": typed});
            self.complete(place, person, "session create", options, "when")
                .await;
        }
        self.create(place, person).await;
    }

    async fn create(&mut self, place: &Place, person: u64) {
        let modes = ["5v5", "6v6", "6v6-222"];
        let hours = 2 + self.random.below(72);
        let options = json!({
            "mode": self.random.pick(&modes), "when": format!("in {hours} hours"),
            "title": format!("Play night {}", self.random.below(1_000_000)),
        });
        self.command(place, person, "create", "session create", options)
            .await;
    }

    /// Joins, with the form that opens: a newcomer's, or that of somebody who is known.
    async fn join(&mut self, place: &Place, person: u64) {
        let Some((_, answer)) = self.press_card(place, person, "join").await else {
            return;
        };
        let modal = &answer["modal"];
        if modal.is_null() {
            return self.close(&answer);
        }
        let mut values = json!({});
        if let Some(roles) = select_of(modal, "roles") {
            let offered = roles["options"].as_array().map_or(&[][..], Vec::as_slice);
            if !offered.is_empty() {
                values["roles"] = json!([self.random.pick(offered)["value"]]);
            }
        }
        let id = modal["custom_id"].clone();
        if id.as_str().is_some_and(|id| id.starts_with("newcomer")) {
            values["battletag"] = json!(format!("Player#{}", 1_000 + (person >> 22) % 1_000_000));
            values["ranks"] = json!("tank d3, damage plat 1, support gold 2");
        }
        let form = json!({"kind": "modal", "custom_id": id, "values": values});
        if let Some(answer) = self.click("join form", place, person, form).await {
            self.close(&answer);
        }
    }

    /// The owner looks at the queue, at somebody in it, and decides.
    async fn manage(&mut self, place: &Place) {
        let owner = place.people[0];
        let Some((_, mut desk)) = self.press_card(place, owner, "manage").await else {
            return;
        };
        let menu = pressable(&desk["message"], &["manage-player"])
            .into_iter()
            .next();
        let offered = menu.as_ref().and_then(|menu| menu["options"].as_array());
        let chosen = offered.filter(|offered| !offered.is_empty());
        let chosen = chosen.map(|offered| self.random.pick(offered)["value"].clone());
        if let (Some(menu), Some(chosen)) = (menu.as_ref(), chosen) {
            let body = component(&desk["message"], &menu["custom_id"], &[chosen]);
            if let Some(player) = self.click("manage player", place, owner, body).await {
                desk = player;
            }
            let decisions = pressable(&desk["message"], &["manage-accept", "manage-back"]);
            if !decisions.is_empty() {
                let id = self.random.pick(&decisions)["custom_id"].clone();
                let body = component(&desk["message"], &id, &[]);
                if let Some(decided) = self.click("decide", place, owner, body).await {
                    desk = decided;
                }
            }
        }
        self.close(&desk);
    }

    async fn press_and_close(&mut self, place: &Place, person: u64, route: &'static str) {
        if let Some((_, answer)) = self.press_card(place, person, route).await {
            self.close(&answer);
        }
    }

    /// Presses a button of the place's card.
    async fn press_card(
        &mut self,
        place: &Place,
        person: u64,
        route: &'static str,
    ) -> Option<(Card, Value)> {
        let card = self.card(place, person)?;
        let id = json!(format!("{route}:{}", card.session));
        let body = json!({
            "kind": "component", "message": card.message, "custom_id": id, "values": [],
        });
        let before = self.mistakes;
        let answer = self.click(route, place, person, body).await;
        if self.mistakes > before {
            *place.card.lock().expect("nobody panics with it") = None;
        }
        answer.map(|answer| (card, answer))
    }

    /// The card that people of this place click: the newest one that can be joined.
    fn card(&mut self, place: &Place, person: u64) -> Option<Card> {
        let mut known = place.card.lock().expect("nobody panics with it");
        if known.is_none() {
            let message = self
                .town
                .discord
                .find_message(place.channel, person, is_card);
            *known = message.and_then(|message| {
                let join = pressable(&message, &["join"]).into_iter().next()?;
                let session = join["custom_id"]
                    .as_str()?
                    .strip_prefix("join:")?
                    .to_owned();
                let message = message["id"].clone();
                Some(Card { message, session })
            });
        }
        self.mistakes += u64::from(known.is_none());
        known.clone()
    }

    async fn command(
        &mut self,
        place: &Place,
        person: u64,
        what: &'static str,
        command: &str,
        options: Value,
    ) {
        let mut body = named(command, options);
        body["kind"] = json!("command");
        if let Some(answer) = self.click(what, place, person, body).await {
            self.close(&answer);
        }
    }

    async fn complete(
        &mut self,
        place: &Place,
        person: u64,
        command: &str,
        options: Value,
        focused: &str,
    ) -> Value {
        let mut body = named(command, options);
        body["kind"] = json!("autocomplete");
        body["focused"] = json!(focused);
        let answer = self.click("autocomplete", place, person, body).await;
        answer.unwrap_or_default()
    }

    /// One click; its answer, unless there is none.
    async fn click(
        &mut self,
        what: &'static str,
        place: &Place,
        person: u64,
        mut body: Value,
    ) -> Option<Value> {
        if !self.budget.take() {
            self.goes_on = false;
            return None;
        }
        body["user"] = json!(person.to_string());
        body["channel"] = json!(place.channel.to_string());
        body["wait"] = json!("settled");
        match self.town.discord.interact(&body).await {
            Ok(answer) => {
                let took_us = answer["took_us"].as_u64();
                self.clicked.push(Clicked { what, took_us });
                Some(answer)
            }
            Err(_) => {
                self.mistakes += 1;
                None
            }
        }
    }

    fn close(&self, answer: &Value) {
        self.town.discord.dismiss(&answer["message"]);
    }
}

fn named(command: &str, options: Value) -> Value {
    let mut words = command.split(' ');
    json!({"name": words.next(), "subcommand": words.next(), "options": options})
}

fn component(message: &Value, custom_id: &Value, values: &[Value]) -> Value {
    json!({
        "kind": "component", "message": message["id"], "custom_id": custom_id, "values": values,
    })
}

fn is_card(message: &Value) -> bool {
    message["flags"].as_u64().unwrap_or(0) & 64 == 0 && !pressable(message, &["join"]).is_empty()
}

/// What can be pressed on a message and has one of these routes.
fn pressable(message: &Value, routes: &[&str]) -> Vec<Value> {
    let rows = message["components"].as_array().into_iter().flatten();
    let all = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
    let wanted = |one: &&Value| {
        let route = one["custom_id"]
            .as_str()
            .and_then(|id| id.split(':').next());
        one["disabled"] != true && route.is_some_and(|route| routes.contains(&route))
    };
    all.filter(wanted).cloned().collect()
}

/// The menu of this id in a modal.
fn select_of<'m>(modal: &'m Value, id: &str) -> Option<&'m Value> {
    let labels = modal["components"].as_array()?;
    let fields = labels.iter().map(|label| &label["component"]);
    fields.into_iter().find(|field| field["custom_id"] == id)
}
