//! The check of a directory with a file for each event or for each instance.

use std::{
    collections::{BTreeMap, HashSet},
    fs::{self, File},
    io::{self, ErrorKind, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use xxhash_rust::xxh3::xxh3_64;

use super::{
    Findings,
    compare::{Difference, Progress},
};
use crate::{
    bytes::Chunk,
    error::Error,
    sink::{
        Delivered, Ending, Failed, Flow, Output, Sink,
        format::Format,
        messages::{quoted, reason},
        names::{EventNames, InstanceNames},
        split::{HELD_BYTES, HELD_EACH},
    },
};

/// Checks a directory with a file for each event.
pub(super) struct EventFiles {
    directory: Directory,
    format: Format,
    names: EventNames,
    name: String,
    text: Vec<u8>,
}

/// Checks a directory with a file for each instance. As when writing, events are buffered for each instance, so that a
/// file is opened a few times and not for every event.
pub(super) struct InstanceFiles {
    directory: Directory,
    format: Format,
    names: InstanceNames,
    files: BTreeMap<(u16, u64), Option<Progress>>,
    held: BTreeMap<(u16, u64), Vec<u8>>,
    held_bytes: usize,
}

/// The directory, and which of its files belong to the run.
struct Directory {
    path: PathBuf,
    own: PathBuf,
    /// Hashes of the names of these files; they take eight bytes each, so a million files are no problem.
    expected: HashSet<u64>,
    findings: Findings,
    buffer: Vec<u8>,
}

impl EventFiles {
    pub(super) fn new(output: &Output, path: &Path, own: &Path, findings: Findings) -> Self {
        Self {
            directory: Directory::new(path, own, findings),
            format: output.format,
            names: EventNames::new(output.most, &output.names),
            name: String::new(),
            text: Vec::new(),
        }
    }
}

impl Sink for EventFiles {
    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        for event in &chunk.events {
            self.text.clear();
            self.format.append_one(chunk.body(event), true, &mut self.text);
            self.names.set(event, &mut self.name);
            if let Some(progress) = self.directory.compare(&self.name, Progress::default(), &self.text)? {
                self.directory.compare_end(&self.name, progress)?;
            }
            self.directory.expect(&self.name);
            self.directory.findings.compared(1, self.text.len());
        }
        Ok(Flow::Open)
    }

    fn finish(self: Box<Self>, ending: Ending) -> Result<Delivered, Box<Failed>> {
        Ok(self.directory.finish(ending)?)
    }
}

impl InstanceFiles {
    pub(super) fn new(output: &Output, path: &Path, own: &Path, findings: Findings) -> Self {
        Self {
            directory: Directory::new(path, own, findings),
            format: output.format,
            names: InstanceNames::new(output.most, &output.names, output.format),
            files: BTreeMap::new(),
            held: BTreeMap::new(),
            held_bytes: 0,
        }
    }

    /// Compares the buffered events with the next bytes of their files.
    fn compare_held(&mut self) -> Result<(), Error> {
        self.held_bytes = 0;
        for ((scenario, instance), text) in std::mem::take(&mut self.held) {
            let progress = self.files.entry((scenario, instance)).or_insert(Some(Progress::default()));
            if let Some(so_far) = *progress {
                *progress = self.directory.compare(&self.names.file_name(scenario, instance), so_far, &text)?;
            }
        }
        Ok(())
    }
}

impl Sink for InstanceFiles {
    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        for event in &chunk.events {
            let held = self.held.entry((event.scenario, event.instance)).or_insert_with(|| {
                self.held_bytes += HELD_EACH;
                Vec::new()
            });
            let before = held.len();
            self.format.append_one(chunk.body(event), true, held);
            self.held_bytes += held.len() - before;
            self.directory.findings.compared(1, held.len() - before);
        }
        if self.held_bytes >= HELD_BYTES {
            self.compare_held()?;
        }
        Ok(Flow::Open)
    }

    fn finish(mut self: Box<Self>, ending: Ending) -> Result<Delivered, Box<Failed>> {
        self.compare_held()?;
        for ((scenario, instance), progress) in std::mem::take(&mut self.files) {
            let name = self.names.file_name(scenario, instance);
            if let Some(progress) = progress.filter(|_| ending == Ending::Complete) {
                self.directory.compare_end(&name, progress)?;
            }
            self.directory.expect(&name);
        }
        Ok(self.directory.finish(ending)?)
    }
}

impl Directory {
    fn new(path: &Path, own: &Path, findings: Findings) -> Self {
        let own = fs::canonicalize(own).unwrap_or_default();
        Self { path: path.to_owned(), own, expected: HashSet::new(), findings, buffer: Vec::new() }
    }

    /// Records that a file belongs to the run.
    fn expect(&mut self, name: &str) {
        self.expected.insert(xxh3_64(name.as_bytes()));
        self.findings.files += 1;
    }

    /// Compares the next bytes of a file. Returns `None` after reporting a difference.
    fn compare(&mut self, name: &str, mut progress: Progress, text: &[u8]) -> Result<Option<Progress>, Error> {
        let path = self.path.join(name);
        let Some(mut file) = self.open(&path, progress)? else { return Ok(None) };
        match progress.compare(&mut file, text, &mut self.buffer) {
            Ok(()) => Ok(Some(progress)),
            Err(difference) => {
                self.findings.differs(&path, &difference);
                Ok(None)
            }
        }
    }

    /// Checks that a file ends where it should.
    fn compare_end(&mut self, name: &str, progress: Progress) -> Result<(), Error> {
        let path = self.path.join(name);
        let Some(file) = self.open(&path, progress)? else { return Ok(()) };
        let length = file.metadata().map_err(|error| cannot("read", &path, &error))?.len();
        if length > progress.offset {
            self.findings.differs(&path, &Difference::GoesOnAfter(progress.lines));
        }
        Ok(())
    }

    fn open(&mut self, path: &Path, progress: Progress) -> Result<Option<File>, Error> {
        let opened = File::open(path).and_then(|mut file| {
            file.seek(SeekFrom::Start(progress.offset))?;
            Ok(file)
        });
        match opened {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.findings.missing(path);
                Ok(None)
            }
            Err(error) => Err(cannot("read", path, &error)),
        }
    }

    /// Reports files that do not belong to the run, and returns the verdict.
    fn finish(mut self, ending: Ending) -> Result<Delivered, Error> {
        if ending == Ending::Complete {
            let mut foreign = Vec::new();
            for entry in fs::read_dir(&self.path).map_err(|error| cannot("list", &self.path, &error))? {
                let entry = entry.map_err(|error| cannot("list", &self.path, &error))?;
                let expected = self.expected.contains(&xxh3_64(entry.file_name().as_encoded_bytes()));
                let is_own = || fs::canonicalize(entry.path()).is_ok_and(|path| path == self.own);
                if !expected && !is_own() {
                    foreign.push(entry.path());
                }
            }
            foreign.sort();
            for path in &foreign {
                self.findings.foreign(path);
            }
        }
        self.findings.verdict(ending)
    }
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Error {
    Error::failed(format!("cannot {what} {}: {}", quoted(path), reason(error)))
}
