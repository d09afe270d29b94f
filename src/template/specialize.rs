//! Programs for events of which some is known before they are rendered.
//!
//! A value that is the same in all events becomes literal text, a value that is others put together is replaced by those,
//! so that it is not put together first and copied then, and a question whether something is null becomes a choice of
//! texts: a processor guesses a question's answer, and pays for a wrong guess as much as for ten pieces.

use std::collections::{BTreeSet, HashMap};

use super::{
    Program,
    choice::{Choice, Chosen},
    decide::{Place, Test},
    ops::Op,
    piece::{LiteralsBuilder, Padded},
};

/// A part of what a slot is filled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filling {
    /// The same text in all events, escaped.
    Text(Vec<u8>),
    /// The value of that number.
    Value(u32),
}

/// The most text of a list's items that becomes literal.
const MOST_UNROLLED: usize = 64 << 10;

/// For each item of a list the texts that its slots are filled with, escaped.
pub type FixedItems = Vec<Vec<Vec<u8>>>;

/// The most parts that a choice of texts may have: all are copied, and some are empty.
const MOST_CHOICES: usize = 4;

impl Program {
    /// The slots whose values are asked about, or may be null: they cannot be put together by the program.
    pub fn asked(&self) -> BTreeSet<usize> {
        let mut asked = BTreeSet::new();
        for op in &self.ops {
            if let Op::TextOrNull { slot } = op {
                asked.insert(*slot as usize);
            }
        }
        self.tests.iter().for_each(|test| test.slots(&mut asked));
        asked
    }

    /// The same program, for `count` values that are numbered otherwise: slot `slot` is filled with `fillings[slot]`, one
    /// behind another. A slot that is [`asked`](Self::asked) about has one value. `items` are those of lists that are the
    /// same in all events.
    #[must_use]
    pub fn specialized(&self, fillings: &[Vec<Filling>], count: usize, items: &[Option<FixedItems>]) -> Program {
        let program = Program {
            slots: self.slots.clone(),
            lists: self.lists.clone(),
            item_choices: vec![Vec::new(); self.lists.len()],
            values: count,
            ..Program::default()
        };
        let mut work = Work {
            of: self,
            fillings,
            fixed: items,
            literals: LiteralsBuilder::default(),
            program,
            list: 0,
            known: HashMap::new(),
            open: Open::Nothing,
            pending: None,
        };
        work.all();
        work.program.tests = self.tests.iter().map(|test| work.test(test)).collect();
        Program { literals: work.literals.finish(), ..work.program }
    }
}

struct Work<'a> {
    of: &'a Program,
    fillings: &'a [Vec<Filling>],
    fixed: &'a [Option<FixedItems>],
    literals: LiteralsBuilder,
    program: Program,
    /// The list that is walked.
    list: usize,
    /// Where each choice is among those of its list, or of the event.
    known: HashMap<(Option<usize>, Choice), usize>,
    /// The run of pairs that goes on.
    open: Open,
    /// Where the literal begins that no operation covers yet.
    pending: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    /// One with values of the event.
    Event,
    /// One with values of the item.
    Item,
    /// One for all items of a list, with values of both.
    Items,
}

/// A part of what is appended, whatever the answers to any questions are.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(Vec<u8>),
    /// A value of the event or of the item.
    Value(Place),
    Choice(Choice),
}

impl Op {
    /// Where it may go on instead of at the next.
    fn goes_to(self) -> Option<usize> {
        match self {
            Op::Branch { otherwise: to, .. }
            | Op::BranchNull { otherwise: to, .. }
            | Op::Jump { to }
            | Op::Each { end: to, .. }
            | Op::Next { body: to, .. } => Some(to as usize),
            _ => None,
        }
    }
}

