//! The forecast of a run that is too long to be simulated, against the run: with a low limit, so that the run can be
//! simulated as well.

use super::{command_run::line, trail};
use falsetrail::machinery::{
    Options, Plan,
    forecast::{Forecast, ForecastOptions},
    units::rate,
};
use std::{collections::BTreeMap, fs};
use tempfile::tempdir;

const SECOND: u64 = 1_000_000_000;

type Change = fn(&mut Options);

/// Runs of some hundred thousand events, in all the ways in which a run is given its length.
const RUNS: &[(&str, &str, Change)] = &[
    ("events at a rate", "busy-day", |options| {
        options.rate = Some(rate("500/s").unwrap());
        options.events = Some(600_000);
    }),
    ("a duration at a rate", "busy-day", |options| {
        options.rate = Some(rate("20/s").unwrap());
        options.duration = Some(30_000 * SECOND);
    }),
    ("a cold start", "busy-day", |options| {
        options.rate = Some(rate("2000/s").unwrap());
        options.events = Some(600_000);
        options.cold_start = true;
    }),
    ("stages", "busy-day", |options| {
        options.stages = vec![(2_000 * SECOND, rate("300/s").unwrap()), (1_000 * SECOND, rate("300/s").unwrap())];
    }),
    ("a daily curve", "office-week", |options| options.duration = Some(60 * 86_400 * SECOND)),
    ("events", "busy-day", |options| options.events = Some(600_000)),
    ("instances", "busy-day", |options| options.instances = Some(30_000)),
    ("a duration", "busy-day", |options| options.duration = Some(30_000 * SECOND)),
    ("instances that hardly end", "busy-day", |options| {
        options.every = Some(SECOND / 100);
        options.duration = Some(400 * SECOND);
    }),
    ("injected scenarios", "busy-day", |options| {
        options.rate = Some(rate("200/s").unwrap());
        options.events = Some(400_000);
        options.inject = vec!["mass-deletion@+1s".to_owned(), "mass-deletion@+1500s,deletes=300".to_owned()];
    }),
];

/// Events of each method and outcome.
fn counts(plan: &Plan, forecast: &Forecast) -> BTreeMap<String, u64> {
    let row = |(method, failure, count): (&str, Option<&str>, u64)| (format!("{method} {failure:?}"), count);
    forecast.summary.by_outcome(plan).map(row).collect()
}

#[test]
fn estimated_counts_are_those_of_the_run_nearly() {
    let mut rows = Vec::new();
    let most = |most| ForecastOptions { most: Some(most), ..ForecastOptions::default() };
    for (name, scenario, change) in RUNS {
        let plan = trail::plan(&trail::run_of(*scenario).with(change));
        let (estimate, real) = (Forecast::new(&plan, &most(100_000)), Forecast::new(&plan, &most(u64::MAX)));
        assert!(!estimate.exact && real.exact && estimate.simulated == 100_000, "{name}");
        let error = estimate.estimate.expect("an estimate says how far off it may be");
        let off = |one: u64, other: u64| (one as f64 - other as f64).abs() / other as f64;
        println!("{name}: {} events for {}, errors {error:?}", estimate.summary.events, real.summary.events);
        let (estimated, counted) = (counts(&plan, &estimate), counts(&plan, &real));
        for (row, real) in counted.iter().filter(|(_, real)| **real >= 10_000) {
            let found = estimated.get(row).copied().unwrap_or(0);
            println!("  {row}: {found} for {real}, {:.2} %", off(found, *real) * 100.0);
            rows.push((off(found, *real), format!("{name}: {row}: {found} for {real}, {error:?}")));
            assert!(off(found, *real) < error.rows, "{name}: {row}: {found} for {real}, {error:?}");
        }
        let (bytes, all) = (estimate.summary.bytes, real.summary.bytes);
        // Lists become longer while nothing ends, and with them the events.
        let most = if *name == "instances that hardly end" { 0.03 } else { 0.02 };
        assert!(off(bytes, all) < error.bytes.min(most), "{name}: {bytes} bytes for {all}, {error:?}");
        // The sample is from the simulated beginning, which is unlike the rest where instances only begin.
        let unlike = if ["a cold start", "instances that hardly end"].contains(name) { 0.08 } else { 0.03 };
        let (compressed, all) = (estimate.size.gzip, real.size.gzip);
        assert!(off(compressed, all) < unlike, "{name}: {compressed} bytes compressed for {all}");
        let by_count = plan.timing.events.is_some() || plan.timing.schedule.is_some();
        let events = off(estimate.summary.events, real.summary.events);
        assert!(if by_count { estimate.summary.events == real.summary.events } else { events < 0.005 }, "{name}");
        for (found, real) in estimate.instances.iter().zip(&real.instances).filter(|(_, real)| **real >= 10_000) {
            assert!(off(*found, *real) < 0.02, "{name}: {found} instances for {real}");
        }
        let last = |forecast: &Forecast| (forecast.summary.last.unwrap() - plan.timing.from) as f64;
        let (found, real) = (last(&estimate) / 1e9, last(&real) / 1e9);
        assert!((found / real - 1.0).abs() < 0.03, "{name}: the last event after {found} s for {real} s");
    }
    // Here, a tenth of a run is simulated, and by default a million events: the rows of ten thousand events are those that
    // vary most by chance.
    let far: Vec<_> = rows.iter().filter(|(off, _)| *off >= 0.01).collect();
    println!("of {} rows, {} are off by a percent or more: {far:#?}", rows.len(), far.len());
    assert!(far.len() * 20 <= rows.len() && far.iter().all(|(off, _)| *off < 0.025), "{far:#?}");
}

