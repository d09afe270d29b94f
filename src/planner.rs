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
mod feasible;
mod fixed_ids;
mod inject;
mod load;
mod loader;
mod methods;
mod overrides;
mod pins;
mod resolve;
mod timing;

use crate::{
    catalog::{Catalog, FailureId, automatic_failure},
    error::{Diagnostic, Error},
    identity::Tags,
    plan::{
        Options, Plan, RecordKey,
        resolved::{Call, Operation, Outcome, ResolvedScenario},
    },
    planner::compile::EventKindCompiler,
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
            (SourceProvider::Run(run), _) => Catalog::of_run(run)?,
            (SourceProvider::Machine, Some(folder)) => Catalog::load(folder)?,
            (SourceProvider::Machine, None) => Catalog::built_in()?,
        };
        Self::with_catalog(&catalog, options)
    }

    fn compile(&mut self) -> Result<(), Error> {
        let record_key = match self.key {
            RecordKey::Catalog(key) => Some(key),
            _ => None,
        };
        let Plan { catalog, population, scenarios, event_kinds: all, as_documented, .. } = self;
        let mut compiler = EventKindCompiler::new(catalog, population, *as_documented, record_key);
        let mut mistakes: Vec<Diagnostic> = Vec::new();
        let mut listed = 0;
        for (number, scenario) in scenarios.iter_mut().enumerate() {
            for operation in 0..scenario.operations.len() {
                let Operation::Call(call) = &scenario.operations[operation] else { continue };
                let mut event_kinds = Vec::new();
                for failure in outcomes(catalog, call) {
                    match compiler.event_kind(number as u16, scenario, operation, failure) {
                        Ok(event_kind) => {
                            listed += event_kind.snapshot.listed.len();
                            event_kinds.push((failure, all.len() as u32));
                            all.push(event_kind);
                        }
                        Err(found) => mistakes.extend(found),
                    }
                }
                if listed > MOST_LISTED {
                    return Err(too_many_listed(catalog, scenario, call));
                }
                let snapshots = event_kinds.iter().map(|(_, event_kind)| &all[*event_kind as usize].snapshot);
                let beside = snapshots.flat_map(|snapshot| snapshot.others.iter().chain(&snapshot.listed)).next();
                let beside = beside.map_or(0, |resource| scenario.resources[*resource].state_at);
                if let Operation::Call(call) = &mut scenario.operations[operation] {
                    (call.event_kinds, call.beside) = (event_kinds, beside as u32);
                }
            }
        }
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes.into()) }
    }
}

/// The most resources that the lists of a run may show, counted once for each call that lists them: compiling takes
/// time proportional to this number.
const MOST_LISTED: usize = 200_000;

fn too_many_listed(catalog: &Catalog, scenario: &ResolvedScenario, call: &Call) -> Error {
    let (method, scenario) = (&catalog.methods[call.method].short, shortened(&scenario.name));
    let message =
        format!("the calls of `{method}` in `{scenario}` list too many resources: in a run it may be 200,000 in all");
    Error::usage(message).help("declare them as one resource with a `count`, which counts once, or list less often")
}

/// The first 60 characters of a scenario's name, which for the one-line form is the whole line.
fn shortened(name: &str) -> String {
    let mut shown: String = name.chars().take(60).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    shown
}

/// The possible outcomes of a call.
pub(crate) fn outcomes(catalog: &Catalog, call: &Call) -> Vec<Option<FailureId>> {
    let lowers = call.lowers.map(|(failure, _)| Some(failure));
    match call.outcome {
        Outcome::Failure(failure) => vec![Some(failure)],
        Outcome::Success { insists: true } => vec![None],
        Outcome::Success { insists: false } => [None].into_iter().chain(lowers).collect(),
        Outcome::Auto => {
            let auto = automatic_failure(catalog, call.method);
            [None].into_iter().chain(auto.map(Some)).chain(lowers).collect()
        }
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
pub fn expanded(catalog: &Catalog, scenario: &Scenario) -> Result<Scenario, Error> {
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
    let mut resolved = resolve::resolve(scenario, &scenario.name, &mut around)?;
    check::check(catalog, &mut resolved)?;
    Ok(expand::expanded(catalog, scenario, &resolved))
}

/// Whether a scenario is a mix.
pub fn is_mix(scenario: &Scenario) -> bool {
    matches!(scenario.body, Body::Mix(_))
}
