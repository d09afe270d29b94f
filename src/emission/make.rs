//! Makes the values of one event: the hot path before the template's copying.
//!
//! What is the same in many events lies where the plan has it, and is not copied before it is placed; what is made for
//! this event lies in an arena.

use super::{Draw, Emission, Make, Part, Ready, Role, Roles, Word};
use crate::{
    catalog::{Catalog, Generator, KindId},
    identity::{EventName, Identities},
    population::Population,
    story::{Story, code, word},
    template::{Arena, Padded, Piece, Pieces, Slots},
    value::{Calendar, Key, Lane, MICROSECONDS_LENGTH, MOST_DIGITS, NANOSECONDS_LENGTH, put_number},
};
use std::cell::Cell;

/// All that the values of one event depend on: the plan, and what the event is.
#[derive(Debug)]
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
    /// The last time that was written: a resource's changes are mostly its creation.
    pub written: Cell<(i64, Piece<'e>)>,
}

/// One item's own part of a [`Context`].
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub words: &'a [u64],
    pub element: u32,
}

const NANOSECONDS: i64 = 1_000_000_000;
const MICROSECOND: i64 = 1_000;

impl Emission {
    /// Makes the values of an event for its program; `items` is memory for the values of an item of a list.
    pub fn fill<'e>(&'e self, context: &Context<'e>, slots: &mut Slots<'e>, items: &mut Pieces<'e>) {
        let none = Item { words: &[], element: 0 };
        for known in &self.known {
            let texts = context.population.of(known.kind).texts(context.roles.of(known.role));
            slots.values.extend(known.fields.iter().map(|field| texts[*field]));
        }
        for make in &self.makes {
            slots.values.push(context.make(make, &slots.values, &slots.values, none));
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
}

impl<'e> Context<'e> {
    /// Makes one value, in the arena if it does not lie in the plan; `values` are those that were made before it, of the
    /// event or of the item.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a value takes less than a call would")]
    pub(super) fn make(&self, make: &'e Make, event: &Pieces<'e>, values: &Pieces<'e>, item: Item) -> Piece<'e> {
        let arena = self.arena;
        match make {
            Make::Fixed(text) => text.piece(),
            Make::Null => Piece::NULL,
            Make::Text(parts) => self.text(parts, event, values),
            Make::Member { role, field } => self.member(*role, *field).unwrap_or(Piece::NULL),
            Make::MemberPresent { role, field } => self.member(*role, *field).map_or(Piece::NULL, |_| Piece::PRESENT),
            Make::DrawnMember { kind, salt } => {
                let index = self.roles.referred(self.population, *kind, *salt);
                self.population.value(*kind, index, self.catalog.kinds[*kind].id()).unwrap_or(Piece::NULL)
            }
            Make::Unique { kind, field, lane, shift, element } => {
                let element = if *element { self.element_of(item) } else { 0 };
                let number = (self.name.instance << shift) | u64::from(element);
                self.identities.make(*kind, *field, *lane, number, arena)
            }
            Make::Stranger { kind, field, number } => self.identities.make(*kind, *field, Lane(0), *number, arena),
            Make::Pattern { pattern, draw } => pattern.make(pattern.random(self.draw(*draw, item)), arena),
            Make::Chosen { word, choices } => {
                let choice = self.word(*word, item) as usize;
                choices.get(choice).unwrap_or_else(|| &choices[choice % choices.len()]).piece()
            }
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
                let age = self.time - word::created(self.word(*word, item));
                if self.is_young(age, ready, item) {
                    Piece::ZERO
                } else {
                    self.grown(age, ready, values.get(*up_to), *every, item)
                }
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
        let (written, piece) = self.written.get();
        if written == time { piece } else { self.write_microseconds(time) }
    }

    #[inline(never)]
    fn write_microseconds(&self, time: i64) -> Piece<'e> {
        let piece = self.arena.write(MICROSECONDS_LENGTH, |to| self.calendar.microseconds(time, to));
        self.written.set((time, piece));
        piece
    }

    #[inline(never)]
    fn text(&self, parts: &'e [Part], event: &Pieces<'e>, values: &Pieces<'e>) -> Piece<'e> {
        let part = |part: &'e Part| match part {
            Part::Literal(literal) => literal.piece(),
            Part::Event(index) => event.get(*index),
            Part::Item(index) => values.get(*index),
        };
        match parts {
            [only] => part(only),
            parts => self.arena.join(parts.iter().map(part)),
        }
    }

    /// What something that is ready has grown to.
    #[inline(never)]
    fn grown(&self, age: i64, ready: &Ready, up_to: Piece<'e>, every: u64, item: Item) -> Piece<'e> {
        let bound = number(up_to.bytes());
        let grown = if (age as u64).saturating_sub(ready.high) / every >= bound {
            bound
        } else {
            bound.min((age - self.ready(ready, item)) as u64 / every)
        };
        self.arena.write(MOST_DIGITS, |to| put_number(grown, to))
    }

    #[inline]
    fn member(&self, role: Role, field: usize) -> Option<Piece<'e>> {
        self.population.value(role.kind(self.story), self.roles.of(role), field)
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
        resource_key(draw.resource, self.name.instance, element).salted(draw.field)
    }

    #[inline(never)]
    fn ready(&self, ready: &Ready, item: Item) -> i64 {
        whole_microseconds(self.draw(ready.draw, item).between(ready.low, ready.high) as i64)
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
            && self.time - created >= ready.first_note
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
        age < ready.earliest || (age < ready.high as i64 && age < self.ready(ready, item))
    }

    #[inline(never)]
    fn clock(&self, of: (KindId, usize), at: Word, stamped: bool, item: Item) -> Piece<'e> {
        let Generator::Clock { clock, .. } = &self.catalog.kinds[of.0].fields[of.1].generator else {
            return Piece::NULL;
        };
        let word = self.word(at, item);
        let (second, number) =
            if stamped { word::unstamp(word) } else { (word::created(word).div_euclid(NANOSECONDS), 0) };
        self.arena.write(clock.room(), |to| clock.put(second, number, self.calendar, to))
    }

    /// The id of what a word refers to; null if it is nothing.
    #[inline(never)]
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
pub(super) fn first_note(ready: i64) -> i64 {
    whole_microseconds(ready / 64)
}

/// So many nanoseconds, cut.
pub(super) fn whole_microseconds(nanoseconds: i64) -> i64 {
    nanoseconds / MICROSECOND * MICROSECOND
}

/// What the draws of an element of a resource start from.
pub fn resource_key(resource: Key, instance: u64, element: u32) -> Key {
    resource.number(instance).number(element.into())
}

fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit.wrapping_sub(b'0') % 10))
}
