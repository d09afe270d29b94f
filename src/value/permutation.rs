//! Keyed permutations (Feistel networks): map numbers to random-looking numbers, without collisions.

use super::key::{Key, fold, scale};

/// A pseudorandom permutation of the numbers below a bound, chosen by a key: format-preserving, hence unique by
/// construction.
///
/// An unbalanced Feistel network over a lower half of some bits and an upper half below a bound, which together hold
/// little more than the permutation's bound. A round function of the upper half is combined with the lower half by
/// exclusive or, and one of the lower half is added to the upper half modulo its bound. Results beyond the bound are
/// permuted again until they are below it (cycle walking), which keeps the whole a bijection.
#[derive(Debug, Clone)]
pub(crate) struct Permutation {
    bound: u128,
    /// Bits of the lower half.
    bits: u32,
    /// Bound of the upper half; at most 2⁶⁴.
    above: u128,
    rounds: [u64; ROUNDS],
}

/// Four rounds with a good round function are statistically indistinguishable from a random permutation; the fifth is
/// cheap and improves small domains, whose halves have few bits.
const ROUNDS: usize = 5;

impl Permutation {
    /// The permutation of `0..bound` for `key`. `bound` is at least 1 and at most 2¹²⁸ − 1.
    pub(crate) fn new(key: Key, bound: u128) -> Self {
        let bits = (u128::BITS - bound.saturating_sub(1).leading_zeros()).max(2) / 2;
        Permutation { bound, bits, above: bound.saturating_sub(1) / (1 << bits) + 1, rounds: rounds(key) }
    }

    /// The number of permuted numbers.
    pub(crate) fn bound(&self) -> u128 {
        self.bound
    }

    /// The image of `number`, which must be below the bound.
    pub(crate) fn apply(&self, number: u128) -> u128 {
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

    /// Permutes the halves of a number, if the upper half has at most 63 bits.
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

    /// The sum of two upper halves, modulo the upper bound, from their plain sum.
    fn below(&self, sum: u128) -> u128 {
        if sum >= self.above { sum - self.above } else { sum }
    }

    /// The round's addend for the upper half.
    fn more(&self, round: u64, lower: u64) -> u128 {
        // Each factor is at most 2⁶⁴, and not both are that large.
        (u128::from(feed(round, lower)) * self.above) >> 64
    }

    fn split(&self, number: u128) -> (u128, u64) {
        (number >> self.bits, number as u64 & mask(self.bits))
    }
}

/// A balanced Feistel network: a permutation of all numbers with twice `HALF` bits, chosen by a key.
#[derive(Debug, Clone)]
pub(crate) struct Wide<const HALF: u32> {
    rounds: [u64; ROUNDS],
}

impl<const HALF: u32> Wide<HALF> {
    /// The permutation for `key`.
    pub(crate) fn new(key: Key) -> Self {
        Wide { rounds: rounds(key) }
    }

    /// The image of `number`.
    #[inline]
    pub(crate) fn apply(&self, number: u128) -> u128 {
        let (mut left, mut right) = Self::split(number);
        for round in &self.rounds {
            (left, right) = (right, left ^ (feed(*round, right) & mask(HALF)));
        }
        Self::join(left, right)
    }

    /// The preimage of `number`.
    pub(crate) fn invert(&self, number: u128) -> u128 {
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

/// The round function.
#[inline]
fn feed(round: u64, half: u64) -> u64 {
    fold(half ^ round)
}

/// The lowest `bits` bits set; `bits` is 1 to 64.
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

    /// Number of standard deviations between the chi-square statistic of counts and its expectation.
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
            // By the first digits, the last ones, those of differences, and the bits that change from one to the next.
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

    impl Permutation {
        /// The preimage of `number`.
        fn invert(&self, number: u128) -> u128 {
            let mut result = self.unshuffle(number);
            while result >= self.bound {
                result = self.unshuffle(result);
            }
            result
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
    }

    proptest! {
        #[test]
        fn what_is_applied_can_be_inverted(seed: u64, bound in 1..u128::MAX, narrow in 0..128_u32, number: u128) {
            let bound = (bound >> narrow).max(1);
            let permutation = Permutation::new(Key::root(seed), bound);
            let number = number % bound;
            prop_assert_eq!(permutation.invert(permutation.apply(number)), number);
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
            let (first, last) = (one.apply(number), two.apply(second));
            prop_assert_eq!((one.invert(first), two.invert(last)), (number, second));
            prop_assert!(first < 1 << 122);
        }
    }
}
