//! How many of each kind exist before a run: what a mix says, over what the catalog says.

use super::find::Found;
use crate::{
    catalog::Catalog,
    error::{Diagnostic, Error, did_you_mean},
    yaml::Value,
};

/// How many of each kind exist before a run, and how unevenly they are drawn.
pub(super) struct Counts {
    /// By kind.
    pub kinds: Vec<u64>,
    /// 0 is even, 1 is Zipf's law.
    pub skew: f64,
}

impl Counts {
    /// What the catalog says.
    pub fn of_catalog(catalog: &Catalog) -> Self {
        Counts { kinds: catalog.kinds.iter().map(|kind| kind.population).collect(), skew: catalog.skew }
    }
}

/// How many of each kind exist before, and how unevenly they are drawn: the mix's word over the catalog's.
pub(super) fn population(catalog: &Catalog, found: &Found) -> Result<Counts, Error> {
    let mut counts = Counts::of_catalog(catalog);
    let mut mistakes = Vec::new();
    for (field, source) in &found.population {
        let wrong = |message: String| Diagnostic::new(source, field.value.span.clone(), message);
        if field.name.value == "skew" {
            match field.value.value {
                Value::Float(skew) if (0.0..=4.0).contains(&skew) => counts.skew = skew,
                Value::Int(skew) if (0..=4).contains(&skew) => counts.skew = skew as f64,
                _ => mistakes.push(wrong("`skew` is a number from 0 (even) to 4".to_owned())),
            }
            continue;
        }
        let Some(kind) = catalog.kinds.iter().position(|kind| kind.plural.as_ref() == Some(&field.name.value)) else {
            let known = catalog.kinds.iter().filter_map(|kind| kind.plural.as_deref()).chain(["skew"]);
            let mistake =
                Diagnostic::new(source, field.name.span.clone(), format!("a population has no `{}`", field.name.value));
            mistakes.push(mistake.help(did_you_mean(&field.name.value, known)));
            continue;
        };
        match field.value.value {
            Value::Int(count) if (0..=10_000_000).contains(&count) => counts.kinds[kind] = count as u64,
            _ => mistakes.push(wrong(format!(
                "`{}` is a whole number from 0 to 10,000,000, found {}",
                field.name.value,
                field.value.describe()
            ))),
        }
    }
    for kind in 0..catalog.kinds.len() {
        let surrounds =
            catalog.kinds.iter().any(|other| other.scope.contains(&kind)) && catalog.kinds[kind].table.is_none();
        let needed = catalog.parent(kind).map_or(1, |parent| counts.kinds[parent].max(1));
        let principal = catalog.kinds[kind].principal;
        if (surrounds || principal) && counts.kinds[kind] < needed {
            let name = catalog.kinds[kind].plural.as_deref().unwrap_or(&catalog.kinds[kind].name);
            let message =
                format!("a population of {} {name} is too small: it needs at least {needed}", counts.kinds[kind]);
            match found.population.iter().find(|(field, _)| field.name.value == name) {
                Some((field, source)) => {
                    let mistake = Diagnostic::new(source, field.value.span.clone(), message);
                    mistakes.push(mistake.help(format!("write `{name}: {needed}` or more, or leave it out")));
                }
                None => return Err(Error::usage(message)),
            }
        }
    }
    if mistakes.is_empty() { Ok(counts) } else { Err(mistakes.into()) }
}
