//! Who and where: the members of the population that an instance has to do with.

use super::{Needs, Role};
use crate::{
    catalog::{Catalog, KindId},
    population::{Members, Population},
    story::{Owner, Reference, Row, Story},
    value::{Key, Salt, Skew},
};

/// What an instance draws from the population. A pure function of story and instance.
#[derive(Debug, Clone)]
pub struct Roles {
    /// The instance's own key.
    instance: Key,
    /// Kinds of the catalog.
    kinds: usize,
    /// Whoever has each role, as [`Role::place`] says.
    members: Vec<u32>,
}

impl Role {
    /// Where it stands among all roles: first what surrounds a story, by kind; then a 0, which stands for what lies in
    /// nothing; then actors and resources in turns.
    fn place(self, kinds: usize) -> usize {
        match self {
            Role::Scope(kind) => kind,
            Role::Principal(actor) => kinds + 1 + 2 * actor,
            Role::Shared(resource) => kinds + 2 + 2 * resource,
        }
    }
}

impl Roles {
    /// Room for the stories of a catalog.
    pub fn new(catalog: &Catalog) -> Self {
        let kinds = catalog.kinds.len();
        Roles { instance: Key::root(0), kinds, members: vec![0; kinds + 1] }
    }

    /// Makes room for the roles of a story.
    pub fn reserve(&mut self, story: &Story) {
        let most = self.kinds + 1 + 2 * story.actors.len().max(story.resources.len());
        if self.members.len() < most {
            self.members.resize(most, 0);
        }
    }

