//! A single output for all events: stdout, a device, a pipe or a file.
//!
//! Each chunk is written as it arrives, without another buffer in between: for newline-delimited JSON the chunk already
//! contains the bytes of the output, and in a live run no event waits for a buffer to fill. A compressed output holds
//! back the events of an incomplete frame, at most [`FRAME_EVENTS`] − 1.
//!
//! The count of delivered events is exact even if a write fails, because the sink knows where each event ends.

use std::{
    io::{self, ErrorKind},
    iter, mem,
    path::Path,
};

use super::{
    Delivered, Encoder, Ending, Failed, Flow, Sink,
    compress::{Compression, FRAME_EVENTS},
    format::Format,
    output_file::{Broken, OutputFile, Unnamed},
    overwrite::Overwrite,
};
use crate::{
    bytes::{Chunk, Encoded},
    error::Error,
};

/// A sink with a single output.
pub(super) struct SingleOutput {
    target: OutputFile,
    format: Format,
    compression: Option<Compression>,
    /// Bytes that are formatted but not yet written: a chunk, or an incomplete frame.
    text: Vec<u8>,
    /// The end of each event in `text`.
    ends: Vec<usize>,
    /// Events formatted so far, including those of the run that is resumed.
    formatted: u64,
    /// The number that follows that of the last formatted event.
    next: Option<u64>,
    /// Events that an earlier run left in the file.
    before: u64,
    state: State,
    delivered: Delivered,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// The reader closed the pipe.
    Closed,
    /// A write failed, and the error was reported.
    Failed,
    /// A write failed, and half an event could not be removed.
    Ragged,
}

/// Bytes to write, and how to count events if only some of the bytes are written.
struct PendingWrite<'a, Ends> {
    bytes: &'a [u8],
    events: u64,
    /// Length before compression.
    length: usize,
    /// The end of each event; empty for a frame, which is complete only as a whole.
    ends: Ends,
}

impl SingleOutput {
    /// Writes to stdout, uncompressed.
    pub(super) fn stdout(format: Format) -> Result<Self, Error> {
        Ok(Self::new(OutputFile::stdout()?, format, None))
    }

    /// Writes to a file, a device or a named pipe, compressed if its name ends in `.gz` or `.zst`. With `force` an
    /// existing file is replaced when the run is complete, and the unfinished file of a stopped run is discarded at
    /// once.
    pub(super) fn create(path: &Path, format: Format, overwrite: Overwrite) -> Result<Self, Error> {
        let compression = Compression::wanted(path)?;
        let target = OutputFile::path(path, overwrite)?;
        Ok(Self::new(target, format, compression))
    }

    /// Resumes with the run's event `next` in an open file that contains `before` complete events.
    pub(super) fn after(
        target: OutputFile,
        format: Format,
        compression: Option<Compression>,
        before: u64,
        next: u64,
    ) -> Self {
        let delivered = Delivered { next: Some(next), ..Delivered::default() };
        Self { formatted: before, before, next: Some(next), delivered, ..Self::new(target, format, compression) }
    }
}

impl Sink for SingleOutput {
    fn encoder(&self) -> Option<Encoder> {
        Encoder::new(self.format, self.compression?)
    }

    fn worthwhile_threads(&self) -> usize {
        // The reader of a pipe needs a processor, too.
        if self.compression.is_some() || self.target.takes_all() { usize::MAX } else { 2 }
    }

    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        match (self.state, self.compression) {
            (State::Open, None) => self.take_plain(chunk),
            (State::Open, Some(compression)) => self.take_frames(chunk, compression),
            (State::Closed, _) => Ok(Flow::Closed),
            (State::Failed | State::Ragged, _) => {
                let earlier = io::Error::other("an earlier write failed");
                Err(self.target.failure(&earlier, self.whole()))
            }
        }
    }

    fn finish(mut self: Box<Self>, ending: Ending) -> Result<Delivered, Box<Failed>> {
        let (ending, mut failed) = match self.state {
            State::Open => match self.put_rest(ending) {
                Ok(_) => (ending, None),
                Err(error) => (Ending::Stopped, Some(error)),
            },
            State::Closed => (ending, None),
            // An output whose error was reported does not get its final name.
            State::Failed | State::Ragged => (Ending::Stopped, None),
        };
        if self.state == State::Ragged {
            self.delivered.next = None;
        }
        let (whole, mut delivered) = (self.whole(), self.delivered);
        delivered.unfinished = ending == Ending::Stopped && self.target.can_be_continued();
        let apart = self.format == Format::Batch && !delivered.unfinished;
        match self.target.finish(ending, whole) {
            Ok(note) => delivered.notes.extend(note.map(|note| if apart { note + ", as another array" } else { note })),
            Err(Unnamed { error, is_lost }) => {
                // A file that could not be renamed is still complete; one that could not be synced may not be.
                delivered.next = None;
                if is_lost {
                    delivered.unknown = mem::take(&mut delivered.events);
                    (delivered.bytes, delivered.written) = (0, 0);
                }
                failed = Some(match failed {
                    Some(first) => first.then(error),
                    None => error,
                });
            }
        }
        match failed {
            Some(error) => Err(Box::new(Failed { error, delivered })),
            None => Ok(delivered),
        }
    }
}

impl SingleOutput {
    fn new(target: OutputFile, format: Format, compression: Option<Compression>) -> Self {
        Self {
            target,
            format,
            compression,
            text: Vec::new(),
            ends: Vec::new(),
            formatted: 0,
            next: None,
            before: 0,
            state: State::Open,
            delivered: Delivered::default(),
        }
    }

