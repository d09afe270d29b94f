//! Zero-copy producing: hands records to librdkafka without copying their values.
//!
//! Fast path. Plain form: each value is copied, as the binding's own `send` does. Gain: 13 % of the client's processor
//! time for `generate busy-day -n 300k` into a broker without compression, median of five interleaved runs on
//! 2026-12-01.
//!
//! Here librdkafka gets a pointer into the buffer that the events were rendered to, and the buffer is kept until each of
//! its records has its delivery report. The reasons why this is sound:
//!
//! 1. librdkafka does not write to a value, and does not read it after it has created the record's report (`rdkafka.h`,
//!    on `RD_KAFKA_MSG_F_COPY`).
//! 2. Before the first pointer into a buffer is handed over, the buffer is in an entry of [`InFlight`], inside an `Arc`:
//!    nobody can change or move its content. The entry is removed when no record can be added to it any more and all
//!    records that were taken have been returned.
//! 3. Each record that was taken returns its [`DeliveryToken`] once, with its report. A token cannot be copied, and
//!    cannot be created outside this module. It is returned to [`InFlight`] after the last access to the value.
//! 4. A record that was not taken has no report, and is not counted.
//! 5. [`InFlight`] belongs to the client's context. The binding drops it after `rd_kafka_destroy`, after which no thread
//!    of librdkafka runs: so the value of a record that never gets a report is not freed too early either.
//! 6. Whether a value is in the batch's buffer is determined by its address. A value outside of it is copied.

#![expect(unsafe_code, reason = "the binding has no way to send a value without a copy")]

mod in_flight;

use std::ffi::{CString, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::bindings::{
    RD_KAFKA_MSG_F_COPY, rd_kafka_error_code, rd_kafka_error_destroy, rd_kafka_error_is_fatal, rd_kafka_flush,
    rd_kafka_last_error, rd_kafka_produceva, rd_kafka_topic_destroy, rd_kafka_topic_new, rd_kafka_topic_t,
    rd_kafka_vtype_t, rd_kafka_vu_s, rd_kafka_vu_s__bindgen_ty_1 as Part,
    rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 as Bytes, rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_2 as NamedBytes,
};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, DeliveryResult, Producer as _, ProducerContext};
use rdkafka::util::IntoOpaque;

use super::record::Headers;
use super::reports::Reports;
use crate::bytes::Event;
pub(super) use in_flight::{BATCH_EVENTS, DeliveryToken, InFlight, size};

/// Buffers with fewer bytes are not worth lending.
const LEAST_LENT: usize = 32 * 1024;

/// librdkafka's client for producing.
pub(super) type Producer = BaseProducer<Context>;

/// Receives librdkafka's callbacks: collects the reports, and releases the buffers of their records.
pub(super) struct Context {
    /// The reports so far.
    pub(crate) reports: Reports,
    in_flight: Mutex<InFlight>,
}

/// A record to send.
pub(super) struct Record<'a> {
    /// Empty for a record without a key.
    pub(crate) key: &'a [u8],
    /// `None` for a record without a value (a null value).
    pub(crate) value: Option<&'a [u8]>,
    pub(crate) headers: &'a Headers,
    /// The record's time in milliseconds since the Unix epoch; 0 is the time of sending.
    pub time: i64,
}

/// Consecutive events that are being handed over.
pub(super) struct Batch<'p> {
    producer: &'p Producer,
    topic: Topic<'p>,
    /// The buffer whose values need no copy.
    bodies: Option<Arc<Vec<u8>>>,
    entry: usize,
    handed: i64,
    /// The arguments that describe a record to librdkafka; kept for their memory.
    parts: Vec<rd_kafka_vu_s>,
}

/// librdkafka's handle of a topic.
struct Topic<'p> {
    handle: NonNull<rd_kafka_topic_t>,
    /// The handle must be destroyed before its client.
    producer: PhantomData<&'p Producer>,
}

/// Whether to lend a buffer as a whole instead of copying its content: not if it is mostly empty, because it stays
/// allocated for a while.
pub(super) fn is_lent(bodies: &Vec<u8>) -> bool {
    bodies.len() >= LEAST_LENT && bodies.len() >= bodies.capacity() / 4
}

/// Lets librdkafka send incomplete batches for up to `limit`; reads no reports.
///
/// The binding's own `flush` passes a timeout of zero and then sleeps, so incomplete batches are not sent any sooner.
pub(super) fn flush(producer: &Producer, limit: Duration) {
    let limit = limit.as_millis().try_into().unwrap_or(i32::MAX);
    // SAFETY: the client lives as long as the borrowed producer.
    unsafe { rd_kafka_flush(producer.client().native_ptr(), limit) };
}

impl Context {
    /// A context without reports.
    pub(super) fn new(reports: Reports) -> Self {
        Self { reports, in_flight: Mutex::default() }
    }

    /// The buffers that librdkafka may still read.
    pub(super) fn in_flight(&self) -> MutexGuard<'_, InFlight> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'p> Batch<'p> {
    /// Begins to hand over events, at most [`BATCH_EVENTS`]. `bodies` is their buffer, if it is lent, and `size` the
    /// memory that they account for.
    ///
    /// # Errors
    /// librdkafka's, if it does not accept the topic.
    pub(super) fn open(
        producer: &'p Producer,
        topic: &str,
        bodies: Option<Arc<Vec<u8>>>,
        size: usize,
        events: &[Event],
    ) -> Result<Self, RDKafkaErrorCode> {
        let topic = Topic::new(producer, topic)?;
        let numbers = events.iter().take(BATCH_EVENTS).map(|event| event.number);
        let entry = producer.context().in_flight().open(bodies.clone(), size, numbers);
        Ok(Self { producer, topic, bodies, entry, handed: 0, parts: Vec::new() })
    }

