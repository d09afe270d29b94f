//! Loader of a catalog: reads `catalog.yaml` and the templates, built in, from a folder or from a run file.

use super::{Catalog, MethodId, names::TemplateFiles, read, template_file};
use crate::{
    error::{Diagnostic, Error, Source, shown},
    sources::{RunSources, builtin},
    template::Template,
    yaml,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The built-in catalog; templates in `folder` replace built-in ones.
pub(super) fn built_in(folder: Option<&Path>) -> Result<Catalog, Error> {
    let source = builtin::template_source("catalog.yaml");
    let source = source.ok_or_else(|| Error::failed("no catalog is built into this binary"))?;
    let catalog = read::catalog(&source).map_err(Error::Input)?;
    let own = folder.map_or_else(|| Ok(BTreeMap::new()), |folder| files_of(folder, &catalog))?;
    templates(catalog, builtin::folder(), |method, file| match own.get(&method) {
        Some(path) => yaml::load(path).map(Some),
        None => Ok(builtin::template_source(file)),
    })
}

/// The catalog of a folder.
pub(super) fn folder(folder: &Path) -> Result<Catalog, Error> {
    let help = "`--templates` takes a folder with a `catalog.yaml`, templates, or both";
    if !folder.is_dir() {
        return Err(Error::usage(format!("`{}` is not a folder", shown(folder))).help(help));
    }
    let path = folder.join("catalog.yaml");
    if !path.is_file() {
        if template_paths(folder)?.is_empty() {
            let message = format!("`{}` has neither a `catalog.yaml` nor templates", shown(folder));
            return Err(Error::usage(message).help(help));
        }
        return built_in(Some(folder));
    }
    let source = yaml::load(&path)?;
    let catalog = read::catalog(&source).map_err(Error::Input)?;
    let files = files_of(folder, &catalog)?;
    templates(catalog, &shown(folder), |method, _| files.get(&method).map(yaml::load).transpose())
}

/// The catalog of a run file.
pub(super) fn from_run(run: &RunSources) -> Result<Catalog, Error> {
    let source = run.catalog.get("catalog.yaml");
    let source = source.ok_or_else(|| Error::usage(format!("`{}` has no `catalog.yaml`", run.file)))?;
    let catalog = read::catalog(source).map_err(Error::Input)?;
    let methods = TemplateFiles::new(&catalog);
    let mut files: BTreeMap<MethodId, (&str, &Arc<Source>)> = BTreeMap::new();
    for (name, text) in run.catalog.iter().filter(|(name, _)| *name != "catalog.yaml") {
        let place = RunSources::shown(&run.file, name);
        let stem = name.strip_suffix(".json");
        let Some(method) = stem.and_then(|stem| methods.method(stem)) else {
            return Err(foreign_template(&place, stem.unwrap_or(name), &catalog));
        };
        if let Some((other, _)) = files.insert(method, (name, text)) {
            return Err(doubled(&RunSources::shown(&run.file, other), &place, &catalog.methods[method].name));
        }
    }
    let files: BTreeMap<MethodId, Arc<Source>> =
        files.into_iter().map(|(method, (_, text))| (method, Arc::clone(text))).collect();
    let mut catalog = templates(catalog, &run.file, |method, _| Ok(files.get(&method).map(Arc::clone)))?;
    let names = catalog.methods.iter().map(|method| RunSources::shown(&run.file, &template_file(&method.name)));
    catalog.template_names = names.collect();
    Ok(catalog)
}

/// The error for a template file that belongs to no method: ignoring it would hide a misspelt name.
fn foreign_template(place: &str, stem: &str, catalog: &Catalog) -> Error {
    let names = catalog.methods.iter().map(|method| method.name.as_str());
    Error::usage(format!("`{place}` is the template of no method in the catalog"))
        .help(crate::error::did_you_mean(stem, names))
}

fn doubled(one: &str, other: &str, method: &str) -> Error {
    let message = format!("`{one}` and `{other}` are both the template of `{method}`");
    Error::usage(message).help(format!("keep one of them, as `{}`", template_file(method)))
}

/// The files of a folder that end in `.json`, sorted.
fn template_paths(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |error: std::io::Error| Error::failed(format!("cannot read `{}`: {error}", shown(folder)));
    let mut paths = Vec::new();
    for entry in folder.read_dir().map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|ending| ending == "json") && !path.is_dir() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Assigns the template files of a folder to methods; a file that belongs to none is an error.
fn files_of(folder: &Path, catalog: &Catalog) -> Result<BTreeMap<MethodId, PathBuf>, Error> {
    let named = TemplateFiles::new(catalog);
    let mut files = BTreeMap::new();
    for path in template_paths(folder)? {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let place = shown(&path);
        let method = named.method(&stem).ok_or_else(|| foreign_template(&place, &stem, catalog))?;
        if let Some(other) = files.insert(method, path) {
            return Err(doubled(&shown(&other), &place, &catalog.methods[method].name));
        }
    }
    Ok(files)
}

/// Parses the template of each method that has one.
fn templates(
    mut catalog: Catalog,
    place: &str,
    read: impl Fn(MethodId, &str) -> Result<Option<Arc<Source>>, Error>,
) -> Result<Catalog, Error> {
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for (id, method) in catalog.methods.iter().enumerate() {
        let file = template_file(&method.name);
        let mut named = format!("{place}/{file}");
        let template = match read(id, &file) {
            Ok(Some(source)) => {
                named.clone_from(&source.name);
                crate::error::keep(Template::parse(&source), &mut diagnostics).map(Arc::new)
            }
            Ok(None) => None,
            // Mistakes in one file do not hide those in others.
            Err(Error::Input(found)) => {
                diagnostics.extend(found);
                None
            }
            Err(other) => return Err(other),
        };
        // Check every name now, and not only when a scenario first calls the method.
        if let Some(template) = &template
            && let Err(found) = template.compile(&catalog.shape(method), &[])
        {
            diagnostics.extend(found);
        }
        catalog.templates.push(template);
        catalog.template_names.push(named);
    }
    if diagnostics.is_empty() { Ok(catalog) } else { Err(Error::Input(diagnostics)) }
}
