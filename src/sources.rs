//! Source provider: reads the source texts of a run, that is, its scenarios, the catalog and the templates.
//!
//! Usually they are files and built-in texts. A run file ([`crate::run_file`]) contains all of them under the names by
//! which its scenarios refer to each other; then nothing else is read. This is the only module that knows the
//! difference.

pub(crate) mod builtin;

use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use crate::{
    error::{Error, Source, did_you_mean, quoted},
    yaml,
};

pub use builtin::scenario_names;
pub(crate) use builtin::scenario_source;

/// The argument that stands for standard input.
pub(crate) const STANDARD_INPUT: &str = "-";

/// Where the source texts of a run come from.
#[derive(Debug, Clone, Default)]
pub enum SourceProvider {
    /// Files, standard input, and the built-in texts.
    #[default]
    Machine,
    /// A run file alone.
    Run(Arc<RunSources>),
}

/// The texts of a run file, by their names in it.
#[derive(Debug, Default)]
pub struct RunSources {
    /// The run file's name in messages.
    pub file: String,
    /// Scenarios, by name if they are built in, by path if they were files, `-` if they were read from standard input.
    pub scenarios: BTreeMap<String, Arc<Source>>,
    /// `catalog.yaml`, and `<Method>.json` for each method that has a template.
    pub catalog: BTreeMap<String, Arc<Source>>,
}

/// A scenario's text as it was read, and the name to store it under in a run file.
#[derive(Debug, Clone)]
pub struct ScenarioSource {
    /// The name, as in [`RunSources::scenarios`].
    pub(crate) name: String,
    /// The text.
    pub(crate) source: Arc<Source>,
    /// Whether the name is an absolute path that another scenario contains, so that it cannot be shortened.
    pub(crate) fixed: bool,
}

impl SourceProvider {
    /// Reads standard input.
    pub(crate) fn standard_input(&self) -> Result<Arc<Source>, Error> {
        match self {
            SourceProvider::Machine => yaml::load_standard_input(),
            SourceProvider::Run(run) => run.scenario(STANDARD_INPUT),
        }
    }

    /// Reads a scenario file.
    pub(crate) fn file(&self, path: &Path) -> Result<Arc<Source>, Error> {
        match self {
            SourceProvider::Machine => yaml::load(path),
            SourceProvider::Run(run) => run.scenario(&name_of(path)),
        }
    }

    /// The built-in scenario of this name, if there is one.
    pub(crate) fn shipped(&self, name: &str) -> Option<Arc<Source>> {
        match self {
            SourceProvider::Machine => scenario_source(name),
            SourceProvider::Run(run) => run.scenarios.get(name).filter(|_| !is_path(name)).map(Arc::clone),
        }
    }

    /// Names of the scenarios that can be referred to by name instead of path.
    pub(crate) fn shipped_names(&self) -> Vec<&str> {
        match self {
            SourceProvider::Machine => scenario_names(),
            SourceProvider::Run(run) => {
                run.scenarios.keys().map(String::as_str).filter(|name| !is_path(name)).collect()
            }
        }
    }

    /// The folder that the paths in a scenario are relative to.
    pub(crate) fn folder_of(&self, source: &Arc<Source>) -> PathBuf {
        let folder = match self {
            SourceProvider::Machine => Path::new(&source.name).parent().filter(|_| Path::new(&source.name).is_file()),
            SourceProvider::Run(run) => {
                let name = run.scenarios.iter().find(|(_, text)| Arc::ptr_eq(text, source)).map(|(name, _)| name);
                name.and_then(|name| Path::new(name).parent())
            }
        };
        folder.map(Path::to_owned).unwrap_or_default()
    }

    /// A canonical path for each scenario, however it was referred to.
    pub(crate) fn whole_path(&self, source: &Source) -> PathBuf {
        let as_it_is = || PathBuf::from(&source.name);
        match self {
            SourceProvider::Machine => std::fs::canonicalize(&source.name).unwrap_or_else(|_| as_it_is()),
            SourceProvider::Run(_) => as_it_is(),
        }
    }

    /// Rejects a run file that contains scenarios which the run does not use: one of the names is misspelt.
    pub(crate) fn check_all_used(&self, used: &[ScenarioSource]) -> Result<(), Error> {
        let SourceProvider::Run(run) = self else { return Ok(()) };
        match run.scenarios.keys().find(|name| used.iter().all(|text| text.name != **name)) {
            Some(name) => {
                let message = format!("no scenario of the run leads to {} in {}", quoted(name), quoted(&run.file));
                Err(Error::usage(message).help("remove it, or correct the name of what is meant to lead there"))
            }
            None => Ok(()),
        }
    }
}

impl RunSources {
    /// A source's name in messages: the run file, and the name inside it.
    pub fn shown(file: &str, name: &str) -> String {
        format!("{file}: {name}")
    }

    fn scenario(&self, name: &str) -> Result<Arc<Source>, Error> {
        self.scenarios.get(name).map(Arc::clone).ok_or_else(|| {
            let message = format!("{} has no scenario {}", quoted(&self.file), quoted(name));
            let help = did_you_mean(name, self.scenarios.keys().map(String::as_str));
            Error::usage(message).help(help).help("a run file holds every scenario that it names, under `files`")
        })
    }
}

/// The name of a file in a run file: its path without redundant components, still recognisable as a path.
pub(crate) fn name_of(path: &Path) -> String {
    let plain: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    let name = plain.to_string_lossy().into_owned();
    if is_path(&name) { name } else { format!("./{name}") }
}

/// Whether a scenario's name is a path and not the name of a built-in one.
pub(crate) fn is_path(name: &str) -> bool {
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str());
    matches!(ending, Some("yaml" | "yml")) || name.contains('/')
}
