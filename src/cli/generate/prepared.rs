//! What the options come to before anything is opened, for whoever runs it and for whoever only looks at it.

use super::{Generate, live, repeat};
use falsetrail::{error::Error, plan::Plan, run, run_file::RunFile, sink::Output};
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
        let recorded = self.recorded()?;
        let plan = live::plan(self, recorded.as_ref())?;
        let output = self.output(&plan, recorded.as_ref());
        let only = self.kafka.only(&plan)?;
        let part = run::Part { skip: self.skip.unwrap_or(0), shard: self.shard, only };
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
        repeat::command(self, plan, repeat::From { skip: self.skip.unwrap_or(0), append: false, live: true, end: None })
    }
}
