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

mod arena;
mod chunk;
mod escape;
mod hex;
mod literals;
mod texts;

pub use arena::Arena;
pub use chunk::{Chunk, Encoded, Event, Names};
pub use escape::escape_into;
pub use hex::hex;
pub use literals::{Items, Literals, LiteralsBuilder};
use std::{fmt, marker::PhantomData, ptr::NonNull};
pub use texts::{Texts, TextsBuilder};

/// Bytes that are copied at once.
const BLOCK: usize = 32;

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
        Piece::of(&self.0)
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

/// A text that can be appended fast. Borrows the text and a block of bytes behind it.
#[derive(Clone, Copy)]
pub struct Piece<'a> {
    start: NonNull<u8>,
    length: usize,
    of: PhantomData<&'a [u8]>,
}

// SAFETY: it is a borrowed slice whose length is that of its text.
unsafe impl Send for Piece<'_> {}
// SAFETY: the same.
unsafe impl Sync for Piece<'_> {}

static NULL: [u8; 4 + BLOCK] = *b"null                                ";
static ZERO: [u8; 1 + BLOCK] = *b"0                                ";
static PRESENT: [u8; 2 + BLOCK] = *b"{}                                ";

impl<'a> Piece<'a> {
    /// The word `null`, of which [`is_null`](Self::is_null) is true.
    pub const NULL: Piece<'static> = Piece::of(&NULL);
    /// The number 0.
    pub const ZERO: Piece<'static> = Piece::of(&ZERO);
    /// What stands for an object that is there.
    pub const PRESENT: Piece<'static> = Piece::of(&PRESENT);

    /// All of `room` but its last block; panics if it has not so much.
    #[inline]
    const fn of(room: &'a [u8]) -> Self {
        assert!(room.len() >= BLOCK, "a piece without a block behind it");
        let start = NonNull::from_ref(room).cast();
        Piece { start, length: room.len() - BLOCK, of: PhantomData }
    }

    /// `of[start..start + length]`; panics if that is not a range of `of`, or is less than a block from its end.
    #[inline]
    fn within(of: &'a [u8], start: usize, length: usize) -> Self {
        Piece::of(&of[start..start + (length + BLOCK)])
    }

    /// How many bytes it has.
    #[inline]
    pub fn length(self) -> usize {
        self.length
    }

    /// The text.
    #[inline]
    pub fn bytes(self) -> &'a [u8] {
        // SAFETY: they are borrowed for so long, as those of the slice that it was made of.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }

    /// Whether it is the value null, rather than any other text.
    #[inline]
    pub fn is_null(self) -> bool {
        std::ptr::eq(self.start.as_ptr(), NULL.as_ptr())
    }
}

impl fmt::Debug for Piece<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Piece").field(&String::from_utf8_lossy(self.bytes())).finish()
    }
}

/// What is compiled for several processors.
pub trait Widened {
    /// Does it. Has to be inlined, with whatever is to use wider registers.
    fn work(self);
}

/// Does something with the widest registers that the processor has: a block is one of them, or two.
#[inline]
pub fn with_widest(what: impl Widened) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn with_avx2(what: impl Widened) {
            what.work();
        }
        if std::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor was asked.
            return unsafe { with_avx2(what) };
        }
    }
    what.work();
}

/// Appends a piece.
#[inline]
pub fn append(out: &mut Vec<u8>, piece: Piece) {
    let length = piece.length();
    out.reserve(length + BLOCK);
    let end = out.len();
    // SAFETY: whole blocks are less than `length + BLOCK` bytes: so many can be read from a piece, and so many were
    // reserved behind `out`'s length, of which the first `length` are then initialized.
    unsafe {
        copy(piece.start.as_ptr(), out.as_mut_ptr().add(end), length);
        out.set_len(end + length);
    }
}

/// Appends a piece in quotes.
#[inline]
pub fn append_quoted(out: &mut Vec<u8>, piece: Piece) {
    let length = piece.length();
    out.reserve(length + 2 + BLOCK);
    let end = out.len();
    // SAFETY: as above, with a byte before and one behind.
    unsafe {
        let to = out.as_mut_ptr().add(end);
        to.write(b'"');
        copy(piece.start.as_ptr(), to.add(1), length).write(b'"');
        out.set_len(end + length + 2);
    }
}

/// Copies `length` bytes and whatever stands behind them, in whole blocks; returns where they end.
///
/// # Safety
/// From both places on, less than `length + BLOCK` bytes are accessible: `length` rounded up to whole blocks, at
/// least one.
#[inline(always)]
#[expect(clippy::inline_always, reason = "is compiled for several processors")]
unsafe fn copy(from: *const u8, to: *mut u8, length: usize) -> *mut u8 {
    // SAFETY: as the caller promises; `length` bytes from `to` on are within the same memory.
    unsafe {
        copy_block(from, to);
        if length > BLOCK {
            copy_block(from.wrapping_add(BLOCK), to.wrapping_add(BLOCK));
            // That pointers may wrap keeps the compiler from unrolling what seldom has a third turn.
            let end = from.wrapping_add(length);
            let mut at = from.wrapping_add(2 * BLOCK);
            let mut behind = to.wrapping_add(2 * BLOCK);
            while at < end {
                copy_block(at, behind);
                at = at.wrapping_add(BLOCK);
                behind = behind.wrapping_add(BLOCK);
            }
        }
        to.add(length)
    }
}

