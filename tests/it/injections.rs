//! Injected stories are on top of everything else, at exact times, and the rest is byte for byte what it is without.

use super::{
    command_run::line,
    random_stories::{Extent, Told, cases, told},
    trail,
};
use falsetrail::machinery::{GeneratedEvent, Plan, units::rate};
use proptest::{prelude::*, strategy::ValueTree};
use std::collections::BTreeMap;
use tempfile::tempdir;

const SECOND: i64 = 1_000_000_000;

/// Time and body of an event.
type Timed = (i64, Vec<u8>);

/// Events that are not injected, and those of each injected story, in their order.
fn parted(plan: &Plan) -> (Vec<Timed>, BTreeMap<String, Vec<Timed>>) {
    let (mut rest, mut injected) = (Vec::new(), BTreeMap::<_, Vec<_>>::new());
    let names: Vec<&str> = plan.scenarios[plan.background..].iter().map(|scenario| scenario.name.as_str()).collect();
    for GeneratedEvent { time, body, scenario, .. } in plan.events() {
        if names.contains(&scenario) {
            injected.entry(scenario.to_owned()).or_default().push((time, body));
        } else {
            rest.push((time, body));
        }
    }
    (rest, injected)
}

/// Names that are from a limited stock left out: of two injected stories that want the same one, the later one gets
/// another than it would alone. That are times in names of workspaces, by the second and environment; one in 4096 pairs of
/// pools, by their names in their scenarios; and one in 65,535 pairs of stories, which is in ids of events.
fn without_given_names(events: &[Timed]) -> Vec<(i64, String)> {
    let without = |text: &str, before: &str| {
        let mut parts = text.split(before);
        let first = parts.next().unwrap_or_default().to_owned();
        let rest =
            |part: &str| part.trim_start_matches(|one: char| one.is_ascii_alphanumeric() || one == '-').to_owned();
        parts.fold(first, |text, part| text + before + &rest(part))
    };
    let name = |body: &[u8]| {
        let text = String::from_utf8_lossy(body).into_owned();
        ["workspace-20", "lfcp-", "\"specversion\":\"1.0\",\"id\":\""]
            .iter()
            .fold(text, |text, before| without(&text, before))
    };
    events.iter().map(|(time, body)| (*time, name(body))).collect()
}

fn difference_is_the_injected(told: &Told) -> Result<(), TestCaseError> {
    let all = told.all();
    let plan = told.plan(&all);
    prop_assume!(plan.is_some() && !all.is_empty());
    let plan = plan.unwrap();
    let (rest, injected) = parted(&plan);
    let (without, none) = parted(&told.plan(&[]).unwrap());
    prop_assert!(none.is_empty());
    prop_assert_eq!(rest.len(), without.len());
    prop_assert!(rest == without, "the rest has other bytes");
    prop_assert!(rest.is_sorted_by_key(|(time, _)| *time));
    for number in &all {
        // A story that happens to have no step leaves nothing.
        let (alone, found) = parted(&told.plan(&[*number]).unwrap());
        prop_assert!(alone == without);
        let (_, seconds, _) = told.injected[*number];
        for (name, events) in found {
            prop_assert_eq!(events[0].0, plan.timing.from + i64::from(seconds) * SECOND, "{}", &name);
            let (alone, together) = (without_given_names(&events), without_given_names(&injected[&name]));
            let other = alone.iter().zip(&together).find(|(alone, together)| alone != together);
            prop_assert!(alone == together, "{} is other with the others: {:?}", name, other);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(24))]

    /// Counted or timed, with a rate and without: the generator has all four.
    #[test]
    fn the_difference_is_exactly_the_injected_events(told in told(4)) {
        difference_is_the_injected(&told)?;
    }
}

/// What `count` does to the number of events with `-n`: nothing.
#[test]
fn injected_events_are_not_counted_by_n() {
    let run = |inject: &[&str]| {
        let run = trail::run_of("busy-day").events_limit(500).with(|options| {
            options.rate = Some(rate("10/s").unwrap());
            options.inject = inject.iter().map(|text| (*text).to_owned()).collect();
        });
        trail::plan(&run)
    };
    assert_eq!(run(&[]).count(), 500);
    // A list or two around twelve deletes.
    let more = run(&["mass-deletion@+3s"]).count() - 500;
    assert!((14..=15).contains(&more), "{more}");
}

