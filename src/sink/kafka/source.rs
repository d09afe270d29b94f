//! A topic that is read: from where, to where, and what its records are.
//!
//! It commits no offsets and joins no group, so other readers of the topic are not affected. Records of aborted
//! transactions are skipped.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, Timestamp, TopicPartitionList};

use super::connect::Wait;
use super::options::Options;
use super::{KafkaSettings, code, threads, wording};
use crate::error::Error;

/// How long a question to the brokers may take.
const QUESTION: Duration = Duration::from_secs(10);

/// Where reading begins.
#[derive(Debug, Clone, Default)]
pub enum Begin {
    /// At the first record that is still there.
    #[default]
    Earliest,
    /// At the first record whose time is this or later, in nanoseconds since the Unix epoch.
    Time(i64),
    /// At these offsets by partition; other partitions from their first record.
    Offsets(BTreeMap<i32, i64>),
    /// Where the topic ended before a run was sent to it.
    Sent {
        /// By partition, as in [`Begin::Offsets`].
        offsets: BTreeMap<i32, i64>,
        /// The cluster that the offsets are of. A topic of the same name in another cluster, as mirroring makes it, is
        /// read as by [`Begin::Time`]: the offsets say nothing about it.
        cluster: String,
        /// When the run began, in nanoseconds since the Unix epoch.
        started: i64,
    },
}

/// A record of a topic.
#[derive(Debug)]
pub(crate) struct TopicRecord {
    /// Its partition.
    pub(crate) partition: i32,
    /// Its key, if it has one.
    pub(crate) key: Option<Vec<u8>>,
    /// When the broker received it, in nanoseconds since the Unix epoch, if brokers stamp the topic's records.
    pub(crate) received: Option<i64>,
    /// The value; with attributes of a `CloudEvent` among its headers a JSON object of these and the value.
    pub(crate) text: Vec<u8>,
}

/// A consumer of all partitions of a topic.
pub(crate) struct TopicReader {
    consumer: BaseConsumer,
    options: Options,
    partitions: i32,
}

impl TopicReader {
    /// Connects, and finds where to begin.
    ///
    /// # Errors
    /// As [`KafkaSink::connect`](super::KafkaSink::connect).
    pub(crate) fn connect(settings: &KafkaSettings, begin: &Begin) -> Result<Self, Error> {
        let options = Options::for_reading(settings)?;
        threads::check(&options)?;
        let producer = options.producer()?;
        let looked = Wait::new(&producer, &options, settings.connect_timeout).until_ready();
        // Closing may wait for a name server that does not answer.
        let _ = std::thread::Builder::new().spawn(move || drop(producer));
        let partitions = looked?.partitions();
        let consumer = options.consumer()?;
        let reader = TopicReader { consumer, options, partitions };
        let list = match begin {
            Begin::Sent { offsets, cluster, started } => {
                let id = reader.consumer.client().fetch_cluster_id(QUESTION);
                let is_same = id.is_some_and(|id| id == *cluster);
                let begin = if is_same { Begin::Offsets(offsets.clone()) } else { Begin::Time(*started) };
                reader.beginning(&begin)?
            }
            begin => reader.beginning(begin)?,
        };
        reader.consumer.assign(&list).map_err(|error| reader.cannot("read", &error))?;
        Ok(reader)
    }

