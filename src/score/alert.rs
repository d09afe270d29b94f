//! Alerts as a SIEM exports them: taken out of what a search answers with, and the fields that name rule and time.

use crate::{
    error::{Error, quoted},
    verify::{
        candidates::{self, Candidate, UUID},
        json::{self, Json, Node},
        times,
    },
};
use std::{borrow::Cow, collections::HashMap};
use xxhash_rust::xxh3::Xxh3;

/// An alert.
pub(super) struct Alert<'a, 'n> {
    pub text: &'a [u8],
    /// `None` if it is no JSON.
    node: Option<&'n Node<'a>>,
}

/// Members in which a search answers with a list of alerts.
const LISTS: [&str; 13] = [
    "hits",
    "results",
    "alerts",
    "value",
    "items",
    "detections",
    "signals",
    "findings",
    "incidents",
    "records",
    "rows",
    "documents",
    "data",
];

/// Gives each alert of a record: usually one, and all of them if the record is the answer to a search.
pub(super) fn each(record: &[u8], take: &mut dyn FnMut(Alert<'_, '_>)) {
    let node = json::parse(record).ok();
    match node.as_ref().and_then(|node| listed(node, 0)) {
        Some(items) => items.iter().for_each(|item| take(Alert { text: item.raw, node: Some(item) })),
        None => take(Alert { text: record, node: node.as_ref() }),
    }
}

/// The list of alerts that an object consists of.
fn listed<'n, 'a>(node: &'n Node<'a>, depth: usize) -> Option<&'n [Node<'a>]> {
    const DEEPEST: usize = 3;
    let Json::Object(members) = &node.value else { return None };
    let names_rule = |name: &str| RULE.contains(&&*plain(name));
    if depth > DEEPEST || members.iter().any(|(name, _)| names_rule(name)) {
        return None;
    }
    LISTS.iter().find_map(|list| {
        let (_, member) = members.iter().find(|(name, _)| name.eq_ignore_ascii_case(list))?;
        match &member.value {
            Json::List(items) if items.iter().all(|item| matches!(item.value, Json::Object(_))) => {
                Some(items.as_slice())
            }
            Json::Object(_) => listed(member, depth + 1),
            _ => None,
        }
    })
}

/// Fields that name the rule, the most telling first; without `_`, `-`, `@` and spaces, in lower case.
const RULE: [&str; 16] = [
    "rule.name",
    "rulename",
    "rule.title",
    "ruletitle",
    "rule",
    "searchname",
    "alertname",
    "detectionname",
    "detection",
    "signature",
    "alert.name",
    "title",
    "rule.id",
    "ruleid",
    "check",
    "name",
];

/// Fields that say when an alert fired.
const TIME: [&str; 20] = [
    "alerttime",
    "detectedat",
    "detectiontime",
    "triggeredat",
    "firedat",
    "timestamp",
    "time",
    "eventtime",
    "timegenerated",
    "createdat",
    "created",
    "windowend",
    "endtime",
    "end",
    "lastseen",
    "lasttime",
    "last",
    "datetime",
    "date",
    "ts",
];

/// Members that hold the events of an alert, whose fields are not the alert's.
const OF_EVENTS: [&str; 10] =
    ["event", "events", "raw", "original", "data", "logs", "matches", "evidence", "entities", "samples"];

/// The depth to which fields are looked for.
const DEEPEST: usize = 5;

/// A key without the characters by which conventions differ.
fn plain(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '_' | '-' | '@' | ' ')).flat_map(char::to_lowercase).collect()
}

/// Rule and time of an alert.
pub(super) struct Found<'n> {
    pub rule: Option<Cow<'n, str>>,
    pub time: Option<i64>,
}

/// Paths of keys to rule and time.
#[derive(Debug, Clone, Default)]
struct Paths {
    rule: Option<Vec<String>>,
    time: Option<Vec<String>>,
}

/// Where alerts name rule and time, as found or given.
#[derive(Debug)]
pub(super) struct Fields {
    rule_at: Option<String>,
    time_at: Option<String>,
    /// Found paths by the keys at the top of an alert: alerts of one rule look alike.
    known: HashMap<u64, Paths>,
    /// Whether an alert has the field that was given.
    has_rule: bool,
    has_time: bool,
}

