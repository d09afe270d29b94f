//! Scenarios as people write them, right and wrong.

use falsetrail::machinery::{
    error::Source,
    scenario::{Body, Override, Scenario, read, read_one_line, to_yaml},
    yaml::{Node, Spanned},
};

const STORY: &str = r#"
description: A pool is created, someone tries to shrink it, and it is deleted.
seed: 42
from: 2025-01-31T09:00:00Z
every: 1m
x-slow: &slow { after: 1m..2m, chance: 10% }
params: { deletes: 12, gap: 4s, price: $$5 }
actors:
  admin: { kind: user, id: u-alice1, email: alice@example.com, ip: 192.0.2.10 }
resources:
  pool: { kind: compute-pool, region: aws.us-west-2, max_cfu: 10 }
  victims: { kind: compute-pool, count: $deletes, existing: true, name: $price }
steps:
  - create-pool
  - update-pool-failure
  - get-pool:not-found
  - { call: get-pool, target: pool, by: admin, <<: *slow, repeat: { times: 3..8, every: 2s } }
  - { id: shrink, call: update-pool, with: { max_cfu: 5, note: $$x }, outcome: max-cfu-reduction }
  - { call: delete-pool, each: victims, every: "$gap", outcome: auto }
  - choose:
      - { weight: 3, steps: [list-pools, { call: get-pool, repeat: 5 }] }
      - steps: [{ call: delete-pool, outcome: failure, chance: 0.5 }]
"#;

/// [`STORY`] in full; that it reads back is tested with all others.
const IN_FULL: &str = r#"description: "A pool is created, someone tries to shrink it, and it is deleted."
seed: 42
from: "2025-01-31T09:00:00Z"
every: 1m
params:
  deletes: 12
  gap: 4s
  price: "$$5"
actors:
  admin: { kind: user, id: u-alice1, email: alice@example.com, ip: "192.0.2.10" }
resources:
  pool: { kind: compute-pool, region: aws.us-west-2, max_cfu: 10 }
  victims: { kind: compute-pool, count: 12, existing: true, name: "$$5" }
steps:
  - { call: create-pool }
  - { call: update-pool, outcome: failure }
  - { call: get-pool, outcome: not-found }
  - { call: get-pool, target: pool, by: admin, after: 1m..2m, repeat: { times: 3..8, every: 2s }, chance: 0.1 }
  - { id: shrink, call: update-pool, with: { max_cfu: 5, note: "$$x" }, outcome: max-cfu-reduction }
  - { call: delete-pool, each: victims, every: 4s, outcome: auto }
  - choose:
      - weight: 3
        steps:
          - { call: list-pools }
          - { call: get-pool, repeat: { times: 5 } }
      - weight: 1
        steps:
          - { call: delete-pool, chance: 0.5, outcome: failure }
"#;

#[test]
fn a_story_is_read_in_full() {
    let source = Source::new("story.yaml", STORY);
    let scenario = read(&source, "story", &[]).unwrap();
    assert_eq!(to_yaml(&scenario), IN_FULL);
    assert_eq!(scenario.name, "story");
    // A value keeps the place where its parameter is used.
    let count = scenario.resources[1].count.as_ref().unwrap();
    assert_eq!(&STORY[count.span.clone()], "$deletes");
}

#[test]
fn a_mix_is_read_in_full() {
    let text = "\
x-w: &w 5
population: { users: 600, skew: 1.0 }
mix:
  - { scenario: notebook-session, weight: 60 }
  - { scenario: deletion.yaml, weight: *w, with: { deletes: 4 } }
  - terraform-apply
";
    let source = Source::new("day.yaml", text);
    let mix = read(&source, "day", &[]).unwrap();
    assert_eq!(
        to_yaml(&mix),
        "\
population: { users: 600, skew: 1.0 }
mix:
  - { scenario: notebook-session, weight: 60 }
  - { scenario: deletion.yaml, weight: 5, with: { deletes: 4 } }
  - { scenario: terraform-apply, weight: 1 }
"
    );
    let Body::Mix(mix) = mix.body else { panic!() };
    let with = Override::from_fields(&source, &mix.entries[1].with);
    assert_eq!(with[0].name.value, "deletes");
}

