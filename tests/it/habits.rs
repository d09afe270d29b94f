//! Habits of principals: usual hours and bursts have the shares that were asked for, and nothing else changes.

use super::{command_run::line, score::instant};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

const DAILY: &str = "daily: { peak: 20/m, trough: 2/m, peak_at: \"14:00\", timezone: Europe/Berlin }\n";
const MIX: &str = "mix: [{ scenario: pool-lifecycle, weight: 3 }, terraform-apply]\n\
    inject: [{ scenario: mass-deletion, at: +2h, label: positive }]\n";

const HABITS: &str = ", addresses: 3, odd_hours: 20%, bursts: 50%";

/// Events and truth of a workload.
struct Day {
    events: Vec<String>,
    truth: Vec<Value>,
}

/// Writes the workload `day.yaml` with this pace and population.
fn write(folder: &Path, (pace, population): (&str, &str)) {
    let population = format!("population: {{ users: 60, service_accounts: 20, skew: 0.5{population} }}\n");
    fs::write(folder.join("day.yaml"), format!("{pace}{population}{MIX}")).unwrap();
}

fn day(workload: (&str, &str), options: &str) -> Day {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), workload);
    let command = format!("generate day.yaml --seed 7 --from 2026-01-05 -q -o day --truth truth --truth-all {options}");
    line(folder.path(), &command).quiet();
    let lines = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let truth = lines("truth").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    Day { events: lines("day").lines().map(str::to_owned).collect(), truth }
}

impl Day {
    /// The lines of the instances that are not injected.
    fn background(&self) -> impl Iterator<Item = &Value> {
        self.truth.iter().filter(|line| line["label"].is_null())
    }
}

/// The id of an event.
fn id(event: &str) -> String {
    let event: Value = serde_json::from_str(event).unwrap();
    event["id"].as_str().unwrap().to_owned()
}

/// The local minute of the day of an instance's first event, in the zone of [`DAILY`], which is in winter here.
fn minute(line: &Value, hours: i64) -> i64 {
    (instant(line["first"].as_str().unwrap()) / 60_000_000_000 + 60 * hours).rem_euclid(1_440)
}

/// The shortest stretch of the day with all these minutes: where it begins, and how long it is.
fn stretch(minutes: &BTreeSet<i64>) -> (i64, i64) {
    let next = minutes.iter().cycle().skip(1);
    let gaps = minutes.iter().zip(next).map(|(one, next)| ((next - one - 1).rem_euclid(1_440) + 1, *next));
    let (gap, begin) = gaps.max().unwrap();
    (begin, 1_440 - gap)
}

/// Minutes of each principal's instances, usual ones and others.
type ByPrincipal = BTreeMap<String, [BTreeSet<i64>; 2]>;

fn by_principal(day: &Day, hours: i64) -> ByPrincipal {
    let mut principals = ByPrincipal::new();
    for line in day.background() {
        let at = usize::from(line["actor"]["odd_hours"] == true);
        principals.entry(line["actor"]["id"].to_string()).or_default()[at].insert(minute(line, hours));
    }
    principals
}

#[test]
fn a_share_of_instances_is_at_odd_hours() {
    let cases =
        [(DAILY, "-d 5d --cold-start", 1), ("rate: 10/m\n", "-d 5d --cold-start", 0), ("every: 2m\n", "-d 5d", 0)];
    for (pace, options, hours) in cases {
        let usual = day((pace, ""), options);
        assert!(usual.truth.iter().all(|line| line["actor"].get("odd_hours").is_none()));
        let everywhere = by_principal(&usual, hours);
        let at_any_time = everywhere.values().filter(|[minutes, _]| stretch(minutes).1 > 700).count();
        assert!(at_any_time * 3 > everywhere.len() * 2, "{pace}: {at_any_time} of {}", everywhere.len());
        for asked in [0.0, 0.05, 0.3] {
            let day = day((pace, &format!(", odd_hours: {asked}")), options);
            let (all, odd) = (day.background().count(), by_principal(&day, hours));
            let at_odd_hours = day.background().filter(|line| line["actor"]["odd_hours"] == true).count();
            let share = at_odd_hours as f64 / all as f64;
            let chance = 4.0 * (asked * (1.0 - asked) / all as f64).sqrt();
            assert!((share - asked).abs() <= chance, "{pace}: {share} of {all} instead of {asked}");
            for (principal, [usual, unusual]) in &odd {
                // An event is up to a minute later than its instance began.
                let (begin, length) = if usual.is_empty() { (0, 0) } else { stretch(usual) };
                assert!(length <= 603, "{pace}: {principal} acts on {length} minutes of the day");
                let within = |minute: &&i64| (2..length - 2).contains(&(**minute - begin).rem_euclid(1_440));
                assert_eq!(unusual.iter().find(within), None, "{pace}: {principal}, {begin} for {length}");
            }
            // With a curve most principals work around its peak.
            let middles = odd.values().filter(|[usual, _]| usual.len() > 5).map(|[usual, _]| {
                let (begin, length) = stretch(usual);
                (begin + length / 2 - 14 * 60 + 720).rem_euclid(1_440) - 720
            });
            let (near, far): (Vec<i64>, Vec<i64>) = middles.partition(|apart| apart.abs() < 360);
            assert_eq!(near.len() > 2 * far.len(), pace == DAILY, "{pace}: {} near, {} far", near.len(), far.len());
        }
    }
}

