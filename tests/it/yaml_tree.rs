//! The tree with places, and the files that it refuses.

use falsetrail::machinery::{
    error::{Error, Source},
    yaml::{self, Node, Reader, Value},
};

fn parse(text: &str) -> Result<Node, Vec<String>> {
    let source = Source::new("a.yaml", text);
    yaml::parse(&source).map_err(|found| {
        found
            .iter()
            .map(|found| {
                let (line, column) = source.position(found.span.start);
                format!("{line}:{column} {}", found.message)
            })
            .collect()
    })
}

/// The value as one line of YAML: quotes show what is a text.
fn shown(text: &str) -> String {
    yaml::value_text(&parse(text).unwrap().value)
}

#[test]
fn scalars_follow_yaml_1_2() {
    for (text, expected) in [
        ("2", "2"),
        ("'2'", "\"2\""),
        ("\"2\"", "\"2\""),
        ("!!str 2", "\"2\""),
        ("-7", "-7"),
        ("0x1F", "31"),
        ("0o17", "15"),
        ("18446744073709551615", "18446744073709551615"),
        ("007", "\"007\""),
        ("2.50", "2.5"),
        ("1.", "1.0"),
        (".5", "0.5"),
        ("1e3", "1000.0"),
        ("-.inf", "-.inf"),
        ("true", "true"),
        ("True", "true"),
        ("yes", "\"yes\""),
        ("off", "\"off\""),
        ("no", "\"no\""),
        ("~", "null"),
        ("null", "null"),
        ("nullable", "nullable"),
        ("1_000", "\"1_000\""),
        ("2025-01-31", "\"2025-01-31\""),
        ("14:00", "\"14:00\""),
        ("1.2.3", "\"1.2.3\""),
        ("aws.us-west-2", "aws.us-west-2"),
        ("|\n  one\n  two\n", "\"one\\ntwo\\n\""),
        (">-\n  one\n  two\n", "one two"),
    ] {
        let node = parse(&format!("a: {text}")).unwrap();
        let Value::Map(entries) = &node.value else { panic!("{text}") };
        // A node keeps how it was written; this is about the value alone.
        assert_eq!(yaml::value_text(&entries[0].1.value), expected, "{text}");
    }
}

#[test]
fn places_are_bytes_of_the_text() {
    for text in [
        "a: é\nbb: [x, 'y z']\nc:\n  d: 5\n",
        "\u{feff}a: é\nbb: [x, 'y z']\nc:\n  d: 5\n",
        "a: é\r\nbb: [x, 'y z']\r\nc:\r\n  d: 5\r\n",
    ] {
        let root = parse(text).unwrap();
        let mut places = Vec::new();
        walk(&root, &mut |node| places.push(&text[node.span.clone()]));
        let block = text.trim_start_matches('\u{feff}').trim_end();
        assert_eq!(places, [block, "é", "[x, 'y z']", "x", "'y z'", "d: 5", "5"]);
        let Value::Map(entries) = &root.value else { panic!() };
        let keys: Vec<&str> = entries.iter().map(|(key, _)| &text[key.span.clone()]).collect();
        assert_eq!(keys, ["a", "bb", "c"]);
    }
}

#[test]
fn anchors_aliases_and_merge_keys_are_resolved() {
    let text = "d: &d { x: 1, w: 2 }\ne: { <<: *d, w: 3 }\nf: *d\ng: { <<: [*d, { z: 4 }] }\n\"<<\": 5\n";
    assert_eq!(
        shown(text),
        "{ d: { x: 1, w: 2 }, e: { w: 3, x: 1 }, f: { x: 1, w: 2 }, g: { x: 1, w: 2, z: 4 }, \"<<\": 5 }"
    );
    let root = parse(text).unwrap();
    let Value::Map(entries) = &root.value else { panic!() };
    let alias = &entries[2].1;
    assert_eq!(&text[alias.span.clone()], "*d");
    assert_eq!(&text[alias.defined.clone().unwrap()], "{ x: 1, w: 2 }");
}

#[test]
fn mistakes_are_at_their_place() {
    for (text, expected) in [
        ("", "1:1 the file is empty"),
        ("\u{feff} \n", "1:1 the file is empty"),
        ("# x\n\n", "1:1 the file holds nothing but comments"),
        ("---\n", "1:1 the file holds nothing but comments"),
        ("a: 1\nb: x\0y\n", "2:5 the file is not a text: it has a zero byte"),
        ("a:\n\t- b\n", "2:1 a tab stands where YAML wants spaces"),
        ("a: 1\n---\nb: 2\n", "3:1 a second document begins here"),
        ("a: 1\nb: { x: 1, x: 2 }\n", "2:12 the key `x` is here twice"),
        ("a: *b\n", "1:4 there is no anchor `&b` above"),
        ("a: &a [1, *a]\n", "1:11 an alias cannot stand inside of what it names"),
        ("a: !secret x\n", "1:4 the tag `!secret` has no meaning here"),
        ("a: { <<: 5 }\n", "1:10 `<<` takes the entries of a map, found the number `5`"),
        ("? [a]\n: 1\n", "1:3 a key must be a text, found a list"),
        ("a: 1\n: 2\n", "2:1 a key is empty"),
        ("a: b: c\n", "1:5 a `:` stands where no key can be"),
        ("a: 'b\n", "1:4 a quote is not closed"),
        ("a: @b\n", "1:4 a text cannot begin with `@`, a backtick or `%`"),
        ("a:\n  b: 1\n c: 2\n", "3:2 a key and `:` are missing"),
    ] {
        assert_eq!(parse(text).unwrap_err(), [expected], "{text:?}");
    }
    let all = parse("a: *x\na: 2\nb: !y 1\n").unwrap_err();
    assert_eq!(all.len(), 3, "{all:?}");
}

