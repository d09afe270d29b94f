//! Resources that all instances of a scenario share: their id is pinned, and no call makes or changes them.
//!
//! The same id is the same resource in every event, so nothing of it may be drawn for an instance: its fields are those
//! of a number beyond the population, and what it lies in and refers to is drawn once for all instances.

use crate::planner::resolve::Resolver;
use crate::{
    catalog::{Effect, Generator},
    identity::TAGS,
    plan::{
        event_kind::field_salt,
        resolved::{Initial, Operation, Outcome, Owner, Pin, Reference},
        roles::resource_key,
    },
};

impl Resolver<'_, '_> {
    /// Finds the resources that instances share.
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

    /// Whether a resource existed before, and is the same in all instances but for what is drawn.
    fn is_known(&self, index: usize) -> bool {
        let resource = &self.resolved.resources[index];
        let kind = &self.catalog.kinds[resource.kind];
        let existing = matches!(resource.owner, Owner::Instance { existing: true, .. });
        let pinned = resource.pins.iter().any(|(field, pin)| *field == kind.id() && matches!(pin, Pin::Bytes(_)));
        // A name that is given out once is another in each instance.
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

    /// Whether a reference leads to the same in all instances, if they take place in one place.
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
