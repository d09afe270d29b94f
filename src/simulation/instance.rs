//! One execution of a scenario: its position, and the state of its resources.

use crate::{
    plan::{
        Plan,
        event_kind::field_salt,
        resolved::{Call, Initial, Operation, Owner, ResolvedScenario, Resource, TurnCount},
        roles::resource_key,
        state_slots,
    },
    simulation::{
        DAY, MICROSECOND, World,
        delay_smoothing::DelaySmoothing,
        draws,
        position::Position,
        scope_draws::room,
        steps::{Listed, MOST_SHOWN, Sort, Step, Steps, Times},
    },
    value::Key,
};
use std::hint::select_unpredictable;

/// An instance in progress, one cache line: what cannot be computed from its number, and its key.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Instance {
    /// Number of the instance within its scenario.
    pub(crate) number: u64,
    /// Key of the instance's draws, and of those of the call at which it is.
    key: Key,
    call: Key,
    /// Offset of its resources' state in `States`.
    pub(crate) state_at: u32,
    /// The next turn of the call at which it is, and the number of its turns.
    pub(crate) turn: u32,
    turns: u32,
    /// Member of the population within which names are unique.
    pub(crate) room: u32,
    /// Index of its step among those of all scenarios.
    pub(crate) at: u32,
    /// Index of its scenario.
    pub(crate) scenario: u16,
}

/// The instances in progress, in a slab: freed places are reused.
#[derive(Debug)]
pub(super) struct Instances {
    places: Vec<Instance>,
    /// Head of the list of free places, linked through `state_at`.
    free: u32,
    going_on: usize,
}

/// The state of all instances in progress, in one vector. The state slots of an instance are contiguous; those of an
/// ended one are reused by the next instance of the same scenario.
#[derive(Debug)]
pub(super) struct States {
    /// Padded at the end, so that reads of a fixed length stay within bounds.
    slots: Vec<u64>,
    /// For each scenario the head of its list of free pieces, linked through their first slot.
    free: Vec<u32>,
}

const NONE: u32 = u32::MAX;

/// Offset of the last commonly needed state slot of a resource.
const MOST_OF_A_LINE: usize = 3;

/// Marks a free place.
const NO_STORY: u16 = u16::MAX;

impl Default for Instances {
    fn default() -> Self {
        Instances { places: Vec::new(), free: NONE, going_on: 0 }
    }
}

impl Instances {
    /// Number of instances in progress.
    pub(super) fn len(&self) -> usize {
        self.going_on
    }

    /// The scenario of each instance.
    pub(super) fn scenarios(&self) -> impl Iterator<Item = u16> {
        self.places.iter().map(|instance| instance.scenario).filter(|scenario| *scenario != NO_STORY)
    }

    /// Stores an instance; returns its place.
    pub(super) fn insert(&mut self, instance: Instance) -> u32 {
        self.going_on += 1;
        let Some(free) = self.places.get_mut(self.free as usize) else {
            self.places.push(instance);
            return self.places.len() as u32 - 1;
        };
        let place = std::mem::replace(&mut self.free, free.state_at);
        *free = instance;
        place
    }

    /// Frees a place.
    pub(super) fn remove(&mut self, place: u32) {
        self.going_on -= 1;
        let instance = &mut self.places[place as usize];
        instance.scenario = NO_STORY;
        instance.state_at = std::mem::replace(&mut self.free, place);
    }

    /// The instance at a place.
    pub(super) fn get(&self, place: u32) -> &Instance {
        &self.places[place as usize]
    }

    /// The instance at a place, to advance it.
    pub(super) fn get_mut(&mut self, place: u32) -> &mut Instance {
        &mut self.places[place as usize]
    }
}

impl States {
    /// No state yet, for `scenarios` scenarios.
    pub(super) fn new(scenarios: usize) -> Self {
        States { slots: vec![0; MOST_SHOWN], free: vec![NONE; scenarios] }
    }