    /// Draws what instance number `instance` of `story` has to do with.
    pub fn draw(&mut self, catalog: &Catalog, population: &Population, story: &Story, instance: u64) {
        self.reserve(story);
        self.members[..catalog.kinds.len()].fill(0);
        self.draw_surroundings(catalog, population, story, instance, 0..catalog.kinds.len());
        for (index, actor) in story.actors.iter().enumerate() {
            // The same person whatever the actor is called would be wrong, whatever stands before it would be too.
            let key = self.instance.number(actor_number(actor.kind));
            let member = self.member(population, actor.kind, key, actor.other);
            self.set(Role::Principal(index), member);
        }
        for (index, resource) in story.resources.iter().enumerate() {
            let member = match resource.owner {
                Owner::Story { .. } => 0,
                Owner::Population { other } => {
                    self.member(population, resource.kind, self.instance.number(resource_number(resource.kind)), other)
                }
            };
            self.set(Role::Shared(index), member);
        }
        for (kind, row) in &story.rows {
            let row = self.row(catalog, population, story, *kind, *row);
            self.set(Role::Scope(*kind), row);
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
        for kind in kinds {
            if catalog.kinds[kind].principal || catalog.kinds[kind].table.is_some() || population.of(kind).is_empty() {
                continue;
            }
            let member = self.member(population, kind, self.instance.number(kind as u64), 0);
            self.set(Role::Scope(kind), member);
        }
    }

    /// The member, or row, that has a role.
    #[inline]
    pub fn of(&self, role: Role) -> u32 {
        self.members[role.place(self.kinds)]
    }

    /// The member, or row, that surrounds the story.
    #[inline]
    pub fn scope(&self, kind: KindId) -> u32 {
        self.of(Role::Scope(kind))
    }

    /// Gives a role to a member, or row.
    #[inline]
    pub fn set(&mut self, role: Role, member: u32) {
        self.members[role.place(self.kinds)] = member;
    }

    /// Draws what was prepared, for the instance with that salt.
    #[inline]
    pub fn draw_prepared(&mut self, draws: &Draws, instance: Salt) {
        let key = draws.story.salted(instance);
        self.instance = key;
        let members = self.members.as_mut_slice();
        for draw in &draws.draws {
            members[draw.role] = draw.members.draw_salted(members[draw.parent], key, draw.salt, draw.other);
        }
    }

    /// The same when it is known what will be drawn: the members of these places.
    #[inline]
    pub fn recall(&mut self, draws: &Draws, instance: Salt, places: &[usize], members: &[u32]) {
        self.instance = draws.story.salted(instance);
        for (place, member) in places.iter().zip(members) {
            self.members[*place] = *member;
        }
    }

    /// The members, or rows, of these places.
    pub fn members<'r>(&'r self, places: &'r [usize]) -> impl Iterator<Item = u32> + 'r {
        places.iter().map(|place| self.members[*place])
    }

    /// Draws the rows that were prepared.
    #[inline]
    pub fn draw_rows(&mut self, rows: &Rows) {
        for (place, row) in &rows.0 {
            self.members[*place] = match row {
                Placed::Fixed(row) => *row,
                Placed::Of(members, resource) => members.row(self.members[*resource]).unwrap_or_default(),
                Placed::Drawn(weights, salt) => weights.draw(self.instance.salted(*salt)) as u32,
            };
        }
    }

    /// The row of a table in which something takes place.
    pub fn row(&self, catalog: &Catalog, population: &Population, story: &Story, kind: KindId, row: Row) -> u32 {
        match row {
            Row::Fixed(row) => row,
            Row::Of(resource) => {
                let members = population.of(story.resources[resource].kind);
                members.row(self.of(Role::Shared(resource))).unwrap_or_default()
            }
            Row::Drawn => {
                let key = self.instance.number(row_number(kind));
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
        let parent = members.parent().map_or(0, |parent| self.scope(parent));
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

/// The numbers by which an instance draws its actors, the population's resources and rows of tables; what surrounds it
/// is drawn by the number of its kind.
fn actor_number(kind: KindId) -> u64 {
    1000 + kind as u64
}

fn resource_number(kind: KindId) -> u64 {
    2000 + kind as u64
}

fn row_number(kind: KindId) -> u64 {
    3000 + kind as u64
}

/// The rows in which the events of a story take place, prepared once: by the place of the table's kind among all roles.
#[derive(Debug)]
pub struct Rows<'p>(Vec<(usize, Placed<'p>)>);

#[derive(Debug)]
enum Placed<'p> {
    Fixed(u32),
    /// The row in which the member lies that has the role of that place.
    Of(&'p Members, usize),
    Drawn(&'p Skew, Salt),
}

impl<'p> Rows<'p> {
    /// The places of the roles that they have.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        self.0.iter().map(|(place, _)| *place)
    }

    /// Those of the story that are needed.
    pub fn new(catalog: &'p Catalog, population: &'p Population, story: &Story, needs: &Needs) -> Self {
        let kinds = catalog.kinds.len();
        let place = |(kind, row): &(KindId, Row)| {
            let placed = match *row {
                Row::Fixed(row) => Placed::Fixed(row),
                Row::Of(resource) => {
                    Placed::Of(population.of(story.resources[resource].kind), Role::Shared(resource).place(kinds))
                }
                Row::Drawn => match &catalog.kinds[*kind].table {
                    Some(table) => Placed::Drawn(&table.weights, Salt::of(row_number(*kind))),
                    None => Placed::Fixed(0),
                },
            };
            (Role::Scope(*kind).place(kinds), placed)
        };
        Rows(story.rows.iter().filter(|(kind, _)| needs.scope.contains(kind)).map(place).collect())
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
    /// Places of the role, and of that of what its member lies in.
    role: usize,
    parent: usize,
    members: &'p Members,
    salt: Salt,
    other: usize,
}

impl<'p> Draws<'p> {
    /// The places of the roles that are drawn.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        self.draws.iter().map(|draw| draw.role)
    }

    /// Those that are needed, in the order in which [`Roles::draw`] draws all.
    pub fn new(catalog: &Catalog, population: &'p Population, story: &Story, needs: &Needs) -> Self {
        let (mut draws, kinds) = (Vec::new(), catalog.kinds.len());
        let mut add = |role: Role, number: u64, other: usize| {
            let kind = &catalog.kinds[role.kind(story)];
            let members = population.of(role.kind(story));
            let is_row = matches!(role, Role::Scope(_)) && (kind.principal || kind.table.is_some());
            // Whom there is only one of has number 0, and its place is nobody else's.
            let is_known = matches!(role, Role::Scope(_)) && members.len() == 1;
            if !is_row && !members.is_empty() && !is_known {
                let parent = members.parent().map_or(kinds, |parent| Role::Scope(parent).place(kinds));
                draws.push(Drawing { role: role.place(kinds), parent, members, salt: Salt::of(number), other });
            }
        };
        needs.scope.iter().for_each(|kind| add(Role::Scope(*kind), *kind as u64, 0));
        for actor in &needs.actors {
            add(Role::Principal(*actor), actor_number(story.actors[*actor].kind), story.actors[*actor].other);
        }
        for resource in &needs.resources {
            if let Owner::Population { other } = story.resources[*resource].owner {
                add(Role::Shared(*resource), resource_number(story.resources[*resource].kind), other);
            }
        }
        Draws { story: story.key, draws }
    }
}
