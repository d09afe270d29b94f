//! Library API: a builder for runs, and an iterator over their events.

use crate::{
    bytes::Chunk,
    error::Error,
    plan::{Options, Plan},
    render::Renderer,
    run_file::RunFile,
    simulation::Stream,
};

/// Builder of a run; see the crate's documentation.
#[derive(Debug, Clone, Default)]
#[must_use = "a description does nothing until it is planned"]
pub struct Run {
    options: Options,
}

impl Run {
    /// A run of one scenario: a shipped name, a path that ends in `.yaml`, or an inline scenario.
    pub fn new(scenario: impl Into<String>) -> Self {
        Run { options: Options { scenarios: vec![scenario.into()], ..Options::default() } }
    }

    /// The run described by a file that `--write-run` wrote. No other file is read.
    ///
    /// # Errors
    ///
    /// As [`RunFile::read`].
    pub fn from_file(path: impl AsRef<std::path::Path>) -> Result<Self, Error> {
        Ok(Run { options: RunFile::read(path)?.options })
    }

    /// Sets the seed; by default it is random.
    pub fn seed(mut self, seed: u64) -> Self {
        self.options.seed = Some(seed);
        self
    }

    /// Sets the start: RFC 3339, a date, or relative to now.
    pub fn from(mut self, time: impl Into<String>) -> Self {
        self.options.from = Some(time.into());
        self
    }

    /// Sets the exact number of events; by default, the scenario runs once.
    pub fn events_limit(mut self, events: u64) -> Self {
        self.options.events = Some(events);
        self
    }

    /// Sets the exact number of whole instances.
    pub fn instances(mut self, instances: u64) -> Self {
        self.options.instances = Some(instances);
        self
    }

    /// Overrides a parameter, field or identity, like `--set`: `pool.max_cfu=20`.
    pub fn set(mut self, setting: impl Into<String>) -> Self {
        self.options.set.push(setting.into());
        self
    }

    /// Changes any other option of the command line.
    ///
    /// ```
    /// let rate: falsetrail::Rate = "500/s".parse()?;
    /// let run = falsetrail::Run::new("busy-day").seed(7).from("2026-01-05T08:00:00Z").events_limit(1_000);
    /// let plan = run.with(|options| options.rate = Some(rate)).plan()?;
    /// let within = |event: &falsetrail::GeneratedEvent| event.time < 1_767_600_001_000_000_000;
    /// assert_eq!(plan.events().filter(within).count(), 500);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// Resolves and checks the run.
    ///
    /// # Errors
    ///
    /// As [`Plan::new`].
    pub fn plan(&self) -> Result<Plan, Error> {
        Plan::new(&self.options)
    }
}

/// One rendered event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedEvent<'p> {
    /// The `CloudEvents` body: compact JSON.
    pub body: Vec<u8>,
    /// The method's name, such as `CreateComputePool`.
    pub method: &'p str,
    /// `success`, or the failure's name.
    pub outcome: &'p str,
    /// Event time in nanoseconds since the Unix epoch.
    pub time: i64,
    /// Name of the scenario in the run.
    pub scenario: &'p str,
    /// Number of the instance within its scenario, from 0.
    pub instance: u64,
    /// Number of the step in the scenario, from 0.
    pub step: u16,
    /// Position in the run, from 0.
    pub number: u64,
}

/// The events of a plan, in the order of event time.
#[derive(Debug)]
pub struct Events<'p> {
    plan: &'p Plan,
    stream: Stream<'p>,
    renderer: Renderer<'p>,
    slots: Vec<u64>,
    chunk: Chunk,
}

impl Plan {
    /// Iterates over all events of the run, rendered to the same bytes that any sink gets.
    pub fn events(&self) -> Events<'_> {
        Events {
            plan: self,
            stream: self.stream(),
            renderer: Renderer::new(self),
            slots: Vec::new(),
            chunk: Chunk::default(),
        }
    }
}

impl<'p> Iterator for Events<'p> {
    type Item = GeneratedEvent<'p>;

    fn next(&mut self) -> Option<Self::Item> {
        self.slots.clear();
        self.chunk.clear();
        let record = self.stream.next(&mut self.slots)?;
        self.renderer.render(&record, &self.slots, &mut self.chunk);
        let event = self.chunk.events.first()?;
        let catalog = &self.plan.catalog;
        let failure = usize::from(event.outcome).checked_sub(1);
        Some(GeneratedEvent {
            body: self.chunk.body(event).to_vec(),
            method: &catalog.methods[usize::from(event.method)].name,
            outcome: failure.map_or("success", |failure| catalog.failures[failure].name.as_str()),
            time: event.time,
            scenario: &self.plan.scenarios[usize::from(event.scenario)].name,
            instance: event.instance,
            step: event.step,
            number: event.number,
        })
    }
}
