//! First step of planning: reads the scenarios of a run, with mixes flattened, and the injected ones.

use crate::{
    catalog::Catalog,
    clock,
    error::{Diagnostic, Error, Source},
    plan::Options,
    planner::{
        counts::Counts,
        inject,
        loader::{Loader, check_scenario_count},
        overrides::Overrides,
    },
    scenario::{Body, Field, Pace, Scenario},
    sources::{ScenarioSource, SourceProvider},
    units::{self, SECOND},
    yaml::Spanned,
};
use std::sync::Arc;

/// The scenarios of a run, and the settings in their files that apply to the whole run.
pub(super) struct Loaded {
    /// The name of the run.
    pub(crate) name: String,
    /// The scenarios with steps.
    pub(crate) entries: Vec<Entry>,
    /// The injected scenarios.
    pub(crate) injected: Vec<inject::Entry>,
    /// The overrides on the command line; those of parameters are marked as used.
    pub(crate) overrides: Overrides,
    /// The seed, if a file gives one.
    pub(crate) seed: Option<u64>,
    /// The start of event time, if a file gives one.
    pub(crate) from: Option<FileTime>,
    /// The time between starts of instances, if a file gives one.
    pub(crate) every: Option<u64>,
    /// The rate, if a mix gives one.
    pub(crate) pace: Option<Pace>,
    /// The size of the population in the catalog and the mixes.
    pub(crate) counts: Counts,
    /// The wall time that relative times refer to: a whole second, in nanoseconds since the Unix epoch.
    pub(crate) now: i64,
    /// All texts that were read.
    pub(crate) texts: Vec<ScenarioSource>,
    /// Mistakes in the form of the files, which the next step reports together with its own.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// A scenario and its weight.
pub(super) struct Entry {
    pub(crate) scenario: Scenario,
    pub(crate) weight: u64,
}

/// A time in a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileTime {
    /// Nanoseconds since the Unix epoch.
    pub(crate) time: i64,
    /// Whether it was written as relative to now.
    pub(crate) is_relative: bool,
}

/// Settings in files that apply to the whole run. The first file that has one determines it.
#[derive(Default)]
struct Settings {
    seed: Option<u64>,
    from: Option<(Spanned<String>, Arc<Source>)>,
    every: Option<u64>,
    pace: Option<Pace>,
    population: Vec<(Field, Arc<Source>)>,
}

/// The largest weight: a thousand scenarios of this weight do not overflow 64 bits.
const WEIGHT: f64 = 1_099_511_627_776.0;

impl Loaded {
    /// Loads the scenarios of a run; several arguments are a mix with equal weights.
    ///
    /// # Errors
    ///
    /// Arguments and overrides that cannot be read. Mistakes in files are part of the result.
    pub(super) fn new(catalog: &Catalog, options: &Options) -> Result<Loaded, Error> {
        let mut overrides = Overrides::parse(&options.set)?;
        check_arguments(&options.scenarios)?;
        let now = options.now.unwrap_or_else(clock::now).div_euclid(SECOND) * SECOND;
        let mut loader = Loader::new(catalog, &options.texts, &mut overrides);
        let (mut names, mut weighted, mut injected) = (Vec::new(), Vec::new(), Vec::new());
        let mut settings = Settings::default();
        for argument in &options.scenarios {
            let Some(scenario) = loader.find(argument, None, &[])? else { continue };
            names.push(scenario.name.clone());
            settings.add(&scenario);
            if let Body::Mix(mix) = &scenario.body {
                check_scenario_count(injected.len() + mix.inject.len())?;
                injected.extend(inject::from_mix(&mut loader, &scenario, now));
            }
            loader.flatten(scenario, 1.0, &mut weighted)?;
        }
        check_scenario_count(injected.len() + options.inject.len())?;
        injected.extend(inject::from_options(&mut loader, options, now)?);
        let Loader { mut diagnostics, taken: texts, .. } = loader;
        if diagnostics.is_empty() {
            options.texts.check_all_used(&texts)?;
        }
        check_scenario_count(weighted.len() + injected.len())?;
        let counts = Counts::read(catalog, &settings.population, &mut diagnostics)?;
        Ok(Loaded {
            name: names.join(" + "),
            entries: entries(weighted),
            injected,
            overrides,
            seed: settings.seed,
            from: settings.from(now, &mut diagnostics),
            every: settings.every,
            pace: settings.pace,
            counts,
            now,
            texts,
            diagnostics,
        })
    }
}

/// Loads one scenario without flattening it.
pub(super) fn one(catalog: &Catalog, argument: &str) -> Result<Scenario, Error> {
    let (mut overrides, texts) = (Overrides::default(), SourceProvider::Machine);
    let mut loader = Loader::new(catalog, &texts, &mut overrides);
    let found = loader.find(argument, None, &[])?;
    found.filter(|_| loader.diagnostics.is_empty()).ok_or_else(|| loader.diagnostics.into())
}

/// Rejects a run without scenarios, and an arrow that the shell has cut.
fn check_arguments(arguments: &[String]) -> Result<(), Error> {
    if arguments.is_empty() {
        return Err(Error::usage("no scenario is given").help("`falsetrail list` shows the shipped ones"));
    }
    let Some(at) = arguments.iter().skip(1).position(|argument| argument == "-") else { return Ok(()) };
    let message = format!("a lone `-` after `{}`: the shell took the `>` of `->` for a redirection", arguments[at]);
    Err(Error::usage(message)
        .help("put the scenario in quotes ('create-pool -> delete-pool') or use commas (create-pool,delete-pool)"))
}

/// The scenarios with their weights as integers.
fn entries(weighted: Vec<(Scenario, f64)>) -> Vec<Entry> {
    let most = weighted.iter().map(|(_, weight)| *weight).fold(0.0, f64::max);
    // A weight of 0 means never. The scenario keeps its index, so that the others do not change.
    let weight = |weight: f64| if weight > 0.0 { ((weight / most * WEIGHT) as u64).max(1) } else { 0 };
    weighted.into_iter().map(|(scenario, share)| Entry { scenario, weight: weight(share) }).collect()
}

impl Settings {
    fn add(&mut self, scenario: &Scenario) {
        let source = || Arc::clone(&scenario.source);
        self.seed = self.seed.or(scenario.seed.as_ref().map(|seed| seed.value));
        self.every = self.every.or(scenario.every.as_ref().map(|every| every.value));
        self.from = self.from.take().or_else(|| Some((scenario.from.clone()?, source())));
        if let Body::Mix(mix) = &scenario.body {
            self.pace = self.pace.take().or_else(|| mix.pace.clone());
            self.population.extend(mix.population.iter().map(|field| (field.clone(), source())));
        }
    }

    /// The start of event time. Mistakes in it are reported even if it is not used.
    fn from(&self, now: i64, diagnostics: &mut Vec<Diagnostic>) -> Option<FileTime> {
        let (text, source) = self.from.as_ref()?;
        match units::time(&text.value, now) {
            Ok(time) => Some(FileTime { time, is_relative: units::is_relative_time(&text.value) }),
            Err(diagnostic) => {
                let found = Diagnostic::new(source, text.span.clone(), diagnostic.message);
                diagnostics.push(found.help(diagnostic.help));
                None
            }
        }
    }
}
