//! Translates librdkafka's errors into messages that say what is wrong and what to do.
//!
//! Several of its messages are misleading (for a wrong host name, it blames the CA file), and in one case it gives no
//! reason at all (plaintext to a TLS port). Everything here is a pure function of codes and texts.

use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode as Code;

use super::options::Options;
use super::settings::CreateTopic;
use super::trouble::Trouble;
use super::wording::{plain, said, words};
use crate::error::Error;

/// The trouble that explains the others.
pub(super) fn most_telling(troubles: &[Trouble]) -> Option<&Trouble> {
    troubles.iter().min_by_key(|trouble| match trouble.code {
        Code::Authentication | Code::SSL => 0,
        Code::Resolve => 1,
        Code::BrokerTransportFailure => 2,
        Code::Unknown => 3,
        _ => 4,
    })
}

/// The error for brokers that cannot be reached or that reject the client.
pub(super) fn connection(options: &Options, trouble: &Trouble) -> Error {
    let servers = options.servers();
    let text = &trouble.text;
    match trouble.code {
        Code::Authentication => authentication(options, trouble),
        Code::SSL => tls(options, trouble),
        Code::Resolve => Error::failed(format!("the host name in `{servers}` is not known here"))
            .help("check the spelling of `-b`, and this machine's name server"),
        _ if wants_certificate(text) => Error::failed(format!(
            "`{servers}` refused the TLS connection: it wants another client certificate, or one at all"
        ))
        .help("set `ssl.certificate.location` and `ssl.key.location` to a certificate that its CA has signed"),
        _ if text.contains("SSL connection closed by peer") && text.contains("state SSL_HANDSHAKE") => {
            Error::failed(format!("`{servers}` does not speak TLS")).help(format!(
                "connect to its TLS port, or without TLS: `-X security.protocol={}`",
                if is_sasl(options) { "sasl_plaintext" } else { "plaintext" }
            ))
        }
        Code::BrokerTransportFailure if text.contains("Connection refused") => {
            Error::failed(format!("nothing listens at `{servers}`"))
                .help("start the broker, or name another by `-b host:port`")
        }
        // A TLS port closes the connection after the first plaintext, a SASL port after the first request without a
        // login.
        _ if !speaks_tls(options) && text.contains("APIVERSION_QUERY") => closed(options).help(format!(
            "if it expects TLS: `-X security.protocol={}`",
            if is_sasl(options) { "sasl_ssl" } else { "ssl" }
        )),
        _ if !is_sasl(options) && text.contains("state UP") => closed(options).help(format!(
            "if it expects a user and a password: `-X security.protocol={}`, \
             `sasl.mechanisms`, `sasl.username` and `sasl.password`",
            if speaks_tls(options) { "sasl_ssl" } else { "sasl_plaintext" }
        )),
        _ => match words(trouble) {
            words if words.is_empty() => Error::failed(format!("no connection to `{servers}`")),
            words => Error::failed(format!("no connection to `{servers}`: {words}")),
        },
    }
}

/// Whether the broker closed the TLS connection because the client certificate is missing or not trusted.
fn wants_certificate(text: &str) -> bool {
    ["alert bad certificate", "certificate required", "alert unknown ca", "alert certificate unknown"]
        .iter()
        .any(|alert| text.contains(alert))
}

fn closed(options: &Options) -> Error {
    let servers = options.servers();
    Error::failed(format!("`{servers}` closed the connection without a word"))
}

fn authentication(options: &Options, trouble: &Trouble) -> Error {
    let servers = options.servers();
    let mechanism = options.get("sasl.mechanisms");
    if let Some((_, offered)) = trouble.text.split_once("supported mechanisms:") {
        let offered = offered.split('(').next().unwrap_or_default().trim();
        if offered.is_empty() {
            return Error::failed(format!("`{servers}` asks for no user and password")).help(format!(
                "connect to its SASL port, or without: `-X security.protocol={}`",
                if speaks_tls(options) { "ssl" } else { "plaintext" }
            ));
        }
        return Error::failed(format!("`{servers}` does not offer the SASL mechanism `{mechanism}`"))
            .help(format!("set `-X sasl.mechanisms=…` to one that it offers: {offered}"));
    }
    if let Some((_, why)) = trouble.text.split_once("acquire SASL OAUTHBEARER token: ") {
        let endpoint = options.get("sasl.oauthbearer.token.endpoint.url");
        return Error::failed(format!("no token came from `{endpoint}`: {}", plain(&options.hide(why)))).help(
            "check `sasl.oauthbearer.token.endpoint.url`, `sasl.oauthbearer.client.id` and \
             `sasl.oauthbearer.client.secret`",
        );
    }
    if mechanism.eq_ignore_ascii_case("OAUTHBEARER") {
        return Error::failed(format!("`{servers}` refused the token"))
            .help("check what the token is for: `sasl.oauthbearer.client.id` and `sasl.oauthbearer.scope`")
            .help(format!("the broker said: {}", options.hide(&words(trouble))));
    }
    Error::failed(format!("`{servers}` refused the user name or the password ({mechanism})"))
        .help("check `sasl.username` and `sasl.password`, and that the mechanism is the user's")
        .help(format!("the broker said: {}", options.hide(&words(trouble))))
}

