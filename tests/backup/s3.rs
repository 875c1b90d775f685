//! The object store: a real S3 server in this process.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use chrono::TimeDelta;
use overwatch_bot::clock::Clock;
use overwatch_bot::domain::backup::Keep;
use overwatch_bot::jobs;
use overwatch_bot::secret::Secret;
use overwatch_bot::store::backup::find::find_at;
use overwatch_bot::store::backup::{Settings, remote};
use overwatch_bot::store::sqlite::restore::restore;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::command_line::{overwatch_bot_with, said};
use crate::home::{Home, files, rows, start};

pub(crate) const BUCKET: &str = "communities";
const KEY: &str = "AKIAEXAMPLE";
const SECRET: &str = "a-secret-that-is-never-shown";

/// An S3 server with one bucket.
pub(crate) struct Server {
    root: tempfile::TempDir,
    address: std::net::SocketAddr,
    /// Kept while nobody answers too, so that nobody else is given the port meanwhile.
    listener: std::net::TcpListener,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(root.path().join(BUCKET)).expect("a bucket");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        Self {
            address: listener.local_addr().expect("an address"),
            task: serve(root.path(), another(&listener)),
            root,
            listener,
        }
    }

    /// Nobody answers until [`Server::resume`]: who comes is turned away.
    pub(crate) async fn stop(&mut self) {
        let listener = another(&self.listener);
        self.replace(tokio::spawn(async move {
            while listener.accept().await.is_ok() {}
        }))
        .await;
    }

    async fn resume(&mut self) {
        let task = serve(self.root.path(), another(&self.listener));
        self.replace(task).await;
    }

    async fn replace(&mut self, task: tokio::task::JoinHandle<()>) {
        let before = std::mem::replace(&mut self.task, task);
        before.abort();
        assert!(before.await.is_err());
    }
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        [
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL", &self.url()),
            ("PATH", "/usr/bin"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    fn remote(&self) -> remote::Settings {
        remote::Settings {
            bucket: BUCKET.into(),
            prefix: "bot/backups".into(),
            variables: self
                .variables()
                .into_iter()
                .map(|(name, value)| (name, Secret::new(value)))
                .collect(),
        }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.root.path().join(BUCKET).join("bot/backups")
    }
}

/// The same socket once more.
fn another(listener: &std::net::TcpListener) -> TcpListener {
    let again = listener.try_clone().expect("a descriptor");
    TcpListener::from_std(again).expect("a socket")
}

fn serve(root: &Path, listener: TcpListener) -> tokio::task::JoinHandle<()> {
    let files = s3s_fs::FileSystem::new(root).expect("a folder");
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(KEY, SECRET));
    let service = service.build();
    let app = axum::Router::new().fallback(move |request: Request| {
        let service = service.clone();
        async move {
            let request = request.map(s3s::Body::http_body_unsync);
            match service.call(request).await {
                Ok(response) => response.map(Body::new),
                Err(error) => Response::new(format!("{error:?}")).into_response(),
            }
        }
    });
    tokio::spawn(async move {
        axum::serve(listener, app).await.expect("it serves");
    })
}

/// Backups of `home` that go to `server` too.
pub(crate) fn settings(home: &Home, server: &Server) -> Settings {
    Settings {
        remote: Some(server.remote()),
        ..home.settings()
    }
}

#[tokio::test]
async fn a_backup_of_several_parts_goes_there_and_comes_back_with_every_row() {
    let server = Server::start().await;
    let home = Home::with(100_000).await;
    for compress in [false, true] {
        let settings = Settings {
            compress,
            ..settings(&home, &server)
        };
        let taken = home.back_up(settings.clone(), start()).await.unwrap();
        let parts = 8 * 1024 * 1024;
        assert!(
            compress || taken.bytes > parts,
            "{} bytes are one part",
            taken.bytes
        );
        let backups = home.backups(settings);
        assert_eq!(
            backups.upload_newest(start()).await.unwrap(),
            Some(taken.name)
        );
        assert_eq!(
            backups.upload_newest(start()).await.unwrap(),
            None,
            "it is there"
        );
        assert_eq!(backups.status().uploaded_at, Some(start()));
    }

    let listed = home
        .backups(settings(&home, &server))
        .list_remote()
        .await
        .unwrap();
    assert_eq!(listed.len(), 2);
    for backup in &listed {
        assert_eq!(backup.unfit, None);
        assert_eq!(backup.place, "s3://communities/bot/backups");
        assert!(backup.schema_version.is_some());

        // On a new host there is nothing but the address and the keys.
        let there = remote::Settings {
            prefix: format!("bot/backups/{}", backup.name),
            ..server.remote()
        };
        let other = Home::new();
        let found = find_at(there, start()).await.unwrap();
        let file = found.fetch(other.folder.path()).await.unwrap();
        let done = restore(&other.database(), &file, start(), false).unwrap();
        assert!(done.checksummed);
        assert_eq!(rows(&other.database()), rows(&home.database()));
    }
    let newest = find_at(server.remote(), start()).await.unwrap();
    assert!(newest.shown().ends_with(&listed[1].name));
}

