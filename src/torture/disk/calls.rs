//! The system calls that change a disk, taken over from the C library.
//!
//! May touch: everything that this process writes. Invariant: what is on no attached disk goes to the
//! system as it came. With `random` the only `unsafe` code of the project: a program's own definition of such a
//! function is the one that its parts are linked to, SQLite and the standard library included.

#![expect(
    unsafe_code,
    reason = "the C library's functions have C's signatures; only simulations are built with them"
)]

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use libc::{c_char, c_int, c_long, c_uint, c_void, iovec, mode_t, off_t, size_t, ssize_t};

use super::watch::{self, Opening, Outcome};

/// Has the linker take this file, and with it the definitions in it.
pub(super) fn link() {
    std::hint::black_box(fdatasync as unsafe extern "C" fn(c_int) -> c_int);
}

/// The system's own call.
macro_rules! system {
    ($number:ident $(, $value:expr)*) => {
        // SAFETY: the arguments are those that the caller gave for this very call.
        outcome(unsafe { libc::syscall(libc::$number $(, $value)*) })
    };
}

fn outcome(answer: c_long) -> Outcome {
    match answer {
        -1 => Err(std::io::Error::last_os_error()
            .raw_os_error()
            .unwrap_or(libc::EIO)),
        answer => Ok(answer),
    }
}

/// What the C library's function returns: -1 with `errno` for an error.
fn answer(outcome: Outcome) -> c_long {
    outcome.unwrap_or_else(|error| {
        // SAFETY: the address of this thread's `errno` is always valid.
        unsafe { *libc::__errno_location() = error };
        -1
    })
}

fn status(outcome: Outcome) -> c_int {
    c_int::try_from(answer(outcome)).unwrap_or(-1)
}

/// The file that a descriptor is of, if it is a regular one.
fn inode(descriptor: c_int) -> Option<(u64, u64)> {
    let mut found = std::mem::MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: `found` has room for what is written there, and is a plain structure of numbers.
    let found = unsafe {
        if libc::fstat(descriptor, found.as_mut_ptr()) != 0 {
            return None;
        }
        found.assume_init()
    };
    (found.st_mode & libc::S_IFMT == libc::S_IFREG).then_some((found.st_dev, found.st_ino))
}

/// The path of an open folder.
fn folder(descriptor: c_int) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{descriptor}")).ok()
}

/// The absolute path that `path` is, seen from the open folder `base`.
///
/// # Safety
/// `path` must be a C string.
unsafe fn absolute(base: c_int, path: *const c_char) -> PathBuf {
    // SAFETY: as the caller promises.
    let bytes = unsafe { CStr::from_ptr(path) }.to_bytes();
    let path = Path::new(OsStr::from_bytes(bytes));
    if path.is_absolute() {
        return path.to_owned();
    }
    let base = match base {
        libc::AT_FDCWD => std::env::current_dir().ok(),
        base => folder(base),
    };
    base.unwrap_or_default().join(path)
}

