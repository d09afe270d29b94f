//! Scores of alerts whose fate is known: a rule in a few lines, its findings joined with the truth by hand, and the same
//! from `falsetrail score`.

mod inputs;
mod shapes;
mod sweep;

use super::command_run::{line, run};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    fmt::Write as _,
    fs,
    path::Path,
    sync::LazyLock,
};
use tempfile::TempDir;

/// An hour with positives, near misses and negatives, its truth, and alerts of a rule.
pub struct Day {
    pub folder: TempDir,
    pub events: Vec<Value>,
    /// Lines of the truth.
    pub truth: Vec<Value>,
    /// The events of each alert of the rule.
    pub alerts: Vec<Vec<usize>>,
}

const INJECTED: &str = "--inject mass-deletion@+5m,label=positive --inject mass-deletion@+10m,label=near-miss,deletes=6 \
    --inject mass-deletion@+15m,label=exfiltration,deletes=20,gap=1s --inject mass-deletion@+20m,label=positive,gap=30s \
    --inject mass-deletion-forbidden@+25m,label=negative,deletes=30,gap=1s --inject mass-deletion@+30m,label=near-miss";

pub const RUN: &str = "generate busy-day -d 40m --rate 6/s --seed 7 --from 2026-01-05T08:00:00Z -q";

pub static DAY: LazyLock<Day> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    line(folder.path(), &format!("{RUN} {INJECTED} -o day.ndjson --truth truth.ndjson --truth-all")).quiet();
    let lines = |name: &str| -> Vec<Value> {
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let (events, truth) = (lines("day.ndjson"), lines("truth.ndjson"));
    let alerts = ten_deletions(&events);
    Day { folder, events, truth, alerts }
});

/// Nanoseconds since the Unix epoch.
pub fn instant(text: &str) -> i64 {
    falsetrail::machinery::units::time(text, 0).unwrap()
}

pub fn principal(event: &Value) -> String {
    let who = &event["data"]["authenticationInfo"]["principal"];
    let of = |key: &str| who[key]["resourceId"].as_str().or_else(|| who[key]["resource_id"].as_str());
    ["confluentUser", "confluent_user", "confluentServiceAccount", "confluent_service_account"]
        .iter()
        .find_map(|key| of(key))
        .or_else(|| {
            let who = &event["data"]["authentication_info"]["principal"];
            ["confluent_user", "confluent_service_account"].iter().find_map(|key| who[*key]["resource_id"].as_str())
        })
        .unwrap_or_default()
        .to_owned()
}

/// The rule: ten deletions of pools by one principal within a minute, refused ones too; then it counts from 0 again.
fn ten_deletions(events: &[Value]) -> Vec<Vec<usize>> {
    let mut recent: HashMap<String, VecDeque<usize>> = HashMap::new();
    let mut alerts = Vec::new();
    for (number, event) in events.iter().enumerate() {
        let method = event["data"]["methodName"].as_str().or_else(|| event["data"]["method_name"].as_str());
        if method != Some("DeleteComputePool") {
            continue;
        }
        let time = |number: usize| instant(events[number]["time"].as_str().unwrap());
        let window = recent.entry(principal(event)).or_default();
        window.push_back(number);
        while time(number) - time(window[0]) > 60_000_000_000 {
            window.pop_front();
        }
        if window.len() == 10 {
            alerts.push(window.drain(..).collect());
        }
    }
    alerts
}

impl Day {
    pub fn id(&self, event: usize) -> &str {
        self.events[event]["id"].as_str().unwrap()
    }

    pub fn time(&self, event: usize) -> &str {
        self.events[event]["time"].as_str().unwrap()
    }

    pub fn principal(&self, event: usize) -> String {
        principal(&self.events[event])
    }

