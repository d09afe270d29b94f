//! Reader of `catalog.yaml`: converts it to a [`Catalog`], or reports all mistakes in it at once.

use super::{
    Catalog, Failure, Field, Generator, InputValue, Kind, KindId, Lowers, MOST_MEMBERS, Precondition, RecordKey,
    Scalar, Text, check, read_field, read_method, read_table, sound,
};
use crate::{
    error::{Diagnostic, Source, did_you_mean, list_of, nearest, quoted},
    units::DurationRange,
    yaml::{self, MapReader, Node, Reader, Spanned, Value},
};
use std::{collections::BTreeSet, sync::Arc};

/// Names with a meaning in templates or scenarios, which no kind or field may have.
const RESERVED_VARIABLES: &[&str] =
    &["event", "request", "success", "as_documented", "failure", "principal", "subject", "items", "input", "target"];
const RESERVED_FIELDS: &[&str] = &["kind", "count", "existing"];

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
    let description = map.text("description");
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
        description: description.map(|text| text.value).unwrap_or_default(),
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
    read_kinds(reader, kinds, &mut catalog);
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
        needs: Precondition::Any,
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
        let found = reader.mistake(&node.span, format!("a catalog without {key} has no events"));
        reader.report(found.help("`falsetrail show catalog` prints a catalog to begin with"));
        return None;
    }
    Some(entries)
}

/// Reads kinds in two passes, names before fields, because kinds refer to each other. A kind with a mistake keeps its
/// name, so that references to it are not reported as well.
fn read_kinds<'n>(reader: &'n Reader, kinds: &'n [(Spanned<String>, Node)], catalog: &mut Catalog) {
    let mut bodies: Vec<Option<MapReader>> = Vec::new();
    for (name, node) in kinds {
        let mut body = reader.map(node, "a kind");
        let kind = kind_alone(reader, name, body.as_mut(), catalog);
        catalog.kinds.push(kind);
        bodies.push(body);
    }
    let names_of = |body: &mut Option<MapReader>| body.as_mut().map(|map| map.meant_texts("scope")).unwrap_or_default();
    let scopes: Vec<Vec<Spanned<String>>> = bodies.iter_mut().map(names_of).collect();
    for (id, names) in scopes.iter().enumerate() {
        catalog.kinds[id].scope = scope(reader, names, catalog, id);
    }
    for (id, body) in bodies.into_iter().enumerate() {
        let Some(map) = body else { continue };
        read_fields(reader, &kinds[id].0, map, (id, catalog));
    }
}

/// A kind without fields and scope, from the first pass.
fn kind_alone(reader: &Reader, name: &Spanned<String>, mut body: Option<&mut MapReader>, catalog: &Catalog) -> Kind {
    if let Some(map) = &mut body {
        // Mark the keys of the second pass as known, so that none is suggested for a misspelt one.
        for key in ["scope", "fields", "table", "principal", "ready_after", "label", "plural", "variable"] {
            map.entry(key);
        }
    }
    let mut text = |key: &'static str| body.as_mut().and_then(|map| map.meant_text(key));
    let variable = text("variable");
    let label = text("label");
    let plural = text("plural");
    let principal = body.as_mut().and_then(|map| map.bool("principal")).is_some_and(|principal| principal.value);
    let ready_after = body.as_mut().and_then(|map| map.duration_range("ready_after")).map(|range| range.value);
    let default = name.value.replace('-', "_");
    let variable_name = variable.as_ref().map_or(default, |variable| variable.value.clone());
    if RESERVED_VARIABLES.contains(&variable_name.as_str()) || catalog.variable(&variable_name).is_some() {
        let span = variable.map_or(name.span.clone(), |variable| variable.span);
        let found = reader.mistake(&span, format!("`{variable_name}` is taken"));
        reader.report(found.help("give the kind another `variable`"));
    }
    Kind {
        name: name.value.clone(),
        label: label.map_or_else(|| name.value.replace('-', " "), |label| label.value),
        variable: variable_name,
        plural: plural.map(|plural| plural.value),
        scope: Vec::new(),
        principal,
        fields: Vec::new(),
        table: None,
        ready_after,
        population: 0,
        population_at: name.span.clone(),
        populated: false,
        changing: Vec::new(),
        stamp: None,
    }
}

/// The columns and fields of a kind.
fn read_fields(reader: &Reader, kind: &Spanned<String>, mut map: MapReader, (id, catalog): (KindId, &mut Catalog)) {
    // A field or column with a mistake keeps its name, so that references to it are not reported as well.
    let nothing =
        |name: &str| Field { name: name.to_owned(), generator: Generator::Text(Text::default()), matches: None };
    let table_node = map.meant_entry("table");
    let table = table_node.and_then(|(_, node)| read_table::table(reader, node));
    let fields = map.meant_entries("fields");
    // Fields that cannot be read, or that stand among the kind's own keys, are reported elsewhere.
    let unread = table.is_none() && table_node.is_some()
        || map.has_nearly(&["id"])
        || map.meant_entry("fields").is_some_and(|(_, node)| !matches!(node.value, Value::Map(_)));
    map.finish();
    if let Some((columns, table)) = table {
        catalog.kinds[id].fields.extend(columns);
        catalog.kinds[id].table = table;
    }
    if let Some((key, _)) = table_node.filter(|_| catalog.kinds[id].principal) {
        let found = reader.mistake(&key.span, format!("`{}` acts, and the rows of a table cannot", kind.value));
        reader.report(found.help("leave `table` out: say how many there are under `population`"));
    }
    for (name, node) in fields {
        check_field_name(reader, name);
        if catalog.kinds[id].field(&name.value).is_some() {
            let message = format!("{} is a column of the table already", quoted(&name.value));
            reader.report(reader.mistake(&name.span, message).help("give the field or the column another name"));
            continue;
        }
        let field = read_field::field(reader, name, node, catalog, id).unwrap_or_else(|| nothing(&name.value));
        catalog.kinds[id].fields.push(field);
    }
    check_id(reader, &catalog.kinds[id], kind);
    if catalog.kinds[id].field("id").is_none() && !unread {
        let example = format!("write `id: {{ pattern: '{}-[a-z0-9]{{6}}' }}` under its `fields`", kind.value);
        reader.report(reader.mistake(&kind.span, "a kind needs a field `id`").help(example));
    }
}

