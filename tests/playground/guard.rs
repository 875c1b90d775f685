//! Other websites, other hosts and whoever lacks the key get nothing.

use crate::stage::{Stage, TOKEN};
use axum::{Router, http::header, response::Redirect, routing::post};
use overwatch_bot::{
    clock::Clock,
    playground::{Discord, KEY_HEADER, Settings, World},
};
use serde_json::json;
use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::task::spawn_blocking;

/// Longest wait for an answer, in seconds.
const ANSWER_MAX_S: u64 = 10;

/// Sends a request line with exactly these headers, each ending with CRLF: what is answered up to the end
/// of the head.
async fn answer_to(stage: &Stage, line: &str, headers: &str) -> String {
    let address = stage.discord.url().replace("http://", "");
    let request = format!("{line} HTTP/1.1\r\n{headers}\r\n");
    let answer = spawn_blocking(move || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(ANSWER_MAX_S)))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            answer.push(byte[0]);
        }
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).into_owned())
    });
    answer.await.expect("no panic").expect("an answer")
}

async fn status_of(stage: &Stage, line: &str, headers: &str) -> u16 {
    let answer = answer_to(stage, line, headers).await;
    answer[9..12].parse().expect("a status")
}

/// One request to each side of the server, as its own client would send it.
fn faces(stage: &Stage) -> [(&'static str, String, u16); 6] {
    let key = format!("{KEY_HEADER}: {}\r\n", stage.discord.key());
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    [
        ("GET /", String::new(), 200),
        ("GET /?v=10&encoding=json", upgrade.to_owned(), 101),
        ("GET /page/page.js", String::new(), 200),
        ("GET /client/world", key, 200),
        (
            "GET /api/v10/users/@me",
            format!("Authorization: Bot {TOKEN}\r\n"),
            200,
        ),
        ("GET /nothing", String::new(), 404),
    ]
}

#[tokio::test]
async fn every_face_refuses_other_hosts_and_other_origins() {
    let stage = Stage::new().await;
    let own = stage.discord.url().replace("http://", "");
    let port = own.rsplit(':').next().expect("a port");
    let taken = [
        format!("Host: {own}\r\n"),
        format!("Host: LOCALHOST:{port}\r\n"),
        format!("Host: [::1]:{port}\r\n"),
        format!("Host: {own}\r\nOrigin: http://{own}\r\nSec-Fetch-Site: same-origin\r\n"),
        format!("Host: localhost:{port}\r\nOrigin: http://localhost:{port}\r\n"),
        format!("Host: {own}\r\nSec-Fetch-Site: none\r\n"),
        // As Node.js does.
        format!("Host: {own}\r\nSec-Fetch-Mode: cors\r\n"),
    ];
    let refused = [
        String::new(),
        "Host: discord\r\n".to_owned(),
        "Host: 127.0.0.1\r\n".to_owned(),
        "Host: 127.0.0.1:1\r\n".to_owned(),
        format!("Host: evil.test:{port}\r\n"),
        format!("Host: evil.test:{port}\r\nOrigin: http://evil.test:{port}\r\n"),
        format!("Host: 127.0.0.1.evil.test:{port}\r\n"),
        format!("Host: {own}\r\nHost: evil.test:{port}\r\n"),
        format!("Host: {own}\r\nOrigin: http://evil.test\r\n"),
        format!("Host: {own}\r\nOrigin: https://{own}\r\n"),
        format!("Host: {own}\r\nOrigin: null\r\n"),
        format!("Host: {own}\r\nOrigin:\r\n"),
        format!("Host: {own}\r\nOrigin: http://{own}\r\nOrigin: http://evil.test\r\n"),
        // Another port, or another name: it may be another server.
        format!("Host: {own}\r\nOrigin: http://127.0.0.1:1\r\n"),
        format!("Host: {own}\r\nOrigin: http://localhost:{port}\r\n"),
        format!("Host: {own}\r\nSec-Fetch-Site: cross-site\r\n"),
        format!("Host: {own}\r\nSec-Fetch-Site: same-site\r\n"),
        format!("Host: {own}\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site\r\n"),
    ];
    for (line, headers, usual) in faces(&stage) {
        for more in &taken {
            let status = status_of(&stage, line, &format!("{more}{headers}")).await;
            assert_eq!(status, usual, "{line} {more}");
        }
        for more in &refused {
            let answer = answer_to(&stage, line, &format!("{more}{headers}")).await;
            let wanted = if more.is_empty() { 400..404 } else { 403..404 };
            let status = answer[9..12].parse().expect("a status");
            assert!(wanted.contains(&status), "{line} {more}: {answer}");
            assert!(
                !answer.to_lowercase().contains("access-control"),
                "{answer}"
            );
        }
    }
    let absolute = format!("GET http://evil.test:{port}/client/world");
    let headers = format!("Host: {own}\r\n{KEY_HEADER}: {}\r\n", stage.discord.key());
    assert_eq!(status_of(&stage, &absolute, &headers).await, 403);
    let preflight = format!(
        "Host: {own}\r\nOrigin: http://evil.test\r\nAccess-Control-Request-Method: POST\r\n"
    );
    let answer = answer_to(&stage, "OPTIONS /client/interactions", &preflight).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[tokio::test]
async fn another_site_can_link_to_the_page_and_do_nothing_else() {
    let stage = Stage::new().await;
    let own = stage.discord.url().replace("http://", "");
    let link = format!("Host: {own}\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n");
    let whole = format!("{link}Sec-Fetch-Dest: document\r\n");
    let frame = format!("{link}Sec-Fetch-Dest: iframe\r\n");
    assert_eq!(status_of(&stage, "GET /", &whole).await, 200);
    assert_eq!(status_of(&stage, "GET /", &frame).await, 403);
    for line in ["POST /", "GET /client/world", "GET /attachments/1/x.html"] {
        assert_eq!(status_of(&stage, line, &whole).await, 403, "{line}");
    }
}

#[tokio::test]
async fn clients_side_answers_only_with_the_key_of_this_start() {
    let stage = Stage::new().await;
    let (own, key) = (
        stage.discord.url().replace("http://", ""),
        stage.discord.key(),
    );
    let port = own.rsplit(':').next().expect("a port");
    assert_eq!(key.len(), 32, "{key}");
    let other = Stage::new().await;
    assert_ne!(other.discord.key(), key);
    let with = async |line: &str, more: &str| {
        let headers = format!("Host: {own}\r\n{more}");
        status_of(&stage, line, &headers).await
    };
    for line in [
        "GET /client/world",
        "GET /client/events",
        "GET /client/wait?channel=1&after=0",
    ] {
        let wrong = [
            String::new(),
            format!("{KEY_HEADER}: {}\r\n", other.discord.key()),
            format!("{KEY_HEADER}:\r\n"),
            format!("{KEY_HEADER}: {}\r\n", &key[1..]),
            format!("{KEY_HEADER}: {key}0\r\n"),
            format!("Cookie: playground_{port}={}\r\n", other.discord.key()),
            format!("Cookie: playground_1={key}\r\n"),
            format!("Authorization: Bot {TOKEN}\r\n"),
        ];
        for more in wrong {
            assert_eq!(with(line, &more).await, 401, "{line} {more}");
        }
        assert_eq!(with(&format!("{line}?key={key}"), "").await, 401, "{line}");
        let cookies = format!("Cookie: other=1; playground_{port}={key}\r\n");
        // A wait without an end is no answer.
        if !line.contains("/wait") {
            assert_eq!(with(line, &cookies).await, 200, "{line}");
        }
    }
    for line in [
        "POST /client/endpoint",
        "DELETE /client/faults",
        "POST /client/interactions/1/redeliver",
    ] {
        assert_eq!(with(line, "Content-Length: 0\r\n").await, 401, "{line}");
    }
}

#[tokio::test]
async fn address_of_the_page_is_exchanged_for_a_cookie() {
    let stage = Stage::new().await;
    let own = stage.discord.url().replace("http://", "");
    let port = own.rsplit(':').next().expect("a port");
    let page = stage.discord.page_url();
    let path = page.replace(&stage.discord.url(), "GET ");
    let host = format!("Host: {own}\r\n");
    let answer = answer_to(&stage, &path, &host).await;
    assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");
    assert!(answer.contains("\r\nlocation: /\r\n"), "{answer}");
    assert!(
        answer.contains("\r\ncache-control: no-store\r\n"),
        "{answer}"
    );
    let cookie = format!(
        "\r\nset-cookie: playground_{port}={}; Path=/; HttpOnly; SameSite=Strict\r\n",
        stage.discord.key()
    );
    assert!(answer.contains(&cookie), "{answer}");
    for wrong in ["GET /?key=", "GET /?key=1", &format!("{path}1")] {
        let answer = answer_to(&stage, wrong, &host).await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        assert!(!answer.contains("set-cookie"), "{answer}");
    }
}

#[tokio::test]
async fn uploaded_files_are_downloads_and_never_pages() {
    let stage = Stage::new().await;
    let path = format!("/api/v10/channels/{}/messages", stage.channel());
    for (kind, served) in [
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("text/html; charset=utf-8", "application/octet-stream"),
        ("image/png", "image/png"),
    ] {
        let body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"page.html\"\r\n\
             Content-Type: {kind}\r\n\r\n<script>1</script>\r\n--x--\r\n"
        );
        let body: &'static str = body.leak();
        let status = stage
            .send_text(&path, "multipart/form-data; boundary=x", body)
            .await;
        assert_eq!(status, 200);
        let seen = stage
            .get(&format!(
                "/channels/{}/messages?user={}",
                stage.channel(),
                stage.person(2)
            ))
            .await;
        let message = seen["messages"]
            .as_array()
            .and_then(|all| all.last())
            .expect("a message");
        let url = message["attachments"][0]["url"]
            .as_str()
            .expect("an address");
        let headers = stage.headers(&url.replace(&stage.discord.url(), "")).await;
        assert_eq!(headers[header::CONTENT_TYPE.as_str()], served, "{kind}");
        assert_eq!(headers["content-disposition"], "attachment");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["cross-origin-resource-policy"], "same-origin");
        let policy = headers["content-security-policy"].to_str().expect("text");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("sandbox"),
            "{policy}"
        );
    }
}

