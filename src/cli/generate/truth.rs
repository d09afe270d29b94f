//! `--truth`: where it goes, and from which event of the run on.

use super::Generate;
use falsetrail::{error::Error, run::Truth, sink::Lines};

/// Refuses what would put the truth among the events, before anything is made.
pub fn refuse(arguments: &Generate) -> Result<(), Error> {
    match &arguments.truth {
        Some(path) if path.as_os_str() == "-" || arguments.output.as_ref() == Some(path) => {
            Err(Error::usage("the truth never stands among the events").help("name a file of its own"))
        }
        _ => Ok(()),
    }
}

/// Opens the file; `begun` is where the data begins.
pub fn open(arguments: &Generate, begun: u64) -> Result<Option<Truth>, Error> {
    let Some(path) = &arguments.truth else { return Ok(None) };
    // Whoever goes on with the data goes on with the truth.
    let goes_on = arguments.append || (arguments.skip.is_some() && Lines::are_unfinished(path));
    let lines = if goes_on { Lines::anew(path, arguments.force) } else { Lines::create(path, arguments.force) }?;
    // Where a shell or a broker appends the data nobody knows where it began: at the run's beginning, most likely.
    let is_file = arguments.output.as_ref().is_some_and(|output| output.as_os_str() != "-");
    let since = if goes_on && !is_file { 0 } else { begun };
    Ok(Some(Truth { lines, all: arguments.truth_all, since }))
}
