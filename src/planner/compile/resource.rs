//! Value sources for resources: those of the instance and those of the population.

use crate::{
    bytes::Padded,
    catalog::{FieldId, Generator, Moment, Text},
    plan::{
        event_kind::{Draw, Ready, Role, StateSlot, ValueSource, field_salt, first_note, whole_microseconds},
        resolved::{Owner, Pin, Reference},
        state_slots,
    },
    planner::compile::{CallCompiler, Own, Whose, choices, fixed, only, pinned_choice},
    value::{Key, Salt},
};

impl CallCompiler<'_> {
    /// A field of a resource of the instance.
    pub(super) fn own(&mut self, own: Own, name: &str, rest: &[&str]) -> ValueSource {
        let resource = &self.scenario.resources[own.resource];
        let kind = &self.catalog.kinds[resource.kind];
        let Some(field) = kind.field(name) else { return ValueSource::Null };
        match resource.pins.iter().find(|(pinned, _)| *pinned == field).map(|(_, pin)| pin) {
            Some(Pin::Bytes(bytes)) => return fixed(bytes),
            Some(Pin::Choice(choice)) => return pinned_choice(kind, field, *choice),
            Some(Pin::Reference(reference)) => return self.reference(*reference, field, rest),
            None => {}
        }
        match kind.changing.iter().position(|changing| *changing == field) {
            Some(position) => self.changing(own, field, own.slot(state_slots::FIELDS + position), rest),
            None => self.generated(own, field),
        }
    }

    pub(super) fn changing(&mut self, own: Own, field: FieldId, slot: StateSlot, rest: &[&str]) -> ValueSource {
        let kind = &self.catalog.kinds[self.scenario.resources[own.resource].kind];
        match &kind.fields[field].generator {
            Generator::Choose { .. } => ValueSource::Chosen { slot, choices: choices(kind, field) },
            Generator::Refer { .. } if rest.is_empty() => ValueSource::Present(slot),
            Generator::Refer { .. } => ValueSource::Referred(slot),
            _ => {
                let original = self.generated(own, field);
                ValueSource::Replaced { slot, original: self.push(original) }
            }
        }
    }

    pub(super) fn generated(&mut self, own: Own, field: FieldId) -> ValueSource {
        let resource = &self.scenario.resources[own.resource];
        let (kind_id, kind) = (resource.kind, &self.catalog.kinds[resource.kind]);
        let of = (kind_id, field);
        let draw = self.draw(own, &kind.fields[field].name);
        match &kind.fields[field].generator {
            Generator::Pattern { .. } | Generator::Email(_) | Generator::Address(_) if resource.shared.is_some() => {
                ValueSource::External { kind: kind_id, field, number: resource.shared.unwrap_or_default() }
            }
            Generator::Pattern { unique: true, .. } | Generator::Email(_) | Generator::Address(_) => {
                let Owner::Instance { lane, .. } = resource.owner else { return ValueSource::Null };
                ValueSource::Unique { kind: kind_id, field, lane, shift: resource.shift(), element: own.element }
            }
            Generator::Pattern { pattern, .. } => ValueSource::Pattern { pattern: Box::new(pattern.clone()), draw },
            Generator::Text(text) => self.text(text, Some(Whose::Own(own))),
            Generator::By { field: by, cases } => self.by(own, *by, cases),
            Generator::Choose { weights, counts, .. } => match only(counts) {
                Some(choice) => pinned_choice(kind, field, choice),
                None if resource.shared.is_some() => pinned_choice(kind, field, weights.draw(once(draw))),
                None => ValueSource::Drawn { draw, weights: Box::new(weights.clone()), choices: choices(kind, field) },
            },
            Generator::Time(Moment::Created) => ValueSource::Created(own.slot(state_slots::CREATED)),
            Generator::Time(Moment::Updated) => ValueSource::Updated { slot: own.slot(0), ready: self.ready(own) },
            Generator::Clock { unique_in, .. } => {
                let stamped = unique_in.is_some();
                let slot = own.slot(if stamped { state_slots::stamp_of(kind) } else { state_slots::CREATED });
                ValueSource::Clock { of, slot, stamped }
            }
            Generator::Stage { young, ready: grown } => match self.ready(own) {
                Some(ready) => {
                    let values = [Padded::new(young), Padded::new(grown)];
                    ValueSource::Stage { values, slot: own.slot(state_slots::CREATED), ready }
                }
                None => fixed(grown),
            },
            Generator::Ramp { up_to, every } => {
                let bound = self.own(own, &kind.fields[*up_to].name, &[]);
                let up_to = self.push(bound);
                match self.ready(own) {
                    Some(ready) => {
                        ValueSource::Ramp { slot: own.slot(state_slots::CREATED), ready, up_to, every: *every }
                    }
                    None => ValueSource::Text(vec![self.part(up_to)]),
                }
            }
            Generator::Refer { .. } | Generator::Column(_) => ValueSource::Null,
        }
    }

    /// One of several texts, selected by another field, which may be pinned, constant or random.
    pub(super) fn by(&mut self, own: Own, by: FieldId, cases: &[Text]) -> ValueSource {
        let resource = &self.scenario.resources[own.resource];
        let kind = &self.catalog.kinds[resource.kind];
        let pinned = resource.pins.iter().find_map(|(field, pin)| match pin {
            Pin::Choice(choice) if *field == by => Some(*choice),
            _ => None,
        });
        let Generator::Choose { weights, counts, .. } = &kind.fields[by].generator else { return ValueSource::Null };
        if let Some(choice) = pinned.or_else(|| only(counts)) {
            return self.text(&cases[choice], Some(Whose::Own(own)));
        }
        let draw = self.draw(own, &kind.fields[by].name);
        if resource.shared.is_some() {
            return self.text(&cases[weights.draw(once(draw))], Some(Whose::Own(own)));
        }
        let mut prepared = Vec::new();
        for text in cases {
            let source = self.text(text, Some(Whose::Own(own)));
            prepared.push(self.push(source));
        }
        ValueSource::Select { draw, weights: Box::new(weights.clone()), cases: prepared }
    }

    /// A field of the target of a reference that never changes.
    pub(super) fn reference(&mut self, reference: Reference, field: FieldId, rest: &[&str]) -> ValueSource {
        match reference {
            Reference::Null => ValueSource::Null,
            _ if rest.is_empty() => fixed(b"{}"),
            Reference::Actor(actor) => self.actor(actor, "id"),
            Reference::Population(kind) => ValueSource::DrawnMember { kind, salt: field as u64 },
            Reference::Resource(index) => match self.scenario.resources[index].owner {
                Owner::Population { .. } => self.shared(index, "id", &[]),
                Owner::Instance { .. } => {
                    let at = StateSlot::per_event(self.other(index));
                    self.own(Own { resource: index, at, element: false }, "id", &[])
                }
            },
        }
    }

    /// The offset of the state slots of another resource's first element.
    pub(super) fn other(&mut self, index: usize) -> usize {
        self.snapshot.add_other(self.scenario, index)
    }

    pub(super) fn shared(&mut self, index: usize, field: &str, rest: &[&str]) -> ValueSource {
        let kind = &self.catalog.kinds[self.scenario.resources[index].kind];
        let Some(field) = kind.field(field) else { return ValueSource::Null };
        let role = Role::Shared(index);
        match kind.fields[field].generator {
            Generator::Refer { .. } if rest.is_empty() => ValueSource::MemberPresent { role, field },
            _ => ValueSource::Member { role, field },
        }
    }

    /// A field of the call's target.
    pub(super) fn resource(&mut self, index: usize, field: &str, rest: &[&str]) -> ValueSource {
        match self.scenario.resources[index].owner {
            Owner::Instance { .. } => {
                self.own(Own { resource: index, at: StateSlot::per_event(0), element: true }, field, rest)
            }
            Owner::Population { .. } => self.shared(index, field, rest),
        }
    }

    pub(super) fn draw(&self, own: Own, field: &str) -> Draw {
        let resource = &self.scenario.resources[own.resource];
        Draw { resource: resource.key, field: Salt::new(field_salt(field)), element: own.element }
    }

    pub(super) fn ready(&self, own: Own) -> Option<Box<Ready>> {
        let resource = &self.scenario.resources[own.resource];
        let mut range = self.catalog.kinds[resource.kind].ready_after?;
        let draw = self.draw(own, "ready");
        if resource.shared.is_some() {
            let ready = once(draw).between(range.low, range.high);
            (range.low, range.high) = (ready, ready);
        }
        Some(Box::new(Ready {
            draw,
            low: range.low,
            high: range.high,
            earliest: whole_microseconds(range.low as i64),
            first_note: first_note(range.low as i64),
        }))
    }

    /// The index of a field of a resource of the instance as a separate value, computed once per event or item.
    pub(super) fn own_value(&mut self, own: Own, name: &[String], rest: &[&str]) -> usize {
        let main = own.element && own.at == StateSlot::per_event(0) && self.item.is_none();
        if main {
            return self.event(name);
        }
        if let Some(known) = self.item.as_ref().filter(|_| own.element).and_then(|item| item.known.get(&name[1..])) {
            return *known;
        }
        let source = self.own(own, &name[1], rest);
        let index = self.push(source);
        if own.element
            && let Some(item) = &mut self.item
        {
            item.known.insert(name[1..].to_vec(), index);
        }
        index
    }
}

/// The key of a draw that is the same in all instances: that of instance 0.
fn once(draw: Draw) -> Key {
    draw.resource.number(0).number(0).salted(draw.field)
}
