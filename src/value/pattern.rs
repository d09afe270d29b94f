//! Patterns such as `lfcp-[a-z0-9]{6}`: the format of an id, with a generator (format-preserving permutation) and a
//! check.

mod class;
mod read;
#[cfg(test)]
mod tests;

use super::{Key, Permutation};
use crate::bytes::{Arena, Padded, PaddedSlice};
use class::{Class, EXACT, Group, Groups};
use std::{fmt, ops::Range, sync::Arc};

/// Number of lanes of a pattern, see [`Lane`].
const LANES: u128 = 4096;

/// A range of a pattern's numbers that belongs to one resource of one scenario (lane 0: to the population).
///
/// Lanes keep identities apart without a shared counter: the resource's name determines the lane, the instance
/// determines the number in it, and neither depends on the rest of the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lane(pub u16);

impl Lane {
    /// Number of lanes, the population's included.
    pub(crate) const COUNT: u16 = LANES as u16;
}

/// A sequence of fixed characters and character classes.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    positions: Vec<Position>,
    sizes: Vec<Permutation>,
    /// Position of the last class with more than one member; 0 if there is none.
    last: usize,
    /// Number of texts of the shortest length, if at most [`EXACT`].
    few: Option<u64>,
    /// How to write a text of the shortest length: what the digits of its number say.
    near: Arc<[Group]>,
    /// The characters before those, if a number is too short for all of them.
    far: Arc<[Group]>,
    /// A text of the shortest length with the characters that all have.
    first: Padded,
}

/// A text of a pattern: its number among those of its length, and the number of characters beyond the shortest length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nth {
    number: u128,
    longer: usize,
}

#[derive(Debug, Clone)]
enum Position {
    Fixed(u8),
    Class(Class),
}

/// A mistake in a pattern and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PatternError {
    /// Byte range in the pattern.
    pub(crate) span: Range<usize>,
    /// The mistake, as a message.
    pub(crate) message: String,
    /// The remedy.
    pub(crate) help: String,
}

