//! What threads do to chunks before a sink takes them in their order.

use super::{Chunk, compress::Compression, compress::FRAME_EVENTS, format::Format};

/// Makes compressed frames: a pure function, so that threads can do it side by
/// side.
#[derive(Debug, Clone, Copy)]
pub struct Encoder {
    format: Format,
    compression: Compression,
}

/// A chunk as a compressed frame.
#[derive(Debug, Clone)]
pub struct Encoded {
    pub(super) frame: Vec<u8>,
    /// Its length before compression.
    pub(super) length: usize,
}

impl Encoder {
    /// For outputs of which each stretch can be encoded alone; an array has a
    /// beginning.
    pub(super) fn new(format: Format, compression: Compression) -> Option<Self> {
        (format != Format::Batch).then_some(Self { format, compression })
    }

    /// How many events a chunk needs for a frame of its own; only the last one
    /// has fewer.
    pub fn events(&self) -> usize {
        FRAME_EVENTS
    }

    /// Encodes a chunk; `None` if there is nothing in it, or if that fails, for
    /// the sink to try again and to report.
    pub fn encode(&self, chunk: &Chunk) -> Option<Encoded> {
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
