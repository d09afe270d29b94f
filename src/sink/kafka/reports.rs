//! What librdkafka says back: delivery reports, errors, log lines.
//!
//! Counters that every report touches are atomics; what happens seldom is
//! behind a lock. Both are touched by the polling thread alone, but the
//! binding asks for a context that could be shared.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{DeliveryResult, ProducerContext};

use super::{code, diagnosis};
use crate::sink::Delivered;

/// Distinct reasons of failure that a summary lists.
const REASONS: usize = 5;

/// Distinct troubles that are remembered between two good reports.
const TROUBLES: usize = 32;

/// An error of the connection, not of one record.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    /// librdkafka's code; `Unknown` for a line of its log.
    pub code: RDKafkaErrorCode,
    /// Its text, such as `sasl_ssl://host:9093/bootstrap: …`.
    pub text: String,
    /// When it came first.
    pub since: Instant,
}

/// Why some records were not delivered.
struct Failure {
    reason: String,
    count: u64,
    /// Number of the first event that failed so.
    first: usize,
}

/// The rare things.
#[derive(Default)]
struct Seldom {
    failures: Vec<Failure>,
    failed: u64,
    timed_out: bool,
    troubles: Vec<Trouble>,
    warnings: Vec<String>,
}

/// Collects all that comes back.
#[derive(Default)]
pub(super) struct Reports {
    acknowledged: AtomicU64,
    bytes: AtomicU64,
    unacknowledged: AtomicU64,
    /// Whether librdkafka's log goes to stderr, as `debug` asks for.
    show_log: bool,
    seldom: Mutex<Seldom>,
}

impl Reports {
    /// Nothing reported yet.
    pub fn new(show_log: bool) -> Self {
        Self { show_log, ..Self::default() }
    }

    /// How many events have their report.
    pub fn answered(&self) -> u64 {
        self.acknowledged.load(Relaxed) + self.unacknowledged.load(Relaxed)
    }

    /// Counts an event that librdkafka did not even queue.
    pub fn refused(&self, number: usize, error: &KafkaError) {
        self.unacknowledged.fetch_add(1, Relaxed);
        self.seldom().fail(number, code(error));
    }

    /// The connection's errors so far, oldest first, each text once.
    pub fn troubles(&self) -> Vec<Trouble> {
        self.seldom().troubles.clone()
    }

    /// The account of the `taken` events.
    pub fn delivered(&self, taken: u64) -> Delivered {
        let seldom = self.seldom();
        let events = self.acknowledged.load(Relaxed);
        let unknown = taken.saturating_sub(events + seldom.failed);
        let bytes = self.bytes.load(Relaxed);
        Delivered {
            events,
            bytes,
            // What compression made of them stays inside librdkafka.
            written: bytes,
            failed: seldom.failed,
            unknown,
            closed: false,
            next: None,
            unfinished: false,
            notes: seldom.notes(unknown),
        }
    }

    fn seldom(&self) -> MutexGuard<'_, Seldom> {
        // Counts stay right if a thread died between two of them.
        self.seldom.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seldom {
    fn fail(&mut self, number: usize, code: RDKafkaErrorCode) {
        if code == RDKafkaErrorCode::PurgeInflight {
            // Sent, and the answer was not waited for: unknown, which is what
            // the account finds left over.
            return;
        }
        self.failed += 1;
        self.timed_out |= code == RDKafkaErrorCode::MessageTimedOut;
        let reason = diagnosis::record_failure(code);
        if let Some(known) = self.failures.iter_mut().find(|f| f.reason == reason) {
            known.count += 1;
            known.first = known.first.min(number);
        } else if self.failures.len() < REASONS {
            self.failures.push(Failure { reason, count: 1, first: number });
        }
    }

    fn trouble(&mut self, code: RDKafkaErrorCode, text: &str) {
        if self.troubles.iter().any(|known| known.text == text) {
            return;
        }
        if self.troubles.len() == TROUBLES {
            // A long outage repeats itself with other times and ports: what
            // came first stays, and what came last.
            self.troubles.remove(TROUBLES / 2);
        }
        self.troubles.push(Trouble { code, text: text.to_owned(), since: Instant::now() });
    }

    fn notes(&self, unknown: u64) -> Vec<String> {
        let mut notes = Vec::new();
        for failure in &self.failures {
            notes.push(format!(
                "{} failed: {} (first: event {})",
                events(failure.count),
                failure.reason,
                failure.first
            ));
        }
        let listed: u64 = self.failures.iter().map(|failure| failure.count).sum();
        if self.failed > listed {
            notes.push(format!("{} failed for other reasons", events(self.failed - listed)));
        }
        if unknown > 0 {
            notes.push(format!("{} unknown: sent, but the run ended before the broker had answered", events(unknown)));
        }
        if self.timed_out || unknown > 0 {
            let last = self.troubles.iter().rev();
            let last = last.map(diagnosis::words).find(|words| !words.is_empty());
            notes.extend(last.map(|words| format!("the last trouble with the brokers: {words}")));
        }
        notes.extend(self.warnings.iter().cloned());
        notes
    }
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        if self.show_log {
            eprintln!("librdkafka: {facility}: {line}");
        }
        if facility == "CONFWARN" {
            self.seldom().warnings.push(diagnosis::warning(line));
        } else if facility == "FAIL" && level as i32 <= RDKafkaLogLevel::Info as i32 {
            // Some refusals (plaintext against a TLS port) are told here only.
            self.seldom().trouble(RDKafkaErrorCode::Unknown, line);
        }
    }

    fn stats_raw(&self, _: &[u8]) {
        // Whoever sets `statistics.interval.ms` wants nothing of us; the
        // default would parse them.
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.seldom().trouble(code(&error), reason);
    }
}

impl ProducerContext for Reports {
    /// The event's number in the run.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        match result {
            Ok(record) => {
                self.acknowledged.fetch_add(1, Relaxed);
                self.bytes.fetch_add(record.payload_len() as u64, Relaxed);
            }
            Err((error, _)) => self.refused(number, error),
        }
    }
}

/// `1 event`, `2 events`.
fn events(count: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} event{plural}")
}
