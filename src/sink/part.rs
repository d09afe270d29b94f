//! `FILE.part`: a regular file before it gets its final name.
//!
//! It is created exclusively (`O_EXCL`), so that nobody can make a run write through a link. An advisory lock, which
//! the system releases when the process ends, distinguishes a run in progress from the leftovers of a stopped run.

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io::ErrorKind,
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

use super::messages::{cannot_create, cannot_open, quoted, reason};
use super::overwrite::Overwrite;
use crate::error::Error;

/// The current and the final path of a regular file.
#[derive(Debug)]
pub(super) struct Part {
    pub(crate) now: PathBuf,
    pub(crate) path: PathBuf,
    pub(crate) overwrite: Overwrite,
}

/// The content of a file: only events can be resumed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Events,
    Other,
}

impl Part {
    /// Creates a locked file. With `force`, the leftovers of a stopped run are discarded, and an existing file of the
    /// final name is replaced later.
    pub(super) fn create(path: PathBuf, overwrite: Overwrite, content: Content) -> Result<(File, Self), Error> {
        let now = with_part(&path);
        let file = match create_new(&now) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                // Held until the new file has its own lock, so that no other run takes the same leftovers.
                let _remains = discard(&now, overwrite, content)?;
                let file = create_new(&now).map_err(|error| cannot_create(&now, &error))?;
                locked(file, &now)?
            }
            Err(error) => return Err(cannot_create(&now, &error)),
            Ok(file) => locked(file, &now)?,
        };
        restrict(&file, &path);
        Ok((file, Self { now, path, overwrite }))
    }

    /// Reopens the unfinished file of a stopped run.
    pub(super) fn reopen(path: &Path, overwrite: Overwrite) -> Result<(File, Self), Error> {
        let shown = quoted(path);
        let found = fs::metadata(path).ok();
        let real = found.as_ref().and_then(|_| fs::canonicalize(path).ok()).unwrap_or_else(|| path.to_owned());
        let now = with_part(&real);
        let Ok(part) = fs::symlink_metadata(&now) else {
            let missing = format!("there is no {}", quoted(&now));
            return Err(match found {
                Some(_) => Error::failed(format!("{shown} is complete: {missing} to append to"))
                    .help("leave it as it is, or generate it again with `--force` and without `--skip` and `--append`"),
                None => Error::failed(format!("{missing} that a stopped run has left")).help("leave out `--append`"),
            });
        };
        if !part.is_file() {
            return Err(in_the_way(&now, "regular file"));
        }
        let is_same = found.as_ref().is_some_and(|found| (found.dev(), found.ino()) == (part.dev(), part.ino()));
        if is_same {
            // A process was killed after creating the final name and before removing the old one.
            return Err(Error::failed(format!("{shown} is complete, and {} is the same file", quoted(&now)))
                .help(format!("remove {}", quoted(&now))));
        }
        if part.nlink() > 1 {
            return Err(Error::failed(format!("{} has another name, under which it would change, too", quoted(&now)))
                .help("copy it, and give the copy its name"));
        }
        if found.is_some() && overwrite == Overwrite::Refuse {
            return Err(Error::failed(format!("{shown} exists, beside {}", quoted(&now)))
                .help("`--force` replaces it when the run is complete"));
        }
        let file = locked(open(&now).map_err(|error| cannot_open(&now, &error))?, &now)?;
        Ok((file, Self { now, path: real, overwrite }))
    }
}

pub(super) fn with_part(path: &Path) -> PathBuf {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    part.into()
}

/// Takes the lock that distinguishes a run in progress from leftovers. Returns `false` if another process holds it.
pub(super) fn lock(file: &File) -> bool {
    // On file systems without locks, continue without one.
    !matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

/// Makes opening fail if the path is a symbolic link.
pub(super) fn not_through_links(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(OFlags::NOFOLLOW.bits() as i32)
}

/// The error for something at a file's path that no run has created.
pub(super) fn in_the_way(path: &Path, kind: &str) -> Error {
    Error::failed(format!("{} is in the way and no {kind}", quoted(path))).help("remove it, or name another file")
}

fn create_new(part: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).open(part)
}

fn open(part: &Path) -> std::io::Result<File> {
    not_through_links(OpenOptions::new().read(true).write(true)).open(part)
}

fn locked(file: File, part: &Path) -> Result<File, Error> {
    if !lock(&file) {
        return Err(in_use(part));
    }
    Ok(file)
}

/// Removes the leftovers of a stopped run, if they are empty or may be discarded. Returns the file, which holds its
/// lock.
fn discard(part: &Path, overwrite: Overwrite, content: Content) -> Result<File, Error> {
    if !fs::symlink_metadata(part).is_ok_and(|found| found.is_file()) {
        return Err(in_the_way(part, "regular file"));
    }
    let remains = locked(open(part).map_err(|error| cannot_open(part, &error))?, part)?;
    let identity = |found: fs::Metadata| (found.dev(), found.ino());
    let is_there = fs::symlink_metadata(part).ok().map(identity) == remains.metadata().ok().map(identity);
    if !is_there {
        // Another run has discarded the leftovers meanwhile, and writes a new file.
        return Err(in_use(part));
    }
    let length = remains.metadata().map_or(0, |found| found.len());
    if length > 0 && overwrite == Overwrite::Refuse {
        let exists = Error::failed(format!("{} exists: it is what a stopped run has left", quoted(part)));
        let continues = match content {
            Content::Events => "`--skip N --append`, as that run has printed it, continues it",
            Content::Other => "",
        };
        return Err(exists.help(continues).help("rename it to keep it; `--force` discards it"));
    }
    fs::remove_file(part)
        .map_err(|error| Error::failed(format!("cannot remove {}: {}", quoted(part), reason(&error))))?;
    Ok(remains)
}

/// If the file is to replace one that others may not read, restricts its permissions before the first byte is written.
fn restrict(file: &File, path: &Path) {
    if let Ok(old) = fs::metadata(path) {
        let mode = (old.mode() & 0o777) | 0o600;
        // Errors are ignored here: it is done again before the file gets its name, and then has to succeed.
        let _ = file.set_permissions(Permissions::from_mode(mode));
    }
}

fn in_use(part: &Path) -> Error {
    Error::failed(format!("another run is writing {} right now", quoted(part)))
        .help("wait for it, or name another file")
}