impl Fields {
    pub(super) fn new(rule_at: Option<String>, time_at: Option<String>) -> Self {
        Fields { rule_at, time_at, known: HashMap::new(), has_rule: false, has_time: false }
    }

    /// Rule and time of an alert.
    pub(super) fn of<'n>(&mut self, alert: &Alert<'_, 'n>) -> Found<'n> {
        let Some(node) = alert.node else { return Found { rule: None, time: time_in(alert.text) } };
        let paths = self.known.entry(shape(node)).or_insert_with(|| {
            let fields = flattened(node);
            Paths { rule: found(&fields, &RULE, |_| true), time: found(&fields, &TIME, |text| instant(text).is_some()) }
        });
        let at = |given: Option<&String>, found: Option<&Vec<String>>| match given {
            Some(path) => node.at_path(path).and_then(first_scalar),
            None => found.and_then(|path| at_keys(node, path)).and_then(first_scalar),
        };
        let rule = at(self.rule_at.as_ref(), paths.rule.as_ref());
        let time = at(self.time_at.as_ref(), paths.time.as_ref()).and_then(|text| instant(&text));
        self.has_rule |= rule.is_some();
        self.has_time |= time.is_some();
        Found { rule, time }
    }

    /// Rejects a given field that no alert has.
    pub(super) fn check_given(&self) -> Result<(), Error> {
        let missing = |field: &String, what: &str, option: &str| {
            Error::usage(format!("no alert has {what} at {}", quoted(field)))
                .help(format!("give the keys that lead to it, with points between them: `{option} _source.rule.name`"))
        };
        match (&self.rule_at, &self.time_at) {
            (Some(field), _) if !self.has_rule => Err(missing(field, "a rule", "--rule")),
            (_, Some(field)) if !self.has_time => Err(missing(field, "a time", "--alert-time").help(
                "a time is RFC 3339, or a number of seconds, milliseconds, microseconds or nanoseconds since 1970",
            )),
            _ => Ok(()),
        }
    }
}

/// The keys at the top, as one number.
fn shape(node: &Node<'_>) -> u64 {
    let Json::Object(members) = &node.value else { return 0 };
    let mut hash = Xxh3::new();
    for (name, _) in members {
        hash.update(name.as_bytes());
        hash.update(b"\0");
    }
    hash.digest()
}

/// A field of an alert: its keys, the same in plain form with points between them, and its value.
struct Field<'n> {
    keys: Vec<String>,
    name: String,
    value: Cow<'n, str>,
}

/// The fields of an alert, the upper ones first.
fn flattened<'n>(node: &'n Node<'_>) -> Vec<Field<'n>> {
    let mut fields = Vec::new();
    let mut level = vec![(Vec::new(), String::new(), node)];
    for _ in 0..DEEPEST {
        let mut next = Vec::new();
        for (keys, name, node) in level {
            let Json::Object(members) = &node.value else { continue };
            for (key, member) in members {
                let mut keys: Vec<String> = keys.clone();
                keys.push(key.clone().into_owned());
                let name = if name.is_empty() { plain(key) } else { format!("{name}.{}", plain(key)) };
                if let Some(value) = first_scalar(member) {
                    fields.push(Field { keys, name, value });
                } else if !OF_EVENTS.contains(&&*plain(key)) {
                    next.push((keys, name, member));
                }
            }
        }
        level = next;
    }
    fields
}

fn found(fields: &[Field<'_>], names: &[&str], fits: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    names.iter().find_map(|wanted| {
        // A lone `name` may be that of anything unless it stands at the top.
        let is_at = |field: &&Field<'_>| match *wanted {
            "name" => field.name == "name",
            _ => field.name == *wanted || field.name.strip_suffix(wanted).is_some_and(|before| before.ends_with('.')),
        };
        fields.iter().filter(is_at).find(|field| fits(&field.value)).map(|field| field.keys.clone())
    })
}

fn at_keys<'n, 'a>(node: &'n Node<'a>, keys: &[String]) -> Option<&'n Node<'a>> {
    keys.iter().try_fold(node, |node, key| node.get(key))
}

/// A scalar that is not null, or that of a list with one item.
fn first_scalar<'n>(node: &'n Node<'_>) -> Option<Cow<'n, str>> {
    match &node.value {
        Json::List(items) => match items.as_slice() {
            [only] => first_scalar(only),
            _ => None,
        },
        Json::Null => None,
        Json::Text(text) if text.is_empty() => None,
        _ => node.scalar(),
    }
}

