//! Names of properties: librdkafka's names, the Java client's names, and likely typing errors.

use crate::error::nearest;

/// Aliases, so that a property set under one name overrides a default set under the other: (alias, name used here).
const ALIASES: [(&str, &str); 9] = [
    ("compression.codec", "compression.type"),
    ("delivery.timeout.ms", "message.timeout.ms"),
    ("max.in.flight", "max.in.flight.requests.per.connection"),
    ("message.send.max.retries", "retries"),
    ("metadata.broker.list", "bootstrap.servers"),
    ("queue.buffering.max.ms", "linger.ms"),
    ("request.required.acks", "acks"),
    ("sasl.mechanism", "sasl.mechanisms"),
    ("sasl.oauthbearer.client.credentials.client.secret", "sasl.oauthbearer.client.secret"),
];

/// Names that are rejected, and what to do instead: those of the Java client, and properties that would make it
/// impossible to count every event.
const REFUSED: [(&str, &str); 26] = [
    ("buffer.memory", "librdkafka's `queue.buffering.max.kbytes` bounds the queue"),
    ("delivery.report.only.error", "leave it out: every acknowledgement is counted"),
    ("interceptor.classes", "leave it out: it names Java classes"),
    ("key.serializer", "leave it out: keys are written as they are"),
    ("max.block.ms", "leave it out: if the queue is full, generation blocks until there is room"),
    ("max.request.size", "librdkafka calls it `message.max.bytes`"),
    ("metric.reporters", "leave it out: it names Java classes"),
    ("partitioner.class", "librdkafka calls it `partitioner`"),
    ("receive.buffer.bytes", "librdkafka calls it `socket.receive.buffer.bytes`"),
    ("sasl.client.callback.handler.class", "leave it out: it names a Java class"),
    ("sasl.jaas.config", "set `sasl.username` and `sasl.password` (and `sasl.mechanisms`)"),
    ("sasl.login.callback.handler.class", "set `sasl.mechanisms` and what librdkafka needs for that mechanism"),
    ("send.buffer.bytes", "librdkafka calls it `socket.send.buffer.bytes`"),
    ("ssl.enabled.protocols", "leave it out: the newest version of TLS that both know is used"),
    ("ssl.keymanager.algorithm", "leave it out: it is about Java's key stores"),
    ("ssl.keystore.certificate.chain", "librdkafka calls it `ssl.certificate.pem`"),
    ("ssl.keystore.key", "librdkafka calls it `ssl.key.pem`"),
    (
        "ssl.keystore.type",
        "leave it out: `ssl.keystore.location` is PKCS#12; for PEM files set \
         `ssl.certificate.location` and `ssl.key.location`",
    ),
    ("ssl.protocol", "leave it out: the newest version of TLS that both know is used"),
    ("ssl.trustmanager.algorithm", "leave it out: it is about Java's key stores"),
    ("ssl.truststore.certificates", "librdkafka calls it `ssl.ca.pem`"),
    ("ssl.truststore.location", "set `ssl.ca.location` to a PEM file with the CA's certificate"),
    ("ssl.truststore.password", "leave it out: the PEM file of `ssl.ca.location` has no password"),
    ("ssl.truststore.type", "leave it out: `ssl.ca.location` takes PEM files"),
    ("transactional.id", "leave it out: records are written idempotently, without transactions"),
    ("value.serializer", "leave it out: events are written as they are"),
];

/// Properties that would make a configuration run code in this process, or a command. Client configuration files are
/// shared like data, so they may say where to connect, but not what to execute.
const EXECUTES: [(&str, &str); 5] = [
    ("plugin.library.paths", "leave it out: librdkafka would load program libraries from these paths"),
    (
        "ssl.engine.id",
        "leave it out: an OpenSSL engine is a program library; set `ssl.certificate.location` and `ssl.key.location`",
    ),
    (
        "ssl.engine.location",
        "leave it out: OpenSSL would load a program library from there; set `ssl.certificate.location` and \
         `ssl.key.location`",
    ),
    ("ssl.providers", "leave it out: an OpenSSL provider is a program library, and the default one is built in"),
    ("ut_handle_ProduceResponse", "leave it out: it is the address of a function in librdkafka's own tests"),
];

/// The most common properties, for suggestions after a typing error.
const COMMON: [&str; 31] = [
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
    "ssl.certificate.location",
    "ssl.endpoint.identification.algorithm",
    "ssl.key.location",
    "ssl.key.password",
    "ssl.keystore.location",
    "ssl.keystore.password",
];

/// The canonical name of a property that may have an alias.
pub(super) fn canonical(name: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name)
}

/// The help line for a property that is rejected; `None` if it may be set.
pub(super) fn refused(name: &str) -> Option<&'static str> {
    if name.starts_with("sasl.kerberos.") {
        // Each of these properties is a part of the command, or the command itself.
        return Some("leave it out: librdkafka would put it into a shell command, `kinit`; Kerberos is not built in");
    }
    let mut known = REFUSED.iter().chain(&EXECUTES);
    let found = known.find(|(refused, _)| *refused == name).map(|(_, instead)| *instead);
    found.or(is_registry(name).then_some("leave it out: no schema registry is asked"))
}

/// Whether a property belongs to a schema registry client or to its serializers: client configuration files contain
/// them next to the broker properties, and ignoring them loses nothing.
pub(super) fn is_registry(name: &str) -> bool {
    const BEGINNINGS: [&str; 5] = ["schema.registry.", "basic.auth.", "bearer.auth.", "avro.", "json.schema."];
    const NAMES: [&str; 9] = [
        "auto.register.schemas",
        "key.subject.name.strategy",
        "latest.cache.size",
        "latest.compatibility.strict",
        "normalize.schemas",
        "specific.avro.reader",
        "use.latest.version",
        "use.schema.id",
        "value.subject.name.strategy",
    ];
    BEGINNINGS.iter().any(|beginning| name.starts_with(beginning)) || NAMES.contains(&name)
}

/// A suggestion for a name that librdkafka does not know.
pub(super) fn suggestion(name: &str) -> String {
    let known = COMMON.into_iter().chain(ALIASES.map(|(alias, _)| alias));
    nearest(name, known).map_or_else(
        || "librdkafka's CONFIGURATION.md lists all properties".to_owned(),
        |known| format!("did you mean `{known}`?"),
    )
}

/// Whether a header's value may be a secret, judging by its name and its form.
pub(crate) fn is_secret_header(name: &str, value: &str) -> bool {
    const NAMES: [&str; 13] = [
        "auth",
        "token",
        "secret",
        "password",
        "passwd",
        "passphrase",
        "apikey",
        "accesskey",
        "privatekey",
        "credential",
        "cookie",
        "signature",
        "jwt",
    ];
    const VALUES: [&str; 4] = ["bearer ", "basic ", "eyj", "-----begin"];
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let value = value.trim_start().to_ascii_lowercase();
    NAMES.iter().any(|part| name.contains(part)) || VALUES.iter().any(|start| value.starts_with(start))
}

/// Whether a property's value is a secret.
pub fn is_secret(name: &str) -> bool {
    let parts = ["password", "passphrase", "secret", "key.pem", "ssl.key", "ssl_key", "jaas", "oauthbearer.config"];
    // The path of a key is not secret, and is helpful in messages.
    !name.ends_with(".location") && parts.iter().any(|part| name.contains(part))
        || ["basic.auth.user.info", "sasl.oauthbearer.token"].contains(&name)
}
