//! Planning ends, soon: for runs of any length, and for files of any size that may be read.

use super::{
    command_run::{Run, line, run, shell},
    random_stories::cases,
};
use proptest::{option, prelude::*, sample::select};
use std::{fmt::Write as _, fs, path::Path};
use tempfile::tempdir;

/// Runs a line for at most a minute of processor time, which tells what never ends from what a busy machine holds up.
fn ending(folder: &Path, line: &str) -> Run {
    shell(folder, &format!("ulimit -t 60; falsetrail {line}"))
}

/// Runs that are longer than the 104 days within which floating point knows each nanosecond, up to centuries.
#[test]
fn a_chart_of_any_length_ends() {
    let folder = tempdir().unwrap();
    let dormant = "steps:\n  - list-pools\n  - { call: create-pool, after: 120d..200d }\n";
    fs::write(folder.path().join("dormant.yaml"), dormant).unwrap();
    for words in [
        "dormant.yaml --from 2026-01-05",
        "list-pools --from 2026-01-05 --every 30d --instances 10",
        "busy-day --from 2025-01-01 -n 3000 --rate 1/h",
        "list-pools --from 1700-01-01 --to 2199-12-31 --every 3650d",
        "list-pools --from 2026-01-05 --every 1ns --instances 10",
        "list-pools --from 2026-01-05 --stage 100000d:1/d -n 20",
    ] {
        let planned = ending(folder.path(), &format!("plan {words} --seed 4")).quiet();
        let chart: Vec<&str> = planned.text().lines().filter(|line| line.contains('┤')).collect();
        assert_eq!(chart.len(), 4, "{words}: {}", planned.text());
        let cells = |line: &&str| line.chars().filter(|cell| ('▁'..='█').contains(cell)).count();
        assert!(chart.last().is_some_and(|line| cells(line) >= 2), "{words}: {}", planned.text());
    }
}

/// Event time ends on 2262-04-11. A run that has fewer events than were asked for says so.
#[test]
fn a_run_that_ends_because_time_ends_has_not_ended_well() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("late.yaml"), "mix: [list-pools]\nrate: 1/d\n").unwrap();
    fs::write(folder.path().join("long.yaml"), "steps:\n- list-pools\n- { call: list-pools, after: 90000d }\n")
        .unwrap();
    for (words, code) in [
        ("generate list-pools -n 10 --every 10000d", 1),
        ("generate list-pools --instances 10 --every 10000d", 1),
        ("generate long.yaml", 1),
        ("generate long.yaml -n 2 --every 100000d --skip 1", 1),
        ("generate long.yaml -n 9 --every 40000d --shard 0/2", 1),
        ("generate list-pools -n 100000 --rate 1/d", 2),
        ("generate late.yaml -n 100000", 2),
        ("generate list-pools --instances 3 --every 10000d --inject list-pools@+30000d", 2),
        ("generate list-pools -n 3 --inject list-pools@+90000d", 2),
        ("generate list-pools --live --speed 1000000 --inject long.yaml@+1s", 2),
    ] {
        let found = ending(folder.path(), &format!("{words} --seed 1 --from 2199-01-01"));
        assert_eq!(found.code, code, "{words}: {}", found.stderr);
        let told = ["event time ends in the year 2262", "event time is over, in the year 2262", "when the run is over"];
        assert!(told.iter().any(|told| found.stderr.contains(told)), "{words}: {}", found.stderr);
        assert!(!found.stderr.contains("to continue:"), "{words}: {}", found.stderr);
        if code == 1 {
            let planned =
                ending(folder.path(), &format!("{} --seed 1 --from 2199-01-01", words.replace("generate", "plan")));
            assert!(planned.text().contains("event time ends in the year 2262"), "{words}: {}", planned.text());
        }
    }
    // What was asked for is there, and what is left to happen was not asked for.
    for words in ["list-pools -n 3 --every 10000d", "long.yaml -n 1", "list-pools --rate 1/d -n 20000"] {
        line(folder.path(), &format!("generate {words} --seed 1 --from 2199-01-01")).fine();
    }
    // Without `--from`, a run that does not fit before its end is refused.
    for words in
        ["list-pools --instances 3 --every 100000d", "list-pools -n 1000000 --rate 1/d", "list-pools -d 106000d"]
    {
        let found = ending(folder.path(), &format!("generate {words} --to 1800-01-01 --seed 1"));
        assert!(found.code == 2 && found.stderr.contains("before 1700"), "{words}: {}", found.stderr);
    }
}

