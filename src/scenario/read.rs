//! Reader of a scenario file's top level.

use std::sync::Arc;

use super::{
    Actor, Body, Field, Mix, MixEntry, Override, Pace, Resource, Scenario, Stage, Unread, daily, inject,
    params::{self, declared},
    read_common::{check_name, fields, only_entry, weight},
    steps,
};
use crate::{
    error::{Diagnostic, Source, nearest, quoted},
    units::Rate,
    yaml::{self, MapReader, Node, Reader, Spanned, Value},
};

/// Reads a scenario file. `overrides` are values for its parameters from the command line or a mix.
///
/// # Errors
///
/// All mistakes in the file, and overrides of parameters that it does not declare.
pub fn read(source: &Arc<Source>, name: &str, overrides: &[Override]) -> Result<Scenario, Vec<Diagnostic>> {
    match read_what_can_be(source, name, overrides, &[]) {
        (Some(scenario), diagnostics) if diagnostics.is_empty() => Ok(scenario),
        (_, diagnostics) => Err(diagnostics),
    }
}

/// Reads as much of a scenario file as possible, and returns all mistakes in its form as well, so that the planner can
/// report further mistakes at the same time. The scenario has all its steps, or `None` is returned. `names` are method
/// names with unusual characters, see [`unusual_names`].
///
/// [`unusual_names`]: super::unusual_names
pub(crate) fn read_what_can_be(
    source: &Arc<Source>,
    name: &str,
    overrides: &[Override],
    names: &[String],
) -> (Option<Scenario>, Vec<Diagnostic>) {
    let written = match yaml::parse(source) {
        Ok(written) => written,
        Err(diagnostics) => return (None, diagnostics),
    };
    let reader = Reader::new(source).with_names(names);
    // A misspelt `params` is reported with the other unknown keys; its declarations are used nevertheless.
    let meant = |key: &str| {
        nearest(key, ["params"]).is_some() || SYNONYMS.iter().any(|(word, meant)| *word == key && *meant == "params")
    };
    let params_node = match &written.value {
        Value::Map(entries) => {
            let exact = entries.iter().find(|(key, _)| key.value == "params");
            exact.or_else(|| entries.iter().find(|(key, _)| meant(&key.value)))
        }
        _ => None,
    };
    let params = declared(&reader, params_node.map(|(_, node)| node), overrides);
    let root = params::replace(&reader, &written, &params);
    let scenario = top_level(&reader, &root, name, params);
    reader.parts(scenario)
}

/// Likely wrong keys at the top of a file, and their replacements.
const SYNONYMS: &[(&str, &str)] = &[
    ("duration", "--duration"),
    ("to", "--to"),
    ("events", "--events"),
    ("instances", "--instances"),
    ("scenarios", "mix"),
    ("stories", "mix"),
    ("parameters", "params"),
    ("variables", "params"),
];

fn top_level(reader: &Reader, root: &Node, name: &str, params: Vec<super::Param>) -> Option<Scenario> {
    if !matches!(root.value, Value::Map(_)) {
        let found = reader.expected(root, "a scenario", "a map");
        reader.report(found.help("begin with `steps:` and write the list below it"));
        return None;
    }
    let mut map = reader.map(root, "a scenario")?.allow_prefix("x-").synonyms(SYNONYMS);
    let description = map.text("description");
    let seed = map.u64("seed");
    let from = map.text("from");
    let every = map.duration("every");
    // Already read; this marks the key as known.
    map.optional("params");
    let mut unread = Unread::default();
    let actors = unread.keep(&mut map, "actors", |entry| actor(reader, entry));
    let resources = unread.keep(&mut map, "resources", |entry| resource(reader, entry));
    let body = body(reader, &mut map);
    map.finish();
    Some(Scenario {
        source: Arc::clone(reader.source()),
        name: name.to_owned(),
        description: description.map(|text| text.value.trim().to_owned()),
        seed,
        from,
        every,
        params,
        actors,
        resources,
        body: body?,
        whole: !reader.is_incomplete(),
        unread,
    })
}

impl Unread {
    /// Reads the entries of a section, and records the names of those that cannot be read.
    fn keep<'r, T>(
        &mut self,
        map: &mut MapReader<'r>,
        key: &'static str,
        read: impl Fn(&'r (Spanned<String>, Node)) -> Option<T>,
    ) -> Vec<T> {
        let is_map = |node: &Node| matches!(node.value, Value::Map(_));
        self.sections |= map.meant_entry(key).is_some_and(|(_, node)| !is_map(node));
        let mut found = Vec::new();
        for entry in map.meant_entries(key) {
            match read(entry) {
                Some(value) => found.push(value),
                None => self.names.push(entry.0.value.clone()),
            }
        }
        found
    }
}

