//! A network that breaks when it is told to: it stands between the bot and the server's socket.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

/// The port in the name of the proxy's socket.
pub(crate) const PORT: u16 = 6543;
/// A COMMIT as it goes over the line.
const COMMIT: &[u8] = b"COMMIT\0";

/// What only the transaction of a click says.
const RECEIPT: &[u8] = b"INSERT INTO receipts";

/// What is to go wrong.
#[derive(Clone, Default)]
pub(crate) struct Faults(Arc<Switches>);

#[derive(Default)]
struct Switches {
    cut_after_commit: AtomicBool,
    cut_before_commit: AtomicBool,
    cut_after_click: AtomicBool,
    cut_before_click: AtomicBool,
    is_down: AtomicBool,
    swallow: AtomicBool,
    swallow_commit: AtomicBool,
    swallow_committed: AtomicBool,
}

impl Faults {
    /// The answer to the next COMMIT never arrives: the connection breaks after the server has it.
    pub(crate) fn cut_after_the_next_commit(&self) {
        self.0.cut_after_commit.store(true, Ordering::SeqCst);
    }

    /// The next COMMIT never arrives: the connection breaks before the server has it.
    pub(crate) fn cut_before_the_next_commit(&self) {
        self.0.cut_before_commit.store(true, Ordering::SeqCst);
    }

    /// The next COMMIT of a click is the last thing that the server hears, or, if it is not to arrive, what is
    /// before it: all connections break then, and there are none until [`Faults::come_back`].
    pub(crate) fn go_down_at_the_next_click(&self, arrives: bool) {
        let switch = match arrives {
            true => &self.0.cut_after_click,
            false => &self.0.cut_before_click,
        };
        switch.store(true, Ordering::SeqCst);
    }

    /// Connections are made again.
    pub(crate) fn come_back(&self) {
        self.0.is_down.store(false, Ordering::SeqCst);
    }

    /// The next COMMIT never arrives, nor does anything after it on this connection, and nobody is told.
    pub(crate) fn swallow_the_next_commit(&self) {
        self.0.swallow_commit.store(true, Ordering::SeqCst);
    }

    /// The answer to the next COMMIT never arrives, nor does any after it on this connection, and
    /// nobody is told.
    pub(crate) fn swallow_the_answer_to_the_next_commit(&self) {
        self.0.swallow_committed.store(true, Ordering::SeqCst);
    }

    /// From now on nothing arrives, and nobody is told; or everything does again.
    pub(crate) fn swallow(&self, everything: bool) {
        self.0.swallow.store(everything, Ordering::SeqCst);
    }

    fn take(switch: &AtomicBool) -> bool {
        switch.swap(false, Ordering::SeqCst)
    }
}

/// Listens in `folder`, in which the server does, too.
pub(crate) fn start(folder: &Path) -> Faults {
    let faults = Faults::default();
    let socket = |port: u16| folder.join(format!(".s.PGSQL.{port}"));
    let (own, server) = (socket(PORT), socket(5432));
    let listener = UnixListener::bind(own).expect("a socket");
    let told = faults.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            if told.0.is_down.load(Ordering::SeqCst) {
                continue;
            }
            if let Ok(server) = UnixStream::connect(&server).await {
                tokio::spawn(forward(client, server, told.clone()));
            }
        }
    });
    faults
}

/// Until either side ends, or a fault ends both.
async fn forward(mut client: UnixStream, mut server: UnixStream, faults: Faults) {
    let (mut asked, mut answered) = ([0; 16_384], [0; 16_384]);
    let (mut in_commit, mut asks_in_vain, mut is_mute) = (false, false, false);
    let mut is_click = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(read @ 1..) = read else { return };
                if faults.0.is_down.load(Ordering::SeqCst) {
                    return;
                }
                is_click |= asked[..read].windows(RECEIPT.len()).any(|text| text == RECEIPT);
                if faults.0.swallow.load(Ordering::SeqCst) || asks_in_vain {
                    continue;
                }
                if asked[..read].ends_with(COMMIT) {
                    if std::mem::take(&mut is_click) {
                        if Faults::take(&faults.0.cut_before_click) {
                            faults.0.is_down.store(true, Ordering::SeqCst);
                            return;
                        }
                        if Faults::take(&faults.0.cut_after_click) {
                            // It is carried out before anybody is told that the line is down.
                            let sent = server.write_all(&asked[..read]).await;
                            let _ = (sent, server.read(&mut answered).await);
                            faults.0.is_down.store(true, Ordering::SeqCst);
                            return;
                        }
                    }
                    if Faults::take(&faults.0.cut_before_commit) {
                        return;
                    }
                    if Faults::take(&faults.0.swallow_commit) {
                        asks_in_vain = true;
                        continue;
                    }
                    in_commit = Faults::take(&faults.0.cut_after_commit);
                    is_mute = Faults::take(&faults.0.swallow_committed);
                }
                if server.write_all(&asked[..read]).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(read @ 1..) = read else { return };
                if in_commit {
                    return;
                }
                if is_mute {
                    continue;
                }
                if client.write_all(&answered[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}
