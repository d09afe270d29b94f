//! Templates: the event body of one method as a subset of JSON-e, compiled to a flat program that copies bytes.
//!
//! A template is valid JSON that looks like the documented example event, and because it is
//! [JSON-e](https://json-e.js.org), any other implementation renders the same value from it. The subset:
//!
//! | construct | meaning |
//! |---|---|
//! | `"a ${pool.id} b"` | text with values in it; `$${` stands for the characters `${` |
//! | `{"$eval": "pool.max_cfu"}` | the value with its type |
//! | `{"$if": "success", "then": …, "else": …}` | one of two; a missing branch deletes the key or the item |
//! | `{"$map": {"$eval": "items"}, "each(item, index)": …}` | a list, walked; `index` may be left out |
//! | `{"$$name": …}` | a key that begins with `$` |
//!
//! An expression consists of dotted names, `'text'`, integers, `true`, `false`, `null`, `!`, `&&`, `||`, `==`, `!=`,
//! `<`, `<=`, `>`, `>=` and parentheses. `null`, `false`, `0`, `''`, an empty list and an empty object are false; `&&`
//! and `||` result in booleans. Everything is checked against a [`Shape`] when the template is compiled, so that
//! rendering cannot fail: names, types, and that a value which may be null is used only after a test for null.
//!
//! The pipeline: `parse` (JSON with positions) → `tree` and `expression` (abstract syntax tree) → `check`, `condition`
//! and `names` (types, scopes, constant folding) → `compile` (a flat list of operations) → `specialize` (partial
//! evaluation for one event kind; `choice`) → `ops` and `decide` (run the operations over [`Slots`]). `values` is a
//! slower input for tests.

mod ast;
mod check;
mod compile;
mod condition;
mod envelope;
mod eval_condition;
mod expression;
mod mistakes;
mod ops;
pub(crate) mod parse;
mod program;
mod scope;
mod select;
mod specialize;
mod values;

use std::{collections::BTreeMap, sync::Arc};

use crate::error::{Diagnostic, Source};

pub use program::Program;
pub use specialize::{Filling, FixedItems};
pub use values::{Slots, Values};

/// Maximum nesting depth of a template.
pub const MAX_DEPTH: usize = 128;
/// Maximum size of a template's text, in bytes.
pub const MAX_BYTES: usize = 4 << 20;
/// Maximum literal bytes of a compiled template.
pub const MAX_LITERALS: usize = 64 << 20;

/// The type of a name in a template. The catalog makes one `Shape::Object` for each method.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Shape {
    /// a string of characters
    Text,
    /// a whole number
    Integer,
    /// `true` or `false`
    Boolean,
    /// the value may be null instead
    Nullable(Box<Shape>),
    /// named members; a template writes out the ones it wants
    Object(BTreeMap<String, Shape>),
    /// any number of items of one shape; a template iterates over it with `$map`
    List(Box<Shape>),
}

/// A value that is known when the template is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Constant {
    /// no value
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// a whole number that 64 bits hold, with a sign or without
    Integer(i128),
    /// a string of characters, not escaped
    Text(String),
}

/// A value that the caller supplies for each event, see [`Slots`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slot {
    /// Path from the context's root, or from the item for a slot of a list. Empty: the item itself.
    pub path: Vec<String>,
    /// Type of the value.
    ///
    /// A slot that is a nullable object (or list) only carries its presence: the value is `{}` (or `[]`) if it is
    /// present, and null otherwise. A slot below an object that is null is not read; pass null.
    pub shape: Shape,
}

/// A list that a template iterates over with `$map`, or tests for emptiness.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListSlot {
    /// Path of the list from the context's root. A list below an object that is null has no items.
    pub path: Vec<String>,
    /// Slots of each item. May be empty: then only the number of items matters.
    pub slots: Vec<Slot>,
}

/// A parsed template: the abstract syntax tree in the document's order, with positions for messages.
#[derive(Debug)]
pub struct Template {
    source: Arc<Source>,
    root: ast::Node,
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// Every mistake that can be found without knowing the names: the first syntax error in the JSON, or else all
    /// repeated keys, unknown operators and malformed expressions. Rejects texts over [`MAX_BYTES`] and values nested
    /// deeper than [`MAX_DEPTH`].
    pub fn parse(source: &Arc<Source>) -> Result<Self, Vec<Diagnostic>> {
        if source.text.len() > MAX_BYTES {
            let message = format!("a template has at most {MAX_BYTES} bytes, this one has {}", source.text.len());
            return Err(vec![Diagnostic::new(source, 0..0, message)]);
        }
        let json = parse::parse(source, "template")?;
        let root = ast::read(source, json)?;
        Ok(Self { source: Arc::clone(source), root })
    }

    /// The source text and its name.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Checks every name against `shape`, which is an object, and compiles to a program.
    ///
    /// `constants` maps dotted names to values. A condition that depends on constants only is decided here: the other
    /// branch is checked but not compiled. Constants that the template does not use are not an error.
    ///
    /// # Errors
    /// All unknown names and type mistakes, in the document's order.
    pub fn compile(&self, shape: &Shape, constants: &[(&str, Constant)]) -> Result<Program, Vec<Diagnostic>> {
        let checked = check::check(&self.source, &self.root, shape, constants)?;
        compile::compile(&self.source, &checked)
    }
}
