//! Scans the unfinished directory of a stopped run.
//!
//! Nothing in it is changed until it is known to belong to the run. When the run is resumed, half an event that a
//! killed process left is removed, and so are events of instances that were ahead of others: files are written one
//! after another.

use std::{
    collections::HashMap,
    fs::{self, OpenOptions},
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use super::scan::{Scan, scan};
use crate::error::Error;
use crate::sink::{
    format::Format,
    messages::{quoted, reason},
    part::not_through_links,
    split::{EventFiles, InstanceFiles, cut},
};

/// The files of a directory with one for each event, to be resumed.
pub(super) struct StoppedEventFiles {
    pub(crate) files: EventFiles,
    /// The number of complete ones.
    pub(crate) events: u64,
    /// The number of the last complete one, and its text.
    pub(crate) last: Option<(u64, Vec<u8>)>,
    /// The files after it.
    halves: Vec<PathBuf>,
}

/// The files of a directory with one for each instance, to be resumed.
pub(super) struct StoppedInstanceFiles {
    pub(crate) files: InstanceFiles,
    /// Complete events of each instance; the key is the scenario's index and the instance's number.
    pub(crate) counts: HashMap<(u16, u64), u64>,
    /// Files to truncate, with the length to keep.
    too_long: Vec<(PathBuf, u64)>,
}

impl StoppedEventFiles {
    pub(super) fn new(files: EventFiles) -> Result<Self, Error> {
        let mut found = Vec::new();
        for (name, path) in files.directory.files()? {
            let number = files.names.whose(&name).ok_or_else(|| foreign_file(&path))?;
            found.push((number, path));
        }
        found.sort();
        let mut halves = Vec::new();
        let mut last = None;
        while let Some((number, path)) = found.pop() {
            let (scan, length) = read(&path, files.format, None)?;
            if scan.events == 1 && scan.length == length {
                last = Some((number, scan.last));
                break;
            }
            halves.push(path);
        }
        let events = found.len() as u64 + u64::from(last.is_some());
        Ok(Self { files, events, last, halves })
    }

    pub(super) fn resume(self, next: u64) -> Result<EventFiles, Error> {
        for path in self.halves {
            fs::remove_file(&path).map_err(|error| cannot_cut(&path, &error))?;
        }
        Ok(self.files.after(self.events, next))
    }
}

impl StoppedInstanceFiles {
    pub(super) fn new(files: InstanceFiles) -> Result<Self, Error> {
        let mut counts = HashMap::new();
        let mut too_long = Vec::new();
        for (name, path) in files.directory.files()? {
            let instance = files.names.whose(&name).ok_or_else(|| foreign_file(&path))?;
            let (scan, length) = read(&path, files.format, None)?;
            if scan.events > 0 {
                counts.insert(instance, scan.events);
            }
            if scan.length < length {
                too_long.push((path, scan.length));
            }
        }
        Ok(Self { files, counts, too_long })
    }

    pub(super) fn events(&self) -> u64 {
        self.counts.values().sum()
    }

    /// An instance's event of this number, from 1; empty if it does not exist.
    pub(super) fn event(&self, scenario: u16, instance: u64, number: u64) -> Result<Vec<u8>, Error> {
        if self.counts.get(&(scenario, instance)).is_none_or(|count| *count < number) {
            return Ok(Vec::new());
        }
        Ok(read(&self.files.file(scenario, instance), self.files.format, Some(number))?.0.last)
    }

    /// Cuts each instance's file to this count of events when the run is resumed.
    pub(super) fn keep(&mut self, counts: HashMap<(u16, u64), u64>) -> Result<(), Error> {
        for (&(scenario, instance), there) in &self.counts {
            let kept = counts.get(&(scenario, instance)).copied().unwrap_or(0);
            if kept < *there {
                let path = self.files.file(scenario, instance);
                let length = read(&path, self.files.format, Some(kept))?.0.length;
                self.too_long.retain(|(other, _)| *other != path);
                self.too_long.push((path, length));
            }
        }
        self.counts = counts;
        Ok(())
    }

    pub(super) fn resume(self, next: u64) -> Result<InstanceFiles, Error> {
        let events = self.events();
        for (path, length) in &self.too_long {
            cut(path, *length).map_err(|error| cannot_cut(path, &error))?;
        }
        Ok(self.files.after(events, next))
    }
}

/// The complete events of a file, at most `most` of them, and the file's length.
fn read(path: &Path, format: Format, most: Option<u64>) -> Result<(Scan, u64), Error> {
    let read = || {
        let file = not_through_links(OpenOptions::new().read(true)).open(path)?;
        let length = file.metadata()?.len();
        Ok((scan(BufReader::new(file), format, None, most)?, length))
    };
    read().map_err(|error: io::Error| Error::failed(format!("cannot read {}: {}", quoted(path), reason(&error))))
}

fn foreign_file(path: &Path) -> Error {
    Error::failed(format!("{} is not called as a file of this run would be", quoted(path)))
        .help("give the options of the stopped run, as it has printed them")
}

fn cannot_cut(path: &Path, error: &io::Error) -> Error {
    Error::failed(format!("cannot remove half an event from {}: {}", quoted(path), reason(error)))
}
