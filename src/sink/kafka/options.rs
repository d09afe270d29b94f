//! What librdkafka is told: our defaults, the user's properties over them, and
//! one clear sentence for each property that it does not accept.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use rdkafka::producer::BaseProducer;
use rdkafka::types::RDKafkaConfRes;

use super::reports::Reports;
use super::{KafkaSettings, diagnosis};
use crate::error::{Error, nearest};

/// What we set where the user does not.
const DEFAULTS: [(&str, &str); 6] = [
    ("acks", "all"),
    ("client.id", "falsetrail"),
    // JSON of one kind packs 5:1, and the broker saves more than it costs.
    ("compression.type", "lz4"),
    // Neither a hanging nor a restarted broker duplicates or reorders records.
    ("enable.idempotence", "true"),
    // A generator cares for throughput; 25 ms fill a batch at any real rate.
    ("linger.ms", "25"),
    ("queue.buffering.max.kbytes", "262144"),
];

/// Second names, so that a property given by one replaces a default given by
/// the other: (second name, name here).
const ALIASES: [(&str, &str); 8] = [
    ("compression.codec", "compression.type"),
    ("delivery.timeout.ms", "message.timeout.ms"),
    ("max.in.flight", "max.in.flight.requests.per.connection"),
    ("message.send.max.retries", "retries"),
    ("metadata.broker.list", "bootstrap.servers"),
    ("queue.buffering.max.ms", "linger.ms"),
    ("request.required.acks", "acks"),
    ("sasl.mechanism", "sasl.mechanisms"),
];

/// Names that are refused, and what to do instead: the Java client's own, and
/// those that would break the promise to count every event.
const REFUSED: [(&str, &str); 16] = [
    ("buffer.memory", "librdkafka's `queue.buffering.max.kbytes` bounds the queue"),
    ("delivery.report.only.error", "leave it out: every acknowledgement is counted"),
    ("key.serializer", "leave it out: keys are written as they are"),
    ("max.block.ms", "leave it out: a full queue is waited for, whatever it takes"),
    ("max.request.size", "librdkafka calls it `message.max.bytes`"),
    ("partitioner.class", "librdkafka calls it `partitioner`"),
    ("sasl.jaas.config", "set `sasl.username` and `sasl.password` (and `sasl.mechanisms`)"),
    ("ssl.keystore.certificate.chain", "librdkafka calls it `ssl.certificate.pem`"),
    ("ssl.keystore.key", "librdkafka calls it `ssl.key.pem`"),
    (
        "ssl.keystore.type",
        "leave it out: `ssl.keystore.location` is PKCS#12; for PEM files set \
         `ssl.certificate.location` and `ssl.key.location`",
    ),
    ("ssl.truststore.certificates", "librdkafka calls it `ssl.ca.pem`"),
    ("ssl.truststore.location", "set `ssl.ca.location` to a PEM file with the CA's certificate"),
    ("ssl.truststore.password", "leave it out: the PEM file of `ssl.ca.location` has no password"),
    ("ssl.truststore.type", "leave it out: `ssl.ca.location` takes PEM files"),
    ("transactional.id", "leave it out: records are written idempotently, without transactions"),
    ("value.serializer", "leave it out: events are written as they are"),
];

/// Properties that people set most, for the suggestion after a typing error.
const COMMON: [&str; 27] = [
    "acks",
    "batch.num.messages",
    "batch.size",
    "bootstrap.servers",
    "client.id",
    "compression.level",
    "compression.type",
    "debug",
    "enable.idempotence",
    "enable.ssl.certificate.verification",
    "linger.ms",
    "max.in.flight",
    "message.max.bytes",
    "message.timeout.ms",
    "partitioner",
    "queue.buffering.max.kbytes",
    "queue.buffering.max.messages",
    "request.timeout.ms",
    "retries",
    "sasl.mechanisms",
    "sasl.password",
    "sasl.username",
    "security.protocol",
    "socket.timeout.ms",
    "ssl.ca.location",
    "ssl.endpoint.identification.algorithm",
    "ssl.key.location",
];

/// Properties in their final form.
pub(super) struct Options {
    properties: BTreeMap<String, String>,
    /// The topic, checked.
    pub topic: String,
    /// How long librdkafka tries to deliver a record; `None` is for ever.
    pub message_timeout: Option<Duration>,
}

