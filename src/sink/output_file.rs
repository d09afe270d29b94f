//! The file or stream that one output is written to: stdout, a device or a pipe, or a regular file that gets its name
//! at the end.
//!
//! **Regular files.** The bytes are written to `FILE.part` (see [`part`](super::part)), which is renamed to `FILE` only
//! when the run is complete (see [`publish`](super::publish)), so nobody mistakes an unfinished output for a complete
//! one. Without `force` the renaming fails if `FILE` has appeared meanwhile.
//!
//! **A stopped run** leaves `FILE.part`, which [`OutputFile::reopen`] resumes: nothing in it changes until it is known to
//! belong to the run.
//!
//! **Late errors.** Before a regular file gets its name its data is synced. Without that a power failure can leave an
//! empty `FILE`, and network file systems may report a full disk only then. Syncing takes about a tenth of the time of
//! writing on a local disk. After a failed sync, the system forgets which pages it could not write; so the file may be
//! damaged, and no command offers to resume it.
//!
//! **Devices and pipes** are written directly; there is nothing to rename. Opening a named pipe waits for its reader,
//! as in a shell. Descriptors that the process inherited (`/dev/fd/3`) are written directly, too.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, IsTerminal, Seek, SeekFrom, Write},
    os::{
        fd::{AsFd, RawFd},
        unix::fs::FileTypeExt,
    },
    path::Path,
    thread,
    time::Duration,
};

use rustix::fs::{OFlags, fcntl_getfl};

use super::{
    Ending,
    messages::{cannot_open, cannot_sync, quoted, reason, whole},
    overwrite::Overwrite,
    part::{Content, Part},
    piece,
    place::{STDOUT, descriptor},
    publish::{publish, sync_name},
};
use crate::{error::Error, system};

/// An open output.
#[derive(Debug)]
pub(super) struct OutputFile {
    file: File,
    /// The name in messages: `` `trail.ndjson.part` `` or `stdout`.
    name: String,
    /// The largest single write.
    piece: usize,
    regular: bool,
    /// Whether nothing was written since the last sync.
    synced: bool,
    part: Option<Part>,
}

/// A write that failed before its end.
pub(super) struct Broken {
    /// Bytes that were written before the error.
    pub(crate) written: usize,
    pub(crate) error: io::Error,
}

/// A file that did not get its final name.
pub(super) struct Unnamed {
    pub(crate) error: Error,
    /// Whether the data may not be on disk.
    pub(crate) is_lost: bool,
}

impl OutputFile {
    /// The standard output.
    pub(super) fn stdout() -> Result<Self, Error> {
        // A separate handle, because the library's one splits writes at line ends.
        let file = io::stdout()
            .as_fd()
            .try_clone_to_owned()
            .map_err(|error| Error::failed(format!("cannot use stdout: {}", reason(&error))))?;
        Ok(Self::direct(file.into(), "stdout".to_owned()))
    }

    /// Opens an output for events: a device, a pipe or a descriptor directly, anything else as a regular file.
    pub(super) fn path(path: &Path, overwrite: Overwrite) -> Result<Self, Error> {
        Self::open(path, overwrite, Content::Events)
    }

    /// A regular file that is open for appending. Each write is a single one, so that no other program sees or moves half
    /// of it.
    pub(super) fn appending(file: File, path: &Path) -> Self {
        Self { piece: usize::MAX, ..Self::direct(file, quoted(path)) }
    }

    /// Opens an output for something other than events.
    pub(super) fn beside(path: &Path, overwrite: Overwrite) -> Result<Self, Error> {
        Self::open(path, overwrite, Content::Other)
    }

