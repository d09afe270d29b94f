//! Population: the entities that exist before the run. Generated once, formatted, and shared read-only by all
//! scenarios.

mod generate;
mod habits;
mod within;

use crate::{
    bytes::{PaddedSlice, PaddedSlices, TextTable},
    catalog::{FieldId, KindId},
    value::{Key, Salt, WeightedIndex, scale},
};
use within::Places;

pub(crate) use habits::{Bursts, Hours, HoursAt};
pub(crate) use within::Within;

/// Everything that existed before.
#[derive(Debug, Default)]
pub struct Population {
    members: Vec<Members>,
    /// Whether principals act from several addresses.
    pub(crate) roaming: Option<Roaming>,
    /// Whether principals have usual hours.
    pub(crate) hours: Option<Hours>,
    /// Whether instances come in bursts.
    pub(crate) bursts: Option<Bursts>,
}

/// Principals act from several client addresses: an instance's actor is away from the usual one with a given
/// probability, and then at one of its others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Roaming {
    /// Addresses of each principal, at least 2.
    pub(crate) addresses: u32,
    /// The probability, times 2⁶⁴.
    pub(crate) share: u64,
}

impl Roaming {
    /// Which address an actor has, given the key of its draw: 0 is the usual one.
    pub(crate) fn draw(self, key: Key) -> u64 {
        if key.draw() < self.share { 1 + key.scattered(2, u64::from(self.addresses) - 1) } else { 0 }
    }

    /// The number of a member's address among those of all members.
    pub(crate) fn number(member: u32, address: u64) -> u64 {
        address << 32 | u64::from(member)
    }
}

/// How often a member is drawn whose usual hours may not fit, before the next rank is taken whose hours do.
const DRAWS: u64 = 16;

/// All members of one kind.
#[derive(Debug, Default)]
pub(crate) struct Members {
    /// Field values as events show them, member by member.
    texts: TextTable,
    fields: usize,
    /// For each member its table row, if its scope has a table.
    rows: Vec<Option<u32>>,
    places: Places,
    parent: Option<KindId>,
    parents: usize,
    /// Minimum number of members in each parent, and number of parents with one more.
    dealt: (usize, usize),
    /// Activity of the members; without ranks if there are no members.
    ranks: WeightedIndex,
}

impl Population {
    /// The members of a kind.
    pub(crate) fn members(&self, kind: KindId) -> &Members {
        &self.members[kind]
    }

    /// The instance whose draws from the population those of instance `number` of a scenario are: itself, unless it is
    /// part of a burst.
    #[inline]
    pub(crate) fn first_of_burst(&self, scenario: Key, number: u64) -> u64 {
        self.bursts.map_or(number, |bursts| bursts.first(scenario, number))
    }

    /// A field of a member; `None` if it is null.
    #[inline]
    pub fn value(&self, kind: KindId, index: u32, field: FieldId) -> Option<PaddedSlice<'_>> {
        self.members[kind].value(index, field)
    }
}

impl Members {
    /// Number of members.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no members.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A field of a member; `None` if it is null.
    #[inline]
    pub(crate) fn value(&self, index: u32, field: FieldId) -> Option<PaddedSlice<'_>> {
        self.texts.get(index as usize * self.fields + field)
    }

    /// All fields of a member; nulls are [`PaddedSlice::NULL`].
    #[inline]
    pub(crate) fn texts(&self, index: u32) -> &[PaddedSlice<'_>] {
        self.texts.row(index as usize * self.fields, self.fields)
    }

    /// Appends all fields of a member; nulls are [`PaddedSlice::NULL`].
    #[inline]
    pub(crate) fn put<'a>(&'a self, index: u32, values: &mut PaddedSlices<'a>) {
        values.put_row(&self.texts, index as usize * self.fields, self.fields);
    }

    /// The table row of a member.
    pub(crate) fn row(&self, index: u32) -> Option<u32> {
        self.rows[index as usize]
    }

    /// Number of members in a parent: members are assigned to parents round robin.
    pub(crate) fn children(&self, parent: u32) -> usize {
        let (each, more) = self.dealt;
        each + usize::from((parent as usize) < more)
    }

    /// Draws a member of `parent` with `key`, weighted by rank; `other` selects the `other`th one after it.
    pub(crate) fn draw(&self, parent: u32, key: Key, other: usize) -> u32 {
        let children = self.children(parent).max(1);
        if children == 1 {
            return parent;
        }
        self.ranked(parent, children, key, other)
    }

    /// [`draw`](Self::draw) with a child of the key, which is derived only if there is a choice.
    #[inline]
    pub(crate) fn draw_salted(&self, parent: u32, key: Key, salt: Salt, other: usize) -> u32 {
        let children = self.children(parent);
        if children <= 1 { parent } else { self.ranked(parent, children, key.salted(salt), other) }
    }

    /// [`draw`](Self::draw) of a member whose usual hours fit.
    pub(crate) fn draw_at(&self, parent: u32, (key, other): (Key, usize), hours: HoursAt<'_>) -> u32 {
        let children = self.children(parent).max(1);
        let fits = |rank: &usize| hours.fits(*rank);
        // Draws until one fits, so that those who fit keep their weights.
        let draws = (0..DRAWS).map(|number| self.ranks.draw(key.number(number)).min(children - 1));
        let first = draws.clone().find(fits).or_else(|| draws.clone().next()).unwrap_or_default();
        let next = (first..children).chain(0..first);
        let mut ranks = next.clone().filter(fits).chain(next.clone().filter(|rank| !fits(rank)));
        let rank = ranks.nth(other % children).unwrap_or(first);
        (parent as usize + rank * self.parents) as u32
    }

    /// The rank of a member within its parent.
    pub(crate) fn rank(&self, index: u32) -> usize {
        index as usize / self.parents.max(1)
    }

    /// The member of `parent` at a position, given as a share of all members times 2⁶⁴; `other` selects the `other`th one
    /// after it.
    pub(crate) fn at(&self, parent: u32, position: u64, other: usize) -> u32 {
        let children = self.children(parent).max(1);
        let rank = (scale(position, children as u64) as usize + other) % children;
        (parent as usize + rank * self.parents) as u32
    }

    #[inline]
    fn ranked(&self, parent: u32, children: usize, key: Key, other: usize) -> u32 {
        let mut rank = self.ranks.draw(key).min(children - 1) + other;
        if rank >= children {
            rank %= children;
        }
        (parent as usize + rank * self.parents) as u32
    }

    /// Expected number of different members among `draws` draws.
    pub(crate) fn expected(&self, draws: f64) -> f64 {
        let parents = self.parents.max(1) as f64;
        let chances = (0..self.len().div_ceil(self.parents.max(1))).map(|rank| self.ranks.chance(rank));
        let expected: f64 = chances.map(|chance| 1.0 - (1.0 - chance).powf(draws / parents)).sum();
        (expected * parents).min(self.len() as f64)
    }

    /// The kind in which the members lie, if any.
    pub(crate) fn parent(&self) -> Option<KindId> {
        self.parent
    }

    /// The parent of a member.
    pub(crate) fn parent_of(&self, index: u32) -> u32 {
        index % self.parents.max(1) as u32
    }

    /// The members in `parent` and, where the scope has a table, in `row`; in the order in which lists show them.
    pub(crate) fn within(&self, parent: u32, row: Option<u32>) -> Within<'_> {
        match row {
            Some(row) => self.places.within(parent, row, &self.rows),
            None => Within::multiples(parent, self.parents, self.len()),
        }
    }
}
