//! Runs of pairs (a literal, then a value): the straight-line form of a template, and most of an event's bytes.
//!
//! A run reserves room once for all its pairs instead of once for each.

#![expect(unsafe_code, reason = "see the module above")]

use crate::bytes::{BLOCK, Padded, PaddedSlice, PaddedSlices, append, copy};

/// A run that may need more room than this reserves it pair by pair.
const MOST_ROOM: usize = 1 << 18;

/// A literal, which begins where the literal of the pair before it ends, and the slot of the value that follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Pair {
    length: u32,
    slot: u32,
}

/// Consecutive pairs that are appended together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Run {
    first: u32,
    count: u32,
    /// Where the run's literals begin in the bytes, and their total length.
    start: usize,
    bytes: usize,
    /// Number of the event's values that must be present: its largest slot plus 1.
    slots: usize,
    /// Number of values that each list item must have; 0 for a run outside lists.
    item_slots: usize,
    /// Bytes of literal after the last value, and whether a comma follows them to separate the items of a list.
    tail: usize,
    comma: bool,
}

/// Bit of `Pair::slot`: the slot counts from the item's first value, not from the event's.
const OF_ITEM: u32 = 1 << 31;

impl Pair {
    /// Index of the value for an item whose values begin at `first`.
    fn slot_for(self, first: usize) -> usize {
        (self.slot & !OF_ITEM) as usize + if self.slot & OF_ITEM == 0 { 0 } else { first }
    }
}

/// Where the values of a list's items are among the event's values: `width` for each item, item after item.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Items {
    /// Index of the first item's first value.
    pub(crate) first: usize,
    /// Values of each item.
    pub(crate) width: usize,
    /// Number of items.
    pub(crate) count: usize,
}

/// All literals of a template, and the runs of pairs that refer to them.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Literals {
    bytes: Padded,
    pairs: Vec<Pair>,
    runs: Vec<Run>,
}

impl Default for Literals {
    fn default() -> Self {
        LiteralsBuilder::default().finish()
    }
}

/// Builds [`Literals`].
#[derive(Debug, Default)]
pub(crate) struct LiteralsBuilder {
    bytes: Vec<u8>,
    pairs: Vec<Pair>,
    runs: Vec<Run>,
}

impl LiteralsBuilder {
    /// Bytes added so far.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Adds bytes of literal.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Begins a run of pairs; returns its index.
    pub(crate) fn begin(&mut self) -> u32 {
        let (first, start) = (self.pairs.len() as u32, self.bytes.len());
        self.runs.push(Run { first, count: 0, start, bytes: 0, slots: 0, item_slots: 0, tail: 0, comma: false });
        self.runs.len() as u32 - 1
    }

    /// Adds a pair to the last run: the literal from byte `start` to the end of the bytes so far, and a slot.
    pub(crate) fn pair(&mut self, start: u32, slot: u32) {
        let Some(run) = self.runs.last_mut() else { return };
        run.slots = run.slots.max(slot as usize + 1);
        self.add(start, slot);
    }

    /// Adds a pair whose slot is one of the list item's values.
    pub(crate) fn item_pair(&mut self, start: u32, slot: u32) {
        let Some(run) = self.runs.last_mut() else { return };
        run.item_slots = run.item_slots.max(slot as usize + 1);
        self.add(start, slot | OF_ITEM);
    }

    /// Appends the bytes added since `start` to the tail of the last run; `false` if the run's literals do not end
    /// there.
    pub(crate) fn lengthen(&mut self, start: usize) -> bool {
        let Some(run) = self.runs.last_mut() else { return false };
        let fits = run.start + run.bytes + run.tail == start;
        if fits {
            run.tail = self.bytes.len() - (run.start + run.bytes);
        }
        fits
    }

    /// Ends the last run, which is for the items of a list: the bytes added since its last value become its tail,
    /// followed by a comma between items if `comma`.
    pub(crate) fn end_items(&mut self, comma: bool) {
        let Some(run) = self.runs.last_mut() else { return };
        run.tail = self.bytes.len() - (run.start + run.bytes);
        run.comma = comma;
        if comma {
            self.bytes.push(b',');
        }
    }

    fn add(&mut self, start: u32, slot: u32) {
        let Some(run) = self.runs.last_mut() else { return };
        let start = self.bytes.len().min(start as usize);
        let length = self.bytes.len() - start;
        if run.count == 0 {
            run.start = start;
        } else if run.start + run.bytes != start {
            // Other bytes were added in between: copy the run's literals so that they are contiguous again.
            let at = self.bytes.len();
            self.bytes.extend_from_within(run.start..run.start + run.bytes);
            self.bytes.extend_from_within(start..at);
            run.start = at;
        }
        self.pairs.push(Pair { length: length as u32, slot });
        run.count += 1;
        run.bytes += length;
    }

    /// Ends the building.
    pub(crate) fn finish(self) -> Literals {
        Literals { bytes: Padded::new(&self.bytes), pairs: self.pairs, runs: self.runs }
    }
}

