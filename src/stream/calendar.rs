//! What is due when: a calendar of buckets, exact to the nanosecond.
//!
//! A bucket is a short stretch of time in which one thing is due, or few. What is due within a turn of the wheel lies
//! in lists, one for each bucket; what is further away lies unsorted with what is due in the same turn, and beyond
//! that in the same so many turns. Each entry moves down at most once for each of these few levels, so scheduling costs
//! about the same with a hundred entries and with a million, and their order is that of a sorted list: by time, then by
//! the order in which they began.
//!
//! Where much is due, what an event costs is mostly the lines of memory that it touches. So what hangs in a list is kept
//! by the owner of the places ([`Waits`]), in the same line as what is needed when it is due, and
//! [`Calendar::look_ahead`] says what will be due soon, to be fetched together instead of one after another.

use std::{cmp::Reverse, collections::BinaryHeap};

/// When something is due, its rank among what is due at the same time, and its place.
pub type Due = (i64, u64, u32);

/// Places that are due at some time.
#[derive(Debug)]
pub struct Calendar {
    /// Nanoseconds of a bucket, as a power of two.
    shift: u32,
    /// The present bucket; everything up to its end is in `present`, everything later in the wheel or beyond it.
    cursor: u64,
    present: BinaryHeap<Reverse<Due>>,
    /// The first place of each bucket's list.
    heads: Box<[u32]>,
    filled: Filled,
    later: Vec<Later>,
    /// How many hang in the wheel or lie beyond it.
    waiting: usize,
    /// The bucket up to which it has been looked ahead.
    seen: u64,
}

/// When a place is due, and the one after it in its list.
#[derive(Debug, Clone, Copy)]
pub struct Wait {
    time: i64,
    order: u64,
    next: u32,
}

impl Wait {
    /// What a place has that hangs in no list.
    pub const NONE: Wait = Wait { time: 0, order: 0, next: NONE };
}

/// Keeps for each place what it waits for.
pub trait Waits {
    /// What it waits for.
    fn wait(&self, place: u32) -> Wait;
    /// Replaces that.
    fn set_wait(&mut self, place: u32, wait: Wait);
}

/// What lies beyond the wheel, by one digit of the bucket's number.
#[derive(Debug)]
struct Later {
    /// Where its digit begins, in bits.
    below: u32,
    lists: Box<[Vec<u32>]>,
    filled: Filled,
}

/// Which lists are not empty, and which words of that are not 0.
#[derive(Debug)]
struct Filled {
    lists: Box<[u64]>,
    words: Box<[u64]>,
}

/// Bits of the wheel's digit (it has a quarter of a megabyte), and of the others'.
const WHEEL: u32 = 16;
const DIGIT: u32 = 8;
const NONE: u32 = u32::MAX;

/// So many places are looked at together, where there are more than so many in all: fewer stay in caches.
pub const AHEAD: usize = 24;
const MANY: usize = 4_096;

impl Calendar {
    /// An empty calendar for what is due from `start` on, with buckets of about `width` nanoseconds: best if one thing
    /// is due in most of those in which something is.
    pub fn new(start: i64, width: u64) -> Self {
        let shift = width.max(2).ilog2().clamp(10, 40);
        let levels = (u64::BITS - shift - WHEEL).div_ceil(DIGIT);
        let cursor = ordered(start) >> shift;
        Calendar {
            shift,
            cursor,
            present: BinaryHeap::new(),
            heads: vec![NONE; 1 << WHEEL].into(),
            filled: Filled::new(WHEEL),
            later: (0..levels).map(|level| Later::new(WHEEL + level * DIGIT)).collect(),
            waiting: 0,
            seen: cursor,
        }
    }

    /// Notes when a place is due that is not due yet.
    pub fn push(&mut self, waits: &mut impl Waits, due: Due) {
        let bucket = ordered(due.0) >> self.shift;
        if bucket <= self.cursor {
            self.present.push(Reverse(due));
            return;
        }
        self.waiting += 1;
        let different = bucket ^ self.cursor;
        match different >> WHEEL {
            0 => self.hang(waits, due, bucket),
            _ => {
                // What is put down here may be much at once, so it is no more than where the rest is.
                let (time, order, place) = due;
                waits.set_wait(place, Wait { time, order, next: NONE });
                self.later[((different.ilog2() - WHEEL) / DIGIT) as usize].put(place, bucket);
            }
        }
    }

