//! A run that is stopped prints the command that continues it, and that command gives the whole: nothing missing and
//! nothing twice, wherever it was stopped, and however often.

use super::command_run::{Run, finished, line, run, shell, shell_command};
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use proptest::prelude::*;
use std::{
    fs,
    io::{Read, Write},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Output, Stdio},
    thread,
};
use tempfile::tempdir;

const RUN: &str = "falsetrail generate busy-day --seed 7 --from 2026-01-05";

/// Events, the output's name and options. Instances are held back by the 32 MB: less would not be stopped between.
const OUTPUTS: &[(&str, &str, &str)] = &[
    ("5k", "trail.ndjson", ""),
    ("4k", "trail.json", "--format json"),
    ("5k", "batch.json", "--format batch"),
    ("4k", "trail.ndjson.gz", ""),
    ("4k", "batch.json.gz", "--format batch"),
    #[cfg(feature = "zstd")]
    ("5k", "trail.json.zst", "--format json"),
    ("1k", "events", "--split event"),
    ("1k", "events", "--split event --format json"),
    ("20k", "stories", "--split instance"),
];

/// Runs a line in a shell and sends it a signal when its unfinished output has grown by so much: bytes of a file, or
/// files of a folder.
fn stopped(folder: &Path, words: &str, output: &str, signal: &str, growth: u64) -> Output {
    let unfinished = |name: &str| folder.join(name).join("falsetrail.part");
    let size = || match fs::read_dir(unfinished(output)) {
        Ok(files) => files.count() as u64,
        Err(_) => fs::metadata(folder.join(format!("{output}.part"))).map_or(0, |found| found.len()),
    };
    let before = size();
    let mut command = shell_command(folder, &format!("exec {words}"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while child.try_wait().unwrap().is_none() {
        if size() > before + growth {
            // It may have ended meanwhile, and waits to be asked how: nobody else has its number.
            shell(folder, &format!("kill -{signal} {}", child.id()));
            break;
        }
        thread::yield_now();
    }
    child.wait_with_output().unwrap()
}

/// What a file holds, decoded, or all files of a folder with their names.
pub fn contents(path: &Path) -> Vec<(String, Vec<u8>)> {
    if path.is_dir() {
        let mut files: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        return files.iter().map(|path| (name(path), fs::read(path).unwrap())).collect();
    }
    let bytes = fs::read(path).unwrap();
    let decoded = match path.extension().and_then(|ending| ending.to_str()) {
        Some("gz") => {
            let mut decoded = Vec::new();
            MultiGzDecoder::new(&bytes[..]).read_to_end(&mut decoded).unwrap();
            decoded
        }
        #[cfg(feature = "zstd")]
        Some("zst") => zstd::decode_all(&bytes[..]).unwrap(),
        _ => bytes,
    };
    vec![(String::new(), decoded)]
}

/// Bytes of a file, or number of files.
fn size(path: &Path) -> u64 {
    if path.is_dir() { fs::read_dir(path).unwrap().count() as u64 } else { fs::metadata(path).unwrap().len() }
}

/// The command of an output, and the uninterrupted run's contents and size.
fn whole(events: &str, output: &str, options: &str) -> (String, Vec<(String, Vec<u8>)>, u64) {
    let folder = tempdir().unwrap();
    let words = format!("{RUN} -n {events} {options} -o {output}");
    shell(folder.path(), &format!("{words} -q")).quiet();
    let path = folder.path().join(output);
    (words, contents(&path), size(&path))
}

#[test]
fn the_printed_command_gives_the_rest_however_often_a_run_is_stopped() {
    for (events, output, options) in OUTPUTS {
        let (words, whole, size) = whole(events, output, options);
        let stops = prop::collection::vec((0..size, any::<bool>()), 1..4);
        let config = ProptestConfig { cases: 3, failure_persistence: None, ..ProptestConfig::default() };
        proptest!(config, |(stops in stops)| {
            let folder = tempdir().unwrap();
            let mut next = words.clone();
            let mut ended = false;
            for (growth, interrupt) in stops {
                let (signal, code) = if interrupt { ("INT", 130) } else { ("TERM", 143) };
                let found = finished(&stopped(folder.path(), &next, output, signal, growth / 3));
                ended = found.code == 0;
                if ended {
                    break;
                }
                prop_assert_eq!(found.code, code, "{}", found.stderr);
                prop_assert!(!folder.path().join(output).is_file());
                next = found.rest().unwrap_or(found.again()).to_owned();
            }
            if !ended {
                let last = shell(folder.path(), &next).fine();
                prop_assert_eq!(last.rest(), None);
                // What is there now is the run from its beginning.
                prop_assert!(!last.again().contains("--skip") && !last.again().contains("--append"));
            }
            prop_assert!(contents(&folder.path().join(output)) == whole, "{}: other bytes by {}", output, next);
            prop_assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        });
    }
}

/// Nobody prints anything then, and half an event may be left, or files of instances of which some have more than
/// others: what is on the disk says itself where it ends. The continuation may be killed as well.
#[test]
fn a_killed_run_is_continued_by_the_number_that_append_finds() {
    for (events, output, options) in OUTPUTS {
        let (words, whole, size) = whole(events, output, options);
        proptest!(ProptestConfig::with_cases(2), |(moments in prop::collection::vec(0..1000_u64, 1..3))| {
            let folder = tempdir().unwrap();
            let mut next = words.clone();
            for moment in moments {
                let killed = stopped(folder.path(), &next, output, "KILL", size * moment / 1000);
                if killed.status.signal().is_none() {
                    break; // It had ended.
                }
                let asked = shell(folder.path(), &format!("{words} --append"));
                let number = asked.stderr.split_once(": continue it with `").and_then(|(_, rest)| rest.split('`').next());
                next = match number {
                    Some(number) => {
                        prop_assert_eq!((asked.code, asked.text()), (2, ""), "{}", asked.stderr);
                        format!("{words} {number} --append")
                    }
                    None => {
                        // It was too early for a frame or the first file, or too late for more than a name.
                        let known = ["contains no complete event", " is complete", "has other files beside", "is `--skip N`"];
                        prop_assert!(known.iter().any(|words| asked.stderr.contains(words)), "{}", asked.stderr);
                        format!("{words} --force")
                    }
                };
            }
            if !folder.path().join(output).exists() || folder.path().join(output).join("falsetrail.part").exists() {
                shell(folder.path(), &next).fine();
            }
            prop_assert!(contents(&folder.path().join(output)) == whole, "{} by {}", output, next);
        });
    }
}

/// A run whose part reaches the system's limit for a file, as it would on a full disk.
fn cramped(folder: &Path, words: &str, kilobytes: u64) -> Run {
    // The unit of `ulimit -f` is 512 bytes in a POSIX shell, and 1024 in others.
    shell(folder, &format!("ulimit -f {kilobytes}; exec {words}"))
}

/// The limit is that of each file, so a folder meets it with its largest ones; a signal that comes with it may be ignored.
#[test]
fn what_did_not_fit_into_files_of_a_folder_is_continued_when_there_is_room() {
    for split in ["event", "instance", "instance --format json"] {
        let folder = tempdir().unwrap();
        let words = format!("{RUN} -n 2k --split {split}");
        shell(folder.path(), &format!("{words} -q -o whole")).quiet();
        let files = contents(&folder.path().join("whole"));
        let largest = files.iter().map(|(_, text)| text.len()).max().unwrap();
        for before in ["", "trap '' XFSZ; "] {
            // In a POSIX shell this is half as much.
            let limit = format!("{before}ulimit -f {}", (largest - 1) / 1024);
            let found = shell(folder.path(), &format!("{limit}; exec {words} -o d"));
            assert_eq!(found.code, 1, "{split}: {}", found.stderr);
            let rest = found.rest().unwrap_or_else(|| panic!("{split}: nothing is kept: {}", found.stderr));
            assert!(found.stderr.contains("file too large, after ") && rest.contains("--append"), "{}", found.stderr);
            shell(folder.path(), rest).fine();
            assert!(contents(&folder.path().join("d")) == files, "{split}");
            fs::remove_dir_all(folder.path().join("d")).unwrap();
        }
    }
}

#[test]
fn what_did_not_fit_is_continued_when_there_is_room() {
    for (events, output, options) in OUTPUTS.iter().filter(|(_, output, _)| output.contains('.')) {
        let (words, whole, size) = whole(events, output, options);
        // Up to the very end, where only the last frame or bracket does not fit.
        for limit in [size / 1024 / 7, size / 1024 / 3, (size - 1) / 1024] {
            let folder = tempdir().unwrap();
            let found = cramped(folder.path(), &words, limit);
            assert_eq!(found.code, 1, "{output}: {}", found.stderr);
            assert!(found.stderr.contains("error: cannot write `"), "{}", found.stderr);
            assert!(!folder.path().join(output).exists());
            let next = found.rest().unwrap_or(found.again());
            shell(folder.path(), next).fine();
            assert!(contents(&folder.path().join(output)) == whole, "{output}: other bytes by {next}");
        }
    }
}

/// Standard output needs no `--append`; half an event that did not fit is taken back.
#[test]
fn standard_output_is_continued_by_the_shell() {
    for options in ["", "--format json"] {
        let folder = tempdir().unwrap();
        let words = format!("{RUN} -n 3k {options}");
        shell(folder.path(), &format!("{words} -q > whole")).quiet();
        let found = cramped(folder.path(), &format!("{words} > trail"), 2000);
        assert_eq!(found.code, 1, "{}", found.stderr);
        let rest = found.rest().expect("it can be continued");
        assert!(!rest.contains("--append"), "{rest}");
        assert!(found.stderr.contains(": let the rest follow by `>>`\n"), "{}", found.stderr);
        shell(folder.path(), &format!("{rest} >> trail")).fine();
        assert!(contents(&folder.path().join("trail")) == contents(&folder.path().join("whole")), "{options}");
    }
    // What has got half an event somewhere else cannot be continued, and no command says that it could.
    let full = shell(Path::new("/"), &format!("{RUN} -n 3k > /dev/full"));
    assert_eq!((full.code, full.rest()), (1, None), "{}", full.stderr);
}

/// A shard's number is that of the whole run, too, and a part that was begun behind some events stays so.
#[test]
fn shards_and_later_parts_are_continued() {
    for part in ["--shard 1/3", "--skip 777", "--skip 777 --shard 0/2"] {
        for (output, options) in [("trail.ndjson", ""), ("events", "--split event"), ("batch.json", "--format batch")] {
            let folder = tempdir().unwrap();
            let words = format!("{RUN} -n 4k {part} {options} -o");
            shell(folder.path(), &format!("{words} whole -q")).quiet();
            let growth = size(&folder.path().join("whole")) / 3;
            let found = finished(&stopped(folder.path(), &format!("{words} {output}"), output, "INT", growth));
            if found.code == 130 {
                let made = shell(folder.path(), found.rest().expect("there is something")).fine();
                // Of a shard, the first event may be some events behind 777.
                let begun = if part == "--skip 777" { " --skip 777 " } else { " --skip " };
                assert_eq!(made.again().contains(begun), part.contains("--skip"), "{}", made.again());
            }
            let (made, whole) = (contents(&folder.path().join(output)), contents(&folder.path().join("whole")));
            assert!(made == whole, "{part} {output}");
        }
    }
}

/// What exists under the final name waits for the continuation of the run that was to replace it.
#[test]
fn a_run_that_replaces_a_file_still_does_when_it_is_continued() {
    let folder = tempdir().unwrap();
    let (words, whole, size) = whole("4k", "trail.ndjson", "");
    fs::write(folder.path().join("trail.ndjson"), "old").unwrap();
    let words = format!("{words} --force");
    let found = finished(&stopped(folder.path(), &words, "trail.ndjson", "INT", size / 4));
    if found.code == 130 {
        assert_eq!(fs::read(folder.path().join("trail.ndjson")).unwrap(), b"old");
        let rest = found.rest().expect("there is something");
        let refused = shell(folder.path(), &rest.replace(" --force", ""));
        assert_eq!(refused.code, 1, "{}", refused.stderr);
        assert!(refused.stderr.contains("`--force` replaces it when the run is complete"), "{}", refused.stderr);
        shell(folder.path(), rest).fine();
    }
    assert!(contents(&folder.path().join("trail.ndjson")) == whole);
}

/// A folder with the part of `-n 100` of a run, made by hand as a killed process leaves it.
fn with_part(tail: &str) -> tempfile::TempDir {
    let folder = tempdir().unwrap();
    shell(folder.path(), &format!("{RUN} -n 100 -q -o a.ndjson && mv a.ndjson a.ndjson.part")).quiet();
    let path = folder.path().join("a.ndjson.part");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text + tail).unwrap();
    folder
}

/// Options behind `-n 300 -o a.ndjson`, what is said, and the exit status.
const REFUSED: &[(&str, i32, &[&str])] = &[
    ("--append", 2, &["`a.ndjson.part` has 100 events: continue it with `--skip 100`"]),
    ("--append --skip 99", 2, &["`a.ndjson.part` has 100 events: continue it with `--skip 100`"]),
    ("--append --skip 101", 2, &["continue it with `--skip 100`"]),
    ("--append --skip 100 --seed 8", 2, &["has 100 events, but the last one is not event 100 of this run", "printed"]),
    ("--append --skip 100 --from 2026-01-06", 2, &["is not event 100 of this run"]),
    ("--append --skip 100 --as-documented --every 2s", 2, &["is not event 100 of this run"]),
    ("--append --skip 100 --format json", 2, &["is not event 100 of this run"]),
    ("--append --skip 100 --format batch", 2, &["contains no complete event", "`--force`"]),
    ("--append --skip 100 --shard 1/2", 2, &["has 100 events, but"]),
    ("--skip 100", 1, &["is what a stopped run has left", "`--skip N --append`"]),
    ("--append --skip 100 -o b.ndjson", 1, &["there is no `b.ndjson.part`", "leave out `--append`"]),
    ("--append --skip 100 -o c/", 2, &["`c/` is a directory"]),
    ("--append --skip 100 -o c/ --split event", 1, &["there is no `c/falsetrail.part`"]),
    ("--append --skip 100 -o -", 2, &["standard output", "`>>`"]),
    ("--append --skip 100 -o /dev/null", 1, &["`/dev/null` is no regular file"]),
];

#[test]
fn what_does_not_continue_a_run_is_refused_and_changes_nothing() {
    for tail in ["", r#"{"half":"an ev"#] {
        let folder = with_part(tail);
        let before = contents(&folder.path().join("a.ndjson.part"));
        for (options, code, expected) in REFUSED {
            let words = ["--seed 7", "--from 2026-01-05", "-o a.ndjson"];
            let left = words.iter().filter(|word| !options.contains(word.split(' ').next().unwrap_or(word)));
            let left: Vec<&str> = left.copied().collect();
            let found = line(folder.path(), &format!("generate busy-day -n 300 {} {options}", left.join(" ")));
            assert_eq!((found.code, found.text()), (*code, ""), "{options}: {}", found.stderr);
            for part in *expected {
                assert!(found.stderr.contains(part), "{options}: no {part} in {}", found.stderr);
            }
            assert!(contents(&folder.path().join("a.ndjson.part")) == before, "{options}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{options}");
        }
        shell(folder.path(), &format!("{RUN} -n 300 -q -o a.ndjson --skip 100 --append")).quiet();
        shell(folder.path(), &format!("{RUN} -n 300 -q -o whole.ndjson")).quiet();
        let made = contents(&folder.path().join("a.ndjson"));
        assert!(made == contents(&folder.path().join("whole.ndjson")));
        let again = shell(folder.path(), &format!("{RUN} -n 300 -o a.ndjson --skip 300 --append"));
        assert_eq!(again.code, 1);
        assert!(again.stderr.contains("`a.ndjson` is complete"), "{}", again.stderr);
    }
    let folder = tempdir().unwrap();
    let nowhere = run(folder.path(), ["generate", "create-pool", "--skip", "1", "--append"]);
    assert_eq!(nowhere.code, 2);
    assert!(nowhere.stderr.contains("--output"), "{}", nowhere.stderr);
}

/// A few bytes may stand for gigabytes: a frame is read piece by piece, in less memory than what is in it.
#[test]
fn a_frame_is_never_unpacked_whole() {
    for (line, lines, said) in [
        ([vec![b'a'; 1 << 20], vec![b'\n']].concat(), 500, "has 500 events, but "),
        (vec![b'a'; 1 << 20], 300, "cannot read `a.ndjson.gz.part`: an event in it is larger than 256 MiB"),
    ] {
        let folder = tempdir().unwrap();
        let file = fs::File::create(folder.path().join("a.ndjson.gz.part")).unwrap();
        let mut encoder = GzEncoder::new(file, Compression::fast());
        (0..lines).for_each(|_| encoder.write_all(&line).unwrap());
        encoder.finish().unwrap();
        let limit = if said.starts_with("has") { "ulimit -v 450000; " } else { "" };
        let asked = shell(folder.path(), &format!("{limit}exec {RUN} -n 5k -o a.ndjson.gz --append"));
        assert!(asked.code != 0 && asked.stderr.contains(said), "{}", asked.stderr);
    }
}

/// Only what it prints is left out.
#[test]
fn a_quiet_run_that_is_stopped_says_nothing() {
    let folder = tempdir().unwrap();
    let found =
        finished(&stopped(folder.path(), &format!("{RUN} -n 300k -q -o trail.ndjson"), "trail.ndjson", "INT", 0));
    assert_eq!((found.code, found.stderr.as_str()), (130, ""));
}
