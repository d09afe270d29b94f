//! Event times of a workload without a rate, simulated without the state of its instances.
//!
//! Delays and branches are drawn from keys and never depend on state, so these are the times of the run itself, before
//! its event kinds are compiled.

use crate::{
    plan::{Starts, Workload, resolved::ResolvedScenario},
    simulation::{
        calendar::{CalendarQueue, Due},
        delay_smoothing::DelaySmoothing,
        instance::Instance,
        slab::Instances,
        steps::Steps,
    },
    value::Key,
};

/// Iterator over the times of a workload's events in order, without those of injected scenarios. It ends when all
/// instances have ended.
#[derive(Debug)]
pub(crate) struct EventTimes<'a> {
    workload: Workload<'a>,
    starts: Starts,
    every: u64,
    from: i64,
    jitter: Key,
    /// Number of instances started, in total and by scenario.
    started: u64,
    numbers: Vec<u64>,
    next_start: Option<i64>,
    due: CalendarQueue,
    instances: Instances,
    steps: Steps,
    delays: DelaySmoothing,
}

impl<'a> EventTimes<'a> {
    /// The times of a run whose instances start at intervals of `every` nanoseconds, the first at `from`.
    pub(crate) fn new(workload: Workload<'a>, starts: Starts, every: u64, from: i64) -> Self {
        let jitter = workload.jitter();
        EventTimes {
            workload,
            starts,
            every,
            from,
            jitter,
            started: 0,
            numbers: vec![0; workload.background],
            next_start: workload.start_time(starts, every, jitter, 0, from),
            due: CalendarQueue::new(from, every / 64),
            instances: Instances::default(),
            steps: Steps::without_state(workload.scenarios),
            delays: DelaySmoothing::unknown(),
        }
    }

    /// Whether a finished iteration left out starts or steps because event time ends in the year 2262.
    pub(crate) fn is_cut_by_time(&self) -> bool {
        self.workload.has_start(self.starts, self.started) || self.delays.cut_by_time
    }

    /// How many instances have started.
    pub(crate) fn started(&self) -> u64 {
        self.started
    }

    fn start(&mut self, time: i64) {
        let scenario = self.workload.scenario_of(self.starts, self.started);
        let number = self.numbers[scenario];
        self.numbers[scenario] += 1;
        let scenarios = self.workload.scenarios;
        let mut instance = Instance::at_beginning(scenarios, scenario as u16, number);
        if let Some(first) = instance.enter(scenarios, (&self.steps, &mut self.delays), time) {
            let place = self.instances.insert(instance);
            self.due.push(Due { time: first, order: self.started, place });
        }
        self.started += 1;
        self.next_start = self.workload.start_time(self.starts, self.every, self.jitter, self.started, self.from);
    }
}

impl Iterator for EventTimes<'_> {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        loop {
            // An instance starts before anything else that is due at the same time.
            let before_start = self.next_start.map_or(i64::MAX, |start| start.saturating_sub(1));
            let Some(due) = self.due.pop_until(before_start) else {
                self.start(self.next_start?);
                continue;
            };
            let instance = self.instances.get_mut(due.place);
            match instance.next_time(self.workload.scenarios, (&self.steps, &mut self.delays), due.time) {
                Some(time) => self.due.push(Due { time, ..due }),
                None => self.instances.remove(due.place),
            }
            return Some(due.time);
        }
    }
}

/// When an injected scenario happens, whatever the run's end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// Which of the workload's scenarios.
    pub(crate) scenario: usize,
    /// Number of its events.
    pub(crate) events: u64,
    /// The times of its first and of its last event.
    pub(crate) first: i64,
    pub(crate) last: i64,
    /// Whether it would continue after event time ends.
    pub(crate) cut_by_time: bool,
}

/// For each injected scenario with events, when it happens in a run that starts at `from`.
pub(crate) fn injected_spans(workload: Workload<'_>, from: i64) -> Vec<Span> {
    let steps = Steps::without_state(workload.scenarios);
    let injected = workload.background..workload.scenarios.len();
    injected.filter_map(|scenario| injected_span(workload.scenarios, &steps, scenario, from)).collect()
}

fn injected_span(scenarios: &[ResolvedScenario], steps: &Steps, scenario: usize, from: i64) -> Option<Span> {
    let first = scenarios[scenario].injection.as_ref()?.at.time(from);
    let mut delays = DelaySmoothing::unknown();
    let mut instance = Instance::at_beginning(scenarios, scenario as u16, 0);
    // The first event is at exactly that time, whichever step it is.
    let mut due = instance.enter(scenarios, (steps, &mut delays), first).map(|_| first);
    let mut span = Span { scenario, events: 0, first, last: first, cut_by_time: false };
    while let Some(time) = due {
        span.events += 1;
        span.last = time;
        due = instance.next_time(scenarios, (steps, &mut delays), time);
    }
    span.cut_by_time = delays.cut_by_time;
    (span.events > 0 || span.cut_by_time).then_some(span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Run;

    /// The times and events of a run, as it is simulated with its state.
    fn simulated(run: &Run) -> (crate::Plan, Vec<(usize, i64)>) {
        let plan = run.plan().expect("a shipped scenario can be planned");
        let (mut stream, mut slots) = (plan.stream(), Vec::new());
        let mut events = Vec::new();
        while let Some(record) = stream.next(&mut slots) {
            slots.clear();
            events.push((usize::from(plan.event_kinds[record.event_kind as usize].scenario), record.time));
        }
        (plan, events)
    }

    #[test]
    fn the_times_are_those_of_the_run() {
        let of = |scenario: &str| Run::new(scenario).seed(3).from("2026-01-05T08:00:00Z");
        for run in [
            of("busy-day").events_limit(3_000),
            of("busy-day").instances(80),
            of("mass-deletion").instances(7),
            of("every-method"),
        ] {
            let (plan, events) = simulated(&run);
            let timing = &plan.timing;
            let times = EventTimes::new(plan.workload(), timing.starts, timing.every, timing.from);
            let times: Vec<i64> = times.take(events.len() + 1).collect();
            let is_limited = timing.events.is_some();
            assert_eq!(times.len(), events.len() + usize::from(is_limited), "{}", plan.name);
            assert!(events.iter().zip(&times).all(|((_, time), other)| time == other), "{}", plan.name);
        }
    }

    #[test]
    fn injected_scenarios_last_as_long_as_in_the_run() {
        let run = Run::new("busy-day").seed(3).from("2026-01-05T08:00:00Z").instances(80);
        let run =
            run.with(|options| options.inject = vec!["mass-deletion@+1m".to_owned(), "mass-deletion@+9s".to_owned()]);
        let (plan, events) = simulated(&run);
        assert_eq!(plan.dry_run.map(|run| run.events), Some(events.len() as u64));
        let background = events.iter().rfind(|(scenario, _)| *scenario < plan.background);
        assert_eq!(plan.dry_run.map(|run| run.last), background.map(|(_, time)| *time));
        let spans = injected_spans(plan.workload(), plan.timing.from);
        assert_eq!(spans.len(), 2);
        for span in spans {
            let of: Vec<i64> =
                events.iter().filter(|(scenario, _)| *scenario == span.scenario).map(|(_, time)| *time).collect();
            assert_eq!((span.events, Some(&span.first), Some(&span.last)), (of.len() as u64, of.first(), of.last()));
            assert!(!span.cut_by_time);
        }
    }
}
