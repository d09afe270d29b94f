//! Outputs that are a directory: names, order, and how a run that did not end
//! well can be told.

use std::{fs, path::Path};

use falsetrail::machinery::{
    bytes::{Chunk, Event, Names},
    error::Error,
    sink::{Ending, Flow, Format, Output, Overwrite, Sink, Split, open},
};
use tempfile::tempdir;

use super::{names, refused};

fn to(path: &Path, split: Split) -> Output {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Output {
        path: Some(path.to_owned()),
        split: Some(split),
        most: Some(12),
        names: Names {
            scenarios: owned(&["pool-lifecycle", "create-pool -> delete-pool", "create-pool,delete-pool"]),
            methods: owned(&["CreateComputePool", "pools/get *"]),
            outcomes: owned(&["success", "not-found"]),
        },
        ..Output::default()
    }
}

fn body(number: u64) -> String {
    format!(r#"{{"id":{number}}}"#)
}

/// `count` events that go round three stories of two instances each.
fn chunk(count: u64) -> Chunk {
    let mut chunk = Chunk::default();
    for number in 0..count {
        chunk.bodies.extend_from_slice(body(number).as_bytes());
        chunk.end_event(Event {
            number,
            scenario: (number % 3) as u16,
            instance: number / 3 % 2,
            method: (number % 2) as u16,
            outcome: (number / 2 % 2) as u16,
            ..Event::default()
        });
    }
    chunk
}

fn opened(output: &Output, count: u64) -> Box<dyn Sink> {
    let mut sink = open(output).unwrap();
    assert_eq!(sink.take(&chunk(count)).unwrap(), Flow::Open);
    sink
}

fn read(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name)).unwrap()
}

#[test]
fn each_event_has_a_file_whose_name_sorts() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("out");
    let sink = opened(&to(&path, Split::Event), 12);
    assert_eq!(names(&path), ["falsetrail.part"]);
    let delivered = sink.finish(Ending::Complete).unwrap();
    assert_eq!(delivered.events, 12);
    let found = names(&path);
    assert_eq!(
        found[..4],
        [
            "000001-CreateComputePool-success.json",
            "000002-pools-get---success.json",
            "000003-CreateComputePool-not-found.json",
            "000004-pools-get---not-found.json",
        ]
    );
    let all: String = found.iter().map(|name| read(&path, name)).collect();
    assert_eq!(all, (0..12).map(|number| body(number) + "\n").collect::<String>());
}

#[test]
fn format_decides_how_an_event_file_looks() {
    let directory = tempdir().unwrap();
    let output = Output { format: Format::Json, most: None, ..to(directory.path(), Split::Event) };
    opened(&output, 1).finish(Ending::Complete).unwrap();
    let name = "000000001-CreateComputePool-success.json";
    assert_eq!(names(directory.path()), [name]);
    assert_eq!(read(directory.path(), name), "{\n  \"id\": 0\n}\n");
}

#[test]
fn each_instance_has_a_file_with_its_events_in_order() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("out/");
    let mut sink = opened(&to(&path, Split::Instance), 12);
    assert_eq!(sink.take(&chunk(3)).unwrap(), Flow::Open);
    let delivered = sink.finish(Ending::Complete).unwrap();
    assert_eq!(delivered.events, 15);
    assert_eq!(
        names(&path),
        [
            "create-pool-delete-pool-000001.ndjson",
            "create-pool-delete-pool-000002.ndjson",
            "create-pool-delete-pool-2-000001.ndjson",
            "create-pool-delete-pool-2-000002.ndjson",
            "pool-lifecycle-000001.ndjson",
            "pool-lifecycle-000002.ndjson",
        ]
    );
    let first = read(&path, "pool-lifecycle-000001.ndjson");
    assert_eq!(first, "{\"id\":0}\n{\"id\":6}\n{\"id\":0}\n");
    assert_eq!(read(&path, "pool-lifecycle-000002.ndjson"), "{\"id\":3}\n{\"id\":9}\n");
}

#[test]
fn many_large_instances_are_written_in_turns() {
    let directory = tempdir().unwrap();
    let mut sink = open(&to(directory.path(), Split::Instance)).unwrap();
    let large = "x".repeat(10_000);
    for round in 0..3 {
        let mut chunk = Chunk::default();
        for instance in 0..1500 {
            chunk.bodies.extend_from_slice(format!("[{round},\"{large}\"]").as_bytes());
            chunk.end_event(Event { instance, ..Event::default() });
        }
        assert_eq!(sink.take(&chunk).unwrap(), Flow::Open);
    }
    let delivered = sink.finish(Ending::Complete).unwrap();
    assert_eq!(delivered.events, 4500);
    let found = names(directory.path());
    assert_eq!(found.len(), 1500);
    let expected = [0, 1, 2].map(|round| format!("[{round},\"{large}\"]\n")).concat();
    assert!(found.iter().all(|name| read(directory.path(), name) == expected));
    assert_eq!(delivered.bytes, 1500 * expected.len() as u64);
}

