//! Reader of `catalog.yaml`: converts it to a [`Catalog`], or reports all mistakes in it at once.

use super::{
    Catalog, Failure, Generator, InputValue, Kind, Lowers, MOST_MEMBERS, Precondition, RecordKey, Text, check,
    read_common::{parse_text, unknown},
    read_kind, read_method, sound,
};
use crate::{
    error::{Diagnostic, Source, did_you_mean, list_of},
    units::DurationRange,
    yaml::{self, MapReader, Node, Reader, Spanned, Value},
};
use std::{collections::BTreeSet, sync::Arc};

/// Reads a catalog, without its templates.
pub(super) fn catalog(source: &Arc<Source>) -> Result<Catalog, Vec<Diagnostic>> {
    let node = yaml::parse(source)?;
    let reader = Reader::new(source);
    let catalog = whole(&reader, &node);
    reader.finish(catalog)
}

fn whole(reader: &Reader, node: &Node) -> Option<Catalog> {
    let mut map = reader.map(node, "a catalog")?.allow_prefix("x-");
    let name = map.required_text("name");
    // For who reads the file.
    map.text("description");
    let after = map.duration_range("after");
    let kinds = some_of(reader, &mut map, "kinds");
    let methods = some_of(reader, &mut map, "methods").unwrap_or_default();
    let failures_unread = map.meant_entry("failures").is_some_and(|(_, node)| !matches!(node.value, Value::Map(_)));
    let failures = map.meant_entries("failures");
    let population_at = map.entry("population").map(|(key, _)| key.span.clone());
    let population = map.entries("population");
    let keys = map.entries("keys");
    let default_key = map.text("default_key");
    let subject = map.text("subject");
    map.finish();
    let kinds = kinds?;
    let subject = subject.filter(|subject| check::is_field_name(reader, subject));
    let subject_span = subject.as_ref().map(|subject| subject.span.clone());
    let mut catalog = Catalog {
        name: name?.value,
        after: after.map_or(DurationRange { low: 0, high: 0 }, |after| after.value),
        skew: 1.0,
        subject: subject.map_or_else(|| "id".to_owned(), |subject| subject.value),
        kinds: Vec::new(),
        methods: Vec::new(),
        failures: Vec::new(),
        keys: Vec::new(),
        default_key: 0,
        templates: Vec::new(),
        source: Arc::clone(reader.source()),
        population_at,
        template_names: Vec::new(),
    };
    read_kind::kinds(reader, kinds, &mut catalog);
    let unread = kinds.iter().any(|(_, node)| !matches!(node.value, Value::Map(_)));
    read_population(reader, population, &mut catalog, unread);
    read_failures(reader, failures, &mut catalog);
    if failures_unread {
        let names: BTreeSet<&str> = methods.iter().flat_map(|(_, node)| read_method::failure_names(node)).collect();
        catalog.failures.extend(names.into_iter().map(unread_failure));
    }
    for (name, node) in methods {
        let read = read_method::method(reader, name, node, &catalog);
        catalog.methods.extend(read);
    }
    read_method::check_names(reader, methods, &catalog);
    sound::kinds(reader, kinds, &catalog);
    sound::methods(reader, &catalog);
    settle_states(&mut catalog);
    check::texts(reader, kinds, &catalog);
    check::subjects(reader, methods, subject_span.as_ref(), &catalog);
    check::principals(reader, kinds, &catalog);
    catalog.keys = keys.iter().filter_map(|(name, node)| record_key(reader, name, node, &catalog)).collect();
    if let Some(default) = default_key {
        match catalog.keys.iter().position(|key| key.name == default.value) {
            Some(position) => catalog.default_key = position,
            // A key with a mistake was reported already.
            None if keys.iter().any(|(name, _)| name.value == default.value) => {}
            None => unknown(reader, &default, "key", keys.iter().map(|(name, _)| name.value.as_str())),
        }
    }
    Some(catalog)
}

/// A failure that has a mistake, or stands in a section that has one: it keeps its name, so that references to it are not
/// reported as well.
fn unread_failure(name: &str) -> Failure {
    Failure {
        name: name.to_owned(),
        status: String::new(),
        detail: Text::default(),
        precondition: Precondition::Any,
        when: None,
    }
}

fn read_failures(reader: &Reader, failures: &[(Spanned<String>, Node)], catalog: &mut Catalog) {
    let read = |(name, node): &(Spanned<String>, Node)| {
        failure(reader, name, node).unwrap_or_else(|| unread_failure(&name.value))
    };
    catalog.failures = failures.iter().map(read).collect();
}

/// The entries of a required map that must not be empty.
fn some_of<'n>(reader: &Reader, map: &mut MapReader<'n>, key: &'static str) -> Option<&'n [(Spanned<String>, Node)]> {
    map.required(key);
    let (_, node) = map.meant_entry(key)?;
    let entries = reader.entries(node, &format!("`{key}`"))?;
    if entries.is_empty() {
        let found = reader.diagnostic(&node.span, format!("a catalog without {key} has no events"));
        reader.report(found.help("`falsetrail show catalog` prints a catalog to begin with"));
        return None;
    }
    Some(entries)
}

