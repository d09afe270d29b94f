//! Mixed-radix conversion: writes a number's digits as characters, each digit in the base of its class.
//!
//! Fast path: a number is divided by multiplying with the inverse of the divisor, in groups of classes that fit 64 bits.
//! Plain form: division, with which the test compares. Gain: 18 % of the processor time of
//! `falsetrail generate busy-day -n 1M --threads 1 > /dev/null`, median of three interleaved runs on 2026-12-01. A
//! division is one instruction, so the count of instructions does not show it.

use super::Position;
use std::sync::Arc;

/// A character class.
#[derive(Debug, Clone)]
pub(super) struct Class {
    pub(crate) members: Arc<[u8]>,
    /// 2⁶⁴ divided by the number of members, rounded up: multiplying by it divides by that number.
    inverse: u64,
    /// log2 of the number of members, if that is a power of two.
    bits: Option<u32>,
}

/// A character of a text, and its class.
#[derive(Debug, Clone)]
pub(super) struct Step {
    at: usize,
    class: Class,
}

/// Numbers below this are divided exactly by multiplication: the rounding error of [`Class::inverse`] is less than the
/// size of a class, which is below 2⁸, so its product with the number stays below 2⁶⁴.
pub(super) const EXACT: u64 = 1 << 51;

/// Steps with at most [`EXACT`] texts together.
#[derive(Debug, Clone)]
pub(super) struct Group {
    steps: Vec<Step>,
    /// How many texts they have, and which power of two that is, if it is one.
    size: u64,
    bits: Option<u32>,
}

impl Group {
    /// How many texts they have.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Puts the characters of one of their texts.
    #[inline]
    pub(super) fn put(&self, mut number: u64, out: &mut [u8]) {
        for step in &self.steps {
            out[step.at] = step.class.take_small(&mut number);
        }
    }

    /// Divides by the number of texts, and gives the remainder.
    #[inline]
    pub(super) fn take(&self, left: &mut u128) -> u64 {
        let size = u128::from(self.size);
        let (quotient, rest) = match self.bits {
            Some(bits) => (*left >> bits, *left as u64 & (self.size - 1)),
            None if *left < size => (0, *left as u64),
            None => (*left / size, (*left % size) as u64),
        };
        *left = quotient;
        rest
    }
}

/// The classes of a pattern from right to left, in as few groups as can be.
pub(super) struct Groups {
    /// Those that a number of 128 bits tells apart.
    pub(crate) near: Vec<Group>,
    /// Those to the left of them.
    pub(crate) far: Vec<Group>,
}

impl Groups {
    pub(super) fn from_positions(positions: &[Position]) -> Self {
        let mut near = steps(positions);
        let mut texts = Some(1);
        let fit = near.iter().take_while(|step| {
            let size = step.class.members.len() as u128;
            let before = texts.take();
            texts = before.and_then(|texts: u128| texts.checked_mul(size));
            // A product of exactly 2¹²⁸ is allowed, although it does not fit into 128 bits.
            let is_full = before.is_some_and(|before| size.is_power_of_two() && before == u128::MAX / size + 1);
            texts.is_some() || is_full
        });
        let fitting = fit.count();
        let far = near.split_off(fitting);
        Groups { near: grouped(near), far: grouped(far) }
    }
}

fn grouped(steps: Vec<Step>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for step in steps {
        let size = step.class.members.len() as u64;
        match groups.last_mut() {
            Some(last) if last.size * size <= EXACT => {
                last.size *= size;
                last.steps.push(step);
            }
            _ => groups.push(Group { steps: vec![step], size, bits: None }),
        }
    }
    for group in &mut groups {
        group.bits = group.size.is_power_of_two().then_some(group.size.trailing_zeros());
    }
    groups
}

/// The classes of a pattern from right to left. A class with one member is already written as a fixed character.
fn steps(positions: &[Position]) -> Vec<Step> {
    let step = |(at, position): (usize, &Position)| match position {
        Position::Class(class) if class.members.len() > 1 => Some(Step { at, class: class.clone() }),
        _ => None,
    };
    positions.iter().enumerate().rev().filter_map(step).collect()
}

impl Class {
    pub(super) fn new(members: &[u8]) -> Self {
        let size = members.len() as u64;
        let bits = size.is_power_of_two().then_some(size.trailing_zeros());
        Class { members: members.into(), inverse: (u64::MAX / size).wrapping_add(1), bits }
    }

    /// Divides by the number of members, which is more than 1; returns the member for the remainder.
    #[inline]
    pub(super) fn take_small(&self, place: &mut u64) -> u8 {
        let quotient = high(*place, self.inverse);
        let digit = *place - quotient * self.members.len() as u64;
        *place = quotient;
        self.members[digit as usize]
    }

    /// Like [`take_small`](Self::take_small), for numbers of any size.
    pub(super) fn take(&self, place: &mut u128) -> u8 {
        let size = self.members.len() as u64;
        if let Some(bits) = self.bits {
            let digit = *place as u64 & (size - 1);
            *place >>= bits;
            return self.members[digit as usize];
        }
        let (quotient, digit) = match u64::try_from(*place) {
            Ok(mut small) if small < EXACT => {
                let member = self.take_small(&mut small);
                *place = u128::from(small);
                return member;
            }
            Ok(small) => (u128::from(small / size), small % size),
            Err(_) => (*place / u128::from(size), (*place % u128::from(size)) as u64),
        };
        *place = quotient;
        self.members[digit as usize]
    }
}

/// The upper half of a product.
#[inline]
fn high(one: u64, other: u64) -> u64 {
    ((u128::from(one) * u128::from(other)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn digits_are_what_division_gives(place: u128, narrow in 0..128_u32, size in 1..94_usize) {
            let all: Vec<u8> = (b'!'..=b'~').collect();
            let (mut left, class) = (place >> narrow, Class::new(&all[..size]));
            let mut expected = left;
            for _ in 0..30 {
                prop_assert_eq!(class.take(&mut left), all[(expected % size as u128) as usize]);
                expected /= size as u128;
                prop_assert_eq!(left, expected);
            }
        }
    }
}
