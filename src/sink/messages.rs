//! Error messages about files that several sinks share.

use std::{
    ffi::OsStr,
    io::{self, ErrorKind},
    path::Path,
};

use crate::error::{Error, shell_word, shown};

/// The error for a file that could not be created, with help if its directory is missing.
pub(super) fn cannot_create(path: &Path, error: &io::Error) -> Error {
    let message = format!("cannot create {}: ", quoted(path));
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    match parent {
        Some(parent) if error.kind() == ErrorKind::NotFound && !parent.exists() => {
            Error::failed(format!("{message}the directory {} does not exist", quoted(parent)))
                .help(format!("create it: `mkdir -p {}`", word(parent)))
        }
        _ => Error::failed(message + &reason(error)),
    }
}

/// The error for a file that could not be opened.
pub(super) fn cannot_open(path: &Path, error: &io::Error) -> Error {
    Error::failed(format!("cannot open {}: {}", quoted(path), reason(error)))
}

/// The system's reason in the style of this program: `no space left on device`.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// A path in backticks.
pub(super) fn quoted(path: &Path) -> String {
    format!("`{}`", shown(path))
}

/// A path quoted for a shell, where necessary.
pub(super) fn word(path: impl AsRef<OsStr>) -> String {
    shell_word(path.as_ref())
}

/// `1 whole event`, `2 whole events`.
pub(super) fn whole(events: u64) -> String {
    let plural = if events == 1 { "" } else { "s" };
    format!("{events} whole event{plural}")
}

/// Whether an error means that the file cannot be synced at all, as with devices and some file systems.
pub(super) fn cannot_sync(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported)
}
