//! From a scenario as written to a story: every name becomes a number, and everything wrong is reported at once.

use super::{
    pins::{self, Value},
    sets::Settings,
};
use crate::{
    catalog::{Catalog, Effect, FailureId, FieldId, Generator, InputValue, KindId, Method, ReferDefault, Unset, Usual},
    emission::field_salt,
    error::{Diagnostic, Source, did_you_mean, list_of},
    identity::{TAGS, Tags},
    scenario::{self, Body, Scenario, Step},
    story::{
        Actor, Ask, Asked, Call, Initial, Operation, Outcome, Owner, Pin, Reference, Resource, Row, ScopePin, Story,
        Turns, word,
    },
    units::{CountRange, DurationRange},
    value::{Key, Lane, Skew},
    yaml::Spanned,
};
use std::{ops::Range, sync::Arc};

/// What stories of one run share while they are resolved.
pub struct Surroundings<'a> {
    /// The audited system.
    pub catalog: &'a Catalog,
    /// How many of each kind existed before.
    pub population: &'a [u64],
    /// Lanes and tags that are taken.
    pub tags: &'a mut Tags,
    /// Texts that scenarios give, as events show them.
    pub literals: &'a mut Vec<Box<[u8]>>,
    /// What the command line sets.
    pub settings: &'a mut Settings,
    /// What all values of the run grow from.
    pub values: Key,
}

/// A story, and where each of its operations is written.
pub struct Resolved {
    /// The story.
    pub story: Story,
    /// For each operation that is a call, the step.
    pub steps: Vec<Option<scenario::Call>>,
    /// Its text.
    pub source: Arc<Source>,
}

/// Resolves one scenario that has steps, under a name that no other story of the run has.
///
/// # Errors
///
/// Everything that is wrong with it, except sequences that cannot happen: see [`super::check`].
pub fn resolve(scenario: &Scenario, name: &str, around: &mut Surroundings) -> Result<Resolved, Vec<Diagnostic>> {
    let Body::Steps(steps) = &scenario.body else {
        let mistake = Diagnostic::new(
            &scenario.source,
            0..0,
            format!("`{}` is a mix, and a mix holds stories only", scenario.name),
        );
        return Err(vec![mistake.help("list its scenarios in this mix")]);
    };
    let mut resolver = Resolver::new(scenario, name, around);
    resolver.actors();
    resolver.resources(steps);
    resolver.steps(steps, true);
    resolver.fields(steps);
    resolver.owners();
    resolver.finish()
}

struct Resolver<'a, 'b> {
    scenario: &'a Scenario,
    around: &'a mut Surroundings<'b>,
    catalog: &'b Catalog,
    story: Story,
    steps: Vec<Option<scenario::Call>>,
    drafts: Vec<Draft>,
    last_actor: Option<usize>,
    calls: u16,
    mistakes: Vec<Diagnostic>,
}

/// What is known of a resource besides what the story keeps.
#[derive(Default)]
struct Draft {
    fields: Vec<(Spanned<String>, crate::yaml::Node, Arc<Source>)>,
    existing: Option<Spanned<bool>>,
    span: Range<usize>,
    changed: bool,
    /// Whether it exists at first, by the first call on it.
    live: Option<bool>,
    creator: Option<usize>,
}

impl<'a, 'b> Resolver<'a, 'b> {
    fn new(scenario: &'a Scenario, name: &str, around: &'a mut Surroundings<'b>) -> Self {
        let catalog = around.catalog;
        let rows = catalog
            .kinds
            .iter()
            .enumerate()
            .filter(|(_, kind)| kind.table.is_some())
            .map(|(kind, _)| (kind, Row::Drawn));
        let story = Story {
            name: name.to_owned(),
            key: around.values.name("story").name(name),
            tag: around.tags.assign("story", name, TAGS),
            actors: Vec::new(),
            resources: Vec::new(),
            scope_pins: Vec::new(),
            rows: rows.collect(),
            operations: Vec::new(),
            state_words: 0,
        };
        Resolver {
            scenario,
            around,
            catalog,
            story,
            steps: Vec::new(),
            drafts: Vec::new(),
            last_actor: None,
            calls: 0,
            mistakes: Vec::new(),
        }
    }

    fn wrong(&mut self, span: &Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.mistakes.push(Diagnostic::new(&self.scenario.source, span.clone(), message).help(help));
    }