/// Reads the key `population`. If a kind could not be read, an unknown name may be its plural and is accepted.
fn read_population(reader: &Reader, entries: &[(Spanned<String>, Node)], catalog: &mut Catalog, unread: bool) {
    for (name, node) in entries {
        if name.value == "skew" {
            match reader.f64(node, "`skew`") {
                Some(skew) if (0.0..=4.0).contains(&skew.value) => catalog.skew = skew.value,
                Some(_) => reader.report(reader.expected(node, "`skew`", "a number from 0 (even) to 4")),
                None => {}
            }
            continue;
        }
        let kind = catalog.kinds.iter().position(|kind| kind.plural.as_ref() == Some(&name.value));
        let count = reader.u64(node, &format!("`{}`", name.value));
        match (kind, count) {
            (Some(_), Some(count)) if count.value > MOST_MEMBERS => {
                let what = format!("`{}`", name.value);
                reader.report(reader.expected(node, &what, "a whole number from 0 to 10,000,000"));
            }
            (Some(kind), _) if catalog.kinds[kind].table.is_some() => {
                let message = format!("`{}` are the rows of a table", name.value);
                reader.report(reader.diagnostic(&name.span, message).help("leave it out: there are as many as rows"));
            }
            (Some(kind), Some(count)) => {
                let kind = &mut catalog.kinds[kind];
                (kind.population, kind.population_at, kind.populated) = (count.value, node.span.clone(), true);
            }
            (None, _) if unread => {}
            (None, _) => {
                unknown(reader, name, "population", catalog.kinds.iter().filter_map(|kind| kind.plural.as_deref()));
            }
            _ => {}
        }
    }
}

fn failure(reader: &Reader, name: &Spanned<String>, node: &Node) -> Option<Failure> {
    let mut map = reader.map(node, "a failure")?;
    let status = map.required_text("status");
    let detail = map.required_text("detail").and_then(|text| {
        let parsed = parse_text(reader, &text)?;
        // Many methods share a failure, so its text may use only names that all methods have.
        let known = ["target.id", "target.label", "request.id", "principal.id"];
        for path in parsed.names().map(|path| path.join(".")).filter(|path| !known.contains(&path.as_str())) {
            let diagnostic = reader.diagnostic(
                &check::within(reader, &text.span, &path),
                format!("a failure's detail cannot name `{path}`"),
            );
            reader.report(diagnostic.help(format!("it may name {}", list_of(known))));
        }
        Some(parsed)
    });
    let precondition = map.text("needs").map_or(Some(Precondition::Any), |needs| match needs.value.as_str() {
        "absent" => Some(Precondition::Absent),
        "live" => Some(Precondition::Live),
        "any" => Some(Precondition::Any),
        _ => {
            unknown(reader, &needs, "state", ["absent", "live", "any"]);
            None
        }
    });
    let when = map.map("when", "`when`").and_then(|mut when| {
        let input = when.required_text("input");
        let lowers = when.required_text("lowers");
        when.finish();
        Some(Lowers { input: input?.value, field: lowers?.value })
    });
    map.finish();
    Some(Failure {
        name: name.value.clone(),
        status: status?.value,
        detail: detail?,
        precondition: precondition?,
        when,
    })
}

fn record_key(reader: &Reader, name: &Spanned<String>, node: &Node, catalog: &Catalog) -> Option<RecordKey> {
    let mut texts = Vec::new();
    for item in reader.list(node, &format!("`{}`", name.value))? {
        let text = reader.text(item, "a key")?;
        let parsed = parse_text(reader, &text)?;
        let has = |kind: &Kind, name: &[String]| name.len() == 2 && kind.field(&name[1]).is_some();
        let known = |name: &[String]| match name[0].as_str() {
            "subject" => name.len() == 1,
            "principal" => catalog.kinds.iter().filter(|kind| kind.principal).any(|kind| has(kind, name)),
            variable => catalog.variable(variable).is_some_and(|kind| has(&catalog.kinds[kind], name)),
        };
        if let Some(name) = parsed.names().find(|name| !known(name)) {
            let path = name.join(".");
            let names = catalog.kinds.iter().flat_map(|kind| {
                let own = kind.fields.iter().map(move |field| format!("{}.{}", kind.variable, field.name));
                let acting = kind.fields.iter().map(|field| format!("principal.{}", field.name));
                own.chain(acting.filter(|_| kind.principal))
            });
            let names: Vec<String> = names.chain(["subject".to_owned()]).collect();
            let diagnostic =
                reader.diagnostic(&check::within(reader, &text.span, &path), format!("nothing is called `{path}`"));
            reader.report(diagnostic.help(did_you_mean(&path, names.iter().map(String::as_str))));
        }
        for name in parsed.names() {
            check::check_never_null(reader, &text.span, catalog.kinds.iter(), name);
        }
        texts.push(parsed);
    }
    Some(RecordKey { name: name.value.clone(), texts })
}

/// Determines the state of each kind: the fields that calls change, and the field that is a unique clock.
fn settle_states(catalog: &mut Catalog) {
    for method in &catalog.methods {
        for input in &method.input {
            if let InputValue::Changes { field, .. } = input.value
                && !catalog.kinds[method.kind].changing.contains(&field)
            {
                catalog.kinds[method.kind].changing.push(field);
            }
        }
    }
    for kind in &mut catalog.kinds {
        kind.stamp =
            kind.fields.iter().position(|field| matches!(field.generator, Generator::Clock { unique_in: Some(_), .. }));
    }
}
