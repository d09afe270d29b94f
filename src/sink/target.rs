//! Where the bytes of one output go: stdout, a device or a pipe, or a regular
//! file with a name to earn.
//!
//! **Regular files.** The bytes go to `FILE.part`, which becomes `FILE` only
//! when the run is complete, so nobody ever takes a half trail for a whole one.
//! Without `force` the last step is a hard link, which fails if `FILE` has
//! appeared meanwhile, where a rename would overwrite it. `FILE.part` is locked
//! (advisory, released by the system when the process ends): that is how a
//! running neighbour is told from the remains of a stopped run.
//!
//! **A stopped run** leaves `FILE.part`, and [`Target::reopen`] goes on with
//! it: nothing in it changes before it is known to belong to the run.
//!
//! **Late errors.** Before a regular file gets its name its data is synced.
//! Without that a power failure can leave an empty `FILE`, and network file
//! systems may report a full disk nowhere else. It costs about a tenth of the
//! writing itself on a local disk and nothing in memory.
//!
//! **Devices and pipes** are written directly; there is nothing to rename.
//! Opening a named pipe waits for its reader, as in a shell.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, IsTerminal, Seek, SeekFrom, Write},
    os::{
        fd::AsFd,
        unix::fs::{FileTypeExt, MetadataExt},
    },
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use super::{Ending, piece};
use crate::error::Error;

/// An open output.
#[derive(Debug)]
pub(super) struct Target {
    file: File,
    /// As messages call it: `` `trail.ndjson.part` `` or `stdout`.
    name: String,
    /// Largest write.
    piece: usize,
    regular: bool,
    part: Option<Part>,
}

/// A regular file that has not got its name yet.
#[derive(Debug)]
struct Part {
    now: PathBuf,
    path: PathBuf,
    force: bool,
}

/// A write that stopped in the middle.
pub(super) struct Broken {
    /// Bytes that went out before.
    pub written: usize,
    pub error: io::Error,
}

impl Target {
    /// The standard output.
    pub fn stdout() -> Result<Self, Error> {
        // A handle of our own: the library's one splits writes at line ends.
        let file = io::stdout()
            .as_fd()
            .try_clone_to_owned()
            .map_err(|error| Error::failed(format!("cannot use stdout: {}", reason(&error))))?;
        Ok(Self::direct(file.into(), "stdout".to_owned()))
    }

    /// A path: a device or pipe as it is, anything else as a regular file.
    pub fn path(path: &Path, force: bool) -> Result<Self, Error> {
        let shown = quoted(path);
        match fs::metadata(path) {
            Ok(found) if found.is_file() && !force => {
                Err(Error::failed(format!("{shown} already exists"))
                    .help("`--force` replaces it when the run is complete"))
            }
            // Where a symbolic link leads, so that the link survives.
            Ok(found) if found.is_file() => {
                let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
                Self::part(real, force)
            }
            Ok(found) if found.file_type().is_block_device() => {
                Err(Error::failed(format!("{shown} is a disk, and writing would destroy what is on it"))
                    .help("name a file"))
            }
            Ok(_) => {
                let file = OpenOptions::new().write(true).open(path);
                let file = file.map_err(|error| Error::failed(format!("cannot open {shown}: {}", reason(&error))))?;
                Ok(Self::direct(file, shown))
            }
            Err(_) if path.is_symlink() => {
                Err(Error::failed(format!("{shown} is a symbolic link to something that cannot be reached"))
                    .help("remove the link, or name another file"))
            }
            // Whatever is wrong with the path shows when the file is created.
            Err(_) => Self::part(path.to_owned(), force),
        }
    }

    /// What a stopped run has left of a regular file, to go on with it.
    pub fn reopen(path: &Path, force: bool) -> Result<Self, Error> {
        let shown = quoted(path);
        let found = fs::metadata(path).ok();
        if found.as_ref().is_some_and(|found| !found.is_file()) {
            return Err(Error::failed(format!("{shown} is no regular file: nothing of it is kept under another name"))
                .help("leave out `--append`: what is written goes behind what was written"));
        }
        let real = found.as_ref().and_then(|_| fs::canonicalize(path).ok()).unwrap_or_else(|| path.to_owned());
        let part = with_part(&real);
        if !part.is_file() {
            let missing = format!("there is no {}", quoted(&part));
            return Err(match found {
                Some(_) => Error::failed(format!("{shown} is complete: {missing} to append to"))
                    .help("leave it as it is, or generate it anew by `--force` without `--skip` and `--append`"),
                None => Error::failed(format!("{missing} that a stopped run has left")).help("leave out `--append`"),
            });
        }
        let both = found.as_ref().zip(fs::metadata(&part).ok());
        if both.is_some_and(|(file, part)| (file.dev(), file.ino()) == (part.dev(), part.ino())) {
            // A process that was killed between giving one name and taking the other.
            return Err(Error::failed(format!("{shown} is complete, and {} is the same file", quoted(&part)))
                .help(format!("remove {}", quoted(&part))));
        }
        if found.is_some() && !force {
            return Err(Error::failed(format!("{shown} exists, beside {}", quoted(&part)))
                .help("`--force` replaces it when the run is complete"));
        }
        let file = OpenOptions::new().read(true).write(true).open(&part);
        let file = file.map_err(|error| Error::failed(format!("cannot open {}: {}", quoted(&part), reason(&error))))?;
        if !lock(&file) {
            return Err(in_use(&part));
        }
        Ok(Self::of_part(file, part, real, force))
    }

