//! Scenarios to begin with, and `validate` for programs.

use super::command_run::{line, run};
use serde_json::{Value, json};
use std::{fs, path::Path};
use tempfile::tempdir;

fn broken() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken")
}

#[test]
fn a_new_scenario_works_as_it_is() {
    let folder = tempdir().unwrap();
    let made = line(folder.path(), "new my-scenario").fine();
    assert!(made.text().is_empty() && made.stderr.contains("falsetrail show my-scenario.yaml"), "{}", made.stderr);
    assert_eq!(line(folder.path(), "validate my-scenario.yaml").quiet().text(), "my-scenario.yaml: ok\n");
    line(folder.path(), "show my-scenario.yaml").quiet();
    let events = line(folder.path(), "generate my-scenario.yaml --instances 20 --seed 1 --from 2026-01-05 -q").quiet();
    // All that it has happens: failures and both branches.
    for part in ["\"FAILURE\"", "\"UpdateComputePool\"", "\"DeleteComputePool\""] {
        assert!(events.text().contains(part), "{part}");
    }
    line(folder.path(), "generate my-scenario.yaml --set looks=10 -q").quiet();
    let text = fs::read_to_string(folder.path().join("my-scenario.yaml")).unwrap();
    assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
}

#[test]
fn a_new_scenario_replaces_nothing() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("mine.yaml"), "mine").unwrap();
    for name in ["mine", "mine.yaml"] {
        let refused = line(folder.path(), &format!("new {name}"));
        assert_eq!((refused.code, refused.text()), (2, ""));
        assert!(refused.stderr.contains("`mine.yaml` already exists"), "{}", refused.stderr);
    }
    assert_eq!(fs::read_to_string(folder.path().join("mine.yaml")).unwrap(), "mine");
    let missing = line(folder.path(), "new missing/story");
    assert_eq!(missing.code, 1, "{}", missing.stderr);
    assert!(missing.stderr.contains("cannot write `missing/story.yaml`"), "{}", missing.stderr);
}

/// A catalog brings its own words.
#[test]
fn a_new_scenario_has_the_words_of_its_catalog() {
    let folder = tempdir().unwrap();
    let catalog = broken().join("catalogs/story-of-another-catalog");
    let catalog = catalog.to_str().unwrap();
    run(folder.path(), ["new", "door.yml", "--templates", catalog]).fine();
    let text = fs::read_to_string(folder.path().join("door.yml")).unwrap();
    for word in ["door: { kind: door, existing: true }", "call: open-door", "outcome: locked"] {
        assert!(text.contains(word), "{text}");
    }
    let events = run(folder.path(), ["generate", "door.yml", "--templates", catalog, "-q"]).quiet();
    assert!(events.text().lines().count() >= 3, "{}", events.text());
}

#[test]
fn mistakes_are_told_to_programs() {
    let found =
        run(&broken(), ["validate", "--format", "json", "unknown-step-key.yaml", "../../scenarios", "missing.yaml"]);
    assert_eq!((found.code, found.stderr.as_str()), (2, ""));
    let diagnostics: Value = serde_json::from_str(found.text()).unwrap();
    let first = &diagnostics[0];
    assert_eq!(first["file"], "unknown-step-key.yaml");
    assert_eq!(first["severity"], "error");
    assert_eq!(first["message"], "a step has no key `afer`");
    assert_eq!(first["help"][0], "did you mean `after`?");
    // The place is that of the word, and `end` is behind it.
    let text = fs::read_to_string(broken().join("unknown-step-key.yaml")).unwrap();
    let number = |value: &Value| value.as_u64().unwrap() as usize;
    let line_text = text.lines().nth(number(&first["line"]) - 1).unwrap();
    let (begin, end) = (number(&first["column"]), number(&first["end"]["column"]));
    assert_eq!(first["line"], first["end"]["line"]);
    assert_eq!(line_text.get(begin - 1..end - 1), Some("afer"));
    let last = diagnostics.as_array().unwrap().last().unwrap();
    assert_eq!((&last["file"], &last["line"]), (&json!("missing.yaml"), &Value::Null));
    assert!(last["message"].as_str().unwrap().contains("missing.yaml"), "{last}");
}

#[test]
fn all_mistakes_are_told_to_programs_and_none_are_an_empty_list() {
    let found = run(&broken(), ["validate", "--format", "json", "."]);
    let diagnostics: Value = serde_json::from_str(found.text()).unwrap();
    assert!(found.code == 2 && diagnostics.as_array().unwrap().len() > 100);
    let keys = ["file", "line", "column", "end", "severity", "message", "label", "help"];
    for diagnostic in diagnostics.as_array().unwrap() {
        assert!(diagnostic.as_object().unwrap().keys().eq(keys), "{diagnostic}");
    }
    let good =
        run(&broken(), ["validate", "--format=json", "../../scenarios", "../../templates/confluent-flink"]).quiet();
    assert_eq!(good.text(), "[]\n");
}
