//! What is typed wrong, what cannot be written, and what every kind of output holds.

use super::command_run::{Run, command, line, run, shell, with_input};
use std::{fs, io::Read, path::Path, process::Stdio};
use tempfile::{TempDir, tempdir};

/// Arguments, and parts of what is said about them; the exit status is 2.
const REFUSED: &[(&str, &[&str])] = &[
    // scenarios
    ("generate pool-lifecylce", &["no scenario is called `pool-lifecylce`", "did you mean `pool-lifecycle`?"]),
    ("generate craete-pool", &["did you mean `create-pool`?"]),
    ("generate create_pool", &["did you mean `create-pool`?"]),
    ("generate zebra", &["no scenario is called `zebra`", "`falsetrail list`"]),
    ("generate missing.yaml", &["there is no file `missing.yaml`"]),
    ("generate missing/story.yaml", &["there is no file `missing/story.yaml`"]),
    ("generate create-pool,craete-pool", &["<command line>:1:13", "did you mean `create-pool`?"]),
    ("generate create-pool,", &["there is no step here"]),
    ("generate create-pool,get-pool:not-found", &["`not-found` cannot happen here", "<command line>:1:22"]),
    ("generate get-pool:on-fire", &["`get-pool` does not fail with `on-fire`", "`not-found`"]),
    ("generate create-pool,create-pool", &["`create-pool` cannot succeed here", "<command line>:1:13"]),
    ("generate", &["<SCENARIO>"]),
    // the shell ate the arrow
    ("generate create-pool -", &["the shell took ", "for a redirection", "'create-pool -> delete-pool'"]),
    ("generate create-pool - -n 5", &["the shell took ", "for a redirection"]),
    ("generate create-pool-", &["the shell took `>` for a redirection"]),
    ("generate - -", &["`-`"]),
    // settings
    ("generate mass-deletion --set delets=4", &["--set:1:1", "called `delets`", "did you mean `deletes`?"]),
    ("generate mass-deletion --set victim.max_cfu=5", &["called `victim`", "did you mean `victims`?"]),
    ("generate mass-deletion --set victims.max_cuf=5", &["--set:1:9", "did you mean `max_cfu`?"]),
    ("generate mass-deletion --set victims.max_cfu=7", &["--set:1:17", "one of `5`, `10`"]),
    ("generate mass-deletion --set deletes=many", &["--set:1:9", "cannot be the text `many`", "such as `12`"]),
    ("generate mass-deletion --set deletes", &["`--set` takes `name=value`"]),
    ("generate mass-deletion --set a=1 --set b=2", &["called `a`", "called `b`"]),
    ("generate pool-lifecycle --set organisation.id=x", &["did you mean `organization`?"]),
    ("generate pool-lifecycle --set organization.id=x", &["`id` cannot be `x`"]),
    ("generate pool-lifecycle --set pool.region=aws.us-west-9", &["did you mean `aws.us-west-2`?"]),
    ("generate pool-lifecycle --set pool.phase=PROVISIONED", &["follows from the scenario"]),
    // numbers
    ("generate create-pool -n 0", &["'-n, --events|--events", "write `1` or more"]),
    ("generate create-pool -n 10x", &["`10x` has an unknown unit `x`", "`10k`"]),
    ("generate create-pool -n 10m", &["write `10M`"]),
    ("generate create-pool -n 1,000", &["write `1_000`"]),
    ("generate create-pool -n many", &["`many` is not a count", "`1000`"]),
    ("generate create-pool -n -5", &["the count `-5` is negative"]),
    ("generate create-pool --instances 0", &["write `1` or more"]),
    ("generate create-pool -n 5 --instances 2", &["`--events` and `--instances` exclude each other"]),
    ("generate create-pool --seed tree", &["'tree' for '--seed <S>'"]),
    // times
    ("generate create-pool --from 2026-02-01 --to 2026-01-01", &["would end (2026-01-01T00:00:00Z) before", "`--to`"]),
    ("generate create-pool --from now --to -1h", &["before it begins"]),
    ("generate create-pool --from 2026-01-01 --to 2026-01-02 -d 5s", &["one thing too much"]),
    ("generate create-pool --from yesterday", &["`--from`: `yesterday` is not a time", "`-7d`"]),
    ("generate create-pool --to 2026-01-01T10:00:00", &["`--to`", "time zone", "2026-01-01T10:00:00Z"]),
    ("generate create-pool -d 5", &["the duration `5` lacks a unit", "`5s`"]),
    ("generate create-pool -d 5s --every 0s", &["--instances"]),
    ("generate pool-lifecycle --from now -d 1s --instances 3", &["do not end before", "fewer `--instances`"]),
    ("generate create-pool --shard 0/0 --seed 1 --from now", &["a run has at least one shard"]),
    ("generate create-pool --shard 8/8 --seed 1 --from now", &["shards count from 0", "`7/8`"]),
    ("generate create-pool --shard 3 --seed 1 --from now", &["`0/8`"]),
    ("generate create-pool --shard 0/2", &["--seed"]),
    ("generate create-pool --rate 50eps -d 1m", &["`50eps` is not a rate", "write `50/s`"]),
    ("generate create-pool --rate 5krps -d 1m", &["`5krps` is not a rate", "write `5k/s`"]),
    ("generate create-pool --rate 90/min -d 1m", &["`min` is not a unit of rates", "write `90/m`"]),
    ("generate create-pool --rate 500 -d 1m", &["the rate `500` has no unit", "`500/s`"]),
    ("generate create-pool -o https://me:hunter2@siem.example.com/in?token=hunter3", &["`https://…` is a URL", "curl"]),
    ("generate create-pool -o kafka://broker:9093/audit", &["`-b broker:9093 -t TOPIC`"]),
    ("generate create-pool -o s3://bucket/trail.ndjson", &["aws s3 cp - s3://bucket/"]),
    ("plan create-pool -o tcp://siem.example.com:514", &["nc siem.example.com 514"]),
    ("generate create-pool --truth http://siem.example.com/", &["`--truth` takes a file"]),
    ("generate create-pool --check -o fixtures/", &["`--run` is missing", "--run run.json --check -o fixtures/"]),
    ("generate create-pool --rate 5/fortnight -d 1m", &["`fortnight` is not a unit of rates"]),
    ("generate create-pool --rate 0/s -d 1m", &["a rate of 0 is no events"]),
    ("generate create-pool --rate 20M/s -d 1m", &["too high"]),
    ("generate create-pool --rate 5/s", &["a run with a rate needs an end", "`-d 1h`"]),
    ("generate create-pool --rate 5/s --instances 3", &["--rate", "--instances"]),
    ("generate create-pool --rate 5/s --stage 1m:5/s -n 5", &["--rate", "--stage"]),
    ("generate create-pool --stage 5/s", &["`10m:500/s`"]),
    ("generate create-pool --stage 10m:0/s", &["these stages have no events"]),
    ("generate create-pool --from 2262-04-11T23:47:16Z", &["`--from`", "from 1700 to 2199"]),
    ("generate create-pool --from 1677-09-22", &["`--from`", "from 1700 to 2199"]),
    // options
    ("generate create-pool --evnts 5", &["'--evnts'", "'--events'"]),
    ("generate create-pool --formt json", &["'--format'"]),
    ("generate create-pool --format jsn", &["'jsn'", "ndjson, json, batch"]),
    ("generate create-pool --split story -o x/", &["event, instance"]),
    ("generate create-pool --split event", &["--output"]),
    ("generate create-pool --split event -o -", &["cannot write them to stdout", "`-o DIR/`"]),
    ("generate create-pool --split event -o x/ --format batch", &["cannot be split"]),
    ("generate create-pool -o .", &["`.` is a directory", "--split"]),
    ("generate create-pool -t audit", &["--bootstrap-servers"]),
    ("generate create-pool -b localhost:9092", &["--topic"]),
    ("generate create-pool -t audit --kafka-config x --create-topic 0", &["as `4`", "as `4:3`"]),
    ("generate create-pool -b x -t audit --header synthetic", &["`origin=synthetic`"]),
    ("generate create-pool --mode binary", &["--topic"]),
    ("generate create-pool -o trail.zip", &["cannot write `.zip` files", "end in `.zst` or `.gz`"]),
    ("generate create-pool -o trail.ndjson.XZ --append", &["cannot write `.xz` files"]),
    ("generate create-pool -b x -t audit -o y", &["--output"]),
    ("generate create-pool -b x -t confluent-audit-log-events", &["real audit events", "--allow-audit-topic"]),
    ("generate create-pool --templates missing", &["`missing` is not a folder", "`catalog.yaml`"]),
    ("genrate create-pool", &["'genrate'", "'generate'"]),
    ("lsit", &["'list'"]),
    ("help kakfa", &["there is no help about `kakfa`", "did you mean `kafka`?"]),
    ("", &["Usage: falsetrail [OPTIONS] <COMMAND>"]),
];

