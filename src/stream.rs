//! The simulation: which step of which instance happens when.
//!
//! One sequential pass over small records. It never renders, sleeps, opens a file or reads a clock; rendering, threads
//! and sinks divide what comes out of it. An instance keeps its place in the story and the state of its resources,
//! and nothing else: everything that can be computed from its number is.

mod instance;
mod paced;
mod stamps;

use crate::{
    catalog::{Catalog, Effect, FailureId, MethodId, Needs},
    emission::Roles,
    plan::{Plan, Starts},
    story::{Ask, Asked, Call, Operation, Outcome, Turns, code, word},
    units::DurationRange,
    value::Key,
};
use instance::Instance;
use paced::Pace;
use stamps::Stamps;
use std::{cmp::Reverse, collections::BinaryHeap};

/// One event, before it is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Position in the whole run, from 0.
    pub number: u64,
    /// Event time in nanoseconds since the Unix epoch.
    pub time: i64,
    /// Which instance of its story, from 0.
    pub instance: u64,
    /// What kind of event: an index into [`Plan::emissions`].
    pub emission: u32,
    /// Which turn of a repeated step, from 0.
    pub occurrence: u32,
    /// Which element of its target it is about.
    pub element: u32,
    /// Where its words begin in the arena that [`Stream::next`] appends to.
    pub words_at: u32,
    /// How many words it has.
    pub words: u32,
}

/// The events of a run in the order of event time.
#[derive(Debug)]
pub struct Stream<'p> {
    plan: &'p Plan,
    /// What is due: time, then the order in which instances started, then the instance's place.
    due: BinaryHeap<Reverse<(i64, u64, u32)>>,
    instances: Vec<Instance>,
    free: Vec<u32>,
    /// How many instances have started, in all and of each story.
    started: u64,
    numbers: Vec<u64>,
    /// The next start, while there is one.
    next_start: Option<i64>,
    stamps: Stamps,
    roles: Roles,
    emitted: u64,
    to: i64,
    /// With a rate: slots, not due times, say when events happen.
    pace: Option<Pace>,
}

/// Draws of a call, below its key.
mod draws {
    pub const AFTER: u64 = 1;
    pub const CHANCE: u64 = 2;
    pub const TIMES: u64 = 3;
    pub const CREATED: u64 = 4;
    pub const STAMP: u64 = 5;
    /// Followed by one for each turn.
    pub const TURN: u64 = 16;
}

const MILLISECOND: u64 = 1_000_000;
const MICROSECOND: i64 = 1_000;
const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

/// The fractional part of the golden ratio in 64 bits: its multiples fill the unit interval evenly.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

impl<'p> Stream<'p> {
    /// The simulation of a plan, at its beginning.
    pub fn new(plan: &'p Plan) -> Self {
        let mut stream = Stream {
            plan,
            due: BinaryHeap::new(),
            instances: Vec::new(),
            free: Vec::new(),
            started: 0,
            numbers: vec![0; plan.stories.len()],
            next_start: None,
            stamps: Stamps::new(plan.timing.from),
            roles: Roles::new(),
            emitted: 0,
            to: plan.timing.to.unwrap_or(i64::MAX),
            pace: plan.timing.schedule.as_ref().map(Pace::new),
        };
        if stream.pace.is_none() {
            stream.next_start = stream.start_time();
        } else if plan.timing.warm {
            stream.warm_up();
        }
        stream
    }

    /// Simulates all that is left: how many events, and the time of the last.
    pub fn run_through(&mut self) -> (u64, Option<i64>) {
        let mut words = Vec::new();
        let (mut count, mut last) = (0, None);
        while let Some(record) = self.next(&mut words) {
            words.clear();
            count += 1;
            last = Some(record.time);
        }
        (count, last)
    }

    /// How many events it has given so far.
    pub fn emitted(&self) -> u64 {
        self.emitted
    }

    /// Goes on beyond the plan's end, to find out how long whole instances take.
    pub(crate) fn ignore_end(&mut self) {
        self.to = i64::MAX;
    }

