//! What is due when: a calendar of buckets, exact to the nanosecond.
//!
//! A bucket is a short stretch of time. What is due in the present bucket lies in a small heap; everything later lies
//! unsorted in lists, one for each bucket of a wheel, with coarser wheels for what is further away. Each entry moves
//! down a wheel at most once for each of the few wheels, so scheduling costs about the same with a hundred entries and
//! with a million, and their order is that of a sorted list: by time, then by the order in which they began.
//!
//! Entries are kept in places that are used again, each with all that belongs to it: where there are many, what an
//! event costs is mostly how many lines of memory it touches.

use std::{cmp::Reverse, collections::BinaryHeap};

/// When something is due, its rank among what is due at the same time, and its place.
pub type Due = (i64, u64, u32);

/// Values that are due at some time.
#[derive(Debug)]
pub struct Calendar<T> {
    /// Nanoseconds of a bucket, as a power of two.
    shift: u32,
    /// The present bucket; everything up to its end is in `present`, everything later in the wheels.
    cursor: u64,
    present: BinaryHeap<Reverse<Due>>,
    wheels: Vec<Wheel>,
    entries: Vec<Entry<T>>,
    /// The first free place; its `next` is the one after it.
    free: u32,
    occupied: usize,
    /// How many hang in the wheels.
    waiting: usize,
}

/// A place of the calendar; aligned so that two never share a line of memory.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Entry<T> {
    time: i64,
    order: u64,
    value: T,
    next: u32,
}

/// Lists by one digit of the bucket's number.
#[derive(Debug)]
struct Wheel {
    /// Where its digit begins, in bits.
    below: u32,
    heads: Box<[u32]>,
    /// Which lists are not empty, and which words of that are not 0.
    occupied: Box<[u64]>,
    words: Box<[u64]>,
}

/// Bits of the finest wheel's digit (a quarter of a megabyte, and for delays of some seconds the only one), and of the
/// others'.
const FINEST: u32 = 16;
const DIGIT: u32 = 12;
const NONE: u32 = u32::MAX;

impl<T: Copy> Calendar<T> {
    /// An empty calendar for what is due from `start` on, with buckets of about `width` nanoseconds: best if a few
    /// entries are due in each.
    pub fn new(start: i64, width: u64) -> Self {
        let shift = width.max(2).ilog2().clamp(10, 40);
        let coarser = (u64::BITS - shift - FINEST).div_ceil(DIGIT);
        let wheels = [Wheel::new(0, FINEST)].into_iter();
        Calendar {
            shift,
            cursor: ordered(start) >> shift,
            present: BinaryHeap::new(),
            wheels: wheels.chain((0..coarser).map(|level| Wheel::new(FINEST + level * DIGIT, DIGIT))).collect(),
            entries: Vec::new(),
            free: NONE,
            occupied: 0,
            waiting: 0,
        }
    }

    /// How many places are taken.
    pub fn len(&self) -> usize {
        self.occupied
    }

    /// Takes a place for a value that is not due yet.
    pub fn insert(&mut self, value: T) -> u32 {
        self.occupied += 1;
        let entry = Entry { time: 0, order: 0, value, next: NONE };
        match self.entries.get_mut(self.free as usize) {
            Some(free) => {
                let place = self.free;
                self.free = free.next;
                *free = entry;
                place
            }
            None => {
                self.entries.push(entry);
                self.entries.len() as u32 - 1
            }
        }
    }

    /// Gives up a place that is not due.
    pub fn remove(&mut self, place: u32) {
        self.occupied -= 1;
        self.entries[place as usize].next = self.free;
        self.free = place;
    }

    /// The value in a place.
    pub fn get(&self, place: u32) -> T {
        self.entries[place as usize].value
    }

    /// Replaces the value in a place.
    pub fn set(&mut self, place: u32, value: T) {
        self.entries[place as usize].value = value;
    }

    /// Notes when a place is due that is not due yet.
    pub fn push(&mut self, (time, order, place): Due) {
        let bucket = ordered(time) >> self.shift;
        if bucket <= self.cursor {
            self.present.push(Reverse((time, order, place)));
            return;
        }
        let entry = &mut self.entries[place as usize];
        (entry.time, entry.order) = (time, order);
        self.waiting += 1;
        self.hang(place, bucket);
    }

    /// Takes out what is due first, if that is at `limit` or before it. Its place stays taken.
    pub fn pop_until(&mut self, limit: i64) -> Option<Due> {
        loop {
            if let Some(Reverse(first)) = self.present.peek() {
                return if first.0 <= limit { self.present.pop().map(|Reverse(first)| first) } else { None };
            }
            if self.waiting == 0 || !self.advance(ordered(limit) >> self.shift) {
                return None;
            }
        }
    }

