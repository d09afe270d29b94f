//! Every event ends as acknowledged, failed or unknown, and what was not acknowledged is sent by the command that the
//! summary prints: nothing is lost, and nothing comes twice but what nobody knew of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use falsetrail::machinery::{
    error::Error,
    run_file::{End, RunFile, Status},
    sink::{
        Ending, Flow, Overwrite, Sink,
        kafka::{KafkaSink, UndeliveredFile},
    },
};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use serde_json::Value;
use tempfile::tempdir;

use super::{Cluster, TOPIC, assert_adds_up, chunk, cluster, see, settings};
use crate::command_run::{Run, command, line, run, shell};

const STORY: [&str; 5] = ["generate", "busy-day", "--seed=7", "--from=2026-01-05T08:00:00Z", "--every=200ms"];

/// Runs the story with these options into the cluster's topic.
fn emit(folder: &Path, cluster: &Cluster, options: &[&str]) -> Run {
    let servers = cluster.bootstrap_servers();
    run(folder, STORY.iter().chain(options).copied().chain(["-b", &servers, "-t", TOPIC]))
}

/// A summary's counts: generated, acknowledged, failed, unknown.
fn counts(stderr: &str) -> [u64; 4] {
    let number = |text: &str| text.split(' ').next().unwrap().replace(',', "").parse().unwrap();
    let of = |part: &str| stderr.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("{stderr}"));
    let topic = of("topic audit: ").strip_prefix("topic audit: ").unwrap();
    let mut parts = topic.split(", ").map(number);
    let mut next = || parts.next().unwrap();
    let counts = [number(of(" events of ")), next(), next(), next()];
    assert_eq!(counts[0], counts[1] + counts[2] + counts[3], "the counts add up: {stderr}");
    counts
}

/// How often the topic has each id.
fn ids(cluster: &Cluster, most: usize) -> BTreeMap<String, u64> {
    let mut ids = BTreeMap::new();
    for seen in see(cluster, most) {
        let event: Value = serde_json::from_slice(&seen.value.unwrap()).unwrap();
        *ids.entry(event["id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    ids
}

/// The ids of the whole run.
fn whole(folder: &Path, events: &str) -> BTreeSet<String> {
    let found = run(folder, STORY.iter().copied().chain(["-q", "-n", events])).quiet();
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
    found.text().lines().map(id).collect()
}

/// The lines of a list, checked for what each has.
fn listed(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for event in &events {
        assert!(event["event"].is_u64() && event["id"].is_string() && event["error"].is_string(), "{event}");
        assert!(["failed", "unknown"].contains(&event["delivery"].as_str().unwrap()), "{event}");
    }
    events
}

/// The command of the summary that sends what was not delivered, as the arguments of a line.
fn these_again(stderr: &str) -> String {
    let found = stderr.lines().find_map(|line| line.strip_prefix("only these again: falsetrail "));
    found.unwrap_or_else(|| panic!("no command in {stderr}")).to_owned()
}

#[test]
fn what_failed_is_listed_and_sent_again() {
    let (cluster, folder) = (cluster(), tempdir().unwrap());
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    cluster.request_errors(RDKafkaApiKey::Produce, &[refused; 3]);
    let small = ["-n", "2000", "-X", "batch.num.messages=100", "-X", "enable.idempotence=false"];
    let found = emit(folder.path(), &cluster, &small);
    assert_eq!(found.code, 1, "{}", found.stderr);
    let [generated, acknowledged, failed, unknown] = counts(&found.stderr);
    assert!(generated == 2000 && failed > 0 && unknown == 0 && acknowledged > 0, "{}", found.stderr);
    assert!(found.stderr.contains(&format!("{failed} of 2,000 events were not delivered")), "{}", found.stderr);

    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(names.len(), 1, "{names:?}");
    let name = names[0].file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("undelivered-audit-") && found.stderr.contains(&format!("listed in {name}\n")), "{name}");
    let events = listed(&names[0]);
    assert_eq!(events.len() as u64, failed);
    for event in &events {
        assert!((0..3).contains(&event["partition"].as_u64().unwrap()), "{event}");
        assert!(event["error"].as_str().unwrap().starts_with("larger than the broker"), "{event}");
    }

    let again = line(folder.path(), &these_again(&found.stderr)).fine();
    assert_eq!(counts(&again.stderr), [failed, failed, 0, 0]);
    assert!(again.again().contains(&format!(" --only {name} ")), "{}", again.stderr);
    let in_topic = ids(&cluster, 2000);
    assert_eq!(in_topic.keys().cloned().collect::<BTreeSet<_>>(), whole(folder.path(), "2000"));
    assert!(in_topic.values().all(|count| *count == 1));
}

/// The summary says where the topic ended before the run and which events it lacks. A run file is sent again like any
/// other run, and so is the run in a summary.
#[test]
fn a_summary_knows_what_a_topic_lacks() {
    for name in ["r.json", "s.json"] {
        let (cluster, folder) = (cluster(), tempdir().unwrap());
        emit(folder.path(), &cluster, &["-n", "20", "-q"]).quiet();
        let described = ["-n", "2000", "-q", "--write-run", "r.json", "--summary", "s.json", "-o", "all.ndjson"];
        run(folder.path(), STORY.iter().chain(&described)).quiet();
        cluster.request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE; 3]);
        let servers = cluster.bootstrap_servers();
        let small = ["-X", "batch.num.messages=100", "-X", "enable.idempotence=false", "--summary", "sent.json"];
        let words = ["generate", "--run", name, "-b", &servers, "-t", TOPIC];
        let found = run(folder.path(), words.iter().chain(&small));
        assert_eq!(found.code, 1, "{}", found.stderr);
        let [generated, acknowledged, failed, unknown] = counts(&found.stderr);
        assert!(failed > 0 && unknown == 0, "{}", found.stderr);

        let sent = RunFile::read(folder.path().join("sent.json")).unwrap().emitted.unwrap();
        assert_eq!((sent.status, sent.end(), sent.delivered), (Status::Failed, End::At(generated), acknowledged));
        let path = found.stderr.lines().find_map(|line| line.strip_prefix("not delivered: listed in ")).unwrap();
        let lost = listed(&folder.path().join(path)).into_iter().map(|event| event["event"].as_u64().unwrap());
        assert_eq!((sent.failed, sent.unknown.count(), sent.unlisted), (lost.collect(), 0, 0));
        let topic = sent.topic.unwrap();
        assert_eq!((topic.name.as_str(), topic.offsets_before.len()), (TOPIC, 3));
        assert_eq!(topic.offsets_before.values().sum::<i64>(), 20);

        let again = line(folder.path(), &these_again(&found.stderr)).fine();
        assert!(again.again().starts_with(&format!("falsetrail generate --run {name} --only ")), "{}", again.stderr);
        assert_eq!(counts(&again.stderr), [failed, failed, 0, 0]);
        // The first events were there before.
        let in_topic = ids(&cluster, 2020);
        assert_eq!(in_topic.keys().cloned().collect::<BTreeSet<_>>(), whole(folder.path(), "2000"));
        assert_eq!(in_topic.values().sum::<u64>(), 2020);
    }
}

