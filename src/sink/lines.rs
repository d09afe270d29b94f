//! A file of lines beside the data.

use std::{fs, path::Path};

use super::{
    Ending,
    part::with_part,
    target::{Target, is_direct},
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
        Ok(Self { target: Target::beside(path, force)? })
    }

    /// Takes what a stopped run has left of a file, if there is anything, to write it from its beginning.
    ///
    /// # Errors
    /// [`Error::Failed`] if the file is in use, or is there without such a part.
    pub fn rewrite(path: &Path, force: bool) -> Result<Self, Error> {
        if !Self::are_unfinished(path) {
            return Self::create(path, force);
        }
        let mut target = Target::reopen(path, force)?;
        target.go_on(0)?;
        Ok(Self { target })
    }

    /// Whether a stopped run has left a part of the file.
    pub fn are_unfinished(path: &Path) -> bool {
        !is_direct(path) && with_part(&fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())).is_file()
    }

    /// Whether lines go straight to a device, a pipe or a descriptor, where those of an earlier run stay.
    pub fn are_direct(path: &Path) -> bool {
        is_direct(path)
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

    /// Waits until the lines are on the disk.
    ///
    /// # Errors
    /// [`Error::Failed`] if they may not be there.
    pub fn sync(&mut self) -> Result<(), Error> {
        self.target.sync()
    }

    /// Gives the file its name, or says where an unfinished one is.
    ///
    /// # Errors
    /// [`Error::Failed`] if it cannot get its name.
    pub fn finish(self, how: Ending) -> Result<Option<String>, Error> {
        self.target.finish_lines(how)
    }
}
