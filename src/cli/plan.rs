//! `falsetrail plan`: describes a run without emitting anything.

mod chart;
mod table;

use super::{
    generate::{Generate, Prepared},
    print,
};
use crate::{
    error::Error,
    forecast::{Forecast, ForecastOptions},
    sink::compress::Compression,
};
use clap::Args;
use std::num::NonZero;

/// Options of the forecast, and how it is shown.
#[derive(Args)]
#[command(after_help = "\
Examples:
  falsetrail plan busy-day -n 1M
  falsetrail plan office-week --from 2026-03-02 -d 7d -o week.ndjson.zst
  falsetrail plan busy-day --rate 500/s -d 1h --partitions 12
  falsetrail plan my-mix.yaml --seed 7 --json | jq .bytes")]
pub(super) struct Plan {
    #[command(flatten)]
    generate: Generate,

    /// Show how events would be divided among this number of partitions of a topic: by the CRC-32 of their keys, as librdkafka
    /// does by default. [default: those of `--create-topic`]
    #[arg(long, value_name = "N", help_heading = "Plan")]
    partitions: Option<NonZero<u32>>,

    /// Print the plan as one JSON document.
    #[arg(long, help_heading = "Plan")]
    json: bool,
}

pub(super) fn run(arguments: &Plan) -> Result<u8, Error> {
    let generate = &arguments.generate;
    let Prepared { plan, output, part, .. } = generate.prepare()?;
    let partitions = arguments.partitions.or_else(|| generate.partitions());
    let compression = output.path.as_deref().map(Compression::wanted).transpose()?.flatten();
    let options = ForecastOptions { part, format: output.format, compression, partitions, most: None };
    let forecast = Forecast::new(&plan, &options);
    let about = table::About { arguments: generate, plan: &plan, forecast: &forecast };
    print(&if arguments.json { about.json() } else { about.text() })?;
    Ok(0)
}
