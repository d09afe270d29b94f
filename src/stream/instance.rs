//! One run of a story: its place in it, and the state of its resources.

use super::{
    DAY, MICROSECOND, World,
    calendar::{Wait, Waits},
    draws,
    loads::Loads,
    steps::{Sort, Steps},
    surroundings::room,
};
use crate::{
    emission::{Snapshot, field_salt, resource_key},
    plan::Plan,
    story::{Call, Initial, Operation, Owner, Resource, Story, Turns, word},
    value::Key,
};

/// An instance while it is going on: what cannot be computed from its number, and its key.
#[derive(Debug, Clone, Copy)]
pub struct Instance {
    /// Which instance of the story.
    pub number: u64,
    /// What its draws grow from.
    key: Key,
    /// Where the state of its resources begins among the words of all.
    pub state_at: u32,
    /// Which turn of the call where it is, and of how many.
    pub turn: u32,
    turns: u32,
    /// Within which member of the population names are given out only once.
    pub room: u32,
    /// Which story.
    pub story: u16,
    /// Where in the story's operations.
    pub at: u16,
    /// Where among its words those are of the next call's resource, and of another that the event shows: a hint of
    /// what to fetch.
    ahead: [u16; 2],
}

/// All instances that are going on, in places that are used again.
#[derive(Debug)]
pub struct Instances {
    places: Vec<Place>,
    /// The first free place; its `state_at` is the one after it.
    free: u32,
    going_on: usize,
}

/// A place: one line of memory, because an event needs both.
#[derive(Debug)]
#[repr(align(64))]
struct Place {
    wait: Wait,
    instance: Instance,
}

/// The state of all instances that are going on, in one piece: an instance's words lie together, and the words of
/// those that are over are used again by the next ones of the same story.
#[derive(Debug, Default)]
pub struct States {
    words: Vec<u64>,
    /// For each story the first free piece, if any; its first word says which is next.
    free: Vec<u32>,
}

const NONE: u32 = u32::MAX;

/// Words behind the first one of a resource, of those that are most often needed.
const MOST_OF_A_LINE: usize = 3;

/// The story of a free place.
const NO_STORY: u16 = u16::MAX;

impl Default for Instances {
    fn default() -> Self {
        Instances { places: Vec::new(), free: NONE, going_on: 0 }
    }
}

impl Instances {
    /// How many are going on.
    pub fn len(&self) -> usize {
        self.going_on
    }

    /// The story of each.
    pub fn stories(&self) -> impl Iterator<Item = u16> {
        self.places.iter().map(|place| place.instance.story).filter(|story| *story != NO_STORY)
    }

    /// Takes a place.
    pub fn insert(&mut self, instance: Instance) -> u32 {
        self.going_on += 1;
        let Some(free) = self.places.get_mut(self.free as usize) else {
            self.places.push(Place { wait: Wait::NONE, instance });
            return self.places.len() as u32 - 1;
        };
        let place = std::mem::replace(&mut self.free, free.instance.state_at);
        free.instance = instance;
        place
    }

    /// Gives a place up.
    pub fn remove(&mut self, place: u32) {
        self.going_on -= 1;
        let instance = &mut self.places[place as usize].instance;
        instance.story = NO_STORY;
        instance.state_at = std::mem::replace(&mut self.free, place);
    }

    /// Touches an instance; where the words are that its next event needs.
    pub fn fetch(&self, place: u32) -> [u32; 2] {
        let instance = self.get(place);
        instance.ahead.map(|ahead| instance.state_at.saturating_add(ahead.into()))
    }

    /// The instance in a place.
    pub fn get(&self, place: u32) -> &Instance {
        &self.places[place as usize].instance
    }

    /// Replaces it.
    pub fn set(&mut self, place: u32, instance: Instance) {
        self.places[place as usize].instance = instance;
    }
}

impl Waits for Instances {
    fn wait(&self, place: u32) -> Wait {
        self.places[place as usize].wait
    }

    fn set_wait(&mut self, place: u32, wait: Wait) {
        self.places[place as usize].wait = wait;
    }
}

impl States {
    /// Nothing going on yet of so many stories.
    pub fn new(stories: usize) -> Self {
        States { words: Vec::new(), free: vec![NONE; stories] }
    }

