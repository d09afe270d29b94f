//! `--check`: what the run makes, compared with what is there.

use super::{names, write};
use crate::command_run::{Run, line};
use std::{fs, path::Path};
use tempfile::{TempDir, tempdir};

const STORY: &str = "steps:\n  - create-pool\n  - { call: get-pool, repeat: { times: 2 } }\n  - delete-pool\n";

/// A folder with `run.json` and what its run makes, written by these options.
fn made(options: &str) -> TempDir {
    let folder = tempdir().unwrap();
    write(folder.path(), &[("story.yaml", STORY)]);
    let words =
        format!("generate story.yaml --instances 3 --seed 7 --from 2026-01-05 -q --write-run run.json {options}");
    line(folder.path(), &words).quiet();
    fs::remove_file(folder.path().join("story.yaml")).unwrap();
    folder
}

fn check(folder: &Path, options: &str) -> Run {
    let before = everything(folder);
    let found = line(folder, &format!("generate --run run.json --check {options}"));
    assert!(before == everything(folder), "`{options}` writes something");
    found
}

/// All files below a folder, with what is in them.
fn everything(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for name in names(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            files.extend(everything(&path).into_iter().map(|(inner, text)| (format!("{name}/{inner}"), text)));
        } else {
            files.push((name, fs::read(path).unwrap()));
        }
    }
    files
}

/// Asserts what is found: lines on standard output, and the verdict in the error.
fn finds(found: &Run, lines: &[&str], verdict: &str) {
    assert_eq!(found.text().lines().collect::<Vec<_>>(), lines, "{}", found.stderr);
    assert_eq!(found.code, 1, "{}", found.stderr);
    assert!(found.stderr.contains(verdict), "{}", found.stderr);
}

#[test]
fn files_that_are_as_they_should_be_are_counted() {
    let zst = if cfg!(feature = "zstd") { "trail.ndjson.zst" } else { "trail.gz" };
    for (options, output, expected) in [
        ("-o trail.ndjson", "trail.ndjson", "1 file is as the run makes it\n"),
        ("-o trail.json --format json", "trail.json", "1 file is as the run makes it\n"),
        ("-o batch.json --format batch", "batch.json", "1 file is as the run makes it\n"),
        ("-o trail.ndjson.gz --format batch", "trail.ndjson.gz", "1 file is as the run makes it\n"),
        (&format!("-o {zst}"), zst, "1 file is as the run makes it\n"),
        ("-o fixtures/ --split event", "fixtures/", "12 files are as the run makes them\n"),
        ("-o fixtures --split event --format json", "fixtures", "12 files are as the run makes them\n"),
        ("-o fixtures/ --split instance", "fixtures", "3 files are as the run makes them\n"),
        ("-o fixtures/ --split instance --format json", "fixtures/", "3 files are as the run makes them\n"),
    ] {
        // The run file says how they were laid out.
        let folder = made(options);
        let found = check(folder.path(), &format!("-o {output}")).quiet();
        assert_eq!(found.text(), expected, "{options}");
        assert_eq!(check(folder.path(), &format!("-o {output} -q")).quiet().text(), "");
    }
}

/// The run file gives the layout, and the command line has the last word.
#[test]
fn other_layouts_are_written_and_checked_on_request() {
    let folder = made("-o fixtures/ --split event --format json");
    line(folder.path(), "generate --run run.json -o instances/ --split instance --format ndjson -q").quiet();
    assert_eq!(names(&folder.path().join("instances")).len(), 3);
    check(folder.path(), "-o instances --split instance --format ndjson").quiet();
    assert_eq!(check(folder.path(), "-o instances/").code, 1);
    // A file is a file, whatever the folder was.
    line(folder.path(), "generate --run run.json -o trail.json -q").quiet();
    check(folder.path(), "-o trail.json").quiet();
    // What a run file writes it finds.
    line(folder.path(), "generate --run run.json -o again/ -q").quiet();
    assert!(everything(&folder.path().join("again")) == everything(&folder.path().join("fixtures")));
}

