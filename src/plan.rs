//! The plan of a run: scenarios, catalog and options, resolved and checked.
//!
//! Everything that can fail has failed before the first event. What comes out is immutable and shared: the
//! simulation ([`crate::stream`]) and the renderer ([`crate::render`]) only read it.

mod assemble;
mod check;
mod counts;
mod envelopes;
mod feasible;
mod find;
mod fixed_ids;
mod inject;
mod methods;
mod pins;
mod resolve;
mod sets;
mod spell;
mod timing;

use crate::{
    catalog::Catalog,
    emission::{Baker, Emission},
    error::{Diagnostic, Error},
    identity::{EventName, Identities, Tags},
    population::Population,
    scenario::{Body, Scenario},
    sink::Names,
    story::{Call, Operation, Outcome, Story},
    stream::Stream,
    template::Padded,
    texts::{ScenarioText, Texts},
    units::Rate,
    value::{Key, Skew},
};
use std::{path::PathBuf, sync::Arc};

pub(crate) use inject::divided as injection_parts;
pub use methods::check_methods;
pub use timing::{Starts, Timing};

/// What defines a run, as the command line or a test says it. Everything but `scenarios` may be left at its default.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Options {
    /// Names of shipped scenarios, paths, or stories in one line.
    pub scenarios: Vec<String>,
    /// A folder of templates, with or without a catalog.
    pub templates: Option<PathBuf>,
    /// The seed; drawn at random if neither this nor a scenario says one.
    pub seed: Option<u64>,
    /// Where event time begins: RFC 3339, a date, `now` or `-7d`.
    pub from: Option<String>,
    /// Where it ends.
    pub to: Option<String>,
    /// How long it is, in nanoseconds.
    pub duration: Option<u64>,
    /// Exactly so many events.
    pub events: Option<u64>,
    /// Exactly so many whole instances.
    pub instances: Option<u64>,
    /// So many events in every second (minute, …), in total.
    pub rate: Option<Rate>,
    /// Stages of a changing rate: nanoseconds, and the rate at their end; the first one starts from 0.
    pub stages: Vec<(u64, Rate)>,
    /// Stories at exact times, on top of the rest: `mass-deletion@+2h`, and behind the time `,label=positive` and
    /// `,deletes=4`.
    pub inject: Vec<String>,
    /// With a rate: begin with no story going on, instead of in the middle of life.
    pub cold_start: bool,
    /// A run with a rate and a beginning needs no end: it goes on for ever, or is only looked at.
    pub endless: bool,
    /// Nothing ends it unless another option does: instances start one after another, as in a live run. Needs a `from`.
    pub unbounded: bool,
    /// Nanoseconds between the starts of two instances; a second if neither this nor a scenario says otherwise.
    pub every: Option<u64>,
    /// Parameters, fields and identities: `deletes=4`, `pool.max_cfu=20`, `organization.id=…`.
    pub set: Vec<String>,
    /// Envelopes as printed in the documentation, incomplete ones too.
    pub as_documented: bool,
    /// What records are keyed by: a name of the catalog, `none` or `instance`.
    pub key: Option<String>,
    /// Whether it will be emitted at the pace of the wall clock: then it begins now and needs no end.
    pub live: bool,
    /// Where scenarios, catalog and templates are read from.
    pub texts: Texts,
    /// The wall time in nanoseconds since the Unix epoch, for times that are relative to it; now if `None`.
    pub now: Option<i64>,
}

/// A run, ready to be simulated.
#[derive(Debug)]
pub struct Plan {
    /// The audited system.
    pub catalog: Arc<Catalog>,
    /// What the run is called: its scenarios' names.
    pub name: String,
    /// The seed in force.
    pub seed: u64,
    /// Whether seed and beginning were given, so that what was asked for gives the same events whenever it is asked.
    pub is_repeatable: bool,
    /// Its stories: those of the mix, then those that are injected.
    pub stories: Vec<Story>,
    /// How many of them are not injected.
    pub background: usize,
    /// How often each story is told.
    pub weights: Skew,
    /// Where the choice among stories starts.
    pub pick: Key,
    /// When.
    pub timing: Timing,
    /// Its kinds of events.
    pub emissions: Vec<Emission>,
    /// Makers of ids.
    pub identities: Identities,
    /// Who and what existed before.
    pub population: Population,
    /// Texts that scenarios give.
    pub literals: Vec<Padded>,
    /// What records are keyed by.
    pub key: RecordKey,
    /// The texts of its scenarios.
    pub texts: Vec<ScenarioText>,
    /// Whether envelopes are as the documentation prints them, incomplete ones too.
    pub as_documented: bool,
}

/// What records are keyed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKey {
    /// Nothing.
    None,
    /// The instance: story and number.
    Instance,
    /// One of the catalog's keys.
    Catalog(usize),
}

impl Plan {
    /// Resolves and checks a run.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with what it is made of: [`Error::Input`] with places in files, [`Error::Usage`] for
    /// options that contradict each other.
    pub fn new(options: &Options) -> Result<Plan, Error> {
        let catalog = match (&options.texts, &options.templates) {
            (Texts::Run(run), _) => Catalog::of_run(run)?,
            (Texts::Machine, Some(folder)) => Catalog::load(folder)?,
            (Texts::Machine, None) => Catalog::built_in()?,
        };
        Self::with_catalog(&catalog, options)
    }

