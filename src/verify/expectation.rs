//! The events that are expected: which id belongs to which of them, and what its body is, as a hash.
//!
//! An id is turned back into scenario, step, instance and turn; a bitmap over these says whether the event is expected,
//! and the number of ones before its bit is its place. That is some ten bits an instance and a few an event, however
//! sparse the steps are, because only pages with a one in them are kept.

use super::{
    SourceKey,
    origin::RecordKey,
    walk::{self, Scope, Walk},
};
use crate::{
    error::Error,
    identity::EventName,
    plan::{
        Plan,
        resolved::{Operation, TurnCount},
    },
    simulation::Record,
};
use std::{
    collections::{HashMap, HashSet},
    hash::BuildHasherDefault,
    num::NonZero,
};
use xxhash_rust::xxh3::xxh3_64;

/// How much is known of each expected event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Its id.
    Ids,
    /// Also its body, its key and its position in the run.
    Bodies,
}

/// The meaning of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// An expected event, by its index.
    Event(u64),
    /// An event of this run, or of a run with the same seed, name and start, that is not expected.
    Version,
    /// Nothing of this run.
    Foreign,
}

/// The expected events. An index is a position among them in the run's order if bodies are known, else just a number.
pub(super) struct Expectation<'p> {
    pub plan: &'p Plan,
    pub scope: Scope,
    pub detail: Detail,
    /// How many events may arrive.
    pub count: u64,
    /// Those that need not, by index.
    pub optional: HashSet<u64>,
    slots: Slots,
    /// By place: the event's position.
    positions: Vec<u32>,
    /// By position.
    bodies: Vec<u64>,
    keys: Vec<u32>,
    /// The numbers of keys, by their hashes.
    key_numbers: HashMap<u64, u32>,
    times: Vec<i64>,
}

impl<'p> Expectation<'p> {
    /// Simulates the run, and renders it if bodies matter.
    ///
    /// # Errors
    /// If some events hold no id by which they could be recognised, or if there are too many for their bodies.
    pub(super) fn new(
        plan: &'p Plan,
        scope: Scope,
        (detail, wants_times): (Detail, bool),
        threads: NonZero<usize>,
    ) -> Result<Self, Error> {
        let mut slots = Slots::new(plan);
        let mut count = 0;
        let (mut seen, mut firsts) = (vec![false; plan.event_kinds.len()], Vec::new());
        Walk::new(plan, &scope).for_each(|position, record| {
            slots.insert(name_of(plan, record));
            count += 1;
            if !std::mem::replace(&mut seen[record.event_kind as usize], true) {
                firsts.push(position);
            }
        });
        slots.number();
        let mut expectation = Expectation {
            plan,
            scope,
            detail,
            count,
            optional: HashSet::new(),
            slots,
            positions: Vec::new(),
            bodies: Vec::new(),
            keys: Vec::new(),
            key_numbers: HashMap::new(),
            times: Vec::new(),
        };
        expectation.check_ids(&firsts)?;
        if detail == Detail::Bodies {
            expectation.know_bodies(threads)?;
        }
        if wants_times || expectation.scope.except.is_some() {
            expectation.know_times(wants_times);
        }
        Ok(expectation)
    }

    /// Each kind of event has to hold an id; the first event of a kind stands for all.
    fn check_ids(&self, firsts: &[u64]) -> Result<(), Error> {
        let end = firsts.last().map_or(0, |last| last + 1);
        let mut nameless = None;
        walk::render(
            (&mut Walk::new(self.plan, &self.scope), end),
            NonZero::<usize>::MIN,
            |position| firsts.binary_search(&position).is_ok(),
            |rendered| {
                let has_none = |body: &[u8]| {
                    let uuids = super::candidates::uuids(body).any(|id| self.event(id.bits) != Found::Foreign);
                    !uuids && !super::candidates::digit_runs(body).any(|id| self.request(id.bits) != Found::Foreign)
                };
                let nameless = rendered.events().find(|event| has_none(event.body));
                nameless.map(|event| event.record.event_kind)
            },
            |found| nameless = nameless.or(found),
        );
        let Some(event_kind) = nameless else { return Ok(()) };
        let method = &self.plan.catalog.methods[self.plan.event_kinds[event_kind as usize].method].name;
        let message =
            format!("events of `{method}` hold neither the event's id nor the request's: nothing can find them");
        Err(Error::usage(message).help("write `${event.id}` or `${request.id}` into the method's template"))
    }

