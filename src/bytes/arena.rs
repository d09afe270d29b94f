//! Bump arena for the texts of one event.

#![expect(unsafe_code, reason = "see the module above")]

use crate::bytes::{BLOCK, PaddedSlice, copy};
use std::cell::{Cell, UnsafeCell};

/// A bump arena: memory for the texts made for one event. Reused from event to event, so that no event allocates.
#[derive(Debug)]
pub(crate) struct Arena {
    /// Leaked boxes owned by the arena, each fully initialized; texts are taken from the last.
    chunks: UnsafeCell<Vec<*mut [u8]>>,
    /// The first free byte of the last chunk; `left` is the number of free bytes.
    free: Cell<*mut u8>,
    left: Cell<usize>,
}

/// Bytes of the first chunk: more than almost any event needs.
const CHUNK: usize = 16 << 10;

// SAFETY: the arena owns its boxes, and no text is borrowed from it while it moves.
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
    /// Removes all texts; keeps the memory of the first chunk.
    #[inline]
    pub(crate) fn clear(&mut self) {
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
            // SAFETY: the pointer came from `Box::into_raw` and is freed once; no text in it is borrowed, because
            // `self` is borrowed exclusively.
            drop(unsafe { Box::from_raw(chunk) });
        }
    }

    /// Copies a text into the arena.
    #[inline]
    pub(crate) fn text(&self, text: &[u8]) -> PaddedSlice<'_> {
        self.write(text.len(), |to| {
            to[..text.len()].copy_from_slice(text);
            text.len()
        })
    }

    /// A text of exactly `LENGTH` bytes, filled in by `write`.
    #[inline]
    pub(crate) fn write_exact<const LENGTH: usize>(&self, write: impl FnOnce(&mut [u8; LENGTH])) -> PaddedSlice<'_> {
        let room = self.take(LENGTH + BLOCK);
        // `take` gives as much as it is asked for, so there is always such a chunk.
        if let Some(text) = room.first_chunk_mut() {
            write(text);
        }
        PaddedSlice::from_room(room)
    }

    /// A text of at most `most` bytes, filled in by `write`, which returns its length.
    ///
    /// # Panics
    /// If `write` returns more than `most`.
    #[inline]
    pub(crate) fn write(&self, most: usize, write: impl FnOnce(&mut [u8]) -> usize) -> PaddedSlice<'_> {
        let room = self.take(most + BLOCK);
        let length = write(&mut room[..most]);
        PaddedSlice::from_room(&room[..length + BLOCK])
    }

    /// Concatenates `parts`.
    ///
    /// # Panics
    /// If iterating over `parts` itself makes texts in this arena.
    #[inline]
    pub(crate) fn join<'a>(&self, parts: impl Iterator<Item = PaddedSlice<'a>> + Clone) -> PaddedSlice<'_> {
        let (start, room) = (self.free.get(), self.left.get());
        let mut at = 0;
        for part in parts.clone() {
            assert!(self.free.get() == start, "texts are made while others are joined");
            let length = part.length();
            if room - at < length + BLOCK {
                return self.join_at_length(parts);
            }
            // SAFETY: `length + BLOCK` bytes are free from `start + at`, and nothing else has been given them yet; the
            // blocks of the part are less than that.
            unsafe { copy(part.start.as_ptr(), start.add(at), length) };
            at += length;
        }
        assert!(self.free.get() == start, "texts are made while others are joined");
        PaddedSlice::from_room(self.take(at + BLOCK))
    }

    /// Concatenates through a temporary buffer: slow path of `join` when the last chunk is too small.
    #[cold]
    fn join_at_length<'a>(&self, parts: impl Iterator<Item = PaddedSlice<'a>> + Clone) -> PaddedSlice<'_> {
        let text: Vec<u8> = parts.flat_map(PaddedSlice::bytes).copied().collect();
        self.text(&text)
    }

    /// A copy of `text` that `write` may change in place.
    #[inline]
    pub(crate) fn patched(&self, text: PaddedSlice, write: impl FnOnce(&mut [u8])) -> PaddedSlice<'_> {
        let length = text.length();
        let room = self.take(length + BLOCK);
        // SAFETY: whole blocks of the text are less than `length + BLOCK` bytes, and that many were taken.
        unsafe { copy(text.start.as_ptr(), room.as_mut_ptr(), length) };
        write(&mut room[..length]);
        PaddedSlice::from_room(room)
    }

    /// `length` bytes that nothing else uses.
    #[inline]
    #[expect(clippy::mut_from_ref, reason = "gives each byte away once, until it is cleared")]
    fn take(&self, length: usize) -> &mut [u8] {
        if self.left.get() < length {
            self.grow(length);
        }
        let start = self.free.get();
        self.left.set(self.left.get() - length);
        // SAFETY: `length` bytes from `start` lie in the last chunk and are initialized. `free` moves past them, so
        // they are not given out again before `clear` or `drop`, and neither can be called while they are borrowed.
        unsafe {
            self.free.set(start.add(length));
            std::slice::from_raw_parts_mut(start, length)
        }
    }

    #[cold]
    fn grow(&self, length: usize) {
        // SAFETY: nothing else borrows the vector: every function that does so ends its borrow before it calls another.
        let chunks = unsafe { &mut *self.chunks.get() };
        let size = length.max(chunks.last().map_or(CHUNK, |last| 2 * last.len()));
        let chunk = Box::into_raw(vec![0; size].into_boxed_slice());
        chunks.push(chunk);
        self.free.set(chunk.cast());
        self.left.set(size);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Padded, *};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_of_an_arena_stay(
            texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3_000), 0..40),
            joined in prop::collection::vec(prop::collection::vec(0..40_usize, 0..9), 0..9),
        ) {
            let mut arena = Arena::default();
            for _ in 0..2 {
                let slices: Vec<PaddedSlice> = texts.iter().map(|text| arena.text(text)).collect();
                let more: Vec<(PaddedSlice, Vec<u8>)> = joined.iter().map(|parts| {
                    let parts = parts.iter().filter(|part| **part < texts.len());
                    let expected = parts.clone().flat_map(|part| texts[*part].clone()).collect();
                    (arena.join(parts.map(|part| slices[*part])), expected)
                }).collect();
                for (slice, text) in slices.iter().zip(&texts) {
                    prop_assert_eq!(slice.bytes(), text);
                }
                for (slice, text) in &more {
                    prop_assert_eq!(slice.bytes(), text);
                }
                let long: Vec<PaddedSlice> = slices.iter().copied().cycle().take(9 * slices.len()).collect();
                let long_text: Vec<u8> = long.iter().flat_map(|slice| slice.bytes()).copied().collect();
                prop_assert_eq!(arena.join(long.iter().copied()).bytes(), long_text);
                arena.clear();
            }
        }

        #[test]
        fn patches_change_the_copy_alone(text in prop::collection::vec(any::<u8>(), 1..200), at: usize, byte: u8) {
            let (original, arena) = (Padded::new(&text), Arena::default());
            let at = at % text.len();
            let patched = arena.patched(original.slice(), |copy| copy[at] = byte);
            let mut expected = text.clone();
            expected[at] = byte;
            prop_assert_eq!(patched.bytes(), expected);
            prop_assert_eq!(original.bytes(), text);
        }
    }

    #[test]
    fn joining_does_not_overwrite_what_is_made_meanwhile() {
        let arena = Arena::default();
        let parts = (0..3).map(|_| arena.text(b"made"));
        let join = std::panic::AssertUnwindSafe(|| arena.join(parts).length());
        assert!(std::panic::catch_unwind(join).is_err());
    }
}
