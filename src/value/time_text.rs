//! Times as the documents write them, without formatting machinery.

use chrono::{DateTime, Datelike, Timelike, Utc};

/// Two digits for every number below a hundred.
const PAIRS: &[u8; 200] =
    b"0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/// Appends `2026-01-07T07:09:29.706595681Z`: UTC with exactly `digits` (0 to 9) digits of a second, cut, not rounded.
pub fn write_time(nanoseconds: i64, digits: usize, out: &mut Vec<u8>) {
    let (seconds, fraction) = (nanoseconds.div_euclid(NANOSECONDS), nanoseconds.rem_euclid(NANOSECONDS));
    let civil = Civil::of(seconds);
    write_digits(civil.year, 4, out);
    for (before, number) in
        [(b'-', civil.month), (b'-', civil.day), (b'T', civil.hour), (b':', civil.minute), (b':', civil.second)]
    {
        out.push(before);
        pair(number, out);
    }
    if digits > 0 {
        out.push(b'.');
        let start = out.len();
        write_digits(fraction as u64, 9, out);
        out.truncate(start + digits.min(9));
    }
    out.push(b'Z');
}

/// Appends `number` with exactly `width` digits (the last ones, if it has more).
pub fn write_digits(mut number: u64, width: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + width, b'0');
    for place in out[start..].iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Appends the last `width` lower-case hexadecimal digits of `number`.
pub fn write_hex(mut number: u128, width: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + width, b'0');
    for place in out[start..].iter_mut().rev() {
        *place = b"0123456789abcdef"[number as usize % 16];
        number >>= 4;
    }
}

const NANOSECONDS: i64 = 1_000_000_000;

fn pair(number: u64, out: &mut Vec<u8>) {
    let at = (number as usize % 100) * 2;
    out.extend_from_slice(&PAIRS[at..at + 2]);
}

struct Civil {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

impl Civil {
    fn of(seconds: i64) -> Self {
        let time: DateTime<Utc> = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
        Civil {
            year: u64::from(time.year().unsigned_abs()),
            month: time.month().into(),
            day: time.day().into(),
            hour: time.hour().into(),
            minute: time.minute().into(),
            second: time.second().into(),
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
        let civil = Civil::of(seconds);
        for part in &self.0 {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Year => write_digits(civil.year, 4, out),
                Part::Month => pair(civil.month, out),
                Part::Day => pair(civil.day, out),
                Part::Hour => pair(civil.hour, out),
                Part::Minute => pair(civil.minute, out),
                Part::Second => pair(civil.second, out),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
