//! Reader of steps: calls, and choices between branches.

use super::{
    Branch, Call, Choose, Each, Outcome, Repeat, Step, one_line,
    read_common::{check_name, fields, only_entry, weight},
};
use crate::{
    error::quoted,
    identity::TURNS,
    units::{DurationRange, format_count},
    yaml::{MapReader, Node, Reader, Spanned, Value},
};

/// Reads a non-empty list of steps.
pub(super) fn list(reader: &Reader, node: &Node, what: &str) -> Option<Vec<Step>> {
    let items = reader.list(node, what)?;
    if items.is_empty() {
        let message = format!("{what} is empty");
        reader.report(reader.diagnostic(&node.span, message).help("write at least one `- { call: … }`"));
        return None;
    }
    let steps: Vec<Step> = items.iter().filter_map(|item| step(reader, item)).collect();
    if steps.len() < items.len() {
        reader.set_incomplete();
    }
    Some(steps)
}

/// The keys whose value may be a map or a list.
const KEYS: &[&str] = &["call", "choose", "with", "repeat"];

/// Likely wrong keys of a step, and their replacements.
const SYNONYMS: &[(&str, &str)] = &[
    ("method", "call"),
    ("action", "call"),
    ("delay", "after"),
    ("wait", "after"),
    ("actor", "by"),
    ("user", "by"),
    ("principal", "by"),
    ("as", "by"),
    ("resource", "target"),
    ("on", "target"),
    ("times", "repeat"),
    ("count", "repeat"),
    ("result", "outcome"),
    ("fail", "outcome"),
    ("fails", "outcome"),
    ("failure", "outcome"),
    ("probability", "chance"),
    ("set", "with"),
    ("params", "with"),
    ("name", "id"),
];

fn step(reader: &Reader, node: &Node) -> Option<Step> {
    if let Value::Text(text) = &node.value {
        let call = reader.keep(one_line::step_in_list(reader, text, node))?;
        return Some(Step::Call(Box::new(call)));
    }
    if node.value == Value::Null {
        // A dash without content is most often an extra one at the end of a list.
        let found = reader.diagnostic(&node.span, "a step is empty");
        reader.report(found.help("write a call, such as `- create-pool`, or remove the `-`"));
        return None;
    }
    if let Value::List(_) = node.value {
        let found = reader.diagnostic(&node.span, "a step is one call, found a list");
        reader.report(found.help("write one call a line, each with `- ` before it"));
        return None;
    }
    if let Some((name, Node { value: Value::Map(_) | Value::Null, .. })) = only_entry(node)
        && !KEYS.contains(&name.value.as_str())
        && !name.value.contains(':')
    {
        let found = reader.diagnostic(&name.span, "a step names its method after `call:`");
        let help = format!("write `call: {}`, and what else there is beside it: `after: 2s`", name.value);
        reader.report(found.help(help));
        return None;
    }
    let mut map = reader.map_as(node, "a step", "call: create-pool")?.synonyms(SYNONYMS);
    let (called, chosen) = (map.entry("call"), map.entry("choose"));
    let chosen = if called.is_none() && chosen.is_none() && !map.has_nearly(&["call"]) {
        map.meant_entry("choose")
    } else {
        chosen
    };
    match (called, chosen) {
        (Some(_), Some((key, _))) => {
            reader.report(
                reader.diagnostic(&key.span, "a step has `call` or `choose`, not both").help("make two steps of it"),
            );
            None
        }
        (None, Some((_, branches))) => {
            let choose = reader.map(node, "a step with `choose`")?;
            self::choose(reader, choose, branches)
        }
        _ => call(reader, map),
    }
}

fn choose(reader: &Reader, mut map: MapReader<'_>, node: &Node) -> Option<Step> {
    map.optional("choose");
    let id = map.text("id").filter(|id| check_name(reader, id, "a choice"));
    map.finish();
    let items = reader.list(node, "`choose`")?;
    if items.is_empty() {
        reader.report(
            reader.diagnostic(&node.span, "`choose` is empty").help("write at least one `- { weight: 1, steps: […] }`"),
        );
        return None;
    }
    let branches: Vec<Branch> = items.iter().filter_map(|item| branch(reader, item)).collect();
    (branches.len() == items.len()).then_some(Step::Choose(Choose { id, branches }))
}

fn branch(reader: &Reader, node: &Node) -> Option<Branch> {
    let mut map = reader.map_as(node, "a branch of `choose`", "{ weight: 1, steps: […] }")?;
    let weight = weight(&mut map);
    let steps = map.required("steps").map(|node| list(reader, node, "`steps`"));
    map.finish();
    // A wrong weight is reported, but the steps of the branch are kept.
    Some(Branch { weight: weight.unwrap_or_else(|| Spanned::new(1.0, node.span.clone())), steps: steps?? })
}

fn call(reader: &Reader, mut map: MapReader<'_>) -> Option<Step> {
    let id = map.text("id").filter(|id| check_name(reader, id, "a step"));
    map.required("call");
    let call = map.meant_entry("call").filter(|(key, _)| !key.value.contains(':'));
    let call = call.and_then(|(_, node)| method(reader, node, "`call`"));
    let target = map.text("target");
    let by = map.text("by");
    let after = map.duration_range("after");
    let with = map.optional("with").map_or_else(Vec::new, |node| fields(reader, node, "`with`"));
    let outcome = map.read("outcome", named_outcome);
    let repeat = map.read("repeat", repeat);
    let resources = map.text("each");
    let every = map.duration_range("every");
    let chance = map.read("chance", chance);
    check_together(reader, &mut map);
    map.finish();
    let call = Call {
        id,
        call: call?,
        target,
        by,
        after,
        with,
        outcome,
        repeat,
        each: resources.map(|resources| Each { resources, every }),
        chance,
    };
    Some(Step::Call(Box::new(call)))
}

