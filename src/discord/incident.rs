//! Incident codes: what links the apology that a person reads to its entry in the log.
//!
//! Pure. Invariant: no two codes of a process are the same, and of two processes only by an accident
//! of 50 random bits.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Characters of a code, in two groups.
const CODE_CHARS: u32 = 10;
/// Bits in a character.
const CHAR_BITS: u32 = 5;
/// No I, L, O and U: read out, they are taken for others.
const ALPHABET: &[u8; 1 << CHAR_BITS] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// An odd number: multiplying by it modulo a power of two gives no number twice.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A new code, such as "7QK2M-9XD3F".
pub(super) fn new_code() -> String {
    static FIRST: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(std::process::id()));
    static MADE: AtomicU64 = AtomicU64::new(0);
    code(*FIRST, MADE.fetch_add(1, Ordering::Relaxed))
}

/// The code number `n` of a process that begins with `first`.
fn code(first: u64, n: u64) -> String {
    let bits = first.wrapping_add(n.wrapping_mul(STEP));
    let char = |at: u32| {
        let digit = (bits >> (at * CHAR_BITS)) & 0x1f;
        char::from(ALPHABET[usize::try_from(digit).unwrap_or(0)])
    };
    let (front, back) = (0..CODE_CHARS / 2, CODE_CHARS / 2..CODE_CHARS);
    let group = |range: std::ops::Range<u32>| range.map(char).collect::<String>();
    format!("{}-{}", group(front), group(back))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_of_a_process_never_repeat() {
        for first in [0, 1, u64::MAX, 0x1234_5678_9abc_def0] {
            let codes: HashSet<_> = (0..100_000).map(|n| code(first, n)).collect();
            assert_eq!(codes.len(), 100_000);
        }
        assert_ne!(new_code(), new_code());
    }

    #[test]
    fn a_code_can_be_read_out() {
        assert_eq!(code(0, 0), "00000-00000");
        let readable = |char: char| ALPHABET.contains(&u8::try_from(char).unwrap_or(0));
        let code = code(u64::MAX, 7);
        assert_eq!(code.len(), 11);
        let groups: Vec<_> = code.split('-').collect();
        assert!(
            groups
                .iter()
                .all(|group| group.len() == 5 && group.chars().all(readable))
        );
    }
}