    /// The simulation of this run, from its first event.
    pub fn stream(&self) -> Stream<'_> {
        Stream::new(self)
    }

    /// How many events the run has: by simulating it, without rendering.
    pub fn count(&self) -> u64 {
        self.stream().run_through().0
    }

    /// The names behind the numbers in events.
    pub fn names(&self) -> Names {
        let mut outcomes = vec!["success".to_owned()];
        outcomes.extend(self.catalog.failures.iter().map(|failure| failure.name.clone()));
        Names {
            stories: self.stories.iter().map(|story| story.name.clone()).collect(),
            methods: self.catalog.methods.iter().map(|method| method.name.clone()).collect(),
            outcomes,
        }
    }

    /// Which event of this run has that id, or `None` if it is none of this run.
    pub fn event_of(&self, id: &str) -> Option<WhichEvent<'_>> {
        let name: EventName = self.identities.event_of(id.parse().ok()?)?;
        let story = self.stories.iter().find(|story| story.tag == name.story)?;
        let call = story.operations.iter().find_map(|operation| match operation {
            Operation::Call(call) if call.tag == name.step => Some(call),
            _ => None,
        })?;
        Some(WhichEvent { story: &story.name, instance: name.instance, step: &call.name, occurrence: name.occurrence })
    }

    fn bake(&mut self) -> Result<(), Error> {
        let record_key = match self.key {
            RecordKey::Catalog(key) => Some(key),
            _ => None,
        };
        let Plan { catalog, population, stories, emissions: all, as_documented, .. } = self;
        let mut baker = Baker::new(catalog, population, *as_documented, record_key);
        let mut mistakes: Vec<Diagnostic> = Vec::new();
        let mut listed = 0;
        for (number, story) in stories.iter_mut().enumerate() {
            for operation in 0..story.operations.len() {
                let Operation::Call(call) = &story.operations[operation] else { continue };
                let mut emissions = Vec::new();
                for failure in outcomes(catalog, call) {
                    match baker.emission(number as u16, story, operation, failure) {
                        Ok(emission) => {
                            listed += emission.snapshot.listed.len();
                            emissions.push((failure, all.len() as u32));
                            all.push(emission);
                        }
                        Err(found) => mistakes.extend(found),
                    }
                }
                if listed > MOST_LISTED {
                    return Err(too_many_listed(catalog, story, call));
                }
                let snapshots = emissions.iter().map(|(_, emission)| &all[*emission as usize].snapshot);
                let beside = snapshots.flat_map(|snapshot| snapshot.others.iter().chain(&snapshot.listed)).next();
                let beside = beside.map_or(0, |resource| story.resources[*resource].state_at);
                if let Operation::Call(call) = &mut story.operations[operation] {
                    (call.emissions, call.beside) = (emissions, beside as u32);
                }
            }
        }
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes.into()) }
    }
}

/// Resources that the lists of a run's calls show, each resource once for each call: preparing them takes the product of
/// both.
const MOST_LISTED: usize = 200_000;

fn too_many_listed(catalog: &Catalog, story: &Story, call: &Call) -> Error {
    let (method, story) = (&catalog.methods[call.method].short, shortened(&story.name));
    let message =
        format!("the calls of `{method}` in `{story}` list too many resources: in a run it may be 200,000 in all");
    Error::usage(message).help("declare them as one resource with a `count`, which counts once, or list less often")
}

/// The beginning of a name: that of a scenario in one line is the whole line.
fn shortened(name: &str) -> String {
    let mut shown: String = name.chars().take(60).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    shown
}

/// What an event id says of its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhichEvent<'p> {
    /// The story's name.
    pub story: &'p str,
    /// The instance of the story, from 0.
    pub instance: u64,
    /// The step: its `id`, or its method's short name (with `#2` for the second call of it, and so on).
    pub step: &'p str,
    /// Which turn of a repeated step, from 0.
    pub occurrence: u32,
}

/// The outcomes that a call may have.
pub(crate) fn outcomes(catalog: &Catalog, call: &crate::story::Call) -> Vec<Option<crate::catalog::FailureId>> {
    let lowers = call.lowers.map(|(failure, _)| Some(failure));
    match call.outcome {
        Outcome::Failure(failure) => vec![Some(failure)],
        Outcome::Success { insists: true } => vec![None],
        Outcome::Success { insists: false } => [None].into_iter().chain(lowers).collect(),
        Outcome::Auto => {
            let auto = crate::stream::automatic_failure(catalog, call.method);
            [None].into_iter().chain(auto.map(Some)).chain(lowers).collect()
        }
    }
}

/// What a scenario argument stands for, for `show`: the scenario, or the scenarios of a mix.
///
/// # Errors
///
/// As [`Plan::new`].
pub fn find_scenario(catalog: &Catalog, argument: &str) -> Result<Scenario, Error> {
    find::one(catalog, argument)
}

/// The same story with everything said that a scenario may leave out: actors, resources, targets, which failure.
/// A mix stays as it is.
///
/// # Errors
///
/// As [`Plan::new`].
pub fn spelled_out(catalog: &Catalog, scenario: &Scenario) -> Result<Scenario, Error> {
    let Body::Steps(_) = &scenario.body else { return Ok(scenario.clone()) };
    let population: Vec<u64> = catalog.kinds.iter().map(|kind| kind.population).collect();
    let (mut tags, mut literals, mut settings) = (Tags::default(), Vec::new(), sets::Settings::default());
    let mut around = resolve::Surroundings {
        catalog,
        population: &population,
        tags: &mut tags,
        literals: &mut literals,
        settings: &mut settings,
        values: Key::root(0),
    };
    let mut resolved = resolve::resolve(scenario, &scenario.name, &mut around)?;
    check::check(catalog, &mut resolved)?;
    Ok(spell::out(catalog, scenario, &resolved))
}

/// Whether a scenario is a mix.
pub fn is_mix(scenario: &Scenario) -> bool {
    matches!(scenario.body, Body::Mix(_))
}
