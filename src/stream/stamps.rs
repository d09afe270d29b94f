//! Gives out names that have only a second in them, each once within its room.
//!
//! A name takes the second that it wants, or the nearest earlier one that is free; where a whole minute is taken, it
//! gets a suffix. The simulation sees all events in order, so what is given out depends on nothing else.

use super::{SECOND, instance::OLD};
use crate::story::word::stamp;
use std::collections::HashMap;

/// What was given out so far.
#[derive(Debug)]
pub struct Stamps {
    from: i64,
    rooms: HashMap<u32, Room>,
}

#[derive(Debug, Default)]
struct Room {
    /// The latest second that was given out.
    last: i64,
    /// Which of the 64 seconds up to `last` are taken: bit 0 is `last`.
    taken: u64,
    /// How many names got a suffix, and how many are from before the run.
    suffixes: u64,
    old: i64,
}

impl Stamps {
    /// Nothing given out yet in a run from `from` (nanoseconds since the Unix epoch).
    pub fn new(from: i64) -> Self {
        Stamps { from: from.div_euclid(SECOND), rooms: HashMap::new() }
    }

    /// A name for `second`, in a room.
    pub fn take(&mut self, room: u32, second: i64) -> u64 {
        let room = self.rooms.entry(room).or_default();
        if second > room.last {
            let ahead = second - room.last;
            room.taken = if ahead < 64 { room.taken << ahead } else { 0 };
            room.last = second;
        }
        let back = (room.last - second) as u32;
        let free = if back < 64 { (!room.taken >> back).trailing_zeros() + back } else { 64 };
        if free < 64 {
            room.taken |= 1 << free;
            return stamp(room.last - i64::from(free), 0);
        }
        room.suffixes += 1;
        stamp(second, room.suffixes)
    }

    /// A name from long before the run: one second earlier than the last such.
    pub fn take_old(&mut self, room: u32) -> u64 {
        let room = self.rooms.entry(room).or_default();
        room.old += 1;
        stamp(self.from - OLD - room.old, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_given_out_once() {
        let mut stamps = Stamps::new(1_000_000 * SECOND);
        let mut seen = HashSet::new();
        for second in 0..200 {
            for back in [0, 1, 0] {
                assert!(seen.insert(stamps.take(3, 1_000_000 + second - back)));
            }
            assert!(seen.insert(stamps.take_old(3)));
        }
        assert_eq!(stamps.take(4, 1_000_000), stamp(1_000_000, 0));
    }
}
