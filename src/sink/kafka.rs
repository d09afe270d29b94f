//! A sink for a Kafka topic that accounts for every event.
//!
//! If a generator drops events when its queue is full, or ends before the broker has answered, every measurement that
//! uses its data is worthless. Here a full queue blocks generation (backpressure), and every event that was taken ends
//! as acknowledged, failed or unknown: the three always add up.
//!
//! librdkafka does the work. This folder is the only place that names it: `options` (its configuration), `connect` (the
//! checks before the first event), `producer_ffi` (zero-copy producing), `offsets` (where the topic ends before the run),
//! `reports` (delivery reports, errors and log lines), `diagnosis` (what they mean).

mod brokers;
mod config_file;
mod connect;
mod connection;
mod diagnosis;
mod members;
mod names;
mod offsets;
mod options;
mod producer_ffi;
mod record;
mod reports;
mod settings;
mod source;
mod threads;
mod topic;
mod trouble;
mod undelivered;
mod wording;

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::{
    bytes::{Chunk, Event},
    error::Error,
    sink::{Delivered, Ending, Failed, Flow, Sink, Tally},
};
use connection::Connection;
use producer_ffi::{BATCH_EVENTS, Batch, Record};
use record::Form;
use topic::Limits;
use undelivered::List;

pub use config_file::read_properties;
pub use names::is_secret;
pub(crate) use names::is_secret_header;
pub use options::DEFAULTS;
pub(crate) use options::ignored_properties;
pub use record::{Mode, RecordTime};
pub(crate) use settings::CreateTopic;
pub use settings::KafkaSettings;
pub use source::Begin;
pub(crate) use source::TopicReader;
pub use undelivered::UndeliveredFile;

/// A sink for a topic. A record's key is the event's key (none if it is empty); value and headers depend on the
/// [`Mode`].
pub struct KafkaSink {
    connection: Connection,
    form: Form,
    limits: Limits,
    warnings: Vec<String>,
    offsets_before: BTreeMap<i32, i64>,
    cluster: Option<String>,
    /// Whether no event of the run was taken yet.
    first: bool,
    taken: u64,
    /// The number that follows that of the last event taken.
    next: Option<u64>,
}

/// The result of handing an event to librdkafka.
#[derive(PartialEq, Eq)]
enum Handed {
    Over,
    /// The run is to end while the queue is full: the event was not taken.
    Back,
}

/// Events whose bodies are in one buffer.
struct Bodies<'a> {
    chunk: &'a Chunk,
    buffer: &'a [u8],
    /// The buffer, if it is lent to librdkafka.
    lent: Option<&'a Arc<Vec<u8>>>,
}

impl Bodies<'_> {
    fn value(&self, event: &Event) -> &[u8] {
        &self.buffer[event.body.start as usize..event.body.end as usize]
    }

    /// Memory, in bytes, that some of the events occupy while they are queued.
    fn size(&self, events: &[Event]) -> usize {
        producer_ffi::size(self.buffer.len(), events.len())
    }
}

impl KafkaSink {
    /// Connects, creates the topic if requested, and checks as far as possible that the topic can be reached and
    /// accepts the records.
    ///
    /// # Errors
    /// [`Error::Usage`] for a property that librdkafka does not accept, or an invalid topic name; [`Error::Failed`],
    /// within [`KafkaSettings::connect_timeout`], for every error of the cluster and for a cluster that does not
    /// answer. No message contains a secret.
    pub fn connect(settings: KafkaSettings) -> Result<Self, Error> {
        let form = Form::new(settings.mode, &settings.headers)?;
        let list = settings.undelivered.clone().map(List::new).transpose()?;
        let mut warnings = Vec::new();
        let (connection, limits) = Connection::open(settings, &mut warnings)?;
        connection.reports().list(list);
        let (mut offsets_before, mut cluster) = (BTreeMap::new(), None);
        if connection.settings.note_offsets {
            cluster = offsets::cluster(&connection);
            match offsets::ends(&connection) {
                Ok(ends) => offsets_before = ends,
                Err(warning) => warnings.push(warning),
            }
        }
        Ok(Self { connection, form, limits, warnings, offsets_before, cluster, first: true, taken: 0, next: None })
    }

    /// Warnings to show before the first event, one sentence each.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Hands a chunk's events to librdkafka. Returns how many were taken, and the error if one was not.
    fn send(&mut self, bodies: &Bodies<'_>) -> (usize, Result<(), Error>) {
        let mut handed = 0;
        for events in bodies.chunk.events.chunks(BATCH_EVENTS) {
            let before = handed;
            let outcome = self.send_batch(bodies, events, &mut handed);
            if outcome.is_err() || handed - before < events.len() {
                return (handed, outcome);
            }
        }
        (handed, Ok(()))
    }

    /// Hands over consecutive events, and counts them in `handed`.
    fn send_batch(&mut self, bodies: &Bodies<'_>, events: &[Event], handed: &mut usize) -> Result<(), Error> {
        let (connection, size) = (&self.connection, bodies.size(events));
        if !connection.wait_for_memory(size)? {
            return Ok(());
        }
        let topic = &connection.settings.topic;
        let mut batch = Batch::open(&connection.producer, topic, bodies.lent.cloned(), size, events)
            .map_err(|code| Error::failed(format!("cannot send to topic `{topic}`: {code}")))?;
        for (place, event) in events.iter().enumerate() {
            if produce(connection, &mut self.form, &mut batch, bodies, place, event)? == Handed::Back {
                break;
            }
            *handed += 1;
        }
        Ok(())
    }

