//! Runs at the pace of the wall clock, by a clock that the test moves: open loop, and never a byte other than those of
//! the same run as fast as possible.

use super::trail;
use falsetrail::machinery::{
    Plan,
    bytes::Chunk,
    clock::{Clock, ManualClock},
    error::Error,
    run::{self, EmitOptions, Lag, Live, Outcome, Slice},
    sink::{Delivered, Ending, Failed, Flow, Memory, Sink},
    units::rate,
};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

const SECOND: i64 = 1_000_000_000;
const MILLISECOND: i64 = 1_000_000;

/// Writes down when events leave, and lets time pass meanwhile.
struct Watched {
    clock: Arc<ManualClock>,
    memory: Memory,
    /// Event time and wall time of each event.
    left: Arc<Mutex<Vec<(i64, i64)>>>,
    /// Before which event it stalls, and for how long.
    stalls: Vec<(u64, i64)>,
    /// How long it takes for each chunk.
    takes: i64,
    /// Behind which event it asks to stop.
    stops: Option<u64>,
    stop: Arc<AtomicBool>,
}

impl Sink for Watched {
    fn take(&mut self, chunk: &Chunk) -> Result<Flow, Error> {
        let numbers = chunk.events[0].number..chunk.events[0].number + chunk.events.len() as u64;
        self.stalls.retain(|(before, lasts)| {
            let now = *before < numbers.end;
            self.clock.advance(if now { *lasts } else { 0 });
            !now
        });
        self.clock.advance(self.takes);
        let now = self.clock.now();
        self.left.lock().unwrap().extend(chunk.events.iter().map(|event| (event.time, now)));
        if self.stops.is_some_and(|stops| stops < numbers.end) {
            self.stop.store(true, Ordering::Relaxed);
        }
        self.memory.take(chunk)
    }

    fn finish(self: Box<Self>, ending: Ending) -> Result<Delivered, Box<Failed>> {
        Box::new(self.memory).finish(ending)
    }
}

/// A clock that stands still for the process once, as by SIGSTOP, a cgroup freezer or a suspended machine: when the run
/// wakes up, more time has passed than it has waited for.
struct Freezing {
    clock: Arc<ManualClock>,
    /// When, in wall time, and for how long; taken when it has happened.
    freeze: Mutex<Option<(i64, i64)>>,
}

impl Clock for Freezing {
    fn now(&self) -> i64 {
        self.clock.now()
    }

    fn wait_until(&self, time: i64, stop: &AtomicBool) {
        self.clock.wait_until(time, stop);
        let mut freeze = self.freeze.lock().unwrap();
        if let Some((_, lasts)) = freeze.take_if(|(begins, _)| *begins <= self.clock.now()) {
            self.clock.advance(lasts);
        }
    }
}

/// How a test's run goes.
#[derive(Default)]
struct Case {
    skip: u64,
    /// What the clock shows at first, in nanoseconds since the run's beginning.
    begins: i64,
    speed: Option<f64>,
    max_lag: Option<i64>,
    stalls: Vec<(u64, i64)>,
    /// When the process freezes, since the run's beginning, and for how long.
    freeze: Option<(i64, i64)>,
    takes: i64,
    stops: Option<u64>,
}

struct Seen {
    outcome: Outcome,
    bodies: Vec<u8>,
    /// Event time and wall time of each event, since the run's beginning.
    left: Vec<(i64, i64)>,
}

impl Case {
    fn run(self, plan: &Plan) -> Seen {
        let from = plan.timing.from;
        let clock = Arc::new(ManualClock::new(from + self.begins));
        let (memory, left, stop) = (Memory::default(), Arc::default(), Arc::new(AtomicBool::new(false)));
        let sink = Box::new(Watched {
            clock: Arc::clone(&clock),
            memory: memory.clone(),
            left: Arc::clone(&left),
            stalls: self.stalls,
            takes: self.takes,
            stops: self.stops,
            stop: Arc::clone(&stop),
        });
        let max_lag = self.max_lag.map(|lag| lag as u64);
        let freeze = Mutex::new(self.freeze.map(|(begins, lasts)| (from + begins, lasts)));
        let clock = Arc::new(Freezing { clock, freeze });
        let live = Some(Live { clock, speed: self.speed.unwrap_or(1.0), max_lag });
        let options =
            EmitOptions { part: Slice { skip: self.skip, ..Slice::default() }, live, ..EmitOptions::default() };
        let outcome = run::emit(plan, sink, options, &stop);
        let since = |(time, now): &(i64, i64)| (time - from, now - from);
        let left = left.lock().unwrap().iter().map(since).collect();
        Seen { outcome, bodies: memory.collected().bodies, left }
    }
}

fn paced(text: &str, seconds: i64) -> Plan {
    let run = trail::run_of("busy-day").with(|options| {
        options.rate = Some(rate(text).unwrap());
        options.duration = Some((seconds * SECOND) as u64);
    });
    trail::plan(&run)
}

/// Bodies as fast as possible, behind the first `skip`.
fn bodies(plan: &Plan, skip: usize) -> Vec<u8> {
    plan.events().skip(skip).flat_map(|event| [event.body, b"\n".to_vec()].concat()).collect()
}

