//! Alerts and truths that cannot be scored, and what is said about them.

use super::{DAY, json_lines, with_ids};
use crate::command_run::line;
use serde_json::json;
use std::fs;

/// Writes a truth and alerts, and scores them: exit status and message.
fn scored(truth: Option<&str>, alerts: &str, options: &str) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("alerts.json"), alerts).unwrap();
    let given = DAY.folder.path().join("truth.ndjson");
    fs::write(folder.path().join("truth"), truth.map_or_else(|| fs::read_to_string(given).unwrap(), str::to_owned))
        .unwrap();
    let run = line(folder.path(), &format!("score --truth truth alerts.json {options}"));
    (run.code, run.stderr)
}

#[test]
fn what_cannot_be_scored_is_said_with_a_remedy() {
    let whole = fs::read_to_string(DAY.folder.path().join("truth.ndjson")).unwrap();
    let first = whole.lines().next().unwrap();
    let alerts = json_lines(DAY.alerts.iter().map(|alert| with_ids(alert)));
    let folder = tempfile::tempdir().unwrap();
    let other_seed = "generate busy-day -n 200 --seed 8 --from 2026-01-05T08:00:00Z -q -o o --truth t --truth-all";
    line(folder.path(), other_seed).quiet();
    let other = fs::read_to_string(folder.path().join("t")).unwrap();
    let mixed = format!("{first}\n{}", other.lines().next().unwrap());
    let old = first.split(",\"run\":").next().unwrap().to_owned() + "}";
    let strange =
        first.replacen(&DAY.truth[0]["event_ids"][0].to_string(), "\"00000000-0000-4000-8000-000000000000\"", 1);
    let own = |extra: &str| format!("{{\"user\":{},{extra}}}\n", DAY.truth[0]["actor"]["id"]);
    let cases: [(Option<&str>, &str, &str, &[&str]); 16] = [
        (
            Some(&other),
            &alerts,
            "",
            &["is about the run of this truth, `busy-day` (seed 8", "give the truth of the run"],
        ),
        (None, "{\"rule\":\"r\",\"count\":10}\n", "", &["nothing to match by", "keep the ids"]),
        (None, &own("\"count\":10"), "", &["but not when they fired", "--alert-time FIELD"]),
        (None, &own("\"time\":\"2020-01-01T00:00:00Z\""), "", &["at other times than theirs", "--window"]),
        (None, &alerts, "--label exfil", &["no instance of the truth has the label `exfil`", "`exfiltration`"]),
        (None, &alerts, "--rule name.of.rule", &["no alert has a rule at `name.of.rule`"]),
        (None, &alerts, "--alert-time rule", &["no alert has a time at `rule`", "RFC 3339"]),
        (Some(""), &alerts, "", &["`truth` has no line", "--truth-all"]),
        (Some("{\"id\":\"x\"}\n"), &alerts, "", &["line 1 of `truth` is no ground truth", "--truth FILE"]),
        (Some("no JSON\n"), &alerts, "", &["line 1 of `truth` is no ground truth"]),
        (Some(&old), &alerts, "", &["does not name its run", "older version"]),
        (Some(&strange), &alerts, "", &["its `event_ids` are not of its run"]),
        (Some(&mixed), &alerts, "", &["line 2 of `truth` is about busy-day (seed 8", "score each run with its truth"]),
        (Some(&other), "", "--require recall=1", &["`recall=1` cannot be judged", "--inject"]),
        (None, &alerts, "--match nothing", &["invalid value 'nothing'"]),
        (None, &alerts, "--require recall", &["`recall` cannot be required", "false-alarms<=2/d"]),
    ];
    for (truth, alerts, options, said) in cases {
        let (code, message) = scored(truth, alerts, options);
        assert_eq!(code, 2, "{options} {said:?}: {message}");
        for part in said {
            assert!(message.contains(part), "{part} in {message}");
        }
    }
}

#[test]
fn what_is_no_text_and_what_is_not_there_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let truth = DAY.folder.path().join("truth.ndjson");
    fs::write(folder.path().join("alerts.parquet"), b"PAR1\x15\x04").unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    for (alerts, said) in [
        ("alerts.parquet", "Parquet"),
        ("nowhere.json", "cannot read `nowhere.json`"),
        ("empty", "there are no files in `empty`"),
        ("- -", "standard input can be read once"),
        ("", "required"),
    ] {
        let refused = line(folder.path(), &format!("score --truth {} {alerts}", truth.display()));
        assert_eq!(refused.code, 2, "{alerts}: {}", refused.stderr);
        assert!(refused.stderr.contains(said), "{alerts}: {}", refused.stderr);
    }
    let without_truth = line(folder.path(), "score alerts.parquet");
    assert!(without_truth.code == 2 && without_truth.stderr.contains("--truth"), "{}", without_truth.stderr);
}

/// A score that fails for another reason leaves the summary of an earlier one alone.
#[test]
fn the_summary_is_not_replaced_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let truth = DAY.folder.path().join("truth.ndjson");
    fs::write(folder.path().join("alerts.json"), json_lines([json!({ "id": DAY.id(0) })])).unwrap();
    let command = format!("score --truth {} alerts.json -q --summary score.json", truth.display());
    line(folder.path(), &command).quiet();
    let refused = line(folder.path(), &command);
    assert!(refused.code == 2 && refused.stderr.contains("--force"), "{}", refused.stderr);
    line(folder.path(), &format!("{command} --force")).quiet();
    let both =
        line(folder.path(), &format!("score --truth {} alerts.json --summary alerts.json --force", truth.display()));
    assert!(both.stderr.contains("both an input and an output"), "{}", both.stderr);
}
