//! Explains the parser's errors to people who do not know YAML's grammar.

use std::sync::Arc;

use serde_saphyr::granit_parser::{ErrorKind, Marker, ScanError};

use crate::error::{Diagnostic, Source, quoted};

/// A parser error as a diagnostic with a remedy.
pub(super) fn explain(source: &Arc<Source>, error: &ScanError) -> Diagnostic {
    let start = offset(source, error.marker());
    let end =
        start + source.text[start..].chars().next().filter(|next| !next.is_whitespace()).map_or(0, char::len_utf8);
    let (message, help) = words(source, start, error.kind());
    let (start, end) = if message.starts_with("a tab") { tabs(source, start) } else { (start, end) };
    Diagnostic::new(source, start..end, message).help(help)
}

fn words(source: &Source, start: usize, kind: &ErrorKind) -> (String, &'static str) {
    if let Some((message, help)) = typed(source, start, kind).or_else(|| known(kind)) {
        return (message.to_owned(), help);
    }
    let message = format!("this is not valid YAML: {}", quoted_free(&kind.to_string()));
    let help = if source.text[line_start(source, start)..start].contains('\t') {
        "the line has a tab: indent with spaces only"
    } else {
        "a text with special characters needs quotes"
    };
    (message, help)
}

/// Input whose intention is clear although the grammar rejects it.
fn typed(source: &Source, start: usize, kind: &ErrorKind) -> Option<(&'static str, &'static str)> {
    let line = line_start(source, start);
    let text = source.text[line..].lines().next().unwrap_or_default();
    if source.text[..start].ends_with('$') && source.text[start..].starts_with('{') {
        return Some(("a parameter is written without braces", "write `$name` instead of `${name}`"));
    }
    if !matches!(kind, ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey | ErrorKind::ExpectedBlockMappingKey)
    {
        return None;
    }
    // At the dash or right after it, with nothing else before it on the line.
    let before = source.text[line..start].trim();
    let item = text.trim_start().strip_prefix('-').filter(|_| matches!(before, "" | "-"))?;
    if item.is_empty() || item.starts_with(' ') {
        let help = "indent it like the items above, or remove the `-`";
        return Some(("an item of a list stands where no list is", help));
    }
    let number = item.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    (!number).then_some(("the `-` of an item has no space after it", "write `- ` before each item"))
}

/// The first tabs of the line or of a later one: the parser points before them or after them.
fn tabs(source: &Source, at: usize) -> (usize, usize) {
    let line = line_start(source, at);
    let text = &source.text[line..];
    let Some(first) = text.find('\t') else { return (at, at) };
    let length = text[first..].bytes().take_while(|byte| *byte == b'\t').count();
    (line + first, line + first + length)
}

/// The most frequent mistakes.
fn known(kind: &ErrorKind) -> Option<(&'static str, &'static str)> {
    use ErrorKind as Kind;
    Some(match kind {
        Kind::TabInBlockIndentation
        | Kind::TabNotAllowed
        | Kind::TabInIndentation
        | Kind::TabInPlainScalar
        | Kind::TabAtBlockScalarStart => ("a tab stands where YAML wants spaces", "indent with spaces only"),
        Kind::MappingValueNotAllowed => {
            ("a `:` stands where no key can be", "a text with `: ` in it needs quotes; otherwise check the indentation")
        }
        Kind::UnclosedQuotedScalar | Kind::DocumentIndicatorInQuotedScalar => {
            ("a quote is not closed", "close it, or double it if it belongs to the text")
        }
        Kind::UnclosedFlowCollection { .. }
        | Kind::UnexpectedEofFlowSequence
        | Kind::UnexpectedEofFlowMapping
        | Kind::UnexpectedEofImplicitFlowMapping => {
            ("a bracket is not closed", "close every `{` with `}` and every `[` with `]`")
        }
        Kind::MismatchedFlowCollectionEnd { .. } | Kind::MisplacedFlowCollectionEnd => {
            ("a bracket is closed that is not open", "close every `{` with `}` and every `[` with `]`")
        }
        Kind::ExpectedFlowMappingSeparator | Kind::ExpectedFlowSequenceSeparator => (
            "a `,` or a closing bracket is missing",
            "separate entries by `, `; texts with `,`, `:` or brackets need quotes",
        ),
        Kind::SimpleKeyExpected | Kind::InvalidSimpleKey | Kind::ExpectedBlockMappingKey => {
            ("a key and `:` are missing", "write `key: value`, and check the indentation")
        }
        Kind::InvalidIndentation
        | Kind::ExpectedBlockSequenceEntry
        | Kind::InvalidQuotedScalarIndent
        | Kind::InvalidFlowScalarIndent
        | Kind::InvalidBlockScalarIndent => {
            ("the indentation fits nothing above", "indent entries of one map or list alike")
        }
        Kind::InvalidTrailingDoubleQuotedScalar | Kind::InvalidTrailingSingleQuotedScalar => (
            "something follows the quote that closes the text",
            "a quote within the text is written `\\\"` between double quotes, and `''` between single ones",
        ),
        Kind::UnexpectedCharacter { character: '@' | '`' | '%' } => {
            ("a text cannot begin with `@`, a backtick or `%`", "put it in quotes")
        }
        Kind::RecursionLimitExceeded => ("the document is nested too deeply", "maps and lists may be 64 levels deep"),
        Kind::UnknownQuotedScalarEscape => (
            "the text in quotes has an unknown escape after `\\`",
            "write `\\\\` for a backslash, or use single quotes",
        ),
        Kind::BomInsideDocument => ("a byte order mark stands inside of the text", "remove it"),
        _ => return None,
    })
}

/// The parser quotes characters in its messages; only our backticks remain.
fn quoted_free(text: &str) -> String {
    quoted(&text.replace(['`', '\''], "")).replace('`', "")
}

fn line_start(source: &Source, at: usize) -> usize {
    source.text[..at].rfind('\n').map_or(0, |found| found + 1)
}

fn offset(source: &Source, marker: &Marker) -> usize {
    let text = &source.text;
    let at = marker.byte_offset().or_else(|| text.char_indices().nth(marker.index()).map(|(at, _)| at));
    let at = at.unwrap_or(text.len()).min(text.len());
    if text.is_char_boundary(at) { at } else { text.len() }
}
