//! What the options come to before anything is opened, for whoever runs it and for whoever only looks at it.

use super::{Generate, live, repeat};
use falsetrail::{error::Error, plan::Plan, run, run_file::RunFile, sink::Output, units::is_relative_time};
use std::num::NonZero;

/// What the options come to before anything is opened.
pub struct Prepared {
    pub plan: Plan,
    pub output: Output,
    pub part: run::Part,
    pub recorded: Option<RunFile>,
}

impl Generate {
    /// Resolves and checks the run.
    pub fn prepare(&self) -> Result<Prepared, Error> {
        self.refuse_urls()?;
        let skip = self.skip.unwrap_or(0);
        if let Some(first) = self.first.filter(|first| *first <= skip) {
            let message = format!("`--first {first}` leaves no events after `--skip {skip}`");
            return Err(Error::usage(message).help("both count from the beginning of the run: give a larger `--first`"));
        }
        let recorded = self.recorded()?;
        let mut plan = live::plan(self, recorded.as_ref())?;
        // A run file that is moved has a point in time, whatever was given.
        plan.is_repeatable &= !self.from.as_deref().is_some_and(is_relative_time);
        let output = self.output(&plan, recorded.as_ref());
        let only = self.kafka.only(&plan)?;
        let part = run::Part { skip, first: self.first, shard: self.shard, only };
        Ok(Prepared { plan, output, part, recorded })
    }

    /// How many partitions the topic is to have, if it may be made.
    pub fn partitions(&self) -> Option<NonZero<u32>> {
        self.kafka.partitions()
    }

    /// Whether events would go into a topic.
    pub fn has_topic(&self) -> bool {
        self.kafka.topic.is_some()
    }

    /// Seconds of event time in a second of wall time, if the run keeps to the clock.
    pub fn speed(&self) -> Option<f64> {
        self.pace.speed()
    }

    /// How many threads would render.
    pub fn threads(&self) -> usize {
        let machine = || std::thread::available_parallelism().map_or(1, NonZero::get);
        // A live run and librdkafka have one.
        if self.pace.is_live() || self.kafka.topic.is_some() {
            1
        } else {
            self.threads.map_or_else(machine, NonZero::get).min(run::MOST_THREADS)
        }
    }

    /// The command of the run with its seed and times.
    pub fn command(&self, plan: &Plan) -> String {
        // A live run begins when it is typed, which is later than now.
        let as_given = self.pace.is_live() && self.skip.is_none();
        let skip = self.skip.unwrap_or(0);
        repeat::command(self, plan, repeat::From { skip, live: true, as_given, list: true, ..repeat::From::default() })
    }
}
