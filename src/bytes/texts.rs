//! A frozen pool of padded texts that lives as long as the plan: the fields of a population.

#![expect(unsafe_code, reason = "see the module above")]

use crate::bytes::{BLOCK, PaddedSlice};

/// Padded texts in one buffer, addressed by index; some of them null.
#[derive(Debug, Default)]
pub(crate) struct TextTable {
    /// One slice for each text, into `bytes`.
    slices: Vec<PaddedSlice<'static>>,
    /// Length in bytes of the longest text.
    longest: usize,
    /// The buffer that `slices` point into, with a block after the last text. Only kept, never read or changed.
    #[expect(dead_code, reason = "owns the memory")]
    bytes: Vec<u8>,
}

/// Builds [`TextTable`].
#[derive(Debug, Default)]
pub(crate) struct TextTableBuilder {
    bytes: Vec<u8>,
    /// For each text: where it ends, and whether it is null.
    ends: Vec<(usize, bool)>,
}

impl TextTableBuilder {
    /// Adds a text, or null.
    pub(crate) fn push(&mut self, text: Option<&[u8]>) {
        self.bytes.extend_from_slice(text.unwrap_or_default());
        self.ends.push((self.bytes.len(), text.is_none()));
    }

    /// The text at `index`; `None` if it is null or not added yet.
    pub(crate) fn get(&self, index: usize) -> Option<&[u8]> {
        let (end, is_null) = *self.ends.get(index)?;
        (!is_null).then(|| &self.bytes[self.begin(index)..end])
    }

    fn begin(&self, index: usize) -> usize {
        index.checked_sub(1).map_or(0, |before| self.ends[before].0)
    }

    /// Freezes the pool.
    pub(crate) fn finish(mut self) -> TextTable {
        self.bytes.extend_from_slice(&[0; BLOCK]);
        // SAFETY: `TextTable` owns the bytes together with the pieces that point into them; the buffer is not changed
        // or freed before the pieces, and no piece leaves `TextTable` with the lifetime `'static`.
        let bytes: &'static [u8] = unsafe { std::slice::from_raw_parts(self.bytes.as_ptr(), self.bytes.len()) };
        let slices = self.ends.iter().enumerate().map(|(index, (end, is_null))| {
            let begin = self.begin(index);
            if *is_null { PaddedSlice::NULL } else { PaddedSlice::within(bytes, begin, end - begin) }
        });
        let slices: Vec<_> = slices.collect();
        let longest = slices.iter().map(|slice| slice.length()).max().unwrap_or(0);
        TextTable { slices, longest, bytes: self.bytes }
    }
}

impl TextTable {
    /// The text at `index`; `None` if it is null.
    ///
    /// # Panics
    /// If `index` is out of bounds.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<PaddedSlice<'_>> {
        let slice = self.slices[index];
        (!slice.is_null()).then_some(slice)
    }

    /// Length in bytes of the longest text.
    #[inline]
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// `count` texts from index `first`; nulls are [`PaddedSlice::NULL`].
    ///
    /// # Panics
    /// If the range is out of bounds.
    #[inline]
    pub(crate) fn row(&self, first: usize, count: usize) -> &[PaddedSlice<'_>] {
        &self.slices[first..first + count]
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
            let mut builder = TextTableBuilder::default();
            for text in &texts {
                builder.push(text.as_deref());
            }
            for (index, text) in texts.iter().enumerate() {
                prop_assert_eq!(builder.get(index), text.as_deref());
            }
            prop_assert_eq!(builder.get(texts.len()), None);
            let built = builder.finish();
            for (index, text) in texts.iter().enumerate() {
                prop_assert_eq!(built.get(index).map(PaddedSlice::bytes), text.as_deref());
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
