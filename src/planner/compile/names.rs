//! Names in templates and texts: which value source each stands for.

use crate::{
    bytes::Padded,
    catalog::{Effect, Generator, InputValue, Text, TextPart, Unset, escaped},
    plan::{
        event_kind::{Part, PerEvent, StateSlot, ValueSource},
        resolved::Asked,
    },
    planner::compile::{CallCompiler, Whose, choices, fixed, scalar_source},
};

impl CallCompiler<'_> {
    /// The value source of a name in a template.
    pub(super) fn named(&mut self, path: &[String]) -> ValueSource {
        let rest: Vec<&str> = path[1..].iter().map(String::as_str).collect();
        match (path[0].as_str(), rest.as_slice()) {
            ("event", ["id"]) => ValueSource::PerEvent(PerEvent::Id),
            ("event", _) => ValueSource::PerEvent(PerEvent::Time),
            ("request", _) => ValueSource::PerEvent(PerEvent::Request),
            ("success", _) => fixed(if self.failure.is_none() { b"true" } else { b"false" }),
            ("subject", _) => self.text(&self.method.subject, None),
            ("failure", [what]) => self.failure(what),
            ("target", [what]) => self.target(what),
            ("principal", ["kind"]) => {
                fixed(self.catalog.kinds[self.scenario.actors[self.call.actor].kind].name.as_bytes())
            }
            ("principal", [field]) => self.actor(self.call.actor, field),
            ("input", [input, rest @ ..]) => self.input(input, rest),
            (variable, [field, rest @ ..]) => self.variable(variable, field, rest),
            _ => ValueSource::Null,
        }
    }

    fn failure(&mut self, what: &str) -> ValueSource {
        let Some(failure) = self.failure.map(|failure| &self.catalog.failures[failure]) else { return fixed(b"") };
        match what {
            "name" => fixed(failure.name.as_bytes()),
            "status" => fixed(&escaped(&failure.status)),
            _ => self.text(&failure.detail, None),
        }
    }

    /// The call's target in messages: the resource, or for a list the resource that contains the list.
    fn target(&mut self, what: &str) -> ValueSource {
        let kind = &self.catalog.kinds[self.method.kind];
        if what == "label" {
            return fixed(kind.label.as_bytes());
        }
        let holder = match (self.method.does, self.method.scope.last()) {
            (Effect::List, Some(scope)) => &self.catalog.kinds[*scope],
            // Nothing contains the list: all that identifies it is the subject of its events.
            (Effect::List, None) => return self.named(&["subject".to_owned()]),
            _ => kind,
        };
        let id = self.event(&[holder.variable.clone(), "id".to_owned()]);
        ValueSource::Text(vec![Part::Event(id)])
    }

    fn variable(&mut self, variable: &str, field: &str, rest: &[&str]) -> ValueSource {
        let Some(kind) = self.catalog.variable(variable) else { return ValueSource::Null };
        if kind == self.method.kind
            && self.method.does != Effect::List
            && let Some(target) = self.call.target
        {
            return self.resource(target, field, rest);
        }
        self.scope(kind, field)
    }

    fn input(&mut self, name: &str, rest: &[&str]) -> ValueSource {
        let Some(input) = self.method.input(name) else { return ValueSource::Null };
        let (field, unset) = match &input.value {
            InputValue::Always(scalar) => return scalar_source(scalar),
            InputValue::Changes { field, unset, .. } => (*field, unset),
        };
        let kind = &self.catalog.kinds[self.method.kind];
        let position = kind.changing.iter().position(|changing| *changing == field);
        let ask = self.call.asks.iter().enumerate().find(|(_, ask)| Some(ask.slot) == position);
        let at = self.snapshot.asks_at(self.scenario);
        match (ask.map(|(index, ask)| (index, ask.value)), unset) {
            (None | Some((_, Asked::Nothing)), Unset::Current) => {
                let name = kind.fields[field].name.clone();
                self.call.target.map_or(ValueSource::Null, |target| self.resource(target, &name, rest))
            }
            (None | Some((_, Asked::Nothing)), Unset::Fixed(scalar)) => scalar_source(scalar),
            (None | Some((_, Asked::Nothing)), Unset::Clears) | (Some((_, Asked::Clear)), _) => ValueSource::Null,
            (Some((index, _)), _) => {
                let slot = StateSlot::per_event(at + index);
                match &kind.fields[field].generator {
                    Generator::Choose { .. } => ValueSource::Chosen { slot, choices: choices(kind, field) },
                    Generator::Refer { .. } if rest.is_empty() => ValueSource::Present(slot),
                    Generator::Refer { .. } => ValueSource::Referred(slot),
                    _ => {
                        let nothing = self.push(fixed(b""));
                        ValueSource::Replaced { slot, original: nothing }
                    }
                }
            }
        }
    }

    /// Compiles a text. Its placeholders refer to fields of its owner or of the surrounding scope.
    pub(super) fn text(&mut self, text: &Text, whose: Option<Whose>) -> ValueSource {
        let mut parts = Vec::new();
        for part in &text.parts {
            parts.push(match part {
                TextPart::Literal(bytes) => Part::Literal(Padded::new(bytes)),
                TextPart::Name(name) => self.text_name(name, whose),
            });
        }
        match parts.as_slice() {
            [] => fixed(b""),
            [Part::Literal(literal)] => fixed(literal.bytes()),
            _ => ValueSource::Text(parts),
        }
    }

    fn text_name(&mut self, name: &[String], whose: Option<Whose>) -> Part {
        let rest: Vec<&str> = name[2.min(name.len())..].iter().map(String::as_str).collect();
        let kind = match whose {
            Some(Whose::Own(own)) => Some(self.scenario.resources[own.resource].kind),
            Some(Whose::Actor(actor)) => Some(self.scenario.actors[actor].kind),
            None => None,
        };
        let own_name = kind.is_some_and(|kind| self.catalog.kinds[kind].variable == name[0]);
        match whose {
            Some(Whose::Own(own)) if own_name => {
                let index = self.own_value(own, name, &rest);
                self.part(index)
            }
            Some(Whose::Actor(actor)) if own_name => {
                let source = self.actor(actor, &name[1]);
                let index = self.push(source);
                self.part(index)
            }
            _ => Part::Event(self.event(name)),
        }
    }
}
