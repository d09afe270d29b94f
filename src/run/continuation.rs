//! Going on where a stopped run has ended.
//!
//! A run is a pure function, so the rest of it is the run without its first events. What has to be made sure of is that
//! the rest begins just where the beginning ends: that no event is missing and none comes twice. The part of a file
//! does not say which events it has; but its last event says it, because this run can make any of its events again. So
//! before the first event, the last one of the part is compared with the one before `--skip`, byte for byte. That finds
//! a wrong number, and a part that another seed, scenario or option has made, and holds for shards, too.
//!
//! A folder with a file for each instance is written instance by instance. If the process was killed meanwhile, some
//! files have more than others. The run is then continued after its first events that are all there, and the rest of
//! what is there is cut off, to be written again.

use super::{Outcome, Part};
use crate::{
    error::Error,
    plan::Plan,
    render::Renderer,
    sink::{Chunk, Output, Sink, Unfinished},
    units::format_count,
};
use std::collections::HashMap;

/// A sink that goes on with what a stopped run has left.
pub struct Resumed {
    /// Where the rest goes.
    pub sink: Box<dyn Sink>,
    /// So many events of the whole run were passed over before the first one that is there.
    pub begun: u64,
}

/// Opens what a stopped run has left of an output, to go on with a part of the run: its first `skip` events are there.
///
/// Passes over the events before `skip` without rendering them, once or twice.
///
/// # Errors
///
/// [`Error::Usage`] if what is there does not end just before the part, with the number to skip if that can be told;
/// [`Error::Failed`] if there is nothing, or if it is complete or in use.
pub fn resume(plan: &Plan, part: &Part, output: &Output) -> Result<Resumed, Error> {
    resume_watched(plan, part, output, &|_| {})
}

/// As [`resume`], with a callback that is called now and then with the number of events passed over so far.
///
/// # Errors
///
/// As [`resume`].
pub fn resume_watched(plan: &Plan, part: &Part, output: &Output, watch: &dyn Fn(u64)) -> Result<Resumed, Error> {
    let mut unfinished = Unfinished::open(output)?;
    let begun = begun(plan, part, &mut unfinished, watch)?;
    Ok(Resumed { sink: unfinished.resume(part.skip)?, begun })
}

impl Outcome {
    /// Where the rest of the run begins: the number of its first event that was not delivered. `None` if the run is
    /// complete, if its reader went away, or if that is not known.
    pub fn rest(&self) -> Option<u64> {
        let unfinished = (self.stopped || self.error.is_some()) && !self.delivered.closed;
        self.delivered.next.filter(|_| unfinished)
    }
}

/// Where the run began whose events are there, or why they are not those before the part.
fn begun(plan: &Plan, part: &Part, unfinished: &mut Unfinished, watch: &dyn Fn(u64)) -> Result<u64, Error> {
    let there = unfinished.events();
    let name = unfinished.name().to_owned();
    if there == 0 {
        return Err(Error::usage(format!("{name} has no whole event to go on behind"))
            .help("leave out `--append`, and add `--force` if the file is not empty"));
    }
    let whole = &Part { skip: 0, ..part.clone() };
    let by_instance = unfinished.by_instance().is_some();
    let beginning = Beginning::of(plan, whole, Until::Number(part.skip), by_instance, watch);
    if let Some(begun) = fits(plan, whole, &beginning, unfinished, watch)? {
        return Ok(begun);
    }
    // Whoever has lost the printed command is told the number, if the run began with its first event.
    let first = Beginning::of(plan, whole, Until::Events(there), by_instance, watch);
    let events = if there == 1 { "1 event".to_owned() } else { format!("{} events", format_count(there)) };
    if fits(plan, whole, &first, unfinished, watch)?.is_some() {
        return Err(Error::usage(format!("{name} has {events}: continue it with `--skip {}`", first.next)));
    }
    if let Some(counts) = unfinished.by_instance() {
        let gapless = Beginning::of(plan, whole, Until::Gap(counts), true, watch);
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
        .help("go on with the command that the stopped run has printed")
        .help("or leave out `--append` and begin anew, with `--force`"))
}

