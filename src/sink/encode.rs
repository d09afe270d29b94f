//! The work that threads do on chunks in parallel before a sink takes them in order: compression.

use super::{
    compress::{Compression, FRAME_EVENTS},
    format::Format,
};
use crate::bytes::{Chunk, Encoded};

/// Makes compressed frames. This is a pure function, so threads can run it in parallel.
#[derive(Debug, Clone, Copy)]
pub struct Encoder {
    format: Format,
    compression: Compression,
}

impl Encoder {
    /// `None` for a format whose output cannot be encoded in independent stretches: an array has an opening bracket.
    pub(super) fn new(format: Format, compression: Compression) -> Option<Self> {
        (format != Format::Batch).then_some(Self { format, compression })
    }

    /// The number of events that a frame needs; only the last frame has fewer.
    pub(crate) const EVENTS: usize = FRAME_EVENTS;

    /// Encodes a chunk. Returns `None` if the chunk is empty or if compression fails; the sink then tries again and
    /// reports the error.
    pub(crate) fn encode(self, chunk: &Chunk) -> Option<Encoded> {
        if chunk.is_empty() {
            return None;
        }
        if self.format == Format::Ndjson {
            let frame = self.compression.encode(&chunk.bodies).ok()?;
            return Some(Encoded { frame, length: chunk.bodies.len() });
        }
        let (mut text, mut ends) = (Vec::new(), Vec::new());
        self.format.append(chunk, 0..chunk.events.len(), false, &mut text, &mut ends);
        let frame = self.compression.encode(&text).ok()?;
        Some(Encoded { frame, length: text.len() })
    }
}
