//! `falsetrail plan` says what `falsetrail generate` then does.

use super::command_run::{line, run};
use serde_json::Value;
use std::{fs, path::Path};
use tempfile::tempdir;

/// Runs of every form: what ends them, how fast they are, which part of them.
const RUNS: &[&str] = &[
    "pool-resize-failure",
    "every-method --format json",
    "busy-day -n 30k",
    "busy-day -n 9k --skip 2k --shard 1/3",
    "office-week -d 3d",
    "busy-day --rate 20/s -d 10m --cold-start",
    "busy-day --rate 50/s -n 5k --inject mass-deletion@+20s --format batch",
    "pool-lifecycle --stage 5m:10/s --stage 5m:0/s",
    "notebook-session --instances 40 --every 3s",
    "mass-deletion --set deletes=20 -n 2000",
];

const DEFINED: &str = "--seed 11 --from 2026-03-02T06:00:00Z";

fn plan(folder: &Path, words: &str) -> Value {
    let printed = line(folder, &format!("plan {words} {DEFINED} --json")).quiet();
    serde_json::from_str(printed.text()).expect("the plan is JSON")
}

fn summary(folder: &Path, words: &str, file: &str) -> Value {
    let words = format!("generate {words} {DEFINED} -o {file} --summary summary.json --force");
    line(folder, &words).fine();
    serde_json::from_slice(&fs::read(folder.join("summary.json")).unwrap()).expect("the summary is JSON")
}

/// Whether a prediction is within two percent.
fn near(predicted: &Value, real: u64) -> bool {
    let predicted = predicted.as_u64().expect("a number") as f64;
    (predicted - real as f64).abs() <= real as f64 * 0.02
}

#[test]
fn counts_are_those_of_the_run_and_bytes_nearly() {
    let folder = tempdir().unwrap();
    for words in RUNS {
        let (planned, real) = (plan(folder.path(), words), summary(folder.path(), words, "out.ndjson"));
        for key in ["events", "first", "last", "by_method"] {
            assert_eq!(planned[key], real[key], "{words}: {key}");
        }
        assert_eq!(planned["exact"], true, "{words}");
        let by_scenario = |list: &Value| -> Vec<(Value, Value)> {
            list.as_array().unwrap().iter().map(|row| (row["story"].clone(), row["events"].clone())).collect()
        };
        assert_eq!(by_scenario(&planned["by_scenario"]), by_scenario(&real["by_scenario"]), "{words}");
        assert!(near(&planned["bytes"], real["bytes"].as_u64().unwrap()), "{words}: {planned}");
        let length = fs::metadata(folder.path().join("out.ndjson")).unwrap().len();
        assert!(near(&planned["bytes_of_file"]["plain"], length), "{words}: {length}, {planned}");
    }
}

#[test]
fn compressed_sizes_are_those_of_the_files_nearly() {
    let folder = tempdir().unwrap();
    for words in ["busy-day -n 40k", "every-method", "office-week -d 2d"] {
        let planned = plan(folder.path(), words);
        for (key, file) in [("gz", "out.gz"), ("zst", "out.zst")] {
            if planned["bytes_of_file"][key].is_null() {
                continue;
            }
            summary(folder.path(), words, file);
            let length = fs::metadata(folder.path().join(file)).unwrap().len();
            assert!(near(&planned["bytes_of_file"][key], length), "{words}: {file} has {length}, {planned}");
        }
    }
}

#[test]
fn who_acts_and_what_is_made_is_in_the_events() {
    let folder = tempdir().unwrap();
    let words = "busy-day -n 3000";
    let planned = plan(folder.path(), words);
    summary(folder.path(), words, "out.ndjson");
    let text = fs::read_to_string(folder.path().join("out.ndjson")).unwrap();
    let mut users = std::collections::HashSet::new();
    for event in text.lines() {
        let event: Value = serde_json::from_str(event).unwrap();
        let info =
            &event["data"].get("authenticationInfo").or(event["data"].get("authentication_info")).unwrap()["principal"];
        if let Some(user) = info.get("confluentUser").or(info.get("confluent_user")) {
            users.insert(user.get("resourceId").or(user.get("resource_id")).unwrap().to_string());
        }
    }
    let kind =
        |name: &str| planned["kinds"].as_array().unwrap().iter().find(|row| row["kind"] == name).unwrap().clone();
    assert_eq!(kind("user")["acting"], users.len(), "{planned}");
    let made = planned["by_method"].as_array().unwrap().iter();
    let made = made.filter(|row| row["method"] == "CreateComputePool" && row["outcome"] == "success");
    assert_eq!(kind("compute-pool")["created"], made.map(|row| row["events"].as_u64().unwrap()).sum::<u64>());
}

