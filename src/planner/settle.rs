//! Feasibility check of a scenario's steps: proves over all branches that each step is possible.
//!
//! A data-flow analysis in one forward pass, because operations only jump forwards. It tracks what may be true of each
//! resource: whether it is absent, live or deleted, and which of a field's choices it may have. The pass also decides
//! which failure `-failure` stands for, and which choices may not be drawn initially so that a failure is possible.

mod facts;
mod impossible;

use crate::{
    catalog::{Catalog, Effect, FailureId, Generator, Precondition},
    error::Diagnostic,
    plan::resolved::{Asked, Call, Initial, Operation, Outcome, Pin, Reference, ResolvedScenario, TurnCount},
    planner::resolve::Resolved,
    scenario,
    value::WeightedIndex,
};
use facts::{ABSENT, Choices, Facts, GONE, LIVE};
use std::collections::{HashMap, HashSet};

/// Proves that every step of a scenario is possible. Returns it with the outcomes of its calls decided, and with initial
/// values that make them possible.
///
/// # Errors
///
/// Every step that is impossible on some branch.
pub(super) fn settle(catalog: &Catalog, mut resolved: Resolved) -> Result<ResolvedScenario, Vec<Diagnostic>> {
    let asked = asked_words(&resolved);
    // A constraint on an initial draw may change later facts: repeat until a fixed point is reached.
    for _ in 0..=resolved.scenario.resources.len() * 8 {
        let mut pass = Pass::new(catalog, &resolved, &asked);
        pass.run(0);
        let Pass { diagnostics, outcomes, constraints, .. } = pass;
        if !diagnostics.is_empty() {
            return Err(diagnostics);
        }
        for (operation, outcome) in outcomes {
            if let Operation::Call(call) = &mut resolved.scenario.operations[operation] {
                call.outcome = outcome;
            }
        }
        if !constrain(catalog, &mut resolved, &constraints) {
            break;
        }
    }
    Ok(resolved.scenario)
}

/// The lowest and highest choice that may be drawn initially for a field.
struct Constraint {
    resource: usize,
    slot: usize,
    low: u64,
    high: u64,
}

/// Applies the constraints to the initial draws; returns whether anything changed.
fn constrain(catalog: &Catalog, resolved: &mut Resolved, constraints: &[Constraint]) -> bool {
    let mut changed = false;
    for constraint in constraints {
        let resource = &mut resolved.scenario.resources[constraint.resource];
        let kind = &catalog.kinds[resource.kind];
        let Generator::Choose { counts, .. } = &kind.fields[kind.changing[constraint.slot]].generator else { continue };
        let allowed = |choice: usize| (constraint.low..=constraint.high).contains(&(choice as u64));
        let before = match &resource.initial[constraint.slot] {
            Initial::Drawn(weights) => weights.clone(),
            _ => continue,
        };
        let kept: Vec<u64> = counts
            .iter()
            .enumerate()
            .map(|(choice, count)| if allowed(choice) && before.draws(choice) { *count } else { 0 })
            .collect();
        if (0..counts.len()).any(|choice| before.draws(choice) && kept[choice] == 0)
            && let Some(weights) = WeightedIndex::weighted(&kept)
        {
            resource.initial[constraint.slot] = Initial::Drawn(weights);
            changed = true;
        }
    }
    changed
}

struct Pass<'a> {
    catalog: &'a Catalog,
    resolved: &'a Resolved,
    /// The facts of each resource at the current operation.
    facts: Vec<Facts>,
    /// For each open branch, outermost first: the earlier facts of the resources that it changed. So the cost of a
    /// branch depends on the number of its changes and not on the number of resources.
    before: Vec<HashMap<usize, Facts>>,
    /// Fields that some update sets, by resource and slot.
    asked: &'a HashSet<(usize, usize)>,
    diagnostics: Vec<Diagnostic>,
    reported: HashSet<(usize, usize, String)>,
    outcomes: Vec<(usize, Outcome)>,
    constraints: Vec<Constraint>,
}

/// Fields that some update sets, by resource and slot.
fn asked_words(resolved: &Resolved) -> HashSet<(usize, usize)> {
    let calls = resolved.scenario.operations.iter().filter_map(|operation| match operation {
        Operation::Call(call) => Some((call.target?, &call.asks)),
        _ => None,
    });
    let slots = calls.flat_map(|(target, asks)| {
        asks.iter().filter(|ask| ask.value != Asked::Nothing).map(move |ask| (target, ask.slot))
    });
    slots.collect()
}

