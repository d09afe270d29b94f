//! The open log file: whether it still has the name, whether it ends with a whole line, and how a new one is begun.

use std::{
    collections::HashMap,
    fs::{self, File, Metadata, OpenOptions},
    io::{self, ErrorKind, Seek},
    mem,
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use super::{
    CHECK_EVERY, InPlace,
    rotation::{Identity, RotateAt, identity, period, shift},
};
use crate::{
    bytes::{Chunk, Event},
    clock,
    error::Error,
    sink::{
        Ending, LogCounts,
        messages::{cannot_create, cannot_open, quoted, reason, word},
        output_file::{Broken, OutputFile},
        part::lock,
    },
    units,
};

/// How long a name may be missing until it is created again: another program may have renamed the file and be about to
/// create the new one itself, as logrotate's `create` does.
const MISSING_FOR: Duration = Duration::from_secs(1);

/// How often, with a millisecond between, a missing name is looked for before the next event goes into the renamed
/// file: the new file is usually there at once, and followers such as `tail -F` already wait for it.
const LOOKS: usize = 50;

/// How often opening is tried again, if the name gets another file at that moment.
const TRIES: usize = 10;

/// The bytes at the end of a file that are read to find its last line.
const TAIL_BYTES: u64 = 1 << 20;

/// A log file that is open for appending.
pub(super) struct LogFile {
    path: PathBuf,
    how: InPlace,
    open: Open,
    /// The period of the events in the file, if it is rotated by time and the period is known.
    period: Option<i64>,
    /// Events of this run in the file.
    in_file: u64,
    /// Events of this run in earlier files, if some are deleted.
    in_earlier: HashMap<Identity, u64>,
    checked: Instant,
    missing_since: Option<Instant>,
    pub(crate) counts: LogCounts,
    /// Events in files that could not be synced or closed.
    pub(crate) unknown: u64,
    /// Whether the file ends with half an event that could not be removed.
    is_ragged: bool,
}

/// An open file that is locked, has the name and ends with a whole line.
struct Open {
    file: OutputFile,
    identity: Identity,
    length: u64,
    /// When it was last written, and its last line.
    modified: i64,
    last_line: Vec<u8>,
}

impl LogFile {
    pub(super) fn open(path: &Path, how: InPlace) -> Result<Self, Error> {
        let open = Open::new(path, None)?;
        // Rotating renames the file and not a link to it.
        let real = how.rotate.filter(|_| path.is_symlink()).and_then(|_| fs::canonicalize(path).ok());
        let mut log = Self {
            path: real.unwrap_or_else(|| path.to_owned()),
            how,
            open,
            period: None,
            in_file: 0,
            in_earlier: HashMap::new(),
            checked: Instant::now(),
            missing_since: None,
            counts: LogCounts::default(),
            unknown: 0,
            is_ragged: false,
        };
        log.period = log.period_so_far();
        Ok(log)
    }

    pub(super) fn name(&self) -> &str {
        self.open.file.name()
    }

    /// Opens the name again if the open file no longer has it:
    ///
    /// | the name has | then |
    /// |---|---|
    /// | the open file | nothing |
    /// | another file | that file is opened |
    /// | no file, and the open one was renamed | a file is created after [`MISSING_FOR`], or at once after a signal |
    /// | no file, and the open one was deleted | a file is created at once |
    ///
    /// # Errors
    /// [`Error::Failed`] if the name cannot be opened. The open file stays open.
    pub(super) fn check(&mut self, now: Instant) -> Result<(), Error> {
        let is_deleted = self.update_length();
        let is_asked = self.how.reopen.swap(false, Ordering::Relaxed);
        let is_recent = !self.how.is_live && now.duration_since(self.checked) < CHECK_EVERY;
        if is_recent && !is_asked && !is_deleted {
            return Ok(());
        }
        self.checked = now;
        match fs::metadata(&self.path) {
            Ok(found) if identity(&found) == self.open.identity => {
                self.missing_since = None;
                Ok(())
            }
            Ok(_) => self.reopen(),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let is_there = !is_asked && !is_deleted && self.missing_since.is_none() && self.appears();
                let since = *self.missing_since.get_or_insert(now);
                let is_over = now.duration_since(since) >= MISSING_FOR;
                if is_there || is_asked || is_deleted || is_over { self.reopen() } else { Ok(()) }
            }
            Err(error) => Err(cannot_open(&self.path, &error)),
        }
    }

    /// Whether a missing name soon has a file again.
    fn appears(&self) -> bool {
        (0..LOOKS).any(|_| {
            thread::sleep(Duration::from_millis(1));
            self.path.exists()
        })
    }

    /// The index of the first event after `from` that does not belong into the open file; `from` if the file has to be
    /// rotated first.
    pub(super) fn holds_until(&mut self, chunk: &Chunk, from: usize) -> usize {
        let events = &chunk.events[from..];
        from + match (self.how.rotate, events) {
            (None, _) | (_, []) => events.len(),
            (Some(RotateAt::Size(most)), [first, ..]) => {
                let room = most.saturating_sub(self.open.length);
                let fit = events.partition_point(|event| u64::from(event.body.end + 1 - first.body.start) <= room);
                let is_oversized = fit == 0 && self.open.length == 0;
                self.counts.oversized += u64::from(is_oversized);
                fit + usize::from(is_oversized)
            }
            (Some(RotateAt::Period(length)), [first, ..]) => {
                let wall = self.how.is_live.then(clock::now);
                let period = |event: &Event| period(length, wall.unwrap_or(event.time));
                let first = period(first);
                let mut current = *self.period.get_or_insert(first);
                if first > current && self.open.length > 0 {
                    return from;
                }
                current = current.max(first);
                self.period = Some(current);
                events.partition_point(|event| period(event) <= current)
            }
        }
    }

    /// Appends whole lines.
    pub(super) fn write(&mut self, lines: &[u8]) -> Result<(), Broken> {
        let result = self.open.file.write(lines);
        // After a write the position is the file's end, also if the file was truncated before.
        self.open.length = self.open.file.file().stream_position().unwrap_or(self.open.length);
        result
    }

    /// Counts events that were written.
    pub(super) fn took(&mut self, events: u64) {
        self.in_file += events;
    }

    /// The error of a failed write, after this number of events of the run. Cuts off the last bytes, which are half an
    /// event.
    pub(super) fn broken(&mut self, error: &io::Error, half: u64, events: u64) -> Error {
        self.is_ragged = half > 0 && !self.open.file.take_back(half);
        self.open.file.failure(error, events)
    }

    /// Begins a new file.
    pub(super) fn rotate(&mut self) -> Result<(), Error> {
        if fs::metadata(&self.path).ok().map(|found| identity(&found)) != Some(self.open.identity) {
            // Another program has rotated the file a moment ago.
            return self.reopen();
        }
        let deleted = shift(&self.path, self.how.keep)?;
        self.counts.rotated += 1;
        if let Some(deleted) = deleted {
            self.counts.deleted_files += 1;
            self.counts.deleted_events += self.in_earlier.remove(&deleted).unwrap_or(0);
        }
        self.switch()
    }

    /// Waits until the data is on disk.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        self.open.file.sync().map_err(|error| {
            self.unknown += self.in_file;
            error.help("how much of it is on the disk is not known: write the run to another file")
        })
    }

    /// Sentences for the summary.
    pub(super) fn notes(&self, ending: Ending, events: u64) -> Vec<String> {
        let LogCounts { rotated, reopened, truncated, oversized, deleted_files, deleted_events } = self.counts;
        let name = self.name();
        let times = |count: u64| if count == 1 { "once".to_owned() } else { format!("{count} times") };
        let notes = [
            (ending == Ending::Stopped && events > 0, format!("{name} and the files that were rotated keep them")),
            (rotated > 0, format!("{name} was rotated {}", times(rotated))),
            (
                reopened > 0,
                format!("{name} was renamed or removed by another program, and opened again, {}", times(reopened)),
            ),
            (truncated > 0, format!("{name} was truncated by another program, {}", times(truncated))),
            (oversized > 0, format!("an event was longer than `--rotate` allows a file to be, {}", times(oversized))),
            (
                deleted_files > 0,
                format!(
                    "`--keep` deleted {deleted_files} of the oldest files, with {} events of this run",
                    units::format_count(deleted_events)
                ),
            ),
            (
                self.is_ragged,
                format!("{name} ends with half an event that could not be removed: the next run says how to do it"),
            ),
        ];
        notes.into_iter().filter_map(|(applies, note)| applies.then_some(note)).collect()
    }

    /// Notes the length of the open file, and whether another program has truncated it. Returns whether the file was
    /// deleted.
    fn update_length(&mut self) -> bool {
        let Ok(found) = self.open.file.file().metadata() else { return false };
        self.counts.truncated += u64::from(found.len() < self.open.length);
        self.open.length = found.len();
        found.nlink() == 0
    }

    fn reopen(&mut self) -> Result<(), Error> {
        self.switch()?;
        self.counts.reopened += 1;
        Ok(())
    }

    /// Opens the file that has the name now, or creates one like the open file, and closes the latter.
    fn switch(&mut self) -> Result<(), Error> {
        let like = self.open.file.file().metadata().ok();
        let old = mem::replace(&mut self.open, Open::new(&self.path, like.as_ref())?);
        let in_old = mem::take(&mut self.in_file);
        if self.how.keep.is_some() {
            *self.in_earlier.entry(old.identity).or_default() += in_old;
        }
        self.missing_since = None;
        self.period = self.period_so_far();
        let name = old.file.name().to_owned();
        old.file.close().map_err(|error| {
            self.unknown += in_old;
            Error::failed(format!("cannot close {name} after it was renamed: {}", reason(&error)))
                .help("how much of it is on the disk is not known: write the run to another file")
        })
    }

    /// The period of the events that are in the file, if it is rotated by time.
    fn period_so_far(&self) -> Option<i64> {
        let Some(RotateAt::Period(length)) = self.how.rotate else { return None };
        if self.open.length == 0 {
            return None;
        }
        let time = if self.how.is_live { Some(self.open.modified) } else { time_of(&self.open.last_line) };
        time.map(|time| period(length, time))
    }
}

