//! Reader of the methods in `catalog.yaml`.

use super::{
    Catalog, Effect, Field, FieldId, Generator, Input, InputValue, Kind, MOST_ASKS, Method, Scalar, Unset, Usual,
    check::check_never_null,
    names,
    read_common::{parse_text, scalar, scope, unknown},
    sound::is_unread,
};
use crate::{
    error::quoted,
    template::Shape,
    yaml::{Node, Reader, Spanned, Value},
};

/// Reads one method.
pub(super) fn method(reader: &Reader, name: &Spanned<String>, node: &Node, catalog: &Catalog) -> Option<Method> {
    let mut map = reader.map(node, "a method")?;
    let short = map.text("short");
    let kind = map.required_text("kind").and_then(|kind| {
        let found = catalog.kind(&kind.value);
        if found.is_none() {
            unknown(reader, &kind, "kind", catalog.kinds.iter().map(|kind| kind.name.as_str()));
        }
        found
    });
    let does = map.required_text("does").and_then(|does| effect(reader, &does));
    let scope_names = map.optional("scope").map(|_| map.texts("scope"));
    let page = map.u64("page").map_or(u64::MAX, |page| page.value);
    map.entry("subject");
    let of_first = map.text("subject_of_first");
    let subject = map.meant_text("subject");
    let input = map.entries("input");
    let failures = map.texts("failures");
    let after = map.duration_range("after").map(|after| after.value);
    let span = map.span();
    map.finish();
    let short = short_name(reader, name, short);
    let (kind, does) = (kind?, does?);
    let target = &catalog.kinds[kind];
    let scope =
        scope_names.map_or_else(|| target.scope.clone(), |names| scope(reader, &names, catalog, catalog.kinds.len()));
    let subject =
        subject.unwrap_or_else(|| Spanned::new(format!("${{{}.{}}}", target.variable, catalog.subject), span));
    let subject = parse_text(reader, &subject)?;
    let subject_of_first = of_first.and_then(|field| {
        let path = [target.variable.clone(), field.value.clone()];
        check_never_null(reader, &field.span, [target].into_iter(), &path);
        known_field(reader, target, &field)
    });
    if does == Effect::Update {
        not_too_many(reader, name, input);
    }
    let input = input.iter().filter_map(|(name, node)| read_input(reader, name, node, target, catalog)).collect();
    let failures = failures.iter().filter_map(|failure| {
        let found = catalog.failure(&failure.value);
        if found.is_none() {
            unknown(reader, failure, "failure", catalog.failures.iter().map(|failure| failure.name.as_str()));
        }
        found
    });
    let failures = failures.collect();
    let page = usize::try_from(page).unwrap_or(usize::MAX);
    Some(Method {
        name: name.value.clone(),
        name_at: name.span.clone(),
        short: short?,
        kind,
        does,
        scope,
        page,
        subject,
        subject_of_first,
        input,
        failures,
        after,
    })
}

/// The short name from the catalog, else the one derived from the full name.
fn short_name(reader: &Reader, name: &Spanned<String>, given: Option<Spanned<String>>) -> Option<String> {
    let full = &name.value;
    if full.trim() != full || full.is_empty() || full.contains(char::is_control) {
        let found = reader.diagnostic(&name.span, format!("{} is not the name of a method", quoted(full)));
        reader.report(found.help("write it without spaces around it and without control characters"));
        return None;
    }
    let derived = names::derived_short(full);
    let example = if derived.is_empty() { "short: put-object".to_owned() } else { format!("short: {derived}") };
    match given {
        Some(short) if names::is_short(&short.value) => Some(short.value),
        Some(short) => {
            let near = names::derived_short(&short.value);
            let near = if near.is_empty() { example } else { format!("short: {near}") };
            let message = format!("{} is not a short name", quoted(&short.value));
            let found = reader.diagnostic(&short.span, message).help(format!("write `{near}`"));
            reader.report(found.help("a short name has small letters, digits and `-` between them"));
            None
        }
        None if derived.is_empty() => {
            let found = reader.diagnostic(&name.span, format!("no short name follows from {}", quoted(full)));
            reader.report(found.help(format!("give the method one, such as `{example}`")));
            None
        }
        None => Some(derived),
    }
}

/// Rejects a method with more than [`MOST_ASKS`] inputs that change a field.
fn not_too_many(reader: &Reader, method: &Spanned<String>, inputs: &[(Spanned<String>, Node)]) {
    let changes = |node: &Node| match &node.value {
        Value::Map(entries) => entries.iter().any(|(key, _)| key.value == "changes"),
        _ => false,
    };
    if let Some((input, _)) = inputs.iter().filter(|(_, node)| changes(node)).nth(MOST_ASKS) {
        let message = format!("`{}` has more than {MOST_ASKS} inputs that change a field", method.value);
        let found = reader.diagnostic(&input.span, message);
        reader.report(found.help("give those that seldom change an `always`, or divide the method in two"));
    }
}

/// The names of a method's failures, as far as they can be read.
pub(super) fn failure_names(node: &Node) -> Vec<&str> {
    let Value::Map(entries) = &node.value else { return Vec::new() };
    let failures = entries.iter().find(|(key, _)| key.value == "failures").map(|(_, node)| &node.value);
    match failures {
        Some(Value::List(items)) => items.iter().filter_map(Node::as_text).collect(),
        Some(Value::Text(name)) => vec![name],
        _ => Vec::new(),
    }
}

