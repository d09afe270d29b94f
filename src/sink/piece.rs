//! The size of a single write. `benches/ratios` measures it: writes as large as the pipe are three times slower than
//! smaller ones, because writer and reader then wait for each other in turns. A larger pipe helps both, as long as the
//! data in it stays in a cache.

use std::{
    fs::{File, FileType},
    os::unix::fs::FileTypeExt,
};

const FOR_FILES: usize = 1 << 20;
const FOR_SOCKETS: usize = 64 << 10;
const FOR_PIPES: usize = 16 << 10;

/// The largest write that suits an open file of this type; if it is a pipe, enlarges its buffer.
pub(super) fn suitable(file: &File, kind: Option<FileType>) -> usize {
    match kind {
        Some(kind) if kind.is_fifo() => {
            widen(file);
            FOR_PIPES
        }
        Some(kind) if !kind.is_socket() => FOR_FILES,
        _ => FOR_SOCKETS,
    }
}

/// Enlarges a pipe's buffer. The system may refuse that to a user with many pipes; then it keeps its size.
#[cfg(target_os = "linux")]
fn widen(pipe: &File) {
    use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};
    const WIDE: usize = 512 << 10;
    if fcntl_getpipe_size(pipe).is_ok_and(|size| size < WIDE) {
        let _ = fcntl_setpipe_size(pipe, WIDE);
    }
}

#[cfg(not(target_os = "linux"))]
fn widen(_pipe: &File) {}