#[test]
fn wrong_usage_is_explained() {
    let folder = tempdir().unwrap();
    let mut wrong = Vec::new();
    for (arguments, expected) in REFUSED {
        let found = line(folder.path(), arguments);
        let missing: Vec<_> =
            expected.iter().filter(|part| !part.split('|').any(|either| found.stderr.contains(either))).collect();
        if found.code != 2 || !found.stdout.is_empty() || !missing.is_empty() {
            let Run { code, stderr, .. } = &found;
            wrong.push(format!("`falsetrail {arguments}` exits with {code} and says no {missing:?}:\n{stderr}"));
        }
        assert!(names(folder.path()).is_empty(), "`{arguments}` leaves {:?}", names(folder.path()));
    }
    assert!(wrong.is_empty(), "{} of {}:\n\n{}", wrong.len(), REFUSED.len(), wrong.join("\n"));
}

#[test]
fn help_is_about_commands_and_topics() {
    let folder = tempdir().unwrap();
    for (arguments, expected) in [
        ("help", ["Usage: falsetrail [OPTIONS] <COMMAND>", "\n  kafka      how to connect"]),
        ("help list", ["Usage: falsetrail list", "--templates"]),
        ("help generate", ["Usage: falsetrail generate", "\nExamples:\n"]),
        ("help kafka", ["sasl.password=${API_SECRET}", "\nDefaults\n  "]),
        (
            "help --help",
            ["Usage: falsetrail help", "(scenarios, templates, time, kafka, summary, verdict, scoring, metrics)"],
        ),
    ] {
        let found = line(folder.path(), arguments).quiet();
        for part in expected {
            assert!(found.text().contains(part), "`{arguments}` says no `{part}`:\n{}", found.text());
        }
    }
    let kafka = line(folder.path(), "help kafka").quiet();
    assert_eq!(kafka.text().contains("enable.idempotence=true "), cfg!(feature = "kafka"), "{}", kafka.text());
    assert!(kafka.text().lines().all(|line| line.chars().count() <= 120), "{}", kafka.text());
}

