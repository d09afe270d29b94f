//! What a run's stories amount to on average: by going through a sample of them without doing anything.

use super::{GOLDEN, Instance, loads::Loads, steps::Steps};
use crate::{
    catalog::{Catalog, Effect},
    plan::Plan,
    story::Operation,
};

/// What a sample of instances amounts to, in the shares in which the run starts them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// How many instances that is.
    pub instances: u64,
    /// Events of all of them.
    pub events: u64,
    /// How long the longest of them lasts, in nanoseconds.
    pub longest: u64,
    /// How long all of them last, in nanoseconds.
    pub durations: u128,
    /// Words of state of all of them.
    pub words: u64,
    /// By kind: how many resources they create.
    pub created: Vec<u64>,
    /// By kind: how many actors of it they have.
    pub actors: Vec<u64>,
}

/// Instances that are looked at.
const SAMPLE: u64 = 4_096;

impl Outlook {
    /// Goes through a sample of a plan's stories.
    pub fn of(plan: &Plan) -> Self {
        let kinds = plan.catalog.kinds.len();
        let mut outlook = Outlook {
            instances: SAMPLE,
            events: 0,
            longest: 0,
            durations: 0,
            words: 0,
            created: vec![0; kinds],
            actors: vec![0; kinds],
        };
        let steps = Steps::of(plan);
        for number in 0..SAMPLE {
            outlook.add(plan, &steps, plan.weights.at(number.wrapping_mul(GOLDEN)), number);
        }
        outlook
    }

    fn add(&mut self, plan: &Plan, steps: &Steps, story_id: usize, number: u64) {
        let story = &plan.stories[story_id];
        self.words += story.state_words as u64;
        for actor in &story.actors {
            self.actors[actor.kind] += 1;
        }
        // Only the way through the story counts, not what it does: no state is needed.
        let mut instance = Instance::at_beginning(plan, story_id as u16, number);
        let mut loads = Loads::unknown();
        let mut due = instance.enter(plan, (steps, &mut loads), 0);
        while let Some(time) = due {
            self.events += 1;
            self.longest = self.longest.max(time as u64);
            if let Some(Operation::Call(call)) = steps.operation(plan, instance.story, instance.at)
                && creates(&plan.catalog, call.method)
            {
                self.created[plan.catalog.methods[call.method].kind] += 1;
            }
            due = instance.proceed(plan, steps.at(instance.at), (steps, &mut loads), time);
            if due.is_none() {
                self.durations += time as u128;
            }
        }
    }
}

fn creates(catalog: &Catalog, method: usize) -> bool {
    catalog.methods[method].does == Effect::Create
}
