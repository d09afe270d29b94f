//! Resuming a stopped run: checks that its unfinished output ends exactly where the rest of the run begins.
//!
//! A run is a pure function of its options, so the rest of it is the same run with its first events skipped. The check
//! makes sure that no event is missing and none appears twice. A partial file does not record which events it contains,
//! but this run can generate any of its events again: the last event in the file is compared, byte for byte, with the
//! event before `--skip`. That detects a wrong number as well as output of another seed, scenario or option, and it
//! works for shards, too.
//!
//! With one file for each instance, files are written one after another. If the process was killed meanwhile, some
//! files are ahead of others. The run is then resumed after the longest prefix of the run that is complete in all
//! files; events beyond it are cut off and written again.

use super::{Outcome, Slice};
use crate::{
    bytes::Chunk,
    error::Error,
    plan::Plan,
    render::Renderer,
    sink::{Output, Sink, StoppedOutput},
    units::format_count,
};
use std::collections::HashMap;

/// A sink that appends to the output of a stopped run.
pub struct Resumed {
    /// The sink for the rest of the run.
    pub sink: Box<dyn Sink>,
    /// The number, in the whole run, of the first event in the output.
    pub begun: u64,
}

/// Opens the unfinished output of a stopped run and checks that it contains the first `skip` events of the run (or of
/// its shard).
///
/// To do so, it simulates the events before `skip` without rendering them, once or twice.
///
/// # Errors
///
/// [`Error::Usage`] if the output does not end just before the part, with the number to skip if it can be determined;
/// [`Error::Failed`] if there is no unfinished output, or if it is complete or in use.
pub fn resume(plan: &Plan, part: &Slice, output: &Output) -> Result<Resumed, Error> {
    resume_watched(plan, part, output, &|_| {})
}

/// Like [`resume`], with a callback that is called periodically with the number of events skipped so far.
///
/// # Errors
///
/// As for [`resume`].
pub(crate) fn resume_watched(
    plan: &Plan,
    part: &Slice,
    output: &Output,
    watch: &dyn Fn(u64),
) -> Result<Resumed, Error> {
    let mut unfinished = StoppedOutput::open(output)?;
    let begun = begun(plan, part, &mut unfinished, watch)?;
    Ok(Resumed { sink: unfinished.resume(part.skip)?, begun })
}

impl Outcome {
    /// Where to resume: the number of the first event that was not delivered. `None` if the run is complete, if its
    /// reader closed the pipe, or if the number is not known.
    pub fn rest(&self) -> Option<u64> {
        let unfinished = (self.stopped || self.error.is_some()) && !self.delivered.closed;
        self.delivered.next.filter(|_| unfinished)
    }
}

/// The number of the first event in the unfinished output, or the error that explains why the output does not end just
/// before the part.
fn begun(plan: &Plan, part: &Slice, unfinished: &mut StoppedOutput, watch: &dyn Fn(u64)) -> Result<u64, Error> {
    let there = unfinished.events();
    let name = unfinished.name().to_owned();
    if there == 0 {
        return Err(Error::usage(format!("{name} contains no complete event to continue after"))
            .help("leave out `--append`, and add `--force` if the file is not empty"));
    }
    let whole = &Slice { skip: 0, ..part.clone() };
    let by_instance = unfinished.by_instance().is_some();
    let beginning = Beginning::simulate(plan, whole, Until::Number(part.skip), by_instance, watch);
    if let Some(begun) = fits(plan, whole, &beginning, unfinished, watch)? {
        return Ok(begun);
    }
    // If the output begins with the run's first event, the error can name the right number, for users who lost the
    // printed command.
    let first = Beginning::simulate(plan, whole, Until::Events(there), by_instance, watch);
    let events = if there == 1 { "1 event".to_owned() } else { format!("{} events", format_count(there)) };
    if fits(plan, whole, &first, unfinished, watch)?.is_some() {
        return Err(Error::usage(format!("{name} has {events}: continue it with `--skip {}`", first.next)));
    }
    if let Some(counts) = unfinished.by_instance() {
        let gapless = Beginning::simulate(plan, whole, Until::Gap(counts), true, watch);
        if is_last(&gapless, unfinished, &gapless.instances)? {
            if part.skip == gapless.next {
                unfinished.keep(gapless.instances)?;
                return Ok(0);
            }
            let (first, next) = (format_count(gapless.events), gapless.next);
            let message =
                format!("{name} has {events}, the run's first {first} among them: continue it with `--skip {next}`");
            return Err(Error::usage(message));
        }
    }
    let last = match part.skip {
        0 => "it does not say where it ends, which is `--skip N`".to_owned(),
        skip => format!("the last one is not event {} of this run", format_count(skip)),
    };
    Err(Error::usage(format!("{name} has {events}, but {last}"))
        .help("use the command that the stopped run printed")
        .help("or leave out `--append` and start over with `--force`"))
}

