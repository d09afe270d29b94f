//! A text file of lines written next to the data, such as the ground truth.

use std::{fs, path::Path};

use super::{
    Ending,
    output_file::{OutputFile, is_direct},
    overwrite::Overwrite,
    part::with_part,
};
use crate::error::Error;

/// A file of lines. Like the data, it gets its final name when the run is complete; a stopped run leaves `FILE.part`.
#[derive(Debug)]
pub struct Lines {
    target: OutputFile,
}

impl Lines {
    /// Creates a file; with `force` an existing one is replaced when the run is complete.
    ///
    /// # Errors
    /// [`Error::Failed`] if it cannot be created, or exists.
    pub fn create(path: &Path, overwrite: Overwrite) -> Result<Self, Error> {
        Ok(Self { target: OutputFile::beside(path, overwrite)? })
    }

    /// Reopens the unfinished file of a stopped run, if there is one, and rewrites it from the beginning.
    ///
    /// # Errors
    /// [`Error::Failed`] if the file is in use, or exists without an unfinished part.
    pub fn rewrite(path: &Path, overwrite: Overwrite) -> Result<Self, Error> {
        if !Self::are_unfinished(path) {
            return Self::create(path, overwrite);
        }
        let mut target = OutputFile::reopen(path, overwrite)?;
        target.truncate(0)?;
        Ok(Self { target })
    }

    /// Whether a stopped run left an unfinished part of the file.
    pub fn are_unfinished(path: &Path) -> bool {
        !is_direct(path) && with_part(&fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())).is_file()
    }

    /// Whether lines are written directly to a device, a pipe or a descriptor, so that those of an earlier run remain.
    pub(crate) fn are_direct(path: &Path) -> bool {
        is_direct(path)
    }

    /// Appends complete lines.
    ///
    /// # Errors
    /// [`Error::Failed`] if they cannot be written.
    pub(crate) fn write(&mut self, lines: &[u8]) -> Result<(), Error> {
        if lines.is_empty() {
            return Ok(());
        }
        self.target.write(lines).map_err(|broken| {
            let reason = super::reason(&broken.error);
            Error::failed(format!("cannot write {}: {reason}", self.target.name()))
        })
    }

    /// Waits until the lines are on disk.
    ///
    /// # Errors
    /// [`Error::Failed`] if they may not be.
    pub(crate) fn sync(&mut self) -> Result<(), Error> {
        self.target.sync()
    }

    /// Gives the file its final name; for a stopped run, returns a note that says where the unfinished file is.
    ///
    /// # Errors
    /// [`Error::Failed`] if it cannot get its name.
    pub(crate) fn finish(self, ending: Ending) -> Result<Option<String>, Error> {
        self.target.finish_lines(ending)
    }
}