    fn beginning(&self, begin: &Begin) -> Result<TopicPartitionList, Error> {
        let topic = &self.options.topic;
        let mut list = TopicPartitionList::new();
        for partition in 0..self.partitions {
            let offset = match begin {
                Begin::Earliest => Offset::Beginning,
                Begin::Time(time) | Begin::Sent { started: time, .. } => {
                    Offset::Offset(time.div_euclid(1_000_000).max(0))
                }
                Begin::Offsets(offsets) => offsets.get(&partition).map_or(Offset::Beginning, |at| Offset::Offset(*at)),
            };
            list.add_partition_offset(topic, partition, offset).map_err(|error| self.cannot("read", &error))?;
        }
        if !matches!(begin, Begin::Time(_) | Begin::Sent { .. }) {
            return Ok(list);
        }
        let found = self.consumer.offsets_for_times(list, QUESTION).map_err(|error| self.cannot("read", &error))?;
        let mut list = TopicPartitionList::new();
        for element in found.elements() {
            // Where no record is that late, there is nothing yet.
            let offset = match element.offset() {
                Offset::Offset(at) => Offset::Offset(at),
                _ => Offset::End,
            };
            list.add_partition_offset(topic, element.partition(), offset)
                .map_err(|error| self.cannot("read", &error))?;
        }
        Ok(list)
    }

    /// The next record, if one comes within that time.
    ///
    /// # Errors
    /// If the topic may not be read, or is there no longer.
    pub(crate) fn next(&self, within: Duration) -> Result<Option<TopicRecord>, Error> {
        match self.consumer.poll(within) {
            None => Ok(None),
            Some(Ok(message)) => Ok(Some(record(&message))),
            Some(Err(error)) => match code(&error) {
                RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::GroupAuthorizationFailed
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::OffsetOutOfRange
                | RDKafkaErrorCode::AutoOffsetReset
                | RDKafkaErrorCode::Fatal => Err(self.cannot("read", &error)),
                // librdkafka keeps trying; whether it succeeded is checked at the end.
                _ => Ok(None),
            },
        }
    }

    /// How many records of the topic were not read, by the offsets of brokers; aborted ones and marks of transactions
    /// count, too.
    ///
    /// # Errors
    /// If the brokers do not answer.
    pub(crate) fn unread(&self) -> Result<u64, Error> {
        let position = self.consumer.position().map_err(|error| self.cannot("read", &error))?;
        let mut unread = 0;
        for element in position.elements() {
            let (low, high) = self
                .consumer
                .fetch_watermarks(element.topic(), element.partition(), QUESTION)
                .map_err(|error| self.cannot("find the end of", &error))?;
            let at = match element.offset() {
                Offset::Offset(at) => at,
                // Nothing was read of it: either it is empty, or it could not be read.
                _ => low,
            };
            unread += u64::try_from(high - at).unwrap_or_default();
        }
        Ok(unread)
    }

    fn cannot(&self, what: &str, error: &rdkafka::error::KafkaError) -> Error {
        let reason = wording::plain(&self.options.hide(&error.to_string()));
        Error::failed(format!("cannot {what} topic `{}`: {reason}", self.options.topic))
            .help("it needs a login that may READ and DESCRIBE the topic")
    }
}

fn record(message: &BorrowedMessage<'_>) -> TopicRecord {
    let received = match message.timestamp() {
        Timestamp::LogAppendTime(millis) => millis.checked_mul(1_000_000),
        _ => None,
    };
    let value = message.payload().unwrap_or_default();
    let mut attributes = serde_json::Map::new();
    for header in message.headers().into_iter().flat_map(Headers::iter) {
        if header.key.starts_with("ce_") || header.key == "content-type" {
            let value = String::from_utf8_lossy(header.value.unwrap_or_default()).into_owned();
            attributes.insert(header.key.to_owned(), value.into());
        }
    }
    let is_binary = attributes.keys().any(|name| name.starts_with("ce_"));
    let text = if is_binary {
        let headers = serde_json::Value::Object(attributes).to_string();
        let is_json = serde_json::from_slice::<serde_json::Value>(value).is_ok();
        let quoted = || serde_json::Value::from(String::from_utf8_lossy(value)).to_string().into_bytes();
        let data = if is_json { value.to_vec() } else { quoted() };
        [b"{\"headers\":", headers.as_bytes(), b",\"value\":", &data, b"}"].concat()
    } else {
        value.to_vec()
    };
    TopicRecord { partition: message.partition(), key: message.key().map(<[u8]>::to_vec), received, text }
}
