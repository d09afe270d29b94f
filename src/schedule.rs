//! When events may happen: the integral of a rate over time, and its inverse, as pure arithmetic.
//!
//! The count up to a time is the integral of the rate, rounded down; the k-th event's slot begins where the integral
//! reaches k. No state and no drift: the ten-millionth slot is computed as directly as the first.

use crate::units::Rate;

/// Events over time: stages in which the rate is constant or changes linearly, the last one for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    stages: Vec<Stage>,
}

/// A stretch of time with a constant or linearly changing rate.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stage {
    /// Nanoseconds since the run's beginning.
    begin: u64,
    /// Nanoseconds; `None` for the last.
    duration: Option<u64>,
    first: Rate,
    last: Rate,
    /// Events before it, as a numerator over [`UNIT`].
    before: u128,
}

/// The integral is kept in thousandths of an event per day times nanoseconds: so many make one event.
const UNIT: u128 = 1_000 * 86_400 * 1_000_000_000;

impl Schedule {
    /// The same rate for ever.
    pub fn constant(rate: Rate) -> Self {
        Schedule { stages: vec![Stage { begin: 0, duration: None, first: rate, last: rate, before: 0 }] }
    }

    /// Stages as duration (nanoseconds) and target: the rate goes linearly from the one before (at first `start`) to
    /// the target; a stage of no duration jumps. After the last stage nothing happens.
    pub fn stages(start: Rate, targets: &[(u64, Rate)]) -> Self {
        let mut stages = Vec::new();
        let (mut begin, mut before, mut first) = (0_u64, 0_u128, start);
        for (duration, last) in targets {
            if *duration > 0 {
                let stage = Stage { begin, duration: Some(*duration), first, last: *last, before };
                before += stage.area(*duration);
                begin = begin.saturating_add(*duration);
                stages.push(stage);
            }
            first = *last;
        }
        stages.push(Stage { begin, duration: None, first: Rate::ZERO, last: Rate::ZERO, before });
        Schedule { stages }
    }

    /// How many events begin before `time` (nanoseconds since the run's beginning): the integral, rounded up, because
    /// slot 0 begins at once.
    pub fn count_before(&self, time: u64) -> u64 {
        let stage = self.stages.iter().rev().find(|stage| stage.begin <= time);
        let area = stage.map_or(0, |stage| stage.before + stage.area(time - stage.begin));
        area.div_ceil(UNIT) as u64
    }

    /// When slot `number` begins, in nanoseconds since the run's beginning; `None` if the rate never gets that far.
    pub fn slot(&self, number: u64) -> Option<u64> {
        let wanted = u128::from(number) * UNIT;
        let holds = |stage: &&Stage| stage.before <= wanted && stage.reaches(wanted - stage.before);
        let stage = self.stages.iter().find(holds)?;
        stage.begin.checked_add(stage.when(wanted - stage.before))
    }

    /// How long it lasts, in nanoseconds, if it ends.
    pub fn length(&self) -> Option<u64> {
        self.stages.last().filter(|stage| stage.first == Rate::ZERO).map(|stage| stage.begin)
    }

    /// Whether it depends on the time since the run's beginning alone.
    pub fn is_relative(&self) -> bool {
        true
    }

    /// The highest rate of all.
    pub fn highest_rate(&self) -> Rate {
        self.stages.iter().flat_map(|stage| [stage.first, stage.last]).max().unwrap_or(Rate::ZERO)
    }

    /// The rate at the beginning.
    pub fn first_rate(&self) -> Rate {
        self.stages.first().map_or(Rate::ZERO, |stage| stage.first)
    }
}

impl Stage {
    /// The integral over its first `time` nanoseconds, rounded down to a whole numerator.
    fn area(&self, time: u64) -> u128 {
        let (first, last) = (self.first.per_day_in_thousandths(), self.last.per_day_in_thousandths());
        let time = u128::from(time);
        let even = u128::from(first) * time;
        let Some(duration) = self.duration.filter(|_| first != last) else { return even };
        let duration = u128::from(duration);
        let slope = u128::from(first.abs_diff(last));
        // slope · time² / (2 · duration) with the division first where the product would not fit: what that cuts off
        // is less than 10⁻⁵ of an event even after a month.
        let triangle = match (slope * time).checked_mul(time) {
            Some(product) => product / (2 * duration),
            None => slope * time / duration * time / 2,
        };
        if last > first { even + triangle } else { even - triangle.min(even) }
    }

    fn reaches(&self, area: u128) -> bool {
        match self.duration {
            Some(duration) => self.area(duration) > area,
            None => self.first != Rate::ZERO,
        }
    }

    /// The first nanosecond at which the integral has reached `area`.
    fn when(&self, area: u128) -> u64 {
        if self.first == self.last {
            return area.div_ceil(u128::from(self.first.per_day_in_thousandths())) as u64;
        }
        let (mut low, mut high) = (0, self.duration.unwrap_or(u64::MAX));
        while low < high {
            let middle = low + (high - low) / 2;
            if self.area(middle) >= area { high = middle } else { low = middle + 1 }
        }
        low
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
