//! Waiting for a connection's own thread.
//!
//! May touch: threads. Invariant: in a simulation nothing else happens on its thread meanwhile, so that
//! a paused clock does not move and every run is the same.

use std::future::Future;

/// Waits for what a connection's thread does.
pub(crate) async fn done<T>(call: impl Future<Output = T>) -> T {
    #[cfg(feature = "torture")]
    if torture::is_on() {
        return torture::block_on(tokio::task::unconstrained(call));
    }
    call.await
}

/// Waits for what blocks on a thread of its own; `None` if it panicked.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    #[cfg(feature = "torture")]
    if torture::is_on() {
        return Some(work());
    }
    tokio::task::spawn_blocking(work).await.ok()
}

#[cfg(feature = "torture")]
pub(crate) mod torture {
    use std::cell::Cell;
    use std::future::Future;
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::{Context, Poll, Wake, Waker};
    use std::thread::{self, Thread};

    thread_local! {
        static IS_ON: Cell<bool> = const { Cell::new(false) };
    }

    /// Has this thread wait.
    pub(crate) fn turn_on() {
        IS_ON.set(true);
    }

    /// Whether this thread waits.
    pub(crate) fn is_on() -> bool {
        IS_ON.get()
    }

    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    pub(super) fn block_on<T>(call: impl Future<Output = T>) -> T {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut call = pin!(call);
        loop {
            match call.as_mut().poll(&mut context) {
                Poll::Ready(done) => return done,
                Poll::Pending => thread::park(),
            }
        }
    }
}
