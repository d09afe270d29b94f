//! The topic in its cluster: creates it if requested, and queries its limits before anything is sent.
//!
//! librdkafka needs a separate admin client for such requests, which exists only while they last.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::options::Options;
use super::settings::CreateTopic;
use super::{code, diagnosis};
use crate::{
    error::Error,
    units::{SECOND, format_duration, format_time},
};

/// The most bytes that a batch with one record has in addition to the record: the batch header, and the record's
/// lengths and offsets.
const BATCH_OVERHEAD: u64 = 100;

/// A client for requests about the topic.
pub(super) struct Admin<'a> {
    client: Option<AdminClient<DefaultClientContext>>,
    options: &'a Options,
}

/// A topic's limits; `None` if there is no limit, or if it is not known.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Limits {
    /// The largest batch in bytes, after compression.
    pub(crate) max_message_bytes: Option<u64>,
    /// How far before its arrival a record's time may be.
    before: Option<Duration>,
    /// How far after its arrival a record's time may be.
    after: Option<Duration>,
    /// How long records are kept.
    retention: Option<Duration>,
    /// Whether brokers replace a record's time with that of its arrival.
    stamps: bool,
}

impl<'a> Admin<'a> {
    /// A client that is not yet connected.
    pub(super) fn new(options: &'a Options) -> Result<Self, Error> {
        Ok(Self { client: Some(options.admin()?), options })
    }

    /// Creates the topic; `false` if it already exists.
    pub(super) fn create(&self, wanted: CreateTopic, timeout: Duration) -> Result<bool, Error> {
        let Some(client) = &self.client else { return Ok(false) };
        let replication = TopicReplication::Fixed(wanted.replication.unwrap_or(-1));
        let topic = NewTopic::new(&self.options.topic, wanted.partitions, replication);
        let how = AdminOptions::new().request_timeout(Some(timeout)).operation_timeout(Some(timeout));
        let answer = block_on(client.create_topics([&topic], &how));
        let refused = match answer.map(|mut results| results.pop()) {
            Ok(Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists)))) => return Ok(false),
            Ok(Some(Err((_, code)))) | Err(KafkaError::AdminOp(code)) => code,
            Ok(_) => return Ok(true),
            Err(error) => code(&error),
        };
        Err(diagnosis::creation(self.options, wanted, refused))
    }

    /// The topic's limits, as far as we are allowed to read them. Any broker is asked: not every kind of cluster has a
    /// controller that answers.
    pub(super) fn limits(&self, broker: Option<i32>, timeout: Duration) -> Option<Limits> {
        let how = AdminOptions::new().request_timeout(Some(timeout)).broker_id(broker);
        let topic = ResourceSpecifier::Topic(&self.options.topic);
        let described = block_on(self.client.as_ref()?.describe_configs([&topic], &how)).ok()?.pop()?.ok()?;
        let entries = described.entries.into_iter();
        Some(Limits::new(&entries.filter_map(|entry| Some((entry.name, entry.value?))).collect()))
    }
}

impl Drop for Admin<'_> {
    fn drop(&mut self) {
        // Closing takes a while, and nothing depends on it.
        let client = self.client.take();
        let _ = thread::Builder::new().spawn(move || drop(client));
    }
}

impl Limits {
    fn new(config: &HashMap<String, String>) -> Self {
        let number = |name: &str| config.get(name)?.parse::<i64>().ok().filter(|number| (0..i64::MAX).contains(number));
        let millis = |name: &str| number(name).map(|millis| Duration::from_millis(millis as u64));
        // Before version 3.6 there was one limit for both directions.
        let both = millis("message.timestamp.difference.max.ms");
        let deletes = config.get("cleanup.policy").is_none_or(|policy| policy.contains("delete"));
        Self {
            max_message_bytes: number("max.message.bytes").map(|bytes| bytes as u64),
            before: millis("message.timestamp.before.max.ms").or(both),
            after: millis("message.timestamp.after.max.ms").or(both),
            retention: millis("retention.ms").filter(|_| deletes),
            stamps: config.get("message.timestamp.type").is_some_and(|kind| kind == "LogAppendTime"),
        }
    }

