//! Inlining: copies constants, and texts composed of other values, into the program, and removes unused values.

use crate::{
    bytes::Padded,
    plan::event_kind::{ItemList, MemberValues, Part, PerEvent, ValueSource},
    planner::compile::CallCompiler,
    template::{Filling, Program},
};

/// Inline only into programs whose literals have at most this many bytes, because the copies are made for every event
/// kind.
const LONGEST: usize = 64 << 10;

/// The program of an event kind after inlining, and the values that it still uses.
pub(super) struct Inlined {
    pub(crate) program: Program,
    pub(crate) known: Vec<MemberValues>,
    pub(crate) value_sources: Vec<ValueSource>,
    pub(crate) key: Option<usize>,
    pub(crate) first_subject: Option<usize>,
}

/// Values that are needed besides those in the program.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(crate) key: Option<usize>,
    pub(crate) first_subject: Option<usize>,
}

impl CallCompiler<'_> {
    /// Fills `slots` in the program, and returns it with the value sources still in use; renumbers `lists` accordingly.
    pub(super) fn inline(
        &mut self,
        program: &Program,
        slots: &[usize],
        wanted: Wanted,
        lists: &mut [ItemList],
    ) -> Inlined {
        let (value_sources, same) = shared(std::mem::take(&mut self.value_sources), wanted.first_subject);
        let wanted = Wanted { key: wanted.key.map(|key| same[key]), ..wanted };
        let asked = program.asked();
        let inlines = program.literal_bytes() <= LONGEST;
        let filled: Vec<Vec<Filling>> = slots
            .iter()
            .enumerate()
            .map(|(slot, source)| {
                let (source, mut parts) = (same[*source], Vec::new());
                if !inlines || asked.contains(&slot) || !fill(&value_sources, source, wanted.first_subject, &mut parts)
                {
                    return vec![Filling::Value(source as u32)];
                }
                parts
            })
            .collect();
        for own in lists.iter_mut().flat_map(|list| &mut list.own) {
            own.value_sources = std::mem::take(&mut own.value_sources)
                .into_iter()
                .map(|source| renumbered(source, &same, true))
                .collect();
        }
        let is_needed = needed(&value_sources, &filled, wanted, lists);
        let (known, kept, numbers) = self.numbered(value_sources, &is_needed);
        for own in lists.iter_mut().flat_map(|list| &mut list.own) {
            own.value_sources = std::mem::take(&mut own.value_sources)
                .into_iter()
                .map(|source| renumbered(source, &numbers, true))
                .collect();
        }
        let renumber = |filling: Filling| match filling {
            Filling::Value(value) => Filling::Value(numbers[value as usize] as u32),
            text @ Filling::Text(_) => text,
        };
        let fillings: Vec<Vec<Filling>> =
            filled.into_iter().map(|parts| parts.into_iter().map(renumber).collect()).collect();
        let count = self.count_of(&known) + PerEvent::COUNT + kept.len();
        let fixed: Vec<_> = lists.iter().map(|list| self.fixed_items(list).filter(|_| inlines)).collect();
        let program = program.specialized(&fillings, count, &fixed);
        for (number, (list, items)) in lists.iter_mut().zip(fixed).enumerate() {
            list.placed = items.filter(|_| !program.walks(number)).map(|items| items.len());
        }
        Inlined {
            program,
            known,
            value_sources: kept,
            key: wanted.key.map(|key| numbers[key]),
            first_subject: wanted.first_subject.map(|subject| numbers[subject]),
        }
    }

    /// The number of fields that these members have in all.
    fn count_of(&self, known: &[MemberValues]) -> usize {
        known.iter().map(|known| self.catalog.kinds[known.kind].fields.len()).sum()
    }

    /// The members with needed fields, the other needed value sources, and for each old index the new one.
    fn numbered(
        &self,
        value_sources: Vec<ValueSource>,
        is_needed: &[bool],
    ) -> (Vec<MemberValues>, Vec<ValueSource>, Vec<usize>) {
        let (mut known, mut kept) = (Vec::new(), Vec::new());
        let mut numbers = vec![0; value_sources.len()];
        for (index, source) in value_sources.iter().enumerate().filter(|(index, _)| is_needed[*index]) {
            let ValueSource::Member { role, field } = source else { continue };
            let group = known.iter().position(|known: &MemberValues| known.role == *role).unwrap_or_else(|| {
                known.push(MemberValues { role: *role, kind: role.kind(self.scenario) });
                known.len() - 1
            });
            numbers[index] = self.count_of(&known[..group]) + field;
        }
        let members = self.count_of(&known);
        for (index, source) in value_sources.into_iter().enumerate().filter(|(index, _)| is_needed[*index]) {
            match source {
                ValueSource::Member { .. } => {}
                ValueSource::PerEvent(which) => numbers[index] = members + which as usize,
                source => {
                    numbers[index] = members + PerEvent::COUNT + kept.len();
                    kept.push(renumbered(source, &numbers, false));
                }
            }
        }
        (known, kept, numbers)
    }
}