#[test]
fn a_daily_curve_is_read_in_full() {
    let read = |daily: &str| {
        let text = format!("params: {{ at: \"9:30\" }}\n{daily}\nmix: [a]\n");
        to_yaml(&read(&Source::new("day.yaml", text), "day", &[]).unwrap()).lines().nth(2).unwrap().to_owned()
    };
    assert_eq!(
        read("daily: { peak: 500/s, trough: 0.5k/m, peak_at: $at, timezone: Europe/Berlin, weekend: 20% }"),
        "daily: { peak: 500/s, trough: 500/m, peak_at: \"09:30\", timezone: Europe/Berlin, weekend: 0.2 }"
    );
    assert_eq!(
        read("daily:\n  peak_at: '0:00'\n  trough: 0/s\n  peak: 1/d\n  weekend: 1.5"),
        "daily: { peak: 1/d, trough: 0/s, peak_at: \"00:00\", weekend: 1.5 }"
    );
}

#[test]
fn overrides_replace_declared_parameters_only() {
    let given = |name: &str, value: &str| {
        let text = format!("{name}={value}");
        Override {
            source: Source::new("<command line>", &text),
            name: Spanned::new(name.to_owned(), 0..name.len()),
            value: Node::argument(value, name.len() + 1..text.len()).unwrap(),
        }
    };
    let scenario = |overrides: &[Override]| -> Result<Scenario, String> {
        let source = Source::new("story.yaml", STORY);
        read(&source, "story", overrides)
            .map_err(|found| falsetrail::machinery::error::Error::from(found).render(false))
    };
    let changed = scenario(&[given("deletes", "4"), given("deletes", "5")]).unwrap();
    assert_eq!(changed.resources[1].count.as_ref().unwrap().value, 5);
    assert!(to_yaml(&changed).contains("deletes: 5"));

    let unknown = scenario(&[given("delets", "4")]).unwrap_err();
    assert!(unknown.contains("`story.yaml` has no parameter `delets`"), "{unknown}");
    assert!(unknown.contains("--> <command line>:1:1"), "{unknown}");
    assert!(unknown.contains("did you mean `deletes`?"), "{unknown}");

    let wrong = scenario(&[given("deletes", "many")]).unwrap_err();
    assert!(wrong.contains("the parameter `deletes` cannot be the text `many`"), "{wrong}");
    assert!(wrong.contains("--> <command line>:1:9"), "{wrong}");
    assert!(wrong.contains("its default in `story.yaml`, line 7"), "{wrong}");

    let negative = scenario(&[given("deletes", "-4")]).unwrap_err();
    assert!(negative.contains("found the number `-4` (from `$deletes`)"), "{negative}");
}

