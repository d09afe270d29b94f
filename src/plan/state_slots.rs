//! The state slots of a resource: which slot holds what, and how.
//!
//! They are few, because each cache line that an event touches costs time.

use crate::catalog::Kind;

/// Slot of the creation time in nanoseconds since the Unix epoch (see [`created`]), and whether the resource
/// [`exists`].
pub(crate) const CREATED: usize = 0;
/// Slot of the time of the last change.
pub(crate) const UPDATED: usize = 1;
/// First slot of the fields that calls change. After them comes the allocated name, if the kind has one: a second
/// and a suffix (see [`stamp`]).
pub(crate) const FIELDS: usize = 2;

/// Number of state slots of a resource.
pub(crate) fn count(kind: &Kind) -> usize {
    stamp_of(kind) + usize::from(kind.stamp.is_some())
}

/// Slot of the allocated name, if the kind has one.
pub(crate) fn stamp_of(kind: &Kind) -> usize {
    FIELDS + kind.changing.len()
}

/// Times are in whole microseconds, so the lowest bit is free.
const EXISTS: u64 = 1;

/// Encodes a creation time and whether the resource exists.
pub(crate) fn made(created: i64, exists: bool) -> u64 {
    created as u64 & !EXISTS | u64::from(exists)
}

/// Whether the resource exists, from its slot `CREATED`.
pub(crate) fn exists(slot: u64) -> bool {
    slot & EXISTS != 0
}

/// Creation time, from its slot `CREATED`.
pub(crate) fn created(slot: u64) -> i64 {
    (slot & !EXISTS) as i64
}

/// Encodes an allocated name: a second since the epoch, and the number of its suffix (0 for none).
pub(crate) fn stamp(second: i64, suffix: u64) -> u64 {
    ((second as u64) << 24) | (suffix & 0xFF_FFFF)
}

/// Decodes a [`stamp`].
pub(crate) fn unstamp(stamp: u64) -> (i64, u64) {
    ((stamp as i64) >> 24, stamp & 0xFF_FFFF)
}
