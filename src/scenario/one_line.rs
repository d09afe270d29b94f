//! Parser of the one-line form of a scenario: `create-pool -> update-pool-failure -> delete-pool`, or with commas.
//!
//! People type it into a shell, so its diagnostics recognise text that a shell has altered.

use std::{ops::Range, sync::Arc};

use super::{Body, Call, Outcome, Scenario, Step};
use crate::{
    error::{Diagnostic, Source, quoted},
    yaml::{Node, Reader, Spanned},
};

/// Separators between steps, longest first.
const SEPARATORS: [&str; 3] = ["->", "→", ","];

/// The names in a catalog that the one-line form would split or reject, such as `s3:PutObject`. The parser needs them
/// to recognise a step that is exactly such a name as a call of that method.
pub(crate) fn unusual_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let usual = |name: &&str| is_method(name) && strip_failure(name).is_none();
    names.into_iter().filter(|name| !usual(name)).map(str::to_owned).collect()
}

/// The method name in one step of the one-line form, whether or not the method exists. `names` are [`unusual_names`].
pub(crate) fn method_of_step<'t>(text: &'t str, names: &[String]) -> &'t str {
    let is_known = |text: &str| names.iter().any(|name| name == text);
    match split_outcome(text, names) {
        _ if is_known(text) => text,
        Some((name, _)) => name,
        None => strip_failure(text).unwrap_or(text),
    }
}

/// Parses the one-line form. `names` are [`unusual_names`].
///
/// # Errors
///
/// Steps that are empty or no names, with their spans in the line.
pub fn read_one_line(text: &str, names: &[String]) -> Result<Scenario, Vec<Diagnostic>> {
    read_at(Source::new("<command line>", text), 0..text.len(), text, names)
}

/// Parses the one-line form within a file.
///
/// # Errors
///
/// As [`read_one_line`], with spans in the file.
pub(crate) fn read_one_line_in(
    source: &Arc<Source>,
    span: &Range<usize>,
    text: &str,
    names: &[String],
) -> Result<Scenario, Vec<Diagnostic>> {
    read_at(Arc::clone(source), span.clone(), text, names)
}

fn read_at(source: Arc<Source>, span: Range<usize>, text: &str, names: &[String]) -> Result<Scenario, Vec<Diagnostic>> {
    // Spans inside the text exist only if the file contains it literally, possibly in quotes.
    let written = source.text.get(span.clone()).unwrap_or_default();
    let inside = written.find(text).filter(|at| written.len() - text.len() == 2 * at && *at <= 1);
    if text.trim().is_empty() {
        let found = Diagnostic::new(&source, span, "the scenario is empty");
        return Err(vec![found.help("write steps, such as `create-pool -> delete-pool`")]);
    }
    let results = split(text, names).into_iter().map(|part| {
        let place = |inner: Range<usize>| match inside {
            Some(at) => {
                let start = span.start + at + part.start;
                start + inner.start..start + inner.end
            }
            None => span.clone(),
        };
        step((&source, names), &text[part.clone()], place)
    });
    let steps = crate::error::merge(results)?.into_iter().map(|call| Step::Call(Box::new(call))).collect();
    Ok(Scenario {
        source,
        name: text.to_owned(),
        description: None,
        seed: None,
        from: None,
        every: None,
        params: Vec::new(),
        actors: Vec::new(),
        resources: Vec::new(),
        body: Body::Steps(steps),
        whole: true,
        unread: super::Unread::default(),
    })
}

/// Parses a plain text in a list of steps: the one-line form, restricted to one step.
pub(super) fn step_in_list(reader: &Reader, text: &str, node: &Node) -> Result<Call, Vec<Diagnostic>> {
    let (source, names) = (reader.source(), reader.names());
    let whole = node.span.clone();
    if split(text, names).len() > 1 {
        let found = Diagnostic::new(source, whole, "a step of a list is one call");
        return Err(vec![found.help("write one call a line, each with `- ` before it")]);
    }
    // Spans inside the text exist only if the file contains it literally.
    if source.text.get(whole.clone()) == Some(text) {
        step((source, names), text, |inner| whole.start + inner.start..whole.start + inner.end)
    } else {
        step((source, names), text, |_| whole.clone())
    }
}

/// The name without the suffix `-failure`, if it has that suffix and is longer.
pub(super) fn strip_failure(name: &str) -> Option<&str> {
    name.strip_suffix("-failure").or_else(|| name.strip_suffix("_failure")).filter(|name| !name.is_empty())
}

/// Whether a text has the form of a method name: letters, digits, `-`, `_` and `.`.
pub(super) fn is_method(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic())
        && text.ends_with(|last: char| last.is_alphanumeric())
        && text.chars().all(|character| character.is_alphanumeric() || "-_.".contains(character))
}

/// Splits `method:failure`. Colons that are part of a known name do not separate.
pub(super) fn split_outcome<'t>(text: &'t str, names: &[String]) -> Option<(&'t str, &'t str)> {
    let is_known = |name: &str| names.iter().any(|known| known == name);
    if strip_failure(text).is_some_and(is_known) {
        return None;
    }
    let mut splits = text.rmatch_indices(':').map(|(at, _)| (&text[..at], &text[at + 1..]));
    splits.find(|(name, _)| is_known(name)).or_else(|| text.split_once(':'))
}

