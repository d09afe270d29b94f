//! What is typed wrong about rates, stages, shards, live runs, injected stories and the truth.

use super::command_run::line;
use std::fs;
use tempfile::tempdir;

/// Arguments behind `generate`, and parts of what is said about them: what is wrong, and what to write instead. The
/// exit status is 2, and nothing is left behind.
const REFUSED: &[(&str, &[&str])] = &[
    // rates
    ("create-pool --rate 0/s -d 1m", &["a rate of 0 is no events", "`1/s`"]),
    ("create-pool --rate 0 -d 1m", &["the rate `0` has no unit", "`500/s`"]),
    ("create-pool --rate -5/s -d 1m", &["the rate `-5/s` is negative", "`500/s`"]),
    ("create-pool --rate=-5 -d 1m", &["the rate `-5` is negative", "`500/s`"]),
    ("create-pool --rate 500 -d 1m", &["the rate `500` has no unit", "`500/s`"]),
    ("create-pool --rate /s -d 1m", &["`/s` is not a rate", "`500/s`"]),
    ("create-pool --rate 1/s -d 0s", &["would end when it begins", "`-d 1h`"]),
    ("create-pool --rate 1/s -d -5m", &["the duration `-5m` is negative", "`2s`"]),
    ("create-pool --rate 1/s", &["a run with a rate needs an end", "`-n 1M`, `-d 1h` or `--to`", "`--live`"]),
    // stages
    ("create-pool --stage 500/s", &["`10m:500/s`"]),
    ("create-pool --stage :500/s", &["the duration is empty", "`2s`"]),
    ("create-pool --stage 10m:", &["the rate is empty", "`500/s`"]),
    ("create-pool --stage 10m:500", &["the rate `500` has no unit"]),
    ("create-pool --stage -10m:500/s", &["the duration `-10m` is negative"]),
    ("create-pool --stage 10m:-5/s", &["the rate `-5/s` is negative"]),
    ("create-pool --stage 10m:0/s", &["these stages have no events", "`--stage 10m:500/s`"]),
    ("create-pool --stage 0s:500/s", &["these stages have no events", "a stage of 0s only jumps"]),
    // from and to
    ("create-pool --from 2026-02-01 --to 2026-01-01", &["(2026-01-01T00:00:00Z) before it begins", "a `--to` that is"]),
    ("busy-day --rate 5/s --from 2026-02-01 --to 2026-02-01", &["would end when it begins", "a `--to` that is"]),
    ("create-pool --live --to -1h", &["before it begins", "a `--to` that is"]),
    // shards
    ("create-pool --shard 0/0 --seed 1 --from now", &["at least one shard", "`0/1`"]),
    ("create-pool --shard 8/8 --seed 1 --from now", &["shards count from 0", "`7/8`"]),
    ("create-pool --shard 3 --seed 1 --from now", &["`0/8`"]),
    ("create-pool --shard 0/2", &["`--shard` needs `--seed` and `--from`", "`--seed 1 --from 2026-01-05T08:00:00Z`"]),
    ("create-pool --shard 0/2 --seed 1", &["`--shard` needs `--seed` and `--from`"]),
    ("create-pool --shard 0/2 --from now", &["`--shard` needs `--seed` and `--from`"]),
    // live
    ("create-pool --live --from -7d", &["a live run begins now or later", "leave out `--live`", "`--skip N`"]),
    ("create-pool --speed 0", &["a speed is more than 0", "`60`", "`0.5`"]),
    ("create-pool --speed -1", &["a speed is more than 0"]),
    ("create-pool --speed fast", &["write a number such as `60`"]),
    ("create-pool --live --max-lag 30", &["the duration `30` lacks a unit", "`30s`"]),
    ("create-pool --live --max-lag -3s", &["the duration `-3s` is negative"]),
    ("create-pool --max-lag 30s", &["`--max-lag` needs `--live`", "add `--live`"]),
    ("create-pool --skip 5 --re-pace", &["`--re-pace` needs `--live`"]),
    ("create-pool --live --re-pace", &["--skip <N>"]),
    ("create-pool --seed 7 -n 5 --rate 5/s --live --skip 5 --re-pace", &["the run has no more than 5 events"]),
    // injected stories
    ("create-pool -n 5 --inject mass-deletion", &["takes a scenario and a time", "`--inject mass-deletion@+2h`"]),
    ("create-pool -n 5 --inject mass-deletion@", &["--inject:1:15", "is missing", "`+20m`"]),
    ("create-pool -n 5 --inject mass-deletion@20m", &["`20m` is not the time of an injected scenario", "`+20m`"]),
    ("create-pool -n 5 --inject mass-deletion@-20m", &["`-20m` is not the time", "`+20m`"]),
    ("create-pool -n 5 --inject mass-deletion@+20", &["the duration `20` lacks a unit"]),
    ("create-pool -n 5 --inject mass-deletoin@+0s", &["did you mean `mass-deletion`?"]),
    ("create-pool -n 5 --inject busy-day@+0s", &["`busy-day` is a mix", "name one of its scenarios"]),
    ("create-pool -n 5 --inject mass-deletion@+20m", &["would begin when the run is over", "earlier"]),
    ("create-pool -d 1m --inject mass-deletion@+50s", &["would be cut short", "let the run be longer"]),
    ("create-pool -n 5 --inject mass-deletion@+0s,delets=4", &["--inject:1:19", "did you mean `deletes`?"]),
    ("create-pool -n 5 --inject mass-deletion@+0s,deletes", &["neither a label nor a parameter", "`label=positive`"]),
    ("create-pool -n 5 --inject mass-deletion@+0s,label=a/b", &["neither a label nor a parameter"]),
    ("create-pool -n 5 --inject mass-deletion@2026-01-05T08:00:00Z", &["has a time, but", "give `--from`"]),
    (
        "create-pool -n 5 --from 2026-01-05 --inject mass-deletion@2020-01-05T08:00:00Z",
        &["would begin before the run does (2026-01-05T00:00:00Z)", "`+20m`"],
    ),
    // the truth, and threads
    ("create-pool --truth-all", &["--truth <FILE>"]),
    ("create-pool --truth -", &["never stands among the events", "name another file"]),
    ("create-pool --truth t.json -o t.json --force", &["never stands among the events", "name another file"]),
    ("create-pool --threads 0", &["at least one thread", "`1`"]),
    ("create-pool --threads -1", &["at least one thread"]),
    // in files
    ("nobody.yaml", &["nobody.yaml:1:22", "a population of 0 users is too small", "`users: 1` or more"]),
    ("rateless.yaml -n 5", &["rateless.yaml:1:7", "a rate of 0 is no events"]),
    ("endless.yaml", &["a run with a rate needs an end"]),
];

