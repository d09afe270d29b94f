//! From records to bytes: the compiled templates filled with the identities of a run.

use crate::{
    emission::{Context, Roles, Span},
    identity::EventName,
    plan::{Plan, RecordKey},
    population::write_number,
    sink::{Chunk, Event},
    stream::Record,
    template::Values,
};

/// Renders the events of a plan. Has scratch memory, so that an event costs no allocation; threads each have one.
#[derive(Debug)]
pub struct Renderer<'p> {
    plan: &'p Plan,
    values: Values,
    spans: Vec<Span>,
    roles: Roles,
    /// Whose roles those are: story and instance.
    drawn: Option<(u16, u64)>,
}

impl<'p> Renderer<'p> {
    /// A renderer for the events of a plan.
    pub fn new(plan: &'p Plan) -> Self {
        Renderer { plan, values: Values::default(), spans: Vec::new(), roles: Roles::new(), drawn: None }
    }

    /// Appends an event to a chunk; `words` is the arena that the record's words lie in.
    pub fn render(&mut self, record: &Record, words: &[u64], chunk: &mut Chunk) {
        let plan = self.plan;
        let emission = &plan.emissions[record.emission as usize];
        let story = &plan.stories[emission.story as usize];
        if self.drawn != Some((emission.story, record.instance)) {
            self.roles.draw(&plan.catalog, &plan.population, story, record.instance);
            self.drawn = Some((emission.story, record.instance));
        }
        for (kind, row) in &emission.rows {
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
