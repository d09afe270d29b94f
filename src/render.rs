//! From records to bytes: the compiled templates filled with the identities of a run.

use crate::{
    catalog::KindId,
    emission::{Context, Roles, Span},
    identity::EventName,
    plan::{Plan, RecordKey},
    population::write_number,
    sink::{Chunk, Event},
    stream::Record,
    template::Values,
};
use std::collections::BTreeSet;

/// Renders the events of a plan. Has scratch memory, so that an event costs no allocation; threads each have one.
#[derive(Debug)]
pub struct Renderer<'p> {
    plan: &'p Plan,
    values: Values,
    spans: Vec<Span>,
    roles: Roles,
    /// For each story what its events show of what surrounds it.
    around: Vec<Around>,
    /// Whose roles those are: story and instance.
    drawn: Option<(u16, u64)>,
}

/// What the events of a story show of what surrounds it: nothing else need be drawn.
#[derive(Debug)]
struct Around {
    kinds: BTreeSet<KindId>,
    /// Whether some of them take place in other rows than the story.
    moves: bool,
}

impl<'p> Renderer<'p> {
    /// A renderer for the events of a plan.
    pub fn new(plan: &'p Plan) -> Self {
        // What others lie in decides which of them are drawn.
        let kinds = 0..plan.catalog.kinds.len();
        let parents: BTreeSet<KindId> = kinds.filter_map(|kind| plan.catalog.parent(kind)).collect();
        let story = |_| Around { kinds: parents.clone(), moves: false };
        let mut around: Vec<Around> = plan.stories.iter().map(story).collect();
        for emission in &plan.emissions {
            let story = usize::from(emission.story);
            around[story].kinds.extend(emission.surroundings());
            around[story].moves |= emission.rows != plan.stories[story].rows;
        }
        Renderer { plan, values: Values::default(), spans: Vec::new(), roles: Roles::new(), around, drawn: None }
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
        };
        emission.fill(&context, &mut self.values, &mut self.spans);
        emission.program.render(&self.values, &mut chunk.bodies);
        match (plan.key, emission.key) {
            (RecordKey::Instance, _) => {
                chunk.keys.extend_from_slice(story.name.as_bytes());
                chunk.keys.push(b'/');
                write_number(record.instance, &mut chunk.keys);
            }
            (RecordKey::Catalog(_), Some(key)) => {
                let Span(start, length) = self.spans[key];
                chunk.keys.extend_from_slice(&self.values.bytes()[start as usize..][..length as usize]);
            }
            _ => {}
        }
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