#[test]
fn instances_that_cannot_fit_are_refused_by_arithmetic() {
    let folder = tempdir().unwrap();
    let words = "generate list-pools --instances 1000G --every 1s --from 2026-01-01 -d 1h";
    let found = ending(folder.path(), words);
    assert!(found.code == 2 && found.stderr.contains("they need more than 213503d"), "{}", found.stderr);
    let found = ending(folder.path(), "generate pool-lifecycle --instances 3 --from 2026-01-01 -d 4s");
    assert!(found.code == 2 && found.stderr.contains("they need "), "{}", found.stderr);
}

#[test]
fn what_never_happens_is_not_waited_for() {
    let folder = tempdir().unwrap();
    let never = "steps: [{ call: list-pools, chance: 0.0000000000000001 }]\n";
    fs::write(folder.path().join("never.yaml"), never).unwrap();
    for words in ["-n 10", "--instances 1000G", "--from 1990-01-01 -d 30d --every 1us", "--rate 5/s -n 10"] {
        let found = ending(folder.path(), &format!("plan never.yaml {words} --seed 1"));
        assert!(found.code == 2 && found.stderr.contains("none has an event"), "{words}: {}", found.stderr);
    }
    // A control run of an attack that never happens is an empty one.
    assert_eq!(line(folder.path(), "generate never.yaml --instances 100 --seed 1").fine().text(), "");
}

/// A head, followed by a number of lines.
fn many(head: &str, count: usize, each: impl Fn(usize) -> String) -> String {
    (0..count).fold(head.to_owned(), |mut text, number| {
        let _ = writeln!(text, "{}", each(number));
        text
    })
}

/// Files that have much of something, and a part of the refusal of those that have too much.
fn large_files() -> Vec<(&'static str, String, Option<&'static str>)> {
    let pools = |count: usize, more: &str| {
        many("resources:\n", count, |number| format!("  r{number}: {{ kind: compute-pool{more} }}")) + "steps:\n"
    };
    let statements = many("resources:\n", 1_500, |number| {
        format!("  s{number}: {{ kind: statement, compute_pool: r{number} }}\n  r{number}: {{ kind: compute-pool }}")
    });
    let misspelt = many("steps:\n", 16_000, |number| format!("- list-poolz{number}"));
    let targets = many("steps:\n", 16_000, |number| format!("- {{ call: get-pool, target: nope{number} }}"));
    let weights =
        |count| many("mix:\n", count, |number| format!("- {{ scenario: every-method, weight: {} }}", number + 1));
    let lists = many(&pools(1_000, ", existing: true").replace("compute-pool", "statement"), 1_000, |number| {
        format!("- list-statements\n- {{ call: delete-statement, target: r{number} }}")
    });
    vec![
        (
            "creates",
            many(&pools(4_000, ""), 4_000, |number| format!("- {{ call: create-pool, target: r{number} }}")),
            None,
        ),
        (
            "chances",
            many(&pools(2_000, ", existing: true"), 2_000, |number| {
                format!(
                    "- {{ call: delete-pool, target: r{number}, chance: 50% }}\n- {{ call: get-pool, target: r{number}, outcome: auto }}"
                )
            }),
            None,
        ),
        ("reads", many(&pools(3_000, ""), 3_000, |number| format!("- {{ call: get-pool, target: r{number} }}")), None),
        (
            "each",
            many(&pools(2_000, ", count: 2"), 2_000, |number| format!("- {{ call: delete-pool, each: r{number} }}")),
            None,
        ),
        (
            "references",
            many(&(statements + "steps:\n"), 1_500, |number| {
                format!(
                    "- {{ call: create-pool, target: r{number} }}\n- {{ call: create-statement, target: s{number} }}"
                )
            }),
            None,
        ),
        (
            "branches",
            many(&pools(2_000, ", existing: true"), 2_000, |number| {
                format!(
                    "- choose: [{{ steps: [{{ call: delete-pool, target: r{number} }}] }}, {{ steps: [list-pools] }}]"
                )
            }),
            None,
        ),
        ("steps", many("steps:\n", 16_383, |_| "- list-pools".to_owned()), None),
        ("too-many-steps", many("steps:\n", 70_000, |_| "- list-pools".to_owned()), Some("at most 16,383 steps")),
        ("misspelt", misspelt, Some("no method is called `list-poolz0`")),
        ("targets", targets, Some("no resource is called `nope0`")),
        ("lists", lists, Some("200,000")),
        ("population", "population: { users: 10000000 }\nmix: [list-pools]\n".to_owned(), Some("at most 200 MB")),
        ("mix", weights(1_000), None),
        ("too-large-mix", weights(20_000), Some("at most 1,000 scenarios")),
        (
            "state",
            "resources: { a: { kind: compute-pool, count: 900000 }, b: { kind: compute-pool, count: 900000 } }\n\
             steps: [list-pools]\n"
                .to_owned(),
            Some("at most a million resources"),
        ),
        ("repeats", "rate: 5/s\nmix: ['r.yaml']\n".to_owned(), None),
    ]
}

