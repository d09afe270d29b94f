//! Catalogs of other systems: names that no shell takes as they are, events that are no `CloudEvents`, and what the
//! command says to do instead.

use super::command_run::{line, run};
use falsetrail::machinery::catalog::template_file;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};
use tempfile::{TempDir, tempdir};

const METHODS: &[&str] = &[
    "s3:PutObject",
    "report-failure",
    "report",
    "list,all",
    "pods/exec",
    "Add member to group",
    "4624",
    "a -> b",
    "busy-day",
    "x.yaml",
    "login_failure",
    "login",
    "call:x",
    "100%",
    "größe.Ändern",
];

fn catalog(methods: &[&str], template: &str) -> TempDir {
    let folder = tempdir().unwrap();
    let mut text = "name: storage\npopulation: { users: 3 }\nkeys: { user: ['${principal.id}'] }\nkinds:\n".to_owned();
    text.push_str("  user: { plural: users, principal: true, fields: { id: { pattern: 'u-[a-z0-9]{6}' } } }\n");
    text.push_str("  object: { plural: objects, fields: { id: { pattern: 'o-[a-z0-9]{6}' } } }\nfailures:\n");
    text.push_str("  denied: { status: '403', detail: 'no' }\nmethods:\n");
    for method in methods {
        let _ = writeln!(text, "  '{method}': {{ kind: object, does: get, failures: [denied] }}");
        fs::write(folder.path().join(template_file(method)), template.replace("METHOD", method)).unwrap();
    }
    fs::write(folder.path().join("catalog.yaml"), text).unwrap();
    folder
}

/// The methods and whether each call succeeded.
fn events(folder: &Path, scenarios: &[&str]) -> Vec<String> {
    let options = ["--templates", ".", "--seed", "7", "--from", "2026-01-05", "-q"];
    let made = run(folder, ["generate"].iter().chain(scenarios).chain(&options)).quiet();
    let event = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap();
        format!("{}{}", event["method"].as_str().unwrap(), if event["ok"] == true { "" } else { " denied" })
    };
    made.text().lines().map(event).collect()
}

const EVENT: &str = r#"{"method": "METHOD", "ok": {"$eval": "success"}, "object": "${object.id}"}"#;

#[test]
fn a_method_of_any_name_can_be_called() {
    let folder = catalog(METHODS, EVENT);
    let checked = line(folder.path(), "validate .").fine();
    assert_eq!(checked.text(), ".: ok\n");
    let listed = line(folder.path(), "list methods --templates .").quiet();
    let mut shorts = BTreeSet::new();
    for (row, method) in listed.text().lines().skip(1).zip(METHODS) {
        let rest = row.strip_prefix(method).expect("the rows are in the catalog's order");
        let short = rest.split_whitespace().next().unwrap().to_owned();
        assert!(short.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')), "{row}");
        assert_eq!(events(folder.path(), &[&short]), [*method]);
        shorts.insert(short);
    }
    assert_eq!(shorts.len(), METHODS.len());
    for method in METHODS {
        assert_eq!(events(folder.path(), &[method]), [*method]);
        let denied = format!("{method} denied");
        for written in [format!("{method}:denied"), format!("{method}:failure"), format!("{method}-failure")] {
            // `report-failure` is a method of this catalog, and `login-failure` the short name of one.
            if !METHODS.contains(&written.as_str()) && !shorts.contains(&written) {
                assert_eq!(events(folder.path(), &[&written]), [denied.as_str()], "{written}");
            }
        }
    }
}

#[test]
fn names_of_any_kind_stand_side_by_side() {
    let folder = catalog(METHODS, EVENT);
    let all: BTreeSet<String> = METHODS.iter().map(|method| (*method).to_owned()).collect();
    for separator in [",", " -> ", "->", " , "] {
        let found = events(folder.path(), &[&METHODS.join(separator)]);
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), all, "{separator}");
    }
    let steps: Vec<String> =
        METHODS.iter().map(|method| format!("  - '{method}'\n  - {{ call: '{method}' }}")).collect();
    fs::write(folder.path().join("story.yaml"), format!("steps:\n{}\n", steps.join("\n"))).unwrap();
    let twice: Vec<String> = METHODS.iter().flat_map(|method| [(*method).to_owned(), (*method).to_owned()]).collect();
    assert_eq!(events(folder.path(), &["./story.yaml"]), twice);
    let mix: Vec<String> = METHODS.iter().map(|method| format!("  - {{ scenario: '{method}' }}")).collect();
    fs::write(folder.path().join("mix.yaml"), format!("mix:\n{}\n", mix.join("\n"))).unwrap();
    let checked = line(folder.path(), "validate story.yaml mix.yaml --templates .").quiet();
    assert_eq!(checked.text(), "story.yaml: ok\nmix.yaml: ok\n");
    fs::create_dir(folder.path().join("runs")).unwrap();
    // Shown as a file it is the same scenario, and a run file has it whole.
    let shown = run(folder.path(), ["show", &METHODS.join(","), "--as", "yaml", "--templates", "."]).quiet();
    fs::write(folder.path().join("shown.yaml"), shown.text()).unwrap();
    assert_eq!(events(folder.path(), &["shown.yaml"]), METHODS);
    line(
        folder.path(),
        "generate story.yaml mix.yaml --templates . --seed 7 --from 2026-01-05 -n 40 -o out --write-run runs/run.json",
    )
    .fine();
    line(folder.path(), "generate --run runs/run.json --check -o out").fine();
    let schema = line(folder.path(), "schema scenario --templates .").quiet();
    assert!(METHODS.iter().all(|method| schema.text().contains(&format!("\"{method}\""))));
}

