//! Arrivals of each expected event: one byte for each, and with bodies also the record that brought it first.

use super::{
    expectation::{Detail, Expectation},
    origin::Origin,
    shape::Class,
};
use std::collections::HashMap;

/// Arrivals of the expected events.
pub(super) struct Arrivals {
    /// By event: copies in four bits, the class of the worst one in three, and whether a cut one was seen.
    states: Vec<u8>,
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
            states: vec![0; count],
            many: HashMap::new(),
            first: vec![u32::MAX; ordered],
            inputs: vec![0; ordered],
            different: 0,
        }
    }

    /// An event arrived; whether for the first time.
    pub(super) fn note(&mut self, event: u64, class: Class, origin: Origin) -> bool {
        let at = event as usize;
        let state = &mut self.states[at];
        let copies = *state & COPIES;
        let class = (*state >> CLASS_AT & 0b111).max(class as u8);
        *state = (*state & CUT) | class << CLASS_AT | (copies + 1).min(COPIES);
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
        self.states[event as usize] |= CUT;
    }

    pub(super) fn has(&self, event: u64) -> bool {
        self.states[event as usize] & COPIES > 0
    }

    /// Whether a beginning of it arrived, and nothing more.
    pub(super) fn is_cut(&self, event: u64) -> bool {
        self.states[event as usize] & (CUT | COPIES) == CUT
    }

    pub(super) fn copies(&self, event: u64) -> u64 {
        let copies = self.states[event as usize] & COPIES;
        if copies == COPIES { self.many.get(&event).copied().unwrap_or(u64::from(copies)) } else { copies.into() }
    }

    /// The class of the worst copy of an event that has arrived.
    pub(super) fn class(&self, event: u64) -> Class {
        CLASSES[usize::from(self.states[event as usize] >> CLASS_AT & 0b111).min(CLASSES.len() - 1)]
    }

    /// The events that have arrived, in that order, each with its input.
    pub(super) fn in_order(&self) -> Vec<(u32, u16)> {
        let mut events: Vec<u32> = (0..self.first.len() as u32).filter(|event| self.has(u64::from(*event))).collect();
        events.sort_by_key(|event| self.first[*event as usize]);
        events.into_iter().map(|event| (event, self.inputs[event as usize])).collect()
    }
}
