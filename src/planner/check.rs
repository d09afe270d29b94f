//! Fifth step of planning: checks what can be wrong with a run as a whole. The steps of each scenario are checked when
//! they are resolved (`planner/settle.rs`).

mod ends;
mod fixed_ids;

use crate::{
    catalog::Catalog,
    error::Error,
    planner::{resolved_run::ResolvedRun, timing::Timed},
};

/// Checks a run as a whole.
///
/// # Errors
///
/// Injected scenarios that do not lie within the run, and fixed ids that stand for two.
pub(super) fn run(catalog: &Catalog, resolved: &ResolvedRun, timed: &Timed) -> Result<(), Error> {
    ends::check_injected(resolved.workload(), timed)?;
    fixed_ids::check(catalog, &resolved.scenarios, &timed.timing)
}