#[test]
fn a_stopped_run_leaves_all_its_files_in_the_part_directory() {
    for split in [Split::Event, Split::Instance] {
        let directory = tempdir().unwrap();
        let path = directory.path();
        let output = to(path, split);
        let delivered = opened(&output, 7).finish(Ending::Stopped).unwrap();
        let part = path.join("falsetrail.part");
        let note = format!("`{}` keeps the first 7 whole events", part.display());
        assert_eq!(delivered.notes, [note]);
        assert_eq!(names(path), ["falsetrail.part"]);
        let all: usize = names(&part).iter().map(|name| read(&part, name).lines().count()).sum();
        assert_eq!(all, 7);

        let error = refused(&output);
        assert!(error.contains("is what a stopped run has left"), "{error}");
        let forced = Output { overwrite: Overwrite::Replace, ..output };
        opened(&forced, 1).finish(Ending::Complete).unwrap();
        assert_eq!(names(path).len(), 1);
    }
}

#[test]
fn a_directory_with_something_in_it_needs_force_and_loses_nothing_else() {
    let directory = tempdir().unwrap();
    let path = directory.path();
    let ours = "000001-CreateComputePool-success.json";
    fs::write(path.join("README.md"), "precious").unwrap();
    fs::write(path.join(ours), "old").unwrap();
    let output = to(path, Split::Event);
    let error = refused(&output);
    assert!(error.contains("is not empty / `--force` replaces files of the same names"), "{error}");
    assert_eq!(names(path), [ours, "README.md"]);

    let forced = Output { overwrite: Overwrite::Replace, ..output };
    opened(&forced, 1).finish(Ending::Complete).unwrap();
    assert_eq!(names(path), [ours, "README.md"]);
    assert_eq!(read(path, "README.md"), "precious");
    assert_eq!(read(path, ours), "{\"id\":0}\n");
}

#[test]
fn what_appears_meanwhile_is_not_overwritten() {
    let directory = tempdir().unwrap();
    let path = directory.path();
    let sink = opened(&to(path, Split::Event), 1);
    let ours = "000001-CreateComputePool-success.json";
    fs::write(path.join(ours), "precious").unwrap();
    assert!(sink.finish(Ending::Complete).is_err());
    assert_eq!(read(path, ours), "precious");
    assert_eq!(names(&path.join("falsetrail.part")), [ours]);
}

#[test]
fn a_running_neighbour_is_left_alone() {
    let directory = tempdir().unwrap();
    let output = to(directory.path(), Split::Instance);
    let sink = opened(&output, 5);
    for overwrite in [Overwrite::Refuse, Overwrite::Replace] {
        let error = refused(&Output { overwrite, ..output.clone() });
        assert!(error.contains("another run is writing `"), "{error}");
    }
    assert_eq!(sink.finish(Ending::Complete).unwrap().events, 5);
}

#[test]
fn no_events_make_an_empty_directory() {
    for split in [Split::Event, Split::Instance] {
        let directory = tempdir().unwrap();
        let sink = open(&to(directory.path(), split)).unwrap();
        assert_eq!(sink.finish(Ending::Complete).unwrap().events, 0);
        assert_eq!(names(directory.path()).len(), 0);
    }
}

#[test]
fn a_number_that_comes_twice_is_an_error_that_counts() {
    let directory = tempdir().unwrap();
    let mut sink = opened(&to(directory.path(), Split::Event), 3);
    let Err(Error::Failed { message, .. }) = sink.take(&chunk(1)) else {
        panic!("it should fail");
    };
    assert!(message.ends_with("success.json`: file exists, after 3 whole events"), "{message}");
    let delivered = sink.finish(Ending::Complete).unwrap();
    assert_eq!((delivered.events, delivered.notes.len()), (3, 1));
    // What was written stays, also the file that was in the way.
    assert_eq!(names(&directory.path().join("falsetrail.part")).len(), 3);
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let directory = tempdir().unwrap();
    let path = directory.path();
    let output = Output { path: None, ..to(path, Split::Event) };
    let error = refused(&output);
    assert!(error.starts_with("usage: ") && error.contains("add `-o DIR/`"), "{error}");

    let error = refused(&Output { format: Format::Batch, ..to(path, Split::Instance) });
    assert!(error.starts_with("usage: ") && error.contains("cannot be split"), "{error}");

    fs::write(path.join("file"), "").unwrap();
    let error = refused(&to(&path.join("file"), Split::Event));
    assert!(error.contains("is not a directory / a split output needs `-o DIR/`"), "{error}");

    let error = refused(&to(&path.join("no/such"), Split::Event));
    assert!(error.contains("does not exist / create it: `mkdir -p"), "{error}");
}
