//! Reference check of `catalog.yaml`: names in it must exist. It runs after all kinds and methods have been read.

use super::{Catalog, Effect, Generator, Kind, Text};
use crate::{
    error::{did_you_mean, list_of, nearest},
    template::Shape,
    yaml::{Node, Reader, Spanned, Value},
};
use std::{collections::BTreeMap, ops::Range};

/// Checks that all names in texts resolve.
pub(super) fn texts(reader: &Reader, kinds: &[(Spanned<String>, Node)], catalog: &Catalog) {
    for ((name, node), kind) in kinds.iter().zip(&catalog.kinds) {
        for field in &kind.fields {
            let unknown = field.texts().into_iter().flat_map(Text::names).filter(|path| !catalog.resolves(kind, path));
            for path in unknown {
                let path = path.join(".");
                let message =
                    format!("field `{}` of kind `{}` names `{path}`, which is not there", field.name, kind.name);
                let scope = || kind.scope.iter().map(|scope| &catalog.kinds[*scope]);
                let around = || [kind].into_iter().chain(scope());
                let all: Vec<String> = around()
                    .flat_map(|kind| kind.fields.iter().map(move |field| format!("{}.{}", kind.variable, field.name)))
                    .collect();
                let near = nearest(&path, all.iter().map(String::as_str));
                let near = near.map(|near| format!("did you mean `{near}`?")).unwrap_or_default();
                let variables = list_of(around().map(|kind| kind.variable.as_str()));
                let span = within(reader, &field_span(name, node, &field.name), &path);
                let diagnostic = reader.diagnostic(&span, message);
                reader.report(diagnostic.help(near).help(format!("a text may name fields of {variables}")));
            }
            for path in field.texts().into_iter().flat_map(Text::names) {
                let around = [kind].into_iter().chain(kind.scope.iter().map(|scope| &catalog.kinds[*scope]));
                let span = field_span(name, node, &field.name);
                check_never_null(reader, &span, around, path);
            }
        }
    }
}

/// Rejects a text that names a field which may be null: a text cannot contain null.
pub(super) fn check_never_null<'k>(
    reader: &Reader,
    span: &Range<usize>,
    mut around: impl Iterator<Item = &'k Kind>,
    path: &[String],
) {
    let [variable, field] = path else { return };
    let is_meant = |kind: &Kind| kind.variable == *variable || (kind.principal && variable == "principal");
    let is_null = around.any(|kind| is_meant(kind) && kind.may_be_null(field));
    if is_null {
        let path = path.join(".");
        let diagnostic =
            reader.diagnostic(&within(reader, span, &path), format!("`{path}` may be null, which a text cannot hold"));
        reader.report(diagnostic.help("leave `null` out of its values, or name another field"));
    }
}

/// Whether a subject is the plain name of a field, which then belongs to the resource of each call.
pub(super) fn is_field_name(reader: &Reader, subject: &Spanned<String>) -> bool {
    if !subject.value.contains(['$', '{', '.']) {
        return true;
    }
    let last = subject.value.trim_end_matches('}').rsplit(['.', '{']).next().unwrap_or_default();
    let found = reader.diagnostic(&subject.span, "`subject` is the name of a field that every resource has");
    reader
        .report(found.help(format!("write `subject: {last}`; the `subject` of a method may be a text with `${{…}}`")));
    false
}

/// Checks that some kind can act, and that a field which several kinds of principals have has the same type in all of
/// them.
pub(super) fn principals(reader: &Reader, kinds: &[(Spanned<String>, Node)], catalog: &Catalog) {
    let mut seen: BTreeMap<&str, (&Kind, Shape)> = BTreeMap::new();
    for kind in catalog.kinds.iter().filter(|kind| kind.principal) {
        for field in &kind.fields {
            let shape = field.shape(kind.table.as_ref());
            let (first, known) = seen.entry(&field.name).or_insert_with(|| (kind, shape.clone()));
            if without_null(known) != without_null(&shape)
                && let Some((name, node)) = kinds.iter().find(|(name, _)| name.value == kind.name)
            {
                let message =
                    format!("`{}` is of one type for `{}` and of another for `{}`", field.name, first.name, kind.name);
                let found = reader.diagnostic(&field_span(name, node, &field.name), message);
                reader
                    .report(found.help(
                        "templates see it as `principal` for all kinds that act: give it one type, or two names",
                    ));
            }
        }
    }
    // A kind that could not be read may be a principal.
    let misread = |node: &Node| match &node.value {
        Value::Map(entries) => entries.iter().any(|(key, value)| {
            key.value == "principal" && !matches!(value.value, Value::Bool(_))
                || nearest(&key.value, ["principal"]).is_some()
        }),
        _ => true,
    };
    if catalog.kinds.iter().any(|kind| kind.principal) || kinds.iter().any(|(_, node)| misread(node)) {
        return;
    }
    if let Some((name, _)) = kinds.first() {
        let found = reader.diagnostic(&name.span, "none of the kinds can act");
        reader.report(found.help("say `principal: true` of at least one, such as a kind `user`"));
    }
}

