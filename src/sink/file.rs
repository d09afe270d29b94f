//! One output for all events: stdout, a device, a pipe or a file.
//!
//! Each chunk is written as it comes, without another buffer in between: as
//! newline-delimited JSON it already has the bytes of the output, and a run at
//! live pace loses nothing to a buffer that never fills. Compressed outputs
//! hold back the events of an unfinished frame, at most
//! [`FRAME_EVENTS`] − 1.
//!
//! The count of delivered events is exact also when a write fails: a write
//! knows where each event ends.

use std::{
    io::{self, ErrorKind},
    iter, mem,
    path::Path,
};

use super::{
    Chunk, Delivered, Ending, Flow, Sink,
    compress::{Compression, FRAME_EVENTS},
    format::Format,
    target::{Broken, Target},
};
use crate::error::Error;

/// A sink for one output.
pub(super) struct Stream {
    target: Target,
    format: Format,
    compression: Option<Compression>,
    /// Formatted and not yet written: a chunk, or a frame so far.
    text: Vec<u8>,
    /// Where each event in `text` ends.
    ends: Vec<usize>,
    /// Events formatted so far.
    formatted: u64,
    state: State,
    delivered: Delivered,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// The reader of a pipe went away.
    Closed,
    /// A write failed, and was reported.
    Failed,
}

/// Something to write, and what is written when only a part of it is.
struct Piece<'a, Ends> {
    bytes: &'a [u8],
    events: u64,
    /// Length before compression.
    length: usize,
    /// Where each event ends; empty if nothing is whole before all is.
    ends: Ends,
}

impl Stream {
    /// Writes to stdout, uncompressed.
    pub fn stdout(format: Format) -> Result<Self, Error> {
        Ok(Self::new(Target::stdout()?, format, None))
    }

    /// Writes to a file, a device or a named pipe, compressed if its name ends
    /// in `.gz` or `.zst`. With `force` an existing file is replaced when the
    /// run is complete, and what a stopped run has left is discarded at once.
    pub fn create(path: &Path, format: Format, force: bool) -> Result<Self, Error> {
        let compression = Compression::of(path);
        if let Some(compression) = compression {
            compression.check()?;
        }
        let target = Target::path(path, force)?;
        Ok(Self::new(target, format, compression))
    }
}

impl Sink for Stream {
    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        match (self.state, self.compression) {
            (State::Open, None) => self.take_plain(chunk),
            (State::Open, Some(compression)) => self.take_frames(chunk, compression),
            (State::Closed, _) => Ok(Flow::Closed),
            (State::Failed, _) => {
                let earlier = io::Error::other("an earlier write failed");
                Err(self.target.failure(&earlier, self.delivered.events))
            }
        }
    }

    fn finish(mut self: Box<Self>, how: Ending) -> Result<Delivered, Error> {
        let how = match self.state {
            State::Open => {
                let _ = self.put_rest(how)?;
                how
            }
            State::Closed => how,
            // What was reported as failed does not get its name.
            State::Failed => Ending::Stopped,
        };
        let note = self.target.finish(how, self.delivered.events)?;
        self.delivered.notes.extend(note);
        Ok(self.delivered)
    }
}

impl Stream {
    fn new(target: Target, format: Format, compression: Option<Compression>) -> Self {
        Self {
            target,
            format,
            compression,
            text: Vec::new(),
            ends: Vec::new(),
            formatted: 0,
            state: State::Open,
            delivered: Delivered::default(),
        }
    }

    /// Without compression: a chunk, a write.
    fn take_plain(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        if self.format == Format::Ndjson {
            let ends = chunk.events.iter().map(|event| event.body.end as usize + 1);
            let length = ends.clone().next_back().unwrap_or(0);
            return self.put(Piece { bytes: &chunk.bodies[..length], events: chunk.events.len() as u64, length, ends });
        }
        self.format_events(chunk, 0, chunk.events.len());
        self.put_text()
    }

    /// With compression: as many frames as get full.
    fn take_frames(&mut self, chunk: &Chunk, compression: Compression) -> Result<Flow, Error> {
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

    fn format_events(&mut self, chunk: &Chunk, start: usize, end: usize) {
        let first = self.formatted == 0;
        let (text, ends) = (&mut self.text, &mut self.ends);
        self.format.append(chunk, start..end, first, text, ends);
        self.formatted += (end - start) as u64;
    }

    fn put_text(&mut self) -> Result<Flow, Error> {
        let (mut text, mut ends) = (mem::take(&mut self.text), mem::take(&mut self.ends));
        let flow =
            self.put(Piece { bytes: &text, events: ends.len() as u64, length: text.len(), ends: ends.iter().copied() });
        text.clear();
        ends.clear();
        (self.text, self.ends) = (text, ends);
        flow
    }

    fn put_frame(&mut self, compression: Compression) -> Result<Flow, Error> {
        let frame = match compression.encode(&self.text) {
            Ok(frame) => frame,
            Err(error) => return self.broken(&error),
        };
        let (events, length) = (self.ends.len() as u64, self.text.len());
        self.text.clear();
        self.ends.clear();
        self.put(Piece { bytes: &frame, events, length, ends: iter::empty() })
    }

    /// Writes, and counts what was written.
    fn put<Ends>(&mut self, piece: Piece<Ends>) -> Result<Flow, Error>
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
        self.broken(&error)
    }

    /// A reader that went away ends the run; everything else is an error.
    fn broken(&mut self, error: &io::Error) -> Result<Flow, Error> {
        if error.kind() == ErrorKind::BrokenPipe {
            self.state = State::Closed;
            self.delivered.closed = true;
            return Ok(Flow::Closed);
        }
        self.state = State::Failed;
        self.target.cut(self.delivered.written);
        Err(self.target.failure(error, self.delivered.events))
    }

    /// The last, shorter frame, and what the format puts behind everything.
    fn put_rest(&mut self, how: Ending) -> Result<Flow, Error> {
        // A file that will be continued stays open at its end; what went to a
        // reader should parse, however it ended.
        if how == Ending::Complete || !self.target.can_be_continued() {
            let closing = self.format.closing(self.formatted == 0);
            self.text.extend_from_slice(closing);
        }
        match self.compression {
            // No frame at all is not a file that decoders accept.
            Some(compression) if !self.text.is_empty() || self.delivered.written == 0 => self.put_frame(compression),
            _ => self.put_text(),
        }
    }
}