impl Literals {
    /// A range of the literals' bytes.
    ///
    /// # Panics
    /// If the range is out of bounds.
    #[inline]
    pub(crate) fn slice(&self, start: u32, length: u32) -> PaddedSlice<'_> {
        PaddedSlice::within(&self.bytes.0, start as usize, length as usize)
    }

    /// Total bytes of the literals.
    pub(crate) fn len(&self) -> usize {
        self.bytes.bytes().len()
    }

    /// The pairs of a run: literal and slot.
    ///
    /// # Panics
    /// If there is no run of that index.
    pub(crate) fn pairs(&self, run: u32) -> impl Iterator<Item = (&[u8], u32)> {
        let run = self.runs[run as usize];
        let mut start = run.start;
        self.pairs[run.first as usize..][..run.count as usize].iter().map(move |pair| {
            let literal = &self.bytes.bytes()[start..start + pair.length as usize];
            start += pair.length as usize;
            (literal, pair.slot)
        })
    }

    /// Appends the pairs of a run; slots count from value number `first`.
    ///
    /// # Panics
    /// If there is no such run, or if it needs more values than there are.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "is compiled for several processors")]
    pub(crate) fn append_run(&self, run: u32, values: &PaddedSlices, first: usize, out: &mut Vec<u8>) {
        let run = &self.runs[run as usize];
        let slices = &values.slices[first..];
        assert!(run.slots <= slices.len() && run.item_slots == 0, "values are missing");
        // SAFETY: all slots are less than the number of values, as just checked; there are no slots of items.
        unsafe { self.append::<false>(run, (slices, values.longest), Items { first: 0, width: 0, count: 1 }, out) }
    }

    /// Appends a run once for each item of a list.
    ///
    /// # Panics
    /// If there is no such run, or if it needs more values than there are.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "is compiled for several processors")]
    pub(crate) fn append_items(&self, run: u32, values: &PaddedSlices, items: Items, out: &mut Vec<u8>) {
        let run = &self.runs[run as usize];
        let has_values = run.slots <= values.slices.len()
            && run.item_slots <= items.width
            && items.width.checked_mul(items.count).is_some_and(|all| items.first + all <= values.slices.len());
        assert!(has_values, "values are missing");
        if items.count == 0 {
            return;
        }
        // SAFETY: the slots of an item are less than `width`, and there are `width` values for each item, as just
        // checked.
        unsafe { self.append::<true>(run, (&values.slices, values.longest), items, out) }
        if run.comma {
            out.pop();
        }
    }

    /// Appends the pairs of a run and its tail, once for each item.
    ///
    /// # Safety
    /// All slots of the run are indices into `values`, for each item if `FOR_ITEMS` (otherwise the run has no slots of
    /// items). No value is longer than `longest`.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "is compiled for several processors")]
    unsafe fn append<const FOR_ITEMS: bool>(
        &self,
        run: &Run,
        (values, longest): (&[PaddedSlice], usize),
        items: Items,
        out: &mut Vec<u8>,
    ) {
        let tail = run.tail + usize::from(run.comma);
        let each = longest.saturating_mul(run.count as usize).saturating_add(run.bytes + tail);
        let room = each.saturating_mul(items.count).saturating_add(BLOCK);
        if room > MOST_ROOM {
            self.append_long(run, values, items, out);
            return;
        }
        out.reserve(room);
        let end = out.len();
        // SAFETY: the pairs of a run stay in `pairs`, from which nothing is removed. Their literals and the tail lie in
        // `bytes` from `run.start`, followed by a block. Room is reserved for the literals, for as many values of the
        // greatest length, and for one block of surplus at the end: each copy begins where the last one's text ends.
        // Everything before the returned pointer is initialized.
        unsafe {
            let pairs = self.pairs.get_unchecked(run.first as usize..(run.first + run.count) as usize);
            let literals = self.bytes.0.as_ptr().add(run.start);
            let to = out.as_mut_ptr();
            let end = append_each::<FOR_ITEMS>(to.add(end), literals, (pairs, tail), values, items);
            out.set_len(end.offset_from_unsigned(to));
        }
    }

    /// Appends the run, reserving room pair by pair: slow path for very long values.
    #[cold]
    fn append_long(&self, run: &Run, values: &[PaddedSlice], items: Items, out: &mut Vec<u8>) {
        for item in 0..items.count {
            let mut start = run.start;
            for pair in &self.pairs[run.first as usize..][..run.count as usize] {
                append(out, self.bytes.part(start, pair.length as usize));
                append(out, values[pair.slot_for(items.first + item * items.width)]);
                start += pair.length as usize;
            }
            append(out, self.bytes.part(start, run.tail + usize::from(run.comma)));
        }
    }
}

/// Copies the pairs and the tail for each item; returns where they end.
///
/// # Safety
/// The literals of `pairs` lie one after another from `from`, followed by `tail` bytes and a block. All slots are
/// indices into `values`, for each item if `FOR_ITEMS`. `to` has room for the result and one more block.
#[inline(always)]
#[expect(clippy::inline_always, reason = "is compiled for several processors")]
unsafe fn append_each<const FOR_ITEMS: bool>(
    mut to: *mut u8,
    from: *const u8,
    (pairs, tail): (&[Pair], usize),
    values: &[PaddedSlice],
    items: Items,
) -> *mut u8 {
    let mut first = items.first;
    for _ in 0..if FOR_ITEMS { items.count } else { 1 } {
        let mut literals = from;
        for pair in pairs {
            let slot = if FOR_ITEMS { pair.slot_for(first) } else { pair.slot as usize };
            // SAFETY: as the caller promises; a block follows each piece.
            unsafe {
                to = copy(literals, to, pair.length as usize);
                literals = literals.add(pair.length as usize);
                let value = values.get_unchecked(slot);
                to = copy(value.start.as_ptr(), to, value.length);
            }
        }
        // SAFETY: as the caller promises.
        to = unsafe { copy(literals, to, tail) };
        first += items.width;
    }
    to
}

#[cfg(test)]
mod tests;