    /// Complete events in the output, including those of an earlier run.
    fn whole(&self) -> u64 {
        self.before + self.delivered.events
    }

    /// Without compression: one write for each chunk.
    fn take_plain(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        let before = self.delivered.events;
        let flow = if self.format == Format::Ndjson {
            let ends = chunk.events.iter().map(|event| event.body.end as usize + 1);
            let length = ends.clone().next_back().unwrap_or(0);
            self.put(PendingWrite { bytes: &chunk.bodies[..length], events: chunk.events.len() as u64, length, ends })
        } else {
            self.format_events(chunk, 0, chunk.events.len());
            self.put_text()
        };
        // A failed write may have written some events.
        let written = (self.delivered.events - before) as usize;
        if let Some(event) = chunk.events[..written].last() {
            self.delivered.next = Some(event.number + 1);
        }
        flow
    }

    /// With compression: writes each frame that becomes full.
    fn take_frames(&mut self, chunk: &Chunk, compression: Compression) -> Result<Flow, Error> {
        if let Some(encoded) = chunk.encoded.as_ref().filter(|_| self.ends.is_empty()) {
            return self.take_encoded(chunk, encoded);
        }
        let mut start = 0;
        while start < chunk.events.len() {
            let room = FRAME_EVENTS - self.ends.len();
            let end = chunk.events.len().min(start + room);
            self.format_events(chunk, start, end);
            start = end;
            if self.ends.len() == FRAME_EVENTS && self.put_frame(compression)? == Flow::Closed {
                return Ok(Flow::Closed);
            }
        }
        Ok(Flow::Open)
    }

    /// Writes a chunk that a thread has already encoded as a frame.
    fn take_encoded(&mut self, chunk: &Chunk, encoded: &Encoded) -> Result<Flow, Error> {
        let events = chunk.events.len() as u64;
        self.formatted += events;
        self.next = chunk.events.last().map(|event| event.number + 1).or(self.next);
        let piece = PendingWrite { bytes: &encoded.frame, events, length: encoded.length, ends: iter::empty() };
        let flow = self.put(piece)?;
        if flow == Flow::Open {
            self.delivered.next = self.next;
        }
        Ok(flow)
    }

    fn format_events(&mut self, chunk: &Chunk, start: usize, end: usize) {
        let first = self.formatted == 0;
        let (text, ends) = (&mut self.text, &mut self.ends);
        self.format.append(chunk, start..end, first, text, ends);
        self.formatted += (end - start) as u64;
        self.next = chunk.events[start..end].last().map(|event| event.number + 1).or(self.next);
    }

    fn put_text(&mut self) -> Result<Flow, Error> {
        let (mut text, mut ends) = (mem::take(&mut self.text), mem::take(&mut self.ends));
        let flow = self.put(PendingWrite {
            bytes: &text,
            events: ends.len() as u64,
            length: text.len(),
            ends: ends.iter().copied(),
        });
        text.clear();
        ends.clear();
        (self.text, self.ends) = (text, ends);
        flow
    }

    fn put_frame(&mut self, compression: Compression) -> Result<Flow, Error> {
        let frame = match compression.encode(&self.text) {
            Ok(frame) => frame,
            Err(error) => return self.broken(&error, 0),
        };
        let (events, length) = (self.ends.len() as u64, self.text.len());
        self.text.clear();
        self.ends.clear();
        let flow = self.put(PendingWrite { bytes: &frame, events, length, ends: iter::empty() })?;
        if flow == Flow::Open {
            self.delivered.next = self.next;
        }
        Ok(flow)
    }

    /// Writes a piece, and counts the events and bytes written.
    fn put<Ends>(&mut self, piece: PendingWrite<Ends>) -> Result<Flow, Error>
    where
        Ends: Iterator<Item = usize>,
    {
        let Err(Broken { written, error }) = self.target.write(piece.bytes) else {
            self.delivered.events += piece.events;
            self.delivered.bytes += piece.length as u64;
            self.delivered.written += piece.bytes.len() as u64;
            return Ok(Flow::Open);
        };
        let (events, end) =
            piece.ends.take_while(|&end| end <= written).fold((0, 0), |(count, _), end| (count + 1, end as u64));
        self.delivered.events += events;
        self.delivered.bytes += end;
        self.delivered.written += end;
        self.broken(&error, written as u64 - end)
    }

    /// Handles a failed write. A reader that closed the pipe ends the run; everything else is an error. `half` is the
    /// number of bytes after the last complete event.
    fn broken(&mut self, error: &io::Error, half: u64) -> Result<Flow, Error> {
        if error.kind() == ErrorKind::BrokenPipe {
            self.state = State::Closed;
            self.delivered.closed = true;
            return Ok(Flow::Closed);
        }
        let whole = self.target.take_back(half);
        self.state = if whole { State::Failed } else { State::Ragged };
        Err(self.target.failure(error, self.whole()))
    }

    /// Writes the last, shorter frame and the format's closing bytes.
    fn put_rest(&mut self, ending: Ending) -> Result<Flow, Error> {
        // A file that can be resumed is left open at its end. Output that went to a reader is closed properly, so that
        // it parses however the run ended.
        let stays_open = ending == Ending::Stopped && self.target.can_be_continued();
        let nothing = self.before == 0 && self.delivered.written == 0;
        if !stays_open {
            let closing = self.format.closing(self.formatted == 0);
            self.text.extend_from_slice(closing);
        }
        match self.compression {
            // Decoders reject a file without any frame, so an empty output gets an empty frame.
            Some(compression) if !self.text.is_empty() || (nothing && !stays_open) => self.put_frame(compression),
            _ => self.put_text(),
        }
    }
}
