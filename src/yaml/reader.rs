//! Reads typed values from a tree, and collects all mistakes in it.
//!
//! A reader function has one line per key: it requests every key it knows, then calls [`MapReader::finish`], which
//! reports unknown keys, and only then returns early if required values are missing:
//!
//! ```
//! # use falsetrail::machinery::{error::Source, yaml::{self, Reader}};
//! let source = Source::new("pool.yaml", "kind: compute-pool\ncount: lots\n");
//! let node = yaml::parse(&source)?;
//! let reader = Reader::new(&source);
//! let pool = reader.map(&node, "a resource").and_then(|mut map| {
//!     let kind = map.required_text("kind");
//!     let count = map.u64("count");
//!     map.finish();
//!     Some((kind?, count))
//! });
//! let mistakes = reader.finish(pool).unwrap_err();
//! assert_eq!(mistakes[0].message, "`count` must be a whole number, found the text `lots`");
//! # Ok::<(), Vec<falsetrail::machinery::error::Diagnostic>>(())
//! ```

mod map;
mod values;

use std::{
    cell::{Cell, RefCell},
    ops::Range,
    sync::Arc,
};

pub(crate) use map::MapReader;

use super::{Node, Spanned};
use crate::error::{Diagnostic, Source};

/// Reads from one source, and collects the mistakes found.
#[derive(Debug)]
pub struct Reader {
    source: Arc<Source>,
    // In a cell, so that readers of parts can share the reader.
    found: RefCell<Vec<Diagnostic>>,
    settled: RefCell<Vec<Range<usize>>>,
    incomplete: Cell<bool>,
    names: Vec<String>,
}

impl Reader {
    /// A reader for nodes of this source.
    pub fn new(source: &Arc<Source>) -> Self {
        Self {
            names: Vec::new(),
            source: Arc::clone(source),
            found: RefCell::new(Vec::new()),
            settled: RefCell::new(Vec::new()),
            incomplete: Cell::new(false),
        }
    }

    /// Lets texts stand for themselves, whatever characters they hold.
    #[must_use]
    pub(crate) fn with_names(mut self, names: &[String]) -> Self {
        self.names = names.to_vec();
        self
    }

    /// The texts that stand for themselves.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The source that the nodes are from.
    pub(crate) fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Creates a diagnostic at a place of the source; pass it to [`Reader::report`].
    pub(crate) fn diagnostic(&self, span: &Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(&self.source, span.clone(), message)
    }

    /// Records a mistake, which may be in another source.
    pub(crate) fn report(&self, diagnostic: Diagnostic) {
        if !self.settled.borrow().contains(&diagnostic.span) {
            self.found.borrow_mut().push(diagnostic);
        }
    }

    /// Records that something was left out, which may cause further mistakes elsewhere.
    pub(crate) fn set_incomplete(&self) {
        self.incomplete.set(true);
    }

    /// Whether something was left out.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.incomplete.get()
    }

    /// Records a mistake and suppresses all further ones at the same place.
    pub(crate) fn settle(&self, diagnostic: Diagnostic) {
        let span = diagnostic.span.clone();
        self.report(diagnostic);
        self.settled.borrow_mut().push(span);
    }

    /// The value of a result; keeps its diagnostics.
    pub(crate) fn keep<T>(&self, result: Result<T, Vec<Diagnostic>>) -> Option<T> {
        crate::error::keep(result, &mut self.found.borrow_mut())
    }

    /// Number of mistakes found so far.
    pub(crate) fn diagnostics(&self) -> usize {
        self.found.borrow().len()
    }

    /// The value, which may be incomplete, and all mistakes in the order of the text: for callers that find further
    /// mistakes in the value.
    pub(crate) fn parts<T>(self, value: Option<T>) -> (Option<T>, Vec<Diagnostic>) {
        let mut found = self.found.into_inner();
        found.sort_by_key(|diagnostic| (!Arc::ptr_eq(&diagnostic.source, &self.source), diagnostic.span.start));
        (value, found)
    }

    /// The value if there were no mistakes, or else all mistakes in the order of the text.
    ///
    /// # Errors
    /// All recorded mistakes; never empty.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Vec<Diagnostic>> {
        let mut found = self.found.into_inner();
        match value {
            Some(value) if found.is_empty() => Ok(value),
            _ => {
                if found.is_empty() {
                    // A reader that returns `None` without a mistake is a bug; report at least the file.
                    found.push(Diagnostic::new(&self.source, 0..0, "this cannot be read"));
                }
                found.sort_by_key(|diagnostic| (!Arc::ptr_eq(&diagnostic.source, &self.source), diagnostic.span.start));
                Err(found)
            }
        }
    }

    /// Reads a node that must be a map with known keys; `what` names it in messages, such as `a step`.
    pub fn map<'r>(&'r self, node: &'r Node, what: &str) -> Option<MapReader<'r>> {
        MapReader::new(self, node, what, None)
    }

    /// [`Reader::map`] with an example that is shown if the node is not a map or lacks a key.
    pub(crate) fn map_as<'r>(&'r self, node: &'r Node, what: &str, example: &'static str) -> Option<MapReader<'r>> {
        MapReader::new(self, node, what, Some(example))
    }

    /// The entries of a map whose keys are names chosen by the file.
    pub(crate) fn entries<'n>(&self, node: &'n Node, what: &str) -> Option<&'n [(Spanned<String>, Node)]> {
        match &node.value {
            super::Value::Map(entries) => Some(entries),
            other => {
                let found = self.expected(node, what, "a map");
                self.report(match other {
                    super::Value::Null => found.help("indent what belongs to it further than it, or remove it"),
                    super::Value::List(_) => found.help("write `NAME: …` for each, without a `-` before it"),
                    _ => found,
                });
                None
            }
        }
    }
}
