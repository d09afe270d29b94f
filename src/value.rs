//! Identity to bytes: ids, patterns, people, addresses and times.
//!
//! A value is a pure function of who it belongs to, never of when it was asked for. Everything random here starts
//! from a [`Key`] that is mixed from the seed and names, and nothing is shared between instances, so threads,
//! shards and resumption cannot change a byte. Everything that identifies goes through a [`Permutation`], so it is
//! unique by construction.

mod addresses;
mod key;
mod numbers;
mod pattern;
mod people;
mod permutation;
mod time_text;
mod zipf;

pub use addresses::AddressRanges;
pub use key::{Key, Salt};
pub use numbers::{MOST_DIGITS, put_number, write_number};
pub use pattern::{Lane, Nth, Pattern, PatternError};
pub use people::People;
pub use permutation::{Permutation, Wide};
pub use time_text::{Calendar, Clock, MICROSECONDS_LENGTH, NANOSECONDS_LENGTH, write_time};
pub use zipf::Skew;