    fn know_bodies(&mut self, threads: NonZero<usize>) -> Result<(), Error> {
        let Ok(count) = u32::try_from(self.count) else {
            return Err(Error::usage("more than 4,294,967,295 events are too many to compare their bodies")
                .help("verify shards of the run one by one, by `--shard`, or only that ids arrive, by `--ids-only`"));
        };
        let count = count as usize;
        let mut positions = vec![0; count];
        Walk::new(self.plan, &self.scope).for_each(|position, record| {
            if let Some(place) = self.slots.place(name_of(self.plan, record)) {
                positions[place as usize] = position as u32;
            }
        });
        self.positions = positions;
        let (mut bodies, mut keys) = (vec![0_u64; count], vec![0_u32; count]);
        let mut known: HashMap<u64, u32> = HashMap::new();
        walk::render(
            (&mut Walk::new(self.plan, &self.scope), u64::MAX),
            threads,
            |_| true,
            |rendered| {
                // Events without a key have no order.
                let hashed = |key: &[u8]| (!key.is_empty()).then(|| xxh3_64(key));
                let events = rendered.events();
                events.map(|event| (event.position, xxh3_64(event.body), hashed(event.key))).collect::<Vec<_>>()
            },
            |events| {
                for (position, body, key) in events {
                    bodies[position as usize] = body;
                    let next = known.len() as u32 + 1;
                    keys[position as usize] = key.map_or(0, |key| *known.entry(key).or_insert(next));
                }
            },
        );
        (self.bodies, self.keys, self.key_numbers) = (bodies, keys, known);
        Ok(())
    }

    fn know_times(&mut self, wants_times: bool) {
        let mut times = vec![0; if wants_times { self.count as usize } else { 0 }];
        let mut optional = HashSet::new();
        Walk::new(self.plan, &self.scope).for_each(|_, record| {
            let Some(index) = self.index_of(record) else { return };
            if wants_times {
                times[index as usize] = record.time;
            }
            if self.scope.is_optional(record) {
                optional.insert(index);
            }
        });
        (self.times, self.optional) = (times, optional);
    }

    /// The index of an event of the run, if it is expected.
    pub(super) fn index_of(&self, record: &Record) -> Option<u64> {
        self.index(name_of(self.plan, record))
    }

    fn index(&self, name: EventName) -> Option<u64> {
        let place = self.slots.place(name)?;
        match self.detail {
            Detail::Ids => Some(place),
            Detail::Bodies => self.positions.get(place as usize).map(|position| u64::from(*position)),
        }
    }

    /// Looks up an event's id, given as 128 bits.
    pub(super) fn event(&self, bits: u128) -> Found {
        self.found(self.plan.identities.event_of(uuid::Uuid::from_u128(bits)))
    }

    /// Looks up a request's id.
    pub(super) fn request(&self, bits: u128) -> Found {
        self.found(self.plan.identities.event_of_request(bits))
    }

    fn found(&self, name: Option<EventName>) -> Found {
        match name {
            None => Found::Foreign,
            Some(name) => self.index(name).map_or(Found::Version, Found::Event),
        }
    }

    /// The hash of an event's body; only if bodies are known.
    pub(super) fn body_hash(&self, index: u64) -> Option<u64> {
        self.bodies.get(index as usize).copied()
    }

    /// The number of an event's key, 0 if it has none; only if bodies are known.
    pub(super) fn key(&self, index: u64) -> u32 {
        self.keys.get(index as usize).copied().unwrap_or_default()
    }

