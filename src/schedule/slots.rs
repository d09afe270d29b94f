//! Slots one after another, by adding instead of dividing: a run asks for each of its slots once, in order.

use super::{
    Schedule, area_before,
    ramp::{Stretch, UNIT, bisect},
};

/// The beginnings of slots in nanoseconds since the run's beginning, in order; each is what [`Schedule::slot`] says.
#[derive(Debug, Clone)]
pub struct Slots<'s> {
    schedule: &'s Schedule,
    /// Which slot comes next, and when it begins.
    number: u64,
    ahead: Option<u64>,
    /// The first slot beyond the stretch that `step` is for.
    until: u64,
    step: Step,
    width: u64,
}

/// How to get from one slot to the next within a stretch.
#[derive(Debug, Clone)]
enum Step {
    Even(Even),
    Linear(Linear),
}

/// At a constant rate: quotient and remainder.
#[derive(Debug, Clone)]
struct Even {
    /// What the integral gains in a nanosecond.
    rate: u64,
    /// How far the integral at the slot's beginning is beyond what it had to reach.
    over: u64,
    /// An event over the rate: nanoseconds, and what is left.
    whole: u64,
    rest: u64,
}

/// At a rate that changes linearly. All is multiplied by the ramp's duration, so that nothing is divided: within
/// `time` nanoseconds from a slot's beginning the integral gains `time · (slope + bend · time)`.
#[derive(Debug, Clone)]
struct Linear {
    slope: i128,
    bend: i64,
    /// How far the integral at the slot's beginning is beyond what it had to reach.
    over: i128,
    /// One event.
    event: i128,
    /// Nanoseconds to the ramp's end.
    left: u64,
    /// So many nanoseconds can be computed without an overflow.
    safe: u64,
    /// How long the slot before took, and how much longer than the one before it.
    last: u64,
    longer: i64,
}

impl<'s> Slots<'s> {
    pub(super) fn new(schedule: &'s Schedule, number: u64) -> Self {
        let step = Step::Even(Even { rate: 1, over: 0, whole: 0, rest: 0 });
        let mut slots = Slots { schedule, number, ahead: None, until: number, step, width: 1 };
        slots.ahead = slots.enter();
        slots
    }

    /// How long the slot that [`Iterator::next`] gave last may last, at least 1: to the next one, or to where the rate
    /// becomes 0 for a while, so that nothing happens then.
    pub fn width(&self) -> u64 {
        self.width
    }

    /// When the slot `number` begins, in a stretch that is prepared for those that follow.
    fn enter(&mut self) -> Option<u64> {
        let wanted = area_before(self.number)?;
        let stretch = self.schedule.stretch(wanted)?;
        let begin = stretch.when(wanted)?;
        let time = (i128::from(begin) - stretch.origin) as u64;
        if !Step::holds(&stretch) {
            // One slot at a time: `next` comes back for each.
            self.until = self.number;
            return Some(begin);
        }
        self.step = Step::new(&stretch, time, wanted);
        self.until = u64::try_from(stretch.until.unsigned_abs().div_ceil(UNIT.unsigned_abs())).unwrap_or(u64::MAX);
        Some(begin)
    }

    /// The same behind the slot that begins at `begin`.
    #[inline(never)]
    fn enter_behind(&mut self, begin: u64) {
        self.ahead = self.enter();
        let end = self.ahead.map(|next| self.schedule.quiet_from(begin).map_or(next, |quiet| quiet.min(next)));
        self.width = end.map_or(1, |end| end.saturating_sub(begin).max(1));
    }
}

impl Iterator for Slots<'_> {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        let begin = self.ahead?;
        self.number += 1;
        if self.number < self.until {
            self.width = self.step.advance().max(1);
            self.ahead = begin.checked_add(self.width);
        } else {
            self.enter_behind(begin);
        }
        Some(begin)
    }
}

