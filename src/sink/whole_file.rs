//! A file that is written in one go: as `FILE.part`, renamed when it is whole.

use std::{io::ErrorKind, path::Path};

use super::{
    Ending,
    messages::{cannot_create, quoted, reason},
    place::descriptor,
    target::Target,
};
use crate::error::Error;

/// A file that is written in one go: as `FILE.part`, renamed when it is whole.
pub struct WholeFile {
    target: Target,
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

    /// Begins the file.
    ///
    /// # Errors
    /// [`Error::Failed`] if it cannot be created, or exists and `force` is not set.
    pub fn create(path: &Path, force: bool) -> Result<Self, Error> {
        Ok(Self { target: Target::beside(path, force)? })
    }

    /// Writes everything, and gives the file its name.
    ///
    /// # Errors
    /// [`Error::Failed`], and then there is no such file.
    pub fn write(mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Err(broken) = self.target.write(bytes) {
            let name = self.target.name().to_owned();
            self.target.discard();
            return Err(Error::failed(format!("cannot write {name}: {}", reason(&broken.error))));
        }
        if let Err(error) = self.target.sync() {
            self.target.discard();
            return Err(error);
        }
        self.target.finish(Ending::Complete, 0).map(|_| ()).map_err(|failed| failed.error)
    }
}
