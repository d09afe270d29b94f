//! Prepares emissions: finds out, once, whose field every name of a template is.

use super::{Beside, Draw, Emission, ItemList, Make, OwnItem, Part, Place, Ready, Role, Snapshot, Word};
use crate::{
    catalog::{
        Catalog, Effect, FailureId, FieldId, Generator, InputValue, KindId, Method, MethodId, Moment, Scalar, Text,
        TextPart, Unset,
    },
    error::Diagnostic,
    story::{Asked, Call, Operation, Owner, Pin, Reference, Row, Story, word},
    template::{Constant, ListSlot, Program, Slot},
    value::Key,
};
use std::{collections::HashMap, sync::Arc};

/// Prepares the emissions of a run; compiles each template once for each branch that is needed.
pub struct Baker<'a> {
    catalog: &'a Catalog,
    as_documented: bool,
    record_key: Option<usize>,
    programs: HashMap<(MethodId, bool, KindId), Arc<Program>>,
}

impl<'a> Baker<'a> {
    /// For a run with that kind of envelope and that record key (an index into [`Catalog::keys`]).
    pub fn new(catalog: &'a Catalog, as_documented: bool, record_key: Option<usize>) -> Self {
        Baker { catalog, as_documented, record_key, programs: HashMap::new() }
    }

    /// The emission of one call of a story with one outcome.
    ///
    /// # Errors
    ///
    /// What is wrong with the method's template. Empty if it has none.
    pub fn emission(
        &mut self,
        number: u16,
        story: &Story,
        operation: usize,
        failure: Option<FailureId>,
    ) -> Result<Emission, Vec<Diagnostic>> {
        let Operation::Call(call) = &story.operations[operation] else { return Err(Vec::new()) };
        let method = &self.catalog.methods[call.method];
        let program = self.program(call.method, failure.is_none(), story.actors[call.actor].kind)?;
        let mut bench = Bench::new(self.catalog, story, call, method, failure);
        let slots = program.slots().iter().map(|slot| bench.slot(slot)).collect();
        let mut first_subject = None;
        if method.does == Effect::List && failure.is_none() && method.subject_of_first.is_some() {
            first_subject = Some(bench.event(&["subject".to_owned()]));
        }
        let key = self.record_key.and_then(|key| bench.key(&self.catalog.keys[key].texts));
        let mut lists: Vec<ItemList> = program.lists().iter().map(|list| bench.list(list)).collect();
        if lists.is_empty() && first_subject.is_some() {
            lists.push(bench.list(&ListSlot { path: vec!["items".to_owned()], slots: Vec::new() }));
        }
        Ok(Emission {
            story: number,
            operation,
            step: call.number,
            step_tag: call.tag,
            method: call.method,
            failure,
            slots,
            lists,
            key,
            first_subject,
            listed_at: bench.words,
            snapshot: bench.snapshot,
            rows: bench.rows,
            makes: bench.makes,
            program,
        })
    }

    fn program(&mut self, method: MethodId, success: bool, principal: KindId) -> Result<Arc<Program>, Vec<Diagnostic>> {
        if let Some(program) = self.programs.get(&(method, success, principal)) {
            return Ok(Arc::clone(program));
        }
        let template = self.catalog.templates[method].as_ref().ok_or_else(Vec::new)?;
        let constants = [
            ("success", Constant::Boolean(success)),
            ("as_documented", Constant::Boolean(self.as_documented)),
            ("principal.kind", Constant::Text(self.catalog.kinds[principal].name.clone())),
        ];
        let program = Arc::new(template.compile(&self.catalog.shape(&self.catalog.methods[method]), &constants)?);
        self.programs.insert((method, success, principal), Arc::clone(&program));
        Ok(program)
    }
}

