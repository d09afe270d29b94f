//! Assembly of a plan: calls the planner's steps in order, from loading to the compiled plan.

use super::timing;
use crate::{
    catalog::Catalog,
    error::{Diagnostic, Error},
    identity::{Identities, Tags},
    plan::{Options, Plan, RecordKey, resolved::ResolvedScenario},
    planner::{
        check,
        counts::{self, Counts},
        feasible, inject,
        load::{self, Loaded},
        overrides::Overrides,
        resolve,
        timing::Asked,
    },
    population::Population,
    units::{elapsed, format_time},
    value::{Key, WeightedIndex},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// Intermediate state of planning, with what has been read so far.
struct Draft<'a> {
    catalog: &'a Arc<Catalog>,
    options: &'a Options,
    settings: Overrides,
    found: Loaded,
    mistakes: Vec<Diagnostic>,
    timing: Option<Asked>,
    key: RecordKey,
    seed: u64,
}

impl Plan {
    /// As [`Plan::new`], with a catalog that is already loaded.
    ///
    /// # Errors
    ///
    /// As [`Plan::new`].
    pub fn with_catalog(catalog: &Arc<Catalog>, options: &Options) -> Result<Plan, Error> {
        let mut draft = Draft::read(catalog, options)?;
        let counts = collected(counts::population(catalog, &draft.found), &mut draft.mistakes)?;
        let mut counts = counts.unwrap_or_else(|| Counts::of_catalog(catalog));
        counts.check_size(catalog)?;
        let mut plan = draft.plan(&counts)?;
        if let Some(grown) = feasible::check(&plan, &counts)? {
            counts = grown;
            feasible::check_population(&counts, catalog)?;
            plan = draft.plan(&counts)?;
        }
        if let Some(timing) = draft.timing.as_ref().filter(|timing| timing.from.is_none()) {
            plan.timing.from = begin(&plan, timing.ends)?;
        }
        timing::check(&plan)?;
        inject::check(&plan)?;
        plan.check_fixed_ids()?;
        let values = Key::root(plan.seed);
        let run = values.name(&plan.name).number(plan.timing.from as u64);
        plan.identities = Identities::new(&plan.catalog, values, run);
        if draft.timing.as_ref().is_some_and(|timing| timing.from.is_none()) {
            // Drop the provisional population first, so that memory never holds both.
            drop(std::mem::take(&mut plan.population));
            plan.population = population(&plan.catalog, &counts, values, plan.timing.from, &plan.identities);
        }
        Ok(plan)
    }
}

impl<'a> Draft<'a> {
    fn read(catalog: &'a Arc<Catalog>, options: &'a Options) -> Result<Self, Error> {
        let mut settings = Overrides::parse(&options.set)?;
        let now = options.now.unwrap_or_else(timing::now);
        let mut found = load::all(catalog, options, &mut settings, now)?;
        let mut mistakes = std::mem::take(&mut found.mistakes);
        let timing = collected(Asked::new(options, &found, now), &mut mistakes)?;
        let key = record_key(catalog, options.key.as_deref())?;
        let seed = match options.seed.or(found.seed) {
            Some(seed) => seed,
            None => random_seed()?,
        };
        Ok(Draft { catalog, options, settings, found, mistakes, timing, key, seed })
    }

    /// The plan with a population of this size. Everything that depends on the start of the run is provisional.
    fn plan(&mut self, counts: &Counts) -> Result<Plan, Error> {
        let values = Key::root(self.seed);
        let mut literals = Vec::new();
        let mut around = resolve::ResolveContext {
            catalog: self.catalog,
            population: &counts.kinds,
            tags: &mut Tags::default(),
            literals: &mut literals,
            settings: &mut self.settings,
            values,
        };
        let scenarios = resolve_all(&self.found, &mut around, &mut self.mistakes);
        let (Some(timing), true) = (&self.timing, self.mistakes.is_empty()) else {
            return Err(in_order(std::mem::take(&mut self.mistakes)).into());
        };
        self.settings.finish()?;
        inject::check_known(&self.found.injected, timing.from)?;
        let identities = Identities::new(self.catalog, values, values);
        let weights: Vec<u64> = self.found.entries.iter().map(|entry| entry.weight).collect();
        let mut plan = Plan {
            population: population(self.catalog, counts, values, timing.from.unwrap_or(0), &identities),
            identities,
            name: self.found.name.clone(),
            seed: self.seed,
            is_repeatable: self.options.seed.or(self.found.seed).is_some()
                && timing::is_fixed(self.options, &self.found),
            background: self.found.entries.len(),
            scenarios,
            weights: WeightedIndex::weighted(&weights).ok_or_else(nothing_happens)?,
            pick: values.name("pick"),
            timing: timing.provisional(),
            event_kinds: Vec::new(),
            literals,
            key: self.key,
            texts: self.found.texts.clone(),
            as_documented: self.options.as_documented,
            catalog: Arc::clone(self.catalog),
        };
        plan.compile()?;
        Ok(plan)
    }
}

