//! What is written directly: devices, named pipes, stdout; and full disks.

use std::{
    env,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use falsetrail::machinery::sink::{Ending, Flow, Format, Output, open};
use flate2::read::MultiGzDecoder;
use tempfile::tempdir;

use super::{body, chunks, lines, names, part, text, to, write};

#[test]
fn devices_are_written_directly() {
    let delivered = write(&to(Path::new("/dev/null")), &chunks(0, 100, 10));
    assert_eq!((delivered.events, delivered.notes.len()), (100, 0));
    assert!(!Path::new("/dev/null.part").exists());
}

#[test]
fn a_full_device_is_an_error_that_counts() {
    let full = "cannot write `/dev/full`: no space left on device, after 0 whole events";
    for format in [Format::Ndjson, Format::Json, Format::Batch] {
        let output = Output { format, ..to(Path::new("/dev/full")) };
        let mut sink = open(&output).unwrap();
        let error = text(&sink.take(&chunks(0, 9, 9)[0]).unwrap_err());
        assert!(error.contains(full), "{error}");
        // Again and again, until someone stops.
        assert!(sink.take(&chunks(9, 18, 9)[0]).is_err());
        let delivered = sink.finish(Ending::Complete).unwrap();
        assert_eq!((delivered.events, delivered.bytes), (0, 0));
    }
    // Nothing but the closing bracket: what fails at the end is not lost.
    let output = Output { format: Format::Batch, ..to(Path::new("/dev/full")) };
    let error = open(&output).unwrap().finish(Ending::Complete).unwrap_err().error;
    assert!(text(&error).contains(full));
}

fn fifo(directory: &Path, name: &str) -> Option<PathBuf> {
    let path = directory.join(name);
    let made = Command::new("mkfifo").arg(&path).status();
    made.is_ok_and(|status| status.success()).then_some(path)
}

#[test]
fn a_named_pipe_is_written_directly_and_compressed_if_its_name_says_so() {
    let directory = tempdir().unwrap();
    for name in ["pipe", "pipe.gz"] {
        let Some(path) = fifo(directory.path(), name) else {
            return;
        };
        let reader = thread::spawn({
            let path = path.clone();
            move || fs::read(path).unwrap()
        });
        let delivered = write(&to(&path), &chunks(0, 3000, 300));
        assert_eq!((delivered.events, delivered.closed), (3000, false));
        let found = reader.join().unwrap();
        if name == "pipe" {
            assert_eq!(found, lines(0, 3000).as_bytes());
        } else {
            let mut decoded = String::new();
            MultiGzDecoder::new(&found[..]).read_to_string(&mut decoded).unwrap();
            assert_eq!(decoded, lines(0, 3000));
        }
    }
    assert_eq!(names(directory.path()), ["pipe", "pipe.gz"]);
}

#[test]
fn a_reader_that_goes_away_closes_the_sink_quietly() {
    let directory = tempdir().unwrap();
    for format in [Format::Ndjson, Format::Batch] {
        let Some(path) = fifo(directory.path(), &format!("{format:?}")) else {
            return;
        };
        let reader = thread::spawn({
            let path = path.clone();
            move || {
                let mut some = [0; 5000];
                File::open(path).unwrap().read_exact(&mut some).unwrap();
            }
        });
        let mut sink = open(&Output { format, ..to(&path) }).unwrap();
        let mut reader = Some(reader);
        let mut taken = 0;
        for chunk in chunks(0, 1_000_000, 1000) {
            if sink.take(&chunk).unwrap() == Flow::Closed {
                break;
            }
            taken += 1000;
            reader.take().map_or(Ok(()), thread::JoinHandle::join).unwrap();
        }
        assert!(taken < 100_000, "{taken}");
        assert_eq!(sink.take(&chunks(0, 1, 1)[0]).unwrap(), Flow::Closed);
        let delivered = sink.finish(Ending::Complete).unwrap();
        assert!(delivered.closed);
        assert!((taken..taken + 1000).contains(&delivered.events));
    }
}

/// Starts this test again in a process of its own, where it finds `key`.
fn again(test: &str, key: &str, value: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    // Test names leave out the crate's.
    let module = module_path!().split_once("::").map_or("", |(_, module)| module);
    command.args(["--exact", &format!("{module}::{test}"), "--nocapture", "--test-threads=1"]).env(key, value);
    command
}

#[test]
fn stdout_gets_what_a_file_would() {
    const KEY: &str = "FALSETRAIL_TEST_STDOUT";
    if let Some(path) = env::var_os(KEY) {
        let output = Output { path: Some(path.into()), ..Output::default() };
        let delivered = write(&output, &chunks(0, 500, 50));
        assert_eq!(delivered.events, 500);
        return;
    }
    for path in ["-", "/dev/stdout"] {
        let test = "stdout_gets_what_a_file_would";
        let run = again(test, KEY, Path::new(path)).stdin(Stdio::null()).output().unwrap();
        assert!(run.status.success());
        let found = String::from_utf8(run.stdout).unwrap();
        // The test harness says a few words before and after.
        assert!(found.contains(&lines(0, 500)), "{found}");
    }
}

#[test]
fn a_full_disk_leaves_whole_events_and_says_how_many() {
    const KEY: &str = "FALSETRAIL_TEST_FULL_DISK";
    if let Some(directory) = env::var_os(KEY) {
        fill_disk(Path::new(&directory));
        return;
    }
    let directory = tempdir().unwrap();
    let inner = again("a_full_disk_leaves_whole_events_and_says_how_many", KEY, directory.path());
    // A small disk that only this child sees; not every machine allows that.
    let mount = "mount -t tmpfs -o size=256k none \"$0\" || exit 77; exec \"$@\"";
    let mut outer = Command::new("unshare");
    outer.args(["-rm", "sh", "-c", mount]).arg(directory.path());
    outer.arg(inner.get_program()).args(inner.get_args()).env(KEY, directory.path());
    let Ok(run) = outer.output() else { return };
    let refused = String::from_utf8_lossy(&run.stderr).contains("unshare:");
    if refused || run.status.code() == Some(77) {
        return;
    }
    assert!(run.status.success(), "{run:?}");
}

fn fill_disk(directory: &Path) {
    for (name, format) in [("a.ndjson", Format::Ndjson), ("b.json", Format::Batch), ("c.ndjson.gz", Format::Ndjson)] {
        let path = directory.join(name);
        let output = Output { format, ..to(&path) };
        let mut sink = open(&output).unwrap();
        let mut failure = None;
        for chunk in chunks(0, 200_000, 700) {
            if let Err(error) = sink.take(&chunk) {
                failure = Some(text(&error));
                break;
            }
        }
        let failure = failure.expect("the disk has 256 KiB");
        let delivered = sink.finish(Ending::Complete).unwrap();
        let events = delivered.events;
        assert!(events > 1000);
        let shown = part(&path).display().to_string();
        assert!(failure.contains(&format!(
            "cannot write `{shown}`: no space left on device, after {events} whole events / \
             `{shown}` keeps them and is not renamed to `{}`",
            path.display()
        )));
        assert_eq!(delivered.notes.len(), 1);
        assert_eq!(names(directory), [format!("{name}.part")]);
        let found = fs::read(part(&path)).unwrap();
        assert_eq!(found.len() as u64, delivered.written);
        match name {
            "a.ndjson" => assert_eq!(found, lines(0, events).as_bytes()),
            "b.json" => assert!(found.ends_with(body(events - 1).as_bytes())),
            _ => {
                let mut decoded = String::new();
                MultiGzDecoder::new(&found[..]).read_to_string(&mut decoded).unwrap();
                assert_eq!(decoded, lines(0, events));
            }
        }
        fs::remove_file(part(&path)).unwrap();
    }
}
