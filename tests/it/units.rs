//! Amounts as people write them.

use falsetrail::machinery::units::{
    CountRange, DurationRange, QuantityError, count, count_range, duration, duration_range, format_bytes, format_count,
    format_duration, format_time, time, time_of_day, zone,
};
use proptest::prelude::*;

const SECOND: u64 = 1_000_000_000;
const NOW: i64 = 1_750_000_000_123_456_789;

#[test]
fn durations_have_units() {
    for (text, expected) in [
        ("2s", 2 * SECOND),
        ("250ms", SECOND / 4),
        ("1.5h", 5400 * SECOND),
        ("2d", 172_800 * SECOND),
        ("1m30s", 90 * SECOND),
        ("1h0.5s", 3600 * SECOND + SECOND / 2),
        ("7us", 7000),
        ("7µs", 7000),
        ("7μs", 7000),
        ("3ns", 3),
        ("0s", 0),
        (" 2s ", 2 * SECOND),
        ("106751d", 106_751 * 86_400 * SECOND),
    ] {
        assert_eq!(duration(text), Ok(expected), "{text}");
    }
}

#[test]
fn wrong_durations_say_what_to_write() {
    for (text, message, help) in [
        ("5", "the duration `5` lacks a unit", "write `5s` for seconds, or `5ms`, `5m`, `5h`, `5d`"),
        ("1m30", "the duration `1m30` lacks a unit", "write a unit after every number, such as `1m30s`"),
        ("", "the duration is empty", "write a number and a unit, such as `2s`, `250ms` or `1m30s`"),
        ("-2s", "the duration `-2s` is negative", "write a number and a unit, such as `2s`, `250ms` or `1m30s`"),
        ("soon", "`soon` is not a duration", "write a number and a unit, such as `2s`, `250ms` or `1m30s`"),
        ("2.s", "`2.s` is not a duration", "write a number and a unit, such as `2s`, `250ms` or `1m30s`"),
        ("2sec", "`sec` is not a unit of time", "write `s`, as in `2s`"),
        ("2H", "`H` is not a unit of time", "write `h`, as in `2h`"),
        ("2w", "`w` is not a unit of time", "the units are `ns`, `us`, `ms`, `s`, `m`, `h` and `d`"),
        ("2 s", "the duration `2 s` has a space in it", "write `2s`"),
        ("30s1m", "the units of `30s1m` are not in order", "write longer units first and each once, such as `1h30m`"),
        ("0.5ns", "the duration `0.5ns` is finer than a nanosecond", "write fewer digits after the point"),
        ("106752d", "the duration `106752d` is too long", "the longest is about 292 years (`106751d`)"),
        (
            "99999999999999999999s",
            "the duration `99999999999999999999s` is too long",
            "the longest is about 292 years (`106751d`)",
        ),
    ] {
        check(duration(text), text, message, help);
    }
}

#[test]
fn ranges_include_both_ends() {
    let range = DurationRange { low: 60 * SECOND, high: 120 * SECOND };
    for text in ["1m..2m", "1m .. 2m", "1m..=2m", "1m...2m"] {
        assert_eq!(duration_range(text), Ok(range), "{text}");
    }
    assert_eq!(duration_range("2s"), Ok(DurationRange { low: 2 * SECOND, high: 2 * SECOND }));
    check(duration_range("2m..1m"), "", "the range `2m..1m` ends before it begins", "write `1m..2m`");
    check(duration_range("1m.."), "", "the range `1m..` lacks an end", "write both ends, such as `1m..2m`");
    assert!(duration_range("1..2m").unwrap_err().message.contains("lacks a unit"));

    assert_eq!(count_range("3"), Ok(CountRange { low: 3, high: 3 }));
    assert_eq!(count_range("3..8"), Ok(CountRange { low: 3, high: 8 }));
    check(count_range("8..3"), "", "the range `8..3` ends before it begins", "write `3..8`");
    for text in ["", "..", "3..", "x", "-1", "1.5", "1e3"] {
        assert!(count_range(text).is_err(), "{text}");
    }
}

