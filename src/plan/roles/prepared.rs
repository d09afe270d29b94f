//! Prepared draws of a scenario's required roles, and a cache of the members that recent instances drew.
//!
//! Fast path. Plain form: [`Roles::draw`]. Gain: 20 % of an event's instructions, of which 3 % are due to the cache
//! ([`Drawn`]); measured on 2026-12-01 as CONTRIBUTING.md describes under "Speed".

use crate::{
    catalog::{Catalog, KindId},
    plan::{
        event_kind::Role,
        required_roles::RequiredRoles,
        resolved::{Owner, ResolvedScenario, Row},
        roles::{InstanceStart, Roles, actor_number, resource_number, row_number},
    },
    population::{Bursts, Hours, HoursAt, Members, Population},
    value::{Key, Salt, WeightedIndex},
};

/// The draws that the events of a scenario require.
#[derive(Debug)]
pub(crate) struct Draws<'p> {
    scenario: Key,
    bursts: Option<Bursts>,
    /// Key from which everything but actors is drawn, if all instances take place in the same location.
    place: Option<Key>,
    members: Vec<Drawing<'p>>,
    /// Table rows to draw: position of the table's kind among all roles, and source.
    rows: Vec<(usize, Placed<'p>)>,
    /// Positions of everything that is drawn.
    places: Vec<usize>,
}

#[derive(Debug)]
struct Drawing<'p> {
    /// Position of the role, and of the role in which its member lies.
    role: usize,
    parent: usize,
    members: &'p Members,
    salt: Salt,
    other: usize,
    acts: bool,
    /// Of an actor of an injected scenario: see [`Injection::position`](crate::plan::resolved::Injection::position).
    position: Option<u64>,
    /// Of any other actor, in a population with usual hours.
    hours: Option<(&'p Hours, KindId)>,
}

#[derive(Debug)]
enum Placed<'p> {
    Fixed(u32),
    /// The row of the member whose role has this position.
    Of(&'p Members, usize),
    Drawn(&'p WeightedIndex, Salt),
}

/// Cache of the members that recent instances drew: an instance's events are interleaved with those of other instances.
#[derive(Debug)]
pub(crate) struct Drawn(Box<[Entry]>);

/// Members drawn by an instance, one for each of its scenario's positions; one cache line.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Entry {
    /// `None` for an empty entry.
    scenario: Option<u16>,
    instance: u64,
    members: [u32; MOST],
}

/// Number of cached instances.
const ENTRIES: usize = 1024;

/// Maximum number of cached members of an instance; the rest is drawn again.
const MOST: usize = 12;

const _: () = assert!(size_of::<Entry>() == 64);

impl Default for Drawn {
    fn default() -> Self {
        Drawn(vec![Entry { scenario: None, instance: 0, members: [0; MOST] }; ENTRIES].into())
    }
}

impl Drawn {
    /// Cache entry of an instance: instances of one scenario are adjacent, and scenarios are spread.
    fn entry(&mut self, scenario: u16, instance: u64) -> &mut Entry {
        &mut self.0[(instance as usize).wrapping_add(usize::from(scenario) * 167) % ENTRIES]
    }
}

