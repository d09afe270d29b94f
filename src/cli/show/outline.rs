//! Outline of a scenario: its calls with the times at which they can happen, and branches with their probabilities.
//!
//! It is derived from the plan, in which all defaults are expanded.

use crate::{
    catalog::{Catalog, Effect, Generator, InputValue, Scalar},
    plan::{
        Plan,
        resolved::{Asked, Call, Operation, Outcome, Reference, ResolvedScenario, TurnCount},
    },
    units::{CountRange, DurationRange},
};

/// The outline of a scenario.
pub(super) struct Outline<'p> {
    /// Calls and branches in order.
    pub(crate) items: Vec<Item<'p>>,
    /// How long an instance takes, in nanoseconds.
    pub(crate) lasts: DurationRange,
    /// How many events an instance has.
    pub(crate) events: CountRange,
}

/// An element of the outline.
pub(super) enum Item<'p> {
    /// A call.
    Call(CallOutline<'p>),
    /// A branch: the probability and the content of each alternative.
    Choose(Vec<(f64, Vec<Item<'p>>)>),
}

/// A call with its possible times.
pub(super) struct CallOutline<'p> {
    /// The call itself.
    pub(crate) call: &'p Call,
    /// When its first event can happen, in nanoseconds after the start of the instance.
    pub(crate) when: DurationRange,
    /// How many events it has if it happens.
    pub(crate) times: CountRange,
}

/// Walks through the compiled steps of a scenario.
struct Reader<'p> {
    scenario: &'p ResolvedScenario,
    at: usize,
    /// The possible time at this point, since the start of the instance.
    now: DurationRange,
    events: CountRange,
}

impl<'p> Outline<'p> {
    /// Derives the outline of a scenario.
    pub(super) fn new(scenario: &'p ResolvedScenario) -> Self {
        let nothing = CountRange { low: 0, high: 0 };
        let mut reader = Reader { scenario, at: 0, now: DurationRange { low: 0, high: 0 }, events: nothing };
        let items = reader.items();
        Outline { items, lasts: reader.now, events: reader.events }
    }
}

impl<'p> Reader<'p> {
    /// Reads up to the end of the scenario or of a branch, where the current step is the jump to the end of all
    /// branches.
    fn items(&mut self) -> Vec<Item<'p>> {
        let mut items = Vec::new();
        let scenario = self.scenario;
        while let Some(operation) = scenario.operations.get(self.at) {
            match operation {
                Operation::Jump(_) => break,
                Operation::Call(call) => {
                    items.push(Item::Call(self.call(call)));
                    self.at += 1;
                }
                Operation::Choose { weights, targets, .. } => items.push(self.choose(weights, targets)),
            }
        }
        items
    }

    fn choose(&mut self, weights: &crate::value::WeightedIndex, targets: &[usize]) -> Item<'p> {
        let (now, events) = (self.now, self.events);
        let mut ways = Vec::new();
        let mut ends: Option<(DurationRange, CountRange)> = None;
        let mut next = self.at + 1;
        for (rank, target) in targets.iter().enumerate() {
            (self.at, self.now, self.events) = (*target, now, events);
            ways.push((weights.chance(rank), self.items()));
            if let Some(Operation::Jump(to)) = self.scenario.operations.get(self.at) {
                next = *to;
            }
            ends = Some(match ends {
                None => (self.now, self.events),
                Some((time, count)) => (
                    DurationRange { low: time.low.min(self.now.low), high: time.high.max(self.now.high) },
                    CountRange { low: count.low.min(self.events.low), high: count.high.max(self.events.high) },
                ),
            });
        }
        (self.now, self.events) = ends.unwrap_or((now, events));
        self.at = next;
        Item::Choose(ways)
    }

    fn call(&mut self, call: &'p Call) -> CallOutline<'p> {
        let times = match call.turns {
            TurnCount::Repeat(times) => times,
            TurnCount::Each => {
                let count = call.target.map_or(0, |target| u64::from(self.scenario.resources[target].count));
                CountRange { low: count, high: count }
            }
        };
        let when = DurationRange {
            low: self.now.low.saturating_add(call.after.low),
            high: self.now.high.saturating_add(call.after.high),
        };
        let gaps = |count: u64, gap: u64| gap.saturating_mul(count.saturating_sub(1));
        let skipped = call.chance.is_some() || times.low == 0;
        // A call that does not happen takes no time, and neither does its delay.
        let low = if skipped { self.now.low } else { when.low.saturating_add(gaps(times.low, call.every.low)) };
        self.now = DurationRange { low, high: when.high.saturating_add(gaps(times.high, call.every.high)) };
        self.events.low += if skipped { 0 } else { times.low };
        self.events.high += times.high;
        CallOutline { call, when, times }
    }
}

