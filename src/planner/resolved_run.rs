//! Second step of planning: resolves all scenarios of a run, and the choices that hold for the whole run.

use crate::{
    bytes::Padded,
    catalog::Catalog,
    error::{Diagnostic, Error, did_you_mean, keep},
    identity::Tags,
    plan::{
        Options, RecordKey, Workload,
        resolved::{Injection, ResolvedScenario},
    },
    planner::{
        counts::Counts,
        inject::position,
        load::Loaded,
        resolve::{ResolveContext, resolve},
        settle::settle,
    },
    value::{Key, WeightedIndex},
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The scenarios of a run, with indices in place of names, and how instances are divided among them.
pub(super) struct ResolvedRun {
    /// The effective seed.
    pub(crate) seed: u64,
    /// The key from which all values are derived.
    pub(crate) values: Key,
    /// The scenarios of the mix, followed by the injected ones.
    pub(crate) scenarios: Vec<ResolvedScenario>,
    /// Number of scenarios that are not injected.
    pub(crate) background: usize,
    /// Weights of the scenarios that are not injected.
    pub(crate) weights: WeightedIndex,
    /// Key of the choice among scenarios.
    pub(crate) pick: Key,
    /// Texts given by scenarios, referred to by index.
    pub(crate) literals: Vec<Padded>,
    /// The record key.
    pub(crate) key: RecordKey,
}

impl ResolvedRun {
    /// Resolves the scenarios of a run, with the population of `loaded`.
    ///
    /// # Errors
    ///
    /// All mistakes in the files, those of loading included; options that name nothing.
    pub(super) fn new(catalog: &Catalog, options: &Options, loaded: &Loaded) -> Result<ResolvedRun, Error> {
        let key = record_key(catalog, options.key.as_deref())?;
        let seed = match options.seed.or(loaded.seed) {
            Some(seed) => seed,
            None => random_seed()?,
        };
        resolved(catalog, loaded, &loaded.counts, seed, key)
    }

    /// The same run with a population of another size, on which it depends which resources an instance shares.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub(super) fn with_population(
        &self,
        catalog: &Catalog,
        loaded: &Loaded,
        counts: &Counts,
    ) -> Result<ResolvedRun, Error> {
        resolved(catalog, loaded, counts, self.seed, self.key)
    }

    /// The scenarios, and how instances are divided among them.
    pub(super) fn workload(&self) -> Workload<'_> {
        let ResolvedRun { scenarios, background, weights, pick, .. } = self;
        Workload { scenarios, background: *background, weights, pick: *pick }
    }
}

fn resolved(
    catalog: &Catalog,
    loaded: &Loaded,
    counts: &Counts,
    seed: u64,
    key: RecordKey,
) -> Result<ResolvedRun, Error> {
    let values = Key::root(seed);
    let (mut literals, mut overrides, mut diagnostics) =
        (Vec::new(), loaded.overrides.clone(), loaded.diagnostics.clone());
    let mut around = ResolveContext {
        catalog,
        population: &counts.kinds,
        tags: &mut Tags::default(),
        literals: &mut literals,
        settings: &mut overrides,
        values,
    };
    let scenarios = scenarios(loaded, &mut around, &mut diagnostics);
    if !diagnostics.is_empty() {
        return Err(in_order(diagnostics).into());
    }
    overrides.finish()?;
    let weights: Vec<u64> = loaded.entries.iter().map(|entry| entry.weight).collect();
    Ok(ResolvedRun {
        seed,
        values,
        scenarios,
        background: loaded.entries.len(),
        weights: WeightedIndex::weighted(&weights).ok_or_else(nothing_happens)?,
        pick: values.name("pick"),
        literals,
        key,
    })
}

/// Resolves every scenario, and proves that its steps are possible.
fn scenarios(loaded: &Loaded, around: &mut ResolveContext, diagnostics: &mut Vec<Diagnostic>) -> Vec<ResolvedScenario> {
    let mut scenarios = Vec::new();
    let mut names: BTreeMap<&str, u32> = BTreeMap::new();
    let background = loaded.entries.iter().map(|entry| (&entry.scenario, &entry.scenario.name, None));
    // Injected scenarios come last, so that nothing in the others depends on them.
    let injected = loaded.injected.iter().map(|entry| (&entry.scenario, &entry.name, Some(&entry.injection)));
    for (scenario, name, injection) in background.chain(injected) {
        let times = names.entry(name).or_default();
        *times += 1;
        let turn = *times - 1;
        let name = if turn == 0 { name.clone() } else { format!("{name}#{times}") };
        let key = around.values.name("injected").name(&scenario.name);
        let injection =
            injection.map(|injection| Injection { position: position(key, injection.at, turn), ..injection.clone() });
        let resolved = resolve(scenario, &name, injection, around);
        let Some(mut resolved) = keep(resolved, diagnostics) else { continue };
        diagnostics.append(&mut resolved.diagnostics);
        if !resolved.blind {
            scenarios.extend(keep(settle(around.catalog, resolved), diagnostics));
        }
    }
    scenarios
}

fn nothing_happens() -> Error {
    Error::usage("all weights are 0: nothing would ever happen").help("set at least one of them to more than 0")
}

/// Sorts mistakes by place in the text and removes duplicates, which occur if a mix names a file twice.
fn in_order(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut seen = BTreeSet::new();
    diagnostics
        .retain(|diagnostic| seen.insert((diagnostic.source.name.clone(), diagnostic.span.start, diagnostic.span.end)));
    let mut files: HashMap<String, usize> = HashMap::new();
    for diagnostic in &diagnostics {
        let next = files.len();
        files.entry(diagnostic.source.name.clone()).or_insert(next);
    }
    diagnostics.sort_by_cached_key(|diagnostic| (files.get(&diagnostic.source.name).copied(), diagnostic.span.start));
    diagnostics
}

fn record_key(catalog: &Catalog, name: Option<&str>) -> Result<RecordKey, Error> {
    match name {
        None if catalog.keys.is_empty() => Ok(RecordKey::None),
        None => Ok(RecordKey::Catalog(catalog.default_key)),
        Some("none") => Ok(RecordKey::None),
        Some("instance") => Ok(RecordKey::Instance),
        Some(name) => catalog.keys.iter().position(|key| key.name == name).map(RecordKey::Catalog).ok_or_else(|| {
            let known = catalog.keys.iter().map(|key| key.name.as_str()).chain(["none", "instance"]);
            Error::usage(format!("there is no key `{name}`")).help(did_you_mean(name, known))
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
