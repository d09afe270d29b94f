//! Fifth step of planning: checks what can be wrong with a run as a whole. The steps of each scenario are checked when
//! they are resolved (`planner/settle.rs`).

mod ends;
mod fixed_ids;

use crate::{
    catalog::Catalog,
    error::Error,
    planner::{size::SizedRun, timing::Timed},
};

/// Checks a run as a whole.
///
/// # Errors
///
/// Injected scenarios that do not lie within the run, fixed ids that stand for two, and too few principals for their
/// usual hours.
pub(super) fn run(catalog: &Catalog, sized: &SizedRun, timed: &Timed) -> Result<(), Error> {
    let SizedRun { resolved, counts } = sized;
    counts.habits.check_hours(catalog, (&counts.kinds, &timed.timing), &resolved.scenarios)?;
    ends::check_injected(resolved.workload(), timed)?;
    fixed_ids::check(catalog, &resolved.scenarios, &timed.timing)
}