#[test]
fn large_files_are_planned_soon_or_refused() {
    let folder = tempdir().unwrap();
    fs::write(
        folder.path().join("r.yaml"),
        "steps: [{ call: list-pools, repeat: { times: 16777216, every: 1s..2s } }]\n",
    )
    .unwrap();
    for (name, text, refusal) in large_files() {
        let file = format!("{name}.yaml");
        fs::write(folder.path().join(&file), text).unwrap();
        let found = ending(folder.path(), &format!("validate {file}"));
        match refusal {
            None => assert_eq!(
                (found.code, found.text()),
                (0, format!("{file}: ok\n").as_str()),
                "{name}: {}",
                found.stderr
            ),
            Some(refusal) => assert!(found.code == 2 && found.stderr.contains(refusal), "{name}: {}", found.stderr),
        }
    }
    let found = ending(folder.path(), "plan repeats.yaml -n 1000 --seed 1 --from 2026-01-05");
    assert!(found.fine().text().contains("1,000 events"));
}

#[test]
fn a_long_scenario_in_one_line_is_planned_soon() {
    let folder = tempdir().unwrap();
    let scenario = vec!["list-pools"; 8_000].join(",");
    let found = run(folder.path(), ["generate", &scenario, "--seed", "1", "--from", "2026-01-05", "-q"]).quiet();
    assert_eq!(found.text().lines().count(), 8_000);
}

/// Each file doubles what the one before it leads to: the last one would have 2^25 scenarios, or as many mistakes.
#[test]
fn mixes_of_mixes_are_bounded() {
    let folder = tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("m0.yaml", "steps: [list-pools]\n");
    write("n0.yaml", "mix: [missing.yaml]\n");
    for number in 1..26 {
        for letter in ["m", "n"] {
            let before = format!("{letter}{}.yaml", number - 1);
            write(
                &format!("{letter}{number}.yaml"),
                &format!("mix: [{before}, {{ scenario: {before}, weight: 2 }}]\n"),
            );
        }
    }
    for number in 1..=150 {
        write(
            &format!("d{number}.yaml"),
            &format!("mix: [{}]\n", if number == 1 { "m0.yaml".to_owned() } else { format!("d{}.yaml", number - 1) }),
        );
    }
    for (file, expected) in [
        ("m25.yaml", "at most 1,000 scenarios"),
        ("n25.yaml", "at most 1,000 scenarios"),
        ("d150.yaml", "more than 100 deep"),
    ] {
        let found = ending(folder.path(), &format!("validate {file}"));
        assert!(found.code == 2 && found.stderr.contains(expected), "{file}: {}", found.stderr);
    }
    for file in ["m9.yaml", "d90.yaml"] {
        assert_eq!(ending(folder.path(), &format!("validate {file}")).fine().text(), format!("{file}: ok\n"));
    }
}

/// Files that have no end, where one is read whole.
#[test]
fn what_is_read_whole_has_a_limit() {
    let folder = tempdir().unwrap();
    let to = "--seed 1 --from 2026-01-05 -b localhost:1 -t audit";
    let found = ending(folder.path(), &format!("generate list-pools {to} --only /dev/zero"));
    assert!(found.code == 2 && found.stderr.contains("longer than 64 KiB"), "{}", found.stderr);
    let found = ending(folder.path(), &format!("generate list-pools {to} --kafka-config /dev/zero"));
    assert!(found.code == 2 && found.stderr.contains("larger than 1 MiB"), "{}", found.stderr);
}

