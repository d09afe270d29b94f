//! Injected scenarios: loads and names them.

use crate::{
    error::{Diagnostic, Error, Source, quoted},
    plan::{
        Options,
        resolved::{At, Injection},
    },
    planner::loader::Loader,
    scenario::{Body, DEFAULT_LABEL, Override, Scenario, is_label},
    units,
    value::Key,
    yaml::{Node, Spanned},
};
use std::sync::Arc;

/// An injected scenario and its time.
pub(super) struct Entry {
    pub(crate) scenario: Scenario,
    /// A name such as `mass-deletion@+20m`. Identities are keyed by it, so that other injections do not change them.
    pub(crate) name: String,
    pub(crate) injection: Injection,
}

/// A parsed `--inject`.
struct Argument {
    source: Arc<Source>,
    scenario: String,
    at: Spanned<String>,
    label: Option<String>,
    with: Vec<Override>,
}

/// Loads the scenarios that a mix injects.
pub(super) fn from_mix(loader: &mut Loader, mix: &Scenario, now: i64) -> Vec<Entry> {
    let Body::Mix(body) = &mix.body else { return Vec::new() };
    let mut entries = Vec::new();
    for written in &body.inject {
        let with = Override::from_fields(&mix.source, &written.with);
        let Some(found) = loader.find_beside(&written.scenario, mix, &with) else { continue };
        if let Body::Mix(_) = found.body {
            loader.diagnostics.push(mix_injected(&mix.source, &written.scenario));
            continue;
        }
        match at(&written.at.value, now) {
            Ok(at) => {
                let label = written.label.as_ref().map_or(DEFAULT_LABEL, |label| &label.value);
                entries.push(entry(found, &written.at.value, at, label));
            }
            Err((message, help)) => {
                loader.diagnostics.push(Diagnostic::new(&mix.source, written.at.span.clone(), message).help(help));
            }
        }
    }
    entries
}

/// Loads the scenarios that the command line injects.
pub(super) fn from_options(loader: &mut Loader, options: &Options, now: i64) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    for text in &options.inject {
        let argument = parse(text)?;
        let Some(found) = loader.find(&argument.scenario, None, &argument.with)? else { continue };
        if let Body::Mix(_) = found.body {
            let name = Spanned::new(argument.scenario.clone(), 0..argument.scenario.len());
            return Err(mix_injected(&argument.source, &name).into());
        }
        let at = at(&argument.at.value, now).map_err(|(message, help)| {
            Diagnostic::new(&argument.source, argument.at.span.clone(), message).help(help)
        })?;
        entries.push(entry(found, &argument.at.value, at, argument.label.as_deref().unwrap_or(DEFAULT_LABEL)));
    }
    Ok(entries)
}

/// Which members of the population act in an injected scenario: `key` is that of seed and scenario, `turn` counts those
/// of the same time.
///
/// Multiples of the golden ratio are spread over the population as evenly as can be, and so are those of other badly
/// approximable numbers. So the instances of a scenario have different actors as long as their times differ by whole
/// minutes (of 600 people up to four hours) or by seconds within one. Each follows from its time alone, so that none
/// changes another; a draw by rank would make the busiest person the attacker again and again.
pub(super) fn position(key: Key, at: At, turn: u32) -> u64 {
    // 2⁶⁴ times the fractional parts of the golden ratio, √2, √3 and √5.
    const MINUTE: u64 = 0x9E37_79B9_7F4A_7C15;
    const SECOND: u64 = 0x6A09_E667_F3BC_C908;
    const TURN: u64 = 0xBB67_AE85_84CA_A73B;
    const REST: u64 = 0x3C6E_F372_FE94_F82B;
    let time = match at {
        At::After(offset) => offset,
        At::Time(time) => time as u64,
    };
    let (seconds, rest) = (time / 1_000_000_000, time % 1_000_000_000);
    [(MINUTE, seconds / 60), (SECOND, seconds % 60), (TURN, turn.into()), (REST, rest)]
        .into_iter()
        .fold(key.bits(), |position, (step, times)| position.wrapping_add(step.wrapping_mul(times)))
}

fn mix_injected(source: &Arc<Source>, name: &Spanned<String>) -> Diagnostic {
    let message = format!("`{}` is a mix, and an injection is one scenario with steps", name.value);
    Diagnostic::new(source, name.span.clone(), message).help("name one of its scenarios")
}

fn entry(scenario: Scenario, at_text: &str, at: At, label: &str) -> Entry {
    Entry {
        name: format!("{}@{}", scenario.name, at_text.trim()),
        injection: Injection { at, label: label.to_owned(), position: 0 },
        scenario,
    }
}

