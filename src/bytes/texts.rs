//! Texts that live as long as a plan: where the fields of a population lie.

#![expect(unsafe_code, reason = "see the module above")]

use crate::bytes::{BLOCK, Piece};

/// Texts that stay where they are, one behind another; some of them null.
#[derive(Debug, Default)]
pub struct Texts {
    /// Each of them, for as long as `bytes` are there.
    pieces: Vec<Piece<'static>>,
    /// The length of the longest.
    longest: usize,
    /// What `pieces` lie in, with a block behind the last. Never touched again, only kept.
    #[expect(dead_code, reason = "owns the memory")]
    bytes: Vec<u8>,
}

/// Gathers [`Texts`].
#[derive(Debug, Default)]
pub struct TextsBuilder {
    bytes: Vec<u8>,
    /// Where each of them ends, and whether it is null.
    ends: Vec<(usize, bool)>,
}

impl TextsBuilder {
    /// Adds a text, or null.
    pub fn push(&mut self, text: Option<&[u8]>) {
        self.bytes.extend_from_slice(text.unwrap_or_default());
        self.ends.push((self.bytes.len(), text.is_none()));
    }

    /// A text, as long as others are added.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let (end, is_null) = *self.ends.get(index)?;
        (!is_null).then(|| &self.bytes[self.begin(index)..end])
    }

    fn begin(&self, index: usize) -> usize {
        index.checked_sub(1).map_or(0, |before| self.ends[before].0)
    }

    /// No more are added.
    pub fn finish(mut self) -> Texts {
        self.bytes.extend_from_slice(&[0; BLOCK]);
        // SAFETY: the bytes are moved together with the pieces that lie in them, neither changed nor freed before these,
        // and no piece leaves with this lifetime.
        let bytes: &'static [u8] = unsafe { std::slice::from_raw_parts(self.bytes.as_ptr(), self.bytes.len()) };
        let pieces = self.ends.iter().enumerate().map(|(index, (end, is_null))| {
            let begin = self.begin(index);
            if *is_null { Piece::NULL } else { Piece::within(bytes, begin, end - begin) }
        });
        let pieces: Vec<_> = pieces.collect();
        let longest = pieces.iter().map(|piece| piece.length()).max().unwrap_or(0);
        Texts { pieces, longest, bytes: self.bytes }
    }
}

impl Texts {
    /// One of them; `None` if it is null.
    ///
    /// # Panics
    /// If there are not so many.
    #[inline]
    pub fn get(&self, index: usize) -> Option<Piece<'_>> {
        let piece = self.pieces[index];
        (!piece.is_null()).then_some(piece)
    }

    /// The length of the longest.
    #[inline]
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// So many from that one on, whose nulls are [`Piece::NULL`].
    ///
    /// # Panics
    /// If there are not so many.
    #[inline]
    pub fn row(&self, first: usize, count: usize) -> &[Piece<'_>] {
        &self.pieces[first..first + count]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_are_what_was_pushed(
            texts in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..90)), 0..40),
        ) {
            let mut builder = TextsBuilder::default();
            for text in &texts {
                builder.push(text.as_deref());
            }
            for (index, text) in texts.iter().enumerate() {
                prop_assert_eq!(builder.get(index), text.as_deref());
            }
            prop_assert_eq!(builder.get(texts.len()), None);
            let built = builder.finish();
            for (index, text) in texts.iter().enumerate() {
                prop_assert_eq!(built.get(index).map(Piece::bytes), text.as_deref());
                let row = built.row(index, texts.len() - index);
                prop_assert_eq!(row[0].is_null(), text.is_none());
                prop_assert_eq!(row[0].bytes(), text.as_deref().unwrap_or(b"null"));
            }
            let built = std::panic::AssertUnwindSafe(built);
            prop_assert!(std::panic::catch_unwind(|| built.get(texts.len()).is_some()).is_err());
            prop_assert!(std::panic::catch_unwind(|| built.row(1, texts.len()).len()).is_err());
        }
    }
}