fn instant(text: &str) -> Option<i64> {
    times::instant(text.trim())
}

/// The first time in a text that is no JSON.
fn time_in(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "-:.+".contains(c)));
    // Punctuation after a time is the sentence's.
    let words = words.map(|word| word.trim_end_matches([':', '.', '-', '+']));
    words.filter(|word| word.len() >= 19 && word.contains('T') && word.contains(':')).find_map(instant)
}

/// An alert that is too long for memory: the ids in it, and how it begins.
#[derive(Default)]
pub(super) struct LongAlert {
    beginning: Vec<u8>,
    tail: Vec<u8>,
    candidates: Vec<Candidate>,
}

/// Ids of a long alert at most: those after them say nothing new.
const MOST_IDS: usize = 1 << 16;

impl LongAlert {
    pub(super) fn push(&mut self, part: &[u8]) {
        const SHOWN: usize = 200;
        if self.beginning.is_empty() {
            self.beginning.extend_from_slice(&part[..part.len().min(SHOWN)]);
        }
        self.tail.extend_from_slice(part);
        self.candidates.extend(candidates::uuids(&self.tail).chain(candidates::digit_runs(&self.tail)));
        self.candidates.truncate(MOST_IDS);
        // An id may continue in the next part.
        self.tail.drain(..self.tail.len().saturating_sub(UUID));
    }

    pub(super) fn candidates(&self) -> impl Iterator<Item = Candidate> + '_ {
        self.candidates.iter().copied()
    }

    pub(super) fn beginning(&self) -> &[u8] {
        &self.beginning
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules_and_times(text: &str) -> Vec<(Option<String>, Option<i64>)> {
        let mut fields = Fields::new(None, None);
        let mut seen = Vec::new();
        each(text.as_bytes(), &mut |alert| {
            let found = fields.of(&alert);
            seen.push((found.rule.map(Cow::into_owned), found.time));
        });
        seen
    }

    #[test]
    fn rule_and_time_are_found_where_siems_put_them() {
        const TIME: i64 = 1_767_600_000_000_000_000;
        for text in [
            r#"{"rule":"r","time":"2026-01-05T08:00:00Z"}"#,
            r#"{"rule":{"id":7,"name":"r"},"@timestamp":"2026-01-05T08:00:00.000Z"}"#,
            r#"{"_index":"i","_source":{"kibana.alert.rule.name":"r","@timestamp":1767600000000}}"#,
            r#"{"_source":{"kibana":{"alert":{"rule":{"name":"r"}}},"@timestamp":["2026-01-05 08:00:00"]}}"#,
            r#"{"preview":false,"result":{"search_name":"r","_time":"1767600000.000"}}"#,
            r#"{"title":"r","id":"x","timestamp":"2026-01-05T09:00:00+01:00","events":[{"rule":"z","time":1}]}"#,
            r#"{"AlertName":"r","TimeGenerated":"2026-01-05T08:00:00Z"}"#,
            r#"{"name":"r","detected_at":"2026-01-05T08:00:00Z","time":"2020-01-05T08:00:00Z"}"#,
            r#"{"hits":{"total":1,"hits":[{"_id":"x","_source":{"rule.name":"r","timestamp":1767600000}}]}}"#,
            r#"{"results":[{"rule_name":"r","window_end":"2026-01-05T08:00:00Z"}]}"#,
        ] {
            assert_eq!(rules_and_times(text), [(Some("r".to_owned()), Some(TIME))], "{text}");
        }
        assert_eq!(rules_and_times(r#"{"hits":{"hits":[]}}"#), []);
        assert_eq!(rules_and_times(r#"{"data":{"name":"x"},"actor":{"name":"y"}}"#), [(None, None)]);
        assert_eq!(rules_and_times("alert at 2026-01-05T08:00:00Z: u-1"), [(None, Some(TIME))]);
    }

    #[test]
    fn ids_of_a_long_alert_may_lie_across_two_parts() {
        let mut long = LongAlert::default();
        let text = b"xx a7e93948-e0bb-42b2-8199-c52f3108ecb6 yy";
        long.push(&text[..20]);
        long.push(&text[20..]);
        assert_eq!(long.candidates().map(|found| found.bits).next(), Some(0xa7e9_3948_e0bb_42b2_8199_c52f_3108_ecb6));
    }
}
