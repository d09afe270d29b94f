//! Records of an input: lines, rows of a table, and documents that are longer or shorter than a line.
//!
//! Memory is bounded whatever the input is: a document that is longer than [`LONGEST`] is taken apart while it is read
//! ([`super::unwrap`]), and a line that cannot be is only searched for ids.

use super::{
    columns::{Columns, Header},
    piece::Piece,
    unwrap::{self, Unwrapper},
};
use std::io::{self, Read};

/// Bytes of a record at most that are held in memory.
pub(super) const LONGEST: usize = 16 << 20;

/// Bytes that are read at once.
const BUFFER: usize = 1 << 20;

/// Reads all records of an input. `take` returns false to end.
pub(crate) fn read(reader: impl Read, take: &mut dyn FnMut(Piece<'_>) -> bool) -> io::Result<()> {
    read_tables(reader, Columns::OfEvents, take)
}

/// Reads all records of an input of which the first line may be a header of `columns`.
pub(crate) fn read_tables(
    reader: impl Read,
    columns: Columns,
    take: &mut dyn FnMut(Piece<'_>) -> bool,
) -> io::Result<()> {
    let mut records = Records { lines: Lines::new(reader), columns, header: None, is_first: true };
    while records.next(take)? {}
    Ok(())
}

struct Records<R> {
    lines: Lines<R>,
    columns: Columns,
    header: Option<Header>,
    is_first: bool,
}

impl<R: Read> Records<R> {
    /// Reads on; false at the end.
    fn next(&mut self, take: &mut dyn FnMut(Piece<'_>) -> bool) -> io::Result<bool> {
        let Some(line) = self.lines.next()? else { return Ok(false) };
        if !line.is_whole {
            return self.long(take);
        }
        let bytes = line.bytes(&self.lines.buffer);
        let is_first = std::mem::replace(&mut self.is_first, false);
        let bytes = if is_first { bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes) } else { bytes };
        let text = without_padding(bytes);
        if text.is_empty() {
            self.is_first = is_first;
            return Ok(true);
        }
        if is_first {
            self.header = Header::read(text, self.columns);
            if self.header.is_some() {
                return Ok(true);
            }
        }
        if let Some(header) = &self.header {
            if header.is_whole(text) {
                return Ok(take(Piece::Whole(&header.object(text))));
            }
            let row = bytes.to_vec();
            return self.row(row, take);
        }
        match framed(text) {
            Framed::Nothing => Ok(true),
            Framed::Record(record) => Ok(take(Piece::Whole(record))),
            Framed::List => match unwrap::items(text) {
                Some(items) => Ok(items.iter().all(|item| take(Piece::Whole(item)))),
                None => Ok(take(Piece::Whole(text))),
            },
            Framed::Begins(record) => {
                let first = record.to_vec();
                self.documents(first, take)
            }
        }
    }

    /// A row that continues in the next line.
    fn row(&mut self, mut row: Vec<u8>, take: &mut dyn FnMut(Piece<'_>) -> bool) -> io::Result<bool> {
        while self.header.as_ref().is_some_and(|header| !header.is_whole(&row)) && row.len() < LONGEST {
            let Some(line) = self.lines.next()? else { break };
            row.push(b'\n');
            row.extend_from_slice(line.bytes(&self.lines.buffer));
        }
        let object = self.header.as_ref().map(|header| header.object(&row)).unwrap_or(row);
        Ok(take(Piece::Whole(&object)))
    }

    /// A document that continues in the next line, and those that begin where the one before them ends.
    fn documents(&mut self, first: Vec<u8>, take: &mut dyn FnMut(Piece<'_>) -> bool) -> io::Result<bool> {
        let mut goes_on = true;
        let mut take = |piece: Piece<'_>| goes_on &= take(piece);
        let mut next = Some(first);
        while let Some(first) = next {
            next = self.document(&first, &mut take)?;
        }
        Ok(goes_on)
    }

    /// A document that continues in the next line, if that line belongs to it; the beginning of another one in its last
    /// line.
    fn document(&mut self, first: &[u8], take: &mut dyn FnMut(Piece<'_>)) -> io::Result<Option<Vec<u8>>> {
        let mut unwrapper = Unwrapper::new(LONGEST);
        let mut next = push_and_next(&mut unwrapper, first, take);
        while !unwrapper.is_done() && !unwrapper.is_broken() {
            let goes_on = match self.lines.peek()? {
                Some(b' ' | b'\t' | b'"' | b'}' | b']' | b',' | b'\n' | b'\r') => true,
                // An item of a list that is not indented. Where the first line is more than a bracket, the document is
                // one line that was cut.
                Some(b'{' | b'[' | b'0'..=b'9' | b'-' | b't' | b'f' | b'n') => first == b"{" && unwrapper.wants_item(),
                _ => false,
            };
            // A line that begins another record: the one before it was cut.
            if !goes_on {
                break;
            }
            let Some(line) = self.lines.next()? else { break };
            unwrapper.push(b"\n", take);
            next = push_and_next(&mut unwrapper, line.bytes(&self.lines.buffer), take);
        }
        unwrapper.finish(take);
        Ok(next)
    }

    /// A line that is too long for memory.
    fn long(&mut self, take: &mut dyn FnMut(Piece<'_>) -> bool) -> io::Result<bool> {
        let mut unwrapper = Unwrapper::new(LONGEST);
        let mut goes_on = true;
        let mut take = |piece: Piece<'_>| goes_on &= take(piece);
        let mut line = self.lines.last;
        loop {
            unwrapper.push(line.bytes(&self.lines.buffer), &mut take);
            if line.is_whole {
                break;
            }
            match self.lines.next()? {
                Some(next) => line = next,
                None => break,
            }
        }
        unwrapper.finish(&mut take);
        Ok(goes_on)
    }
}

/// Reads on; the beginning of the next document, if this one ends and another follows in the line: `}{`, `}, {`.
fn push_and_next(unwrapper: &mut Unwrapper, line: &[u8], take: &mut dyn FnMut(Piece<'_>)) -> Option<Vec<u8>> {
    let rest = unwrapper.push_document(line, take);
    let next = rest.trim_ascii_start();
    let next = next.strip_prefix(b",").unwrap_or(next).trim_ascii_start();
    if next.starts_with(b"{") {
        return Some(next.to_vec());
    }
    // The brackets of a list that the document was the last item of say nothing about it.
    if !unwrap::is_brackets(rest) {
        unwrapper.push(rest, take);
    }
    None
}

/// A line without the white space, the zero bytes and the record separators (RFC 7464) around it.
fn without_padding(line: &[u8]) -> &[u8] {
    let mut text = line.trim_ascii();
    while let [0 | 0x1E, rest @ ..] | [rest @ .., 0 | 0x1E] = text {
        text = rest.trim_ascii();
    }
    text
}

/// How a line is to be taken.
enum Framed<'a> {
    /// Brackets and commas between records.
    Nothing,
    Record(&'a [u8]),
    /// A list in one line.
    List,
    /// The beginning of a document of several lines, if the next one looks like it.
    Begins(&'a [u8]),
}

fn framed(line: &[u8]) -> Framed<'_> {
    if matches!(line, b"[" | b"]" | b"," | b"],") {
        return Framed::Nothing;
    }
    let mut record = line;
    if let Some(inner) = line.strip_prefix(b"[").map(<[u8]>::trim_ascii_start) {
        // Lists of numbers and addresses in brackets begin otherwise.
        if !matches!(inner.first(), Some(b'{' | b'"' | b'[' | b']')) {
            return Framed::Record(line);
        }
        if line.ends_with(b"]") {
            return Framed::List;
        }
        record = inner;
    }
    if record.first() != Some(&b'{') {
        return Framed::Record(record);
    }
    let inner = match record.strip_suffix(b",").map(<[u8]>::trim_ascii_end) {
        Some(inner) if inner.ends_with(b"}") => inner,
        _ => record,
    };
    let ends_open = matches!(record.last(), Some(b'{' | b'[' | b','));
    if ends_open && !is_balanced(record) {
        return Framed::Begins(record);
    }
    // The last one of a list, each of which has a line.
    let inner = inner.strip_suffix(b"]").map_or(inner, <[u8]>::trim_ascii_end);
    Framed::Record(inner)
}

/// Whether each bracket outside of texts is closed.
fn is_balanced(record: &[u8]) -> bool {
    let (mut depth, mut in_text, mut at) = (0_i64, false, 0);
    while at < record.len() {
        match record[at] {
            b'\\' if in_text => at += 1,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    depth == 0 && !in_text
}

/// Lines of an input, in a buffer that grows to [`LONGEST`].
struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    /// The part of the buffer that was read and not given yet begins here.
    at: usize,
    filled: usize,
    /// Up to here there is no line feed.
    searched: usize,
    is_over: bool,
    last: Line,
}

/// Where a line is in the buffer, without its line feed; if it is not whole, the rest follows.
#[derive(Clone, Copy, Default)]
struct Line {
    from: usize,
    to: usize,
    is_whole: bool,
}

impl Line {
    fn bytes(self, buffer: &[u8]) -> &[u8] {
        &buffer[self.from..self.to]
    }
}

impl<R: Read> Lines<R> {
    fn new(reader: R) -> Self {
        let buffer = vec![0; BUFFER];
        Lines { reader, buffer, at: 0, filled: 0, searched: 0, is_over: false, last: Line::default() }
    }

    fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            self.skip_padding();
            let found = memchr::memchr(b'\n', &self.buffer[self.searched..self.filled]);
            if let Some(found) = found {
                let to = self.searched + found;
                self.last = Line { from: self.at, to, is_whole: true };
                (self.at, self.searched) = (to + 1, to + 1);
                return Ok(Some(self.last));
            }
            self.searched = self.filled;
            let is_full = self.filled - self.at >= LONGEST;
            if self.is_over || is_full {
                if self.at == self.filled {
                    return Ok(None);
                }
                self.last = Line { from: self.at, to: self.filled, is_whole: self.is_over };
                self.at = self.filled;
                return Ok(Some(self.last));
            }
            self.fill()?;
        }
    }

    /// Passes over the zero bytes that a file has where a log was cut by its rotation, or a system went down.
    fn skip_padding(&mut self) {
        let zeros = self.buffer[self.at..self.filled].iter().take_while(|byte| **byte == 0).count();
        self.at += zeros;
        self.searched = self.searched.max(self.at);
    }

    /// The first byte of the next line.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        while self.at == self.filled && !self.is_over {
            self.fill()?;
        }
        Ok(self.buffer[..self.filled].get(self.at).copied())
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.at > 0 {
            self.buffer.copy_within(self.at..self.filled, 0);
            self.filled -= self.at;
            self.searched -= self.at;
            self.at = 0;
        }
        if self.filled == self.buffer.len() {
            let length = (self.buffer.len() * 2).min(LONGEST + BUFFER);
            self.buffer.resize(length, 0);
        }
        loop {
            match self.reader.read(&mut self.buffer[self.filled..]) {
                Ok(0) => {
                    self.is_over = true;
                    return Ok(());
                }
                Ok(read) => {
                    self.filled += read;
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> Vec<String> {
        let mut records = Vec::new();
        let mut take = |piece: Piece<'_>| {
            match piece {
                Piece::Whole(bytes) => records.push(String::from_utf8_lossy(bytes).into_owned()),
                Piece::Slice(bytes, _) => records.push(format!("… {}", bytes.len())),
            }
            true
        };
        read(text.as_bytes(), &mut take).unwrap();
        records
    }

    #[test]
    fn a_record_is_a_line_a_row_an_item_or_a_document() {
        for (text, wanted) in [
            ("", &[][..]),
            ("\n\n", &[]),
            ("{\"a\":1}\n\r\n  {\"a\":2}\r\n{\"a\":3}", &["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"]),
            ("[{\"a\":1},\n{\"a\":2},\n{\"a\":3}]\n", &["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"]),
            ("[\n{\"a\":1},\n{\"a\":[2]}\n]\n", &["{\"a\":1}", "{\"a\":[2]}"]),
            ("[{\"a\":\"]}\"}, {\"a\":[2]} , \"{}\", 7]", &["{\"a\":\"]}\"}", "{\"a\":[2]}", "\"{}\""]),
            ("{\n  \"a\": [\n    1\n  ]\n}\n{\n  \"a\": 2\n}\n", &["{\n  \"a\": [\n    1\n  ]\n}", "{\n  \"a\": 2\n}"]),
            (
                "[\n  {\n    \"a\": 1\n  },\n  {\n    \"a\": 2\n  }\n]\n",
                &["{\n    \"a\": 1\n  }", "{\n    \"a\": 2\n  }"],
            ),
            ("{\"a\":1,\n\"b\":2}\n{\"a\":3}\n", &["{\"a\":1,\n\"b\":2}", "{\"a\":3}"]),
            // Cut at a place that looks like the beginning of a document.
            ("{\"a\":1,\n{\"a\":2}\n{\"b\":[{\n{\"a\":3}\n", &["{\"a\":1,", "{\"a\":2}", "{\"b\":[{", "{\"a\":3}"]),
            ("[2026-01-05] x {\"a\":1}\n[::1]:80 {\"a\":[1]", &["[2026-01-05] x {\"a\":1}", "[::1]:80 {\"a\":[1]"]),
            (
                "id,data\n7,\"{\"\"a\"\":\n1}\"\n8,x\n",
                &[r#"{"id":"7","data":"{\"a\":\n1}"}"#, r#"{"id":"8","data":"x"}"#],
            ),
            ("\u{feff}{\"a\":1}\n", &["{\"a\":1}"]),
            ("\u{1e}{\"a\":1}\n\u{1e}{\n\"a\":2\n}\n", &["{\"a\":1}", "{\n\"a\":2\n}"]),
            ("{\n\"a\":1\n}{\n\"a\":2\n} {\"a\":3}\n", &["{\n\"a\":1\n}", "{\n\"a\":2\n}", "{\"a\":3}"]),
            ("[{\n\"a\":1\n}, {\n\"a\":2\n}]\n", &["{\n\"a\":1\n}", "{\n\"a\":2\n}"]),
            ("\0\0\0{\"a\":1}\0\0\n\0\0\n\0{\"a\":2}\0 \0", &["{\"a\":1}", "{\"a\":2}"]),
            (
                "{\n\"a\": [\n1,\n{\n\"b\": [\ntrue\n]\n}\n]\n}\n{\"a\":2}",
                &["{\n\"a\": [\n1,\n{\n\"b\": [\ntrue\n]\n}\n]\n}", "{\"a\":2}"],
            ),
        ] {
            assert_eq!(records(text), wanted, "{text:?}");
        }
    }
}