/// The values that a call requests, such as `max_cfu 5`, in the order of the method's inputs.
pub(super) fn asks(plan: &Plan, scenario: &ResolvedScenario, call: &Call) -> Vec<String> {
    let method = &plan.catalog.methods[call.method];
    let changes = method.input.iter().filter_map(|input| match input.value {
        InputValue::Changes { field, .. } => Some((input.name.as_str(), field)),
        InputValue::Always(_) => None,
    });
    let kind = &plan.catalog.kinds[method.kind];
    let asked = changes.zip(&call.asks).filter_map(|((name, field), ask)| match ask.value {
        Asked::Nothing => None,
        Asked::Clear => Some(format!("no {name}")),
        Asked::Next { .. } => Some(format!("the next {name}")),
        Asked::Previous => Some(format!("the {name} before")),
        Asked::Reference(reference) => Some(format!("{name} {}", referred(&plan.catalog, scenario, reference))),
        Asked::Code(code) => {
            let value = match &kind.fields[field].generator {
                Generator::Choose { choices, .. } => choices.get(code as usize).map(text).unwrap_or_default(),
                _ => literal(plan, code),
            };
            Some(format!("{name} {value}"))
        }
    });
    asked.collect()
}

fn referred(catalog: &Catalog, scenario: &ResolvedScenario, reference: Reference) -> String {
    match reference {
        Reference::Null => "null".to_owned(),
        Reference::Resource(index) => scenario.resources[index].name.clone(),
        Reference::Actor(index) => scenario.actors[index].name.clone(),
        Reference::Population(kind) => format!("any {}", catalog.kinds[kind].label),
    }
}

fn text(scalar: &Scalar) -> String {
    scalar.to_string()
}

/// The text that the scenario gives for a code; 0 stands for none.
fn literal(plan: &Plan, code: u64) -> String {
    let at = (code as usize).checked_sub(1);
    at.and_then(|at| plan.literals.get(at))
        .map(|text| String::from_utf8_lossy(text.bytes()).into_owned())
        .unwrap_or_default()
}

/// The target of a call: its resource, or all of a kind if it lists them.
pub(super) fn on(catalog: &Catalog, scenario: &ResolvedScenario, call: &Call) -> String {
    if let Some(target) = call.target {
        return scenario.resources[target].name.clone();
    }
    let kind = &catalog.kinds[catalog.methods[call.method].kind];
    let several = kind.plural.as_ref().map_or_else(|| format!("{}s", kind.label), |plural| plural.replace('_', " "));
    if call.does == Effect::List { format!("all {several}") } else { String::new() }
}

/// The outcome of a call.
pub(super) fn outcome(catalog: &Catalog, call: &Call) -> String {
    let failure = |id: usize| format!("{} ({})", catalog.failures[id].name, catalog.failures[id].status);
    match call.outcome {
        Outcome::Auto => "whatever the state dictates".to_owned(),
        Outcome::Failure(id) => failure(id),
        Outcome::Success { .. } => match by_itself(call) {
            Some(id) => format!("{} where that is less than there is, else success", failure(id)),
            None => "success".to_owned(),
        },
    }
}

/// The automatic failure of a call that requests less than there is.
pub(super) fn by_itself(call: &Call) -> Option<usize> {
    match (call.lowers, call.outcome) {
        (Some((failure, _)), Outcome::Success { insists: false }) => {
            call.asks.iter().any(|ask| matches!(ask.value, Asked::Code(_))).then_some(failure)
        }
        _ => None,
    }
}

/// Formats a probability or a share in percent.
pub(super) fn percent(share: f64) -> String {
    let rounded = (share * 1_000.0).round() / 10.0;
    if rounded == 0.0 && share > 0.0 { "less than 0.1 %".to_owned() } else { format!("{rounded} %") }
}

/// The probability that a call happens at all, if it is below 1.
pub(super) fn chance(call: &Call) -> Option<String> {
    const ALL: f64 = 18_446_744_073_709_551_616.0;
    call.chance.map(|chance| percent(chance as f64 / ALL))
}