    /// Allocates the state slots of an instance, all 0.
    fn take(&mut self, scenario: u16, length: usize) -> u32 {
        if length == 0 {
            return 0;
        }
        let free = self.free[usize::from(scenario)];
        if free == NONE {
            let at = self.slots.len() - MOST_SHOWN;
            self.slots.resize(at + length + MOST_SHOWN, 0);
            return at as u32;
        }
        let slots = &mut self.slots[free as usize..][..length];
        self.free[usize::from(scenario)] = slots[0] as u32;
        slots.fill(0);
        free
    }

    /// Frees the state slots of an instance.
    pub(super) fn give_back(&mut self, plan: &Plan, instance: &Instance) {
        if plan.scenarios[usize::from(instance.scenario)].state_slots > 0 {
            let free = &mut self.free[usize::from(instance.scenario)];
            self.slots[instance.state_at as usize] = u64::from(*free);
            *free = instance.state_at;
        }
    }

    /// Prefetches resources by reading their first state slot, and the last common one, which may be on the next cache
    /// line.
    pub(super) fn fetch(&self, resources: [u32; 2]) -> u64 {
        let slot = |at: usize| self.slots.get(at).copied().unwrap_or_default();
        let [one, other] = resources.map(|at| slot(at as usize) ^ slot(at as usize + MOST_OF_A_LINE));
        one ^ other
    }

    /// Appends a few state slots of an instance: copies a fixed length and truncates, which is faster than a variable
    /// copy.
    #[inline]
    pub(super) fn show(&self, instance: &Instance, (from, count): (u32, usize), slots: &mut Vec<u64>) {
        let at = instance.state_at.wrapping_add(from) as usize;
        if let Some(shown) = self.slots[at..].first_chunk::<MOST_SHOWN>() {
            let before = slots.len();
            slots.extend_from_slice(shown);
            slots.truncate(before + count);
        }
    }

    /// Appends the existing elements of one of the instance's resources; the copy has no data-dependent branch.
    #[inline]
    pub(super) fn list(&self, instance: &Instance, listed: &Listed, slots: &mut Vec<u64>) {
        let mut at = instance.state_at.wrapping_add(listed.at) as usize;
        for element in 0..listed.count {
            let Some(shown) = self.slots[at..].first_chunk::<MOST_SHOWN>() else { return };
            let before = slots.len();
            let mut listing = [listed.code | u64::from(element); MOST_SHOWN + 1];
            listing[1..].copy_from_slice(shown);
            slots.extend_from_slice(&listing);
            slots
                .truncate(before + (1 + listed.stride) * usize::from(state_slots::exists(shown[state_slots::CREATED])));
            at += listed.stride;
        }
    }

    /// The state slots of a resource up to its fields, from offset `from` on.
    #[inline]
    pub(super) fn resource(&mut self, instance: &Instance, from: u32) -> &mut [u64] {
        &mut self.slots[instance.state_at.wrapping_add(from) as usize..][..state_slots::FIELDS]
    }

    /// The state slots of an instance.
    pub(super) fn slots(&mut self, scenario: &ResolvedScenario, instance: &Instance) -> &mut [u64] {
        &mut self.slots[instance.state_at as usize..][..scenario.state_slots]
    }
}

impl Resource {
    /// Whether the resource belongs to the scenario, not to the population.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self.owner, Owner::Instance { .. })
    }

    /// Offset of an element's state slots.
    pub(crate) fn at(&self, element: u32) -> usize {
        self.state_at + self.stride * element as usize
    }
}

impl Instance {
    /// An instance that can walk through its scenario, but has no state.
    pub(super) fn at_beginning(scenarios: &[ResolvedScenario], scenario: u16, number: u64) -> Self {
        let key = scenarios[usize::from(scenario)].key.number(number);
        Instance { number, key, call: key, state_at: 0, turn: 0, turns: 0, room: 0, at: 0, scenario }
    }

