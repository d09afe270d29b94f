//! A value is what is written, from a catalog or a scenario to an event, or it is refused.

use super::command_run::{Run, run};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::Path};
use tempfile::{TempDir, tempdir};

/// A catalog of images that are pushed; `fields` are those of an image besides its `id`.
pub fn catalog(fields: &str, extra: &str) -> String {
    format!(
        "name: values
population: {{ users: 3 }}
kinds:
  user: {{ plural: users, principal: true, fields: {{ id: {{ pattern: 'u-[a-z0-9]{{6}}' }} }} }}
{extra}
  image:
    plural: images
    scope: [{}]
    fields:
      id: {{ pattern: 'i-[a-z0-9]{{6}}' }}
{fields}
methods:
  Push: {{ kind: image, does: create }}
  Pull: {{ kind: image, does: get }}
",
        if extra.is_empty() { "" } else { "zone" }
    )
}

/// A folder with a catalog and one template for its methods.
pub fn folder(catalog: &str, template: &str) -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("catalog.yaml"), catalog).unwrap();
    for method in ["Push", "Pull"] {
        fs::write(folder.path().join(format!("{method}.json")), template).unwrap();
    }
    folder
}

/// Runs `generate` by the catalog in the folder.
pub fn generate(folder: &Path, scenario: &str, more: &[&str]) -> Run {
    let arguments = ["generate", scenario, "--templates", ".", "--seed", "1", "--from", "2026-01-05", "-q"];
    run(folder, arguments.iter().chain(more))
}

pub fn events(run: &Run) -> Vec<Value> {
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// What is wrong with a catalog with these fields.
fn refused(fields: &str, extra: &str) -> String {
    let folder = folder(&catalog(fields, extra), "{}");
    let found = run(folder.path(), ["validate", "."]);
    assert_eq!(found.code, 2, "{fields}{extra}: {}", found.text());
    found.stderr
}

fn zone(columns: &str, rows: &str) -> String {
    format!("  zone: {{ table: {{ columns: {columns}, rows: {rows} }} }}")
}

#[test]
fn null_is_null_wherever_a_catalog_says_it() {
    let fields = "      note: { choose: [null, a, b], weights: [3, 1, 1] }
      nothing: { choose: [null] }
      size: { choose: [5, null], weights: [1, 1] }
      open: { choose: [null, false, true] }";
    let zones = zone("[id, parent, level, flag]", "[[north, null, 1, null], [south, north, null, true]]");
    let template = r#"{
        "note": { "$eval": "image.note" }, "nothing": { "$eval": "image.nothing" }, "size": { "$eval": "image.size" },
        "open": { "$eval": "image.open" },
        "is_null": { "$if": "image.note == null", "then": true, "else": false },
        "set": { "$if": "image.size", "then": "${image.size}", "else": "none" },
        "parent": { "$eval": "zone.parent" }, "level": { "$eval": "zone.level" }, "flag": { "$eval": "zone.flag" },
        "orphan": { "$eval": "zone.parent == null" }
    }"#;
    let folder = folder(&catalog(fields, &zones), template);
    let events = events(&generate(folder.path(), "Push", &["--instances", "200"]));
    let seen = |key: &str| events.iter().map(|event| event[key].to_string()).collect::<BTreeSet<_>>();
    let set = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(seen("note"), set(&["null", "\"a\"", "\"b\""]));
    assert_eq!(seen("nothing"), set(&["null"]));
    assert_eq!(seen("size"), set(&["5", "null"]));
    assert_eq!(seen("open"), set(&["null", "false", "true"]));
    assert_eq!(seen("parent"), set(&["null", "\"north\""]));
    assert_eq!(seen("level"), set(&["null", "1"]));
    assert_eq!(seen("flag"), set(&["null", "true"]));
    for event in &events {
        assert_eq!(event["is_null"], json!(event["note"].is_null()));
        assert_eq!(event["orphan"], json!(event["parent"].is_null()));
        assert_eq!(event["set"], if event["size"].is_null() { json!("none") } else { json!("5") });
    }
    let pulled = events_of_pinned(folder.path(), "{ note: null, size: 5, open: ~ }");
    assert_eq!([&pulled["note"], &pulled["size"], &pulled["open"]], [&json!(null), &json!(5), &json!(null)]);
}