/// The work on one emission.
struct Bench<'a> {
    catalog: &'a Catalog,
    story: &'a Story,
    call: &'a Call,
    method: &'a Method,
    failure: Option<FailureId>,
    makes: Vec<Make>,
    known: HashMap<Vec<String>, usize>,
    snapshot: Snapshot,
    words: usize,
    others_at: HashMap<usize, usize>,
    rows: Vec<(KindId, Row)>,
    /// The item at work, if one is.
    item: Option<ItemBench>,
}

#[derive(Default)]
struct ItemBench {
    makes: Vec<Make>,
    known: HashMap<Vec<String>, usize>,
}

/// An own resource and where its words are.
#[derive(Clone, Copy)]
struct Own {
    resource: usize,
    at: Word,
    element: bool,
}

impl<'a> Bench<'a> {
    fn new(
        catalog: &'a Catalog,
        story: &'a Story,
        call: &'a Call,
        method: &'a Method,
        failure: Option<FailureId>,
    ) -> Self {
        let mut snapshot = Snapshot::default();
        let mut words = 0;
        let mut rows = story.rows.clone();
        if let Some(target) = call.target {
            let resource = &story.resources[target];
            match resource.owner {
                Owner::Story { .. } => {
                    snapshot.target = Some(target);
                    words += resource.stride;
                    set_rows(&mut rows, resource.rows.iter().map(|(kind, row)| (*kind, Row::Fixed(*row))));
                }
                Owner::Population { .. } => {
                    let all: Vec<_> = rows.iter().map(|(kind, _)| (*kind, Row::Of(target))).collect();
                    set_rows(&mut rows, all.into_iter());
                }
            }
        }
        snapshot.asks = call.asks.len();
        words += call.asks.len();
        Bench {
            catalog,
            story,
            call,
            method,
            failure,
            makes: Vec::new(),
            known: HashMap::new(),
            snapshot,
            words,
            others_at: HashMap::new(),
            rows,
            item: None,
        }
    }

    fn slot(&mut self, slot: &Slot) -> Place {
        Place::Event(self.event(&slot.path))
    }

    /// The value of a name, made once.
    fn event(&mut self, path: &[String]) -> usize {
        if let Some(known) = self.known.get(path) {
            return *known;
        }
        let item = self.item.take();
        let make = self.named(path);
        self.makes.push(make);
        self.item = item;
        self.known.insert(path.to_vec(), self.makes.len() - 1);
        self.makes.len() - 1
    }

    fn named(&mut self, path: &[String]) -> Make {
        let rest: Vec<&str> = path[1..].iter().map(String::as_str).collect();
        match (path[0].as_str(), rest.as_slice()) {
            ("event", ["id"]) => Make::EventId,
            ("event", _) => Make::EventTime,
            ("request", _) => Make::RequestId,
            ("success", _) => Make::Fixed(if self.failure.is_none() { (*b"true").into() } else { (*b"false").into() }),
            ("subject", _) => self.text(&self.method.subject, None),
            ("failure", [what]) => self.failure(what),
            ("target", [what]) => self.target(what),
            ("principal", ["kind"]) => {
                fixed(self.catalog.kinds[self.story.actors[self.call.actor].kind].name.as_bytes())
            }
            ("principal", [field]) => self.actor(self.call.actor, field),
            ("input", [input, rest @ ..]) => self.input(input, rest),
            (variable, [field, rest @ ..]) => self.variable(variable, field, rest),
            _ => Make::Null,
        }
    }

    fn failure(&mut self, what: &str) -> Make {
        let Some(failure) = self.failure.map(|failure| &self.catalog.failures[failure]) else { return fixed(b"") };
        match what {
            "name" => fixed(failure.name.as_bytes()),
            "status" => Make::Fixed(Scalar::Text(failure.status.clone()).bytes().into()),
            _ => self.text(&failure.detail, None),
        }
    }

