//! Literals with values between them: what most of an event is.

#![expect(unsafe_code, reason = "see the module above")]

use crate::bytes::{BLOCK, Padded, Piece, Pieces, append, copy};

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
    /// the items of a list.
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

    /// Puts what was added since `start` behind the last value of the last run, if it begins where that ends so far.
    pub fn lengthen(&mut self, start: usize) -> bool {
        let Some(run) = self.runs.last_mut() else { return false };
        let fits = run.start + run.bytes + run.tail == start;
        if fits {
            run.tail = self.bytes.len() - (run.start + run.bytes);
        }
        fits
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
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "is compiled for several processors")]
    pub fn append_run(&self, run: u32, values: &Pieces, first: usize, out: &mut Vec<u8>) {
        let run = &self.runs[run as usize];
        let pieces = &values.pieces[first..];
        assert!(run.slots <= pieces.len() && run.item_slots == 0, "values are missing");
        // SAFETY: the slots were compared.
        unsafe { self.append::<false>(run, (pieces, values.longest), Items { first: 0, width: 0, count: 1 }, out) }
    }

    /// Appends a run for each item of a list.
    ///
    /// # Panics
    /// If there is no such run, or if it needs more values than there are.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "is compiled for several processors")]
    pub fn append_items(&self, run: u32, values: &Pieces, items: Items, out: &mut Vec<u8>) {
        let run = &self.runs[run as usize];
        let has_values = run.slots <= values.pieces.len()
            && run.item_slots <= items.width
            && items.width.checked_mul(items.count).is_some_and(|all| items.first + all <= values.pieces.len());
        assert!(has_values, "values are missing");
        if items.count == 0 {
            return;
        }
        // SAFETY: the slots of an item are among its `width` values, of which there are as many as there are items.
        unsafe { self.append::<true>(run, (&values.pieces, values.longest), items, out) }
        if run.comma {
            out.pop();
        }
    }

    /// Appends a run's pairs and what stands behind them, as often as there are items.
    ///
    /// # Safety
    /// All slots of the run are indices of the values, of which none is longer than `longest`; those of items
    /// (`FOR_ITEMS`: else there are none) for each item.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "is compiled for several processors")]
    unsafe fn append<const FOR_ITEMS: bool>(
        &self,
        run: &Run,
        (values, longest): (&[Piece], usize),
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
        // SAFETY: a run's pairs were added to those that there are, and none was taken away. Their literals, and what
        // stands behind the last, lie in `bytes` from `run.start` on, with a block behind them. Room was reserved
        // for them, for as many of the longest value, and behind all of it for what is copied too much: whatever is
        // copied next begins where a piece ends. What lies before the returned place is initialized.
        unsafe {
            let pairs = self.pairs.get_unchecked(run.first as usize..(run.first + run.count) as usize);
            let literals = self.bytes.0.as_ptr().add(run.start);
            let to = out.as_mut_ptr();
            let behind = append_each::<FOR_ITEMS>(to.add(end), literals, (pairs, tail), values, items);
            out.set_len(behind.offset_from_unsigned(to));
        }
    }

    /// The same, asking for room pair by pair.
    #[cold]
    fn append_long(&self, run: &Run, values: &[Piece], items: Items, out: &mut Vec<u8>) {
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

/// Copies pairs, and what stands behind them, for each item, and returns where they end.
///
/// # Safety
/// Literals of `pairs` lie one behind another from `from` on, `tail` bytes behind them, and a block behind these; their
/// slots are indices of `values`, those of items, if it is `FOR_ITEMS`, for each item; `to` has room for all of it and
/// a block more.
#[inline(always)]
#[expect(clippy::inline_always, reason = "is compiled for several processors")]
unsafe fn append_each<const FOR_ITEMS: bool>(
    mut to: *mut u8,
    from: *const u8,
    (pairs, tail): (&[Pair], usize),
    values: &[Piece],
    items: Items,
) -> *mut u8 {
    let mut first = items.first;
    for _ in 0..if FOR_ITEMS { items.count } else { 1 } {
        let mut literals = from;
        for pair in pairs {
            let slot = if FOR_ITEMS { pair.slot_for(first) } else { pair.slot as usize };
            // SAFETY: the caller's promise; pieces are followed by a block.
            unsafe {
                to = copy(literals, to, pair.length as usize);
                literals = literals.add(pair.length as usize);
                let value = values.get_unchecked(slot);
                to = copy(value.start.as_ptr(), to, value.length);
            }
        }
        // SAFETY: the caller's promise.
        to = unsafe { copy(literals, to, tail) };
        first += items.width;
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
            tail in prop::option::of(prop::collection::vec(any::<u8>(), 0..90)),
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
            let end = builder.len();
            if let Some(tail) = tail {
                builder.push(&tail);
                prop_assert!(builder.lengthen(end));
                expected.extend_from_slice(&tail);
            }
            builder.push(b"else");
            prop_assert!(!builder.lengthen(builder.len()));
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
