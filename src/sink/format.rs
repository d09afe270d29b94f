//! How events follow each other in one output.
//!
//! Formatting is appending: the bytes of an event depend on the event and on
//! whether it is the output's first, so any stretch of a run can be formatted
//! alone, on any thread.

use std::ops::Range;

use super::{Chunk, indent::indent};

/// The format of an output.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One event a line, compact.
    #[default]
    Ndjson,
    /// One event after another, indented for reading.
    Json,
    /// One array of all events, one a line: the JSON batch that is called
    /// `application/cloudevents-batch+json`.
    Batch,
}

impl Format {
    /// All formats, by the names that people write.
    pub const NAMES: [(&str, Self); 3] = [("ndjson", Self::Ndjson), ("json", Self::Json), ("batch", Self::Batch)];

    /// Appends some of a chunk's events to `out`, and the length of `out` after
    /// each of them to `ends`. `first`: whether nothing precedes them.
    pub fn append(self, chunk: &Chunk, events: Range<usize>, first: bool, out: &mut Vec<u8>, ends: &mut Vec<usize>) {
        let mut first = first;
        for event in &chunk.events[events] {
            self.append_one(chunk.body(event), first, out);
            first = false;
            ends.push(out.len());
        }
    }

    /// Appends one event to `out`. `first`: whether it is the output's first.
    pub fn append_one(self, body: &[u8], first: bool, out: &mut Vec<u8>) {
        match self {
            Self::Ndjson => {
                out.extend_from_slice(body);
                out.push(b'\n');
            }
            Self::Json => {
                indent(body, out);
                out.push(b'\n');
            }
            Self::Batch => {
                // The separator belongs to the event behind it, so that what
                // is written ends with a whole event at any time.
                out.extend_from_slice(if first { b"[" } else { b",\n" });
                out.extend_from_slice(body);
            }
        }
    }

    /// What follows the last event. `empty`: whether there was none.
    pub fn closing(self, empty: bool) -> &'static [u8] {
        match self {
            Self::Ndjson | Self::Json => b"",
            Self::Batch if empty => b"[]\n",
            Self::Batch => b"]\n",
        }
    }
}