    /// The largest size of a batch before compression with which it is certain to be accepted.
    pub(super) fn batch_bytes(&self) -> Option<u64> {
        self.max_message_bytes.map(|most| most.saturating_sub(BATCH_OVERHEAD).max(1))
    }

    /// Warns if the topic will reject or soon delete records with the events' own times, from `first` to `last`
    /// (nanoseconds since the Unix epoch; `None` if not known), when they are sent from `now` on.
    pub(super) fn check_times(
        &self,
        topic: &str,
        first: i64,
        last: Option<i64>,
        now: i64,
    ) -> Result<Vec<String>, Error> {
        if self.stamps {
            let why = "`message.timestamp.type=LogAppendTime`";
            return Ok(vec![format!(
                "topic `{topic}` has {why}: its brokers write the time of arrival over the events' own"
            )]);
        }
        let refused = |what: &str, time: i64, property: &str, limit: Duration| {
            Error::failed(format!(
                "topic `{topic}` refuses records that are more than {} {what} the wall time (`{property}`), and \
                 the run's event time reaches to {}",
                shown(limit),
                format_time(time)
            ))
            .help("leave out `--record-time event`, change `--from`, or change the topic")
        };
        let latest = last.unwrap_or(first);
        if let Some(limit) = self.after.filter(|limit| latest.saturating_sub(now) > nanos(*limit)) {
            return Err(refused("ahead of", latest, "message.timestamp.after.max.ms", limit));
        }
        if let Some(limit) = self.before.filter(|limit| now.saturating_sub(first) > nanos(*limit)) {
            return Err(refused("before", first, "message.timestamp.before.max.ms", limit));
        }
        let old = self.retention.filter(|kept| now.saturating_sub(first) > nanos(*kept));
        Ok(old
            .map(|kept| {
                format!(
                    "topic `{topic}` deletes records that are older than {} (`retention.ms`): events before {} will \
                     not stay",
                    shown(kept),
                    format_time(now.saturating_sub(nanos(kept)).div_euclid(SECOND) * SECOND)
                )
            })
            .into_iter()
            .collect())
    }
}

fn shown(duration: Duration) -> String {
    format_duration(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// Waits for an answer, which arrives within its request's own timeout.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        thread::park();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000_000;

    type Case<'a> = (&'a [(&'a str, &'a str)], i64, Option<i64>, &'a str);

    fn limits(config: &[(&str, &str)]) -> Limits {
        Limits::new(&config.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    #[test]
    fn what_would_be_refused_or_deleted_is_said() {
        let none = i64::MAX.to_string();
        // Topic configuration, times of the first and last event in hours from now, expected message.
        let cases: [Case<'_>; 9] = [
            (&[("message.timestamp.after.max.ms", "3600000")], 0, Some(2), "more than 1h ahead of"),
            (&[("message.timestamp.after.max.ms", "3600000")], 0, None, ""),
            (&[("message.timestamp.after.max.ms", "3600000")], 2, None, "more than 1h ahead of"),
            (&[("message.timestamp.before.max.ms", "3600000")], -2, Some(0), "more than 1h before"),
            (&[("message.timestamp.before.max.ms", &none), ("message.timestamp.after.max.ms", &none)], -9, Some(9), ""),
            (&[("message.timestamp.difference.max.ms", "3600000")], -2, Some(0), "more than 1h before"),
            (&[("retention.ms", "3600000"), ("cleanup.policy", "delete")], -2, Some(0), "older than 1h"),
            (&[("retention.ms", "-1")], -2, Some(0), ""),
            (&[("retention.ms", "3600000"), ("cleanup.policy", "compact")], -2, Some(0), ""),
        ];
        for (config, first, last, said) in cases {
            let found = limits(config).check_times("t", first * HOUR, last.map(|last| last * HOUR), 0);
            let text = match found {
                Ok(warnings) => warnings.join("\n"),
                Err(error) => error.render(false),
            };
            assert!(text.contains(said) && said.is_empty() == text.is_empty(), "{config:?}: {text}");
        }
        let stamped = limits(&[("message.timestamp.type", "LogAppendTime"), ("retention.ms", "1")]);
        let said = stamped.check_times("t", -HOUR, None, 0).unwrap();
        assert!(said[0].contains("write the time of arrival"), "{said:?}");
    }
}
