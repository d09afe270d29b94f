//! Writer of the run file.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::{Map, Value, json};

use super::{ContentOption, FORMAT, Layout, RunFile};
use crate::{
    error::Source,
    plan::{Options, Plan},
    sink::format::Format,
    sources::{self, RunSources, STANDARD_INPUT, SourceProvider},
};

/// Names of the run's scenarios and of the scenarios it injects, and the texts of all. A folder shared by all paths is
/// left out, so that the document does not depend on the current directory of the run.
pub(super) fn texts(plan: &Plan, scenarios: &[String], inject: &[String]) -> (Vec<String>, Vec<String>, RunSources) {
    let read: Vec<&str> = plan.texts.iter().map(|text| text.name.as_str()).collect();
    // Use the name of the source itself: `./scenario.yaml` and `scenario.yaml` are the same file.
    let named = |argument: &str| {
        let is_input = argument == STANDARD_INPUT;
        let name = if is_input { argument.to_owned() } else { sources::name_of(Path::new(argument)) };
        if sources::is_path(argument) && read.contains(&name.as_str()) { name } else { argument.to_owned() }
    };
    let folder = common_folder(plan);
    let short = |name: &str| match Path::new(name).strip_prefix(&folder) {
        Ok(rest) if sources::is_path(name) => sources::name_of(rest),
        _ => name.to_owned(),
    };
    let is_read = |argument: &str| read.contains(&argument);
    let shortened = |argument: &str| {
        let name = named(argument);
        if is_read(&name) { short(&name) } else { name }
    };
    let scenarios = scenarios.iter().map(|argument| shortened(argument)).collect();
    let inject = inject.iter().map(|text| match crate::planner::injection_parts(text) {
        Some((scenario, time)) => format!("{}@{time}", shortened(scenario)),
        None => text.clone(),
    });
    let inject = inject.collect();
    let mut run = RunSources { file: "<run>".to_owned(), ..RunSources::default() };
    run.scenarios.extend(plan.texts.iter().map(|text| (short(&text.name), Arc::clone(&text.source))));
    let catalog = &plan.catalog;
    run.catalog.insert("catalog.yaml".to_owned(), Source::new("catalog.yaml", catalog.source.text.as_str()));
    for (method, template) in catalog.methods.iter().zip(&catalog.templates) {
        let source = template.as_ref().map(|template| Arc::clone(template.source()));
        run.catalog.extend(source.map(|source| (crate::catalog::template_file(&method.name), source)));
    }
    (scenarios, inject, run)
}

/// The innermost common folder of all files, as far as it can be left out of their names.
fn common_folder(plan: &Plan) -> PathBuf {
    let files = || plan.texts.iter().filter(|text| sources::is_path(&text.name));
    let mut common: Option<PathBuf> = None;
    if files().any(|text| text.fixed) {
        return PathBuf::new();
    }
    for text in files() {
        let folder = Path::new(&text.name).parent().unwrap_or(Path::new(""));
        common = Some(match common {
            None => folder.to_owned(),
            Some(common) => {
                let both = common.components().zip(folder.components());
                both.take_while(|(one, other)| one == other).map(|(part, _)| part).collect()
            }
        });
    }
    common.unwrap_or_default()
}

/// The document as JSON. Keys with the default value are left out.
pub(super) fn json(run: &RunFile) -> String {
    let mut root = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            root.insert(key.to_owned(), value);
        }
    };
    let options: &Options = &run.options;
    put("falsetrail_run", Some(json!(FORMAT)));
    put("version", Some(json!(run.version)));
    put("scenarios", Some(json!(options.scenarios)));
    for (key, kind) in ContentOption::with_keys() {
        put(key.name, kind.to_json(options));
    }
    put("output", layout(run));
    if let SourceProvider::Run(texts) = &options.texts {
        put("files", Some(files(texts)));
    }
    // A tree of strings and numbers always serializes.
    let mut text = serde_json::to_string_pretty(&Value::Object(root)).unwrap_or_default();
    text.push('\n');
    text
}

fn layout(run: &RunFile) -> Option<Value> {
    let mut output = Map::new();
    let Layout { format, split } = run.layout;
    if format != Format::default() {
        output.insert("format".to_owned(), json!(format.name()));
    }
    output.extend(split.map(|split| ("split".to_owned(), json!(split.name()))));
    (!output.is_empty()).then_some(Value::Object(output))
}

fn files(texts: &RunSources) -> Value {
    let lines = |(name, source): (&String, &Arc<Source>)| (name.clone(), text(&source.text));
    let mut files = Map::new();
    if !texts.scenarios.is_empty() {
        files.insert("scenarios".to_owned(), Value::Object(texts.scenarios.iter().map(lines).collect()));
    }
    // The catalog follows the scenarios, because it is long and the same in most runs.
    let (first, others): (Map<_, _>, Map<_, _>) =
        texts.catalog.iter().map(lines).partition(|(name, _)| name == "catalog.yaml");
    files.insert("catalog".to_owned(), Value::Object(first.into_iter().chain(others).collect()));
    Value::Object(files)
}

/// A text as a list of lines; or as one string if its last line does not end with a line feed.
fn text(text: &str) -> Value {
    match text.strip_suffix('\n') {
        Some(lines) => lines.split('\n').map(Value::from).collect(),
        None => Value::from(text),
    }
}
