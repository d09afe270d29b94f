//! The scenarios of a run: those that the options name, with mixes flattened, and the injected ones.

use crate::{
    catalog::Catalog,
    error::{Diagnostic, Error, Source},
    plan::Options,
    planner::{
        inject,
        loader::{Loader, check_scenario_count},
        overrides::Overrides,
    },
    scenario::{Body, Field, Pace, Scenario},
    sources::{ScenarioSource, SourceProvider},
    yaml::Spanned,
};
use std::sync::Arc;

/// The scenarios of a run, and the settings in their files that apply to the whole run.
pub(super) struct Loaded {
    /// The name of the run.
    pub name: String,
    /// The scenarios with steps.
    pub entries: Vec<Entry>,
    /// The injected scenarios.
    pub injected: Vec<inject::Entry>,
    /// Mistakes in the form of the files.
    pub mistakes: Vec<Diagnostic>,
    /// The seed, if a file gives one.
    pub seed: Option<u64>,
    /// The start of event time, if a file gives one.
    pub from: Option<(Spanned<String>, Arc<Source>)>,
    /// The time between starts of instances, if a file gives one.
    pub every: Option<u64>,
    /// The rate, if a mix gives one.
    pub pace: Option<Pace>,
    /// The population, as far as mixes give it.
    pub population: Vec<(Field, Arc<Source>)>,
    /// All texts that were read.
    pub texts: Vec<ScenarioSource>,
}

/// A scenario and its weight.
pub(super) struct Entry {
    pub scenario: Scenario,
    pub weight: u64,
}

/// The largest weight: a thousand scenarios of this weight do not overflow 64 bits.
const WEIGHT: f64 = 1_099_511_627_776.0;

/// Loads the scenarios of a run; several arguments are a mix with equal weights.
pub(super) fn all(catalog: &Catalog, options: &Options, settings: &mut Overrides, now: i64) -> Result<Loaded, Error> {
    let (arguments, texts) = (&options.scenarios, &options.texts);
    if arguments.is_empty() {
        return Err(Error::usage("no scenario is given").help("`falsetrail list` shows the shipped ones"));
    }
    if let Some(at) = arguments.iter().skip(1).position(|argument| argument == "-") {
        let error = Error::usage(format!(
            "a lone `-` after `{}`: the shell took the `>` of `->` for a redirection",
            arguments[at]
        ));
        return Err(error.help(
            "put the scenario in quotes ('create-pool -> delete-pool') or use commas (create-pool,delete-pool)",
        ));
    }
    let mut found = Loaded {
        name: String::new(),
        entries: Vec::new(),
        injected: Vec::new(),
        mistakes: Vec::new(),
        seed: None,
        from: None,
        every: None,
        pace: None,
        population: Vec::new(),
        texts: Vec::new(),
    };
    let mut loader = Loader::new(catalog, texts, settings);
    let mut names = Vec::new();
    let mut weighted = Vec::new();
    for argument in arguments {
        let Some(scenario) = loader.find(argument, None, &[])? else { continue };
        names.push(scenario.name.clone());
        found.seed = found.seed.or(scenario.seed.as_ref().map(|seed| seed.value));
        found.every = found.every.or(scenario.every.as_ref().map(|every| every.value));
        found.from = found.from.or(scenario.from.clone().map(|from| (from, Arc::clone(&scenario.source))));
        if let Body::Mix(mix) = &scenario.body {
            let source = Arc::clone(&scenario.source);
            found.pace = found.pace.take().or_else(|| mix.pace.clone());
            found.population.extend(mix.population.iter().map(|field| (field.clone(), Arc::clone(&source))));
            check_scenario_count(found.injected.len() + mix.inject.len())?;
            found.injected.extend(inject::of_mix(&mut loader, &scenario, now));
        }
        loader.flatten(scenario, 1.0, &mut weighted)?;
    }
    check_scenario_count(found.injected.len() + options.inject.len())?;
    found.injected.extend(inject::of_options(&mut loader, options, now)?);
    found.name = names.join(" + ");
    found.mistakes = loader.mistakes;
    found.texts = loader.taken;
    if found.mistakes.is_empty() {
        texts.check_all_used(&found.texts)?;
    }
    check_scenario_count(weighted.len() + found.injected.len())?;
    let most = weighted.iter().map(|(_, weight)| *weight).fold(0.0, f64::max);
    // A weight of 0 means never. The scenario keeps its index, so that the others do not change.
    let weight = |weight: f64| if weight > 0.0 { ((weight / most * WEIGHT) as u64).max(1) } else { 0 };
    found.entries = weighted.into_iter().map(|(scenario, share)| Entry { scenario, weight: weight(share) }).collect();
    Ok(found)
}

/// Loads one scenario without flattening it.
pub(super) fn one(catalog: &Catalog, argument: &str) -> Result<Scenario, Error> {
    let (mut settings, texts) = (Overrides::default(), SourceProvider::Machine);
    let mut loader = Loader::new(catalog, &texts, &mut settings);
    let found = loader.find(argument, None, &[])?;
    found.filter(|_| loader.mistakes.is_empty()).ok_or_else(|| loader.mistakes.into())
}
