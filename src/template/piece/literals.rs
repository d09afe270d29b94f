//! Literals with values between them: what most of an event is.

#![expect(unsafe_code, reason = "see the module above")]

use super::{BLOCK, Padded, Piece, Pieces, append, copy};

/// Room that is reserved at once for pairs: more is asked for pair by pair.
const MOST_ROOM: usize = 1 << 18;

/// A literal, which begins where the one of the pair before it ends, and the value behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Pair {
    length: u32,
    slot: u32,
}

/// Pairs that are appended one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Run {
    first: u32,
    count: u32,
    /// Where its literals begin, and how many bytes they have.
    start: usize,
    bytes: usize,
    /// How many values it needs.
    slots: usize,
    /// How many of each item's values it needs, when it is for the items of a list.
    item_slots: usize,
    /// How many bytes of literal stand behind its last value, and whether a comma stands behind these, which separates
    /// items.
    tail: usize,
    comma: bool,
}

/// Set in a pair's slot that is one of the item's.
const OF_ITEM: u32 = 1 << 31;

impl Pair {
    /// Where its value lies, for an item whose values begin at `first`.
    fn slot_for(self, first: usize) -> usize {
        (self.slot & !OF_ITEM) as usize + if self.slot & OF_ITEM == 0 { 0 } else { first }
    }
}

/// Where the values of a list's items lie among all: so many for each of them.
#[derive(Debug, Clone, Copy)]
pub struct Items {
    /// The first item's first value.
    pub first: usize,
    /// Values of each.
    pub width: usize,
    /// How many items.
    pub count: usize,
}

/// All literals of a template, and the runs of pairs made of them.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Literals {
    bytes: Padded,
    pairs: Vec<Pair>,
    runs: Vec<Run>,
}

impl Default for Literals {
    fn default() -> Self {
        LiteralsBuilder::default().finish()
    }
}

/// Gathers [`Literals`].
#[derive(Debug, Default)]
pub struct LiteralsBuilder {
    bytes: Vec<u8>,
    pairs: Vec<Pair>,
    runs: Vec<Run>,
}

impl LiteralsBuilder {
    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Adds bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Begins a run of pairs, and returns its number.
    pub fn begin(&mut self) -> u32 {
        let (first, start) = (self.pairs.len() as u32, self.bytes.len());
        self.runs.push(Run { first, count: 0, start, bytes: 0, slots: 0, item_slots: 0, tail: 0, comma: false });
        self.runs.len() as u32 - 1
    }

    /// Adds to the last run the literal that begins at `start` and ends where the bytes end now, and a value.
    pub fn pair(&mut self, start: u32, slot: u32) {
        let Some(run) = self.runs.last_mut() else { return };
        run.slots = run.slots.max(slot as usize + 1);
        self.add(start, slot);
    }

    /// The same with one of the item's values.
    pub fn item_pair(&mut self, start: u32, slot: u32) {
        let Some(run) = self.runs.last_mut() else { return };
        run.item_slots = run.item_slots.max(slot as usize + 1);
        self.add(start, slot | OF_ITEM);
    }

    /// Ends the last run, which is for the items of a list: what was added since stands behind its last value, and between
    /// items a comma.
    pub fn end_items(&mut self, comma: bool) {
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
            // Something else was added between them: the run's literals stand together once more.
            let at = self.bytes.len();
            self.bytes.extend_from_within(run.start..run.start + run.bytes);
            self.bytes.extend_from_within(start..at);
            run.start = at;
        }
        self.pairs.push(Pair { length: length as u32, slot });
        run.count += 1;
        run.bytes += length;
    }

    /// No more are added.
    pub fn finish(self) -> Literals {
        Literals { bytes: Padded::new(&self.bytes), pairs: self.pairs, runs: self.runs }
    }
}