impl Work<'_> {
    fn all(&mut self) {
        let ops = self.of.ops.as_slice();
        let entered = self.entered();
        let mut places = vec![0; ops.len() + 1];
        let mut at = 0;
        while at < ops.len() {
            if entered.contains(&at) {
                self.flush();
            }
            places[at] = self.program.ops.len() as u32;
            at = match self.items(at).or_else(|| self.straight(at).map(|(parts, end)| self.append(parts, end))) {
                Some(end) => end,
                None => {
                    self.flush();
                    places[at] = self.program.ops.len() as u32;
                    self.other(ops[at]);
                    at + 1
                }
            };
        }
        self.flush();
        places[ops.len()] = self.program.ops.len() as u32;
        for op in &mut self.program.ops {
            if let Op::Branch { otherwise: to, .. }
            | Op::BranchNull { otherwise: to, .. }
            | Op::Jump { to }
            | Op::Each { end: to, .. }
            | Op::Next { body: to, .. } = op
            {
                *to = places[*to as usize];
            }
        }
    }

    /// Operations that others go to: they begin something new.
    fn entered(&self) -> BTreeSet<usize> {
        let (mut entered, mut at) = (BTreeSet::new(), 0);
        while let Some(op) = self.of.ops.get(at) {
            // What is straight goes nowhere.
            match self.straight(at) {
                Some((_, end)) => at = end,
                None => {
                    entered.extend(op.goes_to());
                    at += 1;
                }
            }
        }
        entered
    }

    /// What the operation at `at` appends, or the question that begins there, and where it ends, if that can be said
    /// without asking.
    fn straight(&self, at: usize) -> Option<(Vec<Part>, usize)> {
        if let Some(parts) = self.plain(at, at + 1) {
            return Some((parts, at + 1));
        }
        match self.of.ops[at] {
            op @ (Op::TextOrNull { slot } | Op::TextOrNullItem { slot }) => {
                let of_item = matches!(op, Op::TextOrNullItem { .. });
                let value = if of_item { Place::Item(slot) } else { Place::Slot(self.value(slot)) };
                let text = |text: &[u8]| Part::Text(text.to_vec());
                let present = vec![text(b"\""), Part::Value(value), text(b"\"")];
                Some((choices(value, present, vec![text(b"null")])?, at + 1))
            }
            Op::Branch { test, otherwise } => {
                let otherwise = otherwise as usize;
                let (place, is_null) = match &self.of.tests[test as usize] {
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
                let (then_end, end) = match self.of.ops[otherwise - 1] {
                    Op::Jump { to } if to as usize >= otherwise => (otherwise - 1, to as usize),
                    _ => (otherwise, otherwise),
                };
                let (then, other) = (self.plain(at + 1, then_end)?, self.plain(otherwise, end)?);
                let (present, absent) = if is_null { (other, then) } else { (then, other) };
                Some((choices(asks, present, absent)?, end))
            }
            _ => None,
        }
    }

    /// What operations append that ask nothing, if these are such.
    fn plain(&self, start: usize, end: usize) -> Option<Vec<Part>> {
        let mut parts = Vec::new();
        for op in &self.of.ops[start..end] {
            match *op {
                Op::Run(run) => {
                    for (literal, slot) in self.of.literals.pairs(run) {
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
                    for (literal, slot) in self.of.literals.pairs(run) {
                        add_text(&mut parts, literal);
                        parts.push(Part::Value(Place::Item(slot)));
                    }
                }
                Op::Literal { start, length } => add_text(&mut parts, self.of.literals.piece(start, length).bytes()),
                _ => return None,
            }
        }
        Some(parts)
    }

    /// Adds a list whose items ask no questions, if one begins here; says where it ends.
    fn items(&mut self, at: usize) -> Option<usize> {
        let Op::Each { list, .. } = self.of.ops[at] else { return None };
        let (mut body, mut end) = (Vec::new(), at + 1);
        let comma = loop {
            if let Op::Next { comma, .. } = self.of.ops[end] {
                break comma;
            }
            let (parts, behind) = self.straight(end)?;
            body.extend(parts);
            end = behind;
        };
        if let Some(items) = self.fixed.get(list as usize).and_then(Option::as_ref)
            && let Some(parts) = unrolled(&body, items, comma)
        {
            return Some(self.append(parts, end + 1));
        }
        self.flush();
        let run = self.literals.begin();
        (self.list, self.open) = (list as usize, Open::Items);
        self.append(body, end);
        self.literals.end_items(comma);
        (self.open, self.pending) = (Open::Nothing, None);
        self.program.ops.push(Op::Items { list, run });
        Some(end + 1)
    }

    fn append(&mut self, parts: Vec<Part>, end: usize) -> usize {
        for part in parts {
            match part {
                Part::Text(text) => {
                    self.pending.get_or_insert(self.literals.len());
                    self.literals.push(&text);
                }
                Part::Value(place) => self.pair(place),
                Part::Choice(choice) => {
                    let place = self.chosen(choice);
                    self.pair(place);
                }
            }
        }
        end
    }

    /// A literal, which may be empty, and a value.
    fn pair(&mut self, place: Place) {
        let (kind, slot) = match place {
            Place::Item(slot) => (Open::Item, slot),
            Place::Slot(slot) => (Open::Event, slot),
            Place::Index | Place::Literal(..) => return,
        };
        let start = self.pending.take().unwrap_or(self.literals.len()) as u32;
        if self.open == Open::Items {
            if kind == Open::Item {
                self.literals.item_pair(start, slot);
            } else {
                self.literals.pair(start, slot);
            }
            return;
        }
        if self.open != kind {
            let run = self.literals.begin();
            self.program.ops.push(if kind == Open::Item { Op::RunItem(run) } else { Op::Run(run) });
            self.open = kind;
        }
        self.literals.pair(start, slot);
    }

    /// Where the value lies that is chosen: behind all others.
    fn chosen(&mut self, choice: Choice) -> Place {
        let of_item = matches!(choice.asks, Place::Item(_));
        let (choices, first) = if of_item {
            (&mut self.program.item_choices[self.list], self.program.lists[self.list].slots.len())
        } else {
            (&mut self.program.choices, self.program.values)
        };
        let index = *self.known.entry((of_item.then_some(self.list), choice)).or_insert_with_key(|(_, choice)| {
            choices.push(choice.clone());
            choices.len() - 1
        });
        let slot = (first + index) as u32;
        if of_item { Place::Item(slot) } else { Place::Slot(slot) }
    }

    /// Ends the literal and the run that go on: what follows is no part of them.
    fn flush(&mut self) {
        if let Some(start) = self.pending.take() {
            let length = self.literals.len() - start;
            if length > 0 && (self.open == Open::Nothing || !self.literals.lengthen(start)) {
                self.program.ops.push(Op::Literal { start: start as u32, length: length as u32 });
            }
        }
        self.open = Open::Nothing;
    }

    /// An operation that asks something.
    fn other(&mut self, op: Op) {
        let op = match op {
            Op::Branch { test, otherwise } => match &self.of.tests[test as usize] {
                Test::IsNull(Place::Slot(slot)) => {
                    Op::BranchNull { slot: self.value(*slot), if_null: false, otherwise }
                }
                Test::Not(inner) => match **inner {
                    Test::IsNull(Place::Slot(slot)) => {
                        Op::BranchNull { slot: self.value(slot), if_null: true, otherwise }
                    }
                    _ => op,
                },
                _ => op,
            },
            Op::Each { list, .. } => {
                self.list = list as usize;
                op
            }
            // Whatever appends text and values is straight. The others are as they were, or made here and nowhere else: no
            // program is specialized twice.
            _ => op,
        };
        self.program.ops.push(op);
    }

    /// The value of a slot that has just one.
    fn value(&self, slot: u32) -> u32 {
        self.fillings[slot as usize]
            .iter()
            .find_map(|filling| match filling {
                Filling::Value(value) => Some(*value),
                Filling::Text(_) => None,
            })
            .unwrap_or_default()
    }

    fn test(&mut self, test: &Test) -> Test {
        match test {
            Test::Truthy(place, scalar) => Test::Truthy(self.place(*place), *scalar),
            Test::Filled(list) => Test::Filled(*list),
            Test::IsNull(place) => Test::IsNull(self.place(*place)),
            Test::Compare(left, comparison, right, scalar) => {
                Test::Compare(self.place(*left), *comparison, self.place(*right), *scalar)
            }
            Test::Not(inner) => Test::Not(Box::new(self.test(inner))),
            Test::All(parts) => Test::All(parts.iter().map(|part| self.test(part)).collect()),
            Test::Any(parts) => Test::Any(parts.iter().map(|part| self.test(part)).collect()),
        }
    }

    fn place(&mut self, place: Place) -> Place {
        match place {
            Place::Slot(slot) => Place::Slot(self.value(slot)),
            Place::Literal(start, length) => {
                let begin = self.literals.len() as u32;
                self.literals.push(self.of.literals.piece(start, length).bytes());
                Place::Literal(begin, length)
            }
            Place::Item(_) | Place::Index => place,
        }
    }
}

/// A list's items, one behind another, if they ask nothing and are not too many.
fn unrolled(body: &[Part], items: &[Vec<Vec<u8>>], comma: bool) -> Option<Vec<Part>> {
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

/// Text goes on where text ends.
fn add_text(parts: &mut Vec<Part>, text: &[u8]) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(Part::Text(last)) => last.extend_from_slice(text),
        _ => parts.push(Part::Text(text.to_vec())),
    }
}

