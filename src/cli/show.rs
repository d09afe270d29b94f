//! `falsetrail show`.

mod expected;

use super::{TemplatesOption, columns, list::effect, print};
use clap::Args;
use falsetrail::{
    catalog::{Catalog, Generator, Kind, MethodId, Needs, Scalar},
    error::{Error, did_you_mean},
    plan::{self, Options, Plan},
    scenario,
    story::{Operation, Outcome},
    units::format_duration,
};
use std::{fmt::Write, sync::Arc};

/// Show what a name stands for.
#[derive(Args)]
#[command(after_help = "\
Examples:
  falsetrail show pool-resize-failure
  falsetrail show 'create-pool -> update-pool-failure' > my-story.yaml
  falsetrail show CreateComputePool
  falsetrail show compute-pool")]
pub struct Show {
    /// A scenario (shipped name, path, or a story in one line), a method, a kind, or `catalog` for the whole catalog.
    name: String,

    #[command(flatten)]
    templates: TemplatesOption,
}

pub fn run(arguments: &Show) -> Result<u8, Error> {
    let catalog = arguments.templates.catalog()?;
    let name = arguments.name.as_str();
    let text = if name == "catalog" {
        catalog.text.clone()
    } else if falsetrail::catalog::scenario_source(name).is_some() {
        scenario_text(&catalog, name)?
    } else if let Some(method) = catalog.method(name) {
        method_text(&catalog, method)?
    } else if let Some(kind) = catalog.kind(name).or_else(|| catalog.variable(name)) {
        kind_text(&catalog, &catalog.kinds[kind])
    } else {
        scenario_text(&catalog, name).map_err(|error| unknown(&catalog, name, error))?
    };
    print(&text)?;
    Ok(0)
}

/// A name that is nothing at all gets suggestions from everything there is.
fn unknown(catalog: &Catalog, name: &str, error: Error) -> Error {
    let is_path = name.contains('/') || name == "-" || std::path::Path::new(name).extension().is_some();
    if is_path || !matches!(error, Error::Usage { .. }) {
        return error;
    }
    let scenarios = falsetrail::catalog::scenario_names();
    let kinds = catalog.kinds.iter().map(|kind| kind.name.as_str());
    let known: Vec<&str> = scenarios.into_iter().chain(catalog.method_names()).chain(kinds).collect();
    Error::usage(format!("nothing is called `{name}`")).help(did_you_mean(name, known.iter().copied()))
}

/// The scenario as a file, and what the plan knows about it.
fn scenario_text(catalog: &Arc<Catalog>, name: &str) -> Result<String, Error> {
    let found = plan::find_scenario(catalog, name)?;
    // A file is shown as it stands, comments too; a story in one line as the file that it stands for.
    let mut text = match found.source.name.as_str() {
        "<command line>" => scenario::to_yaml(&plan::spelled_out(catalog, &found)?),
        _ => without_schema(&found.source.text).to_owned(),
    };
    let options = Options {
        scenarios: vec![name.to_owned()],
        seed: Some(0),
        from: Some("2026-01-01".to_owned()),
        endless: true,
        ..Options::default()
    };
    let plan = Plan::with_catalog(catalog, &options)?;
    if plan::is_mix(&found) {
        return Ok(expected::behind(&text, &plan));
    }
    for story in &plan.stories {
        for operation in &story.operations {
            let Operation::Call(call) = operation else { continue };
            if let (Some((failure, _)), Outcome::Success { insists: false }) = (call.lowers, call.outcome)
                && call.asks.iter().any(|ask| matches!(ask.value, falsetrail::story::Asked::Code(_)))
            {
                let failure = &catalog.failures[failure];
                let _ = writeln!(
                    text,
                    "# step {}, `{}`, fails by itself with `{}` where it asks for less than there is",
                    call.number + 1,
                    call.name,
                    failure.name
                );
            }
        }
    }
    Ok(text)
}

