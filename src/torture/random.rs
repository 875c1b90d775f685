//! Random bytes from the simulation's seed, for the whole process.
//!
//! May touch: the C library's `getrandom`, from which the standard library's hash tables and tokio's
//! `select!` have their seeds. Invariant: the bytes are the same in each run, because one thread works at a time.

#![expect(
    unsafe_code,
    reason = "the C library's function has C's signature; only simulations are built with it"
)]

use std::ffi::{c_uint, c_void};
use std::sync::{Mutex, PoisonError};

use super::disk::Chance;

static CHANCE: Mutex<Option<Chance>> = Mutex::new(None);

/// Gives this process bytes that depend on `seed` only.
pub(super) fn seed_this_process(seed: u64) {
    *CHANCE.lock().unwrap_or_else(PoisonError::into_inner) = Some(Chance::new(seed));
}

#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(buffer: *mut c_void, length: usize, flags: c_uint) -> isize {
    let mut chance = CHANCE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(chance) = chance.as_mut() else {
        // SAFETY: the arguments are the caller's own.
        return unsafe { libc::syscall(libc::SYS_getrandom, buffer, length, flags) as isize };
    };
    // SAFETY: the caller promises so many bytes there.
    let bytes = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), length) };
    for part in bytes.chunks_mut(size_of::<u64>()) {
        part.copy_from_slice(&chance.next().to_le_bytes()[..part.len()]);
    }
    length.cast_signed()
}
