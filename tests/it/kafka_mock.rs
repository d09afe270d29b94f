//! The Kafka sink against librdkafka's own mock cluster: no network beyond
//! loopback, nothing to install. What only a real broker can show is in
//! `tests/kafka`.

mod delivery;
mod keys;
mod lent;
mod properties;
mod records;
mod refusals;
mod verify;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use falsetrail::machinery::{
    bytes::{Chunk, Event},
    error::Error,
    sink::{
        Delivered, Ending, Flow, Overwrite, Sink,
        kafka::{KafkaSettings, KafkaSink, UndeliveredFile},
    },
};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use rdkafka::{Offset, TopicPartitionList};

const TOPIC: &str = "audit";
const PARTITIONS: i32 = 3;

type Cluster = MockCluster<'static, DefaultProducerContext>;

/// A record as a consumer sees it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone)]
struct Record {
    key: Option<Vec<u8>>,
    value: Vec<u8>,
}

fn cluster() -> Cluster {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic(TOPIC, PARTITIONS, 1).unwrap();
    cluster
}

fn settings(cluster: &Cluster, properties: &[(&str, &str)]) -> KafkaSettings {
    let mut settings = KafkaSettings::new(cluster.bootstrap_servers(), TOPIC);
    settings.properties = properties.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    settings
}

/// Events `from..to`; every seventh has no key, the others one of five.
fn chunk(from: u64, to: u64) -> Chunk {
    let mut chunk = Chunk::default();
    for number in from..to {
        let body = format!(r#"{{"id":"{number}","name":"größer","data":"{number:0>200}"}}"#);
        chunk.bodies.extend_from_slice(body.as_bytes());
        if number % 7 != 0 {
            let key = format!("env-{}", number % 5);
            chunk.keys.extend_from_slice(key.as_bytes());
        }
        chunk.end_event(Event { number, ..Event::default() });
    }
    chunk
}

fn expected(chunk: &Chunk) -> Vec<Record> {
    let record = |event: &Event| Record {
        key: (!event.key.is_empty()).then(|| chunk.key(event).to_vec()),
        value: chunk.body(event).to_vec(),
    };
    chunk.events.iter().map(record).collect()
}

/// Sends chunks of 100 events and finishes.
fn send(mut sink: KafkaSink, events: u64) -> Delivered {
    for from in (0..events).step_by(100) {
        let flow = sink.take(&chunk(from, events.min(from + 100))).unwrap();
        assert_eq!(flow, Flow::Open);
    }
    Box::new(sink).finish(Ending::Complete).unwrap()
}

/// A record with all that it has.
#[derive(Debug)]
struct Seen {
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, String)>,
    partition: i32,
    /// In milliseconds since the Unix epoch.
    time: i64,
}

/// Reads `count` records in structured mode, in order within each partition.
fn read(cluster: &Cluster, count: usize) -> Vec<Record> {
    let headers = [("content-type".to_owned(), "application/cloudevents+json; charset=UTF-8".to_owned())];
    let record = |seen: Seen| {
        assert_eq!(seen.headers, headers);
        Record { key: seen.key, value: seen.value.unwrap() }
    };
    see(cluster, count).into_iter().map(record).collect()
}

/// Reads `count` records, in order within each partition; fewer if no more come.
fn see(cluster: &Cluster, count: usize) -> Vec<Seen> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", cluster.bootstrap_servers())
        .set("group.id", "test")
        .create()
        .unwrap();
    let mut partitions = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        partitions.add_partition_offset(TOPIC, partition, Offset::Beginning).unwrap();
    }
    consumer.assign(&partitions).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut records = Vec::new();
    while records.len() < count && Instant::now() < deadline {
        let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) else {
            continue;
        };
        let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
        records.push(Seen {
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: headers.map(|header| (header.key.to_owned(), text(header.value.unwrap()))).collect(),
            partition: message.partition(),
            time: message.timestamp().to_millis().unwrap(),
        });
    }
    records
}

fn by_key(records: &[Record]) -> BTreeMap<Vec<u8>, Vec<Record>> {
    let mut keys: BTreeMap<Vec<u8>, Vec<Record>> = BTreeMap::new();
    for record in records {
        // Without a key there is no order.
        if let Some(key) = &record.key {
            keys.entry(key.clone()).or_default().push(record.clone());
        }
    }
    keys
}

fn assert_adds_up(delivered: &Delivered, taken: u64) {
    assert_eq!(delivered.events + delivered.failed + delivered.unknown, taken, "{delivered:?}");
}

