//! Times as text, in the documented forms.
//!
//! Fast path: a cache of formatted days ([`DateCache`]). Plain form: `date_of` for each time. Gain: 13 % of an event's
//! instructions, measured on 2026-12-01 as CONTRIBUTING.md describes under "Speed".

use crate::bytes::{Arena, Padded, PaddedSlice};
use chrono::{DateTime, Datelike};
use std::cell::Cell;

/// Two digits for every number below 100.
const PAIRS: &[u8; 200] =
    b"0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/// Appends `2026-01-07T07:09:29.706595681Z`: UTC with exactly `digits` (0 to 9) fractional digits, truncated.
pub fn write_time(nanoseconds: i64, digits: usize, out: &mut Vec<u8>) {
    let mut text = [0; NANOSECONDS_LENGTH];
    DateCache::default().nanoseconds(nanoseconds, &mut text);
    let end = if digits == 0 { 19 } else { 20 + digits.min(9) };
    text[end] = b'Z';
    out.extend_from_slice(&text[..=end]);
}

/// Formats times, with a cache of days: the times of events fall on few days.
#[derive(Debug)]
pub(crate) struct DateCache {
    days: [Cell<Day>; 4],
}

/// A day since the Unix epoch, and its formatted date.
#[derive(Debug, Clone, Copy)]
struct Day(i64, Date);

/// `2026-01-07T` in the low bytes; an integer, so that it stays in a register.
type Date = u128;

/// Length of `2026-01-07T07:09:29.706595681Z`.
const NANOSECONDS_LENGTH: usize = 30;
/// Length of `2026-01-07T07:09:29.706595Z`.
const MICROSECONDS_LENGTH: usize = 27;

impl Default for DateCache {
    fn default() -> Self {
        let days = std::array::from_fn(|_| Cell::new(Day(i64::MIN, 0)));
        DateCache { days }
    }
}

impl DateCache {
    /// Writes `2026-01-07T07:09:29.706595681Z`, in UTC.
    #[inline]
    pub(crate) fn nanoseconds(&self, nanoseconds: i64, text: &mut [u8; NANOSECONDS_LENGTH]) {
        let fraction = self.second(nanoseconds, text);
        text[20..28].copy_from_slice(&eight_digits(fraction / 10));
        text[28] = b'0' + (fraction % 10) as u8;
        text[29] = b'Z';
    }

    /// Writes `2026-01-07T07:09:29.706595Z`, in UTC, truncated.
    #[inline]
    pub(crate) fn microseconds(&self, nanoseconds: i64, text: &mut [u8; MICROSECONDS_LENGTH]) {
        let fraction = self.second(nanoseconds, text) / 1_000;
        text[20..26].copy_from_slice(&eight_digits(fraction * 100)[..6]);
        text[26] = b'Z';
    }

    #[inline]
    fn date(&self, day: i64) -> Date {
        let Day(known, date) = self.days[day as usize % 4].get();
        if known == day { date } else { self.learn(day) }
    }

    #[cold]
    fn learn(&self, day: i64) -> Date {
        let date = date_of(day);
        self.days[day as usize % 4].set(Day(day, date));
        date
    }

    /// Writes `2026-01-07T07:09:29.`; returns the remaining nanoseconds.
    #[inline]
    fn second<const LENGTH: usize>(&self, nanoseconds: i64, text: &mut [u8; LENGTH]) -> u32 {
        let (second, left) = divided(nanoseconds, NANOSECONDS);
        self.moment(second, text);
        left
    }

    /// Writes `2026-01-07T07:09:29.` in place. Copying it just after these narrow stores would stall (no store-to-load
    /// forwarding).
    #[inline]
    fn moment<const LENGTH: usize>(&self, second: i64, text: &mut [u8; LENGTH]) {
        let (day, second) = divided(second, 86_400);
        text[..16].copy_from_slice(&self.date(day).to_le_bytes());
        text[11..19].copy_from_slice(&time_of_day(second));
        text[19] = b'.';
    }
}

/// Division rounding down, with remainder. Faster for numbers that are not negative, which most times are.
#[inline]
fn divided(number: i64, by: u32) -> (i64, u32) {
    match u64::try_from(number) {
        Ok(number) => ((number / u64::from(by)) as i64, (number % u64::from(by)) as u32),
        Err(_) => (number.div_euclid(by.into()), number.rem_euclid(by.into()) as u32),
    }
}

fn date_of(day: i64) -> Date {
    let date = DateTime::from_timestamp(day * 86_400, 0).unwrap_or_default();
    let year = date.year().unsigned_abs();
    let mut text = *b"0000-00-00T     ";
    text[0..2].copy_from_slice(pair(year / 100));
    text[2..4].copy_from_slice(pair(year));
    text[5..7].copy_from_slice(pair(date.month()));
    text[8..10].copy_from_slice(pair(date.day()));
    u128::from_le_bytes(text)
}

