//! Runs with a rate: the schedule says when an event happens, the simulation which one it is.
//!
//! Each slot goes to the step that has been due longest, and, if none is due, to the first step of a new instance. So
//! every second holds exactly its count, a due step waits only while others are due, and no backlog builds up.
//!
//! How long it waits follows from that. With `n` steps a story, all but one slot in `n` are for due steps: they are a
//! queue with a load of `1 - 1/n`. Due at random, one step in a hundred would wait some `ln(100) · n / 2` slots, so delays
//! that are ranges are drawn where less is due ([`Loads`](super::loads::Loads)), and it is a fifth of that. When stories
//! start cannot be chosen: a slot in which nothing is due has to be filled by a start, and one in which something is due
//! never is. Nor does another order help: the average stays, and with the oldest first the longest waits are shortest.

use crate::simulation::{Active, DAY, Outlook, SECOND, Stream};
use crate::{
    plan::Plan,
    schedule::{Schedule, Slots},
    units::elapsed,
    value::Key,
};

/// Where a paced run is in its schedule.
#[derive(Debug)]
pub(super) struct Pace<'p> {
    slots: Slots<'p>,
    number: u64,
    /// Where in their slots events lie.
    jitter: Key,
}

/// A warm-up simulates at most so many events: a second or two.
pub(super) const LONGEST_WARM_UP: u64 = 20_000_000;

/// Nothing is simulated before this, in nanoseconds since the Unix epoch: what existed before an instance is up to a
/// month older.
const EARLIEST: i64 = i64::MIN + 60 * DAY;

/// For more slots than these steps wait only where stories come in waves.
const USUAL_SLOTS: u32 = 100;

impl<'p> Pace<'p> {
    pub(super) fn new(plan: &Plan, schedule: &'p Schedule) -> Self {
        Pace { slots: schedule.slots_from(0), number: 0, jitter: plan.pick.name("slot") }
    }
}

