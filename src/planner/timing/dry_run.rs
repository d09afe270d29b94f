//! Dry run: a short run without a rate is simulated before its first event where its times follow from its length. At
//! most one simulation is needed, and its result stays with the plan. The length of a longer run is bounded instead.

use crate::{
    error::Error,
    plan::{DryRun, Starts, Workload},
    planner::timing::{Asked, bound::bound, within_range},
    simulation::{EventTimes, injected_spans},
    units::{SECOND, elapsed, format_duration, format_time},
};

/// A run with at most this many events and starts is simulated, which takes about a hundredth of a second. The same on
/// every machine, because the start of a run follows from it.
const SIMULATED: u64 = 100_000;

/// When a run ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    /// The time of its last event that is not injected, or an upper bound of it.
    pub last: i64,
    /// The run, if it was simulated.
    pub run: Option<DryRun>,
}

/// When a run with a given start ends.
pub(super) fn whole(workload: Workload<'_>, asked: &Asked, from: i64) -> Ends {
    run(workload, asked, from).0
}

/// When a run starts that ends at a given time, and its end.
pub(super) fn ending_at(end: i64, workload: Workload<'_>, asked: &Asked) -> Result<(i64, Ends), Error> {
    // Simulated from 0 on: the distances between events do not depend on the start.
    let (ends, is_cut_by_time) = run(workload, asked, 0);
    let last = injected_spans(workload, 0).into_iter().map(|span| span.last).fold(ends.last, i64::max);
    let span = (elapsed(0, last) / SECOND as u64 + 1) * SECOND as u64;
    match within_range(end.checked_sub_unsigned(span)).filter(|_| !is_cut_by_time) {
        Some(from) => {
            let last = from + ends.last;
            Ok((from, Ends { last, run: ends.run.map(|run| DryRun { last, ..run }) }))
        }
        None => {
            let message = format!("a run of this length that ends at {} would begin before 1700", format_time(end));
            let help = "ask for fewer events or instances, let instances start more often, or shorten their delays";
            Err(Error::usage(message).help(help))
        }
    }
}

/// When a run ends; whether it has fewer events than requested, because event time ends.
fn run(workload: Workload<'_>, asked: &Asked, from: i64) -> (Ends, bool) {
    let exact = |(run, is_cut_by_time): (DryRun, bool)| (Ends { last: run.last, run: Some(run) }, is_cut_by_time);
    if let Some(simulated) = simulate(workload, asked, from, SIMULATED) {
        return exact(simulated);
    }
    match bound(workload, asked).and_then(|length| from.checked_add_unsigned(length)) {
        Some(last) => (Ends { last, run: None }, false),
        // Without a bound there is no other way.
        None => simulate(workload, asked, from, u64::MAX).map_or((Ends { last: i64::MAX, run: None }, true), exact),
    }
}

/// Simulates a run from a given start; whether it has fewer events than requested, because event time ends. `None` if
/// there are more than `most` events or starts.
fn simulate(workload: Workload<'_>, asked: &Asked, from: i64, most: u64) -> Option<(DryRun, bool)> {
    let mut times = EventTimes::new(workload, asked.starts, asked.every, from);
    let (mut events, mut last) = (0, from);
    let limit = asked.events.unwrap_or(u64::MAX);
    while events < limit
        && let Some(time) = times.next()
    {
        events += 1;
        last = time;
        if events > most || times.started() > most {
            return None;
        }
    }
    let is_cut_by_time = events < limit && times.is_cut_by_time();
    Some((DryRun { events: events + injected_events(workload, from), last }, is_cut_by_time))
}

fn injected_events(workload: Workload<'_>, from: i64) -> u64 {
    injected_spans(workload, from).into_iter().map(|span| span.events).sum()
}

/// The most instances simulated to report how long instances that do not fit would take.
const MOST_SIMULATED: u64 = 10_000;

/// A run of whole instances, all of which have to end before `to`. `None` if it does, and was not simulated to know it.
pub(super) fn ending_before(
    to: i64,
    workload: Workload<'_>,
    asked: &Asked,
    from: i64,
) -> Result<Option<DryRun>, Error> {
    if let Some((run, false)) = simulate(workload, asked, from, SIMULATED).filter(|(run, _)| run.last < to) {
        return Ok(Some(run));
    }
    if bound(workload, asked).is_some_and(|length| length < elapsed(from, to)) {
        return Ok(None);
    }
    let instances = match asked.starts {
        Starts::Instances(instances) => instances,
        _ => workload.background as u64,
    };
    // If the starts alone do not fit, reject many instances by arithmetic, because simulating them may take too long.
    let starting = u128::from(instances.saturating_sub(1)) * u128::from(asked.every);
    let needed = if instances > MOST_SIMULATED && starting >= u128::from(elapsed(from, to)) {
        let starting = u64::try_from(starting).unwrap_or(u64::MAX);
        format!("more than {}", format_duration(starting / SECOND as u64 * SECOND as u64))
    } else {
        match before(to, workload, asked, from) {
            Ok(run) => return Ok(Some(run)),
            Err(needed) => needed,
        }
    };
    let message = format!("these instances do not end before {}: they need {needed}", format_time(to));
    Err(Error::usage(message).help("give a later `--to`, fewer `--instances`, or a number of `--events` instead"))
}

/// The run if it ends before `to`, else how long it takes, found by simulating up to a million events after that time.
fn before(to: i64, workload: Workload<'_>, asked: &Asked, from: i64) -> Result<DryRun, String> {
    const MOST: u64 = 1_000_000;
    let mut times = EventTimes::new(workload, asked.starts, asked.every, from);
    let (mut events, mut after, mut last) = (injected_events(workload, from), 0, from);
    while after < MOST
        && let Some(time) = times.next()
    {
        events += 1;
        last = time;
        after += u64::from(last >= to);
    }
    let lasts = || {
        let seconds = (elapsed(from, last) / SECOND as u64).saturating_add(1);
        format_duration(seconds * SECOND as u64)
    };
    match after {
        _ if after < MOST && times.is_cut_by_time() => Err("more time than there is before the year 2262".to_owned()),
        0 => Ok(DryRun { events, last }),
        MOST => Err(format!("more than {}", lasts())),
        _ => Err(lasts()),
    }
}
