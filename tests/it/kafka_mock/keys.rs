//! What records are keyed by, and which partition a key goes to.

use serde_json::Value;
use tempfile::tempdir;

use super::{PARTITIONS, Seen, TOPIC, cluster, see};
use crate::command_run::run;

/// What a consumer sees of a story with these options.
fn sent(options: &[&str]) -> Vec<Seen> {
    let (cluster, folder) = (cluster(), tempdir().unwrap());
    let servers = cluster.bootstrap_servers();
    let line = ["generate", "pool-lifecycle", "--instances", "12", "--seed", "7", "--from", "2026-01-05T08:00:00Z"];
    let found = run(folder.path(), line.iter().chain(&["-b", &servers, "-t", TOPIC]).chain(options)).fine();
    let events = found.stderr.split(' ').next().unwrap().parse().unwrap();
    let seen = see(&cluster, events);
    assert_eq!(seen.len(), events);
    seen
}

/// The key that an event of the built-in catalog has, from its own fields.
fn expected(event: &Value, key: &str) -> Option<String> {
    let subject = event["subject"].as_str()?;
    let within = |kind: &str| subject.split('/').find_map(|part| part.strip_prefix(kind)).map(str::to_owned);
    match key {
        "environment" => within("environment=").or_else(|| within("organization=")),
        "organization" => within("organization="),
        "resource" => Some(subject.to_owned()),
        // Two generations of events call its field differently.
        _ => event["data"].to_string().split_once("/identity=")?.1.split('"').next().map(str::to_owned),
    }
}

#[test]
fn the_key_is_what_was_asked_for() {
    for key in ["environment", "organization", "principal", "resource"] {
        for seen in sent(&["--key", key]) {
            let event: Value = serde_json::from_slice(seen.value.as_deref().unwrap()).unwrap();
            let found = seen.key.map(|key| String::from_utf8(key).unwrap());
            assert!(found.is_some(), "{key}: {event}");
            assert_eq!(found, expected(&event, key), "{key}: {event}");
        }
    }
    assert!(sent(&["--key", "none"]).iter().all(|seen| seen.key.is_none()));
    let mut instances: Vec<_> = sent(&["--key", "instance"]).into_iter().map(|seen| seen.key.unwrap()).collect();
    instances.sort();
    instances.dedup();
    let mut scenarios: Vec<_> = (0..12).map(|number| format!("pool-lifecycle/{number}").into_bytes()).collect();
    scenarios.sort();
    assert_eq!(instances, scenarios);
}

#[test]
fn the_partitioner_says_where_a_key_goes() {
    let by_hash = |seen: &Seen| crc32fast::hash(seen.key.as_deref().unwrap()) % PARTITIONS.unsigned_abs();
    let elsewhere = |partitioner: &str| {
        let seen = sent(&["--key", "instance", "-X", &format!("partitioner={partitioner}")]);
        seen.iter().filter(|seen| seen.partition.unsigned_abs() != by_hash(seen)).count()
    };
    assert_eq!(elsewhere("consistent"), 0);
    assert!(elsewhere("murmur2") > 0);
}
