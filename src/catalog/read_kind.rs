//! Reader of the kinds in `catalog.yaml`, with their columns and fields.

use super::{
    Catalog, Field, Generator, Kind, KindId, Scalar, Text,
    read_common::{check_field_name, scope},
    read_field, read_table,
};
use crate::{
    error::quoted,
    yaml::{MapReader, Node, Reader, Spanned, Value},
};

/// Names with a meaning in templates, which no kind may have as its variable.
const RESERVED_VARIABLES: &[&str] =
    &["event", "request", "success", "as_documented", "failure", "principal", "subject", "items", "input", "target"];

/// Reads kinds in two passes, names before fields, because kinds refer to each other. A kind with a mistake keeps its
/// name, so that references to it are not reported as well.
pub(super) fn kinds<'n>(reader: &'n Reader, kinds: &'n [(Spanned<String>, Node)], catalog: &mut Catalog) {
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
        if let Some(map) = body {
            read_fields(reader, &kinds[id].0, map, (id, catalog));
        }
        // Later checks read the `id` of each kind. The reader has reported that it is missing.
        if catalog.kinds[id].field("id").is_none() {
            catalog.kinds[id].fields.push(placeholder("id"));
        }
    }
}

/// The field that stands for one with a mistake, so that references to its name are not reported as well.
fn placeholder(name: &str) -> Field {
    Field { name: name.to_owned(), generator: Generator::Text(Text::default()), matches: None }
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
        let found = reader.diagnostic(&span, format!("`{variable_name}` is taken"));
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
        let found = reader.diagnostic(&key.span, format!("`{}` acts, and the rows of a table cannot", kind.value));
        reader.report(found.help("leave `table` out: say how many there are under `population`"));
    }
    for (name, node) in fields {
        check_field_name(reader, name);
        if catalog.kinds[id].field(&name.value).is_some() {
            let message = format!("{} is a column of the table already", quoted(&name.value));
            reader.report(reader.diagnostic(&name.span, message).help("give the field or the column another name"));
            continue;
        }
        let field = read_field::field(reader, name, node, catalog, id).unwrap_or_else(|| placeholder(&name.value));
        catalog.kinds[id].fields.push(field);
    }
    check_id(reader, &catalog.kinds[id], kind);
    if catalog.kinds[id].field("id").is_none() && !unread {
        let example = format!("write `id: {{ pattern: '{}-[a-z0-9]{{6}}' }}` under its `fields`", kind.value);
        reader.report(reader.diagnostic(&kind.span, "a kind needs a field `id`").help(example));
    }
}

/// Checks that the kind has an id that distinguishes its members.
fn check_id(reader: &Reader, kind: &Kind, name: &Spanned<String>) {
    let id = kind.field("id").map(|id| &kind.fields[id]);
    if let Some(Generator::Choose { choices, .. }) = id.map(|id| &id.generator)
        && choices.contains(&Scalar::Null)
    {
        let diagnostic = reader.diagnostic(&name.span, format!("the id of {} may be null", quoted(&name.value)));
        reader.report(diagnostic.help("leave `null` out of its `choose`"));
    }
}
