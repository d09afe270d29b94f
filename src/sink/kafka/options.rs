//! librdkafka's configuration: our defaults, overridden by the user's properties, with one clear message for each
//! property that is not accepted.

use std::collections::BTreeMap;
use std::env;
use std::time::Duration;

use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;

use super::names::{canonical, is_registry, is_secret, refused, suggestion};
use super::producer_ffi::{Context, Producer};
use super::reports::Reports;
use super::{KafkaSettings, brokers, wording};
use crate::error::{Error, list_of};

/// Our defaults, where the user sets nothing: name, value, and the reason.
pub const DEFAULTS: [(&str, &str, &str); 9] = [
    ("acks", "all", "an event counts as delivered when all replicas in sync have it"),
    ("client.id", "falsetrail", "how brokers call this client in their logs and quotas"),
    ("compression.type", "lz4", "events pack 5:1, and the broker saves more than it costs here"),
    ("enable.idempotence", "true", "no broker that hangs, dies or restarts duplicates or reorders records"),
    (LINGER, "1000", "a batch leaves when it or the queue is full, or after this time; 25 with `--live`"),
    (COPIED, "512", "longer values are sent from where they lie; not over TLS without compression"),
    (QUEUE, "65536", "64 MiB may wait in memory, 256 MiB with `--live`; a full queue slows the run down"),
    (STICKY, "3", "records without a key go to one partition for this time; 10 with `--live`"),
    (AUTHORITIES, "probe", "the machine's own list of authorities, or what SSL_CERT_FILE and SSL_CERT_DIR name"),
];

/// Different defaults for a live run. Its queue is empty as long as its brokers keep up, a consumer is waiting for its
/// events, and it produces more events while a broker is unavailable.
const PACED: [(&str, &str); 3] = [(LINGER, "25"), (QUEUE, "262144"), (STICKY, "10")];

/// How long a record waits for others to fill its batch. librdkafka's thread does not sleep while a record that has
/// waited this long may not be sent; with idempotence none may while others of its partition are in flight. If this
/// time is longer than records stay in a full queue, the client takes a fifth to a quarter less processor time than
/// with 50 ms.
const LINGER: &str = "linger.ms";

/// The size of the queue. Records that wait longer have left the processor's caches when they are sent: 64 MiB take a
/// tenth less processor time than 256 MiB.
const QUEUE: &str = "queue.buffering.max.kbytes";

/// How long records without a key go to the same partition: about the time in which a batch fills. The partitions then
/// take turns, instead of waiting for one that gets many batches at once.
const STICKY: &str = "sticky.partitioning.linger.ms";

/// Values up to this length are copied into a batch's buffer.
const COPIED: &str = "message.copy.max.bytes";

/// TLS uses the system's CA certificates. The built-in OpenSSL would look for them in its own installation folder,
/// which does not exist.
const AUTHORITIES: &str = "ssl.ca.location";

/// The defaults of a producer that a consumer needs, too.
const KEPT_FOR_READING: [&str; 2] = ["client.id", AUTHORITIES];

/// librdkafka's default for `batch.size`.
const DEFAULT_BATCH_BYTES: u64 = 1_000_000;

/// Properties in their final form.
pub(super) struct Options {
    properties: BTreeMap<String, String>,
    /// The name of the topic, validated.
    pub(crate) topic: String,
    /// How long librdkafka tries to deliver a record; `None` is without limit.
    pub(crate) message_timeout: Option<Duration>,
}

