//! Signs of life while a run lasts, and its summary for machines.

use super::command_run::{line, shell};
use falsetrail::machinery::{
    run::Slice,
    run_file::{End, Status},
};
use serde_json::Value;
use std::{fs, path::Path};
use tempfile::tempdir;

const LIVE: &str = "generate busy-day --seed 3 --live --rate 20/s -n 24 -o out.ndjson --force";

pub fn document(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&fs::read(folder.join(name)).expect("the summary is there")).expect("the summary is JSON")
}

#[test]
fn the_summary_says_what_happened() {
    let folder = tempdir().unwrap();
    let defined = "busy-day -n 500 --seed 7 --from 2026-01-05T08:00:00Z --digest";
    let run = line(folder.path(), &format!("generate {defined} -o out.ndjson.gz --summary s.json")).fine();
    let summary = document(folder.path(), "s.json");
    let expected = [
        ("version", Value::from(2)),
        ("falsetrail", env!("CARGO_PKG_VERSION").into()),
        ("status", "complete".into()),
        ("events", 500.into()),
        ("error", Value::Null),
        ("continue", Value::Null),
        ("pace", Value::Null),
        ("first", "2026-01-05T08:00:00.".into()),
    ];
    for (key, value) in expected {
        match value.as_str().filter(|value| value.ends_with('.')) {
            Some(begin) => assert!(summary[key].as_str().unwrap().starts_with(begin), "{key}: {summary}"),
            None => assert_eq!(summary[key], value, "{key}: {summary}"),
        }
    }
    assert_eq!(summary["run"]["seed"], 7);
    assert_eq!(summary["run"]["from"], "2026-01-05T08:00:00Z");
    assert_eq!(summary["run"]["command"], run.again());
    assert!(run.stderr.contains(&format!("digest: {}\n", summary["digest"].as_str().unwrap())));
    assert_eq!(summary["delivered"]["output"], "out.ndjson.gz");
    assert_eq!(summary["delivered"]["events"], 500);
    assert_eq!(summary["delivered"]["written"], fs::metadata(folder.path().join("out.ndjson.gz")).unwrap().len());
    for list in ["by_method", "by_scenario"] {
        let rows = summary[list].as_array().unwrap();
        assert!(
            rows.len() > 5 && rows.iter().map(|row| row["events"].as_u64().unwrap()).sum::<u64>() == 500,
            "{rows:?}"
        );
    }
    // What it says of the run is read by the library, too.
    let read = falsetrail::machinery::run_file::RunFile::read(folder.path().join("s.json")).unwrap();
    let emitted = read.emitted.as_ref().expect("a summary says how much was emitted");
    assert_eq!((emitted.status, emitted.end()), (Status::Complete, End::Run));
    assert_eq!((emitted.part.clone(), emitted.delivered, emitted.topic.clone()), (Slice::default(), 500, None));
    let (started, ended) = (emitted.started, emitted.ended.expect("the run is over"));
    assert!(ended > started && started > 1_700_000_000_000_000_000, "{started} {ended}");
    assert_eq!(read.plan().unwrap().events().count(), 500);
    // What machines are told is documented.
    let help = line(folder.path(), "help summary").quiet();
    let keys = ["run", "emitted", "delivered", "pace"]
        .iter()
        .filter_map(|key| summary[key].as_object())
        .flat_map(|map| map.keys());
    for key in summary.as_object().unwrap().keys().chain(keys) {
        assert!(help.text().contains(key.as_str()), "`help summary` does not explain `{key}`");
    }
}

#[test]
fn a_summary_replaces_nothing_and_is_refused_before_the_run() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("s.json"), "mine").unwrap();
    let run = |rest: &str| line(folder.path(), &format!("generate every-method --seed 1 -o out.ndjson {rest}"));
    for (rest, message, code) in [
        ("--summary s.json", "`s.json` already exists", 1),
        ("--summary none/s.json", "the directory `none` does not exist", 1),
        ("--summary -", "`--summary` takes a file", 2),
        ("--summary out.ndjson", "name the same file", 2),
    ] {
        let refused = run(rest);
        assert_eq!(refused.code, code, "{}", refused.stderr);
        assert!(refused.stderr.contains(message), "{}", refused.stderr);
        assert!(!folder.path().join("out.ndjson").exists(), "{rest}");
    }
    assert_eq!(fs::read_to_string(folder.path().join("s.json")).unwrap(), "mine");
    run("--summary s.json --force --quiet").quiet();
    assert_eq!(document(folder.path(), "s.json")["events"], 17);
}

