//! Check that a run without a rate can be simulated: that it ends, and that its instances in progress fit into memory.

use crate::{
    catalog::Catalog,
    error::Error,
    plan::{Starts, Workload},
    planner::{
        memory::{MOST_MEMORY, instance_bytes, too_much},
        timing::Asked,
    },
    simulation::Outlook,
};

/// Rejects a run that would exhaust memory or hardly advance.
pub(super) fn check(catalog: &Catalog, workload: Workload<'_>, asked: &Asked) -> Result<(), Error> {
    check_events(workload, asked)?;
    check_state(catalog, workload, asked)
}

/// Rejects a run with very many instances of which none has an event: it may never end.
fn check_events(workload: Workload<'_>, asked: &Asked) -> Result<(), Error> {
    const MOST: u128 = 10_000_000;
    let starts = match (asked.starts, asked.span()) {
        (Starts::Once, _) => 0,
        (Starts::Instances(instances), _) => instances.into(),
        (Starts::Unbounded, Some(span)) => u128::from(span / asked.every.max(1)),
        (Starts::Unbounded, None) => u128::MAX,
    };
    if starts <= MOST || Outlook::has_events(workload) {
        return Ok(());
    }
    let error = Error::usage("of a million instances of this run none has an event");
    Err(error.help("raise the `chance` of their steps, or add steps that always happen"))
}

/// Rejects a run that has more instances in progress than memory allows.
fn check_state(catalog: &Catalog, workload: Workload<'_>, asked: &Asked) -> Result<(), Error> {
    let largest = workload.scenarios.iter().map(|scenario| scenario.state_slots as u128).max().unwrap_or(0);
    let until = asked.span().map(|span| u128::from(span / asked.every.max(1)) + 1);
    let begun = match asked.starts {
        Starts::Once => workload.background as u128,
        Starts::Instances(instances) => instances.into(),
        // Each instance that starts has an event, or ends at once.
        Starts::Unbounded => [asked.events.map(u128::from), until].into_iter().flatten().min().unwrap_or(u128::MAX),
    };
    if begun.saturating_mul(instance_bytes(largest)) <= MOST_MEMORY {
        return Ok(());
    }
    let outlook = Outlook::new(catalog, workload);
    let sample = u128::from(outlook.instances);
    let steady = match asked.every {
        0 => u128::MAX,
        every => outlook.durations / (sample * u128::from(every)) + 1,
    };
    let active = steady.min(begun);
    let needed = active.saturating_mul(instance_bytes(u128::from(outlook.slots) / sample));
    if needed <= MOST_MEMORY {
        return Ok(());
    }
    Err(too_much("", active, needed)
        .help("let instances start less often, with a longer `--every`, ask for fewer, or shorten their delays"))
}