/// A file without the first line that leads editors from there to a schema: it leads nowhere from a copy.
fn without_schema(text: &str) -> &str {
    match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("# yaml-language-server: $schema=../") => rest,
        _ => text,
    }
}

fn method_text(catalog: &Arc<Catalog>, id: MethodId) -> Result<String, Error> {
    let method = &catalog.methods[id];
    let mut text =
        format!("{} ({}): {} a {}\n", method.name, method.short, effect(method.does), catalog.kinds[method.kind].label);
    let asks: Vec<&str> = method
        .input
        .iter()
        .filter(|input| matches!(input.value, falsetrail::catalog::InputValue::Changes { .. }))
        .map(|input| input.name.as_str())
        .collect();
    if !asks.is_empty() {
        let _ = writeln!(text, "\n`with` may ask for {}", asks.join(", "));
    }
    let _ = writeln!(text, "\nfailures, the usual one first:");
    let rows: Vec<Vec<String>> = method
        .failures
        .iter()
        .map(|failure| {
            let failure = &catalog.failures[*failure];
            let needs = match (failure.needs, &failure.when) {
                (_, Some(when)) => format!("by itself when `{}` is lowered", when.input),
                (Needs::Absent, _) => "where it does not exist".to_owned(),
                (Needs::Live, _) => "where it exists".to_owned(),
                (Needs::Any, _) => "anywhere".to_owned(),
            };
            vec![failure.name.clone(), failure.status.clone(), needs, failure.detail.to_string()]
        })
        .collect();
    text.push_str(&columns(&rows, "  "));
    if let Some(template) = &catalog.templates[id] {
        let _ = writeln!(text, "\ntemplate: {}\n{}", catalog.template_names[id], template.source().text.trim_end());
    }
    text.push_str("\nexample:\n");
    text.push_str(&example(catalog, &method.short)?);
    Ok(text)
}

/// One successful event of a method, indented.
fn example(catalog: &Arc<Catalog>, short: &str) -> Result<String, Error> {
    let options = Options {
        scenarios: vec![short.to_owned()],
        seed: Some(7),
        from: Some("2026-01-05T08:00:00Z".to_owned()),
        ..Options::default()
    };
    let plan = Plan::with_catalog(catalog, &options)?;
    let event = plan.events().next();
    let body = event.map(|event| event.body).unwrap_or_default();
    let value: serde_json::Value =
        serde_json::from_slice(&body).map_err(|error| Error::failed(format!("the template gives no JSON: {error}")))?;
    Ok(format!("{value:#}\n"))
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

/// Where a field's value comes from, in words.
fn source(catalog: &Catalog, kind: &Kind, field: &falsetrail::catalog::Field) -> String {
    let shown = |scalar: &Scalar| String::from_utf8_lossy(&scalar.bytes()).into_owned();
    match &field.generator {
        Generator::Pattern { pattern, unique } => {
            format!("{}{}", pattern.text(), if *unique { ", never twice in a run" } else { "" })
        }
        Generator::Text(text) => text.to_string(),
        Generator::By { field, .. } => format!("by `{}`", kind.fields[*field].name),
        Generator::Choose { choices, .. } => {
            format!("one of {}", choices.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        Generator::Time(falsetrail::catalog::Moment::Created) => "when it was created".to_owned(),
        Generator::Time(falsetrail::catalog::Moment::Updated) => "when it was last updated".to_owned(),
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
            let kinds: Vec<&str> = kinds.iter().map(|kind| catalog.kinds[*kind].label.as_str()).collect();
            format!("a {}{}", kinds.join(" or "), if *nullable { ", or null" } else { "" })
        }
        Generator::Email(domains) => format!("a person's mail address at {}", domains.join(", ")),
        Generator::Address(ranges) => format!("an address in {}", ranges.join(", ")),
        Generator::Column(_) => "from the catalog's table".to_owned(),
    }
}
