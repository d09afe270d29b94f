//! What a path names: files with links and modes of others, and the descriptors that a process was started with.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{MetadataExt as _, PermissionsExt as _, chown, symlink},
    },
    path::Path,
};

use falsetrail::machinery::sink::{Ending, Output, Overwrite, Split, StoppedOutput, WholeFile, open};
use tempfile::tempdir;

use super::{chunks, feed, lines, names, part, refused, text, to, write};
use crate::command_run::{run, shell};

#[test]
fn a_part_is_never_written_through_a_link() {
    let directory = tempdir().unwrap();
    let (path, other) = (directory.path().join("trail.ndjson"), directory.path().join("other"));
    for overwrite in [Overwrite::Refuse, Overwrite::Replace] {
        for precious in ["", "precious"] {
            fs::write(&other, precious).unwrap();
            symlink(&other, part(&path)).unwrap();
            let error = refused(&Output { overwrite, ..to(&path) });
            assert!(error.contains(".part` is in the way and no regular file"), "{error}");
            let error = StoppedOutput::open(&to(&path)).err().expect("it is a link");
            assert!(text(&error).contains("is in the way"), "{error}");
            fs::remove_file(part(&path)).unwrap();

            // A second name of a file is given up, and the file stays as it is.
            fs::hard_link(&other, part(&path)).unwrap();
            if overwrite == Overwrite::Replace || precious.is_empty() {
                write(&Output { overwrite, ..to(&path) }, &chunks(0, 9, 3));
                assert_eq!(fs::read_to_string(&path).unwrap(), lines(0, 9));
                fs::remove_file(&path).unwrap();
            } else {
                assert!(refused(&to(&path)).contains("is what a stopped run has left"));
                let error = StoppedOutput::open(&to(&path)).err().expect("it has two names");
                assert!(text(&error).contains("has another name, under which it would change, too"), "{error}");
                fs::remove_file(part(&path)).unwrap();
            }
            assert_eq!(fs::read_to_string(&other).unwrap(), precious);
        }
    }
}

#[test]
fn a_part_directory_is_never_filled_through_a_link() {
    let directory = tempdir().unwrap();
    let (path, other) = (directory.path().join("d"), directory.path().join("other"));
    fs::create_dir(&path).unwrap();
    fs::create_dir(&other).unwrap();
    fs::write(other.join("precious"), "").unwrap();
    symlink(&other, path.join("falsetrail.part")).unwrap();
    for split in [Split::Event, Split::Instance] {
        let output = Output { split: Some(split), overwrite: Overwrite::Replace, ..to(&path) };
        let error = refused(&output);
        assert!(error.contains("falsetrail.part` is in the way and no directory"), "{error}");
        assert!(StoppedOutput::open(&output).is_err());
    }
    assert_eq!(names(&other), ["precious"]);

    // Nor is one of its files.
    fs::remove_file(path.join("falsetrail.part")).unwrap();
    let output = Output { split: Some(Split::Instance), ..to(&path) };
    let mut sink = open(&output).unwrap();
    feed(sink.as_mut(), &chunks(0, 3, 3));
    symlink(other.join("precious"), path.join("falsetrail.part/unnamed-000000001.ndjson")).unwrap();
    assert!(sink.finish(Ending::Complete).is_err());
    assert_eq!(fs::read_to_string(other.join("precious")).unwrap(), "");
}

/// Also where the run that replaces it is stopped and continued, and for files that are written in one go.
#[test]
fn what_is_replaced_hands_on_its_mode_and_its_owner() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("trail.ndjson");
    fs::write(&path, "old").unwrap();
    // Only the superuser may give files away.
    let is_given = chown(&path, Some(4711), Some(4712)).is_ok();
    let check = |mode: u32| {
        let found = fs::metadata(&path).unwrap();
        assert_eq!(found.mode() & 0o7777, mode);
        assert!(!is_given || (found.uid(), found.gid()) == (4711, 4712));
    };
    for mode in [0o600, 0o444, 0o664] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let output = Output { overwrite: Overwrite::Replace, ..to(&path) };
        let mut sink = open(&output).unwrap();
        feed(sink.as_mut(), &chunks(0, 3, 3));
        // Nobody reads it meanwhile who could not read the old one.
        assert_eq!(fs::metadata(part(&path)).unwrap().mode() & 0o777, mode | 0o600);
        sink.finish(Ending::Stopped).unwrap();
        StoppedOutput::open(&output).unwrap().resume(3).unwrap().finish(Ending::Complete).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), lines(0, 3));
        check(mode);
        WholeFile::new(&path, Overwrite::Replace).write(b"all").unwrap();
        check(mode);
        let output = Output { split: Some(Split::Instance), overwrite: Overwrite::Replace, ..to(directory.path()) };
        fs::rename(&path, directory.path().join("unnamed-000000001.ndjson")).unwrap();
        write(&output, &chunks(0, 3, 3));
        fs::rename(directory.path().join("unnamed-000000001.ndjson"), &path).unwrap();
        check(mode);
    }
}

