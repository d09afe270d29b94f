//! What a stopped run has left in one output: how many whole events, the last
//! of them, and where it ends.
//!
//! A run that is stopped by a signal, or by a full disk, leaves whole events. A
//! process that is killed, or a machine that goes down, may leave half an event
//! or half a frame at the end, and no summary that says how many there are. So
//! they are counted here, from the bytes alone.
//!
//! Formatted events can be told apart by their lines: no string in JSON holds a
//! line feed, and indented events begin and end on lines without indentation.

use std::io::{self, BufRead, ErrorKind, Read};

use flate2::bufread::GzDecoder;

use super::{compress::Compression, format::Format};

/// Bytes of an event beyond which something is no output of a run, but would fill the memory.
const LARGEST_EVENT: usize = 256 << 20;

/// Bytes that are decoded at once.
const DECODED_BYTES: usize = 64 << 10;

/// Whole events at the beginning of an output.
#[derive(Debug, Default, Clone)]
pub(super) struct Remains {
    /// How many.
    pub events: u64,
    /// Bytes of the output until they end.
    pub length: u64,
    /// The last of them, as [`as_kept`] gives it.
    pub last: Vec<u8>,
    /// Whether the array that they are in is closed.
    pub closed: bool,
}

/// An event as it stands in an output, without what separates it from others.
pub(super) fn as_kept(format: Format, body: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    match format {
        Format::Batch => kept.extend_from_slice(body),
        _ => format.append_one(body, true, &mut kept),
    }
    kept
}

/// Finds the whole events of an output, or its first `most`.
///
/// # Errors
/// If it cannot be read, or holds an event that no run makes, of more than
/// [`LARGEST_EVENT`] bytes; whatever cannot be decoded is its end.
pub(super) fn remains(
    input: impl BufRead,
    format: Format,
    compression: Option<Compression>,
    most: Option<u64>,
) -> io::Result<Remains> {
    let lines = Lines::new(format, most.unwrap_or(u64::MAX));
    match compression {
        None => of_text(input, lines),
        Some(compression) => of_frames(input, lines, compression),
    }
}

fn of_text(mut input: impl BufRead, mut lines: Lines) -> io::Result<Remains> {
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

/// A frame holds whole events, and counts as a whole or not at all. It is not
/// kept: a few bytes may stand for gigabytes.
fn of_frames(input: impl BufRead, mut lines: Lines, compression: Compression) -> io::Result<Remains> {
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
    Ok(Remains { length, ..lines.end() })
}

/// Decodes one frame and reads nothing after it; `false` if it is none, or only half of one.
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

/// A reader that knows how far it is, and whether it was the file that could not be read.
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

/// A text as it comes in, in lines.
#[derive(Clone)]
struct Lines {
    format: Format,
    /// Events that are looked for.
    most: u64,
    found: Remains,
    /// Bytes of all lines that have ended.
    ended: u64,
    /// The line that has not.
    line: Vec<u8>,
    /// Lines of an event that has not ended.
    event: Vec<u8>,
}

impl Lines {
    fn new(format: Format, most: u64) -> Self {
        Self { format, most, found: Remains::default(), ended: 0, line: Vec::new(), event: Vec::new() }
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

    /// Only a batch has a whole event in a line that has not ended.
    fn end(mut self) -> Remains {
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

    /// A line of an array without what opens it.
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
