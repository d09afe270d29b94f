//! The steps of all scenarios as the simulation's hot loop reads them: one cache line per step.
//!
//! A call has much data that few events need, spread over several cache lines. Most calls only read a resource, and
//! their event kind is known in advance.

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
    lists: Box<[Listed]>,
}

/// A resource whose elements an event lists.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listed {
    /// Index of the resource in the upper 32 bits; the event's state slots have it, plus the element's number, before
    /// each element.
    pub(crate) code: u64,
    pub(crate) count: u32,
    /// Offset of the first element's state, and number of state slots per element.
    pub(crate) at: u32,
    pub(crate) stride: usize,
}

/// Maximum number of a resource's state slots in the event of a plain call.
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
    /// Offset and number of another resource's state slots that its events show; or, for a list, index and number of
    /// the listed resources.
    other: u16,
    others: u8,
    /// Number of its inputs' values that its events show.
    pub(crate) asks: u8,
    /// The step after it, jumps resolved.
    pub(crate) next: u32,
    pub(crate) sort: Sort,
    pub(crate) times: Times,
    /// Whether it has one turn per element.
    pub(crate) each: bool,
    /// Whether its events show its resource.
    shows: bool,
}

/// How the simulation executes a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Not a call, or the sentinel.
    None,
    Call,
    /// A call whose events are all of one kind and show little.
    Short,
    /// Like `Short`, and it changes nothing.
    Plain,
    /// Like `Short`, and its only effect is to create (`ValueSource`) or delete (`Delete`) its resource.
    ValueSource,
    Delete,
    /// A call that changes nothing and whose events list elements of resources and show nothing else.
    List,
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
        let mut lists = Vec::new();
        let steps = Self::arranged(&plan.scenarios, |scenario, operation, call| {
            let compiled = &plan.calls[scenario][operation];
            Step::new(plan, compiled, &plan.scenarios[scenario], call, &mut lists)
        });
        Steps { lists: lists.into(), ..steps }
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
        Steps { all: steps.into(), first: first.into(), lists: Box::default() }
    }

    /// The step at an index; the sentinel after a scenario's last.
    #[inline]
    pub(super) fn at(&self, at: u32) -> &Step {
        &self.all[at as usize]
    }

    /// The resources that the events of a [`Sort::List`] list.
    #[inline]
    pub(super) fn listed(&self, step: &Step) -> &[Listed] {
        &self.lists[usize::from(step.other)..][..usize::from(step.others)]
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

impl Listed {
    fn new(scenario: &ResolvedScenario, listed: usize) -> Option<Self> {
        let resource = &scenario.resources[listed];
        let (at, stride) = (u32::try_from(resource.state_at).ok()?, resource.stride);
        let listed = Listed { code: (listed as u64) << 32, count: resource.count, at, stride };
        (stride <= MOST_SHOWN).then_some(listed)
    }
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
        asks: 0,
        next: 0,
        sort: Sort::None,
        times: Times::Unsure,
        each: false,
        shows: false,
    };

    fn new(
        plan: &Plan,
        compiled: &CompiledCall,
        scenario: &ResolvedScenario,
        call: &Call,
        lists: &mut Vec<Listed>,
    ) -> Self {
        let beside = compiled.beside as u16;
        let step = Step::without_state(scenario, call);
        let step = Step { at: if call.state.is_some() { step.at } else { beside }, other: beside, ..step };
        if compiled.event_kinds.len() != 1 {
            return step;
        }
        let event_kind = compiled.event_kinds.start;
        step.short(plan, event_kind, scenario, call)
            .or_else(|| step.list(plan, event_kind, scenario, call, lists))
            .unwrap_or(step)
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
            sort: Sort::Call,
            times: match few {
                [Ok(low), Ok(high)] if call.chance.is_none() && low == high && low > 0 => Times::Fixed,
                [Ok(_), Ok(_)] if call.chance.is_none() => Times::Drawn,
                _ => Times::Unsure,
            },
            each: call.turns == TurnCount::Each,
            ..Step::NONE
        }
    }

    /// The step as `Short` or one of its special cases, if all the call's events are of one kind and show little.
    fn short(self, plan: &Plan, event_kind: u32, scenario: &ResolvedScenario, call: &Call) -> Option<Self> {
        let snapshot = &plan.event_kinds[event_kind as usize].snapshot;
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
        if !snapshot.listed.is_empty() {
            return None;
        }
        let shows = snapshot.target.is_some();
        let does_one_thing = shows && call.asks.is_empty() && snapshot.asks == 0;
        let succeeds = matches!(call.outcome, Outcome::Success { .. }) && call.lowers.is_none();
        let is_stamped = plan.catalog.kinds[plan.catalog.methods[call.method].kind].stamp.is_some();
        let sort = match call.does {
            Effect::Create if does_one_thing && succeeds && !is_stamped => Sort::ValueSource,
            Effect::Delete if does_one_thing && succeeds => Sort::Delete,
            _ if changes(call) || snapshot.asks > 0 => Sort::Short,
            _ => Sort::Plain,
        };
        Some(Step { event_kind, at, other, others, asks: snapshot.asks as u8, sort, shows, ..self })
    }

    /// The step as `List`, if the call's events list elements and show nothing else.
    fn list(
        self,
        plan: &Plan,
        event_kind: u32,
        scenario: &ResolvedScenario,
        call: &Call,
        lists: &mut Vec<Listed>,
    ) -> Option<Self> {
        let snapshot = &plan.event_kinds[event_kind as usize].snapshot;
        let is_all = snapshot.target.is_none() && snapshot.asks == 0 && snapshot.others.is_empty();
        if changes(call) || !is_all {
            return None;
        }
        let listed = snapshot.listed.iter().map(|listed| Listed::new(scenario, *listed)).collect::<Option<Vec<_>>>()?;
        let (other, others) = (u16::try_from(lists.len()).ok()?, u8::try_from(listed.len()).ok()?);
        let at = listed.first()?.at as u16;
        lists.extend(listed);
        Some(Step { event_kind, at, other, others, sort: Sort::List, ..self })
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

    /// Offset and number of the state slots that the event of a plain call shows: its resource's, and another's.
    #[inline]
    pub(super) fn shown(&self, element: u32) -> [(u32, usize); 2] {
        let slots = usize::from(self.stride) * usize::from(self.shows);
        [(self.own(element), slots), (self.other.into(), self.others.into())]
    }

    /// Offsets of the state slots that its event needs, for prefetching.
    pub(super) fn ahead(&self, turn: u32) -> [u32; 2] {
        let own = self.own(self.element(turn));
        [own, if self.sort == Sort::List { own } else { self.other.into() }]
    }

    /// The element of its target that a turn is about.
    #[inline]
    pub(super) fn element(&self, turn: u32) -> u32 {
        turn * u32::from(self.each)
    }

    /// Whether an event shows exactly what [`Step::shown`] returns.
    #[inline]
    pub(super) fn is_shown(&self) -> bool {
        matches!(self.sort, Sort::Plain | Sort::ValueSource | Sort::Delete)
    }

    /// Offset of an element's state slots.
    #[inline]
    pub(super) fn own(&self, element: u32) -> u32 {
        u32::from(self.at).wrapping_add(u32::from(self.stride).wrapping_mul(element))
    }
}

/// Whether the effect or outcome of a call depends on the state of its resource, or changes it.
fn changes(call: &Call) -> bool {
    let changes = call.state.is_some() && !matches!(call.does, Effect::Get | Effect::List);
    changes || call.outcome == Outcome::Auto || !call.asks.is_empty()
}

const _: () = assert!(size_of::<Step>() == 64, "an operation is one line of memory");
