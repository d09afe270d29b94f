//! Files, folders and standard input: found, unpacked, and refused if they are no text.

use crate::{
    error::{Error, quoted},
    sink::reason,
};
use std::{
    cmp,
    collections::HashSet,
    fs::{self, File},
    io::{self, Cursor, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

/// Bytes by which a format is recognised.
const LOOKED_AT: usize = 4096;

/// Zero bytes that are passed over at once.
const PADDING: usize = 64 << 10;

/// How often an input may be packed: there are files that contain themselves.
const MOST_LAYERS: usize = 8;

/// Formats that are no text: first bytes, name, remedy.
const BINARY: [(&[u8], &str, &str); 12] = [
    (b"PAR1", "a Parquet file", "export it as JSON lines: `duckdb -c \"copy 'FILE' to 'FILE.ndjson' (format json)\"`"),
    (b"Obj\x01", "an Avro file", "export it as JSON lines: `avro-tools tojson FILE > FILE.ndjson`"),
    (b"ORC", "an ORC file", "export it as JSON lines: `orc-contents FILE > FILE.ndjson`"),
    (b"ARROW1", "an Arrow file", "export it as JSON lines"),
    (
        b"SQLite format 3",
        "an SQLite database",
        "export it as JSON lines: `sqlite3 FILE '.mode json' 'select * from …'`",
    ),
    (b"PK\x03\x04", "a zip archive", "unpack it first: `unzip FILE`"),
    (b"\xFD7zXZ", "an xz file", "unpack it into a pipe: `xz -dc FILE | falsetrail verify … -`"),
    (b"BZh", "a bzip2 file", "unpack it into a pipe: `bzip2 -dc FILE | falsetrail verify … -`"),
    (b"\x04\x22\x4D\x18", "an lz4 file", "unpack it into a pipe: `lz4 -dc FILE | falsetrail verify … -`"),
    (b"\xFF\x06\x00\x00sNaPpY", "a snappy file", "unpack it into a pipe"),
    (b"\xFF\xFE", "UTF-16 text", "convert it: `iconv -f utf-16 -t utf-8 FILE`"),
    (b"\xFE\xFF", "UTF-16 text", "convert it: `iconv -f utf-16 -t utf-8 FILE`"),
];

/// The files that a path stands for: a folder is read with all that is in it, rotated files the oldest first, and a file
/// with several names once. Pipes and devices in a folder are passed over, and so are the files in `left_out`.
///
/// # Errors
/// [`Error::Usage`] if a path leads nowhere, or a folder has no files.
pub(crate) fn files(path: &Path, left_out: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let cannot = |path: &Path, error: &io::Error| {
        Error::usage(format!("cannot read {}: {}", quoted(&path.display().to_string()), reason(error)))
    };
    if !fs::metadata(path).map_err(|error| cannot(path, &error))?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (mut found, mut folders) = (Vec::new(), vec![path.to_owned()]);
    let mut known: HashSet<PathBuf> = left_out.iter().map(|path| real(path)).collect();
    known.insert(real(path));
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| cannot(&folder, &error))? {
            let path = entry.map_err(|error| cannot(&folder, &error))?.path();
            let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if is_hidden {
                continue;
            }
            let metadata = fs::metadata(&path).map_err(|error| cannot(&path, &error))?;
            // Links may lead in a circle.
            if metadata.is_dir() && known.insert(real(&path)) {
                folders.push(path);
            } else if metadata.is_file() {
                found.push((path.is_symlink(), path));
            }
        }
    }
    found.sort();
    found.retain(|(_, path)| known.insert(real(path)));
    let mut found: Vec<PathBuf> = found.into_iter().map(|(_, path)| path).collect();
    if found.is_empty() {
        let message = format!("there are no files in {}", quoted(&path.display().to_string()));
        return Err(Error::usage(message).help("name the folder or the files that the pipeline has written"));
    }
    found.sort_by(|one, other| in_time(one, other));
    Ok(found)
}

/// By folder, then the order in which rotation has written files: `audit.log.2.gz`, `audit.log.1`, `audit.log`. Numbers
/// in names count as numbers.
fn in_time(one: &Path, other: &Path) -> cmp::Ordering {
    let parts = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name).to_owned();
        match plain.rsplit_once('.').map(|(base, number)| (base.to_owned(), number.parse::<u64>())) {
            // A date is no number of a rotation: later ones are newer.
            Some((base, Ok(number))) if number < 10_000 => (base, u64::MAX - number),
            _ => (plain, u64::MAX),
        }
    };
    let (one_parts, other_parts) = (parts(one), parts(other));
    one.parent()
        .cmp(&other.parent())
        .then_with(|| natural(&one_parts.0, &other_parts.0))
        .then_with(|| one_parts.1.cmp(&other_parts.1))
        .then_with(|| one.cmp(other))
}