#[test]
fn records_equal_the_events() {
    let cluster = cluster();
    let sink = KafkaSink::connect(settings(&cluster, &[])).unwrap();
    let delivered = send(sink, 2000);
    let sent = expected(&chunk(0, 2000));

    assert_eq!((delivered.events, delivered.failed, delivered.unknown), (2000, 0, 0));
    let bytes: usize = sent.iter().map(|record| record.value.len()).sum();
    assert_eq!(delivered.bytes, bytes as u64);
    assert_eq!(delivered.notes, [""; 0]);

    let got = read(&cluster, sent.len());
    assert_eq!(by_key(&got), by_key(&sent), "bytes, keys and order per key");
    let (mut got, mut sent) = (got, sent);
    got.sort();
    sent.sort();
    assert_eq!(got, sent, "every event once");
}

#[test]
fn every_compression_of_the_build_gives_the_same_records() {
    for codec in ["none", "gzip", "snappy", "lz4"] {
        let cluster = cluster();
        let properties = [("compression.codec", codec)];
        let sink = KafkaSink::connect(settings(&cluster, &properties)).unwrap();
        assert_eq!(send(sink, 300).events, 300, "{codec}");
        let (mut got, mut sent) = (read(&cluster, 300), expected(&chunk(0, 300)));
        got.sort();
        sent.sort();
        assert_eq!(got, sent, "{codec}");
    }
}

#[test]
fn a_full_queue_loses_nothing() {
    let cluster = cluster();
    let properties = [("queue.buffering.max.messages", "10"), ("linger.ms", "1")];
    let sink = KafkaSink::connect(settings(&cluster, &properties)).unwrap();
    let delivered = send(sink, 1000);
    assert_eq!((delivered.events, delivered.failed, delivered.unknown), (1000, 0, 0));
    let (mut got, mut sent) = (read(&cluster, 1000), expected(&chunk(0, 1000)));
    got.sort();
    sent.sort();
    assert_eq!(got, sent);
}

