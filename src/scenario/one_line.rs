//! A story in one line: `create-pool -> update-pool-failure -> delete-pool`, or with commas.
//!
//! It is typed into shells, so it explains what a shell does to it.

use std::{ops::Range, sync::Arc};

use super::{Body, Call, Outcome, Scenario, Step, steps};
use crate::{
    error::{Diagnostic, Source, quoted},
    yaml::{Node, Spanned},
};

/// Between steps, longest first: `->`, the arrow as one character, a comma.
const SEPARATORS: [&str; 3] = ["->", "→", ","];

/// Reads the one-line form.
///
/// # Errors
/// Steps that are empty or no names, with their place in the line.
pub fn read_one_line(text: &str) -> Result<Scenario, Vec<Diagnostic>> {
    read_at(Source::new("<command line>", text), 0..text.len(), text)
}

/// Reads the one-line form that stands at a place of a file.
///
/// # Errors
/// As [`read_one_line`], with their places in the file.
pub fn read_one_line_in(source: &Arc<Source>, span: &Range<usize>, text: &str) -> Result<Scenario, Vec<Diagnostic>> {
    read_at(Arc::clone(source), span.clone(), text)
}

fn read_at(source: Arc<Source>, span: Range<usize>, text: &str) -> Result<Scenario, Vec<Diagnostic>> {
    // Only a text that stands there letter by letter, perhaps in quotes, has places inside.
    let written = source.text.get(span.clone()).unwrap_or_default();
    let inside = written.find(text).filter(|at| written.len() - text.len() == 2 * at && *at <= 1);
    if text.trim().is_empty() {
        let found = Diagnostic::new(&source, span, "the story is empty");
        return Err(vec![found.help("write steps, such as `create-pool -> delete-pool`")]);
    }
    let results = split(text).into_iter().map(|part| {
        let place = |inner: Range<usize>| match inside {
            Some(at) => {
                let start = span.start + at + part.start;
                start + inner.start..start + inner.end
            }
            None => span.clone(),
        };
        step(&source, &text[part.clone()], place)
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
    })
}

/// A plain text as a step of a file: the same words as in one line, but one step only.
pub(super) fn step_in_list(source: &Arc<Source>, text: &str, node: &Node) -> Result<Call, Vec<Diagnostic>> {
    let whole = node.span.clone();
    if split(text).len() > 1 {
        let found = Diagnostic::new(source, whole, "a step of a list is one call");
        return Err(vec![found.help("write one call a line, each with `- ` before it")]);
    }
    // Only a text that stands there letter by letter has places inside.
    if source.text.get(whole.clone()) == Some(text) {
        step(source, text, |inner| whole.start + inner.start..whole.start + inner.end)
    } else {
        step(source, text, |_| whole.clone())
    }
}

/// The name without `-failure`, if that is how it ends and something is left.
pub(super) fn strip_failure(name: &str) -> Option<&str> {
    name.strip_suffix("-failure").or_else(|| name.strip_suffix("_failure")).filter(|name| !name.is_empty())
}

/// Whether a text can be the name of a method: letters, digits, `-`, `_` and `.`.
pub(super) fn is_method(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic())
        && text.ends_with(|last: char| last.is_alphanumeric())
        && text.chars().all(|character| character.is_alphanumeric() || "-_.".contains(character))
}

/// The parts between separators, surrounding spaces taken off.
fn split(text: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
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

/// One step; `place` says where a part of `text` stands in the source.
fn step(
    source: &Arc<Source>,
    text: &str,
    place: impl Fn(Range<usize>) -> Range<usize>,
) -> Result<Call, Vec<Diagnostic>> {
    let whole = place(0..text.len());
    if let Some(("call" | "choose", rest)) = text.split_once(':') {
        let key = &text[..text.len() - rest.len() - 1];
        let found = Diagnostic::new(source, place(0..key.len()), format!("no method is called `{key}`"));
        return Err(vec![found.help(format!("write a space after the colon: `{key}: {rest}`"))]);
    }
    if let Err((message, help)) = check(text) {
        return Err(vec![Diagnostic::new(source, whole, message).help(help)]);
    }
    let (name, outcome) = if let Some((name, failure)) = text.split_once(':') {
        let at = place(name.len() + 1..text.len());
        (name, Some(Spanned::new(steps::outcome(failure), at)))
    } else if let Some(name) = strip_failure(text) {
        let at = place(name.len() + 1..text.len());
        (name, Some(Spanned::new(Outcome::UsualFailure, at)))
    } else {
        (text, None)
    };
    Ok(Call {
        span: whole,
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

/// What is wrong with a step as it stands, and what to write.
fn check(text: &str) -> Result<(), (String, String)> {
    let example = || "write `create-pool -> delete-pool` in quotes, or `create-pool,delete-pool`".to_owned();
    if text.is_empty() {
        let help = "write a step between two separators, and none at the ends";
        return Err(("there is no step here".to_owned(), help.to_owned()));
    }
    if text.ends_with('-') {
        // `create-pool -> x` without quotes arrives as `create-pool -`, and a file `x` is made.
        let message = "this step ends with `-`: the shell took `>` for a redirection".to_owned();
        let help = "put the story in quotes: `'create-pool -> delete-pool'`, or use commas: `create-pool,delete-pool`";
        return Err((message, help.to_owned()));
    }
    if text.contains('>') {
        return Err((format!("{} has a `>`", quoted(text)), "write `->` between steps".to_owned()));
    }
    let (name, failure) = text.split_once(':').map_or((text, None), |(name, failure)| (name, Some(failure)));
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