#[test]
fn a_run_that_fails_has_a_summary_too() {
    let folder = tempdir().unwrap();
    let words = "generate busy-day --seed 1 --from 2026-01-05 -n 100k -o /dev/full --threads 1 --summary s.json";
    let failed = line(folder.path(), words);
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    let summary = document(folder.path(), "s.json");
    assert_eq!(summary["status"], "failed");
    assert!(summary["error"].as_str().unwrap().contains("no space left on device"), "{summary}");
}

#[test]
fn lines_say_how_far_a_run_is() {
    let folder = tempdir().unwrap();
    let json = line(folder.path(), &format!("{LIVE} --progress json --progress-every 300ms")).fine();
    let lines: Vec<Value> = json.stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(lines.len() >= 2, "{}", json.stderr);
    let last = &lines[lines.len() - 1];
    assert_eq!((&last["events"], &last["done"]), (&Value::from(24), &Value::from(1.0)), "{last}");
    assert_eq!(last["target_events_a_second"], 20.0, "{last}");
    let events: Vec<u64> = lines.iter().map(|line| line["events"].as_u64().unwrap()).collect();
    assert!(events.is_sorted(), "{events:?}");
    let plain = line(folder.path(), &format!("{LIVE} --progress plain --progress-every 300ms --summary s.json")).fine();
    assert!(plain.stderr.contains("24 events (100 %), "), "{}", plain.stderr);
    assert!(plain.stderr.contains("/s of 20/s, "), "{}", plain.stderr);
    let late = &document(folder.path(), "s.json")["pace"]["late_seconds"];
    assert!(late["p50"].is_number() && late["max"].is_number(), "{late}");
}

#[test]
fn nothing_is_said_unasked_and_never_among_the_events() {
    let folder = tempdir().unwrap();
    let words = "generate busy-day --seed 1 --from 2026-01-05 -n 2000";
    let usual = line(folder.path(), words).fine();
    assert!(usual.stderr.starts_with("2,000 events of busy-day"), "{}", usual.stderr);
    let told = line(folder.path(), &format!("{words} --progress json")).fine();
    assert_eq!(told.stdout, usual.stdout);
    assert!(told.stderr.starts_with("{\"events\":2000,"), "{}", told.stderr);
    // Where there is no terminal there is no bar.
    let bar = line(folder.path(), &format!("{words} --progress bar")).fine();
    assert!(bar.stderr.starts_with("2,000 events (100 %)"), "{}", bar.stderr);
    for rest in ["--progress none", "--quiet --progress json", "--quiet"] {
        let silent = line(folder.path(), &format!("{words} {rest}")).fine();
        assert_eq!(silent.stdout, usual.stdout);
        assert_eq!(silent.stderr.lines().next().is_some(), rest == "--progress none", "{}", silent.stderr);
        assert!(!silent.stderr.contains("2,000 events ("), "{}", silent.stderr);
    }
}

/// A terminal shows a bar, and what goes to a file beside it stays what it is.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_a_bar_beside_the_events() {
    let folder = tempdir().unwrap();
    let words = "falsetrail generate busy-day --seed 1 --live --rate 50/s -n 60 --speed 2";
    // `script` gives a terminal, whatever this test runs in.
    let on_terminal = |line: &str| shell(folder.path(), &format!("script -qec '{line}' /dev/null")).fine();
    let beside = on_terminal(&format!("{words} > out.ndjson"));
    assert!(beside.text().contains('\r') && beside.text().contains("60"), "{}", beside.text());
    assert!(beside.text().contains("\u{1b}["), "no bar: {}", beside.text());
    let events = fs::read_to_string(folder.path().join("out.ndjson")).unwrap();
    assert_eq!(events.lines().count(), 60);
    assert!(events.lines().all(|event| event.starts_with('{') && event.ends_with('}')), "{events}");
    // Where the terminal shows the events, there is none.
    let among = on_terminal(&format!("{words} 2> err"));
    assert!(!among.text().contains('\u{1b}'), "{}", among.text());
    assert_eq!(among.text().lines().filter(|line| line.starts_with('{')).count(), 60);
    let plain = on_terminal(&format!("{words} --progress none > out2.ndjson"));
    assert!(!plain.text().contains('█'), "{}", plain.text());
}
