//! Keyed permutations: numbers in, numbers out, looking random, never twice the same.

use super::key::{Key, mix};

/// A bijection of the numbers below a bound, chosen by a key.
///
/// A Feistel network over the smallest even number of bits that holds the bound; a result beyond the bound is sent
/// through again until it falls below (at most four times on average), which keeps the whole a bijection.
#[derive(Debug, Clone)]
pub struct Permutation {
    bound: u128,
    half: u32,
    rounds: [u64; ROUNDS],
}

/// Four rounds with a good round function make a permutation that nobody tells from a random one by looking; a
/// fifth is cheap and covers the small domains, where halves are a few bits wide.
const ROUNDS: usize = 5;

impl Permutation {
    /// The permutation of `0..bound` that belongs to `key`. `bound` is at least 1 and at most 2¹²⁸ − 1.
    pub fn new(key: Key, bound: u128) -> Self {
        let bits = (u128::BITS - bound.saturating_sub(1).leading_zeros()).max(2);
        Permutation { bound, half: bits.div_ceil(2), rounds: rounds(key) }
    }

    /// How many numbers are permuted.
    pub fn bound(&self) -> u128 {
        self.bound
    }

    /// Where `number` goes; `number` is below the bound.
    #[inline]
    pub fn apply(&self, number: u128) -> u128 {
        if self.half <= 32 { self.apply_narrow(number as u64).into() } else { self.apply_any(number) }
    }

    /// The same where a number has 64 bits.
    fn apply_narrow(&self, number: u64) -> u64 {
        let (half, mask, bound) = (self.half, self.mask(), self.bound as u64);
        let mut result = number;
        loop {
            let (mut left, mut right) = (result >> half, result & mask);
            for round in self.rounds {
                (left, right) = (right, left ^ feed(round, right, mask));
            }
            result = (left << half) | right;
            if result < bound {
                return result;
            }
        }
    }

    fn apply_any(&self, number: u128) -> u128 {
        let mut result = self.shuffle(number);
        while result >= self.bound {
            result = self.shuffle(result);
        }
        result
    }

    /// Where `number` came from.
    pub fn invert(&self, number: u128) -> u128 {
        let mut result = self.unshuffle(number);
        while result >= self.bound {
            result = self.unshuffle(result);
        }
        result
    }

    fn shuffle(&self, number: u128) -> u128 {
        let (mut left, mut right) = self.split(number);
        let mask = self.mask();
        for round in self.rounds {
            (left, right) = (right, left ^ feed(round, right, mask));
        }
        self.join(left, right)
    }

    fn unshuffle(&self, number: u128) -> u128 {
        let (mut left, mut right) = self.split(number);
        for round in self.rounds.iter().rev() {
            (left, right) = (right ^ feed(*round, left, self.mask()), left);
        }
        self.join(left, right)
    }

    fn mask(&self) -> u64 {
        u64::MAX >> (64 - self.half)
    }

    fn split(&self, number: u128) -> (u64, u64) {
        ((number >> self.half) as u64, number as u64 & self.mask())
    }

    fn join(&self, left: u64, right: u64) -> u128 {
        (u128::from(left) << self.half) | u128::from(right)
    }
}

/// A [`Permutation`] of all numbers of two halves of so many bits, in which no result is beyond the bound.
#[derive(Debug, Clone)]
pub struct Wide<const HALF: u32> {
    rounds: [u64; ROUNDS],
}

impl<const HALF: u32> Wide<HALF> {
    const MASK: u64 = u64::MAX >> (64 - HALF);

    /// The permutation that belongs to `key`.
    pub fn new(key: Key) -> Self {
        Wide { rounds: rounds(key) }
    }

    /// Where `number` goes, and where `second` does under another permutation. Their rounds take turns, because each
    /// round waits for the one before it.
    #[inline]
    pub fn apply_both<const OTHER: u32>(&self, number: u128, other: &Wide<OTHER>, second: u128) -> (u128, u128) {
        let ((mut a, mut b), (mut c, mut d)) = (Self::split(number), Wide::<OTHER>::split(second));
        for (one, two) in self.rounds.iter().zip(&other.rounds) {
            (a, b) = (b, a ^ feed(*one, b, Self::MASK));
            (c, d) = (d, c ^ feed(*two, d, Wide::<OTHER>::MASK));
        }
        (Self::join(a, b), Wide::<OTHER>::join(c, d))
    }

    /// Where `number` came from.
    pub fn invert(&self, number: u128) -> u128 {
        let (mut left, mut right) = Self::split(number);
        for round in self.rounds.iter().rev() {
            (left, right) = (right ^ feed(*round, left, Self::MASK), left);
        }
        Self::join(left, right)
    }

    fn split(number: u128) -> (u64, u64) {
        ((number >> HALF) as u64, number as u64 & Self::MASK)
    }

    fn join(left: u64, right: u64) -> u128 {
        (u128::from(left) << HALF) | u128::from(right)
    }
}

fn rounds(key: Key) -> [u64; ROUNDS] {
    std::array::from_fn(|number| key.number(number as u64).bits())
}

#[inline]
fn feed(round: u64, half: u64, mask: u64) -> u64 {
    mix(half.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ round) & mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn small_domains_are_permuted_whole() {
        for bound in [1_u128, 2, 3, 10, 36, 1000, 4097] {
            let permutation = Permutation::new(Key::root(1).name("x"), bound);
            let images: HashSet<u128> = (0..bound).map(|n| permutation.apply(n)).collect();
            assert_eq!(images.len() as u128, bound);
            assert!(images.iter().all(|n| *n < bound));
        }
    }

    proptest! {
        #[test]
        fn what_is_applied_can_be_inverted(seed: u64, bound in 1..u128::MAX, narrow in 0..128_u32, number: u128) {
            let bound = (bound >> narrow).max(1);
            let permutation = Permutation::new(Key::root(seed), bound);
            let number = number % bound;
            prop_assert_eq!(permutation.invert(permutation.apply(number)), number);
            prop_assert_eq!(permutation.apply_any(number), permutation.apply(number));
        }

        #[test]
        fn wide_ones_are_the_same_permutations(seed: u64, number: u128, second: u128) {
            let (key, other, number) = (Key::root(seed), Key::root(!seed), number >> 6);
            let (one, two) = (Wide::<61>::new(key), Wide::<64>::new(other));
            let expected = (Permutation::new(key, 1 << 122).apply(number), Permutation::new(other, u128::MAX).apply(second));
            prop_assert_eq!(one.apply_both(number, &two, second), expected);
            prop_assert_eq!(one.invert(expected.0), number);
        }
    }
}