/// So late that the given share of events was at most as late.
fn quantile(left: &[(i64, i64)], share: f64) -> i64 {
    let mut late: Vec<i64> = left.iter().map(|(time, now)| (now - time).max(0)).collect();
    late.sort_unstable();
    late[((late.len() as f64 * share).ceil() as usize).max(1) - 1]
}

/// What is measured in a histogram has two digits.
fn is_about(found: u64, expected: i64) {
    let expected = expected as f64;
    assert!((found as f64 - expected).abs() <= expected / 100.0 + 1.0, "{found}, expected {expected}");
}

#[test]
fn events_leave_when_their_time_has_come_and_not_before_the_beginning() {
    let plan = paced("1000/s", 4);
    // The beginning lies an hour ahead; each chunk takes a moment.
    let seen = Case { begins: -3600 * SECOND, takes: 100_000, ..Case::default() }.run(&plan);
    assert!(seen.bodies == bodies(&plan, 0));
    assert_eq!(seen.left.len(), 4_000);
    assert!(seen.left[0].1 >= 0, "the first left {} ns before the beginning", -seen.left[0].1);
    for (time, now) in &seen.left {
        assert!((now - time).abs() <= MILLISECOND, "due at {time}, left at {now}");
    }
    let lag = seen.outcome.lag.unwrap();
    is_about(lag.max, quantile(&seen.left, 1.0));
    assert_eq!(lag.took as i64, seen.left[3_999].1 - seen.left[0].1);
}

#[test]
fn a_sink_that_stalls_slows_nothing_down_and_nothing_is_left_out() {
    let plan = paced("1000/s", 12);
    let seen = Case { stalls: vec![(5_432, 3 * SECOND)], ..Case::default() }.run(&plan);
    assert!(seen.bodies == bodies(&plan, 0), "other bytes, or other events");
    assert!(seen.outcome.error.is_none() && !seen.outcome.stopped);
    // Open loop: those that were due meanwhile leave at once, and those after them on time.
    let stalled = seen.left[5_432].1;
    for (time, now) in &seen.left {
        let late = now - time;
        assert!(late >= -MILLISECOND, "due at {time}, left at {now}");
        // Events within a millisecond leave together, so those around the stall may be on either side of it.
        if (stalled - 3 * SECOND + MILLISECOND..stalled).contains(time) {
            assert!((now - stalled).abs() <= MILLISECOND, "it catches up at once: due at {time}, left at {now}");
        } else if (*time - stalled + 3 * SECOND).abs() > MILLISECOND {
            assert!(late <= MILLISECOND, "due at {time}, left at {now}");
        }
    }
    let Lag { p50, p99, max, last, .. } = seen.outcome.lag.unwrap();
    is_about(p50, quantile(&seen.left, 0.5));
    is_about(p99, quantile(&seen.left, 0.99));
    is_about(max, 3 * SECOND);
    assert!(p99 > 2_000_000_000 && p50 < 1_000_000, "{p50} {p99}");
    assert_eq!(last as i64, quantile(&seen.left[11_999..], 1.0));
}

/// What became due meanwhile leaves together, so fewer and larger chunks make up for it.
#[test]
fn a_sink_that_takes_its_time_for_each_chunk_is_no_slower() {
    let plan = paced("200/s", 10);
    let seen = Case { takes: 20 * MILLISECOND, ..Case::default() }.run(&plan);
    assert!(seen.bodies == bodies(&plan, 0));
    assert!(quantile(&seen.left, 1.0) < 60 * MILLISECOND, "{}", quantile(&seen.left, 1.0));
}

#[test]
fn a_lag_that_is_not_allowed_ends_the_run_with_the_number_of_the_rest() {
    let plan = paced("1000/s", 8);
    for (max_lag, ends) in [(SECOND, true), (2_999 * MILLISECOND, true), (3_001 * MILLISECOND, false)] {
        let seen = Case { stalls: vec![(4_000, 3 * SECOND)], max_lag: Some(max_lag), ..Case::default() }.run(&plan);
        let Outcome { error, .. } = &seen.outcome;
        assert_eq!(error.is_some(), ends, "{max_lag}: {error:?}");
        let Some(error) = error else { continue };
        assert!(error.to_string().contains("an event left 3s late, more than `--max-lag` allows"), "{error}");
        let rest = seen.outcome.rest().expect("it can be continued");
        assert_eq!(rest, seen.left.len() as u64);
        assert!((4_001..4_300).contains(&rest), "{rest}");
        assert!([seen.bodies, bodies(&plan, rest as usize)].concat() == bodies(&plan, 0));
    }
}