impl<'a> Pass<'a> {
    fn new(catalog: &'a Catalog, resolved: &'a Resolved, asked: &'a HashSet<(usize, usize)>) -> Self {
        Pass {
            catalog,
            resolved,
            facts: resolved.scenario.resources.iter().map(Facts::at_first).collect(),
            before: Vec::new(),
            asked,
            diagnostics: Vec::new(),
            reported: HashSet::new(),
            outcomes: Vec::new(),
            constraints: Vec::new(),
        }
    }

    /// Analyses operations up to the end of the scenario or of the current branch; returns where the scenario
    /// continues.
    fn run(&mut self, mut at: usize) -> usize {
        let operations = &self.resolved.scenario.operations;
        while let Some(operation) = operations.get(at) {
            at = match operation {
                Operation::Call(call) => {
                    self.call(at, call);
                    at + 1
                }
                Operation::Choose { targets, .. } => self.choose(targets),
                Operation::Jump(to) => return *to,
            };
        }
        at
    }

    /// Analyses all branches from the same facts and merges the results; returns where the branches end.
    fn choose(&mut self, targets: &[usize]) -> usize {
        let mut next = self.resolved.scenario.operations.len();
        let mut ends: HashMap<usize, Vec<(usize, Facts)>> = HashMap::new();
        for (branch, target) in targets.iter().enumerate() {
            self.before.push(HashMap::new());
            next = self.run(*target);
            for (resource, before) in self.before.pop().unwrap_or_default() {
                let end = std::mem::replace(&mut self.facts[resource], before);
                ends.entry(resource).or_default().push((branch, end));
            }
        }
        for (resource, ends) in ends {
            let before = self.facts[resource].clone();
            self.note(resource);
            // All branches that leave the resource unchanged have the same result: merge only the first of them.
            let untouched = (0..).zip(&ends).find(|(branch, (other, _))| branch != other).map(|(branch, _)| branch);
            let untouched = untouched.unwrap_or(ends.len());
            let mut ends = ends;
            if untouched < targets.len() {
                ends.insert(untouched, (untouched, before));
            }
            let mut ends = ends.into_iter().map(|(_, end)| end);
            if let Some(first) = ends.next() {
                self.facts[resource] = ends.fold(first, Facts::merged);
            }
        }
        next
    }

    /// Saves the facts of a resource before they change.
    fn note(&mut self, resource: usize) {
        if let Some(before) = self.before.last_mut() {
            before.entry(resource).or_insert_with(|| self.facts[resource].clone());
        }
    }

    fn call(&mut self, at: usize, call: &Call) {
        let Some(step) = &self.resolved.steps[at] else { return };
        let Some(target) = call.target else {
            self.settle_usual(at, call, step, LIVE | ABSENT | GONE);
            return;
        };
        self.note(target);
        let (least, most) = match call.turns {
            TurnCount::Repeat(times) => (times.low, times.high),
            TurnCount::Each => {
                let elements = call.target.map_or(0, |target| self.resolved.scenario.resources[target].count);
                (elements.min(1).into(), elements.min(1).into())
            }
        };
        let before = self.facts[target].clone();
        if most > 0 {
            self.turn(at, call, step, target);
        }
        if most > 1 {
            let once = self.facts[target].clone();
            self.turn(at, call, step, target);
            let again = std::mem::replace(&mut self.facts[target], once);
            self.facts[target].merge(again);
        }
        if least == 0 || call.chance.is_some() {
            self.facts[target].merge(before);
        }
    }

    fn turn(&mut self, at: usize, call: &Call, step: &scenario::Call, target: usize) {
        let method = &self.catalog.methods[call.method];
        let exists = self.facts[target].exists;
        let outcome = self.settle_usual(at, call, step, exists);
        match outcome {
            Outcome::Failure(failure) => self.failing(call, step, failure, target),
            Outcome::Auto => {
                if method.does == Effect::Create && exists & GONE != 0 {
                    let diagnostic = self.made_twice(call, step, target);
                    self.report(diagnostic);
                }
                if matches!(method.does, Effect::Create | Effect::Update) {
                    self.references_live(call, step, target);
                }
                let facts = &mut self.facts[target];
                match method.does {
                    Effect::Create => facts.exists = LIVE,
                    Effect::Delete => facts.exists = GONE,
                    _ => {}
                }
                if method.does == Effect::Update {
                    widen(call, facts);
                }
            }
            Outcome::Success { .. } => self.succeeding(call, step, target),
        }
    }

    /// Decides which failure `-failure` stands for at this call.
    fn settle_usual(&mut self, at: usize, call: &Call, step: &scenario::Call, exists: u8) -> Outcome {
        let usual = step.outcome.as_ref().is_some_and(|outcome| outcome.value == scenario::Outcome::UsualFailure);
        if !usual {
            return call.outcome;
        }
        let fits = |failure: &&FailureId| match self.catalog.failures[**failure].precondition {
            Precondition::Any => true,
            Precondition::Absent => exists & LIVE == 0,
            Precondition::Live => exists == LIVE,
        };
        let found = self.catalog.methods[call.method].failures.iter().find(fits);
        let outcome = found.map_or(call.outcome, |failure| Outcome::Failure(*failure));
        self.outcomes.push((at, outcome));
        outcome
    }

