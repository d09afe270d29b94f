//! Evaluates conditions that depend on an event's values, at rendering time.
//!
//! The operands are formatted values: digits and escaped texts. Both are canonical, so equality compares bytes; an
//! order has to decode the escapes.

use std::cmp::Ordering;

use super::{
    item::{Item, digits},
    values::Slots,
};
use crate::template::program::{Comparison, Place, Program, Scalar, Test};

/// Evaluates a condition.
pub(super) fn holds(test: &Test, program: &Program, slots: &Slots, item: &Item) -> bool {
    let ask = |test: &Test| holds(test, program, slots, item);
    match test {
        Test::Truthy(place, scalar) => {
            let is_false: &[u8] = match scalar {
                Scalar::Text => b"",
                Scalar::Integer => b"0",
                Scalar::Boolean => b"false",
            };
            !is_null(*place, slots, item) && bytes(*place, program, slots, item, &mut [0; 10]) != is_false
        }
        Test::Filled(list) => slots.lists[*list as usize].1 > 0,
        Test::IsNull(place) => is_null(*place, slots, item),
        Test::Compare(left, comparison, right, scalar) => {
            let nulls = (is_null(*left, slots, item), is_null(*right, slots, item));
            if nulls != (false, false) {
                // `<` and the like are compiled only for values that cannot be null.
                return (nulls.0 == nulls.1) == (*comparison == Comparison::Equal);
            }
            let (mut a, mut b) = ([0; 10], [0; 10]);
            let left = bytes(*left, program, slots, item, &mut a);
            let right = bytes(*right, program, slots, item, &mut b);
            match (comparison, scalar) {
                (Comparison::Equal, _) => left == right,
                (Comparison::Unequal, _) => left != right,
                (_, Scalar::Integer) => comparison.holds(order_of_integers(left, right)),
                _ => comparison.holds(Unescaped(left).cmp(Unescaped(right))),
            }
        }
        Test::Not(test) => !ask(test),
        Test::All(tests) => tests.iter().all(ask),
        Test::Any(tests) => tests.iter().any(ask),
    }
}

fn is_null(place: Place, slots: &Slots, item: &Item) -> bool {
    match place {
        Place::Slot(slot) => slots.values.get(slot as usize).is_null(),
        Place::Item(slot) => slots.values.get(item.first + slot as usize).is_null(),
        Place::Index | Place::Literal(..) => false,
    }
}

fn bytes<'a>(place: Place, program: &'a Program, slots: &'a Slots, item: &Item, buffer: &'a mut [u8; 10]) -> &'a [u8] {
    match place {
        Place::Slot(slot) => slots.values.get(slot as usize).bytes(),
        Place::Item(slot) => slots.values.get(item.first + slot as usize).bytes(),
        Place::Index => digits(item.index, buffer),
        Place::Literal(start, length) => program.literals.slice(start, length).bytes(),
    }
}

/// Compares integers of any length, written as canonical decimal digits.
fn order_of_integers(left: &[u8], right: &[u8]) -> Ordering {
    let negative = |digits: &[u8]| digits.first() == Some(&b'-');
    let size = |a: &[u8], b: &[u8]| a.len().cmp(&b.len()).then_with(|| a.cmp(b));
    match (negative(left), negative(right)) {
        (false, false) => size(left, right),
        (true, true) => size(right, left),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

/// Decodes a text that `escape_into` has escaped.
struct Unescaped<'a>(&'a [u8]);

impl Iterator for Unescaped<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let hex = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
        let (byte, rest) = match self.0 {
            [] => return None,
            [b'\\', b'u', b'0', b'0', high, low, rest @ ..] => (hex(*high) << 4 | hex(*low), rest),
            [b'\\', short, rest @ ..] => {
                let byte = match short {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'f' => 12,
                    other => *other,
                };
                (byte, rest)
            }
            [byte, rest @ ..] => (*byte, rest),
        };
        self.0 = rest;
        Some(byte)
    }
}
