//! Schemas and readers say the same, by the word of a validator that is not ours.
//!
//! What a reader accepts its schema accepts. What is wrong in form the schema refuses; what no schema can know
//! (`tests/broken/beyond-schema.txt` says of which file and why) it accepts. Both hold for every shipped file, every
//! broken one, and many that are made of good ones by changing one place.

use super::command_run::run;
use falsetrail::machinery::{
    catalog::Catalog,
    error::{Error, Source},
    scenario, schema,
    yaml::{self, Node},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

/// A schema, compiled by another implementation of the standard.
struct Compiled {
    schemas: boon::Schemas,
    index: boon::SchemaIndex,
}

impl Compiled {
    fn of(schema: Value) -> Compiled {
        let mut schemas = boon::Schemas::new();
        let mut compiler = boon::Compiler::new();
        compiler.add_resource("falsetrail.json", schema).unwrap();
        let index = compiler.compile("falsetrail.json", &mut schemas).expect("a schema of its draft");
        Compiled { schemas, index }
    }

    fn refusal(&self, value: &Value) -> Option<String> {
        self.schemas.validate(value, self.index).err().map(|error| format!("{error:#}"))
    }
}

static SCENARIO: LazyLock<Compiled> =
    LazyLock::new(|| Compiled::of(schema::for_scenarios(&Catalog::built_in().unwrap())));
static CATALOG: LazyLock<Compiled> = LazyLock::new(|| Compiled::of(schema::for_catalogs()));

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == ending));
    paths.sort();
    paths
}

/// The tree of a file, as a JSON reader would have it; none if it is no YAML.
fn tree(path: &Path) -> Option<Value> {
    let source = yaml::load(path).ok()?;
    yaml::parse(&source).ok().map(|node| json_of(&node))
}

/// Whole numbers above those of `yaml::json` stay numbers here.
fn json_of(node: &Node) -> Value {
    match &node.value {
        yaml::Value::Int(value) if *value > i128::from(i64::MAX) && *value <= i128::from(u64::MAX) => {
            (*value as u64).into()
        }
        yaml::Value::List(items) => items.iter().map(json_of).collect(),
        yaml::Value::Map(entries) => entries.iter().map(|(key, node)| (key.value.clone(), json_of(node))).collect(),
        _ => yaml::json(node),
    }
}

/// What the reader of scenarios says is wrong with a text.
fn diagnostics(source: &Arc<Source>) -> Vec<String> {
    let found = scenario::read(source, "story", &[]).err().unwrap_or_default();
    found.into_iter().map(|found| found.message).collect()
}

/// The files that are wrong in a way that no schema can know.
fn beyond() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("tests/broken/beyond-schema.txt")).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(": ").expect(line)).map(|(name, why)| (name.into(), why.into())).collect()
}

#[test]
fn the_schemas_in_the_repository_are_what_the_command_prints() {
    let update = std::env::var_os("FALSETRAIL_UPDATE_GOLDEN").is_some();
    for what in ["scenario", "catalog"] {
        let printed = run(&root(), ["schema", what]).quiet();
        let path = root().join(format!("schemas/{what}.json"));
        if update {
            fs::write(&path, printed.text()).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == printed.text(), "schemas/{what}.json: FALSETRAIL_UPDATE_GOLDEN=1 cargo test schemas");
        let schema: Value = serde_json::from_str(&kept).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    }
}

#[test]
fn every_shipped_file_is_accepted() {
    let scenarios = files("scenarios", "yaml");
    assert!(scenarios.len() > 10);
    for path in scenarios {
        let refusal = SCENARIO.refusal(&tree(&path).unwrap());
        assert_eq!(refusal, None, "{}", path.display());
        let text = fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap_or_default();
        assert_eq!(first, "# yaml-language-server: $schema=../schemas/scenario.json", "{}", path.display());
    }
    for folder in ["templates/confluent-flink", "examples/catalog"] {
        let path = root().join(folder).join("catalog.yaml");
        assert_eq!(CATALOG.refusal(&tree(&path).unwrap()), None, "{folder}");
    }
}

