//! Evaluates the value sources of one event: the hot path before the template's copying.
//!
//! Values that many events share are slices of the plan, copied only into the output; values made for this event are in
//! an arena.

use crate::{
    bytes::{Arena, Padded, PaddedSlice, PaddedSlices},
    catalog::{Catalog, FieldId, Generator, KindId},
    identity::{Identities, Recent},
    plan::{
        event_kind::{Draw, EventKind, Part, Ready, Role, StateSlot, ValueSource, first_note, whole_microseconds},
        reference_code,
        resolved::ResolvedScenario,
        roles::Roles,
        state_slots,
    },
    population::{Population, Roaming},
    template::Slots,
    value::{DateCache, Key, Lane, MOST_DIGITS, Salt, put_number},
};

/// Inputs that are the same for all events of a run.
#[derive(Debug)]
pub(crate) struct Given<'p> {
    /// Catalog of the audited system.
    pub(crate) catalog: &'p Catalog,
    /// Generators of ids.
    pub(crate) identities: &'p Identities,
    /// The entities that exist before the run.
    pub(crate) population: &'p Population,
    /// Texts given by scenarios, see [`Plan::literals`](crate::plan::Plan::literals).
    pub(crate) literals: &'p [Padded],
}

/// Inputs of one event's values.
#[derive(Debug)]
pub(crate) struct Context<'e> {
    /// The inputs that all events share.
    pub(crate) given: &'e Given<'e>,
    /// The event's scenario.
    pub(crate) scenario: &'e ResolvedScenario,
    /// The members that its instance drew.
    pub(crate) roles: &'e Roles,
    /// The instance's number, and its salt for keys.
    pub(crate) instance: (u64, Salt),
    /// Event time in nanoseconds since the Unix epoch.
    pub(crate) time: i64,
    /// Element of the target that the event is about.
    pub(crate) element: u32,
    /// State slots copied by the simulation.
    pub(crate) state_slots: &'e [u64],
    /// The event's id, its time with nine fractional digits, and its request's id.
    pub(crate) per_event: [PaddedSlice<'e>; 3],
    /// Memory for new values.
    pub(crate) arena: &'e Arena,
    /// Cache of formatted dates.
    pub(crate) date_cache: &'e DateCache,
    /// Cache of recent ids.
    pub(crate) recent: &'e Recent,
}

/// The subject of a value: the event's element, or an item of a list.
#[derive(Clone, Copy)]
pub(super) struct About {
    /// Offset of an item's state slots within the event's.
    at: usize,
    /// The element, and its salt for keys.
    element: u32,
    salt: Salt,
}

impl About {
    pub(super) fn new(at: usize, element: u32) -> Self {
        // Most resources have one element only.
        let salt = if element == 0 { FIRST } else { Salt::new(element.into()) };
        About { at, element, salt }
    }
}

const NANOSECONDS: i64 = 1_000_000_000;

impl EventKind {
    /// Evaluates the values of an event for its program; `items` is scratch memory for the values of a list item.
    pub(crate) fn fill<'e>(&'e self, context: &Context<'e>, slots: &mut Slots<'_, 'e>, items: &mut PaddedSlices<'e>) {
        let event = About::new(0, context.element);
        for known in &self.known {
            context.given.population.members(known.kind).put(context.roles.in_role(known.role), slots.values);
        }
        slots.values.extend(context.per_event.into_iter());
        slots.values.make_each(&self.value_sources, |make, values| context.make(make, values, values, event));
        if let Some(replaced) = self.first_subject
            && let Some(subject) = self.subject_of_first(context, slots.values.all(), items)
        {
            slots.values.replace(replaced, subject);
        }
        self.program.choose(slots.values);
        for list in 0..self.lists.len() {
            context.list(self, list, slots, items);
        }
    }
}

