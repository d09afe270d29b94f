//! Draws a scenario as a Mermaid sequence diagram, which wikis and code forges render.

use super::{
    outline::{self, CallOutline, Item, Outline},
    timeline::often,
};
use crate::{
    plan::{Plan, resolved::ResolvedScenario},
    scenario::Scenario,
};
use std::{collections::BTreeSet, fmt::Write as _};

/// The diagram, with a final line feed.
pub(super) fn diagram(plan: &Plan, written: &Scenario, scenario: &ResolvedScenario) -> String {
    let mut lines = Lines { text: "sequenceDiagram\n".to_owned(), plan, scenario };
    if let Some(description) = &written.description {
        // A title is one line.
        let title = description.split_whitespace().collect::<Vec<_>>().join(" ");
        lines.add(1, &format!("accDescr: {}", plain(&title)));
    }
    for (index, actor) in scenario.actors.iter().enumerate() {
        let label = &plan.catalog.kinds[actor.kind].label;
        lines.add(1, &format!("actor A{index} as {} ({})", plain(&actor.name), plain(label)));
    }
    for (index, resource) in scenario.resources.iter().enumerate() {
        let label = &plan.catalog.kinds[resource.kind].label;
        let label = if resource.count == 1 { label.clone() } else { format!("{} × {label}", resource.count) };
        lines.add(1, &format!("participant R{index} as {} ({})", plain(&resource.name), plain(&label)));
    }
    let outline = Outline::new(scenario);
    let mut lists = BTreeSet::new();
    calls(&outline.items, &mut |call| {
        if call.call.target.is_none() {
            lists.insert(plan.catalog.methods[call.call.method].kind);
        }
    });
    for kind in lists {
        let kind_of = &plan.catalog.kinds[kind];
        let several =
            kind_of.plural.as_ref().map_or_else(|| format!("{}s", kind_of.label), |name| name.replace('_', " "));
        lines.add(1, &format!("participant K{kind} as all {}", plain(&several)));
    }
    lines.items(1, &outline.items);
    lines.text
}

fn calls(items: &[Item], each: &mut impl FnMut(&CallOutline)) {
    for item in items {
        match item {
            Item::Call(call) => each(call),
            Item::Choose(ways) => ways.iter().for_each(|(_, items)| calls(items, each)),
        }
    }
}

struct Lines<'p> {
    text: String,
    plan: &'p Plan,
    scenario: &'p ResolvedScenario,
}

impl Lines<'_> {
    fn add(&mut self, depth: usize, line: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{:indent$}{line}", "", indent = depth * 4);
    }

    fn items(&mut self, depth: usize, items: &[Item]) {
        for item in items {
            match item {
                Item::Call(call) => self.call(depth, call),
                Item::Choose(ways) => {
                    for (number, (share, items)) in ways.iter().enumerate() {
                        let word = if number == 0 { "alt" } else { "else" };
                        self.add(depth, &format!("{word} {}", outline::percent(*share)));
                        self.items(depth + 1, items);
                    }
                    self.add(depth, "end");
                }
            }
        }
    }

    /// A call, inside blocks for its chance and its repetition.
    fn call(&mut self, depth: usize, outline: &CallOutline) {
        let call = outline.call;
        let chance = outline::chance(call);
        let often = often(outline);
        let mut inner = depth;
        if let Some(chance) = &chance {
            self.add(inner, &format!("opt {chance}"));
            inner += 1;
        }
        if let Some(often) = &often {
            self.add(inner, &format!("loop {}", plain(often)));
            inner += 1;
        }
        let catalog = &self.plan.catalog;
        let asks = outline::asks(self.plan, self.scenario, call);
        let asks = if asks.is_empty() { String::new() } else { format!(" with {}", asks.join(", ")) };
        let outcome = outline::outcome(catalog, call);
        let (arrow, ends) = match outcome.as_str() {
            "success" => ("->>", String::new()),
            _ => ("-x", format!(": {outcome}")),
        };
        let to = call
            .target
            .map_or_else(|| format!("K{}", catalog.methods[call.method].kind), |target| format!("R{target}"));
        let method = &catalog.methods[call.method].short;
        let words = plain(&format!("{method}{asks}{ends}, at {}", outline.when));
        self.add(inner, &format!("A{}{arrow}{to}: {words}", call.actor));
        for depth in (depth..inner).rev() {
            self.add(depth, "end");
        }
    }
}

/// A text without characters that have a meaning in Mermaid.
fn plain(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            ';' => "#59;".to_owned(),
            '#' => "#35;".to_owned(),
            '\n' | '\r' => " ".to_owned(),
            other => other.to_string(),
        })
        .collect()
}
