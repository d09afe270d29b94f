//! What of a story's surroundings the simulation looks at: little, and so little is drawn when an instance begins.

use crate::simulation::Roles;
use crate::{
    catalog::{Catalog, Generator, KindId},
    plan::{
        Plan,
        story::{Asked, Initial, Operation, Reference, Resource, Story},
    },
};

/// For each story the kinds of whose members the state of an instance depends on, in the order in which they are drawn.
#[derive(Debug)]
pub(super) struct Surroundings {
    stories: Vec<Drawn>,
}

#[derive(Debug)]
enum Drawn {
    Only(Vec<KindId>),
    /// All of it, because a row of a table is part of it.
    All,
}

impl Surroundings {
    pub fn of(plan: &Plan) -> Self {
        Surroundings { stories: plan.stories.iter().map(|story| drawn(&plan.catalog, story)).collect() }
    }

    /// Draws what an instance's state depends on.
    pub fn draw(&self, plan: &Plan, story: u16, instance: u64, roles: &mut Roles) {
        let (catalog, population) = (&plan.catalog, &plan.population);
        let of = &plan.stories[usize::from(story)];
        match &self.stories[usize::from(story)] {
            Drawn::Only(kinds) => {
                roles.draw_surroundings(catalog, population, of, instance, kinds.iter().copied());
            }
            Drawn::All => roles.draw(catalog, population, of, instance),
        }
    }
}

fn drawn(catalog: &Catalog, story: &Story) -> Drawn {
    let mut kinds = Vec::new();
    let mut with_those_around = |kind: Option<KindId>| {
        kinds.extend(std::iter::successors(kind, |kind| catalog.parent(*kind)));
    };
    for resource in story.resources.iter().filter(|resource| resource.is_own()) {
        with_those_around(room(catalog, resource));
        for initial in &resource.initial {
            if let Initial::Reference(Reference::Population(kind)) = initial {
                with_those_around(catalog.parent(*kind));
            }
        }
    }
    for operation in &story.operations {
        let Operation::Call(call) = operation else { continue };
        for ask in &call.asks {
            if let Asked::Reference(Reference::Population(kind)) = ask.value {
                with_those_around(catalog.parent(kind));
            }
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.iter().any(|kind| catalog.kinds[*kind].table.is_some()) { Drawn::All } else { Drawn::Only(kinds) }
}

/// Within which kind's members the names of a resource are given out only once.
pub(super) fn room(catalog: &Catalog, resource: &Resource) -> Option<KindId> {
    let kind = &catalog.kinds[resource.kind];
    match kind.fields[kind.stamp?].generator {
        Generator::Clock { unique_in, .. } => unique_in,
        _ => None,
    }
}
