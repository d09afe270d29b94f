//! The edge of a rule whose threshold is known: ten deletions within 60 seconds.

use crate::command_run::line;
use serde_json::{Value, json};
use std::{fs, path::Path};

/// Prints time and principal of each tenth deletion within a minute.
const RULE: &str = r#"awk '/DeleteComputePool/ && /SUCCESS/' | sed -E 's/.*"time":"([^"]*)".*"resource_id":"((u|sa)-[^"]*)".*/\1 \2/' | awk '
{
    split($1, t, /[-T:Z]/)
    seconds = t[3] * 86400 + t[4] * 3600 + t[5] * 60 + t[6]
    count[$2]++
    when[$2, count[$2]] = seconds
    if (count[$2] >= 10 && seconds - when[$2, count[$2] - 9] <= 60) print $1, $2
}'
"#;

fn swept(folder: &Path, options: &str) -> (String, Value) {
    fs::write(folder.join("rule.sh"), RULE).unwrap();
    let run =
        line(folder, &format!("score {options} --summary sweep.json --force mass-deletion -- sh rule.sh")).quiet();
    let document = serde_json::from_str(&fs::read_to_string(folder.join("sweep.json")).unwrap()).unwrap();
    (run.text().to_owned(), document)
}

#[test]
fn the_threshold_of_a_rule_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (text, document) = swept(folder.path(), "--sweep deletes=7..12 --seeds 2 --rate 0.2/s --apart 3m");
    let edges = json!([{ "params": {}, "along": "deletes", "always": ["10..12"], "sometimes": [], "never": ["7..9"] }]);
    assert_eq!(document["sweep"][0]["edges"], edges, "{text}");
    assert_eq!(document["sweep"][0]["variants"][3], json!({ "params": { "deletes": 10 }, "runs": 2, "found": 2 }));
    assert!(document["false_alarms"]["out_of"].as_u64().unwrap() > 20, "{document:#}");
    assert!(text.contains("10..12"), "{text}");
}

#[test]
fn the_edge_of_two_parameters_is_found() {
    let folder = tempfile::tempdir().unwrap();
    // Nine gaps of 6 s are 54 s, of 7 s are 63 s; with thirteen deletions it is the same.
    let options = "--sweep deletes=9..11,gap=5s..8s --seeds 1 --rate 0.2/s --apart 3m";
    let (text, document) = swept(folder.path(), options);
    let edge = |deletes: u64, always: &[&str], never: &[&str]| json!({ "params": { "deletes": deletes }, "along": "gap", "always": always, "sometimes": [], "never": never });
    let edges = [edge(9, &[], &["5s..8s"]), edge(10, &["5s..6s"], &["7s..8s"]), edge(11, &["5s..6s"], &["7s..8s"])];
    assert_eq!(document["sweep"][0]["edges"], json!(edges), "{text}");
    // Rows that are alike are one.
    assert!(text.contains("10..11   5s..6s"), "{text}");
}

#[test]
fn what_cannot_be_swept_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (options, code, said) in [
        ("--sweep deletes=1..3 mass-deletion", 2, "required"),
        ("--sweep delete=1..3 mass-deletion -- true", 2, "`mass-deletion` has no parameter `delete`"),
        ("--sweep deletes=1..3 busy-day -- true", 2, "`busy-day` is a workload"),
        ("--sweep deletes=3..1 mass-deletion -- true", 2, "begins above its end"),
        ("--sweep gap=1ms..1h mass-deletion -- true", 2, "give larger steps"),
        ("--sweep deletes=1..2 no-such-attack -- true", 2, "no scenario is called `no-such-attack`"),
        ("--sweep deletes=1..2 --seeds 1 mass-deletion -- no-such-rule", 2, "there is no command `no-such-rule`"),
        ("--sweep deletes=1..2 --seeds 1 mass-deletion -- false", 1, "the rule's command `false` failed"),
        ("--sweep deletes=1..2 --seeds 1 mass-deletion -- echo x", 2, "nothing to match by"),
        ("--sweep deletes=1..2 --seeds 0 mass-deletion -- true", 2, "--seeds"),
        ("--sweep deletes=1..2 --truth t mass-deletion -- true", 2, "--truth"),
        ("--truth t alerts.json -- true", 2, "--sweep"),
    ] {
        let refused = line(folder.path(), &format!("score {options}"));
        assert_eq!(refused.code, code, "{options}: {}", refused.stderr);
        assert!(refused.stderr.contains(said), "{options}: {}", refused.stderr);
    }
}

/// A rule that never fires finds nothing, and one that reads the file that is named in its arguments finds everything.
#[test]
fn a_command_may_read_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = |command: &str| {
        let options = "--sweep deletes=2..3 --seeds 1 --rate 0.1/s --apart 1m --summary s.json --force mass-deletion";
        line(folder.path(), &format!("score {options} -- {command}")).quiet();
        let document: Value = serde_json::from_str(&fs::read_to_string(folder.path().join("s.json")).unwrap()).unwrap();
        document["sweep"][0]["edges"][0].clone()
    };
    assert_eq!(sweep("true")["never"], json!(["2..3"]));
    assert_eq!(sweep("cat {}")["always"], json!(["2..3"]));
}