/// All that was due meanwhile fits into one batch, whose last event is on time: the oldest tells.
#[test]
fn a_freeze_of_the_process_is_a_lag() {
    let plan = paced("20/s", 8);
    for (max_lag, ends) in [(300 * MILLISECOND, true), (2_990 * MILLISECOND, true), (3_060 * MILLISECOND, false)] {
        let freeze = Some((4 * SECOND, 3 * SECOND));
        let seen = Case { freeze, max_lag: Some(max_lag), ..Case::default() }.run(&plan);
        let late = quantile(&seen.left, 1.0);
        assert!((2_999 * MILLISECOND..3_051 * MILLISECOND).contains(&late), "{late}");
        let Outcome { error, .. } = &seen.outcome;
        assert_eq!(error.is_some(), ends, "{max_lag}: {error:?}");
        let Some(error) = error else {
            assert!(seen.bodies == bodies(&plan, 0));
            continue;
        };
        assert!(error.to_string().contains(" late, more than `--max-lag` allows"), "{error}");
        let rest = seen.outcome.rest().expect("it can be continued");
        assert_eq!(rest, seen.left.len() as u64);
        assert!((80..160).contains(&rest), "{rest}");
        assert!([seen.bodies, bodies(&plan, rest as usize)].concat() == bodies(&plan, 0));
    }
}

#[test]
fn an_hour_in_a_minute() {
    let plan = paced("0.5/s", 3600);
    for speed in [60.0, 0.5, 7.25] {
        let seen = Case { begins: -SECOND, speed: Some(speed), ..Case::default() }.run(&plan);
        assert!(seen.bodies == bodies(&plan, 0));
        for (time, now) in &seen.left {
            let due = (*time as f64 / speed) as i64;
            assert!((now - due).abs() <= MILLISECOND, "at {speed}: due at {due}, left at {now}");
        }
        assert!(seen.outcome.lag.unwrap().max < 1_000_000);
    }
}

/// It keeps its bytes, and its pace is at most twice what it was until it has caught up.
#[test]
fn a_continued_run_catches_up_at_no_more_than_twice_its_rate() {
    let plan = paced("20/s", 200);
    let rest = bodies(&plan, 400);
    for (speed, late) in [(1.0, 60), (1.0, 0), (4.0, 10), (1.0, 500)] {
        let skip = 400;
        let first_due = (20.0 * SECOND as f64 / speed) as i64;
        let seen = Case { skip, begins: first_due + late * SECOND, speed: Some(speed), ..Case::default() }.run(&plan);
        assert!(seen.bodies == rest);
        let due = |time: i64| (time as f64 / speed) as i64;
        let (first, began) = seen.left[0];
        let soonest = due(first).max(first_due + late * SECOND);
        assert!((began - soonest).abs() <= MILLISECOND, "it goes on at once, or when its first event is due");
        for (time, now) in &seen.left {
            let soonest = began + (due(*time) - due(first)) / 2;
            let wanted = due(*time).max(soonest);
            assert!((now - wanted).abs() <= MILLISECOND, "{late} s late: due at {wanted}, left at {now}");
        }
        // Twice the pace gains a second in a second.
        let (time, now) = seen.left[seen.left.len() - 1];
        let lacks = (late * SECOND - (due(time) - due(first)) / 2).max(0);
        assert!((now - due(time) - lacks).abs() <= 50 * MILLISECOND, "{late} s late: {}", now - due(time));
        is_about(seen.outcome.lag.unwrap().max, latest(&seen.left, due));
    }
}

/// How late the latest event left, where those of a continued run are due at no more than twice their pace.
fn latest(left: &[(i64, i64)], due: impl Fn(i64) -> i64) -> i64 {
    let (first, began) = left[0];
    let wanted = |time: i64| due(time).max(began + (due(time) - due(first)) / 2);
    left.iter().map(|(time, now)| (now - wanted(*time)).max(0)).max().unwrap()
}

#[test]
fn a_run_without_an_end_goes_on_until_it_is_stopped() {
    let run = trail::run_of("busy-day").with(|options| {
        options.rate = Some(rate("300/s").unwrap());
        options.inject = vec!["mass-deletion@+2s".to_owned()];
        options.live = true;
    });
    let plan = trail::plan(&run);
    assert!(plan.timing.is_endless());
    let seen = Case { stops: Some(3_000), ..Case::default() }.run(&plan);
    assert!(seen.outcome.stopped);
    let rest = seen.outcome.rest().expect("it can be continued");
    assert_eq!(rest, seen.left.len() as u64);
    assert!((3_001..3_300).contains(&rest), "{rest}");
    // With `-n` it ends where it was stopped: what was kept back is not counted, nor what was injected.
    let injected = plan.events().take(rest as usize).filter(|event| event.scenario.contains('@')).count() as u64;
    assert_eq!(seen.outcome.background + injected, rest);
    assert!(injected > 0);
}

/// The event that the clock was waited for when the run was stopped is the first of the rest.
#[test]
fn what_was_not_due_when_the_run_was_stopped_is_not_lost() {
    let plan = paced("1/s", 60);
    for stops in [0, 1, 17] {
        let seen = Case { stops: Some(stops), ..Case::default() }.run(&plan);
        assert!(seen.outcome.stopped);
        let rest = seen.outcome.rest().unwrap();
        assert_eq!(rest, stops + 1);
        let next = Case { skip: rest, begins: 30 * SECOND, ..Case::default() }.run(&plan);
        assert!([seen.bodies, next.bodies].concat() == bodies(&plan, 0));
    }
}
