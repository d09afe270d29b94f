//! Diagnostics and the one error type: errors carry their place in the input and a remedy, not a call stack.
//!
//! A [`Diagnostic`] is one mistake at one place of one text. Readers collect diagnostics and continue, so that one run
//! reports all mistakes; [`Error`] is what ends a run, and `main` reports it once.

mod names;
mod nearest;
mod render;

use std::{
    fmt,
    ops::Range,
    sync::{Arc, OnceLock},
};

pub(crate) use names::{shell_word, shown};
pub(crate) use nearest::a;
pub use nearest::{did_you_mean, list_of, nearest};
pub use render::{MOST_SHOWN, quoted};

/// An input text and its name.
#[derive(Debug)]
pub struct Source {
    /// Path as given by the user, or `<command line>`, or the path of a built-in text.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// Offsets of line starts, computed on first use: a file may have thousands of mistakes.
    lines: OnceLock<Vec<usize>>,
}

impl Source {
    /// A named text, ready to be shared by the diagnostics that point into it.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into(), lines: OnceLock::new() })
    }

    /// Line and column of a byte offset, both from 1; columns count characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let offset = floor_char_boundary(&self.text, offset);
        let lines = self.lines.get_or_init(|| {
            let feeds = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            [0].into_iter().chain(feeds.map(|(at, _)| at + 1)).collect()
        });
        let number = lines.partition_point(|begin| *begin <= offset);
        // A byte order mark is invisible in editors, so it is no column either.
        let line = self.text[lines[number - 1]..offset].trim_start_matches('\u{feff}');
        (number, line.chars().count() + 1)
    }
}

/// One mistake at one place of one text.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// The text that contains the mistake.
    pub source: Arc<Source>,
    /// Byte range in `source.text`; may be empty, for instance at the end of the text.
    pub span: Range<usize>,
    /// Message: lower case, names in backticks, no full stop.
    pub message: String,
    /// Short text at the underline; may be empty.
    pub label: String,
    /// Remedies: zero or more `help:` lines.
    pub help: Vec<String>,
    /// Whether it is no mistake, but something that its author may not have meant.
    pub warning: bool,
}

impl Diagnostic {
    /// A mistake without label and help.
    pub fn new(source: &Arc<Source>, span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            source: Arc::clone(source),
            span,
            message: message.into(),
            label: String::new(),
            help: Vec::new(),
            warning: false,
        }
    }

    /// Makes a warning of it.
    #[must_use]
    pub(crate) fn into_warning(mut self) -> Self {
        self.warning = true;
        self
    }

    /// Sets the text at the underline.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds a help line; ignores an empty text.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        let help = help.into();
        if !help.is_empty() {
            self.help.push(help);
        }
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render::diagnostic(self, false))
    }
}

/// Reason why a command failed.
#[derive(Debug)]
pub enum Error {
    /// All mistakes found in files and options, sorted by place. Exit status 2.
    Input(Vec<Diagnostic>),
    /// A mistake on the command line that has no place in a text. Exit status 2.
    Usage {
        /// Message.
        message: String,
        /// Help lines.
        help: Vec<String>,
    },
    /// The work failed (disk, broker, pipe). Exit status 1.
    Failed {
        /// The failed action and its cause.
        message: String,
        /// Help lines.
        help: Vec<String>,
    },
}

impl Error {
    /// A mistake on the command line, without help.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: Vec::new() }
    }

    /// A failure, without help.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), help: Vec::new() }
    }

    /// Adds a help line, for [`Error::Input`] to the last diagnostic; ignores an empty text.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        let lines = match &mut self {
            Self::Usage { help, .. } | Self::Failed { help, .. } => Some(help),
            Self::Input(diagnostics) => diagnostics.last_mut().map(|last| &mut last.help),
        };
        if let Some(lines) = lines.filter(|_| !text.is_empty()) {
            lines.push(text);
        }
        self
    }

    /// A later failure, told after this one; what to do is what the later one says.
    #[must_use]
    pub fn then(self, later: Self) -> Self {
        match (self, later) {
            (Self::Failed { message: first, .. }, Self::Failed { message, help }) => {
                Self::Failed { message: format!("{first}; then: {message}"), help }
            }
            (first, _) => first,
        }
    }

    /// The process's exit status: 2 for wrong usage or input, 1 for work that failed.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Input(_) | Self::Usage { .. } => 2,
            Self::Failed { .. } => 1,
        }
    }

    /// The report for a terminal, ending in one line feed; at most [`MOST_SHOWN`] diagnostics.
    pub fn render(&self, color: bool) -> String {
        match self {
            Self::Input(diagnostics) => render::diagnostics(diagnostics, color),
            Self::Usage { message, help } | Self::Failed { message, help } => render::plain(message, help, color),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl std::error::Error for Error {}

impl From<Vec<Diagnostic>> for Error {
    fn from(diagnostics: Vec<Diagnostic>) -> Self {
        Self::Input(diagnostics)
    }
}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Input(vec![diagnostic])
    }
}

/// The nearest character boundary at or before `offset`, so that a wrong span cannot cause a panic.
fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    (0..=offset).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The value of a result; moves its diagnostics, if any, to those collected so far.
pub fn keep<T>(result: Result<T, Vec<Diagnostic>>, diagnostics: &mut Vec<Diagnostic>) -> Option<T> {
    result.map_err(|mut found| diagnostics.append(&mut found)).ok()
}

/// All values, or the diagnostics of all results that failed.
///
/// # Errors
/// All diagnostics of all results, in order.
pub fn merge<T>(results: impl IntoIterator<Item = Result<T, Vec<Diagnostic>>>) -> Result<Vec<T>, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let values = results.into_iter().filter_map(|result| keep(result, &mut diagnostics)).collect();
    if diagnostics.is_empty() { Ok(values) } else { Err(diagnostics) }
}
