//! `--live` as it is typed. Time itself is tested by a clock that the test moves (`live.rs`); here it passes.

use super::command_run::{Run, command, finished, line, shell};
use falsetrail::machinery::units::time;
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read},
    process::Stdio,
    time::Instant,
};
use tempfile::tempdir;

const SECOND: i64 = 1_000_000_000;

fn now() -> i64 {
    time("now", std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as i64).unwrap()
}

/// Ids and times of events.
fn events(text: &str) -> Vec<(String, i64)> {
    let one = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap();
        (event["id"].as_str().unwrap().to_owned(), time(event["time"].as_str().unwrap(), 0).unwrap())
    };
    text.lines().map(one).collect()
}

#[test]
fn a_live_run_takes_its_time_and_is_repeated_at_once() {
    let folder = tempdir().unwrap();
    let (begun, before) = (Instant::now(), now());
    let words = "generate notebook-session --rate 200/s -d 1s --live --seed 7 --max-lag 20s --digest";
    let made = line(folder.path(), words).fine();
    let took = begun.elapsed().as_secs_f64();
    let found = events(made.text());
    assert_eq!(found.len(), 200);
    // The run begins at the next whole second, and its last event is due almost a second later.
    let (first, last) = (found[0].1, found[199].1);
    assert!(first >= before && first % SECOND < SECOND / 100, "{first}");
    assert!(took >= (last - first) as f64 / 1e9, "{took} s");
    assert!(now() >= last, "it ended before its last event was due");
    let pace = made.stderr.lines().find(|line| line.starts_with("pace: ")).expect("the summary says how late");
    assert!(pace.contains("/s, events left ") && pace.contains(" late at p50, "), "{pace}");
    // The command that gives the same again does not wait for anybody.
    let again = shell(folder.path(), made.again()).fine();
    assert!(!made.again().contains("--live") && !made.again().contains("--max-lag"), "{}", made.again());
    assert!(again.stdout == made.stdout);
}

#[test]
fn an_hour_passes_in_a_moment() {
    let folder = tempdir().unwrap();
    let made = line(folder.path(), "generate pool-lifecycle --rate 1/m -d 1h --speed 7200 --seed 7").fine();
    assert_eq!(events(made.text()).len(), 60);
    assert!(made.stderr.contains("\npace: "), "{}", made.stderr);
}

/// A run that is stopped says with which command it goes on, at its pace; the pieces are the whole.
#[test]
fn a_live_run_that_is_stopped_is_continued() {
    let folder = tempdir().unwrap();
    let words = "generate notebook-session --rate 100/s -d 6s --live --seed 7";
    let mut child = command(folder.path())
        .args(words.split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    for _ in 0..20 {
        stdout.read_line(&mut first).unwrap();
    }
    // Nobody else has its number: it is waited for below.
    shell(folder.path(), &format!("kill -INT {}", child.id()));
    stdout.read_to_string(&mut first).unwrap();
    let stopped: Run = finished(&child.wait_with_output().unwrap());
    assert_eq!(stopped.code, 130, "{}", stopped.stderr);
    let rest = stopped.rest().expect("it can be continued");
    assert!(rest.contains(" --live ") && rest.contains(" --skip "), "{rest}");
    let second = shell(folder.path(), rest).fine();
    let whole = shell(folder.path(), second.again().split(" --skip ").next().unwrap()).fine();
    assert!(first + second.text() == whole.text());
}

#[test]
fn a_run_may_go_on_from_now_as_another_run() {
    let folder = tempdir().unwrap();
    let words = "generate pool-lifecycle -n 30 --rate 100/s --seed 7 --from 2026-01-05T08:00:00Z";
    let plain = events(line(folder.path(), words).fine().text());
    let before = now();
    let made = line(folder.path(), &format!("{words} --live --skip 10 --re-pace")).fine();
    let shifted = events(made.text());
    assert_eq!(shifted.len(), 20);
    // The first event is now, the others as far behind it as they were.
    let shift = shifted[0].1 - plain[10].1;
    assert!((before..before + 10 * SECOND).contains(&shifted[0].1), "{} s away", (shifted[0].1 - before) / SECOND);
    for ((id, time), (old, then)) in shifted.iter().zip(&plain[10..]) {
        assert_eq!(*time, then + shift);
        assert!(plain.iter().all(|(known, _)| known != id), "{old} has the same id");
    }
    // It is a run like any other: the printed command repeats it.
    assert!(!made.again().contains("--re-pace"), "{}", made.again());
    assert!(shell(folder.path(), made.again()).fine().stdout == made.stdout, "{}", made.again());
}

/// `--from now` is what a live run does anyway: it begins when it is ready, and is not late from its first event on.
#[test]
fn from_now_is_no_time_that_has_passed() {
    let folder = tempdir().unwrap();
    let before = now();
    let made = line(folder.path(), "generate notebook-session --rate 200/s -n 40 --live --from now --seed 7").fine();
    let found = events(made.text());
    assert_eq!(found.len(), 40);
    assert!(found[0].1 >= before, "{} before {before}", found[0].1);
}
