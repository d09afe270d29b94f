//! Delay smoothing by power of two choices: a delay is drawn twice, and the less crowded time wins.
//!
//! Random times bunch, and in a run where nineteen slots of twenty go to due steps, a bunch delays steps until long
//! after it. Two choices are enough to almost prevent bunches.
//!
//! The further ahead a time is, the fewer steps are due around it so far, so comparing counts alone would prefer long
//! delays. Each count is therefore compared with the usual count at its distance, and the delays stay uniformly
//! distributed over their range.

use crate::{
    plan::{Plan, resolved::Operation},
    simulation::{delay, draws},
    units::DurationRange,
    value::Key,
};
use std::hint::select_unpredictable;

/// Number of steps due in each short span of the time ahead.
#[derive(Debug)]
pub(super) struct DelaySmoothing {
    /// Start of the run: spans count from it, so the choices do not depend on the run's date.
    origin: i64,
    /// Length of a span in nanoseconds, as a power of two.
    shift: u32,
    /// The first span that is not over.
    present: i64,
    /// Counts by span, as a ring buffer; later spans are not counted.
    counts: Box<[u8]>,
    /// Usual count by distance: a running mean in fixed point with `FRACTION` fractional bits.
    usual: [i32; DISTANCES],
    /// Whether a step was due after event time ends, so that its instance was cut short.
    pub(crate) cut_by_time: bool,
}

/// Maximum number of slots in a span; at least half as many. Within a span steps are not smoothed; with fewer slots,
/// the counts are noisier.
const SLOTS: i128 = 16;

/// Maximum number of counted spans: some minutes at thousands of events per second. The counts fit the L2 cache.
const MOST: u64 = 1 << 16;

/// Distances are classified by octave and eighths of an octave.
const EIGHTHS: u32 = 3;
const DISTANCES: usize = (MOST.ilog2() as usize) << EIGHTHS;
const FRACTION: u32 = 16;
/// Time constant of the running mean: this many draws, as a power of two.
const INERTIA: u32 = 7;

/// Times and delays beyond this (some decades) are not counted.
const LATEST: i64 = i64::MAX / 4;

const DAY_IN_THOUSANDTHS: i128 = 86_400 * 1_000 * super::SECOND as i128;

impl DelaySmoothing {
    /// No counting: the first draw is always taken.
    pub(super) fn unknown() -> DelaySmoothing {
        DelaySmoothing {
            origin: 0,
            shift: 0,
            present: i64::MAX,
            counts: Box::default(),
            usual: [0; DISTANCES],
            cut_by_time: false,
        }
    }

    /// Nothing due yet in a simulation that starts at `start`; without a rate, no counting.
    pub(super) fn new(plan: &Plan, start: i64) -> DelaySmoothing {
        let Some(schedule) = &plan.timing.schedule else { return DelaySmoothing::unknown() };
        let rate = i128::from(schedule.highest_rate().per_day_in_thousandths().max(1));
        let longest = longest_delay(plan);
        if longest > LATEST as u64 {
            return DelaySmoothing::unknown();
        }
        let shift = (SLOTS * DAY_IN_THOUSANDTHS / rate).max(1).ilog2().min(62);
        let stretches = (longest >> shift).saturating_add(2).min(MOST).next_power_of_two();
        let mut loads = DelaySmoothing {
            origin: plan.timing.from,
            shift,
            present: 0,
            counts: vec![0; stretches as usize].into(),
            ..DelaySmoothing::unknown()
        };
        loads.present = loads.stretch(start);
        loads
    }

    /// When a step is due that waits from `time` on for a delay from `range`. `call` and `turn` key the draws; `time`
    /// never decreases. `None` beyond the end of representable time.
    #[expect(clippy::inline_always, reason = "called twice: for the next step of an instance, and for its first")]
    #[inline(always)]
    pub(super) fn choose(&mut self, time: i64, (call, turn): (Key, u32), range: DurationRange) -> Option<i64> {
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
        // The call's key is not used for other draws with `scattered`, so these are independent.
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

    /// Learns the usual counts from the times at which the steps of a steady state are due.
    pub(super) fn expect(&mut self, due: impl Iterator<Item = i64>) {
        let (mut steps, mut spans) = ([0_u64; DISTANCES], [0_u64; DISTANCES]);
        (0..self.counts.len()).for_each(|ahead| spans[distance(ahead)] += 1);
        for ahead in due.map(|due| self.ahead(due)).filter(|ahead| *ahead < self.counts.len()) {
            steps[distance(ahead)] += 1;
        }
        for ((usual, steps), spans) in self.usual.iter_mut().zip(steps).zip(spans) {
            *usual = ((steps << FRACTION) / spans.max(1)).min(255 << FRACTION) as i32;
        }
    }

    /// The time of two around which fewer steps are due, while only a part of all steps is counted: `part` of 2³².
    pub(super) fn less_crowded(&mut self, [first, second]: [i64; 2], part: u64) -> i64 {
        let more = |time: i64| {
            let ahead = self.ahead(time);
            let usual = |usual: i32| ((i64::from(usual) * part as i64) >> 32) as i32;
            (ahead < self.counts.len())
                .then(|| found(self.counts[self.place(ahead)]) - usual(self.usual[distance(ahead)]))
        };
        let is_less = matches!((more(first), more(second)), (Some(first), Some(second)) if second < first);
        let time = if is_less { second } else { first };
        self.count(self.ahead(time));
        time
    }

    /// Counts a step due in the span `ahead`, unless that is beyond the counted ones.
    #[inline]
    fn count(&mut self, ahead: usize) {
        if ahead < self.counts.len() {
            let at = self.place(ahead);
            self.counts[at] = self.counts[at].saturating_add(1);
        }
    }

    /// Clears the spans before `present`, in which `time` lies.
    #[inline(never)]
    fn forget(&mut self, time: i64, present: i64) {
        if time > LATEST {
            *self = DelaySmoothing { cut_by_time: self.cut_by_time, ..DelaySmoothing::unknown() };
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

    /// Number of spans from the present one to a time; a step at a distance beyond the counts is not counted.
    fn ahead(&self, due: i64) -> usize {
        self.stretch(due).wrapping_sub(self.present) as usize
    }

    /// Index of the count of the span `ahead`.
    fn place(&self, ahead: usize) -> usize {
        (self.present as usize).wrapping_add(ahead) & (self.counts.len() - 1)
    }
}

fn found(count: u8) -> i32 {
    i32::from(count) << FRACTION
}

/// Class of a distance: eighths of octaves of the distance plus eight, so that the first classes are single spans.
///
/// The leading bits of a floating-point number are exactly that: its exponent and the first bits of its fraction.
fn distance(ahead: usize) -> usize {
    let from_before = (ahead + (1 << EIGHTHS)) as u32 as f32;
    let least = (1 << EIGHTHS) as f32;
    let bits = |number: f32| number.to_bits() >> (f32::MANTISSA_DIGITS - 1 - EIGHTHS);
    (bits(from_before) - bits(least)) as usize
}

/// The longest delay of any step.
fn longest_delay(plan: &Plan) -> u64 {
    let longest = |operation: &Operation| match operation {
        Operation::Call(call) => call.after.high.max(call.every.high),
        _ => 0,
    };
    plan.scenarios.iter().flat_map(|scenario| &scenario.operations).map(longest).max().unwrap_or(0)
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
