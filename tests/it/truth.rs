//! The truth is complete when the data is: both are joined, however the run was cut or stopped.

use super::{
    command_run::{line, shell},
    random_stories::{cases, told},
    trail::{self, Event},
};
use falsetrail::machinery::{
    Plan,
    bytes::Chunk,
    error::Error,
    run::{self, EmitOptions, Outcome, Shard, Slice, Truth},
    sink::{Delivered, Ending, Failed, Flow, Lines, Memory, Overwrite, Sink},
    units::rate,
};
use proptest::prelude::*;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    num::NonZero,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tempfile::tempdir;

/// Asks the run to stop at its chunk of this number.
struct StopAt {
    memory: Memory,
    chunks: u64,
    stop: Arc<AtomicBool>,
}

impl Sink for StopAt {
    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        if self.chunks == 0 {
            self.stop.store(true, Ordering::Relaxed);
        }
        self.chunks = self.chunks.wrapping_sub(1);
        self.memory.take(chunk)
    }

    fn finish(self: Box<Self>, ending: Ending) -> Result<Delivered, Box<Failed>> {
        Box::new(self.memory).finish(ending)
    }
}

/// Emits a part of a run and its truth until its chunk of this number.
fn emit(plan: &Plan, part: Slice, (path, all): (&Path, bool), threads: usize, chunks: u64) -> Outcome {
    let goes_on = part.skip > 0 && Lines::are_unfinished(path);
    let lines =
        if goes_on { Lines::rewrite(path, Overwrite::Refuse) } else { Lines::create(path, Overwrite::Refuse) }.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let sink = Box::new(StopAt { memory: Memory::default(), chunks, stop: Arc::clone(&stop) });
    let since = if goes_on { 0 } else { part.skip };
    let truth = Some(Truth { lines, all, since });
    let outcome = run::emit(
        plan,
        sink,
        EmitOptions { part, threads: NonZero::new(threads), truth, ..EmitOptions::default() },
        &stop,
    );
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    outcome
}

/// The truth's lines about a part of a run.
pub fn truth(plan: &Plan, part: Slice, all: bool) -> Vec<String> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("truth.jsonl");
    emit(plan, part, (&path, all), 3, u64::MAX);
    lines(&path)
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

/// Those instances of which every event is there, by story.
fn whole_instances(plan: &Plan) -> HashSet<(&str, u64)> {
    let (mut stream, mut words, mut ended) = (plan.stream(), Vec::new(), HashSet::new());
    while let Some(record) = stream.next(&mut words) {
        words.clear();
        if record.ends {
            let scenario = plan.event_kinds[record.event_kind as usize].scenario;
            ended.insert((plan.scenarios[usize::from(scenario)].name.as_str(), record.instance));
        }
    }
    ended
}

