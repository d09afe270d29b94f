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
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    mem,
    path::{Path, PathBuf},
};

use super::{
    Chunk, Delivered, Ending, Event, Failed, Flow, Names, Sink,
    directory::Directory,
    format::Format,
    names::{story_words, width, word},
    target::{quoted, reason, whole},
};
use crate::error::Error;

/// What instance files hold back in memory, at most (and one chunk).
const HELD_BYTES: usize = 32 << 20;

/// Rough cost in memory of an instance beside its bytes.
const HELD_EACH: usize = 128;

/// A file for each event: `000001-CreateComputePool-success.json`.
pub(super) struct EventFiles {
    pub(super) directory: Directory,
    pub(super) format: Format,
    width: usize,
    methods: Vec<String>,
    outcomes: Vec<String>,
    text: Vec<u8>,
    name: String,
    /// Events that an earlier run has left here.
    before: u64,
    failed: bool,
    delivered: Delivered,
}

/// A file for each instance of a story: `pool-lifecycle-000001.ndjson`.
pub(super) struct InstanceFiles {
    pub(super) directory: Directory,
    pub(super) format: Format,
    width: usize,
    stories: Vec<String>,
    held: BTreeMap<(u16, u64), Held>,
    held_bytes: usize,
    /// Behind the last event that is held.
    next: Option<u64>,
    /// Events that an earlier run has left here.
    before: u64,
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
    /// Writes into an open directory. `most` is how many events the whole run
    /// has at most, if that is known: it decides how wide the numbers are.
    pub fn new(directory: Directory, format: Format, most: Option<u64>, names: &Names) -> Self {
        Self {
            directory,
            format,
            width: width(most),
            methods: names.methods.iter().map(|name| word(name)).collect(),
            outcomes: names.outcomes.iter().map(|name| word(name)).collect(),
            text: Vec::new(),
            name: String::new(),
            before: 0,
            failed: false,
            delivered: Delivered::default(),
        }
    }

    /// Goes on with the run's event `next` behind `before` events of it.
    pub fn behind(self, before: u64, next: u64) -> Self {
        Self { before, delivered: Delivered { next: Some(next), ..self.delivered }, ..self }
    }
}

impl InstanceFiles {
    /// Writes into an open directory. `most` is how many instances, or events,
    /// the whole run has at most, if that is known: it decides how wide the
    /// numbers are.
    pub fn new(directory: Directory, format: Format, most: Option<u64>, names: &Names) -> Self {
        Self {
            directory,
            format,
            width: width(most),
            stories: story_words(&names.stories),
            held: BTreeMap::new(),
            held_bytes: 0,
            next: None,
            before: 0,
            failed: false,
            delivered: Delivered::default(),
        }
    }

    /// Goes on with the run's event `next` behind `before` events of it.
    pub fn behind(self, before: u64, next: u64) -> Self {
        Self { before, delivered: Delivered { next: Some(next), ..self.delivered }, ..self }
    }
}

impl Sink for EventFiles {
    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        for event in &chunk.events {
            self.text.clear();
            self.format.append_one(chunk.body(event), true, &mut self.text);
            self.set_name(event);
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

    fn finish(self: Box<Self>, how: Ending) -> Result<Delivered, Box<Failed>> {
        let how = if self.failed { Ending::Stopped } else { how };
        finish(&self.directory, how, self.before, self.delivered, None)
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
            self.next = Some(event.number + 1);
            self.held_bytes += held.text.len() - before;
        }
        if self.held_bytes >= HELD_BYTES {
            self.write_held()?;
        }
        Ok(Flow::Open)
    }

    fn finish(mut self: Box<Self>, how: Ending) -> Result<Delivered, Box<Failed>> {
        let failed = if self.failed { None } else { self.write_held().err() };
        let how = if self.failed { Ending::Stopped } else { how };
        finish(&self.directory, how, self.before, self.delivered, failed)
    }
}

