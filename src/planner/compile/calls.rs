//! Compiles every call of a run, with an event kind for each outcome that it may have.

use crate::{
    catalog::{Catalog, FailureId, automatic_failure},
    error::{Diagnostic, Error},
    plan::{
        CompiledCall,
        event_kind::EventKind,
        resolved::{Call, Operation, Outcome, ResolvedScenario},
    },
    planner::compile::EventKindCompiler,
};

/// The compiled calls of a run.
#[derive(Default)]
pub(crate) struct CompiledCalls {
    /// Event kinds of all calls.
    pub(crate) event_kinds: Vec<EventKind>,
    /// By scenario and operation.
    pub(crate) calls: Vec<Box<[CompiledCall]>>,
}

/// The most resources that the lists of a run may show, counted once for each call that lists them: compiling takes
/// time proportional to this number.
const MOST_LISTED: usize = 200_000;

impl CompiledCalls {
    /// Compiles the calls of all scenarios.
    ///
    /// # Errors
    ///
    /// Mistakes in the templates of their methods, and lists that show too many resources.
    pub(crate) fn new(
        catalog: &Catalog,
        scenarios: &[ResolvedScenario],
        compiler: &mut EventKindCompiler<'_>,
    ) -> Result<CompiledCalls, Error> {
        let mut all = CompiledCalls::default();
        let mut diagnostics: Vec<Diagnostic> = Vec::new();
        let mut listed = 0;
        for (number, scenario) in scenarios.iter().enumerate() {
            let mut calls = Vec::with_capacity(scenario.operations.len());
            for (index, operation) in scenario.operations.iter().enumerate() {
                let Operation::Call(call) = operation else {
                    calls.push(CompiledCall::default());
                    continue;
                };
                let first = all.event_kinds.len();
                for failure in outcomes(catalog, call) {
                    match compiler.event_kind(number as u16, scenario, index, failure) {
                        Ok(event_kind) => all.event_kinds.push(event_kind),
                        Err(found) => diagnostics.extend(found),
                    }
                }
                let event_kinds = &all.event_kinds[first..];
                listed += event_kinds.iter().map(|event_kind| event_kind.snapshot.listed.len()).sum::<usize>();
                if listed > MOST_LISTED {
                    return Err(too_many_listed(catalog, scenario, call));
                }
                calls.push(CompiledCall {
                    event_kinds: first as u32..all.event_kinds.len() as u32,
                    beside: beside(scenario, event_kinds),
                });
            }
            all.calls.push(calls.into());
        }
        if diagnostics.is_empty() { Ok(all) } else { Err(diagnostics.into()) }
    }
}

/// Offset of the state of the first resource, other than its target, that a call's events show.
fn beside(scenario: &ResolvedScenario, event_kinds: &[EventKind]) -> u32 {
    let snapshots = event_kinds.iter().map(|event_kind| &event_kind.snapshot);
    let beside = snapshots.flat_map(|snapshot| snapshot.others.iter().chain(&snapshot.listed)).next();
    beside.map_or(0, |resource| scenario.resources[*resource].state_at as u32)
}

/// The possible outcomes of a call.
fn outcomes(catalog: &Catalog, call: &Call) -> Vec<Option<FailureId>> {
    let lowers = call.lowers.map(|(failure, _)| Some(failure));
    match call.outcome {
        Outcome::Failure(failure) => vec![Some(failure)],
        Outcome::Success { insists: true } => vec![None],
        Outcome::Success { insists: false } => [None].into_iter().chain(lowers).collect(),
        Outcome::Auto => {
            let auto = automatic_failure(catalog, call.method);
            [None].into_iter().chain(auto.map(Some)).chain(lowers).collect()
        }
    }
}

fn too_many_listed(catalog: &Catalog, scenario: &ResolvedScenario, call: &Call) -> Error {
    let (method, scenario) = (&catalog.methods[call.method].short, shortened(&scenario.name));
    let message =
        format!("the calls of `{method}` in `{scenario}` list too many resources: in a run it may be 200,000 in all");
    Error::usage(message).help("declare them as one resource with a `count`, which counts once, or list less often")
}

/// The first 60 characters of a scenario's name, which for the one-line form is the whole line.
fn shortened(name: &str) -> String {
    let mut shown: String = name.chars().take(60).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    shown
}
