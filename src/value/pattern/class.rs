//! Mixed-radix conversion: writes a number's digits as characters, each digit in the base of its class.

use super::Position;
use std::{collections::HashMap, sync::Arc};

/// A character class, or pairs of its characters.
#[derive(Debug, Clone)]
pub(super) struct Class {
    /// Members: a single character in the first byte, or a pair.
    pub(crate) members: Arc<[[u8; 2]]>,
    /// 2⁶⁴ divided by the number of members, rounded up: multiplying by it divides by that number.
    inverse: u64,
    /// log2 of the number of members, if that is a power of two.
    bits: Option<u32>,
}

/// One character, or two adjacent characters of the same class that are written together.
#[derive(Debug, Clone)]
pub(super) struct Step {
    at: usize,
    class: Class,
    is_pair: bool,
}

/// Numbers below this are divided exactly by multiplication: the rounding error of [`Class::inverse`] is less than the
/// size of a class, which is below 2¹³, so its product with the number stays below 2⁶⁴.
pub(super) const EXACT: u64 = 1 << 51;

/// Largest class for which a table of pairs is made.
const PAIRED: usize = 64;

impl Step {
    #[inline]
    fn put(&self, member: [u8; 2], out: &mut [u8]) {
        if self.is_pair {
            out[self.at..self.at + 2].copy_from_slice(&member);
        } else {
            out[self.at] = member[0];
        }
    }
}

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
            step.put(step.class.take_small(&mut number), out);
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

/// The classes of a pattern from right to left, adjacent characters of one class as pairs.
fn steps(positions: &[Position]) -> Vec<Step> {
    let mut pairs: HashMap<*const [u8; 2], Class> = HashMap::new();
    let mut steps = Vec::new();
    let mut end = positions.len();
    while end > 0 {
        let at = end - 1;
        let Position::Class(class) = &positions[at] else {
            end = at;
            continue;
        };
        let same = |position: &Position| matches!(position, Position::Class(other) if Arc::ptr_eq(&other.members, &class.members));
        let is_pair = at > 0 && class.members.len() <= PAIRED && same(&positions[at - 1]);
        let class = if is_pair {
            pairs.entry(class.members.as_ptr()).or_insert_with(|| class.pairs()).clone()
        } else {
            class.clone()
        };
        end = if is_pair { at - 1 } else { at };
        // A class with one member is already written as a fixed character.
        if class.members.len() > 1 {
            steps.push(Step { at: end, class, is_pair });
        }
    }
    steps
}

impl Class {
    pub(super) fn new(members: &[u8]) -> Self {
        Class::from_members(members.iter().map(|member| [*member, 0]).collect())
    }

    fn from_members(members: Arc<[[u8; 2]]>) -> Self {
        let size = members.len() as u64;
        let bits = size.is_power_of_two().then_some(size.trailing_zeros());
        Class { members, inverse: (u64::MAX / size).wrapping_add(1), bits }
    }

    /// All pairs of the members; the right character is the lower digit.
    fn pairs(&self) -> Self {
        let pair = |left: &[u8; 2]| self.members.iter().map(|right| [left[0], right[0]]).collect::<Vec<_>>();
        Class::from_members(self.members.iter().flat_map(pair).collect())
    }

    /// Divides by the number of members, which is more than 1; returns the member for the remainder.
    #[inline]
    pub(super) fn take_small(&self, place: &mut u64) -> [u8; 2] {
        let quotient = high(*place, self.inverse);
        let digit = *place - quotient * self.members.len() as u64;
        *place = quotient;
        self.members[digit as usize]
    }

    /// Like [`take_small`](Self::take_small), for numbers of any size.
    pub(super) fn take(&self, place: &mut u128) -> [u8; 2] {
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
                prop_assert_eq!(class.take(&mut left)[0], all[(expected % size as u128) as usize]);
                expected /= size as u128;
                prop_assert_eq!(left, expected);
            }
        }
    }
}
