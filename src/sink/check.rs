//! A destination that writes nothing: it compares what a run makes with the
//! files that are there. How a repository guards its fixtures.
//!
//! Everything is compared piece by piece, so that memory does not grow with the
//! events of a file; what is kept of a file is a few bytes. Compressed files
//! are compared by what is in them, so that a newer compressor changes nothing.
//!
//! A file that is not as it should be is told at once, in one line. Only the
//! verdict waits for the end: it is what [`Sink::finish`] returns.

mod compare;
mod one;
mod split;

use std::path::Path;

use super::{
    Delivered, Ending, Output, Sink, Split, format::Format, messages::quoted, output::is_directory, place::is_stdout,
};
use crate::error::{Error, shown};
use compare::Difference;

/// Where the line for a file goes that is not as the run makes it.
pub type Tell = Box<dyn FnMut(&str) + Send>;

/// A sink that compares what [`open`](super::open) would write with what is
/// there. `own` is a file that may lie among the others: the run's description.
///
/// The verdict is that of [`Sink::finish`]: [`Delivered::notes`] has a sentence
/// if everything is as it should be, and it is an [`Error::Failed`] if not.
///
/// # Errors
/// [`Error::Usage`] if the options contradict each other, [`Error::Failed`] if
/// the directory does not exist or cannot be listed.
pub fn check(output: &Output, own: &Path, tell: Tell) -> Result<Box<dyn Sink>, Error> {
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

/// What was found so far: told line by line, and counted.
struct Findings {
    tell: Tell,
    /// What is checked, as messages call it.
    place: String,
    files: u64,
    differ: u64,
    missing: u64,
    foreign: u64,
    /// Events and bytes that were compared.
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

    /// What is to be said in the end.
    fn verdict(mut self, how: Ending) -> Result<Delivered, Error> {
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
        let note = match how {
            Ending::Complete if self.files == 1 => "1 file is as the run makes it".to_owned(),
            Ending::Complete => plural(self.files, "file is", "files are") + " as the run makes them",
            Ending::Stopped => "stopped before everything was compared".to_owned(),
        };
        self.delivered.notes.push(note);
        Ok(self.delivered)
    }
}
