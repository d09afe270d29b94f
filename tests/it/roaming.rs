//! Principals with several client addresses: how many, how often they are away, and that nothing else changes.

use super::{command_run::line, score::principal};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::Path,
};

const MIX: &str = "rate: 20/s\nmix: [notebook-session, pool-lifecycle, terraform-apply]\n\
    inject: [{ scenario: mass-deletion, at: +2m, label: positive }]\n";

/// Events and truth of a workload with this population.
fn run(folder: &Path, population: &str) -> (String, Vec<Value>) {
    fs::write(folder.join("day.yaml"), format!("population: {{ users: 30, service_accounts: 5{population} }}\n{MIX}"))
        .unwrap();
    let command =
        "generate day.yaml -d 10m --seed 7 --from 2026-01-05T08:00:00Z -q -o day --truth truth --truth-all --force";
    line(folder, command).quiet();
    let truth = fs::read_to_string(folder.join("truth")).unwrap();
    let truth = truth.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (fs::read_to_string(folder.join("day")).unwrap(), truth)
}

/// The client address of an event.
fn address(event: &Value) -> String {
    let data = &event["data"];
    let of = |metadata: &str, client: &str| data[metadata][client][0]["ip"].as_str().map(str::to_owned);
    of("requestMetadata", "clientAddress").or_else(|| of("request_metadata", "client_address")).unwrap()
}

#[test]
fn a_share_of_instances_is_away_from_the_usual_address() {
    let folder = tempfile::tempdir().unwrap();
    let (_, at_home) = run(folder.path(), "");
    let usual: HashMap<String, String> =
        at_home.iter().map(|line| (line["actor"]["id"].to_string(), line["actor"]["ip"].to_string())).collect();
    let (events, truth) = run(folder.path(), ", addresses: 3, roaming: 30%");
    let mut addresses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut owners: HashMap<String, String> = HashMap::new();
    let mut away = 0;
    for line in &truth {
        let (id, ip) = (line["actor"]["id"].to_string(), line["actor"]["ip"].to_string());
        away += usize::from(usual[&id] != ip);
        // An address belongs to one principal.
        assert_eq!(owners.entry(ip.clone()).or_insert_with(|| id.clone()), &id);
        addresses.entry(id).or_default().insert(ip);
    }
    let share = away as f64 / truth.len() as f64;
    assert!((0.22..0.38).contains(&share), "{share} of {}", truth.len());
    let most = addresses.values().map(BTreeSet::len).max();
    assert_eq!(most, Some(3));
    // Within an instance the address stays, and the truth names it.
    let of_event: HashMap<&str, &Value> = truth
        .iter()
        .flat_map(|line| line["event_ids"].as_array().unwrap().iter().map(move |id| (id.as_str().unwrap(), line)))
        .collect();
    for event in events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let line = of_event[event["id"].as_str().unwrap()];
        let actors = [&line["actor"]].into_iter().chain(line["other_actors"].as_array().unwrap());
        let actor = actors.into_iter().find(|actor| actor["id"] == *principal(&event)).unwrap();
        assert_eq!(actor["ip"], *address(&event), "{event}");
    }
}

#[test]
fn nothing_but_addresses_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (usual, _) = run(folder.path(), "");
    for same in [", addresses: 1", ", addresses: 4, roaming: 0", ", addresses: 1, roaming: 50%"] {
        assert!(run(folder.path(), same).0 == usual, "{same}");
    }
    let (roaming, _) = run(folder.path(), ", addresses: 2");
    assert!(roaming != usual);
    let without_address = |text: &str| -> Vec<String> {
        let events = text.lines().map(|line| (line, address(&serde_json::from_str(line).unwrap())));
        events.map(|(line, address)| line.replace(&address, "")).collect()
    };
    assert_eq!(without_address(&roaming), without_address(&usual));
}