#[tokio::test]
async fn object_store_is_tried_out_and_left_as_it_was() {
    let server = Server::start().await;
    let remote = remote::Remote::new(&server.remote()).unwrap();
    remote.probe().await.unwrap();
    let left = server.folder().read_dir().map_or(0, Iterator::count);
    assert_eq!(left, 0);
    let mut refused = server.remote();
    let secret = refused
        .variables
        .iter_mut()
        .find(|(name, _)| name == "AWS_SECRET_ACCESS_KEY");
    secret.expect("it is set").1 = Secret::new("another");
    let refused = remote::Remote::new(&refused).unwrap();
    assert_eq!(refused.probe().await.unwrap_err().step, "write");
}

#[tokio::test]
async fn the_object_store_keeps_as_many_as_the_folder() {
    let server = Server::start().await;
    let home = Home::with(1).await;
    let settings = Settings {
        keep: Keep {
            newest: 2,
            ..Keep::default()
        },
        ..settings(&home, &server)
    };
    let backups = home.backups(settings.clone());
    for minute in 0..4 {
        let now = start() + TimeDelta::minutes(minute);
        home.back_up(settings.clone(), now).await.unwrap();
        backups.upload_newest(now).await.unwrap();
        std::fs::write(server.folder().join("notes.txt"), "mine").unwrap();
    }
    let kept: Vec<_> = files(&server.folder())
        .into_iter()
        .filter(|name| !name.starts_with('.'))
        .collect();
    assert_eq!(
        kept,
        [
            "notes.txt",
            "overwatch_backup_20261122_120200.db",
            "overwatch_backup_20261122_120200.db.json",
            "overwatch_backup_20261122_120300.db",
            "overwatch_backup_20261122_120300.db.json"
        ]
    );
}

#[tokio::test]
async fn a_backup_from_when_the_clock_was_ahead_keeps_none_from_going_there() {
    let server = Server::start().await;
    let home = Home::with(1).await;
    let settings = settings(&home, &server);
    let backups = home.backups(settings.clone());
    let ahead = start() + TimeDelta::days(400);
    home.back_up(settings.clone(), ahead).await.unwrap();
    assert!(backups.upload_newest(ahead).await.unwrap().is_some());

    assert_eq!(backups.upload_newest(start()).await.unwrap(), None);
    let right = home.back_up(settings, start()).await.unwrap();
    assert_eq!(
        backups.upload_newest(start()).await.unwrap(),
        Some(right.name)
    );
    std::fs::remove_file(&right.path).unwrap();
    let latest = backups.find("latest", start()).await.unwrap();
    assert!(
        latest.shown().ends_with(&right.name.to_string()),
        "{}",
        latest.shown()
    );
    let there = find_at(server.remote(), start()).await.unwrap();
    assert!(
        there.shown().ends_with(&right.name.to_string()),
        "{}",
        there.shown()
    );
}

#[tokio::test]
async fn a_store_that_is_away_is_told_stops_nothing_and_gets_the_backup_later() {
    let mut server = Server::start().await;
    server.stop().await;
    let home = Home::with(1).await;
    let settings = Settings {
        every: Some(TimeDelta::hours(6)),
        ..settings(&home, &server)
    };
    let backups = home.backups(settings);
    let clock = Clock::manual(start());
    let stop = CancellationToken::new();
    let job = tokio::spawn(jobs::backup::run(
        backups.clone(),
        clock.clone(),
        stop.clone(),
    ));
    while backups.status().upload_failure.is_none() {
        tokio::task::yield_now().await;
    }
    let status = backups.status();
    assert!(
        status.last.is_some() && status.failure.is_none(),
        "{status:?}"
    );
    let reason = status.upload_failure.unwrap().reason;
    assert!(
        reason.starts_with("s3://communities/bot/backups: "),
        "{reason}"
    );
    assert!(!reason.contains(SECRET) && !format!("{:?}", backups.settings()).contains(SECRET));

    server.resume().await;
    clock.advance(TimeDelta::minutes(2));
    while backups.status().uploaded_at.is_none() {
        clock.advance(TimeDelta::minutes(1));
        tokio::task::yield_now().await;
    }
    assert_eq!(backups.status().upload_failure, None);
    assert_eq!(backups.list_remote().await.unwrap().len(), 1);
    stop.cancel();
    job.await.unwrap();
}

