//! Frozen runs: run files of shipped scenarios as they were in some version, with their digests. Every later version
//! repeats them to the byte, or the changelog says why not.
//!
//! A run file holds all that its bytes depend on, so these runs do not change with the shipped scenarios and templates.
//! Frozen runs are added, never written again: the following refuses a folder that exists.
//!
//! ```text
//! FALSETRAIL_FREEZE=0.2.0 cargo test frozen
//! ```

use super::{command_names, command_run::line, trail};
use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};
use xxhash_rust::xxh3::xxh3_128;

/// Name of the file in each folder with a line for each run: name, events, bytes, digest.
const DIGESTS: &str = "digests";

const DEFINED: &str = "--seed 20260105 --from 2026-01-05T08:00:00Z";

/// The line of a run in the list of digests.
fn digest(name: &str, run: &Path) -> String {
    let made = line(run.parent().unwrap(), &format!("generate --run {name}.json -q")).fine();
    let events = made.text().matches('\n').count();
    assert!(events > 0, "{name}: no events");
    format!("{name} | {events} | {} | {:032x}", made.stdout.len(), xxh3_128(&made.stdout))
}

/// Writes the runs of a new folder.
fn freeze(folder: &Path) {
    let create = fs::create_dir(folder);
    create.unwrap_or_else(|error| panic!("{}: {error}; frozen runs are never written again", folder.display()));
    let mut runs: BTreeMap<String, String> = BTreeMap::new();
    for scenario in command_names::scenarios() {
        runs.insert(scenario.clone(), format!("{scenario} -n 300"));
    }
    let injected = "busy-day -n 1500 --rate 40/s --inject mass-deletion@+12s,deletes=7,label=positive";
    runs.insert("busy-day-rate".to_owned(), injected.to_owned());
    let mut digests = String::new();
    for (name, words) in runs {
        let written = format!("generate {words} {DEFINED} -q -o /dev/null --write-run {name}.json");
        line(folder, &written).fine();
        let _ = writeln!(digests, "{}", digest(&name, &folder.join(format!("{name}.json"))));
    }
    fs::write(folder.join(DIGESTS), digests).unwrap();
}

#[test]
fn frozen_runs_are_repeated_to_the_byte() {
    let root = trail::folder("frozen");
    if let Some(name) = std::env::var_os("FALSETRAIL_FREEZE") {
        freeze(&root.join(name));
    }
    let mut repeated = 0;
    for folder in fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let digests = fs::read_to_string(folder.join(DIGESTS)).unwrap();
        let mut changed = Vec::new();
        for frozen in digests.lines() {
            let name = frozen.split(" | ").next().unwrap();
            let found = digest(name, &folder.join(format!("{name}.json")));
            if found != frozen {
                changed.push((frozen.to_owned(), found));
            }
            repeated += 1;
        }
        let files = fs::read_dir(&folder).unwrap().count();
        assert_eq!(files, digests.lines().count() + 1, "{}: runs without a digest", folder.display());
        assert!(
            changed.is_empty(),
            "{}: bytes have changed, what the changelog has to explain: {changed:#?}",
            folder.display()
        );
    }
    // All scenarios that 0.1.0 ships, and one with a rate.
    assert!(repeated >= 15, "{repeated} frozen runs");
}
