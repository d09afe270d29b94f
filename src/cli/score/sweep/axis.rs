//! The parameters of a sweep and their values.

use crate::{error::quoted, units};
use serde_json::{Map, Value};
use std::str::FromStr;

/// All parameters of a sweep, in the order in which they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Axes(Vec<Axis>);

/// A parameter, and its values in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Axis {
    name: String,
    values: Vec<String>,
}

/// Variants of an attack at most.
const MOST: usize = 2_000;

const FORM: &str = "write `deletes=1..20`, `gap=1s..60s`, `gap=10s..5m/10s` or several with commas between them";

impl FromStr for Axes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut axes: Vec<Axis> = Vec::new();
        for part in text.split(',') {
            let added: Axis = part.parse()?;
            if axes.iter().any(|known| known.name == added.name) {
                return Err(format!("the parameter {} is there twice: {FORM}", quoted(&added.name)));
            }
            axes.push(added);
        }
        let count = axes.iter().fold(1, |count: usize, axis| count.saturating_mul(axis.values.len()));
        if count > MOST {
            let most = units::format_count(MOST as u64);
            return Err(format!(
                "these are {} variants, and at most {most} are possible: give larger steps, such as `gap=10s..5m/10s`",
                units::format_count(count as u64)
            ));
        }
        Ok(Axes(axes))
    }
}

impl FromStr for Axis {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, range) = text
            .split_once('=')
            .map(|(name, range)| (name.trim(), range.trim()))
            .filter(|(name, range)| !name.is_empty() && !range.is_empty())
            .ok_or_else(|| format!("{} is no parameter with a range: {FORM}", quoted(text)))?;
        Ok(Axis { name: name.to_owned(), values: values(range)? })
    }
}

/// The values of a range; a text that is none stands for itself.
fn values(range: &str) -> Result<Vec<String>, String> {
    let Some((low, rest)) = range.split_once("..") else { return Ok(vec![range.to_owned()]) };
    let (high, step) = match rest.split_once('/') {
        Some((high, step)) => (high, Some(step)),
        None => (rest, None),
    };
    let wrong = || format!("{} is no range of numbers or durations: {FORM}", quoted(range));
    for unit in [Unit::Number, Unit::Percent, Unit::Duration] {
        let (Some(from), Some(to)) = (unit.read(low), unit.read(high)) else { continue };
        let step = match step {
            Some(step) => unit.read(step).filter(|step| *step > 0).ok_or_else(wrong)?,
            None => unit.smallest(low),
        };
        if from > to {
            return Err(format!("the range {} begins above its end: {FORM}", quoted(range)));
        }
        let count = ((to - from) / step).saturating_add(1);
        if count > MOST as u64 {
            let most = units::format_count(MOST as u64);
            return Err(format!(
                "the range {} has {} values, and at most {most} are possible: give larger steps, such as `gap=10s..5m/10s`",
                quoted(range),
                units::format_count(count)
            ));
        }
        return Ok((0..count).map(|number| unit.write(from + number * step)).collect());
    }
    Err(wrong())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Number,
    Percent,
    Duration,
}

impl Unit {
    fn read(self, text: &str) -> Option<u64> {
        let text = text.trim();
        match self {
            Unit::Number => text.parse().ok(),
            Unit::Percent => text.strip_suffix('%')?.parse().ok(),
            Unit::Duration => units::duration(text).ok(),
        }
    }

    fn write(self, value: u64) -> String {
        match self {
            Unit::Number => value.to_string(),
            Unit::Percent => format!("{value}%"),
            Unit::Duration => units::format_duration(value),
        }
    }

    /// The step of a range that names none: 1 of the smallest unit in which it is written.
    fn smallest(self, text: &str) -> u64 {
        match self {
            Unit::Number | Unit::Percent => 1,
            Unit::Duration => {
                let unit = text.trim().trim_start_matches(|c: char| !c.is_ascii_digit());
                let unit = unit.rsplit(|c: char| c.is_ascii_digit() || c == '.').next().unwrap_or("s");
                units::duration(&format!("1{unit}")).unwrap_or(1_000_000_000)
            }
        }
    }
}

impl Axes {
    /// Names of the parameters.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|axis| axis.name.as_str())
    }

    /// The name and the values of the last parameter, along which edges are looked for.
    pub(super) fn last(&self) -> (&str, &[String]) {
        self.0.last().map_or(("", &[]), |axis| (axis.name.as_str(), axis.values.as_slice()))
    }

    /// All combinations; the last parameter changes fastest.
    pub(super) fn combinations(&self) -> Vec<Vec<String>> {
        Self::product(&self.0)
    }

    /// All combinations of the parameters but the last, in the order of [`Axes::combinations`].
    pub(super) fn combinations_before_last(&self) -> Vec<Vec<String>> {
        Self::product(&self.0[..self.0.len().saturating_sub(1)])
    }

    fn product(axes: &[Axis]) -> Vec<Vec<String>> {
        axes.iter().fold(vec![Vec::new()], |before, axis| {
            let with = |values: &Vec<String>, value: &String| values.iter().chain([value]).cloned().collect();
            before.iter().flat_map(|values| axis.values.iter().map(move |value| with(values, value))).collect()
        })
    }

    /// Values as a JSON object, of the first parameters if they are fewer.
    pub(super) fn params(&self, values: &[String]) -> Map<String, Value> {
        let value = |text: &String| text.parse::<u64>().map_or_else(|_| Value::from(text.as_str()), Value::from);
        self.names().zip(values).map(|(name, text)| (name.to_owned(), value(text))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_steps_of_their_unit() {
        let values = |text: &str| text.parse::<Axes>().unwrap().0[0].values.join(" ");
        assert_eq!(values("deletes=8..11"), "8 9 10 11");
        assert_eq!(values("deletes=10..40/15"), "10 25 40");
        assert_eq!(values("gap=58s..1m1s"), "58s 59s 1m 1m1s");
        assert_eq!(values("gap=1m..3m"), "1m 2m 3m");
        assert_eq!(values("gap=500ms..1s/250ms"), "500ms 750ms 1s");
        assert_eq!(values("share=5%..7%"), "5% 6% 7%");
        assert_eq!(values("method=get-pool"), "get-pool");
        let axes: Axes = "a=1..2,b=1s..2s".parse().unwrap();
        assert_eq!(axes.combinations(), [["1", "1s"], ["1", "2s"], ["2", "1s"], ["2", "2s"]]);
        assert_eq!(axes.combinations_before_last(), [["1"], ["2"]]);
        for wrong in [
            "",
            "a",
            "a=",
            "=1..2",
            "a=2..1",
            "a=1..x",
            "a=1..3/0",
            "a=1s..5",
            "a=1..9999",
            "a=1..99,b=1..99",
            "a=1,a=2",
        ] {
            assert!(wrong.parse::<Axes>().is_err(), "{wrong}");
        }
    }
}
