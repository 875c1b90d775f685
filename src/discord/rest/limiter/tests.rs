//! What may be sent when, with time moved by hand.

use super::*;

const EDIT: &str = "channels/1/messages/2";

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn route(method: &str, path: &str) -> Route {
    let has_token_in_path = path.starts_with("interactions") || path.starts_with("webhooks");
    Route::of(method, path, !has_token_in_path)
}

fn edit() -> Route {
    route("PATCH", EDIT)
}

fn callback(id: u64) -> Route {
    route("POST", &format!("interactions/{id}/token/callback"))
}

fn told(limit: u32, remaining: u32, reset_after: Duration) -> Told {
    Told {
        name: Some("abc".into()),
        window: Some((limit, remaining, reset_after)),
    }
}

fn limited(cover: Cover, retry_after: Duration) -> Ended {
    Ended::Limited {
        cover,
        retry_after,
        told: Told::default(),
    }
}

/// A limiter at a time that goes forward.
struct Scene {
    limiter: Limiter,
    now: Instant,
}

impl Scene {
    fn new() -> Self {
        Self {
            limiter: Limiter::default(),
            now: Instant::now(),
        }
    }

    #[track_caller]
    fn take(&mut self, route: &Route) -> Pass {
        let taken = self.limiter.take(self.now, route);
        taken.expect("it may be sent").0
    }

    #[track_caller]
    fn request(&mut self, route: &Route, ended: &Ended) -> Option<LimitChange> {
        let pass = self.take(route);
        self.limiter.settle(self.now, route, &pass, ended)
    }

    fn look(&mut self, route: &Route) -> Gate {
        self.limiter.look(self.now, route)
    }

