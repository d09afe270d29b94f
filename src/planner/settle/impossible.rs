//! Diagnostics for steps that are impossible.

use crate::{
    catalog::{FailureId, Precondition},
    error::Diagnostic,
    plan::resolved::{Asked, Call},
    planner::settle::{
        Constraint, Pass,
        facts::{ABSENT, Choices, Facts, GONE, LIVE},
    },
    scenario,
};
use std::ops::Range;

impl Pass<'_> {
    pub(super) fn impossible(
        &self,
        call: &Call,
        step: &scenario::Call,
        target: usize,
        facts: &Facts,
        wanted: u8,
    ) -> Diagnostic {
        let method = &self.catalog.methods[call.method];
        let resource = &self.resolved.scenario.resources[target];
        let source = &self.resolved.source;
        // A scenario in one line has only one line number, which would not help.
        let (here, _) = source.position(step.call.span.start);
        let line = facts.since.as_ref().map(|span| match source.position(span.start) {
            (line, column) if line == here => format!("at column {column}"),
            (line, _) => format!("on line {line}"),
        });
        if wanted == ABSENT && facts.exists & GONE != 0 {
            return self.made_twice(call, step, target);
        }
        let certain = facts.exists.is_power_of_two() || facts.exists & LIVE == 0;
        let may = if certain { "does" } else { "may" };
        // A repeated step can make itself impossible.
        let again = facts.since.as_ref() == Some(&step.call.span);
        let what = match (wanted, &line, may) {
            (LIVE, Some(_), "does") if again => format!("`{}` is gone after the first time", resource.name),
            (ABSENT, Some(_), "does") if again => format!("`{}` exists after the first time", resource.name),
            (LIVE, Some(line), "does") => format!("`{}` was deleted {line}", resource.name),
            (LIVE, Some(line), _) => {
                format!("`{}` may be gone, see {}", resource.name, line.replace("on ", "").replace("at ", ""))
            }
            (LIVE, None, "does") => format!("`{}` does not exist yet", resource.name),
            (LIVE, None, _) => format!("`{}` may not exist here", resource.name),
            (_, Some(line), "does") => format!("`{}` was created {line}", resource.name),
            (_, _, "does") => format!("`{}` exists already", resource.name),
            (_, _, _) => format!("`{}` may exist already", resource.name),
        };
        let fails = method.failures.iter().find(|failure| {
            let precondition = self.catalog.failures[**failure].precondition;
            if wanted == LIVE { precondition == Precondition::Absent } else { precondition == Precondition::Live }
        });
        let mut diagnostic =
            Diagnostic::new(source, step.call.span.clone(), format!("`{}` cannot succeed here: {what}", method.short));
        if let Some(failure) = fails {
            let name = &self.catalog.failures[*failure].name;
            diagnostic = diagnostic.help(format!(
                "write `outcome: {name}` if it is meant to fail, or `outcome: auto` for whatever happens"
            ));
        }
        if wanted == LIVE && line.is_none() && facts.exists == ABSENT {
            diagnostic = diagnostic
                .help(format!("create `{}` before, or say `existing: true` where it is declared", resource.name));
        }
        if wanted == ABSENT && line.is_none() && facts.exists == LIVE {
            diagnostic = diagnostic.help(format!(
                "`{}` existed before the instance, because it says `existing: true` or an earlier step uses it",
                resource.name
            ));
        }
        diagnostic
    }

    /// The diagnostic for creating a resource again after its deletion: ids are never reused.
    pub(super) fn made_twice(&self, call: &Call, step: &scenario::Call, target: usize) -> Diagnostic {
        let (method, name) = (&self.catalog.methods[call.method], &self.resolved.scenario.resources[target].name);
        let message = format!("`{}` cannot make `{name}` again: it may have been deleted before", method.short);
        let diagnostic = Diagnostic::new(&self.resolved.source, step.call.span.clone(), message);
        diagnostic.help("what is made later is another resource: declare a second one under `resources` and target it")
    }

    pub(super) fn failing(&mut self, call: &Call, step: &scenario::Call, failure: FailureId, target: usize) {
        let facts = &self.facts[target];
        let resource = &self.resolved.scenario.resources[target];
        let of = &self.catalog.failures[failure];
        let fits = match of.precondition {
            Precondition::Any => true,
            Precondition::Absent => facts.exists & LIVE == 0,
            Precondition::Live => facts.exists == LIVE,
        };
        let span = step.outcome.as_ref().map_or(step.call.span.clone(), |outcome| outcome.span.clone());
        if !fits {
            let (state, way) = if of.precondition == Precondition::Absent {
                ("exists", "delete it before")
            } else {
                ("does not exist", "create it before")
            };
            let may = if facts.exists & LIVE != 0 && facts.exists != LIVE { "may " } else { "" };
            let state = if may.is_empty() {
                state
            } else if of.precondition == Precondition::Absent {
                "exist"
            } else {
                "not exist"
            };
            let message = format!("`{}` cannot happen here: `{}` {may}{state}", of.name, resource.name);
            let diagnostic = Diagnostic::new(&self.resolved.source, span, message);
            self.report(diagnostic.help(format!("{way}, or take another outcome")));
            return;
        }
        if let (Some(_), Some((lowering, ask))) = (&of.when, call.lowers)
            && lowering == failure
        {
            self.lowering(call, target, ask, &span, &of.name);
        }
    }

    /// Checks that a failure caused by lowering a field is possible: the field must have a choice above the requested
    /// one.
    pub(super) fn lowering(&mut self, call: &Call, target: usize, ask: usize, span: &Range<usize>, failure: &str) {
        let slot = call.asks[ask].slot;
        let Choices { lowest, highest, is_initial } = self.facts[target].choices[slot];
        let above = match call.asks[ask].value {
            Asked::Code(code) => code + 1,
            _ => 1,
        };
        if lowest >= above {
            return;
        }
        if is_initial && highest >= above {
            self.constraints.push(Constraint { resource: target, slot, low: above, high: u64::MAX });
            return;
        }
        let resource = &self.resolved.scenario.resources[target];
        let field = &self.catalog.kinds[resource.kind].fields[self.catalog.kinds[resource.kind].changing[slot]].name;
        let message = format!("`{failure}` cannot happen here: `{field}` of `{}` is not lowered", resource.name);
        let diagnostic = Diagnostic::new(&self.resolved.source, span.clone(), message);
        self.report(
            diagnostic.help(format!("ask for a lower `{field}` by `with`, or give `{}` a higher one", resource.name)),
        );
    }
}