    fn open(path: &Path, overwrite: Overwrite, content: Content) -> Result<Self, Error> {
        let shown = quoted(path);
        if let Some(number) = descriptor(path) {
            return Self::descriptor(number, path);
        }
        match fs::metadata(path) {
            Ok(found) if found.is_file() && overwrite == Overwrite::Refuse => {
                Err(Error::failed(format!("{shown} already exists"))
                    .help("`--force` replaces it when the run is complete"))
            }
            // Resolve a symbolic link, so that the link is not replaced.
            Ok(found) if found.is_file() => {
                let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
                Part::create(real, overwrite, content).map(Self::regular)
            }
            Ok(found) if found.file_type().is_block_device() => {
                Err(Error::failed(format!("{shown} is a disk, and writing would destroy what is on it"))
                    .help("name a file"))
            }
            Ok(_) => {
                let file = OpenOptions::new().write(true).open(path).map_err(|error| cannot_open(path, &error))?;
                Ok(Self::direct(file, shown))
            }
            Err(_) if path.is_symlink() => {
                Err(Error::failed(format!("{shown} is a symbolic link to something that cannot be reached"))
                    .help("remove the link, or name another file"))
            }
            // Creating the file reports any error of the path.
            Err(_) => Part::create(path.to_owned(), overwrite, content).map(Self::regular),
        }
    }

    /// Reopens the unfinished regular file of a stopped run, to resume it.
    pub(super) fn reopen(path: &Path, overwrite: Overwrite) -> Result<Self, Error> {
        if is_direct(path) {
            let shown = quoted(path);
            return Err(Error::failed(format!("{shown} is no regular file: nothing of it is kept under another name"))
                .help("leave out `--append`: it is written directly, after whatever was written before"));
        }
        Part::reopen(path, overwrite).map(Self::regular)
    }

    /// The open file, for reading its content.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// The output's name in messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Resumes after `length` bytes and cuts off the rest.
    pub(super) fn truncate(&mut self, length: u64) -> Result<(), Error> {
        self.synced = false;
        let result = self.file.set_len(length).and_then(|()| self.file.seek(SeekFrom::Start(length)));
        result.map(|_| ()).map_err(|error| Error::failed(format!("cannot cut {}: {}", self.name, reason(&error))))
    }

