//! A log file that is written in place: what other programs do to it, its own rotation, and what is refused.

use super::command_run::{Run, command, finished, line, shell, shell_command};
use falsetrail::machinery::units::time;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::{TempDir, tempdir};

const RUN: &str = "generate busy-day --seed 7 --from 2026-01-05T08:00:00Z";

/// As long as a slow machine may need.
const PATIENCE: Duration = Duration::from_secs(60);

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// `a.log.3`, `a.log.2`, `a.log.1` and `a.log`: the oldest first.
fn files(folder: &Path) -> Vec<PathBuf> {
    let numbered = |number: usize| folder.join(format!("a.log.{number}"));
    let count = (1..10_000).take_while(|number| numbered(*number).exists()).count();
    (1..=count).rev().map(numbered).chain([folder.join("a.log")]).filter(|path| path.exists()).collect()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn all(folder: &Path) -> String {
    files(folder).iter().map(|path| text(path)).collect()
}

/// The events of the run that a summary describes.
fn repeated(run: &Run) -> String {
    shell(tempdir().unwrap().path(), &format!("{} -q && cat a.log", run.again())).quiet().text().to_owned()
}

/// A live run that writes `a.log`; it ends by itself after four seconds.
struct Live {
    folder: TempDir,
    child: Child,
}

impl Live {
    fn start(options: &str) -> Self {
        let folder = tempdir().unwrap();
        let mut command = command(folder.path());
        let words = format!(
            "generate notebook-session --rate 200/s -d 4s --live --summary s.json --in-place -o a.log {options}"
        );
        let child = command.args(words.split_whitespace()).stderr(Stdio::piped()).spawn().unwrap();
        let live = Self { folder, child };
        live.wait_for_more("a.log");
        live
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Waits until the file has events that it does not have now.
    fn wait_for_more(&self, name: &str) {
        let path = self.path(name);
        let before = fs::metadata(&path).map_or(0, |found| found.len());
        wait_until(name, || fs::metadata(&path).map_or(0, |found| found.len()) > before);
    }

    fn end(self) -> (TempDir, Run, Value) {
        let run = finished(&self.child.wait_with_output().unwrap());
        let summary = serde_json::from_str(&text(&self.folder.path().join("s.json"))).unwrap();
        (self.folder, run, summary)
    }
}

#[test]
fn the_files_in_order_are_the_run() {
    let plain = tempdir().unwrap();
    line(plain.path(), &format!("{RUN} -n 3k -q -o a.log")).quiet();
    let plain = all(plain.path());
    for options in
        ["", "--rotate 100kB", "--rotate 300KiB --threads 1", "--rotate 1MB --keep 99", "--rotate 30s", "--rotate 1h"]
    {
        let folder = tempdir().unwrap();
        line(folder.path(), &format!("{RUN} -n 3k -q -o a.log --in-place {options}")).quiet();
        assert!(all(folder.path()) == plain, "{options}");
        let files = files(folder.path());
        for file in files.iter().filter(|_| options.contains("100kB")) {
            assert!((1..=100_000).contains(&text(file).len()), "{options}: {}", file.display());
        }
        if options.contains("30s") {
            let period = |line: &str| {
                let event: Value = serde_json::from_str(line).unwrap();
                time(event["time"].as_str().unwrap(), 0).unwrap() / 30_000_000_000
            };
            let periods = files.iter().map(|file| text(file).lines().map(period).collect::<BTreeSet<_>>());
            assert!(periods.clone().all(|periods| periods.len() == 1), "a file has events of several periods");
            assert_eq!(periods.flatten().collect::<BTreeSet<_>>().len(), files.len());
        }
        let expected = match options {
            "" | "--rotate 1h" => 1..=1,
            "--rotate 100kB" => 50..=100,
            _ => 5..=30,
        };
        assert!(expected.contains(&files.len()), "{options}: {} files", files.len());
    }
}

#[test]
fn only_so_many_files_are_kept_and_the_summary_counts_the_others() {
    let folder = tempdir().unwrap();
    // A file of an earlier run is counted, but its lines are none of this run's events.
    for (name, old) in [("a.log.1", "older\n"), ("a.log.2", "oldest\n")] {
        fs::write(folder.path().join(name), old).unwrap();
    }
    let found =
        line(folder.path(), &format!("{RUN} -n 2k -o a.log --in-place --rotate 500kB --keep 3 --summary s.json"));
    let found = found.fine();
    let summary: Value = serde_json::from_str(&text(&folder.path().join("s.json"))).unwrap();
    let log = &summary["delivered"]["log"];
    assert_eq!(files(folder.path()).len(), 4);
    let kept = all(folder.path());
    assert!(repeated(&found).ends_with(&kept));
    assert_eq!(log["deleted_events"], 2000 - kept.lines().count(), "{log}");
    assert_eq!(log["deleted_files"], log["rotated"].as_u64().unwrap() + 2 - 3, "{log}");
    let said = format!("`--keep` deleted {} of the oldest files, with ", log["deleted_files"]);
    assert!(found.stderr.contains(&said) && found.stderr.contains("`a.log` was rotated "), "{}", found.stderr);
}

#[test]
fn lines_that_were_there_stay_and_a_torn_one_is_refused() {
    let folder = tempdir().unwrap();
    let log = folder.path().join("a.log");
    fs::write(&log, "before\n").unwrap();
    let words = format!("{RUN} -n 10 -q -o a.log --in-place");
    line(folder.path(), &words).quiet();
    let whole = text(&log);
    assert!(whole.starts_with("before\n{") && whole.lines().count() == 11);
    let torn = format!("{whole}{}", &whole[7..500]);
    fs::write(&log, &torn).unwrap();
    let refused = line(folder.path(), &words);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("`a.log` ends in the middle of a line"), "{}", refused.stderr);
    assert_eq!(text(&log), torn);
    let remedy = |word: &str| {
        let help = refused.stderr.split('`').find(|part| part.starts_with(word));
        help.unwrap_or_else(|| panic!("no {word} in {}", refused.stderr)).to_owned()
    };
    shell(folder.path(), &remedy("truncate")).quiet();
    assert_eq!(text(&log), whole);
    fs::write(&log, &torn).unwrap();
    shell(folder.path(), &remedy("echo")).quiet();
    assert_eq!(text(&log), format!("{torn}\n"));
    line(folder.path(), &words).quiet();
}

/// With a file at its limit, as on a full disk: half a line is cut off, and the printed command gives the same files.
#[test]
fn a_file_that_may_not_grow_is_continued_by_the_printed_command() {
    for options in ["", "--rotate 1MB", "--rotate 2m", "--rotate 700kB --keep 50"] {
        let words = format!("{RUN} -n 3k -o a.log --in-place {options}");
        let whole = tempdir().unwrap();
        line(whole.path(), &words).fine();
        let folder = tempdir().unwrap();
        // Half as much in a POSIX shell.
        let found = shell(folder.path(), &format!("ulimit -f 600; exec falsetrail {words}"));
        assert_eq!(found.code, 1, "{options}: {}", found.stderr);
        assert!(found.stderr.contains("cannot write `a.log`: file too large, after "), "{}", found.stderr);
        assert!(all(folder.path()).ends_with("}\n"), "half an event");
        let rest = found.rest().expect("it can be continued");
        assert!(rest.contains(&format!(" --in-place {options}").trim_end().to_owned()), "{rest}");
        let continued = shell(folder.path(), rest).fine();
        assert_eq!(continued.rest(), None);
        for (one, other) in files(folder.path()).iter().zip(files(whole.path())) {
            assert!(text(one) == text(&other), "{options}: {} differs", one.display());
        }
        assert!(all(folder.path()) == all(whole.path()), "{options}");
        assert!(!found.again().contains("--in-place"), "it would append the same events again: {}", found.again());
    }
}

#[test]
fn a_file_that_another_program_renames_is_opened_again() {
    // Another file gets the name, as by logrotate's `create`.
    let live = Live::start("");
    fs::rename(live.path("a.log"), live.path("a.log.2")).unwrap();
    fs::write(live.path("a.log"), "").unwrap();
    live.wait_for_more("a.log");
    // Nobody creates a new one, and a signal asks for it.
    fs::rename(live.path("a.log"), live.path("a.log.1")).unwrap();
    shell(live.folder.path(), &format!("kill -USR1 {}", live.child.id())).quiet();
    wait_until("the signal creates the file", || live.path("a.log").exists());
    let (folder, run, summary) = live.end();
    let run = run.fine();
    assert!(all(folder.path()) == repeated(&run), "{}", run.stderr);
    assert_eq!(summary["delivered"]["log"]["reopened"], 2, "{summary}");
    assert!(run.stderr.contains("`a.log` was renamed or removed by another program, and opened again, 2 times"));
    // Nothing is missing for a verifier either, and nothing twice.
    line(folder.path(), "verify --run s.json a.log.2 a.log.1 a.log --require order=key -q").fine();
}

#[test]
fn a_name_that_is_missing_for_a_second_gets_a_file_again() {
    let live = Live::start("");
    let renamed = Instant::now();
    fs::rename(live.path("a.log"), live.path("a.log.1")).unwrap();
    wait_until("the file is created again", || live.path("a.log").exists());
    assert!(renamed.elapsed() >= Duration::from_millis(900), "a program that creates it itself would be disturbed");
    let (folder, run, _) = live.end();
    assert!(all(folder.path()) == repeated(&run.fine()));
}

#[test]
fn a_file_that_another_program_deletes_is_begun_again() {
    let live = Live::start("");
    fs::remove_file(live.path("a.log")).unwrap();
    live.wait_for_more("a.log");
    let (folder, run, summary) = live.end();
    let (run, kept) = (run.fine(), all(folder.path()));
    assert!(repeated(&run).ends_with(&kept) && kept.starts_with('{'), "{}", run.stderr);
    assert_eq!(summary["delivered"]["log"]["reopened"], 1, "{summary}");
}

/// Lines that were written after the copy and before the truncation are lost, and `verify` names them. No line is cut.
#[test]
fn a_file_that_another_program_truncates_begins_with_a_whole_line() {
    let live = Live::start("");
    let copy = shell(live.folder.path(), "cp a.log a.log.1; sleep 0.1; : > a.log").quiet();
    assert_eq!(copy.code, 0);
    live.wait_for_more("a.log");
    let (folder, run, summary) = live.end();
    let run = run.fine();
    assert_eq!(summary["delivered"]["log"]["truncated"], 1, "{summary}");
    assert!(run.stderr.contains("`a.log` was truncated by another program, once"), "{}", run.stderr);
    let (events, rest) = (repeated(&run), text(&folder.path().join("a.log")));
    assert!(rest.starts_with('{') && events.ends_with(&rest), "{}", run.stderr);
    let lost = 800 - all(folder.path()).matches('\n').count();
    let verdict = line(folder.path(), "verify --run s.json a.log.1 a.log --summary v.json");
    let numbers: Value = serde_json::from_str(&text(&folder.path().join("v.json"))).unwrap();
    assert_eq!((numbers["missing"].as_u64(), verdict.code), (Some(lost as u64), i32::from(lost > 0)), "{numbers}");
}

#[test]
fn a_folder_that_goes_away_ends_the_run_and_the_printed_command_continues_it() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("logs")).unwrap();
    let mut command = command(folder.path());
    let words = "generate notebook-session --rate 200/s -d 20s --live --in-place -o logs/a.log --rotate 1h";
    let child = command.args(words.split(' ')).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("there are events", || text(&folder.path().join("logs/a.log")).lines().count() > 5);
    fs::rename(folder.path().join("logs"), folder.path().join("old")).unwrap();
    let found = finished(&child.wait_with_output().unwrap());
    assert_eq!(found.code, 1, "{}", found.stderr);
    assert!(found.stderr.contains("the directory `logs` does not exist"), "{}", found.stderr);
    let before = text(&folder.path().join("old/a.log"));
    let rest = found.rest().expect("it can be continued").to_owned();
    assert!(rest.ends_with(" -o logs/a.log --in-place --rotate 1h"), "{rest}");
    // At once, and no further than a little.
    let rest = rest.replace(" --live", "");
    fs::create_dir(folder.path().join("logs")).unwrap();
    let more = shell(folder.path(), &rest).fine();
    let whole =
        shell(folder.path(), &format!("{} -q -o whole", more.again().split(" --skip ").next().unwrap())).quiet();
    assert_eq!(whole.code, 0);
    assert!(before + &text(&folder.path().join("logs/a.log")) == text(&folder.path().join("whole")));
}

