//! The one loop: simulate, render, hand over in order, until the run or its sink ends.
//!
//! Each thread takes the next batch of the simulation, renders it, waits for its turn and hands it over; the first one
//! simulates, for the others, too. What comes out is in the run's order however many threads there are.

mod ahead;
mod continuation;
mod live;
mod only;
mod part;
mod source;
mod summary;
mod truth;
mod turns;
mod watch;

pub use continuation::{Resumed, resume, resume_watched};
pub use live::{Lag, Live};
pub use only::Only;
pub use part::{Part, Shard};
use summary::Kinds;
pub use summary::Summary;
pub use watch::{LATE, Seen, Watch};

use crate::{
    error::Error,
    plan::{Plan, Starts},
    render::Renderer,
    sink::{Chunk, Delivered, Encoder, Ending, Failed, Flow, Lines, Sink},
    units::format_count,
};
use ahead::Ahead;
use live::Pacer;
use source::{Batch, Source};
use std::{
    num::NonZero,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};
use truth::Recorder;
use turns::{Made, Turns};

/// How a run is emitted: nothing of it changes a byte of an event.
#[derive(Debug, Default)]
pub struct How {
    /// Which of its events.
    pub part: Part,
    /// Whether the summary has a digest of what was emitted.
    pub digest: bool,
    /// How many threads, at most [`MOST_THREADS`]; as many as pay for this sink if `None`. A live run has one. Those that
    /// the machine does not start are not needed.
    pub threads: Option<NonZero<usize>>,
    /// At the pace of the wall clock, instead of as fast as possible.
    pub live: Option<Live>,
    /// Where to write what really happened.
    pub truth: Option<Truth>,
    /// Who watches it meanwhile.
    pub watch: Option<Arc<Watch>>,
}

/// Where to write what really happened.
#[derive(Debug)]
pub struct Truth {
    /// The file.
    pub lines: Lines,
    /// About every story, not only those that were injected.
    pub all: bool,
    /// Not about stories that were over before this event of the whole run: where the data begins.
    pub since: u64,
}

/// What a run has done when it is over.
#[derive(Debug)]
pub struct Outcome {
    /// What was generated, counted.
    pub summary: Summary,
    /// What the sink has delivered.
    pub delivered: Delivered,
    /// How many events of the run were simulated, those of injected stories left out: `-n` of a run that ends here.
    pub background: u64,
    /// How well a live run kept to the clock.
    pub lag: Option<Lag>,
    /// Whether it was stopped from outside before its end.
    pub stopped: bool,
    /// Why it failed, if it did.
    pub error: Option<Error>,
}

/// What the threads of a run share.
struct Shared<'p> {
    plan: &'p Plan,
    source: Mutex<Source<'p>>,
    output: Mutex<Output>,
    ahead: Ahead,
    turns: Turns,
    encoder: Option<Encoder>,
    /// The run is over, or nobody takes its events any more.
    over: AtomicBool,
    stop: &'p AtomicBool,
}

/// Where batches go, in their order.
struct Output {
    sink: Box<dyn Sink>,
    truth: Option<Truth>,
    summary: Summary,
    watch: Option<Arc<Watch>>,
    open: bool,
    error: Option<Error>,
}

/// The most threads of a run. Each takes its batches from one simulation, which keeps tens of them busy, and has memory
/// for some.
pub const MOST_THREADS: usize = 256;

/// Events of a batch: enough that taking turns costs nothing, few enough for the processor's cache.
const BATCH: usize = 256;