/// Patterns are equal if their source and the constant text around them are.
impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.first == other.first
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Pattern {
    /// Reads a pattern: ASCII characters, classes like `[a-z0-9]`, and `{n}` after either.
    ///
    /// # Errors
    ///
    /// Names the place and what was expected there: everything else that regular expressions have.
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        let positions = read::positions(text)?;
        let last = positions.iter().rposition(|position| position.size() > 1).unwrap_or(0);
        let few = positions.iter().try_fold(1, |few: u128, position| few.checked_mul(position.size()));
        let few = few.filter(|few| *few <= u128::from(EXACT)).map(|few| few as u64);
        let Groups { near, far } = Groups::from_positions(&positions);
        let first: Vec<u8> = positions.iter().map(Position::first).collect();
        Ok(Pattern {
            text: text.to_owned(),
            positions,
            sizes: Vec::new(),
            last,
            few,
            near: near.into(),
            far: far.into(),
            first: Padded::new(&first),
        })
    }

    /// The pattern with constant text before and after it. The result supports only [`random`](Self::random).
    #[must_use]
    pub(crate) fn within(&self, before: &[u8], after: &[u8]) -> Self {
        let fixed = |text: &[u8]| text.iter().map(|byte| Position::Fixed(*byte)).collect::<Vec<_>>();
        let positions = [fixed(before), self.positions.clone(), fixed(after)].concat();
        let first = [before, self.first.bytes(), after].concat();
        let Groups { near, far } = Groups::from_positions(&positions);
        Pattern {
            text: self.text.clone(),
            sizes: Vec::new(),
            last: before.len() + self.last,
            few: self.few,
            near: near.into(),
            far: far.into(),
            first: Padded::new(&first),
            positions,
        }
    }

    /// Whether the pattern has more than one text.
    pub(crate) fn has_class(&self) -> bool {
        self.positions.iter().any(|position| position.size() > 1)
    }

    /// The pattern as written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Prepares the permutations that make ids of this pattern unique in the run of `key`.
    ///
    /// When all ids of a length are used, the last class is repeated once more, so a pattern with at least one class
    /// never runs out.
    #[must_use]
    pub(crate) fn keyed(mut self, key: Key) -> Self {
        // The digits of a number alone distinguish ids.
        let mut bound = self.near.iter().fold(1_u128, |bound, group| bound.saturating_mul(group.size().into()));
        let last = self.positions.iter().rev().map(Position::size).find(|size| *size > 1).unwrap_or(1);
        self.sizes.clear();
        // Until each lane has room for 2⁵² numbers.
        while self.sizes.len() < 80 {
            self.sizes.push(Permutation::new(key.number(self.sizes.len() as u64), bound));
            match bound.checked_mul(last).filter(|_| bound < 1 << 64 && last > 1) {
                Some(more) => bound = more,
                None => break,
            }
        }
        self
    }

    /// Appends the id of `number` in `lane`, which is unique among all numbers and lanes of the key.
    pub(crate) fn write_unique(&self, lane: Lane, number: u64, out: &mut Vec<u8>) {
        let (nth, start) = (self.unique(lane, number), out.len());
        if nth.longer > 0 {
            out.resize(start + self.positions.len() + nth.longer, 0);
            self.fill_longer(nth, &mut out[start..]);
        } else {
            out.extend_from_slice(self.first.bytes());
            self.fill(nth.number, &mut out[start..]);
        }
    }

    /// The text of `number` in `lane`, which is unique among all numbers and lanes of the key.
    #[inline]
    pub(crate) fn unique(&self, lane: Lane, number: u64) -> Nth {
        let mut number = u128::from(number);
        for (longer, permutation) in self.sizes.iter().enumerate() {
            let bound = permutation.bound();
            let capacity = bound / LANES;
            if number < capacity {
                return Nth { number: permutation.apply(u128::from(lane.0) * capacity + number), longer };
            }
            if longer + 1 == self.sizes.len() {
                return Nth { number: permutation.apply((u128::from(lane.0) * capacity + number) % bound), longer };
            }
            number -= capacity;
        }
        Nth { number: 0, longer: 0 }
    }

    /// A random text of the pattern, which may repeat.
    #[inline]
    pub(crate) fn random(&self, key: Key) -> Nth {
        if let Some(few) = self.few {
            return Nth { number: key.below(few).into(), longer: 0 };
        }
        let words = [key.draw(), key.number(1).draw()];
        Nth { number: (u128::from(words[0]) << 64) | u128::from(words[1]), longer: 0 }
    }

    /// Writes a text into an arena.
    #[inline]
    pub(crate) fn make<'a>(&self, nth: Nth, arena: &'a Arena) -> PaddedSlice<'a> {
        if nth.longer > 0 {
            let length = self.positions.len() + nth.longer;
            return arena.write(length, |to| {
                self.fill_longer(nth, to);
                length
            });
        }
        arena.patched(self.first.slice(), |to| self.fill(nth.number, to))
    }

    /// Writes the characters of a text of the shortest length, into a copy of `first`.
    #[inline]
    fn fill(&self, number: u128, out: &mut [u8]) {
        let mut left = number;
        // From right to left, so that each division yields the next digit. Higher digits are dropped.
        for group in self.near.iter() {
            group.put(group.take(&mut left), out);
        }
        if !self.far.is_empty() {
            self.fill_far(number, out);
        }
    }

    /// Puts characters for which the number has no digits: they are drawn from it.
    #[inline(never)]
    fn fill_far(&self, number: u128, out: &mut [u8]) {
        let key = Key::root(0).number((number >> 64) as u64).number(number as u64);
        for (nth, group) in (1..).zip(self.far.iter()) {
            group.put(key.scattered(nth, group.size()), out);
        }
    }

    /// Writes a text longer than the shortest length, with the last class repeated.
    fn fill_longer(&self, nth: Nth, out: &mut [u8]) {
        let mut rest = nth.number;
        for (index, shown) in out.iter_mut().enumerate().rev() {
            let source = if index <= self.last { index } else { self.last.max(index.saturating_sub(nth.longer)) };
            *shown = match &self.positions[source] {
                Position::Fixed(byte) => *byte,
                Position::Class(class) => class.take(&mut rest),
            };
        }
    }

    /// Whether the pattern could have generated `text`, at any length that [`Pattern::keyed`] allows.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let extra = text.len().saturating_sub(self.positions.len());
        let last = self.positions.iter().rposition(|position| position.size() > 1);
        let repeats = |index: usize| if Some(index) == last { 1 + extra } else { 1 };
        let expected = self
            .positions
            .iter()
            .enumerate()
            .flat_map(|(index, position)| std::iter::repeat_n(position, repeats(index)));
        text.len() >= self.positions.len() && expected.zip(text.bytes()).all(|(position, byte)| position.allows(byte))
    }

    /// Whether a person may write `text` as an id of this pattern: as [`Pattern::matches`], but the last class may also
    /// have fewer characters, as in the documentation's `u-123`.
    pub(crate) fn accepts(&self, text: &str) -> bool {
        let Some(last) = self.positions.iter().rposition(|position| position.size() > 1) else {
            return self.matches(text);
        };
        let same = |position: &&Position| matches!((position, &self.positions[last]), (Position::Class(a), Position::Class(b)) if a.members == b.members);
        let run = self.positions[..=last].iter().rev().take_while(same).count();
        let before = last + 1 - run;
        let tail = self.positions.len() - last - 1;
        let Some(free) = text.len().checked_sub(before + tail).filter(|free| (1..=run.max(32)).contains(free)) else {
            return false;
        };
        let expected = self.positions[..before]
            .iter()
            .chain(std::iter::repeat_n(&self.positions[last], free))
            .chain(&self.positions[last + 1..]);
        expected.zip(text.bytes()).all(|(position, byte)| position.allows(byte))
    }
}

impl Position {
    fn first(&self) -> u8 {
        match self {
            Position::Fixed(byte) => *byte,
            Position::Class(class) => class.members[0],
        }
    }

    fn size(&self) -> u128 {
        match self {
            Position::Fixed(_) => 1,
            Position::Class(class) => class.members.len() as u128,
        }
    }

    fn allows(&self, byte: u8) -> bool {
        match self {
            Position::Fixed(fixed) => *fixed == byte,
            Position::Class(class) => class.members.contains(&byte),
        }
    }
}
