//! Where events go: regular files here; formats, pipes and directories below.

mod formats;
mod pipes;
mod places;
mod split;

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use falsetrail::machinery::{
    bytes::{Chunk, Event},
    error::Error,
    sink::{Delivered, Ending, Flow, Format, Memory, Null, Output, Overwrite, Sink, open},
};
use tempfile::tempdir;

/// The body of event `number`: some structure, something to escape.
/// Events `from..to` of a run in chunks of `size`.
/// An error as `kind: message / help / help`.
#[test]
fn an_event_is_small_and_a_chunk_keeps_its_layout() {
    assert!(size_of::<Event>() <= 64);
    let mut chunk = chunks(0, 3, 3).remove(0);
    assert_eq!(chunk.bodies, lines(0, 3).as_bytes());
    assert_eq!(chunk.keys, b"env-1env-1env-1");
    assert_eq!(chunk.body(&chunk.events[1]), body(1).as_bytes());
    assert_eq!(chunk.key(&chunk.events[2]), b"env-1");
    assert!(!chunk.is_empty());
    chunk.clear();
    assert!(chunk.is_empty() && chunk.bodies.is_empty() && chunk.keys.is_empty());
}

#[test]
fn memory_collects_and_null_counts() {
    let memory = Memory::default();
    let mut sinks: [Box<dyn Sink>; 2] = [Box::new(memory.clone()), Box::<Null>::default()];
    for sink in &mut sinks {
        feed(sink.as_mut(), &chunks(0, 10, 3));
    }
    assert_eq!(memory.collected().events, chunks(0, 10, 10)[0].events);
    for sink in sinks {
        let delivered = sink.finish(Ending::Complete).unwrap();
        assert_eq!(delivered.events, 10);
        assert_eq!(delivered.bytes, lines(0, 10).len() as u64);
    }
}

#[test]
fn a_file_gets_its_name_when_it_is_complete() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("trail.ndjson");
    let mut sink = open(&to(&path)).unwrap();
    feed(sink.as_mut(), &chunks(0, 100, 7));
    assert_eq!(names(directory.path()), ["trail.ndjson.part"]);
    // Nothing is held back.
    assert_eq!(fs::read_to_string(part(&path)).unwrap(), lines(0, 100));
    let delivered = sink.finish(Ending::Complete).unwrap();
    assert_eq!(names(directory.path()), ["trail.ndjson"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), lines(0, 100));
    let bytes = lines(0, 100).len() as u64;
    let expected = Delivered { events: 100, bytes, written: bytes, next: Some(100), ..Delivered::default() };
    assert_eq!(delivered, expected);
}

#[test]
fn a_stopped_run_keeps_and_names_its_part() {
    let directory = tempdir().unwrap();
    for (name, format) in [
        ("a.ndjson", Format::Ndjson),
        ("b.json", Format::Json),
        ("c.json", Format::Batch),
        ("d.ndjson.gz", Format::Ndjson),
    ] {
        let path = directory.path().join(name);
        let output = Output { format, ..to(&path) };
        let mut sink = open(&output).unwrap();
        feed(sink.as_mut(), &chunks(0, 5, 2));
        let delivered = sink.finish(Ending::Stopped).unwrap();
        let note = format!("`{}` keeps the first 5 whole events", part(&path).display());
        assert_eq!(delivered.notes, [note]);
        assert!(!path.exists());
        // What it has is how the whole begins, so that it can be continued.
        let whole = directory.path().join("whole");
        write(&Output { path: Some(whole.clone()), overwrite: Overwrite::Replace, ..output }, &chunks(0, 9, 9));
        if format != Format::Ndjson || name == "a.ndjson" {
            let stopped = fs::read(part(&path)).unwrap();
            assert!(fs::read(&whole).unwrap().starts_with(&stopped), "{name}");
        }
    }
}

#[test]
fn an_existing_file_is_not_touched_without_force() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("trail.ndjson");
    fs::write(&path, "precious").unwrap();
    let shown = path.display();
    assert_eq!(
        refused(&to(&path)),
        format!("failed: `{shown}` already exists / `--force` replaces it when the run is complete")
    );
    assert_eq!(names(directory.path()), ["trail.ndjson"]);

    let output = Output { overwrite: Overwrite::Replace, ..to(&path) };
    let mut sink = open(&output).unwrap();
    feed(sink.as_mut(), &chunks(0, 3, 3));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    sink.finish(Ending::Complete).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), lines(0, 3));
    assert_eq!(names(directory.path()), ["trail.ndjson"]);
}

