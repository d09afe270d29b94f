//! Reader of a map with known keys. The requested keys are the known keys, so no second list is needed.

use std::ops::Range;

use super::{super::Value, Node, Reader, Spanned};
use crate::{
    error::{list_of, nearest, quoted},
    units::DurationRange,
};

/// Reads a map key by key; see [`Reader`].
#[derive(Debug)]
#[must_use = "call `finish`, or unknown keys stay unnoticed"]
pub struct MapReader<'r> {
    reader: &'r Reader,
    node: &'r Node,
    entries: &'r [(Spanned<String>, Node)],
    what: String,
    asked: Vec<&'static str>,
    missing: Vec<&'static str>,
    free_prefix: Option<&'static str>,
    synonyms: &'static [(&'static str, &'static str)],
    example: Option<&'static str>,
}

impl<'r> MapReader<'r> {
    pub(super) fn new(reader: &'r Reader, node: &'r Node, what: &str, example: Option<&'static str>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            let found = reader.expected(node, what, "a map");
            reader.report(found.help(match example {
                Some(example) => format!("write `{example}`"),
                None if node.value == Value::Null => "write `{}` if there is nothing to say".to_owned(),
                None => String::new(),
            }));
            return None;
        };
        Some(Self {
            reader,
            node,
            entries,
            what: what.to_owned(),
            asked: Vec::new(),
            missing: Vec::new(),
            free_prefix: None,
            synonyms: &[],
            example,
        })
    }

    /// Ignores keys that begin with `prefix`, such as `x-`.
    pub fn allow_prefix(mut self, prefix: &'static str) -> Self {
        self.free_prefix = Some(prefix);
        self
    }

    /// Common other words for keys, and their replacements: a key, or an option of the command line.
    pub(crate) fn synonyms(mut self, synonyms: &'static [(&'static str, &'static str)]) -> Self {
        self.synonyms = synonyms;
        self
    }

    /// The place of the map.
    pub(crate) fn span(&self) -> Range<usize> {
        self.node.span.clone()
    }

    /// The reader that collects the mistakes.
    pub(crate) fn reader(&self) -> &'r Reader {
        self.reader
    }

    /// The node of an optional key.
    pub(crate) fn optional(&mut self, key: &'static str) -> Option<&'r Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// An optional key and its node, for mistakes that concern the key itself.
    pub(crate) fn entry(&mut self, key: &'static str) -> Option<(&'r Spanned<String>, &'r Node)> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.entries.iter().find(|(name, _)| name.value == key).map(|(name, node)| (name, node))
    }

    /// As [`MapReader::entry`], or else the entry whose key is a likely misspelling of this one. That key is still
    /// reported as unknown; its value is read so that nothing is reported as missing.
    pub(crate) fn meant_entry(&mut self, key: &'static str) -> Option<(&'r Spanned<String>, &'r Node)> {
        let found = self.entry(key);
        found.or_else(|| self.unasked().find(|(name, _)| self.is_nearly(&name.value, &[key])))
    }

    /// The entries of a map, as [`MapReader::meant_entry`] finds it; empty if there is none.
    pub(crate) fn meant_entries(&mut self, key: &'static str) -> &'r [(Spanned<String>, Node)] {
        let found = self.meant_entry(key);
        found.and_then(|(_, node)| self.reader.entries(node, &quoted(key))).unwrap_or_default()
    }

    /// A text, as [`MapReader::meant_entry`] finds it.
    pub(crate) fn meant_text(&mut self, key: &'static str) -> Option<Spanned<String>> {
        let (_, node) = self.meant_entry(key)?;
        self.reader.text(node, &quoted(key))
    }

    /// A list of texts, as [`MapReader::meant_entry`] finds it; empty if there is none.
    pub(crate) fn meant_texts(&mut self, key: &'static str) -> Vec<Spanned<String>> {
        let found = self.meant_entry(key);
        let items = found.and_then(|(_, node)| self.reader.list(node, &quoted(key))).unwrap_or_default();
        let what = format!("an item of {}", quoted(key));
        items.iter().filter_map(|item| self.reader.text(item, &what)).collect()
    }

    /// The node of a key that must be there.
    pub(crate) fn required(&mut self, key: &'static str) -> Option<&'r Node> {
        let found = self.optional(key);
        if found.is_none() {
            self.missing.push(key);
        }
        found
    }

    /// A text.
    pub fn text(&mut self, key: &'static str) -> Option<Spanned<String>> {
        self.read(key, Reader::text)
    }

    /// A required text.
    pub fn required_text(&mut self, key: &'static str) -> Option<Spanned<String>> {
        self.read_required(key, Reader::text)
    }

    /// A boolean: `true` or `false`.
    pub fn bool(&mut self, key: &'static str) -> Option<Spanned<bool>> {
        self.read(key, Reader::bool)
    }

    /// An integer from 0.
    pub fn u64(&mut self, key: &'static str) -> Option<Spanned<u64>> {
        self.read(key, Reader::u64)
    }

    /// A finite number.
    pub fn f64(&mut self, key: &'static str) -> Option<Spanned<f64>> {
        self.read(key, Reader::f64)
    }

    /// A duration in nanoseconds.
    pub fn duration(&mut self, key: &'static str) -> Option<Spanned<u64>> {
        self.read(key, Reader::duration)
    }

    /// A duration or a range.
    pub(crate) fn duration_range(&mut self, key: &'static str) -> Option<Spanned<DurationRange>> {
        self.read(key, Reader::duration_range)
    }

    /// The items of a list; empty if the key is missing.
    pub fn list(&mut self, key: &'static str) -> &'r [Node] {
        self.read(key, |reader, node, what| reader.list(node, what)).unwrap_or_default()
    }

    /// The items of a required list with at least one item.
    pub(crate) fn required_list(&mut self, key: &'static str) -> Option<&'r [Node]> {
        let node = self.required(key)?;
        let items = self.reader.list(node, &quoted(key))?;
        if items.is_empty() {
            let message = format!("{} is empty", quoted(key));
            self.reader.report(self.reader.diagnostic(&node.span, message).help("write at least one item"));
            return None;
        }
        Some(items)
    }

    /// A list of texts; empty if the key is missing.
    pub fn texts(&mut self, key: &'static str) -> Vec<Spanned<String>> {
        let what = format!("an item of {}", quoted(key));
        let items = self.list(key);
        items.iter().filter_map(|item| self.reader.text(item, &what)).collect()
    }

    /// The entries of a map whose keys are names chosen by the file; empty if the key is missing.
    pub(crate) fn entries(&mut self, key: &'static str) -> &'r [(Spanned<String>, Node)] {
        self.read(key, |reader, node, what| reader.entries(node, what)).unwrap_or_default()
    }

    /// A map with known keys; `what` names it in messages.
    pub(crate) fn map(&mut self, key: &'static str, what: &str) -> Option<MapReader<'r>> {
        let node = self.optional(key)?;
        self.reader.map(node, what)
    }

    /// A value of any other type: `read` gets the node, and the key in backticks.
    pub(crate) fn read<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&'r Reader, &'r Node, &str) -> Option<T>,
    ) -> Option<T> {
        let node = self.optional(key)?;
        read(self.reader, node, &quoted(key))
    }

    /// [`MapReader::read`] for a required key.
    pub(crate) fn read_required<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&'r Reader, &'r Node, &str) -> Option<T>,
    ) -> Option<T> {
        let node = self.required(key)?;
        read(self.reader, node, &quoted(key))
    }

    /// Reports keys that were not requested, and required keys that are missing.
    pub fn finish(self) {
        self.report_missing();
        for (key, _) in self.unasked() {
            let message = format!("{} has no key {}", self.what, quoted(&key.value));
            let mut found = self.reader.diagnostic(&key.span, message);
            match self.meant(&key.value) {
                Some(option) if option.starts_with("--") => {
                    found = found.help(format!("say it on the command line: `{option}`"));
                }
                Some(meant) => match key.value.strip_prefix(meant).and_then(|rest| rest.strip_prefix(':')) {
                    Some(rest) => {
                        self.reader.report(found.help(format!("write a space after the colon: `{meant}: {rest}`")));
                        continue;
                    }
                    None => found = found.help(format!("did you mean `{meant}`?")),
                },
                None => {}
            }
            let known = list_of(self.asked.iter().copied());
            self.reader.report(found.help(format!("{} has {known}", self.what)));
        }
    }

    /// The entries that were not requested, for maps that combine names of the catalog with known keys.
    ///
    /// Replaces [`MapReader::finish`].
    pub(crate) fn rest(self) -> Vec<(&'r Spanned<String>, &'r Node)> {
        self.report_missing();
        self.unasked().collect()
    }

    fn report_missing(&self) {
        for key in &self.missing {
            // A misspelled key is reported instead of the missing one.
            if self.has_nearly(&[*key]) {
                continue;
            }
            let diagnostic = self.reader.diagnostic(&self.node.span, format!("{} lacks `{key}`", self.what));
            self.reader.report(match self.example {
                Some(example) => diagnostic.help(format!("write `{example}`")),
                None => diagnostic,
            });
        }
    }

    /// Whether a key that was not requested is similar to one of `keys`.
    pub(crate) fn has_nearly(&self, keys: &[&str]) -> bool {
        self.unasked().any(|(name, _)| self.is_nearly(&name.value, keys))
    }

    fn is_nearly(&self, name: &str, keys: &[&str]) -> bool {
        let synonym = self.synonyms.iter().find(|(word, _)| *word == name);
        synonym.is_some_and(|(_, meant)| keys.contains(meant))
            || keys.contains(&name)
            || nearest(name, keys.iter().copied()).is_some()
    }

    /// The known key, or option, that a wrong key probably means.
    fn meant(&self, word: &str) -> Option<&'static str> {
        let synonym = self.synonyms.iter().find(|(synonym, _)| *synonym == word).map(|(_, meant)| *meant);
        synonym.or_else(|| nearest(word, self.asked.iter().copied()))
    }

    fn unasked(&self) -> impl Iterator<Item = (&'r Spanned<String>, &'r Node)> + use<'r, '_> {
        self.entries
            .iter()
            .map(|(key, node)| (key, node))
            .filter(|(key, _)| !self.asked.contains(&key.value.as_str()))
            .filter(|(key, _)| self.free_prefix.is_none_or(|prefix| !key.value.starts_with(prefix)))
    }
}
