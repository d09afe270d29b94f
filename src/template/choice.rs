//! Values that are one thing or another, by whether a value is null.
//!
//! `{"id": "lfcp-1"}` or `null` is three values: `{"id": "` or `null`, the id or nothing, `"}` or nothing. They are made
//! behind the others, and rendering has nothing to ask.

use super::{Program, decide::Place};
use crate::bytes::{Padded, Piece, Pieces};

/// A value that is chosen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Choice {
    /// What may be null: a value of the event or of the item.
    pub asks: Place,
    pub present: Chosen,
    pub absent: Chosen,
}

/// What is chosen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Chosen {
    Text(Padded),
    Value(Place),
}

impl Choice {
    /// The value, for an item whose values begin at `first`.
    #[inline]
    fn make<'v>(&'v self, values: &[Piece<'v>], first: usize) -> Piece<'v> {
        let value = |place| match place {
            Place::Slot(slot) => values[slot as usize],
            Place::Item(slot) => values[first + slot as usize],
            Place::Index | Place::Literal(..) => Piece::NULL,
        };
        match if value(self.asks).is_null() { &self.absent } else { &self.present } {
            Chosen::Text(text) => text.piece(),
            Chosen::Value(place) => value(*place),
        }
    }
}

impl Program {
    /// Adds the values that are chosen from those that there are, which are all of the event's.
    ///
    /// # Panics
    /// If there are not as many as the program was made for.
    #[inline]
    pub fn choose<'v>(&'v self, values: &mut Pieces<'v>) {
        assert!(self.choices.is_empty() || values.count() == self.values, "values are missing");
        values.make_each(&self.choices, |choice, values| choice.make(values, 0));
    }

    /// The same for the last item of a list, whose values begin at `first`.
    #[inline]
    pub fn choose_for_item<'v>(&'v self, list: usize, first: usize, values: &mut Pieces<'v>) {
        if let Some(choices) = self.item_choices.get(list) {
            values.make_each(choices, |choice, values| choice.make(values, first));
        }
    }

    /// How many values each item of a list has.
    #[inline]
    pub(super) fn width(&self, list: u32) -> usize {
        let list = list as usize;
        self.lists[list].slots.len() + self.item_choices.get(list).map_or(0, Vec::len)
    }
}