impl Literals {
    /// A range of them.
    ///
    /// # Panics
    /// If there is no such range.
    #[inline]
    pub fn piece(&self, start: u32, length: u32) -> Piece<'_> {
        Piece::within(&self.bytes.0, start as usize, length as usize)
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.bytes.bytes().len()
    }

    /// A run's literals and slots.
    ///
    /// # Panics
    /// If there is no such run.
    pub fn pairs(&self, run: u32) -> impl Iterator<Item = (&[u8], u32)> {
        let run = self.runs[run as usize];
        let mut start = run.start;
        self.pairs[run.first as usize..][..run.count as usize].iter().map(move |pair| {
            let literal = &self.bytes.bytes()[start..start + pair.length as usize];
            start += pair.length as usize;
            (literal, pair.slot)
        })
    }

    /// Appends a run of pairs, whose slots count from value number `first` on.
    ///
    /// # Panics
    /// If there is no such run, or if it needs more values than there are.
    #[inline]
    pub fn append_run(&self, run: u32, values: &Pieces, first: usize, out: &mut Vec<u8>) {
        let run = &self.runs[run as usize];
        let longest = values.longest;
        let values = &values.pieces[first..];
        assert!(run.slots <= values.len() && run.item_slots == 0, "values are missing");
        // SAFETY: a run's pairs were added to those that there are, and none was taken away.
        let pairs = unsafe { self.pairs.get_unchecked(run.first as usize..(run.first + run.count) as usize) };
        let room = (longest + 2 * BLOCK).saturating_mul(pairs.len()).saturating_add(run.bytes);
        if room > MOST_ROOM {
            self.append_long(run, values, 0, out);
            return;
        }
        out.reserve(room);
        let end = out.len();
        // SAFETY: the pairs' literals lie in `bytes` from `run.start` on and have a block behind them, and their slots are
        // below `run.slots`, both since they were made; room for the literals, for as many of the longest value and for
        // what is copied too much was reserved. What lies before the returned place is initialized.
        unsafe {
            let to = out.as_mut_ptr();
            let behind = append_pairs(to.add(end), self.bytes.0.as_ptr().add(run.start), pairs, values);
            out.set_len(behind.offset_from_unsigned(to));
        }
    }

    /// Appends a run for each item of a list.
    ///
    /// # Panics
    /// If there is no such run, or if it needs more values than there are.
    pub fn append_items(&self, run: u32, values: &Pieces, items: Items, out: &mut Vec<u8>) {
        let run = &self.runs[run as usize];
        let pairs = &self.pairs[run.first as usize..][..run.count as usize];
        let has_values = run.slots <= values.pieces.len()
            && run.item_slots <= items.width
            && items.width.checked_mul(items.count).is_some_and(|all| items.first + all <= values.pieces.len());
        assert!(has_values, "values are missing");
        if items.count == 0 {
            return;
        }
        let tail = run.tail + usize::from(run.comma);
        let each = (values.longest + 2 * BLOCK).saturating_mul(pairs.len()).saturating_add(run.bytes + tail + BLOCK);
        let room = each.saturating_mul(items.count);
        if room > MOST_ROOM {
            for item in 0..items.count {
                let tail = self.append_long(run, &values.pieces, items.first + item * items.width, out);
                append(out, self.bytes.part(tail, run.tail + usize::from(run.comma)));
            }
        } else {
            out.reserve(room);
            let end = out.len();
            // SAFETY: as for a run; the slots of an item are among its `width` values, of which there are as many as
            // there are items; and what stands behind the last value lies behind the run's literals.
            unsafe {
                let to = out.as_mut_ptr();
                let literals = self.bytes.0.as_ptr().add(run.start);
                let behind = append_all_items(to.add(end), literals, (pairs, tail), &values.pieces, items);
                out.set_len(behind.offset_from_unsigned(to));
            }
        }
        if run.comma {
            out.pop();
        }
    }

    /// Appends a run's pairs, asking for room pair by pair; returns where its literals end.
    #[cold]
    fn append_long(&self, run: &Run, values: &[Piece], first: usize, out: &mut Vec<u8>) -> usize {
        let mut start = run.start;
        for pair in &self.pairs[run.first as usize..][..run.count as usize] {
            append(out, self.bytes.part(start, pair.length as usize));
            append(out, values[pair.slot_for(first)]);
            start += pair.length as usize;
        }
        start
    }
}

