//! The entries of one map: every key once, and `<<` takes what is not said from other maps.

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
    /// Adds an entry of the file; a key that was there already is a mistake.
    pub(super) fn add(&mut self, source: &Arc<Source>, key: Spanned<String>, node: Node, found: &mut Vec<Diagnostic>) {
        // In quotes it is a key like any other.
        if key.value == "<<" && source.text[key.span.clone()].starts_with('<') {
            self.merged.push(node);
            return;
        }
        if let Some(first) = self.places.get(&key.value) {
            let message = format!("the key {} is here twice", quoted(&key.value));
            let mut twice = Diagnostic::new(source, key.span, message).help("remove one of them");
            // Lines are counted from the text's start, so not for what nobody will see.
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

    /// All entries; those of merged maps come last and never replace any.
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
            // An alias of nothing is reported where it stands.
            if found.iter().any(|mistake| mistake.span == node.span) {
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