unsafe fn open_at(base: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    let real = || system!(SYS_openat, base, path, flags, c_uint::from(mode));
    let opening = Opening {
        create: flags & libc::O_CREAT != 0,
        truncate: flags & libc::O_TRUNC != 0,
    };
    if !watch::is_needed() || !opening.create && !opening.truncate {
        return status(real());
    }
    // SAFETY: the caller's path is a C string, as the call requires.
    let path = unsafe { absolute(base, path) };
    let of = |descriptor| c_int::try_from(descriptor).ok().and_then(inode);
    status(watch::open(&path, opening, real, of))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: as the caller of `open` promises.
    unsafe { open_at(libc::AT_FDCWD, path, flags, mode) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: as the caller of `open64` promises.
    unsafe { open_at(libc::AT_FDCWD, path, flags, mode) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn openat(base: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: as the caller of `openat` promises.
    unsafe { open_at(base, path, flags, mode) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn openat64(
    base: c_int,
    path: *const c_char,
    flags: c_int,
    mode: mode_t,
) -> c_int {
    // SAFETY: as the caller of `openat64` promises.
    unsafe { open_at(base, path, flags, mode) }
}

/// Where a write without an offset goes.
fn position(descriptor: c_int) -> u64 {
    let flags = system!(SYS_fcntl, descriptor, libc::F_GETFL).unwrap_or(0);
    let from = match flags & c_long::from(libc::O_APPEND) {
        0 => libc::SEEK_CUR,
        _ => libc::SEEK_END,
    };
    let position = system!(SYS_lseek, descriptor, 0, from).unwrap_or(0);
    u64::try_from(position).unwrap_or(0)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn write(descriptor: c_int, data: *const c_void, count: size_t) -> ssize_t {
    let real = |count: size_t| system!(SYS_write, descriptor, data, count);
    if !watch::is_needed() || count == 0 {
        return answer(real(count)) as ssize_t;
    }
    // SAFETY: the caller of `write` promises so many bytes there.
    let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), count) };
    let position = || position(descriptor);
    answer(watch::write(inode(descriptor), bytes, position, real)) as ssize_t
}

#[unsafe(no_mangle)]
unsafe extern "C" fn writev(descriptor: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    if !watch::is_needed() || inode(descriptor).is_none() || count <= 0 {
        return answer(system!(SYS_writev, descriptor, parts, count)) as ssize_t;
    }
    // SAFETY: the caller of `writev` promises so many parts there. It may write as few as it likes.
    let parts = unsafe { std::slice::from_raw_parts(parts, count.unsigned_abs() as usize) };
    match parts.iter().find(|part| part.iov_len > 0) {
        // SAFETY: each part is as many bytes as it says.
        Some(part) => unsafe { write(descriptor, part.iov_base, part.iov_len) },
        None => 0,
    }
}

unsafe fn write_at(
    descriptor: c_int,
    data: *const c_void,
    count: size_t,
    offset: off_t,
) -> ssize_t {
    let real = |count: size_t| system!(SYS_pwrite64, descriptor, data, count, offset);
    if !watch::is_needed() || count == 0 {
        return answer(real(count)) as ssize_t;
    }
    // SAFETY: the caller of `pwrite` promises so many bytes there.
    let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), count) };
    let offset = || offset.unsigned_abs();
    answer(watch::write(inode(descriptor), bytes, offset, real)) as ssize_t
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite(
    descriptor: c_int,
    data: *const c_void,
    count: size_t,
    offset: off_t,
) -> ssize_t {
    // SAFETY: as the caller of `pwrite` promises.
    unsafe { write_at(descriptor, data, count, offset) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite64(
    descriptor: c_int,
    data: *const c_void,
    count: size_t,
    offset: off_t,
) -> ssize_t {
    // SAFETY: as the caller of `pwrite64` promises.
    unsafe { write_at(descriptor, data, count, offset) }
}

fn resize(descriptor: c_int, length: off_t) -> c_int {
    let real = || system!(SYS_ftruncate, descriptor, length);
    if !watch::is_needed() {
        return status(real());
    }
    status(watch::resize(
        inode(descriptor),
        length.unsigned_abs(),
        real,
    ))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ftruncate(descriptor: c_int, length: off_t) -> c_int {
    resize(descriptor, length)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ftruncate64(descriptor: c_int, length: off_t) -> c_int {
    resize(descriptor, length)
}

fn flush(descriptor: c_int, real: impl FnOnce() -> Outcome) -> c_int {
    if !watch::is_needed() {
        return status(real());
    }
    status(watch::flush(inode(descriptor), || folder(descriptor), real))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fsync(descriptor: c_int) -> c_int {
    flush(descriptor, || system!(SYS_fsync, descriptor))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fdatasync(descriptor: c_int) -> c_int {
    flush(descriptor, || system!(SYS_fdatasync, descriptor))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    let real = || {
        let here = libc::AT_FDCWD;
        system!(SYS_renameat2, here, from, here, to, 0)
    };
    if !watch::is_needed() {
        return status(real());
    }
    // SAFETY: both are C strings, as the call requires.
    let [from, to] = unsafe { [from, to].map(|path| absolute(libc::AT_FDCWD, path)) };
    status(watch::rename(&from, &to, real))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: as the caller of `unlink` promises.
    unsafe { unlinkat(libc::AT_FDCWD, path, 0) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rmdir(path: *const c_char) -> c_int {
    // SAFETY: as the caller of `rmdir` promises.
    unsafe { unlinkat(libc::AT_FDCWD, path, libc::AT_REMOVEDIR) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn unlinkat(base: c_int, path: *const c_char, flags: c_int) -> c_int {
    let real = || system!(SYS_unlinkat, base, path, flags);
    if !watch::is_needed() {
        return status(real());
    }
    // SAFETY: it is a C string, as the call requires.
    let path = unsafe { absolute(base, path) };
    status(watch::remove(&path, real))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mkdir(path: *const c_char, mode: mode_t) -> c_int {
    let real = || system!(SYS_mkdirat, libc::AT_FDCWD, path, c_uint::from(mode));
    if !watch::is_needed() {
        return status(real());
    }
    // SAFETY: it is a C string, as the call requires.
    let path = unsafe { absolute(libc::AT_FDCWD, path) };
    status(watch::make_folder(&path, real))
}
