//! `--summary`: a file that is there from before the first event, so that a run that is killed has left it.

use super::{Generate, summary::About};
use falsetrail::{
    error::Error,
    run::{Outcome, Watch},
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

/// Between two versions while the run lasts.
const BETWEEN_VERSIONS: Duration = Duration::from_secs(1);

/// The file, with its first version.
pub struct SummaryFile<'a> {
    about: About<'a>,
    watch: &'a Watch,
    begun: Instant,
    file: Mutex<WholeFile>,
}

/// The thread that replaces the file while the run lasts; it ends when this is dropped.
pub struct Updates(#[expect(dead_code, reason = "the thread waits until this is dropped")] mpsc::Sender<()>);

impl<'a> SummaryFile<'a> {
    /// Writes the first version, if the run is to have a summary.
    ///
    /// # Errors
    /// [`Error::Failed`] if it cannot be written.
    pub fn begin(
        arguments: &Generate,
        about: impl FnOnce() -> About<'a>,
        watch: &'a Watch,
    ) -> Result<Option<Self>, Error> {
        let Some(path) = &arguments.watch.summary else { return Ok(None) };
        let mut file = WholeFile::new(path, arguments.force);
        let about = about();
        file.update(about.running(&watch.see(), Duration::ZERO).as_bytes())?;
        Ok(Some(SummaryFile { about, watch, begun: Instant::now(), file: Mutex::new(file) }))
    }

    /// Replaces the file now and then while the run lasts.
    pub fn keep_current<'scope, 'env: 'scope>(&'env self, scope: &'scope Scope<'scope, 'env>) -> Updates {
        let (running, over) = mpsc::channel();
        // Without the thread, or on a full disk, there is the version before.
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
    pub fn finish(self, outcome: &Outcome, took: Duration) -> Result<(), Error> {
        let file = self.file.into_inner().unwrap_or_else(PoisonError::into_inner);
        file.write(self.about.over(outcome, &self.watch.see(), took).as_bytes())
    }
}
