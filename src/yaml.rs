//! YAML as a tree with positions, so that a reader can report all mistakes at once.
//!
//! Derived deserializers stop at the first error and drop positions. The tree is built from the events of the parser on
//! which `serde-saphyr` is based, because they carry byte offsets, quoting and aliases, which a deserializer discards.
//! Aliases and merge keys are resolved here, and everything that could make a small file large or deep is bounded.

mod build;
mod load;
mod node;
mod reader;
mod scalar;

use std::sync::Arc;

pub use load::load;
pub(crate) use load::load_standard_input;
pub use node::{Node, Spanned, Value};
pub(crate) use reader::MapReader;
pub use reader::Reader;
pub(crate) use scalar::is_yaml_1_1_boolean;
pub use scalar::{json, value_text};
pub(crate) use scalar::{node_text, scalar_text};

use crate::error::{Diagnostic, Source};

/// Parses a YAML text that contains one document.
///
/// # Errors
/// Text that is not YAML, contains no document or more than one, repeats a key, uses tags, or exceeds the bounds
/// through aliases.
pub fn parse(source: &Arc<Source>) -> Result<Node, Vec<Diagnostic>> {
    load::check_text(source)?;
    build::document(source)
}
