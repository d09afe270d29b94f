//! Nothing that arrives at the metrics' port ends a run or holds it up, and none of it keeps a scraper from its answer.

use super::{Served, metrics_of};
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    time::Duration,
};
use tempfile::tempdir;

/// A live run that fails if an event leaves 5 s late, which a machine that runs other tests can keep.
const RUN: &str =
    "generate busy-day --seed 3 --live --rate 200/s --max-lag 5s -o out.ndjson --metrics 0 --summary s.json";

/// Sends something, and reads until the connection ends.
fn answer(address: &str, sent: &[u8]) -> String {
    let mut stream = connect(address);
    // The server may have answered, and gone, before all of it was sent.
    let _ = stream.write_all(sent);
    read(&mut stream)
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// Everything until the connection ends, which it must do by itself.
fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("the connection stays open"),
        // A reset ends it, too.
        Ok(_) | Err(_) => String::from_utf8(bytes).expect("answers are text"),
    }
}

fn with_fields(count: usize, length: usize) -> Vec<u8> {
    let field = |number| format!("X-{number}: {}\r\n", "x".repeat(length));
    let fields: String = (0..count).map(field).collect();
    format!("GET /metrics HTTP/1.1\r\nHost: x\r\n{fields}\r\n").into_bytes()
}

#[test]
fn every_request_has_its_answer() {
    let folder = tempdir().unwrap();
    let run = Served::start(folder.path(), RUN);
    let request = |head: &str| format!("{head}\r\nHost: x\r\n\r\n").into_bytes();
    let with_body = |field: &str| format!("GET /metrics HTTP/1.1\r\nHost: x\r\n{field}\r\n\r\nbody").into_bytes();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("HTTP/1.0", request("GET /metrics HTTP/1.0"), "200"),
        ("HTTP/1.0 without a field", b"GET /metrics HTTP/1.0\r\n\r\n".to_vec(), "200"),
        ("a query", request("GET /metrics?name[]=x HTTP/1.1"), "200"),
        ("a whole URL", request("GET http://example.com:9464/metrics HTTP/1.1"), "200"),
        ("a length of 0", with_body("Content-Length: 0"), "200"),
        ("many fields", with_fields(60, 100), "200"),
        ("another path", request("GET / HTTP/1.1"), "404"),
        ("a path below", request("GET /metrics/ HTTP/1.1"), "404"),
        ("a long path", request(&format!("GET /{} HTTP/1.1", "x".repeat(4_000))), "404"),
        ("an absurd path", request("GET /../../etc/passwd HTTP/1.1"), "404"),
        ("OPTIONS *", request("OPTIONS * HTTP/1.1"), "404"),
        ("POST", request("POST /metrics HTTP/1.1"), "405"),
        ("CONNECT", request("CONNECT example.com:443 HTTP/1.1"), "404"),
        ("the largest length", with_body("Content-Length: 18446744073709551615"), "413"),
        ("a length that is memory", with_body("Content-Length: 99999999999"), "413"),
        ("a negative length", with_body("Content-Length: -1"), "413"),
        ("two lengths", with_body("Content-Length: 0\r\ncontent-length: 4"), "413"),
        ("chunks", with_body("Transfer-Encoding: chunked"), "413"),
        ("an endless chunk", with_body("Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"), "413"),
        ("a head of 9 KiB", with_fields(9, 1_000), "431"),
        ("too many fields", with_fields(100, 1), "431"),
        ("no end of the head", vec![b'a'; 100_000], "431"),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0".to_vec(), "505"),
        ("HTTP/0.9", b"GET /metrics\r\n\r\n".to_vec(), "400"),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), "400"),
        ("garbage", (0..=255).cycle().skip(128).take(5_000).collect(), "400"),
        ("SSH", b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec(), "400"),
        ("a field without a name", request("GET /metrics HTTP/1.1\r\n: x"), "400"),
    ];
    for (name, sent, status) in cases {
        let answer = answer(&run.address, &sent);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{name}: one answer, {answer}");
        assert_eq!(answer.ends_with("# EOF\n"), status == "200", "{name}: {answer}");
    }
    // HEAD gives the length that GET has, or nearly: the run has gone on.
    let head = answer(&run.address, b"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
    assert!(length.parse::<usize>().unwrap() > 1_000, "{head}");
    // One answer for requests that are sent in one go, and the connection says that it is over.
    let twice = answer(&run.address, &[request("GET /metrics HTTP/1.1"), request("GET /x HTTP/1.1")].concat());
    assert!(twice.starts_with("HTTP/1.1 200 ") && twice.contains("\r\nConnection: close\r\n"), "{twice}");
    run.stop(folder.path());
}

#[test]
fn connections_that_stall_or_break_hold_nobody_up() {
    let folder = tempdir().unwrap();
    let run = Served::start(folder.path(), RUN);
    let scraped = || assert!(metrics_of(&run.address).contains("\nfalsetrail_events_total "));
    // A head that comes byte by byte.
    let mut slow = connect(&run.address);
    for byte in b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" {
        slow.write_all(&[*byte]).unwrap();
    }
    assert!(read(&mut slow).starts_with("HTTP/1.1 200 "));
    // A hundred that never say all, each of them in another state; scrapers are answered all the while.
    let beginnings =
        [&b""[..], b"G", b"GET /metrics HTTP/1.1\r\n", b"GET /metrics HTTP/1.1\r\nX: ", b"\r\n\r\n", b"\x16"];
    let mut stalled: Vec<TcpStream> = (0..100).map(|_| connect(&run.address)).collect();
    for (stream, beginning) in stalled.iter_mut().zip(beginnings.iter().cycle()) {
        let _ = stream.write_all(beginning);
        scraped();
    }
    // None of them stays, though none of them ends.
    for stream in &mut stalled {
        let said = read(stream);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 400 "), "{said}");
    }
    // Half-closed with a request, and without a whole one.
    for (sent, status) in [(&b"GET /metrics HTTP/1.1\r\n\r\n"[..], "HTTP/1.1 200 "), (b"GET /metr", "")] {
        let mut stream = connect(&run.address);
        stream.write_all(sent).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let said = read(&mut stream);
        assert!(said.starts_with(status) && said.is_empty() == status.is_empty(), "{said}");
    }
    for turn in 0..200 {
        // Closing with an answer that was not read resets the connection: in the middle of it, or before it.
        let mut stream = connect(&run.address);
        let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        if turn % 2 == 0 {
            let _ = stream.peek(&mut [0]);
        }
    }
    // A client that sends on after its answer.
    let mut stream = connect(&run.address);
    let _ = stream.write_all(b"POST /metrics HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n");
    let more = vec![b'x'; 65_536];
    while stream.write_all(&more).is_ok() {}
    scraped();
    run.stop(folder.path());
}
