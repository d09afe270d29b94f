//! The list of what was not delivered: a line for each event, so that exactly
//! these can be sent again.
//!
//! A run is a pure function, so no event needs to be kept: its number is
//! enough. The list is written as the reports come, because there may be
//! millions of them, and only if there is anything to write.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::sink::reason;

/// Where the list goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndeliveredFile {
    /// Its path.
    pub path: PathBuf,
    /// Whether it may replace an older one.
    pub replace: bool,
}

/// One event that was not acknowledged.
pub(super) struct Undelivered<'a> {
    /// Position in the run, from 0.
    pub number: u64,
    /// Its id, if it has one.
    pub id: Option<&'a str>,
    /// Where it was to go, if that was decided.
    pub partition: Option<i32>,
    /// Whether it may be in the topic all the same.
    pub unknown: bool,
}

/// A list that is begun with its first line.
pub(super) struct List {
    place: UndeliveredFile,
    file: Option<BufWriter<File>>,
    failed: Option<io::Error>,
}

impl List {
    /// A list without a file yet.
    ///
    /// # Errors
    /// [`Error::Failed`] if the file is there and may not be replaced, or if
    /// its folder is not there.
    pub fn new(place: UndeliveredFile) -> Result<Self, Error> {
        let shown = place.path.display();
        if !place.replace && place.path.exists() {
            let help = "it lists what was not delivered: name another file, or replace it by `--force`";
            return Err(Error::failed(format!("`{shown}` exists")).help(help));
        }
        let folder = place.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            let message = format!("cannot create `{shown}`: the directory `{}` does not exist", folder.display());
            return Err(Error::failed(message).help(format!("create it: `mkdir -p {}`", folder.display())));
        }
        Ok(Self { place, file: None, failed: None })
    }

    /// Appends a line: the event, and why it was not acknowledged.
    pub fn add(&mut self, event: &Undelivered<'_>, error: &str) {
        if self.failed.is_none() {
            self.failed = self.write(event, error).err();
        }
    }

    fn write(&mut self, event: &Undelivered<'_>, error: &str) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(BufWriter::new(create(&self.place)?)),
        };
        let line = serde_json::json!({
            "event": event.number,
            "id": event.id,
            "partition": event.partition,
            "delivery": if event.unknown { "unknown" } else { "failed" },
            "error": error,
        });
        writeln!(file, "{line}")
    }

    /// Writes what is left: the file, if there is one, and what went wrong.
    /// An older list that this run was to replace goes when there is nothing
    /// to list.
    pub fn finish(&mut self) -> (Option<&Path>, Option<String>) {
        if let Some(file) = &mut self.file {
            let written = file.flush().and_then(|()| file.get_ref().sync_all());
            self.failed = self.failed.take().or(written.err().filter(|error| !cannot_sync(error)));
        } else if self.failed.is_none() && self.place.replace && self.place.path.is_file() {
            let _ = fs::remove_file(&self.place.path);
        }
        let shown = self.place.path.display();
        let trouble = self
            .failed
            .as_ref()
            .map(|error| format!("the list of what was not delivered, `{shown}`, is not whole: {}", reason(error)));
        let path = self.file.as_ref().filter(|_| trouble.is_none()).map(|_| self.place.path.as_path());
        (path, trouble)
    }
}

fn create(place: &UndeliveredFile) -> io::Result<File> {
    let mut options = OpenOptions::new();
    if place.replace {
        options.write(true).create(true).truncate(true).open(&place.path)
    } else {
        options.write(true).create_new(true).open(&place.path)
    }
}

/// Devices and some file systems have nothing to sync, and say so as an error.
fn cannot_sync(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported)
}
