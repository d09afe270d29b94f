//! Whether standard output was closed when the program was started, as by `>&-`.
//!
//! Rust opens `/dev/null` in place of a closed standard output before `main`, and then all events seem to be written. So
//! this looks before that. Only Linux tells without opening anything; elsewhere nothing is known.

use falsetrail::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: AtomicBool = AtomicBool::new(false);

#[cfg(target_os = "linux")]
mod before_main {
    use super::{CLOSED, Ordering};
    use std::fs::symlink_metadata;

    // The loader calls each function of this section once before `main`, when there is one thread. The function does
    // nothing but ask the system about two paths, for which the library needs no preparation.
    #[expect(unsafe_code, reason = "nothing that runs in `main` or later can tell a closed standard output")]
    #[used]
    #[unsafe(link_section = ".init_array")]
    static LOOK: extern "C" fn() = look;

    extern "C" fn look() {
        let is_closed = symlink_metadata("/proc/self/fd/1").is_err() && symlink_metadata("/proc/self/fd").is_ok();
        CLOSED.store(is_closed, Ordering::Relaxed);
    }
}

/// Refuses to write to a standard output that was closed from the start.
pub fn check() -> Result<(), Error> {
    if !CLOSED.load(Ordering::Relaxed) {
        return Ok(());
    }
    Err(Error::failed("standard output is closed").help("redirect it to a file or pipe, or to `/dev/null`"))
}
