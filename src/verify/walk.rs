//! The expected events in the order of the run: simulated, and rendered by several threads where bodies are needed.

use crate::{
    bytes::Chunk,
    plan::Plan,
    render::Renderer,
    run::{Selection, Slice},
    simulation::{Record, Stream},
};
use std::{
    num::NonZero,
    sync::{
        Mutex, PoisonError,
        mpsc::{self, Receiver, Sender, SyncSender},
    },
    thread,
};

/// Which events of a run are expected.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The part that was emitted: `--skip`, `--shard`, `--only`, and where the run has stopped.
    pub part: Slice,
    /// Events that were not emitted all the same, such as those that brokers refused.
    pub without: Option<Selection>,
    /// Events that may arrive and need not, such as those that brokers never acknowledged.
    pub except: Option<Selection>,
}

impl Scope {
    fn holds(&self, plan: &Plan, record: &Record) -> bool {
        self.part.holds(plan, record) && self.without.as_ref().is_none_or(|without| !without.holds(record.number))
    }

    /// Whether an event may arrive and need not.
    pub(super) fn is_optional(&self, record: &Record) -> bool {
        self.except.as_ref().is_some_and(|except| except.holds(record.number))
    }
}

/// The events of a scope, one after another.
pub(super) struct Walk<'p> {
    plan: &'p Plan,
    scope: &'p Scope,
    stream: Stream<'p>,
    /// How many it has given.
    given: u64,
}

impl<'p> Walk<'p> {
    pub(super) fn new(plan: &'p Plan, scope: &'p Scope) -> Self {
        Walk { plan, scope, stream: plan.stream(), given: 0 }
    }

    /// How many events were passed, which is the position of the next one.
    pub(super) fn position(&self) -> u64 {
        self.given
    }

    /// Adds the next event and its state slots; its position among the scope's events, or `None` at the end.
    pub(super) fn add_next(&mut self, records: &mut Vec<Record>, slots: &mut Vec<u64>) -> Option<u64> {
        while self.stream.add_next(records, slots) {
            let record = records.last()?;
            if self.scope.part.ends_before(record.number) {
                records.pop();
                return None;
            }
            if self.scope.holds(self.plan, record) {
                self.given += 1;
                return Some(self.given - 1);
            }
            slots.truncate(record.slots_at as usize);
            records.pop();
        }
        None
    }

    /// Calls `each` with every event and its position.
    pub(super) fn for_each(mut self, mut each: impl FnMut(u64, &Record)) {
        let (mut records, mut slots) = (Vec::with_capacity(1), Vec::new());
        loop {
            records.clear();
            slots.clear();
            let Some(position) = self.add_next(&mut records, &mut slots) else { return };
            if let Some(record) = records.first() {
                each(position, record);
            }
        }
    }
}

/// Some events, rendered.
pub(super) struct Rendered<'a> {
    /// Their positions among the scope's events.
    pub positions: &'a [u64],
    pub records: &'a [Record],
    pub chunk: &'a Chunk,
}

/// A rendered event.
pub(super) struct RenderedEvent<'a> {
    /// Its position among the scope's events.
    pub position: u64,
    pub record: &'a Record,
    pub body: &'a [u8],
    pub key: &'a [u8],
}

impl Rendered<'_> {
    /// The events, in order.
    pub(super) fn events(&self) -> impl Iterator<Item = RenderedEvent<'_>> {
        let events = self.positions.iter().zip(self.records).zip(&self.chunk.events);
        events.map(|((position, record), event)| RenderedEvent {
            position: *position,
            record,
            body: self.chunk.body(event),
            key: self.chunk.key(event),
        })
    }
}

/// Simulated events that wait to be rendered.
#[derive(Default)]
struct Batch {
    positions: Vec<u64>,
    records: Vec<Record>,
    slots: Vec<u64>,
}

/// Events that are rendered at once.
const BATCH: usize = 256;

/// Renders the events before position `end` that `wanted` selects, in batches. `map` runs on several threads; `take` gets
/// its results on this thread, in any order. The walk can be continued.
pub(super) fn render<T: Send>(
    (walk, end): (&mut Walk<'_>, u64),
    threads: NonZero<usize>,
    mut wanted: impl FnMut(u64) -> bool,
    map: impl Fn(&Rendered<'_>) -> T + Sync,
    mut take: impl FnMut(T),
) {
    let plan = walk.plan;
    let mut fill = move || {
        let mut batch = Batch::default();
        while batch.records.len() < BATCH && walk.given < end {
            let Some(position) = walk.add_next(&mut batch.records, &mut batch.slots) else { break };
            if wanted(position) {
                batch.positions.push(position);
            } else if let Some(record) = batch.records.pop() {
                batch.slots.truncate(record.slots_at as usize);
            }
        }
        (!batch.records.is_empty()).then_some(batch)
    };
    let one = |renderer: &mut Renderer<'_>, chunk: &mut Chunk, batch: &Batch| {
        chunk.clear();
        for record in &batch.records {
            renderer.render(record, &batch.slots, chunk);
        }
        map(&Rendered { positions: &batch.positions, records: &batch.records, chunk })
    };
    // This thread simulates; the others render.
    let (work, batches): (SyncSender<Batch>, Receiver<Batch>) = mpsc::sync_channel(4 * threads.get());
    let (done, results): (Sender<T>, Receiver<T>) = mpsc::channel();
    let batches = Mutex::new(batches);
    thread::scope(|threads_of| {
        let mut started = 0;
        for _ in 0..threads.get() {
            let (batches, done, one) = (&batches, done.clone(), &one);
            let work = move || {
                let (mut renderer, mut chunk) = (Renderer::new(plan), Chunk::default());
                loop {
                    let next = batches.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(batch) = next else { return };
                    if done.send(one(&mut renderer, &mut chunk, &batch)).is_err() {
                        return;
                    }
                }
            };
            // With one thread, or where the system starts none, this thread does it all.
            let is_alone = threads.get() == 1;
            started += usize::from(!is_alone && thread::Builder::new().spawn_scoped(threads_of, work).is_ok());
        }
        if started == 0 {
            let (mut renderer, mut chunk) = (Renderer::new(plan), Chunk::default());
            while let Some(batch) = fill() {
                take(one(&mut renderer, &mut chunk, &batch));
            }
        }
        drop(done);
        while let Some(batch) = fill() {
            if work.send(batch).is_err() {
                break;
            }
            results.try_iter().for_each(&mut take);
        }
        drop(work);
        results.iter().for_each(&mut take);
    });
}