#[test]
fn a_file_that_appears_meanwhile_is_not_overwritten() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("trail.ndjson");
    let mut sink = open(&to(&path)).unwrap();
    feed(sink.as_mut(), &chunks(0, 3, 3));
    fs::write(&path, "precious").unwrap();
    let error = text(&sink.finish(Ending::Complete).unwrap_err().error);
    assert!(error.contains("has appeared while the run was writing"), "{error}");
    assert!(error.contains("trail.ndjson.part` is complete: rename it"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    assert_eq!(fs::read_to_string(part(&path)).unwrap(), lines(0, 3));
}

#[test]
fn remains_and_running_neighbours_are_told_apart() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("trail.ndjson");
    let forced = Output { overwrite: Overwrite::Replace, ..to(&path) };
    let mut first = open(&to(&path)).unwrap();
    for output in [&to(&path), &forced] {
        let error = refused(output);
        assert!(error.contains("another run is writing `"), "{error}");
    }
    feed(first.as_mut(), &chunks(0, 3, 3));
    first.finish(Ending::Stopped).unwrap();

    let error = refused(&to(&path));
    assert!(error.contains(".part` exists: it is what a stopped run has left"), "{error}");
    assert!(error.contains("`--force` discards it"), "{error}");
    assert_eq!(fs::read_to_string(part(&path)).unwrap(), lines(0, 3));

    write(&forced, &chunks(5, 6, 1));
    assert_eq!(names(directory.path()), ["trail.ndjson"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), lines(5, 6));
}

#[test]
fn paths_that_cannot_be_written_are_refused_before_any_event() {
    let directory = tempdir().unwrap();
    let root = directory.path();
    let error = refused(&to(&root.join("no/such/trail.ndjson")));
    assert!(error.contains("no/such` does not exist / create it: `mkdir -p "), "{error}");

    let error = refused(&to(root));
    assert!(error.starts_with("usage: ") && error.contains("is a directory"), "{error}");
    let error = refused(&to(&root.join("new/")));
    assert!(error.contains("add `--split event` or `--split instance`"), "{error}");

    fs::write(root.join("file"), "").unwrap();
    let error = refused(&to(&root.join("file/trail.ndjson")));
    assert!(error.contains("not a directory"), "{error}");

    symlink(root.join("nowhere"), root.join("link")).unwrap();
    let error = refused(&to(&root.join("link")));
    assert!(error.contains("is a symbolic link to something"), "{error}");

    fs::create_dir(root.join("x.part")).unwrap();
    let error = refused(&to(&root.join("x")));
    assert!(error.contains("is in the way and no regular file"), "{error}");

    let long = root.join("n".repeat(300));
    assert!(refused(&to(&long)).contains("file name too long"));
}

#[test]
fn a_directory_without_permission_is_refused() {
    let directory = tempdir().unwrap();
    let closed = directory.path().join("closed");
    fs::create_dir(&closed).unwrap();
    let mut permissions = fs::metadata(&closed).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&closed, permissions).unwrap();
    if File::create(closed.join("probe")).is_ok() {
        return; // The superuser may write anywhere.
    }
    let error = refused(&to(&closed.join("trail.ndjson")));
    assert!(error.contains("trail.ndjson.part`: permission denied"), "{error}");
}

#[test]
fn a_symbolic_link_survives_being_replaced() {
    let directory = tempdir().unwrap();
    let (real, link) = (directory.path().join("real"), directory.path().join("link"));
    fs::write(&real, "old").unwrap();
    symlink(&real, &link).unwrap();
    write(&Output { overwrite: Overwrite::Replace, ..to(&link) }, &chunks(0, 1, 1));
    assert!(link.is_symlink());
    assert_eq!(fs::read_to_string(&real).unwrap(), lines(0, 1));
}

/// The body of event `number`: some structure, something to escape.
fn body(number: u64) -> String {
    format!(r#"{{"id":"{number}","a":[],"b":{{}},"c":["x\"{{,\\",null,1.50,-2e3],"d":{{"e":true}}}}"#)
}

/// Events `from..to` of a run in chunks of `size`.
fn chunks(from: u64, to: u64, size: usize) -> Vec<Chunk> {
    let numbers: Vec<u64> = (from..to).collect();
    let chunk = |numbers: &[u64]| {
        let mut chunk = Chunk::default();
        for &number in numbers {
            chunk.bodies.extend_from_slice(body(number).as_bytes());
            chunk.keys.extend_from_slice(b"env-1");
            chunk.end_event(Event { number, ..Event::default() });
        }
        chunk
    };
    numbers.chunks(size).map(chunk).collect()
}

fn lines(from: u64, to: u64) -> String {
    (from..to).map(|number| body(number) + "\n").collect()
}

fn to(path: &Path) -> Output {
    Output { path: Some(path.to_owned()), ..Output::default() }
}

fn feed(sink: &mut dyn Sink, chunks: &[Chunk]) {
    for chunk in chunks {
        assert_eq!(sink.take(chunk).unwrap(), Flow::Open);
    }
}

fn write(output: &Output, chunks: &[Chunk]) -> Delivered {
    let mut sink = open(output).unwrap();
    feed(sink.as_mut(), chunks);
    sink.finish(Ending::Complete).unwrap()
}

fn refused(output: &Output) -> String {
    text(&open(output).err().expect("it should be refused"))
}

/// An error as `kind: message / help / help`.
fn text(error: &Error) -> String {
    let (kind, message, help) = match error {
        Error::Usage { message, help } => ("usage", message, help),
        Error::Failed { message, help } => ("failed", message, help),
        Error::Input(_) => panic!("sinks read no input"),
    };
    assert!(!message.ends_with('.') && !message.contains("os error"), "{message}");
    format!("{kind}: {message} / {}", help.join(" / "))
}

/// Where a file is until it is complete.
fn part(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.part", path.display()))
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
