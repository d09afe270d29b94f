//! Whether a run can be what it is asked to be: found out before it begins, instead of by a run that crawls.

use super::{Plan, counts::Counts};
use crate::{
    catalog::{Generator, KindId},
    error::Error,
    stream::Outlook,
    units::{format_bytes, format_count, format_duration},
};

/// Instances that start in a second, as a fraction.
struct StartRate {
    instances: u128,
    seconds: u128,
}

/// Memory that the stories that go on at the same time may need, in bytes.
const MOST_MEMORY: u128 = 8 << 30;

/// Bytes of an instance beside its state.
const INSTANCE: u128 = 64;

const SECOND: u128 = 1_000_000_000;

/// What has to exist before the run, where that is more than is said.
///
/// # Errors
///
/// Stories without events, more of them than there is memory for, a population that is too small for the rate.
pub(super) fn check(plan: &Plan, counts: &Counts) -> Result<Option<Counts>, Error> {
    let Some(schedule) = &plan.timing.schedule else { return Ok(None) };
    let outlook = Outlook::of(plan);
    if outlook.events == 0 {
        let message = format!("of {} stories of this run none has an event", format_count(outlook.instances));
        return Err(Error::usage(message).help("raise the `chance` of their steps, or add steps that always happen"));
    }
    let starts = StartRate {
        instances: u128::from(schedule.highest_rate().per_day_in_thousandths()) * u128::from(outlook.instances),
        seconds: 86_400 * 1_000 * u128::from(outlook.events),
    };
    check_memory(plan, &outlook, &starts)?;
    counts.grown(&plan.catalog, &needs(plan, &outlook, &starts))
}

/// Refuses more stories at the same time than there is memory for.
fn check_memory(plan: &Plan, outlook: &Outlook, starts: &StartRate) -> Result<(), Error> {
    let sample = u128::from(outlook.instances);
    // Those that go on in the steady state, but no more than begin before the run's end.
    let steady = starts.instances * (outlook.durations / sample) / (starts.seconds * SECOND);
    let events = plan.timing.events.map(u128::from).or_else(|| {
        let (schedule, to) = (plan.timing.schedule.as_ref()?, plan.timing.to?);
        Some(u128::from(schedule.count_before(to.saturating_sub(plan.timing.from).max(0).unsigned_abs())))
    });
    let begun = events.map_or(u128::MAX, |events| (events + 20_000_000) * sample / u128::from(outlook.events));
    let active = steady.min(begun);
    let needed = active * (INSTANCE + u128::from(outlook.words) * 8 / sample);
    if needed <= MOST_MEMORY {
        return Ok(());
    }
    let shown = |number: u128| u64::try_from(number).unwrap_or(u64::MAX);
    let (active, needed) = (format_count(shown(active)), format_bytes(shown(needed)));
    let longest = format_duration(outlook.longest / 1_000_000_000 * 1_000_000_000);
    let message = format!("at this rate about {active} stories would go on at the same time, which needs {needed}");
    Err(Error::usage(message).help(format!("lower the rate, or shorten the stories: the longest lasts {longest}")))
}

/// For each kind in which names are given out once in a second: how many members that takes, and for which kind's
/// names.
fn needs(plan: &Plan, outlook: &Outlook, starts: &StartRate) -> Vec<(KindId, KindId, u64)> {
    let kinds = plan.catalog.kinds.iter().enumerate();
    let needs = kinds.filter_map(|(kind, of)| {
        let Generator::Clock { unique_in: Some(room), .. } = of.fields[of.stamp?].generator else { return None };
        let created = u128::from(outlook.created[kind]) * starts.instances;
        let needed = created.div_ceil(starts.seconds * u128::from(outlook.instances));
        Some((room, kind, u64::try_from(needed).unwrap_or(u64::MAX)))
    });
    needs.collect()
}