fn nothing_happens() -> Error {
    Error::usage("all weights are 0: nothing would ever happen").help("set at least one of them to more than 0")
}

fn population(catalog: &Catalog, counts: &Counts, values: Key, from: i64, identities: &Identities) -> Population {
    Population::new(catalog, &counts.kinds, counts.skew, values.name("population"), from, identities)
}

/// The value of a result. Mistakes in files are collected instead of returned, so that later steps can report theirs
/// too.
fn collected<T>(result: Result<T, Error>, mistakes: &mut Vec<Diagnostic>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::Input(found)) => {
            mistakes.extend(found);
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

/// Resolves and checks every scenario.
fn resolve_all(
    found: &load::Loaded,
    around: &mut resolve::ResolveContext,
    mistakes: &mut Vec<Diagnostic>,
) -> Vec<ResolvedScenario> {
    let mut scenarios = Vec::new();
    let mut names: BTreeMap<&str, u32> = BTreeMap::new();
    let background = found.entries.iter().map(|entry| (&entry.scenario, &entry.scenario.name, None));
    // Injected scenarios come last, so that nothing in the others depends on them.
    let injected = found.injected.iter().map(|entry| (&entry.scenario, &entry.name, Some(&entry.injection)));
    for (scenario, name, injection) in background.chain(injected) {
        let times = names.entry(name).or_default();
        *times += 1;
        let name = if *times == 1 { name.clone() } else { format!("{name}#{times}") };
        let resolved = resolve::resolve(scenario, &name, around);
        let Some(mut resolved) = crate::error::keep(resolved, mistakes) else { continue };
        mistakes.append(&mut resolved.mistakes);
        if !resolved.blind
            && let Err(found) = check::check(around.catalog, &mut resolved)
        {
            mistakes.extend(found);
        }
        resolved.scenario.injection = injection.cloned();
        scenarios.push(resolved.scenario);
    }
    scenarios
}

/// Sorts mistakes by place in the text and removes duplicates, which occur if a mix names a file twice.
fn in_order(mut mistakes: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut seen = BTreeSet::new();
    mistakes.retain(|mistake| seen.insert((mistake.source.name.clone(), mistake.span.start, mistake.span.end)));
    let mut files: HashMap<String, usize> = HashMap::new();
    for mistake in &mistakes {
        let next = files.len();
        files.entry(mistake.source.name.clone()).or_insert(next);
    }
    mistakes.sort_by_cached_key(|mistake| (files.get(&mistake.source.name).copied(), mistake.span.start));
    mistakes
}

fn record_key(catalog: &Catalog, name: Option<&str>) -> Result<RecordKey, Error> {
    match name {
        None if catalog.keys.is_empty() => Ok(RecordKey::None),
        None => Ok(RecordKey::Catalog(catalog.default_key)),
        Some("none") => Ok(RecordKey::None),
        Some("instance") => Ok(RecordKey::Instance),
        Some(name) => catalog.keys.iter().position(|key| key.name == name).map(RecordKey::Catalog).ok_or_else(|| {
            let known = catalog.keys.iter().map(|key| key.name.as_str()).chain(["none", "instance"]);
            Error::usage(format!("there is no key `{name}`")).help(crate::error::did_you_mean(name, known))
        }),
    }
}

/// A random seed that is short enough to type.
fn random_seed() -> Result<u64, Error> {
    use rand::{TryRng, rngs::SysRng};
    let drawn = SysRng
        .try_next_u32()
        .map_err(|error| Error::failed(format!("no random seed to be had: {error}")).help("give one with `--seed`"))?;
    Ok(drawn.into())
}

/// The start of a run that has to end at a given time: simulates the run once, without rendering.
fn begin(plan: &Plan, ends: i64) -> Result<i64, Error> {
    const SECOND: u64 = 1_000_000_000;
    let mut stream = plan.stream();
    let last = stream.run_through().1.unwrap_or(plan.timing.from);
    let span = (elapsed(plan.timing.from, last) / SECOND + 1) * SECOND;
    let begins = timing::within_range(ends.checked_sub_unsigned(span)).filter(|_| !stream.is_cut_by_time());
    begins.ok_or_else(|| {
        Error::usage(format!("a run of this length that ends at {} would begin before 1700", format_time(ends)))
            .help("ask for fewer events or instances, let instances start more often, or shorten their delays")
    })
}
