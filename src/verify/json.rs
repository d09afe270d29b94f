//! JSON as a tree whose nodes know their bytes: how a record's body is taken apart.
//!
//! Tolerant where pipelines are: text that is not UTF-8 is read with replacement characters, and of two equal keys
//! both are kept. A text that ends too early is another error than one that is no JSON, because the first is an event
//! that was cut.

use std::borrow::Cow;

/// A value and the bytes that it was read from.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    /// Its bytes; empty for values that were put together from others.
    pub raw: &'a [u8],
    pub value: Json<'a>,
}

/// A JSON value. Numbers stay as they are written.
#[derive(Debug, Clone)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Cow<'a, str>),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// Why a text is no JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// It ends before the value does.
    Cut,
    /// Something else is wrong at this byte.
    Syntax(usize),
}

/// Values within values at most; deeper ones are no audit events, and must not exhaust the stack.
const DEPTH: usize = 128;

/// Values of a text at most: a tree takes some ten times the memory of the shortest values.
const MOST_VALUES: usize = 2 << 20;

/// Reads a value and what follows it: white space and commas only.
pub(crate) fn parse(text: &[u8]) -> Result<Node<'_>, Broken> {
    // All of it is checked at once, which is faster than text by text.
    let mut reader = Reader { text, checked: std::str::from_utf8(text).ok(), at: 0, left: MOST_VALUES };
    let node = reader.value(DEPTH)?;
    reader.skip_space();
    while reader.peek() == Some(b',') {
        reader.at += 1;
        reader.skip_space();
    }
    if reader.at < text.len() { Err(Broken::Syntax(reader.at)) } else { Ok(node) }
}

/// Reads the value at the beginning of a text, whatever follows it; and where it ends.
pub(crate) fn parse_first(text: &[u8]) -> Result<(Node<'_>, usize), Broken> {
    let mut reader = Reader { text, checked: None, at: 0, left: MOST_VALUES };
    let node = reader.value(DEPTH)?;
    Ok((node, reader.at))
}

impl<'a> Node<'a> {
    /// A value that stands in no text.
    pub(crate) fn made(value: Json<'a>) -> Self {
        Node { raw: b"", value }
    }

    /// The member of that name, if it is an object that has one.
    pub(crate) fn get(&self, key: &str) -> Option<&Node<'a>> {
        match &self.value {
            Json::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The value at the end of a path of keys and indices with points between them.
    pub(crate) fn at_path(&self, path: &str) -> Option<&Node<'a>> {
        if let Some(node) = self.get(path) {
            return Some(node);
        }
        // A key may have points, too: the shortest beginning that leads anywhere is taken.
        for (at, _) in path.match_indices('.') {
            let (first, rest) = (&path[..at], &path[at + 1..]);
            let child = match &self.value {
                Json::List(items) => first.parse().ok().and_then(|index: usize| items.get(index)),
                _ => self.get(first),
            };
            if let Some(found) = child.and_then(|child| child.at_path(rest)) {
                return Some(found);
            }
        }
        match &self.value {
            Json::List(items) => path.parse().ok().and_then(|index: usize| items.get(index)),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A scalar as people write it; `None` for lists and objects.
    pub(crate) fn scalar(&self) -> Option<Cow<'_, str>> {
        match &self.value {
            Json::Null => Some("null".into()),
            Json::Bool(true) => Some("true".into()),
            Json::Bool(false) => Some("false".into()),
            Json::Number(text) | Json::Text(text) => Some(Cow::Borrowed(text)),
            Json::List(_) | Json::Object(_) => None,
        }
    }
}

struct Reader<'a> {
    text: &'a [u8],
    /// The same, if it is known to be UTF-8.
    checked: Option<&'a str>,
    at: usize,
    /// Values that may follow.
    left: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn wrong<T>(&self) -> Result<T, Broken> {
        Err(if self.at >= self.text.len() { Broken::Cut } else { Broken::Syntax(self.at) })
    }

