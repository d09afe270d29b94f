//! The sample of rendered events, from which output sizes are extrapolated.

use super::ForecastOptions;
use crate::{
    bytes::Chunk,
    plan::Plan,
    render::Renderer,
    simulation::Record,
    sink::{
        compress::{Compression, FRAME_EVENTS},
        format::Format,
    },
};
use std::time::{Duration, Instant};

/// Output sizes of a run, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Size of the bodies, as counted by a summary.
    pub(crate) bytes: u64,
    /// Size of an uncompressed file.
    pub(crate) file: u64,
    /// Size of a file ending in `.gz`.
    pub gzip: u64,
    /// Size of a file ending in `.zst`; `None` if the build does not support it.
    pub(crate) zstd: Option<u64>,
}

/// Time spent on rendering.
pub(super) struct Rendered {
    /// Time for the whole sample.
    pub(crate) all: Duration,
    /// Time per event.
    pub(crate) one: Duration,
    /// Time to compress all events seen.
    pub(crate) packing: Duration,
}

/// A sample that grows with the logarithm of the run: all of the first frames, then every second, fourth …
pub(super) struct Sample<'p> {
    renderer: Renderer<'p>,
    format: Format,
    compression: Option<Compression>,
    /// The current frame: as many consecutive events as a frame of a compressed file has.
    frame: Chunk,
    /// Number of events seen, and the stride: one frame in this many is rendered.
    seen: u64,
    stride: u64,
    frames_at_stride: u64,
    most_at_stride: u64,
    /// By event kind.
    kinds: Vec<Kind>,
    alone: Chunk,
    /// Bytes of frames, each weighted by the number of frames that it represents.
    whole: Frames,
    /// Events by partition, each weighted by the number of events that it represents.
    partitions: Option<Vec<f64>>,
    took: Duration,
    rendering: Duration,
    rendered: u32,
}

/// Statistics of an event kind: number of events, and of those rendered.
#[derive(Clone, Copy, Default)]
struct Kind {
    events: u64,
    rendered: u64,
    bytes: u64,
}

#[derive(Default)]
struct Frames {
    bytes: f64,
    file: f64,
    /// Bytes of the compressed frames, before and after compression.
    compressed: f64,
    gzip: f64,
    zstd: f64,
    /// Seconds of compressing the output.
    packing: f64,
}

/// Frames rendered before the stride doubles.
const AT_STRIDE: u64 = 10;

/// Frames compressed before the stride doubles.
const COMPRESSED_AT_STRIDE: u64 = 2;

/// Frames per stride if partitions are requested: rare keys appear only among many events.
const AT_STRIDE_FOR_KEYS: u64 = 40;

/// Minimum number of events rendered of each kind.
const OF_A_KIND: u64 = 32;

impl<'p> Sample<'p> {
    pub(super) fn new(plan: &'p Plan, options: &ForecastOptions) -> Self {
        let partitions = options.partitions;
        Sample {
            renderer: Renderer::new(plan),
            format: options.format,
            compression: options.compression,
            frame: Chunk::default(),
            seen: 0,
            stride: 1,
            frames_at_stride: 0,
            most_at_stride: if partitions.is_some() { AT_STRIDE_FOR_KEYS } else { AT_STRIDE },
            kinds: vec![Kind::default(); plan.event_kinds.len()],
            alone: Chunk::default(),
            whole: Frames::default(),
            partitions: partitions.map(|partitions| vec![0.0; partitions.get() as usize]),
            took: Duration::ZERO,
            rendering: Duration::ZERO,
            rendered: 0,
        }
    }

    /// Adds the run's next event; `slots` holds the record's state slots at `record.slots_at`.
    pub(super) fn add(&mut self, record: &Record, slots: &[u64]) {
        let frame = self.seen / FRAME_EVENTS as u64;
        let ends_frame = (self.seen + 1).is_multiple_of(FRAME_EVENTS as u64);
        self.seen += 1;
        let kind = &mut self.kinds[record.event_kind as usize];
        kind.events += 1;
        let in_frame = frame.is_multiple_of(self.stride);
        if !in_frame && kind.rendered >= OF_A_KIND {
            return;
        }
        let begun = Instant::now();
        let chunk = if in_frame { &mut self.frame } else { &mut self.alone };
        let before = chunk.bodies.len();
        self.renderer.render(record, slots, chunk);
        kind.rendered += 1;
        kind.bytes += (chunk.bodies.len() - before - 1) as u64;
        self.alone.clear();
        self.rendered += 1;
        let took = begun.elapsed();
        self.rendering += took;
        self.took += took;
        if in_frame && ends_frame {
            self.end_frame(frame);
        }
    }