/// The shell and the run share the position in the file: neither overwrites what the other has written.
#[test]
fn descriptors_are_as_good_as_standard_output() {
    const RUN: &str = "falsetrail generate every-method --seed 7 --from 2026-01-05 -q";
    let directory = tempdir().unwrap();
    let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
    shell(directory.path(), &format!("{RUN} > whole; {RUN} --truth truth --truth-all -o events")).quiet();
    for path in ["/dev/fd/3", "/proc/self/fd/3", "link"] {
        let _ = symlink("/dev/fd/3", directory.path().join("link"));
        let line = format!("{{ echo before >&3; {RUN} -o {path}; echo after >&3; }} 3> found");
        shell(directory.path(), &line).quiet();
        assert_eq!(read("found"), format!("before\n{}after\n", read("whole")), "{path}");
    }
    for path in ["/dev/fd/1", "/proc/self/fd/1", "-", "/dev/stdout"] {
        shell(directory.path(), &format!("{{ echo before; {RUN} -o {path}; echo after; }} > found")).quiet();
        assert_eq!(read("found"), format!("before\n{}after\n", read("whole")), "{path}");
    }
    shell(directory.path(), &format!("{RUN} --truth /dev/fd/4 --truth-all 4> found-truth > found")).quiet();
    assert_eq!((read("found"), read("found-truth")), (read("whole"), read("truth")));
    for (path, said) in [
        ("/dev/fd/977", "cannot open `/dev/fd/977`: bad file descriptor"),
        ("/dev/fd/0", "`/dev/fd/0` is open for reading only"),
    ] {
        let found = shell(directory.path(), &format!("{RUN} -o {path} < whole"));
        assert!(found.code == 1 && found.stderr.contains(said), "{path}: {}", found.stderr);
    }
    for same in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let found = shell(directory.path(), &format!("{RUN} --truth {same}"));
        assert!(found.code == 2 && found.stderr.contains("never stands among the events"), "{same}: {}", found.stderr);
    }
    let found = shell(directory.path(), &format!("{RUN} --truth ./new -o new"));
    assert!(found.code == 2 && found.stderr.contains("never stands among the events"), "{}", found.stderr);
    assert!(!directory.path().join("new.part").exists());
}

#[test]
fn names_that_cannot_be_shown_are_escaped() {
    let directory = tempdir().unwrap();
    let name = OsStr::from_bytes(b"a\x1b[31m\n\xff'.ndjson");
    let output = |more: &[&str]| {
        let arguments = ["generate", "every-method", "--seed", "7", "--from", "2026-01-05", "-o"].map(OsStr::new);
        run(directory.path(), arguments.into_iter().chain([name]).chain(more.iter().map(OsStr::new)))
    };
    output(&["-q"]).quiet();
    assert!(directory.path().join(name).is_file());
    let again = output(&["-q"]);
    assert_eq!(again.code, 1);
    assert!(again.stderr.contains(r"`a\u{1b}[31m\n\xff'.ndjson` already exists"), "{}", again.stderr);
    // The command is typed into a shell that knows `$'…'`.
    let found = output(&["--force"]).fine();
    assert!(found.stderr.bytes().all(|byte| byte != 0x1b), "{}", found.stderr);
    let whole = fs::read(directory.path().join(name)).unwrap();
    fs::write(directory.path().join("script"), found.again()).unwrap();
    fs::remove_file(directory.path().join(name)).unwrap();
    shell(directory.path(), "bash script").fine();
    assert!(fs::read(directory.path().join(name)).unwrap() == whole);
    for words in [["validate"].as_slice(), &["generate"], &["list", "--templates"]] {
        let path = Path::new("no").join(name);
        let found = run(directory.path(), words.iter().map(OsStr::new).chain([path.as_os_str()]));
        assert!(found.code != 0 && found.stderr.bytes().all(|byte| byte != 0x1b), "{words:?}: {}", found.stderr);
    }
}
