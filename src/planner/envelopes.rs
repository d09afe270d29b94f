//! Check that all events of a run are valid `CloudEvents`. It runs before the first event, because receivers reject
//! invalid ones, and treat a record without a value as a deletion.

use super::compile::constants;
use crate::{
    catalog::Catalog,
    error::{Diagnostic, Error},
    plan::{Plan, resolved::Operation},
    template::Constant,
};
use std::collections::BTreeSet;

impl Plan {
    /// Rejects a run with an event that is not a valid `CloudEvent`.
    ///
    /// # Errors
    ///
    /// Mistakes in the templates of the run's events.
    pub(crate) fn check_cloud_events(&self) -> Result<(), Error> {
        let mut seen = BTreeSet::new();
        let mut diagnostics: Vec<Diagnostic> = Vec::new();
        for event_kind in &self.event_kinds {
            let scenario = &self.scenarios[usize::from(event_kind.scenario)];
            let Operation::Call(call) = &scenario.operations[event_kind.operation] else { continue };
            let (success, principal) = (event_kind.failure.is_none(), scenario.actors[call.actor].kind);
            if !seen.insert((event_kind.method, success, principal)) {
                continue;
            }
            let constants = constants(&self.catalog, self.as_documented, success, principal);
            for found in faults(&self.catalog, event_kind.method, &constants)? {
                let same = |other: &Diagnostic| {
                    other.source.name == found.source.name && other.span == found.span && other.message == found.message
                };
                if !diagnostics.iter().any(same) {
                    diagnostics.push(found);
                }
            }
        }
        let Some(last) = diagnostics.pop() else { return Ok(()) };
        diagnostics.push(last.help("`--mode bare` sends any JSON, as records without the headers of a CloudEvent"));
        Err(diagnostics.into())
    }
}

impl Catalog {
    /// Warnings for templates with events that are not valid `CloudEvents`.
    pub(crate) fn not_cloud_events(&self) -> Vec<Diagnostic> {
        let known = [("as_documented", Constant::Boolean(false))];
        let all = (0..self.methods.len()).flat_map(|method| faults(self, method, &known).unwrap_or_default());
        let help = "`--mode structured` and `--mode binary` refuse such events; files and `--mode bare` take any JSON";
        all.map(|fault| fault.into_warning().help(help)).collect()
    }
}

fn faults(
    catalog: &Catalog,
    method: usize,
    constants: &[(&str, Constant)],
) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let Some(template) = &catalog.templates[method] else { return Ok(Vec::new()) };
    template.envelope(&catalog.shape(&catalog.methods[method]), constants)
}