fn fixed(folder: &std::path::Path) -> String {
    let path = folder.join("fixed.yaml");
    let text = "resources:\n  pools: { kind: compute-pool, count: 5, existing: true }\nsteps:\n  \
        - { call: list-pools, after: 3s }\n  - { call: delete-pool, each: pools, after: 1234567ns, every: 77ms }\n  \
        - { call: list-pools, after: 1h, repeat: { times: 2, every: 5s } }\n";
    std::fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

/// However crowded it is around them.
#[test]
fn delays_of_injected_stories_are_kept_to_the_nanosecond() {
    let folder = tempdir().unwrap();
    let scenario = fixed(folder.path());
    let since_first = [0, 1_234_567, 78_234_567, 155_234_567, 232_234_567, 309_234_567];
    for (at, begins) in [("+0s", 0), ("+20m", 1200 * SECOND), ("2026-01-05T08:00:02.000000001Z", 2 * SECOND + 1)] {
        for pace in [None, Some("7/s"), Some("0.2/s")] {
            let run = trail::run_of("pool-lifecycle").with(|options| {
                options.duration = Some(5000 * SECOND as u64);
                options.rate = pace.map(|text| rate(text).unwrap());
                options.inject = vec![format!("{scenario}@{at}")];
            });
            let plan = trail::plan(&run);
            let (_, injected) = parted(&plan);
            let times: Vec<i64> =
                injected.values().next().unwrap().iter().map(|(time, _)| time - plan.timing.from).collect();
            let last = begins + since_first[5] + 3600 * SECOND;
            let expected: Vec<i64> =
                since_first.iter().map(|since| begins + since).chain([last, last + 5 * SECOND]).collect();
            assert_eq!(times, expected, "{at} {pace:?}");
        }
    }
}

/// Names of workspaces are given out once in their environment, to injected stories, too.
#[test]
fn injected_workspaces_have_the_names_that_they_would_have_alone() {
    let run = |inject: &[&str]| {
        let mix = "rate: 5/s\npopulation: { environments: 1 }\nmix: [notebook-session]\n";
        trail::plan_of_file("one-room", mix, |options| {
            options.events = Some(1_500);
            options.inject = inject.iter().map(|text| (*text).to_owned()).collect();
        })
    };
    // In the same minute, made and made before.
    let scenarios = [
        "notebook-session@+20s",
        "workspace-lifecycle@+24s",
        "delete-workspace@+31s",
        "get-workspace,delete-workspace@+5s",
        "list-workspaces,delete-workspace@+31s",
        "notebook-session@+21s",
    ];
    let (rest, all) = parted(&run(&scenarios));
    for scenario in scenarios {
        let (alone, found) = parted(&run(&[scenario]));
        assert!(alone == rest);
        for (name, events) in found {
            let first = events.iter().zip(&all[&name]).find(|(one, other)| one != other);
            let text = |events: &Timed| String::from_utf8_lossy(&events.1).into_owned();
            assert!(all[&name] == events, "{name}: {:?}", first.map(|(one, other)| (text(one), text(other))));
        }
    }
    // And no two have the same.
    let text = all.values().flatten().map(|(_, body)| String::from_utf8_lossy(body).into_owned());
    let made = text.filter(|body| body.contains("CreateWorkspace") && body.contains("workspace_name"));
    let names: Vec<String> = made
        .map(|body| body.split("\"workspace_name\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned())
        .collect();
    assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), names.len(), "{names:?}");
    assert_eq!(names.len(), 3);
}

/// By the command line and by a mix, beside each other, twice the same, and with parameters of their own.
#[test]
fn the_command_injects_as_a_mix_does() {
    let folder = tempdir().unwrap();
    let mix = "rate: 5/s\nmix: [notebook-session]\ninject:\n  \
        - { scenario: mass-deletion, at: +20s, with: { deletes: 4 }, label: near-miss }\n";
    std::fs::write(folder.path().join("day.yaml"), mix).unwrap();
    let words = "generate day.yaml -d 5m --seed 7 --from 2026-01-05T08:00:00Z -q";
    let lines =
        |words: &str| -> Vec<String> { line(folder.path(), words).quiet().text().lines().map(str::to_owned).collect() };
    let (plain, more) =
        (lines(words), lines(&format!("{words} --inject mass-deletion@+20s,deletes=3 --inject mass-deletion@+1m")));
    let deletes = |lines: &[String]| lines.iter().filter(|line| line.contains("DeleteComputePool")).count();
    assert_eq!((deletes(&plain), deletes(&more)), (4, 4 + 3 + 12));
    assert!(plain.iter().all(|line| more.contains(line)));
    // The file without them is the rest.
    std::fs::write(folder.path().join("day.yaml"), mix.split("inject").next().unwrap()).unwrap();
    let without = lines(words);
    assert_eq!(without.len(), 1500);
    let rest: Vec<_> = more.iter().filter(|line| without.contains(line)).collect();
    assert!(rest.iter().copied().eq(&without));
}

#[test]
fn extents_of_the_generator_are_both_there() {
    // So that "with `-n`, with `-d`" above is no wish.
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = BTreeMap::new();
    for _ in 0..60 {
        let told = told(1).new_tree(&mut runner).unwrap().current();
        *seen.entry((matches!(told.extent, Extent::Events(_)), told.is_paced())).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
}
