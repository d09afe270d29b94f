//! What there is, and what each name stands for: `list`, `show` and `validate`.

use super::command_run::{line, run};
use std::{fs, path::Path};
use tempfile::tempdir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The shipped scenarios, by `list`.
pub fn scenarios() -> Vec<String> {
    let listed = line(root(), "list").quiet();
    let names = listed.text().lines().filter(|line| !line.starts_with(' '));
    names.map(str::to_owned).collect()
}

/// The words of one column of a listed table.
fn column(what: &str, column: usize) -> Vec<String> {
    let listed = line(root(), &format!("list {what}")).quiet();
    let rows = listed.text().lines().skip(1);
    rows.map(|row| row.split_whitespace().nth(column).expect("a row has words").to_owned()).collect()
}

#[test]
fn every_shipped_scenario_is_listed_with_what_it_is_good_for() {
    let mut files: Vec<String> = fs::read_dir(root().join("scenarios"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let mut names = scenarios();
    names.sort();
    assert_eq!(names, files);
    let listed = line(root(), "list scenarios").quiet();
    assert_eq!(listed.text(), line(root(), "list").text());
    for pair in listed.text().lines().collect::<Vec<_>>().windows(2) {
        assert!(pair[0].starts_with(' ') || pair[1].starts_with("    "), "{} has no description", pair[0]);
        assert!(pair[0].chars().count() <= 100, "{}", pair[0]);
    }
}

/// Whoever grows a story from a shipped one begins with the same events.
#[test]
fn what_is_shown_of_a_scenario_is_the_same_scenario() {
    let folder = tempdir().unwrap();
    for name in scenarios() {
        let shown = run(root(), ["show", &name, "--as", "yaml"]).quiet();
        fs::write(folder.path().join(format!("{name}.yaml")), &shown.stdout).unwrap();
        // With a rate a run needs an end, and has no whole instances.
        let paced = shown.text().contains("\ndaily:");
        for amount in ["", "-n 60", "--instances 2"].into_iter().filter(|amount| !paced || *amount == "-n 60") {
            let options = format!("{amount} --seed 3 --from 2026-01-05T08:00:00Z --quiet");
            let shipped = line(folder.path(), &format!("generate {name} {options}")).quiet();
            let grown = line(folder.path(), &format!("generate {name}.yaml {options}")).quiet();
            assert!(shipped.stdout == grown.stdout, "{name} {amount}");
        }
        let again = run(folder.path(), ["show", &format!("{name}.yaml"), "--as", "yaml"]).quiet();
        // Written out, it is the same, and it stays so.
        fs::write(folder.path().join(format!("{name}.yaml")), &again.stdout).unwrap();
        let words = format!("generate {name} -n 60 --seed 3 --from 2026-01-05T08:00:00Z --quiet");
        let written = line(folder.path(), &words.replace(&name, &format!("{name}.yaml"))).quiet();
        assert!(line(folder.path(), &words).quiet().stdout == written.stdout, "{name}");
        let twice = run(folder.path(), ["show", &format!("{name}.yaml"), "--as", "yaml"]).quiet();
        assert_eq!(twice.text(), again.text());
    }
    let checked = run(folder.path(), ["validate", "."]).quiet();
    assert_eq!(checked.text().lines().count(), scenarios().len());
}

#[test]
fn what_is_shown_of_one_line_is_a_file_that_works() {
    let folder = tempdir().unwrap();
    for scenario in [
        "create-pool -> delete-pool",
        "create-pool,update-pool-failure,delete-pool",
        "create-pool → get-pool:forbidden → delete-pool",
        "get-pool:not-found,get-pool-failure",
        "CreateComputePool -> UpdateComputePool:max-cfu-reduction -> DeleteComputePool",
        "create-statement,list-statements,delete-statement",
        "list-regions,list-pools,list-workspaces,list-statements",
        "create-pool-failure",
        "create-pool:already-exists,get-pool",
    ] {
        let shown = run(folder.path(), ["show", scenario, "--as", "yaml"]).quiet();
        fs::write(folder.path().join("story.yaml"), &shown.stdout).unwrap();
        assert_eq!(line(folder.path(), "validate story.yaml").quiet().text(), "story.yaml: ok\n", "{scenario}");
        let options = ["--seed", "3", "--from", "2026-01-05", "--quiet"];
        let typed = run(folder.path(), ["generate", scenario].into_iter().chain(options)).quiet();
        let grown = run(folder.path(), ["generate", "story.yaml"].into_iter().chain(options)).quiet();
        // Identities grow from a story's name, which is another one; what happens is the same.
        assert_eq!(happenings(typed.text()), happenings(grown.text()), "{scenario}");
    }
}

/// Method and status of each event.
fn happenings(events: &str) -> Vec<String> {
    let of = |event: &str| {
        let event: serde_json::Value = serde_json::from_str(event).expect("an event is JSON");
        let data = &event["data"];
        let method = if data["methodName"].is_null() { &data["method_name"] } else { &data["methodName"] };
        format!("{method} {}", data["result"]["status"])
    };
    events.lines().map(of).collect()
}

#[test]
fn a_shown_update_says_that_it_fails_by_itself() {
    let folder = tempdir().unwrap();
    let scenario = "resources:\n  pool: { kind: compute-pool, max_cfu: 10 }\nsteps:\n  - create-pool\n  - { call: update-pool, with: { max_cfu: 5 } }\n";
    fs::write(folder.path().join("story.yaml"), scenario).unwrap();
    let shown = line(folder.path(), "show story.yaml --as yaml").quiet();
    assert!(shown.text().contains("fails by itself with `max-cfu-reduction`"), "{}", shown.text());
    fs::write(folder.path().join("grown.yaml"), &shown.stdout).unwrap();
    line(folder.path(), "validate grown.yaml").quiet();
    let made = line(folder.path(), "generate story.yaml --quiet").quiet();
    assert_eq!(happenings(made.text())[1], r#""UpdateComputePool" "FAILURE""#);
}

#[test]
fn every_method_can_be_shown_and_its_example_is_an_event() {
    let (names, shorts) = (column("methods", 0), column("methods", 1));
    assert_eq!(names.len(), 17);
    for (name, short) in names.iter().zip(&shorts) {
        let shown = run(root(), ["show", name]).quiet();
        assert_eq!(shown.text(), run(root(), ["show", short]).text());
        let text = shown.text();
        assert!(text.starts_with(&format!("{name} ({short}): ")), "{text}");
        for part in [
            "\nfailures, the usual one first:\n",
            "\n  forbidden ",
            &format!("/{name}.json\n"),
            "\ndiffers from event to event:\n  ",
        ] {
            assert!(text.contains(part), "{name} shows no {part:?}");
        }
        let (_, example) = text.split_once("\nexample:\n").expect("there is an example");
        let event: serde_json::Value = serde_json::from_str(example).expect("the example is JSON");
        for key in ["id", "source", "specversion", "type", "subject", "time", "data"] {
            assert!(!event[key].is_null(), "{name}: no {key}");
        }
        assert_eq!(event["specversion"], "1.0");
        let data = &event["data"];
        let result = &data["result"]["status"];
        assert_eq!(result, "SUCCESS", "{name}");
    }
}

#[test]
fn every_kind_can_be_shown_with_its_fields() {
    let kinds = column("kinds", 0);
    assert!(kinds.contains(&"compute-pool".to_owned()));
    for kind in kinds {
        let shown = run(root(), ["show", &kind]).quiet();
        assert!(shown.text().starts_with(&format!("{kind} (`")), "{}", shown.text());
        assert!(shown.text().contains("\nfields:\n  "), "{}", shown.text());
    }
    // Also by the name that templates give it.
    assert_eq!(line(root(), "show pool").text(), line(root(), "show compute-pool").text());
}

#[test]
fn every_failure_is_listed_and_belongs_to_methods() {
    let mut used: Vec<String> = line(root(), "list methods")
        .text()
        .lines()
        .skip(1)
        .flat_map(|row| row.split_whitespace().skip(3).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    used.sort();
    used.dedup();
    let mut listed = column("failures", 0);
    listed.sort();
    assert_eq!(listed, used);
}

/// What a table calls fixable can be fixed, and by that name.
#[test]
fn regions_are_chosen_by_their_id() {
    let listed = line(root(), "list kinds").quiet();
    let region = listed.text().lines().find(|row| row.starts_with("region ")).expect("there are regions");
    assert_eq!(region.split_whitespace().skip(3).collect::<Vec<_>>(), ["id"], "{region}");
    let made = line(root(), "generate create-pool --set region.id=aws.eu-west-1 --quiet").quiet();
    assert!(made.text().contains("flink-region=aws.eu-west-1/"), "{}", made.text());
}

#[test]
fn names_of_nothing_are_explained() {
    for (arguments, expected) in [
        ("show pool-lifecylce", "did you mean `pool-lifecycle`?"),
        ("show crate-pool", "did you mean `create-pool`?"),
        ("show CreateComputPool", "did you mean `CreateComputePool`?"),
        ("show compute-pol", "did you mean `compute-pool`?"),
        ("show zebra", "nothing is called `zebra`"),
        ("show missing.yaml", "there is no file `missing.yaml`"),
        ("show ./missing.yaml", "there is no file `./missing.yaml`"),
        ("show missing/pool", "there is no file `missing/pool`"),
        ("validate missing.yaml", "missing.yaml`"),
        ("validate missing/story.yaml", "there is no file `missing/story.yaml`"),
        ("validate missing", "missing`"),
        ("list scenario", "scenarios"),
        ("list zebra", "possible values: scenarios, methods, kinds, failures"),
    ] {
        let found = line(tempdir().unwrap().path(), arguments);
        assert_eq!((found.code, found.text()), (2, ""), "{arguments}: {}", found.stderr);
        assert!(found.stderr.contains(expected), "{arguments}: {}", found.stderr);
    }
}

#[test]
fn good_scenarios_and_catalogs_are_one_line_each() {
    let checked = line(root(), "validate scenarios").quiet();
    let expected: Vec<String> = {
        let mut names = scenarios();
        names.sort_by_key(|name| format!("{name}.yaml"));
        names.iter().map(|name| format!("scenarios/{name}.yaml: ok")).collect()
    };
    assert_eq!(checked.text().lines().collect::<Vec<_>>(), expected);
    let catalog = line(root(), "validate templates/confluent-flink").quiet();
    assert_eq!(catalog.text(), "templates/confluent-flink: ok\n");
    let both = line(root(), "validate templates/confluent-flink scenarios/busy-day.yaml").quiet();
    assert_eq!(both.text(), "templates/confluent-flink: ok\nscenarios/busy-day.yaml: ok\n");
    // The built-in catalog is a folder like any other.
    let own = line(root(), "validate scenarios --templates templates/confluent-flink").quiet();
    assert_eq!(own.text(), checked.text());
    let found = line(root(), "validate tests/broken");
    assert_eq!(found.code, 2);
}

#[test]
fn a_folder_without_scenarios_is_no_success() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    let found = line(folder.path(), "validate empty");
    assert_eq!((found.code, found.text()), (2, ""));
    assert!(found.stderr.contains("`empty` has no `.yaml` files"), "{}", found.stderr);
}
