//! Start and end of a run, for all combinations of options.
//!
//! | given | result |
//! |---|---|
//! | nothing | each scenario once, to its last step; ends now |
//! | events, or instances | this number of them; ends now or at `to`, or starts at `from` |
//! | two of from, to, duration | instances start between start and end; no event at the end or later |
//! | duration alone | as if `to` were now |
//! | events and an end | the run ends with whichever comes first |
//! | instances and an end | an error if they do not fit: no instance is cut short |
//! | events and instances; all of from, to, duration | an error |
//! | live | starts now unless `from` is given; without an end it runs until it is stopped |
//! | unbounded | needs `from`; without an end it has the events of a live run without an end |
//! | a rate | needs events or an end; the last stage is an end |
//! | a daily curve and events | ends now or at `to`, or starts at `from`, with the rates of those hours |
//! | a rate and instances | an error: the rate determines how many instances start |

use crate::{
    error::{Diagnostic, Error},
    plan::{Options, Plan, Starts, Timing},
    planner::load::Loaded,
    scenario::{Daily, Pace},
    schedule::{DailyCurve, Schedule},
    units::{self, Rate, TIME_RANGE, Zone, elapsed, format_count, format_duration, format_time},
};
use std::sync::Arc;

/// Requested timing, before the length of the run is known.
pub(super) struct Asked {
    /// The start of event time, unless it follows from the length of the run.
    pub from: Option<i64>,
    /// The end of the run if the start follows from it.
    pub ends: i64,
    timing: Timing,
}

const SECOND: i64 = 1_000_000_000;

/// The wall time in nanoseconds since the Unix epoch.
pub(super) fn now() -> i64 {
    chrono::Utc::now().timestamp_nanos_opt().unwrap_or_default()
}

/// Whether the start is given as an absolute point in time.
pub(super) fn is_fixed(options: &Options, found: &Loaded) -> bool {
    let said = found.from.as_ref().map(|(text, _)| text.value.as_str());
    options.from.as_deref().or(said).is_some_and(|from| !units::is_relative_time(from))
}

/// Refuses a run that would end before it begins, or at that moment.
fn check_order(options: &Options, from: Option<i64>, to: Option<i64>) -> Result<(), Error> {
    let (Some(from), Some(to)) = (from, to) else { return Ok(()) };
    if from < to {
        return Ok(());
    }
    let message = if from == to {
        format!("the run would end when it begins ({})", format_time(from))
    } else {
        format!("the run would end ({}) before it begins ({})", format_time(to), format_time(from))
    };
    let help = match options.duration {
        Some(_) => "give a longer `--duration`, such as `-d 1h`",
        None => "give a `--to` that is later than `--from`",
    };
    Err(Error::usage(message).help(help))
}

