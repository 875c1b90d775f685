//! One look at the state for all who ask at the same time.
//!
//! Pure. Invariant: no answer is older than its question, and one look at most is under way.

use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// The result of the last look, and when that was begun. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub(super) struct SharedLook<T>(Arc<Mutex<Option<(Instant, T)>>>);

impl<T> Default for SharedLook<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone> SharedLook<T> {
    /// Returns what `look` finds, or what another call has found in a look that was begun after this
    /// one. Takes the time of two looks at most.
    pub(super) async fn get(&self, look: impl AsyncFnOnce() -> T) -> T {
        let asked = Instant::now();
        let mut last = self.0.lock().await;
        match &*last {
            Some((begun, found)) if *begun >= asked => found.clone(),
            _ => {
                let begun = Instant::now();
                let found = look().await;
                *last = Some((begun, found.clone()));
                found
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn many_who_ask_at_once_need_two_looks_and_each_later_one_its_own() {
        let (shared, looks) = (SharedLook::default(), Cell::new(0));
        let get = || {
            shared.get(async || {
                looks.set(looks.get() + 1);
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
                looks.get()
            })
        };
        let found = futures_util::future::join_all((0..100).map(|_| get())).await;
        assert!(looks.get() <= 2, "{found:?}");
        let before = looks.get();
        assert_eq!(get().await, before + 1);
        assert_eq!(get().await, before + 2);
    }
}