/// Where the run began, if what is there are its events until the end of a beginning.
fn fits(
    plan: &Plan,
    whole: &Part,
    beginning: &Beginning,
    unfinished: &Unfinished,
    watch: &dyn Fn(u64),
) -> Result<Option<u64>, Error> {
    let Some(missing) = beginning.events.checked_sub(unfinished.events()) else { return Ok(None) };
    let by_instance = unfinished.by_instance();
    if !is_last(beginning, unfinished, by_instance.unwrap_or(&beginning.instances))? {
        return Ok(None);
    }
    // The first run itself may have been begun behind some events.
    let before = Beginning::of(plan, whole, Until::Events(missing), unfinished.by_instance().is_some(), watch);
    let fits = unfinished.by_instance().is_none_or(|there| {
        let rest =
            |(instance, count): (&_, &u64)| (*instance, count - before.instances.get(instance).copied().unwrap_or(0));
        beginning.instances.iter().map(rest).filter(|(_, count)| *count > 0).collect::<Counts>() == *there
    });
    Ok(fits.then_some(before.next))
}

/// Whether the last event of a beginning is the last one there or, in its instance's file, the one at that count.
fn is_last(beginning: &Beginning, unfinished: &Unfinished, counts: &Counts) -> Result<bool, Error> {
    let Some(event) = beginning.last.events.last() else { return Ok(false) };
    let number = counts.get(&(event.story, event.instance)).copied().unwrap_or(0);
    unfinished.ends_with(event, beginning.last.body(event), number)
}

/// Events of each instance, by story and number.
type Counts = HashMap<(u16, u64), u64>;

/// Where a beginning ends: before a number of the whole run, after a count of events of the part, or before the first
/// event that is not in its instance's file.
#[derive(Clone, Copy)]
enum Until<'a> {
    Number(u64),
    Events(u64),
    Gap(&'a Counts),
}

/// Events between two calls of whoever watches.
const PASSED_AT_ONCE: u64 = 65_536;

/// The first events of a run, or of a shard of it.
#[derive(Default)]
struct Beginning {
    /// How many.
    events: u64,
    /// The number behind the last of them, 0 if there is none.
    next: u64,
    /// The last of them.
    last: Chunk,
    /// How many of each instance, if that is asked for.
    instances: Counts,
}

impl Beginning {
    /// `by_instance`: whether to count the events of each instance, which costs memory for each of them.
    fn of(plan: &Plan, whole: &Part, until: Until<'_>, by_instance: bool, watch: &dyn Fn(u64)) -> Self {
        let mut beginning = Self::default();
        let mut stream = plan.stream();
        let mut words = Vec::new();
        let mut last = None;
        loop {
            match until {
                Until::Events(events) if beginning.events >= events => break,
                _ => {}
            }
            let Some(mut record) = stream.next(&mut words) else { break };
            if matches!(until, Until::Number(number) if record.number >= number) {
                words.truncate(record.words_at as usize);
                break;
            }
            if record.number.is_multiple_of(PASSED_AT_ONCE) {
                watch(record.number);
            }
            if !whole.holds(plan, &record) {
                words.truncate(record.words_at as usize);
                continue;
            }
            let instance = (plan.emissions[record.emission as usize].story, record.instance);
            if let Until::Gap(there) = until
                && beginning.instances.get(&instance) == there.get(&instance)
            {
                words.truncate(record.words_at as usize);
                break;
            }
            // The words of the last event stay, and nobody else's.
            words.drain(..record.words_at as usize);
            record.words_at = 0;
            if by_instance {
                *beginning.instances.entry(instance).or_default() += 1;
            }
            beginning.events += 1;
            beginning.next = record.number + 1;
            last = Some(record);
        }
        if let Some(record) = last {
            Renderer::new(plan).render(&record, &words, &mut beginning.last);
        }
        beginning
    }
}
