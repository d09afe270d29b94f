//! A time span with a constant or linearly changing rate: its exact integral and the inverse.

/// The integral of one event. Integrals are in half thousandths of an event per day times nanoseconds, so that those of
/// whole stages and whole minutes are integers, and rounding occurs only within one.
pub(super) const UNIT: i128 = 2 * 1_000 * 86_400 * 1_000_000_000;

/// A rate between two values, in thousandths of events per day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ramp {
    /// Rate at its start.
    pub(crate) first: u64,
    /// Rate at its end.
    pub(crate) last: u64,
    /// Length in nanoseconds, more than 0; `u64::MAX` if it does not end.
    pub(crate) duration: u64,
}

/// A ramp, placed in the run.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(crate) ramp: Ramp,
    /// When the ramp begins, in nanoseconds since the run's start; negative if the run starts within it.
    pub(crate) origin: i128,
    /// The integral from the run's start to the ramp's start; negative if the run starts within the ramp.
    pub(crate) before: i128,
    /// The integral at the end of the span, which may be before the end of the ramp.
    pub(crate) until: i128,
    /// When the span begins, in nanoseconds since the run's start.
    pub(crate) begin: u64,
}

impl Ramp {
    /// The integral over the first `time` nanoseconds, rounded down.
    pub(super) fn area(&self, time: u64) -> i128 {
        let even = 2 * i128::from(self.first) * i128::from(time);
        if self.first == self.last {
            return even;
        }
        let (triangle, cut) = self.triangle(time);
        if self.last > self.first { even + triangle } else { even - triangle - i128::from(cut > 0) }
    }

    /// The integral over the first `time` nanoseconds, rounded up.
    pub(super) fn area_at_most(&self, time: u64) -> i128 {
        self.area(time) + i128::from(self.first != self.last && self.triangle(time).1 > 0)
    }

    /// The exact integral over the whole ramp.
    pub(super) fn whole(&self) -> i128 {
        (i128::from(self.first) + i128::from(self.last)) * i128::from(self.duration)
    }

    /// The part of the integral within `time` that is due to the change, |slope| · time² / duration: quotient and
    /// remainder.
    pub(super) fn triangle(&self, time: u64) -> (i128, i128) {
        let slope = u128::from(self.first.abs_diff(self.last));
        let (time, divisor) = (u128::from(time), u128::from(self.duration));
        let (quotient, remainder) = match (slope * time).checked_mul(time) {
            Some(product) => (product / divisor, product % divisor),
            None => {
                // In two divisions instead; the remainder is less than the duration, so its product fits.
                let (quotient, remainder) = (slope * time / divisor, slope * time % divisor);
                (quotient * time + remainder * time / divisor, remainder * time % divisor)
            }
        };
        (quotient as i128, remainder as i128)
    }

    /// The first nanosecond at which the integral has reached `area`, which must be at most [`Ramp::whole`].
    pub(super) fn when(&self, area: i128) -> u64 {
        let area = area.max(0);
        if self.first == self.last {
            return area.unsigned_abs().div_ceil(2 * u128::from(self.first.max(1))) as u64;
        }
        let (low, high) = self.bracket(area);
        bisect(low, high, |time| self.area(time) >= area)
    }

    /// A narrow range that contains the first nanosecond at which the integral has reached `area`.
    fn bracket(&self, area: i128) -> (u64, u64) {
        // Floating point only provides a starting point; the search is exact.
        let change = (self.last as f64 - self.first as f64) / self.duration as f64;
        let first = self.first as f64;
        let root = (first * first + change * area as f64).max(0.0).sqrt();
        let guess = ((area as f64 / (first + root)) as u64).min(self.duration);
        let (mut low, mut high, mut step) = (guess, guess, 1_u64);
        while self.area(low) >= area && low > 0 {
            (low, high, step) = (low.saturating_sub(step), low, step.saturating_mul(2));
        }
        while self.area(high) < area && high < self.duration {
            (low, high, step) = (high, high.saturating_add(step).min(self.duration), step.saturating_mul(2));
        }
        (low, high)
    }

    /// The rate after `time` nanoseconds, rounded down.
    pub(super) fn rate(&self, time: u64) -> u64 {
        let change = u128::from(self.first.abs_diff(self.last)) * u128::from(time) / u128::from(self.duration);
        if self.last > self.first { self.first + change as u64 } else { self.first - change as u64 }
    }
}

impl Stretch {
    /// When the integral reaches `wanted`, in nanoseconds since the run's start.
    pub(super) fn when(&self, wanted: i128) -> Option<u64> {
        let time = self.origin + i128::from(self.ramp.when(wanted - self.before));
        Some(u64::try_from(time.max(0)).ok()?.max(self.begin))
    }
}

/// The smallest number from `low` to `high` for which `enough` is true, or `high`; `enough` must be monotonic.
pub(super) fn bisect(mut low: u64, mut high: u64, enough: impl Fn(u64) -> bool) -> u64 {
    while low < high {
        let middle = low + (high - low) / 2;
        if enough(middle) { high = middle } else { low = middle + 1 }
    }
    low
}
