//! Who and where: the members of the population that an instance has to do with.

use super::{Needs, Role};
use crate::{
    catalog::{Catalog, KindId},
    population::{Members, Population},
    story::{Owner, Reference, Row, Story},
    value::{Key, Salt},
};

/// What an instance draws from the population. A pure function of story and instance.
#[derive(Debug, Clone)]
pub struct Roles {
    /// The instance's own key.
    pub instance: Key,
    /// For each kind the member (or row) that surrounds the story.
    pub scope: Vec<u32>,
    /// For each actor the member of its kind.
    pub actors: Vec<u32>,
    /// For each resource the member, where it belongs to the population.
    pub resources: Vec<u32>,
}

impl Roles {
    /// Room for any story of the catalog.
    pub fn new() -> Self {
        Roles { instance: Key::root(0), scope: Vec::new(), actors: Vec::new(), resources: Vec::new() }
    }

    /// Room for the roles of any of these stories.
    pub fn of_any(catalog: &Catalog, stories: &[Story]) -> Self {
        let most = |count: fn(&Story) -> usize| vec![0; stories.iter().map(count).max().unwrap_or(0)];
        Roles {
            instance: Key::root(0),
            scope: vec![0; catalog.kinds.len()],
            actors: most(|story| story.actors.len()),
            resources: most(|story| story.resources.len()),
        }
    }

    /// Draws what instance number `instance` of `story` has to do with.
    pub fn draw(&mut self, catalog: &Catalog, population: &Population, story: &Story, instance: u64) {
        self.scope.clear();
        self.draw_surroundings(catalog, population, story, instance, 0..catalog.kinds.len());
        self.actors.clear();
        for actor in &story.actors {
            // The same person whatever the actor is called would be wrong, whatever stands before it would be too.
            let key = self.instance.number(1000 + actor.kind as u64);
            self.actors.push(self.member(population, actor.kind, key, actor.other));
        }
        self.resources.clear();
        for resource in &story.resources {
            self.resources.push(match resource.owner {
                Owner::Story { .. } => 0,
                Owner::Population { other } => {
                    self.member(population, resource.kind, self.instance.number(2000 + resource.kind as u64), other)
                }
            });
        }
        for (kind, row) in &story.rows {
            self.scope[*kind] = self.row(catalog, population, story, *kind, *row);
        }
    }

    /// Only the surroundings that are of those kinds, none of which is a table's; what else it holds means nothing then.
    pub fn draw_surroundings(
        &mut self,
        catalog: &Catalog,
        population: &Population,
        story: &Story,
        instance: u64,
        kinds: impl IntoIterator<Item = KindId>,
    ) {
        self.instance = story.key.number(instance);
        self.scope.resize(catalog.kinds.len(), 0);
        for kind in kinds {
            if catalog.kinds[kind].principal || catalog.kinds[kind].table.is_some() || population.of(kind).is_empty() {
                continue;
            }
            self.scope[kind] = self.member(population, kind, self.instance.number(kind as u64), 0);
        }
    }

    /// The member, or row, that has a role.
    #[inline]
    pub fn of(&self, role: Role) -> u32 {
        match role {
            Role::Scope(kind) => self.scope[kind],
            Role::Principal(actor) => self.actors[actor],
            Role::Shared(resource) => self.resources[resource],
        }
    }

    /// Draws what was prepared, for instance number `instance`.
    #[inline]
    pub fn draw_prepared(&mut self, draws: &Draws, instance: u64) {
        self.instance = draws.story.number(instance);
        for draw in &draws.draws {
            let parent = draw.parent.map_or(0, |parent| self.scope[parent]);
            let member = draw.members.draw_salted(parent, self.instance, draw.salt, draw.other);
            match draw.role {
                Role::Scope(kind) => self.scope[kind] = member,
                Role::Principal(actor) => self.actors[actor] = member,
                Role::Shared(resource) => self.resources[resource] = member,
            }
        }
    }

    /// The row of a table in which something takes place.
    pub fn row(&self, catalog: &Catalog, population: &Population, story: &Story, kind: KindId, row: Row) -> u32 {
        match row {
            Row::Fixed(row) => row,
            Row::Of(resource) => {
                let members = population.of(story.resources[resource].kind);
                members.row(self.resources[resource]).unwrap_or_default()
            }
            Row::Drawn => {
                let key = self.instance.number(3000 + kind as u64);
                catalog.kinds[kind].table.as_ref().map_or(0, |table| table.weights.draw(key) as u32)
            }
        }
    }

    /// The member of the population that a reference draws.
    pub fn referred(&self, population: &Population, kind: KindId, salt: u64) -> u32 {
        self.member(population, kind, self.instance.number(4000 + salt), 0)
    }

    fn member(&self, population: &Population, kind: KindId, key: Key, other: usize) -> u32 {
        let members = population.of(kind);
        let parent = members.parent().map_or(0, |parent| self.scope[parent]);
        if members.is_empty() { 0 } else { members.draw(parent, key, other) }
    }

    /// The word that keeps a reference.
    pub fn code(&self, population: &Population, reference: Reference, salt: u64) -> u64 {
        use crate::story::code;
        match reference {
            Reference::Null => code::NULL,
            Reference::Resource(resource) => code::resource(resource),
            Reference::Actor(actor) => code::actor(actor),
            Reference::Population(kind) => code::population(kind, self.referred(population, kind, salt)),
        }
    }
}

/// What the events of a story need drawn, prepared once.
#[derive(Debug)]
pub struct Draws<'p> {
    story: Key,
    draws: Vec<Drawing<'p>>,
}

#[derive(Debug)]
struct Drawing<'p> {
    role: Role,
    members: &'p Members,
    parent: Option<KindId>,
    salt: Salt,
    other: usize,
}

impl<'p> Draws<'p> {
    /// Those that are needed, in the order in which [`Roles::draw`] draws all.
    pub fn new(catalog: &Catalog, population: &'p Population, story: &Story, needs: &Needs) -> Self {
        let mut draws = Vec::new();
        let mut add = |role: Role, number: usize, other: usize| {
            let kind = &catalog.kinds[role.kind(story)];
            let members = population.of(role.kind(story));
            let is_row = matches!(role, Role::Scope(_)) && (kind.principal || kind.table.is_some());
            if !is_row && !members.is_empty() {
                draws.push(Drawing { role, members, parent: members.parent(), salt: Salt::of(number as u64), other });
            }
        };
        needs.scope.iter().for_each(|kind| add(Role::Scope(*kind), *kind, 0));
        for actor in &needs.actors {
            add(Role::Principal(*actor), 1000 + story.actors[*actor].kind, story.actors[*actor].other);
        }
        for resource in &needs.resources {
            if let Owner::Population { other } = story.resources[*resource].owner {
                add(Role::Shared(*resource), 2000 + story.resources[*resource].kind, other);
            }
        }
        Draws { story: story.key, draws }
    }
}

impl Default for Roles {
    fn default() -> Self {
        Self::new()
    }
}
