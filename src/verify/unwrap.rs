//! Taking a JSON document apart while it is read: the items of a list are given one by one, so that a document may be of
//! any length.
//!
//! Of a list at the top each item is a record. Of another document the deepest list that fills most of the memory is
//! taken apart, such as the records of an OTLP batch or the hits of a search, once the document is too long to hold.

use super::piece::Piece;

/// A document of which some was read.
pub(super) struct Unwrapper {
    limit: usize,
    held: Vec<u8>,
    frames: Vec<Frame>,
    /// Where the text began that is being read.
    text: Option<usize>,
    is_escaped: bool,
    state: State,
    /// Whether something was given already.
    has_given: bool,
}

/// How far a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Done,
    /// It is no JSON.
    Broken,
    /// It cannot be taken apart: the rest is given as it comes.
    Plain,
}

/// Lists and objects in each other at most: a line of brackets is no document.
const DEEPEST: usize = 1_000;

/// Bytes between two looks at how much is held.
const STEP: usize = 256 << 10;

/// A list or object that is not closed yet.
struct Frame {
    is_list: bool,
    /// Where it begins in what is held.
    from: usize,
    /// Items of a list that are complete.
    items: Vec<(usize, usize)>,
    /// Whether items are given at once.
    gives: bool,
}

impl Unwrapper {
    pub(super) fn new(limit: usize) -> Self {
        Unwrapper {
            limit,
            held: Vec::new(),
            frames: Vec::new(),
            text: None,
            is_escaped: false,
            state: State::Open,
            has_given: false,
        }
    }

    /// Whether the document has ended.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether it turned out to be no JSON.
    pub(super) fn is_broken(&self) -> bool {
        self.state == State::Broken
    }

    /// Whether an item of a list has to follow.
    pub(super) fn wants_item(&self) -> bool {
        let last = self.held.trim_ascii_end().last();
        self.frames.last().is_some_and(|frame| frame.is_list) && matches!(last, Some(b',' | b'['))
    }

    /// Reads on.
    pub(super) fn push(&mut self, bytes: &[u8], take: &mut dyn FnMut(Piece<'_>)) {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = self.push_document(rest, take);
        }
    }

