//! The schedule: when events may happen, as the integral of a rate over time and its inverse, in pure integer
//! arithmetic.
//!
//! The number of events up to a time is the integral of the rate, rounded up because slot 0 begins at once; the slot of
//! the k-th event begins where the integral reaches k. There is no drift: the ten-millionth slot is computed as
//! directly as the first. [`Slots`] advances from one slot to the next by addition, to the same nanosecond.

mod daily;
mod ramp;
mod slots;
mod week;

use crate::units::{Rate, Zone};
use ramp::{Ramp, Stretch, UNIT};
use std::sync::Arc;

pub use daily::DailyCurve;
pub(crate) use slots::Slots;

/// Number of events over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    rate: RateFunction,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum RateFunction {
    /// One stage after another; the last may never end.
    Stages(Vec<Stage>),
    /// A daily curve that never ends.
    Daily {
        curve: Arc<DailyCurve>,
        /// Start of the run, in nanoseconds since the Unix epoch.
        from: i64,
        /// The curve's integral at that time.
        passed: i128,
    },
}

/// A time span with a constant or linearly changing rate.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stage {
    /// Nanoseconds since the run's start.
    begin: u64,
    ramp: Ramp,
    /// The integral before it.
    before: i128,
}

impl Schedule {
    /// A constant rate without end.
    pub fn constant(rate: Rate) -> Self {
        Schedule { rate: RateFunction::Stages(vec![Stage::last(0, rate, 0)]) }
    }

    /// Stages as duration (nanoseconds) and target: the rate changes linearly from the previous target (at first
    /// `start`) to the target; a stage without duration jumps. After the last stage there are no events.
    pub fn stages(start: Rate, targets: &[(u64, Rate)]) -> Self {
        let mut stages = Vec::new();
        let (mut begin, mut before, mut first) = (0_u64, 0, start.per_day_in_thousandths());
        for (duration, last) in targets {
            let last = last.per_day_in_thousandths();
            if *duration > 0 {
                let stage = Stage { begin, ramp: Ramp { first, last, duration: *duration }, before };
                before += stage.ramp.whole();
                begin = begin.saturating_add(*duration);
                stages.push(stage);
            }
            first = last;
        }
        stages.push(Stage::last(begin, Rate::ZERO, before));
        Schedule { rate: RateFunction::Stages(stages) }
    }

    /// A daily curve without end, for a run that starts at `from` (nanoseconds since the Unix epoch).
    pub fn daily(curve: Arc<DailyCurve>, from: i64) -> Self {
        let passed = curve.integral(from);
        Schedule { rate: RateFunction::Daily { curve, from, passed } }
    }

    /// Number of slots that begin before `time` (nanoseconds since the run's start): the integral, rounded up, because
    /// slot 0 begins at once.
    pub fn count_before(&self, time: u64) -> u64 {
        let area = match &self.rate {
            RateFunction::Stages(stages) => {
                let stage = stages.partition_point(|stage| stage.begin <= time).checked_sub(1);
                stage
                    .map(|stage| &stages[stage])
                    .map_or(0, |stage| stage.before + stage.ramp.area_at_most(time - stage.begin))
            }
            RateFunction::Daily { curve, from, passed } => {
                curve.integral_at_most(from.saturating_add_unsigned(time)) - passed
            }
        };
        area.unsigned_abs().div_ceil(UNIT.unsigned_abs()) as u64
    }

    /// When slot `number` begins, in nanoseconds since the run's start; `None` if there is no such slot.
    pub fn slot(&self, number: u64) -> Option<u64> {
        let wanted = area_before(number)?;
        self.stretch(wanted)?.when(wanted)
    }

