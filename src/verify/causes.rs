//! Why events are missing: the attribute that tells them from those that arrived.
//!
//! An attribute is named only where chance is ruled out: at least 95 % of the missing events have it, and as many of
//! them would have it by chance less than once in a thousand tries, counted over all attributes that were looked at.

mod chance;
mod stretch;

use super::{
    arrivals::Arrivals,
    expectation::Expectation,
    walk::{self, Walk},
};
use crate::{
    plan::{Plan, event_kind::Role, resolved::Operation, roles::Roles},
    simulation::Record,
    units::format_count,
};
use chance::ln_tail;
pub use chance::percent;
use std::{collections::BTreeMap, num::NonZero};
use stretch::Missing;

/// An attribute that events which are missing, or were cut, have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// `missing`, or `cut` for events of which the beginning arrived.
    pub fault: &'static str,
    /// `size`, `time`, `key`, `partition`, `method`, `outcome`, `principal`, or `evenly`.
    pub attribute: &'static str,
    /// A sentence about it.
    pub description: String,
    /// Events with the fault that have it.
    pub missing: u64,
    /// Expected events that have it, those with another fault left out.
    pub expected: u64,
    /// Whether all events with the fault have it, and no event that arrived.
    pub is_exact: bool,
}

/// The least share of the missing events, in percent, that must have an attribute.
const MOST: u64 = 95;

/// How likely chance may be, as a natural logarithm: 0.001.
const CHANCE: f64 = -6.907_755;

/// Values of attributes that are counted; in a run with more of them, as with a key for each event, those seen first.
const MOST_VALUES: usize = 1 << 18;

/// Values of an attribute that are named together.
const TOGETHER: usize = 5;

/// Missing and expected events with a value.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    missing: u64,
    expected: u64,
}

/// Attributes of all expected events, counted for one fault.
#[derive(Default)]
struct Events {
    all: Count,
    sizes: BTreeMap<u32, Count>,
    /// By attribute and value.
    values: BTreeMap<(&'static str, String), Count>,
    missing: Missing,
}

/// An event's attributes.
struct Attributes {
    position: u64,
    time: i64,
    size: u32,
    /// Its fault; `None` if it arrived.
    fault: Option<&'static str>,
    values: Vec<(&'static str, String)>,
}

/// The faults of events that did not arrive.
const FAULTS: [&str; 2] = ["cut", "missing"];

/// The causes, the one first that tells missing events from the others without exception. `cut_at` is the only length
/// of records that were cut, and `counts` says how many events have each of [`FAULTS`].
pub(super) fn find(
    expectation: &Expectation<'_>,
    arrivals: &Arrivals,
    (partitions, cut_at): (Option<u32>, Option<u64>),
    counts: [u64; FAULTS.len()],
    threads: NonZero<usize>,
) -> Vec<Cause> {
    let is_any = |(_, count): &(&'static str, u64)| *count > 0;
    let mut faults: Vec<(&str, Events)> = FAULTS
        .into_iter()
        .zip(counts)
        .filter(is_any)
        .map(|(fault, _)| (fault, Events::new(expectation.count)))
        .collect();
    let plan = expectation.plan;
    walk::render(
        (&mut Walk::new(plan, &expectation.scope), u64::MAX),
        threads,
        |_| true,
        |rendered| {
            let mut roles = Roles::new(&plan.catalog);
            let of = |event: walk::RenderedEvent<'_>| {
                let walk::RenderedEvent { position, record, body, key } = event;
                let index = expectation.index_of(record)?;
                let is_expected = !expectation.optional.contains(&index);
                is_expected.then(|| Attributes {
                    position,
                    time: record.time,
                    size: body.len() as u32,
                    fault: match () {
                        () if arrivals.has(index) => None,
                        () if arrivals.is_cut(index) => Some(FAULTS[0]),
                        () => Some(FAULTS[1]),
                    },
                    values: values(plan, record, (key, partitions), &mut roles),
                })
            };
            rendered.events().filter_map(of).collect::<Vec<_>>()
        },
        |attributes| {
            for attributes in attributes {
                for (fault, events) in &mut faults {
                    events.add(&attributes, fault);
                }
            }
        },
    );
    faults.iter_mut().flat_map(|(fault, events)| events.causes(fault, cut_at)).collect()
}

fn values(
    plan: &Plan,
    record: &Record,
    (key, partitions): (&[u8], Option<u32>),
    roles: &mut Roles,
) -> Vec<(&'static str, String)> {
    let event_kind = &plan.event_kinds[record.event_kind as usize];
    let outcome = event_kind.failure.map_or("success", |failure| &plan.catalog.failures[failure].name);
    let mut values =
        vec![("method", plan.catalog.methods[event_kind.method].name.clone()), ("outcome", outcome.to_owned())];
    if !key.is_empty() {
        values.push(("key", String::from_utf8_lossy(key).into_owned()));
        values.extend(partitions.map(|of| ("partition", (crc32fast::hash(key) % of).to_string())));
    }
    values.extend(principal(plan, record, roles).map(|principal| ("principal", principal)));
    values
}

/// Who acts: the first field that identifies such a principal.
fn principal(plan: &Plan, record: &Record, roles: &mut Roles) -> Option<String> {
    let event_kind = &plan.event_kinds[record.event_kind as usize];
    let scenario = &plan.scenarios[usize::from(event_kind.scenario)];
    let Operation::Call(call) = &scenario.operations[event_kind.operation] else { return None };
    let actor = scenario.actors.get(call.actor)?;
    if let Some(bytes) = actor.pins.iter().find_map(|(_, bytes)| bytes.as_deref()) {
        return Some(String::from_utf8_lossy(bytes).into_owned());
    }
    if actor.external.is_some() {
        return None;
    }
    roles.draw(&plan.catalog, &plan.population, scenario, record.start());
    let member = roles.in_role(Role::Principal(call.actor));
    let fields = 0..plan.catalog.kinds[actor.kind].fields.len();
    let mut values = fields.filter_map(|field| plan.population.value(actor.kind, member, field));
    values.next().map(|value| String::from_utf8_lossy(value.bytes()).into_owned())
}

impl Count {
    /// Whether chance is ruled out as the reason that the missing events have what `with` counts, in that many tries.
    fn is_no_chance(self, with: Count, tries: f64) -> bool {
        with.missing * 100 >= self.missing * MOST && ln_tail(self, with) + tries.ln() < CHANCE
    }

