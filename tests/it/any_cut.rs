//! One run, cut any way: whatever is told, threads, shards and skipped beginnings change no byte of it.

use super::{
    command_run::line,
    random_stories::{cases, told},
};
use falsetrail::machinery::{
    Plan, Run,
    bytes::Chunk,
    error::Error,
    run::{self, EmitOptions, Shard, Slice},
    sink::{Delivered, Ending, Failed, Flow, Memory, Sink},
};
use proptest::prelude::*;
use std::{
    fs,
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tempfile::tempdir;

/// Time, number, key and body of an event.
type Emitted = (i64, u64, Vec<u8>, Vec<u8>);

fn chunk(plan: &Plan, part: Slice, threads: usize) -> Chunk {
    let memory = Memory::default();
    let sink: Box<dyn Sink> = Box::new(memory.clone());
    let options = EmitOptions { part, threads: NonZero::new(threads), ..EmitOptions::default() };
    let outcome = run::emit(plan, sink, options, &AtomicBool::new(false));
    assert!(outcome.error.is_none() && !outcome.stopped, "{outcome:?}");
    memory.collected()
}

fn emitted(plan: &Plan, part: Slice, threads: usize) -> Vec<Emitted> {
    let chunk = chunk(plan, part, threads);
    let one = |event: &falsetrail::machinery::bytes::Event| {
        (event.time, event.number, chunk.key(event).to_vec(), chunk.body(event).to_vec())
    };
    chunk.events.iter().map(one).collect()
}

proptest! {
    #![proptest_config(cases(10))]

    #[test]
    fn threads_change_no_byte(told in told(2)) {
        let plan = told.plan(&told.all());
        prop_assume!(plan.is_some());
        let plan = plan.unwrap();
        let one = chunk(&plan, Slice::default(), 1);
        prop_assert!(one.events.is_sorted_by_key(|event| (event.time, event.number)));
        prop_assert!(one.events.iter().enumerate().all(|(number, event)| event.number == number as u64));
        for threads in [2, 3, 8] {
            let several = chunk(&plan, Slice::default(), threads);
            prop_assert!(one.bodies == several.bodies, "other bytes by {} threads", threads);
            prop_assert_eq!(&one.events, &several.events);
        }
    }

    #[test]
    fn merged_shards_are_the_whole(told in told(2), skip in 0..500_u64) {
        let plan = told.plan(&told.all());
        prop_assume!(plan.is_some());
        let plan = plan.unwrap();
        for (of, skip) in [(2, 0), (3, skip), (7, 0)] {
            let whole = emitted(&plan, Slice { skip, ..Slice::default() }, 1);
            let mut merged = Vec::new();
            for index in 0..of {
                let shard = emitted(&plan, Slice { skip, shard: Some(Shard { index, of }), ..Slice::default() }, 1 + index as usize % 3);
                prop_assert!(shard.is_sorted());
                merged.extend(shard);
            }
            // By event time, then by number.
            merged.sort();
            prop_assert!(merged == whole, "{} shards", of);
        }
    }

    #[test]
    fn a_number_of_events_and_what_is_behind_them_are_the_whole(told in told(0), cut: prop::sample::Index) {
        let plan = told.plan(&[]).unwrap();
        let whole = emitted(&plan, Slice::default(), 1);
        let cut = cut.index(whole.len() - 1) + 1;
        let shorter = told.plan_with(&[], |options| options.events = Some(cut as u64)).unwrap();
        let first = emitted(&shorter, Slice::default(), 2);
        prop_assert_eq!(first.len(), cut);
        let rest = emitted(&plan, Slice { skip: cut as u64, ..Slice::default() }, 3);
        prop_assert!([first, rest].concat() == whole, "cut behind {} of {}", cut, whole.len());
    }

    /// Injected stories are numbered with the rest.
    #[test]
    fn what_is_skipped_is_the_beginning_with_injections_too(told in told(3), cut: prop::sample::Index) {
        let plan = told.plan(&told.all());
        prop_assume!(plan.is_some());
        let plan = plan.unwrap();
        let whole = emitted(&plan, Slice::default(), 1);
        let cut = cut.index(whole.len());
        let rest = emitted(&plan, Slice { skip: cut as u64, ..Slice::default() }, 1);
        prop_assert!(rest == whole[cut..]);
    }
}

/// Frames are cut by numbers of events and not by threads, so files are the same as well.
#[test]
fn threads_change_no_byte_of_a_file() {
    let outputs: &[(&str, &str)] = &[
        ("a.ndjson.gz", ""),
        #[cfg(feature = "zstd")]
        ("a.ndjson.zst", ""),
        ("a.json.gz", "--format json"),
        ("a.batch.gz", "--format batch"),
        ("a.ndjson", ""),
    ];
    proptest!(cases(1), |(told in told(2))| {
        let folder = tempdir().unwrap();
        prop_assume!(told.plan(&told.all()).is_some());
        told.write(folder.path(), &told.all());
        for (output, options) in outputs {
            let made = |threads: u8| {
                let words = format!("{} -q {options} --threads {threads} -o {threads}{output}", told.arguments());
                line(folder.path(), &words).quiet();
                fs::read(folder.path().join(format!("{threads}{output}"))).unwrap()
            };
            let one = made(1);
            for threads in [2, 3, 8] {
                prop_assert!(made(threads) == one, "{}: other bytes by {} threads", output, threads);
            }
        }
    });
    // Many frames at once.
    let folder = tempdir().unwrap();
    let words = "generate busy-day -n 6k --seed 7 --from 2026-01-05 -q";
    let made = |threads: u8| {
        line(folder.path(), &format!("{words} --threads {threads} -o {threads}.ndjson.gz")).quiet();
        fs::read(folder.path().join(format!("{threads}.ndjson.gz"))).unwrap()
    };
    let one = made(1);
    assert!([2, 3, 8].into_iter().all(|threads| made(threads) == one));
}

/// How a run ends early.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Early {
    /// Somebody stops it.
    Stopped,
    /// The reader of its output goes away.
    Closed,
    /// The disk is full.
    Failed,
}

