//! `--sweep`: runs a rule's command over variants of an attack, and finds where it stops firing.
//!
//! Many variants share a run, one after another and by different people, so that the command starts a few times only.
//! No run has two variants by one person: a rule that suppresses repeated alerts has to find both.

mod axis;
mod edges;
mod trial;

use super::{Score, print, report};
use crate::{
    catalog::Catalog,
    cli::generate::stop::Stop,
    error::{Error, did_you_mean, quoted},
    plan::{Options as RunOptions, Plan},
    units::{self, Rate, elapsed},
};
use axis::Axes;
use clap::Args;
use edges::Edge;
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Write,
    sync::{Arc, atomic::Ordering},
};
use trial::{Trial, Variant};

/// Options of a sweep.
#[derive(Args)]
pub(super) struct SweepOptions {
    /// Find where a rule stops finding an attack: run the rule's command over every combination of these parameters of
    /// the attack, such as `deletes=1..20,gap=1s..60s`. A range has steps of 1 in its unit, or says them:
    /// `deletes=10..100/10`.
    #[arg(long, value_name = "NAME=LOW..HIGH", requires = "command", conflicts_with_all = ["together", "label", "require"], help_heading = "Sweep")]
    sweep: Option<Axes>,

    /// How many fresh backgrounds each variant is tried on.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000), requires = "sweep", help_heading = "Sweep")]
    seeds: u32,

    /// The seed of the first background.
    #[arg(long, value_name = "S", default_value_t = 1, requires = "sweep", help_heading = "Sweep")]
    seed: u64,

    /// The scenario or workload around the attacks.
    #[arg(long, value_name = "SCENARIO", default_value = "busy-day", requires = "sweep", help_heading = "Sweep")]
    background: String,

    /// The rate of the background.
    #[arg(long, value_name = "RATE", value_parser = units::rate, default_value = "1/s", requires = "sweep", help_heading = "Sweep")]
    rate: Rate,

    /// The time between two attacks: more than the rule looks back.
    #[arg(long, value_name = "D", value_parser = units::duration, default_value = "15m", requires = "sweep", help_heading = "Sweep")]
    apart: u64,

    /// Where event time begins: RFC 3339 or a date.
    #[arg(long, value_name = "T", default_value = "2026-01-05T08:00:00Z", requires = "sweep", help_heading = "Sweep")]
    from: String,
}

impl SweepOptions {
    pub(super) fn is_given(&self) -> bool {
        self.sweep.is_some()
    }
}

/// Variants that share a run at most.
const BATCH: usize = 40;

const SECOND: u64 = 1_000_000_000;

/// An attack and its variants.
struct Attack {
    scenario: String,
    variants: Vec<Outcome>,
}

/// In how many runs a variant was found.
struct Outcome {
    values: Vec<String>,
    length: u64,
    runs: u32,
    found: u32,
}

/// False alarms of the rule in one run.
#[derive(Default)]
struct Cost {
    total: u64,
    out_of: u64,
    seconds: f64,
    runs: u64,
    by_scenario: BTreeMap<String, u64>,
}

pub(super) fn run(arguments: &Score) -> Result<u8, Error> {
    let Some(axes) = &arguments.sweep.sweep else { return Ok(2) };
    let stop = Stop::new(Arc::default())?;
    let catalog = Catalog::built_in()?;
    let mut attacks = Vec::new();
    for input in &arguments.inputs {
        attacks.push(Attack::new(&catalog, &input.to_string_lossy(), axes, arguments)?);
    }
    let mut cost = Cost::default();
    let trial = Trial::new(arguments, &catalog)?;
    for seed in 0..arguments.sweep.seeds {
        let all =
            attacks.iter().enumerate().flat_map(|(attack, of)| (0..of.variants.len()).map(move |at| (attack, at)));
        let mut waiting: VecDeque<(usize, usize)> = all.collect();
        for round in 0.. {
            if waiting.is_empty() {
                break;
            }
            if stop.requested.load(Ordering::Relaxed) {
                super::say("error: stopped before the sweep was over, so there is no edge\n");
                return Ok(stop.exit_code());
            }
            let batch: Vec<(usize, usize)> = waiting.drain(..waiting.len().min(BATCH)).collect();
            let variants: Vec<Variant> = batch
                .iter()
                .map(|(attack, variant)| {
                    let outcome = &attacks[*attack].variants[*variant];
                    Variant::new(&attacks[*attack].scenario, axes, &outcome.values, outcome.length)
                })
                .collect();
            // Every run has another seed, so that no background is seen twice.
            let seed = arguments.sweep.seed + u64::from(seed) + round * u64::from(arguments.sweep.seeds);
            let result = trial.run(&variants, seed)?;
            for ((attack, variant), found) in batch.into_iter().zip(&result.found) {
                let outcome = &mut attacks[attack].variants[variant];
                match found {
                    Some(found) => {
                        outcome.runs += 1;
                        outcome.found += u32::from(*found);
                    }
                    None => waiting.push_back((attack, variant)),
                }
            }
            cost.add(&result);
        }
    }
    arguments.write_summary(&document(arguments, axes, &attacks, &cost))?;
    if !arguments.quiet {
        print(&text(arguments, axes, &attacks, &cost))?;
    }
    Ok(0)
}

