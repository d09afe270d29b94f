//! Where batches come from: the simulation, the part of it that is emitted, the clock, and the truth about it.

use super::{Part, Watch, live::Pacer, truth::Recorder};
use crate::{
    plan::Plan,
    stream::{Record, Stream},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Some consecutive events to be rendered.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Which batch, from 0: batches leave in this order.
    pub ticket: u64,
    pub records: Vec<Record>,
    /// The words of the records.
    pub words: Vec<u64>,
    /// Lines of the truth about stories that end with these events.
    pub truth: Vec<u8>,
    /// In a live run: when each event was due in wall time.
    pub dues: Vec<i64>,
}

/// The events of a run, batch by batch.
pub(super) struct Source<'p> {
    plan: &'p Plan,
    stream: Stream<'p>,
    part: Part,
    pub pacer: Option<Pacer>,
    pub truth: Option<Recorder<'p>>,
    /// Where it is noted how many events were passed over.
    pub watch: Option<Arc<Watch>>,
    /// In a live run: an event that was not due yet, and its words.
    pending: Option<(Record, Vec<u64>)>,
    tickets: u64,
    /// How many events a batch has at most.
    size: usize,
    /// Whether all events of the part were given.
    pub ended: bool,
    /// Whether there are no more events in the run.
    is_over: bool,
}

/// Bytes of lines about events that were passed over, at which a batch is full.
const TOLD_AT_ONCE: usize = 1 << 20;

/// Events that are passed over between two looks at whether to stop.
const PASSED_AT_ONCE: u32 = 65_536;

impl<'p> Source<'p> {
    pub fn new(plan: &'p Plan, part: Part, pacer: Option<Pacer>, truth: Option<Recorder<'p>>, size: usize) -> Self {
        Source {
            plan,
            stream: plan.stream(),
            part,
            pacer,
            truth,
            watch: None,
            pending: None,
            tickets: 0,
            size,
            ended: false,
            is_over: false,
        }
    }

    /// How many events of the run were given, those of injected stories left out.
    pub fn emitted(&self) -> u64 {
        let kept_back = self.pending.as_ref().is_some_and(|(record, _)| {
            usize::from(self.plan.emissions[record.emission as usize].story) < self.plan.background
        });
        self.stream.emitted() - u64::from(kept_back)
    }

    /// What the summary should say about the simulation.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        let early = self.stream.begins_early().then(|| {
            "the run began before its steady state: its longest story lasts longer than what was simulated before"
                .to_owned()
        });
        early.into_iter().chain(self.stream.waves())
    }

    /// Whether the run has given all its events, and they are fewer than were asked for because event time ends.
    pub fn is_cut_by_time(&self) -> bool {
        self.is_over && self.stream.is_cut_by_time()
    }

    /// Fills a batch, whole unless the run ends, is stopped, or is not due any further. False if nothing is left.
    pub fn fill(&mut self, batch: &mut Batch, stop: &AtomicBool) -> bool {
        batch.records.clear();
        batch.words.clear();
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
                    let words = batch.words.split_off(record.words_at as usize);
                    self.pending = batch.records.pop().map(|record| (record, words));
                    return;
                }
                batch.dues.push(due);
            }
            if let Some(truth) = &mut self.truth {
                truth.note(record, &mut batch.truth);
            }
        }
    }

    /// Adds the next event of the part to the batch; false if the batch has to do without.
    fn add_next(&mut self, batch: &mut Batch, stop: &AtomicBool) -> bool {
        if let Some((mut record, words)) = self.pending.take() {
            record.words_at = batch.words.len() as u32;
            batch.words.extend(words);
            batch.records.push(record);
            return true;
        }
        let mut passed = 0;
        loop {
            let is_there = self.stream.add_next(&mut batch.records, &mut batch.words);
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
            batch.words.truncate(record.words_at as usize);
            if let Some(truth) = self.truth.as_mut().filter(|_| self.part.has_instance(self.plan, &record)) {
                truth.note(&record, &mut batch.truth);
            }
            passed += 1;
            if passed % PASSED_AT_ONCE == 0
                && let Some(watch) = &self.watch
            {
                watch.passed(record.number + 1);
            }
            let enough = batch.truth.len() >= TOLD_AT_ONCE;
            if enough || (passed % PASSED_AT_ONCE == 0 && stop.load(Ordering::Relaxed)) {
                return false;
            }
        }
    }
}
