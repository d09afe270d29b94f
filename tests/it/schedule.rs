//! When events may happen: counts, slots one by one and one after another, and days by the clock.

use chrono::{DateTime, Datelike, NaiveDate, Offset, TimeZone, Timelike, Utc};
use falsetrail::machinery::{
    schedule::{DailyCurve, Schedule},
    units::{Rate, rate, time, time_of_day, zone},
};
use proptest::{collection::vec, prelude::*, sample::select};
use std::sync::Arc;

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Thousandths of events per day times nanoseconds.
const EVENT: u128 = 1_000 * DAY as u128;

fn at(text: &str) -> i64 {
    time(text, 0).expect(text)
}

fn curve(peak: &str, trough: &str, peak_at: &str, weekend: u32, place: &str) -> Arc<DailyCurve> {
    let rate = |text| rate(text).expect(text);
    let peak_at = time_of_day(peak_at).expect(peak_at);
    Arc::new(DailyCurve::new(rate(peak), rate(trough), peak_at, weekend, zone(place).expect(place)))
}

fn daily(curve: &Arc<DailyCurve>, from: &str) -> Schedule {
    Schedule::daily(Arc::clone(curve), at(from))
}

/// The cursor and the arithmetic agree on `slots` slots from `first` on; how many there are.
fn check_slots(schedule: &Schedule, first: u64, slots: usize) -> Result<u64, TestCaseError> {
    let mut cursor = schedule.slots_from(first);
    let mut number = first;
    for _ in 0..slots {
        let wanted = schedule.slot(number);
        prop_assert_eq!(cursor.next(), wanted, "slot {}", number);
        let Some(begin) = wanted else { break };
        number += 1;
        let end = schedule.slot(number).unwrap_or(begin + 1).max(begin + 1);
        prop_assert!(cursor.width() >= 1 && begin + cursor.width() <= end, "the width of slot {}", number - 1);
    }
    Ok(number - first)
}

/// The count up to a slot's beginning is its number, but for a beginning within a nanosecond.
fn check_counts(schedule: &Schedule, number: u64) -> Result<(), TestCaseError> {
    // Times end in 2262.
    let Some(begin) = schedule.slot(number).filter(|begin| *begin < 60 * 365 * DAY) else { return Ok(()) };
    let counts = number..=number + 1;
    prop_assert!(counts.contains(&schedule.count_before(begin)), "slot {number} at {begin}");
    prop_assert!(schedule.count_before(begin + 1) > number, "slot {number} at {begin}");
    prop_assert!(begin == 0 || schedule.count_before(begin - 1) <= number, "slot {number} at {begin}");
    Ok(())
}

#[test]
fn ten_million_slots_at_constant_rates() {
    // Thousandths of events per day, and slots whose beginnings are known without the schedule's arithmetic.
    for (text, per_day) in [
        ("1/s", 86_400_000_u128),
        ("7/s", 604_800_000),
        ("333/s", 28_771_200_000),
        ("5000/s", 432_000_000_000),
        ("100000/s", 8_640_000_000_000),
        ("0.3/s", 25_920_000),
    ] {
        let schedule = Schedule::constant(rate(text).expect(text));
        let mut slots = schedule.slots_from(0);
        for number in 0..10_000_000_u64 {
            let begin = slots.next().expect("a constant rate goes on for ever");
            let wanted = (u128::from(number) * EVENT).div_ceil(per_day);
            assert!(u128::from(begin) == wanted, "{text}: slot {number} begins at {begin} and not at {wanted}");
        }
        // Within a whole event of the rate times the time, for ever.
        let end = slots.next().expect("a constant rate goes on for ever");
        assert!(schedule.count_before(end).abs_diff(10_000_000) <= 1, "{text}");
    }
}

/// A multiple of the durations of all stages below, in seconds: the least that makes fractions of all areas whole.
const DURATIONS: u64 = 21_420_000;

/// The integral up to a second, rounded up, in plain fractions: stages of whole seconds, rates from 0 on.
fn integral(targets: &[(u64, Rate)], second: u64) -> u64 {
    let (mut first, mut begin, mut area) = (0_u64, 0, 0_u128);
    for (duration, rate) in targets {
        let (duration, last) = (duration / SECOND, rate.per_day_in_thousandths() / 86_400);
        let time = u128::from(duration.min(second.saturating_sub(begin)));
        if time > 0 {
            assert_eq!(DURATIONS % duration, 0);
            let even = 2 * u128::from(first) * time * u128::from(duration);
            let change = time * time * u128::from(first.abs_diff(last));
            area += u128::from(DURATIONS / duration) * if last > first { even + change } else { even - change };
        }
        (first, begin) = (last, begin + duration);
    }
    area.div_ceil(2 * 1_000 * u128::from(DURATIONS)) as u64
}

