//! Records without an id that may be pieces of events: an event that was cut before its first id, or the middle of one
//! that was divided over several lines.
//!
//! They are looked for in all events, which are rendered once more for it. A piece is found by a stretch of it that few
//! events have in common, and then compared as a whole.

use super::{
    counts::Counts,
    encoded,
    expectation::Expectation,
    json::{self, Json, Node},
    shape::could_be_piece,
    walk::{self, Walk},
};
use std::{collections::HashMap, num::NonZero};
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of such records that are kept; those beyond count as foreign.
const KEPT: usize = 32 << 20;

/// Bytes by which a piece is looked for.
const ANCHOR: usize = 8;

#[derive(Default)]
pub(super) struct Orphans {
    pieces: HashMap<u64, Orphan>,
    bytes: usize,
    /// Records that there was no room for.
    pub beyond: u64,
}

struct Orphan {
    bytes: Box<[u8]>,
    /// How many records are the same.
    records: u64,
}

/// How a piece belongs to an event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fragment {
    /// The beginning of an event, with its length in bytes.
    Beginning(usize),
    Middle,
}

/// Texts in texts that are looked at.
const DEEPEST: usize = 3;

/// A piece without what programs put at its end: a mark, or a character in place of one that was cut.
fn without_mark(piece: &[u8]) -> &[u8] {
    let mut piece = piece;
    while let Some(shorter) = ["\u{FFFD}", "…", "..."].iter().find_map(|mark| piece.strip_suffix(mark.as_bytes())) {
        piece = shorter;
    }
    piece
}

/// The longest text of a record that could be a piece: the message in the object that an agent makes of a cut line.
fn longest_piece(node: &Node<'_>, depth: usize) -> Option<Vec<u8>> {
    match &node.value {
        Json::List(items) => items.iter().filter_map(|item| longest_piece(item, depth)).max_by_key(Vec::len),
        Json::Object(members) => {
            members.iter().filter_map(|(_, member)| longest_piece(member, depth)).max_by_key(Vec::len)
        }
        Json::Text(text) if could_be_piece(text.as_bytes()) => match json::parse(text.trim().as_bytes()) {
            Ok(inner) if depth < DEEPEST => longest_piece(&inner, depth + 1),
            Ok(_) => None,
            Err(_) => Some(text.trim().as_bytes().to_vec()),
        },
        _ => None,
    }
}

