//! Resolves what a path refers to before anything is opened: standard output, another descriptor of this process, or a
//! file.

use std::{
    ffi::OsStr,
    fs,
    os::fd::RawFd,
    path::{Path, PathBuf},
};

/// The longest chain of links that is followed.
const LINKS: usize = 8;

/// The number of the standard output descriptor.
pub(super) const STDOUT: RawFd = 1;

/// The descriptor that a path refers to: `-`, `/dev/stdout`, `/dev/fd/3`, `/proc/self/fd/3`, or a link to one of them.
///
/// Opening such a path would create a second file position, and overwrite what another program has written to the
/// descriptor. So the descriptor itself is used.
pub(super) fn descriptor(path: &Path) -> Option<RawFd> {
    if path == Path::new("-") {
        return Some(STDOUT);
    }
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        if let Some(number) = number(&path) {
            return Some(number);
        }
        let target = fs::read_link(&path).ok()?;
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    None
}

fn number(path: &Path) -> Option<RawFd> {
    match path.to_str()? {
        "/dev/stdin" => return Some(0),
        "/dev/stdout" => return Some(STDOUT),
        "/dev/stderr" => return Some(2),
        _ => {}
    }
    let folder = path.parent()?;
    let own = ["/dev/fd", "/proc/self/fd", "/proc/thread-self/fd"].map(Path::new);
    let own = own.contains(&folder) || folder == PathBuf::from(format!("/proc/{}/fd", std::process::id()));
    let digits = path.file_name().and_then(OsStr::to_str).filter(|_| own)?;
    digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a path refers to standard output.
pub(crate) fn is_stdout(path: &Path) -> bool {
    descriptor(path) == Some(STDOUT)
}

/// Whether two paths refer to the same destination, as far as that can be known before anything is written.
pub(crate) fn is_same_place(one: &Path, other: &Path) -> bool {
    match (descriptor(one), descriptor(other)) {
        (None, None) => one == other || real(one).is_some_and(|one| Some(one) == real(other)),
        (one, other) => one == other,
    }
}

/// The path of an existing or future file, with links resolved.
fn real(path: &Path) -> Option<PathBuf> {
    if let Ok(real) = fs::canonicalize(path) {
        return Some(real);
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(fs::canonicalize(parent).ok()?.join(path.file_name()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn descriptors_are_known_by_each_of_their_names() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let link = folder.path().join("out");
        symlink("/dev/fd/3", &link).expect("a link can be made");
        let own = format!("/proc/{}/fd/3", std::process::id());
        for (path, number) in [
            ("-", Some(1)),
            ("/dev/stdout", Some(1)),
            ("/dev/stderr", Some(2)),
            ("/proc/self/fd/12", Some(12)),
            (own.as_str(), Some(3)),
            (link.to_str().expect("it is UTF-8"), Some(3)),
            ("/dev/fd/+3", None),
            ("/dev/fd/3/x", None),
            ("/dev/null", None),
            ("stdout", None),
        ] {
            assert_eq!(descriptor(Path::new(path)), number, "{path}");
        }
    }

    #[test]
    fn one_place_has_many_paths() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = |name: &str| folder.path().join(name);
        symlink(folder.path(), path("link")).expect("a link can be made");
        assert!(is_same_place(&path("a"), &path("link/./a")));
        assert!(is_same_place(Path::new("/dev/fd/1"), Path::new("-")));
        assert!(!is_same_place(&path("a"), &path("b")));
        assert!(!is_same_place(&path("a"), Path::new("-")));
    }
}
