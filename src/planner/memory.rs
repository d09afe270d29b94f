//! Limit of the memory for instances in progress.

use crate::{
    error::Error,
    units::{format_bytes, format_count},
};

/// The most memory for instances in progress at the same time, in bytes.
pub(super) const MOST_MEMORY: u128 = 8 << 30;

/// Bytes of an instance with this many state slots.
pub(super) fn instance_bytes(words: u128) -> u128 {
    const WITHOUT_STATE: u128 = 64;
    WITHOUT_STATE + words * 8
}

/// The error for `active` instances in progress that need too much memory. `when` says under which condition.
pub(super) fn too_much(when: &str, active: u128, needed: u128) -> Error {
    let shown = |number: u128| u64::try_from(number).unwrap_or(u64::MAX);
    let (active, needed) = (format_count(shown(active)), format_bytes(shown(needed)));
    let most = format_bytes(shown(MOST_MEMORY));
    Error::usage(format!(
        "{when}about {active} instances would be in progress at the same time, which needs {needed} of at most {most}"
    ))
}