/// Rejects a field name that is reserved in scenarios.
pub(super) fn check_field_name(reader: &Reader, name: &Spanned<String>) {
    if RESERVED_FIELDS.contains(&name.value.as_str()) {
        let message = format!("`{}` is a word of the scenario language", name.value);
        reader.report(reader.mistake(&name.span, message).help("give the field another name"));
    }
}

/// Checks that the kind has an id that distinguishes its members.
fn check_id(reader: &Reader, kind: &Kind, name: &Spanned<String>) {
    let id = kind.field("id").map(|id| &kind.fields[id]);
    if let Some(Generator::Choose { choices, .. }) = id.map(|id| &id.generator)
        && choices.contains(&Scalar::Null)
    {
        let mistake = reader.mistake(&name.span, format!("the id of {} may be null", quoted(&name.value)));
        reader.report(mistake.help("leave `null` out of its `choose`"));
    }
}

pub(super) fn scope(reader: &Reader, names: &[Spanned<String>], catalog: &Catalog, own: KindId) -> Vec<KindId> {
    let mut scope = Vec::new();
    for name in names {
        match catalog.kind(&name.value) {
            Some(kind) if kind < own => scope.push(kind),
            Some(_) => reader.report(
                reader.mistake(&name.span, format!("`{}` stands below", name.value)).help("put outer kinds first"),
            ),
            None => {
                let names = || catalog.kinds.iter().map(|kind| kind.name.as_str());
                unknown(reader, name, "kind", names());
                // Use the kind that was probably meant, so that texts with its fields are not reported as well.
                let meant = nearest(&name.value, names()).and_then(|near| catalog.kind(near));
                scope.extend(meant.filter(|kind| *kind < own));
            }
        }
    }
    scope
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
                reader.report(reader.mistake(&name.span, message).help("leave it out: there are as many as rows"));
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
            let mistake = reader
                .mistake(&check::within(reader, &text.span, &path), format!("a failure's detail cannot name `{path}`"));
            reader.report(mistake.help(format!("it may name {}", list_of(known))));
        }
        Some(parsed)
    });
    let needs = map.text("needs").map_or(Some(Precondition::Any), |needs| match needs.value.as_str() {
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
    Some(Failure { name: name.value.clone(), status: status?.value, detail: detail?, needs: needs?, when })
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
            let mistake =
                reader.mistake(&check::within(reader, &text.span, &path), format!("nothing is called `{path}`"));
            reader.report(mistake.help(did_you_mean(&path, names.iter().map(String::as_str))));
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

/// Reads a text with names.
pub(super) fn parse_text(reader: &Reader, text: &Spanned<String>) -> Option<Text> {
    match Text::parse(&text.value) {
        Ok(parsed) => Some(parsed),
        Err(_) => {
            reader.report(
                reader.mistake(&text.span, "`${` without a name and `}`").help("write names as `${region.id}`"),
            );
            None
        }
    }
}

/// Reads a constant.
pub(super) fn scalar(reader: &Reader, node: &Node) -> Option<Scalar> {
    let written = yaml::node_text(node);
    let wrong = |message: String, help: String| {
        reader.report(reader.mistake(&node.span, message).help(help));
        None
    };
    match &node.value {
        Value::Null => Some(Scalar::Null),
        Value::Bool(value) => Some(Scalar::Boolean(*value)),
        Value::Text(text) => Some(Scalar::Text(text.clone())),
        // Events must show the number exactly as written.
        Value::Int(value) if (Scalar::LEAST..=Scalar::MOST).contains(value) && written == value.to_string() => {
            Some(Scalar::Integer(*value))
        }
        Value::Int(value) if (Scalar::LEAST..=Scalar::MOST).contains(value) => {
            let message = format!("`{written}` is another way to write the number {value}");
            wrong(message, format!("write `{value}` for the number, or \"{written}\" for the text"))
        }
        Value::Int(_) | Value::Float(_) => {
            let (least, most) = (Scalar::LEAST, Scalar::MOST);
            let message = format!("the number `{written}` is not a whole number from {least} to {most}");
            wrong(message, format!("write \"{written}\" for a text"))
        }
        Value::List(_) | Value::Map(_) => {
            let found = node.describe();
            let message = format!("must be a text, a whole number, `true`, `false` or `null`, found {found}");
            wrong(message, "write one value, or several of them as choices or columns".to_owned())
        }
    }
}

/// Reports a name that is not among the known ones.
pub(super) fn unknown<'a>(
    reader: &Reader,
    name: &Spanned<String>,
    what: &str,
    known: impl IntoIterator<Item = &'a str, IntoIter: Clone> + Clone,
) {
    let mistake = reader.mistake(&name.span, format!("no {what} is called `{}`", name.value));
    reader.report(mistake.help(did_you_mean(&name.value, known)));
}
