//! The steady state in which a run with a rate starts: which instances are in progress, and how far they are.
//!
//! By Little's law, the number of instances that wait for a turn of a call is the rate at which instances come to it,
//! times the mean delay. So the instances in progress are drawn directly, place by place: no instance that is over is
//! ever looked at, however long a few others last. An instance that is found waiting is in a delay that is longer than
//! usual (a delay is found in proportion to its length), and anywhere within it.
//!
//! The path to its place is that of its key, except that it takes the branches that lead there. Its state is that of
//! its earlier calls, at times before the run.

use crate::{
    plan::{
        Plan, Workload,
        resolved::{Call, Operation, ResolvedScenario, TurnCount},
    },
    simulation::{
        Active, DAY, Expectation, GOLDEN, World, delay, draws,
        expectation::TurnCounts,
        instance::drawn_turns,
        position::{Past, Position, Visit},
        steps::StepKind,
    },
    units::{DurationRange, Rate},
    value::Key,
};

/// How many instances wait where in the steady state of a run.
#[derive(Debug)]
pub(crate) struct SteadyState {
    places: Vec<Place>,
    /// By scenario: the number of instances in progress.
    pub scenarios: Vec<f64>,
    /// Number of instances in progress.
    pub instances: f64,
}

/// Instances waiting for a call.
#[derive(Debug, Clone, Copy)]
struct Place {
    scenario: u16,
    operation: u32,
    /// Whether for a later turn, or for its first.
    later: bool,
    /// Expected number.
    instances: f64,
}

/// Draws instances in progress.
pub(super) struct Draw<'p> {
    plan: &'p Plan,
    /// By scenario: of each `choose`, the operation at which its branches join.
    joins: Vec<Vec<u32>>,
    visits: Vec<Visit>,
}

/// Nothing happens before this, in nanoseconds since the Unix epoch: what existed before an instance is up to a month
/// older.
const EARLIEST: i64 = i64::MIN + 60 * DAY;

/// Of a repetition that is longer, only this many of the first and of the last turns are applied to the state.
const APPLIED: u32 = 2_048;

/// How many instances are tried until one has an event before the place where it waits.
const TRIES: u32 = 100_000;

/// 2⁶⁴, of which 64 random bits are a part, and 2³².
const ALL: f64 = 18_446_744_073_709_551_616.0;
const PART: f64 = 4_294_967_296.0;

const NANOSECONDS_A_DAY: f64 = 86_400e9;

impl SteadyState {
    /// The steady state of a workload at a rate.
    pub(crate) fn new(workload: Workload<'_>, rate: Rate) -> Self {
        let scenarios = Expectation::for_background(workload);
        let events = scenarios.iter().map(|(share, it)| share * it.events).sum::<f64>();
        let per_nanosecond = rate.per_day_in_thousandths() as f64 / 1_000.0 / NANOSECONDS_A_DAY;
        let starts = if events > 0.0 { per_nanosecond / events } else { 0.0 };
        let mut state = SteadyState { places: Vec::new(), scenarios: Vec::new(), instances: 0.0 };
        for (scenario, (share, expected)) in scenarios.iter().enumerate() {
            let before = state.instances;
            for (operation, call) in expected.calls.iter().enumerate() {
                for (later, wait) in [(false, call.first_wait), (true, call.later_waits)] {
                    let instances = starts * share * wait;
                    if instances > 0.0 {
                        let (scenario, operation) = (scenario as u16, operation as u32);
                        state.places.push(Place { scenario, operation, later, instances });
                        state.instances += instances;
                    }
                }
            }
            state.scenarios.push(state.instances - before);
        }
        state
    }

