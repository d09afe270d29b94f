//! Required roles: the members of the population that a scenario's events show; no others need be drawn.

use crate::{
    catalog::{Catalog, KindId},
    plan::{
        event_kind::{EventKind, Role, ValueSource},
        resolved::{ResolvedScenario, Row},
    },
};
use std::collections::BTreeSet;

/// The roles whose members the events of a scenario show.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequiredRoles {
    /// Kinds around the scenario, including tables of which a row is needed.
    pub(crate) scope: BTreeSet<KindId>,
    /// Actors, by index.
    pub(crate) actors: BTreeSet<usize>,
    /// Resources that belong to the population, by index.
    pub(crate) resources: BTreeSet<usize>,
    /// Whether all members that a reference may name have already been added.
    referred: bool,
}

impl RequiredRoles {
    /// Adds the roles that the events of an event kind show.
    pub(crate) fn add(&mut self, catalog: &Catalog, scenario: &ResolvedScenario, event_kind: &EventKind) {
        for known in &event_kind.known {
            self.role(catalog, scenario, known.role);
        }
        let own = event_kind.lists.iter().flat_map(|list| &list.own).flat_map(|own| &own.value_sources);
        for make in event_kind.value_sources.iter().chain(own) {
            match make {
                ValueSource::Member { role, .. } | ValueSource::MemberPresent { role, .. } => {
                    self.role(catalog, scenario, *role);
                }
                ValueSource::Roaming { actor, .. } => self.role(catalog, scenario, Role::Principal(*actor)),
                ValueSource::DrawnMember { kind, .. } => self.around(catalog, *kind),
                // The target of a state slot's reference is known only when the event happens.
                ValueSource::Referred(_) if !self.referred => {
                    self.referred = true;
                    (0..scenario.actors.len()).for_each(|actor| self.role(catalog, scenario, Role::Principal(actor)));
                    (0..scenario.resources.len()).for_each(|index| self.role(catalog, scenario, Role::Shared(index)));
                }
                _ => {}
            }
        }
        for beside in event_kind.lists.iter().filter_map(|list| list.beside.as_ref()) {
            beside.parent.iter().chain(&beside.table).for_each(|kind| self.role(catalog, scenario, Role::Scope(*kind)));
        }
        for (_, row) in
            event_kind.rows.iter().filter(|(kind, _)| self.scope.contains(kind)).copied().collect::<Vec<_>>()
        {
            if let Row::Of(resource) = row {
                self.role(catalog, scenario, Role::Shared(resource));
            }
        }
    }

    fn role(&mut self, catalog: &Catalog, scenario: &ResolvedScenario, role: Role) {
        match role {
            Role::Scope(kind) => drop(self.scope.insert(kind)),
            Role::Principal(actor) => drop(self.actors.insert(actor)),
            Role::Shared(resource) => drop(self.resources.insert(resource)),
        }
        self.around(catalog, role.kind(scenario));
    }

    /// Adds the parents of a kind, which decide among which members it is drawn.
    fn around(&mut self, catalog: &Catalog, kind: KindId) {
        let mut at = catalog.parent(kind);
        while let Some(parent) = at {
            self.scope.insert(parent);
            at = catalog.parent(parent);
        }
    }
}