/// In quotes there is no shell to blame.
#[test]
fn a_story_in_quotes_is_explained_in_its_line() {
    let folder = tempdir().unwrap();
    for (scenario, expected) in [
        ("create-pool -", "the shell took `>` for a redirection"),
        ("create-pool > delete-pool", "write `->` between steps"),
        ("create-pool delete-pool", "write `->` or `,` between steps: `create-pool -> delete-pool`"),
        ("create-pool -> -> delete-pool", "<command line>:1:16"),
        ("-> create-pool", "there is no step here"),
        ("create-pool:", "does not name a failure"),
        ("create-pool-failure:forbidden", "write `create-pool:forbidden`"),
    ] {
        let found = run(folder.path(), ["generate", "--", scenario]);
        assert_eq!((found.code, found.text()), (2, ""), "{scenario}: {}", found.stderr);
        assert!(found.stderr.contains(expected), "{scenario}: {}", found.stderr);
    }
}

/// `falsetrail generate create-pool -> delete-pool` makes a file and must not wait for a person to type a scenario.
#[test]
fn an_arrow_without_quotes_is_explained_and_waits_for_nobody() {
    let folder = tempdir().unwrap();
    let mut command = command(folder.path());
    command.args(["generate", "create-pool", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A terminal where nobody types: the pipe stays open and empty.
    let stdin = child.stdin.take().unwrap();
    let begun = std::time::Instant::now();
    while child.try_wait().unwrap().is_none() && begun.elapsed().as_secs() < 5 {
        std::thread::yield_now();
    }
    let waited = child.try_wait().unwrap().is_none();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!waited, "it reads standard input, and then says: {stderr}");
    assert!(stderr.contains("the shell took "), "{stderr}");
}

#[test]
fn a_template_alone_replaces_one_and_a_folder_without_any_is_a_mistake() {
    let folder = tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("one/CreateComputePool.json", r#"{ "mine": "${pool.id}" }"#);
    let made = line(folder.path(), "generate create-pool,delete-pool --templates one -q").quiet();
    let lines: Vec<&str> = made.text().lines().collect();
    assert!(lines[0].starts_with(r#"{"mine":"lfcp-"#), "{}", lines[0]);
    assert!(lines[1].contains("DeleteComputePool"), "{}", lines[1]);
    // Taken for the folder of catalogs, or for another folder: nothing of it would be used.
    fs::create_dir(folder.path().join("empty")).unwrap();
    for wrong in ["empty", "."] {
        let found = line(folder.path(), &format!("generate create-pool --templates {wrong}"));
        assert_eq!((found.code, found.text()), (2, ""), "{wrong}: {}", found.stderr);
        assert!(found.stderr.contains("catalog.yaml"), "{}", found.stderr);
    }
}

#[test]
fn what_cannot_be_written_is_refused_before_any_event() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("file"), "mine").unwrap();
    for (output, expected) in [
        ("missing/trail.ndjson", "`mkdir -p missing`"),
        ("file/trail.ndjson", "not a directory"),
        ("/proc/nothing", "cannot create"),
        ("file", "`file` already exists"),
    ] {
        let found = line(folder.path(), &format!("generate create-pool -o {output} -q"));
        assert_eq!((found.code, found.text()), (1, ""), "{output}: {}", found.stderr);
        assert!(found.stderr.starts_with("error: ") && found.stderr.contains(expected), "{output}: {}", found.stderr);
        assert_eq!(names(folder.path()), ["file"]);
        assert_eq!(fs::read_to_string(folder.path().join("file")).unwrap(), "mine");
    }
}

#[test]
fn an_existing_file_is_replaced_only_with_force() {
    let folder = tempdir().unwrap();
    let write = |options: &str| {
        line(folder.path(), &format!("generate create-pool --from 2026-01-05 -o trail.ndjson -q {options}"))
    };
    write("--seed 1").quiet();
    let first = fs::read(folder.path().join("trail.ndjson")).unwrap();
    let refused = write("--seed 2");
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("`--force` replaces it"), "{}", refused.stderr);
    assert!(fs::read(folder.path().join("trail.ndjson")).unwrap() == first);
    write("--seed 2 --force").quiet();
    assert!(fs::read(folder.path().join("trail.ndjson")).unwrap() != first);
    write("--seed 1 --force").quiet();
    assert!(fs::read(folder.path().join("trail.ndjson")).unwrap() == first);
    assert_eq!(names(folder.path()), ["trail.ndjson"]);
    // What is wrong with the scenario is said before the file is looked at.
    let found = line(folder.path(), "generate craete-pool -o trail.ndjson --force");
    assert_eq!(found.code, 2);
    assert!(fs::read(folder.path().join("trail.ndjson")).unwrap() == first);
}

#[test]
fn a_full_device_is_a_failure() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let folder = tempdir().unwrap();
    for command in [
        "falsetrail generate busy-day -n 2000 -q -o /dev/full",
        "falsetrail generate busy-day -n 2000 -q > /dev/full",
        "falsetrail generate busy-day -n 2000 -q --format batch > /dev/full",
        "falsetrail list > /dev/full",
        "falsetrail show every-method > /dev/full",
        "falsetrail validate tests/../story.yaml > /dev/full",
    ] {
        fs::create_dir_all(folder.path().join("tests")).unwrap();
        fs::write(folder.path().join("story.yaml"), "steps: [create-pool]\n").unwrap();
        let found = shell(folder.path(), command);
        assert_eq!((found.code, found.text()), (1, ""), "{command}: {}", found.stderr);
        assert_eq!(found.stderr.lines().count(), 1, "{command}: {}", found.stderr);
        assert!(found.stderr.starts_with("error: cannot write "), "{}", found.stderr);
        assert!(found.stderr.contains(": no space left on device"), "{command}: {}", found.stderr);
    }
    // The summary says how much of it was written.
    let found = shell(folder.path(), "falsetrail generate create-pool > /dev/full");
    assert!(found.stderr.contains("stopped: 0 events written\n"), "{}", found.stderr);
}

