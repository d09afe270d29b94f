//! Deterministic values: ids, patterns, people, addresses and times.
//!
//! A value is a pure function of its owner, independent of when it is requested. All randomness derives from a [`Key`],
//! which hashes the seed and names, and instances share no state, so threads, shards and resuming cannot change a byte.
//! Every identifying value goes through a [`Permutation`], so it is unique by construction.

mod addresses;
mod key;
mod numbers;
mod pattern;
mod people;
mod permutation;
mod time_text;
mod weighted_index;

pub(crate) use addresses::AddressRanges;
pub(crate) use key::{GOLDEN, Key, Salt, scale};
pub(crate) use numbers::{MOST_DIGITS, put_number, write_number};
pub(crate) use pattern::{Lane, Pattern};
pub(crate) use people::People;
pub(crate) use permutation::{Permutation, Wide};
pub use time_text::write_time;
pub(crate) use time_text::{Clock, DateCache};
pub(crate) use weighted_index::WeightedIndex;
