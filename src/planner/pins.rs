//! Reader of the values that a scenario pins for fields, with checks against the catalog.

use crate::{
    catalog::{Catalog, FieldId, Generator, KindId, Scalar, escaped},
    error::{Diagnostic, Source, a, did_you_mean, list_of, nearest},
    scenario::Override,
    value::AddressRanges,
    yaml::{Node, Spanned, Value as Yaml},
};
use std::sync::Arc;

/// A pinned value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// The bytes in events.
    Bytes(Box<[u8]>),
    /// One of the field's choices.
    Choice(usize),
    /// The name of a resource or actor of the scenario.
    Name(Spanned<String>),
    /// Null.
    Null,
}

/// Reads the value that a scenario gives for a field.
///
/// # Errors
///
/// An unknown field, a field that cannot be set, or a value that the catalog does not allow.
pub(super) fn read(
    catalog: &Catalog,
    kind: KindId,
    Override { source, name, value: node }: &Override,
) -> Result<(FieldId, Value), Diagnostic> {
    let of = &catalog.kinds[kind];
    let settable = of.fields.iter().filter(|field| field.settable()).map(|field| field.name.as_str());
    let tables = of.scope.iter().map(|scope| &catalog.kinds[*scope]).filter(|scope| scope.table.is_some());
    let known = settable.chain(tables.map(|scope| scope.variable.as_str()));
    let Some(field_id) = of.field(&name.value) else {
        let known: Vec<&str> = known.collect();
        let diagnostic =
            Diagnostic::new(source, name.span.clone(), format!("{} has no field `{}`", a(&of.label), name.value));
        let diagnostic = if nearest(&name.value, known.iter().copied()).is_some() {
            diagnostic.help(did_you_mean(&name.value, known.iter().copied()))
        } else {
            diagnostic
        };
        let around = of.scope.iter().map(|scope| &catalog.kinds[*scope]).find(|scope| scope.variable == name.value);
        if let Some(around) = around {
            let help = format!(
                "fix it for the whole scenario: `{}: {{ kind: {}, id: … }}` under `resources`",
                around.variable, around.name
            );
            return Err(diagnostic.help(help));
        }
        return Err(diagnostic.help(format!("a scenario may fix {}", list_of(known))));
    };
    let field = &of.fields[field_id];
    if !field.settable() {
        let diagnostic = Diagnostic::new(
            source,
            name.span.clone(),
            format!("`{}` follows from the scenario and cannot be given", name.value),
        );
        return Err(diagnostic.help(format!("a scenario may fix {}", list_of(known))));
    }
    let value = match &field.generator {
        Generator::Choose { choices, .. } => Value::Choice(choice(&name.value, choices, node, source)?),
        Generator::Refer { nullable, .. } => match &node.value {
            Yaml::Null if *nullable => Value::Null,
            Yaml::Text(text) => Value::Name(Spanned::new(text.clone(), node.span.clone())),
            _ => {
                let found = node.describe();
                let diagnostic = Diagnostic::new(
                    source,
                    node.span.clone(),
                    format!("`{}` must be the name of a resource or actor, found {found}", name.value),
                );
                return Err(diagnostic);
            }
        },
        _ => Value::Bytes(text(field, &name.value, node, source)?),
    };
    Ok((field_id, value))
}

fn choice(name: &str, choices: &[Scalar], node: &Node, source: &Arc<Source>) -> Result<usize, Diagnostic> {
    Scalar::position(choices.iter(), node).ok_or_else(|| {
        let shown: Vec<String> = choices.iter().map(Scalar::to_string).collect();
        let diagnostic = Diagnostic::new(source, node.span.clone(), format!("`{name}` cannot be {}", node.describe()));
        let diagnostic = match &node.value {
            // Text choices were compared with the text as written, so the matching choice has another type.
            Yaml::Text(text) if shown.contains(text) => diagnostic.help(format!("write `{text}`, without quotes")),
            _ => diagnostic,
        };
        diagnostic.help(format!("it is one of {}", list_of(shown.iter().map(String::as_str))))
    })
}

fn text(field: &crate::catalog::Field, name: &str, node: &Node, source: &Arc<Source>) -> Result<Box<[u8]>, Diagnostic> {
    // A number, a boolean and `null` are read as written where the field is a text: `tag: 72225e2` is a commit.
    let Some(text) = node.typed() else {
        let found = node.describe();
        return Err(Diagnostic::new(source, node.span.clone(), format!("`{name}` must be a text, found {found}")));
    };
    let wrong = |wanted: String| {
        let diagnostic = Diagnostic::new(source, node.span.clone(), format!("`{name}` cannot be `{text}`"));
        Err(diagnostic.help(format!("it looks like {wanted}")))
    };
    let outside = |text: &str, what: &str, known: &[String]| {
        let diagnostic = Diagnostic::new(source, node.span.clone(), format!("`{name}` cannot be `{text}`"));
        let known = list_of(known.iter().map(String::as_str));
        Err(diagnostic.help(format!("so that nobody real is meant, it is {what} {known}")))
    };
    if let Generator::Pattern { pattern, .. } = &field.generator
        && !pattern.accepts(text)
    {
        return wrong(format!("`{}`", pattern.text()));
    }
    if let Some(regex) = &field.matches
        && !regex.is_match(text)
    {
        let whole = regex.as_str();
        return wrong(format!(
            "`{}`",
            whole.strip_prefix("^(?:").and_then(|rest| rest.strip_suffix(")$")).unwrap_or(whole)
        ));
    }
    // Allow only values that the catalog could draw, so that events never contain real people or addresses.
    match &field.generator {
        Generator::Address(ranges) => {
            let address = text.parse::<std::net::IpAddr>().ok();
            if !address.is_some_and(|address| AddressRanges::contain(ranges, address)) {
                return outside(text, "an address in", ranges);
            }
        }
        Generator::Email(domains) => {
            let domain = text.split_once('@').filter(|(user, _)| !user.is_empty()).map(|(_, domain)| domain);
            let within =
                |known: &String| domain.is_some_and(|domain| domain == known || domain.ends_with(&format!(".{known}")));
            if !domains.iter().any(within) {
                return outside(text, "a mail address at", domains);
            }
        }
        _ => {}
    }
    Ok(escaped(text).into())
}

/// Reads the id of a table's row.
///
/// # Errors
///
/// An unknown id, with the nearest valid one.
pub(super) fn row(catalog: &Catalog, kind: KindId, node: &Node, source: &Arc<Source>) -> Result<u32, Diagnostic> {
    let of = &catalog.kinds[kind];
    Scalar::position(of.row_ids(), node).map(|row| row as u32).ok_or_else(|| {
        let wanted = node.typed().unwrap_or_default();
        let ids: Vec<String> = of.row_ids().map(Scalar::to_string).collect();
        let message = match wanted {
            "" => format!("{} must be named by its id, found {}", a(&of.label), node.describe()),
            wanted => format!("no {} is called `{wanted}`", of.label),
        };
        let diagnostic = Diagnostic::new(source, node.span.clone(), message);
        diagnostic.help(did_you_mean(wanted, ids.iter().map(String::as_str)))
    })
}
