//! Runs with a rate: the schedule decides when an event happens, the simulation which event it is.
//!
//! Each slot goes to the step that has been due longest or, if none is due, to the first step of a new instance. So
//! every second has exactly its number of events, a due step waits only while others are due, and no backlog builds up.
//!
//! The waiting time follows from queueing theory. With `n` steps per instance, all but one slot in `n` go to due steps:
//! a queue with utilization `1 - 1/n`. If steps fell due at random, one in a hundred would wait some `ln(100) · n / 2`
//! slots; delay smoothing ([`DelaySmoothing`](super::delay_smoothing::DelaySmoothing)) reduces that to a fifth.
//! Instance starts cannot be moved: a slot in which nothing is due has to be filled by a start, and a slot in which
//! something is due never is. Another order of service would not help: the mean stays, and oldest first has the
//! shortest maximum.

use crate::{
    plan::Plan,
    schedule::{Schedule, Slots},
    simulation::{
        SECOND, Stream,
        steady_state::{Draw, SteadyState},
    },
    units::Rate,
    value::Key,
};

/// Position of a paced run in its schedule.
#[derive(Debug)]
pub(super) struct Pace<'p> {
    slots: Slots<'p>,
    number: u64,
    /// Places events within their slots.
    jitter: Key,
}

/// Only if steps wait for more slots than this do events bunch up.
const USUAL_SLOTS: u32 = 100;

impl<'p> Pace<'p> {
    pub(super) fn new(plan: &Plan, schedule: &'p Schedule) -> Self {
        Pace { slots: schedule.slots_from(0), number: 0, jitter: plan.pick.name("slot") }
    }
}

impl Stream<'_> {
    /// Starts an instance in a slot in which nothing is due; returns its place.
    #[inline(never)]
    pub(super) fn start_in_slot(&mut self, time: i64) -> u32 {
        // An instance that happens to have no step leaves the slot to the next instance.
        loop {
            match self.begin(time) {
                (place, Some(_)) => return place,
                (place, None) => self.active.schedule(self.plan, None, 0, place),
            }
        }
    }

    /// A warning if, at a constant rate, steps waited much longer than chance explains. Starts depend on what is due,
    /// so instances with equal delays can start in waves that grow.
    pub(crate) fn waves(&self) -> Option<String> {
        let schedule = self.plan.timing.schedule.as_ref().filter(|schedule| schedule.is_constant())?;
        let per_day = i128::from(schedule.highest_rate().per_day_in_thousandths().max(1));
        let usual = i128::from(USUAL_SLOTS) * 86_400 * 1_000 * i128::from(SECOND) / per_day;
        let wait = i128::from(self.longest_wait);
        (wait > usual.max(SECOND.into())).then(|| {
            let tenths = self.longest_wait.unsigned_abs() / (SECOND as u64 / 10);
            format!(
                "at this rate instances bunch up: a step was up to {}.{} s later than its `after` delay; scenarios \
                 of more kinds, or wider ranges of delays, even them out",
                tenths / 10,
                tenths % 10
            )
        })
    }

    /// Time of the next slot's event: random within the slot, independent of the simulation.
    #[inline]
    pub(super) fn next_slot(&mut self) -> Option<i64> {
        let pace = self.pace.as_mut()?;
        let begins = pace.slots.next()?;
        let jitter = pace.jitter.scattered(pace.number, pace.slots.width());
        pace.number += 1;
        self.plan.timing.from.checked_add_unsigned(begins)?.checked_add_unsigned(jitter)
    }

    /// Puts the instances in progress that a run in steady state has at its beginning.
    pub(super) fn warm_up(&mut self) {
        let plan = self.plan;
        let rate = plan.timing.schedule.as_ref().map_or(Rate::ZERO, Schedule::first_rate);
        if rate > Rate::ZERO {
            let state = SteadyState::new(plan.workload(), rate);
            self.started = Draw::new(plan).all(&state, &mut self.active, &mut self.world, &mut self.numbers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Run,
        plan::resolved::Operation,
        units::{DurationRange, rate},
    };
    use std::collections::HashMap;

    const EVENTS: u64 = 500_000;

    fn day() -> Plan {
        let run = Run::new("busy-day").seed(7).from("2026-01-05T08:00:00Z").events_limit(EVENTS).with(|options| {
            options.rate = Some(rate("5000/s").expect("a rate"));
        });
        run.plan().expect("a shipped scenario can be planned")
    }

    /// Fills slots, and calls `each` for every event with the due time of its step (`None` if it starts an instance),
    /// its place and its time.
    fn go_through(plan: &Plan, mut each: impl FnMut(&Stream, Option<i64>, u32, i64)) {
        let (mut stream, mut slots) = (plan.stream(), Vec::new());
        for _ in 0..EVENTS {
            let started = stream.started;
            let (due, time) = stream.next_due().expect("the run has that many events");
            each(&stream, (stream.started == started).then_some(due.time), due.place, time);
            slots.clear();
            stream.active.happen_apart(plan, &mut stream.world, due, time, &mut slots);
        }
    }

    #[test]
    fn no_step_is_early_and_hardly_any_is_late() {
        let mut late = Vec::new();
        go_through(&day(), |_, due, _, time| late.extend(due.map(|due| time - due)));
        late.sort_unstable();
        let [p50, p99, most] = [50, 99, 100].map(|percent| late[(late.len() - 1) * percent / 100] / 1_000);
        println!("{} steps late by {p50} µs at p50, {p99} µs at p99, {most} µs at most", late.len());
        assert!(late[0] >= 0, "a step came {} ns early", -late[0]);
        // The limit to keep is 5 ms; the guide gives the measured value.
        assert!(p99 < 2_000, "p99 is {p99} µs");
    }

    /// The delay range of the step for which the instance at a place waits.
    fn range(plan: &Plan, stream: &Stream, place: u32) -> DurationRange {
        let instance = stream.active.instances.get(place);
        match stream.active.steps.operation(&plan.scenarios, instance.scenario, instance.at) {
            Some(Operation::Call(call)) if instance.turn == 0 => call.after,
            Some(Operation::Call(call)) => call.every,
            _ => panic!("an instance waits for a call"),
        }
    }

    /// Choosing between two delays must leave each delay of the range equally likely.
    #[test]
    fn delays_are_spread_evenly() {
        let plan = day();
        let end = plan.timing.from + (EVENTS / 5_000) as i64 * SECOND;
        let (mut last, mut places) = (HashMap::new(), [0_u32; 10]);
        go_through(&plan, |stream, due, place, time| {
            let range = range(&plan, stream, place);
            let before = last.insert(place, time);
            // The end of the run cuts off delays depending on their length.
            let before = before.filter(|before| end.saturating_sub_unsigned(range.high) > before + SECOND);
            if let (Some(due), Some(before)) = (due, before)
                && range.low < range.high
            {
                let delay = (due - before) as u64;
                assert!((range.low..=range.high).contains(&delay), "a delay of {delay} ns");
                places[((delay - range.low) * 10 / (range.high - range.low + 1)) as usize] += 1;
            }
        });
        println!("{places:?}");
        let even = f64::from(places.iter().sum::<u32>()) / 10.0;
        for count in places {
            assert!((f64::from(count) / even - 1.0).abs() < 0.04, "delays lie in tenths of their ranges: {places:?}");
        }
    }
}