fn tls(options: &Options, trouble: &Trouble) -> Error {
    let servers = options.servers();
    if is_unproven(trouble) {
        return unproven(options, None);
    }
    Error::failed(format!("no TLS connection to `{servers}`: {}", words(trouble))).help(
        "check that the port speaks TLS, and whether it asks for a client certificate \
         (`ssl.certificate.location`, `ssl.key.location`)",
    )
}

/// Whether the broker's certificate was rejected.
pub(super) fn is_unproven(trouble: &Trouble) -> bool {
    let text = &trouble.text;
    text.contains("certificate verify failed") || text.contains("could not be verified")
}

/// The error for a broker's certificate that was rejected: because it is for another host name, because its CA is not
/// trusted, or for an unknown reason. librdkafka has one text for all three, and blames the CA.
pub(super) fn unproven(options: &Options, other_name: Option<bool>) -> Error {
    let servers = options.servers();
    match other_name {
        Some(true) => Error::failed(format!("the certificate of `{servers}` is for another host name"))
            .help("name the broker as its certificate does, in `-b` or `bootstrap.servers`"),
        Some(false) => Error::failed(format!("the certificate of `{servers}` is signed by a CA that is not trusted"))
            .help("name a PEM file with the CA's certificate: `-X ssl.ca.location=ca.pem`"),
        None => Error::failed(format!("the certificate of `{servers}` does not prove that it is that broker"))
            .help("its CA must be trusted: `-X ssl.ca.location=ca.pem`")
            .help("and it must be issued for the host name that stands in `-b`"),
    }
}

/// The error for a timeout without a decisive reason.
pub(super) fn silence(options: &Options, troubles: &[Trouble], waited: Duration) -> Error {
    if let Some(trouble) = most_telling(troubles) {
        return connection(options, trouble);
    }
    Error::failed(format!("no answer from `{}` within {} s", options.servers(), waited.as_secs_f32()))
        .help("check the address, and that no firewall stands between")
        .help("a plaintext port is silent to a TLS client, and the other way round")
}

/// The error for a cluster that answers but reports a problem with the topic.
pub(super) fn topic(options: &Options, code: Code) -> Error {
    let (topic, servers) = (&options.topic, options.servers());
    match code {
        Code::UnknownTopicOrPartition => Error::failed(format!("topic `{topic}` does not exist on `{servers}`"))
            .help("create it first (`--create-topic 4` does), or check the spelling of `-t`"),
        Code::TopicAuthorizationFailed => {
            Error::failed(format!("`{servers}` does not let us see topic `{topic}`")).help(write_permission(options))
        }
        Code::LeaderNotAvailable => {
            Error::failed(format!("topic `{topic}` on `{servers}` has no leader")).help("wait until its brokers are up")
        }
        code => Error::failed(format!("topic `{topic}` on `{servers}` cannot be used: {}", said(code))),
    }
}

/// The error for a topic that could not be created.
pub(super) fn creation(options: &Options, wanted: CreateTopic, code: Code) -> Error {
    let (topic, servers) = (&options.topic, options.servers());
    match code {
        Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed => {
            let message = format!("`{servers}` does not let us create topic `{topic}`");
            Error::failed(message)
                .help(format!("the user{} needs the ACL CREATE on it, or somebody else creates it", user(options)))
        }
        Code::InvalidReplicationFactor => {
            let copies = wanted.replication.map_or_else(String::new, |copies| format!(" with {copies} copies"));
            Error::failed(format!("`{servers}` has too few brokers for topic `{topic}`{copies}"))
                .help(format!("write `--create-topic {}:1` for a single broker", wanted.partitions))
        }
        Code::UnsupportedFeature => Error::failed(format!("`{servers}` does not let clients create topics"))
            .help("create the topic in its own way, and leave out `--create-topic`"),
        code => Error::failed(format!("cannot create topic `{topic}` on `{servers}`: {}", said(code))),
    }
}

/// The error for a cluster that answers but names a broker that cannot be reached from here.
pub(super) fn leader(options: &Options, leader: &str, trouble: &Trouble) -> Error {
    Error::failed(format!(
        "`{}` answers, but calls the topic's broker `{leader}`, which cannot be reached: {}",
        options.servers(),
        words(trouble)
    ))
    .help("set the broker's `advertised.listeners` to an address that is valid from here")
}

/// The error after which librdkafka will send nothing more.
pub(super) fn fatal(options: &Options, code: Code, text: &str) -> Error {
    let error =
        Error::failed(format!("the kafka producer cannot go on: {}: {}", said(code), plain(&options.hide(text))));
    match code {
        Code::ClusterAuthorizationFailed => error.help(write_permission(options)),
        _ => error,
    }
}

fn write_permission(options: &Options) -> String {
    format!("the user{} needs the ACL WRITE on topic `{}`", user(options), options.topic)
}

/// A space and the user's name, if there is one.
fn user(options: &Options) -> String {
    match options.get("sasl.username") {
        "" => String::new(),
        name => format!(" `{name}`"),
    }
}

fn protocol(options: &Options) -> String {
    options.get("security.protocol").to_ascii_lowercase()
}

fn speaks_tls(options: &Options) -> bool {
    protocol(options).contains("ssl")
}

fn is_sasl(options: &Options) -> bool {
    protocol(options).contains("sasl")
}

#[cfg(test)]
mod tests;
