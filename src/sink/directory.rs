//! The directory of a split output, and how to see whether it is complete.
//!
//! All files are created in `DIR/falsetrail.part/` and moved up to `DIR` when the run is complete. As long as
//! `falsetrail.part` exists, the run has not ended successfully, and no file under a final name is half written. Until
//! then nothing about the files is kept in memory, even for a million of them. The directory is locked like a
//! `FILE.part` (see [`part`](super::part)).
//!
//! Files are not synced individually, which would make a thousand fixtures take a minute: after a power failure, repeat
//! the run.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, ErrorKind},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use rustix::fs::{Dir, DirEntry};

use super::{
    Ending,
    messages::{cannot_create, cannot_open, quoted, reason, whole},
    overwrite::Overwrite,
    part::{in_the_way, lock},
    publish::publish,
};
use crate::error::Error;

const STAGING: &str = "falsetrail.part";

/// An unfinished output directory.
pub(super) struct Directory {
    path: PathBuf,
    staging: PathBuf,
    overwrite: Overwrite,
    /// Held for its lock.
    locked: File,
}

impl Directory {
    /// Creates the directory if it is missing. Without `force`, rejects one that is not empty.
    pub(super) fn open(path: &Path, overwrite: Overwrite) -> Result<Self, Error> {
        match fs::create_dir(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && !path.is_dir() => {
                let message = format!("{} is not a directory", quoted(path));
                return Err(Error::failed(message).help("a split output needs `-o DIR/`"));
            }
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(cannot_create(path, &error));
            }
            _ => {}
        }
        let staging = path.join(STAGING);
        match fs::symlink_metadata(&staging) {
            Ok(found) if found.is_dir() => remove_remains(&staging, overwrite)?,
            Ok(_) => return Err(in_the_way(&staging, "directory")),
            Err(_) => {}
        }
        if overwrite == Overwrite::Refuse && list(path)?.next().is_some() {
            return Err(Error::failed(format!("{} is not empty", quoted(path)))
                .help("`--force` replaces files of the same names and leaves all others alone"));
        }
        fs::create_dir(&staging).map_err(|error| cannot_create(&staging, &error))?;
        let locked = File::open(&staging).map_err(|error| cannot_create(&staging, &error))?;
        if !lock(&locked) {
            return Err(in_use(&staging));
        }
        Ok(Self { path: path.to_owned(), staging, overwrite, locked })
    }

    /// Reopens the unfinished directory of a stopped run to resume it.
    pub(super) fn reopen(path: &Path, overwrite: Overwrite) -> Result<Self, Error> {
        let staging = path.join(STAGING);
        let missing = format!("there is no {}", quoted(&staging));
        let others = path.is_dir() && list(path)?.flatten().any(|name| name != STAGING);
        let found = fs::symlink_metadata(&staging);
        if found.as_ref().is_ok_and(|found| !found.is_dir()) {
            return Err(in_the_way(&staging, "directory"));
        }
        if found.is_err() {
            return Err(if others {
                Error::failed(format!("{} is complete: {missing} to append to", quoted(path)))
                    .help("leave it as it is, or generate it again with `--force` and without `--skip` and `--append`")
            } else {
                Error::failed(format!("{missing} that a stopped run has left")).help("leave out `--append`")
            });
        }
        if others && overwrite == Overwrite::Refuse {
            return Err(Error::failed(format!("{} has other files beside {}", quoted(path), quoted(&staging)))
                .help("`--force` replaces files of the same names and leaves all others alone"));
        }
        let locked = File::open(&staging).map_err(|error| cannot_open(&staging, &error))?;
        if !lock(&locked) {
            return Err(in_use(&staging));
        }
        Ok(Self { path: path.to_owned(), staging, overwrite, locked })
    }

    /// The files written so far, with their names, in no particular order.
    pub(super) fn files(&self) -> Result<Vec<(String, PathBuf)>, Error> {
        let named = |name: io::Result<OsString>| {
            let name = name.map_err(|error| cannot_list(&self.staging, &error))?;
            Ok((name.to_string_lossy().into_owned(), self.staging.join(name)))
        };
        list(&self.staging)?.map(named).collect()
    }

    /// The unfinished directory's name in messages.
    pub(super) fn name(&self) -> String {
        quoted(&self.staging)
    }

    /// The path at which to create a file of this name.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.staging.join(name)
    }

    /// Moves all files to their final place, or says where they are.
    pub(super) fn finish(&self, ending: Ending, events: u64) -> Result<Option<String>, Error> {
        if ending == Ending::Stopped {
            // A child process that was started meanwhile may still hold the folder open.
            let _ = self.locked.unlock();
            return Ok(Some(format!("{} keeps the first {}", quoted(&self.staging), whole(events))));
        }
        // Moving entries while listing the directory may hide some: list it again until none is left.
        loop {
            let mut moved = false;
            for name in list(&self.staging)? {
                let name = name.map_err(|error| cannot_list(&self.staging, &error))?;
                publish(&self.staging.join(&name), &self.path.join(&name), self.overwrite)
                    .map_err(|error| self.rest_stays(error))?;
                moved = true;
            }
            if !moved {
                break;
            }
        }
        fs::remove_dir(&self.staging).map_err(|error| {
            let shown = quoted(&self.staging);
            Error::failed(format!("cannot remove {shown}: {}", reason(&error)))
        })?;
        Ok(None)
    }
}

impl Directory {
    /// The error of moving one of the files, all of which are complete.
    fn rest_stays(&self, error: Error) -> Error {
        let Error::Failed { message, .. } = error else { return error };
        Error::failed(message).help(format!(
            "all files are complete: move the others from {} to {} and remove it",
            quoted(&self.staging),
            quoted(&self.path)
        ))
    }
}

fn remove_remains(staging: &Path, overwrite: Overwrite) -> Result<(), Error> {
    let shown = quoted(staging);
    if File::open(staging).is_ok_and(|locked| !lock(&locked)) {
        return Err(in_use(staging));
    }
    // A run that was stopped before its first file leaves an empty directory.
    if overwrite == Overwrite::Refuse && list(staging)?.next().is_some() {
        return Err(Error::failed(format!("{shown} exists: it is what a stopped run has left"))
            .help("`--skip N --append`, as that run has printed it, continues it")
            .help("rename it to keep it; `--force` discards it"));
    }
    fs::remove_dir_all(staging).map_err(|error| Error::failed(format!("cannot remove {shown}: {}", reason(&error))))
}

fn in_use(staging: &Path) -> Error {
    Error::failed(format!("another run is writing {} right now", quoted(staging)))
        .help("wait for it, or name another directory")
}

/// The names in a directory. The standard library's reader panics if a directory cannot be closed.
fn list(path: &Path) -> Result<impl Iterator<Item = io::Result<OsString>>, Error> {
    let entries = File::open(path).and_then(|directory| Ok(Dir::new(directory)?));
    let entries = entries.map_err(|error| cannot_list(path, &error))?;
    let name = |entry: rustix::io::Result<DirEntry>| Ok(OsStr::from_bytes(entry?.file_name().to_bytes()).to_owned());
    Ok(entries.map(name).filter(|name| !name.as_ref().is_ok_and(|name| name == "." || name == "..")))
}

fn cannot_list(path: &Path, error: &io::Error) -> Error {
    Error::failed(format!("cannot list {}: {}", quoted(path), reason(error)))
}
