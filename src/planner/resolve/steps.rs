//! Resolution of a scenario's steps, and of the inputs of each call.

use crate::{
    bytes::Padded,
    catalog::{Effect, FailureId, FieldId, Generator, InputValue, Kind, KindId, Method, Scalar, Unset, Usual},
    error::{Diagnostic, did_you_mean, list_of, nearest},
    identity::{FamilyId, TAGS},
    plan::{
        event_kind::field_salt,
        resolved::{Ask, Asked, Call, Operation, Outcome, Reference, TurnCount},
    },
    planner::{
        pins::{self, Value},
        resolve::Resolver,
    },
    scenario::{self, Override, Step},
    units::{CountRange, DurationRange, format_count},
    value::WeightedIndex,
    yaml::Spanned,
};
use std::sync::Arc;

impl Resolver<'_, '_> {
    pub(super) fn steps(&mut self, steps: &[Step], mut first: bool) {
        for step in steps {
            match step {
                Step::Call(call) => self.call(call, first),
                Step::Choose(choose) => {
                    let at = self.resolved.operations.len();
                    let salt = match &choose.id {
                        Some(id) => field_salt(&format!("choose {}", id.value)),
                        None => field_salt("choose").wrapping_add(self.choices),
                    };
                    self.choices += 1;
                    let mut weights = branch_weights(&choose.branches);
                    // If no branch is ever taken, add an empty branch and always take that.
                    let is_never = weights.iter().all(|weight| *weight == 0);
                    weights.extend(is_never.then_some(1));
                    let weights = WeightedIndex::weighted(&weights).unwrap_or_default();
                    self.push(Operation::Choose { salt, weights, targets: Vec::new() }, None);
                    let mut begins = Vec::new();
                    let mut ends = Vec::new();
                    for branch in &choose.branches {
                        begins.push(self.resolved.operations.len());
                        let actor = self.last_actor;
                        self.steps(&branch.steps, first);
                        self.last_actor = actor;
                        ends.push(self.resolved.operations.len());
                        self.push(Operation::Jump(0), None);
                    }
                    if is_never {
                        begins.push(self.resolved.operations.len());
                        ends.push(self.resolved.operations.len());
                        self.push(Operation::Jump(0), None);
                    }
                    let after = self.resolved.operations.len();
                    for end in ends {
                        self.resolved.operations[end] = Operation::Jump(after);
                    }
                    if let Operation::Choose { targets, .. } = &mut self.resolved.operations[at] {
                        *targets = begins;
                    }
                }
            }
            first = false;
        }
    }

    pub(super) fn push(&mut self, operation: Operation, step: Option<scenario::Call>) {
        self.resolved.operations.push(operation);
        self.steps.push(step);
    }

    pub(super) fn call(&mut self, written: &scenario::Call, first: bool) {
        let Some(method_id) = self.method(written) else {
            self.blind = true;
            return;
        };
        let method = &self.catalog.methods[method_id];
        let actor = self.actor(written).unwrap_or(0);
        let Ok(target) = self.target(written, method) else {
            self.blind = true;
            return;
        };
        // A wrong outcome is reported; check the remaining steps as if any outcome were possible.
        let outcome = self.outcome(written, method).unwrap_or(Outcome::Auto);
        self.last_actor = Some(actor);
        if let Some(target) = target {
            self.note_use(target, method, outcome, actor, written);
        }
        let asks = self.asks(written, method, outcome);
        let lowers = self.lowers(method, &asks);
        let (name, identity) = self.call_name(written, method);
        let none = DurationRange { low: 0, high: 0 };
        let usual = method.after.unwrap_or(self.catalog.after);
        let after = written.after.as_ref().map_or(if first { none } else { usual }, |after| after.value);
        let (turns, every) = match (&written.each, &written.repeat) {
            (Some(each), _) => (TurnCount::Each, each.every.as_ref().map_or(usual, |every| every.value)),
            (None, Some(repeat)) => {
                (TurnCount::Repeat(repeat.times.value), repeat.every.as_ref().map_or(usual, |every| every.value))
            }
            (None, None) => (TurnCount::Repeat(CountRange { low: 1, high: 1 }), none),
        };
        let call = Call {
            tag: self.tag(self.steps_family, "steps of a scenario", &identity, TAGS),
            salt: field_salt(&identity),
            name,
            number: self.calls,
            method: method_id,
            does: method.does,
            target,
            state: None,
            actor,
            after,
            chance: written
                .chance
                .as_ref()
                .filter(|chance| chance.value < 1.0)
                .map(|chance| (chance.value * 18_446_744_073_709_551_616.0) as u64),
            turns,
            every,
            outcome,
            asks,
            lowers,
        };
        self.calls += 1;
        self.push(Operation::Call(call), Some(written.clone()));
    }

