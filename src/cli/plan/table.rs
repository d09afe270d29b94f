//! A forecast as tables for people, and as JSON for machines.

use super::chart::{chart, length, rate, second};
use crate::{
    cli::{
        columns,
        generate::{
            Generate,
            report::{right_aligned, shown},
        },
        habits,
    },
    forecast::{Forecast, LARGE_ROW, MethodSize},
    plan::Plan,
    schedule::Schedule,
    units::{elapsed, format_bytes, format_count, format_time},
};
use serde_json::{Value, json};
use std::{cmp::Reverse, fmt::Write, time::Duration};

/// A relative error in percent, rounded up to a tenth.
fn percent(error: f64) -> String {
    format!("{:.1} %", (error * 1_000.0).ceil() / 10.0)
}

/// A forecast and the run that it describes.
pub(super) struct About<'a> {
    pub arguments: &'a Generate,
    pub plan: &'a Plan,
    pub forecast: &'a Forecast,
    /// The gigabytes a day for which the rate was chosen.
    pub gb_per_day: Option<f64>,
}

const DAY_SECONDS: f64 = 86_400.0;

impl About<'_> {
    pub(super) fn text(&self) -> String {
        let mut text = self.headline();
        let outcomes = self.forecast.summary.by_outcome(self.plan).map(|(method, failure, count)| {
            vec![method.to_owned(), failure.unwrap_or("success").to_owned(), format_count(count)]
        });
        text.push_str(&right_aligned(outcomes.collect()));
        text.push_str(&self.scenarios());
        text.push_str(&self.rate());
        let _ = writeln!(text, "size: {}", self.size());
        text.push_str(&self.methods());
        text.push_str(&self.kinds());
        text.extend(self.partitions());
        for line in [self.time()].into_iter().chain(self.notes()) {
            let _ = writeln!(text, "{line}");
        }
        let _ = writeln!(text, "to run it: {}", self.arguments.command(self.plan));
        text
    }

    fn headline(&self) -> String {
        let summary = &self.forecast.summary;
        let (plural, about) = (if summary.events == 1 { "event" } else { "events" }, self.about());
        let events = format_count(summary.events);
        let bytes = format_bytes(summary.bytes);
        let mut text = format!("{about}{events} {plural} of {}, {bytes}", self.plan.name);
        if let (Some(first), Some(last)) = (summary.first, summary.last) {
            let _ = write!(text, ", event time {} to {}", second(first), second(last));
        }
        text.push('\n');
        text
    }

    /// The prefix of a number that is an estimate.
    fn about(&self) -> &'static str {
        if self.forecast.exact || self.forecast.endless { "" } else { "about " }
    }

    /// A row for each scenario, if there are several.
    fn scenarios(&self) -> String {
        let started = self.plan.scenarios.iter().zip(&self.forecast.instances).filter(|(_, count)| **count > 0);
        let rows: Vec<Vec<String>> =
            started.map(|(scenario, count)| vec![scenario.name.clone(), format_count(*count)]).collect();
        if rows.len() < 2 { String::new() } else { format!("scenarios:\n{}", right_aligned(rows)) }
    }

    /// The rate, and a chart of it if it varies.
    fn rate(&self) -> String {
        let (forecast, (from, end)) = (self.forecast, self.stretch());
        let Some(mean) = self.mean() else { return String::new() };
        let busiest = format_count(forecast.rate_profile.busiest_second());
        // Of an estimate without a schedule, only the rate of the simulated beginning is known.
        let until = if forecast.exact { end } else { forecast.rate_profile.until() };
        let is_whole = forecast.exact || forecast.summary.last.is_none_or(|last| last <= until);
        let of_those = if is_whole { "" } else { " of the simulated ones" };
        let mut text = format!("rate: {} on average, {busiest} in the busiest second{of_those}\n", rate(mean));
        text.push_str(&chart(from, until, |parts| forecast.rate_profile.rates(until, parts)));
        text
    }

    /// Start and end of the run: as given by its options, else by its events.
    fn stretch(&self) -> (i64, i64) {
        let (timing, summary) = (&self.plan.timing, &self.forecast.summary);
        let last = summary.last.unwrap_or(timing.from);
        let by_stages = timing.schedule.as_ref().and_then(Schedule::length);
        let stages = by_stages.map(|length| timing.from.saturating_add_unsigned(length));
        // A number of events may end the run before `to`.
        let end = timing.to.into_iter().chain(stages).min().filter(|_| timing.events.is_none()).unwrap_or(last);
        (timing.from, end)
    }

    /// Events per second; `None` if the run has no length.
    fn mean(&self) -> Option<f64> {
        let (from, end) = self.stretch();
        let seconds = elapsed(from, end) as f64 / 1e9;
        (seconds > 0.0 && self.forecast.summary.events > 1).then(|| self.forecast.summary.events as f64 / seconds)
    }

    fn per_day(&self) -> Option<u64> {
        let events = self.forecast.summary.events.max(1) as f64;
        self.mean().map(|mean| (mean * DAY_SECONDS * self.forecast.summary.bytes as f64 / events).round() as u64)
    }

    fn size(&self) -> String {
        let size = &self.forecast.size;
        let mut text = format!("{} as a file, {} as .gz", format_bytes(size.file), format_bytes(size.gzip));
        if let Some(zstd) = size.zstd {
            let _ = write!(text, ", {} as .zst", format_bytes(zstd));
        }
        if let Some(day) = self.per_day() {
            let _ = write!(text, "; {} a day at this rate", format_bytes(day));
        }
        if let (Some(asked), Some(schedule)) = (self.gb_per_day, &self.plan.timing.schedule) {
            let _ = write!(text, " (`--rate {}` for {asked} GB a day)", schedule.highest_rate());
        }
        text
    }

    /// The share of each method in the bytes, the largest first.
    fn methods(&self) -> String {
        let mut methods = self.forecast.methods.clone();
        if methods.len() < 2 {
            return String::new();
        }
        methods.sort_by_key(|method| Reverse(method.bytes));
        let rows = methods.iter().map(|method| {
            let name = self.plan.catalog.methods[method.method].name.clone();
            let share = format!("{:>6}", format!("{:.1} %", self.share(method) * 100.0));
            let day = self.per_day().map(|day| format_bytes((day as f64 * self.share(method)).round() as u64));
            let mut row = vec![name, share];
            row.extend(day.map(|day| format!("{day} a day")));
            row
        });
        format!("bytes by method:\n{}", right_aligned(rows.collect()))
    }

    fn share(&self, method: &MethodSize) -> f64 {
        method.bytes as f64 / self.forecast.summary.bytes.max(1) as f64
    }

    /// Principals and resources by kind.
    fn kinds(&self) -> String {
        let (plan, forecast) = (self.plan, self.forecast);
        let kinds = plan.catalog.kinds.iter().enumerate().filter(|(_, of)| of.table.is_none());
        let rows = kinds.filter_map(|(kind, of)| {
            let name = of.plural.as_deref().unwrap_or(&of.name).replace('_', " ");
            let before = plan.population.members(kind).len() as u64;
            let (acting, created) = (forecast.acting[kind], forecast.created[kind]);
            let note = match () {
                () if of.principal && acting == 0 => return None,
                () if of.principal => {
                    format!("{} act, {}", format_count(acting), habits::addresses(&plan.population))
                }
                () if before + created == 0 => return None,
                () => format!("{} created", format_count(created)),
            };
            Some(vec![format!("{name}:"), format!("{} before", format_count(before)), note])
        });
        let habits = habits::habits(&plan.population).into_iter();
        let habits = habits.map(|(name, share, meaning)| vec![format!("{name}:"), share, meaning.to_owned()]);
        columns(&rows.chain(habits).collect::<Vec<_>>(), "")
    }

    fn partitions(&self) -> Option<String> {
        let shares = self.forecast.partitions.as_ref()?;
        let even = 100.0 / shares.len() as f64;
        let (fullest, share) = shares.iter().enumerate().max_by(|one, other| one.1.total_cmp(other.1))?;
        let empty = shares.iter().filter(|share| **share == 0.0).count();
        let empty = if empty > 0 { format!(", and {empty} would be empty") } else { String::new() };
        let share = share * 100.0;
        let all = shares.len();
        Some(format!(
            "partitions: of {all}, number {fullest} is the fullest with {share:.1} % (even is {even:.1} %){empty}\n"
        ))
    }

    /// How long the run takes, and whether this machine is fast enough.
    fn time(&self) -> String {
        let threads = self.arguments.threads();
        let takes = self.forecast.takes(threads);
        let plural = if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") };
        let Some(speed) = self.arguments.speed() else {
            let long = takes.as_secs() >= 100;
            let takes = if long { length(i64::try_from(takes.as_nanos()).unwrap_or(i64::MAX)) } else { shown(takes) };
            return format!("time: about {takes} here on {plural}, and what the destination needs");
        };
        let (from, end) = self.stretch();
        let lasts = Duration::from_secs_f64((elapsed(from, end) as f64 / speed / 1e9).min(1e12));
        let wanted = self.forecast.rate_profile.busiest_second() as f64 * speed;
        let busy = takes.saturating_sub(self.forecast.cost.beginning);
        let able = self.forecast.summary.events as f64 / busy.as_secs_f64().max(1e-6);
        let lasts = if self.forecast.endless {
            "until it is stopped".to_owned()
        } else {
            length(i64::try_from(lasts.as_nanos()).unwrap_or(i64::MAX))
        };
        if wanted > able {
            let (wanted, able) = (rate(wanted), rate(able));
            return format!(
                "time: {lasts}, but not here: {wanted} in the busiest second, and this machine makes {able}"
            );
        }
        format!("time: {lasts} at the pace of the clock; this machine could make {}", rate(able))
    }

    /// How exact an estimate is.
    fn estimate(&self) -> Option<String> {
        let estimate = self.forecast.estimate?;
        let simulated = format_count(self.forecast.simulated);
        let rows = if estimate.rows > 0.0 {
            format!("counts from {} on are within {}, ", format_count(LARGE_ROW), percent(estimate.rows))
        } else {
            String::new()
        };
        Some(format!(
            "an estimate: {simulated} events were simulated, and the others follow from the averages of the scenarios; \
             {rows}bytes within {}",
            percent(estimate.bytes)
        ))
    }

    fn notes(&self) -> Vec<String> {
        let forecast = self.forecast;
        let mut notes = Vec::new();
        if forecast.endless {
            notes.push(format!(
                "the run continues until it is stopped: this is until {}",
                second(self.forecast.rate_profile.until())
            ));
        } else if !forecast.exact {
            notes.extend(self.estimate());
        }
        if forecast.partitions.is_none() && self.arguments.has_topic() {
            notes.push("`--partitions N` says how events would be divided among those of the topic".to_owned());
        }
        if forecast.cut_by_time {
            notes.push(
                "the run would fail: event time ends in the year 2262, before the run has what was asked for"
                    .to_owned(),
            );
        }
        notes.extend(forecast.waves.clone());
        notes
    }

    /// The forecast as one JSON document.
    pub(super) fn json(&self) -> String {
        let (plan, forecast, summary) = (self.plan, self.forecast, &self.forecast.summary);
        let by_method = summary.by_outcome(plan).map(|(method, failure, events)| {
            json!({ "method": method, "outcome": failure.unwrap_or("success"), "events": events })
        });
        let counts = summary.by_scenario(plan);
        let started = plan.scenarios.iter().zip(&forecast.instances).filter(|(_, instances)| **instances > 0);
        let by_scenario = counts.zip(started).map(|((name, events), (scenario, instances))| {
            json!({ "story": name, "scenario": scenario.scenario_name, "events": events, "instances": instances })
        });
        let kinds = plan.catalog.kinds.iter().enumerate().filter(|(_, of)| of.table.is_none());
        let kinds = kinds.map(|(kind, of)| {
            let before = plan.population.members(kind).len();
            let (created, acting) = (forecast.created[kind], forecast.acting[kind]);
            json!({ "kind": of.name, "before": before, "created": created, "acting": acting })
        });
        let by_size = forecast.methods.iter().map(|method| {
            let (share, name) = (self.share(method), &plan.catalog.methods[method.method].name);
            let day = self.per_day().map(|day| (day as f64 * share).round());
            json!({ "method": name, "events": method.events, "bytes": method.bytes, "share": share, "bytes_a_day": day })
        });
        let size = &forecast.size;
        let document = json!({
            "version": 1,
            "name": plan.name,
            "seed": plan.seed,
            "from": format_time(plan.timing.from),
            "to": plan.timing.to.map(format_time),
            "command": self.arguments.command(plan),
            "exact": forecast.exact,
            "simulated": forecast.simulated,
            "error": forecast.estimate.map(|estimate| json!({ "rows": estimate.rows, "rows_from": LARGE_ROW, "bytes": estimate.bytes })),
            "events": summary.events,
            "first": summary.first.map(format_time),
            "last": summary.last.map(format_time),
            "bytes": summary.bytes,
            "bytes_of_file": { "plain": size.file, "gz": size.gzip, "zst": size.zstd },
            "bytes_a_day": self.per_day(),
            "bytes_an_event": forecast.bytes_per_event,
            "bytes_by_method": by_size.collect::<Value>(),
            "events_a_second": { "mean": self.mean(), "busiest": forecast.rate_profile.busiest_second() },
            "by_method": by_method.collect::<Value>(),
            "by_scenario": by_scenario.collect::<Value>(),
            "kinds": kinds.collect::<Value>(),
            "habits": habits::json(&plan.population),
            "partitions": forecast.partitions,
            "cut_by_time": forecast.cut_by_time,
            "seconds": forecast.takes(self.arguments.threads()).as_secs_f64(),
        });
        format!("{document:#}\n")
    }
}
