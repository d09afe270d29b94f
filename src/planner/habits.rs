//! Habits of principals, as the population of a mix says them.

use crate::{
    catalog::Catalog,
    error::{Diagnostic, Error, Source},
    plan::{Timing, resolved::ResolvedScenario},
    population::{Bursts, Hours, Roaming},
    scenario::Field,
    schedule::Schedule,
    units::Zone,
    value::Key,
    yaml::Value,
};
use std::{ops::Range, sync::Arc};

/// The habits that the mixes ask for.
#[derive(Clone, Default)]
pub(super) struct Habits {
    /// Whether principals act from several addresses.
    pub(crate) roaming: Option<Roaming>,
    /// Whether instances come in bursts.
    pub(crate) bursts: Option<Bursts>,
    odd_hours: Option<OddHours>,
}

/// Principals have usual hours.
#[derive(Clone)]
struct OddHours {
    /// The share of instances outside them, times 2⁶⁴.
    share: u64,
    /// The place in the mix.
    span: Range<usize>,
    source: Arc<Source>,
}

/// Client addresses of a principal at most.
const MOST_ADDRESSES: i128 = 1_000;

/// How often principals with several addresses are away from the usual one, unless `roaming` says it: 20 %.
const USUAL_SHARE: u64 = u64::MAX / 5;

impl Habits {
    /// Reads the habits of a population; collects the mistakes.
    pub(super) fn read(population: &[(Field, Arc<Source>)], diagnostics: &mut Vec<Diagnostic>) -> Habits {
        let mut habits = Habits { roaming: roaming(population, diagnostics), ..Habits::default() };
        for (field, source) in population {
            match field.name.value.as_str() {
                "odd_hours" => {
                    let odd_hours = |share| OddHours { share, span: field.name.span.clone(), source: source.clone() };
                    habits.odd_hours = share_of(field, source, diagnostics).map(odd_hours);
                }
                "bursts" => {
                    let share = share_of(field, source, diagnostics).filter(|share| *share > 0);
                    habits.bursts = share.map(|share| Bursts { share });
                }
                _ => {}
            }
        }
        habits
    }

    /// The usual hours of principals, in a run with these times. With a daily curve as many principals are at work as
    /// the curve asks for.
    pub(super) fn hours(&self, timing: &Timing, values: Key) -> Option<Hours> {
        let OddHours { share, .. } = self.odd_hours.as_ref()?;
        let (weights, zone) = timing.schedule.as_ref().and_then(Schedule::workday).unwrap_or((&[], Zone::UTC));
        Some(Hours::new(*share, weights, zone, values.name("usual hours")))
    }

    /// Rejects a population with usual hours of which at times nobody would be at work, or everybody.
    ///
    /// # Errors
    ///
    /// The kind of principals, and how many of them are needed.
    pub(super) fn check_hours(
        &self,
        catalog: &Catalog,
        (kinds, timing): (&[u64], &Timing),
        scenarios: &[ResolvedScenario],
    ) -> Result<(), Error> {
        let (Some(hours), Some(asked)) = (self.hours(timing, Key::root(0)), &self.odd_hours) else { return Ok(()) };
        let fewest = hours.fewest_members();
        let acting = scenarios.iter().filter(|scenario| scenario.injection.is_none()).flat_map(|of| &of.actors);
        for actor in acting.filter(|actor| actor.external.is_none() && kinds[actor.kind] > 0) {
            let parents = catalog.parent(actor.kind).map_or(1, |parent| kinds[parent].max(1));
            let needed = fewest.saturating_mul(actor.other as u64 + 1).saturating_mul(parents);
            if kinds[actor.kind] < needed {
                let kind = &catalog.kinds[actor.kind];
                let plural = kind.plural.as_ref().unwrap_or(&kind.name);
                let message = format!(
                    "`odd_hours` needs at least {needed} {plural}, so that somebody is at work at any time: there are {}",
                    kinds[actor.kind]
                );
                let diagnostic = Diagnostic::new(&asked.source, asked.span.clone(), message);
                return Err(diagnostic.help(format!("write `{plural}: {needed}` or more under `population`")).into());
            }
        }
        Ok(())
    }
}

/// A share of 1 or a percentage, times 2⁶⁴.
fn share(value: &Value) -> Option<u64> {
    let share = match value {
        Value::Int(share) => *share as f64,
        Value::Float(share) => *share,
        Value::Text(text) => text.strip_suffix('%')?.trim().parse::<f64>().ok()? / 100.0,
        _ => return None,
    };
    // The largest is always: a cast saturates.
    (0.0..=1.0).contains(&share).then_some((share * 2_f64.powi(64)) as u64)
}

/// The share that a field of the population gives; a wrong one is reported.
fn share_of(field: &Field, source: &Arc<Source>, diagnostics: &mut Vec<Diagnostic>) -> Option<u64> {
    let share = share(&field.value.value);
    if share.is_none() {
        let example = if field.name.value == "roaming" { "20%" } else { "5%" };
        let message = format!("`{}` is a number from 0 to 1, or a percentage such as `{example}`", field.name.value);
        diagnostics.push(Diagnostic::new(source, field.value.span.clone(), message));
    }
    share
}

/// Whether principals act from several addresses: `addresses` says how many, and `roaming` how often they are away.
fn roaming(population: &[(Field, Arc<Source>)], diagnostics: &mut Vec<Diagnostic>) -> Option<Roaming> {
    let (mut addresses, mut away) = (None, None);
    for (field, source) in population {
        let wrong = |message: &str| Diagnostic::new(source, field.value.span.clone(), message);
        match (field.name.value.as_str(), &field.value.value) {
            ("addresses", Value::Int(count)) if (1..=MOST_ADDRESSES).contains(count) => addresses = Some(*count as u32),
            ("addresses", _) => diagnostics.push(wrong("`addresses` is a whole number from 1 to 1,000")),
            ("roaming", _) => {
                away = share_of(field, source, diagnostics).map(|share| (share, field, source)).or(away);
            }
            _ => {}
        }
    }
    match (addresses, away) {
        (Some(addresses), away) if addresses > 1 => {
            let share = away.map_or(USUAL_SHARE, |(share, ..)| share);
            (share > 0).then_some(Roaming { addresses, share })
        }
        (None, Some((_, field, source))) => {
            let diagnostic = Diagnostic::new(source, field.name.span.clone(), "`roaming` needs `addresses`");
            diagnostics.push(diagnostic.help("write how many addresses each principal has, such as `addresses: 3`"));
            None
        }
        _ => None,
    }
}
