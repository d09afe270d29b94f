//! From a scenario as written to a story: every name becomes a number, and everything wrong is reported at once.

mod actors;
mod fields;
mod kinds;
mod resources;
mod shared;
mod steps;

use crate::planner::overrides::Overrides;
use crate::{
    bytes::Padded,
    catalog::{Catalog, KindId},
    error::{Diagnostic, Source, did_you_mean, nearest},
    identity::{FamilyId, TAGS, Tags},
    plan::resolved::{ResolvedScenario, Row},
    scenario::{self, Body, Scenario, Step},
    units::format_count,
    value::Key,
    yaml::{self, Node, Spanned},
};
use std::{collections::HashMap, ops::Range, sync::Arc};

/// What stories of one run share while they are resolved.
pub struct ResolveContext<'a> {
    /// The audited system.
    pub catalog: &'a Catalog,
    /// How many of each kind existed before.
    pub population: &'a [u64],
    /// Lanes and tags that are taken.
    pub tags: &'a mut Tags,
    /// Texts that scenarios give, as events show them.
    pub literals: &'a mut Vec<Padded>,
    /// What the command line sets.
    pub settings: &'a mut Overrides,
    /// What all values of the run grow from.
    pub values: Key,
}

/// A story, and where each of its operations is written.
pub struct Resolved {
    /// The story.
    pub scenario: ResolvedScenario,
    /// For each operation that is a call, the step.
    pub steps: Vec<Option<scenario::Call>>,
    /// Its text.
    pub source: Arc<Source>,
    /// Everything that is wrong with it, except sequences that cannot happen: see [`super::check`].
    pub mistakes: Vec<Diagnostic>,
    /// Whether some step could not be understood, so that nobody knows what exists after it.
    pub blind: bool,
}

/// Resolves one scenario that has steps, under a name that no other story of the run has, as far as it can be.
///
/// # Errors
///
/// A scenario that has no steps.
pub fn resolve(scenario: &Scenario, name: &str, around: &mut ResolveContext) -> Result<Resolved, Vec<Diagnostic>> {
    let Body::Steps(steps) = &scenario.body else {
        let mistake = Diagnostic::new(
            &scenario.source,
            0..0,
            format!("`{}` is a mix, and a mix holds stories only", scenario.name),
        );
        return Err(vec![mistake.help("list its scenarios in this mix")]);
    };
    check_length(scenario, steps)?;
    let mut resolver = Resolver::new(scenario, name, around);
    resolver.actors();
    resolver.resources(steps);
    resolver.steps(steps, true);
    resolver.fields();
    resolver.owners();
    resolver.share();
    Ok(resolver.finish())
}

/// Refuses more steps than there are numbers for in event ids, before anything is done with them.
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
    let mistake = Diagnostic::new(&scenario.source, first.call.span.clone(), message);
    Err(vec![mistake.help("use `repeat` or `each`, or divide it into several scenarios")])
}

struct Resolver<'a, 'b> {
    written: &'a Scenario,
    around: &'a mut ResolveContext<'b>,
    catalog: &'b Catalog,
    resolved: ResolvedScenario,
    steps: Vec<Option<scenario::Call>>,
    drafts: Vec<Draft>,
    last_actor: Option<usize>,
    /// The numbers of its steps in event ids.
    steps_family: FamilyId,
    calls: u16,
    mistakes: Vec<Diagnostic>,
    blind: bool,
    /// Where the first resource and the first actor of a name stand.
    resource_names: HashMap<String, usize>,
    actor_names: HashMap<String, usize>,
    /// How many calls without an `id` there are of each method, by its short name; and where each `id` stands first.
    unnamed: HashMap<String, usize>,
    ids: HashMap<String, Range<usize>>,
    choices: u64,
    /// Whether there are more names than numbers, which is reported once.
    is_too_many: bool,
    /// Actors and resources whose kind is unknown: nothing else is wrong for lack of them.
    unread: Vec<String>,
    /// What is declared under `resources` and surrounds the scenario instead of being acted on.
    surrounding: Vec<(String, KindId)>,
    /// Tables whose row the command line gives for the whole story: it wins over what the file says of a resource.
    forced: Vec<KindId>,
}

/// What is known of a resource besides what the story keeps.
#[derive(Default)]
struct Draft {
    fields: Vec<(Spanned<String>, Node, Arc<Source>)>,
    existing: Option<Spanned<bool>>,
    span: Range<usize>,
    /// Whether it must be the story's own: a call changes it, or a field is fixed.
    changed: bool,
    /// Whether it exists at first, by the first call on it that needs one or the other.
    live: Option<bool>,
    /// Whether some call on it fails in a way that is usual for what does not exist.
    seems_absent: bool,
    creator: Option<usize>,
}

/// Mistakes of a scenario for which the nearest names are looked up.
const MOST_SUGGESTIONS: usize = 500;

/// Something is wrong, and it was reported.
struct Reported;

impl Draft {
    /// Whether the resource exists when the story begins: as the scenario says, else as its first call needs it.
    fn exists_at_first(&self) -> bool {
        let said = self.existing.as_ref().map(|existing| existing.value);
        said.or(self.live).unwrap_or(self.creator.is_none() && !self.seems_absent)
    }
}

impl<'a, 'b> Resolver<'a, 'b> {
    fn new(scenario: &'a Scenario, name: &str, around: &'a mut ResolveContext<'b>) -> Self {
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
            state_words: 0,
            in_one_place: false,
            injection: None,
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
            mistakes: Vec::new(),
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
        self.mistakes.push(Diagnostic::new(&self.written.source, span.clone(), message).help(help));
    }

    /// As [`did_you_mean`]. Of very many mistakes only the first ones are shown, and looking through all names for each
    /// would take the product of both.
    fn suggestion<'n>(&self, wanted: &str, names: impl IntoIterator<Item = &'n str> + Clone) -> String {
        if self.suggests() { did_you_mean(wanted, names) } else { String::new() }
    }

    /// Whether there are so few mistakes that it may be looked up what was meant.
    fn suggests(&self) -> bool {
        self.mistakes.len() < MOST_SUGGESTIONS
    }

    fn kind(&mut self, name: &Spanned<String>) -> Option<KindId> {
        let found = self.catalog.kind(&name.value);
        if found.is_none() {
            let help = self.suggestion(&name.value, self.catalog.kinds.iter().map(|kind| kind.name.as_str()));
            self.wrong(&name.span, format!("no kind is called `{}`", name.value), help);
        }
        found
    }

    /// The kind that a misspelt one was probably meant to be, among some.
    fn meant(&self, name: &str, among: impl Fn(KindId) -> bool) -> Option<KindId> {
        let kinds = self.catalog.kinds.iter().enumerate().filter(|(kind, _)| among(*kind));
        nearest(name, kinds.map(|(_, kind)| kind.name.as_str())).and_then(|near| self.catalog.kind(near))
    }

    /// Whether something of that name is declared and was reported as wrong.
    fn is_unread(&self, name: &str) -> bool {
        self.written.unread.may_be(name) || self.unread.iter().any(|unread| unread == name)
    }

    fn finish(self) -> Resolved {
        Resolved {
            scenario: self.resolved,
            steps: self.steps,
            source: Arc::clone(&self.written.source),
            mistakes: self.mistakes,
            blind: self.blind,
        }
    }
}
