//! Values are not copied on their way: librdkafka reads them from the chunk's own buffer, for as long as it may have to
//! send them again.

use std::time::Duration;

use falsetrail::machinery::{
    bytes::{Chunk, Event},
    sink::{
        Ending, Flow, Sink,
        kafka::{KafkaSink, Mode},
    },
};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::{assert_adds_up, cluster, see, settings};

/// Events `from..to`, in a chunk that had others, as large as real ones.
fn fill(chunk: &mut Chunk, from: u64, to: u64) {
    chunk.clear();
    for number in from..to {
        chunk.bodies.extend_from_slice(body(number).as_bytes());
        chunk.keys.extend_from_slice(format!("env-{}", number % 5).as_bytes());
        chunk.end_event(Event { number, ..Event::default() });
    }
}

fn body(number: u64) -> String {
    format!(r#"{{"id":"{number}","data":"{}"}}"#, format!("{number}-").repeat(300))
}

/// Sends chunks of 100 events, and spoils each buffer that is not kept.
fn send(sink: &mut KafkaSink, events: u64) {
    let mut chunk = Chunk::default();
    for from in (0..events).step_by(100) {
        fill(&mut chunk, from, from + 100);
        let before = chunk.bodies.as_ptr();
        assert_eq!(sink.take_over(&mut chunk).unwrap(), Flow::Open);
        assert!(chunk.bodies.is_empty() && chunk.bodies.as_ptr() != before, "the buffer was not kept");
        chunk.bodies.resize(200_000, b'!');
    }
}

#[test]
fn what_is_sent_again_is_what_was_taken() {
    for (mode, properties) in [
        (Mode::Structured, &[("compression.type", "none")][..]),
        (Mode::Bare, &[("compression.type", "lz4")]),
        // A piece of each body.
        (Mode::Binary, &[("compression.type", "none"), ("message.copy.max.bytes", "0")]),
    ] {
        let cluster = cluster();
        let mut settings = settings(&cluster, properties);
        settings.mode = mode;
        settings.properties.push(("retry.backoff.ms".to_owned(), "10".to_owned()));
        let mut sink = KafkaSink::connect(settings).unwrap();
        // Batches that the broker refuses for now, in between.
        let again = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS;
        let fine = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR;
        cluster.request_errors(RDKafkaApiKey::Produce, &[again, fine, again, again, fine, again, again, again]);
        send(&mut sink, 3000);
        let delivered = Box::new(sink).finish(Ending::Complete).unwrap();
        assert_eq!((delivered.events, delivered.failed, delivered.unknown), (3000, 0, 0), "{delivered:?}");

        let value = |number| match mode {
            Mode::Binary => format!("\"{}\"", format!("{number}-").repeat(300)),
            _ => body(number),
        };
        let mut expected: Vec<String> = (0..3000).map(value).collect();
        let found = see(&cluster, 3000).into_iter().map(|seen| String::from_utf8(seen.value.unwrap()).unwrap());
        let mut found: Vec<String> = found.collect();
        expected.sort();
        found.sort();
        assert!(found == expected, "{mode:?}: values are other than what was taken");
    }
}

#[test]
fn what_is_given_up_gives_its_buffer_back() {
    let cluster = cluster();
    let mut settings = settings(&cluster, &[("linger.ms", "1"), ("enable.idempotence", "false")]);
    settings.flush_timeout = Duration::from_millis(200);
    let mut sink = KafkaSink::connect(settings).unwrap();
    // Some is queued, some was sent, and no answer comes.
    cluster.broker_round_trip_time(-1, Duration::from_secs(60)).unwrap();
    send(&mut sink, 2000);
    let delivered = Box::new(sink).finish(Ending::Stopped).unwrap();
    assert_adds_up(&delivered, 2000);
    assert_eq!(delivered.events, 0, "{delivered:?}");
}

#[test]
fn little_memory_holds_a_run_back_and_loses_nothing() {
    let cluster = cluster();
    // Less than one chunk has.
    let mut sink = KafkaSink::connect(settings(&cluster, &[("queue.buffering.max.kbytes", "100")])).unwrap();
    send(&mut sink, 1000);
    assert_eq!(Box::new(sink).finish(Ending::Complete).unwrap().events, 1000);
}