impl<'e> Context<'e> {
    /// Evaluates one value source; the result is a slice of the plan or of the arena. `event` and `values` are the
    /// values already made for the event and for the item.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a value takes less than a call would")]
    pub(super) fn make(
        &self,
        make: &'e ValueSource,
        event: &[PaddedSlice<'e>],
        values: &[PaddedSlice<'e>],
        about: About,
    ) -> PaddedSlice<'e> {
        let arena = self.arena;
        match make {
            ValueSource::Fixed(text) => text.slice(),
            ValueSource::Null => PaddedSlice::NULL,
            ValueSource::Text(parts) => self.text(parts, event, values),
            ValueSource::Member { role, field } => self.member(*role, *field).unwrap_or(PaddedSlice::NULL),
            ValueSource::MemberPresent { role, field } => {
                self.member(*role, *field).map_or(PaddedSlice::NULL, |_| PaddedSlice::PRESENT)
            }
            ValueSource::DrawnMember { kind, salt } => {
                let index = self.roles.referred(self.given.population, *kind, *salt);
                self.given
                    .population
                    .value(*kind, index, self.given.catalog.kinds[*kind].id())
                    .unwrap_or(PaddedSlice::NULL)
            }
            ValueSource::Unique { kind, field, lane, shift, element } => {
                let element = if *element { about.element } else { 0 };
                let number = (self.instance.0 << shift) | u64::from(element);
                self.made((*kind, *field), *lane, number)
            }
            ValueSource::Roaming { actor, field, roaming } => self.roaming(*actor, *field, *roaming),
            ValueSource::External { kind, field, number } => {
                self.given.identities.make(*kind, *field, Lane(0), *number, arena)
            }
            ValueSource::Pattern { pattern, draw } => pattern.make(pattern.random(self.draw(*draw, about)), arena),
            ValueSource::Chosen { slot, choices } => {
                let choice = self.slot(*slot, about) as usize;
                slice(choices.get(choice).unwrap_or_else(|| &choices[choice % choices.len()]).as_ref())
            }
            ValueSource::Drawn { draw, weights, choices } => {
                slice(choices[weights.draw(self.draw(*draw, about))].as_ref())
            }
            ValueSource::Replaced { slot, original } => match self.slot(*slot, about) {
                0 => values[*original],
                literal => self.given.literals[literal as usize - 1].slice(),
            },
            ValueSource::Select { draw, weights, cases } => values[cases[weights.draw(self.draw(*draw, about))]],
            ValueSource::Created(at) => self.microseconds(state_slots::created(self.slot(*at, about))),
            ValueSource::Updated { slot, ready } => self.microseconds(self.updated(*slot, ready.as_deref(), about)),
            ValueSource::Clock { of, slot, stamped } => self.clock(*of, *slot, *stamped, about),
            ValueSource::Stage { values: [young, grown], slot, ready } => {
                let age = self.time.saturating_sub(state_slots::created(self.slot(*slot, about)));
                if self.is_young(age, ready, about) { young } else { grown }.slice()
            }
            ValueSource::Ramp { slot, ready, up_to, every } => {
                let age = self.time.saturating_sub(state_slots::created(self.slot(*slot, about)));
                if self.is_young(age, ready, about) {
                    PaddedSlice::ZERO
                } else {
                    self.grown(age, ready, values[*up_to], *every, about)
                }
            }
            ValueSource::Referred(slot) => self.refer(self.slot(*slot, about)),
            ValueSource::Present(slot) => {
                if self.slot(*slot, about) == reference_code::NULL {
                    PaddedSlice::NULL
                } else {
                    PaddedSlice::PRESENT
                }
            }
            ValueSource::PerEvent(which) => self.per_event[*which as usize],
        }
    }

    #[inline(never)]
    fn microseconds(&self, time: i64) -> PaddedSlice<'e> {
        self.arena.write_exact(|to| self.date_cache.microseconds(time, to))
    }

    #[inline(never)]
    fn text(&self, parts: &'e [Part], event: &[PaddedSlice<'e>], values: &[PaddedSlice<'e>]) -> PaddedSlice<'e> {
        let part = |part: &'e Part| match part {
            Part::Literal(literal) => literal.slice(),
            Part::Event(index) => event[*index],
            Part::Item(index) => values[*index],
        };
        match parts {
            [only] => part(only),
            parts => self.arena.join(parts.iter().map(part)),
        }
    }

    /// The current value of a ramp that has started: it grows by one per `every` nanoseconds, up to a bound.
    #[inline(never)]
    fn grown(&self, age: i64, ready: &Ready, up_to: PaddedSlice<'e>, every: u64, about: About) -> PaddedSlice<'e> {
        let bound = number(up_to.bytes());
        let grown = if (age as u64).saturating_sub(ready.high) / every >= bound {
            bound
        } else {
            bound.min((age - self.ready(ready, about)) as u64 / every)
        };
        self.arena.write(MOST_DIGITS, |to| put_number(grown, to))
    }

    #[inline]
    fn member(&self, role: Role, field: usize) -> Option<PaddedSlice<'e>> {
        self.given.population.value(role.kind(self.scenario), self.roles.in_role(role), field)
    }

