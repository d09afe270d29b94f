//! Whether a catalog is complete: each method has its template, and a run finds somebody who acts, somewhere.
//!
//! A catalog that is still being written can be run as far as it goes, so these are no mistakes for a run of other
//! methods, or of a workload with a population of its own; `falsetrail validate` reports them.

use super::{Catalog, KindId};
use crate::error::{Diagnostic, list_of};

impl Catalog {
    /// How many of a kind have to exist before a run, if those in `counts` are too few: one at least of each kind that
    /// acts or that others lie in, and one for each of what they lie in themselves.
    pub fn too_few(&self, kind: KindId, counts: &[u64]) -> Option<u64> {
        let of = &self.kinds[kind];
        let surrounds = of.table.is_none() && self.kinds.iter().any(|other| other.scope.contains(&kind));
        let needed = self.parent(kind).map_or(1, |parent| counts[parent].max(1));
        ((surrounds || of.principal) && counts[kind] < needed).then_some(needed)
    }

    /// What is missing for each method to be called by its name alone, with its place in the `catalog.yaml`.
    pub fn gaps(&self) -> Vec<Diagnostic> {
        let mut gaps = self.unpopulated();
        for ((method, template), file) in self.methods.iter().zip(&self.templates).zip(&self.template_names) {
            if template.is_none() {
                let message = format!("`{}` has no template", method.name);
                let found = Diagnostic::new(&self.source, method.name_at.clone(), message);
                gaps.push(found.help(format!("write the event's body into `{file}`")));
            }
        }
        gaps
    }

    fn unpopulated(&self) -> Vec<Diagnostic> {
        let counts: Vec<u64> = self.kinds.iter().map(|kind| kind.population).collect();
        let short: Vec<(KindId, u64)> =
            (0..self.kinds.len()).filter_map(|kind| Some((kind, self.too_few(kind, &counts)?))).collect();
        let mut gaps = Vec::new();
        for (kind, needed) in short.iter().filter(|(kind, _)| self.kinds[*kind].populated) {
            let (of, plural) = (&self.kinds[*kind], self.plural(*kind));
            let message =
                format!("a population of {} {plural} is too small: it needs at least {needed}", of.population);
            let found = Diagnostic::new(&self.source, of.population_at.clone(), message);
            gaps.push(found.help(format!("write `{plural}: {needed}` or more")));
        }
        // All that were left out are one gap, which is closed at one place.
        let left_out: Vec<&(KindId, u64)> = short.iter().filter(|(kind, _)| !self.kinds[*kind].populated).collect();
        let Some((first, _)) = left_out.first() else { return gaps };
        let names = list_of(left_out.iter().map(|(kind, _)| self.kinds[*kind].name.as_str()));
        let span = self.population_at.clone().unwrap_or_else(|| self.kinds[*first].population_at.clone());
        let message = format!("the catalog does not say how many of {names} exist before a run");
        let mut found = Diagnostic::new(&self.source, span, message);
        let nameless = left_out.iter().filter(|(kind, _)| self.kinds[*kind].plural.is_none());
        for kind in nameless.map(|(kind, _)| &self.kinds[*kind]) {
            found =
                found.help(format!("give the kind `{}` a `plural`, such as `{}`", kind.name, plural_of(&kind.name)));
        }
        let counts = left_out.iter().map(|(kind, needed)| format!("{}: {needed}", self.plural(*kind)));
        let counts = counts.collect::<Vec<_>>().join(", ");
        gaps.push(found.help(format!("write `population: {{ {counts} }}` at the top of the catalog")));
        gaps
    }

    /// A kind's name in a population, or the one that it might have.
    fn plural(&self, kind: KindId) -> String {
        let of = &self.kinds[kind];
        of.plural.clone().unwrap_or_else(|| plural_of(&of.name))
    }
}

fn plural_of(name: &str) -> String {
    format!("{}s", name.replace('-', "_"))
}
