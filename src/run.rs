//! The main loop of a run: worker threads simulate, render and emit events in order, until the run or its sink ends.
//!
//! Each thread takes the next batch of the simulation, renders it, and queues it in a reorder buffer, which passes
//! batches to the sink in order. The first thread also simulates batches for the others (see `prefetch`). The output is
//! in the order of the run, whatever the number of threads.

mod counters;
mod live;
mod prefetch;
mod reorder;
mod resume;
mod selection;
mod slice;
mod source;
mod summary;
mod truth;

#[cfg(feature = "metrics")]
pub(crate) use counters::LATE;
pub(crate) use counters::{Counters, Progress};
pub use live::{Lag, Live};
pub(crate) use resume::resume_watched;
pub use resume::{Resumed, resume};
pub use selection::Selection;
pub use slice::{Shard, Slice};
use summary::Kinds;
pub(crate) use summary::Summary;

use crate::{
    bytes::Chunk,
    error::Error,
    plan::{Plan, Starts},
    render::Renderer,
    sink::{Delivered, Encoder, Ending, Failed, Flow, Lines, Sink},
    units::format_count,
};
use live::Pacer;
use prefetch::Prefetch;
use reorder::{Made, Reorder};
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
pub(crate) use truth::truth_of;

/// How a run is emitted. None of these options changes a byte of an event.
#[derive(Debug, Default)]
pub struct EmitOptions {
    /// Which events of the run to emit.
    pub part: Slice,
    /// Whether to compute a digest of the emitted events for the summary.
    pub digest: bool,
    /// The number of threads, at most [`MOST_THREADS`]; `None` takes as many as make this sink faster. A live run has
    /// one thread. If the system refuses to start a thread, the run continues with the others.
    pub threads: Option<NonZero<usize>>,
    /// Emit at the pace of the wall clock instead of as fast as possible.
    pub live: Option<Live>,
    /// Where to write the ground truth.
    pub truth: Option<Truth>,
    /// Counters that other threads can read during the run.
    pub counters: Option<Arc<Counters>>,
}

/// Where to write the ground truth (labels), and for which instances.
#[derive(Debug)]
pub struct Truth {
    /// The output file.
    pub lines: Lines,
    /// Whether to label every instance, not only the injected ones.
    pub all: bool,
    /// The number, in the whole run, of the first event of the data: instances that ended before it are left out.
    pub since: u64,
}

/// The result of a run, successful or not.
#[derive(Debug)]
pub struct Outcome {
    /// Counts of the generated events.
    pub summary: Summary,
    /// The events that the sink delivered.
    pub delivered: Delivered,
    /// How many events of the run were simulated, not counting those of injected instances. This is the `-n` of a run
    /// that would end here.
    pub background: u64,
    /// How late the events of a live run left.
    pub lag: Option<Lag>,
    /// Whether the run was stopped from outside before its end.
    pub stopped: bool,
    /// Why the run failed, if it did.
    pub error: Option<Error>,
}

/// State that the threads of a run share.
struct Shared<'p> {
    plan: &'p Plan,
    source: Mutex<Source<'p>>,
    output: Mutex<Output>,
    ahead: Prefetch,
    turns: Reorder,
    encoder: Option<Encoder>,
    /// Set when the run has ended or the sink takes no more events.
    over: AtomicBool,
    stop: &'p AtomicBool,
}

/// The receiving end of the reorder buffer: batches arrive here in the order of the run.
struct Output {
    sink: Box<dyn Sink>,
    truth: Option<Truth>,
    summary: Summary,
    counters: Option<Arc<Counters>>,
    open: bool,
    error: Option<Error>,
}

/// The most threads of a run. All of them take batches from one simulation, which can supply tens of threads, and each
/// needs memory for several batches.
pub(crate) const MOST_THREADS: usize = 256;

/// Events in a batch: enough that the cost of synchronisation is negligible, few enough to fit into the processor's
/// cache.
const BATCH: usize = 256;

