//! Which events are expected: those of the run file, of the summary, and as the options say.

use super::{Verify, say};
use crate::{
    clock,
    error::Error,
    plan::Plan,
    run::{Selection, Slice},
    run_file::{Emitted, End, RunFile, Topic},
    units::{self, format_count},
    verify::Scope,
};

/// A run, and which of its events are expected.
pub(super) struct Expected {
    pub(crate) plan: Plan,
    pub(crate) scope: Scope,
    /// If nobody knows where the run ended: the events before this number were emitted.
    pub(crate) end_unknown: Option<u64>,
    /// When the run began in wall time, if a summary says so.
    pub(crate) started: Option<i64>,
    /// Whether events were emitted at their times, if a summary says so.
    pub(crate) is_live: Option<bool>,
    /// How many seconds of event time a live run had in one of wall time, if a summary says so.
    speed: Option<f64>,
    /// The topic that the run was emitted to.
    pub(crate) topic: Option<Topic>,
    pub(crate) warnings: Vec<String>,
}

impl Verify {
    /// The run, and the part of it that is expected.
    pub(super) fn expected(&self) -> Result<Expected, Error> {
        let mut file = RunFile::read(&self.run)?;
        if let Some(warning) = file.warning() {
            say(&format!("warning: {warning}\n"));
        }
        // An end is looked for below: a run without one can be planned all the same.
        file.options.endless = true;
        let mut plan = file.plan()?;
        let now = clock::now();
        let until = self.until.as_deref().map(|until| units::time(until, now)).transpose();
        let until = until
            .map_err(|diagnostic| Error::usage(format!("`--until`: {}", diagnostic.message)).help(diagnostic.help))?;
        plan.end_early(until, self.events);
        let mut expected = from_summary(plan, file.emitted);
        self.narrow(&mut expected)?;
        let plan = &mut expected.plan;
        if plan.timing.is_endless() && !expected.scope.part.has_end() {
            expected.end_unknown = expected.end_unknown.or(Some(0));
            // Nothing was emitted that has not happened yet, in the time of the run.
            let passed = now.saturating_sub(expected.started.unwrap_or(plan.timing.from)).max(0);
            let run_time = (passed as f64 * expected.speed.unwrap_or(1.0)) as i64;
            let latest = plan.timing.from.saturating_add(run_time).max(now);
            plan.end_early(Some(latest.max(plan.timing.from + 1)), None);
        }
        if self.events.is_some() || self.until.is_some() {
            expected.end_unknown = None;
        }
        if expected.end_unknown.is_some() {
            let warning = "it is not known where the run ended: say how many events by `-n`, or until when by `--until`, \
                           or verify by the `--summary` of a run that is over";
            expected.warnings.push(warning.to_owned());
        }
        Ok(expected)
    }

    /// Applies the options, which win over the summary.
    fn narrow(&self, expected: &mut Expected) -> Result<(), Error> {
        let Expected { plan, scope, end_unknown, .. } = expected;
        scope.part.skip = self.skip.unwrap_or(scope.part.skip);
        scope.part.shard = self.shard.or(scope.part.shard);
        if let Some(path) = &self.only {
            // They were sent again: the part that was emitted before and its fate do not count, nor where it ended.
            let only = Some(Selection::load(path, plan)?);
            scope.part = Slice { skip: self.skip.unwrap_or(0), first: None, shard: self.shard, only };
            (scope.without, scope.except) = (None, None);
            *end_unknown = None;
        }
        if let Some(path) = &self.except {
            let given = Selection::load(path, plan)?;
            let known = scope.except.take();
            let both = known.iter().chain([&given]).flat_map(|only| only.ranges().iter().cloned());
            scope.except = Some(Selection::from_ranges(both));
        }
        Ok(())
    }
}

/// The expected events according to a summary.
fn from_summary(plan: Plan, emitted: Option<Emitted>) -> Expected {
    let Some(emitted) = emitted else {
        return Expected {
            plan,
            scope: Scope::default(),
            end_unknown: None,
            started: None,
            is_live: None,
            speed: None,
            topic: None,
            warnings: Vec::new(),
        };
    };
    let end = emitted.end();
    let Emitted { part, failed, unknown, unlisted, started, speed, topic, .. } = emitted;
    let (first, end_unknown) = match end {
        End::Run => (None, None),
        End::At(number) => (Some(number), None),
        End::AtLeast(number) => (None, Some(number)),
        End::Unknown => (None, Some(part.skip)),
    };
    let some = |numbers: Selection| (numbers.count() > 0).then_some(numbers);
    let mut warnings = Vec::new();
    if unlisted > 0 {
        warnings.push(format!(
            "{} events were not delivered, and it is not known which: missing ones may be these",
            format_count(unlisted)
        ));
    }
    let scope = Scope { part: Slice { first, ..part }, without: some(failed), except: some(unknown) };
    Expected {
        plan,
        scope,
        end_unknown,
        started: Some(started),
        is_live: Some(speed == Some(1.0)),
        speed,
        topic,
        warnings,
    }
}
