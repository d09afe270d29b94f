//! JSON parser that keeps the position of every value.
//!
//! A usual parser keeps neither positions nor the spelling of numbers, accepts duplicate keys, and reports the line of
//! a syntax error but not its key. A template's author needs all four.

use std::{collections::HashSet, ops::Range, sync::Arc};

use super::diagnostics::{Diagnostics, Segment, UnplacedDiagnostic, shortened};
use crate::{
    error::{Diagnostic, Source},
    template::limits::MAX_DEPTH,
};

/// A value and its span in the text.
#[derive(Debug)]
pub(crate) struct Json {
    pub(crate) span: Range<usize>,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// `null`, `true`, `false` or a number: the text of the span
    Verbatim,
    /// unescaped
    Text(String),
    Array(Vec<Json>),
    Object(Vec<Member>),
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) value: Json,
}

/// Parses one JSON text; `what` names it in messages.
pub(crate) fn parse(source: &Arc<Source>, what: &'static str) -> Result<Json, Vec<Diagnostic>> {
    let mut parser = Parser { text: &source.text, what, at: 0, depth: 0, diagnostics: Diagnostics::new(source) };
    match parser.document() {
        Ok(json) => parser.diagnostics.or(json),
        Err(diagnostic) => {
            parser.diagnostics.add(diagnostic);
            Err(parser.diagnostics.into_found())
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    what: &'static str,
    at: usize,
    depth: usize,
    diagnostics: Diagnostics<'a>,
}

// A syntax error returns at once and leaves the path as it is, so that the message can name it.
impl Parser<'_> {
    fn document(&mut self) -> Result<Json, UnplacedDiagnostic> {
        // Editors of some systems begin every file with a byte order mark.
        self.at = self.text.len() - self.text.trim_start_matches('\u{feff}').len();
        let json = self.value()?;
        self.skip_space();
        if self.at < self.text.len() {
            return Err(self.unexpected(&format!("the end of the {}", self.what)));
        }
        Ok(json)
    }

    fn value(&mut self) -> Result<Json, UnplacedDiagnostic> {
        self.skip_space();
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => Kind::Object(self.nested(Self::object)?),
            Some(b'[') => Kind::Array(self.nested(Self::array)?),
            Some(b'"') => Kind::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b'a'..=b'z' | b'A'..=b'Z') => self.word()?,
            Some(b']') if self.text[..self.at].trim_end().ends_with(',') => {
                return Err(self.unexpected("a value").help("remove the `,` after the last item"));
            }
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Json { span: start..self.at, kind })
    }

    fn nested<T>(&mut self, read: fn(&mut Self) -> Result<T, UnplacedDiagnostic>) -> Result<T, UnplacedDiagnostic> {
        if self.depth == MAX_DEPTH {
            let message = format!("values nest at most {MAX_DEPTH} deep");
            return Err(UnplacedDiagnostic::new(self.at..self.at + 1, message));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Vec<Json>, UnplacedDiagnostic> {
        let mut items = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(items);
        }
        loop {
            self.diagnostics.enter(Segment::Item(items.len()));
            items.push(self.value()?);
            self.diagnostics.leave();
            self.skip_space();
            if self.take(b']') {
                return Ok(items);
            }
            if !self.take(b',') {
                return Err(self.unexpected("`,` or `]`").help(self.separated()));
            }
        }
    }

    fn object(&mut self) -> Result<Vec<Member>, UnplacedDiagnostic> {
        let mut members = Vec::new();
        let mut seen = HashSet::new();
        self.skip_space();
        if self.take(b'}') {
            return Ok(members);
        }
        loop {
            let (key, key_span) = self.key()?;
            if !seen.insert(key.clone()) {
                let message = format!("the key `{}` appears twice", shortened(&key));
                self.diagnostics.add(UnplacedDiagnostic::new(key_span.clone(), message).help("remove one of them"));
            }
            self.diagnostics.enter(Segment::Key(key.clone()));
            let value = self.value()?;
            self.diagnostics.leave();
            members.push(Member { key, key_span, value });
            self.skip_space();
            if self.take(b'}') {
                return Ok(members);
            }
            if !self.take(b',') {
                return Err(self.unexpected("`,` or `}`").help(self.separated()));
            }
        }
    }

    fn key(&mut self) -> Result<(String, Range<usize>), UnplacedDiagnostic> {
        self.skip_space();
        let start = self.at;
        if self.peek() != Some(b'"') {
            let diagnostic = self.unexpected("a key in double quotes");
            let after_comma = self.text[..self.at].trim_end().ends_with(',');
            return Err(match self.peek() {
                Some(b'}') if after_comma => diagnostic.help("remove the `,` after the last entry"),
                _ => diagnostic,
            });
        }
        let key = self.string()?;
        let span = start..self.at;
        self.skip_space();
        if !self.take(b':') {
            return Err(self.unexpected("`:`"));
        }
        Ok((key, span))
    }

    fn string(&mut self) -> Result<String, UnplacedDiagnostic> {
        let start = self.at;
        let mut value = String::new();
        self.at += 1;
        loop {
            let plain = self.at;
            while self.peek().is_some_and(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
                self.at += 1;
            }
            // The range ends before an ASCII byte or at the end of the text, so never within a character.
            value.push_str(&self.text[plain..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(value);
                }
                Some(b'\\') => value.push(self.escape()?),
                Some(_) => {
                    let diagnostic =
                        UnplacedDiagnostic::new(self.at..self.at + 1, "a control character stands in a string");
                    return Err(diagnostic.help("write line breaks as `\\n`, tabs as `\\t`"));
                }
                None => {
                    return Err(UnplacedDiagnostic::new(start..self.at, "the string has no closing `\"`"));
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, UnplacedDiagnostic> {
        let start = self.at;
        self.at += 2;
        match self.text.as_bytes().get(start + 1) {
            Some(b'"') => Ok('"'),
            Some(b'\\') => Ok('\\'),
            Some(b'/') => Ok('/'),
            Some(b'b') => Ok('\u{8}'),
            Some(b'f') => Ok('\u{c}'),
            Some(b'n') => Ok('\n'),
            Some(b'r') => Ok('\r'),
            Some(b't') => Ok('\t'),
            Some(b'u') => self.unicode_escape(start),
            _ => {
                self.at = start;
                let diagnostic = UnplacedDiagnostic::new(start..start + 1, "the escape after `\\` is unknown");
                Err(diagnostic.help(r#"JSON has `\"`, `\\`, `\/`, `\b`, `\f`, `\n`, `\r`, `\t` and `\u0000`"#))
            }
        }
    }

    fn unicode_escape(&mut self, start: usize) -> Result<char, UnplacedDiagnostic> {
        let mut code = self.four_digits(start)?;
        if (0xd800..0xdc00).contains(&code) && self.text[self.at..].starts_with("\\u") {
            self.at += 2;
            let low = self.four_digits(start)?;
            // Not a low surrogate: `code` stays a lone surrogate, which the conversion below rejects.
            if (0xdc00..0xe000).contains(&low) {
                code = 0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            }
        }
        let lonely = || UnplacedDiagnostic::new(start..self.at, "half of a surrogate pair stands alone");
        char::from_u32(code).ok_or_else(lonely)
    }

    fn four_digits(&mut self, start: usize) -> Result<u32, UnplacedDiagnostic> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 4;
        code.ok_or_else(|| UnplacedDiagnostic::new(start..start + 2, "`\\u` needs four hexadecimal digits"))
    }

    fn number(&mut self) -> Result<Kind, UnplacedDiagnostic> {
        let start = self.at;
        self.take(b'-');
        let leading = self.at;
        let mut fine = self.digits() && (self.text.as_bytes()[leading] != b'0' || self.at == leading + 1);
        if self.take(b'.') {
            fine &= self.digits();
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            fine &= self.digits();
        }
        if fine {
            Ok(Kind::Verbatim)
        } else {
            Err(UnplacedDiagnostic::new(
                start..self.at,
                format!("`{}` is not a JSON number", shortened(&self.text[start..self.at])),
            ))
        }
    }

    fn digits(&mut self) -> bool {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at > start
    }

    fn word(&mut self) -> Result<Kind, UnplacedDiagnostic> {
        let rest = &self.text[self.at..];
        let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let word = &rest[..length];
        if ["null", "true", "false"].contains(&word) {
            self.at += length;
            return Ok(Kind::Verbatim);
        }
        let message = format!("`{}` is not a JSON value", shortened(word));
        Err(UnplacedDiagnostic::new(self.at..self.at + length, message).help("strings stand in double quotes"))
    }

    /// Help for a missing separator.
    fn separated(&self) -> &'static str {
        match self.peek() {
            None => "close every `{` with `}` and every `[` with `]`",
            // Another entry follows: the comma is missing after the entry before it, often a line above.
            Some(b'"' | b'{' | b'[') => "write a `,` after the entry before",
            Some(_) => "texts stand in double quotes, and entries are separated by `,`",
        }
    }

    fn unexpected(&self, expected: &str) -> UnplacedDiagnostic {
        match self.text[self.at..].chars().next() {
            Some(found) => {
                let message = format!("expected {expected}, found `{}`", shown(found));
                UnplacedDiagnostic::new(self.at..self.at + found.len_utf8(), message)
            }
            None => UnplacedDiagnostic::new(
                self.at..self.at,
                format!("expected {expected}, found the end of the {}", self.what),
            ),
        }
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// A character as shown in messages: control characters are escaped.
pub(super) fn shown(character: char) -> String {
    if character.is_control() { character.escape_debug().to_string() } else { character.to_string() }
}
