//! Index of members by parent and row, for lists.

/// The members of a kind, sorted by parent, then by row, then by number.
#[derive(Debug, Default)]
pub(super) struct Places {
    members: Vec<u32>,
    /// Start of each parent's members, and the end of the last.
    from: Vec<u32>,
}

impl Places {
    /// Indexes members with these rows, which are assigned to parents round robin.
    pub(super) fn new(rows: &[Option<u32>], parents: usize) -> Self {
        let mut places = Places { members: Vec::with_capacity(rows.len()), from: vec![0] };
        for parent in 0..parents {
            let first = places.members.len();
            places.members.extend((parent..rows.len()).step_by(parents).map(|index| index as u32));
            places.members[first..].sort_by_key(|index| row_of(rows, *index));
            places.from.push(places.members.len() as u32);
        }
        places
    }

    /// The members in a row of a parent.
    pub(super) fn within(&self, parent: u32, row: u32, rows: &[Option<u32>]) -> Within<'_> {
        let of_parent = match self.from.get(parent as usize..parent as usize + 2) {
            Some(bounds) => &self.members[bounds[0] as usize..bounds[1] as usize],
            None => &[],
        };
        let first = of_parent.partition_point(|index| row_of(rows, *index) < row);
        let count = of_parent[first..].partition_point(|index| row_of(rows, *index) == row);
        Within { placed: &of_parent[first..first + count], ..Within::multiples(0, 1, 0) }
    }
}

/// Members without a row come last.
fn row_of(rows: &[Option<u32>], index: u32) -> u32 {
    rows[index as usize].unwrap_or(u32::MAX)
}

/// Iterator over the members in one place, in the order in which lists show them.
#[derive(Debug, Clone)]
pub(crate) struct Within<'a> {
    placed: &'a [u32],
    /// Alternatively, members at a fixed distance.
    next: usize,
    step: usize,
    end: usize,
}

impl Within<'_> {
    /// The members of a parent, given the number of parents and of members.
    pub(super) fn multiples(parent: u32, parents: usize, members: usize) -> Self {
        Within { placed: &[], next: parent as usize, step: parents.max(1), end: members }
    }
}

impl Iterator for Within<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        if let Some((first, rest)) = self.placed.split_first() {
            self.placed = rest;
            return Some(*first);
        }
        let next = self.next;
        self.next += self.step;
        (next < self.end).then_some(next as u32)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.placed.len() + self.end.saturating_sub(self.next).div_ceil(self.step);
        (left, Some(left))
    }
}

impl ExactSizeIterator for Within<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn walks_are_what_filters_leave(
            rows in prop::collection::vec(prop::option::of(0..4_u32), 0..60),
            parents in 1..7_usize,
            parent in 0..7_u32,
            row in 0..5_u32,
        ) {
            prop_assume!((parent as usize) < parents);
            let all = (0..rows.len()).filter(|index| index % parents == parent as usize).map(|index| index as u32);
            let walk = Within::multiples(parent, parents, rows.len());
            prop_assert_eq!(walk.len(), walk.clone().count());
            prop_assert_eq!(walk.collect::<Vec<_>>(), all.clone().collect::<Vec<_>>());
            let places = Places::new(&rows, parents);
            let walk = places.within(parent, row, &rows);
            prop_assert_eq!(walk.len(), walk.clone().count());
            let expected: Vec<u32> = all.filter(|index| rows[*index as usize] == Some(row)).collect();
            prop_assert_eq!(walk.collect::<Vec<_>>(), expected);
        }
    }
}
