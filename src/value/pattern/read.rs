//! Reads patterns as they are written.
//!
//! A pattern looks like a regular expression, so that everything in it has the meaning that it has there, or is refused
//! with the way to write it.

use super::{PatternError, Position, class::Class};
use std::ops::Range;

/// The most characters that a pattern has, and the highest count.
pub(super) const LONGEST: usize = 4096;

/// Signs that are an operator in regular expressions: their meaning, and how to do without it.
const OPERATORS: &[(char, &str, &str)] = &[
    ('.', "any character", "write those that it may be, such as `[a-z0-9]`"),
    ('*', "any number of times", ONE_LENGTH),
    ('+', "once or more", ONE_LENGTH),
    ('?', "perhaps", ONE_LENGTH),
    ('(', "a group", "write its characters one after another"),
    (')', "a group", "write its characters one after another"),
    ('|', "one or the other", "give the field `choose`, or write one class such as `[ab]`"),
    ('^', "the beginning", "leave it out: a pattern is the whole value"),
    ('$', "the end", "leave it out: a pattern is the whole value"),
];

const ONE_LENGTH: &str = "write how often, such as `{6}`: all values of a pattern have one length";

/// Expands a pattern to one position per character.
pub(super) fn positions(text: &str) -> Result<Vec<Position>, PatternError> {
    let mut positions = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (position, end) = position(text, at)?;
        at = end;
        let times = if text.as_bytes().get(at) == Some(&b'{') {
            let end = text[at..].find('}').map(|end| at + end);
            let end = end.ok_or_else(|| {
                error(at..text.len(), "`{` without `}`", "close it, such as `{6}`; the character itself is `\\{`")
            })?;
            let times = count(&text[at + 1..end], at..end + 1)?;
            at = end + 1;
            times
        } else {
            1
        };
        if positions.len() + times > LONGEST {
            return Err(error(
                0..text.len(),
                format!("a pattern has at most {LONGEST} characters"),
                "count fewer of them",
            ));
        }
        positions.extend(std::iter::repeat_n(position, times));
    }
    Ok(positions)
}

/// One character or class, and where it ends.
fn position(text: &str, at: usize) -> Result<(Position, usize), PatternError> {
    let byte = text.as_bytes()[at];
    if let Some((sign, meaning, way)) = OPERATORS.iter().find(|(sign, ..)| *sign == char::from(byte)) {
        let message = format!("`{sign}` stands for {meaning}, which a pattern does not have");
        return Err(error(at..at + 1, message, format!("{way}; the character itself is `\\{sign}`")));
    }
    match byte {
        b'[' => {
            let (members, end) = class(text, at)?;
            Ok((Position::Class(Class::new(&members)), end))
        }
        b'\\' => {
            let (members, end) = escape(text, at)?;
            Ok(match members.as_slice() {
                [only] => (Position::Fixed(*only), end),
                members => (Position::Class(Class::new(members)), end),
            })
        }
        b'{' => Err(error(
            at..at + 1,
            "`{` does not follow a character or a class",
            "write one count after each; the character itself is `\\{`",
        )),
        b'}' | b']' => {
            let sign = char::from(byte);
            Err(error(
                at..at + 1,
                format!("`{sign}` without its beginning"),
                format!("the character itself is `\\{sign}`"),
            ))
        }
        _ => Ok((Position::Fixed(printable(text, at)?), at + 1)),
    }
}

/// A count as it stands between braces.
fn count(written: &str, span: Range<usize>) -> Result<usize, PatternError> {
    if written.contains(',') {
        return Err(error(
            span,
            format!("`{{{written}}}` stands for several lengths, which a pattern does not have"),
            ONE_LENGTH,
        ));
    }
    let is_number = !written.is_empty() && written.bytes().all(|digit| digit.is_ascii_digit());
    let times = written.parse().ok().filter(|times| is_number && (1..=LONGEST).contains(times));
    times.ok_or_else(|| error(span, format!("a count is `{{1}}` to `{{{LONGEST}}}`"), ONE_LENGTH))
}

