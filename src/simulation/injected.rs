//! Injected scenarios: at exact times, in addition to all other events, which they do not change.
//!
//! They have separate instances, states and calendar, and are merged with the background by time. To know which event
//! is first, the next background event is simulated ahead and buffered.

use crate::{
    plan::Plan,
    simulation::{Active, Record, Stream, World},
};
/// The injected scenarios of a run.
#[derive(Debug)]
pub(super) struct Injected {
    active: Active,
    ahead: NextOfBackground,
    /// State slots of the buffered event.
    slots: Vec<u64>,
    /// The next injected step.
    next: Option<super::Due>,
}

/// The next background event.
#[derive(Debug, Clone, Copy)]
enum NextOfBackground {
    Unknown,
    Known(Record),
    /// The background has no more events.
    Over,
}

impl Injected {
    /// All injected scenarios, before their first events.
    pub(super) fn new(plan: &Plan, world: &mut World) -> Self {
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
        Injected { active, ahead: NextOfBackground::Unknown, slots: Vec::new(), next }
    }

    /// The next event of the run, injected or not.
    pub(super) fn next(&mut self, stream: &mut Stream, slots: &mut Vec<u64>) -> Option<Record> {
        if let NextOfBackground::Unknown = self.ahead {
            self.slots.clear();
            self.ahead =
                stream.next_of_background(&mut self.slots).map_or(NextOfBackground::Over, NextOfBackground::Known);
        }
        let first = match self.ahead {
            NextOfBackground::Known(ahead) => self.next.filter(|due| due.time <= ahead.time),
            _ => self.next,
        };
        if let Some(due) = first.filter(|due| due.time < stream.to) {
            stream.world.injected = true;
            let record = self.active.happen_apart(stream.plan, &mut stream.world, due, due.time, slots);
            stream.world.injected = false;
            self.next = self.active.pop_until_apart(i64::MAX);
            return Some(record);
        }
        let NextOfBackground::Known(mut record) = self.ahead else { return None };
        self.ahead = NextOfBackground::Unknown;
        record.slots_at = slots.len() as u32;
        slots.extend_from_slice(&self.slots);
        Some(record)
    }
}

/// Simulates the injected scenarios alone, whatever the run's end. `each` gets every event, numbered 0.
pub(crate) fn simulate_injected(plan: &Plan, mut each: impl FnMut(&Record)) {
    let mut world = World { injected: true, ..World::new(plan) };
    let Injected { mut active, mut next, .. } = Injected::new(plan, &mut world);
    let mut slots = Vec::new();
    while let Some(due) = next {
        slots.clear();
        each(&active.happen_apart(plan, &mut world, due, due.time, &mut slots));
        next = active.pop_until_apart(i64::MAX);
    }
}
