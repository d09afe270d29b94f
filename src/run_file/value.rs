//! Values of options: how each kind is parsed from an argument, printed as one, and read from and written to a run file.

use crate::{
    error::quoted,
    plan::Options,
    units::{self, QuantityError, Rate, format_duration},
    yaml::{MapReader, Node, Reader},
};
use serde_json::{Value, json};
use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

/// A key of a run file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunFileKey {
    /// The key.
    pub(crate) name: &'static str,
    /// Its position among the keys of options.
    pub(crate) position: u8,
    /// Whether a run file without it is refused.
    pub(crate) is_required: bool,
}

/// A field of [`Options`].
#[derive(Debug)]
pub(crate) struct Field<T> {
    /// The field's value.
    pub(crate) get: fn(&Options) -> &T,
    /// The field, to change it.
    pub(crate) get_mut: fn(&mut Options) -> &mut T,
}

/// A kind of value.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A number of at least 1, such as `100k`.
    Count(Field<Option<u64>>),
    /// Any number of 64 bits.
    Seed(Field<Option<u64>>),
    /// A point in time, which may be relative on the command line.
    Time(Field<Option<String>>),
    /// A duration in nanoseconds.
    Duration(Field<Option<u64>>),
    /// A rate.
    Rate(Field<Option<Rate>>),
    /// Stages of a changing rate.
    Stages(Field<Vec<(u64, Rate)>>),
    /// A text.
    Text(Field<Option<String>>),
    /// Texts, one for each time that the option is given.
    Texts(Field<Vec<String>>),
    /// A path.
    Folder(Field<Option<PathBuf>>),
    /// Whether the option is given.
    Flag(Field<bool>),
}

impl Kind {
    /// Whether the option may be given several times.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self, Kind::Stages(_) | Kind::Texts(_))
    }

    /// Whether a value may begin with a hyphen.
    pub(crate) fn allows_hyphens(&self) -> bool {
        matches!(self, Kind::Time(_) | Kind::Duration(_) | Kind::Rate(_) | Kind::Stages(_))
    }

    /// Whether a value may be a negative number, which its parser then refuses with a better message.
    pub(crate) fn allows_negative_numbers(&self) -> bool {
        matches!(self, Kind::Count(_) | Kind::Seed(_))
    }

    /// Whether the option is given.
    pub(crate) fn is_given(&self, options: &Options) -> bool {
        !self.arguments(options).is_empty()
    }

    /// Parses an argument, and stores or adds its value. A flag has no text.
    ///
    /// # Errors
    ///
    /// The mistake in the text, and its remedy.
    pub(crate) fn parse(&self, text: &str, options: &mut Options) -> Result<(), String> {
        let wrong = |diagnostic: QuantityError| diagnostic.to_string();
        match self {
            Kind::Count(field) => *(field.get_mut)(options) = Some(units::count(text).map_err(wrong)?),
            Kind::Seed(field) => *(field.get_mut)(options) = Some(seed(text)?),
            Kind::Time(field) | Kind::Text(field) => *(field.get_mut)(options) = Some(text.to_owned()),
            Kind::Duration(field) => *(field.get_mut)(options) = Some(units::duration(text).map_err(wrong)?),
            Kind::Rate(field) => *(field.get_mut)(options) = Some(units::rate(text).map_err(wrong)?),
            Kind::Stages(field) => (field.get_mut)(options).push(stage(text)?),
            Kind::Texts(field) => (field.get_mut)(options).push(text.to_owned()),
            Kind::Folder(field) => *(field.get_mut)(options) = Some(text.into()),
            Kind::Flag(field) => *(field.get_mut)(options) = true,
        }
        Ok(())
    }

    /// The value as arguments of the command line, one for each time that the option is to be given; `None` for a flag,
    /// which has no value.
    pub(crate) fn arguments(&self, options: &Options) -> Vec<Option<OsString>> {
        let text = |text: String| Some(OsString::from(text));
        match self {
            Kind::Count(field) | Kind::Seed(field) => {
                (field.get)(options).iter().map(|number| text(number.to_string())).collect()
            }
            Kind::Time(field) | Kind::Text(field) => (field.get)(options).iter().cloned().map(text).collect(),
            Kind::Duration(field) => {
                (field.get)(options).iter().map(|duration| text(format_duration(*duration))).collect()
            }
            Kind::Rate(field) => (field.get)(options).iter().map(|rate| text(rate.to_string())).collect(),
            Kind::Stages(field) => {
                let stages = (field.get)(options).iter();
                stages.map(|(duration, rate)| text(format!("{}:{rate}", format_duration(*duration)))).collect()
            }
            Kind::Texts(field) => (field.get)(options).iter().cloned().map(text).collect(),
            Kind::Folder(field) => {
                let folder = (field.get)(options).iter();
                folder.map(|folder| Some(AsRef::<OsStr>::as_ref(folder).to_owned())).collect()
            }
            Kind::Flag(field) => (field.get)(options).then_some(None).into_iter().collect(),
        }
    }

    /// The value in a run file; `None` if it is the default.
    pub(super) fn to_json(&self, options: &Options) -> Option<Value> {
        match self {
            Kind::Count(field) | Kind::Seed(field) => (field.get)(options).map(Value::from),
            Kind::Time(field) | Kind::Text(field) => (field.get)(options).as_deref().map(Value::from),
            Kind::Duration(field) => (field.get)(options).map(|duration| json!(format_duration(duration))),
            Kind::Rate(field) => (field.get)(options).map(|rate| json!(rate.to_string())),
            Kind::Stages(field) => some((field.get)(options).iter().map(
                |(duration, target)| json!({ "duration": format_duration(*duration), "target": target.to_string() }),
            )),
            Kind::Texts(field) => some((field.get)(options).iter().map(|text| json!(text))),
            Kind::Folder(field) => (field.get)(options).as_ref().map(|folder| json!(folder)),
            Kind::Flag(field) => (field.get)(options).then_some(Value::Bool(true)),
        }
    }

    /// Reads the value from a run file.
    pub(super) fn read(&self, key: RunFileKey, map: &mut MapReader, options: &mut Options) {
        match self {
            Kind::Count(field) => *(field.get_mut)(options) = read(key, map, at_least_one),
            Kind::Seed(field) => *(field.get_mut)(options) = read(key, map, Reader::u64).map(|seed| seed.value),
            Kind::Time(field) => *(field.get_mut)(options) = read(key, map, moment),
            Kind::Text(field) => *(field.get_mut)(options) = read(key, map, Reader::text).map(|text| text.value),
            Kind::Duration(field) => {
                *(field.get_mut)(options) = read(key, map, Reader::duration).map(|duration| duration.value);
            }
            Kind::Rate(field) => *(field.get_mut)(options) = read(key, map, Reader::rate).map(|rate| rate.value),
            Kind::Stages(field) => {
                let reader = map.reader();
                let stages = map.list(key.name).iter().filter_map(|item| read_stage(reader, item));
                *(field.get_mut)(options) = stages.collect();
            }
            Kind::Texts(field) => {
                *(field.get_mut)(options) = map.texts(key.name).into_iter().map(|text| text.value).collect();
            }
            Kind::Folder(field) => {
                *(field.get_mut)(options) = read(key, map, Reader::text).map(|text| text.value.into());
            }
            Kind::Flag(field) => {
                *(field.get_mut)(options) = map.bool(key.name).is_some_and(|flag| flag.value);
            }
        }
    }
}

