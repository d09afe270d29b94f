//! Rows of columns: comma-separated values and their relatives.
//!
//! A row becomes the JSON object that its header says, so that all else is the same as for every other record.

use super::candidates;
use std::borrow::Cow;

/// Names of columns by which a first line is recognised as a header: what an event or its id stands in.
const TELLING: [&str; 11] =
    ["id", "data", "raw", "_raw", "event", "message", "body", "value", "payload", "log", "specversion"];

/// Which first lines are taken for a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Columns {
    /// Names of which one tells that rows hold events or ids.
    OfEvents,
    /// Any names.
    Any,
}

/// The columns of a table.
#[derive(Debug, Clone)]
pub(super) struct Header {
    names: Vec<String>,
    separator: u8,
}

impl Header {
    /// The header that a first line is, if it is one.
    pub(super) fn read(line: &[u8], columns: Columns) -> Option<Self> {
        let has_id = || candidates::uuids(line).next().is_some() || candidates::digit_runs(line).next().is_some();
        if line.len() > 4096 || memchr::memchr2(b'{', b'[', line).is_some() || columns == Columns::Any && has_id() {
            return None;
        }
        b",;\t|".iter().find_map(|separator| {
            let names = cells(line.trim_ascii(), *separator);
            let is_name = |name: &String| {
                !name.is_empty()
                    && name.len() <= 64
                    && name.chars().all(|c| c.is_alphanumeric() || "_-.@ #".contains(c))
                    && !name.starts_with(|c: char| c.is_ascii_digit())
            };
            let tells = |name: &String| {
                let last = name.rsplit(['.', '_']).next().unwrap_or(name);
                TELLING.iter().any(|telling| telling.eq_ignore_ascii_case(last) || telling.eq_ignore_ascii_case(name))
            };
            let is_told = columns == Columns::Any || names.iter().any(tells);
            let is_header = names.len() >= 2 && names.iter().all(is_name) && is_told;
            is_header.then_some(Header { names, separator: *separator })
        })
    }

    /// Whether a row is over: a cell in quotes may go beyond a line.
    pub(super) fn is_whole(&self, row: &[u8]) -> bool {
        let mut rest = row;
        // Nearly always quotes come in pairs, which is seen faster.
        let is_even = memchr::memchr_iter(b'"', row).count().is_multiple_of(2);
        is_even
            || loop {
                let cell = cell(rest, self.separator);
                match rest.get(cell.end) {
                    Some(_) => rest = &rest[cell.end + 1..],
                    None => break cell.is_closed,
                }
            }
    }

    /// A row as a JSON object; empty cells are left out.
    pub(super) fn object(&self, row: &[u8]) -> Vec<u8> {
        let mut object = serde_json::Map::new();
        for (number, cell) in cells(row, self.separator).into_iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let name = self.names.get(number).cloned().unwrap_or_else(|| format!("column {}", number + 1));
            object.insert(name, cell.into());
        }
        serde_json::Value::Object(object).to_string().into_bytes()
    }
}

/// The cells of a row.
pub(super) fn cells(row: &[u8], separator: u8) -> Vec<String> {
    let mut cells = Vec::new();
    let mut rest = row;
    loop {
        let cell = cell(rest, separator);
        cells.push(String::from_utf8_lossy(&cell.text).into_owned());
        match rest.get(cell.end) {
            Some(_) => rest = &rest[cell.end + 1..],
            None => return cells,
        }
    }
}

struct Cell<'a> {
    text: Cow<'a, [u8]>,
    /// Where its separator is.
    end: usize,
    /// Whether its quotes are closed.
    is_closed: bool,
}

/// The first cell of a row. In quotes, a quote is doubled, or has a backslash before it.
fn cell(row: &[u8], separator: u8) -> Cell<'_> {
    let plain_end = |from: usize| memchr::memchr(separator, &row[from..]).map_or(row.len(), |at| from + at);
    if row.first() != Some(&b'"') {
        let end = plain_end(0);
        return Cell { text: row[..end].trim_ascii().into(), end, is_closed: true };
    }
    let first = memchr::memchr(b'"', &row[1..]).map_or(row.len(), |at| at + 1);
    let has_backslashes = row.get(first - 1) == Some(&b'\\') && row.get(first + 1) != Some(&b'"');
    let (mut text, mut at) = (Vec::new(), 1);
    loop {
        let special =
            if has_backslashes { memchr::memchr2(b'"', b'\\', &row[at..]) } else { memchr::memchr(b'"', &row[at..]) };
        let Some(stop) = special.map(|special| at + special) else {
            text.extend_from_slice(&row[at..]);
            return Cell { text: text.into(), end: row.len(), is_closed: false };
        };
        text.extend_from_slice(&row[at..stop]);
        match (row[stop], row.get(stop + 1)) {
            (b'\\', Some(escaped @ (b'"' | b'\\'))) => text.push(*escaped),
            (b'\\', Some(other)) => text.extend_from_slice(&[b'\\', *other]),
            (b'"', Some(b'"')) if !has_backslashes => text.push(b'"'),
            _ => return Cell { text: text.into(), end: plain_end(stop + 1), is_closed: row[stop] == b'"' },
        }
        at = stop + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_objects() {
        let header = Header::read(b"\"id\",time,data\r\n", Columns::OfEvents).unwrap();
        let object = header.object(b"7,,\"{\"\"a\"\": \"\"x,\ny\"\"}\"");
        assert_eq!(String::from_utf8(object).unwrap(), r#"{"id":"7","data":"{\"a\": \"x,\ny\"}"}"#);
        assert!(header.is_whole(b"7,\"a\nb\"") && !header.is_whole(b"7,\"a"));
        let row = br#"7,x,"{\"a\":\"b\\\"c,\",\"d\":\"\\u00e9\"}""#;
        assert!(header.is_whole(row) && !header.is_whole(br#"7,x,"{\"a\":"#));
        assert_eq!(cells(row, b','), ["7", "x", r#"{"a":"b\"c,","d":"\u00e9"}"#]);
        for line in [&b"{\"id\":1,\"data\":2}"[..], b"2026-01-05, id", b"a line, about an id, of text!", b"x,y", b""] {
            assert!(Header::read(line, Columns::OfEvents).is_none(), "{}", String::from_utf8_lossy(line));
        }
        assert!(Header::read(b"rule,user,count", Columns::OfEvents).is_none());
        assert!(Header::read(b"rule,user,count", Columns::Any).is_some());
        assert!(Header::read(b"x,a7e93948-e0bb-42b2-8199-c52f3108ecb6", Columns::Any).is_none());
    }
}