#[test]
fn a_part_far_behind_is_planned_from_the_beginning() {
    let folder = tempdir().unwrap();
    let words = "plan list-pools --rate 1000/s -n 4000000000000 --skip 1000000000000 --seed 1 --from 2026-01-05 --json";
    let found = ending(folder.path(), words).quiet();
    let planned: serde_json::Value = serde_json::from_str(found.text()).unwrap();
    assert_eq!((planned["exact"].as_bool(), planned["events"].as_u64()), (Some(false), Some(3_000_000_000_000)));
}

#[test]
fn nothing_may_be_skipped() {
    let folder = tempdir().unwrap();
    let whole = line(folder.path(), "generate pool-lifecycle --seed 1 --from 2026-01-05").fine();
    let same = line(folder.path(), "generate pool-lifecycle --seed 1 --from 2026-01-05 --skip 0").fine();
    assert!(whole.stdout == same.stdout && whole.again() == same.again());
}

#[test]
fn a_long_skip_shows_that_it_advances() {
    let folder = tempdir().unwrap();
    let words = "generate list-pools -n 3000001 --skip 3000000 --seed 1 --from 2026-01-05 -o out.ndjson --progress plain \
                 --progress-every 1ms";
    let found = line(folder.path(), words).fine();
    assert!(found.stderr.contains("passed over "), "{}", found.stderr);
}

/// Any length between a nanosecond and 290 years, in powers of two.
fn span() -> impl Strategy<Value = u64> {
    (0_u32..63, any::<u64>())
        .prop_map(|(bits, more)| (1_u64 << bits) + more % (1 << bits))
        .prop_map(|span| span.min(290 * 31_557_600_000_000_000))
}

proptest! {
    #![proptest_config(cases(24))]
    /// `plan` and `generate` end for runs of any length, and agree on what there is.
    #[test]
    fn plan_and_generate_end_for_any_span(
        seed in any::<u32>(),
        year in 1700_u32..2199,
        length in option::of(span()),
        every in option::of(span()),
        number in select(vec!["", "-n 1", "-n 40", "--instances 1", "--instances 7"]),
        pace in select(vec!["", "", "--rate 1/d", "--rate 3/s", "--rate 10M/s", "stage", "stage", "daily"]),
        stage in span(),
        inject in option::of(span()),
    ) {
        let folder = tempdir().unwrap();
        let daily = "mix: [pool-lifecycle]\ndaily: { peak: 2/h, trough: 1/d, peak_at: \"14:00\", timezone: Europe/Berlin }\n";
        fs::write(folder.path().join("daily.yaml"), daily).unwrap();
        let scenario = if pace == "daily" { "daily.yaml" } else { "pool-lifecycle" };
        let mut words = format!("{scenario} --seed {seed} --from {year}-06-01 {number}");
        match pace {
            "stage" => { let _ = write!(words, " --stage {stage}ns:5/h --stage {stage}ns:1/d"); }
            "daily" => {}
            pace => { let _ = write!(words, " {pace}"); }
        }
        for (option, value) in [("-d", length), ("--every", every.filter(|_| pace.is_empty()))] {
            if let Some(value) = value { let _ = write!(words, " {option} {value}ns"); }
        }
        if let Some(inject) = inject { let _ = write!(words, " --inject pool-lifecycle@+{inject}ns"); }
        let planned = ending(folder.path(), &format!("plan {words} --json"));
        prop_assert!([0, 2].contains(&planned.code), "{}: {}", words, planned.stderr);
        let text = ending(folder.path(), &format!("plan {words}"));
        prop_assert_eq!(text.code, planned.code, "{}", &words);
        let document: Option<serde_json::Value> = serde_json::from_str(planned.text()).ok();
        let events = document.as_ref().and_then(|document| document["events"].as_u64()).unwrap_or(0);
        // Some have thousand millions of events: those are planned, and not generated.
        if planned.code == 2 || events <= 100_000 {
            let made = ending(folder.path(), &format!("generate {words} -o out.ndjson"));
            prop_assert!(made.code == planned.code || made.code == 1 && text.text().contains("year 2262"), "{}: {}", words, made.stderr);
            if made.code == 0 {
                let written = fs::read_to_string(folder.path().join("out.ndjson")).unwrap().lines().count();
                prop_assert_eq!(written as u64, events, "{}", words);
            }
        }
    }
}
