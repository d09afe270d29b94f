//! What was generated, counted by method and outcome.

use crate::{plan::Plan, sink::Chunk};

/// Counts of a run.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Events in all.
    pub events: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// The first event's time, in nanoseconds since the Unix epoch.
    pub first: Option<i64>,
    /// The last event's time.
    pub last: Option<i64>,
    outcomes: usize,
    counts: Vec<u64>,
    stories: Vec<u64>,
}

impl Summary {
    /// Nothing yet.
    pub fn new(plan: &Plan) -> Self {
        let outcomes = plan.catalog.failures.len() + 1;
        Summary {
            events: 0,
            bytes: 0,
            first: None,
            last: None,
            outcomes,
            counts: vec![0; plan.catalog.methods.len() * outcomes],
            stories: vec![0; plan.stories.len()],
        }
    }

    /// Counts a chunk's events.
    pub fn count(&mut self, chunk: &Chunk) {
        self.events += chunk.events.len() as u64;
        self.bytes += (chunk.bodies.len() - chunk.events.len()) as u64;
        self.first = self.first.or(chunk.events.first().map(|event| event.time));
        self.last = chunk.events.last().map(|event| event.time).or(self.last);
        for event in &chunk.events {
            self.counts[usize::from(event.method) * self.outcomes + usize::from(event.outcome)] += 1;
            self.stories[usize::from(event.story)] += 1;
        }
    }

    /// Method, failure (`None` is success) and count, of what there was, in the catalog's order.
    pub fn by_outcome<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = (&'a str, Option<&'a str>, u64)> {
        self.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(move |(index, count)| {
            let method = plan.catalog.methods[index / self.outcomes].name.as_str();
            let failure =
                (index % self.outcomes).checked_sub(1).map(|failure| plan.catalog.failures[failure].name.as_str());
            (method, failure, *count)
        })
    }

    /// Events of each story, by its index in the plan.
    pub fn by_story(&self) -> &[u64] {
        &self.stories
    }
}
