//! What is due when: a calendar of buckets, exact to the nanosecond.
//!
//! A bucket is a short stretch of time in which mostly nothing is due, or one thing. What is due within a turn of the
//! wheel hangs in its bucket, in order; what is further away lies unsorted with what is due in the same turn, and beyond
//! that in the same so many turns. Each entry moves down at most once for each of these few levels, so scheduling costs
//! about the same with a hundred entries and with a million, and their order is that of a sorted list: by time, then by
//! the order in which they began.
//!
//! Where much is due, what an event costs is mostly the lines of memory that it touches. So entries are written and read
//! one behind the other, a turn of the wheel is so short that it stays in the nearest cache, and the calendar says what
//! will be due in it ([`Calendar::ahead`]), to be fetched together instead of one after another.

mod far;

use far::Far;
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, binary_heap::PeekMut},
};

/// When something is due, its rank among what is due at the same time, and its place.
pub type Due = (i64, u64, u32);

/// Places that are due at some time.
#[derive(Debug)]
pub struct Calendar {
    /// Nanoseconds of a bucket, as a power of two.
    shift: u32,
    /// The present bucket: what is due in it or was due before hangs in it, everything later behind it or lies beyond.
    cursor: u64,
    /// The first entry of each bucket of this turn.
    heads: Box<[u32; BUCKETS]>,
    filled: Filled,
    /// Buckets in which so much is due that it is not in order.
    crowded: Filled,
    /// The present bucket's entries, if it was such a one. Until it is empty it takes all that the bucket gets.
    present: BinaryHeap<Reverse<Due>>,
    /// What hangs in buckets. The first entry is the end of each list, and later than all others.
    entries: Vec<Entry>,
    /// The first entry that is free.
    free: u32,
    far: Far,
    /// Places that hang in this turn's buckets since it began, or some of them.
    ahead: Vec<u32>,
}

/// When a place is due, and the one after it in its list.
#[derive(Debug, Clone, Copy)]
struct Entry {
    time: i64,
    order: u64,
    place: u32,
    next: u32,
}

/// Which buckets are not empty, and which words of that are not 0.
#[derive(Debug, Default)]
struct Filled {
    buckets: [u64; BUCKETS / 64],
    words: u64,
}

/// Bits of the wheel's digit.
const WHEEL: u32 = 9;
const BUCKETS: usize = 1 << WHEEL;

/// The end of a list.
const END: u32 = 0;

/// A bucket is kept in order up to so many entries that have to be passed; more are in no order until they are due.
const PASSED: usize = 8;

/// So many places are told ahead at most.
const AHEAD: usize = 256;
/// Where fewer wait, they stay in caches.
const MANY: usize = 4_096;

impl Calendar {
    /// An empty calendar for what is due from `start` on, with buckets of about `width` nanoseconds: best if something
    /// is due in one of some six.
    pub fn new(start: i64, width: u64) -> Self {
        let shift = width.max(2).ilog2().clamp(10, 40);
        Calendar {
            shift,
            cursor: ordered(start) >> shift,
            heads: Box::new([END; BUCKETS]),
            filled: Filled::default(),
            crowded: Filled::default(),
            present: BinaryHeap::new(),
            entries: vec![Entry { time: i64::MAX, order: u64::MAX, place: u32::MAX, next: END }],
            free: END,
            far: Far::new(WHEEL, u64::BITS - shift),
            ahead: Vec::new(),
        }
    }

    /// Notes when a place is due that is not due yet.
    #[expect(clippy::inline_always, reason = "what is handed on through memory is waited for")]
    #[inline(always)]
    pub fn push(&mut self, due: Due) {
        // What was due before is due now.
        let bucket = (ordered(due.0) >> self.shift).max(self.cursor);
        let different = bucket ^ self.cursor;
        if different >> WHEEL != 0 {
            self.far.put(different, bucket, due);
        } else if different == 0 && !self.present.is_empty() {
            self.push_present(due);
        } else {
            self.hang(due, bucket);
        }
    }

