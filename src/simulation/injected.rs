//! Injected scenarios: at exact times, in addition to all other events, which they do not change.
//!
//! They have separate instances, states and calendar, and are merged with the background by time. To know which event
//! is first, the next background event is simulated ahead and buffered.

use crate::{
    plan::Plan,
    simulation::{Active, Record, Stream, World},
};
use std::collections::BTreeMap;

/// The injected scenarios of a run.
#[derive(Debug)]
pub(super) struct Injected {
    active: Active,
    ahead: Ahead,
    /// State slots of the buffered event.
    words: Vec<u64>,
    /// The next injected step.
    next: Option<super::Due>,
}

/// The next background event.
#[derive(Debug, Clone, Copy)]
enum Ahead {
    Unknown,
    Known(Record),
    /// The background has no more events.
    Over,
}

impl Injected {
    /// All injected scenarios, before their first events.
    pub fn new(plan: &Plan, world: &mut World) -> Self {
        let mut active = Active::new(plan, plan.timing.from);
        world.injected = true;
        for (order, scenario) in (plan.background..plan.scenarios.len()).enumerate() {
            let Some(injection) = &plan.scenarios[scenario].injection else { continue };
            let time = injection.at.time(plan.timing.from);
            let (place, due) = active.begin(plan, world, (scenario as u16, 0), time);
            // The first event is at exactly that time, whichever step it is.
            active.schedule(plan, due.map(|_| time), order as u64, place);
        }
        world.injected = false;
        let next = active.pop_until_apart(i64::MAX);
        Injected { active, ahead: Ahead::Unknown, words: Vec::new(), next }
    }

    /// The next event of the run, injected or not.
    pub fn next(&mut self, stream: &mut Stream, words: &mut Vec<u64>) -> Option<Record> {
        if let Ahead::Unknown = self.ahead {
            self.words.clear();
            self.ahead = stream.next_of_background(&mut self.words).map_or(Ahead::Over, Ahead::Known);
        }
        let first = match self.ahead {
            Ahead::Known(ahead) => self.next.filter(|entry| entry.0 <= ahead.time),
            _ => self.next,
        };
        if let Some(entry) = first.filter(|entry| entry.0 < stream.to) {
            stream.world.injected = true;
            let record = self.active.happen_apart(stream.plan, &mut stream.world, entry, entry.0, words);
            stream.world.injected = false;
            self.next = self.active.pop_until_apart(i64::MAX);
            return Some(record);
        }
        let Ahead::Known(mut record) = self.ahead else { return None };
        self.ahead = Ahead::Unknown;
        record.words_at = words.len() as u32;
        words.extend_from_slice(&self.words);
        Some(record)
    }
}

/// When an injected scenario happens, whatever the run's end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// Which of the plan's scenarios.
    pub scenario: usize,
    /// The times of its first and of its last event.
    pub first: i64,
    pub last: i64,
    /// Whether it would continue after event time ends.
    pub cut_by_time: bool,
}

/// For each injected scenario with events, when it happens.
pub(crate) fn injected_spans(plan: &Plan) -> Vec<Span> {
    let mut world = World { injected: true, ..World::new(plan) };
    let Injected { mut active, mut next, .. } = Injected::new(plan, &mut world);
    let mut spans: BTreeMap<usize, Span> = BTreeMap::new();
    let mut words = Vec::new();
    while let Some(due) = next {
        words.clear();
        let record = active.happen_apart(plan, &mut world, due, due.0, &mut words);
        let scenario = usize::from(plan.event_kinds[record.event_kind as usize].scenario);
        let begun = Span { scenario, first: record.time, last: record.time, cut_by_time: false };
        let span = spans.entry(scenario).or_insert(begun);
        (span.last, span.cut_by_time) = (record.time, active.is_cut_by_time());
        active.forget_cut();
        next = active.pop_until_apart(i64::MAX);
    }
    spans.into_values().collect()
}
