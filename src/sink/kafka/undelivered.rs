//! The list of events that were not delivered: a line for each, so that exactly these can be sent again.
//!
//! A run is a pure function, so an event's number is enough to generate it again. The list is written as the reports
//! arrive, because it may have millions of lines, and only if there is something to list. Like every file it is
//! `FILE.part` until it is complete; a list that it replaces is kept until then.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::{
    error::{Error, shown},
    sink::{
        Ending, Overwrite,
        messages::{quoted, reason},
        output_file::{OutputFile, is_direct},
    },
};

/// Bytes of lines that are buffered.
const HELD: usize = 8 << 10;

/// Where to write the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndeliveredFile {
    /// The path; may be a device, a descriptor, or `-` for standard output.
    pub path: PathBuf,
    /// Whether it may replace an older list.
    pub overwrite: Overwrite,
}

/// One event that was not acknowledged.
pub(super) struct Undelivered<'a> {
    /// Number in the run, from 0.
    pub(crate) number: u64,
    /// Its id, if it has one.
    pub(crate) id: Option<&'a str>,
    /// The partition that it was for, if that was decided.
    pub(crate) partition: Option<i32>,
    /// Whether it may be in the topic nevertheless.
    pub(crate) unknown: bool,
}

/// A list whose file is created with its first line.
pub(super) struct List {
    place: UndeliveredFile,
    /// Open from the first line on; from the beginning if it is not a regular file.
    target: Option<OutputFile>,
    is_direct: bool,
    /// Lines that are not written yet.
    text: Vec<u8>,
    lines: u64,
    failed: Option<String>,
}

/// The result of a list.
#[derive(Default)]
pub(super) struct Ended {
    /// The path of the file, if there is one and it is complete.
    pub(crate) path: Option<PathBuf>,
    /// A note for the summary.
    pub(crate) note: Option<String>,
}

impl List {
    /// A list without a file yet.
    ///
    /// # Errors
    /// [`Error::Failed`] if the file exists and may not be replaced, or cannot be created. That is tested by creating
    /// and removing it, because when a list is needed it is too late to choose another place.
    pub(super) fn new(place: UndeliveredFile) -> Result<Self, Error> {
        let shown = quoted(&place.path);
        let is_direct = is_direct(&place.path);
        if !is_direct && place.overwrite == Overwrite::Refuse && place.path.exists() {
            let help = "it lists what was not delivered: name another file, or replace it by `--force`";
            return Err(Error::failed(format!("{shown} exists")).help(help));
        }
        let target = OutputFile::beside(&place.path, place.overwrite).map_err(|error| {
            error.help(
                "it is for the list of undelivered events: name a place that can be written by `--undelivered FILE`, \
                        or `-` for standard output",
            )
        })?;
        let target = if is_direct {
            Some(target)
        } else {
            target.discard();
            None
        };
        Ok(Self { place, target, is_direct, text: Vec::new(), lines: 0, failed: None })
    }

    /// Appends a line: the event, and why it was not acknowledged.
    pub(super) fn add(&mut self, event: &Undelivered<'_>, error: &str) {
        let line = serde_json::json!({
            "event": event.number,
            "id": event.id,
            "partition": event.partition,
            "delivery": if event.unknown { "unknown" } else { "failed" },
            "error": error,
        });
        // Writing to a vector does not fail.
        let _ = writeln!(self.text, "{line}");
        self.lines += 1;
        if self.text.len() >= HELD {
            self.write();
        }
    }

    /// Writes the buffered lines; opens the file if necessary.
    fn write(&mut self) {
        let text = std::mem::take(&mut self.text);
        if self.failed.is_some() {
            return;
        }
        if self.target.is_none() {
            match OutputFile::beside(&self.place.path, self.place.overwrite) {
                Ok(target) => self.target = Some(target),
                Err(error) => self.failed = Some(message(error)),
            }
        }
        if let Some(Err(broken)) = self.target.as_mut().map(|target| target.write(&text)) {
            self.failed = Some(reason(&broken.error));
        }
    }

    /// Writes the remaining lines, and gives the file its name. If there is nothing to list, an older list that this
    /// run may replace is removed.
    pub(super) fn finish(&mut self) -> Ended {
        if self.lines == 0 {
            if self.place.overwrite == Overwrite::Replace && !self.is_direct && self.place.path.is_file() {
                let _ = fs::remove_file(&self.place.path);
            }
            return Ended::default();
        }
        self.write();
        if let Some(target) = self.target.take().filter(|_| self.failed.is_none()) {
            self.failed = target.finish(Ending::Complete, 0).err().map(|unnamed| message(unnamed.error));
        }
        let shown = shown(&self.place.path);
        let path = Some(self.place.path.clone()).filter(|_| self.failed.is_none() && !self.is_direct);
        let note = match &self.failed {
            Some(reason) => Some(format!("the list of what was not delivered, `{shown}`, is not whole: {reason}")),
            None => self
                .is_direct
                .then(|| format!("the events that were not delivered are listed in {}", name(&self.place.path))),
        };
        Ended { path, note }
    }
}

fn name(path: &Path) -> String {
    if crate::sink::is_stdout(path) { "standard output".to_owned() } else { quoted(path) }
}

fn message(error: Error) -> String {
    match error {
        Error::Failed { message, .. } | Error::Usage { message, .. } => message,
        Error::Input(_) => error.to_string(),
    }
}
