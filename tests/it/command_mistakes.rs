//! What the command says about broken scenarios, catalogs and templates: the files in `tests/broken`.
//!
//! Each has the expected message beside it, `NAME.stderr`; `FALSETRAIL_UPDATE_GOLDEN=1 cargo test --test it` writes
//! them anew, to be read before they are committed:
//!
//! - `NAME.yaml`: a scenario, for `validate`;
//! - `templates/NAME/`: templates in place of the built-in ones, for `generate create-pool --templates`;
//! - `catalogs/NAME/`: a catalog, for `validate`; with a `scenario.yaml` in it, that is validated by the catalog;
//! - `runs/NAME.json`: a run as a file, for `generate --run`.
//!
//! What mixes name stands in `parts/`.

use super::command_run::{Run, run, with_input};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::tempdir;

/// A broken file or folder.
struct Case {
    /// Its path below `tests/broken`, without an ending.
    name: String,
    arguments: Vec<String>,
}

fn broken() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken")
}

/// The entries of a folder below `tests/broken`, sorted.
fn entries(folder: &str) -> Vec<PathBuf> {
    let read = fs::read_dir(broken().join(folder)).expect("the folder can be read");
    let mut paths: Vec<PathBuf> = read.map(|entry| entry.expect("the entry can be read").path()).collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a file has a name").to_string_lossy().into_owned()
}

fn scenarios() -> Vec<Case> {
    let files = entries("").into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    files
        .map(|path| {
            let name = stem(&path);
            Case { arguments: vec!["validate".to_owned(), format!("{name}.yaml")], name }
        })
        .collect()
}

fn folders(kind: &str) -> Vec<String> {
    entries(kind).into_iter().filter(|path| path.is_dir()).map(|path| format!("{kind}/{}", stem(&path))).collect()
}

fn templates() -> Vec<Case> {
    let case = |name: String| {
        let words = ["generate", "create-pool", "--quiet", "--templates", &name];
        Case { arguments: words.map(str::to_owned).to_vec(), name }
    };
    folders("templates").into_iter().map(case).collect()
}

fn catalogs() -> Vec<Case> {
    let case = |name: String| {
        let scenario = format!("{name}/story.yaml");
        let words = if broken().join(&scenario).is_file() {
            vec!["validate", &scenario, "--templates", &name]
        } else {
            vec!["validate", &name]
        };
        Case { arguments: words.into_iter().map(str::to_owned).collect(), name }
    };
    folders("catalogs").into_iter().map(case).collect()
}

fn runs() -> Vec<Case> {
    let files = entries("runs").into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    let case = |path: PathBuf| {
        let name = format!("runs/{}", stem(&path));
        let words = ["generate", "--quiet", "--run", &format!("{name}.json")];
        Case { arguments: words.map(str::to_owned).to_vec(), name }
    };
    files.map(case).collect()
}

fn all() -> impl Iterator<Item = Case> {
    [scenarios(), templates(), catalogs(), runs()].into_iter().flatten()
}

