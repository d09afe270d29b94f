//! Signal handling: which signals end a run, and which end it immediately.

use crate::{error::Error, system};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ},
    flag,
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

/// A request to stop: the first signal ends the run cleanly, a second one immediately.
///
/// A terminal that closes sends SIGHUP, often twice: once from the system and once from the shell. So SIGHUP never ends
/// a run immediately, and if it was ignored from the start, as with `nohup`, it stays ignored.
pub(crate) struct Stop {
    pub(crate) requested: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
    hangup: Arc<AtomicUsize>,
}

impl Stop {
    /// Installs the handlers; from now on, signals set `requested`.
    pub(crate) fn new(requested: Arc<AtomicBool>) -> Result<Self, Error> {
        let stop = Stop { requested, signal: Arc::default(), hangup: Arc::default() };
        let hangup = (!system::is_ignored(SIGHUP)).then_some(SIGHUP);
        for signal in [SIGINT, SIGTERM].into_iter().chain(hangup) {
            stop.request_by(signal).map_err(|error| Error::failed(format!("cannot wait for signals: {error}")))?;
        }
        Ok(stop)
    }

    /// The exit status of a run that a signal ended.
    pub(crate) fn exit_code(&self) -> u8 {
        let asked = [&self.signal, &self.hangup].map(|signal| signal.load(Ordering::Relaxed) as u8);
        128 + asked.into_iter().find(|signal| *signal != 0).unwrap_or(0)
    }

    fn request_by(&self, signal: i32) -> io::Result<()> {
        if signal == SIGHUP {
            flag::register_usize(signal, Arc::clone(&self.hangup), signal as usize)?;
        } else {
            // The order matters: at the second signal, this handler finds the flag that the first one set.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&self.requested))?;
            flag::register_usize(signal, Arc::clone(&self.signal), signal as usize)?;
        }
        // Last, so that when the request is seen, the number of the signal is known.
        flag::register(signal, Arc::clone(&self.requested)).map(|_| ())
    }
}

/// Turns reaching the file size limit into a failed write, as on a full disk, instead of a signal that ends the
/// process.
pub(crate) fn survive_file_size_limit() {
    // If the handler cannot be installed, the signal ends the process as usual.
    let _ = flag::register(SIGXFSZ, Arc::default());
}