    fn succeeding(&mut self, call: &Call, step: &scenario::Call, target: usize) {
        let method = &self.catalog.methods[call.method];
        let facts = &self.facts[target];
        let wanted = if method.does == Effect::Create { ABSENT } else { LIVE };
        if facts.exists != wanted {
            let diagnostic = self.impossible(call, step, target, facts, wanted);
            self.report(diagnostic);
            if !matches!(method.does, Effect::Create | Effect::Delete) {
                return;
            }
        }
        if method.does == Effect::Create || method.does == Effect::Update {
            self.references_live(call, step, target);
        }
        let facts = &mut self.facts[target];
        match method.does {
            Effect::Create => {
                facts.exists = LIVE;
                facts.since = Some(step.call.span.clone());
            }
            Effect::Delete => {
                facts.exists = GONE;
                facts.since = Some(step.call.span.clone());
            }
            Effect::Update => self.update(call, target),
            _ => {}
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if self.reported.insert((diagnostic.span.start, diagnostic.span.end, diagnostic.message.clone())) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Checks that all resources which a created or changed resource refers to exist at that point.
    fn references_live(&mut self, call: &Call, step: &scenario::Call, target: usize) {
        let resource = &self.resolved.scenario.resources[target];
        let asked = call.asks.iter().filter_map(|ask| match ask.value {
            Asked::Reference(reference) => Some(reference),
            _ => None,
        });
        let create = self.catalog.methods[call.method].does == Effect::Create;
        // An update also shows references that it does not change, unless another update may have changed them.
        let kept = |slot: usize| !self.asked.contains(&(target, slot));
        let first = resource.initial.iter().enumerate().filter_map(|(slot, initial)| match initial {
            Initial::Reference(reference) if create || !call.asks.is_empty() && kept(slot) => Some(*reference),
            _ => None,
        });
        let pinned = resource.pins.iter().filter_map(|(_, pin)| match pin {
            Pin::Reference(reference) if create => Some(*reference),
            _ => None,
        });
        let all: Vec<Reference> = asked.chain(first).chain(pinned).collect();
        for reference in all {
            let Reference::Resource(other) = reference else { continue };
            if self.facts[other].exists != LIVE {
                let name = &self.resolved.scenario.resources[other].name;
                let gone = if self.facts[other].since.is_some() { "may be gone by then" } else { "is not there yet" };
                let message = format!("`{}` refers to `{name}`, which {gone}", resource.name);
                let diagnostic = Diagnostic::new(&self.resolved.source, step.call.span.clone(), message);
                self.report(diagnostic.help(format!("create `{name}` before this step, and delete it after")));
            }
        }
    }

    fn update(&mut self, call: &Call, target: usize) {
        let facts = &mut self.facts[target];
        for (index, ask) in call.asks.iter().enumerate() {
            let Choices { lowest, highest, is_initial } = facts.choices[ask.slot];
            let by_itself = call.lowers.is_some_and(|(_, lowered)| lowered == index)
                && call.outcome == Outcome::Success { insists: false };
            match ask.value {
                Asked::Code(code) if by_itself && code < lowest => {}
                Asked::Code(code) if by_itself && code < highest => {
                    facts.choices[ask.slot] = Choices::between(lowest.min(code), highest);
                }
                Asked::Code(code) => facts.choices[ask.slot] = Choices::between(code, code),
                Asked::Next { last } => {
                    if is_initial && highest == last && lowest < last {
                        // `next` at the last choice would change nothing, so that choice may not be drawn initially.
                        self.constraints.push(Constraint { resource: target, slot: ask.slot, low: 0, high: last - 1 });
                    }
                    facts.choices[ask.slot] = Choices::between((lowest + 1).min(last), (highest + 1).min(last));
                }
                _ => {}
            }
        }
    }
}

/// After an update that may have failed, a field may have its old value or the requested one.
fn widen(call: &Call, facts: &mut Facts) {
    for ask in &call.asks {
        let Choices { lowest, highest, .. } = facts.choices[ask.slot];
        facts.choices[ask.slot] = match ask.value {
            Asked::Code(code) => Choices::between(lowest.min(code), highest.max(code)),
            Asked::Next { last } => Choices::between(lowest, (highest + 1).min(last)),
            _ => Choices::between(lowest, highest),
        };
    }
}
