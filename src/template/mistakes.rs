//! Mistakes are collected, not returned one by one, and each says where in the document it is.
//!
//! The place is given twice: as a span for the caret, and as the path of the value in the output, because a template
//! is edited with the output in mind.

use std::{fmt::Write, ops::Range, sync::Arc};

use crate::error::{Diagnostic, Source};

/// Nobody reads more than this, and a megabyte of mistakes must not become a gigabyte of messages.
const MOST: usize = 100;

/// One step on the way from the document's root to a value.
#[derive(Debug, Clone)]
pub(super) enum Segment {
    Key(String),
    Item(usize),
    /// whatever `$map` makes of an item
    Each,
}

/// A mistake without its place's path.
#[derive(Debug)]
pub(super) struct Mistake {
    pub span: Range<usize>,
    pub message: String,
    pub help: Vec<String>,
}

impl Mistake {
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: Vec::new() }
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

/// What was found so far, and where the reader is.
pub(super) struct Mistakes<'a> {
    source: &'a Arc<Source>,
    path: Vec<Segment>,
    found: Vec<Diagnostic>,
}

impl<'a> Mistakes<'a> {
    pub fn new(source: &'a Arc<Source>) -> Self {
        Self { source, path: Vec::new(), found: Vec::new() }
    }

    pub fn enter(&mut self, segment: Segment) {
        self.path.push(segment);
    }

    pub fn leave(&mut self) {
        self.path.pop();
    }

    /// Notes a mistake at the current path.
    pub fn add(&mut self, mistake: Mistake) {
        if self.is_full() {
            return;
        }
        let path = self.path();
        let message = if path.is_empty() { mistake.message } else { format!("at `{path}`: {}", mistake.message) };
        let diagnostic = Diagnostic::new(self.source, mistake.span, message);
        self.found.push(mistake.help.into_iter().fold(diagnostic, Diagnostic::help));
    }

    /// Whether further mistakes would be dropped.
    pub fn is_full(&self) -> bool {
        self.found.len() >= MOST
    }

    /// `value`, unless there were mistakes.
    pub fn or<T>(self, value: T) -> Result<T, Vec<Diagnostic>> {
        if self.found.is_empty() { Ok(value) } else { Err(self.found) }
    }

    /// All mistakes found.
    pub fn into_found(self) -> Vec<Diagnostic> {
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

/// The beginning of a name that may be a megabyte long.
pub(super) fn shortened(name: &str) -> &str {
    let end = name.char_indices().nth(80).map_or(name.len(), |(at, _)| at);
    &name[..end]
}
