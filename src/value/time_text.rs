//! Times as the documents write them, without formatting machinery.

use std::cell::Cell;

/// Two digits for every number below a hundred.
const PAIRS: &[u8; 200] =
    b"0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/// Appends `2026-01-07T07:09:29.706595681Z`: UTC with exactly `digits` (0 to 9) digits of a second, cut, not rounded.
pub fn write_time(nanoseconds: i64, digits: usize, out: &mut Vec<u8>) {
    let mut text = [0; NANOSECONDS_LENGTH];
    Calendar::default().nanoseconds(nanoseconds, &mut text);
    let end = if digits == 0 { 19 } else { 20 + digits.min(9) };
    text[end] = b'Z';
    out.extend_from_slice(&text[..=end]);
}

/// Writes times, and remembers the days that it has written: times of events are of a few days.
#[derive(Debug)]
pub struct Calendar([Cell<Day>; 4]);

/// A day since the Unix epoch, and its date.
#[derive(Debug, Clone, Copy)]
struct Day(i64, Date);

/// `2026-01-07T`, with room behind it.
type Date = [u8; 16];

/// Bytes of `2026-01-07T07:09:29.706595681Z`.
pub const NANOSECONDS_LENGTH: usize = 30;
/// Bytes of `2026-01-07T07:09:29.706595Z`.
pub const MICROSECONDS_LENGTH: usize = 27;

impl Default for Calendar {
    fn default() -> Self {
        Calendar(std::array::from_fn(|_| Cell::new(Day(i64::MIN, [0; 16]))))
    }
}

impl Calendar {
    /// Writes `2026-01-07T07:09:29.706595681Z`, in UTC, and says how long that is.
    ///
    /// # Panics
    /// If there is no room for it.
    #[inline]
    pub fn nanoseconds(&self, nanoseconds: i64, text: &mut [u8]) -> usize {
        let Some(text) = text.first_chunk_mut::<NANOSECONDS_LENGTH>() else { panic!("no room for a time") };
        let fraction = self.second(nanoseconds, text);
        let (high, low) = (fraction / 100_000, fraction % 100_000);
        text[20..22].copy_from_slice(pair(high / 100));
        text[22..24].copy_from_slice(pair(high));
        text[24] = b'0' + (low / 10_000) as u8;
        text[25..27].copy_from_slice(pair(low / 100));
        text[27..29].copy_from_slice(pair(low));
        text[29] = b'Z';
        NANOSECONDS_LENGTH
    }

    /// Writes `2026-01-07T07:09:29.706595Z`: cut, not rounded.
    ///
    /// # Panics
    /// If there is no room for it.
    #[inline]
    pub fn microseconds(&self, nanoseconds: i64, text: &mut [u8]) -> usize {
        let Some(text) = text.first_chunk_mut::<MICROSECONDS_LENGTH>() else { panic!("no room for a time") };
        let fraction = self.second(nanoseconds, text) / 1_000;
        text[20..22].copy_from_slice(pair(fraction / 10_000));
        text[22..24].copy_from_slice(pair(fraction / 100));
        text[24..26].copy_from_slice(pair(fraction));
        text[26] = b'Z';
        MICROSECONDS_LENGTH
    }

    #[inline]
    fn date(&self, day: i64) -> Date {
        let known = &self.0[day as usize % 4];
        let mut date = known.get();
        if date.0 != day {
            date = Day(day, date_of(day));
            known.set(date);
        }
        date.1
    }

    /// Writes `2026-01-07T07:09:29.`, and returns the nanoseconds that are left.
    #[inline]
    fn second<const LENGTH: usize>(&self, nanoseconds: i64, text: &mut [u8; LENGTH]) -> u32 {
        let (day, rest) = match u64::try_from(nanoseconds) {
            Ok(positive) => ((positive / DAY) as i64, positive % DAY),
            Err(_) => (nanoseconds.div_euclid(DAY as i64), nanoseconds.rem_euclid(DAY as i64) as u64),
        };
        let (second, fraction) = ((rest / NANOSECONDS as u64) as u32, (rest % NANOSECONDS as u64) as u32);
        text[..16].copy_from_slice(&self.date(day));
        text[11..13].copy_from_slice(pair(second / 3_600));
        text[13] = b':';
        text[14..16].copy_from_slice(pair(second / 60 % 60));
        text[16] = b':';
        text[17..19].copy_from_slice(pair(second % 60));
        text[19] = b'.';
        fraction
    }
}

fn date_of(day: i64) -> Date {
    let civil = Civil::of(day * 86_400);
    let mut text = *b"0000-00-00T     ";
    text[0..2].copy_from_slice(pair(civil.year / 100));
    text[2..4].copy_from_slice(pair(civil.year));
    text[5..7].copy_from_slice(pair(civil.month));
    text[8..10].copy_from_slice(pair(civil.day));
    text
}

const NANOSECONDS: i64 = 1_000_000_000;
/// Nanoseconds of a day.
const DAY: u64 = 86_400 * NANOSECONDS as u64;

/// The last two digits of a number.
fn pair(number: u32) -> &'static [u8] {
    let at = (number as usize % 100) * 2;
    &PAIRS[at..at + 2]
}

/// A second of the Gregorian calendar, in UTC.
#[derive(Debug, PartialEq, Eq)]
struct Civil {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
}

impl Civil {
    /// By arithmetic on whole days, which begin at 0000-03-01 so that a leap day is the last one of its year: Howard
    /// Hinnant's `civil_from_days`. For all times that nanoseconds in 64 bits can say.
    fn of(seconds: i64) -> Self {
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400) as u32);
        let days = (days + 719_468) as u32;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let years = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * years + years / 4 - years / 100);
        let shifted = (5 * of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        Civil {
            year: era * 400 + years + u32::from(month <= 2),
            month,
            day: of_year - (153 * shifted + 2) / 5 + 1,
            hour: second / 3_600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }
}

