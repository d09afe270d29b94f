//! Pieces of text and how they are appended: the one place where rendering goes around the library's checks.
//!
//! A piece of unknown length costs a call of `memcpy` and the growing vector's questions, more than the copy itself.
//! Here it is copied in whole blocks, each of which is a load and a store, with whatever stands behind it; the next
//! piece overwrites the surplus. `benches/ratios rendering` shows what that is worth.
//!
//! Nothing is asked of the caller. Four things have to hold, and the types here see to them:
//!
//! 1. A [`Piece`] is followed by [`BLOCK`] readable bytes: it borrows them, too. [`Padded`] and [`Texts`] have as many
//!    behind their text.
//! 2. The pairs of a [`Literals`] lie within its bytes, which have as many behind them: pairs are made together with
//!    the bytes that they are about, and neither changes afterwards.
//! 3. Where something is copied to, there is room for whole blocks: it is reserved before.
//! 4. The texts of an [`Arena`] and the blocks behind them do not overlap, stay where they are, and are initialized; it
//!    cannot be cleared while somebody has one.

#![expect(unsafe_code, reason = "copying pieces is most of rendering; the invariants are kept by this module's types")]

use std::{
    cell::{Cell, UnsafeCell},
    mem::MaybeUninit,
};

/// Bytes that are copied at once.
const BLOCK: usize = 32;

/// Room that is reserved at once for pairs: more is asked for pair by pair.
const MOST_ROOM: usize = 1 << 18;

/// A text that stays where it is, with room behind it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Padded(Box<[u8]>);

impl Padded {
    /// A copy of that text.
    pub fn new(text: &[u8]) -> Self {
        Padded([text, &[0; BLOCK]].concat().into())
    }

    /// The text.
    pub fn bytes(&self) -> &[u8] {
        &self.0[..self.0.len() - BLOCK]
    }

    /// The text as a piece.
    #[inline]
    pub fn piece(&self) -> Piece<'_> {
        Piece(&self.0)
    }

    /// A part of it.
    ///
    /// # Panics
    /// If there is no such part.
    #[inline]
    pub fn part(&self, start: usize, length: usize) -> Piece<'_> {
        Piece::within(&self.0, start, length)
    }
}

/// A text that can be appended fast. Borrows the text and [`BLOCK`] bytes behind it.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a>(&'a [u8]);

static NULL: [u8; 4 + BLOCK] = *b"null                                ";
static PRESENT: [u8; 2 + BLOCK] = *b"{}                                ";

impl<'a> Piece<'a> {
    /// The word `null`, of which [`is_null`](Self::is_null) is true.
    pub const NULL: Piece<'static> = Piece(&NULL);
    /// What stands for an object that is there.
    pub const PRESENT: Piece<'static> = Piece(&PRESENT);

    /// `of[start..start + length]`; panics if that is not a range of `of`, or is less than a block from its end.
    #[inline]
    fn within(of: &'a [u8], start: usize, length: usize) -> Self {
        Piece(&of[start..start + (length + BLOCK)])
    }

    /// How many bytes it has.
    #[inline]
    pub fn len(self) -> usize {
        self.0.len() - BLOCK
    }

    /// The text.
    #[inline]
    pub fn bytes(self) -> &'a [u8] {
        &self.0[..self.0.len() - BLOCK]
    }

    /// Whether it is the value null, rather than any other text.
    #[inline]
    pub fn is_null(self) -> bool {
        std::ptr::eq(self.0.as_ptr(), NULL.as_ptr())
    }
}

/// Appends a piece.
#[inline]
pub fn append(out: &mut Vec<u8>, piece: Piece) {
    let length = piece.len();
    out.reserve(length + BLOCK);
    let end = out.len();
    // SAFETY: whole blocks are less than `length + BLOCK` bytes: so many can be read from a piece, and so many were
    // reserved behind `out`'s length, of which the first `length` are then initialized.
    unsafe {
        copy(piece.0.as_ptr(), out.as_mut_ptr().add(end), length);
        out.set_len(end + length);
    }
}

/// Texts that stay where they are, one behind another; some of them null.
#[derive(Debug, Default)]
pub struct Texts {
    /// With a block behind them.
    bytes: Box<[u8]>,
    /// Where each of them begins and ends: neither decreases.
    bounds: Vec<Bound>,
}

/// Where a text begins, and whether it is null.
#[derive(Debug, Clone, Copy)]
struct Bound(u64);