#[test]
fn counts_take_decimal_units() {
    for (text, expected) in [
        ("1", 1),
        ("1000", 1000),
        ("1_000", 1000),
        ("10k", 10_000),
        ("10K", 10_000),
        ("1M", 1_000_000),
        ("2.5G", 2_500_000_000),
        ("18446744073709551615", u64::MAX),
    ] {
        assert_eq!(count(text), Ok(expected), "{text}");
    }
    for (text, message, help) in [
        ("0", "the count `0` is nothing at all", "write `1` or more"),
        ("0k", "the count `0k` is nothing at all", "write `1` or more"),
        ("10x", "the count `10x` has an unknown unit `x`", "the units are `k`, `M` and `G`, such as `10k`"),
        ("10m", "the count `10m` has an unknown unit `m`", "write `10M`"),
        ("1,000", "the count `1,000` has a comma", "write `1_000`"),
        (
            "1.5",
            "the count `1.5` is not a whole number",
            "write a whole number, such as `3`, or with a unit, such as `2.5k`",
        ),
        ("-1", "the count `-1` is negative", "write a number, such as `1000`, `10k`, `1M` or `2.5G`"),
        ("many", "`many` is not a count", "write a number, such as `1000`, `10k`, `1M` or `2.5G`"),
        ("", "the count is empty", "write a number, such as `1000`, `10k`, `1M` or `2.5G`"),
        ("99999999999G", "the count `99999999999G` is too large", "the largest is 18446744073709551615"),
    ] {
        check(count(text), text, message, help);
    }
}

#[test]
fn times_are_absolute_or_relative_to_now() {
    let day = 86_400 * SECOND as i64;
    for (text, expected) in [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-02", day),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1969-12-31T23:59:59Z", -(SECOND as i64)),
        ("now", NOW),
        ("-7d", NOW - 7 * day),
        ("+1h", NOW + day / 24),
    ] {
        assert_eq!(time(text, NOW), Ok(expected), "{text}");
    }
    for (text, message, help) in [
        (
            "2025-01-31T09:00:00",
            "the time `2025-01-31T09:00:00` does not say its time zone",
            "write `2025-01-31T09:00:00Z` for UTC, or an offset such as `+02:00`",
        ),
        (
            "2025-01-31 09:00:00",
            "the time `2025-01-31 09:00:00` does not say its time zone",
            "write `2025-01-31T09:00:00Z` for UTC, or an offset such as `+02:00`",
        ),
        ("7d", "`7d` is not a time", "write `-7d` for that long ago, or `+7d`"),
        ("-7", "the duration `7` lacks a unit", "write `7s` for seconds, or `7ms`, `7m`, `7h`, `7d`"),
        ("3025-01-01", "the time `3025-01-01` cannot be counted in nanoseconds", "write a time from 1700 to 2199"),
        ("-106751d", "", ""),
    ] {
        let result = time(text, if message.is_empty() { i64::MIN } else { NOW });
        if message.is_empty() {
            assert!(result.unwrap_err().message.contains("cannot be counted"));
        } else {
            check(result, text, message, help);
        }
    }
    for text in ["", "tomorrow", "2025-02-30", "14:00", "2025", "+", "-"] {
        assert!(time(text, NOW).is_err(), "{text}");
    }
}

