//! Overflow of the calendar queue: entries beyond this turn of the wheel, in unsorted lists by digits of their bucket's
//! number (a hierarchical timing wheel).
//!
//! A list is a chain of chunks shared by all lists, so the memory is proportional to what is due, not to what was once
//! due in each list. Entries are written and read sequentially, which the processor prefetches.

use crate::simulation::calendar::Due;

/// All entries due beyond this turn.
#[derive(Debug)]
pub(super) struct Overflow {
    levels: Box<[Level]>,
    /// Position of the first level's digit within a bucket's number, in bits.
    below: u32,
    /// Chunks of all lists.
    entries: Vec<Due>,
    /// For each chunk: the end of its list before it, or the next free chunk.
    before: Vec<u32>,
    free: u32,
    len: usize,
}

/// The lists of one digit.
#[derive(Debug)]
struct Level {
    ends: [End; LISTS],
    occupied: [u64; LISTS / 64],
}

/// Index after the last entry of a list; 0 if the list is empty. At a multiple of [`CHUNK`] the last chunk is full.
type End = u32;

/// The list that is due next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Next {
    level: usize,
    list: usize,
    /// The first bucket that the list covers.
    pub(crate) bucket: u64,
}

const DIGIT: u32 = 8;
const LISTS: usize = 1 << DIGIT;

/// Entries per chunk.
const CHUNK: u32 = 16;

const NONE: u32 = u32::MAX;

impl Overflow {
    /// An empty overflow for buckets' numbers of `bits` bits, of which the lowest `below` bits index the wheel.
    pub(super) fn new(below: u32, bits: u32) -> Self {
        let levels = bits.saturating_sub(below).div_ceil(DIGIT);
        let empty = |_| Level { ends: [0; LISTS], occupied: [0; LISTS / 64] };
        let levels = (0..levels).map(empty).collect();
        Overflow { levels, below, entries: Vec::new(), before: Vec::new(), free: NONE, len: 0 }
    }

    /// Number of entries.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds an entry due in `bucket`; `different` has the bits in which that differs from the current bucket.
    #[expect(clippy::inline_always, reason = "what is handed on through memory is waited for")]
    #[inline(always)]
    pub(super) fn put(&mut self, different: u64, bucket: u64, due: Due) {
        let level = ((different.ilog2() - self.below) / DIGIT) as usize;
        let list = (bucket >> (self.below + level as u32 * DIGIT)) as usize % LISTS;
        let level = &mut self.levels[level];
        level.occupied[list / 64] |= 1 << (list % 64);
        let mut end = level.ends[list];
        if end.is_multiple_of(CHUNK) {
            end = chunk(&mut self.entries, &mut self.before, &mut self.free, end);
        }
        self.entries[end as usize] = due;
        level.ends[list] = end + 1;
        self.len += 1;
    }

    /// The first non-empty list after the bucket `cursor`.
    pub(super) fn next(&self, cursor: u64) -> Option<Next> {
        self.levels.iter().enumerate().find_map(|(at, level)| {
            let below = self.below + at as u32 * DIGIT;
            let digits = cursor >> below;
            let list = level.after(digits as usize % LISTS)?;
            Some(Next { level: at, list, bucket: (digits & !(LISTS as u64 - 1) | list as u64) << below })
        })
    }

    /// Detaches a list, to be emptied with [`Overflow::pop`].
    pub(super) fn take(&mut self, next: Next) -> End {
        let level = &mut self.levels[next.level];
        level.occupied[next.list / 64] &= !(1 << (next.list % 64));
        std::mem::take(&mut level.ends[next.list])
    }

    /// Removes an entry from a detached list.
    #[expect(clippy::inline_always, reason = "what is handed on through memory is waited for")]
    #[inline(always)]
    pub(super) fn pop(&mut self, list: &mut End) -> Option<Due> {
        let at = list.checked_sub(1)?;
        let due = self.entries[at as usize];
        *list = at;
        if at.is_multiple_of(CHUNK) {
            let chunk = at / CHUNK;
            *list = std::mem::replace(&mut self.before[chunk as usize], self.free);
            self.free = chunk;
        }
        self.len -= 1;
        Some(due)
    }
}

impl Next {
    /// Whether the list covers exactly one turn of the wheel.
    pub(super) fn is_nearest(self) -> bool {
        self.level == 0
    }
}

impl Level {
    /// The first non-empty list after `list`.
    fn after(&self, list: usize) -> Option<usize> {
        let from = list + 1;
        (from / 64..self.occupied.len()).find_map(|word| {
            let above = if word == from / 64 { u64::MAX << (from % 64) } else { u64::MAX };
            let rest = self.occupied[word] & above;
            (rest != 0).then(|| word * 64 + rest.trailing_zeros() as usize)
        })
    }
}

/// Allocates a chunk for a list that ends at `end`; returns the index of its first entry.
#[inline(never)]
fn chunk(entries: &mut Vec<Due>, before: &mut Vec<u32>, free: &mut u32, end: End) -> End {
    let chunk = *free;
    if chunk == NONE {
        let begin = entries.len() as u32;
        entries.resize(entries.len() + CHUNK as usize, Due::default());
        before.push(end);
        return begin;
    }
    *free = std::mem::replace(&mut before[chunk as usize], end);
    chunk * CHUNK
}