/// Copies pairs, and returns where they end.
///
/// # Safety
/// Literals of `pairs` lie one behind another from `literals` on and are followed by [`BLOCK`] bytes; their slots are
/// indices of `values`; `to` has room for all of them, in whole blocks.
#[inline]
unsafe fn append_pairs(to: *mut u8, literals: *const u8, pairs: &[Pair], values: &[Piece]) -> *mut u8 {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor was asked; the rest is the caller's promise.
        return unsafe { append_pairs_avx2(to, literals, pairs, values) };
    }
    // SAFETY: the caller's promise.
    unsafe { append_each::<false>(to, literals, pairs, values, 0).0 }
}

/// The same with blocks that are one register.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn append_pairs_avx2(to: *mut u8, literals: *const u8, pairs: &[Pair], values: &[Piece]) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { append_each::<false>(to, literals, pairs, values, 0).0 }
}

/// The same; `OF_ITEM` slots count from `first` on, if there can be such. Returns where what was copied ends, and where
/// the literals do.
#[inline(always)]
#[expect(clippy::inline_always, reason = "is compiled for several processors")]
unsafe fn append_each<const FOR_ITEMS: bool>(
    mut to: *mut u8,
    mut literals: *const u8,
    pairs: &[Pair],
    values: &[Piece],
    first: usize,
) -> (*mut u8, *const u8) {
    for pair in pairs {
        let slot = if FOR_ITEMS { pair.slot_for(first) } else { pair.slot as usize };
        // SAFETY: the caller's promise; pieces are followed by a block.
        unsafe {
            to = copy(literals, to, pair.length as usize);
            literals = literals.add(pair.length as usize);
            let value = values.get_unchecked(slot).0;
            to = copy(value.as_ptr(), to, value.len() - BLOCK);
        }
    }
    (to, literals)
}

/// Copies pairs for each item, and returns where they end.
///
/// # Safety
/// As for [`append_pairs`], and of the slots of items, which are below `width`, for each item that there is; behind the
/// last pair's literal there are `tail` bytes and a block.
#[inline]
unsafe fn append_all_items(
    to: *mut u8,
    from: *const u8,
    of: (&[Pair], usize),
    values: &[Piece],
    items: Items,
) -> *mut u8 {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor was asked; the rest is the caller's promise.
        return unsafe { append_all_items_avx2(to, from, of, values, items) };
    }
    // SAFETY: the caller's promise.
    unsafe { append_each_item(to, from, of, values, items) }
}