impl Options {
    /// Merges defaults and properties, and checks them as far as possible.
    pub(super) fn new(settings: &KafkaSettings) -> Result<Self, Error> {
        check_topic(&settings.topic)?;
        let mut properties: BTreeMap<String, String> =
            DEFAULTS.iter().map(|&(name, value, _)| (name.to_owned(), value.to_owned())).collect();
        if names_authorities() {
            properties.remove(AUTHORITIES);
        }
        if settings.paced {
            properties.extend(PACED.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        let (lends, lingers) = (properties.remove(COPIED), properties.remove(LINGER));
        let config = settings.config.iter().filter(|(name, _)| !is_registry(name));
        set_all(&mut properties, config)?;
        if !settings.bootstrap_servers.is_empty() {
            properties.insert("bootstrap.servers".to_owned(), settings.bootstrap_servers.clone());
        }
        set_all(&mut properties, &settings.properties)?;
        if let Some(least) = lends.filter(|_| !encrypts_pieces(&properties)) {
            properties.entry(COPIED.to_owned()).or_insert(least);
        }
        let message_timeout = message_timeout(&properties);
        if let Some(time) = lingers {
            properties.entry(LINGER.to_owned()).or_insert(within(time, message_timeout));
        }
        let options = Self { message_timeout, topic: settings.topic.clone(), properties };
        if options.servers().is_empty() && options.get("test.mock.num.brokers").is_empty() {
            return Err(Error::usage("no kafka broker is named")
                .help("name one: `-b localhost:9092`, or `bootstrap.servers` in the file of `--kafka-config`"));
        }
        brokers::check(options.servers()).map_err(|(message, help)| Error::usage(message).help(help))?;
        options.check_tokens()?;
        Ok(options)
    }

    /// The same for a consumer: properties of producers are left out, so that one file of properties serves both.
    pub(super) fn for_reading(settings: &KafkaSettings) -> Result<Self, Error> {
        let mut options = Self::new(settings)?;
        let given = |name: &str| {
            let of = settings.config.iter().chain(&settings.properties);
            of.into_iter().any(|(given, _)| canonical(given) == name)
        };
        for name in DEFAULTS.iter().map(|(name, ..)| *name).filter(|name| !KEPT_FOR_READING.contains(name)) {
            if !given(name) {
                options.properties.remove(name);
            }
        }
        // The look at the topic is a producer's: it must not need the right to write.
        options.properties.insert("enable.idempotence".to_owned(), "false".to_owned());
        Ok(options)
    }

    /// A consumer that commits nothing and belongs to no group, not yet connected.
    pub(super) fn consumer(&self) -> Result<BaseConsumer, Error> {
        let mut config = self.config();
        let defaults = [
            ("group.id", "falsetrail-verify"),
            ("isolation.level", "read_committed"),
            ("auto.offset.reset", "earliest"),
        ];
        for (name, value) in defaults.into_iter().filter(|(name, _)| !self.properties.contains_key(*name)) {
            config.set(name, value);
        }
        config.set("enable.auto.commit", "false").set("enable.auto.offset.store", "false");
        config.remove("enable.idempotence");
        config.set_log_level(RDKafkaLogLevel::Emerg);
        config.create().map_err(|error| self.explain(error))
    }

    /// Checks that a login by tokens uses a source of tokens that is built in.
    fn check_tokens(&self) -> Result<(), Error> {
        let oidc = self.get("sasl.oauthbearer.method").eq_ignore_ascii_case("oidc");
        if oidc && !cfg!(feature = "oidc") {
            return Err(Error::usage("tokens by OIDC need libcurl, which this build has not")
                .help("build one that has it, `cargo install --path . --features oidc`, or log in by SCRAM or PLAIN"));
        }
        let oauth = self.get("sasl.mechanisms").eq_ignore_ascii_case("OAUTHBEARER");
        if oauth && !oidc && self.get("enable.sasl.oauthbearer.unsecure.jwt") != "true" {
            return Err(Error::usage("`sasl.mechanisms=OAUTHBEARER` needs a source of tokens")
                .help("for tokens by OIDC: `-X sasl.oauthbearer.method=oidc`, and a build with the feature `oidc`"));
        }
        Ok(())
    }

    /// A producer with this configuration, not yet connected.
    pub(super) fn producer(&self) -> Result<Producer, Error> {
        let debug = !self.get("debug").is_empty();
        let mut config = self.config();
        config.set_log_level(if debug {
            RDKafkaLogLevel::Debug
        } else {
            // Reasons of disconnections are logged at this level and above.
            RDKafkaLogLevel::Info
        });
        config.create_with_context(Context::new(Reports::new(debug))).map_err(|error| self.explain(error))
    }

    /// An admin client, not yet connected.
    pub(super) fn admin(&self) -> Result<AdminClient<DefaultClientContext>, Error> {
        self.config().create().map_err(|error| self.explain(error))
    }

    /// The same configuration without verification of the host name in the broker's certificate, and without a login,
    /// because the credentials are meant for the right broker only.
    pub(super) fn for_any_host(&self) -> Self {
        let mut properties = self.properties.clone();
        properties.insert("security.protocol".to_owned(), "ssl".to_owned());
        properties.insert("ssl.endpoint.identification.algorithm".to_owned(), "none".to_owned());
        Self { properties, topic: self.topic.clone(), message_timeout: self.message_timeout }
    }

    /// Limits batches to the size that the topic accepts, unless the user has set a size. Returns whether that changes
    /// anything.
    pub(super) fn fit_batches(&mut self, most: u64) -> bool {
        let fits = self.properties.contains_key("batch.size") || most >= DEFAULT_BATCH_BYTES;
        if !fits {
            self.properties.insert("batch.size".to_owned(), most.to_string());
        }
        !fits
    }

    /// The largest record that librdkafka accepts, in bytes before compression.
    pub(super) fn largest_record(&self) -> u64 {
        // librdkafka has already rejected a value that is not a number.
        self.get("message.max.bytes").parse().unwrap_or(1_000_000)
    }

    /// The size of the queue in bytes.
    pub(super) fn queue_bytes(&self) -> usize {
        // librdkafka has already rejected a value that is not a number.
        self.get("queue.buffering.max.kbytes").parse().unwrap_or(usize::MAX).saturating_mul(1024)
    }

    /// Whether batches are compressed.
    pub(super) fn compresses(&self) -> bool {
        self.get("compression.type") != "none"
    }

    fn config(&self) -> ClientConfig {
        self.properties.clone().into_iter().collect()
    }

    /// A property's value; empty if it is not set.
    pub(super) fn get(&self, name: &str) -> &str {
        self.properties.get(name).map_or("", String::as_str)
    }

    /// The bootstrap servers.
    pub(super) fn servers(&self) -> &str {
        self.get("bootstrap.servers")
    }

    /// A note about these options for the summary, if one is needed.
    pub(super) fn notes(&self) -> Option<String> {
        (self.get("acks") == "0")
            .then(|| "with `acks=0` brokers acknowledge nothing: delivered means sent here".to_owned())
    }

    /// The text with all secret values removed.
    pub(super) fn hide(&self, text: &str) -> String {
        self.properties
            .iter()
            .filter(|(name, value)| is_secret(name) && !value.is_empty())
            .fold(text.to_owned(), |text, (_, value)| text.replace(value.as_str(), "***"))
    }

    /// The error for options that librdkafka rejects.
    fn explain(&self, error: KafkaError) -> Error {
        match error {
            KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, _, name, _) => {
                Error::usage(format!("`{name}` is not a kafka property that librdkafka knows")).help(suggestion(&name))
            }
            KafkaError::ClientConfig(_, reason, name, _) => {
                // The reason quotes the value.
                let reason = if is_secret(&name) { "not accepted".to_owned() } else { wording::plain(&reason) };
                let help = wording::option_help(&reason);
                Error::usage(format!("kafka property `{name}`: {reason}")).help(help)
            }
            KafkaError::ClientCreation(reason) => {
                let reason = wording::plain(&self.hide(&reason));
                // A limit of the system is not a mistake in the properties.
                if reason.contains("create thread") || reason.contains("background thread") {
                    return Error::failed(format!("cannot start librdkafka: {reason}"));
                }
                let help = wording::option_help(&reason);
                Error::usage(format!("kafka properties: {reason}")).help(help)
            }
            KafkaError::Nul(_) => Error::usage("a kafka property contains a NUL character"),
            other => Error::failed(format!("cannot start librdkafka: {}", self.hide(&other.to_string()))),
        }
    }
}

/// Whether each buffer of a batch is encrypted separately: with TLS, unless compression packs the batch into one
/// buffer.
fn encrypts_pieces(properties: &BTreeMap<String, String>) -> bool {
    let get = |name| properties.get(name).map(|value| value.to_ascii_lowercase()).unwrap_or_default();
    get("security.protocol").ends_with("ssl") && get("compression.type") == "none"
}

/// Whether environment variables tell OpenSSL which CA certificates to use. librdkafka's own search would ignore them.
fn names_authorities() -> bool {
    ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Checks a topic's name by the broker's rules. librdkafka's own check comes late, or as a panic in its binding.
fn check_topic(topic: &str) -> Result<(), Error> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if (1..=249).contains(&topic.len()) && topic.chars().all(legal) && topic != "." && topic != ".." {
        return Ok(());
    }
    Err(Error::usage(format!("`{topic}` cannot be the name of a topic"))
        .help("a topic has 1 to 249 of the characters a-z A-Z 0-9 . _ -"))
}

/// A warning about properties in a file that have no effect, if there are any.
pub(crate) fn ignored_properties(properties: &[(String, String)]) -> Option<String> {
    let names: Vec<&str> = properties.iter().map(|(name, _)| name.as_str()).filter(|name| is_registry(name)).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    let is_any = !names.is_empty();
    is_any.then(|| format!("{} of `--kafka-config` {verb} ignored: no schema registry is asked", list_of(names)))
}

/// Sets properties; the last value of a name wins.
fn set_all<'g>(
    properties: &mut BTreeMap<String, String>,
    given: impl IntoIterator<Item = &'g (String, String)>,
) -> Result<(), Error> {
    for (name, value) in given {
        if let Some(instead) = refused(name) {
            return Err(Error::usage(format!("kafka property `{name}` cannot be set here")).help(instead));
        }
        properties.insert(canonical(name).to_owned(), value.clone());
    }
    Ok(())
}