/// Compares texts, and numbers in them as numbers.
fn natural(one: &str, other: &str) -> cmp::Ordering {
    let split = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        (text[..end].trim_start_matches('0').to_owned(), end)
    };
    let (mut one, mut other) = (one, other);
    loop {
        match (one.chars().next(), other.chars().next()) {
            (None, None) => return cmp::Ordering::Equal,
            (None, _) => return cmp::Ordering::Less,
            (_, None) => return cmp::Ordering::Greater,
            (Some(a), Some(b)) if a.is_ascii_digit() && b.is_ascii_digit() => {
                let ((a, a_end), (b, b_end)) = (split(one), split(other));
                let order = a.len().cmp(&b.len()).then_with(|| a.cmp(&b));
                if order != cmp::Ordering::Equal {
                    return order;
                }
                (one, other) = (&one[a_end..], &other[b_end..]);
            }
            (Some(a), Some(b)) if a == b => (one, other) = (&one[a.len_utf8()..], &other[b.len_utf8()..]),
            (Some(a), Some(b)) => return a.cmp(&b),
        }
    }
}

/// Opens a file and unpacks it, whatever its name says.
///
/// # Errors
/// [`Error::Usage`] if it cannot be read, or is no text.
pub(crate) fn open(path: &Path, stop: &Arc<AtomicBool>) -> Result<Box<dyn Read>, Error> {
    let name = quoted(&path.display().to_string());
    let is_file = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let file: Box<dyn Read> = if is_file {
        Box::new(File::open(path).map_err(|error| cannot_read(&name, &error))?)
    } else {
        // A pipe may be silent for any time, and also wait for its writer.
        interruptible(Box::new(Unopened(path.to_owned(), None)), Arc::clone(stop))
    };
    text(&name, file, stop)
}

/// A file that is opened by the first read.
struct Unopened(PathBuf, Option<File>);

impl Read for Unopened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let file = match &mut self.1 {
            Some(file) => file,
            none => none.insert(File::open(&self.0)?),
        };
        file.read(buffer)
    }
}