/// Parses `+20m`, or a point in time.
fn at(text: &str, now: i64) -> Result<At, (String, String)> {
    let text = text.trim();
    if let Some(offset) = text.strip_prefix('+') {
        return units::duration(offset).map(At::After).map_err(|diagnostic| (diagnostic.message, diagnostic.help));
    }
    let relative = text.starts_with('-') || text == "now";
    match units::time(text, now) {
        Ok(time) if !relative => Ok(At::Time(time)),
        _ => {
            let message = match text {
                "" => "the time of an injected scenario is missing".to_owned(),
                text => format!("`{text}` is not the time of an injected scenario"),
            };
            let help =
                "write `+20m` for that long after the run's beginning, or RFC 3339 such as `2026-01-05T10:00:00Z`";
            Err((message, help.to_owned()))
        }
    }
}

/// Splits an `--inject` at the last `@` that a time follows; e-mail addresses contain `@` as well.
pub(crate) fn divided(text: &str) -> Option<(&str, &str)> {
    let places = || text.rmatch_indices('@').map(|(at, _)| (&text[..at], &text[at + 1..]));
    let is_time = |rest: &str| at(rest.split(',').next().unwrap_or_default(), 0).is_ok();
    places().find(|(_, rest)| is_time(rest)).or_else(|| places().next())
}

/// Splits at commas outside quoted values.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let end = match rest.split_once('=') {
            Some((name, value)) if !name.contains(',') => name.len() + 1 + value_length(value),
            _ => rest.find(',').unwrap_or(rest.len()),
        };
        parts.push(&rest[..end]);
        match rest[end..].strip_prefix(',') {
            Some(after) => rest = after,
            None => return parts,
        }
    }
}

/// The length of a value that ends at a comma or at its closing quote.
fn value_length(text: &str) -> usize {
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''));
    let ends = |quote: char| text.match_indices(quote).map(|(at, _)| at + 1).skip(1);
    let closed = |end: &usize| {
        matches!(text.as_bytes().get(*end), None | Some(b',')) && Node::argument(&text[..*end], 0..*end).is_ok()
    };
    let quoted = quote.and_then(|quote| ends(quote).find(closed));
    quoted.or_else(|| text.find(',')).unwrap_or(text.len())
}

/// Parses `mass-deletion@+2h,label=positive,deletes=4`.
fn parse(text: &str) -> Result<Argument, Error> {
    let source = Source::new("--inject", text);
    let Some((scenario, rest)) = divided(text).filter(|(scenario, _)| !scenario.is_empty()) else {
        let diagnostic = Diagnostic::new(&source, 0..text.len(), "`--inject` takes a scenario and a time");
        return Err(diagnostic.help("write `--inject mass-deletion@+2h`").into());
    };
    let mut argument = Argument {
        scenario: scenario.to_owned(),
        at: Spanned::new(String::new(), 0..0),
        label: None,
        with: Vec::new(),
        source: Arc::clone(&source),
    };
    let mut start = scenario.len() + 1;
    for (index, part) in parts(rest).into_iter().enumerate() {
        let span = start..start + part.len();
        start = span.end + 1;
        match part.split_once('=') {
            _ if index == 0 => argument.at = Spanned::new(part.to_owned(), span),
            Some(("label", label)) if is_label(label) => argument.label = Some(label.to_owned()),
            Some((name, value)) if !name.is_empty() && name != "label" => {
                let value_span = span.start + name.len() + 1..span.end;
                let node = Node::argument(value, value_span.clone()).map_err(|help| {
                    let message = format!("{} is a text in quotes that cannot be read", quoted(value));
                    Diagnostic::new(&source, value_span, message).help(help)
                })?;
                argument.with.push(Override {
                    source: Arc::clone(&source),
                    name: Spanned::new(name.to_owned(), span.start..span.start + name.len()),
                    value: node,
                });
            }
            _ => {
                let diagnostic = Diagnostic::new(&source, span, format!("`{part}` is neither a label nor a parameter"));
                return Err(diagnostic.help("write `label=positive` or `deletes=4` after the time").into());
            }
        }
    }
    Ok(argument)
}

/// Rejects an absolute time in a run whose start follows from its length.
pub(super) fn check_relative(entries: &[Entry]) -> Result<(), Error> {
    match entries.iter().find(|entry| matches!(entry.injection.at, At::Time(_))) {
        Some(entry) => {
            let message = format!("`{}` has a time, but the run's beginning follows from its length", entry.name);
            Err(Error::usage(message).help("give `--from`, or inject it at `+20m`"))
        }
        None => Ok(()),
    }
}
