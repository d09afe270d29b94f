//! The options for Kafka, and the sink that they describe.

use super::{Generate, repeat::Words};
use crate::{error::Error, plan::Plan, run::Selection, sink::Sink, units};
use clap::{ArgGroup, Args, ValueEnum};
use std::{
    num::NonZero,
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
};

/// The topic of Confluent's real audit events; synthetic events do not belong there.
const AUDIT_TOPIC: &str = "confluent-audit-log-events";

/// Where records go, and what they look like.
#[derive(Args)]
#[command(next_help_heading = "Kafka", group = ArgGroup::new("brokers").args(["bootstrap_servers", "kafka_config"]).multiple(true))]
pub(super) struct Kafka {
    /// Brokers to emit to, as HOST:PORT with commas between them. More about Kafka: `falsetrail help kafka`.
    #[arg(short, long, value_name = "HOST:PORT", requires = "topic")]
    bootstrap_servers: Option<String>,

    /// The topic to emit to; it has to exist, unless `--create-topic` is given.
    #[arg(short, long, value_name = "TOPIC", requires = "brokers", conflicts_with_all = ["output", "split", "format"])]
    pub(super) topic: Option<String>,

    /// A file with properties of librdkafka, a `name=value` in each line, such as the brokers' names, user and password;
    /// `-` is standard input. In values `${VAR}` is a variable of the environment. `-b` and `-X` win over the file.
    #[arg(id = "kafka_config", long = "kafka-config", value_name = "FILE", requires = "topic")]
    config: Option<PathBuf>,

    /// A property of librdkafka, such as `acks=1`; may be repeated. For passwords use `--kafka-config`: what stands on a
    /// command line, others can read.
    #[arg(short = 'X', value_name = "PROPERTY=VALUE", requires = "topic")]
    properties: Vec<String>,

    /// Create the topic if it is not there, with this number of partitions, and of copies of each. [default for the
    /// copies: the cluster's]
    #[arg(long, value_name = "PARTITIONS[:COPIES]", value_parser = topic_shape, requires = "topic")]
    create_topic: Option<(i32, Option<i32>)>,

    /// Emit into a topic that is called as the one of real audit events.
    #[arg(long, requires = "topic")]
    allow_audit_topic: bool,

    /// The key of records: a key of the catalog (environment, organization, principal, resource), `instance` or
    /// `none`. [default: the catalog's, environment]
    #[arg(long, value_name = "KEY", requires = "topic")]
    pub(super) key: Option<String>,

    /// Which part of an event is the record's value, and which its headers.
    #[arg(long, value_enum, default_value_t = ModeName::Structured, requires = "topic")]
    mode: ModeName,

    /// A header of every record, such as `origin=synthetic`; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = header, requires = "topic")]
    header: Vec<(String, String)>,

    /// The timestamp of records.
    #[arg(long, value_enum, default_value_t = RecordTimeName::Wall, requires = "topic")]
    record_time: RecordTimeName,

    /// How long to look for the topic before giving up. [default: 5s]
    #[arg(long, value_name = "D", value_parser = units::duration, requires = "topic")]
    connect_timeout: Option<u64>,

    /// How long a run that was stopped waits for acknowledgements. [default: 30s]
    #[arg(long, value_name = "D", value_parser = units::duration, requires = "topic")]
    flush_timeout: Option<u64>,

    /// Where to list the events that were not delivered, one a line, if there are any: for `--only`. `-` is standard
    /// output. The place is checked before the first event. [default: a new file `undelivered-TOPIC….ndjson`]
    #[arg(long, value_name = "FILE", requires = "topic")]
    pub(super) undelivered: Option<PathBuf>,