#[test]
fn a_queue_that_is_full_before_any_batch_is_goes_all_the_same() {
    let cluster = cluster();
    // A batch has room for 10,000 records, and waits four minutes for them.
    let properties = [("queue.buffering.max.messages", "10"), ("linger.ms", "240000")];
    let (sink, begun) = (KafkaSink::connect(settings(&cluster, &properties)).unwrap(), Instant::now());
    let delivered = send(sink, 200);
    assert_eq!((delivered.events, delivered.failed, delivered.unknown), (200, 0, 0));
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn waiting_for_a_full_queue_costs_no_cpu() {
    let cluster = cluster();
    cluster.broker_round_trip_time(-1, Duration::from_millis(100)).unwrap();
    let properties = [("queue.buffering.max.messages", "100"), ("linger.ms", "1")];
    let sink = KafkaSink::connect(settings(&cluster, &properties)).unwrap();
    let (wall, cpu) = (Instant::now(), cpu_time());
    assert_eq!(send(sink, 1000).events, 1000);
    let (wall, cpu) = (wall.elapsed(), cpu_time().saturating_sub(cpu));
    assert!(wall > Duration::from_secs(1), "nothing was waited for: {wall:?}");
    assert!(cpu < wall / 2, "{cpu:?} of CPU in {wall:?}");
}

/// CPU time of this thread, where the system tells it.
fn cpu_time() -> Duration {
    // Nanoseconds on a CPU, waiting for one, number of time slices.
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|text| text.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

#[test]
fn failures_of_the_broker_are_counted() {
    let cluster = cluster();
    // One batch for all, so that one error meets all.
    let properties = [("enable.idempotence", "false"), ("linger.ms", "500")];
    let mut sink = KafkaSink::connect(settings(&cluster, &properties)).unwrap();
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    cluster.request_errors(RDKafkaApiKey::Produce, &[refused; 3]);
    let _ = sink.take(&chunk(0, 50)).unwrap();
    let delivered = Box::new(sink).finish(Ending::Complete).unwrap();
    assert_adds_up(&delivered, 50);
    assert_eq!((delivered.failed, delivered.unknown), (50, 0), "{delivered:?}");
    let note = "50 events failed: larger than the broker, the topic or `message.max.bytes` \
                allows (first: event 0)";
    assert_eq!(delivered.notes, [note]);
}

#[test]
fn an_event_too_large_for_the_client_is_counted() {
    let cluster = cluster();
    let properties = [("message.max.bytes", "1000")];
    let mut sink = KafkaSink::connect(settings(&cluster, &properties)).unwrap();
    let mut large = chunk(7, 8);
    large.bodies.resize(2000, b' ');
    large.events[0].body.end = 2000;
    let _ = sink.take(&chunk(5, 7)).unwrap();
    let _ = sink.take(&large).unwrap();
    let delivered = Box::new(sink).finish(Ending::Complete).unwrap();
    assert_eq!((delivered.events, delivered.failed), (2, 1), "{delivered:?}");
    assert!(delivered.notes[0].ends_with("(first: event 7)"), "{delivered:?}");
}

#[test]
fn an_event_of_the_first_ones_that_is_too_large_ends_the_run() {
    let cluster = cluster();
    let mut settings = settings(&cluster, &[("message.max.bytes", "1000")]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list");
    settings.undelivered = Some(UndeliveredFile { path: path.clone(), overwrite: Overwrite::Refuse });
    let mut sink = KafkaSink::connect(settings).unwrap();
    let mut large = chunk(0, 3);
    large.bodies.resize(5000, b' ');
    large.events[2].body.end = 5000;
    let Err(Error::Failed { message, help }) = sink.take(&large) else {
        panic!("it was taken");
    };
    assert!(message.contains("is larger than `message.max.bytes` allows"), "{message}");
    assert!(help[0].starts_with("allow more: `-X message.max.bytes="), "{help:?}");
    let delivered = Box::new(sink).finish(Ending::Stopped).unwrap();
    assert_eq!((delivered.events, delivered.failed, delivered.unknown), (0, 3, 0), "{delivered:?}");
    assert!(delivered.undelivered.is_none() && !path.exists(), "nothing was sent: it is all to be repeated");
}

#[test]
fn a_broker_that_goes_away_fails_what_was_not_acknowledged() {
    let cluster = cluster();
    let properties = [("message.timeout.ms", "1000")];
    let mut sink = KafkaSink::connect(settings(&cluster, &properties)).unwrap();
    cluster.broker_down(-1).unwrap();
    let _ = sink.take(&chunk(0, 100)).unwrap();
    let delivered = Box::new(sink).finish(Ending::Complete).unwrap();
    assert_adds_up(&delivered, 100);
    assert_eq!(delivered.events, 0);
    // What was on its way when the broker went is not known to have failed.
    let first = &delivered.notes[0];
    let ends = ["100 events failed: not delivered within", "100 events unknown: sent, but not acknowledged within"];
    assert!(ends.iter().any(|end| first.starts_with(end)), "{first}");
    let last = &delivered.notes[1];
    assert!(last.starts_with("the last trouble with the brokers: "), "{last}");
}

#[test]
fn a_stopped_run_gives_up_in_time() {
    let cluster = cluster();
    let mut settings = settings(&cluster, &[]);
    settings.flush_timeout = Duration::from_millis(300);
    let mut sink = KafkaSink::connect(settings).unwrap();
    cluster.broker_round_trip_time(-1, Duration::from_secs(20)).unwrap();
    let _ = sink.take(&chunk(0, 100)).unwrap();
    let start = Instant::now();
    let delivered = Box::new(sink).finish(Ending::Stopped).unwrap();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_adds_up(&delivered, 100);
    assert_eq!(delivered.events, 0);
}

#[test]
fn a_fatal_error_ends_the_run() {
    let cluster = cluster();
    let denied = RDKafkaRespErr::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
    cluster.request_errors(RDKafkaApiKey::InitProducerId, &[denied; 9]);
    let mut sink = KafkaSink::connect(settings(&cluster, &[])).unwrap();
    let mut taken = 0;
    let error = loop {
        if let Err(error) = sink.take(&chunk(taken, taken + 1)) {
            break error;
        }
        taken += 1;
        assert!(taken < 10_000, "no fatal error");
        std::thread::sleep(Duration::from_millis(1));
    };
    let Error::Failed { message, help } = error else {
        panic!("{error:?}");
    };
    assert!(message.starts_with("the kafka producer cannot go on: "), "{message}");
    assert!(help[0].contains("ACL WRITE on topic `audit`"), "{help:?}");
    let delivered = Box::new(sink).finish(Ending::Complete).unwrap();
    // The last event may or may not have been taken.
    let total = delivered.events + delivered.failed + delivered.unknown;
    assert!((taken..=taken + 1).contains(&total), "{taken}: {delivered:?}");
    assert_eq!(delivered.events, 0);
}

#[test]
fn acks_0_is_called_what_it_is() {
    let cluster = cluster();
    let properties = [("acks", "0"), ("enable.idempotence", "false")];
    let sink = KafkaSink::connect(settings(&cluster, &properties)).unwrap();
    let delivered = send(sink, 10);
    assert!(delivered.notes[0].starts_with("with `acks=0` brokers acknowledge nothing"));
}
