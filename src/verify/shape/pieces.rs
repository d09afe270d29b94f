//! Records that have a piece of an event: its beginning, or something from its middle.

use super::{ExpectedEvent, Judgement, starts, uncompared};
use crate::verify::json::{Broken, Json, Node, parse};

/// Bytes of a beginning at least.
const SHORTEST: usize = 16;

/// Bytes at the end of a record by which the place of a piece is found.
const ANCHOR: usize = 24;

/// Texts in texts that are looked at.
const DEEPEST: usize = 3;

/// Whether a text has enough of JSON to be more than a single value, such as an id.
pub(in crate::verify) fn could_be_piece(text: &[u8]) -> bool {
    text.len() >= ANCHOR && memchr::memchr_iter(b'"', text).nth(1).is_some()
}

impl ExpectedEvent<'_> {
    /// A record that is no JSON.
    pub(super) fn judge_text(&self, record: &[u8], is_cut: bool) -> Judgement {
        if let Some(piece) = self.piece(record) {
            return piece;
        }
        if is_cut {
            let is_event = self.share_of_texts(record) >= 10;
            return if is_event { Judgement::Truncated(record.len() as u64) } else { Judgement::Mentions };
        }
        if self.has_texts(record) { uncompared() } else { Judgement::Mentions }
    }

    /// A piece of the event in a text of a record, such as the message in the object that an agent makes of a cut line.
    pub(super) fn piece_in_texts(&self, node: &Node<'_>, depth: usize) -> Option<Judgement> {
        match &node.value {
            Json::List(items) => items.iter().find_map(|item| self.piece_in_texts(item, depth)),
            Json::Object(members) => members.iter().find_map(|(_, member)| self.piece_in_texts(member, depth)),
            Json::Text(text) if could_be_piece(text.as_bytes()) => match parse(text.trim().as_bytes()) {
                Ok(inner) if depth < DEEPEST => self.piece_in_texts(&inner, depth + 1),
                Err(Broken::Cut) if text.trim_start().starts_with('{') => {
                    Some(self.judge_text(text.as_bytes(), true)).filter(|judged| !matches!(judged, Judgement::Mentions))
                }
                Err(_) => self.piece(text.as_bytes()),
                Ok(_) => None,
            },
            _ => None,
        }
    }

    pub(super) fn piece(&self, record: &[u8]) -> Option<Judgement> {
        for start in starts(record).chain([0]) {
            let piece = &record[start..];
            let same = piece.iter().zip(self.body).take_while(|(one, other)| one == other).count();
            // A program that cuts may append a mark.
            if same >= SHORTEST && same < self.body.len() && same * 10 >= piece.len() * 9 {
                return Some(Judgement::Truncated(if same == piece.len() { same } else { piece.len() } as u64));
            }
            if could_be_piece(piece)
                && piece.len() < self.body.len()
                && memchr::memmem::find(self.body, piece).is_some()
            {
                return Some(Judgement::Fragment);
            }
        }
        self.piece_at_end(record)
    }

    /// A piece of the event with something before it, such as the header that syslog puts before each line.
    fn piece_at_end(&self, record: &[u8]) -> Option<Judgement> {
        let anchor = record.get(record.len().checked_sub(ANCHOR)?..)?;
        memchr::memmem::find_iter(self.body, anchor).find_map(|at| {
            let before = self.body[..at].iter().rev();
            let same = record[..record.len() - ANCHOR].iter().rev().zip(before).take_while(|(a, b)| a == b).count();
            let begins = at - same;
            let is_piece = (same + ANCHOR) * 2 >= record.len() && same + ANCHOR < self.body.len();
            let could_be = could_be_piece(&record[record.len() - ANCHOR - same..]);
            (is_piece && could_be).then_some(if begins == 0 {
                Judgement::Truncated((same + ANCHOR) as u64)
            } else {
                Judgement::Fragment
            })
        })
    }
}