const NANOSECONDS: u32 = 1_000_000_000;

/// The digits of a number below 10⁸.
fn eight_digits(mut number: u32) -> [u8; 8] {
    let mut text = [0; 8];
    for place in text.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
    text
}

/// `07:09:29`
fn time_of_day(second: u32) -> [u8; 8] {
    let mut text = *b"00:00:00";
    text[0..2].copy_from_slice(pair(second / 3_600));
    text[3..5].copy_from_slice(pair(second / 60 % 60));
    text[6..8].copy_from_slice(pair(second % 60));
    text
}

/// The last two digits of a number.
fn pair(number: u32) -> &'static [u8] {
    let at = (number as usize % 100) * 2;
    &PAIRS[at..at + 2]
}

/// A time format such as `workspace-%Y-%m-%d-%H%M%S`.
#[derive(Debug, Clone)]
pub struct Clock {
    /// The text with placeholders for the time.
    text: Padded,
    /// Positions of pairs of digits, and what they show.
    pairs: Vec<(usize, Digits)>,
}

/// Two digits of a time; the value is their position in `2026-01-07T07:09:29.`
#[derive(Debug, Clone, Copy)]
enum Digits {
    Century = 0,
    Year = 2,
    Month = 5,
    Day = 8,
    Hour = 11,
    Minute = 14,
    Second = 17,
}

impl Clock {
    /// Parses a format with `%Y %m %d %H %M %S` (all in UTC) and other text.
    ///
    /// # Errors
    ///
    /// The directive that is not supported.
    pub(crate) fn parse(format: &str) -> Result<Self, String> {
        let (mut text, mut pairs) = (Vec::new(), Vec::new());
        for (index, piece) in format.split('%').enumerate() {
            let mut rest = piece;
            if index > 0 {
                let directive = piece.chars().next();
                let digits: &[Digits] = match directive {
                    Some('Y') => &[Digits::Century, Digits::Year],
                    Some('m') => &[Digits::Month],
                    Some('d') => &[Digits::Day],
                    Some('H') => &[Digits::Hour],
                    Some('M') => &[Digits::Minute],
                    Some('S') => &[Digits::Second],
                    other => return Err(format!("%{}", other.map(String::from).unwrap_or_default())),
                };
                for digits in digits {
                    pairs.push((text.len(), *digits));
                    text.extend([0; 2]);
                }
                rest = &piece[1..];
            }
            crate::bytes::escape_into(rest, &mut text);
        }
        Ok(Clock { text: Padded::new(&text), pairs })
    }

    /// Appends the text for a time in seconds since the Unix epoch.
    pub(crate) fn write(&self, seconds: i64, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(self.text.bytes());
        self.put(seconds, &DateCache::default(), &mut out[start..]);
    }

    /// The text for a time in seconds since the Unix epoch, followed by a suffix for `number` unless that is 0.
    pub(crate) fn make<'a>(
        &self,
        seconds: i64,
        number: u64,
        date_cache: &DateCache,
        arena: &'a Arena,
    ) -> PaddedSlice<'a> {
        if number == 0 {
            return arena.patched(self.text.slice(), |text| self.put(seconds, date_cache, text));
        }
        let text = self.text.bytes();
        arena.write(text.len() + 1 + SUFFIX, |to| {
            to[..text.len()].copy_from_slice(text);
            self.put(seconds, date_cache, to);
            text.len() + put_suffix(number, &mut to[text.len()..])
        })
    }

    /// Writes a time into a copy of the text.
    #[inline]
    fn put(&self, seconds: i64, date_cache: &DateCache, text: &mut [u8]) {
        let mut moment = [0; 20];
        date_cache.moment(seconds, &mut moment);
        for (at, which) in &self.pairs {
            let from = *which as usize;
            text[*at..at + 2].copy_from_slice(&moment[from..from + 2]);
        }
    }
}

/// Maximum length of a suffix's number in base 36.
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
    use chrono::Utc;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn times_are_formatted_as_chrono_formats_them(nanoseconds: i64) {
            let time: DateTime<Utc> = DateTime::from_timestamp_nanos(nanoseconds);
            let mut out = Vec::new();
            write_time(nanoseconds, 9, &mut out);
            let text = time.format("%Y-%m-%dT%H:%M:%S%.9fZ").to_string();
            prop_assert_eq!(String::from_utf8_lossy(&out), text.as_str());
            let mut short = [0; MICROSECONDS_LENGTH];
            DateCache::default().microseconds(nanoseconds, &mut short);
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
    fn eight_digits_are_those_of_the_number() {
        for number in (0..10_000).flat_map(|part| [part, part * 10_000, part * 10_001]).chain([99_999_999, 12_345_678])
        {
            assert_eq!(eight_digits(number), format!("{number:08}").as_bytes());
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
