//! The nonces under which messages are posted once, however often their posting is tried.
//!
//! May touch: nothing. Invariant: a row has the same nonce at every try, and another one after the database
//! was restored, when its number may be that of a row which is not there any more.

use std::sync::Arc;

use ring::digest::{SHA256, digest};

/// The longest nonce that Discord takes ("Create Message", `nonce`: up to 25 characters).
pub const NONCE_MAX_CHARS: usize = 25;
/// How much of the hash is in a nonce, in bytes; each is two characters.
const HASH_BYTES: usize = 12;

const _: () = assert!(2 * HASH_BYTES <= NONCE_MAX_CHARS);

/// The nonces of one incarnation of a database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Nonces {
    incarnation: Arc<str>,
}

impl Nonces {
    /// The nonces of this incarnation. If it is empty, a row's name is its nonce, as in versions that knew
    /// no incarnations: what they had begun to post is not posted twice.
    pub fn of(incarnation: &str) -> Self {
        Self {
            incarnation: incarnation.into(),
        }
    }

    /// The nonce of what `row` names.
    pub fn for_row(&self, row: &str) -> String {
        if self.incarnation.is_empty() {
            return row.to_owned();
        }
        let hash = digest(&SHA256, format!("{}:{row}", self.incarnation).as_bytes());
        let start = hash.as_ref().iter().take(HASH_BYTES);
        start.map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonce_depends_on_the_row_and_on_the_incarnation() {
        let (one, other) = (Nonces::of("one"), Nonces::of("other"));
        assert_eq!(one.for_row("c1.0"), Nonces::of("one").for_row("c1.0"));
        assert_ne!(one.for_row("c1.0"), one.for_row("c2.0"));
        assert_ne!(one.for_row("c1.0"), other.for_row("c1.0"));
        let longest = format!("c{}.{}.{:x}", i64::MAX, u32::MAX, u64::MAX);
        assert_eq!(one.for_row(&longest).len(), 2 * HASH_BYTES);
    }

    #[test]
    fn nonces_of_an_installation_from_before_incarnations_stay() {
        assert_eq!(Nonces::of("").for_row("c1.0"), "c1.0");
    }
}
