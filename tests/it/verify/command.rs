//! `falsetrail verify` as it is typed.

use crate::command_run::{Run, line, shell, with_input};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::{TempDir, tempdir};

/// A run of 200 events that was written down and emitted.
pub fn emitted() -> (TempDir, String) {
    let folder = tempdir().unwrap();
    let words = "generate busy-day -n 200 --seed 7 --from 2026-01-05T08:00:00Z --write-run run.json -o out.ndjson -q";
    line(folder.path(), words).fine();
    let text = fs::read_to_string(folder.path().join("out.ndjson")).unwrap();
    (folder, text)
}

pub fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

/// Verifies, and gives the verdict as JSON, too.
pub fn verify(folder: &Path, words: &str) -> (Run, Value) {
    let run = line(folder, &format!("verify --run run.json --summary verdict.json --force {words}"));
    let text = fs::read_to_string(folder.join("verdict.json")).unwrap_or_else(|_| panic!("{}", run.stderr));
    (run, serde_json::from_str(&text).unwrap())
}

#[test]
fn everything_arrived_only_if_it_did() {
    let (folder, text) = emitted();
    let folder = folder.path();
    let (run, verdict) = verify(folder, "out.ndjson");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.text().ends_with("all 200 events arrived, each once and with all its values\n"), "{}", run.text());
    assert_eq!((&verdict["complete"], &verdict["failures"]), (&json!(true), &json!([])));
    let lines: Vec<&str> = text.lines().collect();
    write(folder, "less.ndjson", lines[..199].join("\n"));
    let (run, verdict) = verify(folder, "less.ndjson");
    assert_eq!((run.code, &verdict["missing"], &verdict["complete"]), (1, &json!(1), &json!(false)));
    assert!(
        run.stderr.starts_with("error: busy-day did not arrive as it was sent: 1 event is missing\n"),
        "{}",
        run.stderr
    );
    // An empty file is a verdict.
    write(folder, "empty", "");
    let (run, verdict) = verify(folder, "empty");
    assert_eq!((run.code, &verdict["missing"], &verdict["records"]), (1, &json!(200), &json!(0)));
    // What is missing in one input is in the other.
    write(folder, "rest.ndjson", lines[199]);
    assert_eq!(verify(folder, "less.ndjson rest.ndjson").0.code, 0);
    assert_eq!(verify(folder, "less.ndjson out.ndjson").0.code, 1, "199 events came twice");
}

#[test]
fn folders_compressed_files_and_standard_input_are_read() {
    let (folder, text) = emitted();
    let folder = folder.path();
    let lines: Vec<&str> = text.lines().collect();
    write(folder, "logs/audit.log", lines[150..].join("\n"));
    write(folder, "logs/audit.log.1", lines[100..150].join("\n"));
    write(folder, "plain", lines[..100].join("\n"));
    shell(folder, "gzip -c plain > logs/audit.log.2.gz").fine();
    let (run, verdict) = verify(folder, "logs/");
    assert_eq!(run.code, 0, "{}", run.text());
    assert_eq!(verdict["out_of_order"]["key"]["events"], 0);
    // Whatever its name is.
    fs::rename(folder.join("logs/audit.log.2.gz"), folder.join("logs/audit.log.2")).unwrap();
    assert_eq!(verify(folder, "logs").0.code, 0);
    let run = with_input(folder, "verify --run run.json -", text.as_bytes());
    assert_eq!(run.code, 0, "{}", run.text());
    if cfg!(feature = "zstd") {
        line(folder, "generate --run run.json -o out.ndjson.zst -q").fine();
        assert_eq!(verify(folder, "out.ndjson.zst").0.code, 0);
    }
}

