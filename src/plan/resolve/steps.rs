//! What happens in a story, and what each call asks for.

use super::Resolver;
use crate::{
    catalog::{Effect, FailureId, FieldId, Generator, InputValue, KindId, Method, Unset, Usual},
    emission::field_salt,
    error::{did_you_mean, list_of, nearest},
    identity::TAGS,
    plan::pins::{self, Value},
    scenario::{self, Step},
    story::{Ask, Asked, Call, Operation, Outcome, Reference, Turns},
    units::{CountRange, DurationRange},
    value::Skew,
    yaml::Spanned,
};
use std::sync::Arc;

impl Resolver<'_, '_> {
    pub(super) fn steps(&mut self, steps: &[Step], mut first: bool) {
        for step in steps {
            match step {
                Step::Call(call) => self.call(call, first),
                Step::Choose(choose) => {
                    let at = self.story.operations.len();
                    let salt = field_salt("choose").wrapping_add(self.count_choices());
                    let weights: Vec<u64> =
                        choose.branches.iter().map(|branch| (branch.weight.value * 1_048_576.0) as u64).collect();
                    let weights = Skew::weighted(&weights).unwrap_or_else(|| Skew::new(weights.len(), 0.0));
                    self.push(Operation::Choose { salt, weights, targets: Vec::new() }, None);
                    let mut begins = Vec::new();
                    let mut ends = Vec::new();
                    for branch in &choose.branches {
                        begins.push(self.story.operations.len());
                        let actor = self.last_actor;
                        self.steps(&branch.steps, first);
                        self.last_actor = actor;
                        ends.push(self.story.operations.len());
                        self.push(Operation::Jump(0), None);
                    }
                    let after = self.story.operations.len();
                    for end in ends {
                        self.story.operations[end] = Operation::Jump(after);
                    }
                    if let Operation::Choose { targets, .. } = &mut self.story.operations[at] {
                        *targets = begins;
                    }
                }
            }
            first = false;
        }
    }

    pub(super) fn count_choices(&self) -> u64 {
        self.story.operations.iter().filter(|operation| matches!(operation, Operation::Choose { .. })).count() as u64
    }

    pub(super) fn push(&mut self, operation: Operation, step: Option<scenario::Call>) {
        self.story.operations.push(operation);
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
        // A wrong outcome is reported; whatever was meant, the rest of the story is checked as if it could happen.
        let outcome = self.outcome(written, method).unwrap_or(Outcome::Auto);
        self.last_actor = Some(actor);
        if let Some(target) = target {
            self.note_use(target, method, outcome, actor, written);
        }
        let asks = self.asks(written, method, outcome);
        let lowers = self.lowers(method, &asks);
        let name = self.call_name(written, method);
        let none = DurationRange { low: 0, high: 0 };
        let usual = method.after.unwrap_or(self.catalog.after);
        let after = written.after.as_ref().map_or(if first { none } else { usual }, |after| after.value);
        let (turns, every) = match (&written.repeat, &written.each) {
            (Some(repeat), _) => {
                (Turns::Repeat(repeat.times.value), repeat.every.as_ref().map_or(usual, |every| every.value))
            }
            (_, Some(each)) => (Turns::Each, each.every.as_ref().map_or(usual, |every| every.value)),
            _ => (Turns::Repeat(CountRange { low: 1, high: 1 }), none),
        };
        let family = format!("step of {}", self.story.name);
        let call = Call {
            tag: self.around.tags.assign(&family, &name, TAGS),
            salt: field_salt(&name),
            name,
            number: self.calls,
            method: method_id,
            target,
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
            emissions: Vec::new(),
        };
        self.calls += 1;
        self.push(Operation::Call(Box::new(call)), Some(written.clone()));
    }

