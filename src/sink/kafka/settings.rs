//! Where to connect, and how.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::record::{Mode, RecordTime};
use super::topic::CreateTopic;
use super::undelivered::UndeliveredFile;

/// Where to connect, and how.
///
/// No `Debug`: the properties may hold passwords.
#[derive(Clone)]
pub struct KafkaSettings {
    /// Brokers to start from, as `host:port,host:port`; may be empty if a
    /// property `bootstrap.servers` names them.
    pub bootstrap_servers: String,
    /// The topic that all records go to.
    pub topic: String,
    /// librdkafka's properties as a file gives them
    /// ([`read_properties`](super::read_properties)): they win over
    /// [`DEFAULTS`](super::DEFAULTS), and everything else here over them.
    pub config: Vec<(String, String)>,
    /// librdkafka's properties as the user gave them; the last of a name wins,
    /// and all win over whatever else names them.
    pub properties: Vec<(String, String)>,
    /// The topic's shape, if it is to be made when it is not there.
    pub create_topic: Option<CreateTopic>,
    /// Which part of an event is where in its record.
    pub mode: Mode,
    /// Headers of every record, beside the mode's own.
    pub headers: Vec<(String, String)>,
    /// What time records have.
    pub record_time: RecordTime,
    /// Whether events come by the clock, not as fast as they are taken: then
    /// they do not wait long for others.
    pub paced: bool,
    /// Where event time begins and ends, in nanoseconds since the Unix epoch,
    /// as far as it is known; needed with [`RecordTime::Event`].
    pub event_time: (i64, Option<i64>),
    /// Where to list what was not delivered; `None` lists it nowhere.
    pub undelivered: Option<UndeliveredFile>,
    /// Whether to ask where the topic ends before the first event ([`Sink::offsets_before`](crate::sink::Sink::offsets_before)).
    pub note_offsets: bool,
    /// Becomes true when the run is to end: a full queue is waited for no
    /// longer.
    pub stop: Arc<AtomicBool>,
    /// How long [`KafkaSink::connect`](super::KafkaSink::connect) may look for
    /// the topic.
    pub connect_timeout: Duration,
    /// How long [`Sink::finish`](crate::sink::Sink::finish) waits for
    /// acknowledgements in a run that was stopped. One that is complete waits
    /// for as long as librdkafka tries (`message.timeout.ms`).
    pub flush_timeout: Duration,
}

impl KafkaSettings {
    /// Settings with no properties, 5 s to connect and 30 s to flush.
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