    /// Words for an instance of a story, all 0.
    fn take(&mut self, story: u16, length: usize) -> u32 {
        if length == 0 {
            return 0;
        }
        let free = self.free[usize::from(story)];
        if free == NONE {
            let at = self.words.len();
            self.words.resize(at + length, 0);
            return at as u32;
        }
        let words = &mut self.words[free as usize..][..length];
        self.free[usize::from(story)] = words[0] as u32;
        words.fill(0);
        free
    }

    /// Gives the words of an instance back.
    pub fn give_back(&mut self, plan: &Plan, instance: &Instance) {
        if plan.stories[usize::from(instance.story)].state_words > 0 {
            let free = &mut self.free[usize::from(instance.story)];
            self.words[instance.state_at as usize] = u64::from(*free);
            *free = instance.state_at;
        }
    }

    /// Touches the first words of resources and the last, which may lie in the next line of memory.
    pub fn fetch(&self, resources: [u32; 2]) -> u64 {
        let word = |at: usize| self.words.get(at).copied().unwrap_or_default();
        let [one, other] = resources.map(|at| word(at as usize) ^ word(at as usize + MOST_OF_A_LINE));
        one ^ other
    }

    /// Words of an instance.
    #[inline]
    pub fn words(&self, instance: &Instance, words: std::ops::Range<usize>) -> &[u64] {
        let at = instance.state_at as usize;
        &self.words[at + words.start..at + words.end]
    }

    /// The words of an instance.
    pub fn of(&mut self, story: &Story, instance: &Instance) -> &mut [u64] {
        &mut self.words[instance.state_at as usize..][..story.state_words]
    }
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
    pub fn at_beginning(plan: &Plan, story: u16, number: u64) -> Self {
        let key = plan.stories[usize::from(story)].key.number(number);
        Instance { number, key, state_at: 0, turn: 0, turns: 0, room: 0, story, at: 0, ahead: [0; 2] }
    }

    /// Begins a story at `time`.
    pub fn begin(plan: &Plan, story_id: u16, number: u64, time: i64, states: &mut States, world: &mut World) -> Self {
        let story = &plan.stories[usize::from(story_id)];
        let mut instance = Instance::at_beginning(plan, story_id, number);
        instance.state_at = states.take(story_id, story.state_words);
        if story.state_words == 0 {
            return instance;
        }
        world.surroundings.draw(plan, story_id, number, &mut world.roles);
        let state = states.of(story, &instance);
        for (index, resource) in story.resources.iter().enumerate().filter(|(_, resource)| resource.is_own()) {
            instance.room_of(plan, story, resource, world);
            for element in 0..resource.count {
                instance.element(plan, (index, element), time, state, world);
            }
        }
        instance
    }

    /// Where names are given out only once: a member of the population, or nowhere else if the story fixes its own.
    fn room_of(&mut self, plan: &Plan, story: &Story, resource: &Resource, world: &World) {
        if let Some(room) = room(&plan.catalog, resource) {
            let pinned = story.scope_pins.iter().any(|pin| pin.kind == room);
            self.room = if pinned { u32::MAX } else { world.roles.scope[room] };
        }
    }

    /// What an element of a resource is at first.
    fn element(&self, plan: &Plan, (index, element): (usize, u32), time: i64, state: &mut [u64], world: &mut World) {
        let story = &plan.stories[usize::from(self.story)];
        let resource = &story.resources[index];
        let kind = &plan.catalog.kinds[resource.kind];
        let key = resource_key(resource.key, self.number, element);
        let existing = matches!(resource.owner, Owner::Story { existing: true, .. });
        let at = resource.at(element);
        for (position, initial) in resource.initial.iter().enumerate() {
            state[at + word::FIELDS + position] = match initial {
                Initial::Fixed(code) => *code,
                Initial::Drawn(weights) => {
                    let field = &kind.fields[kind.changing[position]].name;
                    weights.draw(key.number(field_salt(field))) as u64
                }
                Initial::Reference(reference) => world.roles.code(&plan.population, *reference, position as u64),
            };
        }
        if existing || !resource.made {
            let age = key.number(draws::CREATED).between(DAY as u64 / 12, 30 * DAY as u64) as i64;
            let created = (time - age).div_euclid(MICROSECOND) * MICROSECOND;
            state[at + word::CREATED] = word::made(created, existing);
            state[at + word::UPDATED] = created as u64;
            if kind.stamp.is_some() {
                state[at + word::stamp_of(kind)] = world.stamps.take_old(self.room, world.injected.then_some(key));
            }
        }
    }

