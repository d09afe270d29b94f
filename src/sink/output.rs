//! Opens the sink that the caller asks for.

use std::path::{Path, PathBuf};

use super::{
    Sink,
    directory::Directory,
    file::SingleOutput,
    format::Format,
    messages::quoted,
    overwrite::Overwrite,
    place::is_stdout,
    split::{EventFiles, InstanceFiles},
};
use crate::{bytes::Names, error::Error};

/// The requested output. The default is newline-delimited JSON on stdout.
#[derive(Debug, Default, Clone)]
pub struct Output {
    /// The destination; `None`, `-`, `/dev/stdout` and `/dev/fd/1` are standard output.
    pub path: Option<PathBuf>,
    /// The format of the events.
    pub format: Format,
    /// Write a directory of files instead of a single output.
    pub split: Option<Split>,
    /// Whether existing files are replaced.
    pub overwrite: Overwrite,
    /// An upper bound of the number of events in the whole run, if known (not of the shard, because file names must not
    /// depend on it). Only used by `split`.
    pub most: Option<u64>,
    /// Names for use in file names. Only used by `split`.
    pub names: Names,
}

/// The unit that is written to a separate file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Each event.
    Event,
    /// Each instance of a scenario.
    Instance,
}

impl Split {
    /// Both kinds with their names on the command line.
    pub(crate) const NAMES: [(&str, Self); 2] = [("event", Self::Event), ("instance", Self::Instance)];

    /// The unit's name.
    pub(crate) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, split)| *split == self).map_or("", |(name, _)| name)
    }
}

/// Opens the output. Everything that can be rejected is rejected here, before there is an event.
///
/// - **stdout** gets plain bytes as they are formatted.
/// - **A regular file** is written as `FILE.part` and renamed when the run is complete; a stopped run leaves
///   `FILE.part`. A name that ends in `.gz` or `.zst` compresses (see [`compress`](super::compress)).
/// - **A device, a named pipe or a descriptor** (`/dev/fd/3`) is written directly.
/// - **A directory**, with `split`, is filled in `DIR/falsetrail.part/`; all files are moved up when the run is
///   complete. Files of events have names such as `000001-CreateComputePool-success.json`, files of instances names
///   such as `pool-lifecycle-000001.ndjson`.
///
/// A pipe whose reader closes it closes the sink ([`Flow`](super::Flow)); that is not an error.
///
/// # Errors
/// [`Error::Usage`] if the options contradict each other, [`Error::Failed`] if the path cannot be written, or is not
/// empty and `force` is not set.
pub fn open(output: &Output) -> Result<Box<dyn Sink>, Error> {
    let path = output.path.as_deref().filter(|path| !is_stdout(path));
    let (format, overwrite, most) = (output.format, output.overwrite, output.most);
    match (path, output.split) {
        (None, None) => Ok(Box::new(SingleOutput::stdout(format)?)),
        (Some(path), None) if is_directory(path) => Err(not_a_file(path)),
        (Some(path), None) => Ok(Box::new(SingleOutput::create(path, format, overwrite)?)),
        (None, Some(_)) => {
            Err(Error::usage("`--split` makes several files and cannot write them to stdout").help("add `-o DIR/`"))
        }
        (Some(_), Some(_)) if format == Format::Batch => Err(not_split()),
        (Some(path), Some(Split::Event)) => {
            Ok(Box::new(EventFiles::new(Directory::open(path, overwrite)?, format, most, &output.names)))
        }
        (Some(path), Some(Split::Instance)) => {
            Ok(Box::new(InstanceFiles::new(Directory::open(path, overwrite)?, format, most, &output.names)))
        }
    }
}

pub(super) fn not_a_file(path: &Path) -> Error {
    Error::usage(format!("{} is a directory", quoted(path)))
        .help("name a file, or add `--split event` or `--split instance`")
}

pub(super) fn not_split() -> Error {
    Error::usage("a batch is one array of all events and cannot be split")
        .help("leave out `--split`, or use `--format ndjson` or `--format json`")
}

pub(super) fn is_directory(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"/") || path.is_dir()
}