/// Emits a plan's events into a sink. Ends early, after whole events, when `stop` becomes true.
pub fn emit(plan: &Plan, sink: Box<dyn Sink>, how: How, stop: &AtomicBool) -> Outcome {
    let How { part, digest, threads, live, truth, watch } = how;
    if let Some(watch) = &watch {
        watch.begin(sink.tally());
    }
    let threads = match &live {
        Some(_) => 1,
        None => threads.map_or_else(|| default_threads(&*sink), NonZero::get).min(MOST_THREADS),
    };
    let encoder = sink.encoder().filter(|_| live.is_none());
    let pacer = live.map(|live| Pacer::new(live, plan.timing.from, part.skip > 0, watch.clone()));
    let recorder = truth.as_ref().map(|truth| Recorder::new(plan, truth.all, truth.since));
    let size = encoder.as_ref().map_or(BATCH, Encoder::events);
    let mut source = Source::new(plan, part, pacer, recorder, size);
    source.watch.clone_from(&watch);
    let shared = Shared {
        plan,
        source: Mutex::new(source),
        output: Mutex::new(Output { sink, truth, summary: Summary::new(plan, digest), watch, open: true, error: None }),
        ahead: Ahead::new(threads),
        turns: Turns::new(threads),
        encoder,
        over: AtomicBool::new(false),
        stop,
    };
    let short = thread::scope(|scope| {
        let start = |number| {
            let (name, shared) = (format!("render-{number}"), &shared);
            thread::Builder::new().name(name).spawn_scoped(scope, move || shared.work(number)).err()
        };
        // A thread takes batches that any other takes, too: the run continues with those that there are.
        let short = (1..threads).find_map(|number| start(number).map(|error| (number, error)));
        shared.work(0);
        short
    });
    let mut outcome = shared.finish();
    outcome.delivered.notes.extend(short.map(|(started, error)| {
        let why = crate::sink::reason(&error);
        format!("only {started} of {threads} threads could be started, which changes no byte: {why}")
    }));
    outcome
}

/// As many as make the run faster, if the machine has so many.
fn default_threads(sink: &dyn Sink) -> usize {
    sink.worthwhile_threads().min(thread::available_parallelism().map_or(1, NonZero::get))
}

impl Shared<'_> {
    /// Takes batches from the source to the output until there are none.
    fn work(&self, number: usize) {
        let mut renderer = Renderer::new(self.plan);
        let mut made = Made { by: number, ..Made::default() };
        loop {
            let Made { batch, chunk, kinds, .. } = &mut made;
            if number == 0 {
                self.simulate_ahead();
            }
            // What was taken from the simulation is emitted, whatever happens meanwhile.
            if !self.ahead.take(batch) && !self.simulate(&mut lock(&self.source), batch) {
                return;
            }
            chunk.clear();
            for record in &batch.records {
                renderer.render(record, &batch.words, chunk);
            }
            kinds.count(self.plan, &batch.records);
            chunk.encoded = self.encoder.as_ref().and_then(|encoder| encoder.encode(chunk));
            made = self.turns.put(made, |made| self.hand_over(made));
        }
    }

    /// Simulates for the others, too.
    fn simulate_ahead(&self) {
        while let Some(mut batch) = self.ahead.wanted() {
            let mut source = lock(&self.source);
            if !self.simulate(&mut source, &mut batch) {
                return;
            }
            // Before anybody else simulates, so that those that wait are in the run's order.
            self.ahead.put(batch);
        }
    }

    /// Fills a batch; false if the run is over.
    fn simulate(&self, source: &mut Source, batch: &mut Batch) -> bool {
        let is_filled = !self.over.load(Ordering::Relaxed) && source.fill(batch, self.stop);
        if !is_filled || source.ended || self.stop.load(Ordering::Relaxed) {
            self.over.store(true, Ordering::Relaxed);
        }
        is_filled
    }

    /// Hands over a batch whose turn it is.
    fn hand_over(&self, Made { batch, chunk, kinds, .. }: &mut Made) {
        let mut output = lock(&self.output);
        if output.open {
            output.put(batch, chunk, kinds);
        }
        if output.open
            && !batch.dues.is_empty()
            && let Some(pacer) = &mut lock(&self.source).pacer
            && let Err(behind) = pacer.left(&batch.dues)
        {
            output.close(Some(behind));
        }
        if !output.open {
            self.over.store(true, Ordering::Relaxed);
        }
    }

    fn finish(self) -> Outcome {
        let source = self.source.into_inner().unwrap_or_else(PoisonError::into_inner);
        let output = self.output.into_inner().unwrap_or_else(PoisonError::into_inner);
        let stopped = !source.ended && output.open;
        let short = source.ended && output.error.is_none() && source.is_cut_by_time();
        let mut error = output.error;
        if short {
            error = Some(cut_by_time(self.plan, source.emitted()));
        }
        let ending = if source.ended && output.open && error.is_none() { Ending::Complete } else { Ending::Stopped };
        let mut delivered = close_files(output.sink, output.truth.map(|truth| truth.lines), ending, &mut error);
        if short {
            // There is nothing to go on with.
            delivered.next = None;
        }
        delivered.notes.extend(source.notes());
        let background = source.emitted();
        let lag = source.pacer.map(|pacer| pacer.lag());
        Outcome { summary: output.summary, delivered, background, lag, stopped, error }
    }
}

