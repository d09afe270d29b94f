//! Fourth step of planning: the population and the memory that a run with a rate needs.

use crate::{
    catalog::{Catalog, Generator},
    error::Error,
    plan::{Timing, Workload},
    planner::{
        counts::{Counts, Needed},
        load::Loaded,
        memory::{MOST_MEMORY, instance_bytes, too_much},
        resolved_run::ResolvedRun,
    },
    schedule::Schedule,
    simulation::{Outlook, SteadyState},
    units::{elapsed, format_bytes, format_count, format_duration},
};

/// A resolved run with a population that is large enough for it.
pub(super) struct SizedRun {
    pub(crate) resolved: ResolvedRun,
    /// The size of the population.
    pub(crate) counts: Counts,
}

/// The rate at which instances start, as a fraction.
struct StartRate {
    instances: u128,
    seconds: u128,
}

impl SizedRun {
    /// The run, with a larger population if its rate needs one.
    ///
    /// # Errors
    ///
    /// A run with a rate and without events, more instances in progress than memory allows, or a population too small
    /// for the rate.
    pub(super) fn new(
        catalog: &Catalog,
        loaded: &Loaded,
        resolved: ResolvedRun,
        timing: &Timing,
    ) -> Result<SizedRun, Error> {
        let counts = loaded.counts.clone();
        let Some(schedule) = &timing.schedule else { return Ok(SizedRun { resolved, counts }) };
        let outlook = Outlook::new(catalog, resolved.workload());
        if outlook.events == 0 {
            let message = format!("of {} instances of this run none has an event", format_count(outlook.instances));
            let help = "raise the `chance` of their steps, or add steps that always happen";
            return Err(Error::usage(message).help(help));
        }
        let starts = StartRate {
            instances: u128::from(schedule.highest_rate().per_day_in_thousandths()) * u128::from(outlook.instances),
            seconds: 86_400 * 1_000 * u128::from(outlook.events),
        };
        check_memory(timing, schedule, &outlook, resolved.workload(), counts.bytes(catalog))?;
        let needs = needs(catalog, &outlook, &starts);
        let Some(counts) = counts.grown(catalog, &needs)? else { return Ok(SizedRun { resolved, counts }) };
        check_population(catalog, &counts)?;
        Ok(SizedRun { resolved: resolved.with_population(catalog, loaded, &counts)?, counts })
    }
}

/// Rejects a rate with more instances in progress than memory allows.
fn check_memory(
    timing: &Timing,
    schedule: &Schedule,
    outlook: &Outlook,
    workload: Workload<'_>,
    population: u128,
) -> Result<(), Error> {
    let steady = SteadyState::new(workload, schedule.highest_rate());
    let begun = if timing.warm { SteadyState::new(workload, schedule.first_rate()).instances } else { 0.0 };
    // The number in progress in the steady state, but not more than start before the end of the run.
    let by_end = || Some(schedule.count_before(elapsed(timing.from, timing.to?)));
    let started = timing
        .events
        .or_else(by_end)
        .map_or(f64::INFINITY, |events| events as f64 * outlook.instances as f64 / outlook.events as f64 + begun);
    let share = (started / steady.instances.max(1.0)).min(1.0);
    let bytes = |scenario: usize| instance_bytes(workload.scenarios[scenario].state_slots as u128) as f64;
    let in_progress = steady.scenarios.iter().enumerate();
    let bytes: f64 = in_progress.map(|(scenario, instances)| instances * bytes(scenario)).sum();
    let (active, needed) = ((steady.instances * share) as u128, (bytes * share) as u128 + population);
    if needed <= MOST_MEMORY {
        return Ok(());
    }
    let longest = format_duration(outlook.longest / 1_000_000_000 * 1_000_000_000);
    let error = too_much("at this rate ", active, needed)
        .help(format!("lower the rate, or shorten the scenarios: the longest lasts {longest}"));
    // Most of them would be in progress at the start.
    let is_warm = started < 2.0 * begun;
    Err(if is_warm { error.help("a short run fits with `--cold-start`, without instances in progress") } else { error })
}

/// Rejects a population that grew with the rate beyond the memory limit.
fn check_population(catalog: &Catalog, counts: &Counts) -> Result<(), Error> {
    let needed = counts.bytes(catalog);
    if needed <= MOST_MEMORY {
        return Ok(());
    }
    let shown = |bytes: u128| format_bytes(u64::try_from(bytes).unwrap_or(u64::MAX));
    let message = format!("at this rate the population needs {} of at most {}", shown(needed), shown(MOST_MEMORY));
    Err(Error::usage(message).help("lower the rate"))
}

/// The members needed of each kind within which names with a second in them are unique.
fn needs(catalog: &Catalog, outlook: &Outlook, starts: &StartRate) -> Vec<Needed> {
    let kinds = catalog.kinds.iter().enumerate();
    let needs = kinds.filter_map(|(named, of)| {
        let Generator::Clock { unique_in: Some(room), .. } = of.fields[of.stamp?].generator else { return None };
        let created = u128::from(outlook.created[named]) * starts.instances;
        let members = created.div_ceil(starts.seconds * u128::from(outlook.instances));
        Some(Needed { room, named, members: u64::try_from(members).unwrap_or(u64::MAX) })
    });
    needs.collect()
}
