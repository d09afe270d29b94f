//! A run as a file: written down, repeated where there is nothing else, and compared with files that are there.

use super::command_run::{Run, line, run, shell};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::{TempDir, tempdir};

mod check;
mod texts;

/// Writes files below a folder, by their paths.
pub fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// A run that was written down, alone in a folder.
struct Written {
    alone: TempDir,
    /// What the run made when it was written down.
    first: Run,
}

impl Written {
    fn folder(&self) -> &Path {
        self.alone.path()
    }

    fn text(&self) -> String {
        fs::read_to_string(self.folder().join("run.json")).unwrap()
    }

    fn document(&self) -> Value {
        serde_json::from_str(&self.text()).expect("a run file is JSON")
    }
}

/// Generates, writes the run down, and takes everything away but the run file.
fn written(files: &[(&str, &str)], arguments: &[&str]) -> Written {
    let origin = tempdir().unwrap();
    write(origin.path(), files);
    let words = ["generate", "--write-run", "run.json"];
    let first = run(origin.path(), words.iter().chain(arguments)).fine();
    assert!(!first.stdout.is_empty(), "{arguments:?}");
    let alone = tempdir().unwrap();
    fs::rename(origin.path().join("run.json"), alone.path().join("run.json")).unwrap();
    origin.close().unwrap();
    Written { alone, first }
}

const STORY: &str = "params: { times: 2, gap: 1s }\nsteps:\n  - create-pool\n  - { call: get-pool, \
                     repeat: { times: $times, every: $gap } }\n";
const DAY: &str = "every: 3s\npopulation: { users: 9 }\nmix:\n  - { scenario: notebook-session, weight: 2 }\n  - \
                   { scenario: parts/evening.yaml, with: {} }\n";
const EVENING: &str = "mix:\n  - { scenario: ../story.yaml, with: { times: 1..3, gap: 250ms } }\n  - \
                       { scenario: ./night.yaml, weight: 0.5 }\n  - 'create-workspace -> delete-workspace'\n";
/// Without a line feed at its end, and with other line ends.
const NIGHT: &str = "# Straße 🚪 \"quoted\\\"\r\nsteps: [create-pool, delete-pool]";
/// A good one, for broken stories.
const CATALOG: &str = include_str!("../broken/catalogs/story-of-another-catalog/catalog.yaml");

