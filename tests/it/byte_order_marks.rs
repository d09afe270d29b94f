//! Editors of some systems begin a file with a byte order mark: it is no part of what is written there.

use super::command_run::line;
use std::{fs, path::Path};
use tempfile::tempdir;

/// Puts the mark before what a file has.
fn mark(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, format!("\u{feff}{text}")).unwrap();
}

#[test]
fn a_mark_before_json_or_yaml_changes_nothing() {
    let folder = tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("templates")).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/catalog");
    for name in ["catalog.yaml", "IssueBadge.json", "PromoteBadge.json", "RevokeBadge.json", "UseBadge.json"] {
        fs::copy(shipped.join(name), path("templates").join(name)).unwrap();
    }
    let words = "generate issue-badge --templates templates --seed 7 --from 2026-01-05 --write-run run.json --force";
    let plain = line(folder.path(), words).fine();
    for name in ["templates/catalog.yaml", "templates/IssueBadge.json"] {
        mark(&path(name));
    }
    assert!(line(folder.path(), words).fine().stdout == plain.stdout);
    mark(&path("run.json"));
    assert!(line(folder.path(), "generate --run run.json").fine().stdout == plain.stdout);
}

#[cfg(feature = "kafka")]
#[test]
fn a_mark_before_a_list_of_events_is_no_mistake() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("list"), "\u{feff}{\"event\":2}\n").unwrap();
    let words = "plan pool-lifecycle --seed 1 --from 2026-01-05 -b localhost:1 -t audit --only list --json";
    let found = line(folder.path(), words).quiet();
    assert!(found.text().contains("\"events\": 1,"), "{}", found.text());
}
