//! Keyed permutations: numbers in, numbers out, looking random, never twice the same.

use super::key::{Key, fold, scale};

/// A bijection of the numbers below a bound, chosen by a key.
///
/// A Feistel network. A number's lower half is some bits, its upper half a number below whatever makes both together
/// hold the bound with next to nothing to spare: the lower half takes in what a round makes of the upper by exclusive or,
/// the upper what one makes of the lower by adding, modulo its bound. The few results that are not below the bound are
/// sent through again until they are, which keeps the whole a bijection.
#[derive(Debug, Clone)]
pub struct Permutation {
    bound: u128,
    /// Bits of the lower half.
    bits: u32,
    /// What the upper half is below; at most 2⁶⁴.
    above: u128,
    rounds: [u64; ROUNDS],
}

/// Four rounds with a good round function make a permutation that nobody tells from a random one by looking; a
/// fifth is cheap and covers the small domains, where halves are a few bits wide.
const ROUNDS: usize = 5;

impl Permutation {
    /// The permutation of `0..bound` that belongs to `key`. `bound` is at least 1 and at most 2¹²⁸ − 1.
    pub fn new(key: Key, bound: u128) -> Self {
        let bits = (u128::BITS - bound.saturating_sub(1).leading_zeros()).max(2) / 2;
        Permutation { bound, bits, above: bound.saturating_sub(1) / (1 << bits) + 1, rounds: rounds(key) }
    }

    /// How many numbers are permuted.
    pub fn bound(&self) -> u128 {
        self.bound
    }

    /// The same, if a number and both of its halves, with room for a sum, are 64 bits.
    #[inline]
    pub fn narrow_bound(&self) -> Option<u64> {
        (self.bound <= 1 << 63).then_some(self.bound as u64)
    }

    /// Where `number` goes; `number` is below the bound.
    #[inline]
    pub fn apply(&self, number: u128) -> u128 {
        if let Some(bound) = self.narrow_bound() {
            let mut result = number as u64;
            loop {
                let (upper, lower) = self.shuffle_halves(result >> self.bits, result & mask(self.bits));
                result = (upper << self.bits) | lower;
                if result < bound {
                    return result.into();
                }
            }
        }
        self.apply_wide(number)
    }

    fn apply_wide(&self, number: u128) -> u128 {
        let mut result = number;
        loop {
            result = if self.above <= 1 << 63 {
                let (upper, lower) = self.split(result);
                let (upper, lower) = self.shuffle_halves(upper as u64, lower);
                (u128::from(upper) << self.bits) | u128::from(lower)
            } else {
                self.shuffle(result)
            };
            if result < self.bound {
                return result;
            }
        }
    }

    /// What becomes of a number's halves, if the upper one has 63 bits at most.
    #[inline]
    fn shuffle_halves(&self, mut upper: u64, mut lower: u64) -> (u64, u64) {
        let (mask, above) = (mask(self.bits), self.above as u64);
        let [first, second, third, fourth, fifth] = self.rounds;
        let add = |upper: u64, more: u64| {
            let sum = upper + scale(more, above);
            if sum >= above { sum - above } else { sum }
        };
        lower ^= feed(first, upper) & mask;
        upper = add(upper, feed(second, lower));
        lower ^= feed(third, upper) & mask;
        upper = add(upper, feed(fourth, lower));
        lower ^= feed(fifth, upper) & mask;
        (upper, lower)
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
        let (mut upper, mut lower) = self.split(number);
        for (index, round) in self.rounds.into_iter().enumerate() {
            if index % 2 == 0 {
                lower ^= feed(round, upper as u64) & mask(self.bits);
            } else {
                upper = self.below(upper + self.more(round, lower));
            }
        }
        (upper << self.bits) | u128::from(lower)
    }

    fn unshuffle(&self, number: u128) -> u128 {
        let (mut upper, mut lower) = self.split(number);
        for (index, round) in self.rounds.into_iter().enumerate().rev() {
            if index % 2 == 0 {
                lower ^= feed(round, upper as u64) & mask(self.bits);
            } else {
                upper = self.below(upper + self.above - self.more(round, lower));
            }
        }
        (upper << self.bits) | u128::from(lower)
    }

    /// A sum of two numbers below the upper half's bound, modulo that.
    fn below(&self, sum: u128) -> u128 {
        if sum >= self.above { sum - self.above } else { sum }
    }

    /// What is added to the upper half: below its bound.
    fn more(&self, round: u64, lower: u64) -> u128 {
        // Both are at most 2⁶⁴, and not both of them.
        (u128::from(feed(round, lower)) * self.above) >> 64
    }

    fn split(&self, number: u128) -> (u128, u64) {
        (number >> self.bits, number as u64 & mask(self.bits))
    }
}