/// `| head -1`: no error, and a line that says how much there would have been.
#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = tempdir().unwrap();
    for (options, lines) in [("", 2), ("-q", 1), ("--format json", 2), ("--format batch", 2)] {
        let mut command = command(folder.path());
        command.args(["generate", "busy-day", "-n", "20k"]).args(options.split_whitespace());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut start = [0; 100];
        child.stdout.take().unwrap().read_exact(&mut start).unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{options}: {stderr}");
        assert_eq!(stderr.lines().count(), lines, "{options}: {stderr}");
        let last = stderr.lines().last().unwrap();
        assert!(last.starts_with("the reader went away: "), "{options}: {stderr}");
    }
    for words in ["list", "show busy-day", "list methods"] {
        let found = shell(folder.path(), &format!("(falsetrail {words}; echo $? >&2) | true"));
        assert_eq!(found.stderr, "0\n", "{words}");
    }
}

#[test]
fn a_scenario_may_come_from_standard_input() {
    let folder = tempdir().unwrap();
    let scenario = b"steps:\n  - create-pool\n  - { call: get-pool, repeat: 3 }\n";
    let made = with_input(folder.path(), "generate - --seed 1 --from 2026-01-05 -q", scenario).quiet();
    assert_eq!(made.text().lines().count(), 4);
    let again = with_input(folder.path(), "generate - --seed 1 --from 2026-01-05 -q", scenario).quiet();
    assert!(made.stdout == again.stdout);
    // It is shown and given a name like a file.
    let shown = with_input(folder.path(), "show -", scenario).quiet();
    assert!(shown.text().contains("get-pool, 3 times"), "{}", shown.text());
}

