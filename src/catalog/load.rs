//! From files to a catalog: the built-in ones, or a folder's.

use super::{Catalog, builtin, read};
use crate::{
    error::{Diagnostic, Error, Source, shown},
    template::Template,
    texts::RunTexts,
    yaml,
};
use std::{path::Path, sync::Arc};

/// The built-in catalog, with the templates of `folder` in place of its own where it has some.
pub(super) fn built_in(folder: Option<&Path>) -> Result<Catalog, Error> {
    let source = builtin::template_source("catalog.yaml");
    let source = source.ok_or_else(|| Error::failed("no catalog is built into this binary"))?;
    let catalog = read::catalog(&source).map_err(Error::Input)?;
    templates(catalog, builtin::folder(), |file| {
        let own = folder.map(|folder| folder.join(file)).filter(|path| path.is_file());
        match own {
            Some(path) => yaml::load(&path).map(Some),
            None => Ok(builtin::template_source(file)),
        }
    })
}

/// The catalog of a folder.
pub(super) fn folder(folder: &Path) -> Result<Catalog, Error> {
    if !folder.is_dir() {
        let message = format!("`{}` is not a folder", shown(folder));
        return Err(
            Error::usage(message).help("`--templates` takes a folder with a `catalog.yaml`, templates, or both")
        );
    }
    let path = folder.join("catalog.yaml");
    if !path.is_file() {
        let catalog = built_in(Some(folder))?;
        strangers(folder, &catalog)?;
        if !catalog.methods.iter().any(|method| folder.join(format!("{}.json", method.name)).is_file()) {
            let message = format!("`{}` has neither a `catalog.yaml` nor templates", shown(folder));
            return Err(
                Error::usage(message).help("`--templates` takes a folder with a `catalog.yaml`, templates, or both")
            );
        }
        return Ok(catalog);
    }
    let source = yaml::load(&path)?;
    let catalog = read::catalog(&source).map_err(Error::Input)?;
    let catalog = templates(catalog, &shown(folder), |file| {
        let path = folder.join(file);
        if path.is_file() { yaml::load(&path).map(Some) } else { Ok(None) }
    })?;
    strangers(folder, &catalog)?;
    Ok(catalog)
}

/// The catalog of a run file.
pub(super) fn of_run(run: &RunTexts) -> Result<Catalog, Error> {
    let source = run.catalog.get("catalog.yaml");
    let source = source.ok_or_else(|| Error::usage(format!("`{}` has no `catalog.yaml`", run.file)))?;
    let catalog = read::catalog(source).map_err(Error::Input)?;
    let mut catalog = templates(catalog, &run.file, |file| Ok(run.catalog.get(file).map(Arc::clone)))?;
    catalog.template_names =
        catalog.methods.iter().map(|method| RunTexts::shown(&run.file, &format!("{}.json", method.name))).collect();
    for name in run.catalog.keys().filter(|name| *name != "catalog.yaml") {
        let method = name.strip_suffix(".json");
        if catalog.methods.iter().all(|known| Some(known.name.as_str()) != method) {
            return Err(stranger(&RunTexts::shown(&run.file, name), method.unwrap_or(name), &catalog));
        }
    }
    Ok(catalog)
}

fn stranger(shown: &str, stem: &str, catalog: &Catalog) -> Error {
    let names = catalog.methods.iter().map(|method| method.name.as_str());
    Error::usage(format!("`{shown}` is the template of no method in the catalog"))
        .help(crate::error::did_you_mean(stem, names))
}

/// Refuses templates that belong to no method: a misspelt name would silently not be used.
fn strangers(folder: &Path, catalog: &Catalog) -> Result<(), Error> {
    let failed = |error: std::io::Error| Error::failed(format!("cannot read `{}`: {error}", shown(folder)));
    for entry in folder.read_dir().map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let (Some(stem), Some("json")) =
            (path.file_stem().and_then(|stem| stem.to_str()), path.extension().and_then(|e| e.to_str()))
        else {
            continue;
        };
        if !catalog.methods.iter().any(|method| method.name == stem) {
            return Err(stranger(&shown(&path), stem, catalog));
        }
    }
    Ok(())
}

/// Parses the template of each method that has one.
fn templates(
    mut catalog: Catalog,
    place: &str,
    read: impl Fn(&str) -> Result<Option<Arc<Source>>, Error>,
) -> Result<Catalog, Error> {
    let mut mistakes: Vec<Diagnostic> = Vec::new();
    for method in &catalog.methods {
        let file = format!("{}.json", method.name);
        catalog.template_names.push(format!("{place}/{file}"));
        let template = match read(&file)? {
            Some(source) => crate::error::keep(Template::parse(&source), &mut mistakes).map(Arc::new),
            None => None,
        };
        // Every name is checked now, not when a scenario first calls the method.
        if let Some(template) = &template
            && let Err(found) = template.compile(&catalog.shape(method), &[])
        {
            mistakes.extend(found);
        }
        catalog.templates.push(template);
    }
    if mistakes.is_empty() { Ok(catalog) } else { Err(Error::Input(mistakes)) }
}
