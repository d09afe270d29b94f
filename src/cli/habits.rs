//! The habits of a run's principals, as `show` and `plan` display them.

use crate::population::Population;
use serde_json::{Value, json};

/// A habit: its name, its share, and its meaning.
pub(super) type Habit = (&'static str, String, &'static str);

/// From how many addresses each principal acts.
pub(super) fn addresses(population: &Population) -> String {
    match population.roaming {
        Some(roaming) => format!("each from {} addresses", roaming.addresses),
        None => "each from a different address".to_owned(),
    }
}

/// The habits that the population has.
pub(super) fn habits(population: &Population) -> Vec<Habit> {
    let roaming = population.roaming.map(|roaming| roaming.share);
    let hours = population.hours.as_ref().map(|hours| hours.share);
    let bursts = population.bursts.map(|bursts| bursts.share);
    let all = [
        ("roaming", roaming, "of instances: the actor is away from its usual address"),
        ("odd hours", hours, "of instances: the actor is outside of its ten usual hours"),
        ("bursts", bursts, "of instances: in a row with others by the same actor"),
    ];
    let shown = |(name, share, meaning): (_, Option<u64>, _)| Some((name, percent(share?), meaning));
    all.into_iter().filter_map(shown).collect()
}

/// The habits as JSON; null for those that the population lacks.
pub(super) fn json(population: &Population) -> Value {
    json!({
        "addresses": population.roaming.map_or(1, |roaming| roaming.addresses),
        "roaming": population.roaming.map(|roaming| part(roaming.share)),
        "odd_hours": population.hours.as_ref().map(|hours| part(hours.share)),
        "bursts": population.bursts.map(|bursts| part(bursts.share)),
    })
}

fn percent(share: u64) -> String {
    format!("{} %", (part(share) * 1_000.0).round() / 10.0)
}

/// A share times 2⁶⁴ as a part of 1, without the digits that rounding has added.
fn part(share: u64) -> f64 {
    (share as f64 / 2_f64.powi(64) * 1e9).round() / 1e9
}
