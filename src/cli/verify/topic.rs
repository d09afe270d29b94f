//! The options that say which topic to read.

use super::expected::Expected;
use crate::{error::Error, units, verify::Verifier};
use clap::{ArgGroup, Args};
use std::path::PathBuf;

/// Where records come from.
#[derive(Args)]
#[command(next_help_heading = "Kafka", group = ArgGroup::new("brokers").args(["bootstrap_servers", "kafka_config"]).multiple(true))]
pub(super) struct TopicOptions {
    /// Brokers to read from, as HOST:PORT with commas between them.
    #[arg(short, long, value_name = "HOST:PORT", requires = "topic")]
    bootstrap_servers: Option<String>,

    /// The topic to read. Nothing is committed, and no consumer group is joined.
    #[arg(short, long, value_name = "TOPIC", requires = "brokers")]
    topic: Option<String>,

    /// A file with properties of librdkafka, as for `falsetrail generate`.
    #[arg(id = "kafka_config", long = "kafka-config", value_name = "FILE", requires = "topic")]
    config: Option<PathBuf>,

    /// A property of librdkafka, such as `isolation.level=read_uncommitted`; may be repeated.
    #[arg(short = 'X', value_name = "PROPERTY=VALUE", requires = "topic")]
    properties: Vec<String>,

    /// End when nothing has come for this time. Consumers that were killed deliver again after 20 to 75 seconds.
    /// [default: 2m]
    #[arg(long, value_name = "D", value_parser = units::duration, requires = "topic")]
    quiet_for: Option<u64>,

    /// End as soon as every expected event is there: copies that come later are not seen.
    #[arg(long, requires = "topic")]
    until_complete: bool,

    /// Read the topic from its first record. [default: from where it was when the run began, if a summary says so]
    #[arg(long, requires = "topic")]
    from_first: bool,

    /// How long to look for the topic before giving up. [default: 5s]
    #[arg(long, value_name = "D", value_parser = units::duration, requires = "topic")]
    connect_timeout: Option<u64>,
}

impl TopicOptions {
    /// Whether a topic is read.
    pub(super) fn is_given(&self) -> bool {
        self.topic.is_some()
    }

    /// Reads the topic, if one is given.
    #[cfg(feature = "kafka")]
    pub(super) fn read(&self, verifier: &mut Verifier<'_>, expected: &Expected) -> Result<(), Error> {
        use crate::cli::generate::kafka::connect;
        use crate::{
            sink::kafka::{Begin, KafkaSettings},
            verify::TopicReading,
        };
        use std::time::Duration;

        let Some(topic) = &self.topic else { return Ok(()) };
        let mut settings = KafkaSettings::new(self.bootstrap_servers.as_deref().unwrap_or_default(), topic);
        settings.config = connect::config_file(self.config.as_deref())?;
        settings.properties = connect::properties(&self.properties)?;
        if let Some(timeout) = self.connect_timeout {
            settings.connect_timeout = Duration::from_nanos(timeout);
        }
        let mut reading = TopicReading { until_complete: self.until_complete, ..TopicReading::default() };
        if let Some(quiet) = self.quiet_for {
            reading.quiet_for = Duration::from_nanos(quiet);
        }
        let offsets = expected.topic.as_ref().filter(|sent| sent.name == *topic && !sent.offsets_before.is_empty());
        reading.begin = match (offsets, expected.started) {
            _ if self.from_first => Begin::Earliest,
            // The very topic that the run was sent to.
            (Some(sent), Some(started)) => match sent.cluster.clone() {
                Some(cluster) => Begin::Sent { offsets: sent.offsets_before.clone(), cluster, started },
                None => Begin::Offsets(sent.offsets_before.clone()),
            },
            (Some(sent), None) => Begin::Offsets(sent.offsets_before.clone()),
            (None, Some(started)) => Begin::Time(started),
            (None, None) => {
                verifier.warn(
                    "records of an earlier run with the same seed, name and start cannot be told apart from this run's: \
                     verify by the run's `--summary`, which says when it began",
                );
                Begin::Earliest
            }
        };
        verifier.read_topic(&settings, &reading)
    }

    /// Reads the topic, which this build cannot.
    #[cfg(not(feature = "kafka"))]
    pub(crate) fn read(&self, _: &mut Verifier<'_>, _: &Expected) -> Result<(), Error> {
        match self.topic {
            Some(_) => Err(Error::usage("this build of falsetrail cannot read from Kafka")
                .help("build it with the feature `kafka`")),
            None => Ok(()),
        }
    }
}