    fn kind(&mut self, name: &Spanned<String>) -> Option<KindId> {
        let found = self.catalog.kind(&name.value);
        if found.is_none() {
            let help = did_you_mean(&name.value, self.catalog.kinds.iter().map(|kind| kind.name.as_str()));
            self.wrong(&name.span, format!("no kind is called `{}`", name.value), help);
        }
        found
    }

    fn actors(&mut self) {
        let Some(default) = self.catalog.kinds.iter().position(|kind| kind.principal) else { return };
        for written in &self.scenario.actors {
            let kind = match &written.kind {
                Some(name) => self.kind(name),
                None => Some(default),
            };
            let Some(kind) = kind else { continue };
            if !self.catalog.kinds[kind].principal {
                let principals = self.catalog.kinds.iter().filter(|kind| kind.principal).map(|kind| kind.name.as_str());
                let span = written.kind.as_ref().map_or(written.name.span.clone(), |name| name.span.clone());
                let help = format!("actors are of kind {}", list_of(principals));
                self.wrong(&span, format!("a {} cannot act", self.catalog.kinds[kind].label), help);
                continue;
            }
            let mut fields: Vec<_> = written
                .pins
                .iter()
                .map(|pin| (pin.name.clone(), pin.value.clone(), Arc::clone(&self.scenario.source)))
                .collect();
            fields.extend(self.around.settings.take(&written.name.value));
            let pins = self.scalar_pins(kind, fields);
            self.push_actor(written.name.value.clone(), kind, pins);
        }
        if self.story.actors.is_empty() {
            let name = self.catalog.kinds[default].variable.clone();
            let fields = self.around.settings.take(&name);
            let pins = self.scalar_pins(default, fields);
            self.push_actor(name, default, pins);
        }
    }

    fn push_actor(&mut self, name: String, kind: KindId, pins: Vec<(FieldId, Box<[u8]>)>) {
        let other = self.story.actors.iter().filter(|actor| actor.kind == kind).count();
        self.story.actors.push(Actor { name, kind, other, pins });
    }

    /// Fixed fields of something that is no resource of the story: texts and numbers only.
    fn scalar_pins(
        &mut self,
        kind: KindId,
        fields: Vec<(Spanned<String>, crate::yaml::Node, Arc<Source>)>,
    ) -> Vec<(FieldId, Box<[u8]>)> {
        let mut pinned = Vec::new();
        for (name, node, source) in fields {
            match pins::read(self.catalog, kind, &name, &node, &source) {
                Ok((field, Value::Bytes(bytes))) => pinned.push((field, bytes)),
                Ok((field, Value::Choice(choice))) => {
                    if let Generator::Choose { choices, .. } = &self.catalog.kinds[kind].fields[field].generator {
                        pinned.push((field, choices[choice].bytes().into()));
                    }
                }
                Ok((_, _)) => self.mistakes.push(Diagnostic::new(&source, node.span, "this cannot be fixed here")),
                Err(mistake) => self.mistakes.push(mistake),
            }
        }
        pinned
    }

    fn resources(&mut self, steps: &[Step]) {
        for written in &self.scenario.resources {
            let kind = match &written.kind {
                Some(name) => self.kind(name),
                None => self.kind_by_use(&written.name, steps),
            };
            let Some(kind) = kind else { continue };
            let mut fields: Vec<_> = written
                .fields
                .iter()
                .map(|field| (field.name.clone(), field.value.clone(), Arc::clone(&self.scenario.source)))
                .collect();
            fields.extend(self.around.settings.take(&written.name.value));
            if self.surrounds(kind) {
                self.pin_scope(kind, &written.name, fields);
                continue;
            }
            if self.catalog.kinds[kind].principal {
                let label = self.catalog.kinds[kind].label.clone();
                self.wrong(&written.name.span, format!("a {label} is an actor"), "put it under `actors`");
                continue;
            }
            let count = written.count.as_ref().map_or(1, |count| count.value);
            let count = u32::try_from(count).ok().filter(|count| *count <= 1_000_000);
            let Some(count) = count else {
                let span = written.count.as_ref().map_or(0..0, |count| count.span.clone());
                self.wrong(&span, "a story has at most a million resources", "start more instances instead");
                continue;
            };
            let draft = Draft {
                fields,
                existing: written.existing.clone(),
                span: written.name.span.clone(),
                ..Draft::default()
            };
            self.push_resource(written.name.value.clone(), kind, count, draft);
        }
        // Identities of what surrounds all stories: `--set organization.id=…`.
        let surrounding: Vec<KindId> = (0..self.catalog.kinds.len()).filter(|kind| self.surrounds(*kind)).collect();
        for kind in surrounding {
            let name = self.catalog.kinds[kind].variable.clone();
            let fields = self.around.settings.take(&name);
            if !fields.is_empty() {
                self.pin_scope(kind, &Spanned::new(name, 0..0), fields);
            }
        }
    }

