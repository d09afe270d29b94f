//! Loader of single scenarios: shipped ones, files and the one-line form, and those that a mix names.

use crate::{
    catalog::Catalog,
    error::{Diagnostic, Error, Source, did_you_mean, list_of, shown},
    planner::overrides::Overrides,
    scenario::{self, Body, Override, Scenario},
    sources::{self, STANDARD_INPUT, ScenarioSource, SourceProvider},
    yaml::Spanned,
};
use std::{
    collections::HashMap,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The most scenarios of a run, including injected ones and those in nested mixes; each mention counts.
const MOST_SCENARIOS: usize = 1_000;

/// The most entries of mixes that are read, including those without any scenario: mixes that contain each other twice
/// double the number of entries with each file.
const MOST_ENTRIES: usize = 10_000;

/// The deepest nesting of mixes.
const DEEPEST: usize = 100;

/// Rejects more scenarios than a run may have.
pub(super) fn check_scenario_count(scenarios: usize) -> Result<(), Error> {
    if scenarios <= MOST_SCENARIOS {
        return Ok(());
    }
    let error = Error::usage("a run has at most 1,000 scenarios, and this one has more");
    Err(error.help("a mix counts for each scenario that it leads to: name each once, with its `weight`"))
}

/// Reads scenarios by the names that people give, and collects the mistakes in them.
pub(super) struct Loader<'a> {
    catalog: &'a Catalog,
    texts: &'a SourceProvider,
    settings: &'a mut Overrides,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The mixes that are being flattened, outermost first.
    open: Vec<PathBuf>,
    /// The texts that were read, for a run file.
    pub(crate) taken: Vec<ScenarioSource>,
    /// The number of mix entries read so far.
    entries: usize,
    /// A cache of scenarios read without overrides, by the names of their source and scenario: a mix may name one
    /// often.
    read: HashMap<(String, String), Scenario>,
    /// Method names with unusual characters.
    names: Vec<String>,
}

impl<'a> Loader<'a> {
    pub(super) fn new(catalog: &'a Catalog, texts: &'a SourceProvider, settings: &'a mut Overrides) -> Self {
        Loader {
            catalog,
            texts,
            settings,
            diagnostics: Vec::new(),
            open: Vec::new(),
            taken: Vec::new(),
            entries: 0,
            read: HashMap::new(),
            names: scenario::unusual_names(catalog.method_names()),
        }
    }

    /// Reads the scenario of an argument (or of a mix entry, relative to `folder`); mistakes in it are collected.
    pub(super) fn find(
        &mut self,
        argument: &str,
        folder: Option<&Path>,
        with: &[Override],
    ) -> Result<Option<Scenario>, Error> {
        self.find_at(argument, None, folder, with)
    }

    /// As `find`, for an argument within a file.
    fn find_at(
        &mut self,
        argument: &str,
        at: Option<(&Arc<Source>, &Range<usize>)>,
        folder: Option<&Path>,
        with: &[Override],
    ) -> Result<Option<Scenario>, Error> {
        let one_line = |loader: &mut Self| {
            let read = match at {
                Some((source, span)) => scenario::read_one_line_in(source, span, argument, &loader.names),
                None => scenario::read_one_line(argument, &loader.names),
            };
            Ok(crate::error::keep(read, &mut loader.diagnostics))
        };
        if argument == STANDARD_INPUT && folder.is_none() {
            let source = self.texts.standard_input()?;
            self.take(argument, &source, false);
            return Ok(self.read(&source, "stdin", with));
        }
        // The name of a method takes precedence over paths and shipped scenarios.
        let base = scenario::method_of_step(argument, &self.names);
        if self.catalog.method(argument).is_some() || self.names.iter().any(|name| name == base) {
            return one_line(self);
        }
        let ending = Path::new(argument).extension().and_then(|ending| ending.to_str());
        let is_path =
            matches!(ending, Some("yaml" | "yml")) || (argument.contains('/') && !looks_like_one_line(argument));
        if is_path {
            let path = folder.map_or_else(|| PathBuf::from(argument), |folder| folder.join(argument));
            if self.is_folder(&path) {
                return Err(folder_error(&path));
            }
            let source = self.texts.file(&path)?;
            self.take(&sources::name_of(&path), &source, folder.is_some() && Path::new(argument).is_absolute());
            let name = path.file_stem().map_or_else(|| argument.to_owned(), |stem| stem.to_string_lossy().into_owned());
            return Ok(self.read(&source, &name, with));
        }
        if let Some(source) = self.texts.shipped(argument) {
            self.take(argument, &source, false);
            return Ok(self.read(&source, argument, with));
        }
        // `create-pool-failure:forbidden` says twice that the call fails, which is explained where steps are read.
        let without_failure = base.strip_suffix("-failure").unwrap_or(base);
        if looks_like_one_line(argument)
            || [base, without_failure].iter().any(|name| self.catalog.method(name).is_some())
        {
            return one_line(self);
        }
        if self.is_folder(Path::new(argument)) {
            return Err(folder_error(Path::new(argument)));
        }
        let names = self.texts.shipped_names();
        let known = names.iter().copied().chain(self.catalog.method_names());
        let error = Error::usage(format!("no scenario is called `{argument}`"));
        let near = crate::error::nearest(argument, known.clone()).is_some();
        let error = if near { error.help(did_you_mean(argument, known)) } else { error };
        Err(error.help("give a shipped name (`falsetrail list`), a path that ends in `.yaml`, or a scenario in one line such as `create-pool,delete-pool`"))
    }