/// A permutation of all numbers of two halves of so many bits, chosen by a key: no result is beyond a bound.
#[derive(Debug, Clone)]
pub struct Wide<const HALF: u32> {
    rounds: [u64; ROUNDS],
}

impl<const HALF: u32> Wide<HALF> {
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
            (a, b) = (b, a ^ (feed(*one, b) & mask(HALF)));
            (c, d) = (d, c ^ (feed(*two, d) & mask(OTHER)));
        }
        (Self::join(a, b), Wide::<OTHER>::join(c, d))
    }

    /// Where `number` came from.
    pub fn invert(&self, number: u128) -> u128 {
        let (mut left, mut right) = Self::split(number);
        for round in self.rounds.iter().rev() {
            (left, right) = (right ^ (feed(*round, left) & mask(HALF)), left);
        }
        Self::join(left, right)
    }

    fn split(number: u128) -> (u64, u64) {
        ((number >> HALF) as u64, number as u64 & mask(HALF))
    }

    fn join(left: u64, right: u64) -> u128 {
        (u128::from(left) << HALF) | u128::from(right)
    }
}

fn rounds(key: Key) -> [u64; ROUNDS] {
    std::array::from_fn(|number| key.number(number as u64).bits())
}

/// What a round makes of a half.
#[inline]
fn feed(round: u64, half: u64) -> u64 {
    fold(half ^ round)
}

/// So many ones, 1 to 64.
#[inline]
fn mask(bits: u32) -> u64 {
    u64::MAX >> (64 - bits)
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

    /// How many standard deviations the chi-square of counts is from what chance gives.
    fn deviations(counts: &[u32]) -> f64 {
        let (cells, all) = (counts.len() as f64, f64::from(counts.iter().sum::<u32>()));
        let square = counts.iter().map(|count| (f64::from(*count) - all / cells).powi(2)).sum::<f64>() * cells / all;
        (square - (cells - 1.0)) / (2.0 * (cells - 1.0)).sqrt()
    }

    #[test]
    fn numbers_in_a_row_look_as_if_they_were_drawn() {
        for (seed, bound) in (0..).zip([36_u128.pow(6), 1 << 32, 1 << 122, 5_000_000, 10_u128.pow(20)]) {
            let permutation = Permutation::new(Key::root(seed), bound);
            let first = bound / 3;
            let images: Vec<u128> = (0..20_000).map(|number| permutation.apply(first + number)).collect();
            let steps = images.windows(2).map(|pair| (pair[1] + bound - pair[0]) % bound);
            let turns = images.windows(2).map(|pair| pair[0] ^ pair[1]);
            // By the first digits, the last ones, those of differences, and the bits that turn from one to the next.
            let by = |cells: Vec<usize>| {
                let mut counts = vec![0; 36];
                for cell in cells {
                    counts[cell] += 1;
                }
                deviations(&counts)
            };
            let high = |number: u128| ((number >> 7) * 36 / ((bound >> 7) + 1)) as usize;
            let found = [
                by(images.iter().map(|image| high(*image)).collect()),
                by(images.iter().map(|image| (image % 36) as usize).collect()),
                by(steps.clone().map(high).collect()),
                by(steps.map(|step| (step % 36) as usize).collect()),
            ];
            let mut bits = vec![0; 16];
            for turned in turns {
                bits.iter_mut().enumerate().for_each(|(bit, count)| *count += (turned >> bit & 1) as u32);
            }
            assert!(found.iter().all(|deviations| deviations.abs() < 5.0), "{bound}: {found:?}");
            assert!(bits.iter().all(|turned| (9_700..10_300).contains(turned)), "{bound}: {bits:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_applied_can_be_inverted(seed: u64, bound in 1..u128::MAX, narrow in 0..128_u32, number: u128) {
            let bound = (bound >> narrow).max(1);
            let permutation = Permutation::new(Key::root(seed), bound);
            let number = number % bound;
            prop_assert_eq!(permutation.invert(permutation.apply(number)), number);
            prop_assert_eq!(permutation.apply_wide(number), permutation.apply(number));
            let (shuffled, mut expected) = (permutation.apply(number), permutation.shuffle(number));
            while expected >= bound {
                expected = permutation.shuffle(expected);
            }
            prop_assert_eq!(shuffled, expected);
        }

        #[test]
        fn wide_ones_can_be_inverted(seed: u64, number: u128, second: u128) {
            let number = number >> 6;
            let (one, two) = (Wide::<61>::new(Key::root(seed)), Wide::<64>::new(Key::root(!seed)));
            let (first, last) = one.apply_both(number, &two, second);
            prop_assert_eq!(two.apply_both(second, &one, number), (last, first));
            prop_assert_eq!((one.invert(first), two.invert(last)), (number, second));
            prop_assert!(first < 1 << 122);
        }
    }
}
