//! Puts what is known, and what is made of other values, into the program itself; what nobody needs then is not made.

use crate::planner::compile::CallCompiler;
use crate::{
    bytes::Padded,
    plan::event_kind::{ItemList, Known, Make, OfEvent, Part},
    template::{Filling, Program},
};

/// Texts that are longer than this in all are not repeated for each emission.
const LONGEST: usize = 64 << 10;

/// An emission's program and the values that it takes.
pub(super) struct Inlined {
    pub program: Program,
    pub known: Vec<Known>,
    pub makes: Vec<Make>,
    pub key: Option<usize>,
    pub first_subject: Option<usize>,
}

/// A value that an emission has a use for besides its program.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub key: Option<usize>,
    pub first_subject: Option<usize>,
}

impl CallCompiler<'_> {
    /// The program in which `slots` are filled, and the makes that it still needs; `lists` count with these.
    pub(super) fn inline(
        &mut self,
        program: &Program,
        slots: &[usize],
        wanted: Wanted,
        lists: &mut [ItemList],
    ) -> Inlined {
        let (makes, same) = shared(std::mem::take(&mut self.makes), wanted.first_subject);
        let wanted = Wanted { key: wanted.key.map(|key| same[key]), ..wanted };
        let asked = program.asked();
        let inlines = program.literal_bytes() <= LONGEST;
        let filled: Vec<Vec<Filling>> = slots
            .iter()
            .enumerate()
            .map(|(slot, make)| {
                let (make, mut parts) = (same[*make], Vec::new());
                if !inlines || asked.contains(&slot) || !fill(&makes, make, wanted.first_subject, &mut parts) {
                    return vec![Filling::Value(make as u32)];
                }
                parts
            })
            .collect();
        for own in lists.iter_mut().flat_map(|list| &mut list.own) {
            own.makes = std::mem::take(&mut own.makes).into_iter().map(|make| renumbered(make, &same, true)).collect();
        }
        let is_needed = needed(&makes, &filled, wanted, lists);
        let (known, kept, numbers) = self.numbered(makes, &is_needed);
        for own in lists.iter_mut().flat_map(|list| &mut list.own) {
            own.makes =
                std::mem::take(&mut own.makes).into_iter().map(|make| renumbered(make, &numbers, true)).collect();
        }
        let renumber = |filling: Filling| match filling {
            Filling::Value(value) => Filling::Value(numbers[value as usize] as u32),
            text @ Filling::Text(_) => text,
        };
        let fillings: Vec<Vec<Filling>> =
            filled.into_iter().map(|parts| parts.into_iter().map(renumber).collect()).collect();
        let count = self.count_of(&known) + OfEvent::COUNT + kept.len();
        let fixed: Vec<_> = lists.iter().map(|list| self.fixed_items(list).filter(|_| inlines)).collect();
        let program = program.specialized(&fillings, count, &fixed);
        for (number, (list, items)) in lists.iter_mut().zip(fixed).enumerate() {
            list.placed = items.filter(|_| !program.walks(number)).map(|items| items.len());
        }
        Inlined {
            program,
            known,
            makes: kept,
            key: wanted.key.map(|key| numbers[key]),
            first_subject: wanted.first_subject.map(|subject| numbers[subject]),
        }
    }

    /// How many values the fields of these are.
    fn count_of(&self, known: &[Known]) -> usize {
        known.iter().map(|known| self.catalog.kinds[known.kind].fields.len()).sum()
    }

    /// The members whose fields are needed, the other needed values, and for all the numbers that they have now.
    fn numbered(&self, makes: Vec<Make>, is_needed: &[bool]) -> (Vec<Known>, Vec<Make>, Vec<usize>) {
        let (mut known, mut kept) = (Vec::new(), Vec::new());
        let mut numbers = vec![0; makes.len()];
        for (index, make) in makes.iter().enumerate().filter(|(index, _)| is_needed[*index]) {
            let Make::Member { role, field } = make else { continue };
            let group = known.iter().position(|known: &Known| known.role == *role).unwrap_or_else(|| {
                known.push(Known { role: *role, kind: role.kind(self.story) });
                known.len() - 1
            });
            numbers[index] = self.count_of(&known[..group]) + field;
        }
        let members = self.count_of(&known);
        for (index, make) in makes.into_iter().enumerate().filter(|(index, _)| is_needed[*index]) {
            match make {
                Make::Member { .. } => {}
                Make::OfEvent(which) => numbers[index] = members + which as usize,
                make => {
                    numbers[index] = members + OfEvent::COUNT + kept.len();
                    kept.push(renumbered(make, &numbers, false));
                }
            }
        }
        (known, kept, numbers)
    }
}

/// The same makes with texts that are known put into those that have them as parts; and for each make the first one
/// that makes the same. What `replaced` makes is another value when it is placed.
fn shared(makes: Vec<Make>, replaced: Option<usize>) -> (Vec<Make>, Vec<usize>) {
    let mut same = Vec::with_capacity(makes.len());
    let mut done: Vec<Make> = Vec::with_capacity(makes.len());
    for (index, make) in makes.into_iter().enumerate() {
        let make = match renumbered(make, &same, false) {
            Make::Text(parts) => joined(parts, &done, replaced),
            other => other,
        };
        let first = done.iter().position(|earlier| *earlier == make);
        same.push(first.filter(|first| ![Some(index), Some(*first)].contains(&replaced)).unwrap_or(index));
        done.push(make);
    }
    (done, same)
}