    /// Hands over the event at this index of the batch.
    ///
    /// # Errors
    /// The reason why librdkafka did not take it; `Fatal` if it will take nothing more.
    pub(super) fn hand_over(&mut self, place: usize, record: &Record<'_>) -> Result<(), RDKafkaErrorCode> {
        let is_copied = !record.value.is_some_and(|value| self.lends(value));
        self.describe(place, record, is_copied);
        let client = self.producer.client().native_ptr();
        // SAFETY: the client lives as long as the borrowed producer, and so does the topic's handle. Each part has the
        // type that its tag says. Key, names and values of headers, and values with the copy flag, are copied before
        // the call returns; any other value is in the batch's buffer, which `InFlight` keeps (1, 2, 6).
        let error = unsafe { rd_kafka_produceva(client, self.parts.as_ptr(), self.parts.len()) };
        let Some(error) = NonNull::new(error) else {
            self.handed += 1;
            return Ok(());
        };
        // SAFETY: an error that is not null is ours, until we destroy it.
        unsafe {
            let is_fatal = rd_kafka_error_is_fatal(error.as_ptr()) != 0;
            let code = rd_kafka_error_code(error.as_ptr()).into();
            rd_kafka_error_destroy(error.as_ptr());
            Err(if is_fatal { RDKafkaErrorCode::Fatal } else { code })
        }
    }

    /// Whether a value is in the lent buffer.
    fn lends(&self, value: &[u8]) -> bool {
        let (Some(bodies), value) = (&self.bodies, value.as_ptr_range()) else { return false };
        let bodies = bodies.as_ptr_range();
        bodies.start <= value.start && value.end <= bodies.end && !value.is_empty()
    }

    /// Describes the record to librdkafka, in place of the one before.
    fn describe(&mut self, place: usize, record: &Record<'_>, is_copied: bool) {
        use rd_kafka_vtype_t as tag;
        let bytes = |of: &[u8]| Part { mem: Bytes { ptr: of.as_ptr().cast_mut().cast::<c_void>(), size: of.len() } };
        let flags = if is_copied { RD_KAFKA_MSG_F_COPY } else { 0 };
        let token = DeliveryToken::new(self.entry, place);
        self.parts.clear();
        let mut add = |vtype, u| self.parts.push(rd_kafka_vu_s { vtype, u });
        add(tag::RD_KAFKA_VTYPE_RKT, Part { rkt: self.topic.handle.as_ptr() });
        add(tag::RD_KAFKA_VTYPE_MSGFLAGS, Part { i: flags });
        add(tag::RD_KAFKA_VTYPE_OPAQUE, Part { ptr: token.into_ptr() });
        add(tag::RD_KAFKA_VTYPE_TIMESTAMP, Part { i64_: record.time });
        if let Some(value) = record.value {
            add(tag::RD_KAFKA_VTYPE_VALUE, bytes(value));
        }
        if !record.key.is_empty() {
            add(tag::RD_KAFKA_VTYPE_KEY, bytes(record.key));
        }
        for (name, value) in record.headers.iter() {
            let (val, size) = (value.as_ptr().cast(), value.len() as isize);
            add(tag::RD_KAFKA_VTYPE_HEADER, Part { header: NamedBytes { name: name.as_ptr(), val, size } });
        }
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        // From now on only `InFlight` holds a reference to the buffer.
        self.bodies = None;
        self.producer.context().in_flight().close(self.entry, self.handed);
    }
}

impl<'p> Topic<'p> {
    fn new(producer: &'p Producer, name: &str) -> Result<Self, RDKafkaErrorCode> {
        let name = CString::new(name).map_err(|_| RDKafkaErrorCode::InvalidTopic)?;
        // SAFETY: the client lives as long as the borrowed producer, the name is copied, and null requests the client's
        // own settings.
        let handle = unsafe { rd_kafka_topic_new(producer.client().native_ptr(), name.as_ptr(), ptr::null_mut()) };
        match NonNull::new(handle) {
            Some(handle) => Ok(Self { handle, producer: PhantomData }),
            // SAFETY: reads a thread-local number.
            None => Err(unsafe { rd_kafka_last_error() }.into()),
        }
    }
}

impl Drop for Topic<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is ours, and its client still lives.
        unsafe { rd_kafka_topic_destroy(self.handle.as_ptr()) };
    }
}

impl IntoOpaque for DeliveryToken {
    fn into_ptr(self) -> *mut c_void {
        ptr::without_provenance_mut(self.into_bits())
    }

    unsafe fn from_ptr(pointer: *mut c_void) -> Self {
        Self::from_bits(pointer.addr())
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = DeliveryToken;

    fn delivery(&self, result: &DeliveryResult<'_>, token: DeliveryToken) {
        self.reports.report(result, || self.in_flight().number(&token));
        // Only now, because the report may have read the value.
        self.in_flight().back(token);
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.reports.log(level, facility, line);
    }

    fn stats_raw(&self, _: &[u8]) {
        // The statistics that `statistics.interval.ms` enables are not used here; the default method would parse them.
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.reports.error(&error, reason);
    }
}