    /// The instance of each event, as a number of the truth's line.
    fn by_event() -> HashMap<&'static str, usize> {
        let of_line = |(number, line): (usize, &'static Value)| {
            line["event_ids"].as_array().unwrap().iter().map(move |id| (id.as_str().unwrap(), number))
        };
        DAY.truth.iter().enumerate().flat_map(of_line).collect()
    }

    /// Instances that fired, joined by hand; every alert of this rule is about one instance.
    pub fn fired(&self) -> BTreeSet<usize> {
        let by_event = Self::by_event();
        let mut fired = BTreeSet::new();
        for alert in &self.alerts {
            let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
            for event in alert {
                *counts.entry(by_event[self.id(*event)]).or_default() += 1;
            }
            let labelled = counts.keys().find(|instance| !self.truth[**instance]["label"].is_null());
            let most = counts.iter().max_by_key(|(_, count)| **count).map(|(instance, _)| instance);
            fired.insert(*labelled.or(most).unwrap());
        }
        fired
    }
}

/// Writes alerts, scores them, and returns the document.
pub fn score(alerts: &str, file: &str, options: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(file), alerts).unwrap();
    let truth = DAY.folder.path().join("truth.ndjson");
    let command = format!("score --truth {} {file} --summary score.json {options}", truth.display());
    let scored = line(folder.path(), &command);
    assert!(scored.code <= 1, "{}", scored.stderr);
    document(folder.path())
}

fn document(folder: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join("score.json")).unwrap()).unwrap()
}

/// An alert with the ids of its events.
pub fn with_ids(alert: &[usize]) -> Value {
    let last = alert[alert.len() - 1];
    json!({
        "rule": "ten deletions",
        "time": DAY.time(last),
        "event_ids": alert.iter().map(|event| DAY.id(*event)).collect::<Vec<_>>(),
    })
}

pub fn json_lines(alerts: impl IntoIterator<Item = Value>) -> String {
    lines(alerts)
}

/// One line for each value.
pub fn lines(values: impl IntoIterator<Item: std::fmt::Display>) -> String {
    let mut text = String::new();
    for value in values {
        writeln!(text, "{value}").unwrap();
    }
    text
}

/// The numbers of a rule that a change of form leaves alone.
pub fn numbers(document: &Value) -> Value {
    let rule = &document["rules"][0];
    let names = ["alerts", "unmatched_alerts", "recall", "precision", "labels", "missed", "false_alarms"];
    names.iter().map(|name| ((*name).to_owned(), rule[*name].clone())).collect()
}

#[test]
fn a_score_is_what_a_join_by_hand_gives() {
    let fired = DAY.fired();
    let of = |label: Value| -> Vec<usize> {
        (0..DAY.truth.len()).filter(|number| DAY.truth[*number]["label"] == label).collect()
    };
    let among = |instances: &[usize]| instances.iter().filter(|number| fired.contains(*number)).count();
    let (positives, background) = (of(json!("positive")), of(Value::Null));
    let (found, false_alarms) = (among(&positives) + among(&of(json!("exfiltration"))), among(&background));
    let near = among(&of(json!("near-miss"))) + among(&of(json!("negative")));
    // The slow one is missed; the near miss with twelve deletions and the refused ones make this rule fire.
    assert_eq!((found, near), (2, 2));
    assert!(false_alarms > 0);
    let document = score(&json_lines(DAY.alerts.iter().map(|alert| with_ids(alert))), "alerts.ndjson", "");
    let rule = &document["rules"][0];
    assert_eq!(rule["rule"], "ten deletions");
    assert_eq!(rule["recall"], json!(2.0 / 3.0));
    assert_eq!(rule["precision"], json!(2.0 / (2 + near + false_alarms) as f64));
    let labels = json!({
        "positive": { "expected": 2, "found": 1 },
        "exfiltration": { "expected": 1, "found": 1 },
        "near-miss": { "expected": 2, "fired": 1 },
        "negative": { "expected": 1, "fired": 1 },
    });
    assert_eq!(rule["labels"], labels);
    assert_eq!(rule["missed"][0]["instance"], "mass-deletion@+20m");
    let expected = json!({
        "total": false_alarms,
        "alerts": rule["false_alarms"]["alerts"],
        "a_day": false_alarms as f64 * 36.0,
        "out_of": background.len(),
        "by_scenario": { "terraform-destroy": false_alarms },
    });
    assert_eq!(rule["false_alarms"], expected);
    assert_eq!((&document["unmatched_alerts"], &document["instances"]), (&json!(0), &json!(DAY.truth.len())));
    assert_eq!(document["seconds"], 2400.0);
}

