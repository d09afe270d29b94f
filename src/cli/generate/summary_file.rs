//! The file of `--summary`: written before the first event and updated during the run, so that it exists even if the
//! run is killed.

use super::{Generate, summary::About};
use crate::{
    error::Error,
    run::{Counters, Outcome},
    sink::WholeFile,
};
use std::{
    sync::{
        Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread::{Builder, Scope},
    time::{Duration, Instant},
};

/// Time between two updates during the run.
const BETWEEN_VERSIONS: Duration = Duration::from_secs(1);

/// The file, after its first version was written.
pub(super) struct SummaryFile<'a> {
    about: About<'a>,
    watch: &'a Counters,
    begun: Instant,
    file: Mutex<WholeFile>,
}

/// The thread that updates the file during the run; it ends when this is dropped.
pub(super) struct Updates(#[expect(dead_code, reason = "the thread waits until this is dropped")] mpsc::Sender<()>);

impl<'a> SummaryFile<'a> {
    /// Writes the first version, if a summary is requested.
    ///
    /// # Errors
    /// [`Error::Failed`] if it cannot be written.
    pub(super) fn begin(
        arguments: &Generate,
        about: impl FnOnce() -> About<'a>,
        watch: &'a Counters,
    ) -> Result<Option<Self>, Error> {
        let Some(path) = &arguments.watch.summary else { return Ok(None) };
        let mut file = WholeFile::new(path, arguments.overwrite());
        let about = about();
        file.update(about.running(&watch.see(), Duration::ZERO).as_bytes())?;
        Ok(Some(SummaryFile { about, watch, begun: Instant::now(), file: Mutex::new(file) }))
    }

    /// Updates the file periodically during the run.
    pub(super) fn keep_current<'scope, 'env: 'scope>(&'env self, scope: &'scope Scope<'scope, 'env>) -> Updates {
        let (running, over) = mpsc::channel();
        // If the thread cannot start or the disk is full, the file keeps its earlier version.
        let _ = Builder::new().name("summary".to_owned()).spawn_scoped(scope, move || {
            let mut shown = self.watch.see();
            while let Err(RecvTimeoutError::Timeout) = over.recv_timeout(BETWEEN_VERSIONS) {
                let seen = self.watch.see();
                if seen != shown {
                    shown = seen;
                    let text = self.about.running(&seen, self.begun.elapsed());
                    let _ = self.file.lock().unwrap_or_else(PoisonError::into_inner).update(text.as_bytes());
                }
            }
        });
        Updates(running)
    }

    /// Writes the last version.
    ///
    /// # Errors
    /// [`Error::Failed`] if it cannot be written.
    pub(super) fn finish(self, outcome: &Outcome, took: Duration) -> Result<(), Error> {
        let file = self.file.into_inner().unwrap_or_else(PoisonError::into_inner);
        file.write(self.about.over(outcome, &self.watch.see(), took).as_bytes())
    }
}