/// Reads on another thread, so that a writer that sends nothing does not keep this one from noticing `stop`; what was
/// read until then is all that there is.
pub(crate) fn interruptible(mut reader: Box<dyn Read + Send>, stop: Arc<AtomicBool>) -> Box<dyn Read> {
    const BUFFER: usize = 1 << 20;
    let (send, pieces) = mpsc::sync_channel::<io::Result<Vec<u8>>>(2);
    let reading = move || {
        loop {
            let mut piece = vec![0; BUFFER];
            let read = match reader.read(&mut piece) {
                Ok(read) => {
                    piece.truncate(read);
                    Ok(piece)
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let is_last = read.as_ref().map_or(true, Vec::is_empty);
            if send.send(read).is_err() || is_last {
                return;
            }
        }
    };
    match thread::Builder::new().name("input".to_owned()).spawn(reading) {
        Ok(_) => Box::new(Interruptible { pieces, piece: Vec::new(), at: 0, stop }),
        Err(error) => Box::new(FailedReader(Some(error))),
    }
}

/// See [`interruptible`].
struct Interruptible {
    pieces: mpsc::Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    at: usize,
    stop: Arc<AtomicBool>,
}

impl Read for Interruptible {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        const LOOK: Duration = Duration::from_millis(100);
        while self.at == self.piece.len() {
            match self.pieces.recv_timeout(LOOK) {
                Ok(piece) => {
                    (self.piece, self.at) = (piece?, 0);
                    if self.piece.is_empty() {
                        return Ok(0);
                    }
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(0),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            if self.at == self.piece.len() && self.stop.load(Ordering::Relaxed) {
                return Ok(0);
            }
        }
        let length = buffer.len().min(self.piece.len() - self.at);
        buffer[..length].copy_from_slice(&self.piece[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

/// A reader that could not be started.
struct FailedReader(Option<io::Error>);

impl Read for FailedReader {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Unpacks what is read, and refuses what is no text.
///
/// # Errors
/// As [`open`].
pub(crate) fn text(name: &str, mut reader: Box<dyn Read>, stop: &AtomicBool) -> Result<Box<dyn Read>, Error> {
    for _ in 0..MOST_LAYERS {
        let (first, whole) = peeked(reader).map_err(|error| cannot_read(name, &error))?;
        reader = match first.as_slice() {
            [0x1F, 0x8B, ..] => Box::new(flate2::read::MultiGzDecoder::new(whole)),
            // Also where a skippable frame is first, as parallel packers write it.
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => unpacked_zstd(name, whole)?,
            [0, ..] => without_padding(name, whole, stop)?,
            _ => {
                refuse(name, &first)?;
                return Ok(whole);
            }
        };
    }
    Err(Error::usage(format!("{name} is packed more than {MOST_LAYERS} times")).help("unpack it first"))
}

/// Passes over zero bytes at the beginning, which a log has whose rotation has cut it under its writer.
fn without_padding(name: &str, mut reader: Box<dyn Read>, stop: &AtomicBool) -> Result<Box<dyn Read>, Error> {
    let mut buffer = vec![0; PADDING];
    while !stop.load(Ordering::Relaxed) {
        let read = match reader.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.map_err(|error| cannot_read(name, &error))?,
        };
        if read == 0 {
            return Err(no_text(&format!("{name} is no text: it holds nothing but zero bytes")));
        }
        if let Some(at) = buffer[..read].iter().position(|byte| *byte != 0) {
            return Ok(Box::new(Cursor::new(buffer[at..read].to_vec()).chain(reader)));
        }
    }
    Ok(Box::new(io::empty()))
}

pub(crate) fn cannot_read(name: &str, error: &io::Error) -> Error {
    let error_text = format!("cannot read {name}: {}", reason(error));
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            Error::usage(error_text).help("the file is damaged, or still being written: wait for it, or leave it out")
        }
        _ => Error::usage(error_text),
    }
}

fn peeked(mut reader: Box<dyn Read>) -> io::Result<(Vec<u8>, Box<dyn Read>)> {
    let mut first = Vec::with_capacity(LOOKED_AT);
    reader.by_ref().take(LOOKED_AT as u64).read_to_end(&mut first)?;
    let whole = Box::new(Cursor::new(first.clone()).chain(reader));
    Ok((first, whole))
}

#[cfg(feature = "zstd")]
fn unpacked_zstd(name: &str, packed: Box<dyn Read>) -> Result<Box<dyn Read>, Error> {
    let reader = zstd::stream::read::Decoder::new(packed).map_err(|error| cannot_read(name, &error))?;
    Ok(Box::new(reader))
}

#[cfg(not(feature = "zstd"))]
fn unpacked_zstd(name: &str, _: Box<dyn Read>) -> Result<Box<dyn Read>, Error> {
    Err(Error::usage(format!("{name} is a zstd file, which this build of falsetrail cannot read"))
        .help("build it with the feature `zstd`, or unpack it into a pipe: `zstd -dc FILE | falsetrail verify … -`"))
}

fn refuse(name: &str, first: &[u8]) -> Result<(), Error> {
    if let Some((_, what, help)) = BINARY.iter().find(|(magic, ..)| first.starts_with(magic)) {
        return Err(Error::usage(format!("{name} is {what}, and only text can be verified")).help(*help));
    }
    // Zero bytes may fill up records; what is no text has them, other control characters or no characters all over.
    let zeros = first.split(|byte| *byte == 0).filter(|text| !text.is_empty()).count().saturating_sub(1);
    let controls = first.iter().filter(|byte| matches!(byte, 1..=8 | 0x0E..=0x1A | 0x1C..=0x1D | 0x1F)).count();
    let none = String::from_utf8_lossy(first).matches(char::REPLACEMENT_CHARACTER).count();
    let is_protobuf = matches!(first, [0x0A, length, ..] if *length >= 0x80);
    if is_protobuf || (zeros + controls + none) * 20 > first.len() {
        return Err(no_text(&format!("{name} is no text, and only text can be verified")));
    }
    Ok(())
}

fn no_text(message: &str) -> Error {
    Error::usage(message).help("let the pipeline write JSON, or export its output as JSON lines")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotated_files_come_the_oldest_first() {
        let mut files: Vec<PathBuf> =
            ["b-10.log", "a.log", "a.log.1", "a.log.10.gz", "a.log.2.zst", "b-9.log", "b-9.log-20260102"]
                .map(PathBuf::from)
                .into();
        files.sort_by(|one, other| in_time(one, other));
        let names: Vec<&str> = files.iter().map(|path| path.to_str().unwrap()).collect();
        assert_eq!(
            names,
            ["a.log.10.gz", "a.log.2.zst", "a.log.1", "a.log", "b-9.log", "b-9.log-20260102", "b-10.log"]
        );
    }

    #[test]
    fn only_text_is_read() {
        for (bytes, said) in [
            (&b"PAR1\x15\x04"[..], "Parquet"),
            (b"Obj\x01\x04", "Avro"),
            (b"a\0b\0c\0d\0e\0", "no text"),
            (b"\x89\xa4type\xc4\x90\xff\xfe", "no text"),
            (b"\x0A\x81\x02\x0A", "no text"),
            (b"\xFF\xFEa\0", "UTF-16"),
        ] {
            let error = refuse("`x`", bytes).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        for bytes in [
            &b""[..],
            b"{}",
            b"\xEF\xBB\xBF{}",
            b"a\x1b[0mb",
            b"{\"x\":\"\xE4 aber sonst alles wie es sein soll\"}",
            b"{\"x\":\"y\"}\0\0\0\0\n{\"x\":\"z\"}\0\0\0",
        ] {
            assert!(refuse("`x`", bytes).is_ok());
        }
    }
}