    /// The call's target in sentences: the resource, or for a list what it lies in.
    fn target(&mut self, what: &str) -> Make {
        let kind = &self.catalog.kinds[self.method.kind];
        if what == "label" {
            return fixed(kind.label.as_bytes());
        }
        let holder = match (self.method.does, self.method.scope.last()) {
            (Effect::List, Some(scope)) => &self.catalog.kinds[*scope],
            _ => kind,
        };
        let id = self.event(&[holder.variable.clone(), "id".to_owned()]);
        Make::Text(vec![Part::Event(id)])
    }

    fn variable(&mut self, variable: &str, field: &str, rest: &[&str]) -> Make {
        let Some(kind) = self.catalog.variable(variable) else { return Make::Null };
        if kind == self.method.kind
            && self.method.does != Effect::List
            && let Some(target) = self.call.target
        {
            return self.resource(target, field, rest);
        }
        self.scope(kind, field)
    }

    /// A field of the call's target.
    fn resource(&mut self, index: usize, field: &str, rest: &[&str]) -> Make {
        match self.story.resources[index].owner {
            Owner::Story { .. } => self.own(Own { resource: index, at: Word::Event(0), element: true }, field, rest),
            Owner::Population { .. } => self.shared(index, field, rest),
        }
    }

    fn shared(&mut self, index: usize, field: &str, rest: &[&str]) -> Make {
        let kind = &self.catalog.kinds[self.story.resources[index].kind];
        let Some(field) = kind.field(field) else { return Make::Null };
        let role = Role::Shared(index);
        match kind.fields[field].generator {
            Generator::Refer { .. } if rest.is_empty() => Make::MemberPresent { role, field },
            _ => Make::Member { role, field },
        }
    }

    /// A field of what surrounds the story.
    fn scope(&mut self, kind_id: KindId, name: &str) -> Make {
        let kind = &self.catalog.kinds[kind_id];
        let Some(field) = kind.field(name) else { return Make::Null };
        if let Some(pin) = self.story.scope_pins.iter().find(|pin| pin.kind == kind_id && pin.field == field) {
            return Make::Fixed(pin.bytes.clone());
        }
        match &kind.fields[field].generator {
            Generator::Column(column) => {
                let row = self.rows.iter().find(|(kind, _)| *kind == kind_id).map(|(_, row)| *row);
                match (row, &kind.table) {
                    (Some(Row::Fixed(row)), Some(table)) => {
                        Make::Fixed(table.rows[row as usize][*column].clone().into())
                    }
                    _ => Make::Column { kind: kind_id, column: *column },
                }
            }
            Generator::Text(text) if kind.table.is_some() || self.pinned(kind_id) => self.text(text, None),
            _ => Make::Member { role: Role::Scope(kind_id), field },
        }
    }

    /// Whether the story fixes something of a kind or of what it lies in, so that its texts must be made anew.
    fn pinned(&self, kind: KindId) -> bool {
        let scope = &self.catalog.kinds[kind].scope;
        self.story.scope_pins.iter().any(|pin| pin.kind == kind || scope.contains(&pin.kind))
    }

    fn actor(&mut self, index: usize, name: &str) -> Make {
        let actor = &self.story.actors[index];
        let kind = &self.catalog.kinds[actor.kind];
        let Some(field) = kind.field(name) else { return fixed(b"") };
        if let Some((_, bytes)) = actor.pins.iter().find(|(pinned, _)| *pinned == field) {
            return Make::Fixed(bytes.clone());
        }
        match &kind.fields[field].generator {
            Generator::Text(text) if !actor.pins.is_empty() || self.pinned(actor.kind) => {
                self.text(text, Some(Whose::Actor(index)))
            }
            _ => Make::Member { role: Role::Principal(index), field },
        }
    }