/// A text, the place of its mistake, the message, and a part of the help.
const MISTAKES: &[(&str, &str, &str, &str)] = &[
    ("steps: [a]\nmix: [b]", "mix", "a scenario has `steps` or `mix`, not both", "file of their own"),
    ("seed: 1", "", "a scenario needs `steps` or `mix`", "steps: ["),
    ("- a", "- a", "a scenario must be a map, found a list", "begin with `steps:`"),
    ("steps: []", "[]", "`steps` is empty", "at least one"),
    ("mix: []", "[]", "`mix` is empty", "at least one"),
    ("steps:\n", "", "`steps` must be a list, found nothing", ""),
    ("steps: [a]\nsede: 1", "sede", "a scenario has no key `sede`", "did you mean `seed`?"),
    ("steps: [a]\npopulation: {}", "population", "`population` belongs to a file with `mix`", "mix:"),
    ("mix: [a]\nrate: 500", "500", "`rate` must be a rate such as `500/s`, found the number `500`", "write `500/s`"),
    ("mix: [a]\nactors: {}", "actors", "`actors` belong to a scenario with steps, not to a mix", "move them"),
    ("mix: [{weight: 1}]", "{weight: 1}", "an entry of `mix` lacks `scenario`", ""),
    ("mix: [{scenario: a, weight: -1}]", "-1", "`weight` must be more than 0, found `-1`", "never happen"),
    ("steps: [5]", "5", "a step must be a map, found the number `5`", ""),
    ("steps: [{}]", "{}", "a step lacks `call`", ""),
    ("steps: [{call: a, choose: []}]", "choose", "a step has `call` or `choose`, not both", "two steps"),
    ("steps: [{choose: []}]", "[]", "`choose` is empty", "weight"),
    ("steps: [{choose: [{weight: 1}]}]", "{weight: 1}", "a branch of `choose` lacks `steps`", ""),
    ("steps: [{choose: [{steps: [a], weight: 0}]}]", "0", "`weight` must be more than 0, found `0`", ""),
    (
        "steps: [{call: a-failure}]",
        "a-failure",
        "`call` takes a method alone, found `a-failure`",
        "write `call: a, outcome: failure`",
    ),
    ("steps: [{call: 'a:b'}]", "'a:b'", "`call` takes a method alone, found `a:b`", "write `call: a, outcome: b`"),
    ("steps: [a -> b]", "a -> b", "a step of a list is one call", "one call a line"),
    ("steps: ['a b']", "'a b'", "`a b` is not one step", "`a -> b`"),
    (
        "steps: [{call: a, after: 5}]",
        "5",
        "`after` must be a duration such as `2s` or `1m..2m`, found the number `5`",
        "write `5s`",
    ),
    ("steps: [{call: a, after: '5'}]", "'5'", "`after`: the duration `5` lacks a unit", "write `5s`"),
    ("steps: [{call: a, every: 2s}]", "every", "`every` needs `each` beside it", "each: NAME, every: 2s"),
    (
        "steps: [{call: a, every: 2s, repeat: 3}]",
        "every",
        "`every` needs `each` beside it",
        "repeat: { times: 3, every: 2s }",
    ),
    ("steps: [{call: a, each: x, repeat: 3}]", "each", "a step has `repeat` or `each`, not both", "two steps"),
    ("steps: [{call: a, each: x, target: y}]", "target", "a step has `target` or `each`, not both", "remove `target`"),
    ("steps: [{call: a, repeat: 0}]", "0", "`repeat` must be at least 1", "never happens"),
    (
        "steps: [{call: a, repeat: {times: 8..3}}]",
        "8..3",
        "`times`: the range `8..3` ends before it begins",
        "write `3..8`",
    ),
    (
        "steps: [{call: a, repeat: 2.5}]",
        "2.5",
        "`repeat` must be a count such as `3` or `3..8`, found the number `2.5`",
        "",
    ),
    (
        "steps: [{call: a, chance: 0}]",
        "0",
        "`chance` must be a number above 0 and up to 1, or a percentage such as `10%`, found the number `0`",
        "never happens",
    ),
    (
        "steps: [{call: a, chance: 30}]",
        "30",
        "`chance` must be a number above 0 and up to 1, or a percentage such as `10%`, found the number `30`",
        "write `30%`",
    ),
    (
        "steps: [{call: a, chance: 101%}]",
        "101%",
        "`chance` must be a number above 0 and up to 1, or a percentage such as `10%`, found the text `101%`",
        "",
    ),
    ("steps: [{call: a, with: [b]}]", "[b]", "`with` must be a map, found a list", ""),
    ("steps: [{call: a, outcome: true}]", "true", "`outcome` must be a text, found `true`", "write \"true\""),
    ("steps: [{call: a, by: $x}]", "$x", "there is no parameter `$x`", "declare it"),
    (
        "params: {count: 1}\nsteps: [{call: a, repeat: $cuont}]",
        "$cuont",
        "there is no parameter `$cuont`",
        "did you mean `count`?",
    ),
    ("steps: [{call: a, by: $a b}]", "$a b", "`$a b` is not the name of a parameter", "written `$$a b`"),
    ("params: {a: $b}\nsteps: [a]", "$b", "a parameter's value cannot be another parameter", "`$$b`"),
    ("params: {a: }\nsteps: [a]", "", "the parameter `a` has no value", ""),
    ("params: [a]\nsteps: [a]", "[a]", "`params` must be a map, found a list", ""),
    ("actors: {on: {}}\nsteps: [a]", "on", "`on` cannot name an actor", "true or false"),
    ("actors: {a b: {}}\nsteps: [a]", "a b", "`a b` cannot name an actor", "letters"),
    ("resources: {a: }\nsteps: [a]", "", "the resource `a` must be a map, found nothing", "write `{}`"),
    ("resources: {a: {count: 0}}\nsteps: [a]", "0", "`count` must be at least 1", ""),
    (
        "resources: {a: {existing: yes}}\nsteps: [a]",
        "yes",
        "`existing` must be `true` or `false`, found the text `yes`",
        "write `true`",
    ),
    ("seed: -1\nsteps: [a]", "-1", "`seed` must be a whole number from 0, found the number `-1`", ""),
    ("seed: '5'\nsteps: [a]", "'5'", "`seed` must be a whole number, found the text `5`", "write `5`, without quotes"),
    ("from: 2025\nsteps: [a]", "2025", "`from` must be a text, found the number `2025`", "write \"2025\""),
    ("every: 60\nsteps: [a]", "60", "`every` must be a duration such as `2s`, found the number `60`", "write `60s`"),
];