/// Takes some chunks.
struct Until {
    memory: Memory,
    left: usize,
    then: Early,
    stop: Arc<AtomicBool>,
}

impl Sink for Until {
    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        match (self.left, self.then) {
            (0, Early::Closed) => return Ok(Flow::Closed),
            (0, Early::Failed) => return Err(Error::failed("no space left")),
            (0, Early::Stopped) => {}
            _ => self.left -= 1,
        }
        self.stop.store(self.left == 0 && self.then == Early::Stopped, Ordering::Relaxed);
        self.memory.take(chunk)
    }

    fn finish(self: Box<Self>, ending: Ending) -> Result<Delivered, Box<Failed>> {
        Box::new(self.memory).finish(ending)
    }
}

#[test]
fn what_a_run_has_emitted_when_it_ends_early_is_its_beginning() {
    let plan = Run::new("busy-day").seed(7).from("2026-01-05").events_limit(20_000).plan().unwrap();
    let whole = chunk(&plan, Slice::default(), 1);
    for (threads, then) in [1, 2, 3, 8]
        .into_iter()
        .flat_map(|threads| [Early::Stopped, Early::Closed, Early::Failed].map(|then| (threads, then)))
    {
        for left in [1, 2, 7, 20] {
            let (memory, stop) = (Memory::default(), Arc::new(AtomicBool::new(false)));
            let sink = Box::new(Until { memory: memory.clone(), left, then, stop: Arc::clone(&stop) });
            let options = EmitOptions { threads: NonZero::new(threads), ..EmitOptions::default() };
            let outcome = run::emit(&plan, sink, options, &stop);
            let found = memory.collected();
            let told = format!("{then:?} after {left} chunks, by {threads} threads");
            assert!(whole.bodies.starts_with(&found.bodies), "{told}: not the beginning");
            assert_eq!(found.events, whole.events[..found.events.len()], "{told}");
            assert!((256 * left..whole.events.len()).contains(&found.events.len()), "{told}: {}", found.events.len());
            assert_eq!(outcome.delivered.next, Some(found.events.len() as u64), "{told}");
            assert_eq!(
                (outcome.stopped, outcome.error.is_some()),
                (then == Early::Stopped, then == Early::Failed),
                "{told}"
            );
        }
    }
}