fn without_null(shape: &Shape) -> &Shape {
    match shape {
        Shape::Nullable(inner) => inner,
        other => other,
    }
}

/// The span of a name within the text at `span`, or all of `span` if the name is not written there literally.
pub(super) fn within(reader: &Reader, span: &Range<usize>, path: &str) -> Range<usize> {
    let written = reader.source().text.get(span.clone()).unwrap_or_default();
    written.find(&format!("${{{path}}}")).map_or(span.clone(), |at| {
        let start = span.start + at + "${".len();
        start..start + path.len()
    })
}

/// The span of a field's text, else of the field, else of its kind.
pub(super) fn field_span(name: &Spanned<String>, kind: &Node, field: &str) -> Range<usize> {
    let field = entry(kind, "fields").and_then(|fields| entry(fields, field));
    let text = field.and_then(|field| entry(field, "text").or_else(|| entry(field, "cases")));
    text.or(field).map_or(name.span.clone(), |node| node.span.clone())
}

/// The value of a key of a map.
fn entry<'n>(node: &'n Node, wanted: &str) -> Option<&'n Node> {
    match &node.value {
        Value::Map(entries) => entries.iter().find(|(key, _)| key.value == wanted).map(|(_, node)| node),
        _ => None,
    }
}

/// The value of a key that is a likely misspelling of `wanted`.
fn nearly<'n>(node: &'n Node, wanted: &str) -> Option<&'n Node> {
    match &node.value {
        Value::Map(entries) => {
            let meant = |key: &str| key != "subject_of_first" && nearest(key, [wanted]).is_some();
            entries.iter().find(|(key, _)| meant(&key.value)).map(|(_, node)| node)
        }
        _ => None,
    }
}

/// Checks that the subject of every method exists.
pub(super) fn subjects(
    reader: &Reader,
    methods: &[(Spanned<String>, Node)],
    shared: Option<&Range<usize>>,
    catalog: &Catalog,
) {
    let mut reported = Vec::new();
    for method in &catalog.methods {
        let kind = &catalog.kinds[method.kind];
        let own = methods.iter().find(|(name, _)| name.value == method.name);
        let own = own.and_then(|(_, node)| entry(node, "subject").or_else(|| nearly(node, "subject")));
        let fields_of = |kind: &Kind| -> Vec<String> {
            kind.fields.iter().map(|field| format!("{}.{}", kind.variable, field.name)).collect()
        };
        let target = (method.does != Effect::List).then_some(kind);
        let around = method.scope.iter().map(|scope| &catalog.kinds[*scope]).chain(target);
        let known: Vec<String> = around.clone().flat_map(fields_of).collect();
        let span = own.map(|own| &own.span).or(shared).cloned().unwrap_or(0..0);
        for path in method.subject.names() {
            check_never_null(reader, &span, around.clone(), path);
        }
        for path in method.subject.names().map(|path| path.join(".")).filter(|path| !known.contains(path)) {
            let names = known.iter().map(String::as_str);
            if let Some(own) = &own {
                let message = format!("the subject of `{}` names `{path}`, which is not there", method.name);
                let found = reader.diagnostic(&within(reader, &own.span, &path), message);
                reader.report(found.help(did_you_mean(&path, names)));
            } else if method.does == Effect::List {
                let message = format!("`{}` lists, and does not say what its events are about", method.name);
                let span = methods
                    .iter()
                    .find(|(name, _)| name.value == method.name)
                    .map_or(0..0, |(name, _)| name.span.clone());
                reader.report(reader.diagnostic(&span, message).help("give it a `subject` with names of its scope"));
            } else if path.split_once('.').is_some_and(|(_, field)| field != "id") && !reported.contains(&method.kind) {
                // Report each kind once, at the `subject`. A kind without an id is reported elsewhere.
                reported.push(method.kind);
                let message = format!("the kind `{}` has no field `{}`", kind.name, catalog.subject);
                let fields = kind.fields.iter().map(|field| field.name.as_str());
                let found = reader.diagnostic(shared.unwrap_or(&(0..0)), message);
                let found = found.help(did_you_mean(&catalog.subject, fields));
                reader.report(
                    found.help("events are about this field of their resource, unless a method has a `subject`"),
                );
            }
        }
    }
}

impl Catalog {
    /// Whether a text of `kind` may name `path`.
    fn resolves(&self, kind: &Kind, path: &[String]) -> bool {
        let owner = if path[0] == kind.variable {
            Some(kind)
        } else {
            kind.scope.iter().map(|scope| &self.kinds[*scope]).find(|scope| scope.variable == path[0])
        };
        let Some(owner) = owner else { return false };
        let field = path.get(1).and_then(|name| owner.field(name)).map(|field| &owner.fields[field]);
        match field.map(|field| &field.generator) {
            Some(Generator::Refer { .. }) => path.len() == 3 && path[2] == "id",
            Some(_) => path.len() == 2,
            None => false,
        }
    }
}