    /// Goes to the first call at `operation` or after it; its due time, or `None` at the story's end.
    pub fn enter(
        &mut self,
        plan: &Plan,
        (steps, loads): (&Steps, &mut Loads),
        operation: usize,
        time: i64,
    ) -> Option<i64> {
        let mut at = operation;
        loop {
            let step = steps.at(self.story, at);
            if step.sort == Sort::None {
                at = self.elsewhere(plan, at)?;
                continue;
            }
            let key = self.key.number(step.salt);
            let turns = if step.sure { step.turns(key) } else { self.turns(plan, at, key) };
            if turns == 0 {
                at += 1;
                continue;
            }
            self.at = at as u16;
            self.turn = 0;
            self.turns = turns;
            self.ahead = step.ahead;
            return loads.choose(time, key.number(draws::AFTER), step.after);
        }
    }

    /// Where an operation that is no call leads to; `None` at the story's end.
    fn elsewhere(&self, plan: &Plan, at: usize) -> Option<usize> {
        match plan.stories[usize::from(self.story)].operations.get(at)? {
            Operation::Jump(to) => Some(*to),
            Operation::Choose { salt, weights, targets } => Some(targets[weights.draw(self.key.number(*salt))]),
            Operation::Call(_) => Some(at),
        }
    }

    /// How often a call happens that may not happen, or very often.
    #[inline(never)]
    fn turns(&self, plan: &Plan, at: usize, key: Key) -> u32 {
        let story = &plan.stories[usize::from(self.story)];
        match &story.operations[at] {
            Operation::Call(call) if call.chance.is_some_and(|chance| key.number(draws::CHANCE).draw() >= chance) => 0,
            Operation::Call(call) => turns(call, story, key),
            _ => 0,
        }
    }

    /// Goes on after an event at `time`; the next due time, or `None` at the story's end.
    pub fn proceed(&mut self, plan: &Plan, (steps, loads): (&Steps, &mut Loads), time: i64) -> Option<i64> {
        self.turn += 1;
        if self.turn < self.turns {
            let step = steps.at(self.story, self.at.into());
            if step.each {
                self.ahead[0] = self.ahead[0].wrapping_add(step.stride);
            }
            let key = self.key.number(step.salt).number(draws::TURN + u64::from(self.turn));
            return loads.choose(time, key.number(draws::AFTER), step.every);
        }
        self.enter(plan, (steps, loads), usize::from(self.at) + 1, time)
    }

    /// What the draws of the present turn of a call start from.
    pub fn turn_key(&self, call: &Call) -> Key {
        self.key.number(call.salt).number(draws::TURN + u64::from(self.turn))
    }
}

/// Appends what an event's rendering needs to know of the state.
pub fn hand_over(
    (story, call): (&Story, &Call),
    state: &[u64],
    snapshot: &Snapshot,
    element: u32,
    asked: &[u64],
    words: &mut Vec<u64>,
) {
    match (snapshot.target, call.state) {
        (Some(target), Some(place)) if call.target == Some(target) => {
            copy(&state[place.of(element)], words);
        }
        (Some(target), _) => {
            let resource = &story.resources[target];
            copy(&state[resource.at(element)..][..resource.stride], words);
        }
        (None, _) => {}
    }
    if snapshot.asks > 0 {
        words.extend_from_slice(&asked[..snapshot.asks]);
    }
    for other in &snapshot.others {
        let resource = &story.resources[*other];
        copy(&state[resource.state_at..][..resource.stride], words);
    }
    for listed in &snapshot.listed {
        let resource = &story.resources[*listed];
        for element in 0..resource.count {
            let state = &state[resource.at(element)..][..resource.stride];
            if word::exists(state[word::CREATED]) {
                words.push(((*listed as u64) << 32) | u64::from(element));
                copy(state, words);
            }
        }
    }
}

/// Appends the words of a resource; most are so long that they need not be counted.
pub fn copy(from: &[u64], words: &mut Vec<u64>) {
    match <&[u64; word::FIELDS + 2]>::try_from(from) {
        Ok(from) => words.extend_from_slice(from),
        Err(_) => words.extend_from_slice(from),
    }
}

fn turns(call: &Call, story: &Story, key: Key) -> u32 {
    match call.turns {
        Turns::Repeat(times) if times.low == times.high => times.low as u32,
        Turns::Repeat(times) => key.number(draws::TIMES).between(times.low, times.high) as u32,
        Turns::Each => call.target.map_or(0, |target| story.resources[target].count),
    }
}
