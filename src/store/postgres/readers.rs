//! The readers: threads with a connection each, that answer questions.
//!
//! May touch: their connections. Invariant: each question sees one snapshot, in a transaction that
//! cannot write.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::UNREACHABLE_AFTER_MS;
use super::link::{self, Link, Trouble};
use super::transaction::Open;
use crate::store::{DbError, Failure, Question, Read};

/// Questions that may wait for a reader; one more is answered [`Failure::Busy`].
const WAITING_MAX: usize = 1024;
/// A question is asked so often if connections break.
const ASKED_MAX: u32 = 3;

/// A question on its way, whatever its type.
trait Asked: Send {
    /// Asks it and keeps the answer.
    fn ask(&mut self, db: &mut dyn Read);
    /// Sends the answer to whoever waits, or `error` in its place.
    fn finish(self: Box<Self>, error: Option<DbError>);
    /// When it was asked.
    fn since(&self) -> Instant;
}

struct Pending<Q: Question> {
    question: Q,
    since: Instant,
    reply: oneshot::Sender<Result<Q::Answer, DbError>>,
    answer: Option<Result<Q::Answer, DbError>>,
}

impl<Q: Question> Asked for Pending<Q> {
    fn ask(&mut self, db: &mut dyn Read) {
        let asked = std::panic::AssertUnwindSafe(|| self.question.ask(db));
        let answer = std::panic::catch_unwind(asked)
            .unwrap_or_else(|_| Err(DbError::Panicked(std::any::type_name::<Q>())));
        self.answer = Some(answer);
    }

    fn finish(self: Box<Self>, error: Option<DbError>) {
        let answer = match error {
            Some(error) => Err(error),
            None => self.answer.unwrap_or(Err(DbError::Closed)),
        };
        // Who asked may have gone.
        let _ = self.reply.send(answer);
    }

    fn since(&self) -> Instant {
        self.since
    }
}

/// The way to the threads that answer questions.
pub(in crate::store) struct Readers {
    lane: mpsc::Sender<Box<dyn Asked>>,
    stop: CancellationToken,
}

impl Readers {
    /// Begins with these connections.
    pub(super) fn start(links: Vec<Link>) -> std::io::Result<Self> {
        let (lane, waiting) = mpsc::channel(WAITING_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        let stop = CancellationToken::new();
        for link in links {
            let (waiting, stop) = (waiting.clone(), stop.clone());
            super::thread("reader", move || answer(link, &waiting, &stop))?;
        }
        Ok(Self { lane, stop })
    }

    pub(in crate::store) async fn ask<Q: Question>(
        &self,
        question: Q,
    ) -> Result<Q::Answer, Failure> {
        let (reply, answer) = oneshot::channel();
        let pending = Box::new(Pending {
            question,
            since: Instant::now(),
            reply,
            answer: None,
        });
        if self.stop.is_cancelled() {
            return Err(DbError::Closed.into());
        }
        self.lane.try_send(pending).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Failure::Busy,
            mpsc::error::TrySendError::Closed(_) => DbError::Closed.into(),
        })?;
        answer
            .await
            .map_err(|_| DbError::Closed)?
            .map_err(Failure::from)
    }

    pub(super) fn close(&self) {
        self.stop.cancel();
    }
}

type Lane = Mutex<mpsc::Receiver<Box<dyn Asked>>>;

fn answer(mut link: Link, waiting: &Lane, stop: &CancellationToken) {
    loop {
        let next = async { waiting.lock().await.recv().await };
        let next = link.wait(async {
            tokio::select! {
                biased;
                () = stop.cancelled() => None,
                next = next => next,
            }
        });
        let Some(mut asked) = next else { return };
        let error = look(&mut link, asked.as_mut()).err();
        asked.finish(error);
        // Only reads are in it: whatever becomes of it, the answer stands.
        if link.run("COMMIT").is_err() {
            link.lose();
        }
    }
}

/// Asks the question in a snapshot, which is left open.
fn look(link: &mut Link, asked: &mut dyn Asked) -> Result<(), DbError> {
    let deadline = asked.since() + Duration::from_millis(UNREACHABLE_AFTER_MS);
    let unreachable = |trouble: Trouble| DbError::Unreachable(trouble.to_string());
    let mut tries = 1;
    loop {
        link.connect(deadline).map_err(unreachable)?;
        let trouble = match link.begin(link::LOOK) {
            Err(trouble) => Some(trouble),
            Ok(()) => {
                let mut open = Open::on(link);
                asked.ask(&mut open);
                open.trouble
            }
        };
        match trouble {
            None | Some(Trouble::Duplicate(_) | Trouble::Fault(_)) => return Ok(()),
            Some(Trouble::Lost(_) | Trouble::Conflict(_)) if tries < ASKED_MAX => {
                tries += 1;
                link.lose();
            }
            Some(trouble) => return Err(unreachable(trouble)),
        }
    }
}
