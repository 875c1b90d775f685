//! TLS: who asks for verification gets it.

use std::path::Path;
use std::process::{Command, Stdio};

use overwatch_bot::store::postgres::{self, Address, Parts};

use crate::now;
use crate::server::{Cluster, owner};

/// A certificate of its own making for `localhost`, in the server's folder.
fn certificate(cluster: &Cluster, name: &str) -> bool {
    let file = |ending: &str| cluster.folder.join(format!("{name}.{ending}"));
    let mut openssl = owner();
    openssl.args([
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
    ]);
    openssl.args([
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
    ]);
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    openssl
        .arg("-keyout")
        .arg(file("key"))
        .arg("-out")
        .arg(file("pem"));
    let made = openssl.stdout(Stdio::null()).stderr(Stdio::null()).status();
    made.is_ok_and(|made| made.success())
}

/// Lets the server speak TLS on a port of 127.0.0.1 that is free; the port.
fn speak_tls(cluster: &Cluster) -> u16 {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let folder = cluster.folder.display();
    let settings = format!(
        "listen_addresses = '127.0.0.1'\nport = {port}\nssl = on\n\
         ssl_cert_file = '{folder}/server.pem'\nssl_key_file = '{folder}/server.key'\n"
    );
    let file = cluster.folder.join("data/postgresql.conf");
    let old = std::fs::read_to_string(&file).expect("settings");
    std::fs::write(&file, old + &settings).expect("settings");
    cluster.stop();
    cluster.start_again();
    port
}

async fn reach(host: &str, port: u16, mode: &str, roots: Option<&Path>) -> Result<(), String> {
    let parts = Parts {
        roots: roots.map(Path::to_owned),
        ..Parts::default()
    };
    let url = format!("postgres://postgres@{host}:{port}/postgres?sslmode={mode}");
    let address = Address::of_url(&url, &parts).map_err(|error| error.to_string())?;
    let migrated = postgres::migrate(&address, now()).await;
    migrated.map(drop).map_err(|error| error.to_string())
}

#[tokio::test]
async fn verification_looks_at_the_root_and_at_the_name() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    if Command::new("openssl").arg("version").output().is_err() {
        return eprintln!("skipped: no openssl on this machine to make certificates with");
    }
    assert!(certificate(&cluster, "server") && certificate(&cluster, "other"));
    let port = speak_tls(&cluster);
    let [own, other] = ["server.pem", "other.pem"].map(|name| cluster.folder.join(name));
    for mode in ["disable", "prefer", "require"] {
        assert_eq!(reach("localhost", port, mode, None).await, Ok(()), "{mode}");
    }
    assert_eq!(
        reach("localhost", port, "verify-full", Some(&own)).await,
        Ok(())
    );
    let refused = [
        reach("127.0.0.1", port, "verify-full", Some(&own)).await,
        reach("localhost", port, "verify-full", Some(&other)).await,
        reach("localhost", port, "verify-full", None).await,
    ];
    for error in refused {
        let error = error.expect_err("nobody to trust");
        assert!(error.contains("certificate"), "{error}");
    }
}