#[test]
fn small_files_cannot_become_large() {
    let lines = |first: &str, next: &dyn Fn(usize) -> String| {
        let rest: Vec<String> = (1..100).map(|index| format!("a{index}: &a{index} {}\n", next(index - 1))).collect();
        format!("a0: &a0 {first}\n{}", rest.concat())
    };
    let laughs = lines("[l, l, l, l, l]", &|before| format!("[{}]", vec![format!("*a{before}"); 9].join(", ")));
    let merges = lines("{ k: 1 }", &|before| format!("{{ k: *a{before}, l: *a{before}, <<: *a{before} }}"));
    let chain = lines("[l]", &|before| format!("[*a{before}]"));
    let text = format!("a: &a {}\nb: [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n", "x".repeat(9 << 20));
    let flow = format!("a: {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let block: Vec<String> = (0..1000)
        .map(|depth| {
            format!(
                "{}a:
",
                " ".repeat(depth)
            )
        })
        .collect();
    for (text, expected) in [
        (laughs, "too large"),
        (merges, "too large"),
        (text, "too large"),
        (chain, "nested too deeply"),
        (flow, "nested too deeply"),
        (block.concat(), "nested too deeply"),
        ("x\n".repeat(9 << 20), "larger than 16 MiB"),
    ] {
        let found = parse(&text).unwrap_err();
        assert!(found[0].contains(expected), "{expected}: {found:?}");
    }
}

#[test]
fn files_that_are_no_text_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let check = |name: &str, bytes: &[u8], expected: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let report = yaml::load(&path).unwrap_err().render(false);
        assert!(report.contains(expected), "{report}");
        assert!(report.contains(name), "{report}");
    };
    check("latin.yaml", b"a: 1\nname: M\xfcller\n", "latin.yaml:2:8");
    check("latin.yaml", b"a: 1\nname: M\xfcller\n", "the file is not UTF-8 text");
    check("wide.yaml", b"\xff\xfea\0:\0", "the file is UTF-16, not UTF-8");
    check("huge.yaml", &vec![b' '; (16 << 20) + 1], "is larger than 16 MiB");

    let missing = yaml::load(directory.path().join("missing.yaml")).unwrap_err();
    assert!(matches!(missing, Error::Usage { .. }) && missing.exit_code() == 2);
    assert!(missing.to_string().contains("there is no file"));
    assert!(yaml::load(directory.path()).unwrap_err().to_string().contains("is a directory"));

    let path = directory.path().join("good.yaml");
    std::fs::write(&path, "a: 1\n").unwrap();
    assert_eq!(yaml::load(&path).unwrap().text, "a: 1\n");
}

#[test]
fn a_reader_collects_everything() {
    let text =
        "kind: 5\ncount: many\nexisting: yes\nratio: .nan\nafter: 2\nextra: 1\nx-free: 1\nlist: {}\nwords: [a, 1]\n";
    let source = Source::new("a.yaml", text);
    let node = yaml::parse(&source).unwrap();
    let reader = Reader::new(&source);
    let mut map = reader.map(&node, "a pool").unwrap().allow_prefix("x-");
    let read = (map.text("kind"), map.u64("count"), map.bool("existing"), map.f64("ratio"));
    assert!(read.0.is_none() && read.1.is_none() && read.2.is_none() && read.3.is_none());
    assert!(map.duration("after").is_none());
    assert!(map.list("list").is_empty());
    assert_eq!(map.texts("words").len(), 1);
    assert!(map.required_text("name").is_none());
    map.finish();
    let found = reader.finish(Some(())).unwrap_err();
    let messages: Vec<&str> = found.iter().map(|found| found.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "a pool lacks `name`",
            "`kind` must be a text, found the number `5`",
            "`count` must be a whole number, found the text `many`",
            "`existing` must be `true` or `false`, found the text `yes`",
            "`ratio` must be a number, found the number `.nan`",
            "`after` must be a duration such as `2s`, found the number `2`",
            "a pool has no key `extra`",
            "`list` must be a list, found a map",
            "an item of `words` must be a text, found the number `1`",
        ]
    );
}

fn walk<'n>(node: &'n Node, visit: &mut impl FnMut(&'n Node)) {
    visit(node);
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| walk(item, visit)),
        Value::Map(entries) => entries.iter().for_each(|(_, item)| walk(item, visit)),
        _ => {}
    }
}
