//! File names of a split output: turns an event's numbers into words.

use crate::bytes::{Event, Names};
use std::{collections::HashSet, fmt::Write as _};

use super::format::Format;

/// Names of event files, such as `000001-CreateComputePool-success.json`.
pub(super) struct EventNames {
    width: usize,
    methods: Vec<String>,
    outcomes: Vec<String>,
}

/// Names of instance files, such as `pool-lifecycle-000001.ndjson`.
pub(super) struct InstanceNames {
    width: usize,
    scenarios: Vec<String>,
    ending: &'static str,
}

impl EventNames {
    /// `most` is an upper bound of the number of events in the whole run, if known; it determines the width of the
    /// numbers.
    pub(super) fn new(most: Option<u64>, names: &Names) -> Self {
        Self {
            width: width(most),
            methods: names.methods.iter().map(|name| word(name)).collect(),
            outcomes: names.outcomes.iter().map(|name| word(name)).collect(),
        }
    }

    /// Replaces `name` with the name of the event's file.
    pub(super) fn set(&self, event: &Event, name: &mut String) {
        let method = named(&self.methods, event.method);
        let outcome = named(&self.outcomes, event.outcome);
        let (number, width) = (event.number + 1, self.width);
        name.clear();
        // Writing to a string cannot fail.
        let _ = write!(name, "{number:0width$}-{method}-{outcome}.json");
    }

    /// The number of the event to which a file of this name belongs.
    pub(super) fn whose(&self, name: &str) -> Option<u64> {
        let digits = name.strip_suffix(".json")?.split_once('-')?.0;
        let (number, width) = (digits.parse::<u64>().ok()?, self.width);
        number.checked_sub(1).filter(|_| format!("{number:0width$}") == digits)
    }
}

impl InstanceNames {
    /// `most` is an upper bound of the number of instances, or events, in the whole run, if known; it determines the
    /// width of the numbers.
    pub(super) fn new(most: Option<u64>, names: &Names, format: Format) -> Self {
        let ending = if format == Format::Ndjson { "ndjson" } else { "json" };
        Self { width: width(most), scenarios: scenario_words(&names.scenarios), ending }
    }

    /// The name of an instance's file.
    pub(super) fn file_name(&self, scenario: u16, instance: u64) -> String {
        let (number, width, ending) = (instance + 1, self.width, self.ending);
        let scenario = named(&self.scenarios, scenario);
        format!("{scenario}-{number:0width$}.{ending}")
    }

    /// The scenario and the instance to which a file of this name belongs.
    pub(super) fn whose(&self, name: &str) -> Option<(u16, u64)> {
        let (scenario, number) = name.split_once('.')?.0.rsplit_once('-')?;
        let scenario = self.scenarios.iter().position(|word| word == scenario)? as u16;
        let instance = number.parse::<u64>().ok()?.checked_sub(1)?;
        (self.file_name(scenario, instance) == name).then_some((scenario, instance))
    }
}

fn named(names: &[String], number: u16) -> &str {
    names.get(usize::from(number)).map_or("unnamed", String::as_str)
}

/// The longest word in a file name. Four of them and a number stay below the limit of file systems, 255 bytes.
const LONGEST: usize = 60;

/// A unique word of the characters `[a-z0-9-]` for each scenario.
fn scenario_words(scenarios: &[String]) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut words = Vec::with_capacity(scenarios.len());
    for scenario in scenarios {
        let word = scenario_word(scenario);
        let mut unique = word.clone();
        let mut number = 2;
        while !taken.insert(unique.clone()) {
            unique = format!("{word}-{number}");
            number += 1;
        }
        words.push(unique);
    }
    words
}

/// A method's or an outcome's word: the name itself, without characters that cause trouble in file names or shells.
fn word(name: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    name.chars().take(LONGEST).map(|c| if safe(c) { c } else { '-' }).collect()
}

/// The number of digits for a number that is counted from 1 in file names, so that names sort in order. `most` is an
/// upper bound of the count, if known.
fn width(most: Option<u64>) -> usize {
    most.map_or(9, |most| most.to_string().len().max(6))
}

/// `create-pool -> delete-pool` becomes `create-pool-delete-pool`.
fn scenario_word(scenario: &str) -> String {
    let mut word = String::new();
    for c in scenario.chars() {
        if word.len() == LONGEST {
            break;
        }
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        } else if !word.is_empty() && !word.ends_with('-') {
            word.push('-');
        }
    }
    let word = word.trim_end_matches('-');
    if word.is_empty() { "story" } else { word }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(scenarios: &[&str]) -> Vec<String> {
        scenario_words(&scenarios.iter().map(|&s| s.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn scenario_words_are_safe_short_and_distinct() {
        assert_eq!(
            words(&["create-pool -> delete-pool", "create-pool,delete-pool", "Ünï/..", "→"]),
            ["create-pool-delete-pool", "create-pool-delete-pool-2", "n", "story"]
        );
        assert_eq!(words(&["a", "a-2", "A", "a!"]), ["a", "a-2", "a-3", "a-4"]);
        assert_eq!(words(&["x".repeat(500).as_str()])[0].len(), LONGEST);
    }

    #[test]
    fn other_words_keep_their_case() {
        assert_eq!(word("CreateComputePool"), "CreateComputePool");
        assert_eq!(word("google.storage/objects get"), "google.storage-objects-get");
    }

    #[test]
    fn numbers_are_as_wide_as_the_run_needs() {
        assert_eq!(width(Some(3)), 6);
        assert_eq!(width(Some(12_345_678)), 8);
        assert_eq!(width(None), 9);
    }
}
