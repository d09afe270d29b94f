//! A file of lines beside the data.

use std::path::Path;

use super::{
    Ending,
    target::{Target, with_part},
};
use crate::error::Error;

/// A file that gets its name when the run is complete, as the data does; a
/// stopped run keeps `FILE.part`.
#[derive(Debug)]
pub struct Lines {
    target: Target,
}

impl Lines {
    /// Creates a file; with `force` an existing one is replaced when the run
    /// is complete.
    ///
    /// # Errors
    /// [`Error::Failed`] if it cannot be created, or exists.
    pub fn create(path: &Path, force: bool) -> Result<Self, Error> {
        Ok(Self { target: Target::path(path, force)? })
    }

    /// Takes what a stopped run has left of a file, to write it anew.
    ///
    /// # Errors
    /// [`Error::Failed`] if there is nothing, or if it is in use.
    pub fn anew(path: &Path, force: bool) -> Result<Self, Error> {
        let mut target = Target::reopen(path, force)?;
        target.go_on(0)?;
        Ok(Self { target })
    }

    /// Whether a stopped run has left a part of the file.
    pub fn are_unfinished(path: &Path) -> bool {
        with_part(path).is_file()
    }

    /// Appends whole lines.
    ///
    /// # Errors
    /// [`Error::Failed`] if they cannot be written.
    pub fn write(&mut self, lines: &[u8]) -> Result<(), Error> {
        if lines.is_empty() {
            return Ok(());
        }
        self.target.write(lines).map_err(|broken| {
            let reason = super::reason(&broken.error);
            Error::failed(format!("cannot write {}: {reason}", self.target.name()))
        })
    }

    /// Gives the file its name, or says where an unfinished one is.
    ///
    /// # Errors
    /// [`Error::Failed`] if it cannot get its name.
    pub fn finish(self, how: Ending) -> Result<Option<String>, Error> {
        self.target.finish_lines(how)
    }
}
