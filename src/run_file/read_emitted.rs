//! Parser of a run's summary: extracts the run file in it, and how much of the run was emitted.
//!
//! Summaries can gain keys without a new version, so unknown keys are ignored.

use std::collections::BTreeMap;

use super::{Emitted, Status, Topic};
use crate::{
    error::{Diagnostic, quoted},
    run::{Selection, Shard, Slice},
    units,
    yaml::{MapReader, Node, Reader, Value},
};

/// The version of summaries that contain a run file.
const VERSION: i128 = 2;

/// A summary, split into the run file and the whole.
pub(super) struct Summary<'n> {
    /// The run file.
    pub(crate) run: &'n Node,
    /// The whole summary.
    pub(crate) rest: &'n Node,
}

/// Extracts the run file from a summary; `None` if the document is not a summary.
pub(super) fn run_of<'n>(reader: &Reader, root: &'n Node) -> Result<Option<Summary<'n>>, Vec<Diagnostic>> {
    let Value::Map(entries) = &root.value else { return Ok(None) };
    let value = |wanted: &str| entries.iter().find(|(key, _)| key.value == wanted).map(|(_, node)| node);
    let is_summary = value("falsetrail").is_some() && value("falsetrail_run").is_none();
    let Some(version) = value("version").filter(|_| is_summary) else { return Ok(None) };
    match (&version.value, value("run_file")) {
        (Value::Int(VERSION), Some(run)) => Ok(Some(Summary { run, rest: root })),
        (Value::Int(found), _) if *found > VERSION => {
            let message =
                format!("this summary has version {found}, and falsetrail {} reads {VERSION}", super::PROGRAM);
            Err(vec![reader.diagnostic(&version.span, message).help("use a newer falsetrail")])
        }
        _ => {
            let diagnostic = reader.diagnostic(&version.span, "this summary does not hold its run");
            Err(vec![diagnostic.help("`--summary` of this version writes one that does, `--write-run` the run alone")])
        }
    }
}

/// How much of its run was emitted, according to a summary.
pub(super) fn emitted(reader: &Reader, root: &Node) -> Option<Emitted> {
    let mut map = reader.map(root, "a summary")?;
    let status = map.read_required("status", |reader, node, what| reader.one_of(node, what, &Status::NAMES));
    let started = map.read_required("started", time);
    let ended = given(&mut map, "ended").map(|node| time(reader, node, "`ended`"));
    let of_run = map.required("run").and_then(|node| reader.map(node, "`run`"));
    let numbers = map.required("emitted").and_then(|node| reader.map(node, "`emitted`"));
    let delivered = map.required("delivered").and_then(|node| reader.map(node, "`delivered`"));
    // The remaining keys do not tell which events were emitted.
    let _ = map.rest();
    let speed = of_run.and_then(|mut run| {
        let speed = given(&mut run, "speed").map(|node| reader.f64(node, "`speed`"));
        let _ = run.rest();
        speed
    });
    let (numbers, delivered) = (numbers.map(|map| which(reader, map)), delivered.map(|map| destination(reader, map)));
    let (part, [failed, unknown], unlisted) = numbers??;
    let (events, topic) = delivered??;
    Some(Emitted {
        status: status?,
        part,
        delivered: events,
        failed,
        unknown,
        unlisted,
        started: started?,
        ended: ended.map_or(Some(None), |ended| ended.map(Some))?,
        speed: speed.map_or(Some(None), |speed| speed.map(|speed| Some(speed.value)))?,
        topic,
    })
}

/// The value of a key, if it is present and not null.
fn given<'r>(map: &mut MapReader<'r>, key: &'static str) -> Option<&'r Node> {
    map.optional(key).filter(|node| node.value != Value::Null)
}

fn which(reader: &Reader, mut map: MapReader<'_>) -> Option<(Slice, [Selection; 2], u64)> {
    let skip = map.read_required("skip", Reader::u64);
    let first = given(&mut map, "until").map(|node| reader.u64(node, "`until`"));
    let shard = given(&mut map, "shard").map(|node| shard(reader, node));
    let only = given(&mut map, "only").map(|node| numbers(reader, node, "`only`"));
    let failed = map.required("failed").map(|node| numbers(reader, node, "`failed`"));
    let unknown = map.required("unknown").map(|node| numbers(reader, node, "`unknown`"));
    let unlisted = map.read_required("unlisted", Reader::u64);
    let _ = map.rest();
    let part = Slice {
        skip: skip?.value,
        first: first.map_or(Some(None), |first| first.map(|first| Some(first.value)))?,
        shard: shard.map_or(Some(None), |shard| shard.map(Some))?,
        only: only.map_or(Some(None), |only| only.map(Some))?,
    };
    Some((part, [failed??, unknown??], unlisted?.value))
}

fn destination(reader: &Reader, mut map: MapReader<'_>) -> Option<(u64, Option<Topic>)> {
    let events = map.read_required("events", Reader::u64);
    let name = given(&mut map, "topic").map(|node| reader.text(node, "`topic`"));
    let cluster = given(&mut map, "cluster").map(|node| reader.text(node, "`cluster`"));
    let offsets = given(&mut map, "offsets_before").map(|node| offsets(reader, node));
    let _ = map.rest();
    let offsets_before = offsets.unwrap_or_else(|| Some(BTreeMap::new()));
    let cluster = cluster.map_or(Some(None), |id| id.map(|id| Some(id.value)));
    let topic = match name {
        Some(name) => Some(Topic { name: name?.value, offsets_before: offsets_before?, cluster: cluster? }),
        None => None,
    };
    Some((events?.value, topic))
}

fn time(reader: &Reader, node: &Node, what: &str) -> Option<i64> {
    let text = reader.text(node, what)?.value;
    reader.unit(node, what, units::time(&text, 0)).map(|time| time.value)
}

fn shard(reader: &Reader, node: &Node) -> Option<Shard> {
    let text = reader.text(node, "`shard`")?.value;
    match text.parse() {
        Ok(shard) => Some(shard),
        Err(why) => {
            reader.report(reader.diagnostic(&node.span, format!("`shard`: {why}")));
            None
        }
    }
}

/// Numbers given as `[first, last]` pairs.
fn numbers(reader: &Reader, node: &Node, what: &str) -> Option<Selection> {
    let stretch = |item: &Node| {
        let bounds = reader.list(item, &format!("an item of {what}"))?;
        let [first, last] = bounds else {
            return reader.wrong(item, &format!("an item of {what}"), "a first and a last number");
        };
        let first = reader.u64(first, "the first number")?.value;
        let end = reader.u64(last, "the last number")?.value;
        if end < first {
            return reader.wrong(last, "the last number", "no smaller than the first");
        }
        Some(first..=end)
    };
    let stretches: Vec<_> = reader.list(node, what)?.iter().map(stretch).collect();
    Some(Selection::from_ranges(stretches.into_iter().collect::<Option<Vec<_>>>()?))
}

fn offsets(reader: &Reader, node: &Node) -> Option<BTreeMap<i32, i64>> {
    let entries = reader.entries(node, "`offsets_before`")?;
    let offset = |(partition, offset): &(crate::yaml::Spanned<String>, Node)| {
        let Ok(number) = partition.value.parse() else {
            let message = format!("{} is no number of a partition", quoted(&partition.value));
            reader.report(reader.diagnostic(&partition.span, message));
            return None;
        };
        Some((number, reader.i64(offset, "an offset")?.value))
    };
    let offsets: Vec<_> = entries.iter().map(offset).collect();
    offsets.into_iter().collect()
}