    /// The places of all instances in progress, in an order in which each beginning has the shares of the whole: a
    /// low-discrepancy sequence. With each instance: where it is among those of its place, from 0 to 1.
    fn instances(&self, plan: &Plan, keys: Key) -> impl Iterator<Item = (Place, u64, f64)> {
        let mut given = vec![0_u64; self.places.len()];
        let fixed: Vec<bool> = self.places.iter().map(|place| place.is_fixed(plan)).collect();
        let mut sum = 0.0;
        let ends: Vec<f64> = self
            .places
            .iter()
            .map(|place| {
                sum += place.instances;
                sum
            })
            .collect();
        (0..self.instances.round() as u64).map(move |order| {
            let bits = keys.bits().wrapping_add(order.wrapping_mul(GOLDEN));
            let at = bits as f64 / ALL * sum;
            let number = ends.partition_point(|end| *end <= at).min(ends.len() - 1);
            let place = self.places[number];
            given[number] += 1;
            // Equal delays keep the distances between instances, so these are equal, too, and steps of different places
            // are due between each other.
            let within = if fixed[number] {
                let offset = (number as u64 + 1).wrapping_mul(GOLDEN) as f64 / ALL;
                ((given[number] as f64 - offset) / place.instances).fract()
            } else {
                1.0 - (ends[number] - at) / place.instances
            };
            (place, order, within.clamp(0.0, 1.0))
        })
    }
}

impl Place {
    /// The delay in which an instance waits here.
    fn range(self, plan: &Plan) -> DurationRange {
        match &plan.scenarios[usize::from(self.scenario)].operations[self.operation as usize] {
            Operation::Call(call) if self.later => call.every,
            Operation::Call(call) => call.after,
            _ => DurationRange { low: 0, high: 0 },
        }
    }

    /// Whether all instances wait equally long here.
    fn is_fixed(self, plan: &Plan) -> bool {
        let range = self.range(plan);
        range.low == range.high
    }
}

impl<'p> Draw<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        Draw { plan, joins: plan.scenarios.iter().map(joins).collect(), visits: Vec::new() }
    }

    /// Puts all instances of a steady state in progress; returns how many there are. `numbers` counts the instances of
    /// each scenario.
    pub(super) fn all(
        &mut self,
        state: &SteadyState,
        active: &mut Active,
        world: &mut World,
        numbers: &mut [u64],
    ) -> u64 {
        let plan = self.plan;
        let keys = plan.pick.name("steady state");
        let due = |place: Place, within| plan.timing.from.saturating_add(residual(within, place.range(plan)));
        active.smoothing().expect(state.instances(plan, keys).map(|(place, _, within)| due(place, within)));
        world.stamps.begin_past();
        for (place, order, within) in state.instances(plan, keys) {
            let part = (order as f64 / state.instances * PART) as u64;
            let key = keys.number(order);
            let second = key.name("second").draw() as f64 / ALL;
            let dues = [due(place, within), due(place, if place.is_fixed(plan) { within } else { second })];
            let due = active.smoothing().less_crowded(dues, part);
            self.one(place, (key, order, due), active, world, numbers);
        }
        world.stamps.end_past();
        state.instances.round() as u64
    }

    fn one(
        &mut self,
        place: Place,
        (key, order, due): (Key, u64, i64),
        active: &mut Active,
        world: &mut World,
        numbers: &mut [u64],
    ) {
        let plan = self.plan;
        let scenario = &plan.scenarios[usize::from(place.scenario)];
        let Operation::Call(call) = &scenario.operations[place.operation as usize] else { return };
        let numbers = &mut numbers[usize::from(place.scenario)];
        let mut tries = 0;
        let (number, mut age) = loop {
            let number = *numbers;
            *numbers += 1;
            tries += 1;
            let (age, events) = self.path(place, number, active);
            // With a rate, an instance starts with its first event, so it never waits for that.
            if events > 0 || place.later || tries >= TRIES {
                break (number, age);
            }
        };
        let counts = TurnCounts::new(call, scenario);
        let (turn, turns) = if place.later { later_turn(key, counts) } else { (0, first_turns(key, counts)) };
        let instance = scenario.key.number(number).number(call.salt);
        let changes = active.changes_state(place.scenario, place.operation);
        age = self.turns(call, (instance, place.operation), turn, changes, age);
        let (range, from) = (place.range(plan), plan.timing.from);
        let elapsed = elapsed(key.name("elapsed"), range, due - from);
        let start = from.saturating_sub(elapsed).saturating_sub(age).max(EARLIEST);
        let position = Position { operation: place.operation, turn, turns };
        let past = Past { start, visits: &self.visits };
        active.put_in_progress(plan, world, (place.scenario, number), (past, position), (due, order));
    }

    /// Walks an instance to the place where it waits: its age there, and the number of its events.
    fn path(&mut self, place: Place, number: u64, active: &Active) -> (i64, u64) {
        self.visits.clear();
        let scenario = &self.plan.scenarios[usize::from(place.scenario)];
        let key = scenario.key.number(number);
        let (mut at, mut age, mut events) = (0, 0, 0);
        while at < place.operation {
            match &scenario.operations[at as usize] {
                Operation::Jump(to) => at = *to as u32,
                Operation::Choose { salt, weights, targets } => {
                    let join = self.joins[usize::from(place.scenario)][at as usize];
                    at = if place.operation < join {
                        let after = targets.partition_point(|target| *target <= place.operation as usize);
                        targets[after.saturating_sub(1)] as u32
                    } else {
                        targets[weights.draw(key.number(*salt))] as u32
                    };
                }
                Operation::Call(call) => {
                    let key = key.number(call.salt);
                    let turns = drawn_turns(call, scenario, key);
                    let changes = active.changes_state(place.scenario, at);
                    age = self.turns(call, (key, at), turns, changes, age);
                    events += u64::from(turns);
                    at += 1;
                }
            }
        }
        (age, events)
    }

    /// Passes the first turns of a call, at an age; returns the age after them.
    fn turns(&mut self, call: &Call, (key, operation): (Key, u32), turns: u32, changes: bool, mut age: i64) -> i64 {
        let is_long = turns > 2 * APPLIED && call.turns != TurnCount::Each;
        let mut turn = 0;
        while turn < turns {
            if is_long && turn == APPLIED {
                let passed = turns - 2 * APPLIED;
                let every = u64::midpoint(call.every.low, call.every.high);
                age = age.saturating_add_unsigned(every.saturating_mul(passed.into()));
                turn += passed;
            }
            let range = if turn == 0 { call.after } else { call.every };
            let key = if turn == 0 { key } else { key.number(draws::TURN + u64::from(turn)) };
            age = age.saturating_add(delay(key.number(draws::AFTER), range));
            if changes {
                self.visits.push(Visit { operation, turn, age });
            }
            turn += 1;
        }
        age
    }
}