#[tokio::test]
async fn a_store_that_cannot_be_reached_is_no_reason_not_to_restore_what_is_here() {
    let mut server = Server::start().await;
    let home = Home::with(1).await;
    let backups = home.backups(settings(&home, &server));
    server.stop().await;
    assert!(
        backups.find("latest", start()).await.is_err(),
        "there is nothing here"
    );
    let taken = home.back_up(home.settings(), start()).await.unwrap();
    let found = backups.find("latest", start()).await.unwrap();
    assert_eq!(found.shown(), taken.path.display().to_string());
}

#[tokio::test]
async fn what_was_damaged_there_is_refused() {
    let server = Server::start().await;
    let home = Home::with(200).await;
    let settings = settings(&home, &server);
    let taken = home.back_up(settings.clone(), start()).await.unwrap();
    let backups = home.backups(settings);
    backups.upload_newest(start()).await.unwrap();
    std::fs::remove_file(&taken.path).unwrap();

    let object = server.folder().join(taken.name.to_string());
    let good = std::fs::read(&object).unwrap();
    for at in [0, 100, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(&object, bad).unwrap();
        let other = Home::new();
        let found = backups.find("latest", start()).await.unwrap();
        let error = found
            .fetch(other.folder.path())
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("checksum"), "{error}");
        assert!(files(other.folder.path()).is_empty(), "nothing of it stays");
        let listed = backups.list_remote().await.unwrap();
        assert!(listed[0].unfit.is_some());
    }
}

#[tokio::test]
async fn what_is_downloaded_gets_its_name_with_its_manifest_and_only_when_it_was_checked() {
    let server = Server::start().await;
    let home = Home::with(20).await;
    let settings = settings(&home, &server);
    let taken = home.back_up(settings.clone(), start()).await.unwrap();
    let backups = home.backups(settings);
    backups.upload_newest(start()).await.unwrap();
    std::fs::remove_file(&taken.path).unwrap();
    let found = backups.find("latest", start()).await.unwrap();
    let other = Home::new();
    let path = found.fetch(other.folder.path()).await.unwrap();
    let name = taken.name.to_string();
    let expected = [name.clone(), format!("{name}.json")];
    assert_eq!(files(other.folder.path()), expected);
    assert_eq!(
        overwatch_bot::store::backup::list::verify(&path).unwrap(),
        taken.contents
    );
    // Without a manifest there, one that is here from before would be of another file.
    std::fs::remove_file(server.folder().join(format!("{name}.json"))).unwrap();
    found.fetch(other.folder.path()).await.unwrap();
    assert_eq!(files(other.folder.path()), [name]);
}

#[tokio::test]
async fn what_is_downloaded_without_a_manifest_gets_its_name_only_if_it_verifies() {
    let server = Server::start().await;
    let home = Home::with(200).await;
    for compress in [false, true] {
        let settings = Settings {
            compress,
            ..settings(&home, &server)
        };
        let taken = home.back_up(settings.clone(), start()).await.unwrap();
        let backups = home.backups(settings);
        backups.upload_newest(start()).await.unwrap();
        std::fs::remove_file(&taken.path).unwrap();
        let object = server.folder().join(taken.name.to_string());
        std::fs::remove_file(format!("{}.json", object.display())).unwrap();
        let good = std::fs::read(&object).unwrap();
        let damaged = [&good[..good.len() / 2], &b"no database at all"[..]];
        for bad in damaged {
            std::fs::write(&object, bad).unwrap();
            let other = Home::new();
            let found = backups.find("latest", start()).await.unwrap();
            let error = found.fetch(other.folder.path()).await.err().unwrap();
            let told = error.to_string();
            assert!(told.contains("does not verify"), "{told}");
            assert!(files(other.folder.path()).is_empty(), "nothing of it stays");
        }
        std::fs::write(&object, &good).unwrap();
        let other = Home::new();
        let found = backups.find("latest", start()).await.unwrap();
        found.fetch(other.folder.path()).await.unwrap();
        assert_eq!(files(other.folder.path()), [taken.name.to_string()]);
        std::fs::remove_file(&object).unwrap();
    }
}

