//! System calls that the standard library has no safe form of: each is wrapped here, and nowhere else.

#![expect(unsafe_code, reason = "the standard library does not offer these calls, and each is a line")]

use std::{
    fs::File,
    io,
    mem::MaybeUninit,
    os::fd::{FromRawFd, IntoRawFd, RawFd},
    ptr,
};

/// Whether a signal is ignored: `nohup` starts programs so, and expects that they leave it at that.
pub(crate) fn is_ignored(signal: i32) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action nothing changes, and the current one is written into memory of its size.
    let asked = unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) };
    // SAFETY: zeros are a valid value of the structure, which holds integers and a function that may be absent.
    let action = unsafe { action.assume_init() };
    asked == 0 && action.sa_sigaction == libc::SIG_IGN
}

/// A second descriptor of a file that this process was started with, with the same position in it.
///
/// # Errors
/// If there is no such descriptor, or no room for another.
pub(crate) fn duplicate(number: RawFd) -> io::Result<File> {
    // SAFETY: the call takes any number, and says so if it is no open file.
    let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
    if flags >= 0 && flags & libc::FD_CLOEXEC != 0 {
        // The process itself opened this descriptor, so the user cannot mean it.
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the call takes any number, and says so if it is no open file.
    let copy = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 3) };
    if copy < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just created, and no other code knows it.
    Ok(unsafe { File::from_raw_fd(copy) })
}

/// Closes a file and reports errors that dropping it would hide: a network file system may report a full disk only
/// here.
///
/// # Errors
///
/// The written data could not be passed on.
pub(crate) fn close(file: File) -> io::Result<()> {
    // SAFETY: the file has given up its descriptor, so that it is closed once.
    if unsafe { libc::close(file.into_raw_fd()) } == 0 {
        return Ok(());
    }
    match io::Error::last_os_error() {
        // The descriptor is gone all the same.
        error if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        error => Err(error),
    }
}
