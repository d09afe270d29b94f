//! Writer of scenarios: prints a scenario as a complete YAML file, so that people can turn one line into a file.

use super::{Actor, Body, Call, Choose, Daily, Field, Injection, Outcome, Pace, Resource, Scenario, Step};
use crate::{
    units::format_duration,
    yaml::{Node, Value, node_text, scalar_text},
};

/// The YAML file of a scenario; reading it gives the same scenario.
///
/// Parameters are declared with their current values, and their uses are replaced by these values. The exception is a 0
/// where a file may not contain 0 literally: there the parameter stays.
pub fn to_yaml(scenario: &Scenario) -> String {
    let zero = scenario.params.iter().find(|param| matches!(param.value.value, Value::Int(0)));
    let zero = zero.map(|param| format!("${}", param.name.value));
    let mut out = Lines { text: String::new(), zero: zero.clone() };
    if let Some(description) = &scenario.description {
        out.line(0, &format!("description: {}", text(description)));
    }
    if let Some(seed) = &scenario.seed {
        out.line(0, &format!("seed: {}", seed.value));
    }
    if let Some(from) = &scenario.from {
        out.line(0, &format!("from: {}", text(&from.value)));
    }
    if let Some(every) = &scenario.every {
        out.line(0, &format!("every: {}", format_duration(every.value)));
    }
    let params = scenario.params.iter().map(|param| (&param.name.value, node(&param.value)));
    out.section("params", params);
    out.section("actors", scenario.actors.iter().map(|entry| (&entry.name.value, actor(entry))));
    out.section(
        "resources",
        scenario.resources.iter().map(|entry| (&entry.name.value, resource(entry, zero.as_deref()))),
    );
    match &scenario.body {
        Body::Steps(steps) => {
            out.line(0, "steps:");
            out.steps(2, steps);
        }
        Body::Mix(mix) => {
            match &mix.pace {
                Some(Pace::Rate(rate)) => out.line(0, &format!("rate: {}", rate.value)),
                Some(Pace::Stages { start, stages }) => {
                    if let Some(start) = start {
                        out.line(0, &format!("start: {}", start.value));
                    }
                    out.line(0, "stages:");
                    for stage in stages {
                        let duration = format_duration(stage.duration.value);
                        out.line(2, &format!("- {{ duration: {duration}, target: {} }}", stage.target.value));
                    }
                }
                Some(Pace::Daily(daily)) => out.line(0, &format!("daily: {}", self::daily(daily))),
                None => {}
            }
            if !mix.population.is_empty() {
                out.line(0, &format!("population: {}", map(&fields(&mix.population))));
            }
            out.line(0, "mix:");
            for entry in &mix.entries {
                let mut parts = vec![
                    pair("scenario", &text(&entry.scenario.value)),
                    pair("weight", &out.number(&entry.weight.value.to_string())),
                ];
                parts.extend(with(&entry.with));
                out.line(2, &format!("- {}", map(&parts)));
            }
            out.injections(&mix.inject);
        }
    }
    out.text
}

/// Lines of text with indentation.
struct Lines {
    text: String,
    /// The parameter that stands for a 0 where a file may not contain 0 literally.
    zero: Option<String>,
}

impl Lines {
    fn line(&mut self, indent: usize, text: &str) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// Formats a number of a key that accepts 0 only from a parameter.
    fn number(&self, written: &str) -> String {
        number(written, self.zero.as_deref())
    }

    fn section<'a>(&mut self, key: &str, entries: impl Iterator<Item = (&'a String, String)>) {
        for (index, (name, value)) in entries.enumerate() {
            if index == 0 {
                self.line(0, &format!("{key}:"));
            }
            self.line(2, &format!("{}: {value}", scalar_text(name)));
        }
    }

    fn steps(&mut self, indent: usize, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Call(call) => self.line(indent, &format!("- {}", self::call(call, self.zero.as_deref()))),
                Step::Choose(choose) => self.choose(indent, choose),
            }
        }
    }

    fn injections(&mut self, inject: &[Injection]) {
        for (index, entry) in inject.iter().enumerate() {
            if index == 0 {
                self.line(0, "inject:");
            }
            let mut parts = vec![pair("scenario", &text(&entry.scenario.value)), pair("at", &text(&entry.at.value))];
            parts.extend(with(&entry.with));
            parts.extend(entry.label.as_ref().map(|label| pair("label", &text(&label.value))));
            self.line(2, &format!("- {}", map(&parts)));
        }
    }

    fn choose(&mut self, indent: usize, choose: &Choose) {
        match &choose.id {
            Some(id) => {
                self.line(indent, &format!("- id: {}", scalar_text(&id.value)));
                self.line(indent + 2, "choose:");
            }
            None => self.line(indent, "- choose:"),
        }
        for branch in &choose.branches {
            let weight = self.number(&branch.weight.value.to_string());
            self.line(indent + 4, &format!("- weight: {weight}"));
            self.line(indent + 6, "steps:");
            self.steps(indent + 8, &branch.steps);
        }
    }
}

