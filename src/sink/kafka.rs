//! Events into a Kafka topic, each of them accounted for.
//!
//! A generator that drops what its queue cannot hold, or that ends before the
//! broker has answered, makes every measurement behind it worthless. Here a
//! full queue is backpressure, and every event that was taken ends as
//! acknowledged, failed or unknown: the three always add up.
//!
//! The work is librdkafka's. This folder is the only place that names it:
//! `options` (what it is told), `connect` (what is checked before the first
//! event), `reports` (what it says back), `diagnosis` (what that means).

mod config_file;
mod connect;
mod diagnosis;
mod members;
mod names;
mod options;
mod record;
mod reports;
mod settings;
mod topic;
mod undelivered;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, PurgeConfig};

use crate::error::Error;
use crate::sink::{Chunk, Delivered, Ending, Event, Failed, Flow, Sink, Tally};
use connect::Wait;
use options::Options;
use record::Form;
use reports::Reports;
use topic::Limits;
use undelivered::List;

pub use config_file::read_properties;
pub use names::is_secret;
pub use options::DEFAULTS;
pub use record::{Mode, RecordTime};
pub use settings::KafkaSettings;
pub use topic::CreateTopic;
pub use undelivered::UndeliveredFile;

/// Records between two looks at the delivery reports, within a chunk.
const RECORDS_PER_POLL: usize = 512;

/// How long to wait for room in a full queue before trying again: the time in
/// which a broker takes some megabytes, and short beside any deadline.
const QUEUE_FULL_WAIT: Duration = Duration::from_millis(5);

/// What librdkafka may take beyond `message.timeout.ms` to report a failure.
const REPORT_GRACE: Duration = Duration::from_secs(10);

/// A topic that takes events; key = key (none if empty), value and headers as
/// the [`Mode`] says.
pub struct KafkaSink {
    // Polled by the thread that sends. A polling thread of its own was
    // measured: the same rate for the same CPU time, and one thread more.
    producer: BaseProducer<Reports>,
    form: Form,
    options: Options,
    limits: Limits,
    settings: KafkaSettings,
    warnings: Vec<String>,
    /// Whether the events at hand are the run's first.
    first: bool,
    taken: u64,
    /// Behind the last event that was taken.
    next: Option<u64>,
}

/// What became of an event that was handed over.
#[derive(PartialEq, Eq)]
enum Handed {
    Over,
    /// The run is to end, and there was no room for the event.
    Back,
}

impl KafkaSink {
    /// Connects, makes the topic if that is asked for, and makes sure that it
    /// can be reached and takes what will be sent, as far as that can be known.
    ///
    /// # Errors
    /// [`Error::Usage`] for a property that librdkafka does not accept, or an
    /// impossible topic name; [`Error::Failed`], within
    /// [`KafkaSettings::connect_timeout`], for everything that the cluster
    /// says or does not say. No message contains a secret.
    pub fn connect(settings: KafkaSettings) -> Result<Self, Error> {
        let form = Form::new(settings.mode, &settings.headers)?;
        let mut options = Options::new(&settings)?;
        let list = settings.undelivered.clone().map(List::new).transpose()?;
        let mut warnings = Vec::new();
        let (mut producer, limits) =
            checked(options.producer()?, |producer| connect::look(producer, &options, &settings, &mut warnings))?;
        // A topic that refuses a batch for its size refuses all that is in it.
        if limits.batch_bytes().is_some_and(|most| options.fit_batches(most)) {
            let wait = |producer: &_| Wait::new(producer, &options, settings.connect_timeout).until_ready();
            producer = checked(options.producer()?, wait)?.0;
        }
        producer.context().list(list);
        Ok(Self { producer, form, options, limits, settings, warnings, first: true, taken: 0, next: None })
    }

    /// What should be known before the first event, in sentences.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Hands one event over, waiting while the queue is full.
    fn produce(&mut self, chunk: &Chunk, event: &Event) -> Result<Handed, Error> {
        let number = event.number as usize;
        let body = chunk.body(event);
        let (value, headers) = self.form.parts(body);
        let mut record = BaseRecord {
            topic: &self.settings.topic,
            partition: None,
            payload: value.as_deref(),
            key: Some(chunk.key(event)).filter(|key| !key.is_empty()),
            timestamp: (self.settings.record_time == RecordTime::Event).then(|| event.time.div_euclid(1_000_000)),
            headers,
            delivery_opaque: number,
        };
        loop {
            let (error, returned) = match self.producer.send(record) {
                Ok(()) => break,
                Err(refused) => refused,
            };
            record = returned;
            match error.rdkafka_error_code() {
                Some(RDKafkaErrorCode::QueueFull) => {
                    self.wait_for_room()?;
                    if self.settings.stop.load(Ordering::Relaxed) {
                        return Ok(Handed::Back);
                    }
                }
                Some(RDKafkaErrorCode::Fatal) => return Err(self.fatal()),
                _ => {
                    self.reports().refused(number, body, code(&error));
                    break;
                }
            }
        }
        self.taken += 1;
        self.next = Some(event.number + 1);
        Ok(Handed::Over)
    }

