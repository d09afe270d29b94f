//! Compiler from a checked template to operations.
//!
//! Literal text accumulates until a value, a branch or a loop interrupts it. A comma is literal text wherever it is
//! known whether another member comes before it; only after a key or item that may be missing does the program test for
//! it.

use std::{collections::HashMap, sync::Arc};

use super::{
    check::{Checked, TextPart},
    condition::Condition,
    diagnostics::{Diagnostics, UnplacedDiagnostic},
    scope::{Base, Operand, Reference},
};
use crate::{
    bytes::{LiteralsBuilder, escape_into},
    error::{Diagnostic, Source},
    template::{
        limits::MAX_LITERALS,
        program::{Op, Place, Program, Test},
        shape::{Constant, ListSlot, Slot},
    },
};

/// Compiles a whole template.
pub(super) fn compile(source: &Arc<Source>, root: &Checked) -> Result<Program, Vec<Diagnostic>> {
    let mut compiler = Compiler::default();
    compiler.value(root);
    compiler.flush();
    let mut program = compiler.program;
    program.literals = compiler.literals.finish();
    let mut diagnostics = Diagnostics::new(source);
    if compiler.overflow {
        let message = format!("the compiled template is larger than {} MiB", MAX_LITERALS >> 20);
        diagnostics.add(
            UnplacedDiagnostic::new(0..0, message).help("long keys before nested `$if` are repeated for each branch"),
        );
    }
    diagnostics.or(program)
}

/// Whether a key or item is the first of its object or array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Something,
    /// depends on values of the event
    Unknown,
}

#[derive(Default)]
struct Compiler {
    program: Program,
    literals: LiteralsBuilder,
    /// whether the last operation is a run of pairs that can be extended
    in_run: bool,
    /// start of the literal bytes that no operation covers yet
    pending: usize,
    slots: HashMap<Vec<String>, u32>,
    lists: HashMap<Vec<String>, u32>,
    /// by list
    item_slots: Vec<HashMap<Vec<String>, u32>>,
    /// the list of the enclosing `$map`
    list: usize,
    overflow: bool,
}

impl Compiler {
    fn value(&mut self, checked: &Checked) {
        match checked {
            Checked::Literal(text) => self.literal(text.as_bytes()),
            Checked::Text(parts) => self.text(parts),
            Checked::Bare(reference) => self.copy(reference),
            Checked::TextOrNull(reference) => {
                let op = match self.place(reference) {
                    Place::Item(slot) => Op::TextOrNullItem { slot },
                    Place::Slot(slot) => Op::TextOrNull { slot },
                    Place::Index | Place::Literal(..) => return,
                };
                self.push(op);
            }
            Checked::Index => self.push(Op::Index),
            Checked::If { condition, then, otherwise } => {
                let test = self.test(condition);
                let branch = self.open_branch(test);
                self.value(then);
                let jump = self.turn(branch);
                self.value(otherwise);
                self.close(jump);
            }
            Checked::Array(items) => {
                self.literal(b"[");
                items.iter().fold(Before::Nothing, |before, item| self.member(None, item, before));
                self.literal(b"]");
            }
            Checked::Object(members) => {
                self.literal(b"{");
                members.iter().fold(Before::Nothing, |before, (key, node)| self.member(Some(key), node, before));
                self.literal(b"}");
            }
            Checked::Map(list, body) => self.map(list, body),
            Checked::Deleted => {}
        }
    }

    /// Compiles a key with its value, or an item; returns what precedes the next one.
    fn member(&mut self, key: Option<&str>, node: &Checked, before: Before) -> Before {
        match node {
            Checked::Deleted => before,
            Checked::If { condition, then, otherwise } if node.may_vanish() => {
                let test = self.test(condition);
                self.optional(key, test, [then, otherwise], before)
            }
            _ => {
                match before {
                    Before::Nothing => {}
                    Before::Something => self.literal(b","),
                    Before::Unknown => self.push(Op::Comma),
                }
                if let Some(key) = key {
                    self.quoted(key);
                    self.literal(b":");
                }
                self.value(node);
                Before::Something
            }
        }
    }

    /// Compiles a key with its value, or an item, that may be missing in at least one branch.
    fn optional(&mut self, key: Option<&str>, test: Test, branches: [&Checked; 2], before: Before) -> Before {
        let (test, [then, otherwise]) = match branches {
            [Checked::Deleted, present] => (Test::Not(Box::new(test)), [present, &Checked::Deleted]),
            branches => (test, branches),
        };
        let branch = self.open_branch(test);
        let after_then = self.member(key, then, before);
        let mut after_otherwise = before;
        if matches!(otherwise, Checked::Deleted) {
            self.close(branch);
        } else {
            let jump = self.turn(branch);
            after_otherwise = self.member(key, otherwise, before);
            self.close(jump);
        }
        if after_then == after_otherwise { after_then } else { Before::Unknown }
    }

    fn text(&mut self, parts: &[TextPart]) {
        self.literal(b"\"");
        for part in parts {
            match part {
                TextPart::Literal(bytes) => self.literal(bytes),
                TextPart::Value(reference) => self.copy(reference),
                TextPart::Index => self.push(Op::Index),
                TextPart::Choice(condition) => {
                    let test = self.test(condition);
                    let branch = self.open_branch(test);
                    self.literal(b"true");
                    let jump = self.turn(branch);
                    self.literal(b"false");
                    self.close(jump);
                }
            }
        }
        self.literal(b"\"");
    }

    fn map(&mut self, list: &Reference, body: &Checked) {
        self.literal(b"[");
        let list = self.list(&list.path);
        self.list = list as usize;
        self.push(Op::Each { list, end: 0 });
        let each = self.program.ops.len() - 1;
        let start = self.here();
        let comma = !body.may_vanish();
        self.member(None, body, if comma { Before::Nothing } else { Before::Unknown });
        self.push(Op::Next { body: start, comma });
        self.close(each);
        self.literal(b"]");
    }

