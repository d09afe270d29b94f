//! Collects librdkafka's callbacks: delivery reports, errors and log lines.
//!
//! Counters that every report updates are atomics; a lock protects rare data. Only the polling thread uses them, but
//! the binding requires a context that can be shared between threads.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rdkafka::bindings::{rd_kafka_message_status, rd_kafka_msg_status_t};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::producer::DeliveryResult;

use super::trouble::Trouble;
use super::undelivered::{List, Undelivered};
use super::{code, members, wording};
use crate::sink::{Delivered, Tally};

/// The most distinct reasons of failure that a summary lists.
const REASONS: usize = 5;

/// The most distinct troubles that are kept between two successful reports.
const TROUBLES: usize = 32;

/// A reason why records were not acknowledged.
struct Failure {
    reason: String,
    /// Whether the records may be in the topic nevertheless.
    unknown: bool,
    count: u64,
    /// The number of the first event that failed for this reason.
    first: u64,
}

/// Data that changes rarely.
#[derive(Default)]
struct Seldom {
    failures: Vec<Failure>,
    failed: u64,
    timed_out: bool,
    /// The list of events that were not delivered.
    list: Option<List>,
    troubles: Vec<Trouble>,
    warnings: Vec<String>,
}

/// Collects all callbacks.
#[derive(Default)]
pub(super) struct Reports {
    tally: Arc<Tally>,
    bytes: AtomicU64,
    /// Whether librdkafka's log is shown on stderr, as the property `debug` requests.
    show_log: bool,
    seldom: Mutex<Seldom>,
}

impl Reports {
    /// No reports yet.
    pub(super) fn new(show_log: bool) -> Self {
        Self { show_log, ..Self::default() }
    }

