//! What `show` tells of stories and loads is so.

use super::command_run::{line, run};
use falsetrail::machinery::{
    Run,
    sources::scenario_names,
    units::{count_range, duration_range},
};
use std::path::Path;
use tempfile::tempdir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn shown(words: &str) -> String {
    line(root(), words).quiet().text().to_owned()
}

/// The shipped stories: those that have a timeline of their own.
fn scenarios() -> Vec<&'static str> {
    let names = scenario_names().into_iter();
    names.filter(|name| shown(&format!("show {name}")).contains("\nWHEN ")).collect()
}

/// Number of events and length, as the last line says, hold for each instance, and both ends are nearly reached.
#[test]
fn a_timeline_says_how_many_events_there_are_and_how_long_it_takes() {
    assert!(scenarios().len() >= 10);
    for name in scenarios() {
        let text = shown(&format!("show {name}"));
        let end = text.lines().last().unwrap();
        let (events, takes) = end.split_once(" events in ").unwrap_or_else(|| panic!("{name}: {end}"));
        let (events, takes) = (count_range(events).unwrap(), duration_range(takes).unwrap());
        let run = Run::new(name).seed(5).from("2026-01-05").instances(300).plan().unwrap();
        let mut found = vec![(0_u64, i64::MAX, i64::MIN); 300];
        for event in run.events() {
            let entry = &mut found[event.instance as usize];
            *entry = (entry.0 + 1, entry.1.min(event.time), entry.2.max(event.time));
        }
        let counts = found.iter().map(|(count, ..)| *count);
        let (least, most) = (counts.clone().min().unwrap(), counts.max().unwrap());
        assert!(events.low <= least && most <= events.high, "{name}: {end}, found {least}..{most}");
        // The first event may be late, the jitter within a slot is small.
        let length = found.iter().map(|(_, first, last)| (last - first) as u64).max().unwrap();
        assert!(length <= takes.high + 1_000_000_000, "{name}: {end}, found {length} ns");
        assert!(length * 2 >= takes.low, "{name}: {end}, found {length} ns");
    }
}

#[test]
fn a_timeline_tells_who_does_what_when() {
    let text = shown("show mass-deletion");
    for part in [
        "mass-deletion\n  One principal deletes",
        "\nwith deletes = 12, gap = 4s\n",
        "\n  insider  user\n",
        "\n  victims  12 × compute pool  existed before\n",
        "list-regions, in 50 %",
        "all compute pools",
        "delete-pool, on each of 12, 4s apart",
        "\n14..15 events in 52s..1m7s\n",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    let line_text = shown("show create-pool,update-pool-failure,delete-pool:auto");
    for part in ["max-cfu-reduction (400)", "whatever the state dictates", "update-pool with the max_cfu before"] {
        assert!(line_text.contains(part), "no {part:?} in\n{line_text}");
    }
    assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
}

#[test]
fn branches_show_their_chances() {
    let folder = tempdir().unwrap();
    let scenario = "\
steps:
  - create-pool
  - choose:
      - weight: 3
        steps:
          - { call: get-pool, after: 10s }
          - choose: [{ steps: [{ call: update-pool, after: 1m }] }, { steps: [{ call: get-pool, after: 2m }] }]
      - weight: 1
        steps: [{ call: get-pool, after: 1h, chance: 10% }]
  - { call: delete-pool, after: 1s }
";
    std::fs::write(folder.path().join("story.yaml"), scenario).unwrap();
    let text = line(folder.path(), "show story.yaml").quiet().text().to_owned();
    let rows: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("WHEN")).skip(1).collect();
    let begins = [
        "0s ",
        "┌ in 75 %",
        "│ 10s ",
        "│ ┌ in 50 %",
        "│ │ 1m10s ",
        "│ ├ in 50 %",
        "│ │ 2m10s ",
        "│ └",
        "├ in 25 %",
        "│ 1h ",
        "└",
        "1s..1h1s ",
        "",
        "2..4 events in 1s..1h1s",
    ];
    assert_eq!(rows.len(), begins.len(), "{text}");
    for (row, begin) in rows.iter().zip(begins) {
        assert!(row.starts_with(begin), "`{begin}` is not what begins `{row}` in\n{text}");
    }
    let diagram = line(folder.path(), "show story.yaml --as mermaid").quiet().text().to_owned();
    for part in
        ["    alt 75 %", "        else 50 %", "    else 25 %", "        opt 10 %", "A0->>R0: delete-pool, at 1s..1h1s"]
    {
        assert!(diagram.contains(part), "no {part:?} in\n{diagram}");
    }
}

/// Blocks are closed, and who speaks was introduced.
#[test]
fn diagrams_are_well_formed() {
    for name in scenarios() {
        let diagram = shown(&format!("show {name} --as mermaid"));
        let mut lines = diagram.lines().map(str::trim);
        assert_eq!(lines.next(), Some("sequenceDiagram"));
        let (mut open, mut known) = (0, Vec::new());
        for line in lines {
            let word = line.split(' ').next().unwrap();
            match word {
                "accDescr:" => {}
                "actor" | "participant" => known.push(line.split(' ').nth(1).unwrap()),
                "loop" | "alt" | "opt" => open += 1,
                "else" => assert!(open > 0, "{diagram}"),
                "end" => open -= 1,
                call => {
                    let (from, to) = call.split_once("->>").or_else(|| call.split_once("-x")).expect(line);
                    let to = to.trim_end_matches(':');
                    assert!(known.contains(&from) && known.contains(&to), "{line} in\n{diagram}");
                }
            }
        }
        assert_eq!(open, 0, "{diagram}");
    }
}

#[test]
fn a_load_is_shown_by_its_stories() {
    let text = shown("show busy-day");
    for part in ["an instance every 1s", "\n40 %   notebook-session ", "\nExpected within a day"] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    assert!(shown("show office-week").contains("Europe/Berlin"));
    let folder = tempdir().unwrap();
    let mix = "rate: 5/s\nmix: [pool-lifecycle]\ninject:\n  - { scenario: mass-deletion, at: +2h, label: positive }\n";
    std::fs::write(folder.path().join("mix.yaml"), mix).unwrap();
    let text = line(folder.path(), "show mix.yaml").quiet().text().to_owned();
    for part in ["5/s events", "100 %  pool-lifecycle", "+2h  mass-deletion   14..15  positive"] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    let refused = run(root(), ["show", "busy-day", "--as", "mermaid"]);
    assert_eq!((refused.code, refused.text()), (2, ""));
    assert!(refused.stderr.contains("`falsetrail show notebook-session --as mermaid`"), "{}", refused.stderr);
}

/// What is said to differ differs, and nothing else does.
#[test]
fn a_method_says_what_differs_from_event_to_event() {
    let text = shown("show create-statement");
    let differing = text.split("\ndiffers from event to event:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let paths: Vec<&str> = differing.lines().filter_map(|line| line.split_whitespace().next()).collect();
    for path in ["id", "time", "subject", "data.requestMetadata.requestId[0]"] {
        assert!(paths.contains(&path), "{paths:?}");
    }
    for path in ["specversion", "source", "data.methodName", "data.result.status"] {
        assert!(!paths.contains(&path), "{paths:?}");
    }
    let coloured = shown("show create-statement --color always");
    let plain = shown("show create-statement --color never");
    assert!(coloured.contains("\u{1b}[33m") && !plain.contains('\u{1b}'));
    let mut bare = coloured;
    for code in ["\u{1b}[2m", "\u{1b}[33m", "\u{1b}[0m"] {
        bare = bare.replace(code, "");
    }
    assert_eq!(bare, plain);
}
