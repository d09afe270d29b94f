//! Last step of planning: compiles the event kinds of a run. Resolves each name in a template once, to a value source.

mod around;
mod calls;
mod inline;
mod items;
mod names;
mod resource;

use crate::{
    bytes::Padded,
    catalog::{Catalog, Effect, FailureId, FieldId, Generator, Kind, KindId, Method, MethodId, Scalar, Text},
    error::Diagnostic,
    plan::{
        event_kind::{EventKind, ItemList, Part, StateSlot, ValueSource},
        resolved::{Call, Operation, Owner, ResolvedScenario, Row},
        snapshot::Snapshot,
    },
    population::Population,
    template::{Constant, ListSlot, Program},
};
pub(crate) use calls::CompiledCalls;
use inline::Wanted;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// Compiles the event kinds of a run, and each template once per combination of branches that they need.
pub(super) struct EventKindCompiler<'a> {
    catalog: &'a Catalog,
    population: &'a Population,
    as_documented: bool,
    record_key: Option<usize>,
    programs: HashMap<(MethodId, bool, KindId), Arc<Program>>,
    /// The programs of event kinds, each stored once.
    specialized: HashSet<Arc<Program>>,
}

impl<'a> EventKindCompiler<'a> {
    /// A compiler for this kind of envelope and record key (an index into [`Catalog::keys`]).
    pub(super) fn new(
        catalog: &'a Catalog,
        population: &'a Population,
        as_documented: bool,
        record_key: Option<usize>,
    ) -> Self {
        EventKindCompiler {
            catalog,
            population,
            as_documented,
            record_key,
            programs: HashMap::new(),
            specialized: HashSet::new(),
        }
    }

    /// Compiles the event kind of one call of a scenario with one outcome.
    ///
    /// # Errors
    ///
    /// Mistakes in the method's template; empty if the method has none.
    pub(super) fn event_kind(
        &mut self,
        number: u16,
        scenario: &ResolvedScenario,
        operation: usize,
        failure: Option<FailureId>,
    ) -> Result<EventKind, Vec<Diagnostic>> {
        let Operation::Call(call) = &scenario.operations[operation] else { return Err(Vec::new()) };
        let method = &self.catalog.methods[call.method];
        let program = self.program(call.method, failure.is_none(), scenario.actors[call.actor].kind)?;
        let mut compiler = CallCompiler::new((self.catalog, self.population), scenario, call, method, failure);
        let slots: Vec<usize> = program.slots().iter().map(|slot| compiler.event(&slot.path)).collect();
        let mut first_subject = None;
        if method.does == Effect::List && failure.is_none() && method.subject_of_first.is_some() {
            first_subject = Some(compiler.event(&["subject".to_owned()]));
        }
        let key = self.record_key.and_then(|key| compiler.key(&self.catalog.keys[key].texts));
        let mut lists: Vec<ItemList> = program.lists().iter().map(|list| compiler.list(list)).collect();
        if lists.is_empty() && first_subject.is_some() {
            lists.push(compiler.list(&ListSlot { path: vec!["items".to_owned()], slots: Vec::new() }));
        }
        let inlined = compiler.inline(&program, &slots, Wanted { key, first_subject }, &mut lists);
        Ok(EventKind {
            scenario: number,
            operation,
            step: call.number,
            step_tag: call.tag,
            method: call.method,
            failure,
            lists,
            key: inlined.key,
            first_subject: inlined.first_subject,
            listed_at: compiler.snapshot.listed_at(scenario),
            snapshot: compiler.snapshot,
            rows: compiler.rows,
            known: inlined.known,
            value_sources: inlined.value_sources,
            program: self.shared(inlined.program),
        })
    }

    /// The stored program that equals `program`, so that equal ones share memory.
    fn shared(&mut self, program: Program) -> Arc<Program> {
        if let Some(known) = self.specialized.get(&program) {
            return Arc::clone(known);
        }
        let program = Arc::new(program);
        self.specialized.insert(Arc::clone(&program));
        program
    }

    fn program(&mut self, method: MethodId, success: bool, principal: KindId) -> Result<Arc<Program>, Vec<Diagnostic>> {
        if let Some(program) = self.programs.get(&(method, success, principal)) {
            return Ok(Arc::clone(program));
        }
        let template = self.catalog.templates[method].as_ref().ok_or_else(Vec::new)?;
        let constants = constants(self.catalog, self.as_documented, success, principal);
        let program = Arc::new(template.compile(&self.catalog.shape(&self.catalog.methods[method]), &constants)?);
        self.programs.insert((method, success, principal), Arc::clone(&program));
        Ok(program)
    }
}

/// The constants in all events of a method with one outcome and one kind of principal.
pub(crate) fn constants(
    catalog: &Catalog,
    as_documented: bool,
    success: bool,
    principal: KindId,
) -> [(&'static str, Constant); 3] {
    [
        ("success", Constant::Boolean(success)),
        ("as_documented", Constant::Boolean(as_documented)),
        ("principal.kind", Constant::Text(catalog.kinds[principal].name.clone())),
    ]
}

/// Compiler of one event kind.
struct CallCompiler<'a> {
    catalog: &'a Catalog,
    population: &'a Population,
    scenario: &'a ResolvedScenario,
    call: &'a Call,
    method: &'a Method,
    failure: Option<FailureId>,
    value_sources: Vec<ValueSource>,
    known: HashMap<Vec<String>, usize>,
    snapshot: Snapshot,
    rows: Vec<(KindId, Row)>,
    /// The list item being compiled, if any.
    item: Option<ItemCompiler>,
}