#[test]
fn a_list_replaces_another_only_with_force_and_goes_when_it_is_empty() {
    let (cluster, folder) = (cluster(), tempdir().unwrap());
    let path = folder.path().join("list");
    fs::write(&path, "").unwrap();
    let found = emit(folder.path(), &cluster, &["-n", "5", "--undelivered", "list"]);
    assert!(found.code == 1 && found.stderr.contains("`list` exists"), "{}", found.stderr);
    let found = emit(folder.path(), &cluster, &["-n", "5", "--undelivered", "no/list"]);
    assert!(found.code == 1 && found.stderr.contains("`mkdir -p no`"), "{}", found.stderr);
    emit(folder.path(), &cluster, &["-n", "5", "--undelivered", "list", "--force"]).fine();
    assert!(!path.exists(), "nothing is undelivered any more");
    let found = emit(folder.path(), &cluster, &["-n", "5", "--undelivered", "list"]).fine();
    assert!(!path.exists() && !found.stderr.contains("list"), "{}", found.stderr);
}

#[test]
fn a_full_disk_loses_the_list_but_no_count() {
    let (cluster, folder) = (cluster(), tempdir().unwrap());
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    cluster.request_errors(RDKafkaApiKey::Produce, &[refused; 3]);
    let options = ["-n", "500", "-X", "enable.idempotence=false", "--undelivered", "/dev/full", "--force"];
    let found = emit(folder.path(), &cluster, &options);
    assert_eq!(found.code, 1, "{}", found.stderr);
    assert!(counts(&found.stderr)[2] > 0, "{}", found.stderr);
    let said = "the list of what was not delivered, `/dev/full`, is not whole: no space left on device";
    assert!(found.stderr.contains(said) && !found.stderr.contains("only these again"), "{}", found.stderr);
}

