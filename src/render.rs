//! From records to bytes: the compiled templates filled with the identities of a run.

use crate::{
    catalog::KindId,
    emission::{Context, Roles},
    identity::EventName,
    plan::{Plan, RecordKey},
    population::write_number,
    sink::{Chunk, Event},
    stream::Record,
    template::{Arena, Pieces, Slots},
    value::Calendar,
};
use std::{collections::BTreeSet, mem};

/// Renders the events of a plan. Has scratch memory, so that an event costs no allocation; threads each have one.
#[derive(Debug)]
pub struct Renderer<'p> {
    plan: &'p Plan,
    arena: Arena,
    calendar: Calendar,
    /// Memory for the values of an event, and for those of an item.
    slots: Slots<'static>,
    items: Pieces<'static>,
    roles: Roles,
    /// For each story what its events show of what surrounds it.
    around: Vec<Around>,
    /// Whose roles those are: story and instance.
    drawn: Option<(u16, u64)>,
}

/// What the events of a story show of what surrounds it: nothing else need be drawn.
#[derive(Debug)]
struct Around {
    kinds: Vec<KindId>,
    /// Whether some of them take place in other rows than the story.
    moves: bool,
}

impl<'p> Renderer<'p> {
    /// A renderer for the events of a plan.
    pub fn new(plan: &'p Plan) -> Self {
        // What others lie in decides which of them are drawn.
        let kinds = 0..plan.catalog.kinds.len();
        let parents: BTreeSet<KindId> = kinds.filter_map(|kind| plan.catalog.parent(kind)).collect();
        let mut shown: Vec<(BTreeSet<KindId>, bool)> = vec![(parents, false); plan.stories.len()];
        for emission in &plan.emissions {
            let story = usize::from(emission.story);
            shown[story].0.extend(emission.surroundings());
            shown[story].1 |= emission.rows != plan.stories[story].rows;
        }
        let around = shown.into_iter().map(|(kinds, moves)| Around { kinds: kinds.into_iter().collect(), moves });
        let around = around.collect();
        Renderer {
            plan,
            arena: Arena::default(),
            calendar: Calendar::default(),
            slots: Slots::default(),
            items: Pieces::default(),
            roles: Roles::new(),
            around,
            drawn: None,
        }
    }

    /// Appends an event to a chunk; `words` is the arena that the record's words lie in.
    pub fn render(&mut self, record: &Record, words: &[u64], chunk: &mut Chunk) {
        let plan = self.plan;
        let emission = &plan.emissions[record.emission as usize];
        let story = &plan.stories[emission.story as usize];
        let around = &self.around[usize::from(emission.story)];
        if self.drawn != Some((emission.story, record.instance)) {
            let kinds = around.kinds.iter().copied();
            self.roles.draw_within(&plan.catalog, &plan.population, story, record.instance, kinds);
            self.drawn = Some((emission.story, record.instance));
        }
        for (kind, row) in emission.rows.iter().filter(|_| around.moves) {
            self.roles.scope[*kind] = self.roles.row(&plan.catalog, &plan.population, story, *kind, *row);
        }
        let name = EventName {
            story: story.tag,
            instance: record.instance,
            step: emission.step_tag,
            occurrence: record.occurrence,
        };
        self.arena.clear();
        let (event, request) = plan.identities.ids(name);
        let context = Context {
            catalog: &plan.catalog,
            identities: &plan.identities,
            population: &plan.population,
            literals: &plan.literals,
            story,
            roles: &self.roles,
            name,
            time: record.time,
            element: record.element,
            words: &words[record.words_at as usize..][..record.words as usize],
            ids: (self.arena.text(&event), self.arena.text(&request)),
            arena: &self.arena,
            calendar: &self.calendar,
        };
        let mut slots = mem::take(&mut self.slots).recycled();
        let mut items = mem::take(&mut self.items).recycled();
        emission.fill(&context, &mut slots, &mut items);
        emission.program.append(&slots, &mut chunk.bodies);
        match (plan.key, emission.key) {
            (RecordKey::Instance, _) => {
                chunk.keys.extend_from_slice(story.name.as_bytes());
                chunk.keys.push(b'/');
                write_number(record.instance, &mut chunk.keys);
            }
            (RecordKey::Catalog(_), Some(key)) => {
                chunk.keys.extend_from_slice(slots.values.get(key).bytes());
            }
            _ => {}
        }
        self.slots = slots.recycled();
        self.items = items.recycled();
        chunk.end_event(Event {
            number: record.number,
            time: record.time,
            instance: record.instance,
            story: emission.story,
            step: emission.step,
            method: emission.method as u16,
            outcome: emission.failure.map_or(0, |failure| failure as u16 + 1),
            ..Event::default()
        });
    }
}