fn body(reader: &Reader, map: &mut MapReader<'_>) -> Option<Body> {
    let (mut steps, mut mix) = (map.entry("steps"), map.entry("mix"));
    if steps.is_none() && mix.is_none() {
        steps = map.meant_entry("steps");
        mix = if steps.is_none() { map.meant_entry("mix") } else { None };
    }
    let population = map.entry("population");
    let pace = pace(reader, map, mix.is_some());
    let inject = inject::list(reader, map, mix.is_some());
    if let Some((key, _)) = population.filter(|_| mix.is_none()) {
        reader.report(
            reader
                .diagnostic(&key.span, "`population` belongs to a file with `mix`")
                .help("remove it, or run the scenario from a file with `mix: [{ scenario: … }]`"),
        );
    }
    match (steps, mix) {
        (Some(_), Some((key, _))) => {
            reader.report(
                reader
                    .diagnostic(&key.span, "a scenario has `steps` or `mix`, not both")
                    .help("put the steps into a file of their own and name it in the mix"),
            );
            None
        }
        (Some((_, node)), None) => Some(Body::Steps(steps::list(reader, node, "`steps`")?)),
        (None, Some((_, node))) => {
            for key in ["actors", "resources"] {
                if let Some((key, _)) = map.entry(key) {
                    let message = format!("`{}` belong to a scenario with steps, not to a mix", key.value);
                    reader
                        .report(reader.diagnostic(&key.span, message).help("move them into the scenarios of the mix"));
                }
            }
            let population = population.map_or_else(Vec::new, |(_, node)| fields(reader, node, "`population`"));
            let entries = mix_entries(reader, node)?;
            Some(Body::Mix(Mix { entries, population, pace, inject }))
        }
        (None, None) => {
            let start = map.span().start;
            reader.report(
                reader
                    .diagnostic(&(start..start), "a scenario needs `steps` or `mix`")
                    .help("write what happens, such as `steps: [create-pool, delete-pool]`"),
            );
            None
        }
    }
}

/// Reads `rate`, `stages` with `start`, or `daily`.
fn pace(reader: &Reader, map: &mut MapReader<'_>, is_mix: bool) -> Option<Pace> {
    let rate = map.entry("rate");
    let stages = map.entry("stages");
    let start = map.entry("start");
    let daily = map.entry("daily");
    for (key, _) in [rate, stages, start, daily].into_iter().flatten().filter(|_| !is_mix) {
        let diagnostic = reader.diagnostic(&key.span, format!("`{}` belongs to a file with `mix`", key.value));
        reader.report(diagnostic.help(if key.value == "daily" {
            "run the scenario from a file with `mix: [{ scenario: … }]`"
        } else {
            "for a scenario with steps give it on the command line, as `--rate 500/s` or `--stage 10m:500/s`"
        }));
    }
    for (key, _) in [rate, stages, daily].into_iter().flatten().skip(1) {
        let message = "a mix has only one of `rate`, `stages` and `daily`";
        reader.report(reader.diagnostic(&key.span, message).help("leave the others out"));
    }
    if let (Some((key, _)), None) = (start, stages) {
        reader.report(
            reader.diagnostic(&key.span, "`start` belongs to `stages`").help("for a rate that stays write `rate`"),
        );
    }
    match (rate, stages, daily) {
        (Some((_, node)), ..) => {
            let rate = reader.rate(node, "`rate`")?;
            if rate.value == Rate::ZERO {
                reader.report(
                    reader.diagnostic(&node.span, "a rate of 0 is no events").help("write `1/s`, or less as `1/h`"),
                );
            }
            Some(Pace::Rate(rate))
        }
        (None, Some((_, node)), _) => {
            let start = start.and_then(|(_, node)| reader.rate(node, "`start`"));
            let items = reader.list(node, "`stages`")?;
            let stages: Vec<Stage> = items.iter().filter_map(|node| stage(reader, node)).collect();
            let mut before = start.as_ref().map_or(Rate::ZERO, |start| start.value);
            let has_events = stages.iter().any(|stage| {
                let rates = [std::mem::replace(&mut before, stage.target.value), stage.target.value];
                stage.duration.value > 0 && rates.iter().any(|rate| *rate > Rate::ZERO)
            });
            if stages.len() == items.len() && !has_events {
                reader.report(
                    reader
                        .diagnostic(&node.span, "these stages have no events")
                        .help("write `[{ duration: 10m, target: 500/s }]`; a stage of 0s only jumps to its target"),
                );
            }
            Some(Pace::Stages { start, stages })
        }
        (None, None, Some((_, node))) => daily::read(reader, node).map(Pace::Daily),
        (None, None, None) => None,
    }
}

