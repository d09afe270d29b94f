//! A compiled template: what to copy, from where, in which order.

use super::{
    ListSlot, Slot, Values,
    append::BLOCK,
    decide::Test,
    ops::{self, Op},
};

/// A template compiled to literal bytes and slots; compact JSON with the document's key order comes out.
#[derive(Debug, Default)]
pub struct Program {
    pub(super) ops: Vec<Op>,
    /// all literal bytes, with [`BLOCK`] bytes more behind them
    pub(super) literals: Vec<u8>,
    pub(super) tests: Vec<Test>,
    pub(super) slots: Vec<Slot>,
    pub(super) lists: Vec<ListSlot>,
}

impl Program {
    /// The values that must be supplied outside lists, in this order.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The lists that must be supplied, in this order, each with its own slots.
    pub fn lists(&self) -> &[ListSlot] {
        &self.lists
    }

    /// Appends one event body to `out`. Allocates nothing but what `out` grows by.
    ///
    /// # Panics
    /// If `values` was not filled for this program: as many values as [`slots`](Self::slots) and, for each of
    /// [`lists`](Self::lists), a list with all values of its items.
    pub fn render(&self, values: &Values, out: &mut Vec<u8>) {
        // Enough for most events at once; what is missing grows as a vector grows.
        out.reserve(self.literals.len() + values.bytes.len() + BLOCK);
        ops::run(self, values, out);
    }
}