    /// The client address of an actor, which may be away from its usual one.
    #[inline(never)]
    fn roaming(&self, index: usize, field: FieldId, roaming: Roaming) -> PaddedSlice<'e> {
        let (actor, role) = (&self.scenario.actors[index], Role::Principal(index));
        match roaming.draw(self.roles.address_key(actor)) {
            0 => self.member(role, field).unwrap_or(PaddedSlice::NULL),
            away => self.made((actor.kind, field), Lane(0), Roaming::number(self.roles.in_role(role), away)),
        }
    }

    /// An identifying field of a resource that belongs to the scenario.
    fn made(&self, field: (KindId, FieldId), lane: Lane, number: u64) -> PaddedSlice<'e> {
        self.recent.make(self.given.identities, field, lane, number, self.arena)
    }

    fn slot(&self, slot: StateSlot, about: About) -> u64 {
        self.state_slots[slot.at + if slot.of_item { about.at } else { 0 }]
    }

    fn draw(&self, draw: Draw, about: About) -> Key {
        let element = if draw.element { about.salt } else { FIRST };
        draw.resource.salted(self.instance.1).salted(element).salted(draw.field)
    }

    #[inline(never)]
    fn ready(&self, ready: &Ready, about: About) -> i64 {
        whole_microseconds(self.draw(ready.draw, about).between(ready.low, ready.high) as i64)
    }

    /// Time of the last change: by a call, by becoming ready, or by the service's first status update before that.
    fn updated(&self, state: StateSlot, ready: Option<&Ready>, about: About) -> i64 {
        let of = |offset| self.slot(state.after(offset), about);
        let (created, updated) = (of(state_slots::CREATED), of(state_slots::UPDATED));
        let (created, mut last) = (state_slots::created(created), updated as i64);
        // Most resources are too young for the first of these moments, or were changed after the last.
        if let Some(ready) = ready
            && self.time.saturating_sub(created) >= ready.first_note
            && last < created.saturating_add_unsigned(ready.high)
        {
            let whole = self.ready(ready, about);
            // The documented example shows a first change some hundred milliseconds after the creation.
            for moment in [first_note(whole), whole] {
                let moment = created.saturating_add(moment);
                if moment <= self.time {
                    last = last.max(moment);
                }
            }
        }
        last
    }

    /// Whether a resource of that age is not ready yet; draws only if the age alone does not decide.
    fn is_young(&self, age: i64, ready: &Ready, about: About) -> bool {
        age < ready.earliest || (age < ready.high as i64 && age < self.ready(ready, about))
    }

    #[inline(never)]
    fn clock(&self, of: (KindId, usize), at: StateSlot, stamped: bool, about: About) -> PaddedSlice<'e> {
        let Generator::Clock { clock, .. } = &self.given.catalog.kinds[of.0].fields[of.1].generator else {
            return PaddedSlice::NULL;
        };
        let slot = self.slot(at, about);
        let (second, number) =
            if stamped { state_slots::unstamp(slot) } else { (state_slots::created(slot).div_euclid(NANOSECONDS), 0) };
        clock.make(second, number, self.date_cache, self.arena)
    }

    /// The id of the target of a reference's code; null if there is no target.
    #[inline(never)]
    fn refer(&self, slot: u64) -> PaddedSlice<'e> {
        match reference_code::meaning(slot) {
            reference_code::Meaning::Null => PaddedSlice::NULL,
            reference_code::Meaning::Population(kind, index) => self
                .given
                .population
                .value(kind, index, self.given.catalog.kinds[kind].id())
                .unwrap_or(PaddedSlice::NULL),
            reference_code::Meaning::Actor(actor) => {
                let of = &self.scenario.actors[actor];
                let id = self.given.catalog.kinds[of.kind].id();
                let pinned = of.pins.iter().find(|(field, _)| *field == id);
                match (pinned, of.external) {
                    (Some((_, bytes)), _) => bytes.as_deref().map_or(PaddedSlice::NULL, |bytes| self.arena.text(bytes)),
                    (None, Some(number)) => self.given.identities.make(of.kind, id, Lane(0), number, self.arena),
                    (None, None) => self.member(Role::Principal(actor), id).unwrap_or(PaddedSlice::NULL),
                }
            }
            reference_code::Meaning::Resource(resource) => self.resource_id(resource),
        }
    }

    /// The id of a resource of the scenario. References never name resources whose id depends on state.
    fn resource_id(&self, index: usize) -> PaddedSlice<'e> {
        use crate::plan::resolved::{Owner, Pin};
        let resource = &self.scenario.resources[index];
        let id = self.given.catalog.kinds[resource.kind].id();
        match (resource.pins.iter().find(|(field, _)| *field == id), resource.owner) {
            (Some((_, Pin::Bytes(bytes))), _) => self.arena.text(bytes),
            (_, Owner::Population { .. }) => self.member(Role::Shared(index), id).unwrap_or(PaddedSlice::NULL),
            (_, Owner::Instance { lane, .. }) => {
                self.made((resource.kind, id), lane, self.instance.0 << resource.shift())
            }
        }
    }
}

/// A value that may be null.
#[inline]
fn slice(value: Option<&Padded>) -> PaddedSlice<'_> {
    value.map_or(PaddedSlice::NULL, Padded::slice)
}

/// The salt of a resource's first element in keys.
const FIRST: Salt = Salt::new(0);

fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit.wrapping_sub(b'0') % 10))
}
