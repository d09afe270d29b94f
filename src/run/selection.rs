//! A selection of a run's events by number, for instance those that were not delivered.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    ops::RangeInclusive,
    path::Path,
    sync::Arc,
};

use serde_json::Value;

use crate::{
    error::{Error, quoted, shown},
    plan::Plan,
    sink::reason,
    units::format_count,
};

/// A set of event numbers, stored as sorted ranges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection(Arc<[RangeInclusive<u64>]>);

impl Selection {
    /// Reads a list with one JSON object per line. Of each object it reads `event` (the event's number in the run) and
    /// `id` (its id, which may be null).
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] if the file does not exist, if a line is no such object, or if the ids belong to another run.
    pub fn load(path: &Path, plan: &Plan) -> Result<Self, Error> {
        let name = quoted(&shown(path));
        let cannot = |error: &std::io::Error| Error::usage(format!("cannot read {name}: {}", reason(error)));
        let file = File::open(path).map_err(|error| cannot(&error))?;
        let mut numbers = Vec::new();
        let (mut ours, mut strange) = (0_u64, None);
        let (mut reader, mut line) = (BufReader::new(file), Vec::new());
        for index in 1_u64.. {
            line.clear();
            let read = reader.by_ref().take(LONGEST_LINE + 1).read_until(b'\n', &mut line);
            if read.map_err(|error| cannot(&error))? == 0 {
                break;
            }
            check_size(&name, index, line.len(), numbers.len())?;
            let line = line.strip_prefix("\u{feff}".as_bytes()).filter(|_| index == 1).unwrap_or(&line);
            if line.trim_ascii().is_empty() {
                continue;
            }
            let event = serde_json::from_slice::<Value>(line).ok();
            let Some(number) = event.as_ref().and_then(|event| event["event"].as_u64()) else {
                let message = format!("line {index} of {name} does not say which event it is about");
                return Err(Error::usage(message).help(r#"a line is as `{"event":41,"id":"…"}`: see `--undelivered`"#));
            };
            numbers.push(number);
            match event.as_ref().and_then(|event| event["id"].as_str()) {
                Some(id) if ours > 0 || plan.event_of(id).is_some() => ours += 1,
                Some(id) => strange = strange.or_else(|| Some(id.to_owned())),
                None => {}
            }
        }
        if let Some(id) = strange.filter(|_| ours == 0 && knows_its_ids(plan)) {
            let message = format!("the events of {name} are not of this run: it has none with the id {}", quoted(&id));
            return Err(Error::usage(message).help("give the same scenario, `--seed` and `--from` as that run had"));
        }
        if numbers.is_empty() {
            return Err(Error::usage(format!("{name} lists no events")));
        }
        Ok(numbers.into_iter().collect())
    }

    /// The union of some ranges.
    pub(crate) fn from_ranges(ranges: impl IntoIterator<Item = RangeInclusive<u64>>) -> Self {
        let mut ranges: Vec<_> = ranges.into_iter().filter(|range| !range.is_empty()).collect();
        ranges.sort_unstable_by_key(|range| *range.start());
        let mut merged: Vec<RangeInclusive<u64>> = Vec::new();
        for range in ranges {
            match merged.last_mut() {
                Some(last) if *range.start() <= last.end().saturating_add(1) => {
                    *last = *last.start()..=*last.end().max(range.end());
                }
                _ => merged.push(range),
            }
        }
        Selection(merged.into())
    }

    /// Whether the selection contains this event number.
    pub(crate) fn holds(&self, number: u64) -> bool {
        let after = self.0.partition_point(|range| *range.start() <= number);
        after.checked_sub(1).is_some_and(|at| self.0[at].contains(&number))
    }

    /// The number of the last selected event.
    pub(crate) fn last(&self) -> Option<u64> {
        self.0.last().map(|range| *range.end())
    }

    /// The selected numbers as sorted ranges that neither overlap nor touch.
    pub(crate) fn ranges(&self) -> &[RangeInclusive<u64>] {
        &self.0
    }

    /// The number of selected events.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|range| (range.end() - range.start()).saturating_add(1)).fold(0, u64::saturating_add)
    }
}

/// The most bytes of a line and the most events of a list, because all numbers are kept in memory.
const LONGEST_LINE: u64 = 64 << 10;
const MOST_LISTED: usize = 10_000_000;

/// Rejects a list that is too large for memory.
fn check_size(name: &str, line: u64, bytes: usize, listed: usize) -> Result<(), Error> {
    if bytes as u64 > LONGEST_LINE {
        let error = Error::usage(format!("line {line} of {name} is longer than 64 KiB"));
        return Err(error.help("is it the list that you meant? `--undelivered` writes one"));
    }
    if listed >= MOST_LISTED {
        let message = format!("{name} lists more than {} events", format_count(MOST_LISTED as u64));
        return Err(Error::usage(message).help("divide it into several lists, or repeat the run with `--skip`"));
    }
    Ok(())
}

impl FromIterator<u64> for Selection {
    fn from_iter<I: IntoIterator<Item = u64>>(numbers: I) -> Self {
        Selection::from_ranges(numbers.into_iter().map(|number| number..=number))
    }
}

/// Whether the templates write ids that can be mapped back to their events.
fn knows_its_ids(plan: &Plan) -> bool {
    let first = plan.events().next();
    let event = first.and_then(|event| serde_json::from_slice::<Value>(&event.body).ok());
    event.is_some_and(|event| event["id"].as_str().is_some_and(|id| plan.event_of(id).is_some()))
}