#[test]
fn the_missing_can_be_sent_again() {
    let (folder, text) = emitted();
    let folder = folder.path();
    let kept: Vec<&str> = text.lines().enumerate().filter(|(n, _)| n % 9 != 4).map(|(_, line)| line).collect();
    write(folder, "less.ndjson", kept.join("\n"));
    let (run, verdict) = verify(folder, "less.ndjson --missing lost.ndjson");
    assert_eq!((run.code, &verdict["missing"]), (1, &json!(22)));
    assert!(run.stderr.contains("falsetrail generate --run run.json --only lost.ndjson"), "{}", run.stderr);
    assert_eq!(fs::read_to_string(folder.join("lost.ndjson")).unwrap().lines().count(), 22);
    // They alone are expected of what is sent again.
    let lost: Vec<&str> = text.lines().enumerate().filter(|(n, _)| n % 9 == 4).map(|(_, line)| line).collect();
    write(folder, "again.ndjson", lost.join("\n"));
    let (run, verdict) = verify(folder, "again.ndjson --only lost.ndjson");
    assert_eq!((run.code, &verdict["expected"]), (0, &json!(22)), "{}", run.text());
    // Events that may be missing are no loss, and no surprise.
    let (run, verdict) = verify(folder, "less.ndjson --except lost.ndjson");
    assert_eq!((run.code, &verdict["expected"], &verdict["excepted"]), (0, &json!(178), &json!(0)));
    let (run, verdict) = verify(folder, "out.ndjson --except lost.ndjson");
    assert_eq!((run.code, &verdict["arrived"], &verdict["excepted"]), (0, &json!(178), &json!(22)));
}

#[test]
fn a_part_of_a_run_is_expected_if_a_part_was_emitted() {
    let (folder, text) = emitted();
    let folder = folder.path();
    let lines: Vec<&str> = text.lines().collect();
    write(folder, "first.ndjson", lines[..50].join("\n"));
    write(folder, "last.ndjson", lines[50..].join("\n"));
    assert_eq!(verify(folder, "first.ndjson -n 50").0.code, 0);
    assert_eq!(verify(folder, "last.ndjson --skip 50").0.code, 0);
    let (run, verdict) = verify(folder, "out.ndjson -n 50");
    assert_eq!((run.code, &verdict["foreign_of_this_run"]), (0, &json!(150)));
    assert_eq!(verify(folder, "out.ndjson -n 50 --require none-foreign").0.code, 1);
    let time = |line: &str| serde_json::from_str::<Value>(line).unwrap()["time"].as_str().unwrap().to_owned();
    let (run, verdict) = verify(folder, &format!("first.ndjson --until {}", time(lines[50])));
    assert_eq!((run.code, &verdict["expected"]), (0, &json!(50)));
    let shards = [0, 1, 2].map(|shard| {
        let words = format!("generate --run run.json --shard {shard}/3 -o shard-{shard}.ndjson -q");
        line(folder, &words).fine();
        let (run, verdict) = verify(folder, &format!("shard-{shard}.ndjson --shard {shard}/3"));
        assert_eq!(run.code, 0, "{}", run.text());
        verdict["expected"].as_u64().unwrap()
    });
    assert_eq!(shards.iter().sum::<u64>(), 200);
}

#[test]
fn what_is_allowed_does_not_fail_and_is_said() {
    let (folder, text) = emitted();
    let folder = folder.path();
    let lines: Vec<&str> = text.lines().collect();
    let less = [&lines[1..], &lines[5..8]].concat().join("\n");
    write(folder, "less.ndjson", less);
    for (allow, code) in [
        ("", 1),
        ("--allow missing", 1),
        ("--allow missing --allow duplicated=2", 1),
        ("--allow missing --allow duplicated=3", 0),
        ("--allow missing=0.5% --allow duplicated=10%", 0),
        ("--allow missing=0.4% --allow duplicated=10%", 1),
        ("--allow missing --allow duplicated --require order=key", 0),
        ("--allow missing --allow duplicated --require unchanged --require none-foreign", 0),
        ("--allow missing --allow duplicated --require late.p99<1h", 1),
    ] {
        let (run, verdict) = verify(folder, &format!("less.ndjson {allow}"));
        assert_eq!((run.code, &verdict["missing"], &verdict["duplicated"]), (code, &json!(1), &json!(3)), "{allow}");
    }
    let shouted = text.replace("SUCCESS", "success");
    write(folder, "changed.ndjson", shouted);
    assert_eq!(verify(folder, "changed.ndjson").0.code, 1);
    let allow = "--allow changed=data.result.status --allow changed=data.authenticationInfo \
                 --allow changed=data.authentication_info";
    let (run, verdict) = verify(folder, &format!("changed.ndjson {allow}"));
    assert_eq!(run.code, 0, "{}", run.text());
    assert_eq!(verdict["changed"], verdict["changed_as_allowed"]);
}