    /// Whether all missing events have what `with` counts, and no other.
    fn is_exact(self, with: Count) -> bool {
        with.missing == self.missing && with.expected == with.missing
    }
}

impl Events {
    /// Counts nothing yet; the run has `total` events.
    fn new(total: u64) -> Self {
        Events { missing: Missing::new(total), ..Events::default() }
    }

    fn add(&mut self, event: &Attributes, fault: &str) {
        let is_missing = event.fault == Some(fault);
        if event.fault.is_some() && !is_missing {
            self.missing.add_other(event.position);
            return;
        }
        let count = |to: &mut Count| {
            to.expected += 1;
            to.missing += u64::from(is_missing);
        };
        count(&mut self.all);
        count(self.sizes.entry(event.size).or_default());
        for value in &event.values {
            if let Some(known) = self.values.get_mut(value) {
                count(known);
            } else if self.values.len() < MOST_VALUES {
                count(self.values.entry(value.clone()).or_default());
            }
        }
        if is_missing {
            self.missing.add(event.position, event.time);
        }
    }

    fn causes(&mut self, fault: &'static str, cut_at: Option<u64>) -> Vec<Cause> {
        if self.all.missing == 0 || self.all.missing == self.all.expected {
            return Vec::new();
        }
        let time = self.missing.stretch(self.all);
        let mut causes: Vec<Cause> = self.size(cut_at).into_iter().chain(time).collect();
        for attribute in ["method", "outcome", "key", "partition", "principal"] {
            causes.extend(self.value(attribute));
        }
        // The fewer events have it, the more it says.
        causes.sort_by_key(|cause| (!cause.is_exact, cause.expected));
        if causes.is_empty() {
            causes.extend(self.missing.evenly(self.all));
        }
        for cause in &mut causes {
            cause.fault = fault;
        }
        causes
    }

    fn is_no_chance(&self, with: Count, tries: f64) -> bool {
        self.all.is_no_chance(with, tries)
    }

    fn is_exact(&self, with: Count) -> bool {
        self.all.is_exact(with)
    }

