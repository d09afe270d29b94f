//! Records whose bytes are not those of their event, on disk until the events are rendered once more.
//!
//! They come in any order, and events are rendered in the run's: so they are divided by the event's position, and each
//! part is small enough for memory.

use super::origin::{Origin, RecordKey};
use crate::{error::Error, sink::reason};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A record that waits to be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spooled<B = Vec<u8>> {
    pub event: u64,
    pub origin: Origin,
    /// Whether other events are judged by the same record.
    pub is_shared: bool,
    pub bytes: B,
}

/// Parts at most.
const PARTS: u64 = 1024;

/// Events of a part at least: their records are some tens of megabytes.
const EVENTS: u64 = 16_384;

/// Bytes that wait to be written, of all parts together.
const WAITING: usize = 32 << 20;

/// Bytes of a part at most that are written at once.
const AT_ONCE: usize = 1 << 20;

/// Bytes of records that are judged at once.
const IN_MEMORY: u64 = 64 << 20;

pub(super) struct Spool {
    folder: Option<PathBuf>,
    /// Made with the first record.
    place: Option<TempDir>,
    /// Events of a part.
    width: u64,
    parts: Vec<Slice>,
    failed: Option<io::Error>,
}

#[derive(Default)]
struct Slice {
    waiting: Vec<u8>,
    written: u64,
}

impl Spool {
    /// An empty spool for records of that number of events. Files go into `folder`, or into the system's folder for
    /// temporary files.
    pub(super) fn new(events: u64, folder: Option<&Path>) -> Self {
        let width = events.div_ceil(PARTS).max(EVENTS);
        let parts = (0..events.div_ceil(width)).map(|_| Slice::default()).collect();
        Spool { folder: folder.map(Path::to_owned), place: None, width, parts, failed: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.written == 0 && part.waiting.is_empty())
    }

    /// Keeps a record. Errors come with [`Spool::read`].
    pub(super) fn put(&mut self, record: &Spooled<&[u8]>) {
        let number = (record.event / self.width) as usize;
        let parts = self.parts.len();
        let Some(part) = self.parts.get_mut(number) else { return };
        let out = &mut part.waiting;
        out.extend_from_slice(&record.event.to_le_bytes());
        out.extend_from_slice(&record.origin.record.to_le_bytes());
        out.extend_from_slice(&record.origin.input.to_le_bytes());
        out.extend_from_slice(&record.origin.key.to_number().to_le_bytes());
        out.extend_from_slice(&record.origin.received.unwrap_or(i64::MIN).to_le_bytes());
        out.push(u8::from(record.is_shared));
        out.extend_from_slice(&(record.bytes.len() as u32).to_le_bytes());
        out.extend_from_slice(record.bytes);
        // Each write opens the file once more, because there may be more parts than files that a process may have open.
        if out.len() >= AT_ONCE.min(WAITING / parts)
            && self.failed.is_none()
            && let Err(error) = self.write(number)
        {
            self.failed = Some(error);
        }
    }

    fn write(&mut self, number: usize) -> io::Result<()> {
        let path = self.path(number)?;
        let part = &mut self.parts[number];
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(&part.waiting)?;
        part.written += part.waiting.len() as u64;
        part.waiting.clear();
        Ok(())
    }

    fn path(&mut self, number: usize) -> io::Result<PathBuf> {
        let place = match &mut self.place {
            Some(place) => place,
            none => {
                let mut builder = tempfile::Builder::new();
                let builder = builder.prefix("falsetrail-verify-");
                none.insert(match &self.folder {
                    Some(folder) => builder.tempdir_in(folder)?,
                    None => builder.tempdir()?,
                })
            }
        };
        Ok(place.path().join(number.to_string()))
    }

