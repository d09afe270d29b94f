//! How much to write at once. `benches/ratios` measures it: writes as large as a pipe are three times slower than
//! smaller ones, because writer and reader then wait for each other in turns. A wider pipe helps both, as long as what is
//! on its way stays in a cache.

use std::{
    fs::{File, FileType},
    os::unix::fs::FileTypeExt,
};

const FOR_FILES: usize = 1 << 20;
const FOR_SOCKETS: usize = 64 << 10;
const FOR_PIPES: usize = 16 << 10;

/// The largest write that suits an open file of that type; a pipe is widened.
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

/// Makes a pipe wider than it is by default. That may be refused to somebody who has many pipes: then it stays as it is.
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
