//! Signals that end a run, those that do not, and a limit of the system that is a failed write.

use super::command_run::{command, finished, shell};
use std::{
    fs::{self, File},
    io::Read as _,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};
use tempfile::{TempDir, tempdir};

const RUN: &str = "generate busy-day --seed 7 --from 2026-01-05";

/// A run of 1G events into a pipe whose reader is this test: it goes no further than it is read.
struct Piped {
    folder: TempDir,
    child: Child,
    pipe: File,
}

impl Piped {
    /// Starts the run, with some words before its own, and reads its first bytes: signals are waited for by then.
    fn start(before: &str) -> Self {
        let folder = tempdir().unwrap();
        assert!(Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
        let binary = env!("CARGO_BIN_EXE_falsetrail");
        let line = format!("{before} exec '{binary}' {RUN} -n 1G -o pipe");
        let mut shell = Command::new("sh");
        let child = shell.args(["-c", &line]).current_dir(folder.path()).stdin(Stdio::null()).stderr(Stdio::piped());
        let child = child.spawn().unwrap();
        let mut pipe = File::open(folder.path().join("pipe")).unwrap();
        pipe.read_exact(&mut [0; 1000]).unwrap();
        Self { folder, child, pipe }
    }

    fn send(&self, signals: &[&str]) {
        for signal in signals {
            assert_eq!(shell(self.folder.path(), &format!("kill -{signal} {}", self.child.id())).code, 0);
        }
    }

    /// Reads the rest; the exit status and what was said.
    fn end(mut self) -> (i32, String) {
        let mut rest = Vec::new();
        self.pipe.read_to_end(&mut rest).unwrap();
        assert!(rest.ends_with(b"}\n"), "half an event");
        let found = finished(&self.child.wait_with_output().unwrap());
        (found.code, found.stderr)
    }
}

#[test]
fn a_terminal_that_closes_ends_a_run_cleanly_however_often_it_says_so() {
    for (signals, code) in [(&["HUP"][..], 129), (&["HUP", "HUP", "HUP"], 129), (&["TERM", "HUP"], 143)] {
        let run = Piped::start("");
        run.send(signals);
        let (found, said) = run.end();
        assert_eq!(found, code, "{signals:?}: {said}");
        assert!(said.contains("stopped: ") && said.contains("\nto continue: "), "{signals:?}: {said}");
    }
}

#[test]
fn a_hangup_that_was_ignored_from_the_start_stays_ignored() {
    let mut run = Piped::start("trap '' HUP;");
    run.send(&["HUP"]);
    // More than the pipe holds: the run continues.
    run.pipe.read_exact(&mut vec![0; 4 << 20]).unwrap();
    run.send(&["TERM"]);
    let (code, said) = run.end();
    assert_eq!(code, 143, "{said}");
}

/// Of a file, what a hangup leaves is continued to the whole.
#[test]
fn a_run_that_a_hangup_has_ended_is_continued() {
    let folder = tempdir().unwrap();
    let mut command = command(folder.path());
    command.args(format!("{RUN} -n 20k -o trail.ndjson --truth truth --truth-all").split(' ')).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let part = folder.path().join("trail.ndjson.part");
    while fs::metadata(&part).map_or(0, |found| found.len()) == 0 {
        thread::yield_now();
    }
    assert_eq!(shell(folder.path(), &format!("kill -HUP {}", child.id())).code, 0);
    let found = finished(&child.wait_with_output().unwrap());
    if found.code != 0 {
        assert_eq!(found.code, 129, "{}", found.stderr);
        shell(folder.path(), found.rest().expect("there is something")).fine();
    }
    shell(folder.path(), &format!("falsetrail {RUN} -n 20k -q -o whole --truth all --truth-all")).quiet();
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert!(read("trail.ndjson") == read("whole") && read("truth") == read("all"));
}

/// A limit for files (`ulimit -f`) sends a signal that ends other programs without a word.
#[test]
fn a_file_that_may_not_grow_is_a_failed_write() {
    let folder = tempdir().unwrap();
    let limited = |path: &Path, words: &str| shell(path, &format!("ulimit -f 100; exec falsetrail {words}"));
    let found = limited(folder.path(), &format!("{RUN} -n 3k -o trail.ndjson"));
    assert_eq!(found.code, 1, "{}", found.stderr);
    assert!(found.stderr.contains("cannot write `trail.ndjson.part`: file too large, after "), "{}", found.stderr);
    shell(folder.path(), found.rest().expect("there is something")).fine();
    assert_eq!(fs::read_to_string(folder.path().join("trail.ndjson")).unwrap().lines().count(), 3000);
    // Other commands write files, too.
    let made = limited(folder.path(), "schema scenario > schema.json");
    assert_eq!(made.code, 0, "{}", made.stderr);
    let none = shell(folder.path(), "ulimit -f 0; exec falsetrail schema scenario > none.json");
    assert!(none.code == 1 && none.stderr.contains("file too large"), "{}", none.stderr);
}
