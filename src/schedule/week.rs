//! The rate over a week in local time, minute by minute, and its integral.
//!
//! The curve is a raised cosine between trough and peak, approximated by straight lines between minutes; these lines
//! define the rate. Local times are nanoseconds since 1970-01-01T00:00 of the local clock.

use super::ramp::Ramp;
use crate::units::{Rate, TimeOfDay};

const MINUTES: u32 = 1_440;
const MINUTE: u64 = 60 * 1_000_000_000;
const DAY: i128 = MINUTES as i128 * MINUTE as i128;
/// Weekdays from Monday, 0, to Sunday; January 1, 1970 was a Thursday.
const SATURDAY: usize = 5;
const FIRST_WEEKDAY: i128 = 3;

/// A week, repeated without end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Week {
    workday: Day,
    weekend: Day,
    /// The integral before each weekday, and of the whole week.
    before: [i128; 8],
}

#[derive(Debug, PartialEq, Eq)]
struct Day {
    /// Rate at the start of each minute, in thousandths of events per day.
    rates: Vec<u64>,
    /// The integral before each minute, and of the whole day.
    before: Vec<i128>,
}

/// A minute of a day.
#[derive(Debug)]
pub(super) struct Minute {
    /// Start in local time.
    pub(crate) begin: i128,
    /// The integral at its start.
    pub(crate) before: i128,
    pub(crate) ramp: Ramp,
}

impl Week {
    /// `weekend` is in thousandths of the rate on other days.
    pub(super) fn new(peak: Rate, trough: Rate, peak_at: TimeOfDay, weekend: u32) -> Week {
        let (high, low) = (peak.per_day_in_thousandths(), trough.per_day_in_thousandths());
        let rates: Vec<u64> = (0..MINUTES)
            .map(|minute| {
                let apart = minute.abs_diff(peak_at.minutes());
                let share = u128::from(raised_cosine(apart.min(MINUTES - apart)));
                low + ((u128::from(high.saturating_sub(low)) * share + (1 << 31)) >> 32) as u64
            })
            .collect();
        let lower = |rate: &u64| ((u128::from(*rate) * u128::from(weekend) + 500) / 1_000) as u64;
        let weekend = Day::new(rates.iter().map(lower).collect());
        let workday = Day::new(rates);
        let mut before = [0; 8];
        for weekday in 0..7 {
            let day = if weekday < SATURDAY { &workday } else { &weekend };
            before[weekday + 1] = before[weekday] + day.whole();
        }
        Week { workday, weekend, before }
    }

    /// The rate at the start of each minute from Monday to Friday.
    pub(super) fn workday(&self) -> &[u64] {
        &self.workday.rates
    }

    /// The integral from 1970 to a local time, rounded down; negative before 1970.
    pub(super) fn integral(&self, time: i128) -> i128 {
        let minute = self.minute(time);
        minute.before + minute.ramp.area((time - minute.begin) as u64)
    }

    /// [`integral`](Self::integral), rounded up.
    pub(super) fn integral_at_most(&self, time: i128) -> i128 {
        let minute = self.minute(time);
        minute.before + minute.ramp.area_at_most((time - minute.begin) as u64)
    }

    /// The minute that contains a local time.
    pub(super) fn minute(&self, time: i128) -> Minute {
        let number = (time.rem_euclid(DAY) / i128::from(MINUTE)) as usize;
        self.minute_of_day(time.div_euclid(DAY) + FIRST_WEEKDAY, number)
    }

    /// The minute in which the integral exceeds `area`.
    pub(super) fn reaching(&self, area: i128) -> Minute {
        // The epoch begins on a Thursday, a week on a Monday.
        let area = area + self.before[FIRST_WEEKDAY as usize];
        let (weeks, rest) = (area.div_euclid(self.before[7]), area.rem_euclid(self.before[7]));
        let weekday = self.before.partition_point(|before| *before <= rest) - 1;
        let rest = rest - self.before[weekday];
        let number = self.day(weekday).before.partition_point(|before| *before <= rest) - 1;
        self.minute_of_day(weeks * 7 + weekday as i128, number)
    }

    /// Whether weekends have no events.
    pub(super) fn rests(&self) -> bool {
        self.weekend.whole() == 0
    }

    /// Start of the next weekend, or the time itself if that is in a weekend.
    pub(super) fn next_weekend(time: i128) -> i128 {
        let day = time.div_euclid(DAY);
        let weekday = (day + FIRST_WEEKDAY).rem_euclid(7);
        time.max((day + SATURDAY as i128 - weekday) * DAY)
    }

    /// A minute of a day, given by the number of days since a Monday.
    fn minute_of_day(&self, day: i128, number: usize) -> Minute {
        let (weeks, weekday) = (day.div_euclid(7), day.rem_euclid(7) as usize);
        let table = self.day(weekday);
        let before = weeks * self.before[7] + self.before[weekday] - self.before[FIRST_WEEKDAY as usize];
        Minute {
            begin: (day - FIRST_WEEKDAY) * DAY + number as i128 * i128::from(MINUTE),
            before: before + table.before[number],
            ramp: table.ramp(number),
        }
    }

    fn day(&self, weekday: usize) -> &Day {
        if weekday < SATURDAY { &self.workday } else { &self.weekend }
    }
}

impl Day {
    fn new(rates: Vec<u64>) -> Day {
        let mut day = Day { rates, before: vec![0] };
        let mut before = 0;
        for minute in 0..MINUTES as usize {
            before += day.ramp(minute).whole();
            day.before.push(before);
        }
        day
    }

    fn ramp(&self, minute: usize) -> Ramp {
        let next = (minute + 1) % MINUTES as usize;
        Ramp { first: self.rates[minute], last: self.rates[next], duration: MINUTE }
    }

    fn whole(&self) -> i128 {
        self.before[MINUTES as usize]
    }
}

/// Height of the curve at a distance in minutes from its peak: 2³² at the peak, 0 half a day away.
fn raised_cosine(minutes: u32) -> u64 {
    let angle = f64::from(minutes) * std::f64::consts::PI / f64::from(MINUTES / 2);
    // `libm` gives the same result on every machine.
    libm::round((1.0 + libm::cos(angle)) * f64::from(1_u32 << 31)) as u64
}