impl Options {
    /// Defaults and properties put together, checked as far as we can.
    pub fn new(settings: &KafkaSettings) -> Result<Self, Error> {
        check_topic(&settings.topic)?;
        let mut properties: BTreeMap<String, String> =
            DEFAULTS.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        if !settings.bootstrap_servers.is_empty() {
            properties.insert("bootstrap.servers".to_owned(), settings.bootstrap_servers.clone());
        }
        for (name, value) in &settings.properties {
            if let Some((_, instead)) = REFUSED.iter().find(|(refused, _)| refused == name) {
                return Err(Error::usage(format!("kafka property `{name}` cannot be set here")).help(*instead));
            }
            properties.insert(canonical(name).to_owned(), value.clone());
        }
        let options = Self { message_timeout: message_timeout(&properties), topic: settings.topic.clone(), properties };
        if options.servers().is_empty() && options.get("test.mock.num.brokers").is_empty() {
            return Err(Error::usage("no kafka broker is named").help("name one: `-b localhost:9092`"));
        }
        Ok(options)
    }

    /// A producer that does as it was told, not yet connected.
    pub fn producer(&self) -> Result<BaseProducer<Reports>, Error> {
        let debug = !self.get("debug").is_empty();
        let mut config: ClientConfig = self.properties.clone().into_iter().collect();
        config.set_log_level(if debug {
            RDKafkaLogLevel::Debug
        } else {
            // Down to here come the reasons of disconnections.
            RDKafkaLogLevel::Info
        });
        config.create_with_context(Reports::new(debug)).map_err(|error| self.explain(error))
    }

    /// A property's value; empty if it is not set.
    pub fn get(&self, name: &str) -> &str {
        self.properties.get(name).map_or("", String::as_str)
    }

    /// The brokers to start from.
    pub fn servers(&self) -> &str {
        self.get("bootstrap.servers")
    }

    /// What a reader of the summary must know about these options.
    pub fn notes(&self) -> Option<String> {
        (self.get("acks") == "0")
            .then(|| "with `acks=0` brokers acknowledge nothing: delivered means sent here".to_owned())
    }

    /// The text without the secrets among the values.
    pub fn hide(&self, text: &str) -> String {
        self.properties
            .iter()
            .filter(|(name, value)| is_secret(name) && !value.is_empty())
            .fold(text.to_owned(), |text, (_, value)| text.replace(value.as_str(), "***"))
    }

    /// Why librdkafka did not want these options.
    fn explain(&self, error: KafkaError) -> Error {
        match error {
            KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, _, name, _) => {
                let known = COMMON.into_iter().chain(ALIASES.map(|(alias, _)| alias));
                let help = nearest(&name, known).map_or_else(
                    || "librdkafka's CONFIGURATION.md lists all properties".to_owned(),
                    |known| format!("did you mean `{known}`?"),
                );
                Error::usage(format!("`{name}` is not a kafka property that librdkafka knows")).help(help)
            }
            KafkaError::ClientConfig(_, reason, name, _) => {
                // The reason quotes the value.
                let reason = if is_secret(&name) { "not accepted".to_owned() } else { diagnosis::plain(&reason) };
                Error::usage(format!("kafka property `{name}`: {reason}"))
            }
            KafkaError::ClientCreation(reason) => {
                let reason = diagnosis::plain(&self.hide(&reason));
                let help = diagnosis::option_help(&reason);
                Error::usage(format!("kafka properties: {reason}")).help(help)
            }
            KafkaError::Nul(_) => Error::usage("a kafka property contains a NUL character"),
            other => Error::failed(format!("cannot start librdkafka: {}", self.hide(&other.to_string()))),
        }
    }
}

/// A topic's name by the broker's rules. librdkafka's own check comes late, or
/// as a panic in its binding.
fn check_topic(topic: &str) -> Result<(), Error> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if (1..=249).contains(&topic.len()) && topic.chars().all(legal) && topic != "." && topic != ".." {
        return Ok(());
    }
    Err(Error::usage(format!("`{topic}` cannot be the name of a topic"))
        .help("a topic has 1 to 249 of the characters a-z A-Z 0-9 . _ -"))
}

fn canonical(name: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name)
}

fn message_timeout(properties: &BTreeMap<String, String>) -> Option<Duration> {
    // What is no number, librdkafka refuses.
    let millis = properties.get("message.timeout.ms").and_then(|value| value.parse().ok()).unwrap_or(300_000);
    (millis > 0).then(|| Duration::from_millis(millis))
}

fn is_secret(name: &str) -> bool {
    ["password", "passphrase", "secret", "pem", "ssl_key", "oauthbearer.config"].iter().any(|part| name.contains(part))
}
