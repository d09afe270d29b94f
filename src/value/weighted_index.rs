//! Weighted choice with an alias table; also Zipf's law, because in any company few are busy and most are quiet.

use super::Key;

/// Draws ranks by weight. With [`new`](Self::new), rank `r` (from 0) is about `(r + 1)^-skew` as likely as rank 0.
///
/// Weights are integers computed once (with `libm`'s portable `pow`), so every machine draws the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WeightedIndex {
    cumulative: Vec<u64>,
    /// Alias table (Walker, Vose), one column per rank. A draw is one comparison without a branch, however many ranks
    /// there are.
    columns: Vec<Column>,
}

/// A column of the table: below a height it yields its own rank, above it another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Column {
    /// The height, times 2⁶⁴.
    below: u64,
    other: u32,
}

impl WeightedIndex {
    /// `count` ranks (at least one); `skew` 0 is uniform, 1 is Zipf's law.
    pub(crate) fn new(count: usize, skew: f64) -> Self {
        let mut total = 0_u64;
        let weight = |rank: usize| (libm::pow(rank as f64 + 1.0, -skew) * f64::from(1 << 20)) as u64;
        let cumulative = (0..count.max(1)).map(|rank| {
            total += weight(rank).max(1);
            total
        });
        WeightedIndex::from_cumulative(cumulative.collect())
    }

    /// From given weights; ranks of weight 0 are never drawn. `None` if all weights are 0.
    pub(crate) fn weighted(weights: &[u64]) -> Option<Self> {
        let mut total = 0_u64;
        let cumulative: Vec<u64> = weights
            .iter()
            .map(|weight| {
                total = total.saturating_add(*weight);
                total
            })
            .collect();
        (total > 0).then(|| WeightedIndex::from_cumulative(cumulative))
    }

    /// The rank that `key` draws.
    #[inline]
    pub(crate) fn draw(&self, key: Key) -> usize {
        let place = u128::from(key.draw()) * self.columns.len() as u128;
        let (index, height) = ((place >> 64) as usize, place as u64);
        let column = self.columns[index];
        std::hint::select_unpredictable(height < column.below, index, column.other as usize)
    }

    /// How many ranks there are.
    pub(crate) fn len(&self) -> usize {
        self.cumulative.len()
    }

    /// Whether a rank is ever drawn.
    pub(crate) fn draws(&self, rank: usize) -> bool {
        let before = rank.checked_sub(1).map_or(0, |before| self.cumulative.get(before).copied().unwrap_or(u64::MAX));
        self.cumulative.get(rank).is_some_and(|end| *end > before)
    }

    /// Probability of a rank.
    pub(crate) fn chance(&self, rank: usize) -> f64 {
        let before = rank.checked_sub(1).and_then(|before| self.cumulative.get(before)).copied().unwrap_or(0);
        let (Some(end), Some(total)) = (self.cumulative.get(rank), self.cumulative.last()) else { return 0.0 };
        (end - before) as f64 / *total as f64
    }

    /// The rank at a place of the cumulative distribution, scaled to 64 bits.
    pub(crate) fn at(&self, bits: u64) -> usize {
        let total = self.cumulative.last().copied().unwrap_or(1);
        let place = super::key::scale(bits, total);
        self.cumulative.partition_point(|end| *end <= place)
    }

    fn from_cumulative(cumulative: Vec<u64>) -> Self {
        let columns = columns(&cumulative);
        WeightedIndex { cumulative, columns }
    }
}

/// Builds the table: a rank whose probability does not fill its column shares it with a rank that has more than one
/// column.
fn columns(cumulative: &[u64]) -> Vec<Column> {
    let (count, total) = (cumulative.len() as u128, u128::from(cumulative.last().copied().unwrap_or(1)));
    let before = std::iter::once(0).chain(cumulative.iter().copied());
    // Scaled so that a column holds `total` and all columns together hold all ranks.
    let mut left: Vec<u128> =
        cumulative.iter().zip(before).map(|(end, begin)| u128::from(end - begin) * count).collect();
    let (mut few, mut many): (Vec<usize>, Vec<usize>) = (0..left.len()).partition(|rank| left[*rank] < total);
    let mut columns: Vec<Column> = (0..left.len()).map(|rank| Column { below: u64::MAX, other: rank as u32 }).collect();
    while let (Some(poor), Some(rich)) = (few.pop(), many.last().copied()) {
        columns[poor] = Column { below: ((left[poor] << 64) / total) as u64, other: rich as u32 };
        left[rich] -= total - left[poor];
        if left[rich] < total {
            few.extend(many.pop());
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_hold_what_ranks_weigh() {
        for skew in [
            WeightedIndex::new(1, 1.0),
            WeightedIndex::new(7, 0.0),
            WeightedIndex::new(600, 1.0),
            WeightedIndex::new(5_000, 3.0),
            WeightedIndex::weighted(&[0, 5, 0, 0, 1, 0]).expect("weights"),
            WeightedIndex::weighted(&[u64::MAX - 1, 1, 0]).expect("weights"),
        ] {
            let mut held = vec![0.0; skew.columns.len()];
            for (rank, column) in skew.columns.iter().enumerate() {
                let own = column.below as f64 / 2_f64.powi(64);
                held[rank] += own;
                held[column.other as usize] += 1.0 - own;
            }
            for (rank, held) in held.into_iter().enumerate() {
                let held = held / skew.columns.len() as f64;
                assert!((held - skew.chance(rank)).abs() < 1e-12, "{rank}: {held} of {}", skew.chance(rank));
                assert!(skew.draws(rank) || held == 0.0, "{rank}");
            }
        }
    }

    #[test]
    fn ranks_lie_one_behind_another() {
        let skew = WeightedIndex::weighted(&[0, 5, 0, 0, 1, 0]).expect("weights");
        let at = |share: f64| skew.at((share * 2_f64.powi(64)) as u64);
        assert_eq!([0.0, 0.83, 0.84, 1.0].map(at), [1, 1, 4, 4]);
    }

    #[test]
    fn ranks_follow_their_weights() {
        let skew = WeightedIndex::weighted(&[3, 0, 1]).expect("weights");
        let mut counts = [0_u32; 3];
        for number in 0..4000 {
            counts[skew.draw(Key::root(1).number(number))] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((2850..3150).contains(&counts[0]), "{counts:?}");
        assert!(WeightedIndex::weighted(&[0]).is_none());
        assert_eq!(WeightedIndex::new(5, 0.0).at(u64::MAX), 4);
    }
}
