//! Parser of expressions: the part of JSON-e's language that can be checked before rendering.
//!
//! Arithmetic, calls and indexing are left out on purpose: the catalog decides what an event contains, and a template
//! only places it.

use std::ops::Range;

use super::diagnostics::{UnplacedDiagnostic, shortened};
use crate::template::{limits::MAX_DEPTH, program::Comparison, shape::Constant};

/// An expression and its span in the template's text.
#[derive(Debug)]
pub(super) struct Expression {
    pub(crate) span: Range<usize>,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// `pool.id`; at least one part
    Name(Vec<String>),
    Literal(Constant),
    Not(Box<Expression>),
    /// `a && b && …`
    All(Vec<Expression>),
    /// `a || b || …`
    Any(Vec<Expression>),
    Compare(Box<Expression>, Comparison, Box<Expression>),
}

/// In the order of matching: longer operators first.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::Unequal),
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

const SUPPORTED: &str = "an expression has names, 'text', integers, `true`, `false`, `null`, `!`, `&&`, `||`, `==`, \
                         `!=`, `<`, `<=`, `>`, `>=` and parentheses";

/// Maps positions in an unescaped string to positions in the template's text.
pub(super) struct Positions {
    /// (position in the unescaped string, position in the text): one for the start and one after each escape
    known: Vec<(usize, usize)>,
}

impl Positions {
    /// `span` must be that of a valid JSON string, quotes included.
    pub(super) fn new(text: &str, span: &Range<usize>) -> Self {
        let start = span.start + 1;
        let mut known = vec![(0, start)];
        let (mut unescaped, mut at) = (0, start);
        while let Some(distance) = text[at..span.end - 1].find('\\') {
            at += distance;
            unescaped += distance;
            let (read, meant) = escape_lengths(&text[at..]);
            at += read;
            unescaped += meant;
            known.push((unescaped, at));
        }
        Self { known }
    }

    /// The span in the text of a range of the unescaped string.
    pub(super) fn span(&self, range: Range<usize>) -> Range<usize> {
        self.position(range.start)..self.position(range.end)
    }

    fn position(&self, unescaped: usize) -> usize {
        let after = self.known.partition_point(|known| known.0 <= unescaped);
        let (from, at) = self.known[after.saturating_sub(1)];
        at + unescaped - from
    }
}

/// Length of the escape at the start of `text`, and of the character it stands for, in bytes.
fn escape_lengths(text: &str) -> (usize, usize) {
    let code = |at| text.get(at..at + 4).and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or(0);
    match text.as_bytes().get(1) {
        Some(b'u') if (0xd800..0xdc00).contains(&code(2)) => (12, 4),
        Some(b'u') => (6, char::from_u32(code(2)).map_or(0, char::len_utf8)),
        _ => (2, 1),
    }
}

/// Parses all of `text` as an expression.
pub(super) fn whole(text: &str, positions: &Positions) -> Result<Expression, UnplacedDiagnostic> {
    let (expression, end) = prefix(text, 0, positions)?;
    if end == text.len() { Ok(expression) } else { Err(Parser { text, at: end, depth: 0, positions }.unexpected()) }
}