/// By operation: where the branches of a `choose` join.
fn joins(scenario: &ResolvedScenario) -> Vec<u32> {
    let mut joins = vec![0; scenario.operations.len()];
    for (at, operation) in scenario.operations.iter().enumerate().rev() {
        let Operation::Choose { targets, .. } = operation else { continue };
        // Each branch ends with a jump to the join.
        let mut within = targets.first().copied().unwrap_or(at + 1);
        joins[at] = loop {
            match scenario.operations.get(within) {
                Some(Operation::Call(_)) => within += 1,
                Some(Operation::Choose { .. }) => within = joins[within] as usize,
                Some(Operation::Jump(to)) => break *to as u32,
                None => break within as u32,
            }
        };
    }
    joins
}

/// The number of turns of a call that has at least one.
fn first_turns(key: Key, counts: TurnCounts) -> u32 {
    key.name("turns").between(counts.low.max(1), counts.high.max(1)) as u32
}

/// A turn after the first, and the number of turns of its call: `n` turns are found in proportion to the `n - 1` waits
/// for later ones.
fn later_turn(key: Key, counts: TurnCounts) -> (u32, u32) {
    let (low, high) = (counts.low.max(2) - 1, counts.high.max(2) - 1);
    let below = |waits: u64| waits * (waits + 1) / 2;
    let drawn = below(low - 1) + key.name("turns").below(below(high) - below(low - 1));
    // The smallest number of waits with more than `drawn` below or at it.
    let mut waits = (((8.0 * drawn as f64 + 1.0).sqrt() - 1.0) / 2.0) as u64;
    while waits > 0 && below(waits) > drawn {
        waits -= 1;
    }
    while below(waits) <= drawn {
        waits += 1;
    }
    (1 + key.name("turn").below(waits) as u32, waits as u32 + 1)
}

