//! Words for file names: what an event's numbers stand for.

use std::{collections::HashSet, fmt::Write as _};

use super::{Event, format::Format};

/// The names behind the numbers of an [`Event`](super::Event).
///
/// Only a split output needs them; leave them empty otherwise.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Names {
    /// By [`Event::story`](super::Event::story): a scenario's name, or the
    /// story itself in its one-line form.
    pub stories: Vec<String>,
    /// By [`Event::method`](super::Event::method).
    pub methods: Vec<String>,
    /// By [`Event::outcome`](super::Event::outcome).
    pub outcomes: Vec<String>,
}

/// Makes names such as `000001-CreateComputePool-success.json`.
pub(super) struct EventNames {
    width: usize,
    methods: Vec<String>,
    outcomes: Vec<String>,
}

/// Makes names such as `pool-lifecycle-000001.ndjson`.
pub(super) struct InstanceNames {
    width: usize,
    stories: Vec<String>,
    ending: &'static str,
}

impl EventNames {
    /// `most` is how many events the whole run has at most, if that is known:
    /// it decides how wide the numbers are.
    pub fn new(most: Option<u64>, names: &Names) -> Self {
        Self {
            width: width(most),
            methods: names.methods.iter().map(|name| word(name)).collect(),
            outcomes: names.outcomes.iter().map(|name| word(name)).collect(),
        }
    }

    /// Puts the name of an event's file in place of what `name` is.
    pub fn set(&self, event: &Event, name: &mut String) {
        let method = named(&self.methods, event.method);
        let outcome = named(&self.outcomes, event.outcome);
        let (number, width) = (event.number + 1, self.width);
        name.clear();
        // Writing to a string cannot fail.
        let _ = write!(name, "{number:0width$}-{method}-{outcome}.json");
    }

    /// Whose file has this name: the event's number.
    pub fn whose(&self, name: &str) -> Option<u64> {
        let digits = name.strip_suffix(".json")?.split_once('-')?.0;
        let (number, width) = (digits.parse::<u64>().ok()?, self.width);
        number.checked_sub(1).filter(|_| format!("{number:0width$}") == digits)
    }
}

impl InstanceNames {
    /// `most` is how many instances, or events, the whole run has at most, if
    /// that is known: it decides how wide the numbers are.
    pub fn new(most: Option<u64>, names: &Names, format: Format) -> Self {
        let ending = if format == Format::Ndjson { "ndjson" } else { "json" };
        Self { width: width(most), stories: story_words(&names.stories), ending }
    }

    /// The name of an instance's file.
    pub fn of(&self, story: u16, instance: u64) -> String {
        let (number, width, ending) = (instance + 1, self.width, self.ending);
        let story = named(&self.stories, story);
        format!("{story}-{number:0width$}.{ending}")
    }

    /// Whose file has this name: story and instance.
    pub fn whose(&self, name: &str) -> Option<(u16, u64)> {
        let (story, number) = name.split_once('.')?.0.rsplit_once('-')?;
        let story = self.stories.iter().position(|word| word == story)? as u16;
        let instance = number.parse::<u64>().ok()?.checked_sub(1)?;
        (self.of(story, instance) == name).then_some((story, instance))
    }
}

fn named(names: &[String], number: u16) -> &str {
    names.get(usize::from(number)).map_or("unnamed", String::as_str)
}

/// Longest word in a file name; four of them and a number stay below the 255
/// bytes that file systems allow.
const LONGEST: usize = 60;

/// A file name's word for each story: `[a-z0-9-]`, no two alike.
fn story_words(stories: &[String]) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut words = Vec::with_capacity(stories.len());
    for story in stories {
        let word = story_word(story);
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

/// A method's or an outcome's word: as it is, but for what a file name or a
/// shell would trip over.
fn word(name: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    name.chars().take(LONGEST).map(|c| if safe(c) { c } else { '-' }).collect()
}

/// A number from 0 as people count, from 1, with zeros so that names sort.
/// `most` is how many there are at most, if that is known.
fn width(most: Option<u64>) -> usize {
    most.map_or(9, |most| most.to_string().len().max(6))
}

/// `create-pool -> delete-pool` becomes `create-pool-delete-pool`.
fn story_word(story: &str) -> String {
    let mut word = String::new();
    for c in story.chars() {
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

    fn words(stories: &[&str]) -> Vec<String> {
        story_words(&stories.iter().map(|&s| s.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn story_words_are_safe_short_and_distinct() {
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
