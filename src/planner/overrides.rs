//! Overrides from the command line (`--set`): parameters, fields of resources and actors, and identities.

use crate::{
    error::{Diagnostic, Error, Source, quoted},
    scenario::Override,
    yaml::{Node, Spanned},
};
use std::{collections::BTreeSet, ops::Range, sync::Arc};

/// The name of the source of overrides in messages.
pub(super) const SET: &str = "--set";

/// The overrides on the command line, and which of them were used.
#[derive(Debug, Clone, Default)]
pub(super) struct Overrides {
    all: Vec<Setting>,
    used: BTreeSet<usize>,
    /// Names that could be overridden, for suggestions.
    pub(crate) known: BTreeSet<String>,
}

#[derive(Debug, Clone)]
struct Setting {
    source: Arc<Source>,
    owner: Option<String>,
    name: Spanned<String>,
    value: Node,
    whole: Range<usize>,
}

impl Setting {
    fn value(&self) -> Override {
        Override { source: Arc::clone(&self.source), name: self.name.clone(), value: self.value.clone() }
    }
}

impl Overrides {
    /// Parses `name=value` and `owner.field=value`.
    ///
    /// # Errors
    ///
    /// The argument that has neither form.
    pub(super) fn parse(texts: &[String]) -> Result<Self, Error> {
        let mut all = Vec::new();
        for text in texts {
            let source = Source::new(SET, text.as_str());
            let Some((left, right)) = text.split_once('=').filter(|(left, _)| !left.is_empty()) else {
                let diagnostic = Diagnostic::new(&source, 0..text.len(), "`--set` takes `name=value`");
                return Err(diagnostic.help("write `--set deletes=4` or `--set pool.max_cfu=20`").into());
            };
            let (owner, name) = match left.split_once('.') {
                Some((owner, name)) => (Some(owner.to_owned()), name),
                None => (None, left),
            };
            let start = left.len() - name.len();
            let span = left.len() + 1..text.len();
            let value = Node::argument(right, span.clone()).map_err(|help| {
                Diagnostic::new(&source, span, format!("{} is a text in quotes that cannot be read", quoted(right)))
                    .help(help)
            })?;
            all.push(Setting {
                name: Spanned::new(name.to_owned(), start..left.len()),
                value,
                whole: 0..left.len(),
                owner,
                source,
            });
        }
        Ok(Overrides { all, used: BTreeSet::new(), known: BTreeSet::new() })
    }

    /// The fields that are overridden for a resource, actor or kind of this name; marks them as used.
    pub(super) fn take(&mut self, owner: &str) -> Vec<Override> {
        self.known.insert(owner.to_owned());
        let mut found = Vec::new();
        for (index, setting) in self.all.iter().enumerate() {
            if setting.owner.as_deref() == Some(owner) {
                self.used.insert(index);
                found.push(setting.value());
            }
        }
        found
    }

    /// The overrides of the parameters that a scenario declares; marks them as used.
    pub(super) fn overrides(&mut self, declared: &[String]) -> Vec<Override> {
        let mut found = Vec::new();
        for (index, setting) in self.all.iter().enumerate() {
            if setting.owner.is_none() && declared.contains(&setting.name.value) {
                self.used.insert(index);
                found.push(setting.value());
            }
        }
        self.known.extend(declared.iter().cloned());
        found
    }

    /// Rejects unused overrides.
    ///
    /// # Errors
    ///
    /// Each unused override, with the nearest name that would have been valid.
    pub(super) fn finish(&self) -> Result<(), Vec<Diagnostic>> {
        let unused = self.all.iter().enumerate().filter(|(index, _)| !self.used.contains(index));
        let diagnostics: Vec<Diagnostic> = unused
            .map(|(_, setting)| {
                let wanted = setting.owner.as_deref().unwrap_or(&setting.name.value);
                let diagnostic = Diagnostic::new(
                    &setting.source,
                    setting.whole.clone(),
                    format!("nothing in this run is called `{wanted}`"),
                );
                diagnostic.help(crate::error::did_you_mean(wanted, self.known.iter().map(String::as_str)))
            })
            .collect();
        if diagnostics.is_empty() { Ok(()) } else { Err(diagnostics) }
    }
}