    /// Starts a branch: the operations that follow run if the test holds, until `turn` or `close`.
    fn open_branch(&mut self, test: Test) -> usize {
        let number = self.program.tests.len() as u32;
        self.program.tests.push(test);
        self.push(Op::Branch { test: number, otherwise: 0 });
        self.program.ops.len() - 1
    }

    /// Starts the other branch: the operations that follow run if the test does not hold, until `close` of the result.
    fn turn(&mut self, branch: usize) -> usize {
        self.push(Op::Jump { to: 0 });
        self.close(branch);
        self.program.ops.len() - 1
    }

    /// Makes the next operation the target of `open`.
    fn close(&mut self, open: usize) {
        let here = self.here();
        if let Op::Branch { otherwise: to, .. } | Op::Jump { to } | Op::Each { end: to, .. } =
            &mut self.program.ops[open]
        {
            *to = here;
        }
    }

    fn test(&mut self, condition: &Condition) -> Test {
        match condition {
            // A decided condition compiles to no branch. Within another condition one remains only if it does not
            // decide it.
            Condition::Decided(known) => {
                if *known {
                    Test::All(Vec::new())
                } else {
                    Test::Any(Vec::new())
                }
            }
            Condition::Truthy(operand, scalar) => Test::Truthy(self.operand(operand), *scalar),
            Condition::Filled(path) => Test::Filled(self.list(path)),
            Condition::IsNull(reference) => Test::IsNull(self.place(reference)),
            Condition::Compare(left, comparison, right, scalar) => {
                Test::Compare(self.operand(left), *comparison, self.operand(right), *scalar)
            }
            Condition::Not(inner) => Test::Not(Box::new(self.test(inner))),
            Condition::All(parts) => Test::All(parts.iter().map(|part| self.test(part)).collect()),
            Condition::Any(parts) => Test::Any(parts.iter().map(|part| self.test(part)).collect()),
        }
    }

    fn operand(&mut self, operand: &Operand) -> Place {
        match operand {
            Operand::Index => Place::Index,
            Operand::Value(reference) => self.place(reference),
            Operand::Constant(constant) => self.constant(constant),
        }
    }

    /// Stores a constant of a comparison among the literals; no operation appends it.
    fn constant(&mut self, constant: &Constant) -> Place {
        self.flush();
        let start = self.literals.len();
        match constant {
            Constant::Text(text) => self.escaped(text),
            Constant::Integer(number) => self.literal(number.to_string().as_bytes()),
            Constant::Boolean(value) => self.literal(value.to_string().as_bytes()),
            Constant::Null => self.literal(b"null"),
        }
        self.pending = self.literals.len();
        Place::Literal(start as u32, (self.pending - start) as u32)
    }

    fn place(&mut self, reference: &Reference) -> Place {
        let (slots, known) = match reference.base {
            Base::Global => (&mut self.program.slots, &mut self.slots),
            Base::Item => (&mut self.program.lists[self.list].slots, &mut self.item_slots[self.list]),
        };
        let slot = *known.entry(reference.path.clone()).or_insert_with(|| {
            slots.push(Slot { path: reference.path.clone(), shape: reference.shape.clone() });
            slots.len() as u32 - 1
        });
        match reference.base {
            Base::Global => Place::Slot(slot),
            Base::Item => Place::Item(slot),
        }
    }

    fn list(&mut self, path: &[String]) -> u32 {
        let lists = &mut self.program.lists;
        *self.lists.entry(path.to_vec()).or_insert_with(|| {
            lists.push(ListSlot { path: path.to_vec(), slots: Vec::new() });
            self.item_slots.push(HashMap::new());
            lists.len() as u32 - 1
        })
    }

    fn copy(&mut self, reference: &Reference) {
        let place = self.place(reference);
        let (slot, of_item) = match place {
            Place::Item(slot) => (slot, true),
            Place::Slot(slot) => (slot, false),
            Place::Index | Place::Literal(..) => return,
        };
        let goes_on =
            matches!((self.program.ops.last(), of_item), (Some(Op::Run(_)), false) | (Some(Op::RunItem(_)), true));
        if !(self.in_run && goes_on) {
            let run = self.literals.begin();
            self.program.ops.push(if of_item { Op::RunItem(run) } else { Op::Run(run) });
            self.in_run = true;
        }
        let (start, _) = self.take_pending();
        self.literals.pair(start, slot);
    }

    fn quoted(&mut self, key: &str) {
        self.literal(b"\"");
        self.escaped(key);
        self.literal(b"\"");
    }

    fn escaped(&mut self, text: &str) {
        let mut escaped = Vec::new();
        escape_into(text, &mut escaped);
        self.literal(&escaped);
    }

    fn literal(&mut self, bytes: &[u8]) {
        self.overflow |= self.literals.len() + bytes.len() > MAX_LITERALS;
        if !self.overflow {
            self.literals.push(bytes);
        }
    }

    fn push(&mut self, op: Op) {
        self.flush();
        self.program.ops.push(op);
    }

    /// Index of the next operation, as a jump target.
    fn here(&mut self) -> u32 {
        self.flush();
        self.in_run = false;
        self.program.ops.len() as u32
    }

    fn flush(&mut self) {
        let (start, length) = self.take_pending();
        if length > 0 {
            self.program.ops.push(Op::Literal { start, length });
        }
    }

    fn take_pending(&mut self) -> (u32, u32) {
        let start = std::mem::replace(&mut self.pending, self.literals.len());
        (start as u32, (self.pending - start) as u32)
    }
}
