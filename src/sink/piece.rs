//! How much to write at once. `benches/ratios` measures it: writes as large as a pipe are three times slower than
//! smaller ones, because writer and reader then wait for each other in turns, and a wider pipe helps both.

use std::{
    fs::{File, FileType},
    os::unix::fs::FileTypeExt,
};

const FOR_FILES: usize = 1 << 20;
const FOR_WIDE_PIPES: usize = 64 << 10;
const FOR_NARROW_PIPES: usize = 16 << 10;

/// The largest write that suits an open file of that type; a pipe is widened.
pub(super) fn suitable(file: &File, kind: Option<FileType>) -> usize {
    match kind {
        Some(kind) if kind.is_fifo() && !widen(file) => FOR_NARROW_PIPES,
        Some(kind) if !kind.is_fifo() && !kind.is_socket() => FOR_FILES,
        _ => FOR_WIDE_PIPES,
    }
}

/// Makes a pipe as wide as users may have it without asking; refused to somebody who has many pipes.
#[cfg(target_os = "linux")]
fn widen(pipe: &File) -> bool {
    use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};
    const WIDE: usize = 1 << 20;
    fcntl_getpipe_size(pipe).is_ok_and(|size| size >= WIDE) || fcntl_setpipe_size(pipe, WIDE).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn widen(_pipe: &File) -> bool {
    false
}
