//! Entries of a map: rejects duplicate keys and resolves merge keys (`<<`).

use std::{collections::HashMap, ops::Range, sync::Arc};

use super::{Node, Spanned, Value};
use crate::error::{Diagnostic, MOST_SHOWN, Source, quoted};

/// The entries read so far.
#[derive(Default)]
pub(super) struct Entries {
    own: Vec<(Spanned<String>, Node)>,
    places: HashMap<String, Range<usize>>,
    merged: Vec<Node>,
}

impl Entries {
    /// Adds an entry of the file; reports a duplicate key.
    pub(super) fn add(&mut self, source: &Arc<Source>, key: Spanned<String>, node: Node, found: &mut Vec<Diagnostic>) {
        // A quoted `<<` is an ordinary key.
        if key.value == "<<" && source.text[key.span.clone()].starts_with('<') {
            self.merged.push(node);
            return;
        }
        if let Some(first) = self.places.get(&key.value) {
            let message = format!("the key {} is here twice", quoted(&key.value));
            let mut twice = Diagnostic::new(source, key.span, message).help("remove one of them");
            // Finding a line number scans the text, so it is done only for mistakes that are shown.
            if found.len() < MOST_SHOWN {
                let (line, _) = source.position(first.start);
                twice = twice.label(format!("first on line {line}"));
            }
            found.push(twice);
            return;
        }
        self.places.insert(key.value.clone(), key.span.clone());
        self.own.push((key, node));
    }

    /// All entries; those from merged maps come last and never override others.
    pub(super) fn finish(mut self, source: &Arc<Source>, found: &mut Vec<Diagnostic>) -> Vec<(Spanned<String>, Node)> {
        for node in std::mem::take(&mut self.merged) {
            match node.value {
                Value::List(items) => {
                    for item in items {
                        self.merge(source, item, found);
                    }
                }
                _ => self.merge(source, node, found),
            }
        }
        self.own
    }

    fn merge(&mut self, source: &Arc<Source>, node: Node, found: &mut Vec<Diagnostic>) {
        let Value::Map(entries) = node.value else {
            // An unknown alias has already been reported.
            if found.iter().any(|diagnostic| diagnostic.span == node.span) {
                return;
            }
            let message = format!("`<<` takes the entries of a map, found {}", node.describe());
            found.push(
                Diagnostic::new(source, node.span, message).help("write an alias of a map, such as `<<: *defaults`"),
            );
            return;
        };
        for (key, node) in entries {
            if !self.places.contains_key(&key.value) {
                self.places.insert(key.value.clone(), key.span.clone());
                self.own.push((key, node));
            }
        }
    }
}
