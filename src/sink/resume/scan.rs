//! Scans the unfinished output of a stopped run: the number of complete events, the last of them, and where it ends.
//!
//! A run that is stopped by a signal or by a full disk leaves complete events. A process that is killed, or a machine
//! that crashes, may leave half an event or half a frame at the end, and no summary with their number. So the events
//! are counted here, from the bytes alone.
//!
//! Formatted events can be separated by lines: JSON strings contain no line feed, and an indented event begins and ends
//! on lines without indentation.

use std::io::{self, BufRead, ErrorKind, Read};

use flate2::bufread::GzDecoder;

use crate::sink::{compress::Compression, format::Format};

/// The size limit of an event in bytes. A larger one is not the output of a run, and would exhaust the memory.
const LARGEST_EVENT: usize = 256 << 20;

/// Bytes that are decompressed at once.
const DECODED_BYTES: usize = 64 << 10;

/// The complete events at the beginning of an output.
#[derive(Debug, Default, Clone)]
pub(super) struct Scan {
    /// Their number.
    pub(crate) events: u64,
    /// The length of the output up to the end of the last one, in bytes.
    pub(crate) length: u64,
    /// The last of them, in the form that [`as_kept`] returns.
    pub(crate) last: Vec<u8>,
    /// Whether the array that contains them is closed.
    pub(crate) closed: bool,
}

/// An event as written in an output, without separators.
pub(super) fn as_kept(format: Format, body: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    match format {
        Format::Batch => kept.extend_from_slice(body),
        _ => format.append_one(body, true, &mut kept),
    }
    kept
}

/// Finds the complete events of an output, at most `most` of them.
///
/// # Errors
/// If the output cannot be read, or contains an event larger than [`LARGEST_EVENT`], which no run writes. Bytes that
/// cannot be decompressed count as its end.
pub(super) fn scan(
    input: impl BufRead,
    format: Format,
    compression: Option<Compression>,
    most: Option<u64>,
) -> io::Result<Scan> {
    let lines = Lines::new(format, most.unwrap_or(u64::MAX));
    match compression {
        None => scan_text(input, lines),
        Some(compression) => scan_frames(input, lines, compression),
    }
}

fn scan_text(mut input: impl BufRead, mut lines: Lines) -> io::Result<Scan> {
    while !lines.are_enough() {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            break;
        }
        lines.feed(bytes)?;
        let length = bytes.len();
        input.consume(length);
    }
    Ok(lines.end())
}

/// A frame contains complete events and counts as a whole or not at all. Its decompressed bytes are not kept: a few
/// bytes may decompress to gigabytes.
fn scan_frames(input: impl BufRead, mut lines: Lines, compression: Compression) -> io::Result<Scan> {
    let mut input = Counted { input, consumed: 0, failed: None };
    let mut length = 0;
    while !input.fill_buf()?.is_empty() {
        let before = lines.clone();
        let decoded = decode(compression, &mut input, &mut lines)?;
        if let Some(failed) = input.failed.take() {
            return Err(failed);
        }
        if !decoded {
            lines = before;
            break;
        }
        length = input.consumed;
        if lines.format != Format::Batch && !(lines.line.is_empty() && lines.event.is_empty()) {
            return Err(io::Error::new(ErrorKind::InvalidData, "a frame in it ends with half an event"));
        }
    }
    Ok(Scan { length, ..lines.end() })
}

/// Decompresses one frame and reads nothing after it. Returns `false` if there is no complete frame.
fn decode(compression: Compression, input: &mut impl BufRead, lines: &mut Lines) -> io::Result<bool> {
    match compression {
        Compression::Gzip => feed(GzDecoder::new(input), lines),
        #[cfg(feature = "zstd")]
        Compression::Zstd => feed(zstd::Decoder::with_buffer(input)?.single_frame(), lines),
        #[cfg(not(feature = "zstd"))]
        Compression::Zstd => Err(ErrorKind::Unsupported.into()),
    }
}