    /// Starts an instance at `time`.
    pub(super) fn begin(
        plan: &Plan,
        story_id: u16,
        number: u64,
        time: i64,
        states: &mut States,
        world: &mut World,
    ) -> Self {
        let scenario = &plan.scenarios[usize::from(story_id)];
        let mut instance = Instance::at_beginning(&plan.scenarios, story_id, number);
        instance.state_at = states.take(story_id, scenario.state_slots);
        if scenario.state_slots == 0 {
            return instance;
        }
        world.surroundings.draw(plan, story_id, number, &mut world.roles);
        let state = states.slots(scenario, &instance);
        for (index, resource) in scenario.resources.iter().enumerate().filter(|(_, resource)| resource.is_own()) {
            instance.room_of(plan, scenario, resource, world);
            for element in 0..resource.count {
                instance.element(plan, (index, element), time, state, world);
            }
        }
        instance
    }

    /// Sets the room in which names are unique: a member of the population, or `u32::MAX` if the scenario pins a member
    /// of that kind.
    fn room_of(&mut self, plan: &Plan, scenario: &ResolvedScenario, resource: &Resource, world: &World) {
        if let Some(room) = room(&plan.catalog, resource) {
            let pinned = scenario.scope_pins.iter().any(|pin| pin.kind == room);
            self.room = if pinned { u32::MAX } else { world.roles.scope(room) };
        }
    }

