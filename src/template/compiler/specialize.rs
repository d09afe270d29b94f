//! Partial evaluation: specializes a program for an event kind, for which some values are known before rendering.
//!
//! A constant value becomes literal text. A composed value is replaced by its parts, so that it need not be
//! concatenated before it is copied. A test for null becomes a choice between texts without a branch, because one
//! mispredicted branch costs as much as copying ten slices.

mod straight_line;

use std::collections::{BTreeSet, HashMap};

use crate::{
    bytes::LiteralsBuilder,
    template::program::{Choice, Op, Place, Program, Test},
};
use straight_line::{Filled, Part, unrolled};

/// A part of a slot's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filling {
    /// Constant text, escaped.
    Text(Vec<u8>),
    /// Index of a value.
    Value(u32),
}

/// A list that is the same in all events: for each item, for each slot, the escaped text.
pub type FixedItems = Vec<Vec<Vec<u8>>>;

impl Program {
    /// Slots whose values are tested or may be null: each must remain one value, not parts.
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

    /// Specializes the program for `count` values with other indices: slot `slot` is the concatenation of
    /// `fillings[slot]`. A slot that is [tested](Self::asked) must be filled by a single value. `items` has the lists
    /// that are the same in all events.
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
            of: Filled { program: self, fillings },
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
    of: Filled<'a>,
    fixed: &'a [Option<FixedItems>],
    literals: LiteralsBuilder,
    program: Program,
    /// The list whose items are being compiled.
    list: usize,
    /// Index of each choice among those of its list, or of the event (`None`).
    known: HashMap<(Option<usize>, Choice), usize>,
    /// The run of pairs that can be extended.
    open: Open,
    /// Start of the literal bytes that no operation covers yet.
    pending: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    /// A run with values of the event.
    Event,
    /// A run with values of the item.
    Item,
    /// A run for all items of a list, with values of both.
    Items,
}

impl Op {
    /// The jump target, if the operation can jump.
    fn goes_to(&mut self) -> Option<&mut u32> {
        match self {
            Op::Branch { otherwise: to, .. }
            | Op::BranchNull { otherwise: to, .. }
            | Op::Jump { to }
            | Op::Each { end: to, .. }
            | Op::Next { body: to, .. } => Some(to),
            _ => None,
        }
    }
}

impl Work<'_> {
    fn all(&mut self) {
        let ops = self.of.program.ops.as_slice();
        let entered = self.entered();
        let mut places = vec![0; ops.len() + 1];
        let mut at = 0;
        while at < ops.len() {
            if entered.contains(&at) {
                self.flush();
            }
            places[at] = self.program.ops.len() as u32;
            if let Some(end) = self.items(at) {
                at = end;
            } else if let Some((parts, end)) = self.of.straight(at) {
                self.append(parts);
                at = end;
            } else {
                self.flush();
                self.other(ops[at]);
                at += 1;
            }
        }
        self.flush();
        places[ops.len()] = self.program.ops.len() as u32;
        for to in self.program.ops.iter_mut().filter_map(Op::goes_to) {
            *to = places[*to as usize];
        }
    }

    /// Jump targets: a run of pairs must not extend across them.
    fn entered(&self) -> BTreeSet<usize> {
        let (mut entered, mut at) = (BTreeSet::new(), 0);
        while let Some(mut op) = self.of.program.ops.get(at).copied() {
            // Straight-line code has no jumps.
            match self.of.straight(at) {
                Some((_, end)) => at = end,
                None => {
                    entered.extend(op.goes_to().map(|to| *to as usize));
                    at += 1;
                }
            }
        }
        entered
    }

    /// Compiles a list whose items contain no tests, if one begins at `at`; returns the operation after it.
    fn items(&mut self, at: usize) -> Option<usize> {
        let Op::Each { list, .. } = self.of.program.ops[at] else { return None };
        let (mut body, mut end) = (Vec::new(), at + 1);
        let comma = loop {
            if let Op::Next { comma, .. } = self.of.program.ops[end] {
                break comma;
            }
            let (parts, next) = self.of.straight(end)?;
            body.extend(parts);
            end = next;
        };
        if let Some(items) = self.fixed.get(list as usize).and_then(Option::as_ref)
            && let Some(parts) = unrolled(&body, items, comma)
        {
            self.append(parts);
            return Some(end + 1);
        }
        self.flush();
        let run = self.literals.begin();
        (self.list, self.open) = (list as usize, Open::Items);
        self.append(body);
        self.literals.end_items(comma);
        (self.open, self.pending) = (Open::Nothing, None);
        self.program.ops.push(Op::Items { list, run });
        Some(end + 1)
    }

    /// Appends parts to the open literal and run.
    fn append(&mut self, parts: Vec<Part>) {
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
    }

    /// Adds a pair: the pending literal, which may be empty, and a value.
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

    /// Index of the chosen value, which comes after all other values.
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

    /// Ends the pending literal and the open run.
    fn flush(&mut self) {
        if let Some(start) = self.pending.take() {
            let length = self.literals.len() - start;
            if length > 0 && (self.open == Open::Nothing || !self.literals.lengthen(start)) {
                self.program.ops.push(Op::Literal { start: start as u32, length: length as u32 });
            }
        }
        self.open = Open::Nothing;
    }

    /// Translates an operation that tests something.
    fn other(&mut self, op: Op) {
        let op = match op {
            Op::Branch { test, otherwise } => match &self.of.program.tests[test as usize] {
                Test::IsNull(Place::Slot(slot)) => {
                    Op::BranchNull { slot: self.of.value(*slot), if_null: false, otherwise }
                }
                Test::Not(inner) => match **inner {
                    Test::IsNull(Place::Slot(slot)) => {
                        Op::BranchNull { slot: self.of.value(slot), if_null: true, otherwise }
                    }
                    _ => op,
                },
                _ => op,
            },
            Op::Each { list, .. } => {
                self.list = list as usize;
                op
            }
            // Operations that append texts and values were handled as straight-line code. The remaining ones stay as
            // they are, or occur only in specialized programs, which are never specialized again.
            _ => op,
        };
        self.program.ops.push(op);
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
            Place::Slot(slot) => Place::Slot(self.of.value(slot)),
            Place::Literal(start, length) => {
                let begin = self.literals.len() as u32;
                self.literals.push(self.of.program.literals.slice(start, length).bytes());
                Place::Literal(begin, length)
            }
            Place::Item(_) | Place::Index => place,
        }
    }
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
