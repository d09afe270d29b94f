//! Where a run ended, and what was expected of it: nothing is complete if that is not known, or if it is nothing.

use super::{
    command::{emitted, verify, write},
    joined,
};
use crate::command_run::{line, shell};
use serde_json::{Value, json};
use std::{fs, path::Path};

fn edited(folder: &Path, from: &str, edit: impl FnOnce(&mut Value)) {
    let mut summary: Value = serde_json::from_str(&fs::read_to_string(folder.join(from)).unwrap()).unwrap();
    edit(&mut summary);
    write(folder, "edited.json", summary.to_string());
}

/// Verifies by another file than `run.json`.
fn verify_by(folder: &Path, run: &str, words: &str) -> (i32, Value) {
    let run = line(folder, &format!("verify --run {run} --summary verdict.json --force {words}"));
    let text = fs::read_to_string(folder.join("verdict.json")).unwrap_or_else(|_| panic!("{}", run.stderr));
    (run.code, serde_json::from_str(&text).unwrap())
}

#[test]
fn nothing_is_proved_where_nothing_was_expected() {
    let (folder, _) = emitted();
    let folder = folder.path();
    line(folder, "generate busy-day -n 200 --seed 7 --from 2026-01-05T08:00:00Z -o sent.ndjson --summary sent.json -q")
        .fine();
    let all = (0..200).map(|event| format!("{{\"event\":{event}}}"));
    write(folder, "all.ndjson", joined(all));
    write(folder, "beyond.ndjson", "{\"event\":200}\n{\"event\":201}\n");
    edited(folder, "sent.json", |summary| {
        summary["status"] = json!("stopped");
        summary["emitted"]["until"] = json!(0);
    });
    for words in [
        "--run run.json out.ndjson --until 2020-01-01",
        "--run run.json out.ndjson --until 2026-01-05T08:00:00Z",
        "--run run.json out.ndjson --skip 200",
        "--run run.json out.ndjson --except all.ndjson",
        "--run run.json out.ndjson --only beyond.ndjson",
        "--run edited.json out.ndjson",
        "--run edited.json /dev/null",
    ] {
        let run = line(folder, &format!("verify {words}"));
        assert_eq!((run.code, run.text()), (2, ""), "{words}: {}", run.stderr);
        assert!(run.stderr.contains("no event of the run has to arrive"), "{words}: {}", run.stderr);
    }
    write(folder, "empty.ndjson", "");
    let run = line(folder, "verify --run run.json out.ndjson --only empty.ndjson");
    assert_eq!(run.code, 2, "{}", run.text());
    assert!(run.stderr.contains("`empty.ndjson` lists no events"), "{}", run.stderr);
}

#[test]
fn a_live_run_without_an_end_is_never_complete() {
    let (folder, _) = emitted();
    let folder = folder.path();
    let words = "generate busy-day --live --rate 2000/s --seed 7 -n 300 -q";
    line(folder, &format!("{words} -o live.ndjson --summary live.json --write-run live-run.json")).fine();
    assert_eq!(verify_by(folder, "live.json", "live.ndjson").0, 0);
    let endless = |run: &mut Value| {
        run.as_object_mut().unwrap().remove("events");
        run["endless"] = json!(true);
    };
    let mut run: Value = serde_json::from_str(&fs::read_to_string(folder.join("live-run.json")).unwrap()).unwrap();
    endless(&mut run);
    write(folder, "endless.json", run.to_string());
    let (code, verdict) = verify_by(folder, "endless.json", "live.ndjson");
    let found = ["expected", "arrived", "missing", "end_known", "complete"].map(|key| verdict[key].clone());
    assert_eq!((code, found), (1, [json!(300), json!(300), json!(0), json!(false), json!(false)]));
    assert_eq!(verify_by(folder, "endless.json", "live.ndjson -n 300").0, 0);
    assert_eq!(verify_by(folder, "endless.json", "live.ndjson -n 301").0, 1);
    // A run that is faster than the clock is ahead of it.
    let words = "generate busy-day --live --speed 100 --rate 20/s --seed 7 -n 300 -q";
    line(folder, &format!("{words} -o fast.ndjson --summary fast.json")).fine();
    edited(folder, "fast.json", |summary| {
        endless(&mut summary["run_file"]);
        summary["status"] = json!("running");
        summary["emitted"]["until"] = json!(null);
    });
    let (code, verdict) = verify_by(folder, "edited.json", "fast.ndjson");
    assert_eq!((code, &verdict["arrived"], &verdict["foreign"]), (1, &json!(300), &json!(0)));
    // Nothing came, and what should have come is not known either.
    let (code, verdict) = verify_by(folder, "endless.json", "/dev/null");
    assert_eq!((code, &verdict["complete"], &verdict["expected"]), (1, &json!(false), &json!(0)));
}

