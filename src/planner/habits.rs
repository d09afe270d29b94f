//! Habits of principals, as the population of a mix says them.

use crate::{
    error::{Diagnostic, Source},
    population::Roaming,
    scenario::Field,
    yaml::Value,
};
use std::sync::Arc;

/// Client addresses of a principal at most.
const MOST_ADDRESSES: i128 = 1_000;

/// How often principals with several addresses are away from the usual one, unless `roaming` says it: 20 %.
const USUAL_SHARE: u64 = u64::MAX / 5;

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

/// Whether principals act from several addresses: `addresses` says how many, and `roaming` how often they are away.
pub(super) fn roaming(
    population: &[(Field, Arc<Source>)],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Roaming> {
    let (mut addresses, mut away) = (None, None);
    for (field, source) in population {
        let wrong = |message: &str| Diagnostic::new(source, field.value.span.clone(), message);
        match (field.name.value.as_str(), &field.value.value) {
            ("addresses", Value::Int(count)) if (1..=MOST_ADDRESSES).contains(count) => addresses = Some(*count as u32),
            ("addresses", _) => diagnostics.push(wrong("`addresses` is a whole number from 1 to 1,000")),
            ("roaming", value) => match share(value) {
                Some(share) => away = Some((share, field, source)),
                None => diagnostics.push(wrong("`roaming` is a number from 0 to 1, or a percentage such as `20%`")),
            },
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
