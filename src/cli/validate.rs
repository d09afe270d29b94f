//! `falsetrail validate`.

use super::{TemplatesOption, print};
use clap::Args;
use falsetrail::{
    catalog::Catalog,
    error::{Diagnostic, Error},
    plan::{Options, Plan},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Find everything that is wrong with scenario files and catalogs.
///
/// Prints a line for each good file, and all mistakes of the bad ones; exit status 2 if there was one.
#[derive(Args)]
#[command(after_help = "\
Examples:
  falsetrail validate my-story.yaml
  falsetrail validate scenarios/ my-catalog/")]
pub struct Validate {
    /// Scenario files, folders of scenario files, or folders with a `catalog.yaml`.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    templates: TemplatesOption,
}

pub fn run(arguments: &Validate) -> Result<u8, Error> {
    let catalog = arguments.templates.catalog()?;
    let mut mistakes: Vec<Diagnostic> = Vec::new();
    let mut others = Vec::new();
    for path in files(&arguments.paths)? {
        let shown = path.display().to_string();
        let checked = if path.is_dir() { Catalog::load(&path).map(|_| ()) } else { scenario(&catalog, &shown) };
        match checked {
            Ok(()) => print(&format!("{shown}: ok\n"))?,
            Err(Error::Input(found)) => mistakes.extend(found),
            Err(other) => others.push(other),
        }
    }
    for other in others.iter().skip(usize::from(mistakes.is_empty())) {
        super::report(&other.render(super::color_on_stderr()));
    }
    match (mistakes.is_empty(), others.into_iter().next()) {
        (true, None) => Ok(0),
        (true, Some(other)) => Err(other),
        _ => Err(mistakes.into()),
    }
}

fn scenario(catalog: &Arc<Catalog>, path: &str) -> Result<(), Error> {
    // A path without a folder or ending would be taken for a name.
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

/// The files to check: of folders those that end in `.yaml`, sorted; folders with a catalog as they are.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() || path.join("catalog.yaml").is_file() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        files.extend(yaml_files(path)?);
        if files.len() == before {
            let message = format!("`{}` has no `.yaml` files", path.display());
            return Err(Error::usage(message).help("give a folder with scenarios, or one with a `catalog.yaml`"));
        }
    }
    Ok(files)
}

fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |error| Error::failed(format!("cannot read `{}`: {error}", folder.display()));
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
