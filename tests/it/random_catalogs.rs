//! Catalogs at random: small audited systems that nobody has thought of. A catalog that `validate` calls ok runs.

use super::random_stories::cases;
use falsetrail::machinery::{
    Options, Plan,
    catalog::{Catalog, template_file},
    error::Error,
};
use proptest::{collection::vec, prelude::*};
use std::{fmt::Write as _, fs, path::Path, sync::Arc};

/// Bytes as a row of decisions.
struct Decisions(std::vec::IntoIter<u8>);

impl Decisions {
    /// One of `count`; the first where the bytes end.
    fn of(&mut self, count: usize) -> usize {
        usize::from(self.0.next().unwrap_or(0)) % count
    }

    /// Once in so many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.of(times) == times - 1
    }
}

/// How a template shows a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Value,
    Reference,
}

struct Kind {
    name: String,
    principal: bool,
    table: bool,
    scope: Vec<usize>,
    fields: Vec<(String, Shown)>,
    choices: Vec<String>,
}

/// A catalog and its templates, by file name.
struct Written {
    catalog: String,
    templates: Vec<(String, String)>,
}

/// Names of methods as audited systems have them.
const NAMES: &[&str] = &[
    "PutObject",
    "s3:GetObject",
    "pods/exec",
    "list,all",
    "report-failure",
    "Add member to group",
    "4624",
    "user.session.start",
    "google.iam.admin.v1.CreateServiceAccount",
    "DBCluster",
    "Öffne",
    "a->b",
    "call:x",
    "100%",
    "busy-day",
    "x.yaml",
    "choose",
];

const DOES: &[&str] = &["create", "get", "list", "update", "delete"];

const IDS: &[&str] = &[
    "{ pattern: 'x-[a-z0-9]{6}' }",
    "{ pattern: '[a-z]{3}', unique: false }",
    "{ pattern: '[0-9a-f]{4}' }",
    "{ text: 'fixed' }",
    "{ choose: [one, two] }",
    "{ email: [example.com] }",
    "{ address: [192.0.2.0/24] }",
    "{ time: created }",
    "{ clock: 'w-%Y-%m-%d-%H%M%S' }",
    "{ stage: { young: A, ready: B } }",
];

fn written(bytes: Vec<u8>) -> Written {
    let mut decisions = Decisions(bytes.into_iter());
    let mut text = String::from("name: random\nkinds:\n");
    let mut kinds: Vec<Kind> = Vec::new();
    for number in 0..=decisions.of(4) {
        let kind = kind(&mut decisions, number, &kinds, &mut text);
        kinds.push(kind);
    }
    text.push_str("failures:\n");
    for (name, rest) in [("gone", "needs: absent, "), ("locked", "needs: live, "), ("busy", "")] {
        let _ = writeln!(text, "  {name}: {{ {rest}status: '400', detail: 'The ${{target.label}} ${{target.id}}.' }}");
    }
    text.push_str("  lowered: { status: '409', detail: 'no', when: { input: level, lowers: level } }\nmethods:\n");
    let mut templates = Vec::new();
    let first = decisions.of(NAMES.len());
    for number in 0..=decisions.of(4) {
        let name = NAMES[(first + number) % NAMES.len()];
        let kind = decisions.of(kinds.len());
        let template = method(&mut decisions, name, kind, &kinds, &mut text);
        templates.push((template_file(name), template));
    }
    if !decisions.once_in(8) {
        text.push_str("population:\n");
        for kind in kinds.iter().filter(|kind| !kind.table) {
            let _ = writeln!(text, "  {}s: {}", kind.name, decisions.of(7));
        }
    }
    Written { catalog: text, templates }
}

fn kind(decisions: &mut Decisions, number: usize, before: &[Kind], text: &mut String) -> Kind {
    let name = format!("kind{number}");
    let mut kind = Kind {
        principal: if number == 0 { !decisions.once_in(5) } else { decisions.once_in(3) },
        table: decisions.once_in(5),
        scope: (0..number).filter(|_| decisions.once_in(3)).collect(),
        fields: Vec::new(),
        choices: Vec::new(),
        name,
    };
    let _ = writeln!(text, "  {0}:\n    plural: {0}s\n    principal: {1}", kind.name, kind.principal);
    let scope: Vec<&str> = kind.scope.iter().map(|scope| before[*scope].name.as_str()).collect();
    let _ = writeln!(text, "    scope: [{}]", scope.join(", "));
    if decisions.once_in(4) {
        text.push_str("    ready_after: 20s..40s\n");
    }
    if kind.table {
        text.push_str("    table: { columns: [id, cloud, weight], rows: [[a, aws, 1], [b, gcp, 2]] }\n");
        kind.fields.extend([("id".to_owned(), Shown::Value), ("cloud".to_owned(), Shown::Value)]);
        return kind;
    }
    text.push_str("    fields:\n");
    let _ = writeln!(text, "      id: {}", IDS[decisions.of(IDS.len())]);
    kind.fields.push(("id".to_owned(), Shown::Value));
    for field in 0..decisions.of(6) {
        let name = if kind.choices.is_empty() && field == 0 { "level".to_owned() } else { format!("field{field}") };
        if let Some((source, shown)) = source(decisions, &name, &mut kind, before) {
            let _ = writeln!(text, "      {name}: {source}");
            kind.fields.push((name, shown));
        }
    }
    kind
}

