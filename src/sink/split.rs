//! A directory instead of a single output: a file for each event, or for each instance, as fixtures need it.
//!
//! Numbers in file names count from 1 and are padded with zeros, so that names sort in the order of the run.
//!
//! Instances interleave, thousands at a time in a large run, so files are not kept open: events are buffered for each
//! instance until there are [`HELD_BYTES`], and then each file is opened, appended to and closed. Memory is bounded
//! whatever the number of instances, and small runs open each file once. If a file cannot take its events, the buffered
//! events are written one by one in the order of the run, as far as they fit: what is left is the beginning of the run.
//!
//! Errors of closing a file are checked: a network file system may report a full disk only then.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    mem,
    path::{Path, PathBuf},
};

use super::{
    Delivered, Ending, Failed, Flow, Sink,
    directory::Directory,
    format::Format,
    messages::{quoted, reason, whole},
    names::{EventNames, InstanceNames},
    part::not_through_links,
};
use crate::{
    bytes::{Chunk, Names},
    error::Error,
    system,
};

/// The most bytes that instance files buffer in memory (not counting one chunk).
pub(super) const HELD_BYTES: usize = 32 << 20;

/// Approximate memory of a buffered instance in addition to its bytes.
pub(super) const HELD_EACH: usize = 128;

/// Writes a file for each event: `000001-CreateComputePool-success.json`.
pub(super) struct EventFiles {
    pub(super) directory: Directory,
    pub(super) format: Format,
    pub(super) names: EventNames,
    text: Vec<u8>,
    name: String,
    /// Events that an earlier run left in the directory.
    before: u64,
    failed: bool,
    delivered: Delivered,
}

/// Writes a file for each instance: `pool-lifecycle-000001.ndjson`.
pub(super) struct InstanceFiles {
    pub(super) directory: Directory,
    pub(super) format: Format,
    pub(super) names: InstanceNames,
    held: BTreeMap<(u16, u64), Held>,
    /// The buffered events, in the order of the run.
    order: Vec<Place>,
    held_bytes: usize,
    /// The number that follows that of the last buffered event.
    next: Option<u64>,
    /// Events that an earlier run left in the directory.
    before: u64,
    failed: bool,
    delivered: Delivered,
}

/// The buffered events of one instance.
#[derive(Default)]
struct Held {
    text: Vec<u8>,
    events: u64,
}

/// The position of an event in the buffer of its instance.
struct Place {
    scenario: u16,
    instance: u64,
    number: u64,
    start: u32,
    length: u32,
}

/// A failure to append the buffered events of an instance.
struct Refused {
    path: PathBuf,
    error: io::Error,
    /// Whether all files have been restored to their earlier length.
    is_undone: bool,
}

impl EventFiles {
    /// Writes into an open directory. `most` is an upper bound of the number of events in the whole run, if known; it
    /// determines the width of the numbers.
    pub(super) fn new(directory: Directory, format: Format, most: Option<u64>, names: &Names) -> Self {
        Self {
            directory,
            format,
            names: EventNames::new(most, names),
            text: Vec::new(),
            name: String::new(),
            before: 0,
            failed: false,
            delivered: Delivered::default(),
        }
    }

    /// Resumes with the run's event `next`, after `before` events of the run.
    pub(super) fn after(self, before: u64, next: u64) -> Self {
        Self { before, delivered: Delivered { next: Some(next), ..self.delivered }, ..self }
    }
}

impl InstanceFiles {
    /// Writes into an open directory. `most` is an upper bound of the number of instances, or events, in the whole run,
    /// if known; it determines the width of the numbers.
    pub(super) fn new(directory: Directory, format: Format, most: Option<u64>, names: &Names) -> Self {
        Self {
            directory,
            format,
            names: InstanceNames::new(most, names, format),
            held: BTreeMap::new(),
            order: Vec::new(),
            held_bytes: 0,
            next: None,
            before: 0,
            failed: false,
            delivered: Delivered::default(),
        }
    }

    /// Resumes with the run's event `next`, after `before` events of the run.
    pub(super) fn after(self, before: u64, next: u64) -> Self {
        Self { before, delivered: Delivered { next: Some(next), ..self.delivered }, ..self }
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
                return Err(failure(&path, &error, self.before + self.delivered.events));
            }
            count(&mut self.delivered, 1, self.text.len());
            self.delivered.next = Some(event.number + 1);
        }
        Ok(Flow::Open)
    }

    fn finish(self: Box<Self>, ending: Ending) -> Result<Delivered, Box<Failed>> {
        let ending = if self.failed { Ending::Stopped } else { ending };
        finish(&self.directory, ending, self.before, self.delivered, None)
    }
}