/// The files of one run in a folder of its own.
fn written(options: &str) -> TempDir {
    let folder = tempdir().unwrap();
    line(folder.path(), &format!("generate notebook-session --seed 1 --from 2026-01-05 -q {options}")).quiet();
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The events of one run, as one line each.
fn plain(options: &str) -> String {
    let words = format!("generate notebook-session --seed 1 --from 2026-01-05 -q {options}");
    line(tempdir().unwrap().path(), &words).quiet().text().to_owned()
}

fn parsed(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("it is JSON")
}

#[test]
fn a_file_for_each_event_sorts_in_order() {
    for amount in ["--instances 3", "-n 123"] {
        let folder = written(&format!("{amount} --split event -o events/"));
        let events = folder.path().join("events");
        assert_eq!(names(folder.path()), ["events"]);
        let expected: Vec<serde_json::Value> = plain(amount).lines().map(parsed).collect();
        let files = names(&events);
        assert_eq!(files.len(), expected.len());
        for (file, expected) in files.iter().zip(&expected) {
            let text = fs::read_to_string(events.join(file)).unwrap();
            assert!(parsed(&text) == *expected, "{file}");
            let data = &expected["data"];
            let method = data["methodName"].as_str().or(data["method_name"].as_str()).expect("an event has a method");
            // `ListWorkspaces` calls itself `ListWorkspace`, as documented.
            assert!(file.contains(&format!("-{}", method.trim_end_matches('s'))), "{file} holds {method}");
            let success = data["result"]["status"] == "SUCCESS";
            assert_eq!(file.ends_with("-success.json"), success, "{file}");
        }
    }
}

#[test]
fn a_file_for_each_instance_holds_its_story() {
    let folder = written("--instances 3 --split instance -o stories");
    let scenarios = folder.path().join("stories");
    let files = names(&scenarios);
    assert_eq!(files.len(), 3);
    assert!(
        files.iter().all(|file| file.starts_with("notebook-session-0")
            && file.ends_with("1.ndjson") | file.ends_with("2.ndjson") | file.ends_with("3.ndjson")),
        "{files:?}"
    );
    let mut lines: Vec<String> = Vec::new();
    for file in files {
        let text = fs::read_to_string(scenarios.join(&file)).unwrap();
        let times: Vec<String> = text.lines().map(|line| parsed(line)["time"].as_str().unwrap().to_owned()).collect();
        assert!(times.is_sorted() && !times.is_empty(), "{file}");
        lines.extend(text.lines().map(str::to_owned));
    }
    lines.sort();
    let all = plain("--instances 3");
    let mut expected: Vec<&str> = all.lines().collect();
    expected.sort_unstable();
    assert_eq!(lines, expected);
}

#[test]
fn every_format_holds_the_same_events() {
    let expected: Vec<serde_json::Value> = plain("-n 700").lines().map(parsed).collect();
    let batch = parsed(&plain("-n 700 --format batch"));
    assert_eq!(batch.as_array().expect("a batch is an array"), &expected);
    let pretty = plain("-n 700 --format json");
    let stream = serde_json::Deserializer::from_str(&pretty).into_iter::<serde_json::Value>();
    let values: Vec<serde_json::Value> = stream.map(|value| value.expect("it is JSON")).collect();
    assert_eq!(values, expected);
    assert!(pretty.starts_with("{\n  \"") && pretty.ends_with("\n}\n"), "it is indented");
    assert_eq!(parsed(&plain("-n 1 --format batch")).as_array().map(Vec::len), Some(1));
}

#[test]
fn every_file_holds_what_standard_output_gets() {
    for format in ["ndjson", "json", "batch"] {
        let expected = plain(&format!("-n 700 --format {format}"));
        let plain_file = written(&format!("-n 700 --format {format} -o trail"));
        assert!(fs::read_to_string(plain_file.path().join("trail")).unwrap() == expected, "{format}");
        assert!(plain(&format!("-n 700 --format {format} -o -")) == expected, "{format}");
        let gz = written(&format!("-n 700 --format {format} -o trail.gz"));
        let mut text = String::new();
        let file = fs::File::open(gz.path().join("trail.gz")).unwrap();
        flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
        assert!(text == expected, "{format} as .gz");
        #[cfg(feature = "zstd")]
        {
            let zst = written(&format!("-n 700 --format {format} -o trail.zst"));
            let bytes = fs::read(zst.path().join("trail.zst")).unwrap();
            assert!(zstd::decode_all(bytes.as_slice()).unwrap() == expected.as_bytes(), "{format} as .zst");
        }
    }
}

#[cfg(not(feature = "zstd"))]
#[test]
fn without_zstd_its_files_are_refused() {
    let folder = tempdir().unwrap();
    let found = line(folder.path(), "generate create-pool -o trail.zst");
    assert_eq!((found.code, names(folder.path()).len()), (2, 0), "{}", found.stderr);
}

#[test]
fn ten_thousand_are_ten_thousand() {
    let folder = tempdir().unwrap();
    let made =
        line(folder.path(), "generate create-pool,delete-pool -n 10k --seed 1 --from 2026-01-05 -o trail.ndjson")
            .fine();
    assert_eq!(made.text(), "");
    assert!(made.stderr.starts_with("10,000 events of create-pool,delete-pool, "), "{}", made.stderr);
    let text = fs::read_to_string(folder.path().join("trail.ndjson")).unwrap();
    assert_eq!(text.lines().count(), 10_000);
}

/// Step ids name events for `event_of` and are what their ids are made from: never the same twice.
#[test]
fn event_ids_are_unique_whatever_steps_are_called() {
    let folder = tempdir().unwrap();
    for steps in [
        "[{ id: a, call: create-pool }, { id: b, call: get-pool }, get-pool, { id: get-pool, call: get-pool }, get-pool]",
        "[create-pool, get-pool, { id: 'get-pool#2', call: get-pool }, get-pool, get-pool]",
        "[{ id: a, call: create-pool }, { id: a, call: get-pool }]",
    ] {
        fs::write(folder.path().join("story.yaml"), format!("steps: {steps}\n")).unwrap();
        let made = line(folder.path(), "generate story.yaml --instances 3 -q");
        if made.code == 2 {
            assert!(made.stderr.contains("the id") || made.stderr.contains("cannot name a step"), "{}", made.stderr);
            continue;
        }
        let mut ids: Vec<String> = made.text().lines().map(|line| parsed(line)["id"].to_string()).collect();
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count, "{steps}");
    }
}

