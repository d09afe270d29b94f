//! Who and where: the members of the population that an instance has to do with.

use crate::{
    catalog::{Catalog, KindId},
    population::Population,
    story::{Owner, Reference, Row, Story},
    value::Key,
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

    /// Draws what instance number `instance` of `story` has to do with.
    pub fn draw(&mut self, catalog: &Catalog, population: &Population, story: &Story, instance: u64) {
        self.draw_within(catalog, population, story, instance, 0..catalog.kinds.len());
    }

    /// The same, leaving out the surroundings that are not of those kinds: nothing looks at them.
    pub fn draw_within(
        &mut self,
        catalog: &Catalog,
        population: &Population,
        story: &Story,
        instance: u64,
        surroundings: impl IntoIterator<Item = KindId>,
    ) {
        self.scope.clear();
        self.draw_surroundings(catalog, population, story, instance, surroundings);
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

impl Default for Roles {
    fn default() -> Self {
        Self::new()
    }
}