fn source(decisions: &mut Decisions, name: &str, kind: &mut Kind, before: &[Kind]) -> Option<(String, Shown)> {
    let own = kind.fields[decisions.of(kind.fields.len())].0.clone();
    let value = |text: &str| Some((text.to_owned(), Shown::Value));
    match decisions.of(11) {
        0 => {
            kind.choices.push(name.to_owned());
            value("{ choose: [1, 2, 5, 9], weights: [1, 0, 3, 1] }")
        }
        1 => {
            kind.choices.push(name.to_owned());
            value("{ choose: [small, large] }")
        }
        2 => value(&format!("{{ text: 'x/${{{}.{own}}}' }}", kind.name)),
        3 => {
            let outer = kind.scope.first().map(|outer| &before[*outer])?;
            let field = &outer.fields[decisions.of(outer.fields.len())];
            let path = if field.1 == Shown::Reference { format!("{}.id", field.0) } else { field.0.clone() };
            value(&format!("{{ text: '${{{}.{path}}}/x' }}", outer.name))
        }
        4 => value("{ time: updated }"),
        5 => value("{ stage: { young: NEW, ready: OLD } }"),
        6 => {
            let bound = kind.choices.first()?;
            value(&format!("{{ ramp: {{ up_to: {bound}, every: 2s }} }}"))
        }
        7 => {
            let other = decisions.of(before.len() + 1);
            let other = before.get(other).map_or(kind.name.as_str(), |other| other.name.as_str());
            let rest =
                ["", ", nullable: true", ", nullable: true, default: null", ", default: caller"][decisions.of(4)];
            Some((format!("{{ refer: {other}{rest} }}"), Shown::Reference))
        }
        8 => {
            let room = kind.scope.first().map(|outer| before[*outer].name.clone())?;
            value(&format!("{{ clock: 'w-%H%M%S', unique_in: {room} }}"))
        }
        9 => value("{ pattern: '[A-Z]{3}-[0-9]{2}' }"),
        _ => value("{ email: [example.org], matches: '.*' }"),
    }
}

fn method(decisions: &mut Decisions, name: &str, kind: usize, kinds: &[Kind], text: &mut String) -> String {
    let does = DOES[decisions.of(DOES.len())];
    let of = &kinds[kind];
    let _ = writeln!(text, "  '{name}':\n    kind: {}\n    does: {does}", of.name);
    let scope: Vec<&Kind> = of.scope.iter().map(|scope| &kinds[*scope]).collect();
    if does == "list" {
        let subject = scope.first().map_or("all".to_owned(), |outer| format!("${{{}.id}}", outer.name));
        let _ = writeln!(text, "    subject: '{subject}'\n    page: {}", decisions.of(4));
    }
    let failures: Vec<&str> =
        ["gone", "locked", "busy", "lowered"].into_iter().filter(|_| decisions.once_in(2)).collect();
    let _ = writeln!(text, "    failures: [{}]", failures.join(", "));
    let mut members = vec!["\"subject\": \"${subject}\"".to_owned()];
    let inputs: Vec<&(String, Shown)> = of.fields.iter().skip(1).filter(|_| decisions.once_in(3)).collect();
    if !inputs.is_empty() {
        text.push_str("    input:\n");
    }
    for (field, shown) in inputs {
        let usual = if of.choices.contains(field) && decisions.once_in(2) { ", usual: next" } else { "" };
        let unset = ["", ", unset: current", ", unset: null, clears: true", ", unset: 7"][decisions.of(4)];
        let _ = writeln!(text, "      {field}: {{ changes: {field}{unset}{usual} }}");
        members.push(member(&format!("input.{field}"), *shown));
    }
    for outer in scope {
        members.extend(outer.fields.iter().map(|(field, shown)| member(&format!("{}.{field}", outer.name), *shown)));
    }
    if does == "list" {
        let each: Vec<String> =
            of.fields.iter().map(|(field, shown)| member(&format!("item.{field}"), *shown)).collect();
        members.push(format!(
            "\"items\": {{\"$map\": {{\"$eval\": \"items\"}}, \"each(item)\": {{ {} }} }}",
            each.join(", ")
        ));
    } else {
        members.extend(of.fields.iter().map(|(field, shown)| member(&format!("{}.{field}", of.name), *shown)));
    }
    let failed = r#""why": {"$if": "success", "then": "fine", "else": "${failure.detail}"}"#;
    format!("{{ \"id\": \"${{event.id}}\", \"by\": \"${{principal.id}}\", {failed}, {} }}", members.join(", "))
}