    /// The file, for reading what is in it.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// As messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Goes on behind so many bytes; what follows them is cut off.
    pub fn go_on(&mut self, length: u64) -> Result<(), Error> {
        let result = self.file.set_len(length).and_then(|()| self.file.seek(SeekFrom::Start(length)));
        result.map(|_| ()).map_err(|error| Error::failed(format!("cannot cut {}: {}", self.name, reason(&error))))
    }

    /// Writes everything, in pieces that suit the destination.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let mut written = 0;
        while written < bytes.len() {
            let end = bytes.len().min(written + self.piece);
            match self.file.write(&bytes[written..end]) {
                Ok(0) => {
                    return Err(Broken { written, error: ErrorKind::WriteZero.into() });
                }
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Another program has made the shared terminal or pipe
                // non-blocking: being busy is no failure.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    thread::sleep(Duration::from_millis(1));
                }
                Err(error) => return Err(Broken { written, error }),
            }
        }
        Ok(())
    }

    /// After a failed write: takes back the last so many bytes of a regular
    /// file, which are half an event. `false`: they are still there.
    pub fn take_back(&mut self, half: u64) -> bool {
        let mut end_without_half = || {
            let end = self.file.stream_position()?;
            // Standard output may be a file that somebody else has written to.
            if !self.regular || end != self.file.metadata()?.len() || end < half {
                return Err(ErrorKind::Unsupported.into());
            }
            self.file.set_len(end - half)?;
            self.file.seek(SeekFrom::Start(end - half))
        };
        end_without_half().is_ok()
    }

    /// Whether the output is a file that can be continued later.
    pub fn can_be_continued(&self) -> bool {
        self.part.is_some()
    }

    /// What went wrong with a write, after so many whole events.
    pub fn failure(&self, error: &io::Error, events: u64) -> Error {
        let message = format!("cannot write {}: {}, after {}", self.name, reason(error), whole(events));
        match &self.part {
            Some(part) => {
                let keeps = format!("{} keeps them and is not renamed to {}", self.name, quoted(&part.path));
                Error::failed(message).help(keeps)
            }
            None => Error::failed(message),
        }
    }

    /// Gives a complete file its name. The note says where a stopped one is.
    pub fn finish(self, how: Ending, events: u64) -> Result<Option<String>, Error> {
        if self.regular {
            match self.file.sync_data() {
                Err(error) if !cannot_sync(&error) => return Err(self.failure(&error, events)),
                _ => {}
            }
        }
        match (self.part, how) {
            (Some(part), Ending::Complete) => {
                publish(&part.now, &part.path, part.force)?;
                Ok(None)
            }
            (Some(part), Ending::Stopped) => {
                // A process that was started meanwhile may have the file, too.
                let _ = self.file.unlock();
                Ok(Some(format!("{} keeps the first {}", quoted(&part.now), whole(events))))
            }
            (None, Ending::Stopped) if self.regular && events > 0 => {
                Ok(Some(format!("{} has the first {}: let the rest follow by `>>`", self.name, whole(events))))
            }
            (None, _) => Ok(None),
        }
    }

    /// Gives a complete file of lines its name. The note says where a stopped one is.
    pub fn finish_lines(self, how: Ending) -> Result<Option<String>, Error> {
        let kept = self.part.as_ref().map(|part| format!("{} keeps its lines so far", quoted(&part.now)));
        let note = self.finish(how, 0)?;
        Ok(note.and(kept))
    }

    /// Whether writing costs nothing but the machine's time: a regular file, or a device that is no terminal.
    pub fn takes_all(&self) -> bool {
        let kind = self.file.metadata().map(|found| found.file_type());
        self.regular || (kind.is_ok_and(|kind| kind.is_char_device()) && !self.file.is_terminal())
    }

    fn direct(file: File, name: String) -> Self {
        let kind = file.metadata().map(|found| found.file_type()).ok();
        Self {
            piece: piece::suitable(&file, kind),
            file,
            name,
            regular: kind.is_some_and(|kind| kind.is_file()),
            part: None,
        }
    }

    fn part(path: PathBuf, force: bool) -> Result<Self, Error> {
        let part = with_part(&path);
        let file = create_part(&part, force)?;
        Ok(Self::of_part(file, part, path, force))
    }

    fn of_part(file: File, part: PathBuf, path: PathBuf, force: bool) -> Self {
        Self {
            name: quoted(&part),
            part: Some(Part { now: part, path, force }),
            regular: true,
            ..Self::direct(file, String::new())
        }
    }
}