impl Sink for InstanceFiles {
    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        for event in &chunk.events {
            let key = (event.scenario, event.instance);
            let held = self.held.entry(key).or_insert_with(|| {
                self.held_bytes += HELD_EACH;
                Held::default()
            });
            let before = held.text.len();
            self.format.append_one(chunk.body(event), true, &mut held.text);
            held.events += 1;
            self.next = Some(event.number + 1);
            let (scenario, instance, number) = (event.scenario, event.instance, event.number);
            let length = held.text.len() - before;
            self.order.push(Place { scenario, instance, number, start: before as u32, length: length as u32 });
            self.held_bytes += length + size_of::<Place>();
        }
        if self.held_bytes >= HELD_BYTES {
            self.write_held()?;
        }
        Ok(Flow::Open)
    }

    fn finish(mut self: Box<Self>, ending: Ending) -> Result<Delivered, Box<Failed>> {
        let failed = if self.failed { None } else { self.write_held().err() };
        let ending = if self.failed { Ending::Stopped } else { ending };
        finish(&self.directory, ending, self.before, self.delivered, failed)
    }
}

impl InstanceFiles {
    /// Appends the buffered events to their files or, if one of them cannot take its events, as many of all events as
    /// fit.
    fn write_held(&mut self) -> Result<(), Error> {
        self.held_bytes = 0;
        let (all, order) = (mem::take(&mut self.held), mem::take(&mut self.order));
        let Err(refused) = self.append_all(&all) else {
            for held in all.values() {
                count(&mut self.delivered, held.events, held.text.len());
            }
            self.delivered.next = self.next.or(self.delivered.next);
            return Ok(());
        };
        self.failed = true;
        if refused.is_undone {
            self.append_in_order(&all, &order);
        } else {
            self.delivered.next = None;
        }
        Err(failure(&refused.path, &refused.error, self.before + self.delivered.events))
    }

    /// Opens each file once and appends everything; if one of them cannot take its events, appends nothing.
    fn append_all(&self, all: &BTreeMap<(u16, u64), Held>) -> Result<(), Refused> {
        let mut lengths = Vec::with_capacity(all.len());
        for ((scenario, instance), held) in all {
            let path = self.file(*scenario, *instance);
            match append(&path, &held.text) {
                Ok(before) => lengths.push(before),
                Err(error) => {
                    let mut is_undone = true;
                    for ((scenario, instance), length) in all.keys().zip(lengths) {
                        is_undone &= cut(&self.file(*scenario, *instance), length).is_ok();
                    }
                    return Err(Refused { path, error, is_undone });
                }
            }
        }
        Ok(())
    }

    /// Appends event by event, until one does not fit.
    fn append_in_order(&mut self, all: &BTreeMap<(u16, u64), Held>, order: &[Place]) {
        for place in order {
            let Some(held) = all.get(&(place.scenario, place.instance)) else { return };
            let text = &held.text[place.start as usize..][..place.length as usize];
            if append(&self.file(place.scenario, place.instance), text).is_err() {
                return;
            }
            count(&mut self.delivered, 1, text.len());
            self.delivered.next = Some(place.number + 1);
        }
    }

    /// The path of an instance's file.
    pub(super) fn file(&self, scenario: u16, instance: u64) -> PathBuf {
        self.directory.file(&self.names.file_name(scenario, instance))
    }
}

/// Writes a new file completely, or not at all.
fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(text).and_then(|()| system::close(file)).inspect_err(|_| {
        // Half an event is useless.
        let _ = fs::remove_file(path);
    })
}

/// Appends everything or nothing, so that files always contain complete events. Returns the length before.
fn append(path: &Path, text: &[u8]) -> io::Result<u64> {
    let mut file = not_through_links(OpenOptions::new().create(true).append(true)).open(path)?;
    let before = file.metadata()?.len();
    file.write_all(text).and_then(|()| system::close(file)).inspect_err(|_| {
        // If half an event remains, resuming removes it.
        let _ = cut(path, before);
    })?;
    Ok(before)
}

/// Truncates a file to its earlier length; a file that was empty before is removed.
pub(super) fn cut(path: &Path, length: u64) -> io::Result<()> {
    match length {
        0 => fs::remove_file(path),
        _ => not_through_links(OpenOptions::new().write(true)).open(path)?.set_len(length),
    }
}

/// The end of both sinks: gives the files their names, or a note that says where they are.
fn finish(
    directory: &Directory,
    ending: Ending,
    before: u64,
    mut delivered: Delivered,
    failed: Option<Error>,
) -> Result<Delivered, Box<Failed>> {
    delivered.unfinished = ending == Ending::Stopped;
    let error = match directory.finish(ending, before + delivered.events) {
        Ok(note) => {
            delivered.notes.extend(note);
            failed
        }
        Err(error) => {
            // Some of the files may have their final names already.
            delivered.next = None;
            failed.or(Some(error))
        }
    };
    match error {
        Some(error) => Err(Box::new(Failed { error, delivered })),
        None => Ok(delivered),
    }
}

fn count(delivered: &mut Delivered, events: u64, bytes: usize) {
    delivered.events += events;
    delivered.bytes += bytes as u64;
    delivered.written += bytes as u64;
}

fn failure(path: &Path, error: &io::Error, events: u64) -> Error {
    let message = format!("cannot write {}: {}, after {}", quoted(path), reason(error), whole(events));
    let keeps = path.parent().unwrap_or(path);
    Error::failed(message).help(format!("{} keeps them", quoted(keeps)))
}
