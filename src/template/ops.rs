//! The operations that a template becomes, and the loop that runs them. All of rendering's time is spent here.
//!
//! An event is a hundred pieces of some twenty bytes, so the number of pieces counts, not the number of bytes: a literal
//! and the value behind it are one operation, and pieces are copied as [`append`](super::append) does.

use super::{Program, Values, append::piece, decide::holds};

/// An operation. Literals are ranges of the program's literals; targets are indices of operations.
#[derive(Debug, Clone, Copy)]
pub(super) enum Op {
    /// a literal, then a value
    Copy {
        start: u32,
        length: u32,
        slot: u32,
    },
    /// a literal, then a value of the item
    CopyItem {
        start: u32,
        length: u32,
        slot: u32,
    },
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
    /// the number of the item
    Index,
    /// a comma, unless nothing stands before it in its array or object
    Comma,
    /// goes on at `otherwise` unless the test holds
    Branch {
        test: u32,
        otherwise: u32,
    },
    Jump {
        to: u32,
    },
    /// begins to walk a list; goes on at `end` if it is empty
    Each {
        list: u32,
        end: u32,
    },
    /// goes on at `body` with a comma if asked for, unless this was the last item
    Next {
        body: u32,
        comma: bool,
    },
}

/// The item that is being rendered; lists do not nest.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Item {
    pub index: u32,
    /// the item's first span
    pub first: usize,
    /// spans in each item
    width: usize,
    items: u32,
}

/// Appends what the program makes of the values.
pub(super) fn run(program: &Program, values: &Values, out: &mut Vec<u8>) {
    let mut item = Item::default();
    let mut at = 0;
    while let Some(op) = program.ops.get(at) {
        at += 1;
        match *op {
            Op::Copy { start, length, slot } => {
                append(out, &program.literals, start, length);
                append_value(out, values, slot as usize);
            }
            Op::CopyItem { start, length, slot } => {
                append(out, &program.literals, start, length);
                append_value(out, values, item.first + slot as usize);
            }
            Op::Literal { start, length } => append(out, &program.literals, start, length),
            Op::TextOrNull { slot } => text_or_null(out, values, slot as usize),
            Op::TextOrNullItem { slot } => text_or_null(out, values, item.first + slot as usize),
            Op::Index => out.extend_from_slice(digits(item.index, &mut [0; 10])),
            Op::Comma => comma(out),
            Op::Branch { test, otherwise } => {
                if !holds(&program.tests[test as usize], program, values, &item) {
                    at = otherwise as usize;
                }
            }
            Op::Jump { to } => at = to as usize,
            Op::Each { list, end } => {
                let (first, items) = values.lists[list as usize];
                let width = program.lists[list as usize].slots.len();
                item = Item { index: 0, first: first as usize, width, items };
                if items == 0 {
                    at = end as usize;
                }
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

#[inline]
fn append(out: &mut Vec<u8>, from: &[u8], start: u32, length: u32) {
    piece(out, from, start as usize, length as usize);
}

#[inline]
fn append_value(out: &mut Vec<u8>, values: &Values, span: usize) {
    let (start, length) = values.spans[span];
    append(out, &values.bytes, start, length);
}

fn text_or_null(out: &mut Vec<u8>, values: &Values, span: usize) {
    let quote: &[u8] = if values.is_null(span) { b"" } else { b"\"" };
    out.extend_from_slice(quote);
    append_value(out, values, span);
    out.extend_from_slice(quote);
}

fn comma(out: &mut Vec<u8>) {
    // A finished value never ends like this: brackets in a text are followed by its quote.
    if !matches!(out.last(), Some(b'{' | b'[')) {
        out.push(b',');
    }
}

/// The decimal digits of a number.
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