    /// The next event, or `None` at the end of the run. What its rendering needs to know of its instance's state is
    /// appended to `words`.
    pub fn next(&mut self, words: &mut Vec<u64>) -> Option<Record> {
        if self.plan.timing.events.is_some_and(|events| self.emitted >= events) {
            return None;
        }
        if self.pace.is_some() {
            return self.fill_slot(words);
        }
        loop {
            let due = self.due.peek().map(|Reverse((time, ..))| *time);
            match (self.next_start, due) {
                (Some(start), due) if due.is_none_or(|due| start <= due) => {
                    if start >= self.to {
                        self.next_start = None;
                        continue;
                    }
                    self.start(start);
                }
                (_, Some(_)) => {
                    let Reverse((time, order, place)) = self.due.pop()?;
                    if time >= self.to {
                        self.due.clear();
                        return None;
                    }
                    let record = self.happen(time, order, place, words);
                    self.emitted += 1;
                    return Some(record);
                }
                _ => return None,
            }
        }
    }

    /// When the next instance starts: somewhere in its own interval, so that times look like life and stay in order.
    fn start_time(&self) -> Option<i64> {
        let timing = &self.plan.timing;
        match timing.starts {
            Starts::Once if self.started >= self.plan.stories.len() as u64 => return None,
            Starts::Instances(instances) if self.started >= instances => return None,
            _ => {}
        }
        let begin = self.started.checked_mul(timing.every)?;
        let jitter =
            if timing.every == 0 { 0 } else { self.plan.pick.name("start").number(self.started).below(timing.every) };
        timing.from.checked_add_unsigned(begin)?.checked_add_unsigned(jitter)
    }

    fn start(&mut self, time: i64) {
        let (place, due) = self.begin(time);
        self.schedule(due, self.started - 1, place);
        self.next_start = self.start_time();
    }

    /// Begins the next instance; its place and when its first step is due, if it has one.
    fn begin(&mut self, time: i64) -> (u32, Option<i64>) {
        let story = match self.plan.timing.starts {
            Starts::Once => self.started as usize,
            _ => self.plan.weights.at(self.plan.pick.bits().wrapping_add(self.started.wrapping_mul(GOLDEN))),
        };
        let number = self.numbers[story];
        self.numbers[story] += 1;
        let place = self.free.pop().unwrap_or_else(|| {
            self.instances.push(Instance::default());
            self.instances.len() as u32 - 1
        });
        let mut instance = std::mem::take(&mut self.instances[place as usize]);
        instance.begin(self.plan, story as u16, number, time, &mut self.roles, &mut self.stamps);
        let due = instance.enter(self.plan, 0, time);
        self.instances[place as usize] = instance;
        self.started += 1;
        (place, due)
    }

    fn schedule(&mut self, due: Option<i64>, order: u64, place: u32) {
        match due {
            Some(due) => self.due.push(Reverse((due, order, place))),
            None => self.free.push(place),
        }
    }

    /// The call that an instance has come to.
    fn happen(&mut self, time: i64, order: u64, place: u32, words: &mut Vec<u64>) -> Record {
        let plan = self.plan;
        let mut instance = std::mem::take(&mut self.instances[place as usize]);
        let story = &plan.stories[instance.story as usize];
        let occurrence = instance.turn;
        let words_at = words.len();
        let mut record = Record {
            number: self.emitted,
            time,
            instance: instance.number,
            emission: 0,
            occurrence,
            element: 0,
            words_at: words_at as u32,
            words: 0,
        };
        if let Operation::Call(call) = &story.operations[instance.at as usize] {
            record.element = if call.turns == Turns::Each { occurrence } else { 0 };
            let mut asked = [0; MOST_ASKS];
            let outcome = self.act(call, &mut instance, record.element, time, &mut asked);
            let emission = call.emissions.iter().find(|(failure, _)| *failure == outcome);
            record.emission = emission.or(call.emissions.first()).map_or(0, |(_, emission)| *emission);
            let snapshot = &plan.emissions[record.emission as usize].snapshot;
            instance.hand_over(story, snapshot, record.element, &asked, words);
        }
        record.words = (words.len() - words_at) as u32;
        let due = instance.proceed(plan, time);
        self.instances[place as usize] = instance;
        self.schedule(due, order, place);
        record
    }