/// The rest of a delay from a range in which an instance is found: uniform up to the shortest delay, then falling
/// to 0 at the longest. `part` of all instances have less left.
fn residual(part: f64, range: DurationRange) -> i64 {
    let (low, high) = (range.low as f64, range.high as f64);
    // The shortest delay has its share of the mean, `(low + high) / 2`.
    let short = 2.0 * low / (low + high).max(1.0);
    let left = if part < short {
        low * part / short
    } else {
        let above = (1.0 - part) / (1.0 - short).max(f64::MIN_POSITIVE);
        high - (high - low) * above.clamp(0.0, 1.0).sqrt()
    };
    (left as u64).min(range.high) as i64
}

/// How long an instance has waited in a delay of which this much is left.
fn elapsed(key: Key, range: DurationRange, left: i64) -> i64 {
    let left = left.unsigned_abs();
    let longest = range.high.saturating_sub(left);
    key.between(range.low.saturating_sub(left).min(longest), longest) as i64
}

impl Active {
    /// Whether the events of a call may change the state of its instance.
    pub(super) fn changes_state(&self, scenario: u16, operation: u32) -> bool {
        self.steps.at(self.steps.first(scenario) + operation).kind == StepKind::Call
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Run, simulation::Walker, units::rate};

    /// Little's law: the instances in progress are those that start within the mean duration.
    #[test]
    fn the_number_in_progress_follows_from_the_durations() {
        let run = Run::new("busy-day").seed(7).from("2026-01-05").events_limit(9);
        let plan = run.with(|options| options.rate = Some(rate("5000/s").unwrap())).plan().unwrap();
        let state = SteadyState::new(plan.workload(), rate("5000/s").unwrap());
        let mut walker = Walker::new(&plan.scenarios);
        let (mut durations, mut events) = (0.0, 0.0);
        for (scenario, (share, _)) in Expectation::for_background(plan.workload()).iter().enumerate() {
            let (mut sum, mut count) = (0, 0);
            for number in 0..3_000 {
                let (mut begun, mut ended) = (None, 0);
                walker.walk(scenario, number, |_, age, turns| {
                    (begun, ended, count) = (begun.or(Some(age)), age, count + turns);
                });
                // With a rate an instance starts with its first event.
                sum += ended - begun.unwrap_or(ended);
            }
            durations += share * sum as f64 / 3_000.0;
            events += share * count as f64 / 3_000.0;
        }
        let expected = 5_000.0 / events * durations / 1e9;
        assert!((state.instances / expected - 1.0).abs() < 0.03, "{}, not {expected}", state.instances);
        let in_progress = plan.stream().going_on();
        assert_eq!(in_progress, state.instances.round() as u64);
    }

    /// Turns and delays are found in proportion to their length.
    #[test]
    fn long_waits_are_found_more_often() {
        const DRAWS: u64 = 40_000;
        let counts = TurnCounts::certain(1, 4);
        let mut found = [[0_u64; 5]; 5];
        let (mut left, mut passed) = (0.0, 0.0);
        let range = DurationRange { low: 1_000_000, high: 3_000_000 };
        for number in 0..DRAWS {
            let key = Key::root(5).number(number);
            let (turn, turns) = later_turn(key, counts);
            found[turns as usize][turn as usize] += 1;
            let residual = residual(key.name("left").draw() as f64 / ALL, range);
            let elapsed = elapsed(key.name("passed"), range, residual);
            assert!((range.low..=range.high).contains(&(residual + elapsed).unsigned_abs()));
            (left, passed) = (left + residual as f64, passed + elapsed as f64);
        }
        // Of 2, 3 or 4 turns there are 1, 2 or 3 later waits.
        for (turns, found) in found.iter().enumerate().take(5).skip(2) {
            for (turn, found) in found.iter().enumerate().take(turns).skip(1) {
                let share = *found as f64 / DRAWS as f64;
                assert!((share - 1.0 / 6.0).abs() < 0.01, "turn {turn} of {turns}: {share}");
            }
        }
        // E[D²] / 2 E[D] of the uniform distribution.
        let mean = (1.0 + 3.0 + 9.0) / 3.0 / 4.0 * 1e6;
        for found in [left, passed] {
            assert!((found / DRAWS as f64 / mean - 1.0).abs() < 0.02, "{found}");
        }
    }
}