    /// Whether members of a kind surround stories rather than being acted upon.
    fn surrounds(&self, kind: KindId) -> bool {
        let of = &self.catalog.kinds[kind];
        !of.principal && (of.table.is_some() || self.catalog.kinds.iter().any(|other| other.scope.contains(&kind)))
    }

    fn pin_scope(
        &mut self,
        kind: KindId,
        name: &Spanned<String>,
        fields: Vec<(Spanned<String>, crate::yaml::Node, Arc<Source>)>,
    ) {
        if self.catalog.kinds[kind].table.is_some() {
            for (field, node, source) in fields {
                let row = (field.value == "id").then(|| pins::row(self.catalog, kind, &node, &source));
                match row {
                    Some(Ok(row)) => self.set_row(kind, Row::Fixed(row)),
                    Some(Err(mistake)) => self.mistakes.push(mistake),
                    None => self.mistakes.push(Diagnostic::new(
                        &source,
                        field.span.clone(),
                        format!("a {} is chosen by its `id`", self.catalog.kinds[kind].label),
                    )),
                }
            }
            return;
        }
        let _ = name;
        for (field, bytes) in self.scalar_pins(kind, fields) {
            self.story.scope_pins.push(ScopePin { kind, field, bytes });
        }
    }

    fn set_row(&mut self, kind: KindId, row: Row) {
        if let Some(place) = self.story.rows.iter_mut().find(|(other, _)| *other == kind) {
            place.1 = row;
        }
    }

    /// The kind of a resource that does not say: by the first call that targets it, else by its name.
    fn kind_by_use(&mut self, name: &Spanned<String>, steps: &[Step]) -> Option<KindId> {
        let mut calls = Vec::new();
        collect(steps, &mut calls);
        let used = calls.iter().find(|call| {
            let each = call.each.as_ref().map(|each| &each.resources.value);
            call.target.as_ref().map(|target| &target.value).or(each) == Some(&name.value)
        });
        let used =
            used.and_then(|call| self.catalog.method(&call.call.value)).map(|method| self.catalog.methods[method].kind);
        let found = used.or_else(|| self.catalog.variable(&name.value)).or_else(|| self.catalog.kind(&name.value));
        if found.is_none() {
            let kinds = list_of(self.catalog.kinds.iter().map(|kind| kind.name.as_str()));
            self.wrong(&name.span, format!("what is `{}`", name.value), format!("give it a `kind`, one of {kinds}"));
        }
        found
    }

    fn push_resource(&mut self, name: String, kind: KindId, count: u32, draft: Draft) -> usize {
        let family = format!("lane of {}", self.catalog.kinds[kind].name);
        let lane = Lane(self.around.tags.assign(&family, &format!("{}/{name}", self.story.name), Lane::COUNT));
        let owner = Owner::Story { existing: false, lane };
        self.story.resources.push(Resource {
            name,
            kind,
            count,
            owner,
            made: false,
            pins: Vec::new(),
            rows: Vec::new(),
            state_at: 0,
            stride: word::FIELDS + self.catalog.kinds[kind].changing.len(),
            initial: Vec::new(),
        });
        self.drafts.push(draft);
        self.story.resources.len() - 1
    }

