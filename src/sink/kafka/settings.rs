//! Settings of the Kafka sink.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::record::{Mode, RecordTime};
use super::undelivered::UndeliveredFile;

/// How to create the topic, if it does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CreateTopic {
    /// The number of partitions.
    pub(crate) partitions: i32,
    /// The number of replicas of each; `None` is the cluster's default.
    pub(crate) replication: Option<i32>,
}

/// Where to connect, and how.
///
/// There is no `Debug`, because the properties may contain passwords.
#[derive(Clone)]
pub struct KafkaSettings {
    /// The bootstrap servers, as `host:port,host:port`; may be empty if the property `bootstrap.servers` names them.
    pub(crate) bootstrap_servers: String,
    /// The topic of all records.
    pub topic: String,
    /// librdkafka's properties from a file ([`read_properties`](super::read_properties)): they override
    /// [`DEFAULTS`](super::DEFAULTS), and everything else here overrides them.
    pub(crate) config: Vec<(String, String)>,
    /// librdkafka's properties as the user gave them. They override everything else; the last value of a name wins.
    pub properties: Vec<(String, String)>,
    /// How to create the topic if it does not exist; `None` does not create it.
    pub(crate) create_topic: Option<CreateTopic>,
    /// How the parts of an event are distributed over its record.
    pub mode: Mode,
    /// Headers of every record, in addition to the mode's own.
    pub headers: Vec<(String, String)>,
    /// Which time records have.
    pub record_time: RecordTime,
    /// Whether events are emitted at the pace of the clock: records then wait only briefly for others to fill a batch.
    pub(crate) paced: bool,
    /// Begin and end of event time in nanoseconds since the Unix epoch, as far as known; needed with
    /// [`RecordTime::Event`].
    pub(crate) event_time: (i64, Option<i64>),
    /// Where to list the events that were not delivered; `None` writes no list.
    pub undelivered: Option<UndeliveredFile>,
    /// Whether to query the topic's end offsets before the first event
    /// ([`Sink::offsets_before`](crate::sink::Sink::offsets_before)).
    pub note_offsets: bool,
    /// Set when the run is to end: a full queue then no longer blocks.
    pub stop: Arc<AtomicBool>,
    /// How long [`KafkaSink::connect`](super::KafkaSink::connect) may try to reach the topic.
    pub connect_timeout: Duration,
    /// How long [`Sink::finish`](crate::sink::Sink::finish) waits for acknowledgements in a stopped run. A complete run
    /// waits as long as librdkafka tries to deliver (`message.timeout.ms`).
    pub flush_timeout: Duration,
}

impl KafkaSettings {
    /// Settings without properties, with 5 s to connect and 30 s to flush.
    pub fn new(bootstrap_servers: impl Into<String>, topic: impl Into<String>) -> Self {
        Self {
            bootstrap_servers: bootstrap_servers.into(),
            topic: topic.into(),
            config: Vec::new(),
            properties: Vec::new(),
            create_topic: None,
            mode: Mode::default(),
            headers: Vec::new(),
            record_time: RecordTime::default(),
            paced: false,
            event_time: (0, None),
            undelivered: None,
            note_offsets: false,
            stop: Arc::default(),
            connect_timeout: Duration::from_secs(5),
            flush_timeout: Duration::from_secs(30),
        }
    }
}
