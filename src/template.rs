//! A template is the event body of one method, compiled once and rendered by copying.
//!
//! Templates are a subset of [JSON-e](https://json-e.js.org), so that a template is valid JSON that looks like the
//! documented example, and any other implementation gives the same value for it. The subset:
//!
//! | construct | meaning |
//! |---|---|
//! | `"a ${pool.id} b"` | text with values in it; `$${` stands for the characters `${` |
//! | `{"$eval": "pool.max_cfu"}` | the value with its type |
//! | `{"$if": "success", "then": …, "else": …}` | one of two; a missing branch deletes the key or the item |
//! | `{"$map": {"$eval": "items"}, "each(item, index)": …}` | a list, walked; `index` may be left out |
//! | `{"$$name": …}` | a key that begins with `$` |
//!
//! An expression is made of dotted names, `'text'`, integers, `true`, `false`, `null`, `!`, `&&`, `||`, `==`, `!=`,
//! `<`, `<=`, `>`, `>=` and parentheses. `null`, `false`, `0`, `''`, an empty list and an empty object are false;
//! `&&` and `||` give booleans. Everything is checked against a [`Shape`] when the template is compiled, so that
//! rendering cannot fail: names, types, and that nothing which may be null is used before it was asked for.
//!
//! The way through the modules: `parse` (JSON with positions) → `tree` and `expression` (what it means) → `check`,
//! `condition` and `names` (types, constants) → `compile` (a flat list of operations) → `specialize` (for events of which
//! some is known; `choice`) → `ops` and `decide` (run it over [`Slots`]). `piece` is how text is kept and copied.

mod check;
mod choice;
mod compile;
mod condition;
mod decide;
mod envelope;
mod expression;
mod mistakes;
mod names;
mod ops;
pub(crate) mod parse;
mod program;
mod specialize;
mod tree;
mod values;

use std::{collections::BTreeMap, sync::Arc};

use crate::error::{Diagnostic, Source};

pub use program::Program;
pub use specialize::{Filling, FixedItems};
pub use values::{Slots, Values};

/// Templates nest at most this deep.
pub const MAX_DEPTH: usize = 128;
/// A template's text has at most this many bytes.
pub const MAX_BYTES: usize = 4 << 20;
/// A compiled template has at most this many literal bytes.
pub const MAX_LITERALS: usize = 64 << 20;

/// What a name in a template stands for. The catalog makes one `Shape::Object` for each method.
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
    /// any number of items of one shape; a template walks it with `$map`
    List(Box<Shape>),
}

/// A value that is known when the template is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Constant {
    /// there is none
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// a whole number that 64 bits hold, with a sign or without
    Integer(i128),
    /// a string of characters, not escaped
    Text(String),
}

/// A value that the caller supplies for every event, see [`Slots`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The name's parts, from the context's root, or from the item for a slot of a list. Empty: the item itself.
    pub path: Vec<String>,
    /// What the value is.
    ///
    /// A nullable object (or list) as a slot asks only for its presence: its value is `{}` (or `[]`) when it is there
    /// and null when it is not. A slot below an object that is null is not read; null will do.
    pub shape: Shape,
}

/// A list that a template walks with `$map`, or asks whether it is empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListSlot {
    /// The list's name, from the context's root. A list below an object that is null has no items.
    pub path: Vec<String>,
    /// What each item supplies. May be empty: then only the number of items matters.
    pub slots: Vec<Slot>,
}

/// A template that was read: the meaning of its JSON, in the document's order, with positions for messages.
#[derive(Debug)]
pub struct Template {
    source: Arc<Source>,
    root: tree::Node,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// All mistakes that can be found without knowing the names: the first mistake in the JSON itself, or else every
    /// repeated key, unknown operator and malformed expression. Texts over [`MAX_BYTES`] and values nested deeper
    /// than [`MAX_DEPTH`] are refused.
    pub fn parse(source: &Arc<Source>) -> Result<Self, Vec<Diagnostic>> {
        if source.text.len() > MAX_BYTES {
            let message = format!("a template has at most {MAX_BYTES} bytes, this one has {}", source.text.len());
            return Err(vec![Diagnostic::new(source, 0..0, message)]);
        }
        let json = parse::parse(source, "template")?;
        let root = tree::read(source, json)?;
        Ok(Self { source: Arc::clone(source), root })
    }

    /// Its text, and where it was read from.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Checks every name against `shape`, which is an object, and makes a program.
    ///
    /// `constants` maps dotted names to values. A condition that depends on constants only is decided here, and the
    /// branch not taken costs nothing; it is checked all the same. Constants that the template does not use are no
    /// mistake.
    ///
    /// # Errors
    /// All unknown names and type mistakes, in the document's order.
    pub fn compile(&self, shape: &Shape, constants: &[(&str, Constant)]) -> Result<Program, Vec<Diagnostic>> {
        let checked = check::check(&self.source, &self.root, shape, constants)?;
        compile::compile(&self.source, &checked)
    }
}