    /// A field of an own resource.
    fn own(&mut self, own: Own, name: &str, rest: &[&str]) -> Make {
        let resource = &self.story.resources[own.resource];
        let kind = &self.catalog.kinds[resource.kind];
        let Some(field) = kind.field(name) else { return Make::Null };
        match resource.pins.iter().find(|(pinned, _)| *pinned == field).map(|(_, pin)| pin) {
            Some(Pin::Bytes(bytes)) => return Make::Fixed(bytes.clone()),
            Some(Pin::Choice(choice)) => return choices(kind, field)[*choice..=*choice].concat_fixed(),
            Some(Pin::Reference(reference)) => return self.reference(*reference, field, rest),
            None => {}
        }
        match kind.changing.iter().position(|changing| *changing == field) {
            Some(position) => self.changing(own, field, own.word(word::FIELDS + position), rest),
            None => self.generated(own, field),
        }
    }

    fn changing(&mut self, own: Own, field: FieldId, word: Word, rest: &[&str]) -> Make {
        let kind = &self.catalog.kinds[self.story.resources[own.resource].kind];
        match &kind.fields[field].generator {
            Generator::Choose { .. } => Make::Chosen { word, choices: choices(kind, field) },
            Generator::Refer { .. } if rest.is_empty() => Make::Present(word),
            Generator::Refer { .. } => Make::Referred(word),
            _ => {
                let original = self.generated(own, field);
                Make::Replaced { word, original: self.push(original) }
            }
        }
    }

    fn generated(&mut self, own: Own, field: FieldId) -> Make {
        let resource = &self.story.resources[own.resource];
        let (kind_id, kind) = (resource.kind, &self.catalog.kinds[resource.kind]);
        let of = (kind_id, field);
        let draw = self.draw(own, &kind.fields[field].name);
        match &kind.fields[field].generator {
            Generator::Pattern { unique: true, .. } | Generator::Email(_) | Generator::Address(_) => {
                let Owner::Story { lane, .. } = resource.owner else { return Make::Null };
                Make::Unique { kind: kind_id, field, lane, shift: resource.shift(), element: own.element }
            }
            Generator::Pattern { .. } => Make::Pattern { kind: kind_id, field, draw },
            Generator::Text(text) => self.text(text, Some(Whose::Own(own))),
            Generator::By { field: by, cases } => self.by(own, *by, cases),
            Generator::Choose { weights, counts, .. } => match only(counts) {
                Some(choice) => choices(kind, field)[choice..=choice].concat_fixed(),
                None => Make::Drawn { draw, weights: weights.clone(), choices: choices(kind, field) },
            },
            Generator::Time(Moment::Created) => Make::Created(own.word(word::CREATED)),
            Generator::Time(Moment::Updated) => Make::Updated { word: own.word(0), ready: self.ready(own) },
            Generator::Clock { unique_in, .. } => {
                let stamped = unique_in.is_some();
                let word = own.word(if stamped { word::STAMP } else { word::CREATED });
                Make::Clock { of, word, stamped }
            }
            Generator::Stage { ready: grown, .. } => match self.ready(own) {
                Some(ready) => Make::Stage { of, word: own.word(word::CREATED), ready },
                None => fixed(grown),
            },
            Generator::Ramp { up_to, every } => {
                let bound = self.own(own, &kind.fields[*up_to].name, &[]);
                let up_to = self.push(bound);
                match self.ready(own) {
                    Some(ready) => Make::Ramp { word: own.word(word::CREATED), ready, up_to, every: *every },
                    None => Make::Text(vec![self.part(up_to)]),
                }
            }
            Generator::Refer { .. } | Generator::Column(_) => Make::Null,
        }
    }

    /// One of several texts, by another field: pinned, always the same, or drawn.
    fn by(&mut self, own: Own, by: FieldId, cases: &[Text]) -> Make {
        let resource = &self.story.resources[own.resource];
        let kind = &self.catalog.kinds[resource.kind];
        let pinned = resource.pins.iter().find_map(|(field, pin)| match pin {
            Pin::Choice(choice) if *field == by => Some(*choice),
            _ => None,
        });
        let Generator::Choose { weights, counts, .. } = &kind.fields[by].generator else { return Make::Null };
        if let Some(choice) = pinned.or_else(|| only(counts)) {
            return self.text(&cases[choice], Some(Whose::Own(own)));
        }
        let draw = self.draw(own, &kind.fields[by].name);
        let mut made = Vec::new();
        for text in cases {
            let make = self.text(text, Some(Whose::Own(own)));
            made.push(self.push(make));
        }
        Make::Select { draw, weights: weights.clone(), cases: made }
    }

