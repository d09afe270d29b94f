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
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?;
        if ending.eq_ignore_ascii_case("gz") {
            Some(Self::Gzip)
        } else if ending.eq_ignore_ascii_case("zst") {
            Some(Self::Zstd)
        } else {
            None
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

    /// Refuses what this build cannot write.
    ///
    /// # Errors
    /// [`Error::Usage`] for zstd in a build without the feature of that name.
    pub fn check(self) -> Result<(), Error> {
        if self == Self::Zstd && !cfg!(feature = "zstd") {
            let error = Error::usage("this build of falsetrail cannot write `.zst` files");
            return Err(error.help("build it with the feature `zstd`, or let the name end in `.gz`"));
        }
        Ok(())
    }
}

#[cfg(feature = "zstd")]
fn zstd_frame(frame: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = zstd::bulk::Compressor::new(3)?;
    encoder.set_parameter(zstd::zstd_safe::CParameter::ChecksumFlag(true))?;
    encoder.compress(frame)
}

#[cfg(not(feature = "zstd"))]
fn zstd_frame(_frame: &[u8]) -> io::Result<Vec<u8>> {
    Err(io::ErrorKind::Unsupported.into())
}
