//! What a stopped run has left in a directory of files.
//!
//! Nothing changes here before it is known that it belongs to the run; what a
//! killed process has left of half an event goes away when the run goes on.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use super::{
    format::Format,
    remains::{Remains, remains},
    split::{EventFiles, InstanceFiles},
    target::{quoted, reason},
};
use crate::error::Error;

/// Files of events, to be gone on with.
pub(super) struct EventRemains {
    pub files: EventFiles,
    /// How many are whole.
    pub events: u64,
    /// The number of the last one, and its text.
    pub last: Option<(u64, Vec<u8>)>,
    /// Those behind it.
    halves: Vec<PathBuf>,
}

/// Files of instances, to be gone on with.
pub(super) struct InstanceRemains {
    pub files: InstanceFiles,
    /// Whole events of each instance, by story and number.
    pub counts: HashMap<(u16, u64), u64>,
    /// Files that end with half an event, and where that begins.
    halves: Vec<(PathBuf, u64)>,
}

impl EventRemains {
    pub fn of(files: EventFiles) -> Result<Self, Error> {
        let mut found = Vec::new();
        for (name, path) in files.directory.files()? {
            let number = files.names.whose(&name).ok_or_else(|| stranger(&path))?;
            found.push((number, path));
        }
        found.sort();
        let mut halves = Vec::new();
        let mut last = None;
        while let Some((number, path)) = found.pop() {
            let (remains, length) = read(&path, files.format)?;
            if remains.events == 1 && remains.length == length {
                last = Some((number, remains.last));
                break;
            }
            halves.push(path);
        }
        let events = found.len() as u64 + u64::from(last.is_some());
        Ok(Self { files, events, last, halves })
    }

    pub fn resume(self, next: u64) -> Result<EventFiles, Error> {
        for path in self.halves {
            fs::remove_file(&path).map_err(|error| cannot_cut(&path, &error))?;
        }
        Ok(self.files.behind(self.events, next))
    }
}

impl InstanceRemains {
    pub fn of(files: InstanceFiles) -> Result<Self, Error> {
        let mut counts = HashMap::new();
        let mut halves = Vec::new();
        for (name, path) in files.directory.files()? {
            let instance = files.names.whose(&name).ok_or_else(|| stranger(&path))?;
            let (remains, length) = read(&path, files.format)?;
            if remains.events > 0 {
                counts.insert(instance, remains.events);
            }
            if remains.length < length {
                halves.push((path, remains.length));
            }
        }
        Ok(Self { files, counts, halves })
    }

    pub fn events(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The last event of an instance.
    pub fn last(&self, story: u16, instance: u64) -> Result<Vec<u8>, Error> {
        if !self.counts.contains_key(&(story, instance)) {
            return Ok(Vec::new());
        }
        Ok(read(&self.files.file(story, instance), self.files.format)?.0.last)
    }

    pub fn resume(self, next: u64) -> Result<InstanceFiles, Error> {
        let events = self.events();
        for (path, length) in &self.halves {
            let file = OpenOptions::new().write(true).open(path);
            file.and_then(|file| file.set_len(*length)).map_err(|error| cannot_cut(path, &error))?;
        }
        Ok(self.files.behind(events, next))
    }
}

/// What is whole in a file, and the file's length.
fn read(path: &Path, format: Format) -> Result<(Remains, u64), Error> {
    let read = || {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok((remains(BufReader::new(file), format, None)?, length))
    };
    read().map_err(|error: io::Error| Error::failed(format!("cannot read {}: {}", quoted(path), reason(&error))))
}

fn stranger(path: &Path) -> Error {
    Error::failed(format!("{} is not called as a file of this run would be", quoted(path)))
        .help("give the options of the stopped run, as it has printed them")
}

fn cannot_cut(path: &Path, error: &io::Error) -> Error {
    Error::failed(format!("cannot remove half an event from {}: {}", quoted(path), reason(error)))
}
