//! `falsetrail list`: the built-in scenarios, and the methods, kinds and failures of the catalog.

use super::{TemplatesOption, columns, print, wrapped};
use crate::{
    catalog::{Catalog, Effect},
    error::Error,
    sources::scenario_names,
};
use clap::{Args, ValueEnum};

/// List what there is.
#[derive(Args)]
#[command(after_help = "\
Examples:
  falsetrail list
  falsetrail list methods")]
pub(super) struct List {
    /// The things to list.
    #[arg(value_enum, default_value_t = What::Scenarios)]
    what: What,

    #[command(flatten)]
    templates: TemplatesOption,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// The shipped scenarios.
    Scenarios,
    /// The audited calls: name, short name, what each does, and its failures.
    Methods,
    /// Resources and principals.
    Kinds,
    /// The ways in which calls fail.
    Failures,
}

pub(super) fn run(arguments: &List) -> Result<u8, Error> {
    let catalog = arguments.templates.catalog()?;
    let text = match arguments.what {
        What::Scenarios => scenarios(&catalog)?,
        What::Methods => methods(&catalog),
        What::Kinds => kinds(&catalog),
        What::Failures => failures(&catalog),
    };
    print(&text)?;
    Ok(0)
}

fn scenarios(catalog: &Catalog) -> Result<String, Error> {
    let mut text = String::new();
    for name in scenario_names() {
        let scenario = crate::planner::load_scenario(catalog, name)?;
        text.push_str(name);
        text.push('\n');
        text.push_str(&wrapped(scenario.description.as_deref().unwrap_or_default(), "    ", 96));
    }
    Ok(text)
}

fn methods(catalog: &Catalog) -> String {
    let rows = catalog.methods.iter().map(|method| {
        let failures: Vec<&str> =
            method.failures.iter().map(|failure| catalog.failures[*failure].name.as_str()).collect();
        vec![method.name.clone(), method.short.clone(), effect(method.does).to_owned(), failures.join(" ")]
    });
    let head = ["METHOD", "SHORT NAME", "DOES", "FAILURES"].map(str::to_owned).to_vec();
    columns(&[head].into_iter().chain(rows).collect::<Vec<_>>(), "")
}

/// The catalog's word for a method's effect.
pub(super) fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Create => "create",
        Effect::Get => "get",
        Effect::List => "list",
        Effect::Update => "update",
        Effect::Delete => "delete",
    }
}

fn kinds(catalog: &Catalog) -> String {
    let rows = catalog.kinds.iter().map(|kind| {
        let settable = kind.fields.iter().filter(|field| field.settable()).map(|field| field.name.as_str());
        // A row of the table is selected as a whole, so only its id can be set.
        let settable: Vec<&str> = if kind.table.is_some() { vec!["id"] } else { settable.collect() };
        let role = match (kind.principal, kind.table.is_some()) {
            (true, _) => "actor",
            (_, true) => "table",
            _ => "resource",
        };
        vec![kind.name.clone(), role.to_owned(), kind.population.to_string(), settable.join(" ")]
    });
    let head = ["KIND", "ROLE", "BEFORE", "FIELDS THAT A SCENARIO MAY FIX"].map(str::to_owned).to_vec();
    columns(&[head].into_iter().chain(rows).collect::<Vec<_>>(), "")
}

fn failures(catalog: &Catalog) -> String {
    let rows = catalog.failures.iter().map(|failure| {
        let count = catalog
            .methods
            .iter()
            .filter(|method| method.failures.iter().any(|id| catalog.failures[*id].name == failure.name))
            .count();
        vec![
            failure.name.clone(),
            failure.status.clone(),
            format!("{count} {}", if count == 1 { "method" } else { "methods" }),
            failure.detail.to_string(),
        ]
    });
    let head = ["FAILURE", "STATUS", "OF", "DETAIL"].map(str::to_owned).to_vec();
    columns(&[head].into_iter().chain(rows).collect::<Vec<_>>(), "")
}
