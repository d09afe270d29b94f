//! `falsetrail new`: writes a commented starter scenario.

use super::TemplatesOption;
use crate::{
    catalog::{Catalog, Effect, Kind, KindId, Method, Precondition},
    error::{Error, shell_word, shown},
    sink,
};
use clap::Args;
use std::{
    fmt::Write as _,
    fs::OpenOptions,
    io::{ErrorKind, Write as _},
    path::PathBuf,
};

/// Write a scenario to start from, with comments; it works as it is.
#[derive(Args)]
#[command(after_help = "\
Examples:
  falsetrail new my-scenario                       writes my-scenario.yaml
  falsetrail new my-scenario --templates my-catalog")]
pub(super) struct New {
    /// Its name, or a path; `.yaml` is added where it is missing. A file that exists is not replaced.
    name: PathBuf,

    #[command(flatten)]
    templates: TemplatesOption,
}

pub(super) fn run(arguments: &New) -> Result<u8, Error> {
    let catalog = arguments.templates.catalog()?;
    let mut path = arguments.name.clone();
    if !path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
        path.as_mut_os_string().push(".yaml");
    }
    let shown = shown(&path);
    let text = starter(&catalog, &shown)?;
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Error::usage(format!("`{shown}` already exists")).help("choose another name, or remove it first")
        }
        _ => Error::failed(format!("cannot write `{shown}`: {}", sink::reason(&error))),
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    super::report(&format!(
        "`{shown}` is a scenario to start from; `falsetrail show {}` shows what happens in it\n",
        shell_word(path.as_os_str())
    ));
    Ok(0)
}

/// The methods of one kind that a starter uses.
struct Calls<'c> {
    kind: &'c Kind,
    create: Option<&'c Method>,
    get: Option<&'c Method>,
    update: Option<&'c Method>,
    delete: Option<&'c Method>,
}

impl<'c> Calls<'c> {
    fn new(catalog: &'c Catalog, kind: KindId) -> Self {
        let does = |effect| catalog.methods.iter().find(|method| method.kind == kind && method.does == effect);
        Self {
            kind: &catalog.kinds[kind],
            create: does(Effect::Create),
            get: does(Effect::Get),
            update: does(Effect::Update),
            delete: does(Effect::Delete),
        }
    }

    fn count(&self) -> usize {
        [self.create, self.get, self.update, self.delete].iter().flatten().count()
    }
}

/// A scenario about the kind with the most methods that a starter can use; the first of several such kinds.
fn starter(catalog: &Catalog, file: &str) -> Result<String, Error> {
    let kinds = (0..catalog.kinds.len()).map(|kind| Calls::new(catalog, kind)).filter(|calls| calls.count() > 0);
    let Some(calls) = kinds.reduce(|best, next| if next.count() > best.count() { next } else { best }) else {
        let nothing =
            Error::usage("no method of this catalog is about one resource, so there is no scenario to start from");
        return Err(nothing.help("`falsetrail list methods` shows what it has"));
    };
    let actor = catalog.kinds.iter().find(|kind| kind.principal).map_or("user", |kind| kind.name.as_str());
    let (label, name) = (&calls.kind.label, &calls.kind.variable);
    let mut text = format!(
        "\
# A scenario about a {label}, to begin with. It works as it is:
#
#   falsetrail show {file}                       who does what, and when
#   falsetrail generate {file} --format json     its events
#   falsetrail generate {file} -n 1000 -o trail.ndjson
#   falsetrail validate {file}                   what is wrong with it
#
# `falsetrail help scenarios` explains the language, `falsetrail list methods` shows what can be called.

description: What this scenario is for, in a sentence.

# Values that the command line can set, such as `--set looks=10`. They stand below as `$looks`.
params: {{ looks: 2..4 }}

# Who acts. Each instance draws its own; a field that is written here, such as an `id`, is fixed.
actors:
  admin: {{ kind: {actor} }}

# What is acted on. A resource that no step creates existed before.
resources:
  {name}: {{ kind: {}{} }}

# What happens, in order. `after` is the delay since the step before: `2s`, or a range, both ends included.
steps:
",
        calls.kind.name,
        if calls.create.is_some() { "" } else { ", existing: true" }
    );
    steps(&mut text, catalog, &calls);
    Ok(text)
}

/// The steps, as many as the kind has methods for.
fn steps(text: &mut String, catalog: &Catalog, calls: &Calls) {
    let name = &calls.kind.variable;
    let mut line = |words: String| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{words}");
    };
    if let Some(create) = calls.create {
        line(format!("  - {{ call: {}, target: {name}, by: admin }}", create.short));
    }
    if let Some(get) = calls.get {
        line("  # The same several times. Where `by` is left out, the previous actor acts.".to_owned());
        let get = &get.short;
        line(format!("  - {{ call: {get}, target: {name}, after: 2s, repeat: {{ times: $looks, every: 1s..3s }} }}"));
    }
    let failing =
        calls.update.or(calls.get).or(calls.delete).and_then(|method| Some((method, fails(catalog, method)?)));
    if let Some((method, failure)) = failing {
        line("  # A call that fails, in half of the instances. Without an `outcome` it succeeds.".to_owned());
        let method = &method.short;
        line(format!("  - {{ call: {method}, target: {name}, after: 1m..2m, outcome: {failure}, chance: 50% }}"));
    }
    if let (Some(update), Some(get)) = (calls.update, calls.get) {
        line("  # One of several ways to go on, by weight.".to_owned());
        line("  - choose:".to_owned());
        for (weight, call) in [(3, update), (1, get)] {
            line(format!("      - weight: {weight}\n        steps:"));
            line(format!("          - {{ call: {}, target: {name}, after: 10s..30s }}", call.short));
        }
    }
    if let Some(delete) = calls.delete {
        line(format!("  - {{ call: {}, target: {name}, after: 1m..5m }}", delete.short));
    }
}

/// A failure that is possible while the resource exists and has no other precondition.
fn fails<'c>(catalog: &'c Catalog, method: &Method) -> Option<&'c str> {
    let failures = method.failures.iter().map(|failure| &catalog.failures[*failure]);
    let mut fitting = failures.filter(|failure| failure.precondition != Precondition::Absent && failure.when.is_none());
    fitting.next().map(|failure| failure.name.as_str())
}
