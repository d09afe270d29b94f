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

pub use addresses::AddressRanges;
pub use key::{Key, Salt, scale};
pub use numbers::{MOST_DIGITS, put_number, write_number};
pub use pattern::{Lane, Nth, Pattern, PatternError};
pub use people::People;
pub use permutation::{Permutation, Wide};
pub use time_text::{Clock, DateCache, MICROSECONDS_LENGTH, NANOSECONDS_LENGTH, write_time};
pub use weighted_index::WeightedIndex;