fn some(values: impl Iterator<Item = Value>) -> Option<Value> {
    let values: Vec<Value> = values.collect();
    (!values.is_empty()).then_some(Value::Array(values))
}

fn read<T>(key: RunFileKey, map: &mut MapReader, value: impl FnOnce(&Reader, &Node, &str) -> Option<T>) -> Option<T> {
    if key.is_required { map.read_required(key.name, value) } else { map.read(key.name, value) }
}

/// Parses a seed.
fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a seed is a whole number from 0 to {}", u64::MAX))
}

/// Parses a stage such as `10m:500/s`.
fn stage(text: &str) -> Result<(u64, Rate), String> {
    let Some((duration, rate)) = text.split_once(':') else {
        return Err("write the duration and the rate at its end, as `10m:500/s`".to_owned());
    };
    let duration = units::duration(duration).map_err(|diagnostic| diagnostic.to_string())?;
    Ok((duration, units::rate(rate).map_err(|diagnostic| diagnostic.to_string())?))
}

fn read_stage(reader: &Reader, node: &Node) -> Option<(u64, Rate)> {
    let mut map = reader.map(node, "a stage")?;
    let duration = map.read_required("duration", Reader::duration);
    let target = map.read_required("target", Reader::rate);
    map.finish();
    Some((duration?.value, target?.value))
}

fn at_least_one(reader: &Reader, node: &Node, what: &str) -> Option<u64> {
    match reader.u64(node, what)?.value {
        0 => reader.wrong(node, what, "at least 1"),
        count => Some(count),
    }
}

/// An absolute time, which does not depend on when it is read.
fn moment(reader: &Reader, node: &Node, what: &str) -> Option<String> {
    let text = reader.text(node, what)?.value;
    let message = if units::is_relative_time(&text) {
        format!("{what} must be a point in time, found {}", quoted(&text))
    } else {
        match units::time(&text, 0) {
            Ok(_) => return Some(text),
            Err(found) => format!("{what}: {}", found.message),
        }
    };
    let help = "a run file says the same whenever it is read: write `2026-01-05T08:00:00Z`";
    reader.report(reader.diagnostic(&node.span, message).help(help));
    None
}
