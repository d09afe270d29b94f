//! Makes the values of one event: the hot path before the template's copying.

use super::{Beside, Draw, Emission, ItemList, Make, Part, Place, Ready, Role, Roles, Word};
use crate::{
    catalog::{Catalog, Generator, KindId},
    identity::{EventName, Identities},
    population::{Entity, Population, write_number},
    story::{Story, code, word},
    template::{Values, piece_within},
    value::{Key, Lane, write_time},
};

/// Where a value lies in the arena: first byte and length; `NULL` for null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub u32, pub u32);

impl Span {
    /// The span of null: the arena begins with the word.
    pub const NULL: Span = Span(0, 4);

    fn place(self, values: &mut Values) {
        values.point(self.0, self.1);
    }
}

/// All that the values of one event depend on.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The audited system.
    pub catalog: &'a Catalog,
    /// Makers of ids.
    pub identities: &'a Identities,
    /// Who existed before.
    pub population: &'a Population,
    /// Texts that scenarios give.
    pub literals: &'a [Box<[u8]>],
    /// The event's story.
    pub story: &'a Story,
    /// What its instance drew.
    pub roles: &'a Roles,
    /// What the event is, in ids.
    pub name: EventName,
    /// Nanoseconds since the Unix epoch.
    pub time: i64,
    /// Which element of the target it is about.
    pub element: u32,
    /// What the simulation handed over.
    pub words: &'a [u64],
}

/// One item's own part of a [`Context`].
#[derive(Clone, Copy)]
struct Item<'a> {
    words: &'a [u64],
    element: u32,
}

const NANOSECONDS: i64 = 1_000_000_000;
const MICROSECOND: i64 = 1_000;

impl Emission {
    /// Fills `values` for this event; `spans` is scratch memory, reused from event to event.
    pub fn fill(&self, context: &Context, values: &mut Values, spans: &mut Vec<Span>) {
        values.clear();
        spans.clear();
        let none = Item { words: &[], element: 0 };
        for make in &self.makes {
            let span = context.make(make, spans, 0, none, values.bytes());
            spans.push(span);
        }
        if let Some(replaced) = self.first_subject
            && let Some(span) = self.subject_of_first(context, values, spans)
        {
            spans[replaced] = span;
        }
        for place in &self.slots {
            spans[place.at(0)].place(values);
        }
        for list in &self.lists {
            context.list(self, list, values, spans);
        }
        values.pad();
    }

    /// The subject of the first listed item.
    fn subject_of_first(&self, context: &Context, values: &mut Values, spans: &mut Vec<Span>) -> Option<Span> {
        let list = self.lists.first()?;
        if let Some(beside) = &list.beside
            && let Some(field) = beside.subject
            && let Some(entity) = context.beside(beside).next()
        {
            return entity.values[field].as_deref().map(|bytes| append(values.bytes(), bytes));
        }
        let (own, words, element) = context.own_items(self, list).next()?;
        let base = spans.len();
        let item = Item { words, element };
        for make in &own.makes {
            let span = context.make(make, spans, base, item, values.bytes());
            spans.push(span);
        }
        let span = own.subject.map(|place| spans[place.at(base)]);
        spans.truncate(base);
        span
    }
}

impl Place {
    fn at(self, base: usize) -> usize {
        match self {
            Place::Event(index) => index,
            Place::Item(index) => base + index,
        }
    }
}

impl<'a> Context<'a> {
    fn list(&self, emission: &'a Emission, list: &'a ItemList, values: &mut Values, spans: &mut Vec<Span>) {
        let beside = list.beside.as_ref().map_or(0, |beside| self.beside(beside).take(list.page).count());
        let own = self.own_items(emission, list).take(list.page - beside);
        values.begin_list(beside + own.clone().count());
        if let Some(of) = &list.beside {
            for entity in self.beside(of).take(list.page) {
                for (field, presence) in &of.fields {
                    let span = match entity.values[*field].as_deref() {
                        None => Span::NULL,
                        Some(_) if *presence => append(values.bytes(), b"{}"),
                        Some(bytes) => append(values.bytes(), bytes),
                    };
                    span.place(values);
                }
            }
        }
        for (own, words, element) in own {
            let base = spans.len();
            for make in &own.makes {
                let span = self.make(make, spans, base, Item { words, element }, values.bytes());
                spans.push(span);
            }
            for place in &own.slots {
                spans[place.at(base)].place(values);
            }
            spans.truncate(base);
        }
    }