#[test]
fn every_mistake_has_its_place_and_a_way_out() {
    for (text, place, message, help) in MISTAKES {
        let source = Source::new("a.yaml", *text);
        let found = read(&source, "a", &[]).expect_err(text);
        let first = found.iter().find(|found| found.message == *message);
        let first = first.unwrap_or_else(|| panic!("{text}: {found:?}"));
        assert_eq!(&text[first.span.clone()], *place, "{text}");
        assert!(first.help.join("\n").contains(help), "{text}: {:?}", first.help);
    }
}

#[test]
fn one_mistake_does_not_hide_another() {
    let text = "seed: x\nactors: {a: 1}\nsteps:\n  - {call: a, after: 1}\n  - {cal: b}\n  - {call: c, by: $no}\n";
    let source = Source::new("a.yaml", text);
    let lines: Vec<usize> =
        read(&source, "a", &[]).unwrap_err().iter().map(|found| source.position(found.span.start).0).collect();
    assert_eq!(lines, [1, 2, 4, 5, 6]);
}

#[test]
fn one_line_is_a_story() {
    let expected = "\
steps:
  - { call: create-pool }
  - { call: update-pool, outcome: failure }
  - { call: delete-pool, outcome: not-found }
";
    for text in [
        "create-pool -> update-pool-failure -> delete-pool:not-found",
        "create-pool,update-pool-failure,delete-pool:not-found",
        "create-pool->update-pool-failure->delete-pool:not-found",
        "  create-pool → update-pool-failure , delete-pool:not-found ",
    ] {
        let scenario = read_one_line(text, &[]).unwrap();
        assert_eq!(to_yaml(&scenario), expected, "{text}");
        assert_eq!(scenario.name, text);
        assert_eq!(scenario.source.name, "<command line>");
        let Body::Steps(steps) = &scenario.body else { panic!() };
        let falsetrail::machinery::scenario::Step::Call(call) = &steps[1] else { panic!() };
        assert_eq!(&text[call.call.span.clone()], "update-pool");
        assert_eq!(&text[call.outcome.as_ref().unwrap().span.clone()], "failure");
    }
}

#[test]
fn one_line_explains_its_mistakes() {
    for (text, place, message, help) in [
        ("", "", "the scenario is empty", "create-pool -> delete-pool"),
        ("a -> -> b", "", "there is no step here", "a step between"),
        ("a,", "", "there is no step here", "none at the ends"),
        (
            "create-pool -",
            "create-pool -",
            "this step ends with `-`: the shell took `>` for a redirection",
            "in quotes: `'create-pool",
        ),
        ("-", "-", "this step ends with `-`: the shell took `>` for a redirection", "in quotes"),
        ("create-pool-", "create-pool-", "this step ends with `-`: the shell took `>` for a redirection", "in quotes"),
        ("a > b", "a > b", "`a > b` has a `>`", "write `->`"),
        ("a, b c", "b c", "`b c` is not one step", "`b -> c`"),
        ("a, $b", "$b", "`$b` is not the name of a method", "create-pool"),
        ("a:", "a:", "`a:` does not name a failure", "`a-failure`"),
        ("a-failure:b", "a-failure:b", "`a-failure:b` says twice that it fails", "write `a:b`"),
    ] {
        let found = read_one_line(text, &[]).expect_err(text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(&text[found[0].span.clone()], place, "{text}");
        assert_eq!(found[0].message, message);
        assert!(found[0].help.join("\n").contains(help), "{text}: {:?}", found[0].help);
    }
    assert_eq!(read_one_line("a -> -> b, c d,", &[]).unwrap_err().len(), 3);
}
