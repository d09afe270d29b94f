//! The expected number of distinct values in a workload, for each kind.

use crate::{
    cli::habits,
    plan::{Plan, Starts},
    simulation::Outlook,
    units::{format_count, format_duration},
};
use std::fmt::Write;

/// The length of event time for which it is computed, in nanoseconds.
const DAY: u64 = 86_400_000_000_000;

/// A row of the table: kind, number, and remarks.
type Row = (String, String, String);

/// The first line of the comment.
const HEADLINE: &str = "\n# Expected within ";

/// The file of a workload, with the table appended as comment lines that replace those of an earlier `show`.
pub(super) fn with_table(file: &str, plan: &Plan) -> String {
    let end = file.rfind(HEADLINE).filter(|at| file[at + 1..].lines().all(|line| line.starts_with('#')));
    format!("{}{}", &file[..end.unwrap_or(file.len())], text(plan))
}

/// The table without comment marks.
pub(super) fn alone(plan: &Plan) -> String {
    text(plan).lines().flat_map(|line| [line.strip_prefix("# ").unwrap_or(line), "\n"]).collect()
}

fn text(plan: &Plan) -> String {
    let outlook = Outlook::new(&plan.catalog, plan.workload());
    let length = plan.timing.schedule.as_ref().and_then(crate::schedule::Schedule::length);
    let span = length.map_or(DAY, |length| length.min(DAY));
    let each = outlook.events as f64 / outlook.instances as f64;
    let instances = match &plan.timing.schedule {
        Some(schedule) => schedule.count_before(span) as f64 / each.max(f64::MIN_POSITIVE),
        None => span as f64 / plan.timing.every.max(1) as f64,
    };
    let mut rows = vec![
        ("instances".to_owned(), about(instances), format!("{each:.1} events each on average")),
        ("events".to_owned(), about(instances * each), String::new()),
    ];
    rows.extend(kinds(plan, &outlook, instances));
    let habits = habits::habits(&plan.population).into_iter();
    rows.extend(habits.map(|(name, share, meaning)| (name.to_owned(), share, meaning.to_owned())));
    let within = if span == DAY { "a day".to_owned() } else { format_duration(span) };
    let mut text = format!("{HEADLINE}{within}{}:\n", how_fast(plan));
    let width = |column: fn(&Row) -> &str| rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0);
    let (first, second) = (width(|row| &row.0), width(|row| &row.1));
    for (name, number, note) in &rows {
        let line = format!("#   {name:first$}  {number:>second$}  {note}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// The expected number of each kind.
fn kinds(plan: &Plan, outlook: &Outlook, instances: f64) -> Vec<Row> {
    let per_instance = |count: u64| count as f64 / outlook.instances as f64;
    let kinds = plan.catalog.kinds.iter().enumerate().filter(|(_, of)| of.table.is_none());
    let rows = kinds.filter_map(|(kind, of)| {
        let name = of.plural.as_deref().unwrap_or(&of.name).replace('_', " ");
        let members = plan.population.members(kind);
        let created = instances * per_instance(outlook.created[kind]);
        let note = if of.principal {
            let draws = plan.population.bursts.map_or(instances, |bursts| bursts.draws(instances));
            let acting = members.expected(draws * per_instance(outlook.actors[kind]));
            format!("{} of them act, {}", about(acting), habits::addresses(&plan.population))
        } else if created > 0.0 {
            format!("exist before, and {} are created", about(created))
        } else if members.is_empty() {
            return None;
        } else {
            String::new()
        };
        Some((name, format_count(members.len() as u64), note))
    });
    rows.collect()
}

fn how_fast(plan: &Plan) -> String {
    match (&plan.timing.schedule, plan.timing.starts) {
        (Some(_), _) => " at the rate above".to_owned(),
        (None, Starts::Instances(_)) => String::new(),
        (None, _) => format!(", with an instance every {}", format_duration(plan.timing.every)),
    }
}

/// Three significant digits, because the estimate is no more precise.
fn about(number: f64) -> String {
    if number < 1_000.0 {
        return format_count(number.round() as u64);
    }
    let unit = 10_f64.powi(number.log10().floor() as i32 - 2);
    format_count((number / unit).round() as u64 * unit as u64)
}
