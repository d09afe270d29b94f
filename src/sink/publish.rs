//! Publishing: gives a finished file its name atomically and durably, with the permissions of the file that it
//! replaces.

use std::{
    fs::{self, File, Permissions},
    io::{self, ErrorKind},
    os::unix::fs::{MetadataExt, PermissionsExt, lchown},
    path::Path,
};

use super::messages::{cannot_sync, quoted, reason};
use super::overwrite::Overwrite;
use crate::error::Error;

/// Renames a finished file to its final name; it replaces another only if `overwrite` says so. Returns a note if something is
/// left to do.
pub(super) fn publish(part: &Path, path: &Path, overwrite: Overwrite) -> Result<Option<String>, Error> {
    let result = if overwrite == Overwrite::Replace {
        take_after(part, path).and_then(|()| fs::rename(part, path)).map(|()| None)
    } else {
        rename_to_free(part, path)
    };
    result.map_err(|error| {
        let keeps = format!("{} is complete: rename it", quoted(part));
        let why = match error.kind() {
            ErrorKind::AlreadyExists => {
                format!("{} has appeared while the run was writing", quoted(path))
            }
            _ => format!("cannot rename {} to {}: {}", quoted(part), quoted(path), reason(&error)),
        };
        Error::failed(why).help(keeps)
    })
}

/// Makes a new name durable: until its directory is synced, a power failure may undo the renaming.
pub(super) fn sync_name(path: &Path) -> Result<(), Error> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A directory may be writable and not readable; then it cannot be synced.
    let Ok(directory) = File::open(parent) else { return Ok(()) };
    match directory.sync_all() {
        Err(error) if !cannot_sync(&error) => {
            Err(Error::failed(format!("cannot sync the directory of {}: {}", quoted(path), reason(&error)))
                .help(format!("{} is complete; run `sync` before you rely on its name", quoted(path))))
        }
        _ => Ok(()),
    }
}

/// Renames a file, unless the new name exists.
pub(super) fn rename_to_free(part: &Path, path: &Path) -> io::Result<Option<String>> {
    if let Some(result) = rename_in_one_step(part, path) {
        return result.map(|()| None);
    }
    match fs::hard_link(part, path) {
        Ok(()) => Ok(fs::remove_file(part).err().map(|error| {
            let (path, part) = (quoted(path), quoted(part));
            format!("{path} is complete; {part}, a second name of it, could not be removed: {}", reason(&error))
        })),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        // A file system without hard links: reserve the name, then replace the reserved file.
        Err(_) => {
            File::create_new(path)?;
            fs::rename(part, path).map(|()| None).inspect_err(|_| {
                let _ = fs::remove_file(path);
            })
        }
    }
}

/// Renames atomically with a system call; `None` if the system or its file system does not support it.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn rename_in_one_step(part: &Path, path: &Path) -> Option<io::Result<()>> {
    use rustix::{
        fs::{CWD, RenameFlags, renameat_with},
        io::Errno,
    };
    match renameat_with(CWD, part, CWD, path, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => None,
        result => Some(result.map_err(io::Error::from)),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn rename_in_one_step(_part: &Path, _path: &Path) -> Option<io::Result<()>> {
    None
}

/// Copies the mode of the file that is replaced and, as far as permitted, its owner and group.
fn take_after(new: &Path, old: &Path) -> io::Result<()> {
    let Ok(old) = fs::symlink_metadata(old) else { return Ok(()) };
    if !old.is_file() {
        return Ok(());
    }
    let found = fs::symlink_metadata(new)?;
    let user = (old.uid() != found.uid()).then_some(old.uid());
    let group = (old.gid() != found.gid()).then_some(old.gid());
    let is_kept = (user.is_none() && group.is_none()) || lchown(new, user, group).is_ok();
    if !is_kept {
        // Only root may change the owner; the group can be kept if it is one of ours.
        let _ = lchown(new, None, group);
    }
    // A set-user-id program must not run as another user than before.
    let mode = old.mode() & if is_kept { 0o7777 } else { 0o777 };
    if fs::symlink_metadata(new)?.mode() & 0o7777 == mode {
        return Ok(());
    }
    fs::set_permissions(new, Permissions::from_mode(mode))
}
