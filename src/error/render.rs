//! Renders diagnostics for a terminal.
//!
//! The quoted text comes from untrusted files, so only the line with the mistake is taken, control characters are
//! replaced first, and long lines are cut.

use std::{fmt::Write as _, ops::Range};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, Source, floor_char_boundary, names::is_safe};

/// Maximum number of diagnostics shown; the others are counted.
pub const MOST_SHOWN: usize = 20;

/// Maximum number of characters shown of a source line, and of those before the mistake.
const LINE_WIDTH: usize = 120;
const LINE_BEFORE: usize = 60;

/// Maximum number of characters shown of a message, label or help line.
const MESSAGE_WIDTH: usize = 600;

/// A user's word for use in a message: in backticks, cut if long, control characters replaced.
pub fn quoted(text: &str) -> String {
    format!("`{}`", clean(text, 60))
}

/// All diagnostics up to [`MOST_SHOWN`], with an empty line between them.
pub(super) fn diagnostics(diagnostics: &[Diagnostic], color: bool) -> String {
    let mut out = String::new();
    for (index, found) in diagnostics.iter().take(MOST_SHOWN).enumerate() {
        if index > 0 {
            out.push('\n');
        }
        out.push_str(&diagnostic(found, color));
        out.push('\n');
    }
    if diagnostics.len() > MOST_SHOWN {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "\n… and {} more", diagnostics.len() - MOST_SHOWN);
    }
    out
}

/// One diagnostic, without a line feed at the end.
pub(super) fn diagnostic(diagnostic: &Diagnostic, color: bool) -> String {
    let (line, column) = diagnostic.source.position(diagnostic.span.start);
    let excerpt = Excerpt::new(&diagnostic.source, &diagnostic.span);
    let name = clean(&diagnostic.source.name, MESSAGE_WIDTH);
    let label = clean(&diagnostic.label, MESSAGE_WIDTH);
    let annotation = AnnotationKind::Primary.span(excerpt.span.clone()).label((!label.is_empty()).then_some(label));
    let shown_column = excerpt.text[..excerpt.span.start].chars().count() + 1;
    let snippet = Snippet::source(excerpt.text).path(name.as_str()).line_start(line).annotation(annotation);
    let level = if diagnostic.warning { Level::WARNING } else { Level::ERROR };
    let group = level.primary_title(clean(&diagnostic.message, MESSAGE_WIDTH)).element(snippet);
    let out = renderer(color).render(&[with_help(group, &diagnostic.help)]);
    // The renderer counts columns within the excerpt, which may start in the middle of a line.
    out.replacen(&format!("{name}:{line}:{shown_column}\n"), &format!("{name}:{line}:{column}\n"), 1)
}

/// A message without a place in a text.
pub(super) fn plain(message: &str, help: &[String], color: bool) -> String {
    let title = Level::ERROR.primary_title(clean(message, MESSAGE_WIDTH));
    let mut out = renderer(color).render(&[Group::with_title(title)]);
    for line in help {
        let title = Level::HELP.primary_title(clean(line, MESSAGE_WIDTH));
        out.push('\n');
        out.push_str(&renderer(color).render(&[Group::with_title(title)]));
    }
    out.push('\n');
    out
}

fn renderer(color: bool) -> Renderer {
    let renderer = if color { Renderer::styled().hyperlink(false) } else { Renderer::plain() };
    // Lines are already cut; a large width prevents the renderer from cutting them again.
    renderer.term_width(LINE_WIDTH * 5)
}

fn with_help<'a>(group: Group<'a>, help: &[String]) -> Group<'a> {
    group.elements(help.iter().map(|line| Level::HELP.message(clean(line, MESSAGE_WIDTH))))
}

/// The part of a line that is shown, and the span of the mistake in it.
struct Excerpt {
    text: String,
    span: Range<usize>,
}

impl Excerpt {
    fn new(source: &Source, span: &Range<usize>) -> Self {
        let text = &source.text;
        let start = floor_char_boundary(text, span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        // For a mistake that spans several lines, only the first is shown.
        let end = floor_char_boundary(text, span.end).clamp(start, line_end);

        let mut shown = Self { text: String::new(), span: 0..0 };
        let before = &text[line_start..start];
        match before.char_indices().rev().nth(LINE_BEFORE - 1) {
            Some((cut, _)) if cut > 0 => {
                shown.text.push('…');
                push_clean(&mut shown.text, &before[cut..], LINE_BEFORE);
            }
            _ => push_clean(&mut shown.text, before.trim_start_matches('\u{feff}'), LINE_BEFORE),
        }
        shown.span.start = shown.text.len();
        let marked = text[start..end].trim_end();
        // If the mistake consists of spaces, they are marked.
        let marked = if marked.is_empty() { &text[start..end] } else { marked };
        push_clean(&mut shown.text, marked, LINE_WIDTH - LINE_BEFORE);
        shown.span.end = shown.text.len();
        let rest = text[start + marked.len()..line_end].trim_end();
        push_clean(&mut shown.text, rest, LINE_WIDTH - LINE_BEFORE);
        shown
    }
}

/// The text without characters that a terminal interprets, cut with `…` after `most` characters.
fn clean(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most));
    push_clean(&mut out, text, most);
    out
}

fn push_clean(out: &mut String, text: &str, most: usize) {
    for (index, character) in text.chars().enumerate() {
        if index == most {
            out.push('…');
            return;
        }
        out.push(if character == '\t' || is_safe(character) { character } else { '\u{fffd}' });
    }
}