#[tokio::test]
async fn newest_backup_of_a_folder_is_one_that_holds_data() {
    let server = Server::start().await;
    let home = Home::with(20).await;
    let taken = home
        .back_up(settings(&home, &server), start())
        .await
        .unwrap();
    let backups = home.backups(settings(&home, &server));
    backups.upload_newest(start()).await.unwrap();
    let empty = Home::with(0).await;
    let later = start() + TimeDelta::hours(1);
    let settings = settings(&empty, &server);
    let of_nothing = empty.back_up(settings.clone(), later).await.unwrap();
    empty.backups(settings).upload_newest(later).await.unwrap();
    let found = find_at(server.remote(), later).await.unwrap();
    assert!(
        found.shown().ends_with(&taken.name.to_string()),
        "{}",
        found.shown()
    );
    // The empty one is restored if it is named, and told if there is no other.
    let mut named = server.remote();
    named.prefix = format!("{}/{}", named.prefix, of_nothing.name);
    assert!(find_at(named, later).await.is_ok());
    std::fs::remove_file(server.folder().join(taken.name.to_string())).unwrap();
    let error = find_at(server.remote(), later).await.err().unwrap();
    assert!(
        error.to_string().contains("no backup holds data"),
        "{error}"
    );
}

/// Answers each request as Amazon does where the signature is wrong: with what was signed.
fn repeating() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let head = BufReader::new(stream.try_clone().expect("a descriptor")).lines();
            let head: Vec<_> = head
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .collect();
            let head = head.join("\n");
            let body = format!(
                "<?xml version=\"1.0\"?>\n<Error><Code>SignatureDoesNotMatch</Code><Message>It does not \
                 match.</Message><AWSAccessKeyId>{KEY}</AWSAccessKeyId><CanonicalRequest>{head}\
                 </CanonicalRequest></Error>"
            );
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 403 Forbidden\r\ncontent-type: application/xml\r\ncontent-length: \
                 {length}\r\nconnection: close\r\n\r\n{body}"
            );
            // Whoever does not read it fails for another reason, which the test sees.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[tokio::test]
async fn answer_that_repeats_what_was_signed_is_told_without_keys() {
    const SESSION_TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLE/session+token==";
    let variables = [
        ("AWS_ACCESS_KEY_ID", KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_SESSION_TOKEN", SESSION_TOKEN),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", &format!("http://{}", repeating())),
    ];
    let settings = remote::Settings {
        bucket: BUCKET.into(),
        prefix: String::new(),
        variables: variables
            .map(|(name, value)| (name.to_owned(), Secret::new(value)))
            .into(),
    };
    let remote = remote::Remote::new(&settings).unwrap();
    let error = remote.probe().await.unwrap_err();
    let told = format!("{error} {error:?} {settings:?}");
    assert!(
        told.contains("SignatureDoesNotMatch It does not match."),
        "{told}"
    );
    for secret in [KEY, SECRET, SESSION_TOKEN] {
        assert!(!told.contains(secret), "{told}");
    }
    // Nor does the program tell them, at its most talkative.
    let home = Home::with(1).await;
    let more = [("BACKUP_S3_URL", "s3://ow/bot"), ("LOG", "trace")];
    let variables: Vec<_> = variables.into_iter().chain(more).collect();
    for command in ["backup", "check"] {
        let output = overwatch_bot_with(&home, &[command], &variables);
        let told = said(&output);
        assert!(told.contains("SignatureDoesNotMatch"), "{command}: {told}");
        for secret in [KEY, SECRET, SESSION_TOKEN] {
            assert!(!told.contains(secret), "{command}: {told}");
        }
    }
}

#[tokio::test]
async fn a_wrong_key_is_told_without_showing_it() {
    let server = Server::start().await;
    let home = Home::with(1).await;
    let mut remote = server.remote();
    remote.variables[1].1 = Secret::new("another-secret");
    let settings = Settings {
        remote: Some(remote),
        ..home.settings()
    };
    home.back_up(settings.clone(), start()).await.unwrap();
    let error = home
        .backups(settings)
        .upload_newest(start())
        .await
        .unwrap_err();
    let told = error.to_string();
    assert!(
        told.contains("SignatureDoesNotMatch") || told.contains("AccessDenied"),
        "{told}"
    );
    assert!(!told.contains("another-secret"), "{told}");
}
