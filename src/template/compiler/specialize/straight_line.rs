//! Finds straight-line code: operations that always append the same parts, with tests for null turned into choices.

use super::Filling;
use crate::{
    bytes::Padded,
    template::program::{Choice, Chosen, Op, Place, Program, Test},
};

/// Maximum text of a list's items that becomes literal, in bytes.
const MOST_UNROLLED: usize = 64 << 10;

/// Maximum parts of a choice between texts: all parts are copied, although some are empty.
const MOST_CHOICES: usize = 4;

/// A part of the output that is appended unconditionally.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Text(Vec<u8>),
    /// A value of the event or of the item.
    Value(Place),
    Choice(Choice),
}

/// A program and the parts that its slots are filled with.
#[derive(Clone, Copy)]
pub(super) struct Filled<'a> {
    pub(crate) program: &'a Program,
    pub(crate) fillings: &'a [Vec<Filling>],
}

impl Filled<'_> {
    /// The parts that the operation at `at`, or the branch that begins there, appends, and the operation after it;
    /// `None` if that cannot be done without a jump.
    pub(super) fn straight(self, at: usize) -> Option<(Vec<Part>, usize)> {
        if let Some(parts) = self.plain(at, at + 1) {
            return Some((parts, at + 1));
        }
        match self.program.ops[at] {
            op @ (Op::TextOrNull { slot } | Op::TextOrNullItem { slot }) => {
                let of_item = matches!(op, Op::TextOrNullItem { .. });
                let value = if of_item { Place::Item(slot) } else { Place::Slot(self.value(slot)) };
                let text = |text: &[u8]| Part::Text(text.to_vec());
                let present = vec![text(b"\""), Part::Value(value), text(b"\"")];
                Some((choices(value, present, vec![text(b"null")]), at + 1))
            }
            Op::Branch { test, otherwise } => {
                let otherwise = otherwise as usize;
                let (place, is_null) = match &self.program.tests[test as usize] {
                    Test::IsNull(place) => (*place, true),
                    Test::Not(inner) => match **inner {
                        Test::IsNull(place) => (place, false),
                        _ => return None,
                    },
                    _ => return None,
                };
                let asks = match place {
                    Place::Slot(slot) => Place::Slot(self.value(slot)),
                    Place::Item(_) => place,
                    Place::Index | Place::Literal(..) => return None,
                };
                let (then_end, end) = match self.program.ops[otherwise - 1] {
                    Op::Jump { to } if to as usize >= otherwise => (otherwise - 1, to as usize),
                    _ => (otherwise, otherwise),
                };
                let (then, other) = (self.plain(at + 1, then_end)?, self.plain(otherwise, end)?);
                let (present, absent) = if is_null { (other, then) } else { (then, other) };
                can_choose(asks, &present, &absent).then(|| (choices(asks, present, absent), end))
            }
            _ => None,
        }
    }

    /// The parts that the operations append, if all of them append only literals and values.
    fn plain(self, start: usize, end: usize) -> Option<Vec<Part>> {
        let mut parts = Vec::new();
        for op in &self.program.ops[start..end] {
            match *op {
                Op::Run(run) => {
                    for (literal, slot) in self.program.literals.pairs(run) {
                        add_text(&mut parts, literal);
                        for filling in &self.fillings[slot as usize] {
                            match filling {
                                Filling::Text(text) => add_text(&mut parts, text),
                                Filling::Value(value) => parts.push(Part::Value(Place::Slot(*value))),
                            }
                        }
                    }
                }
                Op::RunItem(run) => {
                    for (literal, slot) in self.program.literals.pairs(run) {
                        add_text(&mut parts, literal);
                        parts.push(Part::Value(Place::Item(slot)));
                    }
                }
                Op::Literal { start, length } => {
                    add_text(&mut parts, self.program.literals.slice(start, length).bytes());
                }
                _ => return None,
            }
        }
        Some(parts)
    }

    /// The value of a slot that is filled by a single one.
    pub(super) fn value(self, slot: u32) -> u32 {
        self.fillings[slot as usize]
            .iter()
            .find_map(|filling| match filling {
                Filling::Value(value) => Some(*value),
                Filling::Text(_) => None,
            })
            .unwrap_or_default()
    }
}

/// Unrolls a loop over a constant list, if its body has no tests and the text does not become too long.
pub(super) fn unrolled(body: &[Part], items: &[Vec<Vec<u8>>], comma: bool) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if comma && index > 0 {
            add_text(&mut parts, b",");
        }
        for part in body {
            match part {
                Part::Text(text) => add_text(&mut parts, text),
                Part::Value(Place::Item(slot)) => add_text(&mut parts, &item[*slot as usize]),
                Part::Value(_) => parts.push(part.clone()),
                Part::Choice(_) => return None,
            }
        }
    }
    let texts = parts.iter().map(|part| if let Part::Text(text) = part { text.len() } else { 0 });
    (texts.sum::<usize>() <= MOST_UNROLLED).then_some(parts)
}

/// Adds text, merged with a text before it.
fn add_text(parts: &mut Vec<Part>, text: &[u8]) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(Part::Text(last)) => last.extend_from_slice(text),
        _ => parts.push(Part::Text(text.to_vec())),
    }
}

/// Whether a branch can be replaced by choices: not if they have too many parts, or if values of the event would depend
/// on values of an item.
fn can_choose(asks: Place, present: &[Part], absent: &[Part]) -> bool {
    let of_item = |part: &Part| matches!(part, Part::Value(Place::Item(_)));
    let parts = present.len() + absent.len() - usize::from(both_begin(present, absent));
    parts <= MOST_CHOICES && (matches!(asks, Place::Item(_)) || !present.iter().chain(absent).any(of_item))
}

/// Whether both branches begin with text, for which one choice suffices.
fn both_begin(present: &[Part], absent: &[Part]) -> bool {
    matches!((present.first(), absent.first()), (Some(Part::Text(_)), Some(Part::Text(_))))
}

/// The parts of both branches as choices; those of the branch not taken are empty at rendering time.
fn choices(asks: Place, present: Vec<Part>, absent: Vec<Part>) -> Vec<Part> {
    let chosen = |part: Option<Part>| match part {
        Some(Part::Value(place)) => Chosen::Value(place),
        Some(Part::Text(text)) => Chosen::Text(Padded::new(&text)),
        // Parts from `plain` contain no choices.
        Some(Part::Choice(_)) | None => Chosen::Text(Padded::new(b"")),
    };
    let choice = |present, absent| Part::Choice(Choice { asks, present: chosen(present), absent: chosen(absent) });
    let both_begin = both_begin(&present, &absent);
    let (mut present, mut absent) = (present.into_iter(), absent.into_iter());
    let first = both_begin.then(|| choice(present.next(), absent.next()));
    let rest = present.map(|part| choice(Some(part), None)).chain(absent.map(|part| choice(None, Some(part))));
    first.into_iter().chain(rest).collect()
}
