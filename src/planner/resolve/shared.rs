//! Resources that all instances of a scenario share: their id is pinned, and no call makes or changes them.
//!
//! An id denotes the same resource in every event, so no field of it may be drawn per instance. Its fields are drawn
//! with a number that no member of the population has, and its location and references are drawn once for all
//! instances.

use crate::{
    catalog::{Effect, Generator},
    identity::TAGS,
    plan::{
        event_kind::field_salt,
        resolved::{Initial, Operation, Outcome, Owner, Pin, Reference},
        roles::resource_key,
    },
    planner::resolve::Resolver,
};

impl Resolver<'_, '_> {
    /// Finds and marks the resources that instances share.
    pub(super) fn share(&mut self) {
        let mut changed = vec![false; self.resolved.resources.len()];
        for operation in &self.resolved.operations {
            let Operation::Call(call) = operation else { continue };
            let Some(target) = call.target else { continue };
            let reads =
                call.does == Effect::Get || call.does != Effect::Create && matches!(call.outcome, Outcome::Failure(_));
            changed[target] |= !reads;
        }
        for (index, changed) in changed.into_iter().enumerate() {
            if !changed && self.is_known(index) {
                self.share_one(index);
            }
        }
    }

    /// Whether a resource existed before and has a pinned id, and all that it refers to is the same in all instances.
    fn is_known(&self, index: usize) -> bool {
        let resource = &self.resolved.resources[index];
        let kind = &self.catalog.kinds[resource.kind];
        let existing = matches!(resource.owner, Owner::Instance { existing: true, .. });
        let pinned = resource.pins.iter().any(|(field, pin)| *field == kind.id() && matches!(pin, Pin::Bytes(_)));
        // A unique clock is different in each instance.
        let stamped = kind.stamp.is_some_and(|stamp| stamp != kind.id());
        let pins = resource.pins.iter().filter_map(|(_, pin)| match pin {
            Pin::Reference(reference) => Some(reference),
            _ => None,
        });
        let initial = resource.initial.iter().filter_map(|initial| match initial {
            Initial::Reference(reference) => Some(reference),
            _ => None,
        });
        existing
            && pinned
            && !stamped
            && resource.count == 1
            && pins.chain(initial).all(|reference| self.is_one(*reference))
    }

    /// Whether a reference has the same target in all instances, provided that they take place in the same location.
    fn is_one(&self, reference: Reference) -> bool {
        match reference {
            Reference::Null | Reference::Population(_) => true,
            Reference::Actor(actor) => self.resolved.actors[actor].external.is_some(),
            Reference::Resource(other) => {
                let resource = &self.resolved.resources[other];
                resource.shared.is_some() || matches!(resource.owner, Owner::Population { .. })
            }
        }
    }

    fn share_one(&mut self, index: usize) {
        let resource = &self.resolved.resources[index];
        let (kind_id, kind) = (resource.kind, &self.catalog.kinds[resource.kind]);
        let id = resource.pins.iter().find(|(field, _)| *field == kind.id()).map(|(_, pin)| pin);
        let Some(Pin::Bytes(id)) = id else { return };
        let id = String::from_utf8_lossy(id).into_owned();
        let family = self.around.tags.family(&format!("fixed {}", kind.name));
        let number = self.tag(family, &format!("fixed resources of the kind `{}`", kind.name), &id, TAGS);
        let number = self.around.population[kind_id] + u64::from(number);
        let resource = &mut self.resolved.resources[index];
        let key = resource_key(resource.key, 0, 0);
        for (position, initial) in resource.initial.iter_mut().enumerate() {
            let field = &kind.fields[kind.changing[position]];
            if let (Initial::Drawn(weights), Generator::Choose { .. }) = (&*initial, &field.generator) {
                *initial = Initial::Fixed(weights.draw(key.number(field_salt(&field.name))) as u64);
            }
        }
        resource.shared = Some(number);
        self.resolved.in_one_place = true;
    }
}
