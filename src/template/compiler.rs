//! The compiler of templates: parses, checks names and types, and makes a [`Program`] of a template.

mod ast;
mod check;
mod compile;
mod condition;
mod diagnostics;
mod envelope;
mod expression;
pub(crate) mod parse;
mod scope;
mod specialize;

use std::sync::Arc;

pub use specialize::{Filling, FixedItems};

use crate::{
    error::{Diagnostic, Source},
    template::{
        limits::MAX_BYTES,
        program::Program,
        shape::{Constant, Shape},
    },
};

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
    /// deeper than [`MAX_DEPTH`](super::limits::MAX_DEPTH).
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
    pub(crate) fn source(&self) -> &Arc<Source> {
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