    fn steps(&mut self, steps: &[Step], mut first: bool) {
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

    fn count_choices(&self) -> u64 {
        self.story.operations.iter().filter(|operation| matches!(operation, Operation::Choose { .. })).count() as u64
    }

    fn push(&mut self, operation: Operation, step: Option<scenario::Call>) {
        self.story.operations.push(operation);
        self.steps.push(step);
    }

    fn call(&mut self, written: &scenario::Call, first: bool) {
        let Some(method_id) = self.method(written) else { return };
        let method = &self.catalog.methods[method_id];
        let actor = self.actor(written);
        let target = self.target(written, method);
        let outcome = self.outcome(written, method);
        let (Some(actor), Some(target), Some(outcome)) = (actor, target, outcome) else { return };
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

    fn method(&mut self, written: &scenario::Call) -> Option<usize> {
        let name = &written.call;
        let found = self.catalog.method(&name.value);
        match found {
            None => {
                let help = did_you_mean(&name.value, self.catalog.method_names());
                self.wrong(&name.span, format!("no method is called `{}`", name.value), help);
                let last =
                    self.mistakes.pop().map(|mistake| mistake.help("`falsetrail list methods` shows all of them"));
                self.mistakes.extend(last);
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

    fn call_name(&self, written: &scenario::Call, method: &Method) -> String {
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

    fn actor(&mut self, written: &scenario::Call) -> Option<usize> {
        let Some(by) = &written.by else { return Some(self.last_actor.unwrap_or(0)) };
        let found = self.story.actors.iter().position(|actor| actor.name == by.value);
        if found.is_none() && self.scenario.actors.iter().all(|actor| actor.name.value != by.value) {
            let help = did_you_mean(&by.value, self.story.actors.iter().map(|actor| actor.name.as_str()));
            self.wrong(&by.span, format!("no actor is called `{}`", by.value), help);
            let last = self.mistakes.pop().map(|mistake| mistake.help("actors stand under `actors`"));
            self.mistakes.extend(last);
        }
        found
    }

    /// The resource that a call is about; `Some(None)` if it is about none.
    fn target(&mut self, written: &scenario::Call, method: &Method) -> Option<Option<usize>> {
        let each = written.each.as_ref().map(|each| &each.resources);
        if method.does == Effect::List {
            if let Some(target) = written.target.as_ref().or(each) {
                let message = format!("`{}` shows all there are and takes no target", method.short);
                self.wrong(&target.span, message, "leave `target` out");
                return None;
            }
            return Some(None);
        }
        let Some(name) = written.target.as_ref().or(each) else { return self.only_resource(written, method).map(Some) };
        let Some(index) = self.story.resources.iter().position(|resource| resource.name == name.value) else {
            if self.scenario.resources.iter().all(|resource| resource.name.value != name.value) {
                let help =
                    did_you_mean(&name.value, self.story.resources.iter().map(|resource| resource.name.as_str()));
                self.wrong(&name.span, format!("no resource is called `{}`", name.value), help);
                let last = self.mistakes.pop().map(|mistake| mistake.help("resources stand under `resources`"));
                self.mistakes.extend(last);
            }
            return None;
        };
        let resource = &self.story.resources[index];
        if resource.kind != method.kind {
            let (found, wanted) = (&self.catalog.kinds[resource.kind].label, &self.catalog.kinds[method.kind].label);
            let message = format!("`{}` is a {found}, but `{}` needs a {wanted}", name.value, method.short);
            let right =
                self.story.resources.iter().filter(|other| other.kind == method.kind).map(|other| other.name.as_str());
            let help = did_you_mean(&name.value, right);
            self.wrong(&name.span, message, help);
            return None;
        }
        if resource.count > 1 && each.is_none() {
            let message = format!("`{}` is {} resources, and a step is about one", name.value, resource.count);
            self.wrong(&name.span, message, format!("write `each: {}` instead of `target`", name.value));
            return None;
        }
        Some(Some(index))
    }

    /// The story's only resource of the method's kind; made if there is none.
    fn only_resource(&mut self, written: &scenario::Call, method: &Method) -> Option<usize> {
        let same: Vec<usize> =
            (0..self.story.resources.len()).filter(|index| self.story.resources[*index].kind == method.kind).collect();
        match same.as_slice() {
            [] => {
                let name = self.catalog.kinds[method.kind].variable.clone();
                let fields = self.around.settings.take(&name);
                let draft = Draft { fields, span: written.call.span.clone(), ..Draft::default() };
                Some(self.push_resource(name, method.kind, 1, draft))
            }
            [only] if self.story.resources[*only].count == 1 => Some(*only),
            [only] => {
                let name = self.story.resources[*only].name.clone();
                self.wrong(
                    &written.call.span,
                    format!("`{name}` is several resources, and a step is about one"),
                    format!("add `each: {name}`"),
                );
                None
            }
            several => {
                let names = list_of(several.iter().map(|index| self.story.resources[*index].name.as_str()));
                let label = &self.catalog.kinds[method.kind].label;
                self.wrong(&written.call.span, format!("which {label}"), format!("add a `target`, one of {names}"));
                None
            }
        }
    }

    fn outcome(&mut self, written: &scenario::Call, method: &Method) -> Option<Outcome> {
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

    fn note_use(&mut self, target: usize, method: &Method, outcome: Outcome, actor: usize, written: &scenario::Call) {
        use crate::catalog::Needs;
        let needs = match outcome {
            Outcome::Failure(failure) => self.catalog.failures[failure].needs,
            _ => Needs::Any,
        };
        let draft = &mut self.drafts[target];
        draft.changed |= method.changes();
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

    fn asks(&mut self, written: &scenario::Call, method: &Method, outcome: Outcome) -> Vec<Ask> {
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

    fn asked(&mut self, kind: KindId, field: FieldId, given: &scenario::Field) -> Asked {
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

    fn usual(&self, kind: KindId, field: FieldId, usual: Option<Usual>, unset: &Unset) -> Asked {
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

    fn lowers(&self, method: &Method, asks: &[Ask]) -> Option<(FailureId, usize)> {
        let kind = &self.catalog.kinds[method.kind];
        method.failures.iter().find_map(|failure| {
            let when = self.catalog.failures[*failure].when.as_ref()?;
            let word = kind.changing.iter().position(|field| kind.fields[*field].name == when.field)?;
            let ask = asks.iter().position(|ask| ask.word == word)?;
            Some((*failure, ask))
        })
    }

    /// What a name in a field refers to.
    fn reference(&mut self, kind: KindId, field: FieldId, name: &Spanned<String>) -> Option<Reference> {
        let Generator::Refer { kinds, .. } = &self.catalog.kinds[kind].fields[field].generator else { return None };
        if let Some(index) = self
            .story
            .resources
            .iter()
            .position(|resource| resource.name == name.value && kinds.contains(&resource.kind))
        {
            if self.story.resources[index].count > 1 {
                let message = format!("`{}` is several resources, and a field refers to one", name.value);
                self.wrong(&name.span, message, "name a resource without `count`");
                return None;
            }
            return Some(Reference::Resource(index));
        }
        if let Some(index) =
            self.story.actors.iter().position(|actor| actor.name == name.value && kinds.contains(&actor.kind))
        {
            return Some(Reference::Actor(index));
        }
        let names = self
            .story
            .resources
            .iter()
            .filter(|resource| kinds.contains(&resource.kind))
            .map(|resource| resource.name.as_str());
        let actors =
            self.story.actors.iter().filter(|actor| kinds.contains(&actor.kind)).map(|actor| actor.name.as_str());
        let known: Vec<&str> = names.chain(actors).collect();
        let labels = kinds.iter().map(|kind| self.catalog.kinds[*kind].label.as_str()).collect::<Vec<_>>().join(" or ");
        let help = did_you_mean(&name.value, known.iter().copied());
        self.wrong(&name.span, format!("no {labels} of the story is called `{}`", name.value), help);
        None
    }

    /// Fixes fields, and settles what references refer to.
    fn fields(&mut self, steps: &[Step]) {
        let _ = steps;
        let mut index = 0;
        // The list may grow: a reference may call for a resource that no step names.
        while index < self.story.resources.len() {
            let fields = std::mem::take(&mut self.drafts[index].fields);
            self.drafts[index].changed |= !fields.is_empty();
            let mut given: Vec<(FieldId, Pin)> = Vec::new();
            for (name, node, source) in fields {
                self.field(index, &name, &node, &source, &mut given);
            }
            self.references(index, &mut given);
            self.settle(index, given);
            index += 1;
        }
    }

    fn field(
        &mut self,
        index: usize,
        name: &Spanned<String>,
        node: &crate::yaml::Node,
        source: &Arc<Source>,
        given: &mut Vec<(FieldId, Pin)>,
    ) {
        let kind_id = self.story.resources[index].kind;
        let kind = &self.catalog.kinds[kind_id];
        let table = kind.scope.iter().copied().find(|scope| {
            let scope = &self.catalog.kinds[*scope];
            scope.table.is_some() && (scope.variable == name.value || scope.name == name.value)
        });
        if let Some(table) = table {
            match pins::row(self.catalog, table, node, source) {
                Ok(row) => self.story.resources[index].rows.push((table, row)),
                Err(mistake) => self.mistakes.push(mistake),
            }
            return;
        }
        if name.value == "id" && self.story.resources[index].count > 1 {
            self.mistakes.push(
                Diagnostic::new(source, name.span.clone(), "several resources cannot have one `id`")
                    .help("leave `count` or `id` out"),
            );
            return;
        }
        match pins::read(self.catalog, kind_id, name, node, source) {
            Ok((field, value)) => {
                if given.iter().any(|(other, _)| *other == field) {
                    given.retain(|(other, _)| *other != field);
                }
                let pin = match value {
                    Value::Bytes(bytes) => Some(Pin::Bytes(bytes)),
                    Value::Choice(choice) => Some(Pin::Choice(choice)),
                    Value::Null => Some(Pin::Reference(Reference::Null)),
                    Value::Name(name) => self.reference(kind_id, field, &name).map(Pin::Reference),
                };
                given.extend(pin.map(|pin| (field, pin)));
            }
            Err(mistake) => self.mistakes.push(mistake),
        }
    }

    /// References that the scenario leaves out.
    fn references(&mut self, index: usize, given: &mut Vec<(FieldId, Pin)>) {
        let kind = &self.catalog.kinds[self.story.resources[index].kind];
        for (field_id, field) in kind.fields.iter().enumerate() {
            let Generator::Refer { kinds, default, .. } = &field.generator else { continue };
            if !self.drafts[index].changed && self.drafts[index].live == Some(true)
                || given.iter().any(|(other, _)| *other == field_id)
            {
                continue;
            }
            let reference = match default {
                ReferDefault::Null => Reference::Null,
                ReferDefault::Caller => match self.drafts[index].creator {
                    Some(actor) if kinds.contains(&self.story.actors[actor].kind) => Reference::Actor(actor),
                    _ => Reference::Population(kinds[0]),
                },
                ReferDefault::Story => {
                    let own = self
                        .story
                        .resources
                        .iter()
                        .position(|resource| kinds.contains(&resource.kind) && resource.count == 1);
                    Reference::Resource(own.unwrap_or_else(|| {
                        let name = self.catalog.kinds[kinds[0]].variable.clone();
                        let fields = self.around.settings.take(&name);
                        let draft = Draft { fields, live: Some(true), ..Draft::default() };
                        self.push_resource(name, kinds[0], 1, draft)
                    }))
                }
            };
            given.push((field_id, Pin::Reference(reference)));
        }
        for field in needed_references(kind, given) {
            let span = self.drafts[index].span.clone();
            let name = &kind.fields[field].name;
            self.wrong(
                &span,
                format!("`{}` needs `{name}`", self.story.resources[index].name),
                format!("give it a `{name}`: its id is made from it"),
            );
        }
    }

    /// Divides what is given into fixed fields and the first values of fields that calls change.
    fn settle(&mut self, index: usize, given: Vec<(FieldId, Pin)>) {
        let kind = &self.catalog.kinds[self.story.resources[index].kind];
        let mut initial = Vec::new();
        for field in &kind.changing {
            let pin = given.iter().find(|(other, _)| other == field).map(|(_, pin)| pin);
            initial.push(match (pin, &kind.fields[*field].generator) {
                (Some(Pin::Choice(choice)), _) => Initial::Fixed(*choice as u64),
                (Some(Pin::Reference(reference)), _) => Initial::Reference(*reference),
                (Some(Pin::Bytes(bytes)), _) => {
                    self.around.literals.push(bytes.clone());
                    Initial::Fixed(self.around.literals.len() as u64)
                }
                (None, Generator::Choose { weights, .. }) => Initial::Drawn(weights.clone()),
                (None, _) => Initial::Fixed(0),
            });
        }
        let resource = &mut self.story.resources[index];
        resource.initial = initial;
        resource.pins = given.into_iter().filter(|(field, _)| !kind.changing.contains(field)).collect();
    }

    /// Decides whose each resource is, and where the story takes place.
    fn owners(&mut self) {
        for index in 0..self.story.resources.len() {
            let draft = &self.drafts[index];
            let resource = &self.story.resources[index];
            let said = draft.existing.as_ref().map(|existing| existing.value);
            let existing = said.unwrap_or(draft.live.unwrap_or(true));
            let read_only = !draft.changed
                && resource.count == 1
                && resource.rows.is_empty()
                && resource.pins.iter().all(|(_, pin)| matches!(pin, Pin::Reference(_)));
            let shared = existing && read_only && self.story.scope_pins.is_empty();
            let other = self.story.resources[..index]
                .iter()
                .filter(|other| other.kind == resource.kind && matches!(other.owner, Owner::Population { .. }))
                .count();
            let enough = self.around.population[resource.kind] > 0 && self.enough(resource.kind, other + 1);
            let Owner::Story { lane, .. } = resource.owner else { continue };
            self.story.resources[index].made = self.drafts[index].creator.is_some();
            self.story.resources[index].owner =
                if shared && enough { Owner::Population { other } } else { Owner::Story { existing, lane } };
        }
        let mut at = 0;
        for resource in &mut self.story.resources {
            if matches!(resource.owner, Owner::Story { .. }) {
                resource.state_at = at;
                at += resource.stride * resource.count as usize;
            }
        }
        self.story.state_words = at;
        self.place();
    }

    /// Whether each parent has so many of a kind.
    fn enough(&self, kind: KindId, wanted: usize) -> bool {
        let parents = self.catalog.parent(kind).map_or(1, |parent| self.around.population[parent].max(1));
        self.around.population[kind] / parents >= wanted as u64
    }

    /// The story's rows: the first that a resource fixes, else that of a shared resource, else drawn.
    fn place(&mut self) {
        for (kind, row) in &mut self.story.rows {
            if *row != Row::Drawn {
                continue;
            }
            let fixed =
                self.story.resources.iter().flat_map(|resource| &resource.rows).find(|(other, _)| other == kind);
            let shared = self.story.resources.iter().position(|resource| {
                matches!(resource.owner, Owner::Population { .. })
                    && self.catalog.kinds[resource.kind].scope.contains(kind)
            });
            *row = match (fixed, shared) {
                (Some((_, row)), _) => Row::Fixed(*row),
                (None, Some(resource)) => Row::Of(resource),
                (None, None) => Row::Drawn,
            };
        }
    }

    fn finish(self) -> Result<Resolved, Vec<Diagnostic>> {
        if self.mistakes.is_empty() {
            Ok(Resolved { story: self.story, steps: self.steps, source: Arc::clone(&self.scenario.source) })
        } else {
            Err(self.mistakes)
        }
    }
}

fn unset_ask(unset: &Unset) -> Asked {
    if *unset == Unset::Clears { Asked::Clear } else { Asked::Nothing }
}

/// References that are null although the chosen form of the id is made from them.
fn needed_references(kind: &crate::catalog::Kind, given: &[(FieldId, Pin)]) -> Vec<FieldId> {
    let id = &kind.fields[kind.id()];
    let Generator::By { field, cases } = &id.generator else { return Vec::new() };
    if given.iter().any(|(field, _)| *field == kind.id()) {
        return Vec::new();
    }
    let chosen: Vec<usize> = match given.iter().find(|(other, _)| other == field) {
        Some((_, Pin::Choice(choice))) => vec![*choice],
        _ => match &kind.fields[*field].generator {
            Generator::Choose { counts, .. } => (0..counts.len()).filter(|choice| counts[*choice] > 0).collect(),
            _ => Vec::new(),
        },
    };
    let names = chosen
        .iter()
        .flat_map(|choice| cases[*choice].names())
        .filter(|name| name.len() == 3 && name[0] == kind.variable);
    let fields = names.filter_map(|name| kind.field(&name[1]));
    fields
        .filter(|field| {
            given.iter().any(|(other, pin)| other == field && matches!(pin, Pin::Reference(Reference::Null)))
        })
        .collect()
}

/// All calls of a scenario, in the order of the file.
fn collect<'s>(steps: &'s [Step], calls: &mut Vec<&'s scenario::Call>) {
    for step in steps {
        match step {
            Step::Call(call) => calls.push(call),
            Step::Choose(choose) => choose.branches.iter().for_each(|branch| collect(&branch.steps, calls)),
        }
    }
}
