//! Shows a scenario or a workload as a timeline: who does what to which resource, when, and how it ends.

use super::outline::{self, CallOutline, Item, Outline};
use crate::{
    cli::{columns, wrapped},
    plan::{
        Plan,
        resolved::{Owner, ResolvedScenario, TurnCount},
    },
    scenario::{Body, Field, Mix, Pace, Scenario},
    units::{CountRange, format_count, format_duration},
    yaml::{Node, Value, node_text},
};
use std::fmt::Write as _;

/// The most characters in a line of prose.
const WIDTH: usize = 96;

/// The timeline of a scenario.
pub(super) fn for_scenario(plan: &Plan, written: &Scenario, scenario: &ResolvedScenario) -> String {
    let mut text = head(written);
    let catalog = &plan.catalog;
    let actors = scenario.actors.iter().map(|actor| {
        let written = written.actors.iter().find(|written| written.name.value == actor.name);
        let pins = written.map(|written| fields(&written.pins)).unwrap_or_default();
        vec![actor.name.clone(), catalog.kinds[actor.kind].label.clone(), pins]
    });
    section(&mut text, "who", actors);
    let resources = scenario.resources.iter().map(|resource| {
        let written = written.resources.iter().find(|written| written.name.value == resource.name);
        let pins = written.map(|written| fields(&written.fields)).unwrap_or_default();
        let label = &catalog.kinds[resource.kind].label;
        let what = if resource.count == 1 { label.clone() } else { format!("{} × {label}", resource.count) };
        let whose = match resource.owner {
            Owner::Instance { existing: true, .. } => "existed before",
            Owner::Instance { existing: false, .. } => "",
            Owner::Population { .. } => "existed before, and others see it, too",
        };
        vec![
            resource.name.clone(),
            what,
            [whose.to_owned(), pins].iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(", "),
        ]
    });
    section(&mut text, "on what", resources);
    let outline = Outline::new(scenario);
    let head = ["WHEN", "WHO", "WHAT", "ON", "OUTCOME"].map(str::to_owned).to_vec();
    let mut rows = vec![head];
    add_rows(&mut rows, plan, scenario, &outline.items, "");
    text.push('\n');
    text.push_str(&trimmed(&columns(&rows, "")));
    let _ = writeln!(text, "\n{} in {}", events(outline.events), outline.lasts);
    text
}

/// The table of a workload: its scenarios by share.
pub(super) fn for_mix(plan: &Plan, written: &Scenario, mix: &Mix) -> String {
    let mut text = head(written);
    let (background, injected) = plan.scenarios.split_at(plan.background);
    let head = ["SHARE", "STORY", "EVENTS", "TAKES"].map(str::to_owned).to_vec();
    let rows = background.iter().enumerate().map(|(rank, scenario)| {
        let outline = Outline::new(scenario);
        let share = outline::percent(plan.weights.chance(rank));
        vec![share, scenario.name.clone(), count(outline.events), outline.lasts.to_string()]
    });
    let _ = write!(text, "\n{}", columns(&[head].into_iter().chain(rows).collect::<Vec<_>>(), ""));
    let rows: Vec<Vec<String>> = mix
        .inject
        .iter()
        .zip(injected)
        .map(|(written, scenario)| {
            let label = scenario.injection.as_ref().map(|injection| injection.label.clone()).unwrap_or_default();
            vec![written.at.value.clone(), scenario.scenario_name.clone(), count(Outline::new(scenario).events), label]
        })
        .collect();
    if !rows.is_empty() {
        let head = ["AT", "INJECTED STORY", "EVENTS", "LABEL"].map(str::to_owned).to_vec();
        let _ = write!(text, "\n{}", columns(&[head].into_iter().chain(rows).collect::<Vec<_>>(), ""));
    }
    text
}

/// Name, description, and settings of the whole file.
fn head(written: &Scenario) -> String {
    let mut text = format!("{}\n", written.name);
    if let Some(description) = &written.description {
        text.push_str(&wrapped(description, "  ", WIDTH));
    }
    let mut settings = Vec::new();
    settings.extend(written.seed.as_ref().map(|seed| format!("seed {}", seed.value)));
    settings.extend(written.from.as_ref().map(|from| format!("from {}", from.value)));
    settings.extend(written.every.as_ref().map(|every| format!("an instance every {}", format_duration(every.value))));
    if let Body::Mix(mix) = &written.body {
        settings.extend(mix.pace.as_ref().map(pace));
    }
    let params: Vec<String> =
        written.params.iter().map(|param| format!("{} = {}", param.name.value, bare(&param.value))).collect();
    if !params.is_empty() {
        settings.push(format!("with {}", params.join(", ")));
    }
    if !settings.is_empty() {
        let _ = write!(text, "\n{}", wrapped(&settings.join("; "), "", WIDTH));
    }
    text
}