/// The length of the longest unusual name that `rest` begins with, if a separator or suffix follows it.
fn unusual(rest: &str, names: &[String]) -> Option<usize> {
    let begins = names.iter().filter(|name| rest.starts_with(name.as_str()));
    let ends = |name: &&String| {
        let after = rest[name.len()..].trim_start();
        after.is_empty() || SEPARATORS.iter().chain(&[":", "-failure", "_failure"]).any(|next| after.starts_with(next))
    };
    begins.filter(ends).map(String::len).max()
}

/// The parts between separators, without surrounding spaces.
fn split(text: &str, names: &[String]) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        let begins = text[start..at].trim().is_empty() && !next.is_whitespace();
        if let Some(length) = begins.then(|| unusual(&text[at..], names)).flatten() {
            at += length;
            continue;
        }
        let separator = SEPARATORS.iter().find(|separator| text[at..].starts_with(**separator));
        let length = separator.map_or(next.len_utf8(), |separator| separator.len());
        if separator.is_some() {
            parts.push(trimmed(text, start..at));
            start = at + length;
        }
        at += length;
    }
    parts.push(trimmed(text, start..text.len()));
    parts
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let start = range.start + part.len() - part.trim_start().len();
    start..start + part.trim().len()
}

/// Parses one step; `place` maps a range of `text` to a span in the source.
fn step(
    (source, names): (&Arc<Source>, &[String]),
    text: &str,
    place: impl Fn(Range<usize>) -> Range<usize>,
) -> Result<Call, Vec<Diagnostic>> {
    let (name, outcome) = if names.iter().any(|name| name == text) {
        (text, None)
    } else {
        name_and_outcome((source, names), text, &place)?
    };
    Ok(Call {
        id: None,
        call: Spanned::new(name.to_owned(), place(0..name.len())),
        target: None,
        by: None,
        after: None,
        with: Vec::new(),
        outcome,
        repeat: None,
        each: None,
        chance: None,
    })
}

/// Parses a step that is more than the name of a method.
fn name_and_outcome<'t>(
    (source, names): (&Arc<Source>, &[String]),
    text: &'t str,
    place: impl Fn(Range<usize>) -> Range<usize>,
) -> Result<(&'t str, Option<Spanned<Outcome>>), Vec<Diagnostic>> {
    // A method may be called `call:x`.
    let is_method_name = names.iter().any(|name| text.starts_with(name.as_str()));
    if let Some(("call" | "choose", rest)) = text.split_once(':').filter(|_| !is_method_name) {
        let key = &text[..text.len() - rest.len() - 1];
        let found = Diagnostic::new(source, place(0..key.len()), format!("no method is called `{key}`"));
        return Err(vec![found.help(format!("write a space after the colon: `{key}: {rest}`"))]);
    }
    if let Err((message, help)) = check(text, names) {
        return Err(vec![Diagnostic::new(source, place(0..text.len()), message).help(help)]);
    }
    Ok(if let Some((name, failure)) = split_outcome(text, names) {
        let at = place(name.len() + 1..text.len());
        (name, Some(Spanned::new(Outcome::from_name(failure), at)))
    } else if let Some(name) = strip_failure(text) {
        let at = place(name.len() + 1..text.len());
        (name, Some(Spanned::new(Outcome::UsualFailure, at)))
    } else {
        (text, None)
    })
}

/// The mistake in a malformed step, and its remedy.
fn check(text: &str, names: &[String]) -> Result<(), (String, String)> {
    let example = || "write `create-pool -> delete-pool` in quotes, or `create-pool,delete-pool`".to_owned();
    if text.is_empty() {
        let help = "write a step between two separators, and none at the ends";
        return Err(("there is no step here".to_owned(), help.to_owned()));
    }
    let (name, failure) = split_outcome(text, names).map_or((text, None), |(name, failure)| (name, Some(failure)));
    let known = |name: &str| names.iter().any(|known| known == name);
    if known(name) || failure.is_none() && strip_failure(name).is_some_and(known) {
        return match failure {
            Some(failure) if !is_method(failure) => Err((
                format!("{} does not name a failure", quoted(text)),
                format!("write `{name}:failure` or a failure's name"),
            )),
            _ => Ok(()),
        };
    }
    if text.ends_with('-') {
        // `create-pool -> x` without quotes arrives as `create-pool -`, and a file `x` is made.
        let message = "this step ends with `-`: the shell took `>` for a redirection".to_owned();
        let help =
            "put the scenario in quotes: `'create-pool -> delete-pool'`, or use commas: `create-pool,delete-pool`";
        return Err((message, help.to_owned()));
    }
    if text.contains('>') {
        return Err((format!("{} has a `>`", quoted(text)), "write `->` between steps".to_owned()));
    }
    if name.contains(char::is_whitespace) {
        let words: Vec<&str> = name.split_whitespace().collect();
        let help = format!("write `->` or `,` between steps: `{}`", words.join(" -> "));
        return Err((format!("{} is not one step", quoted(text)), help));
    }
    if !is_method(name) {
        return Err((format!("{} is not the name of a method", quoted(name)), example()));
    }
    let Some(failure) = failure else {
        return Ok(());
    };
    if let Some(bare) = strip_failure(name) {
        let message = format!("{} says twice that it fails", quoted(text));
        return Err((message, format!("write `{bare}:{failure}`")));
    }
    if !is_method(failure) {
        let help = format!("write `{name}-failure`, or a failure's name as in `{name}:not-found`");
        return Err((format!("{} does not name a failure", quoted(text)), help));
    }
    Ok(())
}
