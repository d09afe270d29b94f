//! Parser of the run file. It reports all mistakes in the document's form at once.

use std::{collections::BTreeMap, sync::Arc};

use super::{ContentOption, FORMAT, Layout, PROGRAM, RunFile, read_emitted};
use crate::{
    error::{Diagnostic, Error, Source, quoted},
    plan::Options,
    sink::{Split, format::Format},
    sources::{RunSources, SourceProvider},
    template::compiler::parse::{self, Json, Kind},
    yaml::{MapReader, Node, Reader, Spanned, Value},
};

/// Source texts by name.
type Named = BTreeMap<String, Arc<Source>>;

/// Reads a run file.
pub(super) fn run_file(source: &Arc<Source>) -> Result<RunFile, Error> {
    let root = node(&source.text, parse::parse(source, "run file")?);
    let reader = Reader::new(source);
    let (run, emitted) = match read_emitted::run_of(&reader, &root)? {
        Some(summary) => (summary.run, Some(summary.rest)),
        None => (&root, None),
    };
    check_format(&reader, run)?;
    let mut run = top_level(&reader, run);
    let emitted = emitted.and_then(|rest| read_emitted::emitted(&reader, rest));
    if let Some(run) = &mut run {
        run.emitted = emitted;
    }
    Ok(reader.finish(run)?)
}

/// Converts JSON to the node tree that YAML is parsed to, so that both share one reader.
fn node(text: &str, json: Json) -> Node {
    let span = json.span;
    let value = match json.kind {
        Kind::Verbatim => return Node::scalar(&text[span.clone()], span),
        Kind::Text(value) => Value::Text(value),
        Kind::Array(items) => Value::List(items.into_iter().map(|item| node(text, item)).collect()),
        Kind::Object(members) => {
            let entry = |member: parse::Member| (Spanned::new(member.key, member.key_span), node(text, member.value));
            Value::Map(members.into_iter().map(entry).collect())
        }
    };
    Node { quoted: true, ..Node::new(value, span) }
}

/// Rejects an unknown format version first, because the meaning of its keys is not known here.
fn check_format(reader: &Reader, root: &Node) -> Result<(), Vec<Diagnostic>> {
    let Value::Map(entries) = &root.value else { return Ok(()) };
    let value = |wanted: &str| entries.iter().find(|(key, _)| key.value == wanted).map(|(_, node)| node);
    let Some(format) = value("falsetrail_run") else {
        let diagnostic = reader
            .diagnostic(&(root.span.start..root.span.start + 1), "this is no run file: it lacks `falsetrail_run`");
        return Err(vec![diagnostic.help("`falsetrail generate … --write-run FILE` writes one")]);
    };
    match format.value {
        Value::Int(found) if found == i128::from(FORMAT) => Ok(()),
        Value::Int(found) if found > i128::from(FORMAT) => {
            let message = format!("this run file has format {found}, and falsetrail {PROGRAM} reads format {FORMAT}");
            let by = value("version").and_then(Node::as_text).map(|version| format!(": {version} has written it"));
            let help = format!("use a newer falsetrail{}", by.unwrap_or_default());
            Err(vec![reader.diagnostic(&format.span, message).help(help)])
        }
        _ => {
            let message = format!("`falsetrail_run` must be {FORMAT}, found {}", format.describe());
            Err(vec![reader.diagnostic(&format.span, message)])
        }
    }
}

fn top_level(reader: &Reader, root: &Node) -> Option<RunFile> {
    let mut map = reader.map(root, "a run")?;
    map.optional("falsetrail_run");
    let version = map.read_required("version", version);
    let scenarios = map.required_list("scenarios");
    let mut options = Options::default();
    for (key, kind) in ContentOption::with_keys() {
        kind.read(key, &mut map, &mut options);
    }
    let layout = map.map("output", "`output`").map_or_else(Layout::default, layout);
    let files = map.required("files").and_then(|node| files(reader, node));
    map.finish();
    let scenarios = scenarios?.iter().map(|item| reader.text(item, "an item of `scenarios`"));
    let scenarios = scenarios.map(|text| text.map(|text| text.value)).collect::<Option<_>>()?;
    let options = Options { scenarios, texts: SourceProvider::Run(Arc::new(files?)), ..options };
    Some(RunFile { version: version?, options, layout, emitted: None })
}

/// A version: numbers separated by points, with an optional suffix such as `-rc.1`.
fn version(reader: &Reader, node: &Node, what: &str) -> Option<String> {
    let text = reader.text(node, what)?.value;
    let mut numbers = text.split('.').take(2);
    let fine = text.contains('.') && numbers.all(|number| number.parse::<u32>().is_ok());
    if fine { Some(text) } else { reader.wrong(node, what, &format!("a version such as `{PROGRAM}`")) }
}

fn layout(mut map: MapReader<'_>) -> Layout {
    let format = map.read("format", |reader, node, what| reader.one_of(node, what, &Format::NAMES));
    let split = map.read("split", |reader, node, what| reader.one_of(node, what, &Split::NAMES));
    map.finish();
    Layout { format: format.unwrap_or_default(), split }
}

fn files(reader: &Reader, node: &Node) -> Option<RunSources> {
    let mut map = reader.map(node, "`files`")?;
    let scenarios = texts(reader, map.entries("scenarios"));
    let catalog = map.required("catalog");
    map.finish();
    let node = catalog?;
    let entries = reader.entries(node, "`catalog`")?;
    if entries.iter().all(|(name, _)| name.value != "catalog.yaml") {
        reader.report(reader.diagnostic(&node.span, "`catalog` lacks `catalog.yaml`"));
    }
    let catalog = texts(reader, entries);
    Some(RunSources { file: reader.source().name.clone(), scenarios, catalog })
}

fn texts(reader: &Reader, entries: &[(Spanned<String>, Node)]) -> Named {
    let file = &reader.source().name;
    let named = |(name, node): &(Spanned<String>, Node)| {
        let source = Source::new(RunSources::shown(file, &name.value), text(reader, &name.value, node)?);
        Some((name.value.clone(), source))
    };
    entries.iter().filter_map(named).collect()
}

/// A text, given as one string or as a list of lines, each of which ends with a line feed.
fn text(reader: &Reader, name: &str, node: &Node) -> Option<String> {
    let wanted = "a text or a list of lines";
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        Value::List(lines) => {
            let mut text = String::new();
            for line in lines {
                match line.as_text() {
                    Some(line) if !line.contains('\n') => text.extend([line, "\n"]),
                    _ => {
                        return reader.wrong(line, &format!("a line of {}", quoted(name)), "a text without line feeds");
                    }
                }
            }
            Some(text)
        }
        _ => reader.wrong(node, &quoted(name), wanted),
    }
}
