//! Selects the members around an instance that its state depends on, so that the simulation draws only these.

use crate::{
    catalog::{Catalog, Generator, KindId},
    plan::{
        Plan,
        resolved::{Asked, Initial, Operation, Reference, ResolvedScenario, Resource},
    },
    simulation::Roles,
};

/// For each scenario, the kinds of which the simulation draws members, in the order of drawing.
#[derive(Debug)]
pub(super) struct ScopeDraws {
    scenarios: Vec<Drawn>,
}

#[derive(Debug)]
enum Drawn {
    Only(Vec<KindId>),
    /// All kinds, because a row of a table is among them.
    All,
}

impl ScopeDraws {
    pub(super) fn new(plan: &Plan) -> Self {
        ScopeDraws { scenarios: plan.scenarios.iter().map(|scenario| drawn(&plan.catalog, scenario)).collect() }
    }

    /// Draws the members that an instance's state depends on.
    pub(super) fn draw(&self, plan: &Plan, scenario: u16, instance: u64, roles: &mut Roles) {
        let (catalog, population) = (&plan.catalog, &plan.population);
        let of = &plan.scenarios[usize::from(scenario)];
        match &self.scenarios[usize::from(scenario)] {
            Drawn::Only(kinds) => {
                roles.draw_surroundings(catalog, population, of, instance, kinds.iter().copied());
            }
            Drawn::All => roles.draw(catalog, population, of, instance),
        }
    }
}

fn drawn(catalog: &Catalog, scenario: &ResolvedScenario) -> Drawn {
    let mut kinds = Vec::new();
    let mut with_those_around = |kind: Option<KindId>| {
        kinds.extend(std::iter::successors(kind, |kind| catalog.parent(*kind)));
    };
    for resource in scenario.resources.iter().filter(|resource| resource.is_own()) {
        with_those_around(room(catalog, resource));
        for initial in &resource.initial {
            if let Initial::Reference(Reference::Population(kind)) = initial {
                with_those_around(catalog.parent(*kind));
            }
        }
    }
    for operation in &scenario.operations {
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

/// The kind within whose members the names of a resource are unique, if its names are times and there is such a kind.
pub(super) fn room(catalog: &Catalog, resource: &Resource) -> Option<KindId> {
    let kind = &catalog.kinds[resource.kind];
    match kind.fields[kind.stamp?].generator {
        Generator::Clock { unique_in, .. } => unique_in,
        _ => None,
    }
}