#[test]
fn a_template_is_found_by_its_name_in_any_spelling() {
    for file in ["s3%3APutObject.json", "s3%3aPutObject.json", "s3:PutObject.json"] {
        let folder = catalog(&["s3:PutObject"], EVENT);
        fs::rename(folder.path().join("s3%3APutObject.json"), folder.path().join(file)).unwrap();
        assert_eq!(events(folder.path(), &["s3-put-object"]), ["s3:PutObject"], "{file}");
    }
    // Templates alone take the place of the built-in ones of their names, and are checked.
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("GetComputePool.json"), r#"{"pool": "${pool.idd}"}"#).unwrap();
    let found = line(folder.path(), "validate .");
    assert_eq!((found.code, found.text()), (2, ""));
    assert!(found.stderr.contains("GetComputePool.json:1:"), "{}", found.stderr);
    assert_eq!(found.stderr.matches("error: ").count(), 1, "{}", found.stderr);
    fs::write(folder.path().join("GetComputePool.json"), r#"{"pool": "${pool.id}"}"#).unwrap();
    assert_eq!(line(folder.path(), "validate .").fine().text(), ".: ok\n");
}

/// Templates, and what makes their events no `CloudEvents`.
const NO_CLOUD_EVENTS: &[(&str, &[&str])] = &[
    ("[1]", &["is no object"]),
    (r#"{"specversion": "1.0", "id": "${event.id}", "source": "//x", "type": "t"}"#, &["has no `data`"]),
    (r#"{"id": "1", "type": "t", "data": {}}"#, &["has no `specversion`, `source`"]),
    (
        r#"{"specversion": "1.0", "id": null, "source": "", "type": 7, "data": 1}"#,
        &["has no `id`", "`source` is empty", "`type` is no text"],
    ),
    (
        r#"{"specversion": "0.3", "id": "1", "source": "//x", "type": "t", "tenant-id": "1", "traceParent": "2", "nested": {"a": 1}, "rate": 1.5, "data": 1}"#,
        &[
            "`specversion` is `0.3`",
            "`tenant-id` cannot be",
            "`traceParent` cannot be",
            "`nested` is neither",
            "`rate` is neither",
        ],
    ),
    (
        r#"{"specversion": "1.0", "id": "1", "source": "//x", "type": "t", "data": {}, "data_base64": "eA=="}"#,
        &["has both"],
    ),
    (
        r#"{"specversion": "1.0", "id": "1", "source": "//x", "type": "t", "time": "today", "data_base64": "no base64!"}"#,
        &["`time` is `today`", "is not base64"],
    ),
    (
        r#"{"$if": "success", "then": {"specversion": "1.0", "id": "1", "source": "//x", "type": "t", "data": 1}, "else": {"specversion": "1.0", "id": "1", "source": "//x", "data": {"$if": "object.id == 'x'", "then": 1}}}"#,
        &["has no `type`", "may have no `data`"],
    ),
];

#[test]
fn templates_whose_events_are_no_cloud_events_bring_warnings() {
    for (template, expected) in NO_CLOUD_EVENTS {
        let folder = catalog(&["Put"], template);
        let checked = line(folder.path(), "validate .");
        assert_eq!((checked.code, checked.text()), (0, ".: ok\n"), "{template}");
        let warnings: Vec<&str> = checked.stderr.lines().filter(|line| line.starts_with("warning: ")).collect();
        assert_eq!(warnings.len(), expected.len(), "{}", checked.stderr);
        let each = warnings.iter().zip(*expected);
        assert!(each.clone().all(|(warning, part)| warning.contains(part)), "{}", checked.stderr);
        let found: Value =
            serde_json::from_str(line(folder.path(), "validate . --format json").quiet().text()).unwrap();
        let found = found.as_array().unwrap();
        assert!(found.len() == expected.len() && found.iter().all(|found| found["severity"] == "warning"), "{found:?}");
        // Files take any JSON.
        line(folder.path(), "generate Put --templates . -q").quiet();
    }
    let fine = r#"{"specversion": "1.0", "id": "${event.id}", "source": "//x", "type": "t", "subject": null, "n1": 7, "data": null}"#;
    line(catalog(&["Put"], fine).path(), "validate .").quiet();
}

#[cfg(feature = "kafka")]
#[test]
fn modes_that_promise_cloud_events_refuse_others_before_the_first_event() {
    for (number, (template, expected)) in NO_CLOUD_EVENTS.iter().enumerate() {
        let folder = catalog(&["Put"], template);
        let kafka = "--templates . -b localhost:9092 -t audit -X test.mock.num.brokers=1 -q";
        let mode = ["structured", "binary"][number % 2];
        let found = line(folder.path(), &format!("generate Put,Put:denied {kafka} --mode {mode}"));
        assert_eq!(found.code, 2, "{template}: {}", found.stderr);
        assert!(expected.iter().all(|part| found.stderr.contains(part)), "{}", found.stderr);
        assert!(found.stderr.contains("--mode bare"), "{}", found.stderr);
    }
    // A branch that the run never takes is not held against it.
    let folder = catalog(&["Put"], NO_CLOUD_EVENTS[NO_CLOUD_EVENTS.len() - 1].0);
    let kafka = "--templates . -b localhost:9092 -t audit -X test.mock.num.brokers=1 -q";
    line(folder.path(), &format!("generate Put {kafka}")).fine();
    line(folder.path(), &format!("generate Put:denied {kafka} --mode bare")).fine();
}

#[test]
fn a_folder_is_no_scenario_and_what_to_give_is_said() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (arguments, message, help) in [
        ("generate examples/catalog/scenarios", "is a folder", "`examples/catalog/scenarios/leaver.yaml`"),
        ("generate examples/catalog/", "is a catalog", "--templates examples/catalog"),
        ("plan examples", "is a folder", "ends in `.yaml`"),
        ("show examples/catalog", "is a catalog", "falsetrail list methods"),
    ] {
        let found = line(root, arguments);
        assert_eq!((found.code, found.text()), (2, ""), "{arguments}");
        assert!(found.stderr.contains(message) && found.stderr.contains(help), "{arguments}: {}", found.stderr);
    }
    // The file of a catalog stands for its folder.
    assert_eq!(
        line(root, "validate examples/catalog/catalog.yaml").quiet().text(),
        "examples/catalog/catalog.yaml: ok\n"
    );
}

#[test]
fn instances_share_a_pinned_resource_that_they_only_read() {
    let folder = tempdir().unwrap();
    let scenario = "resources:\n  pool: { kind: compute-pool, id: lfcp-000001 }\n  query: { kind: statement, id: mine }\n\
                 steps: [get-pool, list-pools, get-statement, { call: delete-pool, outcome: forbidden }]\n";
    fs::write(folder.path().join("read.yaml"), scenario).unwrap();
    for extent in ["-n 400", "--rate 50/s -n 400", "--instances 100"] {
        let made = line(folder.path(), &format!("generate read.yaml {extent} --seed 7 --from 2026-01-05 -q")).quiet();
        let (mut shown, mut actors): (BTreeMap<String, BTreeSet<String>>, BTreeSet<String>) = Default::default();
        for event in made.text().lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            let data = &event["data"];
            let Some(method) = data["methodName"].as_str().filter(|method| method.starts_with("Get")) else { continue };
            actors.insert(data["authenticationInfo"]["principal"].to_string());
            let what = event["subject"].to_string() + &data["result"]["data"].to_string();
            shown.entry(method.to_owned()).or_default().insert(what);
        }
        assert!(actors.len() > 5, "{extent}: actors are drawn for each instance");
        assert_eq!(shown["GetComputePool"].len(), 1, "{extent}: {:?}", shown["GetComputePool"]);
        assert_eq!(shown["GetStatement"].len(), 1, "{extent}: {:?}", shown["GetStatement"]);
    }
    // One that is changed is one instance's alone.
    fs::write(folder.path().join("change.yaml"), scenario.replace(", outcome: forbidden", "")).unwrap();
    let found = line(folder.path(), "generate change.yaml -n 40");
    assert!(found.code == 2 && found.stderr.contains("only one instance"), "{}", found.stderr);
}

/// Each place of a scenario where a name is misspelt, and how.
const MISSPELT: &[(&str, &str)] = &[
    ("actors:", "actrs:"),
    ("resources:", "resorces:"),
    ("steps:", "stepps:"),
    ("params:", "parms:"),
    ("kind: user", "kind: usr"),
    ("kind: compute-pool", "kind: compute-pol"),
    ("kind: compute-pool", "kind: banana"),
    ("kind: user", "kind: banana"),
    ("max_cfu: 10", "max_cfuu: 10"),
    ("target: pool,", "target: poool,"),
    ("by: admin", "by: admn"),
    ("call: get-pool", "call: get-poool"),
    ("call: get-pool", "call: banana"),
    ("call: get-pool", "cal: get-pool"),
    ("after: $gap", "after: $gapp"),
    ("after: 2s", "after: 2"),
    ("outcome: forbidden", "outcome: forbiden"),
    ("times: 3", "times: x"),
    ("every: 5s", "evry: 5s"),
    ("count: 2", "count: two"),
    ("each: several", "each: severall"),
    ("principal: admin", "principal: admn"),
    ("weight: 3", "weight: x"),
    ("choose:", "choos:"),
    ("max_cfu: 5", "max_cfu: five"),
    ("gap: 4s", "gap: 4"),
    ("chance: 10%", "chance: often"),
    ("query: { kind: statement", "query: { kind: statment"),
    ("admin: { kind: user }", "admin: user"),
    ("pool: { kind: compute-pool, max_cfu: 10 }", "pool: compute-pool"),
    ("  - { call: list-pools }", "  -"),
    ("  - { call: list-pools }", "  - create-pool: { after: 2s }"),
];

const STORY: &str = "\
params: { gap: 4s }
actors:
  admin: { kind: user }
resources:
  pool: { kind: compute-pool, max_cfu: 10 }
  several: { kind: compute-pool, count: 2 }
  query: { kind: statement, principal: admin }
steps:
  - { call: create-pool, target: pool, by: admin }
  - { call: get-pool, target: pool, after: $gap, repeat: { times: 3, every: 5s } }
  - { call: create-pool, each: several, every: 5s }
  - { call: list-pools }
  - { call: create-statement, target: query, after: 2s }
  - { call: update-pool, target: pool, with: { max_cfu: 5 }, outcome: forbidden }
  - choose:
      - { weight: 3, steps: [{ call: get-statement, target: query }] }
      - { weight: 1, steps: [{ call: list-statements, chance: 10% }] }
  - { call: delete-statement, target: query }
  - { call: delete-pool, target: pool }
";

/// How many messages a scenario brings.
fn messages(folder: &Path, scenario: &str) -> (usize, String) {
    fs::write(folder.join("story.yaml"), scenario).unwrap();
    let found = line(folder, "validate story.yaml");
    (found.stderr.lines().filter(|line| line.starts_with("error: ")).count(), found.stderr)
}

#[test]
fn each_mistake_brings_one_message() {
    let folder = tempdir().unwrap();
    assert_eq!(messages(folder.path(), STORY), (0, String::new()));
    let places: Vec<&(&str, &str)> = MISSPELT.iter().filter(|(right, _)| STORY.contains(right)).collect();
    assert!(places.len() > 28);
    let wrong = |scenario: &str, (right, wrong): (&str, &str)| scenario.replacen(right, wrong, 1);
    for (number, place) in places.iter().enumerate() {
        let one = wrong(STORY, **place);
        let (count, text) = messages(folder.path(), &one);
        assert_eq!(count, 1, "{place:?}\n{text}");
        assert!(
            text.lines()
                .filter(|line| line.contains("did you mean"))
                .all(|line| !line.contains(&format!("`{}`", place.1)))
        );
        // Two more, at other lines.
        for step in [5, 11] {
            let (second, third) =
                (places[(number + step) % places.len()], places[(number + 2 * step + 1) % places.len()]);
            let three = wrong(&wrong(&one, *second), *third);
            let lines = STORY.lines().zip(three.lines()).filter(|(before, after)| before != after).count();
            if lines == 3 && !hides(&[place, second, third]) {
                let (count, text) = messages(folder.path(), &three);
                assert_eq!(count, 3, "{place:?} {second:?} {third:?}\n{text}");
            }
        }
    }
}

/// Whether one of several mistakes takes away what another is about.
fn hides(places: &[&(&str, &str)]) -> bool {
    places.iter().any(|(right, wrong)| {
        right.contains("list-pools") || wrong.ends_with("banana") || wrong.starts_with("choos") || *wrong == "gap: 4"
    })
}