/// Emits a plan's events into a sink. When `stop` becomes true, the run ends early, after a complete event.
pub fn emit(plan: &Plan, sink: Box<dyn Sink>, how: EmitOptions, stop: &AtomicBool) -> Outcome {
    let EmitOptions { part, digest, threads, live, truth, counters } = how;
    if let Some(counters) = &counters {
        counters.begin(sink.tally());
    }
    let threads = match &live {
        Some(_) => 1,
        None => threads.map_or_else(|| default_threads(&*sink), NonZero::get).min(MOST_THREADS),
    };
    let encoder = sink.encoder().filter(|_| live.is_none());
    let pacer = live.map(|live| Pacer::new(live, plan.timing.from, part.skip > 0, counters.clone()));
    let recorder = truth.as_ref().map(|truth| Recorder::new(plan, truth.all, truth.since));
    let size = encoder.as_ref().map_or(BATCH, |_| Encoder::EVENTS);
    let mut source = Source::new(plan, part, pacer, recorder, size);
    source.counters.clone_from(&counters);
    let shared = Shared {
        plan,
        source: Mutex::new(source),
        output: Mutex::new(Output {
            sink,
            truth,
            summary: Summary::new(plan, digest),
            counters,
            open: true,
            error: None,
        }),
        ahead: Prefetch::new(threads),
        turns: Reorder::new(threads),
        encoder,
        over: AtomicBool::new(false),
        stop,
    };
    let short = thread::scope(|scope| {
        let start = |number| {
            let (name, shared) = (format!("render-{number}"), &shared);
            thread::Builder::new().name(name).spawn_scoped(scope, move || shared.work(number)).err()
        };
        // Any thread can take any batch, so the run continues with the threads that did start.
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

/// As many threads as make the run faster with this sink, limited by the processors of the machine.
fn default_threads(sink: &dyn Sink) -> usize {
    sink.worthwhile_threads().min(thread::available_parallelism().map_or(1, NonZero::get))
}

impl Shared<'_> {
    /// A worker thread: passes batches from the source to the output until there are none left.
    fn work(&self, number: usize) {
        let mut renderer = Renderer::new(self.plan);
        let mut made = Made { by: number, ..Made::default() };
        loop {
            let Made { batch, chunk, kinds, .. } = &mut made;
            if number == 0 {
                self.simulate_ahead();
            }
            // A batch that was taken from the simulation is always emitted, even if the run is stopped meanwhile.
            if !self.ahead.take(batch) && !self.simulate(&mut lock(&self.source), batch) {
                return;
            }
            chunk.clear();
            for record in &batch.records {
                renderer.render(record, &batch.slots, chunk);
            }
            kinds.count(self.plan, &batch.records);
            chunk.encoded = self.encoder.as_ref().and_then(|encoder| encoder.encode(chunk));
            made = self.turns.put(made, |made| self.hand_over(made));
        }
    }

    /// Simulates batches in advance, for the other threads too.
    fn simulate_ahead(&self) {
        while let Some(mut batch) = self.ahead.wanted() {
            let mut source = lock(&self.source);
            if !self.simulate(&mut source, &mut batch) {
                return;
            }
            // While the source is still locked: nobody else can simulate a batch in between, so the queue stays in
            // order.
            self.ahead.put(batch);
        }
    }

    /// Fills a batch from the simulation; returns false if the run is over.
    fn simulate(&self, source: &mut Source, batch: &mut Batch) -> bool {
        let is_filled = !self.over.load(Ordering::Relaxed) && source.fill(batch, self.stop);
        if !is_filled || source.ended || self.stop.load(Ordering::Relaxed) {
            self.over.store(true, Ordering::Relaxed);
        }
        is_filled
    }

    /// Passes a batch to the sink when its turn has come.
    fn hand_over(&self, Made { batch, chunk, kinds, .. }: &mut Made) {
        let mut output = lock(&self.output);
        if output.open {
            output.put(batch, chunk, kinds);
        }
        if output.open
            && !batch.dues.is_empty()
            && let Some(pacer) = &mut lock(&self.source).pacer
            && let Err(late) = pacer.left(&batch.dues)
        {
            output.close(Some(late));
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
            // A run cannot be resumed after its last event.
            delivered.next = None;
        }
        delivered.notes.extend(source.notes());
        let background = source.emitted();
        let lag = source.pacer.map(|pacer| pacer.lag());
        Outcome { summary: output.summary, delivered, background, lag, stopped, error }
    }
}

/// Closes the sink and the ground truth, in an order that is safe if one of them fails: the run is then either complete
/// or can be resumed.
///
/// The truth is synced to disk before the output gets its final name. Resuming needs the output's `.part` and rewrites
/// the truth from the beginning; once the output has its final name, the run can no longer be resumed.
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

/// The error for a run with fewer events than requested, because event time ends.
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
        if let Some(counters) = &self.counters {
            counters.took(&self.summary, chunk);
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
