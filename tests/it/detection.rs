//! A detection rule over a day with attacks in it: what a user does with the truth.

use super::{
    trail::{self, Event},
    truth::truth,
};
use falsetrail::machinery::{Plan, run::Slice, units::rate};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

const SECOND: i64 = 1_000_000_000;

/// Label and story of each injected one, three minutes apart.
const INJECTED: &[(&str, &str)] = &[
    ("positive", ""),
    ("near-miss", ",deletes=4"),
    ("positive", ",deletes=10,gap=6s"),
    ("near-miss", ",deletes=12,gap=30s"),
    ("negative", "-forbidden"),
    ("positive", ",deletes=20,gap=1s"),
    ("near-miss", ",deletes=9"),
    ("positive", ""),
    ("near-miss", ",deletes=10,gap=7s"),
    ("negative", "-forbidden,deletes=30,gap=1s"),
    ("positive", ",deletes=15,gap=3s"),
];

/// An hour of `busy-day` with all of them.
fn day() -> Plan {
    let run = trail::run_of("busy-day").with(|options| {
        options.rate = Some(rate("6/s").unwrap());
        options.duration = Some(3600 * SECOND as u64);
        options.inject = INJECTED
            .iter()
            .enumerate()
            .map(|(number, (label, with))| {
                let (variant, with) = with.split_at(with.find(',').unwrap_or(with.len()));
                format!("mass-deletion{variant}@+{}m,label={label}{with}", 5 + 4 * number)
            })
            .collect();
    });
    trail::plan(&run)
}

/// The events, by number, that made the rule fire: ten deletions of compute pools by one principal within 60 seconds.
fn alerts(events: &[Event], counts: impl Fn(&Event) -> bool) -> Vec<Vec<&Event>> {
    let mut recent: BTreeMap<&str, VecDeque<&Event>> = BTreeMap::new();
    let mut alerts = Vec::new();
    for event in events.iter().filter(|event| event.method == "DeleteComputePool" && counts(event)) {
        let window = recent.entry(event.principal()).or_default();
        window.push_back(event);
        while event.time - window[0].time > 60 * SECOND {
            window.pop_front();
        }
        if window.len() >= 10 {
            alerts.push(window.iter().copied().collect());
            window.clear();
        }
    }
    alerts
}

/// What the truth says that an event is: label, if any, and story.
type Truth = HashMap<String, (Option<String>, String)>;

fn by_event(plan: &Plan) -> Truth {
    let mut events = HashMap::new();
    for line in truth(plan, Slice::default(), true) {
        let line: Value = serde_json::from_str(&line).unwrap();
        let told = (line["label"].as_str().map(str::to_owned), line["story"].as_str().unwrap().to_owned());
        for id in line["event_ids"].as_array().unwrap() {
            events.insert(id.as_str().unwrap().to_owned(), told.clone());
        }
    }
    events
}

/// Labels and names of the stories behind alerts, each alert being of one story.
fn scenarios(truth: &Truth, alerts: &[Vec<&Event>]) -> BTreeSet<(Option<String>, String)> {
    let scenario = |alert: &Vec<&Event>| {
        let told: BTreeSet<_> = alert.iter().map(|event| &truth[event.id()]).collect();
        assert_eq!(told.len(), 1, "an alert of several stories: {told:?}");
        told.first().copied().unwrap().clone()
    };
    alerts.iter().map(scenario).collect()
}

#[test]
fn a_rule_finds_the_positives_and_what_only_looks_like_one() {
    let plan = day();
    let (events, truth) = (trail::events(&plan), by_event(&plan));
    assert_eq!(truth.len(), events.len());
    let labelled = |label: &str| -> BTreeSet<_> {
        truth.values().filter(|(known, _)| known.as_deref() == Some(label)).cloned().collect()
    };
    let positives = labelled("positive");
    assert_eq!((positives.len(), labelled("near-miss").len(), labelled("negative").len()), (5, 4, 2));

    // By successful deletions alone: all positives, no near miss and no negative, and, of the background, only the
    // scenario that is made to look like an attack.
    let naive = scenarios(&truth, &alerts(&events, Event::is_success));
    let (background, found): (BTreeSet<_>, BTreeSet<_>) = naive.into_iter().partition(|(label, _)| label.is_none());
    assert_eq!(found, positives);
    assert_eq!(background, BTreeSet::from([(None, "terraform-destroy".to_owned())]));

    // By those of people: exactly the positives.
    let of_person = |event: &Event| event.principal().starts_with("u-");
    let people = scenarios(&truth, &alerts(&events, |event| event.is_success() && of_person(event)));
    assert_eq!(people, positives);

    // A rule that counts attempts finds those that were refused, too.
    let attempts = scenarios(&truth, &alerts(&events, of_person));
    assert_eq!(attempts, positives.union(&labelled("negative")).cloned().collect());
}
