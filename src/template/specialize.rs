//! Programs for events of which some is known before they are rendered.
//!
//! A value that is the same in all events becomes literal text, and a value that is others put together is replaced by
//! those, so that it is not put together first and copied then.

use std::collections::BTreeSet;

use super::{
    Program,
    decide::{Place, Test},
    ops::Op,
    piece::LiteralsBuilder,
};

/// A part of what a slot is filled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filling {
    /// The same text in all events, escaped.
    Text(Vec<u8>),
    /// The value of that number.
    Value(u32),
}

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

    /// The same program, for values that are numbered otherwise: slot `slot` is filled with `fillings[slot]`, one behind
    /// another. A slot that is [`asked`](Self::asked) about has one value.
    #[must_use]
    pub fn specialized(&self, fillings: &[Vec<Filling>]) -> Program {
        let mut work =
            Work { of: self, fillings, literals: LiteralsBuilder::default(), ops: Vec::new(), entered: false };
        let entered: BTreeSet<usize> = self.ops.iter().filter_map(|op| op.goes_to()).collect();
        let mut places = Vec::with_capacity(self.ops.len() + 1);
        let mut ops = self.ops.as_slice();
        while let [op, rest @ ..] = ops {
            let taken = work.items(ops);
            // Nobody goes to an operation of a list's body but those in it.
            places.resize(places.len() + taken.max(1), work.ops.len() as u32 - u32::from(taken > 0));
            if taken == 0 {
                work.entered = entered.contains(&(self.ops.len() - ops.len()));
                work.add(*op);
            }
            ops = &rest[taken.saturating_sub(1)..];
        }
        places.push(work.ops.len() as u32);
        for op in &mut work.ops {
            if let Op::Branch { otherwise: to, .. }
            | Op::BranchNull { otherwise: to, .. }
            | Op::Jump { to }
            | Op::Each { end: to, .. }
            | Op::Next { body: to, .. } = op
            {
                *to = places[*to as usize];
            }
        }
        let tests = self.tests.iter().map(|test| work.test(test)).collect();
        Program {
            ops: work.ops,
            literals: work.literals.finish(),
            tests,
            slots: self.slots.clone(),
            lists: self.lists.clone(),
        }
    }
}

struct Work<'a> {
    of: &'a Program,
    fillings: &'a [Vec<Filling>],
    literals: LiteralsBuilder,
    ops: Vec<Op>,
    /// Whether others go to the operation at work: then it is no part of what stands before it.
    entered: bool,
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
    /// Adds a list whose items have neither questions nor values that may be null, if one begins here; says how many
    /// operations that were.
    fn items(&mut self, ops: &[Op]) -> usize {
        let [Op::Each { list, .. }, body @ ..] = ops else { return 0 };
        let length =
            body.iter().take_while(|op| matches!(op, Op::Run(_) | Op::RunItem(_) | Op::Literal { .. })).count();
        let Some(Op::Next { comma, .. }) = body.get(length) else { return 0 };
        let run = self.literals.begin();
        let mut begin = self.literals.len();
        for op in &body[..length] {
            match op {
                Op::Run(run) => {
                    for (literal, slot) in self.of.literals.pairs(*run) {
                        self.literals.push(literal);
                        for filling in &self.fillings[slot as usize] {
                            match filling {
                                Filling::Text(text) => self.literals.push(text),
                                Filling::Value(value) => {
                                    self.literals.pair(begin as u32, *value);
                                    begin = self.literals.len();
                                }
                            }
                        }
                    }
                }
                Op::RunItem(run) => {
                    for (literal, slot) in self.of.literals.pairs(*run) {
                        self.literals.push(literal);
                        self.literals.item_pair(begin as u32, slot);
                        begin = self.literals.len();
                    }
                }
                Op::Literal { start, length } => self.literals.push(self.of.literals.piece(*start, *length).bytes()),
                _ => {}
            }
        }
        self.literals.end_items(*comma);
        self.ops.push(Op::Items { list: *list, run });
        length + 2
    }

    fn add(&mut self, op: Op) {
        match op {
            Op::Run(run) => self.run(run),
            Op::RunItem(run) => {
                let number = self.literals.begin();
                for (literal, slot) in self.of.literals.pairs(run) {
                    let start = self.literals.len() as u32;
                    self.literals.push(literal);
                    self.literals.pair(start, slot);
                }
                self.ops.push(Op::RunItem(number));
            }
            Op::Literal { start, length } => {
                let begin = self.literals.len();
                self.literals.push(self.of.literals.piece(start, length).bytes());
                self.end_literal(begin);
            }
            Op::TextOrNull { slot } => self.ops.push(Op::TextOrNull { slot: self.value(slot) }),
            Op::Branch { test, otherwise } => {
                let op = match &self.of.tests[test as usize] {
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
                };
                self.ops.push(op);
            }
            Op::TextOrNullItem { .. }
            | Op::Index
            | Op::Comma
            | Op::BranchNull { .. }
            | Op::Jump { .. }
            | Op::Each { .. }
            | Op::Next { .. }
            // Made here and nowhere else: no program is specialized twice.
            | Op::Items { .. } => self.ops.push(op),
        }
    }

    fn run(&mut self, run: u32) {
        let mut has_run = false;
        let mut begin = self.literals.len();
        for (literal, slot) in self.of.literals.pairs(run) {
            self.literals.push(literal);
            for filling in &self.fillings[slot as usize] {
                match filling {
                    Filling::Text(text) => self.literals.push(text),
                    Filling::Value(value) => {
                        if !has_run {
                            let number = self.literals.begin();
                            self.ops.push(Op::Run(number));
                            (has_run, self.entered) = (true, false);
                        }
                        self.literals.pair(begin as u32, *value);
                        begin = self.literals.len();
                    }
                }
            }
        }
        self.end_literal(begin);
    }

    fn end_literal(&mut self, begin: usize) {
        let length = self.literals.len() - begin;
        let is_behind_run = !self.entered && matches!(self.ops.last(), Some(Op::Run(_) | Op::RunItem(_)));
        if length > 0 && !(is_behind_run && self.literals.lengthen(begin)) {
            self.ops.push(Op::Literal { start: begin as u32, length: length as u32 });
        }
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
