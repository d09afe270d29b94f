//! Roles: the members of the population that take part in an instance.

mod prepared;

use crate::{
    catalog::{Catalog, KindId},
    plan::{
        event_kind::Role,
        resolved::{Actor, Owner, Reference, ResolvedScenario, Row},
    },
    population::{HoursAt, Population},
    value::Key,
};

pub(crate) use prepared::{Drawn, Draws};

/// The members that an instance draws from the population; a pure function of scenario and instance.
#[derive(Debug, Clone)]
pub(crate) struct Roles {
    /// Key from which the actors are drawn: the instance's, or that of the first instance of its burst.
    own: Key,
    /// Key from which the scope and the resources are drawn: the same, or the first instance's for all.
    place: Key,
    /// Kinds of the catalog.
    kinds: usize,
    /// Member of each role, indexed by [`Role::place`].
    members: Vec<u32>,
}

/// An instance: everything on which its draws from the population depend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InstanceStart {
    /// Its number within its scenario.
    pub(crate) number: u64,
    /// The local minute of the day at which it began, or the first instance of its burst; used only if principals have
    /// usual hours.
    pub(crate) minute: u16,
}

impl Role {
    /// Position among all roles: first the kinds around a scenario; then a 0, the parent of what has none; then actors
    /// and resources alternately.
    fn place(self, kinds: usize) -> usize {
        match self {
            Role::Scope(kind) => kind,
            Role::Principal(actor) => kinds + 1 + 2 * actor,
            Role::Shared(resource) => kinds + 2 + 2 * resource,
        }
    }
}

impl Roles {
    /// Roles for scenarios of a catalog.
    pub(crate) fn new(catalog: &Catalog) -> Self {
        let kinds = catalog.kinds.len();
        Roles { own: Key::root(0), place: Key::root(0), kinds, members: vec![0; kinds + 1] }
    }

    /// Makes room for the roles of a scenario.
    pub(crate) fn reserve(&mut self, scenario: &ResolvedScenario) {
        let most = self.kinds + 1 + 2 * scenario.actors.len().max(scenario.resources.len());
        if self.members.len() < most {
            self.members.resize(most, 0);
        }
    }

    /// Draws the members of an instance of `scenario`.
    pub(crate) fn draw(
        &mut self,
        catalog: &Catalog,
        population: &Population,
        scenario: &ResolvedScenario,
        start: InstanceStart,
    ) {
        self.reserve(scenario);
        self.members[..catalog.kinds.len()].fill(0);
        let first = population.first_of_burst(scenario.key, start.number);
        self.own = scenario.key.number(first);
        self.place = if scenario.in_one_place { scenario.key.number(0) } else { self.own };
        for (kind, described) in catalog.kinds.iter().enumerate() {
            if !described.principal && described.table.is_none() && !population.members(kind).is_empty() {
                let member = self.member(population, kind, self.place.number(kind as u64), 0);
                self.set(Role::Scope(kind), member);
            }
        }
        for (index, actor) in scenario.actors.iter().enumerate() {
            let member = match &scenario.injection {
                Some(injection) => self.member_at(population, actor.kind, injection.position, actor.other),
                // Keyed by the actor's kind: neither its name nor actors of other kinds change who acts.
                None => self.actor(population, actor, start.minute),
            };
            self.set(Role::Principal(index), member);
        }
        for (index, resource) in scenario.resources.iter().enumerate() {
            let member = match resource.owner {
                Owner::Instance { .. } => 0,
                Owner::Population { other } => {
                    self.member(population, resource.kind, self.place.number(resource_number(resource.kind)), other)
                }
            };
            self.set(Role::Shared(index), member);
        }
        for (kind, row) in &scenario.rows {
            let row = self.row(catalog, population, scenario, *kind, *row);
            self.set(Role::Scope(*kind), row);
        }
    }

    /// The member, or table row, in a role.
    #[inline]
    pub(crate) fn in_role(&self, role: Role) -> u32 {
        self.members[role.place(self.kinds)]
    }

    /// The member, or table row, of a kind around the scenario.
    #[inline]
    pub(crate) fn scope(&self, kind: KindId) -> u32 {
        self.in_role(Role::Scope(kind))
    }

    /// Assigns a member, or table row, to a role.
    #[inline]
    pub(crate) fn set(&mut self, role: Role, member: u32) {
        self.members[role.place(self.kinds)] = member;
    }

    /// The row of a table for a scenario.
    pub(crate) fn row(
        &self,
        catalog: &Catalog,
        population: &Population,
        scenario: &ResolvedScenario,
        kind: KindId,
        row: Row,
    ) -> u32 {
        match row {
            Row::Fixed(row) => row,
            Row::Of(resource) => {
                let members = population.members(scenario.resources[resource].kind);
                members.row(self.in_role(Role::Shared(resource))).unwrap_or_default()
            }
            Row::Drawn => {
                let key = self.place.number(row_number(kind));
                catalog.kinds[kind].table.as_ref().map_or(0, |table| table.weights.draw(key) as u32)
            }
        }
    }

    /// Key of the draw of the address from which an actor acts.
    pub(crate) fn address_key(&self, actor: &Actor) -> Key {
        self.own.number(5000 + actor.kind as u64).number(actor.other as u64)
    }

    /// The member of the population that a reference draws.
    pub(crate) fn referred(&self, population: &Population, kind: KindId, salt: u64) -> u32 {
        self.member(population, kind, self.place.number(4000 + salt), 0)
    }

    fn member(&self, population: &Population, kind: KindId, key: Key, other: usize) -> u32 {
        let members = population.members(kind);
        let parent = members.parent().map_or(0, |parent| self.scope(parent));
        if members.is_empty() { 0 } else { members.draw(parent, key, other) }
    }

    fn actor(&self, population: &Population, actor: &Actor, minute: u16) -> u32 {
        let (kind, key) = (actor.kind, self.own.number(actor_number(actor.kind)));
        let members = population.members(kind);
        match &population.hours {
            Some(hours) if !members.is_empty() => {
                let hours = HoursAt { hours, kind, minute, is_usual: hours.is_usual(self.own) };
                let parent = members.parent().map_or(0, |parent| self.scope(parent));
                members.draw_at(parent, (key, actor.other), hours)
            }
            _ => self.member(population, kind, key, actor.other),
        }
    }

    fn member_at(&self, population: &Population, kind: KindId, position: u64, other: usize) -> u32 {
        let members = population.members(kind);
        let parent = members.parent().map_or(0, |parent| self.scope(parent));
        if members.is_empty() { 0 } else { members.at(parent, position, other) }
    }

    /// Encodes a reference as a state slot.
    pub(crate) fn code(&self, population: &Population, reference: Reference, salt: u64) -> u64 {
        use crate::plan::reference_code;
        match reference {
            Reference::Null => reference_code::NULL,
            Reference::Resource(resource) => reference_code::resource(resource),
            Reference::Actor(actor) => reference_code::actor(actor),
            Reference::Population(kind) => reference_code::population(kind, self.referred(population, kind, salt)),
        }
    }
}

/// Key numbers of an instance's draws of actors, shared resources and table rows; the kinds around it use the kind's
/// number.
fn actor_number(kind: KindId) -> u64 {
    1000 + kind as u64
}

fn resource_number(kind: KindId) -> u64 {
    2000 + kind as u64
}

fn row_number(kind: KindId) -> u64 {
    3000 + kind as u64
}

/// Key of the draws of a resource's element.
pub(crate) fn resource_key(resource: Key, instance: u64, element: u32) -> Key {
    resource.number(instance).number(element.into())
}