    /// Calls `take` with the records of one part after another, in the events' order within what is given at once.
    ///
    /// # Errors
    /// [`Error::Failed`] if they could not be kept or read.
    pub(super) fn read(mut self, mut take: impl FnMut(Vec<Spooled>)) -> Result<(), Error> {
        if let Some(error) = self.failed.take() {
            return Err(self.cannot(&error));
        }
        for number in 0..self.parts.len() {
            self.read_part(number, &mut take).map_err(|error| self.cannot(&error))?;
        }
        Ok(())
    }

    fn read_part(&mut self, number: usize, take: &mut impl FnMut(Vec<Spooled>)) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.parts[number].waiting);
        let mut reader: Box<dyn Read> = Box::new(io::Cursor::new(waiting));
        if self.parts[number].written > 0 {
            let path = self.path(number)?;
            reader = Box::new(BufReader::with_capacity(1 << 20, File::open(&path)?).chain(reader));
            // On most systems it can be read all the same, and its room is free when it was.
            let _ = fs::remove_file(&path);
        }
        let (mut records, mut bytes) = (Vec::new(), 0);
        while let Some(record) = spooled(&mut reader)? {
            bytes += record.bytes.len() as u64;
            records.push(record);
            if bytes > IN_MEMORY {
                take(sorted(std::mem::take(&mut records)));
                bytes = 0;
            }
        }
        if !records.is_empty() {
            take(sorted(records));
        }
        Ok(())
    }

    fn cannot(&self, error: &io::Error) -> Error {
        let folder = self.folder.clone().unwrap_or_else(std::env::temp_dir);
        let message = format!("cannot keep records in `{}`: {}", folder.display(), reason(error));
        Error::failed(message).help("name a folder with more room: `--spool DIR`")
    }
}

fn sorted(mut records: Vec<Spooled>) -> Vec<Spooled> {
    records.sort_by_key(|record| (record.event, record.origin.record));
    records
}

fn spooled(reader: &mut impl Read) -> io::Result<Option<Spooled>> {
    let mut head = [0; 31];
    match reader.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let (event, rest) = head.split_first_chunk().unwrap_or((&[0; 8], &[]));
    let (record, rest) = rest.split_first_chunk().unwrap_or((&[0; 4], &[]));
    let (input, rest) = rest.split_first_chunk().unwrap_or((&[0; 2], &[]));
    let (key, rest) = rest.split_first_chunk().unwrap_or((&[0; 4], &[]));
    let (received, rest) = rest.split_first_chunk().unwrap_or((&[0; 8], &[]));
    let (is_shared, rest) = rest.split_first().unwrap_or((&0, &[]));
    let length = rest.first_chunk().map_or(0, |length| u32::from_le_bytes(*length));
    let mut bytes = vec![0; length as usize];
    reader.read_exact(&mut bytes)?;
    Ok(Some(Spooled {
        event: u64::from_le_bytes(*event),
        origin: Origin {
            record: u32::from_le_bytes(*record),
            input: u16::from_le_bytes(*input),
            received: Some(i64::from_le_bytes(*received)).filter(|time| *time != i64::MIN),
            key: RecordKey::from_number(u32::from_le_bytes(*key)),
        },
        is_shared: *is_shared == 1,
        bytes,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_in_the_order_of_their_events() {
        let mut spool = Spool::new(100_000, None);
        let records: Vec<Spooled> = (0..3_000_u32)
            .map(|record| Spooled {
                event: u64::from(record) * 7_919 % 100_000,
                origin: Origin {
                    record,
                    input: 3,
                    received: (record % 2 == 0).then_some(i64::from(record)),
                    key: [RecordKey::Unknown, RecordKey::None, RecordKey::Number(7), RecordKey::Other]
                        [record as usize % 4],
                },
                is_shared: record % 3 == 0,
                bytes: vec![b'x'; record as usize % 300],
            })
            .collect();
        for Spooled { event, origin, is_shared, bytes } in &records {
            spool.put(&Spooled { event: *event, origin: *origin, is_shared: *is_shared, bytes });
        }
        let mut back = Vec::new();
        spool.read(|part| back.extend(part)).unwrap();
        assert_eq!(back, sorted(records));
    }
}