#[test]
fn each_file_that_is_not_as_it_should_be_is_named() {
    let folder = made("-o fixtures/ --split event --format json");
    let path = |name: &str| folder.path().join("fixtures").join(name);
    let files = names(&folder.path().join("fixtures"));
    let text = |name: &str| fs::read_to_string(path(name)).unwrap();
    fs::write(path(&files[0]), text(&files[0]).replacen("requestId", "requestID", 1)).unwrap();
    fs::remove_file(path(&files[3])).unwrap();
    fs::write(path(&files[5]), "").unwrap();
    fs::write(path(&files[7]), text(&files[7]) + "\n").unwrap();
    fs::write(path("notes.txt"), "mine").unwrap();
    fs::create_dir(path("more")).unwrap();
    let changed = text(&files[0]).lines().position(|line| line.contains("requestID")).unwrap() + 1;
    let whole = text(&files[7]).lines().count() - 1;
    let found = check(folder.path(), "-o fixtures/");
    let lines = [
        format!("fixtures/{}: line {changed} differs", files[0]),
        format!("fixtures/{}: missing", files[3]),
        format!("fixtures/{}: ends before line 1", files[5]),
        format!("fixtures/{}: continues after line {whole}", files[7]),
        "fixtures/more/: not part of the run".to_owned(),
        "fixtures/notes.txt: not part of the run".to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let verdict = "`fixtures/` is not as the run makes it: 3 files differ, 1 is missing, 2 are not part of the run";
    finds(&found, &lines, verdict);
    // As the message says.
    line(folder.path(), "generate --run run.json --force -o fixtures/ -q").quiet();
    finds(&check(folder.path(), "-o fixtures/"), &lines[4..], "2 are not part of the run");
    fs::remove_file(path("notes.txt")).unwrap();
    fs::remove_dir(path("more")).unwrap();
    check(folder.path(), "-o fixtures/").quiet();
}

#[test]
fn files_of_instances_are_compared_piece_by_piece() {
    let folder = made("-o fixtures/ --split instance");
    let path = |number: u32| folder.path().join(format!("fixtures/story-00000{number}.ndjson"));
    let lines: Vec<String> = fs::read_to_string(path(1)).unwrap().lines().map(|line| format!("{line}\n")).collect();
    let write = |lines: &[String]| fs::write(path(1), lines.concat()).unwrap();
    let mut swapped = lines.clone();
    swapped.swap(2, 3);
    let longer = [lines.as_slice(), &["{}\n".to_owned()]].concat();
    let cut = [&lines[..3], &[lines[3][..40].to_owned()]].concat();
    for (changed, expected) in [
        (swapped.as_slice(), "line 3 differs"),
        (&lines[..3], "ends before line 4"),
        (&cut, "line 4 differs"),
        (&longer, "continues after line 4"),
    ] {
        write(changed);
        let line = format!("fixtures/story-000001.ndjson: {expected}");
        finds(&check(folder.path(), "-o fixtures"), &[&line], "1 file differs");
    }
    write(&lines);
    fs::remove_file(path(2)).unwrap();
    fs::copy(path(3), path(4)).unwrap();
    let lines = ["fixtures/story-000002.ndjson: missing", "fixtures/story-000004.ndjson: not part of the run"];
    finds(&check(folder.path(), "-o fixtures/"), &lines, "1 is missing, 1 is not part of the run");
}

#[test]
fn one_file_is_compared_to_its_end() {
    let folder = made("-o trail.ndjson");
    let path = folder.path().join("trail.ndjson");
    let text = fs::read_to_string(&path).unwrap();
    let cut = |bytes: usize| text[..bytes].to_owned();
    let third: usize = text.split_inclusive('\n').take(3).map(str::len).sum();
    for (changed, expected) in [
        (text.replacen("DeletePool", "", 1).replacen("\"time\"", "\"Time\"", 1), "line 1 differs"),
        (cut(third), "ends before line 4"),
        (cut(third - 1), "line 3 differs"),
        (cut(third + 1), "line 4 differs"),
        (String::new(), "ends before line 1"),
        (format!("{text}\n"), "continues after line 12"),
        (text.replace('\n', "\r\n"), "line 1 differs"),
    ] {
        fs::write(&path, changed).unwrap();
        finds(&check(folder.path(), "-o trail.ndjson"), &[&format!("trail.ndjson: {expected}")], "1 file differs");
    }
    fs::remove_file(&path).unwrap();
    finds(&check(folder.path(), "-o trail.ndjson"), &["trail.ndjson: missing"], "1 is missing");
}

/// What counts is what is in it.
#[test]
fn compressed_files_are_compared_by_what_is_in_them() {
    use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
    use std::io::{Read, Write};
    let folder = made("-o trail.ndjson.gz");
    let path = folder.path().join("trail.ndjson.gz");
    let mut text = String::new();
    MultiGzDecoder::new(fs::File::open(&path).unwrap()).read_to_string(&mut text).unwrap();
    let compressed = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    fs::write(&path, compressed(&text)).unwrap();
    check(folder.path(), "-o trail.ndjson.gz").quiet();
    fs::write(&path, compressed(&text.replacen("DeleteComputePool", "DeleteComputerPool", 1))).unwrap();
    finds(&check(folder.path(), "-o trail.ndjson.gz"), &["trail.ndjson.gz: line 10 differs"], "1 file differs");
    fs::write(&path, "no gzip at all").unwrap();
    let found = check(folder.path(), "-o trail.ndjson.gz");
    assert_eq!(found.code, 1);
    assert!(found.text().starts_with("trail.ndjson.gz: cannot be read after line 0: "), "{}", found.text());
}

/// The run file may lie among its fixtures.
#[test]
fn the_run_file_is_no_stranger() {
    let folder = tempdir().unwrap();
    write(folder.path(), &[("story.yaml", STORY)]);
    let words = "generate story.yaml --seed 7 --from 2026-01-05 -q -o all/ --split event --write-run all/run.json";
    line(folder.path(), words).quiet();
    let words = "generate --run all/run.json --check -o all/";
    assert_eq!(line(folder.path(), words).quiet().text(), "4 files are as the run makes them\n");
}

#[test]
fn what_cannot_be_compared_is_a_failure() {
    let folder = made("-o fixtures/ --split event");
    let found = check(folder.path(), "-o missing/");
    assert_eq!((found.code, found.text()), (1, ""), "{}", found.stderr);
    assert!(found.stderr.contains("there is no directory `missing/`"), "{}", found.stderr);
    let found = check(folder.path(), "-o fixtures/ --format batch");
    assert_eq!((found.code, found.text()), (2, ""), "{}", found.stderr);
    // A run that makes other events finds every file.
    let other = fs::read_to_string(folder.path().join("run.json")).unwrap().replace("\"seed\": 7", "\"seed\": 8");
    fs::write(folder.path().join("run.json"), other).unwrap();
    let found = check(folder.path(), "-o fixtures/");
    let of_the_run = found.text().lines().filter(|line| !line.ends_with("not part of the run")).count();
    assert_eq!((found.code, of_the_run), (1, 12), "{}", found.text());
}

/// To write again what came through a pipeline would destroy what is to be looked at.
#[test]
fn events_that_a_pipeline_has_left_are_not_offered_to_be_replaced() {
    let folder = made("-o trail.ndjson");
    let trail = fs::read_to_string(folder.path().join("trail.ndjson")).unwrap();
    let lines: Vec<&str> = trail.lines().collect();
    let of = |lines: &[String]| lines.join("\n") + "\n";
    let mut reversed: Vec<String> = lines.iter().map(ToString::to_string).collect();
    reversed.reverse();
    let twice: Vec<String> = lines.iter().flat_map(|line| [line.to_string(), line.to_string()]).collect();
    let spaced: Vec<String> = lines.iter().map(|line| line.replacen("\":", "\": ", 1)).collect();
    let within: Vec<String> = lines.iter().map(|line| format!("{{\"partition\":0,\"value\":{line}}}")).collect();
    let as_text = |line: &&str| format!("{{\"value\":{}}}", serde_json::Value::from(*line));
    let quoted: Vec<String> = lines.iter().map(as_text).collect();
    for (text, why) in [
        (of(&reversed), "in another order"),
        (of(&twice), "some of them twice"),
        (of(&spaced), "written in another form"),
        (of(&within), "each within something else"),
        (of(&quoted), "each within something else"),
    ] {
        fs::write(folder.path().join("came.ndjson"), text).unwrap();
        let found = check(folder.path(), "-o came.ndjson");
        assert!(found.code == 1 && found.stderr.contains(why), "{why}: {}", found.stderr);
        assert!(
            found.stderr.contains("jq -r .id came.ndjson") && !found.stderr.contains("--force"),
            "{}",
            found.stderr
        );
    }
    // A fixture that is no longer as the run makes it can be written again.
    fs::write(folder.path().join("trail.ndjson"), trail.replacen("SUCCESS", "FAILURE", 1)).unwrap();
    let found = check(folder.path(), "-o trail.ndjson");
    assert!(found.code == 1 && found.stderr.contains("`--force` instead of `--check`"), "{}", found.stderr);
    let found = crate::command_run::shell(
        folder.path(),
        "mkfifo pipe; echo '{}' > pipe & falsetrail generate --run run.json --check -o pipe",
    );
    assert!(found.code == 1 && !found.stderr.contains("--force"), "{}", found.stderr);
}