    fn value(&mut self, depth: usize) -> Result<Node<'a>, Broken> {
        self.skip_space();
        let start = self.at;
        self.left = self.left.checked_sub(1).ok_or(Broken::Syntax(start))?;
        let value = match self.peek() {
            Some(b'{') if depth > 0 => self.object(depth - 1)?,
            Some(b'[') if depth > 0 => self.list(depth - 1)?,
            Some(b'"') => Json::Text(self.string()?),
            Some(b't') => self.word("true", Json::Bool(true))?,
            Some(b'f') => self.word("false", Json::Bool(false))?,
            Some(b'n') => self.word("null", Json::Null)?,
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => return self.wrong(),
        };
        Ok(Node { raw: &self.text[start..self.at], value })
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, Broken> {
        let rest = &self.text[self.at..];
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(value);
        }
        if word.as_bytes().starts_with(rest) { Err(Broken::Cut) } else { Err(Broken::Syntax(self.at)) }
    }

    fn number(&mut self) -> Json<'a> {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        Json::Number(self.characters(start, self.at))
    }

    fn list(&mut self, depth: usize) -> Result<Json<'a>, Broken> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Json::List(items));
                }
                _ => return self.wrong(),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, Broken> {
        self.at += 1;
        let mut members = Vec::new();
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return self.wrong();
            }
            let key = self.string()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return self.wrong();
            }
            self.at += 1;
            members.push((key, self.value(depth)?));
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Json::Object(members));
                }
                _ => return self.wrong(),
            }
        }
    }

    /// The characters between two places.
    fn characters(&self, from: usize, to: usize) -> Cow<'a, str> {
        match self.checked.and_then(|text| text.get(from..to)) {
            Some(text) => Cow::Borrowed(text),
            None => String::from_utf8_lossy(&self.text[from..to]),
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Broken> {
        self.at += 1;
        let (from, rest) = (self.at, &self.text[self.at..]);
        let Some(stop) = memchr::memchr2(b'"', b'\\', rest) else {
            self.at = self.text.len();
            return Err(Broken::Cut);
        };
        if rest[stop] == b'"' {
            self.at += stop + 1;
            return Ok(self.characters(from, from + stop));
        }
        let mut out = rest[..stop].to_vec();
        self.at += stop;
        loop {
            let rest = &self.text[self.at..];
            let Some(stop) = memchr::memchr2(b'"', b'\\', rest) else {
                self.at = self.text.len();
                return Err(Broken::Cut);
            };
            out.extend_from_slice(&rest[..stop]);
            self.at += stop + 1;
            if rest[stop] == b'"' {
                return Ok(String::from_utf8_lossy(&out).into_owned().into());
            }
            self.escape(&mut out)?;
        }
    }

    /// Reads the rest of an escape, after its backslash.
    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), Broken> {
        let plain = match self.peek() {
            Some(b'u') => return self.unicode(out),
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(character @ (b'"' | b'\\' | b'/')) => character,
            _ => return self.wrong(),
        };
        self.at += 1;
        out.push(plain);
        Ok(())
    }

    fn unicode(&mut self, out: &mut Vec<u8>) -> Result<(), Broken> {
        self.at += 1;
        let mut code = self.four_digits()?;
        if (0xD800..0xDC00).contains(&code) && self.text[self.at..].starts_with(b"\\u") {
            let back = self.at;
            self.at += 2;
            let low = self.four_digits()?;
            if (0xDC00..0xE000).contains(&low) {
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            } else {
                self.at = back;
            }
        }
        let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    fn four_digits(&mut self) -> Result<u32, Broken> {
        let Some(digits) = self.text.get(self.at..self.at + 4) else {
            self.at = self.text.len();
            return Err(Broken::Cut);
        };
        let code = std::str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let Some(code) = code else { return self.wrong() };
        self.at += 4;
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_is_told_apart_from_one_that_is_no_json() {
        let whole = br#"{"a":[1,2.50,-3e4,true,null,"x\"\u00e4\ud83d\ude00\/"],"b":{"c":"d"}}"#;
        assert!(parse(whole).is_ok());
        for end in 1..whole.len() {
            assert!(matches!(parse(&whole[..end]), Err(Broken::Cut)), "{}", String::from_utf8_lossy(&whole[..end]));
        }
        for text in ["{a=b}", "{\"a\" 1}", "[1 2]", "{\"a\":1}x", "x", "{\"a\":truth}", "\"\\x\""] {
            assert!(matches!(parse(text.as_bytes()), Err(Broken::Syntax(_))), "{text}");
        }
        let deep = [vec![b'['; 500], vec![b']'; 500]].concat();
        assert!(matches!(parse(&deep), Err(Broken::Syntax(_))));
    }

    #[test]
    fn nodes_know_their_bytes_and_paths() {
        let node = parse(br#" {"a.b": [ {"c":"x\/y"} , 7 ],"a":{"d":2}} ,"#).unwrap();
        assert_eq!(node.at_path("a.b.0.c").unwrap().text(), Some("x/y"));
        assert_eq!(node.at_path("a.b.0").unwrap().raw, br#"{"c":"x\/y"}"#);
        assert_eq!(node.at_path("a.b.1").unwrap().scalar().unwrap(), "7");
        assert_eq!(node.at_path("a.d").unwrap().scalar().unwrap(), "2");
        assert!(node.at_path("a.x").is_none());
    }
}
