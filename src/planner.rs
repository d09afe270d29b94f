//! Planner: builds a plan from the options. It loads, resolves, checks and compiles the scenarios.
//!
//! It reports every mistake of the user before the first event. The plan is immutable and shared: the simulation
//! ([`crate::simulation`]) and the renderer ([`crate::render`]) only read it.

mod assemble;
mod check;
mod compile;
mod counts;
mod envelopes;
mod expand;
mod habits;
mod inject;
mod load;
mod loader;
mod memory;
mod methods;
mod overrides;
mod pins;
mod resolve;
mod resolved_run;
mod settle;
mod size;
mod timing;

use crate::{
    catalog::Catalog,
    error::Error,
    identity::Tags,
    plan::{Options, Plan},
    scenario::{Body, Scenario},
    sources::SourceProvider,
    value::Key,
};
pub(crate) use inject::divided as injection_parts;
pub use methods::check_methods;

impl Plan {
    /// Resolves and checks a run.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] for mistakes in scenarios and the catalog, with spans; [`Error::Usage`] for options that
    /// contradict each other.
    pub fn new(options: &Options) -> Result<Plan, Error> {
        let catalog = match (&options.texts, &options.templates) {
            (SourceProvider::Run(run), _) => Catalog::from_run(run)?,
            (SourceProvider::Machine, Some(folder)) => Catalog::load(folder)?,
            (SourceProvider::Machine, None) => Catalog::built_in()?,
        };
        Self::with_catalog(&catalog, options)
    }
}

/// Loads a scenario or mix without resolving it, for example for `show`.
///
/// # Errors
///
/// As [`Plan::new`].
pub fn load_scenario(catalog: &Catalog, argument: &str) -> Result<Scenario, Error> {
    load::one(catalog, argument)
}

/// The scenario with defaults written out: actors, resources, targets and failures. A mix is returned unchanged.
///
/// # Errors
///
/// As [`Plan::new`].
pub(crate) fn expanded(catalog: &Catalog, scenario: &Scenario) -> Result<Scenario, Error> {
    let Body::Steps(_) = &scenario.body else { return Ok(scenario.clone()) };
    let population: Vec<u64> = catalog.kinds.iter().map(|kind| kind.population).collect();
    let (mut tags, mut literals, mut settings) = (Tags::default(), Vec::new(), overrides::Overrides::default());
    let mut around = resolve::ResolveContext {
        catalog,
        population: &population,
        tags: &mut tags,
        literals: &mut literals,
        settings: &mut settings,
        values: Key::root(0),
    };
    let resolved = settle::settle(catalog, resolve::resolve(scenario, &scenario.name, None, &mut around)?)?;
    Ok(expand::expanded(catalog, scenario, &resolved))
}

/// Whether a scenario is a mix.
pub(crate) fn is_mix(scenario: &Scenario) -> bool {
    matches!(scenario.body, Body::Mix(_))
}
