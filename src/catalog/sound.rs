//! Consistency check of a catalog, after all of it has been read: no text contains itself, scopes are nested, and the
//! members of a table are only read.

use super::{Catalog, Effect, Field, FieldId, Generator, InputValue, Kind, KindId, Method, Text};
use crate::{
    template::Shape,
    yaml::{Node, Reader, Spanned},
};
use std::collections::BTreeSet;

/// Checks the kinds.
pub(super) fn kinds(reader: &Reader, kinds: &[(Spanned<String>, Node)], catalog: &Catalog) {
    let mut circular = BTreeSet::new();
    for (id, (name, _)) in kinds.iter().enumerate() {
        plural(reader, name, id, catalog);
        nested(reader, name, id, catalog);
        for (field_id, field) in catalog.kinds[id].fields.iter().enumerate() {
            let all = all_made_of(catalog, (id, field_id));
            // Report only the first field of a cycle.
            if all.contains(&(id, field_id)) && all.is_disjoint(&circular) {
                circular.insert((id, field_id));
                let message = format!("the field `{}` of kind `{}` is made of itself", field.name, name.value);
                let found = reader.diagnostic(&super::check::field_span(name, &kinds[id].1, &field.name), message);
                reader.report(found.help("leave the name out that leads back to it"));
            }
            goes_with(reader, &kinds[id], field, (id, catalog));
        }
    }
}

/// Words of every population, which no kind may have as its plural.
pub(crate) const POPULATION_WORDS: [&str; 5] = ["skew", "addresses", "roaming", "odd_hours", "bursts"];

/// Rejects a plural that another kind has, because a population could not distinguish them.
fn plural(reader: &Reader, name: &Spanned<String>, id: KindId, catalog: &Catalog) {
    let Some(plural) = &catalog.kinds[id].plural else { return };
    let first = catalog.kinds[..id].iter().find(|kind| kind.plural.as_ref() == Some(plural));
    let taken = first.map(|kind| format!("that of `{}`, too", kind.name));
    if let Some(taken) =
        taken.or_else(|| POPULATION_WORDS.contains(&plural.as_str()).then(|| "a word of every population".to_owned()))
    {
        let found = reader.diagnostic(&name.span, format!("the plural `{plural}` of `{}` is {taken}", name.value));
        reader.report(found.help("give the kind another `plural`"));
    }
}

/// Checks that each kind in a scope is contained in the preceding ones.
fn nested(reader: &Reader, name: &Spanned<String>, id: KindId, catalog: &Catalog) {
    let kind = &catalog.kinds[id];
    let label = |kind: KindId| &catalog.kinds[kind].name;
    let tables: Vec<KindId> =
        kind.scope.iter().copied().filter(|scope| catalog.kinds[*scope].table.is_some()).collect();
    if let [first, second, ..] = tables.as_slice() {
        let message = format!("`{}` lies in two tables, `{}` and `{}`", name.value, label(*first), label(*second));
        reader.report(reader.diagnostic(&name.span, message).help("make one table of them, with the columns of both"));
    }
    let Some(parent) = catalog.parent(id) else { return };
    let apart = kind.scope.iter().find(|outer| {
        **outer != parent && catalog.kinds[**outer].table.is_none() && !catalog.kinds[parent].scope.contains(outer)
    });
    if let Some(outer) = apart {
        let (outer, inner) = (label(*outer), label(parent));
        let message =
            format!("`{}` lies in `{inner}` and in `{outer}`, but `{inner}` does not lie in `{outer}`", name.value);
        let found = reader.diagnostic(&name.span, message);
        reader.report(found.help(format!("add `{outer}` to the `scope` of `{inner}`, or leave one of them out")));
    }
}

/// Checks that a generator which depends on another field has a suitable one.
fn goes_with(reader: &Reader, written: &(Spanned<String>, Node), field: &Field, (id, catalog): (KindId, &Catalog)) {
    let kind = &catalog.kinds[id];
    let report = |message: String, help: &str| {
        let found = reader.diagnostic(&super::check::field_span(&written.0, &written.1, &field.name), message);
        reader.report(found.help(help));
    };
    match &field.generator {
        Generator::Ramp { up_to, .. } if kind.fields[*up_to].shape(kind.table.as_ref()) != Shape::Integer => {
            let bound = &kind.fields[*up_to];
            if !is_unread(bound) {
                report(
                    format!("`{}` rises to `{}`, which is no number", field.name, bound.name),
                    "name a field with whole numbers to choose from",
                );
            }
        }
        Generator::Refer { kinds, .. } => {
            if let Some(table) = kinds.iter().find(|kind| catalog.kinds[**kind].table.is_some()) {
                let table = &catalog.kinds[*table];
                let help = format!(
                    "put `{}` into the `scope` and name it in texts, as `${{{}.id}}`",
                    table.name, table.variable
                );
                report(format!("`{}` refers to `{}`, which is a table", field.name, table.name), &help);
            }
        }
        _ => {}
    }
}

