//! Check that each fixed id stands for a single resource or principal.

use crate::{
    catalog::Catalog,
    error::Error,
    plan::{
        Starts, Timing,
        resolved::{Pin, ResolvedScenario},
    },
};
use std::collections::BTreeSet;

/// Rejects a fixed id that would stand for two, within a scenario, across scenarios, or across instances.
pub(super) fn check(catalog: &Catalog, scenarios: &[ResolvedScenario], timing: &Timing) -> Result<(), Error> {
    let once = matches!(timing.starts, Starts::Once | Starts::Instances(1)) && timing.schedule.is_none();
    let mut seen = BTreeSet::new();
    for scenario in scenarios {
        for resource in &scenario.resources {
            let id = catalog.kinds[resource.kind].id();
            let fixed = resource.pins.iter().find(|(field, _)| *field == id);
            let Some((_, Pin::Bytes(bytes))) = fixed else { continue };
            let shown = String::from_utf8_lossy(bytes);
            if !seen.insert((resource.kind, bytes.clone())) {
                let message = format!("two resources have the fixed id `{shown}`");
                return Err(Error::usage(message).help("give each a different `id`, or target the same one"));
            }
            if !once && scenario.injection.is_none() && resource.shared.is_none() {
                let message = format!(
                    "`{}` of `{}` has the fixed id `{shown}`, so the scenario can have only one instance",
                    resource.name, scenario.name
                );
                return Err(Error::usage(message).help("leave the `id` out, or run one instance: `--instances 1`; instances may share a resource that existed before and that they only read"));
            }
        }
        let mut people = BTreeSet::new();
        for actor in &scenario.actors {
            let id = catalog.kinds[actor.kind].id();
            let fixed = actor.pins.iter().find(|(field, _)| *field == id);
            if let Some((_, Some(bytes))) = fixed.filter(|(_, bytes)| !people.insert(bytes.clone())) {
                let message =
                    format!("two actors of `{}` have the id `{}`", scenario.name, String::from_utf8_lossy(bytes));
                return Err(
                    Error::usage(message).help("two actors are two people: let the steps of one name the same actor")
                );
            }
        }
    }
    Ok(())
}
