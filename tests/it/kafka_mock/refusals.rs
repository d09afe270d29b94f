//! What is said before the first event: each refusal in time, with the name of
//! what is wrong and what to change.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use falsetrail::machinery::{
    error::Error,
    sink::kafka::{KafkaSettings, KafkaSink},
};
use rdkafka::types::RDKafkaRespErr;

use super::{TOPIC, cluster, settings};

/// Connects, expects to fail, and gives everything that is said.
fn refusal(settings: KafkaSettings) -> (Error, String) {
    let error = KafkaSink::connect(settings).err().expect("a refusal");
    let text = match &error {
        Error::Usage { message, help } | Error::Failed { message, help } => {
            format!("{message}\n{}", help.join("\n"))
        }
        Error::Input(_) => panic!("unexpected: {error:?}"),
    };
    (error, text)
}

#[test]
fn nobody_listens() {
    // A port that was free a moment ago, and that nobody is given twice soon.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let start = Instant::now();
    let (error, text) = refusal(KafkaSettings::new(address.to_string(), TOPIC));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(matches!(error, Error::Failed { .. }));
    assert!(text.starts_with(&format!("nothing listens at `{address}`\n")), "{text}");
}

#[test]
fn nobody_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut settings = KafkaSettings::new(listener.local_addr().unwrap().to_string(), TOPIC);
    settings.connect_timeout = Duration::from_millis(700);
    let start = Instant::now();
    let (_, text) = refusal(settings);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert!(text.starts_with("no answer from `127.0.0.1:"), "{text}");
    assert!(text.contains("within 0.7 s"), "{text}");
}

#[test]
fn no_such_host() {
    let start = Instant::now();
    let (error, text) = refusal(KafkaSettings::new("broker.invalid:9092", TOPIC));
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(matches!(error, Error::Failed { .. }));
    assert!(text.contains("`broker.invalid:9092`"), "{text}");
}

#[test]
fn unknown_topic() {
    let cluster = cluster();
    let unknown = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    cluster.topic_error("nowhere", unknown).unwrap();
    let mut settings = settings(&cluster, &[]);
    settings.topic = "nowhere".to_owned();
    let start = Instant::now();
    let (error, text) = refusal(settings);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(matches!(error, Error::Failed { .. }));
    assert!(text.starts_with("topic `nowhere` does not exist on `127.0.0.1:"), "{text}");
    assert!(text.contains("create it first"), "{text}");
}

#[test]
fn impossible_topic() {
    let cluster = cluster();
    for topic in ["", ".", "a b", &"x".repeat(600)] {
        let mut settings = settings(&cluster, &[]);
        settings.topic = topic.to_owned();
        assert!(matches!(refusal(settings).0, Error::Usage { .. }), "{topic}");
    }
}

#[test]
fn properties_that_are_not_accepted() {
    let cluster = cluster();
    // (name, value, what is said)
    let cases = [
        ("no.such.option", "1", "`no.such.option` is not a kafka property that librdkafka knows"),
        ("lingr.ms", "1", "did you mean `linger.ms`?"),
        ("linger.ms", "soon", "kafka property `linger.ms`: "),
        ("compression.type", "foo", "kafka property `compression.type`: invalid value `foo`"),
        ("acks", "1", "or give up protection from duplicates: `-X enable.idempotence=false`"),
        ("sasl.jaas.config", "…", "set `sasl.username` and `sasl.password`"),
        ("ssl.truststore.location", "x.jks", "set `ssl.ca.location` to a PEM file"),
        ("delivery.report.only.error", "true", "every acknowledgement is counted"),
        ("plugin.library.paths", "monitoring-interceptor", "would load program libraries from these paths"),
        ("ssl.engine.location", "/tmp/engine.so", "would load a program library from there"),
        ("ssl.engine.id", "dynamic", "an OpenSSL engine is a program library"),
        ("ssl.providers", "default,/tmp/provider", "an OpenSSL provider is a program library"),
        ("sasl.kerberos.kinit.cmd", "touch /tmp/here", "into a shell command"),
        ("sasl.kerberos.principal", "$(touch /tmp/here)", "into a shell command"),
        ("ut_handle_ProduceResponse", "x", "the address of a function"),
        ("linger.ms", "400000", "`message.timeout.ms` must be greater than `linger.ms`"),
    ];
    for (name, value, said) in cases {
        let (error, text) = refusal(settings(&cluster, &[(name, value)]));
        assert!(matches!(error, Error::Usage { .. }), "{name}: {error:?}");
        assert!(text.contains(said), "{name}: {text}");
    }
    let nowhere = refusal(KafkaSettings::new("", TOPIC));
    assert!(nowhere.1.starts_with("no kafka broker is named"), "{}", nowhere.1);
}

#[test]
fn secrets_are_not_repeated() {
    let cluster = cluster();
    let secret = "hunter2\u{7}secret";
    for name in ["sasl.password", "ssl.key.pem", "ssl.keystore.password", "ssl.key.password"] {
        let properties = [
            ("security.protocol", "sasl_ssl"),
            ("sasl.mechanisms", "PLAIN"),
            ("sasl.username", "me"),
            ("ssl.keystore.location", "/nonexistent"),
            (name, secret),
        ];
        let (error, _) = refusal(settings(&cluster, &properties));
        assert!(!format!("{error:?}").contains("hunter2"), "{name}: {error:?}");
    }
}
