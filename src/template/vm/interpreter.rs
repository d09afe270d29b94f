//! The interpreter of compiled templates: the hot loop of rendering.
//!
//! An event consists of about a hundred slices of some twenty bytes, so the cost is per slice, not per byte. That is
//! why a literal and the value after it are one pair, and consecutive pairs one operation.

use super::{
    eval_condition::holds,
    item::{Item, digits},
    values::Slots,
};
use crate::{
    bytes::{Items, Widened, append, append_quoted, with_widest},
    template::program::{Op, Program},
};

impl Program {
    /// Appends one event body to `out`. Allocates only to grow `out`.
    ///
    /// # Panics
    /// If `slots` was not filled for this program: all values of [`slots`](Self::slots), for each of
    /// [`lists`](Self::lists) a list with all values of its items, and after both the [selected](Self::choose) values.
    pub(crate) fn append(&self, slots: &Slots, out: &mut Vec<u8>) {
        with_widest(Rendering { program: self, slots, out });
    }
}

/// The arguments of `append`, as work that is compiled for several processors.
struct Rendering<'r, 's, 'e> {
    program: &'r Program,
    slots: &'r Slots<'s, 'e>,
    out: &'r mut Vec<u8>,
}

impl Widened for Rendering<'_, '_, '_> {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "is compiled for several processors")]
    fn work(self) {
        match self.program.ops.as_slice() {
            // Straight-line program: most events of most templates.
            [Op::Run(number)] => self.program.literals.append_run(*number, self.slots.values, 0, self.out),
            _ => run_all(self.program, self.slots, self.out),
        }
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "is compiled for several processors")]
fn run_all(program: &Program, slots: &Slots, out: &mut Vec<u8>) {
    let mut item = Item::default();
    let mut at = 0;
    while let Some(op) = program.ops.get(at) {
        at += 1;
        match *op {
            Op::Run(number) | Op::RunItem(number) => {
                let first = if matches!(op, Op::RunItem(_)) { item.first } else { 0 };
                program.literals.append_run(number, slots.values, first, out);
            }
            Op::Literal { start, length } => append(out, program.literals.slice(start, length)),
            Op::TextOrNull { slot } => text_or_null(out, slots, slot as usize),
            Op::TextOrNullItem { slot } => text_or_null(out, slots, item.first + slot as usize),
            Op::Index => out.extend_from_slice(digits(item.index, &mut [0; 10])),
            Op::Comma => comma(out),
            Op::Branch { test, otherwise } => {
                if !holds(&program.tests[test as usize], program, slots, &item) {
                    at = otherwise as usize;
                }
            }
            Op::BranchNull { slot, if_null, otherwise } => {
                if slots.values.get(slot as usize).is_null() == if_null {
                    at = otherwise as usize;
                }
            }
            Op::Jump { to } => at = to as usize,
            Op::Each { list, end } => {
                let (first, items) = slots.lists[list as usize];
                let width = program.width(list);
                item = Item { index: 0, first: first as usize, width, items };
                if items == 0 {
                    at = end as usize;
                }
            }
            Op::Items { list, run } => {
                let (first, count) = slots.lists[list as usize];
                let width = program.width(list);
                let items = Items { first: first as usize, width, count: count as usize };
                program.literals.append_items(run, slots.values, items, out);
            }
            Op::Next { body, comma } => {
                item.index += 1;
                item.first += item.width;
                if item.index < item.items {
                    at = body as usize;
                    if comma {
                        out.push(b',');
                    }
                }
            }
        }
    }
}

fn text_or_null(out: &mut Vec<u8>, slots: &Slots, slot: usize) {
    let value = slots.values.get(slot);
    if value.is_null() { append(out, value) } else { append_quoted(out, value) }
}

fn comma(out: &mut Vec<u8>) {
    // A finished value never ends in these bytes: a bracket within a text is followed by the text's quote.
    if !matches!(out.last(), Some(b'{' | b'[')) {
        out.push(b',');
    }
}