/// Gathers [`Texts`].
#[derive(Debug)]
pub struct TextsBuilder {
    bytes: Vec<u8>,
    bounds: Vec<Bound>,
}

impl Default for TextsBuilder {
    fn default() -> Self {
        TextsBuilder { bytes: Vec::new(), bounds: vec![Bound(0)] }
    }
}

impl TextsBuilder {
    /// Adds a text, or null.
    pub fn push(&mut self, text: Option<&[u8]>) {
        self.bytes.extend_from_slice(text.unwrap_or_default());
        if let (None, Some(begin)) = (text, self.bounds.last_mut()) {
            begin.0 |= 1;
        }
        self.bounds.push(Bound((self.bytes.len() as u64) << 1));
    }

    /// A text, as long as others are added.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let (begin, end) = (self.bounds.get(index)?, self.bounds.get(index + 1)?);
        (!begin.is_null()).then(|| &self.bytes[begin.at()..end.at()])
    }

    /// No more are added.
    pub fn finish(mut self) -> Texts {
        self.bytes.extend_from_slice(&[0; BLOCK]);
        Texts { bytes: self.bytes.into(), bounds: self.bounds }
    }
}

impl Bound {
    #[inline]
    fn at(self) -> usize {
        (self.0 >> 1) as usize
    }

    #[inline]
    fn is_null(self) -> bool {
        self.0 & 1 == 1
    }
}

impl Texts {
    /// One of them; `None` if it is null.
    ///
    /// # Panics
    /// If there are not so many.
    #[inline]
    pub fn get(&self, index: usize) -> Option<Piece<'_>> {
        let bounds = &self.bounds[index..index + 2];
        if bounds[0].is_null() {
            return None;
        }
        let (begin, end) = (bounds[0].at(), bounds[1].at());
        // SAFETY: bounds do not decrease, and the last one has a block behind it.
        Some(Piece(unsafe { self.bytes.get_unchecked(begin..end + BLOCK) }))
    }
}

/// Texts that are made for one event. Reused from event to event, so that it allocates nothing.
#[derive(Debug)]
pub struct Arena {
    /// Boxes that are owned here and are initialized whole; the last one is in use.
    chunks: UnsafeCell<Vec<*mut [u8]>>,
    /// The first byte of the last chunk that is not taken, and how many there are.
    free: Cell<*mut u8>,
    left: Cell<usize>,
}

/// Bytes of an arena's first chunk: more than almost any event needs.
const CHUNK: usize = 16 << 10;

// SAFETY: the boxes are owned, and nothing of them is shared while the arena itself is moved.
unsafe impl Send for Arena {}

impl Default for Arena {
    fn default() -> Self {
        let arena =
            Arena { chunks: UnsafeCell::new(Vec::new()), free: Cell::new(std::ptr::null_mut()), left: Cell::new(0) };
        arena.grow(CHUNK);
        arena
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        self.keep(0);
    }
}

impl Arena {
    /// Forgets all texts and keeps the memory of the first.
    #[inline]
    pub fn clear(&mut self) {
        self.keep(1);
        if let Some(first) = self.chunks.get_mut().first() {
            self.free.set(first.cast());
            self.left.set(first.len());
        }
    }

    fn keep(&mut self, chunks: usize) {
        let all = self.chunks.get_mut();
        while all.len() > chunks
            && let Some(chunk) = all.pop()
        {
            // SAFETY: it came from a box, is freed once, and nobody has a text in it: the arena is borrowed exclusively.
            drop(unsafe { Box::from_raw(chunk) });
        }
    }