    /// Takes out what is due first, if that is at `limit` or before it.
    #[expect(clippy::inline_always, reason = "what is handed on through memory is waited for")]
    #[inline(always)]
    pub fn pop_until(&mut self, limit: i64) -> Option<Due> {
        loop {
            if !self.present.is_empty() {
                return self.pop_present(limit);
            }
            let Some(slot) = self.filled.from(self.cursor as usize % BUCKETS) else {
                if self.turn(limit) {
                    continue;
                }
                return None;
            };
            let bucket = self.cursor & !(BUCKETS as u64 - 1) | slot as u64;
            if self.crowded.words != 0 && self.crowded.has(slot) {
                self.open(slot, bucket);
                continue;
            }
            let first = self.heads[slot];
            let entry = &mut self.entries[first as usize];
            if entry.time > limit {
                return None;
            }
            self.cursor = bucket;
            self.heads[slot] = entry.next;
            self.filled.clear_if(slot, entry.next == END);
            entry.next = std::mem::replace(&mut self.free, first);
            return Some((entry.time, entry.order, entry.place));
        }
    }

    /// Places that will be due soon: some of those that are due in a turn that has just begun, until they are forgotten.
    #[inline]
    pub fn ahead(&self) -> &[u32] {
        &self.ahead
    }

    /// Forgets what is told ahead.
    pub fn forget_ahead(&mut self) {
        self.ahead.clear();
    }

    /// Puts something into its bucket, which is one of this turn's.
    #[expect(clippy::inline_always, reason = "what is handed on through memory is waited for")]
    #[inline(always)]
    fn hang(&mut self, due: Due, bucket: u64) {
        let slot = bucket as usize % BUCKETS;
        let (at, first) = (self.free, self.heads[slot]);
        let (time, order, place) = due;
        let entry = Entry { time, order, place, next: first };
        let at = if at == END {
            self.entries.push(entry);
            self.entries.len() as u32 - 1
        } else {
            self.free = std::mem::replace(&mut self.entries[at as usize], entry).next;
            at
        };
        self.filled.set(slot);
        if entry.is_before(&self.entries[first as usize]) {
            self.heads[slot] = at;
        } else {
            self.hang_behind(at, first, slot);
        }
    }

    /// Puts an entry behind the first of a bucket.
    #[inline(never)]
    fn hang_behind(&mut self, at: u32, first: u32, slot: usize) {
        let entry = self.entries[at as usize];
        let mut passed = first as usize;
        for _ in 0..PASSED {
            let next = self.entries[passed].next;
            if entry.is_before(&self.entries[next as usize]) {
                self.entries[at as usize].next = next;
                self.entries[passed].next = at;
                return;
            }
            passed = next as usize;
        }
        self.heads[slot] = at;
        self.crowded.set(slot);
    }

    /// Moves what hangs in a crowded bucket into the present.
    #[inline(never)]
    fn open(&mut self, slot: usize, bucket: u64) {
        self.cursor = bucket;
        self.filled.clear_if(slot, true);
        self.crowded.clear_if(slot, true);
        let mut at = std::mem::replace(&mut self.heads[slot], END);
        while at != END {
            let entry = &mut self.entries[at as usize];
            self.present.push(Reverse((entry.time, entry.order, entry.place)));
            let next = std::mem::replace(&mut entry.next, self.free);
            self.free = std::mem::replace(&mut at, next);
        }
    }

    #[inline(never)]
    fn push_apart(&mut self, due: Due) {
        self.push(due);
    }

    #[inline(never)]
    fn push_present(&mut self, due: Due) {
        self.present.push(Reverse(due));
    }

    #[inline(never)]
    fn pop_present(&mut self, limit: i64) -> Option<Due> {
        let first = self.present.peek_mut()?;
        if first.0.0 <= limit { Some(PeekMut::pop(first).0) } else { None }
    }

    /// Goes on to the next turn of the wheel in which something is due, unless that begins after `limit`.
    #[inline(never)]
    fn turn(&mut self, limit: i64) -> bool {
        let Some(next) = self.far.next(self.cursor) else { return false };
        if next.bucket > ordered(limit) >> self.shift {
            return false;
        }
        self.cursor = next.bucket;
        let mut list = self.far.take(next);
        if !next.is_nearest() {
            while let Some(due) = self.far.pop(&mut list) {
                self.push_apart(due);
            }
            return true;
        }
        let many = self.far.len() >= MANY;
        while let Some(due) = self.far.pop(&mut list) {
            if many && self.ahead.len() < AHEAD {
                self.ahead.push(due.2);
            }
            self.hang(due, ordered(due.0) >> self.shift);
        }
        true
    }
}

