//! A 0 that a parameter says means never: the run without the attack is the same file.

use super::command_run::{Run, run};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};
use tempfile::{TempDir, tempdir};

const STORY: &str = "params: { attack: 0.1, noise: 3, victims: 4, bad: 1, good: 3, ways: 2 }
resources:
  pools: { kind: compute-pool, count: $victims, existing: true }
steps:
  - { call: list-workspaces, repeat: $noise }
  - { call: list-regions, repeat: { times: $noise, every: 1s } }
  - { call: list-pools, chance: $attack }
  - { call: delete-pool, each: pools }
  - choose:
      - { weight: $bad, steps: [update-statement-failure] }
      - { weight: $good, steps: [list-statements] }
  - choose: [{ weight: $ways, steps: [create-workspace] }]
  - list-statements
";

const MIX: &str = "params: { bad: 1, rest: 1 }
every: 1m
mix:
  - { scenario: list-pools, weight: 9 }
  - { scenario: 'create-pool,delete-pool', weight: $bad }
  - { scenario: inner.yaml, weight: $rest }
";

const INNER: &str = "params: { inner: 1 }
mix: [{ scenario: list-workspaces, weight: $inner }, { scenario: list-statements, weight: $inner }]
";

fn folder() -> TempDir {
    let folder = tempdir().unwrap();
    for (name, text) in [("story.yaml", STORY), ("mix.yaml", MIX), ("inner.yaml", INNER)] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn generate(folder: &Path, scenario: &str, more: &[&str]) -> Run {
    let arguments = ["generate", scenario, "--seed", "1", "--from", "2026-01-05", "-q"];
    run(folder, arguments.iter().chain(more))
}

fn events(run: &Run) -> Vec<(String, String)> {
    assert_eq!(run.code, 0, "{}", run.stderr);
    let event = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap();
        let data = &event["data"];
        let method = data["methodName"].as_str().or(data["method_name"].as_str()).unwrap();
        (method.to_owned(), event["id"].as_str().unwrap().to_owned())
    };
    run.text().lines().map(event).collect()
}

/// The ids of all events, and the methods without those of a run without 0.
fn missing(folder: &Path, more: &[&str], sets: &[&str]) -> Vec<String> {
    let whole = events(&generate(folder, "story.yaml", more));
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).chain(more.iter().copied()).collect();
    let control = events(&generate(folder, "story.yaml", &sets));
    let ids: BTreeSet<&String> = whole.iter().map(|(_, id)| id).collect();
    let kept: BTreeSet<&String> = control.iter().map(|(_, id)| id).collect();
    assert!(kept.is_subset(&ids), "{sets:?}: the control run has other events");
    let mut names: Vec<String> =
        whole.iter().filter(|(_, id)| !kept.contains(id)).map(|(name, _)| name.clone()).collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn what_is_set_to_0_never_happens_and_the_rest_stays() {
    let folder = folder();
    let folder = folder.path();
    let all = ["--instances", "40"];
    assert_eq!(missing(folder, &all, &["attack=0"]), ["ListComputePools"]);
    assert_eq!(missing(folder, &all, &["attack=0%"]), ["ListComputePools"]);
    assert_eq!(missing(folder, &all, &["attack=0.0"]), ["ListComputePools"]);
    assert_eq!(missing(folder, &all, &["noise=0"]), ["ListFlinkRegions", "ListWorkspace"]);
    assert_eq!(missing(folder, &all, &["noise=0..0"]), ["ListFlinkRegions", "ListWorkspace"]);
    assert_eq!(missing(folder, &all, &["victims=0"]), ["DeleteComputePool"]);
    assert_eq!(missing(folder, &all, &["ways=0"]), ["CreateWorkspace"]);
    let everything = ["attack=0", "noise=0", "victims=0", "bad=0", "good=0", "ways=0"];
    let control = generate(folder, "story.yaml", &everything.iter().flat_map(|set| ["--set", set]).collect::<Vec<_>>());
    assert_eq!(events(&control).into_iter().map(|(name, _)| name).collect::<Vec<_>>(), ["ListStatements"]);
    let without = generate(folder, "story.yaml", &["--set", "bad=0", "--instances", "40"]);
    assert!(events(&without).iter().all(|(name, _)| name != "UpdateStatement"));
    for command in ["plan", "generate"] {
        let found = run(
            folder,
            [
                command,
                "story.yaml",
                "--set",
                "victims=0",
                "--rate",
                "10/s",
                "-n",
                "100",
                "--seed",
                "1",
                "--from",
                "2026-01-05",
            ],
        );
        assert_eq!(found.code, 0, "{command}: {}", found.stderr);
    }
}

