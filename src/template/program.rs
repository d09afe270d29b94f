//! A compiled template: what to copy, from where, in which order.

use super::{
    ListSlot, Slot, Slots, Values,
    choice::Choice,
    decide::Test,
    ops::{self, Op},
};
use crate::bytes::{Literals, Padded, Pieces};

/// A template compiled to literal bytes and slots; compact JSON with the document's key order comes out.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub struct Program {
    pub(super) ops: Vec<Op>,
    pub(super) literals: Literals,
    pub(super) tests: Vec<Test>,
    pub(super) slots: Vec<Slot>,
    pub(super) lists: Vec<ListSlot>,
    /// Values that are made of the others: those of the event, and of each list those of an item.
    pub(super) choices: Vec<Choice>,
    pub(super) item_choices: Vec<Vec<Choice>>,
    /// How many values of the event there are besides, if there are such.
    pub(super) values: usize,
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

    /// Whether it looks at the values of a list's items.
    pub fn walks(&self, list: usize) -> bool {
        let is_walked = |op: &Op| matches!(op, Op::Each { list: other, .. } | Op::Items { list: other, .. } if *other as usize == list);
        self.ops.iter().any(is_walked)
    }

    /// How many bytes of text it has besides its values.
    pub fn literal_bytes(&self) -> usize {
        self.literals.len()
    }

    /// Appends one event body to `out`. Allocates nothing but what `out` grows by.
    ///
    /// # Panics
    /// If `slots` was not filled for this program: as many values as [`slots`](Self::slots) and, for each of
    /// [`lists`](Self::lists), a list with all values of its items; behind both what is [chosen](Self::choose).
    pub fn append(&self, slots: &Slots, out: &mut Vec<u8>) {
        ops::run(self, slots, out);
    }

    /// The same for values that lie elsewhere.
    ///
    /// # Panics
    /// As [`append`](Self::append).
    pub fn render(&self, values: &Values, out: &mut Vec<u8>) {
        let arena = Padded::new(&values.bytes);
        let (pieces, lists_at) = values.pieces(&arena);
        let (mut values, mut lists) = (Pieces::default(), Vec::new());
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
