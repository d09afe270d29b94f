//! Reads typed values out of a tree, and collects everything that is wrong with it.
//!
//! A reader function is one line a key: it asks for every key it knows, then calls
//! [`MapReader::finish`], which reports the keys that nobody asked for, and only then gives up on
//! values that are missing:
//!
//! ```
//! # use falsetrail::{error::Source, yaml::{self, Reader}};
//! let source = Source::new("pool.yaml", "kind: compute-pool\ncount: lots\n");
//! let node = yaml::parse(&source).unwrap();
//! let reader = Reader::new(&source);
//! let pool = reader.map(&node, "a resource").and_then(|mut map| {
//!     let kind = map.required_text("kind");
//!     let count = map.u64("count");
//!     map.finish();
//!     Some((kind?, count))
//! });
//! let mistakes = reader.finish(pool).unwrap_err();
//! assert_eq!(mistakes[0].message, "`count` must be a whole number, found the text `lots`");
//! ```

mod map;
mod values;

use std::{
    cell::{Cell, RefCell},
    ops::Range,
    sync::Arc,
};

pub use map::MapReader;

use super::{Node, Spanned};
use crate::error::{Diagnostic, Source};

/// What is read from one source, and the mistakes found in it so far.
#[derive(Debug)]
pub struct Reader {
    source: Arc<Source>,
    // Shared, so that readers of parts need no exclusive hold of the whole.
    found: RefCell<Vec<Diagnostic>>,
    settled: RefCell<Vec<Range<usize>>>,
    incomplete: Cell<bool>,
    names: Vec<String>,
}

impl Reader {
    /// A reader of nodes of this source.
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
    pub fn with_names(mut self, names: &[String]) -> Self {
        self.names = names.to_vec();
        self
    }

    /// The texts that stand for themselves.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The source that the nodes are from.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Starts a diagnostic at a place of the source; hand it to [`Reader::report`].
    pub fn mistake(&self, span: &Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(&self.source, span.clone(), message)
    }

    /// Adds a mistake, also of another source.
    pub fn report(&self, diagnostic: Diagnostic) {
        if !self.settled.borrow().contains(&diagnostic.span) {
            self.found.borrow_mut().push(diagnostic);
        }
    }

    /// Notes that something was left out that others may miss.
    pub fn set_incomplete(&self) {
        self.incomplete.set(true);
    }

    /// Whether something was left out.
    pub fn is_incomplete(&self) -> bool {
        self.incomplete.get()
    }

    /// Adds a mistake after which nothing else at that place is worth a word.
    pub fn settle(&self, diagnostic: Diagnostic) {
        let span = diagnostic.span.clone();
        self.report(diagnostic);
        self.settled.borrow_mut().push(span);
    }

    /// Takes the value of a result and keeps its diagnostics.
    pub fn keep<T>(&self, result: Result<T, Vec<Diagnostic>>) -> Option<T> {
        crate::error::keep(result, &mut self.found.borrow_mut())
    }

    /// How many mistakes were found so far.
    pub fn mistakes(&self) -> usize {
        self.found.borrow().len()
    }

    /// What could be read, and everything that was wrong, in the order of the text: for whoever can find more mistakes
    /// in what there is.
    pub fn parts<T>(self, value: Option<T>) -> (Option<T>, Vec<Diagnostic>) {
        let mut found = self.found.into_inner();
        found.sort_by_key(|diagnostic| (!Arc::ptr_eq(&diagnostic.source, &self.source), diagnostic.span.start));
        (value, found)
    }

    /// The value if nothing was wrong anywhere, else everything that was, in the order of the text.
    ///
    /// # Errors
    /// All mistakes that were reported; never empty.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Vec<Diagnostic>> {
        let mut found = self.found.into_inner();
        match value {
            Some(value) if found.is_empty() => Ok(value),
            _ => {
                if found.is_empty() {
                    // A reader that gives up without a word is a bug; say at least where.
                    found.push(Diagnostic::new(&self.source, 0..0, "this cannot be read"));
                }
                found.sort_by_key(|diagnostic| (!Arc::ptr_eq(&diagnostic.source, &self.source), diagnostic.span.start));
                Err(found)
            }
        }
    }

    /// Reads a node that must be a map with known keys; `what` names it in errors, such as `a step`.
    pub fn map<'r>(&'r self, node: &'r Node, what: &str) -> Option<MapReader<'r>> {
        MapReader::new(self, node, what, None)
    }

    /// As [`Reader::map`], for a map of which an example helps whoever writes something else or leaves out a key.
    pub fn map_as<'r>(&'r self, node: &'r Node, what: &str, example: &'static str) -> Option<MapReader<'r>> {
        MapReader::new(self, node, what, Some(example))
    }

    /// The entries of a map whose keys are names that the file chooses.
    pub fn entries<'n>(&self, node: &'n Node, what: &str) -> Option<&'n [(Spanned<String>, Node)]> {
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
