//! Discrete-event simulation of a run: decides which step of which instance happens when.
//!
//! One sequential pass that yields small [`Record`]s. It never renders, sleeps, opens files or reads a clock; the
//! records are rendered and written elsewhere, by several threads. An instance stores its position in the scenario and
//! the state of its resources, and nothing else: everything else is computed from its number.

mod active;
mod ages;
mod calendar;
mod delay_smoothing;
mod event_times;
mod expectation;
mod injected;
mod instance;
mod outlook;
mod paced;
mod position;
mod slab;
mod stamps;
mod starts;
mod states;
mod steady_state;
mod steps;
mod transition;
mod walker;

use crate::{
    plan::{
        Plan,
        roles::{InstanceStart, Roles},
    },
    units::{DAY, DurationRange, SECOND},
    value::{GOLDEN, Key},
};
use active::Active;
use calendar::Due;
use injected::Injected;
use instance::Instance;
use paced::Pace;
use stamps::Stamps;

pub(crate) use ages::Ages;
pub(crate) use event_times::{EventTimes, Span, injected_spans};
pub(crate) use expectation::{CallMeans, Expectation};
pub(crate) use injected::simulate_injected;
pub(crate) use outlook::Outlook;
pub(crate) use steady_state::SteadyState;
pub(crate) use walker::Walker;

/// One event before it is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Position in the whole run, from 0.
    pub number: u64,
    /// Event time in nanoseconds since the Unix epoch.
    pub time: i64,
    /// Number of the instance within its scenario, from 0.
    pub instance: u64,
    /// Event kind: an index into [`Plan::event_kinds`].
    pub event_kind: u32,
    /// Turn of a repeated step, from 0.
    pub occurrence: u32,
    /// Element of the target resource that the event is about.
    pub(crate) element: u32,
    /// Start of the event's state slots in the vector that [`Stream::next`] appends to.
    pub slots_at: u32,
    /// Number of state slots.
    pub(crate) slots: u32,
    /// Whether this is the last event of its instance.
    pub ends: bool,
    /// As [`InstanceStart::minute`].
    pub(crate) minute: u16,
}

impl Record {
    /// The event's instance.
    pub(crate) fn start(&self) -> InstanceStart {
        InstanceStart { number: self.instance, minute: self.minute }
    }
}

/// Iterator-like simulation of a run: its events in the order of event time.
#[derive(Debug)]
pub struct Stream<'p> {
    plan: &'p Plan,
    active: Active,
    world: World,
    /// Number of instances started, in total and by scenario.
    started: u64,
    numbers: Vec<u64>,
    /// How many of them were in progress at the start of the run.
    warmed: u64,
    /// The next start, while there is one, and where in its interval starts lie.
    next_start: Option<i64>,
    jitter: Key,
    /// Number of events yielded, without injected ones; and with them, if there are any.
    emitted: u64,
    numbered: u64,
    /// End of the run: this many events, not counting injected ones, or this time.
    limit: u64,
    to: i64,
    /// With a rate, the slots of its schedule decide when events happen; otherwise their due times.
    pace: Option<Pace<'p>>,
    /// With a rate: the longest time that a step has waited for a slot, in nanoseconds.
    longest_wait: i64,
    injected: Option<Box<Injected>>,
}

/// State shared by all instances.
#[derive(Debug)]
struct World {
    stamps: Stamps,
    roles: Roles,
    /// In a population with usual hours: for each scenario the first instance of the last burst, or the last instance
    /// that was in none, and the minute at which it began.
    began: Vec<Option<InstanceStart>>,
    /// Whether an injected scenario is being simulated.
    injected: bool,
}

/// Numbers of a call's draws, each applied to the call's key.
mod draws {
    pub(super) const AFTER: u64 = 1;
    pub(super) const CHANCE: u64 = 2;
    pub(super) const TIMES: u64 = 3;
    pub(super) const CREATED: u64 = 4;
    pub(super) const STAMP: u64 = 5;
    /// Plus the turn's number.
    pub(super) const TURN: u64 = 16;
}

const MILLISECOND: u64 = 1_000_000;
const MICROSECOND: i64 = 1_000;

impl Plan {
    /// The simulation of this run, before its first event.
    pub fn stream(&self) -> Stream<'_> {
        Stream::new(self)
    }

    /// Number of events of the run. Simulates it without rendering, unless that was done when it was planned.
    pub fn count(&self) -> u64 {
        match &self.dry_run {
            Some(run) => run.events,
            None => self.stream().run_through().0,
        }
    }
}

