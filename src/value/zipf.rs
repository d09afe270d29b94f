//! Uneven choice: a few are busy, most are quiet, as in any company.

use super::Key;

/// Draws ranks so that rank `r` (from 0) is about `(r + 1)^-skew` as likely as rank 0.
///
/// Weights are integers made once (through `libm`'s portable `pow`), so every machine draws the same.
#[derive(Debug, Clone)]
pub struct Skew {
    cumulative: Vec<u64>,
}

impl Skew {
    /// For `count` ranks (at least one); `skew` 0 is even, 1 is Zipf's law.
    pub fn new(count: usize, skew: f64) -> Self {
        let mut total = 0_u64;
        let weight = |rank: usize| (libm::pow(rank as f64 + 1.0, -skew) * f64::from(1 << 20)) as u64;
        let cumulative = (0..count.max(1)).map(|rank| {
            total += weight(rank).max(1);
            total
        });
        Skew { cumulative: cumulative.collect() }
    }

    /// From weights as written; ranks of weight 0 are never drawn. Returns `None` if all are 0.
    pub fn weighted(weights: &[u64]) -> Option<Self> {
        let mut total = 0_u64;
        let cumulative: Vec<u64> = weights
            .iter()
            .map(|weight| {
                total = total.saturating_add(*weight);
                total
            })
            .collect();
        (total > 0).then_some(Skew { cumulative })
    }

    /// The rank that `key` draws.
    pub fn draw(&self, key: Key) -> usize {
        self.at(key.draw())
    }

    /// Whether a rank is ever drawn.
    pub fn draws(&self, rank: usize) -> bool {
        let before = rank.checked_sub(1).map_or(0, |before| self.cumulative.get(before).copied().unwrap_or(u64::MAX));
        self.cumulative.get(rank).is_some_and(|end| *end > before)
    }

    /// How likely a rank is drawn.
    pub fn chance(&self, rank: usize) -> f64 {
        let before = rank.checked_sub(1).and_then(|before| self.cumulative.get(before)).copied().unwrap_or(0);
        let (Some(end), Some(total)) = (self.cumulative.get(rank), self.cumulative.last()) else { return 0.0 };
        (end - before) as f64 / *total as f64
    }

    /// The rank at a place of the whole range of 64 bits.
    pub fn at(&self, bits: u64) -> usize {
        let total = self.cumulative.last().copied().unwrap_or(1);
        let place = super::key::scale(bits, total);
        self.cumulative.partition_point(|end| *end <= place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_follow_their_weights() {
        let skew = Skew::weighted(&[3, 0, 1]).expect("weights");
        let mut counts = [0_u32; 3];
        for number in 0..4000 {
            counts[skew.draw(Key::root(1).number(number))] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((2850..3150).contains(&counts[0]), "{counts:?}");
        assert!(Skew::weighted(&[0]).is_none());
        assert_eq!(Skew::new(5, 0.0).at(u64::MAX), 4);
    }
}