    /// What a reference that never changes refers to.
    fn reference(&mut self, reference: Reference, field: FieldId, rest: &[&str]) -> Make {
        match reference {
            Reference::Null => Make::Null,
            _ if rest.is_empty() => fixed(b"{}"),
            Reference::Actor(actor) => self.actor(actor, "id"),
            Reference::Population(kind) => Make::DrawnMember { kind, salt: field as u64 },
            Reference::Resource(index) => match self.story.resources[index].owner {
                Owner::Population { .. } => self.shared(index, "id", &[]),
                Owner::Story { .. } => {
                    let at = Word::Event(self.other(index));
                    self.own(Own { resource: index, at, element: false }, "id", &[])
                }
            },
        }
    }

    /// Where the words of another resource's first element are.
    fn other(&mut self, index: usize) -> usize {
        if self.snapshot.target == Some(index) {
            return 0;
        }
        if let Some(at) = self.others_at.get(&index) {
            return *at;
        }
        let at = self.words;
        self.snapshot.others.push(index);
        self.others_at.insert(index, at);
        self.words += self.story.resources[index].stride;
        at
    }

    fn input(&mut self, name: &str, rest: &[&str]) -> Make {
        let Some(input) = self.method.input(name) else { return Make::Null };
        let (field, unset) = match &input.value {
            InputValue::Always(scalar) => return scalar_make(scalar),
            InputValue::Changes { field, unset, .. } => (*field, unset),
        };
        let kind = &self.catalog.kinds[self.method.kind];
        let position = kind.changing.iter().position(|changing| *changing == field);
        let ask = self.call.asks.iter().enumerate().find(|(_, ask)| Some(ask.word) == position);
        let at = self.snapshot.target.map_or(0, |target| self.story.resources[target].stride);
        match (ask.map(|(index, ask)| (index, ask.value)), unset) {
            (None | Some((_, Asked::Nothing)), Unset::Current) => {
                let name = kind.fields[field].name.clone();
                self.call.target.map_or(Make::Null, |target| self.resource(target, &name, rest))
            }
            (None | Some((_, Asked::Nothing)), Unset::Fixed(scalar)) => scalar_make(scalar),
            (None | Some((_, Asked::Nothing)), Unset::Clears) | (Some((_, Asked::Clear)), _) => Make::Null,
            (Some((index, _)), _) => {
                let word = Word::Event(at + index);
                match &kind.fields[field].generator {
                    Generator::Choose { .. } => Make::Chosen { word, choices: choices(kind, field) },
                    Generator::Refer { .. } if rest.is_empty() => Make::Present(word),
                    Generator::Refer { .. } => Make::Referred(word),
                    _ => {
                        let nothing = self.push(fixed(b""));
                        Make::Replaced { word, original: nothing }
                    }
                }
            }
        }
    }

    /// A text: its names are of its owner or of what surrounds the story.
    fn text(&mut self, text: &Text, whose: Option<Whose>) -> Make {
        let mut parts = Vec::new();
        for part in &text.parts {
            parts.push(match part {
                TextPart::Literal(bytes) => Part::Literal(bytes.clone().into()),
                TextPart::Name(name) => self.text_name(name, whose),
            });
        }
        match parts.as_slice() {
            [] => fixed(b""),
            [Part::Literal(bytes)] => Make::Fixed(bytes.clone()),
            _ => Make::Text(parts),
        }
    }

