//! Connects the Kafka sink that the options describe.

use super::{Generate, ModeName, RecordTimeName};
use crate::{
    cli::report,
    error::{Error, shown},
    plan::Plan,
    sink::{
        Sink,
        kafka::{
            CreateTopic, KafkaSettings, KafkaSink, Mode, RecordTime, UndeliveredFile, ignored_properties, is_secret,
            read_properties,
        },
        reason,
    },
};
use std::{
    env,
    fs::File,
    io,
    io::Read as _,
    path::{Path, PathBuf},
    process,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

/// Connects the sink; prints warnings at once.
pub(super) fn sink(
    topic: &str,
    arguments: &Generate,
    plan: &Plan,
    stop: &Arc<AtomicBool>,
) -> Result<Box<dyn Sink>, Error> {
    let kafka = &arguments.kafka;
    let mut settings = KafkaSettings::new(kafka.bootstrap_servers.as_deref().unwrap_or_default(), topic);
    settings.config = config(arguments)?;
    if let Some(warning) = ignored_properties(&settings.config) {
        report(&format!("warning: {warning}\n"));
    }
    settings.properties = properties(&kafka.properties)?;
    settings.create_topic = kafka.create_topic.map(|(partitions, replication)| CreateTopic { partitions, replication });
    settings.mode = match kafka.mode {
        ModeName::Structured => Mode::Structured,
        ModeName::Binary => Mode::Binary,
        ModeName::Bare => Mode::Bare,
    };
    settings.headers.clone_from(&kafka.header);
    settings.record_time = match kafka.record_time {
        RecordTimeName::Wall => RecordTime::Wall,
        RecordTimeName::Event => RecordTime::Event,
    };
    settings.paced = arguments.pace.is_live();
    // A live run sends each event at its own time, so its end is not checked against the current time.
    settings.event_time = (plan.timing.from, plan.timing.to.filter(|_| !arguments.pace.is_live()));
    let path = kafka.undelivered.clone().unwrap_or_else(|| free_name(topic));
    settings.undelivered = Some(UndeliveredFile { path, overwrite: arguments.overwrite() });
    settings.note_offsets = arguments.watch.summary.is_some();
    settings.stop = Arc::clone(stop);
    if let Some(timeout) = kafka.connect_timeout {
        settings.connect_timeout = Duration::from_nanos(timeout);
    }
    if let Some(timeout) = kafka.flush_timeout {
        settings.flush_timeout = Duration::from_nanos(timeout);
    }
    let sink = KafkaSink::connect(settings)?;
    for warning in sink.warnings() {
        report(&format!("warning: {warning}\n"));
    }
    Ok(Box::new(sink))
}

pub(super) use crate::sink::kafka::is_secret_header;

/// A property in a form that may be shown: without its value, if that may be a secret.
pub(super) fn without_secret(property: &str) -> String {
    match property.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}=…"),
        _ => property.to_owned(),
    }
}

/// Reads the properties of `--kafka-config`.
fn config(arguments: &Generate) -> Result<Vec<(String, String)>, Error> {
    let path = arguments.kafka.config.as_deref();
    if path == Some(Path::new("-")) && arguments.scenarios.iter().any(|scenario| scenario == "-") {
        return Err(Error::usage("standard input cannot be both a scenario and the file of `--kafka-config`"));
    }
    config_file(path)
}

/// The properties of a file; `-` is standard input.
pub(crate) fn config_file(path: Option<&Path>) -> Result<Vec<(String, String)>, Error> {
    let Some(path) = path else {
        return Ok(Vec::new());
    };
    let (name, text) = if path == Path::new("-") {
        ("standard input".to_owned(), read_text(io::stdin().lock()))
    } else {
        (shown(path), File::open(path).and_then(read_text))
    };
    let text = text.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => Error::usage(format!("`{name}` is not UTF-8 text")),
        _ => Error::usage(format!("cannot read `{name}`: {}", reason(&error))),
    })?;
    if text.len() as u64 > LARGEST_CONFIG {
        let error = Error::usage(format!("`{name}` is larger than 1 MiB"));
        return Err(error.help("is it the file of properties that you meant?"));
    }
    read_properties(&name, &text, |variable| env::var(variable).ok())
}

/// The most bytes of a properties file, including embedded certificates.
const LARGEST_CONFIG: u64 = 1 << 20;

/// Reads a text. Of one that is too large, it returns one byte more than allowed, so that the caller notices.
fn read_text(from: impl io::Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    from.take(LARGEST_CONFIG + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_CONFIG {
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// The properties given with `-X`.
pub(crate) fn properties(given: &[String]) -> Result<Vec<(String, String)>, Error> {
    let mut properties = Vec::new();
    for property in given {
        let Some((name, value)) = property.split_once('=') else {
            // The text after the name may be a password.
            let end = property.find(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c));
            let name = &property[..end.unwrap_or(property.len())];
            return Err(Error::usage(format!("`-X {name}` has no `=`")).help("write it as `-X acks=1`"));
        };
        let name = name.trim();
        if is_secret(name) && !value.is_empty() {
            report(&format!(
                "warning: others on this machine can read `-X {name}=…` in its list of processes\n  \
                 = help: write `{name}=${{PASSWORD}}` into a file, and name that by `--kafka-config FILE`\n"
            ));
        }
        properties.push((name.to_owned(), value.to_owned()));
    }
    Ok(properties)
}

/// The most characters of a topic in a file name: the rest of the name and `.part` must fit into 255 bytes as well.
const TOPIC_IN_NAME: usize = 200;

/// An unused file name for the list of undelivered events. The topic's name is not validated yet.
fn free_name(topic: &str) -> PathBuf {
    let process = process::id();
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let topic: String = topic.chars().take(TOPIC_IN_NAME).map(safe).collect();
    let mut path = PathBuf::from(format!("undelivered-{topic}-{process}.ndjson"));
    let mut turn = 1;
    while path.exists() {
        turn += 1;
        path = PathBuf::from(format!("undelivered-{topic}-{process}-{turn}.ndjson"));
    }
    path
}
