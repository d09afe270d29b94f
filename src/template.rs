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
//! The pipeline: `compiler` has `parse` (JSON with positions) → `ast` and `expression` (abstract syntax tree) → `check`,
//! `condition` and `scope` (types, scopes, constant folding) → `compile` (a flat list of operations, the `program`) →
//! `specialize` (partial evaluation for one event kind). `vm` runs it: `interpreter`, `eval_condition` and `select` run
//! the operations over [`Slots`]. [`Values`] is a slower input for tests.

pub(crate) mod compiler;
mod limits;
mod program;
mod shape;
mod vm;

pub use compiler::{Filling, FixedItems, Template};
pub use program::Program;
pub use shape::{Constant, ListSlot, Shape, Slot};
pub(crate) use vm::Slots;
pub use vm::Values;
