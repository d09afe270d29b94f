//! A compiled template: operations, literals and slots.

use super::{
    ListSlot, Slot, Slots, Values,
    eval_condition::Test,
    ops::{self, Op},
    select::Choice,
};
use crate::bytes::{Literals, Padded, PaddedSlices};

/// A template compiled to literal bytes and slots. Renders compact JSON with the document's key order.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub struct Program {
    pub(super) ops: Vec<Op>,
    pub(super) literals: Literals,
    pub(super) tests: Vec<Test>,
    pub(super) slots: Vec<Slot>,
    pub(super) lists: Vec<ListSlot>,
    /// Values selected from others: those of the event, and, by list, those of an item.
    pub(super) choices: Vec<Choice>,
    pub(super) item_choices: Vec<Vec<Choice>>,
    /// Number of the event's other values, if there are choices.
    pub(super) values: usize,
}

impl Program {
    /// The values that must be supplied outside lists, in this order.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The lists that must be supplied, in this order, each with its slots.
    pub fn lists(&self) -> &[ListSlot] {
        &self.lists
    }

    /// Whether the program iterates over the list, so that its items need values.
    pub fn walks(&self, list: usize) -> bool {
        let is_walked = |op: &Op| matches!(op, Op::Each { list: other, .. } | Op::Items { list: other, .. } if *other as usize == list);
        self.ops.iter().any(is_walked)
    }

    /// Total bytes of literal text.
    pub fn literal_bytes(&self) -> usize {
        self.literals.len()
    }

    /// Appends one event body to `out`. Allocates only to grow `out`.
    ///
    /// # Panics
    /// If `slots` was not filled for this program: all values of [`slots`](Self::slots), for each of
    /// [`lists`](Self::lists) a list with all values of its items, and after both the [selected](Self::choose) values.
    pub fn append(&self, slots: &Slots, out: &mut Vec<u8>) {
        ops::run(self, slots, out);
    }

    /// Renders from [`Values`]: slower than [`append`](Self::append), for tests and oracles.
    ///
    /// # Panics
    /// As [`append`](Self::append).
    pub fn render(&self, values: &Values, out: &mut Vec<u8>) {
        let arena = Padded::new(&values.bytes);
        let (pieces, lists_at) = values.pieces(&arena);
        let (mut values, mut lists) = (PaddedSlices::default(), Vec::new());
        let mut slots = Slots { values: &mut values, lists: &mut lists };
        let of_event = lists_at.first().map_or(pieces.len(), |(first, _)| *first as usize);
        slots.values.extend(pieces[..of_event].iter().copied());
        self.choose(slots.values);
        for (number, (first, count)) in lists_at.into_iter().enumerate() {
            slots.begin_list(count as usize);
            let (width, mut items) = (self.lists[number].slots.len(), &pieces[first as usize..]);
            for _ in 0..count {
                let (item, rest) = items.split_at(width);
                let at = slots.values.count();
                slots.values.extend(item.iter().copied());
                self.choose_for_item(number, at, slots.values);
                items = rest;
            }
        }
        self.append(&slots, out);
    }
}
