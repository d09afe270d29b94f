//! The look before the first event: is the cluster there, does it let us in,
//! does it have the topic, and can the topic's broker be reached by the name
//! that it gives itself?
//!
//! librdkafka never gives up connecting: a metadata request against a cluster
//! that refuses us says nothing until its timeout, while the reason lies in
//! the event queue. So the request is made in slices, and between two of them
//! the events are read.

use std::time::{Duration, Instant};

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::metadata::Metadata;
use rdkafka::producer::{BaseProducer, Producer};

use super::diagnosis;
use super::options::Options;
use super::reports::{Reports, Trouble};
use crate::error::Error;

/// The first wait for an answer; each further one is twice as long.
const FIRST_SLICE: Duration = Duration::from_millis(50);

/// The longest wait without reading events; more than a slow answer takes.
const LONGEST_SLICE: Duration = Duration::from_millis(800);

/// For how long a broker that cannot be reached may be only one address of a
/// name (IPv6 before IPv4) or just about to start.
const UNREACHABLE_GRACE: Duration = Duration::from_millis(1500);

/// For how long a topic may be missing because the broker is creating it.
const CREATION_GRACE: Duration = Duration::from_secs(1);

/// Returns when the topic can be written to, as far as that can be known.
pub(super) fn await_topic(producer: &BaseProducer<Reports>, options: &Options, timeout: Duration) -> Result<(), Error> {
    let wait = Wait { producer, options, start: Instant::now(), timeout };
    let leader = wait.for_topic()?;
    match leader {
        Some(leader) => wait.for_leader(&leader),
        None => Ok(()),
    }
}

struct Wait<'a> {
    producer: &'a BaseProducer<Reports>,
    options: &'a Options,
    start: Instant,
    timeout: Duration,
}

impl Wait<'_> {
    /// Asks for the topic; the address of its first partition's leader.
    fn for_topic(&self) -> Result<Option<String>, Error> {
        let mut slice = FIRST_SLICE;
        loop {
            let answer = self.producer.client().fetch_metadata(Some(&self.options.topic), self.at_most(slice));
            self.read_events();
            let mut topic_error = None;
            if let Ok(metadata) = answer {
                match topic_error_in(&metadata) {
                    None => return Ok(first_leader(&metadata)),
                    Some(code) if self.is_final(code) => {
                        return Err(diagnosis::topic(self.options, code));
                    }
                    waiting => topic_error = waiting,
                }
            } else if let Some(trouble) = self.verdict() {
                return Err(diagnosis::connection(self.options, &trouble));
            }
            if self.is_over() {
                return Err(match topic_error {
                    Some(code) => diagnosis::topic(self.options, code),
                    None => diagnosis::silence(self.options, &self.producer.context().troubles(), self.timeout),
                });
            }
            slice = (slice * 2).min(LONGEST_SLICE);
        }
    }

    /// Asks the leader itself something, for a cluster may name its brokers by
    /// addresses that mean nothing here. Only a plain failure to get there is
    /// an error; all else will show in the delivery reports.
    fn for_leader(&self, leader: &str) -> Result<(), Error> {
        let mut slice = FIRST_SLICE;
        loop {
            let answer = self.producer.client().fetch_watermarks(&self.options.topic, 0, self.at_most(slice));
            self.read_events();
            let unanswered = answer.is_err_and(|error| {
                matches!(
                    super::code(&error),
                    RDKafkaErrorCode::OperationTimedOut
                        | RDKafkaErrorCode::BrokerTransportFailure
                        | RDKafkaErrorCode::Resolve
                        | RDKafkaErrorCode::Authentication
                        | RDKafkaErrorCode::SSL
                )
            });
            if !unanswered {
                return Ok(());
            }
            let own = format!("{leader}/");
            let troubles = self.producer.context().troubles();
            let failing = troubles.iter().find(|trouble| trouble.text.contains(&own));
            if let Some(trouble) = failing
                && (trouble.since.elapsed() > UNREACHABLE_GRACE || self.is_over())
            {
                return Err(diagnosis::leader(self.options, leader, trouble));
            }
            if self.is_over() {
                return Ok(());
            }
            slice = (slice * 2).min(LONGEST_SLICE);
        }
    }

    /// The trouble that makes further waiting pointless, if there is one.
    fn verdict(&self) -> Option<Trouble> {
        let troubles = self.producer.context().troubles();
        let down = troubles.iter().find(|trouble| trouble.code == RDKafkaErrorCode::AllBrokersDown)?;
        let worst = diagnosis::most_telling(&troubles)?;
        let refused = matches!(worst.code, RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SSL);
        (refused || down.since.elapsed() > UNREACHABLE_GRACE).then(|| worst.clone())
    }

    /// Whether the topic's error will not go away by waiting.
    fn is_final(&self, code: RDKafkaErrorCode) -> bool {
        match code {
            RDKafkaErrorCode::UnknownTopicOrPartition => self.start.elapsed() > CREATION_GRACE,
            RDKafkaErrorCode::LeaderNotAvailable => false,
            _ => true,
        }
    }

    /// Reads what has arrived; also the pause between two requests.
    fn read_events(&self) {
        self.producer.poll(Duration::from_millis(20));
    }

    fn at_most(&self, slice: Duration) -> Duration {
        let left = self.timeout.saturating_sub(self.start.elapsed());
        slice.min(left).max(Duration::from_millis(1))
    }

    fn is_over(&self) -> bool {
        self.start.elapsed() >= self.timeout
    }
}

/// What is wrong with the one topic that was asked for.
fn topic_error_in(metadata: &Metadata) -> Option<RDKafkaErrorCode> {
    let topic = metadata.topics().first()?;
    if let Some(error) = topic.error() {
        return Some(error.into());
    }
    topic.partitions().is_empty().then_some(RDKafkaErrorCode::UnknownTopicOrPartition)
}

/// `host:port` of partition 0's leader, as the cluster names it.
fn first_leader(metadata: &Metadata) -> Option<String> {
    let topic = metadata.topics().first()?;
    let partition = topic.partitions().iter().find(|part| part.id() == 0)?;
    let brokers = metadata.brokers().iter();
    brokers
        .filter(|broker| broker.id() == partition.leader())
        .map(|broker| format!("{}:{}", broker.host(), broker.port()))
        .next()
}
