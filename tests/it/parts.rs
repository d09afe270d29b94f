//! A run cut any way is the same run: shards, what comes after the first events, and digests.

use super::command_run::{line, run};
use falsetrail::machinery::{
    Plan, Run,
    run::{self, EmitOptions, Selection, Shard, Slice},
    sink::{Memory, Sink},
    units::rate,
};
use proptest::prelude::*;
use std::{collections::BTreeSet, fs, sync::atomic::AtomicBool};

/// Bodies by number, and the digest.
fn emitted(plan: &Plan, part: &Slice) -> (Vec<(u64, Vec<u8>)>, String) {
    let memory = Memory::default();
    let sink: Box<dyn Sink> = Box::new(memory.clone());
    let how = EmitOptions { part: part.clone(), digest: true, ..EmitOptions::default() };
    let outcome = run::emit(plan, sink, how, &AtomicBool::new(false));
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    let chunk = memory.collected();
    let bodies = chunk.events.iter().map(|event| (event.number, chunk.body(event).to_vec())).collect();
    (bodies, outcome.summary.digest().unwrap_or_default())
}

fn plan(scenario: &str, seed: u64, events: u64, paced: bool) -> Plan {
    let run = Run::new(scenario).seed(seed).from("2026-01-05T08:00:00Z").events_limit(events).with(|options| {
        options.rate = paced.then(|| rate("50/s").expect("a rate"));
    });
    run.plan().expect("the run can be planned")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn shards_are_the_whole(seed: u64, paced: bool, of in prop::sample::select(vec![2_u64, 3, 7])) {
        let plan = plan("busy-day", seed, 1_500, paced);
        let (whole, _) = emitted(&plan, &Slice::default());
        let mut merged = Vec::new();
        for index in 0..of {
            merged.extend(emitted(&plan, &Slice { skip: 0, shard: Some(Shard { index, of }), ..Slice::default() }).0);
        }
        merged.sort_by_key(|(number, _)| *number);
        prop_assert_eq!(merged, whole);
    }

    #[test]
    fn what_is_skipped_is_the_beginning(seed: u64, paced: bool, skip in 0..1_500_u64) {
        let plan = plan("busy-day", seed, 1_500, paced);
        let (whole, _) = emitted(&plan, &Slice::default());
        let (rest, _) = emitted(&plan, &Slice { skip, ..Slice::default() });
        prop_assert_eq!(&rest[..], &whole[skip as usize..]);
    }

    #[test]
    fn only_these_are_these(seed: u64, paced: bool, numbers in prop::collection::vec(0..1_500_u64, 1..40)) {
        let plan = plan("busy-day", seed, 1_500, paced);
        let (whole, _) = emitted(&plan, &Slice::default());
        let only: Selection = numbers.iter().copied().collect();
        let (some, _) = emitted(&plan, &Slice { only: Some(only), ..Slice::default() });
        let wanted: BTreeSet<u64> = numbers.into_iter().collect();
        let expected: Vec<_> = wanted.iter().map(|number| whole[*number as usize].clone()).collect();
        prop_assert_eq!(some, expected);
    }
}

#[test]
fn a_list_of_events_is_this_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let generate = |options: &str| {
        let line = format!("generate pool-resize-failure --from 2026-01-05 {options}");
        run(folder.path(), line.split_whitespace())
    };
    let whole = generate("--seed 7 -q").quiet();
    let lines: Vec<&str> = whole.text().lines().collect();
    let id = |index: usize| {
        let event: serde_json::Value = serde_json::from_str(lines[index]).expect("an event");
        event["id"].as_str().expect("an id").to_owned()
    };
    let list = |text: String| fs::write(folder.path().join("list"), text).expect("a file");
    let both = format!("{{\"id\":\"{}\",\"event\":8,\"more\":[]}}\n\n{{\"event\":2,\"id\":null}}\n", id(8));
    list(both.clone());
    let found = generate("--seed 7 --only list").fine();
    assert_eq!(found.text(), format!("{}\n{}\n", lines[2], lines[8]));
    assert!(found.again().contains(" --only list"), "{}", found.again());
    // (list, options, what is said)
    let refused = [
        (both.as_str(), "--seed 8 --only list", "the events of `list` are not of this run"),
        ("", "--seed 7 --only list", "`list` lists no events"),
        ("{\"event\":1}\n{\"event\":-1}", "--seed 7 --only list", "line 2 of `list` does not say which event"),
        ("41\n", "--seed 7 --only list", "line 1 of `list` does not say which event"),
        ("", "--seed 7 --only none", "cannot read `none`: no such file"),
        ("", "--only list", "--seed"),
    ];
    for (text, options, said) in refused {
        list(text.to_owned());
        let found = generate(options);
        assert!(found.code == 2 && found.stderr.contains(said), "{text} {options}: {}", found.stderr);
    }
}

/// Nobody changes the bytes without noticing; the changelog names every release that does.
#[test]
fn digests_are_pinned() {
    for (scenario, events, digest) in DIGESTS {
        let run = Run::new(scenario).seed(7).from("2026-01-05T08:00:00Z").with(|options| options.events = events);
        let plan = run.plan().expect("the run can be planned");
        assert_eq!(emitted(&plan, &Slice::default()).1, digest, "{scenario}");
    }
}

const DIGESTS: [(&str, Option<u64>, &str); 2] = [
    ("every-method", None, "5653079eb7a4e150d6f81b0b398f3b63"),
    ("busy-day", Some(100_000), "8e1e7e9cf80052b51bd153656dd93a3b"),
];

#[test]
fn a_digest_does_not_depend_on_the_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let digest = |options: &str| {
        let made = line(folder.path(), &format!("generate every-method --seed 7 --from 2026-01-05 --digest {options}"));
        let found = made.stderr.lines().find_map(|line| line.strip_prefix("digest: ").map(str::to_owned));
        found.unwrap_or_else(|| panic!("no digest in {}", made.stderr))
    };
    let plain = digest("");
    assert_eq!(plain.len(), 32);
    for options in ["--format json", "--format batch -o batch.json", "-o trail.ndjson.gz", "--split event -o events/"] {
        assert_eq!(digest(options), plain, "{options}");
    }
}
