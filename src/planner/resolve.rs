//! Resolver: turns a scenario as written into a resolved one, with indices in place of names, and reports all mistakes
//! at once.

mod actors;
mod fields;
mod kinds;
mod resources;
mod shared;
mod steps;

use crate::{
    bytes::Padded,
    catalog::{Catalog, KindId},
    error::{Diagnostic, Source, did_you_mean, nearest},
    identity::{FamilyId, TAGS, Tags},
    plan::resolved::{Injection, ResolvedScenario, Row},
    planner::overrides::Overrides,
    scenario::{self, Body, Override, Scenario, Step},
    units::format_count,
    value::Key,
    yaml::{self, Spanned},
};
use std::{collections::HashMap, ops::Range, sync::Arc};

/// State shared by the scenarios of a run while they are resolved.
pub(super) struct ResolveContext<'a> {
    /// The audited system.
    pub(crate) catalog: &'a Catalog,
    /// The population's number of members by kind.
    pub(crate) population: &'a [u64],
    /// Event-id numbers assigned so far.
    pub(crate) tags: &'a mut Tags,
    /// Texts given in scenarios, encoded for events.
    pub(crate) literals: &'a mut Vec<Padded>,
    /// Overrides from the command line.
    pub(crate) settings: &'a mut Overrides,
    /// The key from which all values of the run are derived.
    pub(crate) values: Key,
}

/// A resolved scenario, and the step of each of its operations.
pub(super) struct Resolved {
    /// The resolved scenario.
    pub(crate) scenario: ResolvedScenario,
    /// For each operation that is a call, the step as written.
    pub(crate) steps: Vec<Option<scenario::Call>>,
    /// The text of the scenario.
    pub(crate) source: Arc<Source>,
    /// All mistakes except impossible steps, which [`settle`](super::settle::settle) finds.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Whether some step could not be resolved, so that the state of resources after it is not known.
    pub(crate) blind: bool,
}

/// Resolves one scenario with steps as far as possible, under a name that is unique in the run. `injection` is its time
/// if it is injected.
///
/// # Errors
///
/// A scenario without steps.
pub(super) fn resolve(
    scenario: &Scenario,
    name: &str,
    injection: Option<Injection>,
    around: &mut ResolveContext,
) -> Result<Resolved, Vec<Diagnostic>> {
    let Body::Steps(steps) = &scenario.body else {
        let diagnostic = Diagnostic::new(
            &scenario.source,
            0..0,
            format!("`{}` is a mix, and a mix holds scenarios with steps only", scenario.name),
        );
        return Err(vec![diagnostic.help("list its scenarios in this mix")]);
    };
    check_length(scenario, steps)?;
    let mut resolver = Resolver::new(scenario, name, injection, around);
    resolver.actors();
    resolver.resources(steps);
    resolver.steps(steps, true);
    resolver.fields();
    resolver.owners();
    resolver.share();
    Ok(resolver.finish())
}

/// Rejects a scenario with more steps than event ids have numbers for, before any work is done for them.
fn check_length(scenario: &Scenario, steps: &[Step]) -> Result<(), Vec<Diagnostic>> {
    let most = usize::from(TAGS - 1);
    let mut calls = Vec::new();
    kinds::collect(steps, &mut calls);
    let Some(first) = calls.get(most) else { return Ok(()) };
    let message = format!(
        "a scenario has at most {} steps, and this one has {}",
        format_count(most as u64),
        format_count(calls.len() as u64)
    );
    let diagnostic = Diagnostic::new(&scenario.source, first.call.span.clone(), message);
    Err(vec![diagnostic.help("use `repeat` or `each`, or divide it into several scenarios")])
}

struct Resolver<'a, 'b> {
    written: &'a Scenario,
    around: &'a mut ResolveContext<'b>,
    catalog: &'b Catalog,
    resolved: ResolvedScenario,
    steps: Vec<Option<scenario::Call>>,
    drafts: Vec<Draft>,
    last_actor: Option<usize>,
    /// The family of its steps' numbers in event ids.
    steps_family: FamilyId,
    calls: u16,
    diagnostics: Vec<Diagnostic>,
    blind: bool,
    /// Index of the first resource and the first actor of each name.
    resource_names: HashMap<String, usize>,
    actor_names: HashMap<String, usize>,
    /// Number of calls without an `id` by short name of the method, and the place of each `id`.
    unnamed: HashMap<String, usize>,
    ids: HashMap<String, Range<usize>>,
    choices: u64,
    /// Whether there are more names than numbers; reported once.
    is_too_many: bool,
    /// Actors and resources of unknown kind: references to them are not reported as well.
    unread: Vec<String>,
    /// Entries of `resources` that are no target of a call but define the surrounding scope.
    surrounding: Vec<(String, KindId)>,
    /// Tables whose row the command line sets for the whole scenario; it overrides the rows of resources.
    forced: Vec<KindId>,
}