#[derive(Default)]
struct ItemCompiler {
    value_sources: Vec<ValueSource>,
    known: HashMap<Vec<String>, usize>,
}

/// A resource of the instance, and the offset of its state slots.
#[derive(Clone, Copy)]
struct Own {
    resource: usize,
    at: StateSlot,
    element: bool,
}

impl<'a> CallCompiler<'a> {
    fn new(
        (catalog, population): (&'a Catalog, &'a Population),
        scenario: &'a ResolvedScenario,
        call: &'a Call,
        method: &'a Method,
        failure: Option<FailureId>,
    ) -> Self {
        let mut snapshot = Snapshot::default();
        let mut rows = scenario.rows.clone();
        if let Some(target) = call.target {
            let resource = &scenario.resources[target];
            match resource.owner {
                Owner::Instance { .. } => {
                    snapshot.target = Some(target);
                    set_rows(&mut rows, resource.rows.iter().copied());
                }
                Owner::Population { .. } => {
                    let all: Vec<_> = rows.iter().map(|(kind, _)| (*kind, Row::Of(target))).collect();
                    set_rows(&mut rows, all.into_iter());
                }
            }
        }
        if method.does == Effect::List {
            // A list is located where the scenario's resource of the listed kind is.
            let listed = scenario.resources.iter().enumerate().find(|(_, resource)| resource.kind == method.kind);
            match listed.map(|(index, resource)| (index, resource.owner)) {
                Some((index, Owner::Population { .. })) => {
                    let all: Vec<_> = rows.iter().map(|(kind, _)| (*kind, Row::Of(index))).collect();
                    set_rows(&mut rows, all.into_iter());
                }
                Some((index, Owner::Instance { .. })) => {
                    set_rows(&mut rows, scenario.resources[index].rows.iter().copied());
                }
                None => {}
            }
        }
        snapshot.asks = call.asks.len();
        CallCompiler {
            catalog,
            population,
            scenario,
            call,
            method,
            failure,
            value_sources: Vec::new(),
            known: HashMap::new(),
            snapshot,
            rows,
            item: None,
        }
    }

    /// The index of the value of a name; a repeated name gets the same index.
    fn event(&mut self, path: &[String]) -> usize {
        if let Some(known) = self.known.get(path) {
            return *known;
        }
        let item = self.item.take();
        let source = self.named(path);
        let index = self.push(source);
        self.item = item;
        self.known.insert(path.to_vec(), index);
        index
    }

    fn push(&mut self, source: ValueSource) -> usize {
        if let ValueSource::Text(parts) = &source {
            match (parts.as_slice(), &self.item) {
                ([Part::Event(same)], None) | ([Part::Item(same)], Some(_)) => return *same,
                _ => {}
            }
        }
        let value_sources = self.item.as_mut().map_or(&mut self.value_sources, |item| &mut item.value_sources);
        value_sources.push(source);
        value_sources.len() - 1
    }

    /// The part of a text that refers to a value of the current item or event.
    fn part(&self, index: usize) -> Part {
        if self.item.is_some() { Part::Item(index) } else { Part::Event(index) }
    }

    /// The record's key: the first of the texts whose names all exist for the method.
    fn key(&mut self, texts: &[Text]) -> Option<usize> {
        let has = |name: &[String]| {
            let scoped = self.method.scope.iter().any(|kind| self.catalog.kinds[*kind].variable == name[0]);
            let target = self.method.does != Effect::List && self.catalog.kinds[self.method.kind].variable == name[0];
            scoped || target || matches!(name[0].as_str(), "principal" | "subject")
        };
        let text = texts.iter().find(|text| text.names().all(has))?.clone();
        let source = self.text(&text, None);
        Some(self.push(source))
    }
}

/// The owner of a text, whose fields the text names with the owner's variable.
#[derive(Clone, Copy)]
enum Whose {
    Own(Own),
    Actor(usize),
}

impl Own {
    fn slot(self, offset: usize) -> StateSlot {
        self.at.after(offset)
    }
}

fn set_rows(rows: &mut [(KindId, Row)], with: impl Iterator<Item = (KindId, Row)>) {
    for (kind, row) in with {
        if let Some(place) = rows.iter_mut().find(|(other, _)| *other == kind) {
            place.1 = row;
        }
    }
}

fn fixed(bytes: &[u8]) -> ValueSource {
    ValueSource::Fixed(Padded::new(bytes))
}

fn scalar_source(scalar: &Scalar) -> ValueSource {
    scalar.bytes().map_or(ValueSource::Null, |bytes| fixed(&bytes))
}

/// The choices of a field, encoded for events; `None` is null.
fn choices(kind: &Kind, field: FieldId) -> Vec<Option<Padded>> {
    let shown = |choice: &Scalar| choice.bytes().map(|bytes| Padded::new(&bytes));
    match &kind.fields[field].generator {
        Generator::Choose { choices, .. } => choices.iter().map(shown).collect(),
        _ => Vec::new(),
    }
}

/// The value source of a pinned value; `None` is null.
fn pinned(bytes: Option<&[u8]>) -> ValueSource {
    bytes.map_or(ValueSource::Null, fixed)
}

/// The index of the only choice with a weight above 0, if there is exactly one.
fn only(counts: &[u64]) -> Option<usize> {
    let mut drawn = counts.iter().enumerate().filter(|(_, count)| **count > 0);
    let first = drawn.next()?.0;
    drawn.next().is_none().then_some(first)
}

/// The value source of a choice that is the same in all instances.
fn pinned_choice(kind: &Kind, field: FieldId, choice: usize) -> ValueSource {
    choices(kind, field).into_iter().nth(choice).flatten().map_or(ValueSource::Null, ValueSource::Fixed)
}