    /// Decides how a call ends and applies what it does.
    fn act(
        &mut self,
        call: &Call,
        instance: &mut Instance,
        element: u32,
        time: i64,
        asked: &mut [u64],
    ) -> Option<FailureId> {
        let story = &self.plan.stories[instance.story as usize];
        let method = &self.plan.catalog.methods[call.method];
        let target = call.target.filter(|target| story.resources[*target].is_own());
        let Some(target) = target else {
            return match call.outcome {
                Outcome::Failure(failure) => Some(failure),
                _ => None,
            };
        };
        let at = story.resources[target].at(element);
        for (ask, asked) in call.asks.iter().zip(asked.iter_mut()) {
            *asked = self.asked(ask, instance, at);
        }
        let state = &mut instance.state[at..];
        let outcome = decide(&self.plan.catalog, call, state, asked);
        let key = story.key.number(instance.number).number(call.salt).number(draws::TURN + u64::from(instance.turn));
        match (method.does, outcome) {
            // A refused create says what it would have made; what exists stays as it is.
            (Effect::Create, _) if outcome.is_none() || state[word::EXISTS] == 0 => {
                let lag = key.number(draws::CREATED).between(50 * MILLISECOND, 100 * MILLISECOND) as i64;
                state[word::CREATED] = ((time - lag).div_euclid(MICROSECOND) * MICROSECOND) as u64;
                state[word::UPDATED] = state[word::CREATED];
                state[word::EXISTS] = u64::from(outcome.is_none());
                let kind = &self.plan.catalog.kinds[story.resources[target].kind];
                if kind.stamp.is_some() && (state[word::STAMP] == 0 || outcome.is_none()) {
                    let named = time - key.number(draws::STAMP).between(100 * MILLISECOND, 900 * MILLISECOND) as i64;
                    let room = instance.room;
                    state[word::STAMP] = self.stamps.take(room, named.div_euclid(SECOND));
                }
            }
            (Effect::Update, None) => {
                let lag = key.number(draws::CREATED).between(20 * MILLISECOND, 60 * MILLISECOND) as i64;
                let changed = (time - lag).div_euclid(MICROSECOND) * MICROSECOND;
                state[word::UPDATED] = changed.max(state[word::UPDATED] as i64 + MICROSECOND) as u64;
                for (ask, asked) in call.asks.iter().zip(asked.iter()) {
                    if ask.value != Asked::Nothing {
                        state[word::FIELDS + ask.word] = *asked;
                    }
                }
            }
            (Effect::Delete, None) => state[word::EXISTS] = 0,
            _ => {}
        }
        outcome
    }

    /// The word that a call asks for.
    fn asked(&mut self, ask: &Ask, instance: &Instance, at: usize) -> u64 {
        let current = instance.state[at + word::FIELDS + ask.word];
        match ask.value {
            Asked::Code(code) => code,
            Asked::Next { last } => (current + 1).min(last),
            Asked::Previous => current.saturating_sub(1),
            Asked::Nothing => current,
            Asked::Clear => code::NULL,
            Asked::Reference(reference) => {
                let plan = self.plan;
                let story = &plan.stories[instance.story as usize];
                self.roles.draw(&plan.catalog, &plan.population, story, instance.number);
                self.roles.code(&plan.catalog, &plan.population, reference, ask.word as u64)
            }
        }
    }
}

/// How many inputs of one method may change a field; more are refused with the catalog.
pub const MOST_ASKS: usize = 16;

/// How a call ends, by what is asked and what is.
fn decide(catalog: &Catalog, call: &Call, state: &[u64], asked: &[u64]) -> Option<FailureId> {
    let exists = state[word::EXISTS] == 1;
    let creates = catalog.methods[call.method].does == Effect::Create;
    let lowers = call
        .lowers
        .filter(|(_, ask)| asked[*ask] < state[word::FIELDS + call.asks[*ask].word])
        .map(|(failure, _)| failure);
    match call.outcome {
        Outcome::Failure(failure) => Some(failure),
        Outcome::Success { insists: true } => None,
        Outcome::Auto if exists == creates => automatic_failure(catalog, call.method),
        Outcome::Success { insists: false } | Outcome::Auto => lowers,
    }
}

/// The failure of a call whose resource is not as it must be: the method's first one that needs just that.
pub(crate) fn automatic_failure(catalog: &Catalog, method: MethodId) -> Option<FailureId> {
    let method = &catalog.methods[method];
    let needs = if method.does == Effect::Create { Needs::Live } else { Needs::Absent };
    method
        .failures
        .iter()
        .copied()
        .find(|failure| catalog.failures[*failure].needs == needs && catalog.failures[*failure].when.is_none())
}

/// A delay from a range, both ends included.
fn delay(key: Key, range: DurationRange) -> i64 {
    if range.low == range.high { range.low as i64 } else { key.between(range.low, range.high) as i64 }
}