fn feed(mut decoder: impl Read, lines: &mut Lines) -> io::Result<bool> {
    let mut bytes = vec![0; DECODED_BYTES];
    loop {
        match decoder.read(&mut bytes) {
            Ok(0) => return Ok(true),
            Ok(count) => lines.feed(&bytes[..count])?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Ok(false),
        }
    }
}

/// A reader that counts bytes and remembers whether reading the file itself failed.
struct Counted<R> {
    input: R,
    consumed: u64,
    failed: Option<io::Error>,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut bytes = self.fill_buf()?;
        let count = bytes.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.input.fill_buf() {
            Ok(bytes) => Ok(bytes),
            Err(error) => {
                let kind = error.kind();
                self.failed = Some(error);
                Err(kind.into())
            }
        }
    }

    fn consume(&mut self, count: usize) {
        self.input.consume(count);
        self.consumed += count as u64;
    }
}

/// Splits a text that arrives in pieces into lines and events.
#[derive(Clone)]
struct Lines {
    format: Format,
    /// Stop after this number of events.
    most: u64,
    found: Scan,
    /// Bytes of all complete lines.
    ended: u64,
    /// The current, incomplete line.
    line: Vec<u8>,
    /// The lines of the current, incomplete event.
    event: Vec<u8>,
}

impl Lines {
    fn new(format: Format, most: u64) -> Self {
        Self { format, most, found: Scan::default(), ended: 0, line: Vec::new(), event: Vec::new() }
    }

    fn are_enough(&self) -> bool {
        self.found.events >= self.most
    }

    fn feed(&mut self, bytes: &[u8]) -> io::Result<()> {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.are_enough() {
                break;
            }
            if self.line.len() + self.event.len() + piece.len() > LARGEST_EVENT {
                let larger = format!("an event in it is larger than {} MiB", LARGEST_EVENT >> 20);
                return Err(io::Error::new(ErrorKind::InvalidData, larger));
            }
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                self.ended += line.len() as u64;
                self.end_line(&line);
                self.line = line;
                self.line.clear();
            }
        }
        Ok(())
    }

    fn end_line(&mut self, line: &[u8]) {
        match self.format {
            Format::Ndjson => self.found(line, self.ended),
            Format::Json => {
                self.event.extend_from_slice(line);
                if !line.starts_with(b" ") && line != b"{\n" && line != b"[\n" {
                    let event = std::mem::take(&mut self.event);
                    self.found(&event, self.ended);
                    self.event = event;
                    self.event.clear();
                }
            }
            Format::Batch => {
                let text = self.in_array(line);
                match text.strip_suffix(b",\n") {
                    Some(event) => self.found(event, self.ended - 2),
                    None => self.found.closed |= text.ends_with(b"]\n"),
                }
            }
        }
    }

    /// Only a batch can have a complete event in an incomplete line.
    fn end(mut self) -> Scan {
        if self.format == Format::Batch {
            let line = std::mem::take(&mut self.line);
            let text = self.in_array(&line);
            let opened = (line.len() - text.len()) as u64;
            let ending = text.last().filter(|byte| b",]".contains(byte));
            let event = ending.map_or(text, |_| &text[..text.len() - 1]);
            if is_json(text) {
                self.found(text, self.ended + line.len() as u64);
            } else if is_json(event) {
                self.found(event, self.ended + opened + event.len() as u64);
                self.found.closed |= ending == Some(&b']');
            }
        }
        self.found
    }

    /// A line of an array without the opening bracket or separator.
    fn in_array<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        line.strip_prefix(b"[").filter(|_| self.found.events == 0).unwrap_or(line)
    }

    fn found(&mut self, event: &[u8], end: u64) {
        self.found.events += 1;
        self.found.length = end;
        self.found.last.clear();
        self.found.last.extend_from_slice(event);
    }
}

fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(text).is_ok()
}
