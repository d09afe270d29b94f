//! The instances that are going on, and what happens in them.

use super::{
    MILLISECOND, Record, World,
    act::{self, MOST_ASKS},
    calendar::{AHEAD, Calendar, Due},
    instance::{Instance, Instances, States, copy, hand_over},
    loads::Loads,
    steps::{Sort, Steps},
};
use crate::{plan::Plan, story::Operation};

/// The instances that are going on, and when the next step of each is due.
#[derive(Debug)]
pub(super) struct Active {
    due: Calendar,
    pub instances: Instances,
    states: States,
    steps: Steps,
    /// With a rate: how busy it will be.
    loads: Loads,
}

/// Nanoseconds of a calendar's bucket at least: shorter ones would make its finest wheel turn faster than delays last.
const SHORTEST_BUCKET: u64 = 250_000;

impl Active {
    /// Nothing going on, in a run from `start` on.
    pub fn new(plan: &Plan, start: i64) -> Self {
        // Two to four buckets for each event; without a rate an instance is taken for some ten events.
        let between = plan.timing.schedule.as_ref().map_or(plan.timing.every / 32, |schedule| {
            86_400_000 * MILLISECOND * 500 / schedule.highest_rate().per_day_in_thousandths().max(1)
        });
        Active {
            due: Calendar::new(start, between.max(SHORTEST_BUCKET)),
            instances: Instances::default(),
            states: States::new(plan.stories.len()),
            steps: Steps::of(plan),
            loads: Loads::unknown(),
        }
    }

    /// The same for what is not injected: that keeps out of its own way.
    pub fn background(plan: &Plan, start: i64) -> Self {
        Active { loads: Loads::of(plan, start), ..Active::new(plan, start) }
    }

    /// Begins an instance of a story; its place and when its first step is due, if it has one.
    pub fn begin(
        &mut self,
        plan: &Plan,
        world: &mut World,
        (story, number): (u16, u64),
        time: i64,
    ) -> (u32, Option<i64>) {
        let mut instance = Instance::begin(plan, story, number, time, &mut self.states, world);
        let due = instance.enter(plan, (&self.steps, &mut self.loads), 0, time);
        (self.instances.insert(instance), due)
    }

    /// Notes when an instance goes on, or that it is over.
    pub fn schedule(&mut self, plan: &Plan, due: Option<i64>, order: u64, place: u32) {
        match due {
            Some(due) => self.due.push(&mut self.instances, (due, order, place)),
            None => {
                self.states.give_back(plan, self.instances.get(place));
                self.instances.remove(place);
            }
        }
    }

    /// Takes out what is due first, if that is at `limit` or before it.
    #[inline]
    pub fn pop_until(&mut self, limit: i64) -> Option<Due> {
        if self.due.may_look_ahead() {
            self.look_ahead();
        }
        self.due.pop_until(&mut self.instances, limit)
    }

    #[inline(never)]
    fn look_ahead(&mut self) {
        let mut places = [0; AHEAD];
        let found = self.due.look_ahead(&self.instances, &mut places);
        self.fetch(&places[..found]);
    }

    /// Touches what the next events need, which is mostly not in any cache: together, because memory answers many
    /// questions in the time of one. It is most of what an event costs where a hundred thousand stories are going on.
    fn fetch(&self, places: &[u32]) {
        let mut aheads = [[0; 2]; AHEAD];
        for (place, ahead) in places.iter().zip(&mut aheads) {
            *ahead = self.instances.fetch(*place);
        }
        let touched = aheads[..places.len()].iter().fold(0, |sum, ahead| sum ^ self.states.fetch(*ahead));
        std::hint::black_box(touched);
    }

    /// The same as [`Active::happen`], for events that are few, or are not given out.
    #[inline(never)]
    pub fn happen_apart(
        &mut self,
        plan: &Plan,
        world: &mut World,
        due: Due,
        time: i64,
        words: &mut Vec<u64>,
    ) -> Record {
        self.happen(plan, world, due, time, words)
    }

    /// The call that an instance has come to happens at `time`.
    #[expect(clippy::inline_always, reason = "a record that is handed on is copied: a tenth of what an event costs")]
    #[inline(always)]
    pub fn happen(
        &mut self,
        plan: &Plan,
        world: &mut World,
        (_, order, place): Due,
        time: i64,
        words: &mut Vec<u64>,
    ) -> Record {
        let mut instance = *self.instances.get(place);
        let (number, occurrence, words_at) = (instance.number, instance.turn, words.len());
        let step = self.steps.at(instance.story, instance.at.into());
        let element = if step.each { instance.turn } else { 0 };
        let emission = if step.sort == Sort::Plain {
            for shown in step.shown(element) {
                copy(self.states.words(&instance, shown), words);
            }
            step.emission
        } else {
            self.act(plan, world, (&instance, element), time, words)
        };
        let due = instance.proceed(plan, (&self.steps, &mut self.loads), time);
        self.instances.set(place, instance);
        self.schedule(plan, due, order, place);
        Record {
            number: 0,
            time,
            instance: number,
            emission,
            occurrence,
            element,
            words_at: words_at as u32,
            words: (words.len() - words_at) as u32,
            ends: due.is_none(),
        }
    }
    /// What a call does, and which event that is.
    #[inline(never)]
    fn act(
        &mut self,
        plan: &Plan,
        world: &mut World,
        (instance, element): (&Instance, u32),
        time: i64,
        words: &mut Vec<u64>,
    ) -> u32 {
        let story = &plan.stories[usize::from(instance.story)];
        let Operation::Call(call) = &story.operations[usize::from(instance.at)] else { return 0 };
        let mut asked = [0; MOST_ASKS];
        let state = self.states.of(story, instance);
        let outcome = act::act(plan, world, call, (instance, element), time, state, &mut asked);
        let found = call.emissions.iter().find(|(failure, _)| *failure == outcome);
        let emission = found.or(call.emissions.first()).map_or(0, |(_, emission)| *emission);
        let snapshot = &plan.emissions[emission as usize].snapshot;
        hand_over((story, call), state, snapshot, element, &asked, words);
        emission
    }
}
