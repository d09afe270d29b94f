//! Options for observing a run: progress, metrics, and a summary for machines.

use super::{Generate, progress::ProgressName};
use crate::{plan::Plan, units};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
#[command(next_help_heading = "Watching")]
pub(super) struct WatchOptions {
    /// How the run says on standard error how far it is: events, rate now and target, bytes, the time that is left, and
    /// for Kafka what is in flight, acknowledged and failed.
    #[arg(long, value_enum, value_name = "HOW", default_value_t = ProgressName::Auto)]
    pub(crate) progress: ProgressName,

    /// How often a line says so. [default: 10s]
    #[arg(long, value_name = "D", value_parser = units::duration)]
    pub(crate) progress_every: Option<u64>,

    /// Write the summary as a JSON document. It is there before the first event and replaced about once a second, so
    /// that a run that was killed has left how to repeat it and how far it was: see `falsetrail help summary`.
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,

    /// Serve metrics for Prometheus at `http://ADDR/metrics` while the run lasts: PORT (of this machine alone) or
    /// HOST:PORT; port 0 takes a free one, and standard error says which. See `falsetrail help metrics`.
    #[arg(long, value_name = "ADDR")]
    pub(crate) metrics: Option<String>,
}

/// The displays and servers that observe a run until it is over.
pub(super) struct Watching {
    progress: Option<super::progress::ProgressDisplay>,
    metrics: Option<super::metrics::Metrics>,
}

impl Generate {
    /// Starts observing a run, as the options request.
    pub(super) fn watching(
        &self,
        plan: &Plan,
        part: &crate::run::Slice,
        watch: &std::sync::Arc<crate::run::Counters>,
    ) -> Result<Watching, crate::error::Error> {
        let ahead = super::progress::RunFacts::new(plan, part, self.pace.speed());
        let metrics = match &self.watch.metrics {
            Some(address) => super::metrics::Metrics::serve(address, plan, ahead.clone(), watch, self.quiet)?,
            None => None,
        };
        Ok(Watching { progress: super::progress::ProgressDisplay::begin(self, ahead, watch), metrics })
    }
}

impl Watching {
    /// Stops observing; the run is over.
    pub(super) fn finish(self) {
        if let Some(progress) = self.progress {
            progress.finish();
        }
        if let Some(metrics) = self.metrics {
            metrics.finish();
        }
    }
}
