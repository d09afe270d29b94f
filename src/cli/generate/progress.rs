//! Progress display: a line about the run on standard error, drawn by its own thread.
//!
//! The run never waits for it. There is no display if events are printed to the same terminal.

use super::Generate;
use crate::{
    cli::report,
    plan::{Plan, Starts},
    run::{Counters, Progress, Slice},
    schedule::Schedule,
    units::{elapsed, format_bytes, format_count, format_time},
};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use std::{
    cell::Cell,
    collections::VecDeque,
    fmt::Write,
    io::{self, IsTerminal},
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Time between two lines.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Time between two updates of a bar.
const BETWEEN_DRAWINGS: Duration = Duration::from_millis(250);

/// The time over which a bar's rate is averaged.
const RATE_OVER: Duration = Duration::from_secs(2);

/// The number of positions of a bar.
const STEPS: u64 = 1_000;

/// The forms of the display.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ProgressName {
    /// A bar on a terminal that shows no events, else a line every ten seconds.
    Auto,
    /// A line that changes; `plain` where standard error is no terminal.
    Bar,
    /// A line every ten seconds and one at the end.
    Plain,
    /// The same as JSON.
    Json,
    /// Nothing.
    None,
}

/// The facts about a run that are known before it begins.
#[derive(Debug, Clone)]
pub(super) struct RunFacts {
    from: i64,
    /// The end of event time, if known.
    to: Option<i64>,
    /// The number of events of the whole run, if it is limited.
    events: Option<u64>,
    skip: u64,
    /// For a live run: seconds of event time in a second of wall time.
    speed: Option<f64>,
    schedule: Option<Schedule>,
}

impl RunFacts {
    pub(super) fn new(plan: &Plan, part: &Slice, speed: Option<f64>) -> Self {
        let timing = &plan.timing;
        let length = timing.schedule.as_ref().and_then(Schedule::length);
        let stages = length.map(|length| timing.from.saturating_add_unsigned(length));
        let instances = match timing.starts {
            Starts::Instances(instances) => {
                Some(timing.from.saturating_add_unsigned(instances.saturating_mul(timing.every)))
            }
            _ => None,
        };
        RunFacts {
            from: timing.from,
            to: [timing.to, stages, instances].into_iter().flatten().min(),
            events: timing.events.into_iter().chain(part.first).min(),
            skip: part.skip,
            speed,
            schedule: timing.schedule.clone(),
        }
    }

    /// Whether the run is live.
    #[cfg(feature = "metrics")]
    pub(super) fn is_live(&self) -> bool {
        self.speed.is_some()
    }

    /// Events per second of wall time that a live run should have now, if it has a rate.
    pub(super) fn target(&self, seen: &Progress) -> Option<f64> {
        let (speed, schedule) = (self.speed?, self.schedule.as_ref()?);
        let since = if seen.events == 0 { 0 } else { elapsed(self.from, seen.time) };
        // Averaged over a minute of event time, so that slow rates count some events.
        let over = 60_000_000_000_u64;
        let events = schedule.count_before(since.saturating_add(over)) - schedule.count_before(since);
        Some(events as f64 / 60.0 * speed)
    }

    /// The fraction of the run that is done, from 0 to 1.
    fn done(&self, seen: &Progress) -> Option<f64> {
        if seen.events == 0 {
            return (self.events.is_some() || self.to.is_some()).then_some(0.0);
        }
        let by_number = self.events.map(|all| {
            let all = all.saturating_sub(self.skip).max(1);
            seen.next.saturating_sub(self.skip) as f64 / all as f64
        });
        let by_time = self.to.map(|to| {
            let all = elapsed(self.from, to).max(1);
            elapsed(self.from, seen.time) as f64 / all as f64
        });
        // The run ends at whichever limit comes first.
        let done = [by_number, by_time].into_iter().flatten().reduce(f64::max)?;
        Some(done.clamp(0.0, 1.0))
    }
}

/// The thread that draws the progress.
pub(super) struct ProgressDisplay {
    over: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl ProgressDisplay {
    /// Starts the display, if the options ask for one.
    pub(super) fn begin(arguments: &Generate, ahead: RunFacts, watch: &Arc<Counters>) -> Option<Self> {
        let name = arguments.watch.progress;
        let terminal = io::stderr().is_terminal();
        let to_stdout = arguments.kafka.topic.is_none()
            && arguments.output.as_ref().is_none_or(|path| path.as_os_str() == "-" || path.ends_with("/dev/stdout"));
        let how = match name {
            _ if arguments.quiet => return None,
            ProgressName::None => return None,
            // The events themselves show progress, and lines among them would be in the way.
            ProgressName::Auto if to_stdout && io::stdout().is_terminal() => return None,
            ProgressName::Auto | ProgressName::Bar if terminal => {
                Display::Bar(bar(ahead.done(&Progress::default()).is_some()))
            }
            ProgressName::Auto | ProgressName::Bar | ProgressName::Plain => Display::Plain,
            ProgressName::Json => Display::Json,
        };
        let every = arguments.watch.progress_every.map_or(BETWEEN_LINES, Duration::from_nanos);
        let drawing = Drawing {
            every: if matches!(how, Display::Bar(_)) { BETWEEN_DRAWINGS } else { every.max(Duration::from_millis(1)) },
            how,
            ahead,
            watch: Arc::clone(watch),
            at_end: name != ProgressName::Auto,
            samples: VecDeque::new(),
            first: None,
        };
        let (over, ended) = mpsc::channel();
        let thread = thread::Builder::new().name("progress".to_owned()).spawn(move || drawing.draw(&ended)).ok()?;
        Some(ProgressDisplay { over, thread })
    }

    /// Ends the display and removes the bar.
    pub(super) fn finish(self) {
        let _ = self.over.send(());
        // A panic of this thread is no failure of the run.
        let _ = self.thread.join();
    }
}

enum Display {
    Bar(ProgressBar),
    Plain,
    Json,
}

/// The state of the display, from one line to the next.
struct Drawing {
    how: Display,
    every: Duration,
    ahead: RunFacts,
    watch: Arc<Counters>,
    /// Whether to print a last line at the end; for people the summary does that.
    at_end: bool,
    /// Recent times with the number of events until then, to compute the rate.
    samples: VecDeque<(Instant, u64)>,
    /// When the first events were seen, and the fraction of the run that was done by then.
    first: Option<(Instant, f64)>,
}

/// The content of a line.
struct Line {
    seen: Progress,
    /// Events per second.
    rate: f64,
    target: Option<f64>,
    done: Option<f64>,
    left: Option<Duration>,
}

impl Drawing {
    fn draw(mut self, over: &mpsc::Receiver<()>) {
        self.samples.push_back((Instant::now(), 0));
        while let Err(RecvTimeoutError::Timeout) = over.recv_timeout(self.every) {
            self.show();
        }
        match &self.how {
            Display::Bar(bar) => bar.finish_and_clear(),
            Display::Plain | Display::Json if self.at_end => self.show(),
            Display::Plain | Display::Json => {}
        }
    }