    /// Counts events that will not be sent.
    fn leave<'b>(&self, events: impl Iterator<Item = (&'b Event, &'b [u8])>) {
        for (event, body) in events {
            self.connection.reports().refused(event.number, body, RDKafkaErrorCode::PurgeQueue);
        }
    }

    /// Checks with the run's first events, as a sample of all, whether the events can be sent at all.
    fn check_sample(&mut self, chunk: &Chunk) -> Result<(), Error> {
        for event in &chunk.events {
            self.form.parts(chunk.body(event))?;
        }
        let largest = chunk.events.iter().map(|event| u64::from(event.body.end - event.body.start)).max();
        let (Some(largest), topic) = (largest, &self.connection.settings.topic) else {
            return Ok(());
        };
        if largest > self.connection.options.largest_record() {
            let message = format!("an event of {largest} bytes is larger than `message.max.bytes` allows");
            return Err(Error::failed(message).help(format!("allow more: `-X message.max.bytes={}`", largest * 2)));
        }
        match self.limits.max_message_bytes {
            Some(most) if !self.connection.options.compresses() && largest > most => Err(Error::failed(format!(
                "an event of {largest} bytes is larger than topic `{topic}` takes (`max.message.bytes={most}`)"
            ))
            .help("let the topic take more, or compress: `-X compression.type=zstd`")),
            _ => Ok(()),
        }
    }
}

/// Hands over one event; blocks while the queue is full.
fn produce(
    connection: &Connection,
    form: &mut Form,
    batch: &mut Batch<'_>,
    bodies: &Bodies<'_>,
    place: usize,
    event: &Event,
) -> Result<Handed, Error> {
    let body = bodies.value(event);
    let (value, headers) = form.parts(body)?;
    let time = match connection.settings.record_time {
        RecordTime::Event => event.time.div_euclid(1_000_000),
        RecordTime::Wall => 0,
    };
    let record = Record { key: bodies.chunk.key(event), value: value.as_deref(), headers, time };
    loop {
        match batch.hand_over(place, &record) {
            Ok(()) => return Ok(Handed::Over),
            Err(RDKafkaErrorCode::QueueFull) => {
                connection.wait_for_room()?;
                if connection.is_to_end() {
                    return Ok(Handed::Back);
                }
            }
            Err(RDKafkaErrorCode::Fatal) => return Err(connection.fatal()),
            Err(code) => {
                connection.reports().refused(event.number, body, code);
                return Ok(Handed::Over);
            }
        }
    }
}

impl Sink for KafkaSink {
    fn offsets_before(&self) -> BTreeMap<i32, i64> {
        self.offsets_before.clone()
    }

    fn cluster(&self) -> Option<String> {
        self.cluster.clone()
    }

    fn tally(&self) -> Option<Arc<Tally>> {
        Some(self.connection.reports().tally())
    }

    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        self.take_over(&mut chunk.clone())
    }

    fn take_over(&mut self, chunk: &mut Chunk) -> Result<Flow, Error> {
        if self.first && !chunk.is_empty() {
            self.first = false;
            if let Err(error) = self.check_sample(chunk) {
                // Nothing was sent: to send what is missing, repeat the whole run.
                self.connection.reports().list(None);
                self.leave(chunk.events.iter().map(|event| (event, chunk.body(event))));
                self.taken += chunk.events.len() as u64;
                return Err(error);
            }
        }
        let lent = producer_ffi::is_lent(&chunk.bodies).then(|| Arc::new(mem::take(&mut chunk.bodies)));
        let buffer = lent.as_deref().unwrap_or(&chunk.bodies);
        let bodies = Bodies { chunk, buffer, lent: lent.as_ref() };
        let (handed, outcome) = self.send(&bodies);
        let (sent, rest) = chunk.events.split_at(handed);
        self.leave(rest.iter().map(|event| (event, bodies.value(event))));
        self.taken += chunk.events.len() as u64;
        self.next = sent.last().map(|event| event.number + 1).or(self.next);
        if lent.is_some() {
            chunk.bodies = self.connection.spare_buffer();
        }
        outcome?;
        // Process reports, so that the caller sees that the run is to end.
        self.connection.serve();
        self.connection.check_fatal()?;
        Ok(Flow::Open)
    }

    fn finish(self: Box<Self>, ending: Ending) -> Result<Delivered, Box<Failed>> {
        self.connection.settle(ending);
        let mut delivered = self.connection.reports().delivered(self.taken);
        // An error that ended the client after the last record was taken has not been reported yet.
        if ending == Ending::Complete
            && let Err(fatal) = self.connection.check_fatal()
        {
            delivered.notes.push(fatal.to_string());
        }
        delivered.notes.extend(self.connection.options.notes());
        // Records fail individually. If some are missing, no single number separates those that have arrived from the
        // others.
        delivered.next = self.next.filter(|_| delivered.failed + delivered.unknown == 0);
        Ok(delivered)
    }
}

/// The code of an error, for the kinds of error that have one.
fn code(error: &KafkaError) -> RDKafkaErrorCode {
    error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown)
}
