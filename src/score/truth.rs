//! The ground truth as read: a few numbers for each instance, and an index of the values that identify its actors.

use crate::{
    error::{Error, quoted},
    identity::{EventIds, EventName, run_key},
    units::{elapsed, format_time, time},
    verify::{candidates, input},
};
use serde_json::Value;
use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    net::IpAddr,
    path::Path,
    sync::Arc,
};
use xxhash_rust::xxh3::xxh3_64;

/// The duty of a rule about an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Nothing: it has no label. An alert about it is a false alarm.
    Background,
    /// Nothing, because its label was not asked for: an alert about it counts neither way.
    Neutral,
    /// Not fire: `near-miss` and `negative`.
    Quiet,
    /// Find it.
    Find,
}

/// Labels of instances on which a rule must not fire.
const QUIET: [&str; 2] = ["near-miss", "negative"];

/// The run that a truth is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TruthRun {
    /// Name, seed and start.
    pub name: String,
    /// The seed.
    pub seed: u64,
    /// Start of event time, in nanoseconds since the Unix epoch.
    pub from: i64,
    /// End of event time, if the options of the run said it.
    pub to: Option<i64>,
}

/// An instance of the truth.
#[derive(Debug, Clone, Copy)]
pub(super) struct Instance {
    /// Index of its label.
    pub label: Option<u16>,
    /// Index of its scenario.
    pub scenario: u16,
    pub first: i64,
    pub last: i64,
    pub events: u32,
}

impl Instance {
    /// Events a second.
    pub(super) fn density(&self) -> f64 {
        f64::from(self.events) * 1e9 / elapsed(self.first, self.last).max(1_000_000_000) as f64
    }
}

/// Kind of a value that identifies an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ValueKind {
    Actor,
    Resource,
    Address,
}

/// A value, by its hash, and an instance that has it; sorted by hash and start.
type Entry = (u64, i64, u32, ValueKind);

/// The ground truth of a run, as `--truth` wrote it.
#[derive(Debug)]
pub struct Truth {
    run: TruthRun,
    ids: EventIds,
    pub(super) instances: Vec<Instance>,
    /// Names of labelled instances, for people.
    pub(super) names: HashMap<u32, String>,
    pub(super) scenarios: Vec<String>,
    labels: Vec<(String, Role)>,
    by_number: HashMap<(u16, u64), u32>,
    values: Vec<Entry>,
    /// Duration of the longest instance.
    longest: u64,
    /// Instances that the files name; others are added when an alert leads to them.
    pub(super) listed: usize,
    /// Whether instances without a label are listed.
    pub(super) is_all: bool,
}

/// Scenario of instances that the truth does not list.
pub(super) const UNLISTED: &str = "(not in the truth)";

impl Truth {
    /// Reads the truth of a run: one file, or several if shards or continued runs wrote one each.
    ///
    /// # Errors
    /// [`Error::Usage`] if a file cannot be read, holds anything else, or if they are about different runs.
    pub fn read(paths: &[&Path]) -> Result<Self, Error> {
        let mut reading = Reading::default();
        for path in paths {
            for file in input::files(path, &[])? {
                reading.file(&file)?;
            }
        }
        let name = paths.first().map(|path| quoted(&path.display().to_string())).unwrap_or_default();
        reading.finish(&name)
    }

    /// Reads the truth from its lines.
    ///
    /// # Errors
    /// As [`Truth::read`].
    pub fn from_lines(lines: &[u8]) -> Result<Self, Error> {
        let mut reading = Reading::default();
        reading.lines("the truth", lines)?;
        reading.finish("the truth")
    }

    /// The run.
    pub fn run(&self) -> &TruthRun {
        &self.run
    }

