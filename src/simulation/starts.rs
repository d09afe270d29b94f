//! Starts of instances: which scenario each is of and, without a rate, when it starts.

use crate::{
    plan::{Starts, Workload},
    simulation::GOLDEN,
    value::Key,
};

impl Workload<'_> {
    /// Key of the times at which instances start.
    pub(super) fn jitter(self) -> Key {
        self.pick.name("start")
    }

    /// Whether a run has an instance `number`.
    pub(super) fn has_start(self, starts: Starts, number: u64) -> bool {
        match starts {
            Starts::Once => self.once(number) < self.background,
            Starts::Instances(instances) => number < instances,
            Starts::Unbounded => true,
        }
    }

    /// When instance `number` of a run starts, in nanoseconds after `from`: at a random time within its interval, so
    /// that starts look irregular but stay in order. `None` if there is no such instance, or beyond event time.
    pub(super) fn start_time(self, starts: Starts, every: u64, jitter: Key, number: u64, from: i64) -> Option<i64> {
        if !self.has_start(starts, number) {
            return None;
        }
        let interval = if starts == Starts::Once { self.once(number) as u64 } else { number };
        let begin = interval.checked_mul(every)?;
        let jitter = if every == 0 { 0 } else { jitter.number(interval).below(every) };
        from.checked_add_unsigned(begin)?.checked_add_unsigned(jitter)
    }

    /// The scenario of instance `number`.
    pub(super) fn scenario_of(self, starts: Starts, number: u64) -> usize {
        match starts {
            Starts::Once => self.once(number),
            _ => self.weights.at(self.pick.bits().wrapping_add(number.wrapping_mul(GOLDEN))),
        }
    }

    /// The scenario of instance `number` in a run that executes each scenario once. Scenarios of weight 0 are skipped
    /// without changing the start times of the others.
    fn once(self, number: u64) -> usize {
        let happening = (0..self.background).filter(|scenario| self.weights.draws(*scenario));
        happening.into_iter().nth(number as usize).unwrap_or(self.background)
    }
}
