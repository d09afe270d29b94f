//! A connected producer whose topic was checked, and the waiting for its reports.

use std::cell::Cell;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{Producer as _, PurgeConfig};

use super::connect::{self, Wait};
use super::options::Options;
use super::producer_ffi::{self, Producer};
use super::reports::Reports;
use super::topic::Limits;
use super::{KafkaSettings, diagnosis, threads};
use crate::{error::Error, sink::Ending};

/// How long to wait for room in a full queue before trying again: about the time in which a broker takes some
/// megabytes, and short compared with any timeout.
const QUEUE_FULL_WAIT: Duration = Duration::from_millis(5);

/// After this number of waits without any report, incomplete batches are flushed: with many partitions a queue can be
/// full before any batch is.
const WAITS_UNTIL_FLUSH: u32 = 5;

/// At the end of a run, the pause between two rounds of reading reports; until they are read, they count as not
/// arrived.
const FLUSH_ROUND: Duration = Duration::from_millis(5);

/// Time that librdkafka may take beyond `message.timeout.ms` to report a failure.
const REPORT_GRACE: Duration = Duration::from_secs(10);

/// librdkafka's producer and its configuration.
pub(super) struct Connection {
    // Polled by the thread that sends. Measured with a separate polling thread: the same rate and CPU time, but one
    // thread more.
    pub(crate) producer: Producer,
    pub(crate) options: Options,
    pub(crate) settings: KafkaSettings,
    /// The number of waits in a full queue since the last report.
    in_vain: Cell<u32>,
}

impl Connection {
    /// Connects and checks the topic. Also returns the topic's limits.
    pub(super) fn open(settings: KafkaSettings, warnings: &mut Vec<String>) -> Result<(Self, Limits), Error> {
        let mut options = Options::new(&settings)?;
        threads::check(&options)?;
        let (mut producer, limits) =
            checked(options.producer()?, |producer| connect::look(producer, &options, &settings, warnings))?;
        // A topic that rejects a batch for its size rejects all records in it.
        if limits.batch_bytes().is_some_and(|most| options.fit_batches(most)) {
            let wait = |producer: &_| Wait::new(producer, &options, settings.connect_timeout).until_ready();
            producer = checked(options.producer()?, wait)?.0;
        }
        Ok((Self { producer, options, settings, in_vain: Cell::new(0) }, limits))
    }

    /// The reports that have arrived.
    pub(super) fn reports(&self) -> &Reports {
        &self.producer.context().reports
    }

    /// An empty buffer for the next chunk, in place of one that was lent to librdkafka.
    pub(super) fn spare_buffer(&self) -> Vec<u8> {
        self.producer.context().in_flight().spare()
    }

    /// Whether the run is to end, so that nothing may block any longer.
    pub(super) fn is_to_end(&self) -> bool {
        self.settings.stop.load(Ordering::Relaxed)
    }

    /// Waits until this many more bytes fit into the memory limit. Returns false if the run is to end instead.
    pub(super) fn wait_for_memory(&self, bytes: usize) -> Result<bool, Error> {
        let most = self.options.queue_bytes();
        while !self.producer.context().in_flight().has_room(bytes, most) {
            self.wait_for_room()?;
            if self.is_to_end() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads reports until there is room; sleeps while there are none.
    pub(super) fn wait_for_room(&self) -> Result<(), Error> {
        let before = self.reports().answered();
        if !self.serve() {
            self.producer.poll(QUEUE_FULL_WAIT);
        }
        let in_vain = if self.reports().answered() == before { self.in_vain.get() + 1 } else { 0 };
        if in_vain >= WAITS_UNTIL_FLUSH {
            producer_ffi::flush(&self.producer, FLUSH_ROUND);
        }
        self.in_vain.set(in_vain % WAITS_UNTIL_FLUSH);
        self.check_fatal()
    }

    /// Reads the reports that have arrived; returns whether there were any.
    pub(super) fn serve(&self) -> bool {
        let before = self.reports().answered();
        let mut seen = before;
        loop {
            self.producer.poll(Duration::ZERO);
            let now = self.reports().answered();
            if now == seen {
                return seen != before;
            }
            seen = now;
        }
    }

    /// Waits for the reports of everything that was sent, within the applicable timeout.
    pub(super) fn settle(&self, ending: Ending) {
        let limit = match ending {
            Ending::Complete => self.options.message_timeout.map(|all| all + REPORT_GRACE),
            Ending::Stopped => Some(self.settings.flush_timeout),
        };
        self.flush_until(limit.and_then(|limit| Instant::now().checked_add(limit)));
        if self.producer.in_flight_count() > 0 {
            // Gives up everything that is still queued or in flight; each record then gets a report.
            self.producer.purge(PurgeConfig::default().queue().inflight());
            self.flush_until(Some(Instant::now() + REPORT_GRACE));
        }
    }

    /// Waits until every event has its report, or until `deadline`.
    fn flush_until(&self, deadline: Option<Instant>) {
        while self.producer.in_flight_count() > 0 {
            producer_ffi::flush(&self.producer, FLUSH_ROUND);
            self.serve();
            if deadline.is_some_and(|deadline| Instant::now() > deadline) {
                return;
            }
        }
    }

    /// Returns an error if librdkafka will send nothing more.
    pub(super) fn check_fatal(&self) -> Result<(), Error> {
        if self.producer.client().fatal_error().is_some() {
            return Err(self.fatal());
        }
        Ok(())
    }

    /// The fatal error after which librdkafka sends nothing more.
    pub(super) fn fatal(&self) -> Error {
        let (code, text) = self.producer.client().fatal_error().unwrap_or((RDKafkaErrorCode::Fatal, String::new()));
        diagnosis::fatal(&self.options, code, &text)
    }
}

/// Runs checks on a producer and returns it with their result.
fn checked<T>(producer: Producer, look: impl FnOnce(&Producer) -> Result<T, Error>) -> Result<(Producer, T), Error> {
    match look(&producer) {
        Ok(seen) => Ok((producer, seen)),
        Err(error) => {
            // Closing may wait for a name server that does not answer.
            let _ = thread::Builder::new().spawn(move || drop(producer));
            Err(error)
        }
    }
}