#[test]
fn a_live_run_rotates_by_wall_time_and_ends_at_a_signal() {
    let folder = tempdir().unwrap();
    let mut command = command(folder.path());
    // An hour of event time is a minute: by event time there would be one file.
    let words = "generate notebook-session --rate 5/s --speed 60 --in-place -o a.log --rotate 300ms --keep 1000";
    let child = command.args(words.split(' ')).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("there are three files", || files(folder.path()).len() > 3);
    shell(folder.path(), &format!("kill -HUP {}", child.id())).quiet();
    let found = finished(&child.wait_with_output().unwrap());
    assert_eq!(found.code, 129, "{}", found.stderr);
    assert!(found.stderr.contains("`a.log` and the files that were rotated keep them"), "{}", found.stderr);
    let rest = found.rest().expect("it can be continued");
    assert!(rest.contains(" --speed 60 ") && rest.ends_with(" --in-place --rotate 300ms --keep 1000"), "{rest}");
    let first = all(folder.path());
    assert!(first == repeated(&found), "{}", found.stderr);
    // Its events are appended to what is there.
    let child = shell_command(folder.path(), &format!("exec {rest} -q")).spawn().unwrap();
    wait_until("there are more events", || all(folder.path()).len() > first.len());
    shell(folder.path(), &format!("kill -INT {}", child.id())).quiet();
    assert_eq!(finished(&child.wait_with_output().unwrap()).code, 130);
    let both = all(folder.path());
    assert!(both.starts_with(&first) && both.ends_with("}\n"));
    let ids: BTreeSet<&str> = both.lines().collect();
    assert_eq!(ids.len(), both.lines().count(), "an event twice");
}

