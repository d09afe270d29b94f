//! A log file as an application writes it: events are appended to `FILE` under its own name from the first one on, for
//! agents that follow a file by name.
//!
//! **Whole lines.** A chunk is written with one system call. The file is open for appending (`O_APPEND`), so after another
//! program has truncated it, the next line begins at the new end. If a write fails in the middle of a line, that part is
//! cut off again.
//!
//! **Rotation by others.** Before a chunk is written the name is compared with the open file (see [`LogFile::check`]). In
//! a live run a thread does the same, because hours may pass between two events.
//!
//! **Rotation by the run** happens between two events, before the one that would exceed the size or begins another
//! period. Events are in the files in the order of the run: `cat` of the oldest to the newest is the run.

mod log_file;
mod rotation;

use std::{
    ops::Range,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::AtomicBool,
        mpsc::{self, RecvTimeoutError},
    },
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    Delivered, Ending, Failed, Flow, Output, Sink,
    compress::{Compression, FRAME_EVENTS},
    format::Format,
    messages::quoted,
    output_file::Broken,
    place::descriptor,
};
use crate::{bytes::Chunk, error::Error};
use log_file::LogFile;
pub(crate) use rotation::{RotateAt, is_rotated_name};

/// Time between two comparisons of the name with the open file in a run that is not live. A comparison is two system
/// calls, which take a thousandth of this time. A live run compares before each of its batches, because a follower may
/// stop reading a renamed file soon.
const CHECK_EVERY: Duration = Duration::from_millis(1);

/// Time between two comparisons while no event is due.
const CHECK_IDLE_EVERY: Duration = Duration::from_millis(100);

/// How a log file is written in place.
#[derive(Debug, Clone, Default)]
pub(crate) struct InPlace {
    /// When the run begins a new file, if it does.
    pub(crate) rotate: Option<RotateAt>,
    /// The number of rotated files to keep; `None` keeps all.
    pub(crate) keep: Option<u64>,
    /// Whether the run is live: periods are those of the wall clock, and the name is also checked between events.
    pub(crate) is_live: bool,
    /// Set by a signal: open the name again at once.
    pub(crate) reopen: Arc<AtomicBool>,
}

/// Rejects an output that cannot be written in place, before anything is opened.
///
/// # Errors
/// [`Error::Usage`] with the reason.
pub(crate) fn refuse_for_log(output: &Output) -> Result<(), Error> {
    let Some(path) = output.path.as_deref() else {
        return Err(
            Error::usage("`--in-place` appends to a file, and standard output is none").help("name a file: `-o FILE`")
        );
    };
    let shown = quoted(path);
    if output.split.is_some() || path.as_os_str().as_encoded_bytes().ends_with(b"/") || path.is_dir() {
        return Err(Error::usage(format!("`--in-place` appends to one file, and {shown} is a directory"))
            .help("name a file, without `--split`"));
    }
    if descriptor(path).is_some() || path.exists() && !path.is_file() {
        return Err(Error::usage(format!("`--in-place` appends to a regular file, and {shown} is none"))
            .help("leave out `--in-place`: devices and pipes are written directly"));
    }
    if Compression::wanted(path)?.is_some() {
        let message = format!(
            "`--in-place` cannot compress {shown}: nothing is written before {FRAME_EVENTS} events are complete"
        );
        return Err(Error::usage(message).help("name a plain file, such as `audit.ndjson`"));
    }
    if output.format != Format::Ndjson {
        let name = output.format.name();
        return Err(Error::usage(format!("`--in-place` writes an event a line, and not `--format {name}`"))
            .help("use `--format ndjson`"));
    }
    Ok(())
}

/// Opens a log file to append the events of a run.
///
/// # Errors
/// [`Error::Usage`] as for [`refuse_for_log`]; [`Error::Failed`] if the file cannot be opened, if another run is
/// writing it, or if it ends in the middle of a line.
pub(crate) fn append_to_log(output: &Output, how: InPlace) -> Result<Box<dyn Sink>, Error> {
    refuse_for_log(output)?;
    let path = output.path.as_deref().unwrap_or(Path::new("-"));
    let is_live = how.is_live;
    let log = Arc::new(Mutex::new(LogFile::open(path, how)?));
    let watcher = is_live.then(|| Watcher::start(&log)).flatten();
    Ok(Box::new(LogSink { log, watcher, is_failed: false, delivered: Delivered::default() }))
}

