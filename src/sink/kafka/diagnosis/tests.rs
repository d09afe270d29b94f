//! Errors as librdkafka reports them, and the messages that they lead to.

use std::time::Instant;

use super::*;
use crate::sink::kafka::{KafkaSettings, wording::record_failure};

/// (security.protocol, code, text that librdkafka reported with a broker 4.1, a part of our message)
const CASES: [(&str, Code, &str, &str); 14] = [
    (
        "sasl_plaintext",
        Code::Authentication,
        "Failed to acquire SASL OAUTHBEARER token: Failed to connect to 127.0.0.1:1 after 0 ms: Could not connect to \
         server",
        "no token came from ``: failed to connect to 127.0.0.1:1",
    ),
    (
        "ssl",
        Code::Unknown,
        "[thrd:ssl://h:1/bootstrap]: ssl://h:1/bootstrap: Disconnected: SSL connection closed by \
         peer (after 0ms in state UP)",
        "if it expects a user and a password: `-X security.protocol=sasl_ssl`",
    ),
    (
        "ssl",
        Code::BrokerTransportFailure,
        "ssl://h:1/bootstrap: Receive failed: ssl/record/rec_layer_s3.c:918:ssl3_read_bytes \
         error:0A000412:SSL routines::ssl/tls alert bad certificate: SSL alert number 42 (after 1ms in state \
         APIVERSION_QUERY)",
        "it wants another client certificate, or one at all",
    ),
    (
        "sasl_plaintext",
        Code::Authentication,
        "sasl_plaintext://h:1/bootstrap: SASL SCRAM-SHA-512 mechanism handshake failed: Broker: Request not \
         valid in current SASL state: broker's supported mechanisms:  (after 0ms in state AUTH_HANDSHAKE)",
        "connect to its SASL port, or without: `-X security.protocol=plaintext`",
    ),
    (
        "sasl_plaintext",
        Code::Authentication,
        "sasl_plaintext://h:1/bootstrap: SASL authentication error: Authentication failed: \
         Invalid username or password (after 312ms in state AUTH_REQ)",
        "refused the user name or the password (PLAIN)",
    ),
    (
        "sasl_plaintext",
        Code::Authentication,
        "sasl_plaintext://h:1/bootstrap: SASL PLAIN mechanism handshake failed: Broker: \
         Unsupported SASL mechanism: broker's supported mechanisms: SCRAM-SHA-512,PLAIN \
         (after 1ms in state AUTH_HANDSHAKE)",
        "to one that it offers: SCRAM-SHA-512,PLAIN",
    ),
    (
        "ssl",
        Code::SSL,
        "ssl://h:1/bootstrap: SSL handshake failed: error:0A000086:SSL routines::certificate \
         verify failed: broker certificate could not be verified (after 3ms in state \
         SSL_HANDSHAKE)",
        "does not prove that it is that broker",
    ),
    (
        "ssl",
        Code::BrokerTransportFailure,
        "ssl://h:1/bootstrap: SSL handshake failed: Disconnected: SSL connection closed by \
         peer: connecting to a PLAINTEXT broker listener? (after 1ms in state SSL_HANDSHAKE)",
        "`-X security.protocol=plaintext`",
    ),
    (
        "sasl_ssl",
        Code::Unknown,
        "[thrd:sasl_ssl://h:1/bootstrap]: sasl_ssl://h:1/bootstrap: Disconnected: SSL \
         connection closed by peer (after 2ms in state SSL_HANDSHAKE)",
        "`-X security.protocol=sasl_plaintext`",
    ),
    (
        "",
        Code::Unknown,
        "[thrd:h:1/bootstrap]: h:1/bootstrap: Disconnected: connection closed by peer: \
         receive 0 after POLLIN (after 0ms in state APIVERSION_QUERY)",
        "if it expects TLS: `-X security.protocol=ssl`",
    ),
    (
        "",
        Code::Unknown,
        "[thrd:h:1/bootstrap]: h:1/bootstrap: Disconnected: connection closed by peer: \
         receive 0 after POLLIN (after 0ms in state UP)",
        "`-X security.protocol=sasl_plaintext`",
    ),
    (
        "",
        Code::BrokerTransportFailure,
        "h:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in \
         state CONNECT)",
        "nothing listens at `h:1`",
    ),
    (
        "",
        Code::Resolve,
        "h:1/bootstrap: Failed to resolve 'h:1': Name or service not known (after 5ms in \
         state CONNECT)",
        "the host name in `h:1` is not known here",
    ),
    ("", Code::AllBrokersDown, "1/1 brokers are down", "no connection to `h:1`"),
];

#[test]
fn each_trouble_has_its_sentence() {
    for (protocol, code, text, expected) in CASES {
        let mut settings = KafkaSettings::new("h:1", "audit");
        let mut set = |name: &str, value: &str| {
            settings.properties.push((name.to_owned(), value.to_owned()));
        };
        set("security.protocol", protocol);
        set("sasl.mechanism", "PLAIN");
        let options = Options::new(&settings).unwrap();
        let trouble = Trouble { code, text: text.to_owned(), since: Instant::now() };
        let said = connection(&options, &trouble).render(false);
        assert!(said.contains(expected), "{text}\n{said}");
        assert!(!said.contains("(after "), "{said}");
    }
}

#[test]
fn librdkafka_speaks_in_our_style() {
    assert_eq!(plain("No such \"x\"."), "no such `x`");
    assert_eq!(plain("SSL handshake failed"), "SSL handshake failed");
    assert_eq!(said(Code::InvalidTopic), "invalid topic");
}

/// A broker may report an error without a reason, or one that is newer than librdkafka.
#[test]
fn unknown_codes_are_told_as_such() {
    let options = Options::new(&KafkaSettings::new("h:1", "audit")).unwrap();
    let text = topic(&options, Code::Unknown).render(false);
    assert!(text.contains("cannot be used: the broker failed with an error that it does not name (code -1)"), "{text}");
    assert!(record_failure(Code::EndAll).contains("which librdkafka does not know"));
    let text = plain("Metadata request failed: Err-150?");
    assert_eq!(
        text,
        "Metadata request failed: the broker answered with error code 150, which librdkafka does not know: its log says more"
    );
}
