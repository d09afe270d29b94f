//! `--truth`: opens the file of the ground truth, and determines from which event on it applies.

use super::Generate;
use crate::{
    error::Error,
    run::Truth,
    sink::{Lines, is_same_place, is_stdout},
};
use std::path::Path;

/// Rejects a file for the truth that is also the output of the events, before anything is created.
pub(super) fn refuse(arguments: &Generate) -> Result<(), Error> {
    let Some(path) = &arguments.truth else { return Ok(()) };
    let output = arguments.output.as_deref().unwrap_or(Path::new("-"));
    // If a topic takes the events and there is no `-o`, standard output is free.
    let is_taken = arguments.kafka.topic.is_none() && is_same_place(path, output);
    if path.as_os_str() == "-" || is_taken {
        return Err(Error::usage("the truth never stands among the events").help("name another file"));
    }
    Ok(())
}

/// Opens the file; `begun` is the number of the first event in the data.
pub(super) fn open(arguments: &Generate, begun: u64) -> Result<Option<Truth>, Error> {
    let (Some(path), all) = (&arguments.truth, arguments.truth_all) else { return Ok(None) };
    let continues = arguments.append || (arguments.skip.is_some_and(|skip| skip > 0) && Lines::are_unfinished(path));
    if Lines::are_direct(path) {
        // Lines written to a device cannot be rewritten: instances that had ended are not written twice.
        let since = if continues { arguments.skip.unwrap_or(begun) } else { begun };
        return Ok(Some(Truth { lines: Lines::create(path, arguments.overwrite())?, all, since }));
    }
    let lines = if continues {
        Lines::rewrite(path, arguments.overwrite())
    } else {
        Lines::create(path, arguments.overwrite())
    }?;
    // If the data is appended to other data, its first event is not known. So the truth is then always that of the whole
    // run, also if `--skip` was given from the beginning: a continuation has to write the same lines.
    let is_file = !arguments.in_place.is_given() && arguments.output.as_ref().is_some_and(|output| !is_stdout(output));
    let since = if is_file { begun } else { 0 };
    Ok(Some(Truth { lines, all, since }))
}
