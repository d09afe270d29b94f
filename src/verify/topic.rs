//! Reading a topic to its end, and then until it is quiet.
//!
//! That all events have arrived is no end: pipelines that were killed deliver again, and copies come last.

use super::{Source, SourceKey, Verifier};
use crate::{
    error::Error,
    sink::kafka::{Begin, KafkaSettings, TopicReader},
};
use std::{
    collections::HashMap,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

/// How a topic is read.
#[derive(Debug, Clone)]
pub struct TopicReading {
    /// Where to begin.
    pub begin: Begin,
    /// For how long nothing may come before reading ends: longer than a session of a consumer that was killed lasts.
    pub quiet_for: Duration,
    /// Whether to end as soon as every expected event is there.
    pub until_complete: bool,
}

impl Default for TopicReading {
    fn default() -> Self {
        TopicReading { begin: Begin::Earliest, quiet_for: Duration::from_secs(120), until_complete: false }
    }
}

/// For how long a record is waited for at once.
const WAIT: Duration = Duration::from_millis(100);

impl Verifier<'_> {
    /// Reads all partitions of a topic, and commits nothing.
    ///
    /// # Errors
    /// As [`KafkaSink::connect`](crate::sink::kafka::KafkaSink::connect), and if the topic could not be read to its end.
    pub fn read_topic(&mut self, settings: &KafkaSettings, how: &TopicReading) -> Result<(), Error> {
        let reader = TopicReader::connect(settings, &how.begin)?;
        let mut inputs = HashMap::new();
        let mut last = Instant::now();
        let mut unread = None;
        loop {
            if self.options.stop.load(Ordering::Relaxed) {
                self.stopped();
                return Ok(());
            }
            if let Some(record) = reader.next(WAIT)? {
                let input = *inputs.entry(record.partition).or_insert_with(|| self.next_input());
                let key = record.key.as_deref().map_or(SourceKey::None, SourceKey::Bytes);
                let source = Source { input, received: record.received, key };
                self.record_of(&record.text, &source);
                (last, unread) = (Instant::now(), None);
                // Some of a topic's records may be in the client's memory already.
                if !how.until_complete || self.outstanding() > 0 {
                    continue;
                }
            }
            if how.until_complete && self.outstanding() == 0 {
                return Ok(());
            }
            if last.elapsed() < how.quiet_for {
                continue;
            }
            // Nothing came: is nothing there, or can it not be read? Records of aborted transactions are never given, so
            // the number of unread records may stay as it is.
            let left = reader.unread()?;
            if left == 0 || unread == Some(left) {
                return Ok(());
            }
            (last, unread) = (Instant::now(), Some(left));
        }
    }
}
