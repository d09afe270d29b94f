//! Generators of identifying values, keyed for one run.

mod recent;

use crate::{
    bytes::{Arena, PaddedSlice, hex},
    catalog::{Catalog, Field, FieldId, Generator, Kind, KindId},
    value::{AddressRanges, Key, Lane, Pattern, People, Wide},
};
pub(crate) use recent::Recent;
use std::collections::{HashMap, HashSet};

/// Ids, mail addresses and client addresses of a run: unique by construction.
#[derive(Debug)]
pub struct Identities {
    /// By kind and field.
    makers: Vec<Vec<Option<Maker>>>,
    ids: EventIds,
}

/// Ids of a run's events and of their requests, which can be turned back into what they name.
#[derive(Debug)]
pub(crate) struct EventIds {
    events: Wide<61>,
    requests: Wide<64>,
}

#[derive(Debug)]
enum Maker {
    Pattern(Pattern),
    People(People),
    Addresses(AddressRanges),
}

impl Maker {
    /// The generator for an identifying field. Malformed address ranges were already rejected with the catalog.
    fn new(field: &Field, key: Key) -> Option<Self> {
        match &field.generator {
            Generator::Pattern { pattern, .. } => Some(Maker::Pattern(pattern.clone().keyed(key))),
            Generator::Email(domains) => Some(Maker::People(People::new(key, domains.clone()))),
            Generator::Address(ranges) => AddressRanges::parse(key, ranges).ok().map(Maker::Addresses),
            _ => None,
        }
    }
}

/// Identification of an event within its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventName {
    /// Number of the scenario in event ids.
    pub scenario: u16,
    /// Number of the instance within its scenario, from 0.
    pub instance: u64,
    /// Number of the step in event ids.
    pub step: u16,
    /// Turn of a repeated step, from 0.
    pub occurrence: u32,
}

/// Widths in bits of the parts of an event's id; the rest of 122 bits is a check value.
const STORY_BITS: u32 = 14;
const STEP_BITS: u32 = 14;
const INSTANCE_BITS: u32 = 36;
const OCCURRENCE_BITS: u32 = 24;
const CHECK_BITS: u32 = 122 - STORY_BITS - STEP_BITS - INSTANCE_BITS - OCCURRENCE_BITS;

/// Number of turns of a repeated step that have different ids.
pub(crate) const TURNS: u64 = 1 << OCCURRENCE_BITS;

/// Number of different tags of scenarios and of steps.
pub(crate) const TAGS: u16 = 1 << STEP_BITS;

impl Identities {
    /// The generators of a run: `values` keys the values of entities, `run` (which also depends on the start) keys the
    /// ids of events and requests.
    pub(crate) fn new(catalog: &Catalog, values: Key, run: Key) -> Self {
        let fields = |kind: &Kind| {
            let maker = |field: &Field| Maker::new(field, values.name(&kind.name).name(&field.name));
            kind.fields.iter().map(maker).collect()
        };
        let makers = catalog.kinds.iter().map(fields).collect();
        Identities { makers, ids: EventIds::new(run) }
    }

    /// Appends the value of an identifying field for `number` in `lane`.
    pub(crate) fn write(&self, kind: KindId, field: FieldId, lane: Lane, number: u64, out: &mut Vec<u8>) {
        match &self.makers[kind][field] {
            Some(Maker::Pattern(pattern)) => pattern.write_unique(lane, number, out),
            Some(Maker::People(people)) => people.write_email(number, out),
            Some(Maker::Addresses(ranges)) => ranges.write(number, out),
            None => {}
        }
    }

    /// Writes the value of an identifying field into an arena.
    pub(crate) fn make<'a>(
        &self,
        kind: KindId,
        field: FieldId,
        lane: Lane,
        number: u64,
        arena: &'a Arena,
    ) -> PaddedSlice<'a> {
        if let Some(Maker::Pattern(pattern)) = &self.makers[kind][field] {
            return pattern.make(pattern.unique(lane, number), arena);
        }
        let mut text = Vec::new();
        self.write(kind, field, lane, number, &mut text);
        arena.text(&text)
    }

    /// The ids of an event and of its request: a version 4 UUID whose free bits are the permuted event name, and 32
    /// lower-case hexadecimal digits.
    #[inline]
    pub(crate) fn ids<'a>(&self, name: EventName, arena: &'a Arena) -> (PaddedSlice<'a>, PaddedSlice<'a>) {
        let event = self.ids.events.apply(name.pack(true));
        let request = self.ids.requests.apply(name.pack(false));
        (arena.write(UUID_LENGTH, |to| put_uuid(event, to)), arena.text(&hex(request)))
    }

    /// The id of an event.
    pub fn event_id(&self, name: EventName) -> String {
        String::from_utf8_lossy(self.ids(name, &Arena::default()).0.bytes()).into_owned()
    }

    /// The event with this id, or `None` if the run has no such event.
    pub(crate) fn event_of(&self, id: uuid::Uuid) -> Option<EventName> {
        self.ids.event_of(id.as_u128())
    }

    /// The event of a request's id, given as 128 bits, or `None` if the run has no such event. An id from elsewhere is
    /// mistaken for one of this run with a probability of 2⁻⁴⁰.
    pub(crate) fn event_of_request(&self, id: u128) -> Option<EventName> {
        self.ids.event_of_request(id)
    }
}

