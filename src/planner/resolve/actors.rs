//! Resolution of a scenario's actors.

use crate::{
    catalog::{FieldId, Generator, KindId},
    error::{Diagnostic, a, list_of},
    identity::TAGS,
    plan::resolved::Actor,
    planner::{
        pins::{self, Value},
        resolve::Resolver,
    },
    scenario::{self, Override},
};

impl Resolver<'_, '_> {
    pub(super) fn actors(&mut self) {
        let Some(default) = self.catalog.kinds.iter().position(|kind| kind.principal) else { return };
        for written in &self.written.actors {
            let kind = match &written.kind {
                Some(name) => {
                    self.kind(name).or_else(|| self.meant(&name.value, |kind| self.catalog.kinds[kind].principal))
                }
                None => Some(default),
            };
            let Some(kind) = kind else {
                self.unread.push(written.name.value.clone());
                continue;
            };
            if !self.catalog.kinds[kind].principal {
                let principals = self.catalog.kinds.iter().filter(|kind| kind.principal).map(|kind| kind.name.as_str());
                let span = written.kind.as_ref().map_or(written.name.span.clone(), |name| name.span.clone());
                let help = format!("actors are of kind {}", list_of(principals));
                self.wrong(&span, format!("{} cannot act", a(&self.catalog.kinds[kind].label)), help);
                self.unread.push(written.name.value.clone());
                continue;
            }
            let mut fields = Override::from_fields(&self.written.source, &written.pins);
            fields.extend(self.around.settings.take(&written.name.value));
            let pins = self.scalar_pins(kind, fields);
            let others = self.resolved.actors.iter().filter(|actor| actor.kind == kind).count();
            if !self.enough(kind, others + 1) {
                let of = &self.catalog.kinds[kind];
                let name = of.plural.as_deref().unwrap_or(&of.name);
                let message =
                    format!("the population has too few {name} for `{}` to be somebody else", written.name.value);
                self.wrong(
                    &written.name.span,
                    message,
                    format!("a `population` of {name} needs {} in each {}", others + 1, self.parent_label(kind)),
                );
            }
            self.push_actor(written.name.value.clone(), kind, pins);
        }
        if self.resolved.actors.is_empty() {
            let name = self.catalog.kinds[default].variable.clone();
            let fields = self.around.settings.take(&name);
            let pins = self.scalar_pins(default, fields);
            self.push_actor(name, default, pins);
        }
    }

    fn parent_label(&self, kind: KindId) -> &str {
        self.catalog.parent(kind).map_or("run", |parent| self.catalog.kinds[parent].label.as_str())
    }

    pub(super) fn push_actor(&mut self, name: String, kind: KindId, pins: Vec<(FieldId, Option<Box<[u8]>>)>) {
        let other = self.resolved.actors.iter().filter(|actor| actor.kind == kind).count();
        // An actor with a pinned identity is the same in all instances and scenarios: an external principal, outside
        // the population.
        let of = &self.catalog.kinds[kind];
        let identifies =
            |field: &FieldId| matches!(of.fields[*field].generator, Generator::Email(_)) || *field == of.id();
        let who = pins.iter().find(|(field, _)| *field == of.id()).or(pins.iter().find(|(field, _)| identifies(field)));
        let who = who.and_then(|(_, bytes)| bytes.as_deref());
        let who = who.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let external = who.map(|who| {
            let family = self.around.tags.family(&format!("fixed {}", of.name));
            let number = self.tag(family, &format!("fixed actors of the kind `{}`", of.name), &who, TAGS);
            self.around.population[kind] + u64::from(number)
        });
        self.actor_names.entry(name.clone()).or_insert(self.resolved.actors.len());
        self.resolved.actors.push(Actor { name, kind, other, external, pins });
    }

    /// Pinned fields of an actor or of the surrounding scope: only texts and numbers.
    pub(super) fn scalar_pins(&mut self, kind: KindId, fields: Vec<Override>) -> Vec<(FieldId, Option<Box<[u8]>>)> {
        let mut pinned = Vec::new();
        for given in fields {
            match pins::read(self.catalog, kind, &given) {
                Ok((field, Value::Bytes(bytes))) => pinned.push((field, Some(bytes))),
                Ok((field, Value::Choice(choice))) => {
                    if let Generator::Choose { choices, .. } = &self.catalog.kinds[kind].fields[field].generator {
                        pinned.push((field, choices[choice].bytes().map(Into::into)));
                    }
                }
                Ok((_, _)) => {
                    self.diagnostics.push(Diagnostic::new(
                        &given.source,
                        given.value.span,
                        "this cannot be fixed here",
                    ));
                }
                Err(diagnostic) => self.diagnostics.push(diagnostic),
            }
        }
        pinned
    }

    pub(super) fn actor(&mut self, written: &scenario::Call) -> Option<usize> {
        let Some(by) = &written.by else { return Some(self.last_actor.unwrap_or(0)) };
        let found = self.actor_names.get(&by.value).copied();
        if found.is_none() && !self.is_unread(&by.value) {
            // Suggest the declared actors, or else the implicit one.
            let declared = self.written.actors.iter().map(|actor| actor.name.value.as_str());
            let made = self.resolved.actors.iter().map(|actor| actor.name.as_str());
            let known: Vec<&str> = if self.written.actors.is_empty() { made.collect() } else { declared.collect() };
            let help = self.suggestion(&by.value, known);
            self.wrong(&by.span, format!("no actor is called `{}`", by.value), help);
            let last = self.diagnostics.pop().map(|diagnostic| diagnostic.help("actors stand under `actors`"));
            self.diagnostics.extend(last);
        }
        found
    }
}