/// A shard or a later part of a run is estimated as that part.
#[test]
fn a_part_is_estimated_as_a_part() {
    let folder = tempdir().unwrap();
    for (words, events) in [("--shard 1/4", 750_000), ("--skip 2500000", 500_000), ("--first 2000000", 2_000_000)] {
        let words = format!("plan busy-day --rate 500/s -n 3M --seed 7 --from 2026-01-05 --json {words}");
        let planned: serde_json::Value = serde_json::from_str(line(folder.path(), &words).quiet().text()).unwrap();
        let found = planned["events"].as_u64().unwrap();
        assert!(found.abs_diff(events) < events / 50, "{words}: {found}");
        assert_eq!(planned["exact"], false, "{words}");
        assert!(planned["error"]["rows"].as_f64().unwrap() > 0.0, "{words}");
    }
}

/// The rate of an estimate is that of the whole run, also where it is highest after all that was simulated.
#[test]
fn the_rate_of_an_estimate_is_that_of_the_whole_run() {
    let folder = tempdir().unwrap();
    let words = "plan busy-day --stage 2h:400/s --stage 10m:900/s --seed 7 --from 2026-01-05T08:00:00Z";
    let busiest = |more: &str| {
        let planned = line(folder.path(), &format!("{words} --json {more}")).quiet();
        let planned: serde_json::Value = serde_json::from_str(planned.text()).unwrap();
        assert_eq!(planned["exact"], false, "{more}");
        planned["events_a_second"]["busiest"].as_u64().unwrap()
    };
    assert!((898..=900).contains(&busiest("")), "{}", busiest(""));
    assert!((224..=225).contains(&busiest("--shard 1/4")), "{}", busiest("--shard 1/4"));
    let text = line(folder.path(), words).quiet();
    assert!(text.text().contains("in the busiest second\n"), "{}", text.text());
    assert!(text.text().contains("2026-01-05T10:09:59Z\nsize: "), "{}", text.text());
    let unpaced = line(folder.path(), "plan busy-day -n 1100k --seed 7 --from 2026-01-05").quiet();
    assert!(unpaced.text().contains("in the busiest second of the simulated ones\n"), "{}", unpaced.text());
}

/// The rate that is found for a number of gigabytes a day is the rate of a run that has them.
#[test]
fn a_number_of_gigabytes_a_day_gives_a_rate() {
    let folder = tempdir().unwrap();
    for gigabytes in [0.002_f64, 0.5, 20.0] {
        let words = format!("plan busy-day --gb-per-day {gigabytes} --seed 7 --from 2026-01-05 -n 30k");
        let planned = line(folder.path(), &words).quiet();
        let again = planned.text().lines().find_map(|line| line.strip_prefix("to run it: falsetrail ")).unwrap();
        line(folder.path(), &format!("{again} -o out.ndjson --summary summary.json --force -q")).fine();
        let summary: serde_json::Value =
            serde_json::from_slice(&fs::read(folder.path().join("summary.json")).unwrap()).unwrap();
        let per_second = rate(again.split("--rate ").nth(1).unwrap().split(' ').next().unwrap()).unwrap();
        let each = summary["bytes"].as_u64().unwrap() as f64 / summary["events"].as_u64().unwrap() as f64;
        let day = each * per_second.per_day_in_thousandths() as f64 / 1e3 / 1e9;
        assert!((day / gigabytes - 1.0).abs() < 0.02, "{day} for {gigabytes}: {again}");
    }
    for (words, told) in [
        ("--gb-per-day 50 --rate 5/s", "cannot be used with"),
        ("--gb-per-day 0", "write a number of gigabytes"),
        ("--gb-per-day 5GB", "write a number of gigabytes"),
        ("--gb-per-day 1e10", "the highest rate is `10M/s`"),
    ] {
        let refused = line(folder.path(), &format!("plan busy-day {words} --seed 7"));
        assert!(refused.code == 2 && refused.stderr.contains(told), "{words}: {}", refused.stderr);
    }
}

