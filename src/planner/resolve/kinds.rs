//! Resolution of a resource's kind, whether it is given, left out or misspelt.

use crate::{
    catalog::KindId,
    error::{list_of, nearest},
    planner::resolve::Resolver,
    scenario::{self, Step},
    yaml::Spanned,
};
use std::collections::HashMap;

/// The first call on each resource, by the resource's name.
pub(super) type Uses<'s> = HashMap<&'s str, &'s scenario::Call>;

impl Resolver<'_, '_> {
    /// The given kind, else the kind of the first call on the resource, else the kind that its name suggests.
    pub(super) fn kind_of(&mut self, written: &scenario::Resource, first: &Uses) -> Option<KindId> {
        let Some(name) = &written.kind else { return self.kind_by_use(&written.name, first) };
        self.kind(name).or_else(|| {
            // Use the kind that was probably meant, so that steps and fields of the resource are not reported as well.
            match (self.meant(&name.value, |_| true), self.used_as(&written.name, first)) {
                (Some(near), Some(used)) if near != used => None,
                (near, used) => near.or(used),
            }
        })
    }

    /// The kind of the first call on a resource; a misspelt method counts as the one that was probably meant.
    pub(super) fn used_as(&self, name: &Spanned<String>, first: &Uses) -> Option<KindId> {
        let call = first.get(name.value.as_str())?;
        let known = || self.catalog.method_names();
        let method = self.catalog.method(&call.call.value);
        let method = method.or_else(|| nearest(&call.call.value, known()).and_then(|near| self.catalog.method(near)));
        method.map(|method| self.catalog.methods[method].kind)
    }

    /// The kind of a resource for which none is given: that of the first call on it, else the one that its name
    /// suggests.
    fn kind_by_use(&mut self, name: &Spanned<String>, first: &Uses) -> Option<KindId> {
        let used = self.used_as(name, first);
        let found = used.or_else(|| self.catalog.variable(&name.value)).or_else(|| self.catalog.kind(&name.value));
        // Calls that cannot be read, or of an unknown method, might have determined the kind.
        let unsaid = self.written.whole && !first.contains_key(name.value.as_str());
        if found.is_none() && unsaid {
            let kinds = list_of(self.catalog.kinds.iter().map(|kind| kind.name.as_str()));
            let message = format!("nothing says of what kind `{}` is", name.value);
            self.wrong(&name.span, message, format!("give it a `kind`, one of {kinds}"));
        }
        found
    }
}

/// The first call on each resource, in file order.
pub(super) fn first_uses(steps: &[Step]) -> Uses<'_> {
    let mut calls = Vec::new();
    collect(steps, &mut calls);
    let mut uses = HashMap::new();
    for call in calls {
        let each = call.each.as_ref().map(|each| &each.resources.value);
        if let Some(name) = call.target.as_ref().map(|target| &target.value).or(each) {
            uses.entry(name.as_str()).or_insert(call);
        }
    }
    uses
}

/// Appends all calls of the steps, in file order.
pub(super) fn collect<'s>(steps: &'s [Step], calls: &mut Vec<&'s scenario::Call>) {
    for step in steps {
        match step {
            Step::Call(call) => calls.push(call),
            Step::Choose(choose) => choose.branches.iter().for_each(|branch| collect(&branch.steps, calls)),
        }
    }
}