fn actor(actor: &Actor) -> String {
    let kind = actor.kind.iter().map(|kind| pair("kind", &text(&kind.value)));
    map(&kind.chain(fields(&actor.pins)).collect::<Vec<_>>())
}

fn number(written: &str, zero: Option<&str>) -> String {
    zero.filter(|_| matches!(written, "0" | "-0")).unwrap_or(written).to_owned()
}

fn resource(resource: &Resource, zero: Option<&str>) -> String {
    let mut parts = Vec::new();
    parts.extend(resource.kind.iter().map(|kind| pair("kind", &text(&kind.value))));
    parts.extend(resource.count.iter().map(|count| pair("count", &number(&count.value.to_string(), zero))));
    parts.extend(resource.existing.iter().map(|existing| pair("existing", &existing.value.to_string())));
    parts.extend(fields(&resource.fields));
    map(&parts)
}

fn call(call: &Call, zero: Option<&str>) -> String {
    let mut parts = Vec::new();
    parts.extend(call.id.iter().map(|id| pair("id", &text(&id.value))));
    parts.push(pair("call", &text(&call.call.value)));
    parts.extend(call.target.iter().map(|target| pair("target", &text(&target.value))));
    parts.extend(call.each.iter().map(|each| pair("each", &text(&each.resources.value))));
    let every = call.each.iter().filter_map(|each| each.every.as_ref());
    parts.extend(every.map(|every| pair("every", &every.value.to_string())));
    parts.extend(call.by.iter().map(|by| pair("by", &text(&by.value))));
    parts.extend(call.after.iter().map(|after| pair("after", &after.value.to_string())));
    parts.extend(call.repeat.iter().map(|repeat| {
        let mut inner = vec![pair("times", &number(&repeat.times.value.to_string(), zero))];
        inner.extend(repeat.every.iter().map(|every| pair("every", &every.value.to_string())));
        pair("repeat", &map(&inner))
    }));
    parts.extend(call.chance.iter().map(|chance| pair("chance", &number(&chance.value.to_string(), zero))));
    parts.extend(with(&call.with));
    parts.extend(call.outcome.iter().map(|outcome| {
        let name = match &outcome.value {
            Outcome::Success => "success",
            Outcome::Auto => "auto",
            Outcome::UsualFailure => "failure",
            Outcome::Named(name) => name,
        };
        pair("outcome", &text(name))
    }));
    map(&parts)
}

fn daily(daily: &Daily) -> String {
    let mut parts = vec![
        pair("peak", &daily.peak.value.to_string()),
        pair("trough", &daily.trough.value.to_string()),
        pair("peak_at", &text(&daily.peak_at.value.to_string())),
    ];
    parts.extend(daily.timezone.iter().map(|zone| pair("timezone", &text(&zone.value.to_string()))));
    // Dividing by a power of ten prints as the exact decimal.
    parts
        .extend(daily.weekend.iter().map(|weekend| pair("weekend", &(f64::from(weekend.value) / 1_000.0).to_string())));
    map(&parts)
}

fn with(fields: &[Field]) -> Option<String> {
    (!fields.is_empty()).then(|| pair("with", &map(&self::fields(fields))))
}

fn fields(fields: &[Field]) -> Vec<String> {
    fields.iter().map(|field| pair(&scalar_text(&field.name.value), &node(&field.value))).collect()
}

fn pair(key: &str, value: &str) -> String {
    format!("{key}: {value}")
}

fn map(parts: &[String]) -> String {
    if parts.is_empty() {
        return "{}".to_owned();
    }
    format!("{{ {} }}", parts.join(", "))
}

fn text(text: &str) -> String {
    scalar_text(&dollars(text))
}

fn node(node: &Node) -> String {
    node_text(&escaped(node))
}

/// The value with each `$` in texts escaped, so that it is not read as a parameter.
fn escaped(node: &Node) -> Node {
    let value = match &node.value {
        Value::Text(text) => Value::Text(dollars(text)),
        Value::List(items) => Value::List(items.iter().map(escaped).collect()),
        Value::Map(entries) => Value::Map(entries.iter().map(|(key, node)| (key.clone(), escaped(node))).collect()),
        other => other.clone(),
    };
    Node { value, ..node.clone() }
}

fn dollars(text: &str) -> String {
    if text.starts_with('$') { format!("${text}") } else { text.to_owned() }
}
