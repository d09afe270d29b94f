//! Collects a template's mistakes, each with its place, so that one run reports all of them.
//!
//! The place is given twice: as a span for the caret, and as the path of the value in the output, which a template's
//! author has in mind.

use std::{fmt::Write, ops::Range, sync::Arc};

use crate::error::{Diagnostic, Source};

/// The most messages: more are never read, and a megabyte of mistakes must not become a gigabyte of messages.
const MOST: usize = 100;

/// One step of the path from the document's root to a value.
#[derive(Debug, Clone)]
pub(super) enum Segment {
    Key(String),
    Item(usize),
    /// the body of a `$map`
    Each,
}

/// A mistake whose path is not known yet.
#[derive(Debug)]
pub(super) struct UnplacedDiagnostic {
    pub(crate) span: Range<usize>,
    pub message: String,
    pub help: Vec<String>,
}

impl UnplacedDiagnostic {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: Vec::new() }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

/// The mistakes found so far, and the path of the node being read.
pub(super) struct Diagnostics<'a> {
    source: &'a Arc<Source>,
    path: Vec<Segment>,
    found: Vec<Diagnostic>,
}

impl<'a> Diagnostics<'a> {
    pub(super) fn new(source: &'a Arc<Source>) -> Self {
        Self { source, path: Vec::new(), found: Vec::new() }
    }

    pub(super) fn enter(&mut self, segment: Segment) {
        self.path.push(segment);
    }

    pub(super) fn leave(&mut self) {
        self.path.pop();
    }

    /// Records a mistake at the current path.
    pub(super) fn add(&mut self, unplaced: UnplacedDiagnostic) {
        if self.is_full() {
            return;
        }
        let path = self.path();
        let message = if path.is_empty() { unplaced.message } else { format!("at `{path}`: {}", unplaced.message) };
        let diagnostic = Diagnostic::new(self.source, unplaced.span, message);
        self.found.push(unplaced.help.into_iter().fold(diagnostic, Diagnostic::help));
    }

    /// Whether further mistakes are dropped.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= MOST
    }

    /// `value`, or the mistakes if there are any.
    pub(super) fn or<T>(self, value: T) -> Result<T, Vec<Diagnostic>> {
        if self.found.is_empty() { Ok(value) } else { Err(self.found) }
    }

    /// All recorded mistakes.
    pub(super) fn into_found(self) -> Vec<Diagnostic> {
        self.found
    }

    fn path(&self) -> String {
        let mut text = String::new();
        for segment in &self.path {
            match segment {
                Segment::Key(key) if text.is_empty() => text.push_str(shortened(key)),
                Segment::Key(key) => {
                    text.push('.');
                    text.push_str(shortened(key));
                }
                // Writing to a string cannot fail.
                Segment::Item(index) => drop(write!(text, "[{index}]")),
                Segment::Each => text.push_str("[]"),
            }
        }
        text
    }
}

/// The beginning of a name, which may be a megabyte long.
pub(super) fn shortened(name: &str) -> &str {
    let end = name.char_indices().nth(80).map_or(name.len(), |(at, _)| at);
    &name[..end]
}