    /// Until when a route waits, from now.
    #[track_caller]
    fn wait(&mut self, route: &Route) -> Duration {
        match self.look(route) {
            Gate::Until(until) => until - self.now,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn bucket_used_up_on_success_waits_for_its_reset() {
    let mut scene = Scene::new();
    let answered = |left| Ended::Answered(told(2, left, ms(1_000)));
    scene.request(&edit(), &answered(1));
    scene.request(&edit(), &answered(0));
    assert_eq!(scene.wait(&edit()), ms(1_000));
    let elsewhere = route("PATCH", "channels/9/messages/2");
    assert_eq!(scene.look(&elsewhere), Gate::Open, "another channel");
    scene.now += ms(1_000);
    assert_eq!(scene.look(&edit()), Gate::Open);
}

#[test]
fn first_request_to_a_bucket_goes_alone_and_then_as_many_as_remain() {
    let mut scene = Scene::new();
    let first = scene.take(&edit());
    assert_eq!(scene.look(&edit()), Gate::AfterAnswer);
    let ended = Ended::Answered(told(5, 2, ms(1_000)));
    scene.limiter.settle(scene.now, &edit(), &first, &ended);
    let (_second, _third) = (scene.take(&edit()), scene.take(&edit()));
    assert_eq!(scene.wait(&edit()), ms(1_000));
    scene.now += ms(1_000);
    for _ in 0..3 {
        scene.take(&edit());
    }
    assert_eq!(
        scene.look(&edit()),
        Gate::AfterAnswer,
        "two of the last window may yet count in this one"
    );
}

#[test]
fn route_without_limits_takes_any_number() {
    let mut scene = Scene::new();
    let bot = route("GET", "gateway/bot");
    scene.request(&bot, &Ended::Answered(Told::default()));
    for _ in 0..20 {
        scene.take(&bot);
    }
}

#[test]
fn lost_requests_do_not_close_a_bucket_for_ever() {
    let mut scene = Scene::new();
    scene.request(&edit(), &Ended::Answered(told(1, 0, ms(100))));
    scene.now += ms(100);
    scene.request(&edit(), &Ended::Lost);
    assert_eq!(scene.look(&edit()), Gate::Open);
}

#[test]
fn answers_without_limits_do_not_close_a_bucket_for_ever() {
    for answer in [
        Ended::Answered(Told::default()),
        limited(Cover::Global, ms(100)),
    ] {
        let mut scene = Scene::new();
        scene.request(&edit(), &Ended::Answered(told(1, 0, ms(100))));
        scene.now += ms(100);
        scene.request(&edit(), &answer);
        scene.now += ms(100);
        assert_eq!(scene.look(&edit()), Gate::Open, "{answer:?}");
    }
}

#[test]
fn late_answer_of_the_same_window_gives_nothing_back() {
    let mut scene = Scene::new();
    scene.request(&edit(), &Ended::Answered(told(5, 2, ms(1_000))));
    let (older, newer) = (scene.take(&edit()), scene.take(&edit()));
    let ended = |left| Ended::Answered(told(5, left, ms(1_000)));
    scene.limiter.settle(scene.now, &edit(), &newer, &ended(0));
    scene.limiter.settle(scene.now, &edit(), &older, &ended(1));
    assert_eq!(scene.wait(&edit()), ms(1_000));
}

#[test]
fn routes_of_one_bucket_wait_together() {
    let mut scene = Scene::new();
    let delete = route("DELETE", EDIT);
    scene.request(&edit(), &Ended::Answered(told(5, 4, ms(1_000))));
    scene.request(&delete, &Ended::Answered(told(5, 0, ms(1_000))));
    assert_eq!(scene.wait(&edit()), ms(1_000));
}

#[test]
fn refusal_of_a_route_holds_that_route_alone() {
    for cover in [Cover::User, Cover::Shared] {
        let mut scene = Scene::new();
        assert_eq!(scene.request(&edit(), &limited(cover, ms(300))), None);
        assert_eq!(scene.wait(&edit()), ms(300));
        for other in [
            callback(1),
            route("POST", "channels/1/messages"),
            route("PATCH", "channels/9/messages/2"),
        ] {
            assert_eq!(scene.look(&other), Gate::Open, "{other:?}");
        }
        scene.now += ms(300);
        assert_eq!(scene.look(&edit()), Gate::Open);
    }
}

#[test]
fn global_refusal_holds_everything_but_callbacks() {
    let mut scene = Scene::new();
    let change = scene.request(&edit(), &limited(Cover::Global, ms(300)));
    assert_eq!(change, Some(LimitChange::GlobalLimit(ms(300))));
    let answer = route("PATCH", "webhooks/1/token/messages/@original");
    for held in [edit(), route("GET", "gateway/bot"), answer] {
        assert_eq!(scene.wait(&held), ms(300), "{held:?}");
    }
    assert_eq!(scene.look(&callback(1)), Gate::Open);
    scene.now += ms(300);
    let resumed = scene.limiter.take(scene.now, &edit()).expect("open").1;
    assert_eq!(resumed, Some(LimitChange::Resumed));
}

#[test]
fn refusal_before_the_api_holds_everything() {
    let mut scene = Scene::new();
    let change = scene.request(&edit(), &limited(Cover::Address, ms(300)));
    assert_eq!(change, Some(LimitChange::AddressBlocked(ms(300))));
    for held in [edit(), callback(1)] {
        assert_eq!(scene.wait(&held), ms(300), "{held:?}");
    }
}

#[test]
fn refused_callback_holds_its_interaction_or_without_a_bucket_all() {
    let mut scene = Scene::new();
    let named = Ended::Limited {
        cover: Cover::User,
        retry_after: ms(300),
        told: told(5, 0, ms(300)),
    };
    scene.request(&callback(1), &named);
    assert_eq!(scene.wait(&callback(1)), ms(300));
    assert_eq!(scene.look(&callback(2)), Gate::Open);
    scene.request(&callback(2), &limited(Cover::User, ms(300)));
    assert_eq!(scene.wait(&callback(3)), ms(300));
    assert_eq!(scene.look(&edit()), Gate::Open);
}

#[test]
fn limit_over_everything_is_kept_and_callbacks_are_not_bound_to_it() {
    let mut scene = Scene::new();
    let any = |n: usize| route("GET", &format!("channels/{n}"));
    for n in 0..GLOBAL_PER_SECOND_MAX {
        scene.request(&any(n), &Ended::Answered(Told::default()));
    }
    assert_eq!(scene.wait(&any(1_000)), ms(1_000));
    let answer = route("PATCH", "webhooks/1/token/messages/@original");
    for open in [callback(1), answer] {
        assert_eq!(scene.look(&open), Gate::Open, "{open:?}");
    }
    scene.now += ms(1_000);
    assert_eq!(scene.look(&any(1_000)), Gate::Open);
}

#[test]
fn requests_count_until_a_second_after_their_answers() {
    let mut scene = Scene::new();
    let any = |n: usize| route("GET", &format!("channels/{n}"));
    let sent: Vec<_> = (0..GLOBAL_PER_SECOND_MAX)
        .map(|n| (any(n), scene.take(&any(n))))
        .collect();
    scene.now += ms(5_000);
    let gate = scene.look(&any(1_000));
    assert_eq!(gate, Gate::AfterAnswer, "all may arrive only now");
    for (route, pass) in &sent {
        let answered = Ended::Answered(Told::default());
        scene.limiter.settle(scene.now, route, pass, &answered);
    }
    assert_eq!(scene.wait(&any(1_000)), ms(1_000));
    scene.now += ms(1_000);
    assert_eq!(scene.look(&any(1_000)), Gate::Open);
}

#[test]
fn processes_share_the_requests_of_a_second_and_the_invalid_ones() {
    for count in [1, 2, 5, 100] {
        let processes = NonZeroUsize::new(count).expect("at least one");
        let mut scene = Scene::new();
        scene.limiter.share_among(processes);
        let posts = |n: usize| route("POST", &format!("channels/{n}/messages"));
        let may = |scene: &mut Scene, n| scene.look(&posts(n)) == Gate::Open;
        let mut sent = 0;
        while may(&mut scene, sent) {
            scene.request(&posts(sent), &Ended::Answered(Told::default()));
            sent += 1;
        }
        assert_eq!(sent, (GLOBAL_PER_SECOND_MAX / count).max(1));
        let mut invalid = 0;
        scene.now += ms(1_000);
        while !matches!(scene.look(&edit()), Gate::Spent(_)) {
            scene.request(&edit(), &Ended::Forbidden(Told::default()));
            invalid += 1;
            // All of them are within ten minutes.
            scene.now += ms(600) * u32::try_from(count).expect("a few");
        }
        let budget = (INVALID_MAX - INVALID_RESERVED) / count;
        assert_eq!(invalid, budget.max(1));
        scene.limiter.share_among(NonZeroUsize::MIN);
        let is_open = scene.look(&edit()) == Gate::Open;
        assert_eq!(is_open, count > 1, "the others have gone");
    }
}

#[test]
fn budget_of_invalid_requests_stops_the_rest_and_spares_a_share_for_callbacks() {
    let mut scene = Scene::new();
    let forbidden = Ended::Forbidden(Told::default());
    let mut changes = Vec::new();
    for n in 0..INVALID_MAX - INVALID_RESERVED {
        // Of a scope that Discord does not count.
        let elsewhere = route("DELETE", &format!("channels/{n}/messages/1"));
        scene.request(&elsewhere, &limited(Cover::Shared, ms(1)));
        scene.now += ms(100);
        changes.extend(scene.request(&edit(), &forbidden));
        scene.now += ms(100);
    }
    let LimitChange::BudgetSpent(wait) = changes.pop().expect("told") else {
        panic!("another change");
    };
    assert!(changes.is_empty(), "told once: {changes:?}");
    let until = scene.now - ms(100) + wait;
    assert_eq!(scene.look(&edit()), Gate::Spent(until));
    for _ in 0..INVALID_RESERVED {
        scene.request(&callback(1), &forbidden);
    }
    assert!(matches!(scene.look(&callback(1)), Gate::Spent(_)));
    scene.now = until + ms(1);
    assert!(
        matches!(scene.look(&edit()), Gate::Spent(_)),
        "those of the callbacks count too"
    );
    assert_eq!(scene.look(&callback(1)), Gate::Open);
    scene.now += Duration::from_secs(INVALID_WINDOW_S);
    assert_eq!(scene.look(&edit()), Gate::Open);
}

#[test]
fn refused_token_is_not_used_again_and_callbacks_need_none() {
    let mut scene = Scene::new();
    let change = scene.request(&edit(), &Ended::TokenRefused);
    assert!(matches!(change, Some(LimitChange::TokenRefused(_))));
    assert_eq!(scene.look(&edit()), Gate::TokenRefused);
    assert_eq!(scene.look(&callback(1)), Gate::Open);
}

#[test]
fn buckets_that_say_nothing_any_more_are_dropped() {
    let mut scene = Scene::new();
    for n in 0..2 * BUCKETS_MAX {
        let route = route("PATCH", &format!("channels/{n}/messages/1"));
        scene.request(&route, &Ended::Answered(told(5, 4, ms(10))));
        scene.now += ms(100);
    }
    assert!(scene.limiter.buckets.len() <= BUCKETS_MAX);
    assert!(scene.limiter.keys.len() <= BUCKETS_MAX + 1);
}