/// The only event of an image whose fields are pinned so.
pub fn events_of_pinned(folder: &Path, pins: &str) -> Value {
    let scenario = format!("resources: {{ image: {pins} }}\nsteps: [Push]\n");
    fs::write(folder.join("story.yaml"), scenario).unwrap();
    events(&generate(folder, "story.yaml", &[])).remove(0)
}

#[test]
fn whole_numbers_of_64_bits_are_taken_as_they_are_written() {
    let numbers = ["18446744073709551615", "9223372036854775808", "-9223372036854775808", "0", "-1"];
    let fields = format!("      size: {{ choose: [{}] }}", numbers.join(", "));
    let zones = zone("[id, big]", "[[1, 18446744073709551615], [2, null]]");
    let template = r#"{ "size": { "$eval": "image.size" }, "text": "${image.size}", "zone": { "$eval": "zone.id" },
        "big": { "$eval": "zone.big" } }"#;
    let folder = folder(&catalog(&fields, &zones), template);
    for number in numbers {
        let event = events_of_pinned(folder.path(), &format!("{{ size: {number}, zone: 1 }}"));
        assert_eq!(
            [event["size"].to_string(), event["text"].to_string()],
            [number.to_owned(), format!("\"{number}\"")]
        );
        assert_eq!((event["zone"].clone(), event["big"].to_string()), (json!(1), numbers[0].to_owned()));
    }
    for wrong in [
        "18446744073709551616",
        "-9223372036854775809",
        "0.5",
        "1.0",
        "1e3",
        ".inf",
        "1000000000000000000000000000000000000000000",
    ] {
        let message = refused(&format!("      size: {{ choose: [{wrong}] }}"), "");
        let expected =
            format!("the number `{wrong}` is not a whole number from -9223372036854775808 to 18446744073709551615");
        assert!(message.contains(&expected) && message.contains(&format!("write \"{wrong}\" for a text")), "{message}");
    }
    for (written, number) in [("0x1F", "31"), ("0o17", "15"), ("+5", "5"), ("-0", "0")] {
        let message = refused(&format!("      size: {{ choose: [{written}] }}"), "");
        assert!(message.contains(&format!("`{written}` is another way to write the number {number}")), "{message}");
    }
}

#[test]
fn long_patterns_vary_in_every_place() {
    let fields = "      digest: { pattern: 'sha512:[0-9a-f]{128}', unique: true }
      token: { pattern: '[A-Za-z0-9]{64}' }
      long: { pattern: '[a-z]{4000}-[01]{95}' }
      code: { pattern: '\\d{2}[.]\\w{3}\\.' }
      one: { pattern: '[a-z]' }
      hex: { pattern: '[0-9a-f]{32}' }";
    let template = r#"{ "digest": "${image.digest}", "token": "${image.token}", "long": "${image.long}",
        "code": "${image.code}", "one": "${image.one}", "hex": "${image.hex}" }"#;
    let folder = folder(&catalog(fields, ""), template);
    let events = events(&generate(folder.path(), "Push", &["--instances", "300"]));
    for (key, fixed, least) in [("digest", "sha512:", 14), ("token", "", 50), ("hex", "", 14), ("one", "", 20)] {
        let texts: Vec<&str> = events.iter().map(|event| event[key].as_str().unwrap()).collect();
        assert!(texts.iter().all(|text| text.starts_with(fixed)));
        for place in fixed.len()..texts[0].len() {
            let seen: BTreeSet<u8> = texts.iter().map(|text| text.as_bytes()[place]).collect();
            assert!(seen.len() >= least, "{key}: only {seen:?} at {place}");
        }
    }
    let long: Vec<&str> = events.iter().map(|event| event["long"].as_str().unwrap()).collect();
    for place in (0..4096).filter(|place| *place != 4000) {
        let first = long[0].as_bytes()[place];
        assert!(long.iter().any(|text| text.as_bytes()[place] != first), "place {place} never varies");
    }
    let unique: BTreeSet<&str> = events.iter().map(|event| event["digest"].as_str().unwrap()).collect();
    assert_eq!(unique.len(), 300);
    let code = events[0]["code"].as_str().unwrap();
    assert!(code.as_bytes()[..2].iter().all(u8::is_ascii_digit) && code.ends_with('.') && code.len() == 7, "{code}");
    let digest = format!("sha512:{}", "0123456789abcdef".repeat(8));
    let pinned = "{ id: i-abcdef }";
    assert_eq!(events_of_pinned(folder.path(), pinned)["digest"].as_str().unwrap().len(), digest.len());
}

