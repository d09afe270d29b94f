//! The score as a JSON document.

use super::{Detection, RuleScore, Score, Times, truth::Role};
use crate::units::format_time;
use serde_json::{Map, Value, json};

/// Version of the document: a change that could break a reader changes it, a new key does not.
pub const VERSION: u32 = 1;

/// Missed instances of a rule that are listed.
const MOST_LISTED: usize = 100;

impl Score {
    /// The document, which `falsetrail help scoring` explains.
    pub fn json(&self) -> Value {
        json!({
            "version": VERSION,
            "falsetrail": env!("CARGO_PKG_VERSION"),
            "run": { "name": self.run.name, "seed": self.run.seed, "from": format_time(self.run.from) },
            "seconds": self.span.map(|span| span as f64 / 1e9),
            "instances": self.instances,
            "lists_background": self.is_all,
            "alerts": self.alerts,
            "unmatched_alerts": self.unmatched(),
            "rules": self.rules.iter().map(RuleScore::json).collect::<Vec<_>>(),
            "warnings": self.warnings,
            "unmatched_example": self.unmatched_example,
        })
    }
}

impl RuleScore {
    /// The object of this rule in [`Score::json`].
    pub fn json(&self) -> Value {
        let labels: Map<String, Value> = self
            .labels
            .iter()
            .map(|label| {
                let fired = if label.role == Role::Quiet { "fired" } else { "found" };
                (label.label.clone(), json!({ "expected": label.expected, fired: label.fired }))
            })
            .collect();
        let missed: Vec<Value> = self
            .missed
            .iter()
            .take(MOST_LISTED)
            .map(|missed| json!({ "label": missed.label, "instance": missed.instance, "first": format_time(missed.first) }))
            .collect();
        let false_alarms = &self.false_alarms;
        let by_scenario: Map<String, Value> =
            false_alarms.by_scenario.iter().map(|(name, count)| (name.clone(), json!(count))).collect();
        json!({
            "rule": self.rule,
            "alerts": self.alerts,
            "unmatched_alerts": self.unmatched,
            "recall": self.recall(),
            "precision": self.precision(),
            "labels": labels,
            "missed": missed,
            "false_alarms": {
                "total": false_alarms.total,
                "alerts": false_alarms.alerts,
                "a_day": false_alarms.a_day,
                "out_of": false_alarms.out_of,
                "by_scenario": by_scenario,
            },
            "time_to_detect": self.detection.map(Detection::json),
        })
    }
}

impl Detection {
    fn json(self) -> Value {
        let times = |times: Times| json!({ "p50": times.p50, "largest": times.largest });
        json!({
            "instances": self.instances,
            "from_first": times(self.from_first),
            "from_last": times(self.from_last),
        })
    }
}
