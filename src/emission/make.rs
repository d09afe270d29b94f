//! Makes the values of one event: the hot path before the template's copying.
//!
//! What is the same in many events lies where the plan has it, and is not copied before it is placed; what is made for
//! this event lies in an arena.

use super::{Beside, Draw, Emission, ItemList, Make, OwnItem, Part, Ready, Role, Roles, Word};
use crate::{
    catalog::{Catalog, Generator, KindId},
    identity::{EventName, Identities},
    population::Population,
    story::{Story, code, word},
    template::{Arena, Padded, Piece, Pieces, Slots},
    value::{Calendar, Key, Lane, MICROSECONDS_LENGTH, NANOSECONDS_LENGTH},
};

/// All that the values of one event depend on: the plan, and what the event is.
#[derive(Debug, Clone, Copy)]
pub struct Context<'e> {
    /// The audited system.
    pub catalog: &'e Catalog,
    /// Makers of ids.
    pub identities: &'e Identities,
    /// Who existed before.
    pub population: &'e Population,
    /// Texts that scenarios give.
    pub literals: &'e [Padded],
    /// The event's story.
    pub story: &'e Story,
    /// What its instance drew.
    pub roles: &'e Roles,
    /// What the event is, in ids.
    pub name: EventName,
    /// Nanoseconds since the Unix epoch.
    pub time: i64,
    /// Which element of the target it is about.
    pub element: u32,
    /// What the simulation handed over.
    pub words: &'e [u64],
    /// The event's id and its request's.
    pub ids: (Piece<'e>, Piece<'e>),
    /// Memory for what is made.
    pub arena: &'e Arena,
    /// Dates as they stand in times.
    pub calendar: &'e Calendar,
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
    /// Makes the values of an event for its program; `items` is memory for the values of an item of a list.
    pub fn fill<'e>(&'e self, context: &Context<'e>, slots: &mut Slots<'e>, items: &mut Pieces<'e>) {
        let none = Item { words: &[], element: 0 };
        slots.values.reserve(self.makes.len());
        for make in &self.makes {
            let value = context.known(make);
            slots.values.push(value.unwrap_or_else(|| context.make(make, &slots.values, &slots.values, none)));
        }
        if let Some(replaced) = self.first_subject
            && let Some(subject) = self.subject_of_first(context, &slots.values, items)
        {
            slots.values.replace(replaced, subject);
        }
        for list in &self.lists {
            context.list(self, list, slots, items);
        }
    }

    /// The subject of the first listed item.
    fn subject_of_first<'e>(
        &'e self,
        context: &Context<'e>,
        event: &Pieces<'e>,
        items: &mut Pieces<'e>,
    ) -> Option<Piece<'e>> {
        let list = self.lists.first()?;
        if let Some(beside) = &list.beside
            && let Some(field) = beside.subject
            && let Some(entity) = context.beside(beside).next()
        {
            return context.population.value(beside.kind, entity, field);
        }
        let (own, words, element) = context.own_items(self, list).next()?;
        context.make_item(own, Item { words, element }, event, items);
        own.subject.map(|subject| items.get(subject))
    }
}

impl<'e> Context<'e> {
    fn list(&self, emission: &'e Emission, list: &'e ItemList, slots: &mut Slots<'e>, items: &mut Pieces<'e>) {
        let beside = list.beside.as_ref().map_or(0, |beside| self.beside(beside).take(list.page).count());
        let own = self.own_items(emission, list).take(list.page - beside);
        slots.begin_list(beside + own.clone().count());
        if let Some(of) = &list.beside {
            for entity in self.beside(of).take(list.page) {
                for (field, presence) in &of.fields {
                    let value = self.population.value(of.kind, entity, *field);
                    let shown = value.map_or(Piece::NULL, |value| if *presence { Piece::PRESENT } else { value });
                    slots.values.push(shown);
                }
            }
        }
        for (own, words, element) in own {
            self.make_item(own, Item { words, element }, &slots.values, items);
            slots.values.extend_from(items, own.slots.iter().copied());
        }
    }

    /// Makes the values of one of the story's own items, which may use those of the event.
    fn make_item(&self, own: &'e OwnItem, item: Item, event: &Pieces<'e>, values: &mut Pieces<'e>) {
        values.truncate(0);
        for make in &own.makes {
            values.push(self.make(make, event, values, item));
        }
    }