    /// Counts events of a chunk that will not be sent.
    fn leave(&mut self, chunk: &Chunk, events: &[Event]) {
        for event in events {
            self.reports().refused(event.number as usize, chunk.body(event), RDKafkaErrorCode::PurgeQueue);
        }
        self.taken += events.len() as u64;
    }

    /// Whether the run's first events, a sample of all, can be sent at all.
    fn check_sample(&self, chunk: &Chunk) -> Result<(), Error> {
        let largest = chunk.events.iter().map(|event| u64::from(event.body.end - event.body.start)).max();
        let (Some(largest), topic) = (largest, &self.settings.topic) else {
            return Ok(());
        };
        if largest > self.options.largest_record() {
            let message = format!("an event of {largest} bytes is larger than `message.max.bytes` allows");
            return Err(Error::failed(message).help(format!("allow more: `-X message.max.bytes={}`", largest * 2)));
        }
        match self.limits.max_message_bytes {
            Some(most) if !self.options.compresses() && largest > most => Err(Error::failed(format!(
                "an event of {largest} bytes is larger than topic `{topic}` takes (`max.message.bytes={most}`)"
            ))
            .help("let the topic take more, or compress: `-X compression.type=zstd`")),
            _ => Ok(()),
        }
    }

    /// Reads reports until there is room, asleep while there are none.
    fn wait_for_room(&self) -> Result<(), Error> {
        if !self.serve() {
            self.producer.poll(QUEUE_FULL_WAIT);
        }
        self.check_fatal()
    }

    /// Reads the reports that have arrived; whether there were any.
    fn serve(&self) -> bool {
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

    /// Waits until every event has its report, or until `deadline`.
    fn flush_until(&self, deadline: Option<Instant>) {
        // Short, because librdkafka's binding sleeps all of it.
        while self.producer.flush(Duration::from_millis(20)).is_err() {
            if deadline.is_some_and(|deadline| Instant::now() > deadline) {
                return;
            }
        }
    }

    /// Gives up what is still queued or in flight; reports come for all of it.
    fn give_up(&self) {
        self.producer.purge(PurgeConfig::default().queue().inflight());
        self.flush_until(Some(Instant::now() + REPORT_GRACE));
    }

    fn check_fatal(&self) -> Result<(), Error> {
        if self.producer.client().fatal_error().is_some() {
            return Err(self.fatal());
        }
        Ok(())
    }

    /// The error after which librdkafka sends nothing more.
    fn fatal(&self) -> Error {
        let (code, text) = self.producer.client().fatal_error().unwrap_or((RDKafkaErrorCode::Fatal, String::new()));
        diagnosis::fatal(&self.options, code, &text)
    }

    fn reports(&self) -> &Reports {
        self.producer.context()
    }
}

impl Sink for KafkaSink {
    fn tally(&self) -> Option<Arc<Tally>> {
        Some(self.reports().tally())
    }

    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        if self.first && !chunk.events.is_empty() {
            self.first = false;
            if let Err(error) = self.check_sample(chunk) {
                // Nothing was sent, so the whole run is what there is to repeat.
                self.reports().list(None);
                self.leave(chunk, &chunk.events);
                return Err(error);
            }
        }
        for (index, event) in chunk.events.iter().enumerate() {
            let handed = self.produce(chunk, event);
            if !matches!(handed, Ok(Handed::Over)) {
                self.leave(chunk, &chunk.events[index..]);
                // Whoever wanted the run to end will find that it may.
                return handed.map(|_| Flow::Open);
            }
            if index % RECORDS_PER_POLL == RECORDS_PER_POLL - 1 {
                self.serve();
            }
        }
        self.serve();
        self.check_fatal()?;
        Ok(Flow::Open)
    }

    fn finish(self: Box<Self>, how: Ending) -> Result<Delivered, Box<Failed>> {
        let limit = match how {
            Ending::Complete => self.options.message_timeout.map(|all| all + REPORT_GRACE),
            Ending::Stopped => Some(self.settings.flush_timeout),
        };
        self.flush_until(limit.and_then(|limit| Instant::now().checked_add(limit)));
        if self.producer.in_flight_count() > 0 {
            self.give_up();
        }
        let mut delivered = self.reports().delivered(self.taken);
        delivered.notes.extend(self.options.notes());
        // Records fail one by one: with a hole, no number divides what has arrived from what has not.
        delivered.next = self.next.filter(|_| delivered.failed + delivered.unknown == 0);
        Ok(delivered)
    }
}

/// A producer after the look that it allows.
fn checked<T>(
    producer: BaseProducer<Reports>,
    look: impl FnOnce(&BaseProducer<Reports>) -> Result<T, Error>,
) -> Result<(BaseProducer<Reports>, T), Error> {
    match look(&producer) {
        Ok(seen) => Ok((producer, seen)),
        Err(error) => {
            // Closing may wait for a name server that does not answer.
            let _ = thread::Builder::new().spawn(move || drop(producer));
            Err(error)
        }
    }
}

/// The code of an error, for those kinds that have one.
fn code(error: &KafkaError) -> RDKafkaErrorCode {
    error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown)
}