    pub(super) fn method(&mut self, written: &scenario::Call) -> Option<usize> {
        let name = &written.call;
        let found = self.catalog.method(&name.value);
        match found {
            None => {
                let help = self.suggestion(&name.value, self.catalog.method_names());
                self.wrong(&name.span, format!("no method is called `{}`", name.value), help);
                let last = self
                    .diagnostics
                    .pop()
                    .map(|diagnostic| diagnostic.help("`falsetrail list methods` shows all of them"));
                self.diagnostics.extend(last);
                if !self.suggests() {
                    return None;
                }
                // Use the method that was probably meant, so that later steps are not reported as impossible.
                return nearest(&name.value, self.catalog.method_names()).and_then(|near| self.catalog.method(near));
            }
            Some(method) if self.catalog.templates[method].is_none() => {
                let help = format!("write the event's body into `{}`", self.catalog.template_names[method]);
                self.wrong(&name.span, format!("`{}` has no template", self.catalog.methods[method].name), help);
                return None;
            }
            _ => {}
        }
        found
    }

    /// The display name of a call and the name that its identities are keyed by: its `id`, else its method and the
    /// number of preceding calls of that method without an `id`. An `id` never collides with a method's name.
    fn call_name(&mut self, written: &scenario::Call, method: &Method) -> (String, String) {
        if let Some(id) = &written.id {
            if let Some(first) = self.ids.get(&id.value) {
                let (line, _) = self.written.source.position(first.start);
                let message = format!("two steps have the id `{}`", id.value);
                let diagnostic = Diagnostic::new(&self.written.source, id.span.clone(), message);
                let help = "give each step a different `id`: its events' ids are made from it";
                self.diagnostics.push(diagnostic.label(format!("first on line {line}")).help(help));
            } else {
                self.ids.insert(id.value.clone(), id.span.clone());
            }
            return (id.value.clone(), format!("id {}", id.value));
        }
        let before = self.unnamed.entry(method.short.clone()).or_default();
        *before += 1;
        let name = match *before {
            1 => method.short.clone(),
            number => format!("{}#{number}", method.short),
        };
        (name.clone(), name)
    }

    /// Assigns a number to a name; reports a scenario with more names than numbers.
    pub(super) fn tag(&mut self, family: FamilyId, what: &str, name: &str, bound: u16) -> u16 {
        let tag = self.around.tags.assign(family, name, bound);
        tag.unwrap_or_else(|| {
            if !std::mem::replace(&mut self.is_too_many, true) {
                let message = format!("there are more than {} {what} in this run", format_count(u64::from(bound - 1)));
                self.wrong(&(0..0), message, "divide it into several runs with different seeds");
            }
            0
        })
    }