/// A member of a template that shows a value, whatever its type.
fn member(path: &str, shown: Shown) -> String {
    match shown {
        Shown::Value => format!("\"{path}\": {{\"$eval\": \"{path}\"}}"),
        Shown::Reference => {
            format!("\"{path}.of\": {{\"$if\": \"{path}\", \"then\": \"${{{path}.id}}\", \"else\": null}}")
        }
    }
}

/// As `validate` checks a folder; `None` if it is refused.
fn validated(folder: &Path) -> Result<Arc<Catalog>, Error> {
    let catalog = Catalog::load(folder)?;
    let gaps = catalog.gaps();
    if !gaps.is_empty() {
        return Err(gaps.into());
    }
    falsetrail::machinery::planner::check_methods(&catalog)?;
    Ok(catalog)
}

/// Runs scenarios, all of whose events are JSON without empty ids.
fn runs(catalog: &Arc<Catalog>, scenario: &str) {
    for (events, instances) in [(Some(40), None), (None, Some(3)), (None, None)] {
        let options = Options {
            scenarios: vec![scenario.to_owned()],
            seed: Some(7),
            from: Some("2026-01-05".to_owned()),
            events,
            instances,
            ..Options::default()
        };
        let plan = match Plan::with_catalog(catalog, &options) {
            Ok(plan) => plan,
            Err(error) => panic!("{scenario}: {}", error.render(false)),
        };
        let mut count = 0;
        for event in plan.events() {
            let body: serde_json::Value = match serde_json::from_slice(&event.body) {
                Ok(body) => body,
                Err(error) => panic!("{scenario}: {error}: {}", String::from_utf8_lossy(&event.body)),
            };
            let ids = body
                .as_object()
                .unwrap()
                .iter()
                .filter(|(name, _)| name.rsplit('.').next() == Some("id") || *name == "by");
            for (name, value) in ids {
                assert!(value.as_str().is_some_and(|id| !id.is_empty()), "{scenario}: {name} of {body}");
            }
            assert!(
                body.as_object()
                    .unwrap()
                    .iter()
                    .all(|(name, value)| name.rsplit('.').next() != Some("of") || value != ""),
                "{body}"
            );
            count += 1;
        }
        assert!(count >= events.or(instances).unwrap_or(1), "{scenario} has {count} events");
    }
}

/// A call that fails runs, or cannot happen in this catalog, which is said.
fn fails(catalog: &Arc<Catalog>, scenario: &str) {
    let options = Options {
        scenarios: vec![scenario.to_owned()],
        seed: Some(7),
        from: Some("2026-01-05".to_owned()),
        instances: Some(3),
        ..Options::default()
    };
    match Plan::with_catalog(catalog, &options) {
        Ok(plan) => assert_eq!(plan.events().count(), 3, "{scenario}"),
        Err(error) => assert!(error.exit_code() == 2, "{scenario}: {}", error.render(false)),
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn a_catalog_that_is_called_ok_runs(bytes in vec(any::<u8>(), 20..160)) {
        let written = written(bytes);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("catalog.yaml"), &written.catalog).unwrap();
        for (name, template) in &written.templates {
            fs::write(folder.path().join(name), template).unwrap();
        }
        match validated(folder.path()) {
            Ok(catalog) => {
                for method in &catalog.methods {
                    runs(&catalog, &method.name);
                    runs(&catalog, &method.short);
                    for failure in &method.failures {
                        fails(&catalog, &format!("{}:{}", method.name, catalog.failures[*failure].name));
                    }
                    fails(&catalog, &format!("{}-failure", method.name));
                }
            }
            Err(error) => prop_assert!(error.exit_code() == 2, "{}", error.render(false)),
        }
    }
}
