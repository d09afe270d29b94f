//! The instances in progress, and the state transitions that their events cause.

use crate::{
    catalog::MOST_ASKS,
    plan::{Plan, resolved::Operation},
    simulation::{
        MILLISECOND, Record, World,
        calendar::{CalendarQueue, Due},
        delay_smoothing::DelaySmoothing,
        instance::Instance,
        position::{Past, Position, Visit},
        slab::Instances,
        states::States,
        steps::{StepKind, Steps},
        transition,
    },
};

/// The instances in progress, and when the next step of each is due.
#[derive(Debug)]
pub(super) struct Active {
    due: CalendarQueue,
    pub(crate) instances: Instances,
    states: States,
    pub(crate) steps: Steps,
    /// Delay smoothing; counts only in runs with a rate.
    loads: DelaySmoothing,
}

/// Number of places prefetched together.
const TOGETHER: usize = 32;

impl Active {
    /// No instances, in a run that starts at `start`.
    pub(super) fn new(plan: &Plan, start: i64) -> Self {
        // Four to eight buckets per event; without a rate, ten events per instance are assumed.
        let width = plan.timing.schedule.as_ref().map_or(plan.timing.every / 64, |schedule| {
            86_400_000 * MILLISECOND * 250 / schedule.highest_rate().per_day_in_thousandths().max(1)
        });
        Active {
            due: CalendarQueue::new(start, width),
            instances: Instances::default(),
            states: States::new(plan.scenarios.len()),
            steps: Steps::new(plan),
            loads: DelaySmoothing::unknown(),
        }
    }

    /// Like [`new`](Self::new), but for background instances: with delay smoothing.
    pub(super) fn background(plan: &Plan, start: i64) -> Self {
        Active { loads: DelaySmoothing::new(plan, start), ..Active::new(plan, start) }
    }

    /// Whether an instance was cut short because event time ends.
    pub(super) fn is_cut_by_time(&self) -> bool {
        self.loads.cut_by_time
    }

    /// Begins an instance of a scenario. Returns its place, and the time of its first step if it has one.
    pub(super) fn begin(
        &mut self,
        plan: &Plan,
        world: &mut World,
        (scenario, number): (u16, u64),
        time: i64,
    ) -> (u32, Option<i64>) {
        let mut instance = Instance::begin(plan, scenario, number, time, &mut self.states, world);
        let due = instance.enter(&plan.scenarios, (&self.steps, &mut self.loads), time);
        (self.instances.insert(instance), due)
    }

    /// The counts of delay smoothing.
    pub(super) fn smoothing(&mut self) -> &mut DelaySmoothing {
        &mut self.loads
    }