#[test]
fn long_ids_can_be_given() {
    let catalog = catalog("", "").replace("'i-[a-z0-9]{6}'", "'sha256:[0-9a-f]{64}'");
    let folder = folder(&catalog, r#"{ "id": "${image.id}" }"#);
    let id = format!("sha256:{}", "0123456789abcdef".repeat(4));
    assert_eq!(events_of_pinned(folder.path(), &format!("{{ id: '{id}' }}"))["id"], json!(id));
    let wrong = generate(folder.path(), "Push", &["--set", &format!("image.id={id}0")]);
    assert!(wrong.stderr.contains("it looks like `sha256:[0-9a-f]{64}`"), "{}", wrong.stderr);
}

#[test]
fn what_a_pattern_does_not_have_is_refused_with_the_way_to_write_it() {
    for (pattern, message, help) in [
        ("[^a-z]{6}", "`[^` stands for all other characters", "such as `[A-Z0-9]`"),
        ("[^]", "`[^` stands for", "`\\^`"),
        ("x.", "`.` stands for any character", "`\\.`"),
        ("[a-z]*", "`*` stands for any number of times", "`{6}`"),
        ("[a-z]+", "`+` stands for once or more", "`{6}`"),
        ("[a-z]?", "`?` stands for perhaps", "`{6}`"),
        ("[a-z]{6}?", "`?` stands for perhaps", "`{6}`"),
        ("a|b", "`|` stands for one or the other", "`choose`"),
        ("(ab){2}", "`(` stands for a group", "one after another"),
        ("(?=a)[a-z]", "`(` stands for a group", "one after another"),
        ("^[a-z]{3}$", "`^` stands for the beginning", "a pattern is the whole value"),
        ("[a-z]{3}$", "`$` stands for the end", "a pattern is the whole value"),
        ("[a-z]{2,6}", "`{2,6}` stands for several lengths", "`{6}`"),
        ("[a-z]{2,}", "`{2,}` stands for several lengths", "`{6}`"),
        ("[a-z]{0}", "a count is `{1}` to `{4096}`", ""),
        ("[a-z]{+6}", "a count is `{1}` to `{4096}`", ""),
        ("[a-z]{4097}", "a count is `{1}` to `{4096}`", ""),
        ("[a-z]{4096}x", "a pattern has at most 4096 characters", ""),
        ("[a-z]{2}{3}", "`{` does not follow", ""),
        ("\\s{3}", "a pattern does not have `\\s`", "`\\d` and `\\w`"),
        ("\\p{L}", "a pattern does not have `\\p`", ""),
        ("\\D", "a pattern does not have `\\D`", ""),
        ("\\b[a-z]", "a pattern does not have `\\b`", ""),
        ("[\\D]", "a pattern does not have `\\D`", ""),
        ("[[:alpha:]]{3}", "`[:` begins a class by its name", "`[a-zA-Z0-9]`"),
        ("[a-z&&b-d]", "`&&` combines classes", ""),
        ("[a-z--b]", "`--` combines classes", ""),
        ("[a[bc]]", "`[` within a class", "`\\[`"),
        ("[z-a]", "the range `z-a` is backwards", "write `a-z`"),
        ("[ -~]", "a class has no spaces", ""),
        ("[!-~]", "the range `!-~` holds", ""),
        ("[a-\\d]", "`a-\\d` is not a range", ""),
        ("[]", "a class is empty", ""),
        ("[a", "`[` without `]`", ""),
        ("a{2", "`{` without `}`", ""),
        ("a}", "`}` without its beginning", ""),
        ("größe", "`\\u{f6}` is not printable ASCII", "`choose` or `text`"),
    ] {
        let found = refused(&format!("      number: {{ pattern: '{pattern}' }}"), "");
        assert!(found.contains(message) && found.contains(help), "{pattern}: {found}");
        assert_eq!(found.matches("error: ").count(), 1, "{found}");
    }
    let fields = "      number: { pattern: '[\\^\\[\\]\\-.]{40}\\[\\{\\}\\$\\\\'  }".replace("\\\\", "");
    let folder = folder(&catalog(&fields, ""), r#"{ "number": "${image.number}" }"#);
    let event = events(&generate(folder.path(), "Push", &[])).remove(0);
    let number = event["number"].as_str().unwrap();
    assert!(number[..40].chars().all(|letter| "^[]-.".contains(letter)) && number.ends_with("[{}$"), "{number}");
}

#[test]
fn tables_are_as_strict_as_the_rest() {
    let rows = "[[a, 1], [b, 2]]";
    for (columns, rows, message) in [
        ("[id, n, n]", "[[a, 1, 2]]", "two columns are called `n`"),
        ("[id, kind]", rows, "`kind` is a word of the scenario language"),
        ("[]", "[[]]", "`columns` is empty"),
        ("[id, n]", "[[a, 1], [a, 2]]", "two rows have the id `a`"),
        ("[id, n]", "[[null, 1]]", "the id of a row is null"),
        ("[id, n]", "[[a, 1], [b, two]]", "the column `n` has values of one type"),
        ("[id, n]", "[[a, null], [b, 1], [c, true]]", "the column `n` has values of one type"),
        ("[id, n]", "[[a, 1], [b, 0.5]]", "the number `0.5` is not a whole number"),
        ("[id, n]", "[[a, [1]], [b, { c: 2 }]]", "found a list"),
        ("[id, n]", "[[a]]", "2 columns, but 1 values"),
        ("[id, weight]", "[[a, -1]]", "a weight must be a whole number from 0"),
        ("[id, weight]", "[[a, 0.5]]", "a weight must be a whole number"),
        ("[id, weight]", "[[a, null]]", "a weight must be a whole number"),
        ("[id, weight]", "[[a, 0], [b, 0]]", "all weights are 0"),
        ("[id, weight]", "[[a, 18446744073709551615], [b, 1]]", "the sum of the weights is more than"),
        ("[n]", "[[1]]", "a kind needs a field `id`"),
    ] {
        let found = refused("", &zone(columns, rows));
        assert!(found.contains(message), "{columns} {rows}: {found}");
    }
    let found = refused("      size: { choose: [a, b], weights: [18446744073709551615, 1] }", "");
    assert!(found.contains("the sum of the weights is more than 18446744073709551615"), "{found}");
    // The column of weights may stand anywhere, and weights may be large.
    let zones = zone("[weight, n, id]", "[[9223372036854775807, true, a], [9223372036854775807, false, b]]");
    let folder = folder(&catalog("", &zones), r#"{ "zone": "${zone.id}", "n": { "$eval": "zone.n" } }"#);
    let events = events(&generate(folder.path(), "Push", &["--instances", "400"]));
    let first = events.iter().filter(|event| event["zone"] == "a").count();
    assert!((120..280).contains(&first), "{first}");
    assert!(events.iter().all(|event| event["n"] == json!(event["zone"] == "a")));
    assert_eq!(events_of_pinned(folder.path(), "{ zone: b }")["zone"], "b");
}

#[test]
fn what_may_be_null_stands_in_no_text() {
    let null = "      note: { choose: [null, a] }\n";
    for (fields, message) in [
        ("      text: { text: 'x-${image.note}' }", "`image.note` may be null, which a text cannot hold"),
        ("      up: { ramp: { up_to: note } }", "a ramp ends at a number, and `note` is none"),
    ] {
        let found = refused(&format!("{null}{fields}"), "");
        assert!(found.contains(message), "{found}");
    }
    let zones = zone("[id, parent]", "[[a, null]]");
    let found = refused("      text: { text: 'x-${zone.parent}' }", &zones);
    assert!(found.contains("`zone.parent` may be null, which a text cannot hold"), "{found}");
    let of_null = catalog(null, "").replace("does: create", "does: create, subject: '${image.note}'");
    let folder = folder(&of_null, "{}");
    let found = run(folder.path(), ["validate", "."]);
    assert!(found.stderr.contains("`image.note` may be null"), "{}", found.stderr);
}

#[test]
fn what_is_sent_in_place_of_a_field_has_its_type() {
    let fields = "      size: { choose: [5, 10] }\n      note: { choose: [a, null] }";
    let with = |input: &str| {
        let method = format!("  Change: {{ kind: image, does: update, input: {{ {input} }} }}\n");
        let folder = folder(&(catalog(fields, "") + &method), "{}");
        let template = r#"{ "size": { "$eval": "input.size" }, "note": { "$eval": "input.note" } }"#;
        fs::write(folder.path().join("Change.json"), template).unwrap();
        let found = generate(folder.path(), "Push,Change,Change", &[]);
        (folder, found)
    };
    let right = "size: { changes: size, unset: null }, note: { changes: note, unset: null, clears: true }";
    let (folder, found) = with(right);
    let shown: Vec<Value> = events(&found).into_iter().skip(1).collect();
    assert_eq!(shown, [json!({ "size": null, "note": null }), json!({ "size": null, "note": null })]);
    let scenario = "resources: { image: { note: a } }\nsteps: [Push, { call: Change, with: { note: null } }, Pull]\n";
    fs::write(folder.path().join("story.yaml"), scenario).unwrap();
    fs::write(folder.path().join("Pull.json"), r#"{ "note": { "$eval": "image.note" } }"#).unwrap();
    assert_eq!(events(&generate(folder.path(), "story.yaml", &[]))[2]["note"], json!(null));
    for (wrong, message) in [
        ("size: { changes: size, unset: none }, note: { always: 1 }", "`none` is of another type than `size`"),
        ("size: { changes: size, unset: null, clears: true }, note: { always: 1 }", "`size` cannot be cleared"),
        ("size: { always: 0.5 }, note: { always: 1 }", "the number `0.5` is not a whole number"),
    ] {
        let (_folder, found) = with(wrong);
        assert!(found.code == 2 && found.stderr.contains(message), "{wrong}: {}", found.stderr);
    }
}

#[test]
fn addresses_of_both_families_are_drawn_and_pinned() {
    let catalog = catalog("", "").replace(
        "principal: true, fields: {",
        "principal: true, fields: { ip: { address: ['2001:db8::/32', 192.0.2.0/24] },",
    );
    let folder = folder(&catalog, r#"{ "ip": "${principal.ip}" }"#);
    let shown = events(&generate(folder.path(), "Push", &["--instances", "40"]));
    assert!(shown.iter().all(|event| {
        let ip = event["ip"].as_str().unwrap();
        ip.starts_with("2001:db8:") || ip.starts_with("192.0.2.")
    }));
    for ip in ["2001:db8::7", "2001:DB8:0:0::1", "192.0.2.9"] {
        let found = generate(folder.path(), "Push", &["--set", &format!("user.ip={ip}")]);
        assert_eq!(events(&found)[0]["ip"], json!(ip));
    }
    for ip in ["2001:db9::7", "::ffff:192.0.2.9", "192.0.3.1", "2001:db8::"] {
        let found = generate(folder.path(), "Push", &["--set", &format!("user.ip={ip}")]);
        assert!(
            found.code == 2 && found.stderr.contains("an address in `2001:db8::/32`, `192.0.2.0/24`"),
            "{}",
            found.stderr
        );
    }
    for range in ["2001:db8::1/32", "2001:db8::/129", "192.0.2.1/24", "192.0.2.0/+24", "example.com/24", "2001:db8::"] {
        let found = refused(&format!("      ip: {{ address: ['{range}'] }}"), "");
        assert!(found.contains(&format!("`{range}` is not a range of IP addresses")), "{found}");
    }
}