impl Orphans {
    /// Takes a record without an id: keeps it if it could be a piece, else it is foreign.
    pub(super) fn put(&mut self, record: &[u8], counts: &mut Counts) {
        let record = record.trim_ascii();
        let piece = match json::parse(record) {
            Ok(tree) => longest_piece(&tree, 0),
            // The beginning of an object in which an agent has put the event as a text.
            Err(_) if memchr::memmem::find(record, b"\\\":").is_some() => encoded::unescaped(record),
            Err(_) => Some(record.to_vec()),
        };
        let Some(piece) = piece else { return counts.foreign(record, false) };
        let record = without_mark(&piece);
        if !could_be_piece(record) {
            return counts.foreign(record, false);
        }
        let known = self.pieces.get_mut(&xxh3_64(record));
        if let Some(orphan) = known {
            orphan.records += 1;
            return;
        }
        if self.bytes + record.len() > KEPT {
            self.beyond += 1;
            return counts.foreign(record, false);
        }
        self.bytes += record.len();
        self.pieces.insert(xxh3_64(record), Orphan { bytes: record.into(), records: 1 });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Looks for the pieces in all events; calls `cut` with the events of which a beginning was found.
    pub(super) fn settle(
        self,
        expectation: &Expectation<'_>,
        threads: NonZero<usize>,
        counts: &mut Counts,
        mut cut: impl FnMut(u64),
    ) {
        let orphans: Vec<Orphan> = self.pieces.into_values().collect();
        let anchors = Anchors::new(&orphans);
        let mut found: Vec<Found> = orphans.iter().map(|_| Found::default()).collect();
        walk::render(
            (&mut Walk::new(expectation.plan, &expectation.scope), u64::MAX),
            threads,
            |_| true,
            |rendered| {
                let mut pieces = Vec::new();
                for event in rendered.events() {
                    let found = |orphan, piece| pieces.push((orphan, event.position, piece));
                    anchors.look(&orphans, event.body, found);
                }
                pieces
            },
            |pieces| pieces.into_iter().for_each(|(orphan, event, piece)| found[orphan].note(event, piece)),
        );
        for (orphan, mut found) in orphans.iter().zip(found) {
            for _ in 0..orphan.records {
                match found.length {
                    Some(length) => counts.cut(length as u64),
                    None if found.is_middle => counts.fragment(),
                    None => counts.foreign(&orphan.bytes, false),
                }
            }
            // Of several events that begin alike as many are cut as there are such records.
            found.events.sort_unstable();
            found.events.dedup();
            found.events.into_iter().take(orphan.records as usize).for_each(&mut cut);
        }
    }
}

/// The events that a piece was found in.
#[derive(Default)]
struct Found {
    /// How long the beginning of an event is that it has.
    length: Option<usize>,
    /// Events that begin so.
    events: Vec<u64>,
    is_middle: bool,
}

/// Events at most that are noted of one piece.
const MOST_ALIKE: usize = 10_000;

impl Found {
    fn note(&mut self, event: u64, piece: Fragment) {
        match piece {
            Fragment::Beginning(length) => {
                self.length = Some(length);
                if self.events.len() < MOST_ALIKE {
                    self.events.push(event);
                }
            }
            Fragment::Middle => self.is_middle = true,
        }
    }
}

/// The pieces by eight bytes of each.
struct Anchors {
    /// Hashes of anchors, as a first question that most places answer with no.
    filter: Vec<u64>,
    /// For each anchor the pieces, and where it is in them.
    pieces: HashMap<[u8; ANCHOR], Vec<(usize, usize)>>,
}

const FILTER_BITS: u32 = 18;

impl Anchors {
    fn new(orphans: &[Orphan]) -> Self {
        let mut filter = vec![0; 1 << (FILTER_BITS - 6)];
        let mut pieces: HashMap<[u8; ANCHOR], Vec<(usize, usize)>> = HashMap::new();
        for (number, orphan) in orphans.iter().enumerate() {
            let (at, anchor) = anchor(&orphan.bytes);
            let bit = hashed(anchor);
            filter[bit / 64] |= 1 << (bit % 64);
            pieces.entry(anchor).or_default().push((number, at));
        }
        Anchors { filter, pieces }
    }

    /// Calls `found` with each piece that is one of this body.
    fn look(&self, orphans: &[Orphan], body: &[u8], mut found: impl FnMut(usize, Fragment)) {
        for (at, window) in body.windows(ANCHOR).enumerate() {
            let mut anchor = [0; ANCHOR];
            anchor.copy_from_slice(window);
            let bit = hashed(anchor);
            if self.filter[bit / 64] >> (bit % 64) & 1 == 0 {
                continue;
            }
            for (number, within) in self.pieces.get(&anchor).into_iter().flatten() {
                if let Some(piece) = piece(&orphans[*number].bytes, *within, body, at) {
                    found(*number, piece);
                }
            }
        }
    }
}

fn hashed(anchor: [u8; ANCHOR]) -> usize {
    (u64::from_le_bytes(anchor).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - FILTER_BITS)) as usize
}

/// The stretch of a piece with the most digits, of those in its second half: what an agent puts before it has some, too.
fn anchor(piece: &[u8]) -> (usize, [u8; ANCHOR]) {
    let from = piece.len() / 2;
    let digits = |at: usize| piece[at..at + ANCHOR].iter().filter(|byte| byte.is_ascii_digit()).count();
    let at = (from..=piece.len() - ANCHOR).max_by_key(|at| digits(*at)).unwrap_or(0);
    let mut anchor = [0; ANCHOR];
    anchor.copy_from_slice(&piece[at..at + ANCHOR]);
    (at, anchor)
}

/// Decides how a record belongs to a body if its bytes at `within` are the body's at `at`: all that follows must be the body's, and at
/// least half of all.
fn piece(record: &[u8], within: usize, body: &[u8], at: usize) -> Option<Fragment> {
    let after = record[within..].len();
    if body.get(at..at + after) != Some(&record[within..]) {
        return None;
    }
    let before =
        record[..within].iter().rev().zip(body[..at].iter().rev()).take_while(|(one, other)| one == other).count();
    let length = before + after;
    if length * 2 < record.len() || length >= body.len() {
        return None;
    }
    let begins = at - before;
    Some(if begins == 0 { Fragment::Beginning(length) } else { Fragment::Middle })
}
