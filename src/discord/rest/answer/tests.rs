//! Answers as Discord's documentation and Cloudflare show them.

use super::*;
use reqwest::header::{HeaderName, HeaderValue};

fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
    let pair = |(name, value): &(&'static str, &str)| {
        let value = HeaderValue::from_str(value).expect("a value");
        (HeaderName::from_static(name), value)
    };
    Answer {
        status: StatusCode::from_u16(status).expect("a status"),
        headers: headers.iter().map(pair).collect(),
        body: body.into(),
    }
}

#[track_caller]
fn limit(headers: &[(&'static str, &str)], body: &str) -> (Cover, f64) {
    match ended(&answer(429, headers, body), true) {
        Ended::Limited {
            cover, retry_after, ..
        } => (cover, retry_after.as_secs_f64()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_kind_of_429_is_told_apart() {
    let body = |global| {
        format!(
            r#"{{"message": "You are being rate limited.", "retry_after": 64.57, "global": {global}}}"#
        )
    };
    let (own, over_all) = (body(false), body(true));
    for (scope, cover) in [("user", Cover::User), ("shared", Cover::Shared)] {
        let headers = [("retry-after", "65"), ("x-ratelimit-scope", scope)];
        assert_eq!(limit(&headers, &own), (cover, 64.57));
    }
    let headers = [("retry-after", "65"), ("x-ratelimit-global", "true")];
    assert_eq!(limit(&headers, &over_all), (Cover::Global, 64.57));
    assert_eq!(limit(&[], &over_all), (Cover::Global, 64.57));
    assert_eq!(limit(&[("retry-after", "65")], &own), (Cover::User, 64.57));
    let page = "<!doctype html><title>Access denied</title>";
    assert_eq!(
        limit(&[("retry-after", "30")], page),
        (Cover::Address, 30.0)
    );
    let blocked = r#"{"message": "You are being blocked from accessing our API", "code": 0}"#;
    assert_eq!(limit(&[], blocked), (Cover::Address, 60.0));
}

#[test]
fn nonsense_for_a_time_is_no_reason_to_panic() {
    for time in ["-1", "NaN", "inf", "1e400", "soon", ""] {
        let (_, wait) = limit(&[("retry-after", time)], "");
        assert!((0.0..=86_400.0).contains(&wait), "{time}: {wait}");
    }
}

#[test]
fn limits_are_learned_from_any_answer_that_has_them() {
    let headers = [
        ("x-ratelimit-limit", "5"),
        ("x-ratelimit-remaining", "1"),
        ("x-ratelimit-reset-after", "1.5"),
        ("x-ratelimit-bucket", "abcd1234"),
    ];
    let told = Told {
        name: Some("abcd1234".into()),
        window: Some((5, 1, Duration::from_millis(1_500))),
    };
    let ended_with = |status| ended(&answer(status, &headers, ""), true);
    assert_eq!(ended_with(200), Ended::Answered(told.clone()));
    assert_eq!(ended_with(403), Ended::Forbidden(told.clone()));
    assert_eq!(ended_with(401), Ended::TokenRefused);
    let other_token = ended(&answer(401, &headers, ""), false);
    assert_eq!(other_token, Ended::Forbidden(told));
}

#[test]
fn refusal_has_the_code_and_the_field_that_was_wrong() {
    let body = r#"{"message": "Invalid Form Body", "code": 50035, "errors": {"content": {}}}"#;
    match result(answer(400, &[], body)) {
        Err(RestError::Refused {
            status: 400,
            code: 50_035,
            message,
        }) => assert!(message.contains("content")),
        other => panic!("{other:?}"),
    }
    match result(answer(502, &[], &"<html>".repeat(1_000))) {
        Err(RestError::Refused {
            status: 502,
            code: 0,
            message,
        }) => assert_eq!(message.len(), FOREIGN_ANSWER_MAX_CHARS),
        other => panic!("{other:?}"),
    }
}