#[test]
fn a_share_of_instances_comes_in_bursts() {
    let options = "-d 5d";
    let usual = day((DAILY, ""), options);
    assert!(usual.truth.iter().all(|line| line.get("burst").is_none()));
    for asked in [0.1, 0.6, 1.0] {
        let day = day((DAILY, &format!(", bursts: {asked}")), options);
        let mut bursts: BTreeMap<(&str, u64), Vec<&Value>> = BTreeMap::new();
        let mut all = 0;
        for line in day.background() {
            all += 1;
            if let Some(first) = line["burst"].as_u64() {
                bursts.entry((line["scenario"].as_str().unwrap(), first)).or_default().push(line);
            }
        }
        let within: usize = bursts.values().map(Vec::len).sum();
        let share = within as f64 / f64::from(all);
        // Some eight instances are in a burst together.
        let chance = 4.0 * (asked * (1.0 - asked) / f64::from(all) * 9.0).sqrt();
        assert!((share - asked).abs() <= chance, "{share} of {all} instead of {asked}");
        let environment = |event: &str| {
            let id = event.split("/environment=").nth(1)?.split(['/', '"']).next()?;
            Some(id.to_owned())
        };
        let by_id: BTreeMap<String, &str> = day.events.iter().map(|event| (id(event), event.as_str())).collect();
        let place = |line: &Value| {
            let mut ids = line["event_ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap());
            ids.find_map(|id| environment(by_id[id]))
        };
        let mut long = 0;
        for ((scenario, first), lines) in &bursts {
            let numbers: BTreeSet<u64> = lines.iter().map(|line| line["instance"].as_u64().unwrap()).collect();
            assert!(numbers.iter().all(|number| (*first..first + 14).contains(number)), "{scenario} {numbers:?}");
            let actors: BTreeSet<String> = lines.iter().map(|line| line["actor"].to_string()).collect();
            assert_eq!(actors.len(), 1, "{scenario} {first}: {actors:?}");
            let places: BTreeSet<String> = lines.iter().filter_map(|line| place(line)).collect();
            assert!(places.len() < 2, "{scenario} {first}: {places:?}");
            long += usize::from(lines.len() > 7);
        }
        assert!(long * 3 > bursts.len(), "{long} of {} bursts have more than 7 instances", bursts.len());
    }
}

/// As few principals as an error asks for are enough at any time.
#[test]
fn somebody_is_always_at_work() {
    let folder = tempfile::tempdir().unwrap();
    let run = |users: u32, pace: &str| {
        let text = format!("{pace}population: {{ users: {users}, odd_hours: 0 }}\nmix: [pool-resize-failure]\n");
        fs::write(folder.path().join("day.yaml"), text).unwrap();
        let command = "generate day.yaml --seed 7 --from 2026-01-05 -d 4d --cold-start -q -o day --force";
        line(folder.path(), &format!("{command} --truth truth --truth-all"))
    };
    for (pace, fewest) in [("rate: 4/m\n", 3), (DAILY, 8)] {
        let refused = run(fewest - 1, pace);
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        assert!(refused.stderr.contains(&format!("write `users: {fewest}` or more")), "{}", refused.stderr);
        run(fewest, pace).quiet();
        let truth = fs::read_to_string(folder.path().join("truth")).unwrap();
        assert!(truth.lines().count() > 1_000 && !truth.contains("\"odd_hours\":true"), "{pace}");
    }
}

#[test]
fn habits_change_who_acts_and_nothing_else() {
    let options = "-d 12h";
    let usual = day((DAILY, ""), options);
    let same = day((DAILY, ", bursts: 0"), options);
    assert!(same.events == usual.events);
    let injected = |day: &Day| -> Vec<String> {
        let line = day.truth.iter().find(|line| line["label"] == "positive").unwrap();
        let ids: Vec<&str> = line["event_ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        day.events.iter().filter(|event| ids.iter().any(|id| event.contains(id))).cloned().collect()
    };
    // The id, time and method of each event.
    let others = |day: &Day| -> Vec<(String, String, String)> {
        let of = |event: &String| {
            let event: Value = serde_json::from_str(event).unwrap();
            let (old, new) = (&event["data"]["methodName"], &event["data"]["method_name"]);
            (event["id"].to_string(), event["time"].to_string(), format!("{old}{new}"))
        };
        day.events.iter().map(of).collect()
    };
    assert!(injected(&usual).len() > 12);
    for habit in [", odd_hours: 0", ", odd_hours: 20%", ", bursts: 50%", ", odd_hours: 20%, bursts: 50%"] {
        let day = day((DAILY, habit), options);
        assert!(day.events != usual.events, "{habit}");
        assert_eq!(others(&day), others(&usual), "{habit}");
        assert_eq!(injected(&day), injected(&usual), "{habit}");
    }
}

#[test]
fn a_run_with_habits_can_be_cut_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let run = |options: &str| -> Vec<String> {
        let command = format!("generate day.yaml --seed 7 --from 2026-01-05 -d 8h -q {options}");
        line(folder.path(), &command).quiet().text().lines().map(str::to_owned).collect()
    };
    for pace in [DAILY, "every: 1m\n"] {
        write(folder.path(), (pace, HABITS));
        let whole = run("--threads 1");
        assert_eq!(run("--threads 3"), whole, "{pace}");
        let shards: BTreeSet<String> = (0..3).flat_map(|shard| run(&format!("--shard {shard}/3"))).collect();
        assert_eq!(shards, whole.iter().cloned().collect(), "{pace}");
        for at in [1, 500, whole.len() - 1] {
            let cut = [run(&format!("--first {at}")), run(&format!("--skip {at}"))].concat();
            assert!(cut == whole, "{pace}, cut at {at}");
        }
    }
}

/// A run file holds the habits, and the truth of a run agrees with its events.
#[test]
fn a_run_with_habits_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), (DAILY, HABITS));
    let command =
        "generate day.yaml --seed 7 --from 2026-01-05 -d 8h -q -o day --write-run run --truth truth --truth-all";
    line(folder.path(), command).quiet();
    line(folder.path(), "generate --run run -q -o again").quiet();
    assert_eq!(fs::read(folder.path().join("again")).unwrap(), fs::read(folder.path().join("day")).unwrap());
    line(folder.path(), "verify --run run day").fine();
    let truth = fs::read_to_string(folder.path().join("truth")).unwrap();
    let events = fs::read_to_string(folder.path().join("day")).unwrap();
    let by_id: BTreeMap<String, &str> = events.lines().map(|event| (id(event), event)).collect();
    for line in truth.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let actors = [&line["actor"]].into_iter().chain(line["other_actors"].as_array().unwrap());
        let actors: Vec<[&str; 2]> =
            actors.map(|actor| ["id", "ip"].map(|field| actor[field].as_str().unwrap())).collect();
        for id in line["event_ids"].as_array().unwrap() {
            let event = by_id[id.as_str().unwrap()];
            let acts = |actor: &[&str; 2]| actor.iter().all(|value| event.contains(value));
            assert!(actors.iter().any(acts), "{actors:?} in {event}");
        }
    }
}

#[test]
fn plan_and_show_name_the_habits() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), (DAILY, HABITS));
    for command in ["plan day.yaml --seed 7 --from 2026-01-05 -d 8h", "show day.yaml"] {
        let text = line(folder.path(), command).quiet().text().to_owned();
        for (name, share) in [("roaming", "20 %"), ("odd hours", "20 %"), ("bursts", "50 %")] {
            let row = text.lines().find(|line| line.trim_start_matches("# ").trim_start().starts_with(name));
            assert!(row.is_some_and(|row| row.contains(share)), "{name} in {text}");
        }
        assert!(text.contains("each from 3 addresses"), "{text}");
    }
    let plan = line(folder.path(), "plan day.yaml --seed 7 --from 2026-01-05 -d 8h --json").quiet();
    let plan: Value = serde_json::from_str(plan.text()).unwrap();
    let habits = serde_json::json!({ "addresses": 3, "roaming": 0.2, "odd_hours": 0.2, "bursts": 0.5 });
    assert_eq!(plan["habits"], habits);
}
