//! `--live` and related options: a run at the pace of the wall clock.

use super::Generate;
use crate::{
    clock::{self, SystemClock},
    error::Error,
    plan::{Options, Plan},
    run::{Lag, Live},
    run_file::RunFile,
    units::{self, SECOND, format_duration, format_time},
};
use clap::Args;
use std::{sync::Arc, time::Instant};

#[derive(Args)]
#[command(next_help_heading = "Pace")]
pub(super) struct LiveOptions {
    /// Emit each event when its time has come by the wall clock, whatever the sink does: a run that was held up catches
    /// up, and the summary says how late events were. Event time begins now, or at `--from`, which is waited for;
    /// without an end the run lasts until it is stopped.
    #[arg(long)]
    live: bool,

    /// Seconds of event time in a second of wall time, such as `60` for an hour in a minute; implies `--live`.
    /// [default: with `--live`, 1]
    #[arg(long, value_name = "X", value_parser = speed, allow_negative_numbers = true)]
    speed: Option<f64>,

    /// End the run, with exit status 1, when any event leaves later than this, such as `30s`: also after a freeze of the
    /// process or the machine. [default: never]
    #[arg(long, value_name = "D", value_parser = units::duration, allow_hyphen_values = true)]
    max_lag: Option<u64>,

    /// With `--live` and `--skip`: go on from now, as a new run with other ids, instead of catching up.
    #[arg(long, requires = "skip")]
    re_pace: bool,
}

/// A run that ends more than this late (in nanoseconds) has missed its target.
const TOLERATED: u64 = 1_000_000_000;

/// If simulating the events before the start may take longer than this (in nanoseconds), the start is postponed.
const PREPARED_IN_TIME: i64 = SECOND / 2;

impl LiveOptions {
    pub(super) fn is_live(&self) -> bool {
        self.live || self.speed.is_some()
    }

    /// Whether the run begins at another time than its options say.
    pub(super) fn is_re_paced(&self) -> bool {
        self.re_pace
    }

    /// Seconds of event time in a second of wall time, for a live run.
    pub(super) fn speed(&self) -> Option<f64> {
        self.is_live().then(|| self.speed.unwrap_or(1.0))
    }

    pub(super) fn live(&self) -> Option<Live> {
        let clock = Arc::new(SystemClock::new());
        self.speed().map(|speed| Live { clock, speed, max_lag: self.max_lag })
    }

    /// The options that repeat the pace.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        match self.speed {
            Some(speed) => words.extend(["--speed".to_owned(), speed.to_string()]),
            None => words.extend(self.live.then(|| "--live".to_owned())),
        }
        if let Some(lag) = self.max_lag {
            words.extend(["--max-lag".to_owned(), format_duration(lag)]);
        }
        words
    }
}

/// A plan, and whether its start is what was asked for.
pub(super) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) start: Start,
}

/// Where the start of a run comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// From the options or a file, or it is the time of the call.
    AsGiven,
    /// Chosen here, so that the next event is due soon.
    Chosen,
}

/// Plans a run whose start is late enough for the preparation to finish in time.
pub(super) fn plan(arguments: &Generate, recorded: Option<&RunFile>) -> Result<Planned, Error> {
    let as_given = |plan| Planned { plan, start: Start::AsGiven };
    let pace = &arguments.pace;
    let mut options = recorded.map_or_else(|| arguments.options(), |run| run.options.clone());
    if !pace.is_live() {
        if let Some(option) = pace.max_lag.map(|_| "--max-lag").or(pace.re_pace.then_some("--re-pace")) {
            return Err(Error::usage(format!("`{option}` needs `--live`")).help("add `--live`"));
        }
        return recorded.map_or_else(|| Plan::new(&options), RunFile::plan).map(as_given);
    }
    options.live = true;
    // A live run begins as soon as it is ready, not at the start of the second in which it was requested.
    options.from = options.from.filter(|from| from.trim() != "now");
    let now = clock::now();
    let plan = Plan::new(&options)?;
    if pace.re_pace {
        return re_paced(&plan, options, arguments.skip.unwrap_or(0));
    }
    if arguments.skip.is_none_or(|skip| skip == 0) && plan.timing.from < now - SECOND {
        let message = format!("a live run begins now or later, and not at {}", format_time(plan.timing.from));
        return Err(Error::usage(message)
            .help("leave out `--live` for what is past: it is generated as fast as possible")
            .help("to continue a live run that was stopped, add the `--skip N` that it printed"));
    }
    if options.from.is_some() || plan.timing.from < now {
        return Ok(as_given(plan));
    }
    let begun = Instant::now();
    drop(plan.stream());
    let preparing = i64::try_from(begun.elapsed().as_nanos()).unwrap_or(i64::MAX);
    if preparing < PREPARED_IN_TIME {
        return Ok(as_given(plan));
    }
    // Allow the same time again, and half of it in addition in case the machine is busy.
    options.seed = Some(plan.seed);
    options.from = Some(format_time(whole_second(preparing / 2 * 3)));
    Ok(Planned { plan: Plan::new(&options)?, start: Start::Chosen })
}

/// Plans the same run with another start, such that its event `skip` is due next.
fn re_paced(plan: &Plan, mut options: Options, skip: u64) -> Result<Planned, Error> {
    if !plan.timing.schedule.as_ref().is_none_or(crate::schedule::Schedule::is_relative) {
        let error = Error::usage("`--re-pace` cannot shift a daily curve, whose rate is that of the hour");
        return Err(error.help("begin a new run with `--live`"));
    }
    let mut stream = plan.stream();
    let mut words = Vec::new();
    let next = std::iter::from_fn(|| {
        words.clear();
        stream.next(&mut words)
    });
    let Some(record) = next.into_iter().find(|record| record.number == skip) else {
        return Err(Error::usage(format!("the run has no more than {skip} events")).help("give the printed `--skip`"));
    };
    let begins = whole_second(0) - (record.time - plan.timing.from);
    let length = plan.timing.to.map(|to| to - plan.timing.from);
    options.seed = Some(plan.seed);
    options.from = Some(format_time(begins));
    options.duration = None;
    options.to = length.map(|length| format_time(begins + length));
    Ok(Planned { plan: Plan::new(&options)?, start: Start::Chosen })
}

/// The next whole second that is at least a second plus `longer` away.
fn whole_second(longer: i64) -> i64 {
    let now = clock::now();
    (now + longer).div_euclid(SECOND) * SECOND + 2 * SECOND
}

/// The error for a run that took too long, if it did.
pub(super) fn missed(lag: Lag) -> Option<Error> {
    (lag.last > TOLERATED).then(|| {
        let late = format_duration(lag.last / 1_000_000 * 1_000_000);
        Error::failed(format!("the target was missed: the last event left {late} late"))
            .help("lower the rate, or find out what holds up the reader of the events")
    })
}

/// Parses a speed.
fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "write a number such as `60`, for an hour in a minute".to_owned())?;
    if speed.is_finite() && (1e-6..=1e6).contains(&speed) {
        Ok(speed)
    } else {
        Err("a speed is more than 0, such as `60` for an hour in a minute or `0.5` for half the pace".to_owned())
    }
}