#[test]
fn the_scenarios_of_examples_are_accepted() {
    let day = root().join("examples/detection/day.yaml");
    assert_eq!(SCENARIO.refusal(&tree(&day).unwrap()), None);
    let printed = run(&root(), ["schema", "scenario", "--templates", "examples/catalog"]).quiet();
    let schema = Compiled::of(serde_json::from_str(printed.text()).unwrap());
    let scenarios = files("examples/catalog/scenarios", "yaml");
    assert!(scenarios.len() >= 2);
    for path in scenarios {
        assert_eq!(schema.refusal(&tree(&path).unwrap()), None, "{}", path.display());
    }
}

/// Every broken scenario: in form by the schema, in meaning not.
#[test]
fn broken_scenarios_are_refused_if_their_form_is_wrong() {
    let mut wrong = Vec::new();
    let mut beyond = beyond();
    for path in files("tests/broken", "yaml") {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let excused = beyond.remove(&name);
        let Some(value) = tree(&path) else { continue };
        let source = yaml::load(&path).unwrap();
        let diagnostics = diagnostics(&source);
        let refusal = SCENARIO.refusal(&value);
        match (diagnostics.is_empty() || excused.is_some(), refusal) {
            (true, Some(refusal)) => wrong.push(format!("{name} is refused though its form is right: {refusal}")),
            (false, None) => wrong.push(format!("{name} is accepted: {diagnostics:?}")),
            _ => {}
        }
        if diagnostics.is_empty() && excused.is_some() {
            wrong.push(format!("{name} needs no excuse"));
        }
    }
    beyond.retain(|name, _| !name.starts_with("catalogs/"));
    assert!(beyond.is_empty(), "no such files: {beyond:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn broken_catalogs_are_refused_if_their_form_is_wrong() {
    let mut wrong = Vec::new();
    let mut beyond = beyond();
    for entry in fs::read_dir(root().join("tests/broken/catalogs")).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let name = format!("catalogs/{}", folder.file_name().unwrap().to_string_lossy());
        let excused = beyond.remove(&name);
        let Some(value) = tree(&folder.join("catalog.yaml")) else { continue };
        let message = match Catalog::load(&folder) {
            Err(Error::Input(found)) => found.first().map(|found| found.message.clone()),
            Err(other) => Some(other.to_string()),
            Ok(_) => None,
        };
        match (message.is_none() || excused.is_some(), CATALOG.refusal(&value)) {
            (true, Some(refusal)) => wrong.push(format!("{name} is refused though its form is right: {refusal}")),
            (false, None) => wrong.push(format!("{name} is accepted: {message:?}")),
            _ => {}
        }
    }
    beyond.retain(|name, _| name.starts_with("catalogs/"));
    assert!(beyond.is_empty(), "no such folders: {beyond:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Mistakes that depend on another place of the file, or on numbers within a text.
const BEYOND: [&str; 11] = [
    "there is no parameter",
    "is not the name of a parameter",
    "(from `$",
    "ends before it begins",
    "is below the trough",
    "units of",
    "is too",
    "these stages have no events",
    "is finer than",
    "is not a time zone",
    "says twice",
];

/// Files that have every word of the language.
fn rich() -> Vec<Value> {
    let scenario = json!({
        "x-note": 1, "description": "A story.", "seed": 7, "from": "2026-01-05", "every": "1m30s",
        "params": { "deletes": 12, "gap": "4s", "list": [1, "a"] },
        "actors": { "admin": { "kind": "user", "email": "a@example.com" }, "robot": {} },
        "resources": { "pool": { "kind": "compute-pool", "max_cfu": 10 }, "many": { "count": "$deletes", "existing": true } },
        "steps": [
            "create-pool", "update-pool-failure", "get-pool:not-found",
            { "call": "get-pool", "target": "pool", "by": "admin", "after": "1s..2s", "repeat": { "times": "3..8", "every": "2s" } },
            { "call": "delete-pool", "each": "many", "every": "$gap", "chance": "50%", "id": "end" },
            { "call": "get-pool", "repeat": 3, "chance": 0.5, "with": { "max_cfu": 5 }, "outcome": "auto" },
            { "id": "way", "choose": [{ "weight": 3, "steps": ["get-pool"] }, { "steps": [{ "call": "get-pool" }] }] },
        ],
    });
    let mix = json!({
        "population": { "users": 3, "skew": 1.5 }, "start": "5/m",
        "stages": [{ "duration": "10m", "target": "500/s" }, { "duration": "0s", "target": "0/s" }],
        "mix": ["pool-lifecycle", { "scenario": "story.yaml", "weight": 0.5, "with": { "deletes": 3 } }],
        "inject": [{ "scenario": "mass-deletion", "at": "+2h", "with": {}, "label": "near-miss" }],
    });
    let daily = json!({
        "daily": { "peak": "5.5k/h", "trough": "0/s", "peak_at": "9:30", "timezone": "UTC", "weekend": "20%" },
        "mix": ["pool-lifecycle"],
    });
    let rate = json!({ "rate": "1_000/s", "mix": ["pool-lifecycle"] });
    [scenario, mix, daily, rate]
        .into_iter()
        .chain(files("scenarios", "yaml").iter().map(|path| tree(path).unwrap()))
        .collect()
}

/// What may be put in the place of anything.
fn replacements() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1),
        json!(7),
        json!(1.5),
        json!(0.5),
        json!(""),
        json!(" "),
        json!("5"),
        json!("2s"),
        json!("1s2m"),
        json!("2 s"),
        json!("1m..2m"),
        json!("1m.."),
        json!("3..8"),
        json!("0..0"),
        json!("8..3"),
        json!("50%"),
        json!("0%"),
        json!("200%"),
        json!("500/s"),
        json!("500"),
        json!("0/s"),
        json!("14:00"),
        json!("25:00"),
        json!("create-pool"),
        json!("create pool"),
        json!("create-pool-failure"),
        json!("create-pool:forbidden"),
        json!("call: x"),
        json!("on"),
        json!("a.b"),
        json!("$deletes"),
        json!("$nobody"),
        json!("$$money"),
        json!("$"),
        json!([]),
        json!({}),
        json!([null]),
        json!(["create-pool"]),
        json!({ "call": "get-pool" }),
        json!({ "a": 1 }),
        json!({ "times": 2 }),
        json!({ "scenario": "x" }),
        json!(u64::MAX),
    ]
}