fn expected(case: &Case) -> String {
    let path = broken().join(format!("{}.stderr", case.name));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a broken input has to look like, whatever the words are.
fn complaints(found: &Run) -> Vec<String> {
    let mut complaints = Vec::new();
    if found.code != 2 {
        complaints.push(format!("exit status {} and not 2", found.code));
    }
    if !found.stdout.is_empty() {
        complaints.push(format!("{} on standard output", found.text()));
    }
    let errors = found.stderr.lines().filter(|line| line.starts_with("error: ")).count();
    if errors == 0 || !found.stderr.starts_with("error: ") {
        complaints.push("it does not begin with an error".to_owned());
    }
    for line in found.stderr.lines().filter(|line| line.starts_with("error: ") || line.starts_with("help: ")) {
        if line.ends_with('.') || line.contains("(os error") {
            complaints.push(format!("not our style: {line}"));
        }
    }
    complaints
}

#[test]
fn broken_input_is_explained() {
    let cases: Vec<Case> = all().collect();
    assert!(cases.len() >= 100, "only {} cases", cases.len());
    let update = std::env::var_os("FALSETRAIL_UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for case in &cases {
        let found = run(&broken(), &case.arguments);
        let command = case.arguments.join(" ");
        if update {
            let path = broken().join(format!("{}.stderr", case.name));
            fs::write(path, &found.stderr).expect("the expected message can be written");
        } else if expected(case) != found.stderr {
            wrong.push(format!("`{command}`\n--- expected\n{}--- found\n{}", expected(case), found.stderr));
        }
        wrong.extend(complaints(&found).into_iter().map(|complaint| format!("`{command}`: {complaint}\n")));
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn every_expected_message_belongs_to_a_case() {
    let cases: Vec<String> = all().map(|case| case.name).collect();
    for (folder, before) in [("", ""), ("templates", "templates/"), ("catalogs", "catalogs/"), ("runs", "runs/")] {
        for path in entries(folder).into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "stderr"))
        {
            let name = format!("{before}{}", stem(&path));
            assert!(cases.contains(&name), "{name}.stderr is nobody's");
        }
    }
}

/// A place is where the mistake is, also for whoever opens the file at that line and column.
#[test]
fn every_place_is_in_its_file() {
    for case in all() {
        let message = expected(&case);
        for place in message.lines().filter_map(|line| line.trim_start().strip_prefix("--> ")) {
            let mut parts = place.rsplitn(3, ':');
            let mut number = || parts.next().and_then(|part| part.parse::<usize>().ok()).expect(place);
            let (column, line) = (number(), number());
            let file = parts.next().expect("a place names a file");
            let text = text_of(file);
            let length = text.split('\n').nth(line - 1).expect(place).chars().count();
            assert!((1..=length + 1).contains(&column), "{}: {place}", case.name);
        }
    }
}

/// The text of a file, or of one in a run file: `runs/NAME.json: scenario.yaml`.
fn text_of(file: &str) -> String {
    let (file, within) = file.split_once(": ").unwrap_or((file, ""));
    let bytes = fs::read(broken().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    if within.is_empty() {
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    let run: serde_json::Value = serde_json::from_slice(&bytes).expect(file);
    let lines = ["scenarios", "catalog"].into_iter().find_map(|of| run["files"][of].get(within)).expect(within);
    lines.as_array().expect(within).iter().map(|line| line.as_str().expect(within).to_owned() + "\n").collect()
}

/// Line ends and byte order marks of other editors change no place and no word.
#[test]
fn mistakes_are_the_same_with_other_line_ends_and_a_byte_order_mark() {
    let folder = tempdir().unwrap();
    for part in entries("parts") {
        fs::create_dir_all(folder.path().join("parts")).unwrap();
        fs::copy(&part, folder.path().join("parts").join(part.file_name().unwrap())).unwrap();
    }
    let mut wrong = Vec::new();
    for case in scenarios() {
        let file = format!("{}.yaml", case.name);
        let Ok(text) = fs::read_to_string(broken().join(&file)) else { continue };
        let plain = run(&broken(), &case.arguments).stderr;
        for (what, text) in [("CRLF", text.replace('\n', "\r\n")), ("a byte order mark", format!("\u{feff}{text}"))] {
            fs::write(folder.path().join(&file), text).unwrap();
            let found = run(folder.path(), &case.arguments);
            if found.stderr != plain {
                wrong.push(format!("{file} with {what}\n--- without\n{plain}--- with\n{}", found.stderr));
            }
        }
        fs::copy(broken().join(&file), folder.path().join(&file)).unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The same story as other editors and other people write it.
#[test]
fn other_ways_to_write_a_story_work() {
    let scenario = "description: A pool.\nsteps:\n  - { call: create-pool, after: 2s }\n  - delete-pool\n";
    let spellings = [
        ("crlf", scenario.replace('\n', "\r\n")),
        ("a byte order mark", format!("\u{feff}{scenario}")),
        ("both", format!("\u{feff}{}", scenario.replace('\n', "\r\n"))),
        ("no line feed at the end", scenario.trim_end().to_owned()),
        ("a document's start and end", format!("---\n{scenario}...\n")),
        ("comments", format!("# first\n\n{}\n# last\n", scenario.replace("steps:", "steps: # in order"))),
        (
            "JSON",
            r#"{"description": "A pool.", "steps": [{"call": "create-pool", "after": "2s"}, "delete-pool"]}"#
                .to_owned(),
        ),
        ("an anchor", format!("x-late: &late {{ after: 2s }}\n{}", scenario.replace("after: 2s", "<<: *late"))),
        ("a parameter", format!("params: {{ gap: 2s }}\n{}", scenario.replace("after: 2s", "after: $gap"))),
        ("the long name", scenario.replace("create-pool", "CreateComputePool")),
        ("blocks", scenario.replace("{ call: create-pool, after: 2s }", "call: create-pool\n    after: 2s")),
    ];
    let folder = tempdir().unwrap();
    let path = folder.path().join("story.yaml");
    let generate = |text: &str| {
        fs::write(&path, text).unwrap();
        let words = ["generate", "story.yaml", "--seed", "1", "--from", "2026-01-05T08:00:00Z", "--quiet"];
        run(folder.path(), words).quiet().stdout
    };
    let plain = generate(scenario);
    for (what, text) in spellings {
        assert!(generate(&text) == plain, "{what}");
        let checked = run(folder.path(), ["validate", "story.yaml"]).quiet();
        assert_eq!(checked.text(), "story.yaml: ok\n", "{what}");
    }
}

/// A long file is read like a short one, and its last mistake is found as its first one is.
#[test]
fn ten_thousand_lines_are_read_to_the_end() {
    let folder = tempdir().unwrap();
    let file = |middle: &str, last: &str| {
        format!("steps:\n  - create-pool\n{}  - {last}\n  - delete-pool\n", format!("  - {middle}\n").repeat(9_996))
    };
    fs::write(folder.path().join("good.yaml"), file("get-pool", "get-pool")).unwrap();
    fs::write(folder.path().join("bad.yaml"), file("get-pool", "gett-pool")).unwrap();
    fs::write(folder.path().join("worse.yaml"), file("gett-pool", "get-pool")).unwrap();
    let good = run(folder.path(), ["validate", "good.yaml"]).quiet();
    assert_eq!(good.text(), "good.yaml: ok\n");
    let bad = run(folder.path(), ["validate", "bad.yaml"]);
    assert_eq!(bad.code, 2);
    assert!(bad.stderr.contains(" --> ./bad.yaml:9999:5\n"), "{}", bad.stderr);
    assert!(bad.stderr.contains("did you mean `get-pool`?"), "{}", bad.stderr);
    let worse = run(folder.path(), ["validate", "worse.yaml"]);
    assert_eq!((worse.code, worse.stderr.matches("error: ").count()), (2, 20));
    assert!(worse.stderr.ends_with("\n… and 9976 more\n"), "{}", worse.stderr);
}

#[test]
fn broken_standard_input_is_explained_as_a_file_is() {
    let folder = tempdir().unwrap();
    let found = with_input(folder.path(), "generate -", b"description: A pool.\nsteps: [craete-pool]\n");
    assert_eq!((found.code, found.text()), (2, ""));
    assert!(found.stderr.contains("standard input:2:9"), "{}", found.stderr);
    assert!(found.stderr.contains("did you mean `create-pool`?"), "{}", found.stderr);
    for (input, expected) in [(b"".as_slice(), "is empty"), (b"steps: [create-pool\xff]\n", "not UTF-8")] {
        let found = with_input(folder.path(), "generate -", input);
        assert_eq!((found.code, found.text()), (2, ""), "{}", found.stderr);
        assert!(found.stderr.contains(expected), "{}", found.stderr);
    }
}

#[test]
fn a_folder_of_broken_files_is_reported_as_a_whole() {
    let found = run(&broken(), ["validate", "."]);
    assert_eq!((found.code, found.text()), (2, ""));
    // As many as a person reads, and a count of the others.
    assert!(found.stderr.contains("\n… and "), "{}", found.stderr);
    // Good ones beside bad ones are named, and the bad ones decide.
    let found = run(&broken(), ["validate", "../../scenarios", "wrong-kind.yaml", "unknown-method.yaml"]);
    assert_eq!(found.code, 2);
    assert!(
        !found.text().is_empty() && found.text().lines().all(|line| line.ends_with(".yaml: ok")),
        "{}",
        found.text()
    );
    for file in ["wrong-kind.yaml:", "unknown-method.yaml:"] {
        assert!(found.stderr.contains(file), "{}", found.stderr);
    }
    // A folder with nothing to check is a mistake, and hides nothing.
    let found = run(&broken(), ["validate", "runs", "wrong-kind.yaml", "../../scenarios"]);
    assert_eq!(found.code, 2);
    assert!(found.text().contains("busy-day.yaml: ok\n"), "{}", found.text());
    for said in ["`runs` has no `.yaml` files", "wrong-kind.yaml:"] {
        assert!(found.stderr.contains(said), "{}", found.stderr);
    }
}