/// Properties of a resource that are needed only while resolving.
#[derive(Default)]
struct Draft {
    fields: Vec<Override>,
    existing: Option<Spanned<bool>>,
    span: Range<usize>,
    /// Whether the resource must belong to the instance, because a call changes it or a field is pinned.
    changed: bool,
    /// Whether it exists initially, according to the first call whose precondition decides it.
    live: Option<bool>,
    /// Whether some call on it has a failure that is typical of absent resources.
    seems_absent: bool,
    creator: Option<usize>,
}

/// The most mistakes of a scenario for which similar names are suggested.
const MOST_SUGGESTIONS: usize = 500;

/// A mistake that has already been reported.
struct Reported;

impl Draft {
    /// Whether the resource exists at the start of an instance: as written, else as its first call requires.
    fn exists_at_first(&self) -> bool {
        let said = self.existing.as_ref().map(|existing| existing.value);
        said.or(self.live).unwrap_or(self.creator.is_none() && !self.seems_absent)
    }
}

impl<'a, 'b> Resolver<'a, 'b> {
    fn new(
        scenario: &'a Scenario,
        name: &str,
        injection: Option<Injection>,
        around: &'a mut ResolveContext<'b>,
    ) -> Self {
        let catalog = around.catalog;
        let rows = catalog
            .kinds
            .iter()
            .enumerate()
            .filter(|(_, kind)| kind.table.is_some())
            .map(|(kind, _)| (kind, Row::Drawn));
        let resolved = ResolvedScenario {
            name: name.to_owned(),
            scenario_name: scenario.name.clone(),
            params: scenario.params.iter().map(|param| (param.name.value.clone(), yaml::json(&param.value))).collect(),
            key: around.values.name("story").name(name),
            tag: {
                let scenarios = around.tags.family("story");
                around.tags.assign(scenarios, name, TAGS).unwrap_or_default()
            },
            actors: Vec::new(),
            resources: Vec::new(),
            scope_pins: Vec::new(),
            rows: rows.collect(),
            operations: Vec::new(),
            state_slots: 0,
            in_one_place: false,
            injection,
        };
        let steps_family = around.tags.family(&format!("step of {name}"));
        Resolver {
            written: scenario,
            steps_family,
            around,
            catalog,
            resolved,
            steps: Vec::new(),
            drafts: Vec::new(),
            last_actor: None,
            calls: 0,
            diagnostics: Vec::new(),
            blind: !scenario.whole,
            resource_names: HashMap::new(),
            actor_names: HashMap::new(),
            unnamed: HashMap::new(),
            ids: HashMap::new(),
            choices: 0,
            is_too_many: false,
            unread: Vec::new(),
            surrounding: Vec::new(),
            forced: Vec::new(),
        }
    }

    fn wrong(&mut self, span: &Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.diagnostics.push(Diagnostic::new(&self.written.source, span.clone(), message).help(help));
    }

    /// As [`did_you_mean`], but only for the first mistakes: the search takes time proportional to mistakes times
    /// names, and only the first mistakes are shown.
    fn suggestion<'n>(&self, wanted: &str, names: impl IntoIterator<Item = &'n str> + Clone) -> String {
        if self.suggests() { did_you_mean(wanted, names) } else { String::new() }
    }

    /// Whether there are few enough mistakes for suggestions.
    fn suggests(&self) -> bool {
        self.diagnostics.len() < MOST_SUGGESTIONS
    }

    fn kind(&mut self, name: &Spanned<String>) -> Option<KindId> {
        let found = self.catalog.kind(&name.value);
        if found.is_none() {
            let help = self.suggestion(&name.value, self.catalog.kinds.iter().map(|kind| kind.name.as_str()));
            self.wrong(&name.span, format!("no kind is called `{}`", name.value), help);
        }
        found
    }

    /// The kind that a misspelt name probably means, among those that satisfy `among`.
    fn meant(&self, name: &str, among: impl Fn(KindId) -> bool) -> Option<KindId> {
        let kinds = self.catalog.kinds.iter().enumerate().filter(|(kind, _)| among(*kind));
        nearest(name, kinds.map(|(_, kind)| kind.name.as_str())).and_then(|near| self.catalog.kind(near))
    }

    /// Whether this name is declared but could not be read, which was reported already.
    fn is_unread(&self, name: &str) -> bool {
        self.written.unread.may_be(name) || self.unread.iter().any(|unread| unread == name)
    }

    fn finish(self) -> Resolved {
        Resolved {
            scenario: self.resolved,
            steps: self.steps,
            source: Arc::clone(&self.written.source),
            diagnostics: self.diagnostics,
            blind: self.blind,
        }
    }
}
