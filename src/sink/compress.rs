//! Compression by the ending of a file's name.
//!
//! A compressed output is a row of independent gzip members or zstd frames,
//! each of [`FRAME_EVENTS`] events (the last may have fewer). Both formats
//! define that such a row decodes to the row of what is in it, and every
//! decoder does so. Hence the encoder is a pure function from the bytes of one
//! frame to its compressed bytes: threads can encode frames side by side
//! without changing a byte, and a continued run appends frames of its own.

use std::{
    io::{self, Write},
    path::Path,
};

use flate2::{GzBuilder, write::GzEncoder};

use crate::error::Error;

/// Events in one frame.
///
/// About 2 MB of audit events: as much as zstd looks back at this level, so
/// that independence costs less than a percent of size, and little enough to
/// hold one frame for each thread in memory.
pub const FRAME_EVENTS: usize = 1024;

/// Endings by which other programs pack.
const OTHERS: [&str; 10] = ["zip", "xz", "bz2", "7z", "lz4", "br", "tgz", "tar", "z", "snappy"];

/// How an output is compressed. Levels are fixed, so that the same run gives
/// the same file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// gzip at level 6, for names that end in `.gz`.
    Gzip,
    /// zstd at level 3 with checksums, for names that end in `.zst`.
    Zstd,
}

impl Compression {
    /// What the ending of a file's name asks for, in either case.
    ///
    /// # Errors
    /// [`Error::Usage`] for an ending by which other programs pack, and for zstd in a build without the feature of that
    /// name: plain lines under such a name would be found out late.
    pub fn wanted(path: &Path) -> Result<Option<Self>, Error> {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        match ending.as_str() {
            "gz" => Ok(Some(Self::Gzip)),
            "zst" if !cfg!(feature = "zstd") => Err(Error::usage("this build of falsetrail cannot write `.zst` files")
                .help("build it with the feature `zstd`, or let the name end in `.gz`")),
            "zst" => Ok(Some(Self::Zstd)),
            other if OTHERS.contains(&other) => Err(Error::usage(format!("cannot write `.{other}` files"))
                .help("let the name end in `.zst` or `.gz` for a compressed file, or in `.ndjson` for a plain one")),
            _ => Ok(None),
        }
    }

    /// Compresses one frame: a pure function of its bytes.
    ///
    /// # Errors
    /// If the library runs out of memory.
    pub fn encode(self, frame: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip => {
                let room = Vec::with_capacity(frame.len() / 4 + 64);
                // No name and no time in the header: they would change the bytes.
                let mut encoder: GzEncoder<Vec<u8>> = GzBuilder::new().write(room, flate2::Compression::new(6));
                encoder.write_all(frame)?;
                encoder.finish()
            }
            Self::Zstd => zstd_frame(frame),
        }
    }
}

#[cfg(feature = "zstd")]
fn zstd_frame(frame: &[u8]) -> io::Result<Vec<u8>> {
    use std::{cell::RefCell, thread_local};
    use zstd::{bulk::Compressor, zstd_safe::CParameter};

    thread_local! {
        // Its tables are megabytes: to ask for them for each frame takes as long as a part of the frame, and longer
        // with each further thread. Nothing of a frame is left in them.
        static ENCODER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    }
    ENCODER.with_borrow_mut(|kept| {
        let encoder = match kept {
            Some(encoder) => encoder,
            None => {
                let mut encoder = Compressor::new(3)?;
                encoder.set_parameter(CParameter::ChecksumFlag(true))?;
                kept.insert(encoder)
            }
        };
        encoder.compress(frame)
    })
}

#[cfg(not(feature = "zstd"))]
fn zstd_frame(_frame: &[u8]) -> io::Result<Vec<u8>> {
    Err(io::ErrorKind::Unsupported.into())
}