/// The key of the ids of a run's events: runs with the same seed, name and start share their ids, and no others do.
pub(crate) fn run_key(seed: u64, name: &str, from: i64) -> Key {
    Key::root(seed).name(name).number(from as u64)
}

impl EventIds {
    /// The ids of the run with this key; see [`run_key`].
    pub(crate) fn new(run: Key) -> Self {
        EventIds { events: Wide::new(run.name("event")), requests: Wide::new(run.name("request")) }
    }

    /// The event with this id, given as the 128 bits of a UUID.
    pub(crate) fn event_of(&self, uuid: u128) -> Option<EventName> {
        if (uuid >> 76) & 0xF != 0x4 || (uuid >> 62) & 0b11 != 0b10 {
            return None;
        }
        let bits = ((uuid >> 80) << 74) | (((uuid >> 64) & 0xFFF) << 62) | (uuid & ((1 << 62) - 1));
        let packed = self.events.invert(bits);
        let name = EventName::unpack(packed);
        (name.pack(true) == packed).then_some(name)
    }

    /// The event of a request's id.
    pub(crate) fn event_of_request(&self, id: u128) -> Option<EventName> {
        let packed = self.requests.invert(id);
        let name = EventName::unpack(packed << CHECK_BITS);
        (name.pack(false) == packed).then_some(name)
    }
}

/// Length of a UUID's text.
const UUID_LENGTH: usize = 36;

/// Writes a version 4 UUID with the given 122 free bits.
#[inline]
fn put_uuid(bits: u128, to: &mut [u8]) -> usize {
    // The other six bits are the version (4) and the variant (RFC 9562).
    let high = bits >> 74;
    let middle = (bits >> 62) & 0xFFF;
    let low = bits & ((1 << 62) - 1);
    let uuid = (high << 80) | (0x4 << 76) | (middle << 64) | (0b10 << 62) | low;
    let digits = hex(uuid);
    to[..8].copy_from_slice(&digits[..8]);
    to[9..13].copy_from_slice(&digits[8..12]);
    to[14..18].copy_from_slice(&digits[12..16]);
    to[19..23].copy_from_slice(&digits[16..20]);
    to[24..UUID_LENGTH].copy_from_slice(&digits[20..]);
    for hyphen in [8, 13, 18, 23] {
        to[hyphen] = b'-';
    }
    UUID_LENGTH
}

impl EventName {
    fn pack(self, checked: bool) -> u128 {
        let mut packed = u128::from(self.scenario);
        packed = (packed << STEP_BITS) | u128::from(self.step);
        packed = (packed << INSTANCE_BITS) | u128::from(self.instance & ((1 << INSTANCE_BITS) - 1));
        packed = (packed << OCCURRENCE_BITS) | u128::from(self.occurrence & ((1 << OCCURRENCE_BITS) - 1));
        // The check value is constant: a foreign id decodes to it once in 2³⁴ tries.
        if checked { packed << CHECK_BITS } else { packed }
    }

    fn unpack(packed: u128) -> Self {
        let take = |shift: u32, bits: u32| ((packed >> shift) & ((1 << bits) - 1)) as u64;
        let occurrence_at = CHECK_BITS;
        let instance_at = occurrence_at + OCCURRENCE_BITS;
        let step_at = instance_at + INSTANCE_BITS;
        EventName {
            scenario: take(step_at + STEP_BITS, STORY_BITS) as u16,
            instance: take(instance_at, INSTANCE_BITS),
            step: take(step_at, STEP_BITS) as u16,
            occurrence: take(occurrence_at, OCCURRENCE_BITS) as u32,
        }
    }
}

/// Assigns lanes and tags: small numbers for names, by hash with linear probing, so that a name's number does not
/// depend on other names, except for rare collisions.
#[derive(Debug, Default)]
pub(crate) struct Tags {
    numbers: HashMap<String, usize>,
    families: Vec<Family>,
}

/// A family of numbers: found once, since the name of one may be as long as a scenario in one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FamilyId(usize);

/// The numbers of one family, and who has them.
#[derive(Debug)]
struct Family {
    key: Key,
    numbers: HashMap<String, u16>,
    taken: HashSet<u16>,
}

impl Tags {
    /// The family of that name.
    pub(crate) fn family(&mut self, name: &str) -> FamilyId {
        if let Some(known) = self.numbers.get(name) {
            return FamilyId(*known);
        }
        let key = Key::root(0).name(name);
        self.numbers.insert(name.to_owned(), self.families.len());
        self.families.push(Family { key, numbers: HashMap::new(), taken: HashSet::new() });
        FamilyId(self.families.len() - 1)
    }

    /// The number in `1..bound` for `name` in a family; `None` when all are taken.
    pub(crate) fn assign(&mut self, family: FamilyId, name: &str, bound: u16) -> Option<u16> {
        self.families[family.0].assign(name, bound)
    }
}

impl Family {
    fn assign(&mut self, name: &str, bound: u16) -> Option<u16> {
        if let Some(number) = self.numbers.get(name) {
            return Some(*number);
        }
        if self.taken.len() >= usize::from(bound - 1) {
            return None;
        }
        let mut number = (self.key.name(name).bits() % u64::from(bound - 1)) as u16 + 1;
        while !self.taken.insert(number) {
            number = number % (bound - 1) + 1;
        }
        self.numbers.insert(name.to_owned(), number);
        Some(number)
    }
}