fn stage(reader: &Reader, node: &Node) -> Option<Stage> {
    let mut map = reader.map_as(node, "a stage", "{ duration: 10m, target: 500/s }")?;
    let duration = map.read_required("duration", Reader::duration);
    let target = map.read_required("target", Reader::rate);
    map.finish();
    Some(Stage { duration: duration?, target: target? })
}

fn actor(reader: &Reader, (name, node): &(Spanned<String>, Node)) -> Option<Actor> {
    check_name(reader, name, "an actor");
    if let Some(kind) = bare_kind(reader, &format!("the actor {}", quoted(&name.value)), node) {
        return Some(Actor { name: name.clone(), kind: Some(kind), pins: Vec::new() });
    }
    let mut map = reader.map(node, &format!("the actor {}", quoted(&name.value)))?;
    let kind = map.text("kind");
    let pins = rest(map);
    Some(Actor { name: name.clone(), kind, pins })
}

/// The kind in `pool: compute-pool`, which is reported: it lacks its `kind`, and is read as if it had it.
fn bare_kind(reader: &Reader, what: &str, node: &Node) -> Option<Spanned<String>> {
    let Value::Text(kind) = &node.value else { return None };
    let found = reader.expected(node, what, "a map");
    reader.report(found.help(format!("write `{{ kind: {kind} }}`")));
    Some(Spanned::new(kind.clone(), node.span.clone()))
}

fn resource(reader: &Reader, (name, node): &(Spanned<String>, Node)) -> Option<Resource> {
    check_name(reader, name, "a resource");
    if let Some(kind) = bare_kind(reader, &format!("the resource {}", quoted(&name.value)), node) {
        return Some(Resource {
            name: name.clone(),
            kind: Some(kind),
            count: None,
            existing: None,
            fields: Vec::new(),
        });
    }
    let mut map = reader.map(node, &format!("the resource {}", quoted(&name.value)))?;
    let kind = map.text("kind");
    let is_given = map.optional("count").is_some_and(|node| node.is_given);
    let count = map.u64("count");
    let existing = map.bool("existing");
    let fields = rest(map);
    if let Some(count) = count.as_ref().filter(|count| count.value == 0 && !is_given) {
        reader.report(
            reader
                .diagnostic(&count.span, "`count` must be at least 1")
                .help("leave the resource out if there is none, or let a parameter say 0: `count: $victims`"),
        );
    }
    Some(Resource { name: name.clone(), kind, count, existing, fields })
}

fn rest(map: MapReader<'_>) -> Vec<Field> {
    map.rest().into_iter().map(|(name, value)| Field { name: name.clone(), value: value.clone() }).collect()
}

fn mix_entries(reader: &Reader, node: &Node) -> Option<Vec<MixEntry>> {
    let items = reader.list(node, "`mix`")?;
    if items.is_empty() {
        reader.report(reader.diagnostic(&node.span, "`mix` is empty").help("write at least one `- { scenario: … }`"));
        return None;
    }
    Some(items.iter().filter_map(|item| mix_entry(reader, item)).collect())
}

fn mix_entry(reader: &Reader, node: &Node) -> Option<MixEntry> {
    if let Value::Text(_) = node.value {
        let scenario = reader.text(node, "an entry of `mix`")?;
        let weight = Spanned::new(1.0, node.span.clone());
        return Some(MixEntry { scenario, weight, with: Vec::new() });
    }
    let example = "{ scenario: …, weight: 1 }";
    if let Some((name, weight)) = only_entry(node).filter(|(name, _)| name.value != "weight")
        && let Value::Int(_) | Value::Float(_) = weight.value
    {
        let found = reader.diagnostic(&name.span, "an entry of `mix` names its scenario after `scenario:`");
        let weight = yaml::node_text(weight);
        reader.report(found.help(format!("write `{{ scenario: {}, weight: {weight} }}`", name.value)));
        return None;
    }
    let mut map = reader.map_as(node, "an entry of `mix`", example)?.synonyms(&[("name", "scenario")]);
    let scenario = map.required_text("scenario");
    let weight = weight(&mut map);
    let with = map.optional("with").map_or_else(Vec::new, |node| fields(reader, node, "`with`"));
    map.finish();
    Some(MixEntry { scenario: scenario?, weight: weight?, with })
}