/// The parts of both answers, of which those of one will be empty; none if they are too many, or if the event's values
/// would depend on an item's.
fn choices(asks: Place, present: Vec<Part>, absent: Vec<Part>) -> Option<Vec<Part>> {
    let both_begin = matches!((present.first(), absent.first()), (Some(Part::Text(_)), Some(Part::Text(_))));
    if present.len() + absent.len() - usize::from(both_begin) > MOST_CHOICES {
        return None;
    }
    let is_of_item = |part: &Part| matches!(part, Part::Value(Place::Item(_)));
    if matches!(asks, Place::Slot(_)) && present.iter().chain(&absent).any(is_of_item) {
        return None;
    }
    let chosen = |part: Option<Part>| match part {
        Some(Part::Value(place)) => Some(Chosen::Value(place)),
        Some(Part::Text(text)) => Some(Chosen::Text(Padded::new(&text))),
        // Choices do not nest.
        Some(Part::Choice(_)) => None,
        None => Some(Chosen::Text(Padded::new(b""))),
    };
    let choice =
        |present, absent| Some(Part::Choice(Choice { asks, present: chosen(present)?, absent: chosen(absent)? }));
    let (mut present, mut absent) = (present.into_iter(), absent.into_iter());
    let first = both_begin.then(|| choice(present.next(), absent.next()));
    let present = present.map(|part| choice(Some(part), None)).collect::<Vec<_>>();
    let absent = absent.map(|part| choice(None, Some(part)));
    first.into_iter().chain(present).chain(absent).collect()
}

impl Test {
    fn slots(&self, found: &mut BTreeSet<usize>) {
        let mut add = |place: &Place| {
            if let Place::Slot(slot) = place {
                found.insert(*slot as usize);
            }
        };
        match self {
            Test::Truthy(place, _) | Test::IsNull(place) => add(place),
            Test::Compare(left, _, right, _) => {
                add(left);
                add(right);
            }
            Test::Filled(_) => {}
            Test::Not(inner) => inner.slots(found),
            Test::All(parts) | Test::Any(parts) => parts.iter().for_each(|part| part.slots(found)),
        }
    }
}
