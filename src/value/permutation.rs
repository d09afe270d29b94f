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
        let mut rounds = [0; ROUNDS];
        for (number, round) in rounds.iter_mut().enumerate() {
            *round = key.number(number as u64).bits();
        }
        Permutation { bound, half: bits.div_ceil(2), rounds }
    }

    /// How many numbers are permuted.
    pub fn bound(&self) -> u128 {
        self.bound
    }

    /// Where `number` goes; `number` is below the bound.
    pub fn apply(&self, number: u128) -> u128 {
        let mut result = self.shuffle(number);
        while result >= self.bound {
            result = self.shuffle(result);
        }
        result
    }

    /// Where each of two numbers goes under its own permutation. Their rounds take turns, because each round waits for
    /// the one before it.
    pub fn apply_both([first, second]: [&Permutation; 2], numbers: [u128; 2]) -> [u128; 2] {
        let ((mut a, mut b), (mut c, mut d)) = (first.split(numbers[0]), second.split(numbers[1]));
        let masks = [first.mask(), second.mask()];
        for (one, other) in first.rounds.iter().zip(&second.rounds) {
            (a, b) = (b, a ^ feed(*one, b, masks[0]));
            (c, d) = (d, c ^ feed(*other, d, masks[1]));
        }
        let walk = |of: &Permutation, result| if result < of.bound { result } else { of.apply(result) };
        [walk(first, first.join(a, b)), walk(second, second.join(c, d))]
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
        fn what_is_applied_can_be_inverted(seed: u64, bound in 1..u128::MAX, number: u128) {
            let permutation = Permutation::new(Key::root(seed), bound);
            let number = number % bound;
            prop_assert_eq!(permutation.invert(permutation.apply(number)), number);
            let other = Permutation::new(Key::root(!seed), 1 << 122);
            let both = Permutation::apply_both([&permutation, &other], [number, number >> 6]);
            prop_assert_eq!(both, [permutation.apply(number), other.apply(number >> 6)]);
        }
    }
}
