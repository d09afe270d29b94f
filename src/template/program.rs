//! A compiled template as data: operations, tests, choices, literals and slots.
//!
//! The compiler makes it, partial evaluation turns it into another, and the interpreter runs it.

use std::cmp::Ordering;

use super::shape::{ListSlot, Slot};
use crate::bytes::{Literals, Padded};

/// A template compiled to literal bytes and slots. Renders compact JSON with the document's key order.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub struct Program {
    pub(super) ops: Vec<Op>,
    pub(super) literals: Literals,
    pub(super) tests: Vec<Test>,
    pub(super) slots: Vec<Slot>,
    pub(super) lists: Vec<ListSlot>,
    /// Values selected from others: those of the event, and, by list, those of an item.
    pub(super) choices: Vec<Choice>,
    pub(super) item_choices: Vec<Vec<Choice>>,
    /// Number of the event's other values, if there are choices.
    pub(super) values: usize,
}

impl Program {
    /// The values that must be supplied outside lists, in this order.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The lists that must be supplied, in this order, each with its slots.
    pub fn lists(&self) -> &[ListSlot] {
        &self.lists
    }

    /// Whether the program iterates over the list, so that its items need values.
    pub(crate) fn walks(&self, list: usize) -> bool {
        let is_walked = |op: &Op| matches!(op, Op::Each { list: other, .. } | Op::Items { list: other, .. } if *other as usize == list);
        self.ops.iter().any(is_walked)
    }

    /// Total bytes of literal text.
    pub(crate) fn literal_bytes(&self) -> usize {
        self.literals.len()
    }

    /// Number of values of each item of a list, selected ones included.
    #[inline]
    pub(super) fn width(&self, list: u32) -> usize {
        let list = list as usize;
        self.lists[list].slots.len() + self.item_choices.get(list).map_or(0, Vec::len)
    }
}

/// An operation. Literals are ranges of the program's literals; jump targets are indices of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Op {
    /// a run of pairs (a literal, then a value), perhaps with a literal at the end
    Run(u32),
    /// a run of pairs whose values are those of the current item
    RunItem(u32),
    Literal {
        start: u32,
        length: u32,
    },
    /// a text in quotes, or null
    TextOrNull {
        slot: u32,
    },
    TextOrNullItem {
        slot: u32,
    },
    /// index of the current item
    Index,
    /// a comma, unless this is the first member of its array or object
    Comma,
    /// jumps to `otherwise` unless the test holds
    Branch {
        test: u32,
        otherwise: u32,
    },
    /// jumps to `otherwise` if the value is null (`if_null`) or if it is not: the most frequent test
    BranchNull {
        slot: u32,
        if_null: bool,
        otherwise: u32,
    },
    Jump {
        to: u32,
    },
    /// starts a loop over a list; jumps to `end` if it is empty
    Each {
        list: u32,
        end: u32,
    },
    /// moves to the next item and jumps to `body`, with a comma if `comma`; falls through after the last item
    Next {
        body: u32,
        comma: bool,
    },
    /// a run of pairs for each item of a list, with values of the event and of the item
    Items {
        list: u32,
        run: u32,
    },
}

/// A compiled condition.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Test {
    Truthy(Place, Scalar),
    /// the list has items
    Filled(u32),
    IsNull(Place),
    Compare(Place, Comparison, Place, Scalar),
    Not(Box<Test>),
    All(Vec<Test>),
    Any(Vec<Test>),
}

/// Location of a formatted value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Slot(u32),
    Item(u32),
    Index,
    /// start and length within the literals
    Literal(u32, u32),
}

/// Types that can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Scalar {
    Text,
    Integer,
    Boolean,
}

/// The operators that compare two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Comparison {
    /// Whether the comparison is true of two values with this ordering.
    pub(super) fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Unequal => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
        }
    }
}

/// A value that is selected by a test for null.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Choice {
    /// The value tested for null: one of the event or of the item.
    pub(crate) asks: Place,
    pub(crate) present: Chosen,
    pub(crate) absent: Chosen,
}

/// One of the alternatives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Chosen {
    Text(Padded),
    Value(Place),
}