#[test]
fn ten_million_slots_of_stages() {
    let stage = |seconds: u64, text: &str| (seconds * SECOND, rate(text).expect(text));
    let runs = [
        // Up, along, a jump down, along.
        (vec![stage(600, "500/s"), stage(18_000, "500/s"), stage(0, "20/s"), stage(42_500, "20/s")], 10_000_000),
        // Up and down without a rest, never constant.
        (vec![stage(1_000, "9k/s"), stage(700, "100/s"), stage(450, "10k/s")], 9_957_500),
        // A silence in the middle, and a slow end.
        (vec![stage(3_600, "5k/s"), stage(0, "0/s"), stage(600, "0/s"), stage(7_200, "276.5/s")], 9_995_400),
    ];
    for (number, (targets, events)) in runs.into_iter().enumerate() {
        let schedule = Schedule::stages(rate("0/s").expect("a rate"), &targets);
        assert_eq!(schedule.count_before(u64::MAX), events, "run {number}");
        let (mut count, mut last, mut second) = (0_u64, 0, 1);
        for begin in schedule.slots_from(0) {
            assert!(begin >= last, "run {number}: slot {count} goes back");
            while begin >= second * SECOND {
                let wanted = integral(&targets, second);
                assert_eq!(
                    (schedule.count_before(second * SECOND), count),
                    (wanted, wanted),
                    "run {number}: {second} s"
                );
                second += 1;
            }
            if count.is_multiple_of(997) {
                assert_eq!(schedule.slot(count), Some(begin), "run {number}: slot {count}");
            }
            (count, last) = (count + 1, begin);
        }
        assert_eq!((count, schedule.slot(count)), (events, None), "run {number}");
        assert!(schedule.length().is_some_and(|length| last < length), "run {number}");
    }
}

/// The declared rates at the beginning and at the end of a minute, in events per second, from nothing but the clock on
/// the wall.
fn declared(clock: chrono_tz::Tz, minute: DateTime<Utc>) -> (f64, f64) {
    let local = minute.with_timezone(&clock);
    let factor = if local.weekday().number_from_monday() > 5 { 0.2 } else { 1.0 };
    let rate = |minutes: u32| {
        let angle = (f64::from(minutes) - f64::from(14 * 60 + 7)) / 720.0 * std::f64::consts::PI;
        (20.0 + (500.0 - 20.0) * f64::midpoint(1.0, angle.cos())) * factor
    };
    let minutes = local.hour() * 60 + local.minute();
    (rate(minutes), rate(minutes + 1))
}

#[test]
fn a_day_by_the_clock_is_the_curve() {
    for place in ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"] {
        let clock: chrono_tz::Tz = place.parse().expect(place);
        let curve = curve("500/s", "20/s", "14:07", 200, place);
        // Two years by the minute, changed clocks, weekends and a leap day among them.
        let from = at("2027-06-01T00:00:00Z");
        let schedule = Schedule::daily(curve, from);
        let start = DateTime::from_timestamp_nanos(from);
        let mut area = 0.0;
        for minute in 0..2 * 366 * 1_440 {
            let (first, last) = declared(clock, start + chrono::TimeDelta::minutes(minute));
            area += f64::midpoint(first, last) * 60.0;
            let count = schedule.count_before((minute as u64 + 1) * MINUTE) as f64;
            assert!((count - area).abs() < 1.0 + area * 1e-9, "{place}: {count} and not {area} after minute {minute}");
        }
    }
}

/// Events per hour since `from`.
fn per_hour(schedule: &Schedule, hours: u64) -> Vec<u64> {
    (0..hours).map(|hour| schedule.count_before((hour + 1) * HOUR) - schedule.count_before(hour * HOUR)).collect()
}