#[test]
fn times_of_receipt_say_how_late_events_were() {
    let (folder, text) = emitted();
    let folder = folder.path();
    let received = |line: &str| {
        let mut event: Value = serde_json::from_str(line).unwrap();
        let time = falsetrail::machinery::units::time(event["time"].as_str().unwrap(), 0).unwrap();
        event["received"] = falsetrail::machinery::units::format_time(time + 2_500_000_000).into();
        event.to_string()
    };
    write(folder, "late.ndjson", text.lines().map(received).collect::<Vec<_>>().join("\n"));
    let (_, verdict) = verify(folder, "late.ndjson --received-at received");
    assert_eq!((&verdict["late"]["events"], &verdict["late"]["early"]), (&json!(200), &json!(0)));
    assert!((verdict["late"]["p50"].as_f64().unwrap() - 2.5).abs() < 0.01, "{verdict}");
    let code =
        |require: &str| verify(folder, &format!("late.ndjson --received-at received --require {require}")).0.code;
    assert_eq!((code("late.p99<5s"), code("late.p99<2s")), (0, 1));
    assert_eq!(verify(folder, "late.ndjson --require late.p99<5s").0.code, 1, "nothing is known about it");
}

#[test]
fn wrong_usage_and_inputs_are_refused() {
    let (folder, _) = emitted();
    let folder = folder.path();
    fs::create_dir(folder.join("nothing")).unwrap();
    write(folder, "zeros", vec![0; 10_000]);
    write(folder, "table.parquet", b"PAR1\x15\x04\x15");
    shell(folder, "gzip -c out.ndjson | head -c 2000 > damaged.gz").fine();
    write(folder, "old.json", "{\"falsetrail_run\": 99}");
    for (words, said) in [
        ("out.ndjson", "--run"),
        ("--run run.json", "INPUT"),
        ("--run run.json missing.ndjson", "cannot read `missing.ndjson`"),
        ("--run run.json nothing", "there are no files in `nothing`"),
        ("--run run.json zeros", "`zeros` is no text"),
        ("--run run.json table.parquet", "is a Parquet file"),
        ("--run run.json damaged.gz", "the file is damaged"),
        ("--run missing.json out.ndjson", "missing.json"),
        ("--run old.json out.ndjson", "format 99"),
        ("--run out.ndjson out.ndjson", "run file"),
        ("--run run.json out.ndjson --summary no/such/folder.json", "no/such"),
        ("--run run.json out.ndjson --summary run.json", "exists"),
        ("--run run.json out.ndjson --missing - ", "standard output"),
        ("--run run.json out.ndjson --spool no/such", "no folder"),
        ("--run run.json out.ndjson --allow lost", "`missing=0.01%`"),
        ("--run run.json out.ndjson --require order", "`order=key`"),
        ("--run run.json out.ndjson --until yesterday", "`--until`"),
        ("--run run.json out.ndjson --shard 3/3", "`2/3`"),
        ("--run run.json - -", "once"),
    ] {
        let run = line(folder, &format!("verify {words}"));
        assert_eq!(run.code, 2, "{words}: {}{}", run.stderr, run.text());
        assert!(run.stderr.contains(said), "{words}: {}", run.stderr);
    }
    // One of them is fine, and nothing hangs.
    assert_eq!(line(folder, "verify --run run.json out.ndjson -q").quiet().text(), "");
}

