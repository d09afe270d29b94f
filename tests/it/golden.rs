//! What runs looked like yesterday. After a change that is meant to change them:
//!
//! ```text
//! FALSETRAIL_UPDATE_GOLDEN=1 cargo test golden
//! ```

use std::fs;

use super::trail;

const UPDATE: &str = "FALSETRAIL_UPDATE_GOLDEN=1 cargo test golden";

/// Holds a scenario's events against its golden file, or writes that.
fn check(scenario: &str) {
    let mut told = String::new();
    for event in trail::plan(&trail::run_of(scenario)).events() {
        told += &String::from_utf8(event.body).unwrap();
        told.push('\n');
    }
    let path = trail::folder("golden").join(format!("{scenario}.ndjson"));
    if std::env::var_os("FALSETRAIL_UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        fs::create_dir_all(trail::folder("golden")).unwrap();
        fs::write(&path, told).unwrap();
        return;
    }
    let golden = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}\n{UPDATE}", path.display()));
    if let Some(difference) = first_difference(&golden, &told) {
        panic!("tests/golden/{scenario}.ndjson: {difference}\nif that is as it should be: {UPDATE}");
    }
}

/// The first line that differs, in both versions.
fn first_difference(golden: &str, told: &str) -> Option<String> {
    if golden == told {
        return None;
    }
    let (mut golden, mut told) = (golden.split_inclusive('\n'), told.split_inclusive('\n'));
    for number in 1.. {
        let (expected, found) = (golden.next(), told.next());
        if expected != found {
            let shown =
                |line: Option<&str>| line.map_or("(no such line)".to_owned(), |line| line.trim_end().to_owned());
            return Some(format!("line {number} differs\n  golden: {}\n  now:    {}", shown(expected), shown(found)));
        }
    }
    None
}

#[test]
fn golden_pool_resize_failure() {
    check("pool-resize-failure");
}

#[test]
fn golden_every_method() {
    check("every-method");
}

#[test]
fn golden_notebook_session() {
    check("notebook-session");
}

#[test]
fn golden_comparisons_name_the_first_line_that_differs() {
    assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
    let cases = [
        ("a\nb\nc\n", "a\nx\nc\n", "line 2 differs\n  golden: b\n  now:    x"),
        ("a\n", "a\nb\n", "line 2 differs\n  golden: (no such line)\n  now:    b"),
        ("a\nb\n", "a\n", "line 2 differs\n  golden: b\n  now:    (no such line)"),
    ];
    for (golden, told, expected) in cases {
        assert_eq!(first_difference(golden, told).as_deref(), Some(expected));
    }
}
