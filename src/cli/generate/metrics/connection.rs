//! One connection to the metrics server: reads the head of a request, writes one response, and closes.
//!
//! `httparse` is the parser; this module is the rest of HTTP/1 that a scraper needs. There is no request body, no
//! second request on a connection, and no blocking, so any input takes a bounded amount of memory and time.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

/// The longest head of a request, in bytes.
const LONGEST_HEAD: usize = 8 * 1024;

/// The most header fields of a request: more than browsers and proxies send.
const MOST_FIELDS: usize = 64;

/// The time limit of a connection.
const LONGEST: Duration = Duration::from_secs(3);

/// How long to read on after the response was sent. Closing while the client still sends would reset the connection,
/// and could destroy the response on its way.
const LINGER: Duration = Duration::from_secs(1);

/// The media type from the `OpenMetrics` specification.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A client, and the state of its request.
pub(super) struct Connection {
    stream: TcpStream,
    state: State,
    /// When the connection is closed, whatever its state.
    ends: Instant,
}

enum State {
    /// Reading the head; contains its bytes so far.
    Reading(Vec<u8>),
    /// Writing the response; contains its bytes and how many of them were sent.
    Writing(Vec<u8>, usize),
    /// The response was sent; reading until the client closes.
    Closing,
}

/// The response to a request.
struct Answer {
    status: &'static str,
    content_type: &'static str,
    body: String,
    /// For `HEAD`: send only the body's length.
    head_only: bool,
}

impl Connection {
    /// A new connection.
    ///
    /// # Errors
    ///
    /// The socket's, if it cannot be made non-blocking.
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Connection { stream, state: State::Reading(Vec::new()), ends: Instant::now() + LONGEST })
    }

    /// Does what is possible without blocking; returns false if the connection is over. `metrics` renders the metrics.
    pub(super) fn advance(&mut self, metrics: impl FnOnce() -> Option<String>) -> bool {
        let going = Instant::now() < self.ends;
        going && self.step(metrics).unwrap_or_else(|error| is_for_later(&error))
    }

    fn step(&mut self, metrics: impl FnOnce() -> Option<String>) -> io::Result<bool> {
        if let State::Reading(head) = &mut self.state {
            let mut bytes = [0; 2048];
            let count = self.stream.read(&mut bytes)?;
            if count == 0 {
                return Ok(false);
            }
            head.extend_from_slice(&bytes[..count]);
            match answer(head, metrics) {
                Some(answer) => self.state = State::Writing(answer.into_bytes(), 0),
                None => return Ok(true),
            }
        }
        if let State::Writing(answer, sent) = &mut self.state {
            while *sent < answer.len() {
                match self.stream.write(&answer[*sent..])? {
                    0 => return Ok(false),
                    count => *sent += count,
                }
            }
            self.stream.shutdown(Shutdown::Write)?;
            self.state = State::Closing;
            self.ends = self.ends.min(Instant::now() + LINGER);
        }
        // One read per round is enough: a client that sends more is not waited for.
        let mut rest = [0; 16 * 1024];
        Ok(self.stream.read(&mut rest)? > 0)
    }
}

/// Whether an operation on the socket would block or was interrupted.
fn is_for_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// The response to a request; `None` while its head is incomplete.
fn answer(head: &[u8], metrics: impl FnOnce() -> Option<String>) -> Option<Answer> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    let too_large = || Answer::refusal("431 Request Header Fields Too Large", "a head has at most 8 KiB");
    match request.parse(head) {
        // The same read may contain pipelined requests; they get no response.
        Ok(httparse::Status::Complete(length)) if length <= LONGEST_HEAD => Some(respond(&request, metrics)),
        Ok(httparse::Status::Partial) if head.len() < LONGEST_HEAD => None,
        Ok(_) | Err(httparse::Error::TooManyHeaders) => Some(too_large()),
        Err(httparse::Error::Version) => {
            Some(Answer::refusal("505 HTTP Version Not Supported", "metrics are served by HTTP/1.1"))
        }
        Err(_) => Some(Answer::refusal("400 Bad Request", "this is not a request of HTTP/1.1")),
    }
}

fn respond(request: &httparse::Request, metrics: impl FnOnce() -> Option<String>) -> Answer {
    let has_body = request.headers.iter().any(|field| {
        field.name.eq_ignore_ascii_case("transfer-encoding")
            || (field.name.eq_ignore_ascii_case("content-length") && field.value != b"0")
    });
    let method = request.method.unwrap_or_default();
    let answer = if path(request.path.unwrap_or_default()) != "/metrics" {
        Answer::refusal("404 Not Found", "metrics are at /metrics")
    } else if !matches!(method, "GET" | "HEAD") {
        Answer::refusal("405 Method Not Allowed", "metrics are read by GET")
    } else if has_body {
        Answer::refusal("413 Content Too Large", "a request for metrics has no body")
    } else {
        match metrics() {
            Some(body) => Answer { status: "200 OK", content_type: OPEN_METRICS, body, head_only: false },
            None => Answer::refusal("500 Internal Server Error", "the metrics cannot be written"),
        }
    };
    Answer { head_only: method == "HEAD", ..answer }
}

/// The path of a request's target, which may be a full URL.
fn path(target: &str) -> &str {
    let path = match target.strip_prefix("http://") {
        Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    };
    path.split('?').next().unwrap_or_default()
}

impl Answer {
    fn refusal(status: &'static str, why: &str) -> Self {
        Answer { status, content_type: "text/plain; charset=utf-8", body: format!("{why}\n"), head_only: false }
    }

    fn into_bytes(self) -> Vec<u8> {
        let Answer { status, content_type, body, head_only } = self;
        let date = chrono::Utc::now().format("%a, %d %b %Y %H:%M:%S GMT");
        let length = body.len();
        let mut text = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nDate: {date}\r\n\
             Allow: GET, HEAD\r\nConnection: close\r\n\r\n"
        );
        if !head_only {
            text.push_str(&body);
        }
        text.into_bytes()
    }
}