#[test]
fn tail_follows_a_run_by_name() {
    let folder = tempdir().unwrap();
    let followed = folder.path().join("followed");
    // GNU tail 9.1 does not notice that a file is renamed that did not exist when it began.
    fs::write(folder.path().join("a.log"), "first\n").unwrap();
    let mut tail = shell_command(folder.path(), "exec tail -n +1 -F a.log > followed 2> tail.said").spawn().unwrap();
    wait_until("tail has begun", || text(&followed) == "first\n");
    let words = "generate notebook-session --rate 200/s -d 3s --live --in-place -o a.log --rotate 250kB";
    let run = line(folder.path(), words).fine();
    let lines = format!("first\n{}", repeated(&run));
    assert!(files(folder.path()).len() > 2 && all(folder.path()) == lines, "{}", run.stderr);
    wait_until("tail has all lines", || text(&followed).len() >= lines.len());
    tail.kill().unwrap();
    tail.wait().unwrap();
    assert!(text(&followed) == lines);
}

#[test]
fn two_runs_do_not_write_one_file() {
    let live = Live::start("");
    for name in ["a.log", "./a.log"] {
        let second = line(live.folder.path(), &format!("{RUN} -n 5 --in-place -o {name}"));
        assert_eq!(second.code, 1, "{}", second.stderr);
        assert!(second.stderr.contains("another run is writing `") && second.stderr.contains("help: wait for it"));
    }
    let (folder, run, _) = live.end();
    assert!(all(folder.path()) == repeated(&run.fine()));
}