#[test]
fn a_story_of_weight_0_is_not_told() {
    let folder = folder();
    let folder = folder.path();
    let methods = |more: &[&str]| {
        let found = generate(folder, "mix.yaml", more);
        events(&found).into_iter().map(|(name, _)| name).collect::<BTreeSet<_>>()
    };
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let many = |sets: &[&'static str]| {
        sets.iter().flat_map(|set| ["--set", *set]).chain(["--instances", "60"]).collect::<Vec<_>>()
    };
    assert_eq!(methods(&many(&["bad=0"])), set(&["ListComputePools", "ListWorkspace", "ListStatements"]));
    assert_eq!(methods(&many(&["bad=0", "rest=0"])), set(&["ListComputePools"]));
    assert_eq!(methods(&many(&["bad=0", "inner=0"])), set(&["ListComputePools"]));
    // Each story once, with or without those that are not told, at the same times.
    let once = events(&generate(folder, "mix.yaml", &[]));
    assert_eq!(once.len(), 5);
    let without = events(&generate(folder, "mix.yaml", &["--set", "bad=0"]));
    let kept: Vec<_> = once
        .iter()
        .filter(|(name, _)| !["CreateComputePool", "DeleteComputePool"].contains(&name.as_str()))
        .cloned()
        .collect();
    assert_eq!(without, kept);
    let paced = generate(folder, "mix.yaml", &["--set", "bad=0", "--rate", "5/s", "-n", "50"]);
    assert!(events(&paced).iter().all(|(name, _)| name != "CreateComputePool"));
    let all = ["bad=0", "rest=0"].iter().flat_map(|set| ["--set", set]).collect::<Vec<_>>();
    fs::write(folder.join("mix.yaml"), MIX.replace("weight: 9", "weight: $bad")).unwrap();
    let nothing = generate(folder, "mix.yaml", &all);
    assert_eq!(nothing.code, 2);
    assert!(nothing.stderr.contains("all weights are 0: nothing would ever happen"), "{}", nothing.stderr);
}

#[test]
fn zeros_come_from_mixes_defaults_and_run_files_too() {
    let folder = folder();
    let folder = folder.path();
    fs::write(folder.join("off.yaml"), STORY.replace("victims: 4", "victims: 0")).unwrap();
    let off = generate(folder, "off.yaml", &[]);
    assert!(events(&off).iter().all(|(name, _)| name != "DeleteComputePool"));
    fs::write(folder.join("day.yaml"), "every: 1m\nmix: [{ scenario: story.yaml, with: { victims: 0, attack: 0 } }]\n")
        .unwrap();
    let day = generate(folder, "day.yaml", &["--instances", "30"]);
    assert!(events(&day).iter().all(|(name, _)| !["DeleteComputePool", "ListComputePools"].contains(&name.as_str())));
    let inject =
        generate(folder, "list-pools", &["--inject", "story.yaml@+1s,victims=0,noise=0", "-n", "2", "--every", "1m"]);
    assert!(events(&inject).iter().all(|(name, _)| name != "DeleteComputePool"));
    generate(folder, "story.yaml", &["--set", "victims=0", "--write-run", "run.json", "-o", "out.ndjson"]).fine();
    let again = run(folder, ["generate", "--run", "run.json", "-q"]).fine();
    assert_eq!(again.text(), fs::read_to_string(folder.join("out.ndjson")).unwrap());
    // What `show` writes out reads back.
    let shown = run(folder, ["show", "off.yaml", "--as", "yaml"]).fine();
    fs::write(folder.join("shown.yaml"), shown.text()).unwrap();
    let shown = generate(folder, "shown.yaml", &[]);
    let names = |run: &Run| events(run).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(&shown), names(&off));
    for form in ["timeline", "mermaid"] {
        run(folder, ["show", "off.yaml", "--as", form]).fine();
    }
}

#[test]
fn a_file_itself_says_no_0() {
    let folder = folder();
    let folder = folder.path();
    for (from, to, message) in [
        (
            "chance: $attack",
            "chance: 0",
            "leave the step out if it never happens, or let a parameter say 0: `chance: $attack`",
        ),
        ("repeat: $noise", "repeat: 0", "or let a parameter say 0: `repeat: $noise`"),
        ("count: $victims", "count: 0", "or let a parameter say 0: `count: $victims`"),
        ("weight: $bad", "weight: 0", "or let a parameter say 0: `weight: $attacks`"),
    ] {
        fs::write(folder.join("zero.yaml"), STORY.replace(from, to)).unwrap();
        let found = run(folder, ["validate", "zero.yaml"]);
        assert!(found.code == 2 && found.stderr.contains(message), "{}", found.stderr);
    }
    fs::write(
        folder.join("one.yaml"),
        STORY.replace("{ call: delete-pool, each: pools }", "{ call: delete-pool, target: pools }"),
    )
    .unwrap();
    let found = generate(folder, "one.yaml", &["--set", "victims=0"]);
    assert!(found.stderr.contains("`pools` is 0 resources, and a step is about one"), "{}", found.stderr);
    for wrong in ["bad=-1", "victims=-1", "noise=-1", "attack=-0.5"] {
        assert_eq!(generate(folder, "story.yaml", &["--set", wrong]).code, 2, "{wrong}");
    }
}
