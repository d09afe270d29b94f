//! Prepares a run without opening anything, for `generate`, which runs it, and for `plan`, which only describes it.

use super::{
    Generate,
    live::{self, Planned, Start},
    repeat,
};
use crate::{
    error::Error,
    plan::Plan,
    run,
    run_file::RunFile,
    sink::Output,
    units::{DAY, Rate, is_relative_time},
};
use std::num::NonZero;

/// A prepared run: its plan and the part to emit.
pub(crate) struct Prepared {
    pub(crate) plan: Plan,
    /// Whether seed and start were given, so that the same command always generates the same events.
    pub(crate) is_repeatable: bool,
    pub(crate) output: Output,
    pub(crate) part: run::Slice,
    pub(crate) recorded: Option<RunFile>,
}

impl Generate {
    /// Resolves and checks the run.
    pub(crate) fn prepare(&self) -> Result<Prepared, Error> {
        self.refuse_urls()?;
        let skip = self.skip.unwrap_or(0);
        if let Some(first) = self.first.filter(|first| *first <= skip) {
            let message = format!("`--first {first}` leaves no events after `--skip {skip}`");
            return Err(Error::usage(message).help("both count from the beginning of the run: give a larger `--first`"));
        }
        let recorded = self.recorded()?;
        let Planned { plan, start } = live::plan(self, recorded.as_ref())?;
        // `--from` gives the run file an absolute time, so the plan cannot tell whether the user gave a relative one.
        let is_relative = self.content.options.from.as_deref().is_some_and(is_relative_time);
        let is_repeatable = plan.is_repeatable && start == Start::AsGiven && !is_relative;
        let output = self.output(&plan, recorded.as_ref());
        self.in_place.refuse(self, &plan, &output)?;
        let only = self.kafka.only(&plan)?;
        let part = run::Slice { skip, first: self.first, shard: self.shard, only };
        Ok(Prepared { plan, is_repeatable, output, part, recorded })
    }

    /// Gives the run a rate and, if it has no end, a length of a day.
    pub(crate) fn set_rate(&mut self, rate: Rate) {
        let options = &mut self.content.options;
        options.rate = Some(rate);
        let has_length = options.events.is_some() || options.duration.is_some() || self.first.is_some();
        if !has_length && (options.from.is_none() || options.to.is_none()) && !self.pace.is_live() {
            options.duration = Some(DAY as u64);
        }
    }

    /// Gives the run a seed.
    pub(crate) fn set_seed(&mut self, seed: u64) {
        self.content.options.seed = Some(seed);
    }

    /// The number of partitions of a topic that may have to be created.
    pub(crate) fn partitions(&self) -> Option<NonZero<u32>> {
        self.kafka.partitions()
    }

    /// Whether events are sent to a topic.
    pub(crate) fn has_topic(&self) -> bool {
        self.kafka.topic.is_some()
    }

    /// Seconds of event time in a second of wall time, for a live run.
    pub(crate) fn speed(&self) -> Option<f64> {
        self.pace.speed()
    }

    /// The number of threads that render.
    pub(crate) fn threads(&self) -> usize {
        let machine = || std::thread::available_parallelism().map_or(1, NonZero::get);
        // A live run has one thread, and so does a run into Kafka.
        if self.pace.is_live() || self.kafka.topic.is_some() {
            1
        } else {
            self.threads.map_or_else(machine, NonZero::get).min(run::MOST_THREADS)
        }
    }

    /// The command that repeats the run, with its seed and times.
    pub(crate) fn command(&self, plan: &Plan) -> String {
        // A live run begins when its command is entered, which is later than now.
        let as_given = self.pace.is_live() && self.skip.is_none();
        let skip = self.skip.unwrap_or(0);
        repeat::command(self, plan, repeat::From { skip, live: true, as_given, list: true, ..repeat::From::default() })
    }
}