/// The shares of the methods are those of the bytes that are written.
#[test]
fn methods_have_their_share_of_the_bytes() {
    let folder = tempdir().unwrap();
    let words = "busy-day -n 20k --seed 7 --from 2026-01-05";
    line(folder.path(), &format!("generate {words} -o out.ndjson -q")).fine();
    let mut real: BTreeMap<String, u64> = BTreeMap::new();
    for event in fs::read_to_string(folder.path().join("out.ndjson")).unwrap().lines() {
        let parsed: serde_json::Value = serde_json::from_str(event).unwrap();
        let data = &parsed["data"];
        let method = data["methodName"].as_str().or(data["method_name"].as_str()).unwrap();
        // The body names this method otherwise, as documented.
        let method = if method == "ListWorkspace" { "ListWorkspaces" } else { method };
        *real.entry(method.to_owned()).or_default() += event.len() as u64;
    }
    let all = real.values().sum::<u64>() as f64;
    let planned = line(folder.path(), &format!("plan {words} --json")).quiet();
    let planned: serde_json::Value = serde_json::from_str(planned.text()).unwrap();
    let methods = planned["bytes_by_method"].as_array().unwrap();
    assert_eq!(methods.len(), real.len());
    let mut day = 0.0;
    for method in methods {
        let (share, name) = (method["share"].as_f64().unwrap(), method["method"].as_str().unwrap());
        assert!((share - real[name] as f64 / all).abs() < 0.002, "{name}: {share}");
        day += method["bytes_a_day"].as_f64().unwrap();
    }
    assert!((day / planned["bytes_a_day"].as_f64().unwrap() - 1.0).abs() < 1e-3, "{day}");
    let text = line(folder.path(), &format!("plan {words}")).quiet();
    let table = text.text().split("bytes by method:\n").nth(1).unwrap();
    assert!(table.lines().next().unwrap().starts_with("  GetStatement "), "{table}");
    assert!(table.lines().next().unwrap().ends_with(" a day"), "{table}");
}

/// A run without a start ends before now, also where its length is bounded instead of simulated: by at most some
/// percent of its length, and `--from` repeats it.
#[test]
fn a_long_run_ends_before_its_end() {
    const END: &str = "2026-01-05T08:00:00Z";
    for (name, scenario, change) in [
        ("simulated", "busy-day", (|options| options.events = Some(90_000)) as Change),
        ("events", "busy-day", |options| options.events = Some(400_000)),
        ("events of one scenario", "pool-lifecycle", |options| options.events = Some(200_000)),
        ("events of a scenario that does not vary", "pool-resize-failure", |options| options.events = Some(200_000)),
        ("instances", "busy-day", |options| options.instances = Some(20_000)),
        ("often", "busy-day", |options| {
            options.events = Some(300_000);
            options.every = Some(SECOND / 200);
        }),
    ] {
        let run =
            falsetrail::Run::new(scenario).seed(11).with(change).with(|options| options.to = Some(END.to_owned()));
        let plan = run.plan().unwrap();
        let end = falsetrail::machinery::units::time(END, 0).unwrap();
        let (count, last) = plan.stream().run_through();
        let (last, length) = (last.unwrap(), (end - plan.timing.from) as f64);
        let left = (end - last) as f64 / length;
        println!("{name}: {count} events, {:.2} % before the end", left * 100.0);
        assert!(last < end && left < 0.35, "{name}: {left}");
        if name == "simulated" {
            assert!(end - last <= SECOND as i64, "{name}: {} ns", end - last);
        }
    }
}
