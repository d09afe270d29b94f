//! The check of a single output file.

use std::{
    fs::File,
    io::{BufReader, ErrorKind, Read},
    path::{Path, PathBuf},
};

use super::{Findings, compare::Progress};
use crate::{
    bytes::Chunk,
    error::Error,
    sink::{
        Delivered, Ending, Failed, Flow, Sink,
        compress::Compression,
        format::Format,
        messages::{quoted, reason},
    },
};

/// Compares one file with the run. The first difference ends the run.
pub(super) struct OneFile {
    path: PathBuf,
    format: Format,
    /// The content of the file; `None` after a difference was found.
    content: Option<Box<dyn Read + Send>>,
    progress: Progress,
    formatted: u64,
    text: Vec<u8>,
    buffer: Vec<u8>,
    findings: Findings,
}

impl OneFile {
    /// Opens the file; a missing file is reported as a difference.
    pub(super) fn open(path: &Path, format: Format, mut findings: Findings) -> Result<Self, Error> {
        let compression = Compression::wanted(path)?;
        let content = match File::open(path) {
            Ok(file) => Some(decoded(file, compression).map_err(|error| cannot_read(path, &error))?),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                findings.missing(path);
                None
            }
            Err(error) => return Err(cannot_read(path, &error)),
        };
        let (text, buffer) = (Vec::new(), Vec::new());
        findings.files = 1;
        Ok(Self {
            path: path.to_owned(),
            format,
            content,
            progress: Progress::default(),
            formatted: 0,
            text,
            buffer,
            findings,
        })
    }

    /// Compares the text formatted so far.
    fn compare(&mut self) {
        let Some(content) = &mut self.content else { return };
        if let Err(difference) = self.progress.compare(content, &self.text, &mut self.buffer) {
            self.findings.differs(&self.path, &difference);
            self.content = None;
        }
    }
}

impl Sink for OneFile {
    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        self.text.clear();
        for event in &chunk.events {
            self.format.append_one(chunk.body(event), self.formatted == 0, &mut self.text);
            self.formatted += 1;
        }
        self.compare();
        self.findings.compared(chunk.events.len() as u64, self.text.len());
        Ok(if self.content.is_some() { Flow::Open } else { Flow::Closed })
    }

    fn finish(mut self: Box<Self>, ending: Ending) -> Result<Delivered, Box<Failed>> {
        if ending == Ending::Complete {
            self.text.clear();
            self.text.extend_from_slice(self.format.closing(self.formatted == 0));
            self.compare();
            if let Some(content) = &mut self.content
                && let Err(difference) = self.progress.compare_end(content)
            {
                self.findings.differs(&self.path, &difference);
            }
        }
        Ok(self.findings.verdict(ending)?)
    }
}

/// The decompressed content of a file. Any standard compressor may have written it.
fn decoded(file: File, compression: Option<Compression>) -> std::io::Result<Box<dyn Read + Send>> {
    Ok(match compression {
        None => Box::new(BufReader::new(file)),
        Some(Compression::Gzip) => Box::new(flate2::read::MultiGzDecoder::new(file)),
        #[cfg(feature = "zstd")]
        Some(Compression::Zstd) => Box::new(zstd::stream::read::Decoder::new(file)?),
        #[cfg(not(feature = "zstd"))]
        Some(Compression::Zstd) => return Err(ErrorKind::Unsupported.into()),
    })
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Error {
    Error::failed(format!("cannot read {}: {}", quoted(path), reason(error)))
}
