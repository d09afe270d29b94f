//! Resuming: reopens the unfinished output of a stopped run.
//!
//! Opening counts the complete events and changes nothing: the caller verifies that they belong to its run
//! ([`StoppedOutput::ends_with`]), and only then [`StoppedOutput::resume`] truncates half an event at the end.

mod scan;
mod split;

use std::{collections::HashMap, io::BufReader};

use super::{
    Output, Sink, Split,
    compress::Compression,
    directory::Directory,
    file::SingleOutput,
    format::Format,
    messages::reason,
    output::{is_directory, not_a_file, not_split},
    output_file::OutputFile,
    place::descriptor,
    split::{EventFiles, InstanceFiles},
};
use crate::{bytes::Event, error::Error};
use scan::{Scan, as_kept, scan};
use split::{StoppedEventFiles, StoppedInstanceFiles};

/// Bytes of a file that are read at once.
const READ_BYTES: usize = 1 << 20;

/// An unfinished `FILE.part` or `DIR/falsetrail.part/`, locked.
pub struct StoppedOutput {
    name: String,
    what: What,
}

enum What {
    File { target: OutputFile, format: Format, compression: Option<Compression>, scan: Scan },
    Events(StoppedEventFiles),
    Instances(StoppedInstanceFiles),
}

impl StoppedOutput {
    /// Opens the unfinished output of a stopped run. With `force`, existing files of the final names are replaced at
    /// the end.
    ///
    /// # Errors
    /// [`Error::Usage`] if the output is of a kind that cannot be resumed, [`Error::Failed`] if there is no unfinished
    /// output, if it is complete, if another run is writing it, or if it is not the output of a run.
    pub fn open(output: &Output) -> Result<Self, Error> {
        let (format, overwrite, most) = (output.format, output.overwrite, output.most);
        let Some(path) = output.path.as_deref().filter(|path| descriptor(path).is_none()) else {
            return Err(Error::usage("`--append` continues a file, and standard output is none")
                .help("leave out `--append`, and let the shell append by `>>`"));
        };
        match output.split {
            None if is_directory(path) => Err(not_a_file(path)),
            None => {
                let compression = Compression::wanted(path)?;
                Self::file(OutputFile::reopen(path, overwrite)?, format, compression)
            }
            Some(_) if format == Format::Batch => Err(not_split()),
            Some(split) => {
                let directory = Directory::reopen(path, overwrite)?;
                let name = directory.name();
                let what = match split {
                    Split::Event => {
                        What::Events(StoppedEventFiles::new(EventFiles::new(directory, format, most, &output.names))?)
                    }
                    Split::Instance => What::Instances(StoppedInstanceFiles::new(InstanceFiles::new(
                        directory,
                        format,
                        most,
                        &output.names,
                    ))?),
                };
                Ok(Self { name, what })
            }
        }
    }

    /// The output's name in messages: `` `trail.ndjson.part` ``.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The number of complete events.
    pub(crate) fn events(&self) -> u64 {
        match &self.what {
            What::File { scan, .. } => scan.events,
            What::Events(files) => files.events,
            What::Instances(files) => files.events(),
        }
    }

    /// The number of complete events of each instance, if instances have files of their own; the key is the scenario's
    /// index and the instance's number.
    pub(crate) fn by_instance(&self) -> Option<&HashMap<(u16, u64), u64>> {
        match &self.what {
            What::Instances(files) => Some(&files.counts),
            _ => None,
        }
    }

    /// Whether this is the last event of the output. With a file for each instance: whether it is the event of that
    /// number, from 1, of its instance.
    ///
    /// # Errors
    /// [`Error::Failed`] if it cannot be read.
    pub(crate) fn ends_with(&self, event: &Event, body: &[u8], number: u64) -> Result<bool, Error> {
        Ok(match &self.what {
            What::File { format, scan, .. } => scan.last == as_kept(*format, body),
            What::Events(StoppedEventFiles { files, last, .. }) => last
                .as_ref()
                .is_some_and(|(number, text)| *number == event.number && *text == as_kept(files.format, body)),
            What::Instances(files) => {
                files.event(event.scenario, event.instance, number)? == as_kept(files.files.format, body)
            }
        })
    }

    /// Cuts the files of instances to these counts of events when the run is resumed: a killed process may have written
    /// more of some than of others.
    ///
    /// # Errors
    /// [`Error::Failed`] if a file cannot be read.
    pub(crate) fn keep(&mut self, counts: HashMap<(u16, u64), u64>) -> Result<(), Error> {
        match &mut self.what {
            What::Instances(files) => files.keep(counts),
            _ => Ok(()),
        }
    }

    /// The sink that continues with the run's event `next`.
    ///
    /// # Errors
    /// [`Error::Failed`] if half an event at the end cannot be truncated.
    pub fn resume(self, next: u64) -> Result<Box<dyn Sink>, Error> {
        match self.what {
            What::File { mut target, format, compression, scan } => {
                target.truncate(scan.length)?;
                Ok(Box::new(SingleOutput::after(target, format, compression, scan.events, next)))
            }
            What::Events(files) => Ok(Box::new(files.resume(next)?)),
            What::Instances(files) => Ok(Box::new(files.resume(next)?)),
        }
    }

    fn file(target: OutputFile, format: Format, compression: Option<Compression>) -> Result<Self, Error> {
        let name = target.name().to_owned();
        let found = scan(BufReader::with_capacity(READ_BYTES, target.file()), format, compression, None)
            .map_err(|error| Error::failed(format!("cannot read {name}: {}", reason(&error))))?;
        if found.closed {
            return Err(Error::failed(format!("{name} is complete: there is nothing to append"))
                .help("rename it, without `.part`"));
        }
        Ok(Self { name, what: What::File { target, format, compression, scan: found } })
    }
}