    /// Iterator over the slots from `number` on; faster than [`slot`](Self::slot) for many slots.
    pub fn slots_from(&self, number: u64) -> Slots<'_> {
        Slots::new(self, number)
    }

    /// Length in nanoseconds, if the schedule ends.
    pub fn length(&self) -> Option<u64> {
        let RateFunction::Stages(stages) = &self.rate else { return None };
        stages.last().filter(|stage| stage.is_quiet()).map(|stage| stage.begin)
    }

    /// Whether the rate never changes.
    pub(crate) fn is_constant(&self) -> bool {
        matches!(&self.rate, RateFunction::Stages(stages) if stages.len() == 1)
    }

    /// Whether the rate depends only on the time since the run's start.
    pub(crate) fn is_relative(&self) -> bool {
        matches!(self.rate, RateFunction::Stages(_))
    }

    /// Of a daily curve: its rate in each minute of a working day, in any unit, and the time zone.
    pub(crate) fn workday(&self) -> Option<(&[u64], Zone)> {
        match &self.rate {
            RateFunction::Stages(_) => None,
            RateFunction::Daily { curve, .. } => Some(curve.workday()),
        }
    }

    /// Maximum rate.
    pub(crate) fn highest_rate(&self) -> Rate {
        match &self.rate {
            RateFunction::Stages(stages) => {
                let rates = stages.iter().flat_map(|stage| [stage.ramp.first, stage.ramp.last]);
                Rate::from_thousandths_per_day(rates.max().unwrap_or(0))
            }
            RateFunction::Daily { curve, .. } => curve.peak(),
        }
    }

    /// Rate at the start.
    pub fn first_rate(&self) -> Rate {
        match &self.rate {
            RateFunction::Stages(stages) => {
                Rate::from_thousandths_per_day(stages.first().map_or(0, |stage| stage.ramp.first))
            }
            RateFunction::Daily { curve, from, .. } => curve.rate(*from),
        }
    }

    /// The span in which the integral exceeds `wanted`, if it does.
    fn stretch(&self, wanted: i128) -> Option<Stretch> {
        match &self.rate {
            RateFunction::Stages(stages) => {
                // Integrals never fall, so the first stage that goes beyond is found by halves.
                let stage = stages.partition_point(|stage| stage.until() <= wanted);
                stages.get(stage).map(Stage::stretch)
            }
            RateFunction::Daily { curve, from, passed } => curve.stretch(*from, *passed, wanted),
        }
    }

    /// When the rate next becomes 0 for a while, at or after `time`; both since the run's start.
    fn quiet_from(&self, time: u64) -> Option<u64> {
        match &self.rate {
            RateFunction::Stages(stages) => {
                let first = stages.partition_point(|stage| stage.begin < time);
                stages[first..].iter().find(|stage| stage.is_quiet()).map(|stage| stage.begin)
            }
            RateFunction::Daily { curve, from, .. } => {
                let quiet = curve.quiet_from(from.saturating_add_unsigned(time))?;
                u64::try_from(quiet.saturating_sub(*from)).ok()
            }
        }
    }
}

/// The integral up to the slot of that number; `None` if no schedule gets that far in 292 years.
fn area_before(number: u64) -> Option<i128> {
    /// More than there are at the highest rate, and few enough that 128 bits hold what is computed with them.
    const MOST: u64 = 100_000_000_000_000_000;
    (number <= MOST).then(|| i128::from(number) * UNIT)
}

impl Stage {
    /// A stage without end.
    fn last(begin: u64, rate: Rate, before: i128) -> Stage {
        let rate = rate.per_day_in_thousandths();
        Stage { begin, ramp: Ramp { first: rate, last: rate, duration: u64::MAX }, before }
    }

    fn is_quiet(&self) -> bool {
        (self.ramp.first, self.ramp.last) == (0, 0)
    }

    fn until(&self) -> i128 {
        self.before + self.ramp.whole()
    }

    fn stretch(&self) -> Stretch {
        let origin = i128::from(self.begin);
        Stretch { ramp: self.ramp, origin, before: self.before, until: self.until(), begin: self.begin }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::rate;
    use proptest::prelude::*;

    const SECOND: u64 = 1_000_000_000;

    fn at(text: &str) -> Rate {
        rate(text).expect(text)
    }

    #[test]
    fn every_second_holds_its_count() {
        for (text, counts) in
            [("1/s", 1..=1), ("7/s", 7..=7), ("333/s", 333..=333), ("100k/s", 100_000..=100_000), ("0.3/s", 0..=1)]
        {
            let schedule = Schedule::constant(at(text));
            for second in [0, 1, 2, 59, 86_399, 1_000_000] {
                let count = schedule.count_before((second + 1) * SECOND) - schedule.count_before(second * SECOND);
                assert!(counts.contains(&count), "{text}: {count} in second {second}");
            }
        }
    }

    #[test]
    fn stages_integrate() {
        // Ten minutes up to 500/s, an hour at it, a jump down to 20/s for a minute.
        let schedule = Schedule::stages(
            Rate::ZERO,
            &[(600 * SECOND, at("500/s")), (3600 * SECOND, at("500/s")), (0, at("20/s")), (60 * SECOND, at("20/s"))],
        );
        assert_eq!(schedule.length(), Some(4260 * SECOND));
        assert_eq!(schedule.count_before(600 * SECOND), 150_000);
        assert_eq!(schedule.count_before(4200 * SECOND), 150_000 + 1_800_000);
        assert_eq!(schedule.count_before(u64::MAX), 150_000 + 1_800_000 + 1_200);
        assert_eq!(schedule.slot(150_000 + 1_800_000 + 1_200), None);
    }

    proptest! {
        #[test]
        fn slots_invert_counts(first in 0..2_000_u64, targets in prop::collection::vec((0..5_000_u64, 0..2_000_u64), 1..5), time in 0..20_000_u64) {
            let per_second = |rate: u64| at(&format!("{rate}/s"));
            let targets: Vec<_> = targets.into_iter().map(|(ms, rate)| (ms * 1_000_000, per_second(rate))).collect();
            let schedule = Schedule::stages(per_second(first), &targets);
            let time = time * 1_000_000 + 1;
            let count = schedule.count_before(time);
            if count > 0 {
                prop_assert!(schedule.slot(count - 1).is_some_and(|slot| slot < time));
            }
            prop_assert!(schedule.slot(count).is_none_or(|slot| slot >= time));
        }
    }
}