impl Asked {
    pub(super) fn new(options: &Options, found: &Loaded, now: i64) -> Result<Asked, Error> {
        let now = now.div_euclid(SECOND) * SECOND;
        if options.events.is_some() && options.instances.is_some() {
            return Err(Error::usage("`--events` and `--instances` exclude each other").help("leave one of them out"));
        }
        // Report a wrong time in a file even if it is not used.
        let said = match &found.from {
            Some((text, source)) => Some(units::time(&text.value, now).map_err(|mistake| {
                Error::from(Diagnostic::new(source, text.span.clone(), mistake.message).help(mistake.help))
            })?),
            None => None,
        };
        let mut from = options.from.as_deref().map(|text| point("--from", text, now)).transpose()?.or(said);
        if options.live {
            // Start at the next whole second, so that the run is ready by then.
            from = from.or(Some(now + SECOND));
        }
        let mut to = options.to.as_deref().map(|text| point("--to", text, now)).transpose()?;
        if let Some(duration) = options.duration {
            let duration = i64::try_from(duration).unwrap_or(i64::MAX);
            let shorter = |error: Error| error.help("give a shorter `--duration`");
            let beyond = || shorter(Error::usage("the run would go beyond the year 2262"));
            let before = || shorter(Error::usage("the run would begin before 1700"));
            match (from, to) {
                (Some(_), Some(_)) => {
                    return Err(Error::usage("`--from`, `--to` and `--duration` say one thing too much")
                        .help("leave one of them out"));
                }
                (Some(from), None) => to = Some(from.checked_add(duration).ok_or_else(beyond)?),
                (None, end) => {
                    let end = end.unwrap_or(now);
                    to = Some(end);
                    from = Some(within_range(end.checked_sub(duration)).ok_or_else(before)?);
                }
            }
        }
        check_order(options, from, to)?;
        if let Some(course) = course(options, found)? {
            return Self::paced(options, &course, from, to, now);
        }
        let starts = match (options.instances, options.events, from, to) {
            (Some(instances), ..) => Starts::Instances(instances),
            (None, Some(_), ..) | (None, None, Some(_), Some(_)) => Starts::Unbounded,
            _ if options.live || options.unbounded => Starts::Unbounded,
            _ => Starts::Once,
        };
        if starts == Starts::Unbounded && from.is_none() && options.events.is_none() {
            return Err(lacks_beginning());
        }
        let every = options.every.or(found.every).unwrap_or(SECOND as u64);
        if every == 0 && starts == Starts::Unbounded {
            let error = Error::usage("with `every: 0s` a run needs a number of instances, or it never gets anywhere");
            return Err(error.help("give `--instances 100`, or a longer `--every`"));
        }
        let timing = Timing { from: 0, to: None, every, events: options.events, starts, schedule: None, warm: false };
        let ends = to.unwrap_or(now);
        let timing = Timing { to: to.filter(|_| from.is_some()), from: from.unwrap_or(0), ..timing };
        Ok(Asked { from, ends, timing })
    }

    /// The timing of a run with a rate.
    fn paced(
        options: &Options,
        course: &RateProfile,
        from: Option<i64>,
        to: Option<i64>,
        now: i64,
    ) -> Result<Asked, Error> {
        if options.instances.is_some() {
            let error = Error::usage("`--instances` and a rate exclude each other");
            return Err(error.help("give a number of `--events` or a `--duration` instead"));
        }
        let ends_itself = options.events.is_some() || course.length().is_some() || options.live || options.unbounded;
        if !ends_itself && (from.is_none() || (to.is_none() && !options.endless)) {
            return Err(Error::usage("a run with a rate needs an end")
                .help("add `-n 1M`, `-d 1h` or `--to`, or `--live` to run until it is stopped"));
        }
        if from.is_none() && options.events.is_none() && course.length().is_none() {
            return Err(lacks_beginning());
        }
        let ends = to.unwrap_or(now);
        let begins = from.map_or_else(|| course.begin(options.events, ends), Ok)?;
        if let (Some(events), None) = (options.events, to) {
            course.check_room(events, begins)?;
        }
        let timing = Timing {
            from: begins,
            to: to.filter(|_| from.is_some()),
            every: SECOND as u64,
            events: options.events,
            starts: Starts::Unbounded,
            schedule: Some(course.schedule(begins)),
            warm: !options.cold_start,
        };
        Ok(Asked { from: Some(begins), ends, timing })
    }

    /// The timing with a start of 0 if the start is not known yet.
    pub(super) fn provisional(&self) -> Timing {
        self.timing.clone()
    }
}

/// The error for an endless run without a start, which cannot end now.
fn lacks_beginning() -> Error {
    Error::usage("a run without an end needs a beginning").help("add `--from`, or an end: `-n` or `-d`")
}

/// The most instances simulated to report how long instances that do not fit would take.
const MOST_SIMULATED: u64 = 10_000;