/// A text whose parts are known as far as can be.
fn joined(parts: Vec<Part>, makes: &[Make], replaced: Option<usize>) -> Make {
    let mut flat: Vec<Part> = Vec::new();
    for part in parts {
        let inner = match &part {
            Part::Event(index) if replaced != Some(*index) => match &makes[*index] {
                Make::Fixed(text) => vec![Part::Literal(text.clone())],
                Make::Text(inner) if inner.len() < 4 => inner.clone(),
                _ => vec![part],
            },
            _ => vec![part],
        };
        for part in inner {
            match (flat.last_mut(), part) {
                (Some(Part::Literal(before)), Part::Literal(text)) => {
                    *before = Padded::new(&[before.bytes(), text.bytes()].concat());
                }
                (_, part) => flat.push(part),
            }
        }
    }
    match flat.as_slice() {
        [] => Make::Fixed(Padded::new(b"")),
        [Part::Literal(text)] => Make::Fixed(text.clone()),
        parts => drawn_within(parts, makes).unwrap_or(Make::Text(flat)),
    }
}

/// Drawn characters with texts around them are drawn at once.
fn drawn_within(parts: &[Part], makes: &[Make]) -> Option<Make> {
    let (before, index, after) = match parts {
        [Part::Literal(before), Part::Event(index)] => (before.bytes(), *index, &b""[..]),
        [Part::Event(index), Part::Literal(after)] => (&b""[..], *index, after.bytes()),
        [Part::Literal(before), Part::Event(index), Part::Literal(after)] => (before.bytes(), *index, after.bytes()),
        _ => return None,
    };
    match &makes[index] {
        Make::Pattern { pattern, draw } => {
            Some(Make::Pattern { pattern: Box::new(pattern.within(before, after)), draw: *draw })
        }
        _ => None,
    }
}

/// Which values somebody needs.
fn needed(makes: &[Make], filled: &[Vec<Filling>], wanted: Wanted, lists: &[ItemList]) -> Vec<bool> {
    let mut is_needed = vec![false; makes.len()];
    let values = filled.iter().flatten().filter_map(|filling| match filling {
        Filling::Value(value) => Some(*value as usize),
        Filling::Text(_) => None,
    });
    values.chain(wanted.key).chain(wanted.first_subject).for_each(|make| is_needed[make] = true);
    for part in lists.iter().flat_map(|list| &list.own).flat_map(|own| &own.makes).flat_map(parts) {
        if let Part::Event(index) = part {
            is_needed[*index] = true;
        }
    }
    // A value uses only those before it.
    for (index, make) in makes.iter().enumerate().rev() {
        if is_needed[index] {
            for used in uses(make) {
                is_needed[used] = true;
            }
        }
    }
    is_needed
}

/// What a value is made of, as far as that is known; false if it cannot be put together elsewhere.
fn fill(makes: &[Make], make: usize, replaced: Option<usize>, out: &mut Vec<Filling>) -> bool {
    if Some(make) == replaced {
        // Is another one when it is placed.
        return false;
    }
    match &makes[make] {
        Make::Fixed(text) => out.push(Filling::Text(text.bytes().to_vec())),
        Make::Text(parts) => {
            for part in parts {
                match part {
                    Part::Literal(literal) => out.push(Filling::Text(literal.bytes().to_vec())),
                    Part::Event(index) => {
                        if !fill(makes, *index, replaced, out) {
                            return false;
                        }
                    }
                    Part::Item(_) => return false,
                }
            }
        }
        _ => out.push(Filling::Value(make as u32)),
    }
    true
}

fn parts(make: &Make) -> &[Part] {
    match make {
        Make::Text(parts) => parts,
        _ => &[],
    }
}

/// The values of the event that a value of the event needs.
fn uses(make: &Make) -> Vec<usize> {
    match make {
        Make::Text(parts) => {
            let events = parts.iter().filter_map(|part| match part {
                Part::Event(index) => Some(*index),
                Part::Literal(_) | Part::Item(_) => None,
            });
            events.collect()
        }
        Make::Replaced { original, .. } => vec![*original],
        Make::Select { cases, .. } => cases.clone(),
        Make::Ramp { up_to, .. } => vec![*up_to],
        _ => Vec::new(),
    }
}

/// The same with other numbers for the event's values; an item's own values keep theirs.
fn renumbered(mut make: Make, numbers: &[usize], of_item: bool) -> Make {
    match &mut make {
        Make::Text(parts) => {
            for part in parts {
                if let Part::Event(index) = part {
                    *index = numbers[*index];
                }
            }
        }
        Make::Replaced { original, .. } if !of_item => *original = numbers[*original],
        Make::Select { cases, .. } if !of_item => cases.iter_mut().for_each(|case| *case = numbers[*case]),
        Make::Ramp { up_to, .. } if !of_item => *up_to = numbers[*up_to],
        _ => {}
    }
    make
}
