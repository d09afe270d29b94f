//! One execution of a scenario: its position, and the state of its resources.

use crate::{
    catalog::{Catalog, Generator, KindId},
    plan::{
        Plan,
        event_kind::field_salt,
        resolved::{Call, Initial, Operation, Owner, ResolvedScenario, Resource, TurnCount},
        roles::{InstanceStart, resource_key},
        state_slots,
    },
    simulation::{
        DAY, MICROSECOND, World,
        delay_smoothing::DelaySmoothing,
        draws,
        position::Position,
        states::States,
        steps::{Step, StepKind, Steps, Times},
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
    /// As [`InstanceStart::minute`].
    pub(crate) minute: u16,
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
        Instance { number, key, call: key, state_at: 0, turn: 0, turns: 0, room: 0, at: 0, scenario, minute: 0 }
    }

    /// Everything on which its draws from the population depend.
    pub(super) fn start(&self) -> InstanceStart {
        InstanceStart { number: self.number, minute: self.minute }
    }

    /// Starts an instance at `time`.
    pub(super) fn begin(
        plan: &Plan,
        scenario_index: u16,
        number: u64,
        time: i64,
        states: &mut States,
        world: &mut World,
    ) -> Self {
        let scenario = &plan.scenarios[usize::from(scenario_index)];
        let mut instance = Instance::at_beginning(&plan.scenarios, scenario_index, number);
        instance.minute = world.minute(plan, (scenario_index, number), time);
        instance.state_at = states.take(scenario_index, scenario.state_slots);
        if scenario.state_slots == 0 {
            return instance;
        }
        world.roles.draw(&plan.catalog, &plan.population, scenario, instance.start());
        let state = states.slots(scenario, instance.state_at);
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
            if step.kind == StepKind::None {
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

/// The kind within whose members the names of a resource are unique, if its names are times and there is such a kind.
fn room(catalog: &Catalog, resource: &Resource) -> Option<KindId> {
    let kind = &catalog.kinds[resource.kind];
    match kind.fields[kind.stamp?].generator {
        Generator::Clock { unique_in, .. } => unique_in,
        _ => None,
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