/// A list is needed when it is too late to name another place.
#[test]
fn the_place_of_the_list_is_checked_before_the_first_event() {
    let (cluster, folder) = (cluster(), tempdir().unwrap());
    fs::write(folder.path().join("file"), "").unwrap();
    let long = "n".repeat(252);
    for (place, said) in [
        ("no/list", "the directory `no` does not exist"),
        ("file/list", "not a directory"),
        ("/proc/list", "cannot create `/proc/list.part`"),
        (long.as_str(), "file name too long"),
        (".", "is a directory"),
    ] {
        let found = emit(folder.path(), &cluster, &["-n", "5", "--undelivered", place]);
        assert!(found.code == 1 && found.stderr.contains(said), "{place}: {}", found.stderr);
        assert!(found.stderr.contains("by `--undelivered FILE`, or `-` for standard output"), "{}", found.stderr);
    }
    assert!(ids(&cluster, 1).is_empty(), "nothing was sent");
    emit(folder.path(), &cluster, &["-n", "5", "--undelivered", "list"]).fine();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no list without an event");
}

/// A topic is refused as a topic, and one with the longest of names has a list with a shorter one.
#[test]
fn the_default_name_of_the_list_is_one_whatever_the_topic_is_called() {
    let (cluster, folder) = (cluster(), tempdir().unwrap());
    let into = |topic: &str| {
        let servers = cluster.bootstrap_servers();
        let options = ["-n", "5", "-X", "enable.idempotence=false", "-b", &servers, "-t", topic];
        run(folder.path(), STORY.into_iter().chain(options))
    };
    let found = into("a/b");
    assert!(found.stderr.contains("topic") && !found.stderr.contains("directory"), "{}", found.stderr);
    let long = "t".repeat(249);
    cluster.create_topic(&long, 1, 1).unwrap();
    into(&long).fine();
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    cluster.request_errors(RDKafkaApiKey::Produce, &[refused; 3]);
    let found = into(&long);
    assert!(found.code == 1 && found.stderr.contains("not delivered: listed in undelivered-ttt"), "{}", found.stderr);
}

