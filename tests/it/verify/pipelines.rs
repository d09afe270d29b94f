//! Samples of real pipelines' output for three events; `generated.ndjson` is their input.

use falsetrail::{
    Plan,
    verify::{Options, Verdict, Verifier},
};
use std::path::Path;

/// Three consecutive or distant events of a run, by their lines.
fn sample(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pipelines/samples").join(name)
}

fn plan() -> Plan {
    let run = falsetrail::Run::new("busy-day").seed(7).from("2026-01-05T08:00:00Z").events_limit(100_000);
    run.plan().unwrap()
}

fn verdict(plan: &Plan, name: &str) -> Verdict {
    let only = (0..5_000).collect::<falsetrail::machinery::run::Selection>();
    let scope = falsetrail::verify::Scope {
        part: falsetrail::machinery::run::Slice { only: Some(only), ..Default::default() },
        ..Default::default()
    };
    let mut verifier = Verifier::new(plan, Options { scope, ..Options::default() }).unwrap();
    verifier.read(sample(name)).unwrap();
    verifier.finish().unwrap()
}

/// File, events that arrived, their class, and the forms that are named.
const SAMPLES: &[(&str, u64, &str, &str)] = &[
    ("generated.ndjson", 3, "unchanged", ""),
    ("syslog-ng-rfc3164.log", 3, "unchanged", ""),
    ("rsyslog-imkafka-default-template.log", 3, "unchanged", ""),
    ("opensearch-hits.jsonl", 3, "unchanged", ""),
    ("otel-kafka-text-body.jsonl", 3, "unchanged", ""),
    ("otel-kafka-back-json-string.ndjson", 3, "unchanged", ""),
    ("benthos-hec.ndjson", 3, "reformatted", "keys"),
    ("cloudevents-go.ndjson", 3, "reformatted", "keys"),
    ("cloudevents-java-binary.ndjson", 3, "reformatted", "keys"),
    ("cloudevents-js-binary.json", 1, "added", "keys time-digits"),
    ("otel-kafka-json-body.jsonl", 3, "reformatted", "integer-as-double"),
    ("otel-kafka-binary-headers.jsonl", 3, "reformatted", "integer-as-double envelope-apart envelope-gone"),
    ("rsyslog-imkafka-binary-mode.log", 3, "reformatted", "envelope-gone"),
    ("victorialogs-flattened.jsonl", 3, "added", "flattened null-dropped key-renamed"),
    ("clickhouse-json-object.ndjson", 3, "reformatted", "escapes time-form null-dropped"),
    ("duckdb-auto.json", 3, "added", "time-digits time-form"),
    ("duckdb-auto.csv", 3, "uncompared", ""),
    ("kafka-connect-json-filesink.txt", 3, "uncompared", ""),
    ("rsyslog-truncated-8096.log", 0, "truncated", ""),
];

#[test]
fn samples_of_real_pipelines_are_read_without_configuration() {
    let plan = plan();
    let mut wrong = Vec::new();
    for (name, arrived, class, forms) in SAMPLES {
        let verdict = verdict(&plan, name);
        let document = verdict.json();
        let found = (verdict.arrived, document[class].as_u64().unwrap());
        let wanted = if *class == "truncated" { (0, 3) } else { (*arrived, *arrived) };
        let named = document["forms"].as_object().unwrap();
        let lacks = forms.split_whitespace().any(|form| !named.contains_key(form));
        if found != wanted || lacks || verdict.foreign + verdict.mentions > 0 {
            wrong.push(format!("{name}: wanted {class} {wanted:?} {forms:?}, found {document:#}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
