//! The steps of all scenarios as the simulation's hot loop reads them: one cache line per step.
//!
//! A call has much data that few events need, spread over several cache lines. Most calls only read a resource, and
//! their event kind is known in advance.
//!
//! Fast path for these ([`StepKind::Read`]). Plain form: [`StepKind::Call`], which can execute every call. Gain: 3 % of
//! an event's instructions, measured on 2026-12-01 as CONTRIBUTING.md describes under "Speed".

use crate::{
    catalog::Effect,
    plan::{
        CompiledCall, Plan,
        resolved::{Call, Operation, Outcome, ResolvedScenario, TurnCount},
    },
    simulation::draws,
    units::DurationRange,
    value::{Key, Salt},
};

/// All steps in one array, scenario after scenario; each scenario ends with a sentinel.
#[derive(Debug)]
pub(super) struct Steps {
    all: Box<[Step]>,
    /// Index of each scenario's first step.
    first: Box<[u32]>,
}

/// Maximum number of a resource's state slots in the event of a read.
pub(super) const MOST_SHOWN: usize = 5;

/// A step of a scenario.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Step {
    /// Nanoseconds to wait before it, and between its turns.
    pub(crate) after: DurationRange,
    pub(crate) every: DurationRange,
    /// Salt of the call's key.
    pub(crate) salt: Salt,
    /// The event kind, if all its events have the same one.
    pub(crate) event_kind: u32,
    turns: [u16; 2],
    /// Offset of its resource's state, and number of state slots per element.
    at: u16,
    stride: u16,
    /// Offset and number of another resource's state slots that its events show.
    other: u16,
    others: u8,
    /// The step after it, jumps resolved.
    pub(crate) next: u32,
    pub(crate) kind: StepKind,
    pub(crate) times: Times,
    /// Whether it has one turn per element.
    pub(crate) each: bool,
    /// Whether its events show its resource.
    shows: bool,
}

/// How the simulation executes a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StepKind {
    /// Not a call, or the sentinel.
    None,
    Call,
    /// A call that changes nothing, whose events are all of one kind and show at most two resources.
    Read,
}

/// How many turns a call has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// Always the same number, at least 1.
    Fixed,
    /// A number drawn from a range, possibly 0.
    Drawn,
    /// It may not happen at all, or has too many turns for the fields of a step.
    Unsure,
}

impl Steps {
    pub(super) fn new(plan: &Plan) -> Self {
        Self::arranged(&plan.scenarios, |scenario, operation, call| {
            Step::new(plan, &plan.calls[scenario][operation], &plan.scenarios[scenario], call)
        })
    }

    /// The steps of scenarios whose instances have no state, so that only their times can be simulated.
    pub(super) fn without_state(scenarios: &[ResolvedScenario]) -> Self {
        Self::arranged(scenarios, |scenario, _, call| Step::without_state(&scenarios[scenario], call))
    }

    fn arranged(scenarios: &[ResolvedScenario], mut step: impl FnMut(usize, usize, &Call) -> Step) -> Self {
        let (mut steps, mut first) = (Vec::new(), Vec::new());
        for (index, scenario) in scenarios.iter().enumerate() {
            let begin = steps.len() as u32;
            first.push(begin);
            steps.extend(scenario.operations.iter().enumerate().map(|(at, operation)| match operation {
                Operation::Call(call) => Step { next: begin + beyond_jumps(scenario, at + 1), ..step(index, at, call) },
                _ => Step::NONE,
            }));
            steps.push(Step::NONE);
        }
        Steps { all: steps.into(), first: first.into() }
    }

    /// The step at an index; the sentinel after a scenario's last.
    #[inline]
    pub(super) fn at(&self, at: u32) -> &Step {
        &self.all[at as usize]
    }

    /// Index of a scenario's first step.
    pub(super) fn first(&self, scenario: u16) -> u32 {
        self.first[usize::from(scenario)]
    }

    /// The operation of a step; `None` for the sentinel.
    pub(super) fn operation<'p>(
        &self,
        scenarios: &'p [ResolvedScenario],
        scenario: u16,
        at: u32,
    ) -> Option<&'p Operation> {
        scenarios[usize::from(scenario)].operations.get(self.index(scenario, at))
    }

    /// Index of a step's operation in its scenario.
    pub(super) fn index(&self, scenario: u16, at: u32) -> usize {
        (at - self.first(scenario)) as usize
    }
}

/// The operation at which a scenario continues from `at`, jumps followed.
fn beyond_jumps(scenario: &ResolvedScenario, mut at: usize) -> u32 {
    // Jumps lead forward, so this ends.
    while let Some(Operation::Jump(to)) = scenario.operations.get(at) {
        at = *to;
    }
    at as u32
}