    /// Only the events that a file lists, as `--undelivered` writes it: the same bytes and keys. Needs `--seed` and
    /// `--from`, or a run file; the run's other options stay as they were.
    #[arg(long, value_name = "FILE", help_heading = "Part of a run")]
    pub(super) only: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ModeName {
    /// Value: the whole event; a header says that it is a `CloudEvent` in JSON.
    Structured,
    /// Value: the event's data; its other attributes are headers `ce_…`, as the `CloudEvents` binding for Kafka says.
    Binary,
    /// Value: the whole event; no headers.
    Bare,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RecordTimeName {
    /// When it is sent.
    Wall,
    /// When the event happened; a warning comes first if the broker would refuse or soon delete them.
    Event,
}

impl Kafka {
    /// A connected sink for the topic that was given; `None` if none was.
    pub(super) fn sink(
        &self,
        arguments: &Generate,
        plan: &Plan,
        stop: &Arc<AtomicBool>,
    ) -> Result<Option<Box<dyn Sink>>, Error> {
        let Some(topic) = &self.topic else {
            return Ok(None);
        };
        if topic == AUDIT_TOPIC && !self.allow_audit_topic {
            let message = format!("topic `{topic}` is where real audit events are");
            return Err(Error::usage(message).help("name another topic, or add `--allow-audit-topic`"));
        }
        if self.mode != ModeName::Bare {
            plan.check_cloud_events()?;
        }
        connect::sink(topic, arguments, plan, stop).map(Some)
    }

    /// The number of partitions of a topic that may have to be created.
    pub(super) fn partitions(&self) -> Option<NonZero<u32>> {
        self.create_topic.and_then(|(partitions, _)| NonZero::new(partitions.unsigned_abs()))
    }

    /// The events to select, if not all.
    pub(super) fn only(&self, plan: &Plan) -> Result<Option<Selection>, Error> {
        self.only.as_deref().map(|path| Selection::load(path, plan)).transpose()
    }

    /// Writes the same options again, without secrets. `list`: including where to list undelivered events.
    pub(super) fn repeat(&self, words: &mut Words, list: bool) {
        if let Some(servers) = &self.bootstrap_servers {
            words.option("-b", servers.as_str());
        }
        if let Some(topic) = &self.topic {
            words.option("-t", topic.as_str());
        }
        if let Some(file) = &self.config {
            words.option("--kafka-config", file);
        }
        for property in &self.properties {
            words.option("-X", connect::without_secret(property));
        }
        if let Some((partitions, copies)) = self.create_topic {
            let copies = copies.map(|copies| format!(":{copies}")).unwrap_or_default();
            words.option("--create-topic", format!("{partitions}{copies}"));
        }
        words.flag("--allow-audit-topic", self.allow_audit_topic);
        if let Some(key) = &self.key {
            words.option("--key", key.as_str());
        }
        match self.mode {
            ModeName::Structured => {}
            ModeName::Binary => words.option("--mode", "binary"),
            ModeName::Bare => words.option("--mode", "bare"),
        }
        for (name, value) in &self.header {
            let value = if connect::is_secret_header(name, value) { "…" } else { value };
            words.option("--header", format!("{name}={value}"));
        }
        if self.record_time == RecordTimeName::Event {
            words.option("--record-time", "event");
        }
        if let Some(list) = self.undelivered.as_ref().filter(|_| list) {
            words.option("--undelivered", list);
        }
        for (name, duration) in [("--connect-timeout", self.connect_timeout), ("--flush-timeout", self.flush_timeout)] {
            if let Some(duration) = duration {
                words.option(name, units::format_duration(duration));
            }
        }
    }
}

/// Parses `4` or `4:3`.
fn topic_shape(text: &str) -> Result<(i32, Option<i32>), String> {
    let number = |text: &str| text.trim().parse().ok().filter(|number: &i32| *number > 0);
    let shape = match text.split_once(':') {
        None => number(text).map(|partitions| (partitions, None)),
        Some((partitions, copies)) => number(partitions).zip(number(copies).map(Some)),
    };
    shape.ok_or_else(|| "write the number of partitions, as `4`, or also that of copies, as `4:3`".to_owned())
}

/// Parses `origin=synthetic`.
fn header(text: &str) -> Result<(String, String), String> {
    let split = text.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.to_owned()));
    split.filter(|(name, _)| !name.is_empty()).ok_or_else(|| "write it as `origin=synthetic`".to_owned())
}

#[cfg(not(feature = "kafka"))]
mod connect {
    use super::{Arc, AtomicBool, Error, Generate, Plan, Sink};

    pub(super) fn sink(_: &str, _: &Generate, _: &Plan, _: &Arc<AtomicBool>) -> Result<Box<dyn Sink>, Error> {
        Err(Error::usage("this build of falsetrail cannot emit to Kafka").help("build it with the feature `kafka`"))
    }

    pub(super) fn without_secret(_: &str) -> String {
        "…".to_owned()
    }

    pub(super) fn is_secret_header(_: &str, _: &str) -> bool {
        true
    }
}

#[cfg(feature = "kafka")]
pub(crate) mod connect;
