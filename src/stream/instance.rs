//! One run of a story: its place in it, and the state of its resources.

use super::{DAY, MICROSECOND, SECOND, Stamps, delay, draws};
use crate::{
    emission::{Roles, Snapshot, field_salt, resource_key},
    plan::Plan,
    story::{Call, Initial, Operation, Owner, Resource, Story, Turns, word},
};

/// An instance while it is going on.
#[derive(Debug, Default)]
pub struct Instance {
    /// Which story.
    pub story: u16,
    /// Where in the story's operations.
    pub at: u16,
    /// Which turn of the call there, and of how many.
    pub turn: u32,
    turns: u32,
    /// Within which member of the population names are given out only once.
    pub room: u32,
    /// Which instance of the story.
    pub number: u64,
    /// The state of its resources, one after another.
    pub state: Vec<u64>,
}

impl Resource {
    /// Whether it is the story's own.
    pub fn is_own(&self) -> bool {
        matches!(self.owner, Owner::Story { .. })
    }

    /// Where an element's words begin.
    pub fn at(&self, element: u32) -> usize {
        self.state_at + self.stride * element as usize
    }
}

impl Instance {
    /// An instance that has a way through its story, but no state.
    pub fn at_beginning(story: u16, number: u64) -> Self {
        Instance { story, number, ..Instance::default() }
    }

    /// Begins a story at `time`.
    pub fn begin(
        &mut self,
        plan: &Plan,
        story_id: u16,
        number: u64,
        time: i64,
        roles: &mut Roles,
        stamps: &mut Stamps,
    ) {
        let story = &plan.stories[story_id as usize];
        self.story = story_id;
        self.number = number;
        self.room = 0;
        self.state.clear();
        self.state.resize(story.state_words, 0);
        if story.state_words == 0 {
            return;
        }
        roles.draw(&plan.catalog, &plan.population, story, number);
        for (index, resource) in story.resources.iter().enumerate().filter(|(_, resource)| resource.is_own()) {
            self.room_of(plan, story, resource, roles);
            for element in 0..resource.count {
                self.element(plan, story, index, element, time, roles, stamps);
            }
        }
    }

    /// Where names are given out only once: a member of the population, or nowhere else if the story fixes its own.
    fn room_of(&mut self, plan: &Plan, story: &Story, resource: &Resource, roles: &Roles) {
        let kind = &plan.catalog.kinds[resource.kind];
        let Some(stamp) = kind.stamp else { return };
        if let crate::catalog::Generator::Clock { unique_in: Some(room), .. } = kind.fields[stamp].generator {
            let pinned = story.scope_pins.iter().any(|pin| pin.kind == room);
            self.room = if pinned { u32::MAX } else { roles.scope[room] };
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "all of it is needed for each element, and a type would be used once"
    )]
    fn element(
        &mut self,
        plan: &Plan,
        story: &Story,
        index: usize,
        element: u32,
        time: i64,
        roles: &Roles,
        stamps: &mut Stamps,
    ) {
        let resource = &story.resources[index];
        let kind = &plan.catalog.kinds[resource.kind];
        let key = resource_key(story.key.name(&resource.name), self.number, element);
        let existing = matches!(resource.owner, Owner::Story { existing: true, .. });
        let at = resource.at(element);
        for (position, initial) in resource.initial.iter().enumerate() {
            let field = &kind.fields[kind.changing[position]].name;
            self.state[at + word::FIELDS + position] = match initial {
                Initial::Fixed(code) => *code,
                Initial::Drawn(weights) => weights.draw(key.number(field_salt(field))) as u64,
                Initial::Reference(reference) => {
                    roles.code(&plan.catalog, &plan.population, *reference, position as u64)
                }
            };
        }
        self.state[at + word::EXISTS] = u64::from(existing);
        if existing || !resource.made {
            let age = key.number(draws::CREATED).between(DAY as u64 / 12, 30 * DAY as u64) as i64;
            let created = (time - age).div_euclid(MICROSECOND) * MICROSECOND;
            self.state[at + word::CREATED] = created as u64;
            self.state[at + word::UPDATED] = created as u64;
            if kind.stamp.is_some() {
                self.state[at + word::STAMP] = stamps.take_old(self.room);
            }
        }
    }

    /// Goes to the first call at `operation` or after it; its due time, or `None` at the story's end.
    pub fn enter(&mut self, plan: &Plan, operation: usize, time: i64) -> Option<i64> {
        let story = &plan.stories[self.story as usize];
        let key = story.key.number(self.number);
        let mut at = operation;
        loop {
            match story.operations.get(at)? {
                Operation::Jump(to) => at = *to,
                Operation::Choose { salt, weights, targets } => at = targets[weights.draw(key.number(*salt))],
                Operation::Call(call) => {
                    let key = key.number(call.salt);
                    let turns = turns(call, story, key);
                    let skipped = call.chance.is_some_and(|chance| key.number(draws::CHANCE).draw() >= chance);
                    if turns == 0 || skipped {
                        at += 1;
                        continue;
                    }
                    self.at = at as u16;
                    self.turn = 0;
                    self.turns = turns;
                    return time.checked_add(delay(key.number(draws::AFTER), call.after));
                }
            }
        }
    }

    /// Goes on after an event at `time`; the next due time, or `None` at the story's end.
    pub fn proceed(&mut self, plan: &Plan, time: i64) -> Option<i64> {
        let story = &plan.stories[self.story as usize];
        self.turn += 1;
        if self.turn < self.turns
            && let Operation::Call(call) = &story.operations[self.at as usize]
        {
            let key = story.key.number(self.number).number(call.salt).number(draws::TURN + u64::from(self.turn));
            return time.checked_add(delay(key.number(draws::AFTER), call.every));
        }
        self.enter(plan, self.at as usize + 1, time)
    }

    /// Appends what an event's rendering needs to know of the state.
    pub fn hand_over(&self, story: &Story, snapshot: &Snapshot, element: u32, asked: &[u64], words: &mut Vec<u64>) {
        if let Some(target) = snapshot.target {
            let resource = &story.resources[target];
            words.extend_from_slice(&self.state[resource.at(element)..][..resource.stride]);
        }
        words.extend_from_slice(&asked[..snapshot.asks]);
        for other in &snapshot.others {
            let resource = &story.resources[*other];
            words.extend_from_slice(&self.state[resource.state_at..][..resource.stride]);
        }
        for listed in &snapshot.listed {
            let resource = &story.resources[*listed];
            for element in 0..resource.count {
                let state = &self.state[resource.at(element)..][..resource.stride];
                if state[word::EXISTS] == 1 {
                    words.push(((*listed as u64) << 32) | u64::from(element));
                    words.extend_from_slice(state);
                }
            }
        }
    }
}

fn turns(call: &Call, story: &Story, key: crate::value::Key) -> u32 {
    match call.turns {
        Turns::Repeat(times) if times.low == times.high => times.low as u32,
        Turns::Repeat(times) => key.number(draws::TIMES).between(times.low, times.high) as u32,
        Turns::Each => call.target.map_or(0, |target| story.resources[target].count),
    }
}

/// The oldest given-out names end here, counted from the run's beginning.
pub(super) const OLD: i64 = 60 * DAY / SECOND;
