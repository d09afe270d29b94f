//! Patterns such as `lfcp-[a-z0-9]{6}`: what an id looks like, and how to make and check one.

use super::{Key, Permutation};
use std::{collections::HashMap, fmt, ops::Range, sync::Arc};

/// How many identities of one pattern can be told apart by name: see [`Lane`].
const LANES: u128 = 4096;

/// A part of the numbers of a pattern that belongs to one resource of one story (lane 0: to the population).
///
/// Lanes keep identities apart without a shared counter: the resource's name fixes the lane, the instance its number
/// in it, and neither depends on what else a scenario says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lane(pub u16);

impl Lane {
    /// How many lanes there are, the population's included.
    pub const COUNT: u16 = LANES as u16;
}

/// A sequence of fixed characters and character classes.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    positions: Vec<Position>,
    sizes: Vec<Permutation>,
    /// Where the last class is that leaves a choice; 0 if there is none.
    last: usize,
    /// How many texts of the shortest length there are, at most [`EXACT`]; 0 if there are more.
    few: u64,
    /// What is left of 2⁶⁴ when it is divided by `few`.
    unit: u64,
    /// How to write a text of the shortest length.
    steps: Arc<[Step]>,
    /// A text of the shortest length with the characters that all have.
    first: Arc<[u8]>,
}

/// Which of a pattern's texts: its number among those of a length, and by how many characters that is longer than the
/// shortest.
#[derive(Debug, Clone, Copy)]
pub struct Nth {
    number: u128,
    longer: usize,
}

/// One or two neighbouring characters of the same class, written at once.
#[derive(Debug, Clone)]
struct Step {
    at: usize,
    class: Class,
    is_pair: bool,
}

/// Characters that mean something else in regular expressions: taken for themselves only within a class.
const SPECIAL: &[u8] = b".*+?()|^$";

#[derive(Debug, Clone)]
enum Position {
    Fixed(u8),
    Class(Class),
}

/// Characters of which one is taken, or pairs of them.
#[derive(Debug, Clone)]
struct Class {
    /// Each of them in the first byte or in both.
    members: Arc<[[u8; 2]]>,
    /// 2⁶⁴ by their number, rounded up: multiplying by it divides.
    inverse: u64,
    /// Which power of two their number is, if it is one.
    bits: Option<u32>,
}

/// Numbers below this are divided by multiplication, exactly: the rounding of [`Class::inverse`] is off by less than
/// the size of a class, which is below 2¹³, and their product stays below 2⁶⁴.
const EXACT: u64 = 1 << 51;

/// The largest class of which pairs are tabulated.
const PAIRED: usize = 64;