/// Copies one block: a load and a store. What lies behind a text need not be initialized.
///
/// # Safety
/// From both places on, a block is accessible.
#[inline(always)]
#[expect(clippy::inline_always, reason = "is compiled for several processors")]
unsafe fn copy_block(from: *const u8, to: *mut u8) {
    // SAFETY: as the caller promises. What is copied is never where it is copied to: nobody can have a piece of memory
    // that is given out or reserved for this.
    unsafe { std::ptr::copy_nonoverlapping(from, to, BLOCK) }
}

/// The values of an event, where they lie.
#[derive(Debug, Default)]
pub struct Pieces<'a> {
    pieces: Vec<Piece<'a>>,
    longest: usize,
}

impl<'a> Pieces<'a> {
    /// Adds one.
    #[inline]
    pub fn push(&mut self, piece: Piece<'a>) {
        self.longest = self.longest.max(piece.length());
        self.pieces.push(piece);
    }

    /// Adds several.
    #[inline]
    #[expect(clippy::manual_inspect, reason = "the library trusts a map's length, and asks for room once")]
    pub fn extend(&mut self, pieces: impl ExactSizeIterator<Item = Piece<'a>>) {
        let mut longest = self.longest;
        self.pieces.extend(pieces.map(|piece| {
            longest = longest.max(piece.length());
            piece
        }));
        self.longest = longest;
    }

    /// Adds so many texts, from the one of that number on.
    ///
    /// # Panics
    /// If there are not so many.
    #[inline]
    pub fn put_row(&mut self, texts: &'a Texts, first: usize, count: usize) {
        self.longest = self.longest.max(texts.longest());
        self.pieces.extend(texts.row(first, count).iter().copied());
    }

    /// Adds one for each of those, which may be made of those before it.
    #[inline]
    pub fn make_each<T>(&mut self, of: &'a [T], mut make: impl FnMut(&'a T, &[Piece<'a>]) -> Piece<'a>) {
        self.pieces.reserve(of.len());
        let mut longest = self.longest;
        for one in of {
            let piece = make(one, &self.pieces);
            longest = longest.max(piece.length());
            self.pieces.push(piece);
        }
        self.longest = longest;
    }

    /// Takes another one instead.
    pub fn replace(&mut self, index: usize, piece: Piece<'a>) {
        self.longest = self.longest.max(piece.length());
        self.pieces[index] = piece;
    }

    /// Forgets all of them.
    #[inline]
    pub fn clear(&mut self) {
        self.pieces.clear();
        self.longest = 0;
    }

    /// How many there are.
    #[inline]
    pub fn count(&self) -> usize {
        self.pieces.len()
    }

    /// All of them.
    #[inline]
    pub fn all(&self) -> &[Piece<'a>] {
        &self.pieces
    }

    /// One of them.
    #[inline]
    pub fn get(&self, index: usize) -> Piece<'a> {
        self.pieces[index]
    }
}

/// Memory for pieces, lent from event to event.
#[derive(Default)]
pub struct Room(Pieces<'static>);

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whatever the last one has left there may not be looked at.
        f.debug_struct("Room").finish_non_exhaustive()
    }
}

impl Room {
    /// Lends it, with nothing in it.
    #[inline]
    pub fn lend<'a, R>(&mut self, to: impl FnOnce(&mut Pieces<'a>) -> R) -> R {
        self.0.clear();
        // SAFETY: pieces that borrow for different times are the same in memory. Those that are put in are seen by
        // nobody but `to`: there is no other way in, and they are forgotten before the next one, whatever `to` did.
        to(unsafe { &mut *std::ptr::from_mut(&mut self.0).cast::<Pieces<'a>>() })
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
                    append(&mut out, Piece::within(&padded.0, start, length));
                    expected.extend_from_slice(&from[start..start + length]);
                    append_quoted(&mut out, Piece::within(&padded.0, start, length));
                    expected.extend([b"\"", &from[start..start + length], b"\""].concat());
                }
                prop_assert_eq!(&out, &expected);
            }
        }

        #[test]
        fn what_is_no_range_panics(size in 0..300_usize, start in 0..400_usize, length in 0..400_usize) {
            prop_assume!(start + length > size);
            let padded = Padded::new(&vec![1; size]);
            prop_assert!(std::panic::catch_unwind(move || Piece::within(&padded.0, start, length).length()).is_err());
            let write = move || Arena::default().write(size, |_| size + 1 + length).length();
            prop_assert!(std::panic::catch_unwind(write).is_err());
        }
    }

    #[test]
    fn what_was_lent_is_lent_empty() {
        let mut room = Room::default();
        for text in ["one", "another"] {
            let padded = Padded::new(text.as_bytes());
            let shown = room.lend(|pieces| {
                assert_eq!((pieces.count(), pieces.longest), (0, 0));
                pieces.push(padded.piece());
                format!("{pieces:?}")
            });
            assert!(shown.contains(text), "{shown}");
        }
        assert_eq!(format!("{room:?}"), "Room { .. }");
    }

    #[test]
    fn null_is_known_by_where_it_lies() {
        assert!(Piece::NULL.is_null());
        assert_eq!(Piece::NULL.bytes(), b"null");
        assert_eq!(Piece::PRESENT.bytes(), b"{}");
        assert_eq!(Piece::ZERO.bytes(), b"0");
        let text = Padded::new(b"null");
        assert!(!text.piece().is_null());
    }
}
