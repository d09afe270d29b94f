//! The options that say which topic, and how; and the sink that they ask for.

use clap::Args;
use falsetrail::{error::Error, plan::Plan, sink::Sink};

/// Where records go, and what they look like.
#[derive(Args)]
#[command(next_help_heading = "Kafka")]
pub(super) struct Kafka {
    /// Brokers to emit to, as HOST:PORT with commas between them.
    #[arg(short, long, value_name = "HOST:PORT", requires = "topic", conflicts_with_all = ["output", "split", "format"])]
    pub(super) bootstrap_servers: Option<String>,

    /// The topic to emit to; it has to exist.
    #[arg(short, long, value_name = "TOPIC", requires = "bootstrap_servers")]
    pub(super) topic: Option<String>,

    /// A property of librdkafka, such as `acks=1`; may be repeated.
    #[arg(short = 'X', value_name = "PROPERTY=VALUE", requires = "bootstrap_servers")]
    pub(super) properties: Vec<String>,

    /// What records are keyed by: a key of the catalog (environment, organization, principal, resource), `instance` or
    /// `none`. [default: the catalog's, environment]
    #[arg(long, value_name = "KEY", requires = "bootstrap_servers")]
    pub(super) key: Option<String>,
}

impl Kafka {
    /// The topic that was asked for, connected; `None` if none was.
    pub(super) fn sink(&self, _plan: &Plan) -> Result<Option<Box<dyn Sink>>, Error> {
        let (Some(servers), Some(topic)) = (&self.bootstrap_servers, &self.topic) else {
            return Ok(None);
        };
        kafka_sink(servers, topic, &self.properties).map(Some)
    }
}

#[cfg(feature = "kafka")]
fn kafka_sink(servers: &str, topic: &str, properties: &[String]) -> Result<Box<dyn Sink>, Error> {
    use falsetrail::sink::kafka::{KafkaSettings, KafkaSink};
    let mut settings = KafkaSettings::new(servers, topic);
    for property in properties {
        let Some((name, value)) = property.split_once('=') else {
            return Err(Error::usage(format!("`-X {property}` has no `=`")).help("write it as `-X acks=1`"));
        };
        settings.properties.push((name.trim().to_owned(), value.to_owned()));
    }
    Ok(Box::new(KafkaSink::connect(settings)?))
}

#[cfg(not(feature = "kafka"))]
fn kafka_sink(_servers: &str, _topic: &str, _properties: &[String]) -> Result<Box<dyn Sink>, Error> {
    Err(Error::usage("this build of falsetrail cannot emit to Kafka").help("build it with the feature `kafka`"))
}
