//! Counts of records by what they are, and of differences in bodies.

use super::{
    comparison::{Change, Forms},
    origin::Keys,
    verdict::{ChangeCount, Example},
};
use std::collections::{BTreeMap, HashMap};

/// Paths of changes that are counted separately; further ones are counted together.
const MOST_PATHS: usize = 1000;

/// Counts of records, and of what was found in bodies.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub records: u64,
    pub carrying: u64,
    pub truncated: u64,
    pub fragments: u64,
    pub mentions: u64,
    pub foreign: u64,
    /// Of the foreign ones those of this run, or of one with the same seed, name and start.
    pub versions: u64,
    /// Records of events that may come and need not.
    pub optional: u64,
    /// By length in bytes.
    pub cut_at: HashMap<u64, u64>,
    /// By class.
    pub forms: [u64; Forms::NAMES.len()],
    changes: BTreeMap<(String, bool), ChangeCount>,
    pub keys: Keys,
    /// A foreign record, and one that mentions an event.
    pub foreign_example: Option<String>,
    pub mention_example: Option<String>,
}

impl Counts {
    pub(super) fn cut(&mut self, length: u64) {
        self.records += 1;
        self.truncated += 1;
        *self.cut_at.entry(length).or_default() += 1;
    }

    pub(super) fn fragment(&mut self) {
        self.records += 1;
        self.fragments += 1;
    }

    pub(super) fn mention(&mut self, record: &[u8]) {
        self.records += 1;
        self.mentions += 1;
        self.mention_example.get_or_insert_with(|| example(record));
    }

    pub(super) fn foreign(&mut self, record: &[u8], is_version: bool) {
        self.records += 1;
        self.foreign += 1;
        self.versions += u64::from(is_version);
        self.foreign_example.get_or_insert_with(|| example(record));
    }

    /// Notes how the body of an event differs. `id` is the event's.
    pub(super) fn differs(&mut self, forms: Forms, changes: Vec<Change>, id: impl Fn() -> String) {
        forms.numbers().for_each(|number| self.forms[number] += 1);
        let mut seen: Vec<(String, bool)> = Vec::new();
        for change in changes {
            let key = (change.path.clone(), change.found.is_none());
            // An event counts once, however many items of a list have changed.
            if seen.contains(&key) {
                continue;
            }
            seen.push(key.clone());
            let is_known = self.changes.contains_key(&key);
            let key = if is_known || self.changes.len() < MOST_PATHS { key } else { ("…".to_owned(), key.1) };
            let count = self.changes.entry(key).or_insert_with_key(|(path, dropped)| ChangeCount {
                path: path.clone(),
                dropped: *dropped,
                events: 0,
                example: Example { id: id(), expected: change.expected, found: change.found },
            });
            count.events += 1;
        }
    }

    /// The changes, the most frequent first.
    pub(super) fn changes(&self) -> Vec<ChangeCount> {
        let mut changes: Vec<ChangeCount> = self.changes.values().cloned().collect();
        changes.sort_by_key(|change| std::cmp::Reverse(change.events));
        changes
    }
}

/// The beginning of a record, for a message.
pub(super) fn example(record: &[u8]) -> String {
    const SHOWN: usize = 160;
    let text = String::from_utf8_lossy(&record[..record.len().min(4 * SHOWN)]).into_owned();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