/// A sink that appends to a log file.
struct LogSink {
    log: Arc<Mutex<LogFile>>,
    watcher: Option<Watcher>,
    /// Whether a write failed, and the error was reported.
    is_failed: bool,
    delivered: Delivered,
}

/// A thread that checks the name between events.
struct Watcher {
    over: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Watcher {
    /// `None` if the system refuses to start a thread: the name is then only checked before events.
    fn start(log: &Arc<Mutex<LogFile>>) -> Option<Self> {
        let (log, (over, running)) = (Arc::clone(log), mpsc::channel());
        let thread = Builder::new().name("reopen".to_owned()).spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = running.recv_timeout(CHECK_IDLE_EVERY) {
                // If the name cannot be opened, the next event reports it, or finds that it can be again.
                let _ = lock(&log).check(Instant::now());
            }
        });
        thread.ok().map(|thread| Self { over, thread })
    }

    fn finish(self) {
        drop(self.over);
        // A panic of this thread is no failure of the run.
        let _ = self.thread.join();
    }
}

fn lock(log: &Mutex<LogFile>) -> MutexGuard<'_, LogFile> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sink for LogSink {
    fn worthwhile_threads(&self) -> usize {
        usize::MAX
    }

    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        let log = Arc::clone(&self.log);
        let mut log = lock(&log);
        if self.is_failed {
            return Err(Error::failed(format!("cannot write {}: an earlier write failed", log.name())));
        }
        let result = self.append(&mut log, chunk);
        self.is_failed = result.is_err();
        result.map(|()| Flow::Open)
    }

    fn finish(mut self: Box<Self>, ending: Ending) -> Result<Delivered, Box<Failed>> {
        if let Some(watcher) = self.watcher.take() {
            watcher.finish();
        }
        let mut log = lock(&self.log);
        let mut delivered = self.delivered;
        let synced = log.finish();
        delivered.log = Some(log.counts);
        delivered.notes = log.notes(ending, delivered.events);
        if log.unknown == 0 {
            return synced.map(|()| delivered.clone()).map_err(|error| Box::new(Failed { error, delivered }));
        }
        // Events in a file that could not be synced or closed.
        delivered.next = None;
        delivered.events -= log.unknown;
        delivered.unknown = log.unknown;
        match synced {
            Ok(()) => Ok(delivered),
            Err(error) => Err(Box::new(Failed { error, delivered })),
        }
    }
}

impl LogSink {
    /// Appends a chunk, divided where a new file begins.
    fn append(&mut self, log: &mut LogFile, chunk: &Chunk) -> Result<(), Error> {
        log.check(Instant::now())?;
        let mut from = 0;
        while from < chunk.events.len() {
            let to = log.holds_until(chunk, from);
            if to == from {
                log.rotate()?;
            } else {
                self.write(log, chunk, from..to)?;
                from = to;
            }
        }
        Ok(())
    }

    fn write(&mut self, log: &mut LogFile, chunk: &Chunk, events: Range<usize>) -> Result<(), Error> {
        let events = &chunk.events[events];
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(()) };
        let start = first.body.start as usize;
        let bytes = &chunk.bodies[start..=last.body.end as usize];
        let result = log.write(bytes);
        let written = match &result {
            Ok(()) => bytes.len(),
            Err(Broken { written, .. }) => *written,
        };
        let ends = events.iter().map(|event| event.body.end as usize + 1 - start);
        let whole = ends.take_while(|end| *end <= written).enumerate().last();
        let (count, end) = whole.map_or((0, 0), |(index, end)| (index + 1, end));
        log.took(count as u64);
        self.delivered.events += count as u64;
        self.delivered.bytes += end as u64;
        self.delivered.written += end as u64;
        self.delivered.next = events[..count].last().map(|event| event.number + 1).or(self.delivered.next);
        result.map_err(|Broken { error, .. }| log.broken(&error, (written - end) as u64, self.delivered.events))
    }
}
