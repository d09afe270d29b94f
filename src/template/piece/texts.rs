//! Texts that live as long as a plan: where the fields of a population lie.

#![expect(unsafe_code, reason = "see the module above")]

use super::{BLOCK, Piece};

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
            }
            let behind = std::panic::AssertUnwindSafe(|| built.get(texts.len()).is_some());
            prop_assert!(std::panic::catch_unwind(behind).is_err());
        }
    }
}