#[tokio::test]
async fn endpoint_is_on_loopback_at_its_path_and_is_not_redirected() {
    let stage = Stage::new().await;
    let hits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&hits);
    let other = move || async move { counted.fetch_add(1, Relaxed).to_string() };
    let redirected = || async { Redirect::temporary("/other") };
    let app = Router::new()
        .route("/interactions", post(redirected))
        .fallback(other);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let register = async |url: String| {
        let body = json!({"urls": [url]});
        let (status, answer) = stage.call("POST", "/client/endpoint", Some(&body)).await;
        assert_eq!(status, 400, "{answer}");
        answer["error"].as_str().expect("a sentence").to_owned()
    };
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}/other"),
        format!("http://127.0.0.1:{port}/other?/interactions"),
        format!("http://127.0.0.1:{port}/other/interactions"),
        format!("http://127.0.0.1:{port}#/interactions"),
        format!("http://user@127.0.0.1:{port}/interactions"),
        format!("http://localhost:{port}/interactions"),
        format!("https://127.0.0.1:{port}/interactions"),
        format!("http://192.0.2.1:{port}/interactions"),
        format!("http://0.0.0.0:{port}/interactions"),
        "http://127.0.0.1/interactions".to_owned(),
        "file:///interactions".to_owned(),
    ] {
        let said = register(url).await;
        assert!(said.contains("is not allowed"), "{said}");
    }
    let said = register(format!("http://127.0.0.1:{port}/interactions")).await;
    assert!(said.contains("answered a ping with 307"), "{said}");
    assert_eq!(hits.load(Relaxed), 0);
    server.abort();
}

#[tokio::test]
async fn other_machines_cannot_be_listened_to() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let settings = Settings {
            listen: address.parse().expect("an address"),
            token: TOKEN.to_owned(),
            clock: Clock::system(),
            shards: 1,
            world: World::default(),
        };
        let refused = Discord::start(settings).await.expect_err("not on loopback");
        assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{refused}");
    }
}
