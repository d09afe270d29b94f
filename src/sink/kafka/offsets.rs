//! Records the end offsets of a topic before the first event of a run, so that a consumer can begin to read there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use rdkafka::error::KafkaError;
use rdkafka::metadata::{MetadataPartition, MetadataTopic};
use rdkafka::producer::Producer as _;

use super::code;
use super::connection::Connection;

/// The number of parallel requests; each is about one partition.
const ASKED_AT_ONCE: usize = 8;

/// The cluster's id, if the brokers return it within the connect timeout.
pub(super) fn cluster(connection: &Connection) -> Option<String> {
    let id = connection.producer.client().fetch_cluster_id(connection.settings.connect_timeout);
    id.filter(|id| !id.is_empty())
}

/// The end offset of each partition, or a warning if they cannot be obtained within the connect timeout.
pub(super) fn ends(connection: &Connection) -> Result<BTreeMap<i32, i64>, String> {
    let (client, settings) = (connection.producer.client(), &connection.settings);
    let topic = settings.topic.as_str();
    let failed = |error: &KafkaError| {
        format!("the summary will not say where topic `{topic}` ended before the run: {}", code(error))
    };
    let begun = Instant::now();
    let left = || settings.connect_timeout.saturating_sub(begun.elapsed());
    let metadata = client.fetch_metadata(Some(topic), left()).map_err(|error| failed(&error))?;
    let partitions = metadata.topics().iter().flat_map(MetadataTopic::partitions);
    let partitions: Vec<i32> = partitions.map(MetadataPartition::id).collect();
    let (next, ends) = (AtomicUsize::new(0), Mutex::new(Ok(BTreeMap::new())));
    let ask = || {
        while let Some(partition) = partitions.get(next.fetch_add(1, Ordering::Relaxed)) {
            let answer = client.fetch_watermarks(topic, *partition, left());
            let mut ends = ends.lock().unwrap_or_else(PoisonError::into_inner);
            match (&mut *ends, answer) {
                (Ok(ends), Ok((_, end))) => drop(ends.insert(*partition, end)),
                (Ok(_), Err(error)) => *ends = Err(failed(&error)),
                (Err(_), _) => return,
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..ASKED_AT_ONCE.min(partitions.len()) {
            // If the system refuses a thread, fewer requests run in parallel.
            let _ = thread::Builder::new().spawn_scoped(scope, ask);
        }
        ask();
    });
    ends.into_inner().unwrap_or_else(PoisonError::into_inner)
}