    /// A copy of a text.
    #[inline]
    pub fn text(&self, text: &[u8]) -> Piece<'_> {
        self.write(text.len(), |to| {
            to[..text.len()].copy_from_slice(text);
            text.len()
        })
    }

    /// A text of at most `most` bytes: `write` says how many it has written.
    ///
    /// # Panics
    /// If it says more than that.
    #[inline]
    pub fn write(&self, most: usize, write: impl FnOnce(&mut [u8]) -> usize) -> Piece<'_> {
        let room = self.take(most + BLOCK);
        let length = write(&mut room[..most]);
        Piece(&room[..length + BLOCK])
    }

    /// The texts one behind another.
    #[inline]
    pub fn join<'a>(&self, parts: impl Iterator<Item = Piece<'a>> + Clone) -> Piece<'_> {
        let length: usize = parts.clone().map(Piece::len).sum();
        let room = self.take(length + BLOCK);
        let mut at = 0;
        for part in parts {
            // It could say something else the second time.
            assert!(part.len() <= length - at, "the parts have changed");
            // SAFETY: whole blocks of the part are less than its length and a block, and so much is left of the room.
            unsafe { copy(part.0.as_ptr(), room.as_mut_ptr().add(at), part.len()) };
            at += part.len();
        }
        Piece(&room[..at + BLOCK])
    }

    /// So many bytes that nobody else has.
    #[inline]
    #[expect(clippy::mut_from_ref, reason = "gives each byte away once, until it is cleared")]
    fn take(&self, length: usize) -> &mut [u8] {
        if self.left.get() < length {
            self.grow(length);
        }
        let start = self.free.get();
        self.left.set(self.left.get() - length);
        // SAFETY: so many bytes from `start` on lie in the last chunk and are initialized. Since `free` is behind them
        // nobody else gets them before `clear` or `drop`, which nobody can call while they are borrowed.
        unsafe {
            self.free.set(start.add(length));
            std::slice::from_raw_parts_mut(start, length)
        }
    }

    #[cold]
    fn grow(&self, length: usize) {
        // SAFETY: nothing else borrows the vector for longer than a call of a function that calls nothing else.
        let chunks = unsafe { &mut *self.chunks.get() };
        let size = length.max(chunks.last().map_or(CHUNK, |last| 2 * last.len()));
        let chunk = Box::into_raw(vec![0; size].into_boxed_slice());
        chunks.push(chunk);
        self.free.set(chunk.cast());
        self.left.set(size);
    }
}

/// Copies `length` bytes and whatever stands behind them, in whole blocks; returns where they end.
///
/// # Safety
/// From both places on, less than `length + BLOCK` bytes are accessible: `length` rounded up to whole blocks, at
/// least one.
#[inline(always)]
#[expect(clippy::inline_always, reason = "becomes part of a loop that is compiled for several processors")]
unsafe fn copy(from: *const u8, to: *mut u8, length: usize) -> *mut u8 {
    // What lies behind a text need not be initialized.
    type Block = MaybeUninit<[u8; BLOCK]>;
    let mut at = 0;
    loop {
        // SAFETY: as the caller promises.
        unsafe {
            let block = from.add(at).cast::<Block>().read_unaligned();
            to.add(at).cast::<Block>().write_unaligned(block);
        }
        at += BLOCK;
        if at >= length {
            // SAFETY: `length` bytes from there are within the same memory.
            return unsafe { to.add(length) };
        }
    }
}

/// The values of an event, where they lie.
#[derive(Debug, Default)]
pub struct Pieces<'a> {
    pieces: Vec<Piece<'a>>,
    longest: usize,
}

impl<'a> Pieces<'a> {
    /// Makes room for so many more.
    #[inline]
    pub fn reserve(&mut self, more: usize) {
        self.pieces.reserve(more);
    }

    /// Adds one.
    #[inline]
    pub fn push(&mut self, piece: Piece<'a>) {
        self.longest = self.longest.max(piece.len());
        self.pieces.push(piece);
    }

    /// Adds those of others that have these numbers.
    #[inline]
    pub fn extend_from(&mut self, others: &Pieces<'a>, numbers: impl ExactSizeIterator<Item = usize>) {
        let mut longest = self.longest;
        self.pieces.extend(numbers.map(|number| {
            let piece = others.pieces[number];
            longest = longest.max(piece.len());
            piece
        }));
        self.longest = longest;
    }

    /// Takes another one instead.
    pub fn replace(&mut self, index: usize, piece: Piece<'a>) {
        self.longest = self.longest.max(piece.len());
        self.pieces[index] = piece;
    }

    /// Forgets those from that number on.
    pub fn truncate(&mut self, length: usize) {
        self.pieces.truncate(length);
    }

    /// How many there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// One of them.
    #[inline]
    pub fn get(&self, index: usize) -> Piece<'a> {
        self.pieces[index]
    }

    /// Forgets them and keeps their memory for others.
    pub fn recycled<'b>(mut self) -> Pieces<'b> {
        self.pieces.clear();
        let mut pieces = std::mem::ManuallyDrop::new(self.pieces);
        // SAFETY: the memory was allocated for so many pieces, of which there are none, and pieces that borrow for
        // different times are the same in memory.
        let pieces = unsafe { Vec::from_raw_parts(pieces.as_mut_ptr().cast(), 0, pieces.capacity()) };
        Pieces { pieces, longest: 0 }
    }
}

