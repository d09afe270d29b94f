//! Check that injected scenarios lie within the run.

use crate::{
    error::Error,
    plan::{Starts, Workload},
    planner::timing::Timed,
    simulation::{Span, injected_spans},
    units::{DAY, SECOND, elapsed, format_duration, format_time},
};

/// The latest time of an injection, in nanoseconds since the Unix epoch: one day before the end of event time.
const LATEST: i64 = i64::MAX - DAY;

/// The end of a run.
#[derive(Clone, Copy)]
enum End {
    /// No event at this time or later.
    Before(i64),
    /// The events that are not injected end before this time; injected scenarios may end later.
    Background(i64),
}

/// Rejects injected scenarios that do not lie within the run.
pub(super) fn check_injected(workload: Workload<'_>, timed: &Timed) -> Result<(), Error> {
    let from = timed.timing.from;
    let end = end(timed);
    for span in injected_spans(workload, from) {
        check_span(&workload.scenarios[span.scenario].name, span, from, end)?;
    }
    Ok(())
}

/// The end of the run; `None` if it has none.
fn end(timed: &Timed) -> Option<End> {
    let timing = &timed.timing;
    match (timing.to, &timing.schedule) {
        (Some(to), _) => Some(End::Before(to)),
        (None, Some(schedule)) => {
            let by_count = timing.events.and_then(|events| schedule.slot(events));
            let span = by_count.into_iter().chain(schedule.length()).min();
            span.map(|span| End::Background(timing.from.saturating_add_unsigned(span)))
        }
        (None, None) if timing.starts == Starts::Unbounded && timing.events.is_none() => None,
        (None, None) => timed.last.map(|last| End::Background(last.saturating_add(1))),
    }
}

fn check_span(name: &str, span: Span, from: i64, end: Option<End>) -> Result<(), Error> {
    if span.first >= LATEST {
        let message = format!("`{name}` would begin when event time is over, in the year 2262");
        return Err(Error::usage(message).help("inject it earlier"));
    }
    if span.cut_by_time {
        let message = format!("`{name}` would be cut short: event time ends in the year 2262");
        return Err(Error::usage(message).help("inject it earlier, or shorten its delays"));
    }
    if span.first < from {
        let message = format!("`{name}` would begin before the run does ({})", format_time(from));
        return Err(Error::usage(message).help("inject it at `+20m`, so long after the run's beginning"));
    }
    let Some(end) = end else { return Ok(()) };
    let (End::Before(time) | End::Background(time)) = end;
    if span.first >= time {
        let message = format!("`{name}` would begin when the run is over ({})", format_time(time));
        return Err(Error::usage(message).help("inject it earlier, or let the run be longer"));
    }
    if matches!(end, End::Before(_)) && span.last >= time {
        let needs = format_duration((elapsed(time, span.last) / SECOND as u64 + 1) * SECOND as u64);
        let message = format!("`{name}` would be cut short: the run ends {needs} too early for it");
        return Err(Error::usage(message).help("inject it earlier, or let the run be longer"));
    }
    Ok(())
}