/// The same with blocks that are one register.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn append_all_items_avx2(
    to: *mut u8,
    from: *const u8,
    of: (&[Pair], usize),
    values: &[Piece],
    items: Items,
) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { append_each_item(to, from, of, values, items) }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "is compiled for several processors")]
unsafe fn append_each_item(
    mut to: *mut u8,
    from: *const u8,
    (pairs, tail): (&[Pair], usize),
    values: &[Piece],
    items: Items,
) -> *mut u8 {
    for item in 0..items.count {
        // SAFETY: the caller's promise.
        unsafe {
            let (end, literals) = append_each::<true>(to, from, pairs, values, items.first + item * items.width);
            to = copy(literals, end, tail);
        }
    }
    to
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_are_their_pairs(
            texts in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..90), 0..6_u32, 0..9_usize), 0..30),
            values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9_000), 6..8),
            already in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let padded: Vec<Padded> = values.iter().map(|value| Padded::new(value)).collect();
            let mut pieces = Pieces::default();
            for value in &padded {
                pieces.push(value.piece());
            }
            let mut builder = LiteralsBuilder::default();
            let run = builder.begin();
            let mut expected = already.clone();
            for (text, slot, between) in &texts {
                // Something else now and then.
                builder.push(&b"else"[..between.saturating_sub(5)]);
                let start = builder.len() as u32;
                builder.push(text);
                builder.pair(start, *slot);
                expected.extend_from_slice(text);
                expected.extend_from_slice(&values[*slot as usize]);
            }
            let literals = builder.finish();
            let pairs: Vec<(&[u8], u32)> = literals.pairs(run).collect();
            prop_assert_eq!(pairs, texts.iter().map(|(text, slot, _)| (text.as_slice(), *slot)).collect::<Vec<_>>());
            let mut out = already;
            literals.append_run(run, &pieces, 0, &mut out);
            prop_assert_eq!(&out, &expected);
            let few = std::panic::AssertUnwindSafe(|| literals.append_run(run, &pieces, 5, &mut Vec::new()));
            let needed = texts.iter().map(|(_, slot, _)| *slot as usize + 1).max().unwrap_or(0);
            prop_assert_eq!(std::panic::catch_unwind(few).is_err(), needed > pieces.count() - 5);
        }

        #[test]
        fn items_are_their_pairs(
            texts in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..90), any::<bool>(), 0..3_u32), 0..9),
            tail in prop::collection::vec(any::<u8>(), 0..70),
            values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..900), 15),
            (count, comma) in (0..=4_usize, any::<bool>()),
            long: bool,
        ) {
            let long = vec![b'-'; if long { MOST_ROOM } else { 0 }];
            let padded: Vec<Padded> = values.iter().chain([&long]).map(|value| Padded::new(value)).collect();
            let mut pieces = Pieces::default();
            for value in &padded {
                pieces.push(value.piece());
            }
            let mut builder = LiteralsBuilder::default();
            builder.push(b"before");
            let run = builder.begin();
            for (text, of_item, slot) in &texts {
                let start = builder.len() as u32;
                builder.push(text);
                if *of_item { builder.item_pair(start, *slot) } else { builder.pair(start, *slot) }
            }
            builder.push(&tail);
            builder.end_items(comma);
            builder.push(b"behind");
            let literals = builder.finish();
            let item = |item: usize| {
                let pairs = texts.iter().map(|(text, of_item, slot)| {
                    [text.as_slice(), &values[*slot as usize + if *of_item { 3 + 3 * item } else { 0 }]].concat()
                });
                pairs.chain([tail.clone()]).collect::<Vec<_>>().concat()
            };
            let expected = (0..count).map(item).collect::<Vec<_>>().join(if comma { &b","[..] } else { b"" });
            let mut out = b"already".to_vec();
            literals.append_items(run, &pieces, Items { first: 3, width: 3, count }, &mut out);
            prop_assert_eq!(out, [b"already", expected.as_slice()].concat());
            let many = Items { first: 3, width: 3, count: 5 };
            let many = std::panic::AssertUnwindSafe(|| literals.append_items(run, &pieces, many, &mut Vec::new()));
            prop_assert!(std::panic::catch_unwind(many).is_err());
            let narrow = Items { first: 3, width: 1, count };
            let narrow = std::panic::AssertUnwindSafe(|| literals.append_items(run, &pieces, narrow, &mut Vec::new()));
            let needed = texts.iter().filter(|(_, of_item, _)| *of_item).map(|(_, _, slot)| *slot + 1).max();
            let alone = std::panic::AssertUnwindSafe(|| literals.append_run(run, &pieces, 0, &mut Vec::new()));
            prop_assert_eq!(std::panic::catch_unwind(alone).is_err(), needed.is_some());
            prop_assert_eq!(std::panic::catch_unwind(narrow).is_err(), needed.unwrap_or(0) > 1);
        }
    }
}
