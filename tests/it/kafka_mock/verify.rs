//! A topic that is read to see what became of the events.

use super::{Cluster, PARTITIONS, TOPIC, cluster, settings};
use falsetrail::machinery::{
    Plan,
    run::{self, EmitOptions},
    sink::{
        Sink as _,
        kafka::{Begin, KafkaSettings, KafkaSink, Mode},
    },
    verify::{Options, TopicReading, Verdict, Verifier},
};
use std::{sync::atomic::AtomicBool, time::Duration};

fn plan(seed: u64, events: u64) -> Plan {
    let run = falsetrail::Run::new("busy-day").seed(seed).from("2026-01-05T08:00:00Z").events_limit(events);
    run.plan().unwrap()
}

fn emit(cluster: &Cluster, plan: &Plan, change: impl FnOnce(&mut KafkaSettings)) {
    let mut settings = settings(cluster, &[("linger.ms", "5")]);
    change(&mut settings);
    let sink = KafkaSink::connect(settings).unwrap();
    let outcome = run::emit(plan, Box::new(sink), EmitOptions::default(), &AtomicBool::new(false));
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
}

fn verify(cluster: &Cluster, plan: &Plan, change: impl FnOnce(&mut TopicReading)) -> Verdict {
    // Nothing else writes, so a moment of quiet is the end.
    let mut reading = TopicReading { quiet_for: Duration::from_millis(500), ..TopicReading::default() };
    change(&mut reading);
    let mut verifier = Verifier::new(plan, Options::default()).unwrap();
    verifier.read_topic(&settings(cluster, &[]), &reading).unwrap();
    verifier.finish().unwrap()
}

#[test]
fn a_topic_is_read_to_its_end_from_all_partitions() {
    let (cluster, plan) = (cluster(), plan(7, 500));
    // An empty topic is a verdict.
    let verdict = verify(&cluster, &plan, |_| {});
    assert_eq!((verdict.records, verdict.missing), (0, 500));
    emit(&cluster, &plan, |_| {});
    let verdict = verify(&cluster, &plan, |_| {});
    assert!(verdict.is_complete(), "{verdict:#?}");
    assert_eq!((verdict.records, verdict.unchanged, verdict.order.unwrap().of_key.events), (500, 500, 0));
    // Once more: every event is there twice, unless reading ends with the last of them.
    emit(&cluster, &plan, |_| {});
    let verdict = verify(&cluster, &plan, |_| {});
    assert_eq!((verdict.arrived, verdict.duplicated, verdict.copies), (500, 500, 500));
}

#[test]
fn the_attributes_of_binary_mode_are_headers() {
    let (cluster, plan) = (cluster(), plan(7, 200));
    emit(&cluster, &plan, |settings| settings.mode = Mode::Binary);
    let verdict = verify(&cluster, &plan, |reading| reading.until_complete = true);
    assert!(verdict.is_complete(), "{verdict:#?}");
    assert_eq!((verdict.arrived, verdict.reformatted), (200, 200));
    let forms = &verdict.json()["forms"];
    assert_eq!((&forms["envelope-apart"], &forms["envelope-gone"]), (&200.into(), &serde_json::Value::Null));
}

#[test]
fn records_of_yesterday_are_passed_over_where_the_beginning_is_known() {
    let (cluster, plan) = (cluster(), plan(7, 300));
    emit(&cluster, &plan, |_| {});
    // The second run of the same seed was never delivered; only its beginning is known.
    let ends = ends(&cluster);
    assert!(verify(&cluster, &plan, |_| {}).is_complete(), "without it they cannot be told apart");
    let verdict = verify(&cluster, &plan, |reading| reading.begin = Begin::Offsets(ends.clone()));
    assert_eq!((verdict.records, verdict.missing), (0, 300));
    emit(&cluster, &plan, |_| {});
    assert!(verify(&cluster, &plan, |reading| reading.begin = Begin::Offsets(ends)).is_complete());
}

/// The offsets of a summary are those of one cluster: a mirrored topic has the same name, and others.
#[test]
fn offsets_of_another_cluster_say_nothing() {
    let (cluster, plan) = (cluster(), plan(7, 300));
    emit(&cluster, &plan, |_| {});
    let mut settings = settings(&cluster, &[]);
    settings.note_offsets = true;
    let sink = KafkaSink::connect(settings).unwrap();
    let (id, now) = (sink.cluster().unwrap(), chrono::Utc::now().timestamp_nanos_opt().unwrap());
    let sent = |cluster: &str, offset: i64| Begin::Sent {
        offsets: (0..PARTITIONS).map(|partition| (partition, offset)).collect(),
        cluster: cluster.to_owned(),
        started: now + 3_600_000_000_000,
    };
    let arrived = |begin: Begin| verify(&cluster, &plan, |reading| reading.begin = begin).arrived;
    assert_eq!(arrived(sent(&id, 0)), 300);
    // Everything there is older than the run.
    assert_eq!(arrived(sent("another", 0)), 0);
}

#[test]
fn keys_are_compared() {
    let (cluster, plan) = (cluster(), plan(7, 200));
    let run = falsetrail::Run::new("busy-day").seed(7).from("2026-01-05T08:00:00Z").events_limit(200);
    let keyed = |key: &str| run.clone().with(|options| options.key = Some(key.to_owned())).plan().unwrap();
    let keys = |plan: &Plan| {
        let verdict = verify(&cluster, plan, |reading| reading.until_complete = true);
        let keys = verdict.keys.unwrap();
        (verdict.unchanged, keys.same, keys.other, keys.gone)
    };
    emit(&cluster, &plan, |_| {});
    assert_eq!(keys(&plan), (200, 200, 0, 0));
    assert_eq!(keys(&keyed("principal")), (200, 0, 200, 0));
    let without = self::cluster();
    emit(&without, &keyed("none"), |_| {});
    let verdict = verify(&without, &plan, |reading| reading.until_complete = true);
    assert_eq!(verdict.keys.unwrap().gone, 200);
    assert!(verdict.is_complete());
}

fn ends(cluster: &Cluster) -> std::collections::BTreeMap<i32, i64> {
    use rdkafka::consumer::{BaseConsumer, Consumer};
    let consumer: BaseConsumer = rdkafka::ClientConfig::new()
        .set("bootstrap.servers", cluster.bootstrap_servers())
        .set("group.id", "test")
        .create()
        .unwrap();
    let end = |partition| consumer.fetch_watermarks(TOPIC, partition, Duration::from_secs(5)).unwrap().1;
    (0..PARTITIONS).map(|partition| (partition, end(partition))).collect()
}

#[test]
fn a_cluster_that_is_not_there_is_an_error() {
    let (cluster, plan) = (cluster(), plan(7, 10));
    let mut settings = settings(&cluster, &[]);
    settings.connect_timeout = Duration::from_secs(2);
    let mut verifier = Verifier::new(&plan, Options::default()).unwrap();
    drop(cluster);
    let error = verifier.read_topic(&settings, &TopicReading::default()).unwrap_err();
    assert_eq!(error.exit_code(), 1, "{error}");
}