/// A literal and the value behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Pair {
    start: u32,
    length: u32,
    slot: u32,
}

/// Pairs that are appended one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Run {
    first: u32,
    count: u32,
    /// Bytes of its literals.
    bytes: usize,
    /// How many values it needs.
    slots: usize,
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
        self.runs.push(Run { first: self.pairs.len() as u32, count: 0, bytes: 0, slots: 0 });
        self.runs.len() as u32 - 1
    }

    /// Adds to the last run the literal that begins at `start` and ends where the bytes end now, and a value.
    pub fn pair(&mut self, start: u32, slot: u32) {
        let length = self.bytes.len().saturating_sub(start as usize);
        if let Some(run) = self.runs.last_mut() {
            self.pairs.push(Pair { start: (self.bytes.len() - length) as u32, length: length as u32, slot });
            run.count += 1;
            run.bytes += length;
            run.slots = run.slots.max(slot as usize + 1);
        }
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
        let pairs = &self.pairs[run.first as usize..][..run.count as usize];
        pairs.iter().map(|pair| (self.piece(pair.start, pair.length).bytes(), pair.slot))
    }

    /// Appends a run of pairs, whose slots count from value number `first` on.
    ///
    /// # Panics
    /// If there is no such run, or if it needs more values than there are.
    #[inline]
    pub fn append_run(&self, run: u32, values: &Pieces, first: usize, out: &mut Vec<u8>) {
        let run = self.runs[run as usize];
        let pairs = &self.pairs[run.first as usize..][..run.count as usize];
        let longest = values.longest;
        let values = &values.pieces[first..];
        assert!(run.slots <= values.len(), "values are missing");
        let room = (longest + 2 * BLOCK).saturating_mul(pairs.len()).saturating_add(run.bytes);
        if room > MOST_ROOM {
            for pair in pairs {
                append(out, self.piece(pair.start, pair.length));
                append(out, values[pair.slot as usize]);
            }
            return;
        }
        out.reserve(room);
        let end = out.len();
        // SAFETY: each pair's literal lies in `bytes` and has a block behind it, and its slot is below `run.slots`, both
        // since they were made; room for the literals, for as many of the longest value and for what is copied too
        // much was reserved. What lies before the returned place is initialized.
        unsafe {
            let to = out.as_mut_ptr();
            let behind = append_pairs(to.add(end), &self.bytes.0, pairs, values);
            out.set_len(behind.offset_from_unsigned(to));
        }
    }
}

/// Copies pairs, and returns where they end.
///
/// # Safety
/// Literals of `pairs` lie in `literals` and are followed by [`BLOCK`] bytes; their slots are indices of `values`; `to`
/// has room for all of them, in whole blocks.
#[inline]
unsafe fn append_pairs(to: *mut u8, literals: &[u8], pairs: &[Pair], values: &[Piece]) -> *mut u8 {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor was asked; the rest is the caller's promise.
        return unsafe { append_pairs_avx2(to, literals, pairs, values) };
    }
    // SAFETY: the caller's promise.
    unsafe { append_each(to, literals, pairs, values) }
}