impl Step {
    /// Whether 128 bits hold a step's numbers: those of a ramp that takes decades they do not.
    fn holds(stretch: &Stretch) -> bool {
        stretch.ramp.first == stretch.ramp.last || i128::from(stretch.ramp.duration) < (i128::MAX >> 2) / UNIT
    }

    /// From a time of the stretch's ramp at which the integral has just reached `wanted`.
    fn new(stretch: &Stretch, time: u64, wanted: i128) -> Step {
        let ramp = &stretch.ramp;
        let over = stretch.before + ramp.area(time) - wanted;
        if ramp.first == ramp.last {
            let (rate, event) = (2 * ramp.first.max(1), UNIT as u64);
            return Step::Even(Even { rate, over: over as u64, whole: event / rate, rest: event % rate });
        }
        let bend = ramp.last as i64 - ramp.first as i64;
        let scale = i128::from(ramp.duration);
        // What rounding down has cut off belongs to it.
        let cut = match ramp.triangle(time).1 {
            cut if cut > 0 && bend < 0 => scale - cut,
            cut => cut,
        };
        let over = scale * over + cut;
        let slope = 2 * (scale * i128::from(ramp.first) + i128::from(bend) * i128::from(time));
        let steepest = (2 * scale * i128::from(ramp.first.max(ramp.last))).unsigned_abs();
        let safe = u64::try_from((1_u128 << 125) / steepest).unwrap_or(u64::MAX);
        let left = ramp.duration - time;
        let event = scale * UNIT;
        let last = (event as f64 / slope.max(1) as f64) as u64;
        Step::Linear(Linear { slope, bend, over, event, left, safe, last, longer: 0 })
    }

    /// Nanoseconds to the next slot, where it is known to lie in the same stretch.
    #[inline]
    fn advance(&mut self) -> u64 {
        match self {
            Step::Even(even) => even.advance(),
            Step::Linear(linear) => linear.advance(),
        }
    }
}

impl Even {
    fn advance(&mut self) -> u64 {
        if self.over >= self.rest {
            self.over -= self.rest;
            self.whole
        } else {
            self.over += self.rate - self.rest;
            self.whole + 1
        }
    }
}

impl Linear {
    fn advance(&mut self) -> u64 {
        let needed = self.event - self.over;
        let time = self.near(needed).unwrap_or_else(|| self.anywhere(needed));
        let length = i128::from(time);
        let bent = i128::from(self.bend) * length;
        self.over = length * (self.slope + bent) - needed;
        self.slope += 2 * bent;
        self.left -= time;
        self.longer = (time as i64).wrapping_sub(self.last as i64);
        self.last = time;
        time
    }

    /// The shortest time that gains what is needed: mostly what the two slots before make one expect, or next to it;
    /// else by Newton's way from there.
    fn near(&self, needed: i128) -> Option<u64> {
        let most = self.left.min(self.safe).max(1);
        let mut time = self.last.saturating_add_signed(self.longer).clamp(1, most);
        for round in 0..8 {
            let length = i128::from(time);
            let bent = i128::from(self.bend) * length;
            let beyond = length * (self.slope + bent) - needed;
            // What the last nanosecond of it has brought.
            let gain = self.slope + 2 * bent - i128::from(self.bend);
            if gain <= 0 {
                return None;
            }
            if (0..gain).contains(&beyond) {
                return Some(time);
            }
            time = match round {
                0..3 if beyond < 0 => time + 1,
                0..3 => time - 1,
                // Floating point only says where to look next.
                _ => time.saturating_add_signed((-beyond as f64 / gain as f64).ceil() as i64),
            }
            .clamp(1, most);
        }
        None
    }

    /// The same, wherever it is.
    fn anywhere(&self, needed: i128) -> u64 {
        bisect(1, self.left, |time| {
            let time = i128::from(time);
            time.checked_mul(self.slope + i128::from(self.bend) * time).is_none_or(|gained| gained >= needed)
        })
    }
}
