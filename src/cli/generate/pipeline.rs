//! Explains a failed `--check` of events that came through a pipeline. The usual advice, to generate the files again,
//! would replace the pipeline's output.

use crate::{error::Error, plan::Plan};
use serde_json::Value;
use std::{
    collections::HashSet,
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    path::Path,
};

/// The most lines and bytes that are read.
const MOST_LINES: usize = 100_000;
const MOST_BYTES: u64 = 64 << 20;

/// The error for a file that this program has not written: says how to examine it instead of how to replace it.
pub(super) fn explain(plan: &Plan, run: &Path, path: &Path) -> Option<Error> {
    let found = fs::metadata(path).ok()?;
    if found.is_dir() {
        return None;
    }
    let (path_shown, run) = (path.display(), run.display());
    if !found.is_file() {
        let error = Error::failed(format!("`{path_shown}` does not give the bytes of the run"));
        return Some(error.help("write what comes out of it into a file, and look where that differs"));
    }
    let why = reason(plan, path)?;
    let message = format!("`{path_shown}` has events of this run, but {why}: `--check` compares bytes");
    let help = format!(
        "to find what is missing or twice, compare ids: `diff <(jq -r .id {path_shown} | sort) <(falsetrail generate --run \
         {run} -q | jq -r .id | sort)`"
    );
    Some(Error::failed(message).help("a pipeline may change their order and their form").help(help))
}

/// The first sign in the lines of a file that a pipeline has changed them. `None` if there is no sign, or if the events
/// belong to another run.
fn reason(plan: &Plan, path: &Path) -> Option<&'static str> {
    let reader = BufReader::new(File::open(path).ok()?.take(MOST_BYTES));
    let (mut seen, mut last, mut why) = (HashSet::new(), String::new(), None);
    let mut ours = 0;
    for line in reader.lines().take(MOST_LINES) {
        let line = line.ok()?;
        let Ok(event) = serde_json::from_str::<Value>(line.trim_start_matches('\u{feff}')) else { continue };
        let is_ours = |value: &Value| value["id"].as_str().is_some_and(|id| plan.event_of(id).is_some());
        if !is_ours(&event) {
            let within =
                event.as_object().is_some_and(|members| members.values().any(|value| is_within(value, &is_ours)));
            ours += u64::from(within);
            why = why.or(within.then_some("each within something else"));
            continue;
        }
        ours += 1;
        let id = event["id"].as_str().unwrap_or_default();
        let time = event["time"].as_str().unwrap_or_default();
        if !seen.insert(id.to_owned()) {
            why = Some("some of them twice");
        } else if time < last.as_str() {
            why = why.or(Some("in another order"));
        } else if serde_json::to_string(&event).is_ok_and(|compact| compact != line) {
            why = why.or(Some("written in another form"));
        }
        time.clone_into(&mut last);
    }
    why.filter(|_| ours > 0)
}

/// Whether a value contains an event of the run, as an object or as a text.
fn is_within(value: &Value, is_ours: &impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::Object(members) => is_ours(value) || members.values().any(|value| is_within(value, is_ours)),
        Value::Array(items) => items.iter().any(|value| is_within(value, is_ours)),
        Value::String(text) if text.starts_with('{') => {
            serde_json::from_str::<Value>(text).is_ok_and(|value| is_ours(&value))
        }
        _ => false,
    }
}
