//! A producer that has looked at its topic, and waiting for what it says.

use std::cell::Cell;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{Producer as _, PurgeConfig};

use super::connect::{self, Wait};
use super::handover::{self, Producer};
use super::options::Options;
use super::reports::Reports;
use super::topic::Limits;
use super::{KafkaSettings, diagnosis, threads};
use crate::error::Error;
use crate::sink::Ending;

/// How long to wait for room in a full queue before trying again: the time in
/// which a broker takes some megabytes, and short beside any deadline.
const QUEUE_FULL_WAIT: Duration = Duration::from_millis(5);

/// So often is waited for room, and nothing comes back, until what waits for
/// others of its batch is sent: with many partitions a queue can be full before
/// any batch is.
const WAITS_UNTIL_FLUSH: u32 = 5;

/// How long to wait at the end before reports are read again; until then, they
/// count as not arrived.
const FLUSH_ROUND: Duration = Duration::from_millis(5);

/// What librdkafka may take beyond `message.timeout.ms` to report a failure.
const REPORT_GRACE: Duration = Duration::from_secs(10);

/// librdkafka's producer, and what it was told.
pub(super) struct Connection {
    // Polled by the thread that sends. A polling thread of its own was
    // measured: the same rate for the same CPU time, and one thread more.
    pub producer: Producer,
    pub options: Options,
    pub settings: KafkaSettings,
    /// How often there was no report since the last one, in a full queue.
    in_vain: Cell<u32>,
}

impl Connection {
    /// Connects, and looks whether the topic is there; also what it takes.
    pub fn open(settings: KafkaSettings, warnings: &mut Vec<String>) -> Result<(Self, Limits), Error> {
        let mut options = Options::new(&settings)?;
        threads::check(&options)?;
        let (mut producer, limits) =
            checked(options.producer()?, |producer| connect::look(producer, &options, &settings, warnings))?;
        // A topic that refuses a batch for its size refuses all that is in it.
        if limits.batch_bytes().is_some_and(|most| options.fit_batches(most)) {
            let wait = |producer: &_| Wait::new(producer, &options, settings.connect_timeout).until_ready();
            producer = checked(options.producer()?, wait)?.0;
        }
        Ok((Self { producer, options, settings, in_vain: Cell::new(0) }, limits))
    }

    /// What has come back.
    pub fn reports(&self) -> &Reports {
        &self.producer.context().reports
    }

    /// A buffer for a further chunk, in place of one that was lent.
    pub fn spare_buffer(&self) -> Vec<u8> {
        self.producer.context().loans().spare()
    }

    /// Whether the run is to end, and nothing is to be waited for.
    pub fn is_to_end(&self) -> bool {
        self.settings.stop.load(Ordering::Relaxed)
    }

    /// Waits until memory for so many bytes more is allowed; whether it is, or
    /// the run is to end.
    pub fn wait_for_memory(&self, bytes: usize) -> Result<bool, Error> {
        let most = self.options.queue_bytes();
        while !self.producer.context().loans().has_room(bytes, most) {
            self.wait_for_room()?;
            if self.is_to_end() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads reports until there is room, asleep while there are none.
    pub fn wait_for_room(&self) -> Result<(), Error> {
        let before = self.reports().answered();
        if !self.serve() {
            self.producer.poll(QUEUE_FULL_WAIT);
        }
        let in_vain = if self.reports().answered() == before { self.in_vain.get() + 1 } else { 0 };
        if in_vain >= WAITS_UNTIL_FLUSH {
            handover::flush(&self.producer, FLUSH_ROUND);
        }
        self.in_vain.set(in_vain % WAITS_UNTIL_FLUSH);
        self.check_fatal()
    }

    /// Reads the reports that have arrived; whether there were any.
    pub fn serve(&self) -> bool {
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

    /// Waits for the reports of all that was sent, for as long as may be.
    pub fn settle(&self, how: Ending) {
        let limit = match how {
            Ending::Complete => self.options.message_timeout.map(|all| all + REPORT_GRACE),
            Ending::Stopped => Some(self.settings.flush_timeout),
        };
        self.flush_until(limit.and_then(|limit| Instant::now().checked_add(limit)));
        if self.producer.in_flight_count() > 0 {
            // Gives up what is still queued or in flight; reports come for all of it.
            self.producer.purge(PurgeConfig::default().queue().inflight());
            self.flush_until(Some(Instant::now() + REPORT_GRACE));
        }
    }

    /// Waits until every event has its report, or until `deadline`.
    fn flush_until(&self, deadline: Option<Instant>) {
        while self.producer.in_flight_count() > 0 {
            handover::flush(&self.producer, FLUSH_ROUND);
            self.serve();
            if deadline.is_some_and(|deadline| Instant::now() > deadline) {
                return;
            }
        }
    }

    /// An error, if librdkafka sends nothing more.
    pub fn check_fatal(&self) -> Result<(), Error> {
        if self.producer.client().fatal_error().is_some() {
            return Err(self.fatal());
        }
        Ok(())
    }

    /// The error after which librdkafka sends nothing more.
    pub fn fatal(&self) -> Error {
        let (code, text) = self.producer.client().fatal_error().unwrap_or((RDKafkaErrorCode::Fatal, String::new()));
        diagnosis::fatal(&self.options, code, &text)
    }
}

/// A producer after the look that it allows.
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
