//! Checks before the first event: can the cluster be reached, does it accept the login, does the topic exist, and can
//! the topic's broker be reached at the address that the cluster returns?
//!
//! librdkafka never stops trying to connect: a metadata request to a cluster that rejects the client returns nothing
//! until its timeout, while the reason is in the event queue. So the request is repeated with short timeouts (slices),
//! and the event queue is read in between.

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::metadata::{Metadata, MetadataTopic};
use rdkafka::producer::Producer as _;

use super::options::Options;
use super::producer_ffi::Producer;
use super::record::RecordTime;
use super::topic::{Admin, Limits};
use super::trouble::Trouble;
use super::{KafkaSettings, diagnosis};
use crate::error::Error;

/// The first timeout of a request; each further one is twice as long.
const FIRST_SLICE: Duration = Duration::from_millis(50);

/// The longest timeout, during which no events are read; more than a slow answer takes.
const LONGEST_SLICE: Duration = Duration::from_millis(800);

/// How long an unreachable broker is tolerated: it may be only one address of a name (IPv6 before IPv4), or be about to
/// start.
const UNREACHABLE_GRACE: Duration = Duration::from_millis(1500);

/// How long requests about the topic may take, in addition to everything else.
const QUESTION: Duration = Duration::from_secs(2);

/// How long a missing topic is tolerated, because the broker may be creating it.
const CREATION_GRACE: Duration = Duration::from_secs(1);

/// Looks up the topic, creates it if requested, and queries its limits.
pub(super) fn look(
    producer: &Producer,
    options: &Options,
    settings: &KafkaSettings,
    warnings: &mut Vec<String>,
) -> Result<Limits, Error> {
    let mut wait = Wait::new(producer, options, settings.connect_timeout);
    let admin = Admin::new(options)?;
    let topic = &options.topic;
    if let Some(wanted) = settings.create_topic {
        wait.until_connected()?;
        if admin.create(wanted, wait.left())? {
            wait.topic_was_made();
        }
    }
    let found = wait.until_ready()?;
    if let Some(wanted) = settings.create_topic.filter(|wanted| wanted.partitions != found.partitions) {
        let (is, asked) = (found.partitions, wanted.partitions);
        warnings.push(format!("topic `{topic}` is there already, with {is} partitions instead of {asked}"));
    }
    let limits = admin.limits(found.leader.map(|leader| leader.id), QUESTION.min(settings.connect_timeout));
    if settings.record_time == RecordTime::Event {
        let (first, last) = settings.event_time;
        warnings.extend(match &limits {
            Some(limits) => limits.check_times(topic, first, last, now())?,
            None => vec![format!("topic `{topic}` does not tell which record times it takes, and for how long")],
        });
    }
    Ok(limits.unwrap_or_default())
}

/// The cluster's metadata about the topic.
pub(super) struct Found {
    partitions: i32,
    leader: Option<Leader>,
}

/// The broker that leads the topic's first partition.
struct Leader {
    id: i32,
    /// `host:port`, as the cluster returns it.
    address: String,
}

/// The checks, and how long they may take.
pub(super) struct Wait<'a> {
    producer: &'a Producer,
    options: &'a Options,
    start: Instant,
    timeout: Duration,
    creation_grace: Duration,
}

impl<'a> Wait<'a> {
    /// Starts the timeout.
    pub(super) fn new(producer: &'a Producer, options: &'a Options, timeout: Duration) -> Self {
        Self { producer, options, start: Instant::now(), timeout, creation_grace: CREATION_GRACE }
    }

    /// Returns when the topic can be written to, as far as that can be known.
    pub(super) fn until_ready(&self) -> Result<Found, Error> {
        let found = self.for_topic()?;
        if let Some(leader) = &found.leader {
            self.for_leader(&leader.address)?;
        }
        Ok(found)
    }

    /// Waits for any answer of the cluster, without naming the topic: requesting it could create it with the broker's
    /// default settings.
    pub(super) fn until_connected(&self) -> Result<(), Error> {
        let mut slice = FIRST_SLICE;
        loop {
            let answer = self.producer.client().fetch_cluster_id(self.at_most(slice));
            self.read_events();
            if answer.is_some() {
                return Ok(());
            }
            self.give_up(None)?;
            slice = (slice * 2).min(LONGEST_SLICE);
        }
    }

    /// The topic was just created. It must exist from now on, but it takes a while until all brokers know it.
    pub(super) fn topic_was_made(&mut self) {
        self.creation_grace = self.timeout;
    }

    /// The time that is left.
    pub(super) fn left(&self) -> Duration {
        self.timeout.saturating_sub(self.start.elapsed())
    }