    fn show(&mut self) {
        let line = self.look();
        match &self.how {
            Display::Bar(bar) => {
                if let Some(done) = line.done {
                    bar.set_position((done * STEPS as f64) as u64);
                }
                bar.set_message(line.text());
                bar.tick();
            }
            Display::Plain => report(&format!("{}\n", line.text())),
            Display::Json => report(&format!("{}\n", line.json())),
        }
    }

    fn look(&mut self) -> Line {
        let (now, seen) = (Instant::now(), self.watch.see());
        let over = if matches!(self.how, Display::Bar(_)) { RATE_OVER } else { Duration::ZERO };
        while self.samples.len() > 1 && self.samples.get(1).is_some_and(|(then, _)| now - *then >= over) {
            self.samples.pop_front();
        }
        let (then, before) = self.samples.front().copied().unwrap_or((now, seen.events));
        self.samples.push_back((now, seen.events));
        let rate = seen.events.saturating_sub(before) as f64 / (now - then).as_secs_f64().max(1e-3);
        let done = self.ahead.done(&seen);
        if seen.events > 0 && self.first.is_none() {
            self.first = done.map(|done| (now, done));
        }
        let left = done.zip(self.first).and_then(|(done, (since, first))| {
            let seconds = (now - since).as_secs_f64() * (1.0 - done) / (done - first);
            Duration::try_from_secs_f64(seconds).ok()
        });
        Line { rate, target: self.ahead.target(&seen), done, left, seen }
    }
}

impl Line {
    fn text(&self) -> String {
        if self.seen.events == 0 && self.seen.passed > 0 {
            return passing(self.seen.passed);
        }
        let mut text = format!("{} events", format_count(self.seen.events));
        if let Some(done) = self.done {
            let _ = write!(text, " ({:.0} %)", (done * 100.0).floor());
        }
        let _ = write!(text, ", {}/s", format_count(self.rate.round() as u64));
        if let Some(target) = self.target {
            let _ = write!(text, " of {}/s", format_count(target.round() as u64));
        }
        let _ = write!(text, ", {}", format_bytes(self.seen.bytes));
        if let Some(left) = self.left {
            let _ = write!(text, ", {} left", remaining(left));
        }
        if let Some((acknowledged, failed)) = self.seen.answers {
            let [flying, acknowledged, failed] = [self.seen.in_flight(), acknowledged, failed].map(format_count);
            let _ = write!(text, "; {flying} in flight, {acknowledged} acknowledged, {failed} failed");
        }
        text
    }

    fn json(&self) -> String {
        let seen = &self.seen;
        let mut line = json!({
            "events": seen.events,
            "passed": seen.passed,
            "bytes": seen.bytes,
            "event_time": (seen.events > 0).then(|| format_time(seen.time)),
            "events_a_second": (self.rate * 10.0).round() / 10.0,
            "target_events_a_second": self.target,
            "done": self.done,
            "seconds_left": self.left.map(|left| left.as_secs_f64().round()),
        });
        if let Some((acknowledged, failed)) = seen.answers {
            line["in_flight"] = seen.in_flight().into();
            line["acknowledged"] = acknowledged.into();
            line["failed"] = failed.into();
        }
        line.to_string()
    }
}

/// The message while events are skipped, before the first event of a part.
fn passing(events: u64) -> String {
    format!("passed over {} events", format_count(events))
}

/// Reports periodically, unless the run is quiet, how many events were skipped to find where it resumes.
pub(super) fn passing_over(arguments: &Generate) -> impl Fn(u64) + use<> {
    let silent = arguments.quiet || matches!(arguments.watch.progress, ProgressName::None | ProgressName::Json);
    let every = arguments.watch.progress_every.map_or(BETWEEN_LINES, Duration::from_nanos);
    let last = Cell::new(Instant::now());
    move |events| {
        if !silent && events > 0 && last.get().elapsed() >= every {
            last.set(Instant::now());
            report(&format!("{}\n", passing(events)));
        }
    }
}

/// Formats the time left: `14s`, `3m05s`, `2h10m`.
fn remaining(left: Duration) -> String {
    let seconds = left.as_secs_f64().ceil() as u64;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
    }
}

/// A progress bar on standard error; a spinner if the run's end is not known.
fn bar(has_end: bool) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr());
    let template = if has_end { "{bar:20} {wide_msg}" } else { "{spinner} {wide_msg}" };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
    }
    bar
}