impl Entry {
    fn is_before(&self, other: &Entry) -> bool {
        (self.time, self.order) < (other.time, other.order)
    }
}

impl Filled {
    fn set(&mut self, bucket: usize) {
        self.buckets[bucket / 64] |= 1 << (bucket % 64);
        self.words |= 1 << (bucket / 64);
    }

    fn has(&self, bucket: usize) -> bool {
        self.buckets[bucket / 64] >> (bucket % 64) & 1 != 0
    }

    /// Written so that there is nothing to mispredict.
    fn clear_if(&mut self, bucket: usize, is_empty: bool) {
        let word = &mut self.buckets[bucket / 64];
        *word &= !(u64::from(is_empty) << (bucket % 64));
        self.words &= !(u64::from(*word == 0) << (bucket / 64));
    }

    /// The first bucket from `bucket` on that is not empty.
    fn from(&self, bucket: usize) -> Option<usize> {
        let word = bucket / 64;
        let rest = self.buckets[word] & u64::MAX << (bucket % 64);
        if rest != 0 {
            return Some(word * 64 + rest.trailing_zeros() as usize);
        }
        // Shifted twice, because a shift by all 64 bits is none.
        let words = self.words & u64::MAX << word << 1;
        if words == 0 {
            return None;
        }
        let word = words.trailing_zeros() as usize % self.buckets.len();
        Some(word * 64 + self.buckets[word].trailing_zeros() as usize % 64)
    }
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
                let due = (now + delay, order as u64, order as u32);
                calendar.push(due);
                list.push(due);
                now += 1_i64 << step >> 4;
                list.sort_unstable();
                let taken = std::iter::from_fn(|| calendar.pop_until(now)).collect::<Vec<_>>();
                let split = list.partition_point(|due| due.0 <= now);
                prop_assert_eq!(&taken[..], &list[..split]);
                list.drain(..split);
            }
            let rest = std::iter::from_fn(|| calendar.pop_until(i64::MAX)).collect::<Vec<_>>();
            prop_assert_eq!(rest, list);
        }
    }

    /// Bursts: so much is due in one bucket that it is not kept in order there.
    #[test]
    fn a_crowded_bucket_is_a_sorted_list_too() {
        let mut calendar = Calendar::new(0, 1_000_000);
        let mut list: Vec<Due> = (0..5_000_u64)
            .map(|order| ((order.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 43) as i64 + 3_000_000, order, order as u32))
            .collect();
        for due in &list {
            calendar.push(*due);
        }
        list.sort_unstable();
        let mut taken = Vec::new();
        for limit in 0..6_000 {
            while let Some(due) = calendar.pop_until(limit * 1_000) {
                assert!(due.0 <= limit * 1_000);
                if due.1 < 5_000 && due.1 % 7 == 0 {
                    // Due again soon, or before what was just taken.
                    let again = (due.0 + (due.1 % 5) as i64 * 100_000 - 100_000, due.1 + 5_000, due.2);
                    let next = taken.len() + 1;
                    let at = next + list[next..].partition_point(|other| *other < again);
                    list.insert(at, again);
                    calendar.push(again);
                }
                taken.push(due);
            }
        }
        taken.extend(std::iter::from_fn(|| calendar.pop_until(i64::MAX)));
        assert!(taken == list);
    }

    #[test]
    fn what_is_due_next_is_told_ahead() {
        let mut calendar = Calendar::new(0, 1_000);
        // Places in no order, delays from one bucket to beyond some turns of the wheel.
        for place in 0..50_000_u64 {
            let delay = place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
            calendar.push((2_000 + delay as i64, place, place as u32));
        }
        let mut told = vec![false; 50_000];
        let mut untold = 0;
        while let Some((_, _, place)) = calendar.pop_until(i64::MAX) {
            untold += u32::from(!told[place as usize]);
            calendar.ahead().iter().for_each(|place| told[*place as usize] = true);
            calendar.forget_ahead();
        }
        // Those that a turn begins with, and where few are left.
        assert!(untold < 12_000, "{untold} of 50,000 came untold");
    }
}