#[test]
fn help_and_version_are_no_mistakes() {
    let folder = tempdir().unwrap();
    for words in ["--help", "--version", "generate --help", "list --help", "show -h", "validate -h", "help generate"] {
        let found = line(folder.path(), words).quiet();
        assert!(!found.text().is_empty(), "{words}");
        // As wide as a terminal, without trailing spaces that a reader would copy.
        assert!(found.text().lines().all(|line| line.chars().count() <= 120), "{words}");
    }
    let version = line(folder.path(), "--version").quiet();
    assert_eq!(version.text(), concat!("falsetrail ", env!("CARGO_PKG_VERSION"), "\n"));
}

/// A run that is stopped ends cleanly: whole events, under a name that says that they are not all.
#[test]
fn a_stopped_run_keeps_whole_events_and_says_where() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let folder = tempdir().unwrap();
        let mut command = command(folder.path());
        command
            .args(["generate", "busy-day", "-n", "1G", "--from", "now", "-o", "trail.ndjson"])
            .stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let part = folder.path().join("trail.ndjson.part");
        while fs::metadata(&part).map_or(0, |found| found.len()) == 0 {
            std::thread::yield_now();
        }
        assert_eq!(shell(folder.path(), &format!("kill -{signal} {}", child.id())).code, 0);
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert_eq!(names(folder.path()), ["trail.ndjson.part"]);
        let text = fs::read_to_string(&part).unwrap();
        assert!(text.ends_with("}\n"), "half an event");
        let said = format!("`trail.ndjson.part` keeps the first {} whole events", text.lines().count());
        assert!(stderr.contains(&said), "{said}: {stderr}");
    }
}
