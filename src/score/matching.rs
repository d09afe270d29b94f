//! Which instances an alert is about: by the ids in it, or else by the values in it and its time.

use super::{
    MatchBy, Options,
    truth::{Role, Truth, ValueKind},
};
use crate::verify::candidates::{self, Candidate};
use std::{cmp::Reverse, collections::HashMap};

/// Finds the instances of alerts.
#[derive(Debug)]
pub(super) struct Matcher {
    pub truth: Truth,
    by: MatchBy,
    window: u64,
    pub seen: Unmatched,
}

/// Reasons why alerts lead nowhere, counted.
#[derive(Debug, Default)]
pub(super) struct Unmatched {
    /// Alerts with something that looks like an id.
    pub looks_like_ids: u64,
    /// Alerts with a value of the truth, and without a time.
    pub values_without_time: u64,
    /// Alerts with a value of the truth, of whose instances none is near their time.
    pub out_of_window: u64,
    /// Alerts that were matched by ids, and by values.
    pub by_ids: u64,
    pub by_values: u64,
}

/// The instances that an alert counts for.
///
/// An alert about instances that have to be found counts for all of them, and for nothing else. Otherwise it counts for
/// those on which the rule must not fire, then for those of other labels; and if it names none of these, for the one
/// instance of the background that most of its ids belong to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Belongs {
    /// Their role; `None` if there is no instance.
    pub role: Option<Role>,
    pub instances: Vec<u32>,
}

impl Matcher {
    pub(super) fn new(truth: Truth, options: &Options) -> Self {
        Matcher { truth, by: options.match_by, window: options.window, seen: Unmatched::default() }
    }

    /// The instances that an alert counts for.
    pub(super) fn belongs(&mut self, text: &[u8], time: Option<i64>) -> Belongs {
        if self.by.ids {
            let belongs = self.by_ids(candidates::uuids(text).chain(candidates::digit_runs(text)));
            if belongs.role.is_some() {
                return belongs;
            }
        }
        self.by_values(text, time)
    }

    /// As [`Matcher::belongs`], by ids alone.
    pub(super) fn by_ids(&mut self, candidates: impl Iterator<Item = Candidate>) -> Belongs {
        let mut counts: Vec<(u32, u32)> = Vec::new();
        let (mut is_like, mut last) = (false, None);
        for candidate in candidates {
            is_like = true;
            let Some(name) = self.truth.event(candidate.bits) else { continue };
            let event = (name.scenario, name.instance);
            // Alerts list the events of one instance one after another.
            if let (Some((before, at)), true) = (last, !counts.is_empty())
                && before == event
            {
                let known: &mut (u32, u32) = &mut counts[at];
                known.1 += 1;
                continue;
            }
            let instance = self.truth.instance(name);
            let at = counts.iter().position(|(known, _)| *known == instance).unwrap_or_else(|| {
                counts.push((instance, 0));
                counts.len() - 1
            });
            counts[at].1 += 1;
            last = Some((event, at));
        }
        self.seen.looks_like_ids += u64::from(is_like);
        self.seen.by_ids += u64::from(!counts.is_empty());
        self.chosen(&counts)
    }

    fn chosen(&self, counts: &[(u32, u32)]) -> Belongs {
        let role = counts.iter().map(|(instance, _)| self.truth.role(*instance)).max();
        let of_role = || counts.iter().filter(|(instance, _)| Some(self.truth.role(*instance)) == role);
        let instances = match role {
            None => Vec::new(),
            Some(Role::Background) => {
                // The first of those with the most ids.
                let most = of_role().map(|(_, ids)| *ids).max();
                of_role().find(|(_, ids)| Some(*ids) == most).map(|(instance, _)| *instance).into_iter().collect()
            }
            Some(_) => of_role().map(|(instance, _)| *instance).collect(),
        };
        Belongs { role, instances }
    }

