//! Renderer: turns simulation records into bytes, by filling the compiled templates with the values of a run.

mod list;
mod make;

use crate::{
    bytes::{Arena, Chunk, Event, Scratch, append},
    identity::{EventName, Recent},
    plan::{
        Plan, RecordKey, RequiredRoles,
        event_kind::{EventKind, Role},
        roles::{Drawn, Draws, InstanceStart, Roles},
    },
    render::make::{Context, Given},
    simulation::Record,
    template::Slots,
    value::{DateCache, Salt, write_number},
};

/// Renders the events of a plan. Owns scratch memory, so that an event does not allocate; each thread has a renderer.
#[derive(Debug)]
pub struct Renderer<'p> {
    plan: &'p Plan,
    given: Given<'p>,
    arena: Arena,
    date_cache: DateCache,
    recent: Recent,
    /// Scratch memory: the values of an event, those of a list item, and the positions of lists.
    values: Scratch,
    items: Scratch,
    lists: Vec<(u32, u32)>,
    roles: Roles,
    /// For each scenario the roles that its events show; only these are drawn.
    shown: Vec<Shown<'p>>,
    drawn: Drawn,
}

/// The roles that the events of a scenario show.
#[derive(Debug)]
struct Shown<'p> {
    draws: Draws<'p>,
    /// By kind: whether the events show it.
    kinds: Vec<bool>,
    /// Whether some events use other table rows than the rest of the scenario.
    moves: bool,
}

impl<'p> Renderer<'p> {
    /// A renderer for the events of a plan.
    pub fn new(plan: &'p Plan) -> Self {
        let mut needs = vec![(RequiredRoles::default(), false); plan.scenarios.len()];
        for event_kind in &plan.event_kinds {
            let scenario = &plan.scenarios[usize::from(event_kind.scenario)];
            let (needs, moves) = &mut needs[usize::from(event_kind.scenario)];
            needs.add(&plan.catalog, scenario, event_kind);
            *moves |= event_kind.rows != scenario.rows;
        }
        let shown = plan.scenarios.iter().zip(needs).map(|(scenario, (needs, moves))| {
            let draws = Draws::new(&plan.catalog, &plan.population, scenario, &needs, !moves);
            let kinds = (0..plan.catalog.kinds.len()).map(|kind| needs.scope.contains(&kind)).collect();
            Shown { draws, kinds, moves }
        });
        let mut roles = Roles::new(&plan.catalog);
        plan.scenarios.iter().for_each(|scenario| roles.reserve(scenario));
        Renderer {
            plan,
            given: Given {
                catalog: &plan.catalog,
                identities: &plan.identities,
                population: &plan.population,
                literals: &plan.literals,
            },
            arena: Arena::default(),
            date_cache: DateCache::default(),
            recent: Recent::default(),
            values: Scratch::default(),
            items: Scratch::default(),
            lists: Vec::new(),
            roles,
            shown: shown.collect(),
            drawn: Drawn::default(),
        }
    }

    /// Draws the members that the events of an instance show.
    #[inline]
    fn draw(&mut self, event_kind: &EventKind, instance: (InstanceStart, Salt)) {
        let (plan, shown) = (self.plan, &self.shown[usize::from(event_kind.scenario)]);
        self.roles.draw_prepared(&shown.draws, &mut self.drawn, event_kind.scenario, instance);
        if !shown.moves {
            return;
        }
        let scenario = &plan.scenarios[usize::from(event_kind.scenario)];
        for (kind, row) in event_kind.rows.iter().filter(|(kind, _)| shown.kinds[*kind]) {
            let row = self.roles.row(&plan.catalog, &plan.population, scenario, *kind, *row);
            self.roles.set(Role::Scope(*kind), row);
        }
    }

    /// Appends the event of a record to a chunk; `state_slots` holds the record's state slots at `record.slots_at`.
    pub fn render(&mut self, record: &Record, state_slots: &[u64], chunk: &mut Chunk) {
        let plan = self.plan;
        let event_kind = &plan.event_kinds[record.event_kind as usize];
        let scenario = &plan.scenarios[event_kind.scenario as usize];
        let instance = (record.instance, Salt::new(record.instance));
        self.draw(event_kind, (record.start(), instance.1));
        self.arena.clear();
        self.lists.clear();
        let name = EventName {
            scenario: scenario.tag,
            instance: record.instance,
            step: event_kind.step_tag,
            occurrence: record.occurrence,
        };
        let (id, request) = plan.identities.ids(name, &self.arena);
        let time = self.arena.write_exact(|to| self.date_cache.nanoseconds(record.time, to));
        let context = Context {
            given: &self.given,
            scenario,
            roles: &self.roles,
            instance,
            time: record.time,
            element: record.element,
            state_slots: &state_slots[record.slots_at as usize..][..record.slots as usize],
            per_event: [id, time, request],
            arena: &self.arena,
            date_cache: &self.date_cache,
            recent: &self.recent,
        };
        self.values.lend(|values| {
            let mut slots = Slots { values, lists: &mut self.lists };
            self.items.lend(|items| event_kind.fill(&context, &mut slots, items));
            event_kind.program.append(&slots, &mut chunk.bodies);
            match (plan.key, event_kind.key) {
                (RecordKey::Instance, _) => {
                    chunk.keys.extend_from_slice(scenario.name.as_bytes());
                    chunk.keys.push(b'/');
                    write_number(record.instance, &mut chunk.keys);
                }
                (RecordKey::Catalog(_), Some(key)) => append(&mut chunk.keys, slots.values.get(key)),
                _ => {}
            }
        });
        chunk.end_event(Event {
            number: record.number,
            time: record.time,
            instance: record.instance,
            scenario: event_kind.scenario,
            step: event_kind.step,
            method: event_kind.method as u16,
            outcome: event_kind.failure.map_or(0, |failure| failure as u16 + 1),
            ..Event::default()
        });
    }
}
