//! Completeness check of a catalog: each method has a template, and a run has principals and every enclosing resource.
//!
//! An incomplete catalog can already be used for runs that do not need the missing parts, or whose workload gives a
//! population. So gaps do not fail a run; `falsetrail validate` reports them.

use super::{Catalog, KindId};
use crate::error::{Diagnostic, list_of};

impl Catalog {
    /// The number of members of a kind that a run needs, if `counts` has fewer: at least one for each kind that acts or
    /// encloses others, and at least one for each member of the kind's parent.
    pub(crate) fn too_few(&self, kind: KindId, counts: &[u64]) -> Option<u64> {
        let of = &self.kinds[kind];
        let surrounds = of.table.is_none() && self.kinds.iter().any(|other| other.scope.contains(&kind));
        let needed = self.parent(kind).map_or(1, |parent| counts[parent].max(1));
        ((surrounds || of.principal) && counts[kind] < needed).then_some(needed)
    }

    /// All gaps that keep a method from being called by its name alone, with spans in `catalog.yaml`.
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
        // Kinds without a number in `population` are one gap, because one edit closes it.
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

    /// The kind's name in a population: its plural, or a suggestion for one.
    fn plural(&self, kind: KindId) -> String {
        let of = &self.kinds[kind];
        of.plural.clone().unwrap_or_else(|| plural_of(&of.name))
    }
}

fn plural_of(name: &str) -> String {
    format!("{}s", name.replace('-', "_"))
}
