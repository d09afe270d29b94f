//! What a run shows to Prometheus.

mod hostile;

use super::{
    command_run::{command, finished, line},
    command_watch::document,
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, ChildStderr, Stdio},
};
use tempfile::tempdir;

/// A run that serves metrics, and where.
struct Served {
    child: Child,
    stderr: BufReader<ChildStderr>,
    address: String,
}

impl Served {
    fn start(folder: &Path, words: &str) -> Self {
        let mut child = command(folder)
            .args(words.split_whitespace())
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        while !first.starts_with("metrics: ") {
            first.clear();
            assert!(stderr.read_line(&mut first).unwrap() > 0, "it does not say where");
        }
        let address = first.trim().strip_prefix("metrics: http://").and_then(|rest| rest.strip_suffix("/metrics"));
        let address = address.unwrap_or_else(|| panic!("no address in {first}")).to_owned();
        assert!(address.starts_with("127.0.0.1:"), "{address}");
        Served { child, stderr, address }
    }

    /// Stops the run, which must have lasted until now, when it has events.
    fn stop(mut self, folder: &Path) {
        let has_events = || !metrics_of(&self.address).contains("\nfalsetrail_events_total 0\n");
        assert!((0..10_000).any(|_| has_events()), "it has no events");
        let stopped = std::process::Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(stopped.success());
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(143), "{rest}");
        let summary = document(folder, "s.json");
        assert_eq!(summary["status"], "stopped", "{summary}");
        assert!(summary["continue"]["command"].as_str().unwrap().contains("--skip"), "{summary}");
        assert!(TcpStream::connect(&self.address).is_err(), "nobody listens any more");
    }
}

/// What a scraper gets.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn metrics_of(address: &str) -> String {
    get(address, "/metrics")
}

/// Starts a run that lasts a while, takes what it serves, and ends it.
#[test]
fn metrics_are_served_while_a_run_lasts() {
    let folder = tempdir().unwrap();
    let words = "generate busy-day --seed 3 --live --rate 50/s -o out.ndjson --metrics 0 --summary s.json";
    let run = Served::start(folder.path(), words);
    let get = |path: &str| get(&run.address, path);
    let value = |text: &str, name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
    };
    // The run begins within two seconds; each scrape is a moment of it.
    let text = (0..200)
        .map(|_| {
            let text = get("/metrics");
            if value(&text, "falsetrail_events_total") == 0.0 {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            text
        })
        .find(|text| value(text, "falsetrail_events_total") > 0.0)
        .expect("there are events");
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("# EOF\n"), "{text}");
    assert!(text.contains("Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"), "{text}");
    assert!(text.contains("falsetrail_run_info{name=\"busy-day\",seed=\"3\",from=\"20"), "{text}");
    assert!(value(&text, "falsetrail_event_bytes_total") > 1000.0);
    assert!(value(&text, "falsetrail_event_time_seconds") > 1.7e9);
    assert!((value(&text, "falsetrail_target_events_per_second") - 50.0).abs() < 1e-9, "{text}");
    assert!(value(&text, "falsetrail_lateness_seconds_count") > 0.0);
    assert!(value(&text, "falsetrail_lateness_seconds_bucket{le=\"+Inf\"}") > 0.0);
    assert!(get("/other").starts_with("HTTP/1.1 404 "));
    let help = line(folder.path(), "help metrics").quiet();
    for name in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()) {
        assert!(help.text().contains(name), "`help metrics` does not explain `{name}`");
    }
    run.stop(folder.path());
}

#[test]
fn what_is_no_address_is_refused() {
    let folder = tempdir().unwrap();
    for address in ["here", "127.0.0.1:", ":9464", "localhost:http", "99999"] {
        let refused = line(folder.path(), &format!("generate every-method --metrics {address}"));
        assert_eq!(refused.code, 2, "{address}: {}", refused.stderr);
        assert!(refused.stderr.contains("is no address for metrics"), "{}", refused.stderr);
        assert!(refused.stdout.is_empty());
    }
    let other = command(folder.path()).args(["generate", "every-method", "--metrics", "192.0.2.1:9464"]).output();
    let refused = finished(&other.expect("the binary starts"));
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("cannot serve metrics at `192.0.2.1:9464`: "), "{}", refused.stderr);
}