    /// The key of a record of a topic, as the number that events have for it.
    pub(super) fn record_key(&self, key: SourceKey<'_>) -> RecordKey {
        match key {
            SourceKey::Unknown => RecordKey::Unknown,
            _ if self.detail == Detail::Ids => RecordKey::Unknown,
            SourceKey::None | SourceKey::Bytes([]) => RecordKey::None,
            SourceKey::Bytes(key) => {
                self.key_numbers.get(&xxh3_64(key)).map_or(RecordKey::Other, |key| RecordKey::Number(*key))
            }
        }
    }

    /// When an event happened; only if times are known.
    pub(super) fn time(&self, index: u64) -> Option<i64> {
        self.times.get(index as usize).copied()
    }
}

/// Which event of which instance a record is.
pub(super) fn name_of(plan: &Plan, record: &Record) -> EventName {
    let event_kind = &plan.event_kinds[record.event_kind as usize];
    EventName {
        scenario: plan.scenarios[usize::from(event_kind.scenario)].tag,
        instance: record.instance,
        step: event_kind.step_tag,
        occurrence: record.occurrence,
    }
}

/// A bitmap over steps, instances and turns, of which only pages with ones are kept.
struct Slots {
    /// By the tags of scenario and step: which step of all, and how many turns it has at most.
    steps: HashMap<(u16, u16), (u32, u64), BuildHasherDefault<Mixer>>,
    pages: HashMap<(u32, u64), u32, BuildHasherDefault<Mixer>>,
    bits: Vec<[u64; WORDS]>,
    /// By page: ones in the pages before it.
    before: Vec<u64>,
}

const WORDS: usize = 16;
const PAGE: u64 = WORDS as u64 * 64;

/// Where the bit of an event is.
struct Slot {
    /// Number of its step, and of the page among those of the step.
    page: (u32, u64),
    word: usize,
    bit: u64,
}

impl Slots {
    fn new(plan: &Plan) -> Self {
        let mut steps = HashMap::default();
        for scenario in &plan.scenarios {
            for operation in &scenario.operations {
                let Operation::Call(call) = operation else { continue };
                let turns = match call.turns {
                    TurnCount::Repeat(range) => range.high,
                    TurnCount::Each => call.target.map_or(1, |target| u64::from(scenario.resources[target].count)),
                };
                let number = steps.len() as u32;
                steps.insert((scenario.tag, call.tag), (number, turns.max(1)));
            }
        }
        Slots { steps, pages: HashMap::default(), bits: Vec::new(), before: Vec::new() }
    }

    /// The slot of an event, if its step has that many turns.
    fn slot(&self, name: EventName) -> Option<Slot> {
        let (step, turns) = *self.steps.get(&(name.scenario, name.step))?;
        let turn = Some(u64::from(name.occurrence)).filter(|turn| *turn < turns)?;
        let slot = name.instance.checked_mul(turns)?.checked_add(turn)?;
        Some(Slot { page: (step, slot / PAGE), word: (slot % PAGE / 64) as usize, bit: 1 << (slot % 64) })
    }

    fn insert(&mut self, name: EventName) {
        let Some(Slot { page, word, bit }) = self.slot(name) else { return };
        let next = self.bits.len() as u32;
        let page = *self.pages.entry(page).or_insert(next);
        if page == next {
            self.bits.push([0; WORDS]);
        }
        self.bits[page as usize][word] |= bit;
    }

    /// Numbers what was inserted.
    fn number(&mut self) {
        let mut ones = 0;
        self.before = self
            .bits
            .iter()
            .map(|page| {
                let before = ones;
                ones += page.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
                before
            })
            .collect();
    }

    /// The number of an event among those that were inserted.
    fn place(&self, name: EventName) -> Option<u64> {
        let Slot { page, word, bit } = self.slot(name)?;
        let page = *self.pages.get(&page)? as usize;
        let words = &self.bits[page];
        if words[word] & bit == 0 {
            return None;
        }
        let earlier: u32 = words[..word].iter().map(|word| word.count_ones()).sum();
        Some(self.before[page] + u64::from(earlier + (words[word] & (bit - 1)).count_ones()))
    }
}

/// Hashes small numbers that nobody chooses to do harm: steps and pages exist for expected events only.
#[derive(Default)]
struct Mixer(u64);

impl std::hash::Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u16(&mut self, number: u16) {
        self.write_u64(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}
