//! A run under limits of the machine: threads that cannot be started and files that cannot be opened end nothing that
//! does not need them.

use super::command_run::{Run, command, finished, line};
use std::{os::unix::fs::MetadataExt, path::Path, process::Command};
use tempfile::tempdir;

/// Runs the binary where no further thread can be started; `None` where such a place cannot be made.
fn alone(folder: &Path, words: &str) -> Option<Run> {
    let tool = |name: &str| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    // The limit is not for root, and counts all threads of a user.
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|of| of.uid() == 0);
    let as_nobody = "setpriv --reuid 65533 --regid 65533 --clear-groups";
    if !tool("prlimit") || (is_root && !tool("setpriv")) {
        return None;
    }
    let binary = command(folder);
    let words = format!("{} prlimit --nproc=1 --", if is_root { as_nobody } else { "" })
        .split_whitespace()
        .map(str::to_owned)
        .chain([binary.get_program().to_str().unwrap().to_owned()])
        .chain(words.split_whitespace().map(str::to_owned))
        .collect::<Vec<_>>();
    let output = Command::new(&words[0]).args(&words[1..]).current_dir("/").output().expect("the tools start");
    // A folder that others may not enter, and no fault of the run.
    let is_elsewhere = output.status.code() == Some(126);
    (!is_elsewhere).then(|| finished(&output))
}

#[test]
fn a_run_without_further_threads_is_the_same_run() {
    let folder = tempdir().unwrap();
    let words = "generate busy-day --seed 1 --from 2026-01-05 -n 3000 --threads 8";
    let wanted = line(folder.path(), words).fine();
    for more in ["", "--metrics 0", "--progress plain", "--metrics 0 --progress json"] {
        let Some(made) = alone(folder.path(), &format!("{words} {more}")) else { return };
        let made = made.fine();
        assert!(made.stdout == wanted.stdout, "{more}: other bytes");
        assert!(
            made.stderr.contains("only 1 of 8 threads could be started, which changes no byte: "),
            "{}",
            made.stderr
        );
        let warns = made.stderr.contains("warning: no metrics are served: ");
        assert_eq!(warns, more.contains("--metrics") && cfg!(feature = "metrics"), "{}", made.stderr);
    }
}

#[cfg(feature = "kafka")]
#[test]
fn a_kafka_client_without_threads_is_an_error() {
    let folder = tempdir().unwrap();
    let words = "generate every-method -b 127.0.0.1:9092 -t audit --undelivered /dev/null --force";
    let Some(made) = alone(folder.path(), words) else { return };
    assert_eq!((made.code, made.text()), (1, ""), "{}", made.stderr);
    assert!(made.stderr.contains("cannot start the threads of the kafka client: "), "{}", made.stderr);
}

/// A file that cannot be opened is an error, or the run does without it; nothing panics.
#[test]
fn few_descriptors_are_an_error_or_enough() {
    let folder = tempdir().unwrap();
    let from = "--seed 1 --from 2026-01-05 --force";
    let runs = [
        format!("every-method {from} -o out.ndjson.gz --truth truth.ndjson --truth-all --summary s.json --metrics 0"),
        format!("busy-day -n 300 {from} -o instances/ --split instance --progress plain"),
        format!("busy-day -n 300 {from} -o events/ --split event --write-run run.json"),
    ];
    for words in runs.iter().filter(|words| cfg!(feature = "metrics") || !words.contains("--metrics")) {
        let mut done = 0;
        for limit in 4..32 {
            // librdkafka's sockets stay open in child processes: without closing them here, those of the tests that
            // run at the same time would count against the limit.
            let line = format!(
                "for fd in /proc/$$/fd/*; do fd=${{fd##*/}}; [ $fd -lt 3 ] || eval \"exec $fd>&-\"; done
                ulimit -n {limit}; exec \"$0\" generate {words}"
            );
            let mut shell = Command::new("bash");
            shell.args(["-c", &line]).arg(env!("CARGO_BIN_EXE_falsetrail")).current_dir(folder.path());
            let made = finished(&shell.output().expect("bash starts"));
            // Below, the system does not load the program.
            if made.stderr.contains("error while loading shared libraries") {
                continue;
            }
            assert!(made.code < 2, "{limit}: {} {}", made.code, made.stderr);
            assert!(!made.stderr.contains("panicked"), "{limit}: {}", made.stderr);
            done += usize::from(made.code == 0);
        }
        assert!(done > 10, "{words}: only {done} of the limits were enough");
    }
}
