//! Allocates names whose only variable part is a time in seconds, each unique within its room.
//!
//! A name gets the second it asks for, or the nearest earlier free one; if the whole minute before is taken, it gets a
//! suffix. The simulation sees all events in order, so the allocation is deterministic.
//!
//! Injected scenarios must not change the names of other instances: they get a free second that is too long ago for the
//! others to take. Two injected names affect each other only if they ask for the same second of a room.

use crate::{
    plan::state_slots::stamp,
    simulation::{DAY, SECOND},
    value::Key,
};
use std::collections::{HashMap, HashSet};

/// The names allocated so far.
#[derive(Debug)]
pub(super) struct Stamps {
    from: i64,
    rooms: HashMap<u32, TakenSeconds>,
    /// While names from before the run are allocated, in any order: the seconds taken, by room.
    past: Option<HashSet<(u32, i64)>>,
}

#[derive(Debug, Default)]
struct TakenSeconds {
    /// The latest second allocated.
    last: i64,
    /// Bitmap of the 128 seconds up to `last`: bit 0 is `last`.
    taken: u128,
    /// `last` and `taken` before the last allocation, which may have been for an event minutes ahead.
    before: (i64, u128),
    /// Number of names with a suffix, and of names from before the run.
    suffixes: u64,
    old: i64,
    /// The corresponding state for injected scenarios.
    next_injected: i64,
    injected_suffixes: u64,
    injected_old: HashSet<u64>,
}

/// The most seconds by which an assigned name may precede the requested time.
const REACH: u32 = 64;

/// Names from before the run end this many seconds before it; those of injected scenarios lie within `INJECTED_OLD`
/// seconds after that. The population is younger than both.
const OLD: i64 = 60 * DAY / SECOND;
const INJECTED_OLD: u64 = 20 * (DAY / SECOND) as u64;

/// One suffix in this many is for injected scenarios.
const INJECTED: u64 = 16;

impl Stamps {
    /// No names yet, in a run that starts at `from` (nanoseconds since the Unix epoch).
    pub(super) fn new(from: i64) -> Self {
        Stamps { from: from.div_euclid(SECOND), rooms: HashMap::new(), past: None }
    }

    /// From now on, names are for resources that instances created before the run, which are not asked for in the order
    /// of their times.
    pub(super) fn begin_past(&mut self) {
        self.past = Some(HashSet::new());
    }

    /// From now on, names are asked for in the order of their times.
    pub(super) fn end_past(&mut self) {
        let past = self.past.take().unwrap_or_default();
        for (room, second) in &past {
            let room = self.rooms.entry(*room).or_insert(TakenSeconds { last: i64::MIN, ..TakenSeconds::default() });
            room.last = room.last.max(*second);
        }
        for (room, second) in past {
            let room = self.rooms.entry(room).or_default();
            let bit = u32::try_from(room.last - second).unwrap_or(u128::BITS);
            room.taken |= 1_u128.checked_shl(bit).unwrap_or(0);
            room.before = (room.last, room.taken);
        }
    }

    /// Allocates a name for `second` in a room.
    pub(super) fn take(&mut self, room: u32, second: i64, injected: bool) -> u64 {
        if let Some(past) = self.past.as_mut().filter(|_| !injected) {
            let earlier = (0..REACH).map(|back| second - i64::from(back));
            let free = earlier.into_iter().find(|second| past.insert((room, *second)));
            return free.map_or_else(|| self.rooms.entry(room).or_default().with_suffix(second), |free| stamp(free, 0));
        }
        let room = self.rooms.entry(room).or_default();
        if injected {
            return room.beyond_reach(second);
        }
        room.before = (room.last, room.taken);
        if second > room.last {
            let ahead = second - room.last;
            room.taken = if ahead < 128 { room.taken << ahead } else { 0 };
            room.last = second;
        }
        let back = u32::try_from(room.last - second).unwrap_or(REACH);
        let free = if back < REACH { (!room.taken >> back).trailing_zeros() + back } else { REACH };
        if free < REACH {
            room.taken |= 1 << free;
            return stamp(room.last - i64::from(free), 0);
        }
        room.with_suffix(second)
    }

    /// Allocates a name from long before the run, one second before the last such name. With a key it is for an
    /// injected scenario and takes any second, so that it does not depend on what else is injected.
    pub(super) fn take_old(&mut self, room: u32, injected: Option<Key>) -> u64 {
        let room = self.rooms.entry(room).or_default();
        let Some(key) = injected else {
            room.old += 1;
            return stamp(self.from - OLD - room.old, 0);
        };
        let mut second = key.below(INJECTED_OLD);
        while !room.injected_old.insert(second) {
            second = (second + 1) % INJECTED_OLD;
        }
        stamp(self.from - OLD + 1 + second as i64, 0)
    }
}

impl TakenSeconds {
    /// A second that is taken, with a suffix that no other name of the room has.
    fn with_suffix(&mut self, second: i64) -> u64 {
        self.suffixes += 1;
        stamp(second, self.suffixes + (self.suffixes - 1) / (INJECTED - 1))
    }

    /// A second that is free and, because it is out of reach, stays free.
    fn beyond_reach(&mut self, second: i64) -> u64 {
        let is_free = |candidate: &i64| {
            let back = |last: i64| u32::try_from(last - candidate).ok();
            let (last, taken) = self.before;
            let was_free = back(last).is_none_or(|back| back < u128::BITS && (taken >> back) & 1 == 0);
            let is_taken = back(self.last).is_some_and(|back| back < u128::BITS && (self.taken >> back) & 1 == 1);
            was_free && !is_taken
        };
        let first = self.next_injected.max(second - i64::from(u128::BITS) + 2);
        // Events come in order, but a name may be up to a second older than its event.
        let last = second - i64::from(REACH) - 2;
        if let Some(free) = (first..=last).find(is_free) {
            self.next_injected = free + 1;
            return stamp(free, 0);
        }
        self.injected_suffixes += 1;
        stamp(second, self.injected_suffixes * INJECTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    proptest! {
        #[test]
        fn names_are_given_out_once_and_injected_ones_change_nothing(
            asked in prop::collection::vec((0_i64..3, 0_i64..3, 0_u8..3), 1..400)
        ) {
            let (mut with, mut without) = (Stamps::new(1_000_000 * SECOND), Stamps::new(1_000_000 * SECOND));
            let mut seen = HashSet::new();
            let mut second = 1_000_000;
            let mut last = second;
            for (number, (ahead, back, who)) in asked.into_iter().enumerate() {
                if who == 0 {
                    // The simulation may be one event of the others ahead.
                    let now = last.max(second - ahead * 100);
                    prop_assert!(seen.insert(with.take(3, now - back, true)));
                    let key = Key::root(number as u64 / 2);
                    prop_assert!(seen.insert(with.take_old(3, Some(key))));
                    continue;
                }
                last = second;
                second += ahead * ahead * ahead * 20;
                let stamp = with.take(3, second - back, false);
                prop_assert!(seen.insert(stamp));
                prop_assert_eq!(stamp, without.take(3, second - back, false));
                let old = with.take_old(3, None);
                prop_assert!(seen.insert(old));
                prop_assert_eq!(old, without.take_old(3, None));
            }
        }
    }

    #[test]
    fn rooms_do_not_know_each_other() {
        let mut stamps = Stamps::new(0);
        assert_eq!(stamps.take(3, 1_000_000, false), stamp(1_000_000, 0));
        assert_eq!(stamps.take(4, 1_000_000, false), stamp(1_000_000, 0));
    }
}