impl EventFiles {
    /// Whose file has this name: the event's number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        let digits = name.strip_suffix(".json")?.split_once('-')?.0;
        let (number, width) = (digits.parse::<u64>().ok()?, self.width);
        number.checked_sub(1).filter(|_| format!("{number:0width$}") == digits)
    }

    fn set_name(&mut self, event: &Event) {
        let method = named(&self.methods, event.method);
        let outcome = named(&self.outcomes, event.outcome);
        let (number, width) = (event.number + 1, self.width);
        self.name.clear();
        // Writing to a string cannot fail.
        let _ = write!(self.name, "{number:0width$}-{method}-{outcome}.json");
    }
}

impl InstanceFiles {
    /// Whose file has this name: story and instance.
    pub(super) fn instance(&self, name: &str) -> Option<(u16, u64)> {
        let (story, number) = name.split_once('.')?.0.rsplit_once('-')?;
        let story = self.stories.iter().position(|word| word == story)? as u16;
        let instance = number.parse::<u64>().ok()?.checked_sub(1)?;
        (self.name(story, instance) == name).then_some((story, instance))
    }

    /// Appends what is held to its files: all of it or, if one of them cannot
    /// take it, nothing, so that the files hold the run's first events.
    fn write_held(&mut self) -> Result<(), Error> {
        self.held_bytes = 0;
        let all = mem::take(&mut self.held);
        let mut lengths = Vec::with_capacity(all.len());
        for ((story, instance), held) in &all {
            let path = self.file(*story, *instance);
            match append(&path, &held.text) {
                Ok(before) => lengths.push(before),
                Err(error) => {
                    self.failed = true;
                    for ((story, instance), length) in all.keys().zip(lengths) {
                        if cut(&self.file(*story, *instance), length).is_err() {
                            self.delivered.next = None;
                        }
                    }
                    return Err(failure(&path, &error, self.before + self.delivered.events));
                }
            }
        }
        for held in all.values() {
            count(&mut self.delivered, held.events, held.text.len());
        }
        self.delivered.next = self.next.or(self.delivered.next);
        Ok(())
    }

    /// Where an instance's events go.
    pub(super) fn file(&self, story: u16, instance: u64) -> PathBuf {
        self.directory.file(&self.name(story, instance))
    }

    fn name(&self, story: u16, instance: u64) -> String {
        let ending = if self.format == Format::Ndjson { "ndjson" } else { "json" };
        let (number, width) = (instance + 1, self.width);
        let story = named(&self.stories, story);
        format!("{story}-{number:0width$}.{ending}")
    }
}

fn named(names: &[String], number: u16) -> &str {
    names.get(usize::from(number)).map_or("unnamed", String::as_str)
}

/// Writes a file that does not exist, whole or not at all.
fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    File::create_new(path)?.write_all(text).inspect_err(|_| {
        // Half an event is of no use to anyone.
        let _ = fs::remove_file(path);
    })
}

/// Appends all or nothing, so that files hold whole events in any case; the
/// length before.
fn append(path: &Path, text: &[u8]) -> io::Result<u64> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let before = file.metadata()?.len();
    file.write_all(text).inspect_err(|_| {
        let _ = file.set_len(before);
        if before == 0 {
            let _ = fs::remove_file(path);
        }
    })?;
    Ok(before)
}

/// Cuts a file back to what it had; one that had nothing was not there.
fn cut(path: &Path, length: u64) -> io::Result<()> {
    match length {
        0 => fs::remove_file(path),
        _ => OpenOptions::new().write(true).open(path)?.set_len(length),
    }
}

/// The end of either sink: names for the files, or words for where they are.
fn finish(
    directory: &Directory,
    how: Ending,
    before: u64,
    mut delivered: Delivered,
    failed: Option<Error>,
) -> Result<Delivered, Box<Failed>> {
    delivered.unfinished = how == Ending::Stopped;
    let error = match directory.finish(how, before + delivered.events) {
        Ok(note) => {
            delivered.notes.extend(note);
            failed
        }
        Err(error) => {
            // Some of the files may have their names already.
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
