//! The bytes are a pure function of what the command says, and every run prints the command that repeats it.

use super::command_run::{Run, line, run, shell};
use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};
use tempfile::tempdir;

/// Runs the arguments, and what they print as the same again; both give the same.
fn repeats(folder: &Path, arguments: &[&str]) -> Run {
    let first = run(folder, ["generate"].iter().chain(arguments)).fine();
    assert!(!first.stdout.is_empty(), "{arguments:?}");
    let again = shell(folder, first.again()).fine();
    assert!(first.stdout == again.stdout, "{arguments:?}: other bytes by {}", first.again());
    assert_eq!(first.again(), again.again(), "the repetition repeats itself");
    first
}

#[test]
fn the_printed_command_gives_the_same_bytes() {
    let folder = tempdir().unwrap();
    for file in ["my story.yaml", "it's.yaml", "$HOME.yaml", "*.yaml"] {
        let scenario = "seed: 5\nevery: 7s\nsteps:\n  - create-pool\n  - { call: get-pool, repeat: 2..5 }\n";
        fs::write(folder.path().join(file), scenario).unwrap();
    }
    fs::write(folder.path().join("relative.yaml"), "from: -3d\nsteps: [create-pool]\n").unwrap();
    let mix = "mix:\n  - { scenario: pool-lifecycle, weight: 3 }\n  - { scenario: my story.yaml }\n";
    fs::write(folder.path().join("mix.yaml"), mix).unwrap();
    let all: &[&[&str]] = &[
        &["pool-lifecycle"],
        &["create-pool -> update-pool-failure -> delete-pool"],
        &["create-pool -> update-pool-failure -> delete-pool", "-n", "100"],
        &["create-pool → get-pool:forbidden", "--instances", "3"],
        &["create-pool,delete-pool", "-n", "1k", "--every", "1500ms"],
        &["mass-deletion", "--set", "deletes=3", "--set", "gap=250ms"],
        &["mass-deletion", "--set", "victims.max_cfu=50", "--instances", "4"],
        &["every-method", "--set", "organization.id=3fa85f64-5717-4562-b3fc-2c963f66afa6"],
        &["pool-lifecycle", "--set", "admin.ip=192.0.2.7", "--to", "-1h"],
        &["busy-day", "-n", "700"],
        &["busy-day", "-n", "700", "--to", "2026-01-05T18:00:00+02:00"],
        &["busy-day", "-d", "90s"],
        &["busy-day", "-d", "90s", "--from", "2026-01-05"],
        &["busy-day", "-d", "90s", "--to", "now"],
        &["busy-day", "-n", "50", "--from", "-7d", "--to", "-6d"],
        &["busy-day", "--instances", "9"],
        &["notebook-session", "stale-client", "region-survey", "-n", "200"],
        &["pool-lifecycle", "pool-lifecycle", "--instances", "5"],
        &["every-method", "--as-documented", "--format", "batch"],
        &["every-method", "--format", "json", "--from", "now"],
        &["my story.yaml"],
        &["it's.yaml", "-n", "20"],
        &["$HOME.yaml", "*.yaml", "--instances", "4"],
        &["relative.yaml"],
        &["mix.yaml", "-n", "300"],
        &["every-method", "--seed", "18446744073709551615", "--key", "instance", "-o", "-"],
    ];
    for arguments in all {
        if arguments.contains(&"--key") {
            // A key needs a topic.
            assert_eq!(run(folder.path(), ["generate"].iter().chain(*arguments)).code, 2);
            continue;
        }
        repeats(folder.path(), arguments);
    }
}

#[test]
fn the_printed_command_keeps_what_files_say() {
    let folder = tempdir().unwrap();
    let scenario = "seed: 5\nfrom: 2026-01-05T08:00:00Z\nsteps: [create-pool, delete-pool]\n";
    fs::write(folder.path().join("fixture.yaml"), scenario).unwrap();
    let first = repeats(folder.path(), &["fixture.yaml"]);
    let words = "falsetrail generate fixture.yaml --seed 5 --from 2026-01-05T08:00:00Z";
    assert_eq!(first.again(), words);
    // A fixture's whole recipe is its file.
    assert!(first.stdout == run(folder.path(), ["generate", "fixture.yaml", "-q"]).quiet().stdout);
    // The command line has the last word.
    let other = repeats(folder.path(), &["fixture.yaml", "--seed", "6"]);
    assert!(first.stdout != other.stdout);
    assert!(other.again().contains("--seed 6 --from 2026-01-05T08:00:00Z"), "{}", other.again());
}

