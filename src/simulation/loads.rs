//! How much is due when in a run with a rate, so that delays can be drawn from a range where less is.
//!
//! Times that are drawn at random come in bunches, and in a run all but one of whose twenty slots go to due steps, a
//! bunch makes steps wait until long after it. So from a range two times are drawn, and the step takes the one around
//! which less is due by now; with this much of a choice bunches hardly come about.
//!
//! The further ahead a time is, the less is due around it so far. Taken as it is, this would prefer long delays. So what
//! counts is how much more or less is due than is usual so far ahead, and a delay is still as likely any of its range.

use crate::simulation::{delay, draws};
use crate::{
    plan::{Plan, story::Operation},
    units::DurationRange,
    value::Key,
};
use std::hint::select_unpredictable;

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
    /// Whether a step was due after event time ends, so that its instance was cut short.
    pub cut_by_time: bool,
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
        Loads {
            origin: 0,
            shift: 0,
            present: i64::MAX,
            counts: Box::default(),
            usual: [0; DISTANCES],
            cut_by_time: false,
        }
    }

    /// Nothing is due yet in a simulation from `start` on; unknown where there is no rate.
    pub fn of(plan: &Plan, start: i64) -> Loads {
        let Some(schedule) = &plan.timing.schedule else { return Loads::unknown() };
        let rate = i128::from(schedule.highest_rate().per_day_in_thousandths().max(1));
        let longest = longest_delay(plan);
        if longest > LATEST as u64 {
            return Loads::unknown();
        }
        let shift = (SLOTS * DAY_IN_THOUSANDTHS / rate).max(1).ilog2().min(62);
        let stretches = (longest >> shift).saturating_add(2).min(MOST).next_power_of_two();
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

    /// When a step is due that waits from `time` on, for a delay from the range, drawn by a call in a turn;
    /// `time` never decreases. `None` where time itself ends.
    #[expect(clippy::inline_always, reason = "twice: a step goes on, or is a story's first")]
    #[inline(always)]
    pub fn choose(&mut self, time: i64, (call, turn): (Key, u32), range: DurationRange) -> Option<i64> {
        let present = self.stretch(time);
        if self.present < present {
            self.forget(time, present);
        }
        if self.counts.is_empty() {
            let turn = if turn == 0 { call } else { call.number(draws::TURN + u64::from(turn)) };
            let due = time.checked_add(delay(turn.number(draws::AFTER), range));
            if due.is_none() {
                self.cut();
            }
            return due;
        }
        if range.low == range.high {
            let due = time + range.low as i64;
            self.count(self.ahead(due));
            return Some(due);
        }
        Some(self.better(time, (call, turn), range))
    }

    #[cold]
    fn cut(&mut self) {
        self.cut_by_time = true;
    }

    /// One of two draws from a range.
    #[expect(clippy::inline_always, reason = "it is most of a choice")]
    #[inline(always)]
    fn better(&mut self, time: i64, (call, turn): (Key, u32), range: DurationRange) -> i64 {
        // Delays are drawn from keys as `scattered` says: nothing else of a call is.
        let bound = range.high - range.low + 1;
        let earliest = time + range.low as i64;
        let [first, second] = call.two_scattered(turn.into(), bound).map(|delay| earliest + delay as i64);
        let (one, other) = (self.ahead(first), self.ahead(second));
        if one.max(other) >= self.counts.len() {
            self.count(one);
            return first;
        }
        let (one_at, other_at) = (self.place(one), self.place(other));
        let usual = &mut self.usual[distance(one)];
        let more = found(self.counts[one_at]) - *usual;
        *usual += more >> INERTIA;
        let is_less = found(self.counts[other_at]) - self.usual[distance(other)] < more;
        let at = select_unpredictable(is_less, other_at, one_at);
        self.counts[at] = self.counts[at].saturating_add(1);
        select_unpredictable(is_less, second, first)
    }

    /// Counts a step that is due so many stretches ahead, if that is counted.
    #[inline]
    fn count(&mut self, ahead: usize) {
        if ahead < self.counts.len() {
            let at = self.place(ahead);
            self.counts[at] = self.counts[at].saturating_add(1);
        }
    }

    /// Forgets what is due before the stretch `present`, which `time` lies in.
    #[inline(never)]
    fn forget(&mut self, time: i64, present: i64) {
        if time > LATEST {
            *self = Loads { cut_by_time: self.cut_by_time, ..Loads::unknown() };
            return;
        }
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

    /// How many stretches ahead a time is. That many are counted, or it is not.
    fn ahead(&self, due: i64) -> usize {
        self.stretch(due).wrapping_sub(self.present) as usize
    }

    /// Where it is counted what is due so many stretches ahead.
    fn place(&self, ahead: usize) -> usize {
        (self.present as usize).wrapping_add(ahead) & (self.counts.len() - 1)
    }
}

fn found(count: u8) -> i32 {
    i32::from(count) << FRACTION
}

/// Eighths of octaves, counted from eight stretches before the present one on: so they begin with single stretches.
///
/// That is what the first bits of a floating-point number say, exactly: its exponent, and what is behind the first one.
fn distance(ahead: usize) -> usize {
    let from_before = (ahead + (1 << EIGHTHS)) as u32 as f32;
    let least = (1 << EIGHTHS) as f32;
    let bits = |number: f32| number.to_bits() >> (f32::MANTISSA_DIGITS - 1 - EIGHTHS);
    (bits(from_before) - bits(least)) as usize
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