    /// Takes out what is due first, if that is at `limit` or before it.
    #[inline]
    pub fn pop_until(&mut self, waits: &mut impl Waits, limit: i64) -> Option<Due> {
        let last = ordered(limit) >> self.shift;
        loop {
            if let Some(Reverse(first)) = self.present.peek() {
                return if first.0 <= limit { self.present.pop().map(|Reverse(first)| first) } else { None };
            }
            if self.waiting == 0 {
                return None;
            }
            let Some(slot) = self.filled.after(self.slot(self.cursor)) else {
                if self.turn(waits, last) {
                    continue;
                }
                return None;
            };
            let cursor = self.turn_of(self.cursor) | slot as u64;
            if cursor > last {
                return None;
            }
            self.cursor = cursor;
            self.filled.clear(slot);
            let place = std::mem::replace(&mut self.heads[slot], NONE);
            let Wait { time, order, next } = waits.wait(place);
            if next == NONE && time <= limit {
                self.waiting -= 1;
                return Some((time, order, place));
            }
            self.open(waits, place);
        }
    }

    /// Whether what was seen ahead is over, and so much is waiting that it is worth another look.
    pub fn may_look_ahead(&self) -> bool {
        self.cursor >= self.seen && self.waiting >= MANY
    }

    /// Some of the places that will be due next, whose number it gives.
    pub fn look_ahead(&mut self, waits: &impl Waits, places: &mut [u32; AHEAD]) -> usize {
        let (mut slot, mut found) = (self.slot(self.cursor), 0);
        while found < AHEAD
            && let Some(next) = self.filled.after(slot)
        {
            slot = next;
            let mut place = self.heads[slot];
            while place != NONE && found < AHEAD {
                places[found] = place;
                found += 1;
                place = waits.wait(place).next;
            }
        }
        // At the end of a turn there is nothing to see until the next begins.
        self.seen = (self.turn_of(self.cursor) | slot as u64).max(self.cursor + 1);
        found
    }

    /// Moves a list into the present.
    fn open(&mut self, waits: &impl Waits, mut place: u32) {
        while place != NONE {
            let Wait { time, order, next } = waits.wait(place);
            self.present.push(Reverse((time, order, place)));
            self.waiting -= 1;
            place = next;
        }
    }

    /// Goes on to the next turn of the wheel in which something is due, unless that begins after the bucket `last`.
    fn turn(&mut self, waits: &mut impl Waits, last: u64) -> bool {
        for level in 0..self.later.len() {
            let later = &mut self.later[level];
            let Some(slot) = later.filled.after(later.slot(self.cursor)) else { continue };
            let above = (self.cursor >> later.below) & !(later.lists.len() as u64 - 1);
            let cursor = (above | slot as u64) << later.below;
            if cursor > last {
                return false;
            }
            self.cursor = cursor;
            later.filled.clear(slot);
            let places = std::mem::take(&mut later.lists[slot]);
            self.waiting -= places.len();
            for place in places {
                let Wait { time, order, .. } = waits.wait(place);
                self.push(waits, (time, order, place));
            }
            return true;
        }
        false
    }

    /// Puts a place into the list of its bucket.
    fn hang(&mut self, waits: &mut impl Waits, (time, order, place): Due, bucket: u64) {
        let slot = self.slot(bucket);
        self.filled.set(slot);
        let next = std::mem::replace(&mut self.heads[slot], place);
        waits.set_wait(place, Wait { time, order, next });
    }

    fn slot(&self, bucket: u64) -> usize {
        bucket as usize & (self.heads.len() - 1)
    }

    fn turn_of(&self, bucket: u64) -> u64 {
        bucket & !(self.heads.len() as u64 - 1)
    }
}

impl Later {
    fn new(below: u32) -> Self {
        Later { below, lists: vec![Vec::new(); 1 << DIGIT].into(), filled: Filled::new(DIGIT) }
    }

    fn slot(&self, bucket: u64) -> usize {
        (bucket >> self.below) as usize & (self.lists.len() - 1)
    }

    fn put(&mut self, place: u32, bucket: u64) {
        let slot = self.slot(bucket);
        self.filled.set(slot);
        self.lists[slot].push(place);
    }
}

