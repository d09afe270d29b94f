//! Loads files, and rejects input that is not text before it confuses the parser.

use std::{
    fs::File,
    io,
    io::Read as _,
    path::Path,
    sync::{Arc, OnceLock},
};

use crate::error::{Diagnostic, Error, Source, quoted, shown};

/// Maximum size of a file: larger ones are not scenarios that a person wrote.
pub(crate) const LARGEST_FILE: u64 = 16 * 1024 * 1024;

/// Help for an empty file.
pub(super) const BEGIN: &str =
    "`falsetrail new NAME` writes a scenario to start from, `falsetrail show catalog` prints a catalog";

/// Loads a text file; messages name it by the path as given.
///
/// # Errors
/// A file that cannot be read, is too large, or is not UTF-8.
pub fn load(path: impl AsRef<Path>) -> Result<Arc<Source>, Error> {
    let path = path.as_ref();
    let name = shown(path);
    let bytes = read(path).map_err(|error| cannot_read(&name, &error))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(
            Error::usage(format!("{} is larger than 16 MiB", quoted(&name))).help("is it the file that you meant?")
        );
    }
    text(name, bytes)
}

/// Loads standard input; a second call returns the same text.
///
/// # Errors
/// As [`load`].
pub(crate) fn load_standard_input() -> Result<Arc<Source>, Error> {
    static READ: OnceLock<Arc<Source>> = OnceLock::new();
    if let Some(read) = READ.get() {
        return Ok(Arc::clone(read));
    }
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(LARGEST_FILE + 1).read_to_end(&mut bytes);
    read.map_err(|error| Error::failed(format!("cannot read standard input: {error}")))?;
    let source = text("standard input".to_owned(), bytes)?;
    Ok(Arc::clone(READ.get_or_init(|| source)))
}

fn text(name: String, bytes: Vec<u8>) -> Result<Arc<Source>, Error> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(name, text)),
        Err(error) => Err(not_utf8(name, &error).into()),
    }
}

/// Checks a text as a whole: it must not be empty, and must be text.
pub(super) fn check_text(source: &Arc<Source>) -> Result<(), Vec<Diagnostic>> {
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    let begin = source.text.len() - text.len();
    let found = if text.trim().is_empty() {
        Diagnostic::new(source, begin..begin, "the file is empty").help(BEGIN)
    } else if source.text.len() as u64 > LARGEST_FILE {
        Diagnostic::new(source, 0..0, "the file is larger than 16 MiB")
    } else if let Some(at) = source.text.find(is_control) {
        let found = if source.text[at..].starts_with('\0') { "a zero byte" } else { "a control character" };
        Diagnostic::new(source, at..at + 1, format!("the file is not a text: it has {found}"))
            .help("is it the file that you meant? texts must be UTF-8")
    } else if let Some(at) = conflict(text).map(|at| begin + at) {
        Diagnostic::new(source, at..at + CONFLICT.trim_end().len(), "a merge was left undone here")
            .help("keep one of the two versions, and remove the lines with `<<<<<<<`, `=======` and `>>>>>>>`")
    } else {
        return Ok(());
    };
    Err(vec![found])
}

/// Control characters that do not occur in text files; line breaks and tabs do.
fn is_control(found: char) -> bool {
    found.is_ascii_control() && !matches!(found, '\t' | '\n' | '\r')
}

/// The marker that version control writes before the first of two conflicting versions.
const CONFLICT: &str = "<<<<<<< ";

fn conflict(text: &str) -> Option<usize> {
    if text.starts_with(CONFLICT) {
        return Some(0);
    }
    text.find("\n<<<<<<< ").map(|at| at + 1)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than allowed suffices to detect a large file; the size of a pipe is unknown.
    File::open(path)?.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn cannot_read(name: &str, error: &io::Error) -> Error {
    let name = quoted(name);
    match error.kind() {
        io::ErrorKind::NotFound => Error::usage(format!("there is no file {name}")),
        io::ErrorKind::IsADirectory => Error::usage(format!("{name} is a directory")).help("name a file in it"),
        io::ErrorKind::PermissionDenied => Error::usage(format!("{name} must not be read"))
            .help("check the permissions of the file and of its directories"),
        _ => Error::usage(format!("cannot read {name}: {error}")),
    }
}

fn not_utf8(name: String, error: &std::string::FromUtf8Error) -> Diagnostic {
    let bytes = error.as_bytes();
    let at = error.utf8_error().valid_up_to();
    let message = if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        "the file is UTF-16, not UTF-8"
    } else {
        "the file is not UTF-8 text"
    };
    // Up to the mistake the text with replacement characters is identical, so the offset is valid.
    let source = Source::new(name, String::from_utf8_lossy(bytes));
    let end = at + source.text[at..].chars().next().map_or(0, char::len_utf8);
    Diagnostic::new(&source, at..end, message)
        .label(format!("byte {:#04x}", bytes.get(at).copied().unwrap_or(0)))
        .help("save it as UTF-8, or check that it is the file that you meant")
}
