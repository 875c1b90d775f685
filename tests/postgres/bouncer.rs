//! PgBouncer in transaction mode: each transaction may come to another connection of the server.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use futures_util::future::join_all;
use overwatch_bot::store::profile::ViewPerson;

use crate::server::{Cluster, owner};
use crate::{add, open};

/// Connections to the server; fewer than the bot has to PgBouncer, so that they change hands.
const POOL: usize = 3;

/// PgBouncer between a client and a cluster; it ends when this is dropped.
struct Bouncer(Child);

impl Bouncer {
    async fn before(cluster: &Cluster) -> Option<Self> {
        let Some(program) = find() else {
            let missing = "skipped: no pgbouncer on this machine";
            assert!(std::env::var_os("CI").is_none(), "{missing}");
            eprintln!("{missing}");
            return None;
        };
        let folder = cluster.folder.display();
        let settings = format!(
            "[databases]\n* = host={folder} user=postgres\n[pgbouncer]\npool_mode = transaction\n\
             auth_type = any\ndefault_pool_size = {POOL}\nunix_socket_dir = {folder}\n\
             listen_port = 6432\nlogfile = {folder}/pgbouncer.log\n"
        );
        let file = cluster.folder.join("pgbouncer.ini");
        std::fs::write(&file, settings).expect("a file");
        let mut bouncer = owner();
        bouncer
            .arg(program)
            .arg("-q")
            .arg(&file)
            .stderr(Stdio::null());
        let bouncer = Self(bouncer.spawn().expect("it runs"));
        let socket = cluster.folder.join(".s.PGSQL.6432");
        while tokio::net::UnixStream::connect(&socket).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Some(bouncer)
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let program =
        |folder: PathBuf| Some(folder.join("pgbouncer")).filter(|path| Path::exists(path));
    folders.into_iter().find_map(program)
}

#[tokio::test]
async fn two_bots_work_through_pgbouncer_in_transaction_mode() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let Some(_bouncer) = Bouncer::before(&cluster).await else {
        return;
    };
    let url = format!("{}&port=6432", cluster.url("postgres"));
    let bots = [open(&url).await, open(&url).await];
    let stores = bots.each_ref().map(|bot| bot.store());
    let clicks = (1..=200).map(|user| add(&stores[user as usize % 2], user, user));
    for added in join_all(clicks).await {
        assert!(added.expect("an answer"));
    }
    let looks = (1..=200).map(|user| {
        let who = overwatch_bot::domain::ids::UserId(user);
        stores[user as usize % 2].query(ViewPerson(who))
    });
    for look in join_all(looks).await {
        assert!(look.expect("an answer").is_some());
    }
    for bot in bots {
        bot.close().await;
    }
}