impl<'p> Stream<'p> {
    /// The simulation of a plan, before its first event; with a rate, in steady state.
    pub fn new(plan: &'p Plan) -> Self {
        let from = plan.timing.from;
        let mut stream = Stream {
            plan,
            active: Active::background(plan, from),
            world: World::new(plan),
            started: 0,
            numbers: vec![0; plan.background],
            warmed: 0,
            next_start: None,
            jitter: plan.workload().jitter(),
            emitted: 0,
            numbered: 0,
            limit: plan.timing.events.unwrap_or(u64::MAX),
            to: plan.timing.to.unwrap_or(i64::MAX),
            pace: plan.timing.schedule.as_ref().map(|schedule| Pace::new(plan, schedule)),
            longest_wait: 0,
            injected: None,
        };
        if stream.pace.is_none() {
            stream.next_start = stream.start_time();
        } else if plan.timing.warm {
            stream.warm_up();
            stream.warmed = stream.started;
        }
        if plan.background < plan.scenarios.len() {
            stream.injected = Some(Box::new(Injected::new(plan, &mut stream.world)));
        }
        stream
    }

    /// Simulates the rest of the run: returns the number of events, and the time of the last.
    pub fn run_through(&mut self) -> (u64, Option<i64>) {
        let mut slots = Vec::new();
        let (mut count, mut last) = (0, None);
        while let Some(record) = self.next(&mut slots) {
            slots.clear();
            count += 1;
            last = Some(record.time);
        }
        (count, last)
    }

    /// Number of events yielded so far, without those of injected scenarios.
    pub(crate) fn emitted(&self) -> u64 {
        self.emitted
    }

    /// How many instances have started since the run's beginning.
    pub(crate) fn started_in_run(&self) -> u64 {
        self.started - self.warmed
    }

    /// By scenario: how many instances have started, those in progress at the start of the run included.
    pub fn started(&self) -> &[u64] {
        &self.numbers
    }

    /// Number of instances in progress.
    pub fn going_on(&self) -> u64 {
        self.active.instances.len() as u64
    }

    /// Number of resources of which the instances in progress keep a state.
    pub fn resources_kept(&self) -> u64 {
        let kept = |scenario: u16| {
            let own = self.plan.scenarios[usize::from(scenario)].resources.iter().filter(|resource| resource.is_own());
            own.map(|resource| u64::from(resource.count)).sum::<u64>()
        };
        self.active.instances.scenarios().map(kept).sum()
    }

    /// Whether a finished run has fewer events than requested, because event time ends in the year 2262: instances were
    /// left to start, slots to fill, or steps to happen.
    pub(crate) fn is_cut_by_time(&self) -> bool {
        if self.emitted >= self.limit || self.to != i64::MAX {
            return false;
        }
        let timing = &self.plan.timing;
        match &timing.schedule {
            Some(schedule) => schedule.length().is_none_or(|length| timing.from.checked_add_unsigned(length).is_none()),
            None => self.next_start.is_none() && self.is_start_left() || self.active.is_cut_by_time(),
        }
    }

    /// Whether an instance is left to start.
    fn is_start_left(&self) -> bool {
        self.plan.workload().has_start(self.plan.timing.starts, self.started)
    }

    /// The next event, or `None` at the end of the run. Appends the state that its rendering needs to `slots`.
    pub fn next(&mut self, slots: &mut Vec<u64>) -> Option<Record> {
        if self.injected.is_none() { self.next_of_background(slots) } else { self.next_of_all(slots) }
    }

    #[inline(never)]
    fn next_of_all(&mut self, slots: &mut Vec<u64>) -> Option<Record> {
        let mut injected = self.injected.take()?;
        let next = injected.next(self, slots);
        self.injected = Some(injected);
        let number = self.numbered;
        self.numbered += 1;
        next.map(|record| Record { number, ..record })
    }

    /// Like [`next`](Self::next), but pushes the record to `records`. Builds it in place: copying it as one wide load
    /// just after narrow stores would stall (no store-to-load forwarding). `false` at the end of the run.
    pub(crate) fn add_next(&mut self, records: &mut Vec<Record>, slots: &mut Vec<u64>) -> bool {
        if self.injected.is_none() {
            return self.add_next_of_background(records, slots);
        }
        let next = self.next_of_all(slots);
        records.extend(next);
        next.is_some()
    }

    #[inline(never)]
    fn add_next_of_background(&mut self, records: &mut Vec<Record>, slots: &mut Vec<u64>) -> bool {
        self.happen(slots, |record| records.push(record)).is_some()
    }

