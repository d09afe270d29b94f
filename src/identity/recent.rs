//! Cache of recently made ids.
//!
//! The events of an instance show the same ids repeatedly, and making an id takes longer than copying it.
//!
//! Fast path. Plain form: [`Identities::make`]. Gain: 11 % of an event's instructions, measured on 2026-12-01 as
//! CONTRIBUTING.md describes under "Speed".

use super::Identities;
use crate::{
    bytes::{Arena, PaddedSlice},
    catalog::{FieldId, KindId},
    value::Lane,
};
use std::cell::RefCell;

/// A direct-mapped cache of ids. Each thread has one.
#[derive(Debug)]
pub(crate) struct Recent(RefCell<Box<[Entry]>>);

/// Number of entries: enough for the ids of a thousand instances, within part of the L2 cache.
const ENTRIES: usize = 2048;

/// Maximum length of a cached id; more than a UUID.
const LONGEST: usize = 40;

/// A cached id and its owner; one cache line.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Entry {
    number: u64,
    /// Kind, field and lane.
    which: u64,
    length: u8,
    text: [u8; LONGEST],
}

const _: () = assert!(size_of::<Entry>() == 64);

/// Marks an empty entry; kinds and fields never have this number.
const NOBODY: u64 = u64::MAX;

impl Default for Recent {
    fn default() -> Self {
        let nothing = Entry { number: 0, which: NOBODY, length: 0, text: [0; LONGEST] };
        Recent(RefCell::new(vec![nothing; ENTRIES].into()))
    }
}

impl Recent {
    /// [`Identities::make`] for a kind's field, through the cache.
    #[inline]
    pub(crate) fn make<'a>(
        &self,
        identities: &Identities,
        (kind, field): (KindId, FieldId),
        lane: Lane,
        number: u64,
        arena: &'a Arena,
    ) -> PaddedSlice<'a> {
        let which = (kind as u64) << 40 | (field as u64) << 16 | u64::from(lane.0);
        let mut entries = self.0.borrow_mut();
        // The upper bits of a product depend on all bits of its factors.
        let place = (number ^ which.rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - ENTRIES.ilog2());
        let entry = &mut entries[place as usize];
        if (entry.number, entry.which) == (number, which) {
            return arena.write(LONGEST, |to| {
                to.copy_from_slice(&entry.text);
                entry.length.into()
            });
        }
        remember(entry, number, which, identities.make(kind, field, lane, number, arena))
    }
}

#[inline(never)]
fn remember<'a>(entry: &mut Entry, number: u64, which: u64, made: PaddedSlice<'a>) -> PaddedSlice<'a> {
    let text = made.bytes();
    if let Some(room) = entry.text.get_mut(..text.len()) {
        room.copy_from_slice(text);
        (entry.number, entry.which, entry.length) = (number, which, text.len() as u8);
    }
    made
}