    /// What a list shows beside the story's own.
    fn beside(&self, beside: &Beside) -> impl Iterator<Item = &'a Entity> + use<'a> {
        let parent = beside.parent.map_or(0, |parent| self.roles.scope[parent]);
        let row = beside.table.map(|table| self.roles.scope[table]);
        self.population.of(beside.kind).within(parent, row)
    }

    /// The story's own items: the resource, the words and the element of each.
    fn own_items(&self, emission: &'a Emission, list: &'a ItemList) -> OwnItems<'a> {
        OwnItems { list, words: &self.words[emission.listed_at.min(self.words.len())..], at: 0 }
    }

    /// Appends one value to the arena.
    fn make(&self, make: &Make, spans: &[Span], base: usize, item: Item, out: &mut Vec<u8>) -> Span {
        let start = out.len() as u32;
        match make {
            Make::Fixed(bytes) => out.extend_from_slice(bytes),
            Make::Null => return Span::NULL,
            Make::Text(parts) => parts.iter().for_each(|part| place_part(part, spans, base, out)),
            Make::Member { role, field } => match self.member(*role, *field) {
                Some(bytes) => out.extend_from_slice(bytes),
                None => return Span::NULL,
            },
            Make::MemberPresent { role, field } => match self.member(*role, *field) {
                Some(_) => out.extend_from_slice(b"{}"),
                None => return Span::NULL,
            },
            Make::DrawnMember { kind, salt } => {
                let index = self.roles.referred(self.catalog, self.population, *kind, *salt);
                self.refer(code::population(*kind, index), out);
            }
            Make::Column { kind, column } => out.extend_from_slice(self.column(*kind, *column)),
            Make::Unique { kind, field, lane, shift, element } => {
                let element = if *element { self.element_of(item) } else { 0 };
                let number = (self.name.instance << shift) | u64::from(element);
                self.identities.write(*kind, *field, *lane, number, out);
            }
            Make::Stranger { kind, field, number } => self.identities.write(*kind, *field, Lane(0), *number, out),
            Make::Pattern { kind, field, draw } => {
                self.identities.write_random(*kind, *field, self.draw(*draw, item), out);
            }
            Make::Chosen { word, choices } => {
                out.extend_from_slice(&choices[self.word(*word, item) as usize % choices.len()]);
            }
            Make::Drawn { draw, weights, choices } => {
                out.extend_from_slice(&choices[weights.draw(self.draw(*draw, item))]);
            }
            Make::Replaced { word, original } => match self.word(*word, item) {
                0 => return spans[base + original],
                literal => out.extend_from_slice(&self.literals[literal as usize - 1]),
            },
            Make::Select { draw, weights, cases } => return spans[base + cases[weights.draw(self.draw(*draw, item))]],
            Make::Created(at) => write_time(self.word(*at, item) as i64, 6, out),
            Make::Updated { word, ready } => write_time(self.updated(*word, ready.as_ref(), item), 6, out),
            Make::Clock { of, word, stamped } => self.clock(*of, *word, *stamped, item, out),
            Make::Stage { of, word, ready } => self.stage(*of, *word, ready, item, out),
            Make::Ramp { word, ready, up_to, every } => {
                let bound = number(&out[range(spans[base + up_to])]);
                let age = self.time - self.word(*word, item) as i64;
                let grown = if self.is_young(age, ready, item) {
                    0
                } else if (age as u64).saturating_sub(ready.high) / every >= bound {
                    bound
                } else {
                    bound.min((age - self.ready(ready, item)) as u64 / every)
                };
                write_number(grown, out);
            }
            Make::Referred(word) => {
                if !self.refer(self.word(*word, item), out) {
                    return Span::NULL;
                }
            }
            Make::Present(word) => match self.word(*word, item) {
                code::NULL => return Span::NULL,
                _ => out.extend_from_slice(b"{}"),
            },
            Make::EventId => self.identities.write_event_id(self.name, out),
            Make::EventTime => write_time(self.time, 9, out),
            Make::RequestId => self.identities.write_request_id(self.name, out),
        }
        Span(start, out.len() as u32 - start)
    }

    fn member(&self, role: Role, field: usize) -> Option<&'a [u8]> {
        let (kind, index) = match role {
            Role::Scope(kind) => (kind, self.roles.scope[kind]),
            Role::Principal(actor) => (self.story.actors[actor].kind, self.roles.actors[actor]),
            Role::Shared(resource) => (self.story.resources[resource].kind, self.roles.resources[resource]),
        };
        self.population.entity(kind, index).values[field].as_deref()
    }

    fn column(&self, kind: KindId, column: usize) -> &'a [u8] {
        let table = self.catalog.kinds[kind].table.as_ref();
        table.map_or(&[], |table| &table.rows[self.roles.scope[kind] as usize][column])
    }

    fn element_of(&self, item: Item) -> u32 {
        if item.words.is_empty() { self.element } else { item.element }
    }

    fn word(&self, word: Word, item: Item) -> u64 {
        match word {
            Word::Event(at) => self.words[at],
            Word::Item(at) => item.words[at],
        }
    }

    fn draw(&self, draw: Draw, item: Item) -> Key {
        let element = if draw.element { self.element_of(item) } else { 0 };
        resource_key(draw.resource, self.name.instance, element).number(draw.field)
    }

    fn ready(&self, ready: &Ready, item: Item) -> i64 {
        self.draw(ready.draw, item).between(ready.low, ready.high) as i64 / MICROSECOND * MICROSECOND
    }

    /// The last change: by a call, or by becoming ready, or the first look of whoever makes it ready.
    fn updated(&self, state: Word, ready: Option<&Ready>, item: Item) -> i64 {
        let (created, updated) = match state {
            Word::Event(at) => (self.words[at + word::CREATED], self.words[at + word::UPDATED]),
            Word::Item(at) => (item.words[at + word::CREATED], item.words[at + word::UPDATED]),
        };
        let (created, mut last) = (created as i64, updated as i64);
        // Most are either too young for the first of the moments, or were changed after the last.
        if let Some(ready) = ready
            && self.time - created >= first_note(ready.low as i64)
            && last < created.saturating_add_unsigned(ready.high)
        {
            let whole = self.ready(ready, item);
            // A first note some hundred milliseconds after the creation, as the documented example shows.
            for moment in [first_note(whole), whole] {
                let moment = created + moment;
                if moment <= self.time {
                    last = last.max(moment);
                }
            }
        }
        last
    }

    fn stage(&self, of: (KindId, usize), word: Word, ready: &Ready, item: Item, out: &mut Vec<u8>) {
        if let Generator::Stage { young, ready: grown } = &self.catalog.kinds[of.0].fields[of.1].generator {
            let age = self.time - self.word(word, item) as i64;
            out.extend_from_slice(if self.is_young(age, ready, item) { young } else { grown });
        }
    }

    /// Whether something of that age is not ready yet; drawn only if it depends on what is drawn.
    fn is_young(&self, age: i64, ready: &Ready, item: Item) -> bool {
        let earliest = ready.low as i64 / MICROSECOND * MICROSECOND;
        age < earliest || (age < ready.high as i64 && age < self.ready(ready, item))
    }

    fn clock(&self, of: (KindId, usize), at: Word, stamped: bool, item: Item, out: &mut Vec<u8>) {
        let Generator::Clock { clock, .. } = &self.catalog.kinds[of.0].fields[of.1].generator else { return };
        let word = self.word(at, item);
        if stamped {
            write_stamp(clock, word, out);
        } else {
            clock.write((word as i64).div_euclid(NANOSECONDS), out);
        }
    }

    /// Appends the id of what a word refers to; false if it is nothing.
    fn refer(&self, word: u64, out: &mut Vec<u8>) -> bool {
        match code::meaning(word) {
            code::Meaning::Null => return false,
            code::Meaning::Population(kind, index) => {
                let id = self.catalog.kinds[kind].id();
                out.extend_from_slice(self.population.entity(kind, index).values[id].as_deref().unwrap_or_default());
            }
            code::Meaning::Actor(actor) => {
                let of = &self.story.actors[actor];
                let id = self.catalog.kinds[of.kind].id();
                let pinned = of.pins.iter().find(|(field, _)| *field == id);
                match (pinned, of.stranger) {
                    (Some((_, bytes)), _) => out.extend_from_slice(bytes),
                    (None, Some(number)) => self.identities.write(of.kind, id, Lane(0), number, out),
                    (None, None) => {
                        out.extend_from_slice(self.member(Role::Principal(actor), id).unwrap_or_default());
                    }
                }
            }
            code::Meaning::Resource(resource) => self.resource_id(resource, out),
        }
        true
    }

    /// Appends the id of a resource of the story; ids that depend on its state are not referred to by words.
    fn resource_id(&self, index: usize, out: &mut Vec<u8>) {
        use crate::story::{Owner, Pin};
        let resource = &self.story.resources[index];
        let id = self.catalog.kinds[resource.kind].id();
        match (resource.pins.iter().find(|(field, _)| *field == id), resource.owner) {
            (Some((_, Pin::Bytes(bytes))), _) => out.extend_from_slice(bytes),
            (_, Owner::Population { .. }) => {
                out.extend_from_slice(self.member(Role::Shared(index), id).unwrap_or_default());
            }
            (_, Owner::Story { lane, .. }) => {
                let number = self.name.instance << resource.shift();
                self.identities.write(resource.kind, id, lane, number, out);
            }
        }
    }
}

