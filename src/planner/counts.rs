//! Population sizes: the numbers in a mix override those in the catalog, and a kind grows with the rate if unique
//! clocks need it.

use crate::{
    catalog::{Catalog, KindId, MOST_MEMBERS, POPULATION_WORDS},
    error::{Diagnostic, Error, Source, did_you_mean},
    planner::habits::Habits,
    scenario::Field,
    units::{format_bytes, format_count},
    yaml::Value,
};
use std::{ops::Range, sync::Arc};

/// The number of members of each kind before a run, and how unevenly instances draw them.
#[derive(Clone)]
pub(super) struct Counts {
    /// By kind.
    pub(crate) kinds: Vec<u64>,
    /// The exponent of the Zipf distribution; 0 is uniform.
    pub(crate) skew: f64,
    /// The habits of principals.
    pub(crate) habits: Habits,
    /// By kind: the place where the mix gives an exact number. All other kinds may grow with the rate.
    exact: Vec<Option<(Range<usize>, Arc<Source>)>>,
}

/// How many members of a kind a run needs, because the name of another kind has a second in it and is unique within a
/// member.
pub(super) struct Needed {
    /// The kind within whose members the names are unique.
    pub(crate) room: KindId,
    /// The kind with the names.
    pub(crate) named: KindId,
    /// Number of members of `room`.
    pub(crate) members: u64,
}

/// The most bytes of a population that a catalog or mix asks for, which takes about two seconds to build. A population
/// that grows with the rate may take more.
const MOST_BYTES: u128 = 200_000_000;

/// Approximate bytes of a member, and of each of its fields.
const MEMBER: u128 = 48;
const FIELD: u128 = 40;

/// Reserve factor for members that assign unique clocks, because some members are busier than others.
const ROOM: u64 = 2;