/// The same with blocks that are one register.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn append_pairs_avx2(to: *mut u8, literals: &[u8], pairs: &[Pair], values: &[Piece]) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { append_each(to, literals, pairs, values) }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "is compiled for several processors")]
unsafe fn append_each(mut to: *mut u8, literals: &[u8], pairs: &[Pair], values: &[Piece]) -> *mut u8 {
    for pair in pairs {
        // SAFETY: the caller's promise; pieces are followed by a block.
        unsafe {
            to = copy(literals.as_ptr().add(pair.start as usize), to, pair.length as usize);
            let value = values.get_unchecked(pair.slot as usize).0;
            to = copy(value.as_ptr(), to, value.len() - BLOCK);
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
        fn pieces_are_what_slices_are(
            from in prop::collection::vec(any::<u8>(), 0..400),
            already in prop::collection::vec(any::<u8>(), 0..100),
            room in 0..500_usize,
            ranges in prop::collection::vec((0.0..1.0, 0.0..1.0), 0..40),
        ) {
            let mut out = Vec::with_capacity(already.len() + room);
            out.extend_from_slice(&already);
            let mut expected = already;
            let padded = Padded::new(&from);
            prop_assert_eq!(padded.bytes(), &from);
            for (number, (start, length)) in ranges.into_iter().enumerate() {
                let of = if number % 2 == 0 { from.len() } else { expected.len() };
                let start = (start * of as f64) as usize;
                let length = (length * (of - start) as f64) as usize;
                if number % 2 == 0 {
                    append(&mut out, Piece::within(&padded.0, start, length));
                    expected.extend_from_slice(&from[start..start + length]);
                }
                prop_assert_eq!(&out, &expected);
            }
        }

        #[test]
        fn texts_are_what_was_pushed(
            texts in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..90)), 0..40),
        ) {
            let mut builder = TextsBuilder::default();
            texts.iter().for_each(|text| builder.push(text.as_deref()));
            for (index, text) in texts.iter().enumerate() {
                prop_assert_eq!(builder.get(index), text.as_deref());
            }
            prop_assert_eq!(builder.get(texts.len()), None);
            let built = builder.finish();
            for (index, text) in texts.iter().enumerate() {
                prop_assert_eq!(built.get(index).map(Piece::bytes), text.as_deref());
            }
            let behind = std::panic::AssertUnwindSafe(|| built.get(texts.len()).is_some());
            prop_assert!(std::panic::catch_unwind(behind).is_err());
        }

        #[test]
        fn texts_of_an_arena_stay(
            texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3_000), 0..40),
            joined in prop::collection::vec(prop::collection::vec(0..40_usize, 0..9), 0..9),
        ) {
            let mut arena = Arena::default();
            for _ in 0..2 {
                let pieces: Vec<Piece> = texts.iter().map(|text| arena.text(text)).collect();
                let more: Vec<(Piece, Vec<u8>)> = joined.iter().map(|parts| {
                    let parts = parts.iter().filter(|part| **part < texts.len());
                    let expected = parts.clone().flat_map(|part| texts[*part].clone()).collect();
                    (arena.join(parts.map(|part| pieces[*part])), expected)
                }).collect();
                for (piece, text) in pieces.iter().zip(&texts) {
                    prop_assert_eq!(piece.bytes(), text);
                }
                for (piece, text) in &more {
                    prop_assert_eq!(piece.bytes(), text);
                }
                arena.clear();
            }
        }

        #[test]
        fn runs_are_their_pairs(
            texts in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..90), 0..6_u32), 0..30),
            values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9_000), 6..8),
            already in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let padded: Vec<Padded> = values.iter().map(|value| Padded::new(value)).collect();
            let mut pieces = Pieces::default();
            padded.iter().for_each(|value| pieces.push(value.piece()));
            let mut builder = LiteralsBuilder::default();
            let run = builder.begin();
            let mut expected = already.clone();
            for (text, slot) in &texts {
                let start = builder.len() as u32;
                builder.push(text);
                builder.pair(start, *slot);
                expected.extend_from_slice(text);
                expected.extend_from_slice(&values[*slot as usize]);
            }
            let literals = builder.finish();
            let mut out = already;
            literals.append_run(run, &pieces, 0, &mut out);
            prop_assert_eq!(&out, &expected);
            let few = std::panic::AssertUnwindSafe(|| literals.append_run(run, &pieces, 5, &mut Vec::new()));
            let needed = texts.iter().map(|(_, slot)| *slot as usize + 1).max().unwrap_or(0);
            prop_assert_eq!(std::panic::catch_unwind(few).is_err(), needed > pieces.len() - 5);
        }

        #[test]
        fn what_is_no_range_panics(size in 0..300_usize, start in 0..400_usize, length in 0..400_usize) {
            prop_assume!(start + length > size);
            let padded = Padded::new(&vec![1; size]);
            prop_assert!(std::panic::catch_unwind(move || Piece::within(&padded.0, start, length).len()).is_err());
            let write = move || Arena::default().write(size, |_| size + 1 + length).len();
            prop_assert!(std::panic::catch_unwind(write).is_err());
        }
    }

    #[test]
    fn null_is_known_by_where_it_lies() {
        assert!(Piece::NULL.is_null());
        assert_eq!(Piece::NULL.bytes(), b"null");
        assert_eq!(Piece::PRESENT.bytes(), b"{}");
        let text = Padded::new(b"null");
        assert!(!text.piece().is_null());
    }
}