impl<'p> Draws<'p> {
    /// Prepares the required draws, in the order in which [`Roles::draw`] draws all; with the scenario's rows if
    /// `with_rows`.
    pub(crate) fn new(
        catalog: &'p Catalog,
        population: &'p Population,
        scenario: &ResolvedScenario,
        needs: &RequiredRoles,
        with_rows: bool,
    ) -> Self {
        let (mut drawings, kinds) = (Vec::new(), catalog.kinds.len());
        let mut add = |role: Role, number: u64, other: usize| {
            let kind = &catalog.kinds[role.kind(scenario)];
            let members = population.members(role.kind(scenario));
            let is_row = matches!(role, Role::Scope(_)) && (kind.principal || kind.table.is_some());
            // A role with only one member always has number 0, and no other role uses its position.
            let is_known = matches!(role, Role::Scope(_)) && members.len() == 1;
            if !is_row && !members.is_empty() && !is_known {
                let parent = members.parent().map_or(kinds, |parent| Role::Scope(parent).place(kinds));
                let acts = matches!(role, Role::Principal(_));
                let position = scenario.injection.as_ref().filter(|_| acts).map(|injection| injection.position);
                let hours = population.hours.as_ref().filter(|_| acts && position.is_none());
                drawings.push(Drawing {
                    role: role.place(kinds),
                    parent,
                    members,
                    salt: Salt::new(number),
                    other,
                    acts,
                    position,
                    hours: hours.map(|hours| (hours, role.kind(scenario))),
                });
            }
        };
        needs.scope.iter().for_each(|kind| add(Role::Scope(*kind), *kind as u64, 0));
        for actor in &needs.actors {
            add(Role::Principal(*actor), actor_number(scenario.actors[*actor].kind), scenario.actors[*actor].other);
        }
        for resource in &needs.resources {
            if let Owner::Population { other } = scenario.resources[*resource].owner {
                add(Role::Shared(*resource), resource_number(scenario.resources[*resource].kind), other);
            }
        }
        let place = |(kind, row): &(KindId, Row)| {
            let placed = match *row {
                Row::Fixed(row) => Placed::Fixed(row),
                Row::Of(resource) => Placed::Of(
                    population.members(scenario.resources[resource].kind),
                    Role::Shared(resource).place(kinds),
                ),
                Row::Drawn => match &catalog.kinds[*kind].table {
                    Some(table) => Placed::Drawn(&table.weights, Salt::new(row_number(*kind))),
                    None => Placed::Fixed(0),
                },
            };
            (Role::Scope(*kind).place(kinds), placed)
        };
        let needed = |(kind, _): &&(KindId, Row)| with_rows && needs.scope.contains(kind);
        let rows: Vec<_> = scenario.rows.iter().filter(needed).map(place).collect();
        let places = drawings.iter().map(|draw| draw.role).chain(rows.iter().map(|(place, _)| *place)).collect();
        let place = scenario.in_one_place.then(|| scenario.key.number(0));
        Draws { scenario: scenario.key, bursts: population.bursts, place, members: drawings, rows, places }
    }
}

impl Roles {
    /// Draws what was prepared for a scenario, for an instance whose number has this salt, or takes it from the cache.
    #[inline]
    pub(crate) fn draw_prepared(
        &mut self,
        draws: &Draws,
        recent: &mut Drawn,
        scenario: u16,
        (InstanceStart { number: instance, minute }, salt): (InstanceStart, Salt),
    ) {
        let key = match draws.bursts {
            Some(bursts) => draws.scenario.number(bursts.first(draws.scenario, instance)),
            None => draws.scenario.salted(salt),
        };
        let around = draws.place.unwrap_or(key);
        (self.own, self.place) = (key, around);
        let (entry, members) = (recent.entry(scenario, instance), self.members.as_mut_slice());
        if (entry.scenario, entry.instance) == (Some(scenario), instance) {
            for (place, member) in draws.places.iter().zip(&entry.members) {
                members[*place] = *member;
            }
            return;
        }
        for draw in &draws.members {
            let key = if draw.acts { key } else { around };
            let parent = members[draw.parent];
            members[draw.role] = match (draw.position, draw.hours) {
                (Some(position), _) => draw.members.at(parent, position, draw.other),
                (None, Some((hours, kind))) => {
                    let asked = HoursAt { hours, kind, minute, is_usual: hours.is_usual(key) };
                    draw.members.draw_at(parent, (key.salted(draw.salt), draw.other), asked)
                }
                (None, None) => draw.members.draw_salted(parent, key, draw.salt, draw.other),
            };
        }
        for (place, row) in &draws.rows {
            members[*place] = match row {
                Placed::Fixed(row) => *row,
                Placed::Of(of, resource) => of.row(members[*resource]).unwrap_or_default(),
                Placed::Drawn(weights, salt) => weights.draw(around.salted(*salt)) as u32,
            };
        }
        if draws.places.len() <= MOST {
            (entry.scenario, entry.instance) = (Some(scenario), instance);
            for (place, member) in draws.places.iter().zip(&mut entry.members) {
                *member = members[*place];
            }
        }
    }
}