/// The event time of a line that is an event.
fn time_of(line: &[u8]) -> Option<i64> {
    let event: serde_json::Value = serde_json::from_slice(line).ok()?;
    units::time(event["time"].as_str()?, 0).ok()
}

impl Open {
    /// Opens a file, or creates it with the owner and the mode of another.
    fn new(path: &Path, like: Option<&Metadata>) -> Result<Self, Error> {
        for _ in 0..TRIES {
            if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
                return Err(Error::failed(format!("{} is no regular file", quoted(path))).help("name another file"));
            }
            let file = match open_or_create(path, like) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                Err(error) if error.kind() == ErrorKind::NotFound => return Err(cannot_create(path, &error)),
                result => result.map_err(|error| cannot_open(path, &error))?,
            };
            if !lock(&file) {
                return Err(Error::failed(format!("another run is writing {} right now", quoted(path)))
                    .help("wait for it, or name another file"));
            }
            let found = file.metadata().map_err(|error| cannot_open(path, &error))?;
            // Another program may have renamed it before it was locked.
            if fs::metadata(path).is_ok_and(|now| identity(&now) == identity(&found)) {
                return Self::whole(file, path, &found);
            }
        }
        Err(Error::failed(format!("{} cannot be opened: it keeps changing, or is a link to nothing", quoted(path)))
            .help("name another file"))
    }

    /// Rejects a file that ends in the middle of a line: the first event would become a part of it.
    fn whole(file: File, path: &Path, found: &Metadata) -> Result<Self, Error> {
        let length = found.len();
        let tail = tail(&file, length).map_err(|error| cannot_open(path, &error))?;
        let lines = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let torn = (tail.len() - lines) as u64;
        if torn > 0 {
            let (shown, word) = (quoted(path), word(path));
            let error = Error::failed(format!("{shown} ends in the middle of a line, which a crash may have left"));
            let is_found = lines > 0 || torn == length;
            let cut = format!("`truncate -s {} {word}` removes that part of a line", length - torn);
            return Err(error
                .help(if is_found { cut } else { String::new() })
                .help(format!("`echo >> {word}` makes it a line")));
        }
        let before = tail[..lines.saturating_sub(1)].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        Ok(Self {
            file: OutputFile::appending(file, path),
            identity: identity(found),
            length,
            modified: found.mtime().saturating_mul(units::SECOND),
            last_line: tail[before..].to_vec(),
        })
    }
}

fn open_or_create(path: &Path, like: Option<&Metadata>) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    match options.open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        result => return result,
    }
    let Some(like) = like else { return options.create_new(true).open(path) };
    // Until it has the mode of the other file, nobody else may read it.
    let file = options.create_new(true).mode(0o600).open(path)?;
    // Only root may give a file to another user.
    let _ = fchown(&file, Some(like.uid()), Some(like.gid()));
    file.set_permissions(fs::Permissions::from_mode(like.mode() & 0o777))?;
    Ok(file)
}

/// The end of a file.
fn tail(file: &File, length: u64) -> io::Result<Vec<u8>> {
    let mut tail = vec![0; length.min(TAIL_BYTES) as usize];
    let start = length - tail.len() as u64;
    file.read_exact_at(&mut tail, start)?;
    Ok(tail)
}