/// A new file has the mode of the one before it, because a log may not be readable by everybody.
#[cfg(unix)]
#[test]
fn a_new_file_has_the_mode_of_the_old_one() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("a.log"), "").unwrap();
    fs::set_permissions(folder.path().join("a.log"), fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("a.log", folder.path().join("link")).unwrap();
    line(folder.path(), &format!("{RUN} -n 500 -q -o link --in-place --rotate 300kB")).quiet();
    let files = files(folder.path());
    assert!(files.len() > 2 && folder.path().join("link").is_symlink(), "the file is renamed, and not the link");
    for file in files {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640, "{}", file.display());
    }
}

#[test]
fn an_event_longer_than_the_size_has_a_file_for_itself() {
    let folder = tempdir().unwrap();
    let plain = line(folder.path(), &format!("{RUN} -n 20k -q")).quiet();
    let longest = plain.text().lines().map(|line| line.len() + 1).max().unwrap();
    let early = plain.text().lines().take(1000).map(|line| line.len() + 1).max().unwrap();
    assert!(early < longest, "the first events have the longest");
    let words = format!("{RUN} -n 20k -o a.log --in-place --keep 3 --summary s.json --rotate");
    let found = line(folder.path(), &format!("{words} {}B", longest - 1)).fine();
    let summary: Value = serde_json::from_str(&text(&folder.path().join("s.json"))).unwrap();
    assert!(summary["delivered"]["log"]["oversized"].as_u64().unwrap() > 0, "{}", found.stderr);
    assert!(found.stderr.contains("an event was longer than `--rotate` allows a file to be"), "{}", found.stderr);
    let small = line(folder.path(), &format!("{words} {}B --seed 7 -q", early - 1).replace("--summary s.json ", ""));
    assert_eq!(small.code, 2, "{}", small.stderr);
}

