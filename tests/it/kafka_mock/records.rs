//! What records hold, in each mode.

use std::time::{SystemTime, UNIX_EPOCH};

use falsetrail::machinery::{
    bytes::Chunk,
    sink::{
        Ending, Sink,
        kafka::{KafkaSettings, KafkaSink, Mode, RecordTime},
    },
};
use serde_json::Value;
use tempfile::tempdir;

use super::{Seen, TOPIC, cluster, see, settings};
use crate::command_run::run;

/// Real events, in one chunk, and what a consumer sees of them.
fn sent(change: impl FnOnce(&mut KafkaSettings)) -> (Vec<(Vec<u8>, i64)>, Vec<Seen>) {
    let cluster = cluster();
    let plan = falsetrail::Run::new("every-method").seed(7).from("2026-01-05T08:00:00Z").plan().unwrap();
    let (mut chunk, mut bodies) = (Chunk::default(), Vec::new());
    for event in plan.events() {
        chunk.bodies.extend_from_slice(&event.body);
        let (number, time) = (event.number, event.time);
        chunk.end_event(falsetrail::machinery::bytes::Event { number, time, ..Default::default() });
        bodies.push((event.body, event.time));
    }
    // Without keys, all to one partition, to compare them in order.
    let mut settings = settings(&cluster, &[("linger.ms", "200"), ("sticky.partitioning.linger.ms", "10000")]);
    change(&mut settings);
    let mut sink = KafkaSink::connect(settings).unwrap();
    let _ = sink.take(&chunk).unwrap();
    assert_eq!(Box::new(sink).finish(Ending::Complete).unwrap().events, bodies.len() as u64);
    let mut seen = see(&cluster, bodies.len());
    seen.sort_by_key(|seen| event_of(seen)["id"].as_str().map(str::to_owned));
    bodies.sort_by_key(|(body, _)| serde_json::from_slice::<Value>(body).unwrap()["id"].as_str().map(str::to_owned));
    (bodies, seen)
}

/// The event that a record stands for, by the rules of the binding.
fn event_of(seen: &Seen) -> Value {
    let value = serde_json::from_slice(seen.value.as_deref().unwrap()).unwrap();
    let attributes = seen.headers.iter().filter_map(|(name, value)| Some((name.strip_prefix("ce_")?, value)));
    let mut event: serde_json::Map<String, Value> =
        attributes.map(|(name, value)| (name.to_owned(), Value::from(value.as_str()))).collect();
    if event.is_empty() {
        return value;
    }
    for (_, value) in seen.headers.iter().filter(|(name, _)| name == "content-type") {
        event.insert("datacontenttype".to_owned(), Value::from(value.as_str()));
    }
    event.insert("data".to_owned(), value);
    Value::Object(event)
}

#[test]
fn binary_mode_holds_the_same_events() {
    let (bodies, seen) = sent(|settings| settings.mode = Mode::Binary);
    assert_eq!(seen.len(), bodies.len());
    for ((body, _), seen) in bodies.iter().zip(&seen) {
        let event: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(event_of(seen), event);
        let value = std::str::from_utf8(seen.value.as_deref().unwrap()).unwrap();
        let body = std::str::from_utf8(body).unwrap();
        assert!(body.contains(&format!("\"data\":{value}")), "the data stand as they are: {value}");
        assert_eq!(seen.headers.iter().filter(|(name, _)| name == "content-type").count(), 1);
        assert!(seen.headers.iter().all(|(name, _)| name != "ce_datacontenttype" && name != "ce_data"));
    }
}

#[test]
fn bare_mode_has_no_headers_and_given_headers_come_last() {
    let (bodies, seen) = sent(|settings| settings.mode = Mode::Bare);
    for ((body, _), seen) in bodies.iter().zip(&seen) {
        assert_eq!((seen.value.as_ref(), seen.headers.len()), (Some(body), 0));
    }
    let given = [("origin".to_owned(), "synthetic".to_owned()), ("note".to_owned(), "größer = a=b".to_owned())];
    for (mode, others) in [(Mode::Structured, 1), (Mode::Bare, 0)] {
        let (_, seen) = sent(|settings| {
            settings.mode = mode;
            settings.headers = given.to_vec();
        });
        for seen in seen {
            assert_eq!(seen.headers[others..], given);
        }
    }
    let (_, seen) = sent(|settings| {
        settings.mode = Mode::Binary;
        settings.headers = given.to_vec();
    });
    assert!(seen.iter().all(|seen| seen.headers.ends_with(&given)));
}

#[test]
fn records_have_the_time_that_was_asked_for() {
    let begun = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    let (_, seen) = sent(|_| {});
    assert!(seen.iter().all(|seen| seen.time >= begun));
    let (bodies, seen) = sent(|settings| settings.record_time = RecordTime::Event);
    for ((_, time), seen) in bodies.iter().zip(&seen) {
        assert_eq!(seen.time, time.div_euclid(1_000_000));
    }
}

/// The options say the same as the settings, and the command that repeats the run has them all.
#[test]
fn the_command_has_all_of_it() {
    let (cluster, folder) = (cluster(), tempdir().unwrap());
    let servers = cluster.bootstrap_servers();
    let line = ["generate", "pool-resize-failure", "--seed", "7", "--from", "2026-01-05T08:00:00Z"];
    let topic = ["-b", &servers, "-t", TOPIC, "--mode", "binary", "--header", "origin=a b", "--record-time", "event"];
    let found = run(folder.path(), line.iter().chain(&topic)).fine();
    assert!(found.stderr.contains("topic audit: 10 acknowledged, 0 failed, 0 unknown\n"), "{}", found.stderr);
    assert!(found.again().contains(&format!("-b {servers} -t audit --mode binary")), "{}", found.again());
    assert!(found.again().ends_with(" --header 'origin=a b' --record-time event"), "{}", found.again());
    assert!(found.stderr.starts_with("warning: topic `audit` does not tell which record times it takes"));
    let seen = see(&cluster, 10);
    assert_eq!(seen.len(), 10);
    for seen in seen {
        assert!(seen.key.is_some() && (0..600_000).contains(&(seen.time - 1_767_600_000_000)));
        assert!(seen.headers.contains(&("origin".to_owned(), "a b".to_owned())));
        assert!(event_of(&seen)["type"].is_string());
    }
}