    /// Puts an instance in progress that started before the run: at a position, due at a time, with a rank among steps
    /// due at that time.
    pub(super) fn put_in_progress(
        &mut self,
        plan: &Plan,
        world: &mut World,
        (scenario, number): (u16, u64),
        (past, position): (Past<'_>, Position),
        (due, order): (i64, u64),
    ) {
        let Active { states, steps, .. } = self;
        let mut instance = Instance::begin(plan, scenario, number, past.start, states, world);
        for Visit { operation, turn, age } in past.visits.iter().copied() {
            instance.go_to(steps, Position { operation, turn, turns: turn + 1 });
            change(plan, world, (&*steps, &mut *states), &instance, past.start.saturating_add(age));
        }
        instance.go_to(steps, position);
        let place = self.instances.insert(instance);
        self.due.push(Due { time: due, order, place });
    }

    /// Schedules an instance's next step, or removes the instance if it has ended (`due` is `None`).
    #[expect(clippy::inline_always, reason = "what is handed on through memory is waited for")]
    #[inline(always)]
    pub(super) fn schedule(&mut self, plan: &Plan, due: Option<i64>, order: u64, place: u32) {
        match due {
            Some(time) => self.due.push(Due { time, order, place }),
            None => self.end(plan, place),
        }
    }

    #[inline(never)]
    fn end(&mut self, plan: &Plan, place: u32) {
        let Instance { scenario, state_at, .. } = *self.instances.get(place);
        if plan.scenarios[usize::from(scenario)].state_slots > 0 {
            self.states.give_back(scenario, state_at);
        }
        self.instances.remove(place);
    }

    /// [`Active::pop_until`], not inlined: for callers that are rarely run.
    #[inline(never)]
    pub(super) fn pop_until_apart(&mut self, limit: i64) -> Option<Due> {
        self.pop_until(limit)
    }

    /// Removes the first due step if it is due at `limit` or before.
    #[expect(clippy::inline_always, reason = "what is handed on through memory is waited for")]
    #[inline(always)]
    pub(super) fn pop_until(&mut self, limit: i64) -> Option<Due> {
        if !self.due.ahead().is_empty() {
            self.fetch();
        }
        self.due.pop_until(limit)
    }

    /// Prefetches the cache lines that the next events need, together, because memory serves many requests in the time
    /// of one. With a hundred thousand instances in progress, these cache misses are a large part of an event's cost.
    #[inline(never)]
    fn fetch(&mut self) {
        for places in self.due.ahead().chunks(TOGETHER) {
            let mut slots = [[0; 2]; TOGETHER];
            for (place, slots) in places.iter().zip(&mut slots) {
                let instance = self.instances.get(*place);
                let ahead = self.steps.at(instance.at).ahead(instance.turn);
                *slots = ahead.map(|at| instance.state_at.wrapping_add(at));
            }
            let touched = slots[..places.len()].iter().fold(0, |sum, slots| sum ^ self.states.fetch(*slots));
            std::hint::black_box(touched);
        }
        self.due.forget_ahead();
    }

    /// [`Active::happen`], not inlined: for events that are few or discarded.
    #[inline(never)]
    pub(super) fn happen_apart(
        &mut self,
        plan: &Plan,
        world: &mut World,
        due: Due,
        time: i64,
        slots: &mut Vec<u64>,
    ) -> Record {
        self.happen(plan, world, due, 0, time, slots)
    }

    /// Executes the call at which an instance is, at `time`, as event `number`.
    #[expect(clippy::inline_always, reason = "a record that is handed on is copied: a tenth of what an event costs")]
    #[inline(always)]
    pub(super) fn happen(
        &mut self,
        plan: &Plan,
        world: &mut World,
        Due { order, place, .. }: Due,
        number: u64,
        time: i64,
        slots: &mut Vec<u64>,
    ) -> Record {
        let Active { instances, states, steps, loads, .. } = self;
        let instance = instances.get_mut(place);
        let step = steps.at(instance.at);
        let (of, minute, occurrence, slots_at) = (instance.number, instance.minute, instance.turn, slots.len());
        let element = step.element(occurrence);
        let event_kind = if step.kind == StepKind::Read {
            let [own, other] = step.shown(element);
            states.show(instance.state_at, own, slots);
            states.show(instance.state_at, other, slots);
            step.event_kind
        } else {
            call(plan, world, steps, states, (instance, element), time, slots)
        };
        let due = instance.proceed(&plan.scenarios, step, (steps, loads), time);
        self.schedule(plan, due, order, place);
        Record {
            number,
            time,
            instance: of,
            event_kind,
            occurrence,
            element,
            slots_at: slots_at as u32,
            slots: (slots.len() - slots_at) as u32,
            ends: due.is_none(),
            minute,
        }
    }
}

/// Changes the state of an instance as the call at which it is does at `time`.
fn change(plan: &Plan, world: &mut World, (steps, states): (&Steps, &mut States), instance: &Instance, time: i64) {
    let step = steps.at(instance.at);
    if step.kind != StepKind::Call {
        return;
    }
    if let Some(Operation::Call(call)) = steps.operation(&plan.scenarios, instance.scenario, instance.at) {
        let state = states.slots(&plan.scenarios[usize::from(instance.scenario)], instance.state_at);
        let element = step.element(instance.turn);
        transition::act(plan, world, call, (instance, element), time, state, &mut [0; MOST_ASKS]);
    }
}

/// Executes a call in its general form; returns the event kind.
#[inline(never)]
fn call(
    plan: &Plan,
    world: &mut World,
    steps: &Steps,
    states: &mut States,
    (instance, element): (&Instance, u32),
    time: i64,
    slots: &mut Vec<u64>,
) -> u32 {
    let scenario = &plan.scenarios[usize::from(instance.scenario)];
    let Some(Operation::Call(call)) = steps.operation(&plan.scenarios, instance.scenario, instance.at) else {
        return 0;
    };
    let mut asked = [0; MOST_ASKS];
    let state = states.slots(scenario, instance.state_at);
    let outcome = transition::act(plan, world, call, (instance, element), time, state, &mut asked);
    let operation = steps.index(instance.scenario, instance.at);
    let mut kinds = plan.calls[usize::from(instance.scenario)][operation].event_kinds.clone();
    let usual = kinds.start;
    let event_kind = kinds.find(|kind| plan.event_kinds[*kind as usize].failure == outcome).unwrap_or(usual);
    let snapshot = &plan.event_kinds[event_kind as usize].snapshot;
    snapshot.copy(scenario, element, state, &asked, slots);
    event_kind
}
