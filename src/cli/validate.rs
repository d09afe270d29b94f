//! `falsetrail validate`: reports all mistakes in scenario files and catalogs.

use super::{TemplatesOption, print};
use crate::{
    catalog::{Catalog, template_file},
    error::{Diagnostic, Error, shown},
    plan::{Options, Plan},
};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Find everything that is wrong with scenario files and catalogs.
///
/// Prints a line for each good file or catalog, and all mistakes of the bad ones; exit status 2 if there was one. Of a
/// catalog each method is planned as `generate METHOD` would, and templates whose events are not `CloudEvents` bring
/// warnings.
#[derive(Args)]
#[command(after_help = "\
Examples:
  falsetrail validate my-scenario.yaml
  falsetrail validate scenarios/ my-catalog/
  falsetrail validate scenarios/ --format json          for editors and CI")]
pub(super) struct Validate {
    /// Scenario files, folders of scenario files, or folders with a `catalog.yaml` or templates.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// The form of the diagnostics.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    #[command(flatten)]
    templates: TemplatesOption,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: a line for each good file on standard output, mistakes with their lines on standard error.
    Text,
    /// For programs: a JSON array of all mistakes on standard output, each with `file`, `line` and `column` (from 1),
    /// `end` (after its last character), `severity` (`error` or `warning`), `message`, `label` and `help`; the first three are null where
    /// there is no place.
    Json,
}

/// A checked file or folder under the name that the user gave, and the result: warnings if it is good.
struct Checked {
    shown: String,
    result: Result<Vec<Diagnostic>, Error>,
}

pub(super) fn run(arguments: &Validate) -> Result<u8, Error> {
    let catalog = arguments.templates.catalog()?;
    let checked = arguments.paths.iter().flat_map(|given| match files(given) {
        Ok(files) => files.iter().map(|path| check(&catalog, path)).collect(),
        // Continue with the other paths.
        Err(error) => vec![Checked { shown: shown(given), result: Err(error) }],
    });
    match arguments.format {
        Format::Text => as_text(checked),
        Format::Json => as_json(checked),
    }
}

fn check(catalog: &Arc<Catalog>, path: &Path) -> Checked {
    let result = match folder_of_catalog(path) {
        Some(folder) => whole_catalog(&folder),
        None => scenario(catalog, &path.display().to_string()).map(|()| Vec::new()),
    };
    Checked { shown: shown(path), result }
}

/// The folder of a catalog, where the path is one or its `catalog.yaml`.
fn folder_of_catalog(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        return Some(path.to_owned());
    }
    let is_catalog = path.file_name().is_some_and(|name| name == "catalog.yaml") && path.is_file();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    is_catalog.then(|| folder.to_owned())
}

/// Checks a catalog, its templates, and that a run can call each method by its name.
fn whole_catalog(folder: &Path) -> Result<Vec<Diagnostic>, Error> {
    let catalog = Catalog::load(folder)?;
    let gaps = catalog.gaps();
    if !gaps.is_empty() {
        return Err(gaps.into());
    }
    crate::planner::check_methods(&catalog)?;
    Ok(catalog.not_cloud_events())
}

fn as_text(checked: impl Iterator<Item = Checked>) -> Result<u8, Error> {
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    let mut others = Vec::new();
    for Checked { shown, result } in checked {
        match result {
            Ok(warnings) => {
                print(&format!("{shown}: ok\n"))?;
                if !warnings.is_empty() {
                    super::report(&Error::Input(warnings).render(super::color_on_stderr()));
                }
            }
            Err(Error::Input(found)) => diagnostics.extend(found),
            Err(other) => others.push(other),
        }
    }
    for other in others.iter().skip(usize::from(diagnostics.is_empty())) {
        super::report(&other.render(super::color_on_stderr()));
    }
    match (diagnostics.is_empty(), others.into_iter().next()) {
        (true, None) => Ok(0),
        (true, Some(other)) => Err(other),
        _ => Err(diagnostics.into()),
    }
}

/// Prints all diagnostics as JSON; the exit status is the same as with text.
fn as_json(checked: impl Iterator<Item = Checked>) -> Result<u8, Error> {
    let mut entries = Vec::new();
    let mut code = 0;
    for Checked { shown, result } in checked {
        let error = match result {
            Ok(warnings) => {
                entries.extend(warnings.iter().map(|found| located(&shown, found)));
                continue;
            }
            Err(error) => error,
        };
        code = code.max(error.exit_code());
        match error {
            Error::Input(found) => entries.extend(found.iter().map(|found| located(&shown, found))),
            Error::Usage { message, help } | Error::Failed { message, help } => entries.push(json!({
                "file": shown, "line": null, "column": null, "end": null,
                "severity": "error", "message": message, "label": "", "help": help,
            })),
        }
    }
    print(&format!("{:#}\n", Value::from(entries)))?;
    Ok(code)
}

fn located(shown: &str, found: &Diagnostic) -> Value {
    let name = found.source.name.as_str();
    // The source reader is given `./scenario.yaml` for `scenario.yaml`.
    let file = if name.strip_prefix("./") == Some(shown) { shown } else { name };
    let (line, column) = found.source.position(found.span.start);
    let (end_line, end_column) = found.source.position(found.span.end.max(found.span.start));
    json!({
        "file": file, "line": line, "column": column, "end": { "line": end_line, "column": end_column },
        "severity": if found.warning { "warning" } else { "error" }, "message": found.message, "label": found.label, "help": found.help,
    })
}

fn scenario(catalog: &Arc<Catalog>, path: &str) -> Result<(), Error> {
    // A path without a folder or an extension would be taken for a built-in scenario's name.
    let path = if path.contains('/') { path.to_owned() } else { format!("./{path}") };
    let options = Options {
        scenarios: vec![path],
        seed: Some(0),
        from: Some("2026-01-01".to_owned()),
        endless: true,
        ..Options::default()
    };
    Plan::with_catalog(catalog, &options).map(|_| ())
}

/// The files to check: of a folder those that end in `.yaml`, sorted; a folder with a catalog or templates counts as one.
fn files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if !path.is_dir() || path.join("catalog.yaml").is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let files = yaml_files(path)?;
    if files.is_empty() {
        // Templates that take the place of built-in ones.
        let methods = &Catalog::built_in()?.methods;
        if methods.iter().any(|method| path.join(template_file(&method.name)).is_file()) {
            return Ok(vec![path.to_owned()]);
        }
    }
    if files.is_empty() {
        let message = format!("`{}` has no `.yaml` files", shown(path));
        return Err(Error::usage(message).help("give a folder with scenarios, or one with a `catalog.yaml`"));
    }
    Ok(files)
}

fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |error| Error::failed(format!("cannot read `{}`: {error}", shown(folder)));
    let mut found = Vec::new();
    for entry in folder.read_dir().map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