/// What is wrong with a pattern, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    /// Byte range in the pattern.
    pub span: Range<usize>,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Pattern {
    /// Reads a pattern: ASCII characters, classes like `[a-z0-9]`, and `{n}` behind either.
    ///
    /// # Errors
    ///
    /// Names the place and what was expected there.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let mut positions = Vec::new();
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let start = at;
            if bytes[at] != b'[' && SPECIAL.contains(&bytes[at]) {
                let mut found: Vec<char> = Vec::new();
                for byte in bytes[at..].iter().filter(|byte| SPECIAL.contains(byte)) {
                    if !found.contains(&char::from(*byte)) {
                        found.push(char::from(*byte));
                    }
                }
                let names: Vec<String> = found.iter().map(|sign| format!("`{sign}`")).collect();
                let ways: Vec<String> = found.iter().map(|sign| format!("`[{sign}]`")).collect();
                let verb = if found.len() == 1 { "means itself" } else { "mean themselves" };
                let message = format!("{} {verb} only as {}", names.join(" and "), ways.join(" and "));
                return Err(error(at..at + 1, &message));
            }
            let position = match bytes[at] {
                b'[' => {
                    let end = find(bytes, at, b']').ok_or_else(|| error(at..bytes.len(), "`[` without `]`"))?;
                    at = end + 1;
                    let members = class(&bytes[start + 1..end]);
                    Position::Class(Class::new(&members.ok_or_else(|| error(start..at, "not a character class"))?))
                }
                b'{' | b'}' | b']' | b'"' | b'\\' | 0..=31 | 127..=255 => {
                    return Err(error(at..at + 1, "a pattern has printable ASCII, `[a-z]` and `{6}` only"));
                }
                other => {
                    at += 1;
                    Position::Fixed(other)
                }
            };
            let times = if bytes.get(at) == Some(&b'{') {
                let end = find(bytes, at, b'}').ok_or_else(|| error(at..bytes.len(), "`{` without `}`"))?;
                let times = text[at + 1..end].parse().ok().filter(|times| (1..=64).contains(times));
                let times = times.ok_or_else(|| error(at..end + 1, "a count is `{1}` to `{64}`"))?;
                at = end + 1;
                times
            } else {
                1
            };
            positions.extend(std::iter::repeat_n(position, times));
        }
        let last = positions.iter().rposition(|position| position.size() > 1).unwrap_or(0);
        let few = positions.iter().try_fold(1, |few: u128, position| few.checked_mul(position.size()));
        let few = few.filter(|few| *few <= u128::from(EXACT)).map_or(0, |few| few as u64);
        let steps = steps(&positions).into();
        let first = positions.iter().map(Position::first).collect();
        Ok(Pattern {
            text: text.to_owned(),
            positions,
            sizes: Vec::new(),
            last,
            few,
            unit: rest_of_64_bits(few),
            steps,
            first,
        })
    }

    /// Whether there is anything to tell two ids apart by.
    pub fn has_class(&self) -> bool {
        self.positions.iter().any(|position| position.size() > 1)
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Prepares the permutations that make ids of this pattern unique in the run that `key` belongs to.
    ///
    /// When the ids of a length are used up, the last class is repeated once more, so a pattern with at least one
    /// class never runs out.
    #[must_use]
    pub fn keyed(mut self, key: Key) -> Self {
        let mut bound = self.positions.iter().fold(1_u128, |size, position| size.saturating_mul(position.size()));
        let last = self.positions.iter().rev().map(Position::size).find(|size| *size > 1).unwrap_or(1);
        self.sizes.clear();
        // Until there is room for 2⁵² in each lane.
        while self.sizes.len() < 80 {
            self.sizes.push(Permutation::new(key.number(self.sizes.len() as u64), bound));
            match bound.checked_mul(last).filter(|_| bound < 1 << 64 && last > 1) {
                Some(more) => bound = more,
                None => break,
            }
        }
        self
    }

    /// Appends the id that belongs to `number` of `lane`: no other number or lane of the same key has it.
    pub fn write_unique(&self, lane: Lane, number: u64, out: &mut Vec<u8>) {
        let nth = self.unique(lane, number);
        let start = out.len();
        out.resize(start + self.len_of(nth), 0);
        self.fill(nth, &mut out[start..]);
    }

    /// The text that belongs to `number` of `lane`: no other number or lane of the same key has it.
    pub fn unique(&self, lane: Lane, number: u64) -> Nth {
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

    /// A text drawn by `key`: looks like the others, and may repeat.
    pub fn random(&self, key: Key) -> Nth {
        let words = [key.draw(), key.number(1).draw()];
        Nth { number: (u128::from(words[0]) << 64) | u128::from(words[1]), longer: 0 }
    }

    /// How many characters a text has.
    pub fn len_of(&self, nth: Nth) -> usize {
        self.positions.len() + nth.longer
    }

    /// Writes a text to the beginning of `out`, and says how long it is.
    ///
    /// # Panics
    /// If `out` is shorter than [`len_of`](Self::len_of) says.
    pub fn fill(&self, nth: Nth, out: &mut [u8]) -> usize {
        let length = self.len_of(nth);
        let out = &mut out[..length];
        if nth.longer > 0 {
            self.fill_longer(nth, out);
            return length;
        }
        out.copy_from_slice(&self.first[..length]);
        // What is above does not show.
        let mut rest = if self.few > 0 { remainder(nth.number, self.few, self.unit) } else { nth.number };
        let mut steps = self.steps.iter();
        // From the right, so that the division gives one digit after another.
        while rest >= u128::from(EXACT)
            && let Some(step) = steps.next()
        {
            step.put(step.class.take(&mut rest), out);
        }
        let mut rest = rest as u64;
        for step in steps {
            step.put(step.class.take_small(&mut rest), out);
        }
        length
    }

    /// The last class is repeated.
    fn fill_longer(&self, nth: Nth, out: &mut [u8]) {
        let mut rest = nth.number;
        for (index, shown) in out.iter_mut().enumerate().rev() {
            let source = if index <= self.last { index } else { self.last.max(index.saturating_sub(nth.longer)) };
            *shown = match &self.positions[source] {
                Position::Fixed(byte) => *byte,
                Position::Class(class) => class.take(&mut rest)[0],
            };
        }
    }

    /// Whether `text` could have come from this pattern (of any length that [`Pattern::keyed`] may reach).
    pub fn matches(&self, text: &str) -> bool {
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

    /// Whether a person may give `text` as an id of this pattern: as [`Pattern::matches`], and the characters of the
    /// last class may also be fewer, as in the documents' `u-123`.
    pub fn accepts(&self, text: &str) -> bool {
        let Some(last) = self.positions.iter().rposition(|position| position.size() > 1) else {
            return self.matches(text);
        };
        let same = |position: &&Position| matches!((position, &self.positions[last]), (Position::Class(a), Position::Class(b)) if a.members == b.members);
        let run = self.positions[..=last].iter().rev().take_while(same).count();
        let before = last + 1 - run;
        let tail = self.positions.len() - last - 1;
        let Some(free) = text.len().checked_sub(before + tail).filter(|free| (1..=32).contains(free)) else {
            return false;
        };
        let expected = self.positions[..before]
            .iter()
            .chain(std::iter::repeat_n(&self.positions[last], free))
            .chain(&self.positions[last + 1..]);
        expected.zip(text.bytes()).all(|(position, byte)| position.allows(byte))
    }
}

impl Step {
    #[inline]
    fn put(&self, member: [u8; 2], out: &mut [u8]) {
        if self.is_pair {
            out[self.at..self.at + 2].copy_from_slice(&member);
        } else {
            out[self.at] = member[0];
        }
    }
}

/// The classes of a pattern from right to left, neighbours of a kind as pairs.
fn steps(positions: &[Position]) -> Vec<Step> {
    let mut pairs: HashMap<*const [u8; 2], Class> = HashMap::new();
    let mut steps = Vec::new();
    let mut end = positions.len();
    while end > 0 {
        let at = end - 1;
        let Position::Class(class) = &positions[at] else {
            end = at;
            continue;
        };
        let same = |position: &Position| matches!(position, Position::Class(other) if Arc::ptr_eq(&other.members, &class.members));
        let is_pair = at > 0 && class.members.len() <= PAIRED && same(&positions[at - 1]);
        let class = if is_pair {
            pairs.entry(class.members.as_ptr()).or_insert_with(|| class.pairs()).clone()
        } else {
            class.clone()
        };
        end = if is_pair { at - 1 } else { at };
        steps.push(Step { at: end, class, is_pair });
    }
    steps
}

impl Class {
    fn new(members: &[u8]) -> Self {
        Class::of(members.iter().map(|member| [*member, 0]).collect())
    }

    fn of(members: Arc<[[u8; 2]]>) -> Self {
        let size = members.len() as u64;
        let bits = size.is_power_of_two().then_some(size.trailing_zeros());
        Class { members, inverse: (u64::MAX / size).wrapping_add(1), bits }
    }

    /// All pairs of the members, the right one counting ones.
    fn pairs(&self) -> Self {
        let pair = |left: &[u8; 2]| self.members.iter().map(|right| [left[0], right[0]]).collect::<Vec<_>>();
        Class::of(self.members.iter().flat_map(pair).collect())
    }

    /// Divides by the number of members, and gives the one that stands for the remainder.
    #[inline]
    fn take_small(&self, place: &mut u64) -> [u8; 2] {
        let size = self.members.len() as u64;
        let quotient = match self.bits {
            Some(bits) => *place >> bits,
            None => ((u128::from(*place) * u128::from(self.inverse)) >> 64) as u64,
        };
        let digit = *place - quotient * size;
        *place = quotient;
        self.members[digit as usize]
    }

    /// The same for numbers of any size.
    fn take(&self, place: &mut u128) -> [u8; 2] {
        let size = self.members.len() as u64;
        if let Some(bits) = self.bits {
            let digit = *place as u64 & (size - 1);
            *place >>= bits;
            return self.members[digit as usize];
        }
        let (quotient, digit) = match u64::try_from(*place) {
            Ok(mut small) if small < EXACT => {
                let member = self.take_small(&mut small);
                *place = u128::from(small);
                return member;
            }
            Ok(small) => (u128::from(small / size), small % size),
            Err(_) => (*place / u128::from(size), (*place % u128::from(size)) as u64),
        };
        *place = quotient;
        self.members[digit as usize]
    }
}

/// What is left of 2⁶⁴.
fn rest_of_64_bits(by: u64) -> u64 {
    if by == 0 { 0 } else { (u64::MAX % by + 1) % by }
}

/// What is left of a number of 128 bits; `unit` is what is left of 2⁶⁴.
fn remainder(number: u128, by: u64, unit: u64) -> u128 {
    let (high, low) = ((number >> 64) as u64, number as u64);
    if high == 0 {
        return u128::from(if low < by { low } else { low % by });
    }
    if by >> 32 != 0 {
        return number % u128::from(by);
    }
    // Divisions of 64 bits only: what is left of 2⁶⁴ stands for each unit of the high half.
    u128::from(((high % by) * unit + low % by) % by)
}

impl Position {
    fn first(&self) -> u8 {
        match self {
            Position::Fixed(byte) => *byte,
            Position::Class(class) => class.members[0][0],
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
            Position::Class(class) => class.members.iter().any(|member| member[0] == byte),
        }
    }
}

fn find(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    bytes[from..].iter().position(|byte| *byte == wanted).map(|offset| from + offset)
}

fn error(span: Range<usize>, message: &str) -> PatternError {
    PatternError { span, message: message.to_owned() }
}

/// The members of a class, without repetition, in the order written.
fn class(inside: &[u8]) -> Option<Vec<u8>> {
    let mut members = Vec::new();
    let mut at = 0;
    while at < inside.len() {
        let low = inside[at];
        let range = inside.get(at + 1) == Some(&b'-') && at + 2 < inside.len();
        let high = if range { inside[at + 2] } else { low };
        at += if range { 3 } else { 1 };
        if low > high || !low.is_ascii_graphic() || !high.is_ascii_graphic() {
            return None;
        }
        for byte in low..=high {
            if matches!(byte, b'"' | b'\\') {
                return None;
            }
            if !members.contains(&byte) {
                members.push(byte);
            }
        }
    }
    (!members.is_empty()).then_some(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn unique(pattern: &Pattern, lane: u16, number: u64) -> String {
        let mut out = Vec::new();
        pattern.write_unique(Lane(lane), number, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    #[test]
    fn ids_are_unique_over_lanes_and_lengths() {
        let pattern = Pattern::parse("x-[a-z0-9]{2}9").map(|pattern| pattern.keyed(Key::root(3))).expect("valid");
        let mut seen = HashSet::new();
        for lane in 0..64 {
            for number in 0..2000 {
                let id = unique(&pattern, lane, number);
                assert!(pattern.matches(&id), "{id}");
                assert!(seen.insert(id));
            }
        }
    }

    proptest! {
        #[test]
        fn digits_are_what_division_gives(place: u128, narrow in 0..128_u32, size in 1..94_usize) {
            let all: Vec<u8> = (b'!'..=b'~').collect();
            let (mut left, class) = (place >> narrow, Class::new(&all[..size]));
            let mut expected = left;
            for _ in 0..30 {
                prop_assert_eq!(class.take(&mut left)[0], all[(expected % size as u128) as usize]);
                expected /= size as u128;
                prop_assert_eq!(left, expected);
            }
        }
    }

    proptest! {
        #[test]
        fn texts_are_digits_of_their_numbers(number: u128, narrow in 0..128_u32) {
            let number = number >> narrow;
            for text in ["x-[a-z0-9]{6}", "[0-9]{4}", "[a-z]-[ab][0-9]{3}y", "[a-z0-9]{16}", "[0-9a-f]{32}", "[!-!#-+]{9}"] {
                let pattern = Pattern::parse(text).expect("valid");
                let mut out = vec![0; pattern.positions.len()];
                prop_assert_eq!(pattern.fill(Nth { number, longer: 0 }, &mut out), out.len());
                let mut left = number;
                for (position, shown) in pattern.positions.iter().zip(&out).rev() {
                    let expected = match position {
                        Position::Fixed(byte) => *byte,
                        Position::Class(class) => {
                            let size = class.members.len() as u128;
                            let digit = left % size;
                            left /= size;
                            class.members[digit as usize][0]
                        }
                    };
                    prop_assert_eq!(*shown, expected, "{} in {}", number, text);
                }
            }
        }
    }

    #[test]
    fn a_uuid_pattern_gives_uuids_of_version_four() {
        let text = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
        let pattern = Pattern::parse(text).map(|pattern| pattern.keyed(Key::root(3))).expect("valid");
        let id: uuid::Uuid = unique(&pattern, 5, 77).parse().expect("a UUID");
        assert_eq!(id.get_version_num(), 4);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, message) in
            [("a[", "without"), ("a[]", "class"), ("a[z-a]", "class"), ("a{0}", "count"), ("a\"", "ASCII")]
        {
            let error = Pattern::parse(text).expect_err(text);
            assert!(error.message.contains(message), "{text}: {}", error.message);
        }
    }
}