impl Filled {
    /// None of as many lists as so many bits can tell.
    fn new(bits: u32) -> Self {
        Filled { lists: vec![0; 1 << (bits - 6)].into(), words: vec![0; 1 << (bits - 6).saturating_sub(6)].into() }
    }

    fn set(&mut self, list: usize) {
        self.lists[list >> 6] |= 1 << (list & 63);
        self.words[list >> 12] |= 1 << (list >> 6 & 63);
    }

    fn clear(&mut self, list: usize) {
        let word = list >> 6;
        self.lists[word] &= !(1 << (list & 63));
        if self.lists[word] == 0 {
            self.words[word >> 6] &= !(1 << (word & 63));
        }
    }

    /// The first list after `list` that is not empty.
    fn after(&self, list: usize) -> Option<usize> {
        let word = list >> 6;
        if let Some(bit) = lowest(self.lists[word] & above(list & 63)) {
            return Some(word << 6 | bit);
        }
        let rest = lowest(self.words[word >> 6] & above(word & 63)).map(|bit| word >> 6 << 6 | bit);
        let word = rest.or_else(|| {
            let mut later = (word >> 6) + 1..self.words.len();
            later.find_map(|at| lowest(self.words[at]).map(|bit| at << 6 | bit))
        })?;
        lowest(self.lists[word]).map(|bit| word << 6 | bit)
    }
}

/// All bits above one.
fn above(bit: usize) -> u64 {
    // Shifted twice, because a shift by all 64 bits is none.
    u64::MAX << bit << 1
}

fn lowest(bits: u64) -> Option<usize> {
    (bits != 0).then(|| bits.trailing_zeros() as usize)
}

/// A time as a number without sign, in the same order.
fn ordered(time: i64) -> u64 {
    (time as u64) ^ (1 << 63)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    impl Waits for Vec<Wait> {
        fn wait(&self, place: u32) -> Wait {
            self[place as usize]
        }

        fn set_wait(&mut self, place: u32, wait: Wait) {
            self[place as usize] = wait;
        }
    }

    proptest! {
        #[test]
        fn it_is_a_sorted_list(
            start in -1_000_000_000_000_i64..1_000_000_000_000,
            width in 1_u64..100_000_000,
            steps in prop::collection::vec((0_u32..44, 0_i64..1_000, 0_u32..44), 1..300),
        ) {
            let mut calendar = Calendar::new(start, width);
            let mut waits = vec![Wait::NONE; steps.len()];
            let mut list: Vec<Due> = Vec::new();
            let mut now = start;
            for (order, (size, salt, step)) in steps.into_iter().enumerate() {
                // Delays and steps of all sizes, and sometimes something that was due before.
                let delay = (1_i64 << size) + salt - 500;
                let due = (now + delay, order as u64, order as u32);
                calendar.push(&mut waits, due);
                list.push(due);
                now += 1_i64 << step >> 4;
                list.sort_unstable();
                let taken = std::iter::from_fn(|| calendar.pop_until(&mut waits, now)).collect::<Vec<_>>();
                let split = list.partition_point(|due| due.0 <= now);
                prop_assert_eq!(&taken[..], &list[..split]);
                list.drain(..split);
            }
            let rest = std::iter::from_fn(|| calendar.pop_until(&mut waits, i64::MAX)).collect::<Vec<_>>();
            prop_assert_eq!(rest, list);
        }
    }

    #[test]
    fn what_is_due_next_is_seen_before() {
        let mut calendar = Calendar::new(0, 1_000);
        let mut waits = vec![Wait::NONE; 50_000];
        // Places in no order, delays from one bucket to beyond a turn of the finest wheel.
        for place in 0..50_000_u64 {
            let delay = place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 36;
            calendar.push(&mut waits, (2_000 + delay as i64, place, place as u32));
        }
        let mut seen = vec![false; 50_000];
        let mut unseen = 0;
        let mut places = [0; AHEAD];
        while let Some((_, _, place)) = calendar.pop_until(&mut waits, i64::MAX) {
            unseen += u32::from(!seen[place as usize]);
            let found = if calendar.may_look_ahead() { calendar.look_ahead(&waits, &mut places) } else { 0 };
            places[..found].iter().for_each(|place| seen[*place as usize] = true);
        }
        // Those of the bucket behind what was seen, and at the beginning of each turn.
        assert!(unseen < 12_000, "{unseen} of 50,000 came unseen");
    }
}