    /// Reads on, and to the end of the document at most; the bytes after that.
    pub(super) fn push_document<'b>(&mut self, bytes: &'b [u8], take: &mut dyn FnMut(Piece<'_>)) -> &'b [u8] {
        let was_done = self.is_done();
        let mut rest = bytes;
        // In steps, so that what is held is never much longer than the limit.
        while !rest.is_empty() && self.is_done() == was_done {
            let (step, later) = rest.split_at(rest.len().min(STEP));
            rest = later;
            if self.state == State::Plain {
                self.part(step, take);
            } else {
                let unread = self.read(step, take);
                rest = &bytes[bytes.len() - later.len() - unread..];
            }
        }
        rest
    }

    /// Reads a step until the document ends; how many bytes are left.
    fn read(&mut self, bytes: &[u8], take: &mut dyn FnMut(Piece<'_>)) -> usize {
        let was_done = self.is_done();
        let mut rest = bytes;
        while !rest.is_empty() {
            // Bytes in between that mean nothing are copied at once.
            let stop = match self.text {
                Some(_) if self.is_escaped => Some(0),
                Some(_) => memchr::memchr2(b'"', b'\\', rest),
                None => rest.iter().position(|byte| matches!(byte, b'{' | b'}' | b'[' | b']' | b'"')),
            };
            let Some(stop) = stop else {
                self.held.extend_from_slice(rest);
                break;
            };
            self.held.extend_from_slice(&rest[..=stop]);
            let byte = rest[stop];
            rest = &rest[stop + 1..];
            self.note(byte, take);
            if self.is_broken() {
                self.held.extend_from_slice(rest);
                break;
            }
            if self.is_done() && !was_done {
                return rest.len();
            }
        }
        if self.held.len() > self.limit && !self.is_done() {
            self.shorten(take);
        }
        0
    }

    /// Nothing more comes.
    pub(super) fn finish(mut self, take: &mut dyn FnMut(Piece<'_>)) {
        let held = std::mem::take(&mut self.held);
        let rest = held.trim_ascii();
        // An item of a list that has a line for each bracket.
        let rest = if self.is_done() { rest.strip_suffix(b",").unwrap_or(rest) } else { rest };
        let is_rest = !self.has_given || !self.is_done() && !is_brackets(rest);
        if self.state == State::Plain {
            self.part(rest, take);
        } else if is_rest && !rest.is_empty() {
            // The rest of a document that was taken apart is nothing but brackets, unless it was cut.
            take(Piece::Whole(rest));
        }
    }

    fn part(&mut self, bytes: &[u8], take: &mut dyn FnMut(Piece<'_>)) {
        if !bytes.is_empty() {
            take(Piece::Slice(bytes, !self.has_given));
            self.has_given = true;
        }
    }

    /// A byte was read that may mean something.
    fn note(&mut self, byte: u8, take: &mut dyn FnMut(Piece<'_>)) {
        let at = self.held.len() - 1;
        if let Some(from) = self.text {
            if std::mem::replace(&mut self.is_escaped, false) {
                return;
            }
            match byte {
                b'\\' => self.is_escaped = true,
                b'"' => {
                    self.text = None;
                    self.ended(from, take);
                }
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => self.text = Some(at),
            b'{' | b'[' if self.frames.len() == DEEPEST => self.state = State::Broken,
            b'{' | b'[' => {
                // Of a list at the top each item is a record.
                let gives = byte == b'[' && self.frames.is_empty();
                self.frames.push(Frame { is_list: byte == b'[', from: at, items: Vec::new(), gives });
            }
            _ => match self.frames.pop() {
                Some(frame) if frame.is_list == (byte == b']') => {
                    if self.frames.is_empty() {
                        self.state = State::Done;
                        self.has_given |= frame.gives;
                    } else {
                        self.ended(frame.from, take);
                    }
                }
                _ => self.state = State::Broken,
            },
        }
    }

    /// A text, list or object ends here: if it is an item of a list, it is given or noted.
    fn ended(&mut self, from: usize, take: &mut dyn FnMut(Piece<'_>)) {
        let end = self.held.len();
        let Some(list) = self.frames.last_mut().filter(|frame| frame.is_list) else { return };
        if !list.gives {
            // Short texts are no records.
            if end - from >= 64 {
                list.items.push((from, end));
            }
            return;
        }
        take(Piece::Whole(&self.held[from..end]));
        self.has_given = true;
        self.held.truncate(from);
        // Commas and spaces between items.
        while matches!(self.held.last(), Some(b',' | b' ' | b'\n' | b'\r' | b'\t')) {
            self.held.pop();
        }
    }

    /// Too much is held: gives the items of the deepest list that is most of it; if there is none, all of it.
    fn shorten(&mut self, take: &mut dyn FnMut(Piece<'_>)) {
        let half = self.held.len() - self.limit / 2;
        let deepest = self
            .frames
            .iter()
            .rposition(|frame| frame.is_list && !frame.gives && frame.from <= half && !frame.items.is_empty());
        let Some(deepest) = deepest else {
            self.state = State::Plain;
            let held = std::mem::take(&mut self.held);
            self.part(&held, take);
            return;
        };
        let frame = &mut self.frames[deepest];
        frame.gives = true;
        let items = std::mem::take(&mut frame.items);
        for (from, end) in &items {
            take(Piece::Whole(&self.held[*from..*end]));
        }
        self.has_given = true;
        if let (Some((from, _)), Some((_, end))) = (items.first(), items.last()) {
            let shift = end - from;
            self.held.drain(*from..*end);
            for later in &mut self.frames[deepest + 1..] {
                later.from -= shift;
                later.items.iter_mut().for_each(|(from, end)| (*from, *end) = (*from - shift, *end - shift));
            }
            if let Some(text) = self.text.as_mut().filter(|text| **text >= *end) {
                *text -= shift;
            }
        }
    }
}

/// The items of a list that is one text; `None` if it is no list.
pub(super) fn items(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut unwrapper = Unwrapper::new(usize::MAX);
    let mut items = Vec::new();
    unwrapper.push(text, &mut |piece| {
        if let Piece::Whole(item) = piece {
            items.push(item.to_vec());
        }
    });
    unwrapper.is_done().then_some(items)
}

/// Whether there are no values in a text.
pub(super) fn is_brackets(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b' ' | b'\n' | b'\r' | b'\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unwrapped(text: &str, limit: usize, step: usize) -> Vec<String> {
        let mut given = Vec::new();
        let mut take = |piece: Piece<'_>| match piece {
            Piece::Whole(bytes) => given.push(String::from_utf8_lossy(bytes).into_owned()),
            Piece::Slice(bytes, first) => given.push(format!("{first} {}", bytes.len())),
        };
        let mut unwrapper = Unwrapper::new(limit);
        for part in text.as_bytes().chunks(step) {
            unwrapper.push(part, &mut take);
        }
        unwrapper.finish(&mut take);
        given
    }

    #[test]
    fn a_long_document_is_taken_apart_into_its_records() {
        let records: Vec<String> =
            (0..50).map(|n| format!(r#"{{"n":{n},"t":"]}}\"","l":[1,{{"x":"{:60}"}}]}}"#, "")).collect();
        let batch = format!(r#"{{"resourceLogs":[{{"r":[],"logs":[{}]}}],"z":[]}}"#, records.join(" ,"));
        for step in [1, 7, 1000, usize::MAX] {
            // The document is pushed in steps, and taken apart when it is too long.
            assert_eq!(unwrapped(&batch, usize::MAX, step), std::slice::from_ref(&batch));
            let mut given = unwrapped(&batch, 1_000, step.min(500));
            // The frame around them remains.
            let frame = given.pop_if(|last| last.contains("resourceLogs"));
            assert_eq!(given, records, "{step}");
            assert!(frame.is_none_or(|frame| !frame.contains("\"n\"")));
        }
        let list = format!("[{}]", records.join(",\n"));
        assert_eq!(unwrapped(&list, 1_000, 100), records);
        let long = "x".repeat(5_000);
        let parts = unwrapped(&long, 1_000, 600);
        assert!(parts[0].starts_with("true ") && parts[1..].iter().all(|part| part.starts_with("false ")), "{parts:?}");
    }
}