impl Stream<'_> {
    /// Begins an instance in a slot in which nothing is due; its place.
    #[inline(never)]
    pub(super) fn start_in_slot(&mut self, time: i64) -> u32 {
        // Stories that happen to have no step at all leave the slot to the next.
        loop {
            match self.begin(time) {
                (place, Some(_)) => return place,
                (place, None) => self.active.schedule(self.plan, None, 0, place),
            }
        }
    }

    /// What there is to say of steps that wait much longer than chance lets them, at a rate that does not change: as the
    /// stories that are begun follow from what is due, stories with the same delays can begin in ever higher waves.
    pub fn waves(&self) -> Option<String> {
        let schedule = self.plan.timing.schedule.as_ref().filter(|schedule| schedule.is_constant())?;
        let per_day = i128::from(schedule.highest_rate().per_day_in_thousandths().max(1));
        let usual = i128::from(USUAL_SLOTS) * 86_400 * 1_000 * i128::from(SECOND) / per_day;
        let wait = i128::from(self.longest_wait);
        (wait > usual.max(SECOND.into())).then(|| {
            let tenths = self.longest_wait.unsigned_abs() / (SECOND as u64 / 10);
            format!(
                "at this rate the stories come in waves: a step was up to {}.{} s later than its delay says; stories of \
                 more kinds, or wider ranges of delays, even them out",
                tenths / 10,
                tenths % 10
            )
        })
    }

    /// The time of the next slot's event: somewhere in the slot, the same whatever happens.
    #[inline]
    pub(super) fn next_slot(&mut self) -> Option<i64> {
        let pace = self.pace.as_mut()?;
        let begins = pace.slots.next()?;
        let jitter = pace.jitter.scattered(pace.number, pace.slots.width());
        pace.number += 1;
        self.plan.timing.from.checked_add_unsigned(begins)?.checked_add_unsigned(jitter)
    }

    /// Simulates what went on before the run, so that it begins in the middle of life: instances start evenly, at the
    /// rate at which the run will start them, and their steps happen when they are due.
    pub(super) fn warm_up(&mut self) {
        let plan = self.plan;
        let per_day =
            plan.timing.schedule.as_ref().map_or(0, |schedule| schedule.first_rate().per_day_in_thousandths());
        if per_day == 0 {
            return;
        }
        let Outlook { instances: sample, events, longest, .. } = Outlook::of(plan);
        let (sample, events) = (u128::from(sample), u128::from(events));
        // Nanoseconds between starts: the mean number of an instance's events over the rate.
        let between = (events * 86_400 * 1_000 * SECOND as u128 / (sample * u128::from(per_day))).max(1);
        let wanted = u128::from(longest) / between + 1;
        // Also where few instances have an event, and no further back than event time goes.
        let most = (u128::from(LONGEST_WARM_UP) * sample / events.max(1)).min(LONGEST_WARM_UP.into());
        let instances = wanted.min(most).min(u128::from(elapsed(EARLIEST, plan.timing.from)) / between);
        self.begins_early = instances < wanted;
        let mut words = Vec::new();
        let earliest =
            i64::try_from(instances * between).map_or(i64::MIN, |back| plan.timing.from.saturating_sub(back));
        self.active = Active::background(plan, earliest);
        for back in (1..=instances).rev() {
            let Ok(back) = i64::try_from(back * between) else { continue };
            let start = plan.timing.from.saturating_sub(back);
            self.happen_until(start, &mut words);
            let (place, due) = self.begin(start);
            self.active.schedule(plan, due, self.started - 1, place);
        }
        self.happen_until(plan.timing.from, &mut words);
    }

    /// Lets everything happen that is due before `time`, and forgets it.
    fn happen_until(&mut self, time: i64, words: &mut Vec<u64>) {
        while let Some(due) = self.active.pop_until_apart(time - 1) {
            words.clear();
            self.active.happen_apart(self.plan, &mut self.world, due, due.0, words);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Run,
        plan::story::Operation,
        units::{DurationRange, rate},
    };
    use std::collections::HashMap;

    const EVENTS: u64 = 500_000;

    fn day() -> Plan {
        let run = Run::of("busy-day").seed(7).from("2026-01-05T08:00:00Z").events_limit(EVENTS).with(|options| {
            options.rate = Some(rate("5000/s").expect("a rate"));
        });
        run.plan().expect("a shipped scenario can be planned")
    }

    /// Fills slots and tells of each event when its step was due, if it does not begin a story, and its place and time.
    fn go_through(plan: &Plan, mut each: impl FnMut(&Stream, Option<i64>, u32, i64)) {
        let (mut stream, mut words) = (plan.stream(), Vec::new());
        for _ in 0..EVENTS {
            let started = stream.started;
            let (due, time) = stream.next_due().expect("the run has that many events");
            each(&stream, (stream.started == started).then_some(due.0), due.2, time);
            words.clear();
            stream.active.happen_apart(plan, &mut stream.world, due, time, &mut words);
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
        // 5 ms are promised; the guide says what it is.
        assert!(p99 < 2_000, "p99 is {p99} µs");
    }

    /// What the instance in a place waits for.
    fn range(plan: &Plan, stream: &Stream, place: u32) -> DurationRange {
        let instance = stream.active.instances.get(place);
        match stream.active.steps.operation(plan, instance.story, instance.at) {
            Some(Operation::Call(call)) if instance.turn == 0 => call.after,
            Some(Operation::Call(call)) => call.every,
            _ => panic!("an instance waits for a call"),
        }
    }

    /// A delay is chosen from two, and is as likely any of its range as if it were not.
    #[test]
    fn delays_are_spread_evenly() {
        let plan = day();
        let end = plan.timing.from + (EVENTS / 5_000) as i64 * SECOND;
        let (mut last, mut places) = (HashMap::new(), [0_u32; 10]);
        go_through(&plan, |stream, due, place, time| {
            let range = range(&plan, stream, place);
            let before = last.insert(place, time);
            // Which delays the run's end cuts off depends on how long they are.
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
