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

    /// Goes on with what a stopped run has left of a file, behind its last
    /// whole line.
    ///
    /// # Errors
    /// [`Error::Failed`] if there is nothing, or if it is in use.
    pub fn append(path: &Path, force: bool) -> Result<Self, Error> {
        let mut target = Target::reopen(path, force)?;
        let whole = whole_lines(target.file())
            .map_err(|error| Error::failed(format!("cannot read {}: {}", target.name(), super::reason(&error))))?;
        target.go_on(whole)?;
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

/// How long a file is up to its last line end.
fn whole_lines(mut file: &std::fs::File) -> std::io::Result<u64> {
    use std::io::{Read, Seek};
    file.rewind()?;
    let (mut length, mut whole) = (0, 0);
    let mut piece = vec![0; 64 << 10];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(whole);
        }
        if let Some(end) = piece[..read].iter().rposition(|byte| *byte == b'\n') {
            whole = length + end as u64 + 1;
        }
        length += read as u64;
    }
}