    /// Live counters of acknowledged and unacknowledged events, for other threads.
    pub(super) fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }

    /// The number of events that have their report.
    pub(super) fn answered(&self) -> u64 {
        self.tally.acknowledged.load(Relaxed) + self.tally.unacknowledged.load(Relaxed)
    }

    /// Sets the list of events that are not delivered; `None` ends listing.
    pub(super) fn list(&self, list: Option<List>) {
        self.seldom().list = list;
    }

    /// Counts an event that librdkafka did not even queue.
    pub(super) fn refused(&self, number: u64, body: &[u8], code: RDKafkaErrorCode) {
        self.tally.unacknowledged.fetch_add(1, Relaxed);
        let id = members::id(body);
        self.seldom().fail(code, &Undelivered { number, id: id.as_deref(), partition: None, unknown: false });
    }

    /// Counts the result of a record; `number` returns the event's number.
    pub(super) fn report(&self, result: &DeliveryResult<'_>, number: impl FnOnce() -> u64) {
        match result {
            Ok(record) => {
                self.tally.acknowledged.fetch_add(1, Relaxed);
                self.bytes.fetch_add(record.payload_len() as u64, Relaxed);
            }
            Err((error, record)) => {
                self.tally.unacknowledged.fetch_add(1, Relaxed);
                let (code, id) = (code(error), id_of(record));
                let unknown = code == RDKafkaErrorCode::PurgeInflight || may_be_written(record);
                let partition = Some(record.partition()).filter(|partition| *partition >= 0);
                self.seldom().fail(code, &Undelivered { number: number(), id: id.as_deref(), partition, unknown });
            }
        }
    }

    /// Handles a line of librdkafka's log.
    pub(super) fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        if self.show_log {
            // Standard error may be a closed terminal.
            let _ = writeln!(io::stderr(), "librdkafka: {facility}: {line}");
        }
        if facility == "CONFWARN" {
            self.seldom().warnings.push(wording::warning(line));
        } else if facility == "FAIL" && level as i32 <= RDKafkaLogLevel::Info as i32 {
            // Some rejections (plaintext to a TLS port) appear only in the log.
            self.seldom().trouble(RDKafkaErrorCode::Unknown, line);
        }
    }

    /// Handles an error of the client, in librdkafka's words.
    pub(super) fn error(&self, error: &KafkaError, reason: &str) {
        self.seldom().trouble(code(error), reason);
    }

    /// The connection's errors so far, oldest first, without duplicates.
    pub(super) fn troubles(&self) -> Vec<Trouble> {
        self.seldom().troubles.clone()
    }

    /// The account of the `taken` events.
    pub(super) fn delivered(&self, taken: u64) -> Delivered {
        let mut seldom = self.seldom();
        let listed = seldom.list.as_mut().map(List::finish).unwrap_or_default();
        let events = self.tally.acknowledged.load(Relaxed);
        let unknown = taken.saturating_sub(events + seldom.failed);
        let bytes = self.bytes.load(Relaxed);
        Delivered {
            events,
            bytes,
            // librdkafka does not report the compressed size.
            written: bytes,
            failed: seldom.failed,
            unknown,
            closed: false,
            next: None,
            unfinished: false,
            undelivered: listed.path,
            log: None,
            notes: seldom.notes(unknown).into_iter().chain(listed.note).collect(),
        }
    }

    fn seldom(&self) -> MutexGuard<'_, Seldom> {
        // The counters stay correct if a thread panicked between two of them.
        self.seldom.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seldom {
    /// Counts and lists an event that was not acknowledged.
    fn fail(&mut self, code: RDKafkaErrorCode, event: &Undelivered<'_>) {
        self.failed += u64::from(!event.unknown);
        self.timed_out |= code == RDKafkaErrorCode::MessageTimedOut;
        let reason = if event.unknown { wording::record_unknown(code) } else { wording::record_failure(code) };
        if let Some(list) = &mut self.list {
            list.add(event, &reason);
        }
        let (number, unknown) = (event.number, event.unknown);
        if let Some(known) = self.failures.iter_mut().find(|f| f.reason == reason && f.unknown == unknown) {
            known.count += 1;
            known.first = known.first.min(number);
        } else if self.failures.len() < REASONS {
            self.failures.push(Failure { reason, unknown, count: 1, first: number });
        }
    }

    fn trouble(&mut self, code: RDKafkaErrorCode, text: &str) {
        if self.troubles.iter().any(|known| known.text == text) {
            return;
        }
        if self.troubles.len() == TROUBLES {
            // A long outage repeats the same errors with other times and ports: keep the first and the last ones.
            self.troubles.remove(TROUBLES / 2);
        }
        self.troubles.push(Trouble { code, text: text.to_owned(), since: Instant::now() });
    }

    fn notes(&self, unknown: u64) -> Vec<String> {
        let mut notes = Vec::new();
        for failure in &self.failures {
            let (count, reason, first) = (events(failure.count), &failure.reason, failure.first);
            let what = if failure.unknown { "unknown: sent, but" } else { "failed:" };
            notes.push(format!("{count} {what} {reason} (first: event {first})"));
        }
        for (all, is_unknown) in [(self.failed, false), (unknown, true)] {
            let listed = self.failures.iter().filter(|failure| failure.unknown == is_unknown);
            let others = all.saturating_sub(listed.map(|failure| failure.count).sum());
            if others > 0 {
                let what = if is_unknown { "are unknown" } else { "failed" };
                notes.push(format!("{} {what} for other reasons", events(others)));
            }
        }
        if self.timed_out || unknown > 0 {
            let last = self.troubles.iter().rev();
            let last = last.map(wording::words).find(|words| !words.is_empty());
            notes.extend(last.map(|words| format!("the last trouble with the brokers: {words}")));
        }
        notes.extend(self.warnings.iter().cloned());
        notes
    }
}

/// The id of the event in a record, in any mode.
fn id_of<'a>(record: &'a BorrowedMessage<'_>) -> Option<Cow<'a, str>> {
    let header = record.headers().and_then(|headers| headers.iter().find(|header| header.key == "ce_id"));
    match header {
        Some(header) => std::str::from_utf8(header.value?).ok().map(Cow::Borrowed),
        None => members::id(record.payload()?),
    }
}

/// Whether a failed record was sent, so that the broker may have written it.
fn may_be_written(record: &BorrowedMessage<'_>) -> bool {
    #[expect(unsafe_code, reason = "the binding hides the status, without which `failed` would be a guess")]
    // SAFETY: the message lives as long as the delivery report that lends it, and the call only reads one of its
    // fields.
    let status = unsafe { rd_kafka_message_status(record.ptr()) };
    status == rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED
}

/// `1 event`, `2 events`.
fn events(count: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} event{plural}")
}