    /// All labels.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().map(|(name, _)| name.as_str())
    }

    /// Sets which labels have to be found; none stands for all but those that must stay quiet.
    pub(super) fn choose_labels(&mut self, chosen: &[String]) {
        for (name, role) in &mut self.labels {
            *role = match name {
                _ if chosen.contains(name) => Role::Find,
                _ if QUIET.contains(&name.as_str()) => Role::Quiet,
                _ if chosen.is_empty() => Role::Find,
                _ => Role::Neutral,
            };
        }
    }

    /// Each label with its role.
    pub(super) fn roles(&self) -> &[(String, Role)] {
        &self.labels
    }

    pub(super) fn role(&self, instance: u32) -> Role {
        let label = self.instances[instance as usize].label;
        label.map_or(Role::Background, |label| self.labels[usize::from(label)].1)
    }

    /// The event of an id, if the run has one.
    pub(super) fn event(&self, bits: u128) -> Option<EventName> {
        self.ids.event_of(bits).or_else(|| self.ids.event_of_request(bits))
    }

    /// The instance of an event; one that the truth does not list is added.
    pub(super) fn instance(&mut self, name: EventName) -> u32 {
        *self.by_number.entry((name.scenario, name.instance)).or_insert_with(|| {
            let scenario = index_of(&mut self.scenarios, UNLISTED);
            self.instances.push(Instance { label: None, scenario, first: i64::MAX, last: i64::MIN, events: 0 });
            self.instances.len() as u32 - 1
        })
    }

    /// The instances that have this value, of those whose time is within `window` of `time`; with `None` whether there
    /// is any at all.
    pub(super) fn having(&self, value: &[u8], time: Option<(i64, u64)>) -> (bool, &[Entry]) {
        let hash = hash_of(value);
        let from = self.values.partition_point(|entry| entry.0 < hash);
        let to = from + self.values[from..].partition_point(|entry| entry.0 == hash);
        let all = &self.values[from..to];
        let Some((time, window)) = time else { return (!all.is_empty(), &[]) };
        let earliest = time.saturating_sub_unsigned(window).saturating_sub_unsigned(self.longest);
        let latest = time.saturating_add_unsigned(window);
        let begin = all.partition_point(|entry| entry.1 < earliest);
        let end = all.partition_point(|entry| entry.1 <= latest);
        (!all.is_empty(), all.get(begin..end).unwrap_or_default())
    }

    /// How long the run lasted, in nanoseconds: as its options say, or else up to the last event of its instances.
    pub(super) fn span(&self) -> Option<u64> {
        let last = || self.instances[..self.listed].iter().map(|instance| instance.last).max();
        let end = self.run.to.or_else(|| last().filter(|_| self.is_all))?;
        (end > self.run.from).then(|| end.abs_diff(self.run.from))
    }
}

/// Hash of a value, in lower case.
fn hash_of(value: &[u8]) -> u64 {
    if value.iter().any(u8::is_ascii_uppercase) { xxh3_64(&value.to_ascii_lowercase()) } else { xxh3_64(value) }
}

fn index_of(names: &mut Vec<String>, name: &str) -> u16 {
    let known = names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    });
    known as u16
}

/// The files of a truth, so far.
#[derive(Default)]
struct Reading {
    run: Option<(TruthRun, EventIds)>,
    instances: Vec<Instance>,
    names: HashMap<u32, String>,
    scenarios: Vec<String>,
    labels: Vec<String>,
    by_number: HashMap<(u16, u64), u32>,
    values: Vec<Entry>,
}

/// Where a line stands, for messages.
struct Place<'a> {
    file: &'a str,
    line: u64,
}

impl Place<'_> {
    fn wrong(&self, why: &str) -> Error {
        Error::usage(format!("line {} of {} is no ground truth: {why}", self.line, self.file))
            .help("give the file that `falsetrail generate --truth FILE` has written")
    }
}

impl Reading {
    fn file(&mut self, path: &Path) -> Result<(), Error> {
        let name = quoted(&path.display().to_string());
        self.lines(&name, input::open(path, &Arc::default())?)
    }