/// Parses the expression at `at`; also returns the position after it and the space that follows it.
pub(super) fn prefix(text: &str, at: usize, positions: &Positions) -> Result<(Expression, usize), UnplacedDiagnostic> {
    let mut parser = Parser { text, at, depth: 0, positions };
    let expression = parser.any()?;
    parser.skip_space();
    Ok((expression, parser.at))
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    positions: &'a Positions,
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Expression, UnplacedDiagnostic> {
        self.chain("||", Self::all, Kind::Any)
    }

    fn all(&mut self) -> Result<Expression, UnplacedDiagnostic> {
        self.chain("&&", Self::comparison, Kind::All)
    }

    // The whole chain becomes one node, so that a long chain is not a deep tree.
    fn chain(
        &mut self,
        operator: &str,
        part: fn(&mut Self) -> Result<Expression, UnplacedDiagnostic>,
        kind: fn(Vec<Expression>) -> Kind,
    ) -> Result<Expression, UnplacedDiagnostic> {
        let first = part(self)?;
        if !self.take(operator) {
            return Ok(first);
        }
        let start = first.span.start;
        let mut parts = vec![first, part(self)?];
        while self.take(operator) {
            parts.push(part(self)?);
        }
        let end = parts.last().map_or(start, |last| last.span.end);
        Ok(Expression { span: start..end, kind: kind(parts) })
    }

    fn comparison(&mut self) -> Result<Expression, UnplacedDiagnostic> {
        let left = self.unary()?;
        let Some(comparison) = self.comparison_sign() else {
            return Ok(left);
        };
        let right = self.unary()?;
        self.skip_space();
        let end = self.at;
        if self.comparison_sign().is_some() {
            let span = self.positions.span(end..self.at);
            return Err(
                UnplacedDiagnostic::new(span, "comparisons cannot be chained").help("join two comparisons by `&&`")
            );
        }
        let span = left.span.start..right.span.end;
        Ok(Expression { span, kind: Kind::Compare(Box::new(left), comparison, Box::new(right)) })
    }

    fn comparison_sign(&mut self) -> Option<Comparison> {
        COMPARISONS.iter().find(|(sign, _)| self.take(sign)).map(|(_, comparison)| *comparison)
    }

    fn unary(&mut self) -> Result<Expression, UnplacedDiagnostic> {
        self.skip_space();
        let start = self.at;
        if self.text[start..].starts_with("!=") || !self.take("!") {
            return self.primary();
        }
        let inner = self.nested(start, Self::unary)?;
        let span = self.positions.span(start..start + 1).start..inner.span.end;
        Ok(Expression { span, kind: Kind::Not(Box::new(inner)) })
    }

    fn primary(&mut self) -> Result<Expression, UnplacedDiagnostic> {
        self.skip_space();
        let start = self.at;
        let kind = match self.text.as_bytes().get(start) {
            Some(b'(') => {
                self.at += 1;
                let inner = self.nested(start, Self::any)?;
                return if self.take(")") { Ok(inner) } else { Err(self.unexpected()) };
            }
            Some(quote @ (b'\'' | b'"')) => self.text_literal(char::from(*quote))?,
            Some(b'-' | b'0'..=b'9') => self.integer()?,
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'_') => self.name()?,
            _ => return Err(self.unexpected()),
        };
        Ok(Expression { span: self.positions.span(start..self.at), kind })
    }

    fn nested(
        &mut self,
        start: usize,
        read: fn(&mut Self) -> Result<Expression, UnplacedDiagnostic>,
    ) -> Result<Expression, UnplacedDiagnostic> {
        if self.depth == MAX_DEPTH {
            let span = self.positions.span(start..start + 1);
            return Err(UnplacedDiagnostic::new(span, format!("expressions nest at most {MAX_DEPTH} deep")));
        }
        self.depth += 1;
        let inner = read(self)?;
        self.depth -= 1;
        Ok(inner)
    }

    fn text_literal(&mut self, quote: char) -> Result<Kind, UnplacedDiagnostic> {
        let start = self.at;
        let Some(length) = self.text[start + 1..].find(quote) else {
            let span = self.positions.span(start..self.text.len());
            return Err(UnplacedDiagnostic::new(span, format!("the text has no closing `{quote}`")));
        };
        self.at += length + 2;
        Ok(Kind::Literal(Constant::Text(self.text[start + 1..start + 1 + length].to_owned())))
    }

    fn integer(&mut self) -> Result<Kind, UnplacedDiagnostic> {
        let start = self.at;
        self.at += usize::from(self.text.as_bytes()[start] == b'-');
        self.at += self.text[self.at..].bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let digits = &self.text[start..self.at];
        let number = digits.parse().ok().filter(|number| (i64::MIN.into()..=u64::MAX.into()).contains(number));
        number.map(|number| Kind::Literal(Constant::Integer(number))).ok_or_else(|| {
            let message = format!("`{}` is not an integer of 64 bits", shortened(digits));
            UnplacedDiagnostic::new(self.positions.span(start..self.at), message).help(SUPPORTED)
        })
    }

    fn name(&mut self) -> Result<Kind, UnplacedDiagnostic> {
        let first = self.word();
        if !self.text[self.at..].starts_with('.') {
            match first.as_str() {
                "true" => return Ok(Kind::Literal(Constant::Boolean(true))),
                "false" => return Ok(Kind::Literal(Constant::Boolean(false))),
                "null" => return Ok(Kind::Literal(Constant::Null)),
                _ => {}
            }
        }
        let mut parts = vec![first];
        while self.text[self.at..].starts_with('.') {
            self.at += 1;
            match self.word() {
                word if word.is_empty() => return Err(self.unexpected()),
                word => parts.push(word),
            }
        }
        Ok(Kind::Name(parts))
    }

    /// Letters, digits and `_`, not beginning with a digit; may be empty.
    fn word(&mut self) -> String {
        let rest = &self.text[self.at..];
        let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let length = if rest.starts_with(|first: char| first.is_ascii_digit()) { 0 } else { length };
        self.at += length;
        rest[..length].to_owned()
    }

    fn unexpected(&self) -> UnplacedDiagnostic {
        match self.text[self.at..].chars().next() {
            Some(found) => unexpected(found, self.positions.span(self.at..self.at + found.len_utf8())),
            None => UnplacedDiagnostic::new(self.positions.span(self.at..self.at), "the expression is not complete")
                .help(SUPPORTED),
        }
    }

    fn take(&mut self, sign: &str) -> bool {
        self.skip_space();
        let found = self.text[self.at..].starts_with(sign);
        self.at += if found { sign.len() } else { 0 };
        found
    }

    fn skip_space(&mut self) {
        self.at += self.text[self.at..].bytes().take_while(|byte| b" \t\r\n".contains(byte)).count();
    }
}

/// The mistake for a character that cannot occur at this place of an expression.
pub(super) fn unexpected(found: char, span: std::ops::Range<usize>) -> UnplacedDiagnostic {
    UnplacedDiagnostic::new(span, format!("`{}` is not expected in an expression", super::parse::shown(found)))
        .help(SUPPORTED)
}
