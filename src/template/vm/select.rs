//! Branchless choices: values selected by whether another value is null.
//!
//! `{"id": "lfcp-1"}` or `null` is rendered as three values: `{"id": "` or `null`, the id or nothing, `"}` or nothing.
//! They are added after the event's other values, so that rendering needs no branch.

use crate::{
    bytes::{PaddedSlice, PaddedSlices},
    template::program::{Choice, Chosen, Place, Program},
};

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
            Chosen::Text(text) => text.slice(),
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
    pub(crate) fn choose<'v>(&'v self, values: &mut PaddedSlices<'v>) {
        assert!(self.choices.is_empty() || values.count() == self.values, "values are missing");
        values.make_each(&self.choices, |choice, values| choice.make(values, 0));
    }

    /// Adds the selected values of the item just added to a list, whose values begin at index `first`.
    #[inline]
    pub(crate) fn choose_for_item<'v>(&'v self, list: usize, first: usize, values: &mut PaddedSlices<'v>) {
        if let Some(choices) = self.item_choices.get(list) {
            values.make_each(choices, |choice, values| choice.make(values, first));
        }
    }
}
