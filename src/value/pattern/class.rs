//! From numbers to characters: a number's digits, each in the base of its class.

use super::Position;
use std::{collections::HashMap, sync::Arc};

/// Characters of which one is taken, or pairs of them.
#[derive(Debug, Clone)]
pub struct Class {
    /// Each of them in the first byte or in both.
    pub members: Arc<[[u8; 2]]>,
    /// 2⁶⁴ by their number, rounded up: multiplying by it divides.
    inverse: u64,
    /// Which power of two their number is, if it is one.
    bits: Option<u32>,
}

/// One or two neighbouring characters of the same class, written at once.
#[derive(Debug, Clone)]
pub struct Step {
    at: usize,
    pub class: Class,
    is_pair: bool,
}

/// Numbers below this are divided by multiplication, exactly: the rounding of [`Class::inverse`] is off by less than
/// the size of a class, which is below 2¹³, and their product stays below 2⁶⁴.
pub const EXACT: u64 = 1 << 51;

/// The largest class of which pairs are tabulated.
const PAIRED: usize = 64;

impl Step {
    #[inline]
    pub fn put(&self, member: [u8; 2], out: &mut [u8]) {
        if self.is_pair {
            out[self.at..self.at + 2].copy_from_slice(&member);
        } else {
            out[self.at] = member[0];
        }
    }
}

/// The classes of a pattern from right to left, neighbours of a kind as pairs.
pub fn steps(positions: &[Position]) -> Vec<Step> {
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
        // One character that is always the same is there already.
        if class.members.len() > 1 {
            steps.push(Step { at: end, class, is_pair });
        }
    }
    steps
}

impl Class {
    pub fn new(members: &[u8]) -> Self {
        Class::of(members.iter().map(|member| [*member, 0]).collect())
    }

    fn of(members: Arc<[[u8; 2]]>) -> Self {
        let size = members.len() as u64;
        let bits = size.is_power_of_two().then_some(size.trailing_zeros());
        Class { members, inverse: (u64::MAX / size).wrapping_add(1), bits }
    }

    /// All pairs of the members, the right one counting ones.
    fn pairs(&self) -> Self {
        let pair = |left: &[u8; 2]| self.members.iter().map(|right| [left[0], right[0]]).collect::<Vec<_>>();
        Class::of(self.members.iter().flat_map(pair).collect())
    }

    /// Divides by the number of members, more than one, and gives the one that stands for the remainder.
    #[inline]
    pub fn take_small(&self, place: &mut u64) -> [u8; 2] {
        let quotient = high(*place, self.inverse);
        let digit = *place - quotient * self.members.len() as u64;
        *place = quotient;
        self.members[digit as usize]
    }

    /// The same for numbers of any size.
    pub fn take(&self, place: &mut u128) -> [u8; 2] {
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

/// The higher half of a product.
#[inline]
fn high(one: u64, other: u64) -> u64 {
    ((u128::from(one) * u128::from(other)) >> 64) as u64
}

/// A number by which remainders are taken, without dividing.
#[derive(Debug, Clone, Copy)]
pub struct Modulus {
    by: u64,
    /// 2⁶⁴ − 1 by it, rounded down.
    inverse: u64,
    /// What is left of 2⁶⁴.
    unit: u64,
}

impl Modulus {
    /// Of a number from 1 to [`EXACT`].
    pub fn new(by: u64) -> Self {
        Modulus { by, inverse: u64::MAX / by, unit: (u64::MAX % by + 1) % by }
    }

    /// What is left of a number.
    #[inline]
    pub fn of(self, number: u128) -> u64 {
        let (above, below) = ((number >> 64) as u64, number as u64);
        if above == 0 {
            return self.small(below);
        }
        if self.by >> 32 != 0 {
            return (number % u128::from(self.by)) as u64;
        }
        // What is left of 2⁶⁴ stands for each unit of the higher half.
        self.small(self.small(above) * self.unit + self.small(below))
    }

    /// The quotient by the rounded inverse is exact or one too low.
    #[inline]
    fn small(self, number: u64) -> u64 {
        let rest = number - high(number, self.inverse) * self.by;
        if rest >= self.by { rest - self.by } else { rest }
    }
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

        #[test]
        fn remainders_are_what_division_leaves(number: u128, narrow in 0..128_u32, by in 1..=EXACT, small in 0..51_u32) {
            let (number, by) = (number >> narrow, (by >> small).max(1));
            let modulus = Modulus::new(by);
            for number in [number, number / u128::from(by) * u128::from(by), u128::MAX, u128::from(u64::MAX)] {
                prop_assert_eq!(u128::from(modulus.of(number)), number % u128::from(by));
                prop_assert_eq!(modulus.small(number as u64), number as u64 % by);
            }
        }
    }
}
