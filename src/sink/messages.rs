//! Words that several sinks use when something about a file goes wrong.

use std::{
    ffi::OsStr,
    io::{self, ErrorKind},
    path::Path,
};

use crate::error::{Error, shell_word, shown};

/// Why something could not be created, with what to do about a missing parent.
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

/// Why a file could not be opened.
pub(super) fn cannot_open(path: &Path, error: &io::Error) -> Error {
    Error::failed(format!("cannot open {}: {}", quoted(path), reason(error)))
}

/// The system's reason in our style: `no space left on device`.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// A path in backticks.
pub(super) fn quoted(path: &Path) -> String {
    format!("`{}`", shown(path))
}

/// A path as a shell takes it.
pub(super) fn word(path: impl AsRef<OsStr>) -> String {
    shell_word(path.as_ref())
}

/// `1 whole event`, `2 whole events`.
pub(super) fn whole(events: u64) -> String {
    let plural = if events == 1 { "" } else { "s" };
    format!("{events} whole event{plural}")
}

/// Devices and some file systems have nothing to sync, and say so as an error.
pub(super) fn cannot_sync(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported)
}
