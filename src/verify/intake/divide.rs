//! Records with several events: lists and batches are taken apart, and so are documents that follow each other.
//!
//! Each part is a separate record, with a number that follows that of the part before it: order counts within a batch,
//! too.

use super::{Hit, Intake};
use crate::verify::{
    json::{self, Json, Node},
    origin::{Origin, RecordKey},
};

/// Events at most that one record which cannot be taken apart is judged for.
const MOST_SHARED: usize = 16;

/// Bytes of an item of a list at least that may be a record.
const SHORTEST_ITEM: usize = 64;

/// Opening brackets at most of a record that begin no list.
const MOST_BRACKETS: usize = 8;

impl Intake<'_> {
    /// A record with several events.
    pub(super) fn several(&mut self, record: &[u8], hits: &[Hit], origin: Origin) {
        if self.options.id_at.is_none() && self.lists(record, hits, origin) {
            return;
        }
        let events = Self::different(hits);
        if let [event] = events.as_slice() {
            return self.one(*event, record, origin, false);
        }
        self.shared(&events, record, origin);
    }

    /// A record with several events that cannot be taken apart.
    fn shared(&mut self, events: &[u64], record: &[u8], origin: Origin) {
        if events.len() > MOST_SHARED {
            return self.counts.mention(record);
        }
        // One of them may be whole, as after a line that was torn.
        for event in events {
            self.one(*event, record, origin, true);
        }
    }

    fn lists(&mut self, record: &[u8], hits: &[Hit], origin: Origin) -> bool {
        let Some(documents) = documents(record) else { return false };
        // The key of a batch is none of its events'.
        let origin = Origin { key: RecordKey::Unknown, ..origin };
        let base = record.as_ptr() as usize;
        match documents.as_slice() {
            [] => false,
            [document] => self.list(document, (base, hits), origin),
            documents => {
                for document in documents {
                    self.item(document, (base, hits), origin);
                }
                true
            }
        }
    }

    /// Takes apart the lists of a document whose items have different events; false if there are none.
    fn list(&mut self, node: &Node<'_>, (base, hits): (usize, &[Hit]), origin: Origin) -> bool {
        let within = |node: &Node<'_>| hits_within(node, base, hits);
        match &node.value {
            Json::List(items) => {
                let with_ids: Vec<&Node<'_>> = items.iter().filter(|item| !within(item).is_empty()).collect();
                let is_list = with_ids.len() >= 2
                    && with_ids.iter().all(|item| may_be_record(item))
                    && (Self::different(within(node)).len() >= 2
                        || with_ids.iter().all(|item| within(item).iter().any(|hit| hit.is_event_id)));
                if is_list {
                    for item in items {
                        self.item(item, (base, hits), origin);
                    }
                    return true;
                }
                // Each is looked at, not only the first that is one.
                let lists = items.iter().filter(|item| self.list(item, (base, hits), origin));
                lists.count() > 0
            }
            Json::Object(members) => {
                if within(node).len() < 2 {
                    return false;
                }
                let lists = members.iter().filter(|(_, member)| self.list(member, (base, hits), origin));
                if lists.count() > 0 {
                    return true;
                }
                // Events by their ids, as databases export them: too many to judge the record for each.
                let with_ids = members.iter().map(|(_, member)| member).filter(|member| !within(member).is_empty());
                let with_ids: Vec<&Node<'_>> = with_ids.collect();
                let is_map = with_ids.len() > MOST_SHARED && with_ids.iter().all(|member| may_be_record(member));
                if is_map {
                    for member in with_ids {
                        self.item(member, (base, hits), origin);
                    }
                }
                is_map
            }
            _ => false,
        }
    }

    /// An item of a list, which is a separate record.
    fn item(&mut self, item: &Node<'_>, (base, hits): (usize, &[Hit]), origin: Origin) {
        let within = hits_within(item, base, hits);
        let origin = self.numbered(origin);
        match Self::different(within).as_slice() {
            [] => self.counts.foreign(item.raw, false),
            [event] if within.iter().filter(|hit| hit.is_event_id).count() <= 1 => {
                self.one(*event, item.raw, origin, false);
            }
            _ if self.list(item, (base, hits), origin) => {}
            [event] => self.one(*event, item.raw, origin, false),
            events => self.shared(events, item.raw, origin),
        }
    }
}

fn may_be_record(item: &Node<'_>) -> bool {
    item.raw.len() >= SHORTEST_ITEM && matches!(item.value, Json::Object(_) | Json::Text(_))
}

/// The JSON documents of a record, whatever stands between them: lengths, separators, the headers of agents. `None` if
/// one of them cannot be read.
fn documents(record: &[u8]) -> Option<Vec<Node<'_>>> {
    let (mut documents, mut at, mut brackets) = (Vec::new(), 0, 0);
    while let Some(next) = memchr::memchr2(b'{', b'[', &record[at..]) {
        at += next;
        match json::parse_first(&record[at..]) {
            // A number in brackets, as that of a process, is no document.
            Ok((node, end)) => {
                if end >= SHORTEST_ITEM || record[at] == b'{' {
                    documents.push(node);
                }
                at += end;
            }
            // A time in brackets is no list.
            Err(_) if record[at] == b'[' && brackets < MOST_BRACKETS => (at, brackets) = (at + 1, brackets + 1),
            Err(_) => return None,
        }
    }
    Some(documents)
}

/// The ids in a node of a record that begins at `base`.
fn hits_within<'h>(node: &Node<'_>, base: usize, hits: &'h [Hit]) -> &'h [Hit] {
    let from = (node.raw.as_ptr() as usize).wrapping_sub(base);
    let first = hits.partition_point(|hit| hit.at < from);
    let end = hits.partition_point(|hit| hit.at < from + node.raw.len());
    &hits[first..end.max(first)]
}