    /// Goes on to the next bucket that may hold something, unless it lies beyond `limit`.
    fn advance(&mut self, limit: u64) -> bool {
        for level in 0..self.wheels.len() {
            let wheel = &mut self.wheels[level];
            let Some(slot) = wheel.next_after(wheel.digit(self.cursor)) else { continue };
            let above = (self.cursor >> wheel.below) & !(wheel.heads.len() as u64 - 1);
            let cursor = (above | slot as u64) << wheel.below;
            if cursor > limit {
                return false;
            }
            self.cursor = cursor;
            let mut place = wheel.take(slot);
            while place != NONE {
                let entry = &self.entries[place as usize];
                let (due, next) = ((entry.time, entry.order, place), entry.next);
                let bucket = ordered(entry.time) >> self.shift;
                if bucket == cursor {
                    self.present.push(Reverse(due));
                    self.waiting -= 1;
                } else {
                    self.hang(place, bucket);
                }
                place = next;
            }
            return true;
        }
        false
    }

    /// Hangs a place into the list of its bucket: on the wheel of the highest digit in which it differs from now.
    fn hang(&mut self, place: u32, bucket: u64) {
        let highest = (bucket ^ self.cursor).ilog2();
        let level = if highest < FINEST { 0 } else { (highest - FINEST) / DIGIT + 1 };
        let wheel = &mut self.wheels[level as usize];
        let slot = wheel.digit(bucket);
        self.entries[place as usize].next = wheel.put(slot, place);
    }
}

impl Wheel {
    fn new(below: u32, bits: u32) -> Self {
        Wheel {
            below,
            heads: vec![NONE; 1 << bits].into(),
            occupied: vec![0; 1 << (bits - 6)].into(),
            words: vec![0; 1 << (bits - 6).saturating_sub(6)].into(),
        }
    }

    fn digit(&self, bucket: u64) -> usize {
        (bucket >> self.below) as usize & (self.heads.len() - 1)
    }

    /// Makes `place` the head of a list; the head before it.
    fn put(&mut self, slot: usize, place: u32) -> u32 {
        self.occupied[slot >> 6] |= 1 << (slot & 63);
        self.words[slot >> 12] |= 1 << (slot >> 6 & 63);
        std::mem::replace(&mut self.heads[slot], place)
    }

    /// Takes a whole list; its head.
    fn take(&mut self, slot: usize) -> u32 {
        let word = slot >> 6;
        self.occupied[word] &= !(1 << (slot & 63));
        if self.occupied[word] == 0 {
            self.words[word >> 6] &= !(1 << (word & 63));
        }
        std::mem::replace(&mut self.heads[slot], NONE)
    }

    /// The first list after `slot` that is not empty.
    fn next_after(&self, slot: usize) -> Option<usize> {
        let word = slot >> 6;
        if let Some(bit) = lowest(self.occupied[word] & after(slot & 63)) {
            return Some(word << 6 | bit);
        }
        let rest = lowest(self.words[word >> 6] & after(word & 63)).map(|bit| word >> 6 << 6 | bit);
        let word = rest.or_else(|| {
            let mut later = (word >> 6) + 1..self.words.len();
            later.find_map(|at| lowest(self.words[at]).map(|bit| at << 6 | bit))
        })?;
        lowest(self.occupied[word]).map(|bit| word << 6 | bit)
    }
}

/// All bits above one.
fn after(bit: usize) -> u64 {
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

    proptest! {
        #[test]
        fn it_is_a_sorted_list(
            start in -1_000_000_000_000_i64..1_000_000_000_000,
            width in 1_u64..100_000_000,
            steps in prop::collection::vec((0_u32..44, 0_i64..1_000, 0_u32..44), 1..300),
        ) {
            let mut calendar = Calendar::new(start, width);
            let mut list: Vec<Due> = Vec::new();
            let mut now = start;
            for (order, (size, salt, step)) in steps.into_iter().enumerate() {
                // Delays and steps of all sizes, and sometimes something that was due before.
                let delay = (1_i64 << size) + salt - 500;
                let due = (now + delay, order as u64, calendar.insert(order));
                calendar.push(due);
                list.push(due);
                now += 1_i64 << step >> 4;
                list.sort_unstable();
                let taken = std::iter::from_fn(|| calendar.pop_until(now)).collect::<Vec<_>>();
                let split = list.partition_point(|due| due.0 <= now);
                prop_assert_eq!(&taken[..], &list[..split]);
                for (_, order, place) in list.drain(..split) {
                    prop_assert_eq!(calendar.get(place), order as usize);
                    calendar.remove(place);
                }
                prop_assert_eq!(calendar.len(), list.len());
            }
            let rest = std::iter::from_fn(|| calendar.pop_until(i64::MAX)).collect::<Vec<_>>();
            prop_assert_eq!(rest, list);
        }
    }
}
