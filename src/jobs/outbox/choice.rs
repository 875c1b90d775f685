//! What is delivered now, of all that is due.
//!
//! May touch: the outbox's claims. Invariant: whatever is chosen takes its place in the pace and its
//! turn at once, so that nothing else is chosen in its stead; what others got gives them back.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::pace::{self, Free, Key, Pace};
use super::{DELIVERIES_MAX, Outbox};
use crate::domain::ids::GuildId;
use crate::store::Failure;
use crate::store::outbox::{ClaimDue, Due};
use crate::store::process::ProcessId;

/// Deliveries under way at once for one server, of [`DELIVERIES_MAX`].
pub(super) const DELIVERIES_OF_SERVER_MAX: usize = 16;

impl Outbox {
    /// Chooses what is delivered now, in the order of turns, and when the next one may be.
    pub(super) fn choose(
        &mut self,
        looked: Vec<Due>,
        now: DateTime<Utc>,
    ) -> (Vec<(Due, Vec<Key>)>, Option<Instant>) {
        let at = Instant::now();
        let room = DELIVERIES_MAX.saturating_sub(self.deliveries.len());
        let mut of_servers: HashMap<GuildId, usize> = HashMap::new();
        for server in self.under_way.values().filter_map(|one| one.server) {
            *of_servers.entry(server).or_default() += 1;
        }
        let mut next: Option<Instant> = None;
        let mut is_free = |pace: &Pace, keys: &[Key]| match pace.free(keys, at) {
            Free::Now => true,
            Free::Later => false,
            Free::At(free) => {
                next = Some(next.map_or(free, |next| next.min(free)));
                false
            }
        };
        // What was claimed is ours to deliver: whoever did so before has let go of it.
        let is_known = |due: &Due| self.claims.is_none() && self.under_way.contains_key(&due.id);
        let may_begin = |due: &Due| !is_known(due) && is_free(&self.pace, &pace::keys(due, now));
        let candidates = looked.into_iter().filter(may_begin).collect();
        let mut chosen = Vec::new();
        for due in self.turns.in_turn(candidates) {
            if chosen.len() >= room {
                break;
            }
            let keys = pace::keys(&due, now);
            let server = due.destination.guild;
            let of_server = server.map(|server| of_servers.entry(server).or_default());
            if of_server
                .as_ref()
                .is_some_and(|count| **count >= DELIVERIES_OF_SERVER_MAX)
                || !is_free(&self.pace, &keys)
            {
                continue;
            }
            if let Some(count) = of_server {
                *count += 1;
            }
            self.pace.begin(&keys, &due, at);
            self.turns.take(&due);
            chosen.push((due, keys));
        }
        (chosen, next)
    }

    /// Claims what was chosen, if there are others who deliver; what others got is not begun.
    pub(super) async fn claim(
        &mut self,
        process: Option<&ProcessId>,
        chosen: Vec<(Due, Vec<Key>)>,
    ) -> Result<Vec<(Due, Vec<Key>)>, Failure> {
        let Some(process) = process.filter(|_| !chosen.is_empty()) else {
            return Ok(chosen);
        };
        let claim = ClaimDue {
            process: process.clone(),
            due: chosen.iter().map(|(due, _)| due.clone()).collect(),
        };
        let claimed = self.courier.store.execute_job(claim).await;
        let (mut got, failure) = match claimed {
            Ok(Ok(claimed)) => (claimed, None),
            Err(error) => {
                // It may have been done all the same, or be done yet, and nobody would deliver it.
                self.doubt();
                (Vec::new(), Some(error))
            }
        };
        let mut begun = Vec::new();
        for (due, keys) in chosen {
            match got.iter().position(|one| one.id == due.id) {
                // As it is now, which may be another generation.
                Some(at) => begun.push((got.swap_remove(at), keys)),
                None => self.pace.cancel(&keys),
            }
        }
        failure.map_or(Ok(begun), Err)
    }
}