#[test]
fn a_list_goes_to_a_device_or_to_standard_output() {
    let folder = tempdir().unwrap();
    for (place, said) in [("-", "standard output"), ("/dev/stdout", "standard output"), ("/dev/fd/2", "`/dev/fd/2`")] {
        let cluster = cluster();
        let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
        cluster.request_errors(RDKafkaApiKey::Produce, &[refused; 3]);
        let options = ["-n", "200", "-X", "enable.idempotence=false", "--undelivered", place];
        let found = emit(folder.path(), &cluster, &options);
        assert_eq!(found.code, 1, "{}", found.stderr);
        let shown = if place == "/dev/fd/2" { found.stderr.as_str() } else { found.text() };
        let listed = shown.lines().filter(|line| line.starts_with("{\"event\":")).count();
        assert_eq!(listed as u64, counts(&found.stderr)[2], "{place}: {}", found.stderr);
        assert!(found.stderr.contains(&format!("are listed in {said}\n")), "{}", found.stderr);
        assert!(!found.stderr.contains("only these again"), "a list that is no file cannot be read again");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

/// The list of a run that sends the events of a list again replaces it when it is whole, and not before.
#[test]
fn a_list_that_is_replaced_is_there_until_the_new_one_is() {
    let (cluster, folder) = (cluster(), tempdir().unwrap());
    let path = folder.path().join("list");
    fs::write(&path, "old\n").unwrap();
    let mut settings = settings(&cluster, &[("enable.idempotence", "false")]);
    settings.undelivered = Some(UndeliveredFile { path: path.clone(), overwrite: Overwrite::Replace });
    let mut sink = KafkaSink::connect(settings).unwrap();
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    cluster.request_errors(RDKafkaApiKey::Produce, &[refused; 20]);
    let _ = sink.take(&chunk(0, 100)).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "old\n");
    let delivered = Box::new(sink).finish(Ending::Complete).unwrap();
    assert_eq!(listed(&path).len() as u64, delivered.failed);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_outage_does_not_hold_a_run_that_is_to_end() {
    let (cluster, folder) = (cluster(), tempdir().unwrap());
    let path = folder.path().join("list");
    let mut settings = settings(&cluster, &[("queue.buffering.max.messages", "10")]);
    settings.undelivered = Some(UndeliveredFile { path: path.clone(), overwrite: Overwrite::Refuse });
    settings.flush_timeout = Duration::from_millis(100);
    let stop = settings.stop.clone();
    let mut sink = KafkaSink::connect(settings).unwrap();
    cluster.broker_down(-1).unwrap();
    let waiting = thread::spawn(move || {
        let flow = sink.take(&chunk(0, 100)).unwrap();
        (sink, flow)
    });
    thread::sleep(Duration::from_millis(200));
    assert!(!waiting.is_finished(), "nothing was waited for");
    let begun = Instant::now();
    stop.store(true, Ordering::Relaxed);
    let (sink, flow) = waiting.join().unwrap();
    assert_eq!(flow, Flow::Open);
    let delivered = Box::new(sink).finish(Ending::Stopped).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_adds_up(&delivered, 100);
    assert_eq!((delivered.events, delivered.undelivered.as_deref()), (0, Some(path.as_path())));
    let numbers: BTreeSet<u64> = listed(&path).iter().map(|event| event["event"].as_u64().unwrap()).collect();
    assert!(numbers.into_iter().eq(0..100), "each of them is listed");
}

#[test]
fn a_fatal_error_lists_what_was_not_sent() {
    let (cluster, folder) = (cluster(), tempdir().unwrap());
    let denied = RDKafkaRespErr::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
    cluster.request_errors(RDKafkaApiKey::InitProducerId, &[denied; 9]);
    let path = folder.path().join("list");
    let mut settings = settings(&cluster, &[("queue.buffering.max.messages", "10")]);
    settings.undelivered = Some(UndeliveredFile { path: path.clone(), overwrite: Overwrite::Refuse });
    let mut sink = KafkaSink::connect(settings).unwrap();
    let Err(Error::Failed { .. }) = sink.take(&chunk(0, 100)) else {
        panic!("no fatal error");
    };
    let delivered = Box::new(sink).finish(Ending::Stopped).unwrap();
    assert_adds_up(&delivered, 100);
    assert_eq!(listed(&path).len() as u64, delivered.failed + delivered.unknown);
}

/// Starts a run, interrupts it so many milliseconds after its first events arrived, and gives what it says.
fn interrupted(folder: &Path, cluster: &Cluster, after: u64, options: &[&str]) -> String {
    let servers = cluster.bootstrap_servers();
    let mut command = command(folder);
    command.args(STORY.iter().chain(options)).args(["-b", &servers, "-t", TOPIC]).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    assert!(!see(cluster, 1).is_empty(), "nothing has arrived");
    thread::sleep(Duration::from_millis(after));
    assert_eq!(shell(folder, &format!("kill -INT {}", child.id())).code, 0);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    stderr
}

#[test]
fn an_interrupted_run_goes_on_without_loss_or_duplicates() {
    for after in [0, 170, 410] {
        let (cluster, folder) = (cluster(), tempdir().unwrap());
        cluster.broker_round_trip_time(-1, Duration::from_millis(30)).unwrap();
        // So few at a time that it takes seconds.
        let slow = ["-n", "3000", "-X", "queue.buffering.max.messages=50", "-X", "linger.ms=5"];
        let stderr = interrupted(folder.path(), &cluster, after, &slow);
        let [generated, _, failed, unknown] = counts(&stderr);
        assert!((1..3000).contains(&generated) && unknown == 0, "{stderr}");
        cluster.broker_round_trip_time(-1, Duration::ZERO).unwrap();
        if failed > 0 {
            line(folder.path(), &these_again(&stderr)).fine();
        }
        emit(folder.path(), &cluster, &["-n", "3000", "--skip", &generated.to_string()]).fine();
        let in_topic = ids(&cluster, 3000);
        assert_eq!(in_topic.keys().cloned().collect::<BTreeSet<_>>(), whole(folder.path(), "3000"));
        assert!(in_topic.values().all(|count| *count == 1), "after {after} ms: {stderr}");
    }
}

#[test]
fn what_is_in_flight_when_time_is_up_is_unknown() {
    let (cluster, folder) = (cluster(), tempdir().unwrap());
    let servers = cluster.bootstrap_servers();
    let mut command = command(folder.path());
    let options = ["-n", "1M", "-X", "queue.buffering.max.messages=500", "--flush-timeout", "200ms"];
    let child = command.args(STORY.iter().chain(&options)).args(["-b", &servers, "-t", TOPIC]).stderr(Stdio::piped());
    let child = child.spawn().unwrap();
    // Something has arrived; from now on no answer comes in time.
    assert!(!see(&cluster, 1).is_empty());
    cluster.broker_round_trip_time(-1, Duration::from_secs(60)).unwrap();
    thread::sleep(Duration::from_millis(300));
    assert_eq!(shell(folder.path(), &format!("kill -TERM {}", child.id())).code, 0);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(143), "{stderr}");
    let [_, acknowledged, failed, unknown] = counts(&stderr);
    assert!(acknowledged > 0 && unknown > 0, "{stderr}");
    assert!(stderr.contains("unknown: sent, but the run ended before the broker had answered"), "{stderr}");
    let path = stderr.lines().find_map(|line| line.strip_prefix("not delivered: listed in ")).unwrap();
    let unknowns = listed(&folder.path().join(path)).iter().filter(|event| event["delivery"] == "unknown").count();
    assert_eq!(unknowns as u64, unknown);
    assert_eq!(listed(&folder.path().join(path)).len() as u64, failed + unknown);
}
