//! Compression, chosen by a file name's extension.
//!
//! A compressed output is a sequence of independent gzip members or zstd frames, each of [`FRAME_EVENTS`] events (the
//! last may have fewer). Both formats define that such a sequence decodes to the concatenated contents, and every
//! decoder supports it. So the encoder is a pure function from the bytes of one frame to its compressed bytes: threads
//! can encode frames in parallel without changing a byte, and a resumed run appends new frames.

use std::{
    io::{self, Write},
    path::Path,
};

use flate2::{GzBuilder, write::GzEncoder};

use crate::error::Error;

/// Events in one frame.
///
/// This is about 2 MB of audit events, which is as far back as zstd looks at this level. So independent frames cost
/// less than a percent of size, and one frame per thread fits easily into memory.
pub const FRAME_EVENTS: usize = 1024;

/// Extensions of other compressors and archivers.
const OTHERS: [&str; 10] = ["zip", "xz", "bz2", "7z", "lz4", "br", "tgz", "tar", "z", "snappy"];

/// How an output is compressed. Levels are fixed, so that the same run gives the same file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// gzip at level 6, for names that end in `.gz`.
    Gzip,
    /// zstd at level 3 with checksums, for names that end in `.zst`.
    Zstd,
}

impl Compression {
    /// The compression that a file name's extension asks for, in upper or lower case.
    ///
    /// # Errors
    /// [`Error::Usage`] for the extension of an unsupported compressor, and for zstd in a build without that feature:
    /// uncompressed lines in a file of such a name would be noticed too late.
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
    /// If the compression library runs out of memory.
    pub fn encode(self, frame: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip => {
                let room = Vec::with_capacity(frame.len() / 4 + 64);
                // The header has no file name and no time: they would change the bytes.
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
        // The encoder's tables take megabytes. Allocating them for each frame takes a good part of the time that
        // encoding a frame takes, and longer with each additional thread. They keep nothing of a frame.
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