impl Attack {
    fn new(catalog: &Arc<Catalog>, scenario: &str, axes: &Axes, arguments: &Score) -> Result<Self, Error> {
        let plan = |set: Vec<String>| {
            let options = RunOptions {
                scenarios: vec![scenario.to_owned()],
                seed: Some(arguments.sweep.seed),
                from: Some(arguments.sweep.from.clone()),
                set,
                ..RunOptions::default()
            };
            Plan::with_catalog(catalog, &options)
        };
        let written = plan(Vec::new())?;
        let [resolved] = written.scenarios.as_slice() else {
            return Err(Error::usage(format!("{} is a workload, and a sweep needs an attack", quoted(scenario)))
                .help("name a scenario with `params`, and the workload by `--background`"));
        };
        let known: Vec<&str> = resolved.params.iter().map(|(name, _)| name.as_str()).collect();
        if let Some(unknown) = axes.names().find(|name| !known.contains(name)) {
            let error = Error::usage(format!("{} has no parameter {}", quoted(scenario), quoted(unknown)));
            return Err(match known.as_slice() {
                [] => error
                    .help("give it `params`, and write `$name` where a value stands: see `falsetrail help scenarios`"),
                _ => error.help(did_you_mean(unknown, known.iter().copied())),
            });
        }
        let mut variants = Vec::new();
        for values in axes.combinations() {
            let set = axes.names().zip(&values).map(|(name, value)| format!("{name}={value}")).collect();
            let plan = plan(set)?;
            let last = plan.stream().run_through().1.unwrap_or(plan.timing.from);
            variants.push(Outcome { values, length: elapsed(plan.timing.from, last), runs: 0, found: 0 });
        }
        Ok(Attack { scenario: scenario.to_owned(), variants })
    }

    fn edges(&self, axes: &Axes) -> Vec<Edge> {
        let outcomes: Vec<_> = self.variants.iter().map(|variant| (variant.found, variant.runs)).collect();
        edges::find(axes, &outcomes)
    }
}

impl Cost {
    fn add(&mut self, result: &trial::TrialResult) {
        self.runs += 1;
        self.total += result.false_alarms.total;
        self.out_of += result.false_alarms.out_of.unwrap_or_default();
        self.seconds += result.seconds;
        for (scenario, count) in &result.false_alarms.by_scenario {
            *self.by_scenario.entry(scenario.clone()).or_default() += count;
        }
    }

    fn a_day(&self) -> f64 {
        self.total as f64 * 86_400.0 / self.seconds.max(1.0)
    }

    /// Scenarios that caused false alarms, the most frequent first.
    fn causes(&self) -> Vec<(&str, u64)> {
        let mut causes: Vec<_> = self.by_scenario.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        causes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        causes
    }
}

fn text(arguments: &Score, axes: &Axes, attacks: &[Attack], cost: &Cost) -> String {
    let mut text = String::new();
    for attack in attacks {
        let _ = writeln!(
            text,
            "{}: {} variants, each in {} runs on {} at {}",
            attack.scenario,
            attack.variants.len(),
            arguments.sweep.seeds,
            arguments.sweep.background,
            arguments.sweep.rate
        );
        text.push_str(&edges::table(axes, &attack.edges(axes)));
    }
    let false_alarms = units::format_count(cost.total);
    let _ = writeln!(
        text,
        "false alarms: {false_alarms} of {} instances ({} a day)",
        units::format_count(cost.out_of),
        report::rounded(cost.a_day())
    );
    for (scenario, count) in cost.causes() {
        let _ = writeln!(text, "  {} of {false_alarms} are {scenario}", units::format_count(count));
    }
    text
}

fn document(arguments: &Score, axes: &Axes, attacks: &[Attack], cost: &Cost) -> Value {
    let attacks: Vec<Value> = attacks
        .iter()
        .map(|attack| {
            let variant = |outcome: &Outcome| {
                json!({ "params": axes.params(&outcome.values), "runs": outcome.runs, "found": outcome.found })
            };
            json!({
                "scenario": attack.scenario,
                "variants": attack.variants.iter().map(variant).collect::<Vec<_>>(),
                "edges": attack.edges(axes).iter().map(|edge| edge.json(axes)).collect::<Vec<_>>(),
            })
        })
        .collect();
    let by_scenario: Map<String, Value> =
        cost.causes().into_iter().map(|(name, count)| (name.to_owned(), json!(count))).collect();
    json!({
        "version": crate::score::VERSION,
        "falsetrail": env!("CARGO_PKG_VERSION"),
        "background": arguments.sweep.background,
        "rate": arguments.sweep.rate.to_string(),
        "seed": arguments.sweep.seed,
        "seeds": arguments.sweep.seeds,
        "runs_of_the_command": cost.runs,
        "sweep": attacks,
        "false_alarms": {
            "total": cost.total,
            "a_day": cost.a_day(),
            "out_of": cost.out_of,
            "by_scenario": by_scenario,
        },
    })
}
