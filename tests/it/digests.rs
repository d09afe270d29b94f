//! The bytes of all shipped scenarios under every kind of option, as digests: the net under a change that must not
//! move a byte. After a change that is meant to change them:
//!
//! ```text
//! FALSETRAIL_UPDATE_GOLDEN=1 cargo test digests
//! ```

use std::{fmt::Write as _, fs, path::Path};

use xxhash_rust::xxh3::xxh3_128;

use super::{command_names, command_run::run, trail};

const UPDATE: &str = "FALSETRAIL_UPDATE_GOLDEN=1 cargo test digests";
const BASE: &str = "--seed 11 --from 2026-01-05T08:00:00Z";

/// A name, and the options that it stands for. `SCENARIO` is the scenario, and `DAILY` a workload of it with a daily curve.
const OPTIONS: &[(&str, &str)] = &[
    ("once", "SCENARIO"),
    ("events", "SCENARIO -n 400"),
    ("instances", "SCENARIO --instances 7 --every 90s"),
    ("rate", "SCENARIO -n 400 --rate 50/s"),
    ("stages", "SCENARIO --stage 5s:40/s --stage 3s:40/s --stage 4s:5/s"),
    ("cold start", "SCENARIO -n 200 --rate 20/s --cold-start"),
    ("daily", "DAILY -n 300"),
    ("inject", "SCENARIO -n 200 --rate 20/s --inject INJECTED@+3s,label=positive"),
    ("skip", "SCENARIO -n 400 --rate 50/s --skip 150"),
    ("shard", "SCENARIO -n 400 --rate 50/s --shard 1/3"),
    ("as documented", "SCENARIO -n 200 --as-documented"),
    ("set", "SCENARIO -n 100 --set organization.id=3fa85f64-5717-4562-b3fc-2c963f66afa6"),
    ("json", "SCENARIO -n 20 --format json"),
    ("batch", "SCENARIO -n 20 --format batch --threads 2"),
];

/// One line for each set of options: how many events, how many bytes, and their digest.
fn digests(folder: &Path, scenario: &str, injected: &str, catalog: &[&str], skipped: &[&str]) -> String {
    let daily = folder.join("daily.yaml");
    let mix = "daily: { peak: 3/s, trough: 0.2/s, peak_at: \"14:00\", timezone: Europe/Berlin, weekend: 0.3 }\nmix: ";
    fs::write(&daily, format!("{mix}[{scenario:?}]\n")).unwrap();
    let mut lines = String::new();
    for (name, options) in OPTIONS.iter().filter(|(name, _)| !skipped.contains(name)) {
        let words = options.split(' ').chain(BASE.split(' ')).map(|word| match word {
            "SCENARIO" => scenario.to_owned(),
            "DAILY" => daily.display().to_string(),
            _ => word.replace("INJECTED", injected),
        });
        let made = run(
            folder,
            ["generate", "-q"]
                .map(str::to_owned)
                .into_iter()
                .chain(words)
                .chain(catalog.iter().map(|word| (*word).to_owned())),
        )
        .quiet();
        let events = made.text().matches('\n').count();
        assert!(!made.stdout.is_empty(), "{scenario}, {name}: no events");
        let scenario = Path::new(scenario).file_stem().unwrap().to_string_lossy();
        writeln!(lines, "{scenario} | {name} | {events} | {} | {:032x}", made.stdout.len(), xxh3_128(&made.stdout))
            .unwrap();
    }
    lines
}

/// Compares with `tests/golden/digests/NAME`, or writes it.
fn check(name: &str, found: &str) {
    let path = trail::folder("golden").join("digests").join(name);
    if std::env::var_os("FALSETRAIL_UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, found).unwrap();
        return;
    }
    let golden = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}\n{UPDATE}", path.display()));
    let changed: Vec<_> = golden.lines().zip(found.lines()).filter(|(golden, found)| golden != found).collect();
    assert!(
        changed.is_empty() && golden.lines().count() == found.lines().count(),
        "bytes have changed: {changed:#?}\nif that is as it should be: {UPDATE}"
    );
}

#[test]
fn digests_of_shipped_scenarios() {
    let folder = tempfile::tempdir().unwrap();
    let mut found = String::new();
    let mut scenarios = command_names::scenarios();
    scenarios.sort();
    for scenario in scenarios {
        // A workload with a daily curve takes no other rate, and is not nested in another one.
        let skipped: &[&str] = match scenario.as_str() {
            "office-week" => &["once", "instances", "rate", "stages", "cold start", "daily", "inject", "skip", "shard"],
            "busy-day" => &["once"],
            _ => &[],
        };
        found += &digests(folder.path(), &scenario, "mass-deletion", &[], skipped);
    }
    check("shipped", &found);
}

#[test]
fn digests_of_another_catalog() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/catalog");
    let catalog = ["--templates", root.to_str().unwrap()];
    let skipped = ["as documented", "set"];
    let mut found = String::new();
    for scenario in ["leaver", "office"] {
        let path = root.join("scenarios").join(format!("{scenario}.yaml"));
        found += &digests(
            folder.path(),
            path.to_str().unwrap(),
            path.with_file_name("leaver.yaml").to_str().unwrap(),
            &catalog,
            &skipped,
        );
    }
    check("catalog", &found);
}
