//! A run that is stopped at any chunk, or by any write, or anywhere in a byte, and goes on: by the library, without
//! signals.

use super::continuation::contents;
use falsetrail::machinery::{
    Plan, Run,
    bytes::Chunk,
    error::Error,
    run::{self, EmitOptions, Outcome, Resumed, Shard, Slice},
    sink::{self, Delivered, Ending, Failed, Flow, Format, Output, Sink, Split},
};
use proptest::prelude::*;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};
use tempfile::tempdir;

const EVENTS: u64 = 3_000;

fn plan(seed: u64) -> Plan {
    let run = Run::new("busy-day").seed(seed).from("2026-01-05T08:00:00Z").events_limit(EVENTS);
    run.plan().expect("the run can be planned")
}

/// Kinds of outputs: name, format, split.
const KINDS: &[(&str, Format, Option<Split>)] = &[
    ("a.ndjson", Format::Ndjson, None),
    ("a.json", Format::Json, None),
    ("a.batch", Format::Batch, None),
    ("a.ndjson.gz", Format::Ndjson, None),
    ("a.json.gz", Format::Json, None),
    ("a.batch.gz", Format::Batch, None),
    #[cfg(feature = "zstd")]
    ("a.ndjson.zst", Format::Ndjson, None),
    #[cfg(feature = "zstd")]
    ("a.batch.zst", Format::Batch, None),
    ("events", Format::Json, Some(Split::Event)),
    ("stories", Format::Ndjson, Some(Split::Instance)),
    ("stories", Format::Json, Some(Split::Instance)),
];

fn output(plan: &Plan, folder: &Path, kind: usize) -> Output {
    let (name, format, split) = KINDS[kind];
    let (path, most, names) = (Some(folder.join(name)), Some(EVENTS), plan.names());
    Output { path, format, split, most, names, ..Output::default() }
}

/// Asks the run to stop, or does something to the output, before its chunk of this number.
struct Before<F> {
    sink: Box<dyn Sink>,
    chunks: u64,
    act: F,
}

impl<F: FnMut() + Send> Sink for Before<F> {
    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        if self.chunks == 0 {
            (self.act)();
        }
        self.chunks = self.chunks.wrapping_sub(1);
        self.sink.take(chunk)
    }

    fn finish(self: Box<Self>, ending: Ending) -> Result<Delivered, Box<Failed>> {
        self.sink.finish(ending)
    }
}

fn of(part: Slice) -> EmitOptions {
    EmitOptions { part, ..EmitOptions::default() }
}

/// Runs a part until its chunk of this number, and that one too.
fn until(plan: &Plan, part: Slice, sink: Box<dyn Sink>, chunks: u64) -> Outcome {
    let stop = Arc::new(AtomicBool::new(false));
    let act = {
        let stop = Arc::clone(&stop);
        move || stop.store(true, Ordering::Relaxed)
    };
    let outcome = run::emit(plan, Box::new(Before { sink, chunks, act }), of(part), &stop);
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    outcome
}

/// Goes on, as soon as nobody else has the lock: a process that another test starts has all files of this one, too,
/// until it becomes what it is to be.
fn resume(plan: &Plan, part: &Slice, output: &Output) -> Result<Resumed, Error> {
    let mut result = run::resume(plan, part, output);
    for _ in 0..10_000 {
        match &result {
            Err(error) if error.to_string().contains("another run is writing") => thread::yield_now(),
            _ => break,
        }
        result = run::resume(plan, part, output);
    }
    result
}

fn complete(plan: &Plan, part: Slice, sink: Box<dyn Sink>) {
    let outcome = run::emit(plan, sink, of(part), &AtomicBool::new(false));
    assert!(outcome.error.is_none() && outcome.rest().is_none(), "{:?}", outcome.error);
}

fn whole(plan: &Plan, part: Slice, kind: usize) -> Vec<(String, Vec<u8>)> {
    let folder = tempdir().unwrap();
    let output = output(plan, folder.path(), kind);
    complete(plan, part, sink::open(&output).unwrap());
    contents(&output.path.unwrap())
}

