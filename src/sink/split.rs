//! A directory instead of one output: a file for each event, or for each
//! instance of a story. What fixtures are made of.
//!
//! Numbers in file names count from 1, with zeros in front so that names sort
//! in the order of the run.
//!
//! Instances interleave, by the thousand in a large run, so no file stays
//! open: events are held for their instances until [`HELD_BYTES`] are, and then
//! every file in question is opened, appended to and closed. Memory is bounded
//! whatever the number of instances, and small runs open each file once.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
};

use super::{
    Chunk, Delivered, Ending, Flow, Names, Sink,
    directory::Directory,
    format::Format,
    names::{EventNames, InstanceNames},
    target::{quoted, reason, whole},
};
use crate::error::Error;

/// What instance files hold back in memory, at most (and one chunk).
pub(super) const HELD_BYTES: usize = 32 << 20;

/// Rough cost in memory of an instance beside its bytes.
pub(super) const HELD_EACH: usize = 128;

/// A file for each event: `000001-CreateComputePool-success.json`.
pub(super) struct EventFiles {
    directory: Directory,
    format: Format,
    names: EventNames,
    text: Vec<u8>,
    name: String,
    failed: bool,
    delivered: Delivered,
}

/// A file for each instance of a story: `pool-lifecycle-000001.ndjson`.
pub(super) struct InstanceFiles {
    directory: Directory,
    format: Format,
    names: InstanceNames,
    held: BTreeMap<(u16, u64), Held>,
    held_bytes: usize,
    failed: bool,
    delivered: Delivered,
}

/// Events of one instance that are not in its file yet.
#[derive(Default)]
struct Held {
    text: Vec<u8>,
    events: u64,
}

impl EventFiles {
    /// Writes into `path`. `most` is how many events the whole run has at most,
    /// if that is known: it decides how wide the numbers are.
    pub fn create(path: &Path, format: Format, force: bool, most: Option<u64>, names: &Names) -> Result<Self, Error> {
        Ok(Self {
            directory: Directory::open(path, force)?,
            format,
            names: EventNames::new(most, names),
            text: Vec::new(),
            name: String::new(),
            failed: false,
            delivered: Delivered::default(),
        })
    }
}

impl InstanceFiles {
    /// Writes into `path`. `most` is how many instances, or events, the whole
    /// run has at most, if that is known: it decides how wide the numbers are.
    pub fn create(path: &Path, format: Format, force: bool, most: Option<u64>, names: &Names) -> Result<Self, Error> {
        Ok(Self {
            directory: Directory::open(path, force)?,
            format,
            names: InstanceNames::new(most, names, format),
            held: BTreeMap::new(),
            held_bytes: 0,
            failed: false,
            delivered: Delivered::default(),
        })
    }
}

impl Sink for EventFiles {
    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        for event in &chunk.events {
            self.text.clear();
            self.format.append_one(chunk.body(event), true, &mut self.text);
            self.names.set(event, &mut self.name);
            let path = self.directory.file(&self.name);
            if let Err(error) = write_new(&path, &self.text) {
                self.failed = true;
                return Err(failure(&path, &error, &self.delivered));
            }
            count(&mut self.delivered, 1, self.text.len());
        }
        Ok(Flow::Open)
    }

    fn finish(mut self: Box<Self>, how: Ending) -> Result<Delivered, Error> {
        let how = if self.failed { Ending::Stopped } else { how };
        let note = self.directory.finish(how, self.delivered.events)?;
        self.delivered.notes.extend(note);
        Ok(self.delivered)
    }
}

impl Sink for InstanceFiles {
    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        for event in &chunk.events {
            let key = (event.story, event.instance);
            let held = self.held.entry(key).or_insert_with(|| {
                self.held_bytes += HELD_EACH;
                Held::default()
            });
            let before = held.text.len();
            self.format.append_one(chunk.body(event), true, &mut held.text);
            held.events += 1;
            self.held_bytes += held.text.len() - before;
        }
        if self.held_bytes >= HELD_BYTES {
            self.write_held()?;
        }
        Ok(Flow::Open)
    }

    fn finish(mut self: Box<Self>, how: Ending) -> Result<Delivered, Error> {
        if !self.failed {
            self.write_held()?;
        }
        let how = if self.failed { Ending::Stopped } else { how };
        let note = self.directory.finish(how, self.delivered.events)?;
        self.delivered.notes.extend(note);
        Ok(self.delivered)
    }
}

impl InstanceFiles {
    /// Appends what is held to its files.
    fn write_held(&mut self) -> Result<(), Error> {
        self.held_bytes = 0;
        for ((story, instance), held) in std::mem::take(&mut self.held) {
            let path = self.directory.file(&self.names.of(story, instance));
            if let Err(error) = append(&path, &held.text) {
                self.failed = true;
                return Err(failure(&path, &error, &self.delivered));
            }
            count(&mut self.delivered, held.events, held.text.len());
        }
        Ok(())
    }
}

/// Writes a file that does not exist, whole or not at all.
fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    File::create_new(path)?.write_all(text).inspect_err(|_| {
        // Half an event is of no use to anyone.
        let _ = fs::remove_file(path);
    })
}

/// Appends all or nothing, so that files hold whole events in any case.
fn append(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let before = file.metadata()?.len();
    file.write_all(text).inspect_err(|_| {
        let _ = file.set_len(before);
    })
}

fn count(delivered: &mut Delivered, events: u64, bytes: usize) {
    delivered.events += events;
    delivered.bytes += bytes as u64;
    delivered.written += bytes as u64;
}

fn failure(path: &Path, error: &io::Error, delivered: &Delivered) -> Error {
    let message = format!("cannot write {}: {}, after {}", quoted(path), reason(error), whole(delivered.events));
    let keeps = path.parent().unwrap_or(path);
    Error::failed(message).help(format!("{} keeps them", quoted(keeps)))
}
