//! What is due when: a calendar of buckets, exact to the nanosecond.
//!
//! A bucket is a short stretch of time. What is due in the present bucket lies in a small heap; everything later lies
//! unsorted in lists, one for each bucket of a wheel, with coarser wheels for what is further away. Each entry moves
//! down a wheel at most once for each of the few wheels, so scheduling costs about the same with a hundred entries and
//! with a million, and their order is that of a sorted list: by time, then by the order in which instances started.

use std::{cmp::Reverse, collections::BinaryHeap};

/// When something is due, which instance by the order of starts, and its place.
pub type Entry = (i64, u64, u32);

/// A priority queue over places, each of which is in it at most once.
#[derive(Debug)]
pub struct Due {
    /// Nanoseconds of a bucket, as a power of two.
    shift: u32,
    /// The present bucket; everything up to its end is in `present`, everything later in the wheels.
    cursor: u64,
    present: BinaryHeap<Reverse<Entry>>,
    wheels: Vec<Wheel>,
    /// By place: what is in the wheels.
    links: Vec<Link>,
    waiting: usize,
}

/// An entry of a wheel's list.
#[derive(Debug, Clone, Copy)]
struct Link {
    time: i64,
    order: u64,
    next: u32,
}

/// Lists by one digit of the bucket's number.
#[derive(Debug)]
struct Wheel {
    heads: Box<[u32]>,
    /// Which lists are not empty, and which words of this are not 0.
    occupied: [u64; WORDS],
    words: u64,
}

/// Bits of a digit.
const DIGIT: u32 = 12;
const SLOTS: usize = 1 << DIGIT;
const WORDS: usize = SLOTS / 64;
const NONE: u32 = u32::MAX;

impl Due {
    /// An empty queue for what is due from `start` on, with buckets of about `width` nanoseconds: best if a few
    /// entries are due in each.
    pub fn new(start: i64, width: u64) -> Self {
        let shift = width.max(2).ilog2().clamp(10, 40);
        let wheels = (u64::BITS - shift).div_ceil(DIGIT);
        Due {
            shift,
            cursor: ordered(start) >> shift,
            present: BinaryHeap::new(),
            wheels: (0..wheels).map(|_| Wheel::new()).collect(),
            links: Vec::new(),
            waiting: 0,
        }
    }

    /// Puts a place into the queue that is not in it.
    pub fn push(&mut self, (time, order, place): Entry) {
        if ordered(time) >> self.shift <= self.cursor {
            self.present.push(Reverse((time, order, place)));
            return;
        }
        if self.links.len() <= place as usize {
            self.links.resize(place as usize + 1, Link { time: 0, order: 0, next: NONE });
        }
        self.links[place as usize] = Link { time, order, next: NONE };
        self.waiting += 1;
        self.hang(place);
    }

    /// Takes out what is due first, if that is at `limit` or before it.
    pub fn pop_until(&mut self, limit: i64) -> Option<Entry> {
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
            let below = DIGIT * level as u32;
            let Some(slot) = self.wheels[level].next_after(digit(self.cursor, level)) else { continue };
            let above = (self.cursor >> below) & !(SLOTS as u64 - 1);
            let cursor = (above | slot as u64) << below;
            if cursor > limit {
                return false;
            }
            self.cursor = cursor;
            let mut place = self.wheels[level].take(slot);
            while place != NONE {
                let link = self.links[place as usize];
                if ordered(link.time) >> self.shift == cursor {
                    self.present.push(Reverse((link.time, link.order, place)));
                    self.waiting -= 1;
                } else {
                    self.hang(place);
                }
                place = link.next;
            }
            return true;
        }
        false
    }

    /// Hangs a link into the list of its bucket: on the wheel of the highest digit in which it differs from now.
    fn hang(&mut self, place: u32) {
        let link = &mut self.links[place as usize];
        let bucket = ordered(link.time) >> self.shift;
        let level = ((bucket ^ self.cursor).ilog2() / DIGIT) as usize;
        link.next = self.wheels[level].put(digit(bucket, level), place);
    }
}

impl Wheel {
    fn new() -> Self {
        Wheel { heads: vec![NONE; SLOTS].into_boxed_slice(), occupied: [0; WORDS], words: 0 }
    }

    /// Makes `place` the head of a list; the head before it.
    fn put(&mut self, slot: usize, place: u32) -> u32 {
        self.occupied[slot / 64] |= 1 << (slot % 64);
        self.words |= 1 << (slot / 64);
        std::mem::replace(&mut self.heads[slot], place)
    }

    /// Takes a whole list; its head.
    fn take(&mut self, slot: usize) -> u32 {
        self.occupied[slot / 64] &= !(1 << (slot % 64));
        if self.occupied[slot / 64] == 0 {
            self.words &= !(1 << (slot / 64));
        }
        std::mem::replace(&mut self.heads[slot], NONE)
    }

    /// The first list after `slot` that is not empty.
    fn next_after(&self, slot: usize) -> Option<usize> {
        let word = slot / 64;
        // Shifted twice, because a shift by all 64 bits is none.
        let rest = self.occupied[word] & (u64::MAX << (slot % 64) << 1);
        if rest != 0 {
            return Some(word * 64 + rest.trailing_zeros() as usize);
        }
        let words = self.words & (u64::MAX << word << 1);
        if words == 0 {
            return None;
        }
        let word = words.trailing_zeros() as usize;
        Some(word * 64 + self.occupied[word].trailing_zeros() as usize)
    }
}

/// A time as a number without sign, in the same order.
fn ordered(time: i64) -> u64 {
    (time as u64) ^ (1 << 63)
}

fn digit(bucket: u64, level: usize) -> usize {
    (bucket >> (DIGIT * level as u32)) as usize & (SLOTS - 1)
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
            let mut due = Due::new(start, width);
            let mut list: Vec<Entry> = Vec::new();
            let mut now = start;
            for (order, (size, salt, step)) in steps.into_iter().enumerate() {
                // Delays and steps of all sizes, and sometimes something that was due before.
                let delay = (1_i64 << size) + salt - 500;
                let entry = (now + delay, order as u64, order as u32);
                due.push(entry);
                list.push(entry);
                now += 1_i64 << step >> 4;
                list.sort_unstable();
                let taken = std::iter::from_fn(|| due.pop_until(now)).collect::<Vec<_>>();
                let split = list.partition_point(|entry| entry.0 <= now);
                prop_assert_eq!(&taken[..], &list[..split]);
                list.drain(..split);
            }
            let rest = std::iter::from_fn(|| due.pop_until(i64::MAX)).collect::<Vec<_>>();
            prop_assert_eq!(rest, list);
        }
    }
}