    fn text_name(&mut self, name: &[String], whose: Option<Whose>) -> Part {
        let rest: Vec<&str> = name[2.min(name.len())..].iter().map(String::as_str).collect();
        let kind = match whose {
            Some(Whose::Own(own)) => Some(self.story.resources[own.resource].kind),
            Some(Whose::Actor(actor)) => Some(self.story.actors[actor].kind),
            None => None,
        };
        let own_name = kind.is_some_and(|kind| self.catalog.kinds[kind].variable == name[0]);
        match whose {
            Some(Whose::Own(own)) if own_name => {
                let index = self.own_value(own, name, &rest);
                self.part(index)
            }
            Some(Whose::Actor(actor)) if own_name => {
                let make = self.actor(actor, &name[1]);
                let index = self.push(make);
                self.part(index)
            }
            _ => Part::Event(self.event(name)),
        }
    }

    /// A field of an own resource as a value of its own, made once for the event or for the item.
    fn own_value(&mut self, own: Own, name: &[String], rest: &[&str]) -> usize {
        let main = own.element && own.at == Word::Event(0) && self.item.is_none();
        if main {
            return self.event(name);
        }
        if let Some(known) = self.item.as_ref().filter(|_| own.element).and_then(|item| item.known.get(&name[1..])) {
            return *known;
        }
        let make = self.own(own, &name[1], rest);
        let index = self.push(make);
        if own.element
            && let Some(item) = &mut self.item
        {
            item.known.insert(name[1..].to_vec(), index);
        }
        index
    }

    fn push(&mut self, make: Make) -> usize {
        let makes = self.item.as_mut().map_or(&mut self.makes, |item| &mut item.makes);
        makes.push(make);
        makes.len() - 1
    }

    /// A value of the work at hand as a piece of a text.
    fn part(&self, index: usize) -> Part {
        if self.item.is_some() { Part::Item(index) } else { Part::Event(index) }
    }

    fn draw(&self, own: Own, field: &str) -> Draw {
        let resource = &self.story.resources[own.resource];
        Draw { resource: self.story.key.name(&resource.name), field: field_salt(field), element: own.element }
    }

    fn ready(&self, own: Own) -> Option<Ready> {
        let range = self.catalog.kinds[self.story.resources[own.resource].kind].ready_after?;
        Some(Ready { draw: self.draw(own, "ready"), low: range.low, high: range.high })
    }

    /// The record's key: the first text whose names the method has.
    fn key(&mut self, texts: &[Text]) -> Option<usize> {
        let has = |name: &[String]| {
            let scoped = self.method.scope.iter().any(|kind| self.catalog.kinds[*kind].variable == name[0]);
            let target = self.method.does != Effect::List && self.catalog.kinds[self.method.kind].variable == name[0];
            scoped || target || matches!(name[0].as_str(), "principal" | "subject")
        };
        let text = texts.iter().find(|text| text.names().all(has))?.clone();
        let make = self.text(&text, None);
        Some(self.push(make))
    }

    /// How the items of the template's list are made.
    fn list(&mut self, list: &ListSlot) -> ItemList {
        let subject = self.method.subject_of_first.filter(|_| self.failure.is_none());
        let mut own = Vec::new();
        if self.failure.is_none() {
            for (index, resource) in self.story.resources.iter().enumerate() {
                let here = resource.kind == self.method.kind && matches!(resource.owner, Owner::Story { .. });
                if here && self.same_place(resource.rows.as_slice()) {
                    own.push(self.own_item(index, list, subject));
                    self.snapshot.listed.push(index);
                }
            }
        }
        let beside = self.beside(list, subject).filter(|_| self.failure.is_none());
        ItemList { own, beside, page: self.method.page }
    }

    /// Whether a resource lies where the list looks.
    fn same_place(&self, rows: &[(KindId, u32)]) -> bool {
        rows.iter().all(|(kind, row)| {
            let looked = self.rows.iter().find(|(other, _)| other == kind).map(|(_, row)| *row);
            !self.method.scope.contains(kind) || looked == Some(Row::Fixed(*row))
        })
    }