fn pace(pace: &Pace) -> String {
    match pace {
        Pace::Rate(rate) => format!("{} events", rate.value),
        Pace::Stages { start, stages } => {
            let mut text =
                start.as_ref().map_or_else(|| "from 0/s".to_owned(), |start| format!("from {}", start.value));
            for stage in stages {
                let _ = write!(text, " to {} within {}", stage.target.value, format_duration(stage.duration.value));
            }
            text
        }
        Pace::Daily(daily) => {
            let zone = daily.timezone.as_ref().map_or_else(|| "UTC".to_owned(), |zone| zone.value.to_string());
            format!(
                "between {} and {} events, most at {} {zone}",
                daily.trough.value, daily.peak.value, daily.peak_at.value
            )
        }
    }
}

fn section(text: &mut String, title: &str, rows: impl Iterator<Item = Vec<String>>) {
    let rows: Vec<Vec<String>> = rows.collect();
    if !rows.is_empty() {
        let _ = write!(text, "\n{title}\n{}", trimmed(&columns(&rows, "  ")));
    }
}

/// Removes the trailing spaces that empty cells leave.
fn trimmed(text: &str) -> String {
    text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

fn fields(fields: &[Field]) -> String {
    let given: Vec<String> =
        fields.iter().map(|field| format!("{} {}", field.name.value, bare(&field.value))).collect();
    given.join(", ")
}

/// A value for people: a text needs no quotes here.
fn bare(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        _ => node_text(node),
    }
}

fn add_rows(rows: &mut Vec<Vec<String>>, plan: &Plan, scenario: &ResolvedScenario, items: &[Item], gutter: &str) {
    for item in items {
        match item {
            Item::Call(outline) => rows.push(row(plan, scenario, outline, gutter)),
            Item::Choose(ways) => {
                for (number, (share, items)) in ways.iter().enumerate() {
                    let edge = if number == 0 { '┌' } else { '├' };
                    rows.push(vec![format!("{gutter}{edge} in {}", outline::percent(*share))]);
                    add_rows(rows, plan, scenario, items, &format!("{gutter}│ "));
                }
                rows.push(vec![format!("{gutter}└")]);
            }
        }
    }
}

fn row(plan: &Plan, scenario: &ResolvedScenario, outline: &CallOutline, gutter: &str) -> Vec<String> {
    let call = outline.call;
    let mut what = plan.catalog.methods[call.method].short.clone();
    let asks = outline::asks(plan, scenario, call);
    if !asks.is_empty() {
        let _ = write!(what, " with {}", asks.join(", "));
    }
    if let Some(often) = often(outline) {
        let _ = write!(what, ", {often}");
    }
    if let Some(chance) = outline::chance(call) {
        let _ = write!(what, ", in {chance}");
    }
    let catalog = &plan.catalog;
    vec![
        format!("{gutter}{}", outline.when),
        scenario.actors[call.actor].name.clone(),
        what,
        outline::on(catalog, scenario, call),
        outline::outcome(catalog, call),
    ]
}

/// How many times a call happens, if it is not once.
pub(super) fn often(outline: &CallOutline) -> Option<String> {
    let every = outline.call.every;
    let apart = if every.high > 0 { format!(", {every} apart") } else { String::new() };
    match outline.call.turns {
        TurnCount::Each => Some(format!("on each of {}{apart}", outline.times)),
        TurnCount::Repeat(CountRange { low: 1, high: 1 }) => None,
        TurnCount::Repeat(times) => Some(format!("{times} times{apart}")),
    }
}

fn count(events: CountRange) -> String {
    if events.low == events.high {
        format_count(events.low)
    } else {
        format!("{}..{}", format_count(events.low), format_count(events.high))
    }
}

fn events(events: CountRange) -> String {
    format!("{} {}", count(events), if events.high == 1 { "event" } else { "events" })
}