/// Options, and parts of the message; the exit status is 2, and nothing is written.
const REFUSED: &[(&str, &[&str])] = &[
    ("-o a.log --rotate 1MB", &["--in-place"]),
    ("-o a.log --keep 3", &["--rotate"]),
    ("-o a.log --in-place --keep 3", &["--rotate"]),
    ("-o a.log --in-place --rotate 1MB --keep 0", &["'--keep <N>'", "write `1` or more"]),
    (
        "-o a.log --in-place --rotate 100",
        &["'--rotate <SIZE|D>'", "write a size, such as `100MB`, or a duration, such as `1h`"],
    ),
    ("-o a.log --in-place --rotate 100M", &["'--rotate <SIZE|D>'", "`100MB`"]),
    ("-o a.log --in-place --rotate 0MB", &["the size `0MB` is nothing at all"]),
    ("-o a.log --in-place --rotate -1h", &["'--rotate <SIZE|D>'"]),
    ("-o a.log --in-place --rotate 1kB", &["`--rotate 1kB` is less than an event", "`--rotate 1MB`"]),
    ("--in-place", &["--output"]),
    ("-o - --in-place", &["standard output is none", "`-o FILE`"]),
    ("-o /dev/fd/1 --in-place", &["appends to a regular file, and `/dev/fd/1` is none"]),
    ("-o /dev/null --in-place", &["appends to a regular file, and `/dev/null` is none", "leave out `--in-place`"]),
    ("-o pipe --in-place", &["appends to a regular file, and `pipe` is none"]),
    ("-o folder --in-place", &["appends to one file, and `folder` is a directory"]),
    ("-o new/ --in-place", &["appends to one file, and `new/` is a directory"]),
    ("-o new --in-place --split event", &["appends to one file, and `new` is a directory", "without `--split`"]),
    ("-o a.log.gz --in-place", &["cannot compress `a.log.gz`: nothing is written before 1024 events"]),
    ("-o a.log --in-place --format json", &["writes an event a line, and not `--format json`"]),
    ("-o a.log --in-place --format batch", &["writes an event a line, and not `--format batch`"]),
    (
        "-o a.log --in-place --append --skip 3",
        &["`--in-place` and `--append` exclude each other", "leave out `--append`"],
    ),
    ("-o a.log --in-place --force", &["`--in-place` and `--force` exclude each other"]),
    ("-o a.log --in-place --rotate 1MB --summary a.log.1", &["`--summary a.log.1` is a name that `--rotate` gives"]),
    ("-o a.log --in-place --rotate 1h --truth ./a.log.12", &["`--truth ./a.log.12` is a name"]),
    ("-o a.log --in-place --truth a.log", &["the truth never stands among the events"]),
    ("-t audit -b localhost:1 --in-place", &["--in-place", "--topic"]),
];

#[test]
fn options_that_make_no_sense_are_refused_before_the_first_event() {
    let folder = tempdir().unwrap();
    shell(folder.path(), "mkdir folder; mkfifo pipe").quiet();
    for (options, expected) in REFUSED {
        let found = line(folder.path(), &format!("{RUN} -n 50 {options}"));
        assert_eq!((found.code, found.text()), (2, ""), "{options}: {}", found.stderr);
        for part in *expected {
            assert!(found.stderr.contains(part), "{options}: no {part} in {}", found.stderr);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "{options}");
    }
    // A check of a run file, too.
    line(folder.path(), &format!("{RUN} -n 5 --write-run r.json -q")).fine();
    let check = line(folder.path(), "generate --run r.json --check -o a.log --in-place");
    assert!(
        check.code == 2 && check.stderr.contains("`--in-place` and `--check` exclude each other"),
        "{}",
        check.stderr
    );
}

/// Beside a log that is appended to, the truth is that of the whole run, so that a continuation writes the same.
#[test]
fn the_truth_beside_a_log_is_that_of_the_whole_run() {
    let words = format!("{RUN} -n 3k -o a.log --in-place --truth truth --truth-all");
    let whole = tempdir().unwrap();
    line(whole.path(), &words).fine();
    let folder = tempdir().unwrap();
    let found = shell(folder.path(), &format!("ulimit -f 600; exec falsetrail {words}"));
    shell(folder.path(), found.rest().expect("it can be continued")).fine();
    assert!(text(&folder.path().join("truth")) == text(&whole.path().join("truth")));
    assert!(text(&folder.path().join("a.log")) == text(&whole.path().join("a.log")));
}