/// Every place of a tree, as JSON pointers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| places(item, &format!("{at}/{index}"), found));
        }
        Value::Object(map) => map.iter().for_each(|(key, item)| places(item, &format!("{at}/{key}"), found)),
        _ => {}
    }
}

/// How many changes there are beside another value.
const CHANGES: usize = 9;

/// One change of one place: another value, a key more, a key less, another name for a key.
fn changed(mut value: Value, place: usize, change: usize) -> (Value, String) {
    let mut all = Vec::new();
    places(&value, "", &mut all);
    let place = all[place % all.len()].clone();
    let replacements = replacements();
    match change % (replacements.len() + CHANGES) {
        // A key that some maps have.
        0 => insert(&mut value, &place, "each"),
        1 => insert(&mut value, &place, "every"),
        2 => insert(&mut value, &place, "steps"),
        3 => insert(&mut value, &place, "rate"),
        4 => insert(&mut value, &place, "color"),
        5 => insert(&mut value, &place, "x-free"),
        6 | 7 => remove(&mut value, &place),
        8 => rename(&mut value, &place),
        other => {
            if let Some(node) = value.pointer_mut(&place) {
                *node = replacements[other - CHANGES].clone();
            }
        }
    }
    (value, place)
}

fn insert(value: &mut Value, place: &str, key: &str) {
    if let Some(Value::Object(map)) = value.pointer_mut(place) {
        map.insert(key.to_owned(), json!("2s"));
    }
}

fn remove(value: &mut Value, place: &str) {
    let Some((parent, key)) = place.rsplit_once('/') else { return };
    match value.pointer_mut(parent) {
        Some(Value::Object(map)) => drop(map.shift_remove(key)),
        Some(Value::Array(items)) => drop(items.remove(key.parse().unwrap())),
        _ => {}
    }
}

fn rename(value: &mut Value, place: &str) {
    let Some((parent, key)) = place.rsplit_once('/') else { return };
    if let Some(Value::Object(map)) = value.pointer_mut(parent)
        && let Some(found) = map.shift_remove(key)
    {
        map.insert(format!("{key} x"), found);
    }
}

