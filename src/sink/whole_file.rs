//! A file next to the events of which readers only ever see a complete version: a run file, or the summary of a run.
//!
//! Each version is written as `FILE.part` and renamed, so a reader finds the last version or none, even if the process
//! is killed while writing. Such a part is never resumed, so it is removed if writing it fails.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{
    Ending,
    messages::{cannot_create, quoted, reason},
    output_file::{OutputFile, is_direct},
    overwrite::Overwrite,
    place::descriptor,
};
use crate::error::Error;

/// A file that is replaced as a whole with each version.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    /// Whether an existing file is replaced: with `--force`, or because it is an earlier version.
    overwrite: Overwrite,
}

impl WholeFile {
    /// Rejects a path that cannot be written, without creating anything; `made` is a directory that will exist by then.
    ///
    /// # Errors
    /// [`Error::Failed`] if the file exists and `overwrite` refuses, or if its directory does not exist.
    pub(crate) fn refuse(path: &Path, overwrite: Overwrite, made: Option<&Path>) -> Result<(), Error> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty() && Some(*parent) != made);
        if path.is_dir() {
            return Err(Error::failed(format!("{} is a directory", quoted(path))).help("name a file in it"));
        }
        if path.is_file() && overwrite == Overwrite::Refuse && descriptor(path).is_none() {
            return Err(Error::failed(format!("{} already exists", quoted(path))).help("`--force` replaces it"));
        }
        match parent {
            Some(parent) if !parent.is_dir() => Err(cannot_create(path, &ErrorKind::NotFound.into())),
            _ => Ok(()),
        }
    }

    /// A file without a version; nothing is created before the first one.
    pub fn new(path: &Path, overwrite: Overwrite) -> Self {
        Self { path: path.to_owned(), overwrite }
    }

    /// Writes a version that a later one will replace, without syncing it; does nothing for a device or pipe.
    ///
    /// # Errors
    /// [`Error::Failed`] if the file cannot be created, or exists and may not be replaced; the version before, if there
    /// is one, is unchanged.
    pub(crate) fn update(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if is_direct(&self.path) {
            return Ok(());
        }
        self.written(bytes)?.name_at_once()?;
        self.overwrite = Overwrite::Replace;
        Ok(())
    }

    /// Writes the last version, and syncs it to disk.
    ///
    /// # Errors
    /// As for [`WholeFile::update`], and if it may not be on disk.
    pub fn write(self, bytes: &[u8]) -> Result<(), Error> {
        let mut target = self.written(bytes)?;
        if let Err(error) = target.sync() {
            target.discard();
            return Err(error);
        }
        target.finish(Ending::Complete, 0).map(|_| ()).map_err(|failed| failed.error)
    }

    fn written(&self, bytes: &[u8]) -> Result<OutputFile, Error> {
        let mut target = OutputFile::beside(&self.path, self.overwrite)?;
        if let Err(broken) = target.write(bytes) {
            let name = target.name().to_owned();
            target.discard();
            return Err(Error::failed(format!("cannot write {name}: {}", reason(&broken.error))));
        }
        Ok(target)
    }
}