/// A file that is written in one go: as `FILE.part`, renamed when it is whole.
pub struct WholeFile {
    target: Target,
}

impl WholeFile {
    /// Refuses what cannot be written without making anything yet; `made` is a
    /// directory that will be there.
    ///
    /// # Errors
    /// [`Error::Failed`] if the file exists and `force` is not set, or if its
    /// directory does not exist.
    pub fn refuse(path: &Path, force: bool, made: Option<&Path>) -> Result<(), Error> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty() && Some(*parent) != made);
        if path.is_dir() {
            return Err(Error::failed(format!("{} is a directory", quoted(path))).help("name a file in it"));
        }
        if path.exists() && !force {
            return Err(Error::failed(format!("{} already exists", quoted(path))).help("`--force` replaces it"));
        }
        match parent {
            Some(parent) if !parent.is_dir() => Err(cannot_create(path, &ErrorKind::NotFound.into())),
            _ => Ok(()),
        }
    }

    /// Begins the file.
    ///
    /// # Errors
    /// [`Error::Failed`] if it cannot be created, or exists and `force` is not set.
    pub fn create(path: &Path, force: bool) -> Result<Self, Error> {
        Ok(Self { target: Target::path(path, force)? })
    }

    /// Writes everything, and gives the file its name.
    ///
    /// # Errors
    /// [`Error::Failed`], and then there is no such file.
    pub fn write(mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Err(broken) = self.target.write(bytes) {
            let name = &self.target.name;
            return Err(Error::failed(format!("cannot write {name}: {}", reason(&broken.error))));
        }
        self.target.finish(Ending::Complete, 0).map(|_| ())
    }
}

/// Moves a finished file to its name; without `force` never over another.
pub(super) fn publish(part: &Path, path: &Path, force: bool) -> Result<(), Error> {
    let result = if force {
        fs::rename(part, path)
    } else {
        match fs::hard_link(part, path) {
            Ok(()) => fs::remove_file(part),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
            // A file system without hard links: reserve the name, then take it.
            Err(_) => File::create_new(path).and_then(|_| {
                fs::rename(part, path).inspect_err(|_| {
                    let _ = fs::remove_file(path);
                })
            }),
        }
    };
    result.map_err(|error| {
        let keeps = format!("{} is complete: rename it", quoted(part));
        let why = match error.kind() {
            ErrorKind::AlreadyExists => {
                format!("{} has appeared while the run was writing", quoted(path))
            }
            _ => format!("cannot rename {} to {}: {}", quoted(part), quoted(path), reason(&error)),
        };
        Error::failed(why).help(keeps)
    })
}

/// Takes the lock that tells a running neighbour from remains. `false`: taken.
pub(super) fn lock(file: &File) -> bool {
    // File systems without locks: do without.
    !matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

/// Why something could not be created, with what to do about a missing parent.
pub(super) fn cannot_create(path: &Path, error: &io::Error) -> Error {
    let message = format!("cannot create {}: ", quoted(path));
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    match parent {
        Some(parent) if error.kind() == ErrorKind::NotFound && !parent.exists() => {
            Error::failed(format!("{message}the directory {} does not exist", quoted(parent)))
                .help(format!("create it: `mkdir -p {}`", parent.display()))
        }
        _ => Error::failed(message + &reason(error)),
    }
}

/// The system's reason in our style: `no space left on device`.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// A path in backticks.
pub(super) fn quoted(path: &Path) -> String {
    format!("`{}`", path.display())
}

/// `1 whole event`, `2 whole events`.
pub(super) fn whole(events: u64) -> String {
    let plural = if events == 1 { "" } else { "s" };
    format!("{events} whole event{plural}")
}

fn create_part(part: &Path, force: bool) -> Result<File, Error> {
    let shown = quoted(part);
    let file = match File::create_new(part) {
        Ok(file) => file,
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(cannot_create(part, &error));
        }
        Err(_) if !part.is_file() => {
            return Err(Error::failed(format!("{shown} is in the way and no regular file")));
        }
        Err(_) => OpenOptions::new()
            .write(true)
            .open(part)
            .map_err(|error| Error::failed(format!("cannot open {shown}: {}", reason(&error))))?,
    };
    if !lock(&file) {
        return Err(in_use(part));
    }
    let length = file.metadata().map_or(0, |found| found.len());
    if length > 0 && !force {
        return Err(Error::failed(format!("{shown} exists: it is what a stopped run has left"))
            .help("rename it to keep it; `--force` discards it")
            .help("`--skip N --append`, as that run has printed it, goes on with it"));
    }
    file.set_len(0).map_err(|error| cannot_create(part, &error))?;
    Ok(file)
}

fn in_use(part: &Path) -> Error {
    Error::failed(format!("another run is writing {} right now", quoted(part)))
        .help("wait for it, or name another file")
}

pub(super) fn with_part(path: &Path) -> PathBuf {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    part.into()
}

/// Some file systems have nothing to sync, and say so as an error.
fn cannot_sync(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported)
}