/// Ends the sink and the truth, in an order in which a failure of one leaves the other such that the run can be
/// continued or is complete.
///
/// The truth is on the disk before the output gets its name: a continuation needs the output's part, and writes the
/// truth again. Once the output has its name, no continuation is offered.
fn close_files(
    sink: Box<dyn Sink>,
    mut truth: Option<Lines>,
    mut ending: Ending,
    error: &mut Option<Error>,
) -> Delivered {
    let mut fail = |later: Error| {
        *error = Some(match error.take() {
            Some(first) => first.then(later),
            None => later,
        });
    };
    if ending == Ending::Complete
        && let Some(lines) = &mut truth
        && let Err(failed) = lines.sync()
    {
        fail(failed.help("the truth is written again from its beginning when the run is continued"));
        truth = None;
        ending = Ending::Stopped;
    }
    let mut delivered = sink.finish(ending).unwrap_or_else(|failed| {
        let Failed { error, delivered } = *failed;
        fail(error);
        if delivered.unfinished || delivered.unknown > 0 {
            ending = Ending::Stopped;
        }
        delivered
    });
    match truth.map(|lines| lines.finish(ending)) {
        Some(Ok(note)) => delivered.notes.extend(note),
        Some(Err(failed)) => {
            fail(failed);
            if ending == Ending::Complete {
                delivered.next = None;
            }
        }
        None => {}
    }
    delivered
}

/// That a run has fewer events than were asked for, because event time ends.
fn cut_by_time(plan: &Plan, emitted: u64) -> Error {
    let events = if emitted == 1 { "1 event".to_owned() } else { format!("{} events", format_count(emitted)) };
    let message = format!("the run ended after {events}: event time ends in the year 2262");
    let error = Error::failed(message);
    match (&plan.timing.schedule, plan.timing.starts) {
        (Some(_), _) => error.help("raise the rate, give an earlier `--from`, or ask for fewer events"),
        (None, Starts::Unbounded) => error.help("let instances start more often, with a shorter `--every`"),
        (None, _) => error.help("give an earlier `--from`, or shorten the delays of the scenario or `--every`"),
    }
}

impl Output {
    fn put(&mut self, batch: &Batch, chunk: &mut Chunk, kinds: &Kinds) {
        self.summary.count(chunk, kinds);
        match self.sink.take_over(chunk) {
            Ok(Flow::Open) => {}
            Ok(Flow::Closed) => self.close(None),
            Err(failed) => self.close(Some(failed)),
        }
        if let Some(watch) = &self.watch {
            watch.took(&self.summary, chunk);
        }
        if self.open
            && let Some(truth) = &mut self.truth
            && let Err(failed) = truth.lines.write(&batch.truth)
        {
            self.close(Some(failed));
        }
    }

    fn close(&mut self, error: Option<Error>) {
        self.open = false;
        self.error = error;
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