fn message_timeout(properties: &BTreeMap<String, String>) -> Option<Duration> {
    // librdkafka rejects a value that is not a number.
    let millis = properties.get("message.timeout.ms").and_then(|value| value.parse().ok()).unwrap_or(300_000);
    (millis > 0).then(|| Duration::from_millis(millis))
}

/// Limits how long a record waits for its batch to the time that it has for delivery.
fn within(time: String, message_timeout: Option<Duration>) -> String {
    match (time.parse::<u128>(), message_timeout) {
        (Ok(millis), Some(all)) => millis.min(all.as_millis() / 2).to_string(),
        _ => time,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A property's value in a run with these properties.
    fn value(name: &str, paced: bool, given: &[(&str, &str)]) -> String {
        let mut settings = KafkaSettings::new("localhost:9092", "audit");
        settings.paced = paced;
        settings.properties = given.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        Options::new(&settings).ok().unwrap().get(name).to_owned()
    }

    #[test]
    fn a_run_by_the_clock_does_not_let_its_events_wait() {
        assert_eq!((value(LINGER, false, &[]), value(LINGER, true, &[])), ("1000".to_owned(), "25".to_owned()));
        assert_eq!(value(LINGER, true, &[("queue.buffering.max.ms", "7")]), "7");
        assert_eq!((value(QUEUE, false, &[]), value(QUEUE, true, &[])), ("65536".to_owned(), "262144".to_owned()));
        assert_eq!(value(QUEUE, true, &[(QUEUE, "7000")]), "7000");
    }

    #[test]
    fn nothing_waits_for_others_until_it_is_too_late() {
        let with = |timeout| value(LINGER, false, &[("message.timeout.ms", timeout)]);
        assert_eq!((with("600"), with("5000"), with("0")), ("300".to_owned(), "1000".to_owned(), "1000".to_owned()));
        assert_eq!(value(LINGER, false, &[("message.timeout.ms", "600"), (LINGER, "500")]), "500");
    }

    #[test]
    fn values_are_copied_where_each_piece_would_be_encrypted_by_itself() {
        let (tls, plain) = (("security.protocol", "SASL_SSL"), ("compression.codec", "none"));
        for given in [&[][..], &[tls], &[plain]] {
            assert_eq!(value(COPIED, false, given), "512", "{given:?}");
        }
        assert_eq!(value(COPIED, false, &[tls, plain]), "");
        assert_eq!(value(COPIED, false, &[tls, plain, (COPIED, "9")]), "9");
    }
}
