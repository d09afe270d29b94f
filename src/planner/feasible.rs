//! Feasibility check of a run's size, before its first event, because an infeasible run exhausts memory or hardly
//! advances.

use crate::{
    catalog::{Catalog, Generator, KindId},
    error::Error,
    plan::{Plan, Starts},
    planner::counts::Counts,
    simulation::Outlook,
    units::{elapsed, format_bytes, format_count, format_duration},
};

/// The rate at which instances start, as a fraction.
struct StartRate {
    instances: u128,
    seconds: u128,
}

/// The most memory for instances in progress at the same time, in bytes.
const MOST_MEMORY: u128 = 8 << 30;

/// Bytes of an instance besides its state slots.
const INSTANCE: u128 = 64;

const SECOND: u128 = 1_000_000_000;

/// Checks the memory and the population that a run needs. Returns a larger population if the run needs one.
///
/// # Errors
///
/// A run without events, more instances in progress than memory allows, or a population too small for the rate.
pub(super) fn check(plan: &Plan, counts: &Counts) -> Result<Option<Counts>, Error> {
    let Some(schedule) = &plan.timing.schedule else {
        check_events(plan)?;
        check_state(plan)?;
        return Ok(None);
    };
    let outlook = Outlook::of(plan);
    if outlook.events == 0 {
        let message = format!("of {} instances of this run none has an event", format_count(outlook.instances));
        return Err(Error::usage(message).help("raise the `chance` of their steps, or add steps that always happen"));
    }
    let starts = StartRate {
        instances: u128::from(schedule.highest_rate().per_day_in_thousandths()) * u128::from(outlook.instances),
        seconds: 86_400 * 1_000 * u128::from(outlook.events),
    };
    check_memory(plan, (&outlook, &starts), counts.bytes(&plan.catalog))?;
    counts.grown(&plan.catalog, &needs(plan, &outlook, &starts))
}

/// Rejects a run with very many instances of which none has an event: it may never end.
fn check_events(plan: &Plan) -> Result<(), Error> {
    const MOST: u128 = 10_000_000;
    let timing = &plan.timing;
    let starts = match (timing.starts, timing.to) {
        (Starts::Once, _) => 0,
        (Starts::Instances(instances), _) => instances.into(),
        (Starts::Unbounded, Some(to)) => u128::from(elapsed(timing.from, to)) / u128::from(timing.every.max(1)),
        (Starts::Unbounded, None) => u128::MAX,
    };
    if starts <= MOST || Outlook::has_events(plan) {
        return Ok(());
    }
    let error = Error::usage("of a million instances of this run none has an event");
    Err(error.help("raise the `chance` of their steps, or add steps that always happen"))
}

/// Rejects a rate with more instances in progress than memory allows.
fn check_memory(plan: &Plan, (outlook, starts): (&Outlook, &StartRate), population: u128) -> Result<(), Error> {
    let sample = u128::from(outlook.instances);
    // The number in progress in the steady state, but not more than start before the end of the run.
    let steady = starts.instances * (outlook.durations / sample) / (starts.seconds * SECOND);
    let events = plan.timing.events.map(u128::from).or_else(|| {
        let (schedule, to) = (plan.timing.schedule.as_ref()?, plan.timing.to?);
        Some(u128::from(schedule.count_before(elapsed(plan.timing.from, to))))
    });
    let begun = events.map_or(u128::MAX, |events| (events + 20_000_000) * sample / u128::from(outlook.events));
    let active = steady.min(begun);
    let needed = active * (INSTANCE + u128::from(outlook.words) * 8 / sample) + population;
    if needed <= MOST_MEMORY {
        return Ok(());
    }
    Err(too_much("at this rate ", active, needed).help(format!(
        "lower the rate, or shorten the scenarios: the longest lasts {}",
        format_duration(outlook.longest / 1_000_000_000 * 1_000_000_000)
    )))
}

/// Rejects a population that grew with the rate beyond the memory limit.
pub(super) fn check_population(counts: &Counts, catalog: &Catalog) -> Result<(), Error> {
    let needed = counts.bytes(catalog);
    if needed <= MOST_MEMORY {
        return Ok(());
    }
    let shown = |bytes: u128| format_bytes(u64::try_from(bytes).unwrap_or(u64::MAX));
    let message = format!("at this rate the population needs {} of at most {}", shown(needed), shown(MOST_MEMORY));
    Err(Error::usage(message).help("lower the rate"))
}

/// Rejects a run without a rate that has more instances in progress than memory allows.
fn check_state(plan: &Plan) -> Result<(), Error> {
    let timing = &plan.timing;
    let bytes = |words: u128| INSTANCE + words * 8;
    let largest = plan.scenarios.iter().map(|scenario| scenario.state_words as u128).max().unwrap_or(0);
    let until = timing.to.map(|to| u128::from(elapsed(timing.from, to)) / u128::from(timing.every.max(1)) + 1);
    let begun = match timing.starts {
        Starts::Once => plan.background as u128,
        Starts::Instances(instances) => instances.into(),
        // Each instance that starts has an event, or ends at once.
        Starts::Unbounded => [timing.events.map(u128::from), until].into_iter().flatten().min().unwrap_or(u128::MAX),
    };
    if begun.saturating_mul(bytes(largest)) <= MOST_MEMORY {
        return Ok(());
    }
    let outlook = Outlook::of(plan);
    let sample = u128::from(outlook.instances);
    let steady = match timing.every {
        0 => u128::MAX,
        every => outlook.durations / (sample * u128::from(every)) + 1,
    };
    let active = steady.min(begun);
    let needed = active.saturating_mul(bytes(u128::from(outlook.words) / sample));
    if needed <= MOST_MEMORY {
        return Ok(());
    }
    Err(too_much("", active, needed)
        .help("let instances start less often, with a longer `--every`, ask for fewer, or shorten their delays"))
}

fn too_much(when: &str, active: u128, needed: u128) -> Error {
    let shown = |number: u128| u64::try_from(number).unwrap_or(u64::MAX);
    let (active, needed) = (format_count(shown(active)), format_bytes(shown(needed)));
    let most = format_bytes(shown(MOST_MEMORY));
    Error::usage(format!(
        "{when}about {active} instances would be in progress at the same time, which needs {needed} of at most {most}"
    ))
}

/// For each kind whose unique clocks are scoped to another kind: the scoping kind, the kind, and the number of scoping
/// members needed.
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