    /// Writes all bytes, in pieces that suit the destination. It sleeps and retries if a non-blocking terminal or pipe
    /// is busy.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        self.synced = false;
        let mut written = 0;
        while written < bytes.len() {
            let end = bytes.len().min(written.saturating_add(self.piece));
            match self.file.write(&bytes[written..end]) {
                Ok(0) => {
                    return Err(Broken { written, error: ErrorKind::WriteZero.into() });
                }
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Another program has made the shared terminal or pipe non-blocking; being busy is not an error.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    thread::sleep(Duration::from_millis(1));
                }
                Err(error) => return Err(Broken { written, error }),
            }
        }
        Ok(())
    }

    /// After a failed write: removes the last bytes of a regular file, which are half an event. Returns `false` if they
    /// could not be removed.
    pub(super) fn take_back(&mut self, half: u64) -> bool {
        let mut end_without_half = || {
            let end = self.file.stream_position()?;
            // Standard output may be a file that another program has written to.
            if !self.regular || end != self.file.metadata()?.len() || end < half {
                return Err(ErrorKind::Unsupported.into());
            }
            self.file.set_len(end - half)?;
            self.file.seek(SeekFrom::Start(end - half))
        };
        end_without_half().is_ok()
    }

    /// Whether the output is a file that can be resumed later.
    pub(super) fn can_be_continued(&self) -> bool {
        self.part.is_some()
    }

    /// The error of a failed write, after this number of complete events.
    pub(super) fn failure(&self, error: &io::Error, events: u64) -> Error {
        let message = format!("cannot write {}: {}, after {}", self.name, reason(error), whole(events));
        match &self.part {
            Some(part) => {
                let keeps = format!("{} keeps them and is not renamed to {}", self.name, quoted(&part.path));
                Error::failed(message).help(keeps)
            }
            None => Error::failed(message),
        }
    }

    /// Waits until the data is on disk.
    ///
    /// # Errors
    /// [`Error::Failed`] if it may not be.
    pub(super) fn sync(&mut self) -> Result<(), Error> {
        if !self.regular || self.synced {
            return Ok(());
        }
        match self.file.sync_data() {
            Err(error) if !cannot_sync(&error) => {
                Err(Error::failed(format!("cannot sync {}: {}", self.name, reason(&error))))
            }
            _ => {
                self.synced = true;
                Ok(())
            }
        }
    }

    /// Gives a complete file its final name. For a stopped run, returns a note that says where the unfinished file is.
    pub(super) fn finish(mut self, ending: Ending, events: u64) -> Result<Option<String>, Unnamed> {
        if let Err(error) = self.sync() {
            let help = match &self.part {
                Some(_) => {
                    "how much of it is on the disk is not known: write the run to another file, and remove this one"
                }
                None => "how much of it is on the disk is not known: write the run to another file",
            };
            return Err(Unnamed { error: error.help(help), is_lost: true });
        }
        match (self.part, ending) {
            (Some(part), Ending::Complete) => {
                let named = publish(&part.now, &part.path, part.overwrite);
                let named = named.and_then(|note| sync_name(&part.path).map(|()| note));
                named.map_err(|error| Unnamed { error, is_lost: false })
            }
            (Some(part), Ending::Stopped) => {
                // A child process that was started meanwhile may still hold the file open.
                let _ = self.file.unlock();
                Ok(Some(format!("{} keeps the first {}", quoted(&part.now), whole(events))))
            }
            (None, Ending::Stopped) if self.regular && events > 0 => {
                Ok(Some(format!("{} has the first {}: let the rest follow by `>>`", self.name, whole(events))))
            }
            (None, _) => Ok(None),
        }
    }

    /// Gives a complete file its final name without syncing it, because a later version will replace it.
    pub(super) fn name_at_once(self) -> Result<(), Error> {
        self.part.map_or(Ok(()), |part| publish(&part.now, &part.path, part.overwrite).map(|_| ()))
    }

    /// Gives a complete file of lines its final name. For a stopped run, returns a note that says where the unfinished
    /// file is.
    pub(super) fn finish_lines(self, ending: Ending) -> Result<Option<String>, Error> {
        let kept = self.part.as_ref().map(|part| format!("{} keeps its lines so far", quoted(&part.now)));
        let note = self.finish(ending, 0).map_err(|unnamed| unnamed.error)?;
        Ok(if ending == Ending::Stopped { note.and(kept) } else { note })
    }

    /// Closes the file and reports errors that a network file system may only report now.
    pub(super) fn close(self) -> io::Result<()> {
        system::close(self.file)
    }

    /// Removes a file that is useless to everyone.
    pub(super) fn discard(self) {
        if let Some(part) = self.part {
            // If the file cannot be removed, it is empty, and the next run replaces it.
            let _ = self.file.set_len(0);
            let _ = fs::remove_file(part.now);
        }
    }

    /// Whether writing never waits for a reader: a regular file, or a device other than a terminal.
    pub(super) fn takes_all(&self) -> bool {
        let kind = self.file.metadata().map(|found| found.file_type());
        self.regular || (kind.is_ok_and(|kind| kind.is_char_device()) && !self.file.is_terminal())
    }

    /// Opens a descriptor that the process inherited.
    fn descriptor(number: RawFd, path: &Path) -> Result<Self, Error> {
        if number == STDOUT {
            return Self::stdout();
        }
        let file = system::duplicate(number).map_err(|error| cannot_open(path, &error))?;
        match fcntl_getfl(&file) {
            Ok(flags) if flags & OFlags::RWMODE == OFlags::RDONLY => {
                Err(Error::failed(format!("{} is open for reading only", quoted(path))))
            }
            _ => Ok(Self::direct(file, quoted(path))),
        }
    }

    fn direct(file: File, name: String) -> Self {
        let kind = file.metadata().map(|found| found.file_type()).ok();
        Self {
            piece: piece::suitable(&file, kind),
            file,
            name,
            regular: kind.is_some_and(|kind| kind.is_file()),
            synced: false,
            part: None,
        }
    }

    fn regular((file, part): (File, Part)) -> Self {
        Self { name: quoted(&part.now), part: Some(part), regular: true, ..Self::direct(file, String::new()) }
    }
}

/// Whether a path is written directly instead of being renamed at the end.
pub(super) fn is_direct(path: &Path) -> bool {
    descriptor(path).is_some() || fs::metadata(path).is_ok_and(|found| !found.is_file())
}