/// From the truth's first and last events to the tenth deletion.
#[test]
fn time_to_detect_is_that_of_the_first_alert() {
    let document = score(&json_lines(DAY.alerts.iter().map(|alert| with_ids(alert))), "alerts.ndjson", "");
    let mut delays = Vec::new();
    for line in &DAY.truth {
        if !["positive", "exfiltration"].iter().any(|label| line["label"] == *label) {
            continue;
        }
        let ids: Vec<&str> = line["event_ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        let first_alert = DAY.alerts.iter().find(|alert| ids.contains(&DAY.id(alert[0])));
        let Some(alert) = first_alert else { continue };
        let at = instant(DAY.time(alert[9]));
        let since = |key: &str| (at - instant(line[key].as_str().unwrap())) as f64 / 1e9;
        delays.push((since("first"), since("last")));
    }
    assert_eq!(delays.len(), 2);
    let ends = |of: fn(&(f64, f64)) -> f64| {
        let (one, other) = (of(&delays[0]), of(&delays[1]));
        json!({ "p50": one.min(other), "largest": one.max(other) })
    };
    let detection = &document["rules"][0]["time_to_detect"];
    assert_eq!(detection["from_first"], ends(|delay| delay.0));
    assert_eq!(detection["from_last"], ends(|delay| delay.1));
    assert_eq!(detection["instances"], 2);
}

/// Rules that their alerts name, and a file whose rule never fired.
#[test]
fn every_rule_has_a_score() {
    let folder = tempfile::tempdir().unwrap();
    let truth = DAY.folder.path().join("truth.ndjson");
    let mut alerts: Vec<Value> = DAY.alerts.iter().map(|alert| with_ids(alert)).collect();
    // A rule that is about a single event of the attack, ten times, still finds one instance.
    let attack = DAY.truth.iter().find(|line| line["label"] == "positive").unwrap();
    alerts.extend((0..10).map(|_| json!({ "rule": { "name": "one" }, "id": attack["event_ids"][0] })));
    fs::write(folder.path().join("both.ndjson"), json_lines(alerts)).unwrap();
    fs::write(folder.path().join("never.json"), "[]\n").unwrap();
    let command = format!("score --truth {} both.ndjson never.json --summary score.json", truth.display());
    let scored = line(folder.path(), &command).quiet();
    let document = document(folder.path());
    let rules: Vec<_> = document["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| (rule["rule"].as_str().unwrap(), rule["labels"]["positive"]["found"].as_u64().unwrap()))
        .collect();
    assert_eq!(rules, [("never", 0), ("one", 1), ("ten deletions", 1)]);
    assert_eq!(document["rules"][1]["alerts"], 10);
    assert_eq!((&document["rules"][0]["recall"], &document["rules"][0]["precision"]), (&json!(0.0), &Value::Null));
    for shown in ["3 rules", "ten deletions", "missed: mass-deletion@+20m (positive)", "are terraform-destroy"] {
        assert!(scored.text().contains(shown), "{}", scored.text());
    }
    // Together they are one rule.
    let command = format!("{command} --together --force");
    line(folder.path(), &command).quiet();
    let together = self::document(folder.path());
    assert_eq!(together["rules"].as_array().unwrap().len(), 1);
    assert_eq!(together["rules"][0]["labels"]["positive"], json!({ "expected": 2, "found": 1 }));
}

#[test]
fn requirements_give_the_exit_status() {
    let folder = tempfile::tempdir().unwrap();
    let truth = DAY.folder.path().join("truth.ndjson");
    fs::write(folder.path().join("alerts.json"), json_lines(DAY.alerts.iter().map(|alert| with_ids(alert)))).unwrap();
    let score = |require: &[&str]| {
        let truth = truth.to_str().unwrap();
        let require = require.iter().flat_map(|require| ["--require", require]);
        run(folder.path(), ["score", "--truth", truth, "alerts.json", "-q"].into_iter().chain(require))
    };
    let met = ["recall>=0.66", "found=2", "missed<=1", "near-misses<=2", "unmatched=0", "detection.largest<10m"];
    score(&met).quiet();
    score(&["precision>0.1", "false-alarms<=1000/d", "false-alarms<50"]).quiet();
    for (require, said) in [
        ("recall=1", "recall 0.67 of `ten deletions`, not recall=1"),
        ("near-misses=0", "near-misses 2"),
        ("false-alarms<=2/d", "false-alarms"),
        ("precision>=0.9", "precision"),
        ("detection.p50<1s", "detection"),
    ] {
        let failed = score(&["found=2", require]);
        assert_eq!((failed.code, failed.text()), (1, ""), "{require}");
        assert!(failed.stderr.contains(said), "{require}: {}", failed.stderr);
    }
    assert_eq!(score(&["recal=1"]).code, 2);
}

#[test]
fn only_chosen_labels_have_to_be_found() {
    let alerts = json_lines(DAY.alerts.iter().map(|alert| with_ids(alert)));
    let all = score(&alerts, "alerts.ndjson", "");
    let one = score(&alerts, "alerts.ndjson", "--label exfiltration --require recall=1");
    assert_eq!((&one["rules"][0]["recall"], &one["failures"]), (&json!(1.0), &json!([])));
    // The other label counts neither way.
    assert_eq!(one["rules"][0]["false_alarms"], all["rules"][0]["false_alarms"]);
    assert_eq!(one["rules"][0]["missed"], json!([]));
}

/// Shards that write a truth each, and a run in two parts.
#[test]
fn the_truths_of_the_parts_of_a_run_are_the_whole() {
    let alerts = json_lines(DAY.alerts.iter().map(|alert| with_ids(alert)));
    let whole = numbers(&score(&alerts, "alerts.ndjson", ""));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("alerts.ndjson"), &alerts).unwrap();
    let score = |truth: &str| {
        line(folder.path(), &format!("score {truth} alerts.ndjson --summary score.json --force -q")).quiet();
        numbers(&document(folder.path()))
    };
    let mut shards = String::new();
    for shard in 0..3 {
        let options = format!("--shard {shard}/3 -o {shard}.ndjson --truth truth-{shard} --truth-all");
        line(folder.path(), &format!("{RUN} {INJECTED} {options}")).quiet();
        shards.extend(["--truth truth-", &shard.to_string(), " "]);
    }
    assert_eq!(score(&shards), whole);
    // The cut is in the middle of the first attack, so that both parts have a line for it.
    let cut = DAY.alerts[0][5].to_string();
    line(folder.path(), &format!("{RUN} {INJECTED} --first {cut} -o one.ndjson --truth truth-one --truth-all")).quiet();
    line(folder.path(), &format!("{RUN} {INJECTED} --skip {cut} -o rest.ndjson --truth truth-rest --truth-all"))
        .quiet();
    assert_eq!(score("--truth truth-one --truth truth-rest"), whole);
    // One of them alone does not list all.
    line(folder.path(), "score --truth truth-1 alerts.ndjson --summary score.json --force -q").quiet();
    let warnings = document(folder.path())["warnings"].to_string();
    assert!(warnings.contains("the truth of every shard"), "{warnings}");
}

/// Without `--truth-all` false alarms are counted, and their scenarios are not known.
#[test]
fn a_truth_of_labelled_instances_is_enough_for_recall() {
    let folder = tempfile::tempdir().unwrap();
    line(folder.path(), &format!("{RUN} {INJECTED} -o day.ndjson --truth truth.ndjson")).quiet();
    let alerts = json_lines(DAY.alerts.iter().map(|alert| with_ids(alert)));
    fs::write(folder.path().join("alerts.ndjson"), &alerts).unwrap();
    let scored = line(folder.path(), "score --truth truth.ndjson alerts.ndjson --summary score.json").quiet();
    assert!(scored.text().contains("--truth-all"), "{}", scored.text());
    let (document, all) = (document(folder.path()), score(&alerts, "alerts.ndjson", ""));
    let (rule, with_all) = (&document["rules"][0], &all["rules"][0]);
    for same in ["recall", "precision", "labels", "time_to_detect"] {
        assert_eq!(rule[same], with_all[same]);
    }
    assert_eq!(rule["false_alarms"]["total"], with_all["false_alarms"]["total"]);
    assert_eq!(rule["false_alarms"]["out_of"], Value::Null);
}
