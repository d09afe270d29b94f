//! Hands records to librdkafka without a copy of their values.
//!
//! The binding's own `send` copies each value. Here librdkafka gets a pointer
//! into the buffer that the events were rendered to, and the buffer stays until
//! the last of its records has its report. This is why that is sound:
//!
//! 1. librdkafka does not write to a value, and does not look at it once it has
//!    made the record's report (`rdkafka.h`, on `RD_KAFKA_MSG_F_COPY`).
//! 2. Before the first pointer into a buffer is handed over, the buffer is in
//!    an entry of [`Loans`], behind an `Arc`: nobody can change or move what it
//!    holds. The entry goes when no record can be added to it any more and all
//!    that were taken are back.
//! 3. Each record that was taken brings its [`Ticket`] back once, with its
//!    report. A ticket cannot be copied, and nobody outside of this module can
//!    make one. It goes back to the loans behind the last look at the value.
//! 4. A record that was not taken has no report, and is not counted.
//! 5. The loans are a part of the client's context. The binding lets it go
//!    after `rd_kafka_destroy`, behind which no thread of librdkafka runs: so a
//!    record that never gets a report does not lose its value either.
//! 6. Whether a value lies in the lot's buffer is seen by its address. One that
//!    does not is copied.

#![expect(unsafe_code, reason = "the binding has no way to send a value without a copy")]

mod loans;

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
use crate::sink::Event;
pub(super) use loans::{LOT_EVENTS, Loans, Ticket, size};

/// Buffers with less in them are not worth to be kept.
const LEAST_LENT: usize = 32 * 1024;

/// A client of librdkafka that sends.
pub(super) type Producer = BaseProducer<Context>;

/// What librdkafka's answers go to: the reports, and the loans that they end.
pub(super) struct Context {
    /// What has come back.
    pub reports: Reports,
    loans: Mutex<Loans>,
}

/// A record to be sent.
pub(super) struct Record<'a> {
    /// None if it is empty.
    pub key: &'a [u8],
    /// `None` is no value.
    pub value: Option<&'a [u8]>,
    pub headers: &'a Headers,
    /// In milliseconds since the Unix epoch; 0 is now.
    pub time: i64,
}

/// Consecutive events that are being handed over.
pub(super) struct Lot<'p> {
    producer: &'p Producer,
    topic: Topic<'p>,
    /// The buffer of which values need no copy.
    bodies: Option<Arc<Vec<u8>>>,
    entry: usize,
    handed: i64,
    /// What librdkafka is told of a record; kept for its memory.
    parts: Vec<rd_kafka_vu_s>,
}

/// librdkafka's handle of a topic.
struct Topic<'p> {
    handle: NonNull<rd_kafka_topic_t>,
    /// It must be gone before its client is.
    producer: PhantomData<&'p Producer>,
}

/// Whether a buffer is to be lent as a whole, instead of copying what it holds:
/// not if it is mostly empty, for it stays for a while.
pub(super) fn is_lent(bodies: &Vec<u8>) -> bool {
    bodies.len() >= LEAST_LENT && bodies.len() >= bodies.capacity() / 4
}

/// Lets librdkafka send for a while what waits for others; it reads no reports.
///
/// The binding's own `flush` asks for that for no time at all, and then sleeps:
/// what waits goes on waiting.
pub(super) fn flush(producer: &Producer, limit: Duration) {
    let limit = limit.as_millis().try_into().unwrap_or(i32::MAX);
    // SAFETY: the client lives as long as the borrowed producer.
    unsafe { rd_kafka_flush(producer.client().native_ptr(), limit) };
}

impl Context {
    /// Nothing sent yet.
    pub fn new(reports: Reports) -> Self {
        Self { reports, loans: Mutex::default() }
    }

