//! The source of batches: takes events from the simulation, selects the part to emit, applies the pace of a live run
//! and collects the ground truth.

use super::{Counters, Slice, live::Pacer, truth::Recorder};
use crate::{
    plan::Plan,
    simulation::{Record, Stream},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Some consecutive events to render.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The batch's number, from 0; batches are emitted in this order.
    pub(crate) ticket: u64,
    pub(crate) records: Vec<Record>,
    /// The state slots that the records refer to.
    pub(crate) slots: Vec<u64>,
    /// Lines of the ground truth about instances that end in this batch.
    pub(crate) truth: Vec<u8>,
    /// The wall time at which each event was due, in a live run.
    pub(crate) dues: Vec<i64>,
}

/// The events of a run, in batches.
pub(super) struct Source<'p> {
    plan: &'p Plan,
    stream: Stream<'p>,
    part: Slice,
    pub(crate) pacer: Option<Pacer>,
    pub(crate) truth: Option<Recorder<'p>>,
    /// The counters in which the number of skipped events is recorded.
    pub(crate) counters: Option<Arc<Counters>>,
    /// In a live run: the next event, which was not due yet, and its state slots.
    pending: Option<(Record, Vec<u64>)>,
    tickets: u64,
    /// The most events of a batch.
    size: usize,
    /// Whether all events of the part were returned.
    pub(crate) ended: bool,
    /// Whether the run has no more events.
    is_over: bool,
}

/// A batch also counts as full when the truth about skipped events reaches this many bytes.
const TOLD_AT_ONCE: usize = 1 << 20;

/// How many events are skipped before `stop` is checked again.
const PASSED_AT_ONCE: u32 = 65_536;

impl<'p> Source<'p> {
    pub(super) fn new(
        plan: &'p Plan,
        part: Slice,
        pacer: Option<Pacer>,
        truth: Option<Recorder<'p>>,
        size: usize,
    ) -> Self {
        Source {
            plan,
            stream: plan.stream(),
            part,
            pacer,
            truth,
            counters: None,
            pending: None,
            tickets: 0,
            size,
            ended: false,
            is_over: false,
        }
    }

    /// The number of events of the run taken from the simulation, not counting those of injected instances.
    pub(super) fn emitted(&self) -> u64 {
        let kept_back = self.pending.as_ref().is_some_and(|(record, _)| {
            usize::from(self.plan.event_kinds[record.event_kind as usize].scenario) < self.plan.background
        });
        self.stream.emitted() - u64::from(kept_back)
    }

    /// Notes about the simulation for the summary.
    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        self.stream.waves().into_iter()
    }

    /// Whether the run has returned all its events, but fewer than requested because event time ends.
    pub(super) fn is_cut_by_time(&self) -> bool {
        self.is_over && self.stream.is_cut_by_time()
    }

    /// Fills a batch. It is full unless the run ends, is stopped, or has no further event that is due. Returns false if
    /// nothing is left.
    pub(super) fn fill(&mut self, batch: &mut Batch, stop: &AtomicBool) -> bool {
        batch.records.clear();
        batch.slots.clear();
        batch.truth.clear();
        batch.dues.clear();
        if !self.ended {
            self.gather(batch, stop);
        }
        if self.ended
            && let Some(truth) = self.truth.take()
        {
            truth.finish(&mut batch.truth);
        }
        batch.ticket = self.tickets;
        self.tickets += 1;
        !batch.records.is_empty() || !batch.truth.is_empty()
    }

    fn gather(&mut self, batch: &mut Batch, stop: &AtomicBool) {
        let mut until = None;
        while batch.records.len() < self.size {
            if !self.add_next(batch, stop) {
                return;
            }
            let Some(record) = batch.records.last() else { return };
            if let Some(pacer) = &mut self.pacer {
                let due = pacer.due(record.time);
                let may_leave = match until {
                    Some(until) => due <= until,
                    None => {
                        until = Some(pacer.wait_for(due, stop));
                        !stop.load(Ordering::Relaxed)
                    }
                };
                if !may_leave {
                    let slots = batch.slots.split_off(record.slots_at as usize);
                    self.pending = batch.records.pop().map(|record| (record, slots));
                    return;
                }
                batch.dues.push(due);
            }
            if let Some(truth) = &mut self.truth {
                truth.note(record, &mut batch.truth);
            }
        }
    }

    /// Appends the next event of the part to the batch; returns false if none can be added now.
    fn add_next(&mut self, batch: &mut Batch, stop: &AtomicBool) -> bool {
        if let Some((mut record, slots)) = self.pending.take() {
            record.slots_at = batch.slots.len() as u32;
            batch.slots.extend(slots);
            batch.records.push(record);
            return true;
        }
        let mut passed = 0;
        loop {
            let is_there = self.stream.add_next(&mut batch.records, &mut batch.slots);
            match batch.records.last() {
                Some(record) if is_there && !self.part.ends_before(record.number) => {
                    if self.part.holds(self.plan, record) {
                        return true;
                    }
                }
                _ => {
                    (self.ended, self.is_over) = (true, !is_there);
                    batch.records.truncate(batch.records.len() - usize::from(is_there));
                    return false;
                }
            }
            let Some(record) = batch.records.pop() else { return false };
            batch.slots.truncate(record.slots_at as usize);
            if let Some(truth) = self.truth.as_mut().filter(|_| self.part.has_instance(self.plan, &record)) {
                truth.note(&record, &mut batch.truth);
            }
            passed += 1;
            if passed % PASSED_AT_ONCE == 0
                && let Some(counters) = &self.counters
            {
                counters.passed(record.number + 1);
            }
            let enough = batch.truth.len() >= TOLD_AT_ONCE;
            if enough || (passed % PASSED_AT_ONCE == 0 && stop.load(Ordering::Relaxed)) {
                return false;
            }
        }
    }
}