/// With templates, files and folders of its own, into files.
#[test]
fn the_printed_command_names_what_was_used_and_made() {
    let folder = tempdir().unwrap();
    let templates = folder.path().join("my templates");
    fs::create_dir(&templates).unwrap();
    fs::write(templates.join("CreateComputePool.json"), r#"{"id":"${event.id}","pool":"${pool.id}"}"#).unwrap();
    let first = repeats(folder.path(), &["create-pool", "-n", "3", "--templates", "my templates"]);
    assert!(first.text().starts_with(r#"{"id":""#), "{}", first.text());
    for (output, split) in [("a trail.ndjson.gz", ""), ("events", "event"), ("instances/", "instance")] {
        let options: Vec<&str> = if split.is_empty() { vec![] } else { vec!["--split", split] };
        let arguments = ["generate", "every-method", "--instances", "2", "-o", output];
        let run = run(folder.path(), arguments.iter().chain(&options)).fine();
        let before = contents(&folder.path().join(output));
        let refused = shell(folder.path(), run.again());
        assert_eq!((refused.code, refused.text()), (1, ""), "{}", refused.stderr);
        assert!(refused.stderr.contains("`--force`"), "{}", refused.stderr);
        shell(folder.path(), &format!("{} --force", run.again())).fine();
        assert!(before == contents(&folder.path().join(output)), "{output}");
    }
}

/// Names and bytes of a file, or of all files in a folder.
fn contents(path: &Path) -> Vec<(String, Vec<u8>)> {
    if path.is_file() {
        return vec![(String::new(), fs::read(path).unwrap())];
    }
    let mut files: Vec<_> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn exactly_as_many_events_as_asked_for() {
    let folder = tempdir().unwrap();
    for (scenario, counts) in [
        ("busy-day", ["1", "2", "3", "7", "16", "511", "512", "513", "1k", "1.5k", "2_049"].as_slice()),
        ("every-method", &["1", "16", "17", "18", "1023"]),
        ("create-pool", &["1", "2", "1000"]),
        ("mass-deletion", &["1", "14", "15", "16"]),
    ] {
        for count in counts {
            let made = line(folder.path(), &format!("generate {scenario} -n {count} --seed 1 -q")).quiet();
            let wanted = match count.strip_suffix('k') {
                Some(thousands) => (thousands.parse::<f64>().unwrap() * 1000.0) as usize,
                None => count.replace('_', "").parse().unwrap(),
            };
            assert_eq!(made.text().lines().count(), wanted, "{scenario} -n {count}");
            assert!(made.stdout.ends_with(b"}\n"));
        }
    }
}

/// Fewer events are the beginning of more.
#[test]
fn a_shorter_run_is_the_beginning_of_a_longer_one() {
    let folder = tempdir().unwrap();
    let made = |count: u32| {
        let words = format!("generate busy-day -n {count} --seed 1 --from 2026-01-05 -q");
        line(folder.path(), &words).quiet().stdout
    };
    let all = made(900);
    for count in [1, 511, 512, 600] {
        assert!(all.starts_with(&made(count)), "{count}");
    }
}

#[test]
fn runs_without_a_seed_differ_and_runs_with_one_do_not() {
    let folder = tempdir().unwrap();
    let made = |options: &str| line(folder.path(), &format!("generate every-method -q {options}")).quiet().stdout;
    assert!(made("--from 2026-01-05") != made("--from 2026-01-05"));
    assert!(made("--from 2026-01-05 --seed 1") == made("--from 2026-01-05 --seed 1"));
    assert!(made("--from 2026-01-05 --seed 1") != made("--from 2026-01-05 --seed 2"));
    assert!(made("--from 2026-01-05 --seed 1") != made("--from 2026-01-06 --seed 1"));
}

/// Times of events, as nanoseconds since 1970.
fn times(events: &str) -> Vec<i64> {
    let time = |event: &str| {
        let event: serde_json::Value = serde_json::from_str(event).expect("an event is JSON");
        let text = event["time"].as_str().expect("an event has a time");
        falsetrail::machinery::units::time(text, 0).expect("a time is RFC 3339")
    };
    events.lines().map(time).collect()
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970");
    i64::try_from(since.as_nanos()).expect("it is before 2262")
}

/// A backfill never reaches into the future, and it ends now and not some time ago.
#[test]
fn a_run_that_does_not_say_when_ends_now() {
    let folder = tempdir().unwrap();
    for arguments in
        ["pool-lifecycle", "busy-day -n 500", "every-method --instances 5", "busy-day -d 2m", "create-pool"]
    {
        let before = now();
        let made = line(folder.path(), &format!("generate {arguments} -q")).quiet();
        let after = now();
        let times = times(made.text());
        assert!(times.is_sorted(), "{arguments}");
        let last = *times.last().expect("there are events");
        assert!(last <= after, "{arguments} ends {:?} ahead", Duration::from_nanos((last - after).unsigned_abs()));
        let slack = if arguments.contains("-d ") { 20_000_000_000 } else { 2_000_000_000 };
        assert!(before - last < slack, "{arguments} ends {:?} ago", Duration::from_nanos((before - last) as u64));
    }
    let made = line(folder.path(), "generate busy-day -n 100 --to 2026-01-05T18:00:00Z -q").quiet();
    let (last, end) =
        (*times(made.text()).last().unwrap(), falsetrail::machinery::units::time("2026-01-05T18:00:00Z", 0).unwrap());
    assert!(last < end && end - last < 2_000_000_000);
}

#[test]
fn a_run_stays_between_its_ends() {
    let folder = tempdir().unwrap();
    let made = line(folder.path(), "generate busy-day --from 2026-01-05T08:00:00Z -d 45s --seed 1 -q").quiet();
    let from = falsetrail::machinery::units::time("2026-01-05T08:00:00Z", 0).unwrap();
    let times = times(made.text());
    assert!(times.len() > 40, "{}", times.len());
    assert!(times.iter().all(|time| (from..from + 45_000_000_000).contains(time)));
}

/// What is quiet differs in nothing else, and what is not says how many events there were.
#[test]
fn quiet_runs_say_nothing_and_do_the_same() {
    let folder = tempdir().unwrap();
    let words = "generate busy-day -n 1234 --seed 1 --from 2026-01-05";
    let quiet = line(folder.path(), &format!("{words} --quiet")).quiet();
    let told = line(folder.path(), words).fine();
    assert!(quiet.stdout == told.stdout);
    assert!(told.stderr.starts_with("1,234 events of busy-day, "), "{}", told.stderr);
    let counted: usize = told
        .stderr
        .lines()
        .filter(|line| line.starts_with("  "))
        .map(|line| line.split_whitespace().last().unwrap().replace(',', "").parse::<usize>().unwrap())
        .sum();
    assert_eq!(counted, 1234, "{}", told.stderr);
    // Errors are said all the same.
    let refused = line(folder.path(), "generate busy-dya --quiet");
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("did you mean `busy-day`?"), "{}", refused.stderr);
}

/// An interval of nothing starts all instances at once: with a number of them that is a run, without one it is none.
#[test]
fn an_interval_of_nothing_does_not_run_away() {
    let folder = tempdir().unwrap();
    let made = line(folder.path(), "generate every-method --instances 50 --every 0s -q").quiet();
    assert_eq!(made.text().lines().count(), 50 * 17);
    // Within a memory that a runaway would exceed at once.
    let found = shell(folder.path(), "ulimit -v 1000000; falsetrail generate every-method -n 100 --every 0s -q 2>&1");
    match found.code {
        0 => assert_eq!(found.text().lines().count(), 100),
        code => {
            assert_eq!(code, 2, "{}", found.text());
            assert!(found.text().contains("--instances"), "{}", found.text());
        }
    }
}
