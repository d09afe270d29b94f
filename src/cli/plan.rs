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
    units::Rate,
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
  falsetrail plan busy-day --gb-per-day 50
  falsetrail plan my-mix.yaml --seed 7 --json | jq .bytes")]
pub(super) struct Plan {
    #[command(flatten)]
    generate: Generate,

    /// Plan the run at the rate that comes to this many gigabytes of events a day (10⁹ bytes of compact bodies, as a
    /// SIEM's licence counts them), such as `50` or `0.5`. The printed command has the rate. Without an end the run
    /// lasts a day.
    #[arg(long, value_name = "GB", value_parser = gigabytes, allow_negative_numbers = true, conflicts_with_all = ["rate", "stage", "every", "instances", "run"], help_heading = "Plan")]
    gb_per_day: Option<f64>,

    /// Show how events would be divided among this number of partitions of a topic: by the CRC-32 of their keys, as librdkafka
    /// does by default. [default: those of `--create-topic`]
    #[arg(long, value_name = "N", help_heading = "Plan")]
    partitions: Option<NonZero<u32>>,

    /// Print the plan as one JSON document.
    #[arg(long, help_heading = "Plan")]
    json: bool,
}

pub(super) fn run(mut arguments: Plan) -> Result<u8, Error> {
    if let Some(gigabytes) = arguments.gb_per_day {
        pace_for(&mut arguments.generate, gigabytes)?;
    }
    let generate = &arguments.generate;
    let Prepared { plan, output, part, .. } = generate.prepare()?;
    let partitions = arguments.partitions.or_else(|| generate.partitions());
    let compression = output.path.as_deref().map(Compression::wanted).transpose()?.flatten();
    let options = ForecastOptions { part, format: output.format, compression, partitions, most: None };
    let forecast = Forecast::new(&plan, &options);
    let gb_per_day = arguments.gb_per_day;
    let about = table::About { arguments: generate, plan: &plan, forecast: &forecast, gb_per_day };
    print(&if arguments.json { about.json() } else { about.text() })?;
    Ok(0)
}

const DAY_SECONDS: f64 = 86_400.0;

/// The most events simulated to learn their mean size.
const SAMPLE: u64 = 100_000;

/// The size of an event, to within some factor.
const USUAL_BYTES: f64 = 2_000.0;

/// Gives the run the rate at which it has this many gigabytes of events a day.
fn pace_for(generate: &mut Generate, gigabytes: f64) -> Result<(), Error> {
    let at = |bytes: f64| gigabytes * 1e9 / DAY_SECONDS / bytes;
    // The mean size of an event does not depend on the rate, so any rate will do to learn it.
    generate.set_rate(Rate::from_per_second(at(USUAL_BYTES).clamp(1.0, 5_000.0)));
    let Prepared { plan, .. } = generate.prepare()?;
    let forecast = Forecast::new(&plan, &ForecastOptions { most: Some(SAMPLE), ..ForecastOptions::default() });
    let per_second = at(forecast.bytes_per_event.max(1.0));
    if per_second > Rate::HIGHEST.per_second() {
        let message = format!("{gigabytes} GB a day would be {per_second:.0} events a second");
        return Err(Error::usage(message).help("the highest rate is `10M/s`: ask for fewer gigabytes"));
    }
    generate.set_seed(plan.seed);
    generate.set_rate(Rate::from_per_second(per_second));
    Ok(())
}

/// Parses a number of gigabytes a day.
fn gigabytes(text: &str) -> Result<f64, String> {
    let gigabytes: Option<f64> = text.trim().parse().ok();
    // The lowest rate is an event in three years.
    let right = gigabytes.filter(|gigabytes| gigabytes.is_finite() && *gigabytes >= 1e-6);
    right.ok_or_else(|| "write a number of gigabytes (10⁹ bytes) without a unit, such as `50` or `0.5`".to_owned())
}
