//! Output formats: how events are separated and indented in one output.
//!
//! Formatting only appends: the bytes of an event depend on the event and on whether it is the first of the output, so
//! any stretch of a run can be formatted independently, on any thread.

use std::ops::Range;

use super::indent::indent;
use crate::bytes::Chunk;

/// The format of an output.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Newline-delimited JSON: one compact event per line.
    #[default]
    Ndjson,
    /// Indented JSON, one event after another, for reading.
    Json,
    /// One array of all events, one per line: a JSON batch with the media type `application/cloudevents-batch+json`.
    Batch,
}

impl Format {
    /// All formats with their names on the command line.
    pub(crate) const NAMES: [(&str, Self); 3] =
        [("ndjson", Self::Ndjson), ("json", Self::Json), ("batch", Self::Batch)];

    /// The format's name.
    pub(crate) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    /// Appends some of a chunk's events to `out`, and the length of `out` after each of them to `ends`. `first`:
    /// whether they begin the output.
    pub(crate) fn append(
        self,
        chunk: &Chunk,
        events: Range<usize>,
        first: bool,
        out: &mut Vec<u8>,
        ends: &mut Vec<usize>,
    ) {
        let mut first = first;
        for event in &chunk.events[events] {
            self.append_one(chunk.body(event), first, out);
            first = false;
            ends.push(out.len());
        }
    }

    /// Appends one event to `out`. `first`: whether it is the first of the output.
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
                // The separator is written with the event that follows it, so the output ends with a complete event at
                // any time.
                out.extend_from_slice(if first { b"[" } else { b",\n" });
                out.extend_from_slice(body);
            }
        }
    }

    /// The bytes after the last event. `empty`: whether there was no event.
    pub(crate) fn closing(self, empty: bool) -> &'static [u8] {
        match self {
            Self::Ndjson | Self::Json => b"",
            Self::Batch if empty => b"[]\n",
            Self::Batch => b"]\n",
        }
    }
}