/// The number at which the unfinished output begins, if it contains exactly the events of the run up to the end of
/// `beginning`.
fn fits(
    plan: &Plan,
    whole: &Slice,
    beginning: &Beginning,
    unfinished: &StoppedOutput,
    watch: &dyn Fn(u64),
) -> Result<Option<u64>, Error> {
    let Some(missing) = beginning.events.checked_sub(unfinished.events()) else { return Ok(None) };
    let by_instance = unfinished.by_instance();
    if !is_last(beginning, unfinished, by_instance.unwrap_or(&beginning.instances))? {
        return Ok(None);
    }
    // The first run itself may have skipped some events.
    let before = Beginning::simulate(plan, whole, Until::Events(missing), unfinished.by_instance().is_some(), watch);
    let fits = unfinished.by_instance().is_none_or(|there| {
        let rest =
            |(instance, count): (&_, &u64)| (*instance, count - before.instances.get(instance).copied().unwrap_or(0));
        beginning.instances.iter().map(rest).filter(|(_, count)| *count > 0).collect::<Counts>() == *there
    });
    Ok(fits.then_some(before.next))
}

/// Whether the last event of `beginning` is the last one in the output or, with a file for each instance, the one at
/// that count in its instance's file.
fn is_last(beginning: &Beginning, unfinished: &StoppedOutput, counts: &Counts) -> Result<bool, Error> {
    let Some(event) = beginning.last.events.last() else { return Ok(false) };
    let number = counts.get(&(event.scenario, event.instance)).copied().unwrap_or(0);
    unfinished.ends_with(event, beginning.last.body(event), number)
}

/// Number of events of each instance; the key is the scenario's index and the instance's number.
type Counts = HashMap<(u16, u64), u64>;

/// Where a beginning ends: before an event's number in the whole run, after a count of events of the part, or before
/// the first event that is missing from its instance's file.
#[derive(Clone, Copy)]
enum Until<'a> {
    Number(u64),
    Events(u64),
    Gap(&'a Counts),
}

/// The number of events between two calls of the callback.
const PASSED_AT_ONCE: u64 = 65_536;

/// The first events of a run, or of a shard of it: their number and the last of them.
#[derive(Default)]
struct Beginning {
    /// The number of events.
    events: u64,
    /// The number that follows that of the last event; 0 if there is none.
    next: u64,
    /// The last event, rendered.
    last: Chunk,
    /// The number of events of each instance, if requested.
    instances: Counts,
}

impl Beginning {
    /// Simulates the run up to `until`. `by_instance` counts the events of each instance, which takes memory for every
    /// instance.
    fn simulate(plan: &Plan, whole: &Slice, until: Until<'_>, by_instance: bool, watch: &dyn Fn(u64)) -> Self {
        let mut beginning = Self::default();
        let mut stream = plan.stream();
        let mut slots = Vec::new();
        let mut last = None;
        loop {
            match until {
                Until::Events(events) if beginning.events >= events => break,
                _ => {}
            }
            let Some(mut record) = stream.next(&mut slots) else { break };
            if matches!(until, Until::Number(number) if record.number >= number) {
                slots.truncate(record.slots_at as usize);
                break;
            }
            if record.number.is_multiple_of(PASSED_AT_ONCE) {
                watch(record.number);
            }
            if !whole.holds(plan, &record) {
                slots.truncate(record.slots_at as usize);
                continue;
            }
            let instance = (plan.event_kinds[record.event_kind as usize].scenario, record.instance);
            if let Until::Gap(there) = until
                && beginning.instances.get(&instance) == there.get(&instance)
            {
                slots.truncate(record.slots_at as usize);
                break;
            }
            // Keep only the state slots of the last event.
            slots.drain(..record.slots_at as usize);
            record.slots_at = 0;
            if by_instance {
                *beginning.instances.entry(instance).or_default() += 1;
            }
            beginning.events += 1;
            beginning.next = record.number + 1;
            last = Some(record);
        }
        if let Some(record) = last {
            Renderer::new(plan).render(&record, &slots, &mut beginning.last);
        }
        beginning
    }
}
