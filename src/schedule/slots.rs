//! Iterator over slots by addition instead of division: a run needs each of its slots once, in order.

use super::{
    Schedule, area_before,
    ramp::{Stretch, UNIT, bisect},
};

/// The starts of slots in nanoseconds since the run's start, in order; equal to [`Schedule::slot`].
#[derive(Debug, Clone)]
pub struct Slots<'s> {
    schedule: &'s Schedule,
    /// Number and start of the next slot.
    number: u64,
    ahead: Option<u64>,
    /// The first slot beyond the span for which `step` is valid.
    until: u64,
    step: Step,
    width: u64,
}

/// State for advancing to the next slot within a span.
#[derive(Debug, Clone)]
enum Step {
    Even(Even),
    Linear(Linear),
}

/// At a constant rate: division with remainder, carried forward.
#[derive(Debug, Clone)]
struct Even {
    /// Increase of the integral per nanosecond.
    rate: u64,
    /// Excess of the integral at the slot's start over the required value.
    over: u64,
    /// Time between slots: whole nanoseconds and remainder.
    whole: u64,
    rest: u64,
}

/// At a linearly changing rate. Everything is multiplied by the ramp's duration to avoid divisions: `time` nanoseconds
/// after a slot's start, the integral has increased by `time · (slope + bend · time)`.
#[derive(Debug, Clone)]
struct Linear {
    slope: i128,
    bend: i64,
    /// Excess of the integral at the slot's start over the required value.
    over: i128,
    /// The integral of one event.
    event: i128,
    /// Nanoseconds to the ramp's end.
    left: u64,
    /// Maximum number of nanoseconds that can be computed without overflow.
    safe: u64,
    /// Length of the previous slot, and its difference to the one before.
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

    /// Maximum length of the slot that [`Iterator::next`] returned last, at least 1: up to the next slot, or to where
    /// the rate becomes 0 for a while, so that no event happens then.
    pub fn width(&self) -> u64 {
        self.width
    }

    /// Computes the start of slot `number` directly, and prepares the steps for the slots after it.
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

    /// Enters the next span, after the slot that begins at `begin`.
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
        // The part that rounding down has cut off.
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

    /// Nanoseconds to the next slot, if that is in the same span.
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

    /// The shortest time that yields `needed`: usually extrapolated from the last two slots or next to that; otherwise
    /// a few steps of Newton's method.
    fn near(&self, needed: i128) -> Option<u64> {
        let most = self.left.min(self.safe).max(1);
        let mut time = self.last.saturating_add_signed(self.longer).clamp(1, most);
        for round in 0..8 {
            let length = i128::from(time);
            let bent = i128::from(self.bend) * length;
            let beyond = length * (self.slope + bent) - needed;
            // Increase in the last nanosecond.
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
                // Floating point only proposes the next candidate.
                _ => time.saturating_add_signed((-beyond as f64 / gain as f64).ceil() as i64),
            }
            .clamp(1, most);
        }
        None
    }

    /// The shortest time that yields `needed`, by bisection.
    fn anywhere(&self, needed: i128) -> u64 {
        bisect(1, self.left, |time| {
            let time = i128::from(time);
            time.checked_mul(self.slope + i128::from(self.bend) * time).is_none_or(|gained| gained >= needed)
        })
    }
}
