//! Assembly of a plan: the steps of planning, each of which makes a complete value from those before.

use crate::{
    catalog::Catalog,
    error::Error,
    identity::{Identities, run_key},
    plan::{Options, Plan, RecordKey},
    planner::{
        check,
        compile::{CompiledCalls, EventKindCompiler},
        load::Loaded,
        resolved_run::ResolvedRun,
        size::SizedRun,
        timing::Timed,
    },
    population::Population,
};
use std::sync::Arc;

impl Plan {
    /// As [`Plan::new`], with a catalog that is already loaded.
    ///
    /// # Errors
    ///
    /// As [`Plan::new`].
    pub fn with_catalog(catalog: &Arc<Catalog>, options: &Options) -> Result<Plan, Error> {
        let loaded = Loaded::new(catalog, options)?;
        let resolved = ResolvedRun::new(catalog, options, &loaded)?;
        let timed = Timed::new(catalog, options, &loaded, &resolved)?;
        let sized = SizedRun::new(catalog, &loaded, resolved, &timed.timing)?;
        check::run(catalog, &sized, &timed)?;
        compile(catalog, options, loaded, sized, timed)
    }
}

/// Last step of planning: builds the population and compiles the calls.
fn compile(
    catalog: &Arc<Catalog>,
    options: &Options,
    loaded: Loaded,
    sized: SizedRun,
    timed: Timed,
) -> Result<Plan, Error> {
    let SizedRun { resolved, counts } = sized;
    let ResolvedRun { seed, values, scenarios, background, weights, pick, literals, key } = resolved;
    let Timed { timing, dry_run, is_fixed, .. } = timed;
    let identities = Identities::new(catalog, values, run_key(seed, &loaded.name, timing.from));
    let of_population = values.name("population");
    let mut population = Population::new(catalog, &counts.kinds, counts.skew, of_population, timing.from, &identities);
    population.roaming = counts.habits.roaming;
    population.bursts = counts.habits.bursts;
    population.hours = counts.habits.hours(&timing, of_population);
    let record_key = match key {
        RecordKey::Catalog(key) => Some(key),
        RecordKey::None | RecordKey::Instance => None,
    };
    let mut compiler = EventKindCompiler::new(catalog, &population, options.as_documented, record_key);
    let CompiledCalls { event_kinds, calls } = CompiledCalls::new(catalog, &scenarios, &mut compiler)?;
    Ok(Plan {
        catalog: Arc::clone(catalog),
        name: loaded.name,
        seed,
        is_repeatable: options.seed.or(loaded.seed).is_some() && is_fixed,
        scenarios,
        background,
        weights,
        pick,
        timing,
        dry_run,
        event_kinds,
        calls,
        identities,
        population,
        literals,
        key,
        texts: loaded.texts,
        as_documented: options.as_documented,
    })
}