    fn lines(&mut self, file: &str, reader: impl std::io::Read) -> Result<(), Error> {
        let (mut reader, mut line) = (BufReader::new(reader), Vec::new());
        for number in 1.. {
            line.clear();
            if reader.read_until(b'\n', &mut line).map_err(|error| input::cannot_read(file, &error))? == 0 {
                break;
            }
            let text = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&line).trim_ascii();
            if !text.is_empty() {
                self.line(&Place { file, line: number }, text)?;
            }
        }
        Ok(())
    }

    fn line(&mut self, place: &Place<'_>, text: &[u8]) -> Result<(), Error> {
        let line: Value = serde_json::from_slice(text).map_err(|error| place.wrong(&error.to_string()))?;
        let name = self.number(place, &line)?;
        let moment = |key: &str| {
            let text = line[key].as_str().ok_or_else(|| place.wrong(&format!("it has no `{key}`")))?;
            time(text, 0).map_err(|_| place.wrong(&format!("its `{key}` is no time")))
        };
        let (first, last) = (moment("first")?, moment("last")?);
        let label = line["label"].as_str().map(|label| index_of(&mut self.labels, label));
        let scenario = line["scenario"].as_str().ok_or_else(|| place.wrong("it has no `scenario`"))?;
        let scenario = index_of(&mut self.scenarios, scenario);
        let events = line["event_ids"].as_array().map_or(0, Vec::len) as u32;
        let next = self.instances.len() as u32;
        let index = *self.by_number.entry(name).or_insert(next);
        if index == next {
            self.instances.push(Instance { label, scenario, first, last, events });
        } else {
            // Of an instance that one run began and its continuation ended each file has a line.
            let known = &mut self.instances[index as usize];
            (known.first, known.last) = (known.first.min(first), known.last.max(last));
            known.events = known.events.max(events);
        }
        if label.is_some() {
            let name = line["story"].as_str().unwrap_or_default().to_owned();
            self.names.insert(index, name);
        }
        self.identify(&line, (index, first));
        Ok(())
    }

    /// The instance that a line is about, from the id of its first event.
    fn number(&mut self, place: &Place<'_>, line: &Value) -> Result<(u16, u64), Error> {
        let run = &line["run"];
        let (Some(name), Some(seed), Some(from)) = (run["name"].as_str(), run["seed"].as_u64(), run["from"].as_str())
        else {
            if line["event_ids"].is_array() {
                let message = format!("line {} of {} does not name its run", place.line, place.file);
                return Err(Error::usage(message).help(
                    "an older version of falsetrail has written it: repeat the run with this one, with the same seed and start",
                ));
            }
            return Err(place.wrong("it has no `run`"));
        };
        let moment = |text: &str| time(text, 0).map_err(|_| place.wrong("its `run` has no valid time"));
        let from = moment(from)?;
        let to = run["to"].as_str().map(moment).transpose()?;
        let (known, ids) = self.run.get_or_insert_with(|| {
            let run = TruthRun { name: name.to_owned(), seed, from, to };
            (run, EventIds::new(run_key(seed, name, from)))
        });
        if (known.name.as_str(), known.seed, known.from) != (name, seed, from) {
            let message = format!(
                "line {} of {} is about {name} (seed {seed}, from {}), and the lines before it are about {} (seed {}, from {})",
                place.line,
                place.file,
                format_time(from),
                known.name,
                known.seed,
                format_time(known.from)
            );
            return Err(Error::usage(message).help("score each run with its truth"));
        }
        // Of a run that was continued with a later end, the later one counts.
        known.to = known.to.max(to);
        let id = line["event_ids"][0].as_str().and_then(|id| candidates::uuid(id.as_bytes()));
        let event = id.and_then(|id| ids.event_of(id));
        let event = event.ok_or_else(|| place.wrong("its `event_ids` are not of its run"))?;
        Ok((event.scenario, event.instance))
    }

    /// Notes the values by which an alert may name the instance.
    fn identify(&mut self, line: &Value, (index, first): (u32, i64)) {
        let mut note = |value: &str, kind: ValueKind| {
            let kind =
                if kind == ValueKind::Actor && value.parse::<IpAddr>().is_ok() { ValueKind::Address } else { kind };
            self.values.push((hash_of(value.as_bytes()), first, index, kind));
        };
        let others = line["other_actors"].as_array();
        for actor in [&line["actor"]].into_iter().chain(others.into_iter().flatten()) {
            let fields = actor.as_object().into_iter().flatten();
            for (_, value) in fields.filter(|(name, _)| !matches!(name.as_str(), "name" | "kind")) {
                let several = value.as_array().map(Vec::as_slice).unwrap_or_default();
                for text in [value].into_iter().chain(several).filter_map(Value::as_str) {
                    note(text, ValueKind::Actor);
                }
            }
        }
        for resource in line["resources"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            note(resource, ValueKind::Resource);
        }
    }

    fn finish(mut self, name: &str) -> Result<Truth, Error> {
        let Some((run, ids)) = self.run else {
            return Err(Error::usage(format!("{name} has no line, so there is nothing to find"))
                .help("inject an attack, `--inject mass-deletion@+20m,label=positive`, or label every instance, `--truth-all`"));
        };
        self.values.sort_unstable();
        self.values.dedup();
        self.values.shrink_to_fit();
        let is_all = self.instances.iter().any(|instance| instance.label.is_none());
        let longest = self.instances.iter().map(|instance| elapsed(instance.first, instance.last)).max();
        Ok(Truth {
            run,
            ids,
            listed: self.instances.len(),
            instances: self.instances,
            names: self.names,
            scenarios: self.scenarios,
            labels: self.labels.into_iter().map(|label| (label, Role::Find)).collect(),
            by_number: self.by_number,
            values: self.values,
            longest: longest.unwrap_or_default(),
            is_all,
        })
    }
}
