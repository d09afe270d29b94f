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
//! The pipeline: `parse` (JSON with positions) → `ast` and `expression` (abstract syntax tree) → `check`, `condition`
//! and `scope` (types, scopes, constant folding) → `compile` (a flat list of operations, a `program`) → `specialize`
//! (partial evaluation for one event kind) → `interpreter`, `eval_condition` and `select` (run the operations over
//! [`Slots`]). [`Values`] is a slower input for tests.

mod ast;
mod check;
mod compile;
mod condition;
mod envelope;
mod eval_condition;
mod expression;
mod interpreter;
mod item;
mod limits;
mod mistakes;
pub(crate) mod parse;
mod program;
mod scope;
mod select;
mod shape;
mod specialize;
mod values;

use std::sync::Arc;

use crate::error::{Diagnostic, Source};

pub use limits::{MAX_BYTES, MAX_DEPTH, MAX_LITERALS};
pub use program::Program;
pub use shape::{Constant, ListSlot, Shape, Slot};
pub use specialize::{Filling, FixedItems};
pub use values::{Slots, Values};

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