    /// What a list shows beside the story's own.
    fn beside(&self, beside: &Beside) -> impl Iterator<Item = u32> + use<'e> {
        let parent = beside.parent.map_or(0, |parent| self.roles.scope[parent]);
        let row = beside.table.map(|table| self.roles.scope[table]);
        self.population.of(beside.kind).within(parent, row)
    }

    /// The story's own items: the resource, the words and the element of each.
    fn own_items(&self, emission: &Emission, list: &'e ItemList) -> OwnItems<'e> {
        OwnItems { list, words: &self.words[emission.listed_at.min(self.words.len())..], at: 0 }
    }

    /// What need not be made, because it is somebody's of the population: most of an event's values.
    #[inline]
    fn known(&self, make: &Make) -> Option<Piece<'e>> {
        match make {
            Make::Member { role, field } => Some(self.member(*role, *field).unwrap_or(Piece::NULL)),
            Make::Column { kind, field } => Some(self.member(Role::Scope(*kind), *field).unwrap_or(Piece::NULL)),
            _ => None,
        }
    }

    /// Makes one value, in the arena if it does not lie in the plan; `values` are those that were made before it, of the
    /// event or of the item.
    #[inline(never)]
    fn make(&self, make: &'e Make, event: &Pieces<'e>, values: &Pieces<'e>, item: Item) -> Piece<'e> {
        let arena = self.arena;
        match make {
            Make::Fixed(text) => text.piece(),
            Make::Null => Piece::NULL,
            Make::Text(parts) => arena.join(parts.iter().map(|part| match part {
                Part::Literal(literal) => literal.piece(),
                Part::Event(index) => event.get(*index),
                Part::Item(index) => values.get(*index),
            })),
            Make::Member { role, field } => self.member(*role, *field).unwrap_or(Piece::NULL),
            Make::MemberPresent { role, field } => self.member(*role, *field).map_or(Piece::NULL, |_| Piece::PRESENT),
            Make::DrawnMember { kind, salt } => {
                let index = self.roles.referred(self.population, *kind, *salt);
                self.population.value(*kind, index, self.catalog.kinds[*kind].id()).unwrap_or(Piece::NULL)
            }
            Make::Column { kind, field } => self.member(Role::Scope(*kind), *field).unwrap_or(Piece::NULL),
            Make::Unique { kind, field, lane, shift, element } => {
                let element = if *element { self.element_of(item) } else { 0 };
                let number = (self.name.instance << shift) | u64::from(element);
                self.identities.make(*kind, *field, *lane, number, arena)
            }
            Make::Stranger { kind, field, number } => self.identities.make(*kind, *field, Lane(0), *number, arena),
            Make::Pattern { kind, field, draw } => {
                self.identities.make_random(*kind, *field, self.draw(*draw, item), arena)
            }
            Make::Chosen { word, choices } => choices[self.word(*word, item) as usize % choices.len()].piece(),
            Make::Drawn { draw, weights, choices } => choices[weights.draw(self.draw(*draw, item))].piece(),
            Make::Replaced { word, original } => match self.word(*word, item) {
                0 => values.get(*original),
                literal => self.literals[literal as usize - 1].piece(),
            },
            Make::Select { draw, weights, cases } => values.get(cases[weights.draw(self.draw(*draw, item))]),
            Make::Created(at) => self.microseconds(word::created(self.word(*at, item))),
            Make::Updated { word, ready } => self.microseconds(self.updated(*word, ready.as_ref(), item)),
            Make::Clock { of, word, stamped } => self.clock(*of, *word, *stamped, item),
            Make::Stage { values: [young, grown], word, ready } => {
                let age = self.time - word::created(self.word(*word, item));
                if self.is_young(age, ready, item) { young } else { grown }.piece()
            }
            Make::Ramp { word, ready, up_to, every } => {
                let bound = number(values.get(*up_to).bytes());
                let age = self.time - word::created(self.word(*word, item));
                let grown = if self.is_young(age, ready, item) {
                    0
                } else if (age as u64).saturating_sub(ready.high) / every >= bound {
                    bound
                } else {
                    bound.min((age - self.ready(ready, item)) as u64 / every)
                };
                self.arena.write(DIGITS, |to| number_into(grown, to))
            }
            Make::Referred(word) => self.refer(self.word(*word, item)),
            Make::Present(word) => {
                if self.word(*word, item) == code::NULL {
                    Piece::NULL
                } else {
                    Piece::PRESENT
                }
            }
            Make::EventId => self.ids.0,
            Make::EventTime => arena.write(NANOSECONDS_LENGTH, |to| self.calendar.nanoseconds(self.time, to)),
            Make::RequestId => self.ids.1,
        }
    }

    fn microseconds(&self, time: i64) -> Piece<'e> {
        self.arena.write(MICROSECONDS_LENGTH, |to| self.calendar.microseconds(time, to))
    }

    /// What is seldom made, or short, may be written as elsewhere.
    fn written(&self, write: impl FnOnce(&mut Vec<u8>)) -> Piece<'e> {
        let mut text = Vec::new();
        write(&mut text);
        self.arena.text(&text)
    }

    #[inline]
    fn member(&self, role: Role, field: usize) -> Option<Piece<'e>> {
        let (kind, index) = match role {
            Role::Scope(kind) => (kind, self.roles.scope[kind]),
            Role::Principal(actor) => (self.story.actors[actor].kind, self.roles.actors[actor]),
            Role::Shared(resource) => (self.story.resources[resource].kind, self.roles.resources[resource]),
        };
        self.population.value(kind, index, field)
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
        let (created, mut last) = (word::created(created), updated as i64);
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

    /// Whether something of that age is not ready yet; drawn only if it depends on what is drawn.
    fn is_young(&self, age: i64, ready: &Ready, item: Item) -> bool {
        let earliest = ready.low as i64 / MICROSECOND * MICROSECOND;
        age < earliest || (age < ready.high as i64 && age < self.ready(ready, item))
    }

    fn clock(&self, of: (KindId, usize), at: Word, stamped: bool, item: Item) -> Piece<'e> {
        let Generator::Clock { clock, .. } = &self.catalog.kinds[of.0].fields[of.1].generator else {
            return Piece::NULL;
        };
        let word = self.word(at, item);
        self.written(|out| {
            if stamped {
                write_stamp(clock, word, out);
            } else {
                clock.write(word::created(word).div_euclid(NANOSECONDS), out);
            }
        })
    }

    /// The id of what a word refers to; null if it is nothing.
    fn refer(&self, word: u64) -> Piece<'e> {
        match code::meaning(word) {
            code::Meaning::Null => Piece::NULL,
            code::Meaning::Population(kind, index) => {
                self.population.value(kind, index, self.catalog.kinds[kind].id()).unwrap_or(Piece::NULL)
            }
            code::Meaning::Actor(actor) => {
                let of = &self.story.actors[actor];
                let id = self.catalog.kinds[of.kind].id();
                let pinned = of.pins.iter().find(|(field, _)| *field == id);
                match (pinned, of.stranger) {
                    (Some((_, bytes)), _) => self.arena.text(bytes),
                    (None, Some(number)) => self.identities.make(of.kind, id, Lane(0), number, self.arena),
                    (None, None) => self.member(Role::Principal(actor), id).unwrap_or(Piece::NULL),
                }
            }
            code::Meaning::Resource(resource) => self.resource_id(resource),
        }
    }

    /// The id of a resource of the story; ids that depend on its state are not referred to by words.
    fn resource_id(&self, index: usize) -> Piece<'e> {
        use crate::story::{Owner, Pin};
        let resource = &self.story.resources[index];
        let id = self.catalog.kinds[resource.kind].id();
        match (resource.pins.iter().find(|(field, _)| *field == id), resource.owner) {
            (Some((_, Pin::Bytes(bytes))), _) => self.arena.text(bytes),
            (_, Owner::Population { .. }) => self.member(Role::Shared(index), id).unwrap_or(Piece::NULL),
            (_, Owner::Story { lane, .. }) => {
                let number = self.name.instance << resource.shift();
                self.identities.make(resource.kind, id, lane, number, self.arena)
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

/// The most digits that a number has.
const DIGITS: usize = 20;

/// Writes a number to the beginning of `to`, and says how many digits it has.
fn number_into(mut number: u64, to: &mut [u8]) -> usize {
    let width = number.checked_ilog10().unwrap_or(0) as usize + 1;
    for place in to[..width].iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
    width
}

fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit.wrapping_sub(b'0') % 10))
}

/// Walks the live elements that the simulation handed over.
#[derive(Clone)]
struct OwnItems<'e> {
    list: &'e ItemList,
    words: &'e [u64],
    at: usize,
}

impl<'e> Iterator for OwnItems<'e> {
    type Item = (&'e OwnItem, &'e [u64], u32);

    fn next(&mut self) -> Option<Self::Item> {
        let header = *self.words.get(self.at)?;
        let (resource, element) = ((header >> 32) as usize, header as u32);
        let own = self.list.own.iter().find(|own| own.resource == resource)?;
        let start = self.at + 1;
        self.at = start + own.stride;
        Some((own, &self.words[start..self.at], element))
    }
}
