//! When a log file is rotated, and the names of rotated files: `FILE.1` is the newest, as logrotate numbers them.

use std::{
    fmt, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    str::FromStr,
};

use crate::{
    error::Error,
    sink::{
        messages::{quoted, reason},
        place::is_same_place,
        publish::rename_to_free,
    },
    units,
};

/// When a run begins a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RotateAt {
    /// Before an event that would make the file larger than this many bytes.
    Size(u64),
    /// Before the first event of the next period of this length in nanoseconds. Periods are counted from 1970 in UTC,
    /// so an hour begins at the full hour and a day at midnight.
    Period(u64),
}

/// Device and inode: which file it is, whatever its name.
pub(super) type Identity = (u64, u64);

pub(super) fn identity(found: &fs::Metadata) -> Identity {
    (found.dev(), found.ino())
}

impl FromStr for RotateAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.ends_with(['B', 'b']) {
            return units::size(text).map(Self::Size).map_err(|error| error.to_string());
        }
        match units::duration(text) {
            Ok(0) | Err(_) => Err("write a size, such as `100MB`, or a duration, such as `1h`".to_owned()),
            Ok(length) => Ok(Self::Period(length)),
        }
    }
}

impl fmt::Display for RotateAt {
    /// As on the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(bytes) => f.write_str(&units::format_size(*bytes)),
            Self::Period(length) => f.write_str(&units::format_duration(*length)),
        }
    }
}

/// The number of the period of this length that contains a time.
pub(super) fn period(length: u64, time: i64) -> i64 {
    time.div_euclid(i64::try_from(length).unwrap_or(i64::MAX).max(1))
}

/// Whether a path is a name that rotating `file` gives.
pub(crate) fn is_rotated_name(file: &Path, path: &Path) -> bool {
    let Some((name, digits)) = path.file_name().and_then(|name| name.to_str()?.rsplit_once('.')) else { return false };
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number && is_same_place(file, &path.with_file_name(name))
}

/// Moves `FILE` to `FILE.1` and older files up by one, so that `FILE` is free. No file is replaced: files move up to the
/// first free number. With `keep`, the file of that number is deleted if there is no free one below it; then this is its
/// identity.
///
/// # Errors
/// [`Error::Failed`] if a file cannot be renamed or deleted. All events are still in files whose numbers are in order.
pub(super) fn shift(file: &Path, keep: Option<u64>) -> Result<Option<Identity>, Error> {
    let mut free = 1;
    let mut deleted = None;
    while let Ok(found) = fs::symlink_metadata(numbered(file, free)) {
        if keep == Some(free) {
            let oldest = numbered(file, free);
            fs::remove_file(&oldest)
                .map_err(|error| Error::failed(format!("cannot delete {}: {}", quoted(&oldest), reason(&error))))?;
            deleted = Some(identity(&found));
            break;
        }
        free += 1;
    }
    for number in (1..free).rev() {
        rename(&numbered(file, number), &numbered(file, number + 1))?;
    }
    rename(file, &numbered(file, 1))?;
    Ok(deleted)
}

fn numbered(file: &Path, number: u64) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    rename_to_free(from, to)
        .map(|_| ())
        .map_err(|error| Error::failed(format!("cannot rename {} to {}: {}", quoted(from), quoted(to), reason(&error))))
}