    fn end_frame(&mut self, number: u64) {
        if self.frame.is_empty() {
            return;
        }
        let begun = Instant::now();
        let stands_for = self.stride as f64;
        let (mut text, mut ends) = (Vec::new(), Vec::new());
        self.format.append(&self.frame, 0..self.frame.events.len(), number == 0, &mut text, &mut ends);
        self.whole.bytes += stands_for * (self.frame.bodies.len() - self.frame.events.len()) as f64;
        self.whole.file += stands_for * text.len() as f64;
        // Compressing takes longer than rendering, and a few frames suffice to know the compressed size.
        let step = self.most_at_stride.div_ceil(COMPRESSED_AT_STRIDE);
        if self.frames_at_stride.is_multiple_of(step) {
            self.whole.compressed += stands_for * text.len() as f64;
            self.whole.gzip += stands_for * self.packed(Compression::Gzip, &text, stands_for);
            self.whole.zstd += stands_for * self.packed(Compression::Zstd, &text, stands_for);
        }
        if let Some(partitions) = &mut self.partitions {
            for event in &self.frame.events {
                divide(self.frame.key(event), stands_for, partitions);
            }
        }
        self.frame.clear();
        self.frames_at_stride += 1;
        if self.frames_at_stride == self.most_at_stride {
            self.frames_at_stride = 0;
            self.stride *= 2;
        }
        self.took += begun.elapsed();
    }

    /// Size of the compressed text.
    fn packed(&mut self, compression: Compression, text: &[u8], stands_for: f64) -> f64 {
        let begun = Instant::now();
        let length = compression.encode(text).map_or(0, |frame| frame.len());
        if self.compression == Some(compression) {
            self.whole.packing += stands_for * begun.elapsed().as_secs_f64();
        }
        length as f64
    }

    /// The mean size of an event, by event kind. Kinds that were not rendered have the mean of the others.
    pub(super) fn bytes_by_kind(&self) -> Vec<f64> {
        let mean = |bytes: u64, rendered: u64| bytes as f64 / rendered.max(1) as f64;
        let sum = |of: fn(&Kind) -> u64| self.kinds.iter().map(of).sum::<u64>();
        let usual = mean(sum(|kind| kind.bytes), sum(|kind| kind.rendered));
        let mean = |kind: &Kind| if kind.rendered > 0 { mean(kind.bytes, kind.rendered) } else { usual };
        self.kinds.iter().map(mean).collect()
    }

    /// The extrapolated sizes, shares of partitions, and time spent.
    pub(super) fn finish(mut self) -> (Size, Option<Vec<f64>>, Rendered) {
        self.end_frame(self.seen / FRAME_EVENTS as u64);
        let mean = |kind: &Kind| kind.events as f64 * (kind.bytes as f64 / kind.rendered.max(1) as f64);
        let bytes = self.kinds.iter().map(mean).sum::<f64>();
        let file = self.whole.file * bytes / self.whole.bytes.max(1.0);
        let packed = |part: f64| (part * file / self.whole.compressed.max(1.0)).round() as u64;
        let size = Size {
            bytes: bytes.round() as u64,
            file: file.round() as u64 + self.format.closing(false).len() as u64,
            gzip: packed(self.whole.gzip),
            zstd: cfg!(feature = "zstd").then(|| packed(self.whole.zstd)),
        };
        let share = file / self.whole.compressed.max(1.0);
        let packing = Duration::try_from_secs_f64(self.whole.packing * share).unwrap_or(Duration::MAX);
        let partitions = self.partitions.map(|partitions| {
            let all = partitions.iter().sum::<f64>().max(f64::MIN_POSITIVE);
            partitions.into_iter().map(|events| events / all).collect()
        });
        (size, partitions, Rendered { all: self.took, one: self.rendering / self.rendered.max(1), packing })
    }
}

impl Size {
    /// Sizes of a run that has `factor` times as many events.
    pub(super) fn scaled(self, factor: f64) -> Size {
        let scaled = |bytes: u64| (bytes as f64 * factor).round() as u64;
        let Size { bytes, file, gzip, zstd } = self;
        Size { bytes: scaled(bytes), file: scaled(file), gzip: scaled(gzip), zstd: zstd.map(scaled) }
    }
}

/// Counts an event for the partition of its key like librdkafka's default partitioner (`consistent_random`): CRC-32 of
/// the key; records without a key are spread evenly.
fn divide(key: &[u8], times: f64, partitions: &mut [f64]) {
    let count = partitions.len();
    if key.is_empty() {
        for events in partitions {
            *events += times / count as f64;
        }
    } else {
        partitions[crc32fast::hash(key) as usize % count] += times;
    }
}