    pub(super) fn outcome(&mut self, written: &scenario::Call, method: &Method) -> Option<Outcome> {
        let Some(outcome) = &written.outcome else { return Some(Outcome::Success { insists: false }) };
        Some(match &outcome.value {
            scenario::Outcome::Success => Outcome::Success { insists: true },
            scenario::Outcome::Auto => Outcome::Auto,
            scenario::Outcome::UsualFailure => match method.failures.first() {
                // The feasibility check chooses the failure, because it depends on the state at that point.
                Some(failure) => Outcome::Failure(*failure),
                None => {
                    self.wrong(&outcome.span, format!("`{}` has no failures", method.short), "leave `outcome` out");
                    return None;
                }
            },
            scenario::Outcome::Named(name) => {
                let found = self.catalog.failure(name).filter(|failure| method.failures.contains(failure));
                let Some(found) = found else {
                    let names: Vec<&str> =
                        method.failures.iter().map(|failure| self.catalog.failures[*failure].name.as_str()).collect();
                    let message = format!("`{}` does not fail with `{name}`", method.short);
                    let words = ["success", "auto", "failure"].into_iter().chain(names.iter().copied());
                    let near = nearest(name, words).map(|near| format!("did you mean `{near}`?")).unwrap_or_default();
                    let diagnostic = Diagnostic::new(&self.written.source, outcome.span.clone(), message).help(near);
                    self.diagnostics.push(diagnostic.help(format!("it fails with {}", list_of(names))));
                    return None;
                };
                Outcome::Failure(found)
            }
        })
    }

    pub(super) fn note_use(
        &mut self,
        target: usize,
        method: &Method,
        outcome: Outcome,
        actor: usize,
        written: &scenario::Call,
    ) {
        use crate::catalog::Precondition;
        let precondition = match outcome {
            Outcome::Failure(failure) => self.catalog.failures[failure].precondition,
            _ => Precondition::Any,
        };
        let draft = &mut self.drafts[target];
        draft.changed |= method.changes();
        if method.does == Effect::Create {
            draft.creator = draft.creator.or(Some(actor));
            draft.fields.extend(Override::from_fields(&self.written.source, &written.with));
        }
        // A failure without a precondition does not tell whether the resource exists, and the default failure fits
        // either state.
        let usual = written.outcome.as_ref().is_some_and(|said| said.value == scenario::Outcome::UsualFailure);
        let refused = matches!(outcome, Outcome::Failure(_)) && precondition == Precondition::Any;
        draft.seems_absent |= usual && precondition == Precondition::Absent;
        let live = match (precondition, method.does) {
            _ if usual => None,
            (Precondition::Live, _) => Some(true),
            (Precondition::Absent, _) | (Precondition::Any, Effect::Create) => Some(false),
            (Precondition::Any, _) => (!refused).then_some(true),
        };
        draft.live = draft.live.or(live);
    }

    pub(super) fn asks(&mut self, written: &scenario::Call, method: &Method, outcome: Outcome) -> Vec<Ask> {
        let updates = method.does == Effect::Update;
        if !updates {
            if let Some(field) = written.with.first().filter(|_| method.does != Effect::Create) {
                let help = "only calls that create or update a resource take `with`";
                self.wrong(&field.name.span, format!("`{}` asks for nothing", method.short), help);
            }
            return Vec::new();
        }
        let settable: Vec<&str> = method
            .input
            .iter()
            .filter(|input| matches!(input.value, InputValue::Changes { .. }))
            .map(|input| input.name.as_str())
            .collect();
        for field in &written.with {
            if !settable.contains(&field.name.value.as_str()) {
                let message = format!("`{}` cannot change `{}`", method.short, field.name.value);
                let help = if settable.is_empty() {
                    "it records no changes: leave `with` out".to_owned()
                } else {
                    did_you_mean(&field.name.value, settable.iter().copied())
                };
                self.wrong(&field.name.span, message, help);
            }
        }
        let reduces = match outcome {
            Outcome::Failure(failure) => self.catalog.failures[failure].when.as_ref().map(|when| when.input.clone()),
            _ => None,
        };
        let mut asks = Vec::new();
        for input in &method.input {
            let InputValue::Changes { field, unset, usual } = &input.value else { continue };
            let kind = &self.catalog.kinds[method.kind];
            let Some(slot) = kind.changing.iter().position(|changing| changing == field) else { continue };
            let given = written.with.iter().find(|given| given.name.value == input.name);
            let value = match given {
                Some(given) => self.asked(method.kind, *field, given),
                None if reduces.as_ref() == Some(&input.name) && written.with.is_empty() => Asked::Previous,
                None if written.with.is_empty() => self.usual(method.kind, *field, *usual, unset),
                None => unset_ask(kind, *field, unset),
            };
            asks.push(Ask { slot, value });
        }
        asks
    }

