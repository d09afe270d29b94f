//! How much is due when in a run with a rate, so that delays can be drawn from a range where less is.
//!
//! Times that are drawn at random come in bunches, and in a run all but one of whose twenty slots go to due steps, a
//! bunch makes steps wait until long after it. So from a range two times are drawn, and the step takes the one around
//! which less is due by now; with this much of a choice bunches hardly come about.
//!
//! The further ahead a time is, the less is due around it so far. Taken as it is, this would prefer long delays. So what
//! counts is how much more or less is due than is usual so far ahead, and a delay is still as likely any of its range.

use super::delay;
use crate::{plan::Plan, story::Operation, units::DurationRange, value::Key};

/// How many steps are due in each short stretch of the time ahead.
#[derive(Debug)]
pub(super) struct Loads {
    /// The run's beginning: the same run at another time chooses the same.
    origin: i64,
    /// Nanoseconds of a stretch, as a power of two.
    shift: u32,
    /// The first stretch that is not over.
    present: i64,
    /// By stretch, round and round; what is further ahead is not counted.
    counts: Box<[u8]>,
    /// What is usual, by distance: a running mean of what was found, with so many fractional bits.
    usual: [i32; DISTANCES],
}

/// Slots of a stretch at most, and half as many at least. Within a stretch the steps are a bunch of their own; with
/// fewer slots chance has more of a say in which stretch is crowded.
const SLOTS: i128 = 16;

/// So many stretches are counted at most: some minutes at thousands of events a second. They stay in a processor's
/// own cache.
const MOST: u64 = 1 << 16;

/// Distances are told apart by their octave and eighths of it.
const EIGHTHS: u32 = 3;
const DISTANCES: usize = (MOST.ilog2() as usize) << EIGHTHS;
const FRACTION: u32 = 16;
/// What is usual follows what is found within so many looks, as a power of two.
const INERTIA: u32 = 7;

/// Later times, and longer delays, which are some decades, are not counted.
const LATEST: i64 = i64::MAX / 4;

const DAY_IN_THOUSANDTHS: i128 = 86_400 * 1_000 * super::SECOND as i128;

impl Loads {
    /// Nothing is counted, and the first draw is taken.
    pub fn unknown() -> Loads {
        Loads { origin: 0, shift: 0, present: 0, counts: Box::default(), usual: [0; DISTANCES] }
    }

    /// Nothing is due yet in a simulation from `start` on; unknown where there is no rate.
    pub fn of(plan: &Plan, start: i64) -> Loads {
        let Some(schedule) = &plan.timing.schedule else { return Loads::unknown() };
        let rate = i128::from(schedule.highest_rate().per_day_in_thousandths().max(1));
        let shift = (SLOTS * DAY_IN_THOUSANDTHS / rate).max(1).ilog2().min(62);
        let stretches = (longest_delay(plan) >> shift).saturating_add(2).min(MOST).next_power_of_two();
        let mut loads = Loads {
            origin: plan.timing.from,
            shift,
            present: 0,
            counts: vec![0; stretches as usize].into(),
            ..Loads::unknown()
        };
        loads.present = loads.stretch(start);
        loads
    }

    /// When a step is due that waits from `time` on, for a delay from the range; `time` never decreases. `None`
    /// where time itself ends.
    #[inline]
    pub fn choose(&mut self, time: i64, key: Key, range: DurationRange) -> Option<i64> {
        if self.counts.is_empty() || time > LATEST || range.high > LATEST as u64 {
            return time.checked_add(delay(key, range));
        }
        let present = self.stretch(time);
        if self.present < present {
            self.forget(present);
        }
        let due = if range.low == range.high { time + range.low as i64 } else { self.better(time, key, range) };
        if let Some((place, _)) = self.place(due) {
            self.counts[place] = self.counts[place].saturating_add(1);
        }
        Some(due)
    }

    /// One of two draws from a range.
    fn better(&mut self, time: i64, key: Key, range: DurationRange) -> i64 {
        let [first, second] = key.two_between(range.low, range.high);
        let (first, second) = (time + first as i64, time + second as i64);
        let (Some(one), Some(other)) = (self.place(first), self.place(second)) else { return first };
        let usual = &mut self.usual[distance(one.1)];
        let more = found(self.counts[one.0]) - *usual;
        *usual += more >> INERTIA;
        let is_less = found(self.counts[other.0]) - self.usual[distance(other.1)] < more;
        std::hint::select_unpredictable(is_less, second, first)
    }

    /// Forgets what is due before the stretch `present`.
    fn forget(&mut self, present: i64) {
        let over = (self.present..present).take(self.counts.len());
        let mask = self.counts.len() - 1;
        for stretch in over {
            self.counts[stretch as usize & mask] = 0;
        }
        self.present = present;
    }

    fn stretch(&self, time: i64) -> i64 {
        time.wrapping_sub(self.origin) >> self.shift
    }

    /// Where it is counted what is due around a time, and how many stretches ahead that is; `None` if it is not.
    fn place(&self, due: i64) -> Option<(usize, usize)> {
        let stretch = self.stretch(due);
        let (ahead, stretches) = (stretch.wrapping_sub(self.present) as usize, self.counts.len());
        (ahead < stretches).then_some((stretch as usize & (stretches - 1), ahead))
    }
}

fn found(count: u8) -> i32 {
    i32::from(count) << FRACTION
}

/// Eighths of octaves, counted from eight stretches before the present one on: so they begin with single stretches.
fn distance(ahead: usize) -> usize {
    let from_before = ahead + (1 << EIGHTHS);
    let octave = (from_before.ilog2() - EIGHTHS) as usize;
    (octave << EIGHTHS) + (from_before >> octave) - (1 << EIGHTHS)
}

/// The longest that any step waits.
fn longest_delay(plan: &Plan) -> u64 {
    let longest = |operation: &Operation| match operation {
        Operation::Call(call) => call.after.high.max(call.every.high),
        _ => 0,
    };
    plan.stories.iter().flat_map(|story| &story.operations).map(longest).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_follow_each_other() {
        assert_eq!((distance(0), distance(7), distance(8), distance(9), distance(10)), (0, 7, 8, 8, 9));
        for ahead in 1..MOST as usize {
            let step = distance(ahead) - distance(ahead - 1);
            assert!(step <= 1 && distance(ahead) < DISTANCES, "{ahead}");
        }
    }
}