fn effect(reader: &Reader, does: &Spanned<String>) -> Option<Effect> {
    Some(match does.value.as_str() {
        "create" => Effect::Create,
        "get" => Effect::Get,
        "list" => Effect::List,
        "update" => Effect::Update,
        "delete" => Effect::Delete,
        _ => {
            unknown(reader, does, "effect", ["create", "get", "list", "update", "delete"]);
            return None;
        }
    })
}

fn read_input(reader: &Reader, name: &Spanned<String>, node: &Node, target: &Kind, catalog: &Catalog) -> Option<Input> {
    let mut map = reader.map(node, "an input")?;
    let always = map.optional("always").and_then(|node| scalar(reader, node));
    let changes = map.text("changes");
    let unset = map.optional("unset");
    let usual = map.text("usual");
    let clears = map.bool("clears").is_some_and(|clears| clears.value);
    let span = map.span();
    map.finish();
    if let Some(always) = always {
        return Some(Input { name: name.value.clone(), value: InputValue::Always(always) });
    }
    let Some(changes) = changes else {
        reader.report(reader.diagnostic(&span, "an input needs `always` or `changes`"));
        return None;
    };
    let field = known_field(reader, target, &changes)?;
    let unset = match unset {
        Some(node) if node.as_text() == Some("current") && !node.quoted => Unset::Current,
        Some(node @ Node { value: Value::Null, .. }) if clears => {
            check_clears(reader, node, &target.fields[field]);
            Unset::Clears
        }
        Some(node) => {
            let unset = scalar(reader, node)?;
            check_unset(reader, node, &unset, &target.fields[field]);
            Unset::Fixed(unset)
        }
        None => Unset::Current,
    };
    let unread = is_unread(&target.fields[field]);
    let usual = match usual {
        Some(usual) if usual.value == "next" => {
            if !unread && !matches!(target.fields[field].generator, Generator::Choose { .. }) {
                let message = format!("`{}` has no choices, so none is next", changes.value);
                reader.report(reader.diagnostic(&usual.span, message).help("leave `usual` out"));
            }
            Some(Usual::Next)
        }
        Some(usual) => match catalog.kind(&usual.value) {
            Some(kind) => {
                if !unread
                    && !matches!(&target.fields[field].generator, Generator::Refer { kinds, .. } if kinds.contains(&kind))
                {
                    let message = format!("`{}` does not refer to `{}`", changes.value, usual.value);
                    let help = "name a kind that stands after the field's `refer`, or leave `usual` out";
                    reader.report(reader.diagnostic(&usual.span, message).help(help));
                }
                Some(Usual::Of(kind))
            }
            None => {
                let kinds = catalog.kinds.iter().map(|kind| kind.name.as_str());
                unknown(reader, &usual, "kind", ["next"].into_iter().chain(kinds));
                None
            }
        },
        None => None,
    };
    Some(Input { name: name.value.clone(), value: InputValue::Changes { field, unset, usual } })
}

/// Rejects `unset: clears` for a field that cannot be null.
fn check_clears(reader: &Reader, node: &Node, field: &Field) {
    if !matches!(field.shape(None), Shape::Nullable(_)) {
        let diagnostic = reader.diagnostic(&node.span, format!("`{}` cannot be cleared: it is never null", field.name));
        reader.report(
            diagnostic.help("leave `clears` out, or let the field be null: `nullable: true`, or `null` in `choose`"),
        );
    }
}

/// Checks that an `unset` constant is null or has the field's type, because templates show either in the same place.
fn check_unset(reader: &Reader, node: &Node, unset: &Scalar, field: &Field) {
    let wanted = match field.shape(None) {
        Shape::Nullable(inner) => *inner,
        shape => shape,
    };
    if unset.shape().is_some_and(|found| found != wanted) {
        let diagnostic = reader.diagnostic(&node.span, format!("`{unset}` is of another type than `{}`", field.name));
        reader.report(diagnostic.help("write a value of its type, `null`, or `current` for the field as it is"));
    }
}

fn known_field(reader: &Reader, kind: &Kind, name: &Spanned<String>) -> Option<FieldId> {
    let found = kind.field(&name.value);
    if found.is_none() {
        unknown(reader, name, "field", kind.fields.iter().map(|field| field.name.as_str()));
    }
    found
}

/// Checks that all names and short names of methods are distinct.
pub(super) fn check_names(reader: &Reader, methods: &[(Spanned<String>, Node)], catalog: &Catalog) {
    for (number, method) in catalog.methods.iter().enumerate() {
        let same =
            |other: &&Method| other.short == method.short || other.name == method.short || other.short == method.name;
        let Some(first) = catalog.methods[..number].iter().find(same) else { continue };
        let given = |of: &Method| {
            let node = methods.iter().find(|(key, _)| key.span == of.name_at).map(|(_, node)| &node.value);
            let Some(Value::Map(entries)) = node else { return None };
            entries.iter().find(|(key, _)| key.value == "short").map(|(_, node)| node.span.clone())
        };
        let place = |of: &Method| given(of).unwrap_or_else(|| of.name_at.clone());
        let line = reader.source().position(place(first).start).0;
        let message = if first.short == method.short && given(method).is_none() && given(first).is_none() {
            format!("`{}` and `{}` have the same short name, `{}`", first.name, method.name, method.short)
        } else {
            let both = if first.short == method.name { &method.name } else { &method.short };
            format!("two methods are called `{both}`")
        };
        let diagnostic = reader.diagnostic(&place(method), message);
        reader.report(
            diagnostic.label(format!("first on line {line}")).help("give each method a different `short` name"),
        );
    }
}