/// How long after its creation something that becomes ready so late is noted for the first time.
fn first_note(ready: i64) -> i64 {
    ready / 64 / MICROSECOND * MICROSECOND
}

/// What the draws of an element of a resource start from.
pub fn resource_key(resource: Key, instance: u64, element: u32) -> Key {
    resource.number(instance).number(element.into())
}

/// Appends a text with a time in it that was given out.
pub fn write_stamp(clock: &crate::value::Clock, stamp: u64, out: &mut Vec<u8>) {
    let (second, suffix) = word::unstamp(stamp);
    clock.write(second, out);
    if suffix > 0 {
        out.push(b'-');
        let start = out.len();
        let mut rest = suffix;
        while rest > 0 {
            out.push(b"0123456789abcdefghijklmnopqrstuvwxyz"[(rest % 36) as usize]);
            rest /= 36;
        }
        out[start..].reverse();
    }
}

fn place_part(part: &Part, spans: &[Span], base: usize, out: &mut Vec<u8>) {
    match part {
        Part::Literal(literal) => literal.append(out),
        Part::Event(index) => again(spans[*index], out),
        Part::Item(index) => again(spans[base + index], out),
    }
}

/// Appends once more what lies in the arena already.
fn again(span: Span, out: &mut Vec<u8>) {
    piece_within(out, span.0 as usize, span.1 as usize);
}

fn range(span: Span) -> std::ops::Range<usize> {
    span.0 as usize..(span.0 + span.1) as usize
}

fn append(out: &mut Vec<u8>, bytes: &[u8]) -> Span {
    let start = out.len() as u32;
    out.extend_from_slice(bytes);
    Span(start, bytes.len() as u32)
}

fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit.wrapping_sub(b'0') % 10))
}

/// Walks the live elements that the simulation handed over.
#[derive(Clone)]
struct OwnItems<'a> {
    list: &'a ItemList,
    words: &'a [u64],
    at: usize,
}

impl<'a> Iterator for OwnItems<'a> {
    type Item = (&'a super::OwnItem, &'a [u64], u32);

    fn next(&mut self) -> Option<Self::Item> {
        let header = *self.words.get(self.at)?;
        let (resource, element) = ((header >> 32) as usize, header as u32);
        let own = self.list.own.iter().find(|own| own.resource == resource)?;
        let start = self.at + 1;
        self.at = start + own.stride;
        Some((own, &self.words[start..self.at], element))
    }
}