    /// The next event that is not injected, numbered as if there were no injected scenarios.
    #[inline(never)]
    fn next_of_background(&mut self, slots: &mut Vec<u64>) -> Option<Record> {
        self.happen(slots, |record| record)
    }

    #[expect(clippy::inline_always, reason = "what is handed on through memory is waited for")]
    #[inline(always)]
    fn happen<T>(&mut self, slots: &mut Vec<u64>, give: impl FnOnce(Record) -> T) -> Option<T> {
        if self.emitted >= self.limit {
            return None;
        }
        let (due, time) = self.next_due()?;
        let number = self.emitted;
        self.emitted += 1;
        Some(give(self.active.happen(self.plan, &mut self.world, due, number, time, slots)))
    }

    /// The next step and its time: with a rate, the time of the next slot; otherwise its due time.
    #[expect(clippy::inline_always, reason = "what is handed on through memory is waited for")]
    #[inline(always)]
    fn next_due(&mut self) -> Option<(Due, i64)> {
        let slot = match self.pace {
            Some(_) => Some(self.next_slot().filter(|slot| *slot < self.to)?),
            None => None,
        };
        loop {
            // An instance starts before anything else that is due at the same time.
            let before = || self.next_start.map_or(i64::MAX, |start| start.saturating_sub(1)).min(self.to - 1);
            let limit = slot.unwrap_or_else(before);
            if let Some(due) = self.active.pop_until(limit) {
                let time = slot.unwrap_or(due.time);
                self.longest_wait = self.longest_wait.max(time - due.time);
                return Some((due, time));
            }
            if let Some(slot) = slot {
                let place = self.start_in_slot(slot);
                return Some((Due { time: slot, order: self.started - 1, place }, slot));
            }
            let start = self.next_start.filter(|start| *start < self.to)?;
            self.start(start);
        }
    }

    /// When the next instance starts.
    fn start_time(&self) -> Option<i64> {
        let timing = &self.plan.timing;
        self.plan.workload().start_time(timing.starts, timing.every, self.jitter, self.started, timing.from)
    }

    #[inline(never)]
    fn start(&mut self, time: i64) {
        let (place, due) = self.begin(time);
        self.active.schedule(self.plan, due, self.started - 1, place);
        self.next_start = self.start_time();
    }

    /// Begins the next instance; its place and when its first step is due, if it has one.
    fn begin(&mut self, time: i64) -> (u32, Option<i64>) {
        let scenario = self.plan.workload().scenario_of(self.plan.timing.starts, self.started);
        let number = self.numbers[scenario];
        self.numbers[scenario] += 1;
        self.started += 1;
        self.active.begin(self.plan, &mut self.world, (scenario as u16, number), time)
    }
}

impl World {
    fn new(plan: &Plan) -> Self {
        World {
            stamps: Stamps::new(plan.timing.from),
            roles: Roles::new(&plan.catalog),
            began: vec![None; plan.scenarios.len()],
            injected: false,
        }
    }

    /// The minute on which the actors of an instance depend that begins at `time`; see [`InstanceStart::minute`].
    fn minute(&mut self, plan: &Plan, (scenario, number): (u16, u64), time: i64) -> u16 {
        let Some(hours) = &plan.population.hours else { return 0 };
        let first = plan.population.first_of_burst(plan.scenarios[usize::from(scenario)].key, number);
        let began = &mut self.began[usize::from(scenario)];
        // The instances of a scenario begin in the order of their numbers.
        let known = began.filter(|began| began.number == first);
        began.insert(known.unwrap_or_else(|| InstanceStart { number: first, minute: hours.minute(time) })).minute
    }
}

/// Simulates the first `instances` instances of a scenario, each by itself. `each` gets every event, numbered 0.
pub(crate) fn simulate_alone(plan: &Plan, scenario: usize, instances: u64, mut each: impl FnMut(&Record)) {
    let (mut world, mut active) = (World::new(plan), Active::new(plan, plan.timing.from));
    let mut slots = Vec::new();
    for number in 0..instances {
        let (place, due) = active.begin(plan, &mut world, (scenario as u16, number), plan.timing.from);
        active.schedule(plan, due, 0, place);
        while let Some(due) = active.pop_until_apart(i64::MAX) {
            slots.clear();
            each(&active.happen_apart(plan, &mut world, due, due.time, &mut slots));
        }
    }
}

/// Draws a delay from a range, both ends included.
fn delay(key: Key, range: DurationRange) -> i64 {
    if range.low == range.high { range.low as i64 } else { key.between(range.low, range.high) as i64 }
}
