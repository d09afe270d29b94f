//! Branchless choices: values selected by whether another value is null.
//!
//! `{"id": "lfcp-1"}` or `null` is rendered as three values: `{"id": "` or `null`, the id or nothing, `"}` or nothing.
//! They are added after the event's other values, so that rendering needs no branch.

use super::{Program, eval_condition::Place};
use crate::bytes::{Padded, PaddedSlice, PaddedSlices};

/// A value that is selected by a test for null.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Choice {
    /// The value tested for null: one of the event or of the item.
    pub asks: Place,
    pub present: Chosen,
    pub absent: Chosen,
}

/// One of the alternatives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Chosen {
    Text(Padded),
    Value(Place),
}

impl Choice {
    /// The selected value, for an item whose values begin at index `first`.
    #[inline]
    fn make<'v>(&'v self, values: &[PaddedSlice<'v>], first: usize) -> PaddedSlice<'v> {
        let value = |place| match place {
            Place::Slot(slot) => values[slot as usize],
            Place::Item(slot) => values[first + slot as usize],
            Place::Index | Place::Literal(..) => PaddedSlice::NULL,
        };
        match if value(self.asks).is_null() { &self.absent } else { &self.present } {
            Chosen::Text(text) => text.piece(),
            Chosen::Value(place) => value(*place),
        }
    }
}

impl Program {
    /// Adds the selected values; `values` must contain all other values of the event.
    ///
    /// # Panics
    ///
    /// If the number of values is not the one that the program was specialized for.
    #[inline]
    pub fn choose<'v>(&'v self, values: &mut PaddedSlices<'v>) {
        assert!(self.choices.is_empty() || values.count() == self.values, "values are missing");
        values.make_each(&self.choices, |choice, values| choice.make(values, 0));
    }

    /// Adds the selected values of the item just added to a list, whose values begin at index `first`.
    #[inline]
    pub fn choose_for_item<'v>(&'v self, list: usize, first: usize, values: &mut PaddedSlices<'v>) {
        if let Some(choices) = self.item_choices.get(list) {
            values.make_each(choices, |choice, values| choice.make(values, first));
        }
    }

    /// Number of values of each item of a list, selected ones included.
    #[inline]
    pub(super) fn width(&self, list: u32) -> usize {
        let list = list as usize;
        self.lists[list].slots.len() + self.item_choices.get(list).map_or(0, Vec::len)
    }
}
