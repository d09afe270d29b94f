//! The side that does least: events that lie ready, sent from where they lie.

#![expect(unsafe_code, reason = "the binding always copies, and what is measured against does not")]

use super::{Cost, Counters, Properties};
use falsetrail::machinery::{bytes::Chunk, sink::kafka::DEFAULTS};
use rdkafka::{
    ClientConfig, ClientContext,
    bindings::{
        rd_kafka_flush, rd_kafka_header_add, rd_kafka_headers_copy, rd_kafka_headers_destroy, rd_kafka_headers_new,
        rd_kafka_headers_t, rd_kafka_producev, rd_kafka_resp_err_t, rd_kafka_vtype_t,
    },
    producer::{BaseProducer, DeliveryResult, Producer, ProducerContext},
};
use std::{
    error::Error,
    ffi::{CString, c_void},
    ptr,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

const HEADER: (&str, &str) = ("content-type", "application/cloudevents+json; charset=UTF-8");

/// Counts acknowledgements.
#[derive(Default)]
struct Acknowledged(AtomicUsize);

impl ClientContext for Acknowledged {}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        self.0.fetch_add(usize::from(result.is_ok()), Relaxed);
    }
}

/// Sends all events; returns when they are acknowledged.
pub fn sent(ready: &Chunk, brokers: &str, topic: &str, properties: &Properties) -> Result<Cost, Box<dyn Error>> {
    let mut config: ClientConfig =
        DEFAULTS.iter().map(|&(name, value, _)| (name.to_owned(), value.to_owned())).collect();
    for (name, value) in properties {
        config.set(*name, *value);
    }
    config.set("bootstrap.servers", brokers);
    let producer: BaseProducer<Acknowledged> = config.create_with_context(Acknowledged::default())?;
    producer.client().fetch_metadata(Some(topic), Duration::from_secs(30))?;
    let name = CString::new(topic)?;
    // SAFETY: a list of headers of our own, destroyed below; name and value are copied.
    let headers = unsafe {
        let headers = rd_kafka_headers_new(1);
        let (name, value) = HEADER;
        rd_kafka_header_add(
            headers,
            name.as_ptr().cast(),
            name.len() as isize,
            value.as_ptr().cast(),
            value.len() as isize,
        );
        headers
    };

    let watch = Counters::start();
    for (index, event) in ready.events.iter().enumerate() {
        while !produce(&producer, &name, headers, ready.key(event), ready.body(event)) {
            producer.poll(Duration::from_millis(5));
        }
        if index % 512 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    while producer.context().0.load(Relaxed) < ready.events.len() {
        // The binding's own lets the last batches wait for others.
        // SAFETY: the client lives as long as its producer.
        unsafe { rd_kafka_flush(producer.client().native_ptr(), 5) };
        // One look brings the reports of one batch.
        let mut before = None;
        let mut reports = 0;
        while before != Some(reports) {
            before = Some(reports);
            producer.poll(Duration::ZERO);
            reports = producer.context().0.load(Relaxed);
        }
    }
    let cost = watch.stop();

    // SAFETY: each record had a copy.
    unsafe { rd_kafka_headers_destroy(headers) };
    Ok(cost)
}

/// Hands an event over; whether there was room for it.
fn produce(
    producer: &BaseProducer<Acknowledged>,
    topic: &CString,
    headers: *mut rd_kafka_headers_t,
    key: &[u8],
    body: &[u8],
) -> bool {
    // SAFETY: the value stays where it is until `sent` has all acknowledgements; a copy of the headers belongs to the
    // record, or to us if it was not taken.
    unsafe {
        let headers = rd_kafka_headers_copy(headers);
        let answer = rd_kafka_producev(
            producer.client().native_ptr(),
            rd_kafka_vtype_t::RD_KAFKA_VTYPE_TOPIC,
            topic.as_ptr(),
            rd_kafka_vtype_t::RD_KAFKA_VTYPE_MSGFLAGS,
            0,
            rd_kafka_vtype_t::RD_KAFKA_VTYPE_VALUE,
            body.as_ptr().cast_mut().cast::<c_void>(),
            body.len(),
            rd_kafka_vtype_t::RD_KAFKA_VTYPE_KEY,
            if key.is_empty() { ptr::null() } else { key.as_ptr().cast::<c_void>() },
            key.len(),
            rd_kafka_vtype_t::RD_KAFKA_VTYPE_HEADERS,
            headers,
            rd_kafka_vtype_t::RD_KAFKA_VTYPE_END,
        );
        let taken = answer == rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
        if !taken {
            rd_kafka_headers_destroy(headers);
        }
        taken
    }
}