/// A time within a text, such as `workspace-%Y-%m-%d-%H%M%S`.
#[derive(Debug, Clone)]
pub struct Clock(Vec<Part>);

#[derive(Debug, Clone)]
enum Part {
    Text(Vec<u8>),
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

impl Clock {
    /// Reads a format of `%Y %m %d %H %M %S` (all in UTC) and other text.
    ///
    /// # Errors
    ///
    /// The directive that is not one of these.
    pub fn parse(format: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        for (index, piece) in format.split('%').enumerate() {
            let mut rest = piece;
            if index > 0 {
                let directive = piece.chars().next();
                parts.push(match directive {
                    Some('Y') => Part::Year,
                    Some('m') => Part::Month,
                    Some('d') => Part::Day,
                    Some('H') => Part::Hour,
                    Some('M') => Part::Minute,
                    Some('S') => Part::Second,
                    other => return Err(format!("%{}", other.map(String::from).unwrap_or_default())),
                });
                rest = &piece[1..];
            }
            if !rest.is_empty() {
                let mut text = Vec::new();
                crate::template::escape_into(rest, &mut text);
                parts.push(Part::Text(text));
            }
        }
        Ok(Clock(parts))
    }

    /// Appends the text for a time in seconds since the Unix epoch.
    pub fn write(&self, seconds: i64, out: &mut Vec<u8>) {
        let mut text = vec![0; self.room()];
        let length = self.put(seconds, 0, &Calendar::default(), &mut text);
        out.extend_from_slice(&text[..length]);
    }

    /// How many bytes a text may have.
    pub fn room(&self) -> usize {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.len(),
            Part::Year => 4,
            _ => 2,
        });
        parts.sum::<usize>() + 1 + SUFFIX
    }

    /// Writes the text for a time in seconds to the beginning of `to`, and behind it, if it is not 0, a number that tells
    /// it from others; says how long it is.
    ///
    /// # Panics
    /// If there is no room for it.
    pub fn put(&self, seconds: i64, number: u64, calendar: &Calendar, to: &mut [u8]) -> usize {
        let date = calendar.date(seconds.div_euclid(86_400));
        let second = seconds.rem_euclid(86_400) as u32;
        let mut at = 0;
        for part in &self.0 {
            let text = match part {
                Part::Text(text) => text.as_slice(),
                Part::Year => &date[..4],
                Part::Month => &date[5..7],
                Part::Day => &date[8..10],
                Part::Hour => pair(second / 3_600),
                Part::Minute => pair(second / 60 % 60),
                Part::Second => pair(second % 60),
            };
            let place = &mut to[at..at + text.len()];
            match (place, text) {
                // Without a call for what is short.
                ([one, two], [first, second]) => (*one, *two) = (*first, *second),
                (place, text) => place.copy_from_slice(text),
            }
            at += text.len();
        }
        if number > 0 { at + put_suffix(number, &mut to[at..]) } else { at }
    }
}

/// The most digits of a number in base 36.
const SUFFIX: usize = 13;

/// Writes a hyphen and a number in base 36.
fn put_suffix(number: u64, to: &mut [u8]) -> usize {
    to[0] = b'-';
    let (mut rest, mut length) = (number, 1);
    while rest > 0 {
        to[length] = b"0123456789abcdefghijklmnopqrstuvwxyz"[(rest % 36) as usize];
        rest /= 36;
        length += 1;
    }
    to[1..length].reverse();
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, Datelike, Timelike, Utc};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_calendar_is_the_usual_one(nanoseconds: i64) {
            let time: DateTime<Utc> = DateTime::from_timestamp_nanos(nanoseconds);
            let expected = Civil {
                year: time.year().unsigned_abs(),
                month: time.month(),
                day: time.day(),
                hour: time.hour(),
                minute: time.minute(),
                second: time.second(),
            };
            prop_assert_eq!(Civil::of(nanoseconds.div_euclid(NANOSECONDS)), expected);
            let mut out = Vec::new();
            write_time(nanoseconds, 9, &mut out);
            let text = time.format("%Y-%m-%dT%H:%M:%S%.9fZ").to_string();
            prop_assert_eq!(String::from_utf8_lossy(&out), text.as_str());
            let mut short = [0; MICROSECONDS_LENGTH];
            prop_assert_eq!(Calendar::default().microseconds(nanoseconds, &mut short), short.len());
            let cut = format!("{}Z", &text[..26]);
            prop_assert_eq!(&short[..], cut.as_bytes());
            for digits in 1..9 {
                out.clear();
                write_time(nanoseconds, digits, &mut out);
                let cut = format!("{}Z", &text[..20 + digits]);
                prop_assert_eq!(String::from_utf8_lossy(&out), cut);
            }
        }
    }

    #[test]
    fn times_keep_their_trailing_zeros() {
        let mut out = Vec::new();
        write_time(1_767_769_747_109_105_510, 9, &mut out);
        out.push(b' ');
        write_time(1_767_769_769_629_925_999, 6, &mut out);
        assert_eq!(out, b"2026-01-07T07:09:07.109105510Z 2026-01-07T07:09:29.629925Z");
    }

    #[test]
    fn clocks_format_and_refuse() {
        let mut out = Vec::new();
        Clock::parse("workspace-%Y-%m-%d-%H%M%S").expect("valid").write(1_769_099_054, &mut out);
        assert_eq!(out, b"workspace-2026-01-22-162414");
        assert_eq!(Clock::parse("%q").err().as_deref(), Some("%q"));
        assert_eq!(Clock::parse("a%").err().as_deref(), Some("%"));
    }
}
