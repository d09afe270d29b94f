//! Detects whether standard output was closed when the program was started, as with `>&-`.
//!
//! Before `main`, Rust opens `/dev/null` in place of a closed standard output, and all events would seem to be written.
//! So this check runs before that. Only Linux allows it without opening anything; on other systems nothing is detected.

use crate::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: AtomicBool = AtomicBool::new(false);

#[cfg(target_os = "linux")]
mod before_main {
    use super::{CLOSED, Ordering};
    use std::fs::symlink_metadata;

    // The loader calls each function in this section once before `main`, while there is one thread. The function only
    // queries two paths from the system, for which the library needs no initialisation.
    #[expect(unsafe_code, reason = "nothing that runs in `main` or later can tell a closed standard output")]
    #[used]
    #[unsafe(link_section = ".init_array")]
    static LOOK: extern "C" fn() = look;

    extern "C" fn look() {
        let is_closed = symlink_metadata("/proc/self/fd/1").is_err() && symlink_metadata("/proc/self/fd").is_ok();
        CLOSED.store(is_closed, Ordering::Relaxed);
    }
}

/// Rejects a standard output that was closed from the start.
pub(super) fn check() -> Result<(), Error> {
    if !CLOSED.load(Ordering::Relaxed) {
        return Ok(());
    }
    Err(Error::failed("standard output is closed").help("redirect it to a file or pipe, or to `/dev/null`"))
}
