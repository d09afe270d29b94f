//! `--truth`: where it goes, and from which event of the run on.

use super::Generate;
use falsetrail::{
    error::Error,
    run::Truth,
    sink::{Lines, is_same_place, is_stdout},
};
use std::path::Path;

/// Refuses what would put the truth among the events, before anything is made.
pub fn refuse(arguments: &Generate) -> Result<(), Error> {
    let Some(path) = &arguments.truth else { return Ok(()) };
    let output = arguments.output.as_deref().unwrap_or(Path::new("-"));
    // Without `-o` a topic takes the events, and standard output is free.
    let is_taken = arguments.kafka.topic.is_none() && is_same_place(path, output);
    if path.as_os_str() == "-" || is_taken {
        return Err(Error::usage("the truth never stands among the events").help("name another file"));
    }
    Ok(())
}

/// Opens the file; `begun` is where the data begins.
pub fn open(arguments: &Generate, begun: u64) -> Result<Option<Truth>, Error> {
    let (Some(path), all) = (&arguments.truth, arguments.truth_all) else { return Ok(None) };
    let continues = arguments.append || (arguments.skip.is_some_and(|skip| skip > 0) && Lines::are_unfinished(path));
    if Lines::are_direct(path) {
        // Lines that went to a device stay there: those of instances that were over are not written twice.
        let since = if continues { arguments.skip.unwrap_or(begun) } else { begun };
        return Ok(Some(Truth { lines: Lines::create(path, arguments.force)?, all, since }));
    }
    let lines = if continues { Lines::rewrite(path, arguments.force) } else { Lines::create(path, arguments.force) }?;
    // Where a shell or a broker appends the data, its beginning is not known: most likely it is the run's.
    let is_file = arguments.output.as_ref().is_some_and(|output| !is_stdout(output));
    let since = if continues && !is_file { 0 } else { begun };
    Ok(Some(Truth { lines, all, since }))
}
