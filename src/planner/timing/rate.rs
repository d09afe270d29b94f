//! The rate of a run over time, from the command line or the file.

use crate::{
    error::Error,
    plan::Options,
    planner::{load::Loaded, timing::within_range},
    scenario::{Daily, Pace},
    schedule::{DailyCurve, Schedule},
    units::{Rate, Zone, format_count},
};
use std::sync::Arc;

const SECOND: u64 = 1_000_000_000;

/// A rate over time, with or without a fixed start.
pub(super) enum RateProfile {
    /// Independent of the start of the run.
    Anytime(Schedule),
    /// By local time of day.
    Daily(Arc<DailyCurve>),
}

impl RateProfile {
    /// The length in nanoseconds, if there is an end.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            RateProfile::Anytime(schedule) => schedule.length(),
            RateProfile::Daily(_) => None,
        }
    }

    /// The start of a run that ends at `ends`. Its length follows from the number of events or the end of its stages,
    /// whichever comes first.
    pub(super) fn begin(&self, events: Option<u64>, ends: i64) -> Result<i64, Error> {
        match self {
            RateProfile::Anytime(schedule) => {
                let length = schedule.length();
                let by_count = events.map(|events| schedule.slot(events).or(length).unwrap_or(u64::MAX));
                let span = [length, by_count].into_iter().flatten().min().unwrap_or(0);
                let span = (span / SECOND).saturating_add(1).saturating_mul(SECOND);
                within_range(ends.checked_sub_unsigned(span)).ok_or_else(|| too_early(events))
            }
            RateProfile::Daily(curve) => curve.latest_start(events.unwrap_or(0), ends).ok_or_else(|| too_early(events)),
        }
    }

    /// Rejects more events than fit between `from` and the end of event time.
    pub(super) fn check_room(&self, events: u64, from: i64) -> Result<(), Error> {
        let schedule = self.schedule(from);
        let ends = |slot| from.checked_add_unsigned(slot).is_some();
        if schedule.length().is_some_and(ends) || schedule.slot(events.saturating_sub(1)).is_some_and(ends) {
            return Ok(());
        }
        let message = format!("at this rate {} events do not happen before event time ends", format_count(events));
        Err(Error::usage(message)
            .help("event time ends in the year 2262: raise the rate, give fewer `--events`, or an earlier `--from`"))
    }

    /// The schedule of a run that starts at `from`.
    pub(super) fn schedule(&self, from: i64) -> Schedule {
        match self {
            RateProfile::Anytime(schedule) => schedule.clone(),
            RateProfile::Daily(curve) => Schedule::daily(Arc::clone(curve), from),
        }
    }
}

fn too_early(events: Option<u64>) -> Error {
    let what = events.map_or_else(|| "the run".to_owned(), |events| format!("{} events", format_count(events)));
    let message = format!("at this rate {what} would begin before 1700");
    Error::usage(message).help("give fewer `--events`, or a `--from`")
}

/// The rate over time: from the command line, else from the file.
pub(super) fn rate_profile(options: &Options, loaded: &Loaded) -> Result<Option<RateProfile>, Error> {
    let schedule = match (options.rate, options.stages.as_slice(), &loaded.pace) {
        (Some(_), [_, ..], _) => {
            return Err(Error::usage("`--rate` and `--stage` exclude each other").help("leave one of them out"));
        }
        (Some(rate), ..) if rate == Rate::ZERO => {
            return Err(Error::usage("a rate of 0 is no events").help("write `1/s`, or less as `1/h`"));
        }
        (Some(rate), ..) => Schedule::constant(rate),
        (None, stages @ [_, ..], _) => {
            let schedule = staged(Rate::ZERO, stages)?;
            if schedule.count_before(u64::MAX) == 0 {
                return Err(Error::usage("these stages have no events")
                    .help("write `--stage 10m:500/s`; a stage of 0s only jumps to its target"));
            }
            schedule
        }
        (None, [], Some(Pace::Rate(rate))) => Schedule::constant(rate.value),
        (None, [], Some(Pace::Stages { start, stages })) => {
            let stages: Vec<_> = stages.iter().map(|stage| (stage.duration.value, stage.target.value)).collect();
            staged(start.as_ref().map_or(Rate::ZERO, |start| start.value), &stages)?
        }
        (None, [], Some(Pace::Daily(daily))) => return Ok(curve(daily).map(RateProfile::Daily)),
        (None, [], None) => return Ok(None),
    };
    Ok(Some(RateProfile::Anytime(schedule)))
}

/// A schedule of stages; rejects stages that are together longer than the longest duration.
fn staged(start: Rate, stages: &[(u64, Rate)]) -> Result<Schedule, Error> {
    let length = stages.iter().map(|(duration, _)| u128::from(*duration)).sum::<u128>();
    if length > i64::MAX.unsigned_abs().into() {
        let error = Error::usage("the stages together are longer than 292 years");
        return Err(error.help("shorten them: event time is counted in nanoseconds in 64 bits"));
    }
    Ok(Schedule::stages(start, stages))
}

/// The curve of a mix; `None` if it has a mistake, which was reported when it was read.
fn curve(daily: &Daily) -> Option<Arc<DailyCurve>> {
    let (peak, trough) = (daily.peak.value, daily.trough.value);
    let zone = daily.timezone.as_ref().map_or(Zone::UTC, |zone| zone.value);
    let weekend = daily.weekend.as_ref().map_or(1_000, |weekend| weekend.value);
    let is_right = peak > Rate::ZERO && trough <= peak && peak.can_be_multiplied(weekend);
    is_right.then(|| Arc::new(DailyCurve::new(peak, trough, daily.peak_at.value, weekend, zone)))
}