    fn own_item(&mut self, index: usize, list: &ListSlot, subject: Option<FieldId>) -> OwnItem {
        let kind = &self.catalog.kinds[self.method.kind];
        let own = Own { resource: index, at: Word::Item(0), element: true };
        self.item = Some(ItemBench::default());
        let mut slots = Vec::new();
        for slot in &list.slots {
            let mut name = vec![kind.variable.clone()];
            name.extend(slot.path.iter().cloned());
            let rest: Vec<&str> = slot.path[1..].iter().map(String::as_str).collect();
            slots.push(Place::Item(self.own_value(own, &name, &rest)));
        }
        let subject = subject.map(|field| {
            let name = [kind.variable.clone(), kind.fields[field].name.clone()];
            Place::Item(self.own_value(own, &name, &[]))
        });
        let item = self.item.take().unwrap_or_default();
        OwnItem { resource: index, stride: self.story.resources[index].stride, makes: item.makes, slots, subject }
    }

    /// What existed before in the scope, unless the story lies somewhere of its own.
    fn beside(&self, list: &ListSlot, subject: Option<FieldId>) -> Option<Beside> {
        let kind_id = self.method.kind;
        let kind = &self.catalog.kinds[kind_id];
        if kind.table.is_none() && self.pinned(kind_id) {
            return None;
        }
        let fields = list.slots.iter().filter_map(|slot| {
            let field = kind.field(slot.path.first()?)?;
            Some((field, slot.path.len() == 1 && matches!(kind.fields[field].generator, Generator::Refer { .. })))
        });
        let table = kind
            .scope
            .iter()
            .copied()
            .find(|scope| self.catalog.kinds[*scope].table.is_some() && self.method.scope.contains(scope));
        let parent = self.catalog.parent(kind_id).filter(|_| kind.table.is_none());
        Some(Beside { kind: kind_id, parent, table, fields: fields.collect(), subject })
    }
}

/// Whose fields a text may name by its own variable.
#[derive(Clone, Copy)]
enum Whose {
    Own(Own),
    Actor(usize),
}

impl Own {
    fn word(self, offset: usize) -> Word {
        match self.at {
            Word::Event(at) => Word::Event(at + offset),
            Word::Item(at) => Word::Item(at + offset),
        }
    }
}

/// What tells the draws of a resource's fields apart.
pub fn field_salt(field: &str) -> u64 {
    Key::root(0).name(field).bits()
}

fn set_rows(rows: &mut [(KindId, Row)], with: impl Iterator<Item = (KindId, Row)>) {
    for (kind, row) in with {
        if let Some(place) = rows.iter_mut().find(|(other, _)| *other == kind) {
            place.1 = row;
        }
    }
}

fn fixed(bytes: &[u8]) -> Make {
    Make::Fixed(bytes.into())
}

fn scalar_make(scalar: &Scalar) -> Make {
    match scalar {
        Scalar::Null => Make::Null,
        other => Make::Fixed(other.bytes().into()),
    }
}

/// The choices of a field as events show them.
fn choices(kind: &crate::catalog::Kind, field: FieldId) -> Vec<Box<[u8]>> {
    match &kind.fields[field].generator {
        Generator::Choose { choices, .. } => choices.iter().map(|choice| choice.bytes().into()).collect(),
        _ => Vec::new(),
    }
}

/// The only choice that is ever drawn.
fn only(counts: &[u64]) -> Option<usize> {
    let mut drawn = counts.iter().enumerate().filter(|(_, count)| **count > 0);
    let first = drawn.next()?.0;
    drawn.next().is_none().then_some(first)
}

trait ConcatFixed {
    fn concat_fixed(&self) -> Make;
}

impl ConcatFixed for [Box<[u8]>] {
    fn concat_fixed(&self) -> Make {
        Make::Fixed(self.concat().into())
    }
}