    /// Returns the error that ends the waiting, if it is to end.
    fn give_up(&self, topic_error: Option<RDKafkaErrorCode>) -> Result<(), Error> {
        if topic_error.is_none()
            && let Some(trouble) = self.verdict()
        {
            return Err(if diagnosis::is_unproven(&trouble) {
                diagnosis::unproven(self.options, has_other_name(self.options))
            } else {
                diagnosis::connection(self.options, &trouble)
            });
        }
        match topic_error {
            _ if !self.is_over() => Ok(()),
            Some(code) => Err(diagnosis::topic(self.options, code)),
            None => Err(diagnosis::silence(self.options, &self.producer.context().reports.troubles(), self.timeout)),
        }
    }

    /// Requests the topic's metadata.
    fn for_topic(&self) -> Result<Found, Error> {
        let mut slice = FIRST_SLICE;
        loop {
            let answer = self.producer.client().fetch_metadata(Some(&self.options.topic), self.at_most(slice));
            self.read_events();
            let mut topic_error = None;
            if let Ok(metadata) = answer {
                match topic_error_in(&metadata) {
                    None => return Ok(Found::new(&metadata)),
                    Some(code) if self.is_final(code) => {
                        return Err(diagnosis::topic(self.options, code));
                    }
                    waiting => topic_error = waiting,
                }
            }
            self.give_up(topic_error)?;
            slice = (slice * 2).min(LONGEST_SLICE);
        }
    }

    /// Sends a request to the leader itself, because a cluster may return broker addresses that do not resolve here.
    /// Only a failure to connect is an error; everything else will show in the delivery reports.
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
            let troubles = self.producer.context().reports.troubles();
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
        let troubles = self.producer.context().reports.troubles();
        let down = troubles.iter().find(|trouble| trouble.code == RDKafkaErrorCode::AllBrokersDown)?;
        let worst = diagnosis::most_telling(&troubles)?;
        let refused = matches!(worst.code, RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SSL);
        (refused || down.since.elapsed() > UNREACHABLE_GRACE).then(|| worst.clone())
    }

    /// Whether the topic's error is permanent.
    fn is_final(&self, code: RDKafkaErrorCode) -> bool {
        match code {
            RDKafkaErrorCode::UnknownTopicOrPartition => self.start.elapsed() > self.creation_grace,
            RDKafkaErrorCode::LeaderNotAvailable => false,
            _ => true,
        }
    }

    /// Reads the events that have arrived; also serves as the pause between two requests.
    fn read_events(&self) {
        self.producer.poll(Duration::from_millis(20));
    }

    fn at_most(&self, slice: Duration) -> Duration {
        slice.min(self.left()).max(Duration::from_millis(1))
    }

    fn is_over(&self) -> bool {
        self.start.elapsed() >= self.timeout
    }
}

/// Whether a broker whose certificate was rejected is only missing the right host name: then a connection that does not
/// verify the host name succeeds.
fn has_other_name(options: &Options) -> Option<bool> {
    let producer = options.for_any_host().producer().ok()?;
    let begun = Instant::now();
    let mut found = None;
    while found.is_none() && begun.elapsed() < QUESTION {
        let answered = producer.client().fetch_cluster_id(FIRST_SLICE).is_some();
        producer.poll(Duration::from_millis(20));
        let troubles = producer.context().reports.troubles();
        // Later errors, such as a missing login, occur only after the certificate was accepted.
        let further = troubles.iter().any(|trouble| trouble.code != RDKafkaErrorCode::AllBrokersDown);
        let unproven = troubles.iter().any(diagnosis::is_unproven);
        found = (unproven || answered || further).then_some(!unproven);
    }
    let _ = thread::Builder::new().spawn(move || drop(producer));
    found
}

/// Nanoseconds since the Unix epoch.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// The error of the one topic that was requested.
fn topic_error_in(metadata: &Metadata) -> Option<RDKafkaErrorCode> {
    let topic = metadata.topics().first()?;
    if let Some(error) = topic.error() {
        return Some(error.into());
    }
    topic.partitions().is_empty().then_some(RDKafkaErrorCode::UnknownTopicOrPartition)
}

impl Found {
    /// How many partitions the topic has.
    pub(super) fn partitions(&self) -> i32 {
        self.partitions
    }

    fn new(metadata: &Metadata) -> Self {
        let partitions = metadata.topics().first().map(MetadataTopic::partitions).unwrap_or_default();
        let first = partitions.iter().find(|partition| partition.id() == 0);
        let mut brokers = metadata.brokers().iter();
        let leader = first.and_then(|first| brokers.find(|broker| broker.id() == first.leader()));
        Self {
            partitions: i32::try_from(partitions.len()).unwrap_or(i32::MAX),
            leader: leader
                .map(|broker| Leader { id: broker.id(), address: format!("{}:{}", broker.host(), broker.port()) }),
        }
    }
}
