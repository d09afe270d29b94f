//! Who acts in a story.

use super::Resolver;
use crate::{
    catalog::{FieldId, Generator, KindId},
    error::Source,
    error::{Diagnostic, did_you_mean, list_of},
    plan::pins::{self, Value},
    scenario,
    story::Actor,
    yaml::{Node, Spanned},
};
use std::sync::Arc;

impl Resolver<'_, '_> {
    pub(super) fn actors(&mut self) {
        let Some(default) = self.catalog.kinds.iter().position(|kind| kind.principal) else { return };
        for written in &self.scenario.actors {
            let kind = match &written.kind {
                Some(name) => self.kind(name),
                None => Some(default),
            };
            let Some(kind) = kind else { continue };
            if !self.catalog.kinds[kind].principal {
                let principals = self.catalog.kinds.iter().filter(|kind| kind.principal).map(|kind| kind.name.as_str());
                let span = written.kind.as_ref().map_or(written.name.span.clone(), |name| name.span.clone());
                let help = format!("actors are of kind {}", list_of(principals));
                self.wrong(&span, format!("a {} cannot act", self.catalog.kinds[kind].label), help);
                continue;
            }
            let mut fields: Vec<_> = written
                .pins
                .iter()
                .map(|pin| (pin.name.clone(), pin.value.clone(), Arc::clone(&self.scenario.source)))
                .collect();
            fields.extend(self.around.settings.take(&written.name.value));
            let pins = self.scalar_pins(kind, fields);
            self.push_actor(written.name.value.clone(), kind, pins);
        }
        if self.story.actors.is_empty() {
            let name = self.catalog.kinds[default].variable.clone();
            let fields = self.around.settings.take(&name);
            let pins = self.scalar_pins(default, fields);
            self.push_actor(name, default, pins);
        }
    }

    pub(super) fn push_actor(&mut self, name: String, kind: KindId, pins: Vec<(FieldId, Box<[u8]>)>) {
        let other = self.story.actors.iter().filter(|actor| actor.kind == kind).count();
        self.story.actors.push(Actor { name, kind, other, pins });
    }

    /// Fixed fields of something that is no resource of the story: texts and numbers only.
    pub(super) fn scalar_pins(
        &mut self,
        kind: KindId,
        fields: Vec<(Spanned<String>, Node, Arc<Source>)>,
    ) -> Vec<(FieldId, Box<[u8]>)> {
        let mut pinned = Vec::new();
        for (name, node, source) in fields {
            match pins::read(self.catalog, kind, &name, &node, &source) {
                Ok((field, Value::Bytes(bytes))) => pinned.push((field, bytes)),
                Ok((field, Value::Choice(choice))) => {
                    if let Generator::Choose { choices, .. } = &self.catalog.kinds[kind].fields[field].generator {
                        pinned.push((field, choices[choice].bytes().into()));
                    }
                }
                Ok((_, _)) => self.mistakes.push(Diagnostic::new(&source, node.span, "this cannot be fixed here")),
                Err(mistake) => self.mistakes.push(mistake),
            }
        }
        pinned
    }

    pub(super) fn actor(&mut self, written: &scenario::Call) -> Option<usize> {
        let Some(by) = &written.by else { return Some(self.last_actor.unwrap_or(0)) };
        let found = self.story.actors.iter().position(|actor| actor.name == by.value);
        if found.is_none() && self.scenario.actors.iter().all(|actor| actor.name.value != by.value) {
            let help = did_you_mean(&by.value, self.story.actors.iter().map(|actor| actor.name.as_str()));
            self.wrong(&by.span, format!("no actor is called `{}`", by.value), help);
            let last = self.mistakes.pop().map(|mistake| mistake.help("actors stand under `actors`"));
            self.mistakes.extend(last);
        }
        found
    }
}