/// Holds the truth against the data: every story that it should tell of has its line, which says what its events say.
fn join(plan: &Plan, data: &[Event], truth: &[String], all: bool) -> Result<(), TestCaseError> {
    let mut scenarios: BTreeMap<(String, u64), Vec<&Event>> = BTreeMap::new();
    let background: Vec<&str> =
        plan.scenarios[..plan.background].iter().map(|scenario| scenario.name.as_str()).collect();
    for event in data.iter().filter(|event| all || !background.contains(&event.scenario.as_str())) {
        scenarios.entry((event.scenario.clone(), event.instance)).or_default().push(event);
    }
    let whole = whole_instances(plan);
    for text in truth {
        let line: Value = serde_json::from_str(text).unwrap();
        let name = (line["story"].as_str().unwrap().to_owned(), line["instance"].as_u64().unwrap());
        let Some(events) = scenarios.remove(&name) else {
            return Err(TestCaseError::fail(format!("nothing of it in the data, or told twice: {text}")));
        };
        let ids: Vec<&str> = line["event_ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        prop_assert!(events.iter().map(|event| event.id()).eq(ids.iter().copied()), "{}", text);
        let (first, last) = (&events[0].body["time"], &events[events.len() - 1].body["time"]);
        prop_assert_eq!((instant(&line["first"]), instant(&line["last"])), (instant(first), instant(last)));
        prop_assert_eq!(line["complete"].as_bool().unwrap(), whole.contains(&(name.0.as_str(), name.1)), "{}", text);
        let injection = plan.scenarios.iter().find(|scenario| scenario.name == name.0).unwrap().injection.as_ref();
        prop_assert_eq!(line["label"].as_str(), injection.map(|injection| injection.label.as_str()));
        prop_assert!(name.0.starts_with(line["scenario"].as_str().unwrap()));
        prop_assert_eq!(who(&line["actor"]), acts(events[0]));
        let actors: Vec<&Value> =
            [&line["actor"]].into_iter().chain(line["other_actors"].as_array().unwrap()).collect();
        let told: BTreeSet<_> = actors.iter().map(|actor| who(actor)).collect();
        prop_assert_eq!(told, events.iter().map(|event| acts(event)).collect::<BTreeSet<_>>(), "{}", text);
        // Not every documented event shows the mail.
        let mails: Vec<_> = actors.iter().filter_map(|actor| actor["email"].as_str()).collect();
        prop_assert!(events.iter().filter_map(|event| event.mail()).all(|mail| mails.contains(&mail)), "{}", text);
    }
    prop_assert!(scenarios.is_empty(), "the truth is silent about {:?}", scenarios.keys());
    Ok(())
}

fn instant(text: &Value) -> i64 {
    falsetrail::machinery::units::time(text.as_str().unwrap(), 0).unwrap()
}

/// Id and address of an actor of the truth.
fn who(actor: &Value) -> (&str, &str) {
    (actor["id"].as_str().unwrap(), actor["ip"].as_str().unwrap())
}

/// The same of whoever acts in an event.
fn acts(event: &Event) -> (&str, &str) {
    (event.principal(), event.address())
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn the_truth_is_complete_when_the_data_is(told in told(4), all: bool) {
        let plan = told.plan(&told.all());
        prop_assume!(plan.is_some());
        let plan = plan.unwrap();
        let data = trail::events(&plan);
        join(&plan, &data, &truth(&plan, Slice::default(), all), all)?;
    }

    /// It concatenates to the same lines.
    #[test]
    fn a_stopped_run_and_the_rest_of_it_tell_the_whole(
        told in told(4), all: bool, stops in prop::collection::vec((any::<prop::sample::Index>(), 1_usize..4), 1..4)
    ) {
        let plan = told.plan(&told.all());
        prop_assume!(plan.is_some());
        let plan = plan.unwrap();
        let whole = truth(&plan, Slice::default(), all);
        let folder = tempdir().unwrap();
        let path = folder.path().join("truth.jsonl");
        let mut part = Slice::default();
        for (chunks, threads) in stops {
            // Up to the very end, where only stories are left that the end cuts short.
            let chunks = chunks.index(plan.count() as usize / 256 + 1) as u64;
            let outcome = emit(&plan, part.clone(), (&path, all), threads, chunks);
            match outcome.rest() {
                Some(rest) => part.skip = rest,
                None => break,
            }
        }
        if !path.exists() {
            emit(&plan, part.clone(), (&path, all), 2, u64::MAX);
        }
        prop_assert_eq!(lines(&path), whole);
    }

    #[test]
    fn the_truths_of_shards_are_the_whole(told in told(4), all: bool, of in 2_u64..5) {
        let plan = told.plan(&told.all());
        prop_assume!(plan.is_some());
        let plan = plan.unwrap();
        let mut whole = truth(&plan, Slice::default(), all);
        let mut shards: Vec<String> =
            (0..of).flat_map(|index| truth(&plan, Slice { skip: 0, shard: Some(Shard { index, of }), ..Slice::default() }, all)).collect();
        whole.sort();
        shards.sort();
        prop_assert_eq!(shards, whole);
    }
}

#[test]
fn all_stories_have_a_line_if_that_is_asked_for() {
    let run = trail::run_of("busy-day").with(|options| {
        options.duration = Some(1_200_000_000_000);
        options.rate = Some(rate("2/s").unwrap());
        options.inject = ["mass-deletion@+5m,label=positive", "mass-deletion@+10m,label=near-miss,deletes=4"]
            .map(str::to_owned)
            .to_vec();
    });
    let plan = trail::plan(&run);
    let data = trail::events(&plan);
    let (some, all) = (truth(&plan, Slice::default(), false), truth(&plan, Slice::default(), true));
    for (lines, all) in [(&some, false), (&all, true)] {
        join(&plan, &data, lines, all).unwrap();
    }
    assert_eq!(some.len(), 2);
    assert!(some.iter().all(|line| all.contains(line)));
    assert!(
        some[0].starts_with(r#"{"label":"positive","scenario":"mass-deletion","params":{"deletes":12,"gap":"4s"}"#),
        "{}",
        some[0]
    );
    assert!(
        some[1].starts_with(r#"{"label":"near-miss","scenario":"mass-deletion","params":{"deletes":4,"gap":"4s"}"#),
        "{}",
        some[1]
    );
    // The truth stands beside the data and never in it.
    let text: Vec<u8> = data.iter().flat_map(|event| event.bytes.clone()).collect();
    let text = String::from_utf8(text).unwrap();
    assert!(!["near-miss", "positive", "mass-deletion", "injected"].iter().any(|word| text.contains(word)));
}

const RUN: &str = "falsetrail generate busy-day -n 4k --rate 20/s --seed 7 --from 2026-01-05 --truth-all \
                   --truth t.jsonl --inject mass-deletion@+30s,label=positive --inject mass-deletion@+1m";

/// What there was room for is told of, and the rest of the run tells of the rest. Some outputs keep events back, so that
/// the data that did not fit may be more than what was told of, or less.
#[test]
fn the_truth_of_a_run_that_did_not_fit_is_continued_with_it() {
    for (output, options) in
        [("a.ndjson", ""), ("a.json.gz", "--format json"), ("a.batch.gz", "--format batch --skip 99")]
    {
        let whole = tempdir().unwrap();
        shell(whole.path(), &format!("{RUN} -q {options} -o {output}")).quiet();
        let size = fs::metadata(whole.path().join(output)).unwrap().len() / 1024;
        let truth = lines(&whole.path().join("t.jsonl"));
        for kilobytes in [size / 5, size / 2, size - 1] {
            let folder = tempdir().unwrap();
            // The unit of `ulimit -f` is 512 bytes in a POSIX shell, and 1024 in others. The truth is smaller.
            let words = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec {RUN} {options} -o {output}");
            let found = shell(folder.path(), &words);
            assert_eq!(found.code, 1, "{}", found.stderr);
            assert!(!folder.path().join("t.jsonl").exists() && folder.path().join("t.jsonl.part").exists());
            shell(folder.path(), found.rest().unwrap_or(found.again())).fine();
            let made = lines(&folder.path().join("t.jsonl"));
            let missing = truth.iter().filter(|line| !made.contains(line)).count();
            assert!(made == truth, "{output} {kilobytes}: {} of {} lines, {missing} missing", made.len(), truth.len());
        }
    }
}

#[test]
fn the_truth_is_refused_where_it_would_replace_something() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("t.jsonl"), "mine").unwrap();
    let words = "generate mass-deletion --seed 7 --from 2026-01-05 -q --truth t.jsonl";
    let found = line(folder.path(), words);
    assert_eq!((found.code, found.text()), (1, ""), "{}", found.stderr);
    assert!(found.stderr.contains("`t.jsonl` already exists"), "{}", found.stderr);
    assert_eq!(fs::read(folder.path().join("t.jsonl")).unwrap(), b"mine");
    line(folder.path(), &format!("{words} --force --truth-all")).quiet();
    assert_eq!(lines(&folder.path().join("t.jsonl")).len(), 1);
}
