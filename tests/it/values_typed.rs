//! The place of a value decides its type: a text is what is typed, on the command line, as a parameter, and in files.

use super::{
    command_run::{Run, run},
    values::{catalog, events, events_of_pinned, folder, generate},
};
use serde_json::{Value, json};
use std::fs;
use tempfile::tempdir;

/// Texts that YAML, or a reader of it, takes for something else.
const TYPED: [&str; 18] = [
    "72225e2",
    "0x1F",
    "010",
    "true",
    "null",
    "1_000",
    "1e3",
    "0o17",
    "2026-01-05",
    "+5",
    "-0",
    "0.10",
    ".5",
    ".inf",
    "~",
    "No",
    "184467440737095516160",
    "12:30",
];

#[test]
fn a_text_field_is_what_is_typed() {
    let fields = "      tag: { text: 'v-${image.id}', matches: '.*' }";
    let folder = folder(&catalog(fields, ""), r#"{ "tag": "${image.tag}" }"#);
    let folder = folder.path();
    let scenario = "params: { tag: latest }\nresources: { image: { tag: $tag } }\nsteps: [Push]\n";
    fs::write(folder.join("param.yaml"), scenario).unwrap();
    fs::write(folder.join("null.yaml"), scenario.replace("latest", "null")).unwrap();
    for text in TYPED {
        let shown = |run: &Run| events(run).iter().map(|event| event["tag"].clone()).collect::<Vec<_>>();
        assert_eq!(shown(&generate(folder, "Push", &["--set", &format!("image.tag={text}")])), [json!(text)], "--set");
        let set = format!("tag={text}");
        assert_eq!(shown(&generate(folder, "param.yaml", &["--set", &set])), [json!(text)], "a parameter");
        assert_eq!(shown(&generate(folder, "null.yaml", &["--set", &set])), [json!(text)], "a parameter that is null");
        assert_eq!(events_of_pinned(folder, &format!("{{ tag: {text} }}"))["tag"], json!(text), "a file");
        let with = format!("every: 1s\nmix: [{{ scenario: param.yaml, with: {{ tag: {text} }} }}]\n");
        fs::write(folder.join("mix.yaml"), with).unwrap();
        assert_eq!(shown(&generate(folder, "mix.yaml", &["--instances", "1"])), [json!(text)], "`with` of a mix");
        let inject = format!("param.yaml@+1s,tag={text}");
        let injected = generate(folder, "Pull", &["--inject", &inject, "-n", "2", "--every", "10s"]);
        assert!(shown(&injected).contains(&json!(text)), "an injected story: {text}");
        let create = format!("steps: [{{ call: Push, with: {{ tag: {text} }} }}]\n");
        fs::write(folder.join("with.yaml"), create).unwrap();
        assert_eq!(shown(&generate(folder, "with.yaml", &[])), [json!(text)], "`with` of a step");
        // As a run file, and written out in full.
        generate(folder, "param.yaml", &["--set", &set, "--write-run", "again.run", "-o", "out.ndjson", "--force"])
            .fine();
        let again = run(folder, ["generate", "--run", "again.run", "-q"]);
        assert_eq!(shown(&again), [json!(text)], "a run file");
        let expanded = run(folder, ["show", "story.yaml", "--templates", ".", "--as", "yaml"]);
        fs::write(folder.join("story.yaml"), expanded.text()).unwrap();
        assert_eq!(shown(&generate(folder, "story.yaml", &[])), [json!(text)], "in full");
    }
}

#[test]
fn quotes_around_a_whole_value_are_those_of_a_file() {
    let fields = "      tag: { text: 'v-${image.id}', matches: '.*' }\n      note: { choose: [null, 'null', ''] }";
    let folder = folder(&catalog(fields, ""), r#"{ "tag": "${image.tag}", "note": { "$eval": "image.note" } }"#);
    let set = |setting: &str| generate(folder.path(), "Push", &["--set", setting]);
    for (written, text) in [
        (r#""72225e2""#, "72225e2"),
        ("'72225e2'", "72225e2"),
        (r#""a\"b""#, "a\"b"),
        (r#"'"72225e2"'"#, "\"72225e2\""),
        ("'it''s'", "it's"),
        ("\"half", "\"half"),
        ("it's", "it's"),
        ("", ""),
        ("a=b, c", "a=b, c"),
    ] {
        assert_eq!(events(&set(&format!("image.tag={written}")))[0]["tag"], json!(text), "{written}");
    }
    for wrong in [r#""a"b""#, r#""\q""#, "'a'b'"] {
        let found = set(&format!("image.tag={wrong}"));
        assert!(
            found.code == 2 && found.stderr.contains("is a text in quotes that cannot be read"),
            "{}",
            found.stderr
        );
    }
    for (written, value) in [("null", json!(null)), ("'null'", json!("null")), ("", json!(""))] {
        assert_eq!(events(&set(&format!("image.note={written}")))[0]["note"], value, "{written}");
    }
    fs::write(folder.path().join("p.yaml"), "params: { tag: a }\nresources: { image: { tag: $tag } }\nsteps: [Push]\n")
        .unwrap();
    for (parameter, text) in
        [("tag=\"a,b\"", "a,b"), ("tag=alice@example.com", "alice@example.com"), ("tag=a,label=x", "a")]
    {
        let inject = format!("p.yaml@+1s,{parameter}");
        let found = generate(folder.path(), "Pull", &["--inject", &inject, "-n", "2", "--every", "10s"]);
        assert!(events(&found).iter().any(|event| event["tag"] == text), "{parameter}: {}", found.stderr);
    }
}

#[test]
fn choices_are_found_by_value_and_then_by_text() {
    let fields = "      state: { choose: ['null', 'true', '1e3', '', '0x1F', 'say \"yes\"'] }
      size: { choose: [5, 31] }
      open: { choose: [true, false] }
      style: { choose: [null, 'true', '0x1F', 'say \"yes\"'] }
      kinds: { by: style, cases: { null: n, 'true': t, 0x1F: x, 'say \"yes\"': y } }";
    let template = r#"{ "state": "${image.state}", "size": { "$eval": "image.size" }, "open": { "$eval": "image.open" },
        "kinds": "${image.kinds}" }"#;
    let folder = folder(&catalog(fields, ""), template);
    for (setting, key, value) in [
        ("state=null", "state", json!("null")),
        ("state=true", "state", json!("true")),
        ("state=1e3", "state", json!("1e3")),
        ("state=", "state", json!("")),
        ("style=0x1F", "kinds", json!("x")),
        ("style=say \"yes\"", "kinds", json!("y")),
        ("style=null", "kinds", json!("n")),
        ("size=31", "size", json!(31)),
        ("size=0x1F", "size", json!(31)),
        ("open=false", "open", json!(false)),
    ] {
        let found = generate(folder.path(), "Push", &["--set", &format!("image.{setting}")]);
        assert_eq!(events(&found)[0][key], value, "{setting}");
    }
    for (wrong, message) in [
        ("state=1000", "`state` cannot be the number `1000`"),
        ("size='5'", "write `5`, without quotes"),
        ("size=5.0", "`size` cannot be the number `5.0`"),
        ("open=1", "`open` cannot be the number `1`"),
    ] {
        let found = generate(folder.path(), "Push", &["--set", &format!("image.{wrong}")]);
        assert!(found.code == 2 && found.stderr.contains(message), "{wrong}: {}", found.stderr);
    }
}

#[test]
fn truth_has_parameters_as_they_are_written() {
    let folder = tempdir().unwrap();
    let scenario =
        "params: { a: 1, b: 0.5, c: x, d: null, e: true }\nx-all: [$a, $b, $c, $d, $e]\nsteps: [list-pools]\n";
    fs::write(folder.path().join("story.yaml"), scenario).unwrap();
    let params = |set: &[&str]| {
        let set = set.iter().flat_map(|set| ["--set", set]);
        let arguments =
            ["generate", "story.yaml", "--truth", "truth.ndjson", "--truth-all", "-q", "-o", "o.ndjson", "--force"];
        run(folder.path(), arguments.into_iter().chain(set)).fine();
        let truth = fs::read_to_string(folder.path().join("truth.ndjson")).unwrap();
        serde_json::from_str::<Value>(truth.lines().next().unwrap()).unwrap()["params"].clone()
    };
    assert_eq!(params(&[]), json!({ "a": 1, "b": 0.5, "c": "x", "d": null, "e": true }));
    let set = ["a=18446744073709551615", "b=0.10", "c=72225e2", "d=0x1F"];
    let expected = json!({ "a": u64::MAX, "b": "0.10", "c": "72225e2", "d": "0x1F", "e": true });
    assert_eq!(params(&set), expected);
}

#[test]
fn a_chance_is_the_same_number_in_either_way() {
    let folder = tempdir().unwrap();
    let scenario = |default: &str| {
        let text = format!(
            "params: {{ attack: {default} }}\nevery: 1s\nsteps: [list-workspaces, {{ call: list-pools, chance: $attack }}]\n"
        );
        fs::write(folder.path().join("story.yaml"), text).unwrap();
    };
    let output = |more: &[&str]| {
        let arguments = ["generate", "story.yaml", "--seed", "1", "--from", "2026-01-05", "--instances", "300", "-q"];
        let run = run(folder.path(), arguments.iter().chain(more)).fine();
        (run.text().lines().count(), run.stdout)
    };
    scenario("0.1");
    let wanted = output(&[]);
    assert!((310..350).contains(&wanted.0), "{}", wanted.0);
    for (default, set) in [
        ("10%", None),
        ("10%", Some("0.1")),
        ("0.7", Some("10%")),
        ("1", Some("1e-1")),
        ("50%", Some("1e1%")),
        ("0.5", Some(".1")),
    ] {
        scenario(default);
        let set = set.map(|set| format!("attack={set}"));
        let more: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
        assert!(output(&more) == wanted, "{default} {set:?}");
    }
    scenario("0.007");
    let small = output(&[]);
    scenario("0.7%");
    assert!(output(&[]) == small);
    for wrong in ["many", "-0.1", "110%", "1.5", "null"] {
        let set = format!("attack={wrong}");
        let found = run(folder.path(), ["generate", "story.yaml", "-q", "--set", &set]);
        assert_eq!(found.code, 2, "{wrong}");
    }
}
