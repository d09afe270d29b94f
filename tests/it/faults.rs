//! A machine that fails: each call that writes, syncs, renames, closes or removes a file fails once, at each of its
//! positions. Then what the run has said is done, and nothing else; the outputs are those of a run without faults.
//!
//! Calls fail by `strace`; where it is not installed, or not allowed, there is nothing to see here.

use super::{
    command_run::{Run, shell},
    continuation::contents,
};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};
use tempfile::tempdir;

const RUN: &str = "falsetrail generate every-method --seed 7 --from 2026-01-05 --threads 1";

/// Calls, the error that each gives, and how many of them at most fail, one after another.
const CALLS: &[(&str, &str, usize)] = &[
    ("write", "ENOSPC", 20),
    ("fdatasync", "EIO", 20),
    ("fsync", "ENOSPC", 20),
    ("rename,renameat,renameat2", "EIO", 20),
    ("link,linkat", "EIO", 20),
    ("unlink,unlinkat", "EIO", 20),
    ("rmdir", "EIO", 3),
    ("ftruncate", "EIO", 20),
    ("fchmod,chmod,fchmodat", "EIO", 20),
    ("close", "EDQUOT", 60),
];

/// Outputs, and the options that make them.
const OUTPUTS: &[(&[&str], &str)] = &[
    (&["t.ndjson", "tr"], "-o t.ndjson --truth tr --truth-all"),
    (&["t.json.gz", "tr"], "--format batch -o t.json.gz --truth tr --truth-all --write-run r.json"),
    (&["d"], "--split event -o d"),
    (&["d", "tr"], "--split instance -n 8 --every 1ms -o d --truth tr --truth-all"),
];

fn strace_works() -> bool {
    let asked = Command::new("strace").args(["-f", "-qq", "-e", "trace=none", "true"]).status();
    asked.is_ok_and(|status| status.success())
}

/// Runs a line whose call of this number fails; `None` if it makes fewer calls.
fn with_fault(folder: &Path, (call, error): (&str, &str), number: usize, line: &str) -> Option<Run> {
    let log = tempdir().unwrap();
    let shown = log.path().join("log").display().to_string();
    let trace = format!("strace -f -qq -o {shown} -e trace={call} -e inject={call}:error={error}:when={number}");
    let found = shell(folder, &format!("exec {trace} {line}"));
    let log = fs::read_to_string(log.path().join("log")).unwrap();
    log.contains("(INJECTED)").then_some(found)
}

/// Does what a run has said; a run that has said nothing to do is repeated in another folder, as it has said.
fn follow(folder: &Path, found: &Run, words: &str) -> bool {
    if let Some(rest) = found.rest() {
        shell(folder, rest).fine();
        return true;
    }
    if found.stderr.contains("r.json") {
        // Without its run file the run was not even begun.
        shell(folder, "rm -f r.json*").quiet();
        shell(folder, words).fine();
        return true;
    }
    let said = |what: &str| found.stderr.lines().any(|line| line.starts_with("help: ") && line.contains(what));
    if said("` is complete: rename it") {
        let part = found.stderr.split("help: `").nth(1).and_then(|rest| rest.split('`').next()).unwrap();
        shell(folder, &format!("mv {part} {}", part.trim_end_matches(".part"))).quiet();
        return true;
    }
    if said("all files are complete: move") {
        shell(folder, "mv d/falsetrail.part/* d/ && rmdir d/falsetrail.part").quiet();
        return true;
    }
    if found.stderr.contains("cannot remove `d/falsetrail.part`") {
        shell(folder, "rmdir d/falsetrail.part").quiet();
        return true;
    }
    if said("is complete; run `sync`") {
        return true;
    }
    // Nothing of it is to be relied on, and the run is the same elsewhere.
    let elsewhere = tempdir().unwrap();
    shell(elsewhere.path(), words).fine();
    false
}

#[test]
fn whatever_call_fails_what_is_printed_leads_to_the_whole() {
    if !strace_works() {
        eprintln!("strace is not installed or not allowed: no call can be made to fail");
        return;
    }
    for (outputs, options) in OUTPUTS {
        let whole = tempdir().unwrap();
        shell(whole.path(), &format!("{RUN} {options} -q")).quiet();
        let whole = |name: &str| contents(&whole.path().join(name));
        for (call, error, most) in CALLS {
            for number in 1..=*most {
                let folder = tempdir().unwrap();
                let words = format!("{RUN} {options}");
                let Some(found) = with_fault(folder.path(), (*call, *error), number, &words) else { break };
                let place = format!("{options}: {call} {number}: {}", found.stderr);
                // The option was not given, and a fault of the machine is no reason to advise it.
                assert!(!found.stderr.contains("--force"), "{place}");
                if found.code == 127 {
                    continue; // The system's loader could not even start the program.
                }
                if found.code == 0 || follow(folder.path(), &found, &words) {
                    for name in *outputs {
                        assert!(folder.path().join(name).exists(), "no {name}: {place}");
                        assert!(contents(&folder.path().join(name)) == whole(name), "{name}: {place}");
                    }
                } else {
                    assert_eq!(found.code, 1, "{place}");
                    // Under a final name there is nothing that is not whole.
                    for name in outputs.iter().filter(|name| folder.path().join(name).is_file()) {
                        assert!(contents(&folder.path().join(name)) == whole(name), "{name}: {place}");
                    }
                }
            }
        }
    }
}

/// A file that is replaced is there until the new one is, which has its mode.
#[test]
fn whatever_call_fails_an_old_file_stays_until_the_new_one_is_whole() {
    if !strace_works() {
        eprintln!("strace is not installed or not allowed: no call can be made to fail");
        return;
    }
    let whole = tempdir().unwrap();
    let words = format!("{RUN} -o t.ndjson --truth tr --truth-all --force");
    shell(whole.path(), &format!("{words} -q")).quiet();
    for (call, error, most) in CALLS {
        for number in 1..=*most {
            let folder = tempdir().unwrap();
            for name in ["t.ndjson", "tr"] {
                let path = folder.path().join(name);
                fs::write(&path, "old\n").unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            }
            let Some(found) = with_fault(folder.path(), (*call, *error), number, &words) else { break };
            assert!([0, 1, 127].contains(&found.code), "{call} {number}: {}", found.stderr);
            for name in ["t.ndjson", "tr"] {
                let path = folder.path().join(name);
                let text = fs::read(&path).unwrap();
                let new = fs::read(whole.path().join(name)).unwrap();
                let place = format!("{name}: {call} {number}: {}", found.stderr);
                assert!(text == new || text == b"old\n", "{place}");
                assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640, "{place}");
                assert!(found.code != 0 || text == new, "{place}");
            }
        }
    }
}
