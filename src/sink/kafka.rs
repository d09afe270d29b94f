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

mod connect;
mod diagnosis;
mod options;
mod reports;

use std::thread;
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, PurgeConfig};

use crate::error::Error;
use crate::sink::{Chunk, Delivered, Ending, Event, Failed, Flow, Sink};
use options::Options;
use reports::Reports;

/// The header that makes a record an event in structured mode.
const CONTENT_TYPE: Header<'static, &str> =
    Header { key: "content-type", value: Some("application/cloudevents+json; charset=UTF-8") };

/// Records between two looks at the delivery reports, within a chunk.
const RECORDS_PER_POLL: usize = 512;

/// How long to wait for room in a full queue before trying again: the time in
/// which a broker takes some megabytes, and short beside any deadline.
const QUEUE_FULL_WAIT: Duration = Duration::from_millis(5);

/// What librdkafka may take beyond `message.timeout.ms` to report a failure.
const REPORT_GRACE: Duration = Duration::from_secs(10);

/// Where to connect, and how.
///
/// No `Debug`: the properties may hold passwords.
#[derive(Clone)]
pub struct KafkaSettings {
    /// Brokers to start from, as `host:port,host:port`.
    pub bootstrap_servers: String,
    /// The topic that all records go to.
    pub topic: String,
    /// librdkafka's properties as the user gave them; the last of a name wins,
    /// and all win over the defaults of this program.
    pub properties: Vec<(String, String)>,
    /// How long [`KafkaSink::connect`] may look for the topic.
    pub connect_timeout: Duration,
    /// How long [`Sink::finish`] waits for acknowledgements in a run that was
    /// stopped. One that is complete waits for as long as librdkafka tries
    /// (`message.timeout.ms`).
    pub flush_timeout: Duration,
}

impl KafkaSettings {
    /// Settings with no properties, 5 s to connect and 30 s to flush.
    pub fn new(bootstrap_servers: impl Into<String>, topic: impl Into<String>) -> Self {
        Self {
            bootstrap_servers: bootstrap_servers.into(),
            topic: topic.into(),
            properties: Vec::new(),
            connect_timeout: Duration::from_secs(5),
            flush_timeout: Duration::from_secs(30),
        }
    }
}

/// A topic that takes events: value = body, key = key (none if empty), header
/// `content-type: application/cloudevents+json; charset=UTF-8`.
pub struct KafkaSink {
    // Polled by the thread that sends. A polling thread of its own was
    // measured: the same rate for the same CPU time, and one thread more.
    producer: BaseProducer<Reports>,
    topic: String,
    headers: OwnedHeaders,
    options: Options,
    flush_timeout: Duration,
    taken: u64,
    /// Behind the last event that was taken.
    next: Option<u64>,
}

impl KafkaSink {
    /// Connects, and makes sure that the topic is there and can be reached.
    ///
    /// # Errors
    /// [`Error::Usage`] for a property that librdkafka does not accept, or an
    /// impossible topic name; [`Error::Failed`], within
    /// [`KafkaSettings::connect_timeout`], for everything that the cluster
    /// says or does not say. No message contains a secret.
    pub fn connect(settings: KafkaSettings) -> Result<Self, Error> {
        let options = Options::new(&settings)?;
        let producer = options.producer()?;
        if let Err(error) = connect::await_topic(&producer, &options, settings.connect_timeout) {
            // Closing may wait for a name server that does not answer.
            let _ = thread::Builder::new().spawn(move || drop(producer));
            return Err(error);
        }
        Ok(Self {
            producer,
            topic: settings.topic,
            headers: OwnedHeaders::new_with_capacity(1).insert(CONTENT_TYPE),
            options,
            flush_timeout: settings.flush_timeout,
            taken: 0,
            next: None,
        })
    }

    /// Hands one event over, waiting while the queue is full.
    fn produce(&mut self, chunk: &Chunk, event: &Event) -> Result<(), Error> {
        let number = event.number as usize;
        let mut record =
            BaseRecord::with_opaque_to(&self.topic, number).payload(chunk.body(event)).headers(self.headers.clone());
        if !event.key.is_empty() {
            record = record.key(chunk.key(event));
        }
        loop {
            let (error, returned) = match self.producer.send(record) {
                Ok(()) => break,
                Err(refused) => refused,
            };
            record = returned;
            match error.rdkafka_error_code() {
                Some(RDKafkaErrorCode::QueueFull) => self.wait_for_room()?,
                Some(RDKafkaErrorCode::Fatal) => return Err(self.fatal()),
                _ => {
                    self.reports().refused(number, &error);
                    break;
                }
            }
        }
        self.taken += 1;
        self.next = Some(event.number + 1);
        Ok(())
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
        self.flush_until(Some(Instant::now() + Duration::from_secs(1)));
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
    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        for events in chunk.events.chunks(RECORDS_PER_POLL) {
            for event in events {
                self.produce(chunk, event)?;
            }
            self.serve();
        }
        self.check_fatal()?;
        Ok(Flow::Open)
    }

    fn finish(self: Box<Self>, how: Ending) -> Result<Delivered, Box<Failed>> {
        let limit = match how {
            Ending::Complete => self.options.message_timeout.map(|all| all + REPORT_GRACE),
            Ending::Stopped => Some(self.flush_timeout),
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

/// The code of an error, for those kinds that have one.
fn code(error: &KafkaError) -> RDKafkaErrorCode {
    error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown)
}