/// What reader and schema do not agree on, if a file is changed so.
fn disagreement(file: &Value, place: usize, change: usize) -> Option<String> {
    let (value, place) = changed(file.clone(), place, change);
    // A text in JSON is a text in YAML, so the reader sees what the validator sees.
    let source = Source::new("story.yaml", value.to_string());
    let diagnostics = diagnostics(&source);
    match SCENARIO.refusal(&value) {
        Some(refusal) if diagnostics.is_empty() => Some(format!("the schema refuses {value}\n{refusal}")),
        None if diagnostics.is_empty() => None,
        Some(_) => None,
        // A parameter's type is that of the place where it is used.
        None if place.starts_with("/params/") => None,
        None if diagnostics.iter().any(|diagnostic| BEYOND.iter().any(|known| diagnostic.contains(known))) => None,
        None => Some(format!("the schema accepts {value}\nchanged at {place}\n{diagnostics:?}")),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Both directions, for files that are nearly right.
    #[test]
    fn a_changed_scenario_is_the_same_to_schema_and_reader(
        file in any::<usize>(), place in any::<usize>(), change in any::<usize>(),
    ) {
        static RICH: LazyLock<Vec<Value>> = LazyLock::new(rich);
        let found = disagreement(&RICH[file % RICH.len()], place, change);
        prop_assert!(found.is_none(), "{}", found.unwrap_or_default());
    }
}

/// The same for every change of every place, where there is time for it.
#[test]
fn all_changed_scenarios_are_the_same_to_schema_and_reader() {
    if std::env::var_os("FALSETRAIL_TEST_ALL").is_none() {
        return;
    }
    let mut found = Vec::new();
    for file in rich() {
        let mut all = Vec::new();
        places(&file, "", &mut all);
        for place in 0..all.len() {
            found.extend((0..CHANGES + replacements().len()).filter_map(|change| disagreement(&file, place, change)));
        }
    }
    assert!(found.is_empty(), "{} of them:\n\n{}", found.len(), found[..found.len().min(20)].join("\n\n"));
}

/// The examples in a schema are right by that schema.
#[test]
fn examples_are_accepted() {
    for (schema, compiled) in
        [(schema::for_scenarios(&Catalog::built_in().unwrap()), "scenario"), (schema::for_catalogs(), "catalog")]
    {
        let mut checked = 0;
        for (name, definition) in schema["$defs"].as_object().unwrap() {
            for example in definition["examples"].as_array().into_iter().flatten() {
                let mut alone = schema.clone();
                let map = alone.as_object_mut().unwrap();
                map.retain(|key, _| key == "$defs" || key == "$schema");
                map.insert("$ref".to_owned(), json!(format!("#/$defs/{name}")));
                assert_eq!(Compiled::of(alone).refusal(example), None, "{compiled}: {name}");
                checked += 1;
            }
        }
        assert!(checked > 3, "{compiled}: {checked}");
    }
}

/// Whatever a person may write is explained.
#[test]
fn every_key_has_a_description() {
    fn check(value: &Value, at: &str, wrong: &mut Vec<String>) {
        let Value::Object(map) = value else { return };
        for (key, below) in map {
            if key == "properties" && !at.contains("dependentSchemas") && !at.contains("anyOf") {
                for (name, schema) in below.as_object().unwrap() {
                    if schema["description"].as_str().is_none_or(str::is_empty) {
                        wrong.push(format!("{at}/{name}"));
                    }
                }
            }
            check(below, &format!("{at}/{key}"), wrong);
        }
    }
    let mut wrong = Vec::new();
    check(&schema::for_scenarios(&Catalog::built_in().unwrap()), "scenario", &mut wrong);
    check(&schema::for_catalogs(), "catalog", &mut wrong);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The words of another catalog are offered when it is given.
#[test]
fn the_words_of_a_catalog_are_offered() {
    let printed = run(&root(), ["schema", "scenario"]).quiet();
    let schema: Value = serde_json::from_str(printed.text()).unwrap();
    let offered = |name: &str| schema["$defs"][name]["anyOf"][0]["enum"].as_array().unwrap().clone();
    assert!(offered("Method").contains(&json!("create-pool")));
    assert!(offered("Method").contains(&json!("CreateComputePool")));
    assert!(offered("Outcome").contains(&json!("max-cfu-reduction")));
    assert!(offered("ScenarioName").contains(&json!("busy-day")));
    assert_eq!(offered("ActorKind"), [json!("user"), json!("service-account")]);
    assert_eq!(schema["$defs"]["Resource"]["properties"]["max_cfu"]["examples"], json!([5, 10, 20, 30, 40, 50]));
}
