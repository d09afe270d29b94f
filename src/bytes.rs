//! Padded slices and the buffers that they are appended to. Each slice is followed by readable bytes, so that it can be
//! copied in whole blocks.
//!
//! A copy of unknown length costs a call of `memcpy` and the capacity check of `Vec`, which is more than the copy
//! itself. Here a slice is copied in blocks of 32 bytes, each one load and one store, together with the bytes that
//! follow it; the next slice overwrites the surplus.
//!
//! Fast path. Plain form: a copy of the exact length (`ptr::copy_nonoverlapping`, which calls `memcpy`). Gain: 16 % of
//! an event's instructions; [`with_widest`], whose plain form is one compilation for the baseline processor, gains 5 %,
//! and [`Scratch`], whose plain form is a new vector for each event, 41 %. All were measured on 2026-12-01 as
//! CONTRIBUTING.md describes under "Speed". The tests below compare slices with `Vec::extend_from_slice`.
//!
//! Callers need no `unsafe`. Four invariants have to hold, and the types of this module keep them:
//!
//! 1. A [`PaddedSlice`] is followed by `BLOCK` readable bytes, which it borrows too. [`Padded`] and [`TextTable`]
//!    store that many bytes after their text.
//! 2. The pairs of a `Literals` lie within its bytes, which are followed by a block: the builder makes pairs and
//!    bytes together, and neither changes afterwards.
//! 3. The destination of a copy has room for whole blocks: it is reserved before the copy.
//! 4. The texts of an [`Arena`] and the blocks after them do not overlap, do not move, and are initialized; the arena
//!    cannot be cleared while one of its texts is borrowed.

#![expect(unsafe_code, reason = "copying slices is most of rendering; the invariants are kept by this module's types")]

mod arena;
mod chunk;
mod escape;
mod hex;
mod literals;
mod texts;

pub(crate) use arena::Arena;
pub(crate) use chunk::Encoded;
pub use chunk::{Chunk, Event, Names};
pub use escape::escape_into;
pub(crate) use hex::hex;
pub(crate) use literals::{Items, Literals, LiteralsBuilder};
use std::{fmt, marker::PhantomData, ptr::NonNull};
pub(crate) use texts::{TextTable, TextTableBuilder};

/// Bytes that one load and one store copy.
const BLOCK: usize = 32;

/// An owned text that does not move, followed by a block of padding.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Padded(Box<[u8]>);

impl Padded {
    /// Copies `text` and pads it.
    pub(crate) fn new(text: &[u8]) -> Self {
        Padded([text, &[0; BLOCK]].concat().into())
    }

    /// The text, without its padding.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0[..self.0.len() - BLOCK]
    }

    /// The text as a padded slice.
    #[inline]
    pub(crate) fn slice(&self) -> PaddedSlice<'_> {
        PaddedSlice::from_room(&self.0)
    }

    /// A part of the text as a padded slice.
    ///
    /// # Panics
    /// If `start..start + length` is not within the text.
    #[inline]
    pub(crate) fn part(&self, start: usize, length: usize) -> PaddedSlice<'_> {
        PaddedSlice::within(&self.0, start, length)
    }
}

/// A padded slice: a borrowed text that can be appended fast, because the block of bytes after it is borrowed as well.
#[derive(Clone, Copy)]
pub struct PaddedSlice<'a> {
    start: NonNull<u8>,
    length: usize,
    of: PhantomData<&'a [u8]>,
}

// SAFETY: a slice is a shared borrow of bytes, like `&[u8]`, which is `Send`.
unsafe impl Send for PaddedSlice<'_> {}
// SAFETY: a slice is a shared borrow of bytes, like `&[u8]`, which is `Sync`.
unsafe impl Sync for PaddedSlice<'_> {}

static NULL: [u8; 4 + BLOCK] = *b"null                                ";
static ZERO: [u8; 1 + BLOCK] = *b"0                                ";
static PRESENT: [u8; 2 + BLOCK] = *b"{}                                ";

impl<'a> PaddedSlice<'a> {
    /// The word `null`. Only this constant [is null](Self::is_null); an equal text elsewhere is not.
    pub(crate) const NULL: PaddedSlice<'static> = PaddedSlice::from_room(&NULL);
    /// The digit `0`.
    pub(crate) const ZERO: PaddedSlice<'static> = PaddedSlice::from_room(&ZERO);
    /// `{}`: stands for an object of which only the presence matters.
    pub(crate) const PRESENT: PaddedSlice<'static> = PaddedSlice::from_room(&PRESENT);

    /// All of `room` but its last block, which is the padding. Panics if `room` is shorter than a block.
    #[inline]
    const fn from_room(room: &'a [u8]) -> Self {
        assert!(room.len() >= BLOCK, "a slice without a block of padding");
        let start = NonNull::from_ref(room).cast();
        PaddedSlice { start, length: room.len() - BLOCK, of: PhantomData }
    }

