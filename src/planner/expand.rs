//! Expansion of a scenario: writes out defaults, so that people can turn one line into a file.

use crate::{
    catalog::Catalog,
    plan::resolved::{Operation, Outcome, Owner, ResolvedScenario},
    scenario::{self, Body, Scenario, Step},
    yaml::Spanned,
};

/// The scenario with actors, resources, targets and failures written out.
pub(super) fn expanded(catalog: &Catalog, scenario: &Scenario, resolved: &ResolvedScenario) -> Scenario {
    let mut spelled = scenario.clone();
    for actor in &resolved.actors {
        if scenario.actors.iter().all(|written| written.name.value != actor.name) {
            let kind = Some(said(catalog.kinds[actor.kind].name.clone()));
            spelled.actors.push(scenario::Actor { name: said(actor.name.clone()), kind, pins: Vec::new() });
        }
    }
    for resource in &resolved.resources {
        if scenario.resources.iter().all(|written| written.name.value != resource.name) {
            let existing = !matches!(resource.owner, Owner::Instance { existing: false, .. });
            spelled.resources.push(scenario::Resource {
                name: said(resource.name.clone()),
                kind: Some(said(catalog.kinds[resource.kind].name.clone())),
                count: None,
                existing: existing.then(|| said(true)),
                fields: Vec::new(),
            });
        }
    }
    if let Body::Steps(steps) = &mut spelled.body {
        let mut calls = resolved.operations.iter().filter_map(|operation| match operation {
            Operation::Call(call) => Some(call),
            _ => None,
        });
        fill(catalog, resolved, steps, &mut calls);
    }
    spelled
}

/// Fills in the calls, which have the same order in the written and the resolved scenario.
fn fill<'a>(
    catalog: &Catalog,
    resolved: &ResolvedScenario,
    steps: &mut [Step],
    calls: &mut impl Iterator<Item = &'a crate::plan::resolved::Call>,
) {
    for step in steps {
        match step {
            Step::Choose(choose) => {
                for branch in &mut choose.branches {
                    fill(catalog, resolved, &mut branch.steps, calls);
                }
            }
            Step::Call(written) => {
                let Some(call) = calls.next() else { return };
                if written.target.is_none() && written.each.is_none() {
                    written.target = call.target.map(|target| said(resolved.resources[target].name.clone()));
                }
                if let (Some(outcome), Outcome::Failure(failure)) = (&mut written.outcome, call.outcome) {
                    outcome.value = scenario::Outcome::Named(catalog.failures[failure].name.clone());
                }
            }
        }
    }
}

/// A value that has no place in the text.
fn said<T>(value: T) -> Spanned<T> {
    Spanned::new(value, 0..0)
}