#[test]
fn clocks_are_changed_and_the_peak_stays() {
    // Where the local day begins and ends, in UTC, and how many hours it has.
    for (place, from, to, hours) in [
        ("Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 23),
        ("Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 25),
        ("Europe/Berlin", "2026-07-14T22:00:00Z", "2026-07-15T22:00:00Z", 24),
        ("America/New_York", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", 23),
        ("America/New_York", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", 25),
    ] {
        let length = (at(to) - at(from)) as u64;
        assert_eq!(length, hours * HOUR, "{place} {from}");
        let curve = curve("500/s", "20/s", "14:00", 1_000, place);
        let schedule = daily(&curve, from);
        let usual = per_hour(&daily(&curve, "2026-01-13T23:00:00Z"), 48);
        let clock: chrono_tz::Tz = place.parse().expect(place);
        // Each hour has what the hour of that name has on any other day.
        let other = at("2026-01-13T23:00:00Z");
        let offset = |time: i64| {
            let offset = clock.offset_from_utc_datetime(&DateTime::<Utc>::from_timestamp_nanos(time).naive_utc());
            i64::from(offset.fix().local_minus_utc()) / 3_600
        };
        let name = |time: i64| (time / HOUR as i64 + offset(time)).rem_euclid(24) as usize;
        for (hour, count) in per_hour(&schedule, hours).into_iter().enumerate() {
            let called = name(at(from) + hour as i64 * HOUR as i64);
            let same = (0..24).find(|hour| name(other + *hour as i64 * HOUR as i64) == called).expect("an hour");
            assert!(count.abs_diff(usual[same]) <= 1, "{place} {from}, hour {hour}: {count} and not {}", usual[same]);
        }
        let peak = (0..hours as i64).map(|hour| at(from) + hour * HOUR as i64).find(|time| name(*time) == 14);
        let peak = Schedule::daily(Arc::clone(&curve), peak.expect("a peak"));
        assert_eq!(peak.first_rate(), rate("500/s").expect("a rate"), "{place} {from}");
    }
}

#[test]
fn a_leap_day_is_a_day() {
    let curve = curve("50/s", "10/s", "14:00", 1_000, "Europe/Berlin");
    let year = |from: &str, to: &str| daily(&curve, from).count_before((at(to) - at(from)) as u64);
    let day = year("2028-02-27T23:00:00Z", "2028-02-28T23:00:00Z");
    // A raised cosine's mean is halfway between trough and peak.
    assert_eq!(day, 30 * 86_400);
    assert_eq!(year("2028-02-28T23:00:00Z", "2028-02-29T23:00:00Z"), day);
    assert_eq!(year("2028-02-27T23:00:00Z", "2028-03-01T23:00:00Z"), 3 * day);
    assert_eq!(year("2027-02-27T23:00:00Z", "2027-03-01T23:00:00Z"), 2 * day);
}

#[test]
fn weekends_are_by_the_local_calendar() {
    // In Auckland Saturday begins on Friday at 11:00 UTC in January.
    let curve = curve("7200/h", "720/h", "14:00", 0, "Pacific/Auckland");
    let from = "2026-01-05T11:00:00Z";
    let schedule = daily(&curve, from);
    let quiet = (at("2026-01-09T11:00:00Z") - at(from)) as u64;
    let monday = quiet + 48 * HOUR;
    let week = schedule.count_before(quiet);
    assert_eq!(week, 4 * 24 * 3_960);
    assert_eq!(schedule.count_before(monday), week);
    // Nothing of any slot lies in the weekend, though one begins before it and the next one after it.
    let mut slots = schedule.slots_from(0);
    let mut crossed = 0;
    let mut last = 0;
    while let Some(begin) = slots.next().filter(|begin| *begin < 21 * DAY) {
        let in_week = (begin + 24 * HOUR) % (7 * DAY);
        assert!(in_week < 5 * DAY && in_week + slots.width() <= 5 * DAY, "a slot at {begin}");
        crossed += u32::from(begin - last > DAY);
        last = begin;
    }
    assert_eq!(crossed, 3);
    // A run that begins on a Saturday begins with nothing, and its first slot on Monday.
    let weekend = daily(&curve, "2026-01-10T00:00:00Z");
    assert_eq!(weekend.first_rate(), rate("0/s").expect("a rate"));
    assert_eq!(weekend.slot(0), Some((at("2026-01-11T11:00:00Z") - at("2026-01-10T00:00:00Z")) as u64));
}

#[test]
fn the_first_rate_is_that_of_the_moment() {
    let curve = curve("500/s", "20/s", "14:00", 200, "Europe/Berlin");
    for (from, wanted) in [
        ("2026-01-05T13:00:00Z", "500/s"),
        ("2026-07-06T12:00:00Z", "500/s"),
        ("2026-01-05T01:00:00Z", "20/s"),
        ("2026-01-10T13:00:00Z", "100/s"),
        ("2026-01-05T07:00:00Z", "260/s"),
    ] {
        let found = daily(&curve, from).first_rate().per_day_in_thousandths();
        let wanted = rate(wanted).expect(wanted).per_day_in_thousandths();
        assert!(found.abs_diff(wanted) <= 1, "{from}: {found} and not {wanted}");
    }
}

#[test]
fn the_latest_start_is_just_early_enough() {
    for weekend in [0, 200, 1_000] {
        let curve = curve("5/s", "0/s", "14:00", weekend, "Europe/Berlin");
        for (events, end) in [(1, "2026-01-05T08:00:00Z"), (1_000, "2026-01-11T08:00:00Z"), (10_000_000, "2026-04-01")]
        {
            let end = at(end);
            let from = curve.latest_start(events, end).expect("there was time enough");
            assert_eq!(from % SECOND as i64, 0);
            let fits = |from: i64| {
                let slot = Schedule::daily(Arc::clone(&curve), from).slot(events).expect("it goes on for ever");
                i128::from(slot) <= i128::from(end - from)
            };
            assert!(fits(from), "{events} before {end}");
            assert!(!fits(from + 2 * SECOND as i64), "{events} before {end}, {from} is early");
        }
        assert_eq!(curve.latest_start(u64::MAX / 2, at("2026-01-05")), None);
    }
}

#[test]
fn no_zone_changes_too_often_to_be_seen() {
    for name in chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()) {
        let place = zone(name).expect(name);
        let offsets = place.offsets();
        assert!(offsets.windows(2).all(|pair| pair[0].1 != pair[1].1), "{name}");
        let nearest = offsets.windows(2).skip(1).map(|pair| pair[1].0 - pair[0].0).min();
        assert!(nearest.is_none_or(|nearest| nearest > 4 * 86_400), "{name}: {nearest:?} s apart");
        let date = NaiveDate::from_ymd_opt(1970, 1, 1).expect("a day").and_hms_opt(0, 0, 0).expect("a time").and_utc();
        for hour in (0..70 * 366 * 24).step_by(29) {
            let time = date.timestamp() + hour * 3_600;
            let at = offsets.partition_point(|(begin, _)| *begin <= time) - 1;
            assert_eq!(offsets[at].1, place.offset(time), "{name} at {time}");
        }
    }
}

fn rates() -> impl Strategy<Value = String> {
    prop_oneof![
        (0_u64..3_000).prop_map(|rate| format!("{rate}/s")),
        (0_u64..10_000_000).prop_map(|rate| format!("{rate}/s")),
        (0_u64..1_000_000).prop_map(|rate| format!("{rate}/d")),
        (0_u64..100).prop_map(|rate| format!("0.{rate:03}/d")),
        (1_u64..999).prop_map(|rate| format!("0.{rate:03}/s")),
    ]
}

fn durations() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        1..1_000_u64,
        1..10 * SECOND,
        1..100 * DAY,
        (1..10_000_u64).prop_map(|seconds| seconds * SECOND),
        1..i64::MAX as u64,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("FALSETRAIL_TEST_ALL").is_some() { 20_000 } else { 400 }))]

    #[test]
    fn the_cursor_is_the_arithmetic_in_stages(
        start in rates(),
        targets in vec((durations(), rates()), 0..6),
        skip in prop_oneof![Just(0_u64), 0..1_000_u64, any::<u64>()],
    ) {
        let rate = |text: &str| rate(text).expect(text);
        let targets: Vec<_> = targets.iter().map(|(duration, text)| (*duration, rate(text))).collect();
        let schedule = Schedule::stages(rate(&start), &targets);
        let all = schedule.count_before(u64::MAX);
        for first in [0, skip % (all + 2), all.saturating_sub(100)] {
            check_slots(&schedule, first, 300)?;
            check_counts(&schedule, first)?;
        }
        let constant = Schedule::constant(rate(&start));
        check_slots(&constant, skip, 300)?;
        check_counts(&constant, skip % 1_000_000_000)?;
    }

    #[test]
    fn the_cursor_is_the_arithmetic_by_the_clock(
        peak in rates(),
        share in 0.0..=1.0,
        minute in 0_u32..1_440,
        weekend in prop_oneof![Just(0_u32), Just(1_000), 0..3_000_u32],
        place in select(chrono_tz::TZ_VARIANTS.to_vec()),
        from in prop_oneof![-8_520_336_000..7_258_118_400_i64, 1_600_000_000..1_900_000_000_i64],
        skip in prop_oneof![0..1_000_u64, 0..10_000_000_000_u64],
    ) {
        let peak = rate(&peak).expect("a rate").max(rate("0.001/d").expect("a rate"));
        let weekend = if peak > rate("3M/s").expect("a rate") { weekend.min(1_000) } else { weekend };
        let trough = (peak.per_day_in_thousandths() as f64 * share) as u64;
        let trough = rate(&format!("{}.{:03}/d", trough / 1_000, trough % 1_000)).expect("a rate");
        let peak_at = time_of_day(&format!("{}:{:02}", minute / 60, minute % 60)).expect("a time of day");
        let curve = DailyCurve::new(peak, trough, peak_at, weekend, zone(place.name()).expect("a zone"));
        let schedule = Schedule::daily(Arc::new(curve), from * SECOND as i64);
        for first in [0, skip] {
            check_slots(&schedule, first, 200)?;
            check_counts(&schedule, first)?;
        }
    }
}
