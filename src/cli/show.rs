//! `falsetrail show`: describes a scenario, a method or a kind.

mod expected;
mod mermaid;
mod method;
mod outline;
mod timeline;

use super::{TemplatesOption, columns, print};
use crate::{
    catalog::{Catalog, Generator, Kind, Scalar},
    error::{Error, a, did_you_mean},
    plan::{Options, Plan, resolved::Operation},
    scenario::{self, Body, Scenario},
    units::format_duration,
};
use clap::{Args, ValueEnum};
use std::{fmt::Write, sync::Arc};

/// Show what a name stands for.
///
/// A scenario is shown as a timeline: who does what on what, when, and how it ends. Times count from its beginning, and a
/// range has both ends; `in 75 %` is the share of instances that take that branch. A workload is shown by the shares of its scenarios.
#[derive(Args)]
#[command(after_help = "\
Examples:
  falsetrail show pool-resize-failure
  falsetrail show pool-resize-failure --as mermaid
  falsetrail show 'create-pool -> update-pool-failure' --as yaml > my-scenario.yaml
  falsetrail show CreateComputePool
  falsetrail show compute-pool")]
pub(super) struct Show {
    /// A scenario (shipped name, path, or the one-line form), a method, a kind, or `catalog` for the whole catalog.
    name: String,

    /// How a scenario is shown.
    #[arg(long = "as", value_enum, value_name = "FORM", default_value_t = Form::Timeline)]
    form: Form,

    #[command(flatten)]
    templates: TemplatesOption,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A timeline for people.
    Timeline,
    /// A file: of a shipped scenario as it stands, with its comments; of any other with everything said that it leaves
    /// out.
    Yaml,
    /// A sequence diagram of a scenario in Mermaid, for wikis.
    Mermaid,
}

pub(super) fn run(arguments: &Show) -> Result<u8, Error> {
    let catalog = arguments.templates.catalog()?;
    let name = arguments.name.as_str();
    let text = if name == "catalog" {
        catalog.source.text.clone()
    } else if crate::sources::scenario_source(name).is_some() {
        scenario_text(&catalog, name, arguments.form)?
    } else if let Some(method) = catalog.method(name) {
        method::text(&catalog, method)?
    } else if let Some(kind) = catalog.kind(name).or_else(|| catalog.variable(name)) {
        kind_text(&catalog, &catalog.kinds[kind])
    } else {
        scenario_text(&catalog, name, arguments.form).map_err(|error| unknown(&catalog, name, error))?
    };
    print(&text)?;
    Ok(0)
}

/// The error for an unknown name, with suggestions from all names there are.
fn unknown(catalog: &Catalog, name: &str, error: Error) -> Error {
    let is_path = name.contains('/') || name == "-" || std::path::Path::new(name).extension().is_some();
    if is_path || !matches!(error, Error::Usage { .. }) {
        return error;
    }
    let scenarios = crate::sources::scenario_names();
    let kinds = catalog.kinds.iter().map(|kind| kind.name.as_str());
    let known: Vec<&str> = scenarios.into_iter().chain(catalog.method_names()).chain(kinds).collect();
    Error::usage(format!("nothing is called `{name}`")).help(did_you_mean(name, known.iter().copied()))
}

fn scenario_text(catalog: &Arc<Catalog>, name: &str, form: Form) -> Result<String, Error> {
    let found = crate::planner::load_scenario(catalog, name)?;
    let options = Options {
        scenarios: vec![name.to_owned()],
        seed: Some(0),
        from: Some("2026-01-01".to_owned()),
        endless: true,
        ..Options::default()
    };
    let plan = Plan::with_catalog(catalog, &options)?;
    match (form, &found.body, plan.scenarios.first()) {
        (Form::Yaml, ..) => file_text(catalog, name, &found, &plan),
        (Form::Timeline, Body::Mix(mix), _) => {
            Ok(format!("{}{}", timeline::for_mix(&plan, &found, mix), expected::alone(&plan)))
        }
        (Form::Timeline, Body::Steps(_), Some(scenario)) => Ok(timeline::for_scenario(&plan, &found, scenario)),
        (Form::Mermaid, Body::Steps(_), Some(scenario)) => Ok(mermaid::diagram(&plan, &found, scenario)),
        (Form::Mermaid, Body::Mix(mix), _) => {
            let first = mix.entries.first().map_or("NAME", |entry| entry.scenario.value.as_str());
            let message = format!("`{name}` is a workload of several scenarios, and a sequence diagram shows one");
            Err(Error::usage(message).help(format!("show one of them, as `falsetrail show {first} --as mermaid`")))
        }
        (_, _, None) => Err(Error::usage(format!("`{name}` has no scenario"))),
    }
}

