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
    let body = r#"{"message": "Invalid Form Body", "code": 50035, "errors": {
        "content": {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer in length."}]},
        "embeds": {"0": {"url": {"_errors": [{"code": "URL_TYPE_INVALID_URL", "message": "Zuckerwatte"}]}}}}}"#;
    match result(answer(400, &[], body)) {
        Err(RestError::Refused {
            status: 400,
            code: 50_035,
            message,
        }) => assert_eq!(
            message,
            "Invalid Form Body (content: BASE_TYPE_MAX_LENGTH, embeds.0.url: URL_TYPE_INVALID_URL)"
        ),
        other => panic!("{other:?}"),
    }
    match result(answer(502, &[], &"<html>".repeat(1_000))) {
        Err(RestError::Refused {
            status: 502,
            code: 0,
            message,
        }) => assert_eq!(message.len(), MESSAGE_MAX_CHARS),
        other => panic!("{other:?}"),
    }
}

#[test]
fn refusal_of_a_proxy_is_told_without_the_token_in_the_address() {
    let token = "aW50ZXJhY3Rpb246MTIzNDU2Nzg5MDEyMzQ1Njc4OTA6TnBHd1p1";
    let page =
        format!("<pre>Cannot POST /api/v10/webhooks/123456789012345678/{token}/messages</pre>");
    let Err(RestError::Refused { message, .. }) = result(answer(404, &[], &page)) else {
        panic!("it was refused");
    };
    let expected = "<pre>Cannot POST /api/v10/webhooks/123456789012345678/***/messages</pre>";
    assert_eq!(message, expected);
}

#[test]
fn answer_that_cannot_be_read_is_told_without_its_values() {
    let body = result(answer(200, &[], r#"{"id": "Zuckerwatte"}"#)).expect("a body");
    #[derive(Debug, serde::Deserialize)]
    struct Wanted {
        #[expect(dead_code, reason = "only its type matters")]
        id: u64,
    }
    let error = body.parse::<Wanted>().expect_err("an id is a number");
    let told = format!("{error} {error:?}");
    assert!(
        told.contains("column") && !told.contains("Zucker"),
        "{told}"
    );
}