/// Whether a field is the placeholder of one that could not be read.
pub(super) fn is_unread(field: &Field) -> bool {
    matches!(&field.generator, Generator::Text(text) if text.parts.is_empty())
}

/// All fields on which a field depends, directly or indirectly. Contains the field itself if there is a cycle.
fn all_made_of(catalog: &Catalog, start: (KindId, FieldId)) -> BTreeSet<(KindId, FieldId)> {
    let mut open = made_of(catalog, start);
    let mut seen = BTreeSet::new();
    while let Some(next) = open.pop() {
        if seen.insert(next) {
            open.extend(made_of(catalog, next));
        }
    }
    seen
}

/// The fields on which a field depends directly.
fn made_of(catalog: &Catalog, (kind_id, field): (KindId, FieldId)) -> Vec<(KindId, FieldId)> {
    let kind = &catalog.kinds[kind_id];
    let field = &kind.fields[field];
    if let Generator::Ramp { up_to, .. } = field.generator {
        return vec![(kind_id, up_to)];
    }
    let names = field.texts().into_iter().flat_map(Text::names);
    let fields = names.flat_map(|name| {
        let owner = if name[0] == kind.variable { Some(kind_id) } else { catalog.variable(&name[0]) };
        let found = owner.zip(name.get(1)).and_then(|(owner, name)| Some((owner, catalog.kinds[owner].field(name)?)));
        let Some((owner, field)) = found else { return Vec::new() };
        match &catalog.kinds[owner].fields[field].generator {
            Generator::Refer { kinds, .. } => kinds.iter().map(|kind| (*kind, catalog.kinds[*kind].id())).collect(),
            _ => vec![(owner, field)],
        }
    });
    fields.collect()
}

/// Checks that methods can be called.
pub(super) fn methods(reader: &Reader, catalog: &Catalog) {
    for method in &catalog.methods {
        let kind = &catalog.kinds[method.kind];
        if kind.table.is_some() && method.does != Effect::List {
            let message = format!("`{}` is about a `{}`, whose rows are only listed", method.name, kind.name);
            let found = reader.diagnostic(&method.name_at, message);
            let other = "or make the kind of `fields` and a `population` instead of a `table`";
            reader.report(found.help(format!("write `does: list`, {other}")));
        }
        changes(reader, method, catalog);
        for failure in &method.failures {
            let Some(when) = &catalog.failures[*failure].when else { continue };
            let field = kind.field(&when.field).map(|field| &kind.fields[field]);
            if field.is_some_and(|field| !matches!(field.generator, Generator::Choose { .. }) && !is_unread(field)) {
                let failure = &catalog.failures[*failure].name;
                let message = format!(
                    "`{}` fails with `{failure}` when `{}` is lowered, which has no order",
                    method.name, when.field
                );
                reader.report(
                    reader.diagnostic(&method.name_at, message).help("only a field with `choose` can be lowered"),
                );
            }
        }
    }
}

/// Rejects an update of a reference whose target is not identified by its number alone, which is all that the state
/// keeps.
fn changes(reader: &Reader, method: &Method, catalog: &Catalog) {
    let by_number = |kind: &Kind| {
        matches!(kind.fields[kind.id()].generator, Generator::Pattern { unique: true, .. })
            || is_unread(&kind.fields[kind.id()])
    };
    for input in &method.input {
        let InputValue::Changes { field, .. } = input.value else { continue };
        let field = &catalog.kinds[method.kind].fields[field];
        let Generator::Refer { kinds, .. } = &field.generator else { continue };
        if let Some(kind) = kinds.iter().map(|kind| &catalog.kinds[*kind]).find(|kind| !by_number(kind)) {
            let message = format!("`{}` changes `{}`, which refers to a `{}`", method.name, field.name, kind.name);
            let help =
                format!("give `{}` an `id` with a `pattern` that never repeats, or leave `changes` out", kind.name);
            reader.report(reader.diagnostic(&method.name_at, message).help(help));
        }
    }
}
