//! The operations of a compiled template, and the interpreter that runs them: the hot loop of rendering.
//!
//! An event consists of about a hundred slices of some twenty bytes, so the cost is per slice, not per byte. That is
//! why a literal and the value after it are one pair, and consecutive pairs one operation.

use super::{Program, Slots, eval_condition::holds};
use crate::bytes::{Items, Widened, append, append_quoted, with_widest};

/// An operation. Literals are ranges of the program's literals; jump targets are indices of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Op {
    /// a run of pairs (a literal, then a value), perhaps with a literal at the end
    Run(u32),
    /// a run of pairs whose values are those of the current item
    RunItem(u32),
    Literal {
        start: u32,
        length: u32,
    },
    /// a text in quotes, or null
    TextOrNull {
        slot: u32,
    },
    TextOrNullItem {
        slot: u32,
    },
    /// index of the current item
    Index,
    /// a comma, unless this is the first member of its array or object
    Comma,
    /// jumps to `otherwise` unless the test holds
    Branch {
        test: u32,
        otherwise: u32,
    },
    /// jumps to `otherwise` if the value is null (`if_null`) or if it is not: the most frequent test
    BranchNull {
        slot: u32,
        if_null: bool,
        otherwise: u32,
    },
    Jump {
        to: u32,
    },
    /// starts a loop over a list; jumps to `end` if it is empty
    Each {
        list: u32,
        end: u32,
    },
    /// moves to the next item and jumps to `body`, with a comma if `comma`; falls through after the last item
    Next {
        body: u32,
        comma: bool,
    },
    /// a run of pairs for each item of a list, with values of the event and of the item
    Items {
        list: u32,
        run: u32,
    },
}

/// The current item of a loop; loops do not nest.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Item {
    pub index: u32,
    /// index of the item's first value
    pub first: usize,
    /// values of each item
    width: usize,
    items: u32,
}

/// Renders one event.
pub(super) fn run(program: &Program, slots: &Slots, out: &mut Vec<u8>) {
    with_widest(Rendering { program, slots, out });
}

/// The arguments of `run`, as work that is compiled for several processors.
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
            Op::Literal { start, length } => append(out, program.literals.piece(start, length)),
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

/// Formats a number in decimal.
pub(super) fn digits(mut number: u32, buffer: &mut [u8; 10]) -> &[u8] {
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &buffer[at..];
        }
    }
}