#[test]
fn wrong_times_and_rates_are_explained() {
    let folder = tempdir().unwrap();
    let files = [
        ("nobody.yaml", "population: { users: 0 }\nmix: [pool-lifecycle]\n"),
        ("rateless.yaml", "rate: 0/s\nmix: [pool-lifecycle]\n"),
        ("endless.yaml", "rate: 1/s\nmix: [pool-lifecycle]\n"),
    ];
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let mut wrong = Vec::new();
    for (arguments, expected) in REFUSED {
        let found = line(folder.path(), &format!("generate {arguments}"));
        let missing: Vec<_> = expected.iter().filter(|part| !found.stderr.contains(**part)).collect();
        let good = found.code == 2 && found.stdout.is_empty() && found.stderr.starts_with("error: ");
        if !good || !missing.is_empty() {
            wrong.push(format!("`{arguments}` exits with {} and says no {missing:?}:\n{}", found.code, found.stderr));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), files.len(), "`{arguments}` leaves a file");
    }
    assert!(wrong.is_empty(), "{} of {}:\n\n{}", wrong.len(), REFUSED.len(), wrong.join("\n"));
}

/// What looks wrong and is right.
#[test]
fn unusual_rates_and_stages_work() {
    let folder = tempdir().unwrap();
    fs::write(
        folder.path().join("down.yaml"),
        "start: 10/s\nstages: [{ duration: 10s, target: 0/s }]\nmix: [pool-lifecycle]\n",
    )
    .unwrap();
    for (arguments, events) in [
        ("down.yaml", 50),
        ("create-pool --stage 0s:5/s --stage 4s:5/s", 20),
        ("create-pool --rate 0.5/s -d 10s", 5),
        ("create-pool --rate 1_000/h -d 36s", 10),
        ("create-pool --rate 5/s -n 7 -d 1h", 7),
        ("create-pool --rate 5/s -n 1000 -d 2s", 10),
        ("create-pool --rate 5/s --shard 0/1 --seed 1 --from 2026-01-05 -d 2s", 10),
    ] {
        let found = line(folder.path(), &format!("generate {arguments} -q")).quiet();
        assert_eq!(found.text().lines().count(), events, "{arguments}");
    }
}