impl Step {
    const NONE: Step = Step {
        after: DurationRange { low: 0, high: 0 },
        every: DurationRange { low: 0, high: 0 },
        salt: Salt::NONE,
        event_kind: 0,
        turns: [0; 2],
        at: 0,
        stride: 0,
        other: 0,
        others: 0,
        next: 0,
        kind: StepKind::None,
        times: Times::Unsure,
        each: false,
        shows: false,
    };

    fn new(plan: &Plan, compiled: &CompiledCall, scenario: &ResolvedScenario, call: &Call) -> Self {
        let beside = compiled.beside as u16;
        let step = Step::without_state(scenario, call);
        let step = Step { at: if call.state.is_some() { step.at } else { beside }, other: beside, ..step };
        let is_read = compiled.event_kinds.len() == 1 && !changes(call);
        is_read.then(|| step.read(plan, compiled.event_kinds.start, scenario, call)).flatten().unwrap_or(step)
    }

    fn without_state(scenario: &ResolvedScenario, call: &Call) -> Self {
        let turns = match call.turns {
            TurnCount::Repeat(times) => [times.low, times.high],
            TurnCount::Each => [call.target.map_or(0, |target| scenario.resources[target].count.into()); 2],
        };
        let few = turns.map(u16::try_from);
        Step {
            after: call.after,
            every: call.every,
            salt: Salt::new(call.salt),
            turns: [few[0].unwrap_or(0), few[1].unwrap_or(0)],
            // With very much state these are truncated and then only hints for prefetching.
            at: call.state.map_or(0, |place| place.at) as u16,
            stride: call.state.map_or(0, |place| place.stride as u16),
            kind: StepKind::Call,
            times: match few {
                [Ok(low), Ok(high)] if call.chance.is_none() && low == high && low > 0 => Times::Fixed,
                [Ok(_), Ok(_)] if call.chance.is_none() => Times::Drawn,
                _ => Times::Unsure,
            },
            each: call.turns == TurnCount::Each,
            ..Step::NONE
        }
    }

    /// The step as a `Read`, if its events show little enough.
    fn read(self, plan: &Plan, event_kind: u32, scenario: &ResolvedScenario, call: &Call) -> Option<Self> {
        let snapshot = &plan.event_kinds[event_kind as usize].snapshot;
        if snapshot.asks > 0 || !snapshot.listed.is_empty() {
            return None;
        }
        let at = match (snapshot.target, call.state) {
            (Some(target), Some(place)) if call.target == Some(target) => {
                (place.stride as usize <= MOST_SHOWN).then_some(())?;
                u16::try_from(place.at).ok()?
            }
            (Some(_), _) => return None,
            (None, _) => self.at,
        };
        let (other, others) = match snapshot.others[..] {
            [] => (self.other, 0),
            [other] => {
                let resource = &scenario.resources[other];
                (resource.stride <= MOST_SHOWN).then_some(())?;
                (u16::try_from(resource.state_at).ok()?, resource.stride as u8)
            }
            _ => return None,
        };
        let shows = snapshot.target.is_some();
        Some(Step { event_kind, at, other, others, kind: StepKind::Read, shows, ..self })
    }

    /// The minimum number of turns.
    #[inline]
    pub(super) fn least_turns(&self) -> u32 {
        self.turns[0].into()
    }

    /// The number of turns, unless `Unsure`.
    #[inline]
    pub(super) fn turns(&self, key: Key) -> u32 {
        let [low, high] = self.turns.map(u32::from);
        if low == high { low } else { key.number(draws::TIMES).between(low.into(), high.into()) as u32 }
    }

    /// Offset and number of the state slots that the event of a `Read` shows: its resource's, and another's.
    #[inline]
    pub(super) fn shown(&self, element: u32) -> [(u32, usize); 2] {
        let slots = usize::from(self.stride) * usize::from(self.shows);
        [(self.own(element), slots), (self.other.into(), self.others.into())]
    }

    /// Offsets of the state slots that its event needs, for prefetching.
    pub(super) fn ahead(&self, turn: u32) -> [u32; 2] {
        [self.own(self.element(turn)), self.other.into()]
    }

    /// The element of its target that a turn is about.
    #[inline]
    pub(super) fn element(&self, turn: u32) -> u32 {
        turn * u32::from(self.each)
    }

    /// Offset of an element's state slots.
    #[inline]
    fn own(&self, element: u32) -> u32 {
        u32::from(self.at).wrapping_add(u32::from(self.stride).wrapping_mul(element))
    }
}

/// Whether the effect or outcome of a call depends on the state of its resource, or changes it.
fn changes(call: &Call) -> bool {
    let changes = call.state.is_some() && !matches!(call.does, Effect::Get | Effect::List);
    changes || call.outcome == Outcome::Auto || !call.asks.is_empty()
}

const _: () = assert!(size_of::<Step>() == 64, "an operation is one line of memory");