/// Removes duplicates: merges constant parts into texts, and returns for each value source the index of the first one
/// that is equal. The value `replaced` is never merged, because placing the event may replace it.
fn shared(value_sources: Vec<ValueSource>, replaced: Option<usize>) -> (Vec<ValueSource>, Vec<usize>) {
    let mut same = Vec::with_capacity(value_sources.len());
    let mut done: Vec<ValueSource> = Vec::with_capacity(value_sources.len());
    for (index, source) in value_sources.into_iter().enumerate() {
        let source = match renumbered(source, &same, false) {
            ValueSource::Text(parts) => joined(parts, &done, replaced),
            other => other,
        };
        let first = done.iter().position(|earlier| *earlier == source);
        same.push(first.filter(|first| ![Some(index), Some(*first)].contains(&replaced)).unwrap_or(index));
        done.push(source);
    }
    (done, same)
}

/// A text with constant parts joined and nested texts flattened.
fn joined(parts: Vec<Part>, value_sources: &[ValueSource], replaced: Option<usize>) -> ValueSource {
    let mut flat: Vec<Part> = Vec::new();
    for part in parts {
        let inner = match &part {
            Part::Event(index) if replaced != Some(*index) => match &value_sources[*index] {
                ValueSource::Fixed(text) => vec![Part::Literal(text.clone())],
                ValueSource::Text(inner) if inner.len() < 4 => inner.clone(),
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
        [] => ValueSource::Fixed(Padded::new(b"")),
        [Part::Literal(text)] => ValueSource::Fixed(text.clone()),
        parts => drawn_within(parts, value_sources).unwrap_or(ValueSource::Text(flat)),
    }
}

/// A draw of characters with constant texts before or after it, as a single value source.
fn drawn_within(parts: &[Part], value_sources: &[ValueSource]) -> Option<ValueSource> {
    let (before, index, after) = match parts {
        [Part::Literal(before), Part::Event(index)] => (before.bytes(), *index, &b""[..]),
        [Part::Event(index), Part::Literal(after)] => (&b""[..], *index, after.bytes()),
        [Part::Literal(before), Part::Event(index), Part::Literal(after)] => (before.bytes(), *index, after.bytes()),
        _ => return None,
    };
    match &value_sources[index] {
        ValueSource::Pattern { pattern, draw } => {
            Some(ValueSource::Pattern { pattern: Box::new(pattern.within(before, after)), draw: *draw })
        }
        _ => None,
    }
}

/// Which values are used by the program, a list or another used value.
fn needed(value_sources: &[ValueSource], filled: &[Vec<Filling>], wanted: Wanted, lists: &[ItemList]) -> Vec<bool> {
    let mut is_needed = vec![false; value_sources.len()];
    let values = filled.iter().flatten().filter_map(|filling| match filling {
        Filling::Value(value) => Some(*value as usize),
        Filling::Text(_) => None,
    });
    values.chain(wanted.key).chain(wanted.first_subject).for_each(|source| is_needed[source] = true);
    for part in lists.iter().flat_map(|list| &list.own).flat_map(|own| &own.value_sources).flat_map(parts) {
        if let Part::Event(index) = part {
            is_needed[*index] = true;
        }
    }
    // A value uses only values that precede it.
    for (index, source) in value_sources.iter().enumerate().rev() {
        if is_needed[index] {
            for used in uses(source) {
                is_needed[used] = true;
            }
        }
    }
    is_needed
}

/// Appends the parts of a value; returns false if it cannot be composed in the program.
fn fill(value_sources: &[ValueSource], source: usize, replaced: Option<usize>, out: &mut Vec<Filling>) -> bool {
    if Some(source) == replaced {
        // Its value may change when the event is placed.
        return false;
    }
    match &value_sources[source] {
        ValueSource::Fixed(text) => out.push(Filling::Text(text.bytes().to_vec())),
        ValueSource::Text(parts) => {
            for part in parts {
                match part {
                    Part::Literal(literal) => out.push(Filling::Text(literal.bytes().to_vec())),
                    Part::Event(index) => {
                        if !fill(value_sources, *index, replaced, out) {
                            return false;
                        }
                    }
                    Part::Item(_) => return false,
                }
            }
        }
        _ => out.push(Filling::Value(source as u32)),
    }
    true
}

fn parts(source: &ValueSource) -> &[Part] {
    match source {
        ValueSource::Text(parts) => parts,
        _ => &[],
    }
}

/// The event's values that a value uses.
fn uses(source: &ValueSource) -> Vec<usize> {
    match source {
        ValueSource::Text(parts) => {
            let events = parts.iter().filter_map(|part| match part {
                Part::Event(index) => Some(*index),
                Part::Literal(_) | Part::Item(_) => None,
            });
            events.collect()
        }
        ValueSource::Replaced { original, .. } => vec![*original],
        ValueSource::Select { cases, .. } => cases.clone(),
        ValueSource::Ramp { up_to, .. } => vec![*up_to],
        _ => Vec::new(),
    }
}

/// The value source with the event's values renumbered; an item's values keep their numbers.
fn renumbered(mut source: ValueSource, numbers: &[usize], of_item: bool) -> ValueSource {
    match &mut source {
        ValueSource::Text(parts) => {
            for part in parts {
                if let Part::Event(index) = part {
                    *index = numbers[*index];
                }
            }
        }
        ValueSource::Replaced { original, .. } if !of_item => *original = numbers[*original],
        ValueSource::Select { cases, .. } if !of_item => cases.iter_mut().for_each(|case| *case = numbers[*case]),
        ValueSource::Ramp { up_to, .. } if !of_item => *up_to = numbers[*up_to],
        _ => {}
    }
    source
}