    pub(super) fn method(&mut self, written: &scenario::Call) -> Option<usize> {
        let name = &written.call;
        let found = self.catalog.method(&name.value);
        match found {
            None => {
                let help = did_you_mean(&name.value, self.catalog.method_names());
                self.wrong(&name.span, format!("no method is called `{}`", name.value), help);
                let last =
                    self.mistakes.pop().map(|mistake| mistake.help("`falsetrail list methods` shows all of them"));
                self.mistakes.extend(last);
                // Probably meant: so that what follows is not called impossible for lack of it.
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

    pub(super) fn call_name(&self, written: &scenario::Call, method: &Method) -> String {
        if let Some(id) = &written.id {
            return id.value.clone();
        }
        let same = |operation: &&Operation| match operation {
            Operation::Call(call) => call.name == method.short || call.name.starts_with(&format!("{}#", method.short)),
            _ => false,
        };
        match self.story.operations.iter().filter(same).count() {
            0 => method.short.clone(),
            before => format!("{}#{}", method.short, before + 1),
        }
    }

    pub(super) fn outcome(&mut self, written: &scenario::Call, method: &Method) -> Option<Outcome> {
        let Some(outcome) = &written.outcome else { return Some(Outcome::Success { insists: false }) };
        Some(match &outcome.value {
            scenario::Outcome::Success => Outcome::Success { insists: true },
            scenario::Outcome::Auto => Outcome::Auto,
            scenario::Outcome::UsualFailure => match method.failures.first() {
                // Which one it is depends on what exists at that point: the check decides.
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
                    let help = did_you_mean(name, ["success", "auto"].into_iter().chain(names.iter().copied()));
                    self.wrong(&outcome.span, message, help);
                    let last =
                        self.mistakes.pop().map(|mistake| mistake.help(format!("it fails with {}", list_of(names))));
                    self.mistakes.extend(last);
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
        use crate::catalog::Needs;
        let needs = match outcome {
            Outcome::Failure(failure) => self.catalog.failures[failure].needs,
            _ => Needs::Any,
        };
        let draft = &mut self.drafts[target];
        draft.changed |= method.changes();
        draft.acted_on |= method.changes();
        if method.does == Effect::Create {
            draft.creator = draft.creator.or(Some(actor));
            let source = Arc::clone(&self.scenario.source);
            draft.fields.extend(
                written.with.iter().map(|field| (field.name.clone(), field.value.clone(), Arc::clone(&source))),
            );
        }
        draft.live = draft.live.or(Some(match (needs, method.does) {
            (Needs::Absent, _) => false,
            (Needs::Live, _) => true,
            (Needs::Any, does) => does != Effect::Create,
        }));
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
            let Some(word) = kind.changing.iter().position(|changing| changing == field) else { continue };
            let given = written.with.iter().find(|given| given.name.value == input.name);
            let value = match given {
                Some(given) => self.asked(method.kind, *field, given),
                None if reduces.as_ref() == Some(&input.name) && written.with.is_empty() => Asked::Previous,
                None if written.with.is_empty() => self.usual(method.kind, *field, *usual, unset),
                None => unset_ask(unset),
            };
            asks.push(Ask { word, value });
        }
        asks
    }

    pub(super) fn asked(&mut self, kind: KindId, field: FieldId, given: &scenario::Field) -> Asked {
        let name = Spanned::new(self.catalog.kinds[kind].fields[field].name.clone(), given.name.span.clone());
        let value = pins::read(self.catalog, kind, &name, &given.value, &self.scenario.source);
        match value {
            Ok((_, Value::Choice(choice))) => Asked::Code(choice as u64),
            Ok((_, Value::Bytes(bytes))) => {
                self.around.literals.push(bytes);
                Asked::Code(self.around.literals.len() as u64)
            }
            Ok((_, Value::Name(name))) => self.reference(kind, field, &name).map_or(Asked::Nothing, Asked::Reference),
            Ok((_, Value::Null)) => Asked::Clear,
            Err(mistake) => {
                self.mistakes.push(mistake);
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
            Some(Usual::Of(kind)) => match self.story.actors.iter().position(|actor| actor.kind == kind) {
                Some(actor) => Asked::Reference(Reference::Actor(actor)),
                None => Asked::Reference(Reference::Population(kind)),
            },
            None => unset_ask(unset),
        }
    }

    pub(super) fn lowers(&self, method: &Method, asks: &[Ask]) -> Option<(FailureId, usize)> {
        let kind = &self.catalog.kinds[method.kind];
        method.failures.iter().find_map(|failure| {
            let when = self.catalog.failures[*failure].when.as_ref()?;
            let word = kind.changing.iter().position(|field| kind.fields[*field].name == when.field)?;
            let ask = asks.iter().position(|ask| ask.word == word)?;
            Some((*failure, ask))
        })
    }
}

fn unset_ask(unset: &Unset) -> Asked {
    if *unset == Unset::Clears { Asked::Clear } else { Asked::Nothing }
}
