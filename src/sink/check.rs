//! A sink that writes nothing: it compares the events of the run with existing files. Repositories use it to guard
//! their fixtures.
//!
//! Files are compared incrementally, so memory does not grow with the number of events in a file; only a few bytes are
//! kept for each file. Compressed files are compared after decompression, so a newer compressor makes no difference.
//!
//! Each file that differs is reported at once, in one line. The verdict comes at the end, as the result of
//! [`Sink::finish`].

mod compare;
mod one;
mod split;

use std::path::Path;

use super::{
    Delivered, Ending, Output, Sink, Split, format::Format, messages::quoted, output::is_directory, place::is_stdout,
};
use crate::error::{Error, shown};
use compare::Difference;

/// Receives one line for each file that differs.
pub(crate) type Tell = Box<dyn FnMut(&str) + Send>;

/// Opens a sink that compares the files that [`open`](super::open) would write with those that exist. `own` is the run
/// file, which may be in the same directory without being reported.
///
/// The verdict is the result of [`Sink::finish`]: a sentence in [`Delivered::notes`] if everything matches, and an
/// [`Error::Failed`] if not.
///
/// # Errors
/// [`Error::Usage`] if the options contradict each other, [`Error::Failed`] if the directory does not exist or cannot
/// be listed.
pub(crate) fn check(output: &Output, own: &Path, tell: Tell) -> Result<Box<dyn Sink>, Error> {
    let Some(path) = output.path.as_deref().filter(|path| !is_stdout(path)) else {
        return Err(Error::usage("standard output cannot be checked").help("name a file, or `-o DIR/`"));
    };
    let findings = Findings::new(path, tell);
    match output.split {
        None if is_directory(path) => Err(Error::usage(format!("{} is a directory", quoted(path)))
            .help("name a file, or add `--split event` or `--split instance`")),
        None => Ok(Box::new(one::OneFile::open(path, output.format, findings)?)),
        Some(_) if output.format == Format::Batch => {
            Err(Error::usage("a batch is one array of all events and has no files to check")
                .help("name a file instead of a directory"))
        }
        Some(_) if !path.is_dir() => Err(Error::failed(format!("there is no directory {}", quoted(path)))
            .help("without `--check` the files are made there")),
        Some(Split::Event) => Ok(Box::new(split::EventFiles::new(output, path, own, findings))),
        Some(Split::Instance) => Ok(Box::new(split::InstanceFiles::new(output, path, own, findings))),
    }
}

/// The differences so far: reported line by line, and counted.
struct Findings {
    tell: Tell,
    /// The checked file or directory, as messages name it.
    place: String,
    files: u64,
    differ: u64,
    missing: u64,
    foreign: u64,
    /// The events and bytes that were compared.
    delivered: Delivered,
}

impl Findings {
    fn new(path: &Path, tell: Tell) -> Self {
        let place = quoted(path);
        Self { tell, place, files: 0, differ: 0, missing: 0, foreign: 0, delivered: Delivered::default() }
    }

    fn compared(&mut self, events: u64, bytes: usize) {
        self.delivered.events += events;
        self.delivered.bytes += bytes as u64;
    }

    fn differs(&mut self, path: &Path, difference: &Difference) {
        self.differ += 1;
        (self.tell)(&format!("{}: {difference}", shown(path)));
    }

    fn missing(&mut self, path: &Path) {
        self.missing += 1;
        (self.tell)(&format!("{}: missing", shown(path)));
    }

    fn foreign(&mut self, path: &Path) {
        self.foreign += 1;
        let folder = if path.is_dir() { "/" } else { "" };
        (self.tell)(&format!("{}{folder}: not part of the run", shown(path)));
    }

    /// The result of the whole check.
    fn verdict(mut self, ending: Ending) -> Result<Delivered, Error> {
        let plural = |count: u64, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        let wrong: Vec<String> = [
            (self.differ, "file differs", "files differ"),
            (self.missing, "is missing", "are missing"),
            (self.foreign, "is not part of the run", "are not part of the run"),
        ]
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| plural(count, one, many))
        .collect();
        if !wrong.is_empty() {
            let message = format!("{} is not as the run makes it: {}", self.place, wrong.join(", "));
            let stays = if self.foreign > 0 { ", and leaves alone what is not part of the run" } else { "" };
            return Err(
                Error::failed(message).help(format!("`--force` instead of `--check` writes the run's files{stays}"))
            );
        }
        let note = match ending {
            Ending::Complete if self.files == 1 => "1 file is as the run makes it".to_owned(),
            Ending::Complete => plural(self.files, "file is", "files are") + " as the run makes them",
            Ending::Stopped => "stopped before everything was compared".to_owned(),
        };
        self.delivered.notes.push(note);
        Ok(self.delivered)
    }
}
