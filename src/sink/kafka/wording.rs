//! librdkafka's codes and texts in this program's style, without knowledge of the run's options.

use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::types::RDKafkaRespErr;

use super::trouble::Trouble;

/// Why a record was not delivered, as shown in the summary.
pub(super) fn record_failure(code: Code) -> String {
    match code {
        Code::PurgeQueue => "never sent, because the run ended before".to_owned(),
        Code::MessageSizeTooLarge => "larger than the broker, the topic or `message.max.bytes` allows".to_owned(),
        Code::MessageTimedOut => "not delivered within `message.timeout.ms`".to_owned(),
        Code::TopicAuthorizationFailed => "the user needs the ACL WRITE on the topic".to_owned(),
        Code::UnknownTopicOrPartition | Code::UnknownPartition | Code::UnknownTopic => {
            "the topic is not there any more".to_owned()
        }
        code => said(code),
    }
}

/// Why the fate of a record that was sent is unknown, as shown in the summary.
pub(super) fn record_unknown(code: Code) -> String {
    match code {
        Code::PurgeInflight => "the run ended before the broker had answered".to_owned(),
        Code::MessageTimedOut => "not acknowledged within `message.timeout.ms`".to_owned(),
        code => said(code),
    }
}

/// The help line for a combination of properties that librdkafka rejects.
pub(super) fn option_help(reason: &str) -> &'static str {
    if reason.contains("enable.idempotence") {
        "or give up protection from duplicates: `-X enable.idempotence=false`"
    } else if reason.contains("GSSAPI") || reason.contains("SASL mechanism") {
        "set `sasl.mechanisms` to PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    } else if reason.contains("ssl.ca.location") {
        "`ssl.ca.location` is a readable PEM file with the CA's certificate"
    } else {
        ""
    }
}

/// The warning for what librdkafka says about a property.
pub(super) fn warning(line: &str) -> String {
    format!("kafka: {}", plain(after_thread(line)))
}

/// The informative part of a trouble's text.
pub(super) fn words(trouble: &Trouble) -> String {
    if trouble.code == Code::AllBrokersDown {
        return String::new();
    }
    let mut text = after_thread(&trouble.text);
    // `sasl_ssl://host:9093/bootstrap: reason (after 3ms in state CONNECT)`
    if let Some((address, rest)) = text.split_once(": ")
        && address.contains('/')
    {
        text = rest;
    }
    let end = text.find(" (after ").unwrap_or(text.len());
    plain(&text[..end])
}

/// A librdkafka text in this program's style.
pub(super) fn plain(text: &str) -> String {
    let text = text.trim().trim_end_matches('.').replace('"', "`");
    // librdkafka writes `Err-150?` for a code that it does not know.
    if let Some((_, rest)) = text.split_once("Err-")
        && let Some((number, _)) = rest.split_once('?')
        && number.trim_start_matches('-').parse::<u32>().is_ok()
    {
        return text.replace(&format!("Err-{number}?"), &unknown_code(number));
    }
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        // An abbreviation keeps its capitals.
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(chars).collect(),
        _ => text,
    }
}

/// A code in words: `Broker: Topic authorization failed` without its prefix.
pub(super) fn said(code: Code) -> String {
    let number = code as i32;
    match RDKafkaRespErr::try_from(number) {
        // librdkafka calls this an unknown broker error, which sounds as if the broker were not known.
        Ok(RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN) => {
            return "the broker failed with an error that it does not name (code -1): its log says more".to_owned();
        }
        Ok(RDKafkaRespErr::RD_KAFKA_RESP_ERR_END_ALL) | Err(_) => return unknown_code(&number.to_string()),
        Ok(_) => {}
    }
    let text = code.to_string();
    let text = text.split_once(" (").map_or(text.as_str(), |(_, words)| words);
    let text = text.strip_suffix(')').unwrap_or(text);
    let text = text.strip_prefix("Broker: ").unwrap_or(text);
    plain(text.strip_prefix("Local: ").unwrap_or(text))
}

/// A code from a broker that is newer than librdkafka.
fn unknown_code(number: &str) -> String {
    format!("the broker answered with error code {number}, which librdkafka does not know: its log says more")
}

/// A log line without its prefix `[thrd:…]: `.
fn after_thread(line: &str) -> &str {
    match line.split_once("]: ") {
        Some((start, rest)) if start.starts_with("[thrd:") => rest,
        _ => line,
    }
}