    fn is_folder(&self, path: &Path) -> bool {
        matches!(self.texts, SourceProvider::Machine) && path.is_dir()
    }

    /// Records a text that was read.
    fn take(&mut self, name: &str, source: &Arc<Source>, fixed: bool) {
        if self.taken.iter().all(|taken| taken.name != name) {
            self.taken.push(ScenarioSource { name: name.to_owned(), source: Arc::clone(source), fixed });
        }
    }

    /// Reads as much of a file as possible; mistakes are collected.
    fn read(&mut self, source: &Arc<Source>, name: &str, with: &[Override]) -> Option<Scenario> {
        let key = (source.name.clone(), name.to_owned());
        let (first, mut diagnostics) = match self.read.get(&key) {
            Some(known) => (Some(known.clone()), Vec::new()),
            None => scenario::read_what_can_be(source, name, &[], &self.names),
        };
        let declared: Vec<String> = match &first {
            Some(scenario) => scenario.params.iter().map(|param| param.name.value.clone()).collect(),
            None => Vec::new(),
        };
        let set = self.settings.overrides(&declared);
        let mut scenario = first;
        if !with.is_empty() || !set.is_empty() {
            let overrides: Vec<Override> = with.iter().cloned().chain(set).collect();
            (scenario, diagnostics) = scenario::read_what_can_be(source, name, &overrides, &self.names);
        } else if let Some(scenario) = &scenario {
            self.read.insert(key, scenario.clone());
        }
        self.diagnostics.extend(diagnostics);
        scenario
    }

    /// Reads the scenario of a mix entry. If it does not exist, the mistake is reported in the mix.
    pub(super) fn find_beside(
        &mut self,
        name: &Spanned<String>,
        mix: &Scenario,
        with: &[Override],
    ) -> Option<Scenario> {
        let folder = self.texts.folder_of(&mix.source);
        match self.find_at(&name.value, Some((&mix.source, &name.span)), Some(&folder), with) {
            Err(Error::Input(diagnostics)) => {
                self.diagnostics.extend(diagnostics);
                None
            }
            Err(Error::Usage { message, help } | Error::Failed { message, help }) => {
                let diagnostic = Diagnostic::new(&mix.source, name.span.clone(), message);
                self.diagnostics.push(help.into_iter().fold(diagnostic, Diagnostic::help));
                None
            }
            Ok(found) => found,
        }
    }

    /// Flattens nested mixes to scenarios with steps.
    pub(super) fn flatten(
        &mut self,
        scenario: Scenario,
        weight: f64,
        into: &mut Vec<(Scenario, f64)>,
    ) -> Result<(), Error> {
        let Body::Mix(mix) = &scenario.body else {
            into.push((scenario, weight));
            return Ok(());
        };
        if self.open.len() == DEEPEST {
            let message = format!("mixes lie in one another more than {DEEPEST} deep, `{}` among them", scenario.name);
            return Err(Error::usage(message).help("name the scenarios themselves"));
        }
        let total: f64 = mix.entries.iter().map(|entry| entry.weight.value).sum();
        self.open.push(self.texts.whole_path(&scenario.source));
        for entry in &mix.entries {
            let name = &entry.scenario;
            self.entries += 1;
            check_scenario_count(if self.entries > MOST_ENTRIES { usize::MAX } else { into.len() })?;
            let with = Override::from_fields(&scenario.source, &entry.with);
            let found = self.find_beside(name, &scenario, &with);
            let Some(found) = found else { continue };
            // A scenario in one line has the mix as its source, but contains no entries.
            let is_mix = matches!(found.body, Body::Mix(_));
            if is_mix && self.open.contains(&self.texts.whole_path(&found.source)) {
                let diagnostic =
                    Diagnostic::new(&scenario.source, name.span.clone(), format!("`{}` contains itself", name.value));
                self.diagnostics.push(diagnostic.help("a mix may hold other mixes, but none that holds it"));
                continue;
            }
            let share = if entry.weight.value > 0.0 { weight * entry.weight.value / total } else { 0.0 };
            self.flatten(found, share, into)?;
        }
        self.open.pop();
        Ok(())
    }
}

/// The error for a folder in place of a scenario; its remedy depends on the files in the folder.
fn folder_error(path: &Path) -> Error {
    let folder = shown(path);
    if path.join("catalog.yaml").is_file() {
        let error = Error::usage(format!("`{folder}` is a catalog, and a run needs a scenario"));
        return error
            .help(format!("give a scenario or a method, and the folder as `--templates {folder}`"))
            .help(format!("`falsetrail list methods --templates {folder}` shows its methods"));
    }
    let entries = path.read_dir().into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let is_yaml = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    let mut files: Vec<String> = entries.filter(is_yaml).map(|path| shown(&path)).collect();
    files.sort();
    let error = Error::usage(format!("`{folder}` is a folder, and a run takes scenarios"));
    match files.as_slice() {
        [] => error.help("give a shipped name (`falsetrail list`) or a path that ends in `.yaml`"),
        [only] => error.help(format!("give its scenario: `{only}`")),
        several => error
            .help(format!("give those that are to run: {}", list_of(several.iter().map(String::as_str))))
            .help("several are a workload of equal weights; a file with `mix` gives each a weight"),
    }
}

/// Whether a text can only be meant as the one-line form.
fn looks_like_one_line(text: &str) -> bool {
    text.contains("->")
        || text.contains('→')
        || text.contains(',')
        || text.contains(char::is_whitespace)
        || text.contains('>')
        || text.ends_with('-')
}
