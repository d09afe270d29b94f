//! The verdict: what became of the events, as numbers.

use super::{Keys, causes::Cause, comparison::Forms, late::Late, order::Order};
use serde_json::{Value, json};

/// The version of the document that [`Verdict::json`] gives; a change that could break a reader changes it.
pub const VERSION: u64 = 1;

/// The fate of the expected events, in numbers.
///
/// `records` = `carrying` + `truncated` + `fragments` + `mentions` + `foreign`, and `expected` = `arrived` + `missing`.
/// Of the arrived events each is in just one of `unchanged`, `reformatted`, `added`, `changed`, `uncompared`, by its
/// worst copy.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// The run's name.
    pub name: String,
    /// Its seed.
    pub seed: u64,
    /// Its start, in nanoseconds since the Unix epoch.
    pub from: i64,
    /// How much was compared: `ids-only`, `ids`, `values` or `bytes`.
    pub compared: &'static str,
    /// Whether it is known where the run ended; if not, `expected` counts the events until the last that arrived.
    pub is_end_known: bool,
    /// Whether reading was stopped before the end of the inputs.
    pub is_stopped: bool,

    /// All that was read.
    pub records: u64,
    /// Records with the body of an event.
    pub carrying: u64,
    /// Records that are the beginning of an event.
    pub truncated: u64,
    /// Records that are a later piece of an event.
    pub fragments: u64,
    /// Records with an event's id and without its body.
    pub mentions: u64,
    /// All other records.
    pub foreign: u64,
    /// Of the foreign ones those of a run with the same seed, name and start, or of another part of this one.
    pub foreign_of_this_run: u64,
    /// Of the carrying ones those of events that may arrive and need not.
    pub excepted: u64,

    /// Events that should have arrived.
    pub expected: u64,
    /// Events that did.
    pub arrived: u64,
    /// Events that did not.
    pub missing: u64,
    /// Of the missing ones those of which the beginning arrived.
    pub missing_cut: u64,
    /// Events that arrived more than once.
    pub duplicated: u64,
    /// Records too many.
    pub copies: u64,
    /// The most copies of one event.
    pub most_copies: u64,

    /// Events with the same bytes.
    pub unchanged: u64,
    /// Events with the same values in another form.
    pub reformatted: u64,
    /// Events with more fields.
    pub added: u64,
    /// Events with a value altered or gone.
    pub changed: u64,
    /// Of the changed ones those whose changes were all allowed.
    pub changed_as_allowed: u64,
    /// Events whose body was not read.
    pub uncompared: u64,
    /// For each class of [`Forms::NAMES`], how many events have it.
    pub forms: [u64; Forms::NAMES.len()],
    /// Values that were altered or dropped, the most frequent first.
    pub changes: Vec<ChangeCount>,
    /// Lengths in bytes at which records are cut, and how many, the most frequent first.
    pub cut_at: Vec<(u64, u64)>,

    /// How far order was kept, if bodies were read.
    pub order: Option<Order>,
    /// The keys of the records of a topic.
    pub keys: Option<Keys>,
    /// How late events were, if it is known when they were received.
    pub late: Option<Late>,
    /// Why events are missing, the best reason first.
    pub causes: Vec<Cause>,
    /// Sentences that a reader should know.
    pub warnings: Vec<String>,
    /// A foreign record and one that mentions an event, shortened.
    pub foreign_example: Option<String>,
    /// See `foreign_example`.
    pub mention_example: Option<String>,
    /// The id of a missing event.
    pub missing_example: Option<String>,
}

/// How often a value was altered or dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeCount {
    /// Keys with points between them; `[]` stands for any item of a list.
    pub path: String,
    /// Whether it is gone; else it has another value.
    pub dropped: bool,
    /// In how many events.
    pub events: u64,
    /// One of them.
    pub example: Example,
}

/// A change of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The event's id.
    pub id: String,
    /// The value that was generated.
    pub expected: String,
    /// The value that was found.
    pub found: Option<String>,
}

impl Verdict {
    /// Whether every expected event arrived whole, once and with all its values, whatever its form. Never so if none was
    /// expected.
    pub fn is_complete(&self) -> bool {
        let all =
            self.expected > 0 && self.is_end_known && !self.is_stopped && self.missing == 0 && self.duplicated == 0;
        all && self.changed == 0 && (self.uncompared == 0 || self.compared.starts_with("ids"))
    }

    /// The verdict for machines.
    pub fn json(&self) -> Value {
        let forms = Forms::NAMES.iter().zip(self.forms).filter(|(_, events)| *events > 0);
        let forms: serde_json::Map<String, Value> =
            forms.map(|((name, _), events)| ((*name).to_owned(), json!(events))).collect();
        json!({
            "version": VERSION,
            "falsetrail": env!("CARGO_PKG_VERSION"),
            "run": { "name": self.name, "seed": self.seed, "from": crate::units::format_time(self.from) },
            "compared": self.compared,
            "end_known": self.is_end_known,
            "stopped": self.is_stopped,
            "complete": self.is_complete(),
            "records": self.records,
            "carrying": self.carrying,
            "truncated": self.truncated,
            "fragments": self.fragments,
            "mentions": self.mentions,
            "foreign": self.foreign,
            "foreign_of_this_run": self.foreign_of_this_run,
            "excepted": self.excepted,
            "expected": self.expected,
            "arrived": self.arrived,
            "missing": self.missing,
            "missing_cut": self.missing_cut,
            "duplicated": self.duplicated,
            "copies": self.copies,
            "most_copies": self.most_copies,
            "unchanged": self.unchanged,
            "reformatted": self.reformatted,
            "added": self.added,
            "changed": self.changed,
            "changed_as_allowed": self.changed_as_allowed,
            "uncompared": self.uncompared,
            "forms": forms,
            "changes": self.changes.iter().map(change).collect::<Value>(),
            "cut_at": self.cut_at.iter().map(|(bytes, records)| json!({ "bytes": bytes, "records": records })).collect::<Value>(),
            "out_of_order": self.order.map(order),
            "keys": self.keys.map(|keys| json!({ "same": keys.same, "other": keys.other, "gone": keys.gone })),
            "late": self.late.map(late),
            "causes": self.causes.iter().map(cause).collect::<Value>(),
            "warnings": self.warnings,
            "examples": {
                "missing": self.missing_example,
                "foreign": self.foreign_example,
                "mention": self.mention_example,
            },
        })
    }
}

fn change(change: &ChangeCount) -> Value {
    json!({
        "path": change.path,
        "change": if change.dropped { "dropped" } else { "altered" },
        "events": change.events,
        "example": { "id": change.example.id, "expected": change.example.expected, "found": change.example.found },
    })
}

fn order(order: Order) -> Value {
    let of = |disorder: super::order::Disorder| json!({ "events": disorder.events, "farthest": disorder.farthest });
    json!({ "key": of(order.of_key), "instance": of(order.of_instance), "input": of(order.of_input) })
}

fn late(late: Late) -> Value {
    json!({
        "events": late.events,
        "early": late.early,
        "p50": late.p50,
        "p90": late.p90,
        "p99": late.p99,
        "largest": late.largest,
    })
}

fn cause(cause: &Cause) -> Value {
    json!({
        "fault": cause.fault,
        "attribute": cause.attribute,
        "description": cause.description,
        "missing": cause.missing,
        "expected": cause.expected,
        "exact": cause.is_exact,
    })
}