    /// Initializes the state of an element of a resource.
    fn element(&self, plan: &Plan, (index, element): (usize, u32), time: i64, state: &mut [u64], world: &mut World) {
        let scenario = &plan.scenarios[usize::from(self.scenario)];
        let resource = &scenario.resources[index];
        let kind = &plan.catalog.kinds[resource.kind];
        let shared = resource.shared.is_some();
        let key = resource_key(resource.key, if shared { 0 } else { self.number }, element);
        let existing = matches!(resource.owner, Owner::Instance { existing: true, .. });
        let at = resource.at(element);
        for (position, initial) in resource.initial.iter().enumerate() {
            state[at + state_slots::FIELDS + position] = match initial {
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
            // Before the first instance of a run that starts in steady state.
            let time = if shared { plan.timing.from - 30 * DAY } else { time };
            let created = (time - age).div_euclid(MICROSECOND) * MICROSECOND;
            state[at + state_slots::CREATED] = state_slots::made(created, existing);
            state[at + state_slots::UPDATED] = created as u64;
            if kind.stamp.is_some() && !shared {
                state[at + state_slots::stamp_of(kind)] =
                    world.stamps.take_old(self.room, world.injected.then_some(key));
            }
        }
    }

    /// Moves to the first call; returns when it is due, or `None` if the scenario has no call.
    pub(super) fn enter(
        &mut self,
        scenarios: &[ResolvedScenario],
        (steps, loads): (&Steps, &mut DelaySmoothing),
        time: i64,
    ) -> Option<i64> {
        let step = self.enter_at(scenarios, steps, steps.first(self.scenario))?;
        loads.choose(time, (self.call, 0), step.after)
    }

    /// Advances past an event at `time`; returns the next due time, or `None` at the end of the scenario.
    ///
    /// Whether the next event is another turn of the call or the next call is unpredictable, so the code avoids
    /// branching on it.
    #[expect(clippy::inline_always, reason = "what is handed on through memory is waited for")]
    #[inline(always)]
    pub(super) fn proceed(
        &mut self,
        scenarios: &[ResolvedScenario],
        step: &Step,
        (steps, loads): (&Steps, &mut DelaySmoothing),
        time: i64,
    ) -> Option<i64> {
        let turn = self.turn + 1;
        let repeats = turn < self.turns;
        let at = select_unpredictable(repeats, self.at, step.next);
        let mut next = steps.at(at);
        if repeats || next.times == Times::Fixed {
            let turns = select_unpredictable(repeats, self.turns, next.least_turns());
            self.at = at;
            self.turns = turns;
            self.turn = select_unpredictable(repeats, turn, 0);
            self.call = self.key.salted(next.salt);
        } else {
            next = self.enter_at(scenarios, steps, at)?;
        }
        let range = select_unpredictable(repeats, &next.every, &next.after);
        loads.choose(time, (self.call, self.turn), *range)
    }

    /// As [`proceed`](Self::proceed), from the step at which it is.
    pub(super) fn next_time(
        &mut self,
        scenarios: &[ResolvedScenario],
        (steps, loads): (&Steps, &mut DelaySmoothing),
        time: i64,
    ) -> Option<i64> {
        self.proceed(scenarios, steps.at(self.at), (steps, loads), time)
    }

    /// Moves to the first call at `operation` or after it; `None` at the end of the scenario.
    #[inline(never)]
    fn enter_at<'s>(&mut self, scenarios: &[ResolvedScenario], steps: &'s Steps, operation: u32) -> Option<&'s Step> {
        let mut at = operation;
        loop {
            let step = steps.at(at);
            if step.sort == Sort::None {
                at = self.elsewhere(scenarios, steps, at)?;
                continue;
            }
            let key = self.key.salted(step.salt);
            let turns =
                if step.times == Times::Unsure { self.turns(scenarios, steps, at, key) } else { step.turns(key) };
            if turns == 0 {
                at = step.next;
                continue;
            }
            self.at = at;
            self.turn = 0;
            self.turns = turns;
            self.call = key;
            return Some(step);
        }
    }

    /// The target of an operation that is not a call; `None` at the end of the scenario.
    #[inline(never)]
    fn elsewhere(&self, scenarios: &[ResolvedScenario], steps: &Steps, at: u32) -> Option<u32> {
        match steps.operation(scenarios, self.scenario, at)? {
            Operation::Jump(to) => Some(steps.first(self.scenario) + *to as u32),
            Operation::Choose { salt, weights, targets } => {
                Some(steps.first(self.scenario) + targets[weights.draw(self.key.number(*salt))] as u32)
            }
            Operation::Call(_) => Some(at),
        }
    }

    /// Number of turns of a call that may not happen, or has very many.
    #[inline(never)]
    fn turns(&self, scenarios: &[ResolvedScenario], steps: &Steps, at: u32, key: Key) -> u32 {
        let scenario = &scenarios[usize::from(self.scenario)];
        match steps.operation(scenarios, self.scenario, at) {
            Some(Operation::Call(call)) => drawn_turns(call, scenario, key),
            _ => 0,
        }
    }

    /// Goes to a turn of a call.
    pub(super) fn go_to(&mut self, steps: &Steps, position: Position) {
        self.at = steps.first(self.scenario) + position.operation;
        self.call = self.key.salted(steps.at(self.at).salt);
        (self.turn, self.turns) = (position.turn, position.turns);
    }

    /// How many turns of the call where it is are left after the next one.
    pub(super) fn later_turns(&self) -> u32 {
        self.turns.saturating_sub(self.turn + 1)
    }

    /// Goes to the last turn of the call where it is; how many turns are passed over.
    pub(super) fn skip_turns(&mut self) -> u32 {
        let passed = self.later_turns();
        self.turn += passed;
        passed
    }

    /// The key of all draws in the current turn of a call.
    pub(super) fn turn_key(&self) -> Key {
        self.call.number(draws::TURN + u64::from(self.turn))
    }
}

/// The number of turns that the key of a call draws; 0 if it does not happen.
pub(super) fn drawn_turns(call: &Call, scenario: &ResolvedScenario, key: Key) -> u32 {
    let happens = call.chance.is_none_or(|chance| key.number(draws::CHANCE).draw() < chance);
    if happens { turns(call, scenario, key) } else { 0 }
}

fn turns(call: &Call, scenario: &ResolvedScenario, key: Key) -> u32 {
    match call.turns {
        TurnCount::Repeat(times) if times.low == times.high => times.low as u32,
        TurnCount::Repeat(times) => key.number(draws::TIMES).between(times.low, times.high) as u32,
        TurnCount::Each => call.target.map_or(0, |target| scenario.resources[target].count),
    }
}
