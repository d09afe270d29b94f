//! Keys: splittable, counter-based randomness.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A node in the tree of identities: run, scenario, instance, step, field.
///
/// Children are derived by name or number. Keys of different paths are independent, and a key does not depend on the
/// number of its siblings: that is why an inserted step changes no other step's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(u64);

impl Key {
    /// The root key of a seed.
    pub(crate) fn root(seed: u64) -> Self {
        Key(xxh3_64_with_seed(b"falsetrail", seed))
    }

    /// The child with this name.
    #[must_use]
    pub(crate) fn name(self, name: &str) -> Self {
        Key(xxh3_64_with_seed(name.as_bytes(), self.0))
    }

    /// The child with this number; cheap enough to be derived for every event.
    #[must_use]
    pub(crate) fn number(self, number: u64) -> Self {
        self.salted(Salt::new(number))
    }

    /// The child whose number was hashed in advance.
    #[must_use]
    #[inline]
    pub(crate) fn salted(self, salt: Salt) -> Self {
        Key(fold(self.0 ^ salt.0))
    }

    /// The key's bits, for permutations and tags.
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    /// A uniformly distributed number below `bound` (which is not 0), with a bias of at most `bound`·2⁻⁶⁴.
    pub(crate) fn below(self, bound: u64) -> u64 {
        scale(self.draw(), bound)
    }

    /// A uniformly distributed number from `low` to `high`, both included.
    pub(crate) fn between(self, low: u64, high: u64) -> u64 {
        match (high - low).checked_add(1) {
            Some(width) => low + self.below(width),
            None => self.draw(),
        }
    }

    /// The `number`th of a sequence of random numbers below `bound`, without deriving a key for each.
    pub(crate) fn scattered(self, number: u64, bound: u64) -> u64 {
        scale(self.nth(number), bound)
    }

    /// Two numbers of the kind that [`scattered`](Self::scattered) returns, for the cost of one.
    pub(crate) fn two_scattered(self, number: u64, bound: u64) -> [u64; 2] {
        let bits = self.nth(number);
        // Scaling uses mostly the high bits, so swapping the halves is as good as another draw.
        [bits, bits.rotate_left(32)].map(|bits| scale(bits, bound))
    }

    /// 64 random bits.
    #[inline]
    pub(crate) fn draw(self) -> u64 {
        self.nth(1)
    }

    /// The `number`th output of the generator `SplitMix64` seeded with the key.
    #[inline]
    fn nth(self, number: u64) -> u64 {
        mix(self.0.wrapping_add(number.wrapping_mul(GOLDEN)))
    }
}

/// 2⁶⁴ divided by the golden ratio, made odd. As parts of 2⁶⁴, its multiples fill the unit interval evenly (a
/// low-discrepancy sequence).
pub(crate) const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A child's number, hashed in advance for use with many keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Salt(u64);

impl Salt {
    /// For a step that draws nothing.
    pub(crate) const NONE: Salt = Salt(0);

    /// The salt of a number.
    pub(crate) const fn new(number: u64) -> Self {
        Salt(mix(number.wrapping_add(GOLDEN)))
    }
}

/// Maps 64 random bits to a number below `bound` by multiplication (Lemire). Not taken from a library, because sampling
/// algorithms change between releases.
pub(crate) fn scale(bits: u64, bound: u64) -> u64 {
    ((u128::from(bits) * u128::from(bound)) >> 64) as u64
}

/// Multiplies by an odd constant and combines both halves of the product with exclusive or: mixes well in few
/// instructions, but is not a bijection.
#[inline]
pub(super) fn fold(bits: u64) -> u64 {
    let product = u128::from(bits) * u128::from(GOLDEN);
    product as u64 ^ (product >> 64) as u64
}

/// A bijection of 64 bits in which every input bit affects every output bit (the finalizer of splitmix64).
pub(super) const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn keys_are_pinned_so_that_no_release_changes_bytes_unnoticed() {
        let key = Key::root(7).name("pool-lifecycle").number(3).name("region");
        assert_eq!(key.draw(), Key::root(7).name("pool-lifecycle").number(3).name("region").draw());
        assert_ne!(key.draw(), Key::root(8).name("pool-lifecycle").number(3).name("region").draw());
        assert!((0..10_000).map(|n| key.number(n).between(3, 8)).all(|n| (3..=8).contains(&n)));
        assert_eq!(key.between(5, 5), 5);
        let mut thirds = [0; 3];
        (0..30_000).for_each(|n| thirds[key.scattered(n, 3) as usize] += 1);
        assert!(thirds.iter().all(|count| (9_700..10_300).contains(count)), "{thirds:?}");
        assert!((0..10_000).all(|n| key.two_scattered(n, 7)[0] == key.scattered(n, 7)));
        let mut ninths = [0; 9];
        (0..90_000).map(|n| key.two_scattered(n, 3)).for_each(|[one, other]| ninths[(one * 3 + other) as usize] += 1);
        assert!(ninths.iter().all(|count| (9_600..10_400).contains(count)), "{ninths:?}");
    }

    #[test]
    fn draws_are_those_of_the_generator() {
        // Output of other implementations for this seed.
        let numbers = [6_457_827_717_110_365_317_u64, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        for (nth, number) in (1..).zip(numbers) {
            assert_eq!(Key(1_234_567).nth(nth), number);
        }
        assert_eq!(Key(1_234_567).draw(), numbers[0]);
    }

    #[test]
    fn neighbours_have_nothing_to_do_with_each_other() {
        // Each bit of a key's parent or number flips half of the output bits on average.
        let turned = |one: Key, other: Key| f64::from((one.draw() ^ other.draw()).count_ones());
        let bits = || (0..64).map(|bit| 1_u64 << bit);
        let mean = |turned: Vec<f64>| turned.iter().sum::<f64>() / turned.len() as f64;
        for number in 0..100 {
            let key = Key::root(number);
            let by_number = bits().map(|bit| turned(key.number(number), key.number(number ^ bit))).collect();
            let by_parent = bits().map(|bit| turned(Key(key.0 ^ bit).number(number), key.number(number))).collect();
            assert!((30.0..34.0).contains(&mean(by_number)) && (30.0..34.0).contains(&mean(by_parent)), "{number}");
        }
    }
}
