//! Third step of planning: start, end and rate of a run, for all combinations of options.
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

mod bound;
mod dry_run;
mod rate;
mod simulable;

use crate::{
    catalog::Catalog,
    error::Error,
    plan::{DryRun, Options, Starts, Timing, Workload},
    planner::{inject, load::Loaded, resolved_run::ResolvedRun},
    schedule::Schedule,
    units::{self, SECOND, TIME_RANGE, elapsed, format_time},
};
use rate::{RateProfile, rate_profile};

/// The times of a run.
pub(super) struct Timed {
    /// Start, end and rate.
    pub timing: Timing,
    /// The simulation of the whole run, if its times follow from it and it is short.
    pub dry_run: Option<DryRun>,
    /// Without a rate and if it had to be known: the time of the last event that is not injected, or an upper bound.
    pub last: Option<i64>,
    /// Whether the start is given as an absolute point in time.
    pub(crate) is_fixed: bool,
}

/// The times that the options ask for.
struct Asked {
    start: Start,
    to: Option<i64>,
    every: u64,
    events: Option<u64>,
    starts: Starts,
    schedule: Option<Schedule>,
    warm: bool,
}

/// When a run starts, in nanoseconds since the Unix epoch.
#[derive(Debug, Clone, Copy)]
enum Start {
    /// At this time.
    At(i64),
    /// Early enough to end at this time.
    EndingAt(i64),
}

impl Timed {
    /// The times of a resolved run.
    ///
    /// # Errors
    ///
    /// Options that contradict each other, and runs that do not fit into their times.
    pub(super) fn new(
        catalog: &Catalog,
        options: &Options,
        loaded: &Loaded,
        resolved: &ResolvedRun,
    ) -> Result<Timed, Error> {
        let asked = Asked::new(options, loaded)?;
        if let Start::EndingAt(_) = asked.start {
            inject::check_relative(&loaded.injected)?;
        }
        let (from, last, dry_run) = asked.start(catalog, resolved.workload())?;
        let Asked { to, every, events, starts, schedule, warm, .. } = asked;
        let timing = Timing { from, to, every, events, starts, schedule, warm };
        let is_relative = match &options.from {
            Some(from) => units::is_relative_time(from),
            None => loaded.from.is_none_or(|from| from.is_relative),
        };
        Ok(Timed { timing, dry_run, last, is_fixed: !is_relative })
    }
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
    fn new(options: &Options, loaded: &Loaded) -> Result<Asked, Error> {
        let now = loaded.now;
        if options.events.is_some() && options.instances.is_some() {
            return Err(Error::usage("`--events` and `--instances` exclude each other").help("leave one of them out"));
        }
        let mut from = options
            .from
            .as_deref()
            .map(|text| point("--from", text, now))
            .transpose()?
            .or(loaded.from.map(|from| from.time));
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
        if let Some(rate) = rate_profile(options, loaded)? {
            return Self::paced(options, &rate, from, to, now);
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
        let every = options.every.or(loaded.every).unwrap_or(SECOND as u64);
        if every == 0 && starts == Starts::Unbounded {
            let error = Error::usage("with `every: 0s` a run needs a number of instances, or it never gets anywhere");
            return Err(error.help("give `--instances 100`, or a longer `--every`"));
        }
        let start = from.map_or(Start::EndingAt(to.unwrap_or(now)), Start::At);
        let to = to.filter(|_| from.is_some());
        Ok(Asked { start, to, every, events: options.events, starts, schedule: None, warm: false })
    }

    /// The timing of a run with a rate.
    fn paced(
        options: &Options,
        rate: &RateProfile,
        from: Option<i64>,
        to: Option<i64>,
        now: i64,
    ) -> Result<Asked, Error> {
        if options.instances.is_some() {
            let error = Error::usage("`--instances` and a rate exclude each other");
            return Err(error.help("give a number of `--events` or a `--duration` instead"));
        }
        let ends_itself = options.events.is_some() || rate.length().is_some() || options.live || options.unbounded;
        if !ends_itself && (from.is_none() || (to.is_none() && !options.endless)) {
            return Err(Error::usage("a run with a rate needs an end")
                .help("add `-n 1M`, `-d 1h` or `--to`, or `--live` to run until it is stopped"));
        }
        if from.is_none() && options.events.is_none() && rate.length().is_none() {
            return Err(lacks_beginning());
        }
        let ends = to.unwrap_or(now);
        let begins = from.map_or_else(|| rate.begin(options.events, ends), Ok)?;
        if let (Some(events), None) = (options.events, to) {
            rate.check_room(events, begins)?;
        }
        Ok(Asked {
            start: Start::At(begins),
            to: to.filter(|_| from.is_some()),
            every: SECOND as u64,
            events: options.events,
            starts: Starts::Unbounded,
            schedule: Some(rate.schedule(begins)),
            warm: !options.cold_start,
        })
    }

    /// When the run starts and, where that was determined, when it ends. The length of a run without a rate is needed if
    /// its start follows from it, if its last instance has to end in time, or to place injected scenarios.
    fn start(&self, catalog: &Catalog, workload: Workload<'_>) -> Result<(i64, Option<i64>, Option<DryRun>), Error> {
        if let (Some(_), Start::At(from)) = (&self.schedule, self.start) {
            return Ok((from, None, None));
        }
        simulable::check(catalog, workload, self)?;
        let is_whole = matches!(self.starts, Starts::Instances(_) | Starts::Once);
        match (self.start, self.to) {
            (Start::EndingAt(end), _) => {
                dry_run::ending_at(end, workload, self).map(|(from, ends)| (from, Some(ends.last), ends.run))
            }
            (Start::At(from), Some(to)) if is_whole => {
                dry_run::ending_before(to, workload, self, from).map(|run| (from, None, run))
            }
            (Start::At(from), None) if self.needs_end(workload) => {
                let ends = dry_run::whole(workload, self, from);
                Ok((from, Some(ends.last), ends.run))
            }
            (Start::At(from), _) => Ok((from, None, None)),
        }
    }

    /// Nanoseconds from start to end, if both are given.
    fn span(&self) -> Option<u64> {
        match (self.start, self.to) {
            (Start::At(from), Some(to)) => Some(elapsed(from, to)),
            _ => None,
        }
    }

    /// Whether injected scenarios have to lie within a run that ends with its last instance or event.
    fn needs_end(&self, workload: Workload<'_>) -> bool {
        let is_endless = self.starts == Starts::Unbounded && self.events.is_none();
        workload.background < workload.scenarios.len() && !is_endless
    }
}

/// The error for an endless run without a start, which cannot end now.
fn lacks_beginning() -> Error {
    Error::usage("a run without an end needs a beginning").help("add `--from`, or an end: `-n` or `-d`")
}

/// A valid time, with a margin for events before and after a run.
fn within_range(time: Option<i64>) -> Option<i64> {
    time.filter(|time| *time >= TIME_RANGE.start)
}

fn point(option: &str, text: &str, now: i64) -> Result<i64, Error> {
    units::time(text, now)
        .map_err(|diagnostic| Error::usage(format!("`{option}`: {}", diagnostic.message)).help(diagnostic.help))
}