impl Counts {
    /// The population of a run: the numbers in the mixes, else those in the catalog. If the mixes have mistakes, these
    /// are collected.
    ///
    /// # Errors
    ///
    /// A population that is too small for the catalog, or too large.
    pub(super) fn read(
        catalog: &Catalog,
        population: &[(Field, Arc<Source>)],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<Counts, Error> {
        let before = diagnostics.len();
        let counts = written(catalog, population, diagnostics)?;
        let counts = if diagnostics.len() == before { counts } else { Counts::from_catalog(catalog) };
        counts.check_size(catalog)?;
        Ok(counts)
    }

    /// The sizes in the catalog.
    fn from_catalog(catalog: &Catalog) -> Self {
        Counts {
            kinds: catalog.kinds.iter().map(|kind| kind.population).collect(),
            skew: catalog.skew,
            habits: Habits::default(),
            exact: vec![None; catalog.kinds.len()],
        }
    }

    /// The approximate size of the population in bytes.
    pub(super) fn bytes(&self, catalog: &Catalog) -> u128 {
        let kinds = catalog.kinds.iter().zip(&self.kinds).filter(|(kind, _)| kind.table.is_none());
        kinds.map(|(kind, count)| u128::from(*count) * (MEMBER + FIELD * kind.fields.len() as u128)).sum()
    }

    /// Rejects a population that would take too long to build.
    ///
    /// # Errors
    ///
    /// The memory needed; the diagnostic points at the largest number in the mix.
    fn check_size(&self, catalog: &Catalog) -> Result<(), Error> {
        let needed = self.bytes(catalog);
        if needed <= MOST_BYTES {
            return Ok(());
        }
        let shown = |bytes: u128| format_bytes(u64::try_from(bytes).unwrap_or(u64::MAX));
        let message =
            format!("this population needs about {}, and at most {} are allowed", shown(needed), shown(MOST_BYTES));
        let size = |kind: &KindId| u128::from(self.kinds[*kind]) * catalog.kinds[*kind].fields.len() as u128;
        let largest = (0..catalog.kinds.len()).filter(|kind| catalog.kinds[*kind].table.is_none()).max_by_key(size);
        let help = largest.map(|kind| {
            let each = MEMBER + FIELD * catalog.kinds[kind].fields.len() as u128;
            let (count, most) = (format_count(self.kinds[kind]), format_count((MOST_BYTES / each) as u64));
            format!("its {count} {} are the most of it: write fewer than {most}", plural(catalog, kind))
        });
        let help = help.unwrap_or_default();
        match largest.and_then(|kind| self.exact[kind].as_ref()) {
            Some((span, source)) => Err(Diagnostic::new(source, span.clone(), message).help(help).into()),
            None => Err(Error::usage(message).help(help)),
        }
    }

    /// The population enlarged so that it can assign all unique clocks that the run needs; `None` if it is large
    /// enough.
    ///
    /// # Errors
    ///
    /// The mix gives an exact number that is too small.
    pub(super) fn grown(&self, catalog: &Catalog, needs: &[Needed]) -> Result<Option<Counts>, Error> {
        let mut grown = self.clone();
        for Needed { room, named, members: needed } in needs {
            let (label, plural) = (&catalog.kinds[*named].label, plural(catalog, *room));
            if let Some((span, source)) = self.exact[*room].as_ref().filter(|_| self.kinds[*room] < *needed) {
                let message = format!("at this rate {needed} {plural} are needed");
                let why = format!(
                    "the name of a {label} has a second in it and is given out once: write at least {needed}, or \
                     `{}+` for as many as the rate needs",
                    self.kinds[*room]
                );
                return Err(Diagnostic::new(source, span.clone(), message).help(why).into());
            }
            let wanted = (ROOM * needed).min(MOST_MEMBERS);
            if self.exact[*room].is_none() && grown.kinds[*room] < wanted {
                grown.grow(catalog, *room, wanted);
            }
        }
        Ok((grown.kinds != self.kinds).then_some(grown))
    }

    /// Enlarges a kind, and proportionally the kinds that it contains.
    fn grow(&mut self, catalog: &Catalog, kind: KindId, wanted: u64) {
        let before = self.kinds[kind].max(1);
        self.kinds[kind] = wanted;
        for inner in 0..catalog.kinds.len() {
            if catalog.parent(inner) == Some(kind) && self.exact[inner].is_none() {
                let more = u128::from(self.kinds[inner]) * u128::from(wanted) / u128::from(before);
                self.kinds[inner] = u64::try_from(more).unwrap_or(MOST_MEMBERS).min(MOST_MEMBERS);
            }
        }
    }
}

fn plural(catalog: &Catalog, kind: KindId) -> &str {
    catalog.kinds[kind].plural.as_deref().unwrap_or(&catalog.kinds[kind].name)
}

/// Parses a number, and whether the kind may grow: `40`, or `40+`.
fn count(value: &Value) -> Option<(u64, bool)> {
    match value {
        Value::Int(count) => Some((u64::try_from(*count).ok()?, false)),
        Value::Text(text) => Some((text.strip_suffix('+')?.trim().parse().ok()?, true)),
        _ => None,
    }
}

/// The numbers in the mixes, else those in the catalog.
fn written(
    catalog: &Catalog,
    population: &[(Field, Arc<Source>)],
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Counts, Error> {
    let mut counts = Counts::from_catalog(catalog);
    for (field, source) in population {
        let wrong = |message: String| Diagnostic::new(source, field.value.span.clone(), message);
        if field.name.value == "skew" {
            match field.value.value {
                Value::Float(skew) if (0.0..=4.0).contains(&skew) => counts.skew = skew,
                Value::Int(skew) if (0..=4).contains(&skew) => counts.skew = skew as f64,
                _ => diagnostics.push(wrong("`skew` is a number from 0 (even) to 4".to_owned())),
            }
            continue;
        }
        if POPULATION_WORDS.contains(&field.name.value.as_str()) {
            continue;
        }
        let Some(kind) = catalog.kinds.iter().position(|kind| kind.plural.as_ref() == Some(&field.name.value)) else {
            let known = catalog.kinds.iter().filter_map(|kind| kind.plural.as_deref()).chain(POPULATION_WORDS);
            let diagnostic =
                Diagnostic::new(source, field.name.span.clone(), format!("a population has no `{}`", field.name.value));
            diagnostics.push(diagnostic.help(did_you_mean(&field.name.value, known)));
            continue;
        };
        match count(&field.value.value) {
            Some((count, grows)) if count <= MOST_MEMBERS => {
                counts.kinds[kind] = count;
                counts.exact[kind] = (!grows).then(|| (field.value.span.clone(), Arc::clone(source)));
            }
            _ => diagnostics.push(wrong(format!(
                "`{}` is a whole number from 0 to 10,000,000, or `40+` for as many as the rate needs, found {}",
                field.name.value,
                field.value.describe()
            ))),
        }
    }
    counts.habits = Habits::read(population, diagnostics);
    for kind in 0..catalog.kinds.len() {
        if let Some(needed) = catalog.too_few(kind, &counts.kinds) {
            let name = plural(catalog, kind);
            let message =
                format!("a population of {} {name} is too small: it needs at least {needed}", counts.kinds[kind]);
            match population.iter().find(|(field, _)| field.name.value == name) {
                Some((field, source)) => {
                    let diagnostic = Diagnostic::new(source, field.value.span.clone(), message);
                    diagnostics.push(diagnostic.help(format!("write `{name}: {needed}` or more, or leave it out")));
                }
                None => {
                    let way =
                        format!("write `{name}: {needed}` or more under `population`, in the catalog or in a mix");
                    return Err(Error::usage(message).help(way));
                }
            }
        }
    }
    Ok(counts)
}
