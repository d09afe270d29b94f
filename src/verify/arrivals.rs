//! Arrivals of each expected event: half a byte for each, and with bodies a byte and the record that brought it first.

use super::{
    expectation::{Detail, Expectation},
    origin::Origin,
    shape::Class,
};
use std::collections::HashMap;

/// Arrivals of the expected events.
pub(super) struct Arrivals {
    states: States,
    /// Copies of events that have more than four bits can count.
    many: HashMap<u64, u64>,
    /// By event: the record that brought it first.
    first: Vec<u32>,
    /// By event: which input that was of.
    inputs: Vec<u16>,
    /// Different events that have arrived.
    pub different: u64,
}

const COPIES: u8 = 0b1111;
const CUT: u8 = 0b1000_0000;
const CLASS_AT: u32 = 4;
const CLASSES: [Class; 6] =
    [Class::Unchanged, Class::Reformatted, Class::Added, Class::Uncompared, Class::ChangedAsAllowed, Class::Changed];

impl Arrivals {
    pub(super) fn new(expectation: &Expectation<'_>) -> Self {
        let count = expectation.count as usize;
        let ordered = if expectation.detail == Detail::Bodies { count } else { 0 };
        Arrivals {
            states: States::new(expectation),
            many: HashMap::new(),
            first: vec![u32::MAX; ordered],
            inputs: vec![0; ordered],
            different: 0,
        }
    }

    /// An event arrived; whether for the first time.
    pub(super) fn note(&mut self, event: u64, class: Class, origin: Origin) -> bool {
        let at = event as usize;
        let state = self.states.get(event);
        let copies = state & COPIES;
        let class = (state >> CLASS_AT & 0b111).max(class as u8);
        self.states.set(event, (state & CUT) | class << CLASS_AT | (copies + 1).min(COPIES));
        if copies == COPIES {
            *self.many.entry(event).or_insert(u64::from(COPIES)) += 1;
        }
        if let Some(first) = self.first.get_mut(at)
            && origin.record < *first
        {
            *first = origin.record;
            self.inputs[at] = origin.input;
        }
        self.different += u64::from(copies == 0);
        copies == 0
    }

    /// A beginning of an event arrived.
    pub(super) fn note_cut(&mut self, event: u64) {
        self.states.set(event, self.states.get(event) | CUT);
    }

    pub(super) fn has(&self, event: u64) -> bool {
        self.states.get(event) & COPIES > 0
    }

    /// Whether a beginning of it arrived, and nothing more.
    pub(super) fn is_cut(&self, event: u64) -> bool {
        self.states.get(event) & (CUT | COPIES) == CUT
    }

    pub(super) fn copies(&self, event: u64) -> u64 {
        let copies = self.states.get(event) & COPIES;
        if copies == COPIES { self.many.get(&event).copied().unwrap_or(u64::from(copies)) } else { copies.into() }
    }

    /// The class of the worst copy of an event that has arrived.
    pub(super) fn class(&self, event: u64) -> Class {
        CLASSES[usize::from(self.states.get(event) >> CLASS_AT & 0b111).min(CLASSES.len() - 1)]
    }

    /// The events that have arrived, in that order, each with its input.
    pub(super) fn in_order(&self) -> Vec<(u32, u16)> {
        let mut events: Vec<u32> = (0..self.first.len() as u32).filter(|event| self.has(u64::from(*event))).collect();
        events.sort_by_key(|event| self.first[*event as usize]);
        events.into_iter().map(|event| (event, self.inputs[event as usize])).collect()
    }
}

/// By event: copies in four bits, the class of the worst one in three, and whether a cut one was seen.
struct States {
    /// One for each event, or one for two events: where only ids are known, there are only copies, none of them compared.
    bytes: Vec<u8>,
    is_halved: bool,
}

impl States {
    fn new(expectation: &Expectation<'_>) -> Self {
        let (count, is_halved) = (expectation.count as usize, expectation.detail == Detail::Ids);
        States { bytes: vec![0; if is_halved { count.div_ceil(2) } else { count }], is_halved }
    }

    fn get(&self, event: u64) -> u8 {
        if !self.is_halved {
            return self.bytes[event as usize];
        }
        match self.bytes[event as usize / 2] >> (event % 2 * 4) & COPIES {
            0 => 0,
            copies => (Class::Uncompared as u8) << CLASS_AT | copies,
        }
    }

    fn set(&mut self, event: u64, state: u8) {
        if !self.is_halved {
            self.bytes[event as usize] = state;
            return;
        }
        let (both, shift) = (&mut self.bytes[event as usize / 2], event % 2 * 4);
        *both = *both & !(COPIES << shift) | (state & COPIES) << shift;
    }
}