    /// What librdkafka may still read.
    pub fn loans(&self) -> MutexGuard<'_, Loans> {
        self.loans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'p> Lot<'p> {
    /// Begins to hand over events, at most [`LOT_EVENTS`]; `bodies` is their
    /// buffer, if it is lent, and `size` what they account for.
    ///
    /// # Errors
    /// librdkafka's, if it does not accept the topic.
    pub fn open(
        producer: &'p Producer,
        topic: &str,
        bodies: Option<Arc<Vec<u8>>>,
        size: usize,
        events: &[Event],
    ) -> Result<Self, RDKafkaErrorCode> {
        let topic = Topic::new(producer, topic)?;
        let numbers = events.iter().take(LOT_EVENTS).map(|event| event.number);
        let entry = producer.context().loans().open(bodies.clone(), size, numbers);
        Ok(Self { producer, topic, bodies, entry, handed: 0, parts: Vec::new() })
    }

    /// Hands over the event at this place of the lot.
    ///
    /// # Errors
    /// Why librdkafka did not take it; `Fatal` if it will take nothing more.
    pub fn hand_over(&mut self, place: usize, record: &Record<'_>) -> Result<(), RDKafkaErrorCode> {
        let is_copied = !record.value.is_some_and(|value| self.lends(value));
        self.describe(place, record, is_copied);
        let client = self.producer.client().native_ptr();
        // SAFETY: the client lives as long as the borrowed producer, and so
        // does the topic's handle. Each part has the type that its tag says.
        // Key, names and values of headers, and values that are marked so, are
        // copied before the call returns; any other value lies in the lot's
        // buffer, which the loans keep (1, 2, 6).
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

    /// Whether a value lies in the buffer that is lent.
    fn lends(&self, value: &[u8]) -> bool {
        let (Some(bodies), value) = (&self.bodies, value.as_ptr_range()) else { return false };
        let bodies = bodies.as_ptr_range();
        bodies.start <= value.start && value.end <= bodies.end && !value.is_empty()
    }

    /// Writes the record down as librdkafka reads it, in place of another.
    fn describe(&mut self, place: usize, record: &Record<'_>, is_copied: bool) {
        use rd_kafka_vtype_t as tag;
        let bytes = |of: &[u8]| Part { mem: Bytes { ptr: of.as_ptr().cast_mut().cast::<c_void>(), size: of.len() } };
        let flags = if is_copied { RD_KAFKA_MSG_F_COPY } else { 0 };
        let ticket = Ticket::new(self.entry, place);
        self.parts.clear();
        let mut add = |vtype, u| self.parts.push(rd_kafka_vu_s { vtype, u });
        add(tag::RD_KAFKA_VTYPE_RKT, Part { rkt: self.topic.handle.as_ptr() });
        add(tag::RD_KAFKA_VTYPE_MSGFLAGS, Part { i: flags });
        add(tag::RD_KAFKA_VTYPE_OPAQUE, Part { ptr: ticket.into_ptr() });
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

impl Drop for Lot<'_> {
    fn drop(&mut self) {
        // Of the buffer, only what the loans have is left.
        self.bodies = None;
        self.producer.context().loans().close(self.entry, self.handed);
    }
}

impl<'p> Topic<'p> {
    fn new(producer: &'p Producer, name: &str) -> Result<Self, RDKafkaErrorCode> {
        let name = CString::new(name).map_err(|_| RDKafkaErrorCode::InvalidTopic)?;
        // SAFETY: the client lives as long as the producer that is borrowed,
        // the name is copied, and null asks for the client's own settings.
        let handle = unsafe { rd_kafka_topic_new(producer.client().native_ptr(), name.as_ptr(), ptr::null_mut()) };
        match NonNull::new(handle) {
            Some(handle) => Ok(Self { handle, producer: PhantomData }),
            // SAFETY: reads a number of this thread.
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

impl IntoOpaque for Ticket {
    fn into_ptr(self) -> *mut c_void {
        ptr::without_provenance_mut(self.into_bits())
    }

    unsafe fn from_ptr(pointer: *mut c_void) -> Self {
        Self::from_bits(pointer.addr())
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = Ticket;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: Ticket) {
        self.reports.report(result, || self.loans().number(&ticket));
        // Only now: the report may have looked at the value.
        self.loans().back(ticket);
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.reports.log(level, facility, line);
    }

    fn stats_raw(&self, _: &[u8]) {
        // Whoever sets `statistics.interval.ms` wants nothing of us; the
        // default would parse them.
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.reports.error(&error, reason);
    }
}
