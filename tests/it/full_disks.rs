//! Disks of different size that fill up: each run is continued to the same bytes when there is room.
//!
//! A disk is a `tmpfs` that only a child process sees; where it cannot be mounted, the system's limit for files
//! ([`super::continuation`]) has to do.

use super::{
    command_run::{Run, finished, shell_command},
    continuation::contents,
};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::tempdir;

/// Events, the outputs, and options. A story's file is small, and takes a block of 4 KiB.
const KINDS: &[(&str, &[&str], &str)] = &[
    ("1k", &["a.ndjson", "truth"], "-o a.ndjson --truth truth --truth-all"),
    ("1k", &["a.log"], "-o a.log --in-place"),
    ("1k", &["a.log.1", "a.log"], "-o a.log --in-place --rotate 1MB"),
    ("1k", &["a.json"], "--format json -o a.json"),
    ("1k", &["a.json.gz", "truth"], "--format batch -o a.json.gz --truth truth"),
    ("4k", &["a.ndjson.gz"], "-o a.ndjson.gz"),
    #[cfg(feature = "zstd")]
    ("4k", &["a.json.zst"], "--format json -o a.json.zst"),
    ("500", &["d"], "--split event --format json -o d"),
    ("2k", &["d"], "--split instance -o d"),
];

/// Eighths of what the outputs need that the disk has.
const EIGHTHS: [u64; 4] = [1, 3, 6, 7];

/// Mounts, runs, makes room, continues by the command that was printed, and copies what there is.
const SCRIPT: &str = r#"
mount -t tmpfs -o size="$1"k none disk || exit 77
cd disk
sh -c "$2" 2> ../said; echo $? > ../code
mount -o remount,size=512m .
next=$(sed -n 's/^to continue: //p' ../said)
printf '%s\n' "${next:-$2}" > ../next
sh -c "${next:-$2}" 2> ../said-then; echo $? > ../code-then
cp -r . ../result
"#;

/// `None`: nothing can be mounted here.
fn on_a_disk(folder: &Path, kibibytes: u64, words: &str) -> Option<(Run, PathBuf)> {
    fs::create_dir(folder.join("disk")).unwrap();
    fs::write(folder.join("script"), SCRIPT).unwrap();
    let line = format!("exec unshare -rm sh script {kibibytes} '{words}'");
    let found = finished(&shell_command(folder, &line).output().unwrap());
    if found.code == 77 || found.stderr.contains("unshare:") || found.stderr.contains("not found") {
        eprintln!("no disk can be mounted here: {}", found.stderr);
        return None;
    }
    assert_eq!(found.code, 0, "{}", found.stderr);
    Some((found, folder.join("result")))
}

/// Space that files take on a disk with blocks of 4 KiB, in KiB.
fn needed(path: &Path) -> u64 {
    let blocks = |length: u64| length.div_ceil(4096) * 4;
    if path.is_dir() {
        fs::read_dir(path).unwrap().map(|entry| blocks(entry.unwrap().metadata().unwrap().len())).sum()
    } else {
        blocks(fs::metadata(path).unwrap().len())
    }
}

#[test]
fn a_disk_that_was_full_is_continued_when_there_is_room() {
    for (events, outputs, options) in KINDS {
        let words = format!("falsetrail generate busy-day --seed 7 --from 2026-01-05 -n {events} {options}");
        let whole = tempdir().unwrap();
        finished(&shell_command(whole.path(), &format!("{words} -q")).output().unwrap()).quiet();
        let needed: u64 = outputs.iter().map(|name| needed(&whole.path().join(name))).sum();
        for eighths in EIGHTHS {
            let folder = tempdir().unwrap();
            let Some((_, result)) = on_a_disk(folder.path(), needed * eighths / 8, &words) else { return };
            let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
            let place = format!("{options} {eighths}/8: {}\n{}\n{}", read("said"), read("next"), read("said-then"));
            assert_eq!((read("code").trim(), read("code-then").trim()), ("1", "0"), "{place}");
            assert!(read("said").contains("no space left on device"), "{place}");
            // Something is kept, and said to be, if any of it was on the disk.
            let is_kept = read("next").contains("--append") || read("next").contains("--in-place");
            assert!(is_kept || outputs[0].ends_with("gz") || outputs[0].ends_with("zst"), "nothing is kept: {place}");
            for name in *outputs {
                assert!(contents(&result.join(name)) == contents(&whole.path().join(name)), "{name}: {place}");
            }
            assert_eq!(fs::read_dir(&result).unwrap().count(), outputs.len(), "{place}");
        }
    }
}