/// The length of a run of whole instances that does not end before `to`, found by simulating up to a million events
/// after that time; `None` if the run fits.
fn beyond(plan: &Plan, to: i64) -> Option<String> {
    const MOST: u64 = 1_000_000;
    let mut stream = plan.stream();
    stream.ignore_end();
    let (mut words, mut after, mut last) = (Vec::new(), 0, plan.timing.from);
    while let Some(record) = stream.next(&mut words).filter(|_| after < MOST) {
        words.clear();
        last = record.time;
        after += u64::from(last >= to);
    }
    let lasts = format_duration((elapsed(plan.timing.from, last) / SECOND as u64).saturating_add(1) * SECOND as u64);
    match stream.is_cut_by_time() {
        true => Some("more time than there is before the year 2262".to_owned()),
        false if after == 0 => None,
        false if after < MOST => Some(lasts),
        false => Some(format!("more than {lasts}")),
    }
}

/// A valid time, with a margin for events before and after a run.
pub(super) fn within_range(time: Option<i64>) -> Option<i64> {
    time.filter(|time| *time >= TIME_RANGE.start)
}

/// A rate over time, with or without a fixed start.
enum RateProfile {
    /// Independent of the start of the run.
    Anytime(Schedule),
    /// By local time of day.
    Daily(Arc<DailyCurve>),
}

impl RateProfile {
    /// The length in nanoseconds, if there is an end.
    fn length(&self) -> Option<u64> {
        match self {
            RateProfile::Anytime(schedule) => schedule.length(),
            RateProfile::Daily(_) => None,
        }
    }

    /// The start of a run that ends at `ends`. Its length follows from the number of events or the end of its stages,
    /// whichever comes first.
    fn begin(&self, events: Option<u64>, ends: i64) -> Result<i64, Error> {
        match self {
            RateProfile::Anytime(schedule) => {
                let length = schedule.length();
                let by_count = events.map(|events| schedule.slot(events).or(length).unwrap_or(u64::MAX));
                let span = [length, by_count].into_iter().flatten().min().unwrap_or(0);
                let span = (span / SECOND as u64).saturating_add(1).saturating_mul(SECOND as u64);
                within_range(ends.checked_sub_unsigned(span)).ok_or_else(|| too_early(events))
            }
            RateProfile::Daily(curve) => curve.latest_start(events.unwrap_or(0), ends).ok_or_else(|| too_early(events)),
        }
    }

    /// Rejects more events than fit between `from` and the end of event time.
    fn check_room(&self, events: u64, from: i64) -> Result<(), Error> {
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
    fn schedule(&self, from: i64) -> Schedule {
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
fn course(options: &Options, found: &Loaded) -> Result<Option<RateProfile>, Error> {
    let schedule = match (options.rate, options.stages.as_slice(), &found.pace) {
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

fn point(option: &str, text: &str, now: i64) -> Result<i64, Error> {
    units::time(text, now)
        .map_err(|mistake| Error::usage(format!("`{option}`: {}", mistake.message)).help(mistake.help))
}

/// Rejects whole instances that do not fit before the end.
pub(super) fn check(plan: &Plan) -> Result<(), Error> {
    let (Starts::Instances(_) | Starts::Once, Some(to)) = (plan.timing.starts, plan.timing.to) else { return Ok(()) };
    let instances =
        if let Starts::Instances(instances) = plan.timing.starts { instances } else { plan.background as u64 };
    // If the starts alone do not fit, reject many instances by arithmetic, because simulating them may take too long.
    let starting = u128::from(instances.saturating_sub(1)) * u128::from(plan.timing.every);
    let needed = if instances > MOST_SIMULATED && starting >= u128::from(elapsed(plan.timing.from, to)) {
        let starting = u64::try_from(starting).unwrap_or(u64::MAX);
        format!("more than {}", format_duration(starting / SECOND as u64 * SECOND as u64))
    } else {
        match beyond(plan, to) {
            Some(needed) => needed,
            None => return Ok(()),
        }
    };
    let message = format!("these instances do not end before {}: they need {needed}", format_time(to));
    Err(Error::usage(message).help("give a later `--to`, fewer `--instances`, or a number of `--events` instead"))
}
