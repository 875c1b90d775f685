//! PgBouncer in transaction mode, between a client and a cluster.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use super::{Cluster, owner};

/// The port in the name of its socket, which is beside the server's.
pub(crate) const PORT: u16 = 6432;
/// Connections to the server; fewer than the bot has to PgBouncer, so that they change hands.
const POOL: usize = 3;

/// PgBouncer between a client and a cluster; it ends when this is dropped.
pub(crate) struct Bouncer(Child);

impl Bouncer {
    /// Starts it before this cluster; `None` if it is not on this machine.
    pub(crate) async fn before(cluster: &Cluster) -> Option<Self> {
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
             listen_port = {PORT}\nlogfile = {folder}/pgbouncer.log\n"
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
        let socket = cluster.folder.join(format!(".s.PGSQL.{PORT}"));
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