    /// `of[start..start + length]`. Panics if that is not a range of `of`, or if less than a block follows it.
    #[inline]
    fn within(of: &'a [u8], start: usize, length: usize) -> Self {
        PaddedSlice::from_room(&of[start..start + (length + BLOCK)])
    }

    /// Bytes of the text, without the padding.
    #[inline]
    pub(crate) fn length(self) -> usize {
        self.length
    }

    /// The text, without the padding.
    #[inline]
    pub fn bytes(self) -> &'a [u8] {
        // SAFETY: the slice borrows these bytes for `'a`, from the bytes that it was created from.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }

    /// Whether this is the value null and not merely a text that reads `null`: compares addresses.
    #[inline]
    pub(crate) fn is_null(self) -> bool {
        std::ptr::eq(self.start.as_ptr(), NULL.as_ptr())
    }
}

impl fmt::Debug for PaddedSlice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PaddedSlice").field(&String::from_utf8_lossy(self.bytes())).finish()
    }
}

/// Work that is compiled twice: for the baseline processor and for one with wider registers.
pub(crate) trait Widened {
    /// Does the work. Must be inlined, together with every function that is to use the wider registers.
    fn work(self);
}

/// Does the work with the widest registers that the processor has (AVX2 if possible); a block fills one of them, or
/// two.
#[inline]
pub(crate) fn with_widest(what: impl Widened) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn with_avx2(what: impl Widened) {
            what.work();
        }
        if std::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2, as just detected.
            return unsafe { with_avx2(what) };
        }
    }
    what.work();
}

/// Appends a padded slice.
#[inline]
pub(crate) fn append(out: &mut Vec<u8>, slice: PaddedSlice) {
    let length = slice.length();
    out.reserve(length + BLOCK);
    let end = out.len();
    // SAFETY: whole blocks are less than `length + BLOCK` bytes. A slice has that many readable bytes, and `out` has
    // that many reserved after its length; the copy initializes the first `length` of them.
    unsafe {
        copy(slice.start.as_ptr(), out.as_mut_ptr().add(end), length);
        out.set_len(end + length);
    }
}

/// Appends a padded slice in double quotes.
#[inline]
pub(crate) fn append_quoted(out: &mut Vec<u8>, slice: PaddedSlice) {
    let length = slice.length();
    out.reserve(length + 2 + BLOCK);
    let end = out.len();
    // SAFETY: as in `append`, with one byte more on each side.
    unsafe {
        let to = out.as_mut_ptr().add(end);
        to.write(b'"');
        copy(slice.start.as_ptr(), to.add(1), length).write(b'"');
        out.set_len(end + length + 2);
    }
}

/// Copies `length` bytes in whole blocks, and so up to a block of surplus; returns where the `length` bytes end in
/// `to`.
///
/// # Safety
/// From `from` and from `to`, `length` bytes rounded up to whole blocks (at least one block) are accessible; that is
/// less than `length + BLOCK` bytes.
#[inline(always)]
#[expect(clippy::inline_always, reason = "is compiled for several processors")]
unsafe fn copy(from: *const u8, to: *mut u8, length: usize) -> *mut u8 {
    // SAFETY: as the caller promises; the first `length` bytes from `to` are within one allocation.
    unsafe {
        copy_block(from, to);
        if length > BLOCK {
            copy_block(from.wrapping_add(BLOCK), to.wrapping_add(BLOCK));
            // Wrapping pointers keep the compiler from unrolling a loop that seldom runs more than once.
            let end = from.wrapping_add(length);
            let mut at = from.wrapping_add(2 * BLOCK);
            let mut next = to.wrapping_add(2 * BLOCK);
            while at < end {
                copy_block(at, next);
                at = at.wrapping_add(BLOCK);
                next = next.wrapping_add(BLOCK);
            }
        }
        to.add(length)
    }
}

/// Copies one block with one load and one store. The bytes after a text need not be initialized.
///
/// # Safety
/// A block is accessible from `from` and from `to`.
#[inline(always)]
#[expect(clippy::inline_always, reason = "is compiled for several processors")]
unsafe fn copy_block(from: *const u8, to: *mut u8) {
    // SAFETY: as the caller promises. The ranges do not overlap: no slice can borrow memory that is reserved for
    // appending.
    unsafe { std::ptr::copy_nonoverlapping(from, to, BLOCK) }
}

/// The values of one event: padded slices, indexed by slot.
#[derive(Debug, Default)]
pub(crate) struct PaddedSlices<'a> {
    slices: Vec<PaddedSlice<'a>>,
    longest: usize,
}

