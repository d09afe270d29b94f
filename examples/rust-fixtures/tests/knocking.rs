//! A detection, tested with generated events: the principals that it has to find, and those that it must not.

use falsetrail::Run;
use rust_fixtures::knocking;
use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The events of a run, parsed. The same seed and start give the same events on any machine.
fn events(run: Run) -> Result<Vec<Value>> {
    let plan = run.seed(7).from("2026-01-05T08:00:00Z").plan()?;
    Ok(plan.events().map(|event| serde_json::from_slice(&event.body)).collect::<serde_json::Result<_>>()?)
}

#[test]
fn a_principal_with_many_refusals_is_found() -> Result<()> {
    // A shipped scenario, with a parameter of it set: 12 deletions, all of them refused.
    let events = events(Run::new("mass-deletion-forbidden").set("deletes=12"))?;
    let found = knocking(&events, 10);
    assert_eq!(found.len(), 1);
    assert!(found.iter().all(|who| who.starts_with("u-")), "{found:?}");
    Ok(())
}

#[test]
fn a_few_refusals_are_not_reported() -> Result<()> {
    assert!(knocking(&events(Run::new("mass-deletion-forbidden").set("deletes=9"))?, 10).is_empty());
    // Deletions that succeed do not count, however many there are.
    assert!(knocking(&events(Run::new("mass-deletion").set("deletes=40"))?, 10).is_empty());
    Ok(())
}

#[test]
fn a_scenario_in_one_line_is_enough() -> Result<()> {
    let scenario = "get-pool:forbidden,update-statement:forbidden,delete-workspace:forbidden";
    assert_eq!(knocking(&events(Run::new(scenario))?, 3).len(), 1);
    Ok(())
}

#[test]
fn a_day_of_work_is_quiet() -> Result<()> {
    let events = events(Run::new("busy-day").events_limit(5_000))?;
    assert_eq!(events.len(), 5_000);
    assert!(knocking(&events, 50).is_empty());
    Ok(())
}

/// Code that hands events on is asked what became of them: here it forgets those of one method.
#[test]
fn what_is_handed_on_is_all_there() -> Result<()> {
    use falsetrail::verify::{Options, Verifier};
    let plan = Run::new("busy-day").events_limit(500).seed(7).from("2026-01-05T08:00:00Z").plan()?;
    let mut verifier = Verifier::new(&plan, Options::default())?;
    plan.events().filter(|event| event.method != "GetWorkspace").for_each(|event| verifier.record(&event.body));
    let verdict = verifier.finish()?;
    assert!(!verdict.is_complete() && verdict.missing > 0, "{verdict:?}");
    assert_eq!(verdict.causes[0].description, "every event with method `GetWorkspace`, and no other");
    Ok(())
}