/// The scenario as a file, with facts from its plan as comments.
fn file_text(catalog: &Arc<Catalog>, name: &str, found: &Scenario, plan: &Plan) -> Result<String, Error> {
    let mut text = if crate::sources::scenario_source(name).is_some() {
        without_schema(&found.source.text).to_owned()
    } else {
        scenario::to_yaml(&crate::planner::expanded(catalog, found)?)
    };
    if crate::planner::is_mix(found) {
        return Ok(expected::with_table(&text, plan));
    }
    for operation in plan.scenarios.iter().flat_map(|scenario| &scenario.operations) {
        let Operation::Call(call) = operation else { continue };
        if let Some(failure) = outline::by_itself(call) {
            let _ = writeln!(
                text,
                "# step {}, `{}`, fails by itself with `{}` where it asks for less than there is",
                call.number + 1,
                call.name,
                catalog.failures[failure].name
            );
        }
    }
    Ok(text)
}

/// A file without the first line that refers editors to a schema: the relative path is wrong for a copy.
fn without_schema(text: &str) -> &str {
    match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("# yaml-language-server: $schema=../") => rest,
        _ => text,
    }
}

fn kind_text(catalog: &Catalog, kind: &Kind) -> String {
    let scope: Vec<&str> = kind.scope.iter().map(|scope| catalog.kinds[*scope].name.as_str()).collect();
    let mut text = format!("{} (`{}` in templates)", kind.name, kind.variable);
    if !scope.is_empty() {
        let _ = write!(text, ", lies in {}", scope.join(" > "));
    }
    text.push_str("\n\nfields:\n");
    let rows: Vec<Vec<String>> =
        kind.fields.iter().map(|field| vec![field.name.clone(), source(catalog, kind, field)]).collect();
    text.push_str(&columns(&rows, "  "));
    if let Some(ready) = kind.ready_after {
        let _ = writeln!(text, "\nready after {ready}");
    }
    let methods: Vec<&str> = catalog
        .methods
        .iter()
        .filter(|method| catalog.kinds[method.kind].name == kind.name)
        .map(|m| m.short.as_str())
        .collect();
    if !methods.is_empty() {
        let _ = writeln!(text, "\nmethods: {}", methods.join(", "));
    }
    text
}

/// A description of where a field's value comes from.
fn source(catalog: &Catalog, kind: &Kind, field: &crate::catalog::Field) -> String {
    let shown = Scalar::to_string;
    match &field.generator {
        Generator::Pattern { pattern, unique } => {
            format!("{}{}", pattern.text(), if *unique { ", never twice in a run" } else { "" })
        }
        Generator::Text(text) => text.to_string(),
        Generator::By { field, .. } => format!("by `{}`", kind.fields[*field].name),
        Generator::Choose { choices, .. } => {
            format!("one of {}", choices.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        Generator::Time(crate::catalog::Moment::Created) => "when it was created".to_owned(),
        Generator::Time(crate::catalog::Moment::Updated) => "when it was last updated".to_owned(),
        Generator::Clock { unique_in, .. } => match unique_in {
            Some(kind) => format!("the time of its creation, never twice in one {}", catalog.kinds[*kind].label),
            None => "the time of its creation".to_owned(),
        },
        Generator::Stage { young, ready } => {
            format!("{} until it is ready, then {}", String::from_utf8_lossy(young), String::from_utf8_lossy(ready))
        }
        Generator::Ramp { up_to, every } => {
            format!(
                "0 until it is ready, then one more every {} up to `{}`",
                format_duration(*every),
                kind.fields[*up_to].name
            )
        }
        Generator::Refer { kinds, nullable, .. } => {
            let kinds: Vec<String> = kinds.iter().map(|kind| a(&catalog.kinds[*kind].label)).collect();
            format!("{}{}", kinds.join(" or "), if *nullable { ", or null" } else { "" })
        }
        Generator::Email(domains) => format!("a person's mail address at {}", domains.join(", ")),
        Generator::Address(ranges) => format!("an address in {}", ranges.join(", ")),
        Generator::Column(_) => "from the catalog's table".to_owned(),
    }
}