#[test]
fn amounts_are_shown_short() {
    assert_eq!(format_time(0), "1970-01-01T00:00:00Z");
    assert_eq!(format_time(1_500_000_000), "1970-01-01T00:00:01.500Z");
    assert_eq!(format_time(NOW), "2025-06-15T15:06:40.123456789Z");
    for (nanoseconds, expected) in [
        (0, "0s"),
        (1, "1ns"),
        (1500, "1.5us"),
        (SECOND / 4, "250ms"),
        (SECOND + SECOND / 2, "1.5s"),
        (90 * SECOND, "1m30s"),
        (86_400 * SECOND + 1, "1d0.000000001s"),
    ] {
        assert_eq!(format_duration(nanoseconds), expected);
    }
    for (value, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
        assert_eq!(format_count(value), expected);
    }
    for (value, expected) in [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (1_536_000, "1.54 MB"),
        (23_400_000_000, "23.4 GB"),
        (999_996, "1.00 MB"),
        (999_400, "999 kB"),
        (u64::MAX, "18.4 EB"),
    ] {
        assert_eq!(format_bytes(value), expected);
    }
}

proptest! {
    #[test]
    fn durations_round_trip(nanoseconds in 0..=i64::MAX as u64, shift in 0_u32..63) {
        let nanoseconds = nanoseconds >> shift;
        prop_assert_eq!(duration(&format_duration(nanoseconds)), Ok(nanoseconds));
    }

    #[test]
    fn duration_ranges_round_trip(one in 0..=i64::MAX as u64, two in 0..=i64::MAX as u64) {
        let range = DurationRange { low: one.min(two), high: one.max(two) };
        prop_assert_eq!(duration_range(&range.to_string()), Ok(range));
    }

    #[test]
    fn count_ranges_round_trip(one: u64, two: u64) {
        let range = CountRange { low: one.min(two), high: one.max(two) };
        prop_assert_eq!(count_range(&range.to_string()), Ok(range));
    }

    #[test]
    fn times_round_trip(nanoseconds in -8_520_336_000_000_000_000..7_258_118_400_000_000_000_i64) {
        prop_assert_eq!(time(&format_time(nanoseconds), 0), Ok(nanoseconds));
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC{0,12}|[0-9.kMGdhmsnuµ_+:TZ-]{0,30}") {
        let _ = (duration(&text), duration_range(&text), count(&text), count_range(&text), time(&text, NOW));
    }
}

fn check<T: std::fmt::Debug>(result: Result<T, QuantityError>, text: &str, message: &str, help: &str) {
    let diagnostic = result.expect_err(text);
    assert_eq!((diagnostic.message.as_str(), diagnostic.help.as_str()), (message, help), "{text}");
}

#[test]
fn times_of_day_are_minutes() {
    for (text, minutes, shown) in [("14:00", 840, "14:00"), ("9:05", 545, "09:05"), ("00:00", 0, "00:00")] {
        let time = time_of_day(text).unwrap();
        assert_eq!((time.minutes(), time.to_string().as_str()), (minutes, shown));
    }
    for text in ["24:00", "14:60", "14", "14:0", "14:000", "2pm", "14:00:00", "-1:00", "+1:00", "", ":", "14h00"] {
        let help = "write hours and minutes from \"00:00\" to \"23:59\", such as \"14:00\"";
        check(time_of_day(text), text, &format!("`{text}` is not a time of day"), help);
    }
}

#[test]
fn time_zones_are_those_of_the_database() {
    for (text, time, offset) in [
        ("UTC", 0, 0),
        ("Europe/Berlin", 1_774_745_999, 3_600),
        ("Europe/Berlin", 1_774_746_000, 7_200),
        ("Asia/Kathmandu", 1_774_746_000, 20_700),
    ] {
        let zone = zone(text).unwrap();
        assert_eq!((zone.offset(time), zone.to_string().as_str()), (offset, text));
    }
    let names = "write a name of the IANA database, such as `Europe/Berlin`, `America/New_York` or `UTC`";
    for (text, help) in [
        ("Berlin", "did you mean `Europe/Berlin`?"),
        ("europe/berlin", "did you mean `Europe/Berlin`?"),
        ("Europe/Kiew", "did you mean `Europe/Kiev`?"),
        ("New York", "did you mean `America/New_York`?"),
        ("+02:00", names),
        ("somewhere", names),
    ] {
        check(zone(text), text, &format!("`{text}` is not a time zone"), help);
    }
}