#[test]
fn it_reads_like_the_summary_and_emits_nothing() {
    let folder = tempdir().unwrap();
    let words = format!("plan office-week {DEFINED} -d 2d -o new.ndjson --partitions 4");
    let printed = line(folder.path(), &words).quiet();
    let text = printed.text();
    for part in ["events of office-week, ", "\nrate: ", "┤", "└──", " in the busiest second\n", "as .gz"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    for part in [
        " a day at this rate\n",
        " act, each from a different address",
        "\npartitions: of 4, number ",
        "\ntime: about ",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none(), "nothing is written");
    let again = text.lines().find_map(|line| line.strip_prefix("to run it: falsetrail ")).expect("a command");
    let made = line(folder.path(), &format!("{again} --progress none")).fine();
    let headline = |text: &str| text.split(", in ").next().unwrap().split("event time").next().unwrap().to_owned();
    let events = |text: &str| headline(text).split(',').take(1).collect::<String>();
    assert_eq!(events(&made.stderr), events(text));
    // Two columns of the same, four words of which one is the count.
    let rows = |text: &str| -> Vec<String> {
        text.lines().skip(1).take_while(|line| line.starts_with("  ")).map(str::to_owned).collect()
    };
    assert_eq!(rows(&made.stderr), rows(text));
}

/// The partition of a key, bit by bit: CRC-32 as zlib has it.
fn partition(key: &str, partitions: u32) -> usize {
    let mut crc = u32::MAX;
    for byte in key.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    ((crc ^ u32::MAX) % partitions) as usize
}

#[test]
fn partitions_are_those_of_the_keys() {
    let folder = tempdir().unwrap();
    let words = "busy-day -n 3000";
    let planned = plan(folder.path(), &format!("{words} --partitions 6"));
    summary(folder.path(), words, "out.ndjson");
    let text = fs::read_to_string(folder.path().join("out.ndjson")).unwrap();
    let mut counts = [0_u32; 6];
    for event in text.lines() {
        // Without a field of their own, keys are seen in the subject: the environment's id, else the organization's.
        let event: Value = serde_json::from_str(event).unwrap();
        let subject = event["subject"].as_str().unwrap();
        let part = |name: &str| subject.split('/').find_map(|part| part.strip_prefix(name).map(str::to_owned));
        counts[partition(&part("environment=").or(part("organization=")).unwrap(), 6)] += 1;
    }
    let shares: Vec<f64> =
        planned["partitions"].as_array().unwrap().iter().map(|share| share.as_f64().unwrap()).collect();
    let real: Vec<f64> = counts.iter().map(|count| f64::from(*count) / 3000.0).collect();
    for (planned, real) in shares.iter().zip(&real) {
        assert!((planned - real).abs() < 1e-9, "{shares:?} {real:?}");
    }
}

#[test]
fn what_cannot_be_is_said_as_for_a_run() {
    let folder = tempdir().unwrap();
    for words in
        ["busy-day --rate 500/s", "craete-pool", "pool-lifecycle --seed 1 --from 2026-01-05 -d 1s --instances 3"]
    {
        let planned = run(folder.path(), ["plan"].into_iter().chain(words.split_whitespace()));
        let made = run(folder.path(), ["generate"].into_iter().chain(words.split_whitespace()));
        assert_eq!((planned.code, &planned.stderr), (2, &made.stderr), "{words}");
    }
    let live = line(folder.path(), "plan busy-day --seed 1 --live --rate 500/s -n 5k --speed 100000").fine();
    assert!(live.text().contains("\ntime: ") && live.text().contains("but not here: "), "{}", live.text());
}

/// At a rate, stories of one kind that last long begin in waves: their delays are not what they say.
#[test]
fn stories_that_come_in_waves_are_told() {
    let folder = tempdir().unwrap();
    for (words, waves) in [("stale-client --rate 50/s -d 4m", true), ("busy-day --rate 50/s -d 1m", false)] {
        let planned = line(folder.path(), &format!("plan {words} {DEFINED}")).quiet();
        let made = line(folder.path(), &format!("generate {words} {DEFINED} -o /dev/null --progress none")).fine();
        for said in [planned.text(), &made.stderr] {
            assert_eq!(said.contains("at this rate instances bunch up: a step was up to "), waves, "{said}");
        }
    }
}