/// A summary says how much of the run was emitted.
#[test]
fn a_summary_says_what_is_expected() {
    let (folder, _) = emitted();
    let folder = folder.path();
    let words = "generate busy-day -n 300 --skip 100 --seed 7 --from 2026-01-05T08:00:00Z -o part.ndjson \
                 --summary sent.json -q";
    line(folder, words).fine();
    let verify = |edit: &dyn Fn(&mut Value), input: &str| {
        let mut summary: Value = serde_json::from_str(&fs::read_to_string(folder.join("sent.json")).unwrap()).unwrap();
        edit(&mut summary);
        write(folder, "edited.json", summary.to_string());
        let run = line(folder, &format!("verify --run edited.json {input} --summary verdict.json --force"));
        let text = fs::read_to_string(folder.join("verdict.json")).unwrap_or_else(|_| panic!("{}", run.stderr));
        (run, serde_json::from_str::<Value>(&text).unwrap())
    };
    let (run, verdict) = verify(&|_| {}, "part.ndjson");
    assert_eq!((run.code, &verdict["expected"]), (0, &json!(200)), "{}{}", run.text(), run.stderr);
    // It was stopped after the event with number 249; the others are none of it.
    let (_, verdict) = verify(&|summary| summary["emitted"]["until"] = json!(250), "part.ndjson");
    assert_eq!((&verdict["expected"], &verdict["foreign_of_this_run"]), (&json!(150), &json!(50)));
    // It was killed: all that is known is that these were emitted.
    let killed = |summary: &mut Value| {
        summary["status"] = json!("running");
        summary["emitted"]["until"] = json!(250);
    };
    let (run, verdict) = verify(&killed, "part.ndjson");
    assert_eq!((run.code, &verdict["end_known"], &verdict["expected"]), (1, &json!(false), &json!(200)));
    let (run, verdict) = verify(&killed, "/dev/null");
    assert_eq!((run.code, &verdict["expected"], &verdict["missing"]), (1, &json!(150), &json!(150)));
    // What brokers refused is not expected, and what they never acknowledged may arrive.
    let refused = |summary: &mut Value| {
        summary["status"] = json!("failed");
        summary["emitted"]["until"] = json!(300);
        summary["emitted"]["failed"] = json!([[110, 119]]);
        summary["emitted"]["unknown"] = json!([[200, 204]]);
    };
    let (_, verdict) = verify(&refused, "part.ndjson");
    let found = ["expected", "arrived", "excepted", "foreign_of_this_run"].map(|key| verdict[key].clone());
    assert_eq!(found, [185, 185, 5, 10].map(|number| json!(number)));
}

/// A writer that is silent does not keep Ctrl-C waiting, and the verdict is about what was read.
#[cfg(unix)]
#[test]
fn a_signal_ends_reading_with_the_verdict_so_far() {
    use std::{io::Write as _, process::Stdio};
    let (folder, text) = emitted();
    let mut command = crate::command_run::command(folder.path());
    command.args(["verify", "--run", "run.json", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // Far more than a pipe holds: when it is written, nearly all of it was read, and the handlers are installed.
    let lines: Vec<&str> = text.lines().take(150).collect();
    input.write_all(lines.join("\n").as_bytes()).unwrap();
    input.flush().unwrap();
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let ended = crate::command_run::finished(&child.wait_with_output().unwrap());
    drop(input);
    assert_eq!(ended.code, 130, "{}", ended.stderr);
    assert!(ended.text().contains("200 events of busy-day"), "{}", ended.text());
    assert!(ended.stderr.contains("reading was stopped before the end"), "{}", ended.stderr);
}