    /// The one instance that shares most with an alert: kinds of values first, then by role, then by time.
    fn by_values(&mut self, text: &[u8], time: Option<i64>) -> Belongs {
        let mut shared: HashMap<u32, [bool; 3]> = HashMap::new();
        let mut is_known = false;
        for word in words(text) {
            let (is_there, entries) = self.truth.having(word, time.map(|time| (time, self.window)));
            is_known |= is_there;
            for (_, _, instance, kind) in entries.iter().filter(|entry| self.uses(entry.3)) {
                shared.entry(*instance).or_default()[*kind as usize] = true;
            }
        }
        if is_known && time.is_none() {
            self.seen.values_without_time += 1;
        }
        let Some(time) = time else { return Belongs::default() };
        let window = self.window;
        let best = shared.into_iter().filter_map(|(instance, kinds)| {
            let known = &self.truth.instances[instance as usize];
            let before = known.first.saturating_sub(time).max(0) as u64;
            let after = time.saturating_sub(known.last).max(0) as u64;
            // A rule fires after the events that it saw, so an instance that begins later comes last.
            let order = (before > 0, before.max(after));
            let kinds = kinds.into_iter().filter(|is_shared| *is_shared).count();
            let role = self.truth.role(instance);
            // Of several at that time, a rule rather sees the one that does more.
            let density = (known.density() * 1e3) as u64;
            (before.max(after) <= window).then_some((kinds, role, Reverse(order), density, Reverse(instance)))
        });
        let Some((_, role, .., Reverse(instance))) = best.max() else {
            self.seen.out_of_window += u64::from(is_known);
            return Belongs::default();
        };
        self.seen.by_values += 1;
        Belongs { role: Some(role), instances: vec![instance] }
    }

    fn uses(&self, kind: ValueKind) -> bool {
        match kind {
            ValueKind::Actor => self.by.actor,
            ValueKind::Resource => self.by.resource,
            ValueKind::Address => self.by.address,
        }
    }
}

/// The words of a text that may be ids, names or addresses. Escapes, which begin with a backslash, separate words.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    const SHORTEST: usize = 3;
    const LONGEST: usize = 256;
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@+:".contains(&byte) || byte >= 0x80;
    let mut at = 0;
    let pieces = std::iter::from_fn(move || {
        while at < text.len() && !is_part(text[at]) {
            at += if text[at] == b'\\' { 2 } else { 1 };
        }
        let from = at.min(text.len());
        while at < text.len() && is_part(text[at]) {
            at += 1;
        }
        (from < at.min(text.len())).then(|| &text[from..at])
    });
    pieces
        .flat_map(|piece| {
            let trimmed = trim(piece);
            // `10.0.0.1:443`, `user:u-1`; an address of IPv6 is looked up whole, too.
            let parts = trimmed.contains(&b':').then(|| trimmed.split(|byte| *byte == b':'));
            [trimmed].into_iter().chain(parts.into_iter().flatten())
        })
        .filter(|word| (SHORTEST..=LONGEST).contains(&word.len()))
}

/// A word without the points and colons at its ends.
fn trim(word: &[u8]) -> &[u8] {
    let is_edge = |byte: &u8| matches!(byte, b'.' | b':' | b'-' | b'_' | b'+');
    let from = word.iter().position(|byte| !is_edge(byte)).unwrap_or(word.len());
    let to = word.iter().rposition(|byte| !is_edge(byte)).map_or(from, |last| last + 1);
    &word[from..to]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_ids_names_and_addresses() {
        let text =
            br#"{"user":"u-7 deleted lfcp-1.","ip":"198.18.0.1:443","crn":"x://pool=lfcp-2\nu-8","v6":"2001:db8::1"}"#;
        let found: Vec<&str> = words(text).map(|word| std::str::from_utf8(word).unwrap()).collect();
        for wanted in ["u-7", "lfcp-1", "198.18.0.1", "lfcp-2", "u-8", "2001:db8::1"] {
            assert!(found.contains(&wanted), "{wanted}: {found:?}");
        }
        assert_eq!(words(b"").count() + words(b"\\").count() + words(b"a\\").count(), 0);
    }
}
