//! Check that a run can call each method of a catalog by its name alone, as `generate METHOD` would.

use crate::{
    catalog::Catalog,
    error::Error,
    plan::{Options, Plan},
};
use std::sync::Arc;

/// Methods planned in one run, because a run has a limit of scenarios, and of resources of a kind.
const TOGETHER: usize = 100;

/// Plans a call of each method that succeeds.
///
/// # Errors
///
/// As [`Plan::new`], for the first group with a method that cannot be called.
pub fn check_methods(catalog: &Arc<Catalog>) -> Result<(), Error> {
    let calls: Vec<String> = catalog.methods.iter().map(|method| method.name.clone()).collect();
    for scenarios in calls.chunks(TOGETHER) {
        let options = Options {
            scenarios: scenarios.to_vec(),
            seed: Some(0),
            from: Some("2026-01-01".to_owned()),
            endless: true,
            ..Options::default()
        };
        Plan::with_catalog(catalog, &options)?;
    }
    Ok(())
}