/// The members of the class that begins at `start`, in the order written and each once, and where it ends.
fn class(text: &str, start: usize) -> Result<(Vec<u8>, usize), PatternError> {
    let bytes = text.as_bytes();
    let mut members = Vec::new();
    let mut at = start + 1;
    if bytes.get(at) == Some(&b'^') {
        let message = "`[^` stands for all other characters, which a pattern does not have";
        let help = "write the characters that it may be, such as `[A-Z0-9]`; the character itself is `\\^`";
        return Err(error(start..at + 1, message, help));
    }
    loop {
        let Some(byte) = bytes.get(at) else {
            return Err(error(
                start..text.len(),
                "`[` without `]`",
                "close it, such as `[a-z]`; the character itself is `\\[`",
            ));
        };
        if *byte == b']' {
            break;
        }
        check_in_class(text, at)?;
        let (low, end) = member(text, at)?;
        let is_range = bytes.get(end) == Some(&b'-') && bytes.get(end + 1).is_some_and(|next| *next != b']');
        if !is_range {
            add(&mut members, &low);
            at = end;
            continue;
        }
        check_in_class(text, end)?;
        let (high, next) = member(text, end + 1)?;
        let ([low], [high]) = (low.as_slice(), high.as_slice()) else {
            return Err(error(
                at..next,
                format!("`{}` is not a range", &text[at..next]),
                "a range goes from one character to another, such as `a-z`; a hyphen itself is `\\-`",
            ));
        };
        let range: Vec<u8> = (*low..=*high).collect();
        if range.is_empty() {
            let (low, high) = (char::from(*low), char::from(*high));
            return Err(error(
                at..next,
                format!("the range `{low}-{high}` is backwards"),
                format!("write `{high}-{low}`; a hyphen itself is `\\-`"),
            ));
        }
        if range.contains(&b'"') || range.contains(&b'\\') {
            let message = format!("the range `{}` holds `\"` or `\\`, which a pattern cannot give", &text[at..next]);
            return Err(error(at..next, message, "leave them out of it, as in `[!#-+]`"));
        }
        add(&mut members, &range);
        at = next;
    }
    if members.is_empty() {
        return Err(error(
            start..at + 1,
            "a class is empty",
            "write its characters, such as `[a-z]`; the character `]` itself is `\\]`",
        ));
    }
    Ok((members, at + 1))
}

/// Refuses what has another meaning within a class than its characters.
fn check_in_class(text: &str, at: usize) -> Result<(), PatternError> {
    let rest = &text[at..];
    let named = ["[:", "[.", "[="].iter().any(|begin| rest.starts_with(begin));
    if named {
        return Err(error(
            at..at + 2,
            format!("`{}` begins a class by its name, which a pattern does not have", &rest[..2]),
            "write its characters, such as `[a-zA-Z0-9]`; the character `[` itself is `\\[`",
        ));
    }
    if rest.starts_with('[') {
        return Err(error(
            at..at + 1,
            "`[` within a class",
            "write all characters in one class; the character itself is `\\[`",
        ));
    }
    for operator in ["&&", "--", "~~", "||"] {
        if rest.starts_with(operator) {
            let sign = &operator[..1];
            let message = format!("`{operator}` combines classes, which a pattern does not do");
            let help = format!("write the characters that it may be; the character itself is `\\{sign}`");
            return Err(error(at..at + 2, message, help));
        }
    }
    Ok(())
}

fn add(members: &mut Vec<u8>, more: &[u8]) {
    for byte in more {
        if !members.contains(byte) {
            members.push(*byte);
        }
    }
}

/// The characters of one item of a class, and the offset of its end.
fn member(text: &str, at: usize) -> Result<(Vec<u8>, usize), PatternError> {
    match text.as_bytes()[at] {
        b'\\' => escape(text, at),
        b' ' => {
            Err(error(at..at + 1, "a class has no spaces", "write the space outside of it, where it stands for itself"))
        }
        _ => Ok((vec![printable(text, at)?], at + 1)),
    }
}

/// The characters of an escape, and the offset of its end.
fn escape(text: &str, at: usize) -> Result<(Vec<u8>, usize), PatternError> {
    let Some(next) = text[at + 1..].chars().next() else {
        return Err(error(at..at + 1, "nothing follows `\\`", NO_BACKSLASH));
    };
    let end = at + 1 + next.len_utf8();
    let (message, help) = match next {
        'd' => return Ok(((b'0'..=b'9').collect(), end)),
        'w' => return Ok(((b'0'..=b'9').chain(b'A'..=b'Z').chain([b'_']).chain(b'a'..=b'z').collect(), end)),
        '\\' | '"' => (format!("a pattern cannot give `{next}`"), NO_BACKSLASH),
        _ if next.is_ascii_punctuation() && !"<>".contains(next) => return Ok((vec![next as u8], end)),
        _ => (
            format!("a pattern does not have `{}`", &text[at..end]),
            "write the characters that it may be, such as `[a-z]`; there are `\\d` and `\\w`",
        ),
    };
    Err(error(at..end, message, help))
}

/// Reads a literal character.
fn printable(text: &str, at: usize) -> Result<u8, PatternError> {
    match text[at..].chars().next() {
        Some('"') => Err(error(at..at + 1, "a pattern cannot give `\"`", NO_BACKSLASH)),
        Some(letter) if letter.is_ascii() && !letter.is_ascii_control() => Ok(letter as u8),
        Some(letter) => {
            let shown = letter.escape_default();
            let message = format!("`{shown}` is not printable ASCII, of which patterns are made");
            Err(error(at..at + letter.len_utf8(), message, "give the field `choose` or `text` for other characters"))
        }
        None => Err(error(at..at, "the pattern ends too early", "write a character")),
    }
}

/// JSON would show either with a `\` before it.
const NO_BACKSLASH: &str = "give the field `choose` or `text` for texts with `\"` or `\\` in them";

fn error(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> PatternError {
    PatternError { span, message: message.into(), help: help.into() }
}
