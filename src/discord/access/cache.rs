//! A cache with a limit, whose entries go stale.
//!
//! Pure: the time is an argument. Invariant: there are never more entries than the limit, and a
//! stale one is never given.

use std::collections::HashMap;
use std::hash::Hash;

use chrono::{DateTime, TimeDelta, Utc};

/// When an entry is valid. It has a beginning because the clock may be set back: the age of the entry is
/// unknown then.
type Fresh = std::ops::Range<DateTime<Utc>>;

/// What is known, and until when.
#[derive(Debug)]
pub(super) struct Cache<K, V> {
    entries: HashMap<K, (Fresh, V)>,
    max: usize,
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    /// An empty cache for `max` entries.
    pub(super) fn new(max: usize) -> Self {
        Self {
            entries: HashMap::new(),
            max,
        }
    }

    /// What is known at `now`.
    pub(super) fn get(&self, key: &K, now: DateTime<Utc>) -> Option<V> {
        let (fresh, value) = self.entries.get(key)?;
        fresh.contains(&now).then(|| value.clone())
    }

    /// Forgets what is known.
    pub(super) fn remove(&mut self, key: &K) {
        self.entries.remove(key);
    }

    /// Keeps a value for so many seconds. Where there is no room, what is stale goes, or else what
    /// would be stale first.
    pub(super) fn insert(&mut self, key: K, value: V, now: DateTime<Utc>, for_s: i64) {
        if self.entries.len() >= self.max && !self.entries.contains_key(&key) {
            self.entries.retain(|_, (fresh, _)| fresh.contains(&now));
        }
        while self.entries.len() >= self.max && !self.entries.contains_key(&key) {
            let first = self.entries.iter().min_by_key(|(_, (fresh, _))| fresh.end);
            let Some(first) = first.map(|(key, _)| key.clone()) else {
                break;
            };
            self.entries.remove(&first);
        }
        let until = now + TimeDelta::seconds(for_s);
        self.entries.insert(key, (now..until, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    #[test]
    fn an_entry_is_given_until_it_is_stale() {
        let mut cache = Cache::new(2);
        cache.insert("a", 1, NOW, 60);
        assert_eq!(cache.get(&"a", NOW + TimeDelta::seconds(59)), Some(1));
        assert_eq!(cache.get(&"a", NOW + TimeDelta::seconds(60)), None);
    }

    #[test]
    fn an_entry_from_the_future_is_stale() {
        let mut cache = Cache::new(2);
        cache.insert("a", 1, NOW + TimeDelta::days(60), 60);
        assert_eq!(cache.get(&"a", NOW), None);
    }

    #[test]
    fn beyond_the_limit_what_is_stale_first_goes() {
        let mut cache = Cache::new(2);
        cache.insert("a", 1, NOW, 60);
        cache.insert("b", 2, NOW, 10);
        cache.insert("c", 3, NOW, 60);
        assert_eq!(cache.get(&"b", NOW), None);
        assert_eq!(
            (cache.get(&"a", NOW), cache.get(&"c", NOW)),
            (Some(1), Some(3))
        );
        cache.insert("a", 4, NOW, 60);
        assert_eq!(
            (cache.get(&"a", NOW), cache.get(&"c", NOW)),
            (Some(4), Some(3))
        );
    }
}