    pub(super) fn asked(&mut self, kind: KindId, field: FieldId, given: &scenario::Field) -> Asked {
        let name = Spanned::new(self.catalog.kinds[kind].fields[field].name.clone(), given.name.span.clone());
        let given = Override { source: Arc::clone(&self.written.source), name, value: given.value.clone() };
        let value = pins::read(self.catalog, kind, &given);
        match value {
            Ok((_, Value::Choice(choice))) => Asked::Code(choice as u64),
            Ok((_, Value::Bytes(bytes))) => {
                self.around.literals.push(Padded::new(&bytes));
                Asked::Code(self.around.literals.len() as u64)
            }
            Ok((_, Value::Name(name))) => self.reference(kind, field, &name).map_or(Asked::Nothing, Asked::Reference),
            Ok((_, Value::Null)) => Asked::Clear,
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                Asked::Nothing
            }
        }
    }

    pub(super) fn usual(&self, kind: KindId, field: FieldId, usual: Option<Usual>, unset: &Unset) -> Asked {
        match usual {
            Some(Usual::Next) => match &self.catalog.kinds[kind].fields[field].generator {
                Generator::Choose { choices, .. } => Asked::Next { last: choices.len() as u64 - 1 },
                _ => Asked::Nothing,
            },
            Some(Usual::Of(other)) => match self.resolved.actors.iter().position(|actor| actor.kind == other) {
                Some(actor) => Asked::Reference(Reference::Actor(actor)),
                None if self.around.population[other] == 0 => unset_ask(&self.catalog.kinds[kind], field, unset),
                None => Asked::Reference(Reference::Population(other)),
            },
            None => unset_ask(&self.catalog.kinds[kind], field, unset),
        }
    }

    pub(super) fn lowers(&self, method: &Method, asks: &[Ask]) -> Option<(FailureId, usize)> {
        let kind = &self.catalog.kinds[method.kind];
        method.failures.iter().find_map(|failure| {
            let when = self.catalog.failures[*failure].when.as_ref()?;
            let slot = kind.changing.iter().position(|field| kind.fields[*field].name == when.field)?;
            let ask = asks.iter().position(|ask| ask.slot == slot)?;
            Some((*failure, ask))
        })
    }
}

/// The weights of branches as whole numbers: in units of 2⁻²⁰, or relative to the highest if they do not fit that
/// range.
fn branch_weights(branches: &[scenario::Branch]) -> Vec<u64> {
    const UNIT: f64 = 1_048_576.0;
    const MOST: f64 = 1_099_511_627_776.0;
    let weights = || branches.iter().map(|branch| branch.weight.value);
    let most = weights().fold(0.0, f64::max);
    let is_usual = most <= UNIT && weights().all(|weight| weight == 0.0 || weight * UNIT >= 1.0);
    let whole = |weight: f64| match weight {
        0.0 => 0,
        weight if is_usual => (weight * UNIT) as u64,
        weight => ((weight / most * MOST) as u64).max(1),
    };
    weights().map(whole).collect()
}

fn unset_ask(kind: &Kind, field: FieldId, unset: &Unset) -> Asked {
    if *unset != Unset::Clears {
        return Asked::Nothing;
    }
    match &kind.fields[field].generator {
        // Null is one of the choices; otherwise the catalog would have been rejected.
        Generator::Choose { choices, .. } => {
            let null = choices.iter().position(|choice| *choice == Scalar::Null);
            null.map_or(Asked::Nothing, |null| Asked::Code(null as u64))
        }
        _ => Asked::Clear,
    }
}