/// Checks keys that exclude or require each other.
fn check_together(reader: &Reader, map: &mut MapReader<'_>) {
    let repeat = map.entry("repeat");
    let each = map.entry("each");
    if let (Some(_), Some((key, _))) = (repeat, each) {
        reader.report(
            reader.diagnostic(&key.span, "a step has `repeat` or `each`, not both").help("make two steps of it"),
        );
    }
    if let (Some((key, _)), Some(_)) = (map.entry("target"), each) {
        reader.report(
            reader
                .diagnostic(&key.span, "a step has `target` or `each`, not both")
                .help("`each` says already what is acted upon: remove `target`"),
        );
    }
    let Some((key, node)) = map.entry("every").filter(|_| each.is_none()) else {
        return;
    };
    let found = reader.diagnostic(&key.span, "`every` needs `each` beside it");
    let every = node.as_text().unwrap_or("2s");
    reader.report(match repeat {
        Some((_, times)) => {
            let times = crate::yaml::node_text(times);
            let times = if times.starts_with('{') { "…".to_owned() } else { times };
            found.help(format!(
                "between repetitions it belongs into `repeat`: `repeat: {{ times: {times}, every: {every} }}`"
            ))
        }
        None => found
            .help(format!("for several resources write `each: NAME, every: {every}`"))
            .help(format!("to repeat the call write `repeat: {{ times: 3, every: {every} }}`"))
            .help(format!("for a delay write `after: {every}`")),
    });
}

/// Reads the method of a step. The suffixes of the one-line form are rejected, because a step has the key `outcome` for
/// them.
fn method(reader: &Reader, node: &Node, what: &str) -> Option<Spanned<String>> {
    let text = reader.text(node, what)?;
    let (name, outcome) = if reader.names().contains(&text.value) {
        return Some(text);
    } else if let Some((name, failure)) = one_line::split_outcome(&text.value, reader.names()) {
        (name, failure.trim())
    } else if let Some(name) = one_line::strip_failure(&text.value) {
        (name, "failure")
    } else if !one_line::is_method(&text.value) {
        let message = format!("{} is not the name of a method", quoted(&text.value));
        reader
            .report(reader.diagnostic(&node.span, message).help("write one call a step, such as `call: create-pool`"));
        return None;
    } else {
        return Some(text);
    };
    let message = format!("`call` takes a method alone, found {}", quoted(&text.value));
    reader.report(
        reader.diagnostic(&node.span, message).help(format!("write `call: {}, outcome: {outcome}`", name.trim())),
    );
    None
}

/// Reads the name of an outcome; a status code is not a name.
fn named_outcome(reader: &Reader, node: &Node, what: &str) -> Option<Spanned<Outcome>> {
    if let Value::Int(_) = node.value {
        let found = reader.expected(node, what, "`success`, `auto` or a failure's name");
        reader.report(found.help("`falsetrail list failures` shows the name of each status"));
        return None;
    }
    reader.text(node, what).map(|text| text.map(|name| Outcome::from_name(&name)))
}

fn repeat(reader: &Reader, node: &Node, what: &str) -> Option<Repeat> {
    let mut is_given = node.is_given;
    let (times, every) = if let Value::Map(_) = node.value {
        let mut map = reader.map_as(node, what, "{ times: 3, every: 2s }")?;
        is_given = map.optional("times").is_some_and(|times| times.is_given);
        let times = map.read_required("times", Reader::count_range);
        let every: Option<Spanned<DurationRange>> = map.duration_range("every");
        map.finish();
        (times?, every)
    } else {
        (reader.count_range(node, what)?, None)
    };
    if times.value.high == 0 && !is_given {
        reader.report(
            reader
                .diagnostic(&times.span, format!("{what} must be at least 1"))
                .help("leave the step out if it never happens, or let a parameter say 0: `repeat: $noise`"),
        );
        return None;
    }
    if times.value.high > TURNS {
        let message = format!("{what} may be at most {}", format_count(TURNS));
        reader.report(reader.diagnostic(&times.span, message).help("start more instances instead"));
        return None;
    }
    Some(Repeat { times, every })
}

/// A percentage as the number with its decimal point shifted by two places: `0.7%` is `0.007`.
fn percent(text: &str) -> Option<f64> {
    let text = text.trim();
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().ok()?;
    // Shift by the exponent, because a division would round a second time. An invalid number stays invalid with an
    // exponent.
    format!("{digits}e{}", exponent.checked_sub(2)?).parse().ok()
}

/// Reads a probability: a number or a percentage.
fn chance(reader: &Reader, node: &Node, what: &str) -> Option<Spanned<f64>> {
    const WANTED: &str = "a number above 0 and up to 1, or a percentage such as `10%`";
    let number = match &node.value {
        Value::Int(value) => Some(*value as f64),
        Value::Float(value) => Some(*value),
        Value::Text(text) => text.strip_suffix('%').and_then(percent),
        _ => None,
    };
    let least = if node.is_given { 0.0 } else { f64::MIN_POSITIVE };
    if let Some(value) = number.filter(|value| (least..=1.0).contains(value)) {
        return Some(Spanned::new(value, node.span.clone()));
    }
    let is_percent = matches!(node.value, Value::Int(_) | Value::Float(_))
        && number.is_some_and(|value| value > 1.0 && value <= 100.0);
    let help = match number {
        Some(value) if is_percent => format!("write `{value}%`"),
        Some(0.0) => "leave the step out if it never happens, or let a parameter say 0: `chance: $attack`".to_owned(),
        _ => String::new(),
    };
    reader.report(reader.expected(node, what, WANTED).help(help));
    None
}
