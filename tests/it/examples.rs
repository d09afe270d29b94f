//! The example of another catalog: a system that the engine has never heard of is described by data alone.

use falsetrail::machinery::{Plan, Run, catalog::Catalog, error::Error};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/catalog")
}

fn plan(scenario: &str, change: impl FnOnce(Run) -> Run) -> Result<Plan, Error> {
    let run = Run::new(scenario).seed(7).from("2026-01-05T08:00:00Z");
    change(run.with(|options| options.templates = Some(folder()))).plan()
}

fn events(plan: &Plan) -> Vec<Value> {
    plan.events().map(|event| serde_json::from_slice(&event.body).unwrap()).collect()
}

fn scenario(name: &str) -> String {
    folder().join("scenarios").join(name).to_string_lossy().into_owned()
}

#[test]
fn its_story_is_told_about_one_badge() {
    let events = events(&plan(&scenario("leaver.yaml"), |run| run).unwrap());
    let badges: BTreeSet<String> = events.iter().map(|event| event["subject"].to_string()).collect();
    assert_eq!(badges.len(), 1, "{badges:?}");
    let of = |method: &str| events.iter().filter(|event| event["data"]["method"] == method).collect::<Vec<_>>();
    let (issued, used) = (of("IssueBadge"), of("UseBadge"));
    assert_eq!(issued[0]["data"]["request"]["holder"], "emp-004711");
    assert!(used.iter().all(|event| event["data"]["actor"]["email"] == "leaver@example.com"), "{used:?}");
    // Before the badge is revoked the door opens, and then it does not.
    let opened: Vec<bool> = used.iter().map(|event| event["data"]["outcome"]["status"] == "OK").collect();
    assert!(opened.is_sorted_by(|before, after| before >= after) && opened[0] && !opened[opened.len() - 1]);
    let reason = format!("The badge {} is not valid any more.", issued[0]["data"]["badge"].as_str().unwrap());
    assert_eq!(used[used.len() - 1]["data"]["outcome"]["reason"], reason);
}

#[test]
fn its_mix_is_of_cloud_events_and_what_is_changed_is_shown() {
    let events = events(&plan(&scenario("office.yaml"), |run| run.events_limit(2_000)).unwrap());
    let mut ids = BTreeSet::new();
    let mut levels: BTreeMap<String, Value> = BTreeMap::new();
    for event in &events {
        assert_eq!(event["specversion"], "1.0");
        for attribute in ["id", "source", "type", "subject", "time"] {
            assert!(event[attribute].as_str().is_some_and(|text| !text.is_empty()), "{attribute} of {event}");
        }
        ids.insert(event["id"].to_string());
        let outcome = &event["data"]["outcome"];
        if let Some(level) = outcome.get("level") {
            let before = levels.insert(event["subject"].to_string(), level.clone());
            // A level only changes where somebody is promoted.
            assert!(event["data"]["method"] == "PromoteBadge" || before.is_none_or(|before| before == *level));
        }
    }
    assert_eq!((ids.len(), events.len()), (2_000, 2_000));
}

/// Each method and each failure of it, in one line each.
#[test]
fn all_its_methods_and_failures_work() {
    let catalog = Catalog::load(&folder()).unwrap();
    assert!(catalog.methods.len() >= 2);
    for method in &catalog.methods {
        let outcomes = method.failures.iter().map(|failure| format!(":{}", catalog.failures[*failure].name));
        for outcome in outcomes.chain([String::new()]) {
            let needs_absence = outcome == ":revoked";
            let before = if needs_absence { "issue-badge,revoke-badge," } else { "" };
            let scenario = format!("{before}{}{outcome}", method.short);
            let made = plan(&scenario, |run| run).unwrap_or_else(|error| panic!("{scenario}: {error:?}"));
            let last = events(&made).pop().unwrap();
            let status = if outcome.is_empty() { "OK" } else { "DENIED" };
            assert_eq!(last["data"]["outcome"]["status"], status, "{scenario}: {last}");
        }
    }
}