fn part() -> impl Strategy<Value = Slice> {
    let shard = prop_oneof![
        Just(None),
        (1_u64..4).prop_flat_map(|of| (0..of).prop_map(move |index| (index, of))).prop_map(Some)
    ];
    let skip = prop_oneof![2 => Just(0), 1 => 0..EVENTS / 2];
    (skip, shard).prop_map(|(skip, shard)| Slice {
        skip,
        shard: shard.map(|(index, of)| Shard { index, of }),
        ..Slice::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_run_that_stops_at_any_chunk_goes_on_there(
        seed: u64,
        part in part(),
        kind in 0..KINDS.len(),
        stops in prop::collection::vec(0..3_u64, 1..4),
    ) {
        let plan = plan(seed);
        let folder = tempdir().unwrap();
        let output = output(&plan, folder.path(), kind);
        let path = output.path.clone().unwrap();
        let mut next = part.clone();
        let mut sink = Some(sink::open(&output).unwrap());
        for chunks in stops {
            let Some(open) = sink.take() else { break };
            let outcome = until(&plan, next.clone(), open, chunks);
            if !outcome.stopped {
                prop_assert_eq!(outcome.rest(), None);
                break;
            }
            prop_assert!(outcome.delivered.unfinished);
            next.skip = outcome.rest().expect("a chunk was delivered");
            let resumed = resume(&plan, &next, &output).unwrap();
            prop_assert!(resumed.begun <= part.skip || part.shard.is_some());
            sink = Some(resumed.sink);
        }
        if let Some(open) = sink {
            complete(&plan, next, open);
        }
        prop_assert!(contents(&path) == whole(&plan, part.clone(), kind));
    }

    /// A process that is killed, a machine that goes down: the file ends anywhere.
    #[test]
    fn a_part_that_ends_anywhere_is_cut_back_to_whole_events(
        seed: u64,
        kind in 0..KINDS.len(),
        chunks in 0..5_u64,
        cut in 0..1_000_000_u64,
    ) {
        let plan = plan(seed);
        let folder = tempdir().unwrap();
        let output = output(&plan, folder.path(), kind);
        prop_assume!(output.split.is_none());
        let path = output.path.clone().unwrap();
        until(&plan, Slice::default(), sink::open(&output).unwrap(), chunks);
        let unfinished = PathBuf::from(format!("{}.part", path.display()));
        let file = fs::OpenOptions::new().write(true).open(&unfinished).unwrap();
        let length = file.metadata().unwrap().len() * cut / 1_000_000;
        file.set_len(length).unwrap();
        drop(file);
        let Err(error) = resume(&plan, &Slice::default(), &output) else { panic!("0 is no number to go on at") };
        prop_assert_eq!(fs::metadata(&unfinished).unwrap().len(), length, "nothing changes before all is well");
        let error = error.to_string();
        if error.contains("contains no complete event") {
            return Ok(());
        }
        let skip = error.split("`--skip ").nth(1).and_then(|rest| rest.split('`').next()).unwrap_or_else(|| panic!("{error}"));
        let rest = Slice { skip: skip.parse().unwrap(), ..Slice::default() };
        for wrong in [rest.skip - 1, rest.skip + 1] {
            let refused = resume(&plan, &Slice { skip: wrong, ..rest.clone() }, &output).is_err();
            prop_assert!(refused, "{} fits, too", wrong);
        }
        complete(&plan, rest.clone(), resume(&plan, &rest, &output).unwrap().sink);
        prop_assert!(contents(&path) == whole(&plan, Slice::default(), kind));
    }
}

/// The last file of a folder may hold half an event, or nothing.
#[test]
fn half_an_event_in_a_folder_goes_away_when_the_run_goes_on() {
    let plan = plan(7);
    for (kind, (.., split)) in KINDS.iter().enumerate().filter(|(_, (.., split))| *split == Some(Split::Event)) {
        let folder = tempdir().unwrap();
        let output = output(&plan, folder.path(), kind);
        let path = output.path.clone().unwrap();
        let outcome = until(&plan, Slice::default(), sink::open(&output).unwrap(), 1);
        let mut files = contents(&path.join("falsetrail.part"));
        let last = files.pop().unwrap();
        fs::write(path.join("falsetrail.part").join(last.0), &last.1[..last.1.len() / 2]).unwrap();
        let next = outcome.rest().unwrap();
        let refused = resume(&plan, &Slice { skip: next, ..Slice::default() }, &output).err().unwrap().to_string();
        assert!(refused.contains(&format!("`--skip {}`", next - 1)), "{split:?}: {refused}");
        let rest = Slice { skip: next - 1, ..Slice::default() };
        complete(&plan, rest.clone(), resume(&plan, &rest, &output).unwrap().sink);
        assert!(contents(&path) == whole(&plan, Slice::default(), kind));
    }
}

/// Makes a folder where a file has yet to be, in the middle of the run: of the files that are missing, the one that is
/// neither the first nor the last to be written.
fn blocked(plan: &Plan, output: &Output, chunks: u64, names: &[String]) -> (Outcome, PathBuf) {
    let staging = output.path.as_ref().unwrap().join("falsetrail.part");
    let blocked = Arc::new(Mutex::new(PathBuf::new()));
    let act = {
        let (names, blocked) = (names.to_vec(), Arc::clone(&blocked));
        move || {
            let missing: Vec<PathBuf> =
                names.iter().map(|name| staging.join(name)).filter(|file| !file.exists()).collect();
            blocked.lock().unwrap().clone_from(&missing[missing.len() / 2]);
            fs::create_dir(&missing[missing.len() / 2]).unwrap();
        }
    };
    let sink = Box::new(Before { sink: sink::open(output).unwrap(), chunks, act });
    let outcome = run::emit(plan, sink, EmitOptions::default(), &AtomicBool::new(false));
    let path = blocked.lock().unwrap().clone();
    (outcome, path)
}

/// Files of instances are written some thousands of events at a time: all of them or none.
#[test]
fn a_write_that_fails_leaves_the_first_events_of_a_run() {
    let made = tempdir().unwrap();
    for (split, events, chunks) in [(Split::Event, 3_000, 3), (Split::Instance, 24_000, 80)] {
        let plan = Run::new("busy-day").seed(7).from("2026-01-05").events_limit(events).plan().unwrap();
        let to = |folder: &str| {
            let path = Some(made.path().join(format!("{split:?}-{folder}")));
            Output { path, split: Some(split), most: Some(events), names: plan.names(), ..Output::default() }
        };
        let whole = to("whole");
        complete(&plan, Slice::default(), sink::open(&whole).unwrap());
        let whole = contents(&whole.path.unwrap());
        let names: Vec<String> = whole.iter().map(|(name, _)| name.clone()).collect();
        let output = to("blocked");
        let (outcome, blocked) = blocked(&plan, &output, chunks, &names);
        let said = outcome.error.as_ref().map(ToString::to_string).unwrap_or_default();
        assert!(said.contains("cannot write `"), "{said}");
        let skip = outcome.rest().unwrap_or_else(|| panic!("{split:?}: nothing was written, {said}"));
        assert_eq!(skip, outcome.delivered.events);
        assert!(outcome.delivered.notes[0].contains(&format!("keeps the first {skip} whole events")));
        fs::remove_dir(blocked).unwrap();
        let part = Slice { skip, ..Slice::default() };
        complete(&plan, part.clone(), resume(&plan, &part, &output).unwrap().sink);
        assert!(contents(&output.path.unwrap()) == whole, "{split:?}");
    }
}

/// What is not called as this run calls its files, or lacks events of some instance, is not gone on with.
#[test]
fn folders_of_other_runs_are_refused() {
    let plan = plan(7);
    for (kind, (.., split)) in KINDS.iter().enumerate().filter(|(_, (.., split))| split.is_some()) {
        let folder = tempdir().unwrap();
        let output = output(&plan, folder.path(), kind);
        let outcome = until(&plan, Slice::default(), sink::open(&output).unwrap(), 2);
        let part = Slice { skip: outcome.rest().unwrap(), ..Slice::default() };
        let refused = |expected: &str| {
            let error = resume(&plan, &part, &output).err().expect("it should be refused").to_string();
            assert!(error.contains(expected), "{split:?}: {error}");
        };
        let staging = output.path.as_ref().unwrap().join("falsetrail.part");
        fs::write(staging.join("notes.txt"), "mine").unwrap();
        refused("notes.txt` is not called as a file of this run would be");
        fs::remove_file(staging.join("notes.txt")).unwrap();
        let other = Output { most: Some(1_000_000_000), ..output.clone() };
        assert!(resume(&plan, &part, &other).is_err(), "numbers of another width");
        let running = resume(&plan, &part, &output).unwrap();
        refused("another run is writing");
        drop(running);
        if *split == Some(Split::Instance) {
            let (name, _) = contents(&staging).remove(0);
            fs::remove_file(staging.join(name)).unwrap();
            refused(" events, the run's first ");
        }
    }
}

/// A name that was taken meanwhile: what is whole needs no more events, and an array that is closed cannot take any.
#[test]
fn a_whole_part_is_published_or_said_to_be_whole() {
    let plan = plan(7);
    let part = Slice { skip: EVENTS, ..Slice::default() };
    for (kind, (name, format, _)) in KINDS.iter().enumerate().filter(|(_, (.., split))| split.is_none()) {
        let folder = tempdir().unwrap();
        let output = output(&plan, folder.path(), kind);
        let path = output.path.clone().unwrap();
        let act = {
            let path = path.clone();
            move || fs::write(&path, "precious").unwrap()
        };
        let sink = Box::new(Before { sink: sink::open(&output).unwrap(), chunks: 1, act });
        let outcome = run::emit(&plan, sink, EmitOptions::default(), &AtomicBool::new(false));
        assert_eq!((outcome.rest(), outcome.delivered.events), (None, EVENTS), "{name}");
        assert!(outcome.error.is_some_and(|error| error.to_string().contains("is complete: rename it")));
        fs::remove_file(&path).unwrap();
        fs::hard_link(format!("{}.part", path.display()), &path).unwrap();
        let linked = resume(&plan, &part, &output).err().expect("both names are there").to_string();
        assert!(linked.contains("is the same file"), "{linked}");
        fs::remove_file(&path).unwrap();
        match resume(&plan, &part, &output) {
            Ok(resumed) => complete(&plan, part.clone(), resumed.sink),
            Err(error) => {
                assert!(error.to_string().contains(".part` is complete: there is nothing to append"), "{error}");
                assert_eq!(*format, Format::Batch);
                fs::rename(format!("{}.part", path.display()), &path).unwrap();
            }
        }
        assert!(contents(&path) == whole(&plan, Slice::default(), kind), "{name}");
    }
}