impl<'a> PaddedSlices<'a> {
    /// Adds values.
    #[inline]
    #[expect(clippy::manual_inspect, reason = "the library trusts a map's length, and asks for room once")]
    pub(crate) fn extend(&mut self, slices: impl ExactSizeIterator<Item = PaddedSlice<'a>>) {
        let mut longest = self.longest;
        self.slices.extend(slices.map(|slice| {
            longest = longest.max(slice.length());
            slice
        }));
        self.longest = longest;
    }

    /// Adds `count` of the `texts`, from index `first`.
    ///
    /// # Panics
    /// If `texts` has fewer.
    #[inline]
    pub(crate) fn put_row(&mut self, texts: &'a TextTable, first: usize, count: usize) {
        self.longest = self.longest.max(texts.longest());
        self.slices.extend(texts.row(first, count).iter().copied());
    }

    /// Adds one value for each element of `of`. `make` gets the values added so far, to build on them.
    #[inline]
    pub(crate) fn make_each<T>(
        &mut self,
        of: &'a [T],
        mut make: impl FnMut(&'a T, &[PaddedSlice<'a>]) -> PaddedSlice<'a>,
    ) {
        self.slices.reserve(of.len());
        let mut longest = self.longest;
        for one in of {
            let slice = make(one, &self.slices);
            longest = longest.max(slice.length());
            self.slices.push(slice);
        }
        self.longest = longest;
    }

    /// Replaces the value at `index`.
    pub(crate) fn replace(&mut self, index: usize, slice: PaddedSlice<'a>) {
        self.longest = self.longest.max(slice.length());
        self.slices[index] = slice;
    }

    /// Removes all values and keeps the memory.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.slices.clear();
        self.longest = 0;
    }

    /// Number of values.
    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.slices.len()
    }

    /// All values.
    #[inline]
    pub(crate) fn all(&self) -> &[PaddedSlice<'a>] {
        &self.slices
    }

    /// The value at `index`.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> PaddedSlice<'a> {
        self.slices[index]
    }
}

/// Scratch memory for the values of an event: reused from event to event, so that no event allocates.
#[derive(Default)]
pub(crate) struct Scratch(PaddedSlices<'static>);

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Slices left from the last use may dangle, so they are not printed.
        f.debug_struct("Scratch").finish_non_exhaustive()
    }
}

impl Scratch {
    /// Passes the memory, emptied, to `to`.
    #[inline]
    pub(crate) fn lend<'a, R>(&mut self, to: impl FnOnce(&mut PaddedSlices<'a>) -> R) -> R {
        self.0.clear();
        // SAFETY: `PaddedSlices` has the same layout for every lifetime. Only `to` sees the slices that it adds: there
        // is no other access, and the next call clears them before anything else, even if `to` panics.
        to(unsafe { &mut *std::ptr::from_mut(&mut self.0).cast::<PaddedSlices<'a>>() })
    }
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
                    append(&mut out, PaddedSlice::within(&padded.0, start, length));
                    expected.extend_from_slice(&from[start..start + length]);
                    append_quoted(&mut out, PaddedSlice::within(&padded.0, start, length));
                    expected.extend([b"\"", &from[start..start + length], b"\""].concat());
                }
                prop_assert_eq!(&out, &expected);
            }
        }

        #[test]
        fn what_is_no_range_panics(size in 0..300_usize, start in 0..400_usize, length in 0..400_usize) {
            prop_assume!(start + length > size);
            let padded = Padded::new(&vec![1; size]);
            prop_assert!(std::panic::catch_unwind(move || PaddedSlice::within(&padded.0, start, length).length()).is_err());
            let write = move || Arena::default().write(size, |_| size + 1 + length).length();
            prop_assert!(std::panic::catch_unwind(write).is_err());
        }
    }

    #[test]
    fn what_was_lent_is_lent_empty() {
        let mut room = Scratch::default();
        for text in ["one", "another"] {
            let padded = Padded::new(text.as_bytes());
            let shown = room.lend(|slices| {
                assert_eq!((slices.count(), slices.longest), (0, 0));
                slices.extend(std::iter::once(padded.slice()));
                format!("{slices:?}")
            });
            assert!(shown.contains(text), "{shown}");
        }
        assert_eq!(format!("{room:?}"), "Scratch { .. }");
    }

    #[test]
    fn null_is_known_by_where_it_lies() {
        assert!(PaddedSlice::NULL.is_null());
        assert_eq!(PaddedSlice::NULL.bytes(), b"null");
        assert_eq!(PaddedSlice::PRESENT.bytes(), b"{}");
        assert_eq!(PaddedSlice::ZERO.bytes(), b"0");
        let text = Padded::new(b"null");
        assert!(!text.slice().is_null());
    }
}
