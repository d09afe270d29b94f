//! Runs with a rate: the schedule says when an event happens, the simulation which one it is.
//!
//! Each slot goes to the step that has been due longest, and, if none is due, to the first step of a new instance. So
//! every second holds exactly its count, a due step waits only while others are due, and no backlog builds up.
//!
//! How long it waits follows from that. With `n` steps a story, all but one slot in `n` are for due steps: they are a
//! queue with a load of `1 - 1/n`, in which one in a hundred waits some `ln(100) · n / 2` slots, and more where steps come
//! in bursts. When stories start cannot be chosen better: a slot in which nothing is due has to be filled by a start,
//! and one in which something is due never is. Nor does another order help: the average stays, and with the oldest first
//! the longest waits are shortest.

use super::{Active, Due, Outlook, SECOND, Stream};
use crate::{
    plan::Plan,
    schedule::{Schedule, Slots},
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

impl<'p> Pace<'p> {
    pub(super) fn new(plan: &Plan, schedule: &'p Schedule) -> Self {
        Pace { slots: schedule.slots_from(0), number: 0, jitter: plan.pick.name("slot") }
    }
}

impl Stream<'_> {
    /// What happens in the next slot, and when.
    pub(super) fn fill_slot(&mut self) -> Option<(Due, i64)> {
        let time = self.next_slot()?;
        if time >= self.to {
            return None;
        }
        if let Some(entry) = self.active.pop_until(time) {
            return Some((entry, time));
        }
        // Stories that happen to have no step at all leave the slot to the next.
        loop {
            match self.begin(time) {
                (place, Some(due)) => return Some(((due, self.started - 1, place), time)),
                (place, None) => self.active.schedule(self.plan, None, 0, place),
            }
        }
    }

    /// The time of the next slot's event: somewhere in the slot, the same whatever happens.
    fn next_slot(&mut self) -> Option<i64> {
        let pace = self.pace.as_mut()?;
        let begins = pace.slots.next()?;
        let jitter = pace.jitter.number(pace.number).below(pace.slots.width());
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
        let instances = wanted.min(u128::from(LONGEST_WARM_UP) * sample / events.max(1));
        self.begins_early = instances < wanted;
        let mut words = Vec::new();
        let earliest =
            i64::try_from(instances * between).map_or(i64::MIN, |back| plan.timing.from.saturating_sub(back));
        self.active = Active::new(plan, earliest);
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
        while let Some(entry) = self.active.pop_until(time - 1) {
            words.clear();
            self.active.happen_apart(self.plan, &mut self.world, entry, entry.0, words);
        }
    }
}