/// Folders of templates: one of a single template, one with a catalog.
fn templates() -> Vec<(&'static str, String)> {
    vec![
        ("one/CreateComputePool.json", r#"{ "mine": "${pool.id}" }"#.to_owned()),
        ("vault/catalog.yaml", CATALOG.to_owned()),
        ("vault/OpenDoor.json", r#"{ "id": "${event.id}", "door": "${door.id}" }"#.to_owned()),
        ("vault/PaintDoor.json", r#"{ "id": "${event.id}", "paint": "${door.id}" }"#.to_owned()),
    ]
}

/// All that a run can be made of, each repeated from its file alone.
#[test]
fn a_run_file_repeats_its_run_where_there_is_nothing_else() {
    let files =
        [("story.yaml", STORY), ("day.yaml", DAY), ("parts/evening.yaml", EVENING), ("parts/night.yaml", NIGHT)];
    let all: &[&[&str]] = &[
        &["pool-lifecycle"],
        &["busy-day", "-n", "300"],
        &["busy-day", "-d", "90s", "--seed", "18446744073709551615"],
        &["create-pool -> update-pool-failure -> delete-pool", "--instances", "3"],
        &["day.yaml", "-n", "200"],
        &["./day.yaml", "parts/night.yaml", "create-pool,delete-pool", "every-method", "-n", "200"],
        &["parts/evening.yaml", "--instances", "9", "--every", "1500ms"],
        &["story.yaml", "--set", "times=5", "--set", "pool.max_cfu=20", "--to", "2026-01-05T18:00:00+02:00"],
        &["day.yaml", "--rate", "20/s", "-d", "5s"],
        &["day.yaml", "--stage", "2s:10/s", "--stage", "1500ms:0.5/s", "--cold-start"],
        &["mass-deletion", "mass-deletion", "--from", "2026-01-05", "--instances", "4"],
        &["every-method", "--as-documented", "--format", "json"],
        &["every-method", "--format", "batch"],
    ];
    for arguments in all {
        let written = written(&files, arguments);
        let again = line(written.folder(), "generate --run run.json").fine();
        assert!(written.first.stdout == again.stdout, "{arguments:?}: other bytes by\n{}", written.text());
        assert_eq!(again.again(), "falsetrail generate --run run.json");
        // What was written down of what was read is the same.
        let second = line(written.folder(), "generate --run run.json --write-run second.json -q").quiet();
        assert!(second.stdout == again.stdout);
        assert_eq!(written.text(), fs::read_to_string(written.folder().join("second.json")).unwrap());
    }
}

#[test]
fn a_run_file_has_the_templates_that_were_used() {
    let folder = templates();
    let mut files: Vec<(&str, &str)> = folder.iter().map(|(name, text)| (*name, text.as_str())).collect();
    files.push(("doors.yaml", "steps: [open-door, paint-door]\n"));
    for (arguments, templates) in [
        (["create-pool,delete-pool", "--templates", "one"], 17),
        (["doors.yaml", "--templates", "vault"], 2),
        (["open-door,paint-door:locked", "--templates", "./vault/"], 2),
    ] {
        let written = written(&files, &arguments);
        let again = line(written.folder(), "generate --run run.json -q").quiet();
        assert!(written.first.stdout == again.stdout, "{arguments:?}: {}", again.text());
        let document = written.document();
        let catalog = document["files"]["catalog"].as_object().unwrap();
        assert_eq!(catalog.len(), templates + 1);
        assert_eq!(catalog.keys().next().unwrap(), "catalog.yaml");
    }
}

/// Nothing but the file is read, also where there are files of the same names.
#[test]
fn a_run_file_is_the_whole_truth() {
    let files = [("day.yaml", "mix: [story.yaml, pool-lifecycle]\n"), ("story.yaml", STORY)];
    let written = written(&files, &["day.yaml", "-n", "20", "--seed", "7", "--from", "2026-01-05"]);
    write(written.folder(), &[("day.yaml", "nonsense"), ("story.yaml", "steps: [create-statement]\n")]);
    let again = line(written.folder(), "generate --run run.json -q").quiet();
    assert!(written.first.stdout == again.stdout);
    // And what stands in it is what counts, shipped scenarios included.
    let mut document = written.document();
    document["files"]["scenarios"]["pool-lifecycle"] = json!(["steps:", "  - list-statements"]);
    fs::write(written.folder().join("run.json"), document.to_string()).unwrap();
    let other = line(written.folder(), "generate --run run.json -q").quiet();
    assert!(other.text().contains("ListStatements"), "{}", other.text());
    assert!(!other.text().contains("DeleteComputePool"), "{}", other.text());
}

/// The file is for people to review: it says what was asked for, in the order of importance, and no more.
#[test]
fn a_run_file_says_what_the_run_is() {
    let options = ["--rate", "2/s", "--cold-start", "-n", "5", "--seed", "7", "--from", "2026-01-05T10:00:00+02:00"];
    let more = ["--set", "times=1", "--as-documented", "--stage", "1m:5/s"];
    let arguments = [["story.yaml"].as_slice(), &options, &more[..3]].concat();
    let written = written(&[("story.yaml", STORY)], &arguments);
    let document = written.document();
    let keys: Vec<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = "falsetrail_run version scenarios seed from events rate cold_start set as_documented files";
    assert_eq!(keys, expected.split(' ').collect::<Vec<_>>());
    assert_eq!(document["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["from"], "2026-01-05T08:00:00Z");
    assert_eq!(document["rate"], "2/s");
    let lines: Vec<&str> = STORY.lines().collect();
    assert_eq!(document["files"]["scenarios"]["story.yaml"], json!(lines));
    assert!(written.text().ends_with("}\n"));
    // A line of a story is a line of the file.
    assert!(written.text().contains("\n        \"  - create-pool\",\n"), "{}", written.text());
}

/// From wherever it is written down, with whatever spelling of the paths.
#[test]
fn a_run_file_does_not_know_where_it_was_written() {
    let files = [
        ("tests/fixtures/day.yaml", "mix: [./story.yaml, ../other.yaml, parts/night]\n"),
        ("tests/fixtures/story.yaml", STORY),
        ("tests/other.yaml", STORY),
        ("tests/fixtures/parts/night", "steps: [create-pool]\n"),
    ];
    let files = [files.as_slice(), &[("tests/fixtures/parts/night.yaml", "steps: [create-pool]\n")]].concat();
    let origin = tempdir().unwrap();
    write(origin.path(), &files);
    let whole = origin.path().join("tests/fixtures/day.yaml").display().to_string();
    let mut documents = Vec::new();
    for (folder, path) in [
        ("", "tests/fixtures/day.yaml"),
        ("tests", "./fixtures/day.yaml"),
        ("tests/fixtures", "day.yaml"),
        ("tests/fixtures/parts", "../day.yaml"),
        ("", whole.as_str()),
    ] {
        let words = ["generate", path, "-n", "9", "--seed", "7", "--from", "2026-01-05", "--write-run", "run.json"];
        let folder = origin.path().join(folder);
        let made = run(&folder, words).fine();
        let text = fs::read_to_string(folder.join("run.json")).unwrap();
        let alone = tempdir().unwrap();
        fs::rename(folder.join("run.json"), alone.path().join("run.json")).unwrap();
        assert!(made.stdout == line(alone.path(), "generate --run run.json -q").quiet().stdout, "{path}: {text}");
        documents.push(text);
    }
    assert!(documents.iter().all(|document| *document == documents[0]), "{documents:?}");
    let document: Value = serde_json::from_str(&documents[0]).unwrap();
    let names: Vec<&String> = document["files"]["scenarios"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["../other.yaml", "day.yaml", "parts/night", "story.yaml"]);
    assert_eq!(document["scenarios"], json!(["day.yaml"]));
}

/// A mix that names a file by its whole path finds it by that.
#[test]
fn whole_paths_in_mixes_stay_as_they_are() {
    let elsewhere = tempdir().unwrap();
    write(elsewhere.path(), &[("inner.yaml", "mix: [story.yaml]\n"), ("story.yaml", STORY)]);
    let inner = elsewhere.path().join("inner.yaml").display().to_string();
    let day = format!("mix: [{inner}, beside.yaml]\n");
    let files = [("a/day.yaml", day.as_str()), ("a/beside.yaml", STORY)];
    let written = written(&files, &["a/day.yaml", "-n", "20"]);
    elsewhere.close().unwrap();
    assert!(written.first.stdout == line(written.folder(), "generate --run run.json -q").quiet().stdout);
    assert!(written.document()["files"]["scenarios"].get("a/beside.yaml").is_some(), "{}", written.text());
}

#[test]
fn standard_input_is_written_down() {
    let folder = tempdir().unwrap();
    write(folder.path(), &[("beside.yaml", STORY), ("mix.yaml", "mix: [beside.yaml, region-survey]\n")]);
    let made =
        shell(folder.path(), "falsetrail generate - --write-run run.json -n 30 < mix.yaml && rm beside.yaml mix.yaml");
    let again = line(folder.path(), "generate --run run.json -q").quiet();
    assert!(made.fine().stdout == again.stdout);
}

#[test]
fn parts_of_a_run_file_are_parts_of_its_run() {
    let written = written(&[], &["busy-day", "-n", "500", "--from", "2026-01-05"]);
    let skipped = line(written.folder(), "generate --run run.json --skip 123").fine();
    assert_eq!(skipped.again(), "falsetrail generate --run run.json --skip 123");
    let rest = written.first.text().split_inclusive('\n').skip(123).collect::<String>();
    assert!(skipped.text() == rest);
    let shards = (0..3).map(|shard| {
        let words = format!("generate --run run.json --shard {shard}/3 -q");
        line(written.folder(), &words).quiet().text().lines().count()
    });
    assert_eq!(shards.sum::<usize>(), 500);
}

#[test]
fn the_library_repeats_a_run_file() {
    let written = written(&[("story.yaml", STORY)], &["story.yaml", "every-method", "-n", "40"]);
    let path = written.folder().join("run.json");
    let plan = falsetrail::Run::from_file(&path).unwrap().plan().unwrap();
    let bodies: Vec<u8> = plan.events().flat_map(|event| [event.body, b"\n".to_vec()].concat()).collect();
    assert!(bodies == written.first.stdout);
    assert!(falsetrail::Run::from_file(written.folder().join("missing.json")).is_err());
}

/// What a run file says cannot be said again, and what contradicts it is explained.
#[test]
fn what_does_not_go_with_a_run_file_is_refused() {
    let written = written(&[], &["create-pool", "--seed", "7"]);
    let content = [
        "create-pool",
        "--instances 2",
        "--seed 7",
        "--every 1s",
        "--rate 5/s",
        "--stage 1m:5/s",
        "--cold-start",
        "--set a=1",
        "--as-documented",
        "--templates x",
    ];
    for words in content {
        let found = line(written.folder(), &format!("generate --run run.json {words}"));
        assert_eq!((found.code, found.text()), (2, ""), "{words}: {}", found.stderr);
        let said = "`--run` exclude each other: the run file says what the run is";
        assert!(found.stderr.contains(said), "{words}: {}", found.stderr);
    }
    for words in ["-n 5", "--to now", "-d 5s"] {
        let found = line(written.folder(), &format!("generate --run run.json {words}"));
        assert_eq!((found.code, found.text()), (2, ""), "{words}: {}", found.stderr);
        let said = "`--run` exclude each other: the run file says where the run ends";
        assert!(found.stderr.contains(said), "{words}: {}", found.stderr);
    }
    for (words, expected) in [
        ("--run missing.json", "there is no file `missing.json`"),
        ("--run run.json --check", "--output"),
        ("--check -o x", "--run"),
        ("--run run.json --check -o -", "standard output cannot be checked"),
        ("--run run.json --check -o .", "`.` is a directory"),
        ("--run run.json --check -o x --force", "'--force'"),
        ("--run run.json --check -o x --skip 5", "'--skip"),
        ("create-pool --write-run -", "standard output is for events"),
        ("create-pool --write-run x -o x", "name the same file"),
        ("create-pool --shard 0/2 --seed 1", "`--from`"),
    ] {
        let found = line(written.folder(), &format!("generate {words}"));
        assert_eq!((found.code, found.text()), (2, ""), "{words}: {}", found.stderr);
        assert!(found.stderr.contains(expected), "{words}: {}", found.stderr);
    }
    assert_eq!(names(written.folder()), ["run.json"]);
}

/// What is wrong with an option stands in the file, too.
#[test]
fn mistakes_in_options_name_the_run_file() {
    let written = written(&[], &["mass-deletion", "--set", "deletes=4"]);
    for (key, value, expected) in [
        ("set", json!(["delets=4"]), "it stands in `run.json`"),
        ("scenarios", json!(["mass-deletion", "create-pool:on-fire"]), "it stands in `run.json`"),
        ("key", json!("colour"), "in `run.json`: there is no key `colour`"),
        ("instances", json!(3), "in `run.json`: `--instances` and a rate exclude each other"),
    ] {
        let mut document = written.document();
        document["rate"] = json!("5/s");
        document["events"] = if key == "instances" { Value::Null } else { json!(5) };
        document[key] = value;
        let text = document.to_string().replace(r#""events":null,"#, "");
        fs::write(written.folder().join("broken.json"), text.replace("run.json", "broken.json")).unwrap();
        let found = line(written.folder(), "generate --run broken.json");
        assert_eq!((found.code, found.text()), (2, ""), "{}", found.stderr);
        assert!(found.stderr.contains(&expected.replace("run.json", "broken.json")), "{key}: {}", found.stderr);
    }
}

/// A minor version may change bytes, a patch release never does.
#[test]
fn another_program_is_a_warning_only_if_bytes_may_differ() {
    let written = written(&[], &["create-pool", "--seed", "7"]);
    let numbers: Vec<u64> = env!("CARGO_PKG_VERSION").split('.').map(|number| number.parse().unwrap()).collect();
    let [major, minor, patch] = numbers[..] else { panic!("{numbers:?}") };
    for (version, warns) in [
        (format!("{major}.{minor}.{}", patch + 1), false),
        (format!("{major}.{minor}.0-rc.1"), false),
        (format!("{major}.{}.{patch}", minor + 1), true),
        (format!("{}.{minor}.{patch}", major + 1), true),
    ] {
        let mut document = written.document();
        document["version"] = json!(version);
        fs::write(written.folder().join("other.json"), document.to_string()).unwrap();
        let found = line(written.folder(), "generate --run other.json -q").fine();
        assert!(found.stdout == written.first.stdout);
        let expected = format!("warning: `other.json` was written by falsetrail {version}, and the bytes of ");
        assert_eq!(found.stderr.starts_with(&expected), warns, "{version}: {}", found.stderr);
        assert_eq!(found.stderr.is_empty(), !warns, "{version}: {}", found.stderr);
    }
}

#[test]
fn a_run_file_is_refused_before_anything_is_made() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("run.json"), "mine").unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    for (path, expected) in [
        ("run.json", "`run.json` already exists"),
        ("missing/run.json", "`mkdir -p missing`"),
        ("folder", "`folder` is a directory"),
    ] {
        for output in ["-o trail.ndjson", "-o events/ --split event", ""] {
            let words = format!("generate create-pool -q {output} --write-run {path}");
            let found = line(folder.path(), &words);
            assert_eq!((found.code, found.text()), (1, ""), "{words}: {}", found.stderr);
            assert!(found.stderr.contains(expected), "{words}: {}", found.stderr);
            assert_eq!(names(folder.path()), ["folder", "run.json"], "{words}");
        }
    }
    // Nor is it made where the events are refused.
    fs::write(folder.path().join("trail.ndjson"), "mine").unwrap();
    let found = line(folder.path(), "generate create-pool -q -o trail.ndjson --write-run other.json");
    assert_eq!(found.code, 1, "{}", found.stderr);
    assert_eq!(names(folder.path()), ["folder", "run.json", "trail.ndjson"]);
    line(folder.path(), "generate create-pool -q -o trail.ndjson --write-run run.json --force").quiet();
    assert!(fs::read_to_string(folder.path().join("run.json")).unwrap().starts_with("{\n"));
}

/// Names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}
