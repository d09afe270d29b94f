//! Texts that are built into the binary: the shipped scenarios and the built-in catalog, embedded by `build.rs`.

use crate::error::Source;
use std::sync::Arc;

include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

/// The folder of the built-in catalog: the only one that contains a `catalog.yaml`.
pub(crate) fn folder() -> &'static str {
    TEMPLATES.iter().find_map(|(path, _)| path.strip_suffix("/catalog.yaml")).unwrap_or_default()
}

/// The text of a file of the built-in catalog.
pub(crate) fn template_source(file: &str) -> Option<Arc<Source>> {
    let path = format!("{}/{file}", folder());
    TEMPLATES.iter().find(|(name, _)| *name == path).map(|(name, text)| Source::new(*name, *text))
}

/// Names of the shipped scenarios, sorted.
pub fn scenario_names() -> Vec<&'static str> {
    SCENARIOS.iter().filter_map(|(path, _)| path.strip_prefix("scenarios/")?.strip_suffix(".yaml")).collect()
}

/// The text of a shipped scenario.
pub(crate) fn scenario_source(name: &str) -> Option<Arc<Source>> {
    let path = format!("scenarios/{name}.yaml");
    SCENARIOS.iter().find(|(shipped, _)| *shipped == path).map(|(shipped, text)| Source::new(*shipped, *text))
}
