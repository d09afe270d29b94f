//! A file beside the events that is always whole: a run file, the summary of a run.
//!
//! Each version is written as `FILE.part` and renamed, so a reader finds the last version or none, also when the
//! process is killed in the middle. Nobody continues such a part, so it is removed when writing it fails.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{
    Ending,
    messages::{cannot_create, quoted, reason},
    place::descriptor,
    target::{Target, is_direct},
};
use crate::error::Error;

/// A file of which every version is whole.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    /// Whether the file that has the name may be replaced: `--force`, or it is an earlier version of this one.
    replace: bool,
}

impl WholeFile {
    /// Refuses a file that cannot be written without making anything yet; `made` is a
    /// directory that will be there.
    ///
    /// # Errors
    /// [`Error::Failed`] if the file exists and `force` is not set, or if its
    /// directory does not exist.
    pub fn refuse(path: &Path, force: bool, made: Option<&Path>) -> Result<(), Error> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty() && Some(*parent) != made);
        if path.is_dir() {
            return Err(Error::failed(format!("{} is a directory", quoted(path))).help("name a file in it"));
        }
        if path.is_file() && !force && descriptor(path).is_none() {
            return Err(Error::failed(format!("{} already exists", quoted(path))).help("`--force` replaces it"));
        }
        match parent {
            Some(parent) if !parent.is_dir() => Err(cannot_create(path, &ErrorKind::NotFound.into())),
            _ => Ok(()),
        }
    }

    /// A file that has no version yet; nothing is made before the first one.
    pub fn new(path: &Path, force: bool) -> Self {
        Self { path: path.to_owned(), replace: force }
    }

    /// Writes a version that a later one replaces, and does not wait for the disk; a device or pipe does not get it.
    ///
    /// # Errors
    /// [`Error::Failed`] if it cannot be created, or exists and may not be replaced; the version before, if there is
    /// one, stays as it was.
    pub fn update(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if is_direct(&self.path) {
            return Ok(());
        }
        self.written(bytes)?.name_at_once()?;
        self.replace = true;
        Ok(())
    }

    /// Writes the last version, and makes sure that it is on the disk.
    ///
    /// # Errors
    /// As [`WholeFile::update`], and if it may not be on the disk.
    pub fn write(self, bytes: &[u8]) -> Result<(), Error> {
        let mut target = self.written(bytes)?;
        if let Err(error) = target.sync() {
            target.discard();
            return Err(error);
        }
        target.finish(Ending::Complete, 0).map(|_| ()).map_err(|failed| failed.error)
    }

    fn written(&self, bytes: &[u8]) -> Result<Target, Error> {
        let mut target = Target::beside(&self.path, self.replace)?;
        if let Err(broken) = target.write(bytes) {
            let name = target.name().to_owned();
            target.discard();
            return Err(Error::failed(format!("cannot write {name}: {}", reason(&broken.error))));
        }
        Ok(target)
    }
}
