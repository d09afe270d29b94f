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

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

use super::{compress::Compression, format::Format};

/// Whole events at the beginning of an output.
#[derive(Debug, Default)]
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

/// Finds the whole events of an output.
///
/// # Errors
/// If it cannot be read; whatever cannot be decoded is its end.
pub(super) fn remains(input: impl BufRead, format: Format, compression: Option<Compression>) -> io::Result<Remains> {
    match compression {
        None => of_text(input, format),
        Some(compression) => of_frames(input, format, compression),
    }
}

fn of_text(mut input: impl BufRead, format: Format) -> io::Result<Remains> {
    let mut lines = Lines::new(format);
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            return Ok(lines.end());
        }
        lines.feed(bytes);
        let length = bytes.len();
        input.consume(length);
    }
}

/// A frame holds whole events, and is decoded whole or not at all.
fn of_frames(input: impl BufRead, format: Format, compression: Compression) -> io::Result<Remains> {
    let mut input = Counted { input, consumed: 0 };
    let mut lines = Lines::new(format);
    let mut length = 0;
    let mut frame = Vec::new();
    while !input.fill_buf()?.is_empty() {
        frame.clear();
        if decode(compression, &mut input, &mut frame).is_err() {
            break;
        }
        lines.feed(&frame);
        length = input.consumed;
        if format != Format::Batch && !(lines.line.is_empty() && lines.event.is_empty()) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame in it ends with half an event"));
        }
    }
    Ok(Remains { length, ..lines.end() })
}

/// Decodes one frame and reads nothing behind it.
fn decode(compression: Compression, input: &mut impl BufRead, frame: &mut Vec<u8>) -> io::Result<usize> {
    match compression {
        Compression::Gzip => GzDecoder::new(input).read_to_end(frame),
        #[cfg(feature = "zstd")]
        Compression::Zstd => zstd::Decoder::with_buffer(input)?.single_frame().read_to_end(frame),
        #[cfg(not(feature = "zstd"))]
        Compression::Zstd => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// A reader that knows how far it is.
struct Counted<R> {
    input: R,
    consumed: u64,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(into)?;
        self.consumed += count as u64;
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.input.consume(count);
        self.consumed += count as u64;
    }
}

/// A text as it comes in, in lines.
struct Lines {
    format: Format,
    found: Remains,
    /// Bytes of all lines that have ended.
    ended: u64,
    /// The line that has not.
    line: Vec<u8>,
    /// Lines of an event that has not ended.
    event: Vec<u8>,
}

impl Lines {
    fn new(format: Format) -> Self {
        Self { format, found: Remains::default(), ended: 0, line: Vec::new(), event: Vec::new() }
    }

    fn feed(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                self.ended += line.len() as u64;
                self.end_line(&line);
                self.line = line;
                self.line.clear();
            }
        }
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