    /// The size from which on events are missing.
    fn size(&self, cut_at: Option<u64>) -> Option<Cause> {
        let mut above = Count::default();
        let mut best: Option<(u32, Count)> = None;
        for (size, count) in self.sizes.iter().rev() {
            above.missing += count.missing;
            above.expected += count.expected;
            if above.missing * 100 >= self.all.missing * MOST {
                best = Some((*size, above));
                // Further down only exceptions could follow.
                if above.missing == self.all.missing || above.expected > above.missing {
                    break;
                }
            }
        }
        let (least, with) = best?;
        if !self.is_no_chance(with, self.sizes.len() as f64) {
            return None;
        }
        let largest_below = self.sizes.range(..least).next_back().map_or(0, |(size, _)| u64::from(*size));
        let limit = cut_at.filter(|cut| (largest_below..u64::from(least)).contains(cut)).unwrap_or(largest_below);
        let is_exact = self.is_exact(with);
        let limit = format_count(limit);
        let description = if is_exact {
            format!("every event larger than {limit} bytes, and no other")
        } else {
            let of = share(with, self.all);
            format!("{of} larger than {limit} bytes; {} such events arrived", arrived(with))
        };
        Some(Cause {
            fault: "",
            attribute: "size",
            description,
            missing: with.missing,
            expected: with.expected,
            is_exact,
        })
    }

    /// The values of an attribute that the missing events have.
    fn value(&self, attribute: &'static str) -> Option<Cause> {
        let of =
            || self.values.iter().filter(|((of, _), _)| *of == attribute).map(|((_, value), count)| (value, *count));
        let different = of().count() as f64;
        if different < 2.0 {
            return None;
        }
        let lost: Vec<(&String, Count)> = of().filter(|(_, count)| count.missing == count.expected).collect();
        let together = lost.iter().fold(Count::default(), |sum, (_, count)| Count {
            missing: sum.missing + count.missing,
            expected: sum.expected + count.expected,
        });
        let named = |values: &[&String]| {
            let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
            format!("{attribute} {}", values.join(", "))
        };
        if !lost.is_empty() && lost.len() <= TOGETHER && self.is_no_chance(together, different.powi(lost.len() as i32))
        {
            let values: Vec<&String> = lost.iter().map(|(value, _)| *value).collect();
            let is_exact = self.is_exact(together);
            let others = if is_exact { ", and no other" } else { "" };
            let description = format!("every event with {}{others}", named(&values));
            return Some(Cause {
                fault: "",
                attribute,
                description,
                missing: together.missing,
                expected: together.expected,
                is_exact,
            });
        }
        let (value, with) = of().max_by_key(|(_, count)| count.missing)?;
        if !self.is_no_chance(with, different) {
            return None;
        }
        let description =
            format!("{} with {}; {} such events arrived", share(with, self.all), named(&[value]), arrived(with));
        Some(Cause {
            fault: "",
            attribute,
            description,
            missing: with.missing,
            expected: with.expected,
            is_exact: false,
        })
    }
}

fn arrived(with: Count) -> String {
    format_count(with.expected - with.missing)
}

/// `all 12 are`, or `98 % of them are`.
fn share(with: Count, all: Count) -> String {
    if with.missing == all.missing {
        return match all.missing {
            1 => "it is".to_owned(),
            missing => format!("all {} are", format_count(missing)),
        };
    }
    format!("{} of them are", percent(with.missing, all.missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thousand events, every tenth of which is large, those of `missing` missing.
    fn causes(missing: impl Fn(u64) -> bool) -> Vec<Cause> {
        let mut events = Events::new(1000);
        for position in 0..1000_u64 {
            let attributes = Attributes {
                position,
                time: position as i64 * 1_000_000_000,
                size: if position % 10 == 3 { 9_000 } else { 1_000 + position as u32 % 7 },
                fault: missing(position).then_some("missing"),
                values: vec![
                    ("method", if position % 10 == 3 { "List" } else { "Get" }.to_owned()),
                    ("key", (position % 5).to_string()),
                ],
            };
            events.add(&attributes, "missing");
        }
        events.causes("missing", None)
    }

    #[test]
    fn what_separates_without_exception_is_first_and_chance_is_not_named() {
        let first = |causes: &[Cause]| causes.first().map(|cause| (cause.attribute, cause.is_exact));
        assert_eq!(first(&causes(|n| n % 10 == 3)), Some(("size", true)));
        assert_eq!(causes(|n| n % 10 == 3)[0].description, "every event larger than 1,006 bytes, and no other");
        assert_eq!(first(&causes(|n| (200..240).contains(&n))), Some(("time", true)));
        assert!(causes(|n| n >= 950)[0].description.ends_with("to the end of the run, and no other"));
        assert_eq!(first(&causes(|n| n % 5 == 2)), Some(("key", true)));
        assert_eq!(first(&causes(|n| n % 20 == 3)), Some(("size", false)));
        // One or two events say nothing.
        assert_eq!(causes(|n| n == 13), []);
        assert_eq!(causes(|n| n == 13 || n == 523), []);
        assert_eq!(first(&causes(|n| n * 7_919 % 1_000 < 60)), Some(("evenly", false)));
    }
}
