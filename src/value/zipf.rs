//! Uneven choice: a few are busy, most are quiet, as in any company.

use super::Key;

/// Draws ranks so that rank `r` (from 0) is about `(r + 1)^-skew` as likely as rank 0.
///
/// Weights are integers made once (through `libm`'s portable `pow`), so every machine draws the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skew {
    cumulative: Vec<u64>,
    /// For each of some equal parts of the range of 64 bits the first rank that is drawn in it, and at the end the last
    /// of all: between two of them is where to look.
    guide: Vec<u32>,
}

/// Parts of the guide for each rank; more would make it larger, fewer the search in a part longer.
const PARTS: usize = 2;

impl Skew {
    /// For `count` ranks (at least one); `skew` 0 is even, 1 is Zipf's law.
    pub fn new(count: usize, skew: f64) -> Self {
        let mut total = 0_u64;
        let weight = |rank: usize| (libm::pow(rank as f64 + 1.0, -skew) * f64::from(1 << 20)) as u64;
        let cumulative = (0..count.max(1)).map(|rank| {
            total += weight(rank).max(1);
            total
        });
        Skew::of(cumulative.collect())
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
        (total > 0).then(|| Skew::of(cumulative))
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
        let part = super::key::scale(bits, self.guide.len() as u64 - 1) as usize;
        let (from, to) = (self.guide[part] as usize, self.guide[part + 1] as usize);
        let near = &self.cumulative[from..to];
        // Mostly there is nothing to look through, or one or two.
        let passed = if near.len() < 8 {
            near.iter().take_while(|end| **end <= place).count()
        } else {
            near.partition_point(|end| *end <= place)
        };
        from + passed
    }

    fn of(cumulative: Vec<u64>) -> Self {
        let total = cumulative.last().copied().unwrap_or(1);
        let parts = (PARTS * cumulative.len()).next_power_of_two();
        let mut rank = 0;
        let guide = (0..parts).map(|part| {
            // The smallest place that a number of this part stands for.
            let place = super::key::scale((part as u64) * (u64::MAX / parts as u64 + 1), total);
            while rank + 1 < cumulative.len() && cumulative[rank] <= place {
                rank += 1;
            }
            rank as u32
        });
        let mut guide: Vec<u32> = guide.collect();
        guide.push(cumulative.len().saturating_sub(1) as u32);
        Skew { cumulative, guide }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_where_their_weights_end() {
        for skew in [
            Skew::new(1, 1.0),
            Skew::new(7, 0.0),
            Skew::new(600, 1.0),
            Skew::weighted(&[0, 5, 0, 0, 1, 0]).expect("weights"),
        ] {
            let total = skew.cumulative[skew.cumulative.len() - 1];
            let edges = skew.cumulative.iter().map(|end| ((u128::from(*end) << 64) / u128::from(total)) as u64);
            let near = edges.flat_map(|edge| [edge.wrapping_sub(1), edge, edge.wrapping_add(1)]);
            for bits in near.chain((0..10_000).map(|number| Key::root(2).number(number).draw())).chain([0, u64::MAX]) {
                let place = super::super::key::scale(bits, total);
                assert_eq!(skew.at(bits), skew.cumulative.partition_point(|end| *end <= place), "{bits}");
            }
        }
    }

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