/// The statuses of a summary, and where each says that the run ended.
#[test]
fn the_end_is_that_of_the_summary() {
    let (folder, _) = emitted();
    let folder = folder.path();
    line(folder, "generate busy-day -n 200 --seed 7 --from 2026-01-05T08:00:00Z -o sent.ndjson --summary sent.json -q")
        .fine();
    for (status, until, code, expected, is_known) in [
        ("complete", json!(null), 0, 200, true),
        ("stopped", json!(150), 0, 150, true),
        ("failed", json!(150), 0, 150, true),
        ("closed", json!(150), 0, 150, true),
        ("stopped", json!(null), 1, 200, false),
        ("failed", json!(null), 1, 200, false),
        ("closed", json!(null), 1, 200, false),
        ("running", json!(null), 1, 200, false),
        ("running", json!(150), 1, 200, false),
        ("running", json!(200), 1, 200, false),
    ] {
        edited(folder, "sent.json", |summary| {
            summary["status"] = json!(status);
            summary["emitted"]["until"] = until.clone();
        });
        let (found, verdict) = verify_by(folder, "edited.json", "sent.ndjson");
        let of = (found, &verdict["expected"], &verdict["end_known"], &verdict["complete"]);
        assert_eq!(of, (code, &json!(expected), &json!(is_known), &json!(code == 0)), "{status} {until}");
    }
    // What was not delivered is missing, unless it is known which events these are.
    edited(folder, "sent.json", |summary| summary["emitted"]["unlisted"] = json!(3));
    let lines: Vec<String> =
        fs::read_to_string(folder.join("sent.ndjson")).unwrap().lines().map(str::to_owned).collect();
    write(folder, "less.ndjson", lines[3..].join("\n"));
    let (code, verdict) = verify_by(folder, "edited.json", "less.ndjson");
    assert_eq!((code, &verdict["missing"]), (1, &json!(3)));
    assert!(verdict["warnings"][0].as_str().unwrap().contains("3 events were not delivered"), "{verdict}");
    edited(folder, "sent.json", |summary| summary["emitted"]["failed"] = json!([[0, 2]]));
    assert_eq!(verify_by(folder, "edited.json", "less.ndjson").0, 0);
    // Events that are sent again are expected, whatever became of them before.
    edited(folder, "sent.json", |summary| {
        summary["status"] = json!("failed");
        summary["emitted"]["until"] = json!(2);
        summary["emitted"]["failed"] = json!([[0, 1]]);
    });
    write(folder, "again.ndjson", "{\"event\":0}\n{\"event\":1}\n{\"event\":2}\n");
    let (code, verdict) = verify_by(folder, "edited.json", "less.ndjson --only again.ndjson");
    assert_eq!((code, &verdict["expected"], &verdict["missing"]), (1, &json!(3), &json!(3)));
    let (code, verdict) = verify_by(folder, "edited.json", "sent.ndjson --only again.ndjson");
    assert_eq!((code, &verdict["arrived"]), (0, &json!(3)));
}

#[test]
fn a_shard_and_a_run_that_was_continued_are_what_their_summaries_say() {
    let (folder, _) = emitted();
    let folder = folder.path();
    let of = "generate busy-day -n 200 --seed 7 --from 2026-01-05T08:00:00Z -q";
    line(folder, &format!("{of} --shard 1/3 -o shard.ndjson --summary shard.json")).fine();
    let (code, verdict) = verify_by(folder, "shard.json", "shard.ndjson");
    let shard = verdict["expected"].as_u64().unwrap();
    assert!(code == 0 && (1..200).contains(&shard), "{verdict}");
    let (code, verdict) = verify_by(folder, "shard.json", "out.ndjson");
    assert_eq!((code, verdict["foreign_of_this_run"].as_u64()), (0, Some(200 - shard)), "the other shards");
    // There is no room for all of it, but for the summary; then it is continued.
    let of = "generate busy-day -n 2000 --seed 7 --from 2026-01-05T08:00:00Z -q";
    let limited = format!("trap '' XFSZ; ulimit -f 2000; falsetrail {of} -o all.ndjson --summary first.json");
    let run = shell(folder, &limited);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let (code, first) = verify_by(folder, "first.json", "all.ndjson.part");
    let emitted = first["expected"].as_u64().unwrap();
    assert!(code == 0 && (1..2000).contains(&emitted), "{first}");
    let first: Value = serde_json::from_str(&fs::read_to_string(folder.join("first.json")).unwrap()).unwrap();
    let rest = first["continue"]["command"].as_str().unwrap().replace(" --summary first.json", "");
    shell(folder, &format!("{rest} --summary second.json --force")).fine();
    let (code, verdict) = verify_by(folder, "second.json", "all.ndjson");
    assert_eq!((code, &verdict["expected"], &verdict["unchanged"]), (0, &json!(2000), &json!(2000)), "{verdict}");
    // The continuation alone is not all of the file.
    let lines: Vec<String> =
        fs::read_to_string(folder.join("all.ndjson")).unwrap().lines().map(str::to_owned).collect();
    write(folder, "rest.ndjson", lines[emitted as usize..].join("\n"));
    let (code, verdict) = verify_by(folder, "second.json", "rest.ndjson");
    assert_eq!((code, verdict["missing"].as_u64()), (1, Some(emitted)));
}

/// Times of a run that was not emitted at its events' times say nothing about receipt.
#[test]
fn lateness_is_that_of_live_runs() {
    let (folder, text) = emitted();
    let folder = folder.path();
    line(folder, "generate busy-day -n 200 --seed 7 --from 2026-01-05T08:00:00Z -o sent.ndjson --summary sent.json -q")
        .fine();
    let received = text.lines().map(|line| line.replacen('{', "{\"at\":\"2026-01-06T00:00:00Z\",", 1));
    write(folder, "received.ndjson", received.collect::<Vec<_>>().join("\n"));
    let (_, verdict) = verify(folder, "received.ndjson --received-at at");
    assert_eq!(verdict["late"]["events"], json!(200));
    let (code, verdict) = verify_by(folder, "sent.json", "received.ndjson --received-at at --require late.p99<48h");
    assert_eq!((code, &verdict["late"]), (1, &json!(null)));
    assert!(verdict["warnings"][0].as_str().unwrap().contains("not emitted at its events' times"), "{verdict}");
    edited(folder, "sent.json", |summary| summary["run"]["speed"] = json!(1.0));
    assert_eq!(verify_by(folder, "edited.json", "received.ndjson --received-at at").1["late"]["events"], json!(200));
    edited(folder, "sent.json", |summary| summary["run"]["speed"] = json!(60.0));
    assert_eq!(verify_by(folder, "edited.json", "received.ndjson --received-at at").1["late"], json!(null));
}
